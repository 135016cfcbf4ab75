// The numbered databases: where their roots lie, and how entries stand in them. No journal hears of
// what happens here: the keyspace tells it, and undoing (entry-journal.ts) must not.
//
// A database takes 4 words of the root area: its table of entries, its tree of deadlines, its tree
// of collections whose members have deadlines (each 0 while there is none), and one unused. An
// entry with a deadline stands in the second too, and one whose members have some in the third
// (member-deadlines.ts).

import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import type { HashTables } from "../structures/hash-table.ts";
import type { OrderedTrees } from "../structures/ordered-tree.ts";
import { DEADLINE, KIND_MASK, NO_DEADLINE, type Records } from "../structures/record.ts";
import type { MemberDeadlines } from "./member-deadlines.ts";

/** Words of the root area that a database takes. */
export const DATABASE_WORDS = 4;
const TABLE = 0;
const TREE = 1;
const MEMBER_TREE = 2;

/** Bit `kind`: members of collections of that kind may have deadlines. */
interface Kinds {
  readonly deadlineKinds: number;
}

export class Databases {
  readonly memory: Memory;
  readonly records: Records;
  readonly tables: HashTables;
  readonly deadlines: OrderedTrees;
  readonly members: MemberDeadlines;
  readonly #types: Kinds;
  readonly #words: Int32Array;

  /** @param words of the root area, from those of database 0 on */
  constructor(
    memory: Memory,
    records: Records,
    tables: HashTables,
    deadlines: OrderedTrees,
    members: MemberDeadlines,
    types: Kinds,
    words: Int32Array,
  ) {
    this.memory = memory;
    this.records = records;
    this.tables = tables;
    this.deadlines = deadlines;
    this.members = members;
    this.#types = types;
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

  /** The tree of a database's collections by what is awaited, or 0 while there are none. */
  memberTree(db: number): number {
    return this.#words[db * DATABASE_WORDS + MEMBER_TREE];
  }

  setMemberTree(db: number, tree: number): void {
    this.#words[db * DATABASE_WORDS + MEMBER_TREE] = tree;
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

  /** Puts an entry into the trees of deadlines, if it has one, or its members have. */
  linkDeadline(db: number, entry: number): void {
    const word = this.memory.i32[entry >>> PLACE_BITS][(entry & PLACE_MASK) << 1];
    if (this.#ofMembers(word)) this.#linkMembers(db, entry);
    if ((word & DEADLINE) === 0) return;
    this.deadlines.insert(this.tree(db), this.records.deadline(entry), entry);
  }

  /** Takes an entry out of the trees of deadlines, if it is there. */
  unlinkDeadline(db: number, entry: number): void {
    const word = this.memory.i32[entry >>> PLACE_BITS][(entry & PLACE_MASK) << 1];
    if (this.#ofMembers(word)) this.#unlinkMembers(db, entry);
    if ((word & DEADLINE) === 0) return;
    this.deadlines.remove(this.tree(db), this.records.deadline(entry), entry);
  }

  #ofMembers(word: number): boolean {
    return ((this.#types.deadlineKinds >>> (word & KIND_MASK)) & 1) !== 0;
  }

  /** Whether an entry's members may have deadlines. */
  isOfDeadlines(entry: number): boolean {
    return this.#ofMembers(this.memory.i32[entry >>> PLACE_BITS][(entry & PLACE_MASK) << 1]);
  }

  #linkMembers(db: number, entry: number): void {
    const awaited = this.members.awaited(this.records.pointer(entry));
    if (awaited > 0) this.deadlines.insert(this.memberTree(db), awaited, entry);
  }

  #unlinkMembers(db: number, entry: number): void {
    const awaited = this.members.awaited(this.records.pointer(entry));
    if (awaited > 0) this.deadlines.remove(this.memberTree(db), awaited, entry);
  }

  /** Has a collection whose members may have deadlines stand elsewhere in its tree; 0: nowhere. */
  await(db: number, entry: number, time: number): void {
    this.#unlinkMembers(db, entry);
    this.members.setAwaited(this.records.pointer(entry), time);
    this.#linkMembers(db, entry);
  }
}
