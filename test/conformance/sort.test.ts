// SORT: orders, limits, patterns, storing. (No number that is out of range: after one, redis-server
// refuses sound ones as well, as its errno stays set.)

import { family, script } from "../support/scenario.ts";

family("sort", {
  "by what the elements say": script`
    RPUSH l 3 1 2 10 -1 1.5 1
    SORT l
    SORT l DESC
    SORT l ALPHA
    SORT l ALPHA DESC
    SORT l ASC DESC ASC
    SORT l LIMIT 1 2
    SORT l LIMIT -1 2
    SORT l LIMIT 2 -1
    SORT l LIMIT 100 2
    SORT l LIMIT 0 0
    SORT l LIMIT a 1
    SORT l LIMIT 1
    SORT l BOGUS
    SORT l BY
    SORT nothing
    SORT nothing BY x* GET y*
    SORT_RO l
    SORT_RO l STORE x
    RPUSH words b a C "" "\x00" "\xff" a
    SORT words
    SORT words ALPHA
    RPUSH odd " 1" 0x10 inf -inf 1e3
    SORT odd
    RPUSH spelt 5 05 5.0 +5 -7 5 -07 0 -0 00 9007199254740993 9007199254740992 300 3e2
    SORT spelt
    SORT spelt DESC
    SORT spelt BY nosort
    SORT spelt BY nosort DESC
    SORT spelt STORE stored
    LRANGE stored 0 -1
    RPUSH blank ""
    SORT blank
    RPUSH blank " "
    SORT blank
    SADD s 3 1 2 30
    SORT s DESC
    ZADD z 5 3 4 1 3 2
    SORT z
    SORT z BY nosort
    SORT z BY nosort DESC LIMIT 0 2
    SORT l BY nosort
    SORT l BY nosort DESC LIMIT 1 2
    SET string x
    SORT string
    SORT string BOGUS
    HSET h a 1
    SORT h
  `,

  "by what other keys say": script`
    RPUSH l 1 2 3 4
    MSET w:1 40 w:2 30 w:3 x w:4 10
    SORT l BY w:*
    SET w:3 20
    SORT l BY w:*
    SORT l BY w:* GET # GET w:* GET nothing:* GET none
    DEL w:2
    SORT l BY w:* DESC
    SORT l BY w:* ALPHA
    HSET h:1 f c g 1
    HSET h:2 f b
    HSET h:3 f a
    SORT l BY h:*->f ALPHA
    SORT l BY h:*->f ALPHA GET h:*->g GET h:*->
    SORT l BY h:*->none GET #
    SORT l GET h:*
    SORT l GET w:*->f
    SORT l GET *
    RPUSH w:9 x
    RPUSH l 9
    SORT l BY w:* GET w:*
    SORT l BY #
    SORT l BY h:*->f*
    SORT l GET "h:*->f" LIMIT 0 2
  `,

  storing: script`
    RPUSH l 3 1 2
    SORT l STORE to
    LRANGE to 0 -1
    TYPE to
    SORT l DESC STORE l
    LRANGE l 0 -1
    MSET w:1 one w:3 three
    SORT l GET w:* GET # STORE to
    LRANGE to 0 -1
    SORT nothing STORE to
    EXISTS to
    SORT l STORE a STORE b
    EXISTS a b
    SADD s b a c
    SORT s BY nosort STORE to
    LRANGE to 0 -1
    SET string x
    SORT l STORE string
    TYPE string
    b>> BLPOP waits 0
    SORT l STORE waits
    b<
  `,
});
