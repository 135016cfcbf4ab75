import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8Bytes } from "../base/bytes.ts";
import { Random } from "../base/random.ts";
import { Memory } from "../memory/memory.ts";
import { Keyspace } from "./keyspace.ts";

const NONE = new Uint8Array(0);

test("few deadlines and many are counted, and the least is known, as they come and go", () => {
  const random = new Random().seed(7);
  for (let round = 0; round < 40; round++) {
    const keyspace = new Keyspace(new Memory(), 1, new Int32Array(4));
    const { members, records, tables } = keyspace;
    const before = keyspace.memory.usedBytes;
    const table = tables.create();
    members.open(table);
    members.setAwaited(table, 5);
    const model = new Map<number, number>();
    const most = 1 + random.below(40);
    for (let step = 0; step < 200; step++) {
      const [some] = [...model.keys()].slice(random.below(1 + model.size));
      if (model.size < most && random.below(3) > 0) {
        const deadline = 1 + random.below(50);
        const key = utf8Bytes(`member ${step}`);
        const record = records.create(0, key, 0, key.length, NONE, 0, 0, deadline, 0);
        tables.insert(table, tables.hash(key, 0, key.length), record);
        members.link(table, record);
        model.set(record, deadline);
      } else if (some !== undefined) {
        members.unlink(table, some);
        tables.removeRecord(table, some);
        records.free(some);
        model.delete(some);
      }
      keyspace.setNow(random.below(60));
      const deadlines = [...model.values()];
      assert.equal(members.count(table), model.size);
      assert.equal(members.earliest(table), Math.min(...deadlines));
      const past = deadlines.filter((deadline) => deadline < keyspace.now).length;
      assert.equal(members.past(table), past);
      assert.equal(members.areAllPast(table), past > 0 && past === model.size);
      if (model.size > 0) {
        assert.equal(model.get(members.first(table)), Math.min(...deadlines));
      }
      assert.equal(members.awaited(table), 5);
      members.verify(table);
      for (const record of model.keys()) assert.ok(members.verifyMember(table, record));
    }
    while (!members.free(table, 1));
    while (!tables.free(table, 1, { dispose: (record) => records.free(record) }));
    assert.equal(keyspace.memory.usedBytes, before);
  }
});
