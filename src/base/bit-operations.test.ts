import assert from "node:assert/strict";
import { test } from "node:test";
import {
  begin,
  CHUNK,
  Combine,
  clear,
  clearRepeated,
  combine,
  invert,
  load,
  result,
} from "./bit-operations.ts";
import { Random } from "./random.ts";

const random = new Random().seed(5);
const words = new Int32Array(CHUNK);
const bytes = new Uint8Array(words.buffer);
for (let i = 0; i < bytes.length; i++) bytes[i] = random.below(256);

type Operation = (a: number, b: number) => number;
const operations: readonly (readonly [how: number, operation: Operation])[] = [
  [Combine.and, (a, b) => a & b],
  [Combine.or, (a, b) => a | b],
  [Combine.xor, (a, b) => a ^ b],
  [Combine.andNot, (a, b) => a & ~b],
];

test("ranges of any length and place are combined, zeros behind them", () => {
  for (const [how, operation] of operations) {
    for (let i = 0; i < 400; i++) {
      begin(i % 2 === 0 ? 1 : 2, false);
      const accumulator = result();
      const length = 1 + random.below(i % 4 === 0 ? CHUNK : 70);
      const [a, b] = [random.below(40), random.below(40)];
      const aEnd = a + random.below(length + 1);
      const bEnd = b + random.below(length + 1);
      load(bytes, a, aEnd, length);
      combine(how, bytes, words, b, bEnd, length);
      for (let k = 0; k < length; k++) {
        const left = a + k < aEnd ? bytes[a + k] : 0;
        const right = b + k < bEnd ? bytes[b + k] : 0;
        assert.equal(accumulator[k], operation(left, right) & 255, `${how}: ${k} of ${length}`);
      }
    }
  }
});

test("one leaves what is set once, invert turns every bit over", () => {
  for (let i = 0; i < 50; i++) {
    begin(5, true);
    const accumulator = result();
    const length = 1 + random.below(100);
    const sources = Array.from({ length: 1 + random.below(5) }, () => {
      const start = random.below(500);
      return [start, start + random.below(length + 1)] as const;
    });
    clear(length);
    for (const [start, end] of sources) combine(Combine.one, bytes, words, start, end, length);
    clearRepeated(length);
    const expected = Array.from({ length }, (_, k) => {
      const met = sources.map(([start, end]) => (start + k < end ? bytes[start + k] : 0));
      let byte = 0;
      for (let bit = 1; bit < 256; bit <<= 1) {
        if (met.filter((each) => (each & bit) !== 0).length === 1) byte |= bit;
      }
      return byte;
    });
    assert.deepEqual([...accumulator.subarray(0, length)], expected);
    invert(length);
    assert.deepEqual(
      [...accumulator.subarray(0, length)],
      expected.map((byte) => 255 - byte),
    );
  }
});
