// Runs simulations by hand, as many as one likes:
//
//   node scripts/run.js node test/simulation/main.ts --seeds 1000 [--from 1] [--minutes 5]
//   node scripts/run.js node test/simulation/main.ts --seed 42 [--strict 1]
//
// `--seed` runs one and prints all that happened; with `--strict 1` it compares the database and
// the reference after each request. The first seed that finds something is printed with what led
// to it, and ends the run.

import { describeFailure, simulate } from "./simulation.ts";

const options = new Map<string, number>();
for (let i = 2; i + 1 < process.argv.length; i += 2) {
  options.set(process.argv[i] as string, Number(process.argv[i + 1]));
}
const one = options.get("--seed");
const from = one ?? options.get("--from") ?? 1;
const seeds = one === undefined ? (options.get("--seeds") ?? 100) : 1;

const startMs = Date.now();
let commands = 0;
let recoveries = 0;
const endMs = startMs + (options.get("--minutes") ?? Number.POSITIVE_INFINITY) * 60_000;
let seed = from;
for (; seed < from + seeds && Date.now() < endMs; seed++) {
  const outcome = await simulate(seed, undefined, options.get("--strict") === 1);
  commands += outcome.commands;
  recoveries += outcome.recoveries;
  if (one !== undefined) console.log(outcome.trace.join("\n"));
  if (outcome.failure !== undefined) {
    console.log(describeFailure(outcome));
    process.exitCode = 1;
    seed++;
    break;
  }
}
const seconds = ((Date.now() - startMs) / 1000).toFixed(1);
console.log(
  `seeds ${from} to ${seed - 1}: ${commands} commands, ${recoveries} recoveries, ${seconds} s`,
);
