// From the data suite's rows to goals and tables.

import { callTable } from "./call-report.ts";
import type { DataRun } from "./data.ts";
import { serverTables } from "./server-report.ts";
import { type Goal, goal, NAMES } from "./tables.ts";

const OURS = ["bun", "node"] as const;

export function dataGoals({ quick, slow }: DataRun): Goal[] {
  return OURS.flatMap((id) => {
    const at = (pipeline: number) =>
      quick
        .filter((row) => row.pipeline === pipeline && row.measured[id])
        .map((row) => ({ name: row.test, value: row.measured[id].cpuRatio }));
    const each = slow
      .filter((row) => row.measured[id])
      .map((row) => ({ name: row.test, value: row.measured[id].cpuRatio }));
    const name = NAMES[id];
    return [
      ...goal(`${name}, data commands, pipeline 16: CPU`, "at most", 0.85, at(16)),
      ...goal(`${name}, data commands, no pipelining: CPU`, "at most", 1.05, at(1)),
      ...goal(`${name}, data commands that take milliseconds: CPU`, "at most", 1, each),
    ];
  });
}

export function dataTables({ quick, slow }: DataRun): string {
  const parts = quick.length > 0 ? [serverTables(quick)] : [];
  if (slow.length > 0) parts.push(callTable("command", slow));
  return parts.join("\n\n");
}
