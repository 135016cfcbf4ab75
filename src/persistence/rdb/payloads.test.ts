import assert from "node:assert/strict";
import { test } from "node:test";
import { TestDatabase } from "../../commands/test-support.ts";
import { type Element, payload, type Sample, samples } from "./encodings-test-support.ts";
import { fuzzPayloads } from "./payloads.fuzz.ts";
import { length, text } from "./rdb-test-support.ts";

const SEED = Number(process.env.TSKEYDB_SEED ?? Date.now() % 2 ** 30);

/** What the key holds, by the commands of its type. */
function held(database: TestDatabase, { holds }: Sample): unknown[] {
  const client = database.connect();
  switch (client.line("TYPE k")) {
    case "+string":
      return [client.call("GET", "k")];
    case "+list":
      return client.call("LRANGE", "k", "0", "-1") as unknown[];
    case "+set": {
      const members = client.call("SMEMBERS", "k") as unknown[];
      const order = holds.map(String);
      return members.sort((a, b) => order.indexOf(String(a)) - order.indexOf(String(b)));
    }
    default: {
      const fields = holds.filter((_, i) => i % 2 === 0);
      assert.equal(client.call("HLEN", "k"), fields.length);
      return fields.flatMap((field) => [String(field), client.call("HGET", "k", String(field))]);
    }
  }
}

test("every encoding that there has been is read, whatever the limits are", () => {
  for (const limit of [0, 2, 512]) {
    for (const sample of samples) {
      const database = new TestDatabase();
      const { keyspace } = database;
      for (const type of keyspace.types) {
        for (const [name, set] of Object.entries(type.settings)) {
          if (/-max-/.test(name) && !name.startsWith("proto")) set(limit);
        }
      }
      const bytes = payload(sample.format, sample.value);
      assert.equal(database.connect().raw("RESTORE", "k", "0", bytes), "+OK\r\n", sample.name);
      assert.deepEqual(
        held(database, sample),
        sample.holds.map((each: Element) => String(each)),
        sample.name,
      );
      keyspace.verify();
    }
  }
});

test("versions up to 12 and Valkey's are accepted, others not", () => {
  const client = new TestDatabase().connect();
  const replies = [0, 1, 10, 12, 13, 79, 80, 81].map((version) => {
    const bytes = payload(0, text("v"), version);
    return client.raw("RESTORE", `k${version}`, "0", bytes).startsWith("+OK");
  });
  assert.deepEqual(replies, [true, true, true, true, false, false, true, false]);
});

test("the log gets a deadline that is absolute, and DEL where one has passed", () => {
  const database = new TestDatabase();
  const client = database.connect();
  const bytes = payload(0, text("v"));
  const shown = Buffer.from(bytes).toString("latin1");
  client.raw("RESTORE", "k", "5000", bytes, "IDLETIME", "7");
  client.raw("RESTORE", "k", "5000", bytes, "ABSTTL", "REPLACE");
  client.raw("RESTORE", "k", "5000", bytes, "ABSTTL");
  client.raw("RESTORE", "k", "0", bytes);
  assert.deepEqual(database.log, [
    `RESTORE k ${database.nowMs + 5000} ${shown} IDLETIME 7 ABSTTL`,
    "DEL k",
    `RESTORE k 0 ${shown}`,
  ]);
});

test("what is refused leaves what was there, and takes no room for what it says", () => {
  const database = new TestDatabase();
  const client = database.connect();
  client.raw("SET", "k", "there");
  const used = database.keyspace.memory.usedBytes;
  const huge = 2 ** 40;
  for (const format of [0, 1, 2, 4, 9, 10, 11, 13, 14, 16, 18, 20]) {
    for (const value of [length(huge), [0xc3, length(20), length(huge), "x".repeat(20)]]) {
      const bytes = payload(format, value);
      assert.equal(client.raw("RESTORE", "k", "0", bytes, "REPLACE"), "-ERR Bad data format\r\n");
    }
  }
  assert.equal(client.call("GET", "k"), "there");
  assert.equal(database.keyspace.memory.usedBytes, used);
});

test("a small payload that says much is refused where there is a limit", () => {
  const database = new TestDatabase();
  const { keyspace } = database;
  const client = database.connect();
  // 265 times the same byte, in five.
  const element = [0xc3, length(5), length(265), 0, 97, 0xe0, 0xff, 0];
  const bytes = payload(1, [length(1000), Array.from({ length: 1000 }, () => element)]);
  client.raw("SET", "k", "there");
  const used = keyspace.memory.usedBytes;
  keyspace.settings.memoryLimit = 200_000;
  assert.match(client.raw("RESTORE", "k", "0", bytes, "REPLACE"), /^-OOM /);
  assert.equal(client.call("GET", "k"), "there");
  assert.equal(keyspace.memory.usedBytes, used);
  keyspace.settings.memoryLimit = 300_000;
  assert.equal(client.raw("RESTORE", "k", "0", bytes, "REPLACE"), "+OK\r\n");
  assert.equal(client.call("LLEN", "k"), 1000);
});

test("payloads with changed bytes are refused or whole", () => {
  const { accepted } = fuzzPayloads(SEED, 1500);
  assert.ok(accepted > 100 && accepted < 1400, `${accepted} accepted`);
});
