// Random operations on integer sets beside a JavaScript Set of BigInts. Run by itself it takes a
// seed and a number of steps: `node src/structures/integer-set.fuzz.ts 42 1000000`.

import { assert } from "../base/assert.ts";
import { Random } from "../base/random.ts";
import { Memory } from "../memory/memory.ts";
import { DECIMAL_END, IntegerSets } from "./integer-set.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Stops with an assertion, after printing the seed, when a step differs from the model. */
export function fuzzIntegerSets(seed: number, steps: number): void {
  const chance = new Random().seed(seed);
  const below = (limit: number): number => chance.below(limit);
  const memory = new Memory();
  const sets = new IntegerSets(memory);
  let set = sets.create();
  let model = new Set<bigint>();
  const pick = (): bigint => {
    const bits = [3, 8, 17, 33, 55, 64][below(1 + below(6))];
    const random = (BigInt(chance.next32()) << 32n) | BigInt(chance.next32() >>> 0);
    return BigInt.asIntN(bits, random);
  };
  try {
    for (let step = 0; step < steps; step++) {
      const value = pick();
      const text = encoder.encode(String(value));
      assert(sets.parse(text, 0, text.length), "fuzz: the text is an integer");
      const kind = below(100);
      if (kind < 55) {
        const added = sets.add(set);
        assert((added === 0) === model.has(value), "fuzz: add tells whether it was new");
        if (added !== 0) set = added;
        model.add(value);
      } else if (kind < 85) {
        const removed = sets.remove(set);
        assert((removed !== 0) === model.delete(value), "fuzz: remove tells whether it was there");
        if (removed !== 0) set = removed;
      } else if (kind < 99) {
        assert(sets.has(set) === model.has(value), "fuzz: membership");
      } else if (below(10) === 0) {
        sets.free(set);
        assert(memory.usedBytes === 0, "fuzz: the books balance");
        set = sets.create();
        model = new Set();
      } else {
        const copy = sets.copy(set);
        sets.free(set);
        set = copy;
      }
      assert(sets.count(set) === model.size, "fuzz: the count");
      sets.verify(set);
      if (step % 64 === 0) compare(sets, set, model);
    }
  } catch (error) {
    console.error(`integer-set fuzz: seed ${seed}`);
    throw error;
  }
}

function compare(sets: IntegerSets, set: number, model: Set<bigint>): void {
  const sorted = [...model].sort((a, b) => (a < b ? -1 : 1));
  for (let i = 0; i < sorted.length; i++) {
    const text = decoder.decode(sets.text.subarray(sets.at(set, i), DECIMAL_END));
    assert(text === String(sorted[i]), "fuzz: members in order");
  }
}

if (import.meta.main)
  fuzzIntegerSets(Number(process.argv[2] ?? 1), Number(process.argv[3] ?? 100000));
