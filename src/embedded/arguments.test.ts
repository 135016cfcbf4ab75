// What goes in: values of any realm, several values as any iterable, and what must not go in.

import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import type { Database } from "./database.ts";
import { open } from "./open.ts";

/** The methods as a program without types has them. */
// biome-ignore lint/suspicious/noExplicitAny: that is the point
type Loose = any;

test("values of another realm are taken as one's own", () => {
  using db = open();
  const { bytes, clamped, map, set, list, object, pairs } = runInNewContext(`({
    bytes: new Uint8Array([104, 105]),
    clamped: new Uint8ClampedArray([104, 255]),
    map: new Map([["a", 1], ["b", new Uint8Array([50])]]),
    set: new Set(["x", "y"]),
    list: ["x", "z"],
    object: { c: 3 },
    pairs: [["d", 4]],
  })`);
  db.set(bytes, bytes);
  assert.equal(db.get("hi"), "hi");
  db.set("long", runInNewContext("new Uint8Array(1000).fill(65)"));
  assert.equal(db.get("long"), "A".repeat(1000));
  db.set("clamped", clamped);
  assert.deepEqual(db.bytes.get("clamped"), Uint8Array.of(104, 255));
  for (const fields of [map, object, pairs]) db.hset("h", fields);
  assert.deepEqual({ ...db.hgetall("h") }, { a: "1", b: "2", c: "3", d: "4" });
  assert.equal(db.sadd("s", set, list, bytes), 4);
  assert.equal(db.sismember("s", bytes), 1);
  assert.equal(db.hash("h").get(Buffer.from("c")), "3");
  assert.equal(db.call("GET", bytes), "hi");
});

test("a promise or an error of another realm ends a transaction", () => {
  using db = open();
  const promise = runInNewContext("Promise.resolve()");
  assert.throws(() => db.transaction(() => promise), { code: "TRANSACTION" });
  const async = runInNewContext("(async () => {})");
  assert.throws(() => db.transaction(async), { code: "TRANSACTION" });
  const error = runInNewContext("new Error('theirs')");
  const inside = (): void => {
    db.set("k", 1);
    throw error;
  };
  assert.throws(
    () => db.transaction(inside),
    (thrown) => thrown === error,
  );
  assert.equal(db.exists("k"), 0);
});

test("views that are not of bytes, and objects, are no values", () => {
  using db = open() as Database & Loose;
  const wrong = [
    new Uint16Array(2),
    new DataView(new ArrayBuffer(2)),
    new ArrayBuffer(2),
    {},
    null,
    true,
    Symbol("s"),
    () => {},
    { toString: () => "k" },
  ];
  for (const value of wrong) {
    assert.throws(() => db.set("k", value), /^TypeError: an argument is a string, a Uint8Array/);
    assert.throws(() => db.get(value), /^TypeError: an argument is/);
    assert.throws(() => db.sadd("s", "a", value), /^TypeError: an argument is/);
    assert.throws(() => db.sadd("s", ["a", value]), /^TypeError: an argument is/);
  }
  for (const use of [
    () => db.get(undefined),
    () => db.hget("h", undefined),
    () => db.hash("h").get(undefined),
    () => db.hash(undefined),
    () => db.sadd("s", [undefined]),
    () => db.hset("h", ["ab"]),
  ]) {
    assert.throws(use, TypeError);
  }
  assert.equal(db.dbsize(), 0);
});

test("where one value goes, an array is refused, not taken apart", () => {
  using db = open() as Database & Loose;
  db.set("a", "untouched");
  const uses: (() => unknown)[] = [
    () => db.set("k", ["v", "PX", 1]),
    () => db.set(["k", "v"]),
    () => db.get([]),
    () => db.get(["a"]),
    () => db.hget("h", ["f", "g"]),
    () => db.hset("h", "f", ["v"]),
    () => db.setex("k", ["5", "v"]),
    () => db.set("k", "v", { ex: ["5", "NX"] }),
    () => db.call("SET", ["k", "v"]),
    () => db.hash("h").has([]),
    () => db.members("s").has(["a"]),
    () => db.members(["s"]),
    () => db.sadd("s", [["nested"]]),
    () => db.hset("h", [["f", ["v", "g", "w"]]]),
  ];
  for (const use of uses) {
    assert.throws(use, /^TypeError: an argument is .*not an array \(here goes one value\)/);
  }
  assert.deepEqual(db.keys("*"), ["a"]);
});

test("several values are any iterable of them, and may be mixed", () => {
  using db = open();
  function* letters(): Generator<string> {
    yield* ["c", "d"];
  }
  assert.equal(db.sadd("s", new Set(["a", "b"]), "e", letters()), 5);
  assert.equal(db.rpush("l", new Map([["x", 1]]).keys(), ["y", 2n], 3), 4);
  assert.deepEqual(db.lrange("l", 0, -1), ["x", "y", "2", "3"]);
  db.mset(new Map([["k1", "1"]]));
  assert.deepEqual(db.mget(new Set(["k1", "k2"])), ["1", null]);
  db.hset("h", { f: 1, g: 2 });
  assert.deepEqual(db.hmget("h", new Set(["g", "f"])), ["2", "1"]);
  assert.deepEqual(db.smismember("s", letters(), "z"), [1, 1, 0]);
  assert.equal(db.exists(new Set(["s", "l", "none"])), 2);
  assert.equal(db.exists(new Set(["s"])), 1);
  assert.deepEqual(db.lmpop(new Set(["none", "l"]), "LEFT"), ["l", ["x"]]);
  assert.equal(db.sintercard(new Set(["s"])), 5);
  assert.deepEqual(db.sinter(["s"], ["s"]).sort(), ["a", "b", "c", "d", "e"]);
  assert.equal(db.hdel("h", new Set(["f"]), "g"), 2);
  const multi = db.watch(new Set(["k1"]));
  db.set("k1", 2);
  assert.equal(multi.get("k1").exec(), null);
  assert.equal(db.del(new Set(["s", "l"])), 2);
});

test("no values at all change nothing, and say so as the method would", () => {
  using db = open();
  const none: string[] = [];
  db.rpush("l", "a");
  db.set("k", 1);
  const before = db.keys("*").sort();
  assert.equal(db.del(none), 0);
  assert.equal(db.unlink(none, []), 0);
  assert.equal(db.exists(none), 0);
  assert.equal(db.touch(new Set<string>()), 0);
  assert.equal(db.sadd("s", none), 0);
  assert.equal(db.srem("s", none), 0);
  assert.equal(db.hdel("h", none), 0);
  assert.equal(db.hset("h", {}), 0);
  assert.equal(db.hmset("h", new Map()), "OK");
  assert.equal(db.mset({}), "OK");
  assert.equal(db.msetnx([]), 1);
  assert.equal(db.rpush("l", none), 1);
  assert.equal(db.lpushx("none", none), 0);
  assert.throws(() => db.lpush("k", none), { code: "WRONGTYPE" });
  assert.deepEqual(db.mget(none), []);
  assert.deepEqual(db.hmget("h", none), []);
  assert.deepEqual(db.smismember("s", none), []);
  assert.deepEqual(db.sunion(none), []);
  assert.equal(db.lmpop(none, "LEFT"), null);
  assert.deepEqual(db.keys("*").sort(), before);
  assert.deepEqual(db.multi().set("k", 2).del(none).mget(none).rpush("l", none).get("k").exec(), [
    "OK",
    0,
    [],
    1,
    "2",
  ]);
  // What needs one at least says so.
  for (const use of [
    () => db.sinter(none),
    () => db.sdiff(none),
    () => db.sunionstore("to", none),
    () => db.sintercard(none),
    () => (db as Loose).del(),
    () => (db as Loose).sadd("s"),
  ]) {
    assert.throws(use, { name: "ReplyError" });
  }
  db.close();
  assert.throws(() => db.del(none), { code: "CLOSED" });
});

test("a method that has lost its database says so", () => {
  using db = open();
  const keys = ["a", "b"];
  const said = /^TypeError: a method was called without its database, as in keys\.map\(db\.get\)/;
  const loose = db as Loose;
  for (const name of ["get", "set", "hmget", "exists", "ttl", "lrange", "del", "incr", "scan"]) {
    assert.throws(() => keys.map(loose[name]), said, name);
  }
  assert.throws(() => keys.map((db.multi() as Loose).get), said);
  assert.deepEqual(
    keys.map((key) => db.get(key)),
    [null, null],
  );
});

test("a text with half a character is refused, since it would become another text", () => {
  using db = open();
  const half = "key \ud83d";
  const said = /^TypeError: a text has half of a character at 4 \(a lone surrogate\)/;
  for (const use of [
    () => db.set(half, 1),
    () => db.set("k", half),
    () => db.get(half),
    () => db.sadd("s", ["a", half]),
    () => db.set(`${half}${"x".repeat(2000)}`, 1),
    () => db.call("SET", "k", half),
    () => db.hash("h").get(half),
  ]) {
    assert.throws(use, said);
  }
  assert.equal(db.dbsize(), 0);
  db.set(half.toWellFormed(), "😀é");
  assert.equal(db.get("key \ufffd"), "😀é");
  assert.equal(db.get("\udc00".toWellFormed()), null);
});

/** Something that calls the database again, each in its own way, while its call is prepared. */
function callers(db: Database): readonly [name: string, several: Loose][] {
  const again = (): void => {
    db.set("other", "words of another call");
    db.hmget("other hash", "f", "g", "h");
    assert.deepEqual(db.sadd("other set", "a", "b", "c"), 3);
    db.del("other set");
  };
  const values = ["x", "y"];
  class Strange extends Array<string> {
    override *[Symbol.iterator](): ArrayIterator<string> {
      again();
      for (const value of values) {
        yield value;
        again();
      }
    }
  }
  const proxied = (target: string[]): string[] =>
    new Proxy(target, {
      get(of, name, self) {
        again();
        return Reflect.get(of, name, self);
      },
    });
  const counted = [...values];
  Object.defineProperty(counted, 0, {
    get: () => {
      again();
      return "x";
    },
  });
  return [
    ["an iterator", new Strange(2)],
    [
      "a generator",
      (function* () {
        for (const value of values) {
          again();
          yield value;
        }
      })(),
    ],
    ["a proxy", proxied([...values])],
    ["a getter", counted],
    ["a view of the same database", db.members("view")],
  ];
}

test("what calls the database while it is read leaves the outer call its own words", () => {
  const methods: Readonly<Record<string, (db: Database, several: Loose) => unknown>> = {
    sadd: (db, several) => db.sadd("s", "first", several),
    rpush: (db, several) => db.rpush("l", several, "last"),
    del: (db, several) => db.del(several),
    exists: (db, several) => db.exists(several),
    mget: (db, several) => db.mget("first", several),
    hmget: (db, several) => db.hmget("h", several, "f"),
    hdel: (db, several) => db.hdel("h", several),
    sinter: (db, several) => db.sinter(several),
    sunionstore: (db, several) => db.sunionstore("to", several),
    sintercard: (db, several) => db.sintercard(several),
    lmpop: (db, several) => db.lmpop(several, "LEFT"),
    watch: (db, several) => db.watch(several).get("x").exec(),
    multi: (db, several) => db.multi().sadd("s", several).exec(),
    info: (db, several) => typeof db.info(several),
  };
  const fresh = (): Database => {
    const db = open({ seed: 1, clock: () => 1_000_000 });
    db.sadd("view", "x", "y");
    db.mset({ first: 1, "{x}": 2 });
    db.hset("h", { x: 1, y: 2, f: 3 });
    return db;
  };
  const contents = (db: Database): unknown[] => {
    db.del("other");
    return db
      .keys("*")
      .sort()
      .map((key) => {
        const type = db.type(key);
        if (type === "list") return [key, db.lrange(key, 0, -1)];
        if (type === "set") return [key, db.smembers(key).sort()];
        return [key, type === "hash" ? db.hvals(key) : db.get(key)];
      });
  };
  for (const [name, method] of Object.entries(methods)) {
    using plain = fresh();
    const expected = method(plain, ["x", "y"]);
    for (let i = 0; i < 5; i++) {
      using db = fresh();
      const [kind, several] = callers(db)[i];
      assert.deepEqual(method(db, several), expected, `${name} of ${kind}`);
      assert.deepEqual(contents(db), contents(plain), `${name} of ${kind}`);
    }
  }
});

test("pairs and options that call the database while they are read do no harm", () => {
  using db = open();
  const fields = {
    get f() {
      db.set("other", 1);
      return "v";
    },
  };
  db.hset("h", fields);
  db.mset(
    (function* (): Generator<[string, string]> {
      db.incr("other");
      yield ["a", "1"];
      db.incr("other");
      yield ["b", "2"];
    })(),
  );
  const options = {
    get ex() {
      db.incr("other");
      return 100;
    },
  };
  db.set("k", "v", options);
  assert.deepEqual(db.mget("a", "b", "k", "other"), ["1", "2", "v", "4"]);
  assert.equal(db.ttl("k"), 100);
  assert.equal(db.hget("h", "f"), "v");
  db.hset("copy", db.hash("h"));
  assert.deepEqual(db.hkeys("copy"), ["f"]);
});

test("bytes that answer for themselves are copied as they are, or refused", () => {
  using db = open();
  class Long extends Uint8Array {
    override get length(): number {
      db.set("other", 1);
      return 1000;
    }
  }
  db.set("secret", "s".repeat(2000));
  db.set("k", new Long([104, 105]));
  assert.equal(db.get("k"), "hi");
  db.set("k", new Long(100).fill(65));
  assert.equal(db.get("k"), "A".repeat(100));
  assert.equal(db.exists("other"), 0, "nobody asked for the length");
  class Calling extends Uint8Array {
    override get BYTES_PER_ELEMENT(): number {
      db.set("other", 2);
      return 1;
    }
  }
  assert.throws(() => db.set("k", new Calling(2)), /^TypeError: an argument called the database/);
  assert.equal(db.get("other"), "2");
});

test("a clock that calls the database is refused: the words of the call are gone", () => {
  let calling = false;
  let now = 1_000_000;
  const db: Database = open({
    clock: () => {
      if (calling) {
        calling = false;
        db.set("other", "words", { ex: 10 });
      }
      return now++;
    },
  });
  const uses: (() => unknown)[] = [
    () => db.set("k", "v"),
    () => db.set("k", "v", { ex: 5 }),
    () => db.get("k"),
    () => db.hmget("h", "f", "g"),
    () => db.rpush("l", "a", "b"),
    () => db.call("GET", "k"),
    () => db.hash("h").get("f"),
    () => db.multi().get("k").exec(),
  ];
  for (const use of uses) {
    db.flushall();
    calling = true;
    assert.throws(use, /^TypeError: open\(\): clock called the database from inside of a call/);
    assert.deepEqual(db.keys("*"), ["other"]);
  }
  db.close();
});
