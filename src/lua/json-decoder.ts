// JSON as values of Lua, as lua-cjson reads it: the same values, and the same complaints.
//
// It takes more than JSON. Numbers are read by strtod, which knows hexadecimal ones, inf and nan,
// leading zeros and a plus sign (unless a setting says otherwise). The text ends at its first zero
// byte, whatever follows. Strings are bytes; \u escapes become UTF-8, of surrogates only in pairs.
//
// Tables are made empty and filled in the order of the text, as C does it, which decides the order
// of `pairs`. Those not yet full are kept on a stack, so that the work can be left and depth costs
// none of JavaScript's.

import type { JsonSettings } from "./json-settings.ts";
import { C_STACK_MAX } from "./limits.ts";
import type { LongWork } from "./long-work.ts";
import { NULL } from "./null.ts";
import { scanEnd, scanNumber } from "./numbers.ts";
import type { LuaTable } from "./table.ts";
import { BYTES } from "./text-builder.ts";
import type { LuaThread } from "./thread.ts";
import type { LuaValue } from "./values.ts";

const TOKEN = {
  OBJ_BEGIN: 0,
  OBJ_END: 1,
  ARR_BEGIN: 2,
  ARR_END: 3,
  STRING: 4,
  NUMBER: 5,
  BOOLEAN: 6,
  NULL: 7,
  COLON: 8,
  COMMA: 9,
  END: 10,
  WHITESPACE: 11,
  ERROR: 12,
  /** It takes more than its first byte to tell. */
  UNKNOWN: 13,
} as const;

/** No token is to come. */
const DONE = -1;

/** What an error says was found. */
const NAMES: readonly string[] = Object.keys(TOKEN).map((name) => `T_${name}`);

/** The token that a byte begins. */
const tokenOf = new Uint8Array(256).fill(TOKEN.ERROR);
for (const byte of 'fiInNt"+-0123456789') tokenOf[byte.charCodeAt(0)] = TOKEN.UNKNOWN;
for (const byte of " \t\n\r") tokenOf[byte.charCodeAt(0)] = TOKEN.WHITESPACE;
for (const [byte, token] of [
  ["{", TOKEN.OBJ_BEGIN],
  ["}", TOKEN.OBJ_END],
  ["[", TOKEN.ARR_BEGIN],
  ["]", TOKEN.ARR_END],
  [",", TOKEN.COMMA],
  [":", TOKEN.COLON],
  ["\0", TOKEN.END],
] as const) {
  tokenOf[byte.charCodeAt(0)] = token;
}

const ESCAPED: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  t: "\t",
  n: "\n",
  f: "\f",
  r: "\r",
};

const QUOTE = 34;
const BACKSLASH = 92;
/** A number of so many digits is exact in the making. */
const PLAIN_DIGITS_MAX = 15;

/** A table that is not yet full. */
class Filling {
  readonly table: LuaTable;
  readonly isObject: boolean;
  key = "";
  index = 1;

  constructor(table: LuaTable, isObject: boolean) {
    this.table = table;
    this.isObject = isObject;
  }
}

export class JsonDecoder implements LongWork {
  readonly #thread: LuaThread;
  readonly #settings: JsonSettings;
  readonly #text: string;
  readonly #fillings: Filling[] = [];
  #at = 0;
  /** Values on C's stack: an array is one, an object with a key two. */
  #slots = 1;
  /** The token that comes next, once it is known; its value, place and fault. */
  #token: number = TOKEN.ERROR;
  #isBegun = false;
  left = 0;
  #string = "";
  #number = 0;
  #boolean = false;
  #place = 0;
  #fault = "";
  #result: LuaValue = undefined;

  constructor(thread: LuaThread, settings: JsonSettings, text: string) {
    this.#thread = thread;
    this.#settings = settings;
    this.#text = text;
  }

  finish(thread: LuaThread, base: number): number {
    thread.stack[base] = this.#result;
    return 1;
  }

  run(steps: number): boolean {
    let token = this.#isBegun ? this.#token : this.#next();
    this.#isBegun = true;
    let left = steps;
    for (; left > 0 && token !== DONE; left--) {
      let value: LuaValue;
      switch (token) {
        case TOKEN.STRING:
          value = this.#string;
          left -= this.#string.length >> 6;
          break;
        case TOKEN.NUMBER:
          value = this.#number;
          break;
        case TOKEN.BOOLEAN:
          value = this.#boolean;
          break;
        case TOKEN.NULL:
          value = NULL;
          break;
        case TOKEN.OBJ_BEGIN:
        case TOKEN.ARR_BEGIN: {
          const isObject = token === TOKEN.OBJ_BEGIN;
          const table = this.#open(isObject);
          token = this.#next();
          if (token !== (isObject ? TOKEN.OBJ_END : TOKEN.ARR_END)) {
            const filling = new Filling(table, isObject);
            this.#fillings.push(filling);
            this.#slots += isObject ? 2 : 1;
            if (isObject) token = this.#key(filling, token);
            continue;
          }
          value = table;
          break;
        }
        default:
          throw this.#failure("value", token);
      }
      token = this.#put(value);
    }
    this.left = left;
    this.#token = token;
    return token === DONE;
  }

  /** Puts a value, and each table that is full then, where it belongs; returns the next token. */
  #put(first: LuaValue): number {
    const fillings = this.#fillings;
    let value = first;
    for (;;) {
      const token = this.#next();
      if (fillings.length === 0) {
        if (token !== TOKEN.END) throw this.#failure("the end", token);
        this.#result = value;
        return DONE;
      }
      const filling = fillings[fillings.length - 1];
      const { table, isObject } = filling;
      if (isObject) table.setString(filling.key, value);
      else table.setNumber(filling.index++, value);
      if (token === TOKEN.COMMA) return isObject ? this.#key(filling, this.#next()) : this.#next();
      if (token !== (isObject ? TOKEN.OBJ_END : TOKEN.ARR_END)) {
        throw this.#failure(isObject ? "comma or object end" : "comma or array end", token);
      }
      fillings.pop();
      this.#slots -= isObject ? 2 : 1;
      value = table;
    }
  }

  /** Takes a pair's key, of which `token` is the first token; returns the first of its value. */
  #key(filling: Filling, token: number): number {
    if (token !== TOKEN.STRING) throw this.#failure("object key string", token);
    filling.key = this.#string;
    const colon = this.#next();
    if (colon !== TOKEN.COLON) throw this.#failure("colon", colon);
    return this.#next();
  }

  #open(isObject: boolean): LuaTable {
    const depth = this.#fillings.length + 1;
    if (depth > this.#settings.decodeDepthMax || this.#slots + (isObject ? 3 : 2) > C_STACK_MAX) {
      throw this.#thread.state.failure(
        `Found too many nested data structures (${depth}) at character ${this.#at}`,
      );
    }
    return this.#thread.state.newTable(0, 0);
  }

  #failure(expected: string, token: number): unknown {
    const found = token === TOKEN.ERROR ? this.#fault : NAMES[token];
    return this.#thread.state.failure(
      `Expected ${expected} but found ${found} at character ${this.#place + 1}`,
    );
  }

  #wrong(fault: string): number {
    this.#fault = fault;
    this.#place = this.#at;
    return TOKEN.ERROR;
  }

  /** The byte at an index, 0 behind the end. */
  #code(at: number): number {
    return at < this.#text.length ? this.#text.charCodeAt(at) : 0;
  }

  #next(): number {
    const text = this.#text;
    let at = this.#at;
    let code = this.#code(at);
    while (tokenOf[code] === TOKEN.WHITESPACE) code = this.#code(++at);
    this.#at = at;
    this.#place = at;
    const token = tokenOf[code];
    if (token === TOKEN.ERROR) return this.#wrong("invalid token");
    if (token === TOKEN.END) return token;
    if (token !== TOKEN.UNKNOWN) {
      this.#at = at + 1;
      return token;
    }
    if (code === QUOTE) return this.#scanString();
    if (code === 45 || (code >= 48 && code <= 57)) {
      if (!this.#settings.decodeInvalidNumbers && this.#isInvalidNumber()) {
        return this.#wrong("invalid number");
      }
      return this.#scanNumber();
    }
    if (text.startsWith("true", at)) return this.#word(TOKEN.BOOLEAN, 4, true);
    if (text.startsWith("false", at)) return this.#word(TOKEN.BOOLEAN, 5, false);
    if (text.startsWith("null", at)) return this.#word(TOKEN.NULL, 4, false);
    if (this.#settings.decodeInvalidNumbers && this.#isInvalidNumber()) return this.#scanNumber();
    return this.#wrong("invalid token");
  }

  #word(token: number, length: number, value: boolean): number {
    this.#at += length;
    this.#boolean = value;
    return token;
  }

  #scanNumber(): number {
    const start = this.#at;
    const isNegative = this.#code(start) === 45;
    let at = isNegative ? start + 1 : start;
    const first = at;
    let value = 0;
    let code = this.#code(at);
    while (code >= 48 && code <= 57) {
      value = value * 10 + code - 48;
      code = this.#code(++at);
    }
    const digits = at - first;
    // A point, an exponent, "0x", "-inf" and too many digits need more care.
    const letter = code | 32;
    const isPlain = code !== 46 && letter !== 101 && letter !== 120 && digits > 0;
    if (!isPlain || digits > PLAIN_DIGITS_MAX) {
      const number = scanNumber(this.#text, start);
      if (number === undefined) return this.#wrong("invalid number");
      this.#number = number;
      this.#at = scanEnd;
      return TOKEN.NUMBER;
    }
    this.#number = isNegative ? -value : value;
    this.#at = at;
    return TOKEN.NUMBER;
  }

  /** Whether what stands here is none of JSON's numbers though strtod may take it. */
  #isInvalidNumber(): boolean {
    let at = this.#at;
    if (this.#code(at) === 43) return true;
    if (this.#code(at) === 45) at++;
    const code = this.#code(at);
    if (code === 48) {
      const next = this.#code(at + 1);
      return (next | 32) === 120 || (next >= 48 && next <= 57);
    }
    // C compares signed bytes.
    if (code <= 57 || code >= 128) return false;
    const word = this.#text.slice(at, at + 3).toLowerCase();
    return word === "inf" || word === "nan";
  }

  #scanString(): number {
    const text = this.#text;
    let at = this.#at + 1;
    let from = at;
    let built = "";
    for (;;) {
      const code = at < text.length ? text.charCodeAt(at) : 0;
      if (code === QUOTE) break;
      if (code === 0) {
        this.#at = at;
        return this.#wrong("unexpected end of string");
      }
      if (code !== BACKSLASH) {
        at++;
        continue;
      }
      if (at > from) built += text.slice(from, at);
      const letter = text[at + 1] ?? "";
      if (letter === "u") {
        const point = this.#codePoint(at);
        if (point < 0) {
          this.#at = at;
          return this.#wrong("invalid unicode escape code");
        }
        built += utf8(point);
        at += point >= 0x10000 ? 12 : 6;
      } else {
        const escaped = Object.hasOwn(ESCAPED, letter) ? ESCAPED[letter] : "";
        if (escaped === "") {
          this.#at = at;
          return this.#wrong("invalid escape code");
        }
        built += escaped;
        at += 2;
      }
      from = at;
    }
    this.#string = built === "" ? text.slice(from, at) : built + text.slice(from, at);
    this.#at = at + 1;
    return TOKEN.STRING;
  }

  /** The character of the \u escape at an index, or of the pair of them; -1: it is none. */
  #codePoint(at: number): number {
    const unit = this.#hexadecimal(at + 2);
    if (unit < 0 || (unit & 0xf800) !== 0xd800) return unit;
    if ((unit & 0x400) !== 0) return -1;
    if (this.#code(at + 6) !== BACKSLASH || this.#text[at + 7] !== "u") return -1;
    const low = this.#hexadecimal(at + 8);
    if (low < 0 || (low & 0xfc00) !== 0xdc00) return -1;
    return (((unit & 0x3ff) << 10) | (low & 0x3ff)) + 0x10000;
  }

  /** Four hexadecimal digits, or -1. */
  #hexadecimal(start: number): number {
    let value = 0;
    for (let at = start; at < start + 4; at++) {
      const code = this.#code(at);
      const letter = code | 32;
      if (code >= 48 && code <= 57) value = value * 16 + code - 48;
      else if (letter >= 97 && letter <= 102) value = value * 16 + letter - 87;
      else return -1;
    }
    return value;
  }
}

/** The bytes of a character in UTF-8. */
function utf8(point: number): string {
  if (point < 0x80) return BYTES[point];
  const last = BYTES[0x80 | (point & 63)];
  if (point < 0x800) return BYTES[0xc0 | (point >> 6)] + last;
  const second = BYTES[0x80 | ((point >> 6) & 63)];
  if (point < 0x10000) return BYTES[0xe0 | (point >> 12)] + second + last;
  return BYTES[0xf0 | (point >> 18)] + BYTES[0x80 | ((point >> 12) & 63)] + second + last;
}
