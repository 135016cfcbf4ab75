// Whether verification sees what is broken, in one go and in steps, and nothing that is not.

import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8Bytes } from "../base/bytes.ts";
import { Random } from "../base/random.ts";
import { Keyspace } from "../keyspace/keyspace.ts";
import { Verification } from "../keyspace/verification.ts";
import { Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import { NO_DEADLINE } from "../structures/record.ts";
import { registerTypes } from "./all-types.ts";
import { hashesOf } from "./hashes.ts";
import { End, listsOf } from "./lists.ts";
import { setsOf } from "./sets.ts";
import { stringKind } from "./strings.ts";

const LARGE = 5000;

class Fixture {
  readonly keyspace = new Keyspace(new Memory(), 16, Int32Array.of(1, 2, 3, 4));

  constructor() {
    registerTypes(this.keyspace);
  }

  set(name: string, value: string, deadline: number = NO_DEADLINE): number {
    const key = utf8Bytes(name);
    const bytes = utf8Bytes(value);
    const kind = stringKind(bytes, 0, bytes.length);
    this.keyspace.setString(0, key, 0, key.length, kind, bytes, 0, bytes.length, deadline);
    return this.find(name);
  }

  find(name: string): number {
    const key = utf8Bytes(name);
    return this.keyspace.peek(0, key, 0, key.length);
  }

  #add(name: string, kind: number, root: number): number {
    const key = utf8Bytes(name);
    return this.keyspace.addCollection(0, key, 0, key.length, kind, root);
  }

  list(name: string, length: number): number {
    const lists = listsOf(this);
    const entry = this.#add(name, lists.createdKind, lists.create());
    for (let i = 0; i < length; i++) {
      const bytes = utf8Bytes(`element ${i}`);
      lists.willGrow(entry, 1, bytes.length);
      lists.push(entry, End.right, bytes, 0, bytes.length);
    }
    return entry;
  }

  members(name: string, count: number): number {
    const sets = setsOf(this);
    const root = sets.create(count, utf8Bytes("m"), 0, 1);
    const entry = this.#add(name, sets.createdKind, root);
    for (let i = 0; i < count; i++) {
      const bytes = utf8Bytes(`member ${i}`);
      sets.add(entry, bytes, 0, bytes.length);
    }
    return entry;
  }

  hash(name: string, count: number): number {
    const hashes = hashesOf(this);
    const entry = this.#add(name, hashes.createdKind, hashes.create());
    for (let i = 0; i < count; i++) {
      const bytes = utf8Bytes(`field ${i}`);
      hashes.set(entry, bytes, 0, bytes.length, bytes, 0, bytes.length);
    }
    return entry;
  }

  fill(): void {
    for (let i = 0; i < 3000; i++) this.set(`key ${i}`, `value ${i}`);
    for (let i = 0; i < 2000; i++) this.set(`until ${i}`, "x", 4e12 + ((i * 7919) % 1000));
    for (const count of [3, LARGE]) {
      this.list(`list ${count}`, count);
      this.members(`set ${count}`, count);
      this.hash(`hash ${count}`, count);
    }
  }

  /** Verifies in steps of this budget; returns how many there were. */
  steps(budget: number): number {
    const verification = new Verification(this.keyspace);
    let steps = 1;
    while (!verification.step(budget)) steps++;
    return steps;
  }

  /** What is broken is seen by both ways. */
  fails(message: RegExp): void {
    assert.throws(() => this.keyspace.verify(), message);
    assert.throws(() => this.steps(1), message);
  }
}

test("a whole keyspace verifies, at once and in steps of any size", () => {
  const f = new Fixture();
  f.keyspace.verify();
  f.fill();
  f.keyspace.verify();
  assert.equal(f.steps(Number.MAX_SAFE_INTEGER), 1);
  assert.ok(f.steps(1000) > 10);
  assert.ok(f.steps(1) > f.steps(1000));
});

test("steps verify while everything changes in between", () => {
  const f = new Fixture();
  f.fill();
  const random = new Random().seed(11);
  for (let round = 0; round < 20; round++) {
    const verification = new Verification(f.keyspace);
    while (!verification.step(1 + random.below(800))) {
      const i = random.below(5000);
      const name = [`key ${i}`, `until ${i}`, "list 5000", "set 5000", "hash 5000"][
        random.below(5)
      ] as string;
      const entry = f.find(name);
      if (random.below(400) === 0) f.keyspace.flush(0);
      else if (entry !== 0) f.keyspace.remove(0, entry);
      else if (name === "list 5000") f.list(name, random.below(3000) + 1);
      else if (name === "set 5000") f.members(name, random.below(3000) + 1);
      else if (name === "hash 5000") f.hash(name, random.below(3000) + 1);
      else f.set(name, "y".repeat(random.below(100)), i % 2 === 0 ? 4e12 + i : NO_DEADLINE);
      f.keyspace.reclaim(random.below(2000));
    }
  }
  f.keyspace.verify();
});

test("a deadline that is not in the tree, or stands there for another, is seen", () => {
  const f = new Fixture();
  f.fill();
  const { deadlines } = f.keyspace;
  const tree = f.keyspace.deadlineTree(0);
  const entry = f.find("until 7");
  const deadline = f.keyspace.records.deadline(entry);
  // The number of deadlines stays true.
  deadlines.remove(tree, deadline, entry);
  deadlines.insert(tree, deadline + 1, entry);
  f.fails(/the deadline of an entry stands in the tree/);
  deadlines.remove(tree, deadline + 1, entry);
  deadlines.insert(tree, deadline, entry);
  f.keyspace.verify();
  deadlines.insert(tree, deadline, f.find("key 1"));
  f.fails(/a deadline in the tree is its entry's/);
  const verification = new Verification(f.keyspace);
  assert.ok(verification.check(Number.POSITIVE_INFINITY));
  const found = 'not so: a deadline in the tree is its entry\'s; at database 0, key "key 1"';
  assert.equal(verification.damage, found);
});

test("an empty collection is seen, and where it is", () => {
  const f = new Fixture();
  f.fill();
  f.list('"empty"\r', 0);
  f.fails(/no collection is empty/);
  const verification = new Verification(f.keyspace);
  assert.throws(() => verification.run());
  assert.equal(verification.place, 'database 0, key "\\x22empty\\x22\\x0d"');
});

test("what is broken in a large collection is seen", () => {
  for (const make of ["list", "members", "hash"] as const) {
    const f = new Fixture();
    const entry = f[make]("large", LARGE);
    f.keyspace.verify();
    const root = f.keyspace.records.pointer(entry);
    const words = f.keyspace.memory.i32[root >>> PLACE_BITS] as Int32Array;
    const at = (root & PLACE_MASK) << 1;
    if (make === "list") {
      // The last node names another before it.
      const last = words[at + 2] as number;
      const node = f.keyspace.memory.i32[last >>> PLACE_BITS] as Int32Array;
      node[(last & PLACE_MASK) << 1] = words[at + 1] as number;
      f.fails(/linked alike both ways/);
    } else {
      // A record's tag is lost.
      const directory = words[at + 3] as number;
      const isDirectory = words[at + 4] !== 0;
      const d = f.keyspace.memory.i32[directory >>> PLACE_BITS] as Int32Array;
      const chunk = isDirectory ? (d[(directory & PLACE_MASK) << 1] as number) : directory;
      const u8 = f.keyspace.memory.u8[chunk >>> PLACE_BITS] as Uint8Array;
      u8[(chunk & PLACE_MASK) << 3] = (u8[(chunk & PLACE_MASK) << 3] as number) ^ 1;
      f.fails(/a slot has its record's tag/);
    }
  }
});

test("a count that is not true is seen where nothing changed in between", () => {
  const f = new Fixture();
  f.fill();
  const table = f.keyspace.table(0);
  const words = f.keyspace.memory.i32[table >>> PLACE_BITS] as Int32Array;
  const at = (table & PLACE_MASK) << 1;
  words[at] = (words[at] as number) + 1;
  assert.throws(() => f.keyspace.verify(), /the count of records is true/);
  assert.throws(() => f.steps(Number.MAX_SAFE_INTEGER), /the count of records is true/);
});
