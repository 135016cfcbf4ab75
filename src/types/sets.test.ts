import assert from "node:assert/strict";
import { test } from "node:test";
import { latin1Text, utf8Bytes } from "../base/bytes.ts";
import { Random } from "../base/random.ts";
import { freshSets, fuzzSets } from "./sets.fuzz.ts";
import { SetKind, type Sets, SetWalk } from "./sets.ts";

function add(sets: Sets, entry: number, ...members: string[]): void {
  for (const member of members) {
    const bytes = utf8Bytes(member);
    sets.add(entry, bytes, 0, bytes.length);
  }
}

function encoding(sets: Sets, entry: number): string {
  return new Map<number, string>(sets.kinds).get(sets.records.kind(entry)) ?? "";
}

function made(sets: Sets, expected: number, first: string): string {
  const bytes = utf8Bytes(first);
  const root = sets.create(expected, bytes, 0, bytes.length);
  sets.free(sets.createdKind, root, 1000);
  return new Map<number, string>(sets.kinds).get(sets.createdKind) ?? "";
}

test("a new set's encoding follows from its first member and the number expected", () => {
  const sets = freshSets();
  assert.equal(made(sets, 1, "12"), "intset");
  assert.equal(made(sets, 512, "12"), "intset");
  assert.equal(made(sets, 513, "12"), "hashtable");
  assert.equal(made(sets, 128, "a"), "listpack");
  assert.equal(made(sets, 129, "a"), "hashtable");
  assert.equal(sets.memory.usedBytes, 0);
});

test("encodings change at Redis's thresholds", () => {
  const sets = freshSets();
  const integers = sets.createHolder(SetKind.integers);
  for (let i = 0; i < 512; i++) add(sets, integers, String(i));
  assert.equal(encoding(sets, integers), "intset");
  add(sets, integers, "512");
  assert.equal(encoding(sets, integers), "hashtable");

  const mixed = sets.createHolder(SetKind.integers);
  for (let i = 0; i < 127; i++) add(sets, mixed, String(i));
  add(sets, mixed, "a");
  assert.equal(encoding(sets, mixed), "listpack");
  add(sets, mixed, "b");
  assert.equal(encoding(sets, mixed), "hashtable");

  const many = sets.createHolder(SetKind.integers);
  for (let i = 0; i < 128; i++) add(sets, many, String(i));
  add(sets, many, "a");
  assert.equal(encoding(sets, many), "hashtable");

  const long = sets.createHolder(SetKind.packed);
  add(sets, long, "x".repeat(64));
  assert.equal(encoding(sets, long), "listpack");
  add(sets, long, "x".repeat(65));
  assert.equal(encoding(sets, long), "hashtable");
  assert.equal(sets.count(long), 2);
});

test("members may be any bytes, of any length, the empty one among them", () => {
  const sets = freshSets();
  const entry = sets.createHolder(SetKind.packed);
  const members = [new Uint8Array(0), Uint8Array.of(0, 255, 13, 10), new Uint8Array(70000).fill(7)];
  for (const member of members) assert.ok(sets.add(entry, member, 0, member.length));
  for (const member of members) {
    assert.ok(sets.has(entry, member, 0, member.length));
    assert.ok(!sets.add(entry, member, 0, member.length));
  }
  for (const member of members) assert.ok(sets.remove(entry, member, 0, member.length));
  assert.equal(sets.count(entry), 0);
});

test("every member of each encoding is drawn about equally often", () => {
  for (const kind of [SetKind.integers, SetKind.packed, SetKind.table]) {
    const sets = freshSets();
    const random = new Random().seed(3);
    const entry = sets.createHolder(kind);
    for (let i = 0; i < 50; i++) add(sets, entry, String(i));
    const drawn = new Map<string, number>();
    for (let i = 0; i < 50_000; i++) {
      sets.pick(entry, random);
      const member = latin1Text(sets.bytes, sets.start, sets.end);
      drawn.set(member, (drawn.get(member) ?? 0) + 1);
    }
    assert.equal(drawn.size, 50);
    for (const times of drawn.values()) assert.ok(times > 840 && times < 1160, String(times));
  }
});

test("a scan sees what stays while the set grows and shrinks", () => {
  const sets = freshSets();
  const entry = sets.createHolder(SetKind.table);
  for (let i = 0; i < 1000; i++) add(sets, entry, `stays${i}`);
  const walk = new SetWalk(sets);
  const met = new Set<string>();
  let cursor = 0;
  let round = 0;
  do {
    cursor = walk.openBatch(entry, cursor);
    while (walk.next()) met.add(latin1Text(walk.bytes, walk.start, walk.end));
    for (let i = 0; i < 20; i++) {
      const bytes = utf8Bytes(`comes${round * 20 + i}`);
      if (round < 100) sets.add(entry, bytes, 0, bytes.length);
      else sets.remove(entry, utf8Bytes(`comes${(round - 100) * 20 + i}`), 0, bytes.length);
    }
    round++;
  } while (cursor !== 0);
  for (let i = 0; i < 1000; i++) assert.ok(met.has(`stays${i}`));
});

test("random operations agree with a model", () => {
  fuzzSets(1, 4000);
  fuzzSets(2, 4000);
});
