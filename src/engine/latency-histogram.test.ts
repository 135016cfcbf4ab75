import assert from "node:assert/strict";
import { test } from "node:test";
import { LatencyHistogram } from "./latency-histogram.ts";

test("a value is told no lower than it is, and at most 1/32 or 1/16 µs higher", () => {
  for (let us = 0.01; us < 2_000_000; us *= 1.037) {
    const histogram = new LatencyHistogram();
    histogram.add(us, 1);
    const told = histogram.percentile(50);
    assert.ok(told > us, `${us} is told as ${told}`);
    assert.ok(told <= us + Math.max(1 / 16, us / 32), `${us} is told as ${told}`);
  }
});

test("percentiles are those of the sorted values", () => {
  const histogram = new LatencyHistogram();
  const values: number[] = [];
  let seed = 1;
  for (let i = 0; i < 5000; i++) {
    seed = Math.imul(seed, 48271) >>> 0;
    const us = 2 ** ((seed / 2 ** 32) * 20);
    values.push(us);
    histogram.add(us, 1);
  }
  values.sort((a, b) => a - b);
  assert.equal(histogram.count, 5000);
  for (const percent of [0, 1, 50, 90, 99, 99.9, 100]) {
    const exact = values[Math.max(0, Math.ceil((percent / 100) * values.length) - 1)] as number;
    const told = histogram.percentile(percent);
    assert.ok(told > exact && told <= exact + Math.max(1 / 16, exact / 32), `p${percent}`);
  }
});

test("a value that is added many times counts so often, and the longest are counted as 2 s", () => {
  const histogram = new LatencyHistogram();
  histogram.add(1, 999);
  histogram.add(1e9, 1);
  assert.equal(histogram.count, 1000);
  assert.equal(histogram.percentile(99), 1.0625);
  assert.equal(histogram.percentile(100), 2 ** 21);
  assert.equal(new LatencyHistogram().percentile(50), 0);
});
