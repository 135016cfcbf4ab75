import assert from "node:assert/strict";
import { test } from "node:test";
import { Figure } from "../../engine/statistics.ts";
import { Counter } from "../../keyspace/figures.ts";
import { TestDatabase } from "../test-support.ts";

test("MULTI queues, EXEC answers for each and logs one unit", () => {
  const db = new TestDatabase();
  const a = db.connect();
  assert.equal(a.line("MULTI"), "+OK");
  assert.equal(a.line("SET x 1"), "+QUEUED");
  assert.equal(a.line("INCR x"), "+QUEUED");
  assert.equal(a.line("GET x"), "+QUEUED");
  assert.deepEqual(db.log, []);
  assert.equal(a.line("EXEC"), "*3 +OK :2 $1 2");
  assert.deepEqual(db.log, ["MULTI", "SET x 1", "INCR x", "EXEC"]);
  assert.equal(a.line("EXEC"), "-ERR EXEC without MULTI");
  assert.equal(a.session.gates, 0);
});

test("a transaction that changed nothing leaves nothing in the log", () => {
  const db = new TestDatabase();
  const a = db.connect();
  a.line("MULTI");
  a.line("GET x");
  a.line("DEL x");
  assert.equal(a.line("EXEC"), "*2 $-1 :0");
  assert.deepEqual(db.log, []);
});

test("changes are counted once", () => {
  const db = new TestDatabase();
  const a = db.connect();
  const before = db.keyspace.counter(Counter.changes);
  for (const line of ["MULTI", "SET x 1", "SET y 1", "EXEC"]) a.line(line);
  assert.equal(db.keyspace.counter(Counter.changes) - before, 2);
});

test("an error while queueing aborts EXEC", () => {
  const a = new TestDatabase().connect();
  for (const wrong of ["BOGUS", "GET", "OBJECT BOGUS k", "DISCARD 1"]) {
    a.line("MULTI");
    assert.match(a.line(wrong), /^-ERR/);
    assert.equal(a.line("SET k v"), "+QUEUED");
    assert.equal(a.line("EXEC"), "-EXECABORT Transaction discarded because of previous errors.");
    assert.equal(a.line("EXISTS k"), ":0");
  }
  const abort =
    "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command";
  a.line("MULTI");
  assert.equal(a.line("EXEC 1"), abort);
  assert.equal(a.line("EXEC"), "-ERR EXEC without MULTI");
  assert.equal(a.line("EXEC 1"), abort);
});

test("an error at EXEC stops nothing and is counted once", () => {
  const db = new TestDatabase();
  const a = db.connect();
  for (const line of ["SET s v", "MULTI", "INCR s", "SET t 1"]) a.line(line);
  assert.equal(a.line("EXEC"), "*2 -ERR value is not an integer or out of range +OK");
  assert.equal(a.line("GET t"), "$1 1");
  assert.equal(new Map(db.executor.statistics.errors()).get("ERR"), 1);
  assert.equal(db.figure("incr", Figure.failed), 1);
  assert.equal(db.figure("exec", Figure.failed), 0);
});

test("WATCH lets EXEC fail when a key was changed, also by the session itself", () => {
  const db = new TestDatabase();
  const [a, b] = [db.connect(), db.connect()];
  const exec = (): string => {
    a.line("MULTI");
    a.line("PING");
    return a.line("EXEC");
  };
  a.line("WATCH k k");
  assert.equal(a.session.transaction.watchCount, 1);
  b.line("SET k 1");
  assert.equal(exec(), "*-1");
  assert.equal(exec(), "*1 +PONG");
  a.line("WATCH k");
  a.line("SET k 2");
  assert.equal(exec(), "*-1");
  a.line("WATCH k");
  b.line("SET k 3");
  a.line("UNWATCH");
  assert.equal(exec(), "*1 +PONG");
  a.line("WATCH k");
  b.line("SELECT 1");
  b.line("SET k 3");
  assert.equal(exec(), "*1 +PONG");
  assert.equal(db.keyspace.watched.any, false);
});

test("a key that expires after WATCH aborts, one that had expired before does not", () => {
  const db = new TestDatabase();
  const a = db.connect();
  a.line("SET k v PX 10");
  a.line("WATCH k");
  db.advance(20);
  a.line("MULTI");
  a.line("PING");
  assert.equal(a.line("EXEC"), "*-1");
  a.line("SET k v PX 10");
  db.advance(20);
  a.line("WATCH k");
  a.line("MULTI");
  a.line("PING");
  assert.equal(a.line("EXEC"), "*1 +PONG");
});

test("SELECT inside a transaction holds for what follows it", () => {
  const db = new TestDatabase();
  const a = db.connect();
  for (const line of ["MULTI", "SELECT 1", "SET k one", "DEL k", "SET k two"]) a.line(line);
  assert.equal(a.line("EXEC"), "*4 +OK +OK :1 +OK");
  assert.equal(a.line("GET k"), "$3 two");
  a.line("SELECT 0");
  assert.equal(a.line("GET k"), "$-1");
});

test("a transaction that writes is refused as a whole while writes are", () => {
  const db = new TestDatabase();
  const a = db.connect();
  a.line("MULTI");
  a.line("SET k v");
  db.services.refusal = "MISCONF the log cannot be written";
  assert.equal(
    a.line("EXEC"),
    "-EXECABORT Transaction discarded because of: MISCONF the log cannot be written",
  );
  assert.equal(a.line("EXEC"), "-ERR EXEC without MULTI");
  a.line("MULTI");
  a.line("GET k");
  assert.equal(a.line("EXEC"), "*1 $-1");
  a.line("MULTI");
  assert.equal(a.line("SET k v"), "-MISCONF the log cannot be written");
  assert.match(a.line("EXEC"), /^-EXECABORT/);
});

test("blocking commands reply at once inside, and waiters see the state after EXEC", () => {
  const db = new TestDatabase();
  const [a, b] = [db.connect(), db.connect()];
  a.line("MULTI");
  a.line("BLPOP l 0");
  assert.equal(a.line("EXEC"), "*1 *-1");
  assert.equal(b.line("BLPOP l 0"), "");
  for (const line of ["MULTI", "RPUSH l a", "DEL l"]) a.line(line);
  assert.equal(a.line("EXEC"), "*2 :1 :1");
  assert.equal(b.take(), "");
  a.line("RPUSH l b");
  assert.equal(b.take(), "*2 $1 l $1 b");
});

test("a reply that is too large is an error in its place, and all has been executed", () => {
  const db = new TestDatabase();
  const a = db.connect();
  db.context.reply.bytesMax = 100_000;
  a.line(`SET k ${"v".repeat(30_000)}`);
  for (const line of ["MULTI", "GET k", "GET k", "GET k", "GET k", "SET x 1"]) a.line(line);
  const fits = `$30000 ${"v".repeat(30_000)}`;
  const tooLarge = "-ERR the reply would be larger than 2 GiB";
  assert.ok(a.line("EXEC") === `*5 ${fits} ${fits} ${fits} ${tooLarge} +OK`);
  assert.equal(a.line("GET x"), "$1 1");
  assert.deepEqual(db.log.slice(-1), ["SET x 1"]);
  // Where not even the error has room, it stands for all of the replies.
  a.line(`SET k ${"v".repeat(33_314)}`);
  for (const line of ["MULTI", "GET k", "GET k", "GET k", "GET k", "SET x 2"]) a.line(line);
  assert.equal(a.line("EXEC"), tooLarge);
  assert.equal(a.line("GET x"), "$1 2");
  assert.deepEqual(db.log.slice(-1), ["SET x 2"]);
});
