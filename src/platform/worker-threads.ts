// Worker threads, as both runtimes have them: which thread this is, whether another one still runs,
// what a worker is told by the thread that starts it.
//
// A thread's number is the system's own (Linux: /proc/thread-self), so that any thread can see,
// without its event loop, whether another is there. Elsewhere it is 0, and nothing is known.

import { existsSync, readlinkSync } from "node:fs";
import {
  getEnvironmentData,
  parentPort,
  setEnvironmentData,
  threadId,
  Worker,
  workerData,
} from "node:worker_threads";
import { assert } from "../base/assert.ts";
import type { ParentThread, StartedWorker, WorkerThread } from "./platform.ts";

/** See Threads. */
export const loadsInOrder: boolean = process.arch === "x64";

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

const workerCallbacks = new Set<(worker: WorkerThread) => void>();

// One listener for all, as Node warns of a leak where there are more than ten.
function started(worker: Worker): void {
  for (const callback of [...workerCallbacks]) callback(new KnownWorker(worker));
}

export function onWorker(callback: (worker: WorkerThread) => void): () => void {
  if (workerCallbacks.size === 0) process.on("worker", started);
  workerCallbacks.add(callback);
  return () => {
    workerCallbacks.delete(callback);
    if (workerCallbacks.size === 0) process.off("worker", started);
  };
}

/** Workers that are started from now on find this under the name. */
export function tellWorkers(name: string, value: unknown): void {
  setEnvironmentData(name, value as Parameters<typeof setEnvironmentData>[1]);
}

export function toldByParent(name: string): unknown {
  return getEnvironmentData(name);
}

class KnownWorker implements WorkerThread {
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

export function startWorker(module: URL, data: unknown): StartedWorker {
  const worker = new Worker(module, { workerData: data });
  return {
    post: (message) => worker.postMessage(message),
    onMessage: (callback) => void worker.on("message", callback),
    onError: (callback) => void worker.on("error", callback),
    onExit: (callback) => void worker.once("exit", callback),
    terminate: () => void worker.terminate(),
  };
}

export function parentThread(): ParentThread {
  const port = parentPort;
  assert(port !== null, "only a worker has a parent");
  return {
    data: workerData as unknown,
    post: (message) => port.postMessage(message),
    onMessage: (callback) => void port.on("message", callback),
  };
}
