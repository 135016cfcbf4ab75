// The runner: executes a script or a function for the command that has called it, one at a time.
//
// In a frame of its own (Executor.inside) it holds back the effects of the commands that the script
// calls, so that they reach the log as one, and keeps time still. When the script has ended, what
// it returned becomes the reply.
//
// One that takes long is *parked*: between two instructions it is left, the client waits as with a
// command that blocks, and the event loop turns. Slices of the script follow, by a timer, until it
// has ended; nothing else is executed in the meantime (engine/scripts.ts). Scripts of clients alone
// are parked, also within EXEC, which goes on when they have ended: an embedded program and another
// thread wait for theirs in place.
//
//   run ─▶ slice ─┬─ ended ─▶ reply
//                 └─ parked ─▶ slice ─▶ slice (from busy-reply-threshold on others hear BUSY)
//                                 ├─ ended ─▶ reply, delivered
//                                 └─ SCRIPT KILL ─▶ an error

import { assert } from "../base/assert.ts";
import { type CompiledCommand, Flag } from "../engine/command.ts";
import type { Context } from "../engine/context.ts";
import { Session } from "../engine/session.ts";
import { Figure } from "../engine/statistics.ts";
import type { Wait } from "../engine/wait.ts";
import { textOf } from "../lua/base-library.ts";
import { frameAt } from "../lua/errors.ts";
import type { State } from "../lua/state.ts";
import { LuaTable } from "../lua/table.ts";
import { RunStatus } from "../lua/thread.ts";
import { LuaError, type LuaFunction, type LuaValue } from "../lua/values.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { errorLine as lineOf } from "../protocol/errors.ts";
import type { ReplyWriter } from "../protocol/reply-writer.ts";
import { Bridge, failureOf } from "./bridge.ts";
import { busyLine, Left, LeftScript } from "./left-script.ts";
import { untilZero, writeLua } from "./lua-to-reply.ts";
import { errorTable, Propagation } from "./redis-library.ts";
import { errorText } from "./reply-to-lua.ts";
import { COMPATIBLE, ScriptFlag } from "./script-flags.ts";

/** What is to be run. */
export interface Program {
  readonly state: State;
  readonly callee: LuaFunction;
  readonly parameters: readonly LuaValue[];
  /** The script's digest or the function's name, for messages. */
  readonly name: string;
  /** Bits of ScriptFlag, or COMPATIBLE. */
  readonly flags: number;
  readonly isReadOnly: boolean;
  readonly isFunction: boolean;
}

/** Calls and turns of loops between two looks at the clock: well under a millisecond. */
const BUDGET = 10_000;
/** A script is left after so long, and gone on with after everybody else has been heard. */
const SLICE_MS = 10;
/** Nobody has asked for the time in the script that runs. */
const UNKNOWN = -1;

const readOnlyCommand = lineOf("ERR Can not execute a script with write flag using *_ro command.");
const outOfMemory = lineOf(
  "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'",
);
const notBusy = lineOf("NOTBUSY No scripts in execution right now.");
const unkillable = lineOf(
  "UNKILLABLE Sorry the script already executed write commands against the dataset. You can " +
    "either wait the script termination or kill the server in a hard way using the SHUTDOWN " +
    "NOSAVE command.",
);

export class Runner {
  readonly context: Context;
  readonly bridge: Bridge;
  /** The script that was left, of this thread or of another. */
  readonly left: LeftScript;
  /** An embedded program's call is to have ended by then, by Services.monotonicMs(). */
  untilMs: number = Number.POSITIVE_INFINITY;
  /** A script has been ended since it had not. */
  wasCut = false;

  #run: Run | undefined;
  readonly #spare = new Run();
  readonly #slice = (): void => this.#runSlice();
  // What errors there are in a reply. One of a command has been counted with that command, and is
  // a failure of this one as well; all others are one failure together, and are counted by code.
  #failures = 0;
  #hasNewError = false;
  readonly #countReplied = (error: LuaValue): void => {
    if (isCounted(error)) {
      this.#failures++;
      return;
    }
    this.#hasNewError = true;
    this.context.executor.countError();
  };

  constructor(context: Context) {
    this.context = context;
    this.left = new LeftScript(context);
    this.bridge = new Bridge(context, new Session(0, 0));
  }

  /** Runs a program for the command that is being executed, and writes its reply. */
  run(program: Program): void {
    const c = this.context;
    assert(this.#run === undefined, "one script runs at a time");
    const isFull = c.executor.refusal(Flag.denyoom) !== undefined;
    const refused = this.#refusal(program, isFull);
    if (refused !== undefined) {
      c.reply.error(refused);
      return;
    }
    const run = this.#begin(program, isFull);
    c.executor.inside(this.bridge.session, this.#slice);
    if (!run.hasEnded) return this.#park(run);
    c.effects.release();
    this.#end();
    this.#reply(c.reply, run);
    run.value = undefined;
  }

  /** The error line that the program gets as a whole, or undefined. */
  #refusal({ flags, isReadOnly }: Program, isFull: boolean): Uint8Array | undefined {
    if (flags === COMPATIBLE) return undefined;
    const c = this.context;
    if ((flags & ScriptFlag["no-writes"]) === 0) {
      const failure = c.executor.replaying ? undefined : c.services.writesRefused();
      if (failure !== undefined) return lineOf(failure);
      if (isReadOnly) return readOnlyCommand;
    }
    const allowing = ScriptFlag["allow-oom"] | ScriptFlag["no-writes"];
    return isFull && (flags & allowing) === 0 ? outOfMemory : undefined;
  }

  #begin(program: Program, isFull: boolean): Run {
    const c = this.context;
    const { bridge } = this;
    const { flags } = program;
    const { session } = bridge;
    session.db = c.db;
    session.protocol = 2;
    session.user = c.session.user;
    session.noTouch = c.session.noTouch;
    bridge.isRunning = true;
    bridge.caller = c.session;
    bridge.isReadOnly = program.isReadOnly || (flags & ScriptFlag["no-writes"]) !== 0;
    bridge.allowsOutOfMemory = (flags & ScriptFlag["allow-oom"]) !== 0;
    bridge.isFull = isFull;
    bridge.hasWritten = false;
    bridge.propagation = Propagation.all;
    const run = this.#spare;
    run.begin(program, c);
    this.#run = run;
    c.stoppedUs = UNKNOWN;
    c.effects.hold();
    program.state.start(program.callee, program.parameters);
    return run;
  }

  /** Runs on, until the program has ended or has had its slice of time. Within its frame. */
  #runSlice(): void {
    const c = this.context;
    const run = this.#run as Run;
    const { state } = run.program;
    const outer = c.inTransaction;
    run.isWithin = outer;
    run.sliceEndMs = 0;
    c.inTransaction = true;
    try {
      while (!run.hasEnded && !run.isKilled) {
        if (state.run(BUDGET) === RunStatus.done) {
          const { main } = state;
          run.end(main.resultCount > 0 ? main.stack[main.requestAt] : undefined);
        } else if (!this.#goesOn(run)) break;
      }
      if (run.isKilled) run.fail(errorTable(state, killed), placeNow(state));
    } catch (error) {
      this.#noteError(run, error);
    }
    c.inTransaction = outer;
    if (run.hasFailed) state.abandon();
  }

  /** The program has run for a while. Whether it may go on at once; else it is to be left. */
  #goesOn(run: Run): boolean {
    const c = this.context;
    const now = c.services.monotonicMs();
    if (run.startMs === 0) {
      // What came before is less than a millisecond: nobody has looked at the clock.
      run.startMs = now;
      run.mayPark = canWait(c, run.caller);
    }
    if (run.mayPark) {
      if (run.sliceEndMs === 0) run.sliceEndMs = now + SLICE_MS;
      return now < run.sliceEndMs;
    }
    if (now < this.#untilMs(run)) return true;
    const { state } = run.program;
    this.wasCut = true;
    run.fail(errorTable(state, tookTooLong), placeNow(state));
    return false;
  }

  #noteError(run: Run, error: unknown): void {
    const { state } = run.program;
    if (error instanceof LuaError) {
      run.fail(error.value, placeOf(state));
      return;
    }
    const failure = failureOf(error);
    if (failure !== undefined) throw failure;
    // The interpreter itself has failed. No data are in it.
    const text = String(error);
    run.fail(errorTable(state, `the interpreter has failed: ${text}`), "");
  }

  /** Until when a program that is not left may run. */
  #untilMs(run: Run): number {
    if (run.caller.link === undefined || this.bridge.hasWritten) return this.untilMs;
    // Nobody could end it, and all others wait for this thread.
    const threshold = this.#threshold;
    return threshold === 0 ? this.untilMs : run.startMs + threshold;
  }

  get #threshold(): number {
    return Number(this.context.services.configGet(["busy-reply-threshold"])[0]?.[1] ?? 0);
  }

  /** What the program came to, as its caller's reply. */
  #reply(reply: ReplyWriter, run: Run): void {
    const { value } = run;
    this.#failures = 0;
    this.#hasNewError = false;
    if (run.hasFailed) {
      const { name, state } = run.program;
      const text = untilZero(errorOf(state, value));
      reply.errorText(run.place === "" ? text : `${text} script: ${name}, on ${run.place}.`);
      this.#countReplied(value);
    } else {
      writeLua(reply, value, this.bridge.session.protocol, this.#countReplied);
    }
    if (this.#hasNewError) this.#failures++;
    const { statistics } = this.context.executor;
    for (let i = 0; i < this.#failures; i++) statistics.count(run.command, Figure.failed);
    // All are counted here, since the reply of a script that was parked passes no call.
    reply.failed = false;
  }

  #end(): void {
    this.context.stoppedUs = 0;
    this.bridge.isRunning = false;
    this.#run = undefined;
  }

  // Scripts that take long

  /** The program that runs was left: its client waits until it has ended. */
  #park(run: Run): void {
    const c = this.context;
    assert(!this.left.isParked, "one script is left at a time");
    run.args = c.args.clone();
    if (!run.isWithin) this.#wait(run, run.args);
    this.left.set(this.#stateOf(run));
    this.#goOnLater();
  }

  /** What is so of a program that was left: bits of Left. */
  #stateOf({ program, isTold, isKilled }: Run): number {
    return (
      Left.parked |
      (isTold ? Left.told : 0) |
      (program.isFunction ? Left.isFunction : 0) |
      (this.bridge.hasWritten ? Left.hasWritten : 0) |
      (isKilled ? Left.killed : 0)
    );
  }

  /** The client of a script that was left waits for its reply. */
  #wait(run: Run, args: Arguments): void {
    const none = (): void => {};
    const wait = {
      wakes: () => false,
      hearsAll: false,
      denied: none,
      timedOut: (reply: ReplyWriter) => this.#reply(reply, run),
    };
    const { caller, command } = run;
    run.wait = wait;
    const waiting = { wait, command, args, names: [], cancelTimer: undefined };
    this.context.blocking.add(caller, waiting);
  }

  #goOnLater(): void {
    this.context.services.setTimer(0, () => this.#goOn());
  }

  #goOn(): void {
    const run = this.#run;
    const c = this.context;
    if (run === undefined || !this.left.isParked) return;
    // By whichever thread.
    if ((this.left.state & Left.killed) !== 0) run.isKilled = true;
    c.executor.setNow(run.nowMs);
    c.executor.inside(this.bridge.session, this.#slice);
    if (run.hasEnded) this.#finish(run);
    else {
      const isNews = !run.isTold && this.#isLong(run);
      if (isNews) run.isTold = true;
      this.left.set(this.#stateOf(run));
      if (isNews) this.left.free();
      this.#goOnLater();
    }
  }

  /** A parked script has ended. */
  #finish(run: Run): void {
    const c = this.context;
    const { caller, next } = run;
    c.effects.release();
    this.#end();
    this.left.set(0);
    if (next !== undefined) next((reply) => this.#reply(reply, run));
    else if (caller.waiting?.wait === run.wait) c.executor.waiters.timeOut(caller);
    // What follows in a transaction may be another script that takes long.
    if (this.left.isParked) return;
    run.value = undefined;
    c.executor.setNow(c.services.nowMs());
    c.services.wrote();
    this.left.free();
  }

  follow(next: (writeReply: (reply: ReplyWriter) => void) => void): void {
    assert(
      this.#run !== undefined && this.left.isParked,
      "a script was left that something follows",
    );
    this.#run.next = next;
  }

  /** Whether others, who have waited, are to be told that it runs. */
  #isLong(run: Run): boolean {
    const threshold = this.#threshold;
    return threshold > 0 && this.context.services.monotonicMs() - run.startMs >= threshold;
  }

  /** Goes on with the script that was left, until it has ended or others are told that it runs. */
  finish(): void {
    const { left, context } = this;
    for (;;) {
      let isServed = false;
      context.services.turn(() => {
        isServed = true;
        left.look();
        if (left.busy === undefined) this.#goOn();
      });
      // A database that is damaged, or closed elsewhere, goes on with nothing.
      if (!isServed || !left.isParked || left.busy !== undefined) return;
      if (left.isElsewhere) left.board?.wait(left.state);
    }
  }

  /** Goes on with the script that this thread has left, for no longer than this. */
  finishWithin(ms: number): void {
    const { services } = this.context;
    const endMs = services.monotonicMs() + ms;
    while (this.hasLeft && services.monotonicMs() < endMs) services.turn(() => this.#goOn());
  }

  /**
   * This thread leaves the database: the script that it has left has never been, as far as the log
   * knows. Returns whether some of it is in memory. REQUIRES: the lock.
   */
  close(): boolean {
    const run = this.#run;
    if (run === undefined || !this.hasLeft) return false;
    this.context.effects.abandon();
    this.#end();
    this.left.set(0);
    return run.isWithin || this.bridge.hasWritten;
  }

  /** The server is to end: a script that has written nothing is ended for that. */
  killForEnd(): void {
    const { left } = this;
    const isHarmless = (left.state & Left.hasWritten) === 0;
    if (left.isParked && isHarmless) left.set(left.state | Left.killed);
  }

  /** SCRIPT KILL and FUNCTION KILL: replies. */
  kill(isFunction: boolean): void {
    const { left } = this;
    const { reply } = this.context;
    const run = this.#run;
    if (run === undefined && !left.isParked) return reply.error(notBusy);
    const state = run === undefined ? left.state : this.#stateOf(run);
    const isOfFunction = (state & Left.isFunction) !== 0;
    if ((state & Left.hasWritten) !== 0) return reply.error(unkillable);
    if (isOfFunction !== isFunction) return reply.error(busyLine(isOfFunction));
    if (run !== undefined) run.isKilled = true;
    if (left.isParked) left.set(left.state | Left.killed);
    const name = isFunction ? "FUNCTION KILL" : "SCRIPT KILL";
    this.bridge.log("notice", `Lua script killed by user with ${name}.`);
    reply.ok();
  }

  /** Whether this thread has left a script. */
  get hasLeft(): boolean {
    return this.#run?.args !== undefined;
  }

  /** What FUNCTION STATS says of the script that this thread has left. */
  describe(reply: ReplyWriter): void {
    const run = this.#run;
    if (run?.args === undefined) return reply.null();
    const { args, program } = run;
    reply.map(3);
    reply.bulkText("name");
    reply.bulkLatin1(program.name);
    reply.bulkText("command");
    reply.array(args.count);
    for (let i = 0; i < args.count; i++) reply.bulk(args.bytes, args.starts[i], args.ends[i]);
    reply.bulkText("duration_ms");
    reply.integer(Math.floor(this.context.services.monotonicMs() - run.startMs));
  }
}

/** The execution of a program. One object serves for all, one after the other. */
class Run {
  program!: Program;
  caller!: Session;
  command!: CompiledCommand;
  /** By Services.monotonicMs(), 0: it has not taken long yet. */
  startMs = 0;
  sliceEndMs = 0;
  nowMs = 0;
  /** It runs within a transaction. */
  isWithin = false;
  mayPark = false;
  hasEnded = false;
  hasFailed = false;
  isKilled = false;
  /** Others are told that it runs. */
  isTold = false;
  /** What was returned, or the error. */
  value: LuaValue = undefined;
  /** Where the error was raised: "@user_script:1". */
  place = "";
  /** Of a script that was left: its command's words, and what its client waits for. */
  args: Arguments | undefined = undefined;
  wait: Wait | undefined = undefined;
  /** Of one that was left in a transaction: goes on with that. */
  next: ((writeReply: (reply: ReplyWriter) => void) => void) | undefined = undefined;

  begin(program: Program, { session, command, now }: Context): void {
    assert(command !== undefined, "a command runs a script");
    this.program = program;
    this.caller = session;
    this.command = command;
    this.startMs = 0;
    this.nowMs = now;
    this.mayPark = false;
    this.hasEnded = false;
    this.hasFailed = false;
    this.isKilled = false;
    this.isTold = false;
    this.place = "";
    this.args = undefined;
    this.wait = undefined;
    this.next = undefined;
  }

  end(value: LuaValue): void {
    this.hasEnded = true;
    this.value = value;
  }

  fail(error: LuaValue, place: string): void {
    this.hasEnded = true;
    this.hasFailed = true;
    this.value = error;
    this.place = place;
  }
}

/** Whether a script's client can wait while others are heard: see Runner. */
function canWait(c: Context, { link }: Session): boolean {
  const { executor } = c;
  if (link === undefined || link.isBorrowed === true) return false;
  return !executor.transactionOpen && !executor.replaying && hasRoom(c);
}

/** Whether all threads can know that this request waits. */
function hasRoom({ blocking, args }: Context): boolean {
  return blocking.hasRoom(2 * args.totalBytes, args.count);
}

/** Where a program is left. */
function placeNow(state: State): string {
  const frame = frameAt(state.current, 1);
  const prototype = frame?.closure?.prototype;
  return prototype === undefined ? "" : `${prototype.chunk}:${prototype.lines[frame?.pc ?? 0]}`;
}

/** Where an error that nobody has caught was raised. */
function placeOf({ errorChunk, errorLine }: State): string {
  return errorLine === 0 ? "" : `${errorChunk}:${errorLine}`;
}

const tookTooLong = "-BUSY the script took longer than it may, and was ended";
const killed = "Script killed by user with SCRIPT KILL...";

/** The text of an error that nobody has caught: that of a table's `err`, or a text with ERR. */
function errorOf(state: State, value: LuaValue): string {
  if (value instanceof LuaTable) {
    const text = value.getString("err");
    if (typeof text === "string") return text;
    if (typeof text === "number") return String(text);
    return "ERR unknown error";
  }
  return errorText(textOf(state.main, value));
}

/** Whether the error has been counted already, with the command that has replied it. */
function isCounted(value: LuaValue): boolean {
  return value instanceof LuaTable && value.getString("ignore_error_stats_update") === true;
}
