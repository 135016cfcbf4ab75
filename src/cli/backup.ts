// `tskeydb backup <directory> --to <directory>`: copies the data of a directory, be it served or
// not, to its last whole batch. A server needs not be asked, nor does it notice.
//
// Exit codes: 0 it is copied, and on the disk; 1 it is not; 2 nothing was tried.

import { copyLog, takeFile } from "../persistence/log/log-copy.ts";
import { LogPlace } from "../persistence/log/log-place.ts";
import type { Platform } from "../platform/platform.ts";
import { amount } from "./amount.ts";
import { timeText } from "./dropped.ts";
import { Progress } from "./progress.ts";
import { explainTool, refuseOccupied, syncParent, ToolRefusal, takeOption } from "./tools.ts";

const USAGE = "usage: tskeydb backup <directory> --to <directory>\n";
const SNAPSHOT = "dump.rdb";

/** Copies the directory that `args` name; returns the exit code. */
export function backup(platform: Platform, args: readonly string[]): number {
  const { value: target, rest } = takeOption(args, "--to");
  const [directory, ...more] = rest;
  if (target === undefined || directory === undefined || more.length > 0) {
    platform.printError(USAGE);
    return 2;
  }
  const progress = new Progress(platform);
  try {
    const from = new LogPlace(directory);
    const snapshot = `${directory}/${SNAPSHOT}`;
    const hasLog = platform.kindOf(from.manifestPath) === "file";
    const hasSnapshot = platform.kindOf(snapshot) === "file";
    if (!hasLog && !hasSnapshot) {
      throw new ToolRefusal(`there is no log in ${from.directory}, and no ${snapshot}`);
    }
    refuseOccupied(platform, target);
    platform.makeDirectory(target);
    if (hasSnapshot) takeFile(platform, snapshot, `${target}/${SNAPSHOT}`, progress.read);
    if (hasLog) {
      const copied = copyLog(platform, from, new LogPlace(target), progress.read);
      syncParent(platform, target);
      progress.end();
      const files = amount(copied.files, "file", "files");
      const until = copied.lastTime > 0 ? `, written until ${timeText(copied.lastTime)}` : "";
      platform.print(
        `${target}: ${files} (${copied.linked} linked), ${amount(copied.bytes, "byte", "bytes")}${until}\n`,
      );
      if (copied.leftOut > 0) {
        platform.print(
          `  ${amount(copied.leftOut, "byte", "bytes")} behind that: ${copied.reason}\n`,
        );
      }
    } else {
      platform.syncDirectory(target);
      syncParent(platform, target);
      progress.end();
      platform.print(`${target}: ${SNAPSHOT}\n`);
    }
    return 0;
  } catch (error) {
    progress.end();
    platform.printError(`tskeydb: ${explainTool(error)}\n`);
    return error instanceof ToolRefusal ? 2 : 1;
  }
}
