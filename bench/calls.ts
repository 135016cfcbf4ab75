// Calls that take milliseconds: CPU time of the server for one, one after the other on one
// connection. In each round every contender takes its turn; ratios are medians of those within a
// round.

import { Client } from "./client.ts";
import { cpuBetween, cpuOf } from "./kernel.ts";
import { type Contender, serve, settle } from "./process.ts";
import { median, medianRatio } from "./statistics.ts";

/** One turn takes the peer about so long. */
const TURN_MS = 300;
const CALLS_MAX = 10_000;

export interface Call {
  readonly name: string;
  readonly call: readonly string[];
}

export interface CallRow {
  readonly test: string;
  readonly calls: number;
  readonly measured: Record<string, CallMeasured>;
}

export interface CallMeasured {
  readonly cpuMs: number;
  /** Median over the rounds of this contender's CPU time over the peer's. */
  readonly cpuRatio: number;
}

export interface CallOptions {
  readonly contenders: readonly Contender[];
  readonly rounds: number;
  readonly quick: boolean;
  /** Length of one turn on the peer. */
  readonly turnMs?: number;
}

/** @param prepare brings each server into the same state */
export async function measureCalls(
  tests: readonly Call[],
  options: CallOptions,
  prepare: (client: Client) => Promise<void>,
): Promise<CallRow[]> {
  const { contenders, rounds, quick, turnMs = TURN_MS } = options;
  const servers = await Promise.all(contenders.map((contender) => serve(contender)));
  const clients = await Promise.all(servers.map(({ port }) => Client.connect(port)));
  const rows: CallRow[] = [];
  try {
    for (const client of clients) await prepare(client);
    for (const { name, call } of tests) {
      const startedAt = performance.now();
      await clients[0].call(...call);
      const wantedMs = quick ? turnMs / 10 : turnMs;
      const tookMs = Math.max(performance.now() - startedAt, wantedMs / CALLS_MAX);
      const calls = Math.ceil(wantedMs / tookMs);
      const cpu: number[][] = servers.map(() => []);
      for (let round = -1; round < rounds; round++) {
        for (const [i, { pid }] of servers.entries()) {
          await settle(pid);
          const before = cpuOf(pid);
          for (let k = 0; k < calls; k++) await clients[i].call(...call);
          const spentMs = cpuBetween(before, cpuOf(pid)) / 1e6 / calls;
          // The first round warms up.
          if (round >= 0) cpu[i].push(spentMs);
        }
      }
      const measured: Record<string, CallMeasured> = {};
      for (const [i, { contender }] of servers.entries()) {
        measured[contender.id] = { cpuMs: median(cpu[i]), cpuRatio: medianRatio(cpu[i], cpu[0]) };
      }
      rows.push({ test: name, calls, measured });
      const parts = Object.entries(measured).map(
        ([id, m]) => `${id} ${m.cpuMs.toFixed(3)} ms (${m.cpuRatio.toFixed(2)}×)`,
      );
      console.log(`  ${name}: ${parts.join(" | ")}`);
    }
  } finally {
    for (const client of clients) client.close();
    await Promise.all(servers.map((server) => server.stop()));
  }
  return rows;
}
