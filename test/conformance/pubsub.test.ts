// Publish and subscribe: RESP2's subscribed mode, RESP3's pushes.

import { family, script } from "../support/scenario.ts";

family("publish and subscribe", {
  "messages reach subscribers in order": script`
    SUBSCRIBE ch
    b> PUBLISH ch one
    a<
    b> PUBLISH ch "\x00two\r\n"
    a<
    b> PUBLISH other three
    a-
    SUBSCRIBE x y
    a<
    b> PUBLISH y four
    a<
    UNSUBSCRIBE ch
    b> PUBLISH ch five
    a-
    SUBSCRIBE x
    UNSUBSCRIBE nothing
    SUBSCRIBE
    UNSUBSCRIBE x y
    a<
    b> PUBLISH x six
  `,

  "UNSUBSCRIBE without channels leaves all": script`
    UNSUBSCRIBE
    PUNSUBSCRIBE
    SUBSCRIBE ch
    UNSUBSCRIBE
    PSUBSCRIBE a*
    PUNSUBSCRIBE
    SUBSCRIBE one
    PSUBSCRIBE p*
    UNSUBSCRIBE
    PUNSUBSCRIBE
    GET k
  `,

  "a client that is not replied to hears of its subscriptions": script`
    a>> CLIENT REPLY SKIP
    SUBSCRIBE x
    a>> CLIENT REPLY SKIP
    UNSUBSCRIBE
    UNSUBSCRIBE
    a>> CLIENT REPLY SKIP
    a>> SUBSCRIBE
    a>> CLIENT REPLY OFF
    SUBSCRIBE y z
    a<
    PSUBSCRIBE p*
    b> PUBLISH z hi
    a<
    UNSUBSCRIBE y
    PUNSUBSCRIBE
    UNSUBSCRIBE
    a>> MULTI
    a>> SUBSCRIBE w
    a>> PING
    EXEC
    UNSUBSCRIBE
    CLIENT REPLY ON
    PING
  `,

  "shard channels": script`
    SSUBSCRIBE a b
    a<
    b> SPUBLISH a hi
    a<
    b> SPUBLISH c hi
    b> PUBLISH a hi
    a-
    SUBSCRIBE a
    PSUBSCRIBE *
    b> SPUBLISH a hi
    a<
    a-
    b> ~ PUBSUB SHARDCHANNELS
    b> PUBSUB SHARDCHANNELS b*
    b> PUBSUB SHARDCHANNELS b c
    b> PUBSUB SHARDNUMSUB a c
    b> PUBSUB CHANNELS
    b> PUBSUB NUMPAT
    UNSUBSCRIBE
    PUNSUBSCRIBE
    SUNSUBSCRIBE a c
    a<
    SUNSUBSCRIBE
    SUNSUBSCRIBE
    PING
    b> PUBSUB SHARDCHANNELS
    SSUBSCRIBE
    SPUBLISH a
    MULTI
    SSUBSCRIBE a
    SPUBLISH a x
    SUNSUBSCRIBE
    EXEC
    SSUBSCRIBE z
    RESET
    b> PUBSUB SHARDNUMSUB z
    b> COMMAND GETKEYS SPUBLISH a b
    b> COMMAND GETKEYSANDFLAGS SSUBSCRIBE a b
    c> SSUBSCRIBE z
    CLIENT KILL TYPE pubsub
    c<
  `,

  patterns: script`
    PSUBSCRIBE news.* h?llo [ab]c
    a<
    a<
    b> PUBLISH news.sport goal
    a<
    b> PUBLISH hello hi
    a<
    b> PUBLISH ac x
    a<
    b> PUBLISH cc x
    a-
    SUBSCRIBE news.sport
    b> PUBLISH news.sport both
    a<
    a<
    PSUBSCRIBE news.*
    PUNSUBSCRIBE news.*
    PUNSUBSCRIBE never
    b> PUBLISH news.sport one
    a<
    a-
    PSUBSCRIBE
    c> PSUBSCRIBE *
    b> PUBLISH "" empty
    c-
    b> PUBLISH any thing
    c<
  `,

  "what a subscribed client may say": script`
    SUBSCRIBE ch
    PING
    PING hello
    PING a b
    GET k
    SET k v
    MULTI
    UNSUBSCRIBE ch
  `,

  "a subscribed client says what it may not, in RESP2's mode": script`
    SUBSCRIBE ch
    BOGUS
    CLIENT GETNAME
    RESET
    GET k
    PING
  `,

  "PUBSUB looks at channels": script`
    PUBSUB CHANNELS
    PUBSUB NUMSUB
    PUBSUB NUMPAT
    SUBSCRIBE one two
    a<
    c> SUBSCRIBE two
    d> PSUBSCRIBE p* q*
    d<
    e> PSUBSCRIBE p*
    b> ~ PUBSUB CHANNELS
    b> ~ PUBSUB CHANNELS t*
    b> PUBSUB CHANNELS nothing
    b> PUBSUB NUMSUB one two three
    b> PUBSUB NUMPAT
    b> PUBSUB BOGUS
    b> PUBSUB
    b> PUBSUB CHANNELS a b
    b> PUBSUB NUMPAT x
    b> ? PUBSUB HELP
    c.
    b> PUBSUB NUMSUB two
    d.
    b> PUBSUB NUMPAT
  `,

  "counts and arity": script`
    PUBLISH ch
    PUBLISH ch a b
    PUBLISH ch nobody
    c> SUBSCRIBE ch ch ch
    c<
    c<
    d> PSUBSCRIBE c*
    PUBLISH ch hello
    c<
    d<
    MULTI
    PUBLISH ch one
    PUBLISH ch two
    EXEC
    c<
    c<
    d<
    d<
  `,

  "channels belong to no database": script`
    SELECT 3
    SUBSCRIBE ch
    b> PUBLISH ch hello
    a<
  `,
});

family(
  "publish and subscribe in RESP3",
  {
    "a subscriber may send any command": script`
      SUBSCRIBE ch
      SET k v
      GET k
      PING
      PING hello
      b> PUBLISH ch hi
      a<
      MULTI
      GET k
      EXEC
      UNSUBSCRIBE ch
      GET k
    `,

    "a client's own message comes behind the reply": script`
      SSUBSCRIBE shard
      SPUBLISH shard x
      = push-after-reply :1
      a<
      = push-after-reply >["smessage", "shard", "x"]
      SUBSCRIBE ch
      PUBLISH ch x
      = push-after-reply :1
      a<
      = push-after-reply >["message", "ch", "x"]
      MULTI
      PUBLISH ch y
      PING
      EXEC
      = push-after-reply [:1, +PONG]
      a<
      = push-after-reply >["message", "ch", "y"]
    `,
  },
  { protocols: [3] },
);
