// The table library. `sort` is the quicksort of Lua 5.1, step by step: which elements are compared,
// and so what an inconsistent order ends in, is as there.

import {
  checkFunction,
  checkNumber,
  checkTable,
  isAbsent,
  optionalInteger,
  optionalString,
} from "./arguments.ts";
import { failure, typeName } from "./errors.ts";
import { library } from "./library.ts";
import { type LongWork, workOn } from "./long-work.ts";
import { numberText } from "./numbers.ts";
import { orderMetamethod } from "./semantics.ts";
import type { LuaTable } from "./table.ts";
import type { LuaState, LuaThread, NativeSteps } from "./thread.ts";
import { LuaError, type LuaFunction, type LuaValue } from "./values.ts";

export function openTable(state: LuaState): LuaTable {
  return library(state, [
    ["concat", concat],
    ["foreach", forEach],
    ["foreachi", forEachItem],
    ["getn", getLength],
    ["maxn", largestKey],
    ["insert", insert],
    ["remove", remove],
    ["setn", setLength],
    ["sort", sort],
  ]);
}

function concat(thread: LuaThread, base: number, count: number): number {
  const separator = optionalString(thread, base, count, 2, "");
  const table = checkTable(thread, base, count, 1);
  const first = optionalInteger(thread, base, count, 3, 1) | 0;
  const last = isAbsent(thread, base, count, 4)
    ? table.length()
    : checkNumber(thread, base, count, 4) | 0;
  let text = "";
  let counted = 0;
  for (let i = first; i <= last; i++) {
    const value = table.getNumber(i);
    if (typeof value === "string") text += value;
    else if (typeof value === "number") text += numberText(value);
    else {
      const type = typeName(value);
      throw failure(thread, `invalid value (${type}) at index ${i} in table for 'concat'`);
    }
    if (i < last) text += separator;
    if (text.length - counted > 65536) {
      thread.state.checkString(text.length);
      counted = text.length;
    }
  }
  thread.stack[base] = text;
  return 1;
}

function refuseReadonly(table: LuaTable): void {
  if (table.readonly) throw new LuaError("Attempt to modify a readonly table");
}

function insert(thread: LuaThread, base: number, count: number): number {
  const table = checkTable(thread, base, count, 1);
  const { stack } = thread;
  let end = table.length() + 1;
  if (count === 2) {
    refuseReadonly(table);
    table.setNumber(end, stack[base + 1]);
    return 0;
  }
  if (count !== 3) throw failure(thread, "wrong number of arguments to 'insert'");
  const position = checkNumber(thread, base, count, 2) | 0;
  refuseReadonly(table);
  if (position > end) end = position;
  if (end - position > MOVED_AT_ONCE) {
    return workOn(thread, base, new Insertion(table, end, position, stack[base + 2]));
  }
  for (let i = end; i > position; i--) table.setNumber(i, table.getNumber(i - 1));
  table.setNumber(position, stack[base + 2]);
  return 0;
}

/** Items that are moved without a thought of time. A position may lie 2^31 below the end. */
const MOVED_AT_ONCE = 100;

/** The items from a position on move up by one, the last one first. */
class Insertion implements LongWork {
  left = 0;
  readonly #table: LuaTable;
  readonly #position: number;
  readonly #value: LuaValue;
  #at: number;

  constructor(table: LuaTable, end: number, position: number, value: LuaValue) {
    this.#table = table;
    this.#position = position;
    this.#value = value;
    this.#at = end;
  }

  run(steps: number): boolean {
    const table = this.#table;
    const end = Math.max(this.#position, this.#at - steps);
    this.left = steps - (this.#at - end);
    for (let i = this.#at; i > end; i--) table.setNumber(i, table.getNumber(i - 1));
    this.#at = end;
    return end === this.#position;
  }

  finish(): number {
    this.#table.setNumber(this.#position, this.#value);
    return 0;
  }
}

function remove(thread: LuaThread, base: number, count: number): number {
  const table = checkTable(thread, base, count, 1);
  const end = table.length();
  const position = optionalInteger(thread, base, count, 2, end) | 0;
  if (position < 1 || position > end) return 0;
  refuseReadonly(table);
  thread.stack[base] = table.getNumber(position);
  thread.state.budget -= (end - position) >> 3;
  for (let i = position; i < end; i++) table.setNumber(i, table.getNumber(i + 1));
  table.setNumber(end, undefined);
  return 1;
}

function getLength(thread: LuaThread, base: number, count: number): number {
  thread.stack[base] = checkTable(thread, base, count, 1).length();
  return 1;
}

function setLength(thread: LuaThread, base: number, count: number): number {
  checkTable(thread, base, count, 1);
  throw failure(thread, "'setn' is obsolete");
}

function largestKey(thread: LuaThread, base: number, count: number): number {
  const table = checkTable(thread, base, count, 1);
  let largest = 0;
  for (let i = table.nextIndex(undefined); i >= 0; i = table.nextIndex(table.keyAt(i))) {
    const key = table.keyAt(i);
    if (typeof key === "number" && key > largest) largest = key;
  }
  thread.stack[base] = largest;
  return 1;
}

function forEach(thread: LuaThread, base: number, count: number): number {
  const table = checkTable(thread, base, count, 1);
  const visit = checkFunction(thread, base, count, 2);
  return thread.resumable(forEachSteps(thread, base, table, visit));
}

function* forEachSteps(
  thread: LuaThread,
  base: number,
  table: LuaTable,
  visit: LuaFunction,
): NativeSteps {
  const { stack } = thread;
  const at = base + 2;
  thread.ensureStack(at + 8);
  let key: LuaValue;
  for (;;) {
    const index = table.nextIndex(key);
    if (index === -2) throw new LuaError("invalid key to 'next'");
    if (index < 0) return 0;
    key = table.keyAt(index);
    stack[at] = visit;
    stack[at + 1] = key;
    stack[at + 2] = table.valueAt(index);
    thread.request(at, 2);
    yield;
    if (thread.resultCount > 0 && stack[at] !== undefined) {
      stack[base] = stack[at];
      return 1;
    }
  }
}

function forEachItem(thread: LuaThread, base: number, count: number): number {
  const table = checkTable(thread, base, count, 1);
  const visit = checkFunction(thread, base, count, 2);
  return thread.resumable(forEachItemSteps(thread, base, table, visit));
}

function* forEachItemSteps(
  thread: LuaThread,
  base: number,
  table: LuaTable,
  visit: LuaFunction,
): NativeSteps {
  const { stack } = thread;
  const at = base + 2;
  const length = table.length();
  thread.ensureStack(at + 8);
  for (let i = 1; i <= length; i++) {
    stack[at] = visit;
    stack[at + 1] = i;
    stack[at + 2] = table.getNumber(i);
    thread.request(at, 2);
    yield;
    if (thread.resultCount > 0 && stack[at] !== undefined) {
      stack[base] = stack[at];
      return 1;
    }
  }
  return 0;
}

function sort(thread: LuaThread, base: number, count: number): number {
  const table = checkTable(thread, base, count, 1);
  const length = table.length();
  const isPlain = isAbsent(thread, base, count, 2);
  const order = isPlain ? undefined : checkFunction(thread, base, count, 2);
  if (length < 2) return 0;
  if (isPlain && !needsMetamethod(table, length)) {
    refuseReadonly(table);
    if (length < NUMBERS_MIN || !sortNumbers(table.array, length)) {
      sortPlain(thread, table, length);
    }
    return 0;
  }
  return thread.resumable(sortSteps(thread, base, table, length, order));
}

/** From here on the engine's own sort is worth a copy. */
const NUMBERS_MIN = 32;

/**
 * Sorts the first `length` items where they are numbers of which any way of sorting makes the same:
 * none is NaN, and none −0, which equals 0. Else false, and nothing is done.
 */
function sortNumbers(array: LuaValue[], length: number): boolean {
  if (length > array.length) return false;
  for (let i = 0; i < length; i++) {
    const item = array[i];
    if (typeof item !== "number" || Number.isNaN(item) || (item === 0 && 1 / item < 0))
      return false;
  }
  const numbers = new Float64Array(length);
  for (let i = 0; i < length; i++) numbers[i] = array[i] as number;
  numbers.sort();
  for (let i = 0; i < length; i++) array[i] = numbers[i];
  return true;
}

function needsMetamethod(table: LuaTable, length: number): boolean {
  for (let i = 1; i <= length; i++) {
    const value = table.getNumber(i);
    if (typeof value !== "number" && typeof value !== "string") return true;
  }
  return false;
}

/** Thrown by C's `lua_lessthan`: within a native function, so without a position. */
function orderError(a: LuaValue, b: LuaValue): LuaError {
  const [first, second] = [typeName(a), typeName(b)];
  if (first === second) return new LuaError(`attempt to compare two ${first} values`);
  return new LuaError(`attempt to compare ${first} with ${second}`);
}

function isLess(a: LuaValue, b: LuaValue): boolean {
  if (typeof a === "number" && typeof b === "number") return a < b;
  if (typeof a === "string" && typeof b === "string") return a < b;
  throw orderError(a, b);
}

function badOrder(thread: LuaThread): LuaError {
  return failure(thread, "invalid order function for sorting");
}

/** The sort of numbers and strings by `<`, with no function to call. */
function sortPlain(thread: LuaThread, table: LuaTable, length: number): void {
  const pending = [1, length];
  while (pending.length > 0) {
    let upper = pending.pop() as number;
    let lower = pending.pop() as number;
    while (lower < upper) {
      let low = table.getNumber(lower);
      let high = table.getNumber(upper);
      if (isLess(high, low)) {
        table.setNumber(lower, high);
        table.setNumber(upper, low);
        [low, high] = [high, low];
      }
      if (upper - lower === 1) break;
      const middle = Math.floor((lower + upper) / 2);
      let pivot = table.getNumber(middle);
      if (isLess(pivot, low)) {
        table.setNumber(middle, low);
        table.setNumber(lower, pivot);
        pivot = low;
      } else if (isLess(high, pivot)) {
        table.setNumber(middle, high);
        table.setNumber(upper, pivot);
        pivot = high;
      }
      if (upper - lower === 2) break;
      table.setNumber(middle, table.getNumber(upper - 1));
      table.setNumber(upper - 1, pivot);
      let i = lower;
      let j = upper - 1;
      for (;;) {
        let left = table.getNumber(++i);
        while (isLess(left, pivot)) {
          if (i > upper) throw badOrder(thread);
          left = table.getNumber(++i);
        }
        let right = table.getNumber(--j);
        while (isLess(pivot, right)) {
          if (j < lower) throw badOrder(thread);
          right = table.getNumber(--j);
        }
        if (j < i) break;
        table.setNumber(i, right);
        table.setNumber(j, left);
      }
      const last = table.getNumber(upper - 1);
      table.setNumber(upper - 1, table.getNumber(i));
      table.setNumber(i, last);
      // The larger part is sorted in this loop, the smaller one first of those that wait.
      if (i - lower < upper - i) {
        pending.push(i + 1, upper);
        upper = i - 1;
      } else {
        pending.push(lower, i - 1);
        lower = i + 1;
      }
    }
  }
}

/**
 * The same with a function, or with metamethods. The stack from `at` on is for the call; the order
 * in which parts are sorted is C's: the smaller first.
 */
function* sortSteps(
  thread: LuaThread,
  base: number,
  table: LuaTable,
  length: number,
  order: LuaFunction | undefined,
): NativeSteps {
  const { stack } = thread;
  const at = base + 2;
  thread.ensureStack(at + 8);
  /** Prepares the question whether a < b; false: `answer` has it, nobody is to be called. */
  let answer = false;
  const ask = (a: LuaValue, b: LuaValue): boolean => {
    let callee: LuaValue = order;
    if (callee === undefined) {
      const areTexts = typeof a === "string" && typeof b === "string";
      if (areTexts || (typeof a === "number" && typeof b === "number")) {
        answer = a < b;
        return false;
      }
      if (typeName(a) === typeName(b)) callee = orderMetamethod(thread, "__lt", a, b);
      if (callee === undefined) throw orderError(a, b);
    }
    stack[at] = callee;
    stack[at + 1] = a;
    stack[at + 2] = b;
    thread.request(at, 2);
    return true;
  };
  const isTrue = (): boolean => {
    const value = thread.resultCount > 0 ? stack[at] : undefined;
    return value !== undefined && value !== false;
  };
  const set = (first: number, a: LuaValue, second: number, b: LuaValue): void => {
    refuseReadonly(table);
    table.setNumber(first, a);
    table.setNumber(second, b);
  };
  const pending = [1, length];
  while (pending.length > 0) {
    let upper = pending.pop() as number;
    let lower = pending.pop() as number;
    while (lower < upper) {
      const low = table.getNumber(lower);
      const high = table.getNumber(upper);
      if (ask(high, low)) {
        yield;
        answer = isTrue();
      }
      if (answer) set(lower, high, upper, low);
      if (upper - lower === 1) break;
      const middle = Math.floor((lower + upper) / 2);
      const inMiddle = table.getNumber(middle);
      const newLow = table.getNumber(lower);
      if (ask(inMiddle, newLow)) {
        yield;
        answer = isTrue();
      }
      if (answer) {
        set(middle, newLow, lower, inMiddle);
      } else {
        const newHigh = table.getNumber(upper);
        if (ask(newHigh, inMiddle)) {
          yield;
          answer = isTrue();
        }
        if (answer) set(middle, newHigh, upper, inMiddle);
      }
      if (upper - lower === 2) break;
      const pivot = table.getNumber(middle);
      set(middle, table.getNumber(upper - 1), upper - 1, pivot);
      let i = lower;
      let j = upper - 1;
      for (;;) {
        let left: LuaValue;
        for (;;) {
          left = table.getNumber(++i);
          if (ask(left, pivot)) {
            yield;
            answer = isTrue();
          }
          if (!answer) break;
          if (i > upper) throw badOrder(thread);
        }
        let right: LuaValue;
        for (;;) {
          right = table.getNumber(--j);
          if (ask(pivot, right)) {
            yield;
            answer = isTrue();
          }
          if (!answer) break;
          if (j < lower) throw badOrder(thread);
        }
        if (j < i) break;
        set(i, right, j, left);
      }
      const last = table.getNumber(upper - 1);
      set(upper - 1, table.getNumber(i), i, last);
      if (i - lower < upper - i) {
        pending.push(i + 1, upper);
        upper = i - 1;
      } else {
        pending.push(lower, i - 1);
        lower = i + 1;
      }
    }
  }
  return 0;
}
