// HyperLogLogs: how many different elements were added to a key, about, in at most 12 KB
// (structures/hyperloglog.ts). They are strings, and every command on strings may be used on them.

import { INT64_MIN } from "../../base/integers.ts";
import { needLock } from "../../base/lock-needed.ts";
import type { Command, Context } from "../../engine/context.ts";
import { EventClass, keyEvent } from "../../engine/events.ts";
import { STRING } from "../../keyspace/data-type.ts";
import { KEEP_DEADLINE } from "../../keyspace/keyspace.ts";
import { errorLine } from "../../protocol/errors.ts";
import {
  cachedCardinality,
  cachedCardinality64,
  Draft,
  element,
  estimate,
  hashElement,
  isDense,
  isHyperLogLog,
  raiseDense,
  rankOf,
  setCachedCardinality,
  Union,
} from "../../structures/hyperloglog.ts";
import { StringKind, stringsOf } from "../../types/strings.ts";
import { keysArg } from "../shared/argument-docs.ts";

const noHyperLogLog = errorLine("WRONGTYPE Key is not a valid HyperLogLog string value.");
export const corrupted: Uint8Array = errorLine("INVALIDOBJ Corrupted HLL object detected");

const pfaddEvent = keyEvent(EventClass.string, "pfadd");
/** Of a change that WATCH and the log hear of, and no subscriber. */
export const silent = keyEvent(0, "");

/** Beyond any that can be remembered: registers have ranks that no elements gave them. */
const CARDINALITIES = 2 ** 63;

/** The one that is being changed. One command runs at a time. */
export const draft: Draft = new Draft();
const union = new Union();

export const pfadd: Command = {
  name: "pfadd",
  arity: -2,
  flags: "write denyoom fast",
  keys: "RW insert",
  group: "hyperloglog",
  since: "2.8.9",
  complexity: "O(1) to add every element.",
  summary: "Adds elements to a HyperLogLog.",
  args: [
    { name: "key", type: "key", keySpecIndex: 0 },
    { name: "element", type: "string", optional: true, multiple: true },
  ],
  handler: pfaddCommand,
};

function pfaddCommand(c: Context): void {
  const { args, keyspace, reply } = c;
  const { bytes, starts, ends, count } = args;
  const entry = findHyperLogLog(c, 1, false);
  if (entry < 0) return;
  const { sparseMax } = stringsOf(c);
  let changes = 0;
  if (entry === 0) {
    draft.create();
    changes = 1;
  } else if (isDense(keyspace.records.bytes, keyspace.records.start)) {
    reply.integer(addToDense(c, entry) ? 1 : 0);
    return;
  }
  for (let i = 2; i < count; i++) {
    hashElement(bytes, starts[i], ends[i]);
    if (changes === 0) {
      const { bytes: held, start, end } = keyspace.records;
      const rank = rankOf(held, start, end, element.register);
      if (rank >= element.rank) continue;
      if (rank < 0 || !draft.load(held, start, end)) return reply.error(corrupted);
    }
    const raised = draft.raise(element.register, element.rank, sparseMax);
    if (raised < 0) return reply.error(corrupted);
    if (raised > 0) changes++;
  }
  if (changes > 0) {
    draft.invalidate();
    keep(c, entry);
    c.modified(1, pfaddEvent, changes);
  } else makeRaw(c, entry);
  reply.integer(changes > 0 ? 1 : 0);
}

/** Adds the elements from argument 2 on to a dense one; whether it has changed. */
function addToDense(c: Context, entry: number): boolean {
  const { args, keyspace } = c;
  const { bytes, starts, ends, count } = args;
  const { records } = keyspace;
  let changes = 0;
  for (let i = 2; i < count; i++) {
    hashElement(bytes, starts[i], ends[i]);
    const { register, rank } = element;
    if (rankOf(records.bytes, records.start, records.end, register) >= rank) continue;
    if (changes === 0) {
      const length = records.end - records.start;
      keyspace.resizeString(c.db, entry, StringKind.raw, length, 0, length);
    }
    raiseDense(records.bytes, records.start, register, rank);
    changes++;
  }
  if (changes > 0) c.modified(1, pfaddEvent, changes);
  return changes > 0;
}

export const pfcount: Command = {
  name: "pfcount",
  arity: -2,
  flags: "readonly may_replicate",
  keys: [
    {
      index: 1,
      last: -1,
      flags: "RW access",
      notes:
        "RW because it may change the internal representation of the key, and propagate to " +
        "replicas",
    },
  ],
  group: "hyperloglog",
  since: "2.8.9",
  complexity:
    "O(1) with a very small average constant time when called with a single key. " +
    "O(N) with N being the number of keys, and much bigger constant times, when called with " +
    "multiple keys.",
  summary: "Returns about how many different elements were added to HyperLogLogs.",
  args: [keysArg],
  handler: pfcountCommand,
};

function pfcountCommand(c: Context): void {
  const { args, keyspace, reply } = c;
  const { records } = keyspace;
  if (args.count === 2) {
    const entry = findHyperLogLog(c, 1, true);
    if (entry === 0) reply.integer(0);
    else if (entry > 0) replyCardinality(c, entry);
    return;
  }
  union.clear();
  for (let i = 1; i < args.count; i++) {
    const entry = findHyperLogLog(c, i, true);
    if (entry < 0) return;
    if (entry === 0 || union.add(records.bytes, records.start, records.end)) continue;
    reply.error(corrupted);
    return;
  }
  replyEstimate(c, union.estimate());
}

/** Replies the cardinality of one, and has it remember that. */
function replyCardinality(c: Context, entry: number): void {
  const { records } = c.keyspace;
  const cached = cachedCardinality(records.bytes, records.start);
  if (cached >= 0) {
    if (Number.isSafeInteger(cached)) c.reply.integer(cached);
    else c.reply.integer64(cachedCardinality64(records.bytes, records.start));
    makeRaw(c, entry);
    return;
  }
  const cardinality = estimate(records.bytes, records.start, records.end);
  if (cardinality < 0) {
    c.reply.error(corrupted);
    return;
  }
  replyEstimate(c, cardinality);
  if (cardinality >= CARDINALITIES) return;
  // Where nothing can be written it is computed anew each time.
  if (c.services.writesRefused() !== undefined) return;
  touchRaw(c, entry, 8, 16);
  setCachedCardinality(records.bytes, records.start, cardinality);
  c.modified(1, silent);
}

/** Replies an estimate as Redis does: what is beyond its integers is the least of them. */
function replyEstimate(c: Context, cardinality: number): void {
  if (Number.isSafeInteger(cardinality)) c.reply.integer(cardinality);
  else c.reply.integer64(cardinality < CARDINALITIES ? BigInt(cardinality) : INT64_MIN);
}

export const pfmerge: Command = {
  name: "pfmerge",
  arity: -2,
  flags: "write denyoom",
  keys: [
    { index: 1, flags: "RW access insert" },
    { index: 2, last: -1, flags: "RO access" },
  ],
  group: "hyperloglog",
  since: "2.8.9",
  complexity: "O(N) to merge N HyperLogLogs, but with high constant times.",
  summary: "Adds what was added to HyperLogLogs to one of them.",
  args: [
    { name: "destkey", type: "key", keySpecIndex: 0 },
    { name: "sourcekey", type: "key", keySpecIndex: 1, optional: true, multiple: true },
  ],
  handler: pfmergeCommand,
};

function pfmergeCommand(c: Context): void {
  const { args, keyspace, reply } = c;
  const { records } = keyspace;
  let dense = false;
  union.clear();
  for (let i = 1; i < args.count; i++) {
    const entry = findHyperLogLog(c, i, true);
    if (entry < 0) return;
    if (entry === 0) continue;
    const { bytes, start, end } = records;
    if (isDense(bytes, start)) dense = true;
    if (!union.add(bytes, start, end)) return reply.error(corrupted);
  }
  const entry = findHyperLogLog(c, 1, false);
  if (entry < 0) return;
  if (entry === 0) draft.create();
  else if (!draft.load(records.bytes, records.start, records.end)) return reply.error(corrupted);
  if (dense && !draft.toDense()) return reply.error(corrupted);
  const { sparseMax } = stringsOf(c);
  const { ranks } = union;
  for (let register = 0; register < ranks.length; register++) {
    if (ranks[register] > 0) draft.raise(register, ranks[register], sparseMax);
  }
  draft.invalidate();
  keep(c, entry);
  c.modified(1, pfaddEvent);
  reply.ok();
}

export const hyperloglogCommands: readonly Command[] = [pfadd, pfcount, pfmerge];

/**
 * The entry of the key at argument i, which records then describe, or 0; −1 where it holds
 * something else, and that has been replied. With `reads` a hit or a miss is counted.
 */
export function findHyperLogLog(c: Context, i: number, reads: boolean): number {
  const entry = reads ? c.findTyped(i, STRING) : c.findTypedForWrite(i, STRING);
  if (entry <= 0) return entry;
  const { records } = c.keyspace;
  records.value(entry);
  if (isHyperLogLog(records.bytes, records.start, records.end)) return entry;
  c.reply.error(noHyperLogLog);
  return -1;
}

/** Keeps the draft under the key at argument 1, whose entry this is (0: there is none). */
function keep(c: Context, entry: number): void {
  const { keyspace } = c;
  const { bytes, length } = draft;
  if (entry === 0) c.setString(1, StringKind.raw, bytes, 0, length, KEEP_DEADLINE);
  else keyspace.setValue(c.db, entry, StringKind.raw, bytes, 0, length);
}

/** Whoever looks at one leaves it `raw`, as in Redis. */
export function makeRaw(c: Context, entry: number): void {
  const { records } = c.keyspace;
  if (records.kind(entry) === StringKind.raw || c.services.writesRefused() !== undefined) return;
  touchRaw(c, entry, 0, 0);
}

/** Its bytes [from, to) are about to be changed where they lie; records describe it. */
function touchRaw(c: Context, entry: number, from: number, to: number): void {
  const { keyspace } = c;
  const { records } = keyspace;
  if (keyspace.reading) needLock();
  keyspace.resizeString(c.db, entry, StringKind.raw, records.valueLength(entry), from, to);
}
