// Random commands on hashes.

import { fieldDeadlines } from "./field-deadlines.ts";
import { type Family, many, options, sequence } from "./grammar.ts";
import { count, draws, float, integer, key, member, pattern, value } from "./words.ts";

const scanOptions = options(sequence("MATCH", pattern), sequence("COUNT", count));

export const hashes: Family = {
  commands: [
    [10, sequence("HSET", key, many(sequence(member, value), 8))],
    [2, sequence("HMSET", key, many(sequence(member, value)))],
    [3, sequence("HSETNX", key, member, value)],
    [5, sequence("HGET", key, member)],
    [3, sequence("HMGET", key, many(member))],
    [4, sequence("HGETALL", key)],
    [2, sequence("HKEYS", key)],
    [2, sequence("HVALS", key)],
    [5, sequence("HDEL", key, many(member))],
    [2, sequence("HLEN", key)],
    [3, sequence("HEXISTS", key, member)],
    [2, sequence("HSTRLEN", key, member)],
    [5, sequence("HINCRBY", key, member, integer)],
    [5, sequence("HINCRBYFLOAT", key, member, float)],
    [3, sequence("HRANDFIELD", key)],
    [3, sequence("HRANDFIELD", key, draws)],
    [3, sequence("HRANDFIELD", key, draws, "WITHVALUES")],
    [3, sequence("HSCAN", key, "0", scanOptions)],
  ],
  later: fieldDeadlines,
  modes: { HKEYS: "unordered", HVALS: "unordered", HGETALL: "pairs" },
  random: ["HRANDFIELD"],
  cursors: ["HSCAN"],
};
