// `tskeydb restore <directory> --until <time> [--to <directory>]`: the data as they were at a time,
// by the log's stamps. With --to that is a copy, and the directory stays as it is, be it served or
// not; without, its log ends there, and what lay behind is kept beside it.
//
// Exit codes: 0 done, 1 it cannot be done, 2 nothing was tried.

import { copyLog } from "../persistence/log/log-copy.ts";
import { endLog } from "../persistence/log/log-end.ts";
import { LogPlace } from "../persistence/log/log-place.ts";
import { manifestAt } from "../persistence/log/log-repair.ts";
import { pointAt, type RestorePoint } from "../persistence/log/log-restore.ts";
import { filesOf } from "../persistence/log/manifest.ts";
import { Survey } from "../persistence/log/survey.ts";
import { DirectoryLocked, type Platform } from "../platform/platform.ts";
import { amount } from "./amount.ts";
import { DroppedKeys, timeText } from "./dropped.ts";
import { Progress } from "./progress.ts";
import { explainTool, refuseOccupied, syncParent, ToolRefusal, takeOption } from "./tools.ts";

const USAGE =
  "usage: tskeydb restore <directory> --until <time> [--to <directory>]\n" +
  "a time is 2026-11-28T14:00:00Z, 2026-11-28T14:00:00+01:00, 2026-11-28T14:00:00 (of this\n" +
  "machine's zone), or seconds since 1970; all of that second is included\n";

/** Restores what `args` say; returns the exit code. */
export function restore(platform: Platform, args: readonly string[]): number {
  const { value: time, rest: others } = takeOption(args, "--until");
  const { value: target, rest } = takeOption(others, "--to");
  const [directory, ...more] = rest;
  const until = time === undefined ? Number.NaN : secondsOf(time);
  if (directory === undefined || more.length > 0 || Number.isNaN(until)) {
    platform.printError(USAGE);
    return 2;
  }
  const progress = new Progress(platform);
  try {
    const place = new LogPlace(directory);
    if (target === undefined) restoreInPlace(platform, place, until, progress);
    else restoreTo(platform, place, until, target, progress);
    return 0;
  } catch (error) {
    progress.end();
    platform.printError(`tskeydb: ${explainTool(error)}\n`);
    return error instanceof ToolRefusal || error instanceof DirectoryLocked ? 2 : 1;
  }
}

/** A time in seconds since 1970, or NaN. */
export function secondsOf(text: string): number {
  if (/^\d{1,12}$/.test(text)) return Number(text);
  const iso = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  if (iso === null) return Number.NaN;
  // A date alone would be taken for one in UTC.
  const [, clock, , zone] = iso;
  const full = clock === undefined ? text.replace(/^(.{10})/, "$1T00:00:00") : text;
  const ms = Date.parse(full.replace(" ", "T"));
  return zone === undefined || !Number.isNaN(ms) ? Math.floor(ms / 1000) : Number.NaN;
}

function restoreTo(
  platform: Platform,
  place: LogPlace,
  until: number,
  target: string,
  progress: Progress,
): void {
  refuseOccupied(platform, target);
  let point: RestorePoint | undefined;
  const copied = copyLog(platform, place, new LogPlace(target), progress.read, (manifest) => {
    point = pointAt(platform, place, manifest, until, progress.read);
    return point;
  });
  syncParent(platform, target);
  progress.end();
  const files = amount(copied.files, "file", "files");
  const what = point === undefined ? "" : `, ${pointText(point)}`;
  platform.print(`${target}: ${files}${what}\n`);
}

function restoreInPlace(
  platform: Platform,
  place: LogPlace,
  until: number,
  progress: Progress,
): void {
  const lock = platform.lockDirectory(place.dataDirectory);
  try {
    const manifest = manifestAt(platform, place);
    const point = pointAt(platform, place, manifest, until, progress.read);
    const keys = new DroppedKeys();
    const dropped = new Survey(platform, keys.hear);
    for (const [index, { name }] of filesOf(manifest).entries()) {
      if (index === point.index) dropped.add(place.path(name), point.offset);
      if (index > point.index) dropped.add(place.path(name), 0);
    }
    const kept = endLog(platform, place, manifest, point.index, point.offset, "restored");
    progress.end();
    platform.print(`${place.dataDirectory}: ${pointText(point)}\n`);
    for (const { keptIn, bytes } of kept) {
      platform.print(`  kept: ${keptIn}, ${amount(bytes, "byte", "bytes")}\n`);
    }
    if (dropped.commands > 0) platform.print(`  dropped: ${keys.describe(dropped)}\n`);
  } finally {
    lock.release();
  }
}

function pointText({ lastTime, nextTime }: RestorePoint): string {
  const last = `written until ${timeText(lastTime)}`;
  return nextTime === 0
    ? `${last}, which is all there is`
    : `${last}; what follows, at ${timeText(nextTime)}, is left out`;
}
