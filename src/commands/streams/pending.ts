// XPENDING: what is pending in a group, for whom, for how long, and how often it was delivered.

import { asciiBytes } from "../../base/bytes.ts";
import type { Command, Context } from "../../engine/context.ts";
import { Errors } from "../../protocol/errors.ts";
import { createId } from "../../structures/stream-id.ts";
import { streamsOf } from "../../types/streams.ts";
import { integer, keyArg } from "../shared/argument-docs.ts";
import { replyId } from "./entry-replies.ts";
import { replyDeliveries, replyName } from "./group-replies.ts";
import { readEnd, readStart } from "./ids.ts";
import { consumerOf, found, requireGroup } from "./lookups.ts";

const IDLE = asciiBytes("idle");
/** Words of a request without a range, and of one with it. */
const SHORT_WORDS = 3;
const RANGE_WORDS = 6;
const WORDS_MAX = 9;

const first = createId();
const last = createId();
const id = createId();

/** The range that a request asks for; `consumerAt` 0: of all consumers. */
const range = { count: 0, minIdle: 0, consumerAt: 0 };

export const xpending: Command = {
  name: "xpending",
  arity: -3,
  flags: "readonly",
  tips: "nondeterministic_output",
  keys: "RO access",
  group: "stream",
  since: "5.0.0",
  complexity: "O(log(N)+M), N being what is pending and M what is returned, or O(N) with IDLE",
  summary: "Returns what is pending in a group: a summary, or entries by themselves.",
  args: [
    keyArg,
    { name: "group", type: "string" },
    {
      name: "filters",
      type: "block",
      optional: true,
      arguments: [
        { ...integer("min-idle-time", "IDLE"), since: "6.2.0" },
        { name: "start", type: "string" },
        { name: "end", type: "string" },
        { name: "count", type: "integer" },
        { name: "consumer", type: "string", optional: true },
      ],
    },
  ],
  console: "pending",
  handler: xpendingCommand,
};

function xpendingCommand(c: Context): void {
  const { args, reply } = c;
  const words = args.count;
  if (words !== SHORT_WORDS && (words < RANGE_WORDS || words > WORDS_MAX)) {
    return reply.error(Errors.syntax);
  }
  if (words > SHORT_WORDS && !readRange(c)) return;
  if (!requireGroup(c, 1)) return;
  if (words === SHORT_WORDS) replySummary(c, found.group);
  else replyRange(c, found.group);
}

/** Reads the range; false: an error is replied. */
function readRange(c: Context): boolean {
  const { args, reply } = c;
  let at = SHORT_WORDS;
  range.minIdle = 0;
  if (args.is(at, IDLE)) {
    range.minIdle = args.index(at + 1);
    const isInteger = !Number.isNaN(range.minIdle);
    if (!isInteger || args.count < RANGE_WORDS + 2) {
      reply.error(isInteger ? Errors.syntax : Errors.notInteger);
      return false;
    }
    at += 2;
  }
  range.count = args.index(at + 2);
  if (Number.isNaN(range.count)) {
    reply.error(Errors.notInteger);
    return false;
  }
  range.consumerAt = at + 3 < args.count ? at + 3 : 0;
  return readStart(c, at, first) && readEnd(c, at + 1, last);
}

function replySummary(c: Context, group: number): void {
  const { reply } = c;
  const { groups } = streamsOf(c);
  const { names } = groups;
  const tree = groups.pendingOf(group);
  const count = groups.pendingCount(group);
  reply.array(4);
  reply.integer(count);
  if (count === 0) {
    reply.null();
    reply.null();
    reply.nullArray();
    return;
  }
  replyIdAt(c, tree, 0);
  replyIdAt(c, tree, count - 1);
  const mark = reply.beginDeferred();
  const consumers = groups.consumersOf(group);
  let replied = 0;
  let more = consumers !== 0 && names.at(consumers, 0);
  for (; more; more = names.next()) {
    const consumer = names.value;
    const owned = groups.owned(consumer);
    if (owned === 0) continue;
    reply.array(2);
    replyName(c, consumer);
    reply.bulkInteger(owned);
    replied++;
  }
  reply.endArray(mark, replied);
}

function replyIdAt(c: Context, tree: number, rank: number): void {
  const { ids } = streamsOf(c).groups;
  if (ids.at(tree, rank)) ids.readId(ids.value, id);
  replyId(c, id);
}

function replyRange(c: Context, group: number): void {
  const { reply } = c;
  const { groups } = streamsOf(c);
  const { ids } = groups;
  let tree = groups.pendingOf(group);
  if (range.consumerAt > 0) {
    const consumer = consumerOf(c, group, range.consumerAt);
    tree = consumer === 0 ? 0 : groups.consumersPending(consumer);
  }
  const mark = reply.beginDeferred();
  let replied = 0;
  let more = tree !== 0 && ids.seekId(tree, first);
  for (; more && replied < range.count; more = ids.next()) {
    const pending = ids.value;
    if (ids.compare(pending, last) > 0) break;
    const consumer = groups.consumerOf(pending);
    const idle = c.now - groups.delivered(pending);
    if (consumer !== 0 && range.minIdle !== 0 && idle < range.minIdle) continue;
    ids.readId(pending, id);
    reply.array(4);
    replyId(c, id);
    replyName(c, consumer);
    reply.integer(consumer === 0 ? -1 : Math.max(idle, 0));
    replyDeliveries(c, groups.deliveries(pending));
    replied++;
  }
  reply.endArray(mark, replied);
}
