// compact(): the log is rewritten while a program, and its threads, go on.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { withThreads } from "../../test/support/thread.ts";
import { DatabaseError } from "../base/database-error.ts";
import { LogError } from "../persistence/log/log-error.ts";
import { SimulatedPlatform } from "../platform/simulated.ts";
import { engineOf } from "./embedded-test-support.ts";
import { open, openOn } from "./open.ts";

async function withDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "tskeydb-compact-"));
  try {
    await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function filesIn(directory: string): string[] {
  return readdirSync(join(directory, "appendonlydir")).sort();
}

test("compact() leaves a base and an increment that hold every type, and their deadlines", () =>
  withDirectory(async (directory) => {
    const db = open(directory);
    for (let i = 0; i < 3000; i++) db.set(`k${i % 10}`, String(i));
    db.set("soon", "1", { px: 3_600_000 });
    db.rpush("list", "a", "b", "c");
    for (let i = 0; i < 2000; i++) db.rpush("long", `${i}`);
    db.hset("hash", { f: "1", g: "2" });
    db.sadd("numbers", 1, 2, 3);
    db.sadd("names", "x", "y");
    db.database(3).set("there", "3");
    const deadline = db.pexpiretime("soon");
    await db.compact();
    assert.deepEqual(filesIn(directory), [
      "appendonly.aof.1.base.rdb",
      "appendonly.aof.2.incr.aof",
      "appendonly.aof.manifest",
    ]);
    db.rpush("list", "d");
    db.database(3).incr("there");
    db.close();
    const again = open(directory);
    assert.equal(again.get("k9"), "2999");
    assert.equal(again.pexpiretime("soon"), deadline);
    assert.deepEqual(again.lrange("list", 0, -1), ["a", "b", "c", "d"]);
    assert.equal(again.llen("long"), 2000);
    assert.deepEqual({ ...again.hgetall("hash") }, { f: "1", g: "2" });
    assert.equal(again.scard("numbers"), 3);
    assert.equal(again.sismember("names", "y"), 1);
    assert.equal(again.database(3).get("there"), "4");
    assert.equal(again.dbsize(), 16);
    again.verify();
    await again.compact();
    assert.deepEqual(filesIn(directory)[0], "appendonly.aof.2.base.rdb");
    again.close();
  }));

test("collections that are begun after a start from a base are of the kind that new ones are", () =>
  withDirectory(async (directory) => {
    const db = open(directory);
    db.hset("hash", Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`f${i}`, "1"])));
    for (let i = 0; i < 2000; i++) db.sadd("set", `m${i}`);
    for (let i = 0; i < 3000; i++) db.rpush("list", `element ${i}`);
    await db.compact();
    db.close();
    for (const first of ["hash", "set", "list"]) {
      const again = open(directory);
      again.copy(first, "copy");
      again.hset("new hash", { f: "1" });
      again.hincrby("counter", "f", 1);
      again.rpush("new list", "a", "b");
      again.rpoplpush("new list", "other list");
      again.sadd("new set", "x", "y");
      again.verify();
      assert.deepEqual({ ...again.hgetall("new hash") }, { f: "1" });
      for (const key of ["copy", "new hash", "counter", "new list", "other list", "new set"]) {
        again.del(key);
      }
      again.close();
    }
  }));

for (const fsync of ["always", "everysec", "no"] as const) {
  test(`threads write, and ask for it too, while the log is rewritten (${fsync})`, () =>
    withDirectory(async (directory) => {
      const times = fsync === "always" ? 150 : 3000;
      const db = open(directory, { fsync });
      await withThreads(directory, 3, async (...threads) => {
        const writing = threads.map((thread, i) =>
          thread.run(
            async (there, name, count) => {
              for (let n = 0; n < count; n++) {
                there.transaction(() => {
                  there.incr("all");
                  there.set(`${name}:${n}`, "x".repeat(n % 300));
                });
                there.rpush("order", `${name}:${n}`);
                if (n % Math.ceil(count / 3) === 7) await there.compact();
                if (n % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
              }
            },
            `t${i}`,
            times,
          ),
        );
        for (let n = 0; n < 5; n++) {
          db.incr("rewrites");
          await db.compact();
        }
        await Promise.all(writing);
      });
      assert.match(db.info("persistence"), /aof_last_bgrewrite_status:ok/);
      const order = db.lrange("order", 0, -1);
      assert.equal(db.get("all"), String(3 * times));
      db.verify();
      db.close();
      const again = open(directory);
      assert.equal(again.get("all"), String(3 * times));
      assert.equal(again.get("rewrites"), "5");
      assert.deepEqual(again.lrange("order", 0, -1), order);
      assert.equal(again.dbsize(), 3 + 3 * times);
      assert.equal(filesIn(directory).length, 3);
      again.close();
    }));
}

test("compact() rejects where there is no log, where it fails, and at a close", async () => {
  const isCode = (code: string) => (error: unknown) =>
    (error instanceof DatabaseError || error instanceof LogError) && error.code === code;
  await assert.rejects(open().compact(), isCode("NO_LOG"));
  const platform = new SimulatedPlatform(1);
  const db = openOn(platform, "/data");
  db.set("a", "1");
  const failing = db.compact();
  platform.failNaming(3, "EIO");
  for (let i = 0; i < 100; i++) platform.advance(10);
  await assert.rejects(failing, isCode("LOG_REWRITE"));
  assert.match(db.info("persistence"), /aof_rewrites_consecutive_failures:1/);
  const closed = db.compact();
  db.set("b", "1");
  db.close();
  await assert.rejects(closed, isCode("LOG_REWRITE"));
});

test("a log that grows is rewritten by itself", () => {
  const platform = new SimulatedPlatform(1);
  const db = openOn(platform, "/data");
  db.config("set", "auto-aof-rewrite-min-size", "10kb");
  const engine = engineOf(db);
  for (let i = 0; i < 3000; i++) {
    db.set(`k${i % 10}`, "v".repeat(100));
    engine.log?.commit();
    platform.advance(1);
  }
  platform.advance(3000);
  assert.ok((engine.rewrite?.count ?? 0) > 5);
  const size = Number(/aof_current_size:(\d+)/.exec(db.info("persistence"))?.[1]);
  assert.ok(size < 20_000, `${size} bytes`);
  const { count } = engine.rewrite as { count: number };
  db.config("set", "auto-aof-rewrite-percentage", "0");
  for (let i = 0; i < 1000; i++) {
    db.set(`k${i % 10}`, "v".repeat(100));
    engine.log?.commit();
    platform.advance(1);
  }
  assert.equal(engine.rewrite?.count, count);
  db.close();
});

test("a log that is switched off while its rewrite waits for the lock is rewritten no more", () => {
  for (let at = 1; at <= 12; at++) {
    const platform = new SimulatedPlatform(at);
    const db = openOn(platform, "/data");
    for (let i = 0; i < 3000; i++) db.set(`key:${i}`, "value");
    const engine = engineOf(db);
    const { turn } = engine;
    let left = at;
    engine.turn = (work) => {
      // As when CONFIG SET appendonly no comes by way of another thread.
      if (--left === 0) turn.call(engine, () => void engine.rewrite?.stop());
      turn.call(engine, work);
    };
    let outcome: string | undefined = "none";
    engine.rewrite?.begin((failure) => {
      outcome = failure;
    });
    for (let i = 0; i < 400; i++) platform.advance(5);
    assert.ok(
      left <= 0 ? /appendonly is no/.test(String(outcome)) : outcome === undefined,
      outcome,
    );
    assert.equal(db.get("key:1"), "value");
    db.close();
  }
});
