// Snapshots in the background on a simulated disk: what a file holds, what is in its place when
// something fails or the machine stops, and when a save begins by itself.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Chance, ProcessGone, World } from "../../test/simulation/world.ts";
import { assemble, openDirectory } from "../host/assembly.ts";
import { Configuration } from "../host/configuration.ts";
import { loadRdbFile } from "../persistence/rdb/dump-file.ts";
import type { Platform } from "../platform/platform.ts";
import { SimulatedPlatform } from "../platform/simulated.ts";
import { Core } from "./core.ts";
import { type Database, databaseOf } from "./database.ts";
import { engineOf } from "./embedded-test-support.ts";
import { openOn } from "./open.ts";

const SEEDS = Number(process.env.TSKEYDB_SEEDS ?? 150);
const DUMP = "/data/dump.rdb";

/** A database without a log in /data, as a server has it. */
function openWithoutLog(platform: Platform): Database {
  const configuration = new Configuration();
  configuration.put("appendonly", false);
  configuration.put("dir", "/data");
  const { database, services } = assemble(platform, configuration, { seed: 1 });
  openDirectory(database, configuration);
  return databaseOf(new Core(database, services, "/data", true));
}

function fill(db: Database, keys: number): void {
  for (let i = 0; i < keys; i++) db.set(`key:${i}`, `value ${i}`);
}

/** How many keys a snapshot file holds, and the values of some. */
function keysIn(platform: Platform, path: string): Database {
  const db = openOn(platform);
  loadRdbFile(platform, path, { keyspace: engineOf(db).keyspace, nowMs: platform.nowMs() });
  return db;
}

function info(db: Database, field: string): string {
  return new RegExp(`^${field}:(.*)\r$`, "m").exec(db.info("persistence"))?.[1] ?? "";
}

test("BGSAVE saves what there is when it is asked for, and INFO says how that goes", () => {
  const platform = new SimulatedPlatform(1);
  const db = openWithoutLog(platform);
  fill(db, 1000);
  assert.equal(info(db, "rdb_changes_since_last_save"), "1000");
  assert.equal(info(db, "rdb_last_bgsave_time_sec"), "-1");
  assert.equal(db.bgsave(), "Background saving started");
  assert.equal(info(db, "rdb_bgsave_in_progress"), "1");
  assert.equal(info(db, "rdb_current_bgsave_time_sec"), "0");
  assert.throws(() => db.bgsave(), /ERR Background save already in progress/);
  assert.throws(() => db.bgsave("schedule"), /ERR Background save already in progress/);
  assert.throws(() => db.save(), /ERR Background save already in progress/);
  assert.throws(() => db.call("bgsave", "soon"), /ERR syntax error/);
  platform.advance(0);
  db.set("key:1", "later");
  platform.advance(100);
  assert.equal(info(db, "rdb_bgsave_in_progress"), "0");
  assert.equal(info(db, "rdb_last_bgsave_status"), "ok");
  assert.equal(info(db, "rdb_last_bgsave_time_sec"), "0");
  assert.equal(info(db, "rdb_changes_since_last_save"), "1");
  assert.equal(info(db, "rdb_saves"), "1");
  assert.equal(db.lastsave(), (Math.floor(engineOf(db).dump?.lastSaveMs as number) / 1000) | 0);
  const saved = keysIn(platform, DUMP);
  assert.equal(saved.dbsize(), 1000);
  assert.equal(saved.get("key:1"), "value 1");
  assert.deepEqual(
    platform.list("/data").filter((name) => name.startsWith("temp-")),
    [],
  );
  db.close();
});

test("no file is freed while others wait: not the one before, nor one that is given up", () => {
  const platform = new SimulatedPlatform(1);
  const db = openWithoutLog(platform);
  fill(db, 1000);
  for (let round = 0; round < 2; round++) {
    db.bgsave();
    platform.advance(100);
  }
  assert.equal(info(db, "rdb_last_bgsave_status"), "ok");
  assert.equal(platform.freedAtOnceMax, 0);
  db.save();
  assert.equal(platform.freedAtOnceMax, 0);
  const saved = platform.usedBytes;
  db.bgsave();
  platform.advance(0);
  assert.equal(info(db, "rdb_bgsave_in_progress"), "1");
  assert.ok(platform.usedBytes > saved, "some of it is written");
  db.close();
  platform.advance(100);
  assert.equal(platform.usedBytes, saved);
  assert.equal(platform.freedAtOnceMax, 0);
});

test("in a transaction it is scheduled, and saves what the transaction has done", () => {
  const platform = new SimulatedPlatform(1);
  const db = openWithoutLog(platform);
  const replies = db.multi().set("a", "1").bgsave().set("b", "2").exec();
  assert.deepEqual(replies, ["OK", "Background saving scheduled", "OK"]);
  platform.advance(100);
  assert.equal(keysIn(platform, DUMP).dbsize(), 2);
  db.transaction(() => {
    db.set("c", "3");
    db.bgsave();
    db.set("d", "4");
  });
  platform.advance(100);
  assert.equal(keysIn(platform, DUMP).dbsize(), 4);
  db.close();
});

test("a database in memory has no file to save to", () => {
  const platform = new SimulatedPlatform(1);
  const db = openOn(platform);
  assert.throws(
    () => db.bgsave(),
    /ERR The snapshot cannot be saved: the database has no directory/,
  );
  platform.advance(10);
  assert.equal(info(db, "rdb_last_bgsave_status"), "ok");
  db.close();
});

test("save points: so many changes in so many seconds", () => {
  const platform = new SimulatedPlatform(1);
  const db = openWithoutLog(platform);
  db.config("set", "save", "10 5 60 1");
  fill(db, 4);
  platform.advance(30_000);
  assert.equal(info(db, "rdb_saves"), "0");
  fill(db, 1);
  platform.advance(500);
  assert.equal(info(db, "rdb_saves"), "1");
  db.set("one", "more");
  platform.advance(59_000);
  assert.equal(info(db, "rdb_saves"), "1");
  platform.advance(3000);
  assert.equal(info(db, "rdb_saves"), "2");
  db.config("set", "save", "");
  fill(db, 100);
  platform.advance(100_000);
  assert.equal(info(db, "rdb_saves"), "2");
  db.close();
});

test("a save that fails is tried again, and writes are refused meanwhile", () => {
  const platform = new SimulatedPlatform(1);
  const db = openWithoutLog(platform);
  const said: string[] = [];
  const warning = (text: string): void => void said.push(text);
  engineOf(db).reporter = { notice: () => {}, warning };
  fill(db, 10);
  db.save();
  fill(db, 20);
  platform.capacityBytes = 0;
  db.bgsave();
  platform.advance(100);
  assert.equal(info(db, "rdb_last_bgsave_status"), "err");
  assert.equal(keysIn(platform, DUMP).dbsize(), 10);
  assert.deepEqual(
    platform.list("/data").filter((name) => name.startsWith("temp-")),
    [],
  );
  assert.match(said.join(), /^The save has failed: .*ENOSPC/);
  // Without save points nobody counts on it.
  fill(db, 20);
  db.config("set", "save", "1 1");
  assert.throws(
    () => db.hset("hash", { field: 1 }),
    /MISCONF Redis is configured to save RDB snapshots/,
  );
  assert.throws(() => db.set("key:1", "short"), /MISCONF/);
  assert.throws(() => db.ping(), /MISCONF/);
  assert.equal(db.get("key:1"), "value 1");
  db.config("set", "stop-writes-on-bgsave-error", "no");
  assert.equal(db.ping(), "PONG");
  fill(db, 20);
  db.config("set", "stop-writes-on-bgsave-error", "yes");
  platform.advance(4000);
  assert.equal(said.length, 1);
  platform.advance(2000);
  assert.equal(said.length, 2);
  platform.capacityBytes = Number.POSITIVE_INFINITY;
  platform.advance(6000);
  assert.equal(info(db, "rdb_last_bgsave_status"), "ok");
  fill(db, 20);
  assert.equal(keysIn(platform, DUMP).dbsize(), 20);
  db.close();
});

test("FLUSHALL gives a save up; with save points what there is then is saved", () => {
  for (const points of ["", "3600 1"]) {
    const platform = new World(1, new Chance(1), false);
    platform.makeDirectory("/data");
    const db = openWithoutLog(platform);
    db.config("set", "save", points);
    fill(db, 3000);
    db.save();
    fill(db, 6000);
    platform.workTakesMsMax = 0.05;
    db.bgsave();
    platform.turn();
    platform.turn();
    platform.turn();
    assert.equal(info(db, "rdb_bgsave_in_progress"), "1");
    assert.notEqual(info(db, "current_save_keys_total"), "0");
    db.flushall();
    db.set("after", "1");
    platform.advance(5000);
    assert.equal(info(db, "rdb_last_bgsave_status"), "ok");
    assert.equal(info(db, "current_save_keys_total"), "0");
    assert.equal(keysIn(platform, DUMP).dbsize(), points === "" ? 3000 : 1);
    assert.deepEqual(
      platform.list("/data").filter((name) => name.startsWith("temp-")),
      [],
    );
    db.close();
  }
});

test("BGSAVE behind a save that was given up begins when that has come to its end", () => {
  const platform = new World(1, new Chance(1), false);
  platform.makeDirectory("/data");
  const db = openWithoutLog(platform);
  fill(db, 6000);
  platform.workTakesMsMax = 0.05;
  db.bgsave();
  while (info(db, "current_save_keys_total") === "0") platform.turn();
  db.flushall();
  while (info(db, "rdb_bgsave_in_progress") === "1") platform.turn();
  assert.equal(engineOf(db).snapshots.isReady, false);
  db.set("after", "1");
  assert.equal(db.bgsave(), "Background saving started");
  assert.equal(info(db, "rdb_bgsave_in_progress"), "1");
  platform.advance(5000);
  assert.equal(info(db, "rdb_saves"), "2");
  assert.equal(keysIn(platform, DUMP).dbsize(), 1);
  db.close();
});

test("a save that is given up while its thread waits for the lock is none", () => {
  const platform = new SimulatedPlatform(1);
  const db = openWithoutLog(platform);
  fill(db, 10);
  const engine = engineOf(db);
  const { turn } = engine;
  let waits = 0;
  engine.turn = (work) => {
    // As when SHUTDOWN, or DEBUG RELOAD, comes by way of another thread.
    if (waits++ === 0) engine.saves?.giveUp();
    turn.call(engine, work);
  };
  db.bgsave();
  platform.advance(100);
  assert.ok(waits > 0);
  assert.equal(db.get("key:1"), "value 1");
  assert.equal(info(db, "rdb_bgsave_in_progress"), "0");
  db.bgsave();
  for (let i = 0; i < 20; i++) platform.advance(10);
  assert.equal(info(db, "rdb_last_bgsave_status"), "ok");
  assert.equal(keysIn(platform, DUMP).dbsize(), 10);
  db.close();
});

test("a close gives a save up, and removes what was written", () => {
  const platform = new World(1, new Chance(1), false);
  platform.makeDirectory("/data");
  const db = openWithoutLog(platform);
  fill(db, 3000);
  platform.workTakesMsMax = 0.05;
  db.bgsave();
  for (let i = 0; i < 4; i++) platform.turn();
  assert.deepEqual(
    platform.list("/data").filter((name) => name.startsWith("temp-")),
    ["temp-background-dump.rdb"],
  );
  db.close();
  platform.advance(100);
  assert.deepEqual(platform.list("/data"), []);
});

test("wherever in the disk's work the process stops, the old file is there or the new", () => {
  let isNew = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const world = new World(seed, new Chance(seed), false);
    world.makeDirectory("/data");
    let db = openWithoutLog(world);
    fill(db, 100);
    db.save();
    world.syncDirectory("/data");
    fill(db, 3000);
    world.crashIn = 1 + (seed % 15);
    try {
      db.bgsave();
      for (let i = 0; i < 200; i++) world.advance(5);
    } catch (error) {
      // It may come out of a turn as a write that was interrupted.
      const { cause = error } = error as Error;
      if (!(cause instanceof ProcessGone)) throw error;
    }
    world.restart(seed % 3 === 0 ? "kill" : "power");
    db = openWithoutLog(world);
    const keys = db.dbsize();
    assert.ok(keys === 100 || keys === 3000, `seed ${seed}: ${keys} keys`);
    if (keys === 3000) isNew++;
    assert.deepEqual(
      world.list("/data").filter((name) => name.startsWith("temp-")),
      [],
      `seed ${seed}`,
    );
    db.verify();
    // And it can be saved again, over whatever was left.
    db.set("key:1", "again");
    db.bgsave();
    for (let i = 0; i < 200; i++) world.advance(5);
    assert.equal(info(db, "rdb_last_bgsave_status"), "ok", `seed ${seed}`);
    assert.equal(keysIn(world, DUMP).get("key:1"), "again");
    db.close();
  }
  assert.ok(isNew > 0 && isNew < SEEDS);
});

test("whichever call fails, the file is whole, and the next save succeeds", () => {
  const fails: ((platform: SimulatedPlatform, nth: number) => void)[] = [
    (platform, nth) => platform.failWrite(nth, "EIO"),
    (platform, nth) => platform.failSync(nth, "EIO"),
    (platform, nth) => platform.failNaming(nth, "ENOSPC"),
  ];
  let failed = 0;
  for (const [i, fail] of fails.entries()) {
    for (let nth = 1; nth <= 2; nth++) {
      const platform = new SimulatedPlatform(i);
      const db = openWithoutLog(platform);
      fill(db, 100);
      db.save();
      fill(db, 3000);
      fail(platform, nth);
      db.bgsave();
      for (let k = 0; k < 50; k++) platform.advance(10);
      const isWell = info(db, "rdb_last_bgsave_status") === "ok";
      if (!isWell) failed++;
      const keys = keysIn(platform, DUMP).dbsize();
      assert.ok(keys === 3000 || (!isWell && keys === 100), `${keys} keys`);
      db.bgsave();
      for (let k = 0; k < 50; k++) platform.advance(10);
      assert.equal(keysIn(platform, DUMP).dbsize(), 3000);
      assert.equal(info(db, "rdb_saves"), "3", "each that was begun");
      db.close();
    }
  }
  assert.ok(failed > 2, `${failed} failed`);
});

test("snapshot() writes a file of its own, of the moment of the call, one at a time", async () => {
  const platform = new SimulatedPlatform(1);
  const db = openOn(platform);
  fill(db, 1000);
  const seen: number[][] = [];
  const order: string[] = [];
  const first = db.snapshot("/one.rdb", { progress: (...figures) => void seen.push(figures) });
  db.set("key:1", "later");
  const second = db.snapshot(new URL("file:///two.rdb"));
  void first.then(() => order.push("first"));
  void second.then(() => order.push("second"));
  db.set("key:1", "later still");
  for (let i = 0; i < 20; i++) {
    platform.advance(10);
    await Promise.resolve();
  }
  await Promise.all([first, second]);
  assert.deepEqual(order, ["first", "second"]);
  assert.equal(keysIn(platform, "/one.rdb").get("key:1"), "value 1");
  assert.equal(keysIn(platform, "/two.rdb").get("key:1"), "later still");
  assert.deepEqual(seen.at(-1), [1000, 1000]);
  assert.equal(info(db, "rdb_bgsave_in_progress"), "0");
  db.close();
});

test("snapshot() rejects where it fails, where progress throws, and at a close", async () => {
  const isCode = (code: string) => (error: unknown) => (error as { code?: string }).code === code;
  const platform = new SimulatedPlatform(1);
  const db = openOn(platform);
  fill(db, 10);
  await assert.rejects(db.snapshot(""), TypeError);
  await assert.rejects(db.snapshot("/a", { done: 1 } as never), TypeError);
  await assert.rejects(db.snapshot(new URL("http://host/a")), TypeError);
  const missing = db.snapshot("/nowhere/a.rdb");
  platform.advance(10);
  await assert.rejects(missing, isCode("SNAPSHOT"));
  const failing = db.snapshot("/a.rdb", {
    progress: () => {
      throw new RangeError("of the program");
    },
  });
  for (let i = 0; i < 20; i++) platform.advance(10);
  await assert.rejects(failing, RangeError);
  assert.equal(keysIn(platform, "/a.rdb").dbsize(), 10);
  const [one, two] = [db.snapshot("/b.rdb"), db.snapshot("/c.rdb")];
  db.close();
  await assert.rejects(one, isCode("SNAPSHOT"));
  await assert.rejects(two, isCode("SNAPSHOT"));
  assert.equal(platform.exists("/b.rdb"), false);
  await assert.rejects(db.snapshot("/d.rdb"), isCode("CLOSED"));
});
