import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../base/random.ts";
import { Memory } from "../memory/memory.ts";
import { fuzzOrderedTree } from "./ordered-tree.fuzz.ts";
import { OrderedTrees } from "./ordered-tree.ts";

test("an empty tree has no first item and takes one small block", () => {
  const memory = new Memory();
  const trees = new OrderedTrees(memory);
  const tree = trees.create();
  assert.equal(trees.count(tree), 0);
  assert.equal(trees.firstKey(tree), Infinity);
  assert.equal(trees.firstValue(tree), 0);
  assert.equal(trees.removeFirst(tree), 0);
  assert.equal(trees.remove(tree, 1, 1), false);
  assert.equal(trees.has(tree, 1, 1), false);
  assert.equal(trees.rank(tree, 1, 1), 0);
  assert.equal(trees.seek(tree, -Infinity, 0), false);
  assert.equal(trees.at(tree, 0), false);
  assert.equal(memory.usedBytes, 32);
  trees.verify(tree);
  assert.equal(trees.free(tree, 1), true);
  assert.equal(memory.usedBytes, 0);
});

test("equal keys are ordered by their values as unsigned integers", () => {
  const trees = new OrderedTrees(new Memory());
  const tree = trees.create();
  for (const value of [-1, 5, 0, -2147483648, 2147483647]) trees.insert(tree, 7, value);
  assert.equal(trees.insert(tree, 7, 5), false);
  const values: number[] = [];
  trees.visit(tree, 7, 7, (_key, value) => values.push(value) < 5);
  assert.deepEqual(values, [0, 5, 2147483647, -2147483648, -1]);
});

test("deadlines come off in order of time", () => {
  const trees = new OrderedTrees(new Memory());
  const tree = trees.create();
  const random = new Random().seed(8);
  for (let i = 1; i <= 5000; i++) trees.insert(tree, 1.7e12 + random.below(1000), i);
  let before = 0;
  for (let left = 5000; left > 0; left--) {
    const key = trees.firstKey(tree);
    const value = trees.firstValue(tree);
    assert.ok(key >= before);
    before = key;
    assert.equal(trees.removeFirst(tree), value);
    assert.equal(trees.count(tree), left - 1);
  }
  trees.verify(tree);
});

test("items that come in order leave nodes more than 90 % full", () => {
  const memory = new Memory();
  const trees = new OrderedTrees(memory);
  const tree = trees.create();
  for (let i = 0; i < 100_000; i++) trees.insert(tree, i, i);
  trees.verify(tree);
  assert.ok(trees.memoryBytes(tree) < (100_000 * 12.5) / 0.9);
  assert.equal(trees.memoryBytes(tree), memory.usedBytes);
});

test("random inserts and removals leave nodes more than 60 % full", () => {
  const trees = new OrderedTrees(new Memory());
  const tree = trees.create();
  const random = new Random().seed(12);
  const items: number[] = [];
  for (let i = 0; i < 20_000; i++) {
    items.push(random.next32());
    trees.insert(tree, items[i], i);
  }
  for (let i = 0; i < 100_000; i++) {
    const at = random.below(items.length);
    trees.remove(tree, items[at], at);
    items[at] = random.next32();
    trees.insert(tree, items[at], at);
  }
  trees.verify(tree);
  assert.ok(trees.memoryBytes(tree) < (20_000 * 12.5) / 0.6);
});

test("a tree agrees with a sorted array under random operations", () => {
  const seed = Number(process.env.SEED ?? 2026);
  for (const isBare of [false, true]) {
    fuzzOrderedTree(seed, 20_000, 100, isBare);
    fuzzOrderedTree(seed + 1, 40_000, 3_000, isBare);
    fuzzOrderedTree(seed + 2, 60_000, 40_000, isBare);
  }
});

test("NaN is refused as a key", () => {
  const trees = new OrderedTrees(new Memory());
  assert.throws(() => trees.insert(trees.create(), Number.NaN, 1), /NaN/);
});
