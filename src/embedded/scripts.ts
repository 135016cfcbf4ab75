// Scripts as a program holds them: a script that is called like a function, and functions of the
// program's own, which clients call as they call those of libraries (FCALL).

import { utf8Text } from "../base/bytes.ts";
import { DatabaseError } from "../base/database-error.ts";
import { byteCount, className } from "../base/realms.ts";
import type { Context } from "../engine/context.ts";
import { ReplyError } from "../protocol/reply-reader.ts";
import type { ReplyWriter } from "../protocol/reply-writer.ts";
import { isName } from "../scripting/script-flags.ts";
import { scriptingOf } from "../scripting/scripting.ts";
import type { Core } from "./core.ts";
import type { Several } from "./values.ts";

/** A script that is called with its keys and arguments; see Database.script. */
export interface Script<V> {
  (keys?: Several, args?: Several): V;
  /** The SHA-1 digest by which it is called, in hexadecimal digits. */
  readonly digest: string;
  readonly source: string;
}

/** What a registered function may return; see Database.register. */
export type FunctionResult =
  | string
  | number
  | bigint
  | boolean
  | Uint8Array
  | null
  | undefined
  | readonly FunctionResult[]
  | ReadonlyMap<string, FunctionResult>
  | { readonly [field: string]: FunctionResult };

/** A function of a program's, for FCALL. */
export type RegisteredFunction = (keys: string[], args: string[]) => FunctionResult;

interface ScriptCalls<V> {
  evalsha(digest: string, keys: Several, args: Several): V;
  load(source: string): string;
}

/** Makes a callable of a script. It is sent once, and again where it has been flushed. */
export function scriptOf<V>(source: string, calls: ScriptCalls<V>): Script<V> {
  if (typeof source !== "string") throw new TypeError("script(): the source is a string");
  const digest = calls.load(source);
  const call = (keys: Several = [], args: Several = []): V => {
    try {
      return calls.evalsha(digest, keys, args);
    } catch (error) {
      if (!(error instanceof ReplyError) || !error.message.startsWith("NOSCRIPT")) throw error;
      calls.load(source);
      return calls.evalsha(digest, keys, args);
    }
  };
  return Object.assign(call, { digest, source });
}

/** Registers a function of the program's; returns what takes it back. */
export function register(core: Core, name: string, work: RegisteredFunction): () => void {
  if (typeof name !== "string" || !isName(name)) {
    throw new TypeError("register(): a name consists of letters, digits and underscores");
  }
  if (typeof work !== "function") {
    throw new TypeError("register(): a function of keys and arguments");
  }
  core.check();
  if (!core.engine.isOwner) {
    throw new DatabaseError(
      "THREAD",
      "register(): functions are registered by the thread that opened the database",
    );
  }
  const { functions } = scriptingOf(core.context);
  const failure = functions.register(name, (c, keys) => call(core, c, keys, work));
  if (failure !== undefined) throw new ReplyError(`ERR ${failure}`);
  return () => functions.unregister(name);
}

/** Calls a registered function for the request that is being executed, and writes its reply. */
function call(core: Core, c: Context, keyCount: number, work: RegisteredFunction): void {
  const { args, reply, session } = c;
  const words: string[] = [];
  for (let i = 3; i < args.count; i++) {
    words.push(utf8Text(args.bytes, args.starts[i], args.ends[i]));
  }
  const { member } = core;
  const inside = member?.inside;
  let result: FunctionResult;
  let failure: unknown;
  c.effects.hold();
  c.executor.inside(session, () => {
    const outer = c.inTransaction;
    c.inTransaction = true;
    try {
      result = work(words.slice(0, keyCount), words.slice(keyCount));
    } catch (error) {
      failure = error ?? new Error("undefined was thrown");
    }
    c.inTransaction = outer;
  });
  c.effects.release();
  if (member !== null && inside !== undefined) member.inside = inside;
  if (failure !== undefined) reply.errorText(textOfError(failure));
  else if (isPromise(result)) reply.errorText("ERR a registered function cannot be asynchronous");
  else write(reply, result);
}

function textOfError(error: unknown): string {
  if (error instanceof ReplyError) return error.message;
  const { message = String(error) } = error as { message?: string };
  return `ERR ${message}`;
}

function isPromise(value: unknown): boolean {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}

/** Writes what a registered function has returned. */
function write(reply: ReplyWriter, value: FunctionResult): void {
  switch (typeof value) {
    case "string":
      reply.bulkText(value);
      return;
    case "number":
      if (Number.isSafeInteger(value)) reply.integer(value);
      else reply.double(value);
      return;
    case "bigint":
      reply.integer64(BigInt.asIntN(64, value));
      return;
    case "boolean":
      reply.boolean(value);
      return;
    case "object":
      if (value !== null) writeObject(reply, value);
      else reply.null();
      return;
    default:
      reply.null();
  }
}

function writeObject(reply: ReplyWriter, value: Exclude<FunctionResult, null>): void {
  const bytes = byteCount(value);
  if (bytes >= 0) {
    reply.bulk(value as Uint8Array, 0, bytes);
  } else if (Array.isArray(value)) {
    reply.array(value.length);
    for (const each of value) write(reply, each);
  } else {
    const entries: [string, FunctionResult][] =
      className(value) === "Map"
        ? [...(value as ReadonlyMap<string, FunctionResult>)]
        : Object.entries(value as { readonly [field: string]: FunctionResult });
    reply.map(entries.length);
    for (const [field, each] of entries) {
      reply.bulkText(String(field));
      write(reply, each);
    }
  }
}
