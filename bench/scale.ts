// Scale: what GET and SET cost at a million and at twenty million keys, and the longest pause that
// another client sees while the database is filled to that size.
//
// All contenders are filled first to the small size, one after the other, and measured in turns;
// then to the large one. While a server is filled at full speed through one pipelined connection,
// a prober (see prober.ts) pings it each millisecond. The pings queue behind the filler's
// requests, so a few milliseconds are the filling itself; the sleeper beside it shows how long the
// machine held up a thread that asked only to be woken. Filling stops early, and says so, when the
// machine runs out of memory or time.

import { fill, NUMBER, withClient } from "./client.ts";
import { availableBytes, cpuBetween, cpuOf } from "./kernel.ts";
import { type Pauses, witness } from "./prober.ts";
import { type Contender, run, type Server, serve, settle } from "./process.ts";
import { median, medianRatio } from "./statistics.ts";

const SMALL = 1_000_000;
const LARGE = 20_000_000;
const STEP = 250_000;
const FILL_SECONDS_MAX = 240;
const KEPT_FREE_BYTES = 3 * 2 ** 30;

export interface ScaleRow {
  keys: number;
  measured: Record<string, ScaleMeasured>;
}

export interface ScaleMeasured {
  /** Keys really there (fewer when the filling stopped early). */
  keys: number;
  usedMemory: number;
  fillSeconds: number;
  /** Longest wait of a client that pings each millisecond during the filling. */
  longestPauseMs: number;
  /** Longest time for which the machine held up a sleeping thread meanwhile. */
  machinePauseMs: number;
  /** The longest waits and how many keys there were, longest first. */
  worst: { ms: number; keys: number }[];
  getNs: number;
  setNs: number;
  getRatio: number;
  setRatio: number;
}

export interface ScaleOptions {
  contenders: readonly Contender[];
  rounds: number;
  seconds: number;
  quick: boolean;
}

export async function benchmarkScale(options: ScaleOptions): Promise<ScaleRow[]> {
  const sizes = options.quick ? [SMALL / 10, SMALL] : [SMALL, LARGE];
  const servers: Server[] = [];
  const rows: ScaleRow[] = [];
  try {
    for (const contender of options.contenders) servers.push(await serve(contender));
    const keys = new Map<Server, number>();
    for (const size of sizes) {
      const row: ScaleRow = { keys: size, measured: {} };
      const costs = new Map<Server, { get: number[]; set: number[] }>();
      for (const server of servers) {
        const filled = await fillTo(server, keys.get(server) ?? 0, size);
        keys.set(server, filled.keys);
        costs.set(server, { get: [], set: [] });
        row.measured[server.contender.id] = {
          ...filled,
          getNs: 0,
          setNs: 0,
          getRatio: 1,
          setRatio: 1,
        };
      }
      for (let round = -1; round < options.rounds; round++) {
        for (const server of servers) {
          const present = keys.get(server) ?? 0;
          const get = await cost(server, "get", present, options.seconds);
          const set = await cost(server, "set", present, options.seconds);
          if (round < 0) continue; // the first one only warms up
          costs.get(server)?.get.push(get);
          costs.get(server)?.set.push(set);
        }
      }
      const peer = costs.get(servers[0]) ?? { get: [], set: [] };
      for (const server of servers) {
        const mine = costs.get(server) ?? peer;
        const measured = row.measured[server.contender.id];
        measured.getNs = median(mine.get);
        measured.setNs = median(mine.set);
        measured.getRatio = medianRatio(mine.get, peer.get);
        measured.setRatio = medianRatio(mine.set, peer.set);
      }
      rows.push(row);
      printRow(row);
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
  return rows;
}

async function fillTo(server: Server, from: number, to: number) {
  const startedAt = performance.timeOrigin + performance.now();
  const stopProber = await witness("prober", server.port);
  const stopSleeper = await witness("sleeper", server.port);
  const marks: { at: number; keys: number }[] = [{ at: startedAt, keys: from }];
  let keys = from;
  while (keys < to) {
    const count = Math.min(STEP, to - keys);
    const before = keys;
    await fill(
      server.port,
      { record: [["SET", `key:${NUMBER}`, "xxxxxxxxxxxxxxxx"]], count, first: keys },
      (records) => {
        const now = performance.timeOrigin + performance.now();
        if (now - (marks.at(-1)?.at ?? 0) > 20) marks.push({ at: now, keys: before + records });
      },
    );
    keys += count;
    const seconds = (performance.timeOrigin + performance.now() - startedAt) / 1000;
    if (seconds > FILL_SECONDS_MAX || availableBytes() < KEPT_FREE_BYTES) break;
  }
  const fillSeconds = (performance.timeOrigin + performance.now() - startedAt) / 1000;
  const seen = await stopProber();
  const machine = await stopSleeper();
  const usedMemory = await withClient(server.port, (client) =>
    client.info("memory", "used_memory"),
  );
  return {
    keys,
    usedMemory,
    fillSeconds,
    longestPauseMs: seen.longestMs,
    machinePauseMs: machine.longestMs,
    worst: seen.worst.map(({ ms, atMs }) => ({ ms, keys: keysAt(marks, seen, atMs) })),
  };
}

/** How many keys there were at a moment of the prober's clock. */
function keysAt(marks: readonly { at: number; keys: number }[], seen: Pauses, atMs: number) {
  const at = seen.startedAt + atMs;
  return marks.findLast((mark) => mark.at <= at)?.keys ?? marks[0].keys;
}

/** CPU nanoseconds of the server per request, pipeline of 16, random keys. */
async function cost(server: Server, test: "get" | "set", keys: number, seconds: number) {
  await settle(server.pid);
  const requests = Math.round((seconds * 500_000) / 1000) * 1000;
  const args = [
    ...["-p", String(server.port), "-c", "50", "-P", "16", "-n", String(requests)],
    ...["-r", String(keys), "-d", "16", "--csv", "-t", test],
  ];
  const before = cpuOf(server.pid);
  await run("redis-benchmark", args, 120_000);
  await settle(server.pid);
  return cpuBetween(before, cpuOf(server.pid)) / requests;
}

function printRow(row: ScaleRow): void {
  const parts = Object.entries(row.measured).map(([id, m]) => {
    return (
      `${id} GET ${m.getNs.toFixed(0)} ns (${m.getRatio.toFixed(2)}×) ` +
      `SET ${m.setNs.toFixed(0)} ns (${m.setRatio.toFixed(2)}×), ` +
      `longest pause ${m.longestPauseMs.toFixed(1)} ms (machine ${m.machinePauseMs.toFixed(1)}), ` +
      `${(m.usedMemory / m.keys).toFixed(0)} bytes a key`
    );
  });
  console.log(`  ${row.keys} keys: ${parts.join(" | ")}`);
}
