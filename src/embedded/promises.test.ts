// The README's table of promises, line by line: what each setting of appendfsync loses when the
// process dies, when the system does, and when the power goes, on a simulated disk, at random
// moments of random writes. The simulation loses the same by the last two: all that was not synced,
// of which any part may have reached the disk.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FsyncPolicy } from "../persistence/log/log.ts";
import { openLog } from "../persistence/log/recovery.ts";
import { Disk } from "../persistence/test-support.ts";
import type { Database } from "./database.ts";
import { openOn } from "./open.ts";

const SEEDS = 25;
const WRITES_MAX = 60;
const PAUSE_MS_MAX = 300;
/** A sync begins each second, and takes its time. */
const SECOND_MS = 1000;
const SYNC_MS_MAX = 100;

let directories = 0;

interface Run {
  /** When each write was acknowledged, in milliseconds, and when the end came. */
  readonly acknowledgedMs: readonly number[];
  readonly endMs: number;
  /** How many of them are there afterwards, which are the first ones, … */
  readonly found: number;
  /** … and of how many the call demanded a sync itself, up to the last that did. */
  readonly demanded: number;
}

/** Writes for a while, until the end comes; returns what was promised and what is there. */
function run(fsync: FsyncPolicy, end: "kill" | "crash", seed: number, demands = false): Run {
  const disk = new Disk(seed);
  const directory = `/promises-${directories++}`;
  const db = openOn(disk, directory, { fsync, seed });
  const acknowledgedMs: number[] = [];
  let demanded = 0;
  const count = 1 + disk.random(WRITES_MAX);
  for (let i = 1; i <= count; i++) {
    const isDemanded = demands && disk.random(8) === 0;
    write(db, i, isDemanded);
    if (isDemanded) demanded = i;
    disk.advance(0); // the program's running callback has returned
    acknowledgedMs.push(disk.monotonicMs());
    if (i < count) disk.advance(disk.random(PAUSE_MS_MAX));
  }
  disk.advance(disk.random(PAUSE_MS_MAX));
  const endMs = disk.monotonicMs();
  disk[end]();
  return { acknowledgedMs, endMs, found: foundIn(disk, directory), demanded };
}

/** Write number `i`, one way or another: two keys that must be there together. */
function write(db: Database, i: number, isDemanded: boolean): void {
  const durability = isDemanded ? "sync" : undefined;
  db.transaction(
    () => {
      db.rpush("numbers", i);
      db.rpush("again", i);
    },
    { durability },
  );
}

/** How many writes the next start finds. They must be the first ones, each of them whole. */
function foundIn(disk: Disk, directory: string): number {
  const lists: Record<string, number[]> = { numbers: [], again: [] };
  openLog({
    platform: disk,
    directory,
    fsync: "everysec",
    apply(args) {
      if (args.count === 3) lists[args.text(1)].push(Number(args.text(2)));
    },
  });
  const { numbers, again } = lists;
  assert.deepEqual(again, numbers, "transactions are there as a whole or not at all");
  assert.deepEqual(
    numbers,
    numbers.map((_, i) => i + 1),
    "what is there is a beginning of what was written",
  );
  return numbers.length;
}

function eachSeed(check: (seed: number) => void): void {
  for (let seed = 1; seed <= SEEDS; seed++) check(seed);
}

for (const fsync of ["always", "everysec", "no"] as const) {
  test(`${fsync}: when the process is killed, nothing acknowledged is lost`, () => {
    eachSeed((seed) => {
      const { acknowledgedMs, found } = run(fsync, "kill", seed);
      assert.equal(found, acknowledgedMs.length, `seed ${seed}`);
    });
  });
}

test("always: when the system dies or the power goes, nothing acknowledged is lost", () => {
  eachSeed((seed) => {
    const { acknowledgedMs, found } = run("always", "crash", seed);
    assert.equal(found, acknowledgedMs.length, `seed ${seed}`);
  });
});

test("everysec: when the system dies or the power goes, about the last second is lost", () => {
  let lost = 0;
  eachSeed((seed) => {
    const { acknowledgedMs, endMs, found } = run("everysec", "crash", seed);
    lost += acknowledgedMs.length - found;
    for (const atMs of acknowledgedMs.slice(found)) {
      assert.ok(endMs - atMs <= SECOND_MS + SYNC_MS_MAX, `seed ${seed}: ${endMs - atMs} ms`);
    }
  });
  assert.ok(lost > 0, "the test can tell");
});

test("no: when the system dies or the power goes, what it had not written yet is lost", () => {
  let lost = 0;
  eachSeed((seed) => {
    const { acknowledgedMs, found } = run("no", "crash", seed);
    lost += acknowledgedMs.length - found;
  });
  assert.ok(lost > 0, "the test can tell");
});

for (const fsync of ["everysec", "no"] as const) {
  test(`${fsync}: a write that demands it, and what came before, survives the power cut`, () => {
    let demands = 0;
    eachSeed((seed) => {
      const { found, demanded } = run(fsync, "crash", seed, true);
      demands += demanded > 0 ? 1 : 0;
      assert.ok(found >= demanded, `seed ${seed}: ${found} of ${demanded}`);
    });
    assert.ok(demands > 0);
  });
}
