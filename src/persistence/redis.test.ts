// The log and redis-server: each opens, continues and checks the directory that the other wrote.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { textOf } from "../../test/support/resp.ts";
import {
  programOrSkip,
  redisServerOrSkip,
  startRedisServer,
  temporaryFolder,
} from "../../test/support/servers.ts";
import { thisPlatform } from "../platform/index.ts";
import type { FsyncPolicy, Log } from "./log/log.ts";
import { openLog } from "./log/recovery.ts";

const AOF = ["--appendonly", "yes", "--appendfsync", "no"];

function openAt(
  directory: string,
  fsync: FsyncPolicy = "everysec",
): { log: Log; commands: string[]; torn: boolean } {
  const commands: string[] = [];
  const { log, recovery } = openLog({
    platform: thisPlatform(),
    directory,
    fsync,
    apply(args) {
      commands.push(Array.from({ length: args.count }, (_, i) => args.text(i)).join(" "));
    },
  });
  return { log, commands, torn: recovery.torn !== undefined };
}

function append(log: Log, ...words: string[]): void {
  const parts = words.map((word) => `$${word.length}\r\n${word}\r\n`);
  const bytes = new TextEncoder().encode(`*${words.length}\r\n${parts.join("")}`);
  log.append(bytes, 0, bytes.length);
}

/** Runs redis-server on the directory and sends it these commands. */
async function onRedis(directory: string, ...commands: string[][]): Promise<string[]> {
  const server = await startRedisServer({ dir: directory, args: AOF });
  const replies: string[] = [];
  try {
    const client = await server.connect();
    for (const words of commands) replies.push(textOf(await client.call(...words)) ?? "");
    client.close();
  } finally {
    await server.stop();
  }
  return replies;
}

function checkPasses(t: TestContext, directory: string): void {
  if (!programOrSkip(t, "redis-check-aof", "redis-check-aof on our log")) return;
  const manifest = `${directory}/appendonlydir/appendonly.aof.manifest`;
  const { status, stdout } = spawnSync("redis-check-aof", [manifest], { encoding: "utf8" });
  assert.equal(status, 0, stdout);
  assert.match(stdout, /All AOF files and manifest are valid/);
}

test("redis-server and we go on in each other's directory, in turns", async (t) => {
  if (!redisServerOrSkip(t, "directories that are handed over")) return;
  const directory = temporaryFolder();
  let ours = openAt(directory);
  ours.log.selectDatabase(0);
  append(ours.log, "SET", "a", "1");
  ours.log.commit();
  ours.log.selectDatabase(3);
  append(ours.log, "MULTI");
  append(ours.log, "RPUSH", "l", "x");
  append(ours.log, "INCR", "n");
  append(ours.log, "EXEC");
  ours.log.commit();
  ours.log.close();
  checkPasses(t, directory);
  const first = await onRedis(
    directory,
    ["GET", "a"],
    ["SELECT", "3"],
    ["INCR", "n"],
    ["SELECT", "0"],
    ["MULTI"],
    ["SET", "b", "2"],
    ["SET", "c", "3"],
    ["EXEC"],
  );
  assert.deepEqual([first[0], first[2]], ["1", "2"]);
  ours = openAt(directory);
  const expected = ["SET a 1", "RPUSH l x", "INCR n", "INCR n", "SET b 2", "SET c 3"];
  const writes = (commands: string[]) => commands.filter((text) => !/^select/i.test(text));
  assert.deepEqual(writes(ours.commands), expected);
  ours.log.selectDatabase(0);
  append(ours.log, "SET", "d", "4");
  ours.log.close();
  checkPasses(t, directory);
  const second = await onRedis(directory, ["GET", "c"], ["GET", "d"], ["SET", "e", "5"]);
  assert.deepEqual(second.slice(0, 2), ["3", "4"]);
  ours = openAt(directory);
  assert.deepEqual(writes(ours.commands), [...expected, "SET d 4", "SET e 5"]);
  ours.log.close();
});

test("redis-server goes on where a process with `always` was killed", async (t) => {
  if (!redisServerOrSkip(t, "a directory with a reserve")) return;
  const killed = temporaryFolder();
  const directory = temporaryFolder();
  const { log } = openAt(killed, "always");
  for (let i = 0; i < 3; i++) {
    append(log, "SET", `k${i}`, "v".repeat(i * 1000));
    assert.equal(log.commitNow(), true);
  }
  cpSync(`${killed}/appendonlydir`, `${directory}/appendonlydir`, { recursive: true });
  log.close();
  checkPasses(t, directory);
  const replies = await onRedis(directory, ["STRLEN", "k2"], ["SET", "theirs", "1"]);
  assert.deepEqual(replies, ["2000", "OK"]);
  const { log: again, commands } = openAt(directory);
  assert.equal(commands.at(-1), "SET theirs 1");
  assert.equal(commands.filter((text) => text.startsWith("SET k")).length, 3);
  again.close();
});

test("the directory that redis-server starts with, an empty RDB base, is opened", async (t) => {
  if (!redisServerOrSkip(t, "redis-server's own fresh directory")) return;
  const directory = temporaryFolder();
  await onRedis(directory, ["SET", "a", "1"], ["HSET", "h", "f", "v"]);
  const manifest = readFileSync(`${directory}/appendonlydir/appendonly.aof.manifest`, "utf8");
  assert.match(manifest, /base\.rdb seq 1 type b/);
  const { log, commands } = openAt(directory);
  assert.deepEqual(commands.slice(-2), ["SET a 1", "HSET h f v"]);
  append(log, "SET", "b", "2");
  log.close();
  assert.deepEqual(await onRedis(directory, ["GET", "b"]), ["2"]);
});

test("a base that redis-server wrote as AOF is read, and walked through in RDB form", async (t) => {
  if (!redisServerOrSkip(t, "bases written by a rewrite")) return;
  for (const [preamble, expected] of [
    ["no", ["RPUSH l x y", "SET a 1", "SET b 2"]],
    ["yes", ["SET b 2"]],
  ] as const) {
    const directory = temporaryFolder();
    const args = [...AOF, "--aof-use-rdb-preamble", preamble];
    const server = await startRedisServer({ dir: directory, args });
    try {
      const client = await server.connect();
      await client.call("SET", "a", "1");
      await client.call("RPUSH", "l", "x", "y");
      await client.call("BGREWRITEAOF");
      for (let isDone = false; !isDone; ) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        const info = textOf(await client.call("INFO", "persistence")) ?? "";
        isDone = /aof_rewrite_in_progress:0/.test(info) && /rewrite_scheduled:0/.test(info);
      }
      await client.call("SET", "b", "2");
      client.close();
    } finally {
      await server.stop();
    }
    const { log, commands } = openAt(directory);
    const sorted = commands.filter((text) => !/^select/i.test(text)).sort();
    assert.deepEqual(sorted, expected);
    log.close();
  }
});
