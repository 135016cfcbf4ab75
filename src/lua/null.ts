// The null pointer as a value of Lua: what cjson.null is, and what JSON's null becomes.

import { LuaUserdata } from "./thread.ts";

export const NULL = new LuaUserdata(null);
