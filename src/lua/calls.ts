// Calls and returns that are not those of one Lua function by another, which the interpreter does
// itself: of native functions, metamethods, protected calls, coroutines.
//
// Nothing here waits for a call to end. `call` pushes a frame, or runs a native function and puts
// its results where they belong; what is to be done with results is in the frame (`Mode`). The
// interpreter then goes on with whatever frame is on top of whichever thread is current.

import { failure, typeFailure, where } from "./errors.ts";
import { LuaTable } from "./table.ts";
import {
  type Frame,
  FrameKind,
  Frame as FrameObject,
  LuaClosure,
  type LuaThread,
  LuaUserdata,
  Mode,
  NativeFunction,
  Outcome,
  ThreadStatus,
} from "./thread.ts";
import { LuaError, LuaFunction, type LuaValue } from "./values.ts";

/** Frames of one thread at a time, and calls that C would have made on its own stack. */
export const FRAMES_MAX = 16383;
export const NATIVE_DEPTH_MAX = 200;
/** Threads that wait for one another. */
const RESUMES_MAX = 199;
/** So many arguments of a call cost no more than the call does. */
const COPIED_ARGUMENTS = 32;
/** Room behind a frame's registers for the call of a metamethod. */
export const SPARE_SLOTS = 8;

export function metatableOf(thread: LuaThread, value: LuaValue): LuaTable | null {
  if (value instanceof LuaTable || value instanceof LuaUserdata) return value.metatable;
  return typeof value === "string" ? thread.state.stringMetatable : null;
}

/** The metamethod of a value; undefined: it has none. */
export function metamethod(thread: LuaThread, value: LuaValue, name: string): LuaValue {
  const metatable = metatableOf(thread, value);
  return metatable === null ? undefined : metatable.getString(name);
}

/** A frame that is used again: `closure`, `at`, `base` and more are still to be set. */
function nextFrame(thread: LuaThread, mode: number, target: number, wanted: number): Frame {
  const { depth, frames } = thread;
  if (depth >= FRAMES_MAX) throw failure(thread, "stack overflow");
  if (depth === frames.length) frames.push(new FrameObject());
  const frame = frames[depth];
  thread.depth = depth + 1;
  thread.frame = frame;
  frame.kind = FrameKind.lua;
  frame.pc = 0;
  frame.mode = mode;
  frame.target = target;
  frame.wanted = wanted;
  frame.tailCalls = 0;
  frame.depth = thread.nativeDepth;
  return frame;
}

/** Pushes the frame of something that is no Lua function. */
export function pushFrame(
  thread: LuaThread,
  kind: number,
  base: number,
  mode: number,
  target: number,
  wanted: number,
): Frame {
  const frame = nextFrame(thread, mode, target, wanted);
  frame.closure = null;
  frame.steps = null;
  frame.kind = kind;
  frame.base = base;
  return frame;
}

export function popFrame(thread: LuaThread): Frame {
  const { frame } = thread;
  frame.closure = null;
  frame.steps = null;
  const depth = thread.depth - 1;
  thread.depth = depth;
  thread.frame = depth === 0 ? thread.bottom : thread.frames[depth - 1];
  thread.nativeDepth = frame.depth;
  return frame;
}

/** Puts the arguments stack[at + 1] … of a Lua function into place and pushes its frame. */
export function enter(
  thread: LuaThread,
  closure: LuaClosure,
  at: number,
  count: number,
  mode: number,
  target: number,
  wanted: number,
): void {
  const { prototype } = closure;
  const { parameters } = prototype;
  const { stack } = thread;
  let base = at + 1;
  if (prototype.isVararg) {
    base += count;
    // Many arguments are copied at each call.
    if (count > COPIED_ARGUMENTS) thread.state.budget -= count >> 3;
  }
  const end = base + prototype.registers + SPARE_SLOTS;
  if (end > stack.length) thread.ensureStack(end);
  const frame = nextFrame(thread, mode, target, wanted);
  frame.closure = closure;
  frame.base = base;
  frame.at = at;
  if (!prototype.isVararg) {
    for (let i = count; i < parameters; i++) stack[base + i] = undefined;
    return;
  }
  for (let i = 0; i < parameters; i++) stack[base + i] = i < count ? stack[at + 1 + i] : undefined;
  frame.varargs = count > parameters ? count - parameters : 0;
  if (prototype.declaresArg) {
    stack[base + parameters] = prototype.hasArg ? argTable(thread, base, frame.varargs) : undefined;
  }
}

/** A tail call: the function stack[at] takes the place of the one that runs. */
export function enterInstead(
  thread: LuaThread,
  frame: Frame,
  closure: LuaClosure,
  at: number,
  count: number,
): void {
  const { stack } = thread;
  const { mode, target, wanted, tailCalls, depth } = frame;
  const to = frame.at;
  for (let i = 0; i <= count; i++) stack[to + i] = stack[at + i];
  thread.depth--;
  enter(thread, closure, to, count, mode, target, wanted);
  thread.frame.tailCalls = tailCalls + 1;
  thread.frame.depth = depth;
}

function argTable(thread: LuaThread, base: number, varargs: number): LuaTable {
  const table = thread.state.newTable(varargs, 1);
  for (let i = 0; i < varargs; i++) table.setNumber(i + 1, thread.stack[base - varargs + i]);
  table.setString("n", varargs);
  return table;
}

/** Calls stack[at] with the `count` values behind it. */
export function call(
  thread: LuaThread,
  at: number,
  count: number,
  mode: number,
  target: number,
  wanted: number,
): void {
  const callee = thread.stack[at];
  if (callee instanceof LuaClosure) {
    enter(thread, callee, at, count, mode, target, wanted);
  } else if (callee instanceof NativeFunction) {
    thread.ensureStack(at + count + SPARE_SLOTS);
    finishNative(thread, callee.code(thread, at + 1, count), at + 1, mode, target, wanted);
  } else {
    insertCallMetamethod(thread, at, count, -1);
    call(thread, at, count + 1, mode, target, wanted);
  }
}

/**
 * What is called is no function: puts its `__call` before it. `register`: for the error's words.
 */
export function insertCallMetamethod(
  thread: LuaThread,
  at: number,
  count: number,
  register: number,
): void {
  const { stack } = thread;
  const callee = stack[at];
  const handler = metamethod(thread, callee, "__call");
  if (!(handler instanceof LuaFunction)) {
    throw typeFailure(thread, callee, register, "call");
  }
  thread.ensureStack(at + count + 2);
  for (let i = at + count; i >= at; i--) stack[i + 1] = stack[i];
  stack[at] = handler;
}

/** As `call`, counted as one of C's own stack: nobody yields across it, and there are not many. */
export function callNested(
  thread: LuaThread,
  at: number,
  count: number,
  mode: number,
  target: number,
  wanted: number,
): void {
  const { nativeDepth, depth } = thread;
  if (nativeDepth + 1 >= NATIVE_DEPTH_MAX) throw failure(thread, "C stack overflow");
  thread.nativeDepth = nativeDepth + 1;
  call(thread, at, count, mode, target, wanted);
  if (thread.depth > depth) thread.frames[depth].depth = nativeDepth;
  else thread.nativeDepth = nativeDepth;
}

/**
 * The call that is protected is made by the interpreter, once hot functions have left: what fails
 * in it must not pass through them, since the error ends above their frames.
 */
function pushPending(thread: LuaThread, base: number, count: number): void {
  pushFrame(thread, FrameKind.pending, base, Mode.discard, base, count);
}

/** Makes the call for which there is a frame on top. */
export function callPending(thread: LuaThread): void {
  const { base, wanted } = popFrame(thread);
  callNested(thread, base, wanted, Mode.protected, base, -1);
}

/** A native function has returned `results`: a number of them, from `base` on, or an Outcome. */
export function finishNative(
  thread: LuaThread,
  results: number,
  base: number,
  mode: number,
  target: number,
  wanted: number,
): void {
  switch (results) {
    case Outcome.suspend:
      pushFrame(thread, FrameKind.wait, base, mode, target, wanted);
      return;
    case Outcome.resumable:
      pushFrame(thread, FrameKind.steps, base, mode, target, wanted).steps = thread.generator;
      thread.generator = null;
      return;
    case Outcome.call:
      call(thread, base, thread.requestCount, mode, target, wanted);
      return;
    case Outcome.protect:
      pushFrame(thread, FrameKind.protect, base, mode, target, wanted);
      pushPending(thread, base, thread.requestCount);
      return;
    case Outcome.protectWithHandler:
      pushFrame(thread, FrameKind.protectWithHandler, base, mode, target, wanted);
      pushPending(thread, base, 0);
      return;
    case Outcome.resumeThread:
      pushFrame(thread, FrameKind.resume, base, mode, target, wanted);
      switchTo(thread, base);
      return;
    case Outcome.wrapThread:
      pushFrame(thread, FrameKind.wrap, base, mode, target, wanted);
      switchTo(thread, base);
      return;
    case Outcome.yield:
      yieldValues(thread, base, mode, target, wanted);
      return;
    default:
      complete(thread, mode, target, wanted, base, results);
  }
}

/** As `finishNative`, for a function that counts as called by C (`callNested`). */
export function finishNested(
  thread: LuaThread,
  results: number,
  base: number,
  mode: number,
  target: number,
  wanted: number,
): void {
  const { nativeDepth, depth } = thread;
  if (nativeDepth + 1 >= NATIVE_DEPTH_MAX) throw failure(thread, "C stack overflow");
  thread.nativeDepth = nativeDepth + 1;
  finishNative(thread, results, base, mode, target, wanted);
  if (thread.depth > depth) thread.frames[depth].depth = nativeDepth;
  else thread.nativeDepth = nativeDepth;
}

/** The frame on top has ended with `count` results from stack[first] on. */
export function deliver(thread: LuaThread, first: number, count: number): void {
  const { mode, target, wanted } = popFrame(thread);
  complete(thread, mode, target, wanted, first, count);
}

/** Puts the results of a call where they belong; its frame, if it had one, is gone. */
export function complete(
  thread: LuaThread,
  mode: number,
  target: number,
  wanted: number,
  first: number,
  count: number,
): void {
  const { stack } = thread;
  switch (mode) {
    case Mode.call:
      moveResults(thread, target, wanted, first, count);
      return;
    case Mode.value:
      stack[target] = count > 0 ? stack[first] : undefined;
      return;
    case Mode.discard:
      return;
    case Mode.test: {
      const value = count > 0 ? stack[first] : undefined;
      const { frame } = thread;
      const { code } = (frame.closure as LuaClosure).prototype;
      // Bit 1: the outcome was asked for the other way round, as `not (b < a)`.
      const isTrue = (value !== undefined && value !== false) !== wanted > 1;
      if (isTrue !== ((wanted & 1) === 1)) frame.pc = code[frame.pc - 1];
      return;
    }
    case Mode.concat: {
      stack[target] = count > 0 ? stack[first] : undefined;
      thread.concatLast = target;
      thread.frame.pc--;
      return;
    }
    case Mode.steps:
      thread.ensureStack(target + count + SPARE_SLOTS);
      for (let i = 0; i < count; i++) stack[target + i] = stack[first + i];
      thread.resultCount = count;
      return;
    case Mode.protected:
      thread.ensureStack(first + count + 2);
      for (let i = first + count; i > first; i--) stack[i] = stack[i - 1];
      stack[first] = true;
      deliver(thread, first, count + 1);
      return;
    case Mode.handler:
      failProtected(thread, count > 0 ? stack[first] : undefined);
      return;
    case Mode.bottom:
      endThread(thread, first, count);
  }
}

export function moveResults(
  thread: LuaThread,
  target: number,
  wanted: number,
  first: number,
  count: number,
): void {
  const { stack } = thread;
  if (wanted < 0) {
    for (let i = 0; i < count; i++) stack[target + i] = stack[first + i];
    thread.top = target + count;
    return;
  }
  for (let i = 0; i < wanted; i++) stack[target + i] = i < count ? stack[first + i] : undefined;
}

/** The protected call on top has failed with this value. */
function failProtected(thread: LuaThread, value: LuaValue): void {
  const { base } = thread.frame;
  thread.stack[base] = false;
  thread.stack[base + 1] = value;
  deliver(thread, base, 2);
}

function endThread(thread: LuaThread, first: number, count: number): void {
  const { resumer } = thread;
  thread.status = ThreadStatus.dead;
  if (resumer === null) {
    // The main thread: the host finds its results where they are.
    thread.requestAt = first;
    thread.resultCount = count;
    return;
  }
  thread.resumer = null;
  passTo(resumer, thread, first, count);
}

/** Gives values to the thread that resumed this one, and lets it go on. */
function passTo(resumer: LuaThread, from: LuaThread, first: number, count: number): void {
  resumer.status = ThreadStatus.running;
  resumer.state.current = resumer;
  const { kind, base } = resumer.frame;
  let at = base;
  resumer.ensureStack(base + count + 1 + SPARE_SLOTS);
  if (kind === FrameKind.resume) resumer.stack[at++] = true;
  for (let i = 0; i < count; i++) resumer.stack[at + i] = from.stack[first + i];
  deliver(resumer, base, at - base + count);
}

/** Resumes `requestThread`, which can be, with the requested values. */
function switchTo(thread: LuaThread, base: number): void {
  const next = thread.requestThread as LuaThread;
  const count = thread.requestCount;
  thread.requestThread = null;
  let resumes = 0;
  for (let each: LuaThread | null = thread; each !== null; each = each.resumer) resumes++;
  if (resumes > RESUMES_MAX) throw new LuaError("C stack overflow");
  thread.status = ThreadStatus.normal;
  next.status = ThreadStatus.running;
  next.resumer = thread;
  thread.state.current = next;
  const isNew = next.depth === 0;
  const at = isNew ? 1 : next.frame.base;
  next.ensureStack(at + count + SPARE_SLOTS);
  for (let i = 0; i < count; i++) next.stack[at + i] = thread.stack[base + i];
  if (!isNew) {
    deliver(next, at, count);
    return;
  }
  next.nativeDepth = 1;
  call(next, 0, count, Mode.bottom, 0, -1);
}

function yieldValues(
  thread: LuaThread,
  base: number,
  mode: number,
  target: number,
  wanted: number,
): void {
  const { resumer, requestCount } = thread;
  if (resumer === null || thread.nativeDepth > 1) {
    throw new LuaError("attempt to yield across metamethod/C-call boundary");
  }
  pushFrame(thread, FrameKind.yield, base, mode, target, wanted);
  thread.status = ThreadStatus.suspended;
  thread.resumer = null;
  passTo(resumer, thread, base, requestCount);
}

/**
 * An error has been thrown: leaves frames, and threads, up to the protected call that it ends at.
 * If there is none, it is thrown again, for the host.
 */
export function unwind(from: LuaThread, error: LuaError): void {
  let thread = from;
  let { value } = error;
  for (;;) {
    noteRaised(thread);
    thread.isStepping = false;
    while (thread.depth > 0) {
      const { kind } = thread.frame;
      if (kind >= FrameKind.protect && kind <= FrameKind.handling) break;
      popFrame(thread);
    }
    if (thread.depth > 0) break;
    thread.status = ThreadStatus.dead;
    const { resumer } = thread;
    if (resumer === null) throw new LuaError(value);
    thread.resumer = null;
    thread = resumer;
    thread.status = ThreadStatus.running;
    thread.state.current = thread;
    if (thread.frame.kind === FrameKind.resume) {
      const { base } = thread.frame;
      thread.stack[base] = false;
      thread.stack[base + 1] = value;
      deliver(thread, base, 2);
      return;
    }
    popFrame(thread);
    if (typeof value === "string") value = where(thread, 1) + value;
  }
  const { frame } = thread;
  if (frame.kind === FrameKind.protect) {
    thread.nativeDepth = frame.depth;
    const { errorOfPcall } = thread.state;
    failProtected(thread, errorOfPcall === null ? value : errorOfPcall(value));
    return;
  }
  handle(thread, frame, value);
}

/** Notes where an error was raised: in the innermost Lua function of the thread. */
function noteRaised(thread: LuaThread): void {
  const { state, frames } = thread;
  let index = thread.depth - 1;
  while (index >= 0 && frames[index].closure === null) index--;
  state.errorLine = 0;
  if (index < 0) return;
  const { closure, pc } = frames[index];
  const { chunk, lines } = (closure as LuaClosure).prototype;
  state.errorChunk = chunk;
  state.errorLine = pc > 0 ? lines[pc - 1] : 0;
}

/** Calls the handler of xpcall: errors in it go to it again, until that is too deep. */
function handle(thread: LuaThread, frame: Frame, first: LuaValue): void {
  const handler = thread.stack[frame.base - 1];
  const at = frame.base + 1;
  let value = first;
  frame.kind = FrameKind.handling;
  for (;;) {
    frame.pc++;
    thread.nativeDepth = frame.depth;
    if (!(handler instanceof LuaFunction) || frame.pc > NATIVE_DEPTH_MAX) {
      failProtected(thread, "error in error handling");
      return;
    }
    thread.ensureStack(at + 2 + SPARE_SLOTS);
    thread.stack[at] = handler;
    thread.stack[at + 1] = value;
    try {
      callNested(thread, at, 1, Mode.handler, at, 1);
      return;
    } catch (error) {
      // A native handler fails at once.
      if (!(error instanceof LuaError)) throw error;
      value = error.value;
    }
  }
}
