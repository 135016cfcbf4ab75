// Random commands on streams as logs. IDs are given, since the clock's are not the same on two
// servers; they grow with chance, so that most are greater than the last one.

import fc from "fast-check";
import { type Family, many, options, sequence } from "./grammar.ts";
import { count, integer, key, member, value } from "./words.ts";

const milliseconds = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 60 }) },
  { weight: 2, arbitrary: fc.integer({ min: 60, max: 5000 }) },
);
const given = fc.oneof(
  { weight: 6, arbitrary: milliseconds.map(String) },
  {
    weight: 6,
    arbitrary: fc.tuple(milliseconds, fc.integer({ min: 0, max: 5 })).map((both) => both.join("-")),
  },
);
const strange = fc.constantFrom(
  "0-0",
  "0",
  "abc",
  "",
  "1-",
  "1-2-3",
  "-5",
  "18446744073709551616",
  "7-18446744073709551615",
);
export const streamId = fc.oneof(
  { weight: 20, arbitrary: given },
  { weight: 1, arbitrary: strange },
);
const newId = fc.oneof(
  { weight: 10, arbitrary: streamId },
  { weight: 10, arbitrary: milliseconds.map((ms) => `${ms}-*`) },
);
const bound = fc.oneof(
  { weight: 5, arbitrary: streamId },
  { weight: 5, arbitrary: given.map((id) => `(${id}`) },
  { weight: 1, arbitrary: fc.constantFrom("-", "+", "(-", "(0-0", "(") },
);
export const start = fc.oneof(bound, fc.constant("-"));
export const end = fc.oneof(bound, fc.constant("+"));
const threshold = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constant("MAXLEN"), count) },
  { weight: 8, arbitrary: fc.tuple(fc.constant("MAXLEN"), fc.constantFrom("=", "~"), count) },
  { weight: 8, arbitrary: fc.tuple(fc.constant("MINID"), streamId) },
  { weight: 8, arbitrary: fc.tuple(fc.constant("minid"), fc.constantFrom("=", "~"), streamId) },
  {
    weight: 4,
    arbitrary: fc.tuple(
      fc.constant("MAXLEN"),
      fc.constant("~"),
      count,
      fc.constant("LIMIT"),
      count,
    ),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constant("MAXLEN"), count, fc.constant("LIMIT"), count) },
);
const trimming = threshold.map((words): string[] => [...words]);
const field = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("a", "b", "c") },
  { weight: 1, arbitrary: member },
);
const pairs = fc.oneof(
  { weight: 5, arbitrary: sequence("a", value, "b", value) },
  { weight: 3, arbitrary: many(sequence(field, value), 4) },
);
const counting = sequence("COUNT", count);
const producer = fc.constantFrom("ann", "bob", "");
const iid = fc.constantFrom("1", "2", "3", "4", "");
const idempotent = fc.oneof(
  { weight: 3, arbitrary: sequence("IDMP", producer, iid) },
  { weight: 1, arbitrary: sequence("idmpauto", producer) },
);
const anyId = fc.oneof(
  { weight: 20, arbitrary: fc.constant("*") },
  { weight: 1, arbitrary: newId },
);
const limit = fc.constantFrom("1", "2", "60", "10000", "0", "x");
const readId = fc.oneof(
  { weight: 6, arbitrary: streamId },
  { weight: 2, arbitrary: fc.constant("$") },
);

export const streams: Family = {
  commands: [
    [30, sequence("XADD", key, newId, pairs)],
    [6, sequence("XADD", key, fc.constantFrom("NOMKSTREAM", "nomkstream"), newId, pairs)],
    [8, sequence("XADD", key, trimming, newId, pairs)],
    [3, sequence("XADD", key, options("NOMKSTREAM", trimming), newId, pairs)],
    [5, sequence("XTRIM", key, trimming)],
    [5, sequence("XDEL", key, many(streamId))],
    [2, sequence("XLEN", key)],
    [6, sequence("XRANGE", key, start, end, options(counting))],
    [6, sequence("XREVRANGE", key, end, start, options(counting))],
    [5, sequence("XREAD", options(counting), "STREAMS", key, readId)],
    [3, sequence("XREAD", options(counting), "STREAMS", key, key, readId, readId)],
    [2, sequence("XREAD", "BLOCK", "5", "STREAMS", key, key, readId, readId)],
    [2, sequence("XINFO", "STREAM", key)],
    [2, sequence("XSETID", key, streamId, options(sequence("ENTRIESADDED", integer)))],
  ],
  later: [
    [10, sequence("XADD", key, idempotent, anyId, pairs)],
    [4, sequence("XADD", key, options(idempotent, trimming, "NOMKSTREAM"), anyId, pairs)],
    [
      2,
      sequence(
        "XCFGSET",
        key,
        options(sequence("IDMP-DURATION", limit), sequence("IDMP-MAXSIZE", limit)),
      ),
    ],
    [3, sequence("XIDMPRECORD", key, producer, iid, streamId)],
  ],
  modes: { XINFO: "groups" },
};
