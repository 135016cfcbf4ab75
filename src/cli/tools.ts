// What the tools for a data directory have in common: their options, and how they say what went
// wrong.

import { RdbError } from "../codec/rdb-error.ts";
import { DirectoryLocked, type Platform, PlatformError } from "../platform/platform.ts";
import { explain } from "./serve.ts";

/** What was asked for is not tried. */
export class ToolRefusal extends Error {
  override readonly name = "ToolRefusal";
}

/** An option with its value, and what else there is; undefined: it is missing, or its value is. */
export function takeOption(
  args: readonly string[],
  name: string,
): { value: string | undefined; rest: string[] } {
  const at = args.indexOf(name);
  if (at < 0) return { value: undefined, rest: [...args] };
  return { value: args[at + 1], rest: [...args.slice(0, at), ...args.slice(at + 2)] };
}

/** Throws unless a directory that is to be written is not there, or is empty. */
export function refuseOccupied(platform: Platform, directory: string): void {
  const kind = platform.kindOf(directory);
  if (kind === "nothing" || (kind === "directory" && platform.list(directory).length === 0)) return;
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
export function explainTool(error: unknown): string {
  if (error instanceof DirectoryLocked) {
    return `${error.message}; stop it, or take a copy without the files lock-*`;
  }
  if (error instanceof PlatformError || error instanceof RdbError) return error.message;
  return error instanceof ToolRefusal ? error.message : explain(error);
}
