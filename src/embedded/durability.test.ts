// Each write its own durability: what returned, or was fulfilled, is on the disk when the power
// goes at that very moment, whatever `fsync` is.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FsyncPolicy } from "../persistence/log/log.ts";
import { LogError } from "../persistence/log/log-error.ts";
import { openLog } from "../persistence/log/recovery.ts";
import { Disk } from "../persistence/test-support.ts";
import type { Database } from "./database.ts";
import { engineOf } from "./embedded-test-support.ts";
import { open, openOn } from "./open.ts";

const POLICIES: readonly FsyncPolicy[] = ["always", "everysec", "no"];
const LAX: readonly FsyncPolicy[] = ["everysec", "no"];

let directories = 0;

/** A database on a simulated disk, in a directory that no other test has. */
class Machine {
  readonly disk = new Disk();
  readonly directory: string = `/durability-${directories++}`;
  readonly db: Database;

  constructor(fsync: FsyncPolicy) {
    this.db = openOn(this.disk, this.directory, { fsync });
    // Its log is not on the disk as long as nothing was written: begin with something that is.
    this.db.set("first", 1);
    this.db.sync();
  }

  /** The power goes; the writes that the next start finds. */
  writesAfterPowerCut(): string[] {
    this.disk.crash();
    const found: string[] = [];
    openLog({
      platform: this.disk,
      directory: this.directory,
      fsync: "everysec",
      apply(args) {
        const words = Array.from({ length: args.count }, (_, i) => args.text(i));
        if (!/^(select|set first)/i.test(words.join(" "))) found.push(words.join(" "));
      },
    });
    return found;
  }
}

const writes: readonly [name: string, write: (db: Database) => unknown, found: string[]][] = [
  ["set()", (db) => db.set("k", 1, { durability: "sync" }), ["set k 1"]],
  ["getex()", (db) => db.getex("first", { persist: true, durability: "sync" }), []],
  ["copy()", (db) => db.copy("first", "b", { durability: "sync" }), ["copy first b"]],
  ["durable", (db) => db.durable.rpush("l", 1, 2), ["rpush l 1 2"]],
  ["durable.bytes", (db) => db.bytes.durable.incr("n"), ["incr n"]],
  ["durable of another database", (db) => db.database(3).durable.sadd("s", 1), ["sadd s 1"]],
  [
    "transaction()",
    (db) =>
      db.transaction(
        () => {
          db.set("a", 1);
          db.set("b", 2);
        },
        { durability: "sync" },
      ),
    ["set a 1", "set b 2"],
  ],
  [
    "a write in a transaction",
    (db) =>
      db.transaction(() => {
        db.set("a", 1);
        db.durable.set("b", 2);
      }),
    ["set a 1", "set b 2"],
  ],
  [
    "a transaction in a transaction",
    (db) =>
      db.transaction(() => {
        db.transaction(() => db.set("a", 1), { durability: "sync" });
        db.set("b", 2);
      }),
    ["set a 1", "set b 2"],
  ],
  [
    "exec()",
    (db) => db.multi().set("a", 1).incr("n").exec({ durability: "sync" }),
    ["set a 1", "incr n"],
  ],
  [
    "one command of a multi()",
    (db) => db.multi().set("a", 1, { durability: "sync" }).incr("n").exec(),
    ["set a 1", "incr n"],
  ],
];

for (const fsync of POLICIES) {
  for (const [name, write, found] of writes) {
    test(`${fsync}: what ${name} wrote is on the disk when it returns`, () => {
      const machine = new Machine(fsync);
      write(machine.db);
      assert.deepEqual(machine.writesAfterPowerCut(), found);
    });
  }

  test(`${fsync}: what was written before synced() is on the disk when it is fulfilled`, async () => {
    const machine = new Machine(fsync);
    machine.db.set("a", 1);
    machine.db.rpush("l", 1);
    const promise = machine.db.synced();
    machine.disk.advance(5);
    await promise;
    assert.deepEqual(machine.writesAfterPowerCut(), ["set a 1", "rpush l 1"]);
  });
}

for (const fsync of LAX) {
  test(`${fsync}: a write that asks for nothing is not synced by itself`, async () => {
    const machine = new Machine(fsync);
    const { syncs } = machine.disk;
    machine.db.set("a", 1, { ex: 60 });
    machine.db.transaction(() => machine.db.set("b", 1));
    machine.db.multi().set("c", 1).exec();
    await Promise.resolve();
    assert.equal(machine.disk.syncs, syncs);
    assert.deepEqual(machine.writesAfterPowerCut(), []);
  });

  test(`${fsync}: whoever asks while a sync is under way shares the next one`, async () => {
    const { db, disk } = new Machine(fsync);
    disk.heldSyncs = [];
    const before = disk.syncs;
    const promises = [1, 2, 3, 4].map((i) => {
      db.set(`k${i}`, i);
      return db.synced();
    });
    const settled: number[] = [];
    for (const [i, promise] of promises.entries()) void promise.then(() => settled.push(i));
    await Promise.resolve();
    assert.equal(disk.heldSyncs.length, 1);
    disk.heldSyncs.pop()?.();
    disk.advance(1);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([settled, disk.heldSyncs.length], [[0], 1]);
    disk.heldSyncs.pop()?.();
    disk.advance(1);
    await Promise.all(promises);
    assert.equal(disk.syncs - before, 2);
    db.close();
  });

  test(`${fsync}: where the disk fails the call throws, the promise rejects, and it heals`, async () => {
    const machine = new Machine(fsync);
    const { db, disk } = machine;
    const notWritten = (error: unknown): boolean =>
      error instanceof LogError && error.code === "LOG_WRITE";
    disk.failingSyncs = 1;
    assert.throws(() => db.set("a", 1, { durability: "sync" }), notWritten);
    assert.notEqual(engineOf(db).log?.failure, null);
    db.set("b", 1);
    disk.failingSyncs = 1;
    const promise = db.synced();
    disk.advance(100);
    await assert.rejects(promise, notWritten);
    disk.advance(1000);
    const later = db.synced();
    disk.advance(1000);
    await later;
    assert.deepEqual(machine.writesAfterPowerCut(), ["set a 1", "set b 1"]);
  });

  test(`${fsync}: closing fulfils what is waited for, unless the log cannot be written`, async () => {
    for (const fails of [false, true]) {
      const { db, disk } = new Machine(fsync);
      disk.heldSyncs = [];
      db.set("a", 1);
      const promise = db.synced();
      if (fails) {
        disk.failingSyncs = 9;
        assert.throws(() => db.close(), LogError);
        await assert.rejects(promise, { code: "LOG_WRITE" });
      } else {
        db.close();
        await promise;
      }
    }
  });
}

test("a transaction that was given up syncs nothing, nor does the next one", () => {
  const { db, disk } = new Machine("everysec");
  const { syncs } = disk;
  const givenUp = new Error("given up");
  const work = (): void => {
    db.durable.set("a", 1);
    throw givenUp;
  };
  assert.throws(
    () => db.transaction(work),
    (error) => error === givenUp,
  );
  db.transaction(() => db.set("b", 1));
  assert.equal(disk.syncs, syncs);
  db.close();
});

test("what only reads syncs nothing", () => {
  const { db, disk } = new Machine("everysec");
  const { syncs } = disk;
  db.set("a", 1);
  assert.equal(db.durable.get("a"), "1");
  assert.deepEqual(db.durable.lrange("l", 0, -1), []);
  assert.equal(disk.syncs, syncs);
  db.close();
});

test("without a log nothing is promised that cannot be kept, and nothing is written", async () => {
  using db = open();
  const calls = [
    () => db.set("k", 1, { durability: "sync" }),
    () => db.durable.incr("k"),
    () => db.durable.set("k", 1),
    () => db.transaction(() => db.set("k", 1), { durability: "sync" }),
    () => db.multi().set("k", 1).exec({ durability: "sync" }),
  ];
  for (const call of calls) assert.throws(call, { code: "NO_LOG" });
  await assert.rejects(db.synced(), { code: "NO_LOG" });
  assert.equal(db.exists("k"), 0);
});

test("a durability that there is not is refused, and nothing is written", () => {
  using db = open() as Database & Record<string, (...args: unknown[]) => unknown>;
  const wrong = /^TypeError: \w+\(\): durability is "sync" or left out, not 'none'$/;
  const options = { durability: "none" };
  assert.throws(() => db.set("k", 1, options as object), wrong);
  assert.throws(() => db.transaction(() => db.set("k", 1), options as object), wrong);
  assert.throws(
    () =>
      db
        .multi()
        .set("k", 1)
        .exec(options as object),
    wrong,
  );
  assert.throws(() => db.transaction(() => 1, { sync: true } as object), /no option 'sync'/);
  assert.equal(db.exists("k"), 0);
});

test("inside a transaction there is nothing to wait for", async () => {
  const { db } = new Machine("everysec");
  let promise: Promise<void> | undefined;
  db.transaction(() => {
    promise = db.synced();
    promise.catch(() => {});
  });
  await assert.rejects(promise as Promise<void>, { code: "TRANSACTION" });
  db.close();
  await assert.rejects(db.synced(), { code: "CLOSED" });
});
