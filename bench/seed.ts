// The tables of PyKeyDB, the project that this one grew from, row for row: its published figures
// (four threads, 40,000 operations, a machine that it does not name) beside ours on this machine.
//
// What its figures imply. With fsync it reports 34,319 SETs a second: 29 µs for each, one after
// the other, while its other rows and the bare sync measured here show what a flush that reaches
// a disk costs. So its sync most likely ended in a cache (macOS's fsync does). Ours waits for the
// disk. Rows with fsync are therefore given in three strengths, and the table names the strictest
// one that is ahead of the seed: `always`, every call synced before it returns; `together`, the
// same with the four clients' calls of a round in one MULTI … EXEC, which share one sync; and
// `everysec`, written when the turn ends and synced each second: what the process has written
// outlives it, and a power cut may take the last second, as it may take what is in a disk's cache.
//
// HGETALL and SMEMBERS in the seed return a reference to its own dictionary or set. The
// like-for-like here is the live view, made and asked for its size; the copy has its own row.
// LRANGE in the seed copies references to existing strings; ours makes strings (ten, or one), and
// the live view reads in place.
//
// With a checkout of PyKeyDB its own benchmark runs here too, in turn with ours, and is what ours is
// held against: figures of two machines are no comparison.

import { resolve } from "node:path";
import { runOriginal } from "./beside.ts";
import { runScript } from "./process.ts";
import type { SeedFigure, SeedMode, SeedOrder, SeedResult } from "./seed-child.ts";
import type { SeedThreadsOrder } from "./seed-threads.ts";

/** Throughput, average µs, P95 µs. */
type Published = readonly [number, number, number];

interface SeedRow {
  readonly group: string;
  readonly operation: string;
  readonly without: Published;
  readonly with: Published;
}

const row = (
  group: string,
  operation: string,
  without: Published,
  withFsync: Published,
): SeedRow => ({ group, operation, without, with: withFsync });

export const PUBLISHED: readonly SeedRow[] = [
  row("Strings", "SET", [84_315, 47.04, 21.17], [34_319, 115.99, 1066.67]),
  row("Strings", "GET", [2_658_345, 0.21, 0.33], [2_591_604, 0.22, 0.38]),
  row("Lists", "LPUSH", [6_530, 611.14, 1945.75], [5_389, 741.3, 2007.79]),
  row("Lists", "RPUSH", [6_500, 612.85, 1908.71], [5_526, 722.72, 2003.37]),
  row("Lists", "LPOP", [6_886, 579.02, 1882.63], [5_856, 682.63, 1979.71]),
  row("Lists", "LRANGE", [2_273_077, 0.28, 0.33], [2_270_244, 0.28, 0.33]),
  row("Hashes", "HSET", [2_915, 1369.87, 2557.83], [2_656, 1504.61, 2661.12]),
  row("Hashes", "HGET", [1_561_346, 0.28, 0.46], [1_490_723, 0.31, 0.58]),
  row("Hashes", "HMGET", [592_717, 1.89, 0.87], [602_076, 1.47, 0.87]),
  row("Hashes", "HGETALL", [3_303_499, 0.14, 0.17], [3_416_285, 0.14, 0.17]),
  row("Hashes", "HDEL", [3_282, 1216.95, 2614.25], [3_128, 1277.02, 2725.08]),
  row("Sets", "SADD", [4_732, 844.0, 2101.08], [4_283, 933.02, 2082.54]),
  row("Sets", "SISMEMBER", [1_809_180, 0.21, 0.37], [1_854_786, 0.2, 0.33]),
  row("Sets", "SMEMBERS", [3_367_110, 0.14, 0.17], [3_392_910, 0.14, 0.17]),
  row("Sets", "SCARD", [3_260_703, 0.15, 0.17], [3_260_310, 0.15, 0.17]),
  row("Sets", "SREM", [5_437, 734.09, 1954.21], [4_988, 799.83, 1980.75]),
];

/** One mode on one runtime; `python` is PyKeyDB itself, `no` without fsync and `always` with it. */
export interface SeedRun {
  runtime: "node" | "bun" | "python";
  mode: SeedMode;
  /** 0 where it was not measured. */
  bareSyncUs: number;
  figures: SeedFigure[];
}

export interface SeedOptions {
  rounds: number;
  quick: boolean;
  module: string;
  /** Directory of a checkout of PyKeyDB, or empty. */
  beside: string;
}

export async function benchmarkSeed(options: SeedOptions): Promise<SeedRun[]> {
  const { rounds, quick, module, beside } = options;
  const runs: SeedRun[] = [];
  const operationsPerClient = quick ? 1_000 : 10_000;
  for (const mode of ["no", "everysec", "always", "together"] as const) {
    if (beside !== "" && (mode === "no" || mode === "always")) {
      const fsync = mode === "always";
      const figures = await runOriginal(resolve(beside), fsync, operationsPerClient);
      runs.push({ runtime: "python", mode, bareSyncUs: 0, figures });
      print(`PyKeyDB, ${fsync ? "with" : "without"} fsync`, figures);
    }
    for (const runtime of ["node", "bun"] as const) {
      const order: SeedOrder = { mode, operationsPerClient, rounds, module };
      const result = await runScript<SeedResult>(runtime, "seed-child.ts", order, 600_000);
      runs.push({ runtime, mode, ...result });
      const sync = `a bare sync ${result.bareSyncUs.toFixed(0)} µs`;
      print(`${runtime}, fsync ${mode}, ${sync}`, result.figures);
      if (mode !== "no" && mode !== "always") continue;
      const threads = await fourThreads(runtime, mode, options, operationsPerClient);
      if (threads !== undefined) runs.push(threads);
    }
  }
  return runs;
}

/** The same by four threads; undefined where they cannot share a database with a log. */
async function fourThreads(
  runtime: "node" | "bun",
  fsync: "no" | "always",
  { rounds, module }: SeedOptions,
  operationsPerClient: number,
): Promise<SeedRun | undefined> {
  const order: SeedThreadsOrder = { fsync, operationsPerClient, rounds, module };
  try {
    const result = await runScript<SeedResult>(runtime, "seed-threads.ts", order, 600_000);
    print(`${runtime}, four threads, fsync ${fsync}`, result.figures);
    return { runtime, mode: fsync === "no" ? "threads" : "threads-always", ...result };
  } catch (error) {
    const [, why = String(error)] =
      /^(\w*Error: .*|.*: throw .*)$/m.exec(String(error).slice(7)) ?? [];
    console.log(`  ${runtime}, four threads: not measured (${why.slice(0, 200)})`);
    return undefined;
  }
}

function print(who: string, figures: readonly SeedFigure[]): void {
  console.log(`  ${who}:`);
  for (const each of figures) {
    const rate = Math.round(each.perSecond).toLocaleString("en");
    const latency = `${each.averageUs.toFixed(2)} µs, P95 ${each.p95Us.toFixed(2)} µs`;
    console.log(`    ${each.operation.padEnd(26)} ${rate.padStart(12)}/s  ${latency}`);
  }
}

/** How the seed's row of this name is called among our figures, likest first. */
export function counterparts(operation: string): string[] {
  if (operation === "HGETALL" || operation === "SMEMBERS") {
    return [`${operation}, live view`, `${operation}, copy`];
  }
  if (operation === "HMGET") return [operation, `${operation}, three fields`];
  if (operation === "LRANGE") {
    return ["", ", a hundred elements", ", one element", ", live view"].map((of) => operation + of);
  }
  return [operation];
}
