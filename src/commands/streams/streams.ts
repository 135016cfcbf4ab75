// Commands on streams as logs: adding, erasing and trimming entries, and counting them. Ranges are
// in ranges.ts, XREAD in reading.ts, XINFO in info.ts; groups of consumers have files of their own.
//
// What goes to the log says which ID an entry has, and how much was trimmed, where the request has
// left that open.

import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import { EventClass, keyEvent } from "../../engine/events.ts";
import { errorLine, wrongArity } from "../../protocol/errors.ts";
import { PACKED_BYTES_MAX } from "../../structures/packed-list.ts";
import {
  compareIds,
  copyId,
  createId,
  GREATEST_ID,
  ID_TEXT_MAX,
  Id,
  incrementId,
  isLeast,
  LEAST_ID,
  type StreamId,
  setMilliseconds,
  writeId,
} from "../../structures/stream-id.ts";
import { TrimBy } from "../../types/stream-trimming.ts";
import { STREAM, streamsOf } from "../../types/streams.ts";
import { keyArg } from "../shared/argument-docs.ts";
import { addIid, isDuplicate, logLimits, needsLimits, noteIid, replyAgain } from "./idempotent.ts";
import { readId } from "./ids.ts";
import { IdForm, trimArgs, trimOptions } from "./trim-options.ts";

/** What the commands of the family tell of a key. */
export const StreamEvents = {
  xadd: keyEvent(EventClass.stream, "xadd"),
  xtrim: keyEvent(EventClass.stream, "xtrim"),
  xdel: keyEvent(EventClass.stream, "xdel"),
  xsetid: keyEvent(EventClass.stream, "xsetid"),
} as const;

const xaddArity = errorLine(wrongArity("xadd"));
const idIsLeast = errorLine("ERR The ID specified in XADD must be greater than 0-0");
const exhausted = errorLine(
  "ERR The stream has exhausted the last possible ID, unable to add more items",
);
const idTooSmall = errorLine(
  "ERR The ID specified in XADD is equal or smaller than the target stream top item",
);
const tooLarge = errorLine("ERR Elements are too large to be stored");

const idArg: ArgumentDoc = { name: "ID", type: "string", multiple: true };

const id = createId();
const last = createId();
let nowMs = -1;
const nowId = createId();
const text = new Uint8Array(ID_TEXT_MAX);

export const xadd: Command = {
  name: "xadd",
  arity: -5,
  flags: "write denyoom fast",
  tips: "nondeterministic_output",
  keys: [
    {
      index: 1,
      flags: "RW update",
      notes: "UPDATE instead of INSERT because of the optional trimming feature",
    },
  ],
  group: "stream",
  since: "5.0.0",
  complexity: "O(1) but for trimming, which is O(N), N being the number of entries that go",
  summary: "Appends an entry to a stream, and may trim it.",
  args: [
    keyArg,
    { name: "nomkstream", type: "pure-token", token: "NOMKSTREAM", since: "6.2.0", optional: true },
    trimArgs.references,
    {
      name: "idmp",
      type: "oneof",
      since: "8.6.0",
      optional: true,
      arguments: [
        { name: "pid", type: "string", token: "IDMPAUTO" },
        {
          name: "idmp-args",
          type: "block",
          token: "IDMP",
          arguments: [
            { name: "pid", type: "string" },
            { name: "iid", type: "string" },
          ],
        },
      ],
    },
    { ...trimArgs.trim, optional: true },
    {
      name: "id-selector",
      type: "oneof",
      arguments: [
        { name: "auto-id", type: "pure-token", token: "*" },
        { name: "id", type: "string" },
      ],
    },
    {
      name: "data",
      type: "block",
      multiple: true,
      arguments: [
        { name: "field", type: "string" },
        { name: "value", type: "string" },
      ],
    },
  ],
  handler: xaddCommand,
};

function xaddCommand(c: Context): void {
  const { args, reply } = c;
  const options = trimOptions;
  if (!options.read(c, true)) return;
  const from = options.idAt + 1;
  const words = args.count - from;
  if (options.idAt === 0 || words < 2 || words % 2 === 1) return reply.error(xaddArity);
  const isGiven = options.idForm === IdForm.given;
  if (isGiven && isLeast(options.id)) return reply.error(idIsLeast);
  let entry = c.findTypedForWrite(1, STREAM);
  if (entry < 0) return;
  if (entry === 0 && options.makesNone) return reply.null();
  const streams = streamsOf(c);
  if (entry === 0) copyId(LEAST_ID, last);
  else streams.lastId(streams.records.pointer(entry), last);
  const isIdempotent = options.producerAt !== 0;
  if (isIdempotent) {
    noteIid(c, options.producerAt, options.iidAt, from);
    if (entry !== 0 && isDuplicate(c, entry, options.id, last, id)) {
      return replyAgain(c, id, last, options.idAt);
    }
  }
  if (compareIds(last, GREATEST_ID) === 0) return reply.error(exhausted);
  if (c.now !== nowMs) readClock(c.now);
  if (!nextId(options.idForm, options.id)) return reply.error(idTooSmall);
  let bytes = 0;
  for (let i = from; i < args.count; i++) bytes += args.ends[i] - args.starts[i];
  if (bytes > PACKED_BYTES_MAX) return reply.error(tooLarge);
  options.leavesIidOut = isIdempotent && needsLimits(c, entry);
  if (entry === 0) entry = c.create(1, streams.createdKind, streams.create());
  streams.append(entry, id, args.bytes, args.starts, args.ends, from, args.count);
  if (isIdempotent) addIid(c, entry, id);
  const end = writeId(text, 0, id);
  reply.bulk(text, 0, end);
  c.modified(1, StreamEvents.xadd);
  c.ready(1);
  const { trimming } = streams;
  if (trimming.by !== TrimBy.nothing && trimming.run(entry) > 0) c.event(1, StreamEvents.xtrim);
  if (!options.isApproximate && !options.leavesIidOut) {
    if (!isGiven) c.effectWith(options.idAt, text, 0, end);
    return;
  }
  c.effect(args.count - options.wordsLeftOut);
  c.effectText("XADD");
  options.effect(c, streams, entry, options.idAt);
  c.effectBytes(text, 0, end);
  for (let i = from; i < args.count; i++) c.effectArg(i);
  if (options.leavesIidOut) logLimits(c, entry, id);
}

/** The clock as the ID of its first entry: it says the same for many. */
function readClock(now: number): void {
  nowMs = now;
  setMilliseconds(nowId, now);
}

/** Finds the ID of a new entry behind the last one; false where there is none. */
function nextId(form: number, given: StreamId): boolean {
  if (form === IdForm.any) {
    const isLater = compareIds(nowId, last) > 0;
    copyId(isLater ? nowId : last, id);
    return isLater || incrementId(id);
  }
  copyId(given, id);
  const { msHigh, msLow, seqHigh, seqLow } = Id;
  if (form === IdForm.anySequence && id[msHigh] === last[msHigh] && id[msLow] === last[msLow]) {
    copyId(last, id);
    // Where the sequence is at its end, no ID has these milliseconds any more.
    return incrementId(id) && (id[seqHigh] | id[seqLow]) !== 0;
  }
  return compareIds(id, last) > 0;
}

export const xtrim: Command = {
  name: "xtrim",
  arity: -4,
  flags: "write",
  tips: "nondeterministic_output",
  keys: "RW delete",
  group: "stream",
  since: "5.0.0",
  complexity: "O(N), N being the number of entries that go; those of a node go at once",
  summary: "Takes the oldest entries out of a stream.",
  args: [keyArg, trimArgs.trim, trimArgs.references],
  handler: xtrimCommand,
};

function xtrimCommand(c: Context): void {
  const { args, reply } = c;
  const options = trimOptions;
  if (!options.read(c, false)) return;
  const entry = c.findTypedForWrite(1, STREAM);
  if (entry < 0) return;
  if (entry === 0) return reply.integer(0);
  const streams = streamsOf(c);
  const trimmed = streams.trimming.run(entry);
  reply.integer(trimmed);
  if (trimmed === 0) return;
  c.modified(1, StreamEvents.xtrim, trimmed);
  if (!options.isApproximate) return;
  c.effect(args.count - options.wordsLeftOut);
  c.effectText("XTRIM");
  options.effect(c, streams, entry, args.count);
}

export const xdel: Command = {
  name: "xdel",
  arity: -3,
  flags: "write fast",
  keys: "RW delete",
  group: "stream",
  since: "5.0.0",
  complexity: "O(log(N)) for each entry, N being the number of entries",
  summary: "Erases entries of a stream.",
  args: [keyArg, idArg],
  handler: xdelCommand,
};

function xdelCommand(c: Context): void {
  const { args, reply } = c;
  const entry = c.findTypedForWrite(1, STREAM);
  if (entry < 0) return;
  if (entry === 0) return reply.integer(0);
  for (let i = 2; i < args.count; i++) if (!readId(c, i, id)) return;
  const streams = streamsOf(c);
  let count = 0;
  for (let i = 2; i < args.count; i++) {
    readId(c, i, id);
    if (streams.erase(entry, id)) count++;
  }
  if (count > 0) c.modified(1, StreamEvents.xdel, count);
  reply.integer(count);
}

export const xlen: Command = {
  name: "xlen",
  arity: 2,
  flags: "readonly fast",
  keys: "RO",
  group: "stream",
  since: "5.0.0",
  complexity: "O(1)",
  summary: "Returns the number of entries of a stream.",
  args: [keyArg],
  handler: xlenCommand,
};

function xlenCommand(c: Context): void {
  const entry = c.findTyped(1, STREAM);
  if (entry < 0) return;
  const streams = streamsOf(c);
  c.reply.integer(entry === 0 ? 0 : streams.count(streams.records.pointer(entry)));
}

/** The commands on streams as logs. */
export const streamCommands: Command[] = [xadd, xtrim, xdel, xlen];
