// Sets: members, random members, algebra.

import { EVERY_ENCODING, family, script } from "../support/scenario.ts";

const LONG = "x".repeat(100);

family(
  "sets",
  {
    "SADD, SREM and membership": script`
      SADD s a b c a
      SADD s a
      SADD s d
      SCARD s
      SCARD nothing
      SISMEMBER s a
      SISMEMBER s z
      SISMEMBER nothing a
      SMISMEMBER s a z b a
      SMISMEMBER nothing a b
      ~ SMEMBERS s
      SMEMBERS nothing
      SREM s a z a
      SREM s z
      SREM nothing a
      ~ SMEMBERS s
      SADD s "" "\x00" "\xff\r\n" ${LONG}
      SISMEMBER s ""
      SISMEMBER s "\x00"
      SISMEMBER s ${LONG}
      ~ SMEMBERS s
      SADD s
      SADD
      SREM s
      SISMEMBER s
      SISMEMBER s a b
      SMISMEMBER s
      SMEMBERS
      SMEMBERS s t
      SCARD
    `,

    "integers and near-integers": script`
      SADD i 3 1 2
      ~ SMEMBERS i
      SADD i -5 9223372036854775807 -9223372036854775808
      ~ SMEMBERS i
      OBJECT ENCODING i
      SISMEMBER i 01
      SISMEMBER i -5
      SISMEMBER i 9223372036854775808
      SREM i 01 3
      ~ SMEMBERS i
      SADD i 01
      & OBJECT ENCODING i
      SADD i 1
      SCARD i
      SADD j 70000 1 40000 5000000000 2
      ~ SMEMBERS j
      SADD k 9223372036854775808
      & OBJECT ENCODING k
      SADD l -0
      & OBJECT ENCODING l
    `,

    "SPOP and SRANDMEMBER": script`
      SPOP nothing
      SPOP nothing 5
      SPOP nothing 0
      SRANDMEMBER nothing
      SRANDMEMBER nothing 5
      SRANDMEMBER nothing -5
      SADD one only
      SRANDMEMBER one
      SRANDMEMBER one 5
      SRANDMEMBER one -3
      SRANDMEMBER one 0
      SPOP one
      EXISTS one
      SADD s a b c d e
      ~ SRANDMEMBER s 5
      ~ SRANDMEMBER s 100
      SPOP s 0
      ~ SPOP s 10
      EXISTS s
      SADD s a
      SPOP s -1
      SPOP s abc
      SPOP s 1.5
      SPOP s 1 2
      SPOP s 9223372036854775808
      SRANDMEMBER s abc
      SRANDMEMBER s 1 2
      SRANDMEMBER s -9223372036854775808
      SRANDMEMBER s 9223372036854775808
      SPOP
      SRANDMEMBER
      SADD ints 1 2 3
      ~ SPOP ints 3
      EXISTS ints
    `,

    SMOVE: script`
      SADD s a b c
      SADD t c d
      SMOVE s t a
      SMOVE s t c
      SMOVE s t z
      SMOVE nothing t a
      ~ SMEMBERS s
      ~ SMEMBERS t
      SMOVE s s b
      SMOVE s s z
      SMOVE s fresh b
      EXISTS s
      ~ SMEMBERS fresh
      SADD i 1 2
      SMOVE i j 1
      OBJECT ENCODING j
      SMOVE i t 2
      EXISTS i
      SET str v
      SMOVE str t a
      SMOVE t str a
      SMOVE nothing str a
      SMOVE t str z
      SMOVE s
    `,

    "intersections, unions and differences": script`
      SADD a 1 2 3 4 x
      SADD b 3 4 5 x y
      SADD c 4 x z
      SADD i 1 2 3 4
      SADD j 3 4 5
      ~ SINTER a b
      ~ SINTER a b c
      ~ SINTER a
      SINTER a nothing
      SINTER nothing a
      ~ SINTER i j
      ~ SINTER i a
      ~ SUNION a b c
      ~ SUNION a nothing
      SUNION nothing
      ~ SUNION i j
      ~ SDIFF a b
      ~ SDIFF a b c
      ~ SDIFF a nothing
      SDIFF nothing a
      SDIFF a a
      ~ SDIFF i j
      SINTERCARD 2 a b
      SINTERCARD 2 a b LIMIT 1
      SINTERCARD 2 a b LIMIT 0
      SINTERCARD 2 a b limit 10
      SINTERCARD 1 a
      SINTERCARD 2 a nothing
      SINTERCARD 0 a
      SINTERCARD -1 a
      SINTERCARD abc a
      SINTERCARD 3 a b
      SINTERCARD 2 a b LIMIT
      SINTERCARD 2 a b LIMIT -1
      SINTERCARD 2 a b LIMIT abc
      SINTERCARD 2 a b BOGUS 1
      SINTERCARD 2 a b c
      SINTERCARD 1
      SINTER
      SUNION
      SDIFF
    `,

    "the STORE forms": script`
      SADD a 1 2 3 x
      SADD b 3 4 x
      SADD i 1 2 3
      SADD j 3 4 5
      SINTERSTORE d a b
      ~ SMEMBERS d
      SUNIONSTORE d a b
      ~ SMEMBERS d
      SDIFFSTORE d a b
      ~ SMEMBERS d
      SINTERSTORE d i j
      OBJECT ENCODING d
      ~ SMEMBERS d
      SUNIONSTORE d i j
      & OBJECT ENCODING d
      SDIFFSTORE d i j
      & OBJECT ENCODING d
      SUNIONSTORE d i b
      & OBJECT ENCODING d
      SINTERSTORE d nothing a
      EXISTS d
      SET str v EX 100
      SUNIONSTORE str a b
      TYPE str
      TTL str
      SUNIONSTORE a a b
      ~ SMEMBERS a
      SINTERSTORE a nothing
      EXISTS a
      SDIFFSTORE str nothing
      EXISTS str
      SINTERSTORE d
      SUNIONSTORE d
      SDIFFSTORE d
    `,

    "wrong types": script`
      SET s v
      SADD t a
      SADD s a
      SREM s a
      SISMEMBER s a
      SMISMEMBER s a
      SMEMBERS s
      SCARD s
      SPOP s
      SPOP s 1
      SPOP s -1
      SRANDMEMBER s
      SRANDMEMBER s 1
      SINTER s t
      SINTER t s
      SINTER nothing s
      SINTER s nothing
      SUNION t s
      SDIFF t s
      SDIFF nothing s
      SINTERCARD 2 t s
      SINTERSTORE d t s
      SINTERSTORE d nothing s
      SUNIONSTORE d t s
      SDIFFSTORE d s t
      SSCAN s 0
      SSCAN s abc
      EXISTS d
      GET s
    `,

    "from few members to many and back": script`
      SADD s ${Array.from({ length: 600 }, (_, index) => index * 7).join(" ")}
      SCARD s
      OBJECT ENCODING s
      ~ SMEMBERS s
      SADD t ${Array.from({ length: 300 }, (_, index) => `member-${index}`).join(" ")}
      OBJECT ENCODING t
      SREM t ${Array.from({ length: 298 }, (_, index) => `member-${index}`).join(" ")}
      ~ SMEMBERS t
      OBJECT ENCODING t
      SCARD t
    `,
  },
  { profiles: EVERY_ENCODING },
);

family("encodings of sets", {
  "an intset is in order": script`
    SADD i 3 1 2
    SMEMBERS i
    SADD i -5 70000 9223372036854775807 -9223372036854775808 40000 5000000000
    SMEMBERS i
    SREM i 2
    SINTER i i
    SUNIONSTORE j i
    SMEMBERS j
    SSCAN j 0
  `,

  "an intset until a member is no integer, then a listpack": script`
    SADD s 1 2 3
    OBJECT ENCODING s
    SADD s a
    OBJECT ENCODING s
    = set-listpack "listpack"
    ~ SMEMBERS s
    =2 set-listpack ["1", "2", "3", "a"]
    =3 set-listpack ~["1", "2", "3", "a"]
    SREM s a
    OBJECT ENCODING s
    = set-listpack "listpack"
    SADD s ${"x".repeat(65)}
    OBJECT ENCODING s
    SADD t ${"x".repeat(64)}
    OBJECT ENCODING t
    = set-listpack "listpack"
    SADD i ${Array.from({ length: 512 }, (_, index) => index).join(" ")}
    OBJECT ENCODING i
    SADD i 512
    OBJECT ENCODING i
    SADD m ${Array.from({ length: 128 }, (_, index) => `m${index}`).join(" ")}
    OBJECT ENCODING m
    = set-listpack "listpack"
    SADD m one-more
    OBJECT ENCODING m
  `,

  "the words of an SADD are counted, whether or not they come twice": script`
    SADD s ${"7 ".repeat(512)}
    OBJECT ENCODING s
    SADD s ${"7 ".repeat(513)}
    OBJECT ENCODING s
    = set-words "hashtable"
    SMEMBERS s
    SADD t ${"7 ".repeat(513)}
    OBJECT ENCODING t
    = set-words "hashtable"
  `,
});
