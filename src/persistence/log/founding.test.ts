// A log is switched off and on again while it is used, on a simulated disk: with crashes in every
// operation of it and with calls that fail, and snapshots saved while there is no log. Whatever
// happens, the next start needs nobody, has what was promised, and nothing older than that.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Chance, ProcessGone, type World } from "../../../test/simulation/world.ts";
import { decode, encode } from "../test-support.ts";
import { openFoundation } from "./founding.ts";
import { LeftLogs } from "./left-logs.ts";
import {
  failSometimes,
  type Life,
  liveAll,
  newLife,
  POLICIES,
  recordsTo,
} from "./lives-test-support.ts";
import type { FsyncPolicy } from "./log.ts";
import { LogPlace } from "./log-place.ts";
import { isPrintOf } from "./log-print.ts";
import {
  assertNoRubbish,
  DIRECTORY,
  PREAMBLE,
  RecordsHost,
  recordsFrom,
} from "./records-test-support.ts";
import type { SnapshotFile } from "./recovery.ts";

const DUMP = "/data/dump";
const place = new LogPlace("/data");

/** Records that can be saved, and whose log can be switched. */
class Records extends RecordsHost {
  readonly left: LeftLogs;

  constructor(world: World, fsync: FsyncPolicy) {
    const dump = new Dump(world);
    super(world, fsync, dump);
    assert.deepEqual(this.found.slice(0, dump.loaded), recordsTo(dump.loaded));
    assert.deepEqual(this.found, recordsTo(this.count), "a prefix of what was put");
    this.left = new LeftLogs(world, place);
  }

  get isAdopted(): boolean {
    return this.recovery.isAdopted;
  }

  spread(): void {
    if (!this.log.isResting && !this.log.isProvisional) this.left.clear();
  }

  noteNamed(): void {
    this.left.add(true);
  }

  /** Returns whether all is on the disk. */
  switchOff(): boolean {
    const wasProvisional = this.log.isProvisional || this.log.isResting;
    const isSafe = this.rewrite.stop();
    if (!wasProvisional) this.left.add(isSafe);
    return isSafe;
  }

  /** Throws what keeps it from being tried. */
  switchOn(): void {
    this.rewrite.found(() => openFoundation(this.platform, place, this.left).files);
  }

  /** Saves all records to the snapshot file; false where that fails. */
  saveDump(): boolean {
    const { platform } = this;
    try {
      save(platform, `${DUMP}.temp`, [this.count, ...this.left.prints].join(" "));
      platform.rename(`${DUMP}.temp`, DUMP);
      platform.syncDirectory("/data");
      return true;
    } catch (error) {
      if (error instanceof ProcessGone) throw error;
      return false;
    }
  }
}

/** A snapshot that says how many records it holds, and which logs it follows. */
class Dump implements SnapshotFile {
  readonly exists: boolean;
  loaded = 0;
  readonly #world: World;
  readonly #count: number;
  readonly #prints: readonly string[];

  constructor(world: World) {
    const text = world.contentOf(DUMP);
    const [count, ...prints] = text === undefined ? ["0"] : decode(text).split(" ");
    this.exists = text !== undefined;
    this.#world = world;
    this.#count = Number(count);
    this.#prints = prints;
  }

  follows(print: string): boolean {
    return this.#prints.some((each) => isPrintOf(each, print));
  }

  load(): void {
    this.loaded = this.#count;
  }

  saveBase(path: string): void {
    save(this.#world, path, recordsFrom(0, this.loaded), PREAMBLE);
  }
}

function save(
  world: World,
  path: string,
  text: string,
  before: Uint8Array = new Uint8Array(),
): void {
  const bytes = new Uint8Array([...before, ...encode(text)]);
  const file = world.open(path, "replace");
  const error = world.writeAt(file, bytes, 0, bytes.length, 0) ?? world.sync(file);
  world.close(file);
  if (error !== undefined) throw error;
  world.syncDirectory(path.slice(0, path.lastIndexOf("/")));
}

function waitUntil(world: World, isOver: () => boolean): void {
  for (let i = 0; i < 500 && !isOver(); i++) world.advance(5);
  assert.ok(isOver(), "it comes to an end");
}

test("a log that is switched off holds what there was; switched on, what there is", () => {
  for (const policy of POLICIES) {
    const world = newLife(1).world;
    const records = new Records(world, policy);
    for (let round = 1; round <= 3; round++) {
      for (let i = 0; i < 10; i++) records.put();
      assert.equal(records.switchOff(), true);
      const { count } = records;
      assert.equal(records.log.isResting, true);
      assert.equal(records.log.sizeBytes, 0);
      for (let i = 0; i < 5; i++) records.put();
      world.kill();
      const others = new Records(world, policy);
      assert.equal(others.count, count, "what came later was never promised");
      others.close();
      records.switchOn();
      assert.equal(records.rewrite.isFounding, true);
      for (let i = 0; i < 20; i++) {
        records.put();
        records.log.commit();
        world.advance(1);
      }
      waitUntil(world, () => !records.rewrite.isFounding && !records.rewrite.isRunning);
      assert.equal(records.log.isProvisional, false);
      assert.equal(records.log.acknowledgedThrough, records.log.batch, policy);
      const left = world.list(DIRECTORY);
      assert.equal(left.length, 3, left.join(" "));
    }
    for (let i = 0; i < 10; i++) records.put();
    const { count } = records;
    records.close();
    assert.equal(new Records(world, policy).count, count);
  }
});

test("a snapshot saved after the log was switched off is newer, until the log goes on", () => {
  const world = newLife(1).world;
  const records = new Records(world, "everysec");
  for (let i = 0; i < 10; i++) records.put();
  assert.ok(records.saveDump(), "an older one");
  for (let i = 0; i < 10; i++) records.put();
  records.switchOff();
  world.kill();
  const second = new Records(world, "everysec");
  assert.deepEqual([second.count, second.isAdopted], [20, false]);
  second.switchOff();
  for (let i = 0; i < 7; i++) second.put();
  assert.ok(second.saveDump());
  second.put();
  world.kill();
  const third = new Records(world, "everysec");
  assert.deepEqual([third.count, third.isAdopted], [27, true]);
  assert.equal(world.list(DIRECTORY).length, 3);
  third.put();
  third.close();
  const fourth = new Records(world, "everysec");
  assert.deepEqual([fourth.count, fourth.isAdopted], [28, false]);
});

test("a log that the data do not descend from is kept, and named no more", () => {
  const world = newLife(1).world;
  const records = new Records(world, "everysec");
  for (let i = 0; i < 10; i++) records.put();
  records.switchOff();
  records.left.clear();
  const before = world.contentOf(`${DIRECTORY}/appendonly.aof.1.incr.aof`);
  records.switchOn();
  waitUntil(world, () => !records.rewrite.isFounding && !records.rewrite.isRunning);
  records.close();
  assert.deepEqual(world.list(DIRECTORY), [
    "appendonly.aof.1.base.rdb",
    "appendonly.aof.1.incr.aof",
    "appendonly.aof.2.incr.aof",
    "appendonly.aof.manifest",
  ]);
  assert.deepEqual(world.contentOf(`${DIRECTORY}/appendonly.aof.1.incr.aof`), before);
  assert.equal(new Records(world, "everysec").count, 10);
});

test("while a log is being begun nothing is refused for it, and what fails is tried again", () => {
  const world = newLife(1).world;
  const records = new Records(world, "always");
  for (let i = 0; i < 30; i++) records.put();
  records.switchOff();
  let fails = 6;
  const { begin } = records;
  records.begin = (sink) => {
    const writing = begin.call(records, sink);
    if (fails-- > 0) world.failWrite(fails % 2 === 0 ? 1 : 3, "ENOSPC");
    return writing;
  };
  records.switchOn();
  const failed: number[] = [];
  records.warning = () => void failed.push(world.monotonicMs());
  for (let ms = 0; ms < 2_000_000 && records.rewrite.isFounding; ms += 20) {
    records.put();
    records.log.commit();
    world.advance(20);
    if (records.rewrite.isRunning) continue;
    assert.equal(records.log.failure, null);
    const left = world.list(DIRECTORY).filter((name) => name.startsWith("temp-"));
    assert.deepEqual(left, []);
  }
  const minutes = failed.slice(1).map((at, i) => Math.round((at - (failed[i] ?? 0)) / 60_000));
  assert.deepEqual(minutes, [0, 0, 1, 2, 4]);
  assert.equal(records.rewrite.isFounding, false);
  assert.equal(records.rewrite.failures, 0);
  const { count } = records;
  records.close();
  assert.equal(new Records(world, "always").count, count);
});

test("a log that cannot be begun at all is as it was", () => {
  const world = newLife(1).world;
  const records = new Records(world, "everysec");
  records.put();
  records.switchOff();
  const before = world.list(DIRECTORY);
  for (const nth of [1, 2]) {
    world.failWrite(nth === 1 ? 1 : 99, "ENOSPC");
    if (nth === 2) world.putFile(`${DIRECTORY}/appendonly.aof.manifest`, encode("rubbish"));
    assert.throws(() => records.switchOn());
    assert.deepEqual(world.list(DIRECTORY), before);
    assert.equal(records.rewrite.isOff, true);
    assert.equal(records.log.isResting, true);
  }
});

test("whatever the disk does while the log is switched, nothing promised is lost", () => {
  const reached = { offs: 0, ons: 0, failures: 0, crashes: 0, adopted: 0, saves: 0 };
  liveAll(reached, randomLife);
});

/** How many records the next start must have: after a kill, and when the power has gone. */
interface Promised {
  written: number;
  synced: number;
}

function randomLife(life: Life, reached: Record<string, number>): void {
  const { policy, chance, world } = life;
  let kept = 0;
  for (let session = 0; session < 4; session++) {
    const promised = oneSession(life, kept, reached);
    const death = chance.oneIn(3) ? "kill" : "power";
    world.restart(death);
    const records = new Records(world, policy);
    if (records.isAdopted) reached.adopted++;
    const least = death === "kill" ? promised.written : promised.synced;
    assert.ok(records.count >= least, `${records.count} of ${least}, after ${death}`);
    assertNoRubbish(world);
    kept = records.count;
    world.kill();
  }
}

function oneSession(life: Life, kept: number, reached: Record<string, number>): Promised {
  const { policy, chance, world } = life;
  const must: Promised = { written: kept, synced: kept };
  const promise = (written: number, synced: number): void => {
    must.synced = Math.max(must.synced, synced);
    must.written = Math.max(must.written, written, must.synced);
  };
  // How many records there were when a batch was sealed.
  const ends: number[] = [];
  let records: Records | undefined;
  const look = (): void => {
    const log = records?.log;
    if (log === undefined || log.isResting || log.isProvisional) return;
    promise(ends[log.writtenThrough] ?? 0, ends[log.syncedThrough] ?? 0);
  };
  try {
    records = new Records(world, policy);
    ends[0] = records.count;
    if (!chance.oneIn(4)) world.crashIn = 1 + chance.below(120);
    for (let step = 0; step < 70; step++) {
      failSometimes(life, 50);
      records.put();
      ends[records.log.batch + 1] = records.count;
      if (chance.oneIn(4)) records.log.commitNow();
      else records.log.commit();
      look();
      world.advance(chance.below(chance.oneIn(10) ? 1500 : 4));
      look();
      if (chance.oneIn(8)) switchIt(records, chance, promise, ends, reached);
      if (records.rewrite.isOff && chance.oneIn(8) && records.saveDump()) {
        reached.saves++;
        // One that cannot say what it follows is as good as Redis's.
        if (records.left.areKnown) promise(records.count, records.count);
      }
    }
    reached.failures += records.said.filter((text) => /could not be begun/.test(text)).length;
  } catch (error) {
    if (!(error instanceof ProcessGone)) throw error;
    reached.crashes++;
    look();
  }
  return must;
}

function switchIt(
  records: Records,
  chance: Chance,
  promise: (written: number, synced: number) => void,
  ends: number[],
  reached: Record<string, number>,
): void {
  const { rewrite, log } = records;
  if (rewrite.isOff) {
    try {
      records.switchOn();
    } catch (error) {
      if (error instanceof ProcessGone) throw error;
      reached.failures++;
    }
  } else if (!rewrite.isFounding || chance.oneIn(4)) {
    if (!rewrite.isFounding) reached.ons++;
    const isWhole = !log.isResting && !log.isProvisional;
    const isSafe = records.switchOff();
    ends[log.batch] = records.count;
    if (isWhole && isSafe) promise(records.count, records.count);
    reached.offs++;
  }
}
