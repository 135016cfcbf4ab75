// Bits of strings: one at a time, counted, found, combined, and as integers of any length.

import { family, script } from "../support/scenario.ts";

family("bitmaps", {
  "SETBIT and GETBIT": script`
    SETBIT k 7 1
    GET k
    SETBIT k 7 1
    SETBIT k 7 0
    GETBIT k 7
    GETBIT k 6
    GETBIT k 100000
    GETBIT nothing 0
    SETBIT k 100 1
    STRLEN k
    GET k
    OBJECT ENCODING k
    SETBIT new 65536 0
    STRLEN new
    GETBIT new 65536
    SETBIT k -1 1
    SETBIT k abc 1
    SETBIT k 4294967296 1
    SETBIT k 9223372036854775807 1
    SETBIT k 01 1
    SETBIT k 1 2
    SETBIT k 1 -1
    SETBIT k 1 abc
    SETBIT k 1 9223372036854775808
    SETBIT k abc abc
    GETBIT k -1
    GETBIT k 4294967296
    GETBIT k abc
    SETBIT k 1
    GETBIT k
    SET n 123
    OBJECT ENCODING n
    GETBIT n 2
    SETBIT n 2 1
    OBJECT ENCODING n
    SETBIT n 0 1
    GET n
    SET t v EX 100
    SETBIT t 3 1
    : TTL t
    RPUSH l a
    SETBIT l 0 1
    GETBIT l 0
    SETBIT l abc 1
  `,

  "BITCOUNT, by bytes and by bits": script`
    SET k foobar
    BITCOUNT k
    BITCOUNT k 0 0
    BITCOUNT k 1 1
    BITCOUNT k 0 -1
    BITCOUNT k -2 -1
    BITCOUNT k -2 -5
    BITCOUNT k 4 2
    BITCOUNT k -100 100
    BITCOUNT k 1 1 BYTE
    BITCOUNT k 5 30 BIT
    BITCOUNT k 5 30 bit
    BITCOUNT k 0 0 BIT
    BITCOUNT k 1 1 BIT
    BITCOUNT k -1 -1 BIT
    BITCOUNT k -9 -2 BIT
    BITCOUNT k 8 15 BIT
    BITCOUNT k 7 8 BIT
    BITCOUNT k 30 5 BIT
    BITCOUNT k 48 100 BIT
    BITCOUNT k 0 -9223372036854775808
    BITCOUNT k 0 9223372036854775807 BIT
    BITCOUNT k 0
    BITCOUNT k 0 1 BOGUS
    BITCOUNT k 0 1 BIT x
    BITCOUNT k a 1
    BITCOUNT k 0 b
    BITCOUNT k 0 1.5
    BITCOUNT
    SET e ""
    BITCOUNT e
    BITCOUNT e 0 -1
    BITCOUNT e 0 0 BIT
    SET n 12345
    BITCOUNT n
    BITCOUNT nothing
    BITCOUNT nothing 0 5
    BITCOUNT nothing a 1
    = bit-ranges -ERR value is not an integer or out of range
    BITCOUNT nothing 0 1 BOGUS
    = bit-ranges -ERR syntax error
    RPUSH l a
    BITCOUNT l
    BITCOUNT l 0 1
    SETRANGE long 100000 x
    BITCOUNT long
    BITOP NOT long long
    BITCOUNT long
    BITCOUNT long 3 99997
    BITCOUNT long 11 800001 BIT
  `,

  "BITPOS, by bytes and by bits": script`
    SET k "\xff\xf0\x00"
    BITPOS k 0
    BITPOS k 1
    BITPOS k 1 2
    BITPOS k 0 0
    BITPOS k 0 2
    BITPOS k 0 0 0
    BITPOS k 0 0 -1
    BITPOS k 1 -1
    BITPOS k 1 -2 -1
    BITPOS k 0 -100 100
    BITPOS k 1 0 3 BIT
    BITPOS k 0 4 11 BIT
    BITPOS k 0 4 12 BIT
    BITPOS k 0 12 12 BIT
    BITPOS k 1 12 -1 BIT
    BITPOS k 1 11 -1 BIT
    BITPOS k 0 -1 -1 BIT
    BITPOS k 1 3 2 BIT
    BITPOS k 0 3 2
    BITPOS k 0 3
    BITPOS k 1 1 1 BYTE
    SET ones "\xff\xff\xff"
    BITPOS ones 0
    BITPOS ones 0 1
    BITPOS ones 0 3
    BITPOS ones 0 0 -1
    BITPOS ones 0 0 2
    BITPOS ones 0 0 23 BIT
    BITPOS ones 0 -1 100 BIT
    SET zeros "\x00\x00"
    BITPOS zeros 1
    BITPOS zeros 1 1
    BITPOS zeros 0
    SET e ""
    BITPOS e 0
    BITPOS e 1
    BITPOS e 0 0
    BITPOS e 0 0 -1
    BITPOS nothing 0
    BITPOS nothing 1
    BITPOS nothing 0 5
    BITPOS nothing 1 0 -1 BIT
    BITPOS nothing 0 a
    = bit-ranges -ERR value is not an integer or out of range
    BITPOS nothing 0 0 1 BOGUS
    = bit-ranges -ERR syntax error
    BITPOS nothing 2
    BITPOS k 2
    BITPOS k -1
    BITPOS k abc
    BITPOS k 1 a
    BITPOS k 1 0 b
    BITPOS k 1 0 1 BOGUS
    BITPOS k 1 0 b BOGUS
    BITPOS k 1 a b BOGUS
    BITPOS k 1 0 1 BIT x
    BITPOS k
    SET n 12345
    BITPOS n 1
    BITPOS n 0 1 2 BIT
    RPUSH l a
    BITPOS l 1
    BITPOS l 2
    SETRANGE long 100000 x
    BITPOS long 1
    BITPOS long 0
    BITPOS long 1 800001 -1 BIT
    BITOP NOT long long
    BITPOS long 0
    BITPOS long 0 100001
  `,

  BITOP: script`
    SET a "\xff\x0f\x55"
    SET b "\xf0\xff"
    BITOP AND d a b
    GET d
    BITOP OR d a b
    GET d
    BITOP XOR d a b
    GET d
    BITOP NOT d a
    GET d
    BITOP and d a a nothing
    GET d
    BITOP OR d a
    GET d
    BITOP XOR a a b
    GET a
    BITOP NOT b b
    GET b
    OBJECT ENCODING b
    BITOP OR d nothing nowhere
    EXISTS d
    BITOP OR d nothing
    SET e ""
    SET d v
    BITOP AND d e
    EXISTS d
    SET t v EX 100
    BITOP OR t a b
    TTL t
    RPUSH l a
    BITOP OR l a
    TYPE l
    RPUSH l2 a
    BITOP OR d a l2
    BITOP OR d l2
    BITOP NOT d a b
    BITOP BOGUS d a
    BITOP AND d
    BITOP
    SET n 123
    BITOP OR d n n
    GET d
    OBJECT ENCODING d
    SET x "01234567890123456789012345678901234567890123456789"
    SET y "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcde"
    BITOP AND d x y
    GET d
    BITOP XOR d y x a
    GET d
    BITOP OR d x x x x x x x x x x x x x x x x x x x y
    GET d
    SETRANGE long 100000 x
    SETRANGE longer 120003 y
    BITOP NOT long long
    BITOP XOR d long longer
    BITCOUNT d
    STRLEN d
    BITOP AND long long longer
    BITCOUNT long
    BITOP OR longer long d x
    BITCOUNT longer
    GETRANGE longer 0 70
  `,

  BITFIELD: script`
    BITFIELD k GET u8 0
    EXISTS k
    BITFIELD k SET u8 0 255 GET u8 0 GET i8 0 GET u4 2 GET u16 0
    BITFIELD k SET i8 #1 -5 GET i8 8 GET u8 #1
    BITFIELD k INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1
    BITFIELD k INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1
    BITFIELD k INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1
    BITFIELD k INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1
    BITFIELD k OVERFLOW FAIL INCRBY u2 102 1
    BITFIELD k SET i5 3 15 INCRBY i5 3 1 GET i5 3
    BITFIELD k OVERFLOW SAT SET i5 3 100 SET i5 3 -100 GET i5 3
    BITFIELD k OVERFLOW SAT SET u5 3 -1 GET u5 3 SET u5 3 77 GET u5 3
    BITFIELD k OVERFLOW FAIL SET u5 3 -1 SET u5 3 32 SET u5 3 7 GET u5 3
    BITFIELD k OVERFLOW WRAP SET u5 3 -1 GET u5 3 SET i5 3 16 GET i5 3
    BITFIELD k INCRBY u5 3 -9223372036854775808 INCRBY u5 3 9223372036854775807
    BITFIELD k OVERFLOW SAT INCRBY u5 3 -9223372036854775808 INCRBY u5 3 9223372036854775807
    BITFIELD k OVERFLOW SAT INCRBY i5 3 -9223372036854775808 INCRBY i5 3 9223372036854775807
    BITFIELD k OVERFLOW FAIL INCRBY i5 3 -9223372036854775808 INCRBY i5 3 9223372036854775807
    BITFIELD k SET i64 5 -9223372036854775808 GET i64 5 INCRBY i64 5 -1 GET i64 5
    BITFIELD k OVERFLOW SAT INCRBY i64 5 1 INCRBY i64 5 -1
    BITFIELD k OVERFLOW FAIL INCRBY i64 5 1 SET i64 5 9223372036854775807 INCRBY i64 5 1
    BITFIELD k SET u63 1 9223372036854775807 INCRBY u63 1 1 GET u63 1
    BITFIELD k SET u63 1 -1 GET u63 1 OVERFLOW SAT SET u63 1 -1 INCRBY u63 1 -9223372036854775807
    BITFIELD k SET i63 1 4611686018427387904 GET i63 1 INCRBY i63 1 4611686018427387904
    BITFIELD k SET u53 3 9007199254740991 INCRBY u53 3 1 GET u54 2
    BITFIELD k SET i48 3 140737488355327 INCRBY i48 3 1 INCRBY i48 3 9007199254740991
    BITFIELD k INCRBY i48 3 -4503599627370497 INCRBY i48 3 4503599627370496
    BITFIELD k SET u49 7 562949953421311 INCRBY u49 7 1 INCRBY u49 7 -1
    GET k
    BITFIELD k GET i64 1000 GET u1 100000 GET i3 110
    BITFIELD k
    BITFIELD k OVERFLOW SAT
    BITFIELD k GET u8
    BITFIELD k GET
    BITFIELD k SET u8 0
    BITFIELD k INCRBY u8 0
    BITFIELD k OVERFLOW
    BITFIELD k OVERFLOW BOGUS
    BITFIELD k BOGUS u8 0
    BITFIELD k GET u64 0
    BITFIELD k GET i65 0
    BITFIELD k GET u0 0
    BITFIELD k GET x8 0
    BITFIELD k GET U8 0
    BITFIELD k GET "" 0
    BITFIELD k GET u 0
    BITFIELD k GET u08 0
    BITFIELD k GET u8 -1
    BITFIELD k GET u8 #-1
    BITFIELD k GET u8 #
    BITFIELD k GET u8 abc
    BITFIELD k GET u8 ""
    BITFIELD k GET u8 4294967295
    BITFIELD k GET u8 4294967296
    BITFIELD k GET u8 #536870911
    BITFIELD k GET u8 #536870912
    BITFIELD k SET u8 0 abc
    BITFIELD k SET u8 0 9223372036854775808
    BITFIELD k SET u8 0 1 GET u8
    GETRANGE k 0 0
    BITFIELD
    RPUSH l a
    BITFIELD l GET u8 0
    BITFIELD l SET u8 0 1
    BITFIELD l GET u8
    SET n 123
    BITFIELD n GET u8 0
    OBJECT ENCODING n
    BITFIELD n SET u8 0 49
    OBJECT ENCODING n
    BITFIELD new SET u8 #200 0
    STRLEN new
    BITFIELD failed OVERFLOW FAIL SET u1 100 7
    STRLEN failed
    SET t v EX 100
    BITFIELD t SET u8 0 65
    : TTL t
  `,

  BITFIELD_RO: script`
    SET k "\x01\x23\x45\x67\x89\xab\xcd\xef"
    BITFIELD_RO k GET u8 0 GET i64 0 GET u63 1 GET u12 #1 GET i12 52 GET u8 60
    BITFIELD_RO k
    BITFIELD_RO nothing GET u8 0
    BITFIELD_RO k SET u8 0 1
    BITFIELD_RO k GET u8 0 INCRBY u8 0 1
    BITFIELD_RO k OVERFLOW SAT GET u8 0
    BITFIELD_RO k SET u8 0 abc
    BITFIELD_RO k GET u8
    RPUSH l a
    BITFIELD_RO l GET u8 0
    BITFIELD_RO l SET u8 0 1
    BITFIELD_RO
  `,
});
