// The console's request line: what a person typed at `nc`, as the arguments of a request.
//
//   line = words LF      words = word { blanks word }
//   word = any mixture of plain bytes, "…" and '…'; a closing quote must be followed by a blank
//   "…"  knows \n \r \t \b \a \\ \" and \xNN;  '…' knows \' only;  elsewhere a backslash is itself
//
// That is how redis-cli reads a line. One thing is ours: the words of SET after its key join into
// one value, so that `SET k hello world` stores `hello world`. Options are taken off the end as
// long as they parse as options and do not contradict each other; a word in quotes is never an
// option, and at least one word stays the value:
//
//   SET k hello world EX 10 NX   value "hello world", EX 10, NX
//   SET k hello EX ten           value "hello EX ten"
//   SET k "get" 'NX'             value "get NX"
//
// Words are kept in one buffer with a single blank between them, so joining costs nothing.

import { asciiBytes } from "../base/bytes.ts";
import type { Arguments } from "./arguments.ts";

const BLANK = 0x20;
const DOUBLE = 0x22;
const SINGLE = 0x27;
const BACKSLASH = 0x5c;
const LETTER_X = 0x78;

const SET = asciiBytes("set");
const VALUE_AT = 2; // SET key value
const CONDITIONS = [asciiBytes("nx"), asciiBytes("xx")];
const GET = asciiBytes("get");
const KEEP_DEADLINE = asciiBytes("keepttl");
const DEADLINES = [asciiBytes("ex"), asciiBytes("px"), asciiBytes("exat"), asciiBytes("pxat")];

/** Parses console lines. The arguments it fills lie in a buffer of its own until the next line. */
export class ConsoleLine {
  #words = new Uint8Array(256);
  #end = 0;
  /** For each word, whether a quote opened in it. */
  #quoted = new Uint8Array(64);

  /**
   * Fills `args` with the words of bytes[start, end), its line feed left out; a blank line gives
   * none. Returns false where quotes do not balance.
   */
  parse(args: Arguments, bytes: Uint8Array, start: number, end: number): boolean {
    // A word never grows, and the blank after it takes the place of one that was there.
    if (this.#words.length <= end - start) this.#words = new Uint8Array(2 * (end - start));
    args.bytes = this.#words;
    args.count = 0;
    args.rawStart = -1;
    args.rawEnd = -1;
    this.#end = 0;
    let at = start;
    while (true) {
      while (at < end && isBlank(bytes[at])) at++;
      if (at === end) break;
      const wordStart = this.#end;
      at = this.#word(args.count, bytes, at, end);
      if (at < 0) return false;
      args.push(wordStart, this.#end);
      this.#words[this.#end++] = BLANK;
    }
    if (args.count > VALUE_AT + 1 && args.is(0, SET)) this.#joinValue(args);
    return true;
  }

  // Appends the word at `at` to the buffer; returns where it ends, or −1 within quotes.
  #word(index: number, bytes: Uint8Array, at: number, end: number): number {
    if (index === this.#quoted.length) {
      const longer = new Uint8Array(index * 2);
      longer.set(this.#quoted);
      this.#quoted = longer;
    }
    this.#quoted[index] = 0;
    let next = at;
    while (next < end && !isBlank(bytes[next])) {
      const byte = bytes[next];
      if (byte === DOUBLE || byte === SINGLE) {
        this.#quoted[index] = 1;
        next = this.#quotes(byte, bytes, next + 1, end);
        if (next < 0 || (next < end && !isBlank(bytes[next]))) return -1;
      } else {
        this.#words[this.#end++] = byte;
        next++;
      }
    }
    return next;
  }

  #quotes(quote: number, bytes: Uint8Array, at: number, end: number): number {
    let next = at;
    while (next < end) {
      let byte = bytes[next++];
      if (byte === quote) return next;
      if (byte === BACKSLASH && next < end) {
        if (quote === SINGLE) {
          if (bytes[next] === SINGLE) byte = bytes[next++];
        } else if (isHexEscape(bytes, next, end)) {
          byte = hexDigit(bytes[next + 1]) * 16 + hexDigit(bytes[next + 2]);
          next += 3;
        } else {
          byte = escaped(bytes[next++]);
        }
      }
      this.#words[this.#end++] = byte;
    }
    return -1;
  }

  #joinValue(args: Arguments): void {
    let valueEnd = args.count; // the words [VALUE_AT, valueEnd) are the value
    let hasDeadline = false;
    let hasCondition = false;
    let hasGet = false;
    while (valueEnd > VALUE_AT + 1) {
      const last = valueEnd - 1;
      if (!hasCondition && this.#isOneOf(args, last, CONDITIONS)) {
        hasCondition = true;
      } else if (!hasGet && this.#isWord(args, last, GET)) {
        hasGet = true;
      } else if (!hasDeadline && this.#isWord(args, last, KEEP_DEADLINE)) {
        hasDeadline = true;
      } else if (
        !hasDeadline &&
        last - 1 > VALUE_AT &&
        this.#isOneOf(args, last - 1, DEADLINES) &&
        isDecimal(args, last)
      ) {
        hasDeadline = true;
        valueEnd--;
      } else {
        break;
      }
      valueEnd--;
    }
    args.ends[VALUE_AT] = args.ends[valueEnd - 1];
    let to = VALUE_AT + 1;
    for (let from = valueEnd; from < args.count; from++, to++) {
      args.starts[to] = args.starts[from];
      args.ends[to] = args.ends[from];
    }
    args.count = to;
  }

  #isWord(args: Arguments, index: number, word: Uint8Array): boolean {
    return this.#quoted[index] === 0 && args.is(index, word);
  }

  #isOneOf(args: Arguments, index: number, words: readonly Uint8Array[]): boolean {
    return words.some((word) => this.#isWord(args, index, word));
  }
}

function isDecimal(args: Arguments, index: number): boolean {
  let at = args.starts[index];
  const end = args.ends[index];
  if (args.bytes[at] === 0x2d) at++;
  if (at === end) return false;
  for (; at < end; at++) if (args.bytes[at] < 0x30 || args.bytes[at] > 0x39) return false;
  return true;
}

function isBlank(byte: number): boolean {
  return byte === BLANK || (byte >= 0x09 && byte <= 0x0d);
}

function isHexEscape(bytes: Uint8Array, at: number, end: number): boolean {
  return (
    bytes[at] === LETTER_X &&
    at + 2 < end &&
    hexDigit(bytes[at + 1]) >= 0 &&
    hexDigit(bytes[at + 2]) >= 0
  );
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}

function escaped(byte: number): number {
  switch (byte) {
    case 0x6e:
      return 0x0a; // \n
    case 0x72:
      return 0x0d; // \r
    case 0x74:
      return 0x09; // \t
    case 0x62:
      return 0x08; // \b
    case 0x61:
      return 0x07; // \a
    default:
      return byte;
  }
}
