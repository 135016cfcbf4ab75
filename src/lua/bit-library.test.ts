import assert from "node:assert/strict";
import { test } from "node:test";
import { outcome, stateWithLibraries } from "./test-support.ts";

const state = stateWithLibraries();

test("numbers are taken modulo 2^32, and results are signed", () => {
  const cases: Readonly<Record<string, unknown>> = {
    "bit.tobit(0xffffffff)": -1,
    "bit.tobit(2^32 + 5)": 5,
    "bit.tobit(0.5)": 0,
    "bit.tobit(1.5)": 2,
    "bit.tobit(-0.5)": 0,
    "bit.tobit(1/0)": 0,
    'bit.tobit("12")': 12,
    "bit.bnot(0)": -1,
    "bit.band(0xff, 0x0f, 6)": 6,
    "bit.bor(1, 2, 4)": 7,
    "bit.bxor(7, 2)": 5,
    "bit.lshift(1, 31)": -2147483648,
    "bit.lshift(1, 32)": 1,
    "bit.rshift(-1, 28)": 15,
    "bit.arshift(-256, 4)": -16,
    "bit.rol(0x12345678, 12)": 0x45678123,
    "bit.ror(0x12345678, 12)": 0x67812345,
    "bit.rol(-2, 0)": -2,
    "bit.bswap(0x12345678)": 0x78563412,
    "bit.tohex(1)": "00000001",
    "bit.tohex(-1, -4)": "FFFF",
    "bit.tohex(0xabc, 2)": "bc",
    "bit.tohex(1, -2^31)": "00000001",
    "bit.band()": "bad argument #1 to 'band' (number expected, got no value)",
    'bit.bor(1, "x")': "bad argument #2 to 'bor' (number expected, got string)",
  };
  for (const [code, expected] of Object.entries(cases)) {
    assert.equal(outcome(code, state), expected, code);
  }
});
