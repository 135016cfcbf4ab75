// How much memory a state's values take, and what of weak tables nobody else holds.
//
// JavaScript collects garbage itself and tells nobody what lives, so a memory limit needs a count
// of our own. What is allocated is added up as it happens; when the sum reaches the limit, the run
// is left where it next can be, and everything is measured that can be reached from the globals and
// the threads. That is the same in each run, and the sum goes on from there. The figures are those
// of C's structures, near enough; strings count from COUNTED_LENGTH on, and one that is held twice
// counts once.
//
// The same walk finds what only weak tables (`__mode`) hold. `collectgarbage` takes that out of
// them; nothing else does, so a weak table keeps its entries until a script asks.

import { COUNTED_LENGTH } from "./semantics.ts";
import { LuaTable } from "./table.ts";
import { LuaClosure, type LuaState, LuaThread, LuaUserdata, type Prototype } from "./thread.ts";
import { Box, type LuaObject, type LuaValue } from "./values.ts";

const CLOSURE_BYTES = 40;
const PROTOTYPE_BYTES = 500;
const THREAD_BYTES = 200;
const FRAME_BYTES = 40;
const SLOT_BYTES = 16;
const STRING_BYTES = 24;
/** Engines find longer strings in a set by comparing them whole. */
const LONG_LENGTH = 4096;
const OTHERS_MAX = 4;
const COMPARED_MAX = 2 ** 30;

class Walk {
  bytes = 0;
  readonly weak: LuaTable[] = [];
  readonly #seen: Set<unknown> = new Set();
  readonly #pending: LuaObject[] = [];
  /** Long strings by their length, a few of each, and how many bytes of such were compared. */
  readonly #long: Map<number, string[]> = new Map();
  #compared = 0;

  has(value: LuaValue): boolean {
    return typeof value !== "object" || this.#seen.has(value);
  }

  value(value: LuaValue): void {
    if (typeof value === "string") {
      if (value.length < COUNTED_LENGTH || this.#isKnown(value)) return;
      this.bytes += value.length + STRING_BYTES;
    } else if (typeof value === "object" && !this.#seen.has(value)) {
      this.#seen.add(value);
      this.#pending.push(value);
    }
  }

  /** Whether an equal string has been met. Of long ones that is only asked up to COMPARED_MAX. */
  #isKnown(text: string): boolean {
    const { length } = text;
    if (length < LONG_LENGTH) {
      if (this.#seen.has(text)) return true;
      this.#seen.add(text);
      return false;
    }
    const others = this.#long.get(length);
    if (others === undefined) {
      this.#long.set(length, [text]);
      return false;
    }
    for (const other of others) {
      this.#compared += length;
      if (this.#compared > COMPARED_MAX) return false;
      if (other === text) return true;
    }
    if (others.length < OTHERS_MAX) others.push(text);
    return false;
  }

  /** Walks on until everything has been met, or more than `enough` bytes. */
  run(enough: number): void {
    for (;;) {
      const object = this.#pending.pop();
      if (object === undefined || this.bytes > enough) return;
      if (object instanceof LuaTable) this.#table(object);
      else if (object instanceof LuaClosure) this.#closure(object);
      else if (object instanceof LuaThread) this.#thread(object);
      else if (object instanceof LuaUserdata) this.#userdata(object);
      else this.#box(object);
    }
  }

  #table(table: LuaTable): void {
    this.bytes += table.bytes;
    let weakKeys = false;
    let weakValues = false;
    if (table.metatable !== null) {
      this.value(table.metatable);
      const mode = table.metatable.getString("__mode");
      weakKeys = typeof mode === "string" && mode.includes("k");
      weakValues = typeof mode === "string" && mode.includes("v");
      if (weakKeys || weakValues) this.weak.push(table);
    }
    if (!weakValues) for (const value of table.array) this.value(value);
    const { nodeKeys, nodeValues } = table;
    for (let node = 0; node < nodeKeys.length; node++) {
      if (nodeValues[node] === undefined) continue;
      if (!weakKeys) this.value(nodeKeys[node]);
      if (!weakValues) this.value(nodeValues[node]);
    }
  }

  #closure(closure: LuaClosure): void {
    this.bytes += CLOSURE_BYTES + closure.upvalues.length * 8;
    this.value(closure.environment);
    for (const box of closure.upvalues) this.value(box as unknown as LuaValue);
    this.#prototype(closure.prototype);
  }

  #prototype(prototype: Prototype): void {
    if (this.#seen.has(prototype)) return;
    this.#seen.add(prototype);
    const { code, constants, prototypes } = prototype;
    this.bytes += PROTOTYPE_BYTES + code.length * 8 + constants.length * SLOT_BYTES;
    for (const constant of constants) this.value(constant);
    for (const inner of prototypes) this.#prototype(inner);
  }

  #thread(thread: LuaThread): void {
    this.bytes += THREAD_BYTES + thread.depth * FRAME_BYTES + thread.stack.length * SLOT_BYTES;
    this.value(thread.globals);
    if (thread.resumer !== null) this.value(thread.resumer);
    const { frames, stack } = thread;
    let end = thread.depth === 0 ? 1 : thread.top;
    for (let i = 0; i < thread.depth; i++) {
      const { closure, base } = frames[i];
      if (closure !== null) this.value(closure);
      end = Math.max(end, base + (closure === null ? 8 : closure.prototype.registers + 8));
    }
    for (let at = 0; at < end && at < stack.length; at++) this.value(stack[at]);
  }

  #userdata(userdata: LuaUserdata): void {
    this.bytes += CLOSURE_BYTES;
    if (userdata.metatable !== null) this.value(userdata.metatable);
  }

  #box(object: LuaObject): void {
    this.bytes += CLOSURE_BYTES;
    const box: unknown = object;
    if (box instanceof Box) this.value(box.value);
  }
}

function walk(state: LuaState, enough: number): Walk {
  const all = new Walk();
  all.value(state.globals);
  all.value(state.current);
  if (state.stringMetatable !== null) all.value(state.stringMetatable);
  for (const root of state.roots) all.value(root);
  all.run(enough);
  return all;
}

/** The bytes that everything takes that a script can reach; beyond `enough` it is not gone on. */
export function measure(state: LuaState, enough: number): number {
  return walk(state, enough).bytes;
}

/** The same; entries of weak tables whose key or value nobody else holds are taken out. */
export function collect(state: LuaState): number {
  const all = walk(state, Number.POSITIVE_INFINITY);
  for (const table of all.weak) {
    const { array, nodeKeys, nodeValues } = table;
    for (let i = 0; i < array.length; i++) if (!all.has(array[i])) array[i] = undefined;
    for (let node = 0; node < nodeKeys.length; node++) {
      if (!all.has(nodeKeys[node]) || !all.has(nodeValues[node])) nodeValues[node] = undefined;
    }
  }
  return all.bytes;
}
