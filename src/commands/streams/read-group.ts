// XREADGROUP: a consumer reads. Of each stream it gets, for ">", entries that its group has not
// been delivered, which are pending for it from then on; for an ID, what is pending for itself
// behind that, once more. With CLAIM it is given first what has been pending for anybody long
// enough.
//
// It waits, where it is to, for one of its streams to have an entry for its group, or for one of
// them or its group to go, which it is told as an error: with the code that Redis has for that
// since 7.2, and in the words that it had before. Those who wait at a key as consumers of one group
// are alike: an entry that comes is the first one's.
//
// What goes to the log is not the request but what came of it: see group-effects.ts.

import type { Command, Context } from "../../engine/context.ts";
import { orNullArray, type Wait } from "../../engine/wait.ts";
import type { EntryJournal } from "../../keyspace/entry-journal.ts";
import { errorLine } from "../../protocol/errors.ts";
import { DELIVERIES_MAX } from "../../structures/stream-groups.ts";
import {
  compareIds,
  copyId,
  createId,
  GREATEST_ID,
  incrementId,
} from "../../structures/stream-id.ts";
import { STREAM, streamsOf } from "../../types/streams.ts";
import { integer } from "../shared/argument-docs.ts";
import { replyEntry, replyId, replyPairs } from "./entry-replies.ts";
import { claimEffect, consumerEffect, positionEffect } from "./group-effects.ts";
import { replyDeliveries } from "./group-replies.ts";
import { isCharacter, readId } from "./ids.ts";
import { found, groupOf, IdList, openConsumer, shown } from "./lookups.ts";
import { readArgs, readLikeness, readOptions } from "./read-options.ts";

const DOLLAR = 0x24;
const PLUS = 0x2b;
const GREATER = 0x3e;
const STREAMS_MIN = 8;

const missingGroup = errorLine("ERR Missing GROUP option for XREADGROUP");
const keyHasGone = errorLine("NOGROUP the stream key no longer exists");
const typeHasChanged = errorLine("WRONGTYPE the stream key no longer exists");
const groupHasGone = errorLine(
  "NOGROUP the consumer group this client was blocked on no longer exists",
);
const meaningless = (symbol: string): Uint8Array =>
  errorLine(
    `ERR The ${symbol} ID is meaningless in the context of XREADGROUP: you want to read the ` +
      "history of this consumer by specifying a proper ID, or use the > ID to get new messages. " +
      `The ${symbol} ID would just return an empty result set.`,
  );
const meaninglessDollar = meaningless("$");
const meaninglessPlus = meaningless("+");

/** What XREADGROUP waits for; without it it replies a null array. */
const deliveries: Wait = {
  wakes: (type, isNew) => isNew || type !== STREAM,
  likeness: readLikeness,
  hearsAll: true,
  ...orNullArray,
};

export const xreadgroup: Command = {
  name: "xreadgroup",
  arity: -7,
  flags: "write blocking",
  wait: deliveries,
  keys: [{ index: 4, keyword: "STREAMS", last: -1, limit: 2, flags: "RO access" }],
  group: "stream",
  since: "5.0.0",
  complexity: "O(log(N)+M) for each stream, N being its entries and M those returned",
  summary: "Delivers entries of streams to a consumer of a group; may wait for some.",
  args: [
    {
      name: "group-block",
      type: "block",
      token: "GROUP",
      arguments: [
        { name: "group", type: "string" },
        { name: "consumer", type: "string" },
      ],
    },
    readArgs.count,
    readArgs.maxcount,
    readArgs.maxsize,
    readArgs.block,
    { ...integer("min-idle-time", "CLAIM"), since: "8.4.0" },
    { name: "noack", type: "pure-token", token: "NOACK", optional: true },
    readArgs.streams,
  ],
  console: "entries",
  handler: xreadgroupCommand,
};

const id = createId();
const last = createId();
const ids = new IdList();
/** For each stream its entry and its group. */
let places: Int32Array = new Int32Array(2 * STREAMS_MIN);
/** Entries that are about to be claimed. */
let claimed: Int32Array = new Int32Array(STREAMS_MIN);
/** When one that is pending can be claimed next. */
let nextClaimAt = 0;

function xreadgroupCommand(c: Context): void {
  const { reply } = c;
  const options = readOptions;
  if (!options.read(c, true)) return;
  if (options.groupAt === 0) return reply.error(missingGroup);
  const { first, streams } = options;
  if (!findAll(c, first, streams)) return;
  c.rewritten = true;
  options.begin(c);
  nextClaimAt = c.now + options.claimMs;
  const mark = reply.beginDeferred();
  let replied = 0;
  for (let k = 0; k < streams; k++) if (readStream(c, k)) replied++;
  if (replied > 0) {
    if (reply.protocol === 2) reply.endArray(mark, replied);
    else reply.endMap(mark, replied);
    return;
  }
  reply.truncate(mark);
  if (options.timeoutMs < 0) return reply.nullArray();
  const lookAgainMs = options.claimMs < 0 ? -1 : nextClaimAt - c.now;
  c.block(first, first + streams - 1, options.timeoutMs, lookAgainMs);
}

/** Finds all streams and groups, and reads the IDs; false: an error is replied. */
function findAll(c: Context, first: number, streams: number): boolean {
  const { groupAt } = readOptions;
  if (places.length < 2 * streams) places = new Int32Array(4 * streams);
  ids.clear();
  for (let k = 0; k < streams; k++) {
    const i = first + k;
    const entry = c.serving ? findWaitedFor(c, i) : c.findTyped(i, STREAM);
    if (entry < 0) return false;
    const group = entry === 0 ? 0 : groupOf(c, entry, groupAt);
    if (group === 0) {
      replyMissing(c, i, groupAt);
      return false;
    }
    places[2 * k] = entry;
    places[2 * k + 1] = group;
    if (!readBehind(c, i + streams)) return false;
    ids.add(id);
  }
  return true;
}

/** As findTyped, of a stream that was there when the session began to wait. */
function findWaitedFor(c: Context, i: number): number {
  const entry = c.findForWrite(i);
  if (entry !== 0 && c.keyspace.typeOf(entry) === STREAM) return entry;
  c.reply.error(entry === 0 ? keyHasGone : typeHasChanged);
  return -1;
}

function replyMissing(c: Context, i: number, groupAt: number): void {
  const { reply } = c;
  if (c.serving) return reply.error(groupHasGone);
  reply.errorText(
    `NOGROUP No such key '${shown(c, i)}' or consumer group '${shown(c, groupAt)}' ` +
      "in XREADGROUP with GROUP option",
  );
}

/** Reads argument i as the ID behind which to read, the greatest for ">"; false: it is none. */
function readBehind(c: Context, i: number): boolean {
  const { args } = c;
  if (isCharacter(args, i, GREATER)) copyId(GREATEST_ID, id);
  else if (isCharacter(args, i, DOLLAR) || isCharacter(args, i, PLUS)) {
    c.reply.error(isCharacter(args, i, PLUS) ? meaninglessPlus : meaninglessDollar);
    return false;
  } else return readId(c, i, id);
  return true;
}

/** Replies what there is for the consumer of the stream with this number; false: nothing. */
function readStream(c: Context, k: number): boolean {
  const options = readOptions;
  const { first, groupAt, isNoack } = options;
  if (!options.hasRoom(c)) return false;
  const streams = streamsOf(c);
  const entry = places[2 * k];
  const group = places[2 * k + 1];
  const journal = streams.changing(entry);
  const changes = c.changes;
  const consumer = openConsumer(c, journal, first + k, group, groupAt + 1);
  const { isNew } = found;
  if (isNew && isNoack) consumerEffect(c, first + k, groupAt, groupAt + 1);
  ids.at(k, id);
  const isReplied =
    compareIds(id, GREATEST_ID) === 0
      ? deliver(c, journal, k, consumer)
      : replyHistory(c, journal, k, consumer);
  // Whatever was delivered says that there is a consumer.
  const isSaid = isNoack || c.changes > changes + 1;
  if (isNew && !isSaid) consumerEffect(c, first + k, groupAt, groupAt + 1);
  return isReplied;
}

function beginStream(c: Context, k: number): number {
  const { args, reply } = c;
  const i = readOptions.first + k;
  if (reply.protocol === 2) reply.array(2);
  reply.bulk(args.bytes, args.starts[i], args.ends[i]);
  return reply.beginDeferred();
}

/** What is pending for the consumer behind the ID `id`. */
function replyHistory(
  c: Context,
  journal: EntryJournal | null,
  k: number,
  consumer: number,
): boolean {
  const { reply } = c;
  const options = readOptions;
  const streams = streamsOf(c);
  const { groups, groupChanges, cursor } = streams;
  const root = streams.records.pointer(places[2 * k]);
  const group = places[2 * k + 1];
  const mark = beginStream(c, k);
  const tree = groups.consumersPending(consumer);
  groups.lastId(group, last);
  let replied = 0;
  let more = incrementId(id) && tree !== 0 && groups.ids.seekId(tree, id);
  for (; more && replied < options.count && options.hasRoom(c); more = groups.ids.next()) {
    const pending = groups.ids.value;
    groups.ids.readId(pending, id);
    if (cursor.seek(root, id) && compareIds(cursor.id, id) === 0) {
      replyEntry(c, cursor);
      const count = Math.min(groups.deliveries(pending) + 1, DELIVERIES_MAX);
      groupChanges.givePending(journal, group, pending, consumer, c.now, count);
      claimEffect(c, options.first + k, options.groupAt, pending, last);
    } else {
      reply.array(2);
      replyId(c, id);
      reply.nullArray();
    }
    options.took();
    replied++;
  }
  reply.endArray(mark, replied);
  return true;
}

/** Entries that can be claimed, if that is asked for, and those that are new to the group. */
function deliver(c: Context, journal: EntryJournal | null, k: number, consumer: number): boolean {
  const options = readOptions;
  const streams = streamsOf(c);
  const root = streams.records.pointer(places[2 * k]);
  const group = places[2 * k + 1];
  const claims = options.claimMs >= 0;
  const count = claims ? collectClaimed(c, root, group) : 0;
  if (count === 0 && !hasNew(c, root, group)) return false;
  const mark = beginStream(c, k);
  let replied = 0;
  while (replied < count && options.hasRoom(c)) {
    claim(c, journal, k, consumer, claimed[replied]);
    replied++;
  }
  const isOver = replied < count || replied >= options.count;
  if (!isOver && (count === 0 || hasNew(c, root, group))) {
    replied += deliverNew(c, journal, k, consumer, options.count - replied);
  }
  // As Redis counts: a delivery is one change, whatever is in it; one that is repeated is none.
  c.changes++;
  if (!options.isNoack || count > 0) streams.groupChanges.setActive(journal, consumer, c.now);
  c.reply.endArray(mark, replied);
  return true;
}

/** Goes to the first entry that a group has not been delivered; false: there is none. */
function hasNew(c: Context, root: number, group: number): boolean {
  const streams = streamsOf(c);
  streams.lastId(root, last);
  if (streams.groups.ids.compare(group, last) >= 0) return false;
  streams.groups.lastId(group, id);
  return incrementId(id) && streams.cursor.seekOn(root, id, group);
}

/** Delivers at most so many entries from where the cursor stands; returns how many. */
function deliverNew(
  c: Context,
  journal: EntryJournal | null,
  k: number,
  consumer: number,
  most: number,
): number {
  const options = readOptions;
  const streams = streamsOf(c);
  const { cursor, groups, groupChanges } = streams;
  const root = streams.records.pointer(places[2 * k]);
  const group = places[2 * k + 1];
  let read = groups.entriesRead(group);
  let delivered = 0;
  for (let more = true; more && delivered < most && options.hasRoom(c); ) {
    copyId(cursor.id, last);
    read = streams.readWith(root, read, last);
    if (options.claimMs < 0) replyEntry(c, cursor);
    else {
      c.reply.array(4);
      replyId(c, last);
      replyPairs(c, cursor);
      c.reply.integer(0);
      c.reply.integer(0);
    }
    if (!options.isNoack) {
      let pending = groups.findPending(group, last);
      if (pending === 0) {
        pending = groupChanges.addPending(journal, group, consumer, last, c.now, 1);
      } else groupChanges.givePending(journal, group, pending, consumer, c.now, 1);
      claimEffect(c, options.first + k, options.groupAt, pending, last);
    }
    options.took();
    delivered++;
    cursor.remember(group);
    more = delivered < most && cursor.next();
  }
  if (delivered === 0) return 0;
  groupChanges.setPosition(journal, group, last, read);
  positionEffect(c, options.first + k, options.groupAt, last, read);
  return delivered;
}

// Claiming

/** Gathers what has been pending long enough, longest first; returns how many. */
function collectClaimed(c: Context, root: number, group: number): number {
  const { claimMs, count } = readOptions;
  const { cursor, groups } = streamsOf(c);
  const { times } = groups;
  const tree = groups.openTimes(group);
  let gathered = 0;
  let more = tree !== 0 && times.at(tree, 0);
  for (; more && gathered < count; more = times.next()) {
    const pending = times.value;
    groups.ids.readId(pending, id);
    // One that was deleted is claimed by nobody.
    if (!cursor.seek(root, id) || compareIds(cursor.id, id) !== 0) continue;
    const claimAt = groups.delivered(pending) + claimMs;
    if (claimAt > c.now) {
      nextClaimAt = Math.min(nextClaimAt, claimAt);
      break;
    }
    if (gathered === claimed.length) {
      const longer = new Int32Array(2 * gathered);
      longer.set(claimed);
      claimed = longer;
    }
    claimed[gathered++] = pending;
  }
  return gathered;
}

/** Gives what is pending to the consumer, and replies it: with how long, and how often before. */
function claim(
  c: Context,
  journal: EntryJournal | null,
  k: number,
  consumer: number,
  pending: number,
): void {
  const { reply } = c;
  const options = readOptions;
  const streams = streamsOf(c);
  const { cursor, groups, groupChanges } = streams;
  const group = places[2 * k + 1];
  const count = groups.deliveries(pending);
  groups.ids.readId(pending, id);
  cursor.seek(streams.records.pointer(places[2 * k]), id);
  reply.array(4);
  replyId(c, id);
  replyPairs(c, cursor);
  reply.integer(c.now - groups.delivered(pending));
  replyDeliveries(c, count);
  const next = Math.min(count + 1, DELIVERIES_MAX);
  groupChanges.givePending(journal, group, pending, consumer, c.now, next);
  groups.lastId(group, last);
  claimEffect(c, options.first + k, options.groupAt, pending, last);
  options.took();
}
