// Commands that end what is pending: XACK, XACKDEL, which deletes what it acknowledges, XDELEX,
// which deletes and asks groups before, and XNACK, which gives back.
//
// What becomes of an entry that groups refer to, KEEPREF, DELREF or ACKED says: it is deleted all
// the same, it is deleted and pending nowhere any more, or it is not deleted.

import { asciiBytes } from "../../base/bytes.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import type { EntryJournal } from "../../keyspace/entry-journal.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import { DELIVERIES_MAX } from "../../structures/stream-groups.ts";
import { compareIds, createId, type StreamId } from "../../structures/stream-id.ts";
import { References } from "../../types/stream-trimming.ts";
import { STREAM, streamsOf } from "../../types/streams.ts";
import { integer, keyArg, oneOf } from "../shared/argument-docs.ts";
import { readId } from "./ids.ts";
import { findGroup, found, IdList, requireGroup, shown } from "./lookups.ts";
import { StreamEvents } from "./streams.ts";

const KEEPREF = asciiBytes("keepref");
const DELREF = asciiBytes("delref");
const ACKED = asciiBytes("acked");
const IDS = asciiBytes("ids");
const SILENT = asciiBytes("silent");
const FAIL = asciiBytes("fail");
const FATAL = asciiBytes("fatal");
const RETRYCOUNT = asciiBytes("retrycount");
const FORCE = asciiBytes("force");

/** What became of an entry, as XACKDEL and XDELEX reply it. */
const Outcome = { missing: -1, deleted: 1, referenced: 2 } as const;
/** More IDs than this no request has. */
const IDS_MAX = 0x7fffffff;

const idsNotPositive = errorLine("ERR Number of IDs must be a positive integer");
const idsTooFew = errorLine("ERR The `numids` parameter must match the number of arguments");
const idsMissing = errorLine("ERR IDS option is required");
const modeUnknown = errorLine("ERR mode must be SILENT, FAIL, or FATAL");
const numidsNotPositive = errorLine("ERR numids must be a positive integer");
const numidsUnequal = errorLine("ERR number of IDs doesn't match numids");
const retryCountNegative = errorLine("ERR Invalid RETRYCOUNT value, must be >= 0");
const idsExpected = errorLine("ERR syntax error, expected IDS keyword");

const groupArg: ArgumentDoc = { name: "group", type: "string" };
const idsArg: ArgumentDoc = {
  name: "ids",
  type: "block",
  token: "IDS",
  arguments: [
    { name: "numids", type: "integer" },
    { name: "id", type: "string", multiple: true },
  ],
};
const conditionArg: ArgumentDoc = {
  ...oneOf("condition", "KEEPREF", "DELREF", "ACKED"),
  optional: true,
};

const id = createId();
const ids = new IdList();
/** What a request of XACKDEL or XDELEX says beside its IDs. */
const deletion = { references: References.keep as number, first: 0, count: 0 };

export const xack: Command = {
  name: "xack",
  arity: -4,
  flags: "write fast",
  keys: "RW update",
  group: "stream",
  since: "5.0.0",
  complexity: "O(log(N)) for each ID, N being the entries that are pending",
  summary: "Acknowledges entries: they are pending no more.",
  args: [keyArg, groupArg, { name: "ID", type: "string", multiple: true }],
  handler: xackCommand,
};

function xackCommand(c: Context): void {
  const { args, reply } = c;
  if (!findGroup(c, 1)) {
    if (found.entry >= 0) reply.integer(0);
    return;
  }
  // All of them are sound, or none is acknowledged.
  for (let i = 3; i < args.count; i++) if (!readId(c, i, id)) return;
  const { entry, group } = found;
  const streams = streamsOf(c);
  const { groups, groupChanges } = streams;
  const isOne = args.count === 4;
  let journal: EntryJournal | null = null;
  let acknowledged = 0;
  for (let i = 3; i < args.count; i++) {
    if (!isOne) readId(c, i, id);
    const pending = groups.findPending(group, id);
    if (pending === 0) continue;
    if (acknowledged++ === 0) journal = streams.changing(entry);
    groupChanges.acknowledgeFound(journal, group, pending);
  }
  c.changes += acknowledged;
  reply.integer(acknowledged);
}

export const xackdel: Command = {
  name: "xackdel",
  arity: -6,
  flags: "write fast",
  keys: "RW update delete",
  group: "stream",
  since: "8.2.0",
  complexity: "O(log(N)) for each ID, N being the entries of the stream",
  summary: "Acknowledges entries, and erases them from the stream if groups allow it.",
  args: [keyArg, groupArg, conditionArg, idsArg],
  handler: xackdelCommand,
};

function xackdelCommand(c: Context): void {
  const isThere = findGroup(c, 1);
  const { entry, group } = found;
  if (entry < 0 || !readDeletion(c, 3)) return;
  if (!isThere) return replyMissing(c);
  if (!ids.read(c, deletion.first, deletion.first + deletion.count, id)) return;
  const { reply } = c;
  const streams = streamsOf(c);
  const { groups, groupChanges } = streams;
  const journal = streams.changing(entry);
  let erased = 0;
  reply.array(ids.count);
  for (let k = 0; k < ids.count; k++) {
    ids.at(k, id);
    const pending = groups.findPending(group, id);
    if (pending === 0) {
      reply.integer(Outcome.missing);
      continue;
    }
    groupChanges.acknowledgeFound(journal, group, pending);
    c.changes++;
    const isErasable = release(c, journal, entry, id);
    if (isErasable && streams.erase(entry, id)) erased++;
    reply.integer(isErasable ? Outcome.deleted : Outcome.referenced);
  }
  if (erased > 0) c.modified(1, StreamEvents.xdel, 0);
}

/**
 * Whether the references of groups allow that an entry is erased; they are dropped where the
 * request asks for that.
 */
function release(c: Context, journal: EntryJournal | null, entry: number, of: StreamId): boolean {
  const { references } = deletion;
  if (references === References.keep) return true;
  const streams = streamsOf(c);
  const root = streams.records.pointer(entry);
  if (references === References.acked) return !streams.references.isOwed(root, of);
  c.changes += streams.references.dropReferences(journal, root, of);
  return true;
}

/** Reads what follows from argument `from` on: the condition and the IDs; false: it is wrong. */
function readDeletion(c: Context, from: number): boolean {
  const { args, reply } = c;
  let references = -1;
  deletion.first = 0;
  for (let i = from; i < args.count; i++) {
    const named = references < 0 ? referencesAt(c, i) : -1;
    if (named >= 0) references = named;
    else if (args.is(i, IDS) && i + 1 < args.count) {
      const count = args.index(i + 1);
      if (!(count >= 1)) return refused(c, idsNotPositive);
      if (count > args.count - i - 2) return refused(c, idsTooFew);
      deletion.first = i + 2;
      deletion.count = count;
      i += count + 1;
    } else {
      reply.error(Errors.syntax);
      return false;
    }
  }
  deletion.references = Math.max(references, References.keep);
  return deletion.first > 0 || refused(c, idsMissing);
}

/** The References that argument i names, or −1. */
function referencesAt(c: Context, i: number): number {
  const { args } = c;
  if (args.is(i, KEEPREF)) return References.keep;
  if (args.is(i, DELREF)) return References.drop;
  return args.is(i, ACKED) ? References.acked : -1;
}

function refused(c: Context, line: Uint8Array): boolean {
  c.reply.error(line);
  return false;
}

function replyMissing(c: Context): void {
  c.reply.array(deletion.count);
  for (let k = 0; k < deletion.count; k++) c.reply.integer(Outcome.missing);
}

export const xdelex: Command = {
  name: "xdelex",
  arity: -5,
  flags: "write fast",
  keys: "RW delete",
  group: "stream",
  since: "8.2.0",
  complexity: "O(log(N)) for each ID, N being the entries of the stream",
  summary: "Erases entries of a stream if groups allow it.",
  args: [keyArg, conditionArg, idsArg],
  handler: xdelexCommand,
};

function xdelexCommand(c: Context): void {
  const entry = c.findTypedForWrite(1, STREAM);
  if (entry < 0 || !readDeletion(c, 2)) return;
  if (entry === 0) return replyMissing(c);
  if (!ids.read(c, deletion.first, deletion.first + deletion.count, id)) return;
  const { reply } = c;
  const streams = streamsOf(c);
  const journal = streams.changing(entry);
  let erased = 0;
  reply.array(ids.count);
  for (let k = 0; k < ids.count; k++) {
    ids.at(k, id);
    const isErasable = release(c, journal, entry, id);
    const isErased = isErasable && streams.erase(entry, id);
    if (isErased) erased++;
    const outcome = isErased ? Outcome.deleted : Outcome.missing;
    reply.integer(isErasable ? outcome : Outcome.referenced);
  }
  if (erased > 0) c.modified(1, StreamEvents.xdel, erased);
}

export const xnack: Command = {
  name: "xnack",
  arity: -7,
  flags: "write fast",
  keys: "RW update",
  group: "stream",
  since: "8.8.0",
  complexity: "O(log(N)) for each ID, N being the entries that are pending",
  summary: "Gives entries back: they are pending, and whoever claims them has them.",
  args: [
    keyArg,
    groupArg,
    oneOf("mode", "SILENT", "FAIL", "FATAL"),
    idsArg,
    integer("count", "RETRYCOUNT"),
    { name: "force", type: "pure-token", token: "FORCE", optional: true },
  ],
  handler: xnackCommand,
};

const Mode = { silent: 0, fail: 1, fatal: 2 } as const;
/** What a request of XNACK says beside its IDs; `retryCount` −1: it says nothing of that. */
const nack = { mode: 0, first: 0, count: 0, retryCount: -1, isForced: false };

function xnackCommand(c: Context): void {
  const { args, reply } = c;
  if (!requireGroup(c, 1)) return;
  const { entry, group } = found;
  if (args.is(3, SILENT)) nack.mode = Mode.silent;
  else if (args.is(3, FAIL)) nack.mode = Mode.fail;
  else if (args.is(3, FATAL)) nack.mode = Mode.fatal;
  else return reply.error(modeUnknown);
  if (!readNack(c) || !ids.read(c, nack.first, nack.first + nack.count, id)) return;
  const streams = streamsOf(c);
  const { cursor, groups, groupChanges } = streams;
  const root = streams.records.pointer(entry);
  const journal = streams.changing(entry);
  let given = 0;
  for (let k = 0; k < ids.count; k++) {
    ids.at(k, id);
    const pending = groups.findPending(group, id);
    if (pending !== 0) {
      const count = deliveriesNow(groups.deliveries(pending));
      groupChanges.givePending(journal, group, pending, 0, 0, count);
    } else if (nack.isForced && cursor.seek(root, id) && compareIds(cursor.id, id) === 0) {
      groupChanges.addPending(journal, group, 0, id, 0, deliveriesNow(0));
    } else continue;
    given++;
  }
  reply.integer(given);
  if (given === 0) return;
  c.changes += given;
  // It can be claimed at once.
  c.ready(1);
}

/** How often an entry counts as delivered that had been so many times. */
function deliveriesNow(before: number): number {
  if (nack.retryCount >= 0) return nack.retryCount;
  if (nack.mode === Mode.fatal) return DELIVERIES_MAX;
  return nack.mode === Mode.silent ? Math.max(before - 1, 0) : before;
}

/** Reads what follows the mode; false: an error is replied. */
function readNack(c: Context): boolean {
  const { args, reply } = c;
  nack.first = 0;
  nack.retryCount = -1;
  nack.isForced = false;
  for (let i = 4; i < args.count; i++) {
    const more = i + 1 < args.count;
    if (args.is(i, IDS) && more) {
      const count = args.index(i + 1);
      if (!(count >= 1 && count <= IDS_MAX)) return refused(c, numidsNotPositive);
      if (count > args.count - i - 2) return refused(c, numidsUnequal);
      nack.first = i + 2;
      nack.count = count;
      i += count + 1;
    } else if (args.is(i, FORCE)) nack.isForced = true;
    else if (args.is(i, RETRYCOUNT) && more) {
      const count = args.integer(++i);
      if (Number.isNaN(count)) return refused(c, Errors.notInteger);
      if (count < 0) return refused(c, retryCountNegative);
      nack.retryCount = Math.min(count, DELIVERIES_MAX);
    } else {
      reply.errorText(`ERR Unrecognized XNACK option '${shown(c, i)}'`);
      return false;
    }
  }
  return nack.first > 0 || refused(c, idsExpected);
}

/** The commands that end what is pending. */
export const acknowledgingCommands: Command[] = [xack, xackdel, xdelex, xnack];
