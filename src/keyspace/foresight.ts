// Foresight: loads what several requests will look for before the first of them is executed. A
// lookup in a large keyspace waits for memory twice, for the bucket and for the entry, and a large
// set's or hash's member for two more; done for sixteen requests in a row, with nothing between
// them that depends on the loads, the waits overlap. Pipelines of clients and the log at start are
// read this way.
//
// Nothing is changed and nothing is promised: an entry is guessed by its tag alone, and whoever
// executes the request finds it in the ordinary way. Only the key's hash is handed on.

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
   * Adds a request: where its first key lies, and the word behind it, which is the member or field
   * of many; starts are ABSENT where there is none. REQUIRES: there are fewer than FORESIGHT_DEPTH.
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
    const bytes = this.#bytes;
    const likely = this.#likely;
    const count = this.#count;
    for (let i = 0; i < count; i++) {
      const start = this.#keyStarts[i];
      likely[i] = 0;
      if (start === ABSENT) continue;
      const hash = keyspace.tables.hash(bytes, start, this.#keyEnds[i]);
      this.#hashes[i] = hash;
      likely[i] = keyspace.approach(this.db, hash);
    }
    for (let i = 0; i < count; i++) if (likely[i] !== 0) keyspace.touch(likely[i]);
    for (let i = 0; i < count; i++) {
      const start = this.#memberStarts[i];
      if (likely[i] === 0 || start === ABSENT) likely[i] = 0;
      else likely[i] = keyspace.approachMember(likely[i], bytes, start, this.#memberEnds[i]);
    }
    for (let i = 0; i < count; i++) if (likely[i] !== 0) keyspace.touch(likely[i]);
  }

  /** Request i is executed next: its key need not be hashed again. REQUIRES: load() was called. */
  announce(i: number): void {
    const start = this.#keyStarts[i];
    if (start === ABSENT) this.#keyspace.forgetHash();
    else this.#keyspace.knowHash(this.#bytes, start, this.#keyEnds[i], this.#hashes[i]);
  }

  /** The requests have been executed, or will be read again; their bytes may change. */
  end(): void {
    this.#keyspace.forgetHash();
    this.#count = 0;
  }
}
