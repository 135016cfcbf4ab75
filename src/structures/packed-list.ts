// Packed list: a short sequence of strings and integers, back to back in one block of memory. It is
// Redis's listpack format to the byte, so that small lists, hashes, sets and sorted sets go to and
// come from RDB files as they lie in memory. Everything is little endian.
//
//   0  u32  total: bytes of the whole list, this header and the end mark included
//   4  u16  entries; 65535 means "too many to say, walk and count"
//   6  …    entries
//   total − 1   0xFF, the end mark
//
// An entry is its encoding and content ("length" below), then the back length: that same length
// again in groups of 7 bits, highest group first, bit 7 set on every byte but the first, so that it
// can be read from its right end.
//
//   0xxxxxxx                          integer 0 … 127
//   10xxxxxx  bytes                   string up to 63 bytes
//   110xxxxx xxxxxxxx                 13-bit signed integer, high bits first
//   1110xxxx xxxxxxxx  bytes          string up to 4095 bytes, high bits of its size first
//   F0  u32  bytes                    longer string
//   F1 i16   F2 i24   F3 i32   F4 i64 integers
//
// A string that is the canonical decimal text of a 64-bit integer is always stored as an integer,
// in the shortest form, so equal values have equal encodings (except in lists that others wrote).
//
// Terms: a list is the reference of its block, and every operation that may move the block returns
// the reference to use from then on. A cursor is the byte offset of an entry in the block; 0 is
// none. Cursors survive a move of the block, and a change behind them.
//
// Ranges: a range (bytes, start, end) given to an operation may lie anywhere, also in other blocks
// of the same memory, but not in the list that is changed: that one shifts and moves. `hold` copies
// a range aside. What `read` yields is valid until the list changes or the next `read`.
//
// Invariants: (1) total ≤ size of the block, (2) walking from 6 ends exactly at total − 1,
// (3) the count, when below 65535, is the number of entries walked, (4) each back length equals the
// length in front of it.
//
// Costs: both ends O(1) to find; append O(bytes) only when the block must move; prepend, insert,
// replace and remove move the bytes behind; seek walks from the nearer end.

import { assert } from "../base/assert.ts";
import { copyBytes } from "../base/bytes.ts";
import { torn } from "../base/torn-read.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";

/** Bytes before the first entry. */
export const PACKED_HEADER = 6;
/** Bytes of a list without entries. */
export const PACKED_EMPTY = 7;
/** The count that stands for "unknown". */
const PACKED_COUNT_UNKNOWN = 65535;
/** Types keep their lists well below what the 32-bit total could say, as Redis does. */
export const PACKED_BYTES_MAX = 1 << 30;

export const END_MARK = 0xff;
export const STRING_32 = 0xf0;
const INTEGER_16 = 0xf1;
const INTEGER_24 = 0xf2;
const INTEGER_32 = 0xf3;
const INTEGER_64 = 0xf4;
const TWO_32 = 4294967296;
/** Five groups of 7 bits: no back length has more. */
const BACK_LENGTH_END = 2 ** 35;
const HELD_MIN = 256;
const HELD_MAX = 65536;

export function readU32(u8: Uint8Array, at: number): number {
  return (u8[at] | (u8[at + 1] << 8) | (u8[at + 2] << 16) | (u8[at + 3] << 24)) >>> 0;
}

export function writeU32(u8: Uint8Array, at: number, value: number): void {
  u8[at] = value;
  u8[at + 1] = value >>> 8;
  u8[at + 2] = value >>> 16;
  u8[at + 3] = value >>> 24;
}

export function readU16(u8: Uint8Array, at: number): number {
  return u8[at] | (u8[at + 1] << 8);
}

export function writeU16(u8: Uint8Array, at: number, value: number): void {
  u8[at] = value;
  u8[at + 1] = value >>> 8;
}

/** Length of the entry that starts at `at`, without its back length; 0 when there is no entry. */
function entryLength(u8: Uint8Array, at: number): number {
  const head = u8[at];
  if (head < 0x80) return 1;
  if (head < 0xc0) return 1 + (head & 0x3f);
  if (head < 0xe0) return 2;
  if (head < STRING_32) return 2 + (((head & 0x0f) << 8) | u8[at + 1]);
  if (head === STRING_32) return 5 + readU32(u8, at + 1);
  if (head <= INTEGER_32) return head - INTEGER_16 + 3;
  return head === INTEGER_64 ? 9 : 0;
}

/** Bytes that the back length of an entry of this length takes (limits as Redis has them). */
export function backLengthSize(length: number): number {
  if (length <= 127) return 1;
  if (length < 16383) return 2;
  if (length < 2097151) return 3;
  return length < 268435455 ? 4 : 5;
}

/**
 * The place behind the entry at `at`: the next entry's, or the end mark's. Torn where no entry is,
 * so that a walk, which each entry brings forward, ends with its array.
 */
export function entryAfter(u8: Uint8Array, at: number): number {
  const head = u8[at];
  if (head < 0x80) return at + 2;
  if (head < 0xc0) return at + 2 + (head & 0x3f);
  const length = entryLength(u8, at);
  if (length === 0) torn();
  return at + length + backLengthSize(length);
}

/** A string of so many bytes has one byte before it, its length, and one behind it. */
export const SHORT_MAX = 63;

/** Makes something of a range, such as a string. */
export type MakeOfRange<T> = (bytes: Uint8Array, start: number, end: number) => T;

/**
 * The place of the entry that ends just before `at`. REQUIRES: there is one. Torn where the bytes
 * before are no back length, so that a walk backwards ends with its array.
 */
export function entryBefore(u8: Uint8Array, at: number): number {
  let place = at - 1;
  let byte = u8[place];
  if (byte < 0x80) return place - byte;
  let length = byte & 0x7f;
  let factor = 128;
  do {
    byte = u8[--place];
    length += (byte & 0x7f) * factor;
    factor *= 128;
  } while (byte >= 0x80 && factor < BACK_LENGTH_END);
  if (!(byte < 0x80 && place >= length)) torn();
  return place - length;
}

function writeBackLength(u8: Uint8Array, at: number, length: number): void {
  if (length <= 127) {
    u8[at] = length;
    return;
  }
  let rest = length;
  let place = at + backLengthSize(length) - 1;
  for (; place > at; place--) {
    u8[place] = (rest & 0x7f) | 0x80;
    rest = Math.floor(rest / 128);
  }
  u8[at] = rest;
}

/**
 * The number of entries of the listpack in bytes[start … end) when it is sound to the last byte,
 * else −1. For lists that come from outside: nothing is read beyond `end`.
 */
export function checkListpack(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < PACKED_EMPTY || readU32(bytes, start) !== end - start) return -1;
  if (bytes[end - 1] !== END_MARK) return -1;
  const last = end - 1;
  let at = start + PACKED_HEADER;
  let entries = 0;
  while (at < last) {
    const head = bytes[at];
    if (head < 0xc0) {
      // Small integers and short strings: a byte before, and one behind.
      const behind = head < 0x80 ? at + 1 : at + 1 + (head & 0x3f);
      if (behind >= last || bytes[behind] !== behind - at) return -1;
      at = behind + 1;
      entries++;
      continue;
    }
    // The length itself takes up to 5 bytes; the end mark stops the shorter ones from running over.
    if (bytes[at] === STRING_32 && at + 5 > last) return -1;
    const length = entryLength(bytes, at);
    if (length === 0) return -1;
    const size = backLengthSize(length);
    if (at + length + size > last) return -1;
    if (bytes[at + length] >= 0x80) return -1;
    let back = bytes[at + length];
    for (let i = at + length + 1; i < at + length + size; i++) {
      if (bytes[i] < 0x80) return -1;
      back = back * 128 + (bytes[i] & 0x7f);
    }
    if (back !== length) return -1;
    at += length + size;
    entries++;
  }
  const count = readU16(bytes, start + 4);
  return at === last && (count === PACKED_COUNT_UNKNOWN || count === entries) ? entries : -1;
}

/** All packed lists of one memory. The fields are scratch that the operations fill. */
export class PackedLists {
  readonly #memory: Memory;

  /** The byte range of what `read` read, `hold` held, or `whole` spans. */
  bytes: Uint8Array;
  start = 0;
  end = 0;
  /** Of `read` and `readInteger`: the entry is stored as an integer. */
  isInteger = false;
  /**
   * The halves of the integer that `readInteger` or `parseInteger` found: value = high × 2³² + low
   * (unsigned).
   */
  high = 0;
  low = 0;
  /** Cursor of the entry that the last append, prepend, insert or replace wrote. */
  cursor = 0;

  // What `measure` found out about the range that `put` writes next.
  #pendingInteger = false;
  #pendingHigh = 0;
  #pendingLow = 0;
  readonly #digits = new Uint8Array(24);
  #held = new Uint8Array(HELD_MIN);

  constructor(memory: Memory) {
    this.#memory = memory;
    this.bytes = this.#digits;
  }

  // ---- Whole lists ----

  /** A new empty list with room for `capacity` bytes. */
  create(capacity = PACKED_EMPTY): number {
    const list = this.#memory.allocate(Math.max(capacity, PACKED_EMPTY));
    const u8 = this.#memory.u8[list >>> PLACE_BITS];
    const base = (list & PLACE_MASK) << 3;
    writeU32(u8, base, PACKED_EMPTY);
    writeU16(u8, base + 4, 0);
    u8[base + PACKED_HEADER] = END_MARK;
    return list;
  }

  free(list: number): void {
    this.#memory.free(list);
  }

  /** Number of entries. */
  count(list: number): number {
    const u8 = this.#memory.u8[list >>> PLACE_BITS];
    const base = (list & PLACE_MASK) << 3;
    const count = readU16(u8, base + 4);
    return count === PACKED_COUNT_UNKNOWN ? this.#countByWalking(u8, base) : count;
  }

  /** Bytes of the list itself (its total; the block may be larger). */
  totalBytes(list: number): number {
    return readU32(this.#memory.u8[list >>> PLACE_BITS], (list & PLACE_MASK) << 3);
  }

  /** Sets `bytes`, `start`, `end` to the whole list as a listpack, to be written or copied. */
  whole(list: number): void {
    this.bytes = this.#memory.u8[list >>> PLACE_BITS];
    this.start = (list & PLACE_MASK) << 3;
    this.end = this.start + readU32(this.bytes, this.start);
  }

  /** A new list from a listpack's bytes. REQUIRES: `checkListpack` accepted them. */
  fromListpack(bytes: Uint8Array, start: number, end: number): number {
    const list = this.#memory.allocate(end - start);
    const u8 = this.#memory.u8[list >>> PLACE_BITS];
    copyBytes(bytes, start, end, u8, (list & PLACE_MASK) << 3);
    return list;
  }

  /** A second list with the same entries. */
  copy(list: number): number {
    const u8 = this.#memory.u8[list >>> PLACE_BITS];
    const base = (list & PLACE_MASK) << 3;
    return this.fromListpack(u8, base, base + readU32(u8, base));
  }

  /** Appends every entry of `other`, which stays as it is. Returns `list`, perhaps moved. */
  merge(list: number, other: number): number {
    const added = this.totalBytes(other) - PACKED_EMPTY;
    const count = this.count(list) + this.count(other);
    const end = this.totalBytes(list) - 1;
    const grown = this.#splice(list, end, 0, added);
    const from = this.#memory.u8[other >>> PLACE_BITS];
    const fromBase = ((other & PLACE_MASK) << 3) + PACKED_HEADER;
    const u8 = this.#memory.u8[grown >>> PLACE_BITS];
    const base = (grown & PLACE_MASK) << 3;
    copyBytes(from, fromBase, fromBase + added, u8, base + end);
    setCount(u8, base, count);
    return grown;
  }

  /**
   * Moves the entries from cursor `at` on to a new list, which is returned. `list` stays in place.
   */
  split(list: number, at: number): number {
    const u8 = this.#memory.u8[list >>> PLACE_BITS];
    const base = (list & PLACE_MASK) << 3;
    const total = readU32(u8, base);
    const all = this.count(list);
    const moved = total - 1 - at;
    const tail = this.create(PACKED_EMPTY + moved);
    const tailU8 = this.#memory.u8[tail >>> PLACE_BITS];
    const tailBase = (tail & PLACE_MASK) << 3;
    copyBytes(u8, base + at, base + total, tailU8, tailBase + PACKED_HEADER);
    writeU32(tailU8, tailBase, PACKED_EMPTY + moved);
    u8[base + at] = END_MARK;
    writeU32(u8, base, at + 1);
    const kept = this.#countByWalking(u8, base);
    setCount(u8, base, kept);
    setCount(tailU8, tailBase, all - kept);
    return tail;
  }

  /** Bytes of memory that the list's block takes. */
  memoryUsed(list: number): number {
    return this.#memory.sizeOf(list);
  }

  /** Asserts every invariant of the list. */
  verify(list: number): void {
    const u8 = this.#memory.u8[list >>> PLACE_BITS];
    const base = (list & PLACE_MASK) << 3;
    const total = readU32(u8, base);
    assert(total <= this.#memory.sizeOf(list), "a packed list fits its block");
    assert(checkListpack(u8, base, base + total) >= 0, "a packed list is a sound listpack");
  }

  // ---- Cursors ----

  first(list: number): number {
    const u8 = this.#memory.u8[list >>> PLACE_BITS];
    return u8[((list & PLACE_MASK) << 3) + PACKED_HEADER] === END_MARK ? 0 : PACKED_HEADER;
  }

  last(list: number): number {
    const u8 = this.#memory.u8[list >>> PLACE_BITS];
    const base = (list & PLACE_MASK) << 3;
    const total = readU32(u8, base);
    return total === PACKED_EMPTY ? 0 : entryBefore(u8, base + total - 1) - base;
  }

  /** The cursor behind `at`, or 0 at the end. */
  next(list: number, at: number): number {
    const u8 = this.#memory.u8[list >>> PLACE_BITS];
    const base = (list & PLACE_MASK) << 3;
    const place = entryAfter(u8, base + at);
    return u8[place] === END_MARK ? 0 : place - base;
  }

  /** The cursor before `at`, or 0 at the start. */
  previous(list: number, at: number): number {
    if (at === PACKED_HEADER) return 0;
    const base = (list & PLACE_MASK) << 3;
    return entryBefore(this.#memory.u8[list >>> PLACE_BITS], base + at) - base;
  }

  /** The cursor of the entry at `index` (from the end when negative), or 0 when there is none. */
  seek(list: number, index: number): number {
    const u8 = this.#memory.u8[list >>> PLACE_BITS];
    const base = (list & PLACE_MASK) << 3;
    const count = this.count(list);
    const target = index < 0 ? index + count : index;
    if (target < 0 || target >= count) return 0;
    if (target * 2 < count) {
      let at = base + PACKED_HEADER;
      for (let i = 0; i < target; i++) at = entryAfter(u8, at);
      return at - base;
    }
    let at = base + readU32(u8, base) - 1;
    for (let i = count; i > target; i--) at = entryBefore(u8, at);
    return at - base;
  }

  /**
   * The cursor of a random entry, chosen by a uniform `random32` (unsigned). REQUIRES: not empty.
   */
  random(list: number, random32: number): number {
    return this.seek(list, Math.floor(((random32 >>> 0) / TWO_32) * this.count(list)));
  }

  // ---- Reading ----

  /**
   * Reads the entry at cursor `at` into `bytes`, `start`, `end`; integers appear as their digits.
   */
  read(list: number, at: number): void {
    this.readAt(this.#memory.u8[list >>> PLACE_BITS], ((list & PLACE_MASK) << 3) + at);
  }

  /** Whether the entry at `at` is stored as an integer; if so `high` and `low` are its halves. */
  readInteger(list: number, at: number): boolean {
    return this.readIntegerAt(
      this.#memory.u8[list >>> PLACE_BITS],
      ((list & PLACE_MASK) << 3) + at,
    );
  }

  /** Bytes of the entry's text, without reading it. */
  textLength(list: number, at: number): number {
    return this.textLengthAt(this.#memory.u8[list >>> PLACE_BITS], ((list & PLACE_MASK) << 3) + at);
  }

  /** The integer that the halves `high` and `low` make, as a number (exact up to 2⁵³). */
  get number(): number {
    return this.high * TWO_32 + (this.low >>> 0);
  }

  /** Whether the entry at `at` is this string (or the integer that it spells). */
  equalsAt(list: number, at: number, bytes: Uint8Array, start: number, end: number): boolean {
    return this.equalsPlace(
      this.#memory.u8[list >>> PLACE_BITS],
      ((list & PLACE_MASK) << 3) + at,
      bytes,
      start,
      end,
    );
  }

  /**
   * The cursor of the first entry at or behind `from` that equals the range, or 0. After each
   * comparison `skip` entries are passed over: 1 looks only at the fields of field and value pairs.
   * `from` may be 0, for an empty list.
   */
  find(
    list: number,
    from: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    skip: number,
  ): number {
    if (from === 0) return 0;
    const u8 = this.#memory.u8[list >>> PLACE_BITS];
    const base = (list & PLACE_MASK) << 3;
    const size = end - start;
    const integer = size <= 20 && this.parseInteger(bytes, start, end);
    const high = this.high;
    const low = this.low;
    const short = size < 64 ? 0x80 | size : -1;
    let at = base + from;
    for (;;) {
      const head = u8[at];
      if (head === short) {
        let i = 0;
        while (i < size && u8[at + 1 + i] === bytes[start + i]) i++;
        if (i === size) return at - base;
      } else if (head >= 0xe0 && head <= STRING_32) {
        if (this.equalsPlace(u8, at, bytes, start, end)) return at - base;
      } else if (integer && (head < 0x80 || head >= 0xc0)) {
        if (head === END_MARK) return 0;
        this.readIntegerAt(u8, at);
        if (this.low === low && this.high === high) return at - base;
      } else if (head === END_MARK) return 0;
      at = entryAfter(u8, at);
      for (let i = skip; i > 0 && u8[at] !== END_MARK; i--) at = entryAfter(u8, at);
    }
  }

  // ---- Changing ----

  append(list: number, bytes: Uint8Array, start: number, end: number): number {
    const length = this.measure(bytes, start, end);
    return this.#insertMeasured(list, this.totalBytes(list) - 1, length, bytes, start);
  }

  prepend(list: number, bytes: Uint8Array, start: number, end: number): number {
    const length = this.measure(bytes, start, end);
    return this.#insertMeasured(list, PACKED_HEADER, length, bytes, start);
  }

  /** Inserts before the entry at `at`. */
  insertBefore(list: number, at: number, bytes: Uint8Array, start: number, end: number): number {
    const length = this.measure(bytes, start, end);
    return this.#insertMeasured(list, at, length, bytes, start);
  }

  /** Inserts behind the entry at `at`. */
  insertAfter(list: number, at: number, bytes: Uint8Array, start: number, end: number): number {
    const base = (list & PLACE_MASK) << 3;
    const behind = entryAfter(this.#memory.u8[list >>> PLACE_BITS], base + at) - base;
    const length = this.measure(bytes, start, end);
    return this.#insertMeasured(list, behind, length, bytes, start);
  }

  /** Puts the range where the entry at `at` is. */
  replace(list: number, at: number, bytes: Uint8Array, start: number, end: number): number {
    const length = this.measure(bytes, start, end);
    return this.#replaceMeasured(list, at, length, bytes, start);
  }

  /** Appends a safe integer. */
  appendInteger(list: number, value: number): number {
    const length = this.measureInteger(value);
    return this.#insertMeasured(list, this.totalBytes(list) - 1, length, this.#digits, 0);
  }

  /** Puts a safe integer where the entry at `at` is. */
  replaceInteger(list: number, at: number, value: number): number {
    return this.#replaceMeasured(list, at, this.measureInteger(value), this.#digits, 0);
  }

  /** Removes the entry at `at`. The entry behind it, if there is one, then stands at `at`. */
  remove(list: number, at: number): number {
    return this.removeRange(list, at, 1);
  }

  /** Removes up to `entries` entries from `at` on. What was behind them then stands at `at`. */
  removeRange(list: number, at: number, entries: number): number {
    const u8 = this.#memory.u8[list >>> PLACE_BITS];
    const base = (list & PLACE_MASK) << 3;
    const count = readU16(u8, base + 4);
    let place = base + at;
    let removed = 0;
    for (; removed < entries && u8[place] !== END_MARK; removed++) place = entryAfter(u8, place);
    const shrunk = this.#splice(list, at, place - base - at, 0);
    const after = this.#memory.u8[shrunk >>> PLACE_BITS];
    const afterBase = (shrunk & PLACE_MASK) << 3;
    if (count !== PACKED_COUNT_UNKNOWN) setCount(after, afterBase, count - removed);
    else setCount(after, afterBase, this.#countByWalking(after, afterBase));
    return shrunk;
  }

  /** Copies a range to a buffer of our own and sets `bytes`, `start`, `end` to the copy. */
  hold(bytes: Uint8Array, start: number, end: number): void {
    const size = end - start;
    // A buffer that one huge value made is given up at the next small one.
    if (size > this.#held.length || this.#held.length > HELD_MAX)
      this.#held = new Uint8Array(Math.max(size, HELD_MIN));
    copyBytes(bytes, start, end, this.#held, 0);
    this.bytes = this.#held;
    this.start = 0;
    this.end = size;
  }

  // ---- Entries at a place in a byte array: what the chunked list is built from ----

  /**
   * Length of the entry that this range makes, without its back length.
   * Remembers what it is for the `put` that must follow.
   */
  measure(bytes: Uint8Array, start: number, end: number): number {
    const size = end - start;
    if (size <= 20 && bytes[start] <= 0x39 && this.parseInteger(bytes, start, end)) {
      this.#pendingHigh = this.high;
      this.#pendingLow = this.low;
      this.#pendingInteger = true;
      return integerLength(this.high, this.low);
    }
    this.#pendingInteger = false;
    return size < 64 ? size + 1 : size < 4096 ? size + 2 : size + 5;
  }

  /** `measure` for a safe integer; the range given to `put` is then not looked at. */
  measureInteger(value: number): number {
    this.#pendingHigh = Math.floor(value / TWO_32);
    this.#pendingLow = value | 0;
    if (value > 2147483647 || value < -2147483648)
      this.#pendingLow = (value - this.#pendingHigh * TWO_32) | 0;
    this.#pendingInteger = true;
    return integerLength(this.#pendingHigh, this.#pendingLow);
  }

  /** `measureInteger` for the integer with these halves. */
  measureHalves(high: number, low: number): number {
    this.#pendingHigh = high | 0;
    this.#pendingLow = low | 0;
    this.#pendingInteger = true;
    return integerLength(this.#pendingHigh, this.#pendingLow);
  }

  /**
   * Writes the measured entry of `length` and its back length at `at`.
   * REQUIRES: `measure`, `measureInteger` or `measureHalves` came just before, and there is room.
   */
  put(u8: Uint8Array, at: number, length: number, bytes: Uint8Array, start: number): void {
    if (this.#pendingInteger) putInteger(u8, at, length, this.#pendingHigh, this.#pendingLow);
    else if (length <= 64) {
      u8[at] = 0x80 | (length - 1);
      copyBytes(bytes, start, start + length - 1, u8, at + 1);
      u8[at + length] = length;
      return;
    } else {
      const size = length < 4098 ? length - 2 : length - 5;
      if (length < 4098) {
        u8[at] = 0xe0 | (size >>> 8);
        u8[at + 1] = size;
      } else {
        u8[at] = STRING_32;
        writeU32(u8, at + 1, size);
      }
      copyBytes(bytes, start, start + size, u8, at + length - size);
    }
    writeBackLength(u8, at + length, length);
  }

  /** `read` for an entry at a place in a byte array. */
  readAt(u8: Uint8Array, at: number): void {
    const head = u8[at];
    if (head >= 0x80 && head < 0xc0) {
      this.isInteger = false;
      this.bytes = u8;
      this.start = at + 1;
      this.end = at + 1 + (head & 0x3f);
      return;
    }
    if (head >= 0xe0 && head <= STRING_32) {
      this.isInteger = false;
      this.bytes = u8;
      this.start = at + (head === STRING_32 ? 5 : 2);
      this.end = at + entryLength(u8, at);
      if (this.end > u8.length) torn();
      return;
    }
    this.readIntegerAt(u8, at);
    this.bytes = this.#digits;
    this.end = 24;
    this.start = renderInteger(this.#digits, 24, this.high, this.low);
  }

  /**
   * Appends to `out` what `make` makes of each string of at most SHORT_MAX bytes, from `at` on,
   * until another kind of entry comes or there have been `max`. Returns the place behind them.
   */
  makeShort<T>(u8: Uint8Array, at: number, max: number, make: MakeOfRange<T>, out: T[]): number {
    let place = at;
    for (let left = max; left > 0 && (u8[place] & 0xc0) === 0x80; left--) {
      const end = place + 1 + (u8[place] & 0x3f);
      out.push(make(u8, place + 1, end));
      place = end + 1;
    }
    return place;
  }

  /** `readInteger` for an entry at a place in a byte array. */
  readIntegerAt(u8: Uint8Array, at: number): boolean {
    const head = u8[at];
    let low = 0;
    if (head < 0x80) low = head;
    else if (head < 0xc0 || (head >= 0xe0 && head <= STRING_32)) {
      this.isInteger = false;
      return false;
    } else if (head < 0xe0) low = ((((head & 0x1f) << 8) | u8[at + 1]) << 19) >> 19;
    else if (head === INTEGER_16) low = (readU16(u8, at + 1) << 16) >> 16;
    else if (head === INTEGER_24) low = ((readU16(u8, at + 1) | (u8[at + 3] << 16)) << 8) >> 8;
    else low = readU32(u8, at + 1) | 0;
    this.isInteger = true;
    this.low = low;
    this.high = head === INTEGER_64 ? readU32(u8, at + 5) | 0 : low >> 31;
    return true;
  }

  /** `textLength` for an entry at a place in a byte array. */
  textLengthAt(u8: Uint8Array, at: number): number {
    const head = u8[at];
    if (head >= 0x80 && head < 0xc0) return head & 0x3f;
    if (head >= 0xe0 && head < STRING_32) return entryLength(u8, at) - 2;
    if (head === STRING_32) return readU32(u8, at + 1);
    this.readIntegerAt(u8, at);
    return 24 - renderInteger(this.#digits, 24, this.high, this.low);
  }

  /** `equalsAt` for an entry at a place in a byte array. */
  equalsPlace(u8: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): boolean {
    const head = u8[at];
    const size = end - start;
    let from = at + 1;
    if (head >= 0x80 && head < 0xc0) {
      if ((head & 0x3f) !== size) return false;
    } else if (head >= 0xe0 && head < STRING_32) {
      if ((((head & 0x0f) << 8) | u8[at + 1]) !== size) return false;
      from = at + 2;
    } else if (head === STRING_32) {
      if (readU32(u8, at + 1) !== size) return false;
      from = at + 5;
    } else {
      if (size === 0 || size > 20 || bytes[start] > 0x39) return false;
      if (!this.parseInteger(bytes, start, end)) return false;
      const high = this.high;
      const low = this.low;
      this.readIntegerAt(u8, at);
      return this.high === high && this.low === low;
    }
    for (let i = 0; i < size; i++) if (u8[from + i] !== bytes[start + i]) return false;
    return true;
  }

  /**
   * Whether the range is the canonical decimal text of a 64-bit signed integer (no plus sign, no
   * leading zero, no "-0"). If so `high` and `low` are its halves.
   */
  parseInteger(bytes: Uint8Array, start: number, end: number): boolean {
    const negative = end > start && bytes[start] === 0x2d;
    const from = negative ? start + 1 : start;
    const size = end - from;
    if (size <= 0 || size > 19) return false;
    if (bytes[from] === 0x30) {
      this.high = 0;
      this.low = 0;
      return size === 1 && !negative;
    }
    // Digits before the last nine, and the last nine: both exact, and low enough to multiply.
    const cut = size > 9 ? end - 9 : from;
    let upper = 0;
    let lower = 0;
    for (let i = from; i < end; i++) {
      const digit = bytes[i] - 0x30;
      if (digit < 0 || digit > 9) return false;
      if (i < cut) upper = upper * 10 + digit;
      else lower = lower * 10 + digit;
    }
    if (upper === 0) {
      this.low = negative ? -lower : lower;
      this.high = negative ? -1 : 0;
      return true;
    }
    const upperHigh = Math.floor(upper / 65536) * 1e9;
    const rest = (upperHigh % 65536) * 65536 + (upper % 65536) * 1e9 + lower;
    let high = Math.floor(upperHigh / 65536) + Math.floor(rest / TWO_32);
    let low = rest % TWO_32;
    if (high > 0x7fffffff && !(negative && high === 0x80000000 && low === 0)) return false;
    if (negative) {
      high = low === 0 ? -high : ~high;
      low = -low;
    }
    this.high = high | 0;
    this.low = low | 0;
    return true;
  }

  // ---- Inside ----

  #insertMeasured(
    list: number,
    at: number,
    length: number,
    bytes: Uint8Array,
    start: number,
  ): number {
    const grown = this.#splice(list, at, 0, length + backLengthSize(length));
    const u8 = this.#memory.u8[grown >>> PLACE_BITS];
    const base = (grown & PLACE_MASK) << 3;
    this.put(u8, base + at, length, bytes, start);
    const count = readU16(u8, base + 4);
    if (count < PACKED_COUNT_UNKNOWN) writeU16(u8, base + 4, count + 1);
    this.cursor = at;
    return grown;
  }

  #replaceMeasured(
    list: number,
    at: number,
    length: number,
    bytes: Uint8Array,
    start: number,
  ): number {
    const base = (list & PLACE_MASK) << 3;
    const behind = entryAfter(this.#memory.u8[list >>> PLACE_BITS], base + at) - base;
    const sized = this.#splice(list, at, behind - at, length + backLengthSize(length));
    this.put(
      this.#memory.u8[sized >>> PLACE_BITS],
      ((sized & PLACE_MASK) << 3) + at,
      length,
      bytes,
      start,
    );
    this.cursor = at;
    return sized;
  }

  /** Turns `removed` bytes at offset `at` into `added` bytes of room, and sets the total. */
  #splice(list: number, at: number, removed: number, added: number): number {
    let u8 = this.#memory.u8[list >>> PLACE_BITS];
    let base = (list & PLACE_MASK) << 3;
    const total = readU32(u8, base);
    if (removed === added) return list;
    const after = total - removed + added;
    const size = this.#memory.sizeOf(list);
    let moved = list;
    if (after > size) {
      moved = this.#memory.reallocate(list, after, total);
      u8 = this.#memory.u8[moved >>> PLACE_BITS];
      base = (moved & PLACE_MASK) << 3;
    }
    if (at + removed === total - 1) u8[base + after - 1] = END_MARK;
    else u8.copyWithin(base + at + added, base + at + removed, base + total);
    writeU32(u8, base, after);
    // Give back what a shrunken list no longer needs, but not at every small step.
    if (after < total && after * 2 + 64 < size)
      moved = this.#memory.reallocate(moved, after, after);
    return moved;
  }

  #countByWalking(u8: Uint8Array, base: number): number {
    let count = 0;
    for (let at = base + PACKED_HEADER; u8[at] !== END_MARK; at = entryAfter(u8, at)) count++;
    return count;
  }
}

function setCount(u8: Uint8Array, base: number, count: number): void {
  writeU16(u8, base + 4, Math.min(count, PACKED_COUNT_UNKNOWN));
}

/** Length of the shortest entry that holds this integer. */
function integerLength(high: number, low: number): number {
  if (high !== low >> 31) return 9;
  if (low >= 0 && low <= 127) return 1;
  if (low >= -4096 && low <= 4095) return 2;
  if (low >= -32768 && low <= 32767) return 3;
  return low >= -8388608 && low <= 8388607 ? 4 : 5;
}

function putInteger(u8: Uint8Array, at: number, length: number, high: number, low: number): void {
  if (length === 1) u8[at] = low;
  else if (length === 2) {
    u8[at] = 0xc0 | ((low >> 8) & 0x1f);
    u8[at + 1] = low;
  } else {
    u8[at] = length === 9 ? INTEGER_64 : INTEGER_16 + length - 3;
    u8[at + 1] = low;
    u8[at + 2] = low >> 8;
    if (length > 3) u8[at + 3] = low >> 16;
    if (length > 4) u8[at + 4] = low >> 24;
    if (length > 5) writeU32(u8, at + 5, high);
  }
}

/** Writes the decimal text of high × 2³² + low so that it ends before `end`; returns its start. */
function renderInteger(to: Uint8Array, end: number, high: number, low: number): number {
  let at = end;
  const negative = high < 0;
  let upper = high >>> 0;
  let lower = low >>> 0;
  if (negative) {
    lower = -lower >>> 0;
    upper = (lower === 0 ? -upper : ~upper) >>> 0;
  }
  // While the upper half lasts, divide by 10⁶ in two steps; every intermediate is below 2⁵³.
  while (upper !== 0) {
    const upperRest = upper % 1000000;
    upper = Math.floor(upper / 1000000);
    const rest = upperRest * TWO_32 + lower;
    lower = Math.floor(rest / 1000000);
    let group = rest % 1000000;
    for (let i = 0; i < 6; i++) {
      to[--at] = 0x30 + (group % 10);
      group = Math.floor(group / 10);
    }
  }
  // The upper half may have gone while the rest is still above 2³¹: plain arithmetic carries it.
  do {
    const tens = Math.floor(lower / 10);
    to[--at] = 0x30 + (lower - tens * 10);
    lower = tens;
  } while (lower !== 0);
  while (to[at] === 0x30 && at < end - 1) at++;
  if (negative) to[--at] = 0x2d;
  return at;
}
