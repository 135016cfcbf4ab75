// npm run bench [-- suite … --flags]: measures beside redis-server, prints ratios, and writes JSON, a
// Markdown page and charts.
//
//   suites            server memory startup scale embedded seed        (all of them without a name)
//   --quick           small and short; its results go to bench/results/quick
//   --rounds N        interleaved rounds of every figure               (3)
//   --seconds S       length of one run of redis-benchmark             (1.5)
//   --tests a,b       only these tests of the server suite
//   --pin             server on core 0, client on core 1 (otherwise the kernel chooses)
//   --module PATH     the embedded database to measure                 (src/index.ts)
//   --out DIRECTORY   where results go                                 (bench/results)
//   --draw            measures nothing: draws page and charts again from the JSON
//   --self            redis-server beside itself, and embedded without ours: every ratio should be
//                     about 1, which shows the noise of harness and machine
//
// Each suite's JSON is replaced by its next run; the page is drawn from whichever are there.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { benchmarkEmbedded } from "./embedded.ts";
import { benchmarkMemory } from "./memory.ts";
import { contenders, machine, root } from "./process.ts";
import { charts, goals, goalTable, page, type Results } from "./report.ts";
import { benchmarkScale } from "./scale.ts";
import { benchmarkSeed } from "./seed.ts";
import { benchmarkServer } from "./server.ts";
import { benchmarkStartup } from "./startup.ts";

const SUITES = ["server", "memory", "startup", "scale", "embedded", "seed"] as const;
type Suite = (typeof SUITES)[number];

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string" },
    tests: { type: "string", default: "" },
    pin: { type: "boolean", default: false },
    module: { type: "string", default: "" },
    out: { type: "string" },
    draw: { type: "boolean", default: false },
    self: { type: "boolean", default: false },
  },
});

const rounds = positive("--rounds", flags.rounds);
const seconds = positive("--seconds", flags.seconds ?? (flags.quick ? "0.4" : "1.5"));
const quick = flags.quick;
const out = flags.out ?? join(root, "bench", "results", quick || flags.self ? "quick" : "");

function positive(name: string, text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  console.error(`${name} wants a number above 0, not ${text}`);
  process.exit(1);
}

function chosenSuites(): Suite[] {
  for (const name of positionals) {
    if (SUITES.some((suite) => suite === name)) continue;
    console.error(`there is no suite ${name}; there are ${SUITES.join(", ")}`);
    process.exit(1);
  }
  return SUITES.filter((suite) => positionals.length === 0 || positionals.includes(suite));
}

async function measure(suite: Suite): Promise<unknown> {
  const all = contenders(flags.self);
  const { module, self, pin } = flags;
  switch (suite) {
    case "server": {
      const tests = flags.tests.split(",").filter(Boolean);
      return benchmarkServer({ contenders: all, rounds, seconds, quick, pin, tests });
    }
    case "memory":
      // Ours lays out the same bytes on every runtime: one of them is enough.
      return benchmarkMemory(all.slice(0, 2), quick);
    case "startup":
      return benchmarkStartup(all, rounds, quick);
    case "scale":
      return benchmarkScale({ contenders: all, rounds, seconds, quick });
    case "embedded":
      return benchmarkEmbedded({ rounds, quick, peersOnly: self && module === "", module });
    case "seed":
      return benchmarkSeed(rounds, quick, module);
  }
}

/** Five digits are more than any measurement here deserves, and keep the files short. */
function rounded(_name: string, value: unknown): unknown {
  if (typeof value !== "number" || Number.isInteger(value)) return value;
  return Number(value.toPrecision(5));
}

function readResults(): Results {
  const results: Record<string, unknown> = {};
  for (const suite of SUITES) {
    const path = join(out, `${suite}.json`);
    if (existsSync(path)) results[suite] = JSON.parse(readFileSync(path, "utf8"));
  }
  return results as Results;
}

function draw(): void {
  const results = readResults();
  writeFileSync(join(out, "README.md"), page(results));
  for (const [name, svg] of Object.entries(charts(results))) writeFileSync(join(out, name), svg);
}

async function main(): Promise<void> {
  mkdirSync(out, { recursive: true });
  if (!flags.draw) {
    const about = machine();
    console.log(
      `${about.cpu}, ${about.cores} cores, ${about.kernel}; redis-server ${about.redis}, ` +
        `Node ${about.node}, Bun ${about.bun}`,
    );
    const measured: Record<string, unknown> = {};
    for (const suite of chosenSuites()) {
      if (suite === "seed" && flags.self && !flags.module) continue;
      console.log(`\n${suite}`);
      const options = { rounds, seconds, quick, pinned: flags.pin };
      const measuredAt = new Date().toISOString();
      const data = await measure(suite);
      const result = { suite, measuredAt, machine: about, options, data };
      measured[suite] = result;
      writeFileSync(join(out, `${suite}.json`), `${JSON.stringify(result, rounded, 1)}\n`);
    }
    console.log(`\n${goalTable(goals(measured as Results))}`);
  }
  draw();
  console.log(`\nResults: ${out}`);
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
