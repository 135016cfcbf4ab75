// Commands that move elements from list to list, or take them from the first of several lists that
// has any: LMOVE, RPOPLPUSH, LMPOP, and those that wait for an element (BLPOP …).
//
// A command that waits tries first, like its sister that does not, and blocks when it found
// nothing. It is executed once more when a key that it waits for has something, so it knows
// nothing of queues; what goes to the log is what it did (an LPOP, an LMOVE), which never waits.

import { asciiBytes } from "../../base/bytes.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import type { Wait } from "../../engine/session.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import { End, LIST, listsOf } from "../../types/lists.ts";
import { keysArg, oneOf } from "../shared/argument-docs.ts";
import { COUNT } from "../shared/words.ts";
import { ListEvents, popMany, popOne, popped } from "./lists.ts";

const LEFT = asciiBytes("left");
const RIGHT = asciiBytes("right");

const countNotPositive = errorLine("ERR count should be greater than 0");
const timeoutNegative = errorLine("ERR timeout is negative");
const timeoutNotFloat = errorLine("ERR timeout is not a float or out of range");
const timeoutOutOfRange = errorLine("ERR timeout is out of range");

/** Stands for "do not wait" where a timeout in milliseconds is passed. */
const NO_WAIT = -1;
/** From here on a time in milliseconds no longer fits 64 bits. */
const TIME_LIMIT_MS = 2 ** 63;

// Waiting

/** BLPOP, BRPOP and BLMPOP wait for a list, and reply a null array without one. */
const elements: Wait = {
  wakes: (type) => type === LIST,
  hearsAll: false,
  denied: (reply) => reply.nullArray(),
  timedOut: (reply) => reply.nullArray(),
};

/** BLMOVE and BRPOPLPUSH: one element that cannot be waited for is null, as for their sisters. */
const elementOrNull: Wait = { ...elements, denied: (reply) => reply.null() };

// Arguments

/** Argument i as LEFT or RIGHT: an End, or −1. */
export function endOf(args: Arguments, i: number): number {
  if (args.is(i, LEFT)) return End.left;
  return args.is(i, RIGHT) ? End.right : -1;
}

/**
 * Argument i as a timeout in seconds: milliseconds, rounded up (0: for ever), or −1 when it is none
 * and the error has been replied.
 */
function timeout(c: Context, i: number): number {
  const { args } = c;
  // Less than a millisecond below zero is rounded up to it: for ever.
  const ms = Math.ceil(args.longDouble(i) * 1000);
  let error: Uint8Array;
  if (Number.isNaN(ms)) error = timeoutNotFloat;
  else if (ms + c.now >= TIME_LIMIT_MS) error = timeoutOutOfRange;
  else if (ms < 0) error = timeoutNegative;
  else return ms;
  c.reply.error(error);
  return -1;
}

// Moving from list to list

/** Moves an element from the list at argument 1 to that at argument 2. Waits unless NO_WAIT. */
function move(c: Context, from: number, to: number, timeoutMs: number): void {
  const lists = listsOf(c);
  const { packed } = lists;
  const source = c.findTypedForWrite(1, LIST);
  if (source < 0) return;
  if (source === 0) {
    if (timeoutMs === NO_WAIT) c.reply.null();
    else c.block(elementOrNull, 1, 1, timeoutMs);
    return;
  }
  let target = c.findTypedForWrite(2, LIST);
  if (target < 0) return;
  const created = target === 0;
  const left = lists.length(source) - 1;
  lists.readEnd(source, from);
  packed.hold(packed.bytes, packed.start, packed.end);
  const { bytes, start, end } = packed;
  if (source === target || left > 0) lists.removeEnd(source, from);
  if (created) target = c.create(2, lists.createdKind, lists.create());
  lists.willGrow(target, 1, end - start);
  lists.push(target, to, bytes, start, end);
  c.reply.bulk(bytes, start, end);
  c.modified(2, to === End.left ? ListEvents.lpush : ListEvents.rpush);
  if (created) c.ready(2);
  popped(c, 1, source, from, source === target ? lists.length(target) : left);
  if (timeoutMs !== NO_WAIT) moveEffect(c);
}

/** BLMOVE and BRPOPLPUSH go to the log without their timeout. */
function moveEffect(c: Context): void {
  const words = c.args.count - 1;
  c.effect(words);
  c.effectText(words === 5 ? "LMOVE" : "RPOPLPUSH");
  for (let i = 1; i < words; i++) c.effectArg(i);
}

function moveNamed(c: Context, waits: boolean): void {
  const from = endOf(c.args, 3);
  const to = endOf(c.args, 4);
  if (from < 0 || to < 0) return c.reply.error(Errors.syntax);
  const timeoutMs = waits ? timeout(c, 5) : NO_WAIT;
  if (waits && timeoutMs < 0) return;
  move(c, from, to, timeoutMs);
}

function moveRightToLeft(c: Context, waits: boolean): void {
  const timeoutMs = waits ? timeout(c, 3) : NO_WAIT;
  if (waits && timeoutMs < 0) return;
  move(c, End.right, End.left, timeoutMs);
}

// The first list of several

function popEffect(c: Context, i: number, end: number, count: number): void {
  c.effect(count > 0 ? 3 : 2);
  c.effectText(end === End.left ? "LPOP" : "RPOP");
  c.effectArg(i);
  if (count > 0) c.effectInteger(count);
}

/** BLPOP and BRPOP. */
function popOrWait(c: Context, end: number): void {
  const { args } = c;
  const last = args.count - 2;
  const timeoutMs = timeout(c, last + 1);
  if (timeoutMs < 0) return;
  for (let i = 1; i <= last; i++) {
    const entry = c.findTypedForWrite(i, LIST);
    if (entry < 0) return;
    if (entry === 0) continue;
    c.reply.array(2);
    c.reply.bulk(args.bytes, args.starts[i], args.ends[i]);
    popOne(c, i, entry, end);
    popEffect(c, i, end, 0);
    return;
  }
  c.block(elements, 1, last, timeoutMs);
}

/**
 * LMPOP and BLMPOP; `n` is the argument that says how many keys follow. A waiting one's timeout is
 * argument 1, and is looked at last.
 */
function popFromFirst(c: Context, n: number, waits: boolean): void {
  const { args, reply } = c;
  const lists = listsOf(c);
  const keys = args.integer(n);
  if (!(keys > 0)) return reply.error(Errors.numkeysNotPositive);
  const where = n + keys + 1;
  if (where >= args.count) return reply.error(Errors.syntax);
  const end = endOf(args, where);
  if (end < 0) return reply.error(Errors.syntax);
  let count = 1;
  if (args.count > where + 1) {
    if (args.count === where + 2 || !args.is(where + 1, COUNT)) return reply.error(Errors.syntax);
    count = args.index(where + 2);
    if (!(count > 0)) return reply.error(countNotPositive);
    if (args.count > where + 3) return reply.error(Errors.syntax);
  }
  const timeoutMs = waits ? timeout(c, 1) : 0;
  if (timeoutMs < 0) return;
  for (let i = n + 1; i < where; i++) {
    const entry = c.findTypedForWrite(i, LIST);
    if (entry < 0) return;
    if (entry === 0) continue;
    const taken = Math.min(count, lists.length(entry));
    reply.array(2);
    reply.bulk(args.bytes, args.starts[i], args.ends[i]);
    popMany(c, i, entry, end, taken);
    popEffect(c, i, end, taken);
    return;
  }
  if (!waits) reply.nullArray();
  else c.block(elements, n + 1, where - 1, timeoutMs);
}

// The table

const source: ArgumentDoc = { name: "source", type: "key", keySpecIndex: 0 };
const destination: ArgumentDoc = { name: "destination", type: "key", keySpecIndex: 1 };
const timeoutDoc: ArgumentDoc = { name: "timeout", type: "double" };
const numkeys: ArgumentDoc = { name: "numkeys", type: "integer" };
const countOption: ArgumentDoc = { name: "count", type: "integer", token: "COUNT", optional: true };

const where = oneOf("where", "LEFT", "RIGHT");
const whereFrom = oneOf("wherefrom", "LEFT", "RIGHT");
const whereTo = oneOf("whereto", "LEFT", "RIGHT");

const PER_KEY = "O(N) where N is the number of keys given.";
const PER_KEY_AND_TAKEN = "O(N+M) where N is the number of keys and M of elements returned.";

export const lmove: Command = {
  name: "lmove",
  arity: 5,
  flags: "write denyoom",
  keys: [
    { index: 1, flags: "RW access delete" },
    { index: 2, flags: "RW insert" },
  ],
  group: "list",
  since: "6.2.0",
  complexity: "O(1)",
  summary: "Moves an element from one list to another and returns it.",
  args: [source, destination, whereFrom, whereTo],
  handler(c) {
    moveNamed(c, false);
  },
};

export const rpoplpush: Command = {
  name: "rpoplpush",
  arity: 3,
  flags: "write denyoom",
  keys: [
    { index: 1, flags: "RW access delete" },
    { index: 2, flags: "RW insert" },
  ],
  group: "list",
  since: "1.2.0",
  deprecated: ["6.2.0", "`LMOVE` with the `RIGHT` and `LEFT` arguments"],
  complexity: "O(1)",
  summary: "Moves the tail of one list to the head of another; see LMOVE.",
  args: [source, destination],
  handler(c) {
    moveRightToLeft(c, false);
  },
};

export const lmpop: Command = {
  name: "lmpop",
  arity: -4,
  flags: "write",
  keys: [{ index: 1, counted: true, flags: "RW access delete" }],
  group: "list",
  since: "7.0.0",
  complexity: PER_KEY_AND_TAKEN,
  summary: "Takes elements from the first of several lists that has any.",
  args: [numkeys, keysArg, where, countOption],
  handler(c) {
    popFromFirst(c, 1, false);
  },
};

export const blpop: Command = {
  name: "blpop",
  arity: -3,
  flags: "write noscript blocking",
  keys: [{ index: 1, last: -2, flags: "RW access delete" }],
  group: "list",
  since: "2.0.0",
  complexity: PER_KEY,
  summary: "Takes the head of the first list that has one; waits if none has.",
  args: [keysArg, timeoutDoc],
  handler(c) {
    popOrWait(c, End.left);
  },
};

export const brpop: Command = {
  name: "brpop",
  arity: -3,
  flags: "write noscript blocking",
  keys: [{ index: 1, last: -2, flags: "RW access delete" }],
  group: "list",
  since: "2.0.0",
  complexity: PER_KEY,
  summary: "Takes the tail of the first list that has one; waits if none has.",
  args: [keysArg, timeoutDoc],
  handler(c) {
    popOrWait(c, End.right);
  },
};

export const blmove: Command = {
  name: "blmove",
  arity: 6,
  flags: "write denyoom noscript blocking",
  keys: [
    { index: 1, flags: "RW access delete" },
    { index: 2, flags: "RW insert" },
  ],
  group: "list",
  since: "6.2.0",
  complexity: "O(1)",
  summary: "Moves an element between lists; waits if there is none.",
  args: [source, destination, whereFrom, whereTo, timeoutDoc],
  handler(c) {
    moveNamed(c, true);
  },
};

export const brpoplpush: Command = {
  name: "brpoplpush",
  arity: 4,
  flags: "write denyoom noscript blocking",
  keys: [
    { index: 1, flags: "RW access delete" },
    { index: 2, flags: "RW insert" },
  ],
  group: "list",
  since: "2.2.0",
  deprecated: ["6.2.0", "`BLMOVE` with the `RIGHT` and `LEFT` arguments"],
  complexity: "O(1)",
  summary: "Moves a tail to another list's head, waiting for one; see BLMOVE.",
  args: [source, destination, timeoutDoc],
  handler(c) {
    moveRightToLeft(c, true);
  },
};

export const blmpop: Command = {
  name: "blmpop",
  arity: -5,
  flags: "write blocking",
  keys: [{ index: 2, counted: true, flags: "RW access delete" }],
  group: "list",
  since: "7.0.0",
  complexity: PER_KEY_AND_TAKEN,
  summary: "Takes elements from the first list that has any; waits if none has.",
  args: [timeoutDoc, numkeys, keysArg, where, countOption],
  handler(c) {
    popFromFirst(c, 2, true);
  },
};

/** The list commands that concern several lists, or wait. */
export const listMoveCommands: Command[] = [
  lmove,
  rpoplpush,
  lmpop,
  blpop,
  brpop,
  blmove,
  brpoplpush,
  blmpop,
];
