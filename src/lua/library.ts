// How a library is made: a table of native functions, in the order in which they are written.

import type { LuaTable } from "./table.ts";
import { type LuaState, type NativeCode, NativeFunction } from "./thread.ts";

/** A table of native functions by name, sized as C's `luaL_register` does. */
export function library(
  state: LuaState,
  functions: readonly (readonly [name: string, code: NativeCode])[],
): LuaTable {
  const table = state.newTable(0, functions.length);
  for (const [name, code] of functions) table.setString(name, new NativeFunction(name, code));
  return table;
}
