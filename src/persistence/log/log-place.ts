// Where the files of a log are, and what lies there.

import type { Platform } from "../../platform/platform.ts";
import { SEAL_BYTES_MAX, sealInto } from "./seal.ts";

/** Where the log of a data directory lives. */
export class LogPlace {
  /** The directory of the log's files: `<dir>/appendonlydir`. */
  readonly directory: string;
  readonly fileName: string;
  /** The data directory, which held the log as one file before Redis 7. */
  readonly dataDirectory: string;

  constructor(dataDirectory: string, directoryName = "appendonlydir", fileName = "appendonly.aof") {
    this.dataDirectory = dataDirectory;
    this.directory = `${dataDirectory}/${directoryName}`;
    this.fileName = fileName;
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
    const path = this.path(name);
    if (platform.kindOf(path) !== "file") return false;
    const opening = new Uint8Array(SEAL_BYTES_MAX);
    const length = sealInto(opening, 0, 0, 0, 0, 0);
    const file = platform.open(path, "read");
    try {
      const size = platform.size(file);
      if (size > length) return true;
      const found = new Uint8Array(size);
      platform.read(file, found, 0, size, 0);
      return found.some((byte, i) => byte !== 0 && byte !== opening[i]);
    } finally {
      platform.close(file);
    }
  }
}
