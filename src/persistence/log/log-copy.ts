// Copying a log, up to a place, while a server may be writing it.
//
// Files that others follow are closed: they get a second name in the copy (a hard link), or are
// copied where the system has none for them. The last one is read as a start reads it, and copied
// as far as it is whole: bytes before a seal that was seen do not change any more. The manifest is
// written last, so a copy that was interrupted is none.
//
// A server may cut its log and remove what it has rewritten meanwhile. A file that is gone before
// it was linked means that: then everything begins anew with the manifest that is there now. Where
// the manifest names the next file already, and nothing is written there yet, the one before it may
// still be the one that is written, and the copy ends with that.

import { type File, type Platform, PlatformError } from "../../platform/platform.ts";
import { copyInto } from "./cut.ts";
import { evidenceOfDamage } from "./damage.ts";
import { LogError } from "./log-error.ts";
import type { LogPlace } from "./log-place.ts";
import { type LogReader, readerOf } from "./log-reader.ts";
import { filesOf, type Manifest, manifestAt, writeManifest } from "./manifest.ts";
import { tailOf } from "./recovery.ts";

const TRIES = 20;
/** Damage that is seen in a file which is being written is looked at again, so often. */
const LOOKS = 5;

export type OnRead = (path: string, offset: number) => void;

export interface CopiedLog {
  readonly files: number;
  /** How many of them share their bytes with the log. */
  readonly linked: number;
  readonly bytes: number;
  /** What lay behind the last whole batch and was left out: bytes, and why. */
  readonly leftOut: number;
  readonly reason: string;
  /** When the last of it was executed, as its stamps say; 0: they do not. */
  readonly lastTime: number;
}

/** A place to end at: a file by its number in the manifest, and an offset in it. */
export interface LogEnd {
  readonly index: number;
  readonly offset: number;
}

/** Copies a log to a place where nothing is: to its last whole batch, or to where `endOf` says. */
export function copyLog(
  platform: Platform,
  from: LogPlace,
  to: LogPlace,
  onRead: OnRead,
  endOf?: (manifest: Manifest) => LogEnd,
): CopiedLog {
  for (let tries = 1; ; tries++) {
    // The manifest first: without it what else is there is no log.
    const made = [to.manifestPath];
    try {
      return new LogCopy(platform, from, to, onRead, made).run(endOf);
    } catch (error) {
      for (const path of made) platform.remove(path);
      if (tries === TRIES || !isRewritten(error)) throw error;
    }
  }
}

/** Whether it is what a server's own work on its log looks like from outside. */
function isRewritten(error: unknown): boolean {
  if (error instanceof PlatformError) return error.code === "ENOENT";
  return error instanceof LogError && error.code === "LOG_MISSING";
}

class LogCopy {
  readonly #platform: Platform;
  readonly #from: LogPlace;
  readonly #to: LogPlace;
  readonly #onRead: OnRead;
  readonly #made: string[];
  #linked = 0;
  #bytes = 0;

  constructor(platform: Platform, from: LogPlace, to: LogPlace, onRead: OnRead, made: string[]) {
    this.#platform = platform;
    this.#from = from;
    this.#to = to;
    this.#onRead = onRead;
    this.#made = made;
  }

  run(endOf: ((manifest: Manifest) => LogEnd) | undefined): CopiedLog {
    const platform = this.#platform;
    const manifest = manifestAt(platform, this.#from);
    const end = endOf?.(manifest);
    platform.makeDirectory(this.#to.directory);
    const all = filesOf(manifest);
    const last = all[end?.index ?? tailOf(platform, this.#from, all)];
    const files = all.slice(0, all.indexOf(last) + 1);
    for (const { name } of files.slice(0, -1)) this.#takeWhole(name);
    this.#made.push(this.#to.path(last.name));
    const { bytes, leftOut, reason, lastTime } = copyWhole(
      platform,
      this.#from.path(last.name),
      this.#to.path(last.name),
      this.#onRead,
      end?.offset,
    );
    this.#bytes += bytes;
    platform.syncDirectory(this.#to.directory);
    const increments = manifest.increments.filter((file) => files.includes(file));
    const base = manifest.base;
    writeManifest(platform, this.#to, { base, increments, history: [], begun: "" });
    platform.syncDirectory(this.#to.dataDirectory);
    const counts = { files: files.length, linked: this.#linked, bytes: this.#bytes };
    return { ...counts, leftOut, reason, lastTime };
  }

  /** A file that is written no more. */
  #takeWhole(name: string): void {
    const platform = this.#platform;
    const path = this.#from.path(name);
    const copy = this.#to.path(name);
    this.#made.push(copy);
    if (takeFile(platform, path, copy, this.#onRead)) this.#linked++;
    const file = platform.open(copy, "read");
    this.#bytes += platform.size(file);
    platform.close(file);
  }
}

/** Copies a file that may be being written: to its last whole batch, or to an offset. */
export function copyWhole(
  platform: Platform,
  path: string,
  copy: string,
  onRead: OnRead,
  offset?: number,
): Pick<CopiedLog, "bytes" | "leftOut" | "reason" | "lastTime"> {
  const file = platform.open(path, "read");
  try {
    const reader = offset === undefined ? wholePart(platform, file, path, onRead) : undefined;
    const bytes = offset ?? reader?.whole ?? 0;
    copyInto(platform, file, 0, bytes, copy, (at) => onRead(path, at));
    const reason = reader?.reason ?? "";
    const leftOut = reason === "" ? 0 : (reader?.size ?? bytes) - bytes;
    return { bytes, leftOut, reason, lastTime: reader?.lastTime ?? 0 };
  } finally {
    platform.close(file);
  }
}

/** Reads a file to its last whole batch; throws where what follows is damage. */
function wholePart(platform: Platform, file: File, path: string, onRead: OnRead): LogReader {
  for (let look = 1; ; look++) {
    const reader = readerOf(platform, file, path, null);
    reader.onRead = (offset) => onRead(path, offset);
    reader.run();
    if (reader.reason === "") return reader;
    const evidence = evidenceOfDamage(platform, file, path, reader);
    if (evidence === undefined) return reader;
    // A server that writes while it is read can look like that.
    if (look < LOOKS) continue;
    throw new LogError(
      "LOG_DAMAGED",
      path,
      reader.whole,
      `${path}: ${reader.reason}, at offset ${reader.reasonOffset}; ${evidence.what} at offset ` +
        `${evidence.offset}. Only what is whole can be copied: see \`tskeydb check\``,
    );
  }
}

/** Gives a file a second name, or copies it where that cannot be; returns whether it is linked. */
export function takeFile(platform: Platform, path: string, copy: string, onRead: OnRead): boolean {
  try {
    platform.link(path, copy);
    return true;
  } catch (error) {
    const isPossible = error instanceof PlatformError && !["ENOENT", "EEXIST"].includes(error.code);
    if (!isPossible) throw error;
  }
  const file = platform.open(path, "read");
  try {
    copyInto(platform, file, 0, platform.size(file), copy, (at) => onRead(path, at));
  } finally {
    platform.close(file);
  }
  return false;
}
