// The library `cmsgpack`: MessagePack, with the choices that Redis's copy of lua-cmsgpack makes.
//
//   numbers   the shortest integer form of what is an integer of 64 bits, otherwise a float where
//             nothing is lost, otherwise a double
//   strings   raw of 5, 8, 16 or 32 bits of length
//   tables    an array where the keys are 1 … n and nothing else (so also the empty one), otherwise
//             a map in the order of `pairs`; beyond 16 of them within each other, nil
//   the rest  booleans, and nil for all that has no form
//
// pack takes any number of values and puts one behind the other; unpack returns all that there are.
// unpack_one and unpack_limit begin at an offset and return before the values where they stopped,
// -1 at the end. Unsigned integers from 2^63 on come out negative, as they pass through a signed
// one.

import { argumentError, checkInteger, checkString, optionalInteger } from "./arguments.ts";
import { C_STACK_MAX } from "./limits.ts";
import { type LongWork, workOn } from "./long-work.ts";
import { Packer } from "./msgpack-packer.ts";
import { Unpacker } from "./msgpack-unpacker.ts";
import type { LuaTable } from "./table.ts";
import { type LuaState, type LuaThread, NativeFunction } from "./thread.ts";

export function openCmsgpack(state: LuaState): LuaTable {
  // Empty at first, as C makes it: `pairs` shows it.
  const table = state.newTable(0, 0);
  table.setString("pack", new NativeFunction("pack", pack));
  table.setString("unpack", new NativeFunction("unpack", unpack));
  table.setString("unpack_one", new NativeFunction("unpack_one", unpackOne));
  table.setString("unpack_limit", new NativeFunction("unpack_limit", unpackLimit));
  table.setString("_NAME", "cmsgpack");
  table.setString("_VERSION", "lua-cmsgpack 0.4.0");
  table.setString("_COPYRIGHT", "Copyright (C) 2012, Salvatore Sanfilippo");
  table.setString("_DESCRIPTION", "MessagePack C implementation for Lua");
  return table;
}

function pack(thread: LuaThread, base: number, count: number): number {
  if (count === 0) argumentError(thread, 0, "MessagePack pack needs input.");
  if (count * 2 > C_STACK_MAX) {
    argumentError(thread, 0, "Too many arguments for MessagePack pack.");
  }
  return workOn(thread, base, new Packer(thread.state, thread.stack.slice(base, base + count)));
}

function unpack(thread: LuaThread, base: number, count: number): number {
  return unpackFrom(thread, base, count, checkString(thread, base, count, 1), 0, 0);
}

function unpackOne(thread: LuaThread, base: number, count: number): number {
  const offset = optionalInteger(thread, base, count, 2, 0);
  return unpackFrom(thread, base, 1, checkString(thread, base, count, 1), 1, offset);
}

function unpackLimit(thread: LuaThread, base: number, count: number): number {
  const limit = checkInteger(thread, base, count, 2);
  const offset = optionalInteger(thread, base, count, 3, 0);
  return unpackFrom(thread, base, 1, checkString(thread, base, count, 1), limit, offset);
}

/** No limit and no offset: all that there is, and no position before it. */
function unpackFrom(
  thread: LuaThread,
  base: number,
  slots: number,
  data: string,
  limit: number,
  offset: number,
): number {
  if (limit < 0 || offset < 0) {
    // C prints the length where the limit should stand.
    throw thread.state.failure(
      `Invalid request to unpack with offset of ${lowHalf(offset)} and limit of ${data.length}.`,
    );
  }
  if (offset > data.length) {
    throw thread.state.failure(
      `Start offset ${lowHalf(offset)} greater than input length ${data.length}.`,
    );
  }
  const isAll = limit === 0 && offset === 0;
  const unpacker = new Unpacker(thread, data, offset, slots, isAll ? Infinity : limit);
  return workOn(thread, base, new Results(unpacker, isAll));
}

/** A 64-bit integer as "%d" of C takes it. */
function lowHalf(value: number): number {
  return value | 0;
}

class Results implements LongWork {
  readonly #unpacker: Unpacker;
  readonly #isAll: boolean;

  constructor(unpacker: Unpacker, isAll: boolean) {
    this.#unpacker = unpacker;
    this.#isAll = isAll;
  }

  get left(): number {
    return this.#unpacker.left;
  }

  run(steps: number): boolean {
    return this.#unpacker.run(steps);
  }

  finish(thread: LuaThread, base: number): number {
    const { values, position, isAtEnd } = this.#unpacker;
    const { stack } = thread;
    // One value of C's stack is the argument, one the position.
    if (!this.#isAll && values.length + 2 > C_STACK_MAX) {
      throw thread.state.failure("stack overflow (in function mp_unpack_full)");
    }
    const first = this.#isAll ? base : base + 1;
    thread.ensureStack(first + values.length);
    if (!this.#isAll) stack[base] = isAtEnd ? -1 : position;
    for (let i = 0; i < values.length; i++) stack[first + i] = values[i];
    return first - base + values.length;
  }
}
