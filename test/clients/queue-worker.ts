// A worker in a process of its own, for the tests of queues: it begins jobs and ends none. What it
// holds of them is held shortly, so that they are soon anybody's when it has been killed.
//   node queue-worker.ts bullmq|bull|bee-queue port queue

import BeeQueue from "bee-queue";
import Bull from "bull";
import { Worker } from "bullmq";

const [library, portText, name = ""] = process.argv.slice(2);
const connection = { host: "127.0.0.1", port: Number(portText) };
const forever = () => new Promise<never>(() => {});
const lockDuration = 600;

switch (library) {
  case "bullmq":
    new Worker(
      name,
      async (job) => {
        await job.updateProgress("half done");
        await forever();
      },
      { connection, lockDuration, skipStalledCheck: true },
    );
    break;
  case "bull": {
    const queue = new Bull(name, {
      redis: connection,
      settings: { lockDuration, stalledInterval: 300 },
    });
    void queue.process(async (job) => {
      await job.progress("half done");
      await forever();
    });
    break;
  }
  case "bee-queue": {
    const queue = new BeeQueue(name, { redis: connection, stallInterval: 500 });
    queue.process((job) => {
      job.reportProgress("half done");
      return forever();
    });
  }
}
