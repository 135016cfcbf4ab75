// The libraries that people use, on their defaults, against the real server: ioredis, and
// node-redis in RESP2 and RESP3, with pools, transactions, subscriptions, blocking pops and
// reconnects.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Redis } from "ioredis";
import { createClient, createClientPool } from "redis";
import {
  freePort,
  RUNTIMES,
  type Server,
  startOurServer,
  temporaryFolder,
} from "../support/servers.ts";

const LIMIT = { timeout: 30_000 };

for (const runtime of RUNTIMES) {
  describe(`libraries against the server on ${runtime}`, () => {
    let server: Server;
    before(async () => {
      server = await startOurServer({ runtime });
    });
    after(() => server?.stop());

    const url = () => `redis://127.0.0.1:${server.port}`;

    test("ioredis: ready check, types, pipelines, transactions", LIMIT, async () => {
      const redis = new Redis(server.port, "127.0.0.1", { connectionName: "tests" });
      try {
        await redis.flushall();
        assert.equal(await redis.set("k", "v", "EX", 100, "NX"), "OK");
        assert.equal(await redis.set("k", "w", "NX"), null);
        assert.equal(await redis.get("k"), "v");
        assert.deepEqual(await redis.getBuffer("k"), Buffer.from("v"));
        assert.equal(await redis.client("GETNAME"), "tests");
        await redis.hset("h", { name: "Alice", age: 30 });
        assert.deepEqual(await redis.hgetall("h"), { name: "Alice", age: "30" });
        await redis.rpush("l", "a", "b", "c");
        assert.deepEqual(await redis.lrange("l", 0, -1), ["a", "b", "c"]);
        await redis.sadd("s", 1, 2, 3);
        assert.deepEqual(await redis.smembers("s"), ["1", "2", "3"]);
        assert.equal(await redis.incrbyfloat("f", 0.1), "0.1");
        assert.equal(await redis.incrbyfloat("f", 0.2), "0.3");
        const replies = await redis.pipeline().set("a", 1).incr("a").lpush("a", 1).get("a").exec();
        assert.deepEqual(replies?.[1], [null, 2]);
        assert.match(String(replies?.[2]?.[0]), /WRONGTYPE/);
        assert.deepEqual(replies?.[3], [null, "2"]);
        assert.deepEqual(await redis.multi().set("x", 1).incr("x").exec(), [
          [null, "OK"],
          [null, 2],
        ]);
        const found: string[] = [];
        for await (const keys of redis.scanStream({ count: 2 })) found.push(...keys);
        assert.deepEqual([...new Set(found)].sort(), ["a", "f", "h", "k", "l", "s", "x"]);
        await assert.rejects(redis.call("BOGUS"), /unknown command/);
        assert.match(await redis.info(), /redis_version:/);
      } finally {
        redis.disconnect();
      }
    });

    test("ioredis: subscriptions and blocking pops", LIMIT, async () => {
      const listener = new Redis(server.port, "127.0.0.1");
      const redis = new Redis(server.port, "127.0.0.1");
      try {
        const heard: unknown[] = [];
        listener.on("message", (channel, message) => heard.push([channel, message]));
        listener.on("pmessage", (pattern, channel, message) =>
          heard.push([pattern, channel, message]),
        );
        await listener.subscribe("news");
        await listener.psubscribe("n*");
        assert.equal(await redis.publish("news", "hello"), 2);
        await until(() => heard.length === 2);
        assert.deepEqual(heard, [
          ["news", "hello"],
          ["n*", "news", "hello"],
        ]);
        await listener.unsubscribe("news");
        await listener.punsubscribe("n*");
        const popped = listener.blpop("queue", 0);
        await until(async () => /blocked_clients:1\r/.test(await redis.info("clients")));
        await redis.rpush("queue", "job");
        assert.deepEqual(await popped, ["queue", "job"]);
      } finally {
        listener.disconnect();
        redis.disconnect();
      }
    });

    test("ioredis: a watched transaction that another client spoils", LIMIT, async () => {
      const redis = new Redis(server.port, "127.0.0.1");
      const other = new Redis(server.port, "127.0.0.1");
      try {
        await redis.watch("w");
        await other.set("w", "theirs");
        assert.equal(await redis.multi().set("w", "mine").exec(), null);
        assert.equal(await redis.get("w"), "theirs");
      } finally {
        redis.disconnect();
        other.disconnect();
      }
    });

    for (const RESP of [2, 3] as const) {
      test(`node-redis in RESP${RESP}: types, transactions, cursors`, LIMIT, async () => {
        const redis = createClient({ url: url(), RESP, name: "tests" });
        await redis.connect();
        try {
          await redis.flushAll();
          assert.equal(await redis.set("k", "v", { EX: 100, NX: true }), "OK");
          assert.equal(await redis.set("k", "w", { GET: true }), "v");
          assert.equal(await redis.get("k"), "w");
          assert.equal(await redis.get("nothing"), null);
          await redis.hSet("h", { name: "Alice", age: 30 });
          assert.deepEqual({ ...(await redis.hGetAll("h")) }, { name: "Alice", age: "30" });
          await redis.sAdd("s", ["a", "b"]);
          assert.deepEqual([...(await redis.sMembers("s"))].sort(), ["a", "b"]);
          await redis.rPush("l", ["a", "b", "c"]);
          assert.deepEqual(await redis.lPopCount("l", 2), ["a", "b"]);
          assert.equal(await redis.incrByFloat("f", 1.5), "1.5");
          assert.deepEqual(await redis.multi().set("x", "1").incr("x").get("x").exec(), [
            "OK",
            2,
            "2",
          ]);
          const found: string[] = [];
          for await (const keys of redis.scanIterator({ COUNT: 2 })) found.push(...keys);
          assert.deepEqual([...new Set(found)].sort(), ["f", "h", "k", "l", "s", "x"]);
          assert.equal(await redis.clientGetName(), "tests");
          const info = (await redis.clientInfo()) as unknown as Record<string, unknown>;
          assert.equal(info.name, "tests");
          await assert.rejects(redis.lPush("k", "x"), /WRONGTYPE/);
          const many = await Promise.all(
            Array.from({ length: 5_000 }, (_, index) => redis.incrBy("many", index % 2)),
          );
          assert.equal(many.at(-1), 2_500);
        } finally {
          redis.destroy();
        }
      });

      test(`node-redis in RESP${RESP}: subscriptions`, LIMIT, async () => {
        const redis = createClient({ url: url(), RESP });
        const listener = redis.duplicate();
        await Promise.all([redis.connect(), listener.connect()]);
        try {
          const heard: string[] = [];
          await listener.subscribe("ch", (message, channel) =>
            heard.push(`${channel}: ${message}`),
          );
          await listener.pSubscribe("c*", (message) => heard.push(`pattern: ${message}`));
          assert.equal(await redis.publish("ch", "hello"), 2);
          await until(() => heard.length === 2);
          assert.deepEqual(heard, ["ch: hello", "pattern: hello"]);
          // In RESP3 a subscriber may go on with ordinary commands.
          if (RESP === 3) assert.equal(await listener.ping(), "PONG");
          await listener.unsubscribe();
          await listener.pUnsubscribe();
          assert.equal(await redis.publish("ch", "nobody"), 0);
        } finally {
          redis.destroy();
          listener.destroy();
        }
      });

      test(`node-redis in RESP${RESP}: a pool`, LIMIT, async () => {
        const pool = createClientPool({ url: url(), RESP }, { minimum: 1, maximum: 20 });
        await pool.connect();
        try {
          await pool.del("pooled");
          await Promise.all(Array.from({ length: 500 }, () => pool.incr("pooled")));
          assert.equal(await pool.get("pooled"), "500");
          // Optimistic locking needs a client of its own, which a pool lends.
          const raises = Array.from({ length: 20 }, () =>
            pool.execute(async (client) => {
              while (true) {
                await client.watch("locked");
                const now = Number((await client.get("locked")) ?? 0);
                try {
                  await client
                    .multi()
                    .set("locked", String(now + 1))
                    .exec();
                  return;
                } catch (error) {
                  if ((error as Error).name !== "WatchError" && !/watched/.test(String(error)))
                    throw error;
                }
              }
            }),
          );
          await Promise.all(raises);
          assert.equal(await pool.get("locked"), "20");
          await pool.del("locked");
        } finally {
          pool.destroy();
        }
      });
    }

    test("clients come back when the server does", LIMIT, async () => {
      const port = await freePort();
      const dir = temporaryFolder();
      const args = ["--appendonly", "yes"];
      let mortal = await startOurServer({ runtime, port, dir, args });
      const redis = new Redis(port, "127.0.0.1", { retryStrategy: () => 50 });
      redis.on("error", () => {});
      try {
        await redis.set("k", "before");
        await mortal.stop("SIGKILL");
        mortal = await startOurServer({ runtime, port, dir, args });
        assert.equal(await redis.get("k"), "before");
      } finally {
        redis.disconnect();
        await mortal.stop();
      }
    });
  });
}

/** Waits for the condition, 5 seconds at most. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail("the condition did not come true within 5 seconds");
}
