// Worker threads, as both runtimes have them: which thread this is, whether another one still runs,
// what a worker is told by the thread that starts it.
//
// A thread's number is the system's own (Linux: /proc/thread-self), so that any thread can see,
// without its event loop, whether another is there. Elsewhere it is 0, and nothing is known.

import { existsSync, readlinkSync } from "node:fs";
import { getEnvironmentData, setEnvironmentData, threadId, type Worker } from "node:worker_threads";
import type { WorkerThread } from "./platform.ts";

/** The number of the thread that calls, or 0. */
export function threadNumber(): number {
  try {
    return Number(readlinkSync("/proc/thread-self").split("/")[2]);
  } catch {
    return 0;
  }
}

export function workerNumber(): number {
  return threadId;
}

/** Whether a thread of this process runs; true where that cannot be known. */
export function isThreadRunning(number: number): boolean {
  return number === 0 || existsSync(`/proc/self/task/${number}`);
}

export function onWorker(callback: (worker: WorkerThread) => void): () => void {
  const started = (worker: Worker): void => callback(new StartedWorker(worker));
  process.on("worker", started);
  return () => process.off("worker", started);
}

/** Workers that are started from now on find this under the name. */
export function tellWorkers(name: string, value: unknown): void {
  setEnvironmentData(name, value as Parameters<typeof setEnvironmentData>[1]);
}

export function toldByParent(name: string): unknown {
  return getEnvironmentData(name);
}

class StartedWorker implements WorkerThread {
  readonly number: number;
  readonly #worker: Worker;

  constructor(worker: Worker) {
    this.#worker = worker;
    this.number = worker.threadId;
  }

  onExit(callback: () => void): void {
    this.#worker.once("exit", callback);
  }

  beforeTermination(callback: () => void): void {
    const worker = this.#worker;
    const terminate = worker.terminate.bind(worker);
    let isOver = false;
    worker.once("exit", () => {
      isOver = true;
    });
    worker.terminate = () => {
      if (!isOver) callback();
      return terminate();
    };
  }
}
