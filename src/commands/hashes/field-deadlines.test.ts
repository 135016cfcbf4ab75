// The replies below are as Redis 7.4's source has them, and 8's for HGETDEL, HGETEX and HSETEX.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Fixture } from "../collections-test-support.ts";

/** A time of which tests count. */
const NOW = 1_000_000;

function fixture(): Fixture {
  const f = new Fixture();
  f.database.executor.setNow(NOW);
  f.listen();
  return f;
}

test("HEXPIRE and its kin set deadlines, and the log gets HPEXPIREAT with the time", () => {
  const f = fixture();
  f.call("hset h a 1 b 2");
  assert.equal(f.call("hexpire h 10 fields 2 a x"), "*2 :1 :-2");
  assert.equal(f.call("hpexpire h 1500 fields 1 b"), "*1 :1");
  assert.equal(f.call("hpttl h fields 3 a b x"), "*3 :10000 :1500 :-2");
  assert.equal(f.call("httl h fields 2 a b"), "*2 :10 :2");
  assert.equal(f.call("hexpireat h 2000 fields 1 a"), "*1 :1");
  assert.equal(f.call("hpexpireat h 2000001 fields 1 b"), "*1 :1");
  assert.equal(f.call("hexpiretime h fields 2 a b"), "*2 :2000 :2001");
  assert.equal(f.call("hpexpiretime h fields 2 a b"), "*2 :2000000 :2000001");
  assert.deepEqual(f.effects.slice(1), [
    "HPEXPIREAT h 1010000 FIELDS 1 a",
    "HPEXPIREAT h 1001500 FIELDS 1 b",
    "HPEXPIREAT h 2000000 FIELDS 1 a",
    "HPEXPIREAT h 2000001 FIELDS 1 b",
  ]);
  assert.deepEqual(f.events.slice(1), Array(4).fill("hexpire h"));
  f.keyspace.verify();
});

test("conditions: a field without a deadline is later than all others", () => {
  const f = fixture();
  f.call("hset h a 1 b 2");
  assert.equal(f.call("hpexpire h 100 xx fields 1 a"), "*1 :0");
  assert.equal(f.call("hpexpire h 100 gt fields 1 a"), "*1 :0");
  assert.equal(f.call("hpexpire h 100 nx fields 1 a"), "*1 :1");
  assert.equal(f.call("hpexpire h 200 nx fields 1 a"), "*1 :0");
  assert.equal(f.call("hpexpire h 200 lt fields 2 a b"), "*2 :0 :1");
  assert.equal(f.call("hpexpire h 100 gt fields 1 a"), "*1 :0");
  assert.equal(f.call("hpexpire h 150 gt fields 1 a"), "*1 :1");
  assert.equal(f.call("hpexpire h 120 xx fields 1 a"), "*1 :1");
  assert.equal(f.call("hpttl h fields 2 a b"), "*2 :120 :200");
});

test("a deadline that has passed deletes the field, and the key with the last one", () => {
  const f = fixture();
  f.call("hset h a 1 b 2");
  assert.equal(f.call("hpexpireat h 1 fields 2 a a"), "*2 :2 :-2");
  assert.equal(f.call("hexpire h 0 fields 1 b"), "*1 :2");
  assert.equal(f.encoding("h"), "none");
  assert.deepEqual(f.effects.slice(1), ["HDEL h a", "HDEL h b"]);
  assert.deepEqual(f.events.slice(1), ["hdel h", "hdel h", "del h"]);
});

test("what is wrong is refused in Redis's order and words", () => {
  const f = fixture();
  f.call("set s 1");
  f.call("hset h a 1");
  const wrongType = "-WRONGTYPE Operation against a key holding the wrong kind of value";
  assert.equal(f.call("hexpire s x fields 1 a"), wrongType);
  assert.equal(f.call("httl s fields 1 a"), wrongType);
  assert.equal(f.call("hpersist s fields 1 a"), wrongType);
  const refused = (request: string, error: string): void => {
    assert.equal(f.call(request), `-ERR ${error}`, request);
  };
  refused("hexpire h x fields 1 a", "value is not an integer or out of range");
  refused("hexpire h -1 fields 1 a", "invalid expire time, must be >= 0");
  const beyond = "invalid expire time in 'hpexpireat' command";
  assert.equal(f.call("hpexpireat h 70368744177663 fields 1 x"), "*1 :-2");
  refused("hpexpireat h 70368744177664 fields 1 a", beyond);
  const missing = "Mandatory argument FIELDS is missing or not at the right position";
  refused("hexpire h 1 foo fields 1 a", missing);
  refused("httl h foo 1 a", missing);
  refused("hexpire h 1 fields 0 a", "Parameter `numFields` should be greater than 0");
  refused("httl h fields 0 a", "Number of fields must be a positive integer");
  const count = "The `numfields` parameter must match the number of arguments";
  refused("hexpire h 1 fields 2 a", count);
  refused("hpersist h fields 1 a b", count);
  assert.equal(f.call("hexpire none 1 fields 2 a b"), "*2 :-2 :-2");
  assert.equal(f.call("httl none fields 1 a"), "*1 :-2");
});

test("a field that has expired is seen by nobody, and the log is told before the request", () => {
  for (const request of ["hgetall h", "hlen h", "hkeys h", "hscan h 0", "hexists h a"]) {
    const f = fixture();
    f.call("hset h a 1 b 2");
    f.call("hpexpire h 10 fields 1 a");
    f.database.executor.setNow(NOW + 10);
    assert.equal(f.call("hget h a"), "$1 1", "as a key, at its deadline it is still there");
    f.database.executor.setNow(NOW + 11);
    const reply = f.call(request);
    assert.ok(!reply.includes(" a") && reply !== ":2", `${request}: ${reply}`);
    assert.equal(f.effects.at(-1), "HDEL h a");
    assert.equal(f.events.at(-1), "hexpired h");
    f.keyspace.verify();
  }
});

test("the last field that expires takes the key with it, whoever looks first", () => {
  for (const looks of [
    (f: Fixture) => assert.equal(f.call("exists h"), ":0"),
    (f: Fixture) => assert.equal(f.database.executor.expireDue(100), 1),
  ]) {
    const f = fixture();
    f.call("hset h a 1");
    f.call("hpexpire h 10 fields 1 a");
    f.database.executor.setNow(NOW + 11);
    assert.equal(f.call("keys *"), "*0");
    looks(f);
    assert.equal(f.call("dbsize"), ":0");
    assert.deepEqual(f.events.slice(-2), ["hexpired h", "del h"]);
    f.keyspace.verify();
  }
});

test("fields expire in order over all hashes, so many at a time", () => {
  const f = fixture();
  for (let i = 0; i < 50; i++) {
    f.call(`hset h${i % 5} f${i} v`);
    f.call(`hpexpire h${i % 5} ${100 - i} fields 1 f${i}`);
  }
  f.call("hset h0 stays v");
  f.database.executor.setNow(NOW + 76);
  let left = 25;
  while (left > 0) {
    const done = f.database.executor.expireDue(4);
    assert.ok(done > 0);
    left = Math.max(0, left - done);
    f.keyspace.verify();
  }
  while (f.database.executor.expireDue(4) > 0);
  const lengths = [0, 1, 2, 3, 4].map((i) => Number(f.call(`hlen h${i}`).slice(1)));
  assert.equal(
    lengths.reduce((sum, n) => sum + n, 0),
    26,
  );
});

/** A hash of 2,000 fields that have expired, too many to be taken out at once, and of others. */
function manyExpired(...kept: string[]): Fixture {
  const f = fixture();
  const fields = Array.from({ length: 2000 }, (_, i) => `f${i}`);
  f.callWords(["hset", "h", ...fields.flatMap((field) => [field, "1"])]);
  f.callWords(["hpexpire", "h", "10", "fields", "2000", ...fields]);
  for (const field of kept) f.callWords(["hset", "h", field, "stays"]);
  f.call("hset h later 1");
  f.call("hpexpire h 1000 fields 1 later");
  f.database.executor.setNow(NOW + 11);
  f.effects.length = 0;
  f.events.length = 0;
  return f;
}

test("of many fields that expired a few are taken out, and nobody sees the others", () => {
  const f = manyExpired("a");
  assert.equal(f.call("hlen h"), ":2");
  assert.ok(f.effects.length > 0 && f.effects.length < 50, "so many are taken out at once");
  for (const field of ["f1900", "f1950", "f1999"]) {
    assert.equal(f.call(`hget h ${field}`), "$-1");
    assert.equal(f.call(`hexists h ${field}`), ":0");
    assert.equal(f.call(`hstrlen h ${field}`), ":0");
    assert.equal(f.call(`hdel h ${field}`), ":0");
    assert.equal(f.call(`hpttl h fields 1 ${field}`), "*1 :-2");
    assert.equal(f.call(`hpexpire h 100 fields 1 ${field}`), "*1 :-2");
    assert.equal(f.call(`hpersist h fields 1 ${field}`), "*1 :-2");
    assert.equal(f.call(`hgetdel h fields 1 ${field}`), "*1 $-1");
    assert.equal(f.call(`hgetex h persist fields 1 ${field}`), "*1 $-1");
  }
  f.keyspace.verify();
  const g = manyExpired("a");
  assert.match(g.call("hgetall h"), /^\*4 (\$1 a \$5 stays \$5 later \$1 1|\$5 later .* stays)$/);
  assert.match(g.call("hkeys h"), /^\*2 /);
  assert.match(g.call("hvals h"), /^\*2 /);
  let scanned = 0;
  let cursor = "0";
  do {
    const words = g.call(`hscan h ${cursor}`).split(" ");
    cursor = words[2] as string;
    scanned += Number((words[3] as string).slice(1)) / 2;
  } while (cursor !== "0");
  assert.equal(scanned, 2);
  const h = manyExpired("a");
  for (let i = 0; i < 10; i++) assert.match(h.call("hrandfield h"), /^\$\d (a|later)$/);
  assert.match(h.call("hrandfield h 5"), /^\*2 /);
  assert.match(h.call("hrandfield h -5"), /^\*5( \$\d (a|later)){5}$/);
  const entry = h.keyspace.peek(0, new Uint8Array([104]), 0, 1);
  assert.ok(h.keyspace.tables.count(h.keyspace.records.pointer(entry)) > 1000, "the test's point");
});

test("a field that expired is set anew, and the log is told that it had gone", () => {
  for (const [request, reply] of [
    ["hset h f1999 x", ":1"],
    ["hsetnx h f1999 x", ":1"],
    ["hincrby h f1999 5", ":5"],
    ["hincrbyfloat h f1999 5.5", "$3 5.5"],
    ["hsetex h fnx fields 1 f1999 x", ":1"],
    ["hsetex h keepttl fields 1 f1999 x", ":1"],
  ] as const) {
    const f = manyExpired("a");
    assert.equal(f.call(request), reply, request);
    assert.ok(f.effects.includes("HDEL h f1999"), request);
    assert.equal(f.call("hpttl h fields 1 f1999"), "*1 :-1", request);
    assert.equal(f.call("hlen h"), ":3");
    f.keyspace.verify();
  }
});

test("a hash of which only fields are left that have expired goes as a whole", () => {
  const f = manyExpired();
  assert.equal(f.call("hdel h later"), ":1");
  assert.equal(f.call("dbsize"), ":0");
  assert.ok(f.effects.includes("DEL h"));
  assert.deepEqual(f.events.slice(-3), ["hdel h", "hexpired h", "del h"]);
  f.keyspace.verify();
  const g = manyExpired();
  g.database.executor.setNow(NOW + 1001);
  assert.equal(g.call("exists h"), ":0");
  assert.deepEqual(g.effects, ["DEL h"]);
  assert.deepEqual(g.events, ["hexpired h", "del h"]);
  g.keyspace.verify();
  const h = manyExpired();
  h.database.executor.setNow(NOW + 1001);
  assert.equal(h.database.executor.expireDue(100), 100);
  assert.equal(h.call("dbsize"), ":0");
  h.keyspace.verify();
});

test("HSET takes a deadline away, HINCRBY and HINCRBYFLOAT leave it", () => {
  const f = fixture();
  f.call("hset h a 1 b 2 c 3");
  f.call("hpexpire h 100 fields 3 a b c");
  f.call("hset h a 5");
  f.call("hincrby h b 5");
  f.call("hincrbyfloat h c 0.5");
  assert.deepEqual(f.effects.slice(-3, -1), ["HSET h c 3.5", "HPEXPIREAT h 1000100 FIELDS 1 c"]);
  assert.equal(f.call("hpttl h fields 3 a b c"), "*3 :-1 :100 :100");
  assert.equal(f.call("hpersist h fields 4 a b c x"), "*4 :-1 :1 :1 :-2");
  assert.equal(f.effects.at(-1), "HPERSIST h FIELDS 2 b c");
  assert.equal(f.events.at(-1), "hpersist h");
  f.database.executor.setNow(NOW + 1000);
  assert.equal(f.database.executor.expireDue(10), 0);
  assert.equal(f.call("hlen h"), ":3");
  f.keyspace.verify();
});

test("HGETDEL returns fields and deletes them, the key with the last one", () => {
  const f = fixture();
  f.call("hset h a 1 b 2");
  f.call("hpexpire h 100 fields 1 a");
  assert.equal(f.call("hgetdel h fields 3 a x a"), "*3 $1 1 $-1 $-1");
  assert.equal(f.effects.at(-1), "HDEL h a");
  assert.equal(f.call("hgetdel h fields 1 b"), "*1 $1 2");
  assert.deepEqual(f.events.slice(-2), ["hdel h", "del h"]);
  assert.equal(f.call("hgetdel h fields 2 a b"), "*2 $-1 $-1");
  f.keyspace.verify();
});

test("HGETEX returns fields and changes their deadlines", () => {
  const f = fixture();
  f.call("hset h a 1 b 2");
  assert.equal(f.call("hgetex h fields 2 a x"), "*2 $1 1 $-1");
  assert.equal(f.call("hgetex h ex 5 fields 2 a x"), "*2 $1 1 $-1");
  assert.equal(f.effects.at(-1), "HPEXPIREAT h 1005000 FIELDS 1 a");
  assert.equal(f.call("hgetex h persist fields 2 a b"), "*2 $1 1 $1 2");
  assert.equal(f.effects.at(-1), "HPERSIST h FIELDS 1 a");
  assert.equal(f.call("hgetex h pxat 1 fields 1 a"), "*1 $1 1");
  assert.equal(f.effects.at(-1), "HDEL h a");
  assert.equal(f.call("hlen h"), ":1");
  const missing = "-ERR Mandatory argument FIELDS is missing or not at the right position";
  assert.equal(f.call("hgetex h ex 5 persist fields 1 b"), missing);
  f.keyspace.verify();
});

test("HSETEX sets fields with a deadline, where the condition holds for all", () => {
  const f = fixture();
  assert.equal(f.call("hsetex h fxx fields 1 a 1"), ":0");
  assert.equal(f.call("exists h"), ":0");
  assert.equal(f.call("hsetex h fnx px 100 fields 2 a 1 b 2"), ":1");
  const set = ["HSET h a 1 b 2", "HPEXPIREAT h 1000100 FIELDS 2 a b"];
  assert.deepEqual(f.effects, ["MULTI", ...set, "EXEC"]);
  assert.deepEqual(f.events, ["hset h", "hexpire h"]);
  assert.equal(f.call("hsetex h fnx fields 2 c 3 a 9"), ":0");
  assert.equal(f.call("hsetex h fxx fields 2 a 9 c 3"), ":0");
  assert.equal(f.call("hsetex h keepttl fields 2 a 9 c 3"), ":1");
  assert.equal(f.call("hpttl h fields 3 a b c"), "*3 :100 :100 :-1");
  assert.equal(f.call("hsetex h fields 1 a 8"), ":1");
  assert.equal(f.call("hmget h a b c"), "*3 $1 8 $1 2 $1 3");
  assert.equal(f.call("hpttl h fields 1 a"), "*1 :-1");
  assert.equal(f.call("hsetex h exat 1 fields 3 a 1 b 1 c 1"), ":1");
  assert.equal(f.call("exists h"), ":0");
  const refused = (request: string, error: string): void => {
    assert.equal(f.call(request), `-ERR ${error}`, request);
  };
  refused("hsetex h nx fields 1 a b", "unknown argument: nx");
  refused("hsetex h fnx fxx fields 1 a b", "Only one of FXX or FNX arguments can be specified");
  const times = "Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified";
  refused("hsetex h ex 1 keepttl fields 1 a b", times);
  refused("hsetex h fields x a b", "invalid number of fields");
  refused("hsetex h fields 2 a b", "wrong number of arguments for 'hsetex' command");
  f.keyspace.verify();
});

test("the log of HSETEX KEEPTTL is HSET, and the deadlines that were kept", () => {
  const f = fixture();
  f.call("hset h a 1 b 2 c 3");
  f.call("hpexpire h 100 fields 2 a c");
  f.effects.length = 0;
  assert.equal(f.call("hsetex h keepttl fields 3 a 4 b 5 d 6"), ":1");
  const kept = ["HSET h a 4 b 5 d 6", "HPEXPIREAT h 1000100 FIELDS 1 a"];
  assert.deepEqual(f.effects, ["MULTI", ...kept, "EXEC"]);
  assert.equal(f.call("hpttl h fields 4 a b c d"), "*4 :100 :-1 :100 :-1");
  f.effects.length = 0;
  f.call("hsetex h keepttl fields 1 b 7");
  assert.deepEqual(f.effects, ["HSET h b 7"]);
});

test("deadlines go with the hash: COPY, RENAME, MOVE, SWAPDB, DUMP and RESTORE", () => {
  const f = fixture();
  f.call("hset h a 1 b 2");
  f.call("hpexpire h 100 fields 1 a");
  f.call("copy h c");
  f.call("rename c d");
  f.call("move d 1");
  f.call("swapdb 0 1");
  assert.equal(f.call("hpttl d fields 2 a b"), "*2 :100 :-1");
  f.keyspace.verify();
  f.database.executor.setNow(NOW + 101);
  assert.equal(f.database.executor.expireDue(10), 2);
  assert.equal(f.call("hgetall d"), "*2 $1 b $1 2");
  f.keyspace.verify();
});

test("all memory comes back", () => {
  const f = fixture();
  f.call("set warm 1");
  f.call("del warm");
  f.call("hset h a 1");
  f.call("hpexpire h 5 fields 1 a");
  f.call("flushall");
  while (f.keyspace.disposing) f.keyspace.reclaim();
  const before = f.keyspace.memory.usedBytes;
  for (let i = 0; i < 300; i++) f.call(`hset h f${i} ${i}`);
  for (let i = 0; i < 300; i++) f.call(`hpexpire h ${i + 1} fields 1 f${i}`);
  f.call("copy h c");
  f.call("hset c f0 x");
  f.database.executor.setNow(NOW + 200);
  f.database.executor.expireDue(1000);
  f.keyspace.verify();
  f.call("flushall");
  while (f.keyspace.disposing) f.keyspace.reclaim();
  assert.equal(f.keyspace.memory.usedBytes, before);
});
