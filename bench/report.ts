// From measured figures to pages: the Markdown tables, the verdict on each goal, and the charts.
// Everything here is a pure function of the results, so a page can be drawn again from the JSON.

import { drawBars } from "./chart.ts";
import type { DataRun } from "./data.ts";
import { dataGoals, dataTables } from "./data-report.ts";
import type { DurabilityRun } from "./durability.ts";
import { durabilityGoals, durabilityTables } from "./durability-report.ts";
import type { EmbeddedRow } from "./embedded.ts";
import type { MemoryRow } from "./memory.ts";
import type { Machine } from "./process.ts";
import { type JobsRow, jobsGoals, jobsTable } from "./queue-jobs.ts";
import type { ScaleRow } from "./scale.ts";
import type { ScriptsRun } from "./scripts.ts";
import { scriptsGoals, scriptsTables } from "./scripts-report.ts";
import type { SeedRun } from "./seed.ts";
import { seedGoals, seedTables } from "./seed-report.ts";
import type { ServerRow } from "./server.ts";
import { serverChart, serverGoals, serverTables } from "./server-report.ts";
import type { StartupRow } from "./startup.ts";
import { type Case, type Goal, goal, goalTable, NAMES, table, times, whole } from "./tables.ts";
import { type ThreadsRun, threadsGoals, threadsTables } from "./threads.ts";

/** One suite's results as they lie in `<suite>.json`. */
export interface Result<T> {
  readonly suite: string;
  readonly measuredAt: string;
  readonly machine: Machine;
  readonly options: Record<string, unknown>;
  readonly data: T;
}

/** The suites that have been measured; each may come from a run of its own. */
export interface Results {
  server?: Result<ServerRow[]>;
  data?: Result<DataRun>;
  scripts?: Result<ScriptsRun>;
  memory?: Result<MemoryRow[]>;
  startup?: Result<StartupRow[]>;
  scale?: Result<ScaleRow[]>;
  embedded?: Result<EmbeddedRow[]>;
  seed?: Result<SeedRun[]>;
  threads?: Result<ThreadsRun[]>;
  durability?: Result<DurabilityRun>;
  jobs?: Result<JobsRow[]>;
}

// ---------------------------------------------------------------------------------------- goals

function memoryGoals(rows: readonly MemoryRow[]): Goal[] {
  const strings = rows.filter((row) => row.shape.startsWith("strings, 16"));
  const bytes = (value: number) => `${value.toFixed(1)} bytes`;
  return [
    ...goal(
      "A 16-byte key with a 16-byte value",
      "at most",
      60,
      strings.flatMap((row) =>
        row.measured.bun ? [{ name: row.shape, value: row.measured.bun.used }] : [],
      ),
      bytes,
    ),
    ...goal(
      "Bytes of every shape, beside redis-server",
      "at most",
      1,
      rows.flatMap((row) =>
        row.measured.bun
          ? [{ name: row.shape, value: row.measured.bun.used / row.measured.redis.used }]
          : [],
      ),
    ),
  ];
}

function startupGoals(rows: readonly StartupRow[]): Goal[] {
  return ["bun", "node"].flatMap((id) =>
    goal(
      `${NAMES[id]}, start with a log of a million writes: time to ready`,
      "at most",
      1,
      rows.flatMap((row) =>
        row.measured[id] ? [{ name: `log ${row.log}`, value: row.measured[id].readyRatio }] : [],
      ),
    ),
  );
}

function scaleGoals(rows: readonly ScaleRow[]): Goal[] {
  const size = rows.at(-1)?.keys;
  if (size === undefined) return [];
  /** The longest wait on the whole way, from no keys to all of them. */
  const longest = (id: string, what: "longestPauseMs" | "machinePauseMs"): number =>
    Math.max(...rows.map(({ measured }) => measured[id]?.[what] ?? 0));
  return ["bun", "node"].flatMap((id) => {
    if (rows.some(({ measured }) => !measured[id])) return [];
    const name = `${NAMES[id]}, longest wait of another client while filling to ${whole(size)} keys`;
    const machine = `machine itself ${longest(id, "machinePauseMs").toFixed(1)} ms`;
    const peer = `redis-server ${longest("redis", "longestPauseMs").toFixed(1)} ms`;
    return goal(name, "at most", 20, [{ name, value: longest(id, "longestPauseMs") }], (value) => {
      return `${value.toFixed(1)} ms`;
    }).map((each) => ({ ...each, measured: `${each.measured} (${peer}, ${machine})` }));
  });
}

function embeddedGoals(rows: readonly EmbeddedRow[]): Goal[] {
  const goals: Goal[] = [];
  for (const row of rows) {
    const name = NAMES[row.runtime];
    const mine = row.engines.tskeydb;
    if (mine) {
      const best = (r: { set: number; setBatched: number }) => Math.max(r.set, r.setBatched);
      const ahead: Case[] = [];
      for (const [engine, rival] of Object.entries(row.engines)) {
        if (engine === "tskeydb" || engine === "map" || rival.missing) continue;
        ahead.push({ name: `GET beside ${engine}`, value: mine.get / rival.get });
        ahead.push({ name: `SET beside ${engine} at its best`, value: mine.set / best(rival) });
      }
      goals.push(
        ...goal(`Embedded on ${name}, speed beside LMDB and SQLite`, "at least", 1, ahead),
        ...goal(`Embedded on ${name}, slower than a bare Map`, "at most", 4, [
          { name: "GET", value: row.engines.map.get / mine.get },
          { name: "SET", value: row.engines.map.set / mine.set },
        ]),
      );
    }
    if (row.open) {
      const { openMs, closeMs, residentBytesEach } = row.open;
      const total = [{ name: "", value: openMs + closeMs }];
      const memory = [{ name: "", value: residentBytesEach / 2 ** 20 }];
      goals.push(
        ...goal(
          `open() and close() on ${name}, 1,000 open at once`,
          "at most",
          1,
          total,
          (value) => {
            return `${value.toFixed(3)} ms`;
          },
        ),
        ...goal(`Resident memory of an open database on ${name}`, "at most", 2, memory, (value) => {
          return `${value.toFixed(2)} MiB`;
        }),
      );
    }
  }
  return goals;
}

/** All goals that the results speak of. */
export function goals(results: Results): Goal[] {
  return [
    ...serverGoals(results.server?.data ?? []),
    ...(results.data ? dataGoals(results.data.data) : []),
    ...(results.scripts ? scriptsGoals(results.scripts.data) : []),
    ...memoryGoals(results.memory?.data ?? []),
    ...startupGoals(results.startup?.data ?? []),
    ...scaleGoals(results.scale?.data ?? []),
    ...embeddedGoals(results.embedded?.data ?? []),
    ...seedGoals(results.seed?.data ?? []),
    ...threadsGoals(results.threads?.data ?? []),
    ...(results.durability ? durabilityGoals(results.durability.data) : []),
    ...jobsGoals(results.jobs?.data ?? []),
  ];
}

// --------------------------------------------------------------------------------------- tables

function memoryTable(rows: readonly MemoryRow[]): string {
  const ids = Object.keys(rows[0]?.measured ?? {});
  const head = ["shape", "per"];
  for (const id of ids) head.push(NAMES[id], ...(id === "redis" ? [] : ["ratio"]), "resident");
  return table(
    head,
    rows.map((row) => {
      const cells = [row.shape, row.unit];
      for (const id of ids) {
        const m = row.measured[id];
        cells.push(m.used.toFixed(1));
        if (id !== "redis") cells.push(`**${times(m.used / row.measured.redis.used)}**`);
        cells.push(m.resident.toFixed(1));
      }
      return cells;
    }),
  );
}

function startupTable(rows: readonly StartupRow[]): string {
  return table(
    ["log", "server", "ready after", "beside redis-server", "CPU", "ratio", "start on nothing"],
    rows.flatMap((row) =>
      Object.entries(row.measured).map(([id, m]) => [
        `${whole(row.writes)} writes ${row.log} (${(row.bytes / 1e6).toFixed(0)} MB, ${whole(row.keys)} keys)`,
        NAMES[id],
        `${whole(m.readyMs)} ms`,
        `**${times(m.readyRatio)}**`,
        `${whole(m.cpuMs)} ms`,
        times(m.cpuRatio),
        `${whole(m.emptyMs)} ms`,
      ]),
    ),
  );
}

function scaleTable(rows: readonly ScaleRow[]): string {
  return table(
    [
      "keys",
      "server",
      "GET",
      "ratio",
      "SET",
      "ratio",
      "bytes a key",
      "filled in",
      "longest pause (at keys)",
      "machine's own",
    ],
    rows.flatMap((row) =>
      Object.entries(row.measured).map(([id, m]) => {
        const early = m.keys < row.keys ? ` (stopped at ${whole(m.keys)})` : "";
        return [
          whole(row.keys) + early,
          NAMES[id],
          `${whole(m.getNs)} ns`,
          `**${times(m.getRatio)}**`,
          `${whole(m.setNs)} ns`,
          `**${times(m.setRatio)}**`,
          (m.usedMemory / m.keys).toFixed(0),
          `${m.fillSeconds.toFixed(1)} s`,
          `${m.longestPauseMs.toFixed(1)} ms (${whole(m.worst[0]?.keys ?? 0)})`,
          `${m.machinePauseMs.toFixed(1)} ms`,
        ];
      }),
    ),
  );
}

function embeddedTable(rows: readonly EmbeddedRow[]): string {
  const million = (rate: number) => (rate === 0 ? "" : `${(rate / 1e6).toFixed(2)} M/s`);
  const engines = table(
    [
      "runtime and engine",
      "version",
      "GET",
      "SET",
      "SET, a pass in one transaction",
      "resident bytes a key",
    ],
    rows.flatMap((row) =>
      Object.entries(row.engines).map(([engine, r]) =>
        r.missing
          ? [`${NAMES[row.runtime]}, ${engine}`, "not installed", "", "", "", ""]
          : [
              `${NAMES[row.runtime]}, ${engine}`,
              r.version,
              million(r.get),
              million(r.set),
              million(r.setBatched),
              whole(r.residentBytesPerKey),
            ],
      ),
    ),
  );
  const opened = rows.flatMap(({ runtime, open }) =>
    open
      ? [
          [
            NAMES[runtime],
            whole(open.databases),
            `${open.openMs.toFixed(3)} ms`,
            `${open.slowestOpenMs.toFixed(2)} ms`,
            `${open.closeMs.toFixed(3)} ms`,
            `${(open.residentBytesEach / 2 ** 20).toFixed(2)} MiB`,
          ],
        ]
      : [],
  );
  if (opened.length === 0) return engines;
  const head = ["runtime", "open at once", "open()", "slowest", "close()", "resident, each"];
  return `${engines}\n\n${table(head, opened)}`;
}

// ----------------------------------------------------------------------------------------- pages

const NOTES = {
  server: `µs is the server's CPU time for one request: its own (user) + the kernel's on its behalf
(system); ratios are ours over redis-server's, medians over interleaved rounds, the bold one of user time. redis-benchmark, 16-byte values, 100,000 random keys
on a filled database, the same number of requests from the same state on every server. Where the client
was busy all the time it bounds the throughput, and the row says so.`,
  memory: `Growth of \`used_memory\` for one unit of each shape, everything counted; beside it the growth
of resident memory as the kernel counts it, as a check.`,
  startup: `From spawning the process to "Ready to accept connections".`,
  scale: `CPU time for one request at a pipeline of 16 with random keys. The longest pause is what another
client waited that pinged each millisecond while one pipelined connection filled at full speed; the
machine's own is how late the kernel woke a thread that only slept.`,
  embedded: `The same strings, shuffled; a process for each engine. LMDB does not wait for the disk, SQLite
lies in memory, with prepared statements.`,
  seed: `40,000 operations by four clients that take turns, each on its own keys or its own collection of
10,000. The published figures are PyKeyDB's own, from an unnamed machine; where it says "here", its benchmark
ran in turn with ours, and "ahead" means ahead of that. HGETALL and SMEMBERS there return a
reference: the live view is the like-for-like, the copy stands beside it. LRANGE there copies a hundred
references; here it makes ten strings, a hundred, or one. Ten rounds warm both compilers up, copies are measured after all else,
and a call's latency is that of the call by itself, less the timer's. "Four threads" are workers on one database,
as the seed's clients are threads. With fsync there are three strengths: \`always\` syncs every call,
\`together\` the four clients' calls in one transaction with one sync, \`everysec\` each second. The seed's
34,319 SETs a second with fsync mean 29 µs a call, which no sync that reaches this disk can do (the bare
sync stands in the heading); most likely its sync ended in a cache, and \`everysec\` is nearest to that.`,
  threads: `Worker threads on one database in memory: GET, HGET and SET of uniform keys (16 bytes, values of 16),
MIXED nine GETs to a SET. "Not shared" is a thread with a database of its own. Every crew takes its turn in
every round; CPU time is the process's, all threads together, for one operation. LMDB does not wait for the disk.`,
  scripts: `As above, with the log off: EVALSHA of scripts of one call and of ten (a limiter of two windows, two locks
taken, extended and released, a job added, moved and completed), and CPU time of single calls of scripts that compute,
one after the other on one connection. "First EVAL of 10 KB": cold is the time to the reply of the first script of a
server, warm the CPU time to compile one of many.`,
  data: `As above, with the log off: commands that redis-benchmark has no test for, on 100,000 small keys and on
keys of a million members, entries or bits. XREADGROUP takes one new entry from a stream of as many as there are
requests, XACK acknowledges one of 100,000. Then commands that take milliseconds, called one by one: the server's CPU
time for a call.`,
  durability: `Each server in turn starts from the same RDB file, which redis-server wrote, as the base of its
log (appendfsync everysec). A snapshot is then saved with nothing else to do; then a snapshot is saved, and the
log rewritten, under 50,000 writes a second of random keys on one connection, while another pings each
millisecond. "Its own making" is that wait without what server and client had to wait for a core, as the kernel
counts it; the machine's own is how late the kernel woke a thread that only slept. Memory is resident memory of
the server and what it forked, each page once. Then all keys, of 100 bytes each, are overwritten twenty times at
full speed, with auto-aof-rewrite-percentage 100; "written for a byte" is what the log's files grew by, for each
byte of the commands. DUMP and RESTORE: the server's CPU time for one request, 50 clients, pipeline 16.`,
  jobs: `Jobs that do nothing, added by 50 calls at a time and then processed by one worker with 50 at once,
in one process on Node with ioredis. That process takes about as much CPU time for a job as the server does, and
each waits for the other.`,
} as const;

/** The whole page of results. */
export function page(results: Results): string {
  const suites: [keyof Results, string, string | undefined][] = [
    ["server", "Server beside redis-server", results.server && serverTables(results.server.data)],
    ["data", "Data commands", results.data && dataTables(results.data.data)],
    ["scripts", "Scripts", results.scripts && scriptsTables(results.scripts.data)],
    ["memory", "Memory", results.memory && memoryTable(results.memory.data)],
    ["startup", "Start-up", results.startup && startupTable(results.startup.data)],
    ["scale", "Scale", results.scale && scaleTable(results.scale.data)],
    ["embedded", "Embedded", results.embedded && embeddedTable(results.embedded.data)],
    ["seed", "The seed's tables", results.seed && seedTables(results.seed.data)],
    ["threads", "Threads", results.threads && threadsTables(results.threads.data)],
    ["durability", "Durability", results.durability && durabilityTables(results.durability.data)],
    ["jobs", "Jobs of a queue", results.jobs && jobsTable(results.jobs.data)],
  ];
  const parts = [
    "# Benchmark results",
    "Written by `npm run bench`; figures of one suite come from one run. The figures behind them are in the JSON files beside this page.",
    "## Goals",
    goalTable(goals(results)),
  ];
  for (const name of Object.keys(charts(results))) parts.push(`![${name}](${name})`);
  for (const [suite, title, body] of suites) {
    const result = results[suite];
    if (!result || !body) continue;
    parts.push(`## ${title}`, NOTES[suite].replaceAll("\n", " "), body, provenance(result));
  }
  return `${parts.join("\n\n")}\n`;
}

function provenance(result: Result<unknown>): string {
  const { machine } = result;
  const options = Object.entries(result.options).map(([name, value]) => `${name} ${value}`);
  return (
    `<sub>${result.measuredAt.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores, ` +
    `${machine.memoryGiB} GiB, ${machine.kernel}, redis-server ${machine.redis}, ` +
    `Node ${machine.node}, Bun ${machine.bun}; ${options.join(", ")}</sub>`
  );
}

/** File name and SVG text of each chart. */
export function charts(results: Results): Record<string, string> {
  const files: Record<string, string> = {};
  for (const [name, log, id] of [
    ["server-cpu.svg", "off", "bun"],
    ["server-cpu-log.svg", "everysec", "bun"],
    ["server-cpu-node.svg", "off", "node"],
  ] as const) {
    const chart = serverChart(results.server?.data ?? [], log, id);
    if (chart) files[name] = drawBars(chart);
  }
  const memory = (results.memory?.data ?? []).filter((row) => row.measured.bun);
  if (memory.length > 0) {
    files["memory.svg"] = drawBars({
      title: "Memory, redis-server = 1",
      subtitle: "Bytes by used_memory; shorter is better",
      series: ["TSKeyDB"],
      groups: memory.map((row) => ({
        name: row.shape.split(",")[0].replace(/ of a million.*/, " (1 M)"),
        values: [row.measured.bun.used / row.measured.redis.used],
      })),
      reference: "redis-server",
    });
  }
  return files;
}
