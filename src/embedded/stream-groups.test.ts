// Groups of streams' consumers in a program.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ReplyError } from "../protocol/reply-reader.ts";
import { open } from "./open.ts";

test("entries are delivered to consumers, and acknowledged", () => {
  using db = open();
  assert.equal(db.xgroup("create", "s", "g", "$", { mkstream: true }), "OK");
  assert.throws(() => db.xgroup("create", "s", "g", "$"), /BUSYGROUP/);
  for (let i = 1; i <= 4; i++) db.xadd("s", { i }, { id: i });
  const [[key, entries]] = db.xreadgroup("g", "ann", { s: ">" }, { count: 2 });
  assert.equal(key, "s");
  assert.deepEqual(
    entries.map(({ id, fields }) => [id, { ...fields }]),
    [
      ["1-0", { i: "1" }],
      ["2-0", { i: "2" }],
    ],
  );
  assert.deepEqual(db.xpending("s", "g"), {
    count: 2,
    first: "1-0",
    last: "2-0",
    consumers: [["ann", 2]],
  });
  assert.equal(db.xack("s", "g", "1", "7"), 1);
  assert.equal(db.xack("s", "g", []), 0);
  db.xdel("s", "2");
  assert.deepEqual(db.xreadgroup("g", "ann", { s: 0 }), [["s", [{ id: "2-0", fields: null }]]]);
  assert.deepEqual(
    db.xreadgroup("g", "bob", new Map([["s", ">"]]), { noack: true })[0][1].map(({ id }) => id),
    ["3-0", "4-0"],
  );
  assert.deepEqual(db.xreadgroup("g", "bob", { s: ">" }), []);
  assert.throws(() => db.xreadgroup("h", "bob", { s: ">" }), /NOGROUP/);
  assert.throws(() => db.xreadgroup("g", "bob", { s: ">" }, { block: 1 } as never), TypeError);
});

test("what is pending is listed, claimed and given back", () => {
  using db = open();
  db.xgroup("create", "s", "g", 0, { mkstream: true });
  for (let i = 1; i <= 3; i++) db.xadd("s", { i }, { id: i });
  db.xreadgroup("g", "ann", { s: ">" });
  const [first, ...rest] = db.xpending("s", "g", { count: 10, end: 2 });
  assert.deepEqual(first, { id: "1-0", consumer: "ann", idle: first.idle, deliveries: 1 });
  assert.equal(rest.length, 1);
  assert.deepEqual(db.xpending("s", "g", { count: 10, idle: 1e9 }), []);
  assert.deepEqual(db.xpending("s", "g", { count: 10, consumer: "bob" }), []);
  assert.deepEqual(db.xclaim("s", "g", "bob", 0, ["1", "9"], { justid: true }), ["1-0"]);
  assert.deepEqual(
    db.xclaim("s", "g", "bob", 0, "2", { retrycount: 5 }).map(({ id }) => id),
    ["2-0"],
  );
  assert.equal(db.xnack("s", "g", "fatal", ["1", "3"]), 2);
  assert.deepEqual(db.xpending("s", "g", { count: 1 }), [
    { id: "1-0", consumer: "", idle: -1, deliveries: 2 ** 63 },
  ]);
  const [[, claimed]] = db.xreadgroup("g", "cat", { s: ">" }, { claim: 5000, count: 1 });
  assert.equal(claimed[0].deliveries, 2 ** 63);
  assert.ok((claimed[0].idle ?? 0) > 1e12);
  db.xdel("s", "2");
  const { next, claimed: taken, gone } = db.xautoclaim("s", "g", "dan", 0, "2", { count: 2 });
  assert.deepEqual([next, taken.map(({ id }) => id), gone], ["0-0", ["3-0"], ["2-0"]]);
  assert.deepEqual(db.xautoclaim("s", "g", "eve", 0, undefined, { justid: true }), {
    next: "0-0",
    claimed: ["1-0", "3-0"],
    gone: [],
  });
  assert.equal(db.xgroup("delconsumer", "s", "g", "eve"), 2);
  assert.equal(db.xgroup("createconsumer", "s", "g", "eve"), 1);
});

test("entries go if groups allow it", () => {
  using db = open();
  for (let i = 1; i <= 4; i++) db.xadd("s", { i }, { id: i });
  db.xgroup("create", "s", "g", 0);
  db.xgroup("create", "s", "h", 0);
  db.xreadgroup("g", "ann", { s: ">" });
  db.xreadgroup("h", "ann", { s: ">" }, { count: 2 });
  assert.deepEqual(db.xackdel("s", "g", ["1", "2", "9"], { acked: true }), [2, 2, -1]);
  assert.deepEqual(db.xdelex("s", "1", { delref: true }), [1]);
  assert.deepEqual(db.xdelex("s", ["3", "4"], { acked: true }), [2, 2]);
  assert.deepEqual(db.xdelex("s", []), []);
  assert.equal(db.xgroup("setid", "s", "h", "$", { entriesread: 4 }), "OK");
  assert.equal(db.xgroup("destroy", "s", "g"), 1);
  assert.throws(() => db.xgroup("setid", "s", "g", "$"), ReplyError);
  const [group] = db.bytes.xinfo("groups", "s") as unknown as Map<Uint8Array, unknown>[];
  assert.equal(group.size, 6);
});

test("bytes come as bytes, and names of consumers, but not IDs", () => {
  using db = open();
  db.bytes.xgroup("create", "s", "g", "$", { mkstream: true });
  db.bytes.xadd("s", [["a", new Uint8Array([255])]], { id: "1" });
  const [[key, [entry]]] = db.bytes.xreadgroup("g", "ann", { s: ">" });
  assert.deepEqual([...key], [115]);
  assert.equal(entry.id, "1-0");
  assert.deepEqual([...(entry.fields?.[0][1] ?? [])], [255]);
  const { consumers, first } = db.bytes.xpending("s", "g");
  assert.equal(first, "1-0");
  assert.deepEqual([...consumers[0][0]], [97, 110, 110]);
});

test("a transaction that is rolled back gives nothing to anybody", () => {
  using db = open();
  db.xgroup("create", "s", "g", "$", { mkstream: true });
  db.xadd("s", { a: 1 }, { id: 1 });
  assert.throws(() =>
    db.transaction(() => {
      assert.equal(db.xreadgroup("g", "ann", { s: ">" }).length, 1);
      db.xgroup("create", "s", "h", 0);
      throw new Error("not this time");
    }),
  );
  assert.equal(db.xpending("s", "g").count, 0);
  assert.equal(db.xreadgroup("g", "bob", { s: ">" }).length, 1);
});
