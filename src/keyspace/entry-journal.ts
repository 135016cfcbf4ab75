// Changes of entries that a journal can undo, whatever their type: that one came, went, moved to
// another record, lost its root to another; and of whole databases. This is what the keyspace and
// the data types tell about their changes; what is particular to a type it notes itself.
//
//   operation   db   kind   a       b         c        number
//   inserted    ·           entry                                   it is freed when undone
//   removed     ·           entry                                   it is kept
//   attached    ·           entry
//   detached    ·           entry
//   created                 entry                                   detached; freed when undone
//   replaced    ·           entry   its place                       it is kept
//   recast      ·           entry   its place                       kept but for what it points to
//   renamed                 entry   its place                       the same, both are detached
//   rooted           ·      entry   root                            the root is kept
//   retyped          ·      entry                                   only its encoding changed
//   clocked                 entry   clock
//   postponed   ·           entry                     deadline      changed where it stands
//   resized          ·      entry   bytes     length  offset        of a string: what was there is
//                                                                   kept, if anything
//   moved            ·      entry   block     length                the value's block is kept
//   awaited     ·           entry                     time          by which it stood in the tree
//                                                                   of member-deadlines.ts, or 0
//   database    ·    what                                           see DatabaseChange: it got a
//                           table   tree      tree                  table or a tree; was flushed,
//                           other                                   all are kept; was swapped
//
// `kind` is otherwise what the entry's was. See journal.ts for what makes the references good.

import { assert } from "../base/assert.ts";
import { copyBytes } from "../base/bytes.ts";
import { PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import { copyIn } from "../structures/record.ts";
import type { Databases } from "./databases.ts";
import { Journal, type Undoer } from "./journal.ts";
import { TableJournal } from "./table-journal.ts";

/** Operations of Owner.entries, which is 0. */
const Operation = {
  inserted: 0,
  removed: 1,
  attached: 2,
  detached: 3,
  created: 4,
  replaced: 5,
  recast: 6,
  renamed: 7,
  rooted: 8,
  retyped: 9,
  clocked: 10,
  postponed: 11,
  resized: 12,
  moved: 13,
  database: 14,
  awaited: 15,
} as const;

/** What was done to a database: the kind of a `database` note. */
const DatabaseChange = {
  tableOpened: 0,
  treeOpened: 1,
  flushed: 2,
  swapped: 3,
  memberTreeOpened: 4,
} as const;

/** A block of bytes that are kept begins with how many there are. */
const KEPT_HEADER_BYTES = 4;

/** Copies and frees what entries hold, whatever it is. */
export interface Values {
  /** Frees a detached entry and what it holds. */
  dispose(entry: number): void;
  disposeRoot(kind: number, root: number): void;
  /** Frees a database's table and trees, with all entries; each may be 0. */
  disposeRoots(table: number, tree: number, memberTree: number): void;
  copyRoot(kind: number, root: number): number;
}

/** The journal that is to be told of changes in an entry: `journal`, if it needs to be. */
export function listening(journal: EntryJournal | null, entry: number): EntryJournal | null {
  return journal === null || journal.isWhole(entry) ? null : journal;
}

export class EntryJournal implements Undoer {
  readonly notes: Journal;
  readonly tables: TableJournal;
  readonly #databases: Databases;
  readonly #values: Values;

  /** @param rootWord the word of the memory's root area that holds the newest notes */
  constructor(databases: Databases, values: Values, rootWord: number) {
    this.#databases = databases;
    this.#values = values;
    this.notes = new Journal(databases.memory, rootWord);
    this.notes.own(0, this);
    this.tables = new TableJournal(this.notes, databases.tables, databases.members);
  }

  /** Whether an entry is brought back anyway: then what changes in it need not be told. */
  isWhole(entry: number): boolean {
    return this.notes.isWhole(entry);
  }

  // What is told: after the change, but for what is to be kept.

  /** A new entry stands in a database. */
  inserted(db: number, entry: number): void {
    this.notes.note(Operation.inserted, db, 0, entry);
    this.notes.setWhole(entry);
  }

  /** An entry was taken out, and must not be freed. */
  removed(db: number, entry: number): void {
    this.notes.note(Operation.removed, db, 0, entry);
  }

  /** A detached entry stands in a database now. */
  attached(db: number, entry: number): void {
    this.notes.note(Operation.attached, db, 0, entry);
  }

  /** An entry was taken out, and will stand elsewhere. */
  detached(db: number, entry: number): void {
    this.notes.note(Operation.detached, db, 0, entry);
  }

  /** A detached entry was made. */
  created(entry: number): void {
    this.notes.note(Operation.created, 0, 0, entry);
    this.notes.setWhole(entry);
  }

  /** `by` stands where `entry` did, which must not be freed. */
  replaced(db: number, entry: number, by: number): void {
    this.notes.note(Operation.replaced, db, 0, entry, by);
    this.notes.setWhole(by);
  }

  /** As replaced, but what `entry` points to is `by`'s now. */
  recast(db: number, entry: number, by: number): void {
    this.notes.note(Operation.recast, db, 0, entry, by);
  }

  /** As recast, of detached entries. */
  renamed(entry: number, by: number): void {
    this.notes.note(Operation.renamed, 0, 0, entry, by);
  }

  /** An entry of `kind` had another root, which must not be freed. */
  rooted(entry: number, kind: number, root: number): void {
    this.notes.note(Operation.rooted, 0, kind, entry, root);
    this.notes.setWhole(entry);
  }

  /** An entry was of `kind`, with the same root. */
  retyped(entry: number, kind: number): void {
    this.notes.note(Operation.retyped, 0, kind, entry);
  }

  clocked(entry: number, clock: number): void {
    this.notes.note(Operation.clocked, 0, 0, entry, clock);
  }

  /** An entry's deadline was another, and both lie at the same place. */
  postponed(db: number, entry: number, deadline: number): void {
    this.notes.note(Operation.postponed, db, 0, entry, 0, 0, deadline);
  }

  /** A database got its table. */
  tableOpened(db: number): void {
    this.notes.note(Operation.database, db, DatabaseChange.tableOpened, 0);
  }

  /** A database got its tree of deadlines. */
  treeOpened(db: number): void {
    this.notes.note(Operation.database, db, DatabaseChange.treeOpened, 0);
  }

  /** A database got its tree of collections whose members have deadlines. */
  memberTreeOpened(db: number): void {
    this.notes.note(Operation.database, db, DatabaseChange.memberTreeOpened, 0);
  }

  /** Such a collection stood in that tree by another time, or (0) did not. */
  awaited(db: number, entry: number, time: number): void {
    this.notes.note(Operation.awaited, db, 0, entry, 0, 0, time);
  }

  /** A database had these roots, which must not be freed. */
  flushed(db: number, table: number, tree: number, memberTree: number): void {
    this.notes.note(Operation.database, db, DatabaseChange.flushed, table, tree, memberTree);
  }

  swapped(a: number, b: number): void {
    this.notes.note(Operation.database, a, DatabaseChange.swapped, b);
  }

  /**
   * A collection is about to be changed: keeps it, and gives the entry a copy of the root. For
   * small ones; once is enough.
   */
  keep(entry: number): void {
    if (this.notes.isWhole(entry)) return;
    const { records } = this.#databases;
    const kind = records.kind(entry);
    const root = records.pointer(entry);
    records.setPointer(entry, this.#values.copyRoot(kind, root));
    this.rooted(entry, kind, root);
  }

  /**
   * A string is about to become `length` bytes long where it lies, and its bytes [from, to) to be
   * written over: keeps those of them that are there.
   */
  keepRange(entry: number, from: number, to: number): void {
    if (this.notes.isWhole(entry)) return;
    const { memory, records } = this.#databases;
    const length = records.valueLength(entry);
    const end = Math.min(to, length);
    let block = 0;
    if (from < end) {
      records.value(entry);
      const { bytes, start } = records;
      block = memory.allocate(KEPT_HEADER_BYTES + end - from);
      memory.i32[block >>> PLACE_BITS][(block & PLACE_MASK) << 1] = end - from;
      copyIn(memory, block, KEPT_HEADER_BYTES, bytes, start + from, start + end);
    }
    this.notes.note(Operation.resized, 0, records.kind(entry), entry, block, length, from);
  }

  /** A long string's value had another block and length. The block must not be freed. */
  valueMoved(entry: number, kind: number, block: number, length: number): void {
    this.notes.note(Operation.moved, 0, kind, entry, block, length);
    this.notes.setWhole(entry);
  }

  // Undoing

  undo(note: Journal): void {
    const databases = this.#databases;
    const values = this.#values;
    const { memory, records } = databases;
    const { db, a: entry, b } = note;
    switch (note.operation) {
      case Operation.inserted:
        databases.unlink(db, entry);
        values.dispose(entry);
        break;
      case Operation.removed:
      case Operation.detached:
        databases.link(db, entry);
        break;
      case Operation.attached:
        databases.unlink(db, entry);
        break;
      case Operation.created:
        values.dispose(entry);
        break;
      case Operation.replaced:
        databases.replace(db, b, entry);
        values.dispose(b);
        break;
      case Operation.recast:
        databases.replace(db, b, entry);
        memory.free(b);
        break;
      case Operation.renamed:
        memory.free(b);
        break;
      case Operation.rooted:
        values.disposeRoot(records.kind(entry), records.pointer(entry));
        records.setPointer(entry, b);
        records.setKind(entry, note.kind);
        break;
      case Operation.retyped:
        records.setKind(entry, note.kind);
        break;
      case Operation.clocked:
        records.setClock(entry, b);
        break;
      case Operation.postponed:
        this.#undoDeadline(db, entry, note.number);
        break;
      case Operation.awaited:
        databases.await(db, entry, note.number);
        break;
      case Operation.resized:
        this.#undoResize(note);
        break;
      case Operation.moved:
        records.freeBlock(records.pointer(entry));
        records.setPointer(entry, b);
        records.setPointerLength(entry, note.c);
        records.setKind(entry, note.kind);
        break;
      default:
        this.#undoDatabase(note);
    }
  }

  #undoDeadline(db: number, entry: number, deadline: number): void {
    const databases = this.#databases;
    databases.unlinkDeadline(db, entry);
    databases.records.withDeadline(entry, deadline);
    databases.linkDeadline(db, entry);
  }

  #undoResize(note: Journal): void {
    const { memory, records } = this.#databases;
    const { a: entry, b: kept } = note;
    records.setLength(entry, note.kind, note.c);
    if (kept === 0) return;
    records.value(entry);
    const from = (kept & PLACE_MASK) << 3;
    const bytes = memory.i32[kept >>> PLACE_BITS][from >> 2];
    const start = from + KEPT_HEADER_BYTES;
    const at = records.start + note.number;
    copyBytes(memory.u8[kept >>> PLACE_BITS], start, start + bytes, records.bytes, at);
    memory.free(kept);
  }

  #undoDatabase(note: Journal): void {
    const databases = this.#databases;
    const { db } = note;
    const table = databases.table(db);
    const tree = databases.tree(db);
    const memberTree = databases.memberTree(db);
    switch (note.kind) {
      case DatabaseChange.tableOpened:
        assert(databases.tables.count(table) === 0, "what came into a new table has been undone");
        databases.setTable(db, 0);
        this.#values.disposeRoots(table, 0, 0);
        break;
      case DatabaseChange.treeOpened:
        assert(databases.deadlines.count(tree) === 0, "what came into a new tree has been undone");
        databases.setTree(db, 0);
        this.#values.disposeRoots(0, tree, 0);
        break;
      case DatabaseChange.memberTreeOpened: {
        const { deadlines } = databases;
        assert(deadlines.count(memberTree) === 0, "what came into a new tree has been undone");
        databases.setMemberTree(db, 0);
        this.#values.disposeRoots(0, 0, memberTree);
        break;
      }
      case DatabaseChange.flushed:
        assert(table === 0 && tree === 0, "what came into an emptied database has been undone");
        assert(memberTree === 0, "what came into an emptied database has been undone");
        databases.setTable(db, note.a);
        databases.setTree(db, note.b);
        databases.setMemberTree(db, note.c);
        break;
      default:
        databases.exchange(db, note.a);
    }
  }

  forget(note: Journal): void {
    const values = this.#values;
    const { a: entry, b } = note;
    switch (note.operation) {
      case Operation.removed:
      case Operation.replaced:
        values.dispose(entry);
        break;
      case Operation.recast:
      case Operation.renamed:
        this.#databases.memory.free(entry);
        break;
      case Operation.rooted:
        values.disposeRoot(note.kind, b);
        break;
      case Operation.resized:
        if (b !== 0) this.#databases.memory.free(b);
        break;
      case Operation.moved:
        this.#databases.records.freeBlock(b);
        break;
      case Operation.database:
        if (note.kind === DatabaseChange.flushed) values.disposeRoots(entry, b, note.c);
        break;
      default:
    }
  }
}
