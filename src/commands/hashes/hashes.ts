// Commands on hashes. What a hash is and how it is encoded is in types/hashes.ts.

import { asciiBytes } from "../../base/bytes.ts";
import {
  addFloatsInto,
  classifyFloat,
  FLOAT_TEXT_MAX,
  FloatClass,
  FloatSumError,
} from "../../base/doubles.ts";
import {
  INT64_MAX,
  INT64_MIN,
  parseInteger,
  parseInteger64,
  writeInteger,
  writeInteger64,
} from "../../base/integers.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import { KEEP_DEADLINE } from "../../keyspace/keyspace.ts";
import { Errors, errorLine, wrongArity } from "../../protocol/errors.ts";
import { NO_DEADLINE } from "../../structures/record.ts";
import { HASH, hashesOf } from "../../types/hashes.ts";
import { keyArg, scanArgs } from "../shared/argument-docs.ts";
import { type MemberReply, removeMembers, replyCount } from "../shared/members.ts";
import { drawsTooMany, readDrawCount, replySample, sampleSize } from "../shared/sampling.ts";
import { scanMembers } from "../shared/scanning.ts";
import { effectFieldDeadline, fieldDeadlineCommands } from "./field-deadlines.ts";
import { fieldsAndDeadlinesCommands } from "./fields-and-deadlines.ts";
import { HashEvents } from "./hash-events.ts";
import { newHash } from "./new-hash.ts";

const hashNotInteger = errorLine("ERR hash value is not an integer");
const hashNotFloat = errorLine("ERR hash value is not a float");
const notFinite = errorLine("ERR value is NaN or Infinity");

const WITHVALUES = asciiBytes("withvalues");
const ZERO = asciiBytes("0");
const HALF_OF_LONG_MAX = INT64_MAX / 2n;

const arityErrors = {
  hset: errorLine(wrongArity("hset")),
  hmset: errorLine(wrongArity("hmset")),
};

/** The text of a number that a handler has computed. */
const digits = new Uint8Array(FLOAT_TEXT_MAX);

const fieldArg: ArgumentDoc = { name: "field", type: "string" };
const valueArg: ArgumentDoc = { name: "value", type: "string" };
const fieldsArg: ArgumentDoc = { name: "field", type: "string", multiple: true };
const pairsArg: ArgumentDoc = {
  name: "data",
  type: "block",
  multiple: true,
  arguments: [fieldArg, valueArg],
};

/** The hash at argument 1 for a write, made if it is not there; −1 after WRONGTYPE. */
function hashForWrite(c: Context): number {
  const entry = c.findTypedForWrite(1, HASH);
  return entry === 0 ? newHash(c) : entry;
}

/** Sets the pairs from argument 2 on; returns how many fields are new, or −1 after WRONGTYPE. */
function setPairs(c: Context): number {
  const entry = hashForWrite(c);
  if (entry < 0) return -1;
  const hashes = hashesOf(c);
  const { bytes, starts, ends, count } = c.args;
  hashes.expect(entry, (count - 2) >> 1);
  let added = 0;
  for (let i = 2; i < count; i += 2) {
    const isNew = hashes.set(entry, bytes, starts[i], ends[i], bytes, starts[i + 1], ends[i + 1]);
    if (isNew) added++;
  }
  c.modified(1, HashEvents.hset, (count - 2) >> 1);
  return added;
}

export const hset: Command = {
  name: "hset",
  arity: -4,
  flags: "write denyoom fast",
  keys: "RW update",
  group: "hash",
  since: "2.0.0",
  complexity: "O(1) for each field and value",
  summary: "Sets one or more fields of a hash, which is created if need be.",
  args: [keyArg, pairsArg],
  handler: hsetCommand,
};

function hsetCommand(c: Context): void {
  if ((c.args.count & 1) !== 0) return c.reply.error(arityErrors.hset);
  const added = setPairs(c);
  if (added >= 0) c.reply.integer(added);
}

export const hmset: Command = {
  name: "hmset",
  arity: -4,
  flags: "write denyoom fast",
  keys: "RW update",
  group: "hash",
  since: "2.0.0",
  deprecated: ["4.0.0", "`HSET` with multiple field-value pairs"],
  complexity: "O(1) for each field and value",
  summary: "Sets several fields of a hash; HSET does the same and counts.",
  args: [keyArg, pairsArg],
  handler: hmsetCommand,
};

function hmsetCommand(c: Context): void {
  if ((c.args.count & 1) !== 0) return c.reply.error(arityErrors.hmset);
  if (setPairs(c) >= 0) c.reply.ok();
}

export const hsetnx: Command = {
  name: "hsetnx",
  arity: 4,
  flags: "write denyoom fast",
  keys: "RW insert",
  group: "hash",
  since: "2.0.0",
  complexity: "O(1)",
  summary: "Sets a field of a hash unless the field is there.",
  args: [keyArg, fieldArg, valueArg],
  handler: hsetnxCommand,
};

function hsetnxCommand(c: Context): void {
  const { bytes, starts, ends } = c.args;
  const entry = c.findTypedForWrite(1, HASH);
  if (entry < 0) return;
  if (entry !== 0 && hashesOf(c).has(entry, bytes, starts[2], ends[2])) return c.reply.integer(0);
  setPairs(c);
  c.reply.integer(1);
}

export const hget: Command = {
  name: "hget",
  arity: 3,
  flags: "readonly fast",
  keys: "RO access",
  group: "hash",
  since: "2.0.0",
  complexity: "O(1)",
  summary: "Returns the value of a field of a hash.",
  args: [keyArg, fieldArg],
  handler: hgetCommand,
};

function hgetCommand(c: Context): void {
  const entry = c.findTyped(1, HASH);
  if (entry < 0) return;
  const { args } = c;
  const hashes = hashesOf(c);
  if (entry === 0 || !hashes.get(entry, args.bytes, args.starts[2], args.ends[2])) {
    return c.reply.null();
  }
  c.reply.bulk(hashes.bytes, hashes.start, hashes.end);
}

export const hmget: Command = {
  name: "hmget",
  arity: -3,
  flags: "readonly fast",
  keys: "RO access",
  group: "hash",
  since: "2.0.0",
  complexity: "O(1) for each field asked for",
  summary: "Returns the values of several fields of a hash.",
  args: [keyArg, fieldsArg],
  handler: hmgetCommand,
};

function hmgetCommand(c: Context): void {
  const entry = c.findTyped(1, HASH);
  if (entry < 0) return;
  const { args, reply } = c;
  const hashes = hashesOf(c);
  const { bytes, starts, ends, count } = args;
  reply.array(count - 2);
  for (let i = 2; i < count; i++) {
    if (entry !== 0 && hashes.get(entry, bytes, starts[i], ends[i])) {
      reply.bulk(hashes.bytes, hashes.start, hashes.end);
    } else {
      reply.null();
    }
  }
}

export const hgetall: Command = {
  name: "hgetall",
  arity: 2,
  flags: "readonly",
  tips: "nondeterministic_output_order",
  keys: "RO access",
  group: "hash",
  since: "2.0.0",
  complexity: "O(N) for a hash of N fields",
  summary: "Returns all fields of a hash with their values.",
  args: [keyArg],
  handler: hgetallCommand,
};

function hgetallCommand(c: Context): void {
  const entry = c.findTyped(1, HASH);
  if (entry < 0) return;
  const { reply } = c;
  if (entry === 0) return reply.map(0);
  const { walk } = hashesOf(c);
  reply.map(hashesOf(c).count(entry));
  walk.open(entry);
  while (walk.next()) {
    reply.bulk(walk.bytes, walk.start, walk.end);
    reply.bulk(walk.valueBytes, walk.valueStart, walk.valueEnd);
  }
}

export const hkeys: Command = {
  name: "hkeys",
  arity: 2,
  flags: "readonly",
  tips: "nondeterministic_output_order",
  keys: "RO access",
  group: "hash",
  since: "2.0.0",
  complexity: "O(N) for a hash of N fields",
  summary: "Returns all fields of a hash.",
  args: [keyArg],
  handler: hkeysCommand,
};

function hkeysCommand(c: Context): void {
  const entry = c.findTyped(1, HASH);
  if (entry < 0) return;
  const { reply } = c;
  if (entry === 0) return reply.array(0);
  const { walk } = hashesOf(c);
  reply.array(hashesOf(c).count(entry));
  walk.open(entry);
  while (walk.next()) reply.bulk(walk.bytes, walk.start, walk.end);
}

export const hvals: Command = {
  name: "hvals",
  arity: 2,
  flags: "readonly",
  tips: "nondeterministic_output_order",
  keys: "RO access",
  group: "hash",
  since: "2.0.0",
  complexity: "O(N) for a hash of N fields",
  summary: "Returns all values of a hash.",
  args: [keyArg],
  handler: hvalsCommand,
};

function hvalsCommand(c: Context): void {
  const entry = c.findTyped(1, HASH);
  if (entry < 0) return;
  const { reply } = c;
  if (entry === 0) return reply.array(0);
  const { walk } = hashesOf(c);
  reply.array(hashesOf(c).count(entry));
  walk.open(entry);
  while (walk.next()) reply.bulk(walk.valueBytes, walk.valueStart, walk.valueEnd);
}

export const hdel: Command = {
  name: "hdel",
  arity: -3,
  flags: "write fast",
  keys: "RW delete",
  group: "hash",
  since: "2.0.0",
  complexity: "O(1) for each field",
  summary: "Deletes fields of a hash, and the hash with its last one.",
  args: [keyArg, fieldsArg],
  handler: hdelCommand,
};

function hdelCommand(c: Context): void {
  removeMembers(c, hashesOf(c), HashEvents.hdel);
}

export const hlen: Command = {
  name: "hlen",
  arity: 2,
  flags: "readonly fast",
  keys: "RO",
  group: "hash",
  since: "2.0.0",
  complexity: "O(1)",
  summary: "Returns the number of fields of a hash.",
  args: [keyArg],
  handler: hlenCommand,
};

function hlenCommand(c: Context): void {
  replyCount(c, hashesOf(c));
}

export const hexists: Command = {
  name: "hexists",
  arity: 3,
  flags: "readonly fast",
  keys: "RO",
  group: "hash",
  since: "2.0.0",
  complexity: "O(1)",
  summary: "Says whether a hash has a field.",
  args: [keyArg, fieldArg],
  handler: hexistsCommand,
};

function hexistsCommand(c: Context): void {
  const entry = c.findTyped(1, HASH);
  if (entry < 0) return;
  const { bytes, starts, ends } = c.args;
  const there = entry !== 0 && hashesOf(c).has(entry, bytes, starts[2], ends[2]);
  c.reply.integer(there ? 1 : 0);
}

export const hstrlen: Command = {
  name: "hstrlen",
  arity: 3,
  flags: "readonly fast",
  keys: "RO",
  group: "hash",
  since: "3.2.0",
  complexity: "O(1)",
  summary: "Returns the length in bytes of a field's value.",
  args: [keyArg, fieldArg],
  handler: hstrlenCommand,
};

function hstrlenCommand(c: Context): void {
  const entry = c.findTyped(1, HASH);
  if (entry < 0) return;
  const hashes = hashesOf(c);
  const { bytes, starts, ends } = c.args;
  const there = entry !== 0 && hashes.get(entry, bytes, starts[2], ends[2]);
  c.reply.integer(there ? hashes.end - hashes.start : 0);
}

/** Stores the first `length` bytes of `digits` in the field at argument 2; its deadline stays. */
function storeDigits(c: Context, found: number, length: number): void {
  const entry = found === 0 ? newHash(c) : found;
  const { bytes, starts, ends } = c.args;
  hashesOf(c).set(entry, bytes, starts[2], ends[2], digits, 0, length, KEEP_DEADLINE);
}

export const hincrby: Command = {
  name: "hincrby",
  arity: 4,
  flags: "write denyoom fast",
  keys: "RW access update",
  group: "hash",
  since: "2.0.0",
  complexity: "O(1)",
  summary: "Adds an integer to the integer in a field; absent counts as 0.",
  args: [keyArg, fieldArg, { name: "increment", type: "integer" }],
  handler: hincrbyCommand,
};

function hincrbyCommand(c: Context): void {
  const { bytes, starts, ends } = c.args;
  const { reply } = c;
  const hashes = hashesOf(c);
  const by = c.args.integer(3);
  if (Number.isNaN(by)) return reply.error(Errors.notInteger);
  const entry = c.findTypedForWrite(1, HASH);
  if (entry < 0) return;
  const there = entry !== 0 && hashes.get(entry, bytes, starts[2], ends[2]);
  const current = there ? parseInteger(hashes.bytes, hashes.start, hashes.end) : 0;
  if (Number.isNaN(current)) return reply.error(hashNotInteger);
  const sum = current + by;
  if (!Number.isSafeInteger(sum) || !Number.isSafeInteger(by)) {
    return incrementExactly(c, entry, there);
  }
  storeDigits(c, entry, writeInteger(digits, 0, sum));
  c.modified(1, HashEvents.hincrby);
  reply.integer(sum);
}

/** HINCRBY beyond 2^53. The field's value, if it is there, is described by hashesOf(c). */
function incrementExactly(c: Context, entry: number, there: boolean): void {
  const { reply } = c;
  const hashes = hashesOf(c);
  const by = c.args.integer64(3) ?? 0n;
  const current = there ? (parseInteger64(hashes.bytes, hashes.start, hashes.end) ?? 0n) : 0n;
  const sum = current + by;
  if (sum > INT64_MAX || sum < INT64_MIN) return reply.error(Errors.overflow);
  storeDigits(c, entry, writeInteger64(digits, 0, sum));
  c.modified(1, HashEvents.hincrby);
  reply.integer64(sum);
}

export const hincrbyfloat: Command = {
  name: "hincrbyfloat",
  arity: 4,
  flags: "write denyoom fast",
  keys: "RW access update",
  group: "hash",
  since: "2.6.0",
  complexity: "O(1)",
  summary: "Adds a number to the number in a field; absent counts as 0.",
  args: [keyArg, fieldArg, { name: "increment", type: "double" }],
  handler: hincrbyfloatCommand,
};

function hincrbyfloatCommand(c: Context): void {
  const { args, reply } = c;
  const hashes = hashesOf(c);
  const { bytes, starts, ends } = args;
  const given = classifyFloat(bytes, starts[3], ends[3]);
  if (given === FloatClass.invalid) return reply.error(Errors.notFloat);
  if (given === FloatClass.infinite) return reply.error(notFinite);
  const entry = c.findTypedForWrite(1, HASH);
  if (entry < 0) return;
  const there = entry !== 0 && hashes.get(entry, bytes, starts[2], ends[2]);
  const length = addFloatsInto(
    there ? hashes.bytes : ZERO,
    there ? hashes.start : 0,
    there ? hashes.end : 1,
    bytes,
    starts[3],
    ends[3],
    digits,
    0,
  );
  if (length === FloatSumError.firstInvalid) return reply.error(hashNotFloat);
  if (length < 0) return reply.error(Errors.notANumber);
  storeDigits(c, entry, length);
  // Sums of floats are not the same on every machine, so the log gets the result.
  c.effect(4);
  c.effectText("HSET");
  c.effectArg(1);
  c.effectArg(2);
  c.effectBytes(digits, 0, length);
  const deadline = there ? hashes.deadline(entry, bytes, starts[2], ends[2]) : NO_DEADLINE;
  if (deadline !== NO_DEADLINE) effectFieldDeadline(c, 2, deadline);
  c.modified(1, HashEvents.hincrbyfloat);
  reply.bulk(digits, 0, length);
}

function replyWalkedField(c: Context): void {
  const { walk } = hashesOf(c);
  c.reply.bulk(walk.bytes, walk.start, walk.end);
}

function replyWalkedPair(c: Context): void {
  const { walk } = hashesOf(c);
  c.reply.bulk(walk.bytes, walk.start, walk.end);
  c.reply.bulk(walk.valueBytes, walk.valueStart, walk.valueEnd);
}

function replyPickedField(c: Context): void {
  const hashes = hashesOf(c);
  c.reply.bulk(hashes.bytes, hashes.start, hashes.end);
}

function replyPickedPair(c: Context, entry: number): void {
  const hashes = hashesOf(c);
  c.reply.bulk(hashes.bytes, hashes.start, hashes.end);
  hashes.pickedValue(entry);
  c.reply.bulk(hashes.bytes, hashes.start, hashes.end);
}

const fieldAlone: MemberReply = {
  elements: 1,
  walked: replyWalkedField,
  picked: replyPickedField,
};

/** A field and its value, one after the other. */
const flatPair: MemberReply = { elements: 2, walked: replyWalkedPair, picked: replyPickedPair };

/** A field and its value in an array of their own. */
const nestedPair: MemberReply = {
  elements: 1,
  walked(c) {
    c.reply.array(2);
    replyWalkedPair(c);
  },
  picked(c, entry) {
    c.reply.array(2);
    replyPickedPair(c, entry);
  },
};

export const hrandfield: Command = {
  name: "hrandfield",
  arity: -2,
  flags: "readonly",
  tips: "nondeterministic_output",
  keys: "RO access",
  member: 0,
  group: "hash",
  since: "6.2.0",
  complexity: "O(N) for N fields returned",
  summary: "Returns random fields of a hash.",
  args: [
    keyArg,
    {
      name: "options",
      type: "block",
      optional: true,
      arguments: [
        { name: "count", type: "integer" },
        { name: "withvalues", type: "pure-token", token: "WITHVALUES", optional: true },
      ],
    },
  ],
  handler: hrandfieldCommand,
};

function hrandfieldCommand(c: Context): void {
  const { args, reply } = c;
  if (args.count === 2) return randomField(c);
  const asked = readDrawCount(args, 2, reply);
  if (Number.isNaN(asked)) return;
  if (args.count > 4 || (args.count === 4 && !args.is(3, WITHVALUES))) {
    return reply.error(Errors.syntax);
  }
  const withValues = args.count === 4;
  if (withValues && Math.abs(asked) === Number.POSITIVE_INFINITY) {
    const exact = args.integer64(2) ?? 0n;
    if (exact > HALF_OF_LONG_MAX || exact < -HALF_OF_LONG_MAX) {
      return reply.error(Errors.outOfRange);
    }
  }
  const entry = c.findTyped(1, HASH);
  if (entry < 0) return;
  if (entry === 0 || asked === 0) return reply.array(0);
  if (drawsTooMany(asked)) return reply.error(Errors.outOfRange);
  const hashes = hashesOf(c);
  const pair = reply.protocol === 3 ? nestedPair : flatPair;
  const form = withValues ? pair : fieldAlone;
  reply.array(sampleSize(asked, hashes.count(entry)) * form.elements);
  replySample(c, hashes, entry, asked, form);
}

function randomField(c: Context): void {
  const entry = c.findTyped(1, HASH);
  if (entry < 0) return;
  if (entry === 0) return c.reply.null();
  hashesOf(c).pick(entry, c.keyspace.random);
  replyPickedField(c);
}

export const hscan: Command = {
  name: "hscan",
  arity: -3,
  flags: "readonly",
  tips: "nondeterministic_output",
  keys: "RO access",
  member: 0,
  group: "hash",
  since: "2.8.0",
  complexity: "O(1) for each call, O(N) for a whole scan of N fields",
  summary: "Walks over the fields and values of a hash step by step.",
  args: [
    keyArg,
    ...scanArgs,
    { name: "novalues", type: "pure-token", token: "NOVALUES", optional: true, since: "7.4.0" },
  ],
  handler: hscanCommand,
};

function hscanCommand(c: Context): void {
  scanMembers(c, hashesOf(c), flatPair, fieldAlone);
}

export const hashCommands: Command[] = [
  hset,
  hmset,
  hsetnx,
  hget,
  hmget,
  hgetall,
  hkeys,
  hvals,
  hdel,
  hlen,
  hexists,
  hstrlen,
  hincrby,
  hincrbyfloat,
  hrandfield,
  hscan,
  ...fieldDeadlineCommands,
  ...fieldsAndDeadlinesCommands,
];
