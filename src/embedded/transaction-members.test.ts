// transaction() on large values, of which it keeps only what changes (keyspace/journal.ts).

import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../base/random.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import { ReplyError } from "../protocol/reply-reader.ts";
import type { Database } from "./database.ts";
import { contents, engineOf, usedByEntries } from "./embedded-test-support.ts";
import { open } from "./open.ts";

const failure = new Error("not this time");

/** Does `work`, and nothing of it. */
function inVain(db: Database, work: () => void): void {
  assert.throws(
    () =>
      db.transaction(() => {
        work();
        throw failure;
      }),
    failure,
  );
}

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${name}:${i}`);
}

function settle(keyspace: Keyspace): void {
  while (keyspace.disposing) keyspace.reclaim(1000);
}

/** A database with a large hash, set and list: "h", "s" and "l". */
function withLarge(count: number, clock: () => number = () => 1_000_000): Database {
  const db = open({ clock });
  db.hset("h", Object.fromEntries(numbered("f", count).map((field, i) => [field, i])));
  db.sadd("s", numbered("m", count));
  db.rpush("l", numbered("e", count));
  // With room behind it, as a string that has grown has.
  db.set("t", "text ".repeat(40_000));
  db.append("t", "grown");
  const encodings = ["h", "s", "l"].map((key) => db.object("encoding", key));
  assert.deepEqual(encodings, ["hashtable", "hashtable", "quicklist"]);
  return db;
}

/** Bytes that are taken inside a transaction, before it ends, by what `work` does. */
function bytesTaken(db: Database, work: () => void): number {
  const { keyspace } = engineOf(db);
  const { memory } = keyspace;
  settle(keyspace);
  const before = memory.usedBytes;
  let taken = 0;
  inVain(db, () => {
    work();
    taken = memory.usedBytes - before;
  });
  return taken;
}

const touching: readonly [string, (db: Database) => unknown][] = [
  ["HSET", (db) => db.hset("h", { "f:7": "changed", new: 1 })],
  ["HMSET", (db) => db.call("HMSET", "h", "f:7", "x", "f:8", "y")],
  ["HSETNX", (db) => db.hsetnx("h", "new", 1) && db.hsetnx("h", "f:1", 1)],
  ["HINCRBY", (db) => db.hincrby("h", "f:9", 5)],
  ["HINCRBYFLOAT", (db) => db.hincrbyfloat("h", "f:9", 0.5)],
  ["HDEL", (db) => db.hdel("h", "f:1", "f:2", "nothing", "f:1")],
  ["SADD", (db) => db.sadd("s", "new", "m:1")],
  ["SREM", (db) => db.srem("s", "m:1", "m:2", "nothing")],
  ["SMOVE", (db) => db.smove("s", "s2", "m:3") && db.smove("s2", "s", "m:3")],
  ["LPUSH", (db) => db.lpush("l", "x", "y") && db.lpushx("l", "z")],
  ["RPUSH", (db) => db.rpush("l", "x", "y") && db.rpushx("l", "z")],
  ["LPOP", (db) => db.lpop("l") && db.lpop("l", 5)],
  ["RPOP", (db) => db.rpop("l") && db.rpop("l", 5)],
  ["LMPOP", (db) => db.call("LMPOP", 2, "none", "l", "RIGHT", "COUNT", 3)],
  ["LMOVE", (db) => db.lmove("l", "l", "LEFT", "RIGHT") && db.lmove("l", "l2", "RIGHT", "LEFT")],
  ["LTRIM", (db) => db.lpush("l", "x") && db.ltrim("l", 3, -4)],
  ["RPOPLPUSH", (db) => db.rpoplpush("l", "l")],
  ["LSET", (db) => db.lset("l", 5, "other") && db.lset("l", -1, "last")],
  ["EXPIRE", (db) => db.expire("h", 100) && db.pexpire("s", 5) && db.persist("h")],
  ["SINTERSTORE", (db) => db.sadd("s2", "m:1") && db.sinterstore("s3", "s2", "s")],
  ["SPOP", (db) => db.spop("s") && db.spop("s", 3)],
  ["LREM", (db) => db.lrem("l", 0, "e:7") && db.lrem("l", -1, "e:19000")],
  ["LINSERT", (db) => db.linsert("l", "BEFORE", "e:10000", "x")],
  ["RENAME", (db) => db.rename("h", "h2") && db.rename("l", "s")],
  ["MOVE", (db) => db.move("h", 1) && db.swapdb(0, 1)],
  ["FLUSHALL", (db) => db.flushdb() && db.sadd("s", 1) && db.flushall()],
  ["APPEND", (db) => db.append("t", "x") && db.append("t", "y")],
  ["SETRANGE", (db) => db.setrange("t", 7, "x") && db.setrange("t", 199_999, "beyond")],
  ["SET", (db) => db.set("t", "short") && db.set("h", "text")],
  ["DEL", (db) => db.hset("h", "f:1", "x") && db.lpop("l") && db.del("h", "l")],
];

for (const [name, work] of touching) {
  test(`${name} copies no large value, and is taken back`, () => {
    using db = withLarge(20_000);
    const before = contents(db);
    const taken = bytesTaken(db, () => work(db));
    // A new node of a list may be among them; each value has 200 KiB and more.
    assert.ok(taken < 16384, `${taken} bytes`);
    assert.deepEqual(contents(db), before);
    engineOf(db).keyspace.verify();
    db.transaction(() => work(db));
    settle(engineOf(db).keyspace);
    assert.equal(usedByEntries(engineOf(db).keyspace).unaccounted, 0);
    db.flushall();
    settle(engineOf(db).keyspace);
    assert.equal(engineOf(db).keyspace.memory.usedBytes, 0);
  });
}

/** What a command may be given for a number, right and wrong. */
const numbers =
  "0 1 -1 -0 +1 01 1e3 3 19999 20000 20001 2147483648 4294967296 9007199254740993 " +
  "4611686018427387904 9223372036854775807 9223372036854775808 -9223372036854775808 nan";

const odd: readonly string[] = [
  ...numbers
    .split(" ")
    .flatMap((n) => [
      ...[`LPOP l ${n}`, `RPOP l ${n}`, `LSET l ${n} v`, `LMPOP 1 l LEFT COUNT ${n}`],
      ...[`LMPOP ${n} l m LEFT`, `LMPOP 2 none l left count ${n}`, `EXPIRE h ${n}`],
      ...[`LTRIM l ${n} -1`, `LTRIM l 0 ${n}`, `LTRIM l ${n} ${n}`, `LTRIM l -${n} -3`],
      ...[`PEXPIRE l ${n}`, `EXPIRE s ${n} GT`, `HINCRBY h f:1 ${n}`, `HINCRBYFLOAT h new ${n}`],
    ]),
  ...["LPOP l 1 2", "LMOVE l text LEFT LEFT", "LMOVE l m LEFT X", "LMOVE none l LEFT LEFT"],
  ...["LMOVE text l LEFT LEFT", "LMOVE small l LEFT RIGHT", "LMOVE l l RIGHT LEFT"],
  ...["RPOPLPUSH l small", "RPOPLPUSH l text", "RPOPLPUSH l new", "LMPOP 2 text l LEFT"],
  ...["LMPOP 1 l LEFT COUNT 1 x", "LMPOP 1 l LEFT COUNT", "LMPOP 2 l LEFT", "BLPOP l 0"],
  ...["BLMOVE l m LEFT LEFT 0", "BLMPOP 0 1 l LEFT", "LPUSHX l x", "LPUSH h x", "HDEL l x"],
  ...["HSET h f:1", "HSET h f:1 a f:1 b", "HSET h f:1 a f:2", "SMOVE s l m:1", "SMOVE s s m:1"],
  ...["SMOVE s none m:1", "SMOVE l s m:1"],
];

test("commands that fail, or are given odd numbers, are undone for what they did", () => {
  using db = withLarge(20_000);
  db.rpush("m", numbered("e", 20_000));
  db.rpush("small", 1, 2);
  db.set("text", "x");
  const before = contents(db);
  const call = (line: string): void => {
    try {
      db.call(...(line.split(" ") as [string, ...string[]]));
    } catch (error) {
      assert.ok(error instanceof ReplyError, String(error));
    }
  };
  const sizes = () => [db.llen("l"), db.llen("m"), db.hlen("h"), db.scard("s"), db.llen("small")];
  for (const line of odd) {
    for (const first of ["PING", "LPUSH l q", "RPOP l 3", "DEL l"]) {
      inVain(db, () => [first, line, line].forEach(call));
      assert.deepEqual(sizes(), [20_000, 20_000, 20_000, 20_000, 2], `${first}, ${line}`);
    }
  }
  assert.deepEqual(contents(db), before);
  engineOf(db).keyspace.verify();
});

test("what changes in many ways is taken back", () => {
  using db = withLarge(2000);
  const before = contents(db);
  inVain(db, () => {
    db.hset("h", { "f:1": "x", new: 1 });
    db.rename("h", "s2");
    db.srem("s", "m:1", "m:2");
    db.spop("s", 10);
    db.sadd("s", "m:1", "another");
    db.lpush("l", "new");
    db.ltrim("l", 0, 9);
    db.linsert("l", "BEFORE", "e:3", "inserted");
    db.lset("l", 0, "set");
    db.lrem("l", 0, "e:5");
  });
  assert.deepEqual(contents(db), before);
  inVain(db, () => {
    db.srem("s", "m:5");
    db.sinterstore("s", "s", "s");
    db.lpop("l");
    db.copy("s", "l", { replace: true });
    db.hdel("h", "f:1");
    db.expireat("h", 1);
    assert.equal(db.exists("h"), 0);
    db.hset("h", "small", 1);
  });
  assert.deepEqual(contents(db), before);
  engineOf(db).keyspace.verify();
});

test("a large collection that becomes empty comes back, and what came in its place goes", () => {
  using db = withLarge(2000);
  db.expire("h", 100);
  db.expire("l", 100);
  const before = contents(db);
  for (const after of [() => {}, () => db.mset({ h: 1, s: 2, l: 3 }), () => db.rpush("l", "x")]) {
    inVain(db, () => {
      db.hdel("h", numbered("f", 2000));
      db.srem("s", numbered("m", 2000));
      db.lpush("l", "before");
      db.rpop("l", 1000);
      db.lpop("l", 1100);
      assert.deepEqual(db.keys("*"), ["t"]);
      after();
    });
    assert.deepEqual(contents(db), before);
    engineOf(db).keyspace.verify();
  }
});

test("pops that go through the whole list take what was pushed at the other end", () => {
  using db = withLarge(2000);
  const before = contents(db);
  inVain(db, () => {
    db.lpush("l", "l1", "l2");
    db.rpop("l", 2001);
    db.rpush("l", "r1", "r2", "r3");
    assert.deepEqual(db.lrange("l", 0, -1), ["l2", "r1", "r2", "r3"]);
  });
  assert.deepEqual(contents(db), before);
  inVain(db, () => {
    db.rpush("l", "r1", "r2", "r3");
    db.lset("l", 1999, "changed");
    db.lset("l", -1, "pushed and changed");
    assert.equal(db.lpop("l", 2001)?.length, 2001);
    db.lpush("l", "l1");
    assert.deepEqual(db.lrange("l", 0, -1), ["l1", "r2", "pushed and changed"]);
    db.lmove("l", "l", "RIGHT", "LEFT");
    db.rpop("l", 2);
  });
  assert.deepEqual(contents(db), before);
});

test("commands that fail change nothing, and leave what is kept of a list exact", () => {
  using db = withLarge(2000);
  db.set("text", "x");
  const before = contents(db);
  const wrong: unknown[][] = [
    ["LPOP", "l", "-1"],
    ["LPOP", "l", "x"],
    ["LPOP", "l", "0"],
    ["LPOP", "l", "1", "2"],
    ["LSET", "l", "2000", "x"],
    ["LSET", "l", "x", "x"],
    ["LMOVE", "l", "text", "LEFT", "RIGHT"],
    ["LMOVE", "text", "l", "LEFT", "RIGHT"],
    ["LMOVE", "none", "l", "LEFT", "RIGHT"],
    ["LMOVE", "l", "l", "LEFT", "UP"],
    ["LMPOP", "1", "l", "UP"],
    ["LMPOP", "1", "l", "LEFT", "COUNT"],
    ["LMPOP", "1", "l", "LEFT", "COUNT", "0"],
    ["LMPOP", "1", "l", "LEFT", "COUNT", "2", "3"],
    ["LMPOP", "2", "text", "l", "LEFT"],
    ["HSET", "h", "f:1", "x", "f:2"],
    ["HINCRBY", "h", "f:1", "x"],
    ["HSET", "l", "f:1", "x"],
    ["LPUSH", "h", "x"],
    ["EXPIRE", "h", "x"],
    ["EXPIRE", "h", "9223372036854775807"],
  ];
  inVain(db, () => {
    for (const words of wrong) {
      try {
        db.call(...(words as [string, ...string[]]));
      } catch (error) {
        assert.match(String(error), /^ReplyError/);
      }
    }
    assert.deepEqual(contents(db), before);
    db.lpop("l");
  });
  assert.deepEqual(contents(db), before);
});

test("access clock and deadline come back", () => {
  let now = 1_000_000_000;
  using db = withLarge(2000, () => now);
  db.pexpire("s", 1_000_000);
  const until = db.pexpiretime("s");
  now += 100_000;
  inVain(db, () => {
    db.hset("h", "f:1", 1);
    db.persist("s");
    db.sadd("s", "new");
    db.expire("l", 5);
    db.lpop("l");
    assert.equal(db.object("idletime", "h"), 0);
  });
  for (const key of ["h", "l"]) assert.equal(db.object("idletime", key), 100, key);
  assert.equal(db.pexpiretime("s"), until);
  assert.equal(db.pttl("l"), -1);
  engineOf(db).keyspace.verify();
});

/** The contents without encodings: how a list is divided into nodes may depend on its history. */
function valuesOf(db: Database): unknown[] {
  return contents(db).map((entry) => (entry as unknown[]).toSpliced(3, 1));
}

/** The words of a random command. */
function randomCommand(random: Random): string[] {
  const one = (...from: string[]): string => from[random.below(from.length)];
  // Each key is mostly of one type, so that collections get large.
  const anyKey = (): string => one("h1", "h2", "s1", "s2", "l1", "l2", "l3");
  const key = (type: string): string => (random.below(12) === 0 ? anyKey() : type + one("1", "2"));
  const end = (): string => one("LEFT", "RIGHT");
  const value = (): string =>
    random.below(20) === 0
      ? "v".repeat(random.below(random.below(9) === 0 ? 10_000 : 100))
      : `${random.below(40)}`;
  const member = (): string => `${random.below(8) === 0 ? "long".repeat(30) : ""}${value()}`;
  const many = (of: () => string): string[] =>
    Array.from({ length: 1 + random.below(random.below(5) === 0 ? 40 : 4) }, of);
  const count = (): string => `${random.below(random.below(6) === 0 ? 60 : 4)}`;
  const index = (): string => `${random.below(40) - 20}`;
  const commands: (() => string[])[] = [
    () => ["HSET", key("h"), ...many(member).flatMap((each) => [each, value()])],
    () => ["HSET", key("h"), ...many(member).flatMap((each) => [each, value()])],
    () => ["HMSET", key("h"), member(), value(), member()],
    () => ["HSETNX", key("h"), member(), value()],
    () => ["HINCRBY", key("h"), member(), "3"],
    () => ["HINCRBYFLOAT", key("h"), member(), "0.5"],
    () => ["HDEL", key("h"), ...many(member)],
    () => ["SADD", key("s"), ...many(member)],
    () => ["SADD", key("s"), ...many(member)],
    () => ["SREM", key("s"), ...many(member)],
    () => ["SMOVE", key("s"), key("s"), member()],
    () => [one("LPUSH", "RPUSH", "LPUSHX", "RPUSHX"), key("l"), ...many(value)],
    () => [one("LPUSH", "RPUSH"), key("l"), ...many(value)],
    () => [one("LPOP", "RPOP"), key("l")],
    () => [one("LPOP", "RPOP"), key("l"), count()],
    () => ["LMPOP", "2", one("l3", key("l")), key("l"), end(), "COUNT", count()],
    () => ["LMOVE", key("l"), key("l"), end(), end()],
    () => ["RPOPLPUSH", key("l"), key("l")],
    () => ["LSET", key("l"), index(), value()],
    () => ["LSET", key("l"), index(), value()],
    () => ["LTRIM", key("l"), one("0", "1", "2", index()), one("-1", "-2", "30", index())],
    // What deletes, replaces or moves whole keys, seldom enough for the others.
    ...(random.below(3) === 0
      ? [
          () => ["SPOP", key("s"), count()],
          () => ["LREM", key("l"), "1", value()],
          () => ["LINSERT", key("l"), one("BEFORE", "AFTER"), value(), value()],
          () => [one("SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"), key("s"), key("s"), key("s")],
          () => [one("RENAME", "RENAMENX"), anyKey(), anyKey()],
          () => ["COPY", anyKey(), anyKey(), "DB", one("0", "1"), "REPLACE"],
          () => ["MOVE", anyKey(), one("0", "1")],
          () => ["DEL", anyKey(), anyKey()],
          () => ["SET", anyKey(), value()],
          () => [one("EXPIRE", "PEXPIRE"), anyKey(), one("1000", "2000", "-1")],
          () => ["EXPIREAT", anyKey(), one("1", "99999999999")],
          () => ["PERSIST", anyKey()],
          () => [random.below(8) === 0 ? one("FLUSHDB", "FLUSHALL") : "DBSIZE"],
          () => (random.below(8) === 0 ? ["SWAPDB", "0", "1"] : ["DBSIZE"]),
          () => ["SELECT", one("0", "1")],
        ]
      : []),
  ];
  return commands[random.below(commands.length)]();
}

test("nested transactions that fail at random leave what a database without them has", () => {
  const seed = Number(process.env.TSKEYDB_SEED ?? Date.now() % 1_000_000);
  const random = new Random(new Int32Array(5), 0);
  random.seed(seed, 1);
  const clock = (): number => 1_700_000_000_000;
  using db = open({ seed, databases: 2, clock });
  using twin = open({ databases: 2, clock });
  for (const each of [db, twin]) {
    each.config("set", "hash-max-listpack-entries", 4);
    each.config("set", "set-max-listpack-entries", 4);
    each.config("set", "set-max-intset-entries", 4);
    each.config("set", "list-max-listpack-size", 4);
  }
  const { keyspace } = engineOf(db);
  /** What has been done, by which transactions, that still holds. */
  let done: string[][] = [];

  const run = (words: string[]): void => {
    let result: unknown;
    try {
      result = db.call(...(words as [string, ...string[]]));
    } catch (error) {
      assert.match(String(error), /^ReplyError/, `seed ${seed}`);
      return;
    }
    if (words[0] !== "SPOP") done.push(words);
    else if (result instanceof Set && result.size > 0) {
      done.push(["SREM", words[1], ...[...result].map(String)]);
    }
  };

  /** SELECT holds for later calls, whatever becomes of the transaction. */
  let selected = "0";
  const some = (depth: number): void => {
    for (let n = random.below(12); n > 0; n--) {
      if (depth < 3 && random.below(10) === 0) {
        nested(depth + 1);
        continue;
      }
      const words = randomCommand(random);
      if (words[0] === "SELECT") selected = words[1];
      run(words);
    }
  };

  const nested = (depth: number): void => {
    const before = contents(db);
    const doneBefore = done.length;
    if (random.below(2) === 0) {
      db.transaction(() => some(depth));
      return;
    }
    inVain(db, () => some(depth));
    keyspace.verify();
    assert.deepEqual(contents(db), before, `seed ${seed}`);
    done = done.slice(0, doneBefore);
    done.push(["SELECT", selected]);
  };

  for (let round = 0; round < 400; round++) {
    if (random.below(3) === 0) some(0);
    nested(1);
    for (const words of done) twin.call(...(words as [string, ...string[]]));
    done = [];
    assert.deepEqual(valuesOf(db), valuesOf(twin), `seed ${seed}`);
    settle(keyspace);
    keyspace.verify();
    assert.equal(usedByEntries(keyspace).unaccounted, 0, `seed ${seed}`);
  }
  db.flushall();
  settle(keyspace);
  assert.equal(keyspace.memory.usedBytes, 0, `seed ${seed}`);
});
