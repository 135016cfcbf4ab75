// The disposal list: what is out of the keyspace and waits to be freed, so that the command that
// deletes a large collection, or empties a database, does not pay for all of it. A word of the
// memory's root area holds the first disposal; the newest stands first.
//
// A disposal is a block of 16 bytes: 0 next, 4 kind of the collection (or TABLE, TREE), 8 root.

import { assert } from "../base/assert.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import type { Disposer, HashTables } from "../structures/hash-table.ts";
import type { OrderedTrees } from "../structures/ordered-tree.ts";
import type { Records } from "../structures/record.ts";
import type { ChangeObserver } from "./change-observer.ts";
import type { CollectionType, DataTypes } from "./data-type.ts";
import type { Values } from "./entry-journal.ts";

/** Collections with more elements than this are freed in slices. */
const FREE_AT_ONCE_MAX = 64;
/** Elements freed before what else waits is looked at. */
const SLICE_MAX = 64;

const DISPOSAL_BYTES = 16;
/** Stand where a collection's kind does: a database's table, and its tree of deadlines. */
const TABLE = 100;
const TREE = 101;

export class Disposals implements Disposer, Values {
  readonly #memory: Memory;
  readonly #records: Records;
  readonly #tables: HashTables;
  readonly #deadlines: OrderedTrees;
  readonly #types: DataTypes;
  readonly #rootWord: number;
  observer: ChangeObserver | null = null;

  /**
   * @param types the data types, which may still be added to
   * @param rootWord the word of the memory's root area that holds the first disposal
   */
  constructor(
    memory: Memory,
    records: Records,
    tables: HashTables,
    deadlines: OrderedTrees,
    types: DataTypes,
    rootWord: number,
  ) {
    this.#memory = memory;
    this.#records = records;
    this.#tables = tables;
    this.#deadlines = deadlines;
    this.#types = types;
    this.#rootWord = rootWord;
  }

  /** Whether something waits to be freed. */
  get any(): boolean {
    return this.#memory.rootWord(this.#rootWord) !== 0;
  }

  /** How much waits to be freed: walks the list. */
  get count(): number {
    let count = 0;
    let disposal = this.#memory.rootWord(this.#rootWord);
    for (; disposal !== 0; count++) {
      disposal = this.#memory.i32[disposal >>> PLACE_BITS][(disposal & PLACE_MASK) << 1];
    }
    return count;
  }

  /** Frees a detached entry and what it holds; a large collection later, in slices. */
  dispose(entry: number): void {
    const kind = this.#records.kind(entry);
    const type = this.#types.collections[kind];
    if (type === undefined) {
      this.#records.free(entry);
      return;
    }
    const root = this.#records.pointer(entry);
    this.#memory.free(entry);
    this.#disposeRoot(type, kind, root);
  }

  /** Frees a collection that has no entry; a large one later, in slices. */
  disposeRoot(kind: number, root: number): void {
    const type = this.#types.collections[kind];
    assert(type !== undefined, "only a collection has a root");
    this.#disposeRoot(type, kind, root);
  }

  #disposeRoot(type: CollectionType, kind: number, root: number): void {
    if (this.observer?.keepsRoot(kind, root) === true) return;
    if (type.size(kind, root) > FREE_AT_ONCE_MAX) this.#add(kind, root);
    else while (!type.free(kind, root, FREE_AT_ONCE_MAX * 2));
  }

  /** A database's table and trees are to be freed, with all entries; each may be 0. */
  disposeRoots(table: number, tree: number, memberTree: number): void {
    if (table !== 0 && this.observer?.keepsTable(table) !== true) this.#add(TABLE, table);
    if (tree !== 0) this.#add(TREE, tree);
    if (memberTree !== 0) this.#add(TREE, memberTree);
  }

  /** An independent copy of a collection's root. */
  copyRoot(kind: number, root: number): number {
    const type = this.#types.collections[kind];
    assert(type !== undefined, "only a collection has a root");
    return type.copy(kind, root);
  }

  #add(kind: number, root: number): void {
    const disposal = this.#memory.allocate(DISPOSAL_BYTES);
    const words = this.#memory.i32[disposal >>> PLACE_BITS];
    const at = (disposal & PLACE_MASK) << 1;
    words[at] = this.#memory.rootWord(this.#rootWord);
    words[at + 1] = kind;
    words[at + 2] = root;
    this.#memory.setRootWord(this.#rootWord, disposal);
  }

  /** Frees about `budget` elements; returns how many disposals are done with. */
  reclaim(budget: number): number {
    let done = 0;
    for (let left = budget; left > 0 && this.any; left -= SLICE_MAX) {
      const disposal = this.#memory.rootWord(this.#rootWord);
      const words = this.#memory.i32[disposal >>> PLACE_BITS];
      const at = (disposal & PLACE_MASK) << 1;
      const kind = words[at + 1];
      const root = words[at + 2];
      // What a slice frees may itself be put on the list, in front: take this one off first.
      this.#memory.setRootWord(this.#rootWord, words[at]);
      if (this.#freeSlice(kind, root, Math.min(left, SLICE_MAX))) {
        this.#memory.free(disposal);
        done++;
      } else {
        words[at] = this.#memory.rootWord(this.#rootWord);
        this.#memory.setRootWord(this.#rootWord, disposal);
      }
    }
    return done;
  }

  #freeSlice(kind: number, root: number, budget: number): boolean {
    if (kind === TABLE) return this.#tables.free(root, budget, this);
    if (kind === TREE) return this.#deadlines.free(root, budget);
    const type = this.#types.collections[kind];
    assert(type !== undefined, "only collections wait to be freed");
    return type.free(kind, root, budget);
  }
}
