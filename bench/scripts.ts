// Scripts beside redis-server: such as libraries send, as redis-benchmark drives them, such as
// compute, one by one, and the first EVAL of a long one.

import { type CallRow, measureCalls } from "./calls.ts";
import { type FirstScriptRow, measureFirstScript } from "./first-script.ts";
import { COMPUTING, loadComputing, SCRIPT_TESTS } from "./script-tests.ts";
import { benchmarkServer, type Plan, type ServerOptions, type ServerRow } from "./server.ts";

export interface ScriptsRun {
  readonly sent: readonly ServerRow[];
  readonly computing: readonly CallRow[];
  readonly first: readonly FirstScriptRow[];
}

const PLAN: Plan = {
  lines: [
    { log: "off", clients: 50, pipeline: 16 },
    { log: "off", clients: 50, pipeline: 1 },
  ],
  tests: SCRIPT_TESTS,
  belongs: () => true,
};

/** The parts that are no tests of redis-benchmark, by the names that choose them. */
const PARTS = ["computing", "first"];

export async function benchmarkScripts(options: ServerOptions): Promise<ScriptsRun> {
  const { contenders, rounds, quick, tests } = options;
  const isChosen = (part: string) => tests.length === 0 || tests.includes(part);
  const isSent = tests.length === 0 || tests.some((name) => !PARTS.includes(name));
  const calls = { contenders, rounds, quick, turnMs: 200 };
  return {
    sent: isSent ? await benchmarkServer(options, PLAN) : [],
    computing: isChosen("computing") ? await measureCalls(COMPUTING, calls, loadComputing) : [],
    first: isChosen("first") ? await measureFirstScript(contenders, rounds) : [],
  };
}
