// A worker thread of a crew: opens what the crew shares, and does one job after the other.

import { parentPort, workerData } from "node:worker_threads";
import { open } from "../../src/index.ts";
import type { Opened, Seat } from "./crew.ts";
import * as histories from "./histories.ts";
import * as invariants from "./invariants.ts";
import { soak } from "./soak.ts";

type Job = (seat: Seat, ...args: never[]) => unknown;

const JOBS = {
  /** Nothing: whoever has done it runs. */
  ready: () => {},
  history: histories.play,
  count: invariants.count,
  produce: invariants.produce,
  consume: invariants.consume,
  transfer: invariants.transfer,
  audit: invariants.audit,
  overwrite: invariants.overwrite,
  inspect: invariants.inspect,
  soak,
} satisfies Record<string, Job>;

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
  port.on("message", ({ job, args }: Order) => {
    try {
      const value = (JOBS[job] as (seat: Seat, ...all: readonly unknown[]) => unknown)(
        seat,
        ...args,
      );
      port.postMessage({ value });
    } catch (error) {
      port.postMessage({ error: error instanceof Error ? (error.stack ?? error.message) : error });
    }
  });
}
