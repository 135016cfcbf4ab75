// DIGEST, and deleting a key for what it holds: DELEX of Redis 8.4, DELIFEQ of Valkey 9.

import { equalBytes } from "../../base/bytes.ts";
import type { Command, Context } from "../../engine/context.ts";
import { Events } from "../../engine/events.ts";
import { type FoundKeys, KeyFlag } from "../../engine/key-specs.ts";
import { STRING } from "../../keyspace/data-type.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { errorLine, wrongArity } from "../../protocol/errors.ts";
import { keyArg } from "../shared/argument-docs.ts";
import { Condition, conditionAt, DIGEST_DIGITS, digestOf, meets } from "./conditions.ts";

const notString = errorLine("ERR Key should be of string type if conditions are specified");
const noCondition = errorLine("ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE");

export const digest: Command = {
  name: "digest",
  arity: 2,
  flags: "readonly fast",
  keys: "RO access",
  group: "string",
  since: "8.4.0",
  complexity: "O(N) for the N bytes of the string.",
  summary: "Returns the digest of a key's string: XXH3, as 16 hexadecimal digits.",
  args: [keyArg],
  handler: digestCommand,
};

function digestCommand(c: Context): void {
  const entry = c.findTyped(1, STRING);
  if (entry > 0) c.reply.bulk(digestOf(c, entry), 0, DIGEST_DIGITS);
  else if (entry === 0) c.reply.null();
}

export const delex: Command = {
  name: "delex",
  arity: -2,
  flags: "write fast",
  keys: [{ index: 1, flags: "RW delete variable_flags" }],
  findKeys: findDelexKey,
  group: "string",
  since: "8.4.0",
  complexity: "O(1) with IFEQ and IFNE, O(N) for the N bytes of the string with IFDEQ and IFDNE.",
  summary: "Deletes a key, if its string is, or is not, a value or has a digest.",
  args: [
    keyArg,
    {
      name: "condition",
      type: "oneof",
      optional: true,
      arguments: [
        { name: "ifeq-value", type: "string", token: "IFEQ" },
        { name: "ifne-value", type: "string", token: "IFNE" },
        { name: "ifdeq-digest", type: "string", token: "IFDEQ" },
        { name: "ifdne-digest", type: "string", token: "IFDNE" },
      ],
    },
  ],
  handler: delexCommand,
};

/** Without a condition the key is not looked at. */
function findDelexKey(args: Arguments, found: FoundKeys): boolean {
  found.add(1, (args.count > 2 ? KeyFlag.RW | KeyFlag.access : KeyFlag.RM) | KeyFlag.delete);
  return true;
}

function delexCommand(c: Context): void {
  const { args, keyspace, reply } = c;
  if (args.count !== 2 && args.count !== 4) {
    reply.errorText(wrongArity("delex"));
    return;
  }
  const entry = c.findForWrite(1);
  if (entry !== 0 && args.count === 4) {
    if (keyspace.typeOf(entry) !== STRING) return reply.error(notString);
    const condition = conditionAt(args, 2);
    if (condition === Condition.none) return reply.error(noCondition);
    const met = meets(c, entry, condition, 3);
    if (met < 0) return;
    if (met === 0) return reply.integer(0);
  }
  deleteFound(c, entry);
}

export const delifeq: Command = {
  name: "delifeq",
  arity: 3,
  flags: "write fast",
  keys: "RM access delete",
  group: "string",
  since: "9.0.0",
  complexity: "O(1)",
  summary: "Deletes a key if its string is this value (a command of Valkey's).",
  args: [keyArg, { name: "value", type: "string" }],
  handler: delifeqCommand,
};

function delifeqCommand(c: Context): void {
  const { args, keyspace, reply } = c;
  const entry = c.findTypedForWrite(1, STRING);
  if (entry < 0) return;
  if (entry !== 0) {
    const { records } = keyspace;
    records.value(entry);
    const { bytes, start, end } = records;
    if (!equalBytes(bytes, start, end, args.bytes, args.starts[2], args.ends[2])) {
      reply.integer(0);
      return;
    }
  }
  deleteFound(c, entry);
}

export const digestCommands: readonly Command[] = [digest, delex, delifeq];

/** Deletes the key at argument 1, whose entry this is, and replies how many that were. */
function deleteFound(c: Context, entry: number): void {
  if (entry === 0) {
    c.reply.integer(0);
    return;
  }
  c.keyspace.remove(c.db, entry);
  // The log is for servers that don't know of conditions, too.
  c.effect(2);
  c.effectText("DEL");
  c.effectArg(1);
  c.modified(1, Events.del);
  c.reply.integer(1);
}
