// A disk for tests of what may be cut short anywhere: it goes after so many operations.

import type { File, OpenMode, PlatformError } from "../../platform/platform.ts";
import { SimulatedPlatform } from "../../platform/simulated.ts";

/** A machine that loses its power, or a process that is killed, at the `left`-th operation. */
export class Doomed extends SimulatedPlatform {
  left = Number.POSITIVE_INFINITY;

  #step<T>(operation: () => T): T {
    if (--this.left < 0) throw new Error("gone");
    return operation();
  }

  override open(path: string, mode: OpenMode): File {
    return this.#step(() => super.open(path, mode));
  }
  override writeAt(
    file: File,
    bytes: Uint8Array,
    start: number,
    end: number,
    position: number,
  ): PlatformError | undefined {
    if (this.left === 0) super.writeAt(file, bytes, start, start + this.random(end), position);
    return this.#step(() => super.writeAt(file, bytes, start, end, position));
  }
  override sync(file: File): PlatformError | undefined {
    return this.#step(() => super.sync(file));
  }
  override rename(from: string, to: string): void {
    this.#step(() => super.rename(from, to));
  }
  override remove(path: string): void {
    this.#step(() => super.remove(path));
  }
  override link(from: string, to: string): void {
    this.#step(() => super.link(from, to));
  }
  override truncate(file: File, bytes: number): PlatformError | undefined {
    return this.#step(() => super.truncate(file, bytes));
  }
  override syncDirectory(directory: string): void {
    this.#step(() => super.syncDirectory(directory));
  }
}
