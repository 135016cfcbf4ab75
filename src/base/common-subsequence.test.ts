import assert from "node:assert/strict";
import { test } from "node:test";
import { CommonSubsequence } from "./common-subsequence.ts";
import { Random } from "./random.ts";

/** The table of the definition. */
function tableOf(a: Uint8Array, b: Uint8Array): number[][] {
  const table = [new Array(b.length + 1).fill(0)];
  for (let i = 1; i <= a.length; i++) {
    const row = [0];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      row.push(same ? table[i - 1][j - 1] + 1 : Math.max(table[i - 1][j], row[j - 1]));
    }
    table.push(row);
  }
  return table;
}

test("lengths and the way back are those of the table", () => {
  const random = new Random().seed(21);
  const found = new CommonSubsequence();
  for (let round = 0; round < 400; round++) {
    const kinds = 1 + random.below(round % 3 === 0 ? 256 : 4);
    const bytes = Uint8Array.from({ length: 400 }, () => random.below(kinds));
    const [aStart, bStart] = [random.below(50), random.below(50)];
    const [aEnd, bEnd] = [aStart + random.below(150), bStart + random.below(150)];
    const [a, b] = [bytes.subarray(aStart, aEnd), bytes.subarray(bStart, bEnd)];
    const table = tableOf(a, b);
    const expected = table[a.length][b.length];
    found.compute(bytes, aStart, aEnd, bytes, bStart, bEnd, false);
    assert.equal(found.length, expected);
    found.compute(bytes, aStart, aEnd, bytes, bStart, bEnd, true);
    assert.equal(found.length, expected);
    let [i, j] = [a.length, b.length];
    while (i > 0 && j > 0) {
      assert.deepEqual([found.i, found.j], [i, j]);
      const same = a[i - 1] === b[j - 1];
      assert.equal(found.back(), same);
      if (same) [i, j] = [i - 1, j - 1];
      else if (table[i - 1][j] > table[i][j - 1]) i--;
      else j--;
    }
    found.clear();
  }
});
