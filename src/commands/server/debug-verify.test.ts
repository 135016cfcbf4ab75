import assert from "node:assert/strict";
import { test } from "node:test";
import { asciiBytes } from "../../base/bytes.ts";
import { TestDatabase } from "../test-support.ts";

function filled(): TestDatabase {
  const database = new TestDatabase();
  const client = database.connect();
  for (let i = 0; i < 40_000; i++) client.raw("SET", `key:${i}`, `value ${i}`);
  for (let i = 0; i < 20_000; i++) client.raw("RPUSH", "list", `element ${i}`);
  for (let i = 0; i < 20_000; i++) client.raw("SADD", "set", `member ${i}`);
  client.raw("PEXPIRE", "key:7", "1000000");
  return database;
}

/** Takes the deadline of key:7 out of the tree. */
function damage(database: TestDatabase): void {
  const { keyspace } = database;
  const entry = keyspace.peek(0, asciiBytes("key:7"), 0, 5);
  keyspace.deadlines.remove(keyspace.deadlineTree(0), keyspace.records.deadline(entry), entry);
}

test("DEBUG VERIFY is answered after slices between which others are served", () => {
  const database = filled();
  const asking = database.connect();
  const other = database.connect();
  assert.equal(asking.raw("DEBUG", "VERIFY"), "");
  assert.ok(asking.session.waiting !== null);
  let slices = 0;
  for (; asking.session.waiting !== null; slices++) {
    assert.equal(asking.take(), "");
    assert.equal(other.line("INCR served"), `:${slices + 1}`);
    other.raw("DEL", `key:${slices}`);
    database.advance(1);
  }
  assert.ok(slices > 3);
  assert.equal(asking.take(), "+OK");
  assert.equal(asking.line("PING"), "+PONG");
  assert.equal(database.services.timers.size, 0);
});

test("what is broken is the reply, and the server goes on", () => {
  const database = filled();
  damage(database);
  const asking = database.connect();
  asking.raw("DEBUG", "VERIFY");
  while (asking.session.waiting !== null) database.advance(1);
  const broken =
    "-ERR the database is damaged: not so: the deadline of an entry stands in the tree; " +
    'at database 0, key "key:7"';
  assert.equal(asking.take(), broken);
  assert.equal(asking.line("GET key:1"), "$7 value 1");
});

test("in a transaction it is verified at once; who leaves or is unblocked stops it", () => {
  const database = filled();
  const asking = database.connect();
  for (const line of ["MULTI", "DEBUG VERIFY", "PING"]) asking.line(line);
  assert.equal(asking.line("EXEC"), "*2 +OK +PONG");
  asking.raw("DEBUG", "VERIFY");
  database.advance(1);
  assert.equal(database.connect().line(`CLIENT UNBLOCK ${asking.session.id} TIMEOUT`), ":1");
  assert.match(asking.take(), /^-ERR ended after \d+ keys, which are whole$/);
  assert.equal(database.services.timers.size, 0);
  asking.raw("DEBUG", "VERIFY");
  database.executor.forget(asking.session);
  assert.equal(database.services.timers.size, 0);
});
