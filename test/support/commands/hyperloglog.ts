// Random commands on HyperLogLogs.

import fc from "fast-check";
import { type Family, many, sequence } from "./grammar.ts";
import { key, value } from "./words.ts";

/** Many at once, so that some become dense. */
const crowd = fc
  .tuple(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 1, max: 900 }))
  .map(([from, count]) => Array.from({ length: count }, (_, i) => `element ${from + i}`));

export const hyperloglog: Family = {
  commands: [
    [8, sequence("PFADD", key, many(value))],
    [2, sequence("PFADD", key)],
    [4, sequence("PFADD", key, crowd)],
    [5, sequence("PFCOUNT", key)],
    [3, sequence("PFCOUNT", many(key))],
    [4, sequence("PFMERGE", key, many(key, 3))],
    [1, sequence("PFMERGE", key)],
    [
      2,
      sequence("PFDEBUG", fc.constantFrom("ENCODING", "DECODE", "TODENSE", "getreg", "BOGUS"), key),
    ],
  ],
};
