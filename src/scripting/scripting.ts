// Scripts of a database: those that clients send (EVAL), and the libraries of functions that it
// holds (functions.ts). Both run by the same runner, in states of their own, which are made when
// the first one comes: who uses no scripts pays nothing for them.
//
// Each thread runs its own: a script's effects, its client and the transaction around it are that
// thread's. What is known is kept by the one that has opened the database. Others hand on to it
// what they compile, ask it for what they are missing, and take its libraries over when those have
// changed (ScriptBoard).

import { assert } from "../base/assert.ts";
import { latin1Text } from "../base/bytes.ts";
import type { Context } from "../engine/context.ts";
import type { Scripts } from "../engine/scripts.ts";
import { measure } from "../lua/memory.ts";
import type { State } from "../lua/state.ts";
import { LuaTable } from "../lua/table.ts";
import { LuaError } from "../lua/values.ts";
import type { ReplyWriter } from "../protocol/reply-writer.ts";
import { Functions, type ScriptFunction } from "./functions.ts";
import type { LeftScript, ScriptBoard, ScriptMemory } from "./left-script.ts";
import { addEvalLibrary, redisLibrary, sha1Hex } from "./redis-library.ts";
import { Runner } from "./runner.ts";
import { lock, newSandbox } from "./sandbox.ts";
import { DIGEST_LENGTH, type Script, ScriptCache } from "./script-cache.ts";
import { readScriptHead } from "./script-flags.ts";

/** The scripts of the database that a context belongs to. */
export function scriptingOf(c: Context): Scripting {
  if (c.scripts instanceof Scripting) return c.scripts;
  const scripting = new Scripting(c);
  c.scripts = scripting;
  return scripting;
}

const NONE: readonly [] = [];
/** A table of more words is not used again. */
const WORDS_KEPT = 64;

export class Scripting implements Scripts {
  readonly runner: Runner;
  readonly cache: ScriptCache = new ScriptCache();
  readonly functions: Functions;
  /** The script that was left, in whichever thread. */
  readonly left: LeftScript;
  /** That of other threads, where they know more than this one. */
  #board: ScriptBoard | undefined;
  #flushes = 0;
  #state: State | undefined;
  #keys: LuaTable = new LuaTable(0, 0, null);
  #argv: LuaTable = new LuaTable(0, 0, null);

  constructor(context: Context) {
    this.runner = new Runner(context);
    this.left = this.runner.left;
    this.functions = new Functions(this.runner);
    this.functions.onChanged = () => this.#count();
    context.keyspace.libraries = this.functions;
  }

  // Of the engine's interest

  get isParked(): boolean {
    return this.left.isParked;
  }

  get busy(): Uint8Array | undefined {
    return this.left.busy;
  }

  finish(): void {
    this.runner.finish();
  }

  follow(next: (writeReply: (reply: ReplyWriter) => void) => void): void {
    this.runner.follow(next);
  }

  whenFree(done: () => void): void {
    this.left.whenFree(done);
  }

  // Threads

  /** From now on other threads are told. `isGuest`: another one has opened the database. */
  join(board: ScriptBoard, isGuest: boolean): void {
    this.left.board = board;
    if (isGuest) {
      this.#board = board;
      this.functions.onChanged = undefined;
      this.#flushes = board.scriptsAge;
      this.functions.follow(board);
    } else {
      this.functions.onChanged = () => {
        this.#count();
        board.changedLibraries();
      };
      this.#tellFlushed = () => board.flushed();
    }
    this.look();
  }

  /** In the thread that has opened the database, where there are others. */
  #tellFlushed: (() => void) | undefined;

  /** No other thread is there any more, or this one has left. */
  part(): void {
    this.left.board = undefined;
    this.#tellFlushed = undefined;
    if (this.#board === undefined) this.functions.onChanged = () => this.#count();
  }

  /** Other threads may have left a script, or flushed them all. REQUIRES: the lock. */
  look(): void {
    this.left.look();
    const board = this.#board;
    if (board === undefined || board.scriptsAge === this.#flushes) return;
    this.#flushes = board.scriptsAge;
    this.#forget();
  }

  // Scripts of EVAL

  /** The state that they run in. */
  get #evalState(): State {
    if (this.#state !== undefined) return this.#state;
    const { bridge, context } = this.runner;
    const state = newSandbox(context.services, (of) => {
      const table = redisLibrary(of, bridge);
      addEvalLibrary(table);
      return table;
    });
    lock(state, state.globals);
    state.globals.setString("KEYS", this.#keys);
    state.globals.setString("ARGV", this.#argv);
    this.#state = state;
    return state;
  }

  /** What the values of scripts take in this thread, as far as they can be reached. */
  get bytesUsed(): number {
    return this.#state === undefined ? 0 : measure(this.#state, Number.POSITIVE_INFINITY);
  }

  /** What the values of scripts and of functions take, in all threads that have reported. */
  get memory(): ScriptMemory {
    const others = this.left.board?.memoryElsewhere ?? { scripts: 0, functions: 0 };
    return {
      scripts: others.scripts + this.bytesUsed,
      functions: others.functions + this.functions.bytesUsed,
    };
  }

  /** Others are about to look at what this thread has. */
  report(): void {
    const scripts = this.bytesUsed;
    this.left.board?.report({ scripts, functions: this.functions.bytesUsed });
  }

  /** The script with this text, made if it is not known yet, or the text of an error. */
  define(source: string, isLoaded: boolean): Script | string {
    const digest = sha1Hex(source);
    const known = this.cache.find(digest);
    if (known !== undefined) {
      if (isLoaded && !known.isLoaded) this.cache.keep(known);
      return known;
    }
    const made = this.#compile(source, digest, isLoaded);
    if (typeof made === "string") return made;
    this.#add(made);
    this.#board?.note(source);
    return made;
  }

  /** The script whose digest stands at bytes[start], in any case. */
  find(bytes: Uint8Array, start: number): Script | undefined {
    const known = this.cache.findAt(bytes, start);
    const board = this.#board;
    if (known !== undefined || board === undefined) return known;
    const digest = latin1Text(bytes, start, start + DIGEST_LENGTH).toLowerCase();
    const source = board.source(digest);
    const made = source === undefined ? undefined : this.#compile(source, digest, false);
    if (made === undefined || typeof made === "string") return undefined;
    this.#add(made);
    return made;
  }

  #add(script: Script): void {
    this.cache.add(script);
    this.#count();
  }

  /** What scripts and functions take is known to all by the thread that keeps them. */
  #count(): void {
    if (this.#board !== undefined) return;
    this.runner.context.keyspace.settings.memoryBeside = this.cache.bytes + this.functions.bytes;
  }

  /** Another thread has compiled a script, which is known from now on. */
  note(source: string): void {
    const digest = sha1Hex(source);
    if (this.cache.find(digest) !== undefined) return;
    const head = readScriptHead(source);
    if ("error" in head) return;
    const { flags } = head;
    this.#add({ digest, source, closure: undefined, flags, isLoaded: false });
  }

  #compile(source: string, digest: string, isLoaded: boolean): Script | string {
    const head = readScriptHead(source);
    if ("error" in head) return head.error;
    const { flags, length } = head;
    try {
      // The line's end stays, so that lines are counted as in the text.
      const closure = this.#evalState.load(source.slice(length), "@user_script");
      return { digest, source, closure, flags, isLoaded };
    } catch (error) {
      if (!(error instanceof LuaError)) throw error;
      return `Error compiling script (new function): ${error.value}`;
    }
  }

  /**
   * Runs a script for the request that is being executed, whose keys begin at argument 3 and whose
   * other arguments follow them.
   */
  evaluate(c: Context, script: Script, keys: number, isReadOnly: boolean): void {
    const state = this.#evalState;
    const { globals } = state;
    const { count } = c.args;
    if (script.closure === undefined) {
      const made = this.#compile(script.source, script.digest, script.isLoaded);
      if (typeof made === "string") return c.reply.errorText(`ERR ${made}`);
      script.closure = made.closure;
    }
    const callee = script.closure;
    assert(callee !== undefined, "a script is compiled before it runs");
    // They are set from outside, as scripts themselves cannot, and used again: a script that has
    // ended has left nobody behind who could look at them.
    if (!isReusable(this.#keys)) {
      this.#keys = state.newTable(0, 0);
      globals.setString("KEYS", this.#keys);
    }
    if (!isReusable(this.#argv)) {
      this.#argv = state.newTable(0, 0);
      globals.setString("ARGV", this.#argv);
    }
    fill(this.#keys, c, 3, 3 + keys);
    fill(this.#argv, c, 3 + keys, count);
    this.cache.touch(script);
    this.runner.run({
      state,
      callee,
      parameters: NONE,
      name: script.digest,
      flags: script.flags,
      isReadOnly,
      isFunction: false,
    });
  }

  /** Calls a function for the request that is being executed, as `evaluate` does. */
  callFunction(c: Context, called: ScriptFunction, keys: number, isReadOnly: boolean): void {
    const { state } = this.functions;
    const parameters = [wordsOf(c, state, 3, 3 + keys), wordsOf(c, state, 3 + keys, c.args.count)];
    const { callee, name, flags } = called;
    this.runner.run({ state, callee, parameters, name, flags, isReadOnly, isFunction: true });
  }

  /** SCRIPT FLUSH: what scripts have left behind goes with them. */
  flush(): void {
    this.#forget();
    this.#tellFlushed?.();
  }

  #forget(): void {
    this.cache.clear();
    this.#state = undefined;
    this.#count();
  }

  /**
   * Calls back when no script is left any more that takes long, at once where there is none; one
   * that has written nothing is ended.
   */
  whenEnded(done: () => void): void {
    this.runner.context.services.turn(() => this.runner.killForEnd());
    this.left.whenEnded(done);
  }

  /** See Runner.close. */
  close(): boolean {
    return this.runner.close();
  }
}

/** Arguments first … end − 1 of the request, as a table of strings. */
export function wordsOf(c: Context, state: State, first: number, end: number): LuaTable {
  const table = state.newTable(end - first, 0);
  fill(table, c, first, end);
  return table;
}

/** Puts arguments first … end − 1 of the request into a table, in the place of all that it has. */
function fill({ array }: LuaTable, { args }: Context, first: number, end: number): void {
  const { bytes, starts, ends } = args;
  const count = end - first;
  if (array.length > count) array.length = count;
  for (let i = 0; i < count; i++) {
    const word = latin1Text(bytes, starts[first + i], ends[first + i]);
    array[i] = word;
  }
}

/** Whether the table is a plain array, as it was made. */
function isReusable({ nodeKeys, metatable, array }: LuaTable): boolean {
  return nodeKeys.length === 0 && metatable === null && array.length <= WORDS_KEPT;
}
