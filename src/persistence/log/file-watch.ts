// Watches the log's file while it is open. What is written to it would be gone with the process, or
// be of no use to the next start, if
//
// * its name no longer leads to it: it, or its directory, was removed, moved or replaced;
// * it was cut off (`: > file`) or overwritten: the next write makes it as long as before, but with
//   a hole in it. So the last bytes that are known to be in it are remembered from one look to the
//   next, and have to be there still.
//
// A look is four system calls, so one serves for a while; but as long as something is wrong, each
// call looks, and it is over when the same file with the same bytes is back.
//
// What the last look saw lies in the log's state: every thread that has the log open looks for all.

import { equalBytes } from "../../base/bytes.ts";
import { type File, type Platform, PlatformError } from "../../platform/platform.ts";
import type { LogPlace } from "./log-place.ts";
import { type LogState, SAMPLE_BYTES } from "./log-state.ts";

/** Where a log's file is; the same for all threads. */
export interface WatchedPlace {
  readonly path: string;
  /** Where the next start will look for the file, whatever the program does. */
  readonly resolved: string;
}

/** Where a log's increments are; it can be cloned. */
export interface Increments {
  /** The one that the log was opened with, whatever its name is. */
  readonly first: WatchedPlace;
  readonly firstSequence: number;
  /** What stands before the number in the paths of those after it. */
  readonly path: string;
  readonly resolved: string;
}

/** The increments of a log that is opened with the one at `path`. */
export function incrementsOf(
  platform: Platform,
  place: LogPlace,
  path: string,
  firstSequence: number,
): Increments {
  return {
    first: { path, resolved: platform.resolve(path) },
    firstSequence,
    path: `${place.directory}/${place.fileName}.`,
    resolved: `${platform.resolve(place.directory)}/${place.fileName}.`,
  };
}

/** Those of a log that rests: its directory, whose path is absolute, may not be there. */
export function incrementsAhead(place: LogPlace): Increments {
  const path = `${place.directory}/${place.fileName}.`;
  return { first: { path, resolved: path }, firstSequence: 0, path, resolved: path };
}

export function placeOf(increments: Increments, sequence: number): WatchedPlace {
  const { first, firstSequence, path, resolved } = increments;
  if (sequence === firstSequence) return first;
  const end = `${sequence}.incr.aof`;
  return { path: path + end, resolved: resolved + end };
}

const REMOVED = 1;
const CHANGED = 2;

export class FileWatch {
  readonly place: WatchedPlace;
  readonly #platform: Platform;
  readonly #file: File;
  readonly #state: LogState;
  // The bytes of the file from state.sampleStart on, as the last look saw them.
  readonly #sample: Uint8Array;
  readonly #scratch = new Uint8Array(SAMPLE_BYTES);

  constructor(platform: Platform, file: File, place: WatchedPlace, state: LogState) {
    this.#platform = platform;
    this.#file = file;
    this.place = place;
    this.#state = state;
    this.#sample = state.sample;
  }

  /** The file has its name: whether that leads to it can be seen from now on, if at all. */
  named(): void {
    this.#state.canLook = this.#platform.isAt(this.#file, this.place.resolved);
  }

  /** The first `settled` bytes of the file are there, and not written again. */
  begin(settled: number): void {
    this.#state.lookedMs = this.#platform.threadsMs();
    this.#remember(settled);
  }

  /** What is wrong, as far as is known; looks when that was not done for `pauseMs`. */
  check(pauseMs: number, settled: number): PlatformError | undefined {
    const state = this.#state;
    const sinceMs = Math.abs(this.#platform.threadsMs() - state.lookedMs);
    return sinceMs < pauseMs && state.found === 0 ? undefined : this.look(settled);
  }

  /** Looks what is wrong. `settled` never decreases. */
  look(settled: number): PlatformError | undefined {
    const state = this.#state;
    state.lookedMs = this.#platform.threadsMs();
    if (state.canLook && !this.#platform.isAt(this.#file, this.place.resolved)) {
      state.found = REMOVED;
      return this.#error("ENOENT", "removed or replaced");
    }
    if (!this.isAsItWas()) {
      state.found = CHANGED;
      return this.#error("EIO", "cut off or overwritten");
    }
    state.found = 0;
    this.#remember(settled);
    return undefined;
  }

  #error(code: string, what: string): PlatformError {
    const { path } = this.place;
    return new PlatformError(code, path, `${path}: it was ${what} while it was open`);
  }

  /** Whether the bytes that were last seen are there. */
  isAsItWas(): boolean {
    const { sampleStart, sampleBytes } = this.#state;
    const length = this.#read(this.#scratch, sampleStart, sampleBytes);
    if (length < 0) return true;
    return equalBytes(this.#scratch, 0, length, this.#sample, 0, sampleBytes);
  }

  #remember(settled: number): void {
    const start = Math.max(0, settled - SAMPLE_BYTES);
    const length = this.#read(this.#sample, start, settled - start);
    this.#state.sampleStart = start;
    this.#state.sampleBytes = Math.max(0, length);
  }

  /** Returns how many bytes are there, or −1 where the disk does not say. */
  #read(bytes: Uint8Array, position: number, length: number): number {
    try {
      return this.#platform.read(this.#file, bytes, 0, length, position);
    } catch {
      return -1;
    }
  }
}
