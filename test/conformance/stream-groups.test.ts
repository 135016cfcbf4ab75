// Groups of streams' consumers: making and moving them, reading, acknowledging, claiming, waiting,
// and what is told of them. Times of deliveries are compared by type, or are given.

import { EVERY_ENCODING, family, script } from "../support/scenario.ts";

const LAST = "18446744073709551615";

family(
  "streams: groups",
  {
    "XGROUP CREATE and its errors": script`
      XGROUP CREATE s g $
      XGROUP CREATE s g 0 MKSTREAM
      XGROUP CREATE s g 0 MKSTREAM
      XGROUP CREATE s g 0
      XGROUP CREATE s g
      XGROUP CREATE s
      XGROUP CREATE
      XGROUP CREATE s h $ mkstream ENTRIESREAD 3
      XGROUP CREATE s i 5-1 ENTRIESREAD -1
      XGROUP CREATE s j 5-1 ENTRIESREAD -2
      XGROUP CREATE s j 5-1 ENTRIESREAD x
      XGROUP CREATE s j 5-1 ENTRIESREAD
      XGROUP CREATE s j 5-1 NONSENSE
      XGROUP CREATE s j -
      XGROUP CREATE s j +
      XGROUP CREATE s j x
      XGROUP CREATE s j 5
      XGROUP CREATE s k 5-6 MKSTREAM MKSTREAM ENTRIESREAD 4
      XGROUP CREATE s l 5-6 MKSTREAM MKSTREAM MKSTREAM MKSTREAM
      XGROUP CREATE nothing l 5-6 NONSENSE
      XGROUP CREATE nothing l x
      XGROUP CREATE nothing l x MKSTREAM
      EXISTS nothing
      XLEN s
      XINFO GROUPS s
      SET string x
      XGROUP CREATE string g $ MKSTREAM
      XGROUP CREATE string g x MKSTREAM
      XGROUP CREATE string g $ NONSENSE
      XGROUP NONSENSE s g
      XGROUP NONSENSE
      XGROUP
      ? XGROUP HELP
      XGROUP HELP x
      ? XINFO HELP
      TYPE s
    `,

    "XGROUP SETID": script`
      XADD s 1 a 1
      XADD s 2 a 1
      XADD s 3 a 1
      XGROUP CREATE s g 0
      XGROUP SETID s g $
      XINFO GROUPS s
      XGROUP SETID s g 1
      XINFO GROUPS s
      XGROUP SETID s g 2-5 ENTRIESREAD 2
      XINFO GROUPS s
      XGROUP SETID s g -
      XGROUP SETID s g +
      XINFO GROUPS s
      XGROUP SETID s g ${LAST}-${LAST}
      XGROUP SETID s g x
      XGROUP SETID s g 1 MKSTREAM
      XGROUP SETID s g 1 ENTRIESREAD
      XGROUP SETID s g 1 ENTRIESREAD -5
      XGROUP SETID s g 1 ENTRIESREAD 3 ENTRIESREAD 4
      XGROUP SETID s nobody 1
      XGROUP SETID nothing g 1
      XGROUP SETID nothing g x
      XGROUP SETID s g
      XINFO GROUPS s
    `,

    "XGROUP DESTROY, CREATECONSUMER and DELCONSUMER": script`
      XGROUP CREATE s g 0 MKSTREAM
      XGROUP CREATECONSUMER s g ann
      XGROUP CREATECONSUMER s g ann
      XGROUP CREATECONSUMER s g bob
      XGROUP CREATECONSUMER s g ""
      XGROUP CREATECONSUMER s nobody bob
      XGROUP CREATECONSUMER nothing g bob
      XGROUP CREATECONSUMER s g
      XGROUP CREATECONSUMER s g a b
      XINFO GROUPS s
      XADD s 1 a 1
      XADD s 2 a 1
      XADD s 3 a 1
      XREADGROUP GROUP g ann COUNT 2 STREAMS s >
      XREADGROUP GROUP g bob STREAMS s >
      XGROUP DELCONSUMER s g ann
      XGROUP DELCONSUMER s g ann
      XGROUP DELCONSUMER s nobody ann
      XGROUP DELCONSUMER nothing g ann
      XGROUP DELCONSUMER s g
      XPENDING s g
      @ XPENDING s g - + 10 ann
      XGROUP DESTROY s nobody
      XGROUP DESTROY nothing g
      XGROUP DESTROY s
      XGROUP DESTROY s g x
      XGROUP DESTROY s g
      XGROUP DESTROY s g
      XINFO GROUPS s
      XPENDING s g
      EXISTS s
    `,

    "XREADGROUP: new entries": script`
      XADD s 1 a 1
      XADD s 2 a 1 b 2
      XADD s 3 a 1
      XADD t 1 x y
      XGROUP CREATE s g 0
      XGROUP CREATE t g $
      XREADGROUP GROUP g ann COUNT 1 STREAMS s >
      XREADGROUP GROUP g bob COUNT 1 STREAMS s t > >
      XREADGROUP GROUP g bob STREAMS s t > >
      XREADGROUP GROUP g bob STREAMS s t > >
      XADD t 2 x y
      XADD t 3 x y
      XREADGROUP GROUP g bob COUNT -1 STREAMS t s > >
      XADD s 4 a 1
      XADD t 4 a 1
      XREADGROUP group g bob count 0 block 100 streams t s > >
      XPENDING s g
      XPENDING t g
      XINFO GROUPS s
      XINFO GROUPS t
      XADD s 5 a 1
      XADD s 6 a 1
      XREADGROUP GROUP g ann NOACK STREAMS s >
      XREADGROUP GROUP g ann NOACK NOACK COUNT 1 COUNT 2 STREAMS s >
      XPENDING s g
      @ XPENDING s g - + 10 ann
      XGROUP SETID s g 0
      XREADGROUP GROUP g eve COUNT 3 STREAMS s >
      XPENDING s g
      XINFO GROUPS s
    `,

    "XREADGROUP: what is pending, once more": script`
      XADD s 1 a 1
      XADD s 2 a 1 b 2
      XADD s 3 a 1
      XADD s 4 a 1
      XGROUP CREATE s g 0
      XREADGROUP GROUP g ann COUNT 3 STREAMS s >
      XREADGROUP GROUP g bob STREAMS s 0
      XREADGROUP GROUP g ann STREAMS s 0
      XREADGROUP GROUP g ann STREAMS s 1
      XREADGROUP GROUP g ann STREAMS s 1-5
      XREADGROUP GROUP g ann COUNT 1 STREAMS s 0-1
      XREADGROUP GROUP g ann STREAMS s 9
      XDEL s 2
      XREADGROUP GROUP g ann COUNT 2 STREAMS s 0
      XREADGROUP GROUP g ann BLOCK 0 NOACK STREAMS s 0
      XREADGROUP GROUP g ann STREAMS s s 0 >
      XREADGROUP GROUP g ann STREAMS s s > 0
      XREADGROUP GROUP g ann STREAMS s ${LAST}
      XREADGROUP GROUP g ann STREAMS s ${LAST}-${LAST}
      XACK s g 1 2 3
      XREADGROUP GROUP g ann STREAMS s 0
    `,

    "XREADGROUP: errors": script`
      XADD s 1 a 1
      XGROUP CREATE s g 0
      SET string x
      XREADGROUP
      XREADGROUP GROUP g
      XREADGROUP GROUP g ann STREAMS s
      XREADGROUP GROUP g ann STREAMS s t >
      = xread-unbalanced -ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified.
      XREADGROUP COUNT 1 NOACK STREAMS s > 
      XREADGROUP GROUP nobody ann STREAMS s >
      XREADGROUP GROUP g ann STREAMS nothing >
      XREADGROUP GROUP g ann STREAMS s nothing > >
      XREADGROUP GROUP g ann STREAMS string >
      XREADGROUP GROUP g ann STREAMS s string > >
      XREADGROUP GROUP g ann STREAMS s $
      XREADGROUP GROUP g ann STREAMS s x
      XREADGROUP GROUP g ann STREAMS s -
      XREADGROUP GROUP g ann COUNT x STREAMS s >
      XREADGROUP GROUP g ann BLOCK x STREAMS s >
      XREADGROUP GROUP g ann BLOCK -1 STREAMS s >
      XREADGROUP GROUP g ann NONSENSE STREAMS s >
      XREADGROUP GROUP g ann STREAMS string x
      XREADGROUP GROUP g ann STREAMS nothing x
      XREADGROUP NOACK NOACK NOACK STREAMS s >
      XREADGROUP NOACK COUNT 1 GROUP g ann STREAMS s >
      XREAD GROUP g ann STREAMS s 0
      XREAD NOACK STREAMS s 0
      XREAD STREAMS s >
    `,

    XACK: script`
      XADD s 1 a 1
      XADD s 2 a 1
      XADD s 3 a 1
      XGROUP CREATE s g 0
      XREADGROUP GROUP g ann STREAMS s >
      XACK s g 1
      XACK s g 1 2 2 7
      XACK s g x
      XACK s g 3 x
      XACK s g -
      XACK s nobody x
      XACK nothing g x
      XACK s g
      SET string x
      XACK string g 1
      XPENDING s g
      XACK s g 3-0
      XPENDING s g
      XINFO GROUPS s
    `,

    XPENDING: script`
      XADD s 1 a 1
      XADD s 2 a 1
      XADD s 3 a 1
      XADD s 4 a 1
      XADD s 5 a 1
      XGROUP CREATE s g 0
      XPENDING s g
      @ XPENDING s g - + 10
      XREADGROUP GROUP g bob COUNT 2 STREAMS s >
      XREADGROUP GROUP g ann COUNT 1 STREAMS s >
      XREADGROUP GROUP g bob COUNT 1 STREAMS s >
      XPENDING s g
      @ XPENDING s g - + 10
      @ XPENDING s g - + 2
      XPENDING s g - + 0
      XPENDING s g - + -3
      @ XPENDING s g 2 3 10
      @ XPENDING s g (1 (3 10
      @ XPENDING s g 2 + 10 bob
      XPENDING s g - + 10 nobody
      XPENDING s g IDLE 100000 - + 10
      @ XPENDING s g IDLE 0 - + 10
      @ XPENDING s g idle 0 - + 10 ann
      XPENDING s g IDLE 100000 - + 10 ann
      XPENDING s g IDLE x - + 10
      XPENDING s g IDLE 1 - +
      XPENDING s g IDLE 1 -
      XPENDING s g - +
      XPENDING s g -
      XPENDING s g - + x
      XPENDING s g x + 10
      XPENDING s g - x 10
      XPENDING s g (${LAST}-${LAST} + 10
      XPENDING s g - (0-0 10
      @ XPENDING s g - + 10 ann bob
      @ XPENDING s g - + 10 ann bob eve
      XPENDING s nobody
      XPENDING nothing g
      XPENDING nothing g - + x
      XPENDING s
      SET string x
      XPENDING string g
    `,

    XCLAIM: script`
      XADD s 1 a 1
      XADD s 2 a 1 b 2
      XADD s 3 a 1
      XADD s 4 a 1
      XGROUP CREATE s g 0
      XREADGROUP GROUP g ann COUNT 3 STREAMS s >
      XCLAIM s g bob 0 1
      XCLAIM s g bob 0 2 7 3 JUSTID
      XCLAIM s g bob 100000 1 2
      XCLAIM s g bob 0 4
      XCLAIM s g bob 0 4 FORCE
      XCLAIM s g bob 0 9 FORCE
      XPENDING s g
      XCLAIM s g ann 0 1 TIME 1000 RETRYCOUNT 7 JUSTID
      XCLAIM s g ann 0 2 idle 100000 retrycount 0
      XCLAIM s g ann 0 3 LASTID 9 JUSTID
      XINFO GROUPS s
      XCLAIM s g ann 0 3 LASTID 2 JUSTID
      XINFO GROUPS s
      XCLAIM s g ann 0 LASTID 50
      XINFO GROUPS s
      XCLAIM s g eve 90000 1 2 3 JUSTID
      XCLAIM s g eve 90000 1 2 3 JUSTID
      XDEL s 2
      XCLAIM s g bob 0 2 3
      XPENDING s g
      XCLAIM s g bob 0 1 TIME -5 IDLE -5
      XCLAIM s g bob 0 1 TIME 99999999999999 JUSTID
      XCLAIM s g bob -5 1 JUSTID
      XCLAIM s g bob x 1
      XCLAIM s g bob 0 x
      XCLAIM s g bob 0 1 x
      XCLAIM s g bob 0 1 TIME
      XCLAIM s g bob 0 1 TIME x
      XCLAIM s g bob 0 1 IDLE x
      XCLAIM s g bob 0 1 RETRYCOUNT x
      XCLAIM s g bob 0 1 LASTID x
      XCLAIM s g bob 0 1 FORCE 2
      XCLAIM s g bob 0 1 RETRYCOUNT -1 JUSTID
      XCLAIM s nobody bob x 1
      XCLAIM nothing g bob 0 1
      XCLAIM s g bob 0
      SET string x
      XCLAIM string g bob x 1
      @ XPENDING s g - + 10
    `,

    XAUTOCLAIM: script`
      XADD s 1 a 1
      XADD s 2 a 1
      XADD s 3 a 1
      XADD s 4 a 1
      XADD s 5 a 1
      XGROUP CREATE s g 0
      XREADGROUP GROUP g ann STREAMS s >
      XAUTOCLAIM s g bob 100000 -
      XAUTOCLAIM s g bob 0 - COUNT 2
      XAUTOCLAIM s g bob 0 2-1 COUNT 1 JUSTID
      XAUTOCLAIM s g bob 0 (3 justid
      XAUTOCLAIM s g bob 0 9
      XDEL s 2 4
      XAUTOCLAIM s g eve 0 0 COUNT 2
      XAUTOCLAIM s g eve 0 - COUNT 3 JUSTID
      XAUTOCLAIM s g eve 0 -
      XPENDING s g
      XDEL s 1 3 5
      XAUTOCLAIM s g eve 0 - COUNT 1
      XAUTOCLAIM s g eve 100000 -
      XPENDING s g
      XAUTOCLAIM s g eve 0 -
      XAUTOCLAIM s g bob x -
      XAUTOCLAIM s g bob -1 -
      XAUTOCLAIM s g bob 0 x
      XAUTOCLAIM s g bob 0 (${LAST}-${LAST}
      XAUTOCLAIM s g bob 0 - COUNT 0
      XAUTOCLAIM s g bob 0 - COUNT -1
      XAUTOCLAIM s g bob 0 - COUNT x
      XAUTOCLAIM s g bob 0 - COUNT 9223372036854775807
      XAUTOCLAIM s g bob 0 - COUNT
      XAUTOCLAIM s g bob 0 - NONSENSE
      XAUTOCLAIM s nobody bob 0 -
      XAUTOCLAIM nothing g bob 0 -
      XAUTOCLAIM nothing g bob 0 - NONSENSE
      XAUTOCLAIM s g bob 0
      SET string x
      XAUTOCLAIM string g bob 0 -
      XAUTOCLAIM string g bob x -
    `,

    "entries read and lag": script`
      XGROUP CREATE s g 0 MKSTREAM
      XGROUP CREATE s h $
      XINFO GROUPS s
      XADD s 1 a 1
      XADD s 2 a 1
      XADD s 3 a 1
      XADD s 4 a 1
      XADD s 5 a 1
      XINFO GROUPS s
      XREADGROUP GROUP g ann COUNT 1 STREAMS s >
      XINFO GROUPS s
      XGROUP CREATE s i 2
      XGROUP CREATE s j 5
      XGROUP CREATE s k 1
      XGROUP CREATE s l 7
      XINFO GROUPS s
      XDEL s 3
      XINFO GROUPS s
      XREADGROUP GROUP g ann COUNT 1 STREAMS s >
      XREADGROUP GROUP i ann COUNT 1 STREAMS s >
      XREADGROUP GROUP k ann COUNT 1 STREAMS s >
      XINFO GROUPS s
      XREADGROUP GROUP g ann COUNT 1 STREAMS s >
      XREADGROUP GROUP i ann COUNT 1 STREAMS s >
      XREADGROUP GROUP k ann COUNT 1 STREAMS s >
      XINFO GROUPS s
      XREADGROUP GROUP g ann COUNT 1 STREAMS s >
      XINFO GROUPS s
      XTRIM s MAXLEN 2
      XINFO GROUPS s
      XADD s 6 a 1
      XINFO GROUPS s
      XREADGROUP GROUP g ann STREAMS s >
      XREADGROUP GROUP k ann STREAMS s >
      XINFO GROUPS s
      XTRIM s MAXLEN 0
      XINFO GROUPS s
      XADD s 9 a 1
      XINFO GROUPS s
      XSETID s 20 ENTRIESADDED 100 MAXDELETEDID 10
      XINFO GROUPS s
      XREADGROUP GROUP l ann STREAMS s >
      XREADGROUP GROUP i ann STREAMS s >
      XINFO GROUPS s
      XGROUP SETID s g 20 ENTRIESREAD 300
      XINFO GROUPS s
    `,

    "XINFO on consumers": script`
      XADD s 1 a 1
      XADD s 2 a 1
      XADD s 3 a 1
      XGROUP CREATE s g 0
      XGROUP CREATE s empty 2
      @ XINFO CONSUMERS s g
      XREADGROUP GROUP g bob COUNT 2 STREAMS s >
      XREADGROUP GROUP g ann STREAMS s >
      XGROUP CREATECONSUMER s g cat
      @ XINFO CONSUMERS s g
      @ XINFO STREAM s FULL
      @ XINFO STREAM s FULL COUNT 1
      @ XINFO STREAM s full count 0
      @ XINFO STREAM s FULL COUNT -7
      XACK s g 2 3
      @ XINFO CONSUMERS s g
      @ XINFO STREAM s FULL
      XINFO CONSUMERS s nobody
    `,

    "who asks becomes a consumer": script`
      XGROUP CREATE s g 0 MKSTREAM
      XREADGROUP GROUP g ann STREAMS s >
      XGROUP CREATECONSUMER s g ann
      = consumer-made :0
      XADD s 1 a 1
      XREADGROUP GROUP g ann STREAMS s >
      XCLAIM s g bob 0 7
      XAUTOCLAIM s g cat 99999 -
      XGROUP CREATECONSUMER s g bob
      = consumer-made :0
      XGROUP CREATECONSUMER s g cat
      = consumer-made :0
      XINFO GROUPS s
    `,

    "XINFO STREAM FULL without groups": script`
      XADD s 1 a 1
      XADD s 2 a 1
      XADD s 3 a 1
      @ XINFO STREAM s FULL
      XINFO STREAM s FULL COUNT x
      XINFO STREAM s FULL COUNT
      XINFO STREAM s FULL NONSENSE 2
      XINFO STREAM s NONSENSE
      XINFO STREAM s COUNT 2 FULL
      XINFO STREAM s FULL COUNT 2 3
      XINFO STREAM nothing FULL
      XINFO GROUPS nothing
      XINFO GROUPS s
      XINFO GROUPS s x
      XINFO GROUPS
      XINFO CONSUMERS s g
      XINFO CONSUMERS nothing g
      XINFO CONSUMERS s
      SET string x
      XINFO GROUPS string
      XINFO CONSUMERS string g
      XINFO NONSENSE s
    `,

    "waiting for entries of a group": script`
      XGROUP CREATE s g $ MKSTREAM
      XGROUP CREATE t g $ MKSTREAM
      XGROUP CREATE s h $
      w>> XREADGROUP GROUP g ann BLOCK 0 STREAMS s >
      x>> XREADGROUP GROUP g bob BLOCK 0 COUNT 1 STREAMS t s > >
      y>> XREADGROUP GROUP h cat BLOCK 0 NOACK STREAMS s >
      XADD s 1 a 1
      w<
      x-
      y<
      XADD s 2 a 1
      x<
      w>> XREADGROUP GROUP g ann BLOCK 0 STREAMS t >
      XADD t 1 a 1
      w<
      w>> XREADGROUP GROUP g ann BLOCK 40 STREAMS t >
      w<
      XPENDING s g
      XPENDING t g
      XPENDING s h
      XACK s g 1 2
      XINFO GROUPS s
      MULTI
      XREADGROUP GROUP g ann BLOCK 0 STREAMS t >
      EXEC
    `,

    "who waits for a group is told when it goes": script`
      XGROUP CREATE s g $ MKSTREAM
      w>> XREADGROUP GROUP g ann BLOCK 0 STREAMS s >
      DEL s
      w<
      = stream-gone -NOGROUP the stream key no longer exists
      XGROUP CREATE s g $ MKSTREAM
      w>> XREADGROUP GROUP g ann BLOCK 0 STREAMS s >
      SET s x
      w<
      = stream-gone -WRONGTYPE the stream key no longer exists
      DEL s
      XGROUP CREATE s g $ MKSTREAM
      w>> XREADGROUP GROUP g ann BLOCK 0 STREAMS s >
      XGROUP DESTROY s g
      w<
      XGROUP CREATE s g $
      w>> XREADGROUP GROUP g ann BLOCK 0 STREAMS s >
      RENAME s t
      w<
      = stream-gone -NOGROUP the stream key no longer exists
      XGROUP CREATE s g $ MKSTREAM
      XADD u 1 a 1
      w>> XREADGROUP GROUP g ann BLOCK 0 STREAMS s >
      RENAME u s
      w<
      XGROUP CREATE s g $
      w>> XREADGROUP GROUP g ann BLOCK 0 STREAMS s >
      PEXPIRE s 1
      wait 20
      EXISTS s
      w<
      = stream-gone -NOGROUP the stream key no longer exists
      XGROUP CREATE s g $ MKSTREAM
      w>> XREADGROUP GROUP g ann BLOCK 0 STREAMS s >
      PEXPIRE s 1
      w<
      = stream-gone -NOGROUP the stream key no longer exists
      XGROUP CREATE s g $ MKSTREAM
      w>> XREADGROUP GROUP g ann BLOCK 0 STREAMS s >
      FLUSHALL
      w<
      = stream-gone -NOGROUP the stream key no longer exists
      XGROUP CREATE s g $ MKSTREAM
      w>> XREADGROUP GROUP g ann BLOCK 0 STREAMS s >
      SWAPDB 0 1
      w<
      = stream-gone -NOGROUP the stream key no longer exists
      SWAPDB 0 1
      XGROUP CREATE s g $ MKSTREAM
      w>> XREADGROUP GROUP g ann BLOCK 0 STREAMS s >
      MULTI
      DEL s
      XGROUP CREATE s g $ MKSTREAM
      XADD s 7 a 1
      EXEC
      w<
    `,

    "a group's entries come in every way in which a key appears": script`
      XGROUP CREATE s g $ MKSTREAM
      XGROUP CREATE t g 0 MKSTREAM
      XADD t 5 a 1
      w>> XREADGROUP GROUP g ann BLOCK 0 STREAMS s >
      RENAME t s
      w<
      XGROUP CREATE t g 0 MKSTREAM
      XADD t 6 a 1
      XTRIM s MAXLEN 0
      w>> XREADGROUP GROUP g ann BLOCK 0 STREAMS s >
      COPY t s REPLACE
      w<
      w>> XREADGROUP GROUP g ann BLOCK 0 STREAMS s >
      XDEL s 6
      w-
      XGROUP SETID s g 0
      w-
      XADD s 7 a 1
      w<
    `,

    "WATCH is told of entries, and not of groups": script`
      XGROUP CREATE s g 0 MKSTREAM
      XADD s 1 a 1
      WATCH s
      x> XREADGROUP GROUP g ann STREAMS s >
      x> XACK s g 1
      x> XGROUP CREATE s h 0
      x> XGROUP CREATECONSUMER s h ann
      x> XGROUP SETID s h $
      x> XGROUP DELCONSUMER s h ann
      x> XGROUP DESTROY s h
      MULTI
      PING
      EXEC
      WATCH s t
      x> XGROUP CREATE t h 0 MKSTREAM
      MULTI
      PING
      EXEC
    `,
  },
  { profiles: EVERY_ENCODING },
);
