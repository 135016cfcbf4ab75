// Records: the one layout that keyspace entries, hash fields and set members share, so that one
// hash table serves them all. Header, key and short value lie in one block.
//
//   0  u8   kind (bits 0–4), DEADLINE (5), LONG_KEY (6), POINTER (7)
//   1  u24  access clock (keyspace entries; see keyspace/access-clock.ts)
//   4  u16  key length, 0 with LONG_KEY      6  u16  length of the inline value; bit 15: mark
//   8  [LONG_KEY: i32 key length, i32 0]
//      [DEADLINE: f64 milliseconds since 1970; of a sorted set's member, its score]
//      [POINTER: i32 reference, i32 length]
//      key bytes, then the inline value's bytes
//
// A value of more than VALUE_INLINE_MAX bytes lies in a block of its own behind POINTER, with its
// length beside; a collection's POINTER is the root of its structure, so that the record stays
// where it is while the collection changes. A 16-byte key with a 16-byte value takes 40 bytes.
//
// The mark says, while a snapshot is taken, whether that has dealt with the record; all records are
// made with the present mark (`mark`), and have it when no snapshot is taken.
//
// Invariants: (1) POINTER and an inline value exclude each other; (2) a record with POINTER owns
// what it points to; (3) the block is at least as long as the record.

import { assert } from "../base/assert.ts";
import { copyBytes } from "../base/bytes.ts";
import { torn } from "../base/torn-read.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";

export const KIND_MASK = 31;
export const DEADLINE = 32;
export const LONG_KEY = 64;
export const POINTER = 128;

/** The mark, in the record's second word. */
export const MARK: number = 1 << 31;

/** Length of an inline value, from the record's second word. */
export function inlineLength(lengths: number): number {
  return (lengths << 1) >>> 17;
}

/** Values up to this many bytes lie inline behind their key. */
const VALUE_INLINE_MAX = 8192;
const KEY_SHORT_MAX = 65535;

/** Stands for "no deadline" wherever a deadline in milliseconds is passed. */
export const NO_DEADLINE = -1;

/** Bytes before the key: 8 and 8 more for each of the three flags. */
export function headerBytes(word: number): number {
  return 8 + ((word >> 2) & 8) + ((word >> 3) & 8) + ((word >> 4) & 8);
}

/** Is asked before the block of a long string is freed. */
export interface BlockObserver {
  /** True: it is not freed now, but when the observer is done with it. */
  keepsBlock(block: number): boolean;
}

export class Records {
  readonly memory: Memory;
  observer: BlockObserver | null = null;
  /** The mark that records are made with: 0 or MARK. */
  mark = 0;

  /** The range that key() or value() last described: bytes[start, end). Borrowed. */
  bytes: Uint8Array;
  start = 0;
  end = 0;

  constructor(memory: Memory) {
    this.memory = memory;
    this.bytes = memory.u8[0];
  }

  /** A record with a string value. `deadline` is NO_DEADLINE or milliseconds since 1970. */
  create(
    kind: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    deadline: number,
    clock: number,
  ): number {
    const memory = this.memory;
    const keyLength = keyEnd - keyStart;
    const valueLength = valueEnd - valueStart;
    let word = kind;
    if (deadline !== NO_DEADLINE) word |= DEADLINE;
    if (keyLength > KEY_SHORT_MAX) word |= LONG_KEY;
    if (valueLength > VALUE_INLINE_MAX) {
      const block = memory.allocate(valueLength);
      copyIn(memory, block, 0, value, valueStart, valueEnd);
      return this.createPointer(word, key, keyStart, keyEnd, block, valueLength, deadline, clock);
    }
    const header = headerBytes(word);
    const ref = memory.allocate(header + keyLength + valueLength);
    const at = this.#writeHeader(ref, word, keyLength, valueLength, deadline, clock);
    const u8 = memory.u8[ref >>> PLACE_BITS];
    copyBytes(key, keyStart, keyEnd, u8, at + header);
    copyBytes(value, valueStart, valueEnd, u8, at + header + keyLength);
    return ref;
  }

  /** A record that points to a structure's root, or to a long value of `length` bytes. */
  createPointer(
    kind: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    target: number,
    length: number,
    deadline: number,
    clock: number,
  ): number {
    const keyLength = keyEnd - keyStart;
    let word = (kind & KIND_MASK) | POINTER;
    if (deadline !== NO_DEADLINE) word |= DEADLINE;
    if (keyLength > KEY_SHORT_MAX) word |= LONG_KEY;
    const header = headerBytes(word);
    const ref = this.memory.allocate(header + keyLength);
    const at = this.#writeHeader(ref, word, keyLength, 0, deadline, clock);
    const words = this.memory.i32[ref >>> PLACE_BITS];
    words[((at + header) >> 2) - 2] = target;
    words[((at + header) >> 2) - 1] = length;
    copyBytes(key, keyStart, keyEnd, this.memory.u8[ref >>> PLACE_BITS], at + header);
    return ref;
  }

  /** A sorted set's member. REQUIRES: `score` is not NaN. */
  createScored(member: Uint8Array, start: number, end: number, score: number): number {
    const length = end - start;
    const word = length > KEY_SHORT_MAX ? DEADLINE | LONG_KEY : DEADLINE;
    const header = headerBytes(word);
    const ref = this.memory.allocate(header + length);
    const at = this.#writeHeader(ref, word, length, 0, score, 0);
    copyBytes(member, start, end, this.memory.u8[ref >>> PLACE_BITS], at + header);
    return ref;
  }

  /** The score of a sorted set's member. */
  score(ref: number): number {
    const segment = ref >>> PLACE_BITS;
    const place = ref & PLACE_MASK;
    const longKey = (this.memory.i32[segment][place << 1] & LONG_KEY) === 0 ? 0 : 1;
    return this.memory.f64[segment][place + 1 + longKey];
  }

  setScore(ref: number, score: number): void {
    const segment = ref >>> PLACE_BITS;
    const place = ref & PLACE_MASK;
    const longKey = (this.memory.i32[segment][place << 1] & LONG_KEY) === 0 ? 0 : 1;
    this.memory.f64[segment][place + 1 + longKey] = score;
  }

  /** A record of the same key bytes[start, end) and string, with another deadline. */
  copyMember(ref: number, bytes: Uint8Array, start: number, end: number, deadline: number): number {
    this.value(ref);
    const { bytes: value, start: from, end: to } = this;
    return this.create(0, bytes, start, end, value, from, to, deadline, 0);
  }

  /** A record of the same string, kind, deadline and clock under the key bytes[start, end). */
  copyString(ref: number, bytes: Uint8Array, start: number, end: number): number {
    const kind = this.kind(ref);
    const deadline = this.deadline(ref);
    const clock = this.clock(ref);
    this.value(ref);
    const { bytes: value, start: from, end: to } = this;
    return this.create(kind, bytes, start, end, value, from, to, deadline, clock);
  }

  #writeHeader(
    ref: number,
    word: number,
    keyLength: number,
    valueLength: number,
    deadline: number,
    clock: number,
  ): number {
    const segment = ref >>> PLACE_BITS;
    const at = (ref & PLACE_MASK) << 3;
    const words = this.memory.i32[segment];
    words[at >> 2] = word | (clock << 8);
    let field = (at >> 2) + 2;
    if ((word & LONG_KEY) !== 0) {
      words[(at >> 2) + 1] = (valueLength << 16) | this.mark;
      words[field] = keyLength;
      words[field + 1] = 0;
      field += 2;
    } else {
      words[(at >> 2) + 1] = keyLength | (valueLength << 16) | this.mark;
    }
    if ((word & DEADLINE) !== 0) this.memory.f64[segment][field >> 1] = deadline;
    return at;
  }

  /** Whether the record has the present mark. */
  isMarked(ref: number): boolean {
    const words = this.memory.i32[ref >>> PLACE_BITS];
    return (words[((ref & PLACE_MASK) << 1) + 1] & MARK) === this.mark;
  }

  setMark(ref: number): void {
    const words = this.memory.i32[ref >>> PLACE_BITS];
    const at = ((ref & PLACE_MASK) << 1) + 1;
    words[at] = (words[at] & ~MARK) | this.mark;
  }

  /** The record's kind, 0 … 31. */
  kind(ref: number): number {
    return this.memory.u8[ref >>> PLACE_BITS][(ref & PLACE_MASK) << 3] & KIND_MASK;
  }

  setKind(ref: number, kind: number): void {
    const u8 = this.memory.u8[ref >>> PLACE_BITS];
    const at = (ref & PLACE_MASK) << 3;
    u8[at] = (u8[at] & ~KIND_MASK) | kind;
  }

  clock(ref: number): number {
    return this.memory.i32[ref >>> PLACE_BITS][(ref & PLACE_MASK) << 1] >>> 8;
  }

  setClock(ref: number, clock: number): void {
    const words = this.memory.i32[ref >>> PLACE_BITS];
    const at = (ref & PLACE_MASK) << 1;
    words[at] = (words[at] & 0xff) | (clock << 8);
  }

  hasDeadline(ref: number): boolean {
    return (this.memory.u8[ref >>> PLACE_BITS][(ref & PLACE_MASK) << 3] & DEADLINE) !== 0;
  }

  /** Milliseconds since 1970, or NO_DEADLINE. */
  deadline(ref: number): number {
    const segment = ref >>> PLACE_BITS;
    const at = (ref & PLACE_MASK) << 3;
    const flags = this.memory.u8[segment][at];
    if ((flags & DEADLINE) === 0) return NO_DEADLINE;
    return this.memory.f64[segment][(at + 8 + ((flags >> 3) & 8)) >> 3];
  }

  /**
   * Sets, changes or (NO_DEADLINE) takes away the deadline. The record moves when it gains or
   * loses the field: returns where it is now; the caller replaces its reference. Where it was is
   * freed, unless the caller keeps it.
   */
  withDeadline(ref: number, deadline: number, keeps = false): number {
    const segment = ref >>> PLACE_BITS;
    const at = (ref & PLACE_MASK) << 3;
    const word = this.memory.i32[segment][at >> 2];
    const had = (word & DEADLINE) !== 0;
    if (had === (deadline !== NO_DEADLINE)) {
      if (had) this.memory.f64[segment][(at + 8 + ((word >> 3) & 8)) >> 3] = deadline;
      return ref;
    }
    const clock = word >>> 8;
    this.key(ref);
    const key = this.bytes;
    const keyStart = this.start;
    const keyEnd = this.end;
    let moved: number;
    if ((word & POINTER) !== 0) {
      const target = this.pointer(ref);
      const length = this.pointerLength(ref);
      moved = this.createPointer(
        word & KIND_MASK,
        key,
        keyStart,
        keyEnd,
        target,
        length,
        deadline,
        clock,
      );
    } else {
      const length = inlineLength(this.memory.i32[segment][(at >> 2) + 1]);
      moved = this.create(
        word & KIND_MASK,
        key,
        keyStart,
        keyEnd,
        key,
        keyEnd,
        keyEnd + length,
        deadline,
        clock,
      );
    }
    if (!keeps) this.memory.free(ref);
    return moved;
  }

  /** The reference that the record points to, or 0 for an inline value. */
  pointer(ref: number): number {
    const words = this.memory.i32[ref >>> PLACE_BITS];
    const at = (ref & PLACE_MASK) << 1;
    const word = words[at];
    return (word & POINTER) === 0 ? 0 : words[at + (headerBytes(word) >> 2) - 2];
  }

  /** The length beside the pointer. REQUIRES: the record has one. */
  pointerLength(ref: number): number {
    const words = this.memory.i32[ref >>> PLACE_BITS];
    const at = (ref & PLACE_MASK) << 1;
    return words[at + (headerBytes(words[at]) >> 2) - 1];
  }

  setPointer(ref: number, target: number): void {
    const words = this.memory.i32[ref >>> PLACE_BITS];
    const at = (ref & PLACE_MASK) << 1;
    assert((words[at] & POINTER) !== 0, "only a record with a pointer is given another");
    words[at + (headerBytes(words[at]) >> 2) - 2] = target;
  }

  setPointerLength(ref: number, length: number): void {
    const words = this.memory.i32[ref >>> PLACE_BITS];
    const at = (ref & PLACE_MASK) << 1;
    words[at + (headerBytes(words[at]) >> 2) - 1] = length;
  }

  /** Describes the key in bytes, start, end. Torn where it does not end within its segment. */
  key(ref: number): void {
    const segment = ref >>> PLACE_BITS;
    const at = (ref & PLACE_MASK) << 3;
    const words = this.memory.i32[segment];
    const word = words[at >> 2];
    this.bytes = this.memory.u8[segment];
    this.start = at + headerBytes(word);
    this.end =
      this.start + ((word & LONG_KEY) === 0 ? words[(at >> 2) + 1] & 0xffff : words[(at >> 2) + 2]);
    if (!(this.end <= this.bytes.length)) torn();
  }

  /** Describes a string value in bytes, start, end. Torn where a long one leaves its segment. */
  value(ref: number): void {
    const segment = ref >>> PLACE_BITS;
    const at = (ref & PLACE_MASK) << 3;
    const words = this.memory.i32[segment];
    const word = words[at >> 2];
    const lengths = words[(at >> 2) + 1];
    if ((word & POINTER) !== 0) {
      const field = (at + headerBytes(word)) >> 2;
      const block = words[field - 2];
      this.bytes = this.memory.u8[block >>> PLACE_BITS];
      this.start = (block & PLACE_MASK) << 3;
      this.end = this.start + words[field - 1];
      if (!(this.end <= this.bytes.length)) torn();
      return;
    }
    this.bytes = this.memory.u8[segment];
    const keyLength = (word & LONG_KEY) === 0 ? lengths & 0xffff : words[(at >> 2) + 2];
    this.start = at + headerBytes(word) + keyLength;
    this.end = this.start + inlineLength(lengths);
  }

  /** Length in bytes of a string value. */
  valueLength(ref: number): number {
    const words = this.memory.i32[ref >>> PLACE_BITS];
    const at = (ref & PLACE_MASK) << 1;
    const word = words[at];
    if ((word & POINTER) !== 0) return words[at + (headerBytes(word) >> 2) - 1];
    return inlineLength(words[at + 1]);
  }

  /**
   * Gives the record another string value of the given kind, in place where it fits.
   * Returns where the record is now. REQUIRES: the value does not lie in this record.
   */
  withValue(
    ref: number,
    kind: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): number {
    const memory = this.memory;
    const segment = ref >>> PLACE_BITS;
    const at = (ref & PLACE_MASK) << 3;
    const words = memory.i32[segment];
    const word = words[at >> 2];
    const length = valueEnd - valueStart;
    if ((word & (POINTER | LONG_KEY)) === 0 && length <= VALUE_INLINE_MAX) {
      const lengths = words[(at >> 2) + 1];
      const keyLength = lengths & 0xffff;
      const used = headerBytes(word) + keyLength;
      // Asking for the block's size costs two loads far away; a value of the old length needs none.
      if (inlineLength(lengths) === length || this.#fits(ref, used + length)) {
        words[at >> 2] = (word & ~KIND_MASK) | kind;
        words[(at >> 2) + 1] = keyLength | (length << 16) | this.mark;
        copyBytes(value, valueStart, valueEnd, memory.u8[segment], at + used);
        return ref;
      }
    }
    const deadline = this.deadline(ref);
    this.key(ref);
    const moved = this.create(
      kind,
      this.bytes,
      this.start,
      this.end,
      value,
      valueStart,
      valueEnd,
      deadline,
      word >>> 8,
    );
    this.free(ref);
    return moved;
  }

  /** Whether withValue would write a value of this length where the record lies. */
  takesInPlace(ref: number, length: number): boolean {
    const words = this.memory.i32[ref >>> PLACE_BITS];
    const at = (ref & PLACE_MASK) << 1;
    const word = words[at];
    if ((word & (POINTER | LONG_KEY)) !== 0 || length > VALUE_INLINE_MAX) return false;
    const lengths = words[at + 1];
    if (inlineLength(lengths) === length) return true;
    return this.#fits(ref, headerBytes(word) + (lengths & 0xffff) + length);
  }

  /** Whether a record of so many bytes may stay in its block, wasting no more than half of it. */
  #fits(ref: number, bytes: number): boolean {
    const size = this.memory.sizeOf(ref);
    return bytes <= size && (bytes > size >> 1 || size <= 64);
  }

  /**
   * Makes room for a string value of `length` bytes, keeping the first `keep` bytes of the old
   * one, and describes the whole value in bytes, start, end for the caller to fill. A value that
   * grows step by step gets room ahead, as Redis's strings do: twice the length up to 1 MiB, then
   * 1 MiB more. Returns where the record is now.
   */
  resizeValue(ref: number, kind: number, length: number, keep: number): number {
    const memory = this.memory;
    const word = memory.i32[ref >>> PLACE_BITS][(ref & PLACE_MASK) << 1];
    if (length > VALUE_INLINE_MAX) {
      if ((word & POINTER) !== 0) {
        const block = this.pointer(ref);
        let target = block;
        if (length > memory.sizeOf(block)) {
          target = memory.allocate(length + Math.min(length, 1 << 20));
          memory.copy(block, 0, target, 0, keep);
          this.freeBlock(block);
        }
        this.setPointer(ref, target);
        this.setPointerLength(ref, length);
        this.setKind(ref, kind);
        this.value(ref);
        return ref;
      }
      const block = memory.allocate(length + Math.min(length, 1 << 20));
      this.value(ref);
      copyIn(memory, block, 0, this.bytes, this.start, this.start + keep);
      const deadline = this.deadline(ref);
      this.key(ref);
      const moved = this.createPointer(
        kind,
        this.bytes,
        this.start,
        this.end,
        block,
        length,
        deadline,
        word >>> 8,
      );
      memory.free(ref);
      this.value(moved);
      return moved;
    }
    const header = headerBytes(word & ~POINTER);
    this.key(ref);
    const keyLength = this.end - this.start;
    if ((word & POINTER) === 0 && header + keyLength + length <= memory.sizeOf(ref)) {
      this.#setInlineLength(ref, kind, length);
      this.value(ref);
      return ref;
    }
    const deadline = this.deadline(ref);
    const grown = memory.allocate(header + keyLength + length);
    const flags = kind | (word & (LONG_KEY | DEADLINE));
    const at = this.#writeHeader(grown, flags, keyLength, length, deadline, word >>> 8);
    const u8 = memory.u8[grown >>> PLACE_BITS];
    copyBytes(this.bytes, this.start, this.end, u8, at + header);
    this.value(ref);
    copyBytes(this.bytes, this.start, this.start + keep, u8, at + header + keyLength);
    this.free(ref);
    this.value(grown);
    return grown;
  }

  /** Whether resizeValue would leave record and value where they are. */
  resizesInPlace(ref: number, length: number): boolean {
    const word = this.memory.i32[ref >>> PLACE_BITS][(ref & PLACE_MASK) << 1];
    if ((word & POINTER) !== 0) {
      return length > VALUE_INLINE_MAX && length <= this.memory.sizeOf(this.pointer(ref));
    }
    if (length > VALUE_INLINE_MAX) return false;
    this.key(ref);
    const before = this.end - ((ref & PLACE_MASK) << 3);
    return before + length <= this.memory.sizeOf(ref);
  }

  /** Makes a string value `length` bytes long. REQUIRES: its block is at least that long. */
  setLength(ref: number, kind: number, length: number): void {
    const word = this.memory.i32[ref >>> PLACE_BITS][(ref & PLACE_MASK) << 1];
    if ((word & POINTER) === 0) {
      this.#setInlineLength(ref, kind, length);
      return;
    }
    this.setPointerLength(ref, length);
    this.setKind(ref, kind);
  }

  /**
   * Moves a long value to another block of at least `length` bytes, which becomes its length; the
   * old block is the caller's. REQUIRES: the value lies in a block of its own.
   */
  renewValue(ref: number, kind: number, length: number): void {
    const memory = this.memory;
    const block = memory.allocate(length + Math.min(length, 1 << 20));
    memory.copy(this.pointer(ref), 0, block, 0, Math.min(this.pointerLength(ref), length));
    this.setPointer(ref, block);
    this.setPointerLength(ref, length);
    this.setKind(ref, kind);
  }

  #setInlineLength(ref: number, kind: number, length: number): void {
    const words = this.memory.i32[ref >>> PLACE_BITS];
    const at = (ref & PLACE_MASK) << 1;
    words[at] = (words[at] & ~KIND_MASK) | kind;
    words[at + 1] = (words[at + 1] & 0xffff) | (length << 16) | this.mark;
  }

  /** Frees the record and, behind POINTER, a long string value (not a structure). */
  free(ref: number): void {
    const pointer = this.pointer(ref);
    if (pointer !== 0) this.freeBlock(pointer);
    this.memory.free(ref);
  }

  /** Frees the block of a long string. */
  freeBlock(block: number): void {
    if (this.observer === null || !this.observer.keepsBlock(block)) this.memory.free(block);
  }

  /** Bytes of the record's block and of its long value. */
  bytesUsed(ref: number): number {
    const pointer = this.pointer(ref);
    return this.memory.sizeOf(ref) + (pointer === 0 ? 0 : this.memory.sizeOf(pointer));
  }
}

/** Copies bytes[start, end) to byte `at` of a block. */
export function copyIn(
  memory: Memory,
  block: number,
  at: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  copyBytes(bytes, start, end, memory.u8[block >>> PLACE_BITS], ((block & PLACE_MASK) << 3) + at);
}
