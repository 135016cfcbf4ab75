// Member tables: what a collection becomes when it is too large to be packed, a hash table of
// records (structures/record.ts) that belong to it. A record's key is the member or field, its
// value what goes with it; kind and clock say nothing there. Fields of hashes may have deadlines
// (keyspace/member-deadlines.ts). Hashes and sets stand on them, each type with an object of its
// own over the keyspace's one set of hash tables.
//
// Changes are told to a journal where one is given: then what they would free is kept.

import { assert } from "../base/assert.ts";
import type { ChangeObserver } from "../keyspace/change-observer.ts";
import type { EntryJournal } from "../keyspace/entry-journal.ts";
import { KEEP_DEADLINE } from "../keyspace/keyspace.ts";
import type { MemberDeadlines } from "../keyspace/member-deadlines.ts";
import type { Disposer, HashTables } from "../structures/hash-table.ts";
import { NO_DEADLINE, type Records } from "../structures/record.ts";

export class MemberTables implements Disposer {
  /** Is told before a member that is there is changed or taken out. */
  observer: ChangeObserver | null = null;
  readonly #tables: HashTables;
  readonly #records: Records;
  readonly #deadlines: MemberDeadlines | null;

  /** @param deadlines where members may have some */
  constructor(tables: HashTables, records: Records, deadlines: MemberDeadlines | null = null) {
    this.#tables = tables;
    this.#records = records;
    this.#deadlines = deadlines;
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
    deadline = NO_DEADLINE,
  ): void {
    const record = this.#records.create(
      0,
      member,
      memberStart,
      memberEnd,
      value,
      start,
      end,
      deadline,
      0,
    );
    if (journal === null) this.#tables.insert(table, hash, record);
    else journal.tables.insert(table, hash, record);
    if (deadline !== NO_DEADLINE) this.#deadlines?.link(table, record);
  }

  /**
   * Gives `record`, which HashTables.find() found, another value.
   * REQUIRES: it has no deadline.
   */
  setValue(
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

  /** As setValue, with a deadline: NO_DEADLINE, or (KEEP_DEADLINE) the one that it has. */
  setFound(
    journal: EntryJournal | null,
    table: number,
    record: number,
    value: Uint8Array,
    start: number,
    end: number,
    deadline: number,
  ): void {
    const records = this.#records;
    const before = records.deadline(record);
    const until = deadline === KEEP_DEADLINE ? before : deadline;
    if (before === NO_DEADLINE && until === NO_DEADLINE) {
      return this.setValue(journal, table, record, value, start, end);
    }
    if (this.observer !== null) this.observer.beforeMember(table, record);
    records.key(record);
    const { bytes, start: from, end: to } = records;
    const made = records.create(0, bytes, from, to, value, start, end, until, 0);
    this.#replaceFound(journal, table, record, made);
  }

  #replaceFound(journal: EntryJournal | null, table: number, record: number, made: number): void {
    this.#deadlines?.unlink(table, record);
    this.#deadlines?.link(table, made);
    if (journal !== null) return journal.tables.replaceFound(table, record, made);
    this.#tables.replaceFound(made);
    this.#records.free(record);
  }

  /** Gives `record`, which HashTables.find() found, a deadline, or (NO_DEADLINE) none. */
  setDeadline(journal: EntryJournal | null, table: number, record: number, deadline: number): void {
    const records = this.#records;
    if (this.observer !== null) this.observer.beforeMember(table, record);
    if (journal !== null) {
      records.key(record);
      const { bytes, start, end } = records;
      const made = records.copyMember(record, bytes, start, end, deadline);
      return this.#replaceFound(journal, table, record, made);
    }
    this.#deadlines?.unlink(table, record);
    const moved = records.withDeadline(record, deadline);
    if (moved !== record) this.#tables.replaceFound(moved);
    this.#deadlines?.link(table, moved);
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
    if (record === 0 || this.#deadlines?.isPast(record) === true) return false;
    if (this.observer !== null) this.observer.beforeMember(table, record);
    this.#deadlines?.unlink(table, record);
    if (journal === null) {
      tables.removeFound(table, hash);
      this.#records.free(record);
    } else journal.tables.removeFound(table, hash, record);
    return true;
  }

  /** Takes out `record`. REQUIRES: it is there. */
  removeRecord(journal: EntryJournal | null, table: number, record: number): void {
    if (this.observer !== null) this.observer.beforeMember(table, record);
    this.#deadlines?.unlink(table, record);
    if (journal === null) {
      this.#tables.removeRecord(table, record);
      this.#records.free(record);
    } else journal.tables.removeRecord(table, record);
  }

  /** Frees up to `budget` members and, when none is left, the table; see CollectionType.free. */
  free(table: number, budget: number): boolean {
    assert(table !== 0, "a table that is freed is there");
    if (this.#deadlines !== null && !this.#deadlines.free(table, budget)) return false;
    return this.#tables.free(table, budget, this);
  }

  dispose(record: number): void {
    this.#records.free(record);
  }

  /** Bytes of the table with all its members. */
  bytesUsed(table: number): number {
    const tables = this.#tables;
    const chains = tables.chains(table);
    let bytes = tables.bytesUsed(table) + (this.#deadlines?.bytesUsed(table) ?? 0);
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
      for (let i = 0; i < tables.foundCount; i++) {
        this.#deadlines?.verifyMember(table, tables.found[i]);
      }
    } while (next !== 0 && left > 0);
    return next;
  }
}
