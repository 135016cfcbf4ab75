import assert from "node:assert/strict";
import { test } from "node:test";
import { asciiBytes } from "./bytes.ts";
import { crc16 } from "./crc16.ts";

test("the check value of CRC-16/XMODEM", () => {
  const bytes = asciiBytes("..123456789.");
  assert.equal(crc16(bytes, 2, 11), 0x31c3);
  assert.equal(crc16(bytes, 2, 2), 0);
});
