// What runs: functions, the frames of their calls, and threads, which are stacks of both.
//
// A thread (the main one, or a coroutine) has a row of values and a row of frames. A frame is a
// call that has not returned; its registers are stack[base] and what follows. Calls of Lua
// functions push a frame and use no JavaScript stack, so that a thread can be left between any two
// instructions and gone on with later. *Native* functions are JavaScript; those that call back into
// Lua do it by frames as well, and are generators.
//
//   stack   … function, argument, argument │ function, register, register … │ free
//   frames  {base ─┘ …}                      {base ───┘ pc, mode …}
//
// How a native function is called: `code(thread, base, count)`. Its arguments are stack[base] to
// stack[base + count − 1]; it puts its results from stack[base] on and returns their number.
// Nothing is allocated. What else it may return is in `Outcome`.

import type { RandomNumbers } from "./random.ts";
import type { LuaTable } from "./table.ts";
import { type Box, LuaFunction, LuaObject, type LuaValue } from "./values.ts";

/** What a native function returns where it has not simply results. */
export const Outcome = {
  /** The host is to do something first: the run ends, and `resume` gives the call's results. */
  suspend: -1,
  /** `thread.generator` has been set; it does the rest. See `LuaThread.resumable`. */
  resumable: -2,
  /** Call stack[base] with the `requestCount` values behind it: its results are the native's. */
  call: -3,
  /** The same, but an error ends here: results are true and what came, or false and the error. */
  protect: -4,
  /** The same with an error handler, which stands in stack[base − 1]. */
  protectWithHandler: -5,
  /** Resume `requestThread` with the `requestCount` values from stack[base] on. */
  resumeThread: -6,
  /** The same, and its errors are those of the native. */
  wrapThread: -7,
  /** Yield the `requestCount` values from stack[base] on. */
  yield: -8,
} as const;

/** What a frame is of. */
export const FrameKind = {
  lua: 0,
  /** A native function's generator. */
  steps: 1,
  /**
   * A protected call, without and with a handler of errors; while the handler runs it is
   * `handling`.
   */
  protect: 2,
  protectWithHandler: 3,
  handling: 4,
  /** A native function that waits for the host. */
  wait: 5,
  /** A thread that waits for another to yield or to end. */
  resume: 6,
  wrap: 7,
  /** A thread that has yielded. */
  yield: 8,
  /** Below the first frame of a thread. */
  bottom: 9,
  /** A call that is still to be made, of stack[base] with `wanted` arguments. */
  pending: 10,
} as const;

/** What becomes of a call's results. */
export const Mode = {
  /**
   * They go to stack[target] and behind it, `wanted` of them; −1: all, and `top` says where they
   * end.
   */
  call: 0,
  /** The first goes to stack[target]. */
  value: 1,
  discard: 2,
  /**
   * The caller's instruction is a comparison: whether the first is true is compared with `wanted`.
   */
  test: 3,
  /** As `value`; then the caller's concatenation goes on, of which that is the last operand now. */
  concat: 4,
  /** They go to stack[target] for the generator below. */
  steps: 5,
  /** They are those of the protected call below. */
  protected: 6,
  /** The thread is at its end. */
  bottom: 7,
  /** The first is what the handler made of an error. */
  handler: 8,
} as const;

export type NativeCode = (thread: LuaThread, base: number, count: number) => number;

/**
 * The rest of a native function that calls Lua functions. To call one: put it at stack[at] and its
 * arguments behind, `yield thread.request(at, count)`; then the results stand from stack[at] on,
 * and `thread.resultCount` says how many. `at` lies behind all that the function still needs, and
 * `thread.ensureStack(at + n)` has made room. What it returns is the number of its results, which
 * it has put from its `base` on. An error in a function that was called passes through: generators
 * may hold nothing that has to be given back.
 */
export type NativeSteps = Generator<void, number, void>;

export class NativeFunction extends LuaFunction {
  readonly name: string;
  readonly code: NativeCode;
  /**
   * What `getfenv` gives and what errors call it do not depend on it: natives have no environment.
   */
  constructor(name: string, code: NativeCode) {
    super();
    this.name = name;
    this.code = code;
  }
}

/**
 * JavaScript for one function, see hot-code.ts. Gives a RunStatus, or −1: the frame on top goes on.
 */
export type HotCode = (thread: LuaThread, frame: Frame, closure: LuaClosure, pc: number) => number;

/** Makes a function of the names of its parameters and, last, its body, as `Function` does. */
export type MakeFunction = (source: readonly string[]) => (...values: unknown[]) => unknown;

/** What the compiler makes of a function's text. */
export class Prototype {
  code: Int32Array = new Int32Array(0);
  constants: LuaValue[] = [];
  /** `hashOf` of the constants that are strings, 0 for others. */
  hashes: Int32Array = new Int32Array(0);
  prototypes: Prototype[] = [];
  /** For each upvalue: register of the enclosing function ≥ 0, or −1 − number of its upvalue. */
  captures: Int32Array = new Int32Array(0);
  parameters = 0;
  isVararg = false;
  /** Varargs also arrive as a table in a local variable `arg`, as 5.0 had it. */
  hasArg = false;
  /** There is the variable `arg`, though it may be nil. */
  declaresArg = false;
  registers = 2;
  /** The line of the word of code at each position. */
  lines: Int32Array = new Int32Array(0);
  /**
   * What operands are called in the text: places behind an instruction, registers and kinds in
   * threes.
   */
  nameFacts: number[] = [];
  nameTexts: string[] = [];
  chunk = "";
  line = 0;
  lastLine = 0;
  /** How often it has been called, and its loops have turned round, until it is hot. */
  heat = 0;
  /** The run in which the count of its heat began. */
  countedFrom = 0;
  hot: HotCode | null = null;
  /** 1 for each place at which `hot` can be entered. */
  entries: Uint8Array = new Uint8Array(0);
}

export class LuaClosure extends LuaFunction {
  readonly prototype: Prototype;
  readonly upvalues: Box[];
  environment: LuaTable;

  constructor(prototype: Prototype, upvalues: Box[], environment: LuaTable) {
    super();
    this.prototype = prototype;
    this.upvalues = upvalues;
    this.environment = environment;
  }
}

export class LuaUserdata extends LuaObject {
  metatable: LuaTable | null = null;
  readonly value: unknown;

  constructor(value: unknown) {
    super();
    this.value = value;
  }
}

/** A call that has not returned. Frames are used again and again; `pushFrame` sets every field. */
export class Frame {
  /** The Lua function; null: a native one. */
  closure: LuaClosure | null = null;
  /** The native function's rest; null: it waits for the host, for a thread, or protects a call. */
  steps: NativeSteps | null = null;
  kind: number = FrameKind.bottom;
  /** Where the function stood when it was called; its arguments stood behind it. */
  at = 0;
  base = 0;
  /** Where to go on, while another frame is above this one or the thread does not run. */
  pc = 0;
  /** What becomes of the results, of `Mode`. */
  mode = 0;
  /** Where they go, and how many are wanted; −1: as many as there are. */
  target = 0;
  wanted = 0;
  varargs = 0;
  /** Calls that this one has taken the place of, for the levels of errors. */
  tailCalls = 0;
  /** `nativeDepth` of the thread before this call. */
  depth = 0;
}

export const ThreadStatus = {
  suspended: 0,
  running: 1,
  normal: 2,
  dead: 3,
} as const;

/** More slots than any program needs; C's bound is the number of frames alone. */
const STACK_SLOTS_MAX = 4_000_000;

export class LuaThread extends LuaObject {
  /** Never replaced, so that it can be held in a local variable. */
  readonly stack: LuaValue[] = [];
  readonly frames: Frame[] = [];
  /** Number of frames in use; the running one is frames[depth − 1], and in `frame`. */
  depth = 0;
  frame: Frame;
  /** What `frame` is while there is none. */
  readonly bottom: Frame = new Frame();
  /** Whether a generator is running, so that the frame on top is the native's own. */
  isStepping = false;
  /** Behind the last of an open row of values: the results of a call that were all wanted. */
  top = 0;
  status: number = ThreadStatus.suspended;
  resumer: LuaThread | null = null;
  /**
   * Calls that C would have made on its own stack: metamethods, pcall, comparators. Bounded, and
   * nobody yields across one.
   */
  nativeDepth = 0;
  generator: NativeSteps | null = null;
  /**
   * Where the last operand of a concatenation is that goes on after a metamethod; −1: none does.
   */
  concatLast = -1;
  requestThread: LuaThread | null = null;
  /** Where a generator's callee stands, with how many arguments; then how many results came. */
  requestAt = 0;
  requestCount = 0;
  resultCount = 0;
  globals: LuaTable;
  readonly state: LuaState;

  constructor(state: LuaState, globals: LuaTable) {
    super();
    this.state = state;
    this.globals = globals;
    this.frame = this.bottom;
    for (let i = 0; i < 64; i++) this.stack.push(undefined);
  }

  /** Makes stack[0 … count − 1] exist. */
  ensureStack(count: number): void {
    if (count > this.stack.length) this.#grow(count);
  }

  /**
   * Within a generator, before it yields: asks for a call of stack[at] with the `count` values
   * behind it. `at` −1: for nothing but a place where the run may be left.
   */
  request(at: number, count: number): void {
    this.requestAt = at;
    this.requestCount = count;
  }

  /** A native function that has to call Lua functions returns this. */
  resumable(steps: NativeSteps): number {
    this.generator = steps;
    return Outcome.resumable;
  }

  #grow(count: number): void {
    const { stack } = this;
    if (count > STACK_SLOTS_MAX) throw this.state.failure("stack overflow");
    const size = Math.max(count + 32, stack.length * 2);
    this.state.allocated((size - stack.length) * 16);
    while (stack.length < size) stack.push(undefined);
  }
}

/** What `run` came to. */
export const RunStatus = {
  /** The function has returned. */
  done: 0,
  /** The budget is used up; `run` goes on. */
  paused: 1,
  /** A native function waits for the host; `resume`, then `run`. */
  waiting: 2,
} as const;

/**
 * What threads of one script environment share. `State` in state.ts is the one class that has it.
 */
export interface LuaState {
  /** The thread that runs. */
  current: LuaThread;
  globals: LuaTable;
  /** Calls and turns of loops until the next pause. */
  budget: number;
  /** By which hot functions become JavaScript; null: all is interpreted. */
  readonly makeFunction: MakeFunction | null;
  /** The heat from which on a function is hot. */
  readonly heatMax: number;
  /** How often a run has been started. */
  readonly runs: number;
  /** Hot functions that are called within each other. */
  hotDepth: number;
  /** Objects that the host holds, for the count of memory. */
  readonly roots: LuaObject[];
  /** Those of `math.random`. */
  readonly random: RandomNumbers;
  /** Bytes that are taken, as far as they have been counted; measured, the count begins anew. */
  bytesUsed: number;
  /**
   * Of the error that was raised last: the chunk and line of the Lua function that ran; 0: none
   * did.
   */
  errorChunk: string;
  errorLine: number;
  /** What `pcall` makes of the value of an error; null: it is given as it is. */
  errorOfPcall: ((value: LuaValue) => LuaValue) | null;
  /** The metatable of all strings, whose `__index` is the string library. */
  stringMetatable: LuaTable | null;
  /** Stands for any string where a method is looked for: an empty table with that metatable. */
  readonly anyString: LuaTable;
  /** Counts bytes against the memory limit; throws a LuaError "not enough memory" beyond it. */
  allocated(bytes: number): void;
  /** To be asked before a string of that length is made: counts it, throws where it is too long. */
  checkString(length: number): void;
  /** Compiles a chunk; throws a LuaError whose value is what the compiler says. */
  load(source: string, chunk: string): LuaClosure;
  /** A new table that is counted. */
  newTable(arraySize: number, nodes: number): LuaTable;
  /**
   * An error with the position of the Lua function that runs or has called the native that runs.
   */
  failure(text: string): unknown;
  /** What `tostring` and `%p` show for an object. */
  addressOf(object: LuaObject): string;
}
