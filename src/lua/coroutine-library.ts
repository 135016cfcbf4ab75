// The coroutine library. Threads are switched by the interpreter, so a coroutine takes no
// JavaScript stack, and a run may be left in the middle of any of them.

import { argumentError } from "./arguments.ts";
import { failure } from "./errors.ts";
import { library } from "./library.ts";
import type { LuaTable } from "./table.ts";
import {
  LuaClosure,
  type LuaState,
  LuaThread,
  NativeFunction,
  Outcome,
  ThreadStatus,
} from "./thread.ts";

const STATUS_NAMES = ["suspended", "running", "normal", "dead"];
/** Values that pass from thread to thread at a time. */
const VALUES_MAX = 8000;

export function openCoroutine(state: LuaState): LuaTable {
  return library(state, [
    ["create", create],
    ["resume", resume],
    ["running", running],
    ["status", status],
    ["wrap", wrap],
    ["yield", yieldAll],
  ]);
}

function newThread(thread: LuaThread, base: number, count: number): LuaThread {
  const callee = count > 0 ? thread.stack[base] : undefined;
  if (!(callee instanceof LuaClosure)) argumentError(thread, 1, "Lua function expected");
  thread.state.allocated(1200);
  const created = new LuaThread(thread.state, thread.globals);
  created.stack[0] = callee;
  return created;
}

function create(thread: LuaThread, base: number, count: number): number {
  thread.stack[base] = newThread(thread, base, count);
  return 1;
}

function wrap(thread: LuaThread, base: number, count: number): number {
  const created = newThread(thread, base, count);
  thread.stack[base] = new NativeFunction("wrap", (caller, _at, parameters) => {
    const refusal = refusalOf(created);
    if (refusal !== "") throw failure(caller, refusal);
    checkRoom(caller, parameters, "too many arguments to resume");
    caller.requestThread = created;
    caller.requestCount = parameters;
    return Outcome.wrapThread;
  });
  return 1;
}

function resume(thread: LuaThread, base: number, count: number): number {
  const { stack } = thread;
  const other = checkThread(thread, base, count);
  const refusal = refusalOf(other);
  if (refusal !== "") {
    stack[base] = false;
    stack[base + 1] = refusal;
    return 2;
  }
  checkRoom(thread, count, "too many arguments to resume");
  for (let i = 1; i < count; i++) stack[base + i - 1] = stack[base + i];
  thread.requestThread = other;
  thread.requestCount = count - 1;
  return Outcome.resumeThread;
}

/** Why a thread cannot be resumed; empty: it can. */
function refusalOf(thread: LuaThread): string {
  if (thread.status === ThreadStatus.suspended) return "";
  return `cannot resume ${STATUS_NAMES[thread.status]} coroutine`;
}

function checkThread(thread: LuaThread, base: number, count: number): LuaThread {
  const other = count > 0 ? thread.stack[base] : undefined;
  if (!(other instanceof LuaThread)) argumentError(thread, 1, "coroutine expected");
  return other;
}

function checkRoom(thread: LuaThread, count: number, text: string): void {
  if (count > VALUES_MAX) throw failure(thread, text);
}

function status(thread: LuaThread, base: number, count: number): number {
  thread.stack[base] = STATUS_NAMES[checkThread(thread, base, count).status];
  return 1;
}

function running(thread: LuaThread, base: number): number {
  thread.stack[base] = thread.resumer === null ? undefined : thread;
  return 1;
}

function yieldAll(thread: LuaThread, _base: number, count: number): number {
  thread.requestCount = count;
  return Outcome.yield;
}
