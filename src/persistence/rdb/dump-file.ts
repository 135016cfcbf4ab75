// The snapshot file of a data directory (dump.rdb): loaded at the start where there is no log, and
// written anew by SAVE and whoever else saves. It is replaced as a whole, and only by one that is
// on the disk.

import { RdbError } from "../../codec/rdb-error.ts";
import { RdbInput } from "../../codec/rdb-input.ts";
import { RdbOutput } from "../../codec/rdb-output.ts";
import { Counter } from "../../keyspace/figures.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import { NewFile, temporaryPathOf } from "../../platform/new-file.ts";
import type { Platform } from "../../platform/platform.ts";
import { isPrintOf } from "../log/log-print.ts";
import { type Loaded, type LoadOptions, loadRdb } from "./rdb-loader.ts";
import { RdbReader } from "./rdb-reader.ts";
import { type FileNotes, FOLLOWS, RdbWriter, writeAll } from "./rdb-writer.ts";

/** How RDB files are written: rdbcompression, rdbchecksum. */
export interface WritingOptions {
  readonly compresses: boolean;
  readonly sums: boolean;
}

/** What tells the temporary file of a save in the background from that of SAVE. */
export const IN_BACKGROUND = "background-";

/** Unless something else is said. */
export const WRITING: WritingOptions = { compresses: true, sums: true };

/**
 * Writes a keyspace to a file, which takes the place of one at `path`; returns its bytes. `onWrite`
 * is told of them as they come.
 */
export function saveRdb(
  platform: Platform,
  path: string,
  keyspace: Keyspace,
  notes: FileNotes,
  options: WritingOptions,
  onWrite: (path: string, bytes: number) => void = () => {},
): number {
  const file = new NewFile(platform, path);
  try {
    const output = new RdbOutput((bytes, end) => {
      file.write(bytes, 0, end);
      onWrite(path, file.bytes);
    });
    output.compresses = options.compresses;
    output.sums = options.sums;
    writeAll(new RdbWriter(output, keyspace, notes), keyspace);
    file.finish();
    return file.bytes;
  } finally {
    file.abandon();
  }
}

/** Loads a file into a keyspace. Throws RdbError, or PlatformError. */
export function loadRdbFile(platform: Platform, path: string, options: LoadOptions): Loaded {
  const file = platform.open(path, "read");
  try {
    return loadRdb(RdbInput.ofFile(platform, file, path), options);
  } finally {
    platform.close(file);
  }
}

/** The prints of logs that a file says it comes after. */
export function printsIn(notes: ReadonlyMap<string, string>): readonly string[] {
  return notes.get(FOLLOWS)?.split(" ") ?? [];
}

/** The notes of a file that stand before its keys; none where it cannot be read so far. */
function notesOf(platform: Platform, path: string): ReadonlyMap<string, string> {
  const file = platform.open(path, "read");
  try {
    const reader = new RdbReader(RdbInput.ofFile(platform, file, path));
    if (reader.begin()) reader.next();
    return reader.notes;
  } catch (error) {
    if (error instanceof RdbError) return new Map();
    throw error;
  } finally {
    platform.close(file);
  }
}

export class DumpFile {
  /** Where it is: its directory is there when it is written. */
  readonly directory: string;
  name: string;
  writing: WritingOptions = WRITING;
  /** One that is saved in the background is synced as it grows, and not at its end alone. */
  syncsAsItGoes = true;
  /** When the data were last what the file holds, in milliseconds since 1970. */
  lastSaveMs: number;
  /** Saves that were asked for or due since the start, and begun: those that failed count too. */
  saves = 0;
  /** Counter.changes as of the last save. */
  changesSaved = 0;
  readonly #platform: Platform;
  readonly #keyspace: Keyspace;

  constructor(
    platform: Platform,
    keyspace: Keyspace,
    directory: string,
    name: string,
    startedMs: number,
  ) {
    this.directory = directory;
    this.name = name;
    this.lastSaveMs = startedMs;
    this.#platform = platform;
    this.#keyspace = keyspace;
  }

  get path(): string {
    return `${this.directory}/${this.name}`;
  }

  get exists(): boolean {
    return this.#platform.kindOf(this.path) === "file";
  }

  /** Whether it was saved after the log of this print had been switched off. */
  follows(print: string): boolean {
    const prints = printsIn(notesOf(this.#platform, this.path));
    return prints.some((each) => isPrintOf(each, print));
  }

  /** Removes what a save has begun that a crash has ended. REQUIRES: the directory is ours. */
  removeBegun(): void {
    for (const mark of ["", IN_BACKGROUND]) {
      try {
        this.#platform.remove(temporaryPathOf(this.path, mark));
      } catch {
        // Nobody reads it.
      }
    }
  }

  /** Loads it. Throws RdbError or PlatformError; what was loaded by then is to be thrown away. */
  load(options: Omit<LoadOptions, "keyspace">): Loaded {
    const keyspace = this.#keyspace;
    return loadRdbFile(this.#platform, this.path, { ...options, keyspace });
  }

  /** Saves all at once. Throws PlatformError; the file is as it was then. */
  save(notes: FileNotes): void {
    saveRdb(this.#platform, this.path, this.#keyspace, notes, this.writing);
    this.saved(notes.nowMs, this.#keyspace.total(Counter.changes));
  }

  /** The file holds the data as of a moment, when so many changes had been counted. */
  saved(atMs: number, changes: number): void {
    this.lastSaveMs = atMs;
    this.changesSaved = changes;
  }
}
