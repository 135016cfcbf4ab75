// Adding an entry at most once: XADD IDMP and IDMPAUTO; XCFGSET, which says for how long, and how
// many, idempotent IDs (iids) are kept; and XIDMPRECORD, which says of an entry that is there under
// which iid it was added.
//
//   IDMP producer iid     the producer says what is the same entry
//   IDMPAUTO producer     its fields and values do, in any order
//
// To the log goes XADD with the ID that the entry has, also where it was there already: an ID that
// is not after the stream's last one. So a replay knows which it was, whatever time it is. It knows
// no directives: where they are not as they are by themselves, the first iid of a stream goes to
// the log as XADD without it, XCFGSET and XIDMPRECORD. That tells a log of a duplicate, too, where
// an iid is recorded a second time, or of no entry.

import { asciiBytes } from "../../base/bytes.ts";
import { xxh128 } from "../../base/xxh3-128.ts";
import type { Command, Context } from "../../engine/context.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import {
  compareIds,
  copyId,
  createId,
  ID_TEXT_MAX,
  type StreamId,
  writeId,
} from "../../structures/stream-id.ts";
import { IidLimits } from "../../structures/stream-iids.ts";
import { STREAM, type Streams, streamsOf } from "../../types/streams.ts";
import { integer, keyArg } from "../shared/argument-docs.ts";
import { readId } from "./ids.ts";

const DURATION = asciiBytes("idmp-duration");
const MAXSIZE = asciiBytes("idmp-maxsize");
const DURATION_MAX = IidLimits.secondsMax;
const MAXSIZE_MAX = IidLimits.mostMax;

const nothingSet = errorLine("ERR At least one parameter must be specified");
const durationTwice = errorLine("ERR IDMP-DURATION specified multiple times");
const maxsizeTwice = errorLine("ERR IDMP-MAXSIZE specified multiple times");
const durationOff = errorLine(`ERR IDMP-DURATION must be between 1 and ${DURATION_MAX} seconds`);
const maxsizeOff = errorLine(`ERR IDMP-MAXSIZE must be between 1 and ${MAXSIZE_MAX} entries`);
const nobody = errorLine("ERR XIDMPRECORD requires a non-empty producer ID");
const nothing = errorLine("ERR XIDMPRECORD requires a non-empty idempotent ID");
const noEntry = errorLine("ERR The specified stream ID was deleted or doesn't exist");
const ofAnother = errorLine(
  "ERR The specified IDMP producer-id/idempotent-id pair maps to a different stream ID",
);

/** The iid of the request, and its producer's argument. */
let pidAt = 0;
let iid: Uint8Array = new Uint8Array(0);
let iidStart = 0;
let iidEnd = 0;
const hashed = new Uint8Array(16);
const given = createId();
const known = createId();
const text = new Uint8Array(ID_TEXT_MAX);

/**
 * Notes what is idempotent about a request: its producer, its iid or 0 where its words from `from`
 * on are to say it.
 */
export function noteIid(c: Context, producerAt: number, iidAt: number, from: number): void {
  const { args } = c;
  pidAt = producerAt;
  iid = iidAt === 0 ? hashed : args.bytes;
  iidStart = iidAt === 0 ? 0 : args.starts[iidAt];
  iidEnd = iidAt === 0 ? hashed.length : args.ends[iidAt];
  if (iidAt === 0) hashPairs(c, from);
}

/**
 * Whether the entry was added already; then that is counted, and its ID is `id`. A log has given an
 * ID, and the stream has its last one.
 */
export function isDuplicate(
  c: Context,
  entry: number,
  given: StreamId,
  last: StreamId,
  id: StreamId,
): boolean {
  const { bytes, starts, ends } = c.args;
  const { iidChanges } = streamsOf(c);
  const start = starts[pidAt];
  const end = ends[pidAt];
  if (!c.executor.replaying) {
    return iidChanges.isDuplicate(entry, bytes, start, end, iid, iidStart, iidEnd, c.now, id);
  }
  if (compareIds(given, last) > 0) {
    makeWay(c, entry);
    return false;
  }
  iidChanges.countDuplicate(entry);
  copyId(given, id);
  return true;
}

function makeWay(c: Context, entry: number): void {
  const { bytes, starts, ends } = c.args;
  const now = c.executor.replaying ? c.services.nowMs() : c.now;
  const { iidChanges } = streamsOf(c);
  iidChanges.makeWay(entry, bytes, starts[pidAt], ends[pidAt], iid, iidStart, iidEnd, now);
}

/** Whether an iid that is added now would keep a log from saying all by itself. */
export function needsLimits(c: Context, entry: number): boolean {
  const streams = streamsOf(c);
  if (entry !== 0 && streams.registerOf(streams.records.pointer(entry)) !== 0) return false;
  return secondsOf(c) !== IidLimits.seconds || mostOf(c) !== IidLimits.most;
}

/** What a stream keeps for which nothing was set. */
function secondsOf(c: Context): number {
  return c.executor.replaying ? IidLimits.seconds : streamsOf(c).iidSeconds;
}

function mostOf(c: Context): number {
  return c.executor.replaying ? IidLimits.most : streamsOf(c).iidsMax;
}

/** The entry with this ID was added. */
export function addIid(c: Context, entry: number, id: StreamId): void {
  const { bytes, starts, ends } = c.args;
  const { iidChanges } = streamsOf(c);
  const start = starts[pidAt];
  const end = ends[pidAt];
  const seconds = secondsOf(c);
  iidChanges.add(entry, bytes, start, end, iid, iidStart, iidEnd, id, seconds, mostOf(c));
}

/** Has the log say what a stream keeps, and then under which iid the entry was added. */
export function logLimits(c: Context, entry: number, id: StreamId): void {
  const streams = streamsOf(c);
  const register = streams.registerOf(streams.records.pointer(entry));
  effectLimits(c, streams.iids.seconds(register), streams.iids.most(register));
  logIid(c, id);
}

function logIid(c: Context, id: StreamId): void {
  c.effect(5);
  c.effectText("XIDMPRECORD");
  c.effectArg(1);
  c.effectArg(pidAt);
  c.effectBytes(iid, iidStart, iidEnd);
  c.effectBytes(text, 0, writeId(text, 0, id));
}

/**
 * Replies the ID of an entry that was there already. It stands at `idAt` in what goes to the log,
 * which would take it for new where it is after the last one: XSETID may have set that back.
 */
export function replyAgain(c: Context, id: StreamId, last: StreamId, idAt: number): void {
  const end = writeId(text, 0, id);
  c.reply.bulk(text, 0, end);
  c.changes++;
  if (compareIds(id, last) > 0) logIid(c, id);
  else c.effectWith(idAt, text, 0, end);
}

function effectLimits(c: Context, seconds: number, most: number): void {
  c.effect(6);
  c.effectText("XCFGSET");
  c.effectArg(1);
  c.effectText("IDMP-DURATION");
  c.effectInteger(seconds);
  c.effectText("IDMP-MAXSIZE");
  c.effectInteger(most);
}

/**
 * Redis's hash of fields and values: that of each pair, the length of its field in between, summed
 * up and combined by exclusive or, in which no order counts.
 */
function hashPairs(c: Context, from: number): void {
  const { args } = c;
  let sumLow = 0n;
  let sumHigh = 0n;
  let xorLow = 0n;
  let xorHigh = 0n;
  for (let i = from; i < args.count; i += 2) {
    const field = args.bytes.subarray(args.starts[i], args.ends[i]);
    const value = args.bytes.subarray(args.starts[i + 1], args.ends[i + 1]);
    const pair = new Uint8Array(field.length + 8 + value.length);
    pair.set(field);
    new DataView(pair.buffer).setUint32(field.length, field.length, true);
    pair.set(value, field.length + 8);
    const { low, high } = xxh128(pair, 0, pair.length);
    sumLow += low;
    sumHigh += high;
    xorLow ^= low;
    xorHigh ^= high;
  }
  const view = new DataView(hashed.buffer);
  view.setBigUint64(0, BigInt.asUintN(64, sumLow) ^ turned(xorHigh), true);
  view.setBigUint64(8, BigInt.asUintN(64, sumHigh) ^ turned(xorLow), true);
}

function turned(value: bigint): bigint {
  return BigInt.asUintN(64, (value << 1n) | (value >> 63n));
}

export const xcfgset: Command = {
  name: "xcfgset",
  arity: -2,
  flags: "write fast",
  keys: "RW update",
  group: "stream",
  since: "8.6.0",
  complexity: "O(1); where what is set is new, O(N log(N)), N being the idempotent IDs that go",
  summary: "Sets for how long, and how many, idempotent IDs of a stream are kept.",
  args: [keyArg, integer("duration", "IDMP-DURATION"), integer("maxsize", "IDMP-MAXSIZE")],
  handler: xcfgsetCommand,
};

function xcfgsetCommand(c: Context): void {
  const { args, reply } = c;
  const entry = c.findTypedForWrite(1, STREAM);
  if (entry < 0) return;
  if (entry === 0) return reply.error(Errors.noSuchKey);
  let seconds = 0;
  let most = 0;
  for (let i = 2; i < args.count; i += 2) {
    const isDuration = args.is(i, DURATION);
    if (i + 1 === args.count || !(isDuration || args.is(i, MAXSIZE))) {
      return reply.error(Errors.syntax);
    }
    if ((isDuration ? seconds : most) > 0) {
      return reply.error(isDuration ? durationTwice : maxsizeTwice);
    }
    const value = args.index(i + 1);
    if (Number.isNaN(value)) return reply.error(Errors.notInteger);
    if (value < 1 || value > (isDuration ? DURATION_MAX : MAXSIZE_MAX)) {
      return reply.error(isDuration ? durationOff : maxsizeOff);
    }
    if (isDuration) seconds = value;
    else most = value;
  }
  if (seconds === 0 && most === 0) return reply.error(nothingSet);
  const streams = streamsOf(c);
  const { iids } = streams;
  const register = streams.registerOf(streams.records.pointer(entry));
  const isNew = register === 0;
  const secondsNow = isNew ? secondsOf(c) : iids.seconds(register);
  const mostNow = isNew ? mostOf(c) : iids.most(register);
  const isWhole = seconds !== 0 && most !== 0;
  if (seconds === 0) seconds = secondsNow;
  if (most === 0) most = mostNow;
  if (isNew || seconds !== secondsNow || most !== mostNow) {
    streams.iidChanges.configure(entry, seconds, most);
    c.changes++;
    if (isNew && !isWhole) effectLimits(c, seconds, most);
  }
  reply.ok();
}

export const xidmprecord: Command = {
  name: "xidmprecord",
  arity: 5,
  flags: "write denyoom fast",
  keys: "RW update",
  group: "stream",
  since: "8.8.0",
  complexity: "O(log(N)), N being the number of entries and of idempotent IDs",
  summary: "Notes under which idempotent ID an entry of a stream was added.",
  args: [
    keyArg,
    { name: "pid", type: "string" },
    { name: "iid", type: "string" },
    { name: "stream-id", type: "string" },
  ],
  handler: xidmprecordCommand,
};

function xidmprecordCommand(c: Context): void {
  const { args, reply } = c;
  const entry = c.findTypedForWrite(1, STREAM);
  if (entry < 0) return;
  if (entry === 0) return reply.error(Errors.noSuchKey);
  if (args.length(2) === 0) return reply.error(nobody);
  if (args.length(3) === 0) return reply.error(nothing);
  if (!readId(c, 4, given)) return;
  const streams = streamsOf(c);
  const { cursor, iids } = streams;
  const root = streams.records.pointer(entry);
  const { replaying } = c.executor;
  noteIid(c, 2, 3, 0);
  const register = streams.registerOf(root);
  const found = register === 0 ? 0 : findIid(c, streams, register);
  if (found !== 0) iids.readId(found, known);
  const isKnown = found !== 0 && compareIds(known, given) === 0;
  const isThere = cursor.seek(root, given) && compareIds(cursor.id, given) === 0;
  if (replaying && (isKnown || !isThere)) {
    streams.iidChanges.countDuplicate(entry);
    return reply.ok();
  }
  if (!isThere) return reply.error(noEntry);
  if (isKnown) return reply.ok();
  if (found !== 0 && !replaying && !streams.iidChanges.isPast(register, found, c.now)) {
    return reply.error(ofAnother);
  }
  const isLimited = needsLimits(c, entry);
  makeWay(c, entry);
  addIid(c, entry, given);
  c.changes++;
  if (isLimited) logLimits(c, entry, given);
  reply.ok();
}

function findIid(c: Context, streams: Streams, register: number): number {
  const { bytes, starts, ends } = c.args;
  const { iids } = streams;
  const producer = iids.findProducer(register, bytes, starts[pidAt], ends[pidAt]);
  return producer === 0 ? 0 : iids.findIid(producer, iid, iidStart, iidEnd);
}

/** Fields that XINFO STREAM has besides: those of streams for which iids were used, or set. */
export function iidFields(streams: Streams, root: number): number {
  return streams.registerOf(root) === 0 ? 0 : 6;
}

/** What XINFO STREAM tells of idempotent IDs, where there is something to tell. */
export function replyIids(c: Context, streams: Streams, root: number): void {
  const { reply } = c;
  const { iids, iidChanges } = streams;
  const register = streams.registerOf(root);
  if (register === 0) return;
  let count = 0;
  let tracked = 0;
  const { producers } = iids;
  const tree = iids.producersOf(register);
  for (let more = tree !== 0 && producers.at(tree, 0); more; more = producers.next()) {
    const producer = producers.value;
    // A reader without the lock may find any number.
    let kept = Math.min(iids.iidCount(producer), MAXSIZE_MAX);
    for (let one = iids.oldest(producer); one !== 0 && kept > 0; one = iids.next(one)) {
      if (!iidChanges.isPast(register, one, c.now)) break;
      kept--;
    }
    tracked += kept;
    if (kept > 0) count++;
  }
  reply.bulkText("idmp-duration");
  reply.integer(iids.seconds(register));
  reply.bulkText("idmp-maxsize");
  reply.integer(iids.most(register));
  reply.bulkText("pids-tracked");
  reply.integer(count);
  reply.bulkText("iids-tracked");
  reply.integer(tracked);
  reply.bulkText("iids-added");
  reply.integer(iids.added(register));
  reply.bulkText("iids-duplicates");
  reply.integer(iids.duplicates(register));
}
