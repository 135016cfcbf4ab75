// Going back to a time: where a log is to end, so that it holds what was executed up to then, by
// its stamps. The second that is asked for is included.
//
// A log that begins with a base cannot go back before that: what was there then is in older backups
// alone. A base in RDB form says of when it is; of one of commands, the first stamp counts.

import { RdbInput } from "../../codec/rdb-input.ts";
import type { Platform } from "../../platform/platform.ts";
import { isRdb, timeOfRdb } from "../rdb/rdb-walk.ts";
import type { LogEnd, OnRead } from "./log-copy.ts";
import { LogError } from "./log-error.ts";
import type { LogPlace } from "./log-place.ts";
import { readerOf } from "./log-reader.ts";
import { filesOf, type Manifest } from "./manifest.ts";
import { tailOf } from "./recovery.ts";

export interface RestorePoint extends LogEnd {
  /** When the last of what is before it was executed. */
  readonly lastTime: number;
  /** When the first of what is behind it was; 0: nothing is, that is whole. */
  readonly nextTime: number;
}

/** Where a log ends at a time, in seconds since 1970. Throws LogError where that cannot be said. */
export function pointAt(
  platform: Platform,
  place: LogPlace,
  manifest: Manifest,
  until: number,
  onRead: OnRead,
): RestorePoint {
  const files = filesOf(manifest);
  const tailFrom = tailOf(platform, place, files);
  let lastTime = 0;
  let commands = 0;
  let end: LogEnd = { index: 0, offset: 0 };
  const baseTime = files[0]?.type === "b" ? timeOfBase(platform, place.path(files[0].name)) : 0;
  if (baseTime > until) throw tooEarly(place.path(files[0].name), until, baseTime);
  if (baseTime > 0) lastTime = baseTime;
  // Behind that nothing is written yet.
  for (let index = 0; index <= tailFrom; index++) {
    const { name, type } = files[index];
    const path = place.path(name);
    const file = platform.open(path, "read");
    try {
      const reader = readerOf(platform, file, path, null);
      reader.onRead = (offset) => onRead(path, offset);
      reader.until = until;
      reader.run();
      if (type === "i") commands += reader.commands;
      if (reader.lastTime > 0) lastTime = reader.lastTime;
      end = { index, offset: reader.whole };
      if (reader.isOver) {
        const nextTime = reader.overTime;
        const isNothing = lastTime === 0 && (type === "b" || commands === 0);
        if (isNothing) throw tooEarly(path, until, nextTime);
        return { ...end, lastTime, nextTime };
      }
      if (reader.reason !== "" && index < tailFrom) throw damaged(path, reader.whole);
    } finally {
      platform.close(file);
    }
  }
  if (lastTime === 0) throw timeless(place);
  return { ...end, lastTime, nextTime: 0 };
}

/** The time of a base in RDB form; 0: it is none, or does not say. */
function timeOfBase(platform: Platform, path: string): number {
  const file = platform.open(path, "read");
  try {
    return isRdb(platform, file) ? timeOfRdb(RdbInput.ofFile(platform, file, path)) : 0;
  } finally {
    platform.close(file);
  }
}

function tooEarly(path: string, until: number, first: number): LogError {
  const text =
    `${path}: the log has nothing of before ${timeOf(first)} that it could go back to, and ` +
    `${timeOf(until)} was asked for. What was there then may be in an older backup.`;
  return new LogError("LOG_TIME", path, 0, text);
}

function damaged(path: string, whole: number): LogError {
  const text = `${path} is damaged behind offset ${whole}: see \`tskeydb check\`.`;
  return new LogError("LOG_DAMAGED", path, whole, text);
}

function timeless(place: LogPlace): LogError {
  const text =
    `${place.directory}: the log does not say when anything was executed ` +
    "(aof-timestamp-enabled was no), so it cannot go back to a time.";
  return new LogError("LOG_TIME", place.directory, 0, text);
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}
