// The request parser: RESP arrays of bulk strings, and Redis's inline requests.
//
//   request = array | inline
//   array   = "*" count CRLF count × ( "$" length CRLF bytes CRLF )
//   inline  = words CRLF          words in quotes as redis-cli has them; a NUL is any byte
//
// Bytes in, offsets out: nothing is copied from an array, and nothing is allocated. A request that
// is not whole yet is parsed again from its start when more bytes are there; one with very many
// arguments remembers how far it came, so that its cost stays linear.
// Limits and texts: Redis 7.2, networking.c (processMultibulkBuffer, processInlineBuffer).

import { parseInteger } from "../base/integers.ts";
import type { Arguments } from "./arguments.ts";

/** What parse() found. */
export const Parsed = {
  /** The request is not whole: `needed` says how many bytes from its start it takes at least. */
  incomplete: 0,
  /** A request: its arguments are filled in and `next` is behind it. */
  request: 1,
  /** Something without arguments (an empty line, "*0"): go on at `next`. */
  nothing: 2,
  /** Not the protocol: `error` says why; the connection is to be closed. */
  error: 3,
  /** A line that ended in a bare LF, [lineStart, lineEnd); go on at `next`. */
  console: 4,
} as const;

const LINE_MAX = 64 * 1024;
const RESUME_ARGUMENTS = 256;
/** `$0`, nothing, and the two line ends. */
const ARGUMENT_BYTES_MIN = 6;
const ARGUMENTS_UNAUTHENTICATED_MAX = 10;
const BULK_UNAUTHENTICATED_MAX = 16384;

const CR = 13;
const LF = 10;
const STAR = 42;
const DOLLAR = 36;

/** How far a request with many arguments has been parsed, relative to its start. */
export class Progress {
  count = 0;
  remaining = 0;
  at = 0;
  starts: Int32Array = new Int32Array(0);
  ends: Int32Array = new Int32Array(0);
}

export class RequestParser {
  next = 0;
  needed = 0;
  error = "";
  lineStart = 0;
  lineEnd = 0;
  /** Set with `incomplete` when parsing should go on from here; hand it to the next parse(). */
  progress: Progress | null = null;

  /** proto-max-bulk-len, in bytes. */
  bulkLengthMax = 512 * 1024 * 1024;

  #words: Uint8Array = new Uint8Array(1024);
  #number = 0;

  /**
   * Parses one request from bytes[start, end) into `args`; returns a value of Parsed.
   * @param authenticated whether the limits for unknown clients are lifted
   * @param progress what an earlier parse() of the same request left in `progress`, or null
   */
  parse(
    args: Arguments,
    bytes: Uint8Array,
    start: number,
    end: number,
    authenticated: boolean,
    progress: Progress | null,
  ): number {
    this.progress = null;
    if (start >= end) {
      this.needed = 1;
      return Parsed.incomplete;
    }
    if (bytes[start] !== STAR) return this.#parseInline(args, bytes, start, end);
    args.bytes = bytes;
    args.count = 0;
    let at: number;
    let remaining: number;
    if (progress === null) {
      at = this.#line(bytes, start + 1, end);
      if (at < 0) return this.#lineFailed(at, end - start, "too big mbulk count string");
      remaining = this.#number;
      if (Number.isNaN(remaining) || remaining > 2147483647) {
        return this.#fail("invalid multibulk length");
      }
      if (!authenticated && remaining > ARGUMENTS_UNAUTHENTICATED_MAX) {
        return this.#fail("unauthenticated multibulk length");
      }
      if (remaining <= 0) {
        this.next = at;
        return Parsed.nothing;
      }
    } else {
      for (let i = 0; i < progress.count; i++) {
        args.push(start + progress.starts[i], start + progress.ends[i]);
      }
      at = start + progress.at;
      remaining = progress.remaining;
    }
    for (; remaining > 0; remaining--) {
      if (at >= end) return this.#pause(args, start, at, remaining, end - start + 1);
      const named = bytes[at] === DOLLAR;
      const body = this.#line(bytes, named ? at + 1 : at, end);
      if (body < 0) {
        if (body === TOO_LONG) return this.#fail("too big bulk count string");
        return this.#pause(args, start, at, remaining, end - start + 1);
      }
      if (!named) {
        return this.#fail(`expected '$', got '${String.fromCharCode(bytes[at])}'`);
      }
      const length = this.#number;
      if (!(length >= 0 && length <= this.bulkLengthMax)) {
        return this.#fail("invalid bulk length");
      }
      if (!authenticated && length > BULK_UNAUTHENTICATED_MAX) {
        return this.#fail("unauthenticated bulk length");
      }
      if (body + length + 2 > end) {
        return this.#pause(args, start, at, remaining, body + length + 2 - start);
      }
      args.push(body, body + length);
      at = body + length + 2;
    }
    args.rawStart = start;
    args.rawEnd = at;
    this.next = at;
    return Parsed.request;
  }

  #pause(args: Arguments, start: number, at: number, remaining: number, needed: number): number {
    this.needed = needed;
    if (args.count >= RESUME_ARGUMENTS) {
      // Where very many are still to come, it is not looked at again before most can be there.
      const most = (remaining - RESUME_ARGUMENTS) * ARGUMENT_BYTES_MIN;
      this.needed = Math.max(needed, at - start + most);
      const progress = new Progress();
      progress.count = args.count;
      progress.remaining = remaining;
      progress.at = at - start;
      progress.starts = args.starts.slice(0, args.count);
      progress.ends = args.ends.slice(0, args.count);
      for (let i = 0; i < args.count; i++) {
        progress.starts[i] -= start;
        progress.ends[i] -= start;
      }
      this.progress = progress;
    }
    return Parsed.incomplete;
  }

  /**
   * Reads the decimal number of a header line into #number, as parseInteger has it: NaN where it is
   * no int64, ±Infinity for one beyond 2^53.
   * Returns where the line's successor begins, INCOMPLETE or TOO_LONG.
   */
  #line(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    let number = 0;
    while (at < end) {
      const digit = bytes[at] - 48;
      if (digit < 0 || digit > 9) break;
      number = number * 10 + digit;
      at++;
    }
    if (at + 1 < end && bytes[at] === CR && at > start && at - start < 16) {
      // string2ll takes no leading zeros.
      this.#number = bytes[start] === 48 && at - start > 1 ? Number.NaN : number;
      return at + 2;
    }
    return this.#oddLine(bytes, start, end);
  }

  #oddLine(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && bytes[at] !== CR) at++;
    if (at + 1 >= end) return end - start > LINE_MAX ? TOO_LONG : INCOMPLETE;
    this.#number = parseInteger(bytes, start, at);
    return at + 2;
  }

  #lineFailed(code: number, have: number, text: string): number {
    if (code === TOO_LONG) return this.#fail(text);
    this.needed = have + 1;
    return Parsed.incomplete;
  }

  #fail(text: string): number {
    this.error = `Protocol error: ${text}`;
    return Parsed.error;
  }

  #parseInline(args: Arguments, bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && bytes[at] !== LF) at++;
    if (at === end) {
      if (end - start > LINE_MAX) return this.#fail("too big inline request");
      this.needed = end - start + 1;
      return Parsed.incomplete;
    }
    this.next = at + 1;
    this.lineStart = start;
    this.lineEnd = at > start && bytes[at - 1] === CR ? at - 1 : at;
    if (this.lineEnd === at) return Parsed.console;
    return this.parseLine(args, bytes, start, at - 1);
  }

  /** Parses the words of an inline request, bytes[start, end) without the end of its line. */
  parseLine(args: Arguments, bytes: Uint8Array, start: number, end: number): number {
    if (this.#words.length < end - start) this.#words = new Uint8Array((end - start) * 2);
    const words = this.#words;
    args.bytes = words;
    args.count = 0;
    args.rawStart = -1;
    let out = 0;
    let at = start;
    for (;;) {
      while (at < end && isSpace(bytes[at])) at++;
      if (at >= end) break;
      const first = out;
      let quote = 0;
      for (;;) {
        const byte = at < end ? bytes[at] : LINE_END;
        if (quote === 0) {
          if (endsWord(byte)) break;
          if (byte === 34 || byte === 39) quote = byte;
          else words[out++] = byte;
          at++;
          continue;
        }
        if (byte === LINE_END) return this.#fail("unbalanced quotes in request");
        if (byte === quote) {
          at++;
          if (at < end && !isSpace(bytes[at])) {
            return this.#fail("unbalanced quotes in request");
          }
          quote = 0;
          break;
        }
        if (byte === 92 && at + 1 < end) {
          at = this.#escape(bytes, at, end, quote, out);
          out++;
        } else {
          words[out++] = byte;
          at++;
        }
      }
      args.push(first, out);
    }
    return args.count === 0 ? Parsed.nothing : Parsed.request;
  }

  /** Writes the byte that a backslash at `at` stands for; returns where the text goes on. */
  #escape(bytes: Uint8Array, at: number, end: number, quote: number, out: number): number {
    const next = bytes[at + 1];
    if (quote === 39) {
      this.#words[out] = next === 39 ? 39 : 92;
      return next === 39 ? at + 2 : at + 1;
    }
    if (next === 120 && at + 3 < end) {
      const high = hexDigit(bytes[at + 2]);
      const low = hexDigit(bytes[at + 3]);
      if (high >= 0 && low >= 0) {
        this.#words[out] = high * 16 + low;
        return at + 4;
      }
    }
    this.#words[out] =
      next === 110
        ? 10
        : next === 114
          ? 13
          : next === 116
            ? 9
            : next === 98
              ? 8
              : next === 97
                ? 7
                : next;
    return at + 2;
  }
}

const INCOMPLETE = -1;
const TOO_LONG = -2;

/** Stands for the byte behind the last of a line. */
const LINE_END = -1;

/** What may stand before a word and must stand behind a closing quote: C's isspace(). */
function isSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}

/** Whether a word without quotes ends here. VT and FF are no ends, only more of it. */
function endsWord(byte: number): boolean {
  return byte === 32 || byte === 9 || byte === CR || byte === LINE_END;
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
