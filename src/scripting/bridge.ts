// The bridge: redis.call, from a script's values to a command of the engine and back.
//
//   values ─▶ words (arguments-from-lua.ts) ─▶ command ─▶ may it? ─▶ Executor.call ─┐
//   value  ◀─ reply-to-lua.ts ◀──────────────── bytes behind the replies ◀──────────┘
//
// The command is executed within the frame of the script's own session, as those of EXEC are: its
// effects are gathered, and reach the log with all others of the script. Its reply is written where
// replies are, read there, and taken back.

import { isHalfDone } from "../base/half-done.ts";
import { type CompiledCommand, Flag } from "../engine/command.ts";
import type { Command, Context } from "../engine/context.ts";
import type { Session } from "../engine/session.ts";
import { Figure } from "../engine/statistics.ts";
import type { LuaThread } from "../lua/thread.ts";
import { LuaError, type LuaValue } from "../lua/values.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { Errors, errorLine } from "../protocol/errors.ts";
import { ArgumentsFromLua } from "./arguments-from-lua.ts";
import { errorTable, Propagation, raise, type ScriptHost } from "./redis-library.ts";
import { ReplyToLua } from "./reply-to-lua.ts";

const unknownCommand = errorLine("ERR Unknown Redis command called from script");
const wrongWords = errorLine("ERR Wrong number of args calling Redis command from script");
const notAllowed = errorLine("ERR This Redis command is not allowed from script");
const readOnly = errorLine("ERR Write commands are not allowed from read-only scripts.");

/** Names of commands that are remembered, a power of two. */
const NAMES = 256;

/** An error of the engine's own, on its way through the interpreter. */
export class Failure {
  readonly cause: unknown;

  constructor(cause: unknown) {
    this.cause = cause;
  }
}

export class Bridge implements ScriptHost {
  /** The script's session: its database, and the protocol of the replies that it gets. */
  readonly session: Session;

  /** Scripts may call what is not for them, for tests (DEBUG SET-DISABLE-DENY-SCRIPTS). */
  deniesNothing = false;

  // What holds for the script that runs.
  /** Whose request it is. */
  caller: Session;
  isRunning = false;
  isReadOnly = false;
  /** It may write where memory is above its limit. */
  allowsOutOfMemory = false;
  /** Memory was above its limit when it began. */
  isFull = false;
  /** It has called a command that writes: from then on it is not stopped half way. */
  hasWritten = false;
  propagation: number = Propagation.all;

  readonly #context: Context;
  readonly #words = new ArgumentsFromLua();
  readonly #replies = new ReplyToLua();
  /** Names as scripts wrote them last, and their commands. */
  readonly #names: string[] = new Array(NAMES).fill("");
  readonly #named: (CompiledCommand | undefined)[] = new Array(NAMES).fill(undefined);

  constructor(context: Context, session: Session) {
    this.#context = context;
    this.session = session;
    this.caller = session;
  }

  call(thread: LuaThread, base: number, count: number, raised: boolean): number {
    const { state, stack } = thread;
    if (!this.isRunning) raise(thread, `redis.call ${outside}`);
    const refused = this.#fill(thread, base, count);
    if (refused !== undefined) {
      if (raised) raise(thread, refused);
      stack[base] = errorTable(state, refused);
      return 1;
    }
    const { reply } = this.#context;
    const before = reply.length;
    try {
      this.#execute(stack[base], this.#words.args);
    } catch (error) {
      throw new Failure(error);
    }
    const isError = reply.bytes[before] === MINUS;
    const value = this.#replies.read(state, reply.bytes, before);
    reply.truncate(before);
    if (isError && raised) throw new LuaError(value);
    stack[base] = value;
    return 1;
  }

  mayCall(thread: LuaThread, base: number, count: number): boolean {
    if (!this.isRunning) raise(thread, `redis.acl_check_cmd ${outside}`);
    const refused = this.#fill(thread, base, count);
    if (refused !== undefined) raise(thread, refused);
    if (this.#commandOf(thread.stack[base], this.#words.args) === undefined) {
      raise(thread, "Invalid command passed to redis.acl_check_cmd()");
    }
    return true;
  }

  /** Makes arguments of a call's values; returns why that cannot be, or undefined. */
  #fill({ stack }: LuaThread, base: number, count: number): string | undefined {
    if (count === 0) return noWords;
    return this.#words.fill(stack, base, count) ? undefined : wrongTypes;
  }

  /** The command or subcommand that is called by `name` with these arguments. */
  #commandOf(name: LuaValue, args: Arguments): CompiledCommand | undefined {
    const command = this.#find(name, args);
    if (command?.subcommands === undefined || args.count < 2) return command;
    return command.subcommands.get(args.text(1).toLowerCase());
  }

  /** The command that a script calls by `name`, which is argument 0 as well. */
  #find(name: LuaValue, args: Arguments): CompiledCommand | undefined {
    const { table } = this.#context.executor;
    if (typeof name !== "string" || name === "") return table.find(args, 0);
    const last = name.length - 1;
    const place = (name.charCodeAt(0) * 5 + name.charCodeAt(last) + last * 7) & (NAMES - 1);
    if (this.#names[place] === name) return this.#named[place];
    const command = table.find(args, 0);
    // One that goes by another name has had the word replaced.
    if (command !== undefined && name.toLowerCase() === command.name) {
      this.#names[place] = name;
      this.#named[place] = command;
    }
    return command;
  }

  #execute(name: LuaValue, args: Arguments): void {
    const c = this.#context;
    const { executor } = c;
    const command = this.#commandOf(name, args);
    if (command === undefined) return this.#reject(undefined, unknownCommand);
    const { arity } = command;
    if ((arity > 0 && args.count !== arity) || args.count < -arity) {
      return this.#reject(command, wrongWords);
    }
    c.args = args;
    c.db = this.session.db;
    if (command.mayBeRefused || (command.flags & WATCHED) !== 0) {
      const refused = this.#refusal(command);
      if (refused !== undefined) return this.#reject(command, refused);
    }
    const gathered = c.effects.count;
    executor.call(command, args);
    if ((this.propagation & Propagation.log) === 0) c.effects.truncate(gathered);
  }

  /** The error line that a command gets in this script, or undefined. */
  #refusal(command: CompiledCommand): Uint8Array | undefined {
    const c = this.#context;
    const { flags, entry } = command;
    // A command that waits finds nothing there, as if its time were up.
    const isDenied = (flags & Flag.noscript) !== 0 && entry.wait === undefined;
    if (isDenied && !this.deniesNothing) return notAllowed;
    if (this.isReadOnly && (flags & (Flag.write | Flag.may_replicate)) !== 0) return readOnly;
    const guarded = (entry as Command).guard?.(c);
    if (guarded !== undefined) return guarded;
    if ((flags & Flag.denyoom) !== 0) {
      if (c.memory.nearlyExhausted) return Errors.outOfMemory;
      if (this.isFull && !this.allowsOutOfMemory && !this.hasWritten) {
        return Errors.outOfMemory;
      }
    }
    if ((flags & Flag.write) === 0) return undefined;
    if (!this.hasWritten) {
      const refused = this.#writesRefused();
      if (refused !== undefined) return errorLine(refused);
    }
    this.hasWritten = true;
    return undefined;
  }

  /** Why the script's client may not write now, or undefined. */
  #writesRefused(): string | undefined {
    const c = this.#context;
    if (c.executor.replaying) return undefined;
    c.session = this.caller;
    const refused = c.services.writesRefused();
    c.session = this.session;
    return refused;
  }

  #reject(command: CompiledCommand | undefined, line: Uint8Array): void {
    const { reply, executor } = this.#context;
    const { statistics } = executor;
    reply.error(line);
    if (command !== undefined) statistics.count(command, Figure.rejected);
    statistics.countErrorLine(line, 0, line.length);
  }

  setProtocol(protocol: 2 | 3): void {
    this.session.protocol = protocol;
    this.#context.reply.protocol = protocol;
  }

  setPropagation(propagation: number): void {
    this.propagation = propagation;
  }

  log(level: "debug" | "verbose" | "notice" | "warning", text: string): void {
    const { services } = this.#context;
    const least = services.configGet(["loglevel"])[0]?.[1] ?? "notice";
    if (LEVELS.indexOf(level) >= LEVELS.indexOf(least)) services.message(text);
  }
}

const MINUS = 45;
/** Flags that are asked about beyond what `mayBeRefused` covers. */
const WATCHED = Flag.noscript | Flag.may_replicate;
const LEVELS = ["debug", "verbose", "notice", "warning", "nothing"];

const outside = "can only be called inside a script invocation";
const noWords = "Please specify at least one argument for this redis lib call";
const wrongTypes = "Lua redis lib command arguments must be strings or integers";

/** Whether an error that came out of a script's run is the engine's own. */
export function failureOf(error: unknown): unknown {
  if (error instanceof Failure) return error.cause;
  return isHalfDone(error) ? error : undefined;
}
