// One database, several worker threads: how much more they do together than one does alone, beside
// lmdb-js where that is installed, and how long writers hold a reader up. See threads-child.ts for
// the work. The machine's cores bound what can be won: the goals are for two.

import { runScript, servingThreads } from "./process.ts";
import { benchmarkServer, type ServerRow } from "./server.ts";
import { medianRatio } from "./statistics.ts";
import { type Case, type Goal, goal, NAMES, table, times, whole } from "./tables.ts";
import type { ThreadsFigure, ThreadsOrder, ThreadsResult } from "./threads-child.ts";

export interface ThreadsRun extends ThreadsResult {
  runtime: "node" | "bun";
  /** A server of two threads beside one of one thread. */
  served: ServerRow[];
}

export async function benchmarkThreads(
  rounds: number,
  quick: boolean,
  module: string,
): Promise<ThreadsRun[]> {
  const runs: ThreadsRun[] = [];
  const order: ThreadsOrder = {
    rounds,
    keys: quick ? 10_000 : 100_000,
    ms: quick ? 60 : 250,
    module,
  };
  for (const runtime of ["node", "bun"] as const) {
    const result = await runScript<ThreadsResult>(runtime, "threads-child.ts", order, 600_000);
    runs.push({ runtime, ...result, served: [] });
    console.log(`  ${runtime}:`);
    for (const each of result.figures) console.log(`    ${lineOf(each)}`);
    for (const [what, why] of Object.entries(result.missing)) console.log(`    no ${what}: ${why}`);
  }
  if (module === "") await benchmarkServing(runs, rounds, quick);
  return runs;
}

/** GET and SET without pipelining, of 50 clients: what threads that serve are for. */
async function benchmarkServing(runs: ThreadsRun[], rounds: number, quick: boolean): Promise<void> {
  for (const contenders of servingThreads()) {
    const run = runs.find(({ runtime }) => runtime === contenders[1]?.id);
    const seconds = quick ? 0.5 : 2;
    const lines = ["off/50/1"];
    const tests = ["set", "get"];
    const rows = await benchmarkServer({
      ...{ contenders, rounds, seconds, quick, lines, tests },
      pin: false,
    });
    run?.served.push(...rows);
  }
}

function lineOf({ scenario, perSecond, cpuNs, cores, latency }: ThreadsFigure): string {
  const held = latency ? `, 99.99 % within ${latency.p9999Us.toFixed(0)} µs` : "";
  const rate = `${whole(perSecond).padStart(12)}/s`;
  const cpu = `${cpuNs.toFixed(0).padStart(6)} ns CPU, ${cores.toFixed(2)} cores`;
  return `${scenario.padEnd(36)} ${rate} ${cpu}${held}`;
}

/** What is wanted: one scenario's throughput at least so many times another's. */
const WANTED: readonly (readonly [what: string, mine: string, other: string, ratio: number])[] = [
  ["two threads that read, beside one: GET", "GET, 2 threads", "GET, 1 thread", 1.8],
  ["two threads that read, beside one: HGET", "HGET, 2 threads", "HGET, 1 thread", 1.8],
  ["two threads, 90 % reads, beside one", "MIXED, 2 threads", "MIXED, 1 thread", 1.5],
  ["four threads beside two: GET", "GET, 4 threads", "GET, 2 threads", 0.95],
  ["four threads beside two: HGET", "HGET, 4 threads", "HGET, 2 threads", 0.95],
  ["four threads beside two, 90 % reads", "MIXED, 4 threads", "MIXED, 2 threads", 0.95],
  [
    "four threads that write, beside one alone",
    "SET, 4 threads",
    "SET, one thread, not shared",
    0.8,
  ],
  ["two writers with always, beside one", "SET, always, 2 threads", "SET, always, 1 thread", 1.7],
  ["GET, two threads, beside lmdb-js", "GET, 2 threads", "GET, lmdb, 2 threads", 1.5],
  ["SET, two threads, beside lmdb-js", "SET, 2 threads", "SET, lmdb, 2 threads", 1.5],
];

export function threadsGoals(runs: readonly ThreadsRun[]): Goal[] {
  return runs.flatMap(({ runtime, figures, served }) => {
    const of = (name: string) => figures.find(({ scenario }) => scenario === name);
    const ratios = WANTED.flatMap(([what, mine, other, ratio]) => {
      const a = of(mine);
      const b = of(other);
      if (a === undefined || b === undefined) return [];
      const cases: Case[] = [{ name: mine, value: medianRatio(a.rates, b.rates) }];
      return goal(`${NAMES[runtime]}, ${what}`, "at least", ratio, cases);
    });
    const held = figures.flatMap(({ scenario, latency }) =>
      latency && scenario !== HELD_BY_NOBODY ? [{ name: scenario, value: latency.p9999Us }] : [],
    );
    const what = `${NAMES[runtime]}, a read beside writers, the 99.99th percentile`;
    const us = (value: number) => `${value.toFixed(0)} µs`;
    const cpu = served.flatMap(({ test, measured }) => {
      const two = measured[runtime];
      return two ? [{ name: test, value: two.cpuRatio }] : [];
    });
    const serving = `${NAMES[runtime]}, two threads that serve, beside one: CPU per request`;
    return [
      ...ratios,
      ...goal(what, "at most", 1000, held, us),
      ...goal(
        serving,
        "at most",
        1.1,
        cpu.filter(({ value }) => value !== 1),
      ),
    ];
  });
}

const HELD_BY_NOBODY = "held up: nobody writes";

export function threadsTables(runs: readonly ThreadsRun[]): string {
  const parts: string[] = [];
  for (const { runtime, figures, missing, served } of runs) {
    const plain = figures.filter(({ latency }) => latency === undefined);
    const alone = (scenario: string) => {
      const first = `${scenario.split(/, (?:\d|one)/)[0]}, `;
      return plain.find(
        (each) => /, (one|1) thread/.test(each.scenario) && each.scenario.startsWith(first),
      );
    };
    parts.push(
      `### ${NAMES[runtime]}`,
      table(
        ["scenario", "per second, together", "beside one thread", "CPU for one", "cores"],
        plain.map((each) => {
          const one = alone(each.scenario);
          const ratio = one && one !== each ? times(medianRatio(each.rates, one.rates)) : "";
          const cpu = `${each.cpuNs.toFixed(0)} ns`;
          return [each.scenario, whole(each.perSecond), ratio, cpu, each.cores.toFixed(2)];
        }),
      ),
      table(
        [
          "GET of a thread while others write",
          "per second",
          "median",
          "99 %",
          "99.99 %",
          "longest",
        ],
        figures.flatMap(({ scenario, perSecond, latency }) =>
          latency
            ? [
                [
                  scenario,
                  whole(perSecond),
                  ...[latency.p50Us, latency.p99Us, latency.p9999Us, latency.slowestUs].map(
                    (us) => `${us.toFixed(us < 10 ? 1 : 0)} µs`,
                  ),
                ],
              ]
            : [],
        ),
      ),
    );
    parts.push(servedTable(served));
    for (const [what, why] of Object.entries(missing))
      parts.push(`Not measured: ${what} (${why}).`);
  }
  return parts.join("\n\n");
}

function servedTable(rows: readonly ServerRow[]): string {
  if (rows.length === 0) return "";
  return table(
    [
      "a server of two threads",
      "per second",
      "beside one thread",
      "CPU for one",
      "beside",
      "client",
    ],
    rows.map(({ test, measured }) => {
      const { redis: _, ...others } = measured;
      const [two] = Object.values(others);
      if (two === undefined) return [test];
      return [
        test,
        whole(two.requestsPerSecond),
        times(two.throughputRatio),
        `${(two.cpuNsPerRequest / 1000).toFixed(2)} µs`,
        times(two.cpuRatio),
        // Of a core: at 100 it could not have asked for more.
        `${Math.round(two.clientCpu * 100)} %`,
      ];
    }),
  );
}
