// What can be said of a listpack's entries from their bytes alone, without reading any: for lists
// that come from outside and are to be taken as they are. REQUIRES, of all: checkListpack() has
// accepted the list, and its first entry is at `at`.

import { isCanonicalInteger64 } from "../base/integers.ts";
import { END_MARK, entryAfter, SHORT_MAX, STRING_32 } from "./packed-list.ts";

const NINE = 0x39;
const INTEGER_TEXT_MAX = 20;
const SHORT_STRING = 0x80;
const INTEGER_13 = 0xc0;
const STRING_12 = 0xe0;

/**
 * Whether no text of the list in bytes[at, end) of so many entries is longer than `most`. False as
 * well where only an integer's could be.
 */
export function areTextsWithin(
  most: number,
  bytes: Uint8Array,
  at: number,
  end: number,
  entries: number,
): boolean {
  // Each entry takes two bytes beside its string: all together are mostly short enough for one.
  if (most >= INTEGER_TEXT_MAX && end - 1 - at - 2 * entries <= most) return true;
  return textLengthMax(bytes, at) <= most;
}

/** No entry's text is longer than this, though all may be shorter. */
export function textLengthMax(bytes: Uint8Array, at: number): number {
  let longest = 0;
  let place = at;
  while (bytes[place] !== END_MARK) {
    const head = bytes[place];
    const after = entryAfter(bytes, place);
    const isShort = head >= SHORT_STRING && head < INTEGER_13;
    const isLong = head >= STRING_12 && head <= STRING_32;
    const length = isShort ? head & SHORT_MAX : isLong ? after - place : INTEGER_TEXT_MAX;
    if (length > longest) longest = length;
    place = after;
  }
  return longest;
}

/**
 * Whether every second entry, from the first on, differs from all others of these. False as well
 * where that cannot be told from the bytes: an entry may not be in the one form in which lists are
 * written, and then two different ones can be the same text.
 */
export function areFieldsDistinct(bytes: Uint8Array, at: number): boolean {
  if (areMarksDistinct(bytes, at)) return true;
  for (let field = at; bytes[field] !== END_MARK; ) {
    if (!isUsualForm(bytes, field)) return false;
    const after = entryAfter(bytes, field);
    const next = entryAfter(bytes, after);
    for (let other = next; bytes[other] !== END_MARK; ) {
      if (bytes[other] === bytes[field] && isSame(bytes, field, after, other)) return false;
      other = entryAfter(bytes, entryAfter(bytes, other));
    }
    field = next;
  }
  return true;
}

/**
 * The same, told from one of 64 marks that each field gets by its length and its ends: so in one
 * walk, and not of many fields.
 */
function areMarksDistinct(bytes: Uint8Array, at: number): boolean {
  let low = 0;
  let high = 0;
  for (let field = at; bytes[field] !== END_MARK; ) {
    if (!isUsualForm(bytes, field)) return false;
    const after = entryAfter(bytes, field);
    const ends = bytes[field] | (bytes[field + 1] << 8) | (bytes[after - 2] << 16);
    const mark = Math.imul(ends, 0x9e3779b1) >>> 26;
    const bit = 1 << (mark & 31);
    if (((mark < 32 ? low : high) & bit) !== 0) return false;
    if (mark < 32) low |= bit;
    else high |= bit;
    field = entryAfter(bytes, after);
  }
  return true;
}

function isSame(bytes: Uint8Array, start: number, end: number, other: number): boolean {
  for (let i = start + 1, j = other + 1; i < end; i++, j++) {
    if (bytes[i] !== bytes[j]) return false;
  }
  return true;
}

/** Whether an entry is in the one form of its text, of the forms that fields mostly have. */
function isUsualForm(bytes: Uint8Array, at: number): boolean {
  const head = bytes[at];
  if (head < SHORT_STRING) return true;
  if (head < INTEGER_13) {
    const length = head & SHORT_MAX;
    if (length > INTEGER_TEXT_MAX || length === 0 || bytes[at + 1] > NINE) return true;
    return !isCanonicalInteger64(bytes, at + 1, at + 1 + length);
  }
  // 13 bits with a sign: numbers from 0 to 127 have a shorter form.
  return head < STRING_12 && (head !== INTEGER_13 || bytes[at + 1] >= SHORT_STRING);
}
