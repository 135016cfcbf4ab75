// How native functions read their arguments, and the errors that they make of wrong ones, in the
// words of Lua's auxiliary library. `n` is the argument's number, from 1, as the errors count them.

import { calledName, failure, typeName } from "./errors.ts";
import { numberText, parseNumber } from "./numbers.ts";
import { LuaTable } from "./table.ts";
import type { LuaThread } from "./thread.ts";
import { LuaFunction, type LuaValue } from "./values.ts";

export { typeName } from "./errors.ts";

/** Throws "bad argument #1 to 'rep' (…)", with the name that the caller called the function by. */
export function argumentError(thread: LuaThread, n: number, text: string): never {
  const { name, isMethod } = calledName(thread);
  if (isMethod && n === 1) throw failure(thread, `calling '${name}' on bad self (${text})`);
  const number = isMethod ? n - 1 : n;
  throw failure(thread, `bad argument #${number} to '${name}' (${text})`);
}

export function typeError(
  thread: LuaThread,
  base: number,
  count: number,
  n: number,
  expected: string,
): never {
  const got = n > count ? "no value" : typeName(thread.stack[base + n - 1]);
  argumentError(thread, n, `${expected} expected, got ${got}`);
}

/** An argument of any kind, but one there must be. */
export function checkAny(thread: LuaThread, base: number, count: number, n: number): LuaValue {
  if (n > count) argumentError(thread, n, "value expected");
  return thread.stack[base + n - 1];
}

export function checkNumber(thread: LuaThread, base: number, count: number, n: number): number {
  const value = n > count ? undefined : thread.stack[base + n - 1];
  if (typeof value === "number") return value;
  if (typeof value === "string") {
    const number = parseNumber(value);
    if (number !== undefined) return number;
  }
  typeError(thread, base, count, n, "number");
}

/** C's cast of the number to a 64-bit integer: towards zero, and −2^63 where it has no room. */
export function checkInteger(thread: LuaThread, base: number, count: number, n: number): number {
  const value = checkNumber(thread, base, count, n);
  return (value | 0) === value ? value : toInteger(value);
}

export function toInteger(value: number): number {
  return value >= -(2 ** 63) && value < 2 ** 63 ? Math.trunc(value) + 0 : -(2 ** 63);
}

/** A string, or a number as text. */
export function checkString(thread: LuaThread, base: number, count: number, n: number): string {
  const value = n > count ? undefined : thread.stack[base + n - 1];
  if (typeof value === "string") return value;
  if (typeof value === "number") return numberText(value);
  typeError(thread, base, count, n, "string");
}

export function checkTable(thread: LuaThread, base: number, count: number, n: number): LuaTable {
  const value = n > count ? undefined : thread.stack[base + n - 1];
  if (value instanceof LuaTable) return value;
  typeError(thread, base, count, n, "table");
}

export function checkFunction(
  thread: LuaThread,
  base: number,
  count: number,
  n: number,
): LuaFunction {
  const value = n > count ? undefined : thread.stack[base + n - 1];
  if (value instanceof LuaFunction) return value;
  typeError(thread, base, count, n, "function");
}

/** Whether the argument is nil or there is none. */
export function isAbsent(thread: LuaThread, base: number, count: number, n: number): boolean {
  return n > count || thread.stack[base + n - 1] === undefined;
}

export function optionalNumber(
  thread: LuaThread,
  base: number,
  count: number,
  n: number,
  otherwise: number,
): number {
  if (isAbsent(thread, base, count, n)) return otherwise;
  return checkNumber(thread, base, count, n);
}

export function optionalInteger(
  thread: LuaThread,
  base: number,
  count: number,
  n: number,
  otherwise: number,
): number {
  if (isAbsent(thread, base, count, n)) return otherwise;
  return checkInteger(thread, base, count, n);
}

export function optionalString(
  thread: LuaThread,
  base: number,
  count: number,
  n: number,
  otherwise: string,
): string {
  if (isAbsent(thread, base, count, n)) return otherwise;
  return checkString(thread, base, count, n);
}
