// A pattern of SORT: a key's name in which the first `*` stands for the element, and behind `->`
// the field of a hash, "weight:*->grams". "#" is the element itself.

import { copyBytes } from "../../base/bytes.ts";
import type { Context } from "../../engine/context.ts";
import { Events } from "../../engine/events.ts";
import { STRING } from "../../keyspace/data-type.ts";
import { Counter } from "../../keyspace/figures.ts";
import { HASH, hashesOf } from "../../types/hashes.ts";

const STAR = 0x2a;
const HASH_SIGN = 0x23;
const MINUS = 0x2d;
const GREATER = 0x3e;
const NOTHING = new Uint8Array(0);

export class Pattern {
  /** What find() found: nothing, where it found nothing. Borrowed. */
  bytes: Uint8Array = NOTHING;
  start = 0;
  end = 0;

  readonly #pattern: Uint8Array;
  /** Where the element's place is, or −1. */
  readonly #place: number;
  /** Where the key ends, and where the field begins; 0: there is no field. */
  readonly #keyEnd: number;
  readonly #field: number;
  readonly #isElement: boolean;
  #key: Uint8Array = new Uint8Array(64);

  constructor(pattern: Uint8Array) {
    this.#pattern = pattern;
    this.#place = pattern.indexOf(STAR);
    this.#isElement = pattern.length === 1 && pattern[0] === HASH_SIGN;
    let arrow = this.#place < 0 ? pattern.length : this.#place + 1;
    while (
      arrow < pattern.length &&
      !(pattern[arrow] === MINUS && pattern[arrow + 1] === GREATER)
    ) {
      arrow++;
    }
    const hasField = arrow + 2 < pattern.length;
    this.#keyEnd = hasField ? arrow : pattern.length;
    this.#field = hasField ? arrow + 2 : 0;
  }

  /** Whether there is a place for the element. */
  get hasPlace(): boolean {
    return this.#place >= 0;
  }

  /** Looks up what the pattern means for an element, and describes it; false: nothing. */
  find(c: Context, element: Uint8Array, start: number, end: number): boolean {
    this.#describe(NOTHING, 0, 0);
    if (this.#isElement) {
      this.#describe(element, start, end);
      return true;
    }
    if (this.#place < 0) return false;
    const { keyspace } = c;
    const length = this.#makeKey(element, start, end);
    const entry = keyspace.find(c.db, this.#key, 0, length);
    keyspace.count(entry === 0 ? Counter.misses : Counter.hits);
    if (entry === 0) {
      if ((c.notices.classes & Events.keymiss.class) !== 0) {
        c.notices.event(c.db, this.#key, 0, length, Events.keymiss);
      }
      return false;
    }
    return this.#read(c, entry);
  }

  #read(c: Context, entry: number): boolean {
    const { keyspace } = c;
    const type = keyspace.typeOf(entry);
    if (this.#field > 0) {
      const hashes = hashesOf(c);
      const pattern = this.#pattern;
      if (type !== HASH || !hashes.get(entry, pattern, this.#field, pattern.length)) return false;
      this.#describe(hashes.bytes, hashes.start, hashes.end);
      return true;
    }
    if (type !== STRING) return false;
    const { records } = keyspace;
    records.value(entry);
    this.#describe(records.bytes, records.start, records.end);
    return true;
  }

  #describe(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  /** Puts the element in its place; returns the key's length. */
  #makeKey(element: Uint8Array, start: number, end: number): number {
    const length = this.#keyEnd - 1 + end - start;
    if (length > this.#key.length) this.#key = new Uint8Array(2 * length);
    let at = copyBytes(this.#pattern, 0, this.#place, this.#key, 0);
    at = copyBytes(element, start, end, this.#key, at);
    copyBytes(this.#pattern, this.#place + 1, this.#keyEnd, this.#key, at);
    return length;
  }
}
