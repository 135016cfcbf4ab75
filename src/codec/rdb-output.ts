// Bytes on their way into an RDB file, a DUMP payload, or a socket: numbers, lengths and strings in
// the forms of the format. They gather in one buffer. Where there is a sink, it is given the whole
// buffer whenever that has grown to a block; where there is none, all stays here.
//
//   length  00 + 6 bits │ 01 + 14 bits │ 0x80 + 32 bits │ 0x81 + 64 bits        big endian
//   string  length, bytes │ 0xC0 + i8 │ 0xC1 + i16 │ 0xC2 + i32, little endian: its decimal text
//           │ 0xC3, length compressed, length, bytes in LZF

import { copyBytes } from "../base/bytes.ts";
import { parseInteger } from "../base/integers.ts";
import { torn } from "../base/torn-read.ts";
import type { ValueSink } from "../keyspace/data-type.ts";
import { Crc64 } from "./crc64.ts";
import { lzfCompress } from "./lzf.ts";

/** Takes bytes[0, end), which are used again as soon as it returns. */
export type RdbSink = (bytes: Uint8Array, end: number) => void;

const FIRST_BYTES = 4096;
const BLOCK_BYTES = 256 * 1024;
/** An integer of 32 bits has at most so many characters. */
const SHORT_TEXT_MAX = 11;
/** Shorter strings are not worth compressing: as in Redis. */
const COMPRESSED_FROM = 21;
/** Compression saves at least so much, or is not used: as in Redis. */
const SAVED_MIN = 4;
const TWO_32 = 2 ** 32;

const Encoding = { int8: 0xc0, int16: 0xc1, int32: 0xc2, lzf: 0xc3 } as const;

const scratch = new Uint8Array(8);
const number = new DataView(scratch.buffer);

export class RdbOutput implements ValueSink {
  bytes: Uint8Array = new Uint8Array(FIRST_BYTES);
  /** Bytes that are in the buffer. */
  end = 0;
  /** Bytes that the sink has been given. */
  given = 0;
  /** rdbcompression. */
  compresses = true;
  /** rdbchecksum: the sum of all that the sink is given. */
  sums = true;
  readonly crc: Crc64 = new Crc64();
  readonly #sink: RdbSink | null;

  constructor(sink: RdbSink | null = null) {
    this.#sink = sink;
  }

  /** Bytes so far. */
  get size(): number {
    return this.given + this.end;
  }

  /** Begins again with nothing. */
  reset(): void {
    this.end = 0;
    this.given = 0;
    this.crc.reset();
  }

  /** Gives the sink what is here. */
  flush(): void {
    if (this.#sink === null || this.end === 0) return;
    if (this.sums) this.crc.add(this.bytes, 0, this.end);
    this.given += this.end;
    const { end } = this;
    this.end = 0;
    this.#sink(this.bytes, end);
  }

  byte(value: number): void {
    this.#room(1);
    this.bytes[this.end++] = value;
  }

  /** A length, or another number from 0 on, up to 2⁵³. */
  length(n: number): void {
    if (n >= TWO_32) return this.longLength(Math.floor(n / TWO_32), n >>> 0);
    this.#room(5);
    const { bytes } = this;
    let at = this.end;
    if (n < 0x40) bytes[at++] = n;
    else if (n < 0x4000) {
      bytes[at++] = 0x40 | (n >> 8);
      bytes[at++] = n;
    } else {
      bytes[at++] = 0x80;
      at = bigEndian(bytes, at, n >>> 0);
    }
    this.end = at;
  }

  /** A length of 64 bits, as its halves. */
  longLength(high: number, low: number): void {
    if (high === 0) return this.length(low >>> 0);
    this.#room(9);
    this.bytes[this.end] = 0x81;
    const at = bigEndian(this.bytes, this.end + 1, high);
    this.end = bigEndian(this.bytes, at, low);
  }

  /** A string, in the shortest form. Torn where it lies outside of its array. */
  string(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (!(length >= 0 && end <= bytes.length)) torn();
    if (length <= SHORT_TEXT_MAX && this.#asInteger(bytes, start, end)) return;
    if (length >= COMPRESSED_FROM && this.compresses && this.#compressed(bytes, start, end)) return;
    this.length(length);
    this.raw(bytes, start, end);
  }

  /** What stands before so many bytes in LZF, of a string of so many. */
  compressedHead(bytes: number, length: number): void {
    this.byte(Encoding.lzf);
    this.length(bytes);
    this.length(length);
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array, start: number, end: number): void {
    // Long ones go out block by block, so that the buffer stays one.
    let at = start;
    while (this.#sink !== null && end - at > BLOCK_BYTES) {
      this.#room(BLOCK_BYTES);
      copyBytes(bytes, at, at + BLOCK_BYTES, this.bytes, this.end);
      this.end += BLOCK_BYTES;
      at += BLOCK_BYTES;
    }
    this.#room(end - at);
    copyBytes(bytes, at, end, this.bytes, this.end);
    this.end += end - at;
  }

  /** A double, in its 8 bytes. */
  double(value: number): void {
    number.setFloat64(0, value, true);
    this.raw(scratch, 0, 8);
  }

  /** Milliseconds, or another whole number: 8 bytes. */
  int64(value: number): void {
    number.setInt32(0, value | 0, true);
    number.setInt32(4, Math.floor(value / TWO_32), true);
    this.raw(scratch, 0, 8);
  }

  /** The sum of all so far, or 8 zeros where there is none. */
  sum(): void {
    this.#room(8);
    if (this.sums) this.crc.add(this.bytes, 0, this.end);
    else this.crc.reset();
    this.crc.writeTo(this.bytes, this.end);
    this.given += this.end + 8;
    const end = this.end + 8;
    if (this.#sink === null) {
      this.given = 0;
      this.end = end;
      return;
    }
    this.end = 0;
    this.#sink(this.bytes, end);
  }

  #asInteger(bytes: Uint8Array, start: number, end: number): boolean {
    const value = parseInteger(bytes, start, end);
    if ((value | 0) !== value) return false;
    this.#room(5);
    const to = this.bytes;
    const at = this.end;
    const width = value >= -128 && value <= 127 ? 1 : value >= -32768 && value <= 32767 ? 2 : 4;
    to[at] = width === 1 ? Encoding.int8 : width === 2 ? Encoding.int16 : Encoding.int32;
    for (let i = 0; i < width; i++) to[at + 1 + i] = value >> (8 * i);
    this.end = at + 1 + width;
    return true;
  }

  #compressed(bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    // Head: the byte, and two lengths of up to 5 bytes. The compressed bytes move up behind it.
    const headMax = 11;
    this.#room(headMax + length);
    const from = this.end + headMax;
    const to = lzfCompress(bytes, start, end, this.bytes, from, from + length - SAVED_MIN);
    if (to === 0) return false;
    this.bytes[this.end++] = Encoding.lzf;
    this.length(to - from);
    this.length(length);
    this.bytes.copyWithin(this.end, from, to);
    this.end += to - from;
    return true;
  }

  /** Makes room for so many bytes more. */
  #room(more: number): void {
    if (this.end + more <= this.bytes.length) return;
    if (this.end >= BLOCK_BYTES || (this.end > 0 && more >= BLOCK_BYTES)) this.flush();
    const required = this.end + more;
    if (required <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(required, this.bytes.length * 2));
    copyBytes(this.bytes, 0, this.end, grown, 0);
    this.bytes = grown;
  }
}

function bigEndian(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
  return at + 4;
}
