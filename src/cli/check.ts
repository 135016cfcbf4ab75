// `tskeydb check [--fix] <directory>`: reads the log of a data directory without serving it, and
// says of each file whether it is whole. Exit codes: 0 whole, 1 not.

import { checkLog } from "../persistence/recovery.ts";
import type { Platform } from "../platform/platform.ts";
import { explain } from "./serve.ts";

/** Checks the directory that `args` name; returns the exit code. */
export function check(platform: Platform, args: readonly string[]): number {
  const fix = args.includes("--fix");
  const [directory, ...more] = args.filter((arg) => arg !== "--fix");
  if (directory === undefined || more.length > 0 || directory.startsWith("--")) {
    platform.printError("usage: tskeydb check [--fix] <directory>\n");
    return 1;
  }
  try {
    const lock = platform.lockDirectory(directory);
    try {
      const { files, isWhole } = checkLog({ platform, directory, fix });
      for (const file of files) {
        const bytes = amount(file.bytes, "byte", "bytes");
        const commands = amount(file.commands, "command", "commands");
        const batches = amount(file.batches, "batch", "batches");
        platform.print(`${file.path}: ${file.verdict}, ${bytes}, ${commands} in ${batches}\n`);
        if (file.text !== "") platform.print(`  ${file.text}\n`);
      }
      return isWhole ? 0 : 1;
    } finally {
      lock.release();
    }
  } catch (error) {
    platform.printError(`tskeydb: ${explain(error)}\n`);
    return 1;
  }
}

function amount(n: number, one: string, more: string): string {
  return `${n.toLocaleString("en")} ${n === 1 ? one : more}`;
}
