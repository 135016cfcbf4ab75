import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { DatabaseError } from "../base/database-error.ts";
import { engineOf } from "./embedded-test-support.ts";
import { open } from "./open.ts";

const MIB = 1024 * 1024;

test("memory comes back when what was deleted has been freed", async () => {
  for (const megabytes of [6, 20]) {
    using db = open();
    const { memory, keyspace } = engineOf(db);
    const atStart = memory.reservedBytes;
    for (let i = 0; memory.usedBytes < megabytes * MIB; i++) {
      db.set(`key:${i}`, "v".repeat(20 + (i % 400)));
      if (i % 64 === 0) db.rpush(`list:${i % 640}`, "element");
    }
    assert.ok(memory.reservedBytes >= megabytes * MIB);
    db.flushall();
    while (keyspace.disposing) await sleep(1);
    assert.equal(memory.usedBytes, 0);
    assert.equal(memory.reservedBytes, atStart, `${megabytes} MiB were used`);
    memory.verify();
  }
});

test("verify() passes over what is whole, and says what is not and where", () => {
  using db = open();
  for (let i = 0; i < 2000; i++) db.sadd("large", `member ${i}`);
  db.set("until", "x", { ex: 1000 });
  assert.equal(db.verify(), undefined);
  db.transaction(() => {
    db.del("large");
    db.verify();
  });
  const { keyspace } = engineOf(db);
  const tree = keyspace.deadlineTree(0);
  keyspace.deadlines.removeFirst(tree);
  assert.throws(
    () => db.verify(),
    (error) =>
      error instanceof DatabaseError &&
      error.code === "DAMAGED" &&
      error.message.includes(
        'the deadline of an entry stands in the tree; at database 0, key "until',
      ),
  );
  assert.equal(db.get("until"), "x");
});
