// Member tables: what a collection becomes when it is too large to be packed, a hash table of
// records (structures/record.ts) that belong to it. A record's key is the member or field, its
// value what goes with it; kind, deadline and clock say nothing there. Hashes and sets stand on
// them, each type with an object of its own over the keyspace's one set of hash tables.
//
// Changes are told to a journal where one is given: then what they would free is kept.

import { assert } from "../base/assert.ts";
import type { ChangeObserver } from "../keyspace/change-observer.ts";
import type { EntryJournal } from "../keyspace/entry-journal.ts";
import type { Disposer, HashTables } from "../structures/hash-table.ts";
import { NO_DEADLINE, type Records } from "../structures/record.ts";

export class MemberTables implements Disposer {
  /** Is told before a member that is there is changed or taken out. */
  observer: ChangeObserver | null = null;
  readonly #tables: HashTables;
  readonly #records: Records;

  constructor(tables: HashTables, records: Records) {
    this.#tables = tables;
    this.#records = records;
  }

  /** Adds a member with its value. REQUIRES: `hash` is the member's, which is not there. */
  insert(
    journal: EntryJournal | null,
    table: number,
    hash: number,
    member: Uint8Array,
    memberStart: number,
    memberEnd: number,
    value: Uint8Array,
    start: number,
    end: number,
  ): void {
    const record = this.#records.create(
      0,
      member,
      memberStart,
      memberEnd,
      value,
      start,
      end,
      NO_DEADLINE,
      0,
    );
    if (journal === null) this.#tables.insert(table, hash, record);
    else journal.tables.insert(table, hash, record);
  }

  /** Gives `record`, which HashTables.find() found, another value. */
  setFound(
    journal: EntryJournal | null,
    table: number,
    record: number,
    value: Uint8Array,
    start: number,
    end: number,
  ): void {
    const records = this.#records;
    if (this.observer !== null) this.observer.beforeMember(table, record);
    if (journal === null) {
      const moved = records.withValue(record, 0, value, start, end);
      if (moved !== record) this.#tables.replaceFound(moved);
      return;
    }
    records.key(record);
    const { bytes, start: from, end: to } = records;
    const made = records.create(0, bytes, from, to, value, start, end, NO_DEADLINE, 0);
    journal.tables.replaceFound(table, record, made);
  }

  /** Takes a member out; false when it was not there. */
  remove(
    journal: EntryJournal | null,
    table: number,
    member: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const tables = this.#tables;
    const hash = tables.hash(member, start, end);
    const record = tables.find(table, hash, member, start, end);
    if (record === 0) return false;
    if (this.observer !== null) this.observer.beforeMember(table, record);
    if (journal === null) {
      tables.removeFound(table, hash);
      this.#records.free(record);
    } else journal.tables.removeFound(table, hash, record);
    return true;
  }

  /** Takes out `record`. REQUIRES: it is there. */
  removeRecord(journal: EntryJournal | null, table: number, record: number): void {
    if (this.observer !== null) this.observer.beforeMember(table, record);
    if (journal === null) {
      this.#tables.removeRecord(table, record);
      this.#records.free(record);
    } else journal.tables.removeRecord(table, record);
  }

  /** Frees up to `budget` members and, when none is left, the table; see CollectionType.free. */
  free(table: number, budget: number): boolean {
    assert(table !== 0, "a table that is freed is there");
    return this.#tables.free(table, budget, this);
  }

  dispose(record: number): void {
    this.#records.free(record);
  }

  /** Bytes of the table with all its members. */
  bytesUsed(table: number): number {
    const tables = this.#tables;
    const chains = tables.chains(table);
    let bytes = tables.bytesUsed(table);
    for (let bucket = 0; bucket < chains; bucket++) {
      const count = tables.collect(table, bucket);
      for (let i = 0; i < count; i++) bytes += this.#records.bytesUsed(tables.found[i]);
    }
    return bytes;
  }

  /** Checks about `budget` members by a scan's cursor; returns the next one, 0 at the end. */
  verifyFrom(table: number, cursor: number, budget: number): number {
    const tables = this.#tables;
    let next = cursor;
    let left = budget;
    do {
      left -= 1 + tables.verifyChain(table, tables.scanned(table, next));
      next = tables.scan(table, next);
    } while (next !== 0 && left > 0);
    return next;
  }
}
