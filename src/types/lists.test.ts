import assert from "node:assert/strict";
import { test } from "node:test";
import { Keyspace } from "../keyspace/keyspace.ts";
import { Memory } from "../memory/memory.ts";
import { NO_DEADLINE } from "../structures/record.ts";
import { fuzzLists } from "./lists.fuzz.ts";
import { End, ListKind, Lists } from "./lists.ts";

const bytes = new Uint8Array(20000).fill(0x61);

function fixture(limit: number) {
  const keyspace = new Keyspace(new Memory(), 1, Int32Array.of(1, 2, 3, 4));
  const { memory, records } = keyspace;
  const lists = new Lists(keyspace);
  lists.limit = limit;
  const root = lists.create();
  const entry = records.createPointer(ListKind.packed, bytes, 0, 1, root, 0, NO_DEADLINE, 0);
  const push = (length: number): void => {
    lists.willGrow(entry, 1, length);
    lists.push(entry, End.right, bytes, 0, length);
  };
  const pop = (): void => {
    lists.removeEnd(entry, End.right);
    lists.hasShrunk(entry);
  };
  return { memory, records, lists, entry, root, push, pop, kind: () => records.kind(entry) };
}

test("a list becomes a quicklist beyond the limit in entries, and a listpack at half of it", () => {
  const { push, pop, kind } = fixture(8);
  for (let i = 0; i < 8; i++) push(1);
  assert.equal(kind(), ListKind.packed);
  push(1);
  assert.equal(kind(), ListKind.chunked);
  for (let i = 0; i < 4; i++) pop();
  assert.equal(kind(), ListKind.chunked);
  pop();
  assert.equal(kind(), ListKind.packed);
});

test("a list becomes a quicklist beyond the limit in bytes, and a listpack at half of it", () => {
  const { push, pop, kind } = fixture(-1);
  for (let i = 0; i < 40; i++) push(97); // 100 bytes each with their frame
  assert.equal(kind(), ListKind.packed);
  push(97);
  assert.equal(kind(), ListKind.chunked);
  for (let i = 0; i < 20; i++) pop();
  assert.equal(kind(), ListKind.chunked);
  pop();
  assert.equal(kind(), ListKind.packed);
});

test("one large element makes a quicklist, and replacing it a listpack again", () => {
  const { lists, entry, push, kind } = fixture(-2);
  push(3);
  push(9000);
  assert.equal(kind(), ListKind.chunked);
  lists.set(entry, 1, bytes, 0, 5);
  lists.removeEnd(entry, End.left);
  lists.hasShrunk(entry);
  assert.equal(kind(), ListKind.packed);
});

test("a copy is independent, and both can be freed in slices", () => {
  const { memory, lists, root, push, kind } = fixture(2);
  for (let i = 0; i < 30; i++) push(i);
  const copy = lists.copy(kind(), root);
  lists.chunked.removeFirst(copy);
  assert.equal(lists.size(kind(), root), 30);
  assert.equal(lists.size(kind(), copy), 29);
  assert.ok(lists.bytesUsed(kind(), root) > 30 * 15);
  assert.equal(lists.kindOf(copy), ListKind.chunked);
  let slices = 0;
  while (!lists.free(kind(), copy, 4)) slices++;
  assert.equal(slices, 3);
  while (!lists.free(kind(), root, 4));
  assert.ok(memory.usedBytes <= 32);
});

test("each element of any slice is given once, whatever it is stored as", () => {
  const elements = [
    ...["", "a", "12", "-70000", "4294967296123", "b".repeat(63), "c".repeat(64), "d"],
    ...["e".repeat(200), "7", "f", "g".repeat(5000), "h", "i", "j".repeat(6000), "k".repeat(6000)],
    ...["l".repeat(63), "1", "m", ...Array.from({ length: 40 }, (_, i) => `element ${i}`), "n"],
  ];
  for (const limit of [-1, -2, 1, 3, 128]) {
    const { lists, entry } = fixture(limit);
    for (const element of elements) {
      const word = new TextEncoder().encode(element);
      lists.willGrow(entry, 1, word.length);
      lists.push(entry, End.right, word, 0, word.length);
    }
    const make = (u8: Uint8Array, start: number, end: number): string =>
      String.fromCharCode(...u8.slice(start, end));
    for (let from = 0; from < elements.length; from++) {
      for (const count of [1, 2, 7, elements.length - from]) {
        if (from + count > elements.length) continue;
        const out = ["kept"];
        lists.seek(entry, from);
        lists.makeEach(count, make, out);
        assert.deepEqual(out, ["kept", ...elements.slice(from, from + count)]);
      }
    }
  }
});

test("random operations agree with an array", () => {
  for (let seed = 1; seed <= 4; seed++) fuzzLists(seed, 6000);
});
