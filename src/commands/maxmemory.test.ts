import assert from "node:assert/strict";
import { test } from "node:test";
import { Counter } from "../keyspace/keyspace.ts";
import { TestDatabase } from "./test-support.ts";

function filled(): TestDatabase {
  const db = new TestDatabase();
  const client = db.connect();
  for (let i = 0; i < 5000; i++) client.line(`SET key:${i} ${"v".repeat(100)}`);
  return db;
}

test("when the limit is lowered, no command pays for all that has to go", () => {
  const db = filled();
  const { executor, keyspace } = db;
  const { memory } = keyspace;
  const client = db.connect();
  keyspace.setEvictionPolicy("allkeys-lru");
  const limit = memory.usedBytes >> 1;
  executor.memoryLimit = limit;
  assert.ok(executor.evicting);
  let highest = memory.usedBytes;
  for (let i = 0; executor.evicting; i++) {
    assert.ok(i < 1000);
    const before = keyspace.counter(Counter.evicted);
    assert.equal(client.line(`SET new:${i} ${"w".repeat(1000)}`), "+OK");
    assert.ok(keyspace.counter(Counter.evicted) - before < 100);
    assert.ok(memory.usedBytes <= highest + 1200, "memory comes down");
    highest = Math.min(highest, memory.usedBytes);
  }
  assert.ok(memory.usedBytes <= limit + 1200);
  assert.equal(client.line("SET more x"), "+OK");
  assert.ok(memory.usedBytes <= limit + 1200);
});

test("in the background eviction ends where the limit is kept, or where nothing may go", () => {
  const db = filled();
  const { executor, keyspace } = db;
  executor.memoryLimit = keyspace.memory.usedBytes - 50_000;
  assert.ok(executor.evicting);
  assert.equal(executor.makeRoom(), false, "noeviction");
  assert.equal(executor.evicting, false);
  assert.match(db.connect().line("SET k v"), /^-OOM /);
  keyspace.setEvictionPolicy("allkeys-random");
  for (let i = 0; i < 1000 && (i === 0 || executor.evicting); i++) executor.makeRoom();
  assert.ok(keyspace.memory.usedBytes <= executor.memoryLimit);
  assert.equal(executor.evicting, false);
  assert.equal(db.connect().line("SET k v"), "+OK");
});
