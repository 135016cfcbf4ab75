// The order of byte strings, six bytes at a time: what all of a group begin with is passed over,
// the next bytes of each are a number (number-order.ts), and those who agree in it are a group of
// their own. Few are compared with one another.
//
// A byte is one more than itself in that number, and what a string is too short for is 0: so a
// string comes before those that go on, and no two that differ stay together for ever. Six digits
// of 257 are exact in a double.
//
// Strings that are equal stay as they stand.

import { compareBytes } from "./bytes.ts";
import { ascending } from "./number-order.ts";

const DIGITS = 6;
const BASE = 257;
/** Fewer are compared with one another. */
const GROUP_MIN = 128;

/** Byte strings one behind the other: string i is bytes[starts[i], starts[i + 1]). */
export interface Texts {
  readonly bytes: Uint8Array;
  readonly starts: ArrayLike<number>;
}

/** Sorts places, each of a string; `sign` −1: in descending order. */
export function sortTexts(texts: Texts, places: Uint32Array, sign: number): void {
  const compare = (a: number, b: number): number => sign * compareTexts(texts, a, b);
  // Groups that are still to be sorted: where they begin and end, and how many bytes agree.
  const groups = [0, places.length, 0];
  const numbers = new Float64Array(places.length);
  const sorted = new Float64Array(places.length);
  while (groups.length > 0) {
    const known = groups.pop() as number;
    const to = groups.pop() as number;
    const from = groups.pop() as number;
    const group = places.subarray(from, to);
    if (group.length < GROUP_MIN) {
      group.sort(compare);
      continue;
    }
    const common = commonLength(texts, group, known);
    for (let i = 0; i < group.length; i++) numbers[i] = sign * digitsOf(texts, group[i], common);
    const order = ascending(numbers, group.length);
    for (let i = 0; i < order.length; i++) {
      sorted[i] = numbers[order[i]];
      order[i] = group[order[i]];
    }
    group.set(order);
    gather(groups, sorted, from, group.length, common + DIGITS);
  }
}

/** Adds the groups of equal numbers among the first `count`, which are in order. */
function gather(
  groups: number[],
  numbers: Float64Array,
  from: number,
  count: number,
  known: number,
): void {
  for (let i = 0; i < count; ) {
    let end = i + 1;
    while (end < count && numbers[end] === numbers[i]) end++;
    // Those that end within the digits have been told apart.
    if (end - i > 1 && Math.abs(numbers[i]) % BASE !== 0) groups.push(from + i, from + end, known);
    i = end;
  }
}

function compareTexts({ bytes, starts }: Texts, a: number, b: number): number {
  return compareBytes(bytes, starts[a], starts[a + 1], bytes, starts[b], starts[b + 1]);
}

/** With how many bytes all of a group begin. REQUIRES: `known` of them. */
function commonLength({ bytes, starts }: Texts, group: Uint32Array, known: number): number {
  const first = starts[group[0]];
  let common = starts[group[0] + 1] - first;
  for (let i = 1; i < group.length && common > known; i++) {
    const start = starts[group[i]];
    const most = Math.min(common, starts[group[i] + 1] - start);
    common = known;
    while (common < most && bytes[first + common] === bytes[start + common]) common++;
  }
  return common;
}

/** The bytes of a string from its `from`th on, as a number of so many digits. */
function digitsOf({ bytes, starts }: Texts, i: number, from: number): number {
  const end = starts[i + 1];
  let number = 0;
  for (let digit = 0, at = starts[i] + from; digit < DIGITS; digit++, at++) {
    number = number * BASE + (at < end ? bytes[at] + 1 : 0);
  }
  return number;
}
