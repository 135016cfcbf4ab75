import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../base/random.ts";
import { KeyGuess } from "./key-guess.ts";

/** Finds the first key that is not below `key` in an array; returns its place and the looks. */
function search(keys: readonly number[], key: number, bounds: readonly [number, number]) {
  const guess = new KeyGuess();
  guess.bound(bounds[0], bounds[1]);
  guess.begin(keys.length);
  let low = 0;
  let high = keys.length;
  let looks = 0;
  while (low < high) {
    const at = guess.next(key, low, high);
    assert.ok(Number.isInteger(at) && at >= low && at < high, "it looks at what is left");
    looks++;
    if (keys[at] < key) {
      low = at + 1;
      guess.isBehind(keys[at]);
    } else {
      high = at;
      guess.isAhead(keys[at]);
    }
  }
  return { place: low, looks };
}

function average(keys: readonly number[], bounds: readonly [number, number]): number {
  let looks = 0;
  for (const key of keys) looks += search(keys, key, bounds).looks;
  return looks / keys.length;
}

test("keys that grow evenly are found with two looks, those at random with four", () => {
  const even = Array.from({ length: 90 }, (_, i) => 1000 + 7 * i);
  assert.ok(average(even, [1000, 1000 + 7 * 90]) < 2.2);
  const random = new Random().seed(5);
  let looks = 0;
  for (let i = 0; i < 100; i++) {
    const keys = Array.from({ length: 90 }, () => random.below(1 << 30)).sort((a, b) => a - b);
    looks += average(keys, [keys[0], 1 << 30]) / 100;
  }
  assert.ok(looks < 4.2, `${looks}`);
});

test("whatever the keys and the bounds are, the place is found, in few looks", () => {
  const random = new Random().seed(7);
  const draw = [
    () => random.below(3),
    () => 2 ** random.below(1000),
    () => [Number.NEGATIVE_INFINITY, -0, 0, 5e-324, Number.POSITIVE_INFINITY][random.below(5)],
  ];
  for (let i = 0; i < 3000; i++) {
    const count = random.below(130);
    const keys = Array.from({ length: count }, draw[i % draw.length]).sort((a, b) => a - b);
    const key = draw[i % draw.length]();
    const ends = [
      Number.NaN,
      Number.NEGATIVE_INFINITY,
      keys[0] ?? 1,
      key,
      Number.POSITIVE_INFINITY,
    ];
    const { place, looks } = search(keys, key, [
      ends[random.below(ends.length)],
      ends[random.below(ends.length)],
    ]);
    const wanted = keys.findIndex((other) => other >= key);
    assert.equal(place, wanted < 0 ? count : wanted);
    assert.ok(looks <= 11, `${looks} looks`);
    const guess = new KeyGuess();
    guess.bound(keys[0] ?? 0, keys[count - 1] ?? 0);
    const guessed = guess.place(key, count);
    assert.ok(count === 0 || (guessed >= 0 && guessed < count));
  }
});
