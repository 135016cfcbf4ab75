// Commands that combine sets: SINTER, SUNION, SDIFF, and those that store what comes out. A result
// that must be built first is a set in a holder: an entry that stands in no database. One that is
// only replied is built in a memory of this thread's own: a command that reads writes nowhere else.

import { asciiBytes } from "../../base/bytes.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import { Events, type KeyEvent } from "../../engine/events.ts";
import { Keyspace } from "../../keyspace/keyspace.ts";
import { Memory } from "../../memory/memory.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import { Union } from "../../structures/hyperloglog.ts";
import { SET, Sets, type SetWalk, setsOf } from "../../types/sets.ts";
import { keysArg, numkeysArg } from "../shared/argument-docs.ts";
import { replyMembers, SetEvents } from "./sets.ts";

const numkeysTooMany = errorLine("ERR Number of keys can't be greater than number of args");
const limitNegative = errorLine("ERR LIMIT can't be negative");

const LIMIT = asciiBytes("limit");
const APPROX = asciiBytes("approx");
/** Up to so many sets are united by looking each member up in the sets before. */
const UNITED_BY_LOOKUP_MAX = 4;
/** Up to so many sets are sorted by insertion, which needs no comparing function. */
const INSERTION_MAX = 16;
/** A memory of results that has become larger is given up. */
const RESULTS_KEPT_BYTES = 1 << 20;

const sourcesArg: ArgumentDoc = { name: "key", type: "key", keySpecIndex: 1, multiple: true };
const destinationArg: ArgumentDoc = { name: "destination", type: "key", keySpecIndex: 0 };

/** The entries of the sets that a command combines, 0 for those that are not there. */
let entries: Int32Array = new Int32Array(16);

/** Finds the sets at arguments first … last; −1 after WRONGTYPE, else how many are not there. */
function findSets(c: Context, first: number, last: number): number {
  const count = last - first + 1;
  if (count > entries.length) entries = new Int32Array(count * 2);
  let absent = 0;
  for (let i = 0; i < count; i++) {
    const entry = c.findTyped(first + i, SET);
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

/** Whether each of entries[1, count) has the member that a walk over entries[0] stands on. */
function allHave(sets: Sets, count: number, walk: SetWalk): boolean {
  for (let i = 1; i < count; i++) {
    if (entries[i] !== entries[0] && !sets.hasWalked(entries[i], walk)) return false;
  }
  return true;
}

/** Whether any of entries[from, to) has the member that a walk stands on. */
function anyHas(sets: Sets, from: number, to: number, walk: SetWalk): boolean {
  for (let i = from; i < to; i++) {
    if (entries[i] !== 0 && sets.hasWalked(entries[i], walk)) return true;
  }
  return false;
}

/** Sets in a memory of their own, for results that are only replied, by the sets of a keyspace. */
const results = new WeakMap<Sets, Sets>();

/** Where results are built for this context: empty, and with the limits of its sets. */
function resultsOf(c: Context): Sets {
  const sets = setsOf(c);
  let own = results.get(sets);
  // What was not given back was left by a read that gave up.
  if (own === undefined || own.memory.usedBytes > 0) {
    const { k0, k1 } = sets.tables.hasher;
    own = new Sets(new Keyspace(new Memory(), 1, Int32Array.of(k0, k1, 0, 0)));
    results.set(sets, own);
  }
  own.integersMax = sets.integersMax;
  own.packedEntriesMax = sets.packedEntriesMax;
  own.packedValueMax = sets.packedValueMax;
  return own;
}

/** Replies the members of a result, and frees it; a large one's memory goes with it. */
function replyResult(c: Context, own: Sets, holder: number): void {
  replyMembers(c, holder, own);
  if (own.memory.reservedBytes > RESULTS_KEPT_BYTES) {
    results.delete(setsOf(c));
    return;
  }
  own.free(own.records.kind(holder), own.records.pointer(holder), Number.MAX_SAFE_INTEGER);
  own.memory.free(holder);
}

/** Makes the set that was built in `holder` the value of argument 1, and replies its size. */
function storeHolder(c: Context, holder: number, event: KeyEvent): void {
  const sets = setsOf(c);
  const size = sets.count(holder);
  if (size === 0) {
    c.keyspace.dispose(holder);
    return storeNothing(c);
  }
  // Twice as many elements that wait to be freed go as were made; see Keyspace.copyEntry.
  if (c.keyspace.disposing) c.keyspace.reclaim(2 * size);
  c.replace(1, sets.records.kind(holder), sets.records.pointer(holder));
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
  keys: [{ index: 1, last: -1, flags: "RO access" }],
  group: "set",
  since: "1.0.0",
  complexity: "O(N*M) at worst, N being the size of the smallest of M sets",
  summary: "Returns the members that all of the sets have.",
  args: [keysArg],
  handler: sinterCommand,
};

function sinterCommand(c: Context): void {
  const { reply } = c;
  const sets = setsOf(c);
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
}

export const sintercard: Command = {
  name: "sintercard",
  arity: -3,
  flags: "readonly",
  keys: [{ index: 1, counted: true, flags: "RO access" }],
  group: "set",
  since: "7.0.0",
  complexity: "O(N*M) at worst, N being the size of the smallest of M sets",
  summary: "Returns how many members all of the sets have.",
  args: [numkeysArg, keysArg, { name: "limit", type: "integer", token: "LIMIT", optional: true }],
  handler: sintercardCommand,
};

/** What the options of SINTERCARD and its kin say. */
let limit = 0;
let isApproximate = false;

/**
 * Reads the number of keys at argument 1, finds the sets behind it and reads the options, APPROX
 * where it is one. Returns how many sets there are, or −1 when an error has been replied.
 */
function readCounted(c: Context, mayApproximate: boolean): number {
  const { args, reply } = c;
  const count = args.integer(1);
  limit = 0;
  isApproximate = false;
  let error: Uint8Array | undefined;
  if (!(count >= 1)) error = Errors.numkeysNotPositive;
  else if (count > args.count - 2) error = numkeysTooMany;
  for (let i = 2 + count; error === undefined && i < args.count; i++) {
    if (mayApproximate && args.is(i, APPROX)) isApproximate = true;
    else if (!args.is(i, LIMIT) || i + 1 === args.count) error = Errors.syntax;
    else {
      limit = args.integer(++i);
      if (!(limit >= 0)) error = limitNegative;
    }
  }
  if (error === undefined) return count;
  reply.error(error);
  return -1;
}

/** A count, as far as LIMIT lets it be counted. */
function limited(count: number): number {
  return limit > 0 ? Math.min(count, limit) : count;
}

function sintercardCommand(c: Context): void {
  const { reply } = c;
  const sets = setsOf(c);
  const count = readCounted(c, false);
  if (count < 0) return;
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
}

export const sunioncard: Command = {
  ...sintercard,
  name: "sunioncard",
  since: "8.10.0",
  complexity: "O(N) for N members in all sets",
  summary: "Returns how many members any of the sets has.",
  args: [
    numkeysArg,
    keysArg,
    { name: "approx", type: "pure-token", token: "APPROX", optional: true },
    { name: "limit", type: "integer", token: "LIMIT", optional: true },
  ],
  handler: sunioncardCommand,
};

function sunioncardCommand(c: Context): void {
  const count = readCounted(c, true);
  if (count < 0 || findSets(c, 2, count + 1) < 0) return;
  const sets = setsOf(c);
  if (count === 1) return c.reply.integer(entries[0] === 0 ? 0 : limited(sets.count(entries[0])));
  c.reply.integer(isApproximate ? limited(estimateUnion(sets, count)) : countUnion(sets, count));
}

/** Of each set only its members that no set before has. */
function countUnion(sets: Sets, count: number): number {
  const { walk } = sets;
  let found = 0;
  for (let i = 0; i < count; i++) {
    if (entries[i] === 0) continue;
    if (i === 0) found = sets.count(entries[0]);
    else {
      walk.open(entries[i]);
      while (walk.next()) if (!anyHas(sets, 0, i, walk)) found++;
    }
    if (limit > 0 && found >= limit) return limit;
  }
  return found;
}

const union = new Union();

/** As PFCOUNT would say it, if all members had been added to one HyperLogLog. */
function estimateUnion(sets: Sets, count: number): number {
  const { walk } = sets;
  union.clear();
  for (let i = 0; i < count; i++) {
    if (entries[i] === 0) continue;
    walk.open(entries[i]);
    while (walk.next()) union.addElement(walk.bytes, walk.start, walk.end);
  }
  return union.estimate();
}

export const sdiffcard: Command = {
  ...sintercard,
  name: "sdiffcard",
  since: "8.10.0",
  complexity: "O(N*M), N being the size of the first of M sets",
  summary: "Returns how many members of the first set no other has.",
  handler: sdiffcardCommand,
};

function sdiffcardCommand(c: Context): void {
  const count = readCounted(c, false);
  if (count < 0 || findSets(c, 2, count + 1) < 0) return;
  const sets = setsOf(c);
  if (entries[0] === 0) return c.reply.integer(0);
  sortBySize(sets, 1, count, -1);
  const { walk } = sets;
  let found = 0;
  walk.open(entries[0]);
  while (walk.next()) {
    if (anyHas(sets, 1, count, walk)) continue;
    found++;
    if (found === limit) break;
  }
  c.reply.integer(found);
}

export const sinterstore: Command = {
  name: "sinterstore",
  arity: -3,
  flags: "write denyoom",
  keys: [
    { index: 1, flags: "RW update" },
    { index: 2, last: -1, flags: "RO access" },
  ],
  group: "set",
  since: "1.0.0",
  complexity: "O(N*M) at worst, N being the size of the smallest of M sets",
  summary: "Stores the members that all of the sets have.",
  args: [destinationArg, sourcesArg],
  handler: sinterstoreCommand,
};

function sinterstoreCommand(c: Context): void {
  const sets = setsOf(c);
  const count = c.args.count - 2;
  const absent = findSets(c, 2, count + 1);
  if (absent < 0) return;
  if (absent > 0) return storeNothing(c);
  sortBySize(sets, 0, count, 1);
  const { walk } = sets;
  const holder = sets.createHolderFor(entries[0]);
  let onlyIntegers = true;
  walk.open(entries[0]);
  while (walk.next()) {
    if (!allHave(sets, count, walk)) continue;
    if (onlyIntegers) onlyIntegers = sets.isInteger(walk);
    sets.gather(holder, walk.bytes, walk.start, walk.end);
  }
  if (onlyIntegers) sets.becomeIntegers(holder);
  storeHolder(c, holder, SetEvents.sinterstore);
}

/** A new set, in a holder of `into`, of all members of entries[0, count). */
function unite(sets: Sets, count: number, into: Sets): number {
  const { walk } = sets;
  const holder = into.createHolder();
  for (let i = 0; i < count; i++) {
    if (entries[i] === 0) continue;
    walk.open(entries[i]);
    while (walk.next()) into.gather(holder, walk.bytes, walk.start, walk.end);
  }
  return holder;
}

/** Whether all of entries[0, count) that are there are in order: then so is the reply. */
function allSorted(sets: Sets, count: number): boolean {
  for (let i = 0; i < count; i++) {
    if (entries[i] !== 0 && !sets.isSorted(entries[i])) return false;
  }
  return true;
}

export const sunion: Command = {
  name: "sunion",
  arity: -2,
  flags: "readonly",
  tips: "nondeterministic_output_order",
  keys: [{ index: 1, last: -1, flags: "RO access" }],
  group: "set",
  since: "1.0.0",
  complexity: "O(N) for N members in all sets",
  summary: "Returns the members that any of the sets has.",
  args: [keysArg],
  handler: sunionCommand,
};

function sunionCommand(c: Context): void {
  const { reply } = c;
  const sets = setsOf(c);
  const count = c.args.count - 1;
  const absent = findSets(c, 1, count);
  if (absent < 0) return;
  if (count > UNITED_BY_LOOKUP_MAX || allSorted(sets, count)) {
    const own = resultsOf(c);
    return replyResult(c, own, unite(sets, count, own));
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
}

export const sunionstore: Command = {
  name: "sunionstore",
  arity: -3,
  flags: "write denyoom",
  keys: [
    { index: 1, flags: "OW update" },
    { index: 2, last: -1, flags: "RO access" },
  ],
  group: "set",
  since: "1.0.0",
  complexity: "O(N) for N members in all sets",
  summary: "Stores the members that any of the sets has.",
  args: [destinationArg, sourcesArg],
  handler: sunionstoreCommand,
};

function sunionstoreCommand(c: Context): void {
  const count = c.args.count - 2;
  if (findSets(c, 2, count + 1) < 0) return;
  storeHolder(c, unite(setsOf(c), count, setsOf(c)), SetEvents.sunionstore);
}

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

/** A new set, in a holder of `into`, of entries[0] without the members of the others. */
function subtract(sets: Sets, count: number, into: Sets): number {
  const { walk } = sets;
  const holder = into.createHolder();
  if (entries[0] === 0) return holder;
  if (differsByLookup(sets, count)) {
    sortBySize(sets, 1, count, -1);
    walk.open(entries[0]);
    while (walk.next()) {
      if (anyHas(sets, 1, count, walk)) continue;
      into.gather(holder, walk.bytes, walk.start, walk.end);
    }
    return holder;
  }
  walk.open(entries[0]);
  while (walk.next()) into.gather(holder, walk.bytes, walk.start, walk.end);
  for (let i = 1; i < count && into.count(holder) > 0; i++) {
    if (entries[i] === 0) continue;
    walk.open(entries[i]);
    while (walk.next()) into.withdraw(holder, walk.bytes, walk.start, walk.end);
  }
  return holder;
}

export const sdiff: Command = {
  name: "sdiff",
  arity: -2,
  flags: "readonly",
  tips: "nondeterministic_output_order",
  keys: [{ index: 1, last: -1, flags: "RO access" }],
  group: "set",
  since: "1.0.0",
  complexity: "O(N) for N members in all sets",
  summary: "Returns the members of the first set that no other has.",
  args: [keysArg],
  handler: sdiffCommand,
};

function sdiffCommand(c: Context): void {
  const { reply } = c;
  const sets = setsOf(c);
  const count = c.args.count - 1;
  if (findSets(c, 1, count) < 0) return;
  if (entries[0] === 0) return reply.set(0);
  if (!differsByLookup(sets, count)) {
    const own = resultsOf(c);
    return replyResult(c, own, subtract(sets, count, own));
  }
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
}

export const sdiffstore: Command = {
  name: "sdiffstore",
  arity: -3,
  flags: "write denyoom",
  keys: [
    { index: 1, flags: "OW update" },
    { index: 2, last: -1, flags: "RO access" },
  ],
  group: "set",
  since: "1.0.0",
  complexity: "O(N) for N members in all sets",
  summary: "Stores the members of the first set that no other has.",
  args: [destinationArg, sourcesArg],
  handler: sdiffstoreCommand,
};

function sdiffstoreCommand(c: Context): void {
  const count = c.args.count - 2;
  if (findSets(c, 2, count + 1) < 0) return;
  storeHolder(c, subtract(setsOf(c), count, setsOf(c)), SetEvents.sdiffstore);
}

/** The set commands that combine sets. */
export const setAlgebraCommands: Command[] = [
  sinter,
  sintercard,
  sunioncard,
  sdiffcard,
  sinterstore,
  sunion,
  sunionstore,
  sdiff,
  sdiffstore,
];
