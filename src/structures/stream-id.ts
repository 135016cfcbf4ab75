// IDs of streams' entries: milliseconds and a sequence number, 64 bits each, as "1526919030474-55".
// An ID is four unsigned words, high first, in an array of four: no number holds so much, and
// BigInts would be allocated. As a key in an ordered tree stand the milliseconds as a double, which
// are exact up to 2⁵³; beyond, several of them share a key.
//
// Texts are read as Redis reads them, by strtoull: white space and a sign may come first, and a
// negative number that is not spelled as one writes it wraps around ("5--03").

import { writeInteger } from "../base/integers.ts";

/** The words of an ID: milliseconds, then the sequence number. */
export const Id = { msHigh: 0, msLow: 1, seqHigh: 2, seqLow: 3, words: 4 } as const;
/** An ID takes at most so many bytes as text. */
export const ID_TEXT_MAX = 41;

const TWO_32 = 4294967296;
const WORD_MAX = 0xffffffff;
const TEXT_MAX = 127;
const EXACT_HIGH = 1 << 21; // with a smaller upper half a number is exact
const EXACT_DIGITS = 15;
const SHORT_END = 0x40000000;

export type StreamId = Uint32Array;

export function createId(): StreamId {
  return new Uint32Array(Id.words);
}

/** The least ID and the greatest. Not to be changed. */
export const LEAST_ID = createId();
export const GREATEST_ID = createId().fill(WORD_MAX);

/** Negative, 0 or positive: where `a` stands beside `b`. */
export function compareIds(a: StreamId, b: StreamId): number {
  for (let i = 0; i < Id.words; i++) if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
  return 0;
}

export function copyId(from: StreamId, to: StreamId): void {
  for (let i = 0; i < Id.words; i++) to[i] = from[i];
}

export function isLeast(id: StreamId): boolean {
  return (id[0] | id[1] | id[2] | id[3]) === 0;
}

/** The next greater ID; false, and no change, where there is none. */
export function incrementId(id: StreamId): boolean {
  let at = Id.words - 1;
  while (at >= 0 && id[at] === WORD_MAX) at--;
  if (at < 0) return false;
  id[at]++;
  for (let i = at + 1; i < Id.words; i++) id[i] = 0;
  return true;
}

/** The next smaller ID; false, and no change, where there is none. */
export function decrementId(id: StreamId): boolean {
  let at = Id.words - 1;
  while (at >= 0 && id[at] === 0) at--;
  if (at < 0) return false;
  id[at]--;
  for (let i = at + 1; i < Id.words; i++) id[i] = WORD_MAX;
  return true;
}

/** The milliseconds, rounded beyond 2⁵³. */
export function millisecondsOf(id: StreamId): number {
  return id[Id.msHigh] * TWO_32 + id[Id.msLow];
}

/** REQUIRES: a whole number from 0 to 2⁵³. */
export function setMilliseconds(id: StreamId, ms: number): void {
  id[Id.msHigh] = Math.floor(ms / TWO_32);
  id[Id.msLow] = ms % TWO_32;
}

export function setSequence(id: StreamId, high: number, low: number): void {
  id[Id.seqHigh] = high;
  id[Id.seqLow] = low;
}

/** What a text is, for whoever reads IDs. */
export const IdText = { invalid: 0, whole: 1, anySequence: 2 } as const;

/**
 * Reads "milliseconds-sequence" or "milliseconds" alone, where the sequence becomes `missing` in
 * both words; "milliseconds-*" is anySequence, and its sequence 0.
 */
export function parseId(
  bytes: Uint8Array,
  start: number,
  end: number,
  id: StreamId,
  missing: number,
): number {
  if (end - start > TEXT_MAX) return IdText.invalid;
  let stop = start;
  while (stop < end && bytes[stop] !== 0) stop++; // to Redis, a text ends there
  let dash = start;
  while (dash < stop && bytes[dash] !== 0x2d) dash++;
  if (!parseHalf(bytes, start, dash, id, Id.msHigh)) return IdText.invalid;
  if (dash === stop) {
    setSequence(id, missing, missing);
    return IdText.whole;
  }
  if (stop - dash === 2 && bytes[dash + 1] === 0x2a) {
    setSequence(id, 0, 0);
    return IdText.anySequence;
  }
  return parseHalf(bytes, dash + 1, stop, id, Id.seqHigh) ? IdText.whole : IdText.invalid;
}

/** Reads an unsigned number into two words of an ID; false where it is none, or too great. */
function parseHalf(
  bytes: Uint8Array,
  start: number,
  end: number,
  id: StreamId,
  at: number,
): boolean {
  let from = start;
  while (from < end && isSpace(bytes[from])) from++;
  const isNegative = bytes[from] === 0x2d && from < end;
  if (from < end && (isNegative || bytes[from] === 0x2b)) from++;
  if (from === end) return false;
  let high = 0;
  let low = 0;
  const short = Math.min(end, from + EXACT_DIGITS);
  let place = from;
  let value = 0;
  for (; place < short; place++) {
    const digit = bytes[place] - 0x30;
    if (!(digit >= 0 && digit <= 9)) return false;
    value = value * 10 + digit;
  }
  high = Math.floor(value / TWO_32);
  low = value % TWO_32;
  for (; place < end; place++) {
    const digit = bytes[place] - 0x30;
    if (!(digit >= 0 && digit <= 9)) return false;
    low = low * 10 + digit;
    high = high * 10 + Math.floor(low / TWO_32);
    low %= TWO_32;
    if (high > WORD_MAX) return false;
  }
  if (isNegative) {
    // As one writes a negative number, it is out of range; otherwise it wraps.
    const isCanonical = from === start + 1 && bytes[from] !== 0x30;
    if (isCanonical && (high < 0x80000000 || (high === 0x80000000 && low === 0))) return false;
    high = low === 0 ? -high : ~high;
    low = -low;
  }
  id[at] = high;
  id[at + 1] = low;
  return true;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 9 && byte <= 13);
}

// The milliseconds that were written last, with the dash: IDs that follow one another share them.
let writtenHigh = -1;
let writtenLow = -1;
let writtenEnd = 0;
const written = new Uint8Array(ID_TEXT_MAX);

/** Writes an ID as its text, of at most ID_TEXT_MAX bytes, and returns the end. */
export function writeId(bytes: Uint8Array, at: number, id: StreamId): number {
  if (id[Id.msLow] !== writtenLow || id[Id.msHigh] !== writtenHigh) {
    writtenHigh = id[Id.msHigh];
    writtenLow = id[Id.msLow];
    const dash = writeHalf(written, 0, writtenHigh, writtenLow);
    written[dash] = 0x2d;
    writtenEnd = dash + 1;
  }
  for (let i = 0; i < writtenEnd; i++) bytes[at + i] = written[i];
  return writeHalf(bytes, at + writtenEnd, id[Id.seqHigh], id[Id.seqLow]);
}

function writeHalf(bytes: Uint8Array, at: number, high: number, low: number): number {
  if (high === 0 && low < SHORT_END) return writeInteger(bytes, at, low);
  if (high < EXACT_HIGH) return writeInteger(bytes, at, high * TWO_32 + low);
  // The last six digits by themselves; every number here is below 2⁵³.
  const rest = (high % 1e6) * TWO_32 + low;
  const upper = Math.floor(high / 1e6) * TWO_32 + Math.floor(rest / 1e6);
  const end = writeInteger(bytes, at, upper) + 6;
  let digits = rest % 1e6;
  for (let i = end - 1; i >= end - 6; i--) {
    bytes[i] = 0x30 + (digits % 10);
    digits = Math.floor(digits / 10);
  }
  return end;
}
