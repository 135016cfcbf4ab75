// What ZRANGESTORE, ZUNIONSTORE and their kin end with.

import type { Context } from "../../engine/context.ts";
import { Events, type KeyEvent } from "../../engine/events.ts";
import { sortedSetsOf } from "../../types/sorted-sets.ts";

/**
 * Makes the sorted set that was built in `holder` the value of argument i, which goes where there
 * is nothing in it, and replies its size. That is so many changes: one, if it is not said.
 */
export function storeHolder(c: Context, holder: number, event: KeyEvent, i = 1, changes = 1): void {
  const sets = sortedSetsOf(c);
  const size = sets.count(holder);
  if (size === 0) {
    c.keyspace.dispose(holder);
    if (c.remove(i)) c.modified(i, Events.del);
    c.reply.integer(0);
    return;
  }
  // Twice as many elements that wait to be freed go as were made; see Keyspace.copyEntry.
  if (c.keyspace.disposing) c.keyspace.reclaim(2 * size);
  c.replace(i, sets.records.kind(holder), sets.records.pointer(holder));
  c.memory.free(holder);
  c.modified(i, event, changes);
  c.ready(i);
  c.reply.integer(size);
}
