// Ending and copying a log, cut short anywhere: no state is left from which nobody can go on, and
// no command is lost.

import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8Bytes } from "../../base/bytes.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { append, PLACE } from "../test-support.ts";
import { Doomed } from "./doomed-test-support.ts";
import { checkLog } from "./log-check.ts";
import { copyLog } from "./log-copy.ts";
import { endLog } from "./log-end.ts";
import { LogPlace } from "./log-place.ts";
import { repairLog } from "./log-repair.ts";
import { pointAt } from "./log-restore.ts";
import { manifestAt } from "./manifest.ts";
import { openLog } from "./recovery.ts";
import { Survey } from "./survey.ts";

const AT = 1_700_000_000;
const FILES = 3;
const EACH = 3;
const ALL = FILES * EACH;

const quiet = (): void => {};

/** The numbers that a log's commands say, in order. */
function numbersOf(platform: Doomed, directory: string): number[] {
  const found: number[] = [];
  const apply = (args: Arguments): void => {
    if (args.text(0) === "SET") found.push(Number(args.text(1)));
  };
  const { log } = openLog({ platform, directory, fsync: "everysec", apply });
  log.abandon();
  return found;
}

/** A log of three increments; command number i is executed in second i. */
function threeFiles(seed: number): Doomed {
  const platform = new Doomed(seed, { order: seed % 2 === 0 ? "kept" : "any" });
  for (let file = 0; file < FILES; file++) {
    const directory = `/part-${file}`;
    const { log } = openLog({ platform, directory, fsync: "always", apply: quiet });
    for (let i = file * EACH; i < (file + 1) * EACH; i++) {
      log.stampBy(() => (AT + i) * 1000, true);
      log.selectDatabase(0);
      append(log, "SET", String(i), "value");
      assert.ok(log.commitNow());
    }
    log.close();
  }
  const place = new LogPlace("/data");
  platform.makeDirectory(place.directory);
  let manifest = "";
  for (let file = 0; file < FILES; file++) {
    const name = place.incrementName(file + 1);
    const from = new LogPlace(`/part-${file}`).path(place.incrementName(1));
    platform.putFile(place.path(name), platform.contentOf(from) as Uint8Array);
    manifest += `file ${name} seq ${file + 1} type i\n`;
  }
  platform.putFile(place.manifestPath, utf8Bytes(manifest));
  return platform;
}

/** Does `work` as far as the disk lasts. */
function cutShort(platform: Doomed, left: number, work: () => void): boolean {
  platform.left = left;
  let isDone = true;
  try {
    work();
  } catch (error) {
    assert.equal((error as Error).message, "gone");
    isDone = false;
  }
  if (left % 4 === 0) platform.kill();
  else platform.crash();
  platform.left = Number.POSITIVE_INFINITY;
  return isDone;
}

/** Every command is in the log, or in what was kept beside it. */
function assertNothingLost(platform: Doomed, left: readonly number[], what: string): void {
  const found = new Set(left);
  const survey = new Survey(platform, (args) => found.add(Number(args.text(1))));
  const { directory } = new LogPlace("/data");
  for (const name of platform.list(directory)) {
    // Files that no manifest names are there as well, when the log had been named without them.
    if (name.includes(".aof")) survey.add(`${directory}/${name}`, 0);
  }
  assert.deepEqual([...found].sort(), numbers(ALL), what);
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

test("a log that is ended at a time, cut short anywhere, ends there the next time", () => {
  let done = 0;
  for (let seed = 0; seed < 270; seed++) {
    const platform = threeFiles(seed);
    const place = new LogPlace("/data");
    const last = seed % ALL;
    const end = (): void => {
      const manifest = manifestAt(platform, place);
      const { index, offset } = pointAt(platform, place, manifest, AT + last, quiet);
      endLog(platform, place, manifest, index, offset, "ended");
    };
    if (cutShort(platform, seed % 31, end)) done++;
    const between = numbersOf(platform, "/data");
    assert.deepEqual(between, numbers(between.length), `seed ${seed}`);
    assert.ok(between.length > last, `seed ${seed}: ${between.length}`);
    assertNothingLost(platform, between, `seed ${seed}`);
    end();
    const after = numbersOf(platform, "/data");
    assert.deepEqual(after, numbers(last + 1), `seed ${seed}`);
    assertNothingLost(platform, after, `seed ${seed}`);
    assert.deepEqual(checkLog({ platform, place: PLACE }).warnings, []);
  }
  assert.ok(done > 0 && done < 270, `${done}`);
});

test("a log that is repaired, cut short anywhere, is repaired the next time", () => {
  for (let seed = 0; seed < 180; seed++) {
    const platform = threeFiles(seed);
    const place = new LogPlace("/data");
    // The second batch of one of the files is damaged.
    const file = seed % FILES;
    const path = place.path(place.incrementName(file + 1));
    const bytes = (platform.contentOf(path) as Uint8Array).slice();
    bytes[Buffer.from(bytes).indexOf("value", Buffer.from(bytes).indexOf("value") + 1)] ^= 1;
    platform.putFile(path, bytes);
    const repair = () => repairLog({ platform, place: PLACE, drop: quiet });
    cutShort(platform, seed % 29, repair);
    repair();
    assert.equal(repair().end, undefined);
    const after = numbersOf(platform, "/data");
    assert.deepEqual(after, numbers(file * EACH + 1), `seed ${seed}`);
    assertNothingLost(platform, after, `seed ${seed}`);
  }
});

test("a copy that is cut short anywhere is whole, or none, and the log is as it was", () => {
  let done = 0;
  for (let seed = 0; seed < 120; seed++) {
    const platform = threeFiles(seed);
    const to = new LogPlace("/copy");
    const copy = () => copyLog(platform, new LogPlace("/data"), to, quiet);
    const isDone = cutShort(platform, seed % 24, () => void copy());
    if (isDone) done++;
    assert.deepEqual(numbersOf(platform, "/data"), numbers(ALL), `seed ${seed}`);
    const hasManifest = platform.exists(to.manifestPath);
    assert.ok(hasManifest || !isDone, `seed ${seed}: what was told is on the disk`);
    if (hasManifest) assert.deepEqual(numbersOf(platform, "/copy"), numbers(ALL), `seed ${seed}`);
  }
  assert.ok(done > 0 && done < 120, `${done}`);
});
