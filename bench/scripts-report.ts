// From the scripts suite's rows to goals and tables.

import { callTable } from "./call-report.ts";
import type { ScriptsRun } from "./scripts.ts";
import { serverTables } from "./server-report.ts";
import { type Goal, goal, NAMES, table } from "./tables.ts";

const OURS = ["bun", "node"] as const;
const milli = (ms: number) => `${ms.toFixed(2)} ms`;

export function scriptsGoals({ sent, computing, first }: ScriptsRun): Goal[] {
  return OURS.flatMap((id) => {
    const at = (pipeline: number) =>
      sent
        .filter((row) => row.pipeline === pipeline && row.measured[id])
        .map((row) => ({ name: row.test, value: row.measured[id].cpuRatio }));
    const each = computing
      .filter((row) => row.measured[id])
      .map((row) => ({ name: row.test, value: row.measured[id].cpuRatio }));
    const compiled = first.filter((row) => row.id === id);
    const cold = compiled.map((row) => ({ name: "cold", value: row.coldMs }));
    const warm = compiled.map((row) => ({ name: "warm", value: row.warmCpuMs }));
    const name = NAMES[id];
    return [
      ...goal(`${name}, scripts, pipeline 16: CPU`, "at most", 1, at(16)),
      ...goal(`${name}, scripts, no pipelining: CPU`, "at most", 1, at(1)),
      ...goal(`${name}, scripts that compute: CPU`, "at most", 1, each),
      ...goal(`${name}, first EVAL of 10 KB`, "at most", 2, [...cold, ...warm], milli),
    ];
  });
}

export function scriptsTables({ sent, computing, first }: ScriptsRun): string {
  const parts = sent.length > 0 ? [serverTables(sent)] : [];
  if (computing.length > 0) parts.push(callTable("script", computing));
  if (first.length > 0) {
    parts.push(
      table(
        ["first EVAL of 10 KB", "cold", "warm"],
        first.map(({ id, coldMs, warmCpuMs }) => [NAMES[id], milli(coldMs), milli(warmCpuMs)]),
      ),
    );
  }
  return parts.join("\n\n");
}
