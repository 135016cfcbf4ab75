// A program that lives on a queue, for the jobs suite: BullMQ on ioredis, in a process of its own.
// It adds jobs, fifty calls at a time, and then one worker processes them, fifty at once; a job
// does nothing, so what is left is what the queue costs. Prints its figures as a line of JSON.

import { Queue, Worker } from "bullmq";

export interface JobsOrder {
  port: number;
  jobs: number;
}

export interface JobsFigure {
  addSeconds: number;
  workSeconds: number;
  /** CPU time of this process meanwhile. */
  clientMs: number;
}

const AT_ONCE = 50;

async function measure({ port, jobs }: JobsOrder): Promise<JobsFigure> {
  const connection = { host: "127.0.0.1", port };
  const queue = new Queue("bench", { connection });
  await queue.obliterate({ force: true });
  const before = process.cpuUsage();
  const addSeconds = await timed(() => addJobs(queue, jobs));
  const workSeconds = await timed(() => workOff(connection, jobs));
  const { user, system } = process.cpuUsage(before);
  const completed = await queue.getCompletedCount();
  if (completed !== jobs) throw new Error(`${completed} of ${jobs} jobs were completed`);
  await queue.obliterate({ force: true });
  await queue.close();
  return { addSeconds, workSeconds, clientMs: (user + system) / 1000 };
}

async function addJobs(queue: Queue, jobs: number): Promise<void> {
  let next = 0;
  const adder = async () => {
    while (next < jobs) await queue.add("job", { n: next++, text: "some text that a job has" });
  };
  await Promise.all(Array.from({ length: AT_ONCE }, adder));
}

async function workOff(connection: { host: string; port: number }, jobs: number): Promise<void> {
  let left = jobs;
  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const worker = new Worker("bench", async (job) => job.data.n, {
    connection,
    concurrency: AT_ONCE,
  });
  worker.on("completed", () => {
    if (--left === 0) finish();
  });
  await finished;
  await worker.close();
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1000;
}

console.log(JSON.stringify(await measure(JSON.parse(process.argv[2] as string))));
