import assert from "node:assert/strict";
import { test } from "node:test";
import { latin1Text, utf8Bytes } from "../base/bytes.ts";
import { Random } from "../base/random.ts";
import { Memory } from "../memory/memory.ts";
import { Records } from "../structures/record.ts";
import { sortByScore } from "./score-order.ts";
import { freshSortedSets, fuzzSortedSets } from "./sorted-sets.fuzz.ts";
import type { SortedSets } from "./sorted-sets.ts";

function add(sets: SortedSets, entry: number, member: string, score: number): void {
  const bytes = utf8Bytes(member);
  assert.ok(!sets.find(entry, bytes, 0, bytes.length));
  sets.add(entry, bytes, 0, bytes.length, score);
}

function encoding(sets: SortedSets, entry: number): string {
  return new Map<number, string>(sets.kinds).get(sets.records.kind(entry)) ?? "";
}

function members(sets: SortedSets, entry: number): string[] {
  const found: string[] = [];
  sets.walk.open(entry);
  while (sets.walk.next()) {
    found.push(latin1Text(sets.walk.bytes, sets.walk.start, sets.walk.end));
  }
  return found;
}

test("encodings change at Redis's thresholds and keep what is there", () => {
  const sets = freshSortedSets();
  const many = sets.createHolder();
  for (let i = 0; i < 128; i++) add(sets, many, `m${i}`, -i);
  assert.equal(encoding(sets, many), "listpack");
  add(sets, many, "m128", -128);
  assert.equal(encoding(sets, many), "skiplist");
  assert.deepEqual(members(sets, many).slice(0, 2), ["m128", "m127"]);
  const long = sets.createHolder();
  add(sets, long, "x".repeat(64), 1);
  assert.equal(encoding(sets, long), "listpack");
  add(sets, long, "x".repeat(65), 1);
  assert.equal(encoding(sets, long), "skiplist");
});

test("members of 16 bytes take less than 48 bytes each", () => {
  const sets = freshSortedSets();
  const entry = sets.createHolder();
  const random = new Random().seed(3);
  for (let i = 0; i < 100_000; i++) add(sets, entry, `${1e15 + i}`, random.unit());
  const bytes = sets.bytesUsed(sets.records.kind(entry), sets.records.pointer(entry));
  assert.ok(bytes / 100_000 < 48, `${bytes / 100_000}`);
});

test("what is gathered is packed where it is small enough", () => {
  const sets = freshSortedSets();
  const holder = sets.beginGathering(500);
  for (const [member, score] of [
    ["b", 2],
    ["a", 2],
    ["c", -1],
  ] as const) {
    const bytes = utf8Bytes(member);
    assert.ok(!sets.find(holder, bytes, 0, 1));
    sets.gather(holder, bytes, 0, 1, score);
  }
  assert.ok(sets.find(holder, utf8Bytes("c"), 0, 1));
  sets.gatherScore(holder, utf8Bytes("c"), 0, 1, 5);
  sets.endGathering(holder);
  assert.equal(encoding(sets, holder), "listpack");
  assert.deepEqual(members(sets, holder), ["a", "b", "c"]);
});

test("records are put in order by score, then by their bytes", () => {
  const records = new Records(new Memory());
  const random = new Random().seed(11);
  const special = [Infinity, -Infinity, 0, -0, 5e-324, -5e-324, 1e308, -1e308, 1, -1];
  for (const count of [0, 1, 2, 63, 64, 5000]) {
    const items = new Int32Array(count + 3);
    const model: { score: number; name: string }[] = [];
    for (let i = 0; i < count; i++) {
      const score =
        random.below(3) === 0 ? special[random.below(special.length)] : random.unit() * 10 - 5;
      const name = `${random.below(1e6)}:${i}`;
      model.push({ score, name });
      items[i] = records.createScored(utf8Bytes(name), 0, name.length, score);
    }
    sortByScore(records, items, count);
    model.sort((a, b) => a.score - b.score || (a.name < b.name ? -1 : 1));
    const found = [...items.subarray(0, count)].map((item) => {
      records.key(item);
      return latin1Text(records.bytes, records.start, records.end);
    });
    assert.deepEqual(
      found,
      model.map(({ name }) => name),
    );
    assert.deepEqual([...items.subarray(count)], [0, 0, 0]);
  }
});

test("sorted sets agree with a sorted array under random operations", () => {
  const seed = Number(process.env.TSKEYDB_SEED ?? 2026);
  fuzzSortedSets(seed, 6000);
  fuzzSortedSets(seed + 1, 6000);
});
