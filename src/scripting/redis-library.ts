// The library `redis` of scripts, which `server` is another name of. What concerns the command that
// has called the script goes to a RunningScript, which there is only while one runs.

import { latin1Text, writeLatin1 } from "../base/bytes.ts";
import { SHA1_WORDS, sha1Into } from "../base/sha1.ts";
import { redisVersion } from "../engine/version.ts";
import { numberText, parseNumber } from "../lua/numbers.ts";
import type { LuaTable } from "../lua/table.ts";
import { type LuaState, type LuaThread, type NativeCode, NativeFunction } from "../lua/thread.ts";
import { LuaError, type LuaValue } from "../lua/values.ts";
import { errorText } from "./reply-to-lua.ts";

/** Where a script's writes go. */
export const Propagation = { none: 0, log: 1, replicas: 2, all: 3 } as const;

const LOG_LEVELS = ["debug", "verbose", "notice", "warning"] as const;

/** What scripts ask of who runs them. */
export interface ScriptHost {
  /** redis.call, or redis.pcall where errors are not `raised`. */
  call(thread: LuaThread, base: number, count: number, raised: boolean): number;
  /** Whether the caller's user may call this: there is one user, who may. Raises if nobody can. */
  mayCall(thread: LuaThread, base: number, count: number): boolean;
  /** The protocol of the replies that the script gets. */
  setProtocol(protocol: 2 | 3): void;
  /** A value of Propagation. */
  setPropagation(propagation: number): void;
  /** A message to whoever runs the server, at a level of its log. */
  log(level: (typeof LOG_LEVELS)[number], text: string): void;
}

/** The table `redis` for scripts and functions that run. */
export function redisLibrary(state: LuaState, host: ScriptHost): LuaTable {
  const table = state.newTable(0, 0);
  add(table, "call", (thread, base, count) => host.call(thread, base, count, true));
  add(table, "pcall", (thread, base, count) => host.call(thread, base, count, false));
  add(table, "acl_check_cmd", (thread, base, count) => {
    thread.stack[base] = host.mayCall(thread, base, count);
    return 1;
  });
  addLog(table, host);
  addVersion(table);
  add(table, "setresp", (thread, base, count) => {
    if (count !== 1) raise(thread, "redis.setresp() requires one argument.");
    const protocol = integerOf(thread.stack[base]);
    if (protocol !== 2 && protocol !== 3) raise(thread, "RESP version must be 2 or 3.");
    host.setProtocol(protocol);
    return 0;
  });
  add(table, "sha1hex", sha1OfText);
  add(table, "error_reply", errorReply);
  add(table, "status_reply", statusReply);
  add(table, "set_repl", (thread, base, count) => {
    if (count !== 1) raise(thread, "redis.set_repl() requires one argument.");
    const propagation = integerOf(thread.stack[base]);
    if ((propagation & ~Propagation.all) !== 0) {
      raise(
        thread,
        "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.",
      );
    }
    host.setPropagation(propagation);
    return 0;
  });
  table.setString("REPL_NONE", Propagation.none);
  table.setString("REPL_AOF", Propagation.log);
  table.setString("REPL_SLAVE", Propagation.replicas);
  table.setString("REPL_REPLICA", Propagation.replicas);
  table.setString("REPL_ALL", Propagation.all);
  return table;
}

/** What a script of EVAL has besides, for the debugger that there is none of. */
export function addEvalLibrary(table: LuaTable): void {
  add(table, "breakpoint", (thread, base) => {
    thread.stack[base] = false;
    return 1;
  });
  add(table, "debug", () => 0);
  add(table, "replicate_commands", (thread, base) => {
    thread.stack[base] = true;
    return 1;
  });
}

/** What a library has while it registers its functions. */
export function addLog(table: LuaTable, host: Pick<ScriptHost, "log">): void {
  add(table, "log", (thread, base, count) => {
    if (count < 2) raise(thread, "redis.log() requires two arguments or more.");
    const level = thread.stack[base];
    const number = typeof level === "string" ? parseNumber(level) : level;
    if (typeof number !== "number") raise(thread, "First argument must be a number (log level).");
    const name = LOG_LEVELS[Math.trunc(number)];
    if (name === undefined) raise(thread, "Invalid log level.");
    const words: string[] = [];
    for (let i = 1; i < count; i++) {
      const word = textOf(thread.stack[base + i]);
      if (word !== undefined) words.push(word);
    }
    host.log(name, words.join(" "));
    return 0;
  });
  LOG_LEVELS.forEach((name, level) => {
    table.setString(`LOG_${name.toUpperCase()}`, level);
  });
}

export function addVersion(table: LuaTable): void {
  const [major, minor, patch] = redisVersion.split(".").map(Number);
  table.setString("REDIS_VERSION_NUM", (major << 16) | (minor << 8) | patch);
  table.setString("REDIS_VERSION", redisVersion);
}

export function add(table: LuaTable, name: string, code: NativeCode): void {
  table.setString(name, new NativeFunction(name, code));
}

/** An error as the functions of this library raise it: a table, without the place in the text. */
export function raise(thread: LuaThread, text: string): never {
  throw new LuaError(errorTable(thread.state, text));
}

/** The table that stands for an error: "-CODE text", or a text that gets the code ERR. */
export function errorTable(state: LuaState, text: string): LuaTable {
  const table = state.newTable(0, 1);
  table.setString("err", errorText(text));
  return table;
}

function integerOf(value: LuaValue): number {
  const number = typeof value === "string" ? parseNumber(value) : value;
  return typeof number === "number" ? Math.trunc(number) : 0;
}

function textOf(value: LuaValue): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" ? numberText(value) : undefined;
}

const sha1OfText: NativeCode = (thread, base, count) => {
  if (count !== 1) raise(thread, "wrong number of arguments");
  const text = textOf(thread.stack[base]) ?? "";
  // As a loop's turns, so that a script which does little else is left in time.
  thread.state.budget -= text.length >> 2;
  thread.stack[base] = sha1Hex(text);
  return 1;
};

const errorReply: NativeCode = (thread, base, count) => {
  const text = thread.stack[base];
  thread.stack[base] =
    count === 1 && typeof text === "string"
      ? errorTable(thread.state, withMinus(text.replace(/\0[\s\S]*/, "")))
      : errorTable(thread.state, "wrong number or type of arguments");
  return 1;
};

function withMinus(text: string): string {
  return text.startsWith("-") ? text : `-${text}`;
}

const statusReply: NativeCode = (thread, base, count) => {
  const text = thread.stack[base];
  const { state } = thread;
  if (count === 1 && typeof text === "string") {
    const table = state.newTable(0, 1);
    table.setString("ok", text);
    thread.stack[base] = table;
  } else {
    thread.stack[base] = errorTable(state, "wrong number or type of arguments");
  }
  return 1;
};

const digest = new Int32Array(SHA1_WORDS);
let scratch = new Uint8Array(4096);

/** The SHA-1 digest of a text whose characters are bytes, in hexadecimal digits. */
export function sha1Hex(text: string): string {
  if (text.length > scratch.length) scratch = new Uint8Array(text.length * 2);
  writeLatin1(text, scratch, 0);
  return sha1HexOf(scratch, 0, text.length);
}

/** As sha1Hex, of bytes[start, end). */
export function sha1HexOf(bytes: Uint8Array, start: number, end: number): string {
  sha1Into(bytes, start, end, digest);
  let at = 0;
  for (const word of digest) {
    for (let shift = 28; shift >= 0; shift -= 4) {
      const digit = (word >>> shift) & 15;
      digits[at++] = digit < 10 ? 48 + digit : 87 + digit;
    }
  }
  return latin1Text(digits, 0, at);
}

const digits = new Uint8Array(SHA1_WORDS * 8);
