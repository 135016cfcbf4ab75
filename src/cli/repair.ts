// `tskeydb repair <directory>`: makes a log loadable that a start refuses, or would cut off. It
// ends before the first thing that is wrong; what lay behind is kept beside it, and said.
//
// Exit codes: 0 it can be loaded now, 1 it cannot be repaired, 2 nothing was tried.

import { repairLog } from "../persistence/log/log-repair.ts";
import type { DirectoryLock, Platform } from "../platform/platform.ts";
import { amount } from "./amount.ts";
import { DroppedKeys, timeText } from "./dropped.ts";
import { Progress } from "./progress.ts";
import { explainTool } from "./tools.ts";

/** Repairs the directory that `args` name; returns the exit code. */
export function repair(platform: Platform, args: readonly string[]): number {
  const [directory, ...more] = args;
  if (directory === undefined || more.length > 0 || directory.startsWith("--")) {
    platform.printError("usage: tskeydb repair <directory>\n");
    return 2;
  }
  let lock: DirectoryLock;
  try {
    lock = platform.lockDirectory(directory);
  } catch (error) {
    platform.printError(`tskeydb: ${explainTool(error)}\n`);
    return 2;
  }
  const progress = new Progress(platform);
  try {
    const keys = new DroppedKeys();
    const repaired = repairLog({ platform, directory, drop: keys.hear, onRead: progress.read });
    progress.end();
    const { end, kept, dropped, lastTime } = repaired;
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
  } catch (error) {
    progress.end();
    platform.printError(`tskeydb: ${explainTool(error)}\n`);
    return 1;
  } finally {
    lock.release();
  }
}
