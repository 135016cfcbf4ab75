// Random operations on hashes, with low thresholds so that both encodings are met, beside a
// JavaScript Map. Run by itself: `node src/types/hashes.fuzz.ts <seed> <steps>`.

import { assert } from "../base/assert.ts";
import { latin1Text, utf8Bytes } from "../base/bytes.ts";
import { Random } from "../base/random.ts";
import { Keyspace } from "../keyspace/keyspace.ts";
import { Memory } from "../memory/memory.ts";
import { HashWalk } from "./hash-walk.ts";
import { Hashes, HashKind } from "./hashes.ts";

/** Hashes over a memory of their own. */
export function freshHashes(): Hashes {
  return new Hashes(new Keyspace(new Memory(), 1, Int32Array.of(1, 2, 3, 4)));
}

/** An entry without a key that holds a new hash. */
export function freshEntry(hashes: Hashes): number {
  const none = new Uint8Array(0);
  return hashes.records.createPointer(HashKind.packed, none, 0, 0, hashes.create(), 0, -1, 0);
}

/** Stops with an assertion, after printing the seed, when a step differs from the model. */
export function fuzzHashes(seed: number, steps: number): void {
  const random = new Random().seed(seed);
  const hashes = freshHashes();
  hashes.entriesMax = 24;
  hashes.valueMax = 12;
  const walk = new HashWalk(hashes, HashKind.packed);
  let entry = freshEntry(hashes);
  let model = new Map<string, string>();
  let longOnes = false;
  const drop = (): void => {
    const kind = hashes.records.kind(entry);
    while (!hashes.free(kind, hashes.records.pointer(entry), 3));
    hashes.memory.free(entry);
  };
  const text = (): string => {
    if (random.below(3) === 0) return String(random.below(60) - 30);
    if (longOnes && random.below(20) === 0) return "y".repeat(random.below(20000));
    return `f${random.below(longOnes ? 300 : 25)}`;
  };
  try {
    for (let step = 0; step < steps; step++) {
      const field = text();
      const bytes = utf8Bytes(field);
      const kind = random.below(100);
      if (kind < 50) {
        const value = text();
        const valueBytes = utf8Bytes(value);
        const isNew = hashes.set(entry, bytes, 0, bytes.length, valueBytes, 0, valueBytes.length);
        assert(isNew === !model.has(field), "fuzz: set tells whether the field was new");
        model.set(field, value);
      } else if (kind < 70) {
        const removed = hashes.remove(entry, bytes, 0, bytes.length);
        assert(removed === model.delete(field), "fuzz: remove tells whether it was there");
      } else if (kind < 90) {
        assert(hashes.has(entry, bytes, 0, bytes.length) === model.has(field), "fuzz: has");
        if (hashes.get(entry, bytes, 0, bytes.length)) {
          const value = latin1Text(hashes.bytes, hashes.start, hashes.end);
          assert(value === model.get(field), "fuzz: the value");
        }
      } else if (kind < 95 && model.size > 0) {
        hashes.pick(entry, random);
        const drawn = latin1Text(hashes.bytes, hashes.start, hashes.end);
        hashes.pickedValue(entry);
        const value = latin1Text(hashes.bytes, hashes.start, hashes.end);
        assert(model.get(drawn) === value, "fuzz: a draw is a field with its value");
      } else if (kind < 98) {
        const type = hashes.records.kind(entry);
        const root = hashes.copy(type, hashes.records.pointer(entry));
        drop();
        entry = hashes.records.createPointer(type, bytes, 0, 0, root, 0, -1, 0);
      } else if (random.below(8) === 0) {
        drop();
        assert(hashes.memory.usedBytes === 0, "fuzz: the books balance");
        entry = freshEntry(hashes);
        model = new Map();
        longOnes = random.below(2) === 0;
      }
      assert(hashes.count(entry) === model.size, "fuzz: the count");
      hashes.verify(hashes.records.kind(entry), hashes.records.pointer(entry));
      if (step % 32 === 0) compareWalks(walk, entry, model);
    }
    drop();
  } catch (error) {
    console.error(`hashes fuzz: seed ${seed}`);
    throw error;
  }
}

function compareWalks(walk: HashWalk, entry: number, model: Map<string, string>): void {
  let seen = 0;
  walk.open(entry);
  while (walk.next()) {
    const field = latin1Text(walk.bytes, walk.start, walk.end);
    const value = latin1Text(walk.valueBytes, walk.valueStart, walk.valueEnd);
    assert(model.get(field) === value, "fuzz: walked fields have their values");
    seen++;
  }
  assert(seen === model.size, "fuzz: a walk meets each field once");
  const met = new Set<string>();
  let cursor = 0;
  do {
    cursor = walk.openBatch(entry, cursor);
    while (walk.next()) met.add(latin1Text(walk.bytes, walk.start, walk.end));
  } while (cursor !== 0);
  assert(met.size === model.size, "fuzz: a scan meets every field");
}

if (import.meta.main) fuzzHashes(Number(process.argv[2] ?? 1), Number(process.argv[3] ?? 100000));
