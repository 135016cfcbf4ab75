// All libraries that scripts of Redis have, put into the globals of a state.

import { type BaseOptions, openBase } from "./base-library.ts";
import { openBit } from "./bit-library.ts";
import { openCjson } from "./cjson-library.ts";
import { openCmsgpack } from "./cmsgpack-library.ts";
import { openCoroutine } from "./coroutine-library.ts";
import { openMath } from "./math-library.ts";
import { openString } from "./string-library.ts";
import { openStruct } from "./struct-library.ts";
import { openTable } from "./table-library.ts";
import type { LuaState } from "./thread.ts";

/** Opens every library; `options` say which functions of the base library there are. */
export function openLibraries(state: LuaState, options: BaseOptions = {}): void {
  openBase(state, options);
  const { globals } = state;
  globals.setString("coroutine", openCoroutine(state));
  globals.setString("table", openTable(state));
  globals.setString("string", openString(state));
  globals.setString("math", openMath(state));
  globals.setString("cjson", openCjson(state));
  globals.setString("struct", openStruct(state));
  globals.setString("cmsgpack", openCmsgpack(state));
  globals.setString("bit", openBit(state));
}
