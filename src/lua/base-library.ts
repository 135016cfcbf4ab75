// The base library: what stands in the globals themselves.

import {
  argumentError,
  checkAny,
  checkFunction,
  checkNumber,
  checkString,
  checkTable,
  isAbsent,
  optionalInteger,
  optionalString,
  toInteger,
  typeError,
} from "./arguments.ts";
import { metamethod, metatableOf } from "./calls.ts";
import { failure, frameAt, typeName, untilZero, where } from "./errors.ts";
import { collect } from "./memory.ts";
import { numberText, parseUnsigned } from "./numbers.ts";
import { toNumber } from "./semantics.ts";
import { LuaTable } from "./table.ts";
import { TextBuilder } from "./text-builder.ts";
import {
  LuaClosure,
  type LuaState,
  type LuaThread,
  LuaUserdata,
  NativeFunction,
  type NativeSteps,
  Outcome,
} from "./thread.ts";
import { LuaError, LuaFunction, LuaObject, type LuaValue } from "./values.ts";

/** Values that a native function may have on C's stack. */
const RESULTS_MAX = 8000;
const MEMORY_OPTIONS = ["stop", "restart", "collect", "count", "step", "setpause", "setstepmul"];

export interface BaseOptions {
  /** Has `getfenv` and `setfenv`, which Redis takes out in part of its builds. */
  readonly environments?: boolean;
  /** Is told what `print` prints, a line at a time; without it there is no `print`. */
  readonly print?: (line: string) => void;
  /** What `pcall`, but not `xpcall`, makes of the value of an error. */
  readonly errorOfPcall?: (value: LuaValue) => LuaValue;
}

/** Puts the base library into the globals of a state. */
export function openBase(state: LuaState, options: BaseOptions = {}): void {
  const { globals } = state;
  const functions: [string, NativeFunction["code"]][] = [
    ["assert", assertTrue],
    ["collectgarbage", collectGarbage],
    ["error", raise],
    ["gcinfo", memoryInfo],
    ["getmetatable", getMetatable],
    ["load", load],
    ["loadstring", loadString],
    ["next", next],
    ["pcall", protectedCall],
    ["rawequal", rawEqual],
    ["rawget", rawGet],
    ["rawset", rawSet],
    ["select", select],
    ["setmetatable", setMetatable],
    ["tonumber", convertToNumber],
    ["tostring", convertToString],
    ["type", typeOf],
    ["unpack", unpack],
    ["xpcall", protectedCallWithHandler],
  ];
  if (options.environments === true) {
    functions.push(["getfenv", getEnvironment], ["setfenv", setEnvironment]);
  }
  globals.setString("_G", globals);
  for (const [name, code] of functions) globals.setString(name, new NativeFunction(name, code));
  globals.setString("_VERSION", "Lua 5.1");
  const iterate = new NativeFunction("next", next);
  const iterateItems = new NativeFunction("ipairs_aux", nextItem);
  const iterator =
    (from: NativeFunction, first: LuaValue): NativeFunction["code"] =>
    (thread, base, count) => {
      const table = checkTable(thread, base, count, 1);
      thread.stack[base] = from;
      thread.stack[base + 1] = table;
      thread.stack[base + 2] = first;
      return 3;
    };
  globals.setString("ipairs", new NativeFunction("ipairs", iterator(iterateItems, 0)));
  globals.setString("pairs", new NativeFunction("pairs", iterator(iterate, undefined)));
  globals.setString("newproxy", new NativeFunction("newproxy", makeProxy(state)));
  state.errorOfPcall = options.errorOfPcall ?? null;
  const { print } = options;
  if (print !== undefined) globals.setString("print", printer(print));
}

function assertTrue(thread: LuaThread, base: number, count: number): number {
  const value = checkAny(thread, base, count, 1);
  if (value === undefined || value === false) {
    const text = optionalString(thread, base, count, 2, "assertion failed!");
    throw failure(thread, untilZero(text));
  }
  return count;
}

function collectGarbage(thread: LuaThread, base: number, count: number): number {
  const name = optionalString(thread, base, count, 1, "collect");
  if (!MEMORY_OPTIONS.includes(name)) argumentError(thread, 1, `invalid option '${name}'`);
  optionalInteger(thread, base, count, 2, 0);
  if (name === "collect" || name === "step") {
    return thread.resumable(collectSteps(thread, base, name === "step"));
  }
  let result = 0;
  if (name === "count") result = thread.state.bytesUsed / 1024;
  else if (name === "setpause" || name === "setstepmul") result = 200;
  thread.stack[base] = result;
  return 1;
}

/** By its first step all registers are on the stack, also those of hot functions. */
function* collectSteps(thread: LuaThread, base: number, result: boolean): NativeSteps {
  thread.request(-1, 0);
  yield;
  thread.state.bytesUsed = collect(thread.state);
  thread.stack[base] = result ? true : 0;
  return 1;
}

function memoryInfo(thread: LuaThread, base: number): number {
  thread.stack[base] = Math.floor(thread.state.bytesUsed / 1024);
  return 1;
}

function raise(thread: LuaThread, base: number, count: number): number {
  const level = optionalInteger(thread, base, count, 2, 1) | 0;
  const value = count > 0 ? thread.stack[base] : undefined;
  if (level > 0 && (typeof value === "string" || typeof value === "number")) {
    const text = typeof value === "number" ? numberText(value) : value;
    throw new LuaError(where(thread, level) + text);
  }
  throw new LuaError(value);
}

function getMetatable(thread: LuaThread, base: number, count: number): number {
  const metatable = metatableOf(thread, checkAny(thread, base, count, 1));
  const shown = metatable === null ? undefined : metatable.getString("__metatable");
  thread.stack[base] = shown === undefined ? (metatable ?? undefined) : shown;
  return 1;
}

function setMetatable(thread: LuaThread, base: number, count: number): number {
  const metatable = count > 1 ? thread.stack[base + 1] : undefined;
  const table = checkTable(thread, base, count, 1);
  const isNil = count > 1 && metatable === undefined;
  if (!isNil && !(metatable instanceof LuaTable)) {
    argumentError(thread, 2, "nil or table expected");
  }
  if (table.metatable !== null && table.metatable.getString("__metatable") !== undefined) {
    throw failure(thread, "cannot change a protected metatable");
  }
  if (table.readonly) throw new LuaError("Attempt to modify a readonly table");
  table.metatable = metatable instanceof LuaTable ? metatable : null;
  thread.stack[base] = table;
  return 1;
}

/** Errors of the reader are what `load` returns. */
const protector = new NativeFunction("pcall", protectedCall);

function* loadSteps(thread: LuaThread, base: number, chunk: string): NativeSteps {
  const { stack } = thread;
  const reader = stack[base];
  const at = base + 3;
  const source = new TextBuilder(thread.state);
  thread.ensureStack(at + 4);
  for (;;) {
    stack[at] = protector;
    stack[at + 1] = reader;
    thread.request(at, 1);
    yield;
    const piece = thread.resultCount > 1 ? stack[at + 1] : undefined;
    if ((stack[at] as LuaValue) !== true) return refuse(thread, base, piece);
    if (piece === undefined || piece === "") break;
    if (typeof piece !== "string" && typeof piece !== "number") {
      const text = "reader function must return a string";
      return refuse(thread, base, failure(thread, text).value);
    }
    source.append(typeof piece === "number" ? numberText(piece) : piece);
  }
  return compileInto(thread, base, source.text, chunk);
}

function load(thread: LuaThread, base: number, count: number): number {
  const chunk = optionalString(thread, base, count, 2, "=(load)");
  checkFunction(thread, base, count, 1);
  return thread.resumable(loadSteps(thread, base, chunk));
}

function loadString(thread: LuaThread, base: number, count: number): number {
  const source = checkString(thread, base, count, 1);
  const chunk = optionalString(thread, base, count, 2, source);
  return compileInto(thread, base, source, chunk);
}

function compileInto(thread: LuaThread, base: number, source: string, chunk: string): number {
  try {
    thread.stack[base] = thread.state.load(source, chunk);
    return 1;
  } catch (error) {
    if (!(error instanceof LuaError)) throw error;
    return refuse(thread, base, error.value);
  }
}

function refuse(thread: LuaThread, base: number, value: LuaValue): number {
  thread.stack[base] = undefined;
  thread.stack[base + 1] = value;
  return 2;
}

export function next(thread: LuaThread, base: number, count: number): number {
  const { stack } = thread;
  const table = stack[base];
  if (count === 0 || !(table instanceof LuaTable)) typeError(thread, base, count, 1, "table");
  const index = table.nextIndex(count > 1 ? stack[base + 1] : undefined);
  if (index < 0) {
    if (index < -1) throw new LuaError("invalid key to 'next'");
    stack[base] = undefined;
    return 1;
  }
  stack[base] = table.keyAt(index);
  stack[base + 1] = table.valueAt(index);
  return 2;
}

function nextItem(thread: LuaThread, base: number, count: number): number {
  const { stack } = thread;
  const index = (checkNumber(thread, base, count, 2) | 0) + 1;
  const table = stack[base];
  if (!(table instanceof LuaTable)) typeError(thread, base, count, 1, "table");
  const value = table.getNumber(index);
  if (value === undefined) return 0;
  stack[base] = index;
  stack[base + 1] = value;
  return 2;
}

function protectedCall(thread: LuaThread, base: number, count: number): number {
  checkAny(thread, base, count, 1);
  thread.requestCount = count - 1;
  return Outcome.protect;
}

function protectedCallWithHandler(thread: LuaThread, base: number, count: number): number {
  checkAny(thread, base, count, 2);
  thread.stack[base - 1] = thread.stack[base + 1];
  return Outcome.protectWithHandler;
}

function rawEqual(thread: LuaThread, base: number, count: number): number {
  const first = checkAny(thread, base, count, 1);
  const second = checkAny(thread, base, count, 2);
  thread.stack[base] = first === second;
  return 1;
}

function rawGet(thread: LuaThread, base: number, count: number): number {
  const table = checkTable(thread, base, count, 1);
  thread.stack[base] = table.get(checkAny(thread, base, count, 2));
  return 1;
}

function rawSet(thread: LuaThread, base: number, count: number): number {
  const table = checkTable(thread, base, count, 1);
  const key = checkAny(thread, base, count, 2);
  const value = checkAny(thread, base, count, 3);
  if (table.readonly) throw new LuaError("Attempt to modify a readonly table");
  if (key === undefined) throw new LuaError("table index is nil");
  if (Number.isNaN(key)) throw new LuaError("table index is NaN");
  table.set(key, value);
  thread.stack[base] = table;
  return 1;
}

function select(thread: LuaThread, base: number, count: number): number {
  const { stack } = thread;
  const which = count > 0 ? stack[base] : undefined;
  if (typeof which === "string" && which.startsWith("#")) {
    stack[base] = count - 1;
    return 1;
  }
  let index = checkNumber(thread, base, count, 1) | 0;
  if (index < 0) index += count;
  else if (index > count) index = count;
  if (index < 1) argumentError(thread, 1, "index out of range");
  const results = count - index;
  thread.state.budget -= results >> 3;
  for (let i = 0; i < results; i++) stack[base + i] = stack[base + index + i];
  return results;
}

function convertToNumber(thread: LuaThread, base: number, count: number): number {
  const { stack } = thread;
  const radix = optionalInteger(thread, base, count, 2, 10) | 0;
  if (radix === 10) {
    stack[base] = toNumber(checkAny(thread, base, count, 1));
    return 1;
  }
  const text = checkString(thread, base, count, 1);
  if (radix < 2 || radix > 36) argumentError(thread, 2, "base out of range");
  stack[base] = parseUnsigned(text, radix);
  return 1;
}

function convertToString(thread: LuaThread, base: number, count: number): number {
  const value = checkAny(thread, base, count, 1);
  const { stack } = thread;
  if (typeof value === "string") return 1;
  if (value instanceof LuaObject) {
    const handler = metamethod(thread, value, "__tostring");
    if (handler !== undefined) {
      stack[base] = handler;
      stack[base + 1] = value;
      thread.requestCount = 1;
      return Outcome.call;
    }
  }
  stack[base] = textOf(thread, value);
  return 1;
}

/** The text of a value whose metatable has no `__tostring`. */
export function textOf(thread: LuaThread, value: LuaValue): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return numberText(value);
  if (value instanceof LuaObject) {
    return `${typeName(value)}: ${thread.state.addressOf(value)}`;
  }
  return value === undefined ? "nil" : `${value}`;
}

function typeOf(thread: LuaThread, base: number, count: number): number {
  thread.stack[base] = typeName(checkAny(thread, base, count, 1));
  return 1;
}

function unpack(thread: LuaThread, base: number, count: number): number {
  const table = checkTable(thread, base, count, 1);
  const first = optionalInteger(thread, base, count, 2, 1) | 0;
  const last = isAbsent(thread, base, count, 3)
    ? table.length()
    : checkNumber(thread, base, count, 3) | 0;
  if (first > last) return 0;
  const results = last - first + 1;
  if (results + count > RESULTS_MAX) throw failure(thread, "too many results to unpack");
  thread.state.budget -= results >> 3;
  thread.ensureStack(base + results + 8);
  for (let i = 0; i < results; i++) thread.stack[base + i] = table.getNumber(first + i);
  return results;
}

function makeProxy(state: LuaState): NativeFunction["code"] {
  const valid = new Set<LuaTable>();
  return (thread, base, count) => {
    const model = count > 0 ? thread.stack[base] : undefined;
    const proxy = new LuaUserdata(null);
    if (model === true) {
      proxy.metatable = state.newTable(0, 0);
      valid.add(proxy.metatable);
    } else if (model !== undefined && model !== false) {
      const metatable = metatableOf(thread, model);
      if (metatable === null || !valid.has(metatable)) {
        argumentError(thread, 1, "boolean or proxy expected");
      }
      proxy.metatable = metatable;
    }
    thread.stack[base] = proxy;
    return 1;
  };
}

/** The function at a level, or the one that is given. */
function functionAt(
  thread: LuaThread,
  base: number,
  count: number,
  otherwise: number,
): LuaFunction | null {
  const value = count > 0 ? thread.stack[base] : undefined;
  if (value instanceof LuaFunction) return value;
  const isGiven = value !== undefined || otherwise < 0;
  const level = isGiven ? toInteger(checkNumber(thread, base, count, 1)) : otherwise;
  if (level < 0) argumentError(thread, 1, "level must be non-negative");
  if (level === 0) return null;
  const frame = frameAt(thread, level);
  if (frame !== null) return frame.closure;
  if (level > thread.depth) argumentError(thread, 1, "invalid level");
  return null;
}

function getEnvironment(thread: LuaThread, base: number, count: number): number {
  const owner = functionAt(thread, base, count, 1);
  thread.stack[base] = owner instanceof LuaClosure ? owner.environment : thread.globals;
  return 1;
}

function setEnvironment(thread: LuaThread, base: number, count: number): number {
  const environment = checkTable(thread, base, count, 2);
  const owner = functionAt(thread, base, count, -1);
  const level = thread.stack[base];
  if (typeof level === "number" && level === 0) {
    thread.globals = environment;
    return 0;
  }
  if (!(owner instanceof LuaClosure)) {
    throw failure(thread, "'setfenv' cannot change environment of given object");
  }
  owner.environment = environment;
  thread.stack[base] = owner;
  return 1;
}

function printer(print: (line: string) => void): NativeFunction {
  return new NativeFunction("print", (thread, base, count) =>
    thread.resumable(printSteps(thread, base, count, print)),
  );
}

function* printSteps(
  thread: LuaThread,
  base: number,
  count: number,
  print: (line: string) => void,
): NativeSteps {
  const { stack } = thread;
  const at = base + count;
  const texts: string[] = [];
  thread.ensureStack(at + 8);
  for (let i = 0; i < count; i++) {
    stack[at] = thread.globals.getString("tostring");
    stack[at + 1] = stack[base + i];
    thread.request(at, 1);
    yield;
    const text = thread.resultCount > 0 ? stack[at] : undefined;
    if (typeof text !== "string" && typeof text !== "number") {
      throw failure(thread, "'tostring' must return a string to 'print'");
    }
    texts.push(textOf(thread, text));
  }
  print(texts.join("\t"));
  return 0;
}
