// A batch: which ranges of which buffer go to which outlet, for all replies of one turn of the
// event loop, and, while it is held, the turn's buffer of replies itself.
//
//   turn buffer   │ A: 3 replies │ B │ A: 1 │ C            │    adjacent ranges of one outlet merge
//   asides        │ message │ late reply │                       bytes that are not the running
//                                                                request's reply; one range may go
//                                                                to many outlets
//
// Packed arrays, one place for each outlet and one for each range; the ranges of an outlet are
// linked in the order in which they were added. The arrays double where a turn has more.

import { copyBytes } from "../base/bytes.ts";
import type { Outlet } from "./outlet.ts";

/** How large a buffer of replies or asides begins, */
export const FIRST_BYTES = 64 * 1024;
/** … and beyond which size it is not used again after its batch. */
export const KEEP_BYTES = 4 * 1024 * 1024;
/** Places that the arrays have at first. */
const FIRST_PLACES = 64;
const NOTHING = new Uint8Array(0);

export class Batch {
  number = 0;
  replies: Uint8Array = NOTHING;
  asides: Uint8Array = NOTHING;
  asidesLength = 0;

  // One entry for each outlet: its first and its last range.
  readonly outlets: Outlet[] = [];
  firsts = new Int32Array(FIRST_PLACES);
  lasts = new Int32Array(FIRST_PLACES);
  // One entry for each range; `inAsides` is 1 for a range of the asides; `nexts` is −1 at the end.
  ranges = 0;
  starts = new Int32Array(FIRST_PLACES);
  ends = new Int32Array(FIRST_PLACES);
  nexts = new Int32Array(FIRST_PLACES);
  inAsides = new Int32Array(FIRST_PLACES);

  add(outlet: Outlet, start: number, end: number, inAsides: number): void {
    outlet.waitingBytes += end - start;
    if (outlet.batch === this) {
      const last = this.lasts[outlet.slot];
      if (this.ends[last] === start && this.inAsides[last] === inAsides) {
        this.ends[last] = end;
        return;
      }
      const next = this.#newRange(start, end, inAsides);
      this.nexts[last] = next;
      this.lasts[outlet.slot] = next;
      return;
    }
    const slot = this.outlets.length;
    if (slot === this.firsts.length) {
      this.firsts = longer(this.firsts);
      this.lasts = longer(this.lasts);
    }
    outlet.batch = this;
    outlet.slot = slot;
    this.outlets.push(outlet);
    const first = this.#newRange(start, end, inAsides);
    this.firsts[slot] = first;
    this.lasts[slot] = first;
  }

  /** Appends a copy of the bytes to the asides; returns where. */
  place(bytes: Uint8Array, start: number, end: number): number {
    const at = this.asidesLength;
    const needed = at + end - start;
    if (needed > this.asides.length) {
      const asides = new Uint8Array(Math.max(needed, 2 * this.asides.length, FIRST_BYTES));
      asides.set(this.asides.subarray(0, at));
      this.asides = asides;
    }
    copyBytes(bytes, start, end, this.asides, at);
    this.asidesLength = needed;
    return at;
  }

  clear(): void {
    this.outlets.length = 0;
    this.ranges = 0;
    this.asidesLength = 0;
    if (this.asides.length > KEEP_BYTES) this.asides = NOTHING;
    this.replies = NOTHING;
  }

  // It may replace the arrays of ranges: its result goes into a local before it goes into one of
  // them, since `this.nexts[last] = this.#newRange(…)` would write into the array as it was before.
  #newRange(start: number, end: number, inAsides: number): number {
    const range = this.ranges++;
    if (range === this.starts.length) {
      this.starts = longer(this.starts);
      this.ends = longer(this.ends);
      this.nexts = longer(this.nexts);
      this.inAsides = longer(this.inAsides);
    }
    this.starts[range] = start;
    this.ends[range] = end;
    this.nexts[range] = -1;
    this.inAsides[range] = inAsides;
    return range;
  }
}

function longer(numbers: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * numbers.length);
  larger.set(numbers);
  return larger;
}
