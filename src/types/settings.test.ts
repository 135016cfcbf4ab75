import assert from "node:assert/strict";
import { test } from "node:test";
import { Keyspace } from "../keyspace/keyspace.ts";
import { Memory } from "../memory/memory.ts";
import { registerTypes } from "./all-types.ts";
import { hashesOf } from "./hashes.ts";
import { LIST, listsOf } from "./lists.ts";
import { setsOf } from "./sets.ts";
import { stringsOf } from "./strings.ts";

const SEED = Int32Array.of(1, 2, 3, 4);

function attach(memory: Memory): { readonly keyspace: Keyspace } {
  const keyspace = new Keyspace(memory, 16, SEED);
  registerTypes(keyspace);
  return { keyspace };
}

test("who comes to a memory sees the settings that hold, and all see each change", () => {
  const memory = new Memory();
  const one = attach(memory);
  hashesOf(one).entriesMax = 3;
  setsOf(one).integersMax = 0;
  listsOf(one).limit = 5;
  one.keyspace.settings.lfuLogFactor = 77;
  one.keyspace.setEvictionPolicy("volatile-lfu");
  const other = attach(memory);
  assert.equal(hashesOf(other).entriesMax, 3);
  assert.equal(hashesOf(other).valueMax, 64);
  assert.equal(setsOf(other).integersMax, 0);
  assert.equal(listsOf(other).limit, 5);
  assert.equal(listsOf(other).chunked.limit.entriesMax, 5);
  assert.equal(other.keyspace.settings.lfuLogFactor, 77);
  assert.equal(other.keyspace.settings.evictionPolicy, "volatile-lfu");
  assert.ok(other.keyspace.settings.lfu);
  listsOf(other).limit = -1;
  stringsOf(other).lengthMax = 1 << 20;
  other.keyspace.settings.notifications = 7;
  assert.equal(listsOf(one).chunked.limit.elementMax, 4096);
  assert.equal(stringsOf(one).lengthMax, 1 << 20);
  assert.equal(one.keyspace.settings.notifications, 7);
});

test("a list changes its encoding by a limit that another thread's object has set", () => {
  const memory = new Memory();
  const one = attach(memory);
  const other = attach(memory);
  const lists = listsOf(one);
  const bytes = new Uint8Array([97]);
  const root = lists.create();
  const entry = one.keyspace.addCollection(0, bytes, 0, 1, lists.createdKind, root);
  assert.equal(one.keyspace.typeOf(entry), LIST);
  listsOf(other).limit = 2;
  const ends = Int32Array.of(1, 1, 1);
  lists.pushEach(entry, 1, bytes, new Int32Array(3), ends, 0, 3);
  assert.equal(one.keyspace.types.encodings[one.keyspace.records.kind(entry)], "quicklist");
  assert.equal(lists.chunked.nodes(root), 2);
});
