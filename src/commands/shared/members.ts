// What commands on hashes and on sets share, and sorted sets will: their collections consist of
// members (a hash's fields are that) which are counted, taken out, walked over and drawn alike.
// Which collection it is comes in as Members; how a member is replied, as a MemberReply.

import { assert } from "../../base/assert.ts";
import type { Context } from "../../engine/context.ts";
import type { KeyEvent } from "../../engine/events.ts";
import type { Chance } from "../../structures/hash-table.ts";

/** A walk: `while (walk.next())` with the member in bytes, start, end. */
export interface MemberWalk {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  open(entry: number): void;
  /** The batch that belongs to a scan cursor; returns the next batch's cursor, 0 at the end. */
  openBatch(entry: number, cursor: number): number;
  next(): boolean;
}

/** A type whose collections consist of members. */
export interface Members {
  readonly type: number;
  readonly walk: MemberWalk;
  /** Which member pick drew: two draws are the same member if equal here. */
  readonly picked: number;
  count(entry: number): number;
  /** Takes a member out; false when it was not there. The collection may be left empty. */
  remove(entry: number, bytes: Uint8Array, start: number, end: number): boolean;
  /** Draws a member uniformly. */
  pick(entry: number, chance: Chance): void;
  /** Whether few draws are cheaper than a walk, however many members there are. */
  prefersDraws(entry: number): boolean;
}

/** Replies one member, with whatever goes with it. */
export interface MemberReply {
  /** Elements of the reply that a member becomes. */
  readonly elements: number;
  /** The one on which the type's walk stands. */
  walked(c: Context): void;
  /** The one that the type's pick drew. */
  picked(c: Context, entry: number): void;
}

/** HLEN, SCARD: how many members the collection at argument 1 has. */
export function replyCount(c: Context, members: Members): void {
  const entry = c.findTyped(1, members.type);
  if (entry >= 0) c.reply.integer(entry === 0 ? 0 : members.count(entry));
}

/** HDEL, SREM: takes the members from argument 2 on out of the collection at argument 1. */
export function removeMembers(c: Context, members: Members, event: KeyEvent): void {
  const entry = c.findTypedForWrite(1, members.type);
  if (entry < 0) return;
  if (entry === 0) return c.reply.integer(0);
  const { bytes, starts, ends, count } = c.args;
  let removed = 0;
  let left = members.count(entry);
  for (let i = 2; i < count && left > 0; i++) {
    if (!members.remove(entry, bytes, starts[i], ends[i])) continue;
    removed++;
    left--;
  }
  assert(left === members.count(entry), "what was removed is gone, and nothing else");
  if (removed > 0) {
    c.modified(1, event, removed);
    if (left === 0) c.removedEmpty(1);
  }
  c.reply.integer(removed);
}
