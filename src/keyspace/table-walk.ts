// Walking over a hash table's records: all of them while the table rests, or batch by batch with
// a scan cursor while it may change in between.

import type { HashTables } from "../structures/hash-table.ts";

/**
 * One walk at a time. The records of a chain are copied here before they are handed out, so other
 * tables may be searched and changed during the walk.
 * REQUIRES: the walked table does not change between open or openBatch and the last next.
 */
export class TableWalk {
  readonly #tables: HashTables;
  #records: Int32Array = new Int32Array(64);
  #count = 0;
  #at = 0;
  #table = 0;
  /** The chain to walk when those in #records are done, and the one where the walk ends. */
  #bucket = 0;
  #end = 0;

  constructor(tables: HashTables) {
    this.#tables = tables;
  }

  /** Begins a walk over all records. */
  open(table: number): void {
    this.#table = table;
    this.#bucket = 0;
    this.#end = this.#tables.chains(table);
    this.#count = 0;
    this.#at = 0;
  }

  /**
   * Begins a walk over the batch that belongs to a scan cursor; returns the cursor of the next
   * one, 0 at the end. The table may change between batches.
   */
  openBatch(table: number, cursor: number): number {
    const next = this.#tables.scan(table, cursor);
    this.#table = table;
    this.#bucket = 0;
    this.#end = 0;
    this.#take();
    return next;
  }

  /** The next record, or 0 at the end. */
  next(): number {
    while (this.#at === this.#count) {
      if (this.#bucket === this.#end) return 0;
      this.#tables.collect(this.#table, this.#bucket++);
      this.#take();
    }
    return this.#records[this.#at++];
  }

  #take(): void {
    const tables = this.#tables;
    const count = tables.foundCount;
    const found = tables.found;
    if (count > this.#records.length) this.#records = new Int32Array(found.length);
    const records = this.#records;
    for (let i = 0; i < count; i++) records[i] = found[i];
    this.#count = count;
    this.#at = 0;
  }
}
