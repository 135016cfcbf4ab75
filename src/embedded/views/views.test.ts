// Live views: what they show, and that iterating while everything changes is safe.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { open } from "../open.ts";

test("a hash's view is live", () => {
  using db = open();
  const view = db.hash("h");
  assert.equal(view.size, 0);
  assert.equal(view.get("a"), undefined);
  assert.deepEqual([...view], []);
  db.hset("h", { a: 1, b: 2 });
  assert.equal(view.size, 2);
  assert.equal(view.get("a"), "1");
  assert.equal(view.has("b"), true);
  assert.equal(view.has("c"), false);
  assert.deepEqual([...view.keys()], ["a", "b"]);
  assert.deepEqual([...view.values()], ["1", "2"]);
  assert.deepEqual(
    new Map(view),
    new Map([
      ["a", "1"],
      ["b", "2"],
    ]),
  );
  assert.deepEqual([...db.bytes.hash("h").keys()], [Uint8Array.of(97), Uint8Array.of(98)]);
  db.del("h");
  assert.equal(view.size, 0);
  db.set("h", "a text");
  assert.throws(() => view.size, /WRONGTYPE/);
  assert.throws(() => [...view], /WRONGTYPE/);
});

test("a list's view is live", () => {
  using db = open();
  const view = db.list("l");
  assert.equal(view.at(0), undefined);
  db.rpush(
    "l",
    Array.from({ length: 1000 }, (_, i) => `e${i}`),
  );
  assert.equal(view.size, 1000);
  assert.equal(view.length, 1000);
  assert.equal(view.at(0), "e0");
  assert.equal(view.at(-1), "e999");
  assert.equal(view.at(1000), undefined);
  assert.deepEqual([...view], db.lrange("l", 0, -1));
  assert.deepEqual(db.bytes.list("l").at(1), Uint8Array.of(101, 49));
});

test("a set's view is live, in every encoding", () => {
  using db = open();
  const view = db.members("s");
  db.sadd("s", 1, 2, 3);
  assert.deepEqual([...view], ["1", "2", "3"]);
  db.sadd("s", "four");
  assert.equal(view.has(4), false);
  assert.equal(view.has("four"), true);
  db.sadd(
    "s",
    Array.from({ length: 5000 }, (_, i) => `m${i}`),
  );
  assert.equal(view.size, 5004);
  assert.deepEqual([...view].sort(), db.smembers("s").sort());
});

test("a sorted set's view is live, in every encoding", () => {
  using db = open();
  const view = db.sortedSet("z");
  assert.equal(view.size, 0);
  assert.equal(view.at(0), undefined);
  assert.deepEqual([...view], []);
  db.zadd("z", { a: 3, b: 1, c: 2 });
  assert.deepEqual([...view.values()], ["b", "c", "a"]);
  assert.deepEqual(
    [...view.entries({ min: 2, reverse: true })],
    [
      ["a", 3],
      ["c", 2],
    ],
  );
  for (const more of [0, 5000]) {
    db.zadd(
      "z",
      Array.from({ length: more }, (_, i) => [`m${i}`, 10 + (i % 7)] as const),
    );
    assert.equal(view.size, 3 + more);
    assert.equal(view.score("c"), 2);
    assert.equal(view.rank("c"), 1);
    assert.equal(view.rank("x"), undefined);
    assert.equal(view.has("x"), false);
    assert.deepEqual(view.at(0), ["b", 1]);
    assert.deepEqual(view.at(-1), db.zrange("z", -1, -1, { withscores: true })[0]);
    assert.deepEqual([...view], db.zrange("z", 0, -1, { withscores: true }));
    const downwards = db.zrange("z", 12, "(2", { byscore: true, rev: true, withscores: true });
    assert.deepEqual([...view.entries({ min: 2.5, max: 12, reverse: true })], downwards);
  }
  const seen: number[] = [];
  for (const [member, score] of view.entries({ min: 10 })) {
    seen.push(score);
    db.zrem("z", member, `${member}0`);
  }
  assert.ok(seen.length > 4000);
  assert.deepEqual(
    seen,
    [...seen].sort((a, b) => a - b),
  );
  assert.equal(view.at(-1)?.[0], "a");
  assert.deepEqual(db.bytes.sortedSet("z").at(0), [Uint8Array.of(98), 1]);
});

test("iterating while the collection grows ends", () => {
  using db = open();
  db.sadd(
    "s",
    Array.from({ length: 200 }, (_, i) => `m${i}`),
  );
  let seen = 0;
  for (const member of db.members("s")) {
    seen++;
    db.sadd("s", `${member}:more`, `${member}:yet more`);
    assert.ok(seen < 1_000_000);
  }
  assert.ok(seen >= 200);
  db.rpush("l", 1);
  for (const element of db.list("l")) db.rpush("l", element);
  assert.equal(db.llen("l"), 2);
});

test("what stays during an iteration is seen, whatever else happens", () => {
  using db = open();
  const stays = Array.from({ length: 3000 }, (_, i) => `stays:${i}`);
  db.hset(
    "h",
    stays.map((field) => [field, field] as const),
  );
  db.hset(
    "h",
    Array.from({ length: 20_000 }, (_, i) => [`goes:${i}`, "x"] as const),
  );
  const seen = new Set<string>();
  let next = 0;
  for (const [field, value] of db.hash("h")) {
    if (field.startsWith("stays")) assert.equal(value, field);
    seen.add(field);
    for (let i = 0; i < 8; i++) db.hdel("h", `goes:${next++}`);
  }
  for (const field of stays) assert.ok(seen.has(field));
});

test("iterating survives that the key goes, comes again and changes its type", () => {
  using db = open();
  const fill = (): void => {
    db.sadd(
      "k",
      Array.from({ length: 500 }, (_, i) => `m${i}`),
    );
  };
  const changes: (() => unknown)[] = [
    () => db.del("k"),
    () => db.flushall(),
    () => db.set("k", "text"),
    () => db.del("k") && db.rpush("k", 1, 2),
    () => db.del("k") && db.sadd("k", 1, 2),
    () => db.del("k") && fill(),
    () => db.rename("k", "other"),
    () => db.transaction(() => db.type("k") === "set" && db.spop("k", 400)),
    () => db.expire("k", -1),
  ];
  for (const change of changes) {
    for (const at of [0, 1, 100, 499]) {
      db.flushall();
      fill();
      let seen = 0;
      for (const _ of db.members("k")) if (seen++ === at) change();
      assert.ok(seen <= 2000);
      db.del("k");
      db.rpush(
        "k",
        Array.from({ length: 500 }, (_, i) => i),
      );
      seen = 0;
      for (const _ of db.list("k")) if (seen++ === at) change();
      assert.ok(seen <= 500);
    }
  }
});

test("two iterations of one collection do not disturb each other", () => {
  using db = open();
  db.sadd(
    "s",
    Array.from({ length: 300 }, (_, i) => `m${i}`),
  );
  let pairs = 0;
  for (const a of db.members("s")) {
    for (const b of db.members("s")) if (a !== b) pairs++;
    if (pairs > 2000) break;
  }
  assert.ok(pairs > 2000 && pairs % 299 === 0);
});

test("a view of an expired key is empty", () => {
  let now = 1000;
  using db = open({ clock: () => now });
  db.hset("h", "f", 1);
  db.pexpire("h", 10);
  const view = db.hash("h");
  assert.equal(view.size, 1);
  now += 100;
  assert.equal(view.size, 0);
  assert.equal(db.dbsize(), 0);
});

test("a view has the key that it was made with, however it was given", () => {
  using db = open();
  db.sadd("7", "a");
  db.sadd("schlüssel", "a", "b");
  const bytes = new TextEncoder().encode("schlüssel");
  const view = db.members(bytes);
  bytes.fill(0);
  assert.equal(view.size, 2);
  assert.equal(db.members("schlüssel").size, 2);
  assert.equal(db.members(7).size, 1);
  assert.equal(db.members(7n).has("a"), true);
  assert.equal(db.database(1).members("7").size, 0);
  assert.throws(() => db.members(null as unknown as string), TypeError);
});

test("what a program prints or turns into JSON shows nothing of what lies behind", () => {
  using db = open();
  db.config("set", "requirepass", "a secret");
  db.hset("user:1", { name: "Alice" });
  const held: [object, string][] = [
    [db, "Database { path: undefined, index: 0 }"],
    [db.database(3), "Database { path: undefined, index: 3 }"],
    [db.hash("user:1"), 'HashView { key: "user:1" }'],
    [db.list(Uint8Array.of(113)), 'ListView { key: "q" }'],
    [db.members("none"), 'MembersView { key: "none" }'],
    [db.multi().get("a").get("b"), "Multi { length: 2 }"],
  ];
  for (const [object, text] of held) {
    assert.equal(inspect(object), text);
    assert.equal(JSON.stringify(object), "{}");
  }
});
