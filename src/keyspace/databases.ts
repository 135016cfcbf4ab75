// The numbered databases: where their roots lie, and how entries stand in them. No journal hears of
// what happens here: the keyspace tells it, and undoing (entry-journal.ts) must not.
//
// A database takes 4 words of the root area: its table of entries, its tree of deadlines (each 0
// while there is none), and 2 unused. An entry with a deadline stands in both.

import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import type { HashTables } from "../structures/hash-table.ts";
import type { OrderedTrees } from "../structures/ordered-tree.ts";
import { DEADLINE, NO_DEADLINE, type Records } from "../structures/record.ts";

/** Words of the root area that a database takes. */
export const DATABASE_WORDS = 4;
const TABLE = 0;
const TREE = 1;

export class Databases {
  readonly memory: Memory;
  readonly records: Records;
  readonly tables: HashTables;
  readonly deadlines: OrderedTrees;
  readonly #words: Int32Array;

  /** @param words of the root area, from those of database 0 on */
  constructor(
    memory: Memory,
    records: Records,
    tables: HashTables,
    deadlines: OrderedTrees,
    words: Int32Array,
  ) {
    this.memory = memory;
    this.records = records;
    this.tables = tables;
    this.deadlines = deadlines;
    this.#words = words;
  }

  /** The table of a database, or 0 while it has no entries. */
  table(db: number): number {
    return this.#words[db * DATABASE_WORDS + TABLE];
  }

  /** The tree of a database's deadlines, or 0 while none has one. */
  tree(db: number): number {
    return this.#words[db * DATABASE_WORDS + TREE];
  }

  setTable(db: number, table: number): void {
    this.#words[db * DATABASE_WORDS + TABLE] = table;
  }

  setTree(db: number, tree: number): void {
    this.#words[db * DATABASE_WORDS + TREE] = tree;
  }

  /** Exchanges two databases. */
  exchange(a: number, b: number): void {
    const words = this.#words;
    const from = a * DATABASE_WORDS;
    const to = b * DATABASE_WORDS;
    for (let i = 0; i < DATABASE_WORDS; i++) {
      const word = words[from + i];
      words[from + i] = words[to + i];
      words[to + i] = word;
    }
  }

  /** Puts an entry in. REQUIRES: the database has a table, and a tree if the entry needs it. */
  link(db: number, entry: number): void {
    const { records, tables } = this;
    records.key(entry);
    const hash = tables.hash(records.bytes, records.start, records.end);
    tables.insert(this.table(db), hash, entry);
    this.linkDeadline(db, entry);
  }

  /** Takes an entry out. REQUIRES: it is there. */
  unlink(db: number, entry: number): void {
    this.unlinkDeadline(db, entry);
    this.tables.removeRecord(this.table(db), entry);
  }

  /** Puts `by` where `entry` stands, which has the same key. */
  replace(db: number, entry: number, by: number): void {
    this.unlinkDeadline(db, entry);
    this.tables.replace(this.table(db), entry, by);
    this.linkDeadline(db, by);
  }

  /** As replace, for an entry that may be freed already; `by` has the same deadline. */
  move(db: number, entry: number, by: number): void {
    this.tables.replace(this.table(db), entry, by);
    const deadline = this.records.deadline(by);
    if (deadline === NO_DEADLINE) return;
    this.deadlines.remove(this.tree(db), deadline, entry);
    this.deadlines.insert(this.tree(db), deadline, by);
  }

  /** Puts an entry into the tree of deadlines, if it has one. */
  linkDeadline(db: number, entry: number): void {
    const deadline = this.records.deadline(entry);
    if (deadline !== NO_DEADLINE) this.deadlines.insert(this.tree(db), deadline, entry);
  }

  /** Takes an entry out of the tree of deadlines, if it has one. */
  unlinkDeadline(db: number, entry: number): void {
    const word = this.memory.i32[entry >>> PLACE_BITS][(entry & PLACE_MASK) << 1];
    if ((word & DEADLINE) === 0) return;
    this.deadlines.remove(this.tree(db), this.records.deadline(entry), entry);
  }
}
