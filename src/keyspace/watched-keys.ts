// Watched keys. WATCH asks "did this key change since?", and any thread may be the one that
// changes it, so the answer lies in shared memory: a table of the keys that somebody watches, each
// with a version that every change raises and a count of its watchers. A write looks here only
// while the table holds something.
//
// A watch is a record whose key is the database's number in one byte followed by the key, and
// whose POINTER field holds the version and the count in place of a reference and a length.

import { assert } from "../base/assert.ts";
import type { Memory } from "../memory/memory.ts";
import type { HashTables } from "../structures/hash-table.ts";
import { NO_DEADLINE, type Records } from "../structures/record.ts";

export class WatchedKeys {
  readonly memory: Memory;
  readonly #tables: HashTables;
  readonly #records: Records;
  readonly #rootWord: number;
  #name: Uint8Array = new Uint8Array(256);

  // What key() describes.
  db = 0;
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;

  /** @param rootWord the word of the memory's root area that holds the table */
  constructor(memory: Memory, tables: HashTables, records: Records, rootWord: number) {
    this.memory = memory;
    this.#tables = tables;
    this.#records = records;
    this.#rootWord = rootWord;
  }

  /** Whether any key of any database is watched. */
  get any(): boolean {
    return this.memory.rootWord(this.#rootWord) !== 0;
  }

  /** Keys of all databases that somebody watches. */
  get count(): number {
    return this.any ? this.#tables.count(this.memory.rootWord(this.#rootWord)) : 0;
  }

  /**
   * The watch of a key: a record that stays as long as it has watchers. One that is new has none
   * yet, so the caller is to add itself.
   */
  open(db: number, bytes: Uint8Array, start: number, end: number): number {
    if (!this.any) this.memory.setRootWord(this.#rootWord, this.#tables.create());
    const table = this.memory.rootWord(this.#rootWord);
    const length = this.#spell(db, bytes, start, end);
    const hash = this.#tables.hash(this.#name, 0, length);
    let watch = this.#tables.find(table, hash, this.#name, 0, length);
    if (watch === 0) {
      watch = this.#records.createPointer(0, this.#name, 0, length, 0, 0, NO_DEADLINE, 0);
      this.#tables.insert(table, hash, watch);
    }
    return watch;
  }

  /** Adds a watcher. */
  add(watch: number): void {
    this.#records.setPointerLength(watch, this.#records.pointerLength(watch) + 1);
  }

  /** Takes a watcher away; without any, the watch goes. */
  remove(watch: number): void {
    const watchers = this.#records.pointerLength(watch) - 1;
    assert(watchers >= 0, "a watch has the watchers that were added to it");
    this.#records.setPointerLength(watch, watchers);
    if (watchers > 0) return;
    const table = this.memory.rootWord(this.#rootWord);
    this.#tables.removeRecord(table, watch);
    this.memory.free(watch);
    if (this.#tables.count(table) > 0) return;
    this.#tables.free(table, Number.MAX_SAFE_INTEGER, { dispose: () => {} });
    this.memory.setRootWord(this.#rootWord, 0);
  }

  /** How often the key was changed while it was watched. */
  version(watch: number): number {
    return this.#records.pointer(watch);
  }

  /** Describes the watched key: `db`, and bytes[start, end), which stay as long as the watch. */
  key(watch: number): void {
    this.#records.key(watch);
    const { bytes, start, end } = this.#records;
    this.db = bytes[start];
    this.bytes = bytes;
    this.start = start + 1;
    this.end = end;
  }

  /** The key was changed. REQUIRES: any. */
  touch(db: number, bytes: Uint8Array, start: number, end: number): void {
    const record = this.#find(db, bytes, start, end);
    if (record !== 0) this.#raise(record);
  }

  /** Touches each watched key of `db` (−1: of all databases) for which `exists` is true. */
  touchAll(
    db: number,
    exists: (db: number, bytes: Uint8Array, start: number, end: number) => boolean,
  ): void {
    if (!this.any) return;
    const table = this.memory.rootWord(this.#rootWord);
    for (let bucket = 0; bucket < this.#tables.buckets(table); bucket++) {
      const count = this.#tables.collect(table, bucket);
      const found = this.#tables.found.slice(0, count);
      for (const record of found) {
        this.#records.key(record);
        const { bytes, start, end } = this.#records;
        const owner = bytes[start];
        if (db >= 0 && owner !== db) continue;
        if (exists(owner, bytes, start + 1, end)) this.#raise(record);
      }
    }
  }

  /** Stops with an assertion where the table is broken, or a key in it is watched by nobody. */
  verify(): void {
    if (!this.any) return;
    const table = this.memory.rootWord(this.#rootWord);
    this.#tables.verify(table);
    assert(this.#tables.count(table) > 0, "a table of watched keys is not empty");
    for (let bucket = 0; bucket < this.#tables.buckets(table); bucket++) {
      const count = this.#tables.collect(table, bucket);
      for (let i = 0; i < count; i++) {
        const watchers = this.#records.pointerLength(this.#tables.found[i]);
        assert(watchers > 0, "a watched key has a watcher");
      }
    }
  }

  #raise(record: number): void {
    this.#records.setPointer(record, (this.#records.pointer(record) + 1) & 0x7fffffff);
  }

  #find(db: number, bytes: Uint8Array, start: number, end: number): number {
    if (!this.any) return 0;
    const length = this.#spell(db, bytes, start, end);
    const hash = this.#tables.hash(this.#name, 0, length);
    return this.#tables.find(this.memory.rootWord(this.#rootWord), hash, this.#name, 0, length);
  }

  #spell(db: number, bytes: Uint8Array, start: number, end: number): number {
    const length = end - start + 1;
    if (this.#name.length < length) this.#name = new Uint8Array(length * 2);
    this.#name[0] = db;
    this.#name.set(bytes.subarray(start, end), 1);
    return length;
  }
}
