// A worker thread of a crew: opens what the crew shares, and does one job after the other.

import { parentPort, workerData } from "node:worker_threads";
import { open } from "../../src/index.ts";
import type { Opened, Seat } from "./crew.ts";

type Job = (seat: Seat, ...args: never[]) => unknown;

/** Where each is; a worker loads what it needs, as many of them are started only to be ended. */
const JOBS = {
  /** Nothing: whoever has done it runs. */
  ready: async () => () => {},
  history: async () => (await import("./histories.ts")).play,
  count: async () => (await import("./invariants.ts")).count,
  produce: async () => (await import("./invariants.ts")).produce,
  consume: async () => (await import("./invariants.ts")).consume,
  transfer: async () => (await import("./invariants.ts")).transfer,
  audit: async () => (await import("./invariants.ts")).audit,
  overwrite: async () => (await import("./invariants.ts")).overwrite,
  inspect: async () => (await import("./invariants.ts")).inspect,
  soak: async () => (await import("./soak.ts")).soak,
  strive: async () => (await import("./deaths.ts")).strive,
} satisfies Record<string, () => Promise<Job>>;

export type JobName = keyof typeof JOBS;

export interface Order {
  readonly job: JobName;
  readonly args: readonly unknown[];
}

interface Hired {
  readonly opened: Opened;
  readonly words: Int32Array;
  readonly seat: number;
}

if (parentPort !== null && workerData?.words !== undefined) {
  const port = parentPort;
  const { opened, words, seat: number } = workerData as Hired;
  const seat: Seat = { db: open(opened as unknown as string), words, number };
  port.on("message", async ({ job, args }: Order) => {
    try {
      const work = (await JOBS[job]()) as (seat: Seat, ...all: readonly unknown[]) => unknown;
      const value = work(seat, ...args);
      port.postMessage({ value });
    } catch (error) {
      port.postMessage({ error: error instanceof Error ? (error.stack ?? error.message) : error });
    }
  });
}
