// The shapes of replies in each protocol: RESP3's maps, sets, doubles, nulls and verbatim texts,
// and what the same commands say in RESP2. Malformed requests have a folder of their own.

import { family, script } from "../support/scenario.ts";

family("shapes of replies", {
  "nulls of both kinds": script`
    GET nothing
    LPOP nothing
    LPOP nothing 1
    RPOP nothing 0
    SPOP nothing
    SPOP nothing 1
    SRANDMEMBER nothing
    SRANDMEMBER nothing 1
    HGET nothing f
    HMGET nothing f g
    HRANDFIELD nothing
    HRANDFIELD nothing 1
    LINDEX nothing 0
    LPOS nothing a
    LPOS nothing a COUNT 1
    LMOVE nothing a LEFT LEFT
    LMPOP 1 nothing LEFT
    BLPOP nothing 0.01
    BLMOVE nothing a LEFT LEFT 0.01
    BLMPOP 0.01 1 nothing LEFT
    RANDOMKEY
    OBJECT ENCODING nothing
    GETDEL nothing
    GETEX nothing
    SET k v GET
    SET k v NX
    SET k v NX GET
    CLIENT GETNAME
    MGET nothing k
    WATCH k
    SET k w
    MULTI
    EXEC
  `,

  "maps, sets, arrays": script`
    HSET h f v g w
    HGETALL h
    HKEYS h
    HVALS h
    HGETALL nothing
    HKEYS nothing
    HVALS nothing
    HRANDFIELD nothing 1 WITHVALUES
    HSET one f v
    HRANDFIELD one 1 WITHVALUES
    HSCAN one 0
    SADD s 1
    SMEMBERS s
    SMEMBERS nothing
    SINTER s
    SUNION s
    SDIFF s
    SINTER nothing
    SPOP s 1
    SADD s 1
    SRANDMEMBER s 1
    SRANDMEMBER s -2
    SSCAN s 0
    SMISMEMBER s 1 2
    LRANGE nothing 0 -1
    CONFIG GET maxclients
    CONFIG GET nothing-of-the-kind
    PUBSUB NUMSUB a b
    KEYS nothing
    COMMAND GETKEYS GET k
    COMMAND INFO nothing
    COMMAND DOCS nothing
    MULTI
    HGETALL h
    SMEMBERS s
    GET nothing
    EXEC
  `,

  "booleans, numbers and texts stay what they were": script`
    SADD s a
    SISMEMBER s a
    SISMEMBER s b
    HSET h f v
    HEXISTS h f
    EXISTS h
    EXPIRE h 100
    INCRBYFLOAT f 1.5
    HINCRBYFLOAT h n 1.5
    TYPE h
    PING
    ECHO x
    ? INFO server
    ? CLIENT LIST
    ? CLIENT INFO
    ? CLIENT ID
    ? TIME
    ? HELLO
  `,

  "both protocols within one connection": script`
    HSET h f v
    ? HELLO 3
    HGETALL h
    GET nothing
    ? HELLO 2
    HGETALL h
    GET nothing
    MULTI
    HELLO 3
    HGETALL h
    ? EXEC
    HGETALL h
    RESET
    HGETALL h
  `,
});
