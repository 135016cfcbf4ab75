// Changes of hash tables that a journal can undo: of the members of large sets and hashes, and of
// whatever else is a table of records. A record that is taken out or replaced is kept, not copied;
// undoing puts it back, and gives the table the buckets it had. Where records have deadlines, the
// table's tree of them (member-deadlines.ts) follows when a change is undone.
//
//   operation   a       b          c          number
//   added       table   record
//   removed     table   record                          the record is kept
//   replaced    table   record     its place            the record is kept
//   reshaped    table   buckets    room       chunks    what they were

import type { HashTables } from "../structures/hash-table.ts";
import { type Journal, Owner, type Undoer } from "./journal.ts";
import type { MemberDeadlines } from "./member-deadlines.ts";

const Operation = {
  added: Owner.tables << 4,
  removed: (Owner.tables << 4) | 1,
  replaced: (Owner.tables << 4) | 2,
  reshaped: (Owner.tables << 4) | 3,
} as const;

export class TableJournal implements Undoer {
  readonly #journal: Journal;
  readonly #tables: HashTables;
  readonly #deadlines: MemberDeadlines;
  // The shape that noteShape compares with.
  #buckets = 0;
  #chunks = 0;
  #room = 0;

  constructor(journal: Journal, tables: HashTables, deadlines: MemberDeadlines) {
    this.#journal = journal;
    this.#tables = tables;
    this.#deadlines = deadlines;
    journal.own(Owner.tables, this);
  }

  /** As HashTables.insert. */
  insert(table: number, hash: number, record: number): void {
    this.readShape(table);
    this.#tables.insert(table, hash, record);
    this.noteShape(table);
    this.#journal.note(Operation.added, 0, 0, table, record);
  }

  /** As HashTables.removeFound, for the record that was found; it must not be freed. */
  removeFound(table: number, hash: number, record: number): void {
    this.readShape(table);
    this.#tables.removeFound(table, hash);
    this.noteShape(table);
    this.#journal.note(Operation.removed, 0, 0, table, record);
  }

  /** As HashTables.removeRecord; the record must not be freed. */
  removeRecord(table: number, record: number): void {
    this.readShape(table);
    this.#tables.removeRecord(table, record);
    this.noteShape(table);
    this.#journal.note(Operation.removed, 0, 0, table, record);
  }

  /** As HashTables.replaceFound, for the record that was found; it must not be freed. */
  replaceFound(table: number, record: number, by: number): void {
    this.#tables.replaceFound(by);
    this.#journal.note(Operation.replaced, 0, 0, table, record, by);
  }

  /** A record is about to be added or taken out. */
  readShape(table: number): void {
    this.#buckets = this.#tables.buckets(table);
    this.#chunks = this.#tables.chunks(table);
    this.#room = this.#tables.room(table);
  }

  /** It was: notes how the table was divided, if it no longer is. To be followed by its note. */
  noteShape(table: number): void {
    if (this.#tables.buckets(table) === this.#buckets) return;
    const { reshaped } = Operation;
    this.#journal.note(reshaped, 0, 0, table, this.#buckets, this.#room, this.#chunks);
  }

  undo(journal: Journal): void {
    const tables = this.#tables;
    const { records } = tables;
    const { a: table, b: record } = journal;
    switch (journal.operation) {
      case Operation.added:
        this.#deadlines.unlink(table, record);
        tables.removeRecord(table, record);
        records.free(record);
        break;
      case Operation.removed:
        records.key(record);
        tables.insert(table, tables.hash(records.bytes, records.start, records.end), record);
        this.#deadlines.link(table, record);
        break;
      case Operation.replaced:
        this.#deadlines.unlink(table, journal.c);
        tables.replace(table, journal.c, record);
        this.#deadlines.link(table, record);
        records.free(journal.c);
        break;
      default:
        tables.reshape(table, journal.b, journal.number, journal.c);
    }
  }

  forget(journal: Journal): void {
    const kept =
      journal.operation === Operation.removed || journal.operation === Operation.replaced;
    if (kept) this.#tables.records.free(journal.b);
  }
}
