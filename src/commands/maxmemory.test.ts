import assert from "node:assert/strict";
import { test } from "node:test";
import { Counter } from "../keyspace/figures.ts";
import { TestDatabase } from "./test-support.ts";

function filled(): TestDatabase {
  const db = new TestDatabase();
  const client = db.connect();
  for (let i = 0; i < 5000; i++) client.line(`SET key:${i} ${"v".repeat(100)}`);
  return db;
}

test("when the limit is lowered, no command pays for all that has to go", () => {
  const db = filled();
  const { keyspace } = db;
  const { memoryLimit } = db.executor;
  const { memory } = keyspace;
  const client = db.connect();
  keyspace.setEvictionPolicy("allkeys-lru");
  const limit = memory.usedBytes >> 1;
  memoryLimit.bytes = limit;
  assert.ok(memoryLimit.evicting);
  let highest = memory.usedBytes;
  for (let i = 0; memoryLimit.evicting; i++) {
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
  const { keyspace } = db;
  const { memoryLimit } = db.executor;
  memoryLimit.bytes = keyspace.memory.usedBytes - 50_000;
  assert.ok(memoryLimit.evicting);
  assert.equal(memoryLimit.makeRoom(), false, "noeviction");
  assert.equal(memoryLimit.evicting, false);
  assert.match(db.connect().line("SET k v"), /^-OOM /);
  keyspace.setEvictionPolicy("allkeys-random");
  for (let i = 0; i < 1000 && (i === 0 || memoryLimit.evicting); i++) memoryLimit.makeRoom();
  assert.ok(keyspace.memory.usedBytes <= memoryLimit.bytes);
  assert.equal(memoryLimit.evicting, false);
  assert.equal(db.connect().line("SET k v"), "+OK");
});
