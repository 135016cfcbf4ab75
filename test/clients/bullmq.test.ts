// BullMQ: what its jobs go through, from being added to being removed, on our server as on
// redis-server. Where the order of things does not depend on timers, all keys that it leaves are
// compared too: BullMQ keeps the events of a queue in a stream, so these tell what has happened.

import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { describe, test } from "node:test";
import {
  DelayedError,
  type FlowJob,
  FlowProducer,
  type Job,
  type JobsOptions,
  Queue,
  QueueEvents,
  type RedisConnectionClient,
  UnrecoverableError,
  Worker,
  type WorkerOptions,
} from "bullmq";
import { createClient } from "redis";
import {
  hasProgram,
  RUNTIMES,
  startOurServer,
  startRedisServer,
  subjectIsRedis,
  temporaryFolder,
} from "../support/servers.ts";
import {
  close,
  everywhere,
  keysBelow,
  LIMIT,
  open,
  type Subject,
  spawnWorker,
  until,
} from "./subjects.ts";

/** A queue of that name, and what works on it on demand; all is closed when the story ends. */
function queueAt(at: Subject, name: string) {
  const connection = { host: "127.0.0.1", port: at.port };
  const closing = <T extends { close(): unknown }>(closable: T): T => {
    at.ends.push(() => closable.close());
    return closable;
  };
  const queue = closing(new Queue(name, { connection }));
  queue.on("error", () => {});
  return {
    queue,
    work: (process: (job: Job, token?: string) => unknown, options?: Partial<WorkerOptions>) =>
      closing(
        new Worker(name, async (job, token) => process(job, token), { connection, ...options }),
      ),
    events: async () => {
      const events = closing(new QueueEvents(name, { connection }));
      await events.waitUntilReady();
      return events;
    },
    flows: () => closing(new FlowProducer({ connection })),
    keys: () => keysBelow(at.redis, `bull:${name}:`),
    finished: (count: number) =>
      until(async () => (await queue.getJobCountByTypes("completed", "failed")) === count),
  };
}

/** The names of the events of a queue, in order, with what they concern. */
async function eventsOf({ redis }: Subject, queue: string): Promise<string[]> {
  const entries = await redis.xrange(`bull:${queue}:events`, "-", "+");
  return entries.map(([, fields]) => {
    const about = fields.indexOf("jobId");
    return about < 0 ? String(fields[1]) : `${fields[1]} ${fields[about + 1]}`;
  });
}

describe("BullMQ", () => {
  const told = everywhere("BullMQ's programs");

  test("jobs are added, processed and completed, and others hear of it", LIMIT, async () => {
    const seen = await told(async (at) => {
      const { queue, work, events, keys } = queueAt(at, "simple");
      const listener = await events();
      const progress: unknown[] = [];
      listener.on("progress", ({ jobId, data }) => progress.push([jobId, data]));
      const job = await queue.add("sum", { numbers: [1, 2, 3.5], text: "grüße\n\0" });
      assert.equal(await job.getState(), "waiting");
      work(async (job) => {
        await job.updateProgress(50);
        await job.log("half of it");
        await job.updateData({ ...job.data, seen: true });
        await job.updateProgress({ step: "last" });
        return job.data.numbers.reduce((sum: number, each: number) => sum + each);
      });
      const result = await job.waitUntilFinished(listener);
      await until(() => progress.length === 2);
      const again = await queue.getJob("1");
      const { logs, count } = await queue.getJobLogs("1");
      at.alike.push(await keys());
      return {
        result,
        progress,
        logs: [count, ...logs],
        state: await job.getState(),
        data: again?.data,
        value: again?.returnvalue,
        events: await eventsOf(at, "simple"),
      };
    });
    assert.deepEqual(seen, {
      result: 6.5,
      progress: [
        ["1", 50],
        ["1", { step: "last" }],
      ],
      logs: [1, "half of it"],
      state: "completed",
      data: { numbers: [1, 2, 3.5], text: "grüße\n\0", seen: true },
      value: 6.5,
      events: [
        "added 1",
        "waiting 1",
        "active 1",
        "progress 1",
        "progress 1",
        "completed 1",
        "drained",
      ],
    });
  });

  test("jobs that fail are tried again, later and later, until they may not", LIMIT, async () => {
    const seen = await told(async (at) => {
      const { queue, work, finished } = queueAt(at, "failing");
      const backoff = { type: "exponential", delay: 10 };
      await queue.add("twice", { failures: 2 }, { attempts: 5, backoff });
      await queue.add("always", { failures: 9 }, { attempts: 3, backoff: 5, stackTraceLimit: 2 });
      await queue.add("hopeless", { hopeless: true }, { attempts: 3 });
      await queue.add("own", { failures: 1 }, { attempts: 2, backoff: { type: "own" } });
      const delays: unknown[] = [];
      work(
        (job) => {
          if (job.data.hopeless) throw new UnrecoverableError("there is no hope");
          if (job.attemptsMade < job.data.failures) throw new Error(`try ${job.attemptsMade}`);
          return job.attemptsMade;
        },
        {
          settings: {
            backoffStrategy: (attempts, type, error) => {
              delays.push([attempts, type, error?.message]);
              return 1;
            },
          },
        },
      );
      await finished(4);
      const jobs = await queue.getJobs(["completed", "failed"]);
      const outcome = jobs
        .sort((a, b) => Number(a.id) - Number(b.id))
        .map((job) => [job.name, job.attemptsMade, job.returnvalue, job.failedReason]);
      const stacks = jobs.map((job) => job.stacktrace?.map((stack) => stack.split("\n")[0]));
      // A failed one goes back on demand, and fails again.
      await jobs[1]?.retry("failed");
      await until(async () => (await queue.getJob("2"))?.attemptsMade === 4);
      await until(async () => (await queue.getFailedCount()) === 2);
      await queue.retryJobs({ state: "failed" });
      await until(async () => (await queue.getJob("2"))?.attemptsMade === 5);
      await until(async () => (await queue.getFailedCount()) === 2);
      return { outcome, stacks, delays };
    });
    assert.deepEqual(seen, {
      outcome: [
        ["twice", 3, 2, "try 1"],
        ["always", 3, null, "try 2"],
        ["hopeless", 1, null, "there is no hope"],
        ["own", 2, 1, "try 0"],
      ],
      stacks: [
        ["Error: try 0", "Error: try 1"],
        ["Error: try 1", "Error: try 2"],
        ["UnrecoverableError: there is no hope"],
        ["Error: try 0"],
      ],
      delays: [[1, "own", "try 0"]],
    });
  });

  test("delayed jobs wait, in the order of their times", LIMIT, async () => {
    const seen = await told(async (at) => {
      const { queue, work, finished } = queueAt(at, "delayed");
      const timestamp = Date.now();
      await queue.add("third", {}, { timestamp, delay: 500_000 });
      await queue.add("second", {}, { timestamp, delay: 400_000 });
      const sooner = await queue.add("first", {}, { timestamp, delay: 600_000 });
      const promoted = await queue.add("promoted", {}, { delay: 300_000 });
      const counts = await queue.getJobCounts("delayed", "waiting");
      const order = (await queue.getDelayed()).map((job) => job.name);
      await sooner.changeDelay(60_000);
      const changed = (await queue.getDelayed()).map((job) => job.name);
      await promoted.promote();
      await queue.promoteJobs();
      const waits = await queue.add("waits", {}, { delay: 50 });
      const processed: string[] = [];
      let off = 0;
      work(async (job, token) => {
        if (job.id !== waits.id) {
          processed.push(job.name);
          return;
        }
        // Not before its time; then it puts itself off, and is not begun before that one either.
        const now = Date.now();
        if (off === 0) {
          off = now + 50;
          await job.moveToDelayed(off, token);
          throw new DelayedError();
        }
        return [waits.timestamp + 50 <= Number(job.processedOn), off <= now];
      });
      await finished(5);
      const value = (await queue.getJob(waits.id as string))?.returnvalue;
      return { counts, order, changed, processed, state: await promoted.getState(), value };
    });
    assert.deepEqual(seen, {
      counts: { delayed: 4, waiting: 0 },
      order: ["promoted", "second", "third", "first"],
      changed: ["first", "promoted", "second", "third"],
      processed: ["promoted", "first", "second", "third"],
      state: "completed",
      value: [true, true],
    });
  });

  test("job schedulers make a job of each interval, and of a cron pattern", LIMIT, async () => {
    const seen = await told(async (at) => {
      const { queue, work } = queueAt(at, "repeated");
      const processed: unknown[] = [];
      work((job) => {
        processed.push([job.name, job.data.n]);
      });
      await queue.upsertJobScheduler(
        "often",
        { every: 40, limit: 4 },
        { name: "tick", data: { n: 1 } },
      );
      await queue.upsertJobScheduler("yearly", { pattern: "0 0 1 1 *", tz: "UTC" }, { name: "y" });
      const schedulers = await queue.getJobSchedulers();
      await until(() => processed.length === 4);
      const yearly = await queue.getJobScheduler("yearly");
      const [next] = await queue.getDelayed();
      const date = new Date(Number(yearly?.next));
      const removed = [
        await queue.removeJobScheduler("yearly"),
        await queue.removeJobScheduler("none"),
      ];
      return {
        processed,
        schedulers: schedulers.map((each) => [each.key, each.every, each.pattern, each.limit]),
        newYear: [date.getUTCMonth(), date.getUTCDate(), date.getUTCHours()],
        next: next?.name,
        removed,
        left: await queue.getJobSchedulersCount(),
        delayed: await queue.getDelayedCount(),
      };
    });
    assert.deepEqual(seen, {
      processed: Array(4).fill(["tick", 1]),
      schedulers: [
        ["yearly", undefined, "0 0 1 1 *", undefined],
        ["often", 40, undefined, 4],
      ],
      newYear: [0, 1, 0],
      next: "y",
      removed: [true, false],
      left: 1,
      delayed: 0,
    });
  });

  test("jobs of higher priority come first, others in order or reversed", LIMIT, async () => {
    const seen = await told(async (at) => {
      const { queue, work, finished, keys } = queueAt(at, "priorities");
      const add = (name: string, options?: JobsOptions) => queue.add(name, {}, options);
      await add("low", { priority: 10 });
      await add("high", { priority: 1 });
      await add("high too", { priority: 1 });
      const raised = await add("raised", { priority: 2_000_000 });
      await add("none");
      await add("none, last in", { lifo: true });
      await add("middle", { priority: 5 });
      await raised.changePriority({ priority: 2 });
      const counts = await queue.getCountsPerPriority([0, 1, 2, 5, 10]);
      const waiting = (await queue.getPrioritized()).map((job) => job.name);
      const processed: string[] = [];
      work((job) => {
        processed.push(job.name);
      });
      await finished(7);
      at.alike.push(await keys());
      return { counts, waiting, processed };
    });
    assert.deepEqual(seen, {
      counts: { 0: 2, 1: 2, 2: 1, 5: 1, 10: 1 },
      waiting: ["high", "high too", "raised", "middle", "low"],
      processed: ["none, last in", "none", "high", "high too", "raised", "middle", "low"],
    });
  });

  test("no more jobs are begun than rate limits allow", LIMIT, async () => {
    const seen = await told(async (at) => {
      const { queue, work, finished } = queueAt(at, "limited");
      const processed: unknown[] = [];
      await queue.addBulk(Array.from({ length: 7 }, (_, n) => ({ name: "job", data: { n } })));
      const limited: number[] = [];
      const worker = work(
        async (job) => {
          processed.push(job.data.n);
          // The fourth asks for a rest, and is done afterwards.
          if (job.data.n !== 3 || processed.filter((n) => n === 3).length > 1) return;
          await worker.rateLimit(60_000);
          limited.push(await queue.getRateLimitTtl());
          await queue.removeRateLimitKey();
          throw Worker.RateLimitError();
        },
        { limiter: { max: 2, duration: 60 }, maximumRateLimitDelay: 50 },
      );
      await finished(7);
      await worker.close();

      // A limit of the whole queue holds for every worker.
      await queue.setGlobalRateLimit(1, 30);
      await queue.addBulk(Array.from({ length: 4 }, (_, n) => ({ name: "job", data: { n } })));
      const begun: number[] = [];
      const note = (job: Job) => begun.push(job.data.n);
      work(note);
      work(note);
      await finished(11);
      const rule = await queue.getGlobalRateLimit();
      return { processed, rested: limited.map((ms) => ms > 0 && ms <= 60_000), begun, rule };
    });
    assert.deepEqual(seen, {
      processed: [0, 1, 2, 3, 3, 4, 5, 6],
      rested: [true],
      begun: [0, 1, 2, 3],
      rule: { max: 1, duration: 30 },
    });
  });

  test("fifty jobs run at once where a worker may have fifty", LIMIT, async () => {
    const seen = await told(async (at) => {
      const { queue, work, finished } = queueAt(at, "crowd");
      const jobs = Array.from({ length: 200 }, (_, n) => ({ name: "job", data: { n } }));
      const added = await queue.addBulk(jobs);
      let active = 0;
      let most = 0;
      let release = () => {};
      const all = new Promise<void>((resolve) => {
        release = resolve;
      });
      const done = new Set<number>();
      work(
        async (job) => {
          active++;
          most = Math.max(most, active);
          // The first fifty end when the fiftieth has begun.
          if (active === 50) release();
          await all;
          done.add(job.data.n);
          active--;
        },
        { concurrency: 50 },
      );
      await finished(200);
      at.alike.push(await queue.getJobCounts());
      return { ids: [added[0]?.id, added.at(-1)?.id], most, done: done.size };
    });
    assert.deepEqual(seen, { ids: ["1", "200"], most: 50, done: 200 });
  });

  test("a flow's parents wait for their children, and get what these gave", LIMIT, async () => {
    const seen = await told(async (at) => {
      const { queue, work, flows, keys, finished } = queueAt(at, "flow");
      const child = (name: string, children: FlowJob[] = [], opts: JobsOptions = {}): FlowJob => ({
        name,
        queueName: "flow",
        data: {},
        opts: { jobId: name, ...opts },
        children,
      });
      const producer = flows();
      const grandchildren = [child("x"), child("y")];
      const tree = await producer.add(child("top", [child("a", grandchildren), child("b")]));
      const waiting = await queue.getJobCounts("waiting", "waiting-children");
      const before = await tree.job.getDependenciesCount();
      const processed: string[] = [];
      work(async (job) => {
        processed.push(job.name);
        if (job.name.startsWith("bad")) throw new Error(`${job.name} fails`);
        const values = Object.values(await job.getChildrenValues()).sort();
        return values.length === 0 ? job.name : `${job.name}(${values})`;
      });
      await finished(5);
      at.alike.push(await keys());
      const top = (await queue.getJob("top"))?.returnvalue;
      const again = await producer.getFlow({ id: "top", queueName: "flow" });
      const names = again.children?.map((each) => each.job.id).sort();

      // A child that fails may take its parent with it, be passed over, or be left out.
      await producer.add(child("p1", [child("bad1", [], { failParentOnFailure: true })]));
      await producer.add(
        child("p2", [child("bad2", [], { ignoreDependencyOnFailure: true }), child("good2")]),
      );
      await producer.add(child("p3", [child("bad3", [], { removeDependencyOnFailure: true })]));
      await finished(12);
      const parents: unknown[] = [];
      for (const id of ["p1", "p2", "p3"]) {
        const job = (await queue.getJob(id)) as Job;
        const ignored = Object.values(await job.getIgnoredChildrenFailures());
        parents.push([await job.getState(), job.failedReason, job.returnvalue, ignored]);
      }
      return { waiting, before, processed: processed.slice(0, 5), top, names, parents };
    });
    assert.deepEqual(seen, {
      waiting: { waiting: 3, "waiting-children": 2 },
      before: { processed: 0, unprocessed: 2, ignored: 0, failed: 0 },
      processed: ["b", "x", "y", "a", "top"],
      top: "top(a(x,y),b)",
      names: ["a", "b"],
      parents: [
        ["failed", "child bull:flow:bad1 failed", null, []],
        ["completed", undefined, "p2(good2)", ["bad2 fails"]],
        ["completed", undefined, "p3", []],
      ],
    });
  });

  test("the job of a worker process that was killed is taken over", LIMIT, async () => {
    const seen = await told(async (at) => {
      const { queue, work, events, finished } = queueAt(at, "killed");
      const stalled: string[] = [];
      (await events()).on("stalled", ({ jobId }) => stalled.push(jobId));
      const job = await queue.add("heavy", { weight: 1 });
      const worker = spawnWorker(at, "bullmq", "killed");
      await until(async () => (await job.getState()) === "active");
      const progress = async () => (await queue.getJob("1"))?.progress;
      await until(async () => (await progress()) === "half done");
      worker.kill("SIGKILL");
      const processed: unknown[] = [];
      work(
        (job) => {
          processed.push([job.id, job.progress]);
          return "done by another";
        },
        { stalledInterval: 100 },
      );
      await finished(1);
      await until(() => stalled.length === 1);
      const after = await queue.getJob("1");
      return {
        stalled,
        processed,
        state: await job.getState(),
        value: after?.returnvalue,
        counts: [after?.attemptsMade, after?.attemptsStarted, after?.stalledCounter],
        events: await eventsOf(at, "killed"),
      };
    });
    assert.deepEqual(seen, {
      stalled: ["1"],
      processed: [["1", "half done"]],
      state: "completed",
      value: "done by another",
      counts: [1, 2, 1],
      events: [
        "added 1",
        "waiting 1",
        "active 1",
        "progress 1",
        "waiting 1",
        "stalled 1",
        "active 1",
        "completed 1",
        "drained",
      ],
    });
  });

  test("queues are paused, counted, cleaned, drained and obliterated", LIMIT, async () => {
    const seen = await told(async (at) => {
      const { queue, work, finished, keys } = queueAt(at, "kept");
      const bulk = (count: number, opts: JobsOptions = {}) =>
        queue.addBulk(
          Array.from({ length: count }, (_, n) => ({ name: "job", data: { n }, opts })),
        );
      const types = ["waiting", "delayed", "prioritized", "completed", "failed"] as const;
      const counts = async () => {
        const found = await queue.getJobCounts(...types);
        return types.map((type) => found[type]);
      };
      const steps: Record<string, unknown> = {};
      await queue.pause();
      await bulk(6);
      await bulk(3, { delay: 60_000 });
      await bulk(2, { priority: 3 });
      const once = { deduplication: { id: "one" } };
      const first = await queue.add("once", {}, once);
      const second = await queue.add("once", {}, once);
      steps.deduplicated = [second.id === first.id, await queue.getDeduplicationJobId("one")];
      steps.paused = [await queue.isPaused(), await counts(), await queue.count()];
      at.alike.push(await keys());
      const worker = work((job) => {
        if (job.data.n % 2 === 1) throw new Error("odd");
      });
      await worker.waitUntilReady();
      await queue.resume();
      await finished(9);
      steps.resumed = [await queue.isPaused(), await counts()];
      await worker.pause();
      steps.removed = [await queue.remove("1"), await queue.remove("none")];
      await queue.promoteJobs({ count: 1 });
      steps.promoted = await counts();
      const cleaned = await queue.clean(0, 2, "completed");
      steps.cleaned = [cleaned.length, await counts()];
      await queue.retryJobs({ count: 2 });
      steps.retried = await counts();
      await queue.drain(true);
      steps.drained = await counts();
      await bulk(3);
      await queue.obliterate({ force: true });
      steps.obliterated = [await counts(), await at.redis.keys("bull:kept:*")];
      return steps;
    });
    assert.deepEqual(seen, {
      deduplicated: [true, "12"],
      paused: [true, [7, 3, 2, 0, 0], 12],
      resumed: [false, [0, 3, 0, 5, 4]],
      removed: [1, 1],
      promoted: [3, 0, 0, 4, 4],
      cleaned: [2, [3, 0, 0, 2, 4]],
      retried: [7, 0, 0, 2, 0],
      drained: [0, 0, 0, 2, 0],
      obliterated: [[0, 0, 0, 0, 0], []],
    });
  });

  test("node-redis carries it as well", LIMIT, async () => {
    const seen = await told(async (at) => {
      const url = `redis://127.0.0.1:${at.port}`;
      const client = createClient({ url });
      await client.connect();
      at.ends.push(() => client.destroy());
      const connection = client as unknown as RedisConnectionClient;
      const queue = new Queue("other-client", { connection });
      at.ends.push(() => queue.close());
      const worker = new Worker("other-client", async (job) => job.data.n * 2, { connection });
      at.ends.push(() => worker.close());
      await queue.addBulk([1, 2, 3].map((n) => ({ name: "double", data: { n } })));
      await until(async () => (await queue.getCompletedCount()) === 3);
      const jobs = await queue.getCompleted();
      return jobs.map((job) => job.returnvalue).sort();
    });
    assert.deepEqual(seen, [2, 4, 6]);
  });

  for (const runtime of RUNTIMES) {
    test(`a queue is whole after its server was killed, on ${runtime}`, LIMIT, async (t) => {
      if (subjectIsRedis()) return t.skip("redis-server puts off what it writes to its log");
      const options = { runtime, dir: temporaryFolder(), args: ["--appendonly", "yes"] };
      let server = await startOurServer(options);
      const at = open(server);
      try {
        const { queue, work, flows, keys } = queueAt(at, "kept");
        await queue.addBulk(Array.from({ length: 20 }, (_, n) => ({ name: "job", data: { n } })));
        await queue.add("later", {}, { delay: 600_000 });
        await queue.add("first", {}, { priority: 7 });
        await queue.upsertJobScheduler("hourly", { every: 3_600_000 });
        const child = { name: "child", queueName: "kept", opts: { delay: 600_000 } };
        await flows().add({ name: "parent", queueName: "kept", children: [child] });
        const worker = work((job) => {
          if (job.data.n % 3 === 0) throw new Error("every third fails");
        });
        await until(async () => (await queue.getJobCountByTypes("completed", "failed")) > 9);
        await worker.close();
        const before = await keys();
        await server.stop("SIGKILL");
        if (hasProgram("redis-server")) assert.deepEqual(await keysByRedis(options.dir), before);
        server = await startOurServer({ ...options, port: at.port });
        assert.deepEqual(await keys(), before);
        await queue.promoteJobs();
        await queue.retryJobs();
        work(() => "done");
        const types = ["waiting", "active", "prioritized", "waiting-children", "failed"] as const;
        await until(async () => (await queue.getJobCountByTypes(...types)) === 0);
        assert.ok((await queue.getCompletedCount()) >= 25);
      } finally {
        await close(at);
        await server.stop();
      }
    });
  }
});

/** The queue's keys as redis-server has them, which is given a copy of the log. */
async function keysByRedis(log: string): Promise<unknown> {
  const dir = temporaryFolder();
  cpSync(log, dir, { recursive: true });
  const server = await startRedisServer({ dir, args: ["--appendonly", "yes"] });
  const at = open(server);
  try {
    return await keysBelow(at.redis, "bull:kept:");
  } finally {
    await close(at);
    await server.stop();
  }
}
