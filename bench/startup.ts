// Start-up: two logs of a million writes, one written by redis-server and one by ours, replayed by
// every contender.
//
// Measured is the time from spawning the process to "Ready to accept connections", and the CPU time
// until then; beside it stands the time of a start on an empty directory, so that a runtime's own
// start can be told from the replay. Node runs the built package, Bun the source. Each start gets a
// fresh copy of the log (in the page cache) and must arrive at the same number of keys. The base file (RDB) that redis-server puts before
// its log is empty here; it is left out, so that both kinds of log are increments alone.

import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fill, NUMBER, withClient } from "./client.ts";
import {
  type Contender,
  removeDirectory,
  type ServeOptions,
  serve,
  temporaryDirectory,
} from "./process.ts";
import { median, medianRatio } from "./statistics.ts";

const WRITES = 1_000_000;

// Ten writes, as a program that keeps sessions, counters, queues and indexes makes them.
const RECORD = [
  ["SET", `key:${NUMBER}`, "xxxxxxxxxxxxxxxx"],
  ["SET", `key:${NUMBER}`, "xxxxxxxxxxxxxxxx"],
  ["SET", `key:${NUMBER}`, "xxxxxxxxxxxxxxxx"],
  ["SET", `key:${NUMBER}`, "xxxxxxxxxxxxxxxx"],
  ["INCR", "counter"],
  ["RPUSH", "queue", `job:${NUMBER}`],
  ["HSET", `user:${NUMBER}`, "name", "xxxxxxxxxxxxxxxx", "age", "30"],
  ["HSET", "sessions", `session:${NUMBER}`, "xxxxxxxxxxxxxxxx"],
  ["SADD", "index", `member:${NUMBER}`],
  ["LTRIM", "queue", "-1000", "-1"],
];

export interface StartupRow {
  log: string;
  writes: number;
  bytes: number;
  keys: number;
  measured: Record<string, StartMeasured>;
}

export interface StartMeasured {
  readyMs: number;
  cpuMs: number;
  emptyMs: number;
  /** Medians over the rounds of this contender's time over the peer's. */
  readyRatio: number;
  cpuRatio: number;
}

interface Written {
  directory: string;
  writer: Contender;
  /** Keys that were there when the log's writer stopped. */
  keys: number;
}

interface Start {
  ms: number;
  cpuMs: number;
  keys: number;
}

export async function benchmarkStartup(
  contenders: readonly Contender[],
  rounds: number,
  quick: boolean,
): Promise<StartupRow[]> {
  const writes = quick ? WRITES / 10 : WRITES;
  const rows: StartupRow[] = [];
  // Two writers are enough: ours writes the same bytes on every runtime.
  for (const writer of contenders.slice(0, 2)) {
    const written = await writeLog(writer, writes);
    try {
      rows.push(await replay(written, writes, contenders, rounds));
    } finally {
      removeDirectory(written.directory);
    }
  }
  return rows;
}

async function writeLog(writer: Contender, writes: number): Promise<Written> {
  const directory = temporaryDirectory();
  const server = await serve(writer, { log: "everysec", directory });
  let keys = 0;
  try {
    await fill(server.port, { record: RECORD, count: writes / RECORD.length });
    keys = await keyCount(server.port);
  } finally {
    await server.stop();
  }
  dropBase(directory);
  return { directory, writer, keys };
}

/** Leaves the increments alone in the log's manifest. */
function dropBase(directory: string): void {
  const folder = join(directory, "appendonlydir");
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (name.endsWith(".manifest")) {
      const lines = readFileSync(path, "latin1").split("\n");
      writeFileSync(path, lines.filter((line) => !line.endsWith("type b")).join("\n"));
    } else if (name.endsWith(".rdb")) {
      rmSync(path);
    }
  }
}

async function replay(
  written: Written,
  writes: number,
  contenders: readonly Contender[],
  rounds: number,
): Promise<StartupRow> {
  const full: Start[][] = contenders.map(() => []);
  const empty: Start[][] = contenders.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      full[index].push(await startOn(contender, written.directory));
      empty[index].push(await startOn(contender, undefined));
    }
  }
  const { writer, keys } = written;
  const folder = join(written.directory, "appendonlydir");
  const bytes = readdirSync(folder).reduce(
    (sum, name) => sum + statSync(join(folder, name)).size,
    0,
  );
  const row: StartupRow = { log: `written by ${writer.label}`, writes, bytes, keys, measured: {} };
  for (const [index, contender] of contenders.entries()) {
    const wrong = full[index].find((start) => start.keys !== keys);
    if (wrong) throw new Error(`${contender.label} replayed ${wrong.keys} keys instead of ${keys}`);
    const ms = full[index].map((start) => start.ms);
    const cpuMs = full[index].map((start) => start.cpuMs);
    row.measured[contender.id] = {
      readyMs: median(ms),
      cpuMs: median(cpuMs),
      emptyMs: median(empty[index].map((start) => start.ms)),
      readyRatio: medianRatio(
        ms,
        full[0].map((start) => start.ms),
      ),
      cpuRatio: medianRatio(
        cpuMs,
        full[0].map((start) => start.cpuMs),
      ),
    };
  }
  const parts = Object.entries(row.measured).map(([id, m]) => {
    return `${id} ${m.readyMs.toFixed(0)} ms (${m.readyRatio.toFixed(2)}×, empty ${m.emptyMs.toFixed(0)})`;
  });
  console.log(`  ${writes} writes ${row.log}, ${keys} keys: ${parts.join(" | ")}`);
  return row;
}

async function keyCount(port: number): Promise<number> {
  return Number(await withClient(port, (client) => client.call("DBSIZE")));
}

async function startOn(contender: Contender, log: string | undefined): Promise<Start> {
  const directory = temporaryDirectory();
  try {
    if (log) cpSync(log, directory, { recursive: true });
    const options: ServeOptions = { log: "everysec", directory };
    const server = await serve(contender, options);
    try {
      const keys = await keyCount(server.port);
      return { ms: server.readyMs, cpuMs: server.readyCpuMs, keys };
    } finally {
      await server.stop();
    }
  } finally {
    removeDirectory(directory);
  }
}
