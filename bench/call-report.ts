// From rows of single calls to tables.

import type { CallRow } from "./calls.ts";
import { NAMES, table, times } from "./tables.ts";

/** What one call of each takes. `first` is the heading of their names. */
export function callTable(first: string, rows: readonly CallRow[]): string {
  const ours = ["bun", "node"].filter((id) => rows.some((row) => row.measured[id]));
  return table(
    [first, "redis-server", ...ours.flatMap((id) => [NAMES[id], ""])],
    rows.map(({ test, measured }) => [
      test,
      milli(measured.redis.cpuMs),
      ...ours.flatMap((id) => {
        const m = measured[id];
        return m === undefined ? ["", ""] : [milli(m.cpuMs), `**${times(m.cpuRatio)}**`];
      }),
    ]),
  );
}

const milli = (ms: number) => `${ms.toFixed(3)} ms`;
