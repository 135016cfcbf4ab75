// `tskeydb repair <directory>`: makes a log loadable that a start refuses, or would cut off. It
// ends before the first thing that is wrong; what lay behind is kept beside it, and said.

import { repairFile, repairLog } from "../persistence/log/log-repair.ts";
import type { Platform } from "../platform/platform.ts";
import { amount } from "./amount.ts";
import { lockToWrite } from "./data.ts";
import { dataPlaceAt, NAME_OPTIONS, NAMES_HELP, namesOf } from "./data-place.ts";
import { DroppedKeys, timeText } from "./dropped.ts";
import { Progress } from "./progress.ts";
import { fail, readWords, ToolRefusal } from "./tools.ts";

const USAGE = `usage: tskeydb repair <directory>

Makes its log loadable: ends it before the first thing that is wrong, and keeps what lay behind
beside it.

${NAMES_HELP}
exit code: 0 it can be loaded now, 1 it cannot be repaired, 2 nothing was tried
`;

/** Repairs the directory that `args` name; returns the exit code. */
export function repair(platform: Platform, args: readonly string[]): number {
  const progress = new Progress(platform);
  try {
    const words = readWords(args, { operands: 1, options: NAME_OPTIONS });
    const place = dataPlaceAt(platform, words.operands[0], namesOf(words));
    const lock = lockToWrite(platform, place.directory);
    try {
      const keys = new DroppedKeys();
      const options = { platform, drop: keys.hear, onRead: progress.read };
      if (!place.hasLog && !place.hasSingle) {
        throw new ToolRefusal(
          `${place.directory} holds a snapshot (${place.dumpName}) and no log: only a log can be repaired`,
        );
      }
      const { end, kept, dropped, lastTime } = place.hasLog
        ? repairLog({ ...options, place: place.log })
        : repairFile(options, place.log.singleFilePath);
      progress.end();
      if (end === undefined) {
        platform.print("The log is whole: nothing was changed\n");
        return 0;
      }
      platform.print(`${end.path}: ends at ${end.offset} now: ${end.reason}\n`);
      for (const { keptIn, bytes } of kept) {
        platform.print(`  kept: ${keptIn}, ${amount(bytes, "byte", "bytes")}\n`);
      }
      platform.print(`  dropped: ${keys.describe(dropped)}\n`);
      if (lastTime > 0) platform.print(`  what is left was written until ${timeText(lastTime)}\n`);
      return 0;
    } finally {
      lock.release();
    }
  } catch (error) {
    progress.end();
    return fail(platform, error, USAGE);
  }
}
