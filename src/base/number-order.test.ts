import assert from "node:assert/strict";
import { test } from "node:test";
import { ascending } from "./number-order.ts";
import { Random } from "./random.ts";

test("whole numbers are put in order as they stand", () => {
  const random = new Random().seed(5);
  for (const range of [1, 2, 3000, 2 ** 31]) {
    const numbers = Float64Array.from({ length: 4000 }, () => random.below(range) - (range >> 1));
    numbers.set([2 ** 31 - 1, -(2 ** 31), 0]);
    const model = Array.from(numbers.keys()).sort((a, b) => numbers[a] - numbers[b] || a - b);
    assert.deepEqual([...ascending(numbers, numbers.length)], model);
  }
});

test("numbers are put in order as they stand", () => {
  const random = new Random().seed(11);
  const special = [Infinity, -Infinity, 0, -0, 5e-324, -5e-324, 1e308, -1e308, 1, -1];
  for (const count of [0, 1, 2, 64, 5000]) {
    const numbers = Float64Array.from({ length: count + 2 }, () =>
      random.below(3) === 0 ? special[random.below(special.length)] : random.unit() * 10 - 5,
    );
    const kept = numbers.slice();
    const model = Array.from({ length: count }, (_, i) => i);
    model.sort((a, b) => numbers[a] - numbers[b] || 0);
    const expected = model.sort((a, b) =>
      numbers[a] < numbers[b] ? -1 : numbers[a] > numbers[b] ? 1 : a - b,
    );
    assert.deepEqual([...ascending(numbers, count)], expected);
    assert.deepEqual(numbers, kept);
  }
});
