// Runs of one byte, wherever they begin and end.

import assert from "node:assert/strict";
import { test } from "node:test";
import { findBit } from "../base/bit-counts.ts";
import { Random } from "../base/random.ts";
import { passRun } from "./runs.ts";

const SIZE = 100_000;
const BLOCK = 16 * 1024;
const words = new Int32Array(new SharedArrayBuffer(SIZE));
const bytes = new Uint8Array(words.buffer);

test("a run is passed over but for less than a block, and nothing beyond it", () => {
  const random = new Random().seed(12);
  for (const byte of [0, 255, 7]) {
    bytes.fill(byte);
    for (let i = 0; i < 200; i++) {
      const start = random.below(100);
      const end = SIZE - random.below(i % 2 === 0 ? 100 : SIZE - 200);
      const other = start + random.below(end - start);
      bytes[other] ^= 1 << random.below(8);
      const passed = passRun(bytes, start, end, byte);
      bytes[other] = byte;
      assert.ok(passed >= start && passed <= other, `${start} … ${other}: ${passed}`);
      assert.ok(other - passed < BLOCK, `${start} … ${other}: ${passed}`);
      assert.ok(end - passRun(bytes, start, end, byte) < BLOCK);
    }
  }
});

test("the first bit behind a long run is found", () => {
  const random = new Random().seed(13);
  for (const bit of [0, 1]) {
    bytes.fill(bit === 1 ? 0 : 255);
    for (let i = 0; i < 200; i++) {
      const start = random.below(9);
      const first = random.below(3000);
      const at = first + random.below(SIZE * 8 - 4000);
      const find = (last: number): number =>
        findBit(bytes, words, start, first, last, bit, passRun);
      bytes[start + (at >> 3)] ^= 128 >> (at & 7);
      assert.equal(find(SIZE * 8 - 100), at);
      assert.equal(find(at), at);
      assert.equal(at === first ? -1 : find(at - 1), -1);
      bytes[start + (at >> 3)] ^= 128 >> (at & 7);
    }
  }
});
