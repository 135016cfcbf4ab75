// `tskeydb check [--fix] <directory>`: reads the log of a data directory without serving it, and
// says of each file whether it is whole and holds only commands that this version knows. Exit
// codes: 0 it does, 1 it does not.

import { commandTable } from "../database.ts";
import type { CommandTable } from "../engine/command-table.ts";
import { checkLog, type FileCheck } from "../persistence/log/log-check.ts";
import { LogError } from "../persistence/log/log-error.ts";
import { readerOf } from "../persistence/log/log-reader.ts";
import {
  type DirectoryLock,
  DirectoryLocked,
  type Platform,
  PlatformError,
} from "../platform/platform.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { amount } from "./amount.ts";
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
    const lock = lockFor(platform, directory, fix);
    try {
      const { files, warnings, isWhole } = checkLog({ platform, directory, fix });
      const table = commandTable();
      let isTaken = true;
      for (const file of files) {
        const refused = refusedCommand(platform, file, table);
        if (refused !== "") isTaken = false;
        report(platform, file, refused);
      }
      for (const warning of warnings) platform.print(`${warning}\n`);
      return isWhole && isTaken ? 0 : 1;
    } finally {
      lock?.release();
    }
  } catch (error) {
    platform.printError(`tskeydb: ${explainCheck(error, fix)}\n`);
    return 1;
  }
}

/** The lock of the directory, or none where it is only to be read and may not be written. */
function lockFor(platform: Platform, directory: string, fix: boolean): DirectoryLock | undefined {
  try {
    return platform.lockDirectory(directory);
  } catch (error) {
    if (fix || !mayNotWrite(error)) throw error;
    platform.printError(
      `${directory} cannot be written, so it is read without its lock: what a server writes ` +
        "meanwhile may look torn\n",
    );
    return undefined;
  }
}

function report(platform: Platform, file: FileCheck, refused: string): void {
  const bytes = amount(file.bytes, "byte", "bytes");
  const commands = amount(file.commands, "command", "commands");
  const batches = amount(file.batches, "batch", "batches");
  const verdict = file.verdict === "ok" && refused !== "" ? "refused" : file.verdict;
  platform.print(`${file.path}: ${verdict}, ${bytes}, ${commands} in ${batches}\n`);
  for (const text of [file.text, refused]) if (text !== "") platform.print(`  ${text}\n`);
}

/** Which command of the file's good part would stop a start, and why; "" where none does. */
function refusedCommand(platform: Platform, checked: FileCheck, table: CommandTable): string {
  if (!["ok", "torn", "cut"].includes(checked.verdict)) return "";
  const { path } = checked;
  let why = "";
  const look = (args: Arguments): void => {
    why = faultOf(table, args);
    if (why !== "") throw new Error(why);
  };
  const file = platform.open(path, "read");
  try {
    readerOf(platform, file, path, look).run();
    return "";
  } catch (error) {
    if (!(error instanceof LogError) || error.code !== "LOG_COMMAND") throw error;
    return (
      `the command at offset ${error.offset}, ${why}: a start would stop there. Load the log with ` +
      "the server that wrote it, and move the data over"
    );
  } finally {
    platform.close(file);
  }
}

function faultOf(table: CommandTable, args: Arguments): string {
  const name = `'${args.text(0)}'`;
  const command = table.find(args, 0);
  if (command === undefined) return `${name}, is not known to this version`;
  const sub = args.count > 1 ? command.subcommands?.get(args.text(1).toLowerCase()) : undefined;
  const { arity } = sub ?? command;
  const fits = arity > 0 ? args.count === arity : args.count >= -arity;
  return fits ? "" : `${name}, has a wrong number of arguments`;
}

function mayNotWrite(error: unknown): error is PlatformError {
  return error instanceof PlatformError && ["EACCES", "EROFS", "EPERM"].includes(error.code);
}

function explainCheck(error: unknown, fix: boolean): string {
  if (error instanceof DirectoryLocked) {
    return `${error.message}; stop it, or check a copy without the files lock-*`;
  }
  if (fix && mayNotWrite(error)) return `${error.message}; to --fix it, one must be able to write`;
  return error instanceof PlatformError ? error.message : explain(error);
}
