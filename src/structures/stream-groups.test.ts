import assert from "node:assert/strict";
import { test } from "node:test";
import { Memory } from "../memory/memory.ts";
import { NameTrees } from "./name-tree.ts";
import { fuzzStreamGroups } from "./stream-groups.fuzz.ts";
import { StreamGroups, UNKNOWN } from "./stream-groups.ts";
import { createId } from "./stream-id.ts";

test("names are in the order of their bytes, however alike they begin", () => {
  const names = new NameTrees(new Memory());
  const tree = names.create();
  const texts = ["consumer-2", "consumer-10", "consumer", "", "\0", "\0\0", "a", "a\0", "\xff"];
  const expected = texts.map((text) => Buffer.from(text, "latin1")).sort(Buffer.compare);
  for (const text of texts) {
    const bytes = Buffer.from(text, "latin1");
    assert.equal(names.find(tree, bytes, 0, bytes.length), 0);
    const block = names.createBlock(bytes, 0, bytes.length);
    names.insertBlock(tree, block);
    assert.equal(names.find(tree, bytes, 0, bytes.length), block);
  }
  names.verify(tree);
  for (const bytes of expected) {
    assert.ok(names.at(tree, expected.indexOf(bytes)));
    names.read(names.value);
    assert.deepEqual(Buffer.from(names.bytes.slice(names.start, names.end)), bytes);
  }
});

test("a new group takes one block, and has neither consumers nor pending entries", () => {
  const memory = new Memory();
  const groups = new StreamGroups(memory);
  const name = Buffer.from("g");
  const group = groups.createGroup(name, 0, 1, createId(), UNKNOWN);
  assert.equal(groups.pendingOf(group), 0);
  assert.equal(groups.consumersOf(group), 0);
  assert.equal(groups.findConsumer(group, name, 0, 1), 0);
  assert.equal(groups.findPending(group, createId()), 0);
  assert.equal(groups.bytesUsed(group), memory.usedBytes);
  assert.ok(memory.usedBytes <= 48);
  groups.verify(group);
  assert.ok(groups.freeGroup(group, 1));
  assert.equal(memory.usedBytes, 0);
});

test("random operations agree with a model", () => {
  fuzzStreamGroups(1, 5000, 10, 3);
  fuzzStreamGroups(2, 10_000, 1000, 20);
  fuzzStreamGroups(3, 10_000, 3000, 400);
});
