// EVAL and its kin: a script comes with its text or by its digest, with the keys that it is about
// and whatever else it wants to know. What it does is in scripting/runner.ts.

import { latin1Text } from "../../base/bytes.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import type { KeySpec } from "../../engine/key-specs.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import { DIGEST_LENGTH, type Script } from "../../scripting/script-cache.ts";
import { scriptingOf } from "../../scripting/scripting.ts";
import { integer } from "../shared/argument-docs.ts";

export const noScript = errorLine("NOSCRIPT No matching script. Please use EVAL.");
export const moreKeysThanWords = errorLine(
  "ERR Number of keys can't be greater than number of args",
);
export const negativeKeys = errorLine("ERR Number of keys can't be negative");

export const worstNotes =
  "We cannot tell how the keys will be used so we assume the worst, RW and UPDATE";
export const worstReadNotes =
  "We cannot tell how the keys will be used so we assume the worst, RO and ACCESS";

/** The keys of a request that calls a script: their number is argument 2. */
export const writtenKeys: KeySpec = { index: 2, counted: true, flags: "RW access update" };
export const readKeys: KeySpec = { index: 2, counted: true, flags: "RO access" };

/** What follows the name of what is called. */
export const callArgs: readonly ArgumentDoc[] = [
  integer("numkeys"),
  { name: "key", type: "key", keySpecIndex: 0, optional: true, multiple: true },
  { name: "arg", type: "string", optional: true, multiple: true },
];

/** What commands that call a script have in common. */
export const calling = {
  arity: -3,
  flags: "noscript stale skip_monitor no_mandatory_keys may_replicate",
  group: "scripting",
} as const;
export const callingToRead = {
  ...calling,
  flags: "readonly noscript stale skip_monitor no_mandatory_keys",
} as const;

const complexity = "Depends on the script that is executed.";

export const evaluate: Command = {
  ...calling,
  name: "eval",
  keys: [{ ...writtenKeys, notes: worstNotes }],
  since: "2.6.0",
  complexity,
  summary: "Executes a Lua script.",
  args: [{ name: "script", type: "string" }, ...callArgs],
  handler: (c) => evalCommand(c, false),
};

export const evaluateToRead: Command = {
  ...callingToRead,
  name: "eval_ro",
  keys: [{ ...readKeys, notes: worstReadNotes }],
  since: "7.0.0",
  complexity,
  summary: "Executes a Lua script that only reads.",
  args: [{ name: "script", type: "string" }, ...callArgs],
  handler: (c) => evalCommand(c, true),
};

function evalCommand(c: Context, isReadOnly: boolean): void {
  const keys = keysOf(c);
  if (keys < 0) return;
  const { bytes, starts, ends } = c.args;
  const script = scriptingOf(c).define(latin1Text(bytes, starts[1], ends[1]), false);
  if (typeof script === "string") c.reply.errorText(`ERR ${script}`);
  else scriptingOf(c).evaluate(c, script, keys, isReadOnly);
}

export const evaluateDigest: Command = {
  ...calling,
  name: "evalsha",
  keys: [writtenKeys],
  since: "2.6.0",
  complexity,
  summary: "Executes a Lua script that is known by its SHA-1 digest.",
  args: [{ name: "sha1", type: "string" }, ...callArgs],
  handler: (c) => evalshaCommand(c, false),
};

export const evaluateDigestToRead: Command = {
  ...callingToRead,
  name: "evalsha_ro",
  keys: [readKeys],
  since: "7.0.0",
  complexity,
  summary: "Executes a Lua script that only reads and is known by its SHA-1 digest.",
  args: [{ name: "sha1", type: "string" }, ...callArgs],
  handler: (c) => evalshaCommand(c, true),
};

function evalshaCommand(c: Context, isReadOnly: boolean): void {
  if (c.args.length(1) !== DIGEST_LENGTH) {
    c.reply.error(noScript);
    return;
  }
  const keys = keysOf(c);
  if (keys < 0) return;
  const script = scriptOf(c, 1);
  if (script === undefined) c.reply.error(noScript);
  else scriptingOf(c).evaluate(c, script, keys, isReadOnly);
}

/** The script whose digest is argument i, in any case. */
export function scriptOf(c: Context, i: number): Script | undefined {
  if (c.args.length(i) !== DIGEST_LENGTH) return undefined;
  return scriptingOf(c).find(c.args.bytes, c.args.starts[i]);
}

/** How many keys follow argument 2, which says so; −1: it does not, and that is replied. */
function keysOf(c: Context): number {
  const keys = c.args.index(2);
  if (Number.isNaN(keys)) c.reply.error(Errors.notInteger);
  else if (keys > c.args.count - 3) c.reply.error(moreKeysThanWords);
  else if (keys < 0) c.reply.error(negativeKeys);
  else return keys;
  return -1;
}

export const evalCommands: readonly Command[] = [
  evaluate,
  evaluateToRead,
  evaluateDigest,
  evaluateDigestToRead,
];
