// What replies about groups have in common.

import type { Context } from "../../engine/context.ts";
import { DELIVERIES_MAX } from "../../structures/stream-groups.ts";
import { streamsOf } from "../../types/streams.ts";

/** What stands for 2⁶³ deliveries, where no integer of 64 bits does. */
export const MOST_DELIVERIES: bigint = 2n ** 63n - 1n;

/** How often an entry was delivered. */
export function replyDeliveries(c: Context, count: number): void {
  if (count < DELIVERIES_MAX) c.reply.integer(count);
  else c.reply.integer64(MOST_DELIVERIES);
}

/** The name of a group or a consumer; of nobody (0), it is empty. */
export function replyName(c: Context, block: number): void {
  const { names } = streamsOf(c).groups;
  if (block === 0) return c.reply.bulkText("");
  names.read(block);
  c.reply.bulk(names.bytes, names.start, names.end);
}
