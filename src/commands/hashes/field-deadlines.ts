// Deadlines of hash fields: HEXPIRE and its kin, HTTL and its kin, HPERSIST. What expires does so
// in the keyspace (keyspace/expiry.ts): who finds a hash finds it without the fields that have.
//
// The log gets HPEXPIREAT, HPERSIST and HDEL, which redis-server knows from 7.4 on.

import { asciiBytes } from "../../base/bytes.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import { awaitMembers } from "../../keyspace/expiry.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import { NO_DEADLINE } from "../../structures/record.ts";
import { HASH, hashesOf, NO_FIELD } from "../../types/hashes.ts";
import { keyArg, oneOf } from "../shared/argument-docs.ts";
import { Unit } from "../shared/deadlines.ts";
import { NX, XX } from "../shared/words.ts";
import { HashEvents } from "./hash-events.ts";

const FIELDS = asciiBytes("fields");
const GT = asciiBytes("gt");
const LT = asciiBytes("lt");

/** The greatest deadline of a field, as in Redis, which has other uses for the bits above. */
const DEADLINE_MAX = 2 ** 46 - 1;
/** What parseFieldDeadline returns when it has replied an error. */
export const INVALID_DEADLINE = -3;

const timeNegative = errorLine("ERR invalid expire time, must be >= 0");
const fieldsMissing = errorLine(
  "ERR Mandatory argument FIELDS is missing or not at the right position",
);
const parameterNotPositive = errorLine("ERR Parameter `numFields` should be greater than 0");
const numberNotPositive = errorLine("ERR Number of fields must be a positive integer");
const numberWrong = errorLine("ERR The `numfields` parameter must match the number of arguments");

// What is replied for each field.
const Outcome = { noField: -2, noDeadline: -1, unmet: 0, done: 1, deleted: 2 } as const;

/** Conditions of HEXPIRE: one at most. */
const If = { always: 0, none: 1, some: 2, later: 3, earlier: 4 } as const;

export const fieldsArg: ArgumentDoc = {
  name: "fields",
  type: "block",
  token: "FIELDS",
  arguments: [
    { name: "numfields", type: "integer" },
    { name: "field", type: "string", multiple: true },
  ],
};

const condition: ArgumentDoc = {
  ...oneOf("condition", "NX", "XX", "GT", "LT"),
  optional: true,
};

const expiring = {
  arity: -6,
  flags: "write denyoom fast",
  keys: "RW update",
  group: "hash",
  since: "7.4.0",
  complexity: "O(N) for N fields",
  member: 4,
} as const;

export const hexpire: Command = {
  ...expiring,
  name: "hexpire",
  summary: "Sets the deadlines of fields, in seconds from now.",
  args: [keyArg, { name: "seconds", type: "integer" }, condition, fieldsArg],
  handler: (c) => expireFields(c, Unit.seconds),
};

export const hpexpire: Command = {
  ...expiring,
  name: "hpexpire",
  summary: "Sets the deadlines of fields, in milliseconds from now.",
  args: [keyArg, { name: "milliseconds", type: "integer" }, condition, fieldsArg],
  handler: (c) => expireFields(c, Unit.ms),
};

export const hexpireat: Command = {
  ...expiring,
  name: "hexpireat",
  summary: "Sets the deadlines of fields, in seconds since 1970.",
  args: [keyArg, { name: "unix-time-seconds", type: "unix-time" }, condition, fieldsArg],
  handler: (c) => expireFields(c, Unit.atSeconds),
};

export const hpexpireat: Command = {
  ...expiring,
  name: "hpexpireat",
  summary: "Sets the deadlines of fields, in milliseconds since 1970.",
  args: [keyArg, { name: "unix-time-milliseconds", type: "unix-time" }, condition, fieldsArg],
  handler: (c) => expireFields(c, Unit.atMs),
};

/** Arguments that are fields to which something was done; as long as the longest request so far. */
let touched = new Int32Array(64);
let touchedCount = 0;

/** Begins to collect fields of a request. */
export function beginTouched(c: Context): void {
  if (touched.length < c.args.count) touched = new Int32Array(2 * c.args.count);
  touchedCount = 0;
}

export function touch(i: number): void {
  touched[touchedCount++] = i;
}

export function touchedFields(): number {
  return touchedCount;
}

function effectTouched(c: Context): void {
  for (let i = 0; i < touchedCount; i++) c.effectArg(touched[i]);
}

/** The log is told that the fields collected were taken out. */
export function effectRemoved(c: Context): void {
  c.effect(2 + touchedCount);
  c.effectText("HDEL");
  c.effectArg(1);
  effectTouched(c);
}

/** The log is told that the fields collected were given a deadline, or (NO_DEADLINE) lost it. */
export function effectDeadline(c: Context, deadline: number): void {
  const isTaken = deadline === NO_DEADLINE;
  c.effect((isTaken ? 4 : 5) + touchedCount);
  c.effectText(isTaken ? "HPERSIST" : "HPEXPIREAT");
  c.effectArg(1);
  if (!isTaken) c.effectInteger(deadline);
  c.effectText("FIELDS");
  c.effectInteger(touchedCount);
  effectTouched(c);
}

/** Likewise for the field at argument i. */
export function effectFieldDeadline(c: Context, i: number, deadline: number): void {
  beginTouched(c);
  touch(i);
  effectDeadline(c, deadline);
}

/** The deadline that argument i gives in `unit`, perhaps in the past; or INVALID_DEADLINE. */
export function parseFieldDeadline(c: Context, i: number, unit: number): number {
  const value = c.args.integer(i);
  let error: Uint8Array | undefined;
  if (Number.isNaN(value)) error = Errors.notInteger;
  else if (value < 0) error = timeNegative;
  if (error !== undefined) {
    c.reply.error(error);
    return INVALID_DEADLINE;
  }
  const scale = unit === Unit.seconds || unit === Unit.atSeconds ? 1000 : 1;
  const deadline = value * scale + (unit === Unit.seconds || unit === Unit.ms ? c.now : 0);
  if (deadline <= DEADLINE_MAX) return deadline;
  c.reply.errorText(`ERR invalid expire time in '${c.command?.fullName}' command`);
  return INVALID_DEADLINE;
}

/** Whether FIELDS stands at argument i, and behind it how many fields follow; else an error. */
export function fieldsFrom(c: Context, i: number, notPositive = numberNotPositive): boolean {
  const { args, reply } = c;
  if (!args.is(i, FIELDS)) {
    reply.error(fieldsMissing);
    return false;
  }
  const count = i + 1 < args.count ? args.integer(i + 1) : Number.NaN;
  if (!(count >= 1)) {
    reply.error(notPositive);
    return false;
  }
  if (count === args.count - i - 2) return true;
  reply.error(numberWrong);
  return false;
}

function conditionAt(c: Context, i: number): number {
  const { args } = c;
  if (args.is(i, NX)) return If.none;
  if (args.is(i, XX)) return If.some;
  if (args.is(i, GT)) return If.later;
  return args.is(i, LT) ? If.earlier : If.always;
}

function holds(condition: number, current: number, deadline: number): boolean {
  if (current === NO_DEADLINE) return condition !== If.some && condition !== If.later;
  if (condition === If.none) return false;
  if (condition === If.later) return deadline > current;
  return condition !== If.earlier || deadline < current;
}

function expireFields(c: Context, unit: number): void {
  const { args, reply } = c;
  const entry = c.findTypedForWrite(1, HASH);
  if (entry < 0) return;
  const deadline = parseFieldDeadline(c, 2, unit);
  if (deadline === INVALID_DEADLINE) return;
  const condition = conditionAt(c, 3);
  const at = condition === If.always ? 3 : 4;
  if (!fieldsFrom(c, at, parameterNotPositive)) return;
  reply.array(args.count - at - 2);
  beginTouched(c);
  for (let i = at + 2; i < args.count; i++) {
    reply.integer(entry === 0 ? Outcome.noField : expireField(c, entry, i, condition, deadline));
  }
  if (touchedCount > 0) fieldsExpire(c, entry, deadline);
}

/** Gives the field at argument i a deadline, or deletes it where that has passed. */
function expireField(
  c: Context,
  entry: number,
  i: number,
  condition: number,
  deadline: number,
): number {
  const hashes = hashesOf(c);
  const { bytes, starts, ends } = c.args;
  const current = hashes.deadline(entry, bytes, starts[i], ends[i]);
  if (current === NO_FIELD) return Outcome.noField;
  if (!holds(condition, current, deadline)) return Outcome.unmet;
  touch(i);
  if (deadline <= c.now) {
    hashes.remove(entry, bytes, starts[i], ends[i]);
    return Outcome.deleted;
  }
  hashes.setDeadline(entry, bytes, starts[i], ends[i], deadline);
  return Outcome.done;
}

/** The fields collected were given a deadline, or deleted where that has passed. */
export function fieldsExpire(c: Context, entry: number, deadline: number): void {
  if (deadline <= c.now) {
    effectRemoved(c);
    c.modified(1, HashEvents.hdel);
    if (hashesOf(c).count(entry) === 0) c.removedEmpty(1);
    return;
  }
  awaitMembers(c.keyspace, c.db, entry);
  effectDeadline(c, deadline);
  c.modified(1, HashEvents.hexpire);
}

const asking = {
  arity: -5,
  flags: "readonly fast",
  keys: "RO access",
  group: "hash",
  since: "7.4.0",
  complexity: "O(N) for N fields",
  member: 3,
  args: [keyArg, fieldsArg],
} as const;

export const httl: Command = {
  ...asking,
  name: "httl",
  tips: "nondeterministic_output",
  summary: "Returns how many seconds fields have left.",
  handler: (c) => replyDeadlines(c, 1000, c.now),
};

export const hpttl: Command = {
  ...asking,
  name: "hpttl",
  tips: "nondeterministic_output",
  summary: "Returns how many milliseconds fields have left.",
  handler: (c) => replyDeadlines(c, 1, c.now),
};

export const hexpiretime: Command = {
  ...asking,
  name: "hexpiretime",
  summary: "Returns the deadlines of fields in seconds since 1970.",
  handler: (c) => replyDeadlines(c, 1000, 0),
};

export const hpexpiretime: Command = {
  ...asking,
  name: "hpexpiretime",
  summary: "Returns the deadlines of fields in milliseconds since 1970.",
  handler: (c) => replyDeadlines(c, 1, 0),
};

/** Replies deadlines as they are from `base` on, in units of `unitMs`, rounded up. */
function replyDeadlines(c: Context, unitMs: number, base: number): void {
  const entry = c.findTyped(1, HASH);
  if (entry < 0 || !fieldsFrom(c, 2)) return;
  const { args, reply } = c;
  const hashes = hashesOf(c);
  reply.array(args.count - 4);
  for (let i = 4; i < args.count; i++) {
    const { bytes, starts, ends } = args;
    const deadline = entry === 0 ? NO_FIELD : hashes.deadline(entry, bytes, starts[i], ends[i]);
    reply.integer(deadline < 0 ? deadline : Math.ceil((deadline - base) / unitMs));
  }
}

export const hpersist: Command = {
  name: "hpersist",
  arity: -5,
  flags: "write fast",
  keys: "RW update",
  group: "hash",
  since: "7.4.0",
  complexity: "O(N) for N fields",
  member: 3,
  summary: "Takes the deadlines of fields away.",
  args: [keyArg, fieldsArg],
  handler: hpersistCommand,
};

function hpersistCommand(c: Context): void {
  const entry = c.findTypedForWrite(1, HASH);
  if (entry < 0 || !fieldsFrom(c, 2)) return;
  const { args, reply } = c;
  reply.array(args.count - 4);
  beginTouched(c);
  for (let i = 4; i < args.count; i++) reply.integer(persistField(c, entry, i));
  if (touchedCount > 0) fieldsPersist(c);
}

/** Takes away the deadline of the field at argument i. */
export function persistField(c: Context, entry: number, i: number): number {
  if (entry === 0) return Outcome.noField;
  const hashes = hashesOf(c);
  const { bytes, starts, ends } = c.args;
  const current = hashes.deadline(entry, bytes, starts[i], ends[i]);
  if (current < 0) return current;
  touch(i);
  hashes.setDeadline(entry, bytes, starts[i], ends[i], NO_DEADLINE);
  return Outcome.done;
}

/** The fields collected have lost their deadlines. */
export function fieldsPersist(c: Context): void {
  effectDeadline(c, NO_DEADLINE);
  c.modified(1, HashEvents.hpersist);
}

export const fieldDeadlineCommands: readonly Command[] = [
  hexpire,
  hpexpire,
  hexpireat,
  hpexpireat,
  httl,
  hpttl,
  hexpiretime,
  hpexpiretime,
  hpersist,
];
