// Locks and rate limits: redlock, redis-semaphore and rate-limiter-flexible, each of which is a few
// scripts that must be atomic, and keys that must go in time.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import {
  BurstyRateLimiter,
  RateLimiterMemory,
  RateLimiterRedis,
  type RateLimiterRes,
} from "rate-limiter-flexible";
import { createClient } from "redis";
import { MultiSemaphore, Mutex, RedlockMutex, Semaphore } from "redis-semaphore";
import Redlock from "redlock";
import { everywhere, LIMIT, type Subject } from "./subjects.ts";

/** Another connection to the same server. */
function another(at: Subject): Redis {
  const redis = new Redis(at.port, "127.0.0.1");
  at.ends.push(() => redis.disconnect());
  return redis;
}

describe("locks and limits", () => {
  const told = everywhere("programs with locks and limits");

  test("redlock locks, extends, contends and unlocks", LIMIT, async () => {
    const seen = await told(async (at) => {
      const patient = new Redlock([at.redis], { retryCount: 2_000, retryDelay: 5, retryJitter: 5 });
      const impatient = new Redlock([another(at)], { retryCount: 0 });
      const failure = (error: Error & { attempts?: number }) => [error.name, error.attempts ?? 0];
      const lock = await patient.lock("account", 60_000);
      const held = await impatient.lock("account", 1_000).catch(failure);
      const isTheirs = (await at.redis.get("account")) === lock.value;
      const longer = await lock.extend(120_000);
      const ttl = await at.redis.pttl("account");
      await lock.unlock();
      const gone = await at.redis.exists("account");
      const late = await lock.unlock().then(() => "unlocked", failure);
      const lost = await longer.extend(10).then(() => "extended", failure);

      // All of several resources, or none.
      const taken = await patient.lock(["b"], 60_000);
      const several = await impatient.lock(["a", "b"], 60_000).catch(failure);
      const notTaken = await at.redis.exists("a");
      await taken.unlock();
      await (await impatient.lock(["a", "b"], 60_000)).unlock();

      // Twenty that add to what they have read, one after another.
      await at.redis.set("sum", 0);
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          const mine = await patient.lock("sum's lock", 10_000);
          const now = Number(await at.redis.get("sum"));
          await pause(1);
          await at.redis.set("sum", now + 1);
          await mine.unlock();
        }),
      );
      const expiring = await patient.lock("short", 30);
      const next = await patient.lock("short", 10_000);
      const differ = next.value !== expiring.value;
      return {
        held,
        isTheirs,
        extended: ttl > 60_000 && ttl <= 120_000,
        gone,
        late,
        lost,
        several,
        notTaken,
        sum: await at.redis.get("sum"),
        differ,
      };
    });
    assert.deepEqual(seen, {
      held: ["LockError", 1],
      isTheirs: true,
      extended: true,
      gone: 0,
      late: ["LockError", 0],
      lost: ["LockError", 0],
      several: ["LockError", 1],
      notTaken: 0,
      sum: "20",
      differ: true,
    });
  });

  test("redis-semaphore: mutexes, semaphores, several permits", LIMIT, async () => {
    const seen = await told(async (at) => {
      const others = another(at);
      const impatient = { acquireAttemptsLimit: 1, lockTimeout: 60_000 };
      const mutex = new Mutex(at.redis, "m", { lockTimeout: 60_000 });
      const second = new Mutex(others, "m", impatient);
      await mutex.acquire();
      const whileHeld = await second.tryAcquire();
      await mutex.release();
      const afterwards = await second.tryAcquire();
      // One whose lock was taken from it hears of that.
      const losing = new Mutex(at.redis, "lost", {
        lockTimeout: 10_000,
        refreshInterval: 20,
        onLockLost: (error) => heard.push(error.constructor.name),
      });
      const heard: string[] = [];
      await losing.acquire();
      await others.set("mutex:lost", "somebody else's");
      while (heard.length === 0) await pause(5);

      const pool = Array.from({ length: 4 }, () => new Semaphore(others, "s", 3, impatient));
      const acquired: boolean[] = [];
      for (const each of pool) acquired.push(await each.tryAcquire());
      await pool[0]?.release();
      acquired.push(await (pool[3] as Semaphore).tryAcquire());
      const members = await at.redis.zcard("semaphore:s");

      const wide = [2, 2, 1].map(
        (permits) => new MultiSemaphore(others, "w", 4, permits, impatient),
      );
      const permitted: boolean[] = [];
      for (const each of wide) permitted.push(await each.tryAcquire());
      await wide[0]?.release();
      permitted.push(await (wide[2] as MultiSemaphore).tryAcquire());

      const clients = [at.redis, others, another(at)];
      // Three clients of one server see one key: the first takes it, and that is no majority.
      const spread = new RedlockMutex(clients, "r", impatient);
      const single = new RedlockMutex([at.redis], "one", impatient);
      const quorum = [await spread.tryAcquire(), await single.tryAcquire()];
      for (const each of [second, ...pool, ...wide, single]) await each.release();
      return {
        mutex: [whileHeld, afterwards],
        heard,
        acquired,
        members,
        permitted,
        quorum,
        left: (await at.redis.keys("{mutex,semaphore}*")).sort(),
      };
    });
    assert.deepEqual(seen, {
      mutex: [false, true],
      heard: ["LostLockError"],
      acquired: [true, true, true, false, true],
      members: 3,
      permitted: [true, true, false, true],
      quorum: [false, true],
      left: [],
    });
  });

  const outcome = ({ remainingPoints, consumedPoints, isFirstInDuration }: RateLimiterRes) =>
    `${consumedPoints} used, ${remainingPoints} left${isFirstInDuration ? ", first" : ""}`;

  for (const client of ["ioredis", "node-redis"] as const) {
    test(`rate-limiter-flexible on ${client}: points, blocks, rewards`, LIMIT, async () => {
      const seen = await told(async (at) => {
        const node = createClient({ url: `redis://127.0.0.1:${at.port}` });
        await node.connect();
        at.ends.push(() => node.destroy());
        const storeClient = client === "ioredis" ? at.redis : node;
        const useRedisPackage = client === "node-redis";
        const keyPrefix = client;
        const base = { storeClient, useRedisPackage, keyPrefix };
        const limiter = new RateLimiterRedis({
          ...base,
          points: 3,
          duration: 60,
          blockDuration: 600,
        });
        const steps: unknown[] = [];
        const step = async (result: Promise<RateLimiterRes | null>) => {
          const shown = await result.then(
            (found) => (found === null ? null : outcome(found)),
            (rejected) => `rejected: ${outcome(rejected)}`,
          );
          steps.push(shown);
        };
        await step(limiter.get("user"));
        await step(limiter.consume("user"));
        await step(limiter.consume("user", 2));
        await step(limiter.consume("user"));
        const blocked = await at.redis.ttl(`${keyPrefix}:user`);
        await step(limiter.get("user"));
        steps.push(await limiter.delete("user"), await limiter.delete("user"));
        await step(limiter.penalty("user", 2));
        await step(limiter.reward("user", 1));
        await step(limiter.set("user", 9, 30));
        await step(limiter.consume("user"));
        await step(limiter.block("other", 90));
        await step(limiter.consume("other"));
        const forever = new RateLimiterRedis({
          ...base,
          keyPrefix: `${client}2`,
          points: 5,
          duration: 0,
        });
        await step(forever.consume("user", 4));
        await step(forever.consume("user", 4));
        const burst = new BurstyRateLimiter(
          new RateLimiterRedis({ ...base, keyPrefix: `${client}3`, points: 1, duration: 60 }),
          new RateLimiterRedis({ ...base, keyPrefix: `${client}4`, points: 2, duration: 600 }),
        );
        for (let n = 0; n < 4; n++) await step(burst.consume("user"));
        const crowd = new RateLimiterRedis({
          ...base,
          keyPrefix: `${client}5`,
          points: 40,
          duration: 60,
        });
        const all = await Promise.allSettled(Array.from({ length: 100 }, () => crowd.consume("c")));
        const allowed = all.filter((each) => each.status === "fulfilled").length;
        return { steps, blocked: blocked > 60 && blocked <= 600, allowed };
      });
      assert.deepEqual(seen, {
        steps: [
          null,
          "1 used, 2 left, first",
          "3 used, 0 left",
          "rejected: 4 used, 0 left",
          "4 used, 0 left",
          true,
          false,
          "2 used, 1 left, first",
          "1 used, 2 left",
          "9 used, 0 left",
          "rejected: 10 used, 0 left",
          "4 used, 0 left",
          "rejected: 5 used, 0 left",
          "4 used, 1 left, first",
          "rejected: 8 used, 0 left",
          "1 used, 0 left, first",
          "2 used, 0 left",
          "3 used, 0 left",
          "rejected: 4 used, 0 left",
        ],
        blocked: true,
        allowed: 40,
      });
    });
  }

  test(
    "rate-limiter-flexible goes on with its insurance where the server has gone",
    LIMIT,
    async () => {
      const seen = await told(async (at) => {
        const redis = another(at);
        redis.on("error", () => {});
        const limiter = new RateLimiterRedis({
          storeClient: redis,
          rejectIfRedisNotReady: true,
          points: 2,
          duration: 60,
          insuranceLimiter: new RateLimiterMemory({ points: 1, duration: 60 }),
        });
        await redis.ping();
        const steps = [outcome(await limiter.consume("insured"))];
        redis.disconnect();
        steps.push(outcome(await limiter.consume("insured")));
        steps.push(await limiter.consume("insured").then(outcome, () => "rejected"));
        return steps;
      });
      assert.deepEqual(seen, ["1 used, 1 left, first", "1 used, 0 left, first", "rejected"]);
    },
  );
});
