// The embedded API beside what a program would otherwise hold its data in: a bare Map, LMDB
// (lmdb-js) and SQLite (better-sqlite3 on Node, bun:sqlite on Bun), on the same data. Every engine
// runs in a process of its own, in turns over the rounds; see embedded-child.ts for the work.

import type { EngineName, EngineOrder, EngineResult, OpenResult } from "./embedded-child.ts";
import { runScript } from "./process.ts";
import { median } from "./statistics.ts";

export interface EmbeddedRow {
  runtime: "node" | "bun";
  keys: number;
  engines: Record<string, EngineResult>;
  open?: OpenResult;
}

export interface EmbeddedOptions {
  rounds: number;
  quick: boolean;
  /** Leaves our own database out (there is none to compare when the harness is tried out). */
  peersOnly: boolean;
  module: string;
}

const ENGINES: Record<EmbeddedRow["runtime"], readonly EngineName[]> = {
  node: ["map", "tskeydb", "lmdb", "better-sqlite3"],
  bun: ["map", "tskeydb", "lmdb", "bun:sqlite"],
};

export async function benchmarkEmbedded(options: EmbeddedOptions): Promise<EmbeddedRow[]> {
  const rows: EmbeddedRow[] = [];
  for (const runtime of ["node", "bun"] as const) {
    const keys = options.quick ? 10_000 : 100_000;
    const order = { keys, passes: 5, module: options.module };
    const engines = ENGINES[runtime].filter((name) => !options.peersOnly || name !== "tskeydb");
    const results = new Map<EngineName, EngineResult[]>(engines.map((name) => [name, []]));
    for (let round = 0; round < options.rounds; round++) {
      for (const [engine, list] of results) {
        list.push(await child<EngineResult>(runtime, { ...order, engine }));
      }
    }
    const row: EmbeddedRow = { runtime, keys, engines: {} };
    for (const [engine, list] of results) {
      row.engines[engine] = {
        ...list[0],
        get: median(list.map((each) => each.get)),
        set: median(list.map((each) => each.set)),
        setBatched: median(list.map((each) => each.setBatched)),
        residentBytesPerKey: median(list.map((each) => each.residentBytesPerKey)),
      };
    }
    if (!options.peersOnly) {
      row.open = await child<OpenResult>(runtime, { ...order, engine: "open", keys: 1000 });
    }
    rows.push(row);
    printRow(row);
  }
  return rows;
}

function child<T>(runtime: EmbeddedRow["runtime"], order: EngineOrder): Promise<T> {
  return runScript<T>(runtime, "embedded-child.ts", order, 120_000);
}

function printRow(row: EmbeddedRow): void {
  const millions = (rate: number) => `${(rate / 1e6).toFixed(2)} M/s`;
  for (const [engine, r] of Object.entries(row.engines)) {
    const figures =
      r.missing ??
      `GET ${millions(r.get)}, SET ${millions(r.set)}, in one ${millions(r.setBatched)}`;
    console.log(`  ${row.runtime}, ${engine}: ${figures}`);
  }
  if (row.open) {
    const { openMs, closeMs, residentBytesEach } = row.open;
    console.log(
      `  ${row.runtime}, open() ${openMs.toFixed(3)} ms, close() ${closeMs.toFixed(3)} ms, ` +
        `${(residentBytesEach / 2 ** 20).toFixed(2)} MiB each, a thousand at once`,
    );
  }
}
