// Commands on sorted sets: adding, taking out and asking for members. Ranges are in ranges.ts, what
// takes the first or the last members in pops.ts, what combines sorted sets in algebra.ts. What a
// sorted set is and how it is encoded is in types/sorted-sets.ts.

import { asciiBytes } from "../../base/bytes.ts";
import { INT64_MAX } from "../../base/integers.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import { EventClass, keyEvent } from "../../engine/events.ts";
import { Errors, errorLine, wrongArity } from "../../protocol/errors.ts";
import { SORTED_SET, sortedSetsOf } from "../../types/sorted-sets.ts";
import { keyArg, oneOf, scanArgs } from "../shared/argument-docs.ts";
import { type MemberReply, removeMembers, replyCount } from "../shared/members.ts";
import { drawsTooMany, readDrawCount, replySample, sampleSize } from "../shared/sampling.ts";
import { scanMembers } from "../shared/scanning.ts";
import { NX, XX } from "../shared/words.ts";
import { By, memberRange } from "./bounds.ts";

/** What the commands of the family tell of a key. */
export const SortedSetEvents = {
  zadd: keyEvent(EventClass.sortedSet, "zadd"),
  zincr: keyEvent(EventClass.sortedSet, "zincr"),
  zrem: keyEvent(EventClass.sortedSet, "zrem"),
} as const;

const nxAndXx = errorLine("ERR XX and NX options at the same time are not compatible");
const gtLtNx = errorLine("ERR GT, LT, and/or NX options at the same time are not compatible");
const onePair = errorLine("ERR INCR option supports a single increment-element pair");
const scoreIsNan = errorLine("ERR resulting score is not a number (NaN)");

const GT = asciiBytes("gt");
const LT = asciiBytes("lt");
const CH = asciiBytes("ch");
const INCR = asciiBytes("incr");
const WITHSCORE = asciiBytes("withscore");
const WITHSCORES = asciiBytes("withscores");
const HALF_OF_LONG_MAX = INT64_MAX / 2n;

const rankArity = {
  zrank: errorLine(wrongArity("zrank")),
  zrevrank: errorLine(wrongArity("zrevrank")),
};

export const memberArg: ArgumentDoc = { name: "member", type: "string" };
export const withScoresArg: ArgumentDoc = {
  name: "withscores",
  type: "pure-token",
  token: "WITHSCORES",
  optional: true,
};

/** ZADD's options, one bit each. */
export const Option = { nx: 1, xx: 2, gt: 4, lt: 8, ch: 16, incr: 32 } as const;

/** The scores of a ZADD, which are all read before anything is changed. */
let scores: Float64Array = new Float64Array(64);

/** Where the scores that addScored() is to add go, before it is called. */
export function roomForScores(pairs: number): Float64Array {
  if (pairs > scores.length) scores = new Float64Array(pairs * 2);
  return scores;
}

export const zadd: Command = {
  name: "zadd",
  arity: -4,
  flags: "write denyoom fast",
  keys: "RW update",
  member: 2,
  group: "sorted-set",
  since: "1.2.0",
  complexity: "O(log(N)) for each member, N being the number of members",
  summary: "Adds members to a sorted set, or changes their scores.",
  args: [
    keyArg,
    { ...oneOf("condition", "NX", "XX"), since: "3.0.2", optional: true },
    { ...oneOf("comparison", "GT", "LT"), since: "6.2.0", optional: true },
    { name: "change", type: "pure-token", token: "CH", since: "3.0.2", optional: true },
    { name: "increment", type: "pure-token", token: "INCR", since: "3.0.2", optional: true },
    {
      name: "data",
      type: "block",
      multiple: true,
      arguments: [{ name: "score", type: "double" }, memberArg],
    },
  ],
  handler: (c) => addWithOptions(c, 0),
};

/** ZADD, and ZINCRBY, whose increment may be no option's name, as in Redis. */
function addWithOptions(c: Context, given: number): void {
  const { args } = c;
  let options = given;
  let i = 2;
  for (; i < args.count; i++) {
    if (args.is(i, NX)) options |= Option.nx;
    else if (args.is(i, XX)) options |= Option.xx;
    else if (args.is(i, CH)) options |= Option.ch;
    else if (args.is(i, INCR)) options |= Option.incr;
    else if (args.is(i, GT)) options |= Option.gt;
    else if (args.is(i, LT)) options |= Option.lt;
    else break;
  }
  addMembers(c, i, options);
}

export const zincrby: Command = {
  name: "zincrby",
  arity: 4,
  flags: "write denyoom fast",
  keys: "RW access update",
  member: 2,
  group: "sorted-set",
  since: "1.2.0",
  complexity: "O(log(N)), N being the number of members",
  summary: "Adds to the score of a member of a sorted set.",
  args: [keyArg, { name: "increment", type: "integer" }, memberArg],
  handler: (c) => addWithOptions(c, Option.incr),
};

/** Pairs of score and member stand from argument `first` on. */
function addMembers(c: Context, first: number, options: number): void {
  const { args, reply } = c;
  const pairs = (args.count - first) / 2;
  if (pairs < 1 || !Number.isInteger(pairs)) return reply.error(Errors.syntax);
  const { nx, xx, gt, lt, incr } = Option;
  if ((options & nx) !== 0 && (options & xx) !== 0) return reply.error(nxAndXx);
  const exclusive = options & (nx | gt | lt);
  if ((exclusive & (exclusive - 1)) !== 0) return reply.error(gtLtNx);
  if ((options & incr) !== 0 && pairs > 1) return reply.error(onePair);
  const room = roomForScores(pairs);
  for (let k = 0; k < pairs; k++) {
    const score = args.double(first + 2 * k);
    if (Number.isNaN(score)) return reply.error(Errors.notFloat);
    room[k] = score;
  }
  addScored(c, pairs, first + 1, 2, options);
}

/**
 * Adds members to the sorted set at argument 1, or changes their scores, as the options say, and
 * replies. Members are every `step`-th argument from `first` on; scores are in roomForScores().
 */
export function addScored(
  c: Context,
  pairs: number,
  first: number,
  step: number,
  options: number,
): void {
  let entry = c.findTypedForWrite(1, SORTED_SET);
  if (entry < 0) return;
  const isMissing = entry === 0 && (options & Option.xx) !== 0;
  if (isMissing) return replyAdded(c, options, 0, 0, false);
  const { bytes, starts, ends } = c.args;
  const sets = sortedSetsOf(c);
  let added = 0;
  let updated = 0;
  let processed = false;
  let score = 0;
  for (let k = 0; k < pairs; k++) {
    const i = first + step * k;
    score = scores[k];
    if (entry === 0) {
      const root = sets.create();
      entry = c.create(1, sets.createdKind, root);
      c.ready(1);
    }
    if (!sets.find(entry, bytes, starts[i], ends[i])) {
      if ((options & Option.xx) !== 0) continue;
      sets.add(entry, bytes, starts[i], ends[i], score);
      added++;
      processed = true;
      continue;
    }
    if ((options & Option.nx) !== 0) continue;
    if ((options & Option.incr) !== 0) {
      score += sets.score;
      if (Number.isNaN(score)) return c.reply.error(scoreIsNan);
    }
    if ((options & Option.gt) !== 0 && score <= sets.score) continue;
    if ((options & Option.lt) !== 0 && score >= sets.score) continue;
    processed = true;
    if (score === sets.score) continue;
    sets.setScore(entry, bytes, starts[i], ends[i], score);
    updated++;
  }
  if (added + updated > 0) {
    const isIncrement = (options & Option.incr) !== 0;
    const event = isIncrement ? SortedSetEvents.zincr : SortedSetEvents.zadd;
    c.modified(1, event, added + updated);
  }
  scores[0] = score;
  replyAdded(c, options, added, updated, processed);
}

function replyAdded(
  c: Context,
  options: number,
  added: number,
  updated: number,
  processed: boolean,
): void {
  const { reply } = c;
  if ((options & Option.incr) === 0) {
    reply.integer((options & Option.ch) === 0 ? added : added + updated);
  } else if (processed) reply.double(scores[0]);
  else reply.null();
}

export const zrem: Command = {
  name: "zrem",
  arity: -3,
  flags: "write fast",
  keys: "RW delete",
  group: "sorted-set",
  since: "1.2.0",
  complexity: "O(log(N)) for each member given, N being the number of members",
  summary: "Takes members out of a sorted set, and deletes it with its last one.",
  args: [keyArg, { ...memberArg, multiple: true }],
  handler: (c) => removeMembers(c, sortedSetsOf(c), SortedSetEvents.zrem),
};

export const zcard: Command = {
  name: "zcard",
  arity: 2,
  flags: "readonly fast",
  keys: "RO",
  group: "sorted-set",
  since: "1.2.0",
  complexity: "O(1)",
  summary: "Returns the number of members of a sorted set.",
  args: [keyArg],
  handler: (c) => replyCount(c, sortedSetsOf(c)),
};

export const zscore: Command = {
  name: "zscore",
  arity: 3,
  flags: "readonly fast",
  keys: "RO access",
  group: "sorted-set",
  since: "1.2.0",
  complexity: "O(1)",
  summary: "Returns the score of a member of a sorted set.",
  args: [keyArg, memberArg],
  handler: zscoreCommand,
};

function zscoreCommand(c: Context): void {
  const entry = c.findTyped(1, SORTED_SET);
  if (entry < 0) return;
  replyScore(c, entry, 2);
}

/** The score of the member at argument i, or a null. */
function replyScore(c: Context, entry: number, i: number): void {
  const { bytes, starts, ends } = c.args;
  const sets = sortedSetsOf(c);
  if (entry !== 0 && sets.find(entry, bytes, starts[i], ends[i])) c.reply.double(sets.score);
  else c.reply.null();
}

export const zmscore: Command = {
  name: "zmscore",
  arity: -3,
  flags: "readonly fast",
  keys: "RO access",
  group: "sorted-set",
  since: "6.2.0",
  complexity: "O(N) for N members given",
  summary: "Returns the scores of several members of a sorted set.",
  args: [keyArg, { ...memberArg, multiple: true }],
  handler: zmscoreCommand,
};

function zmscoreCommand(c: Context): void {
  const entry = c.findTyped(1, SORTED_SET);
  if (entry < 0) return;
  c.reply.array(c.args.count - 2);
  for (let i = 2; i < c.args.count; i++) replyScore(c, entry, i);
}

export const zrank: Command = {
  name: "zrank",
  arity: -3,
  flags: "readonly fast",
  keys: "RO access",
  group: "sorted-set",
  since: "2.0.0",
  complexity: "O(log(N)), N being the number of members",
  summary: "Returns the rank of a member of a sorted set, lowest score first.",
  args: [
    keyArg,
    memberArg,
    {
      name: "withscore",
      type: "pure-token",
      token: "WITHSCORE",
      since: "7.2.0",
      optional: true,
    },
  ],
  handler: (c) => replyRank(c, false),
};

export const zrevrank: Command = {
  ...zrank,
  name: "zrevrank",
  summary: "Returns the rank of a member of a sorted set, highest score first.",
  handler: (c) => replyRank(c, true),
};

function replyRank(c: Context, isReverse: boolean): void {
  const { args, reply } = c;
  if (args.count > 4) return reply.error(isReverse ? rankArity.zrevrank : rankArity.zrank);
  const withScore = args.count === 4;
  if (withScore && !args.is(3, WITHSCORE)) return reply.error(Errors.syntax);
  const entry = c.findTyped(1, SORTED_SET);
  if (entry < 0) return;
  const sets = sortedSetsOf(c);
  if (entry === 0 || !sets.find(entry, args.bytes, args.starts[2], args.ends[2])) {
    return withScore ? reply.nullArray() : reply.null();
  }
  const rank = sets.rankOfFound(entry);
  if (withScore) reply.array(2);
  reply.integer(isReverse ? sets.count(entry) - 1 - rank : rank);
  if (withScore) reply.double(sets.score);
}

export const zcount: Command = {
  name: "zcount",
  arity: 4,
  flags: "readonly fast",
  keys: "RO access",
  member: 0,
  group: "sorted-set",
  since: "2.0.0",
  complexity: "O(log(N)), N being the number of members",
  summary: "Returns how many members of a sorted set have scores within a range.",
  args: [keyArg, { name: "min", type: "double" }, { name: "max", type: "double" }],
  handler: (c) => replyRangeCount(c, By.score),
};

export const zlexcount: Command = {
  name: "zlexcount",
  arity: 4,
  flags: "readonly fast",
  keys: "RO access",
  member: 0,
  group: "sorted-set",
  since: "2.8.9",
  complexity: "O(log(N)), N being the number of members",
  summary: "Counts the members of a sorted set within a lexicographical range.",
  args: [keyArg, { name: "min", type: "string" }, { name: "max", type: "string" }],
  handler: (c) => replyRangeCount(c, By.lex),
};

function replyRangeCount(c: Context, by: number): void {
  if (!memberRange.read(c, by, 2, 3)) return;
  const entry = c.findTyped(1, SORTED_SET);
  if (entry < 0) return;
  if (entry === 0) return c.reply.integer(0);
  memberRange.find(c, entry);
  c.reply.integer(memberRange.count);
}

/** Replies a member with its score; in RESP3, in an array of their own where they are paired. */
export function replyMember(
  c: Context,
  bytes: Uint8Array,
  start: number,
  end: number,
  score: number,
  isPaired: boolean,
): void {
  if (isPaired) c.reply.array(2);
  c.reply.bulk(bytes, start, end);
  c.reply.double(score);
}

const memberAlone: MemberReply = {
  elements: 1,
  walked(c) {
    const { walk } = sortedSetsOf(c);
    c.reply.bulk(walk.bytes, walk.start, walk.end);
  },
  picked(c) {
    const sets = sortedSetsOf(c);
    c.reply.bulk(sets.bytes, sets.start, sets.end);
  },
};

/** A member and its score: in RESP3 in an array of their own. */
function withScore(elements: number): MemberReply {
  return {
    elements,
    walked(c) {
      const { walk } = sortedSetsOf(c);
      replyMember(c, walk.bytes, walk.start, walk.end, walk.score, elements === 1);
    },
    picked(c) {
      const { bytes, start, end, score } = sortedSetsOf(c);
      replyMember(c, bytes, start, end, score, elements === 1);
    },
  };
}

const flatPair = withScore(2);
const nestedPair = withScore(1);

/** As ZSCAN has it: the score is a string in both protocols. */
const memberScanned: MemberReply = {
  elements: 2,
  walked(c) {
    const { walk } = sortedSetsOf(c);
    c.reply.bulk(walk.bytes, walk.start, walk.end);
    c.reply.bulkDouble(walk.score);
  },
  picked: memberAlone.picked,
};

export const zrandmember: Command = {
  name: "zrandmember",
  arity: -2,
  flags: "readonly",
  tips: "nondeterministic_output",
  keys: "RO access",
  member: 0,
  group: "sorted-set",
  since: "6.2.0",
  complexity: "O(N) for N members returned",
  summary: "Returns random members of a sorted set.",
  args: [
    keyArg,
    {
      name: "options",
      type: "block",
      optional: true,
      arguments: [{ name: "count", type: "integer" }, withScoresArg],
    },
  ],
  console: "scores",
  handler: zrandmemberCommand,
};

function zrandmemberCommand(c: Context): void {
  const { args, reply } = c;
  if (args.count === 2) return randomMember(c);
  const asked = readDrawCount(args, 2, reply);
  if (Number.isNaN(asked)) return;
  const withScores = args.count === 4;
  if (args.count > 4 || (withScores && !args.is(3, WITHSCORES))) return reply.error(Errors.syntax);
  if (withScores && Math.abs(asked) === Number.POSITIVE_INFINITY) {
    const exact = args.integer64(2) ?? 0n;
    if (exact > HALF_OF_LONG_MAX || exact < -HALF_OF_LONG_MAX) {
      return reply.error(Errors.outOfRange);
    }
  }
  const entry = c.findTyped(1, SORTED_SET);
  if (entry < 0) return;
  if (entry === 0 || asked === 0) return reply.array(0);
  if (drawsTooMany(asked)) return reply.error(Errors.outOfRange);
  const sets = sortedSetsOf(c);
  const pair = reply.protocol === 3 ? nestedPair : flatPair;
  const form = withScores ? pair : memberAlone;
  reply.array(sampleSize(asked, sets.count(entry)) * form.elements);
  replySample(c, sets, entry, asked, form);
}

function randomMember(c: Context): void {
  const entry = c.findTyped(1, SORTED_SET);
  if (entry < 0) return;
  if (entry === 0) return c.reply.null();
  sortedSetsOf(c).pick(entry, c.keyspace.random);
  memberAlone.picked(c, entry);
}

export const zscan: Command = {
  name: "zscan",
  arity: -3,
  flags: "readonly",
  tips: "nondeterministic_output",
  keys: "RO access",
  member: 0,
  group: "sorted-set",
  since: "2.8.0",
  complexity: "O(1) for each call, O(N) for a whole scan of N members",
  summary: "Walks over the members of a sorted set and their scores step by step.",
  args: [keyArg, ...scanArgs],
  handler: (c) => scanMembers(c, sortedSetsOf(c), memberScanned),
};

/** The sorted-set family, but for ranges, pops and algebra. */
export const sortedSetCommands: Command[] = [
  zadd,
  zincrby,
  zrem,
  zcard,
  zscore,
  zmscore,
  zrank,
  zrevrank,
  zcount,
  zlexcount,
  zrandmember,
  zscan,
];
