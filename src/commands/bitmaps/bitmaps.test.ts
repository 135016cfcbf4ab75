import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../../base/random.ts";
import { TestDatabase } from "../test-support.ts";

const random = new Random().seed(2);

function bytesOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256));
}

/** Each byte a character. */
function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

type Operation = (first: number, others: readonly number[]) => number;
const or = (bytes: readonly number[]): number => bytes.reduce((all, byte) => all | byte, 0);

const operations: Readonly<Record<string, Operation>> = {
  AND: (first, others) => others.reduce((all, byte) => all & byte, first),
  OR: (first, others) => first | or(others),
  XOR: (first, others) => others.reduce((all, byte) => all ^ byte, first),
  DIFF: (first, others) => first & ~or(others),
  DIFF1: (first, others) => ~first & or(others),
  ANDOR: (first, others) => first & or(others),
  ONE: (first, others) => {
    const all = [first, ...others];
    let byte = 0;
    for (let bit = 1; bit < 256; bit <<= 1) {
      if (all.filter((each) => (each & bit) !== 0).length === 1) byte |= bit;
    }
    return byte;
  },
};

test("BITOP of strings of any length, into a key that is new, a source, or holds something", () => {
  const client = new TestDatabase().connect();
  const lengths = [0, 1, 3, 40, 8192, 8193, 16_384, 16_385, 50_001, 70_000];
  const destinations = ["new", "a", "b", "string", "list", "timed", "longer"];
  for (let i = 0; i < 150; i++) {
    const name = Object.keys(operations)[i % 7];
    const values = ["a", "b", "c"].map((key) => {
      const value = bytesOf(lengths[random.below(lengths.length)]);
      client.call("SET", key, value);
      return value;
    });
    client.call("DEL", "new", "list");
    client.call("SET", "string", bytesOf(lengths[random.below(lengths.length)]));
    client.call("RPUSH", "list", "element");
    client.call("SET", "timed", bytesOf(90_000), "EX", "100");
    client.call("SET", "longer", bytesOf(90_000));
    const destination = destinations[random.below(destinations.length)];
    const length = Math.max(...values.map((value) => value.length));
    const expected = Uint8Array.from({ length }, (_, k) => {
      const [first, ...others] = values.map((value) => value[k] ?? 0);
      return operations[name](first, others) & 255;
    });
    const step = `${name} to ${destination}, step ${i}`;
    assert.equal(client.call("BITOP", name, destination, "a", "b", "c"), length, step);
    assert.equal(client.call("GET", destination) ?? "", text(expected), step);
    assert.equal(client.call("TTL", destination), length === 0 ? -2 : -1, step);
  }
});

test("BITOP asks for two sources where it tells one from the others", () => {
  const client = new TestDatabase().connect();
  client.call("SET", "a", "a");
  for (const name of ["DIFF", "diff1", "AndOr"]) {
    assert.equal(
      client.call("BITOP", name, "d", "a"),
      `-ERR BITOP ${name.toUpperCase()} must be called with at least two source keys.`,
    );
  }
  assert.equal(client.call("BITOP", "ONE", "d", "a"), 1);
});

test("a BITOP that is rolled back leaves what was there, wherever its result was put", () => {
  const database = new TestDatabase();
  const client = database.connect();
  const { keyspace } = database;
  const [a, b] = [bytesOf(40_000), bytesOf(39_000)];
  client.call("SET", "a", a, "EX", "100");
  client.call("SET", "b", b);
  client.call("RPUSH", "list", "element");
  for (const destination of ["a", "b", "list", "new"]) {
    const mark = keyspace.begin();
    assert.equal(client.call("BITOP", "XOR", destination, "a", "b"), 40_000);
    assert.equal(client.call("SETBIT", destination, "500000", "1"), 0);
    keyspace.rollBack(mark);
    keyspace.end();
    assert.equal(client.call("GET", "a"), text(a));
    assert.equal(client.call("TTL", "a"), 100);
    assert.equal(client.call("GET", "b"), text(b));
    assert.equal(client.call("LLEN", "list"), 1);
    assert.equal(client.call("EXISTS", "new"), 0);
    keyspace.verify();
  }
});

test("what the log hears is the request, and nothing of what changed nothing", () => {
  const database = new TestDatabase();
  const client = database.connect();
  client.call("SETBIT", "k", "7", "1");
  client.call("SETBIT", "k", "7", "1");
  client.call("BITFIELD", "k", "SET", "u8", "0", "1", "GET", "u8", "0");
  client.call("BITFIELD", "k", "INCRBY", "u8", "0", "2");
  client.call("BITOP", "NOT", "d", "nothing");
  assert.deepEqual(database.log, ["SETBIT k 7 1", "BITFIELD k INCRBY u8 0 2"]);
});

test("bits beyond 512 MB are refused, unless strings may be longer", () => {
  const client = new TestDatabase().connect();
  const refused = "-ERR bit offset is not an integer or out of range";
  for (const offset of ["4294967296", "-1", "1.5", "9223372036854775807"]) {
    assert.equal(client.call("SETBIT", "k", offset, "1"), refused);
    assert.equal(client.call("GETBIT", "k", offset), refused);
    assert.equal(client.call("BITFIELD", "k", "GET", "u8", offset), refused);
  }
  assert.equal(client.call("BITFIELD", "k", "GET", "u8", "#536870912"), refused);
});
