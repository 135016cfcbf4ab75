// Bitwise operations on ranges of bytes of any lengths, a chunk at a time: what has been combined
// so far lies in an accumulator that the nearest cache holds, and the sources are read where they
// lie, four bytes at a time. Bytes behind the end of a source are zeros.
//
// The result may be put where a source lies: a chunk of all sources is read before that of the
// result is written.
//
// Several sources are copied, one after another, into the memory of a WebAssembly module
// (bit-module.ts), where the accumulator is then, and combined there, if there can be one: 10 MiB
// of so many sources (ms, Node 26 / Bun 1.4; redis-server 7.0.15 takes a part of its time for the
// memory of the result):
//
//   sources   here        by the module   redis-server
//   2         2.8 / 2.8   1.9 / 2.0       5.3
//   3         7.0 / 3.8   2.4 / 2.6       6.0
//   10         46 / 33     18 / 16        13.3

import { type BitModule, bitModule, CHUNK, fillRow, STEP } from "./bit-module.ts";

export { CHUNK } from "./bit-module.ts";

/** From so many sources on the module combines them. */
const MODULE_SOURCES_MIN = 2;

/** How a source is combined with the accumulator. */
export const Combine = { and: 0, or: 1, xor: 2, andNot: 3, one: 4 } as const;

/** What has been combined so far; only bytes[0, length) mean something. */
const words = new Int32Array(CHUNK / 4);
const bytes = new Uint8Array(words.buffer);
/** The module in whose memory the accumulator is, or null: it is in `words`. */
let module: BitModule | null = null;
/** Bits that have been met more than once: of `one`. */
const repeated = new Int32Array(CHUNK / 4);
/** The part of a source that does not lie at a word. */
const aside = new Int32Array(CHUNK / 4);
const asideBytes = new Uint8Array(aside.buffer);

/** So many sources are to be combined, by `one` or otherwise. */
export function begin(sources: number, byOne: boolean): void {
  module = sources >= MODULE_SOURCES_MIN && !byOne ? bitModule() : null;
}

/** The accumulator; its first bytes are what has been combined. */
export function result(): Uint8Array {
  return module === null ? bytes : module.bytes;
}

/** The accumulator holds `length` zeros. REQUIRES: begin() for `one`. */
export function clear(length: number): void {
  const end = (length + 3) >> 2;
  words.fill(0, 0, end);
  repeated.fill(0, 0, end);
}

/**
 * Combines source[start, end) with the first bytes of the accumulator, and zeros with the rest of
 * `length`. `sourceWords` are the same bytes as `source`. REQUIRES: end − start ≤ length ≤ CHUNK.
 */
export function combine(
  how: number,
  source: Uint8Array,
  sourceWords: Int32Array,
  start: number,
  end: number,
  length: number,
): void {
  if (module !== null) {
    combineInModule(module, how, source, start, end, length);
    return;
  }
  const all = (length + 3) >> 2;
  let whole = (end - start) >> 2;
  if ((start & 3) === 0) {
    combineWords(how, sourceWords, start >> 2, 0, whole);
  } else {
    asideBytes.set(source.subarray(start, start + whole * 4));
    combineWords(how, aside, 0, 0, whole);
  }
  const rest = start + whole * 4;
  if (rest < end) {
    let last = 0;
    for (let i = end - 1; i >= rest; i--) last = (last << 8) | source[i];
    aside[0] = last;
    combineWords(how, aside, 0, whole, whole + 1);
    whole++;
  }
  if (how === Combine.and) words.fill(0, whole, all);
}

/** As combine, where the accumulator is the module's. */
function combineInModule(
  { bytes: rows, combine: combining }: BitModule,
  how: number,
  source: Uint8Array,
  start: number,
  end: number,
  length: number,
): void {
  const size = end - start;
  fillRow(rows, CHUNK, source, start, end);
  const whole = Math.ceil(size / STEP) * STEP;
  if (whole > 0) combining[how](whole);
  if (how === Combine.and && whole < length) rows.fill(0, whole, length);
}

/** Combines words of the accumulator from `at` to `end` with those of a source from `from` on. */
function combineWords(
  how: number,
  source: Int32Array,
  from: number,
  at: number,
  end: number,
): void {
  if (how === Combine.and) and(source, from - at, at, end);
  else if (how === Combine.or) or(source, from - at, at, end);
  else if (how === Combine.xor) xor(source, from - at, at, end);
  else if (how === Combine.andNot) andNot(source, from - at, at, end);
  else one(source, from - at, at, end);
}

// Four words a turn: on Node a word takes 0.7 ns instead of 1.1.

function and(source: Int32Array, offset: number, at: number, end: number): void {
  let i = at;
  for (; i + 4 <= end; i += 4) {
    const from = i + offset;
    words[i] &= source[from];
    words[i + 1] &= source[from + 1];
    words[i + 2] &= source[from + 2];
    words[i + 3] &= source[from + 3];
  }
  for (; i < end; i++) words[i] &= source[i + offset];
}

function or(source: Int32Array, offset: number, at: number, end: number): void {
  let i = at;
  for (; i + 4 <= end; i += 4) {
    const from = i + offset;
    words[i] |= source[from];
    words[i + 1] |= source[from + 1];
    words[i + 2] |= source[from + 2];
    words[i + 3] |= source[from + 3];
  }
  for (; i < end; i++) words[i] |= source[i + offset];
}

function xor(source: Int32Array, offset: number, at: number, end: number): void {
  let i = at;
  for (; i + 4 <= end; i += 4) {
    const from = i + offset;
    words[i] ^= source[from];
    words[i + 1] ^= source[from + 1];
    words[i + 2] ^= source[from + 2];
    words[i + 3] ^= source[from + 3];
  }
  for (; i < end; i++) words[i] ^= source[i + offset];
}

function andNot(source: Int32Array, offset: number, at: number, end: number): void {
  let i = at;
  for (; i + 4 <= end; i += 4) {
    const from = i + offset;
    words[i] &= ~source[from];
    words[i + 1] &= ~source[from + 1];
    words[i + 2] &= ~source[from + 2];
    words[i + 3] &= ~source[from + 3];
  }
  for (; i < end; i++) words[i] &= ~source[i + offset];
}

function one(source: Int32Array, offset: number, at: number, end: number): void {
  for (let i = at; i < end; i++) {
    const word = source[i + offset];
    repeated[i] |= words[i] & word;
    words[i] |= word;
  }
}

/** Ends a combination by `one`: bits that were met more than once are zeros. */
export function clearRepeated(length: number): void {
  andNot(repeated, 0, 0, (length + 3) >> 2);
}

/** Every bit is the other one. */
export function invert(length: number): void {
  const end = (length + 3) >> 2;
  for (let i = 0; i < end; i++) words[i] = ~words[i];
}

/** The accumulator holds source[start, end) and zeros, `length` bytes in all. */
export function load(source: Uint8Array, start: number, end: number, length: number): void {
  const to = result();
  to.set(source.subarray(start, end));
  to.fill(0, end - start, Math.ceil(length / STEP) * STEP);
}
