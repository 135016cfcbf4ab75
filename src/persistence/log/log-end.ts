// Ending a log at some place: what lies behind is no part of it any more, and is kept beside it.
//
//   base  incr.1 │ incr.2  incr.3        it is to end in incr.2, at an offset
//   1  the manifest names base, incr.1 and incr.2 alone
//   2  incr.3 gets another name, incr.3.torn-0
//   3  what lies behind the offset in incr.2 is copied to incr.2.torn-<offset>, and cut off
//
// Each step is on the disk before the next is taken. A crash in between leaves a log that ends
// later than asked for, and what to do is the same again.
//
// The last file of a log is cut in place. One that others follow may have a second name in a backup
// (log-copy.ts), so it is written anew up to the offset, and takes the name of the old one.

import { fileSize } from "../../platform/file-size.ts";
import type { Platform } from "../../platform/platform.ts";
import { copyInto, cutAt, keptName } from "./cut.ts";
import type { LogPlace } from "./log-place.ts";
import { filesOf, type Manifest, writeManifest } from "./manifest.ts";
import { laterFiles } from "./siblings.ts";

/** What is no part of the log any more: the bytes of a file from an offset on. */
export interface Kept {
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
  readonly keptIn: string;
}

/**
 * Ends the log in file number `index` of its manifest, before `offset`. REQUIRES: the lock of the
 * data directory; what lies before is whole.
 */
export function endLog(
  platform: Platform,
  place: LogPlace,
  manifest: Manifest,
  index: number,
  offset: number,
  reason: string,
): Kept[] {
  const files = filesOf(manifest);
  const later = files.slice(index + 1);
  const kept: Kept[] = [];
  const increments = manifest.increments.filter((file) => !later.includes(file));
  if (later.length > 0) {
    writeManifest(platform, place, { ...manifest, increments });
  }
  // Those of an ending that was cut short are among them.
  const unnamed = laterFiles(platform, place, { ...manifest, increments });
  for (const name of new Set([...later.map((file) => file.name), ...unnamed])) {
    const path = place.path(name);
    if (platform.kindOf(path) !== "file") continue;
    const keptIn = keptName(platform, path, 0);
    const bytes = fileSize(platform, path);
    platform.rename(path, keptIn);
    kept.push({ file: path, offset: 0, bytes, keptIn });
  }
  if (kept.length > 0) platform.syncDirectory(place.directory);
  const path = place.path(files[index].name);
  const cut = cutFile(platform, path, offset, reason, later.length === 0);
  return cut === undefined ? kept : [cut, ...kept];
}

/** Cuts a file off at an offset; nothing, where it ends there. */
function cutFile(
  platform: Platform,
  path: string,
  offset: number,
  reason: string,
  inPlace: boolean,
): Kept | undefined {
  const file = platform.open(path, inPlace ? "update" : "read");
  try {
    const size = platform.size(file);
    if (offset >= size) return undefined;
    if (inPlace) return cutAt(platform, file, path, offset, reason);
    const keptIn = keptName(platform, path, offset);
    const slash = path.lastIndexOf("/") + 1;
    const temporary = `${path.slice(0, slash)}temp-${path.slice(slash)}`;
    const directory = path.slice(0, slash - 1);
    platform.remove(temporary);
    copyInto(platform, file, offset, size, keptIn);
    platform.syncDirectory(directory);
    copyInto(platform, file, 0, offset, temporary);
    platform.rename(temporary, path);
    platform.syncDirectory(directory);
    return { file: path, offset, bytes: size - offset, keptIn };
  } finally {
    platform.close(file);
  }
}
