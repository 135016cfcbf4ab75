// Streams as logs: adding, erasing, trimming, ranges, reading and waiting. Groups of consumers are
// in stream-groups.test.ts.

import { EVERY_ENCODING, family, script } from "../support/scenario.ts";

const LONG = "x".repeat(100);
const LAST = "18446744073709551615";

family(
  "streams",
  {
    "XADD: IDs and their errors": script`
      XADD s 1-1 a 1
      XADD s 1-1 a 1
      XADD s 1 a 1
      XADD s 2 a 1 b 2
      XADD s 2-* a 1
      XADD s 2-* a 1
      XADD s 1-* a 1
      XADD s 5-* a 1
      XADD s 0-0 a 1
      XADD s 0 a 1
      XADD s 6-007 a 1
      XADD s +7 a 1
      XADD s -7 a 1
      XADD s - a 1
      XADD s + a 1
      XADD s ( a 1
      XADD s (8 a 1
      XADD s 8- a 1
      XADD s 8-- a 1
      XADD s 8-9-10 a 1
      XADD s 8-** a 1
      XADD s *-8 a 1
      XADD s "" a 1
      XADD s "8 " a 1
      XADD s " 8" a 1
      XADD s 0x8 a 1
      XADD s 18446744073709551616 a 1
      XADD s 1-18446744073709551616 a 1
      XRANGE s - +
      ? XADD s * a 1
      XADD other 0-* a 1
      XADD other 0-* a 1
      XRANGE other - +
      XADD third 0-0 a 1
      EXISTS third
      XADD
      XADD s
      XADD s 99999999999999
      XADD s 99999999999999 a
      XADD s 99999999999999 a 1 b
      XADD s MAXLEN 5 99999999999999
      XADD s *
      XADD s * a
      SET string x
      XADD string 1 a 1
      XADD string * a 1
      XADD top ${LAST}-1 a 1
      XADD top ${LAST}-* a 1
      ? XADD top * a 1
      XADD top ${LAST}-${LAST} a 1
      XADD top * a 1
      XADD top ${LAST}-* a 1
      XADD top ${LAST}-${LAST} a 1
      XADD full 7-${LAST} a 1
      XADD full 7-* a 1
      = xadd-sequence-end -ERR The ID specified in XADD is equal or smaller than the target stream top item
      XADD full 8-* a 1
      XRANGE full - +
      XRANGE top - +
    `,

    "XADD makes no stream where it is not to": script`
      XADD s NOMKSTREAM 1 a 1
      XADD s nomkstream * a 1
      EXISTS s
      XADD s 1 a 1
      XADD s NOMKSTREAM 2 a 1
      XADD s NOMKSTREAM NOMKSTREAM 3 a 1
      XADD nothing NOMKSTREAM 0-0 a 1
      XADD nothing NOMKSTREAM 1 a
      XLEN s
    `,

    "fields and values of every kind": script`
      XADD s 1 a 1 b -5 c 12345678901234567890 d 007
      XADD s 2 a 1 b 127 c 128 d -4096
      XADD s 3 a "" "" b
      XADD s 4 b 1 a 2
      XADD s 5 a 1 a 2 a 3
      XADD s 6 ${LONG} ${LONG}${LONG}
      XADD s 7 "\x00\xff" "\r\n"
      XADD s 8 a 1 b 2 c 3 d 4 e 5 f 6
      XADD s 9 a 1 b 2 c 3 d 4 e 5 f 6
      XADD s 10 a 9223372036854775807 b -9223372036854775808 c 32768 d 8388608 e 1.5 f -0
      XRANGE s - +
      XREVRANGE s + -
      XLEN s
      & OBJECT ENCODING s
      TYPE s
      DUMP nothing
    `,

    "trimming by count": script`
      XADD s 1 a 1
      XADD s 2 a 1
      XADD s 3 a 1
      XADD s 4 b 1
      XADD s 5 a 1
      XADD s MAXLEN 4 6 a 1
      XRANGE s - +
      XADD s MAXLEN = 3 7 a 1
      XADD s maxlen = 3 8 a 1
      XRANGE s - +
      XTRIM s MAXLEN 2
      XTRIM s MAXLEN = 2
      XTRIM s MAXLEN 100
      XRANGE s - +
      XTRIM s MAXLEN 0
      XLEN s
      EXISTS s
      XADD s 9 a 1
      XADD s MAXLEN 0 10 a 1
      XRANGE s - +
      XTRIM nothing MAXLEN 0
      EXISTS nothing
      XTRIM s MAXLEN -1
      XTRIM s MAXLEN abc
      XTRIM s MAXLEN
      XTRIM s MAXLEN =
      XTRIM s MAXLEN = abc
      XTRIM s
      XTRIM s 5 5
      XTRIM s MAXLEN 5 MAXLEN 5
      XTRIM s MAXLEN 5 MINID 5
      XTRIM s MAXLEN 9223372036854775807
      XTRIM s MAXLEN 9223372036854775808
      XADD s MAXLEN -1 11 a 1
      XADD s MAXLEN abc 11 a 1
      XADD s MAXLEN 5 MINID 5 11 a 1
      XADD s BOGUS 5 11 a 1
      SET string x
      XTRIM string MAXLEN 1
      XTRIM string MAXLEN abc
    `,

    "trimming by ID": script`
      XADD s 1-1 a 1
      XADD s 1-2 a 1
      XADD s 2-0 a 1
      XADD s 3-5 a 1
      XADD s 4-0 a 1
      XTRIM s MINID 1-2
      XRANGE s - +
      XTRIM s MINID 2
      XRANGE s - +
      XADD s MINID 3-6 5-0 a 1
      XRANGE s - +
      XTRIM s MINID = 4-1
      XTRIM s MINID 0
      XRANGE s - +
      XTRIM s MINID -
      XTRIM s MINID +
      XTRIM s MINID abc
      XTRIM s MINID
      XTRIM s MINID =
      XTRIM s MINID ${LAST}
      XLEN s
      XADD s MINID 100 6-0 a 1
      XLEN s
      XADD s MINID 7 MINID 7 8 a 1
    `,

    "approximate trimming, and its limit": script`
      CONFIG SET stream-node-max-entries 3
      XADD s 1 a 1
      XADD s 2 a 1
      XADD s 3 a 1
      XADD s 4 a 1
      XADD s 5 a 1
      XADD s 6 a 1
      XADD s 7 a 1
      XTRIM s MAXLEN ~ 6
      XTRIM s MAXLEN ~ 4
      XLEN s
      XADD s MAXLEN ~ 2 8 a 1
      XRANGE s - +
      XADD s 9 a 1
      XADD s 10 a 1
      XADD s 11 a 1
      XTRIM s MAXLEN ~ 0 LIMIT 2
      XTRIM s MAXLEN ~ 0 LIMIT 3
      XLEN s
      XTRIM s MINID ~ 9
      XRANGE s - +
      XTRIM s MINID ~ 100 LIMIT 0
      XLEN s
      XTRIM s MAXLEN 5 LIMIT 3
      XTRIM s MAXLEN = 5 LIMIT 3
      XTRIM s LIMIT 3
      XTRIM s LIMIT 0
      XTRIM s MAXLEN ~ 5 LIMIT -1
      XTRIM s MAXLEN ~ 5 LIMIT abc
      XTRIM s MAXLEN ~ 5 LIMIT
      XADD s LIMIT 3 12 a 1
      XADD s LIMIT 0 12 a 1
      XADD s MAXLEN 5 LIMIT 3 13 a 1
      XADD s LIMIT 3 MAXLEN ~ 0 14 a 1
      XADD s MAXLEN ~ 1 LIMIT 10 15 a 1
      XRANGE s - +
      CONFIG SET stream-node-max-entries 100
    `,

    "erasing entries": script`
      XADD s 1 a 1
      XADD s 2 a 2
      XADD s 3 b 3
      XADD s 4 a 4
      XADD s 5 a 5
      XDEL s 3
      XDEL s 3
      XDEL s 1 5 9 5
      XRANGE s - +
      XREVRANGE s + -
      XADD s 5 a 1
      XADD s 6 a 6
      XDEL s 2 4 6
      XLEN s
      EXISTS s
      XRANGE s - +
      XREVRANGE s + -
      XADD s 6 a 6
      XADD s 7 a 7
      XRANGE s - +
      XDEL s
      XDEL s abc
      XDEL s 7 abc
      XDEL s -
      XDEL s 7-*
      XLEN s
      XDEL nothing 1
      XDEL nothing abc
      SET string x
      XDEL string 1
      XDEL string abc
    `,

    "ranges, their bounds and their errors": script`
      XADD s 0-1 a 1
      XADD s 0-${LAST} a 2
      XADD s 1-0 b 3
      XADD s 42-0 a 4
      XADD s 42-42 a 5
      XADD s ${LAST}-18446744073709551614 a 6
      XADD s ${LAST}-${LAST} a 7
      XRANGE s - +
      XRANGE s + -
      XRANGE s 1 42
      XRANGE s 1 42-1
      XRANGE s 42 42
      XRANGE s 43 43
      XRANGE s (0-1 +
      XRANGE s - (${LAST}-${LAST}
      XRANGE s (0-1 (1-0
      XRANGE s (1-0 (42-42
      XRANGE s (1 (42
      XRANGE s (- +
      XRANGE s - (+
      XRANGE s (${LAST}-${LAST} +
      XRANGE s - (0-0
      XRANGE s - (0
      XRANGE s ( +
      XRANGE s - + COUNT 2
      XRANGE s - + COUNT 0
      XRANGE s - + COUNT -5
      XRANGE s - + COUNT 9223372036854775807
      XRANGE s - + COUNT 1 COUNT 3
      XRANGE s - + count 1
      XRANGE s - + COUNT
      XRANGE s - + COUNT abc
      XRANGE s - + LIMIT 1
      XRANGE s - + 1
      XRANGE s abc +
      XRANGE s - abc
      XRANGE s 1-* +
      XRANGE s
      XRANGE s -
      XREVRANGE s + -
      XREVRANGE s - +
      XREVRANGE s 42 1
      XREVRANGE s (42-42 (0-1
      XREVRANGE s + - COUNT 2
      XREVRANGE s + - COUNT 0
      XREVRANGE s (0-0 -
      XREVRANGE s abc -
      XRANGE nothing - +
      XRANGE nothing - + COUNT 0
      XRANGE nothing abc +
      SET string x
      XRANGE string - +
      XRANGE string - abc
      XLEN string
      XLEN nothing
      XLEN s
      XLEN
    `,

    "XREAD: what is there": script`
      XADD s 1 a 1
      XADD s 2 a 2
      XADD s 3 a 3
      XADD t 5 b 1
      XADD t 6 b 2
      XREAD STREAMS s 0
      XREAD STREAMS s 0-0
      XREAD STREAMS s 2
      XREAD STREAMS s 1-5
      XREAD STREAMS s 3
      XREAD STREAMS s 9
      XREAD STREAMS s $
      XREAD COUNT 2 STREAMS s 0
      XREAD COUNT 0 STREAMS s 1
      XREAD COUNT -3 STREAMS s 1
      XREAD STREAMS s t 0 0
      XREAD COUNT 1 STREAMS s t 1 5
      XREAD COUNT 1 STREAMS t s t s 0 0 5 2
      XREAD STREAMS s nothing t 3 0 5
      XREAD STREAMS s t $ 5
      XREAD streams s t $ $
      XREAD COUNT 1 COUNT 2 BLOCK 10 STREAMS s 0
      XREAD BLOCK 10 COUNT 1 STREAMS s t 0 0
      XDEL s 3
      XREAD STREAMS s 2
      XREAD BLOCK 5 STREAMS s 2
      XREAD STREAMS s ${LAST}-${LAST}
      XADD edge 1-1 a 1
      XADD edge 1-${LAST} a 1
      XADD edge 2-1 a 1
      XREAD STREAMS edge 1-${LAST}
      XTRIM s MAXLEN 0
      XREAD STREAMS s 0
    `,

    "XREAD: errors": script`
      XADD s 1 a 1
      SET string x
      XREAD
      XREAD STREAMS
      XREAD STREAMS s
      XREAD STREAMS s t 0
      = xread-unbalanced -ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be specified.
      XREAD COUNT 1 STREAMS s 0 0
      = xread-unbalanced -ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be specified.
      XREAD s 0 0
      XREAD COUNT 1 BLOCK 1
      XREAD COUNT abc STREAMS s 0
      XREAD BLOCK abc STREAMS s 0
      XREAD BLOCK -1 STREAMS s 0
      XREAD BLOCK 1.5 STREAMS s 0
      XREAD BLOCK 9223372036854775807 STREAMS s 0
      = timeout-range -ERR timeout is out of range
      XREAD STREAMS s abc
      XREAD STREAMS s -
      XREAD STREAMS s >
      XREAD STREAMS s 1-*
      XREAD STREAMS string 0
      XREAD STREAMS s string 0 0
      XREAD STREAMS string abc
      XREAD STREAMS nothing abc
      XREAD GROUP g c STREAMS s 0
      XREAD NOACK STREAMS s 0
      XREAD BOGUS STREAMS s 0
      XREAD COUNT
      XREAD STREAMS s 0 COUNT 1
    `,

    "waiting for entries": script`
      b>> XREAD BLOCK 0 STREAMS s $
      c>> XREAD BLOCK 0 STREAMS nothing s 0 0
      XADD s 1 a 1
      b<
      c<
      b>> XREAD BLOCK 0 STREAMS s $
      c>> XREAD BLOCK 0 STREAMS s 5
      XADD s 2 a 2
      b<
      c-
      XADD s 5-1 a 3
      c<
      b>> XREAD BLOCK 0 COUNT 1 STREAMS s s $ $
      MULTI
      XADD s 6 a 4
      XADD s 7 a 5
      EXEC
      b<
      =2 xread-woken [["s", [["6-0", ["a", "4"]]]], ["s", [["6-0", ["a", "4"]]]]]
      =3 xread-woken {"s": [["6-0", ["a", "4"]]], "s": [["6-0", ["a", "4"]]]}
      b>> XREAD BLOCK 0 STREAMS s $
      MULTI
      XADD s 8 a 1
      DEL s
      EXEC
      b-
      XADD s 9 a 2
      b<
      b>> XREAD BLOCK 0 STREAMS l $
      LPUSH l x
      b-
      DEL l
      XADD l 1 a 1
      b<
      b>> XREAD BLOCK 0 STREAMS k 0
      RENAME s k
      b<
      XREAD BLOCK 20 STREAMS k $
      MULTI
      XREAD BLOCK 0 STREAMS k $
      EXEC
      b>> XREAD BLOCK 0 STREAMS k $
      CLIENT UNBLOCK {id:b}
      b<
      b>> XREAD BLOCK 0 STREAMS k $
      CLIENT UNBLOCK {id:b} ERROR
      b<
      XREAD BLOCK 0 STREAMS k 0
    `,

    "each way in which a stream appears wakes who waits": script`
      XADD from 5 a 1
      b>> XREAD BLOCK 0 STREAMS to 1
      COPY from to
      b<
      DEL to
      b>> XREAD BLOCK 0 STREAMS to 1
      RENAME from to
      b<
      b>> XREAD BLOCK 0 STREAMS elsewhere 1
      RENAMENX to elsewhere
      b<
      SELECT 1
      b>> SELECT 1
      b<
      b>> XREAD BLOCK 0 STREAMS elsewhere 1
      SELECT 0
      MOVE elsewhere 1
      b<
      XADD swapped 7 a 1
      b>> XREAD BLOCK 0 STREAMS swapped 0
      SWAPDB 0 1
      b<
    `,
  },
  { profiles: EVERY_ENCODING },
);

// The number of nodes of a radix tree is Redis's where a stream has one node (xinfo-nodes).
family("streams of one node", {
  "WATCH sees what becomes of entries, not of numbers and groups": script`
    XADD s 1 f v
    XGROUP CREATE s g 0
    ${[
      "XSETID s 5",
      "XSETID s 6 ENTRIESADDED 9 MAXDELETEDID 3",
      "XGROUP CREATE s h 0",
      "XGROUP SETID s h $",
      "XGROUP CREATECONSUMER s g ann",
      "XREADGROUP GROUP g ann STREAMS s >",
      "XACK s g 1",
      "XGROUP DESTROY s h",
      "XTRIM s MAXLEN 9",
      "XADD s 7 f v",
      "XDEL s 7",
      "XTRIM s MAXLEN 0",
      "XGROUP CREATE other g 0 MKSTREAM",
    ]
      .map(
        (request) => `
    WATCH s other
    ${request}
    MULTI
    XLEN s
    EXEC`,
      )
      .join("")}
  `,
  "XSETID and the numbers of XINFO": script`
    XADD s 1 a 1
    XADD s 2 a 2
    XADD s 3 b 3
    XINFO STREAM s
    XDEL s 2
    XINFO STREAM s
    XDEL s 1
    XINFO STREAM s
    XSETID s 2
    XSETID s 3
    XSETID s 10-5
    XINFO STREAM s
    XADD s 10-5 a 1
    XADD s 10-6 a 1
    XSETID s 20 ENTRIESADDED 100
    XSETID s 20 ENTRIESADDED 1
    XSETID s 20 ENTRIESADDED -1
    XSETID s 20 ENTRIESADDED abc
    XSETID s 20 ENTRIESADDED
    XSETID s 20 MAXDELETEDID 21
    XSETID s 20 MAXDELETEDID 15
    XSETID s 20 MAXDELETEDID abc
    XSETID s 20 ENTRIESADDED 200 MAXDELETEDID 16-3
    XSETID s 14
    = xsetid-erased -ERR The ID specified in XSETID is smaller than current max_deleted_entry_id
    XSETID s 16-3 MAXDELETEDID 0-0
    XSETID s 20 BOGUS 1
    XSETID s abc
    XSETID s -
    XSETID nothing 1
    XSETID nothing abc
    XSETID s
    SET string x
    XSETID string 1
    XINFO STREAM s
    XTRIM s MAXLEN 0
    XINFO STREAM s
    XSETID s 16-3
    XINFO STREAM nothing
    XINFO STREAM string
    XINFO STREAM s BOGUS
    XINFO STREAM s FULL 5
    XINFO STREAM s FULL COUNT
    XINFO STREAM s FULL BOGUS 1
    XINFO STREAM
    XINFO BOGUS
    XINFO BOGUS s
    XINFO
    ? XINFO HELP
    XINFO HELP me
  `,

  "streams among other commands": script`
    XADD s 1 a 1
    XADD s 2 a 2 b 3
    XDEL s 1
    COPY s t
    RENAME t u
    XRANGE u - +
    XINFO STREAM u
    GET s
    LPUSH s x
    SADD s x
    HSET s a 1
    ZADD s 1 a
    TYPE s
    SORT s
    EXPIRE s 1000
    PERSIST s
    XDEL u 2
    EXISTS u
    COPY u v
    XINFO STREAM v
    XADD v 2 a 1
    XADD v 3 a 1
    SCAN 0 TYPE stream COUNT 100 MATCH s
    DEL s u v
    EXISTS s u v
    MULTI
    XADD m 1 a 1
    XADD m 1 a 1
    XRANGE m - +
    EXEC
    WATCH m
    b> XADD m 2 a 1
    MULTI
    XLEN m
    EXEC
    WATCH m
    b> XTRIM m MAXLEN 5
    MULTI
    XLEN m
    EXEC
    WATCH m
    b> XDEL m 7
    MULTI
    XLEN m
    EXEC
  `,
  // What redis-server 7 cannot say: as Redis's documentation of 8.6 has it. IDs are those behind a
  // last one that no clock reaches.
  "idempotent IDs": script`
    XADD s 99999999999999-1 a 1
    XADD s IDMP ann 1 * a 1
    = idempotent-ids "99999999999999-2"
    XADD s IDMP ann 1 * b 2
    = idempotent-ids "99999999999999-2"
    XADD s IDMP bob 1 * a 1
    = idempotent-ids "99999999999999-3"
    XADD s MAXLEN 100 IDMPAUTO ann * a 1 b 2
    = idempotent-ids "99999999999999-4"
    XADD s NOMKSTREAM IDMPAUTO ann MAXLEN ~ 100 * b 2 a 1
    = idempotent-ids "99999999999999-4"
    XADD nothing NOMKSTREAM IDMP ann 1 * a 1
    =2 idempotent-ids $-1
    =3 idempotent-ids _
    XADD s IDMP ann 2 1-1 a 1
    = idempotent-ids -ERR syntax error, IDMP/IDMPAUTO can be used only with auto-generated IDs
    XADD s IDMP ann 2 IDMPAUTO bob * a 1
    = idempotent-ids -ERR syntax error, IDMP/IDMPAUTO specified multiple times
    XADD s IDMP "" 2 * a 1
    = idempotent-ids -ERR syntax error, IDMP requires a non-empty producer ID
    XADD s IDMP ann "" * a 1
    = idempotent-ids -ERR syntax error, IDMP requires a non-empty idempotent ID
    XADD s IDMPAUTO "" * a 1
    = idempotent-ids -ERR syntax error, IDMPAUTO requires a non-empty producer ID
    XADD s IDMPAUTO * a 1
    XLEN s
    = idempotent-ids :4
    ? XINFO STREAM s
    XDEL s 99999999999999-2
    = idempotent-ids :1
    XADD s IDMP ann 1 * a 1
    = idempotent-ids "99999999999999-2"
    XIDMPRECORD s eve 7 99999999999999-3
    = idempotent-ids +OK
    XIDMPRECORD s eve 7 99999999999999-3
    = idempotent-ids +OK
    XIDMPRECORD s eve 7 99999999999999-4
    = idempotent-ids -ERR The specified IDMP producer-id/idempotent-id pair maps to a different stream ID
    XIDMPRECORD s eve 8 99999999999999-2
    = idempotent-ids -ERR The specified stream ID was deleted or doesn't exist
    XIDMPRECORD nothing eve 8 1-1
    = idempotent-ids -ERR no such key
    XADD s IDMP eve 7 * a 1
    = idempotent-ids "99999999999999-3"
    XCFGSET s IDMP-DURATION 100
    = idempotent-ids +OK
    XADD s IDMP eve 7 * a 1
    = idempotent-ids "99999999999999-3"
    XCFGSET s IDMP-MAXSIZE 1
    = idempotent-ids +OK
    XADD s IDMP eve 7 * a 1
    = idempotent-ids "99999999999999-5"
    XADD s IDMP eve 8 * a 1
    = idempotent-ids "99999999999999-6"
    XADD s IDMP eve 7 * a 1
    = idempotent-ids "99999999999999-7"
    XCFGSET s
    = idempotent-ids -ERR At least one parameter must be specified
    XCFGSET s IDMP-DURATION 86401
    = idempotent-ids -ERR IDMP-DURATION must be between 1 and 86400 seconds
    XCFGSET s IDMP-MAXSIZE 0
    = idempotent-ids -ERR IDMP-MAXSIZE must be between 1 and 10000 entries
    XCFGSET s IDMP-MAXSIZE x
    = idempotent-ids -ERR value is not an integer or out of range
    XCFGSET nothing IDMP-MAXSIZE 5
    = idempotent-ids -ERR no such key
    CONFIG SET stream-idmp-duration 86401
    = idempotent-ids -ERR CONFIG SET failed (possibly related to argument 'stream-idmp-duration') - argument must be between 1 and 86400 inclusive
    CONFIG SET stream-idmp-maxsize 10000
    = idempotent-ids +OK
    CONFIG SET stream-idmp-maxsize 100
    = idempotent-ids +OK
    TYPE s
  `,
});
