// Strings: SET and its options, numbers, ranges, many keys at once.

import { family, script } from "../support/scenario.ts";

family("strings", {
  "SET and GET keep any bytes": script`
    GET nothing
    SET k hello
    GET k
    SET "" ""
    GET ""
    SET "a\x00b\r\n" "\xff\xfe\x00\r\n"
    GET "a\x00b\r\n"
    SET k "hello world"
    GET k
    SET k 'it''s'
    SET k
    SET
    GET
    GET a b
    get k
    gEt k
  `,

  "SET with options in any order and any case": script`
    SET k v NX
    SET k w NX
    GET k
    SET k w XX
    GET k
    SET nope w XX
    EXISTS nope
    SET k v ex 100
    : TTL k
    SET k v KEEPTTL
    : TTL k
    SET k v
    TTL k
    SET k v xx px 100000
    : PTTL k
    SET k v PX 100000 XX
    SET k v EXAT 33177117420
    : TTL k
    EXPIRETIME k
    SET k v PXAT 33177117420123
    PEXPIRETIME k
    SET k v EX 100 EX 200
    : TTL k
    SET k v PX 100 PX 300000
    : PTTL k
    SET k v NX NX
    SET k v KEEPTTL KEEPTTL
  `,

  "SET refuses options that exclude one another": script`
    SET k v
    SET k w NX XX
    SET k w XX NX
    SET k w EX 10 PX 10
    SET k w EX 10 KEEPTTL
    SET k w KEEPTTL EX 10
    SET k w EXAT 1 PXAT 1
    SET k w EX
    SET k w EX 10 PX
    SET k w BOGUS
    SET k w EX 10 BOGUS
    SET k w PERSIST
    SET k w 10
    GET k
  `,

  "SET with bad expiries": script`
    SET k v EX 0
    SET k v EX -1
    SET k v PX 0
    SET k v PX -5
    SET k v EXAT 0
    SET k v EXAT -1
    SET k v PXAT 0
    SET k v EX abc
    SET k v EX 1.5
    SET k v EX " 1"
    SET k v EX 9223372036854775807
    SET k v EX 9223372036854775808
    SET k v EX 9223372036854776
    SET k v PX 9223372036854775807
    SET k v PXAT 9223372036854775807
    GET k
    SET k v EXAT 1
    GET k
    EXISTS k
    SET k v PXAT 1
    GET k
  `,

  "SET with GET": script`
    SET k new GET
    GET k
    SET k newer GET
    SET k other NX GET
    GET k
    SET fresh v NX GET
    GET fresh
    SET fresh w XX GET
    SET absent w XX GET
    EXISTS absent
    SET k v GET EX 100
    : TTL k
    SET k v GET KEEPTTL
    : TTL k
    RPUSH list a
    SET list v GET
    TYPE list
    SET list v NX GET
    SET list v
    TYPE list
  `,

  "wrong types are refused by each command": script`
    RPUSH l a
    GET l
    GETSET l v
    GETDEL l
    GETEX l
    GETEX l EX 10
    MGET l nothing
    APPEND l v
    STRLEN l
    GETRANGE l 0 -1
    SUBSTR l 0 -1
    SETRANGE l 0 v
    SETRANGE l 0 ""
    SETNX l v
    INCR l
    DECR l
    INCRBY l 1
    DECRBY l 1
    INCRBYFLOAT l 1
    LRANGE l 0 -1
  `,

  "GETSET, GETDEL, GETEX": script`
    GETSET k v
    GETSET k w
    SET k v EX 100
    GETSET k w
    TTL k
    GETDEL k
    GETDEL k
    EXISTS k
    GETEX k
    SET k v
    GETEX k
    GETEX k EX 100
    : TTL k
    GETEX k
    : TTL k
    GETEX k PERSIST
    TTL k
    GETEX k PX 100000
    : PTTL k
    GETEX k EXAT 33177117420
    EXPIRETIME k
    GETEX k PXAT 33177117420123
    PEXPIRETIME k
    GETEX k EX 0
    GETEX k EX -1
    GETEX k EX abc
    GETEX k EX 10 PERSIST
    GETEX k PERSIST EX 10
    GETEX k EX 10 PX 10
    GETEX k NX
    GETEX k KEEPTTL
    GETEX k GET
    GETEX k EX
    GETEX k PX 9223372036854775807
    GETEX nothing EX 0
    GETEX nothing EX abc
    GETEX k EXAT 1
    EXISTS k
    GETEX
    GETDEL
    GETSET k
  `,

  "many keys at once": script`
    MSET a 1 b 2 c 3
    MGET a b nothing c a
    MSET a 1 a 2
    GET a
    MSET a
    MSET a 1 b
    MSET
    MGET
    MSETNX x 1 y 2
    MSETNX y 3 z 4
    EXISTS z
    GET y
    MSETNX z 1 z 2
    GET z
    MSETNX q
    MSETNX q 1 r
    SET t v EX 100
    MSET t w
    TTL t
    RPUSH l a
    MSET l now-a-string
    TYPE l
    MGET a l
  `,

  "SETNX, SETEX, PSETEX": script`
    SETNX k v
    SETNX k w
    GET k
    SETEX k 100 v
    : TTL k
    SETEX k 0 v
    SETEX k -1 v
    SETEX k abc v
    SETEX k 9223372036854775807 v
    SETEX k 100
    PSETEX k 100000 v
    : PTTL k
    PSETEX k 0 v
    PSETEX k -1 v
    PSETEX k abc v
    PSETEX k 9223372036854775807 v
    PSETEX k 1 v
    wait 5
    GET k
  `,

  "APPEND, STRLEN, GETRANGE, SETRANGE": script`
    STRLEN k
    APPEND k hello
    APPEND k ""
    APPEND k " world"
    GET k
    STRLEN k
    GETRANGE k 0 4
    GETRANGE k 0 -1
    GETRANGE k -5 -1
    GETRANGE k -100 100
    GETRANGE k 5 4
    GETRANGE k -1 -5
    GETRANGE k 11 20
    GETRANGE k 0 9223372036854775807
    GETRANGE k -9223372036854775808 9223372036854775807
    GETRANGE k a 1
    GETRANGE k 0 b
    GETRANGE nothing 0 -1
    GETRANGE nothing a b
    SUBSTR k 0 4
    SETRANGE k 6 there
    GET k
    SETRANGE k 12 "!"
    SETRANGE k 20 x
    GET k
    SETRANGE empty 0 ""
    EXISTS empty
    SETRANGE empty 5 ""
    EXISTS empty
    SETRANGE empty 5 x
    GET empty
    SETRANGE k -1 x
    SETRANGE k abc x
    SETRANGE k 536870911 ab
    SETRANGE k 9223372036854775807 ab
    SETRANGE k 536870912 ""
    SETRANGE k 4294967296 x
    SET n 123
    APPEND n 4
    INCR n
    SETRANGE n 1 9
    GET n
    SET t v EX 100
    APPEND t x
    : TTL t
    SETRANGE t 0 y
    : TTL t
  `,

  "integers are exact to 64 bits": script`
    INCR n
    INCR n
    DECR n
    INCRBY n 10
    DECRBY n 5
    GET n
    INCRBY n -100
    DECRBY n -100
    SET n 9223372036854775806
    INCR n
    INCR n
    GET n
    SET n -9223372036854775807
    DECR n
    DECR n
    GET n
    SET n 9007199254740992
    INCR n
    INCRBY n 9007199254740993
    DECRBY n 1
    INCRBY n 9223372036854775807
    INCRBY n 9223372036854775808
    DECRBY n -9223372036854775808
    DECRBY n 9223372036854775807
    SET n -1
    DECRBY n 9223372036854775807
    INCRBY n -1
    INCRBY n 1.5
    INCRBY n abc
    INCRBY n ""
    INCRBY n " 1"
    INCRBY n "1 "
    INCRBY n +1
    INCRBY n 01
    INCRBY n -0
    INCRBY n 0x10
    INCRBY n
    INCR n 1
    SET n " 1"
    INCR n
    SET n 01
    INCR n
    SET n ""
    INCR n
    SET n 1.0
    INCR n
    SET n -0
    INCR n
    SET n 18446744073709551616
    INCR n
    SET n abc
    INCR n
    DECR n
    DECRBY n 1
    SET n 10 EX 100
    INCR n
    : TTL n
  `,

  "INCRBYFLOAT adds as a person would": script`
    INCRBYFLOAT f 0.1
    INCRBYFLOAT f 0.2
    GET f
    SET f 3.0
    INCRBYFLOAT f 1.5
    INCRBYFLOAT f -1.5
    SET f 10
    INCRBYFLOAT f 5
    OBJECT ENCODING f
    SET f 5.0e3
    INCRBYFLOAT f 2.0e2
    INCRBYFLOAT f 1e20
    SET f 1.1
    INCRBYFLOAT f 1.1
    INCRBYFLOAT f 1.1
    SET f 0
    INCRBYFLOAT f -0.0
    INCRBYFLOAT f 1e-5
    INCRBYFLOAT f 1e-17
    SET f 1
    INCRBYFLOAT f 0.000000000000000001
    SET f 123456789.123
    INCRBYFLOAT f 0.001
    INCRBYFLOAT f 1000000000000
    SET f 9007199254740993
    INCRBYFLOAT f 1
    SET f 3.14159265358979
    INCRBYFLOAT f 2.71828182845904
    SET f abc
    INCRBYFLOAT f 1
    SET f " 1"
    INCRBYFLOAT f 1
    SET f "1 "
    INCRBYFLOAT f 1
    SET f ""
    INCRBYFLOAT f 1
    SET f 1
    INCRBYFLOAT f abc
    INCRBYFLOAT f ""
    INCRBYFLOAT f " 1"
    INCRBYFLOAT f nan
    INCRBYFLOAT f inf
    INCRBYFLOAT f -inf
    INCRBYFLOAT f Infinity
    INCRBYFLOAT f 1e5000
    INCRBYFLOAT f 0x10
    INCRBYFLOAT f +1
    INCRBYFLOAT f .5
    INCRBYFLOAT f 5.
    INCRBYFLOAT f 1_000
    SET f inf
    INCRBYFLOAT f 1
    SET f 1 EX 100
    INCRBYFLOAT f 1
    : TTL f
    INCRBYFLOAT f
  `,

  "encodings of strings": script`
    SET k 1
    OBJECT ENCODING k
    SET k -9223372036854775808
    OBJECT ENCODING k
    SET k 9223372036854775807
    OBJECT ENCODING k
    SET k 9223372036854775808
    OBJECT ENCODING k
    SET k 01
    OBJECT ENCODING k
    SET k -0
    OBJECT ENCODING k
    SET k ""
    OBJECT ENCODING k
    SET k aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd1234
    OBJECT ENCODING k
    SET k aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd12345
    OBJECT ENCODING k
    SET k abc
    APPEND k d
    OBJECT ENCODING k
    SET k 12
    APPEND k 3
    OBJECT ENCODING k
    APPEND new 5
    OBJECT ENCODING new
    SET k abc
    SETRANGE k 0 x
    OBJECT ENCODING k
    SETRANGE k2 0 x
    OBJECT ENCODING k2
    GETSET k 5
    OBJECT ENCODING k
    SETNX k3 77
    OBJECT ENCODING k3
    MSET k4 88 k5 short
    OBJECT ENCODING k4
    OBJECT ENCODING k5
    SETEX k6 100 99
    OBJECT ENCODING k6
    INCR k7
    OBJECT ENCODING k7
    INCRBYFLOAT k7 1
    OBJECT ENCODING k7
    INCRBYFLOAT k7 0.5
    OBJECT ENCODING k7
    SET src abc
    APPEND src d
    COPY src dst
    OBJECT ENCODING dst
    RENAME dst moved
    OBJECT ENCODING moved
  `,
});
