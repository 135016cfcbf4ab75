import assert from "node:assert/strict";
import { test } from "node:test";
import { Memory } from "../memory/memory.ts";
import { fuzzChunkedLists } from "./chunked-list.fuzz.ts";
import { ChunkedLists } from "./chunked-list.ts";
import { verifyList } from "./chunked-list-verification.ts";
import { PackedLists } from "./packed-list.ts";

const encoder = new TextEncoder();

function fixture(): { memory: Memory; lists: ChunkedLists } {
  const memory = new Memory();
  return { memory, lists: new ChunkedLists(memory, new PackedLists(memory)) };
}

test("nodes keep to the limit in bytes, and fill blocks of that size", () => {
  const { memory, lists } = fixture();
  const list = lists.create();
  const bytes = encoder.encode("0123456789abcdef");
  for (let i = 0; i < 2000; i++) lists.pushLast(list, bytes, 0, bytes.length);
  for (let i = 0; i < 2000; i++) lists.pushFirst(list, bytes, 0, bytes.length);
  verifyList(lists, memory, list);
  for (let node = lists.firstNode(list); node !== 0; node = lists.nextNode(node)) {
    lists.nodeRange(node);
    assert.ok(lists.packed.end - lists.packed.start <= 8192 - 16);
    assert.ok(memory.sizeOf(node) <= 8192);
  }
  assert.ok(lists.memoryUsed(list) < 4000 * 18 * 1.15);
  lists.free(list);
  assert.equal(memory.usedBytes, 0);
});

test("nodes keep to the limit in entries", () => {
  const { lists } = fixture();
  lists.limit.set(3);
  const list = lists.create();
  const bytes = encoder.encode("x");
  for (let i = 0; i < 10; i++) lists.pushLast(list, bytes, 0, 1);
  assert.equal(lists.nodes(list), 4);
  assert.equal(lists.count(list), 10);
});

test("an element beyond the limit has a node of its own", () => {
  const { memory, lists } = fixture();
  const list = lists.create();
  const large = new Uint8Array(8193).fill(65);
  lists.pushLast(list, large, 0, 1);
  lists.pushLast(list, large, 0, 8193);
  lists.pushLast(list, large, 0, 1);
  assert.equal(lists.nodes(list), 3);
  assert.equal(lists.isPlain(lists.nextNode(lists.firstNode(list))), true);
  lists.seek(list, 1);
  assert.equal(lists.equals(large, 0, 8193), true);
  verifyList(lists, memory, list);
});

test("a queue stays in the memory that its entries need", () => {
  const { memory, lists } = fixture();
  const list = lists.create();
  const bytes = encoder.encode("an element of a queue");
  for (let i = 0; i < 100; i++) lists.pushLast(list, bytes, 0, bytes.length);
  for (let i = 0; i < 100000; i++) {
    lists.pushLast(list, bytes, 0, bytes.length);
    lists.removeFirst(list);
  }
  verifyList(lists, memory, list);
  assert.ok(memory.usedBytes < 100 * 23 * 2);
});

test("freeing goes in slices", () => {
  const { memory, lists } = fixture();
  lists.limit.set(1);
  const list = lists.create();
  for (let i = 0; i < 10; i++) lists.pushLast(list, encoder.encode("x"), 0, 1);
  assert.equal(lists.free(list, 4), -1);
  verifyList(lists, memory, list);
  assert.equal(lists.count(list), 6);
  assert.equal(lists.free(list, 10), 4);
  assert.equal(memory.usedBytes, 0);
});

test("random operations agree with an array", () => {
  for (let seed = 1; seed <= 6; seed++) fuzzChunkedLists(seed, 3000);
});
