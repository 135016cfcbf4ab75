// HyperLogLogs: strings that know about how many different elements were added to them, within a
// standard error of 0.81 %, in at most 12 KB. Every element has a hash, which chooses one of 16,384
// registers, and a rank, 1 + the zeros at the end of the rest of the hash; a register holds the
// greatest rank of its elements. (Flajolet et al., HyperLogLog, 2007; the estimate is Ertl's, New
// cardinality estimation algorithms for HyperLogLog sketches, 2017, arXiv:1702.01284.)
//
// The bytes are Redis's, so that GET, SET, DUMP and RDB files move them:
//
//   0  "HYLL"     4  u8 encoding: 0 dense, 1 sparse     5  three zeros
//   8  u64 little-endian: the cardinality that was computed last; bit 63: it holds no more
//  16  dense: 16,384 registers of 6 bits, the first in the lowest bits of the first byte
//      sparse: runs of registers, in order
//        00llllll            l + 1 registers that are 0
//        01llllll llllllll   l + 1 registers that are 0, the high bits first
//        1vvvvvll            l + 1 registers that are v + 1
//
// Valid: a dense one has 12,304 bytes; the runs of a sparse one end exactly with register 16,383.
// A rank above 32, or a sparse one longer than `hll-sparse-max-bytes`, makes it dense, for good.
// How a sparse one changes is Redis's way to the byte: the run of a register is split, and then, of
// five runs from the one before on, neighbours of one value become one run of at most four.
//
// Cost: adding to a dense one is O(1); to a sparse one a walk along its runs. The cardinality is
// O(registers), and is kept until a register changes.

import { assert } from "../base/assert.ts";
import { asciiBytes } from "../base/bytes.ts";
import { murmurInto } from "../base/murmur.ts";

export const REGISTERS = 16384;
const REGISTER_BITS = 6;
const REGISTER_MAX = 63;
const INDEX_BITS = 14;
/** Bits of the hash behind the index: no rank is greater than one more. */
const RANK_BITS = 64 - INDEX_BITS;

const At = { encoding: 4, cardinality: 8, flag: 15, registers: 16 } as const;
export const DENSE_BYTES: number = At.registers + (REGISTERS * REGISTER_BITS) / 8;
/** Of a sparse one whose every register has the two bytes of a long run. */
const SPARSE_BYTES_MAX = At.registers + REGISTERS * 2;
export const Encoding = { dense: 0, sparse: 1 } as const;
const STALE = 0x80;
const MAGIC = asciiBytes("HYLL");

const VALUE = 0x80;
const LONG = 0x40;
const ZEROS_MAX = 64;
const VALUES_MAX = 4;
const SPARSE_RANK_MAX = 32;
/** A run of a sparse one becomes at most so many bytes: zeros, a value, zeros. */
const SPLIT_BYTES_MAX = 5;
/** So many runs are looked at for neighbours of one value. */
const MERGED_RUNS = 5;

const SEED = 0xadc83b19 | 0;
/** m² / (2 ln 2), as Redis multiplies it out. */
const ALPHA = 0.7213475204444817;

/** Whether bytes[start, end) begin as a HyperLogLog, and have the length of a dense one. */
export function isHyperLogLog(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < At.registers) return false;
  for (let i = 0; i < MAGIC.length; i++) if (bytes[start + i] !== MAGIC[i]) return false;
  const encoding = bytes[start + At.encoding];
  if (encoding === Encoding.dense) return end - start === DENSE_BYTES;
  return encoding === Encoding.sparse;
}

export function isDense(bytes: Uint8Array, start: number): boolean {
  return bytes[start + At.encoding] === Encoding.dense;
}

// Elements

const hash = new Int32Array(2);

/** Where the element that was hashed last goes, and its rank there. */
export const element = { register: 0, rank: 0 };

/** Leaves register and rank of an element in `element`. */
export function hashElement(bytes: Uint8Array, start: number, end: number): void {
  murmurInto(hash, bytes, start, end, SEED);
  const high = hash[0];
  const low = hash[1];
  element.register = low & (REGISTERS - 1);
  const rest = low >>> INDEX_BITS;
  if (rest !== 0) element.rank = zerosBehind(rest) + 1;
  else if (high !== 0) element.rank = 32 - INDEX_BITS + zerosBehind(high) + 1;
  else element.rank = RANK_BITS + 1;
}

/** Zeros behind the last 1 of a word that has one. */
function zerosBehind(word: number): number {
  return 31 - Math.clz32(word & -word);
}

// Cardinality

/** The cardinality that was computed last, −1 where it holds no more; exact up to 2^53. */
export function cachedCardinality(bytes: Uint8Array, start: number): number {
  if ((bytes[start + At.flag] & STALE) !== 0) return -1;
  let value = 0;
  for (let i = 7; i >= 0; i--) value = value * 256 + bytes[start + At.cardinality + i];
  return value;
}

/** As cachedCardinality where that is not exact: nobody has computed it, but somebody wrote it. */
export function cachedCardinality64(bytes: Uint8Array, start: number): bigint {
  const at = start + At.cardinality;
  return bytes.subarray(at, at + 8).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

export function setCachedCardinality(bytes: Uint8Array, start: number, cardinality: number): void {
  let rest = cardinality;
  for (let i = 0; i < 8; i++) {
    bytes[start + At.cardinality + i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

/** Of each rank: how many registers have it. */
const histogram = new Int32Array(REGISTER_MAX + 1);

/**
 * About how many different elements were added to bytes[start, end), or −1 where a sparse one is
 * not valid. Infinity where all registers have ranks that no element has.
 */
export function estimate(bytes: Uint8Array, start: number, end: number): number {
  histogram.fill(0);
  if (isDense(bytes, start)) {
    countDense(bytes, start + At.registers);
    return estimated(histogram);
  }
  let registers = 0;
  let at = start + At.registers;
  for (; at < end; at += runBytes(bytes[at])) {
    const length = runLength(bytes, at, end);
    registers += length;
    histogram[runRank(bytes[at])] += length;
  }
  return registers === REGISTERS ? estimated(histogram) : -1;
}

/**
 * Of each rank, one histogram for each of four neighbours: most registers have one of a few ranks,
 * and adding to a counter waits for what was added to it just before.
 */
const counts = new Int32Array(4 * (REGISTER_MAX + 1));

/** Adds four registers, a byte each. */
function count(four: number): void {
  counts[four & 63]++;
  counts[64 | ((four >> 8) & 63)]++;
  counts[128 | ((four >> 16) & 63)]++;
  counts[192 | ((four >> 24) & 63)]++;
}

/** Adds what has been counted to the histogram. */
function addCounts(): void {
  for (let i = 0; i < counts.length; i++) histogram[i & 63] += counts[i];
}

/** Counts the ranks of dense registers, four at a time. */
function countDense(bytes: Uint8Array, from: number): void {
  counts.fill(0);
  const end = from + DENSE_BYTES - At.registers;
  for (let at = from; at < end; at += 3) count(fourAt(bytes, at));
  addCounts();
}

/** Four dense registers, which are three bytes, as a byte each. */
function fourAt(bytes: Uint8Array, at: number): number {
  const four = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
  const low = (four & 63) | ((four << 2) & 0x3f00);
  return low | ((four << 4) & 0x3f0000) | ((four << 6) & 0x3f000000);
}

/** Ertl's estimate from a histogram. */
function estimated(histogram: Int32Array): number {
  let z = REGISTERS * tau((REGISTERS - histogram[RANK_BITS + 1]) / REGISTERS);
  for (let rank = RANK_BITS; rank >= 1; rank--) z = (z + histogram[rank]) * 0.5;
  z += REGISTERS * sigma(histogram[0] / REGISTERS);
  return Math.round((ALPHA * REGISTERS * REGISTERS) / z);
}

function sigma(share: number): number {
  if (share === 1) return Number.POSITIVE_INFINITY;
  let x = share;
  let y = 1;
  let z = x;
  let before = Number.NaN;
  while (before !== z) {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  }
  return z;
}

function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let x = share;
  let y = 1;
  let z = 1 - x;
  let before = Number.NaN;
  while (before !== z) {
    x = Math.sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  }
  return z / 3;
}

// Dense registers

/** The rank of a register of those that begin at bytes[from]. */
function denseRank(bytes: Uint8Array, from: number, register: number): number {
  const bit = register * REGISTER_BITS;
  const at = from + (bit >> 3);
  // The last register ends with its byte: what is read behind it is shifted out.
  return ((bytes[at] | (bytes[at + 1] << 8)) >> (bit & 7)) & REGISTER_MAX;
}

function setDenseRank(bytes: Uint8Array, from: number, register: number, rank: number): void {
  const bit = register * REGISTER_BITS;
  const at = from + (bit >> 3);
  const shift = bit & 7;
  bytes[at] = (bytes[at] & ~(REGISTER_MAX << shift)) | (rank << shift);
  if (shift > 2) {
    const over = 8 - shift;
    bytes[at + 1] = (bytes[at + 1] & ~(REGISTER_MAX >> over)) | (rank >> over);
  }
}

/** Sets a register of a dense one that lies in bytes from `start` on. */
export function raiseDense(bytes: Uint8Array, start: number, register: number, rank: number): void {
  setDenseRank(bytes, start + At.registers, register, rank);
  bytes[start + At.flag] |= STALE;
}

// Sparse runs

/** Bytes of the run that begins with this byte. */
function runBytes(first: number): number {
  return (first & (VALUE | LONG)) === LONG ? 2 : 1;
}

/** How many registers the run at `at` has; what lies behind the end is 0. */
function runLength(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at];
  if ((first & VALUE) !== 0) return (first & 3) + 1;
  if ((first & LONG) === 0) return first + 1;
  return (((first & 63) << 8) | (at + 1 < end ? bytes[at + 1] : 0)) + 1;
}

/** The rank of the registers of the run that begins with this byte. */
function runRank(first: number): number {
  return (first & VALUE) === 0 ? 0 : ((first >> 2) & 31) + 1;
}

/** The rank of a register of bytes[start, end), or −1 where a sparse one has no such register. */
export function rankOf(bytes: Uint8Array, start: number, end: number, register: number): number {
  if (isDense(bytes, start)) return denseRank(bytes, start + At.registers, register);
  let at = start + At.registers;
  for (let first = 0; at < end; at += runBytes(bytes[at])) {
    first += runLength(bytes, at, end);
    if (register < first) return runRank(bytes[at]);
  }
  return -1;
}

/** Calls `visit` with the runs of a sparse one, in order: their form, length and rank. */
export function visitRuns(
  bytes: Uint8Array,
  start: number,
  end: number,
  visit: (isLong: boolean, length: number, rank: number) => void,
): void {
  for (let at = start + At.registers; at < end; at += runBytes(bytes[at])) {
    visit(runBytes(bytes[at]) === 2, runLength(bytes, at, end), runRank(bytes[at]));
  }
}

/** Whether the runs of a sparse one are its registers, all of them and no more. */
function isWhole(bytes: Uint8Array, start: number, end: number): boolean {
  let registers = 0;
  let at = start + At.registers;
  for (; at < end && registers < REGISTERS; at += runBytes(bytes[at])) {
    registers += runLength(bytes, at, end);
  }
  return registers === REGISTERS && at === end;
}

// Many at once

/** The union of HyperLogLogs: of each register the greatest rank. */
export class Union {
  /** The ranks, four in each. */
  readonly #words = new Int32Array(REGISTERS / 4);
  readonly ranks: Uint8Array = new Uint8Array(this.#words.buffer);
  /** Of each rank how many registers have it, as long as no dense one has been added. */
  readonly #histogram = new Int32Array(REGISTER_MAX + 1);
  #isCounted = true;

  constructor() {
    this.#histogram[0] = REGISTERS;
  }

  clear(): void {
    this.#words.fill(0);
    this.#histogram.fill(0);
    this.#histogram[0] = REGISTERS;
    this.#isCounted = true;
  }

  /** Adds bytes[start, end); false where it is not valid. */
  add(bytes: Uint8Array, start: number, end: number): boolean {
    if (isDense(bytes, start)) {
      this.#addDense(bytes, start + At.registers);
      this.#isCounted = false;
      return true;
    }
    return this.#addSparse(bytes, start + At.registers, end);
  }

  /** Adds one element. */
  addElement(bytes: Uint8Array, start: number, end: number): void {
    hashElement(bytes, start, end);
    const { register, rank } = element;
    const before = this.ranks[register];
    if (rank <= before) return;
    this.ranks[register] = rank;
    this.#histogram[before]--;
    this.#histogram[rank]++;
  }

  #addSparse(bytes: Uint8Array, from: number, end: number): boolean {
    const { ranks } = this;
    const counted = this.#histogram;
    let register = 0;
    let at = from;
    while (at < end) {
      const first = bytes[at++];
      if (first < LONG) register += first + 1;
      else if (first < VALUE) register += (((first & 63) << 8) | bytes[at++]) + 1;
      else {
        const rank = ((first >> 2) & 31) + 1;
        const last = register + (first & 3) + 1;
        if (last > REGISTERS) return false;
        for (; register < last; register++) {
          const before = ranks[register];
          if (rank <= before) continue;
          ranks[register] = rank;
          counted[before]--;
          counted[rank]++;
        }
      }
    }
    return register === REGISTERS && at === end;
  }

  /** Takes the greater ones of four ranks at a time; a byte's highest bit says which is. */
  #addDense(bytes: Uint8Array, from: number): void {
    const words = this.#words;
    for (let at = from, i = 0; i < words.length; at += 3, i++) {
      const theirs = fourAt(bytes, at);
      const ours = words[i];
      const notLess = (((theirs | 0x80808080) - ours) & 0x80808080) >>> 7;
      const mask = (notLess << 8) - notLess;
      words[i] = (theirs & mask) | (ours & ~mask);
    }
  }

  /** About how many different elements were added to all of them. */
  estimate(): number {
    if (this.#isCounted) return estimated(this.#histogram);
    const words = this.#words;
    histogram.fill(0);
    counts.fill(0);
    let zeros = 0;
    for (let i = 0; i < words.length; i++) {
      if (words[i] === 0) zeros++;
      else count(words[i]);
    }
    counts[0] += 4 * zeros;
    addCounts();
    return estimated(histogram);
  }
}

// Changes

/** A HyperLogLog that is being changed: bytes[0, length). */
export class Draft {
  readonly bytes: Uint8Array = new Uint8Array(SPARSE_BYTES_MAX + SPLIT_BYTES_MAX);
  length = 0;

  readonly #split = new Uint8Array(SPLIT_BYTES_MAX);

  get isDense(): boolean {
    return isDense(this.bytes, 0);
  }

  /** One without elements. */
  create(): void {
    const { bytes } = this;
    bytes.fill(0, 0, At.registers);
    bytes.set(MAGIC);
    bytes[At.encoding] = Encoding.sparse;
    this.length = this.#writeZeros(bytes, At.registers, REGISTERS);
  }

  /** Takes bytes[start, end) over, or returns false: no valid one is so long. */
  load(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start > SPARSE_BYTES_MAX) return false;
    this.bytes.set(bytes.subarray(start, end));
    this.length = end - start;
    return true;
  }

  /** The cardinality holds no more. */
  invalidate(): void {
    this.bytes[At.flag] |= STALE;
  }

  /** Makes it dense, if it is not; false where it is not valid. */
  toDense(): boolean {
    const { bytes, length } = this;
    if (this.isDense) return true;
    if (!isWhole(bytes, 0, length)) return false;
    const runs = bytes.slice(At.registers, length);
    bytes.fill(0, At.registers, DENSE_BYTES);
    bytes[At.encoding] = Encoding.dense;
    this.length = DENSE_BYTES;
    let register = 0;
    for (let at = 0; at < runs.length; at += runBytes(runs[at])) {
      const rank = runRank(runs[at]);
      const last = register + runLength(runs, at, runs.length);
      if (rank === 0) register = last;
      for (; register < last; register++) setDenseRank(bytes, At.registers, register, rank);
    }
    return true;
  }

  /**
   * Raises a register to a rank: 1, or 0 if it has that or more, or −1 where a sparse one is not
   * valid. It becomes dense where it must, as one of more than `sparseMax` bytes.
   */
  raise(register: number, rank: number, sparseMax: number): number {
    const { bytes } = this;
    if (this.isDense) {
      if (rank <= denseRank(bytes, At.registers, register)) return 0;
      raiseDense(bytes, 0, register, rank);
      return 1;
    }
    if (rank > SPARSE_RANK_MAX) return this.#promote(register, rank);
    let before = -1;
    let at: number = At.registers;
    let first = 0;
    let count = 0;
    for (; at < this.length; first += count) {
      count = runLength(bytes, at, this.length);
      if (register < first + count) break;
      before = at;
      at += runBytes(bytes[at]);
    }
    // The last run may lack its second byte.
    if (at + runBytes(bytes[at]) > this.length) return -1;
    const old = runRank(bytes[at]);
    if (old >= rank) return 0;
    if (count === 1 && runBytes(bytes[at]) === 1) this.#writeRun(bytes, at, rank, 1);
    else {
      const splitBytes = this.#splitRun(old, register - first, count, rank);
      const delta = splitBytes - runBytes(bytes[at]);
      if (delta > 0 && this.length + delta > sparseMax) return this.#promote(register, rank);
      this.#replaceRun(at, splitBytes);
    }
    this.#mergeFrom(before < 0 ? At.registers : before);
    bytes[At.flag] |= STALE;
    return 1;
  }

  #promote(register: number, rank: number): number {
    if (!this.toDense()) return -1;
    if (rank > denseRank(this.bytes, At.registers, register)) {
      raiseDense(this.bytes, 0, register, rank);
    }
    return 1;
  }

  /**
   * Writes to `split` what a run of `count` registers of rank `old` becomes when the one at `index`
   * is raised; returns how many bytes that are.
   */
  #splitRun(old: number, index: number, count: number, rank: number): number {
    const split = this.#split;
    let at = 0;
    if (index > 0) at = this.#writeRun(split, at, old, index);
    at = this.#writeRun(split, at, rank, 1);
    const behind = count - 1 - index;
    if (behind > 0) at = this.#writeRun(split, at, old, behind);
    return at;
  }

  /** Writes a run of so many registers of this rank; returns its end. */
  #writeRun(to: Uint8Array, at: number, rank: number, count: number): number {
    if (rank === 0) return this.#writeZeros(to, at, count);
    assert(count <= VALUES_MAX && rank <= SPARSE_RANK_MAX, "a run of values is short");
    to[at] = VALUE | ((rank - 1) << 2) | (count - 1);
    return at + 1;
  }

  #writeZeros(to: Uint8Array, at: number, count: number): number {
    if (count <= ZEROS_MAX) {
      to[at] = count - 1;
      return at + 1;
    }
    to[at] = LONG | ((count - 1) >> 8);
    to[at + 1] = (count - 1) & 255;
    return at + 2;
  }

  /** Puts the first bytes of `split` in the place of the run at `at`. */
  #replaceRun(at: number, splitBytes: number): void {
    const { bytes } = this;
    const next = at + runBytes(bytes[at]);
    bytes.copyWithin(at + splitBytes, next, this.length);
    this.length += at + splitBytes - next;
    for (let i = 0; i < splitBytes; i++) bytes[at + i] = this.#split[i];
  }

  /** Makes one run of neighbours of one value, of the runs from `from` on. */
  #mergeFrom(from: number): void {
    const { bytes } = this;
    let at = from;
    for (let runs = 0; runs < MERGED_RUNS && at < this.length; runs++) {
      const first = bytes[at];
      const second = at + 1 < this.length ? bytes[at + 1] : 0;
      const count = (first & 3) + (second & 3) + 2;
      const isOneValue = (first & second & VALUE) !== 0 && runRank(first) === runRank(second);
      if (!isOneValue || count > VALUES_MAX) {
        at += runBytes(first);
        continue;
      }
      this.#writeRun(bytes, at + 1, runRank(first), count);
      bytes.copyWithin(at, at + 1, this.length);
      this.length--;
    }
  }
}
