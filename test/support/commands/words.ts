// The arguments of random commands: keys, values, members, numbers, patterns, times.
//
// Keys come from a small space, so that commands meet each other's values; arguments are mostly
// valid, now and then not. All text is latin1, one character for each byte. Expiries lie far in the
// future, so that no key vanishes on one server a moment earlier than on the other.

import fc, { type Arbitrary } from "fast-check";

const keys = fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "k\x00\xff", "");
export const key: Arbitrary<string> = fc.oneof(
  { weight: 30, arbitrary: keys.filter((name) => name.length === 1) },
  { weight: 1, arbitrary: keys },
);

export const smallInteger = fc.integer({ min: -20, max: 20 }).map(String);
const bigInteger = fc.constantFrom(
  "127",
  "128",
  "-128",
  "255",
  "4095",
  "4096",
  "32767",
  "-32768",
  "65536",
  "8388607",
  "-8388608",
  "2147483647",
  "2147483648",
  "-2147483648",
  "4294967296",
  "9007199254740991",
  "9007199254740993",
  "-9007199254740993",
  "9223372036854775806",
  "9223372036854775807",
  "-9223372036854775808",
);
export const noInteger = fc.constantFrom(
  "9223372036854775808",
  "-9223372036854775809",
  "18446744073709551616",
  "1.5",
  "abc",
  "",
  " 1",
  "1 ",
  "+1",
  "01",
  "-0",
  "0x10",
  "1e3",
  "nan",
  "inf",
);
const decimal = fc.oneof(
  fc
    .tuple(fc.integer({ min: -999, max: 999 }), fc.integer({ min: 1, max: 3 }))
    .map(([n, digits]) => (n / 10 ** digits).toFixed(digits)),
  fc.constantFrom("0.1", "0.2", "3.0", "5.0e3", "1e20", "1e-5", "-0.0", "100", "0", "12345678.9"),
);

export const integer = fc.oneof(
  { weight: 16, arbitrary: smallInteger },
  { weight: 3, arbitrary: bigInteger },
  { weight: 1, arbitrary: noInteger },
);
export const float = fc.oneof(
  { weight: 12, arbitrary: decimal },
  { weight: 4, arbitrary: smallInteger },
  { weight: 1, arbitrary: fc.constantFrom("abc", "", " 1", "1 ", "nan", "inf", "-inf", "1e5000") },
);
const bytes = fc
  .array(fc.integer({ min: 0, max: 255 }), { maxLength: 12 })
  .map((codes) => String.fromCharCode(...codes));
export const word = fc.constantFrom(
  "x",
  "y",
  "z",
  "foo",
  "bar",
  "hello world",
  "m1",
  "m2",
  "m3",
  "m4",
  "m5",
);
export const value = fc.oneof(
  { weight: 12, arbitrary: word },
  { weight: 8, arbitrary: smallInteger },
  { weight: 2, arbitrary: bigInteger },
  { weight: 2, arbitrary: noInteger },
  { weight: 2, arbitrary: decimal },
  { weight: 2, arbitrary: bytes },
  {
    weight: 2,
    arbitrary: fc
      .integer({ min: 40, max: 300 })
      .map((length) => "long ".repeat(60).slice(0, length)),
  },
);
/** Members and fields: few different ones, so that they are met again. */
export const member = fc.oneof(
  { weight: 10, arbitrary: word },
  { weight: 10, arbitrary: smallInteger },
  { weight: 2, arbitrary: value },
);
export const pattern = fc.constantFrom(
  "*",
  "?",
  "[a-c]",
  "[^a]",
  "a*",
  "*a*",
  "m?",
  "\\a",
  "",
  "**",
  "[",
  "[a",
  "x",
  "h?llo*",
  "k\x00*",
);
export const count = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 12 }).map(String) },
  { weight: 3, arbitrary: fc.integer({ min: -12, max: -1 }).map(String) },
  { weight: 1, arbitrary: integer },
);
/** Of how many to draw: large negative numbers would be obeyed to the last. */
export const draws = fc.oneof(
  { weight: 15, arbitrary: fc.integer({ min: -12, max: 12 }).map(String) },
  { weight: 1, arbitrary: noInteger },
  { weight: 1, arbitrary: fc.constantFrom("2147483647", "9223372036854775807") },
);
export const index = fc.oneof(
  { weight: 10, arbitrary: smallInteger },
  { weight: 1, arbitrary: integer },
);
/** The least integer is out of range since Redis 7.2 only; see differences.ts. */
export const rank = index.filter((text) => text !== "-9223372036854775808");
export const offset = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 300 }).map(String) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("-1", "abc", "9223372036854775807", "536870912", "4294967296"),
  },
);
const badTime = fc.constantFrom(
  "0",
  "-1",
  "abc",
  "1.5",
  "9223372036854775807",
  "9223372036854775808",
);
const time = (valid: string[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...valid) }, { weight: 1, arbitrary: badTime });
export const seconds = time(["1000", "5000", "100000"]);
export const milliseconds = time(["1000000", "5000000", "100000000"]);
export const unixSeconds = time(["33177117420", "33177117421", "44177117420"]);
export const unixMilliseconds = time(["33177117420000", "33177117420500", "44177117420999"]);
export const side = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom("LEFT", "RIGHT", "left", "Right") },
  { weight: 1, arbitrary: fc.constant("UP") },
);
export const database = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("0", "1") },
  { weight: 1, arbitrary: fc.constantFrom("16", "-1", "abc") },
);
