// The examples are those of Redis 8.10's documentation and of its tests.

import assert from "node:assert/strict";
import { test } from "node:test";
import { TestDatabase } from "../test-support.ts";

const SYNTAX = "-ERR syntax error";
const WRONGTYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value";

/** Short elements, which lie in one listpack, and such as take several nodes. */
const forms: readonly ((n: string) => string)[] = [(n) => n, (n) => n.repeat(3000)];

/** For each pair of ends and each order the reply, and what the destination is then. */
const orders = [
  ["LEFT", "LEFT", "OBO", "ba", "baxy"],
  ["LEFT", "LEFT", "BULK", "ab", "abxy"],
  ["LEFT", "RIGHT", "OBO", "ab", "xyab"],
  ["LEFT", "RIGHT", "BULK", "ab", "xyab"],
  ["RIGHT", "LEFT", "OBO", "cd", "cdxy"],
  ["RIGHT", "LEFT", "BULK", "cd", "cdxy"],
  ["RIGHT", "RIGHT", "OBO", "dc", "xydc"],
  ["RIGHT", "RIGHT", "BULK", "cd", "xycd"],
] as const;

test("a block stands in the destination in its own order, or as if it came one by one", () => {
  for (const form of forms) {
    const elements = (letters: string): string[] => [...letters].map(form);
    for (const [from, to, order, reply, target] of orders) {
      const database = new TestDatabase();
      const client = database.connect();
      client.call("RPUSH", "s", ...elements("abcd"));
      client.call("RPUSH", "d", ...elements("xy"));
      const moved = client.call("LMOVEM", "s", "d", from, to, "COUNT", "2", order);
      assert.deepEqual(moved, elements(reply), `${from} ${to} ${order}`);
      assert.deepEqual(client.call("LRANGE", "d", "0", "-1"), elements(target));
      const left = from === "LEFT" ? "cd" : "ab";
      assert.deepEqual(client.call("LRANGE", "s", "0", "-1"), elements(left));
      database.keyspace.verify();
    }
  }
});

test("a list is moved into itself: all is taken before any is added", () => {
  for (const form of forms) {
    const elements = (letters: string): string[] => [...letters].map(form);
    for (const [from, to, order, count, target] of [
      ["LEFT", "RIGHT", "BULK", "2", "cdab"],
      ["RIGHT", "LEFT", "OBO", "3", "bcda"],
      ["LEFT", "LEFT", "OBO", "2", "bacd"],
      ["RIGHT", "RIGHT", "OBO", "3", "adcb"],
      ["LEFT", "LEFT", "BULK", "3", "abcd"],
      ["LEFT", "LEFT", "OBO", "9", "dcba"],
      ["RIGHT", "RIGHT", "OBO", "4", "dcba"],
      ["LEFT", "RIGHT", "OBO", "4", "abcd"],
      ["RIGHT", "RIGHT", "BULK", "100", "abcd"],
    ] as const) {
      const database = new TestDatabase();
      const replica = new TestDatabase().connect();
      const client = database.connect();
      client.call("RPUSH", "k", ...elements("abcd"));
      client.call("PEXPIREAT", "k", "1800000000000");
      client.call("LMOVEM", "k", "k", from, to, "COUNT", count, order);
      assert.deepEqual(client.call("LRANGE", "k", "0", "-1"), elements(target), `${from} ${to}`);
      for (const line of database.log) replica.line(line);
      assert.deepEqual(replica.call("LRANGE", "k", "0", "-1"), elements(target));
      assert.equal(replica.call("PEXPIRETIME", "k"), 1_800_000_000_000);
      database.keyspace.verify();
    }
  }
});

test("COUNT takes what there is, EXACTLY so many or nothing", () => {
  const database = new TestDatabase();
  const client = database.connect();
  assert.equal(client.raw("LMOVEM", "s", "d", "LEFT", "RIGHT"), "*-1\r\n");
  client.line("RPUSH s a b c");
  assert.deepEqual(client.call("LMOVEM", "s", "d", "left", "right"), ["a"]);
  assert.equal(client.raw("LMOVEM", "s", "e", "LEFT", "LEFT", "EXACTLY", "3", "OBO"), "*-1\r\n");
  client.line("HELLO 3");
  assert.equal(client.raw("LMOVEM", "s", "e", "LEFT", "LEFT", "exactly", "3", "bulk"), "_\r\n");
  assert.equal(client.call("EXISTS", "e"), 0);
  assert.deepEqual(client.call("LMOVEM", "s", "d", "RIGHT", "LEFT", "COUNT", "7", "BULK"), [
    "b",
    "c",
  ]);
  assert.deepEqual(client.call("LRANGE", "d", "0", "-1"), ["b", "c", "a"]);
  assert.equal(client.call("EXISTS", "s"), 0);
});

test("errors, in the order in which Redis finds them", () => {
  const client = new TestDatabase().connect();
  client.line("RPUSH s a b c");
  client.line("SET t text");
  const count = "-ERR count should be greater than 0";
  for (const [line, reply] of [
    ["LMOVEM s d LEFT", "-ERR wrong number of arguments for 'lmovem' command"],
    ["BLMOVEM s d LEFT LEFT", "-ERR wrong number of arguments for 'blmovem' command"],
    ["LMOVEM s d UP LEFT", SYNTAX],
    ["LMOVEM s d LEFT DOWN COUNT 2 OBO", SYNTAX],
    ["LMOVEM s d LEFT LEFT COUNT 2", SYNTAX],
    ["LMOVEM s d LEFT LEFT COUNT 2 OBO extra", SYNTAX],
    ["LMOVEM s d LEFT LEFT SOME 2 OBO", SYNTAX],
    ["LMOVEM s d LEFT LEFT COUNT 2 FAST", SYNTAX],
    ["LMOVEM s d LEFT LEFT COUNT 0 OBO", count],
    ["LMOVEM s d LEFT LEFT EXACTLY -1 OBO", count],
    ["LMOVEM s d LEFT LEFT COUNT x OBO", count],
    ["BLMOVEM s d LEFT LEFT -1 COUNT 1 OBO", "-ERR timeout is negative"],
    ["LMOVEM t d LEFT LEFT", WRONGTYPE],
    ["LMOVEM s t LEFT LEFT COUNT 2 BULK", WRONGTYPE],
  ] as const) {
    assert.equal(client.line(line), reply, line);
  }
  // What is too short is found before what stands in the destination.
  assert.equal(client.line("LMOVEM s t LEFT LEFT EXACTLY 4 BULK"), "*-1");
  assert.deepEqual(client.call("LRANGE", "s", "0", "-1"), ["a", "b", "c"]);
});

test("events come as those of LMOVE, and each element is a change", () => {
  const database = new TestDatabase();
  const mover = database.connect();
  const hearer = database.connect();
  database.keyspace.settings.notifications = 0xffffff;
  hearer.line("PSUBSCRIBE __keyevent@0__:*");
  mover.line("RPUSH s a b c");
  hearer.take();
  mover.line("LMOVEM s d LEFT RIGHT COUNT 3 BULK");
  const events = [...hearer.take().matchAll(/__keyevent@0__:(\w+) \$\d+ (\w+)/g)];
  assert.deepEqual(
    events.map(([, event, key]) => `${event} ${key}`),
    ["new d", "rpush d", "lpop s", "del s"],
  );
});

test("what goes to the log is what servers without LMOVEM can read", () => {
  const database = new TestDatabase();
  const client = database.connect();
  client.line("RPUSH s a b c d e");
  database.log = [];
  client.line("LMOVEM s d LEFT RIGHT");
  client.line("LMOVEM s d RIGHT LEFT COUNT 2 OBO");
  client.line("BLMOVEM s d LEFT LEFT 0 EXACTLY 2 OBO");
  client.line("LMOVEM d d LEFT LEFT COUNT 2 BULK");
  const wrapped = (...lines: string[]): string[] => ["MULTI", ...lines, "EXEC"];
  assert.deepEqual(database.log, [
    "LMOVE s d LEFT RIGHT",
    ...wrapped("RPOP s 2", "LPUSH d e d"),
    ...wrapped("LPOP s 2", "LPUSH d b c"),
  ]);
});

test("BLMOVEM waits until there are enough, however they come", () => {
  const grow: readonly (readonly [string, string])[] = [
    ["RPUSH s z", "x y z"],
    ["LINSERT s BEFORE x w", "w x y"],
    ["LMOVE feed s LEFT LEFT", "3 x y"],
    ["SORT feed STORE s", "1 2 3"],
    ["COPY feed s REPLACE", "3 1 2"],
    ["RENAME feed s", "3 1 2"],
  ];
  for (const [line, expected] of grow) {
    const database = new TestDatabase();
    const [waiting, other] = [database.connect(), database.connect()];
    other.line("RPUSH s x y");
    other.line("RPUSH feed 3 1 2");
    assert.equal(waiting.line("BLMOVEM s d LEFT RIGHT 0 EXACTLY 3 BULK"), "");
    other.line("LSET s 0 x");
    assert.equal(waiting.take(), "", "nothing is moved before there are enough");
    other.line(line);
    const elements = expected.split(" ");
    assert.equal(waiting.take(), `*3 ${elements.map((each) => `$1 ${each}`).join(" ")}`, line);
    assert.deepEqual(other.call("LRANGE", "d", "0", "-1"), elements);
  }
});

test("who waits for more keeps its turn while others are served", () => {
  const database = new TestDatabase();
  const [first, second, third, other] = Array.from({ length: 4 }, () => database.connect());
  first.line("BLMOVEM s d LEFT RIGHT 0 EXACTLY 2 BULK");
  second.line("BLPOP s 0");
  third.line("BLPOP s 0");
  other.line("RPUSH s a");
  assert.equal(first.take(), "");
  assert.equal(second.take(), "*2 $1 s $1 a");
  other.line("RPUSH s b c");
  assert.equal(first.take(), "*2 $1 b $1 c");
  assert.equal(third.take(), "");
  other.line("RPUSH s d");
  assert.equal(third.take(), "*2 $1 s $1 d");
});

test("BLMOVEM takes the first that come where it does not ask for so many, and times out", () => {
  const database = new TestDatabase();
  const [waiting, other] = [database.connect(), database.connect()];
  waiting.line("BLMOVEM s d LEFT LEFT 0 COUNT 5 OBO");
  other.line("RPUSH s a b");
  assert.equal(waiting.take(), "*2 $1 b $1 a");
  waiting.line("BLMOVEM s d LEFT LEFT 1 EXACTLY 3 OBO");
  database.advance(1000);
  assert.equal(waiting.take(), "*-1");
  assert.equal(other.line("MULTI"), "+OK");
  other.line("BLMOVEM s d LEFT LEFT 0 EXACTLY 3 OBO");
  assert.equal(other.line("EXEC"), "*1 *-1");
});
