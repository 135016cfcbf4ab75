// Transactions: queueing, errors before and during EXEC, optimistic locks.

import { family, script } from "../support/scenario.ts";

family("transactions", {
  "MULTI queues and EXEC answers for each": script`
    MULTI
    SET x 10
    SET y 20
    GET x
    INCR x
    RPUSH l a b
    LRANGE l 0 -1
    HSET h f v
    HGETALL h
    SADD s a
    SMEMBERS s
    GET nothing
    TYPE x
    b> GET x
    EXEC
    GET x
    MULTI
    EXEC
    MULTI
    SET x 11
    DISCARD
    GET x
  `,

  "states out of order": script`
    EXEC
    DISCARD
    MULTI
    MULTI
    SET a 1
    EXEC
    GET a
    MULTI
    WATCH k
    SET a 2
    EXEC
    GET a
    MULTI
    UNWATCH
    EXEC
    MULTI 1
    EXEC 1
    EXEC
    DISCARD 1
    MULTI
    DISCARD 1
    EXEC
    MULTI
    EXEC 1
    EXEC
    DISCARD
  `,

  "an error while queueing aborts EXEC, and later commands still queue": script`
    MULTI
    SET k v
    BOGUS a b
    SET k2 v
    GET k
    EXEC
    EXISTS k k2
    MULTI
    GET
    SET k v
    EXEC
    EXISTS k
    MULTI
    BOGUS
    DISCARD
    SET k v
    MULTI
    SET k w
    EXEC
    GET k
    MULTI
    SET
    MULTI
    EXEC
    MULTI
    OBJECT BOGUS k
    EXEC
    MULTI
    CONFIG BOGUS
    EXEC
  `,

  "an error at EXEC does not stop the rest": script`
    SET s v
    MULTI
    SET a 1
    LPUSH s x
    INCR s
    SET b EX
    SET b v EX abc
    SET b 2
    SELECT 99
    EXPIRE a abc
    EXEC
    MGET a b s
  `,

  "WATCH sees every change, its own too": script`
    WATCH k
    MULTI
    SET k 1
    EXEC
    WATCH k
    b> SET k 2
    MULTI
    SET k 3
    EXEC
    GET k
    WATCH k
    SET k 4
    MULTI
    SET k 5
    EXEC
    GET k
    WATCH k
    b> SET k 6
    UNWATCH
    MULTI
    SET k 7
    EXEC
    WATCH k
    b> SET k 8
    MULTI
    DISCARD
    MULTI
    SET k 9
    EXEC
    GET k
    WATCH other k another
    b> DEL k
    MULTI
    PING
    EXEC
    WATCH k
    b> DEL k
    MULTI
    PING
    EXEC
    WATCH k
    b> GET k
    b> EXISTS k
    MULTI
    PING
    EXEC
    WATCH k k k
    WATCH
    UNWATCH x
  `,

  "WATCH and commands that change nothing": script`
    SET k v
    SADD s a
    HSET h f v
    RPUSH l a
    WATCH k
    b> SETNX k w
    MULTI
    PING
    EXEC
    WATCH s
    b> SADD s a
    b> SREM s z
    MULTI
    PING
    EXEC
    WATCH h
    b> HDEL h z
    b> HSETNX h f w
    MULTI
    PING
    EXEC
    WATCH h
    b> HSET h f v
    MULTI
    PING
    EXEC
    WATCH l
    b> LREM l 0 z
    b> LPUSHX nothing a
    MULTI
    PING
    EXEC
    WATCH l
    b> LTRIM l 0 -1
    MULTI
    PING
    EXEC
    WATCH k
    b> EXPIRE k 100
    MULTI
    PING
    EXEC
    WATCH k
    b> PERSIST k
    MULTI
    PING
    EXEC
    WATCH k
    b> PERSIST k
    MULTI
    PING
    EXEC
    WATCH k
    b> TOUCH k
    MULTI
    PING
    EXEC
    WATCH k
    b> APPEND k ""
    MULTI
    PING
    EXEC
    WATCH k
    b> SETRANGE k 0 ""
    MULTI
    PING
    EXEC
    WATCH k
    b> GETEX k
    MULTI
    PING
    EXEC
    WATCH k
    b> RENAME k k
    MULTI
    PING
    EXEC
    WATCH s
    b> SMOVE s s a
    MULTI
    PING
    EXEC
    WATCH nothing
    b> SINTERSTORE nothing none
    MULTI
    PING
    EXEC
  `,

  "WATCH, RENAME, COPY, FLUSH, SELECT": script`
    SET k v
    WATCH k
    b> RENAME k other
    MULTI
    PING
    EXEC
    WATCH k
    b> RENAME other k
    MULTI
    PING
    EXEC
    WATCH copy
    b> COPY k copy
    MULTI
    PING
    EXEC
    WATCH k
    b> FLUSHALL
    MULTI
    PING
    EXEC
    WATCH k
    b> FLUSHDB
    MULTI
    PING
    EXEC
    WATCH k
    b> SELECT 1
    b> SET k v
    MULTI
    PING
    EXEC
    WATCH k
    SELECT 1
    b> SELECT 0
    b> SET k v
    MULTI
    PING
    EXEC
    SELECT 1
    WATCH k
    SELECT 0
    b> SET k w
    MULTI
    GET k
    EXEC
  `,

  "WATCH and expiry": script`
    SET k v PX 60
    WATCH k
    wait 120
    MULTI
    PING
    EXEC
    SET k v PX 1
    wait 5
    WATCH k
    MULTI
    PING
    EXEC
    SET k v PX 40
    WATCH k
    wait 80
    b> GET k
    MULTI
    PING
    EXEC
    SET k v PX 40
    WATCH k
    wait 80
    b> SET k w
    MULTI
    PING
    EXEC
    b> WATCH k
    WATCH k
    DEL k
    SET k again
    b> MULTI
    b> PING
    b> EXEC
    MULTI
    PING
    EXEC
  `,

  "blocking commands never block inside": script`
    MULTI
    BLPOP nothing 0
    BRPOP nothing 0
    BLMOVE nothing other LEFT RIGHT 0
    BRPOPLPUSH nothing other 0
    BLMPOP 0 1 nothing LEFT
    RPUSH l a b c d e
    BLPOP l 0
    BRPOP l 0
    BLMOVE l m LEFT RIGHT 0
    BLMPOP 0 1 l LEFT COUNT 5
    BLPOP l abc
    EXEC
    LRANGE m 0 -1
  `,

  "what may stand inside": script`
    MULTI
    PING
    ECHO hi
    SELECT 1
    SET k one
    SELECT 0
    DBSIZE
    PUBLISH ch hello
    CLIENT GETNAME
    FLUSHDB
    EXEC
    SELECT 1
    GET k
    SELECT 0
    MULTI
    SUBSCRIBE ch
    PING
    EXEC
    a-
    UNSUBSCRIBE ch
  `,

  "a wakened client sees the state after the whole transaction": script`
    b>> BLPOP l 0
    MULTI
    RPUSH l a
    DEL l
    EXEC
    b-
    MULTI
    RPUSH l a b
    LPOP l
    EXEC
    b<
    EXISTS l
    b>> BLPOP l 0
    MULTI
    RPUSH l a
    DEL l
    SET l string
    EXEC
    b-
    DEL l
    RPUSH l c
    b<
  `,

  "RESET and closing give up the transaction": script`
    MULTI
    SET k v
    RESET
    EXEC
    GET k
    WATCH k
    RESET
    b> SET k w
    MULTI
    PING
    EXEC
    c> MULTI
    c> SET k from-c
    c.
    GET k
  `,
});

family(
  "transactions and DEBUG",
  {
    "one clock for the whole transaction": script`
      SET k v PX 30
      MULTI
      GET k
      DEBUG SLEEP 0.05
      EXISTS k
      EXEC
      EXISTS k
    `,

    "what comes behind a transaction sees the time that it took": script`
      b>> BLPOP l 0
      MULTI
      RPUSH l x
      PEXPIRE l 10
      DEBUG SLEEP 0.05
      EXISTS l
      EXEC
      b-
      EXISTS l
      RPUSH l y
      b<
    `,

    "SWAPDB and watched keys whose time is over": script`
      DEBUG SET-ACTIVE-EXPIRE 0
      SET x foo PX 1
      wait 5
      SELECT 1
      WATCH x
      SWAPDB 0 1
      MULTI
      PING
      EXEC
      FLUSHALL
      SET x foo PX 1
      SELECT 0
      SET x bar PX 1
      wait 5
      SELECT 1
      WATCH x
      SWAPDB 0 1
      MULTI
      PING
      EXEC
      FLUSHALL
      SET x foo PX 200
      WATCH x
      wait 230
      SWAPDB 0 1
      MULTI
      PING
      EXEC
      SET x foo
      WATCH x
      SWAPDB 0 1
      MULTI
      PING
      EXEC
      DEBUG SET-ACTIVE-EXPIRE 1
    `,

    "SCAN deletes what it meets whose time is over": script`
      DEBUG SET-ACTIVE-EXPIRE 0
      SET k v
      SET l v PX 1
      RPUSH m v
      PEXPIRE m 1
      wait 5
      DBSIZE
      SCAN 0 MATCH nothing COUNT 100
      DBSIZE
      SCAN 0 MATCH l TYPE list COUNT 100
      DBSIZE
      SCAN 0 COUNT 100
      DBSIZE
      DEBUG SET-ACTIVE-EXPIRE 1
    `,

    "DEBUG SLEEP sleeps": script`
      DEBUG SLEEP 0
      DEBUG SLEEP 0.01
      DEBUG SLEEP
      DEBUG BOGUS
    `,
  },
  { args: ["--enable-debug-command", "local"] },
);
