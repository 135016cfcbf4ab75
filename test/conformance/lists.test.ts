// Lists: both ends, the middle, moves.

import { EVERY_ENCODING, family, script } from "../support/scenario.ts";

const LONG = "x".repeat(100);

family(
  "lists",
  {
    "pushes and pops at both ends": script`
      RPUSH l a b c
      LPUSH l z y
      LRANGE l 0 -1
      LLEN l
      LPOP l
      RPOP l
      LPOP l 2
      LRANGE l 0 -1
      RPOP l 0
      LPOP l 0
      RPOP l 10
      EXISTS l
      LPOP l
      LPOP l 0
      LPOP l 5
      RPOP l
      RPOP l 1
      LLEN l
      RPUSH l a
      LPOP l -1
      LPOP l abc
      LPOP l 9223372036854775807
      RPUSH l a
      LPOP l 9223372036854775808
      LPOP l 1 2
      LPOP
      RPUSH l
      RPUSH
      LPUSH l
      LPUSHX l x y
      RPUSHX l z
      LPUSHX nothing x
      RPUSHX nothing x
      LRANGE l 0 -1
      EXISTS nothing
      RPUSH bytes "" "\x00" "\r\n" "\xff"
      LRANGE bytes 0 -1
    `,

    "small and large elements, numbers among them": script`
      RPUSH l 1 -1 127 128 -4096 4095 4096 32767 -32768 8388607 2147483647 -2147483648
      RPUSH l 9223372036854775807 -9223372036854775808 9223372036854775808 01 -0 1.5
      LRANGE l 0 -1
      LPUSH l ${LONG} ""
      RPUSH l ${LONG}y
      LRANGE l 0 -1
      LINDEX l 0
      LINDEX l -1
      LINDEX l 7
      LREM l 1 127
      LREM l 1 0127
      LPOS l 4096
      LINSERT l BEFORE 4095 ${LONG}
      LSET l 3 ${LONG}z
      LSET l -1 5
      LRANGE l 0 -1
    `,

    "LRANGE, LINDEX and LTRIM take any index": script`
      RPUSH l a b c d e
      LRANGE l 0 0
      LRANGE l 1 3
      LRANGE l -2 -1
      LRANGE l -100 100
      LRANGE l 3 1
      LRANGE l 5 10
      LRANGE l -1 -5
      LRANGE l 0 9223372036854775807
      LRANGE l -9223372036854775808 0
      LRANGE l a 1
      LRANGE l 0 1.5
      LRANGE l 0
      LRANGE nothing 0 -1
      LRANGE nothing a b
      LINDEX l 0
      LINDEX l 4
      LINDEX l 5
      LINDEX l -5
      LINDEX l -6
      LINDEX l abc
      LINDEX nothing 0
      LINDEX nothing abc
      LINDEX l 9223372036854775807
      LTRIM l 1 3
      LRANGE l 0 -1
      LTRIM l -2 -1
      LRANGE l 0 -1
      LTRIM l -100 100
      LTRIM l a 1
      LTRIM nothing 0 1
      LTRIM l 2 1
      EXISTS l
    `,

    "LSET and LINSERT": script`
      RPUSH l a b c
      LSET l 0 x
      LSET l -1 z
      LSET l 1 ""
      LRANGE l 0 -1
      LSET l 3 q
      LSET l -4 q
      LSET l abc q
      LSET nothing 0 q
      LSET nothing abc q
      LINSERT l BEFORE x first
      LINSERT l AFTER z last
      LINSERT l before "" middle
      LINSERT l after nowhere q
      LINSERT nothing BEFORE a q
      LINSERT l BOGUS x q
      LINSERT l BEFORE x
      LRANGE l 0 -1
    `,

    "LREM counts from either end": script`
      RPUSH l a b a c a d a
      LREM l 2 a
      LRANGE l 0 -1
      LREM l -1 a
      LRANGE l 0 -1
      LREM l 0 a
      LRANGE l 0 -1
      LREM l 0 nothing
      LREM l 0 b
      LREM l 0 c
      LREM l 0 d
      EXISTS l
      LREM l 0 a
      LREM l abc a
      RPUSH l a b a
      LREM l -9223372036854775808 a
      LREM l abc a
      LRANGE l 0 -1
    `,

    "LPOS with RANK, COUNT and MAXLEN": script`
      RPUSH l a b c 1 2 3 c c
      LPOS l c
      LPOS l c RANK 2
      LPOS l c RANK 4
      LPOS l c RANK -1
      LPOS l c RANK -2
      LPOS l c COUNT 2
      LPOS l c COUNT 0
      LPOS l c COUNT 0 RANK -1
      LPOS l c COUNT 2 RANK 2
      LPOS l c COUNT 2 RANK -2
      LPOS l c MAXLEN 1
      LPOS l c MAXLEN 3
      LPOS l c COUNT 0 MAXLEN 7
      LPOS l c COUNT 0 MAXLEN 0 RANK -2
      LPOS l c COUNT 0 MAXLEN 2 RANK -1
      LPOS l 1
      LPOS l nothing
      LPOS l nothing COUNT 0
      LPOS nothing a
      LPOS nothing a COUNT 1
      LPOS l c RANK 0
      LPOS l c COUNT -1
      LPOS l c MAXLEN -1
      LPOS l c RANK abc
      LPOS l c COUNT abc
      LPOS l c MAXLEN abc
      LPOS l c BOGUS 1
      LPOS l c RANK
      LPOS l c COUNT
      LPOS l c RANK 1 RANK 2
      LPOS nothing c RANK 0
      LPOS l
      LPOS l c RANK -9223372036854775807
      LPOS l c RANK -9223372036854775808
      = lpos-rank -ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
      LPOS l c COUNT 9223372036854775807
    `,

    "LMOVE and RPOPLPUSH": script`
      RPUSH s a b c d
      LMOVE s d LEFT RIGHT
      LMOVE s d RIGHT LEFT
      LMOVE s d left left
      LMOVE s d right right
      EXISTS s
      LRANGE d 0 -1
      LMOVE s d LEFT LEFT
      LMOVE d d LEFT RIGHT
      LRANGE d 0 -1
      LMOVE d d RIGHT RIGHT
      LRANGE d 0 -1
      RPOPLPUSH d e
      RPOPLPUSH d d
      RPOPLPUSH nothing d
      LRANGE d 0 -1
      LRANGE e 0 -1
      LMOVE d e UP DOWN
      LMOVE d e LEFT DOWN
      LMOVE d e LEFT
      RPOPLPUSH d
      RPUSH one only
      LMOVE one one LEFT LEFT
      RPOPLPUSH one one
      LRANGE one 0 -1
      SET str v
      LMOVE str d LEFT LEFT
      LMOVE d str LEFT LEFT
      LMOVE nothing str LEFT LEFT
      RPOPLPUSH str d
      RPOPLPUSH d str
      RPOPLPUSH nothing str
      LRANGE d 0 -1
    `,

    LMPOP: script`
      RPUSH a 1 2 3
      RPUSH b x y z
      LMPOP 2 nothing a LEFT
      LMPOP 2 a b RIGHT COUNT 2
      LMPOP 2 a b left count 10
      EXISTS a b
      LMPOP 2 a b LEFT COUNT 1
      LMPOP 1 nothing LEFT
      LMPOP 1 b LEFT COUNT 0
      LMPOP 1 b LEFT COUNT -1
      LMPOP 1 b LEFT COUNT abc
      LMPOP 1 b LEFT COUNT
      LMPOP 1 b LEFT COUNT 1 COUNT 1
      LMPOP 1 b LEFT COUNT 0 COUNT 0
      LMPOP 1 b LEFT COUNT 1 BOGUS
      LMPOP 1 b LEFT BOGUS 1
      LMPOP 1 b UP
      LMPOP 0 b LEFT
      LMPOP -1 b LEFT
      LMPOP abc b LEFT
      LMPOP 2 b LEFT
      LMPOP 3 b c LEFT
      LMPOP 1 b c LEFT
      LMPOP 1 b
      LMPOP 9223372036854775807 b LEFT
      LMPOP 2 b LEFT LEFT
      SET s v
      LMPOP 1 s LEFT
      LMPOP 2 nothing s LEFT
      LMPOP 2 s b LEFT
    `,

    "wrong types": script`
      SET s v
      LPUSH s a
      RPUSH s a
      LPUSHX s a
      RPUSHX s a
      LPOP s
      LPOP s 0
      LPOP s -1
      RPOP s 2
      LRANGE s 0 -1
      LLEN s
      LINDEX s 0
      LINDEX s abc
      LSET s 0 a
      LSET s abc a
      LINSERT s BEFORE a b
      LREM s 0 a
      LTRIM s 0 1
      LPOS s a
      LPOS s a RANK 0
      GET s
    `,

    "many elements, and back to few": script`
      RPUSH l ${Array.from({ length: 600 }, (_, index) => `element-${index}`).join(" ")}
      LRANGE l 290 310
      LINDEX l 400
      LINDEX l -400
      LINSERT l BEFORE element-300 inserted
      LRANGE l 298 302
      LREM l 0 element-301
      LREM l -1 element-599
      LSET l 300 changed
      LPOS l element-450
      LTRIM l 100 500
      LLEN l
      LRANGE l 0 4
      LRANGE l -5 -1
      LPOP l 300
      LLEN l
      LRANGE l 0 -1
      RPOP l 200
      EXISTS l
    `,
  },
  { profiles: EVERY_ENCODING },
);

family("encodings of lists", {
  "a list is one listpack until a node is full": script`
    RPUSH l a
    OBJECT ENCODING l
    = list-listpack "listpack"
    RPUSH l ${"y".repeat(9000)}
    OBJECT ENCODING l
    RPOP l
    OBJECT ENCODING l
    = list-listpack "listpack"
    RPUSH many ${Array.from({ length: 2000 }, (_, index) => `element-${index}`).join(" ")}
    OBJECT ENCODING many
    LTRIM many 0 5
    OBJECT ENCODING many
    = list-listpack "listpack"
  `,
});
