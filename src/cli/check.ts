// `tskeydb check <directory or file>`: reads the log of a data directory, or one file of a log,
// without serving it, and says of each file whether it is whole and holds only commands that this
// version knows, and if not what is wrong where. Exit codes: 0 it does, 1 it does not, 2 that could
// not be seen. With --fix it is `tskeydb repair`.

import { commandTable } from "../database.ts";
import type { CommandTable } from "../engine/command-table.ts";
import {
  checkFile,
  checkLog,
  type FileCheck,
  type LogCheck,
} from "../persistence/log/log-check.ts";
import { LogError } from "../persistence/log/log-error.ts";
import { LogPlace } from "../persistence/log/log-place.ts";
import { readerOf } from "../persistence/log/log-reader.ts";
import { readManifest } from "../persistence/log/manifest.ts";
import {
  type DirectoryLock,
  DirectoryLocked,
  type Platform,
  PlatformError,
} from "../platform/platform.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { amount } from "./amount.ts";
import { checkRdb } from "./check-rdb.ts";
import { timeText } from "./dropped.ts";
import { Progress } from "./progress.ts";
import { repair } from "./repair.ts";
import { explainTool } from "./tools.ts";

/** Checks the directory that `args` name; returns the exit code. */
export function check(platform: Platform, args: readonly string[]): number {
  if (args.includes("--fix")) {
    return repair(
      platform,
      args.filter((arg) => arg !== "--fix"),
    );
  }
  const [subject, ...more] = args;
  if (subject === undefined || more.length > 0 || subject.startsWith("--")) {
    platform.printError("usage: tskeydb check <directory or file>\n");
    return 2;
  }
  const progress = new Progress(platform);
  let lock: DirectoryLock | undefined;
  try {
    if (platform.kindOf(subject) !== "file") lock = lockFor(platform, subject);
  } catch (error) {
    platform.printError(`tskeydb: ${explainCheck(error)}\n`);
    return 2;
  }
  try {
    try {
      const snapshot = checkSnapshot(platform, subject, progress);
      if (snapshot?.isAll === true) return snapshot.code;
      const { files, warnings, isWhole } = checked(platform, subject, progress);
      progress.end();
      const table = commandTable();
      let isTaken = true;
      for (const file of files) {
        const refused = refusedCommand(platform, file, table);
        if (refused !== "") isTaken = false;
        report(platform, file, refused);
      }
      for (const warning of warnings) platform.print(`${warning}\n`);
      return isWhole && isTaken && (snapshot?.code ?? 0) === 0 ? 0 : 1;
    } finally {
      lock?.release();
    }
  } catch (error) {
    progress.end();
    platform.printError(`tskeydb: ${explainCheck(error)}\n`);
    return 1;
  }
}

/**
 * Checks the subject as an RDB file, the snapshot of a directory, and the base of its log;
 * undefined where there is none of these. `isAll`: there is nothing else to check.
 */
function checkSnapshot(
  platform: Platform,
  subject: string,
  progress: Progress,
): { code: number; isAll: boolean } | undefined {
  if (platform.kindOf(subject) === "file") {
    const found = checkRdb(platform, subject, progress);
    return found && { code: found.code, isAll: found.logFrom < 0 };
  }
  const place = new LogPlace(subject);
  const hasLog = platform.exists(place.manifestPath);
  const base = hasLog ? readManifest(platform, place)?.base : undefined;
  const paths = [`${subject}/dump.rdb`, ...(base === undefined ? [] : [place.path(base.name)])];
  const verdicts = paths
    .filter((path) => platform.kindOf(path) === "file")
    .map((path) => checkRdb(platform, path, progress));
  const code = verdicts.some((found) => found !== undefined && found.code !== 0) ? 1 : 0;
  return verdicts.length === 0 ? undefined : { code, isAll: !hasLog };
}

function checked(platform: Platform, subject: string, progress: Progress): LogCheck {
  const onRead = progress.read;
  if (platform.kindOf(subject) !== "file") {
    return checkLog({ platform, directory: subject, onRead });
  }
  const file = checkFile({ platform, onRead }, subject);
  return { files: [file], warnings: [], isWhole: file.verdict === "ok" };
}

/** The lock of the directory, or none where it may not be written. */
function lockFor(platform: Platform, directory: string): DirectoryLock | undefined {
  try {
    return platform.lockDirectory(directory);
  } catch (error) {
    if (!mayNotWrite(error)) throw error;
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
  if (file.verdict !== "ok" && file.lastTime > 0) {
    platform.print(
      `  the last batch before that was written at ${timeText(file.lastTime)} or later\n`,
    );
  }
}

/** Which command of the file's good part would stop a start, and why; "" where none does. */
function refusedCommand(platform: Platform, checked: FileCheck, table: CommandTable): string {
  if (!["ok", "torn"].includes(checked.verdict)) return "";
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

function explainCheck(error: unknown): string {
  if (error instanceof DirectoryLocked) {
    return `${error.message}; stop it, or check a copy without the files lock-*`;
  }
  return explainTool(error);
}
