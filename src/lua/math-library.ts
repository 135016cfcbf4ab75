// The math library. `random` and `randomseed` are Redis's: the same numbers for the same seed on
// any machine (random.ts).

import { argumentError, checkNumber } from "./arguments.ts";
import { failure } from "./errors.ts";
import { library } from "./library.ts";
import { RANDOM_MAX } from "./random.ts";
import type { LuaTable } from "./table.ts";
import type { LuaState, LuaThread, NativeCode } from "./thread.ts";

const RADIANS_PER_DEGREE = Math.PI / 180;

export function openMath(state: LuaState): LuaTable {
  const table = library(state, [
    ["abs", ofOne(Math.abs)],
    ["acos", ofOne(Math.acos)],
    ["asin", ofOne(Math.asin)],
    ["atan2", ofTwo(Math.atan2)],
    ["atan", ofOne(Math.atan)],
    ["ceil", ofOne(Math.ceil)],
    ["cosh", ofOne(Math.cosh)],
    ["cos", ofOne(Math.cos)],
    ["deg", ofOne((x) => x / RADIANS_PER_DEGREE)],
    ["exp", ofOne(Math.exp)],
    ["floor", ofOne(Math.floor)],
    ["fmod", ofTwo((x, y) => x % y)],
    ["frexp", split],
    ["ldexp", ofTwo((x, exponent) => scale(x, exponent | 0))],
    ["log10", ofOne(Math.log10)],
    ["log", ofOne(Math.log)],
    ["max", max],
    ["min", min],
    ["modf", parts],
    ["pow", ofTwo((x, y) => x ** y)],
    ["rad", ofOne((x) => x * RADIANS_PER_DEGREE)],
    ["random", random],
    ["randomseed", seed],
    ["sinh", ofOne(Math.sinh)],
    ["sin", ofOne(Math.sin)],
    ["sqrt", ofOne(Math.sqrt)],
    ["tanh", ofOne(Math.tanh)],
    ["tan", ofOne(Math.tan)],
  ]);
  table.setString("pi", Math.PI);
  table.setString("huge", Number.POSITIVE_INFINITY);
  table.setString("mod", table.getString("fmod"));
  return table;
}

function ofOne(work: (x: number) => number): NativeCode {
  return (thread, base, count) => {
    thread.stack[base] = work(checkNumber(thread, base, count, 1));
    return 1;
  };
}

function ofTwo(work: (x: number, y: number) => number): NativeCode {
  return (thread, base, count) => {
    // C reads its arguments from the right.
    const second = checkNumber(thread, base, count, 2);
    thread.stack[base] = work(checkNumber(thread, base, count, 1), second);
    return 1;
  };
}

function max(thread: LuaThread, base: number, count: number): number {
  let result = checkNumber(thread, base, count, 1);
  for (let n = 2; n <= count; n++) {
    const value = checkNumber(thread, base, count, n);
    if (value > result) result = value;
  }
  thread.stack[base] = result;
  return 1;
}

function min(thread: LuaThread, base: number, count: number): number {
  let result = checkNumber(thread, base, count, 1);
  for (let n = 2; n <= count; n++) {
    const value = checkNumber(thread, base, count, n);
    if (value < result) result = value;
  }
  thread.stack[base] = result;
  return 1;
}

function parts(thread: LuaThread, base: number, count: number): number {
  const value = checkNumber(thread, base, count, 1);
  const whole = Math.trunc(value);
  thread.stack[base] = whole;
  const isInfinite = value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY;
  const rest = isInfinite ? 0 : value - whole;
  // The part behind the point has the number's sign, also where it is zero.
  thread.stack[base + 1] = rest === 0 && (value < 0 || Object.is(value, -0)) ? -0 : rest;
  return 2;
}

function split(thread: LuaThread, base: number, count: number): number {
  const value = checkNumber(thread, base, count, 1);
  let exponent = 0;
  let mantissa = value;
  if (value !== 0 && Number.isFinite(value)) {
    let size = Math.abs(value);
    // Subnormal numbers are made larger first: their logarithm would be of fewer bits.
    if (size < 2 ** -1022) {
      size *= 2 ** 54;
      exponent = -54;
    }
    let power = Math.floor(Math.log2(size)) + 1;
    mantissa = scale(size, -power);
    if (mantissa >= 1) {
      mantissa /= 2;
      power++;
    } else if (mantissa < 0.5) {
      mantissa *= 2;
      power--;
    }
    exponent += power;
    if (value < 0) mantissa = -mantissa;
  }
  thread.stack[base] = mantissa;
  thread.stack[base + 1] = exponent;
  return 2;
}

/** x · 2^exponent, in steps whose factors are numbers and that round once. */
function scale(x: number, exponent: number): number {
  let [value, left] = [x, Math.max(-3000, Math.min(3000, exponent))];
  while (left > 1000) {
    value *= 2 ** 1000;
    left -= 1000;
  }
  if (left >= -1000) return value * 2 ** left;
  // Towards the subnormal numbers only the last step may lose bits.
  while (left < -1000 && Math.abs(value) > 2 ** -20) {
    value *= 2 ** -900;
    left += 900;
    if (left >= -1000) return value * 2 ** left;
  }
  return value * 2 ** Math.max(left, -1000) * 2 ** Math.min(0, left + 1000);
}

function random(thread: LuaThread, base: number, count: number): number {
  const fraction = (thread.state.random.next() % RANDOM_MAX) / RANDOM_MAX;
  const { stack } = thread;
  if (count === 0) {
    stack[base] = fraction;
    return 1;
  }
  const first = checkNumber(thread, base, count, 1) | 0;
  if (count === 1) {
    if (first < 1) argumentError(thread, 1, "interval is empty");
    stack[base] = Math.floor(fraction * first) + 1;
    return 1;
  }
  if (count > 2) throw failure(thread, "wrong number of arguments");
  const last = checkNumber(thread, base, count, 2) | 0;
  if (first > last) argumentError(thread, 2, "interval is empty");
  // C's integers have 32 bits, and so has their difference.
  stack[base] = Math.floor(fraction * ((last - first + 1) | 0)) + first;
  return 1;
}

function seed(thread: LuaThread, base: number, count: number): number {
  thread.state.random.seed(checkNumber(thread, base, count, 1) | 0);
  return 0;
}
