// Expiry: deadlines given, compared, read, removed, and kept.

import { family, script } from "../support/scenario.ts";

family("expiry", {
  "TTL and its relatives": script`
    TTL nothing
    PTTL nothing
    EXPIRETIME nothing
    PEXPIRETIME nothing
    SET k v
    TTL k
    PTTL k
    EXPIRETIME k
    PEXPIRETIME k
    EXPIRE k 100
    : TTL k
    : PTTL k
    : EXPIRETIME k
    : PEXPIRETIME k
    PERSIST k
    PERSIST k
    PERSIST nothing
    TTL k
    PEXPIRE k 1500
    : TTL k
    EXPIREAT k 33177117420
    EXPIRETIME k
    PEXPIRETIME k
    PEXPIREAT k 33177117420999
    EXPIRETIME k
    PEXPIRETIME k
    EXPIRE nothing 100
    PEXPIRE nothing 100
    EXPIREAT nothing 33177117420
    PEXPIREAT nothing 33177117420999
    TTL
    EXPIRE k
    EXPIRE
    PERSIST
    PERSIST a b
  `,

  "NX, XX, GT and LT": script`
    SET k v
    EXPIRE k 100 XX
    EXPIRE k 100 GT
    TTL k
    EXPIRE k 100 LT
    : TTL k
    EXPIRE k 200 NX
    : TTL k
    EXPIRE k 200 XX
    : TTL k
    EXPIRE k 100 GT
    : TTL k
    EXPIRE k 300 GT
    : TTL k
    EXPIRE k 400 LT
    : TTL k
    EXPIRE k 50 LT
    : TTL k
    EXPIRE k 60 XX GT
    EXPIRE k 60 XX LT
    EXPIRE k 60 XX XX
    EXPIRE k 60 NX XX
    EXPIRE k 60 NX GT
    EXPIRE k 60 NX LT
    EXPIRE k 60 GT LT
    EXPIRE k 60 BOGUS
    EXPIRE k 60 nx
    EXPIRE k 50 gt
    PERSIST k
    EXPIRE k 100 NX
    PEXPIRE k 200000 GT
    PEXPIRE k 100000 LT
    EXPIREAT k 33177117420 GT
    PEXPIREAT k 33177117420001 GT
    PEXPIREAT k 33177117420001 GT
    PEXPIREAT k 33177117420000 LT
    PEXPIRETIME k
    EXPIRE nothing 100 NX
    EXPIRE nothing 100 NX XX
    EXPIRE nothing 100 BOGUS
  `,

  "a time in the past deletes": script`
    SET k v
    EXPIRE k 0
    EXISTS k
    SET k v
    EXPIRE k -1
    EXISTS k
    SET k v
    PEXPIRE k -100
    EXISTS k
    SET k v
    EXPIREAT k 1
    EXISTS k
    SET k v
    PEXPIREAT k 1
    EXISTS k
    SET k v
    EXPIREAT k -1
    EXISTS k
    SET k v
    EXPIRE k -1 GT
    EXISTS k
    EXPIRE k -1 LT
    EXISTS k
    SET k v EX 100
    EXPIRE k -1 NX
    EXISTS k
    EXPIRE k -1 XX
    EXISTS k
    RPUSH l a b c
    PEXPIRE l 0
    TYPE l
  `,

  "numbers out of range": script`
    SET k v
    EXPIRE k abc
    EXPIRE k 1.5
    EXPIRE k ""
    EXPIRE k " 1"
    EXPIRE k 9223372036854775807
    EXPIRE k -9223372036854775808
    EXPIRE k 9223372036854775
    EXPIRE k 9223372036854776
    EXPIRE k -9223372036854776
    EXISTS k
    SET k v
    PEXPIRE k 9223372036854775807
    PEXPIRE k -9223372036854775808
    EXISTS k
    SET k v
    PEXPIRE k 9223372036854770000
    EXPIREAT k 9223372036854775807
    EXPIREAT k 9223372036854775
    : TTL k
    : PTTL k
    PEXPIREAT k 9223372036854775807
    : PEXPIRETIME k
    : EXPIRETIME k
    PEXPIREAT k 9223372036854775808
    EXPIRE nothing abc
    EXPIRE nothing 9223372036854775807
  `,

  "an expired key is gone for every command": script`
    SET k v PX 1
    wait 5
    GET k
    SET k v PX 1
    wait 5
    EXISTS k
    SET k v PX 1
    wait 5
    TTL k
    SET k v PX 1
    wait 5
    DEL k
    SET k v PX 1
    wait 5
    KEYS *
    SET k v PX 1
    wait 5
    RANDOMKEY
    SET k v PX 1
    wait 5
    SETNX k w
    GET k
    TTL k
    SET k 5 PX 1
    wait 5
    INCR k
    TTL k
    RPUSH l a
    PEXPIRE l 1
    wait 5
    RPUSH l b
    LRANGE l 0 -1
    HSET h f v
    PEXPIRE h 1
    wait 5
    HSET h g w
    HGETALL h
    SADD s 1
    PEXPIRE s 1
    wait 5
    SADD s 2
    SMEMBERS s
    SET src v PX 1
    wait 5
    RENAME src dst
    COPY src dst
    SET k v PX 1
    wait 5
    EXPIRE k 100
    PERSIST k
    TYPE k
    OBJECT ENCODING k
    SET k v PX 1
    wait 5
    SET k v XX
    SET k v PX 1
    wait 5
    SET k v KEEPTTL
    TTL k
    SET k v PX 1
    wait 5
    APPEND k w
    SET a v PX 1
    SET b v
    wait 5
    RENAMENX b a
    GET a
  `,

  "active expiry happens without access": script`
    SET a v PX 20
    SET b v PX 20
    SET c v
    DBSIZE
    wait 400
    DBSIZE
  `,

  "what keeps a deadline and what clears it": script`
    SET k 1 EX 100
    INCR k
    : TTL k
    APPEND k 1
    : TTL k
    SETRANGE k 0 2
    : TTL k
    INCRBYFLOAT k 1.5
    : TTL k
    GETSET k v
    TTL k
    EXPIRE k 100
    SET k w
    TTL k
    RPUSH l c a b
    EXPIRE l 100
    LPUSH l x
    : TTL l
    LSET l 0 y
    : TTL l
    LTRIM l 0 1
    : TTL l
    HSET h f 1
    EXPIRE h 100
    HSET h g 2
    HINCRBY h f 1
    HDEL h g
    : TTL h
    SADD s a b
    EXPIRE s 100
    SADD s c
    SREM s a
    : TTL s
    SUNIONSTORE s s
    TTL s
    EXPIRE l 100
    RPOPLPUSH l l
    : TTL l
    SET m v EX 100
    MSET m w
    TTL m
  `,
});
