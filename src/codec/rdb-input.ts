// Bytes of an RDB file or a DUMP payload on their way in. They are read through a window that is
// refilled from where they come; a payload is one window. No number in them is trusted: nothing is
// allocated, and no loop begins, before what it says has been held against the bytes that are left.
//
// What is wrong is said by fail(), which throws in a file: its load is over. Of a payload the first
// failure is kept, and from then on numbers are 0 and ranges empty, so that who builds a value from
// it ends soon with what it has, which its caller frees.

import { copyBytes } from "../base/bytes.ts";
import { parseDouble } from "../base/doubles.ts";
import type { ValueSource } from "../keyspace/data-type.ts";
import type { File, Platform } from "../platform/platform.ts";
import { Crc64 } from "./crc64.ts";
import { lzfDecompress } from "./lzf.ts";
import { RdbError } from "./rdb-error.ts";

const WINDOW_BYTES = 256 * 1024;
const SKIPPED_BYTES = 64 * 1024;
/** LZF makes at most so much of a byte: 264 bytes of 3. */
const LZF_GROWTH = 88;
/** Strings are no longer than this, whatever proto-max-bulk-len says. */
const STRING_BYTES_MAX = 2 ** 31 - 64;
const TWO_32 = 2 ** 32;
/** Stand where the length of a double's text does. */
const SPELLED_NAN = 253;
const SPELLED_INFINITY = 254;

const NOTHING = new Uint8Array(0);

export class RdbInput implements ValueSource {
  /** What the last reading of bytes found. Borrowed until the next reading. */
  bytes: Uint8Array = NOTHING;
  start = 0;
  end = 0;
  /** After lengthOrEncoding(): the halves of a 64-bit length; which special form it is, or −1. */
  high = 0;
  low = 0;
  encoding = -1;

  /** All that there is, in bytes. */
  size = 0;
  /** For messages. */
  path = "";
  /** What was wrong first, in a payload. */
  failure: string | null = null;
  /** What the compressed strings of a payload may come to, all together, in bytes. */
  expandedMax: number = Number.POSITIVE_INFINITY;
  /** That was what was wrong with it. */
  isTooLarge = false;
  /** Whether the sum of what is read is kept. */
  sums = false;
  readonly crc: Crc64 = new Crc64();

  #platform: Platform | null = null;
  #file: File = -1;
  #window: Uint8Array = NOTHING;
  #at = 0;
  #filled = 0;
  /** Where the window begins. */
  #origin = 0;
  /** Up to where in the window bytes are in the sum. */
  #summed = 0;
  #isWhole = false;
  #text: Uint8Array = new Uint8Array(64);
  #expanded = 0;
  readonly #digits = new Uint8Array(11);

  /** From a file, which stays open. Failures throw RdbError. */
  static ofFile(
    platform: Platform,
    file: File,
    path: string,
    windowBytes: number = WINDOW_BYTES,
  ): RdbInput {
    const input = new RdbInput();
    input.#platform = platform;
    input.#file = file;
    input.path = path;
    input.size = platform.size(file);
    input.#window = new Uint8Array(Math.min(windowBytes, Math.max(64, input.size)));
    input.sums = true;
    return input;
  }

  /** Goes on with the payload bytes[start, end), which stay as they are meanwhile. */
  open(bytes: Uint8Array, start: number, end: number): this {
    this.#isWhole = true;
    this.#window = bytes;
    this.#origin = -start;
    this.#at = start;
    this.#filled = end;
    this.size = end - start;
    this.failure = null;
    this.isTooLarge = false;
    this.#expanded = 0;
    return this;
  }

  /** Where the next byte comes from. */
  get position(): number {
    return this.#origin + this.#at;
  }

  get left(): number {
    return this.size - this.position;
  }

  get failed(): boolean {
    return this.failure !== null;
  }

  /** Bytes are wrong, or missing. */
  fail(what: string): void {
    if (!this.#isWhole) throw RdbError.damaged(this.path, this.position, what);
    this.failure ??= what;
    this.#at = this.#filled;
    this.#nothing();
  }

  /** Whether so many bytes are left; they are in the window then. */
  has(n: number): boolean {
    if (this.#filled - this.#at >= n) return true;
    if (this.#isWhole || n > this.left) return false;
    this.#refill(n);
    return this.#filled - this.#at >= n;
  }

  byte(): number {
    if (!this.#need(1)) return 0;
    return this.#window[this.#at++];
  }

  /** Describes the next n bytes. */
  raw(n: number): void {
    if (!this.#need(n)) return;
    this.bytes = this.#window;
    this.start = this.#at;
    this.#at += n;
    this.end = this.#at;
  }

  skip(n: number): void {
    if (n > this.left) return this.fail("it ends where more was to come");
    for (let left = n; left > 0; ) {
      const step = Math.min(left, SKIPPED_BYTES);
      if (!this.#need(step)) return;
      this.#at += step;
      left -= step;
    }
  }

  int32(): number {
    if (!this.#need(4)) return 0;
    const bytes = this.#window;
    const at = this.#at;
    this.#at += 4;
    return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
  }

  /** The nearest double of an integer of 64 bits. */
  int64(): number {
    const low = this.int32() >>> 0;
    return this.int32() * TWO_32 + low;
  }

  double(): number {
    if (!this.#need(8)) return 0;
    const { buffer, byteOffset } = this.#window;
    const value = new DataView(buffer, byteOffset + this.#at, 8).getFloat64(0, true);
    this.#at += 8;
    return value;
  }

  spelledDouble(): number {
    const length = this.byte();
    if (length === SPELLED_NAN) return Number.NaN;
    if (length === SPELLED_INFINITY) return Number.POSITIVE_INFINITY;
    if (length === SPELLED_INFINITY + 1) return Number.NEGATIVE_INFINITY;
    this.raw(length);
    return parseDouble(this.bytes, this.start, this.end);
  }

  /** A length, which may be of no special form. */
  length(): number {
    const n = this.lengthOrEncoding();
    if (this.encoding >= 0) this.fail("a length of a form that only strings have");
    return this.encoding >= 0 ? 0 : n;
  }

  /** A length of 64 bits, whose halves are in `high` and `low`. */
  longLength(): void {
    this.length();
    if (!this.failed) return;
    this.high = 0;
    this.low = 0;
  }

  /** How many elements follow, each of which takes at least so many bytes. */
  count(bytesEach = 1): number {
    const n = this.length();
    if (n * bytesEach <= this.left) return n;
    this.fail("it says that there are more elements than it has bytes for");
    return 0;
  }

  lengthOrEncoding(): number {
    this.encoding = -1;
    this.high = 0;
    this.low = 0;
    const first = this.byte();
    if (first < 0x40) this.low = first;
    else if (first < 0x80) this.low = ((first & 0x3f) << 8) | this.byte();
    else if (first === 0x80) this.low = this.#big32();
    else if (first === 0x81) {
      this.high = this.#big32();
      this.low = this.#big32();
    } else if (first >= 0xc0) this.encoding = first & 0x3f;
    else this.fail("a length of no known form");
    return this.high === 0 ? this.low : (this.high >>> 0) * TWO_32 + (this.low >>> 0);
  }

  /** Describes a string, whatever its form. */
  string(): void {
    const n = this.lengthOrEncoding();
    if (this.encoding < 0) return this.raw(n);
    if (this.encoding <= 2) return this.#integerText(this.encoding);
    if (this.encoding === 3) return this.#decompress();
    this.fail("a string of no known form");
  }

  skipString(): void {
    const n = this.lengthOrEncoding();
    if (this.encoding < 0) return this.skip(n);
    if (this.encoding <= 2) return this.skip(1 << this.encoding);
    if (this.encoding > 3) return this.fail("a string of no known form");
    const packed = this.length();
    this.length();
    this.skip(packed);
  }

  /** The sum of all bytes read so far, in `crc`. REQUIRES: sums. */
  sumUp(): void {
    this.crc.add(this.#window, this.#summed, this.#at);
    this.#summed = this.#at;
  }

  #nothing(): void {
    this.bytes = NOTHING;
    this.start = 0;
    this.end = 0;
  }

  #need(n: number): boolean {
    if (this.#filled - this.#at >= n || this.has(n)) return true;
    this.fail("it ends where more was to come");
    return false;
  }

  /** Has at least n bytes in the window, where there are so many. */
  #refill(n: number): void {
    if (this.sums) this.sumUp();
    const window = this.#window;
    const rest = this.#filled - this.#at;
    if (n > window.length) {
      this.#window = new Uint8Array(Math.max(n, Math.min(window.length * 2, this.left)));
      copyBytes(window, this.#at, this.#filled, this.#window, 0);
    } else {
      window.copyWithin(0, this.#at, this.#filled);
    }
    this.#origin += this.#at;
    this.#at = 0;
    this.#summed = 0;
    this.#filled = rest;
    const platform = this.#platform as Platform;
    while (this.#filled < n) {
      const from = this.#origin + this.#filled;
      const read = platform.read(this.#file, this.#window, this.#filled, this.#window.length, from);
      if (read === 0) return;
      this.#filled += read;
    }
  }

  #big32(): number {
    if (!this.#need(4)) return 0;
    const bytes = this.#window;
    const at = this.#at;
    this.#at += 4;
    const low = (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
    return ((bytes[at] << 24) | low) >>> 0;
  }

  /** The decimal text of an integer of 8, 16 or 32 bits. */
  #integerText(encoding: number): void {
    const width = 1 << encoding;
    if (!this.#need(width)) return;
    let value = 0;
    for (let i = 0; i < width; i++) value |= this.#window[this.#at++] << (8 * i);
    const unused = 32 - 8 * width;
    value = (value << unused) >> unused;
    const digits = this.#digits;
    let at = digits.length;
    let rest = Math.abs(value);
    do {
      digits[--at] = 0x30 + (rest % 10);
      rest = Math.floor(rest / 10);
    } while (rest > 0);
    if (value < 0) digits[--at] = 0x2d;
    this.bytes = digits;
    this.start = at;
    this.end = digits.length;
  }

  #decompress(): void {
    const packed = this.length();
    const length = this.length();
    if (packed > this.left || length > packed * LZF_GROWTH || length > STRING_BYTES_MAX) {
      return this.fail("a compressed string says that it is longer than it can be");
    }
    if (!this.#need(packed)) return;
    this.#expanded += length;
    if (this.#isWhole && this.#expanded > this.expandedMax) {
      this.isTooLarge = true;
      return this.fail("its compressed strings come to more than there is room for");
    }
    if (this.#text.length < length || this.#text.length > Math.max(WINDOW_BYTES, 4 * length)) {
      this.#text = new Uint8Array(length);
    }
    const start = this.#at;
    this.#at += packed;
    if (!lzfDecompress(this.#window, start, start + packed, this.#text, length)) {
      return this.fail("a compressed string is not what it says");
    }
    this.bytes = this.#text;
    this.start = 0;
    this.end = length;
  }
}
