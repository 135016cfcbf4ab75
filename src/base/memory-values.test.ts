import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryValue } from "./memory-values.ts";

test("a unit with b is a power of 1024, one without of 1000", () => {
  for (const [word, bytes] of [
    ["0", 0n],
    ["512", 512n],
    ["512b", 512n],
    ["1k", 1000n],
    ["1K", 1000n],
    ["1kb", 1024n],
    ["2Mb", 2n << 20n],
    ["2m", 2_000_000n],
    ["3g", 3_000_000_000n],
    ["3GB", 3n << 30n],
    ["kb", 0n],
    ["", 0n],
  ] as const) {
    assert.equal(memoryValue(word), bytes, word);
  }
});

test("other words are none, and 64 bits are all there is", () => {
  for (const word of ["-1", "1t", "1.5", "1 kb", "x", "1kbx", "+1"]) {
    assert.equal(memoryValue(word), undefined, word);
  }
  assert.equal(memoryValue("18446744073709551615"), (1n << 64n) - 1n);
  assert.equal(memoryValue("99999999999999999999"), (1n << 64n) - 1n);
  assert.equal(memoryValue("18446744073709551615kb"), (1n << 64n) - 1024n);
});
