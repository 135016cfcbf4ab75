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
        const counts = `${amount(file.commands, "command")} in ${amount(file.batches, "batch", "batches")}`;
        platform.print(`${file.path}: ${file.verdict}, ${number(file.bytes)} bytes, ${counts}\n`);
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

function number(n: number): string {
  return n.toLocaleString("en");
}

function amount(n: number, one: string, more = `${one}s`): string {
  return `${number(n)} ${n === 1 ? one : more}`;
}
