// Commands on sets. What a set is and how it is encoded is in keyspace/sets.ts; how the members
// of several sets are combined is here.

import { asciiBytes } from "../base/bytes.ts";
import { parseInteger } from "../base/integers.ts";
import { Kind, Type } from "../keyspace/data-type.ts";
import type { Sets, SetWalk } from "../keyspace/sets.ts";
import { Errors } from "../protocol/errors.ts";
import type { ArgumentDoc, Command } from "./command.ts";
import type { Context } from "./context.ts";
import { Events, type KeyEvent } from "./events.ts";
import { DRAW_SHARE, drawsTooMany, readDrawCount } from "./sampling.ts";
import { readCursor, replyEmptyScan, ScanOf, scanOptions } from "./scanning.ts";

const LIMIT = asciiBytes("limit");
/** Members of one SREM that stands for a part of an SPOP. */
const EFFECT_MEMBERS_MAX = 1024;
/** When this many times what would stay is less than what is popped, what stays is moved out. */
const MOVE_SHARE = 5;
/** Up to so many sets are united by looking each member up in the sets before. */
const UNITED_BY_LOOKUP_MAX = 4;
/** Up to so many sets are sorted by insertion, which needs no comparing function. */
const INSERTION_MAX = 16;

const keyArg: ArgumentDoc = { name: "key", type: "key", keySpecIndex: 0 };
const keysArg: ArgumentDoc = { name: "key", type: "key", keySpecIndex: 0, multiple: true };
const sourcesArg: ArgumentDoc = { name: "key", type: "key", keySpecIndex: 1, multiple: true };
const destinationArg: ArgumentDoc = { name: "destination", type: "key", keySpecIndex: 0 };
const memberArg: ArgumentDoc = { name: "member", type: "string" };
const membersArg: ArgumentDoc = { name: "member", type: "string", multiple: true };

export const sadd: Command = {
  name: "sadd",
  arity: -3,
  flags: "write denyoom fast",
  keys: [1, 1, 1],
  keyFlags: "RW insert",
  group: "set",
  since: "1.0.0",
  complexity: "O(1) for each member",
  summary: "Adds members to a set, which is created if need be.",
  args: [keyArg, membersArg],
  handler(c) {
    let entry = c.findTypedForWrite(1, Type.set);
    if (entry < 0) return;
    const { sets } = c;
    const { bytes, starts, ends, count } = c.args;
    if (entry === 0) {
      const root = sets.create(count - 2, bytes, starts[2], ends[2]);
      entry = c.create(1, sets.createdKind, root);
    } else {
      sets.expect(entry, count - 2);
    }
    let added = 0;
    for (let i = 2; i < count; i++) if (sets.add(entry, bytes, starts[i], ends[i])) added++;
    if (added > 0) c.modified(1, Events.sadd);
    c.reply.integer(added);
  },
};

export const srem: Command = {
  name: "srem",
  arity: -3,
  flags: "write fast",
  keys: [1, 1, 1],
  keyFlags: "RW delete",
  group: "set",
  since: "1.0.0",
  complexity: "O(1) for each member",
  summary: "Removes members from a set, and the set with its last one.",
  args: [keyArg, membersArg],
  handler(c) {
    const entry = c.findTypedForWrite(1, Type.set);
    if (entry < 0) return;
    if (entry === 0) return c.reply.integer(0);
    const { sets } = c;
    const { bytes, starts, ends, count } = c.args;
    let removed = 0;
    let left = sets.count(entry);
    for (let i = 2; i < count && left > 0; i++) {
      if (!sets.remove(entry, bytes, starts[i], ends[i])) continue;
      removed++;
      left--;
    }
    if (removed > 0) {
      c.modified(1, Events.srem);
      if (left === 0) c.removedEmpty(1);
    }
    c.reply.integer(removed);
  },
};

export const sismember: Command = {
  name: "sismember",
  arity: 3,
  flags: "readonly fast",
  keys: [1, 1, 1],
  keyFlags: "RO",
  group: "set",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Says whether a set has a member.",
  args: [keyArg, memberArg],
  handler(c) {
    const entry = c.findTyped(1, Type.set);
    if (entry < 0) return;
    const { bytes, starts, ends } = c.args;
    const there = entry !== 0 && c.sets.has(entry, bytes, starts[2], ends[2]);
    c.reply.integer(there ? 1 : 0);
  },
};

export const smismember: Command = {
  name: "smismember",
  arity: -3,
  flags: "readonly fast",
  keys: [1, 1, 1],
  keyFlags: "RO access",
  group: "set",
  since: "6.2.0",
  complexity: "O(1) for each member asked for",
  summary: "Says of each of several members whether a set has it.",
  args: [keyArg, membersArg],
  handler(c) {
    const entry = c.findTyped(1, Type.set);
    if (entry < 0) return;
    const { sets, reply } = c;
    const { bytes, starts, ends, count } = c.args;
    reply.array(count - 2);
    for (let i = 2; i < count; i++) {
      const there = entry !== 0 && sets.has(entry, bytes, starts[i], ends[i]);
      reply.integer(there ? 1 : 0);
    }
  },
};

/** Replies all members of a set. */
function replyMembers(c: Context, entry: number): void {
  const { reply } = c;
  const { walk } = c.sets;
  reply.set(c.sets.count(entry));
  walk.open(entry);
  while (walk.next()) reply.bulk(walk.bytes, walk.start, walk.end);
}

export const smembers: Command = {
  name: "smembers",
  arity: 2,
  flags: "readonly",
  tips: "nondeterministic_output_order",
  keys: [1, 1, 1],
  keyFlags: "RO access",
  group: "set",
  since: "1.0.0",
  complexity: "O(N) for a set of N members",
  summary: "Returns all members of a set.",
  args: [keyArg],
  handler(c) {
    const entry = c.findTyped(1, Type.set);
    if (entry < 0) return;
    if (entry === 0) c.reply.set(0);
    else replyMembers(c, entry);
  },
};

export const scard: Command = {
  name: "scard",
  arity: 2,
  flags: "readonly fast",
  keys: [1, 1, 1],
  keyFlags: "RO",
  group: "set",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Returns the number of members of a set.",
  args: [keyArg],
  handler(c) {
    const entry = c.findTyped(1, Type.set);
    if (entry >= 0) c.reply.integer(entry === 0 ? 0 : c.sets.count(entry));
  },
};

export const spop: Command = {
  name: "spop",
  arity: -2,
  flags: "write fast",
  tips: "nondeterministic_output",
  keys: [1, 1, 1],
  keyFlags: "RW access delete",
  group: "set",
  since: "1.0.0",
  complexity: "O(1), or O(N) for N members with a count",
  summary: "Takes random members out of a set and returns them.",
  args: [keyArg, { name: "count", type: "integer", since: "3.2.0", optional: true }],
  handler(c) {
    if (c.args.count > 2) return popSeveral(c);
    const entry = c.findTypedForWrite(1, Type.set);
    if (entry < 0) return;
    if (entry === 0) return c.reply.null();
    const { sets } = c;
    sets.pick(entry, c.keyspace.random);
    c.reply.bulk(sets.bytes, sets.start, sets.end);
    c.effect(3);
    c.effectText("SREM");
    c.effectArg(1);
    c.effectBytes(sets.bytes, sets.start, sets.end);
    sets.removePicked(entry);
    c.modified(1, Events.spop);
    if (sets.count(entry) === 0) c.removedEmpty(1);
  },
};

function popSeveral(c: Context): void {
  const { args, reply, sets } = c;
  if (args.count > 3) return reply.error(Errors.syntax);
  const count = parseInteger(args.bytes, args.starts[2], args.ends[2]);
  if (!(count >= 0)) return reply.error(Errors.notPositive);
  const entry = c.findTypedForWrite(1, Type.set);
  if (entry < 0) return;
  if (entry === 0 || count === 0) return reply.set(0);
  const size = sets.count(entry);
  if (count >= size) return popAll(c, entry);
  reply.set(count);
  if ((size - count) * MOVE_SHARE > count) popPicked(c, entry, count);
  else popAllBut(c, entry, size - count, count);
  c.modified(1, Events.spop);
}

function popAll(c: Context, entry: number): void {
  replyMembers(c, entry);
  c.effect(2);
  c.effectText("DEL");
  c.effectArg(1);
  c.modified(1, Events.spop);
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
  const { reply, sets } = c;
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
  const { reply, sets } = c;
  const { records } = sets;
  const ofIntegers = records.kind(entry) === Kind.setIntegers;
  const holder = sets.createHolder(ofIntegers ? Kind.setIntegers : Kind.setPacked);
  for (let i = 0; i < staying; i++) {
    sets.pick(entry, c.keyspace.random);
    sets.add(holder, sets.bytes, sets.start, sets.end);
    sets.removePicked(entry);
  }
  const { walk } = sets;
  walk.open(entry);
  for (let i = 0; walk.next(); i++) {
    beginRemoval(c, i, count - i);
    reply.bulk(walk.bytes, walk.start, walk.end);
    c.effectBytes(walk.bytes, walk.start, walk.end);
  }
  const kind = records.kind(entry);
  const root = records.pointer(entry);
  records.setKind(entry, records.kind(holder));
  records.setPointer(entry, records.pointer(holder));
  records.setKind(holder, kind);
  records.setPointer(holder, root);
  c.keyspace.dispose(holder);
}

export const srandmember: Command = {
  name: "srandmember",
  arity: -2,
  flags: "readonly",
  tips: "nondeterministic_output",
  keys: [1, 1, 1],
  keyFlags: "RO access",
  group: "set",
  since: "1.0.0",
  complexity: "O(1), or O(N) for N members with a count",
  summary: "Returns random members of a set.",
  args: [keyArg, { name: "count", type: "integer", since: "2.6.0", optional: true }],
  handler(c) {
    const { args, reply, sets } = c;
    if (args.count > 3) return reply.error(Errors.syntax);
    if (args.count === 2) return randomMember(c);
    const asked = readDrawCount(args, 2, reply);
    if (Number.isNaN(asked)) return;
    const entry = c.findTyped(1, Type.set);
    if (entry < 0) return;
    if (entry === 0 || asked === 0) return reply.array(0);
    if (drawsTooMany(asked)) return reply.error(Errors.outOfRange);
    const size = sets.count(entry);
    const count = asked < 0 ? -asked : Math.min(asked, size);
    reply.array(count);
    if (asked < 0) replyDraws(c, entry, count);
    else if (sets.records.kind(entry) === Kind.setTable && count * DRAW_SHARE <= size) {
      replyDistinctDraws(c, entry, count);
    } else {
      replySelection(c, entry, count, size);
    }
  },
};

function randomMember(c: Context): void {
  const entry = c.findTyped(1, Type.set);
  if (entry < 0) return;
  if (entry === 0) return c.reply.null();
  replyDraws(c, entry, 1);
}

function replyDraws(c: Context, entry: number, count: number): void {
  const { reply, sets } = c;
  for (let i = 0; i < count; i++) {
    sets.pick(entry, c.keyspace.random);
    reply.bulk(sets.bytes, sets.start, sets.end);
  }
}

/** `count` distinct members, few enough that repeats are rare. */
function replyDistinctDraws(c: Context, entry: number, count: number): void {
  const { reply, sets } = c;
  const drawn = new Set<number>();
  while (drawn.size < count) {
    sets.pick(entry, c.keyspace.random);
    if (drawn.has(sets.picked)) continue;
    drawn.add(sets.picked);
    reply.bulk(sets.bytes, sets.start, sets.end);
  }
}

/** `count` distinct members of `size` by one walk, each with the same chance. */
function replySelection(c: Context, entry: number, count: number, size: number): void {
  const { reply } = c;
  const { walk } = c.sets;
  let wanted = count;
  let left = size;
  walk.open(entry);
  while (wanted > 0 && walk.next()) {
    if (wanted === left || c.keyspace.random.below(left) < wanted) {
      wanted--;
      reply.bulk(walk.bytes, walk.start, walk.end);
    }
    left--;
  }
}

export const smove: Command = {
  name: "smove",
  arity: 4,
  flags: "write fast",
  keys: [1, 2, 1],
  keyFlags: "RW access delete; RW insert",
  group: "set",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Moves a member from one set to another.",
  args: [
    { name: "source", type: "key", keySpecIndex: 0 },
    { name: "destination", type: "key", keySpecIndex: 1 },
    memberArg,
  ],
  handler(c) {
    const source = c.findTypedForWrite(1, Type.set);
    if (source < 0) return;
    if (source === 0) return c.reply.integer(0);
    let target = c.findTypedForWrite(2, Type.set);
    if (target < 0) return;
    const { sets } = c;
    const { bytes, starts, ends } = c.args;
    const start = starts[3];
    const end = ends[3];
    if (source === target) return c.reply.integer(sets.has(source, bytes, start, end) ? 1 : 0);
    if (!sets.remove(source, bytes, start, end)) return c.reply.integer(0);
    c.modified(1, Events.srem);
    if (sets.count(source) === 0) c.removedEmpty(1);
    if (target === 0) {
      const root = sets.create(1, bytes, start, end);
      target = c.create(2, sets.createdKind, root);
    }
    if (sets.add(target, bytes, start, end)) c.modified(2, Events.sadd);
    c.reply.integer(1);
  },
};

// Combining sets

/** The entries of the sets that a command combines, 0 for those that are not there. */
let entries: Int32Array = new Int32Array(16);

/** Finds the sets at arguments first … last; −1 after WRONGTYPE, else how many are not there. */
function findSets(c: Context, first: number, last: number): number {
  const count = last - first + 1;
  if (count > entries.length) entries = new Int32Array(count * 2);
  let absent = 0;
  for (let i = 0; i < count; i++) {
    const entry = c.findTyped(first + i, Type.set);
    if (entry < 0) return -1;
    if (entry === 0) absent++;
    entries[i] = entry;
  }
  return absent;
}

/** Orders entries[from, to) by size, ascending or (sign −1) descending; absent sets have none. */
function sortBySize(sets: Sets, from: number, to: number, sign: number): void {
  const size = (entry: number): number => (entry === 0 ? 0 : sets.count(entry) * sign);
  if (to - from > INSERTION_MAX) {
    entries.subarray(from, to).sort((a, b) => size(a) - size(b));
    return;
  }
  for (let i = from + 1; i < to; i++) {
    const entry = entries[i];
    let at = i;
    for (; at > from && size(entries[at - 1]) > size(entry); at--) entries[at] = entries[at - 1];
    entries[at] = entry;
  }
}

/** Whether the set has the member that a walk stands on. */
function hasWalked(sets: Sets, entry: number, walk: SetWalk): boolean {
  if (walk.ofIntegers && sets.records.kind(entry) === Kind.setIntegers) {
    sets.integers.low = walk.low;
    sets.integers.high = walk.high;
    return sets.integers.has(sets.records.pointer(entry));
  }
  return sets.has(entry, walk.bytes, walk.start, walk.end);
}

/** Whether each of entries[1, count) has the member that a walk over entries[0] stands on. */
function allHave(sets: Sets, count: number, walk: SetWalk): boolean {
  for (let i = 1; i < count; i++) {
    if (entries[i] !== entries[0] && !hasWalked(sets, entries[i], walk)) return false;
  }
  return true;
}

/** Whether any of entries[from, to) has the member that a walk stands on. */
function anyHas(sets: Sets, from: number, to: number, walk: SetWalk): boolean {
  for (let i = from; i < to; i++) {
    if (entries[i] !== 0 && hasWalked(sets, entries[i], walk)) return true;
  }
  return false;
}

/** Replies the members of a set that was built for the reply, and frees it. */
function replyHolder(c: Context, holder: number): void {
  replyMembers(c, holder);
  c.keyspace.dispose(holder);
}

/** Makes the set that was built in `holder` the value of argument 1, and replies its size. */
function storeHolder(c: Context, holder: number, event: KeyEvent): void {
  const { sets } = c;
  const size = sets.count(holder);
  if (size === 0) {
    c.keyspace.dispose(holder);
    return storeNothing(c);
  }
  c.remove(1);
  c.create(1, sets.records.kind(holder), sets.records.pointer(holder));
  c.memory.free(holder);
  c.modified(1, event);
  c.reply.integer(size);
}

/** The result is empty: the destination at argument 1 goes. */
function storeNothing(c: Context): void {
  if (c.remove(1)) c.modified(1, Events.del);
  c.reply.integer(0);
}

export const sinter: Command = {
  name: "sinter",
  arity: -2,
  flags: "readonly",
  tips: "nondeterministic_output_order",
  keys: [1, -1, 1],
  keyFlags: "RO access",
  group: "set",
  since: "1.0.0",
  complexity: "O(N*M) at worst, N being the size of the smallest of M sets",
  summary: "Returns the members that all of the sets have.",
  args: [keysArg],
  handler(c) {
    const { reply, sets } = c;
    const count = c.args.count - 1;
    const absent = findSets(c, 1, count);
    if (absent < 0) return;
    if (absent > 0) return reply.set(0);
    if (count === 1) return replyMembers(c, entries[0]);
    sortBySize(sets, 0, count, 1);
    const { walk } = sets;
    const mark = reply.beginDeferred();
    let found = 0;
    walk.open(entries[0]);
    while (walk.next()) {
      if (!allHave(sets, count, walk)) continue;
      reply.bulk(walk.bytes, walk.start, walk.end);
      found++;
    }
    reply.endSet(mark, found);
  },
};

export const sintercard: Command = {
  name: "sintercard",
  arity: -3,
  flags: "readonly movablekeys",
  keyCountAt: 1,
  keyFlags: "RO access",
  group: "set",
  since: "7.0.0",
  complexity: "O(N*M) at worst, N being the size of the smallest of M sets",
  summary: "Returns how many members all of the sets have.",
  args: [
    { name: "numkeys", type: "integer" },
    keysArg,
    { name: "limit", type: "integer", token: "LIMIT", optional: true },
  ],
  handler(c) {
    const { args, reply, sets } = c;
    const count = parseInteger(args.bytes, args.starts[1], args.ends[1]);
    if (!(count >= 1)) return reply.error(Errors.numkeysNotPositive);
    if (count > args.count - 2) return reply.error(Errors.numkeysTooMany);
    let limit = 0;
    for (let i = 2 + count; i < args.count; i++) {
      if (!args.is(i, LIMIT) || i + 1 === args.count) return reply.error(Errors.syntax);
      i++;
      limit = parseInteger(args.bytes, args.starts[i], args.ends[i]);
      if (!(limit >= 0)) return reply.error(Errors.limitNegative);
    }
    const absent = findSets(c, 2, count + 1);
    if (absent < 0) return;
    if (absent > 0) return reply.integer(0);
    sortBySize(sets, 0, count, 1);
    const { walk } = sets;
    let found = 0;
    walk.open(entries[0]);
    while (walk.next()) {
      if (!allHave(sets, count, walk)) continue;
      found++;
      if (found === limit) break;
    }
    reply.integer(found);
  },
};

export const sinterstore: Command = {
  name: "sinterstore",
  arity: -3,
  flags: "write denyoom",
  keys: [1, -1, 1],
  keyFlags: "RW update; RO access",
  group: "set",
  since: "1.0.0",
  complexity: "O(N*M) at worst, N being the size of the smallest of M sets",
  summary: "Stores the members that all of the sets have.",
  args: [destinationArg, sourcesArg],
  handler(c) {
    const { sets } = c;
    const count = c.args.count - 2;
    const absent = findSets(c, 2, count + 1);
    if (absent < 0) return;
    if (absent > 0) return storeNothing(c);
    sortBySize(sets, 0, count, 1);
    const { walk } = sets;
    const ofIntegers = sets.records.kind(entries[0]) === Kind.setIntegers;
    const holder = sets.createHolder(ofIntegers ? Kind.setIntegers : Kind.setPacked);
    let onlyIntegers = true;
    walk.open(entries[0]);
    while (walk.next()) {
      if (!allHave(sets, count, walk)) continue;
      if (onlyIntegers && !ofIntegers) {
        onlyIntegers = sets.integers.parse(walk.bytes, walk.start, walk.end);
      }
      sets.add(holder, walk.bytes, walk.start, walk.end);
    }
    if (onlyIntegers) sets.becomeIntegers(holder);
    storeHolder(c, holder, Events.sinterstore);
  },
};

/** A new set, in a holder, of all members of entries[0, count). */
function unite(sets: Sets, count: number): number {
  const { walk } = sets;
  const holder = sets.createHolder(Kind.setIntegers);
  for (let i = 0; i < count; i++) {
    if (entries[i] === 0) continue;
    walk.open(entries[i]);
    while (walk.next()) sets.add(holder, walk.bytes, walk.start, walk.end);
  }
  return holder;
}

/** Whether all of entries[0, count) that are there are integer sets: then replies are sorted. */
function allIntegers(sets: Sets, count: number): boolean {
  for (let i = 0; i < count; i++) {
    if (entries[i] !== 0 && sets.records.kind(entries[i]) !== Kind.setIntegers) return false;
  }
  return true;
}

export const sunion: Command = {
  name: "sunion",
  arity: -2,
  flags: "readonly",
  tips: "nondeterministic_output_order",
  keys: [1, -1, 1],
  keyFlags: "RO access",
  group: "set",
  since: "1.0.0",
  complexity: "O(N) for N members in all sets",
  summary: "Returns the members that any of the sets has.",
  args: [keysArg],
  handler(c) {
    const { reply, sets } = c;
    const count = c.args.count - 1;
    const absent = findSets(c, 1, count);
    if (absent < 0) return;
    if (count > UNITED_BY_LOOKUP_MAX || allIntegers(sets, count)) {
      return replyHolder(c, unite(sets, count));
    }
    const { walk } = sets;
    const mark = reply.beginDeferred();
    let found = 0;
    for (let i = 0; i < count; i++) {
      if (entries[i] === 0) continue;
      walk.open(entries[i]);
      while (walk.next()) {
        if (anyHas(sets, 0, i, walk)) continue;
        reply.bulk(walk.bytes, walk.start, walk.end);
        found++;
      }
    }
    reply.endSet(mark, found);
  },
};

export const sunionstore: Command = {
  name: "sunionstore",
  arity: -3,
  flags: "write denyoom",
  keys: [1, -1, 1],
  keyFlags: "OW update; RO access",
  group: "set",
  since: "1.0.0",
  complexity: "O(N) for N members in all sets",
  summary: "Stores the members that any of the sets has.",
  args: [destinationArg, sourcesArg],
  handler(c) {
    const count = c.args.count - 2;
    if (findSets(c, 2, count + 1) < 0) return;
    storeHolder(c, unite(c.sets, count), Events.sunionstore);
  },
};

/**
 * Whether the difference is to be found by looking each member of entries[0] up in the other sets,
 * rather than by taking all their members out of a copy. Lookups are cheap for what they may save.
 */
function differsByLookup(sets: Sets, count: number): boolean {
  const first = sets.count(entries[0]);
  let lookups = 0;
  let members = 0;
  for (let i = 0; i < count; i++) {
    if (entries[i] === 0) continue;
    if (i > 0 && entries[i] === entries[0]) return true;
    lookups += first;
    members += sets.count(entries[i]);
  }
  return lookups / 2 <= members;
}

/** A new set, in a holder, of entries[0] without the members of the others. */
function subtract(sets: Sets, count: number): number {
  const { walk } = sets;
  const holder = sets.createHolder(Kind.setIntegers);
  if (entries[0] === 0) return holder;
  if (differsByLookup(sets, count)) {
    sortBySize(sets, 1, count, -1);
    walk.open(entries[0]);
    while (walk.next()) {
      if (anyHas(sets, 1, count, walk)) continue;
      sets.add(holder, walk.bytes, walk.start, walk.end);
    }
    return holder;
  }
  walk.open(entries[0]);
  while (walk.next()) sets.add(holder, walk.bytes, walk.start, walk.end);
  for (let i = 1; i < count && sets.count(holder) > 0; i++) {
    if (entries[i] === 0) continue;
    walk.open(entries[i]);
    while (walk.next()) sets.remove(holder, walk.bytes, walk.start, walk.end);
  }
  return holder;
}

export const sdiff: Command = {
  name: "sdiff",
  arity: -2,
  flags: "readonly",
  tips: "nondeterministic_output_order",
  keys: [1, -1, 1],
  keyFlags: "RO access",
  group: "set",
  since: "1.0.0",
  complexity: "O(N) for N members in all sets",
  summary: "Returns the members of the first set that no other has.",
  args: [keysArg],
  handler(c) {
    const { reply, sets } = c;
    const count = c.args.count - 1;
    if (findSets(c, 1, count) < 0) return;
    if (entries[0] === 0) return reply.set(0);
    if (!differsByLookup(sets, count)) return replyHolder(c, subtract(sets, count));
    sortBySize(sets, 1, count, -1);
    const { walk } = sets;
    const mark = reply.beginDeferred();
    let found = 0;
    walk.open(entries[0]);
    while (walk.next()) {
      if (anyHas(sets, 1, count, walk)) continue;
      reply.bulk(walk.bytes, walk.start, walk.end);
      found++;
    }
    reply.endSet(mark, found);
  },
};

export const sdiffstore: Command = {
  name: "sdiffstore",
  arity: -3,
  flags: "write denyoom",
  keys: [1, -1, 1],
  keyFlags: "OW update; RO access",
  group: "set",
  since: "1.0.0",
  complexity: "O(N) for N members in all sets",
  summary: "Stores the members of the first set that no other has.",
  args: [destinationArg, sourcesArg],
  handler(c) {
    const count = c.args.count - 2;
    if (findSets(c, 2, count + 1) < 0) return;
    storeHolder(c, subtract(c.sets, count), Events.sdiffstore);
  },
};

export const sscan: Command = {
  name: "sscan",
  arity: -3,
  flags: "readonly",
  tips: "nondeterministic_output",
  keys: [1, 1, 1],
  keyFlags: "RO access",
  group: "set",
  since: "2.8.0",
  complexity: "O(1) for each call, O(N) for a whole scan of N members",
  summary: "Walks over the members of a set step by step.",
  args: [
    keyArg,
    { name: "cursor", type: "integer" },
    { name: "pattern", type: "pattern", token: "MATCH", optional: true },
    { name: "count", type: "integer", token: "COUNT", optional: true },
  ],
  handler(c) {
    const { args, reply } = c;
    let cursor = readCursor(args, 2, reply);
    if (cursor < 0) return;
    const entry = c.findTyped(1, Type.set);
    if (entry < 0) return;
    if (entry === 0) return replyEmptyScan(reply);
    const options = scanOptions;
    if (!options.read(args, 3, ScanOf.members, reply)) return;
    const { walk } = c.sets;
    const mark = options.begin(reply);
    let replied = 0;
    let seen = 0;
    do {
      cursor = walk.openBatch(entry, cursor);
      for (seen = 0; walk.next(); seen++) {
        if (!options.matches(args, walk.bytes, walk.start, walk.end)) continue;
        reply.bulk(walk.bytes, walk.start, walk.end);
        replied++;
      }
    } while (options.goesOn(cursor, seen));
    options.end(reply, mark, cursor, replied);
  },
};

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
  sinter,
  sintercard,
  sinterstore,
  sunion,
  sunionstore,
  sdiff,
  sdiffstore,
  sscan,
];
