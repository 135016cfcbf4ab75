// The world of a simulation: the simulated platform, in which the process can be stopped in the
// middle of any operation of the disk, and a trace of all that happens.
//
// `crashIn` counts the operations of the disk down. The one that brings it to 0 is done in part (a
// write: some of its bytes; a sync: before or behind it) and then throws ProcessGone, as does each
// operation that follows: nothing the dead process does on its way out reaches anything. Whoever
// drives the world catches it and calls `restart`, which loses what a killed process, or a machine
// without power, loses.

import type { File, OpenMode, PlatformError } from "../../src/platform/platform.ts";
import { SimulatedPlatform } from "../../src/platform/simulated.ts";

/** The simulated process was stopped in the middle of what it was doing. */
export class ProcessGone extends Error {
  override readonly name = "ProcessGone";
}

/** The end of the process, if that is what was thrown, or what ended a write in its middle. */
export function goneBy(error: unknown): ProcessGone | undefined {
  if (error instanceof ProcessGone) return error;
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? undefined : goneBy(cause);
}

export type Death = "kill" | "power";

/** Random choices of a simulation, apart from those of the platform. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed | 0, 0x9e3779b1) ^ 0x2545f491;
  }

  /** A whole number from 0 to `below` − 1. */
  below(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  }

  /** True once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
}

/** A number of 53 bits that stands for a text. */
export function hashText(text: string, seed = 0): number {
  let high = 0xdeadbeef ^ seed;
  let low = 0x41c6ce57 ^ seed;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return 4294967296 * (2097151 & low) + (high >>> 0);
}

/** Lines kept for a failure's report. */
const TRACE_LINES = 4000;

export class World extends SimulatedPlatform {
  /** Operations of the disk until the process is gone. */
  crashIn = Number.POSITIVE_INFINITY;
  /** A sync that its caller waits for takes up to this long. */
  syncTakesMsMax = 0;
  /** Work takes up to this long between two looks at the clock. */
  workTakesMsMax = 0;
  /** Syncs that do nothing and say that they have: for a canary. */
  lyingSyncs = false;

  readonly lines: string[] = [];
  /** Changes with every line that was ever traced. */
  traceHash = 0;

  readonly #chance: Chance;
  #gone = false;

  /** `keepsOrder`: what was not synced reaches the disk in its order, if it does. */
  constructor(seed: number, chance: Chance, keepsOrder: boolean) {
    super(seed, {
      tornEnd: chance.oneIn(2) ? "zeros" : "cut",
      order: chance.oneIn(3) || keepsOrder ? "kept" : "any",
    });
    this.#chance = chance;
  }

  trace(line: string): void {
    const stamped = `${super.monotonicMs().toFixed(3)} ${line}`;
    this.traceHash = hashText(stamped, this.traceHash);
    this.lines.push(stamped);
    if (this.lines.length > 2 * TRACE_LINES) this.lines.splice(0, TRACE_LINES);
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** The process ends as it stands; a new one may begin. */
  restart(death: Death): void {
    this.trace(`the process is gone: ${death}`);
    this.#gone = false;
    this.crashIn = Number.POSITIVE_INFINITY;
    this.capacityBytes = Number.POSITIVE_INFINITY;
    // Both databases are opened at the same time, so that they hold the same keys.
    this.workTakesMsMax = 0;
    this.syncTakesMsMax = 0;
    if (death === "power") this.crash();
    else this.kill();
  }

  /** Does work for which the clock stands still. */
  atOnce<R>(work: () => R): R {
    const { workTakesMsMax } = this;
    this.workTakesMsMax = 0;
    try {
      return work();
    } finally {
      this.workTakesMsMax = workTakesMsMax;
    }
  }

  override monotonicMs(): number {
    if (this.workTakesMsMax > 0) this.pass(this.#chance.below(this.workTakesMsMax * 1000) / 1000);
    return super.monotonicMs();
  }

  /** Whether the process is to go in this operation. */
  #goes(): boolean {
    if (this.#gone) throw new ProcessGone();
    if (--this.crashIn > 0) return false;
    this.#gone = true;
    return true;
  }

  /** An operation that happens wholly or not at all. */
  #whole<T>(what: string, operation: () => T): T {
    if (!this.#goes()) return operation();
    const before = this.#chance.oneIn(2);
    this.trace(`… in the middle of ${what}, which ${before ? "has not happened" : "has"}`);
    if (!before) operation();
    throw new ProcessGone();
  }

  override open(path: string, mode: OpenMode): File {
    return mode === "read"
      ? super.open(path, mode)
      : this.#whole(`opening ${path}`, () => super.open(path, mode));
  }

  override close(file: File): void {
    if (!this.#gone) super.close(file);
  }

  override write(file: File, bytes: Uint8Array, start: number, end: number) {
    if (!this.#goes()) return super.write(file, bytes, start, end);
    super.write(file, bytes, start, start + this.#chance.below(end - start + 1));
    this.trace("… in the middle of a write");
    throw new ProcessGone();
  }

  override writeAt(
    file: File,
    bytes: Uint8Array,
    start: number,
    end: number,
    position: number,
  ): PlatformError | undefined {
    if (!this.#goes()) {
      const error = super.writeAt(file, bytes, start, end, position);
      this.trace(
        `write ${end - start} at ${position}${error === undefined ? "" : ` ${error.code}`}`,
      );
      return error;
    }
    const written = this.#chance.below(end - start + 1);
    super.writeAt(file, bytes, start, start + written, position);
    this.trace(`… in the middle of writing ${end - start} at ${position}: ${written}`);
    throw new ProcessGone();
  }

  override truncate(file: File, bytes: number): PlatformError | undefined {
    return this.#whole(`truncating to ${bytes}`, () => super.truncate(file, bytes));
  }

  override sync(file: File): PlatformError | undefined {
    return this.#whole("a sync", () => {
      if (this.syncTakesMsMax > 0) this.pass(this.#chance.below(this.syncTakesMsMax * 1000) / 1000);
      const error = this.lyingSyncs ? undefined : super.sync(file);
      this.trace(`sync${error === undefined ? "" : ` ${error.code}`}`);
      return error;
    });
  }

  override syncLater(file: File, done: (error: PlatformError | undefined) => void): void {
    this.#whole("beginning a sync", () => {
      if (this.lyingSyncs) this.setTimer(1, () => done(undefined));
      else super.syncLater(file, (error) => this.#synced(error, done));
    });
  }

  #synced(
    error: PlatformError | undefined,
    done: (error: PlatformError | undefined) => void,
  ): void {
    this.#whole("the end of a sync", () => {});
    this.trace(`synced in the background${error === undefined ? "" : `: ${error.code}`}`);
    done(error);
  }

  override rename(from: string, to: string): void {
    this.#whole(`renaming ${from}`, () => super.rename(from, to));
  }

  override remove(path: string): void {
    this.#whole(`removing ${path}`, () => super.remove(path));
  }

  override syncDirectory(directory: string): void {
    this.#whole(`syncing ${directory}`, () => super.syncDirectory(directory));
  }
}
