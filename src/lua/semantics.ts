// What instructions mean where the interpreter's short way does not do: metamethods, strings that
// are taken for numbers, values of the wrong type. Registers are named where an error may have to
// say what a value is called; −1: it has no name.
//
// A metamethod that is a Lua function gets a frame, and the instruction is over; its result goes
// where the instruction's would have gone. The interpreter goes on with the frame on top either
// way.

import { calculate } from "./arithmetic.ts";
import { callNested, metamethod, metatableOf } from "./calls.ts";
import { failure, typeFailure, typeName } from "./errors.ts";
import { numberText, parseNumber } from "./numbers.ts";
import { CHAIN_MAX, Event, LuaTable } from "./table.ts";
import { type LuaClosure, type LuaThread, LuaUserdata, Mode } from "./thread.ts";
import { LuaFunction, type LuaValue } from "./values.ts";

const arithmeticEvents = ["__add", "__sub", "__mul", "__div", "__mod", "__pow"];

/** The first slot that the running Lua function does not use. */
function freeSlot(thread: LuaThread): number {
  const { frame } = thread;
  return frame.base + (frame.closure as LuaClosure).prototype.registers;
}

/** The metamethod that a metatable has; looked for in vain, that is remembered. */
function eventOf(metatable: LuaTable | null, bit: number, name: string): LuaValue {
  if (metatable === null || (metatable.absent & bit) !== 0) return undefined;
  const handler = metatable.getString(name);
  if (handler === undefined) metatable.absent |= bit;
  return handler;
}

/** stack[target] = object[key] */
export function getIndexed(
  thread: LuaThread,
  object: LuaValue,
  key: LuaValue,
  target: number,
  register: number,
): void {
  const { stack } = thread;
  let from = object;
  for (let i = 0; i < CHAIN_MAX; i++) {
    let handler: LuaValue;
    if (from instanceof LuaTable) {
      const value = from.get(key);
      if (value !== undefined) {
        stack[target] = value;
        return;
      }
      handler = from.metatable === null ? undefined : from.metatable.indexHandler;
      if (handler === undefined) {
        stack[target] = undefined;
        return;
      }
    } else {
      handler = metamethod(thread, from, "__index");
      if (handler === undefined) throw typeFailure(thread, from, i === 0 ? register : -1, "index");
    }
    if (handler instanceof LuaFunction) {
      callMetamethod(thread, handler, from, key, Mode.value, target, 1);
      return;
    }
    from = handler;
  }
  throw failure(thread, "loop in gettable");
}

/** object[key] = value */
export function setIndexed(
  thread: LuaThread,
  object: LuaValue,
  key: LuaValue,
  value: LuaValue,
  register: number,
): void {
  let into = object;
  for (let i = 0; i < CHAIN_MAX; i++) {
    let handler: LuaValue;
    if (into instanceof LuaTable) {
      if (into.readonly) throw failure(thread, "Attempt to modify a readonly table");
      handler = eventOf(into.metatable, Event.newindex, "__newindex");
      if (handler === undefined || into.get(key) !== undefined) {
        checkKey(thread, key);
        into.set(key, value);
        return;
      }
      // C has made an entry for the key by now, which counts for the table's order.
      checkKey(thread, key);
      into.set(key, undefined);
    } else {
      handler = metamethod(thread, into, "__newindex");
      if (handler === undefined) throw typeFailure(thread, into, i === 0 ? register : -1, "index");
    }
    if (handler instanceof LuaFunction) {
      const at = freeSlot(thread);
      thread.stack[at + 3] = value;
      callPrepared(thread, at, handler, into, key, 3, Mode.discard, at, 0);
      return;
    }
    into = handler;
  }
  throw failure(thread, "loop in settable");
}

/** Keys that no table takes. */
export function checkKey(thread: LuaThread, key: LuaValue): void {
  if (key === undefined) throw failure(thread, "table index is nil");
  if (typeof key === "number" && Number.isNaN(key)) throw failure(thread, "table index is NaN");
}

/** stack[target] = left operator right; `operator` of Arithmetic. */
export function arithmetic(
  thread: LuaThread,
  operator: number,
  left: LuaValue,
  right: LuaValue,
  target: number,
  leftRegister: number,
  rightRegister: number,
): void {
  const a = toNumber(left);
  const b = a === undefined ? undefined : toNumber(right);
  if (a !== undefined && b !== undefined) {
    thread.stack[target] = calculate(operator, a, b);
    return;
  }
  const event = arithmeticEvents[operator];
  if (callBinary(thread, event, left, right, target, Mode.value)) return;
  throw a === undefined
    ? typeFailure(thread, left, leftRegister, "perform arithmetic on")
    : typeFailure(thread, right, rightRegister, "perform arithmetic on");
}

export function minus(thread: LuaThread, value: LuaValue, target: number, register: number): void {
  const number = toNumber(value);
  if (number !== undefined) thread.stack[target] = -number;
  else if (!callBinary(thread, "__unm", value, value, target, Mode.value)) {
    throw typeFailure(thread, value, register, "perform arithmetic on");
  }
}

export function lengthOf(
  thread: LuaThread,
  value: LuaValue,
  target: number,
  register: number,
): void {
  if (value instanceof LuaTable) thread.stack[target] = value.length();
  else if (typeof value === "string") thread.stack[target] = value.length;
  else {
    const handler = metamethod(thread, value, "__len");
    if (handler === undefined) throw typeFailure(thread, value, register, "get length of");
    callMetamethod(thread, handler, value, undefined, Mode.value, target, 1);
  }
}

/**
 * stack[first] .. … .. stack[last] into stack[target]: from the right, as many strings and numbers
 * at a time as there are. Where a metamethod has to be called its result takes the place of two.
 */
export function concat(thread: LuaThread, first: number, last: number, target: number): void {
  const { stack } = thread;
  let end = last;
  while (end > first) {
    const right = stack[end];
    const left = stack[end - 1];
    if (!isText(left) || !isText(right)) {
      if (callBinary(thread, "__concat", left, right, end - 1, Mode.concat)) return;
      const { base } = thread.frame;
      if (isText(left)) throw typeFailure(thread, right, end - base, "concatenate");
      throw typeFailure(thread, left, end - 1 - base, "concatenate");
    }
    let text = typeof right === "number" ? numberText(right) : (right as string);
    let at = end - 1;
    for (; at >= first; at--) {
      const value = stack[at];
      if (typeof value === "string") text = joined(thread, value, text);
      else if (typeof value === "number") text = joined(thread, numberText(value), text);
      else break;
    }
    end = at + 1;
    stack[end] = text;
  }
  stack[target] = stack[first];
}

/** From this length on, strings that are made count as memory. */
export const COUNTED_LENGTH = 256;

export function joined(thread: LuaThread, left: string, right: string): string {
  const length = left.length + right.length;
  if (length >= COUNTED_LENGTH) thread.state.checkString(length);
  return left + right;
}

/**
 * Whether both are equal; where a metamethod is to say it, it is called for the comparison (null).
 */
export function equals(
  thread: LuaThread,
  a: LuaValue,
  b: LuaValue,
  wanted: number,
): boolean | null {
  if (a === b) return true;
  const areTables = a instanceof LuaTable && b instanceof LuaTable;
  if (!areTables && !(a instanceof LuaUserdata && b instanceof LuaUserdata)) return false;
  const handler = eventOf(a.metatable, Event.eq, "__eq");
  if (handler === undefined) return false;
  if (a.metatable !== b.metatable && eventOf(b.metatable, Event.eq, "__eq") !== handler)
    return false;
  callMetamethod(thread, handler, a, b, Mode.test, 0, wanted);
  return null;
}

/**
 * Whether a < b; null: a metamethod has been called, and the comparison goes on with its result.
 */
export function lessThan(
  thread: LuaThread,
  a: LuaValue,
  b: LuaValue,
  wanted: number,
): boolean | null {
  if (typeof a === "number" && typeof b === "number") return a < b;
  if (typeof a === "string" && typeof b === "string") return a < b;
  if (typeName(a) === typeName(b) && callOrder(thread, "__lt", a, b, wanted)) return null;
  throw orderFailure(thread, a, b);
}

export function lessOrEqual(
  thread: LuaThread,
  a: LuaValue,
  b: LuaValue,
  wanted: number,
): boolean | null {
  if (typeof a === "number" && typeof b === "number") return a <= b;
  if (typeof a === "string" && typeof b === "string") return a <= b;
  if (typeName(a) === typeName(b)) {
    if (callOrder(thread, "__le", a, b, wanted)) return null;
    // not (b < a)
    if (callOrder(thread, "__lt", b, a, wanted | 2)) return null;
  }
  throw orderFailure(thread, a, b);
}

export function orderFailure(thread: LuaThread, a: LuaValue, b: LuaValue): unknown {
  const [first, second] = [typeName(a), typeName(b)];
  // C compares the third letters, which tell all types apart.
  if (first[2] === second[2]) return failure(thread, `attempt to compare two ${first} values`);
  return failure(thread, `attempt to compare ${first} with ${second}`);
}

/** The metamethod by which both are compared; undefined: there is none that both have. */
export function orderMetamethod(
  thread: LuaThread,
  event: string,
  a: LuaValue,
  b: LuaValue,
): LuaValue {
  const handler = metamethod(thread, a, event);
  return handler === undefined || metamethod(thread, b, event) !== handler ? undefined : handler;
}

function callOrder(
  thread: LuaThread,
  event: string,
  a: LuaValue,
  b: LuaValue,
  wanted: number,
): boolean {
  const handler = orderMetamethod(thread, event, a, b);
  if (handler === undefined) return false;
  callMetamethod(thread, handler, a, b, Mode.test, 0, wanted);
  return true;
}

function callBinary(
  thread: LuaThread,
  event: string,
  left: LuaValue,
  right: LuaValue,
  target: number,
  mode: number,
): boolean {
  let handler = metamethod(thread, left, event);
  if (handler === undefined) handler = metamethod(thread, right, event);
  if (handler === undefined) return false;
  callMetamethod(thread, handler, left, right, mode, target, 1);
  return true;
}

function callMetamethod(
  thread: LuaThread,
  handler: LuaValue,
  a: LuaValue,
  b: LuaValue,
  mode: number,
  target: number,
  wanted: number,
): void {
  callPrepared(thread, freeSlot(thread), handler, a, b, 2, mode, target, wanted);
}

function callPrepared(
  thread: LuaThread,
  at: number,
  handler: LuaValue,
  a: LuaValue,
  b: LuaValue,
  count: number,
  mode: number,
  target: number,
  wanted: number,
): void {
  const { stack } = thread;
  stack[at] = handler;
  stack[at + 1] = a;
  stack[at + 2] = b;
  callNested(thread, at, count, mode, target, wanted);
}

function isText(value: LuaValue): boolean {
  return typeof value === "string" || typeof value === "number";
}

/** A number, or a string that is one. */
export function toNumber(value: LuaValue): number | undefined {
  if (typeof value === "number") return value;
  return typeof value === "string" ? parseNumber(value) : undefined;
}

export { metatableOf };
