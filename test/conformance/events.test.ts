// What a command leaves beside its reply: keyspace events of every class in their order, hits and
// misses, and how often it was called, rejected and failed. All of it is read after each command.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Client } from "../support/client.ts";
import { itemsOf, type Reply, show, splitLine, textOf } from "../support/resp.ts";
import {
  hasProgram,
  RUNTIMES,
  redisServerOrSkip,
  type Server,
  startOurServer,
  startRedisServer,
} from "../support/servers.ts";

const SETUP = `
  MSET s x n 5 f 1.5
  SET t v EX 100000
  PFADD p a
  RPUSH l a b c
  SADD m a b c
  SADD i 1 2 3
  HSET h a 1 b 2
  ZADD z 1 a 2 b 3 c
`;

/** Each is tried on the keys above: of every type, with a deadline and without, and absent. */
const COMMANDS = `
  EXISTS s nothing m nothing
  TYPE nothing
  TYPE l
  TTL nothing
  PTTL s
  EXPIRETIME t
  PEXPIRETIME nothing
  TOUCH s nothing
  OBJECT ENCODING nothing
  OBJECT ENCODING m
  OBJECT REFCOUNT s
  OBJECT FREQ nothing
  SCAN 0 TYPE set COUNT 100
  SCAN 0 MATCH m TYPE list COUNT 100
  SCAN 0 COUNT 100
  GET nothing
  MGET s nothing m
  GETEX nothing
  GETEX s EX 100000
  GETEX t PERSIST
  GETDEL s
  GETDEL nothing
  GETSET new v
  GETSET s v
  STRLEN nothing
  GETRANGE nothing 0 1
  APPEND new v
  APPEND s v
  SETRANGE new 1 v
  SETRANGE new 1 ""
  INCR new
  INCRBYFLOAT new 1
  SETBIT s 1 1
  SETBIT s 2 0
  SETBIT s 100 0
  SETBIT new 9 0
  SETBIT n 3 1
  GETBIT nothing 1
  BITCOUNT nothing
  BITPOS nothing 1
  BITOP AND new s t
  BITOP OR t s n
  BITOP XOR l s nothing
  BITOP NOT s nothing
  BITOP NOT new nothing
  BITOP OR new l
  BITFIELD s GET u8 0
  BITFIELD s SET u8 0 65
  BITFIELD s INCRBY u8 #9 1 GET u8 #9 SET u8 0 120
  BITFIELD new SET u8 0 0
  BITFIELD nothing GET u8 0
  BITFIELD_RO nothing GET u8 0
  PFADD new a
  PFADD new
  PFADD p a
  PFADD p b
  PFADD nothing
  PFCOUNT p
  PFCOUNT nothing
  PFCOUNT p nothing s
  PFMERGE new p
  PFMERGE p nothing
  PFDEBUG TODENSE p
  PFDEBUG ENCODING nothing
  LCS s t
  LCS s nothing
  LCS nothing l
  SET s v
  SET new v
  SET new v XX
  SET l v GET
  SET new v GET
  SET s v NX EX 100000
  MSET s v new v
  MSETNX s v new v
  MSETNX new v new v
  DEL s nothing
  UNLINK m nothing
  RENAME s new
  RENAME s l
  RENAMENX s new
  RENAMENX s l
  COPY s new
  COPY s l
  COPY s l REPLACE
  COPY s new DB 1
  MOVE s 1
  MOVE nothing 1
  EXPIRE s 100000
  EXPIRE s -1
  EXPIRE nothing 1
  PERSIST t
  PERSIST s
  RPUSH new a
  RPUSHX nothing a
  LPOP l
  LPOP l 3
  LPOP nothing
  RPOP l 0
  LREM l 0 a
  LREM l 0 z
  LTRIM l 1 0
  LTRIM l 0 -1
  LSET l 0 z
  LINSERT l BEFORE a z
  LMOVE l new LEFT RIGHT
  LMOVE l l LEFT RIGHT
  LMPOP 2 nothing l LEFT COUNT 5
  BLPOP nothing l 0
  BLMOVE l new LEFT LEFT 0
  LLEN nothing
  LINDEX nothing 0
  LPOS nothing a
  SADD new a
  SADD m a
  SREM m a b c
  SREM m z
  SMOVE m new a
  SMOVE m i a
  SMOVE m m a
  SPOP m 2
  SPOP nothing
  SINTER m nothing i
  SINTERCARD 2 m nothing
  SINTERSTORE new m m
  SINTERSTORE m m m
  SINTERSTORE l i
  SINTERSTORE l nothing i
  SUNIONSTORE s m i
  SUNIONSTORE nothing nothing
  SDIFFSTORE m i m
  SDIFFSTORE s m m
  SDIFFSTORE new nothing
  SMISMEMBER nothing a
  HSET new a 1
  HSET h a 1
  HSETNX h a 1
  HDEL h a b
  HDEL h z
  HINCRBY new a 1
  HINCRBYFLOAT h a 1
  HMGET nothing a
  HRANDFIELD nothing
  HSCAN nothing 0
  ZADD new 1 a
  ZADD z 1 a
  ZADD z 5 a
  ZADD z XX 5 new
  ZADD new XX 5 a
  ZADD z INCR 1 a
  ZADD z INCR 0 a
  ZADD z CH GT 0 a
  ZINCRBY new 1 a
  ZINCRBY z 0 a
  ZREM z a b c
  ZREM z nothing
  ZPOPMIN z
  ZPOPMAX z 9
  ZPOPMIN nothing
  ZMPOP 2 nothing z MAX COUNT 2
  BZPOPMIN nothing z 0
  BZMPOP 0 1 z MIN COUNT 9
  ZRANGESTORE new z 0 1
  ZRANGESTORE z z 5 9
  ZRANGESTORE s z 0 1
  ZRANGESTORE s z 5 9
  ZREMRANGEBYRANK z 0 0
  ZREMRANGEBYRANK z 0 -1
  ZREMRANGEBYSCORE z 2 3
  ZREMRANGEBYLEX z - +
  ZREMRANGEBYLEX nothing - +
  ZUNIONSTORE new 2 z m
  ZINTERSTORE z 2 z nothing
  ZINTERSTORE s 2 z m
  ZDIFFSTORE s 2 z z
  ZDIFFSTORE new 1 nothing
  ZUNION 2 z nothing
  ZINTERCARD 2 z nothing
  ZSCORE nothing a
  ZRANDMEMBER nothing
  ZRANGE nothing 0 -1
  SORT l BY nothing:* GET s
  SORT l ALPHA STORE new
  SORT nothing STORE s
  SORT l BY nosort STORE s
  LPUSH s a
  SADD s a
  INCR f
  FLUSHDB
  SWAPDB 0 1
  GET
  BOGUS
  CONFIG BOGUS
  MODULE LOAD nothing
  MODULE UNLOAD nothing
  PUBLISH a b
`;

/** A server, who commands it, and who hears of its events. */
interface Side {
  readonly server: Server;
  readonly client: Client;
  readonly listener: Client;
}

async function open(server: Server): Promise<Side> {
  const client = await server.connect();
  const listener = await server.connect();
  await client.call("CONFIG", "SET", "notify-keyspace-events", "KEAmn");
  await listener.call("PSUBSCRIBE", "__key*");
  await listener.call("SUBSCRIBE", "end");
  return { server, client, listener };
}

/** The events since the last look, in their order. */
async function events({ client, listener }: Side): Promise<string[]> {
  await client.call("PUBLISH", "end", "");
  const heard: string[] = [];
  for (;;) {
    const message = itemsOf(await listener.read()).map(show);
    if (message[1] === '"end"') return heard;
    heard.push(message.slice(2).join(" "));
  }
}

const FIGURES =
  /^(keyspace_(?:hits|misses)|total_error_replies|errorstat_\w+|cmdstat_.*):(.*)\r$/gm;

/** What the statistics say, without times and without what reads them. */
function figures(info: Reply): string[] {
  return [...(textOf(info) ?? "").matchAll(FIGURES)]
    .filter(([, name = ""]) => !/cmdstat_(info|publish|config\|resetstat)/.test(name))
    .map(([, name, text = ""]) => `${name} ${text.replace(/usec\w*=[^,]*,/g, "")}`)
    .sort();
}

async function look(side: Side, command: string): Promise<string[]> {
  const { client } = side;
  await client.call("FLUSHALL");
  for (const line of SETUP.trim().split("\n")) await client.line(line.trim());
  await events(side);
  await client.call("CONFIG", "RESETSTAT");
  await client.line(command);
  const statistics = figures(await client.call("INFO", "stats", "errorstats", "commandstats"));
  return [...(await events(side)), ...statistics];
}

describe("events and statistics of a command", () => {
  const sides: Side[] = [];

  before(async () => {
    if (!hasProgram("redis-server")) return;
    sides.push(await open(await startRedisServer()));
    for (const runtime of RUNTIMES) sides.push(await open(await startOurServer({ runtime })));
  });

  after(async () => {
    for (const { server, client, listener } of sides) {
      client.close();
      listener.close();
      await server.stop();
    }
  });

  test("are those of redis-server, for every class", async (t) => {
    if (!redisServerOrSkip(t, "events and statistics")) return;
    const [oracle, ...ours] = sides as [Side, ...Side[]];
    for (const command of COMMANDS.trim()
      .split("\n")
      .map((line) => line.trim())) {
      const expected = await look(oracle, command);
      assert.ok(splitLine(command).length > 0 && expected.length > 0, command);
      for (const side of ours) {
        assert.deepEqual(await look(side, command), expected, `${command} on ${side.server.name}`);
      }
    }
  });
});
