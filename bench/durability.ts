// Durability beside redis-server, row by row:
//
//   start      from an RDB file, to "Ready to accept connections", and the memory resident then
//   save       a snapshot with nothing else to do
//   snapshot   the same under 50,000 writes a second: the longest wait of another client, the memory
//              more, and how many of the writes were answered
//   rewrite    a rewrite of the log, likewise
//   overwrite  see overwriting.ts
//   payloads   see payloads.ts
//
// The first four are measured on each data set (data-sets.ts), on one server after the other, so
// that none has to share the machine. While there is load, a prober pings each millisecond and a
// weigher looks at the memory (prober.ts), first for a while without a snapshot, then during one.

import { setTimeout as sleep } from "node:timers/promises";
import { type Client, withClient } from "./client.ts";
import { DATA_SETS, type DataFile, type DataSet, directoryOf, writeDataFile } from "./data-sets.ts";
import { childrenCpuOf, cpuBetween, cpuOf, familyBytes } from "./kernel.ts";
import { measureOverwriting, type OverwritingRow } from "./overwriting.ts";
import { measurePayloads, type PayloadRow } from "./payloads.ts";
import { witness } from "./prober.ts";
import { type Contender, removeDirectory, type Server, serve, settle } from "./process.ts";
import { SteadyLoad } from "./steady-load.ts";

const KEYS = 10_000_000;
const OVERWRITTEN_KEYS = 1_000_000;
const WARM_UP_MS = 3000;
const BEFORE_MS = 3000;
const LOOK_MS = 20;

const DATA_ROWS = ["start", "save", "snapshot", "rewrite"] as const;
type DataRow = (typeof DATA_ROWS)[number];
export const DURABILITY_ROWS = [...DATA_ROWS, "overwrite", "payloads"] as const;

export interface DurabilityRun {
  readonly data: readonly DataSetRow[];
  readonly overwriting: OverwritingRow | null;
  readonly payloads: readonly PayloadRow[];
}

export interface DataSetRow {
  readonly name: string;
  readonly about: string;
  readonly keys: number;
  readonly fileBytes: number;
  readonly measured: Record<string, DataSetMeasured>;
}

export interface DataSetMeasured {
  readonly start: StartMeasured;
  readonly save: SaveMeasured | null;
  readonly snapshot: WaitMeasured | null;
  readonly rewrite: WaitMeasured | null;
}

export interface StartMeasured {
  readonly ms: number;
  readonly cpuMs: number;
  readonly residentBytes: number;
}

export interface SaveMeasured {
  readonly seconds: number;
  /** Of all its processes. */
  readonly cpuSeconds: number;
}

export interface WaitMeasured {
  readonly seconds: number;
  /** Longest wait of a client that pings each millisecond, without it and during it. */
  readonly waitBeforeMs: number;
  readonly waitMs: number;
  /** Without what server and client had to wait for a core. */
  readonly ownBeforeMs: number;
  readonly ownMs: number;
  /** How long the machine held up a sleeping thread meanwhile. */
  readonly machineMs: number;
  /** Resident memory of all its processes: with load, and how much more it became, at most. */
  readonly bytes: number;
  readonly bytesMore: number;
  /** Writes that were answered, a second. */
  readonly rateBefore: number;
  readonly rate: number;
}

export interface DurabilityOptions {
  readonly contenders: readonly Contender[];
  readonly rounds: number;
  readonly quick: boolean;
  /** Only these rows; empty for all. */
  readonly rows: readonly string[];
  /** Keys, or elements, of the data sets; 0 for as many as usual. */
  readonly keys: number;
}

export async function benchmarkDurability(options: DurabilityOptions): Promise<DurabilityRun> {
  const { contenders, rounds, quick } = options;
  const keys = options.keys || (quick ? KEYS / 20 : KEYS);
  const isWanted = (row: string) => options.rows.length === 0 || options.rows.includes(row);
  const data: DataSetRow[] = [];
  if (DATA_ROWS.some(isWanted)) {
    for (const set of DATA_SETS) data.push(await measureDataSet(contenders, set, keys, isWanted));
  }
  const overwritten = Math.min(keys, OVERWRITTEN_KEYS);
  const overwriting = isWanted("overwrite")
    ? await measureOverwriting(contenders, overwritten)
    : null;
  const payloads = isWanted("payloads") ? await measurePayloads(contenders, rounds, quick) : [];
  return { data, overwriting, payloads };
}

async function measureDataSet(
  contenders: readonly Contender[],
  set: DataSet,
  keys: number,
  isWanted: (row: DataRow) => boolean,
): Promise<DataSetRow> {
  const file = await writeDataFile(contenders[0], set, keys);
  try {
    const measured: Record<string, DataSetMeasured> = {};
    for (const contender of contenders) {
      measured[contender.id] = await measure(contender, set, file, keys, isWanted);
      console.log(`  ${set.name}, ${contender.label}: ${JSON.stringify(measured[contender.id])}`);
    }
    return { name: set.name, about: set.about, keys, fileBytes: file.bytes, measured };
  } finally {
    file.remove();
  }
}

async function measure(
  contender: Contender,
  set: DataSet,
  file: DataFile,
  keys: number,
  isWanted: (row: DataRow) => boolean,
): Promise<DataSetMeasured> {
  const directory = directoryOf(file);
  const server = await serve(contender, { log: "everysec", directory });
  try {
    await settle(server.pid);
    const { readyMs: ms, readyCpuMs: cpuMs } = server;
    const start = { ms, cpuMs, residentBytes: familyBytes(server.pid) };
    return await withClient(server.port, async (client) => {
      const save = isWanted("save") ? await measureSave(server, client) : null;
      if (!isWanted("snapshot") && !isWanted("rewrite")) {
        return { start, save, snapshot: null, rewrite: null };
      }
      const load = await SteadyLoad.begin(server.port, set.writes, keys);
      try {
        await sleep(WARM_UP_MS);
        const before = await watch(server, load, () => sleep(BEFORE_MS));
        const during = async (work: Work) =>
          summary(before, await watch(server, load, () => finish(client, work)));
        const snapshot = isWanted("snapshot") ? await during(SNAPSHOT) : null;
        const rewrite = isWanted("rewrite") ? await during(REWRITE) : null;
        return { start, save, snapshot, rewrite };
      } finally {
        load.end();
      }
    });
  } finally {
    await server.stop();
    removeDirectory(directory);
  }
}

interface Work {
  readonly command: string;
  readonly progress: string;
  readonly outcome: string;
}

const SNAPSHOT: Work = {
  command: "BGSAVE",
  progress: "rdb_bgsave_in_progress",
  outcome: "rdb_last_bgsave_status",
};
const REWRITE: Work = {
  command: "BGREWRITEAOF",
  progress: "aof_rewrite_in_progress",
  outcome: "aof_last_bgrewrite_status",
};

/** Begins it, and waits until it has ended well. */
async function finish(client: Client, work: Work): Promise<void> {
  await client.call(work.command);
  while ((await client.info("persistence", work.progress)) !== 0) await sleep(LOOK_MS);
  const text = String(await client.call("INFO", "persistence"));
  if (!text.includes(`${work.outcome}:ok`)) throw new Error(`${work.command} has failed`);
}

async function measureSave(server: Server, client: Client): Promise<SaveMeasured> {
  const { pid } = server;
  const before = cpuOf(pid);
  const childrenBefore = childrenCpuOf(pid);
  const started = performance.now();
  await finish(client, SNAPSHOT);
  const seconds = (performance.now() - started) / 1000;
  const cpuNs = cpuBetween(before, cpuOf(pid)) + childrenCpuOf(pid) - childrenBefore;
  return { seconds, cpuSeconds: cpuNs / 1e9 };
}

type Watched = Awaited<ReturnType<typeof watch>>;

async function watch({ port, pid }: Server, load: SteadyLoad, work: () => Promise<void>) {
  const stopProber = await witness("prober", port, pid);
  const stopSleeper = await witness("sleeper", port);
  const stopWeigher = await witness("weigher", port, pid);
  const started = performance.now();
  const answered = load.answered;
  await work();
  const seconds = (performance.now() - started) / 1000;
  const rate = (load.answered - answered) / seconds;
  const { longestMs, longestOwnMs } = await stopProber();
  const { longestMs: machineMs } = await stopSleeper();
  const { bytesMax } = await stopWeigher();
  return { seconds, rate, longestMs, longestOwnMs, machineMs, bytesMax };
}

function summary(before: Watched, during: Watched): WaitMeasured {
  return {
    seconds: during.seconds,
    waitBeforeMs: before.longestMs,
    waitMs: during.longestMs,
    ownBeforeMs: before.longestOwnMs,
    ownMs: during.longestOwnMs,
    machineMs: Math.max(before.machineMs, during.machineMs),
    bytes: before.bytesMax,
    bytesMore: Math.max(0, during.bytesMax - before.bytesMax),
    rateBefore: before.rate,
    rate: during.rate,
  };
}
