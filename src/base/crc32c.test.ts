import assert from "node:assert/strict";
import { test } from "node:test";
import { asciiBytes } from "./bytes.ts";
import { crc32c } from "./crc32c.ts";

const whole = (bytes: Uint8Array): number => crc32c(bytes, 0, bytes.length) >>> 0;

test("the checksums of RFC 3720 come out", () => {
  assert.equal(whole(asciiBytes("123456789")), 0xe3069283);
  assert.equal(whole(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(whole(new Uint8Array(32).fill(255)), 0x62a8ab43);
  assert.equal(whole(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
  assert.equal(whole(Uint8Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c);
  assert.equal(whole(new Uint8Array(0)), 0);
});

test("parts give the checksum of the whole, wherever it is cut", () => {
  const bytes = new Uint8Array(new SharedArrayBuffer(100));
  for (let i = 0; i < 100; i++) bytes[i] = i * 37;
  const expected = crc32c(bytes, 3, 97);
  let bitwise = -1; // straight from the definition
  for (let i = 3; i < 97; i++) {
    bitwise ^= bytes[i];
    for (let k = 0; k < 8; k++)
      bitwise = bitwise & 1 ? (bitwise >>> 1) ^ 0x82f63b78 : bitwise >>> 1;
  }
  assert.equal(expected, ~bitwise);
  for (let cut = 3; cut <= 97; cut++) {
    assert.equal(crc32c(bytes, cut, 97, crc32c(bytes, 3, cut)), expected);
  }
});
