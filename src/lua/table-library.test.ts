import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluate, outcome } from "./test-support.ts";

/** Sorts so many numbers, of which the expression makes each; returns whether they are in order. */
function sorted(count: number, expression: string): unknown {
  return evaluate(`local t, sum = {}, 0
    for i = 1, ${count} do t[i] = ${expression} sum = sum + t[i] end
    table.sort(t)
    for i = 2, #t do if t[i] < t[i - 1] then return i end end
    for i = 1, #t do sum = sum - t[i] end
    return #t == ${count} and sum == 0`)[0];
}

test("few and many numbers are sorted by their value", () => {
  for (const count of [0, 1, 2, 31, 32, 33, 1000]) {
    assert.equal(sorted(count, "(i * 7919) % 1009 - 504"), true, `${count} integers`);
    assert.equal(sorted(count, "(i * 7919) % 1009 / 4 - 100.5"), true, `${count} fractions`);
    assert.equal(sorted(count, "i % 3 == 0 and -0 or i % 5 - 2"), true, `${count} with zeros`);
  }
});

test("both zeros stay as many as they were", () => {
  const code = `local t, negative = {}, 0
    for i = 1, 100 do t[i] = i % 2 == 0 and -(i * 0) or i % 3 end
    table.sort(t)
    for i = 1, 100 do if t[i] == 0 and 1 / t[i] < 0 then negative = negative + 1 end end
    return negative`;
  assert.deepEqual(evaluate(code), [50]);
});

test("numbers in nodes, texts among them and holes are sorted or refused as by C", () => {
  const refused = "attempt to compare number with string";
  const mixed = "(function() local t = {} for i = 1, 40 do t[i] = i end t[20] = 'x' ";
  const message = outcome(`${mixed} table.sort(t) return t[1] end)()`);
  assert.ok(message === refused || message === "attempt to compare string with number");
  const nodes = "(function() local t = {} for i = 40, 1, -1 do t[i] = 41 - i end ";
  assert.equal(outcome(`${nodes} table.sort(t) return t[1] * 100 + t[40] end)()`), 140);
});
