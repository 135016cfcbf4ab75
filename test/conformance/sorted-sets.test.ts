// Sorted sets: members and scores, ranges, taking off the ends, waiting, algebra.

import { EVERY_ENCODING, family, script } from "../support/scenario.ts";

const LONG = "x".repeat(100);

family(
  "sorted sets",
  {
    "ZADD, its options and their errors": script`
      ZADD z 1 a 2 b 3 c
      ZADD z 5 a 6 d
      ZADD z CH 5 a 7 b 8 e
      ZADD z NX 9 a 9 f
      ZADD z XX 10 a 10 g
      ZADD z XX CH 11 a 10 g
      ZADD z GT CH 1 a 20 b
      ZADD z LT CH 1 a 30 b
      ZADD z GT XX CH 100 nothing 100 a
      ZADD z INCR 5 a
      ZADD z INCR NX 5 a
      ZADD z INCR XX 5 nothing
      ZADD z INCR GT -5 a
      ZADD z INCR LT 5 a
      ZADD z incr ch xx -1 a
      ZRANGE z 0 -1 WITHSCORES
      ZADD nothing XX 1 a
      ZADD nothing XX INCR 1 a
      EXISTS nothing
      ZADD z NX XX 1 a
      ZADD z GT LT 1 a
      ZADD z GT NX 1 a
      ZADD z LT NX 1 a
      ZADD z INCR 1 a 2 b
      ZADD z NX XX
      ZADD z 1
      ZADD z 1 a 2
      ZADD z a 1
      ZADD z nan a
      ZADD z 1 a x b
      ZADD z BOGUS 1 a
      ZADD z 1e400 a
      ZADD
      ZADD z
      ZADD z 1 a inf b -inf c +inf d
      ZADD z INCR -inf b
      ZADD z INCR +inf b
      ZINCRBY z -inf d
      ZINCRBY z 1 a
      ZINCRBY z 1 new
      ZINCRBY z x a
      ZINCRBY z CH a
      ZINCRBY z nx gt
      ZINCRBY z 1
      ZINCRBY other 2.5 a
      ZRANGE z 0 -1 WITHSCORES
      SET s x
      ZADD s 1 a
      ZINCRBY s 1 a
      ZSCORE s a
    `,

    "members of any bytes, and scores of any kind": script`
      ZADD z 1 "" 2 "\x00" 3 "\xff\r\n" 4 ${LONG} -5 17 0.5 018
      ZRANGE z 0 -1 WITHSCORES
      OBJECT ENCODING z
      ZSCORE z ""
      ZSCORE z 17
      ZSCORE z 018
      ZSCORE z 18
      ZSCORE z ${LONG}
      ZMSCORE z 17 nothing "\x00"
      ZMSCORE nothing a b
      ZSCORE nothing a
      ZADD n 0.5 a -0.5 b 1e3 c 0x10 d 3.0 e 1000000 f 4503599627370496 g -0.0625 h
      ZRANGE n 0 -1 WITHSCORES
      ZADD same 0 b 0 a 0 c 0 B 0 "" 0 aa
      ZRANGE same 0 -1
      ZREM z "" 17 nothing
      ZREM z
      ZREM nothing a
      ZCARD z
      ZCARD nothing
      ZREM z "\x00" "\xff\r\n" ${LONG} 018
      EXISTS z
    `,

    "rank and count": script`
      ZADD z 1 a 2 b 2 c 3 d inf e
      ZRANK z a
      ZRANK z c
      ZRANK z e
      ZRANK z nothing
      ZRANK nothing a
      ZREVRANK z a
      ZREVRANK z e
      ZREVRANK z nothing
      ZCOUNT z 2 3
      ZCOUNT z (2 3
      ZCOUNT z 2 (3
      ZCOUNT z -inf +inf
      ZCOUNT z (3 (inf
      ZCOUNT z 5 1
      ZCOUNT z x 1
      ZCOUNT z 1 (x
      ZCOUNT z nan 1
      ZCOUNT z "" 2
      ZCOUNT z "(" 2
      ZCOUNT z " 2" 2
      ZCOUNT z 1e400 2e400
      ZCOUNT nothing 1 2
      ZCOUNT z 1
      ZRANK z
    `,

    "ranges by rank": script`
      ZADD z 1 a 2 b 3 c 4 d 5 e
      ZRANGE z 0 -1
      ZRANGE z 1 2
      ZRANGE z -2 -1
      ZRANGE z -100 100
      ZRANGE z 3 1
      ZRANGE z 5 9
      ZRANGE z 0 1 WITHSCORES
      ZRANGE z 0 1 REV
      ZRANGE z 0 1 REV WITHSCORES
      ZREVRANGE z 0 1
      ZREVRANGE z -2 -1 WITHSCORES
      ZRANGE z 0 1 REV REV
      ZRANGE z 0 1 LIMIT 0 1
      ZRANGE z 0 1 LIMIT 0 -1
      ZRANGE z a 1
      ZRANGE z 0 1.5
      ZRANGE z 0 1 BOGUS
      ZRANGE z 0 1 LIMIT 1
      ZRANGE z 0 1 LIMIT a b BYSCORE
      ZRANGE nothing 0 -1
      ZRANGE nothing a b
      ZREVRANGE z 0 1 REV
      ZREVRANGE z 0 1 BYLEX
      ZREVRANGE z 0
    `,

    "ranges by score": script`
      ZADD z -inf a 1 b 2 c 2 d 3.5 e +inf f
      ZRANGEBYSCORE z -inf +inf
      ZRANGEBYSCORE z (-inf (+inf WITHSCORES
      ZRANGEBYSCORE z 2 2
      ZRANGEBYSCORE z (2 2
      ZRANGEBYSCORE z 1 3 LIMIT 1 1
      ZRANGEBYSCORE z 1 3 LIMIT 1 -1
      ZRANGEBYSCORE z 1 3 LIMIT 0 0
      ZRANGEBYSCORE z 1 3 LIMIT -1 2
      ZRANGEBYSCORE z 1 3 LIMIT 9 2
      ZRANGEBYSCORE z 1 3 LIMIT 0 1 LIMIT 1 1
      ZRANGEBYSCORE z 1 3 LIMIT 0 1 WITHSCORES
      ZREVRANGEBYSCORE z +inf -inf WITHSCORES
      ZREVRANGEBYSCORE z (3.5 1 LIMIT 1 2
      ZREVRANGEBYSCORE z 1 3
      ZRANGE z 1 (3.5 BYSCORE
      ZRANGE z (3.5 1 BYSCORE REV
      ZRANGE z (3.5 1 REV BYSCORE LIMIT 0 1 WITHSCORES
      ZRANGE z 1 2 BYSCORE BYSCORE
      ZRANGE z 1 2 BYSCORE BYLEX
      ZRANGEBYSCORE z a 1
      ZRANGEBYSCORE z 1 2 LIMIT 0
      ZRANGEBYSCORE z 1 2 BYSCORE
      ZRANGEBYSCORE nothing 1 2
      ZRANGEBYSCORE z 1
    `,

    "ranges of members": script`
      ZADD z 0 a 0 b 0 bb 0 c 0 "" 0 d
      ZRANGEBYLEX z - +
      ZRANGEBYLEX z [b (c
      ZRANGEBYLEX z (b [c
      ZRANGEBYLEX z [aa +
      ZRANGEBYLEX z + -
      ZRANGEBYLEX z - -
      ZRANGEBYLEX z + +
      ZRANGEBYLEX z ( [b
      ZRANGEBYLEX z [ [b
      ZRANGEBYLEX z - + LIMIT 1 2
      ZRANGEBYLEX z - + WITHSCORES
      ZREVRANGEBYLEX z + - LIMIT 0 2
      ZREVRANGEBYLEX z (c [a
      ZRANGE z [a [bb BYLEX
      ZRANGE z [bb [a BYLEX REV
      ZRANGE z - + BYLEX WITHSCORES
      ZLEXCOUNT z - +
      ZLEXCOUNT z (a [c
      ZLEXCOUNT z [c (a
      ZLEXCOUNT nothing - +
      ZLEXCOUNT z a +
      ZRANGEBYLEX z a b
      ZRANGEBYLEX z - ""
      ZRANGEBYLEX z -1 +
      ZREMRANGEBYLEX z [b [bb
      ZREMRANGEBYLEX z x y
      ZREMRANGEBYLEX nothing - +
      ZREMRANGEBYLEX z - +
      EXISTS z
    `,

    "storing and removing ranges": script`
      ZADD z 1 a 2 b 3 c 4 d 5 e
      ZRANGESTORE y z 1 -2
      ZRANGE y 0 -1 WITHSCORES
      ZRANGESTORE y z (1 3 BYSCORE LIMIT 1 1
      ZRANGE y 0 -1 WITHSCORES
      ZRANGESTORE y z 0 1 REV
      ZRANGE y 0 -1
      ZRANGESTORE y z 5 9
      EXISTS y
      ZRANGESTORE y nothing 0 -1
      ZRANGESTORE y z 0 -1 WITHSCORES
      ZRANGESTORE z z 0 2
      ZRANGE z 0 -1
      SET s x
      ZRANGESTORE y s 0 -1
      ZRANGESTORE s z 0 0
      TYPE s
      ZADD z 4 d 5 e 6 f
      ZREMRANGEBYRANK z 1 1
      ZREMRANGEBYRANK z -1 -1
      ZREMRANGEBYRANK z 9 10
      ZREMRANGEBYRANK z a 1
      ZREMRANGEBYSCORE z (1 3
      ZREMRANGEBYSCORE z x 3
      ZREMRANGEBYSCORE nothing 1 2
      ZRANGE z 0 -1
      ZREMRANGEBYRANK z 0 -1
      EXISTS z
    `,

    "taking off the ends": script`
      ZADD z 1 a 2 b 3 c 4 d 5 e 6 f
      ZPOPMIN z
      ZPOPMAX z
      ZPOPMIN z 2
      ZPOPMAX z 0
      ZPOPMIN z -1
      ZPOPMIN z a
      ZPOPMIN z 1 2
      ZPOPMIN nothing
      ZPOPMIN nothing 0
      ZPOPMAX nothing 2
      ZPOPMAX z 99
      EXISTS z
      ZADD z 1 a 2 b 3 c
      ZMPOP 2 nothing z MIN
      ZMPOP 1 z MAX COUNT 5
      ZMPOP 1 z MIN
      ZMPOP 0 z MIN
      ZMPOP a z MIN
      ZMPOP 2 z MIN
      ZMPOP 1 z MID
      ZMPOP 1 z MIN COUNT 0
      ZMPOP 1 z MIN COUNT
      ZMPOP 1 z MIN COUNT 1 COUNT 2
      ZMPOP 1 z
      SET s x
      ZPOPMIN s
      ZPOPMIN s 0
      ZMPOP 1 s MIN
      BZPOPMIN s 0
      ZADD z 1 a 2 b 3 c
      BZPOPMIN nothing z 0
      BZPOPMAX z 0
      BZMPOP 0 1 z MIN COUNT 2
      BZPOPMIN z 0.01
      BZMPOP 0.01 1 z MAX
      BZPOPMIN z -1
      BZPOPMIN z a
      BZMPOP -1 1 z MIN
      BZMPOP a 0 z MIN
      MULTI
      BZPOPMIN z 0
      EXEC
    `,

    waiting: script`
      b>> BZPOPMIN z 0
      c>> BZPOPMAX z y 0
      ZADD z 1 a 2 b 3 c
      b<
      c<
      ZRANGE z 0 -1
      DEL z
      b>> BZMPOP 0 2 y z MAX COUNT 2
      ZADD x 1 a 2 b 3 c
      RENAME x z
      b<
      DEL z
      b>> BZPOPMIN z 0
      c>> BLPOP z 0
      RPUSH z element
      c<
      ZADD z 1 a
      DEL z
      ZADD z 1 a
      b<
      DEL z
      b>> BZPOPMIN z 0
      MULTI
      ZADD z 1 a
      DEL z
      EXEC
      b-
      MULTI
      ZADD z 1 a
      ZADD z 0 b
      EXEC
      b<
      DEL z
      b>> BZPOPMIN z 0
      ZADD x 5 a 6 b
      ZUNIONSTORE z 1 x
      b<
      DEL z
      b>> BZPOPMAX z 0
      ZRANGESTORE z x 0 -1
      b<
      DEL z
      b>> BZPOPMAX z 0
      COPY x z
      b<
    `,

    algebra: script`
      ZADD x 1 a 2 b 3 c
      ZADD y 10 b 20 c 30 d
      SADD s b c z
      ZUNION 2 x y
      ZUNION 2 x y WITHSCORES
      ZUNION 2 x y WEIGHTS 2 0.5 WITHSCORES
      ZUNION 2 x y AGGREGATE MIN WITHSCORES
      ZUNION 2 x y AGGREGATE MAX WEIGHTS 20 1 WITHSCORES
      ZUNION 3 x s nothing WITHSCORES
      ZUNION 2 x x WITHSCORES
      ZINTER 2 x y WITHSCORES
      ZINTER 2 x s WITHSCORES WEIGHTS 1 3
      ZINTER 2 x nothing
      ZINTER 1 s WITHSCORES
      ZINTER 2 x x WITHSCORES WEIGHTS 2 3
      ZDIFF 2 x y WITHSCORES
      ZDIFF 2 x x
      ZDIFF 2 nothing x
      ZDIFF 3 x s nothing WITHSCORES
      ZDIFF 2 x y WEIGHTS 1 2
      ZINTERCARD 2 x y
      ZINTERCARD 2 x y LIMIT 1
      ZINTERCARD 2 x y LIMIT 0
      ZINTERCARD 2 x y LIMIT -1
      ZINTERCARD 2 x y LIMIT
      ZINTERCARD 0 x
      ZINTERCARD a x
      ZINTERCARD 2 x nothing
      ZUNIONSTORE to 2 x y WEIGHTS 1 2
      ZRANGE to 0 -1 WITHSCORES
      ZINTERSTORE to 2 x y AGGREGATE MAX
      ZRANGE to 0 -1 WITHSCORES
      ZDIFFSTORE to 2 x y
      ZRANGE to 0 -1 WITHSCORES
      ZINTERSTORE to 2 x nothing
      EXISTS to
      ZUNIONSTORE x 2 x y
      ZRANGE x 0 -1 WITHSCORES
      ZUNION 0 x
      ZUNION a x
      ZUNION 3 x y
      ZUNION 2 x y WEIGHTS 1
      ZUNION 2 x y WEIGHTS 1 a
      ZUNION 2 x y AGGREGATE AVG
      ZUNION 2 x y BOGUS
      ZUNIONSTORE to 2 x y WITHSCORES
      ZUNIONSTORE to 0 x
      SET t x
      ZUNION 2 x t
      ZUNION 2 t x BOGUS
      ZINTERSTORE t 1 x
      TYPE t
      ZADD i inf a -inf b
      ZADD j -inf a 1 b
      ZUNION 2 i j WITHSCORES
      ZUNION 2 i j WEIGHTS 0 1 WITHSCORES
      ZINTER 2 i j WITHSCORES AGGREGATE MIN
    `,

    "a draw and a walk": script`
      ZADD one 1 a
      ZRANDMEMBER one
      ZRANDMEMBER one 5
      ZRANDMEMBER one -2
      ZRANDMEMBER one 5 WITHSCORES
      ZRANDMEMBER one -2 WITHSCORES
      ZRANDMEMBER one 0
      ZRANDMEMBER one a
      ZRANDMEMBER one 1 BOGUS
      ZRANDMEMBER one 1 WITHSCORES 1
      ZRANDMEMBER one 4611686018427387904 WITHSCORES
      ZRANDMEMBER one -9223372036854775808
      ZRANDMEMBER nothing
      ZRANDMEMBER nothing 2
      ZSCAN one 0
      ZSCAN one 0 MATCH b*
      ZSCAN one 0 COUNT 0
      ZSCAN one a
      ZSCAN nothing 0
      SET s x
      ZSCAN s 0
      ZRANDMEMBER s
    `,
  },
  { profiles: EVERY_ENCODING },
);

family("sorted sets as they are spelled since Redis 7.2", {
  "ranks with scores": script`
    ZADD z 1 a 2 b
    ZRANK z b WITHSCORE
      =2 zrank-withscore [:1, "2"]
      =3 zrank-withscore [:1, ,2]
    ZREVRANK z nothing WITHSCORE
      =2 zrank-withscore *-1
      =3 zrank-withscore _
    ZRANK z a BOGUS
      = zrank-withscore -ERR syntax error
    ZRANK z a WITHSCORE 1
  `,
  "numbers with fractions": script`
    ZADD z 0.1 a
      # What is stored is the same.
    ZSCORE z a
      =2 shortest-doubles "0.1"
      =3 shortest-doubles ,0.1
    ZINCRBY z 0.2 a
      =2 shortest-doubles "0.30000000000000004"
      =3 shortest-doubles ,0.30000000000000004
  `,
});
