// Jobs: what BullMQ does with a server, from adding jobs to having completed them, with one worker
// that has fifty at once. Each contender takes its turn in every round, with a new client process.
//
// BullMQ in its process takes about as much CPU time for a job as the server does. So jobs a second
// tell what both do together, and the server's CPU time for a job what it does itself.

import { cpuBetween, cpuOf } from "./kernel.ts";
import { type Contender, runScript, type Server, serve, settle } from "./process.ts";
import type { JobsFigure, JobsOrder } from "./queue-jobs-child.ts";
import { median, medianRatio } from "./statistics.ts";
import { type Goal, goal, NAMES, table, times, whole } from "./tables.ts";

const JOBS = 10_000;

export interface JobsRow {
  jobs: number;
  measured: Record<string, JobsMeasured>;
}

export interface JobsMeasured {
  addedPerSecond: number;
  processedPerSecond: number;
  /** From the first that is added to the last that is completed. */
  jobsPerSecond: number;
  cpuNsPerJob: number;
  throughputRatio: number;
  cpuRatio: number;
  /** The share of the time in which the client's process was busy. */
  clientCpu: number;
}

interface Run {
  added: number;
  processed: number;
  both: number;
  cpuNs: number;
  clientCpu: number;
}

export async function benchmarkJobs(
  contenders: readonly Contender[],
  rounds: number,
  quick: boolean,
): Promise<JobsRow[]> {
  const jobs = quick ? JOBS / 10 : JOBS;
  const servers: Server[] = [];
  try {
    for (const contender of contenders) servers.push(await serve(contender));
    const runs: Run[][] = servers.map(() => []);
    for (let round = -1; round < rounds; round++) {
      for (const [index, server] of servers.entries()) {
        const run = await measure(server, jobs);
        if (round >= 0) runs[index].push(run); // the first one only warms up
      }
    }
    const row: JobsRow = { jobs, measured: {} };
    for (const [index, server] of servers.entries()) {
      row.measured[server.contender.id] = summarize(runs[index], runs[0]);
    }
    printRow(row);
    return [row];
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

async function measure(server: Server, jobs: number): Promise<Run> {
  await settle(server.pid);
  const before = cpuOf(server.pid);
  const order: JobsOrder = { port: server.port, jobs };
  const figure = await runScript<JobsFigure>("node", "queue-jobs-child.ts", order, 120_000);
  await settle(server.pid);
  const seconds = figure.addSeconds + figure.workSeconds;
  return {
    added: jobs / figure.addSeconds,
    processed: jobs / figure.workSeconds,
    both: jobs / seconds,
    cpuNs: cpuBetween(before, cpuOf(server.pid)) / jobs,
    clientCpu: figure.clientMs / 1000 / seconds,
  };
}

function summarize(mine: readonly Run[], peer: readonly Run[]): JobsMeasured {
  const all = (runs: readonly Run[], field: keyof Run) => runs.map((each) => each[field]);
  return {
    addedPerSecond: median(all(mine, "added")),
    processedPerSecond: median(all(mine, "processed")),
    jobsPerSecond: median(all(mine, "both")),
    cpuNsPerJob: median(all(mine, "cpuNs")),
    throughputRatio: medianRatio(all(mine, "both"), all(peer, "both")),
    cpuRatio: medianRatio(all(mine, "cpuNs"), all(peer, "cpuNs")),
    clientCpu: median(all(mine, "clientCpu")),
  };
}

function printRow({ jobs, measured }: JobsRow): void {
  const parts = Object.entries(measured).map(
    ([id, m]) =>
      `${id} ${whole(m.jobsPerSecond)} jobs/s (${m.throughputRatio.toFixed(2)}×), ` +
      `${(m.cpuNsPerJob / 1000).toFixed(1)} µs CPU (${m.cpuRatio.toFixed(2)}×)`,
  );
  console.log(`  BullMQ, ${jobs} jobs: ${parts.join(" | ")}`);
}

// From the rows to goals and a table

export function jobsGoals(rows: readonly JobsRow[]): Goal[] {
  return ["bun", "node"].flatMap((id) => {
    const cases = rows
      .filter((row) => row.measured[id])
      .map((row) => ({ name: "BullMQ", value: row.measured[id].throughputRatio }));
    return goal(`${NAMES[id]}, BullMQ: jobs a second`, "at least", 1, cases);
  });
}

export function jobsTable(rows: readonly JobsRow[]): string {
  return table(
    [
      "BullMQ on",
      "jobs/s",
      "ratio",
      "added/s",
      "processed/s",
      "server's CPU a job",
      "ratio",
      "client busy",
    ],
    rows.flatMap((row) =>
      Object.entries(row.measured).map(([id, m]) => [
        NAMES[id],
        whole(m.jobsPerSecond),
        `**${times(m.throughputRatio)}**`,
        whole(m.addedPerSecond),
        whole(m.processedPerSecond),
        `${(m.cpuNsPerJob / 1000).toFixed(1)} µs`,
        times(m.cpuRatio),
        `${Math.round(m.clientCpu * 100)} %`,
      ]),
    ),
  );
}
