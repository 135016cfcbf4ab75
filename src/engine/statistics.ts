// What INFO says of commands and errors: how often each command was called, for how long, how often
// it was refused and how often it replied an error; and how many error replies began with each
// code. Each thread counts for itself (keyspace/figures.ts), and what is reported are the sums.
// Counting is an increment of a typed array.
//
// Cells of a thread: four for each command, in the order of CompiledCommand.index (calls,
// microseconds, rejected calls, failed calls), and then one for each code. The bytes behind them:
// the codes, 24 bytes each, filled with zeros, in the order in which they came first to this
// thread; the first that is empty ends them.
//
// There are at most 128 codes, as in Redis: what comes after them is counted together, under
// OVERFLOW.

import { asciiBytes, copyBytes, equalBytes, latin1Text } from "../base/bytes.ts";
import { Figures } from "../keyspace/figures.ts";
import { type Memory, PLACE_BITS } from "../memory/memory.ts";
import { RootWord } from "../memory/root-words.ts";
import type { CompiledCommand } from "./command.ts";

/** Offsets of a command's row, in 64-bit floats. */
export const Figure = { calls: 0, microseconds: 1, rejected: 2, failed: 3 } as const;
export const FIGURES = 4;

const ERRORS_MAX = 128;
const CODE_MAX = 24;
const OVERFLOW = asciiBytes("ERRORSTATS_OVERFLOW");
/** What counts an error without a code. */
const GENERIC = asciiBytes("ERR");
/** Bytes of a line in which a code ends. */
const LINE_LOOK = 32;
const SPACE = 32;

export class Statistics {
  /** What this thread has counted of commands: figure f of command i is cells[i × 4 + f]. */
  readonly cells: Float64Array;
  /** The cell in which the latest error was counted. */
  errorCell = -1;
  readonly #memory: Memory;
  readonly #figures: Figures;
  readonly #codes: Uint8Array;
  /** Where the cells of the errors begin. */
  readonly #errorsAt: number;

  /**
   * REQUIRES: nobody else changes anything meanwhile.
   * @param member the thread's number
   * @param commands how many commands there are
   */
  constructor(memory: Memory, member: number, commands: number) {
    const cells = commands * FIGURES;
    const codeBytes = ERRORS_MAX * CODE_MAX;
    this.#memory = memory;
    this.#errorsAt = cells;
    this.#figures = new Figures(memory, RootWord.statistics, member, cells + ERRORS_MAX, codeBytes);
    this.cells = this.#figures.cells;
    const at = this.#figures.bytesAt(this.#figures.own);
    this.#codes = memory.u8[this.#figures.own >>> PLACE_BITS].subarray(at, at + codeBytes);
  }

  /** This thread leaves. */
  leave(): void {
    this.#figures.leave();
  }

  // Commands

  /** A figure (of Figure) of a command, of all threads. */
  figure(command: CompiledCommand, figure: number): number {
    return this.#figures.total(command.index * FIGURES + figure);
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
    let calls = 0;
    for (let i = Figure.calls; i < this.#errorsAt; i += FIGURES) calls += this.#figures.total(i);
    return calls;
  }

  // Errors

  /**
   * Counts an error by its line, bytes[start, end), which begins with "-": by the word up to its
   * first space, or as ERR where the first 32 bytes have none.
   */
  countErrorLine(bytes: Uint8Array, start: number, end: number): void {
    const last = Math.min(end, start + LINE_LOOK);
    let space = start + 1;
    while (space < last && bytes[space] !== SPACE) space++;
    if (space < last) this.countError(bytes, start + 1, space);
    else this.countError(GENERIC, 0, GENERIC.length);
  }

  /** Counts an error whose code is bytes[start, end). */
  countError(bytes: Uint8Array, start: number, end: number): void {
    const length = Math.min(end - start, CODE_MAX);
    if (length === 0) return;
    for (let i = 0; i < ERRORS_MAX - 1; i++) {
      const at = i * CODE_MAX;
      const isFree = this.#codes[at] === 0;
      if (isFree) copyBytes(bytes, start, start + length, this.#codes, at);
      if (isFree || this.#isCode(at, bytes, start, length)) {
        this.#countErrorIn(this.#errorsAt + i);
        return;
      }
    }
    this.#codes.set(OVERFLOW, (ERRORS_MAX - 1) * CODE_MAX);
    this.#countErrorIn(this.#errorsAt + ERRORS_MAX - 1);
  }

  #countErrorIn(cell: number): void {
    this.cells[cell]++;
    this.errorCell = cell;
  }

  #isCode(at: number, bytes: Uint8Array, start: number, length: number): boolean {
    if (length < CODE_MAX && this.#codes[at + length] !== 0) return false;
    return equalBytes(this.#codes, at, at + length, bytes, start, start + length);
  }

  /** The codes that error replies began with, and how many began so, in the order of the codes. */
  errors(): [code: string, count: number][] {
    const found = new Map<string, number>();
    const figures = this.#figures;
    for (let block = figures.first; block !== 0; block = figures.next(block)) {
      const bytes = this.#memory.u8[block >>> PLACE_BITS];
      const codesAt = figures.bytesAt(block);
      for (let i = 0; i < ERRORS_MAX; i++) {
        const at = codesAt + i * CODE_MAX;
        if (bytes[at] === 0) continue;
        let end = at;
        while (end < at + CODE_MAX && bytes[end] !== 0) end++;
        const count = figures.cell(block, this.#errorsAt + i);
        const code = latin1Text(bytes, at, end);
        if (count > 0) found.set(code, (found.get(code) ?? 0) + count);
      }
    }
    return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** CONFIG RESETSTAT: nothing has been executed yet. */
  reset(): void {
    this.#figures.reset(0, this.cells.length);
    this.#codes.fill(0);
  }
}
