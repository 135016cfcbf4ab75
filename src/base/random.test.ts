import assert from "node:assert/strict";
import { test } from "node:test";
import { RANDOM_WORDS, Random } from "./random.ts";

test("a seed gives its sequence again, from whatever array the state lies in", () => {
  const state = new Int32Array(new SharedArrayBuffer(64));
  const a = new Random(state, 3).seed(42, 7);
  const b = new Random().seed(42, 7);
  for (let i = 0; i < 100; i++) assert.equal(a.next32(), b.next32());
  assert.equal(state.subarray(0, 3).join(), "0,0,0");
  assert.equal(state[3 + RANDOM_WORDS], 0);
  const resumed = new Random(state, 3);
  assert.equal(resumed.next32(), b.next32());
  assert.notEqual(new Random().seed(43).next32(), new Random().seed(42).next32());
});

test("the sequence is that of sfc32", () => {
  // Reference: sfc32 with words 1, 2, 3, 4, computed by hand for its first two results.
  const random = new Random(Int32Array.of(1, 2, 3, 4));
  assert.equal(random.next32(), 7);
  assert.equal(random.next32(), 2 + 27 + 5);
});

test("numbers below a bound are even over it", () => {
  const random = new Random().seed(5);
  for (const n of [1, 2, 3, 7, 10, 64]) {
    const seen = new Array<number>(n).fill(0);
    for (let i = 0; i < n * 2000; i++) seen[random.below(n)]++;
    for (let i = 0; i < n * 2000; i++) seen[random.belowLarge(n)]++;
    for (const count of seen) assert.ok(Math.abs(count - 4000) < 400, `${n}: ${seen}`);
  }
  for (let i = 0; i < 1000; i++) {
    const large = random.belowLarge(2 ** 53);
    assert.ok(Number.isSafeInteger(large) && large >= 0);
    assert.ok(random.below(2 ** 31) >= 0);
    assert.ok(random.below(1.5 * 2 ** 30) < 1.5 * 2 ** 30);
    const unit = random.unit();
    assert.ok(unit >= 0 && unit < 1);
  }
});
