// The library `bit` (Lua BitOp): integers of 32 bits, taken from any number modulo 2^32.
//
// A number is rounded to the nearest integer, ties to even, by the addition of 2^52 + 2^51: the low
// word of the sum's binary form is the integer. So it is done here, too, which gives numbers beyond
// 2^51 the same (meaningless) bits as they have in C. Results are signed.

import { checkNumber } from "./arguments.ts";
import { library } from "./library.ts";
import type { LuaTable } from "./table.ts";
import type { LuaState, LuaThread } from "./thread.ts";

export function openBit(state: LuaState): LuaTable {
  return library(state, [
    ["tobit", toBit],
    ["bnot", not],
    ["band", and],
    ["bor", or],
    ["bxor", exclusiveOr],
    ["lshift", shiftLeft],
    ["rshift", shiftRight],
    ["arshift", shiftArithmetic],
    ["rol", rotateLeft],
    ["ror", rotateRight],
    ["bswap", swap],
    ["tohex", toHexadecimal],
  ]);
}

const ROUNDING = 2 ** 52 + 2 ** 51;
const HEX_DIGITS_MAX = 8;
const sum = new Float64Array(1);
/** The words of `sum`, the low one first. */
const words = new Int32Array(sum.buffer);
sum[0] = 1;
const LOW = words[0] === 0 ? 0 : 1;

/** An argument as 32 bits, signed. */
function bits(thread: LuaThread, base: number, count: number, n: number): number {
  const value = checkNumber(thread, base, count, n);
  if ((value | 0) === value) return value | 0;
  sum[0] = value + ROUNDING;
  return words[LOW];
}

function toBit(thread: LuaThread, base: number, count: number): number {
  thread.stack[base] = bits(thread, base, count, 1);
  return 1;
}

function not(thread: LuaThread, base: number, count: number): number {
  thread.stack[base] = ~bits(thread, base, count, 1);
  return 1;
}

function and(thread: LuaThread, base: number, count: number): number {
  let value = bits(thread, base, count, 1);
  for (let n = count; n > 1; n--) value &= bits(thread, base, count, n);
  thread.stack[base] = value;
  return 1;
}

function or(thread: LuaThread, base: number, count: number): number {
  let value = bits(thread, base, count, 1);
  for (let n = count; n > 1; n--) value |= bits(thread, base, count, n);
  thread.stack[base] = value;
  return 1;
}

function exclusiveOr(thread: LuaThread, base: number, count: number): number {
  let value = bits(thread, base, count, 1);
  for (let n = count; n > 1; n--) value ^= bits(thread, base, count, n);
  thread.stack[base] = value;
  return 1;
}

// JavaScript's shifts take a count modulo 32, as this library does.

function shiftLeft(thread: LuaThread, base: number, count: number): number {
  const value = bits(thread, base, count, 1);
  thread.stack[base] = value << bits(thread, base, count, 2);
  return 1;
}

function shiftRight(thread: LuaThread, base: number, count: number): number {
  const value = bits(thread, base, count, 1);
  thread.stack[base] = (value >>> bits(thread, base, count, 2)) | 0;
  return 1;
}

function shiftArithmetic(thread: LuaThread, base: number, count: number): number {
  const value = bits(thread, base, count, 1);
  thread.stack[base] = value >> bits(thread, base, count, 2);
  return 1;
}

function rotateLeft(thread: LuaThread, base: number, count: number): number {
  const value = bits(thread, base, count, 1);
  const by = bits(thread, base, count, 2);
  thread.stack[base] = (value << by) | (value >>> -by);
  return 1;
}

function rotateRight(thread: LuaThread, base: number, count: number): number {
  const value = bits(thread, base, count, 1);
  const by = bits(thread, base, count, 2);
  thread.stack[base] = (value << -by) | (value >>> by);
  return 1;
}

function swap(thread: LuaThread, base: number, count: number): number {
  const value = bits(thread, base, count, 1);
  const inner = ((value >>> 8) & 0xff00) | ((value & 0xff00) << 8);
  thread.stack[base] = (value >>> 24) | inner | (value << 24);
  return 1;
}

/** The last digits of the number, as many as the second argument says; negative: in capitals. */
function toHexadecimal(thread: LuaThread, base: number, count: number): number {
  const value = bits(thread, base, count, 1);
  const wanted = count < 2 ? HEX_DIGITS_MAX : bits(thread, base, count, 2);
  const digits = Math.min(Math.abs(wanted), HEX_DIGITS_MAX);
  const text = (value >>> 0).toString(16).padStart(HEX_DIGITS_MAX, "0");
  const last = text.slice(HEX_DIGITS_MAX - digits);
  thread.stack[base] = wanted < 0 ? last.toUpperCase() : last;
  return 1;
}
