import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../base/random.ts";
import {
  compareIds,
  createId,
  decrementId,
  GREATEST_ID,
  ID_TEXT_MAX,
  IdText,
  incrementId,
  LEAST_ID,
  millisecondsOf,
  parseId,
  type StreamId,
  setMilliseconds,
  writeId,
} from "./stream-id.ts";

const MAX = 2n ** 64n - 1n;

function idOf(ms: bigint, sequence: bigint): StreamId {
  const word = (n: bigint): number => Number(n & 0xffffffffn);
  return Uint32Array.of(word(ms >> 32n), word(ms), word(sequence >> 32n), word(sequence));
}

function wholeOf(id: StreamId): bigint {
  return id.reduce((sum, word) => sum * 2n ** 32n + BigInt(word), 0n);
}

function textOf(id: StreamId): string {
  const bytes = Buffer.alloc(ID_TEXT_MAX);
  return bytes.toString("latin1", 0, writeId(bytes, 0, id));
}

/** What a text is, and the ID's text if it is one. */
function read(text: string, missing = 0): [number, string] {
  const bytes = Buffer.from(`.${text}.`, "latin1");
  const id = createId();
  const kind = parseId(bytes, 1, bytes.length - 1, id, missing);
  return [kind, kind === IdText.invalid ? "" : textOf(id)];
}

const edges = [0n, 1n, 9n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, MAX];

function draw(random: Random): bigint {
  if (random.below(3) === 0) return edges[random.below(edges.length)];
  const value = BigInt(random.next32() >>> 0) * 2n ** 32n + BigInt(random.next32() >>> 0);
  return value >> BigInt(random.below(64));
}

test("IDs are written, read, ordered and counted on like numbers of 128 bits", () => {
  const random = new Random().seed(7);
  for (let i = 0; i < 5000; i++) {
    const [ms, sequence] = [draw(random), draw(random)];
    const id = idOf(ms, sequence);
    assert.equal(textOf(id), `${ms}-${sequence}`);
    assert.deepEqual(read(`${ms}-${sequence}`), [IdText.whole, `${ms}-${sequence}`]);
    assert.equal(millisecondsOf(id), Number(ms));
    const other = random.below(4) === 0 ? idOf(ms, sequence) : idOf(ms, draw(random));
    const difference = wholeOf(id) - wholeOf(other);
    assert.equal(compareIds(id, other), difference === 0n ? 0 : difference < 0n ? -1 : 1);
    const next = Uint32Array.from(id);
    assert.equal(incrementId(next), wholeOf(id) < wholeOf(GREATEST_ID));
    if (compareIds(next, id) !== 0) assert.equal(wholeOf(next), wholeOf(id) + 1n);
    const before = Uint32Array.from(id);
    assert.equal(decrementId(before), wholeOf(id) > 0n);
    if (compareIds(before, id) !== 0) assert.equal(wholeOf(before), wholeOf(id) - 1n);
  }
});

test("the least and the greatest ID have none beyond", () => {
  assert.equal(textOf(LEAST_ID), "0-0");
  assert.equal(textOf(GREATEST_ID), `${MAX}-${MAX}`);
  assert.equal(decrementId(Uint32Array.from(LEAST_ID)), false);
  assert.equal(incrementId(Uint32Array.from(GREATEST_ID)), false);
});

test("milliseconds come from a clock's number", () => {
  for (const ms of [0, 1, 2 ** 32 - 1, 2 ** 32, 1526919030474, Number.MAX_SAFE_INTEGER]) {
    const id = createId();
    setMilliseconds(id, ms);
    assert.equal(textOf(id), `${ms}-0`);
    assert.equal(millisecondsOf(id), ms);
  }
});

test("a sequence number may be missing or left open", () => {
  assert.deepEqual(read("7"), [IdText.whole, "7-0"]);
  assert.deepEqual(read("7", 0xffffffff), [IdText.whole, `7-${MAX}`]);
  assert.deepEqual(read("7-*"), [IdText.anySequence, "7-0"]);
});

// As redis-server 7.0.15 takes them.
test("numbers are what strtoull makes of them", () => {
  for (const text of ["+5", " 5", "\t\n5", "5\0x", "05", "0000000000000000000000005"]) {
    assert.deepEqual(read(text), [IdText.whole, "5-0"], JSON.stringify(text));
  }
  assert.deepEqual(read("5-+3"), [IdText.whole, "5-3"]);
  assert.deepEqual(read("5--03"), [IdText.whole, `5-${MAX - 2n}`]);
  assert.deepEqual(read("5--0"), [IdText.whole, "5-0"]);
  assert.deepEqual(read(`5--${2n ** 63n + 1n}`), [IdText.whole, `5-${2n ** 63n - 1n}`]);
  const invalid = ["", "-", "5-", "-5", "5--3", "5 ", "--0", "0x5", "5-*0", "5-3-1", "+", "a"];
  invalid.push(`${MAX + 1n}`, "99999999999999999999999", `5--${2n ** 63n}`, "5".repeat(128));
  for (const text of invalid) assert.equal(read(text)[0], IdText.invalid, JSON.stringify(text));
});
