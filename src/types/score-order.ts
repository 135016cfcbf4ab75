// Putting the records of scored members in order, by score and then by their bytes, where all of
// them are there at once: to build a tree whose items come one behind the other.
//
// Scores are sorted by their bits, eleven at a time (a radix sort: no comparisons, and as fast
// however they are distributed); members of equal scores are compared.

import { compareBytes } from "../base/bytes.ts";
import type { Records } from "../structures/record.ts";

const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
const DIGIT_MASK = DIGITS - 1;
/** Digits of a half of a score: 32 bits. */
const HALF_DIGITS = 3;
/** Fewer are sorted by comparing. */
const RADIX_MIN = 64;

/** Sorts the first `count` records. */
export function sortByScore(records: Records, items: Int32Array, count: number): void {
  if (count >= RADIX_MIN) sortByBits(records, items, count);
  const compare = (a: number, b: number): number => compareMembers(records, a, b);
  const part = items.subarray(0, count);
  if (count < RADIX_MIN) {
    part.sort((a, b) => records.score(a) - records.score(b) || compare(a, b));
    return;
  }
  for (let from = 0; from < count; ) {
    const score = records.score(items[from]);
    let to = from + 1;
    while (to < count && records.score(items[to]) === score) to++;
    if (to - from > 1) part.subarray(from, to).sort(compare);
    from = to;
  }
}

function compareMembers(records: Records, a: number, b: number): number {
  records.key(a);
  const { bytes, start, end } = records;
  records.key(b);
  return compareBytes(bytes, start, end, records.bytes, records.start, records.end);
}

function sortByBits(records: Records, items: Int32Array, count: number): void {
  const scores = new Float64Array(count);
  for (let i = 0; i < count; i++) scores[i] = records.score(items[i]) + 0; // −0 is 0
  const halves = new Uint32Array(scores.buffer);
  // Bits that order as the numbers do: of negative ones all are turned, else the sign alone.
  for (let i = 0; i < 2 * count; i += 2) {
    const isNegative = halves[i + 1] >>> 31 === 1;
    halves[i] = isNegative ? ~halves[i] : halves[i];
    halves[i + 1] = isNegative ? ~halves[i + 1] : halves[i + 1] ^ 0x80000000;
  }
  let order = new Uint32Array(count);
  let next = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  const places = new Uint32Array(DIGITS);
  for (let digit = 0; digit < 2 * HALF_DIGITS; digit++) {
    const half = digit < HALF_DIGITS ? 0 : 1;
    const shift = (digit % HALF_DIGITS) * DIGIT_BITS;
    places.fill(0);
    for (let i = 0; i < count; i++) places[(halves[2 * i + half] >>> shift) & DIGIT_MASK]++;
    if (places[(halves[half] >>> shift) & DIGIT_MASK] === count) continue; // all are alike
    for (let value = 0, before = 0; value < DIGITS; value++) {
      const here = places[value];
      places[value] = before;
      before += here;
    }
    for (let i = 0; i < count; i++) {
      const item = order[i];
      next[places[(halves[2 * item + half] >>> shift) & DIGIT_MASK]++] = item;
    }
    [order, next] = [next, order];
  }
  const sorted = new Int32Array(count);
  for (let i = 0; i < count; i++) sorted[i] = items[order[i]];
  items.set(sorted);
}
