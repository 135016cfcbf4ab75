// What the tools for a data directory have in common: how their words are read, and how they say
// what went wrong.
//
//   exit code   0  done, or nothing is wrong      also after --help
//               1  it cannot be done, or something is wrong
//               2  nothing was tried: a word is missing or unknown, a directory is in use

import { RdbError } from "../codec/rdb-error.ts";
import { DirectoryLocked, type Platform, PlatformError } from "../platform/platform.ts";
import { explain } from "./serve.ts";

/** What was asked for is not tried. */
export class ToolRefusal extends Error {
  override readonly name: string = "ToolRefusal";
}

/** The words make no sense to the tool, or, without a message, ask what would. */
export class UsageError extends ToolRefusal {
  override readonly name: string = "UsageError";
}

/** Another server has ended what was tried, by what it said. */
export class ServerFailure extends Error {
  override readonly name = "ServerFailure";
}

/** What a tool takes. */
export interface ToolUsage {
  /** Words without a name, all of which must be there. */
  readonly operands: number;
  /** Options that have a value; each may be left out. */
  readonly options: readonly string[];
  /** Options that have none. */
  readonly flags?: readonly string[];
}

export interface ToolWords {
  readonly operands: readonly string[];
  readonly options: ReadonlyMap<string, string>;
  readonly flags: ReadonlySet<string>;
}

/** Reads the words of a tool. Throws UsageError. */
export function readWords(args: readonly string[], usage: ToolUsage): ToolWords {
  refuseHelp(args);
  const operands: string[] = [];
  const options = new Map<string, string>();
  const flags = new Set<string>();
  for (let i = 0; i < args.length; i++) {
    const word = args[i];
    if (usage.flags?.includes(word)) flags.add(word);
    else if (usage.options.includes(word)) {
      if (options.has(word)) throw new UsageError(`${word} is there twice`);
      const value = args[++i] ?? "";
      // An empty one is a variable of a script that is not set.
      if (value === "" || value.startsWith("--")) throw new UsageError(`${word} has no value`);
      options.set(word, value);
    } else if (word.startsWith("-")) throw new UsageError(`the option ${word} is unknown`);
    else operands.push(word);
  }
  const [extra] = operands.slice(usage.operands);
  if (extra !== undefined) throw new UsageError(`"${extra}" is one word too many`);
  if (operands.length < usage.operands || operands.includes("")) {
    throw new UsageError(args.length === 0 ? "" : "a word is missing");
  }
  return { operands, options, flags };
}

/**
 * The one word without a name among directives as redis.conf has them, which stands first or last.
 * Throws UsageError.
 */
export function operandOf(args: readonly string[]): { operand: string; flags: string[] } {
  refuseHelp(args);
  const isFirst = args[0]?.startsWith("-") === false;
  const operand = isFirst ? args[0] : (args.at(-1) ?? "");
  const flags = isFirst ? args.slice(1) : args.slice(0, -1);
  if (operand === "" || operand.startsWith("-")) {
    throw new UsageError(args.length === 0 ? "" : "a word is missing");
  }
  // Others would name a configuration file.
  if (flags[0]?.startsWith("--") === false) {
    throw new UsageError(`"${flags[0]}" is one word too many`);
  }
  return { operand, flags };
}

/** Throws UsageError where help is asked for. */
function refuseHelp(args: readonly string[]): void {
  if (args.includes("--help") || args.includes("-h")) throw new HelpWanted();
}

class HelpWanted extends UsageError {}

/** Says why a tool ends before it is done; returns the exit code. */
export function fail(platform: Platform, error: unknown, usage: string): number {
  if (error instanceof HelpWanted) {
    platform.print(usage);
    return 0;
  }
  if (error instanceof UsageError) {
    if (error.message !== "") platform.printError(`tskeydb: ${error.message}\n`);
    platform.printError(usage);
    return 2;
  }
  platform.printError(`tskeydb: ${explainTool(error)}\n`);
  return error instanceof ToolRefusal || error instanceof DirectoryLocked ? 2 : 1;
}

/**
 * Throws unless a directory that is to be written is not there, or is empty: a tool that failed
 * midway leaves the empty directory of a log in it, at most.
 */
export function refuseOccupied(platform: Platform, directory: string): void {
  const kind = platform.kindOf(directory);
  const isEmpty = (path: string): boolean =>
    platform.kindOf(path) === "directory" && platform.list(path).length === 0;
  const isFree = (): boolean =>
    platform.list(directory).every((name) => isEmpty(`${directory}/${name}`));
  if (kind === "nothing" || (kind === "directory" && isFree())) return;
  const why = kind === "directory" ? "is not empty" : "is there, and is no directory";
  throw new ToolRefusal(`${directory} ${why}: name one that is not there yet`);
}

/** The name of a directory that was made is on the disk, too. */
export function syncParent(platform: Platform, directory: string): void {
  const path = directory.replace(/\/+$/, "");
  const slash = path.lastIndexOf("/");
  platform.syncDirectory(slash < 0 ? "." : path.slice(0, slash) || "/");
}

/** One line for the person at the keyboard. */
function explainTool(error: unknown): string {
  if (error instanceof DirectoryLocked) {
    return `${error.message}; stop it, or use a copy, which \`tskeydb backup\` makes`;
  }
  const isPlain = error instanceof PlatformError || error instanceof ServerFailure;
  if (isPlain || error instanceof RdbError) return error.message;
  return error instanceof ToolRefusal ? error.message : explain(error);
}
