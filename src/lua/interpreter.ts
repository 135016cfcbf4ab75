// The interpreter: goes through the code of the function on top of the current thread, and on to
// whatever is on top then, until the thread's first function has returned, the budget is used up,
// or a native function waits for the host.
//
// All that a run consists of is in threads and frames, so it can be left where a loop turns round
// or a function is called (which costs one count each), and gone on with at any time. A case does
// what scripts do most; where that is not what there is to do it leaves the switch, and the whole
// of the instruction is done by instructions.ts. `frame.pc` is written before everything that may
// fail or call: errors take their line from it.
//
// The cases are numbers, those of Operation in opcodes.ts.

import {
  callNested,
  callPending,
  deliver,
  enter,
  enterInstead,
  finishNative,
  finishNested,
  moveResults,
  SPARE_SLOTS,
} from "./calls.ts";
import { heat } from "./hot-code.ts";
import { performWhole, prepareLoop, turnsOf } from "./instructions.ts";
import { wordsOf } from "./opcodes.ts";
import { joined } from "./semantics.ts";
import { INDEX_KNOWN, LuaTable } from "./table.ts";
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

/**
 * Goes on with a frame that is not of a Lua function. Whether the run is left, and how; −1: it is
 * not.
 */
function proceed(thread: LuaThread, frame: Frame): number {
  if (frame.kind === FrameKind.bottom) return RunStatus.done;
  if (frame.kind === FrameKind.wait) return RunStatus.waiting;
  if (frame.kind === FrameKind.pending) {
    callPending(thread);
    return -1;
  }
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
  const { anyString, heatMax } = state;
  anyString.metatable = state.stringMetatable;
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
    const { prototype } = closure;
    const { code, constants, hashes, hot } = prototype;
    let { pc } = frame;
    if (hot !== null && prototype.entries[pc] === 1) {
      if (state.budget < 0) return RunStatus.paused;
      const left = hot(thread, frame, closure, pc);
      if (left >= 0) return left;
      continue;
    }

    run: for (;;) {
      const i = code[pc++];
      const a = base + ((i >>> 8) & 255);
      switch (i & 255) {
        case 0: // move
          stack[a] = stack[base + ((i >>> 16) & 255)];
          continue;

        case 1: // loadConstant
          stack[a] = constants[code[pc++]];
          continue;

        case 2: {
          // loadNil
          const last = base + ((i >>> 16) & 255);
          for (let at = a; at <= last; at++) stack[at] = undefined;
          continue;
        }

        case 3: // loadTrue
          stack[a] = true;
          continue;

        case 4: // loadFalse
          stack[a] = false;
          continue;

        case 5: // getUpvalue
          stack[a] = closure.upvalues[(i >>> 16) & 255].value;
          continue;

        case 6: // setUpvalue
          closure.upvalues[(i >>> 16) & 255].value = stack[a];
          continue;

        case 7: // newBox
          stack[a] = new Box(stack[a]) as unknown as LuaValue;
          continue;

        case 8: // getBox
          stack[a] = (stack[base + ((i >>> 16) & 255)] as unknown as Box).value;
          continue;

        case 9: // setBox
          (stack[a] as unknown as Box).value = stack[base + ((i >>> 16) & 255)];
          continue;

        case 10: {
          // getGlobal
          const table = closure.environment;
          const key = constants[code[pc]] as string;
          let node = code[pc + 1];
          if (node >= table.nodeKeys.length || table.nodeKeys[node] !== key) {
            node = table.findString(key, hashes[code[pc]]);
            if (node < 0) break;
            code[pc + 1] = node;
          }
          const value = table.nodeValues[node];
          if (value === undefined) break;
          stack[a] = value;
          pc += 2;
          continue;
        }

        case 11: {
          // setGlobal
          const table = closure.environment;
          const key = constants[code[pc]] as string;
          let node = code[pc + 1];
          if (node >= table.nodeKeys.length || table.nodeKeys[node] !== key) {
            node = table.findString(key, hashes[code[pc]]);
            if (node < 0) break;
            code[pc + 1] = node;
          }
          if (table.readonly || table.nodeValues[node] === undefined) break;
          table.absent = 0;
          table.nodeValues[node] = stack[a];
          pc += 2;
          continue;
        }

        case 12: {
          // getField
          const object = stack[base + ((i >>> 16) & 255)];
          if (!(object instanceof LuaTable)) break;
          const key = constants[code[pc]] as string;
          const keys = object.nodeKeys;
          let node = code[pc + 1];
          if (node >= keys.length || keys[node] !== key) {
            node = object.findString(key, hashes[code[pc]]);
            if (node >= 0) code[pc + 1] = node;
          }
          let value = node < 0 ? undefined : object.nodeValues[node];
          if (value === undefined && object.metatable !== null) {
            value = object.inherited(key, hashes[code[pc]]);
            if (value === undefined) break;
          }
          stack[a] = value;
          pc += 2;
          continue;
        }

        case 13: {
          // setField
          const object = stack[a];
          if (!(object instanceof LuaTable) || object.readonly) break;
          const key = constants[code[pc]] as string;
          const keys = object.nodeKeys;
          let node = code[pc + 1];
          if (node >= keys.length || keys[node] !== key) {
            node = object.findString(key, hashes[code[pc]]);
            if (node < 0) {
              if (object.metatable !== null) break;
              frame.pc = pc + 2;
              object.addString(key, hashes[code[pc]], stack[base + ((i >>> 16) & 255)]);
              pc += 2;
              continue;
            }
            code[pc + 1] = node;
          }
          if (object.metatable !== null && object.nodeValues[node] === undefined) break;
          object.absent = 0;
          object.nodeValues[node] = stack[base + ((i >>> 16) & 255)];
          pc += 2;
          continue;
        }

        case 14: {
          // getIndex
          const object = stack[base + ((i >>> 16) & 255)];
          if (!(object instanceof LuaTable)) break;
          const key = stack[base + (i >>> 24)];
          let value: LuaValue;
          if (typeof key === "number") {
            const index = key - 1;
            const { array } = object;
            const isItem = index >>> 0 === index && index < array.length;
            value = isItem ? array[index] : object.getNumber(key);
          } else {
            value = object.get(key);
          }
          if (value === undefined && object.metatable !== null) break;
          stack[a] = value;
          continue;
        }

        case 15: {
          // setIndex
          const object = stack[a];
          if (!(object instanceof LuaTable) || object.metatable !== null || object.readonly) break;
          const key = stack[base + ((i >>> 16) & 255)];
          if (typeof key === "number") {
            const index = key - 1;
            const { array } = object;
            if (index >>> 0 === index && index < array.length) {
              array[index] = stack[base + (i >>> 24)];
              continue;
            }
            if (Number.isNaN(key)) break;
            frame.pc = pc;
            object.setNumber(key, stack[base + (i >>> 24)]);
            continue;
          }
          if (typeof key !== "string") break;
          frame.pc = pc;
          object.setString(key, stack[base + (i >>> 24)]);
          continue;
        }

        case 16: {
          // getItem
          const object = stack[base + ((i >>> 16) & 255)];
          if (!(object instanceof LuaTable)) break;
          const { array } = object;
          const item = i >>> 24;
          const value = item <= array.length ? array[item - 1] : object.getNumber(item);
          if (value === undefined && object.metatable !== null) break;
          stack[a] = value;
          continue;
        }

        case 17: {
          // setItem
          const object = stack[a];
          if (!(object instanceof LuaTable) || object.metatable !== null || object.readonly) break;
          const { array } = object;
          const item = (i >>> 16) & 255;
          if (item > array.length) break;
          array[item - 1] = stack[base + (i >>> 24)];
          continue;
        }

        case 18: {
          // self
          const object = stack[base + ((i >>> 16) & 255)];
          const holder = typeof object === "string" ? anyString : object;
          if (!(holder instanceof LuaTable)) break;
          const key = constants[code[pc]] as string;
          const hash = hashes[code[pc]];
          const keys = holder.nodeKeys;
          let own = keys.length === 0 ? -1 : hash & (keys.length - 1);
          while (own >= 0 && keys[own] !== key) own = holder.nodeNext[own];
          let value = own < 0 ? undefined : holder.nodeValues[own];
          if (value === undefined) {
            // Methods stand in the table behind most often: the cache is for that one.
            const { metatable } = holder;
            if (metatable === null) break;
            const behind = (metatable.absent & INDEX_KNOWN) === 0 ? null : metatable.indexKnown;
            const node = code[pc + 1];
            if (
              behind instanceof LuaTable &&
              node < behind.nodeKeys.length &&
              behind.nodeKeys[node] === key
            ) {
              value = behind.nodeValues[node];
            }
            if (value === undefined) {
              value = holder.inherited(key, hash);
              if (value === undefined) break;
              if (behind instanceof LuaTable) code[pc + 1] = behind.findString(key, hash);
              if (code[pc + 1] < 0) code[pc + 1] = 0;
            }
          }
          stack[a + 1] = object;
          stack[a] = value;
          pc += 2;
          continue;
        }

        case 21: {
          // add
          const left = stack[base + ((i >>> 16) & 255)];
          const right = stack[base + (i >>> 24)];
          if (typeof left !== "number" || typeof right !== "number") break;
          stack[a] = left + right;
          continue;
        }

        case 22: {
          // subtract
          const left = stack[base + ((i >>> 16) & 255)];
          const right = stack[base + (i >>> 24)];
          if (typeof left !== "number" || typeof right !== "number") break;
          stack[a] = left - right;
          continue;
        }

        case 23: {
          // multiply
          const left = stack[base + ((i >>> 16) & 255)];
          const right = stack[base + (i >>> 24)];
          if (typeof left !== "number" || typeof right !== "number") break;
          stack[a] = left * right;
          continue;
        }

        case 24: {
          // divide
          const left = stack[base + ((i >>> 16) & 255)];
          const right = stack[base + (i >>> 24)];
          if (typeof left !== "number" || typeof right !== "number") break;
          stack[a] = left / right;
          continue;
        }

        case 25: {
          // modulo
          const left = stack[base + ((i >>> 16) & 255)];
          const right = stack[base + (i >>> 24)];
          if (typeof left !== "number" || typeof right !== "number") break;
          stack[a] = left - Math.floor(left / right) * right;
          continue;
        }

        case 27: {
          // addConstant
          const left = stack[base + ((i >>> 16) & 255)];
          if (typeof left !== "number") break;
          const right = constants[i >>> 24] as number;
          stack[a] = left + right;
          continue;
        }

        case 28: {
          // subtractConstant
          const left = stack[base + ((i >>> 16) & 255)];
          if (typeof left !== "number") break;
          const right = constants[i >>> 24] as number;
          stack[a] = left - right;
          continue;
        }

        case 29: {
          // multiplyConstant
          const left = stack[base + ((i >>> 16) & 255)];
          if (typeof left !== "number") break;
          const right = constants[i >>> 24] as number;
          stack[a] = left * right;
          continue;
        }

        case 30: {
          // divideConstant
          const left = stack[base + ((i >>> 16) & 255)];
          if (typeof left !== "number") break;
          const right = constants[i >>> 24] as number;
          stack[a] = left / right;
          continue;
        }

        case 31: {
          // moduloConstant
          const left = stack[base + ((i >>> 16) & 255)];
          if (typeof left !== "number") break;
          const right = constants[i >>> 24] as number;
          stack[a] = left - Math.floor(left / right) * right;
          continue;
        }

        case 33: {
          // minus
          const value = stack[base + ((i >>> 16) & 255)];
          if (typeof value !== "number") break;
          stack[a] = -value;
          continue;
        }

        case 34: {
          // not
          const value = stack[base + ((i >>> 16) & 255)];
          stack[a] = value === undefined || value === false;
          continue;
        }

        case 35: {
          // length
          const value = stack[base + ((i >>> 16) & 255)];
          if (!(value instanceof LuaTable)) break;
          stack[a] = value.length();
          continue;
        }

        case 36: {
          // concat
          const first = base + ((i >>> 16) & 255);
          if (base + (i >>> 24) !== first + 1 || thread.concatLast >= 0) break;
          const left = stack[first];
          const right = stack[first + 1];
          if (typeof left !== "string" || typeof right !== "string") break;
          frame.pc = pc;
          stack[a] = joined(thread, left, right);
          continue;
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
          if (++prototype.heat > heatMax) {
            frame.pc = pc;
            if (hot === null) heat(state, prototype);
            break run;
          }
          continue;

        case 39: {
          // jumpIfFalse
          const value = stack[a];
          pc = value === undefined || value === false ? code[pc] : pc + 1;
          continue;
        }

        case 40: {
          // jumpIfTrue
          const value = stack[a];
          pc = value === undefined || value === false ? pc + 1 : code[pc];
          continue;
        }

        case 41: {
          // equal
          const left = stack[a];
          const right = stack[base + ((i >>> 16) & 255)];
          const isEqual = left === right;
          if (!isEqual && typeof left === "object" && typeof right === "object") break;
          pc = isEqual === (i >>> 24 === 1) ? pc + 1 : code[pc];
          continue;
        }

        case 42: {
          // equalConstant
          const isEqual = stack[a] === constants[(i >>> 16) & 255];
          pc = isEqual === (i >>> 24 === 1) ? pc + 1 : code[pc];
          continue;
        }

        case 43: {
          // less
          const left = stack[a];
          const right = stack[base + ((i >>> 16) & 255)];
          if (typeof left !== "number" || typeof right !== "number") break;
          pc = left < right === (i >>> 24 === 1) ? pc + 1 : code[pc];
          continue;
        }

        case 44: {
          // lessEqual
          const left = stack[a];
          const right = stack[base + ((i >>> 16) & 255)];
          if (typeof left !== "number" || typeof right !== "number") break;
          pc = left <= right === (i >>> 24 === 1) ? pc + 1 : code[pc];
          continue;
        }

        case 45: {
          // lessConstant
          const left = stack[a];
          if (typeof left !== "number") break;
          const isTrue = left < (constants[(i >>> 16) & 255] as number);
          pc = isTrue === (i >>> 24 === 1) ? pc + 1 : code[pc];
          continue;
        }

        case 46: {
          // lessEqualConstant
          const left = stack[a];
          if (typeof left !== "number") break;
          const isTrue = left <= (constants[(i >>> 16) & 255] as number);
          pc = isTrue === (i >>> 24 === 1) ? pc + 1 : code[pc];
          continue;
        }

        case 47: {
          // greaterConstant
          const left = stack[a];
          if (typeof left !== "number") break;
          const isTrue = left > (constants[(i >>> 16) & 255] as number);
          pc = isTrue === (i >>> 24 === 1) ? pc + 1 : code[pc];
          continue;
        }

        case 48: {
          // greaterEqualConstant
          const left = stack[a];
          if (typeof left !== "number") break;
          const isTrue = left >= (constants[(i >>> 16) & 255] as number);
          pc = isTrue === (i >>> 24 === 1) ? pc + 1 : code[pc];
          continue;
        }

        case 49: {
          // call
          const fixed = (i >>> 16) & 255;
          const count = fixed === 0 ? thread.top - a - 1 : fixed - 1;
          const wanted = (i >>> 24) - 1;
          frame.pc = pc;
          const callee = stack[a];
          if (callee instanceof LuaClosure) {
            const { prototype: called } = callee;
            const depth = thread.depth;
            const end = a + 1 + called.registers + SPARE_SLOTS;
            if (called.isVararg || end > stack.length || depth >= thread.frames.length) {
              enter(thread, callee, a, count, Mode.call, a, wanted);
            } else {
              const next = thread.frames[depth];
              thread.depth = depth + 1;
              thread.frame = next;
              next.closure = callee;
              next.kind = FrameKind.lua;
              next.at = a;
              next.base = a + 1;
              next.pc = 0;
              next.mode = Mode.call;
              next.target = a;
              next.wanted = wanted;
              next.tailCalls = 0;
              next.depth = thread.nativeDepth;
              for (let n = count; n < called.parameters; n++) stack[a + 1 + n] = undefined;
            }
            if (--state.budget < 0) return RunStatus.paused;
            if (++callee.prototype.heat > heatMax && callee.prototype.hot === null) {
              heat(state, callee.prototype);
            }
            break run;
          }
          if (!(callee instanceof NativeFunction)) break;
          if (a + count + SPARE_SLOTS > stack.length) thread.ensureStack(a + count + SPARE_SLOTS);
          const results = callee.code(thread, a + 1, count);
          if (results < 0) {
            finishNative(thread, results, a + 1, Mode.call, a, wanted);
            break run;
          }
          if (wanted === 1) stack[a] = results > 0 ? stack[a + 1] : undefined;
          else moveResults(thread, a, wanted, a + 1, results);
          continue;
        }

        case 50: {
          // tailCall
          const fixed = (i >>> 16) & 255;
          const callee = stack[a];
          if (!(callee instanceof LuaClosure)) break;
          enterInstead(thread, frame, callee, a, fixed === 0 ? thread.top - a - 1 : fixed - 1);
          if (--state.budget < 0) return RunStatus.paused;
          break run;
        }

        case 51: {
          // returnMany
          const fixed = (i >>> 16) & 255;
          deliver(thread, a, fixed === 0 ? thread.top - a : fixed - 1);
          break run;
        }

        case 52: // returnNone
          deliver(thread, base, 0);
          break run;

        case 53: // returnOne
          if (frame.mode === Mode.call && frame.wanted === 1) {
            stack[frame.target] = stack[a];
            const depth = thread.depth - 1;
            thread.depth = depth;
            thread.frame = thread.frames[depth - 1];
            thread.nativeDepth = frame.depth;
          } else {
            deliver(thread, a, 1);
          }
          break run;

        case 54: {
          // forPrepare
          frame.pc = pc + 1;
          prepareLoop(thread, frame, a, code[pc]);
          pc = frame.pc;
          if (hot !== null) break run;
          // A loop is hot as soon as it is known to turn round often enough.
          prototype.heat += turnsOf(thread, a);
          if (prototype.heat <= heatMax) continue;
          heat(state, prototype);
          break run;
        }

        case 55: {
          // forLoop
          const step = stack[a + 2] as number;
          const index = (stack[a] as number) + step;
          const limit = stack[a + 1] as number;
          if (!(step > 0 ? index <= limit : limit <= index)) {
            pc++;
            continue;
          }
          stack[a] = index;
          stack[a + 3] = index;
          pc = code[pc];
          if (--state.budget < 0) {
            frame.pc = pc;
            return RunStatus.paused;
          }
          continue;
        }

        case 56: {
          // forCall
          const at = a + 3;
          const callee = stack[a];
          if (!(callee instanceof NativeFunction)) break;
          stack[at] = callee;
          stack[at + 1] = stack[a + 1];
          stack[at + 2] = stack[a + 2];
          frame.pc = pc;
          const results = callee.code(thread, at + 1, 2);
          if (results < 0) {
            finishNested(thread, results, at + 1, Mode.call, at, i >>> 24);
            break run;
          }
          moveResults(thread, at, i >>> 24, at + 1, results);
          continue;
        }

        case 57: {
          // forNext
          const value = stack[a + 3];
          if (value === undefined) {
            pc++;
            continue;
          }
          stack[a + 2] = value;
          pc = code[pc];
          if (--state.budget < 0) {
            frame.pc = pc;
            return RunStatus.paused;
          }
          if (++prototype.heat > heatMax) {
            frame.pc = pc;
            if (hot === null) heat(state, prototype);
            break run;
          }
          continue;
        }
      }
      frame.pc = pc + wordsOf[i & 255] - 1;
      performWhole(thread, frame, closure, i, pc);
      break;
    }
  }
}
