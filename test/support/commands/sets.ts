// Random commands on sets.

import fc from "fast-check";
import { counted, type Family, many, options, sequence } from "./grammar.ts";
import { count, draws, key, member, pattern } from "./words.ts";

const scanOptions = options(sequence("MATCH", pattern), sequence("COUNT", count));

export const sets: Family = {
  commands: [
    [10, sequence("SADD", key, many(member, 8))],
    [5, sequence("SREM", key, many(member))],
    [4, sequence("SISMEMBER", key, member)],
    [3, sequence("SMISMEMBER", key, many(member))],
    [4, sequence("SMEMBERS", key)],
    [2, sequence("SCARD", key)],
    [4, sequence("SPOP", key)],
    [4, sequence("SPOP", key, count)],
    [3, sequence("SRANDMEMBER", key)],
    [3, sequence("SRANDMEMBER", key, draws)],
    [5, sequence("SMOVE", key, key, member)],
    [8, sequence(fc.constantFrom("SINTER", "SUNION", "SDIFF"), many(key, 3))],
    [3, sequence("SINTERCARD", counted(key), options(sequence("LIMIT", count)))],
    [8, sequence(fc.constantFrom("SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"), key, many(key, 3))],
    [3, sequence("SSCAN", key, "0", scanOptions)],
  ],
  later: [
    [2, sequence("SUNIONCARD", counted(key), options("APPROX", sequence("LIMIT", count)))],
    [2, sequence("SDIFFCARD", counted(key), options(sequence("LIMIT", count)))],
  ],
  modes: { SMEMBERS: "unordered", SINTER: "unordered", SUNION: "unordered", SDIFF: "unordered" },
  random: ["SPOP", "SRANDMEMBER"],
  cursors: ["SSCAN"],
};
