// The library `cjson`: JSON in both directions (json-encoder.ts, json-decoder.ts), with the
// settings and the errors of lua-cjson 2.1.0 as Redis has it. `cjson.new` makes another table of
// functions with settings of its own. JSON's null is `cjson.null`, as a table cannot hold nil.

import { argumentError, checkNumber, checkString, isAbsent } from "./arguments.ts";
import { lowInt32 } from "./casts.ts";
import { JsonDecoder } from "./json-decoder.ts";
import { JsonEncoder } from "./json-encoder.ts";
import { INVALID_NUMBERS, JsonSettings } from "./json-settings.ts";
import { workOn } from "./long-work.ts";
import { NULL } from "./null.ts";
import type { LuaTable } from "./table.ts";
import { type LuaState, type LuaThread, NativeFunction } from "./thread.ts";
import type { LuaValue } from "./values.ts";

const INT_MAX = 2 ** 31 - 1;
const PRECISION_MAX = 14;
const SWITCH = ["off", "on"];
const SWITCH_OR_NULL = ["off", "on", "null"];

export function openCjson(state: LuaState): LuaTable {
  const settings = new JsonSettings();
  // Empty at first, as C makes it: `pairs` shows it.
  const table = state.newTable(0, 0);
  for (const [name, code] of FUNCTIONS) {
    table.setString(
      name,
      new NativeFunction(name, (thread, base, count) => code(thread, base, count, settings)),
    );
  }
  table.setString("null", NULL);
  table.setString("_NAME", "cjson");
  table.setString("_VERSION", "2.1.0");
  return table;
}

type JsonCode = (thread: LuaThread, base: number, count: number, settings: JsonSettings) => number;

const FUNCTIONS: readonly (readonly [name: string, code: JsonCode])[] = [
  ["encode", encode],
  ["decode", decode],
  ["encode_sparse_array", encodeSparseArray],
  ["encode_max_depth", encodeMaxDepth],
  ["decode_max_depth", decodeMaxDepth],
  ["encode_number_precision", encodeNumberPrecision],
  ["encode_keep_buffer", encodeKeepBuffer],
  ["encode_invalid_numbers", encodeInvalidNumbers],
  ["decode_invalid_numbers", decodeInvalidNumbers],
  ["new", newCjson],
];

function encode(thread: LuaThread, base: number, count: number, settings: JsonSettings): number {
  if (count !== 1) argumentError(thread, 1, "expected 1 argument");
  return workOn(thread, base, new JsonEncoder(thread, settings, thread.stack[base]));
}

function decode(thread: LuaThread, base: number, count: number, settings: JsonSettings): number {
  if (count !== 1) argumentError(thread, 1, "expected 1 argument");
  const text = checkString(thread, base, count, 1);
  if (text.length >= 2 && (text[0] === "\0" || text[1] === "\0")) {
    throw thread.state.failure("JSON parser does not support UTF-16 or UTF-32");
  }
  return workOn(thread, base, new JsonDecoder(thread, settings, text));
}

function newCjson(thread: LuaThread, base: number): number {
  thread.stack[base] = openCjson(thread.state);
  return 1;
}

// Each setting's function sets what its arguments give, leaves what they do not, and returns what
// holds then.

function encodeSparseArray(
  thread: LuaThread,
  base: number,
  count: number,
  settings: JsonSettings,
): number {
  checkCount(thread, count, 3);
  const convert = Number(settings.sparseConvert);
  settings.sparseConvert = choice(thread, base, count, convert, SWITCH) === 1;
  settings.sparseRatio = integer(thread, base, count, 2, settings.sparseRatio, 0, INT_MAX);
  settings.sparseSafe = integer(thread, base, count, 3, settings.sparseSafe, 0, INT_MAX);
  thread.ensureStack(base + 3);
  thread.stack[base] = settings.sparseConvert;
  thread.stack[base + 1] = settings.sparseRatio;
  thread.stack[base + 2] = settings.sparseSafe;
  return 3;
}

function encodeMaxDepth(
  thread: LuaThread,
  base: number,
  count: number,
  settings: JsonSettings,
): number {
  checkCount(thread, count, 1);
  const depth = integer(thread, base, count, 1, settings.encodeDepthMax, 1, INT_MAX);
  settings.encodeDepthMax = depth;
  return one(thread, base, depth);
}

function decodeMaxDepth(
  thread: LuaThread,
  base: number,
  count: number,
  settings: JsonSettings,
): number {
  checkCount(thread, count, 1);
  const depth = integer(thread, base, count, 1, settings.decodeDepthMax, 1, INT_MAX);
  settings.decodeDepthMax = depth;
  return one(thread, base, depth);
}

function encodeNumberPrecision(
  thread: LuaThread,
  base: number,
  count: number,
  settings: JsonSettings,
): number {
  checkCount(thread, count, 1);
  const digits = integer(thread, base, count, 1, settings.precision, 1, PRECISION_MAX);
  settings.precision = digits;
  return one(thread, base, digits);
}

function encodeKeepBuffer(
  thread: LuaThread,
  base: number,
  count: number,
  settings: JsonSettings,
): number {
  checkCount(thread, count, 1);
  const kept = choice(thread, base, count, Number(settings.keepBuffer), SWITCH) === 1;
  settings.keepBuffer = kept;
  return one(thread, base, kept);
}

function encodeInvalidNumbers(
  thread: LuaThread,
  base: number,
  count: number,
  settings: JsonSettings,
): number {
  checkCount(thread, count, 1);
  const way = choice(thread, base, count, settings.encodeInvalidNumbers, SWITCH_OR_NULL);
  settings.encodeInvalidNumbers = way;
  return one(thread, base, way === INVALID_NUMBERS.NULL ? "null" : way === INVALID_NUMBERS.ON);
}

function decodeInvalidNumbers(
  thread: LuaThread,
  base: number,
  count: number,
  settings: JsonSettings,
): number {
  checkCount(thread, count, 1);
  const taken = choice(thread, base, count, Number(settings.decodeInvalidNumbers), SWITCH) === 1;
  settings.decodeInvalidNumbers = taken;
  return one(thread, base, taken);
}

function one(thread: LuaThread, base: number, value: LuaValue): number {
  thread.ensureStack(base + 1);
  thread.stack[base] = value;
  return 1;
}

function checkCount(thread: LuaThread, count: number, most: number): void {
  if (count > most) argumentError(thread, most + 1, "found too many arguments");
}

function integer(
  thread: LuaThread,
  base: number,
  count: number,
  n: number,
  otherwise: number,
  least: number,
  most: number,
): number {
  if (isAbsent(thread, base, count, n)) return otherwise;
  const value = lowInt32(checkNumber(thread, base, count, n));
  if (value < least || value > most) {
    // Whichever argument it is, C calls it the first.
    argumentError(thread, 1, `expected integer between ${least} and ${most}`);
  }
  return value;
}

/** The first argument: a boolean, or one of the words; the number of the word. */
function choice(
  thread: LuaThread,
  base: number,
  count: number,
  otherwise: number,
  words: readonly string[],
): number {
  if (isAbsent(thread, base, count, 1)) return otherwise;
  const value = thread.stack[base];
  if (typeof value === "boolean") return Number(value);
  const word = checkString(thread, base, count, 1);
  // The word ends at its first zero byte where C compares it.
  const index = words.indexOf(word.split("\0", 1)[0]);
  if (index < 0) argumentError(thread, 1, `invalid option '${word.split("\0", 1)[0]}'`);
  return index;
}
