// Where the files of a log are, and what lies there.

import { equalBytes } from "../../base/bytes.ts";
import type { Platform } from "../../platform/platform.ts";
import { SEAL_BYTES_MAX, sealInto } from "./seal.ts";

/** What an increment begins with: the seal of an empty batch. */
export const opening: Readonly<Uint8Array> = openingBytes();

function openingBytes(): Uint8Array {
  const bytes = new Uint8Array(SEAL_BYTES_MAX);
  return bytes.slice(0, sealInto(bytes, 0, 0, 0, 0, 0));
}

/** Where the log of a data directory lives. */
export class LogPlace {
  /** The directory of the log's files: `<dir>/appendonlydir`. */
  readonly directory: string;
  readonly directoryName: string;
  readonly fileName: string;
  /** The data directory, which held the log as one file before Redis 7. */
  readonly dataDirectory: string;

  constructor(dataDirectory: string, directoryName = "appendonlydir", fileName = "appendonly.aof") {
    this.dataDirectory = dataDirectory;
    this.directory = `${dataDirectory}/${directoryName}`;
    this.directoryName = directoryName;
    this.fileName = fileName;
  }

  /** The place under the same names in another data directory. */
  in(dataDirectory: string): LogPlace {
    return new LogPlace(dataDirectory, this.directoryName, this.fileName);
  }

  path(name: string): string {
    return `${this.directory}/${name}`;
  }

  get manifestPath(): string {
    return this.path(`${this.fileName}.manifest`);
  }

  /** A manifest that is being written. */
  get temporaryPath(): string {
    return this.path(`temp-${this.fileName}.manifest`);
  }

  /** The log as one file, as Redis before 7 kept it. */
  get singleFilePath(): string {
    return `${this.dataDirectory}/${this.fileName}`;
  }

  incrementName(sequence: number): string {
    return `${this.fileName}.${sequence}.incr.aof`;
  }

  baseName(sequence: number, extension: "rdb" | "aof"): string {
    return `${this.fileName}.${sequence}.base.${extension}`;
  }

  /** Where a file is written that will have its name when it is whole. */
  temporaryPathOf(name: string): string {
    return this.path(`temp-${name}`);
  }

  /** Names in the log's directory that are files of this log, without its manifest. */
  dataFiles(platform: Platform): string[] {
    if (!platform.exists(this.directory)) return [];
    const names = platform.list(this.directory);
    return names.filter((name) => {
      const rest = name.startsWith(`${this.fileName}.`) ? name.slice(this.fileName.length) : "";
      return /^\.[0-9]+\.(base|incr)\.(aof|rdb)$/.test(rest);
    });
  }

  /** Whether a file holds more than an increment's opening, or what a crash has left of one. */
  holdsData(platform: Platform, name: string): boolean {
    const found = this.#startOf(platform, name);
    if (found === undefined || found.length > opening.length) return found !== undefined;
    return found.some((byte, i) => byte !== 0 && byte !== opening[i]);
  }

  /** Whether a file is an increment that nothing was written to: an opening, and no more. */
  isUnwritten(platform: Platform, name: string): boolean {
    const found = this.#startOf(platform, name);
    return found !== undefined && equalBytes(found, 0, found.length, opening, 0, opening.length);
  }

  /** The first bytes of a file, one more than an opening has; undefined where there is none. */
  #startOf(platform: Platform, name: string): Uint8Array | undefined {
    const path = this.path(name);
    if (platform.kindOf(path) !== "file") return undefined;
    const found = new Uint8Array(opening.length + 1);
    const file = platform.open(path, "read");
    try {
      return found.subarray(0, platform.read(file, found, 0, found.length, 0));
    } finally {
      platform.close(file);
    }
  }
}
