// Blocking commands: who is served, in which order, with what.

import { family, script } from "../support/scenario.ts";

/** A list of a and b, and a sorted set of the same, as redis-server 7.0 dumps them. */
const LIST = script`"\x12\x01\x02\r\r\x00\x00\x00\x02\x00\x81a\x02\x81b\x02\xff\n\x00h\xeb\n\x89\x13A\xbb\xb1"`;
const SORTED = script`"\x11\x11\x11\x00\x00\x00\x04\x00\x81a\x02\x01\x01\x81b\x02\x02\x01\xff\n\x00\xba\a\xf2$\xa9\xd2\x8fU"`;

/** Every way for a list to come under k, where b waits for one and c for a sorted set. */
const lists = [
  ["RPUSH k a"],
  ["LPUSH k a b c"],
  ["RPUSH other a", "LMOVE other k LEFT LEFT"],
  ["RPUSH other a", "RPOPLPUSH other k"],
  ["RPUSH other a", "BLMOVE other k LEFT LEFT 0"],
  ["RPUSH other a", "BRPOPLPUSH other k 0"],
  ["RPUSH other 2 1", "SORT other STORE k"],
  ["SADD other 2 1", "SORT other BY nosort STORE k"],
  ["RPUSH other a b", "RENAME other k"],
  ["RPUSH other a b", "RENAMENX other k"],
  ["RPUSH other a b", "COPY other k"],
  [`RESTORE k 0 ${LIST}`],
  ["SELECT 1", "RPUSH k a", "MOVE k 0"],
  ["SELECT 1", "RPUSH k a b c", "SWAPDB 0 1", "FLUSHDB"],
  ["SELECT 1", "RPUSH other a", "COPY other k DB 0"],
  ["MULTI", "RPUSH k a", "RPUSH k b", "EXEC"],
  ["MULTI", "ZADD k 1 a", "DEL k", "LPUSH k x", "EXEC"],
  ["MULTI", "RPUSH k a b", "LTRIM k 1 1", "EXEC"],
  ["SET k text", "RPUSH other a", "RENAME other k"],
  ["SADD k 1", `RESTORE k 0 ${LIST} REPLACE`],
] as const;

/** The same for a sorted set, which c takes from. */
const sortedSets = [
  ["ZADD k 1 a 2 b"],
  ["ZINCRBY k 5 a"],
  ["GEOADD k 1 2 a"],
  ["ZADD other 1 a", "ZRANGESTORE k other 0 -1"],
  ["ZADD other 1 a", "ZUNIONSTORE k 1 other"],
  ["ZADD other 1 a", "ZINTERSTORE k 2 other other"],
  ["ZADD other 1 a", "ZDIFFSTORE k 2 other nothing"],
  ["SADD other a", "ZUNIONSTORE k 1 other"],
  ["GEOADD other 1 2 a", "GEOSEARCHSTORE k other FROMLONLAT 1 2 BYRADIUS 9 km"],
  ["GEOADD other 1 2 a", "GEORADIUS other 1 2 9 km STORE k"],
  ["GEOADD other 1 2 a", "GEORADIUSBYMEMBER other a 9 km STORE k"],
  ["ZADD other 1 a", "RENAME other k"],
  ["ZADD other 1 a", "RENAMENX other k"],
  ["ZADD other 1 a", "COPY other k"],
  [`RESTORE k 0 ${SORTED}`],
  ["SELECT 1", "ZADD k 1 a", "MOVE k 0"],
  ["SELECT 1", "ZADD k 1 a", "SWAPDB 1 0", "FLUSHDB"],
  ["MULTI", "ZADD k 1 a", "ZADD k 0 b", "EXEC"],
  ["MULTI", "LPUSH k x", "DEL k", "ZADD k 1 a", "EXEC"],
  ["SET k text", "ZADD other 1 a", "RENAME other k"],
] as const;

/** Nothing is there for anybody in the end. */
const nothing = [
  ["MULTI", "RPUSH k a", "DEL k", "EXEC"],
  ["MULTI", "ZADD k 1 a", "ZREM k a", "EXEC"],
  ["SADD k a"],
  ["ZADD other 1 a", "ZRANGESTORE k other 5 9"],
  ["RPUSH other a", "SORT other LIMIT 5 1 STORE k"],
  ["SELECT 1", "SET k a", "SWAPDB 0 1"],
  ["RPUSH other a", "COPY other k DB 1"],
] as const;

/** For each way: b and c wait, it happens, `served` hears of it, and the other is let go. */
function waited(ways: readonly (readonly string[])[], served: string): string {
  return ways
    .map((lines) => {
      const others = ["b", "c"].filter((client) => client !== served);
      const silent = others.map((client) => `${client}-`);
      const released = others.flatMap((client) => [`CLIENT UNBLOCK {id:${client}}`, `${client}<`]);
      return [
        ...["b>> BLPOP k 0", "c>> BZPOPMIN k 0"],
        ...lines,
        ...(served === "" ? [] : [`${served}<`]),
        ...silent,
        ...["SELECT 0", "TYPE k", "DBSIZE"],
        ...released,
        "FLUSHALL",
      ].join("\n");
    })
    .join("\n");
}

family("blocking", {
  "every way for a list to come": waited(lists, "b"),
  "every way for a sorted set to come": waited(sortedSets, "c"),
  "what comes and goes again, or is of another type": waited(nothing, ""),

  "what is there is taken at once": script`
    RPUSH l a b c d e f
    BLPOP l 0
    BRPOP l 0
    BLPOP nothing l 0
    BLMOVE l m LEFT RIGHT 0
    BRPOPLPUSH l m 0
    RPUSH l x y z
    BLMPOP 0 2 nothing l RIGHT COUNT 2
    BLMPOP 0 1 l LEFT
    LRANGE l 0 -1
    LRANGE m 0 -1
  `,

  "first come, first served": script`
    b>> BLPOP l 0
    c>> BRPOP l 0
    d>> BLPOP l 0
    RPUSH l one
    b<
    RPUSH l two three
    c<
    d<
    EXISTS l
  `,

  "who names a key twice leaves its queue to the others": script`
    b>> BLPOP l l 0
    c>> BLPOP l 0
    RPUSH l one
    b<
    RPUSH l two
    c<
    b>> BLMPOP 0 3 l m l LEFT
    c>> BLMPOP 0 3 m m m LEFT
    d>> BLPOP l m l m 0
    RPUSH l one
    b<
    RPUSH m two
    c<
    RPUSH m three
    d<
    b>> BLPOP l l 0
    c>> BLPOP l 0
    CLIENT UNBLOCK {id:b}
    b<
    RPUSH l four
    c<
    b>> BLPOP l l l 0
    b.
    c>> BLPOP l 0
    RPUSH l five
    c<
    EXISTS l m
  `,

  "one push serves all who wait": script`
    b>> BLPOP l 0
    c>> BLPOP l 0
    LPUSH l a b c
    b<
    c<
    LRANGE l 0 -1
  `,

  "several keys: the first that gets content": script`
    b>> BLPOP one two three 0
    RPUSH two x
    b<
    b>> BLPOP one two 0
    MULTI
    RPUSH two t
    RPUSH one o
    EXEC
    b<
    = blocked-first-listed ["one", "o"]
    LRANGE one 0 -1
    = blocked-first-listed []
    LRANGE two 0 -1
    = blocked-first-listed ["t"]
    DEL one two
    b>> BLPOP k k 0
    RPUSH k a b
    b<
    LRANGE k 0 -1
  `,

  timeouts: script`
    BLPOP nothing 0.01
    BRPOP nothing other 0.01
    BLMOVE nothing other LEFT LEFT 0.01
    BRPOPLPUSH nothing other 0.01
    BLMPOP 0.01 1 nothing LEFT
    BLPOP nothing -1
    BLPOP nothing abc
    BLPOP nothing inf
    = timeout-range -ERR timeout is out of range
    BLPOP nothing 1e400
    = timeout-range -ERR timeout is out of range
    BLPOP nothing -1e400
    BLPOP nothing 1e5000
    BLPOP nothing -1e5000
    BLPOP nothing 1e-5000
    BLPOP nothing 0x1p-20000
    BLPOP nothing 0x1p20000
    BLPOP nothing 0x1p2000
    = timeout-range -ERR timeout is out of range
    BLPOP nothing -0x1p2000
    BLPOP nothing 1e-400
    BLPOP nothing 0x1p-2000
    BLPOP nothing -inf
    BLPOP nothing -0.002
    BLPOP nothing ""
    BLPOP nothing 9223372036854775807
    = timeout-range -ERR timeout is out of range
    BLMOVE nothing other LEFT LEFT -1
    BRPOPLPUSH nothing other abc
    BLMPOP abc 1 nothing LEFT
    BLMPOP -1 1 nothing LEFT
    BLMPOP abc 2 a LEFT
    BLMPOP abc 1 a LEFT COUNT 0
    BLMPOP 0.01 0 nothing LEFT
    BLMPOP 0.01 1 nothing UP
    BLMPOP 0.01 1 nothing LEFT COUNT 0
    BLMOVE nothing other UP LEFT 0.01
    BLPOP nothing
    BLPOP
    BLMOVE nothing other LEFT LEFT
    BRPOPLPUSH nothing other
    BLMPOP 0.01 1 nothing
  `,

  "a timeout that rounds to zero is for ever": script`
    b>> BLPOP l -0.0001
    b-
    RPUSH l x
    b<
    b>> BLMOVE l m LEFT LEFT -1e-400
    b-
    RPUSH l y
    b<
    b>> BLMPOP -0x1p-2000 1 l LEFT
    b-
    RPUSH l z
    b<
    b>> BLPOP l -0
    b-
    RPUSH l z
    b<
  `,

  "a move wakes whoever waits for its target": script`
    c>> BLPOP dst 0
    b>> BLMOVE src dst LEFT RIGHT 0
    RPUSH src hello
    b<
    c<
    EXISTS src dst
    b>> BRPOPLPUSH src dst 0
    LPUSH src x y
    b<
    LRANGE src 0 -1
    LRANGE dst 0 -1
    DEL src dst
    b>> BLMOVE ring ring LEFT RIGHT 0
    RPUSH ring 1 2
    b<
    LRANGE ring 0 -1
  `,

  "a chain of moves": script`
    b>> BLMOVE one two LEFT LEFT 0
    c>> BLMOVE two three LEFT LEFT 0
    d>> BLPOP three 0
    RPUSH one token
    b<
    c<
    d<
    DBSIZE
  `,

  "BLMPOP takes up to COUNT": script`
    b>> BLMPOP 0 2 x y LEFT COUNT 2
    RPUSH y 1 2 3
    b<
    LRANGE y 0 -1
    c>> BLMPOP 0 1 x RIGHT
    RPUSH x 1 2
    c<
  `,

  "a wrong type does not wake, and is refused": script`
    SET s v
    BLPOP s 0
    BLPOP nothing s 0
    BLMOVE s d LEFT LEFT 0
    BRPOPLPUSH s d 0
    BLMPOP 0 1 s LEFT
    RPUSH l a
    BLMOVE l s LEFT LEFT 0
    LRANGE l 0 -1
    b>> BLPOP k 0
    SET k v
    b-
    DEL k
    SADD k m
    b-
    DEL k
    RPUSH k now
    b<
    b>> BLMOVE src s LEFT LEFT 0
    RPUSH src x
    b<
    LRANGE src 0 -1
  `,

  "a woken client runs its command from the first key on": script`
    b>> BLPOP w1 w2 0
    SADD w1 x
    b-
    LPUSH w2 v
    b<
    = woken-wrong-type -WRONGTYPE Operation against a key holding the wrong kind of value
    LRANGE w2 0 -1
    = woken-wrong-type ["v"]
  `,

  "other ways for a list to come": script`
    RPUSH other a b
    b>> BLPOP l 0
    RENAME other l
    b<
    DEL l
    RPUSH other c
    b>> BLPOP l 0
    COPY other l
    b<
    b>> BLPOP l 0
    LMOVE other l LEFT LEFT
    b<
    b>> BLPOP l 0
    RPUSH l x
    b<
    b>> BLPOP l 0
    RPUSHX l y
    b-
    LINSERT l BEFORE a b
    b-
    RPUSH l z
    b<
  `,

  "databases are apart": script`
    b> SELECT 1
    b>> BLPOP l 0
    RPUSH l zero
    b-
    SELECT 1
    RPUSH l one
    b<
    SELECT 0
    LRANGE l 0 -1
  `,

  "CLIENT UNBLOCK": script`
    CLIENT UNBLOCK 999999
    CLIENT UNBLOCK 999999 ERROR
    CLIENT UNBLOCK abc
    CLIENT UNBLOCK 1 BOGUS
    CLIENT UNBLOCK
    b>> BLPOP l 0
    CLIENT UNBLOCK {id:b}
    b<
    CLIENT UNBLOCK {id:b}
    b>> BLMOVE l m LEFT LEFT 0
    CLIENT UNBLOCK {id:b} TIMEOUT
    b<
    b>> BLMPOP 0 1 l LEFT
    CLIENT UNBLOCK {id:b} error
    b<
    CLIENT UNBLOCK {id:a}
    RPUSH l x
    LRANGE l 0 -1
  `,

  "CLIENT KILL ends one who waits": script`
    b>> BLPOP l 0
    c>> BLPOP l 0
    CLIENT KILL ID {id:b}
    b<
    RPUSH l x
    c<
    EXISTS l
  `,

  "a client that leaves is forgotten": script`
    b>> BLPOP l 0
    c>> BLPOP l 0
    b.
    RPUSH l x
    c<
    EXISTS l
  `,

  "commands behind a blocked one wait": script`
    b>> BLPOP l 0
    b>> SET after 1
    GET after
    RPUSH l x
    b<
    b<
    GET after
  `,

  "blocked clients and FLUSHALL, DEL": script`
    b>> BLPOP l 0
    FLUSHALL
    DEL l
    b-
    RPUSH l x
    b<
  `,
});
