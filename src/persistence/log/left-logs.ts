// The logs that lie in the directory, that nobody writes, and that the data descend from: the one
// that was switched off, and what a try to begin another may have left of that. Snapshots that are
// saved meanwhile name them by their prints (log-print.ts).

import { type Platform, PlatformError } from "../../platform/platform.ts";
import { LogError } from "./log-error.ts";
import type { LogPlace } from "./log-place.ts";
import { isPrintOf, printOf } from "./log-print.ts";
import { filesOf, readManifest } from "./manifest.ts";
import { finishMoves } from "./recovery.ts";

/** Stands for one that could not be read, and for none. */
const UNKNOWN = "";
const NONE = "none";

export class LeftLogs {
  readonly #platform: Platform;
  readonly #place: LogPlace;
  readonly #prints: string[] = [];

  constructor(platform: Platform, place: LogPlace) {
    this.#platform = platform;
    this.#place = place;
  }

  /**
   * The log that lies in the directory is one, and on the disk if it `isSafe`. REQUIRES: nobody
   * writes it any more.
   */
  add(isSafe: boolean): void {
    this.#prints.push(this.#present(isSafe));
  }

  /** As add, if a snapshot that was loaded names it. */
  addIfNamed(prints: readonly string[]): void {
    const print = this.#present(true);
    if (prints.some((each) => isPrintOf(each, print))) this.#prints.push(print);
  }

  /** A log is written: there is none that is left. */
  clear(): void {
    this.#prints.length = 0;
  }

  /** Whether the log of this print is one; as long as one is not known, it may be that. */
  has(print: string): boolean {
    return this.#prints.some((each) => each === UNKNOWN || isPrintOf(each, print));
  }

  /** Their prints, as far as they are known: one that could not be read is read again. */
  get prints(): readonly string[] {
    const last = this.#prints.length - 1;
    if (this.#prints[last] === UNKNOWN) this.#prints[last] = this.#present(false);
    return this.#prints.filter((print) => print !== UNKNOWN && print !== NONE);
  }

  get areKnown(): boolean {
    return !this.#prints.includes(UNKNOWN);
  }

  /** What is there is on the disk then: a power cut shall not make another log of it. */
  #present(isSafe: boolean): string {
    const platform = this.#platform;
    const place = this.#place;
    try {
      const manifest = readManifest(platform, place);
      if (manifest === undefined) return NONE;
      finishMoves(platform, place, manifest);
      const last = filesOf(manifest).at(-1);
      if (last !== undefined) this.#sync(place.path(last.name));
      platform.syncDirectory(place.directory);
      return printOf(platform, place, manifest, isSafe);
    } catch (error) {
      if (error instanceof LogError) return NONE;
      if (error instanceof PlatformError) return UNKNOWN;
      throw error;
    }
  }

  #sync(path: string): void {
    const file = this.#platform.open(path, "update");
    const error = this.#platform.sync(file);
    this.#platform.close(file);
    if (error !== undefined) throw error;
  }
}
