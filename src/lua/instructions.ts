// Instructions in whole: those that are seldom, and for the others what the interpreter's short way
// leaves out. Whatever comes of an instruction is in the thread and its frames afterwards, so the
// interpreter goes on with the frame on top.

import {
  call,
  callNested,
  enterInstead,
  insertCallMetamethod,
  moveResults,
  SPARE_SLOTS,
} from "./calls.ts";
import { failure } from "./errors.ts";
import { Operation } from "./opcodes.ts";
import {
  arithmetic,
  concat,
  equals,
  getIndexed,
  lengthOf,
  lessOrEqual,
  lessThan,
  minus,
  setIndexed,
  toNumber,
} from "./semantics.ts";
import type { LuaTable } from "./table.ts";
import { type Frame, LuaClosure, type LuaThread, Mode } from "./thread.ts";
import { type Box, LuaFunction } from "./values.ts";

const TURNS_MAX = 2 ** 20;

/**
 * Performs instruction `i` of the frame's function. `words` is the place of the words behind it;
 * `frame.pc`, which jumps change, is already behind those.
 */
export function performWhole(
  thread: LuaThread,
  frame: Frame,
  closure: LuaClosure,
  i: number,
  words: number,
): void {
  const { stack } = thread;
  const { base } = frame;
  const { prototype } = closure;
  const { code, constants } = prototype;
  const operation = i & 255;
  const ra = (i >>> 8) & 255;
  const rb = (i >>> 16) & 255;
  const rc = i >>> 24;
  const a = base + ra;
  switch (operation) {
    case Operation.getGlobal:
      return getIndexed(thread, closure.environment, constants[code[words]], a, -1);
    case Operation.setGlobal:
      return setIndexed(thread, closure.environment, constants[code[words]], stack[a], -1);
    case Operation.getField:
      return getIndexed(thread, stack[base + rb], constants[code[words]], a, rb);
    case Operation.setField:
      return setIndexed(thread, stack[a], constants[code[words]], stack[base + rb], ra);
    case Operation.getIndex:
      return getIndexed(thread, stack[base + rb], stack[base + rc], a, rb);
    case Operation.setIndex:
      return setIndexed(thread, stack[a], stack[base + rb], stack[base + rc], ra);
    case Operation.getItem:
      return getIndexed(thread, stack[base + rb], rc, a, rb);
    case Operation.setItem:
      return setIndexed(thread, stack[a], rb, stack[base + rc], ra);
    case Operation.self: {
      const object = stack[base + rb];
      stack[a + 1] = object;
      return getIndexed(thread, object, constants[code[words]], a, rb);
    }
    case Operation.newTable:
      stack[a] = thread.state.newTable(code[words], code[words + 1]);
      return;
    case Operation.setList:
      return setList(thread, a, rb === 0 ? thread.top - a - 1 : rb, code[words]);
    case Operation.minus:
      return minus(thread, stack[base + rb], a, rb);
    case Operation.length:
      return lengthOf(thread, stack[base + rb], a, rb);
    case Operation.concat: {
      const last = thread.concatLast >= 0 ? thread.concatLast : base + rc;
      thread.concatLast = -1;
      return concat(thread, base + rb, last, a);
    }
    case Operation.equal:
      return branch(frame, code, rc, equals(thread, stack[a], stack[base + rb], rc));
    case Operation.less:
      return branch(frame, code, rc, lessThan(thread, stack[a], stack[base + rb], rc));
    case Operation.lessEqual:
      return branch(frame, code, rc, lessOrEqual(thread, stack[a], stack[base + rb], rc));
    case Operation.lessConstant:
      return branch(frame, code, rc, lessThan(thread, stack[a], constants[rb], rc));
    case Operation.lessEqualConstant:
      return branch(frame, code, rc, lessOrEqual(thread, stack[a], constants[rb], rc));
    case Operation.greaterConstant:
      return branch(frame, code, rc, lessThan(thread, constants[rb], stack[a], rc));
    case Operation.greaterEqualConstant:
      return branch(frame, code, rc, lessOrEqual(thread, constants[rb], stack[a], rc));
    case Operation.call: {
      const count = rb === 0 ? thread.top - a - 1 : rb - 1;
      insertCallMetamethod(thread, a, count, ra);
      return call(thread, a, count + 1, Mode.call, a, rc - 1);
    }
    case Operation.tailCall:
      return tailCall(thread, frame, a, rb === 0 ? thread.top - a - 1 : rb - 1, ra);
    case Operation.forPrepare:
      return prepareLoop(thread, frame, a, code[words]);
    case Operation.forCall:
      for (let n = 0; n < 3; n++) stack[a + 3 + n] = stack[a + n];
      return callNested(thread, a + 3, 2, Mode.call, a + 3, rc);
    case Operation.closure:
      stack[a] = makeClosure(thread, base, closure, code[words]);
      return;
    case Operation.vararg: {
      const { varargs } = frame;
      if (rb === 0) thread.ensureStack(a + varargs + SPARE_SLOTS);
      return moveResults(thread, a, rb - 1, base - varargs, varargs);
    }
  }
  const left = stack[base + rb];
  if (operation < Operation.addConstant) {
    arithmetic(thread, operation - Operation.add, left, stack[base + rc], a, rb, rc);
  } else {
    arithmetic(thread, operation - Operation.addConstant, left, constants[rc], a, rb, -1);
  }
}

/** A comparison has come out; null: a metamethod has been called for it, and decides. */
function branch(frame: Frame, code: Int32Array, wanted: number, outcome: boolean | null): void {
  if (outcome !== null && outcome !== (wanted === 1)) frame.pc = code[frame.pc - 1];
}

function setList(thread: LuaThread, at: number, count: number, first: number): void {
  const table = thread.stack[at] as LuaTable;
  if (count > 0) table.resizeArray(first + count - 1);
  for (let item = count; item > 0; item--) {
    table.setNumber(first + item - 1, thread.stack[at + item]);
  }
}

function tailCall(
  thread: LuaThread,
  frame: Frame,
  at: number,
  given: number,
  register: number,
): void {
  let count = given;
  if (!(thread.stack[at] instanceof LuaFunction)) {
    insertCallMetamethod(thread, at, count++, register);
  }
  const callee = thread.stack[at];
  if (callee instanceof LuaClosure) {
    enterInstead(thread, frame, callee, at, count);
    thread.state.budget--;
  } else {
    // A native function runs above this frame, as in C; the instruction behind this one returns.
    call(thread, at, count, Mode.call, at, -1);
  }
}

/** Makes numbers of a loop's first, limit and step, and goes to its end, where it is entered. */
export function prepareLoop(thread: LuaThread, frame: Frame, at: number, target: number): void {
  const { stack } = thread;
  const first = toNumber(stack[at]);
  const limit = toNumber(stack[at + 1]);
  const step = toNumber(stack[at + 2]);
  if (first === undefined) throw failure(thread, "'for' initial value must be a number");
  if (limit === undefined) throw failure(thread, "'for' limit must be a number");
  if (step === undefined) throw failure(thread, "'for' step must be a number");
  stack[at] = first - step;
  stack[at + 1] = limit;
  stack[at + 2] = step;
  frame.pc = target;
}

/** How often a loop that has been prepared will turn round, up to a bound. */
export function turnsOf({ stack }: LuaThread, at: number): number {
  const turns = ((stack[at + 1] as number) - (stack[at] as number)) / (stack[at + 2] as number);
  return turns > 0 ? Math.min(Math.floor(turns), TURNS_MAX) : 0;
}

function makeClosure(
  thread: LuaThread,
  base: number,
  closure: LuaClosure,
  index: number,
): LuaClosure {
  const prototype = closure.prototype.prototypes[index];
  const { captures } = prototype;
  const upvalues: Box[] = [];
  for (let each = 0; each < captures.length; each++) {
    const from = captures[each];
    const value: unknown = from >= 0 ? thread.stack[base + from] : closure.upvalues[-1 - from];
    upvalues.push(value as Box);
  }
  thread.state.allocated(40 + 8 * upvalues.length);
  return new LuaClosure(prototype, upvalues, closure.environment);
}
