// RDB files of every type and encoding between redis-server and us, both ways: redis-server saves,
// we load, save in our turn, and redis-server loads that; what it holds is as it was each time.

import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync } from "node:fs";
import { test } from "node:test";
import type { Client } from "../../test/support/client.ts";
import { itemsOf, textOf } from "../../test/support/resp.ts";
import {
  redisServerOrSkip,
  startRedisServer,
  temporaryFolder,
} from "../../test/support/servers.ts";
import { open } from "../index.ts";

const FAR = 4_000_000_000_000;

async function fill(client: Client): Promise<void> {
  const words = (n: number, word: (i: number) => string[]): string[] =>
    Array.from({ length: n }, (_, i) => word(i)).flat();
  const long = "x".repeat(5000);
  const commands: string[][] = [
    ["SET", "int", "12345"],
    ["SET", "negative", "-9223372036854775808"],
    ["SET", "short", "a short text"],
    ["SET", "long", "compressible ".repeat(4000)],
    ["SET", "big", "0123456789abcdef".repeat(300_000)],
    ["SET", "", "the key is empty"],
    ["RPUSH", "list packed", "a", "1", "-70000", "9223372036854775807", "b".repeat(60)],
    ["RPUSH", "list of nodes", ...words(3000, (i) => [`element ${i}`, String(i * i)])],
    ["RPUSH", "list plain", "a", long.repeat(4), "b"],
    ["SADD", "set of 16 bits", "1", "-2", "300"],
    ["SADD", "set of 32 bits", "1", "-2", "70000"],
    ["SADD", "set of 64 bits", "1", "-2", "7000000000"],
    ["SADD", "set large of integers", ...words(3000, (i) => [String(i * 7)])],
    ["SADD", "set of texts", "a", "1", "c"],
    ["ZADD", "sorted set", "1", "a", "-0.5", "b", "inf", "c", "3", "17"],
    ["ZADD", "sorted set large", ...words(3000, (i) => [String(i / 8), `member ${i}`])],
    ["ZADD", "sorted set of long ones", "1", "a", "2", "b".repeat(70), "2", "a".repeat(70)],
    ["SADD", "set large", ...words(3000, (i) => [`member ${i}`])],
    ["HSET", "hash packed", "a", "1", "b", "two", "3", "-4"],
    ["HSET", "hash long value", "a", long],
    ["HSET", "hash large", ...words(3000, (i) => [`field ${i}`, String(i)])],
    ["SET", "deadline", "1", "PXAT", String(FAR)],
    ["RPUSH", "list deadline", "a"],
    ["PEXPIREAT", "list deadline", String(FAR + 1)],
    ["SELECT", "9"],
    ["SET", "in nine", "é"],
    ["HSET", "hash in nine", "f", "v"],
    ["SELECT", "0"],
  ];
  for (const command of commands) await client.call(...command);
}

/** All that there is to be seen of a server, database by database. */
async function seen(client: Client): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const db of ["0", "9"]) {
    await client.call("SELECT", db);
    const ask = async (...words: string[]): Promise<string> =>
      textOf(await client.call(...words)) ?? "";
    const keys = itemsOf(await client.call("KEYS", "*")).map((key) => textOf(key) ?? "");
    for (const key of keys.sort()) {
      const type = await ask("TYPE", key);
      const command = {
        string: ["GET", key],
        list: ["LRANGE", key, "0", "-1"],
        set: ["SMEMBERS", key],
        hash: ["HGETALL", key],
        zset: ["ZRANGE", key, "0", "-1", "WITHSCORES"],
      }[type] as string[];
      const reply = await client.call(...command);
      const items = itemsOf(reply).map((item) => textOf(item) ?? "");
      const pairs = items.flatMap((item, i) => (i % 2 === 0 ? [`${item}=${items[i + 1]}`] : []));
      if (type === "set") items.sort();
      const value = { string: textOf(reply), hash: pairs.sort() }[type] ?? items;
      found[`${db} ${key}`] = [type, value, await ask("PEXPIRETIME", key)];
    }
  }
  return found;
}

for (const kind of ["dump.rdb", "the base of a log"]) {
  test(`what redis-server has in ${kind} is there, and there again when it has ours`, async (t) => {
    if (!redisServerOrSkip(t, "RDB files both ways")) return;
    const isLog = kind !== "dump.rdb";
    const first = temporaryFolder();
    const log = isLog ? ["--appendonly", "yes"] : [];
    let theirs = await startRedisServer({ dir: first, args: log });
    let before: Record<string, unknown>;
    try {
      const client = await theirs.connect();
      await fill(client);
      before = await seen(client);
      assert.equal(Object.keys(before).length, 25);
      if (isLog) {
        await client.call("BGREWRITEAOF");
        const isDone = async (): Promise<boolean> =>
          /rewrite_in_progress:0/.test(textOf(await client.call("INFO", "persistence")) ?? "");
        while (!(await isDone())) await new Promise((resolve) => setTimeout(resolve, 10));
        await client.call("SELECT", "0");
        await client.call("SET", "after", "the rewrite");
        before = await seen(client);
      } else await client.call("SAVE");
      client.close();
    } finally {
      await theirs.stop();
    }
    const second = temporaryFolder();
    for (const name of ["dump.rdb", "appendonlydir"]) {
      if (existsSync(`${first}/${name}`))
        cpSync(`${first}/${name}`, `${second}/${name}`, { recursive: true });
    }
    const db = open(second);
    assert.equal(db.recovery?.isAdopted, !isLog);
    assert.equal(db.dbsize() + db.database(9).dbsize(), Object.keys(before).length);
    db.verify();
    db.save();
    await db.compact();
    db.close();
    // Our snapshot, and our log, whose base is one.
    for (const [name, args] of [
      ["dump.rdb", []],
      ["appendonlydir", ["--appendonly", "yes"]],
    ] as const) {
      const third = temporaryFolder();
      mkdirSync(third, { recursive: true });
      cpSync(`${second}/${name}`, `${third}/${name}`, { recursive: true });
      theirs = await startRedisServer({ dir: third, args: [...args] });
      try {
        const client = await theirs.connect();
        assert.deepEqual(await seen(client), before, name);
        client.close();
      } finally {
        await theirs.stop();
      }
    }
  });
}
