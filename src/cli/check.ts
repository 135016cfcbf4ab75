// `tskeydb check <directory or file>`: reads the log of a data directory and its snapshot, or one
// file, without serving it, and says of each file whether it is whole and holds only commands that
// this version knows, and if not what is wrong where. With --fix it is `tskeydb repair`.

import { commandTable } from "../database.ts";
import type { CommandTable } from "../engine/command-table.ts";
import { checkFile, checkLog, type FileCheck } from "../persistence/log/log-check.ts";
import { LogError } from "../persistence/log/log-error.ts";
import type { LogPlace } from "../persistence/log/log-place.ts";
import { readerOf } from "../persistence/log/log-reader.ts";
import type { DirectoryLock, Platform } from "../platform/platform.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { amount } from "./amount.ts";
import { checkRdb } from "./check-rdb.ts";
import { firstByte, lockToRead } from "./data.ts";
import {
  type DataPlace,
  dataPlaceAt,
  flagsOf,
  NAME_OPTIONS,
  NAMES_HELP,
  namesOf,
} from "./data-place.ts";
import { timeText } from "./dropped.ts";
import { Progress } from "./progress.ts";
import { repair } from "./repair.ts";
import { fail, readWords } from "./tools.ts";

const USAGE = `usage: tskeydb check <directory or file>

Says of each file of a data directory, or of one file of a log or in RDB form, whether it is whole,
and if not what is wrong where. Changes nothing. (With --fix it is tskeydb repair.)

${NAMES_HELP}
exit code: 0 all is whole and would be loaded, 1 it is not, or not, 2 nothing was looked at
`;

/** Checks the directory or file that `args` name; returns the exit code. */
export function check(platform: Platform, args: readonly string[]): number {
  if (args.includes("--fix")) {
    return repair(
      platform,
      args.filter((arg) => arg !== "--fix"),
    );
  }
  const progress = new Progress(platform);
  try {
    const words = readWords(args, { operands: 1, options: NAME_OPTIONS });
    const [subject] = words.operands;
    const checking = new Checking(platform, progress);
    if (platform.kindOf(subject) === "file") return checking.file(subject) ? 0 : 1;
    const place = dataPlaceAt(platform, subject, namesOf(words));
    const lock = lockFor(platform, subject);
    try {
      return checking.directory(place) ? 0 : 1;
    } finally {
      lock?.release();
    }
  } catch (error) {
    progress.end();
    return fail(platform, error, USAGE);
  }
}

/** Checks files, says of each what is found, and returns whether all of it would be loaded. */
class Checking {
  readonly #platform: Platform;
  readonly #progress: Progress;
  readonly #table = commandTable();

  constructor(platform: Platform, progress: Progress) {
    this.#platform = platform;
    this.#progress = progress;
  }

  directory(place: DataPlace): boolean {
    const platform = this.#platform;
    const isSnapshotWhole = !place.hasDump || this.#snapshot(place.dumpPath);
    const isLogWhole = place.hasLog
      ? this.#log(place.log)
      : !place.hasSingle || this.file(place.log.singleFilePath);
    const flags = flagsOf(place);
    if (flags !== "") platform.print(`A server finds it with ${flags}\n`);
    return isSnapshotWhole && isLogWhole;
  }

  /** A file by itself: in RDB form, of a log, or both, one behind the other. */
  file(path: string): boolean {
    const platform = this.#platform;
    const found = checkRdb(platform, path, this.#progress);
    if (found !== undefined && (!found.isWhole || found.logFrom < 0)) return found.isWhole;
    if (found === undefined && !isLog(platform, path)) {
      platform.print(`${path}: refused\n  it is neither in RDB form nor a log of commands\n`);
      return false;
    }
    const checked = checkFile({ platform, onRead: this.#progress.read }, path);
    this.#progress.end();
    return this.#report(checked);
  }

  #snapshot(path: string): boolean {
    const found = checkRdb(this.#platform, path, this.#progress);
    if (found === undefined) {
      this.#platform.print(`${path}: refused\n  it is no RDB file\n`);
    }
    return found?.isWhole === true;
  }

  #log(place: LogPlace): boolean {
    const platform = this.#platform;
    const { files, warnings, isWhole } = checkLog({ platform, place, onRead: this.#progress.read });
    this.#progress.end();
    let isTaken = true;
    for (const checked of files) {
      const isBase = checked.type === "b" && checked.verdict !== "missing";
      const found = isBase ? checkRdb(platform, checked.path, this.#progress) : undefined;
      // What was said of the part in RDB form is all, where nothing is behind it.
      const isSaid = found !== undefined && (!found.isWhole || found.logFrom < 0);
      const isGood = isSaid ? found.isWhole : this.#report(checked);
      if (!isGood) isTaken = false;
    }
    for (const warning of warnings) platform.print(`${warning}\n`);
    return isWhole && isTaken;
  }

  #report(checked: FileCheck): boolean {
    const refused = refusedCommand(this.#platform, checked, this.#table);
    report(this.#platform, checked, refused);
    return checked.verdict === "ok" && refused === "";
  }
}

/** Whether a file may be one of a log: it is empty, or begins with a command or an annotation. */
function isLog(platform: Platform, path: string): boolean {
  if (path.endsWith(".rdb")) return false;
  const first = firstByte(platform, path);
  return first === undefined || first === "*" || first === "#";
}

/** The lock of the directory, or none where it may not be written. */
function lockFor(platform: Platform, directory: string): DirectoryLock | undefined {
  const lock = lockToRead(platform, directory);
  if (lock === undefined) {
    platform.printError(
      `${directory} cannot be written, so it is read without its lock: what a server writes ` +
        "meanwhile may look torn\n",
    );
  }
  return lock;
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
