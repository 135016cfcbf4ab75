// The arguments of one request: offsets into whatever buffer holds its bytes. One object is reused
// for every request, so that a request costs no allocation. Sockets, the embedded API, queued
// transactions and the log at start all fill the same form.

import { parseDouble, parseLongDouble } from "../base/doubles.ts";
import { parseIndex, parseInteger, parseInteger64 } from "../base/integers.ts";

/** Room for so many arguments, until there are more. */
const WORDS = 64;
const NO_BYTES = new Uint8Array(0);

/** A range of bytes: what a request's arguments are made of. Borrowed from `bytes`. */
export class Arguments {
  /** Where the arguments lie; argument i is bytes[starts[i], ends[i]). Argument 0 is the name. */
  bytes: Uint8Array = NO_BYTES;
  count = 0;
  starts: Int32Array;
  ends: Int32Array;

  /**
   * The whole request as a RESP array, bytes[rawStart, rawEnd), or rawStart −1 where the request
   * did not come as one (inline, embedded): then it is encoded anew when it must be.
   */
  rawStart = -1;
  rawEnd = -1;

  /** @param words how many there is room for, at least 1 */
  constructor(words: number = WORDS) {
    this.starts = new Int32Array(words);
    this.ends = new Int32Array(words);
  }

  /** Appends the range [start, end) as the next argument. */
  push(start: number, end: number): void {
    if (this.count === this.starts.length) this.#grow();
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.count++;
  }

  /** Length in bytes of argument i. */
  length(i: number): number {
    return this.ends[i] - this.starts[i];
  }

  /** Whether argument i is `word` (lower-case ASCII), in any case. */
  is(i: number, word: Uint8Array): boolean {
    const start = this.starts[i];
    if (this.ends[i] - start !== word.length) return false;
    for (let k = 0; k < word.length; k++) {
      const byte = this.bytes[start + k];
      if ((byte >= 65 && byte <= 90 ? byte | 32 : byte) !== word[k]) return false;
    }
    return true;
  }

  /** Argument i as an integer: exact when safe, ±Infinity for any other int64, else NaN. */
  integer(i: number): number {
    return parseInteger(this.bytes, this.starts[i], this.ends[i]);
  }

  /** As integer, for positions and counts: ±MAX_SAFE_INTEGER beyond the safe range. */
  index(i: number): number {
    return parseIndex(this.bytes, this.starts[i], this.ends[i]);
  }

  /** The int64 that argument i is, or undefined. Allocates: where integer() was ±Infinity. */
  integer64(i: number): bigint | undefined {
    return parseInteger64(this.bytes, this.starts[i], this.ends[i]);
  }

  /** Argument i as a floating-point number (base/doubles.ts), or NaN. */
  double(i: number): number {
    return parseDouble(this.bytes, this.starts[i], this.ends[i]);
  }

  /** As double, in the spellings that Redis reads with its longer type. */
  longDouble(i: number): number {
    return parseLongDouble(this.bytes, this.starts[i], this.ends[i]);
  }

  /** Argument i as text, each byte one character (for messages and rare paths). */
  text(i: number): string {
    let text = "";
    for (let at = this.starts[i]; at < this.ends[i]; at++) {
      text += String.fromCharCode(this.bytes[at]);
    }
    return text;
  }

  /** A copy of argument i. */
  copy(i: number): Uint8Array {
    return this.bytes.slice(this.starts[i], this.ends[i]);
  }

  /** Replaces the arguments by these texts or bytes, in a buffer of their own. */
  fill(parts: readonly (string | Uint8Array)[]): void {
    const encoded = parts.map((part) => (typeof part === "string" ? encoder.encode(part) : part));
    this.bytes = new Uint8Array(encoded.reduce((sum, part) => sum + part.length, 0));
    this.count = 0;
    this.rawStart = -1;
    let at = 0;
    for (const part of encoded) {
      this.bytes.set(part, at);
      this.push(at, at + part.length);
      at += part.length;
    }
  }

  /** Puts other bytes in the place of argument `i`; all then lie in a buffer of their own. */
  replace(i: number, bytes: Uint8Array): void {
    const parts: Uint8Array[] = [];
    for (let k = 0; k < this.count; k++) parts.push(k === i ? bytes : this.copy(k));
    this.fill(parts);
  }

  /** An independent copy, its bytes included (a queued command). */
  clone(): Arguments {
    const copy = new Arguments(this.count);
    const first = this.rawStart >= 0 ? this.rawStart : this.#lowest();
    const last = this.rawStart >= 0 ? this.rawEnd : this.#highest();
    copy.bytes = this.bytes.slice(first, last);
    copy.count = this.count;
    for (let i = 0; i < this.count; i++) {
      copy.starts[i] = this.starts[i] - first;
      copy.ends[i] = this.ends[i] - first;
    }
    if (this.rawStart >= 0) {
      copy.rawStart = 0;
      copy.rawEnd = last - first;
    }
    return copy;
  }

  /** Bytes of all arguments together. */
  get totalBytes(): number {
    let total = 0;
    for (let i = 0; i < this.count; i++) total += this.ends[i] - this.starts[i];
    return total;
  }

  #lowest(): number {
    let lowest = this.starts[0];
    for (let i = 1; i < this.count; i++) lowest = Math.min(lowest, this.starts[i]);
    return lowest;
  }

  #highest(): number {
    let highest = this.ends[0];
    for (let i = 1; i < this.count; i++) highest = Math.max(highest, this.ends[i]);
    return highest;
  }

  #grow(): void {
    const starts = new Int32Array(this.starts.length * 2);
    const ends = new Int32Array(this.ends.length * 2);
    starts.set(this.starts);
    ends.set(this.ends);
    this.starts = starts;
    this.ends = ends;
  }
}

const encoder = new TextEncoder();
