// Functions: libraries that a database keeps, in its log and in its snapshots, and whose functions
// clients call by name (FCALL). All libraries share one state. While a library is being loaded its
// code sees nothing but `redis.register_function`, constants and the log; when its functions run
// they see what scripts see.
//
//   globals {} ──__index──▶ while loading: {redis = {register_function, log …}}
//   (unchangeable)          else: the libraries of scripts
//
// A library that cannot be loaded leaves everything as it was.

import type { Context } from "../engine/context.ts";
import type { LibraryStore } from "../keyspace/libraries.ts";
import { measure } from "../lua/memory.ts";
import { numberText } from "../lua/numbers.ts";
import type { State } from "../lua/state.ts";
import { LuaTable } from "../lua/table.ts";
import { type NativeCode, RunStatus } from "../lua/thread.ts";
import { LuaError, LuaFunction, type LuaValue } from "../lua/values.ts";
import type { ScriptBoard } from "./left-script.ts";
import { add, addLog, addVersion, errorTable, raise, redisLibrary } from "./redis-library.ts";
import { errorText } from "./reply-to-lua.ts";
import type { Runner } from "./runner.ts";
import { lock, newSandbox, protect, refuseMissing } from "./sandbox.ts";
import { flagBit, isName, readLibraryHead } from "./script-flags.ts";

/** Loading a library only registers its functions: it may not take longer. */
const LOAD_MS = 500;
const BUDGET = 10_000;
/** What a library or a function takes beside its texts, about. */
const ENTRY_BYTES = 120;

const flagsNoTable =
  "flags argument to redis.register_function must be a table representing function flags";
const badName =
  "Library names can only contain letters, numbers, or underscores(_) and must be at least one " +
  "character long";

export interface ScriptFunction {
  readonly name: string;
  readonly description: string | undefined;
  /** Bits of ScriptFlag. */
  readonly flags: number;
  readonly callee: LuaFunction;
}

/** A function of the program that has the database open: it writes its reply by itself. */
export type ProgramFunction = (c: Context, keys: number) => void;

export interface Library {
  readonly name: string;
  /** As it came, its first line included. */
  readonly code: string;
  readonly functions: Map<string, ScriptFunction>;
}

/** What becomes of libraries that are there when others are restored. */
export const RestorePolicy = { append: 0, replace: 1, flush: 2 } as const;

export class Functions implements LibraryStore {
  libraries: Map<string, Library> = new Map();
  /** All functions by their names in lower case: clients call them in any. */
  #functions: Map<string, ScriptFunction> = new Map();
  /** Those of the program, by their names in lower case. They are in no file. */
  readonly #registered: Map<string, ProgramFunction> = new Map();
  readonly #runner: Runner;
  #state: State | undefined;
  /** What libraries see that are being loaded, and what functions that run. */
  #loadingGlobals: LuaTable | undefined;
  #runningGlobals: LuaTable | undefined;
  #visible: LuaTable | undefined;
  /** The library whose code is being run. */
  #loading: Library | undefined;

  /** What the texts take, about. */
  bytes = 0;
  /** Called, in the thread that has opened the database, when there are others or other names. */
  onChanged: (() => void) | undefined;
  /** In a thread that has attached: where they are to be had, and of which age these are. */
  #board: ScriptBoard | undefined;
  #age = -1;
  /** Names, in lower case, of what the program has registered that opened the database. */
  #elsewhere: ReadonlySet<string> = new Set();

  constructor(runner: Runner) {
    this.#runner = runner;
  }

  find(name: string): ScriptFunction | undefined {
    return this.#functions.get(name.toLowerCase());
  }

  // In a thread that has attached

  /** From now on they are as in the thread that has opened the database. */
  follow(board: ScriptBoard): void {
    this.#board = board;
    this.#age = -1;
  }

  /**
   * Takes over what others have changed; returns the text of an error. To be called before a
   * function is looked for. REQUIRES: the lock.
   */
  refresh(): string | undefined {
    const board = this.#board;
    if (board === undefined || board.librariesAge === this.#age) return undefined;
    const age = board.librariesAge;
    const { codes, registered } = board.libraries();
    const failure = this.restore(codes, RestorePolicy.flush);
    if (failure !== undefined) return failure;
    this.#elsewhere = new Set(registered);
    this.#age = age;
    return undefined;
  }

  /** Whether the program of the thread that has opened the database has registered this. */
  isElsewhere(name: string): boolean {
    return this.#elsewhere.has(name.toLowerCase());
  }

  /** The program's function of this name. */
  registered(name: string): ProgramFunction | undefined {
    return this.#registered.get(name.toLowerCase());
  }

  /** The names of the program's functions, in lower case. */
  get registeredNames(): string[] {
    return [...this.#registered.keys()];
  }

  /** Adds a function of the program's; returns the text of an error. */
  register(name: string, work: ProgramFunction): string | undefined {
    if (this.#isTaken(name)) return `Function ${name} already exists`;
    this.#registered.set(name.toLowerCase(), work);
    this.onChanged?.();
    return undefined;
  }

  unregister(name: string): void {
    this.#registered.delete(name.toLowerCase());
    this.onChanged?.();
  }

  #isTaken(name: string): boolean {
    return this.find(name) !== undefined || this.registered(name) !== undefined;
  }

  /** How many functions there are. */
  get count(): number {
    return this.#functions.size;
  }

  /** What the values of functions take, as far as they can be reached. */
  get bytesUsed(): number {
    return this.#state === undefined ? 0 : measure(this.#state, Number.POSITIVE_INFINITY);
  }

  /** The state that functions run in. */
  get state(): State {
    if (this.#state !== undefined) return this.#state;
    const { bridge, context } = this.#runner;
    const state = newSandbox(context.services, (of) => redisLibrary(of, bridge));
    const running = state.globals;
    lock(state, running);
    this.#runningGlobals = running;

    const loading = state.newTable(0, 2);
    const library = state.newTable(0, 0);
    add(library, "register_function", this.#register);
    addLog(library, bridge);
    addVersion(library);
    refuseMissing(state, library);
    loading.setString("redis", library);
    loading.setString("server", library);
    refuseMissing(state, loading);
    protect(loading);
    this.#loadingGlobals = loading;

    const globals = state.newTable(0, 0);
    const visible = state.newTable(0, 1);
    visible.setString("__index", running);
    globals.metatable = visible;
    protect(globals);
    this.#visible = visible;
    state.globals = globals;
    state.main.globals = globals;
    this.#state = state;
    return state;
  }

  /** Loads a library; returns it, or the text of an error. */
  load(code: string, replaces: boolean): Library | string {
    const library = this.#read(code);
    if (typeof library === "string") return library;
    const before = this.libraries.get(library.name);
    if (before !== undefined && !replaces) return `Library '${library.name}' already exists`;
    const failure = this.#compile(library);
    if (failure !== undefined) return failure;
    for (const name of library.functions.keys()) {
      const taken = this.find(name);
      const isOther = taken !== undefined && before?.functions.get(taken.name) !== taken;
      if (isOther || this.registered(name) !== undefined) {
        return `Function ${name} already exists`;
      }
    }
    if (before !== undefined) this.#unlink(before);
    this.#link(library);
    return library;
  }

  /** Loads all of these libraries or none; returns the text of an error. */
  restore(codes: readonly string[], policy: number): string | undefined {
    const libraries: Map<string, Library> = new Map();
    const functions: Set<string> = new Set();
    for (const code of codes) {
      const library = this.#read(code);
      if (typeof library === "string") return library;
      if (libraries.has(library.name)) return `Library '${library.name}' already exists`;
      const failure = this.#compile(library);
      if (failure !== undefined) return failure;
      for (const name of library.functions.keys()) {
        if (functions.has(name.toLowerCase()) || this.registered(name) !== undefined) {
          return `Function ${name} already exists`;
        }
        functions.add(name.toLowerCase());
      }
      libraries.set(library.name, library);
    }
    const replaced: Library[] = [];
    for (const library of this.libraries.values()) {
      if (policy === RestorePolicy.flush) replaced.push(library);
      else if (libraries.has(library.name)) {
        if (policy === RestorePolicy.append) return `Library ${library.name} already exists`;
        replaced.push(library);
      }
    }
    for (const name of functions) {
      const taken = this.#functions.get(name);
      if (taken === undefined) continue;
      if (!replaced.some((each) => each.functions.get(taken.name) === taken)) {
        return `Function ${taken.name} already exists`;
      }
    }
    for (const library of replaced) this.#unlink(library);
    for (const library of libraries.values()) this.#link(library);
    return undefined;
  }

  get codes(): string[] {
    return Array.from(this.libraries.values(), ({ code }) => code);
  }

  take(code: string, replaces: boolean): string | undefined {
    const library = this.load(code, replaces);
    return typeof library === "string" ? library : undefined;
  }

  clear(): void {
    this.flush();
  }

  /** Deletes a library; false: there is none of this name. */
  delete(name: string): boolean {
    const library = this.libraries.get(name);
    if (library === undefined) return false;
    this.#unlink(library);
    return true;
  }

  flush(): void {
    this.libraries = new Map();
    this.#functions = new Map();
    this.#state = undefined;
    this.bytes = 0;
    this.onChanged?.();
  }

  #link(library: Library): void {
    const { roots } = this.state;
    this.libraries.set(library.name, library);
    // The functions are held from here, and count as the state's own.
    for (const each of library.functions.values()) {
      this.#functions.set(each.name.toLowerCase(), each);
      roots.push(each.callee);
    }
    this.bytes += bytesOf(library);
    this.onChanged?.();
  }

  #unlink(library: Library): void {
    const { roots } = this.state;
    this.libraries.delete(library.name);
    for (const name of library.functions.keys()) this.#functions.delete(name.toLowerCase());
    roots.length = 0;
    for (const each of this.#functions.values()) roots.push(each.callee);
    this.bytes -= bytesOf(library);
    this.onChanged?.();
  }

  /** A library without its functions, or the text of an error. */
  #read(code: string): Library | string {
    const head = readLibraryHead(code);
    if ("error" in head) return head.error;
    const { engine, name } = head;
    if (!isName(name)) return badName;
    if (engine.toLowerCase() !== "lua") return `Engine '${engine}' not found`;
    return { name, code, functions: new Map() };
  }

  /** Runs a library's code, which registers its functions; returns the text of an error. */
  #compile(library: Library): string | undefined {
    const { state } = this;
    const { code } = library;
    this.#visible?.setString("__index", this.#loadingGlobals as LuaTable);
    this.#loading = library;
    try {
      let closure: LuaFunction;
      try {
        closure = state.load(code.slice(code.indexOf("\n")), "@user_function");
      } catch (error) {
        return `Error compiling function: ${textOfError(error)}`;
      }
      try {
        this.#run(state, closure);
      } catch (error) {
        const text = textOfError(error);
        return `Error registering functions: ${isText(error) ? errorText(text) : text}`;
      }
    } finally {
      this.#loading = undefined;
      this.#visible?.setString("__index", this.#runningGlobals as LuaTable);
      state.abandon();
    }
    return library.functions.size === 0 ? "No functions registered" : undefined;
  }

  #run(state: State, closure: LuaFunction): void {
    const { executor, services } = this.#runner.context;
    // What was loaded elsewhere, or before, has been in time.
    const isKnown = executor.replaying || this.#board !== undefined;
    const endMs = isKnown ? Number.POSITIVE_INFINITY : services.monotonicMs() + LOAD_MS;
    state.start(closure);
    while (state.run(BUDGET) !== RunStatus.done) {
      if (services.monotonicMs() > endMs) {
        throw new LuaError(errorTable(state, "FUNCTION LOAD timeout"));
      }
    }
  }

  /** redis.register_function(name, callback), or of a table with those and more. */
  readonly #register: NativeCode = (thread, base, count) => {
    const library = this.#loading;
    if (library === undefined) {
      raise(thread, "redis.register_function can only be called on FUNCTION LOAD command");
    }
    if (count < 1 || count > 2) {
      raise(thread, "wrong number of arguments to redis.register_function");
    }
    const { stack } = thread;
    const read = count === 1 ? readNamed(stack[base]) : readPlain(stack[base], stack[base + 1]);
    if (typeof read === "string") raise(thread, read);
    if (!isName(read.name)) raise(thread, badName);
    if (library.functions.has(read.name)) raise(thread, "Function already exists in the library");
    library.functions.set(read.name, read);
    return 0;
  };
}

/** What a library's texts take, about. */
function bytesOf({ name, code, functions }: Library): number {
  let bytes = ENTRY_BYTES + name.length + code.length;
  for (const each of functions.values()) {
    bytes += ENTRY_BYTES + each.name.length + (each.description?.length ?? 0);
  }
  return bytes;
}

function readPlain(name: LuaValue, callee: LuaValue): ScriptFunction | string {
  const text = stringOf(name);
  if (text === undefined) return "first argument to redis.register_function must be a string";
  if (!(callee instanceof LuaFunction)) {
    return "second argument to redis.register_function must be a function";
  }
  return { name: text, description: undefined, flags: 0, callee };
}

function readNamed(table: LuaValue): ScriptFunction | string {
  if (!(table instanceof LuaTable)) {
    return (
      "calling redis.register_function with a single argument is only applicable to Lua table " +
      "(representing named arguments)."
    );
  }
  let name: string | undefined;
  let description: string | undefined;
  let flags = 0;
  let callee: LuaFunction | undefined;
  for (let at = table.nextIndex(undefined); at >= 0; at = table.nextIndex(table.keyAt(at))) {
    const key = stringOf(table.keyAt(at));
    const value = table.valueAt(at);
    switch (key?.toLowerCase()) {
      case undefined:
        return "named argument key given to redis.register_function is not a string";
      case "function_name":
        name = stringOf(value);
        if (name === undefined) {
          return "function_name argument given to redis.register_function must be a string";
        }
        break;
      case "description":
        description = stringOf(value);
        if (description === undefined) {
          return "description argument given to redis.register_function must be a string";
        }
        break;
      case "callback":
        if (!(value instanceof LuaFunction)) {
          return "callback argument given to redis.register_function must be a function";
        }
        callee = value;
        break;
      case "flags":
        if (!(value instanceof LuaTable)) {
          return flagsNoTable;
        }
        flags = readFlags(value);
        if (flags < 0) return "unknown flag given";
        break;
      default:
        return "unknown argument given to redis.register_function";
    }
  }
  if (name === undefined) return "redis.register_function must get a function name argument";
  if (callee === undefined) return "redis.register_function must get a callback argument";
  return { name, description, flags, callee };
}

/** Bits of ScriptFlag, or −1: there is no such flag. */
function readFlags(table: LuaTable): number {
  let flags = 0;
  for (let i = 1; ; i++) {
    const value = table.getNumber(i);
    if (value === undefined) return flags;
    const bit = flagBit(stringOf(value)?.toLowerCase() ?? "");
    if (bit === 0) return -1;
    flags |= bit;
  }
}

function stringOf(value: LuaValue): string | undefined {
  return typeof value === "number"
    ? numberText(value)
    : typeof value === "string"
      ? value
      : undefined;
}

function isText(error: unknown): boolean {
  return error instanceof LuaError && !(error.value instanceof LuaTable);
}

function textOfError(error: unknown): string {
  if (!(error instanceof LuaError)) throw error;
  const { value } = error;
  if (value instanceof LuaTable) return String(value.getString("err") ?? "ERR unknown error");
  return typeof value === "string" ? value : "unknown error";
}
