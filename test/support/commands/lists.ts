// Random commands on lists, those that block among them.

import fc from "fast-check";
import { counted, type Family, many, options, sequence } from "./grammar.ts";
import { count, index, key, member, rank, side, value } from "./words.ts";

const shortTimeout = fc.constantFrom("0.01", "0.01", "0.01", "0.01", "-1", "abc");

const howMany = fc.oneof(
  fc.constant<string[]>([]),
  sequence(fc.constantFrom("COUNT", "EXACTLY"), count, fc.constantFrom("OBO", "BULK")),
);

export const lists: Family = {
  commands: [
    [10, sequence(fc.constantFrom("LPUSH", "RPUSH"), key, many(value, 8))],
    [3, sequence(fc.constantFrom("LPUSHX", "RPUSHX"), key, many(value))],
    [5, sequence(fc.constantFrom("LPOP", "RPOP"), key)],
    [4, sequence(fc.constantFrom("LPOP", "RPOP"), key, count)],
    [6, sequence("LRANGE", key, index, index)],
    [2, sequence("LLEN", key)],
    [4, sequence("LINDEX", key, index)],
    [5, sequence("LSET", key, index, value)],
    [
      5,
      sequence(
        "LINSERT",
        key,
        fc.constantFrom("BEFORE", "AFTER", "before", "BOGUS"),
        member,
        value,
      ),
    ],
    [5, sequence("LREM", key, index, member)],
    [3, sequence("LTRIM", key, index, index)],
    [
      5,
      sequence(
        "LPOS",
        key,
        member,
        options(sequence("RANK", rank), sequence("COUNT", count), sequence("MAXLEN", count)),
      ),
    ],
    [5, sequence("LMOVE", key, key, side, side)],
    [3, sequence("RPOPLPUSH", key, key)],
    [4, sequence("LMPOP", counted(key), side, options(sequence("COUNT", count)))],
    // Blocking
    [2, sequence(fc.constantFrom("BLPOP", "BRPOP"), many(key, 2), shortTimeout)],
    [1, sequence("BLMOVE", key, key, side, side, shortTimeout)],
    [1, sequence("BRPOPLPUSH", key, key, shortTimeout)],
    [1, sequence("BLMPOP", shortTimeout, counted(key), side, options(sequence("COUNT", count)))],
  ],
  later: [
    [6, sequence("LMOVEM", key, key, side, side, howMany)],
    [2, sequence("BLMOVEM", key, key, side, side, shortTimeout, howMany)],
  ],
};
