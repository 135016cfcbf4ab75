// The parts of the benchmarks that can be wrong without anybody noticing: their arithmetic, their
// accounting of CPU time, and the drawing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readOriginal } from "./beside.ts";
import { drawBars } from "./chart.ts";
import { cpuBetween, systemShare } from "./kernel.ts";
import { median, medianRatio, percentile, shuffled } from "./statistics.ts";
import { quantileUs } from "./threads-child.ts";

test("a median is the middle value, or the mean of the two middle ones", () => {
  assert.equal(median([5, 1, 3]), 3);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.ok(Number.isNaN(median([])));
});

test("a ratio is taken round by round, so that a drift cancels", () => {
  assert.equal(medianRatio([1, 10, 100], [2, 20, 200]), 0.5);
  assert.equal(medianRatio([3, 1, 8], [1, 2, 4]), 2);
});

test("the P95 of one to a hundred is 95", () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.equal(percentile(values, 0.95), 95);
  assert.equal(percentile([7], 0.95), 7);
});

test("a shuffle holds every number once and repeats with its seed", () => {
  assert.deepEqual(
    [...shuffled(1000)].sort((a, b) => a - b),
    [...Array(1000).keys()],
  );
  assert.deepEqual(shuffled(1000, 7), shuffled(1000, 7));
  assert.notDeepEqual(shuffled(1000, 7), shuffled(1000, 8));
});

test("CPU time counts new threads in full, and falls back to ticks when a thread has ended", () => {
  const before = {
    totalNs: 1e7,
    systemNs: 0,
    threads: new Map([
      ["1", 100],
      ["2", 50],
    ]),
  };
  const grown = {
    totalNs: 2e7,
    systemNs: 0,
    threads: new Map([
      ["1", 300],
      ["2", 50],
      ["3", 7],
    ]),
  };
  const shrunk = { totalNs: 3e7, systemNs: 0, threads: new Map([["1", 300]]) };
  assert.equal(cpuBetween(before, grown), 207);
  assert.equal(cpuBetween(before, shrunk), 2e7);
});

test("the kernel's share is taken between two samples", () => {
  const sample = (totalNs: number, systemNs: number) => ({ totalNs, systemNs, threads: new Map() });
  assert.equal(systemShare(sample(100e7, 60e7), sample(200e7, 85e7)), 0.25);
  assert.equal(systemShare(sample(100e7, 60e7), sample(100e7, 60e7)), 0);
});

test("a chart leaves absent bars out and escapes names", () => {
  const svg = drawBars({
    title: "a < b",
    subtitle: "",
    series: ["one", "two"],
    groups: [{ name: "x & y", values: [0.5, undefined] }],
    reference: "peer",
  });
  assert.equal(svg.match(/<rect class="s1" x="\d+" y="(?!60)/g), null);
  assert.ok(svg.includes("a &lt; b") && svg.includes("x &amp; y") && svg.includes(">0.50<"));
});

test("what PyKeyDB's benchmark prints is read", () => {
  const text = [
    "=".repeat(60),
    "Threads: 4",
    "",
    "=== SET benchmark ===",
    "Total ops: 40000",
    "Total time: 0.49s",
    "Throughput: 81,555 ops/sec",
    "Avg latency: 47.04 µs",
    "P95 latency: 1,279.22 µs",
    "",
    "=".repeat(60),
    "List Operations",
    "=== LPUSH benchmark ===",
    "Throughput: 3,074 ops/sec",
    "Avg latency: 1.50 µs",
    "P95 latency: 2.25 µs",
  ].join("\n");
  assert.deepEqual(readOriginal(text), [
    { operation: "SET", perSecond: 81_555, averageUs: 47.04, p95Us: 1279.22 },
    { operation: "LPUSH", perSecond: 3074, averageUs: 1.5, p95Us: 2.25 },
  ]);
});

test("a quantile of a histogram is the upper end of its bucket", () => {
  const histogram = new Array(160).fill(0);
  histogram[40] = 9_999; // up to 2^10 ns
  histogram[80] = 1; // up to 2^20 ns
  assert.equal(quantileUs(histogram, 0.5), 1.024);
  assert.equal(quantileUs(histogram, 0.9999), 1.024);
  assert.equal(quantileUs(histogram, 0.99995), 1048.576);
});
