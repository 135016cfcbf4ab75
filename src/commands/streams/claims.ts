// XCLAIM and XAUTOCLAIM: a consumer takes over what is pending for others. What is pending but not
// in the stream any more is claimed by nobody: it is pending no more.
//
// Both say in the log what each entry is like afterwards, as an XCLAIM that anybody can execute
// again: see group-effects.ts.

import { asciiBytes } from "../../base/bytes.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import type { EntryJournal } from "../../keyspace/entry-journal.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import { DELIVERIES_MAX } from "../../structures/stream-groups.ts";
import {
  compareIds,
  copyId,
  createId,
  ID_TEXT_MAX,
  IdText,
  incrementId,
  LEAST_ID,
  parseId,
  type StreamId,
  writeId,
} from "../../structures/stream-id.ts";
import { streamsOf } from "../../types/streams.ts";
import { integer, keyArg } from "../shared/argument-docs.ts";
import { COUNT } from "../shared/words.ts";
import { replyEntry, replyId } from "./entry-replies.ts";
import {
  acknowledgedEffect,
  claimEffect,
  consumerEffect,
  positionEffect,
} from "./group-effects.ts";
import { readId, readStart } from "./ids.ts";
import { found, IdList, openConsumer, requireGroup, shown } from "./lookups.ts";

const FORCE = asciiBytes("force");
const JUSTID = asciiBytes("justid");
const IDLE = asciiBytes("idle");
const TIME = asciiBytes("time");
const RETRYCOUNT = asciiBytes("retrycount");
const LASTID = asciiBytes("lastid");

/** XAUTOCLAIM looks at so many entries for each that it may claim. */
const ATTEMPTS = 10;
const COUNT_DEFAULT = 100;
/** Of a COUNT from here on Redis says that it is none; of one that is nearly so high, why. */
const COUNT_MAX = 2n ** 59n;

const xclaimIdleInvalid = errorLine("ERR Invalid min-idle-time argument for XCLAIM");
const xautoclaimIdleInvalid = errorLine("ERR Invalid min-idle-time argument for XAUTOCLAIM");
const idleInvalid = errorLine("ERR Invalid IDLE option argument for XCLAIM");
const timeInvalid = errorLine("ERR Invalid TIME option argument for XCLAIM");
const retryCountInvalid = errorLine("ERR Invalid RETRYCOUNT option argument for XCLAIM");
const countTooHigh = errorLine(
  "ERR Insufficient memory, failed allocating transient memory, COUNT too high.",
);
const countNotPositive = errorLine("ERR COUNT must be > 0");

const groupArg: ArgumentDoc = { name: "group", type: "string" };
const consumerArg: ArgumentDoc = { name: "consumer", type: "string" };
const minIdleArg: ArgumentDoc = { name: "min-idle-time", type: "string" };
const justIdArg: ArgumentDoc = {
  name: "justid",
  type: "pure-token",
  token: "JUSTID",
  optional: true,
};

const id = createId();
const last = createId();
const ids = new IdList();
const gone = new IdList();
const text = new Uint8Array(ID_TEXT_MAX);

/** What a request asks for. */
const options = {
  minIdle: 0,
  /** When what is claimed counts as delivered; NaN: now. */
  delivered: Number.NaN,
  /** How often it counts as delivered; −1: once more. */
  retryCount: -1,
  isForced: false,
  isJustId: false,
  count: COUNT_DEFAULT,
};

export const xclaim: Command = {
  name: "xclaim",
  arity: -6,
  flags: "write fast",
  tips: "nondeterministic_output",
  keys: "RW update",
  group: "stream",
  since: "5.0.0",
  complexity: "O(log(N)) for each ID, N being the entries that are pending",
  summary: "Gives entries that are pending to another consumer.",
  args: [
    keyArg,
    groupArg,
    consumerArg,
    minIdleArg,
    { name: "ID", type: "string", multiple: true },
    integer("ms", "IDLE"),
    { name: "unix-time-milliseconds", type: "unix-time", token: "TIME", optional: true },
    integer("count", "RETRYCOUNT"),
    { name: "force", type: "pure-token", token: "FORCE", optional: true },
    justIdArg,
    { name: "lastid", type: "string", token: "LASTID", optional: true },
  ],
  console: "entries",
  handler: xclaimCommand,
};

function xclaimCommand(c: Context): void {
  const { reply } = c;
  if (!requireGroup(c, 1)) return;
  const { entry, group } = found;
  if (!readMinIdle(c, xclaimIdleInvalid)) return;
  if (!readClaim(c)) return;
  c.rewritten = true;
  const streams = streamsOf(c);
  const { groups, groupChanges } = streams;
  const journal = streams.changing(entry);
  const root = streams.records.pointer(entry);
  // What LASTID says is the group's from here on, if that is an advance.
  const isAdvanced = groups.ids.compare(group, last) < 0;
  if (isAdvanced) groupChanges.setPosition(journal, group, last, groups.entriesRead(group));
  else groups.lastId(group, last);
  const consumer = openConsumer(c, journal, 1, group, 3);
  const { isNew } = found;
  let claimed = 0;
  let isSaid = false;
  const mark = reply.beginDeferred();
  for (let k = 0; k < ids.count; k++) {
    ids.at(k, id);
    let pending = groups.findPending(group, id);
    if (!isInStream(c, root, id)) {
      if (pending !== 0) isSaid = drop(c, journal, group, pending) || isSaid;
      continue;
    }
    if (pending === 0) {
      if (!options.isForced) continue;
      pending = groupChanges.addPending(journal, group, 0, id, c.now, 1);
    } else if (!isIdle(c, pending)) continue;
    claim(c, journal, group, pending, consumer);
    claimed++;
  }
  reply.endArray(mark, claimed);
  if (claimed > 0) groupChanges.setActive(journal, consumer, c.now);
  else if (isNew) consumerEffect(c, 1, 2, 3);
  if (!isAdvanced || isSaid || claimed > 0) return;
  positionEffect(c, 1, 2, last, groups.entriesRead(group));
  c.changes++;
}

/** Reads argument 4; false: it is no number, and that is replied. */
function readMinIdle(c: Context, error: Uint8Array): boolean {
  options.minIdle = c.args.integer(4);
  if (!Number.isNaN(options.minIdle)) return true;
  c.reply.error(error);
  return false;
}

/** Reads IDs and options from argument 5 on, LASTID into `last`; false: an error is replied. */
function readClaim(c: Context): boolean {
  const { args, reply } = c;
  options.delivered = Number.NaN;
  options.retryCount = -1;
  options.isForced = false;
  options.isJustId = false;
  copyId(LEAST_ID, last);
  ids.clear();
  let i = 5;
  for (; i < args.count; i++) {
    if (parseId(args.bytes, args.starts[i], args.ends[i], id, 0) !== IdText.whole) break;
    ids.add(id);
  }
  for (; i < args.count; i++) {
    const more = i + 1 < args.count;
    if (args.is(i, FORCE)) options.isForced = true;
    else if (args.is(i, JUSTID)) options.isJustId = true;
    else if (args.is(i, IDLE) && more) {
      const idle = args.integer(++i);
      if (Number.isNaN(idle)) return refused(c, idleInvalid);
      options.delivered = c.now - idle;
    } else if (args.is(i, TIME) && more) {
      options.delivered = args.integer(++i);
      if (Number.isNaN(options.delivered)) return refused(c, timeInvalid);
    } else if (args.is(i, RETRYCOUNT) && more) {
      const count = args.integer(++i);
      if (Number.isNaN(count)) return refused(c, retryCountInvalid);
      options.retryCount = Math.min(count, DELIVERIES_MAX);
    } else if (args.is(i, LASTID) && more) {
      if (!readId(c, ++i, last)) return false;
    } else {
      reply.errorText(`ERR Unrecognized XCLAIM option '${shown(c, i)}'`);
      return false;
    }
  }
  // A time that cannot be is now; a log may have been written by a clock that went ahead.
  const most = c.executor.replaying ? Number.MAX_SAFE_INTEGER : c.now;
  if (!(options.delivered >= 0 && options.delivered <= most)) options.delivered = c.now;
  return true;
}

function refused(c: Context, line: Uint8Array): boolean {
  c.reply.error(line);
  return false;
}

/** Whether a stream has the entry, on which its cursor stands then. */
function isInStream(c: Context, root: number, of: StreamId): boolean {
  const { cursor } = streamsOf(c);
  return cursor.seek(root, of) && compareIds(cursor.id, of) === 0;
}

/** Whether an entry has been pending long enough; one that is nobody's always has. */
function isIdle(c: Context, pending: number): boolean {
  const { groups } = streamsOf(c);
  if (options.minIdle <= 0 || groups.consumerOf(pending) === 0) return true;
  return c.now - groups.delivered(pending) >= options.minIdle;
}

/** Gives what is pending to the consumer, and replies it; the cursor stands on the entry. */
function claim(
  c: Context,
  journal: EntryJournal | null,
  group: number,
  pending: number,
  consumer: number,
): void {
  const streams = streamsOf(c);
  const { groups, groupChanges, cursor } = streams;
  let count = groups.deliveries(pending);
  if (options.retryCount >= 0) count = options.retryCount;
  else if (!options.isJustId) count = Math.min(count + 1, DELIVERIES_MAX);
  groupChanges.givePending(journal, group, pending, consumer, options.delivered, count);
  if (options.isJustId) replyId(c, cursor.id);
  else replyEntry(c, cursor);
  claimEffect(c, 1, 2, pending, last);
  c.changes++;
}

/**
 * What is not in the stream any more is pending no more; whether the log is told by a claim, which
 * also says where the group stands.
 */
function drop(c: Context, journal: EntryJournal | null, group: number, pending: number): boolean {
  const streams = streamsOf(c);
  const { groups, groupChanges } = streams;
  const isOwned = groups.consumerOf(pending) !== 0;
  groups.ids.readId(pending, id);
  if (isOwned) claimEffect(c, 1, 2, pending, last);
  else acknowledgedEffect(c, 1, 2, id);
  groupChanges.acknowledge(journal, group, pending);
  c.changes++;
  return isOwned;
}

export const xautoclaim: Command = {
  name: "xautoclaim",
  arity: -6,
  flags: "write fast",
  tips: "nondeterministic_output",
  keys: "RW delete",
  group: "stream",
  since: "6.2.0",
  complexity: "O(log(N)) for each entry that is looked at, N being the entries that are pending",
  summary: "Gives a consumer what has been pending for others long enough.",
  args: [
    keyArg,
    groupArg,
    consumerArg,
    minIdleArg,
    { name: "start", type: "string" },
    integer("count", "COUNT"),
    justIdArg,
  ],
  console: "claimed",
  handler: xautoclaimCommand,
};

function xautoclaimCommand(c: Context): void {
  const { reply } = c;
  const isSound = readMinIdle(c, xautoclaimIdleInvalid) && readStart(c, 5, id) && readAutoclaim(c);
  if (!isSound) {
    c.find(1); // Redis looks for the key first: that it is missing is told in any case
    return;
  }
  if (!requireGroup(c, 1)) return;
  if (options.count === Number.POSITIVE_INFINITY) return reply.error(countTooHigh);
  const { entry, group } = found;
  c.rewritten = true;
  const streams = streamsOf(c);
  const { groups, groupChanges } = streams;
  const journal = streams.changing(entry);
  const root = streams.records.pointer(entry);
  groups.lastId(group, last);
  const consumer = openConsumer(c, journal, 1, group, 3);
  const { isNew } = found;
  reply.array(3);
  const head = reserveCursor(c);
  const mark = reply.beginDeferred();
  let claimed = 0;
  gone.clear();
  let left = options.count;
  let attempts = options.count * ATTEMPTS;
  let pending = firstFrom(c, group);
  for (; pending !== 0 && attempts > 0 && left > 0; attempts--, pending = nextBehind(c, group)) {
    groups.ids.readId(pending, id);
    if (!isInStream(c, root, id)) {
      drop(c, journal, group, pending);
      gone.add(id);
      left--;
    } else if (isIdle(c, pending)) {
      claim(c, journal, group, pending, consumer);
      claimed++;
      left--;
    }
  }
  reply.endArray(mark, claimed);
  if (pending === 0) copyId(LEAST_ID, id);
  else groups.ids.readId(pending, id);
  writeCursor(c, head);
  replyGone(c);
  if (claimed > 0) groupChanges.setActive(journal, consumer, c.now);
  else if (isNew) consumerEffect(c, 1, 2, 3);
}

/** Reads the options of XAUTOCLAIM; false: an error is replied. */
function readAutoclaim(c: Context): boolean {
  const { args } = c;
  options.delivered = c.now;
  options.retryCount = -1;
  options.isJustId = false;
  options.count = COUNT_DEFAULT;
  for (let i = 6; i < args.count; i++) {
    if (args.is(i, JUSTID)) options.isJustId = true;
    else if (args.is(i, COUNT) && i + 1 < args.count) {
      options.count = readCount(args, ++i);
      if (!(options.count >= 1)) return refused(c, countNotPositive);
    } else return refused(c, Errors.syntax);
  }
  return true;
}

/** Argument i as a COUNT, infinite beyond 2^53; NaN where it is none, or more than there can be. */
function readCount(args: Arguments, i: number): number {
  const count = args.integer(i);
  if (count !== Number.POSITIVE_INFINITY) return count;
  return (args.integer64(i) ?? COUNT_MAX) < COUNT_MAX ? count : Number.NaN;
}

/** The first pending entry whose ID is not before `id`, or 0. */
function firstFrom(c: Context, group: number): number {
  const { groups } = streamsOf(c);
  const tree = groups.pendingOf(group);
  return tree !== 0 && groups.ids.seekId(tree, id) ? groups.ids.value : 0;
}

/** The first pending entry behind `id`, which may be pending no more, or 0. */
function nextBehind(c: Context, group: number): number {
  return incrementId(id) ? firstFrom(c, group) : 0;
}

// The first element of XAUTOCLAIM's reply is known last: room for it is left.

/** Room for an ID as a bulk string. */
const CURSOR_ROOM = ID_TEXT_MAX + 16;

function reserveCursor(c: Context): number {
  const { reply } = c;
  const at = reply.length;
  reply.reserve(CURSOR_ROOM);
  reply.length += CURSOR_ROOM;
  return at;
}

function writeCursor(c: Context, at: number): void {
  const { reply } = c;
  if (reply.overflowed) return;
  const from = at + CURSOR_ROOM;
  const length = reply.length - from;
  reply.truncate(at);
  reply.bulk(text, 0, writeId(text, 0, id));
  reply.bytes.copyWithin(reply.length, from, from + length);
  reply.length += length;
}

function replyGone(c: Context): void {
  c.reply.array(gone.count);
  for (let k = 0; k < gone.count; k++) {
    gone.at(k, id);
    replyId(c, id);
  }
}

/** The commands that take over what is pending. */
export const claimCommands: Command[] = [xclaim, xautoclaim];
