// Scored members: what a sorted set becomes when it is too large to be packed. Each member is one
// record with its score, which stands twice: in a hash table, where it is found by its bytes, and
// in a member tree, where it is found by its score and its rank.
//
//   root    0 i32 hash table   4 i32 member tree
//
// Notes in a journal: what happens to the table is noted as with every member table; these are
// about the tree, and stand before the table's when a member goes, behind them when it comes.
//
//   operation   a       b        number
//   entered     root    record
//   left        root    record
//   scored      root    record   the score that it had
//
// Invariant: table and tree hold the same records.
// Cost: a member of 16 bytes takes a record of 32, about 9 in the table and 4.4 to 5.9 in the tree.

import { assert } from "../base/assert.ts";
import type { ChangeObserver } from "../keyspace/change-observer.ts";
import type { EntryJournal } from "../keyspace/entry-journal.ts";
import { type Journal, Owner, type Undoer } from "../keyspace/journal.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import { TableWalk } from "../keyspace/table-walk.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import type { HashTables } from "../structures/hash-table.ts";
import { MemberTrees } from "../structures/member-tree.ts";
import type { Records } from "../structures/record.ts";
import { MemberTables } from "./member-tables.ts";
import { sortByScore } from "./score-order.ts";

/** The type's number in memory. */
export const SORTED_SET = 3;
/** Its kinds there. */
export const SortedSetKind = { packed: 10, table: 11 } as const;

const FIRST = (Owner.types + SORTED_SET) << 4;
const Operation = { entered: FIRST, left: FIRST + 1, scored: FIRST + 2 } as const;

const ROOT_BYTES = 8;
/** Freeing a node of the tree costs about as much as freeing so many members. */
const MEMBERS_A_NODE = 8;

export class ScoredMembers implements Undoer {
  readonly trees: MemberTrees;
  readonly #memory: Memory;
  readonly #records: Records;
  readonly #tables: HashTables;
  readonly #members: MemberTables;
  /** Is told, by the root, before a member that is there is changed or taken out. */
  observer: ChangeObserver | null = null;
  /** The hash of the member that find() looked for last. */
  #hash = 0;

  constructor(keyspace: Keyspace) {
    const { memory, records, tables } = keyspace;
    this.#memory = memory;
    this.#records = records;
    this.#tables = tables;
    this.trees = new MemberTrees(memory);
    this.#members = new MemberTables(tables, records);
  }

  isPacked(entry: number): boolean {
    return this.#records.kind(entry) === SortedSetKind.packed;
  }

  /** A new root, with room for so many members in its table. */
  create(expected = 0): number {
    const table = this.#tables.createFor(expected);
    const tree = this.trees.create();
    const root = this.#memory.allocate(ROOT_BYTES);
    const words = this.#memory.i32[root >>> PLACE_BITS];
    words[(root & PLACE_MASK) << 1] = table;
    words[((root & PLACE_MASK) << 1) + 1] = tree;
    return root;
  }

  table(root: number): number {
    return this.#memory.i32[root >>> PLACE_BITS][(root & PLACE_MASK) << 1];
  }

  tree(root: number): number {
    return this.#memory.i32[root >>> PLACE_BITS][((root & PLACE_MASK) << 1) + 1];
  }

  count(root: number): number {
    return this.#tables.count(this.table(root));
  }

  /** The record of a member, or 0. */
  find(root: number, bytes: Uint8Array, start: number, end: number): number {
    this.#hash = this.#tables.hash(bytes, start, end);
    return this.#tables.find(this.table(root), this.#hash, bytes, start, end);
  }

  /** Adds a member. REQUIRES: find() has just not found it. */
  add(
    journal: EntryJournal | null,
    root: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    score: number,
  ): void {
    const record = this.#records.createScored(bytes, start, end, score);
    const table = this.table(root);
    if (journal === null) this.#tables.insert(table, this.#hash, record);
    else journal.tables.insert(table, this.#hash, record);
    this.trees.insert(this.tree(root), score, record);
    if (journal !== null) journal.notes.note(Operation.entered, 0, 0, root, record);
  }

  // Many members at once: they come into the table first, and then all of them into the tree.
  // Nobody is told.

  /** As add, but the member does not stand in the tree until plant(). */
  addLoose(root: number, bytes: Uint8Array, start: number, end: number, score: number): void {
    const record = this.#records.createScored(bytes, start, end, score);
    this.#tables.insert(this.table(root), this.#hash, record);
  }

  /** Puts all members into the tree. REQUIRES: none stands there. */
  plant(root: number): void {
    const table = this.table(root);
    const count = this.#tables.count(table);
    const items = new Int32Array(count);
    const walk = new TableWalk(this.#tables);
    walk.open(table);
    for (let i = 0; i < count; i++) items[i] = walk.next();
    sortByScore(this.#records, items, count);
    const tree = this.tree(root);
    for (let i = 0; i < count; i++) {
      this.trees.insert(tree, this.#records.score(items[i]), items[i]);
    }
  }

  /** Gives a member another score. */
  setScore(journal: EntryJournal | null, root: number, record: number, score: number): void {
    if (this.observer !== null) this.observer.beforeMember(root, record);
    const before = this.#records.score(record);
    this.#move(this.tree(root), record, score);
    if (journal !== null) journal.notes.note(Operation.scored, 0, 0, root, record, 0, before);
  }

  #move(tree: number, record: number, score: number): void {
    this.trees.remove(tree, this.#records.score(record), record);
    this.#records.setScore(record, score);
    this.trees.insert(tree, score, record);
  }

  /** Takes a member out. */
  remove(journal: EntryJournal | null, root: number, record: number): void {
    if (this.observer !== null) this.observer.beforeMember(root, record);
    this.trees.remove(this.tree(root), this.#records.score(record), record);
    this.#drop(journal, root, record);
  }

  /** A member that has left the tree leaves the table as well. */
  #drop(journal: EntryJournal | null, root: number, record: number): void {
    if (journal !== null) journal.notes.note(Operation.left, 0, 0, root, record);
    this.#members.removeRecord(journal, this.table(root), record);
  }

  /** Takes out `count` members from a rank on. REQUIRES: there are so many. */
  removeRange(journal: EntryJournal | null, root: number, rank: number, count: number): void {
    const { trees } = this;
    const tree = this.tree(root);
    for (let left = count; left > 0; left--) {
      const isThere = trees.at(tree, rank);
      assert(isThere, "a range of ranks is there");
      const record = trees.value;
      if (this.observer !== null) this.observer.beforeMember(root, record);
      trees.removeFound(tree, record);
      this.#drop(journal, root, record);
    }
  }

  undo(note: Journal): void {
    const { a: root, b: record } = note;
    const tree = this.tree(root);
    if (note.operation === Operation.scored) this.#move(tree, record, note.number);
    else if (note.operation === Operation.left) {
      this.trees.insert(tree, this.#records.score(record), record);
    } else this.trees.remove(tree, this.#records.score(record), record);
  }

  forget(_note: Journal): void {}

  /** Frees up to about `budget` members; returns whether all is gone. See CollectionType.free. */
  free(root: number, budget: number): boolean {
    const memory = this.#memory;
    const words = memory.i32[root >>> PLACE_BITS];
    const at = (root & PLACE_MASK) << 1;
    if (words[at + 1] !== 0) {
      const nodes = Math.max(1, Math.ceil(budget / MEMBERS_A_NODE));
      if (!this.trees.free(words[at + 1], nodes)) return false;
      words[at + 1] = 0;
      if (budget < Number.MAX_SAFE_INTEGER) return false;
    }
    if (!this.#members.free(words[at], budget)) return false;
    memory.free(root);
    return true;
  }

  copy(root: number): number {
    const copy = this.create(this.count(root));
    const table = this.table(root);
    const walk = new TableWalk(this.#tables);
    walk.open(table);
    for (let from = walk.next(); from !== 0; from = walk.next()) {
      this.#records.key(from);
      const { bytes, start, end } = this.#records;
      this.#hash = this.#tables.hash(bytes, start, end);
      this.addLoose(copy, bytes, start, end, this.#records.score(from));
    }
    this.plant(copy);
    return copy;
  }

  bytesUsed(root: number): number {
    return (
      this.#memory.sizeOf(root) +
      this.#members.bytesUsed(this.table(root)) +
      this.trees.memoryBytes(this.tree(root))
    );
  }

  verify(root: number): void {
    this.#tables.verify(this.table(root));
    this.trees.verify(this.tree(root));
    const counted = this.trees.count(this.tree(root));
    assert(this.count(root) === counted, "a sorted set's table and tree have as many members");
    const chains = this.#tables.chains(this.table(root));
    for (let chain = 0; chain < chains; chain++) this.#verifyChain(root, chain);
  }

  /** As MemberTables.verifyFrom. */
  verifyFrom(root: number, cursor: number, budget: number): number {
    const tables = this.#tables;
    const table = this.table(root);
    let next = cursor;
    let left = budget;
    do {
      const chain = tables.scanned(table, next);
      left -= 1 + tables.verifyChain(table, chain);
      this.#verifyChain(root, chain);
      next = tables.scan(table, next);
    } while (next !== 0 && left > 0);
    return next;
  }

  #verifyChain(root: number, chain: number): void {
    const tables = this.#tables;
    const tree = this.tree(root);
    for (let i = tables.collect(this.table(root), chain) - 1; i >= 0; i--) {
      const record = tables.found[i];
      const score = this.#records.score(record);
      assert(!Number.isNaN(score), "a score is a number");
      assert(this.trees.has(tree, score, record), "a member is in the tree of its sorted set");
    }
  }
}
