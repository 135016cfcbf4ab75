// Ranges of streams: XRANGE and XREVRANGE.

import { asciiBytes } from "../../base/bytes.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import { Errors } from "../../protocol/errors.ts";
import { createId } from "../../structures/stream-id.ts";
import { STREAM, streamsOf } from "../../types/streams.ts";
import { integer, keyArg } from "../shared/argument-docs.ts";
import { replyRange } from "./entry-replies.ts";
import { readEnd, readStart } from "./ids.ts";

const COUNT = asciiBytes("count");

const start: ArgumentDoc = { name: "start", type: "string" };
const end: ArgumentDoc = { name: "end", type: "string" };
const first = createId();
const last = createId();

export const xrange: Command = {
  name: "xrange",
  arity: -4,
  flags: "readonly",
  keys: "RO access",
  group: "stream",
  since: "5.0.0",
  complexity: "O(log(N)+M), N being the number of entries and M of those returned",
  summary: "Returns the entries of a stream in a range of IDs.",
  args: [keyArg, start, end, integer("count", "COUNT")],
  console: "entries",
  handler: (c) => rangeCommand(c, false),
};

export const xrevrange: Command = {
  ...xrange,
  name: "xrevrange",
  summary: "Returns the entries of a range of a stream, the last one first.",
  args: [keyArg, end, start, integer("count", "COUNT")],
  handler: (c) => rangeCommand(c, true),
};

function rangeCommand(c: Context, isReverse: boolean): void {
  const { args, reply } = c;
  if (!readStart(c, isReverse ? 3 : 2, first) || !readEnd(c, isReverse ? 2 : 3, last)) return;
  let count = Number.POSITIVE_INFINITY;
  for (let i = 4; i < args.count; i += 2) {
    if (!args.is(i, COUNT) || i + 1 === args.count) return reply.error(Errors.syntax);
    count = args.index(i + 1);
    if (Number.isNaN(count)) return reply.error(Errors.notInteger);
  }
  const entry = c.findTyped(1, STREAM);
  if (entry < 0) return;
  if (entry === 0) reply.array(0);
  else if (count <= 0) reply.nullArray();
  else replyRange(c, streamsOf(c).records.pointer(entry), first, last, count, isReverse);
}

/** The commands that return ranges of streams. */
export const streamRangeCommands: Command[] = [xrange, xrevrange];
