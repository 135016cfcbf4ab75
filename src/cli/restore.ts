// `tskeydb restore <directory> --until <time> [--to <directory>]`: the data as they were at a time,
// by the log's stamps. With --to that is a copy, and the directory stays as it is, be it served or
// not; without, its log ends there, and what lay behind is kept beside it.

import { copyLog } from "../persistence/log/log-copy.ts";
import { endLog } from "../persistence/log/log-end.ts";
import type { LogPlace } from "../persistence/log/log-place.ts";
import { pointAt, type RestorePoint } from "../persistence/log/log-restore.ts";
import { filesOf, manifestAt } from "../persistence/log/manifest.ts";
import { Survey } from "../persistence/log/survey.ts";
import type { Platform } from "../platform/platform.ts";
import { amount } from "./amount.ts";
import { lockToWrite } from "./data.ts";
import { dataPlaceAt, NAME_OPTIONS, NAMES_HELP, namesOf } from "./data-place.ts";
import { DroppedKeys, timeText } from "./dropped.ts";
import { Progress } from "./progress.ts";
import { fail, readWords, refuseOccupied, syncParent, ToolRefusal, UsageError } from "./tools.ts";

const USAGE = `usage: tskeydb restore <directory> --until <time> [--to <directory>]

Takes the data of a directory back to a time: into another directory, that is not there yet or is
empty, or in place; then its log ends there, and what lay behind is kept beside it.

  --until <time>     2026-11-28T14:00:00Z, 2026-11-28T14:00:00+01:00, 2026-11-28T14:00:00 (of this
                     machine's zone), or seconds since 1970; all of that second is included
${NAMES_HELP}
exit code: 0 done, 1 it cannot be done, 2 nothing was tried
`;

/** Restores what `args` say; returns the exit code. */
export function restore(platform: Platform, args: readonly string[]): number {
  const progress = new Progress(platform);
  try {
    const words = readWords(args, { operands: 1, options: ["--until", "--to", ...NAME_OPTIONS] });
    const time = words.options.get("--until");
    if (time === undefined) throw new UsageError("--until is missing");
    const until = secondsOf(time);
    if (Number.isNaN(until)) throw new UsageError(`"${time}" is no time`);
    const target = words.options.get("--to");
    const data = dataPlaceAt(platform, words.operands[0], namesOf(words));
    if (!data.hasLog) {
      const file = data.hasSingle ? data.log.fileName : data.dumpName;
      throw new ToolRefusal(
        `${data.directory} holds ${file} and no log that says when it was written`,
      );
    }
    const place = data.log;
    if (target === undefined) restoreInPlace(platform, place, until, progress);
    else restoreTo(platform, place, until, target, progress);
    return 0;
  } catch (error) {
    progress.end();
    return fail(platform, error, USAGE);
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
  const copied = copyLog(platform, place, place.in(target), progress.read, (manifest) => {
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
  const lock = lockToWrite(platform, place.dataDirectory);
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
