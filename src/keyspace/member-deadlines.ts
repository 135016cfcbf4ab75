// Deadlines of members: of a hash's fields. A member's record has room for one (record.ts), and its
// collection is then of a kind of its own (DataTypes.deadlineKinds), whose root is the table of the
// members. The table's order says which have one, and which is the least: while they are few a
// block without order (few-deadlines.ts), a tree by deadline from then on.
//
// Terms. Earliest: the least deadline among a collection's members. Awaited: the time by which the
// collection stands in its database's tree of such collections; the tag of its own order, 0 while
// it stands in none.
//
// A member whose deadline has passed is gone, be it still in its table: whoever looks members up
// passes over it (isPast), and counts without it (past). It is taken out by and by (expiry.ts).
//
// Who takes a deadline away, or moves it into the future, leaves `awaited` as it was: that is never
// after the earliest. When its time has come, the keyspace looks and puts the collection where it
// belongs. So only a deadline that is earlier than all others touches the database's tree.
//
// Invariants, checked by verification.ts: (1) a member is in its table's order exactly if it has a
// deadline; (2) awaited ≤ earliest, if there is one, and 0 < awaited then; (3) an entry
// is in its database's tree exactly if awaited > 0, under that.

import { assert } from "../base/assert.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import type { HashTables } from "../structures/hash-table.ts";
import type { OrderedTrees } from "../structures/ordered-tree.ts";
import { DEADLINE, type Records } from "../structures/record.ts";
import { FewDeadlines } from "./few-deadlines.ts";

/** Says the time. */
interface Clock {
  readonly now: number;
}

/** Who finds an entry takes out so many of its members that have expired. */
const EXPIRED_AT_ONCE = 32;

export class MemberDeadlines {
  /** For tests: fewer. */
  expiredAtOnce = EXPIRED_AT_ONCE;
  readonly trees: OrderedTrees;
  readonly #memory: Memory;
  readonly #records: Records;
  readonly #tables: HashTables;
  readonly #clock: Clock;
  readonly #few: FewDeadlines;

  constructor(tables: HashTables, records: Records, trees: OrderedTrees, clock: Clock) {
    this.#clock = clock;
    this.#few = new FewDeadlines(tables.memory, records);
    this.#memory = tables.memory;
    this.#records = records;
    this.#tables = tables;
    this.trees = trees;
  }

  /** How many members of a table have a deadline. */
  count(table: number): number {
    const order = this.#tables.order(table);
    if (order === 0) return 0;
    return this.#few.is(order) ? this.#few.count(order) : this.trees.count(order);
  }

  /** The least deadline of a table's members, or Infinity. */
  earliest(table: number): number {
    const order = this.#tables.order(table);
    if (order === 0) return Number.POSITIVE_INFINITY;
    return this.#few.is(order) ? this.#few.least(order) : this.trees.firstKey(order);
  }

  /** The record with the least deadline. REQUIRES: there is one. */
  first(table: number): number {
    const order = this.#tables.order(table);
    return this.#few.is(order) ? this.#few.first(order) : this.trees.firstValue(order);
  }

  /** Whether there are members of a table whose deadline has passed. */
  hasPast(table: number): boolean {
    return this.earliest(table) < this.#clock.now;
  }

  /** How many members of a table have a deadline that has passed. */
  past(table: number): number {
    if (!this.hasPast(table)) return 0;
    const order = this.#tables.order(table);
    const { now } = this.#clock;
    return this.#few.is(order)
      ? this.#few.past(order, now)
      : this.trees.rankOfKey(order, now, false);
  }

  /** Whether all members of a table have one. */
  areAllPast(table: number): boolean {
    const count = this.#tables.count(table);
    return count > 0 && this.past(table) === count;
  }

  /** Whether the deadline of a member has passed. */
  isPast(record: number): boolean {
    return this.#hasDeadline(record) && this.#records.deadline(record) < this.#clock.now;
  }

  awaited(table: number): number {
    const order = this.#tables.order(table);
    if (order === 0) return 0;
    return this.#few.is(order) ? this.#few.tag(order) : this.trees.tag(order);
  }

  setAwaited(table: number, awaited: number): void {
    const order = this.#tables.order(table);
    if (this.#few.is(order)) this.#few.setTag(order, awaited);
    else this.trees.setTag(order, awaited);
  }

  /** The table is a new one, whose entry is about to come into a database. */
  awaitEarliest(table: number): void {
    if (this.count(table) > 0) this.setAwaited(table, this.earliest(table));
  }

  /** Members of a table may get deadlines. */
  open(table: number): void {
    if (this.#tables.order(table) === 0) this.#tables.setOrder(table, this.#few.create());
  }

  // Records of sorted sets have their score where others have a deadline: their tables have no
  // order.

  /** A record is in a table, or is about to be. */
  link(table: number, record: number): void {
    const order = this.#tables.order(table);
    if (order === 0 || !this.#hasDeadline(record)) return;
    if (!this.#few.is(order)) {
      this.trees.insert(order, this.#records.deadline(record), record);
      return;
    }
    const grown = this.#few.add(order, record);
    if (grown !== 0) {
      if (grown !== order) this.#tables.setOrder(table, grown);
      return;
    }
    const tree = this.#treeOf(order);
    this.#tables.setOrder(table, tree);
    this.trees.insert(tree, this.#records.deadline(record), record);
  }

  /** A tree with what was few so far, which is freed. */
  #treeOf(few: number): number {
    const tree = this.trees.create();
    const count = this.#few.count(few);
    for (let i = 0; i < count; i++) {
      const record = this.#few.at(few, i);
      this.trees.insert(tree, this.#records.deadline(record), record);
    }
    this.trees.setTag(tree, this.#few.tag(few));
    this.#few.free(few);
    return tree;
  }

  /** A record is about to leave its table. */
  unlink(table: number, record: number): void {
    const order = this.#tables.order(table);
    if (order === 0 || !this.#hasDeadline(record)) return;
    if (this.#few.is(order)) this.#few.remove(order, record);
    else this.trees.remove(order, this.#records.deadline(record), record);
  }

  #hasDeadline(record: number): boolean {
    return (this.#memory.i32[record >>> PLACE_BITS][(record & PLACE_MASK) << 1] & DEADLINE) !== 0;
  }

  /** Frees a table's order, as OrderedTrees.free; true where there is none (any more). */
  free(table: number, nodesMax: number): boolean {
    const order = this.#tables.order(table);
    if (order === 0) return true;
    if (this.#few.is(order)) this.#few.free(order);
    else if (!this.trees.free(order, nodesMax)) return false;
    this.#tables.setOrder(table, 0);
    return true;
  }

  bytesUsed(table: number): number {
    const order = this.#tables.order(table);
    if (order === 0) return 0;
    return this.#few.is(order) ? this.#few.bytesUsed(order) : this.trees.memoryBytes(order);
  }

  /** Checks a table's order; that its members stand in it says verifyMember. */
  verify(table: number): void {
    const order = this.#tables.order(table);
    if (order === 0) return;
    if (this.#few.is(order)) this.#few.verify(order);
    else this.trees.verify(order);
  }

  /** Checks a member; returns whether it has a deadline. */
  verifyMember(table: number, record: number): boolean {
    if (!this.#hasDeadline(record)) return false;
    assert(this.#stands(this.#tables.order(table), record), "a member's deadline is in its order");
    return true;
  }

  #stands(order: number, record: number): boolean {
    if (order === 0) return false;
    if (this.#few.is(order)) return this.#few.has(order, record);
    return this.trees.has(order, this.#records.deadline(record), record);
  }
}
