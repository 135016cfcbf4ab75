// A file that takes another's place as a whole, or not at all: it is written beside it under a
// temporary name, synced, renamed over it, and its directory is synced. So whenever the power
// goes, the old file is there or the new one; what a crash leaves is overwritten by the next, if
// nobody removes it before.

import { type File, type Platform, PlatformError } from "./platform.ts";

/** Under which name a file is written that is to be at `path`; `mark` tells who writes it. */
export function temporaryPathOf(path: string, mark = ""): string {
  const slash = path.lastIndexOf("/") + 1;
  const directory = slash === 0 ? "./" : path.slice(0, slash);
  return `${directory}temp-${mark}${path.slice(slash)}`;
}

export class NewFile {
  readonly path: string;
  readonly temporaryPath: string;
  readonly #platform: Platform;
  readonly #directory: string;
  readonly #file: File;
  #isOpen = true;
  #isPlaced = false;
  /** Bytes that were written. */
  bytes = 0;

  /** Throws PlatformError. REQUIRES: nobody else writes a new file for this path. */
  constructor(platform: Platform, path: string) {
    const slash = path.lastIndexOf("/");
    this.path = path;
    this.#directory = slash < 0 ? "." : slash === 0 ? "/" : path.slice(0, slash);
    this.temporaryPath = temporaryPathOf(path);
    this.#platform = platform;
    this.#file = platform.open(this.temporaryPath, "replace");
  }

  /** Throws PlatformError; abandon() is to follow then. */
  write(bytes: Uint8Array, start: number, end: number): void {
    this.#raise(this.#platform.writeAt(this.#file, bytes, start, end, this.bytes));
    this.bytes += end - start;
  }

  /** Puts it in its place. Throws PlatformError, and the old file is there then, or the new one. */
  finish(): void {
    this.#raise(this.#platform.sync(this.#file));
    this.#close();
    const old = this.#holdOld();
    try {
      this.#platform.rename(this.temporaryPath, this.path);
    } finally {
      if (old !== undefined) this.#platform.closeLater(old);
    }
    this.#isPlaced = true;
    this.#platform.syncDirectory(this.#directory);
  }

  /** The file whose place it takes, held open, since freeing it takes its time. */
  #holdOld(): File | undefined {
    if (this.#platform.kindOf(this.path) !== "file") return undefined;
    try {
      return this.#platform.open(this.path, "read");
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
      return undefined;
    }
  }

  /** Removes what was written, unless it is in its place. */
  abandon(): void {
    this.#close();
    if (!this.#isPlaced) this.#platform.remove(this.temporaryPath);
    this.#isPlaced = true;
  }

  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#platform.close(this.#file);
  }

  #raise(error: PlatformError | undefined): void {
    if (error !== undefined) throw error;
  }
}
