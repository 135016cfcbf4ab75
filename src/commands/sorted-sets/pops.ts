// Commands that take the members with the lowest or the highest scores: ZPOPMIN and ZPOPMAX, ZMPOP
// from the first of several sorted sets that has any, and those that wait for one, BZPOPMIN,
// BZPOPMAX and BZMPOP. What goes to the log is a ZPOPMIN or ZPOPMAX.

import { asciiBytes } from "../../base/bytes.ts";
import type { Command, Context } from "../../engine/context.ts";
import { EventClass, keyEvent } from "../../engine/events.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { Errors } from "../../protocol/errors.ts";
import { SORTED_SET, sortedSetsOf } from "../../types/sorted-sets.ts";
import { keyArg, keysArg, oneOf, timeoutArg } from "../shared/argument-docs.ts";
import { popArgs, popRequest, waitForType } from "../shared/pops.ts";
import { replyMember } from "./sorted-sets.ts";

const PopEvents = {
  zpopmin: keyEvent(EventClass.sortedSet, "zpopmin"),
  zpopmax: keyEvent(EventClass.sortedSet, "zpopmax"),
} as const;

const MIN = asciiBytes("min");
const MAX = asciiBytes("max");

const Side = { min: 0, max: 1 } as const;

/** The side that argument i names, or −1. */
function sideOf(args: Arguments, i: number): number {
  if (args.is(i, MIN)) return Side.min;
  return args.is(i, MAX) ? Side.max : -1;
}

/** How popped members are replied: one after the other, or each with its score in an array. */
const Form = { flat: 0, paired: 1 } as const;

/** What the commands wait for. */
const members = waitForType(SORTED_SET);

const countedArgs = popArgs(oneOf("where", "MIN", "MAX"));
const LOG_EACH = "O(M*log(N)), N being the number of members and M of those taken";

/** Takes `count` members off the sorted set at argument i, and replies them. */
function pop(
  c: Context,
  i: number,
  entry: number,
  isMax: boolean,
  count: number,
  form: number,
): void {
  const sets = sortedSetsOf(c);
  const size = sets.count(entry);
  const { walk } = sets;
  walk.openAt(entry, isMax ? size - 1 : 0, isMax);
  for (let left = count; left > 0 && walk.next(); left--) {
    replyMember(c, walk.bytes, walk.start, walk.end, walk.score, form === Form.paired);
  }
  const isAll = count === size;
  // All of them: the collection goes as DEL would have it go.
  if (!isAll) sets.removeRange(entry, isMax ? size - count : 0, count);
  c.modified(i, isMax ? PopEvents.zpopmax : PopEvents.zpopmin, count);
  if (isAll) c.removedEmpty(i);
}

/** The command that goes to the log for what was taken from the key at argument i. */
function popEffect(c: Context, i: number, isMax: boolean, count: number): void {
  c.effect(count > 1 ? 3 : 2);
  c.effectText(isMax ? "ZPOPMAX" : "ZPOPMIN");
  c.effectArg(i);
  if (count > 1) c.effectInteger(count);
}

export const zpopmin: Command = {
  name: "zpopmin",
  arity: -2,
  flags: "write fast",
  keys: "RW access delete",
  member: 0,
  group: "sorted-set",
  since: "5.0.0",
  complexity: LOG_EACH,
  summary: "Takes the members with the lowest scores off a sorted set.",
  args: [keyArg, { name: "count", type: "integer", optional: true }],
  console: "scores",
  handler: (c) => popCounted(c, false),
};

export const zpopmax: Command = {
  ...zpopmin,
  name: "zpopmax",
  summary: "Takes the members with the highest scores off a sorted set.",
  handler: (c) => popCounted(c, true),
};

function popCounted(c: Context, isMax: boolean): void {
  const { args, reply } = c;
  if (args.count > 3) return reply.error(Errors.syntax);
  const hasCount = args.count === 3;
  const count = hasCount ? args.index(2) : 1;
  if (!(count >= 0)) return reply.error(Errors.notPositive);
  const entry = c.findTypedForWrite(1, SORTED_SET);
  if (entry < 0) return;
  if (entry === 0 || count === 0) return reply.array(0);
  const taken = Math.min(count, sortedSetsOf(c).count(entry));
  const isPaired = hasCount && reply.protocol === 3;
  reply.array(isPaired ? taken : 2 * taken);
  pop(c, 1, entry, isMax, taken, isPaired ? Form.paired : Form.flat);
}

export const bzpopmin: Command = {
  name: "bzpopmin",
  arity: -3,
  flags: "write noscript fast blocking",
  wait: members,
  keys: [{ index: 1, last: -2, flags: "RW access delete" }],
  group: "sorted-set",
  since: "5.0.0",
  complexity: "O(log(N)), N being the number of members",
  summary: "Takes the lowest member off the first sorted set there is; may wait.",
  args: [keysArg, timeoutArg],
  console: "scores",
  handler: (c) => popOrWait(c, false),
};

export const bzpopmax: Command = {
  ...bzpopmin,
  name: "bzpopmax",
  summary: "Takes the highest member off the first sorted set there is; may wait.",
  handler: (c) => popOrWait(c, true),
};

/** BZPOPMIN and BZPOPMAX. */
function popOrWait(c: Context, isMax: boolean): void {
  if (!popRequest.readKeys(c)) return;
  const entry = popRequest.find(c, SORTED_SET);
  if (entry <= 0) return;
  const { args, reply } = c;
  const i = popRequest.found;
  reply.array(3);
  reply.bulk(args.bytes, args.starts[i], args.ends[i]);
  pop(c, i, entry, isMax, 1, Form.flat);
  popEffect(c, i, isMax, 1);
}

export const zmpop: Command = {
  name: "zmpop",
  arity: -4,
  flags: "write",
  keys: [{ index: 1, counted: true, flags: "RW access delete" }],
  group: "sorted-set",
  since: "7.0.0",
  complexity: "O(K)+O(M*log(N)), K being the number of keys, N of members and M of those taken",
  summary: "Takes the lowest or highest members off the first sorted set there is.",
  args: countedArgs,
  console: "scores",
  handler: (c) => popFromFirst(c, 1),
};

export const bzmpop: Command = {
  ...zmpop,
  name: "bzmpop",
  arity: -5,
  flags: "write blocking",
  wait: members,
  keys: [{ index: 2, counted: true, flags: "RW access delete" }],
  summary: "Takes the lowest or highest members off a sorted set; may wait.",
  args: [timeoutArg, ...countedArgs],
  handler: (c) => popFromFirst(c, 2),
};

/** ZMPOP and BZMPOP; `n` is the argument that says how many keys follow. */
function popFromFirst(c: Context, n: 1 | 2): void {
  if (!popRequest.readCounted(c, n, sideOf)) return;
  const entry = popRequest.find(c, SORTED_SET);
  if (entry <= 0) return;
  const { args, reply } = c;
  const i = popRequest.found;
  const isMax = popRequest.from === Side.max;
  const taken = Math.min(popRequest.count, sortedSetsOf(c).count(entry));
  reply.array(2);
  reply.bulk(args.bytes, args.starts[i], args.ends[i]);
  reply.array(taken);
  pop(c, i, entry, isMax, taken, Form.paired);
  popEffect(c, i, isMax, taken);
}

/** The sorted-set commands that take from an end. */
export const sortedSetPopCommands: Command[] = [
  zpopmin,
  zpopmax,
  zmpop,
  bzpopmin,
  bzpopmax,
  bzmpop,
];
