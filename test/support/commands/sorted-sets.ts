// Random commands on sorted sets. Scores are numbers that every version of Redis spells alike.

import fc from "fast-check";
import { counted, type Family, many, options, sequence } from "./grammar.ts";
import { count, draws, index, key, member, pattern, rank, smallInteger } from "./words.ts";

const score = fc.oneof(
  { weight: 12, arbitrary: smallInteger },
  { weight: 6, arbitrary: fc.integer({ min: -80, max: 80 }).map((n) => String(n / 8)) },
  {
    weight: 2,
    arbitrary: fc.constantFrom("inf", "-inf", "+inf", "1e3", "-0", "0x10", "4503599627"),
  },
  { weight: 1, arbitrary: fc.constantFrom("abc", "", "nan", " 1", "1 ", "1e5000") },
);
const scoreBound = fc
  .tuple(fc.constantFrom("", "", "("), score)
  .map(([open, text]) => `${open}${text}`);
const memberBound = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constantFrom("[", "("), member).map((all) => all.join("")) },
  { weight: 3, arbitrary: fc.constantFrom("-", "+") },
  { weight: 1, arbitrary: fc.constantFrom("", "a", "[", "(", "+a") },
);
const limit = sequence("LIMIT", index, count);
const withScores = sequence("WITHSCORES");
const flags = fc.oneof(
  { weight: 6, arbitrary: fc.constant<string[]>([]) },
  {
    weight: 4,
    arbitrary: fc.shuffledSubarray(["NX", "XX", "GT", "LT", "CH", "INCR"], { maxLength: 3 }),
  },
);
const where = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom("MIN", "MAX", "max") },
  { weight: 1, arbitrary: fc.constant("MID") },
);
const weighed = counted(key, 3).chain((keys) =>
  options(
    sequence("WEIGHTS", many(score, keys.length)),
    sequence("WEIGHTS", ...keys.slice(1).map(() => score)),
    sequence("AGGREGATE", fc.constantFrom("SUM", "MIN", "MAX", "AVG")),
  ).map((words) => [...keys, ...words]),
);
const scanOptions = options(sequence("MATCH", pattern), sequence("COUNT", count));
const rangeOptions = options("REV", fc.constantFrom("BYSCORE", "BYLEX"), limit, "WITHSCORES");
const anyBound = fc.oneof(rank, scoreBound, memberBound);

export const sortedSets: Family = {
  commands: [
    [14, sequence("ZADD", key, flags, many(sequence(score, member), 8))],
    [4, sequence("ZADD", key, "0", member, "0", member, "0", member, "0", member)],
    [5, sequence("ZINCRBY", key, score, member)],
    [5, sequence("ZREM", key, many(member))],
    [2, sequence("ZCARD", key)],
    [4, sequence("ZSCORE", key, member)],
    [3, sequence("ZMSCORE", key, many(member))],
    [4, sequence(fc.constantFrom("ZRANK", "ZREVRANK"), key, member)],
    [4, sequence("ZCOUNT", key, scoreBound, scoreBound)],
    [3, sequence("ZLEXCOUNT", key, memberBound, memberBound)],
    [6, sequence("ZRANGE", key, rank, rank, options("REV", withScores))],
    [6, sequence("ZRANGE", key, anyBound, anyBound, rangeOptions)],
    [4, sequence("ZRANGE", key, scoreBound, scoreBound, "BYSCORE", options("REV", limit))],
    [3, sequence("ZREVRANGE", key, rank, rank, options(withScores))],
    [
      5,
      sequence(
        fc.constantFrom("ZRANGEBYSCORE", "ZREVRANGEBYSCORE"),
        key,
        scoreBound,
        scoreBound,
        options(withScores, limit),
      ),
    ],
    [
      4,
      sequence(
        fc.constantFrom("ZRANGEBYLEX", "ZREVRANGEBYLEX"),
        key,
        memberBound,
        memberBound,
        options(limit),
      ),
    ],
    [4, sequence("ZRANGESTORE", key, key, anyBound, anyBound, rangeOptions)],
    [3, sequence("ZREMRANGEBYRANK", key, rank, rank)],
    [3, sequence("ZREMRANGEBYSCORE", key, scoreBound, scoreBound)],
    [3, sequence("ZREMRANGEBYLEX", key, memberBound, memberBound)],
    [4, sequence(fc.constantFrom("ZPOPMIN", "ZPOPMAX"), key, options(count))],
    [3, sequence("ZMPOP", counted(key), where, options(sequence("COUNT", count)))],
    [3, sequence(fc.constantFrom("BZPOPMIN", "BZPOPMAX"), many(key, 3), "0.01")],
    [2, sequence("BZMPOP", "0.01", counted(key), where, options(sequence("COUNT", count)))],
    [6, sequence(fc.constantFrom("ZUNION", "ZINTER"), weighed, options(withScores))],
    [3, sequence("ZDIFF", counted(key), options(withScores))],
    [6, sequence(fc.constantFrom("ZUNIONSTORE", "ZINTERSTORE"), key, weighed)],
    [3, sequence("ZDIFFSTORE", key, counted(key))],
    [3, sequence("ZINTERCARD", counted(key), options(sequence("LIMIT", count)))],
    [3, sequence("ZRANDMEMBER", key)],
    [3, sequence("ZRANDMEMBER", key, draws, options(withScores))],
    [3, sequence("ZSCAN", key, "0", scanOptions)],
  ],
  later: [
    [2, sequence("ZUNIONSTORE", key, weighed, "AGGREGATE", "COUNT")],
    [2, sequence("ZINTERSTORE", key, weighed, "AGGREGATE", "COUNT")],
    [1, sequence(fc.constantFrom("ZUNION", "ZINTER"), weighed, "AGGREGATE", "COUNT")],
  ],
  random: ["ZRANDMEMBER"],
  cursors: ["ZSCAN"],
};
