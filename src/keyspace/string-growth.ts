// Strings that are changed in place: made longer, in their block or in another, while most of their
// bytes stay. A transaction that may be rolled back is told what they were.

import type { Records } from "../structures/record.ts";
import type { ChangeObserver } from "./change-observer.ts";
import type { Databases } from "./databases.ts";
import type { EntryJournal } from "./entry-journal.ts";

/** The keyspace, as far as it is needed here. */
interface Growing {
  readonly records: Records;
  readonly roots: Databases;
  readonly journal: EntryJournal | null;
  readonly observer: ChangeObserver | null;
}

/** Keyspace.resizeString. */
export function resized(
  keyspace: Growing,
  db: number,
  entry: number,
  kind: number,
  length: number,
  from: number,
  to: number,
): number {
  const { records, journal } = keyspace;
  if (keyspace.observer !== null) keyspace.observer.beforeEntry(entry);
  const before = records.valueLength(entry);
  if (journal !== null) {
    if (!records.resizesInPlace(entry, length)) {
      return grownKept(keyspace, journal, db, entry, kind, length, before);
    }
    journal.keepRange(entry, from, to);
  }
  if (keyspace.observer !== null) tellBytes(keyspace.observer, records, entry, from, to);
  if (length === before && records.kind(entry) === kind) {
    records.value(entry);
    return entry;
  }
  const moved = records.resizeValue(entry, kind, length, before);
  if (moved !== entry) keyspace.roots.move(db, entry, moved);
  records.value(moved);
  return moved;
}

/** What is to be written over, of a string in a block of its own. */
function tellBytes(
  observer: ChangeObserver,
  records: Records,
  entry: number,
  from: number,
  to: number,
): void {
  const block = records.pointer(entry);
  if (block !== 0) observer.beforeBytes(block, from, to);
}

/** As resized, where the value moves: what it was is kept. */
function grownKept(
  keyspace: Growing,
  journal: EntryJournal,
  db: number,
  entry: number,
  kind: number,
  length: number,
  before: number,
): number {
  const { records } = keyspace;
  const block = records.pointer(entry);
  const kindBefore = records.kind(entry);
  if (block !== 0) {
    records.renewValue(entry, kind, length);
    journal.valueMoved(entry, kindBefore, block, before);
    records.value(entry);
    return entry;
  }
  records.key(entry);
  const { bytes, start, end } = records;
  const copy = records.copyString(entry, bytes, start, end);
  const made = records.resizeValue(copy, kind, length, before);
  keyspace.roots.move(db, entry, made);
  journal.replaced(db, entry, made);
  records.value(made);
  return made;
}
