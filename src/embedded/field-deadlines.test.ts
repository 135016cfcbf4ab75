// Deadlines of hash fields in an embedded database: its methods, its log, its threads' reads, and
// what rolling back and snapshots make of them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/servers.ts";
import { engineOf } from "./embedded-test-support.ts";
import { open } from "./open.ts";

const NOW = 1_700_000_000_000;

test("methods say of each field what came of it", () => {
  let now = NOW;
  using db = open({ clock: () => now });
  db.hset("h", { a: 1, b: 2, c: 3 });
  assert.deepEqual(db.hexpire("h", 10, ["a", "x"]), [1, -2]);
  assert.deepEqual(db.hpexpire("h", 500, ["b"], "NX"), [1]);
  assert.deepEqual(db.hpexpire("h", 400, ["b"], "GT"), [0]);
  assert.deepEqual(db.httl("h", "a", "c"), [10, -1]);
  assert.deepEqual(db.hpttl("h", ["a", "b"]), [10_000, 500]);
  assert.deepEqual(db.hpexpiretime("h", "b"), [NOW + 500]);
  assert.deepEqual(db.hexpiretime("h", "a"), [NOW / 1000 + 10]);
  assert.deepEqual(db.hgetex("h", ["a"], { persist: true }), ["1"]);
  assert.deepEqual(db.hpersist("h", "a", "b"), [-1, 1]);
  assert.equal(db.hsetex("h", { a: 5, d: 6 }, { px: 100 }), 1);
  assert.equal(db.hsetex("h", { d: 7 }, { fnx: true }), 0);
  assert.deepEqual(db.hgetdel("h", "d"), ["6"]);
  now += 101;
  assert.deepEqual(db.hget("h", "a"), null);
  assert.deepEqual([...db.hash("h").keys()].sort(), ["b", "c"]);
  assert.equal(db.hash("h").deadline("a"), undefined);
  assert.equal(db.hash("h").deadline("b"), null);
  assert.deepEqual(db.hexpireat("h", 1, ["b"]), [2]);
  assert.deepEqual(db.hpexpireat("h", NOW + 200, ["c"]), [1]);
  assert.equal(db.hash("h").deadline("c"), NOW + 200);
  now += 100;
  assert.equal(db.hash("h").size, 0);
  assert.equal(db.exists("h"), 0);
});

test("what is rolled back leaves deadlines as they were", () => {
  let now = NOW;
  using db = open({ clock: () => now });
  db.hset("small", { a: 1 });
  db.hset("h", { a: 1, b: 2 });
  db.hpexpire("h", 100, ["a"]);
  const undo = new Error();
  assert.throws(
    () =>
      db.transaction(() => {
        db.hpexpire("small", 5, ["a"]);
        db.hpexpire("h", 5, ["a", "b"]);
        db.hset("h", { a: 9 });
        db.hsetex("new", { x: 1 }, { px: 5 });
        db.hdel("h", "b");
        throw undo;
      }),
    undo,
  );
  const { keyspace } = engineOf(db);
  keyspace.verify();
  assert.deepEqual(db.hpttl("h", "a", "b"), [100, -1]);
  assert.equal(db.object("encoding", "small"), "listpack");
  now += 101;
  assert.deepEqual({ ...db.hgetall("h") }, { b: "2" });
  assert.equal(db.hlen("small"), 1);
  keyspace.verify();
});

test("the log has deadlines as times, and what expired; a rewrite keeps them", async () => {
  const path = temporaryFolder();
  let now = NOW;
  {
    using db = open(path, { clock: () => now });
    db.hset("h", { a: 1, b: 2, c: 3 });
    db.hexpire("h", 10, ["a"]);
    db.hexpire("h", 1000, ["b"]);
    db.hset("gone", { x: 1 });
    db.hexpire("gone", 10, ["x"]);
    now += 11_000;
    assert.equal(db.hlen("h"), 2);
  }
  for (const rewrites of [true, false]) {
    await using db = open(path, { clock: () => now });
    assert.equal(db.dbsize(), 1);
    assert.deepEqual(db.hpexpiretime("h", "a", "b", "c"), [-2, NOW + 1_000_000, -1]);
    engineOf(db).keyspace.verify();
    if (rewrites) await db.bgrewriteaof();
  }
});

test("a hash that has lost its deadlines is saved as one that never had any", async () => {
  const path = join(temporaryFolder(), "saved.rdb");
  using db = open();
  const fields = (count: number): [string, string][] =>
    Array.from({ length: count }, (_, i) => [`f${i}`, "v"]);
  for (const [key, count] of [
    ["small", 2],
    ["in slices", 3000],
  ] as const) {
    db.hset(key, fields(count));
    db.hexpire(key, 1000, ["f1"]);
  }
  const HASH = 4;
  const WITH_DEADLINES = 24;
  const isSaved = (number: number, key: string): boolean =>
    readFileSync(path).includes(
      Buffer.concat([Buffer.from([number, key.length]), Buffer.from(key)]),
    );
  await db.snapshot(path);
  for (const key of ["small", "in slices"]) assert.ok(isSaved(WITH_DEADLINES, key), key);
  for (const key of ["small", "in slices"]) db.hpersist(key, "f1");
  await db.snapshot(path);
  for (const key of ["small", "in slices"]) assert.ok(isSaved(HASH, key), key);
});
