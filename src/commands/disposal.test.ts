// That what waits to be freed does not pile up.

import assert from "node:assert/strict";
import { test } from "node:test";
import { TestDatabase } from "./test-support.ts";

test("collections that replace one another in a loop do not fill the memory", () => {
  const database = new TestDatabase();
  const client = database.connect();
  const members = Array.from({ length: 5000 }, (_, i) => `member:${i}`);
  client.call("SADD", "a", ...members);
  client.call("COPY", "a", "b");
  client.call("SUNIONSTORE", "c", "a");
  const { memory } = database.keyspace;
  const before = memory.usedBytes;
  for (let round = 0; round < 200; round++) {
    client.call("COPY", "a", "b", "REPLACE");
    client.call("SUNIONSTORE", "c", "a");
  }
  // Two of each may wait, where a hundred and more would.
  assert.ok(memory.usedBytes < before * 3, `${memory.usedBytes} bytes, from ${before}`);
  database.keyspace.verify();
});
