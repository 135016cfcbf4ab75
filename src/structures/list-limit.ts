// The limit of a packed list, `list-max-listpack-size`, and what follows from it. −1 … −5 are
// classes of bytes, 4 KiB … 64 KiB; from 0 on it is a number of entries. It lies in words that the
// limit's owner gives, so that they may be shared with other threads:
//
//   0 the limit   1 bytes of a whole packed list, and so of the largest element in a node
//   2 bytes of a node's packed list   3 entries of a packed list
//   4 what tests have set: elements so long stand by themselves; 0: nothing

import { assert } from "../base/assert.ts";

const W = { limit: 0, elementMax: 1, bytesMax: 2, entriesMax: 3, plainFrom: 4 } as const;
/** Words that a limit takes. */
const LIMIT_WORDS = 5;

/** Until one is set: 8 KiB. */
const LIMIT = -2;
/** Byte limits of the classes −1 … −5. */
const CLASS_LIMITS = [4096, 8192, 16384, 32768, 65536] as const;
/** Bytes that a node limited by entries may still not exceed. */
const SAFETY_LIMIT = 8192;
/** Entries that no packed list in a node may exceed. */
export const ENTRIES_MAX = 32767;
/** Bytes of a node before its packed list (chunked-list.ts). */
const NODE_HEADER_BYTES = 16;

export class ListLimit {
  readonly #words: Int32Array;

  constructor(words: Int32Array = new Int32Array(LIMIT_WORDS)) {
    assert(words.length >= LIMIT_WORDS, "a limit has its words");
    this.#words = words;
    if (this.elementMax === 0) this.set(LIMIT);
  }

  set(limit: number): void {
    const words = this.#words;
    const bytes = limit >= 0 ? SAFETY_LIMIT : CLASS_LIMITS[Math.min(-limit, 5) - 1];
    const entries = limit > 0 ? Math.min(limit, ENTRIES_MAX) : limit === 0 ? 1 : ENTRIES_MAX;
    words[W.limit] = limit;
    words[W.elementMax] = bytes;
    // A full node then fills a block of 4 KiB, 8 KiB … with its header.
    words[W.bytesMax] = bytes - NODE_HEADER_BYTES;
    words[W.entriesMax] = entries;
  }

  /** Elements of so many bytes stand in nodes of their own, whatever the limit; 0: no more. */
  setPlainFrom(bytes: number): void {
    this.#words[W.plainFrom] = Math.min(bytes, 0x7fffffff);
  }

  /** As it was set. */
  get value(): number {
    return this.#words[W.limit];
  }

  /** Bytes of the largest element in a node with others. */
  get sharingMax(): number {
    const plainFrom = this.#words[W.plainFrom];
    const elementMax = this.#words[W.elementMax];
    return plainFrom === 0 || plainFrom > elementMax ? elementMax : plainFrom - 1;
  }

  /** Bytes of the largest element in a packed list, and of a whole one. */
  get elementMax(): number {
    return this.#words[W.elementMax];
  }

  /** Bytes of a node's packed list. */
  get bytesMax(): number {
    return this.#words[W.bytesMax];
  }

  get entriesMax(): number {
    return this.#words[W.entriesMax];
  }
}
