// Short ways beside the ordinary way: the same calls on two databases with the same past, as a
// method on one and by call() on the other, must return the same and leave the same behind.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Figure } from "../engine/statistics.ts";
import type { Member } from "../threads/member.ts";
import { coreOf, type Database } from "./database.ts";
import { engineOf } from "./embedded-test-support.ts";
import { open } from "./open.ts";

type Word = string | number | Uint8Array;

/** Methods with short ways, with arguments behind the key that take every turn in them. */
const calls: readonly [name: string, ...args: Word[]][] = [
  ["get"],
  ["strlen"],
  ["exists"],
  ["ttl"],
  ["pttl"],
  ["llen"],
  ...[0, 1, -1, 99, -99, 2 ** 40, 0.5, Number.NaN].map((i): [string, number] => ["lindex", i]),
  ...rangesOf([0, 1, 2, -1, -2, 5, -99, 2 ** 60]),
  ["lrange", 0, 1.5],
  ["lrange", Number.POSITIVE_INFINITY, 0],
  ["hget", "a"],
  ["hget", "absent"],
  ["hget", 7],
  ["hmget", "a"],
  ["hmget", "absent", "a", "é", "a", 7],
  ["hexists", "a"],
  ["hexists", "absent"],
  ["hlen"],
  ["sismember", "a"],
  ["sismember", 7],
  ["sismember", "absent"],
  ["scard"],
  ["zscore", "a"],
  ["zscore", "b"],
  ["zscore", "absent"],
  ["zcard"],
];

/** Of each method one call. */
const different = [...new Map(calls.map((call) => [call[0], call])).values()];

test("each short way is among the calls that are compared, or is SET", () => {
  using db = open();
  const ways = coreOf(db).counted.map(({ name }) => name);
  assert.deepEqual(ways.sort(), [...different.map(([name]) => name), "set"].sort());
});

function rangesOf(ends: readonly number[]): [string, number, number][] {
  return ends.flatMap((start) =>
    ends.map((stop): [string, number, number] => ["lrange", start, stop]),
  );
}

/** One key of each type and encoding, and of each length that texts are made for in another way. */
function fill(db: Database): string[] {
  const long = "ä long text, ".repeat(1000);
  const many = Array.from({ length: 300 }, (_, i) => `element ${i}, ${"x".repeat(i % 40)}`);
  db.set("empty", "");
  db.set("integer", -12345);
  db.set("unicode", "grüße 🌍");
  db.set("long", long);
  for (let length = 1; length < 40; length++) db.set(`text ${length}`, "t".repeat(length));
  db.set("not UTF-8", Uint8Array.of(0xff, 0x80, 0x41));
  db.set("with deadline", "v", { px: 3_600_000 });
  db.rpush("list", "a", 7, "é");
  db.rpush("long list", many);
  db.rpush("list with deadline", "a");
  db.pexpire("list with deadline", 7_200_000);
  db.hset("hash", { a: 1, é: "ü", 7: "seven" });
  db.hset("large hash", { a: long, é: "", 7: "seven", ...Object.fromEntries(many.entries()) });
  db.sadd("integers", 7, 8);
  db.sadd("packed", "a", 7);
  db.sadd("table", "a", 7, many);
  db.zadd("small sorted set", { a: 1, b: 2.5, 7: "-inf" });
  db.zadd("sorted set", [["a", 1], ["b", -0.5], ...many.map((member, i) => [member, i] as const)]);
  return [...db.keys("*").sort(), "absent"];
}

/** What a call returns, or the error that it throws. */
function outcome(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

function short(
  db: Database | Database<Uint8Array>,
  name: string,
  key: Word,
  args: readonly Word[],
): unknown {
  const methods = db as unknown as Record<string, (...words: Word[]) => unknown>;
  return outcome(() => methods[name](key, ...args));
}

function ordinary(
  db: Database | Database<Uint8Array>,
  name: string,
  key: Word,
  args: readonly Word[],
): unknown {
  return outcome(() => db.call(name, key, ...args));
}

/** What INFO counts and OBJECT tells: everything that a read leaves behind but the time it took. */
function traces(db: Database): unknown {
  const { executor, keyspace } = engineOf(db);
  const { statistics, table } = executor;
  const figures = [Figure.calls, Figure.failed];
  return {
    calls: table.all.map((each) => figures.map((figure) => statistics.figure(each, figure))),
    commands: statistics.commands,
    errors: statistics.errors(),
    counters: [0, 1, 2, 3, 4, 5].map((index) => keyspace.counter(index)),
  };
}

let now = 1_700_000_000_000;

type Twins = (one: Database, other: Database, keys: string[]) => void;

/** Two databases that differ in nothing, with the names of their keys and of one that is none. */
function twins(work: Twins): void {
  using one = open({ seed: 7, clock: () => now });
  using other = open({ seed: 7, clock: () => now });
  const keys = fill(one);
  fill(other);
  assert.deepEqual(traces(one), traces(other));
  work(one, other, keys);
}

/** As twins, both shared with other threads. Their clocks go, so that no key has a deadline. */
function sharedTwins(work: Twins): void {
  using one = open({ seed: 7 });
  using other = open({ seed: 7 });
  for (const db of [one, other]) {
    fill(db);
    db.persist("with deadline");
    db.persist("list with deadline");
    db.share();
  }
  assert.deepEqual(traces(one), traces(other));
  work(one, other, [...one.keys("*").sort(), "absent"]);
}

/** The lock of a shared database, which says once for each call that somebody has written. */
function disturb(db: Database, isTime: () => boolean): void {
  const { lock } = engineOf(db).member as Member;
  const isSame = lock.isSame.bind(lock);
  lock.isSame = (sequence) => isSame(sequence) && !isTime();
}

test("short ways return what call() returns, and count as it does", () => {
  twins((one, other, keys) => {
    for (const [name, ...args] of calls) {
      for (const key of keys) {
        const label = `${name} ${key} ${args.join(" ")}`;
        assert.deepEqual(short(one, name, key, args), ordinary(other, name, key, args), label);
      }
      assert.deepEqual(traces(one), traces(other), name);
    }
  });
});

test("short ways return bytes where bytes are wanted", () => {
  twins((one, other, keys) => {
    for (const [name, ...args] of calls) {
      for (const key of keys) {
        const bytes = new TextEncoder().encode(key);
        const label = `${name} ${key} ${args.join(" ")}`;
        assert.deepEqual(
          short(one.bytes, name, bytes, args),
          ordinary(other.bytes, name, bytes, args),
          label,
        );
      }
    }
    assert.deepEqual(traces(one), traces(other));
  });
});

test("short ways of a shared database return what call() returns, and count as it does", () => {
  sharedTwins((one, other, keys) => {
    other.keys("*"); // as that for the twins' names
    for (const [name, ...args] of calls) {
      for (const key of keys) {
        const label = `${name} ${key} ${args.join(" ")}`;
        assert.deepEqual(short(one, name, key, args), ordinary(other, name, key, args), label);
      }
      assert.deepEqual(traces(one), traces(other), name);
    }
  });
});

test("what a short way found while another thread wrote counts for nothing", () => {
  sharedTwins((one, other, keys) => {
    other.keys("*");
    let tries = 0;
    // Two of three fail, or all, and then the lock is taken.
    disturb(one, () => ++tries % 3 !== 0);
    for (const [name, ...args] of calls) {
      for (const key of keys) {
        const label = `${name} ${key} ${args.join(" ")}`;
        assert.deepEqual(short(one, name, key, args), ordinary(other, name, key, args), label);
      }
      assert.deepEqual(traces(one), traces(other), name);
    }
    assert.ok(tries > calls.length);
  });
});

test("what a short way threw while another thread wrote counts for nothing", () => {
  sharedTwins((one, other, keys) => {
    other.keys("*");
    const { keyspace } = engineOf(one);
    const typeOf = keyspace.typeOf.bind(keyspace);
    let isTorn = false;
    let throws = 0;
    keyspace.typeOf = (entry) => {
      isTorn = keyspace.reading && !isTorn;
      if (isTorn) throw new Error(`torn ${++throws}`);
      return typeOf(entry);
    };
    disturb(one, () => isTorn);
    for (const [name, ...args] of different) {
      for (const key of keys) {
        assert.deepEqual(short(one, name, key, args), ordinary(other, name, key, args), name);
      }
      assert.deepEqual(traces(one), traces(other), name);
    }
    assert.ok(throws > different.length);
  });
});

test("what a short way threw while nobody wrote is thrown", () => {
  sharedTwins((one) => {
    for (let i = 0; i < 100; i++) one.get("unicode");
    const { keyspace } = engineOf(one);
    const { typeOf } = keyspace;
    keyspace.typeOf = () => {
      throw new Error("broken");
    };
    assert.throws(() => one.get("unicode"), /broken/);
    keyspace.typeOf = typeOf;
    assert.equal(one.get("unicode"), "grüße 🌍");
  });
});

test("a SET in a short way of a shared database is heard and limited as others are", async () => {
  using db = open();
  db.share();
  const set = () => {
    for (let i = 0; i < 100; i++) db.set("key", i);
  };
  set();
  using watching = db.watch("key");
  set();
  assert.equal(watching.get("key").exec(), null);
  set();
  const heard: string[] = [];
  db.call("CONFIG", "SET", "notify-keyspace-events", "KEA");
  db.psubscribe("__keyspace*", (message) => heard.push(message));
  set();
  await sleep(0);
  assert.equal(heard.filter((message) => message === "set").length, 100);
  db.call("CONFIG", "SET", "notify-keyspace-events", "");
  assert.throws(() => {
    db.transaction(() => {
      set();
      db.set("other", 1);
      throw new Error("back");
    });
  }, /back/);
  assert.deepEqual([db.get("key"), db.get("other")], ["99", null]);
  db.call("CONFIG", "SET", "maxmemory", "100kb");
  assert.throws(() => {
    for (let i = 0; i < 10_000; i++) db.set(`key ${i}`, "v".repeat(100));
  }, /OOM/);
});

test("short ways do the same inside a transaction", () => {
  for (const some of [twins, sharedTwins]) transactions(some);
});

function transactions(some: (work: Twins) => void): void {
  some((one, other, keys) => {
    if (some === sharedTwins) other.keys("*");
    for (const [name, ...args] of calls) {
      for (const key of keys) {
        const mine = one.transaction(() => short(one, name, key, args));
        const theirs = other.transaction(() => ordinary(other, name, key, args));
        assert.deepEqual(mine, theirs, `${name} ${key}`);
      }
    }
    assert.deepEqual(traces(one), traces(other));
  });
}

test("short ways are accesses exactly where the ordinary way is one", () => {
  for (const [policy, what] of [
    ["noeviction", "idletime"],
    ["allkeys-lfu", "freq"],
  ] as const) {
    twins((one, other, keys) => {
      using third = open();
      fill(third);
      for (const db of [one, other]) db.call("CONFIG", "SET", "maxmemory-policy", policy);
      for (const [name, ...args] of calls) {
        now += 10_000;
        for (const key of keys) {
          // A refused call counts as a use of the key, or as two.
          if (String(ordinary(third, name, key, args)).startsWith("ReplyError")) continue;
          short(one, name, key, args);
          ordinary(other, name, key, args);
          assert.deepEqual(one.object(what, key), other.object(what, key), `${name} ${key}`);
        }
      }
    });
  }
});

for (const where of ["", " of a shared database"])
  test(`short ways${where} find expired keys gone, and delete them`, async () => {
    for (const [name, ...args] of different) {
      using one = open();
      using other = open();
      for (const db of [one, other]) {
        if (where !== "") db.share();
        db.call("DEBUG", "SET-ACTIVE-EXPIRE", "0");
        fill(db);
        for (const key of db.keys("*")) db.pexpire(key, 1);
      }
      await sleep(5);
      for (const key of ["integer", "list", "hash", "packed"]) {
        assert.deepEqual(short(one, name, key, args), ordinary(other, name, key, args), name);
        assert.equal(engineOf(one).keyspace.size(0), engineOf(other).keyspace.size(0), name);
      }
      assert.deepEqual(traces(one), traces(other), name);
    }
  });

for (const where of ["", " of a shared database"])
  test(`who listens for misses hears of those on short ways${where}`, async () => {
    for (const [name, ...args] of different) {
      using one = open();
      using other = open();
      if (where !== "") for (const db of [one, other]) db.share();
      const heard: [string[], string[]] = [[], []];
      for (const [i, db] of [one, other].entries()) {
        db.call("CONFIG", "SET", "notify-keyspace-events", "KEm");
        db.psubscribe("*", (message, channel) => heard[i].push(`${channel} ${message}`));
      }
      short(one, name, "absent", args);
      ordinary(other, name, "absent", args);
      await sleep(0);
      assert.deepEqual(heard[0], heard[1], name);
      assert.deepEqual(traces(one), traces(other), name);
    }
  });

for (const where of ["", " that was shared"])
  test(`short ways of a closed database${where} throw as others do`, () => {
    const db = open();
    if (where !== "") db.share();
    fill(db);
    db.close();
    for (const [name, ...args] of calls) {
      assert.match(String(short(db, name, "k", args)), /the database is closed/, name);
    }
    assert.throws(() => db.hash("h"), /the database is closed/);
  });
