// Loads data to look at, from wherever they are: a data directory, an RDB file, an append-only
// file. Nothing is mended, written or left behind; what is not whole is refused.

import { RdbInput } from "../codec/rdb-input.ts";
import type { Database } from "../database.ts";
import { assemble } from "../host/assembly.ts";
import type { Configuration } from "../host/configuration.ts";
import { LogError } from "../persistence/log/log-error.ts";
import { readerOf } from "../persistence/log/log-reader.ts";
import { replayFiles } from "../persistence/log/replay-files.ts";
import { loadRdb } from "../persistence/rdb/rdb-loader.ts";
import { isRdb } from "../persistence/rdb/rdb-walk.ts";
import { Replay } from "../persistence/replay.ts";
import {
  type DirectoryLock,
  DirectoryLocked,
  type File,
  type Platform,
  PlatformError,
} from "../platform/platform.ts";
import { type DataPlace, dataPlaceAt, type FileNames } from "./data-place.ts";
import type { Progress } from "./progress.ts";
import { ToolRefusal } from "./tools.ts";

/** A database in memory alone, governed by a configuration. */
export function inMemory(platform: Platform, configuration: Configuration): Database {
  return assemble(platform, configuration).database;
}

/** The lock of a directory that is to be read; none where it may not be written, or is none. */
export function lockToRead(platform: Platform, path: string): DirectoryLock | undefined {
  if (platform.kindOf(path) !== "directory") return undefined;
  try {
    return platform.lockDirectory(path);
  } catch (error) {
    const mayNotWrite =
      error instanceof PlatformError && ["EACCES", "EROFS", "EPERM"].includes(error.code);
    if (!mayNotWrite) throw error;
    return undefined;
  }
}

/** The lock of a directory that is to be changed. Throws ToolRefusal where that cannot be. */
export function lockToWrite(platform: Platform, directory: string): DirectoryLock {
  try {
    return platform.lockDirectory(directory);
  } catch (error) {
    if (error instanceof DirectoryLocked || !(error instanceof PlatformError)) throw error;
    throw new ToolRefusal(error.message);
  }
}

/** The first letter of a file; undefined where it is empty. */
export function firstByte(platform: Platform, path: string): string | undefined {
  const file = platform.open(path, "read");
  try {
    const bytes = new Uint8Array(1);
    return platform.read(file, bytes, 0, 1, 0) === 0 ? undefined : String.fromCharCode(bytes[0]);
  } finally {
    platform.close(file);
  }
}

/** What a path holds, in a database in memory. Throws RdbError, LogError or PlatformError. */
export function loadData(
  platform: Platform,
  path: string,
  names: FileNames,
  configuration: Configuration,
  progress: Progress,
): Database {
  const database = inMemory(platform, configuration);
  const loading = new Loading(platform, database, progress);
  if (platform.kindOf(path) === "file") loading.file(path);
  else loading.directory(dataPlaceAt(platform, path, names));
  return database;
}

class Loading {
  readonly #platform: Platform;
  readonly #database: Database;
  readonly #progress: Progress;

  constructor(platform: Platform, database: Database, progress: Progress) {
    this.#platform = platform;
    this.#database = database;
    this.#progress = progress;
  }

  /** The log, if there is one, else the snapshot: as a start would, but for what it mends. */
  directory({ log, hasLog, hasSingle, dumpPath }: DataPlace): void {
    const platform = this.#platform;
    if (hasLog) {
      this.#replay(log.directory, (replay) =>
        replayFiles(platform, log, {
          ...replay,
          loadRdb: this.#loadBase,
          onRead: this.#progress.read,
        }),
      );
    } else if (hasSingle) this.file(log.singleFilePath);
    else this.file(dumpPath);
  }

  /** An RDB file, or an append-only file, which may begin with one. */
  file(path: string): void {
    const platform = this.#platform;
    const file = platform.open(path, "read");
    try {
      // Of what a log begins with, no key is left out.
      const isSnapshot = isRdb(platform, file) || path.endsWith(".rdb");
      const end = isSnapshot ? this.#load(file, path, !path.endsWith(".rdb")) : 0;
      if (end < platform.size(file)) this.#replayFile(file, path);
    } finally {
      platform.close(file);
    }
  }

  #replayFile(file: File, path: string): void {
    const platform = this.#platform;
    this.#replay(path, ({ apply, foresight }) => {
      // What it begins with has been loaded.
      const end = () => this.#database.loaded?.end ?? 0;
      const reader = readerOf(platform, file, path, apply, undefined, foresight, end);
      reader.onRead = (offset) => this.#progress.read(path, offset);
      reader.run();
      if (reader.reason === "") return;
      const message = `${path}: ${reader.reason}, at offset ${reader.reasonOffset}`;
      throw new LogError("LOG_DAMAGED", path, reader.reasonOffset, message);
    });
  }

  #replay(source: string, work: (replay: Replay) => void): void {
    const { executor, clock } = this.#database;
    const replay = new Replay(executor, source, clock());
    work(replay);
    replay.end(clock());
  }

  readonly #loadBase = (file: File, path: string): number => this.#load(file, path, true);

  #load(file: File, path: string, keepsExpired: boolean): number {
    const { keyspace, clock } = this.#database;
    const loaded = loadRdb(RdbInput.ofFile(this.#platform, file, path), {
      keyspace,
      nowMs: clock(),
      keepsExpired,
      progress: (done) => this.#progress.read(path, done),
    });
    this.#database.loaded = loaded;
    return loaded.end;
  }
}
