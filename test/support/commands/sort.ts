// Random SORTs, and what their patterns find. Ties of ALPHA with BY are nobody's promise, so there
// are none.

import fc from "fast-check";
import { type Family, many, options, sequence } from "./grammar.ts";
import { count, index, key, member, smallInteger, value } from "./words.ts";

const pattern = fc.constantFrom(
  "w:*",
  "h:*->f",
  "h:*->",
  "*",
  "#",
  "w:*->f",
  "nothing",
  "w:1",
  "x->*",
);
const by = sequence("BY", fc.constantFrom("w:*", "h:*->f", "h:*->none"));
const get = sequence("GET", pattern);
const limit = sequence("LIMIT", index, count);
const weight = fc.oneof({ weight: 9, arbitrary: smallInteger }, { weight: 1, arbitrary: value });

export const sort: Family = {
  commands: [
    [3, sequence(fc.constantFrom("SORT", "SORT_RO"), key, "ALPHA", options(limit, get, "DESC"))],
    [3, sequence(fc.constantFrom("SORT", "SORT_RO"), key, options(by, limit, get, "DESC"))],
    [2, sequence("SORT", key, options(by, limit, "ASC"), "STORE", key)],
    [2, sequence("SORT", key, "BY", "nosort", options(limit, get, "DESC"))],
    [2, sequence("SORT", key, "ALPHA", "STORE", key)],
    [2, sequence("RPUSH", key, many(smallInteger, 12))],
    [
      2,
      sequence(
        "MSET",
        many(
          sequence(
            member.map((name) => `w:${name}`),
            weight,
          ),
          8,
        ),
      ),
    ],
    [
      2,
      sequence(
        "HSET",
        member.map((name) => `h:${name}`),
        "f",
        weight,
      ),
    ],
  ],
};
