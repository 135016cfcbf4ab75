// The surroundings of scripts: the libraries that Redis gives them, and no way out of them. What a
// script finds when it begins cannot be changed by it (`readonly`), so that no script leaves
// anything behind for the next; a global variable that is not there is an error and not nil, so
// that a misspelled `local` is noticed.

import { openLibraries } from "../lua/libraries.ts";
import { numberText } from "../lua/numbers.ts";
import { type HotCodeOptions, State } from "../lua/state.ts";
import { LuaTable } from "../lua/table.ts";
import { type LuaState, type NativeCode, NativeFunction } from "../lua/thread.ts";
import type { LuaValue } from "../lua/values.ts";

/** What the values of all scripts together may take. */
const MEMORY_MAX = 1 << 30;

/** What the process lends: something for functions that run much, and the time. */
export interface Lent {
  readonly hotCode: HotCodeOptions | null;
  monotonicMs(): number;
}

/** A state with the libraries, in which `redis` is the table that `api` makes. */
export function newSandbox(lent: Lent, api: (state: LuaState) => LuaTable): State {
  const state = new State({ memoryMax: MEMORY_MAX, ...lent.hotCode });
  openLibraries(state, { errorOfPcall: textOfError });
  const { globals } = state;
  const table = api(state);
  globals.setString("redis", table);
  globals.setString("server", table);
  globals.setString("os", clockLibrary(state, lent));
  return state;
}

/** Of `os` there is the clock alone: seconds from some moment on. */
function clockLibrary(state: LuaState, lent: Lent): LuaTable {
  const table = state.newTable(0, 1);
  const clock: NativeCode = (thread, base) => {
    thread.ensureStack(base + 1);
    thread.stack[base] = lent.monotonicMs() / 1000;
    return 1;
  };
  table.setString("clock", new NativeFunction("clock", clock));
  return table;
}

/** From now on what can be reached from the table is as it is, and nothing missing is nil. */
export function lock(state: LuaState, table: LuaTable): void {
  if (state.stringMetatable !== null) protect(state.stringMetatable);
  refuseMissing(state, table);
  protect(table);
}

/** Asking the table for what it has not is an error. */
export function refuseMissing(state: LuaState, table: LuaTable): void {
  const metatable = state.newTable(0, 1);
  metatable.setString("__index", new NativeFunction("__index", missing));
  table.metatable = metatable;
}

const missing: NativeCode = (thread, base, count) => {
  const key = count > 1 ? thread.stack[base + 1] : undefined;
  if (typeof key !== "string" && typeof key !== "number") {
    throw thread.state.failure(
      "Second argument to luaProtectedTableError must be a string or number",
    );
  }
  const name = typeof key === "number" ? numberText(key) : key;
  throw thread.state.failure(
    `Script attempted to access nonexistent global variable '${name.replace(/\0[\s\S]*/, "")}'`,
  );
};

/** Makes the table unchangeable, with all tables in it. */
export function protect(table: LuaTable): void {
  if (table.readonly) return;
  table.readonly = true;
  for (let at = table.nextIndex(undefined); at >= 0; at = table.nextIndex(table.keyAt(at))) {
    const value = table.valueAt(at);
    if (value instanceof LuaTable) protect(value);
  }
  if (table.metatable !== null) protect(table.metatable);
}

/** What `pcall` gives of an error that is a table, such as that of redis.call. */
function textOfError(error: LuaValue): LuaValue {
  if (!(error instanceof LuaTable)) return error;
  const text = error.getString("err");
  return typeof text === "string" || typeof text === "number" ? text : error;
}
