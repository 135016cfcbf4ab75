// Random commands on keys of any type, and on their deadlines.

import fc, { type Arbitrary } from "fast-check";
import { payload, samples } from "../../../src/persistence/rdb/encodings-test-support.ts";
import { type Family, many, options, sequence } from "./grammar.ts";
import {
  count,
  database,
  key,
  milliseconds,
  pattern,
  seconds,
  unixMilliseconds,
  unixSeconds,
} from "./words.ts";

const expireOptions = options("NX", "XX", "GT", "LT");

/** Values in every encoding that both servers read, whole or with a byte changed. */
const payloads: Arbitrary<string> = fc
  .tuple(
    fc.constantFrom(...samples.filter(({ isShared }) => isShared)),
    fc.integer({ min: 0, max: 30 }),
    fc.nat(),
  )
  .map(([{ format, value }, slip, at]) => {
    const bytes = payload(format, value);
    if (slip === 0) bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ 1;
    return Buffer.from(bytes).toString("latin1");
  });

export const keys: Family = {
  commands: [
    [5, sequence("DEL", many(key, 3))],
    [2, sequence("UNLINK", many(key, 3))],
    [4, sequence("EXISTS", many(key))],
    [4, sequence("TYPE", key)],
    [2, sequence("TOUCH", many(key))],
    [3, sequence("KEYS", pattern)],
    [
      3,
      sequence(
        "SCAN",
        "0",
        options(
          sequence("MATCH", pattern),
          sequence("COUNT", count),
          sequence("TYPE", fc.constantFrom("string", "list", "hash", "set", "nonsense")),
        ),
      ),
    ],
    [2, sequence("RANDOMKEY")],
    [5, sequence("RENAME", key, key)],
    [3, sequence("RENAMENX", key, key)],
    [6, sequence("COPY", key, key, options("REPLACE", sequence("DB", database)))],
    [4, sequence("MOVE", key, database)],
    [1, sequence("SWAPDB", database, database)],
    [5, sequence("OBJECT", "ENCODING", key)],
    [1, sequence("OBJECT", fc.constantFrom("IDLETIME", "FREQ", "REFCOUNT", "BOGUS"), key)],
    [1, sequence("MEMORY", "USAGE", key, options(sequence("SAMPLES", count)))],
    [1, sequence("DBSIZE")],
    [5, sequence("EXPIRE", key, seconds, expireOptions)],
    [5, sequence("PEXPIRE", key, milliseconds, expireOptions)],
    [5, sequence("EXPIREAT", key, unixSeconds, expireOptions)],
    [5, sequence("PEXPIREAT", key, unixMilliseconds, expireOptions)],
    [4, sequence(fc.constantFrom("TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"), key)],
    [3, sequence("PERSIST", key)],
    [3, sequence("DUMP", key)],
    [
      6,
      sequence(
        "RESTORE",
        key,
        fc.oneof({ weight: 3, arbitrary: fc.constant("0") }, milliseconds),
        payloads,
        options("REPLACE", "ABSTTL", sequence("IDLETIME", count), sequence("FREQ", count)),
      ),
    ],
  ],
  modes: {
    KEYS: "unordered",
    DUMP: "kind",
    MEMORY: "kind",
    TTL: "near",
    PTTL: "near",
    EXPIRETIME: "near",
    PEXPIRETIME: "near",
  },
  random: ["RANDOMKEY"],
  cursors: ["SCAN"],
};
