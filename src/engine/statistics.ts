// What INFO says of commands and errors: how often each command was called, for how long, how often
// it was refused and how often it replied an error; and how many error replies began with each
// code. The figures lie in two blocks of the shared memory, so that every thread on it counts in
// the same place and sees what the others counted. Counting is an increment of a typed array.
//
// Block of commands, 32 bytes for each, in the order of CompiledCommand.index:
//   0 f64 calls   8 f64 microseconds   16 f64 rejected calls   24 f64 failed calls
//
// Block of errors, 32 bytes for each code, in the order in which they came first; the first whose
// text is empty ends them:
//   0  24 bytes of text, filled with zeros   24  f64 how many
//
// There are at most 128 codes, as in Redis: what comes after them is counted together, under
// OVERFLOW.

import { asciiBytes, copyBytes, equalBytes, latin1Text } from "../base/bytes.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import type { CompiledCommand } from "./command.ts";

/** Offsets of a command's row, in 64-bit floats. */
export const Figure = { calls: 0, microseconds: 1, rejected: 2, failed: 3 } as const;
export const FIGURES = 4;

const ERRORS_MAX = 128;
const ERROR_BYTES = 32;
const CODE_MAX = 24;
const OVERFLOW = asciiBytes("ERRORSTATS_OVERFLOW");

export class Statistics {
  /** Rows of commands: figure f of command i is cells[i × 4 + f]. */
  readonly cells: Float64Array;
  readonly #codes: Uint8Array;
  readonly #errors: Float64Array;

  /**
   * @param word the first of two words of the root area, for the references of the blocks
   * @param commands how many commands there are
   */
  constructor(memory: Memory, word: number, commands: number) {
    const rowsBytes = commands * FIGURES * 8;
    if (memory.rootWord(word) === 0) {
      memory.setRootWord(word, memory.reserve(rowsBytes));
      memory.setRootWord(word + 1, memory.reserve(ERRORS_MAX * ERROR_BYTES));
    }
    const [segment, at] = placeOf(memory.rootWord(word));
    this.cells = memory.f64[segment].subarray(at >> 3, (at + rowsBytes) >> 3);
    const [errorSegment, errorsAt] = placeOf(memory.rootWord(word + 1));
    const errorsEnd = errorsAt + ERRORS_MAX * ERROR_BYTES;
    this.#codes = memory.u8[errorSegment].subarray(errorsAt, errorsEnd);
    this.#errors = memory.f64[errorSegment].subarray(errorsAt >> 3, errorsEnd >> 3);
  }

  // Commands

  /** A figure (of Figure) of a command. */
  figure(command: CompiledCommand, figure: number): number {
    return this.cells[command.index * FIGURES + figure];
  }

  /** Counts one for a figure of a command. */
  count(command: CompiledCommand, figure: number): void {
    this.cells[command.index * FIGURES + figure]++;
  }

  /** A call was no call of its own: a request that waits was tried again. */
  uncountCall(command: CompiledCommand): void {
    this.cells[command.index * FIGURES + Figure.calls]--;
  }

  /** How many commands were called. */
  get commands(): number {
    const { cells } = this;
    let calls = 0;
    for (let at = Figure.calls; at < cells.length; at += FIGURES) calls += cells[at];
    return calls;
  }

  // Errors

  /** Counts an error whose code, the first word of its line, is bytes[start, end). */
  countError(bytes: Uint8Array, start: number, end: number): void {
    const length = Math.min(end - start, CODE_MAX);
    if (length === 0) return;
    for (let i = 0; i < ERRORS_MAX - 1; i++) {
      const at = i * ERROR_BYTES;
      const isFree = this.#codes[at] === 0;
      if (isFree) copyBytes(bytes, start, start + length, this.#codes, at);
      if (isFree || this.#isCode(i, bytes, start, length)) {
        this.#errors[(at + CODE_MAX) >> 3]++;
        return;
      }
    }
    const last = (ERRORS_MAX - 1) * ERROR_BYTES;
    this.#codes.set(OVERFLOW, last);
    this.#errors[(last + CODE_MAX) >> 3]++;
  }

  #isCode(i: number, bytes: Uint8Array, start: number, length: number): boolean {
    const at = i * ERROR_BYTES;
    if (length < CODE_MAX && this.#codes[at + length] !== 0) return false;
    return equalBytes(this.#codes, at, at + length, bytes, start, start + length);
  }

  /** The codes that error replies began with, and how many began so, in the order of the codes. */
  errors(): [code: string, count: number][] {
    const found: [string, number][] = [];
    for (let at = 0; at < this.#codes.length && this.#codes[at] !== 0; at += ERROR_BYTES) {
      let end = at;
      while (end < at + CODE_MAX && this.#codes[end] !== 0) end++;
      found.push([latin1Text(this.#codes, at, end), this.#errors[(at + CODE_MAX) >> 3]]);
    }
    return found.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** CONFIG RESETSTAT: nothing has been executed yet. */
  reset(): void {
    this.cells.fill(0);
    this.#codes.fill(0);
  }
}

/** Where a block lies: its segment, and its first byte there. */
function placeOf(block: number): [segment: number, at: number] {
  return [block >>> PLACE_BITS, (block & PLACE_MASK) << 3];
}
