// Hashes: fields, numbers in fields, random fields.

import { EVERY_ENCODING, family, script } from "../support/scenario.ts";

const LONG = "x".repeat(100);

family(
  "hashes",
  {
    "HSET, HGET and their relatives": script`
      HSET h f v
      HSET h f w
      HSET h f x g y i z
      HGET h f
      HGET h nothing
      HGET nothing f
      HMGET h f nothing g f
      HMGET nothing a b
      HEXISTS h f
      HEXISTS h nothing
      HEXISTS nothing f
      HLEN h
      HLEN nothing
      HSTRLEN h f
      HSTRLEN h nothing
      HSTRLEN nothing f
      HSET h "" ""
      HGET h ""
      HSTRLEN h ""
      HSET h "a\x00b" "\xff\r\n"
      HGET h "a\x00b"
      HSET h ${LONG} ${LONG}y
      HGET h ${LONG}
      HSET h num 5 5 num
      HGET h 5
      % HGETALL h
      ~ HKEYS h
      ~ HVALS h
      HDEL h f nothing f g
      HDEL h nothing
      HDEL nothing f
      HLEN h
      HSETNX h f new
      HSETNX h f newer
      HGET h f
      HMSET h f 1 g 2
      HMSET h f
      HMSET h f 1 g
      HSET h f 1 g
      HSET h f
      HSET h
      HGET h
      HMGET h
      HDEL h
      HGETALL
      HSETNX h f
      HSETNX h f v x
      HGETALL nothing
      HKEYS nothing
      HVALS nothing
    `,

    "HINCRBY is exact to 64 bits": script`
      HINCRBY h n 1
      HINCRBY h n 9007199254740993
      HINCRBY h n -9007199254740990
      HSET h n 9223372036854775806
      HINCRBY h n 1
      HINCRBY h n 1
      HGET h n
      HSET h n -9223372036854775807
      HINCRBY h n -1
      HINCRBY h n -1
      HINCRBY h n 9223372036854775807
      HSET h n " 1"
      HINCRBY h n 1
      HSET h n 01
      HINCRBY h n 1
      HSET h n 1.5
      HINCRBY h n 1
      HSET h n ""
      HINCRBY h n 1
      HSET h n abc
      HINCRBY h n 1
      HINCRBY h m abc
      HINCRBY h m 1.5
      HINCRBY h m " 1"
      HINCRBY h m 9223372036854775808
      HINCRBY h m
      HEXISTS h m
    `,

    "HINCRBYFLOAT adds as a person would": script`
      HINCRBYFLOAT h f 0.1
      HINCRBYFLOAT h f 0.2
      HINCRBYFLOAT h f 3
      HINCRBYFLOAT h f -3.3
      HSET h f 5.0e3
      HINCRBYFLOAT h f 2.0e2
      HSET h f 10
      HINCRBYFLOAT h f 1e-5
      HSET h f abc
      HINCRBYFLOAT h f 1
      HSET h f " 1"
      HINCRBYFLOAT h f 1
      HSET h f "1 "
      HINCRBYFLOAT h f 1
      HSET h f ""
      HINCRBYFLOAT h f 1
      HSET h f 1
      HINCRBYFLOAT h f abc
      HINCRBYFLOAT h f nan
      HINCRBYFLOAT h f inf
      HINCRBYFLOAT h f -inf
      HINCRBYFLOAT h f ""
      HINCRBYFLOAT h g inf
      HINCRBYFLOAT h f 1e5000
      HINCRBYFLOAT h f
      HEXISTS h g
    `,

    HRANDFIELD: script`
      HRANDFIELD nothing
      HRANDFIELD nothing 5
      HRANDFIELD nothing 5 WITHVALUES
      HRANDFIELD nothing -5
      HSET h f v
      HRANDFIELD h
      HRANDFIELD h 1
      HRANDFIELD h 5
      HRANDFIELD h -3
      HRANDFIELD h 5 WITHVALUES
      HRANDFIELD h -2 withvalues
      HRANDFIELD h 0
      HRANDFIELD h 0 WITHVALUES
      HSET h g w i x
      ~ HRANDFIELD h 3
      ~ HRANDFIELD h 10
      % HRANDFIELD h 10 WITHVALUES
      HRANDFIELD h abc
      HRANDFIELD h 1.5
      HRANDFIELD h 1 BOGUS
      HRANDFIELD h 1 WITHVALUES x
      HRANDFIELD h WITHVALUES
      HRANDFIELD h -9223372036854775808
      HRANDFIELD h -9223372036854775807 WITHVALUES
      HRANDFIELD h 9223372036854775808
      HRANDFIELD
    `,

    "wrong types": script`
      SET s v
      HSET s f v
      HSETNX s f v
      HMSET s f v
      HGET s f
      HMGET s f
      HGETALL s
      HKEYS s
      HVALS s
      HDEL s f
      HLEN s
      HEXISTS s f
      HSTRLEN s f
      HINCRBY s f 1
      HINCRBY s f abc
      HINCRBYFLOAT s f 1
      HINCRBYFLOAT s f abc
      HRANDFIELD s
      HRANDFIELD s 1
      HSCAN s 0
      HSCAN s abc
      HSET s f
      GET s
    `,

    "from few fields to many and back": script`
      HSET h ${Array.from({ length: 300 }, (_, index) => `field-${index} value-${index}`).join(" ")}
      HLEN h
      OBJECT ENCODING h
      HGET h field-150
      % HGETALL h
      HDEL h ${Array.from({ length: 298 }, (_, index) => `field-${index}`).join(" ")}
      OBJECT ENCODING h
      % HGETALL h
      HSET h field-299 changed
      HGET h field-299
    `,
  },
  { profiles: EVERY_ENCODING },
);

family("small hashes keep the order of their fields", {
  "HGETALL, HKEYS and HVALS": script`
    HSET h z 1 a 2 m 3
    HSET h a changed
    HGETALL h
    HDEL h z
    HSET h z 4
    HKEYS h
    HVALS h
    HINCRBY h a2 5
    HGETALL h
    HSCAN h 0
  `,

  "encodings of hashes": script`
    HSET h f v
    OBJECT ENCODING h
    HSET h f ${"x".repeat(64)}
    OBJECT ENCODING h
    HSET h f ${"x".repeat(65)}
    OBJECT ENCODING h
    HSET h f v
    OBJECT ENCODING h
    HSET g ${"x".repeat(65)} v
    OBJECT ENCODING g
    HSETNX i f ${"x".repeat(65)}
    OBJECT ENCODING i
    HSET j ${Array.from({ length: 128 }, (_, index) => `f${index} v`).join(" ")}
    OBJECT ENCODING j
    HSET j one-more v
    OBJECT ENCODING j
  `,
});
