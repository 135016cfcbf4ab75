// What ZRANGESTORE, ZUNIONSTORE and their kin end with.

import { formatDouble } from "../../base/doubles.ts";
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

/**
 * What was stored at argument i goes to the log as it is (a DEL and a ZADD), and not as the
 * request, which older servers cannot read. To be called behind storeHolder.
 */
export function logStored(c: Context, i = 1): void {
  if (c.changes === 0) return;
  c.effect(2);
  c.effectText("DEL");
  c.effectArg(i);
  const entry = c.effects.isHeard ? c.findForWrite(i) : 0;
  if (entry === 0) return;
  const sets = sortedSetsOf(c);
  const { walk } = sets;
  c.effect(2 + 2 * sets.count(entry));
  c.effectText("ZADD");
  c.effectArg(i);
  walk.open(entry);
  while (walk.next()) {
    c.effectText(formatDouble(walk.score));
    c.effectBytes(walk.bytes, walk.start, walk.end);
  }
}
