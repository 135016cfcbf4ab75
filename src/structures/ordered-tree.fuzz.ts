// Random operations on an ordered tree beside a sorted JavaScript array. Run by itself it takes a
// seed and a number of steps: `node src/structures/ordered-tree.fuzz.ts 42 1000000`.

import { assert } from "../base/assert.ts";
import { Random } from "../base/random.ts";
import { Memory } from "../memory/memory.ts";
import { OrderedTrees } from "./ordered-tree.ts";

interface Item {
  key: number;
  value: number;
}

function isBefore(a: Item, b: Item): boolean {
  return a.key < b.key || (a.key === b.key && a.value >>> 0 < b.value >>> 0);
}

const SPECIAL = [Infinity, -Infinity, 0, -0, 5e-324, -1e308];

/** Trees whose leaves hold no keys: a value says it, by its high bits in one of five ways. */
class BareTrees extends OrderedTrees {
  constructor(memory: Memory) {
    super(memory, false);
  }

  protected override keyOf(value: number): number {
    return keyOf(value);
  }
}

function keyOf(value: number): number {
  const rest = value & 0x1fffffff;
  switch (value >>> 29) {
    case 0:
      return Math.imul(rest, 0x9e3779b1) / 1000;
    case 1:
      return rest % 4; // many equal keys
    case 2:
      return rest; // in order
    case 3:
      return -rest; // in reverse
    default:
      return SPECIAL[rest % 6];
  }
}

/** The place of the first item that is not before this one. */
function lowerBound(model: Item[], item: Item): number {
  let low = 0;
  let high = model.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(model[middle], item)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Grows and shrinks a tree up to about `itemsMax` items. Stops with an assertion, after printing
 * the seed, when a step differs from the model. `isBare`: leaves hold no keys.
 */
export function fuzzOrderedTree(
  seed: number,
  steps: number,
  itemsMax: number,
  isBare = false,
): void {
  const random = new Random().seed(seed);
  const memory = new Memory();
  const trees = isBare ? new BareTrees(memory) : new OrderedTrees(memory);
  const other = trees.create(); // must not be touched by what happens to the first
  const first = isBare ? 0x20000001 : 1;
  trees.insert(other, 1, first);
  const usedBefore = memory.usedBytes;
  let tree = trees.create();
  let model: Item[] = [];
  let style = 0;
  let growing = true;
  let clock = 0;

  const draw = (): Item => {
    if (isBare) {
      const isClocked = style === 2 || style === 3;
      const rest = isClocked ? clock++ : random.next32() & 0x1fffffff;
      const value = (style << 29) | (style === 4 ? rest % itemsMax : rest);
      return { key: keyOf(value), value };
    }
    const value = random.next32();
    if (style === 0) return { key: random.unit() * 1000 - 500, value };
    if (style === 1) return { key: random.below(4), value }; // many equal keys
    if (style === 2) return { key: clock++, value }; // in order
    if (style === 3) return { key: -clock++, value }; // in reverse
    return { key: SPECIAL[random.below(6)], value: random.below(itemsMax) };
  };

  const step = (): void => {
    if (random.below(2000) === 0) style = random.below(5);
    if (model.length === 0) growing = true;
    else if (model.length > itemsMax) growing = false;
    else if (random.below(10_000) === 0) growing = !growing;
    const item = draw();
    const place = lowerBound(model, item);
    const kind = random.below(100);
    if (kind < (growing ? 70 : 20)) {
      const present = place < model.length && !isBefore(item, model[place]);
      assert(trees.insert(tree, item.key, item.value) === !present, "fuzz: insert");
      if (!present) model.splice(place, 0, item);
    } else if (kind < 80 && model.length > 0) {
      const victim = random.below(3) === 0 ? 0 : random.below(model.length);
      const [gone] = model.splice(victim, 1);
      if (victim === 0 && random.below(2) === 0) {
        assert(trees.removeFirst(tree) === gone.value, "fuzz: the first item comes off");
      } else if (random.below(2) === 0) {
        const isThere = trees.at(tree, victim);
        assert(isThere && trees.value === gone.value, "fuzz: the victim is where it was");
        if (random.below(2) === 0) trees.seek(tree, gone.key, gone.value);
        trees.removeFound(tree, gone.value);
      } else {
        assert(trees.remove(tree, gone.key, gone.value), "fuzz: remove");
      }
      assert(!trees.remove(tree, gone.key, gone.value), "fuzz: what is gone is gone");
    } else if (kind < 90) {
      const present = place < model.length && !isBefore(item, model[place]);
      assert(trees.rank(tree, item.key, item.value) === place, "fuzz: rank");
      assert(trees.has(tree, item.key, item.value) === present, "fuzz: has");
      const found = trees.seek(tree, item.key, item.value);
      assert(found === place < model.length, "fuzz: seek");
      for (let i = place; i < Math.min(place + 50, model.length); i++) {
        assert(trees.key === model[i].key && trees.value === model[i].value, "fuzz: next");
        assert(trees.next() === i + 1 < model.length, "fuzz: the end");
      }
      const isBeforeKey = (other: Item): boolean => other.key < item.key;
      const below = model.findLastIndex(isBeforeKey) + 1;
      assert(trees.rankOfKey(tree, item.key, false) === below, "fuzz: keys below");
      const upTo = model.findLastIndex(({ key }) => key <= item.key) + 1;
      assert(trees.rankOfKey(tree, item.key, true) === upTo, "fuzz: keys up to");
    } else {
      const rank = random.below(model.length + 2) - 1;
      const there = rank >= 0 && rank < model.length;
      assert(trees.at(tree, rank) === there, "fuzz: at");
      for (let i = rank, here = there; here && i > rank - 50; i--) {
        assert(trees.value === model[i].value, "fuzz: the item at a rank");
        here = trees.previous();
        assert(here === i > 0, "fuzz: the beginning");
      }
    }
    assert(trees.count(tree) === model.length, "fuzz: count");
    assert(trees.firstKey(tree) === (model[0]?.key ?? Infinity), "fuzz: the first key");
    assert(trees.firstValue(tree) === (model[0]?.value ?? 0), "fuzz: the first value");
  };

  try {
    for (let i = 0; i < steps; i++) {
      step();
      if (model.length < 200 || i % 256 === 0) trees.verify(tree);
      if (i % 4096 === 0) compareWhole(trees, tree, model);
      if (random.below(20_000) === 0) {
        const nodes = (trees.memoryBytes(tree) - 32) / 512;
        let calls = 1;
        while (!trees.free(tree, 7)) calls++;
        assert(calls === Math.max(Math.ceil(nodes / 7), 1), "fuzz: freeing goes in slices");
        assert(memory.usedBytes === usedBefore, "fuzz: the books balance");
        tree = trees.create();
        model = [];
      }
    }
    assert(
      trees.count(other) === 1 && trees.firstValue(other) === first,
      "fuzz: the other tree is whole",
    );
    for (const { key, value } of model) assert(trees.remove(tree, key, value), "fuzz: emptying");
    trees.verify(tree);
    assert(trees.free(tree, 1), "fuzz: an empty tree goes at once");
    assert(memory.usedBytes === usedBefore, "fuzz: the books balance at the end");
  } catch (error) {
    console.error(`ordered-tree fuzz: seed ${seed}, ${itemsMax} items`);
    throw error;
  }
}

function compareWhole(trees: OrderedTrees, tree: number, model: Item[]): void {
  let i = 0;
  trees.visit(tree, -Infinity, Infinity, (key, value) => {
    assert(key === model[i].key && value === model[i].value, "fuzz: visiting");
    i++;
    return true;
  });
  assert(i === model.length, "fuzz: everything is visited");
  const from = model.length > 0 ? model[model.length >> 2].key : 0;
  const to = model.length > 0 ? model[model.length >> 1].key : 0;
  const inRange = model.filter(({ key }) => key >= from && key <= to).length;
  let seen = 0;
  trees.visit(tree, from, to, () => {
    seen++;
    return true;
  });
  assert(seen === inRange, "fuzz: a range is visited");
  const values = new Int32Array(10);
  const keys = new Float64Array(10);
  let at = model.findIndex(({ key }) => key >= from);
  for (let read = trees.seekKey(tree, from) ? 7 : 0; read === 7; ) {
    read = trees.readBelow(to, values, keys, 3, 7);
    for (let k = 3; k < 3 + read; k++, at++) {
      assert(keys[k] === model[at].key && values[k] === model[at].value, "fuzz: reading");
    }
  }
  assert(model.length === 0 || !(model[at]?.key < to), "fuzz: a range is read");
}

if (import.meta.main) {
  const seed = Number(process.argv[2] ?? 1);
  const steps = Number(process.argv[3] ?? 1_000_000);
  for (const items of [100, 2_000, 40_000]) {
    for (const isBare of [false, true]) fuzzOrderedTree(seed, steps, items, isBare);
  }
}
