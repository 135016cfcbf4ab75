// Keys: what works on any type.

import { EVERY_ENCODING, family, script } from "../support/scenario.ts";

const ONE_OF_EACH = script`
  SET string v
  RPUSH list a b c d
  HSET hash f1 v1 f2 v2 f3 v3
  SADD ints 1 2 3
  SADD set a b c
`;

family(
  "keys",
  {
    "DEL, UNLINK, EXISTS, TOUCH count": script`
      ${ONE_OF_EACH}
      EXISTS string
      EXISTS string string nothing list
      TOUCH string list nothing string
      DEL nothing
      DEL string string list
      EXISTS string list
      UNLINK hash hash nothing set
      DBSIZE
      DEL ints
      DBSIZE
      DEL
      UNLINK
      EXISTS
      TOUCH
    `,

    "TYPE of each": script`
      ${ONE_OF_EACH}
      TYPE string
      TYPE list
      TYPE hash
      TYPE ints
      TYPE set
      TYPE nothing
      TYPE
      TYPE a b
    `,

    "KEYS matches as Redis's globs do": script`
      MSET hello 1 hallo 2 hxllo 3 hllo 4 heello 5 "h[llo" 6 "h*llo" 7 "" 8
      MSET "a\x00b" 9 [ 10 "a\\" 11 HELLO 12
      ~ KEYS *
      ~ KEYS h?llo
      ~ KEYS h*llo
      ~ KEYS h[ae]llo
      ~ KEYS h[^e]llo
      ~ KEYS h[a-e]llo
      ~ KEYS h[e-a]llo
      ~ KEYS "h\\*llo"
      ~ KEYS "h\\[llo"
      ~ KEYS h[
      ~ KEYS h[e
      ~ KEYS "h[\\e]llo"
      ~ KEYS "a\x00*"
      ~ KEYS "a?b"
      ~ KEYS ""
      ~ KEYS "["
      ~ KEYS "\\["
      ~ KEYS "a\\\\"
      ~ KEYS "a\\"
      ~ KEYS **l**
      ~ KEYS ?????
      ~ KEYS [^
      ~ KEYS []
      ~ KEYS [^]
      ~ KEYS [a-
      ~ KEYS h[-e]llo
      ~ KEYS h[[]llo
      ~ KEYS nothing*
      KEYS
      KEYS a b
    `,

    "RENAME and RENAMENX carry value, encoding and deadline": script`
      RENAME nothing x
      RENAMENX nothing x
      SET k v EX 100
      RENAME k k2
      : TTL k2
      EXISTS k
      SET target w EX 500
      SET plain p
      RENAME plain target
      GET target
      TTL target
      RENAME target target
      RENAMENX target target
      RENAMENX target k2
      RENAMENX target fresh
      GET fresh
      RPUSH list a b c d
      RENAME list fresh
      LRANGE fresh 0 -1
      HSET hash f v
      RENAME hash other
      HGETALL other
      RENAME a
      RENAME a b c
      RENAMENX a
    `,

    "COPY within and across databases": script`
      COPY nothing x
      SET k v EX 100
      COPY k k2
      : TTL k2
      COPY k k2
      SET k w
      COPY k k2 REPLACE
      GET k2
      TTL k2
      COPY k k
      COPY k k REPLACE
      COPY k k DB 0
      COPY k k DB 1
      COPY k k DB 1
      COPY k k DB 1 REPLACE
      COPY k other REPLACE DB 1
      SELECT 1
      GET k
      GET other
      SELECT 0
      RPUSH list a b c d
      COPY list list2
      LRANGE list2 0 -1
      RPUSH list2 e
      LRANGE list 0 -1
      & OBJECT ENCODING list2
      HSET hash f1 v1 f2 v2 f3 v3
      COPY hash hash2
      % HGETALL hash2
      HDEL hash2 f1
      HLEN hash
      OBJECT ENCODING hash2
      SADD ints 1 2 3
      COPY ints ints2
      SADD ints2 4
      ~ SMEMBERS ints
      OBJECT ENCODING ints2
      SADD set a b c
      COPY set set2
      SREM set2 a
      ~ SMEMBERS set
      COPY k x DB 16
      COPY k x DB -1
      COPY k x DB abc
      COPY k x DB
      COPY k x BOGUS
      COPY k x REPLACE REPLACE
      COPY k
    `,

    RANDOMKEY: script`
      RANDOMKEY
      SET only 1
      RANDOMKEY
      SET other 1
      ? RANDOMKEY
      RANDOMKEY x
    `,

    "OBJECT and its subcommands": script`
      ${ONE_OF_EACH}
      OBJECT ENCODING nothing
      OBJECT REFCOUNT nothing
      OBJECT IDLETIME nothing
      OBJECT FREQ nothing
      OBJECT ENCODING string
      OBJECT REFCOUNT string
      : OBJECT IDLETIME string
      OBJECT FREQ string
      OBJECT FREQ list
      & OBJECT ENCODING list
      OBJECT ENCODING hash
      OBJECT ENCODING ints
      & OBJECT ENCODING set
      object encoding string
      OBJECT
      OBJECT ENCODING
      OBJECT ENCODING a b
      OBJECT BOGUS string
      OBJECT BOGUS
      OBJECT IDLETIME
      ? OBJECT HELP
    `,

    "databases are apart": script`
      SET k zero
      SELECT 1
      GET k
      SET k one
      SELECT 15
      DBSIZE
      SELECT 0
      GET k
      SELECT 16
      SELECT -1
      SELECT abc
      SELECT 9223372036854775808
      SELECT 2147483647
      SELECT 2147483648
      SELECT -2147483648
      SELECT -2147483649
      SELECT 99999999999
      SELECT -9223372036854775808
      MOVE k 9223372036854775806
      MOVE k 9223372036854775808
      COPY none none DB 99999999999
      COPY none none DB abc
      SELECT
      SELECT 0 1
      SELECT 1
      FLUSHDB
      DBSIZE
      SELECT 0
      DBSIZE
      FLUSHDB ASYNC
      DBSIZE
      SET k v
      FLUSHDB SYNC
      SET k v
      FLUSHALL ASYNC
      SET k v
      FLUSHALL SYNC
      DBSIZE
      FLUSHALL BOGUS
      FLUSHDB BOGUS
      FLUSHDB SYNC ASYNC
    `,

    "a key that loses its last element is gone": script`
      RPUSH l a
      LPOP l
      EXISTS l
      HSET h f v
      HDEL h f
      EXISTS h
      SADD s a
      SREM s a
      EXISTS s
      SADD s a
      SPOP s
      EXISTS s
      RPUSH l a b
      LTRIM l 5 10
      EXISTS l
      RPUSH l a a
      LREM l 0 a
      EXISTS l
      SADD s a
      SMOVE s t a
      EXISTS s
      SINTERSTORE t none none2
      EXISTS t
      DBSIZE
    `,
  },
  { profiles: EVERY_ENCODING },
);
