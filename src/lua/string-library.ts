// The string library of Lua 5.1, without its patterns (string-patterns.ts).
//
// Strings are bytes, one character of a JavaScript string for each, and the locale is C: only the
// letters of ASCII have another size. Positions count from 1, and from the end where they are
// negative. string.dump gives the head of a binary chunk and no code: Redis loads no binary chunks,
// so nobody can tell.

import {
  argumentError,
  checkFunction,
  checkInteger,
  checkNumber,
  checkString,
  optionalInteger,
} from "./arguments.ts";
import {
  type Conversion,
  formatCharacter,
  formatFloat,
  formatSigned,
  formatText,
  formatUnsigned,
  parseConversion,
} from "./c-format.ts";
import { lowInt32 } from "./casts.ts";
import { library } from "./library.ts";
import { C_STACK_MAX } from "./limits.ts";
import { position, stringFind, stringGmatch, stringGsub, stringMatch } from "./string-patterns.ts";
import type { LuaTable } from "./table.ts";
import { TextBuilder } from "./text-builder.ts";
import { LuaClosure, type LuaState, type LuaThread } from "./thread.ts";

/** The string library's table; it is the `__index` of all strings as well. */
export function openString(state: LuaState): LuaTable {
  const table = library(state, [
    ["byte", byte],
    ["char", char],
    ["dump", dump],
    ["find", stringFind],
    ["format", format],
    ["gfind", stringGmatch],
    ["gmatch", stringGmatch],
    ["gsub", stringGsub],
    ["len", length],
    ["lower", lower],
    ["match", stringMatch],
    ["rep", repeat],
    ["reverse", reverse],
    ["sub", sub],
    ["upper", upper],
  ]);
  // In C gfind is gmatch itself under its older name.
  table.setString("gfind", table.getString("gmatch"));
  const metatable = state.newTable(0, 1);
  metatable.setString("__index", table);
  state.stringMetatable = metatable;
  return table;
}

function length(thread: LuaThread, base: number, count: number): number {
  thread.stack[base] = checkString(thread, base, count, 1).length;
  return 1;
}

function sub(thread: LuaThread, base: number, count: number): number {
  const text = checkString(thread, base, count, 1);
  const start = position(checkInteger(thread, base, count, 2), text.length);
  const end = position(optionalInteger(thread, base, count, 3, -1), text.length);
  thread.stack[base] = start <= end ? text.slice(start < 1 ? 0 : start - 1, end) : "";
  return 1;
}

function byte(thread: LuaThread, base: number, count: number): number {
  const text = checkString(thread, base, count, 1);
  let start = position(optionalInteger(thread, base, count, 2, 1), text.length);
  let end = position(optionalInteger(thread, base, count, 3, start), text.length);
  if (start < 1) start = 1;
  if (end > text.length) end = text.length;
  const bytes = end - start + 1;
  if (bytes <= 0) return 0;
  if (count + bytes > C_STACK_MAX) {
    throw thread.state.failure("stack overflow (string slice too long)");
  }
  thread.ensureStack(base + bytes);
  for (let i = 0; i < bytes; i++) thread.stack[base + i] = text.charCodeAt(start - 1 + i);
  return bytes;
}

function char(thread: LuaThread, base: number, count: number): number {
  let text = "";
  for (let n = 1; n <= count; n++) {
    const code = lowInt32(checkNumber(thread, base, count, n));
    if (code < 0 || code > 255) argumentError(thread, n, "invalid value");
    text += String.fromCharCode(code);
  }
  thread.stack[base] = text;
  return 1;
}

/**
 * Signature, version 5.1, format 0, little endian, sizes of int, size_t, code, number; no integers.
 */
const CHUNK_HEAD = "\x1bLua\x51\0\x01\x04\x08\x04\x08\0";

function dump(thread: LuaThread, base: number, count: number): number {
  const dumped = checkFunction(thread, base, count, 1);
  if (!(dumped instanceof LuaClosure)) {
    throw thread.state.failure("unable to dump given function");
  }
  thread.stack[base] = CHUNK_HEAD;
  return 1;
}

const UNCOUNTED_LENGTH = 64;
const LENGTH_SHIFT = 8;

/** A string of that length is about to be made: it costs memory and time. */
function pay(thread: LuaThread, length: number): void {
  if (length <= UNCOUNTED_LENGTH) return;
  thread.state.checkString(length);
  thread.state.budget -= length >> LENGTH_SHIFT;
}

// Beyond ASCII, JavaScript would change letters that C leaves alone.
const ASCII = /^[\x00-\x7f]*$/;

function lower(thread: LuaThread, base: number, count: number): number {
  const text = checkString(thread, base, count, 1);
  pay(thread, text.length);
  thread.stack[base] = ASCII.test(text)
    ? text.toLowerCase()
    : text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  return 1;
}

function upper(thread: LuaThread, base: number, count: number): number {
  const text = checkString(thread, base, count, 1);
  pay(thread, text.length);
  thread.stack[base] = ASCII.test(text)
    ? text.toUpperCase()
    : text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
  return 1;
}

function repeat(thread: LuaThread, base: number, count: number): number {
  const text = checkString(thread, base, count, 1);
  const times = lowInt32(checkNumber(thread, base, count, 2));
  if (times <= 0 || text === "") thread.stack[base] = "";
  else {
    pay(thread, text.length * times);
    thread.stack[base] = text.repeat(times);
  }
  return 1;
}

function reverse(thread: LuaThread, base: number, count: number): number {
  const text = checkString(thread, base, count, 1);
  pay(thread, text.length);
  let reversed = "";
  for (let i = text.length - 1; i >= 0; i--) reversed += text[i];
  thread.stack[base] = reversed;
  return 1;
}

/** A part of a format: text that stands for itself, and then perhaps a conversion. */
interface FormatPart {
  readonly text: string;
  readonly conversion: Conversion | null;
}

const FORMAT_KEPT_MAX = 256;
const keptFormats = new Map<string, FormatPart[]>();

function formatParts(text: string): FormatPart[] {
  const kept = keptFormats.get(text);
  if (kept !== undefined) return kept;
  const parts: FormatPart[] = [];
  let literal = "";
  let at = 0;
  while (at < text.length) {
    const percent = text.indexOf("%", at);
    if (percent < 0) break;
    literal += text.slice(at, percent);
    if (text[percent + 1] === "%") {
      literal += "%";
      at = percent + 2;
      continue;
    }
    const conversion = parseConversion(text, percent + 1);
    parts.push({ text: literal, conversion });
    literal = "";
    at = conversion.error === "" ? conversion.end : text.length;
  }
  literal += text.slice(at);
  if (literal !== "") parts.push({ text: literal, conversion: null });
  if (text.length <= FORMAT_KEPT_MAX) {
    if (keptFormats.size >= FORMAT_KEPT_MAX) keptFormats.clear();
    keptFormats.set(text, parts);
  }
  return parts;
}

function format(thread: LuaThread, base: number, count: number): number {
  const parts = formatParts(checkString(thread, base, count, 1));
  const built = new TextBuilder(thread.state);
  let n = 1;
  for (let i = 0; i < parts.length; i++) {
    const { text, conversion } = parts[i];
    if (text !== "") built.append(text);
    if (conversion === null) continue;
    n++;
    if (n > count) argumentError(thread, n, "no value");
    built.append(converted(thread, base, count, n, conversion));
  }
  thread.stack[base] = built.text;
  return 1;
}

function converted(
  thread: LuaThread,
  base: number,
  count: number,
  n: number,
  conversion: Conversion,
): string {
  if (conversion.error !== "") throw thread.state.failure(conversion.error);
  switch (conversion.letter) {
    case "d":
    case "i": {
      const value = checkNumber(thread, base, count, n);
      if (conversion.isPlain && (value | 0) === value) return `${value | 0}`;
      return formatSigned(conversion, value);
    }
    case "s": {
      const text = checkString(thread, base, count, n);
      // C's buffer is too short for such a text, so Lua takes it as it is, zero bytes and all.
      if (conversion.precision < 0 && text.length >= 100) return text;
      return formatText(conversion, text);
    }
    case "o":
    case "u":
    case "x":
    case "X":
      return formatUnsigned(conversion, checkNumber(thread, base, count, n));
    case "e":
    case "E":
    case "f":
    case "g":
    case "G":
      return formatFloat(conversion, checkNumber(thread, base, count, n));
    case "c":
      return formatCharacter(conversion, checkNumber(thread, base, count, n));
    case "q":
      return quoted(checkString(thread, base, count, n));
    default: {
      // The letter that is missing at the end of the format is C's zero byte, which is not shown.
      const letter = conversion.letter === "\0" ? "" : conversion.letter;
      throw thread.state.failure(`invalid option '%${letter}' to 'format'`);
    }
  }
}

const TO_QUOTE = /["\\\n\r\0]/g;

/** A text as Lua's own source would have it. */
function quoted(text: string): string {
  return `"${text.replace(TO_QUOTE, quote)}"`;
}

function quote(byte: string): string {
  if (byte === "\r") return "\\r";
  return byte === "\0" ? "\\000" : `\\${byte}`;
}
