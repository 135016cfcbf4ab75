// Entries made of others: copies with all that they hold, and the same under another key.

import type { Records } from "../structures/record.ts";
import type { DataTypes } from "./data-type.ts";

/** The keyspace, as far as it is needed here. */
export interface Copying {
  readonly records: Records;
  readonly types: DataTypes;
  readonly disposing: boolean;
  reclaim(budget: number): void;
}

/** A detached copy of an entry under the key bytes[start, end), its deadline included. */
export function copied(
  keyspace: Copying,
  entry: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const { records } = keyspace;
  const kind = records.kind(entry);
  const clock = records.clock(entry);
  const deadline = records.deadline(entry);
  const type = keyspace.types.collections[kind];
  if (type === undefined) return records.copyString(entry, bytes, start, end);
  // What makes so many elements frees twice as many that wait: copies in a loop, each replacing
  // the one before, would otherwise fill the memory with what is to be freed.
  if (keyspace.disposing) keyspace.reclaim(2 * type.size(kind, records.pointer(entry)));
  const root = type.copy(kind, records.pointer(entry));
  return records.createPointer(kind, bytes, start, end, root, 0, deadline, clock);
}

/** A detached entry with what `entry` holds under another key; `entry` is as good as freed. */
export function renamedTo(
  records: Records,
  entry: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const pointer = records.pointer(entry);
  if (pointer === 0) return records.copyString(entry, bytes, start, end);
  return records.createPointer(
    records.kind(entry),
    bytes,
    start,
    end,
    pointer,
    records.pointerLength(entry),
    records.deadline(entry),
    records.clock(entry),
  );
}
