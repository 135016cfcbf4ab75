import assert from "node:assert/strict";
import { test } from "node:test";
import { Crc64 } from "./crc64.ts";

/** Bit by bit, as the polynomial says. */
function slowSum(bytes: Uint8Array): bigint {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) {
      crc = crc & 1n ? (crc >> 1n) ^ 0x95ac9329ac4bc9b5n : crc >> 1n;
    }
  }
  return crc;
}

function sumOf(crc: Crc64): bigint {
  return (BigInt(crc.high >>> 0) << 32n) | BigInt(crc.low >>> 0);
}

test("the check value of this CRC", () => {
  const crc = new Crc64();
  crc.add(Buffer.from("123456789"), 0, 9);
  assert.equal(sumOf(crc), 0xe9c6d914c4b8d9can);
});

test("any bytes in any parts have the sum that is computed bit by bit", () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => (i * 7919 + (i >> 3)) & 255);
  for (let start = 0; start < 10; start++) {
    for (let end = start; end < 60; end += 3) {
      const crc = new Crc64();
      const middle = (start + end) >> 1;
      crc.add(bytes, start, middle);
      crc.add(bytes, middle, end);
      assert.equal(sumOf(crc), slowSum(bytes.subarray(start, end)), `${start} to ${end}`);
      const written = new Uint8Array(9);
      crc.writeTo(written, 1);
      assert.equal(crc.equals(written, 1), true);
      written[4] ^= 16;
      assert.equal(crc.equals(written, 1), false);
    }
  }
});
