// The interpreter: goes through the code of the function on top of the current thread, and on to
// whatever is on top then, until the thread's first function has returned, the budget is used up, or a
// native function waits for the host.
//
// All that a run consists of is in threads and frames, so it can be left where a loop turns round or a
// function is called (which costs one count each), and gone on with at any time. Instructions take the
// short way for what scripts do most; semantics.ts has the rest. `frame.pc` is written before
// everything that may fail or call: errors take their line from it.
//
// The cases are numbers, those of Operation in opcodes.ts.

import {
  call,
  callNested,
  deliver,
  enter,
  enterInstead,
  finishNative,
  insertCallMetamethod,
  moveResults,
  SPARE_SLOTS,
} from "./calls.ts";
import { failure } from "./errors.ts";
import {
  arithmetic,
  checkKey,
  concat,
  equals,
  getIndexed,
  joined,
  lengthOf,
  lessOrEqual,
  lessThan,
  minus,
  setIndexed,
  toNumber,
} from "./semantics.ts";
import { LuaTable } from "./table.ts";
import {
  type Frame,
  FrameKind,
  LuaClosure,
  type LuaState,
  type LuaThread,
  Mode,
  NativeFunction,
  RunStatus,
} from "./thread.ts";
import { Box, type LuaValue } from "./values.ts";

/** Goes on with a frame that is not of a Lua function. Whether the run is left, and how; −1: it is not. */
function proceed(thread: LuaThread, frame: Frame): number {
  if (frame.kind === FrameKind.bottom) return RunStatus.done;
  if (frame.kind === FrameKind.wait) return RunStatus.waiting;
  const { steps } = frame;
  if (steps === null) throw new TypeError("a thread goes on that waits");
  thread.isStepping = true;
  const { done, value } = steps.next();
  thread.isStepping = false;
  if (done === true) {
    deliver(thread, frame.base, value as number);
  } else {
    const at = thread.requestAt;
    if (at >= 0) callNested(thread, at, thread.requestCount, Mode.steps, at, -1);
    if (--thread.state.budget < 0) return RunStatus.paused;
  }
  return -1;
}

/** Runs the current thread of a state. A LuaError that no protected call ends is thrown. */
export function interpret(state: LuaState): number {
  // Stands for any string where a method is looked for: an empty table with the strings' metatable.
  const stringHolder = new LuaTable(0, 0, null);
  stringHolder.metatable = state.stringMetatable;
  for (;;) {
    const thread = state.current;
    const { frame, stack } = thread;
    const closure = frame.closure;
    if (closure === null) {
      const left = proceed(thread, frame);
      if (left >= 0) return left;
      continue;
    }
    const { base } = frame;
    const { code, constants } = closure.prototype;
    let { pc } = frame;

    run: for (;;) {
      const i = code[pc++];
      switch (i & 255) {
        case 0: // move
          stack[base + ((i >>> 8) & 255)] = stack[base + ((i >>> 16) & 255)];
          continue;

        case 1: // loadConstant
          stack[base + ((i >>> 8) & 255)] = constants[code[pc++]];
          continue;

        case 2: {
          // loadNil
          const last = base + ((i >>> 16) & 255);
          for (let at = base + ((i >>> 8) & 255); at <= last; at++) stack[at] = undefined;
          continue;
        }

        case 3: // loadTrue
          stack[base + ((i >>> 8) & 255)] = true;
          continue;

        case 4: // loadFalse
          stack[base + ((i >>> 8) & 255)] = false;
          continue;

        case 5: // getUpvalue
          stack[base + ((i >>> 8) & 255)] = closure.upvalues[(i >>> 16) & 255].value;
          continue;

        case 6: // setUpvalue
          closure.upvalues[(i >>> 16) & 255].value = stack[base + ((i >>> 8) & 255)];
          continue;

        case 7: {
          // newBox
          const at = base + ((i >>> 8) & 255);
          stack[at] = new Box(stack[at]) as unknown as LuaValue;
          continue;
        }

        case 8: // getBox
          stack[base + ((i >>> 8) & 255)] = (
            stack[base + ((i >>> 16) & 255)] as unknown as Box
          ).value;
          continue;

        case 9: // setBox
          (stack[base + ((i >>> 8) & 255)] as unknown as Box).value =
            stack[base + ((i >>> 16) & 255)];
          continue;

        case 10: {
          // getGlobal
          const table = closure.environment;
          const key = constants[code[pc]] as string;
          const node = code[pc + 1];
          if (node < table.nodeKeys.length && table.nodeKeys[node] === key) {
            const value = table.nodeValues[node];
            if (value !== undefined) {
              stack[base + ((i >>> 8) & 255)] = value;
              pc += 2;
              continue;
            }
          }
          const found = table.findString(key, closure.prototype.hashes[code[pc]]);
          if (found >= 0) {
            code[pc + 1] = found;
            const value = table.nodeValues[found];
            if (value !== undefined) {
              stack[base + ((i >>> 8) & 255)] = value;
              pc += 2;
              continue;
            }
          }
          frame.pc = pc + 2;
          getIndexed(thread, table, key, base + ((i >>> 8) & 255), -1);
          break run;
        }

        case 11: {
          // setGlobal
          const table = closure.environment;
          const key = constants[code[pc]] as string;
          const value = stack[base + ((i >>> 8) & 255)];
          const node = code[pc + 1];
          if (
            node < table.nodeKeys.length &&
            table.nodeKeys[node] === key &&
            table.nodeValues[node] !== undefined &&
            !table.readonly
          ) {
            table.absent = 0;
            table.nodeValues[node] = value;
            pc += 2;
            continue;
          }
          const found = table.findString(key, closure.prototype.hashes[code[pc]]);
          if (found >= 0) code[pc + 1] = found;
          frame.pc = pc + 2;
          setIndexed(thread, table, key, value, -1);
          break run;
        }

        case 12: {
          // getField
          const object = stack[base + ((i >>> 16) & 255)];
          const key = constants[code[pc]] as string;
          if (object instanceof LuaTable) {
            const node = code[pc + 1];
            const keys = object.nodeKeys;
            if (node < keys.length && keys[node] === key) {
              const value = object.nodeValues[node];
              if (value !== undefined) {
                stack[base + ((i >>> 8) & 255)] = value;
                pc += 2;
                continue;
              }
            }
            const found = object.findString(key, closure.prototype.hashes[code[pc]]);
            if (found >= 0) {
              code[pc + 1] = found;
              const value = object.nodeValues[found];
              if (value !== undefined) {
                stack[base + ((i >>> 8) & 255)] = value;
                pc += 2;
                continue;
              }
            }
            const inherited =
              object.metatable === null
                ? undefined
                : object.inherited(key, closure.prototype.hashes[code[pc]]);
            if (inherited !== undefined || object.metatable === null) {
              stack[base + ((i >>> 8) & 255)] = inherited;
              pc += 2;
              continue;
            }
          }
          frame.pc = pc + 2;
          getIndexed(thread, object, key, base + ((i >>> 8) & 255), (i >>> 16) & 255);
          break run;
        }

        case 13: {
          // setField
          const object = stack[base + ((i >>> 8) & 255)];
          const key = constants[code[pc]] as string;
          const value = stack[base + ((i >>> 16) & 255)];
          if (object instanceof LuaTable && !object.readonly) {
            let node = code[pc + 1];
            const keys = object.nodeKeys;
            if (node >= keys.length || keys[node] !== key) {
              node = object.findString(key, closure.prototype.hashes[code[pc]]);
              if (node >= 0) code[pc + 1] = node;
            }
            if (node >= 0 && (object.metatable === null || object.nodeValues[node] !== undefined)) {
              object.absent = 0;
              object.nodeValues[node] = value;
              pc += 2;
              continue;
            }
          }
          frame.pc = pc + 2;
          setIndexed(thread, object, key, value, (i >>> 8) & 255);
          break run;
        }

        case 14: {
          // getIndex
          const object = stack[base + ((i >>> 16) & 255)];
          const key = stack[base + (i >>> 24)];
          if (object instanceof LuaTable) {
            let value: LuaValue;
            if (typeof key === "number") {
              const index = key - 1;
              const { array } = object;
              value =
                index >>> 0 === index && index < array.length
                  ? array[index]
                  : object.getNumber(key);
            } else {
              value = object.get(key);
            }
            if (value !== undefined || object.metatable === null) {
              stack[base + ((i >>> 8) & 255)] = value;
              continue;
            }
          }
          frame.pc = pc;
          getIndexed(thread, object, key, base + ((i >>> 8) & 255), (i >>> 16) & 255);
          break run;
        }

        case 15: {
          // setIndex
          const object = stack[base + ((i >>> 8) & 255)];
          const key = stack[base + ((i >>> 16) & 255)];
          const value = stack[base + (i >>> 24)];
          if (object instanceof LuaTable && object.metatable === null && !object.readonly) {
            if (typeof key === "number") {
              const index = key - 1;
              const { array } = object;
              if (index >>> 0 === index && index < array.length) {
                array[index] = value;
                continue;
              }
            }
            frame.pc = pc;
            if (key === undefined || key !== key) checkKey(thread, key);
            object.set(key, value);
            continue;
          }
          frame.pc = pc;
          setIndexed(thread, object, key, value, (i >>> 8) & 255);
          break run;
        }

        case 16: {
          // getItem
          const object = stack[base + ((i >>> 16) & 255)];
          const item = i >>> 24;
          if (object instanceof LuaTable) {
            const { array } = object;
            const value = item <= array.length ? array[item - 1] : object.getNumber(item);
            if (value !== undefined || object.metatable === null) {
              stack[base + ((i >>> 8) & 255)] = value;
              continue;
            }
          }
          frame.pc = pc;
          getIndexed(thread, object, item, base + ((i >>> 8) & 255), (i >>> 16) & 255);
          break run;
        }

        case 17: {
          // setItem
          const object = stack[base + ((i >>> 8) & 255)];
          const item = (i >>> 16) & 255;
          const value = stack[base + (i >>> 24)];
          frame.pc = pc;
          if (object instanceof LuaTable && object.metatable === null && !object.readonly) {
            object.setNumber(item, value);
            continue;
          }
          setIndexed(thread, object, item, value, (i >>> 8) & 255);
          break run;
        }

        case 18: {
          // self
          const object = stack[base + ((i >>> 16) & 255)];
          const key = constants[code[pc]] as string;
          const at = base + ((i >>> 8) & 255);
          stack[at + 1] = object;
          const holder = typeof object === "string" ? stringHolder : object;
          if (holder instanceof LuaTable) {
            const hash = closure.prototype.hashes[code[pc]];
            const found = holder.findString(key, hash);
            const own = found < 0 ? undefined : holder.nodeValues[found];
            const value = own === undefined ? holder.inherited(key, hash) : own;
            if (value !== undefined) {
              stack[at] = value;
              pc += 2;
              continue;
            }
          }
          frame.pc = pc + 2;
          getIndexed(thread, object, key, at, (i >>> 16) & 255);
          break run;
        }

        case 19: {
          // newTable
          frame.pc = pc + 2;
          stack[base + ((i >>> 8) & 255)] = state.newTable(code[pc], code[pc + 1]);
          pc += 2;
          continue;
        }

        case 20: {
          // setList
          const at = base + ((i >>> 8) & 255);
          const table = stack[at] as LuaTable;
          const fixed = (i >>> 16) & 255;
          const count = fixed === 0 ? thread.top - at - 1 : fixed;
          const first = code[pc++];
          frame.pc = pc;
          if (count > 0) table.resizeArray(first + count - 1);
          for (let item = count; item > 0; item--) {
            table.setNumber(first + item - 1, stack[at + item]);
          }
          continue;
        }

        case 21: {
          // add
          const left = stack[base + ((i >>> 16) & 255)];
          const right = stack[base + (i >>> 24)];
          if (typeof left === "number" && typeof right === "number") {
            stack[base + ((i >>> 8) & 255)] = left + right;
            continue;
          }
          frame.pc = pc;
          arithmetic(thread, 0, left, right, base + ((i >>> 8) & 255), (i >>> 16) & 255, i >>> 24);
          break run;
        }

        case 22: {
          // subtract
          const left = stack[base + ((i >>> 16) & 255)];
          const right = stack[base + (i >>> 24)];
          if (typeof left === "number" && typeof right === "number") {
            stack[base + ((i >>> 8) & 255)] = left - right;
            continue;
          }
          frame.pc = pc;
          arithmetic(thread, 1, left, right, base + ((i >>> 8) & 255), (i >>> 16) & 255, i >>> 24);
          break run;
        }

        case 23: {
          // multiply
          const left = stack[base + ((i >>> 16) & 255)];
          const right = stack[base + (i >>> 24)];
          if (typeof left === "number" && typeof right === "number") {
            stack[base + ((i >>> 8) & 255)] = left * right;
            continue;
          }
          frame.pc = pc;
          arithmetic(thread, 2, left, right, base + ((i >>> 8) & 255), (i >>> 16) & 255, i >>> 24);
          break run;
        }

        case 24: {
          // divide
          const left = stack[base + ((i >>> 16) & 255)];
          const right = stack[base + (i >>> 24)];
          if (typeof left === "number" && typeof right === "number") {
            stack[base + ((i >>> 8) & 255)] = left / right;
            continue;
          }
          frame.pc = pc;
          arithmetic(thread, 3, left, right, base + ((i >>> 8) & 255), (i >>> 16) & 255, i >>> 24);
          break run;
        }

        case 25: {
          // modulo
          const left = stack[base + ((i >>> 16) & 255)];
          const right = stack[base + (i >>> 24)];
          if (typeof left === "number" && typeof right === "number") {
            stack[base + ((i >>> 8) & 255)] = left - Math.floor(left / right) * right;
            continue;
          }
          frame.pc = pc;
          arithmetic(thread, 4, left, right, base + ((i >>> 8) & 255), (i >>> 16) & 255, i >>> 24);
          break run;
        }

        case 26: {
          // power
          frame.pc = pc;
          const target = base + ((i >>> 8) & 255);
          const left = stack[base + ((i >>> 16) & 255)];
          const right = stack[base + (i >>> 24)];
          arithmetic(thread, 5, left, right, target, (i >>> 16) & 255, i >>> 24);
          if (thread.frame === frame) continue;
          break run;
        }

        case 27: {
          // addConstant
          const left = stack[base + ((i >>> 16) & 255)];
          if (typeof left === "number") {
            stack[base + ((i >>> 8) & 255)] = left + (constants[i >>> 24] as number);
            continue;
          }
          frame.pc = pc;
          const right = constants[i >>> 24];
          arithmetic(thread, 0, left, right, base + ((i >>> 8) & 255), (i >>> 16) & 255, -1);
          break run;
        }

        case 28: {
          // subtractConstant
          const left = stack[base + ((i >>> 16) & 255)];
          if (typeof left === "number") {
            stack[base + ((i >>> 8) & 255)] = left - (constants[i >>> 24] as number);
            continue;
          }
          frame.pc = pc;
          const right = constants[i >>> 24];
          arithmetic(thread, 1, left, right, base + ((i >>> 8) & 255), (i >>> 16) & 255, -1);
          break run;
        }

        case 29: {
          // multiplyConstant
          const left = stack[base + ((i >>> 16) & 255)];
          if (typeof left === "number") {
            stack[base + ((i >>> 8) & 255)] = left * (constants[i >>> 24] as number);
            continue;
          }
          frame.pc = pc;
          const right = constants[i >>> 24];
          arithmetic(thread, 2, left, right, base + ((i >>> 8) & 255), (i >>> 16) & 255, -1);
          break run;
        }

        case 30: {
          // divideConstant
          const left = stack[base + ((i >>> 16) & 255)];
          if (typeof left === "number") {
            stack[base + ((i >>> 8) & 255)] = left / (constants[i >>> 24] as number);
            continue;
          }
          frame.pc = pc;
          const right = constants[i >>> 24];
          arithmetic(thread, 3, left, right, base + ((i >>> 8) & 255), (i >>> 16) & 255, -1);
          break run;
        }

        case 31: {
          // moduloConstant
          const left = stack[base + ((i >>> 16) & 255)];
          if (typeof left === "number") {
            const right = constants[i >>> 24] as number;
            stack[base + ((i >>> 8) & 255)] = left - Math.floor(left / right) * right;
            continue;
          }
          frame.pc = pc;
          const right = constants[i >>> 24];
          arithmetic(thread, 4, left, right, base + ((i >>> 8) & 255), (i >>> 16) & 255, -1);
          break run;
        }

        case 32: {
          // powerConstant
          frame.pc = pc;
          const target = base + ((i >>> 8) & 255);
          const left = stack[base + ((i >>> 16) & 255)];
          arithmetic(thread, 5, left, constants[i >>> 24], target, (i >>> 16) & 255, -1);
          if (thread.frame === frame) continue;
          break run;
        }

        case 33: {
          // minus
          const value = stack[base + ((i >>> 16) & 255)];
          if (typeof value === "number") {
            stack[base + ((i >>> 8) & 255)] = -value;
            continue;
          }
          frame.pc = pc;
          minus(thread, value, base + ((i >>> 8) & 255), (i >>> 16) & 255);
          break run;
        }

        case 34: {
          // not
          const value = stack[base + ((i >>> 16) & 255)];
          stack[base + ((i >>> 8) & 255)] = value === undefined || value === false;
          continue;
        }

        case 35: {
          // length
          const value = stack[base + ((i >>> 16) & 255)];
          if (value instanceof LuaTable) {
            stack[base + ((i >>> 8) & 255)] = value.length();
            continue;
          }
          frame.pc = pc;
          lengthOf(thread, value, base + ((i >>> 8) & 255), (i >>> 16) & 255);
          break run;
        }

        case 36: {
          // concat
          const first = base + ((i >>> 16) & 255);
          let last = base + (i >>> 24);
          frame.pc = pc;
          if (frame.concatLast >= 0) {
            last = base + frame.concatLast;
            frame.concatLast = -1;
          } else if (last === first + 1) {
            const left = stack[first];
            const right = stack[last];
            if (typeof left === "string" && typeof right === "string") {
              stack[base + ((i >>> 8) & 255)] = joined(thread, left, right);
              continue;
            }
          }
          concat(thread, first, last, base + ((i >>> 8) & 255));
          if (thread.frame === frame && frame.pc === pc) continue;
          break run;
        }

        case 37: // jump
          pc = code[pc];
          continue;

        case 38: // jumpBack
          pc = code[pc];
          if (--state.budget < 0) {
            frame.pc = pc;
            return RunStatus.paused;
          }
          continue;

        case 39: {
          // jumpIfFalse
          const value = stack[base + ((i >>> 8) & 255)];
          pc = value === undefined || value === false ? code[pc] : pc + 1;
          continue;
        }

        case 40: {
          // jumpIfTrue
          const value = stack[base + ((i >>> 8) & 255)];
          pc = value === undefined || value === false ? pc + 1 : code[pc];
          continue;
        }

        case 41: {
          // equal
          const left = stack[base + ((i >>> 8) & 255)];
          const right = stack[base + ((i >>> 16) & 255)];
          frame.pc = pc + 1;
          const outcome = left === right ? true : equals(thread, left, right, i >>> 24);
          if (outcome === null) break run;
          pc = outcome === (i >>> 24 === 1) ? pc + 1 : code[pc];
          continue;
        }

        case 42: {
          // equalConstant
          const isEqual = stack[base + ((i >>> 8) & 255)] === constants[(i >>> 16) & 255];
          pc = isEqual === (i >>> 24 === 1) ? pc + 1 : code[pc];
          continue;
        }

        case 43: {
          // less
          const left = stack[base + ((i >>> 8) & 255)];
          const right = stack[base + ((i >>> 16) & 255)];
          if (typeof left === "number" && typeof right === "number") {
            pc = left < right === (i >>> 24 === 1) ? pc + 1 : code[pc];
            continue;
          }
          frame.pc = pc + 1;
          const outcome = lessThan(thread, left, right, i >>> 24);
          if (outcome === null) break run;
          pc = outcome === (i >>> 24 === 1) ? pc + 1 : code[pc];
          continue;
        }

        case 44: {
          // lessEqual
          const left = stack[base + ((i >>> 8) & 255)];
          const right = stack[base + ((i >>> 16) & 255)];
          if (typeof left === "number" && typeof right === "number") {
            pc = left <= right === (i >>> 24 === 1) ? pc + 1 : code[pc];
            continue;
          }
          frame.pc = pc + 1;
          const outcome = lessOrEqual(thread, left, right, i >>> 24);
          if (outcome === null) break run;
          pc = outcome === (i >>> 24 === 1) ? pc + 1 : code[pc];
          continue;
        }

        case 45: {
          // lessConstant
          const left = stack[base + ((i >>> 8) & 255)];
          if (typeof left !== "number") {
            frame.pc = pc + 1;
            lessThan(thread, left, constants[(i >>> 16) & 255], 0);
            break run;
          }
          const isTrue = left < (constants[(i >>> 16) & 255] as number);
          pc = isTrue === (i >>> 24 === 1) ? pc + 1 : code[pc];
          continue;
        }

        case 46: {
          // lessEqualConstant
          const left = stack[base + ((i >>> 8) & 255)];
          if (typeof left !== "number") {
            frame.pc = pc + 1;
            lessOrEqual(thread, left, constants[(i >>> 16) & 255], 0);
            break run;
          }
          const isTrue = left <= (constants[(i >>> 16) & 255] as number);
          pc = isTrue === (i >>> 24 === 1) ? pc + 1 : code[pc];
          continue;
        }

        case 47: {
          // greaterConstant
          const left = stack[base + ((i >>> 8) & 255)];
          if (typeof left !== "number") {
            frame.pc = pc + 1;
            lessThan(thread, constants[(i >>> 16) & 255], left, 0);
            break run;
          }
          const isTrue = left > (constants[(i >>> 16) & 255] as number);
          pc = isTrue === (i >>> 24 === 1) ? pc + 1 : code[pc];
          continue;
        }

        case 48: {
          // greaterEqualConstant
          const left = stack[base + ((i >>> 8) & 255)];
          if (typeof left !== "number") {
            frame.pc = pc + 1;
            lessOrEqual(thread, constants[(i >>> 16) & 255], left, 0);
            break run;
          }
          const isTrue = left >= (constants[(i >>> 16) & 255] as number);
          pc = isTrue === (i >>> 24 === 1) ? pc + 1 : code[pc];
          continue;
        }

        case 49: {
          // call
          const at = base + ((i >>> 8) & 255);
          const fixed = (i >>> 16) & 255;
          let count = fixed === 0 ? thread.top - at - 1 : fixed - 1;
          const wanted = (i >>> 24) - 1;
          frame.pc = pc;
          for (;;) {
            const callee = stack[at];
            if (callee instanceof LuaClosure) {
              enter(thread, callee, at, count, Mode.call, at, wanted);
              if (--state.budget < 0) return RunStatus.paused;
              break run;
            }
            if (callee instanceof NativeFunction) {
              if (at + count + SPARE_SLOTS > stack.length) {
                thread.ensureStack(at + count + SPARE_SLOTS);
              }
              const results = callee.code(thread, at + 1, count);
              if (results >= 0) {
                if (wanted === 1) stack[at] = results > 0 ? stack[at + 1] : undefined;
                else moveResults(thread, at, wanted, at + 1, results);
                continue run;
              }
              finishNative(thread, results, at + 1, Mode.call, at, wanted);
              break run;
            }
            insertCallMetamethod(thread, at, count, (i >>> 8) & 255);
            count++;
          }
        }

        case 50: {
          // tailCall
          const at = base + ((i >>> 8) & 255);
          const fixed = (i >>> 16) & 255;
          let count = fixed === 0 ? thread.top - at - 1 : fixed - 1;
          frame.pc = pc;
          let callee = stack[at];
          if (!(callee instanceof LuaClosure || callee instanceof NativeFunction)) {
            insertCallMetamethod(thread, at, count, (i >>> 8) & 255);
            count++;
            callee = stack[at];
          }
          if (callee instanceof LuaClosure) {
            enterInstead(thread, frame, callee, at, count);
            if (--state.budget < 0) return RunStatus.paused;
          } else {
            // A native function runs above this frame, as in C; the next instruction returns.
            call(thread, at, count, Mode.call, at, -1);
          }
          break run;
        }

        case 51: {
          // returnMany
          const at = base + ((i >>> 8) & 255);
          const fixed = (i >>> 16) & 255;
          deliver(thread, at, fixed === 0 ? thread.top - at : fixed - 1);
          break run;
        }

        case 52: // returnNone
          deliver(thread, base, 0);
          break run;

        case 53: {
          // returnOne
          const at = base + ((i >>> 8) & 255);
          if (frame.mode === Mode.call && frame.wanted === 1 && thread.depth > 1) {
            stack[frame.target] = stack[at];
            const depth = thread.depth - 1;
            thread.depth = depth;
            thread.frame = thread.frames[depth - 1];
          } else {
            deliver(thread, at, 1);
          }
          break run;
        }

        case 54: {
          // forPrepare
          const at = base + ((i >>> 8) & 255);
          const first = toNumber(stack[at]);
          const limit = toNumber(stack[at + 1]);
          const step = toNumber(stack[at + 2]);
          frame.pc = pc + 1;
          if (first === undefined) throw failure(thread, "'for' initial value must be a number");
          if (limit === undefined) throw failure(thread, "'for' limit must be a number");
          if (step === undefined) throw failure(thread, "'for' step must be a number");
          stack[at] = first - step;
          stack[at + 1] = limit;
          stack[at + 2] = step;
          pc = code[pc];
          continue;
        }

        case 55: {
          // forLoop
          const at = base + ((i >>> 8) & 255);
          const step = stack[at + 2] as number;
          const index = (stack[at] as number) + step;
          const limit = stack[at + 1] as number;
          if (step > 0 ? index <= limit : limit <= index) {
            stack[at] = index;
            stack[at + 3] = index;
            pc = code[pc];
            if (--state.budget < 0) {
              frame.pc = pc;
              return RunStatus.paused;
            }
          } else {
            pc++;
          }
          continue;
        }

        case 56: {
          // forCall
          const at = base + ((i >>> 8) & 255) + 3;
          const wanted = i >>> 24;
          const callee = stack[at - 3];
          stack[at] = callee;
          stack[at + 1] = stack[at - 2];
          stack[at + 2] = stack[at - 1];
          frame.pc = pc;
          if (callee instanceof NativeFunction) {
            const results = callee.code(thread, at + 1, 2);
            if (results >= 0) {
              moveResults(thread, at, wanted, at + 1, results);
              continue;
            }
            finishNative(thread, results, at + 1, Mode.call, at, wanted);
          } else {
            callNested(thread, at, 2, Mode.call, at, wanted);
          }
          break run;
        }

        case 57: {
          // forNext
          const at = base + ((i >>> 8) & 255);
          const value = stack[at + 3];
          if (value === undefined) {
            pc++;
            continue;
          }
          stack[at + 2] = value;
          pc = code[pc];
          if (--state.budget < 0) {
            frame.pc = pc;
            return RunStatus.paused;
          }
          continue;
        }

        case 58: {
          // closure
          const prototype = closure.prototype.prototypes[code[pc++]];
          const { captures } = prototype;
          const upvalues: Box[] = [];
          for (let each = 0; each < captures.length; each++) {
            const from = captures[each];
            upvalues.push(
              from >= 0 ? (stack[base + from] as unknown as Box) : closure.upvalues[-1 - from],
            );
          }
          frame.pc = pc;
          state.allocated(40 + 8 * upvalues.length);
          stack[base + ((i >>> 8) & 255)] = new LuaClosure(
            prototype,
            upvalues,
            closure.environment,
          );
          continue;
        }

        case 59: {
          // vararg
          const at = base + ((i >>> 8) & 255);
          const wanted = ((i >>> 16) & 255) - 1;
          const { varargs } = frame;
          if (wanted < 0 && at + varargs + SPARE_SLOTS > stack.length) {
            frame.pc = pc;
            thread.ensureStack(at + varargs + SPARE_SLOTS);
          }
          moveResults(thread, at, wanted, base - varargs, varargs);
          continue;
        }

        default:
          throw new RangeError(`no operation ${i & 255}`);
      }
    }
  }
}
