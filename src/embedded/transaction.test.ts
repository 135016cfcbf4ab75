// transaction(): all or nothing, in memory and in the log, and the books balance afterwards.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { DatabaseError } from "../base/database-error.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import { contents, engineOf, usedByEntries } from "./embedded-test-support.ts";
import { open } from "./open.ts";
import { fuzzTransactions } from "./transaction.fuzz.ts";

const failure = new Error("not this time");

function fails(work: () => void): () => void {
  return () => {
    work();
    throw failure;
  };
}

test("what a transaction writes shows inside, and stays when it returns", () => {
  using db = open();
  const result = db.transaction(() => {
    db.set("a", 1);
    assert.equal(db.get("a"), "1");
    return db.incr("a");
  });
  assert.equal(result, 2);
  assert.equal(db.get("a"), "2");
});

test("an exception takes everything back and goes on", () => {
  using db = open({ clock: () => 1_000_000 });
  db.set("text", "before", { px: 5000 });
  db.rpush("list", 1, 2, 3);
  db.hset("hash", { a: 1 });
  db.sadd("set", 1, 2, "three");
  db.database(2).set("other", "x");
  const before = contents(db);
  assert.throws(
    () =>
      db.transaction(
        fails(() => {
          db.set("text", "after");
          db.append("text", "!");
          db.del("list");
          db.rpush("list", "new");
          db.hset("hash", { a: 2, b: 3 });
          db.spop("set", 2);
          db.rename("set", "renamed");
          db.set("new", 1, { ex: 10 });
          db.expire("hash", 5);
          db.copy("hash", "copied", { db: 2 });
          db.move("new", 2);
          db.database(2).del("other");
          db.call("SET", "called", 1);
          db.multi().set("queued", 1).incr("queued").exec();
          db.mset({ text: "again", list: "text" });
        }),
      ),
    failure,
  );
  assert.deepEqual(contents(db), before);
  assert.equal(db.pttl("text"), 5000);
  engineOf(db).keyspace.verify();
});

test("whole databases come back", () => {
  using db = open();
  const one = db.database(1);
  for (let i = 0; i < 100; i++) db.set(`key:${i}`, i, { ex: 1000 + i });
  one.rpush("list", 1, 2);
  const before = contents(db);
  assert.throws(
    () =>
      db.transaction(
        fails(() => {
          db.set("key:5", "changed before the flush");
          assert.equal(db.flushdb(), "OK");
          assert.equal(db.dbsize(), 0);
          db.set("key:5", "written after the flush");
          db.set("new", 1);
          one.lpop("list");
          db.swapdb(0, 1);
          assert.deepEqual(db.lrange("list", 0, -1), ["2"]);
          db.set("list", "now a text");
          db.flushall();
          db.set("key:7", "after everything");
        }),
      ),
    failure,
  );
  assert.deepEqual(contents(db), before);
  engineOf(db).keyspace.verify();
  db.transaction(() => {
    db.flushdb();
    db.set("only", 1);
    db.swapdb(0, 1);
  });
  assert.deepEqual(db.lrange("list", 0, -1), ["1", "2"]);
  assert.deepEqual(one.keys("*"), ["only"]);
  engineOf(db).keyspace.verify();
});

test("an inner transaction can fail by itself", () => {
  using db = open();
  db.set("a", 0);
  db.transaction(() => {
    db.set("a", 1);
    assert.throws(
      () =>
        db.transaction(
          fails(() => {
            db.set("a", 2);
            db.set("b", 2);
            db.flushall();
          }),
        ),
      failure,
    );
    assert.equal(db.get("a"), "1");
    assert.equal(db.get("b"), null);
    db.transaction(() => db.set("c", 3));
  });
  assert.deepEqual(db.mget("a", "b", "c"), ["1", null, "3"]);
  assert.throws(
    () =>
      db.transaction(
        fails(() => {
          db.set("a", 5);
          db.transaction(() => {
            db.set("a", 6);
            db.del("c");
            db.flushdb();
            db.set("c", 7);
          });
          db.set("c", 8);
        }),
      ),
    failure,
  );
  assert.deepEqual(db.mget("a", "b", "c"), ["1", null, "3"]);
});

test("an asynchronous function is refused and nothing of it is kept", async () => {
  using db = open();
  let ran = false;
  assert.throws(
    () =>
      db.transaction((async () => {
        ran = true;
      }) as () => void),
    (error: unknown) => error instanceof DatabaseError && error.code === "TRANSACTION",
  );
  assert.equal(ran, false);
  assert.throws(
    () =>
      db.transaction((() => {
        db.set("a", 1);
        return Promise.reject(failure);
      }) as () => void),
    /must be synchronous/,
  );
  assert.equal(db.get("a"), null);
  await Promise.resolve();
});

test("a database is not closed, and not synced, inside a transaction", () => {
  using db = open();
  db.transaction(() => {
    assert.throws(() => db.close(), /inside a transaction/);
    assert.throws(() => db.sync(), /inside a transaction/);
    db.set("a", 1);
  });
  assert.equal(db.get("a"), "1");
});

test("what expires while a transaction is open stays gone", () => {
  let now = 1_000_000;
  using db = open({ clock: () => now });
  db.set("short", 1, { px: 10 });
  engineOf(db).keyspace.settings.activeExpiry = false;
  now += 100;
  assert.throws(
    () =>
      db.transaction(
        fails(() => {
          assert.equal(db.get("short"), null);
          db.set("short", 2);
        }),
      ),
    failure,
  );
  assert.equal(db.get("short"), null);
  assert.equal(db.dbsize(), 0);
});

test("time stands still inside a transaction", () => {
  let now = 1_000_000;
  using db = open({ clock: () => now });
  db.set("k", 1, { px: 10 });
  db.transaction(() => {
    now += 1000;
    assert.equal(db.get("k"), "1");
  });
  assert.equal(db.get("k"), null);
});

test("the log gets a transaction as one unit, and nothing of one that failed", () => {
  const directory = mkdtempSync(join(tmpdir(), "tskeydb-"));
  try {
    let now = 1_000_000;
    const db = open(directory, { clock: () => now });
    db.set("old", 1, { px: 10 });
    engineOf(db).keyspace.settings.activeExpiry = false;
    now += 100;
    db.transaction(() => {
      db.set("a", 1);
      db.rpush("l", 1, 2);
      assert.throws(() => db.transaction(fails(() => db.set("inner", 1))), failure);
    });
    assert.throws(
      () =>
        db.transaction(
          fails(() => {
            db.set("never", 1);
            db.get("old");
          }),
        ),
      failure,
    );
    db.sync();
    const log = readLog(directory);
    assert.match(log, /MULTI [^#]*set a 1 rpush l 1 2 EXEC/);
    assert.doesNotMatch(log, /never|inner/);
    assert.match(log, /DEL old/, "an expiry is no part of what failed");
    db.close();
    const again = open(directory);
    assert.deepEqual(again.keys("*").sort(), ["a", "l"]);
    again.close();
  } finally {
    rmSync(directory, { recursive: true });
  }
});

/** The words of the log's commands. */
function readLog(directory: string): string {
  const folder = join(directory, "appendonlydir");
  const name = readdirSync(folder).find((each) => each.includes(".incr."));
  const text = readFileSync(join(folder, name as string), "latin1");
  return text
    .split("\r\n")
    .filter((line) => !/^[*$]/.test(line))
    .join(" ");
}

test("a rollback leaves all but lists and trees to the byte, and no byte is lost", () => {
  const seed = Number(process.env.TSKEYDB_SEED ?? Date.now() % 1_000_000);
  let state = seed;
  const draw = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * n);
  };
  using db = open({ seed, clock: () => 1_700_000_000_000 });
  const { keyspace } = engineOf(db);
  const key = (): string => `key:${draw(12)}`;
  const value = (): string => "v".repeat(draw(4) === 0 ? draw(9000) : draw(20)) + draw(100);
  const many = (): string[] => Array.from({ length: 1 + draw(draw(3) === 0 ? 200 : 5) }, value);
  const writes: (() => unknown)[] = [
    () => db.set(key(), value()),
    () => db.set(key(), value(), { px: 1 + draw(100_000) }),
    () => db.append(key(), value()),
    () => db.incr(key()),
    () => db.del(key(), key()),
    () => db.expire(key(), 1 + draw(1000)),
    () => db.persist(key()),
    () => db.lpush(key(), many()),
    () => db.rpush(key(), many()),
    () => db.rpop(key(), draw(20)),
    () => db.ltrim(key(), 1, draw(10)),
    () => db.lmove(key(), key(), "LEFT", "RIGHT"),
    () => db.hset(key(), "f", value(), ...many().flatMap((each) => [each, "x"])),
    () => db.hdel(key(), "f", ...many()),
    () => db.sadd(key(), many()),
    () => db.sadd(key(), draw(1000), draw(1000)),
    () => db.spop(key(), draw(30)),
    () => db.sunionstore(key(), key(), key()),
    () => db.rename(key(), key()),
    () => db.copy(key(), key(), { db: draw(2), replace: true }),
    () => db.move(key(), 1),
    () => db.multi().set(key(), value()).lpush(key(), value()).exec(),
    () => draw(20) === 0 && db.flushdb(),
    () => draw(20) === 0 && db.swapdb(0, 1),
  ];
  const some = (n: number): void => {
    for (let i = 0; i < n; i++) {
      try {
        writes[draw(writes.length)]();
      } catch (error) {
        assert.match(String(error), /^ReplyError/, `seed ${seed}`);
      }
    }
  };
  for (let round = 0; round < 80; round++) {
    some(10);
    const before = contents(db);
    settle(keyspace);
    const bytes = usedByEntries(keyspace);
    try {
      db.transaction(
        fails(() => {
          some(draw(20));
          if (draw(3) === 0) db.transaction(() => some(10));
          if (draw(3) === 0) {
            assert.throws(() => db.transaction(fails(() => some(10))), failure);
          }
          some(5);
        }),
      );
    } catch (error) {
      assert.equal(error, failure, `seed ${seed}`);
    }
    settle(keyspace);
    keyspace.verify();
    assert.deepEqual(contents(db), before, `seed ${seed}`);
    const { fixed, unaccounted } = usedByEntries(keyspace);
    assert.equal(fixed, bytes.fixed, `seed ${seed}`);
    assert.equal(unaccounted, bytes.unaccounted, `seed ${seed}`);
    db.transaction(() => some(8));
    settle(keyspace);
    assert.equal(usedByEntries(keyspace).unaccounted, 0, `seed ${seed}`);
  }
  db.flushall();
  settle(keyspace);
  assert.equal(keyspace.memory.usedBytes, 0, `seed ${seed}`);
});

/** Frees what waits to be freed. */
function settle(keyspace: Keyspace): void {
  while (keyspace.disposing) keyspace.reclaim(1000);
}

test("random commands of every family, held or rolled back, leave what a log would say", () => {
  fuzzTransactions(Number(process.env.TSKEYDB_SEED ?? Date.now() % 1_000_000), 60);
});

test("a command that is refused takes nothing away, in a transaction either", () => {
  using db = open();
  db.mset({ a: "1", b: "2" });
  for (const words of [
    ["FLUSHALL", "BOGUS"],
    ["FLUSHDB", "BOGUS"],
    ["SWAPDB", "0", "99"],
  ]) {
    db.transaction(() => {
      assert.throws(() => db.call(words[0], ...words.slice(1)), { name: "ReplyError" });
      assert.deepEqual(db.mget("a", "b"), ["1", "2"]);
    });
    assert.deepEqual(db.keys("*").sort(), ["a", "b"]);
  }
});
