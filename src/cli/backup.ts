// `tskeydb backup <directory> --to <directory>`: copies the data of a directory, be it served or
// not, to its last whole batch. A server needs not be asked, nor does it notice.

import { type CopiedLog, copyLog, copyWhole, takeFile } from "../persistence/log/log-copy.ts";
import type { Platform } from "../platform/platform.ts";
import { amount } from "./amount.ts";
import { type DataPlace, dataPlaceAt, NAME_OPTIONS, NAMES_HELP, namesOf } from "./data-place.ts";
import { timeText } from "./dropped.ts";
import { Progress } from "./progress.ts";
import { fail, readWords, refuseOccupied, syncParent, UsageError } from "./tools.ts";

const USAGE = `usage: tskeydb backup <directory> --to <directory>

Copies the data of a directory, be it served or not, up to the last whole batch, to a directory that
is not there yet, or is empty. Files that are written no more get a second name there, where that
is on the same disk.

${NAMES_HELP}
exit code: 0 it is copied, and on the disk; 1 it is not; 2 nothing was tried
`;

/** Copies the directory that `args` name; returns the exit code. */
export function backup(platform: Platform, args: readonly string[]): number {
  const progress = new Progress(platform);
  try {
    const words = readWords(args, { operands: 1, options: ["--to", ...NAME_OPTIONS] });
    const target = words.options.get("--to");
    if (target === undefined) throw new UsageError("--to is missing");
    const place = dataPlaceAt(platform, words.operands[0], namesOf(words));
    refuseOccupied(platform, target);
    platform.makeDirectory(target);
    const copied = copyAll(platform, place, target, progress);
    platform.syncDirectory(target);
    syncParent(platform, target);
    progress.end();
    platform.print(`${target}: ${copied === undefined ? place.dumpName : describe(copied)}\n`);
    if (copied !== undefined && copied.leftOut > 0) {
      const bytes = amount(copied.leftOut, "byte", "bytes");
      platform.print(`  ${bytes} behind that: ${copied.reason}\n`);
    }
    return 0;
  } catch (error) {
    progress.end();
    return fail(platform, error, USAGE);
  }
}

/** Copies the snapshot, if there is one, and the log; or leaves neither. */
function copyAll(
  platform: Platform,
  place: DataPlace,
  target: string,
  progress: Progress,
): CopiedLog | undefined {
  const dump = `${target}/${place.dumpName}`;
  try {
    if (place.hasDump) takeFile(platform, place.dumpPath, dump, progress.read);
    return copyData(platform, place, target, progress);
  } catch (error) {
    if (place.hasDump) platform.remove(dump);
    throw error;
  }
}

/** Copies the log, if there is one. */
function copyData(
  platform: Platform,
  { log, hasLog, hasSingle }: DataPlace,
  target: string,
  progress: Progress,
): CopiedLog | undefined {
  const to = log.in(target);
  if (hasLog) return copyLog(platform, log, to, progress.read);
  if (!hasSingle) return undefined;
  // It gets no second name: a Redis before 7 writes on in it.
  const copied = copyWhole(platform, log.singleFilePath, to.singleFilePath, progress.read);
  return { ...copied, files: 1, linked: 0 };
}

function describe({ files, linked, bytes, lastTime }: CopiedLog): string {
  const until = lastTime > 0 ? `, written until ${timeText(lastTime)}` : "";
  const count = amount(files, "file", "files");
  return `${count} (${linked} linked), ${amount(bytes, "byte", "bytes")}${until}`;
}
