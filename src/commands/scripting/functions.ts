// FCALL and FUNCTION: functions that the database keeps, in libraries. A payload holds libraries as
// an RDB file does:
//
//   payload = ( 0xF5 string )*  version (2 bytes, little endian)  sum (8 bytes)

import { latin1Text, writeLatin1 } from "../../base/bytes.ts";
import { globMatches } from "../../base/glob.ts";
import { isPayload } from "../../codec/payload.ts";
import { RdbInput } from "../../codec/rdb-input.ts";
import { RdbOutput } from "../../codec/rdb-output.ts";
import { VERSION_WRITTEN } from "../../codec/rdb-versions.ts";
import type { Command, Context } from "../../engine/context.ts";
import { errorLine } from "../../protocol/errors.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { type Library, RestorePolicy } from "../../scripting/functions.ts";
import { busyLine, Left } from "../../scripting/left-script.ts";
import { flagNames } from "../../scripting/script-flags.ts";
import { scriptingOf } from "../../scripting/scripting.ts";
import { oneOf } from "../shared/argument-docs.ts";
import { replySubcommandError } from "../shared/help.ts";
import {
  callArgs,
  calling,
  callingToRead,
  moreKeysThanWords,
  negativeKeys,
  readKeys,
  worstNotes,
  worstReadNotes,
  writtenKeys,
} from "./eval.ts";

const noFunction = errorLine("ERR Function not found");
const programMayWrite = errorLine(
  "ERR Can not execute a script with write flag using *_ro command.",
);
const badKeyCount = errorLine("ERR Bad number of keys provided");
const noLibrary = errorLine("ERR Library not found");
const codeMissing = errorLine("ERR Function code is missing");
const nameMissing = errorLine("ERR library name argument was not given");
const flushWord = errorLine("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
const badPolicy = errorLine(
  "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.",
);
const badPayload = errorLine("ERR DUMP payload version or checksum are wrong");
const notFunctions = errorLine("ERR given type is not a function");
const oldFormat = errorLine("ERR Pre-GA function format not supported");
const brokenPayload = errorLine("ERR failed loading the given functions payload");

/** What stands before a library in files and payloads, and what did before Redis 7.0. */
const LIBRARY = 245;
const LIBRARY_OLD = 246;
/** Version and sum at a payload's end. */
const END_BYTES = 10;
/** The engine of all libraries, as Redis spells it. */
const ENGINE = "LUA";
/** That of functions that the program has registered which has the database open. */
const PROGRAM_ENGINE = "JAVASCRIPT";

const complexity = "Depends on the function that is executed.";

export const fcall: Command = {
  ...calling,
  name: "fcall",
  keys: [{ ...writtenKeys, notes: worstNotes }],
  since: "7.0.0",
  complexity,
  summary: "Calls a function.",
  args: [{ name: "function", type: "string" }, ...callArgs],
  handler: (c) => fcallCommand(c, false),
};

export const fcallToRead: Command = {
  ...callingToRead,
  name: "fcall_ro",
  keys: [{ ...readKeys, notes: worstReadNotes }],
  since: "7.0.0",
  complexity,
  summary: "Calls a function that only reads.",
  args: [{ name: "function", type: "string" }, ...callArgs],
  handler: (c) => fcallCommand(c, true),
};

function fcallCommand(c: Context, isReadOnly: boolean): void {
  const { reply, args } = c;
  const scripting = scriptingOf(c);
  const name = latin1Text(args.bytes, args.starts[1], args.ends[1]);
  const failure = scripting.functions.refresh();
  if (failure !== undefined) return reply.errorText(`ERR ${failure}`);
  const called = scripting.functions.find(name);
  const registered = called === undefined ? scripting.functions.registered(name) : undefined;
  const keys = args.index(2);
  if (scripting.functions.isElsewhere(name)) callElsewhere(c);
  else if (called === undefined && registered === undefined) reply.error(noFunction);
  else if (Number.isNaN(keys)) reply.error(badKeyCount);
  else if (keys > args.count - 3) reply.error(moreKeysThanWords);
  else if (keys < 0) reply.error(negativeKeys);
  else if (called !== undefined) scripting.callFunction(c, called, keys, isReadOnly);
  else if (isReadOnly) reply.error(programMayWrite);
  else registered?.(c, keys);
}

/**
 * A function of the program that has opened the database is called in that thread, whose effects
 * do not belong to this one's transaction.
 */
function callElsewhere(c: Context): void {
  if (c.mayBeUndone || c.inTransaction) c.reply.error(elsewhere);
  else c.services.askOwner();
}

const elsewhere = errorLine(
  "ERR a registered function is called in the thread that opened the database, and not within a " +
    "transaction of another",
);
const undoable = errorLine(
  "ERR libraries cannot be changed in a transaction that may be rolled back",
);

const common = { group: "scripting", since: "7.0.0", flags: "noscript" } as const;
/** Libraries are not rolled back. */
const changing = {
  ...common,
  guard: (c: Context) => (c.mayBeUndone ? undoable : undefined),
} as const;
const shards = "request_policy:all_shards response_policy:all_succeeded";

export const functionCommand: Command = {
  name: "function",
  arity: -2,
  flags: "",
  group: "scripting",
  since: "7.0.0",
  complexity: "Depends on subcommand.",
  summary: "Manages libraries of functions.",
  subcommands: [
    {
      ...changing,
      name: "delete",
      owner: true,
      arity: 3,
      flags: "write noscript",
      tips: shards,
      complexity: "O(1)",
      summary: "Deletes a library and its functions.",
      args: [{ name: "library-name", type: "string" }],
      handler: functionDelete,
    },
    {
      ...common,
      name: "dump",
      owner: true,
      arity: 2,
      complexity: "O(N) where N is the number of functions",
      summary: "Returns all libraries as a payload for FUNCTION RESTORE.",
      handler: functionDump,
    },
    {
      ...changing,
      name: "flush",
      owner: true,
      arity: -2,
      flags: "write noscript",
      tips: shards,
      complexity: "O(N) where N is the number of functions deleted",
      summary: "Deletes all libraries.",
      args: [{ ...oneOf("flush-type", "ASYNC", "SYNC"), optional: true }],
      handler: functionFlush,
    },
    {
      ...common,
      name: "help",
      arity: 2,
      flags: "loading stale",
      complexity: "O(1)",
      summary: "Lists what FUNCTION can do.",
      handler: functionHelp,
    },
    {
      ...common,
      name: "kill",
      arity: 2,
      flags: "noscript allow_busy",
      tips: "request_policy:all_shards response_policy:one_succeeded",
      complexity: "O(1)",
      summary: "Ends the function that runs, if it has written nothing.",
      handler: (c) => scriptingOf(c).runner.kill(true),
    },
    {
      ...common,
      name: "list",
      owner: true,
      arity: -2,
      tips: "nondeterministic_output_order",
      complexity: "O(N) where N is the number of functions",
      summary: "Returns what libraries there are, and their functions.",
      args: [
        {
          name: "library-name-pattern",
          type: "string",
          token: "LIBRARYNAME",
          optional: true,
        },
        { name: "withcode", type: "pure-token", token: "WITHCODE", optional: true },
      ],
      handler: functionList,
    },
    {
      ...changing,
      name: "load",
      owner: true,
      arity: -3,
      flags: "write denyoom noscript",
      tips: shards,
      complexity: "O(1) (considering compilation time is redundant)",
      summary: "Loads a library.",
      args: [
        { name: "replace", type: "pure-token", token: "REPLACE", optional: true },
        { name: "function-code", type: "string" },
      ],
      handler: functionLoad,
    },
    {
      ...changing,
      name: "restore",
      owner: true,
      arity: -3,
      flags: "write denyoom noscript",
      tips: shards,
      complexity: "O(N) where N is the number of functions on the payload",
      summary: "Loads all libraries of a payload.",
      args: [
        { name: "serialized-value", type: "string" },
        { ...oneOf("policy", "FLUSH", "APPEND", "REPLACE"), optional: true },
      ],
      handler: functionRestore,
    },
    {
      ...common,
      name: "stats",
      arity: 2,
      flags: "noscript allow_busy",
      tips: "nondeterministic_output request_policy:all_shards response_policy:special",
      complexity: "O(1)",
      summary: "Returns which function runs, and how many there are.",
      handler: functionStats,
    },
  ],
};

function functionDelete(c: Context): void {
  const { args, reply } = c;
  const name = latin1Text(args.bytes, args.starts[2], args.ends[2]);
  if (!scriptingOf(c).functions.delete(name)) {
    reply.error(noLibrary);
    return;
  }
  c.changes++;
  reply.ok();
}

function functionFlush(c: Context): void {
  const { args, reply } = c;
  if (args.count > 3) {
    replySubcommandError(c, "FUNCTION");
    return;
  }
  const word = args.count === 2 ? "sync" : args.text(2).toLowerCase();
  if (word !== "sync" && word !== "async") {
    reply.error(flushWord);
    return;
  }
  scriptingOf(c).functions.flush();
  c.changes++;
  reply.ok();
}

function functionLoad(c: Context): void {
  const { args, reply } = c;
  const last = args.count - 1;
  let replaces = false;
  for (let i = 2; i < last; i++) {
    const word = args.text(i);
    if (word.toLowerCase() !== "replace") {
      reply.errorText(`ERR Unknown option given: ${word}`);
      return;
    }
    replaces = true;
  }
  if (last < 2) {
    reply.error(codeMissing);
    return;
  }
  const code = latin1Text(args.bytes, args.starts[last], args.ends[last]);
  const library = scriptingOf(c).functions.load(code, replaces);
  if (typeof library === "string") {
    reply.errorText(`ERR ${library}`);
    return;
  }
  c.changes++;
  reply.bulkLatin1(library.name);
}

function functionDump(c: Context): void {
  const output = new RdbOutput();
  let bytes = new Uint8Array(0);
  for (const { code } of scriptingOf(c).functions.libraries.values()) {
    if (code.length > bytes.length) bytes = new Uint8Array(code.length * 2);
    writeLatin1(code, bytes, 0);
    output.byte(LIBRARY);
    output.string(bytes, 0, code.length);
  }
  output.byte(VERSION_WRITTEN & 255);
  output.byte(VERSION_WRITTEN >> 8);
  output.sum();
  c.reply.bulk(output.bytes, 0, output.end);
}

function functionRestore(c: Context): void {
  const { args, reply } = c;
  if (args.count > 4) {
    replySubcommandError(c, "FUNCTION");
    return;
  }
  const word = args.count === 4 ? args.text(3).toLowerCase() : "append";
  if (!Object.hasOwn(RestorePolicy, word)) {
    reply.error(badPolicy);
    return;
  }
  const codes = librariesOf(c, args.bytes, args.starts[2], args.ends[2]);
  if (codes === undefined) return;
  const policy = RestorePolicy[word as keyof typeof RestorePolicy];
  const failure = scriptingOf(c).functions.restore(codes, policy);
  if (failure !== undefined) {
    reply.errorText(`ERR ${failure}`);
    return;
  }
  c.changes++;
  reply.ok();
}

/** The code of each library in a payload; undefined: it is none, and that is replied. */
function librariesOf(
  c: Context,
  bytes: Uint8Array,
  start: number,
  end: number,
): string[] | undefined {
  const input = new RdbInput();
  if (!isPayload(bytes, start, end, input)) {
    c.reply.error(badPayload);
    return undefined;
  }
  const codes: string[] = [];
  input.open(bytes, start, end - END_BYTES);
  while (input.left > 0) {
    const opcode = input.byte();
    if (opcode !== LIBRARY) {
      c.reply.error(opcode === LIBRARY_OLD ? oldFormat : notFunctions);
      return undefined;
    }
    input.string();
    if (input.failed) {
      c.reply.error(brokenPayload);
      return undefined;
    }
    codes.push(latin1Text(input.bytes, input.start, input.end));
  }
  return codes;
}

function functionList(c: Context): void {
  const { args, reply } = c;
  let withCode = false;
  let pattern = -1;
  for (let i = 2; i < args.count; i++) {
    const word = args.text(i);
    if (!withCode && word.toLowerCase() === "withcode") withCode = true;
    else if (pattern < 0 && word.toLowerCase() === "libraryname") {
      if (i === args.count - 1) {
        reply.error(nameMissing);
        return;
      }
      pattern = ++i;
    } else {
      reply.errorText(`ERR Unknown argument ${word}`);
      return;
    }
  }
  const all = [...scriptingOf(c).functions.libraries.values()];
  const shown = pattern < 0 ? all : all.filter(({ name }) => isLike(c, pattern, name));
  const { registeredNames } = scriptingOf(c).functions;
  const own = registeredNames.filter((name) => pattern < 0 || isLike(c, pattern, name));
  reply.array(shown.length + own.length);
  for (const library of shown) writeLibrary(c, library, withCode);
  for (const name of own) writeRegistered(c, name, withCode);
}

/** A function of the program is shown as a library of its own, without code. */
function writeRegistered({ reply }: Context, name: string, withCode: boolean): void {
  writeHead(reply, name, PROGRAM_ENGINE, 1, withCode);
  writeFunction(reply, name, undefined, 0);
  if (!withCode) return;
  reply.bulkText("library_code");
  reply.bulkText("");
}

/** Whether a library's name matches the pattern that argument i is, in any case. */
function isLike({ args }: Context, i: number, name: string): boolean {
  const pattern = args.text(i).toLowerCase();
  const bytes = new Uint8Array(pattern.length + name.length);
  writeLatin1(pattern, bytes, 0);
  const end = writeLatin1(name.toLowerCase(), bytes, pattern.length);
  return globMatches(bytes, 0, pattern.length, bytes, pattern.length, end);
}

function writeLibrary({ reply }: Context, library: Library, withCode: boolean): void {
  writeHead(reply, library.name, ENGINE, library.functions.size, withCode);
  for (const { name, description, flags } of library.functions.values()) {
    writeFunction(reply, name, description, flags);
  }
  if (!withCode) return;
  reply.bulkText("library_code");
  reply.bulkLatin1(library.code);
}

/** What comes before a library's functions. */
function writeHead(
  reply: ReplyWriter,
  name: string,
  engine: string,
  functions: number,
  withCode: boolean,
): void {
  reply.map(withCode ? 4 : 3);
  reply.bulkText("library_name");
  reply.bulkLatin1(name);
  reply.bulkText("engine");
  reply.bulkText(engine);
  reply.bulkText("functions");
  reply.array(functions);
}

function writeFunction(
  reply: ReplyWriter,
  name: string,
  description: string | undefined,
  flags: number,
): void {
  reply.map(3);
  reply.bulkText("name");
  reply.bulkLatin1(name);
  reply.bulkText("description");
  if (description === undefined) reply.null();
  else reply.bulkLatin1(description);
  reply.bulkText("flags");
  const names = flagNames(flags);
  reply.set(names.length);
  for (const flag of names) reply.simple(flag);
}

function functionStats(c: Context): void {
  const { reply } = c;
  const { runner, functions, left } = scriptingOf(c);
  if (left.isParked && (left.state & Left.isFunction) === 0) {
    reply.error(left.busy ?? busyLine(false));
    return;
  }
  const failure = functions.refresh();
  if (failure !== undefined) return reply.errorText(`ERR ${failure}`);
  reply.map(2);
  reply.bulkText("running_script");
  const running = left.isElsewhere ? left.board?.running(reply.protocol) : undefined;
  if (running !== undefined) reply.raw(running, 0, running.length);
  else runner.describe(reply);
  reply.bulkText("engines");
  reply.map(1);
  reply.bulkText(ENGINE);
  reply.map(2);
  reply.bulkText("libraries_count");
  reply.integer(functions.libraries.size);
  reply.bulkText("functions_count");
  reply.integer(functions.count);
}

function functionHelp(c: Context): void {
  const lines = [
    "FUNCTION <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "LOAD [REPLACE] <FUNCTION CODE>",
    "    Create a new library with the given library name and code.",
    "DELETE <LIBRARY NAME>",
    "    Delete the given library.",
    "LIST [LIBRARYNAME PATTERN] [WITHCODE]",
    "    Return general information on all the libraries:",
    "    * Library name",
    "    * The engine used to run the Library",
    "    * Functions list",
    "    * Library code (if WITHCODE is given)",
    "    It also possible to get only function that matches a pattern using LIBRARYNAME argument.",
    "STATS",
    "    Return information about the current function running:",
    "    * Function name",
    "    * Command used to run the function",
    "    * Duration in MS that the function is running",
    "    If no function is running, return nil",
    "    In addition, returns a list of available engines.",
    "KILL",
    "    Kill the current running function.",
    "FLUSH [ASYNC|SYNC]",
    "    Delete all the libraries.",
    "    When called without the optional mode argument, the behavior is determined by the",
    "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
    "    * ASYNC: Asynchronously flush the libraries.",
    "    * SYNC: Synchronously flush the libraries.",
    "DUMP",
    "    Return a serialized payload representing the current libraries, can be restored using " +
      "FUNCTION RESTORE command",
    "RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
    "    Restore the libraries represented by the given payload, it is possible to give a " +
      "restore policy to",
    "    control how to handle existing libraries (default APPEND):",
    "    * FLUSH: delete all existing libraries.",
    "    * APPEND: appends the restored libraries to the existing libraries. On collision, abort.",
    "    * REPLACE: appends the restored libraries to the existing libraries, On collision, " +
      "replace the old",
    "      libraries with the new libraries (notice that even on this option there is a chance " +
      "of failure",
    "      in case of functions name collision with another library).",
    "HELP",
    "    Print this help.",
  ];
  c.reply.array(lines.length);
  for (const line of lines) c.reply.simple(line);
}

export const functionCommands: readonly Command[] = [fcall, fcallToRead, functionCommand];
