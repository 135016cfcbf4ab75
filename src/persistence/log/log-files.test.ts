// The log is cut, and its files are replaced, on a simulated disk: with crashes in every operation,
// with calls that fail, and under every policy. The base is here one of commands.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Chance, ProcessGone, World } from "../../../test/simulation/world.ts";
import { append, command, encode, spell, writes } from "../test-support.ts";
import { approachCut } from "./approach.ts";
import {
  failSometimes,
  type Life,
  liveAll,
  POLICIES,
  Promised,
  recordsTo,
} from "./lives-test-support.ts";
import type { FsyncPolicy, Log } from "./log.ts";
import type { LogFiles } from "./log-files.ts";
import { openLog } from "./recovery.ts";

const DIRECTORY = "/data/appendonlydir";

interface Opened {
  readonly log: Log;
  readonly files: LogFiles;
  readonly found: string[];
}

function openOn(world: World, fsync: FsyncPolicy): Opened {
  const commands: string[] = [];
  const { log, files, recovery } = openLog({
    platform: world,
    directory: "/data",
    fsync,
    apply: (args) => void commands.push(spell(args)),
  });
  assert.deepEqual(recovery.warnings, []);
  return { log, files, found: writes(commands) };
}

/** Puts record `n`. */
function put(log: Log, n: number): void {
  log.selectDatabase(0);
  append(log, "SET", `k${n}`, String(n));
}

/** Waits for an outcome; undefined where none came. */
function waitFor<T>(world: World, begin: (done: (outcome: T) => void) => void): T | undefined {
  let outcome: T | undefined;
  begin((result) => {
    outcome = result;
  });
  for (let i = 0; i < 200 && outcome === undefined; i++) world.advance(20);
  return outcome;
}

/** Cuts the log; false where that was not to be. */
function cut(world: World, { log, files }: Opened): boolean {
  const next = waitFor<unknown>(world, (done) =>
    files.prepareIncrement(files.newBase("aof"), (error, increment) => done(increment ?? error)),
  );
  if (next === undefined || next instanceof Error) return false;
  waitFor<boolean>(world, (done) => approachCut(world, log, () => done(true)));
  const bytes = log.sizeBytes;
  if (!log.cut(next as Parameters<Log["cut"]>[0])) return false;
  files.noteCut(bytes);
  return true;
}

/** A base of what the first `count` records came to takes the place of the files before it. */
function replace(world: World, { files }: Opened, count: number): boolean {
  const base = files.newBase("aof");
  const from = files.manifest.increments.at(-1)?.sequence ?? 0;
  let text = "";
  for (let n = 0; n < count; n++) text += command("SET", `k${n}`, String(n));
  const bytes = encode(text);
  try {
    const file = world.open(base.temporaryPath, "replace");
    const error = world.writeAt(file, bytes, 0, bytes.length, 0) ?? world.sync(file);
    world.close(file);
    if (error !== undefined) throw error;
  } catch (error) {
    if (error instanceof ProcessGone) throw error;
    return false;
  }
  const ended = (error: unknown): string => (error === undefined ? "well" : String(error));
  const replaced = waitFor<string>(world, (done) =>
    files.replaceBase(base, bytes.length, from, (error) => done(ended(error))),
  );
  if (replaced !== "well") return false;
  return waitFor<string>(world, (done) => files.settle((e) => done(ended(e)))) === "well";
}

test("a log that is cut goes on in the next increment, under every policy", () => {
  for (const policy of POLICIES) {
    const world = new World(1, new Chance(1), true);
    const opened = openOn(world, policy);
    const { log, files } = opened;
    let n = 0;
    for (let increment = 1; increment <= 4; increment++) {
      for (let i = 0; i < 5; i++) put(log, n++);
      if (increment % 2 === 0) log.commit();
      const before = log.batch;
      assert.equal(cut(world, opened), true);
      assert.ok(log.batch >= before, "the numbers of batches go on");
      assert.equal(log.syncedThrough, log.batch, policy);
      assert.equal(log.path, `${DIRECTORY}/appendonly.aof.${increment + 1}.incr.aof`);
    }
    put(log, n++);
    assert.equal(log.commitNow(), true);
    assert.equal(log.acknowledgedThrough, log.batch);
    files.close();
    log.close();
    const again = openOn(world, policy);
    assert.deepEqual(
      again.found,
      Array.from({ length: n }, (_, i) => `SET k${i} ${i}`),
    );
    assert.equal(again.files.manifest.increments.length, 5);
    assert.equal(replace(world, again, n), true);
    assert.deepEqual(world.list(DIRECTORY), [
      "appendonly.aof.1.base.aof",
      "appendonly.aof.5.incr.aof",
      "appendonly.aof.manifest",
    ]);
  }
});

test("a log whose last sync has failed is not cut until that has been made good", () => {
  for (const policy of ["always", "everysec"] as const) {
    const world = new World(1, new Chance(1), true);
    const opened = openOn(world, policy);
    put(opened.log, 0);
    opened.log.commit();
    const next = waitFor<unknown>(world, (done) =>
      opened.files.prepareIncrement(opened.files.newBase("rdb"), (_, i) => done(i)),
    );
    put(opened.log, 1);
    world.failSync(1, "EIO");
    assert.equal(opened.log.cut(next as Parameters<Log["cut"]>[0]), false);
    assert.notEqual(opened.log.failure, null);
    assert.equal(opened.log.cut(next as Parameters<Log["cut"]>[0]), false);
    world.advance(1000);
    assert.equal(opened.log.failure, null);
    assert.equal(cut(world, opened), true);
    world.crash();
    assert.deepEqual(openOn(world, policy).found, ["SET k0 0", "SET k1 1"]);
  }
});

test("whatever the disk does while a log is cut and replaced, nothing promised is lost", () => {
  liveAll({ cuts: 0, replacements: 0, crashes: 0, refusals: 0 }, randomLife);
});

function randomLife(life: Life, reached: Record<string, number>): void {
  const { world, chance, policy } = life;
  let kept = 0;
  for (let session = 0; session < 4; session++) {
    const promised = oneSession(life, kept, reached);
    const death = chance.oneIn(3) ? "kill" : "power";
    world.restart(death);
    const found = openOn(world, policy).found;
    const durable = promised.after(death);
    assert.ok(found.length >= durable, `${found.length} of ${durable} are there, after ${death}`);
    assert.deepEqual(found, recordsTo(found.length));
    // What another start finds is what this one found.
    kept = found.length;
    const names = world.list(DIRECTORY);
    const rest = names.filter((name) => !name.startsWith("appendonly.aof.") || /^temp/.test(name));
    assert.deepEqual(rest, [], "a start leaves no rubbish");
    world.kill();
  }
}

function oneSession(life: Life, kept: number, reached: Record<string, number>): Promised {
  const { world, chance, policy } = life;
  const promised = new Promised(kept);
  let log: Log | undefined;
  try {
    const opened = openOn(world, policy);
    log = opened.log;
    let n = opened.found.length;
    promised.begin(n);
    if (!chance.oneIn(4)) world.crashIn = 1 + chance.below(60);
    for (let step = 0; step < 12; step++) {
      failSometimes(life, 8);
      put(log, n++);
      promised.note(log, n);
      const dice = chance.below(6);
      if (dice === 0) log.commitNow();
      else if (dice === 1) world.advance(chance.below(1500));
      else if (dice > 3) {
        const isCut = cut(world, opened);
        promised.look(log);
        if (isCut) reached.cuts++;
        else reached.refusals++;
        if (isCut && chance.oneIn(2) && replace(world, opened, n)) reached.replacements++;
      } else log.commit();
      promised.look(log);
    }
  } catch (error) {
    if (!(error instanceof ProcessGone)) throw error;
    reached.crashes++;
    if (log !== undefined) promised.look(log);
  }
  return promised;
}
