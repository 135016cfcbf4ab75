// Foresight: loads what several requests will look for before the first of them is executed. A
// lookup in a large keyspace waits for memory twice, for the bucket and for the entry, and a large
// set's or hash's member for two more; done for sixteen requests in a row, with nothing between
// them that depends on the loads, the waits overlap. Pipelines of clients and the log at start are
// read this way.
//
// Nothing is changed and nothing is promised: an entry is guessed by its tag alone, and whoever
// executes the request finds it in the ordinary way. Only what does not depend on the requests
// before is handed on: the hash of the key, that of the member behind it, and that a key is the one
// of the request before, as it is throughout when a pipeline fills a list.

import { equalBytes } from "../base/bytes.ts";
import type { Keyspace } from "./keyspace.ts";

/** Requests that are looked at together. */
export const FORESIGHT_DEPTH = 16;

/** Stands for a key or a member that a request does not have. */
export const ABSENT = -1;

export class Foresight {
  /** The database in which the requests will look. */
  db = 0;

  readonly #keyspace: Keyspace;
  #bytes: Uint8Array = new Uint8Array(0);
  readonly #keyStarts = new Int32Array(FORESIGHT_DEPTH);
  readonly #keyEnds = new Int32Array(FORESIGHT_DEPTH);
  readonly #memberStarts = new Int32Array(FORESIGHT_DEPTH);
  readonly #memberEnds = new Int32Array(FORESIGHT_DEPTH);
  readonly #hashes = new Int32Array(FORESIGHT_DEPTH);
  readonly #memberHashes = new Int32Array(FORESIGHT_DEPTH);
  /** 1 where the key is that of the request before. */
  readonly #repeats = new Uint8Array(FORESIGHT_DEPTH);
  readonly #likely = new Int32Array(FORESIGHT_DEPTH);
  #count = 0;

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
  }

  /** Begins anew with requests whose words lie in `bytes`. */
  begin(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#count = 0;
  }

  /**
   * Adds a request: where its first key lies, and the word that may be its first member or field;
   * starts are ABSENT where there is none. REQUIRES: there are fewer than FORESIGHT_DEPTH.
   */
  add(keyStart: number, keyEnd: number, memberStart: number, memberEnd: number): void {
    const i = this.#count++;
    this.#keyStarts[i] = keyStart;
    this.#keyEnds[i] = keyEnd;
    this.#memberStarts[i] = memberStart;
    this.#memberEnds[i] = memberEnd;
  }

  /** Hashes the keys and loads what they, and the members behind them, are likely to be. */
  load(): void {
    const keyspace = this.#keyspace;
    const likely = this.#likely;
    const repeats = this.#repeats;
    const count = this.#count;
    this.#hashKeys();
    for (let i = 0; i < count; i++) {
      if (likely[i] !== 0 && repeats[i] === 0) keyspace.touch(likely[i]);
    }
    if (!this.#hashMembers()) return;
    for (let i = 0; i < count; i++) if (likely[i] !== 0) keyspace.touch(likely[i]);
  }

  /** Loads the keys' buckets, and sets `likely` to the entries that they may be. */
  #hashKeys(): void {
    const keyspace = this.#keyspace;
    const { hasher } = keyspace.tables;
    const bytes = this.#bytes;
    const starts = this.#keyStarts;
    const ends = this.#keyEnds;
    const hashes = this.#hashes;
    const likely = this.#likely;
    const repeats = this.#repeats;
    const count = this.#count;
    for (let i = 0; i < count; i++) {
      const start = starts[i];
      const end = ends[i];
      repeats[i] = 0;
      if (start === ABSENT) {
        likely[i] = 0;
      } else if (i > 0 && this.#repeatsKey(i, start, end)) {
        repeats[i] = 1;
        hashes[i] = hashes[i - 1];
        likely[i] = likely[i - 1];
      } else {
        const hash = hasher.hash(bytes, start, end);
        hashes[i] = hash;
        likely[i] = keyspace.approach(this.db, hash);
      }
    }
  }

  /**
   * Loads the members' buckets where the likely entries have tables, and sets `likely` to the
   * members; false when there are none.
   */
  #hashMembers(): boolean {
    const keyspace = this.#keyspace;
    const { tables } = keyspace;
    const { hasher } = tables;
    const bytes = this.#bytes;
    const starts = this.#memberStarts;
    const likely = this.#likely;
    const count = this.#count;
    let any = false;
    for (let i = 0; i < count; i++) {
      const start = starts[i];
      const table = start === ABSENT || likely[i] === 0 ? 0 : keyspace.memberTable(likely[i]);
      if (table === 0) {
        starts[i] = ABSENT;
        likely[i] = 0;
      } else {
        const hash = hasher.hash(bytes, start, this.#memberEnds[i]);
        this.#memberHashes[i] = hash;
        likely[i] = tables.approach(table, hash);
        any = true;
      }
    }
    return any;
  }

  /** Whether request i, whose key is bytes[start, end), has the key of the request before it. */
  #repeatsKey(i: number, start: number, end: number): boolean {
    const before = this.#keyStarts[i - 1];
    const beforeEnd = this.#keyEnds[i - 1];
    const bytes = this.#bytes;
    // Most keys that differ do so in the last byte.
    if (before === ABSENT || bytes[beforeEnd - 1] !== bytes[end - 1]) return false;
    return equalBytes(bytes, before, beforeEnd, bytes, start, end);
  }

  /** Request i is executed next: it need not be hashed again. REQUIRES: load() was called. */
  announce(i: number): void {
    // What was known of the requests before is as true as it was.
    const start = this.#keyStarts[i];
    if (start === ABSENT) return;
    const bytes = this.#bytes;
    const repeats = this.#repeats[i] === 1;
    const repeated = i + 1 < this.#count && this.#repeats[i + 1] === 1;
    const keyspace = this.#keyspace;
    keyspace.knowKey(bytes, start, this.#keyEnds[i], this.#hashes[i], repeats, repeated);
    const member = this.#memberStarts[i];
    if (member === ABSENT) return;
    keyspace.tables.knowHash(bytes, member, this.#memberEnds[i], this.#memberHashes[i]);
  }

  /** The requests have been executed, or will be read again; their bytes may change. */
  end(): void {
    const bytes = this.#bytes;
    this.#keyspace.knowKey(bytes, ABSENT, ABSENT, 0, false, false);
    this.#keyspace.tables.knowHash(bytes, ABSENT, ABSENT, 0);
    this.#count = 0;
  }
}
