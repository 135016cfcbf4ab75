// Commands on ranges of sorted sets: ZRANGE, which says by options what it is bounded by and in
// which direction it goes, the older commands that say it by their names, ZRANGESTORE, and those
// that remove a range.

import { asciiBytes } from "../../base/bytes.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import { EventClass, Events, type KeyEvent, keyEvent } from "../../engine/events.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import { SORTED_SET, sortedSetsOf } from "../../types/sorted-sets.ts";
import { integer, keyArg, limitArg, oneOf } from "../shared/argument-docs.ts";
import { By, memberRange } from "./bounds.ts";
import { replyMember, withScoresArg } from "./sorted-sets.ts";
import { storeHolder } from "./storing.ts";

const limitOfRanks = errorLine(
  "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
);
const scoresByLex = errorLine(
  "ERR syntax error, WITHSCORES not supported in combination with BYLEX",
);

const RangeEvents = {
  zrangestore: keyEvent(EventClass.sortedSet, "zrangestore"),
  zremrangebyrank: keyEvent(EventClass.sortedSet, "zremrangebyrank"),
  zremrangebyscore: keyEvent(EventClass.sortedSet, "zremrangebyscore"),
  zremrangebylex: keyEvent(EventClass.sortedSet, "zremrangebylex"),
} as const;

const WITHSCORES = asciiBytes("withscores");
const LIMIT = asciiBytes("limit");
const REV = asciiBytes("rev");
const BYSCORE = asciiBytes("byscore");
const BYLEX = asciiBytes("bylex");

/** What a command leaves to its options. */
const OPEN = -1;
const Direction = { forward: 0, reverse: 1 } as const;

const bounds = (type: ArgumentDoc["type"], ...names: string[]): ArgumentDoc[] =>
  names.map((name) => ({ name, type }));
const reverseDoc: ArgumentDoc = { name: "rev", type: "pure-token", token: "REV", optional: true };
const byDoc: ArgumentDoc = { ...oneOf("sortby", "BYSCORE", "BYLEX"), optional: true };
const LOG_AND_RETURNED = "O(log(N)+M), N being the number of members and M of those returned";
const LOG_AND_REMOVED = "O(M*log(N)), N being the number of members and M of those removed";

/** What the options of a range say. */
let by: number = By.rank;
let isReverse = false;
let withScores = false;
let offset = 0;
let limit = -1;

export const zrange: Command = {
  name: "zrange",
  arity: -4,
  flags: "readonly",
  keys: "RO access",
  member: 0,
  group: "sorted-set",
  since: "1.2.0",
  complexity: LOG_AND_RETURNED,
  summary: "Returns members of a sorted set by ranks, scores or lexical order.",
  args: [
    keyArg,
    ...bounds("string", "start", "stop"),
    { ...byDoc, since: "6.2.0" },
    { ...reverseDoc, since: "6.2.0" },
    { ...limitArg, since: "6.2.0" },
    withScoresArg,
  ],
  console: "scores",
  handler: (c) => replyRange(c, OPEN, OPEN),
};

export const zrevrange: Command = {
  ...zrange,
  name: "zrevrange",
  deprecated: ["6.2.0", "`ZRANGE` with the `REV` argument"],
  summary: "Returns members of a sorted set by ranks, from the highest score on.",
  args: [keyArg, ...bounds("integer", "start", "stop"), withScoresArg],
  handler: (c) => replyRange(c, By.rank, Direction.reverse),
};

export const zrangebyscore: Command = {
  ...zrange,
  name: "zrangebyscore",
  since: "1.0.5",
  deprecated: ["6.2.0", "`ZRANGE` with the `BYSCORE` argument"],
  summary: "Returns the members of a sorted set within a range of scores.",
  args: [keyArg, ...bounds("double", "min", "max"), { ...withScoresArg, since: "2.0.0" }, limitArg],
  handler: (c) => replyRange(c, By.score, Direction.forward),
};

export const zrevrangebyscore: Command = {
  ...zrange,
  name: "zrevrangebyscore",
  since: "2.2.0",
  deprecated: ["6.2.0", "`ZRANGE` with the `REV` and `BYSCORE` arguments"],
  summary: "Returns members of a sorted set by scores, from the highest on.",
  args: [keyArg, ...bounds("double", "max", "min"), withScoresArg, limitArg],
  handler: (c) => replyRange(c, By.score, Direction.reverse),
};

export const zrangebylex: Command = {
  ...zrange,
  name: "zrangebylex",
  since: "2.8.9",
  deprecated: ["6.2.0", "`ZRANGE` with the `BYLEX` argument"],
  summary: "Returns the members of a sorted set within a lexicographical range.",
  args: [keyArg, ...bounds("string", "min", "max"), limitArg],
  handler: (c) => replyRange(c, By.lex, Direction.forward),
};

export const zrevrangebylex: Command = {
  ...zrange,
  name: "zrevrangebylex",
  since: "2.8.9",
  deprecated: ["6.2.0", "`ZRANGE` with the `REV` and `BYLEX` arguments"],
  summary: "Returns members of a sorted set by lexical order, the last one first.",
  args: [keyArg, ...bounds("string", "max", "min"), limitArg],
  handler: (c) => replyRange(c, By.lex, Direction.reverse),
};

export const zrangestore: Command = {
  name: "zrangestore",
  arity: -5,
  flags: "write denyoom",
  keys: [
    { index: 1, flags: "OW update" },
    { index: 2, flags: "RO access" },
  ],
  group: "sorted-set",
  since: "6.2.0",
  complexity: "O(log(N)+M), N being the number of members and M of those stored",
  summary: "Stores members of a sorted set by ranks, scores or lexical order.",
  args: [
    { name: "dst", type: "key", keySpecIndex: 0 },
    { name: "src", type: "key", keySpecIndex: 1 },
    ...bounds("string", "min", "max"),
    byDoc,
    reverseDoc,
    limitArg,
  ],
  handler: zrangestoreCommand,
};

/**
 * Reads the options behind the bounds, which begin at argument `min`, and then the bounds. A
 * command that is older says itself what it goes by, and in which direction. False when an error
 * has been replied.
 */
function readRange(
  c: Context,
  min: number,
  givenBy: number,
  direction: number,
  stores: boolean,
): boolean {
  const { args, reply } = c;
  by = givenBy;
  let towards = direction;
  withScores = false;
  offset = 0;
  limit = -1;
  for (let i = min + 2; i < args.count; i++) {
    if (!stores && args.is(i, WITHSCORES)) withScores = true;
    else if (args.is(i, LIMIT) && i + 2 < args.count) {
      offset = args.index(i + 1);
      limit = args.index(i + 2);
      if (Number.isNaN(offset) || Number.isNaN(limit)) {
        reply.error(Errors.notInteger);
        return false;
      }
      i += 2;
    } else if (towards === OPEN && args.is(i, REV)) towards = Direction.reverse;
    else if (by === OPEN && args.is(i, BYLEX)) by = By.lex;
    else if (by === OPEN && args.is(i, BYSCORE)) by = By.score;
    else {
      reply.error(Errors.syntax);
      return false;
    }
  }
  isReverse = towards === Direction.reverse;
  if (by === OPEN) by = By.rank;
  if (limit !== -1 && by === By.rank) {
    reply.error(limitOfRanks);
    return false;
  }
  if (withScores && by === By.lex) {
    reply.error(scoresByLex);
    return false;
  }
  const isSwapped = isReverse && by !== By.rank;
  return isSwapped ? memberRange.read(c, by, min + 1, min) : memberRange.read(c, by, min, min + 1);
}

/** Finds the range in a sorted set and opens a walk at its first member; returns how many. */
function openRange(c: Context, entry: number): number {
  const sets = sortedSetsOf(c);
  memberRange.find(c, entry);
  let { from, count } = memberRange;
  if (isReverse && by === By.rank) {
    // Ranks count from the other end.
    from = sets.count(entry) - from - count;
  }
  if (offset < 0 || offset >= count) count = 0;
  else {
    const skipped = offset;
    const kept = limit < 0 ? count - skipped : Math.min(limit, count - skipped);
    from = isReverse ? from + count - skipped - kept : from + skipped;
    count = kept;
  }
  if (count > 0) sets.walk.openAt(entry, isReverse ? from + count - 1 : from, isReverse);
  return count;
}

function replyRange(c: Context, givenBy: number, direction: number): void {
  if (!readRange(c, 2, givenBy, direction, false)) return;
  const { reply } = c;
  const entry = c.findTyped(1, SORTED_SET);
  if (entry < 0) return;
  if (entry === 0) return reply.array(0);
  const count = openRange(c, entry);
  const { walk } = sortedSetsOf(c);
  const isPaired = withScores && reply.protocol === 3;
  reply.array(withScores && !isPaired ? 2 * count : count);
  for (let left = count; left > 0 && walk.next(); left--) {
    if (withScores) replyMember(c, walk.bytes, walk.start, walk.end, walk.score, isPaired);
    else reply.bulk(walk.bytes, walk.start, walk.end);
  }
}

function zrangestoreCommand(c: Context): void {
  if (!readRange(c, 3, OPEN, OPEN, true)) return;
  const entry = c.findTyped(2, SORTED_SET);
  if (entry < 0) return;
  const sets = sortedSetsOf(c);
  const count = entry === 0 ? 0 : openRange(c, entry);
  const { walk } = sets;
  const holder = sets.beginGathering(count);
  for (let left = count; left > 0 && walk.next(); left--) {
    const { bytes, start, end, score } = walk;
    sets.find(holder, bytes, start, end); // for its hash: it is not there
    sets.gather(holder, bytes, start, end, score);
  }
  sets.endGathering(holder);
  storeHolder(c, holder, RangeEvents.zrangestore);
}

export const zremrangebyrank: Command = {
  name: "zremrangebyrank",
  arity: 4,
  flags: "write",
  keys: "RW delete",
  member: 0,
  group: "sorted-set",
  since: "2.0.0",
  complexity: LOG_AND_REMOVED,
  summary: "Takes the members within a range of ranks out of a sorted set.",
  args: [keyArg, integer("start"), integer("stop")],
  handler: (c) => removeRange(c, By.rank, RangeEvents.zremrangebyrank),
};

export const zremrangebyscore: Command = {
  ...zremrangebyrank,
  name: "zremrangebyscore",
  since: "1.2.0",
  summary: "Takes the members within a range of scores out of a sorted set.",
  args: [keyArg, ...bounds("double", "min", "max")],
  handler: (c) => removeRange(c, By.score, RangeEvents.zremrangebyscore),
};

export const zremrangebylex: Command = {
  ...zremrangebyrank,
  name: "zremrangebylex",
  since: "2.8.9",
  summary: "Takes the members within a lexicographical range out of a sorted set.",
  args: [keyArg, ...bounds("string", "min", "max")],
  handler: (c) => removeRange(c, By.lex, RangeEvents.zremrangebylex),
};

function removeRange(c: Context, givenBy: number, event: KeyEvent): void {
  if (!memberRange.read(c, givenBy, 2, 3)) return;
  const entry = c.findTypedForWrite(1, SORTED_SET);
  if (entry < 0) return;
  if (entry === 0) return c.reply.integer(0);
  const sets = sortedSetsOf(c);
  memberRange.find(c, entry);
  const { from, count } = memberRange;
  if (count > 0) {
    const isAll = count === sets.count(entry);
    // All of them: the collection goes as DEL would have it go.
    if (!isAll) sets.removeRange(entry, from, count);
    c.modified(1, event, count);
    if (isAll) {
      c.remove(1);
      c.event(1, Events.del);
    }
  }
  c.reply.integer(count);
}

/** The sorted-set commands on ranges. */
export const sortedSetRangeCommands: Command[] = [
  zrange,
  zrevrange,
  zrangebyscore,
  zrevrangebyscore,
  zrangebylex,
  zrevrangebylex,
  zrangestore,
  zremrangebyrank,
  zremrangebyscore,
  zremrangebylex,
];
