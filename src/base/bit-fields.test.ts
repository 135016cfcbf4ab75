import assert from "node:assert/strict";
import { test } from "node:test";
import {
  FIELD_BITS_MAX,
  readField,
  readLongField,
  writeField,
  writeLongField,
} from "./bit-fields.ts";
import { Random } from "./random.ts";

test("a field is where the drawing has it", () => {
  const bytes = new Uint8Array(4);
  writeField(bytes, 1, 7, 5, 23);
  assert.deepEqual([...bytes], [0, 0b1, 0b01110000, 0]);
  assert.equal(readField(bytes, 1, 4, 7, 5), 23);
});

test("fields of any length anywhere are written bit by bit, and no other bit changes", () => {
  const random = new Random().seed(3);
  for (let i = 0; i < 3000; i++) {
    const bytes = new Uint8Array(20);
    for (let k = 0; k < bytes.length; k++) bytes[k] = random.below(256);
    const start = random.below(3);
    const bits = 1 + random.below(64);
    const offset = random.below(60);
    const text = (): string => [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
    const before = text();
    const at = start * 8 + offset;
    const value = BigInt.asUintN(bits, (BigInt(random.next32()) << 32n) ^ BigInt(random.next32()));
    const digits = value.toString(2).padStart(bits, "0");
    const isLong = bits > FIELD_BITS_MAX;
    const read = (end: number): bigint =>
      isLong
        ? readLongField(bytes, start, end, offset, bits)
        : BigInt(readField(bytes, start, end, offset, bits));
    assert.equal(read(20), BigInt(`0b${before.slice(at, at + bits)}`));
    if (isLong) writeLongField(bytes, start, offset, bits, value);
    else writeField(bytes, start, offset, bits, Number(value));
    assert.equal(text(), before.slice(0, at) + digits + before.slice(at + bits));
    const end = start + random.below(18);
    const there = text()
      .slice(0, end * 8)
      .padEnd(160, "0");
    assert.equal(read(end), BigInt(`0b${there.slice(at, at + bits)}`), "zeros behind the end");
  }
});
