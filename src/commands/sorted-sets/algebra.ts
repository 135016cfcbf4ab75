// Commands that combine sorted sets: ZUNION, ZINTER, ZDIFF, those that store what comes out, and
// ZINTERCARD. Sets may stand among them: their members have the score 1. A result is built in a
// holder (an entry that stands in no database); one that is only replied, in a memory of this
// thread's own: a command that reads writes nowhere else. AGGREGATE COUNT, of Redis 8.8, asks for
// no scores: each sorted set that has a member gives it its weight.

import { assert } from "../../base/assert.ts";
import { asciiBytes } from "../../base/bytes.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import { EventClass, type KeyEvent, keyEvent } from "../../engine/events.ts";
import type { ScoreSource } from "../../keyspace/data-type.ts";
import { Keyspace } from "../../keyspace/keyspace.ts";
import { Memory } from "../../memory/memory.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import { SORTED_SET, SortedSets, sortedSetsOf } from "../../types/sorted-sets.ts";
import { keysArg, numkeysArg, oneOf } from "../shared/argument-docs.ts";
import { COUNT } from "../shared/words.ts";
import { replyMember, withScoresArg } from "./sorted-sets.ts";
import { logStored, storeHolder } from "./storing.ts";

const limitNegative = errorLine("ERR LIMIT can't be negative");
const weightNotFloat = errorLine("ERR weight value is not a float");

const AlgebraEvents = {
  zunionstore: keyEvent(EventClass.sortedSet, "zunionstore"),
  zinterstore: keyEvent(EventClass.sortedSet, "zinterstore"),
  zdiffstore: keyEvent(EventClass.sortedSet, "zdiffstore"),
} as const;

const WEIGHTS = asciiBytes("weights");
const AGGREGATE = asciiBytes("aggregate");
const WITHSCORES = asciiBytes("withscores");
const LIMIT = asciiBytes("limit");
const SUM = asciiBytes("sum");
const MIN = asciiBytes("min");
const MAX = asciiBytes("max");

/** What is made of the scores of a member that several sorted sets have. */
const Aggregate = { sum: 0, min: 1, max: 2, count: 3 } as const;
/** A memory of results that has become larger is given up. */
const RESULTS_KEPT_BYTES = 1 << 20;

// The sorted sets and sets that a command combines: their entries, 0 for those that are not there,
// what their scores are multiplied by, and the order in which they are looked at.
let entries: Int32Array = new Int32Array(16);
let weights: Float64Array = new Float64Array(16);
let order: Int32Array = new Int32Array(16);

// What the options say.
let aggregate: number = Aggregate.sum;
let withScores = false;
let limit = 0;

/** The members of an entry that readSources() has found fit to be combined. */
function sourceOf(c: Context, entry: number): ScoreSource {
  const source = c.keyspace.types.collections[c.keyspace.records.kind(entry)]?.scores;
  assert(source !== undefined, "what is combined has scores");
  return source;
}

function sizeOf(c: Context, entry: number): number {
  return entry === 0 ? 0 : sourceOf(c, entry).count(entry);
}

/** A score times a weight; infinity times nothing is nothing. To count, the weight alone. */
function weighed(score: number, weight: number): number {
  if (aggregate === Aggregate.count) return weight;
  const product = score * weight;
  return Number.isNaN(product) ? 0 : product;
}

function combined(a: number, b: number): number {
  if (aggregate === Aggregate.min) return b < a ? b : a;
  if (aggregate === Aggregate.max) return b > a ? b : a;
  const sum = a + b;
  return Number.isNaN(sum) ? 0 : sum; // infinities of both signs
}

/** What is read behind the keys: all of it for ZUNION and ZINTER. */
const Words = { weights: 1, withScores: 2, limit: 4 } as const;

/**
 * Reads the number of keys at argument `n`, the keys behind it and the options behind those.
 * Returns how many there are, or −1 when an error has been replied.
 */
function readSources(c: Context, n: number, words: number): number {
  const { args, reply } = c;
  const count = args.index(n);
  if (Number.isNaN(count)) {
    reply.error(Errors.notInteger);
    return -1;
  }
  if (count < 1) {
    const name = c.command?.fullName ?? "";
    reply.errorText(`ERR at least 1 input key is needed for '${name}' command`);
    return -1;
  }
  if (count > args.count - n - 1) {
    reply.error(Errors.syntax);
    return -1;
  }
  if (count > entries.length) {
    entries = new Int32Array(count * 2);
    weights = new Float64Array(count * 2);
    order = new Int32Array(count * 2);
  }
  for (let k = 0; k < count; k++) {
    const entry = c.find(n + 1 + k);
    const { records, types } = c.keyspace;
    if (entry !== 0 && types.collections[records.kind(entry)]?.scores === undefined) {
      c.wrongType(c.keyspace.typeOf(entry), SORTED_SET);
      return -1;
    }
    entries[k] = entry;
    weights[k] = 1;
    order[k] = k;
  }
  return readOptions(c, n + 1 + count, count, words) ? count : -1;
}

function readOptions(c: Context, from: number, count: number, words: number): boolean {
  const { args, reply } = c;
  aggregate = Aggregate.sum;
  withScores = false;
  limit = 0;
  for (let i = from; i < args.count; i++) {
    const rest = args.count - i - 1;
    if ((words & Words.weights) !== 0 && rest >= count && args.is(i, WEIGHTS)) {
      for (let k = 0; k < count; k++) {
        const weight = args.double(++i);
        if (Number.isNaN(weight)) {
          reply.error(weightNotFloat);
          return false;
        }
        weights[k] = weight;
      }
    } else if ((words & Words.weights) !== 0 && rest >= 1 && args.is(i, AGGREGATE)) {
      i++;
      if (args.is(i, SUM)) aggregate = Aggregate.sum;
      else if (args.is(i, MIN)) aggregate = Aggregate.min;
      else if (args.is(i, MAX)) aggregate = Aggregate.max;
      else if (args.is(i, COUNT)) aggregate = Aggregate.count;
      else {
        reply.error(Errors.syntax);
        return false;
      }
    } else if ((words & Words.withScores) !== 0 && args.is(i, WITHSCORES)) withScores = true;
    else if ((words & Words.limit) !== 0 && rest >= 1 && args.is(i, LIMIT)) {
      limit = args.index(++i);
      if (!(limit >= 0)) {
        reply.error(limitNegative);
        return false;
      }
    } else {
      reply.error(Errors.syntax);
      return false;
    }
  }
  return true;
}

/** Has the smaller ones looked at first. */
function sortBySize(c: Context, count: number): void {
  for (let k = 1; k < count; k++) {
    const item = order[k];
    const size = sizeOf(c, entries[item]);
    let at = k;
    for (; at > 0 && sizeOf(c, entries[order[at - 1]]) > size; at--) order[at] = order[at - 1];
    order[at] = item;
  }
}

/** Builds a result in a holder of `into`. */
type Combine = (c: Context, count: number, into: SortedSets) => number;

function unite(c: Context, count: number, into: SortedSets): number {
  sortBySize(c, count);
  const largest = sizeOf(c, entries[order[count - 1]]);
  const holder = into.beginGathering(largest);
  for (let k = 0; k < count; k++) {
    const entry = entries[order[k]];
    if (entry === 0) continue;
    const weight = weights[order[k]];
    const source = sourceOf(c, entry);
    source.open(entry);
    while (source.next()) {
      const { bytes, start, end } = source;
      const score = weighed(source.score, weight);
      if (into.find(holder, bytes, start, end)) {
        into.gatherScore(holder, bytes, start, end, combined(into.score, score));
      } else into.gather(holder, bytes, start, end, score);
    }
  }
  return holder;
}

/** The score of the member on which a walk over the first stands, of all; NaN: one has it not. */
function scoreInAll(c: Context, count: number, source: ScoreSource): number {
  const { bytes, start, end, score } = source;
  const first = entries[order[0]];
  let all = weighed(score, weights[order[0]]);
  for (let k = 1; k < count; k++) {
    const entry = entries[order[k]];
    const other = entry === first ? score : sourceOf(c, entry).scoreOf(entry, bytes, start, end);
    if (Number.isNaN(other)) return Number.NaN;
    const weight = weights[order[k]];
    all = combined(all, aggregate === Aggregate.count ? weight : other * weight);
  }
  return all;
}

function intersect(c: Context, count: number, into: SortedSets): number {
  sortBySize(c, count);
  const first = entries[order[0]];
  const holder = into.beginGathering(0);
  if (first === 0) return holder;
  const source = sourceOf(c, first);
  source.open(first);
  while (source.next()) {
    const score = scoreInAll(c, count, source);
    if (!Number.isNaN(score)) gatherNew(into, holder, source, score);
  }
  return holder;
}

function subtract(c: Context, count: number, into: SortedSets): number {
  const holder = into.beginGathering(0);
  if (entries[0] === 0) return holder;
  const source = sourceOf(c, entries[0]);
  source.open(entries[0]);
  while (source.next()) {
    if (!anyOtherHas(c, count, source)) gatherNew(into, holder, source, source.score);
  }
  return holder;
}

function anyOtherHas(c: Context, count: number, source: ScoreSource): boolean {
  const { bytes, start, end } = source;
  for (let k = 1; k < count; k++) {
    const entry = entries[k];
    if (entry === 0) continue;
    if (!Number.isNaN(sourceOf(c, entry).scoreOf(entry, bytes, start, end))) return true;
  }
  return false;
}

/** Adds the member on which a walk stands, which is not in the result yet. */
function gatherNew(into: SortedSets, holder: number, source: ScoreSource, score: number): void {
  const { bytes, start, end } = source;
  into.find(holder, bytes, start, end); // for its hash
  into.gather(holder, bytes, start, end, score);
}

/** Sorted sets in a memory of their own, for results that are only replied. */
const results = new WeakMap<SortedSets, SortedSets>();

/** Where results are built for this context: empty, and with the limits of its sorted sets. */
function resultsOf(c: Context): SortedSets {
  const sets = sortedSetsOf(c);
  let own = results.get(sets);
  // What was not given back was left by a read that gave up.
  if (own === undefined || own.records.memory.usedBytes > 0) {
    const { k0, k1 } = sets.tables.hasher;
    own = new SortedSets(new Keyspace(new Memory(), 1, Int32Array.of(k0, k1, 0, 0)));
    results.set(sets, own);
  }
  own.entriesMax = sets.entriesMax;
  own.valueMax = sets.valueMax;
  return own;
}

/** ZUNION, ZINTER, ZDIFF. */
function replyCombined(c: Context, combine: Combine, words: number): void {
  const count = readSources(c, 1, words | Words.withScores);
  if (count < 0) return;
  const { reply } = c;
  const own = resultsOf(c);
  const holder = combine(c, count, own);
  own.endGathering(holder, false);
  const size = own.count(holder);
  const isPaired = withScores && reply.protocol === 3;
  reply.array(withScores && !isPaired ? 2 * size : size);
  const { walk } = own;
  walk.open(holder);
  while (walk.next()) {
    if (withScores) replyMember(c, walk.bytes, walk.start, walk.end, walk.score, isPaired);
    else reply.bulk(walk.bytes, walk.start, walk.end);
  }
  if (own.records.memory.reservedBytes > RESULTS_KEPT_BYTES) {
    results.delete(sortedSetsOf(c)); // a large one's memory goes with it
    return;
  }
  const { records } = own;
  while (!own.free(records.kind(holder), records.pointer(holder), Number.MAX_SAFE_INTEGER));
  records.memory.free(holder);
}

/** ZUNIONSTORE, ZINTERSTORE, ZDIFFSTORE. */
function storeCombined(c: Context, combine: Combine, words: number, event: KeyEvent): void {
  const count = readSources(c, 2, words);
  if (count < 0) return;
  const sets = sortedSetsOf(c);
  const holder = combine(c, count, sets);
  sets.endGathering(holder);
  storeHolder(c, holder, event);
  if (aggregate === Aggregate.count) logStored(c);
}

const destinationArg: ArgumentDoc = { name: "destination", type: "key", keySpecIndex: 0 };
const sourcesArg: ArgumentDoc = { name: "key", type: "key", keySpecIndex: 1, multiple: true };
const weightsArg: ArgumentDoc = {
  name: "weight",
  type: "integer",
  token: "WEIGHTS",
  optional: true,
  multiple: true,
};
const aggregates = oneOf("aggregate", "SUM", "MIN", "MAX").arguments as ArgumentDoc[];
const aggregateArg: ArgumentDoc = {
  name: "aggregate",
  type: "oneof",
  arguments: [...aggregates, { name: "count", type: "pure-token", token: "COUNT", since: "8.8.0" }],
  token: "AGGREGATE",
  optional: true,
};
const UNION_COST =
  "O(N)+O(M*log(M)), N being the members of all sorted sets and M those of the result";
const INTERSECTION_COST =
  "O(N*K)+O(M*log(M)), N being the smallest of K sorted sets, M the members of the result";
const DIFFERENCE_COST =
  "O(N*K)+O(M*log(M)), N being the first of K sorted sets, M the members of the result";

export const zunion: Command = {
  name: "zunion",
  arity: -3,
  flags: "readonly",
  keys: [{ index: 1, counted: true, flags: "RO access" }],
  group: "sorted-set",
  since: "6.2.0",
  complexity: UNION_COST,
  summary: "Returns the members that any of the sorted sets has.",
  args: [numkeysArg, keysArg, weightsArg, aggregateArg, withScoresArg],
  console: "scores",
  handler: (c) => replyCombined(c, unite, Words.weights),
};

export const zinter: Command = {
  ...zunion,
  name: "zinter",
  complexity: INTERSECTION_COST,
  summary: "Returns the members that all of the sorted sets have.",
  handler: (c) => replyCombined(c, intersect, Words.weights),
};

export const zdiff: Command = {
  ...zunion,
  name: "zdiff",
  complexity: DIFFERENCE_COST,
  summary: "Returns the members of the first sorted set that no other has.",
  args: [numkeysArg, keysArg, withScoresArg],
  handler: (c) => replyCombined(c, subtract, 0),
};

export const zunionstore: Command = {
  name: "zunionstore",
  arity: -4,
  flags: "write denyoom",
  keys: [
    { index: 1, flags: "OW update" },
    { index: 2, counted: true, flags: "RO access" },
  ],
  group: "sorted-set",
  since: "2.0.0",
  complexity: UNION_COST,
  summary: "Stores the members that any of the sorted sets has.",
  args: [destinationArg, numkeysArg, sourcesArg, weightsArg, aggregateArg],
  handler: (c) => storeCombined(c, unite, Words.weights, AlgebraEvents.zunionstore),
};

export const zinterstore: Command = {
  ...zunionstore,
  name: "zinterstore",
  complexity: INTERSECTION_COST,
  summary: "Stores the members that all of the sorted sets have.",
  handler: (c) => storeCombined(c, intersect, Words.weights, AlgebraEvents.zinterstore),
};

export const zdiffstore: Command = {
  ...zunionstore,
  name: "zdiffstore",
  since: "6.2.0",
  complexity: DIFFERENCE_COST,
  summary: "Stores the members of the first sorted set that no other has.",
  args: [destinationArg, numkeysArg, sourcesArg],
  handler: (c) => storeCombined(c, subtract, 0, AlgebraEvents.zdiffstore),
};

export const zintercard: Command = {
  name: "zintercard",
  arity: -3,
  flags: "readonly",
  keys: [{ index: 1, counted: true, flags: "RO access" }],
  group: "sorted-set",
  since: "7.0.0",
  complexity: "O(N*K), N being the smallest of K sorted sets",
  summary: "Returns how many members all of the sorted sets have.",
  args: [numkeysArg, keysArg, { name: "limit", type: "integer", token: "LIMIT", optional: true }],
  handler: zintercardCommand,
};

function zintercardCommand(c: Context): void {
  const count = readSources(c, 1, Words.limit);
  if (count < 0) return;
  sortBySize(c, count);
  const first = entries[order[0]];
  let found = 0;
  if (first !== 0) {
    const source = sourceOf(c, first);
    source.open(first);
    while (source.next()) {
      if (Number.isNaN(scoreInAll(c, count, source))) continue;
      found++;
      if (found === limit) break;
    }
  }
  c.reply.integer(found);
}

/** The commands that combine sorted sets. */
export const sortedSetAlgebraCommands: Command[] = [
  zunion,
  zinter,
  zdiff,
  zunionstore,
  zinterstore,
  zdiffstore,
  zintercard,
];
