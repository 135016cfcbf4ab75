// Streams in a program: methods, the view, and reading what comes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ReplyError } from "../protocol/reply-reader.ts";
import { open } from "./open.ts";
import type { StreamEntry } from "./values.ts";

const plain = (entries: Iterable<StreamEntry<string>>): [string, Record<string, string>][] =>
  [...entries].map(({ id, fields }) => [id, { ...fields }]);

test("entries are appended from objects, Maps, pairs and words", () => {
  using db = open();
  assert.equal(db.xadd("s", { a: 1 }, { id: "1-1" }), "1-1");
  assert.equal(db.xadd("s", new Map([["b", "x"]]), { id: "1-*" }), "1-2");
  assert.equal(db.xadd("s", [["c", 2n]], { id: 5 }), "5-0");
  assert.equal(db.xadd("s", "6", "d", "y", "e", "z"), "6-0");
  assert.match(db.xadd("s", { f: "now" }) ?? "", /^\d{13}-\d+$/);
  assert.equal(db.xadd("none", { a: 1 }, { nomkstream: true }), null);
  assert.equal(db.xlen("s"), 5);
  assert.deepEqual(plain(db.xrange("s", "-", "6")), [
    ["1-1", { a: "1" }],
    ["1-2", { b: "x" }],
    ["5-0", { c: "2" }],
    ["6-0", { d: "y", e: "z" }],
  ]);
  assert.deepEqual(plain(db.xrevrange("s", "(6-0", "-", { count: 1 })), [["5-0", { c: "2" }]]);
  assert.throws(() => db.xadd("s", { a: 1 }, { id: "1" }), ReplyError);
  assert.throws(() => db.xadd("s", { a: 1 }, { maxLen: 5 } as never), TypeError);
});

test("bytes come as pairs, with text for IDs", () => {
  using db = open();
  db.bytes.xadd("s", [["a", new Uint8Array([255, 0])]], { id: "1" });
  const [entry] = db.bytes.xrange("s");
  assert.equal(entry.id, "1-0");
  assert.deepEqual(
    entry.fields.map(([name, value]) => [...name, ...value]),
    [[97, 255, 0]],
  );
});

test("trimming, erasing and the numbers of a stream", () => {
  using db = open();
  for (let i = 1; i <= 10; i++) db.xadd("s", { i }, { id: i, maxlen: 8 });
  assert.equal(db.xlen("s"), 8);
  assert.equal(db.xtrim("s", { minid: "5" }), 2);
  assert.equal(db.xtrim("s", { maxlen: 5, acked: true }), 1);
  assert.equal(db.xdel("s", "7", "8", "99"), 2);
  assert.equal(db.xdel("s", []), 0);
  assert.equal(db.xsetid("s", "20-5", { entriesadded: 50 }), "OK");
  const info = db.xinfo("stream", "s") as unknown as Record<string, unknown>;
  assert.equal(info["last-generated-id"], "20-5");
  assert.equal(info["entries-added"], 50);
});

test("several streams are read behind an ID each", () => {
  using db = open();
  db.xadd("s", { a: 1 }, { id: "1" });
  db.xadd("s", { a: 2 }, { id: "2" });
  db.xadd("t", { b: 1 }, { id: "5" });
  const found = db.xread({ s: "1", t: "0", none: "0" });
  assert.deepEqual(
    found.map(([key, entries]) => [key, plain(entries)]),
    [
      ["s", [["2-0", { a: "2" }]]],
      ["t", [["5-0", { b: "1" }]]],
    ],
  );
  assert.deepEqual(db.xread({ s: "$" }), []);
  assert.equal(db.bytes.xread([["s", "0"]], { count: 1 })[0][1].length, 1);
  assert.deepEqual(db.multi().xlen("s").xread({ s: "1" }).exec()?.[0], 2);
});

test("a view shows what is there now, in order and backwards", () => {
  using db = open();
  const view = db.stream("s");
  assert.deepEqual(
    [view.size, view.first(), view.lastId, [...view]],
    [0, undefined, undefined, []],
  );
  for (let i = 1; i <= 500; i++) db.xadd("s", { i }, { id: `${i}-7` });
  assert.equal(view.size, 500);
  assert.equal(view.lastId, "500-7");
  assert.equal(view.first()?.id, "1-7");
  assert.equal(view.last()?.id, "500-7");
  assert.deepEqual({ ...view.get("300-7")?.fields }, { i: "300" });
  assert.equal(view.get("300-8"), undefined);
  assert.deepEqual(
    [...view].map(({ id }) => id),
    Array.from({ length: 500 }, (_, i) => `${i + 1}-7`),
  );
  const back = [...view.entries({ start: "100", end: "400", reverse: true })];
  assert.deepEqual([back.length, back[0].id, back.at(-1)?.id], [301, "400-7", "100-7"]);
  let seen = 0;
  for (const { id } of view) {
    db.xdel("s", id);
    seen++;
  }
  assert.deepEqual([seen, view.size], [500, 0]);
  assert.throws(() => [...view.entries({ start: "x" })], TypeError);
  db.set("text", "x");
  assert.throws(() => db.stream("text").size, ReplyError);
});

test("reading gives what is there and waits for what comes", async () => {
  using db = open();
  db.xadd("s", { n: 1 }, { id: "1" });
  const seen: string[] = [];
  const reading = (async () => {
    for await (const { id } of db.stream("s").read()) {
      seen.push(id);
      if (id === "4-0") break;
    }
  })();
  await pause(1);
  assert.deepEqual(seen, ["1-0"]);
  db.xadd("s", { n: 2 }, { id: "2" });
  db.transaction(() => {
    db.xadd("s", { n: 3 }, { id: "3" });
    db.xadd("s", { n: 4 }, { id: "4" });
  });
  await reading;
  assert.deepEqual(seen, ["1-0", "2-0", "3-0", "4-0"]);
});

test("only what comes from now on, until it is aborted or the database closed", async () => {
  const db = open();
  db.xadd("s", { n: 1 }, { id: "1" });
  const stop = new AbortController();
  const seen: string[] = [];
  const read = async (options: object): Promise<void> => {
    for await (const { id } of db.stream("s").read(options)) seen.push(id);
  };
  const one = read({ after: "$", signal: stop.signal });
  const other = read({ after: "$" });
  await pause(1);
  db.xadd("s", { n: 2 }, { id: "2" });
  await pause(1);
  assert.deepEqual(seen, ["2-0", "2-0"]);
  stop.abort();
  await one;
  db.xadd("s", { n: 3 }, { id: "3" });
  await pause(1);
  assert.deepEqual(seen, ["2-0", "2-0", "3-0"]);
  db.close();
  await other;
  await read({ signal: AbortSignal.abort() }).catch(() => {});
});

test("an error ends the reading", async () => {
  using db = open();
  db.set("text", "x");
  await assert.rejects(async () => {
    for await (const _ of db.stream("text").read()) break;
  }, ReplyError);
  await assert.rejects(async () => {
    for await (const _ of db.stream("s").read({ group: "g" })) break;
  }, TypeError);
});

test("consumers of a group share entries, each in its turn", async () => {
  using db = open();
  for (let i = 1; i <= 6; i++) db.xadd("s", { i }, { id: i });
  db.call("XGROUP", "CREATE", "s", "g", "0");
  const seen: Record<string, string[]> = { one: [], two: [] };
  const work = async (consumer: string): Promise<void> => {
    for await (const { id } of db.stream("s").read({ group: "g", consumer })) {
      seen[consumer].push(id);
      if (id !== "2-0") db.call("XACK", "s", "g", id);
      if (seen[consumer].length === 3) break;
    }
  };
  await Promise.all([work("one"), work("two")]);
  assert.deepEqual([...seen.one, ...seen.two].sort(), ["1-0", "2-0", "3-0", "4-0", "5-0", "6-0"]);
  const owner = seen.one.includes("2-0") ? "one" : "two";
  const again: string[] = [];
  for await (const { id } of db.stream("s").read({ group: "g", consumer: owner, pending: true })) {
    again.push(id);
    break;
  }
  assert.deepEqual(again, ["2-0"]);
});
