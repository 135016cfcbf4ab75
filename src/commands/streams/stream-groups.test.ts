// What redis-server 7.0.15 has not: how entries are given back, deleted if groups allow it, and
// claimed while reading; what goes to the log; who is woken. The rest is in
// test/conformance/stream-groups.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../../base/random.ts";
import { streamsOf } from "../../types/streams.ts";
import { START_MS, type TestClient, TestDatabase } from "../test-support.ts";

/** A stream `s` of so many entries 1-0, 2-0 …, of which its group `g` has read nothing. */
function open(entries: number): { database: TestDatabase; client: TestClient } {
  const database = new TestDatabase();
  const client = database.connect();
  client.line("XGROUP CREATE s g 0 MKSTREAM");
  for (let i = 1; i <= entries; i++) client.line(`XADD s ${i} f v${i}`);
  database.log = [];
  return { database, client };
}

function verify(database: TestDatabase): void {
  const { keyspace } = database;
  const streams = streamsOf({ keyspace });
  const key = new TextEncoder().encode("s");
  const entry = keyspace.peek(0, key, 0, key.length);
  streams.verify(keyspace.records.kind(entry), keyspace.records.pointer(entry));
}

const entry = (i: number, ...more: unknown[]): unknown[] => [`${i}-0`, ["f", `v${i}`], ...more];

test("XREADGROUP CLAIM gives what has been pending longest, then what is new", () => {
  const { database, client } = open(3);
  client.line("XREADGROUP GROUP g ann COUNT 1 STREAMS s >");
  database.advance(100);
  client.line("XREADGROUP GROUP g ann COUNT 1 STREAMS s >");
  database.advance(50);
  assert.deepEqual(client.call(..."XREADGROUP GROUP g bob CLAIM 200 STREAMS s >".split(" ")), [
    ["s", [entry(3, 0, 0)]],
  ]);
  assert.deepEqual(client.call(..."XREADGROUP GROUP g bob CLAIM 150 STREAMS s >".split(" ")), [
    ["s", [entry(1, 150, 1)]],
  ]);
  client.line("XADD s 4 f v4");
  assert.deepEqual(client.call(..."XREADGROUP GROUP g bob CLAIM 0 STREAMS s >".split(" ")), [
    ["s", [entry(2, 50, 1), entry(1, 0, 2), entry(3, 0, 1), entry(4, 0, 0)]],
  ]);
  assert.deepEqual(client.call("XPENDING", "s", "g"), [4, "1-0", "4-0", [["bob", "4"]]]);
  verify(database);
});

test("COUNT holds for what is claimed and what is new together", () => {
  const { database, client } = open(4);
  client.line("XREADGROUP GROUP g ann COUNT 2 STREAMS s >");
  database.advance(10);
  const read = (more: string): unknown =>
    client.call(...`XREADGROUP GROUP g bob ${more} STREAMS s >`.split(" "));
  assert.deepEqual(read("CLAIM 10 COUNT 1"), [["s", [entry(1, 10, 1)]]]);
  assert.deepEqual(read("COUNT 2 CLAIM 10"), [["s", [entry(2, 10, 1), entry(3, 0, 0)]]]);
  assert.deepEqual(read("CLAIM 10 NOACK"), [["s", [entry(4, 0, 0)]]]);
  assert.equal(read("CLAIM 10 NOACK"), null);
  assert.deepEqual(client.call("XPENDING", "s", "g"), [3, "1-0", "3-0", [["bob", "3"]]]);
  client.line("XDEL s 1");
  database.advance(10);
  // What was deleted is passed, and stays pending.
  assert.deepEqual(read("CLAIM 10 COUNT 1"), [["s", [entry(2, 10, 2)]]]);
  assert.match(client.line("XREADGROUP GROUP g bob CLAIM x STREAMS s >"), /^-ERR min-idle-time/);
  assert.match(client.line("XREADGROUP GROUP g bob CLAIM -1 STREAMS s >"), /^-ERR min-idle-time/);
  verify(database);
});

test("who waits with CLAIM is served when an entry has been pending long enough", () => {
  const { database, client } = open(1);
  const [waiter, other] = [database.connect(), database.connect()];
  client.line("XREADGROUP GROUP g ann STREAMS s >");
  assert.equal(waiter.line("XREADGROUP GROUP g bob BLOCK 0 CLAIM 100 STREAMS s >"), "");
  assert.equal(other.line("XREADGROUP GROUP g cat BLOCK 0 STREAMS s >"), "");
  database.advance(60);
  // It was delivered once more: that puts it off.
  client.line("XREADGROUP GROUP g ann STREAMS s 0");
  database.advance(60);
  assert.equal(waiter.take(), "");
  database.advance(40);
  assert.match(waiter.take(), /:100 :2$/);
  assert.equal(other.take(), "");
  assert.equal(database.services.timers.size, 0);
  verify(database);
});

test("XGROUP CREATE wakes who waits for the stream: another key may be none by now", () => {
  const { database, client } = open(0);
  const waiter = database.connect();
  assert.equal(waiter.line("XREAD BLOCK 0 STREAMS other made 0 0"), "");
  client.line("SET other text");
  client.line("XGROUP CREATE s second 0");
  assert.equal(waiter.take(), "");
  client.line("XGROUP CREATE made g $ MKSTREAM");
  assert.match(waiter.take(), /^-WRONGTYPE /);
});

test("XNACK gives entries back, and counts deliveries as it is told", () => {
  const { database, client } = open(5);
  client.line("XREADGROUP GROUP g ann STREAMS s >");
  client.line("XREADGROUP GROUP g ann STREAMS s 0");
  assert.equal(client.line("XNACK s g SILENT IDS 2 1 9"), ":1");
  assert.equal(client.line("XNACK s g fail IDS 1 2"), ":1");
  assert.equal(client.line("XNACK s g FATAL IDS 1 3"), ":1");
  assert.equal(client.line("XNACK s g FATAL RETRYCOUNT 7 IDS 1 4 FORCE"), ":1");
  assert.deepEqual(client.call("XPENDING", "s", "g", "-", "+", "10"), [
    ["1-0", "", -1, 1],
    ["2-0", "", -1, 2],
    ["3-0", "", -1, 2 ** 63],
    ["4-0", "", -1, 7],
    ["5-0", "ann", 0, 2],
  ]);
  assert.match(client.raw("XPENDING", "s", "g", "3", "3", "1"), /:9223372036854775807\r\n$/);
  assert.deepEqual(client.call("XPENDING", "s", "g"), [5, "1-0", "5-0", [["ann", "1"]]]);
  assert.match(client.line("XINFO STREAM s FULL"), / nacked-count :4 /);
  // They are anybody's, whatever the time.
  assert.deepEqual(client.call(..."XAUTOCLAIM s g bob 99999 - COUNT 1".split(" ")), [
    "2-0",
    [entry(1)],
    [],
  ]);
  assert.deepEqual(client.call(..."XCLAIM s g bob 99999 3 5 JUSTID".split(" ")), ["3-0"]);
  assert.match(
    client.raw("XPENDING", "s", "g", "3", "3", "1"),
    /bob\r\n:0\r\n:9223372036854775807/,
  );
  assert.deepEqual(client.call(..."XREADGROUP GROUP g bob CLAIM 9999 STREAMS s >".split(" ")), [
    ["s", [entry(2, START_MS, 2), entry(4, START_MS, 7)]],
  ]);
  verify(database);
});

test("XNACK FORCE makes entries pending that are in the stream", () => {
  const { database, client } = open(3);
  client.line("XDEL s 2");
  assert.equal(client.line("XNACK s g FAIL IDS 3 1 2 3"), ":0");
  assert.equal(client.line("XNACK s g FAIL IDS 3 1 2 3 FORCE"), ":2");
  assert.deepEqual(client.call("XPENDING", "s", "g", "-", "+", "10"), [
    ["1-0", "", -1, 0],
    ["3-0", "", -1, 0],
  ]);
  client.line("XDEL s 1 3");
  database.log = [];
  // One that is gone was nobody's: there is no claim to be told.
  client.line("XAUTOCLAIM s g ann 0 -");
  assert.deepEqual(
    database.log.filter((line) => line.startsWith("XACK")),
    ["XACK s g 1-0", "XACK s g 3-0"],
  );
  verify(database);
});

test("XNACK says what is wrong", () => {
  const { client } = open(1);
  const said = (rest: string): string => client.line(`XNACK s ${rest}`);
  assert.equal(said("g NONE IDS 1 1"), "-ERR mode must be SILENT, FAIL, or FATAL");
  assert.equal(said("g FAIL IDS 0 1"), "-ERR numids must be a positive integer");
  assert.equal(said("g FAIL IDS x 1"), "-ERR numids must be a positive integer");
  assert.equal(said("g FAIL IDS 2 1"), "-ERR number of IDs doesn't match numids");
  assert.equal(said("g FAIL FORCE FORCE FORCE"), "-ERR syntax error, expected IDS keyword");
  assert.equal(said("g FAIL IDS 1 1 2"), "-ERR Unrecognized XNACK option '2'");
  assert.equal(said("g FAIL IDS 1 1 RETRYCOUNT x"), "-ERR value is not an integer or out of range");
  assert.match(said("g FAIL IDS 1 1 RETRYCOUNT -1"), /^-ERR Invalid RETRYCOUNT value/);
  assert.match(said("g FAIL IDS 1 x"), /^-ERR Invalid stream ID/);
  assert.match(said("h FAIL IDS 1 1"), /^-NOGROUP No such key 's' or consumer group 'h'/);
});

test("who waits with CLAIM hears of what is given back", () => {
  const { database, client } = open(1);
  const waiter = database.connect();
  client.line("XREADGROUP GROUP g ann STREAMS s >");
  assert.equal(waiter.line("XREADGROUP GROUP g bob BLOCK 0 CLAIM 1000 STREAMS s >"), "");
  client.line("XNACK s g SILENT IDS 1 1");
  assert.match(waiter.take(), /^\*1 .* 1-0 /);
  assert.equal(database.services.timers.size, 0);
});

test("XDELEX erases what groups allow", () => {
  const { database, client } = open(4);
  client.line("XGROUP CREATE s h 0");
  client.line("XREADGROUP GROUP g ann COUNT 3 STREAMS s >");
  client.line("XREADGROUP GROUP h ann COUNT 2 STREAMS s >");
  client.line("XACK s g 1");
  client.line("XACK s h 1");
  // 1 is done with, 2 is pending in both, 3 is not delivered to one, 4 to none.
  assert.deepEqual(client.call(..."XDELEX s ACKED IDS 5 1 2 3 4 9".split(" ")), [1, 2, 2, 2, 2]);
  assert.deepEqual(client.call(..."XDELEX s IDS 2 2 9".split(" ")), [1, -1]);
  assert.deepEqual(client.call("XPENDING", "s", "g"), [2, "2-0", "3-0", [["ann", "2"]]]);
  // 2 is in the stream no more, but what groups know of it goes.
  assert.deepEqual(client.call(..."XDELEX s DELREF IDS 2 2 3".split(" ")), [-1, 1]);
  assert.deepEqual(client.call("XPENDING", "s", "g"), [0, null, null, null]);
  assert.deepEqual(client.call("XPENDING", "s", "h"), [0, null, null, null]);
  assert.deepEqual(client.call("XRANGE", "s", "-", "+"), [entry(4)]);
  assert.deepEqual(client.call(..."XDELEX nothing ACKED IDS 2 1 2".split(" ")), [-1, -1]);
  verify(database);
});

test("without groups nobody is owed anything", () => {
  const { client } = open(2);
  client.line("XGROUP DESTROY s g");
  assert.deepEqual(client.call(..."XDELEX s ACKED IDS 2 1 3".split(" ")), [1, -1]);
});

test("XACKDEL erases what it acknowledges, if groups allow it", () => {
  const { database, client } = open(5);
  client.line("XGROUP CREATE s h 0");
  client.line("XREADGROUP GROUP g ann STREAMS s >");
  client.line("XREADGROUP GROUP h ann COUNT 4 STREAMS s >");
  client.line("XACK s h 1");
  assert.deepEqual(client.call(..."XACKDEL s g ACKED IDS 3 1 2 9".split(" ")), [1, 2, -1]);
  assert.deepEqual(client.call(..."XACKDEL s g IDS 1 3".split(" ")), [1]);
  assert.deepEqual(client.call(..."XACKDEL s g DELREF IDS 1 4".split(" ")), [1]);
  // 5 is acknowledged, but h has not read it.
  assert.deepEqual(client.call(..."XACKDEL s g IDS 1 5 ACKED".split(" ")), [2]);
  assert.deepEqual(client.call("XPENDING", "s", "g"), [0, null, null, null]);
  assert.deepEqual(client.call("XPENDING", "s", "h"), [2, "2-0", "3-0", [["ann", "2"]]]);
  assert.deepEqual(client.call("XRANGE", "s", "-", "+"), [entry(2), entry(5)]);
  assert.deepEqual(client.call(..."XACKDEL s nobody IDS 1 2".split(" ")), [-1]);
  assert.deepEqual(client.call(..."XACKDEL nothing g IDS 2 2 3".split(" ")), [-1, -1]);
  verify(database);
});

test("XACKDEL and XDELEX say what is wrong", () => {
  const { client } = open(1);
  const said = (rest: string): string => client.line(rest);
  const positive = "-ERR Number of IDs must be a positive integer";
  const unequal = "-ERR The `numids` parameter must match the number of arguments";
  for (const command of ["XDELEX s", "XACKDEL s g"]) {
    assert.equal(said(`${command} IDS 0 1`), positive);
    assert.equal(said(`${command} IDS x 1`), positive);
    assert.equal(said(`${command} IDS 2 1`), unequal);
    assert.equal(said(`${command} IDS 1 1 2`), "-ERR syntax error");
    assert.equal(said(`${command} ACKED KEEPREF IDS 1 1`), "-ERR syntax error");
    assert.equal(said(`${command} ACKED ACKED ACKED`), "-ERR syntax error");
    assert.match(said(`${command} IDS 1 x`), /^-ERR Invalid stream ID/);
  }
  assert.equal(said("XDELEX s KEEPREF IDS"), "-ERR wrong number of arguments for 'xdelex' command");
});

test("deliveries go to the log as claims of those who have them", () => {
  const { database, client } = open(3);
  const logged = (line: string): string[] => {
    database.log = [];
    client.line(line);
    return database.log;
  };
  const claim = (who: string, id: number, times: number, last: number): string =>
    `XCLAIM s g ${who} 0 ${id}-0 TIME ${database.nowMs} RETRYCOUNT ${times} FORCE JUSTID ` +
    `LASTID ${last}-0`;
  assert.deepEqual(logged("XREADGROUP GROUP g ann COUNT 2 STREAMS s >"), [
    "MULTI",
    claim("ann", 1, 1, 1),
    claim("ann", 2, 1, 2),
    "XGROUP SETID s g 2-0 ENTRIESREAD 2",
    "EXEC",
  ]);
  database.advance(5);
  assert.deepEqual(logged("XREADGROUP GROUP g ann COUNT 1 STREAMS s 0"), [claim("ann", 1, 2, 2)]);
  assert.deepEqual(logged("XREADGROUP GROUP g bob STREAMS s 0"), ["XGROUP CREATECONSUMER s g bob"]);
  assert.deepEqual(logged("XREADGROUP GROUP g cat NOACK STREAMS s >"), [
    "MULTI",
    "XGROUP CREATECONSUMER s g cat",
    "XGROUP SETID s g 3-0 ENTRIESREAD 3",
    "EXEC",
  ]);
  assert.deepEqual(logged("XREADGROUP GROUP g cat NOACK STREAMS s >"), []);
  assert.deepEqual(logged("XCLAIM s g bob 0 1"), [claim("bob", 1, 3, 3)]);
  assert.deepEqual(logged("XCLAIM s g bob 9999 1"), []);
  assert.deepEqual(logged("XCLAIM s g bob 0 LASTID 7"), ["XGROUP SETID s g 7-0 ENTRIESREAD 3"]);
  assert.deepEqual(logged("XCLAIM s g eve 9999 1"), ["XGROUP CREATECONSUMER s g eve"]);
  assert.deepEqual(logged("XAUTOCLAIM s g eve 0 2 JUSTID"), [claim("eve", 2, 1, 7)]);
  assert.deepEqual(logged("XACK s g 9"), []);
  assert.deepEqual(logged("XACK s g 1 2 9"), ["XACK s g 1 2 9"]);
});

test("what the log says brings back what there was", () => {
  const { database, client } = open(6);
  const words = [
    "XGROUP CREATE s h 2 ENTRIESREAD 2",
    "XREADGROUP GROUP g ann COUNT 3 STREAMS s >",
    "XREADGROUP GROUP h bob STREAMS s >",
    "XREADGROUP GROUP g ann NOACK COUNT 1 STREAMS s >",
    "XREADGROUP GROUP g ann COUNT 2 STREAMS s 0",
    "XREADGROUP GROUP g dan STREAMS s 0",
    "XCLAIM s g cat 0 1 2",
    "XNACK s h FATAL IDS 2 4 5",
    "XNACK s h SILENT IDS 1 6 RETRYCOUNT 4",
    "XDEL s 2",
    "XAUTOCLAIM s g eve 0 -",
    "XACK s g 1",
    "XACKDEL s h ACKED IDS 1 3",
  ];
  database.log = [];
  for (const line of words) {
    database.advance(3);
    assert.doesNotMatch(client.line(line), /^-/);
  }
  const replayed = open(6);
  replayed.database.advance(database.nowMs - START_MS);
  for (const line of database.log) replayed.client.line(line);
  for (const group of ["g", "h"]) {
    const pending = ["XPENDING", "s", group, "-", "+", "100"] as const;
    assert.equal(replayed.client.raw(...pending), client.raw(...pending));
  }
  assert.equal(replayed.client.raw("XINFO", "GROUPS", "s"), client.raw("XINFO", "GROUPS", "s"));
  verify(database);
  verify(replayed.database);
});

test("what was trimmed is what the log says, on nodes of another size, too", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new Random().seed(seed);
    const sizes = [1 + random.below(5), 1 + random.below(12)];
    const made = sizes.map((size) => {
      const fresh = open(0);
      streamsOf(fresh.database).settings["stream-node-max-entries"](size);
      return fresh;
    });
    const [{ database, client }, replayed] = made;
    const one = <T>(...choices: T[]): T => choices[random.below(choices.length)];
    const acked = 1 + random.below(9); // so many of ten
    let id = 0;
    const some = (): number[] =>
      Array.from({ length: id }, (_, i) => i + 1).filter(() => random.below(10) < acked);
    for (; id < 40; id++) client.line(`XADD s ${id + 1} f v`);
    client.line("XGROUP CREATE s h 0");
    for (let k = 0; k < 40; k++) {
      const by = one("MAXLEN", "MINID");
      const how = one("= ", "~ ", "~ ", "");
      const least = by === "MAXLEN" ? random.below(45) : Math.max(0, id - random.below(45));
      const limit = how === "~ " && random.below(2) === 0 ? ` LIMIT ${random.below(12)}` : "";
      const trim = `${by} ${how}${least}${limit} ${one("ACKED", "ACKED", "DELREF", "KEEPREF")}`;
      const lines = one(
        [`XTRIM s ${trim}`],
        [`XADD s ${trim} ${++id} f v`],
        ["g", "h"].map((group) => `XREADGROUP GROUP ${group} ann COUNT 30 STREAMS s >`),
        ["g", "h"].map((group) => `XACK s ${group} 9999 ${some().join(" ")}`),
        Array.from({ length: 6 }, () => `XADD s ${++id} f v`),
      );
      for (const line of lines) assert.doesNotMatch(client.line(line), /^-/, line);
      for (const line of database.log) replayed.client.line(line);
      database.log = [];
      for (const asked of ["XRANGE s - +", "XPENDING s g - + 99", "XINFO GROUPS s"]) {
        assert.equal(replayed.client.line(asked), client.line(asked), `${asked}, seed ${seed}`);
      }
    }
    verify(database);
    verify(replayed.database);
  }
});

test("consumers who wait are served in the order of coming, one entry each", () => {
  const { database, client } = open(0);
  const waiters = Array.from({ length: 50 }, () => database.connect());
  for (const [i, waiter] of waiters.entries()) {
    assert.equal(waiter.line(`XREADGROUP GROUP g c${i} COUNT 1 BLOCK 0 STREAMS s >`), "");
  }
  const served = (): number[] => waiters.flatMap((waiter, i) => (waiter.take() === "" ? [] : [i]));
  for (let i = 0; i < 50; i++) {
    client.line(`XADD s ${i + 1} f v`);
    assert.deepEqual(served(), [i]);
  }
});

test("a wake asks one consumer of those who are alike, however many wait", () => {
  const { database, client } = open(0);
  client.line("XGROUP CREATE s h $");
  const waiters = Array.from({ length: 30 }, () => database.connect());
  for (const [i, waiter] of waiters.entries()) {
    const group = i % 2 === 0 ? "g" : "h";
    waiter.line(`XREADGROUP GROUP ${group} c${i} COUNT 1 BLOCK 0 STREAMS s >`);
  }
  const before = streamsOf(database).groups;
  const key = new TextEncoder().encode("s");
  const root = database.keyspace.records.pointer(database.keyspace.peek(0, key, 0, 1));
  const seen = (): number[] => {
    const times: number[] = [];
    for (const [i] of waiters.entries()) {
      const name = new TextEncoder().encode(i % 2 === 0 ? "g" : "h");
      const consumer = new TextEncoder().encode(`c${i}`);
      const group = streamsOf(database).findGroup(root, name, 0, 1);
      times.push(before.seen(before.findConsumer(group, consumer, 0, consumer.length)));
    }
    return times;
  };
  database.advance(1000);
  client.line("XADD s 1 f v");
  // Of each group: the one who got it, and the next, who found nothing.
  const asked = seen().flatMap((time, i) => (time > START_MS ? [i] : []));
  assert.deepEqual(asked, [0, 1, 2, 3]);
});

test("a transaction that is rolled back leaves groups as they were", () => {
  const { database, client } = open(6);
  client.line("XREADGROUP GROUP g ann COUNT 3 STREAMS s >");
  client.line("XREADGROUP GROUP g bob CLAIM 0 COUNT 1 STREAMS s >");
  client.line("XGROUP CREATE s h 2");
  const state = (): string[] =>
    ["XINFO STREAM s FULL COUNT 0", "XINFO GROUPS s", "XRANGE s - +"].map((line) =>
      client.line(line),
    );
  const before = state();
  const { keyspace } = database;
  const mark = keyspace.begin();
  database.advance(7);
  for (const line of [
    "XREADGROUP GROUP g cat STREAMS s >",
    "XREADGROUP GROUP g ann STREAMS s 0",
    "XREADGROUP GROUP g eve CLAIM 0 STREAMS s >",
    "XCLAIM s g bob 0 2 3 RETRYCOUNT 9",
    "XNACK s g FAIL IDS 2 1 5",
    "XAUTOCLAIM s g dan 0 - COUNT 3",
    "XACK s g 1 6",
    "XGROUP DELCONSUMER s g dan",
    "XGROUP SETID s h 5 ENTRIESREAD 3",
    "XGROUP CREATECONSUMER s h zoe",
    "XDELEX s DELREF IDS 2 2 3",
    "XGROUP DESTROY s g",
    "XGROUP CREATE s g $",
    "XGROUP CREATE s i $",
    "XREADGROUP GROUP h zoe STREAMS s >",
    "XGROUP DESTROY s h",
  ]) {
    assert.doesNotMatch(client.line(line), /^-/, line);
  }
  keyspace.rollBack(mark);
  keyspace.end();
  database.advance(-7);
  assert.deepEqual(state(), before);
  verify(database);
});

test("a group with much that is pending goes in slices", () => {
  const { database, client } = open(500);
  client.line("XREADGROUP GROUP g ann STREAMS s >");
  client.line("XGROUP CREATE s h 0");
  assert.equal(client.line("XGROUP DESTROY s g"), ":1");
  assert.ok(database.keyspace.disposing);
  while (database.keyspace.disposing) database.keyspace.reclaim();
  verify(database);
  const used = database.keyspace.memory.usedBytes;
  client.line("XREADGROUP GROUP h ann STREAMS s >");
  client.line("XGROUP DESTROY s h");
  client.line("XGROUP CREATE s h 0");
  while (database.keyspace.disposing) database.keyspace.reclaim();
  assert.equal(database.keyspace.memory.usedBytes, used);
});
