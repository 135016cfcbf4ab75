// From the server suite's rows to goals, tables and charts.

import type { BarChart } from "./chart.ts";
import type { Measured, ServerRow } from "./server.ts";
import { type Case, type Goal, goal, NAMES, table, times } from "./tables.ts";

type ServerFigure = "cpuRatio" | "userRatio" | "systemRatio" | "throughputRatio";

/** Goals for the CPU time of the server's own, by pipeline; the kernel's is a goal by itself. */
export function serverGoals(rows: readonly ServerRow[]): Goal[] {
  const goals: Goal[] = [];
  const cases = (id: string, figure: ServerFigure, wanted: (row: ServerRow) => boolean): Case[] =>
    rows
      .filter((row) => wanted(row) && row.measured[id])
      .map((row) => {
        const clients = row.clients === 50 ? "" : ` with ${row.clients} clients`;
        return { name: row.test + clients, value: row.measured[id][figure] };
      });
  const isFast = (row: ServerRow) => row.test === "get" || row.test === "set";
  for (const log of ["off", "everysec"] as const) {
    const suffix = log === "off" ? "" : ", log on (everysec)";
    const at = (pipeline: number) => (row: ServerRow) =>
      row.log === log && row.pipeline === pipeline;
    const groups: [string, number, (row: ServerRow) => boolean][] = [
      ["no pipelining", 1.1, at(1)],
      ["GET and SET, pipeline 16", 0.65, (row) => at(16)(row) && isFast(row)],
      ["GET and SET, pipeline 64", 0.6, (row) => at(64)(row) && isFast(row)],
      ["every other command, pipeline 16", 0.75, (row) => at(16)(row) && !isFast(row)],
    ];
    for (const id of ["bun", "node"]) {
      for (const [name, limit, wanted] of groups) {
        const what = `${NAMES[id]}, ${name}: user time${suffix}`;
        goals.push(...goal(what, "at most", limit, cases(id, "userRatio", wanted)));
      }
      const what = `${NAMES[id]}: system time${suffix}`;
      goals.push(
        ...goal(
          what,
          "at most",
          1,
          cases(id, "systemRatio", (row) => row.log === log),
        ),
      );
    }
    goals.push(
      ...goal(
        `Bun, no pipelining: throughput${suffix}`,
        "at least",
        1,
        cases("bun", "throughputRatio", at(1)),
      ),
    );
    for (const [pipeline, rate] of [
      [16, 1.2],
      [64, 1.4],
    ]) {
      const free = (row: ServerRow) =>
        at(pipeline)(row) && isFast(row) && row.measured.bun?.clientCpu < 0.95;
      const what = `Bun, GET and SET, pipeline ${pipeline}: throughput where the client is not the bottleneck${suffix}`;
      goals.push(...goal(what, "at least", rate, cases("bun", "throughputRatio", free)));
    }
  }
  const always = cases("bun", "throughputRatio", (row) => row.log === "always");
  goals.push(
    ...goal("Bun, SET with appendfsync always, 50 clients: throughput", "at least", 1.3, always),
  );
  return goals;
}

function lineName(row: ServerRow): string {
  const pipeline = row.pipeline === 1 ? "no pipelining" : `pipeline ${row.pipeline}`;
  const log = row.log === "off" ? "log off" : `log on (appendfsync ${row.log})`;
  return `${log}, ${row.clients} clients, ${pipeline}`;
}

export function serverTables(rows: readonly ServerRow[]): string {
  const parts: string[] = [];
  for (const line of new Set(rows.map(lineName))) {
    const here = rows.filter((row) => lineName(row) === line);
    const ours = ["bun", "node"].filter((id) => here.some((row) => row.measured[id]));
    const head = ["test", "redis-server µs", "k/s"];
    for (const id of ours) head.push(`${NAMES[id]} µs`, "user", "system", "CPU", "k/s", "rate");
    head.push("client CPU");
    const cells = here.map((row) => {
      const peer = row.measured.redis;
      const line = [row.test, micro(peer), kilo(peer)];
      for (const id of ours) {
        const m = row.measured[id];
        if (m === undefined) line.push("", "", "", "", "", "");
        else {
          line.push(micro(m), `**${times(m.userRatio)}**`, times(m.systemRatio));
          line.push(times(m.cpuRatio), kilo(m), times(m.throughputRatio));
        }
      }
      const client = Math.max(...Object.values(row.measured).map((m) => m.clientCpu));
      line.push(`${Math.round(client * 100)} %${client >= 0.95 ? " (bottleneck)" : ""}`);
      return line;
    });
    parts.push(`### ${line}`, table(head, cells));
  }
  return parts.join("\n\n");
}

const micro = (m: Measured) =>
  `${(m.userNsPerRequest / 1000).toFixed(2)} + ${(m.systemNsPerRequest / 1000).toFixed(2)}`;
const kilo = (m: Measured) => (m.requestsPerSecond / 1000).toFixed(0);

export function serverChart(
  rows: readonly ServerRow[],
  log: ServerRow["log"],
  id: string,
): BarChart | undefined {
  const here = rows.filter((row) => row.log === log && row.clients === 50 && row.measured[id]);
  if (here.length === 0) return undefined;
  const pipelines = [1, 16, 64];
  return {
    title: "Server CPU time per request, redis-server = 1",
    subtitle: `TSKeyDB on ${NAMES[id]}, ${log === "off" ? "log off" : `log on (${log}) on both`}, 50 clients; shorter is better`,
    series: pipelines.map((p) => (p === 1 ? "no pipelining" : `pipeline ${p}`)),
    groups: [...new Set(here.map((row) => row.test))].map((test) => ({
      name: test,
      values: pipelines.map((pipeline) => {
        return here.find((row) => row.test === test && row.pipeline === pipeline)?.measured[id]
          .cpuRatio;
      }),
    })),
    reference: "redis-server",
  };
}
