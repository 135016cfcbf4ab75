// A worker thread that has a database open, for tests: it calls functions that the test hands it as
// text, so that what a thread does stands where the test says it.
//
//   const thread = new Thread(db.share());
//   await thread.run((db, n) => db.incrby("n", n), 5);

import assert from "node:assert/strict";
import { parentPort, Worker, workerData } from "node:worker_threads";
import { type Database, open } from "../../src/index.ts";

/** What a thread opens: a handle, or a directory. */
export type Opened = string | ReturnType<Database["share"]>;

interface Order {
  readonly work: string;
  readonly args: readonly unknown[];
}

type Answer = { readonly value: unknown } | { readonly error: string };

export class Thread {
  readonly worker: Worker;
  #exit: Promise<number>;

  constructor(opened: Opened) {
    this.worker = new Worker(new URL(import.meta.url), { workerData: { opens: opened } });
    this.#exit = new Promise((resolve) => this.worker.once("exit", resolve));
    this.worker.on("error", () => {});
  }

  /** Calls `work` there; it sees nothing of its surroundings here. Rejects with what it throws. */
  run<A extends readonly unknown[], R>(
    work: (db: Database, ...args: A) => R,
    ...args: A
  ): Promise<Awaited<R>> {
    const order: Order = { work: work.toString(), args };
    return new Promise((resolve, reject) => {
      const gone = (): void => reject(new Error("the thread has ended"));
      this.worker.once("exit", gone);
      this.worker.once("message", (answer: Answer) => {
        this.worker.off("exit", gone);
        if ("error" in answer) reject(new Error(answer.error));
        else resolve(answer.value as Awaited<R>);
      });
      this.worker.postMessage(order);
    });
  }

  /** Ends the thread, and waits for it. */
  async end(): Promise<void> {
    await this.worker.terminate();
    await this.#exit;
  }

  get exit(): Promise<number> {
    return this.#exit;
  }
}

/** Threads on one database, for as long as `work` takes. */
export async function withThreads(
  opened: Opened,
  count: number,
  work: (...threads: Thread[]) => Promise<void>,
): Promise<void> {
  const threads = Array.from({ length: count }, () => new Thread(opened));
  try {
    await work(...threads);
  } finally {
    await Promise.all(threads.map((thread) => thread.end()));
  }
}

const opens: Opened | undefined = workerData?.opens;
if (opens !== undefined && parentPort !== null) {
  const port = parentPort;
  const db = open(opens as unknown as string);
  port.on("message", async ({ work, args }: Order) => {
    try {
      const call = new Function(`return (${work});`)() as (...all: unknown[]) => unknown;
      assert.equal(typeof call, "function");
      port.postMessage({ value: await call(db, ...args) });
    } catch (error) {
      port.postMessage({ error: String(error) });
    }
  });
}
