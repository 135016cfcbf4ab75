// What HRANDFIELD and SRANDMEMBER (and ZRANDMEMBER) share: the count, and how elements are chosen.
//
//   count < 0    that many draws, each from all elements
//   count > 0    that many distinct elements, all if there are not more. Of a table much larger
//                than the count they are drawn, and repeats thrown away; else one walk takes each
//                element with the chance (still wanted) / (still to come), so any choice is as
//                likely as any other. Both cost O(count).

import type { Arguments } from "../../protocol/arguments.ts";
import { Errors } from "../../protocol/errors.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";

/** Draws are repeated while the count is at most one in so many; beyond, one walk is cheaper. */
export const DRAW_SHARE = 3;

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
