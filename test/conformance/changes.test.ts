// What a write counts as, beside redis-server: `rdb_changes_since_last_save` rises by as much after
// each command, so that a save point means the same to both.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Client } from "../support/client.ts";
import { show } from "../support/resp.ts";
import {
  RUNTIMES,
  redisServerOrSkip,
  startOurServer,
  startRedisServer,
} from "../support/servers.ts";

const STRINGS = `
  SET a 1|SET a 1 NX|SET a 1 EX 100|SET a 2 GET|SET b 3 PXAT 1|SETNX a 1|SETNX c 1|SETEX a 10 1
  GETSET a 2|GETDEL a|GETDEL a|GETEX c|GETEX c EX 100|GETEX c PERSIST|GETEX c PERSIST
  GETEX c PXAT 1|APPEND a x|MSET a 1 b 2 c 3|MSETNX a 1 b 2|MSETNX d 1 e 2|INCR a|INCRBY a 5
  INCRBYFLOAT a 1.5|DECR b|SETRANGE s 5 abc|SETBIT s 3 1|SETBIT s 3 1|SETBIT new 3 0
  BITOP AND t s s|BITOP NOT t nothing|BITOP NOT t nothing|BITFIELD s SET u8 0 5 GET u8 0
  BITFIELD s SET u8 0 5 INCRBY u8 0 1 SET u8 8 2|BITFIELD s OVERFLOW FAIL INCRBY u2 0 5
  BITFIELD grown SET u8 0 0 SET u8 8 0 SET u8 16 0|BITFIELD grown SET u8 0 1 SET u8 32 0
  PFADD p a b c|PFADD p a|PFADD p a d e|PFADD p2|PFADD p2|PFADD p2 z|PFMERGE p3 p p2
  PFMERGE p3 p p2|PFADD p3 a b f g|PFCOUNT p|PFCOUNT p|PFCOUNT p p2`;

const LISTS = `
  LPUSH l a b c|RPUSH l a b c d|LPUSHX l a b|LPUSHX nol a|LINSERT l BEFORE a x
  LINSERT l BEFORE nope x|LSET l 0 q|LREM l 0 a|LREM l 0 a|LTRIM l 0 3|LTRIM l 0 100|LPOP l
  LPOP l 2|RPOP l 0|RPOP l 10|LPOP l|RPUSH l a b c d e f|RPOPLPUSH l l2|LMOVE l l2 LEFT LEFT
  LMOVE l l LEFT RIGHT|LMPOP 1 l LEFT COUNT 2|BLPOP l 0|BRPOP l 0|BLMOVE l2 l LEFT LEFT 0
  BLMPOP 0 1 l LEFT COUNT 5|BRPOPLPUSH l2 l 0|RPUSH l 1 2 3 4 5|LTRIM l 5 2|RPUSH so 3 1 2
  SORT so STORE so2|SORT nope STORE so2|SORT nope STORE so2`;

const HASHES = `
  HSET h a 1 b 2 c 3|HSET h a 1 d 2|HSET h a 1|HMSET h a 1 b 2|HSETNX h a 1|HSETNX h z 1
  HINCRBY h n 1|HINCRBYFLOAT h n 1.5|HDEL h a b nope|HDEL h nope|HDEL h c d z n`;

const SETS = `
  SADD s a b c|SADD s a d|SADD s a|SREM s a b nope|SREM s nope|SMOVE s s2 c|SMOVE s s2 nope
  SMOVE s s d|SADD s2 d|SMOVE s s2 d|SADD s a b c d e f|SPOP s|SPOP s 2|SPOP s 0|SPOP s 100
  SPOP s|SADD s a b c|SADD s2 a b|SINTERSTORE o s s2|SUNIONSTORE o s s2|SDIFFSTORE o nope nope2
  SDIFFSTORE o nope nope2`;

const SORTED_SETS = `
  ZADD z 1 a 2 b 3 c|ZADD z 1 a 2 b 4 d|ZADD z XX 5 a 1 nope|ZADD z NX 5 a|ZADD z INCR 1 a
  ZADD z NX INCR 1 a|ZADD z CH 7 a 8 b|ZINCRBY z 2 a|ZINCRBY z 0 a|ZREM z a nope|ZREM z nope
  ZADD z 1 a 2 b 3 c 4 d 5 e|ZREM z a b|ZADD z 1 a 2 b|ZREMRANGEBYRANK z 0 1
  ZREMRANGEBYSCORE z 3 3|ZREMRANGEBYSCORE z 33 33|ZREMRANGEBYLEX z [d [d
  ZADD z 1 a 2 b 3 c 4 d 5 e|ZADD y 1 a 2 b|ZUNIONSTORE o 2 z y|ZINTERSTORE o 2 z y
  ZDIFFSTORE o 2 z y|ZRANGESTORE o z 0 -1|ZRANGESTORE o z 50 60|ZRANGESTORE o z 50 60
  ZINTERSTORE o 2 z nope|ZPOPMIN z|ZPOPMAX z 2|ZPOPMIN z 0|ZADD z 1 a 2 b 3 c 4 d 5 e
  ZMPOP 1 z MIN COUNT 2|BZPOPMIN z 0|BZMPOP 0 1 z MAX COUNT 2|ZPOPMIN z 10
  GEOADD g 13.361389 38.115556 P 15.087269 37.502669 C|GEOADD g 13.361389 38.115556 P
  GEOADD g CH 13.5 38.115556 P|GEOSEARCHSTORE gs g FROMLONLAT 15 37 BYRADIUS 200 km
  GEOSEARCHSTORE gs g FROMLONLAT 100 37 BYRADIUS 1 km
  GEOSEARCHSTORE gs g FROMLONLAT 100 37 BYRADIUS 1 km|GEORADIUS g 15 37 200 km STORE gs
  GEORADIUS g 100 37 1 km STORE gs`;

const KEYS = `
  MSET a 1 b 2 c 3|DEL a b nope|DEL nope|UNLINK c nope|SET a 1|TOUCH a|EXPIRE a 100
  EXPIRE a 100 NX|EXPIRE a -1|EXPIRE a 100|SET a 1|PEXPIRE a 100000|PERSIST a|PERSIST a
  EXPIREAT a 1|SET a 1|PEXPIREAT a 99999999999999|RENAME a b|SET a 1|RENAME a a|RENAME a b
  RENAMENX b a|SET c 1|RENAMENX a c|COPY c d|COPY c d|COPY c d REPLACE|MOVE c 1|MOVE c 1|SET a 1
  SWAPDB 0 1|SWAPDB 0 1|SWAPDB 0 0|RPUSH l a b c|DEL l|FLUSHDB|FLUSHDB|MSET a 1 b 1|FLUSHALL
  SET a 1|FLUSHDB ASYNC|GET a|EXISTS a|PUBLISH channel message`;

const families = { STRINGS, LISTS, HASHES, SETS, SORTED_SETS, KEYS };

async function changesOf(client: Client): Promise<number> {
  const info = show(await client.call("INFO", "persistence"));
  return Number(/rdb_changes_since_last_save:(\d+)/.exec(info)?.[1]);
}

/** What each command has raised the figure by. */
async function counted(client: Client, commands: readonly string[]): Promise<string[]> {
  await client.call("FLUSHALL");
  const counts: string[] = [];
  let before = await changesOf(client);
  for (const command of commands) {
    await client.call(...command.split(" "));
    const after = await changesOf(client);
    counts.push(`${command}: ${after - before}`);
    before = after;
  }
  return counts;
}

describe("rdb_changes_since_last_save", () => {
  for (const runtime of RUNTIMES) {
    test(`each write counts as in Redis, on ${runtime}`, { timeout: 60_000 }, async (t) => {
      if (!redisServerOrSkip(t, "rdb_changes_since_last_save")) return;
      const args = ["--save", "", "--appendonly", "no"];
      const redis = await startRedisServer({ args });
      const ours = await startOurServer({ args, runtime });
      const clients = [await redis.connect(), await ours.connect()] as const;
      t.after(async () => {
        for (const client of clients) client.close();
        await Promise.all([redis.stop(), ours.stop()]);
      });
      for (const [name, text] of Object.entries(families)) {
        const commands = text.trim().split(/\s*[|\n]\s*/);
        const expected = await counted(clients[0], commands);
        const found = await counted(clients[1], commands);
        // The test itself must have reached the commands.
        assert.ok(expected.filter((line) => !line.endsWith(": 0")).length > 6, name);
        assert.deepEqual(found, expected, name);
      }
    });
  }
});
