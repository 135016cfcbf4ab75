// CONFIG GET and CONFIG SET beside redis-server: every directive that it has is there, with its
// default, and takes and refuses the same values in the same words.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Client } from "../support/client.ts";
import { itemsOf, type Reply, show, textOf } from "../support/resp.ts";
import {
  hasProgram,
  RUNTIMES,
  redisServerOrSkip,
  type Server,
  startOurServer,
  startRedisServer,
  temporaryFolder,
} from "../support/servers.ts";

/** Defaults that are ours, or that the tests start the servers with. */
const OTHER_DEFAULTS = [
  "aof-timestamp-enabled",
  "appendonly",
  "bind",
  "dir",
  // TSKEYDB_IO_THREADS may have set it.
  ...(process.env.TSKEYDB_IO_THREADS === undefined ? [] : ["io-threads"]),
  "maxclients",
  "port",
];

const ARGS = ["--enable-debug-command", "local"];

/** Since Redis 7.2 it is hidden. */
const HIDDEN_LATER = ["aof-disable-auto-gc"];

/** Directives whose values differ on purpose; see differences.ts. */
const NOT_SET = [
  // Its default is another, so what is refused leaves another value.
  "aof-timestamp-enabled",
  "bind",
  "client-query-buffer-limit",
  // TSKEYDB_IO_THREADS may have set it.
  ...(process.env.TSKEYDB_IO_THREADS === undefined ? [] : ["io-threads"]),
  "loglevel",
  "maxmemory-samples",
  "port",
  "proto-max-bulk-len",
  // Lowered by each server to what its process may have open.
  "maxclients",
];

const VALUES = [
  ..."0 1 2 -1 7 08 007 +1 1.5 99 100 101 777 778 1024 65535 65536 0x10 1e3".split(" "),
  ..."2147483647 2147483648 -2147483648 -2147483649 4294967295 4294967296".split(" "),
  ..."9223372036854775807 9223372036854775808 18446744073709551616 99999999999999999999".split(" "),
  ..."1b 1k 1kb 1KB 1m 1mb 1g 1gb 1t kb -1kb 1.5mb 1k1 0% 1% 50% 100% 101% -1% %".split(" "),
  ..."yes no YES No true on off default save nosave now force local LOCAL".split(" "),
  ..."always everysec noeviction allkeys-lru ALLKEYS-LFU volatile-ttl relative absolute".split(" "),
  ..."a a/b a\\b a_b a.b-c {title} {x} {title {}} user local0 local8 ip hostname".split(" "),
  ..."ignore panic panic-on-replicas clients swapdb on-empty-db disabled allchannels KEA KX".split(
    " ",
  ),
  ...["", " ", " 1", "1 ", "1 2", "1  2", "1 2 3", "1 2 3 4", "0 200 800", "-2001 0 0", "a b c"],
  ...["save now", "save nosave", "now  force", "default now", "50 99.9", "50 x", "101 1", "1e1"],
  ...["900 1", "900 1 300 10", "0 1", "900 -1", "900 x", "+900 01", "normal 0 0 0"],
  ...[
    "slave 1mb 1kb 5",
    "replica 1 2 3 pubsub 4 5 6",
    "master 0 0 0",
    "normal 0 0",
    "normal 0 0 -1",
  ],
  ...["normal 0 0 x", "normal -1 0 0", "normal 0 0 1.5", "NORMAL 1k 1K 07", "x".repeat(300)],
];

describe("the configuration", () => {
  let theirs: Server | undefined;
  let left: Client;
  after(async () => {
    left?.close();
    await theirs?.stop();
  });
  before(async () => {
    if (!hasProgram("redis-server")) return;
    theirs = await startRedisServer({ args: ARGS });
    left = await theirs.connect();
  });

  for (const runtime of RUNTIMES) {
    describe(runtime, () => {
      let ours: Server;
      let right: Client;
      before(async () => {
        ours = await startOurServer({ runtime, args: ARGS });
        right = await ours.connect();
      });
      after(async () => {
        right.close();
        await ours.stop();
      });

      test("has every directive that redis-server tells of, with its default", async (t) => {
        if (!redisServerOrSkip(t, "CONFIG GET *")) return;
        const expected = pairs(texts(await left.call("CONFIG", "GET", "*")));
        const got = pairs(texts(await right.call("CONFIG", "GET", "*")));
        const wrong = [...expected].filter(
          ([name, value]) =>
            !HIDDEN_LATER.includes(name) &&
            (!got.has(name) || (!OTHER_DEFAULTS.includes(name) && got.get(name) !== value)),
        );
        assert.deepEqual(wrong, []);
      });

      test("tells of hidden directives by their whole names alone", async (t) => {
        if (!redisServerOrSkip(t, "hidden directives")) return;
        for (const name of [
          "key-load-delay",
          "rdb-key-save-delay",
          "loading-process-events-interval-bytes",
          "use-exit-on-panic",
          "watchdog-period",
        ]) {
          for (const pattern of [name, `${name}*`, name.toUpperCase()]) {
            const expected = show(await left.call("CONFIG", "GET", pattern));
            assert.equal(show(await right.call("CONFIG", "GET", pattern)), expected, pattern);
          }
        }
      });

      test("takes and refuses the same values in the same words", async (t) => {
        if (!redisServerOrSkip(t, "CONFIG SET of every directive")) return;
        const wrong: string[] = [];
        const names = [...pairs(texts(await left.call("CONFIG", "GET", "*"))).keys()];
        for (const name of names.filter((each) => !NOT_SET.includes(each)).sort()) {
          const initial = texts(await left.call("CONFIG", "GET", name))[1] as string;
          const commands = VALUES.flatMap((value) => [
            ["CONFIG", "SET", name, value],
            ["CONFIG", "GET", name],
          ]);
          commands.push(["CONFIG", "SET", name, initial]);
          const expected = (await left.pipeline(commands)).map(show);
          const got = (await right.pipeline(commands)).map(show);
          for (const [i, text] of expected.entries()) {
            // Each server has a directory of its own.
            // Numbers beyond 2^53 are rounded: see differences.ts.
            if (i % 2 === 1 && /\d{19}/.test(text)) continue;
            if (text === got[i] || (name === "dir" && i % 2 === 1)) continue;
            const said = commands[i - (i % 2)]?.slice(2).join(" ");
            wrong.push(`${said}: ${text}, ours: ${got[i]}`);
          }
        }
        assert.deepEqual([wrong.length, ...wrong.slice(0, 40)], [0]);
      });

      test("sets several or none", async (t) => {
        if (!redisServerOrSkip(t, "CONFIG SET of several directives")) return;
        const lines = [
          "CONFIG SET",
          "CONFIG SET hz",
          "CONFIG SET hz 20 timeout",
          "CONFIG SET hz 20 timeout 5",
          "CONFIG SET hz 30 TIMEOUT x",
          "CONFIG SET HZ 30 hz 40",
          "CONFIG SET nothing 1 hz 40",
          "CONFIG SET hz 40 nothing 1",
          "CONFIG SET databases 1 nothing 1",
          "CONFIG SET hz x databases 1",
          "CONFIG SET dbfilename a hz 40",
          "CONFIG SET Hz x timeout y",
          "CONFIG SET tls-port 1 hz 50",
          "CONFIG SET hz 50 tls-port 1",
          "CONFIG SET tls-port 1 hz x",
          "CONFIG SET slave-priority 1 replica-priority 2",
          "CONFIG SET replica-priority 3 slave-priority x",
          "CONFIG SET maxmemory 1 maxmemory 2",
          "CONFIG GET hz timeout replica-priority slave-priority tls-port maxmemory",
          "CONFIG SET hz 10 timeout 0 replica-priority 100",
          "CONFIG GET",
          "CONFIG GET nothing",
          "CONFIG GET hz hz HZ",
          "CONFIG GET h? HZ",
          "CONFIG GET [",
          "CONFIG RESETSTAT x",
          "CONFIG REWRITE x",
          "CONFIG NOTHING",
          "CONFIG",
        ];
        for (const line of lines) {
          const expected = sorted(await left.line(line));
          assert.equal(sorted(await right.line(line)), expected, line);
        }
      });

      test("refuses writes while min-replicas-to-write asks for replicas", async (t) => {
        if (!redisServerOrSkip(t, "min-replicas-to-write")) return;
        const lines = [
          "FLUSHALL",
          "CONFIG SET min-replicas-to-write 1",
          "SET k v",
          "GET k",
          "MULTI",
          "SET k v",
          "EXEC",
          "FLUSHALL",
          "CONFIG SET min-slaves-max-lag 0",
          "SET k v",
          "CONFIG SET min-slaves-max-lag 10 min-replicas-to-write 0",
          "SET k v",
        ];
        for (const line of lines) {
          const expected = show(await left.line(line));
          assert.equal(show(await right.line(line)), expected, line);
        }
      });
    });
  }
});

const RENAMES = [
  ...["--rename-command", "SET", "PUT"],
  ...["--rename-command", "DEL", ""],
  ...["--rename-command", "DEBUG", "SET"],
  ...["--rename-command", "put", "Put2"],
];

describe("rename-command", () => {
  for (const runtime of RUNTIMES) {
    test(`gives commands other names, or none (${runtime})`, async (t) => {
      if (!redisServerOrSkip(t, "rename-command")) return;
      const args = [...RENAMES, "--enable-debug-command", "yes"];
      const theirs = await startRedisServer({ args });
      t.after(() => theirs.stop());
      const ours = await startOurServer({ runtime, args });
      t.after(() => ours.stop());
      const [left, right] = [await theirs.connect(), await ours.connect()];
      for (const line of [
        "PUT k v",
        "put2 k v",
        "PUT2 k",
        "PUT2 k v NX XX",
        "GET k",
        "SET SLEEP 0",
        "DEL k",
        "DEBUG SLEEP 0",
        "UNLINK k",
        "MULTI",
        "PUT2 a 1",
        "SET x y",
        "DEL a",
        "EXEC",
        "MULTI",
        "PUT2 a 1",
        "INCR a",
        "EXEC",
        "COMMAND INFO set del",
        "COMMAND GETKEYS put2 k v",
        "COMMAND GETKEYS del k",
      ]) {
        assert.equal(show(await right.line(line)), show(await left.line(line)), line);
      }
      const [name] = itemsOf((itemsOf(await right.line("COMMAND INFO put2")) as [Reply])[0]);
      assert.equal(textOf(name as Reply), "set");
    });

    test(`is no matter of the log (${runtime})`, async (t) => {
      const dir = temporaryFolder();
      const log = ["--appendonly", "yes"];
      const first = await startOurServer({ runtime, dir, args: [...log, ...RENAMES] });
      t.after(() => first.stop());
      const client = await first.connect();
      await client.pipeline([
        ["PUT2", "a", "1"],
        ["MULTI"],
        ["put2", "b", "2"],
        ["EXEC"],
        ["PUT2", "c", "3", "PX", "1"],
      ]);
      client.close();
      await first.stop();
      const second = await startOurServer({ runtime, dir, args: log });
      t.after(() => second.stop());
      const other = await second.connect();
      assert.equal(show(await other.line("MGET a b c")), '["1", "2", $-1]');
      other.close();
      await second.stop();
      const third = await startOurServer({ runtime, dir, args: [...log, ...RENAMES] });
      t.after(() => third.stop());
      assert.equal(show(await (await third.connect()).line("MGET a b c")), '["1", "2", $-1]');
    });
  }
});

/** The pairs of CONFIG GET have no order. */
function sorted(reply: Reply): string {
  if (reply.type !== "array") return show(reply);
  return [...pairs(texts(reply))].map(String).sort().join(" ");
}

function texts(reply: Reply): (string | undefined)[] {
  return itemsOf(reply).map(textOf);
}

function pairs(words: readonly (string | undefined)[]): Map<string, string> {
  const found = new Map<string, string>();
  for (let i = 0; i < words.length; i += 2) found.set(words[i] as string, words[i + 1] as string);
  return found;
}
