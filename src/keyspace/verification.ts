// Verification: whether a keyspace is whole. Every entry of every database is looked at, with all
// that it holds, and every deadline in both directions: from its entry to the tree, and from the
// tree to its entry. run() does it at once; step() a part at a time, between which commands may
// change what they like, so that a server is not held up (DEBUG VERIFY).
//
// In steps each chain, node, entry and deadline is checked as it is found. Totals (the counts of a
// table, the bytes used of the memory) are compared where all that they count was checked in one
// step: a change in between would make them differ. An entry that is there throughout is seen, as
// by SCAN.

import { AssertionFailed, assert } from "../base/assert.ts";
import type { Memory } from "../memory/memory.ts";
import type { HashTables } from "../structures/hash-table.ts";
import type { OrderedTrees } from "../structures/ordered-tree.ts";
import { NO_DEADLINE, type Records } from "../structures/record.ts";
import type { DataTypes } from "./data-type.ts";
import type { Databases } from "./databases.ts";
import type { WatchedKeys } from "./watched-keys.ts";

/** Collections with more elements than this are checked in parts. */
const WHOLE_MAX = 1024;
/** Elements, or deadlines, of a part. */
const PART = 512;
/** Bytes of a key that are shown. */
const SHOWN_MAX = 100;
/** A segment takes as long as so many elements, about. */
const SEGMENT_COST = 4096;

/** What is verified of a keyspace. */
export interface Verifiable {
  readonly memory: Memory;
  readonly records: Records;
  readonly tables: HashTables;
  readonly deadlines: OrderedTrees;
  readonly types: DataTypes;
  readonly watched: WatchedKeys;
  readonly databases: number;
  readonly roots: Databases;
  table(db: number): number;
  deadlineTree(db: number): number;
}

export class Verification {
  /** Entries looked at so far. */
  entries = 0;
  /** What check() found broken. */
  damage: string | undefined;

  readonly #keyspace: Verifiable;
  readonly #parts: Generator<number, void, undefined>;
  #steps = 0;
  #isWhole = false;
  /** The database at which it is, or −1, and the key if it is at an entry. */
  #db = -1;
  #key: Uint8Array | undefined;

  constructor(keyspace: Verifiable) {
    this.#keyspace = keyspace;
    this.#parts = this.#all();
  }

  /** Verifies everything at once; stops with an assertion where an invariant is broken. */
  run(): void {
    while (!this.step(Number.POSITIVE_INFINITY));
  }

  /** Verifies about `budget` elements more; returns whether all is verified. As run otherwise. */
  step(budget: number): boolean {
    assert(budget > 0, "a step gets on");
    this.#isWhole = this.#steps === 0 && budget === Number.POSITIVE_INFINITY;
    this.#steps++;
    for (let left = budget; left > 0; ) {
      const part = this.#parts.next();
      if (part.done === true) return true;
      left -= part.value;
    }
    return false;
  }

  /**
   * As step, for whoever reports rather than stops: what is broken, and where, is left in `damage`,
   * and nothing more is verified.
   */
  check(budget: number): boolean {
    try {
      return this.step(budget);
    } catch (error) {
      const what =
        error instanceof AssertionFailed ? error.message : `it cannot be read (${error})`;
      this.damage = `not so: ${what}; at ${this.place}`;
      return true;
    }
  }

  /** Where it is. */
  get place(): string {
    if (this.#db < 0) return "the memory";
    if (this.#key === undefined) return `database ${this.#db}`;
    return `database ${this.#db}, key "${shown(this.#key)}"`;
  }

  // Each part yields about how many elements it has checked.

  *#all(): Generator<number, void, undefined> {
    const { databases, watched } = this.#keyspace;
    yield* this.#memory();
    for (let db = 0; db < databases; db++) {
      this.#db = db;
      yield* this.#entries(db);
      yield* this.#deadlines(db, false);
      yield* this.#deadlines(db, true);
    }
    this.#db = -1;
    watched.verify();
  }

  *#memory(): Generator<number, void, undefined> {
    const { memory } = this.#keyspace;
    const step = this.#steps;
    let used = 0;
    for (let segment = 0; segment < memory.u8.length; segment++) {
      used += memory.verifySegment(segment);
      yield SEGMENT_COST;
    }
    if (step === this.#steps) memory.verifyTotals(used);
  }

  *#entries(db: number): Generator<number, void, undefined> {
    const { tables } = this.#keyspace;
    const step = this.#steps;
    const table = this.#keyspace.table(db);
    let cursor = 0;
    let records = 0;
    let overflow = 0;
    do {
      // Emptied, or exchanged for another, since: what is there now is new.
      if (table === 0 || this.#keyspace.table(db) !== table) return;
      records += tables.verifyChain(table, tables.scanned(table, cursor));
      overflow += tables.overflowSeen;
      cursor = tables.scan(table, cursor);
      const found = tables.found.slice(0, tables.foundCount);
      const large: Uint8Array[] = [];
      for (const entry of found) {
        const key = this.#keyOf(entry);
        this.#key = key;
        if (!this.#verifyEntry(db, entry)) large.push(key);
        this.entries++;
      }
      yield 1 + found.length;
      for (const key of large) yield* this.#large(db, key);
      this.#key = undefined;
    } while (cursor !== 0);
    if (step === this.#steps) tables.verifyTotals(table, records, overflow);
  }

  #keyOf(entry: number): Uint8Array {
    const { records } = this.#keyspace;
    records.key(entry);
    return records.bytes.slice(records.start, records.end);
  }

  /** Whether the entry is verified; false: it holds so much that it is to be done in parts. */
  #verifyEntry(db: number, entry: number): boolean {
    const { records, deadlines, types } = this.#keyspace;
    const deadline = records.deadline(entry);
    if (deadline !== NO_DEADLINE) {
      const tree = this.#keyspace.deadlineTree(db);
      const stands = tree !== 0 && deadlines.has(tree, deadline, entry);
      assert(stands, "the deadline of an entry stands in the tree");
    }
    const kind = records.kind(entry);
    assert(types.byNumber[types.typeOfKind[kind]] !== undefined, "an entry is of a known kind");
    const type = types.collections[kind];
    if (type === undefined) return true;
    const root = records.pointer(entry);
    if (this.#keyspace.roots.isOfDeadlines(entry)) this.#verifyAwaited(db, entry);
    const size = type.size(kind, root);
    assert(size > 0 || type.mayBeEmpty === true, "no collection is empty but of types that may be");
    if (size > WHOLE_MAX && !this.#isWhole) return false;
    type.verify(kind, root);
    return true;
  }

  #verifyAwaited(db: number, entry: number): void {
    const { deadlines, records, roots } = this.#keyspace;
    const table = records.pointer(entry);
    const awaited = roots.members.awaited(table);
    const earliest = roots.members.earliest(table);
    if (awaited === 0) {
      assert(earliest === Number.POSITIVE_INFINITY, "a member's deadline is awaited");
      return;
    }
    assert(awaited <= earliest, "no member's deadline comes before what is awaited");
    const tree = roots.memberTree(db);
    const stands = tree !== 0 && deadlines.has(tree, awaited, entry);
    assert(stands, "what is awaited of an entry's members stands in the tree");
  }

  /** A large collection, as long as it is the one that was there at first. */
  *#large(db: number, key: Uint8Array): Generator<number, void, undefined> {
    const { records, types } = this.#keyspace;
    this.#key = key;
    let first = 0;
    let from = 0;
    do {
      const entry = this.#find(db, key);
      if (entry === 0) return;
      const kind = records.kind(entry);
      const type = types.collections[kind];
      const root = records.pointer(entry);
      if (type === undefined || (first !== 0 && first !== root)) return;
      first = root;
      from = type.verifyFrom(kind, root, from, PART);
      yield PART;
    } while (from !== 0);
  }

  /** The entry of a key, which may have expired, or 0. */
  #find(db: number, key: Uint8Array): number {
    const { tables } = this.#keyspace;
    const table = this.#keyspace.table(db);
    const hash = tables.hasher.hash(key, 0, key.length);
    return table === 0 ? 0 : tables.find(table, hash, key, 0, key.length);
  }

  *#deadlines(db: number, ofMembers: boolean): Generator<number, void, undefined> {
    const { deadlines } = this.#keyspace;
    const tree = this.#treeOf(db, ofMembers);
    if (tree === 0) return;
    if (this.#isWhole) deadlines.verify(tree);
    for (let rank = 0; this.#treeOf(db, ofMembers) === tree; rank += PART) {
      if (!deadlines.at(tree, rank)) return;
      this.#verifyDeadlines(db, ofMembers);
      yield PART;
    }
  }

  #treeOf(db: number, ofMembers: boolean): number {
    const { roots } = this.#keyspace;
    return ofMembers ? roots.memberTree(db) : roots.tree(db);
  }

  /** Up to PART deadlines from that on which the tree's cursor stands. */
  #verifyDeadlines(db: number, ofMembers: boolean): void {
    const { deadlines, records, roots } = this.#keyspace;
    let before = Number.NEGATIVE_INFINITY;
    let more = true;
    for (let i = 0; i < PART && more; i++) {
      const { key: deadline, value: entry } = deadlines;
      assert(before <= deadline, "deadlines are in order");
      const key = this.#keyOf(entry);
      this.#key = key;
      const told = ofMembers
        ? roots.members.awaited(records.pointer(entry))
        : records.deadline(entry);
      assert(told === deadline, "a deadline in the tree is its entry's");
      assert(this.#find(db, key) === entry, "a deadline's entry is in its database");
      before = deadline;
      more = deadlines.next();
    }
    this.#key = undefined;
  }
}

/** The beginning of a key, for people: bytes beyond ASCII as \xNN. */
function shown(key: Uint8Array): string {
  let text = "";
  for (const byte of key.subarray(0, SHOWN_MAX)) {
    const isText = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
    text += isText ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return text;
}
