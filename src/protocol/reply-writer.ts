// The reply writer: RESP2 or RESP3, appended to one growing buffer. Every reply in the product is
// written here; the console's text and the embedded API's values are renderings of these bytes.
//
// Nothing is allocated unless the buffer must grow. `bytes` may be replaced when it grows: what
// holds a range must hold offsets, and read them from `bytes` when it uses them.
//
// Replies that wait together have at most REPLY_BYTES_MAX bytes, since ranges of them are named by
// 31-bit offsets. What a command writes beyond that goes nowhere (`overflowed`), and whoever had it
// executed puts an error in the place of its reply (`recover`).
//
// A read without a lock may meet lengths and links that are none (base/torn-read.ts). No room is
// made for a value that does not lie in its array, and such a read writes no further than about to
// `unlockedMax`: beyond, it has to come again with the lock.
// Format: RESP2 and RESP3 as redis.io/docs/reference/protocol-spec describes them.

import { copyBytes, utf8Length, writeLatin1, writeUtf8 } from "../base/bytes.ts";
import { formatDouble } from "../base/doubles.ts";
import { writeInteger, writeInteger64 } from "../base/integers.ts";
import { needLock } from "../base/lock-needed.ts";
import { torn } from "../base/torn-read.ts";
import { Errors, errorLine } from "./errors.ts";

const FIRST_BYTES = 16 * 1024;
/** The most that a command may reply, with what was replied before it in the same turn. */
export const REPLY_BYTES_MAX = 2 ** 31 - 1;
/** Room kept for the head of any one element: a type byte, a length and a line end. */
const HEAD_MAX = 32;

const CR = 13;
const LF = 10;

export class ReplyWriter {
  /** The replies: bytes[0, length). */
  bytes: Uint8Array = new Uint8Array(FIRST_BYTES);
  length = 0;
  protocol: 2 | 3 = 2;

  /** An error was written. Who wants to know of a command's sets it to false before. */
  failed = false;
  /** Where the last error's line begins. */
  lastErrorAt = 0;

  /** More was written than replies may have: `bytes` are not replies until `recover`. */
  overflowed = false;
  bytesMax = REPLY_BYTES_MAX;
  /** The buffer grows for no longer reply of a read without the lock. */
  unlockedMax: number = Number.POSITIVE_INFINITY;
  #kept: Uint8Array | undefined;

  /** Makes room for `extra` more bytes. */
  reserve(extra: number): void {
    if (this.length + extra > this.bytes.length) this.#grow(extra);
  }

  #grow(extra: number): void {
    if (this.length + extra > this.unlockedMax) needLock();
    if (this.overflowed || this.length + extra > this.bytesMax) {
      this.#overflow(extra);
      return;
    }
    let size = this.bytes.length * 2;
    while (size < this.length + extra) size *= 2;
    const longer = new Uint8Array(Math.min(size, this.bytesMax));
    longer.set(this.bytes.subarray(0, this.length));
    this.bytes = longer;
  }

  /** Makes room for a bulk string that ends at bytes[end]. */
  #growFor(bytes: Uint8Array, end: number, length: number): void {
    if (!(end <= bytes.length)) torn();
    this.#grow(length + HEAD_MAX);
  }

  /** From here on, what is written goes to a buffer of its own, over and over. */
  #overflow(extra: number): void {
    this.#kept ??= this.bytes;
    this.overflowed = true;
    if (this.bytes === this.#kept || this.bytes.length < extra) {
      this.bytes = new Uint8Array(extra + FIRST_BYTES);
    }
    this.length = 0;
  }

  /** Where it has overflowed: an error stands for all that was written behind `length`. */
  recover(length: number): void {
    if (this.#kept !== undefined) this.bytes = this.#kept;
    this.#kept = undefined;
    this.overflowed = false;
    this.length = length;
    this.error(Errors.replyTooLarge);
  }

  /** Appends bytes[start, end) as they are. */
  raw(bytes: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    copyBytes(bytes, start, end, this.bytes, this.length);
    this.length += end - start;
  }

  /** A bulk string. Torn where room is to be made for more than lies in the array. */
  bulk(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (!(this.length + length + HEAD_MAX <= this.bytes.length)) this.#growFor(bytes, end, length);
    const out = this.bytes;
    let at = this.length;
    out[at++] = 36;
    if (length < 10) out[at++] = 48 + length;
    else at = writeInteger(out, at, length);
    out[at++] = CR;
    out[at++] = LF;
    if (length <= 32) {
      for (let i = start; i < end; i++) out[at++] = bytes[i];
    } else {
      copyBytes(bytes, start, end, out, at);
      at += length;
    }
    out[at++] = CR;
    out[at++] = LF;
    this.length = at;
  }

  /** A bulk string of text, in UTF-8. */
  bulkText(text: string): void {
    const length = utf8Length(text);
    this.#head(36, length);
    this.reserve(length + 2);
    this.length = writeUtf8(text, this.bytes, this.length);
    this.#lineEnd();
  }

  /** A bulk string of text whose characters are bytes (a script's string). */
  bulkLatin1(text: string): void {
    const { length } = text;
    this.#head(36, length);
    this.reserve(length + 2);
    this.length = writeLatin1(text, this.bytes, this.length);
    this.#lineEnd();
  }

  /** A simple string of such text: no line breaks in it. */
  simpleLatin1(text: string): void {
    this.reserve(text.length + 3);
    this.bytes[this.length++] = 43;
    this.length = writeLatin1(text, this.bytes, this.length);
    this.#lineEnd();
  }

  /** A number of any length, in digits; in RESP2 a bulk string. */
  bigNumber(digits: string): void {
    if (this.protocol === 2) return this.bulkLatin1(digits);
    this.reserve(digits.length + 3);
    this.bytes[this.length++] = 40;
    this.length = writeLatin1(digits, this.bytes, this.length);
    this.#lineEnd();
  }

  /** As verbatim, of text whose characters are bytes, in a format of three characters. */
  verbatimLatin1(text: string, format: string): void {
    if (this.protocol === 2) return this.bulkLatin1(text);
    this.#head(61, text.length + 4);
    this.reserve(text.length + 6);
    this.length = writeLatin1(format.slice(0, 3).padEnd(3), this.bytes, this.length);
    this.bytes[this.length++] = 58;
    this.length = writeLatin1(text, this.bytes, this.length);
    this.#lineEnd();
  }

  /** A bulk string that spells an integer. */
  bulkInteger(n: number): void {
    this.reserve(HEAD_MAX * 2);
    const digits = this.length + 8;
    const length = writeInteger(this.bytes, digits, n) - digits;
    this.#head(36, length);
    this.bytes.copyWithin(this.length, digits, digits + length);
    this.length += length;
    this.#lineEnd();
  }

  /** Text such as INFO's: RESP3 marks it as plain text for people, RESP2 has a bulk string. */
  verbatim(text: string): void {
    if (this.protocol === 2) {
      this.bulkText(text);
      return;
    }
    const length = utf8Length(text);
    this.#head(61, length + 4);
    this.reserve(length + 6);
    this.length = writeUtf8("txt:", this.bytes, this.length);
    this.length = writeUtf8(text, this.bytes, this.length);
    this.#lineEnd();
  }

  /** A 64-bit integer within ±(2^53 − 1). */
  integer(n: number): void {
    if (this.length + HEAD_MAX > this.bytes.length) this.#grow(HEAD_MAX);
    const out = this.bytes;
    let at = this.length;
    out[at++] = 58;
    if (n >= 0 && n < 10) out[at++] = 48 + n;
    else at = writeInteger(out, at, n);
    out[at++] = CR;
    out[at++] = LF;
    this.length = at;
  }

  integer64(n: bigint): void {
    this.reserve(HEAD_MAX);
    this.bytes[this.length++] = 58;
    this.length = writeInteger64(this.bytes, this.length, n);
    this.#lineEnd();
  }

  /** RESP3 has a double, RESP2 its text in a bulk string. */
  double(n: number): void {
    // Whole numbers are written without a string.
    if ((n | 0) === n && !Object.is(n, -0)) {
      if (this.protocol === 2) return this.bulkInteger(n);
      this.reserve(HEAD_MAX);
      this.bytes[this.length++] = 44;
      this.length = writeInteger(this.bytes, this.length, n);
      return this.#lineEnd();
    }
    this.doubleText(formatDouble(n));
  }

  /** As double, of a number that is spelled already. */
  doubleText(text: string): void {
    if (this.protocol === 2) return this.bulkText(text);
    this.reserve(text.length + 3);
    this.bytes[this.length++] = 44;
    this.length = writeUtf8(text, this.bytes, this.length);
    this.#lineEnd();
  }

  /** A bulk string that spells a double. */
  bulkDouble(n: number): void {
    if ((n | 0) === n && !Object.is(n, -0)) this.bulkInteger(n);
    else this.bulkText(formatDouble(n));
  }

  /** A double whose decimal text is given: that of more digits than a float has. */
  decimal(bytes: Uint8Array, start: number, end: number): void {
    if (this.protocol === 2) {
      this.bulk(bytes, start, end);
      return;
    }
    this.reserve(end - start + 3);
    this.bytes[this.length++] = 44;
    this.raw(bytes, start, end);
    this.#lineEnd();
  }

  /** RESP3 has booleans, RESP2 the integers 1 and 0. */
  boolean(value: boolean): void {
    if (this.protocol === 2) {
      this.integer(value ? 1 : 0);
      return;
    }
    this.reserve(4);
    this.bytes[this.length++] = 35;
    this.bytes[this.length++] = value ? 116 : 102;
    this.#lineEnd();
  }

  /** A simple string: no line breaks in it. */
  simple(text: string): void {
    this.reserve(text.length * 3 + 3);
    this.bytes[this.length++] = 43;
    this.length = writeUtf8(text, this.bytes, this.length);
    this.#lineEnd();
  }

  ok(): void {
    if (this.length + 5 > this.bytes.length) this.#grow(5);
    const out = this.bytes;
    const at = this.length;
    out[at] = 43;
    out[at + 1] = 79;
    out[at + 2] = 75;
    out[at + 3] = CR;
    out[at + 4] = LF;
    this.length = at + 5;
  }

  /** Nothing found: a null, in RESP2 a null bulk string. */
  null(): void {
    if (this.length + 5 > this.bytes.length) this.#grow(5);
    const out = this.bytes;
    if (this.protocol === 2) {
      out[this.length] = 36;
      out[this.length + 1] = 45;
      out[this.length + 2] = 49;
      this.length += 3;
    } else {
      out[this.length++] = 95;
    }
    this.#lineEnd();
  }

  /** Nothing in the place of an array: a null, in RESP2 a null array. */
  nullArray(): void {
    this.reserve(5);
    if (this.protocol === 2) {
      this.bytes[this.length] = 42;
      this.bytes[this.length + 1] = 45;
      this.bytes[this.length + 2] = 49;
      this.length += 3;
    } else {
      this.bytes[this.length++] = 95;
    }
    this.#lineEnd();
  }

  /** The head of an array of n elements, which follow. */
  array(n: number): void {
    this.#head(42, n);
  }

  /** The head of a map of n pairs; in RESP2 an array of 2n elements. */
  map(n: number): void {
    if (this.protocol === 2) this.#head(42, n * 2);
    else this.#head(37, n);
  }

  /** The head of a set; in RESP2 an array. */
  set(n: number): void {
    this.#head(this.protocol === 2 ? 42 : 126, n);
  }

  /** The head of an out-of-band message; in RESP2 an array. */
  push(n: number): void {
    this.#head(this.protocol === 2 ? 42 : 62, n);
  }

  /** An error from protocol/errors.ts. */
  error(line: Uint8Array): void {
    this.failed = true;
    this.lastErrorAt = this.length;
    this.raw(line, 0, line.length);
  }

  /** An error made up as it happens: `text` begins with its code. */
  errorText(text: string): void {
    this.error(errorLine(text));
  }

  /**
   * Begins an array, set or map whose length is known only after its elements were written.
   * Returns the mark that endDeferred takes.
   */
  beginDeferred(): number {
    this.reserve(HEAD_MAX);
    const mark = this.length;
    this.length += DEFERRED_HEAD;
    return mark;
  }

  /** Closes what beginDeferred(mark) began, as an array of n elements. */
  endArray(mark: number, n: number): void {
    this.#endDeferred(mark, 42, n);
  }

  endSet(mark: number, n: number): void {
    this.#endDeferred(mark, this.protocol === 2 ? 42 : 126, n);
  }

  endMap(mark: number, n: number): void {
    if (this.protocol === 2) this.#endDeferred(mark, 42, n * 2);
    else this.#endDeferred(mark, 37, n);
  }

  // The elements move down to where the head turns out to end.
  #endDeferred(mark: number, type: number, n: number): void {
    if (this.overflowed) return;
    const end = this.length;
    this.length = mark;
    this.#head(type, n);
    this.bytes.copyWithin(this.length, mark + DEFERRED_HEAD, end);
    this.length += end - mark - DEFERRED_HEAD;
  }

  /** Takes back everything that was written behind `length`. */
  truncate(length: number): void {
    this.length = length;
  }

  #head(type: number, n: number): void {
    if (this.length + HEAD_MAX > this.bytes.length) this.#grow(HEAD_MAX);
    const out = this.bytes;
    out[this.length] = type;
    if (n < 10) {
      out[this.length + 1] = 48 + n;
      this.length += 2;
    } else {
      this.length = writeInteger(out, this.length + 1, n);
    }
    out[this.length] = CR;
    out[this.length + 1] = LF;
    this.length += 2;
  }

  #lineEnd(): void {
    this.reserve(2);
    this.bytes[this.length] = CR;
    this.bytes[this.length + 1] = LF;
    this.length += 2;
  }
}

const DEFERRED_HEAD = 16;
