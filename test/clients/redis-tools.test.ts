// redis-cli and redis-benchmark, as Debian ships them, against our server.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { encodeCommand } from "../support/resp.ts";
import {
  endWithUs,
  programOrSkip,
  RUNTIMES,
  type Server,
  startOurServer,
} from "../support/servers.ts";

interface Finished {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a program, feeds it what `feed` writes, and gives all that it printed. */
function run(
  program: string,
  args: readonly string[],
  feed: (write: (text: string | Buffer) => void) => void | Promise<void> = () => {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...process.env, TERM: "dumb" } });
    endWithUs(child);
    const output: Buffer[] = [];
    child.stdout.on("data", (bytes: Buffer) => output.push(bytes));
    child.stderr.on("data", (bytes: Buffer) => output.push(bytes));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output: Buffer.concat(output).toString() }));
    child.stdin.on("error", () => {});
    Promise.resolve(feed((text) => child.stdin.write(text))).then(() => child.stdin.end(), reject);
  });
}

for (const runtime of RUNTIMES) {
  describe(`redis-cli and redis-benchmark against the server on ${runtime}`, {
    timeout: 180_000,
  }, () => {
    let server: Server;
    before(async () => {
      server = await startOurServer({ runtime });
    });
    after(() => server?.stop());

    const cli = (args: string[], feed?: Parameters<typeof run>[2]) =>
      run("redis-cli", ["-p", String(server.port), ...args], feed);

    test("redis-cli runs a command from its arguments", async (t) => {
      if (!programOrSkip(t, "redis-cli", "redis-cli's arguments")) return;
      assert.equal((await cli(["SET", "k", "hello world"])).output, "OK\n");
      assert.equal((await cli(["GET", "k"])).output, "hello world\n");
      assert.equal((await cli(["--no-raw", "GET", "nothing"])).output, "(nil)\n");
      assert.equal((await cli(["--no-raw", "-n", "5", "DBSIZE"])).output, "(integer) 0\n");
      const docs = await cli(["--no-raw", "COMMAND", "DOCS", "SET"]);
      assert.match(docs.output, /"summary"/);
    });

    test("redis-cli reads lines with quotes", async (t) => {
      if (!programOrSkip(t, "redis-cli", "redis-cli's quoting")) return;
      const { output } = await cli(["--no-raw"], (write) => {
        write(
          'SET q "a \\"b\\" \\x41\\n"\nGET q\nSET r \'single "quotes"\'\nGET r\nBOGUS\nLPUSH q x\n',
        );
      });
      const lines = output.split("\n").filter((line) => line !== "");
      assert.deepEqual(lines.slice(0, 4), [
        "OK",
        '"a \\"b\\" A\\n"',
        "OK",
        '"single \\"quotes\\""',
      ]);
      assert.match(lines[4] as string, /^\(error\) ERR unknown command/);
      assert.match(lines[5] as string, /^\(error\) WRONGTYPE/);
    });

    test("redis-cli -3 shows RESP3's types", async (t) => {
      if (!programOrSkip(t, "redis-cli", "redis-cli -3")) return;
      const { output } = await cli(["--no-raw", "-3"], (write) => {
        write("DEL h s\nHSET h f v\nHGETALL h\nSADD s 1\nSMEMBERS s\nGET nothing\n");
      });
      assert.match(output, /1# "f" => "v"/);
      assert.match(output, /1~ "1"/);
      assert.match(output, /\(nil\)/);
    });

    test("redis-cli --pipe loads a stream of commands", async (t) => {
      if (!programOrSkip(t, "redis-cli", "redis-cli --pipe")) return;
      await cli(["FLUSHALL"]);
      const { code, output } = await cli(["--pipe"], (write) => {
        for (let index = 0; index < 20_000; index++) {
          write(encodeCommand(["SET", `pipe:${index}`, `value ${index}`]));
        }
      });
      assert.equal(code, 0, output);
      assert.match(output, /errors: 0, replies: 20000/);
      assert.equal((await cli(["DBSIZE"])).output, "20000\n");
      assert.equal((await cli(["GET", "pipe:19999"])).output, "value 19999\n");
    });

    test("redis-cli --scan, --bigkeys and --stat look around", async (t) => {
      if (!programOrSkip(t, "redis-cli", "redis-cli --scan")) return;
      await cli(["FLUSHALL"]);
      await cli(["RPUSH", "biggest", "a", "b", "c"]);
      await cli(["SET", "other", "value"]);
      const scan = await cli(["--scan"]);
      assert.deepEqual(scan.output.trim().split("\n").sort(), ["biggest", "other"]);
      const matched = await cli(["--scan", "--pattern", "big*"]);
      assert.equal(matched.output, "biggest\n");
      const big = await cli(["--bigkeys"]);
      assert.equal(big.code, 0, big.output);
      assert.match(big.output, /biggest/);
    });

    test("redis-cli at a terminal: COMMAND DOCS, HELP and the prompt within MULTI", async (t) => {
      if (!programOrSkip(t, "redis-cli", "redis-cli at a terminal")) return;
      if (!programOrSkip(t, "script", "redis-cli at a terminal")) return;
      const command = `redis-cli -p ${server.port}`;
      const { output } = await run("script", ["-qec", command, "/dev/null"], async (write) => {
        await pause(400);
        for (const line of ["HELP GETEX", "MULTI", 'SET tty "a b"', "EXEC", "GET tty", "exit"]) {
          write(`${line}\n`);
          await pause(100);
        }
        await pause(200);
      });
      assert.match(output, /summary:/);
      assert.match(output, /127\.0\.0\.1:\d+\(TX\)> /);
      assert.match(output, /QUEUED/);
      assert.match(output, /1\) OK/);
      assert.match(output, /"a b"/);
    });

    test("redis-benchmark runs its tests without an error", async (t) => {
      if (!programOrSkip(t, "redis-benchmark", "redis-benchmark")) return;
      const tests = [
        "ping_inline,ping_mbulk,set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop",
        "lrange_100,lrange_300,lrange_500,lrange_600,mset",
      ].join();
      const common = ["-p", String(server.port), "-t", tests, "-n", "1000", "-q", "-r", "1000"];
      for (const more of [["-c", "20"], ["-P", "16"], ["-3"]]) {
        const { code, output } = await run("redis-benchmark", [...common, ...more]);
        assert.equal(code, 0, output);
        assert.doesNotMatch(output, /error|ERR|WARNING/i, more.join(" "));
        const rows = output.split(/[\r\n]+/).filter((line) => /requests per second/.test(line));
        assert.ok(rows.length >= 16, output);
      }
    });
  });
}
