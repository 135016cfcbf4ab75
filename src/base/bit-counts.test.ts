import assert from "node:assert/strict";
import { test } from "node:test";
import { bitsOf, countBits, countByWords, findBit } from "./bit-counts.ts";
import { countInModule } from "./bit-module.ts";
import { Random } from "./random.ts";

const random = new Random().seed(11);
const SIZE = 70_000;
const words = new Int32Array(new SharedArrayBuffer(SIZE));
const bytes = new Uint8Array(words.buffer);

/** Fills the bytes so that about one bit in `rarity` differs from `fill`. */
function fill(byte: number, rarity: number): void {
  bytes.fill(byte);
  for (let n = (SIZE * 8) / rarity; n > 0; n--) bytes[random.below(SIZE)] ^= 1 << random.below(8);
}

function naive(start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) {
    for (let bit = 0; bit < 8; bit++) count += (bytes[at] >> bit) & 1;
  }
  return count;
}

test("bits of a word", () => {
  assert.deepEqual([0, 1, -1, 0x80000000 | 0, 0x0f0f].map(bitsOf), [0, 1, 32, 1, 8]);
});

test("every way of counting finds the same, wherever a range begins and ends", () => {
  for (const rarity of [2, 10, 1000]) {
    fill(rarity === 10 ? 255 : 0, rarity);
    for (let i = 0; i < 60; i++) {
      const long = i % 3 === 0;
      const start = random.below(long ? 200 : SIZE);
      const end = long ? SIZE - random.below(300) : Math.min(SIZE, start + random.below(500));
      const expected = naive(start, end);
      assert.equal(countByWords(bytes, words, start, end), expected, `${start} … ${end}`);
      assert.equal(countBits(bytes, words, start, end), expected, `${start} … ${end}`);
      assert.equal(countInModule(bytes, start, end), expected, `${start} … ${end}, module`);
    }
  }
  bytes.fill(255);
  assert.equal(countBits(bytes, words, 0, SIZE), SIZE * 8);
  assert.equal(countByWords(bytes, words, 0, SIZE), SIZE * 8);
});

/** What is known of a run: nothing. */
const passNone = (_bytes: Uint8Array, start: number): number => start;

test("the first bit is found, or that there is none", () => {
  for (const bit of [0, 1]) {
    for (const rarity of [2, 200, 40_000]) {
      fill(bit === 1 ? 0 : 255, rarity);
      for (let i = 0; i < 100; i++) {
        const start = random.below(9);
        const first = random.below(3000);
        const last = first + random.below(i % 2 === 0 ? 40 : 50_000);
        let expected = first;
        const at = (n: number): number => (bytes[start + (n >> 3)] >> (7 - (n & 7))) & 1;
        while (expected <= last && at(expected) !== bit) expected++;
        if (expected > last) expected = -1;
        const found = findBit(bytes, words, start, first, last, bit, passNone);
        assert.equal(found, expected, `${bit} from ${start}: ${first} … ${last}`);
      }
    }
  }
});
