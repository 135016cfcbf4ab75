import assert from "node:assert/strict";
import { test } from "node:test";
import { asciiBytes } from "./bytes.ts";
import {
  INT64_MAX,
  INT64_MIN,
  integerLength,
  isCanonicalInteger64,
  parseCursor,
  parseIndex,
  parseInteger,
  parseInteger64,
  writeInteger,
  writeInteger64,
} from "./integers.ts";
import { Random } from "./random.ts";

// Every text stands inside other digits, so that a read outside the range shows.
function within<T>(text: string, parse: (bytes: Uint8Array, start: number, end: number) => T): T {
  return parse(asciiBytes(`9-${text}77`), 2, 2 + text.length);
}

const samples = [0n, 1n, 9n, 10n, 2n ** 31n, 2n ** 32n, 10n ** 9n, 10n ** 15n, 10n ** 16n]
  .concat([2n ** 53n, 10n ** 17n, 10n ** 18n, INT64_MAX, -INT64_MIN])
  .flatMap((n) => [n - 1n, n, n + 1n, -n - 1n, -n, -n + 1n]);

test("an int64 reads as the number, as an infinity when it is not safe, or as NaN", () => {
  for (const n of samples) {
    const valid = n >= INT64_MIN && n <= INT64_MAX;
    const safe = Number.isSafeInteger(Number(n));
    const expected = !valid ? Number.NaN : safe ? Number(n) : n < 0n ? -Infinity : Infinity;
    assert.equal(within(`${n}`, parseInteger), expected, `${n}`);
    assert.equal(within(`${n}`, parseInteger64), valid ? n : undefined, `${n}`);
    assert.equal(within(`${n}`, isCanonicalInteger64), valid, `${n}`);
  }
});

test("other spellings of a number are no integers", () => {
  const refused = ["", "-", "+1", "01", "-0", "-01", "00", " 1", "1 ", "1.0", "1e3", "0x1", "--1"];
  refused.push("1a", "a1", "/", ":", "1234567890123456a", "123456789012345678901", "-\u00ff");
  refused.push("99999999999999999999", "-99999999999999999999");
  for (const text of refused) {
    assert.equal(within(text, parseInteger), Number.NaN, text);
    assert.equal(within(text, parseInteger64), undefined, text);
    assert.equal(within(text, parseIndex), Number.NaN, text);
  }
});

test("an index past the safe range stops at its end", () => {
  assert.equal(within("-5", parseIndex), -5);
  assert.equal(within("9223372036854775807", parseIndex), Number.MAX_SAFE_INTEGER);
  assert.equal(within("-9223372036854775808", parseIndex), -Number.MAX_SAFE_INTEGER);
  assert.equal(within("9223372036854775808", parseIndex), Number.NaN);
});

test("a cursor is what strtoul takes whole", () => {
  const cases: [string, number][] = [
    ["", 0],
    ["0", 0],
    ["17", 17],
    ["+17", 17],
    ["000017", 17],
    ["-1", 2 ** 53 - 1],
    ["-0", 0],
    ["9007199254740991", 2 ** 53 - 1],
    ["9007199254740993", 1],
    ["18446744073709551615", 2 ** 53 - 1],
    ["0000000000000000000000018446744073709551615", 2 ** 53 - 1],
  ];
  for (const [text, expected] of cases) assert.equal(within(text, parseCursor), expected, text);
  for (const text of [" 1", "1 ", "a", "-", "+", "+-1", "1a", "0x1", "18446744073709551616"]) {
    assert.equal(within(text, parseCursor), Number.NaN, text);
  }
});

test("what is written is what a number prints, and nothing beside it", () => {
  const bytes = new Uint8Array(40);
  const random = new Random().seed(1);
  const numbers = samples.map(Number).filter(Number.isSafeInteger);
  for (let i = 0; i < 20_000; i++) {
    const magnitude = random.belowLarge(2 ** random.below(54));
    numbers.push(random.below(2) ? magnitude : 0 - magnitude);
  }
  for (const n of numbers) {
    bytes.fill(0);
    const text = String(n);
    assert.equal(writeInteger(bytes, 3, n), 3 + text.length, text);
    assert.equal(String.fromCharCode(...bytes.subarray(3, 3 + text.length)), text);
    assert.equal(bytes[2] + bytes[3 + text.length], 0);
    assert.equal(integerLength(n), text.length);
    assert.equal(parseInteger(bytes, 3, 3 + text.length), n);
  }
  for (const n of [2 ** 53, 2 ** 61 + 2 ** 20, 2 ** 63 - 1024, -(2 ** 62) - 2048]) {
    const text = String(BigInt(n));
    const end = writeInteger(bytes, 3, n);
    assert.equal(String.fromCharCode(...bytes.subarray(3, end)), text);
    assert.equal(integerLength(n), text.length);
  }
  for (const n of [INT64_MIN, INT64_MAX, 0n, -7n]) {
    const end = writeInteger64(bytes, 1, n);
    assert.equal(String.fromCharCode(...bytes.subarray(1, end)), String(n));
  }
});
