// Random commands on the whole server.

import fc, { type Arbitrary } from "fast-check";
import { type Family, sequence } from "./grammar.ts";

export const server: Family = {
  commands: [
    [
      1,
      sequence(
        fc.constantFrom("FLUSHDB", "FLUSHALL"),
        fc.constantFrom([], ["ASYNC"], ["SYNC"], ["BOGUS"]) as Arbitrary<string[]>,
      ),
    ],
  ],
};
