// The threads suite on one runtime: workers on one database, in crews of one, two or four, which
// all do the same or take parts. All crews stand ready from the beginning, and take turns for a
// quarter of a second each, round by round, so that a drift of the machine meets all of them.
//
// CPU time is the process's, all threads together: where more threads do not do more, it shows what
// they waste on one another. The cores that they had are told beside it: what two threads do beside
// one says nothing while something else works on the machine. This thread, the owner's, sleeps.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { type Database, loadDatabase } from "./embedded-api.ts";
import { median } from "./statistics.ts";
import {
  type Done,
  fill,
  type Hired,
  openLmdb,
  type Role,
  type Task,
  Word,
} from "./threads-worker.ts";

export interface ThreadsOrder {
  rounds: number;
  keys: number;
  /** Length of one crew's turn. */
  ms: number;
  module: string;
}

export interface ThreadsFigure {
  scenario: string;
  /** Of all its workers that count, together. */
  perSecond: number;
  /** CPU time of the process for one operation, of whichever worker. */
  cpuNs: number;
  /** How many cores the process had: fewer than its threads could use where others work as well. */
  cores: number;
  /** Of each round, for ratios between scenarios. */
  rates: number[];
  /** Of calls that were timed one by one. */
  latency?: { p50Us: number; p99Us: number; p9999Us: number; slowestUs: number };
}

export interface ThreadsResult {
  figures: ThreadsFigure[];
  /** What could not be measured here, and why. */
  missing: Record<string, string>;
}

type Place = "shared" | "alone" | "lmdb" | "always";

interface Scenario {
  readonly name: string;
  readonly place: Place;
  readonly roles: readonly Role[];
  /** The first worker times each call, and it alone counts. */
  readonly timed?: boolean;
}

const crew = (place: Place, role: Role, size: number): Scenario => {
  const threads =
    place === "alone" ? "one thread, not shared" : `${size} thread${size > 1 ? "s" : ""}`;
  const where = place === "lmdb" ? ", lmdb" : place === "always" ? ", always" : "";
  return {
    name: `${role.toUpperCase()}${where}, ${threads}`,
    place,
    roles: Array.from({ length: size }, () => role),
  };
};

const SCENARIOS: readonly Scenario[] = [
  ...(["get", "hget", "mixed", "set"] as const).flatMap((role) => [
    crew("alone", role, 1),
    ...[1, 2, 4].map((size) => crew("shared", role, size)),
  ]),
  { name: "SET, 1 thread, beside 1 that reads", place: "shared", roles: ["set", "get"] },
  { name: "held up: nobody writes", place: "shared", roles: ["get"], timed: true },
  { name: "held up: 1 thread writes", place: "shared", roles: ["get", "set"], timed: true },
  {
    name: "held up: 4 threads write",
    place: "shared",
    roles: ["get", "set", "set", "set", "set"],
    timed: true,
  },
  ...(["get", "set"] as const).flatMap((role) => [1, 2].map((size) => crew("lmdb", role, size))),
  ...[1, 2, 4].map((size) => crew("always", "set", size)),
];

/** The workers that have one place open. */
class Crew {
  readonly words: Int32Array = new Int32Array(new SharedArrayBuffer(64));
  readonly #workers: Worker[] = [];

  async hire(count: number, hired: Omit<Hired, "words">): Promise<void> {
    while (this.#workers.length < count) {
      const workerData: Hired = { ...hired, words: this.words };
      const worker = new Worker(new URL("./threads-worker.ts", import.meta.url), { workerData });
      this.#workers.push(worker);
      const answer = await heard<"ready" | { error: string }>(worker);
      if (answer !== "ready") throw new Error(answer.error);
    }
  }

  /** Lets the first workers play their roles for so long. */
  async play({ roles, timed = false }: Scenario, round: number, ms: number): Promise<Turn> {
    const { words } = this;
    for (const word of Object.values(Word)) Atomics.store(words, word, 0);
    const playing = roles.map((role, seat) => {
      const worker = this.#workers[seat];
      const seed = round * 16 + seat + 1;
      const done = heard<Done>(worker);
      worker.postMessage({ role, seed, histogram: timed && seat === 0 } satisfies Task);
      return done;
    });
    while (Atomics.load(words, Word.arrived) < roles.length) await sleep(1);
    const before = process.cpuUsage();
    Atomics.store(words, Word.go, 1);
    Atomics.notify(words, Word.go);
    await sleep(ms);
    Atomics.store(words, Word.stop, 1);
    const done = await Promise.all(playing);
    const { user, system } = process.cpuUsage(before);
    return { done, cpuNs: (user + system) * 1000 };
  }

  async dismiss(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

interface Turn {
  done: Done[];
  cpuNs: number;
}

function heard<T>(worker: Worker): Promise<T> {
  return new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("message", (message) => {
      worker.off("error", reject);
      resolve(message);
    });
  });
}

async function benchmark(order: ThreadsOrder): Promise<ThreadsResult> {
  const { module, keys } = order;
  const directory = mkdtempSync(join(tmpdir(), "tskeydb-bench-"));
  const { open } = await loadDatabase(module);
  const opened: Database[] = [];
  const crews = new Map<Place, Crew>();
  const missing: Record<string, string> = {};
  const ready = async (place: Place, opens: () => unknown): Promise<void> => {
    const size = Math.max(...SCENARIOS.filter((s) => s.place === place).map((s) => s.roles.length));
    const made = new Crew();
    try {
      const hired = { module, keys, directory: join(directory, "lmdb"), opens: opens() };
      await made.hire(size, hired);
      crews.set(place, made);
    } catch (error) {
      missing[place] = error instanceof Error ? error.message : String(error);
      await made.dismiss();
    }
  };
  try {
    await ready("alone", () => "alone");
    await ready("shared", () => {
      const db = open();
      opened.push(db);
      fill(db, keys);
      return db.share();
    });
    await ready("lmdb", () => {
      const db = openLmdb(join(directory, "lmdb"));
      if (db === undefined) throw new Error("lmdb is not installed here");
      fill({ set: db.set, hset: () => {} }, keys);
      return "lmdb";
    });
    await ready("always", () => {
      const path = join(directory, "always");
      const db = open(path, { fsync: "always" });
      opened.push(db);
      db.share();
      return path;
    });
    const scenarios = SCENARIOS.filter(({ place }) => crews.has(place));
    const turns = new Map<Scenario, Turn[]>(scenarios.map((scenario) => [scenario, []]));
    // The first two rounds warm compilers up.
    for (let round = -2; round < order.rounds; round++) {
      for (const [scenario, list] of turns) {
        const turn = await (crews.get(scenario.place) as Crew).play(scenario, round + 3, order.ms);
        if (round >= 0) list.push(turn);
      }
    }
    return { figures: [...turns].map(([scenario, list]) => figureOf(scenario, list)), missing };
  } finally {
    for (const each of crews.values()) await each.dismiss();
    for (const db of opened) db.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

function figureOf({ name, roles, timed }: Scenario, turns: readonly Turn[]): ThreadsFigure {
  const rates = turns.map(({ done }) => {
    const counted = timed || name.includes("beside") ? done.slice(0, 1) : done;
    return counted.reduce((sum, { operations, ms }) => sum + (operations / ms) * 1000, 0);
  });
  const cpuNs = median(
    turns.map(({ done, cpuNs }) => cpuNs / done.reduce((sum, each) => sum + each.operations, 0)),
  );
  const cores = median(turns.map(({ done, cpuNs }) => cpuNs / (done[0].ms * 1e6)));
  const figure = { scenario: name, perSecond: median(rates), cpuNs, cores, rates };
  if (!timed || roles.length === 0) return figure;
  const histogram = turns[0].done[0].histogram.map((_, bucket) =>
    turns.reduce((sum, { done }) => sum + done[0].histogram[bucket], 0),
  );
  const slowestUs = median(turns.map(({ done }) => done[0].slowestUs));
  const at = (share: number) => quantileUs(histogram, share);
  const latency = { p50Us: at(0.5), p99Us: at(0.99), p9999Us: at(0.9999), slowestUs };
  return { ...figure, latency };
}

/** The upper end of the bucket in which this share of all calls has been reached. */
export function quantileUs(histogram: readonly number[], share: number): number {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  let sum = 0;
  for (const [bucket, count] of histogram.entries()) {
    sum += count;
    if (sum >= total * share) return 2 ** (bucket / 4) / 1000;
  }
  return Number.NaN;
}

if (process.argv[1]?.endsWith("threads-child.ts")) {
  const result = await benchmark(JSON.parse(process.argv[2]) as ThreadsOrder);
  console.log(JSON.stringify(result));
  process.exit(0);
}
