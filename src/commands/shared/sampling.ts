// What HRANDFIELD and SRANDMEMBER (and ZRANDMEMBER) share: the count, and how elements are chosen.
//
//   count < 0    that many draws, each from all elements
//   count > 0    that many distinct elements, all if there are not more. Of a table much larger
//                than the count they are drawn, and repeats thrown away; else one walk takes each
//                element with the chance (still wanted) / (still to come), so any choice is as
//                likely as any other. Both cost O(count).

import { assert } from "../../base/assert.ts";
import { torn } from "../../base/torn-read.ts";
import type { Context } from "../../engine/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { Errors } from "../../protocol/errors.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { MemberReply, Members } from "./members.ts";

/** Draws are repeated while the count is at most one in so many; beyond, one walk is cheaper. */
const DRAW_SHARE = 3;
/** So many repeats in a row, each of a chance below 1 in DRAW_SHARE, nobody will see. */
const REPEATS_MAX = 256;

/** A reply of more draws than this is refused: nobody could take it. */
const DRAWS_MAX = 1 << 24;

/** The count at argument `i`, beyond 2^53 as ±Infinity; NaN when an error has been replied. */
export function readDrawCount(args: Arguments, i: number, reply: ReplyWriter): number {
  const count = args.integer(i);
  if (Number.isNaN(count)) {
    reply.error(Errors.notInteger);
  } else if (count === Number.NEGATIVE_INFINITY && args.text(i) === "-9223372036854775808") {
    reply.error(Errors.countOutOfRange);
    return Number.NaN;
  }
  return count;
}

/** Whether a count asks for more draws than a reply may have. */
export function drawsTooMany(count: number): boolean {
  return count < -DRAWS_MAX;
}

/** How many members a count of `asked` gets from a collection of `size`. */
export function sampleSize(asked: number, size: number): number {
  return asked < 0 ? -asked : Math.min(asked, size);
}

/** Replies the sample that a count of `asked` gets: sampleSize() members. */
export function replySample(
  c: Context,
  members: Members,
  entry: number,
  asked: number,
  form: MemberReply,
): void {
  const size = members.count(entry);
  const count = sampleSize(asked, size);
  if (asked < 0) replyDraws(c, members, entry, count, form);
  else if (members.prefersDraws(entry) && count * DRAW_SHARE <= size) {
    replyDistinctDraws(c, members, entry, count, form);
  } else {
    replySelection(c, members, entry, count, form);
  }
}

/** `count` members drawn anew each time. */
function replyDraws(
  c: Context,
  members: Members,
  entry: number,
  count: number,
  form: MemberReply,
): void {
  for (let i = 0; i < count; i++) {
    members.pick(entry, c.keyspace.random);
    form.picked(c, entry);
  }
}

/** `count` distinct members, few enough that repeats are rare. */
function replyDistinctDraws(
  c: Context,
  members: Members,
  entry: number,
  count: number,
  form: MemberReply,
): void {
  const drawn = new Set<number>();
  let repeats = 0;
  while (drawn.size < count) {
    members.pick(entry, c.keyspace.random);
    if (drawn.has(members.picked)) {
      if (++repeats > REPEATS_MAX) torn();
      continue;
    }
    repeats = 0;
    drawn.add(members.picked);
    form.picked(c, entry);
  }
}

/** `count` distinct members by one walk, each with the same chance. */
function replySelection(
  c: Context,
  members: Members,
  entry: number,
  count: number,
  form: MemberReply,
): void {
  const { walk } = members;
  let wanted = count;
  let left = members.count(entry);
  walk.open(entry);
  while (wanted > 0 && walk.next()) {
    if (wanted === left || c.keyspace.random.below(left) < wanted) {
      wanted--;
      form.walked(c);
    }
    left--;
  }
  assert(wanted === 0, "as many members are replied as were announced");
}
