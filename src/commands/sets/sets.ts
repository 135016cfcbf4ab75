// Commands on one set, and SMOVE. How the members of several sets are combined is in
// set-algebra.ts; what a set is and how it is encoded is in types/sets.ts.

import { assert } from "../../base/assert.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import { EventClass, keyEvent } from "../../engine/events.ts";
import { Errors } from "../../protocol/errors.ts";
import { SET, type Sets, setsOf } from "../../types/sets.ts";
import { keyArg, scanArgs } from "../shared/argument-docs.ts";
import { type MemberReply, removeMembers, replyCount } from "../shared/members.ts";
import { drawsTooMany, readDrawCount, replySample, sampleSize } from "../shared/sampling.ts";
import { scanMembers } from "../shared/scanning.ts";

/** What the commands of the family tell of a key. */
export const SetEvents = {
  sadd: keyEvent(EventClass.set, "sadd"),
  srem: keyEvent(EventClass.set, "srem"),
  spop: keyEvent(EventClass.set, "spop"),
  sinterstore: keyEvent(EventClass.set, "sinterstore"),
  sunionstore: keyEvent(EventClass.set, "sunionstore"),
  sdiffstore: keyEvent(EventClass.set, "sdiffstore"),
} as const;

/** Members of one SREM that stands for a part of an SPOP. */
const EFFECT_MEMBERS_MAX = 1024;
/** When this many times what would stay is less than what is popped, what stays is moved out. */
const MOVE_SHARE = 5;

const memberArg: ArgumentDoc = { name: "member", type: "string" };
const membersArg: ArgumentDoc = { name: "member", type: "string", multiple: true };

export const sadd: Command = {
  name: "sadd",
  arity: -3,
  flags: "write denyoom fast",
  keys: "RW insert",
  group: "set",
  since: "1.0.0",
  complexity: "O(1) for each member",
  summary: "Adds members to a set, which is created if need be.",
  args: [keyArg, membersArg],
  handler: saddCommand,
};

function saddCommand(c: Context): void {
  let entry = c.findTypedForWrite(1, SET);
  if (entry < 0) return;
  const sets = setsOf(c);
  const { bytes, starts, ends, count } = c.args;
  if (entry === 0) {
    const root = sets.create(count - 2, bytes, starts[2], ends[2]);
    entry = c.create(1, sets.createdKind, root);
  } else {
    sets.expect(entry, count - 2);
  }
  let added = 0;
  for (let i = 2; i < count; i++) if (sets.add(entry, bytes, starts[i], ends[i])) added++;
  if (added > 0) c.modified(1, SetEvents.sadd, added);
  c.reply.integer(added);
}

export const srem: Command = {
  name: "srem",
  arity: -3,
  flags: "write fast",
  keys: "RW delete",
  group: "set",
  since: "1.0.0",
  complexity: "O(1) for each member",
  summary: "Removes members from a set, and the set with its last one.",
  args: [keyArg, membersArg],
  handler: sremCommand,
};

function sremCommand(c: Context): void {
  removeMembers(c, setsOf(c), SetEvents.srem);
}

export const sismember: Command = {
  name: "sismember",
  arity: 3,
  flags: "readonly fast",
  keys: "RO",
  group: "set",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Says whether a set has a member.",
  args: [keyArg, memberArg],
  console: "bool",
  handler: sismemberCommand,
};

function sismemberCommand(c: Context): void {
  const entry = c.findTyped(1, SET);
  if (entry < 0) return;
  const { bytes, starts, ends } = c.args;
  const there = entry !== 0 && setsOf(c).has(entry, bytes, starts[2], ends[2]);
  c.reply.integer(there ? 1 : 0);
}

export const smismember: Command = {
  name: "smismember",
  arity: -3,
  flags: "readonly fast",
  keys: "RO access",
  group: "set",
  since: "6.2.0",
  complexity: "O(1) for each member asked for",
  summary: "Says of each of several members whether a set has it.",
  args: [keyArg, membersArg],
  console: "bool",
  handler: smismemberCommand,
};

function smismemberCommand(c: Context): void {
  const entry = c.findTyped(1, SET);
  if (entry < 0) return;
  const { reply } = c;
  const sets = setsOf(c);
  const { bytes, starts, ends, count } = c.args;
  reply.array(count - 2);
  for (let i = 2; i < count; i++) {
    const there = entry !== 0 && sets.has(entry, bytes, starts[i], ends[i]);
    reply.integer(there ? 1 : 0);
  }
}

/** Replies all members of a set. */
export function replyMembers(c: Context, entry: number, sets: Sets = setsOf(c)): void {
  const { reply } = c;
  const { walk } = sets;
  reply.set(sets.count(entry));
  walk.open(entry);
  while (walk.next()) reply.bulk(walk.bytes, walk.start, walk.end);
}

export const smembers: Command = {
  name: "smembers",
  arity: 2,
  flags: "readonly",
  tips: "nondeterministic_output_order",
  keys: "RO access",
  group: "set",
  since: "1.0.0",
  complexity: "O(N) for a set of N members",
  summary: "Returns all members of a set.",
  args: [keyArg],
  handler: smembersCommand,
};

function smembersCommand(c: Context): void {
  const entry = c.findTyped(1, SET);
  if (entry < 0) return;
  if (entry === 0) c.reply.set(0);
  else replyMembers(c, entry);
}

export const scard: Command = {
  name: "scard",
  arity: 2,
  flags: "readonly fast",
  keys: "RO",
  group: "set",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Returns the number of members of a set.",
  args: [keyArg],
  handler: scardCommand,
};

function scardCommand(c: Context): void {
  replyCount(c, setsOf(c));
}

export const spop: Command = {
  name: "spop",
  arity: -2,
  flags: "write fast",
  tips: "nondeterministic_output",
  keys: "RW access delete",
  member: 0,
  group: "set",
  since: "1.0.0",
  complexity: "O(1), or O(N) for N members with a count",
  summary: "Takes random members out of a set and returns them.",
  args: [keyArg, { name: "count", type: "integer", since: "3.2.0", optional: true }],
  console: "set",
  handler: spopCommand,
};

function spopCommand(c: Context): void {
  if (c.args.count > 2) return popSeveral(c);
  const entry = c.findTypedForWrite(1, SET);
  if (entry < 0) return;
  if (entry === 0) return c.reply.null();
  const sets = setsOf(c);
  sets.pick(entry, c.keyspace.random);
  c.reply.bulk(sets.bytes, sets.start, sets.end);
  c.effect(3);
  c.effectText("SREM");
  c.effectArg(1);
  c.effectBytes(sets.bytes, sets.start, sets.end);
  sets.removePicked(entry);
  c.modified(1, SetEvents.spop);
  if (sets.count(entry) === 0) c.removedEmpty(1);
}

function popSeveral(c: Context): void {
  const { args, reply } = c;
  const sets = setsOf(c);
  if (args.count > 3) return reply.error(Errors.syntax);
  const count = args.integer(2);
  if (!(count >= 0)) return reply.error(Errors.notPositive);
  const entry = c.findTypedForWrite(1, SET);
  if (entry < 0) return;
  if (entry === 0 || count === 0) return reply.set(0);
  const size = sets.count(entry);
  if (count >= size) return popAll(c, entry);
  reply.set(count);
  if ((size - count) * MOVE_SHARE > count) popPicked(c, entry, count);
  else popAllBut(c, entry, size - count, count);
  c.modified(1, SetEvents.spop, count);
}

function popAll(c: Context, entry: number): void {
  replyMembers(c, entry);
  c.effect(2);
  c.effectText("DEL");
  c.effectArg(1);
  c.modified(1, SetEvents.spop, setsOf(c).count(entry));
  c.removedEmpty(1);
}

/** Begins the SREM that stands for the next of `left` popped members, if one is to begin. */
function beginRemoval(c: Context, done: number, left: number): void {
  if (done % EFFECT_MEMBERS_MAX !== 0) return;
  c.effect(2 + Math.min(left, EFFECT_MEMBERS_MAX));
  c.effectText("SREM");
  c.effectArg(1);
}

/** Pops `count` members one by one. */
function popPicked(c: Context, entry: number, count: number): void {
  const { reply } = c;
  const sets = setsOf(c);
  for (let i = 0; i < count; i++) {
    sets.pick(entry, c.keyspace.random);
    beginRemoval(c, i, count - i);
    reply.bulk(sets.bytes, sets.start, sets.end);
    c.effectBytes(sets.bytes, sets.start, sets.end);
    sets.removePicked(entry);
  }
}

/** Pops `count` members by moving the `staying` ones to a new set, which takes the entry over. */
function popAllBut(c: Context, entry: number, staying: number, count: number): void {
  const { reply } = c;
  const sets = setsOf(c);
  const holder = sets.createHolderFor(entry);
  for (let i = 0; i < staying; i++) {
    sets.pick(entry, c.keyspace.random);
    sets.gather(holder, sets.bytes, sets.start, sets.end);
    sets.removePicked(entry);
  }
  const { walk } = sets;
  walk.open(entry);
  for (let i = 0; walk.next(); i++) {
    beginRemoval(c, i, count - i);
    reply.bulk(walk.bytes, walk.start, walk.end);
    c.effectBytes(walk.bytes, walk.start, walk.end);
  }
  assert(sets.count(holder) === staying, "what stays is what was drawn");
  c.keyspace.setRoot(entry, sets.records.kind(holder), sets.records.pointer(holder));
  c.memory.free(holder);
}

function replyPicked(c: Context): void {
  const sets = setsOf(c);
  c.reply.bulk(sets.bytes, sets.start, sets.end);
}

const memberAlone: MemberReply = {
  elements: 1,
  walked(c) {
    const { walk } = setsOf(c);
    c.reply.bulk(walk.bytes, walk.start, walk.end);
  },
  picked: replyPicked,
};

export const srandmember: Command = {
  name: "srandmember",
  arity: -2,
  flags: "readonly",
  tips: "nondeterministic_output",
  keys: "RO access",
  member: 0,
  group: "set",
  since: "1.0.0",
  complexity: "O(1), or O(N) for N members with a count",
  summary: "Returns random members of a set.",
  args: [keyArg, { name: "count", type: "integer", since: "2.6.0", optional: true }],
  console: "set",
  handler: srandmemberCommand,
};

function srandmemberCommand(c: Context): void {
  const { args, reply } = c;
  const sets = setsOf(c);
  if (args.count > 3) return reply.error(Errors.syntax);
  if (args.count === 2) return randomMember(c);
  const asked = readDrawCount(args, 2, reply);
  if (Number.isNaN(asked)) return;
  const entry = c.findTyped(1, SET);
  if (entry < 0) return;
  if (entry === 0 || asked === 0) return reply.array(0);
  if (drawsTooMany(asked)) return reply.error(Errors.outOfRange);
  reply.array(sampleSize(asked, sets.count(entry)));
  replySample(c, sets, entry, asked, memberAlone);
}

function randomMember(c: Context): void {
  const entry = c.findTyped(1, SET);
  if (entry < 0) return;
  if (entry === 0) return c.reply.null();
  setsOf(c).pick(entry, c.keyspace.random);
  replyPicked(c);
}

export const smove: Command = {
  name: "smove",
  arity: 4,
  flags: "write fast",
  keys: [
    { index: 1, flags: "RW access delete" },
    { index: 2, flags: "RW insert" },
  ],
  group: "set",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Moves a member from one set to another.",
  args: [
    { name: "source", type: "key", keySpecIndex: 0 },
    { name: "destination", type: "key", keySpecIndex: 1 },
    memberArg,
  ],
  handler: smoveCommand,
};

function smoveCommand(c: Context): void {
  const source = c.findTypedForWrite(1, SET);
  if (source < 0) return;
  if (source === 0) return c.reply.integer(0);
  let target = c.findTypedForWrite(2, SET);
  if (target < 0) return;
  const sets = setsOf(c);
  const { bytes, starts, ends } = c.args;
  const start = starts[3];
  const end = ends[3];
  if (source === target) return c.reply.integer(sets.has(source, bytes, start, end) ? 1 : 0);
  if (!sets.remove(source, bytes, start, end)) return c.reply.integer(0);
  c.modified(1, SetEvents.srem);
  if (sets.count(source) === 0) c.removedEmpty(1);
  if (target === 0) {
    const root = sets.create(1, bytes, start, end);
    target = c.create(2, sets.createdKind, root);
  }
  if (sets.add(target, bytes, start, end)) c.modified(2, SetEvents.sadd);
  c.reply.integer(1);
}

export const sscan: Command = {
  name: "sscan",
  arity: -3,
  flags: "readonly",
  tips: "nondeterministic_output",
  keys: "RO access",
  member: 0,
  group: "set",
  since: "2.8.0",
  complexity: "O(1) for each call, O(N) for a whole scan of N members",
  summary: "Walks over the members of a set step by step.",
  args: [keyArg, ...scanArgs],
  handler: sscanCommand,
};

function sscanCommand(c: Context): void {
  scanMembers(c, setsOf(c), memberAlone);
}

/** The set family, but for what set-algebra.ts has. */
export const setCommands: Command[] = [
  sadd,
  srem,
  sismember,
  smismember,
  smembers,
  scard,
  spop,
  srandmember,
  smove,
  sscan,
];
