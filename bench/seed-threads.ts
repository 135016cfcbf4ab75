// The seed's table by four threads, as the seed's own benchmark has it: each client of seed-child.ts
// is a worker with the database open, and all begin an operation together. A row's throughput is
// that of all calls from the first thread's beginning to the last one's end; latencies come from
// other rounds, in which each call is timed. One process on one runtime.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { loadDatabase } from "./embedded-api.ts";
import {
  Book,
  bareSync,
  CLIENTS,
  latencies,
  operations,
  runCalls,
  type SeedFigure,
  type SeedResult,
  wordsOf,
} from "./seed-child.ts";

export interface SeedThreadsOrder {
  fsync: "no" | "always";
  operationsPerClient: number;
  rounds: number;
  module: string;
}

interface Hired extends SeedThreadsOrder {
  client: number;
  /** Threads that have come to the beginning of an operation, of all so far. */
  arrived: Int32Array;
}

interface Round {
  /** What the database of this round is opened by. */
  shared: unknown;
  isTimed: boolean;
}

/** One operation of one thread: when it ran, or how long each call took. */
interface Part {
  operation: string;
  startMs: number;
  endMs: number;
  times: Float64Array;
}

/** Rounds before those that count. */
const WARM_UP = 4;

async function benchmark(order: SeedThreadsOrder): Promise<SeedResult> {
  const directory = mkdtempSync(join(tmpdir(), "tskeydb-bench-"));
  const { open } = await loadDatabase(order.module);
  const book = new Book();
  const arrived = new Int32Array(new SharedArrayBuffer(4));
  const workers: Worker[] = [];
  const heard = <T>(worker: Worker): Promise<T> =>
    new Promise((resolve, reject) => {
      worker.once("error", reject);
      worker.once("message", (message) => {
        worker.off("error", reject);
        resolve(message);
      });
    });
  try {
    const bareSyncUs = bareSync(directory);
    // Where a call waits for the disk, compilers do not matter.
    const warmUp = order.fsync === "always" ? 0 : WARM_UP;
    for (let round = -warmUp; round < 2 * order.rounds; round++) {
      const path = join(directory, `round${round}`);
      const db = open(path, { fsync: order.fsync });
      const shared = db.share();
      while (workers.length < CLIENTS) {
        const hired: Hired = { ...order, client: workers.length, arrived };
        workers.push(new Worker(new URL(import.meta.url), { workerData: hired }));
      }
      const isTimed = round % 2 !== 0;
      const parts = workers.map((worker) => {
        worker.postMessage({ shared, isTimed } satisfies Round);
        return heard<Part[]>(worker);
      });
      if (round >= 0) enter(book, await Promise.all(parts), isTimed, order);
      else await Promise.all(parts);
      db.close();
      rmSync(path, { recursive: true, force: true });
    }
    return { figures: book.figures().filter(isWhole), bareSyncUs };
  } finally {
    for (const worker of workers) await worker.terminate();
    rmSync(directory, { recursive: true, force: true });
  }
}

const isWhole = ({ perSecond, averageUs }: SeedFigure) => perSecond > 0 && averageUs > 0;

function enter(book: Book, all: Part[][], isTimed: boolean, order: SeedThreadsOrder): void {
  for (const [index, { operation }] of all[0].entries()) {
    const parts = all.map((each) => each[index]);
    if (isTimed) {
      book.latencies(operation, Float64Array.from(parts.flatMap(({ times }) => [...times])));
    } else {
      const startMs = Math.min(...parts.map((part) => part.startMs));
      const endMs = Math.max(...parts.map((part) => part.endMs));
      const calls = CLIENTS * order.operationsPerClient;
      book.rate(operation, (calls / (endMs - startMs)) * 1000);
    }
  }
}

// A worker

async function work({ operationsPerClient, module, client, arrived }: Hired): Promise<void> {
  const { open } = await loadDatabase(module);
  const words = wordsOf(operationsPerClient);
  const now = () => performance.timeOrigin + performance.now();
  let arrivals = 0;
  parentPort?.on("message", async ({ shared, isTimed }: Round) => {
    const db = open(shared as string);
    const parts: Part[] = [];
    for (const each of operations(db, words)) {
      // Copies of whole collections, which the seed does not have, say nothing about threads.
      if (each.kind === "copy") continue;
      arrivals += CLIENTS;
      meet(arrived, arrivals);
      const startMs = now();
      const times = isTimed
        ? await latencies(each, words, operationsPerClient, [client])
        : new Float64Array(0);
      if (!isTimed) await runCalls(each, operationsPerClient, [client]);
      parts.push({ operation: each.name, startMs, endMs: now(), times });
    }
    db.close();
    parentPort?.postMessage(parts);
  });
}

function meet(arrived: Int32Array, arrivals: number): void {
  Atomics.add(arrived, 0, 1);
  Atomics.notify(arrived, 0);
  for (let seen = Atomics.load(arrived, 0); seen < arrivals; seen = Atomics.load(arrived, 0)) {
    Atomics.wait(arrived, 0, seen, 1000);
  }
}

if (!isMainThread && workerData?.arrived !== undefined) await work(workerData as Hired);
else if (isMainThread && process.argv[1]?.endsWith("seed-threads.ts")) {
  console.log(JSON.stringify(await benchmark(JSON.parse(process.argv[2]) as SeedThreadsOrder)));
  process.exit(0);
}
