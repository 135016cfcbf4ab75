// Bull and bee-queue, which BullMQ came from and was written against: their scripts are their own,
// they wait in lists, and tell of their jobs by PUBLISH.

import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import BeeQueue from "bee-queue";
import Bull from "bull";
import { everywhere, keysBelow, LIMIT, type Subject, spawnWorker, until } from "./subjects.ts";

function bullAt(at: Subject, name: string, options: Bull.QueueOptions = {}): Bull.Queue {
  const queue = new Bull(name, { redis: { host: "127.0.0.1", port: at.port }, ...options });
  at.ends.push(() => queue.close());
  return queue;
}

const told = everywhere("programs of Bull and bee-queue");

describe("Bull", () => {
  test("jobs are processed by priority, retried, delayed, and told of", LIMIT, async () => {
    const seen = await told(async (at) => {
      const queue = bullAt(at, "jobs");
      const listener = bullAt(at, "jobs");
      const heard: unknown[] = [];
      await listener.isReady();
      listener.on("global:progress", (id, progress) => heard.push([id, progress]));
      listener.on("global:failed", (id, reason) => heard.push([id, reason]));
      listener.on("global:completed", (id, result) => heard.push([id, result]));
      await queue.pause();
      await queue.add("low", {}, { priority: 9 });
      await queue.add("high", {}, { priority: 1 });
      await queue.add("again", {}, { attempts: 2, backoff: 200 });
      await queue.add("hopeless", {}, { attempts: 1 });
      await queue.add("last", {}, { delay: 700 });
      const counts = await queue.getJobCounts();
      at.alike.push(await keysBelow(at.redis, "bull:jobs:"));
      const processed: string[] = [];
      void queue.process("*", async (job) => {
        processed.push(`${job.name} ${job.attemptsMade}`);
        if (job.name === "again" && job.attemptsMade === 0) throw new Error("once more");
        if (job.name === "hopeless") throw new Error("never");
        await job.progress(50);
        return { name: job.name };
      });
      await queue.resume();
      await until(() => heard.length === 9);
      const failed = await queue.getFailed();
      const order = processed.slice(0, 3);
      const rest = processed.slice(3).sort();
      return { counts, order, rest, heard: heard.sort(), failed: failed.map((job) => job.id) };
    });
    assert.deepEqual(seen, {
      counts: { waiting: 0, active: 0, completed: 0, failed: 0, delayed: 1, paused: 4 },
      order: ["high 0", "low 0", "again 0"],
      rest: ["again 1", "hopeless 0", "last 0"],
      heard: [
        ["1", 50],
        ["1", '{"name":"low"}'],
        ["2", 50],
        ["2", '{"name":"high"}'],
        ["3", 50],
        ["3", '{"name":"again"}'],
        ["4", "never"],
        ["5", 50],
        ["5", '{"name":"last"}'],
      ],
      failed: ["4"],
    });
  });

  test("jobs repeat, are limited, locked, cleaned and obliterated", LIMIT, async () => {
    const seen = await told(async (at) => {
      const queue = bullAt(at, "more", { limiter: { max: 2, duration: 40 } });
      await queue.addBulk(Array.from({ length: 6 }, (_, n) => ({ data: { n } })));
      const processed: unknown[] = [];
      void queue.process(1, async (job) => processed.push(job.data.n));
      await until(() => processed.length === 6);
      await queue.add({ n: "tick" }, { repeat: { every: 30, limit: 3 } });
      await until(() => processed.length === 9);
      await until(async () => (await queue.getCompletedCount()) === 9);
      // What was completed in this very millisecond is not cleaned yet.
      await new Promise((resolve) => setTimeout(resolve, 5));
      const cleaned = (await queue.clean(0, "completed")).length;
      await queue.pause();
      await queue.add({ n: 9 });
      const paused = await queue.getJobCounts();
      await queue.obliterate({ force: true });
      // The limiter's count goes by itself.
      const left = (await at.redis.keys("bull:more:*")).filter((key) => !/:limiter$/.test(key));
      // What is over the limit waits for timers, which may change places.
      const limited = processed.splice(0, 6).sort();
      return { processed: [...limited, ...processed], cleaned, paused, left };
    });
    assert.deepEqual(seen, {
      processed: [0, 1, 2, 3, 4, 5, "tick", "tick", "tick"],
      cleaned: 9,
      paused: { waiting: 0, active: 0, completed: 0, failed: 0, delayed: 0, paused: 1 },
      left: [],
    });
  });

  test("the job of a worker process that was killed is taken over", LIMIT, async () => {
    const seen = await told(async (at) => {
      const queue = bullAt(at, "killed", { settings: { stalledInterval: 100 } });
      const stalled: unknown[] = [];
      queue.on("stalled", (job) => stalled.push(job.id));
      await queue.add({ n: 1 });
      const worker = spawnWorker(at, "bull", "killed");
      await until(async () => (await queue.getJob("1"))?.progress() === "half done");
      worker.kill("SIGKILL");
      const completed = once(queue, "completed");
      void queue.process(async (job) => `${job.progress()}, done by another`);
      const [job] = await completed;
      return { stalled, value: job.returnvalue, made: job.attemptsMade };
    });
    assert.deepEqual(seen, {
      stalled: ["1"],
      value: "half done, done by another",
      made: 0,
    });
  });
});

describe("bee-queue", () => {
  function beeAt(at: Subject, name: string, options: BeeQueue.QueueSettings = {}): BeeQueue {
    const queue = new BeeQueue(name, { redis: { host: "127.0.0.1", port: at.port }, ...options });
    at.ends.push(() => queue.close(0));
    return queue;
  }

  test("jobs are processed, retried, delayed, and told of", LIMIT, async () => {
    const seen = await told(async (at) => {
      const queue = beeAt(at, "jobs", { activateDelayedJobs: true, delayedDebounce: 1 });
      const producer = beeAt(at, "jobs", { isWorker: false });
      await Promise.all([queue.ready(), producer.ready()]);
      const heard: unknown[] = [];
      producer.on("job succeeded", (id, result) => heard.push([id, result]));
      producer.on("job retrying", (id, error) => heard.push([id, error.message]));
      producer.on("job failed", (id, error) => heard.push([id, error.message]));
      producer.on("job progress", (id, progress) => heard.push([id, progress]));
      const jobs = [1, 2, 3].map((n) => producer.createJob({ n }));
      const errors = await producer.saveAll(jobs);
      await producer.createJob({ n: 4, failures: 1 }).retries(2).backoff("fixed", 5).save();
      await producer.createJob({ n: 5, failures: 9 }).setId("own").save();
      await producer
        .createJob({ n: 6 })
        .delayUntil(Date.now() + 300)
        .save();
      const health = await producer.checkHealth();
      at.alike.push(await keysBelow(at.redis, "bq:jobs:"));
      const tries = new Map<string, number>();
      queue.process(3, async (job) => {
        const tried = tries.get(job.id) ?? 0;
        tries.set(job.id, tried + 1);
        if (tried < (job.data.failures ?? 0)) throw new Error(`try ${tried}`);
        if (job.data.n === 1) job.reportProgress({ half: true });
        return job.data.n * 10;
      });
      await until(() => heard.length === 8);
      const failed = await producer.getJobs("failed", { size: 10 });
      await producer.removeJob("own");
      return {
        errors: errors.size,
        health,
        heard: heard.sort(),
        failed: failed.map((job) => job.id),
        after: await producer.checkHealth(),
      };
    });
    assert.deepEqual(seen, {
      errors: 0,
      health: { waiting: 5, active: 0, succeeded: 0, failed: 0, delayed: 1, newestJob: 5 },
      heard: [
        ["1", 10],
        ["1", { half: true }],
        ["2", 20],
        ["3", 30],
        ["4", 40],
        ["4", "try 0"],
        ["5", 60],
        ["own", "try 0"],
      ],
      failed: ["own"],
      after: { waiting: 0, active: 0, succeeded: 5, failed: 0, delayed: 0, newestJob: 5 },
    });
  });

  test("the job of a worker process that was killed is taken over", LIMIT, async () => {
    const seen = await told(async (at) => {
      const queue = beeAt(at, "killed", { stallInterval: 100 });
      const begun: unknown[] = [];
      queue.on("job progress", (id, progress) => begun.push([id, progress]));
      await queue.ready();
      await queue.createJob({}).save();
      const worker = spawnWorker(at, "bee-queue", "killed");
      await until(() => begun.length === 1);
      worker.kill("SIGKILL");
      const done: unknown[] = [];
      queue.on("succeeded", (job, result) => done.push([job.id, result]));
      queue.process(async () => "done by another");
      await until(async () => {
        await queue.checkStalledJobs();
        return done.length === 1;
      });
      await queue.destroy();
      return { begun, done, left: await at.redis.keys("bq:killed:*") };
    });
    assert.deepEqual(seen, {
      begun: [["1", "half done"]],
      done: [["1", "done by another"]],
      left: [],
    });
  });
});
