import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8Bytes } from "../base/bytes.ts";
import { Keyspace } from "../keyspace/keyspace.ts";
import { Memory } from "../memory/memory.ts";
import { Arguments } from "../protocol/arguments.ts";
import { registerTypes } from "../types/all-types.ts";
import type { CompiledCommand } from "./command.ts";
import { Transaction } from "./transaction.ts";

function keyspace(): Keyspace {
  const made = new Keyspace(new Memory(), 4, Int32Array.of(1, 2, 3, 4));
  registerTypes(made);
  return made;
}

function watch(transaction: Transaction, k: Keyspace, db: number, name: string): void {
  const bytes = utf8Bytes(name);
  transaction.watch(k, db, bytes, 0, bytes.length);
}

test("keys are watched once each, in each database, and forgotten together", () => {
  const k = keyspace();
  const empty = k.memory.usedBytes;
  const [a, b] = [new Transaction(), new Transaction()];
  for (const name of ["x", "y", "x", "é", ""]) watch(a, k, 0, name);
  watch(a, k, 1, "x");
  watch(b, k, 1, "x");
  assert.deepEqual([a.watchCount, b.watchCount], [5, 1]);
  a.unwatch(k);
  assert.deepEqual([a.watchCount, k.watched.any], [0, true]);
  b.unwatch(k);
  b.unwatch(k);
  assert.equal(k.watched.any, false);
  assert.equal(k.memory.usedBytes, empty);
});

test("only a change of the same key in the same database is one, for all who watch it", () => {
  const k = keyspace();
  const [a, b] = [new Transaction(), new Transaction()];
  for (const transaction of [a, b]) watch(transaction, k, 1, "x");
  const touch = (db: number, name: string): void => {
    const bytes = utf8Bytes(name);
    k.watched.touch(db, bytes, 0, bytes.length);
  };
  touch(0, "x");
  touch(1, "y");
  assert.deepEqual([a.hasChanged(k), b.hasChanged(k)], [false, false]);
  touch(1, "x");
  assert.deepEqual([a.hasChanged(k), b.hasChanged(k)], [true, true]);
  a.unwatch(k);
  watch(a, k, 1, "x");
  assert.deepEqual([a.hasChanged(k), b.hasChanged(k)], [false, true]);
});

test("what is queued is a copy, counted until the end", () => {
  const transaction = new Transaction();
  const args = new Arguments();
  args.fill(["set", "k", "v"]);
  transaction.queue = [];
  transaction.add({} as CompiledCommand, args);
  args.bytes.fill(0);
  assert.equal(transaction.queue[0].args.text(2), "v");
  assert.equal(transaction.queuedBytes, args.totalBytes);
  assert.equal(transaction.hasRoom(2 ** 30 - args.totalBytes), true);
  assert.equal(transaction.hasRoom(2 ** 30 - args.totalBytes + 1), false);
  transaction.failed = true;
  transaction.end();
  assert.deepEqual(
    [transaction.queue, transaction.queuedBytes, transaction.failed],
    [null, 0, false],
  );
});
