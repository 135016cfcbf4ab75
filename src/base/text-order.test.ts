import assert from "node:assert/strict";
import { test } from "node:test";
import { compareBytes } from "./bytes.ts";
import { Random } from "./random.ts";
import { sortTexts } from "./text-order.ts";

function together(strings: readonly Uint8Array[]) {
  const starts = new Int32Array(strings.length + 1);
  for (const [i, string] of strings.entries()) starts[i + 1] = starts[i] + string.length;
  const bytes = new Uint8Array(starts[strings.length]);
  for (const [i, string] of strings.entries()) bytes.set(string, starts[i]);
  return { bytes, starts };
}

/** Sorts strings both ways, and compares with how the runtime sorts them by comparing. */
function check(strings: readonly Uint8Array[]): void {
  const texts = together(strings);
  for (const sign of [1, -1]) {
    const places = Uint32Array.from(strings.keys());
    sortTexts(texts, places, sign);
    const wanted = [...strings.keys()].sort((a, b) => {
      const [one, other] = [strings[a], strings[b]];
      return sign * compareBytes(one, 0, one.length, other, 0, other.length);
    });
    assert.deepEqual([...places], wanted);
  }
}

const random = new Random().seed(11);
const drawn = (length: number, kinds: number, first = 0): Uint8Array =>
  Uint8Array.from({ length }, () => first + random.below(kinds));

test("strings are sorted as comparing them does, and equal ones stay as they stand", () => {
  for (const [count, longest, kinds, first] of [
    [0, 5, 256, 0],
    [1, 5, 256, 0],
    [50, 9, 3, 0],
    [3000, 20, 256, 0],
    [3000, 20, 2, 0], // zeros and ones: ends and zero bytes are told apart
    [3000, 8, 2, 254],
    [3000, 3, 2, 0], // few different ones
    [2000, 0, 1, 0], // nothing but empty ones
  ]) {
    const strings = Array.from({ length: count }, () =>
      drawn(random.below(longest + 1), kinds, first),
    );
    check(strings);
  }
});

test("what many begin with is passed over, at any depth", () => {
  const heads = Array.from({ length: 5 }, () => drawn(1 + random.below(40), 3));
  const strings: Uint8Array[] = [];
  for (let i = 0; i < 4000; i++) {
    const parts = Array.from({ length: random.below(5) }, () => heads[random.below(heads.length)]);
    strings.push(
      Uint8Array.from([...parts, drawn(random.below(4), 2)].flatMap((part) => [...part])),
    );
  }
  check(strings);
  const tail = new Uint8Array(100).fill(7);
  check(Array.from({ length: 500 }, (_, i) => (i % 3 === 0 ? tail : tail.subarray(0, i % 101))));
});
