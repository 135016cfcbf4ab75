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

test("what scripts and functions take counts as memory in use", () => {
  const db = filled();
  const { keyspace } = db;
  const { memoryLimit } = db.executor;
  const client = db.connect();
  keyspace.setEvictionPolicy("allkeys-lru");
  memoryLimit.bytes = keyspace.memory.usedBytes + 1000;
  assert.equal(client.line("SET k v"), "+OK");
  assert.equal(keyspace.counter(Counter.evicted), 0);
  client.raw("SCRIPT", "LOAD", `return 1 -- ${"x".repeat(100_000)}`);
  assert.equal(client.line("SET k v"), "+OK");
  const keys = keyspace.size(0);
  assert.ok(keyspace.counter(Counter.evicted) > 0);
  assert.ok(keyspace.memory.usedBytes + 100_000 <= memoryLimit.bytes);

  assert.equal(client.line("SCRIPT FLUSH"), "+OK");
  const library = "#!lua name=l\nredis.register_function('f', function() end)";
  client.raw("FUNCTION", "LOAD", `${library} -- ${"x".repeat(100_000)}`);
  client.line("SET k v");
  assert.ok(Math.abs(keyspace.size(0) - keys) < 10, "it is as large as the script was, about");
  client.line("FUNCTION FLUSH");
  assert.equal(keyspace.settings.memoryBeside, 0);
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
