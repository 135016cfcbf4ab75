// Random commands on strings.

import fc from "fast-check";
import { type Family, many, options, sequence } from "./grammar.ts";
import {
  float,
  index,
  integer,
  key,
  milliseconds,
  offset,
  seconds,
  unixMilliseconds,
  unixSeconds,
  value,
} from "./words.ts";

const setOptions = options(
  "NX",
  "XX",
  "GET",
  "KEEPTTL",
  sequence("EX", seconds),
  sequence("PX", milliseconds),
  sequence("EXAT", unixSeconds),
  sequence("PXAT", unixMilliseconds),
);
const getexOptions = options(
  "PERSIST",
  sequence("EX", seconds),
  sequence("PX", milliseconds),
  sequence("EXAT", unixSeconds),
  sequence("PXAT", unixMilliseconds),
);

const condition = fc.oneof(
  sequence(fc.constantFrom("IFEQ", "IFNE"), value),
  sequence(fc.constantFrom("IFDEQ", "IFDNE"), fc.constantFrom("0123456789abcdef", "beyond")),
);
const expiration = fc.oneof(
  fc.constant<string[]>(["KEEPTTL"]),
  sequence("PX", milliseconds),
  sequence("EXAT", unixSeconds),
);
const pairs = fc
  .array(sequence(key, value), { minLength: 1, maxLength: 3 })
  .map((list) => [String(list.length), ...list.flat()]);
const bounds = sequence("LBOUND", integer, "UBOUND", integer);
const lcsOptions = options(
  "LEN",
  "IDX",
  "WITHMATCHLEN",
  sequence("MINMATCHLEN", index),
  sequence("IDX", "WITHMATCHLEN"),
);

export const strings: Family = {
  commands: [
    [12, sequence("SET", key, value, setOptions)],
    [8, sequence("GET", key)],
    [3, sequence("GETSET", key, value)],
    [3, sequence("GETDEL", key)],
    [4, sequence("GETEX", key, getexOptions)],
    [3, sequence("MGET", many(key))],
    [3, sequence("MSET", many(sequence(key, value)))],
    [2, sequence("MSETNX", many(sequence(key, value)))],
    [2, sequence("SETNX", key, value)],
    [2, sequence("SETEX", key, seconds, value)],
    [2, sequence("PSETEX", key, milliseconds, value)],
    [5, sequence("APPEND", key, value)],
    [3, sequence("STRLEN", key)],
    [4, sequence("GETRANGE", key, index, index)],
    [1, sequence("SUBSTR", key, index, index)],
    [4, sequence("SETRANGE", key, offset, value)],
    [4, sequence("LCS", key, key, lcsOptions)],
    [5, sequence("INCR", key)],
    [3, sequence("DECR", key)],
    [5, sequence("INCRBY", key, integer)],
    [4, sequence("DECRBY", key, integer)],
    [5, sequence("INCRBYFLOAT", key, float)],
  ],
  later: [
    [3, sequence("SET", key, value, condition, setOptions)],
    [1, sequence("DIGEST", key)],
    [2, sequence("DELEX", key, options(condition))],
    [1, sequence("DELIFEQ", key, value)],
    [3, sequence("MSETEX", pairs, options("NX", "XX", expiration))],
    [
      2,
      sequence("INCREX", key, options(sequence("BYINT", integer), bounds, "SATURATE", expiration)),
    ],
    [1, sequence("INCREX", key, "BYFLOAT", float, options("PERSIST", expiration))],
  ],
};
