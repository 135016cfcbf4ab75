// Data commands beside redis-server: quick ones as redis-benchmark drives them, with and without
// pipelining, and slow ones one by one.

import type { CallRow } from "./calls.ts";
import { DATA_TESTS } from "./data-tests.ts";
import { benchmarkServer, type Plan, type ServerOptions, type ServerRow } from "./server.ts";
import { measureSlowCommands } from "./slow-commands.ts";

export interface DataRun {
  readonly quick: readonly ServerRow[];
  readonly slow: readonly CallRow[];
}

const PLAN: Plan = {
  lines: [
    { log: "off", clients: 50, pipeline: 16 },
    { log: "off", clients: 50, pipeline: 1 },
  ],
  tests: DATA_TESTS,
  belongs: () => true,
};

/** The slow commands are measured where no test has been named, or "slow". */
export async function benchmarkData(options: ServerOptions): Promise<DataRun> {
  const { contenders, rounds, quick, tests } = options;
  const isSlow = tests.length === 0 || tests.includes("slow");
  const isQuick = tests.length === 0 || tests.some((name) => name !== "slow");
  return {
    quick: isQuick ? await benchmarkServer(options, PLAN) : [],
    slow: isSlow ? await measureSlowCommands({ contenders, rounds, quick }) : [],
  };
}
