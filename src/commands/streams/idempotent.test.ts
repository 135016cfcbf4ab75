// Adding entries at most once. Values are those of Redis's own tests of 8.6.

import assert from "node:assert/strict";
import { test } from "node:test";
import { streamsOf } from "../../types/streams.ts";
import { START_MS, type TestClient, TestDatabase } from "../test-support.ts";

function open(): { database: TestDatabase; client: TestClient } {
  const database = new TestDatabase();
  return { database, client: database.connect() };
}

function verify({ keyspace }: TestDatabase): void {
  const streams = streamsOf({ keyspace });
  const key = new TextEncoder().encode("s");
  const entry = keyspace.peek(0, key, 0, key.length);
  streams.verify(keyspace.records.kind(entry), keyspace.records.pointer(entry));
}

/** XINFO STREAM's six fields: duration, maxsize, producers, iids, added, duplicates. */
function figures(client: TestClient): unknown[] {
  const info = client.call("XINFO", "STREAM", "s") as unknown[];
  const at = info.indexOf("idmp-duration");
  return [0, 1, 2, 3, 4, 5].map((i) => info[at + 2 * i + 1]);
}

const ID = `${START_MS}-0`;

test("an entry with a producer's iid is added once, and its ID replied again", () => {
  const { database, client } = open();
  const first = client.line("XADD s IDMP p 1 * f a");
  assert.equal(client.line("XADD s IDMP p 1 * f b"), first);
  assert.notEqual(client.line("XADD s IDMP q 1 * f b"), first);
  assert.notEqual(client.line("XADD s IDMP p 2 * f b"), first);
  assert.equal(client.call("XLEN", "s"), 3);
  assert.deepEqual(figures(client), [100, 100, 2, 3, 3, 1]);
  verify(database);
});

test("IDMPAUTO knows an entry again by its pairs, in any order", () => {
  const { client } = open();
  const first = client.line("XADD s IDMPAUTO p * a 1 b 2");
  assert.equal(client.line("XADD s IDMPAUTO p * b 2 a 1"), first);
  assert.notEqual(client.line("XADD s IDMPAUTO p * a 2 b 1"), first);
  assert.notEqual(client.line("XADD s IDMPAUTO q * a 1 b 2"), first);
});

test("an iid is forgotten after some seconds, or when there are too many", () => {
  const { database, client } = open();
  client.line("XADD s IDMP p 1 * f a");
  assert.equal(client.line("XCFGSET s IDMP-DURATION 2 IDMP-MAXSIZE 2"), "+OK");
  assert.deepEqual(figures(client), [2, 2, 0, 0, 1, 0]);
  const second = client.line("XADD s IDMP p 1 * f a");
  database.advance(1999);
  assert.equal(client.line("XADD s IDMP p 1 * f a"), second);
  database.advance(1);
  assert.deepEqual(figures(client), [2, 2, 0, 0, 2, 1]);
  const third = client.line("XADD s IDMP p 1 * f a");
  assert.notEqual(third, second);
  client.line("XADD s IDMP p 2 * f a");
  client.line("XADD s IDMP p 3 * f a");
  assert.notEqual(client.line("XADD s IDMP p 1 * f a"), third);
  verify(database);
});

test("setting what is set forgets nothing", () => {
  const { client } = open();
  const first = client.line("XADD s IDMP p 1 * f a");
  client.line("XCFGSET s IDMP-DURATION 100");
  assert.equal(client.line("XADD s IDMP p 1 * f a"), first);
});

test("what is wrong is refused", () => {
  const { client } = open();
  client.line("XADD s * f v");
  const errors: readonly (readonly [words: string[], error: string])[] = [
    [["XADD", "s", "IDMP", "", "1", "*", "f", "v"], "requires a non-empty producer ID"],
    [["XADD", "s", "IDMP", "p", "", "*", "f", "v"], "requires a non-empty idempotent ID"],
    [["XADD", "s", "IDMPAUTO", "", "*", "f", "v"], "IDMPAUTO requires a non-empty producer ID"],
    [["XADD", "s", "IDMP", "p", "1", "IDMPAUTO", "p", "*", "f", "v"], "specified multiple times"],
    [["XADD", "s", "IDMP", "p", "1", "1-1", "f", "v"], "only with auto-generated IDs"],
    [["XCFGSET", "s"], "At least one parameter"],
    [["XCFGSET", "s", "IDMP-DURATION"], "syntax error"],
    [["XCFGSET", "s", "IDMP-MAXSIZE", "1", "IDMP-MAXSIZE", "1"], "specified multiple times"],
    [["XCFGSET", "s", "IDMP-DURATION", "0"], "must be between 1 and 86400"],
    [["XCFGSET", "s", "IDMP-DURATION", "86401"], "must be between 1 and 86400"],
    [["XCFGSET", "s", "IDMP-MAXSIZE", "10001"], "must be between 1 and 10000"],
    [["XCFGSET", "s", "IDMP-MAXSIZE", "A"], "value is not an integer"],
    [["XCFGSET", "none", "IDMP-MAXSIZE", "1"], "no such key"],
  ];
  for (const [words, error] of errors) {
    const reply = client.call(...words);
    assert.ok(String(reply).includes(error), `${words.join(" ")}: ${String(reply)}`);
  }
});

test("the log has the ID that an entry got, or had", () => {
  const { database, client } = open();
  client.line("XADD s IDMP p 1 * f a");
  client.line("XADD s IDMP p 1 MAXLEN = 9 * f b");
  assert.deepEqual(
    database.log.map((line) => String(line)),
    [`XADD s IDMP p 1 ${ID} f a`, `XADD s IDMP p 1 MAXLEN = 9 ${ID} f b`],
  );
});

test("COPY takes along what is known", () => {
  const { client } = open();
  const first = client.line("XADD s IDMP p 1 * f a");
  client.line("COPY s t");
  assert.equal(client.line("XADD t IDMP p 1 * f a"), first);
  client.line("DEL t");
  assert.equal(client.line("XADD s IDMP p 1 * f a"), first);
});

test("DUMP is that of Redis 8.6 where iids were used, and of 7.0 where none were", () => {
  const { database, client } = open();
  client.line("XADD plain * f a");
  const first = client.line("XADD s IDMP p 1 * f a");
  client.line("XADD s IDMP p 2 * f a");
  client.line("XADD s IDMP q 1 * f a");
  client.line("XADD s IDMP p 1 * f a");
  client.line("XGROUP CREATE s g 0");
  client.line("XREADGROUP GROUP g ann COUNT 1 STREAMS s >");
  const format = (key: string): number => {
    const reply = client.raw("DUMP", key);
    return reply.charCodeAt(reply.indexOf("\r\n") + 2);
  };
  assert.equal(format("plain"), 19);
  assert.equal(format("s"), 26);
  const before = client.call("XINFO", "STREAM", "s", "FULL");
  const reply = client.raw("DUMP", "s");
  const text = reply.slice(reply.indexOf("\r\n") + 2, -2);
  const payload = Uint8Array.from(text, (one) => one.charCodeAt(0));
  client.line("DEL s");
  assert.equal(client.raw("RESTORE", "s", "0", payload), "+OK\r\n");
  assert.deepEqual(client.call("XINFO", "STREAM", "s", "FULL"), before);
  assert.equal(client.line("XADD s IDMP p 1 * f a"), first);
  verify(database);
});
