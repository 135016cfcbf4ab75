// Random commands on the bits of strings.

import fc from "fast-check";
import { type Family, many, sequence } from "./grammar.ts";
import { integer, key, smallInteger } from "./words.ts";

const bit = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom("0", "1") },
  { weight: 1, arbitrary: fc.constantFrom("2", "-1", "abc", "") },
);
const bitOffset = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 400 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom("-1", "abc", "4294967296", "9223372036854775807", "01") },
);
/** What is no range is an error even where there is no key since Redis 7.2; see differences.ts. */
const position = fc.oneof(
  { weight: 6, arbitrary: smallInteger },
  { weight: 2, arbitrary: fc.integer({ min: -300, max: 300 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom("9223372036854775807", "-9223372036854775808") },
);
const unit = fc.constantFrom<string[]>(["BIT"], ["bit"], ["BYTE"], []);
const range = fc.oneof(fc.constant<string[]>([]), sequence(position, position, unit));
const openRange = fc.oneof(range, sequence(position));
const type = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("u1", "i1", "u2", "i5", "u8", "i8", "u16", "i32") },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 63 }).map((bits) => `u${bits}`) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 64 }).map((bits) => `i${bits}`) },
  { weight: 1, arbitrary: fc.constantFrom("u64", "i65", "u0", "x8", "u", "", "I8", "i08", "i-1") },
);
const fieldOffset = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 200 }).map(String) },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 9 }).map((n) => `#${n}`) },
  { weight: 1, arbitrary: fc.constantFrom("-1", "#", "#-1", "abc", "4294967296") },
);
/** The least number saturates in another way on redis-server; see differences.ts. */
const number = integer.filter((text) => text !== "-9223372036854775808");
const get = sequence(fc.constantFrom("GET", "get"), type, fieldOffset);
const write = sequence(fc.constantFrom("SET", "INCRBY", "incrby"), type, fieldOffset, number);
const overflow = sequence("OVERFLOW", fc.constantFrom("WRAP", "SAT", "FAIL", "sat", "BOGUS"));
/** One that fails comes behind one that does not: then there is a change, and both tell of it. */
const fields = fc.oneof(
  { weight: 3, arbitrary: many(fc.oneof(get, write, write)) },
  {
    weight: 2,
    arbitrary: sequence(
      "SET",
      "u8",
      "0",
      fc.integer({ min: 0, max: 255 }).map(String),
      many(fc.oneof(get, write, write, overflow)),
    ),
  },
);

export const bitmaps: Family = {
  commands: [
    [8, sequence("SETBIT", key, bitOffset, bit)],
    [4, sequence("GETBIT", key, bitOffset)],
    [4, sequence("BITCOUNT", key, range)],
    [4, sequence("BITPOS", key, fc.constantFrom("0", "1"), openRange)],
    [
      6,
      sequence(
        "BITOP",
        fc.constantFrom("AND", "OR", "XOR", "xor", "NOT", "BOGUS"),
        key,
        many(key, 4),
      ),
    ],
    [3, sequence("BITOP", "NOT", key, key)],
    [8, sequence("BITFIELD", key, fields)],
    [2, sequence("BITFIELD", key, many(get))],
    [3, sequence("BITFIELD_RO", key, many(fc.oneof({ weight: 9, arbitrary: get }, write)))],
  ],
  later: [
    [3, sequence("BITOP", fc.constantFrom("DIFF", "DIFF1", "ANDOR", "ONE"), key, many(key, 4))],
  ],
};
