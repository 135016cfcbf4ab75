import assert from "node:assert/strict";
import { test } from "node:test";
import { Session } from "../../engine/session.ts";
import { START_MS, TestDatabase } from "../test-support.ts";

test("messages reach subscribers of the channel and of patterns", () => {
  const db = new TestDatabase();
  const [a, b, c] = [db.connect(), db.connect(), db.connect()];
  assert.equal(a.line("SUBSCRIBE ch x"), "*3 $9 subscribe $2 ch :1 *3 $9 subscribe $1 x :2");
  assert.equal(b.line("PSUBSCRIBE c*"), "*3 $10 psubscribe $2 c* :1");
  assert.equal(c.line("PUBLISH ch hello"), ":2");
  assert.equal(a.take(), "*3 $7 message $2 ch $5 hello");
  assert.equal(b.take(), "*4 $8 pmessage $2 c* $2 ch $5 hello");
  assert.equal(a.line("UNSUBSCRIBE"), "*3 $11 unsubscribe $2 ch :1 *3 $11 unsubscribe $1 x :0");
  assert.equal(a.line("UNSUBSCRIBE"), "*3 $11 unsubscribe $-1 :0");
  assert.equal(b.line("PUNSUBSCRIBE nothing"), "*3 $12 punsubscribe $7 nothing :1");
  assert.equal(c.line("PUBLISH ch hello"), ":1");
});

test("channels and messages may be any bytes", () => {
  const db = new TestDatabase();
  const a = db.connect();
  a.raw("SUBSCRIBE", Uint8Array.of(255, 0, 13, 10));
  db.connect().raw("PUBLISH", Uint8Array.of(255, 0, 13, 10), Uint8Array.of(128));
  assert.equal(a.received, "*3\r\n$7\r\nmessage\r\n$4\r\n\xff\0\r\n\r\n$1\r\n\x80\r\n");
});

test("in RESP2 a subscriber may only subscribe, ping and go", () => {
  const a = new TestDatabase().connect();
  a.line("SUBSCRIBE ch");
  assert.match(a.line("GET k"), /^-ERR Can't execute 'get': only/);
  assert.match(a.line("CLIENT GETNAME"), /^-ERR Can't execute 'client\|getname'/);
  assert.equal(a.line("PING"), "*2 $4 pong $0");
  assert.equal(a.line("PING hi"), "*2 $4 pong $2 hi");
  a.line("UNSUBSCRIBE");
  assert.equal(a.line("PING"), "+PONG");
});

test("in RESP3 a subscriber may do anything, and its own message follows the reply", () => {
  const db = new TestDatabase();
  const a = db.connect();
  a.line("HELLO 3");
  assert.equal(a.line("SUBSCRIBE ch"), ">3 $9 subscribe $2 ch :1");
  assert.equal(a.line("PUBLISH ch x"), ":1 >3 $7 message $2 ch $1 x");
  for (const line of ["MULTI", "PUBLISH ch y", "PING"]) a.line(line);
  assert.equal(a.line("EXEC"), "*2 :1 +PONG >3 $7 message $2 ch $1 y");
  assert.equal(a.take(), "");
  a.line("HELLO 2");
  assert.match(a.line("GET k"), /^-ERR Can't execute/);
});

test("PUBSUB tells who listens", () => {
  const db = new TestDatabase();
  const [a, b] = [db.connect(), db.connect()];
  a.line("SUBSCRIBE one two");
  a.line("PSUBSCRIBE p* q*");
  db.context.pubsub.channelListeners.set("two", new Set([() => {}]));
  assert.deepEqual(b.call("PUBSUB", "CHANNELS"), ["one", "two"]);
  assert.deepEqual(b.call("PUBSUB", "CHANNELS", "t*"), ["two"]);
  assert.deepEqual(b.call("PUBSUB", "NUMSUB", "one", "two", "x"), ["one", 1, "two", 2, "x", 0]);
  assert.equal(b.call("PUBSUB", "NUMPAT"), 2);
  assert.deepEqual(b.call("PUBSUB", "SHARDCHANNELS"), []);
  assert.deepEqual(b.call("PUBSUB", "SHARDNUMSUB", "x"), ["x", 0]);
  assert.match(b.line("PUBSUB CHANNELS a b"), /^-ERR unknown subcommand or wrong number/);
});

test("shard channels are apart from channels, and no pattern matches them", () => {
  const db = new TestDatabase();
  const [a, b, c] = [db.connect(), db.connect(), db.connect()];
  assert.equal(a.line("SSUBSCRIBE ch x"), "*3 $10 ssubscribe $2 ch :1 *3 $10 ssubscribe $1 x :2");
  b.line("SUBSCRIBE ch");
  b.line("PSUBSCRIBE *");
  assert.equal(c.line("SPUBLISH ch hello"), ":1");
  assert.equal(a.take(), "*3 $8 smessage $2 ch $5 hello");
  assert.equal(b.take(), "");
  assert.equal(c.line("PUBLISH x hello"), ":1");
  assert.equal(a.take(), "");
  assert.deepEqual(c.call("PUBSUB", "SHARDCHANNELS"), ["ch", "x"]);
  assert.deepEqual(c.call("PUBSUB", "SHARDCHANNELS", "c*"), ["ch"]);
  assert.deepEqual(c.call("PUBSUB", "SHARDNUMSUB", "ch", "y"), ["ch", 1, "y", 0]);
  assert.deepEqual(c.call("PUBSUB", "CHANNELS"), ["ch"]);
  assert.match(a.line("GET k"), /^-ERR Can't execute 'get'/);
  db.executor.forget(a.session);
  assert.deepEqual(c.call("PUBSUB", "SHARDCHANNELS"), []);
  assert.equal(c.line("SPUBLISH ch hello"), ":0");
});

test("an embedded session is told where to subscribe", () => {
  const db = new TestDatabase();
  const reply = db.run(new Session(9, START_MS), ["SUBSCRIBE", "ch"]);
  assert.match(reply, /^-ERR SUBSCRIBE needs a connection: .*db\.subscribe\(\)/);
});
