// A state: globals, threads and limits that scripts share, and the way in for a host.
//
//   const state = new State({ memoryMax: 64 * 2 ** 20 });
//   const chunk = state.load("return 1 + 1", "=example");
//   state.start(chunk);
//   while (state.run(100_000) === RunStatus.paused) letOthersWork();
//   state.results(); // [2]
//
// A run may be left and gone on with later (`RunStatus`), also when a native function has asked the
// host for something: then `resume` says what it returns. An error that no `pcall` ends is thrown
// as a LuaError, out of `run`; the state can be used again.

import { call, complete, popFrame, unwind } from "./calls.ts";
import { RUNTIME_NAME_MAX, shownName } from "./chunk-name.ts";
import { compile, isOutOfStack } from "./compiler.ts";
import { failure } from "./errors.ts";
import { interpret } from "./interpreter.ts";
import { measure } from "./memory.ts";
import { NULL } from "./null.ts";
import { RandomNumbers } from "./random.ts";
import { LuaTable, TableOverflow } from "./table.ts";
import {
  FrameKind,
  LuaClosure,
  type LuaState,
  LuaThread,
  type MakeFunction,
  Mode,
  NativeFunction,
  type Prototype,
  RunStatus,
  ThreadStatus,
} from "./thread.ts";
import { LuaError, type LuaFunction, type LuaObject, type LuaValue } from "./values.ts";

/** C's strings have no such bound; engines of JavaScript have one that is a little larger. */
const STRING_LENGTH_MAX = 2 ** 28;
/**
 * The first measurement of memory, where there is a limit: sooner than that nothing is worth it.
 */
const MEASURE_BYTES_MIN = 2 ** 20;
/** Making JavaScript of a function, and having it compiled, takes as long as so many turns. */
const HEAT_MAX = 2000;
const PROTOTYPE_BYTES = 500;
const FIRST_ADDRESS = 0x55d0c0de0000;

/** How functions that are hot become JavaScript, see hot-code.ts. */
export interface HotCodeOptions {
  /**
   * Makes JavaScript functions of text, for those of scripts that are hot: where it is given they
   * run several times as fast. The text is made from instructions and has nothing of the script in
   * it.
   */
  readonly makeFunction: MakeFunction;
  /** How often a function is called, or its loops turn round, until it is hot. */
  readonly heatMax?: number;
}

export interface StateOptions extends Partial<HotCodeOptions> {
  /** Bytes that all values together may take; an error ends the script that goes beyond. */
  readonly memoryMax?: number;
  /** The longest string. */
  readonly stringMax?: number;
}

export class State implements LuaState {
  current: LuaThread;
  readonly main: LuaThread;
  globals: LuaTable;
  budget = 0;
  hotDepth = 0;
  runs = 0;
  readonly makeFunction: MakeFunction | null;
  readonly heatMax: number;
  errorChunk = "";
  errorLine = 0;
  errorOfPcall: ((value: LuaValue) => LuaValue) | null = null;
  stringMetatable: LuaTable | null = null;
  readonly anyString: LuaTable = new LuaTable(0, 0, null);
  readonly roots: LuaObject[] = [];
  readonly random: RandomNumbers = new RandomNumbers();
  #bytes = 0;
  #measured = 0;
  /** The budget at the moment when a measurement became due; −1: none is. */
  #budgetLeft = -1;
  #measureAt: number;
  #memoryMax: number;
  readonly #stringMax: number;
  #addresses = 0;

  constructor(options: StateOptions = {}) {
    this.#memoryMax = options.memoryMax ?? Number.POSITIVE_INFINITY;
    this.#stringMax = Math.min(options.stringMax ?? STRING_LENGTH_MAX, STRING_LENGTH_MAX);
    this.#measureAt = Math.min(this.#memoryMax, Math.max(MEASURE_BYTES_MIN, this.#memoryMax / 4));
    this.makeFunction = options.makeFunction ?? null;
    this.heatMax = options.heatMax ?? HEAT_MAX;
    this.globals = new LuaTable(0, 0, this);
    this.main = new LuaThread(this, this.globals);
    this.current = this.main;
  }

  /** Compiles a chunk. Throws a LuaError whose value is what the compiler says. */
  load(source: string, chunk: string): LuaClosure {
    // A byte of source takes about as long, and as much room, as so many turns and bytes, also
    // where it is none of Lua.
    this.budget -= source.length * 4;
    // The host's own calls of this are in no call of Lua's, whatever ran before.
    const { depth, nativeDepth } = this.current;
    const prototype = compile(source, chunk, depth === 0 ? 0 : nativeDepth);
    this.allocated(PROTOTYPE_BYTES + source.length * 8);
    beginCounting(prototype, this.runs);
    return new LuaClosure(prototype, [], this.current.globals);
  }

  /** Puts a call on the main thread, to be run. Whatever was left there is forgotten. */
  start(callee: LuaFunction, parameters: readonly LuaValue[] = []): void {
    const { main } = this;
    while (main.depth > 0) popFrame(main);
    main.status = ThreadStatus.running;
    main.isStepping = false;
    main.nativeDepth = 1;
    this.current = main;
    this.runs++;
    main.ensureStack(parameters.length + 16);
    main.stack[0] = callee;
    for (let i = 0; i < parameters.length; i++) main.stack[i + 1] = parameters[i];
    if (callee instanceof NativeFunction) {
      // There is no frame of a native function: a run begins with its call.
      this.#guarded(() => call(main, 0, parameters.length, Mode.bottom, 0, -1));
    } else {
      call(main, 0, parameters.length, Mode.bottom, 0, -1);
    }
  }

  /** Runs on, for so many calls and turns of loops. Gives a RunStatus. */
  run(budget: number = 2 ** 30): number {
    this.budget = budget;
    for (;;) {
      try {
        const status = interpret(this);
        if (this.#budgetLeft < 0) return status;
        if (status === RunStatus.paused) this.#measure();
        else return this.#leaveUnmeasured(status);
      } catch (error) {
        this.hotDepth = 0;
        this.#unwind(error);
      }
    }
  }

  #leaveUnmeasured(status: number): number {
    this.budget = this.#budgetLeft;
    this.#budgetLeft = -1;
    return status;
  }

  /** What the native function that has suspended the run returns. */
  resume(values: readonly LuaValue[]): void {
    const thread = this.current;
    if (thread.frame.kind !== FrameKind.wait) throw new TypeError("nothing waits to be resumed");
    const { mode, target, wanted, base } = popFrame(thread);
    thread.ensureStack(base + values.length + 8);
    for (let i = 0; i < values.length; i++) thread.stack[base + i] = values[i];
    complete(thread, mode, target, wanted, base, values.length);
  }

  /** The native function that has suspended the run fails with this value. */
  resumeWithError(value: LuaValue): void {
    const thread = this.current;
    if (thread.frame.kind !== FrameKind.wait) throw new TypeError("nothing waits to be resumed");
    popFrame(thread);
    unwind(thread, new LuaError(value));
  }

  /** Ends the run at the place where it has been left, with an error that a `pcall` may end. */
  interrupt(text: string): void {
    this.#unwind(new LuaError(placeOf(this.current) + text));
  }

  /** Ends the run for good. */
  abandon(): void {
    const { main } = this;
    while (main.depth > 0) popFrame(main);
    this.current = main;
  }

  /** What the function returned that `start` was called with. */
  results(): LuaValue[] {
    const { stack, requestAt, resultCount } = this.main;
    return stack.slice(requestAt, requestAt + resultCount);
  }

  /** Calls a function and runs it to its end. */
  call(callee: LuaFunction, parameters: readonly LuaValue[] = []): LuaValue[] {
    this.start(callee, parameters);
    while (this.run() === RunStatus.paused);
    return this.results();
  }

  newTable(arraySize: number, nodes: number): LuaTable {
    return new LuaTable(arraySize, nodes, this);
  }

  failure(text: string): LuaError {
    return failure(this.current, text);
  }

  addressOf(object: LuaObject): string {
    if (object === NULL) return "(nil)";
    if (object.address === 0) object.address = FIRST_ADDRESS + ++this.#addresses * 32;
    return `0x${object.address.toString(16)}`;
  }

  /** Bytes that are taken, as far as they have been counted. */
  get bytesUsed(): number {
    return this.#bytes;
  }

  /** The count begins anew with what has been measured. */
  set bytesUsed(bytes: number) {
    this.#bytes = bytes;
    this.#measured = bytes;
  }

  /**
   * Registers of hot functions are nowhere to be seen while they run, so that the measurement is
   * made where the run can be left next: which is now due.
   */
  allocated(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#measureAt && this.#budgetLeft < 0) {
      this.#budgetLeft = Math.max(this.budget, 0);
      this.budget = 0;
    }
  }

  checkString(length: number): void {
    if (length > this.#stringMax) throw new LuaError("not enough memory");
    this.budget -= length >> 10;
    this.allocated(length);
    // One string alone may be too much, and so may many that are made before the run can be left.
    if (this.#bytes > this.#memoryMax * 4 && this.#bytes - length > MEASURE_BYTES_MIN) {
      throw new LuaError("not enough memory");
    }
  }

  #measure(): void {
    // What a native function is in the middle of making nobody can reach: all of it counts as held.
    const isMaking = this.current.frame.kind === FrameKind.steps;
    const making = isMaking ? this.#bytes - this.#measured : 0;
    const live = measure(this, this.#memoryMax) + making;
    this.budget = this.#budgetLeft;
    this.#budgetLeft = -1;
    this.#bytes = live;
    this.#measured = live;
    const next = Math.max(live * 2, live + this.#memoryMax / 8, MEASURE_BYTES_MIN);
    this.#measureAt = Math.min(this.#memoryMax, next);
    if (live > this.#memoryMax) throw new LuaError("not enough memory");
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#unwind(error);
    }
  }

  /** Goes on where the error ends, or throws it. What fails on the way there takes its place. */
  #unwind(error: unknown): void {
    let failed = this.#asLuaError(error);
    for (;;) {
      try {
        unwind(this.current, failed);
        return;
      } catch (another) {
        if (this.main.depth === 0) throw another;
        failed = this.#asLuaError(another);
      }
    }
  }

  #asLuaError(error: unknown): LuaError {
    if (error instanceof LuaError) return error;
    if (error instanceof TableOverflow) return failure(this.current, "table overflow");
    if (!isOutOfStack(error)) throw error;
    return new LuaError("not enough memory");
  }
}

/** The heat of these functions is counted from this run on. */
function beginCounting(prototype: Prototype, runs: number): void {
  prototype.countedFrom = runs;
  for (const inner of prototype.prototypes) beginCounting(inner, runs);
}

/** "user_script:1: ", of the instruction that a thread goes on with. */
function placeOf({ frame }: LuaThread): string {
  if (frame.closure === null) return "";
  const { chunk, lines } = frame.closure.prototype;
  return `${shownName(chunk, RUNTIME_NAME_MAX)}:${lines[frame.pc]}: `;
}
