// Two databases on one memory, each with views, tables and types of its own, as two threads have
// them: what one does the other sees, and finishes what the first left undone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { LockNeeded } from "../base/lock-needed.ts";
import { EventClass } from "../engine/events.ts";
import { Keyspace } from "../keyspace/keyspace.ts";
import { Memory } from "../memory/memory.ts";
import { TestDatabase } from "./test-support.ts";

/** Two databases on one memory. Whoever is called sees the other's segments first. */
function pair() {
  const one = new TestDatabase();
  const two = new TestDatabase(one);
  const call = (database: TestDatabase) => {
    const client = database.connect();
    return (...words: string[]): unknown => {
      database.keyspace.memory.refresh();
      return client.call(...words);
    };
  };
  return { one, two, here: call(one), there: call(two) };
}

test("who attaches finds everything as it is, and sets up nothing again", () => {
  const one = new TestDatabase();
  const { keyspace } = one;
  one.connect().call("CONFIG", "SET", "list-max-listpack-size", "7");
  keyspace.setEvictionPolicy("allkeys-lru");
  const drawn = keyspace.random.next32();
  const used = keyspace.memory.usedBytes;
  const attached = Keyspace.attach(Memory.attach(keyspace.memory.share()), 2);
  assert.equal(attached.databases, 16);
  assert.deepEqual(
    [attached.tables.hasher.k0, attached.tables.hasher.k1],
    [keyspace.tables.hasher.k0, keyspace.tables.hasher.k1],
  );
  assert.equal(attached.settings.evictionPolicy, "allkeys-lru");
  assert.notEqual(attached.random.next32(), drawn);
  assert.equal(attached.memory.usedBytes, used);
  assert.throws(() => new Keyspace(attached.memory, 3, new Int32Array(4)), /the databases/);
  assert.throws(() => Keyspace.attach(new Memory(), 2), /to attach to/);
});

test("each sees what the other has written, of every type, and the deadlines", () => {
  const { one, two, here, there } = pair();
  const many = Array.from({ length: 3000 }, (_, i) => `e${i}`);
  here("SET", "string", "x".repeat(20_000));
  there("RPUSH", "list", ...many);
  here("SADD", "set", ...many);
  there("HSET", "hash", ...many, "last", "1", "2", "3");
  here("SADD", "numbers", "1", "2");
  there("SADD", "numbers", "3");
  here("SET", "short", "lived", "PX", "50");
  assert.equal(there("STRLEN", "string"), 20_000);
  assert.equal(here("LLEN", "list"), 3000);
  assert.deepEqual(here("LRANGE", "list", "2998", "-1"), ["e2998", "e2999"]);
  assert.equal(there("SISMEMBER", "set", "e2999"), 1);
  assert.equal(here("HGET", "hash", "e2998"), "e2999");
  assert.deepEqual(here("SMEMBERS", "numbers"), ["1", "2", "3"]);
  const [first, second] = [one, two].map(({ keyspace }) =>
    keyspace.deadlines.firstKey(keyspace.deadlineTree(0)),
  );
  assert.equal(second, first);
  two.advance(100);
  assert.equal(there("GET", "short"), null);
  assert.equal(two.log.at(-1), "DEL short");
  here("DEL", "set");
  while (two.keyspace.disposing) two.keyspace.reclaim();
  for (const database of [one, two]) {
    database.keyspace.memory.refresh();
    database.keyspace.verify();
  }
  there("FLUSHALL");
  while (two.keyspace.disposing) two.keyspace.reclaim();
  one.keyspace.dropEmpty();
  while (one.keyspace.disposing) one.keyspace.reclaim();
  assert.equal(one.keyspace.memory.usedBytes, 0);
});

test("WATCH in one thread hears of a write in the other", () => {
  const { here, there } = pair();
  here("SET", "k", "1");
  here("WATCH", "k");
  there("SET", "k", "2");
  here("MULTI");
  here("SET", "k", "3");
  assert.equal(here("EXEC"), null);
  assert.equal(there("GET", "k"), "2");
});

test("memory comes down to a lowered limit step by step, whoever writes", () => {
  const { one, two, here, there } = pair();
  for (let i = 0; i < 3000; i++) here("SET", `key:${i}`, "x".repeat(100));
  one.keyspace.setEvictionPolicy("allkeys-random");
  one.executor.memoryLimit.bytes = one.keyspace.memory.usedBytes >> 1;
  there("SET", "another", "1");
  const left = two.keyspace.size(0);
  assert.ok(left > 2900 && left < 3000, `one command evicted ${3000 - left} keys`);
  assert.ok(one.executor.memoryLimit.evicting && two.executor.memoryLimit.evicting);
  while (two.executor.memoryLimit.evicting) there("SET", "another", "1");
  assert.ok(!one.executor.memoryLimit.evicting);
});

/** Everything that two databases hold. */
function contents(call: (...words: string[]) => unknown): unknown {
  const reading: Record<string, string[]> = {
    string: ["GET"],
    list: ["LRANGE", "0", "-1"],
    set: ["SMEMBERS"],
    hash: ["HGETALL"],
  };
  const values = ["0", "1"].flatMap((db) => {
    call("SELECT", db);
    return (call("KEYS", "*") as string[]).sort().map((key) => {
      const type = call("TYPE", key) as string;
      const [name, ...rest] = reading[type];
      const value = call(name, key, ...rest);
      const inOrder = type === "set" || type === "hash" ? (value as string[]).sort() : value;
      return [db, key, call("PEXPIRETIME", key), inOrder];
    });
  });
  call("SELECT", "0");
  return values;
}

for (const many of [1, 400]) {
  test(`a transaction of ${many} rounds that its thread left open is rolled back by another`, () => {
    const { one, two, here, there } = pair();
    const names = Array.from({ length: 200 }, (_, i) => `name ${i}`);
    here("SET", "string", "x".repeat(9000));
    here("SET", "gone", "1", "PX", "100000");
    here("RPUSH", "list", ...names);
    here("SADD", "set", ...names);
    here("HSET", "hash", ...names);
    here("SADD", "numbers", "1", "2", "3");
    const before = contents(there);
    one.keyspace.memory.refresh();

    one.keyspace.begin();
    for (let i = 0; i < many; i++) {
      here("APPEND", "string", "more");
      here("DEL", "gone");
      here("LPUSH", "list", `${i}`);
      here("LREM", "list", "1", "name 3");
      here("SREM", "set", `name ${i}`);
      here("SADD", "set", `other ${i}`);
      here("HSET", "hash", `other ${i}`, "x".repeat(100), "name 2", `${i}`);
      here("SADD", "numbers", `${i * 1e9}`, "text");
      here("RENAME", "numbers", "renamed");
      here("RENAME", "renamed", "numbers");
      here("EXPIRE", "hash", "1000");
      here("SET", `new ${i}`, "2", "EX", "10");
      if (i === many >> 1) here("SWAPDB", "0", "1");
      if (i % 100 === 99) here("FLUSHDB");
    }
    one.keyspace.begin();
    here("SET", "within", "another");

    two.keyspace.memory.refresh();
    assert.ok(two.keyspace.isLeftOpen);
    assert.throws(() => two.keyspace.begin(), /has been rolled back/);
    two.keyspace.rollBackLeft();
    assert.ok(!two.keyspace.isLeftOpen);
    assert.deepEqual(contents(there), before);
    two.keyspace.verify();

    two.keyspace.begin();
    there("SET", "string", "kept");
    two.keyspace.end();
    assert.equal(there("GET", "string"), "kept");
    there("FLUSHALL");
    while (two.keyspace.disposing) two.keyspace.reclaim();
    assert.equal(two.keyspace.memory.usedBytes, 0);
  });
}

test("a transaction begins anew behind those of other threads", () => {
  const { one, two, here, there } = pair();
  for (const [{ keyspace }, call] of [
    [one, here],
    [two, there],
    [one, here],
  ] as const) {
    for (const holds of [false, true]) {
      const mark = keyspace.begin();
      for (let i = 0; i < 100; i++) call("SET", `key ${i}`, `${holds}`);
      if (!holds) keyspace.rollBack(mark);
      keyspace.end();
    }
    keyspace.verify();
    keyspace.flush(0);
  }
});

test("what is looked up without the lock writes nothing, or asks for the lock", () => {
  const { two, here, there } = pair();
  const { keyspace } = two;
  here("SET", "k", "value");
  here("SET", "short", "lived", "PX", "50");
  keyspace.settings.notifications = EventClass.keyevent | EventClass.expired;
  two.advance(100_000);
  keyspace.beginReading();
  assert.equal(there("GET", "k"), "value");
  assert.equal(there("GET", "absent"), null);
  for (const words of [
    ["GET", "short"],
    ["EXISTS", "short"],
    ["SCAN", "0"],
    ["TOUCH", "k"],
  ]) {
    assert.throws(() => there(...words), LockNeeded, words[0]);
  }
  keyspace.settings.notifications |= EventClass.missed;
  assert.throws(() => there("GET", "absent"), LockNeeded);
  keyspace.endReading();
  assert.equal(there("OBJECT", "IDLETIME", "k"), 100);
  assert.equal(there("GET", "short"), null);
  there("GET", "k");
  assert.equal(there("OBJECT", "IDLETIME", "k"), 0);
});
