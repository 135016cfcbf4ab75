// Words of a chunk, one after the other, as Lua 5.1 cuts them. A token is a number: a character's
// code below 256, or one of Token. Names, strings and numbers have a value besides.
//
// Errors are worded as luac words them, "near" the text of the token as far as it has been read.
// That text is `buffer`: of the last name, string or number read, so that of a token looked ahead
// at counts.

import { COMPILE_NAME_MAX, shownName } from "./chunk-name.ts";
import { parseNumber } from "./numbers.ts";
import { LuaError } from "./values.ts";

const WORDS = [
  "and",
  "break",
  "do",
  "else",
  "elseif",
  "end",
  "false",
  "for",
  "function",
  "if",
  "in",
  "local",
  "nil",
  "not",
  "or",
  "repeat",
  "return",
  "then",
  "true",
  "until",
  "while",
  "..",
  "...",
  "==",
  ">=",
  "<=",
  "~=",
  "<number>",
  "<name>",
  "<string>",
  "<eof>",
];

const FIRST = 257;

export const Token = {
  and: FIRST,
  break: FIRST + 1,
  do: FIRST + 2,
  else: FIRST + 3,
  elseif: FIRST + 4,
  end: FIRST + 5,
  false: FIRST + 6,
  for: FIRST + 7,
  function: FIRST + 8,
  if: FIRST + 9,
  in: FIRST + 10,
  local: FIRST + 11,
  nil: FIRST + 12,
  not: FIRST + 13,
  or: FIRST + 14,
  repeat: FIRST + 15,
  return: FIRST + 16,
  thenWord: FIRST + 17,
  true: FIRST + 18,
  until: FIRST + 19,
  while: FIRST + 20,
  concat: FIRST + 21,
  dots: FIRST + 22,
  equal: FIRST + 23,
  greaterEqual: FIRST + 24,
  lessEqual: FIRST + 25,
  notEqual: FIRST + 26,
  number: FIRST + 27,
  name: FIRST + 28,
  string: FIRST + 29,
  endOfText: FIRST + 30,
} as const;

const reserved = new Map(WORDS.slice(0, 21).map((word, index) => [word, FIRST + index]));

// Classes of characters, as C's locale has them: one byte of bits for each.
const ALPHA = 1;
const DIGIT = 2;
const SPACE = 4;
const classes = new Uint8Array(256);
for (let c = 0; c < 256; c++) {
  const text = String.fromCharCode(c);
  if (/[A-Za-z_]/.test(text)) classes[c] |= ALPHA;
  if (/[0-9]/.test(text)) classes[c] |= DIGIT;
  if (/[ \t\n\v\f\r]/.test(text)) classes[c] |= SPACE;
}

const NEWLINE = 10;
const RETURN = 13;
const BACKSLASH = 92;
const EQUAL = 61;
const OPEN = 91;
const CLOSE = 93;
const DOT = 46;
const END = -1;

/** The escapes of one letter. */
const escapes = new Map([
  ["a", "\x07"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
]);

export class Lexer {
  token: number = Token.endOfText;
  text = "";
  number = 0;
  /** The line that has been read to, and that of the token before the present one. */
  line = 1;
  lastLine = 1;
  buffer = "";
  readonly chunk: string;
  readonly #source: string;
  readonly #names: Map<string, string> = new Map();
  #at = 0;
  #ahead: number = Token.endOfText;
  #aheadText = "";
  #aheadNumber = 0;

  constructor(source: string, chunk: string) {
    this.#source = source;
    this.chunk = chunk;
  }

  /** Goes on to the next token. */
  next(): void {
    this.lastLine = this.line;
    if (this.#ahead !== Token.endOfText) {
      this.token = this.#ahead;
      this.text = this.#aheadText;
      this.number = this.#aheadNumber;
      this.#ahead = Token.endOfText;
    } else {
      this.token = this.#read();
    }
  }

  /** The token behind the present one. */
  lookAhead(): number {
    const { text, number } = this;
    this.#ahead = this.#read();
    this.#aheadText = this.text;
    this.#aheadNumber = this.number;
    this.text = text;
    this.number = number;
    return this.#ahead;
  }

  static describe(token: number): string {
    if (token >= FIRST) return WORDS[token - FIRST];
    const control = token < 32 || token === 127;
    return control ? `char(${token})` : String.fromCharCode(token);
  }

  /** An error at the line that has been read to, near `token`; 0: near nothing. */
  error(message: string, token: number): LuaError {
    const where = `${shownName(this.chunk, COMPILE_NAME_MAX)}:${this.line}: ${message}`;
    if (token === 0) return new LuaError(where);
    const isText = token === Token.name || token === Token.string || token === Token.number;
    const near = isText ? this.buffer : Lexer.describe(token);
    const zero = near.indexOf("\0");
    return new LuaError(`${where} near '${zero < 0 ? near : near.slice(0, zero)}'`);
  }

  syntaxError(message: string): LuaError {
    return this.error(message, this.token);
  }

  #peek(): number {
    return this.#at < this.#source.length ? this.#source.charCodeAt(this.#at) : END;
  }

  #read(): number {
    const source = this.#source;
    for (;;) {
      if (this.#at >= source.length) return Token.endOfText;
      const c = source.charCodeAt(this.#at);
      const kind = classes[c];
      if ((kind & ALPHA) !== 0) return this.#readName();
      if ((kind & DIGIT) !== 0) return this.#readNumber(this.#at);
      if (c === NEWLINE || c === RETURN) {
        this.#newLine(c);
        continue;
      }
      this.#at++;
      if ((kind & SPACE) !== 0) continue;
      switch (c) {
        case 45: // -
          if (this.#peek() !== 45) return c;
          this.#at++;
          this.#skipComment();
          continue;
        case OPEN: {
          this.#at--;
          const level = this.#separator();
          if (level >= 0) return this.#readLong(level, true);
          if (level === -1) return OPEN;
          this.buffer = `[${"=".repeat(-1 - level)}`;
          throw this.error("invalid long string delimiter", Token.string);
        }
        case EQUAL:
          return this.#either(EQUAL, Token.equal, EQUAL);
        case 60:
          return this.#either(EQUAL, Token.lessEqual, 60);
        case 62:
          return this.#either(EQUAL, Token.greaterEqual, 62);
        case 126:
          return this.#either(EQUAL, Token.notEqual, 126);
        case 34:
        case 39:
          return this.#readString(c);
        case DOT: {
          const next = this.#peek();
          // To C a zero byte is one of any set of characters that it looks for.
          if (next === DOT || next === 0) {
            this.#at++;
            return this.#either(this.#peek() === 0 ? 0 : DOT, Token.dots, Token.concat);
          }
          if (next >= 0 && (classes[next] & DIGIT) !== 0) return this.#readNumber(this.#at - 1);
          return DOT;
        }
        default:
          return c;
      }
    }
  }

  #either(next: number, then: number, otherwise: number): number {
    if (this.#peek() !== next) return otherwise;
    this.#at++;
    return then;
  }

  #newLine(c: number): void {
    this.#at++;
    const other = this.#peek();
    if ((other === NEWLINE || other === RETURN) && other !== c) this.#at++;
    this.line++;
  }

  #readName(): number {
    const source = this.#source;
    const start = this.#at;
    let at = start + 1;
    while (at < source.length && (classes[source.charCodeAt(at)] & (ALPHA | DIGIT)) !== 0) at++;
    this.#at = at;
    const text = source.slice(start, at);
    const word = reserved.get(text);
    if (word !== undefined) return word;
    this.text = this.#same(text);
    this.buffer = text;
    return Token.name;
  }

  /** One string for all that are equal: comparing it is then comparing a pointer. */
  #same(text: string): string {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    this.#names.set(text, text);
    return text;
  }

  #readNumber(start: number): number {
    const source = this.#source;
    let at = this.#at;
    const isAt = (mask: number): boolean =>
      at < source.length && (classes[source.charCodeAt(at)] & mask) !== 0;
    while (isAt(DIGIT) || source[at] === ".") at++;
    // A zero byte passes as an exponent's letter and sign, as it does for "..".
    if (source[at] === "E" || source[at] === "e" || source[at] === "\0") {
      at++;
      if (source[at] === "+" || source[at] === "-" || source[at] === "\0") at++;
    }
    while (isAt(ALPHA | DIGIT)) at++;
    this.#at = at;
    this.buffer = source.slice(start, at);
    const number = parseNumber(this.buffer);
    if (number === undefined) throw this.error("malformed number", Token.number);
    this.number = number;
    return Token.number;
  }

  #skipComment(): void {
    if (this.#peek() === OPEN) {
      const level = this.#separator();
      if (level >= 0) {
        this.#readLong(level, false);
        return;
      }
    }
    const source = this.#source;
    let at = this.#at;
    while (at < source.length) {
      const c = source.charCodeAt(at);
      if (c === NEWLINE || c === RETURN) break;
      at++;
    }
    this.#at = at;
  }

  /** Reads `[==` or `]==`: the number of `=` where the bracket follows again, else −1 − number. */
  #separator(): number {
    const bracket = this.#peek();
    this.#at++;
    let count = 0;
    while (this.#peek() === EQUAL) {
      this.#at++;
      count++;
    }
    return this.#peek() === bracket ? count : -count - 1;
  }

  #readLong(level: number, isString: boolean): number {
    const source = this.#source;
    const bracket = "=".repeat(level);
    this.#at++;
    let c = this.#peek();
    if (c === NEWLINE || c === RETURN) this.#newLine(c);
    let value = "";
    let start = this.#at;
    for (;;) {
      c = this.#peek();
      if (c === END) {
        throw this.error(
          isString ? "unfinished long string" : "unfinished long comment",
          Token.endOfText,
        );
      }
      if (c === OPEN) {
        if (this.#separator() === level) {
          this.#at++;
          if (level === 0) throw this.error("nesting of [[...]] is deprecated", OPEN);
        }
      } else if (c === CLOSE) {
        const end = this.#at;
        if (this.#separator() === level) {
          this.#at++;
          value += source.slice(start, end);
          break;
        }
      } else if (c === NEWLINE || c === RETURN) {
        value += `${source.slice(start, this.#at)}\n`;
        this.#newLine(c);
        start = this.#at;
      } else {
        this.#at++;
      }
    }
    if (isString) {
      this.buffer = `[${bracket}[${value}]${bracket}]`;
      this.text = this.#same(value);
    }
    return Token.string;
  }

  #readString(quote: number): number {
    const source = this.#source;
    const mark = String.fromCharCode(quote);
    let value = "";
    let start = this.#at;
    for (;;) {
      const c = this.#peek();
      if (c === quote) break;
      if (c === END || c === NEWLINE || c === RETURN) {
        this.buffer = mark + value + source.slice(start, this.#at);
        throw this.error("unfinished string", c === END ? Token.endOfText : Token.string);
      }
      if (c === BACKSLASH) {
        value += source.slice(start, this.#at);
        this.#at++;
        value += this.#readEscape(mark + value);
        start = this.#at;
      } else {
        this.#at++;
      }
    }
    value += source.slice(start, this.#at);
    this.#at++;
    this.buffer = mark + value + mark;
    this.text = this.#same(value);
    return Token.string;
  }

  #readEscape(before: string): string {
    const c = this.#peek();
    if (c === END) return "";
    if (c === NEWLINE || c === RETURN) {
      this.#newLine(c);
      return "\n";
    }
    if ((classes[c] & DIGIT) === 0) {
      this.#at++;
      const letter = String.fromCharCode(c);
      return escapes.get(letter) ?? letter;
    }
    let code = 0;
    for (let i = 0; i < 3; i++) {
      const digit = this.#peek();
      if (digit < 0 || (classes[digit] & DIGIT) === 0) break;
      code = code * 10 + digit - 48;
      this.#at++;
    }
    if (code > 255) {
      this.buffer = before;
      throw this.error("escape sequence too large", Token.string);
    }
    return String.fromCharCode(code);
  }
}
