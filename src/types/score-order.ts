// Putting the records of scored members in order, by score and then by their bytes, where all of
// them are there at once: to build a tree whose items come one behind the other.
//
// Scores are sorted by their bits, and members of equal scores compared.

import { compareBytes } from "../base/bytes.ts";
import { ascending } from "../base/number-order.ts";
import type { Records } from "../structures/record.ts";

/** Fewer are sorted by comparing. */
const RADIX_MIN = 64;

/** Sorts the first `count` records. */
export function sortByScore(records: Records, items: Int32Array, count: number): void {
  const compare = (a: number, b: number): number => compareMembers(records, a, b);
  const part = items.subarray(0, count);
  if (count < RADIX_MIN) {
    part.sort((a, b) => difference(records.score(a), records.score(b)) || compare(a, b));
    return;
  }
  const scores = new Float64Array(count);
  for (let i = 0; i < count; i++) scores[i] = records.score(items[i]);
  const sorted = ascending(scores, count).map((place) => items[place]);
  part.set(sorted);
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

/** As a − b, where both may be the same infinity. */
function difference(a: number, b: number): number {
  return a === b ? 0 : a - b;
}
