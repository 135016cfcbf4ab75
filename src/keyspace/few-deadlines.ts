// Few deadlines: the members of a collection that have one, while these are few: most hashes with
// deadlines are small, and a tree for each would take more than all else of them. No order is kept,
// only what is least; each operation looks at all members.
//
//   0 i32 members   4 i32 −room   8 f64 least deadline, or Infinity   16 f64 tag
//   24 i32 × room: references to members' records, which have the deadlines
//
// Where a tree has its height, which is not negative, stands the room: one is told from the other.
//
// Invariants: (1) members ≤ room ≤ ROOM_MAX (2) the least deadline is the least of the members'.

import { assert } from "../base/assert.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import type { Records } from "../structures/record.ts";

const COUNT = 0; // words
const ROOM = 1;
const MEMBERS = 6;
const LEAST = 1; // units of f64
const TAG = 2;
const HEADER_BYTES = 24;

/** The blocks that there are take 32 and 64 bytes. */
const ROOM_MIN = 2;
const ROOM_MAX = 10;

export class FewDeadlines {
  readonly #memory: Memory;
  readonly #records: Records;

  constructor(memory: Memory, records: Records) {
    this.#memory = memory;
    this.#records = records;
  }

  create(room: number = ROOM_MIN): number {
    const few = this.#memory.allocate(HEADER_BYTES + 4 * room);
    const words = this.#words(few);
    const at = wordOf(few);
    words[at + COUNT] = 0;
    words[at + ROOM] = -room;
    this.#setFloat(few, LEAST, Number.POSITIVE_INFINITY);
    this.#setFloat(few, TAG, 0);
    return few;
  }

  free(few: number): void {
    this.#memory.free(few);
  }

  /** Whether a reference is to a block of these, and not to a tree. */
  is(order: number): boolean {
    return this.#words(order)[wordOf(order) + ROOM] < 0;
  }

  count(few: number): number {
    return this.#words(few)[wordOf(few) + COUNT];
  }

  least(few: number): number {
    return this.#float(few, LEAST);
  }

  tag(few: number): number {
    return this.#float(few, TAG);
  }

  setTag(few: number, tag: number): void {
    this.#setFloat(few, TAG, tag);
  }

  bytesUsed(few: number): number {
    return this.#memory.sizeOf(few);
  }

  /** Member number i. */
  at(few: number, i: number): number {
    return this.#words(few)[wordOf(few) + MEMBERS + i];
  }

  /** How many deadlines have passed. */
  past(few: number, now: number): number {
    const count = Math.min(this.count(few), ROOM_MAX);
    let past = 0;
    for (let i = 0; i < count; i++) {
      if (this.#records.deadline(this.at(few, i)) < now) past++;
    }
    return past;
  }

  /** The member with the least deadline. REQUIRES: there is one. */
  first(few: number): number {
    const least = this.least(few);
    let i = 0;
    while (this.#records.deadline(this.at(few, i)) !== least) i++;
    assert(i < this.count(few), "the least deadline is a member's");
    return this.at(few, i);
  }

  /** Adds a member. Returns where they are now, or 0: there is no room, and nothing is changed. */
  add(few: number, record: number): number {
    const count = this.count(few);
    const room = -this.#words(few)[wordOf(few) + ROOM];
    if (count === ROOM_MAX) return 0;
    const to = count === room ? this.#grown(few) : few;
    const words = this.#words(to);
    const at = wordOf(to);
    words[at + MEMBERS + count] = record;
    words[at + COUNT] = count + 1;
    const deadline = this.#records.deadline(record);
    if (deadline < this.least(to)) this.#setFloat(to, LEAST, deadline);
    return to;
  }

  #grown(few: number): number {
    const to = this.create(ROOM_MAX);
    const count = this.count(few);
    const words = this.#words(to);
    const at = wordOf(to);
    for (let i = 0; i < count; i++) words[at + MEMBERS + i] = this.at(few, i);
    words[at + COUNT] = count;
    this.#setFloat(to, LEAST, this.least(few));
    this.#setFloat(to, TAG, this.tag(few));
    this.#memory.free(few);
    return to;
  }

  /** Takes a member out, which has its deadline still. */
  remove(few: number, record: number): void {
    const words = this.#words(few);
    const at = wordOf(few);
    const last = words[at + COUNT] - 1;
    let i = 0;
    while (i < last && words[at + MEMBERS + i] !== record) i++;
    assert(words[at + MEMBERS + i] === record, "a member that is taken out is there");
    words[at + MEMBERS + i] = words[at + MEMBERS + last];
    words[at + COUNT] = last;
    if (this.#records.deadline(record) > this.least(few)) return;
    this.#setFloat(few, LEAST, this.#leastOf(few));
  }

  #leastOf(few: number): number {
    const count = this.count(few);
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < count; i++) {
      least = Math.min(least, this.#records.deadline(this.at(few, i)));
    }
    return least;
  }

  has(few: number, record: number): boolean {
    const count = this.count(few);
    for (let i = 0; i < count; i++) if (this.at(few, i) === record) return true;
    return false;
  }

  verify(few: number): void {
    const room = -this.#words(few)[wordOf(few) + ROOM];
    assert(room === ROOM_MIN || room === ROOM_MAX, "few deadlines have one of two rooms");
    assert(this.count(few) >= 0 && this.count(few) <= room, "few deadlines are in their room");
    assert(this.least(few) === this.#leastOf(few), "the least deadline is known");
  }

  #words(ref: number): Int32Array {
    return this.#memory.i32[ref >>> PLACE_BITS];
  }

  #float(few: number, index: number): number {
    return this.#memory.f64[few >>> PLACE_BITS][(few & PLACE_MASK) + index];
  }

  #setFloat(few: number, index: number, value: number): void {
    this.#memory.f64[few >>> PLACE_BITS][(few & PLACE_MASK) + index] = value;
  }
}

function wordOf(ref: number): number {
  return (ref & PLACE_MASK) << 1;
}
