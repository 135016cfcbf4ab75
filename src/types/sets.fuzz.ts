// Random operations on sets, with low thresholds so that every encoding is met, beside a
// JavaScript Set. Run by itself: `node src/types/sets.fuzz.ts <seed> <steps>`.

import { assert } from "../base/assert.ts";
import { latin1Text, utf8Bytes } from "../base/bytes.ts";
import { Random } from "../base/random.ts";
import { Keyspace } from "../keyspace/keyspace.ts";
import { Memory } from "../memory/memory.ts";
import { SetKind, Sets, SetWalk } from "./sets.ts";

/** Sets over a memory of their own. */
export function freshSets(): Sets {
  return new Sets(new Keyspace(new Memory(), 1, Int32Array.of(1, 2, 3, 4)));
}

/** Stops with an assertion, after printing the seed, when a step differs from the model. */
export function fuzzSets(seed: number, steps: number): void {
  const random = new Random().seed(seed);
  const sets = freshSets();
  sets.integersMax = 12;
  sets.packedEntriesMax = 20;
  sets.packedValueMax = 10;
  const walk = new SetWalk(sets);
  let entry = sets.createHolder(SetKind.integers);
  let model = new Set<string>();
  let textual = 0;
  const drop = (): void => {
    const kind = sets.records.kind(entry);
    while (!sets.free(kind, sets.records.pointer(entry), 3));
    sets.memory.free(entry);
  };
  const member = (): string => {
    if (random.below(100) >= textual) return String(random.below(60) - 30);
    return random.below(30) === 0 ? "x".repeat(random.below(300)) : `m${random.below(400)}`;
  };
  try {
    for (let step = 0; step < steps; step++) {
      const text = member();
      const bytes = utf8Bytes(text);
      const kind = random.below(100);
      if (kind < 45) {
        const added = sets.add(entry, bytes, 0, bytes.length);
        assert(added === !model.has(text), "fuzz: add tells whether it was new");
        model.add(text);
      } else if (kind < 65) {
        const removed = sets.remove(entry, bytes, 0, bytes.length);
        assert(removed === model.delete(text), "fuzz: remove tells whether it was there");
      } else if (kind < 85) {
        const there = sets.has(entry, bytes, 0, bytes.length);
        assert(there === model.has(text), "fuzz: membership");
      } else if (kind < 95) {
        if (model.size > 0) {
          sets.pick(entry, random);
          const drawn = latin1Text(sets.bytes, sets.start, sets.end);
          assert(model.delete(drawn), "fuzz: a draw is a member");
          sets.removePicked(entry);
        }
      } else if (kind < 98) {
        const type = sets.records.kind(entry);
        const root = sets.copy(type, sets.records.pointer(entry));
        drop();
        entry = sets.records.createPointer(type, bytes, 0, 0, root, 0, -1, 0);
      } else if (random.below(8) === 0) {
        drop();
        assert(sets.memory.usedBytes === 0, "fuzz: the books balance");
        entry = sets.createHolder(SetKind.integers);
        model = new Set();
        textual = [0, 0, 50, 90][random.below(4)];
      }
      assert(sets.count(entry) === model.size, "fuzz: the count");
      sets.verify(sets.records.kind(entry), sets.records.pointer(entry));
      if (step % 32 === 0) {
        compareWalks(walk, entry, model);
        const integers = [...model].every((each) => /^(0|-?[1-9]\d*)$/.test(each));
        if (integers) sets.becomeIntegers(entry);
      }
    }
    drop();
  } catch (error) {
    console.error(`sets fuzz: seed ${seed}`);
    throw error;
  }
}

function compareWalks(walk: SetWalk, entry: number, model: Set<string>): void {
  let seen = 0;
  walk.open(entry);
  while (walk.next()) {
    assert(model.has(latin1Text(walk.bytes, walk.start, walk.end)), "fuzz: walked members exist");
    seen++;
  }
  assert(seen === model.size, "fuzz: a walk meets each member once");
  const met = new Set<string>();
  let cursor = 0;
  do {
    cursor = walk.openBatch(entry, cursor);
    while (walk.next()) met.add(latin1Text(walk.bytes, walk.start, walk.end));
  } while (cursor !== 0);
  assert(met.size === model.size, "fuzz: a scan meets every member");
}

if (import.meta.main) fuzzSets(Number(process.argv[2] ?? 1), Number(process.argv[3] ?? 100000));
