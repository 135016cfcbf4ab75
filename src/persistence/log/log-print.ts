// What tells a log that nobody writes from the same log at any other time: its files, how long the
// last one is, and a sum over that one's end, where each batch has a seal of its own. The line feed
// at its end, and what is left of a reserve (reserve.ts), do not count.
//
//   sequence.type : sum of the manifest : bytes : sum of the end, or "*"
//
// Of a log that could not be synced when it was switched off a power cut may leave less: its print
// has "*", and stands for any that is not longer.
//
// A snapshot that is saved after the log was switched off says which log it comes after, by its
// print. So a start that finds both knows, whatever clocks and copies say, that the snapshot is
// newer; and as soon as anybody has written to the log again, that the log is.

import { utf8Bytes } from "../../base/bytes.ts";
import { crc32c } from "../../base/crc32c.ts";
import type { Platform } from "../../platform/platform.ts";
import type { LogPlace } from "./log-place.ts";
import { filesOf, formatManifest, type Manifest } from "./manifest.ts";
import { RESERVE_BYTES } from "./reserve.ts";

const END_BYTES = 4096;
const HASH = 35;
const LF = 10;

/** The print of a log, without blanks; "" where it has no files. Throws PlatformError. */
export function printOf(
  platform: Platform,
  place: LogPlace,
  manifest: Manifest,
  isSafe = true,
): string {
  const last = filesOf(manifest).at(-1);
  if (last === undefined) return "";
  const text = utf8Bytes(formatManifest({ ...manifest, history: [], begun: "" }));
  const file = platform.open(place.path(last.name), "read");
  try {
    const size = platform.size(file);
    const bytes = new Uint8Array(Math.min(END_BYTES + RESERVE_BYTES, size));
    platform.read(file, bytes, 0, bytes.length, size - bytes.length);
    let end = bytes.length;
    while (end > 0 && (bytes[end - 1] === HASH || bytes[end - 1] === LF)) end--;
    const length = size - bytes.length + end;
    const names = `${last.sequence}.${last.type}:${hex(crc32c(text, 0, text.length))}`;
    if (!isSafe) return `${names}:${length}:*`;
    return `${names}:${length}:${hex(crc32c(bytes, Math.max(0, end - END_BYTES), end))}`;
  } finally {
    platform.close(file);
  }
}

/** Whether a print that was taken once is of the log that has this one now. */
export function isPrintOf(taken: string, present: string): boolean {
  const [files, names, bytes, sum] = taken.split(":");
  const [filesNow, namesNow, bytesNow] = present.split(":");
  if (sum !== "*") return taken === present;
  return files === filesNow && names === namesNow && Number(bytesNow) <= Number(bytes);
}

function hex(sum: number): string {
  return (sum >>> 0).toString(16);
}
