// XREAD: the entries behind given ones, of several streams at once; it may wait for some.
//
// "$" is the last ID, so that only what comes will do; whoever waits does so for entries behind the
// ID that was the last one when it began to. "+" asks for the last entry there is.

import type { Command, Context } from "../../engine/context.ts";
import { orNullArray, type Wait } from "../../engine/wait.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { errorLine } from "../../protocol/errors.ts";
import {
  copyId,
  createId,
  GREATEST_ID,
  ID_TEXT_MAX,
  incrementId,
  LEAST_ID,
  type StreamId,
  writeId,
} from "../../structures/stream-id.ts";
import { STREAM, streamsOf } from "../../types/streams.ts";
import { replyEntry } from "./entry-replies.ts";
import { isCharacter, readId } from "./ids.ts";
import { readArgs, readOptions } from "./read-options.ts";

const DOLLAR = 0x24;
const PLUS = 0x2b;
const GREATER = 0x3e;

const newOfXread = errorLine(
  "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> " +
    "option.",
);

const id = createId();

/** What XREAD waits for; without it it replies a null array. */
const entries: Wait = {
  wakes: (type) => type === STREAM,
  hearsAll: false,
  ...orNullArray,
};

export const xread: Command = {
  name: "xread",
  arity: -4,
  flags: "blocking readonly",
  wait: entries,
  keys: [{ index: 1, keyword: "STREAMS", last: -1, limit: 2, flags: "RO access" }],
  group: "stream",
  since: "5.0.0",
  complexity: "O(log(N)+M) for each stream, N being its entries and M those returned",
  summary: "Returns the entries of streams behind given IDs; may wait for some.",
  args: [readArgs.count, readArgs.maxcount, readArgs.maxsize, readArgs.block, readArgs.streams],
  console: "entries",
  handler: xreadCommand,
};

function xreadCommand(c: Context): void {
  const { reply } = c;
  const options = readOptions;
  if (!options.read(c, false)) return;
  const { first, streams } = options;
  // Nothing is replied before all IDs are known to be sound, and all keys to be streams.
  for (let i = first; i < first + streams; i++) {
    const entry = c.findTyped(i, STREAM);
    if (entry < 0 || !readBehind(c, i + streams, entry)) return;
  }
  options.begin(c);
  const mark = reply.beginDeferred();
  let replied = 0;
  for (let i = first; i < first + streams; i++) if (replyStream(c, i)) replied++;
  if (replied > 0) {
    if (reply.protocol === 2) reply.endArray(mark, replied);
    else reply.endMap(mark, replied);
    return;
  }
  reply.truncate(mark);
  if (options.timeoutMs < 0) return reply.nullArray();
  const { args } = c;
  if (c.mayWait) c.args = withLastIds(c);
  c.block(first, first + streams - 1, options.timeoutMs);
  c.args = args;
}

/** Reads argument i as the ID behind which to read in a stream; false: an error is replied. */
function readBehind(c: Context, i: number, entry: number): boolean {
  const { args } = c;
  const streams = streamsOf(c);
  if (isCharacter(args, i, GREATER)) {
    c.reply.error(newOfXread);
    return false;
  }
  if (isCharacter(args, i, DOLLAR)) {
    if (entry === 0) copyId(LEAST_ID, id);
    else streams.lastId(streams.records.pointer(entry), id);
    return true;
  }
  return isCharacter(args, i, PLUS) || readId(c, i, id);
}

/** Replies what there is of the stream at argument i; false: nothing. */
function replyStream(c: Context, i: number): boolean {
  const { args, reply } = c;
  const options = readOptions;
  if (!options.hasRoom(c)) return false;
  const entry = c.find(i); // as Redis does, and counts it again
  if (entry === 0) return false;
  const streams = streamsOf(c);
  const root = streams.records.pointer(entry);
  const { cursor } = streams;
  const idAt = i + options.streams;
  const isLast = isCharacter(args, idAt, PLUS);
  readBehind(c, idAt, entry);
  let more = isLast ? cursor.seekBack(root, GREATEST_ID) : incrementId(id) && cursor.seek(root, id);
  if (!more) return false;
  if (reply.protocol === 2) reply.array(2);
  reply.bulk(args.bytes, args.starts[i], args.ends[i]);
  const mark = reply.beginDeferred();
  const most = isLast ? 1 : options.count;
  let replied = 0;
  while (more && replied < most && options.hasRoom(c)) {
    replyEntry(c, cursor);
    options.took();
    replied++;
    more = replied < most && cursor.next();
  }
  reply.endArray(mark, replied);
  return true;
}

/** The request with the last IDs in the places of "$": it is executed again when it is woken. */
function withLastIds(c: Context): Arguments {
  const { args } = c;
  const { first, streams } = readOptions;
  let fixed = args;
  for (let i = first; i < first + streams; i++) {
    if (!isCharacter(args, i + streams, DOLLAR)) continue;
    if (fixed === args) fixed = args.clone();
    readBehind(c, i + streams, c.findForWrite(i));
    fixed.replace(i + streams, idText(id));
  }
  return fixed;
}

function idText(of: StreamId): Uint8Array {
  const text = new Uint8Array(ID_TEXT_MAX);
  return text.subarray(0, writeId(text, 0, of));
}

/** The commands that read streams without groups. */
export const streamReadCommands: Command[] = [xread];
