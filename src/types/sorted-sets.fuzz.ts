// Random operations on sorted sets, with low thresholds so that both encodings are met, beside a
// sorted JavaScript array. Run by itself: `node src/types/sorted-sets.fuzz.ts <seed> <steps>`.

import { assert } from "../base/assert.ts";
import { compareBytes, latin1Text, utf8Bytes } from "../base/bytes.ts";
import { Random } from "../base/random.ts";
import { Keyspace } from "../keyspace/keyspace.ts";
import { Memory } from "../memory/memory.ts";
import { SortedSets } from "./sorted-sets.ts";

/** Sorted sets over a memory of their own. */
export function freshSortedSets(): SortedSets {
  return new SortedSets(new Keyspace(new Memory(), 1, Int32Array.of(1, 2, 3, 4)));
}

interface Item {
  member: string;
  score: number;
}

function isBefore(a: Item, b: Item): boolean {
  if (a.score !== b.score) return a.score < b.score;
  const [x, y] = [utf8Bytes(a.member), utf8Bytes(b.member)];
  return compareBytes(x, 0, x.length, y, 0, y.length) < 0;
}

/** Stops with an assertion, after printing the seed, when a step differs from the model. */
export function fuzzSortedSets(seed: number, steps: number): void {
  const random = new Random().seed(seed);
  const sets = freshSortedSets();
  const { records } = sets;
  sets.entriesMax = 24;
  sets.valueMax = 12;
  let entry = sets.createHolder();
  let model: Item[] = [];
  let isLarge = false;
  let fewScores = false;

  const drop = (): void => {
    const kind = records.kind(entry);
    while (!sets.free(kind, records.pointer(entry), 3));
    records.memory.free(entry);
  };
  const drawMember = (): string => {
    if (random.below(3) === 0) return String(random.below(60) - 30);
    if (isLarge && random.below(40) === 0) return `${"y".repeat(random.below(70000))}`;
    return `m${random.below(isLarge ? 1000 : 25)}`;
  };
  const drawScore = (): number => {
    if (fewScores) return random.below(3);
    if (random.below(20) === 0) return [Infinity, -Infinity, -0, 5e-324, 1e300][random.below(5)];
    return random.below(2) === 0 ? random.below(100) - 50 : random.unit() * 1e6;
  };
  const place = (item: Item): number => model.filter((other) => isBefore(other, item)).length;
  const put = (item: Item): void => {
    model = model.filter(({ member }) => member !== item.member);
    model.splice(place(item), 0, item);
  };

  const step = (): void => {
    const member = drawMember();
    const bytes = utf8Bytes(member);
    const known = model.find((item) => item.member === member);
    const kind = random.below(100);
    if (kind < 50) {
      const score = drawScore();
      const isThere = sets.find(entry, bytes, 0, bytes.length);
      assert(isThere === (known !== undefined), "fuzz: find");
      if (isThere) sets.setScore(entry, bytes, 0, bytes.length, score);
      else sets.add(entry, bytes, 0, bytes.length, score);
      put({ member, score });
    } else if (kind < 65) {
      const isRemoved = sets.remove(entry, bytes, 0, bytes.length);
      assert(isRemoved === (known !== undefined), "fuzz: remove");
      model = model.filter((item) => item !== known);
    } else if (kind < 75) {
      const isThere = sets.find(entry, bytes, 0, bytes.length);
      assert(isThere === (known !== undefined), "fuzz: find");
      if (known !== undefined) {
        assert(sets.score === known.score, "fuzz: the score");
        assert(sets.rankOfFound(entry) === model.indexOf(known), "fuzz: the rank");
      }
    } else if (kind < 85) {
      const score = drawScore();
      const below = model.filter((item) => item.score < score).length;
      const upTo = model.filter((item) => item.score <= score).length;
      assert(sets.rankOfScore(entry, score, false) === below, "fuzz: scores below");
      assert(sets.rankOfScore(entry, score, true) === upTo, "fuzz: scores up to");
      const first = model[0]?.score;
      if (model.every((item) => item.score === first) && model.length > 0) {
        const before = place({ member, score: first });
        const orEqual = before + (known === undefined ? 0 : 1);
        const { length } = bytes;
        assert(sets.rankOfBytes(entry, bytes, 0, length, false) === before, "fuzz: smaller bytes");
        assert(sets.rankOfBytes(entry, bytes, 0, length, true) === orEqual, "fuzz: bytes up to");
      }
    } else if (kind < 90 && model.length > 0) {
      sets.pick(entry, random);
      const drawn = latin1Text(sets.bytes, sets.start, sets.end);
      const item = model.find((other) => other.member === drawn);
      assert(item !== undefined && item.score === sets.score, "fuzz: a draw is a member");
    } else if (kind < 93 && model.length > 0) {
      const rank = random.below(model.length);
      const count = Math.min(random.below(5), model.length - rank);
      sets.removeRange(entry, rank, count);
      model.splice(rank, count);
    } else if (kind < 97) {
      const type = records.kind(entry);
      const root = sets.copy(type, records.pointer(entry));
      drop();
      entry = records.createPointer(type, bytes, 0, 0, root, 0, -1, 0);
    } else if (random.below(20) === 0) {
      drop();
      assert(records.memory.usedBytes === 0, "fuzz: the books balance");
      entry = sets.createHolder();
      model = [];
      isLarge = random.below(2) === 0;
      fewScores = random.below(2) === 0;
    }
    assert(sets.count(entry) === model.length, "fuzz: the count");
    sets.verify(records.kind(entry), records.pointer(entry));
  };

  try {
    for (let i = 0; i < steps; i++) {
      step();
      if (i % 32 === 0) compareWalks(sets, entry, model, random.below(model.length + 1));
    }
    drop();
  } catch (error) {
    console.error(`sorted sets fuzz: seed ${seed}`);
    throw error;
  }
}

function compareWalks(sets: SortedSets, entry: number, model: Item[], rank: number): void {
  const { walk } = sets;
  for (const isReverse of [false, true]) {
    const expected = isReverse ? model.slice(0, rank + 1).reverse() : model.slice(rank);
    walk.openAt(entry, rank, isReverse);
    for (const { member, score } of rank < model.length ? expected : []) {
      assert(walk.next(), "fuzz: a walk meets all members");
      const met = latin1Text(walk.bytes, walk.start, walk.end);
      assert(met === member && walk.score === score, "fuzz: in order, with their scores");
    }
    assert(!walk.next(), "fuzz: a walk ends");
  }
  compareBetween(sets, entry, model, rank);
  const met = new Set<string>();
  let cursor = 0;
  do {
    cursor = walk.openBatch(entry, cursor);
    while (walk.next()) met.add(latin1Text(walk.bytes, walk.start, walk.end));
  } while (cursor !== 0);
  assert(met.size === model.length, "fuzz: a scan meets every member");
}

function compareBetween(sets: SortedSets, entry: number, model: Item[], rank: number): void {
  const { walk } = sets;
  const from = model[rank >> 1]?.score ?? 0;
  const limit = model[rank]?.score ?? Infinity;
  const expected = model.filter(({ score }) => score >= from && score < limit);
  const places = new Int32Array(8);
  const scores = new Float64Array(8);
  walk.openBetween(entry, from, limit);
  for (let at = 0, read = 5; read === 5; at += read) {
    read = walk.readBetween(places, scores, 2, 5);
    const isEnd = at + read === expected.length;
    assert(isEnd || (read === 5 && at + 5 < expected.length), "fuzz: a range is read to its end");
    for (let k = 0; k < read; k++) {
      assert(scores[2 + k] === expected[at + k].score, "fuzz: a range is read in order");
    }
    if (read === 0) continue;
    const k = rank % read;
    walk.goTo(places[2 + k]);
    const met = latin1Text(walk.bytes, walk.start, walk.end);
    assert(met === expected[at + k].member, "fuzz: a walk goes back to a member");
  }
}

if (import.meta.main) {
  fuzzSortedSets(Number(process.argv[2] ?? 1), Number(process.argv[3] ?? 100_000));
}
