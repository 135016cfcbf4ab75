// Integer set: a small set whose members are all 64-bit integers, sorted in one block.
//
// It is Redis's published intset to the byte, so that such a set goes to and from RDB files and
// DUMP/RESTORE as it lies in memory. All members have the width of the widest one ever added; a
// binary search finds a member, and adding or removing moves the tail of at most a few KiB.
//
//   OFFSET  SIZE           MEANING
//   0       u32            width of each member in bytes: 2, 4 or 8
//   4       u32            number of members
//   8       width × count  members, signed, little-endian, strictly ascending
//
// Valid: the width is 2, 4 or 8; the count is what the length leaves room for; members ascend
// strictly. A width greater than the members need is valid (members may have been removed).
//
// A member is held as two 32-bit halves, never as a BigInt: `low` and `high` of this object are the
// register in which parse, load and find hand a member on. The blocks are 8-aligned, so wide
// members are read through the Int32Array.
//
// Costs: has O(log n); add and remove O(log n) and one move of the tail; a wider member rewrites
// the block once. Nothing here allocates JavaScript objects.

import { assert } from "../base/assert.ts";
import { torn } from "../base/torn-read.ts";
import type { Memory } from "../memory/memory.ts";
import { PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";

/** Bytes before the first member. */
const INTEGER_SET_HEADER = 8;
/** Digits and sign of the longest 64-bit integer; rendered decimals end here in `text`. */
export const DECIMAL_END = 20;

const MINUS = 0x2d;
const ZERO = 0x30;
const BILLION = 1e9;
/** Beyond this a block that grows leaves an eighth of room, so that filling is not quadratic. */
const GROWS_WITH_ROOM_FROM = 4096;

/** Operations on integer sets of one memory. A set is named by the reference of its block. */
export class IntegerSets {
  /** The register: the integer last parsed or loaded. */
  low = 0;
  high = 0;
  /** Where `render` puts its digits: they end at DECIMAL_END. */
  readonly text = new Uint8Array(DECIMAL_END);
  readonly #memory: Memory;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** A new empty set. */
  create(): number {
    const set = this.#memory.allocate(INTEGER_SET_HEADER);
    const words = this.#memory.i32[set >>> PLACE_BITS];
    const at = (set & PLACE_MASK) << 1;
    words[at] = 2;
    words[at + 1] = 0;
    return set;
  }

  free(set: number): void {
    this.#memory.free(set);
  }

  count(set: number): number {
    return this.#memory.i32[set >>> PLACE_BITS][((set & PLACE_MASK) << 1) + 1];
  }

  /** Bytes of one member: 2, 4 or 8. */
  width(set: number): number {
    return this.#memory.i32[set >>> PLACE_BITS][(set & PLACE_MASK) << 1];
  }

  /** Length of the serialized form, which is the block's first bytes. */
  lengthBytes(set: number): number {
    return INTEGER_SET_HEADER + this.width(set) * this.count(set);
  }

  /**
   * Reads a decimal integer as Redis does for this encoding: no leading zeros, no plus sign, no
   * spaces, within 64 bits. True puts it into the register.
   */
  parse(bytes: Uint8Array, start: number, end: number): boolean {
    const size = end - start;
    if (size === 0 || size > 20) return false;
    let at = start;
    const negative = bytes[at] === MINUS;
    if (negative) at++;
    const digits = end - at;
    if (digits === 0 || digits > 19) return false;
    const first = bytes[at] - ZERO;
    if (first < 1 || first > 9) {
      if (first !== 0 || size !== 1) return false;
      this.low = 0;
      this.high = 0;
      return true;
    }
    if (digits > 9) return this.#parseLong(bytes, at, end, negative);
    let value = first;
    for (at++; at < end; at++) {
      const digit = bytes[at] - ZERO;
      if (digit < 0 || digit > 9) return false;
      value = value * 10 + digit;
    }
    if (negative) value = -value;
    this.low = value;
    this.high = value >> 31;
    return true;
  }

  #parseLong(bytes: Uint8Array, start: number, end: number, negative: boolean): boolean {
    const cut = end - 9;
    let upper = 0;
    let lower = 0;
    for (let at = start; at < cut; at++) {
      const digit = bytes[at] - ZERO;
      if (digit < 0 || digit > 9) return false;
      upper = upper * 10 + digit;
    }
    for (let at = cut; at < end; at++) {
      const digit = bytes[at] - ZERO;
      if (digit < 0 || digit > 9) return false;
      lower = lower * 10 + digit;
    }
    // 2^63 is 9223372036 854775808.
    if (upper > 9223372036) return false;
    if (upper === 9223372036 && lower > (negative ? 854775808 : 854775807)) return false;
    // upper × 10^9 + lower in two halves, sixteen bits at a time so that doubles stay exact.
    const parts = (upper % 65536) * BILLION + lower;
    const middle = Math.floor(upper / 65536) * BILLION + Math.floor(parts / 65536);
    const low = ((middle % 65536) << 16) | (parts % 65536) | 0;
    const high = Math.floor(middle / 65536) | 0;
    this.low = negative ? -low | 0 : low;
    this.high = negative ? (~high + (low === 0 ? 1 : 0)) | 0 : high;
    return true;
  }

  /** As count, for a walk over all members: torn where the set does not lie in its segment. */
  wholeCount(set: number): number {
    const words = this.#memory.i32[set >>> PLACE_BITS];
    const at = (set & PLACE_MASK) << 1;
    const width = words[at];
    const count = words[at + 1];
    const end = (at << 2) + INTEGER_SET_HEADER + count * width;
    if (!(width > 0 && count >= 0 && end <= words.length * 4)) torn();
    return count;
  }

  /**
   * Loads member `index` (0 ≤ index < count) into the register; a member that lies outside of the
   * segment is 0.
   */
  load(set: number, index: number): void {
    const words = this.#memory.i32[set >>> PLACE_BITS];
    const at = (set & PLACE_MASK) << 1;
    const width = words[at];
    if (width === 8) {
      this.low = words[at + 2 + index * 2] | 0;
      this.high = words[at + 3 + index * 2] | 0;
      return;
    }
    const value = width === 4 ? words[at + 2 + index] | 0 : half(words, at + 2, index);
    this.low = value;
    this.high = value >> 31;
  }

  /** Writes the register in decimal into `text`; returns the start, the end being DECIMAL_END. */
  render(): number {
    const low = this.low;
    const high = this.high;
    let at = DECIMAL_END;
    if (high === low >> 31) at = renderPart(this.text, at, low < 0 ? -low : low, 1);
    else at = this.#renderLong();
    if (high < 0) this.text[--at] = MINUS;
    return at;
  }

  #renderLong(): number {
    let low = this.low;
    let high = this.high;
    if (high < 0) {
      low = -low | 0;
      high = ~high + (low === 0 ? 1 : 0);
    }
    // Long division of the magnitude by 10^9, sixteen bits at a time.
    const top = high >>> 0;
    const middle = (top % BILLION) * 65536 + (low >>> 16);
    const bottom = (middle % BILLION) * 65536 + (low & 0xffff);
    const quotient =
      (Math.floor(top / BILLION) * 65536 + Math.floor(middle / BILLION)) * 65536 +
      Math.floor(bottom / BILLION);
    const at = renderPart(this.text, DECIMAL_END, bottom % BILLION, 9);
    return renderPart(this.text, at, quotient, 1);
  }

  /** Loads member `index` and renders it: the range is `text` from the result to DECIMAL_END. */
  at(set: number, index: number): number {
    this.load(set, index);
    return this.render();
  }

  /** Whether the integer in the register is a member. */
  has(set: number): boolean {
    return this.find(set) >= 0;
  }

  /** The index of the register's integer, or −1 − (the index where it would be inserted). */
  find(set: number): number {
    const words = this.#memory.i32[set >>> PLACE_BITS];
    const at = (set & PLACE_MASK) << 1;
    const width = words[at];
    const count = words[at + 1];
    const low = this.low;
    const high = this.high;
    if (widthOf(low, high) > width) return high < 0 ? -1 : -1 - count;
    if (width === 8) return findEights(words, at + 2, count, low, high);
    return width === 4 ? findFours(words, at + 2, count, low) : findTwos(words, at + 2, count, low);
  }

  /**
   * Adds the register's integer. Returns 0 when it was there, and otherwise the set's reference,
   * which may be a new one.
   */
  add(set: number): number {
    const found = this.find(set);
    if (found >= 0) return 0;
    const index = -1 - found;
    const low = this.low;
    const high = this.high;
    const width = this.width(set);
    const count = this.count(set);
    const needed = widthOf(low, high);
    if (needed > width) return this.#addWider(set, needed);
    const grown = this.#grow(set, INTEGER_SET_HEADER + (count + 1) * width, count * width);
    const segment = grown >>> PLACE_BITS;
    const start = ((grown & PLACE_MASK) << 3) + INTEGER_SET_HEADER;
    const bytes = this.#memory.u8[segment];
    const words = this.#memory.i32[segment];
    const place = start + index * width;
    if (index < count) bytes.copyWithin(place + width, place, start + count * width);
    if (width === 2) {
      bytes[place] = low;
      bytes[place + 1] = low >> 8;
    } else {
      words[place >> 2] = low;
      if (width === 8) words[(place >> 2) + 1] = high;
    }
    words[(start >> 2) - 1] = count + 1;
    return grown;
  }

  /** The newcomer is wider than all members, so it goes to one end and all others are widened. */
  #addWider(set: number, width: number): number {
    const low = this.low;
    const high = this.high;
    const count = this.count(set);
    const old = this.width(set);
    const grown = this.#grow(set, INTEGER_SET_HEADER + (count + 1) * width, count * old);
    const words = this.#memory.i32[grown >>> PLACE_BITS];
    const at = (grown & PLACE_MASK) << 1;
    const items = at + 2;
    const shift = high < 0 ? 1 : 0;
    for (let index = count - 1; index >= 0; index--) {
      const value = old === 2 ? half(words, items, index) : words[items + index];
      const to = index + shift;
      if (width === 4) {
        words[items + to] = value;
      } else {
        words[items + to * 2] = value;
        words[items + to * 2 + 1] = value >> 31;
      }
    }
    const place = items + (((high < 0 ? 0 : count) * width) >> 2);
    words[place] = low;
    if (width === 8) words[place + 1] = high;
    words[at] = width;
    words[at + 1] = count + 1;
    return grown;
  }

  /** Removes the register's integer. Returns 0 when it was not there, else the set's reference. */
  remove(set: number): number {
    const index = this.find(set);
    return index < 0 ? 0 : this.removeAt(set, index);
  }

  /** Removes member `index`; returns the set's reference, which may be a new one. */
  removeAt(set: number, index: number): number {
    const width = this.width(set);
    const count = this.count(set);
    assert(index >= 0 && index < count, "integer set: the index to remove is a member's");
    const segment = set >>> PLACE_BITS;
    const start = ((set & PLACE_MASK) << 3) + INTEGER_SET_HEADER;
    if (index < count - 1) {
      const from = start + (index + 1) * width;
      this.#memory.u8[segment].copyWithin(from - width, from, start + count * width);
    }
    this.#memory.i32[segment][(start >> 2) - 1] = count - 1;
    const used = INTEGER_SET_HEADER + (count - 1) * width;
    return this.#memory.reallocate(set, used, used);
  }

  /** Makes room for `needed` bytes in all, keeping the header and `used` bytes of members. */
  #grow(set: number, needed: number, used: number): number {
    if (needed <= this.#memory.sizeOf(set)) return set;
    const room = needed < GROWS_WITH_ROOM_FROM ? needed : needed + (needed >> 3);
    return this.#memory.reallocate(set, room, INTEGER_SET_HEADER + used);
  }

  /** A copy with a block of its own. */
  copy(set: number): number {
    const length = this.lengthBytes(set);
    const copy = this.#memory.allocate(length);
    const from = (set & PLACE_MASK) << 3;
    this.#fill(copy, this.#memory.u8[set >>> PLACE_BITS], from, length);
    return copy;
  }

  /** A set from its serialized form, or 0 when that is not valid. */
  fromBytes(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length < INTEGER_SET_HEADER) return 0;
    const set = this.#memory.allocate(length);
    this.#fill(set, bytes, start, length);
    const width = this.width(set);
    const count = this.count(set);
    const whole =
      (width === 2 || width === 4 || width === 8) &&
      count >= 0 &&
      INTEGER_SET_HEADER + width * count === length;
    if (whole && this.#ascends(set)) return set;
    this.#memory.free(set);
    return 0;
  }

  #fill(set: number, bytes: Uint8Array, start: number, length: number): void {
    const to = (set & PLACE_MASK) << 3;
    const target = this.#memory.u8[set >>> PLACE_BITS];
    for (let i = 0; i < length; i++) target[to + i] = bytes[start + i];
  }

  #ascends(set: number): boolean {
    const count = this.count(set);
    for (let index = 1; index < count; index++) {
      this.load(set, index - 1);
      const low = this.low;
      const high = this.high;
      this.load(set, index);
      if (high > this.high) return false;
      if (high === this.high && low >>> 0 >= this.low >>> 0) return false;
    }
    return true;
  }

  /** Stops when the set breaks an invariant. */
  verify(set: number): void {
    const width = this.width(set);
    assert(width === 2 || width === 4 || width === 8, "integer set: the width is 2, 4 or 8");
    assert(this.count(set) >= 0, "integer set: the count is not negative");
    assert(this.lengthBytes(set) <= this.#memory.sizeOf(set), "integer set: it fits its block");
    assert(this.#ascends(set), "integer set: members ascend strictly");
  }
}

/** Member `index` of a set of width 2 whose members begin at word `items`. */
function half(words: Int32Array, items: number, index: number): number {
  return (words[items + (index >> 1)] << (16 - ((index & 1) << 4))) >> 16;
}

/** The width that the integer (low, high) needs. */
function widthOf(low: number, high: number): number {
  if (high !== low >> 31) return 8;
  return (low << 16) >> 16 === low ? 2 : 4;
}

/** Writes a non-negative integer so that it ends at `end`, in at least `digits` digits. */
function renderPart(text: Uint8Array, end: number, value: number, digits: number): number {
  let at = end;
  const atMost = end - digits;
  while (value !== 0 || at > atMost) {
    const next = Math.floor(value / 10);
    text[--at] = ZERO + (value - next * 10);
    value = next;
  }
  return at;
}

function findTwos(words: Int32Array, items: number, count: number, low: number): number {
  let from = 0;
  let to = count;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const value = half(words, items, middle);
    if (value === low) return middle;
    if (value < low) from = middle + 1;
    else to = middle;
  }
  return -1 - from;
}

function findFours(words: Int32Array, items: number, count: number, low: number): number {
  let from = 0;
  let to = count;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const value = words[items + middle];
    if (value === low) return middle;
    if (value < low) from = middle + 1;
    else to = middle;
  }
  return -1 - from;
}

function findEights(
  words: Int32Array,
  items: number,
  count: number,
  low: number,
  high: number,
): number {
  // Flipping the top bit makes a signed comparison of low halves an unsigned one.
  const flipped = low ^ 0x80000000;
  let from = 0;
  let to = count;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const valueHigh = words[items + middle * 2 + 1];
    const valueLow = words[items + middle * 2] ^ 0x80000000;
    if (valueHigh === high && valueLow === flipped) return middle;
    if (valueHigh < high || (valueHigh === high && valueLow < flipped)) from = middle + 1;
    else to = middle;
  }
  return -1 - from;
}
