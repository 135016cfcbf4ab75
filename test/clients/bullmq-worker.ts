// A worker in a process of its own, for bullmq.test.ts: it begins jobs of a queue and ends none.
// Its locks are short, so that its jobs are soon anybody's when it has been killed.
//   node bullmq-worker.ts port queue

import { Worker } from "bullmq";

const [port, queue = ""] = process.argv.slice(2);

new Worker(
  queue,
  async (job) => {
    await job.updateProgress("half done");
    await new Promise(() => {});
  },
  {
    connection: { host: "127.0.0.1", port: Number(port) },
    lockDuration: 1_000,
    skipStalledCheck: true,
  },
);
