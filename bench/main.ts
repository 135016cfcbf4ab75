// npm run bench: measures beside redis-server, prints ratios, and writes JSON, a Markdown page and
// charts. Each suite's JSON is replaced by its next run; the page is drawn from whichever are there.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { checkOriginal } from "./beside.ts";
import { benchmarkData } from "./data.ts";
import { benchmarkDurability, DURABILITY_ROWS } from "./durability.ts";
import { benchmarkEmbedded } from "./embedded.ts";
import { benchmarkMemory } from "./memory.ts";
import { contenders, machine, root, versions } from "./process.ts";
import { benchmarkJobs } from "./queue-jobs.ts";
import { charts, goals, page, type Results } from "./report.ts";
import { benchmarkScale } from "./scale.ts";
import { benchmarkScripts } from "./scripts.ts";
import { benchmarkSeed } from "./seed.ts";
import { benchmarkServer, type ServerOptions } from "./server.ts";
import { benchmarkStartup } from "./startup.ts";
import { median } from "./statistics.ts";
import { goalTable } from "./tables.ts";
import { benchmarkThreads } from "./threads.ts";

const HELP = `npm run bench [-- suite … --flags]

Measures beside redis-server, prints ratios, and writes JSON, a Markdown page and charts.

  suites            server data scripts jobs memory startup scale embedded seed threads durability
                    (all without a name)
  --quick           small and short; its results go to bench/results/quick
  --rounds N        interleaved rounds of every figure               (3)
  --seconds S       length of one run of redis-benchmark             (1.5)
  --tests a,b       only these tests of the server, the data or the scripts suite; "slow" are those
                    of data that take milliseconds, "computing" and "first" are parts of scripts
  --lines a,b       only these lines of them: log/clients/pipeline   (off/50/16)
  --rows a,b        only these rows of the durability suite: start save snapshot rewrite
                    overwrite payloads
  --keys N          keys, or elements, of the durability suite       (10000000)
  --pin             server on core 0, client on core 1 (otherwise the kernel chooses)
  --module PATH     the embedded database to measure                 (src/index.ts)
  --out DIRECTORY   where results go                                 (bench/results)
  --draw            measures nothing: draws page and charts again from the JSON
  --self            redis-server beside itself, and embedded without ours: every ratio should be
                    about 1, which shows the noise of harness and machine
  --before DIR      the server suite with another version, checked out and installed in DIR, in
                    redis-server's place: tells what a change costs; writes nothing
  --runtime NAME    bun or node, for --before                        (bun)
  --beside DIR      the seed suite in turn with PyKeyDB's own benchmark (python3), checked out in DIR;
                    ten minutes for that alone
  --help            this text
`;

const SUITES = [
  "server",
  "data",
  "scripts",
  "memory",
  "startup",
  "scale",
  "embedded",
  "seed",
  "threads",
  "durability",
  "jobs",
] as const;
type Suite = (typeof SUITES)[number];
/** A row is no slower than before if its speed is at least so much of what it was. */
const SLOWER = 0.98;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string" },
    tests: { type: "string", default: "" },
    rows: { type: "string", default: "" },
    keys: { type: "string", default: "" },
    pin: { type: "boolean", default: false },
    module: { type: "string", default: "" },
    out: { type: "string" },
    draw: { type: "boolean", default: false },
    self: { type: "boolean", default: false },
    lines: { type: "string", default: "" },
    before: { type: "string", default: "" },
    beside: { type: "string", default: "" },
    runtime: { type: "string", default: "bun" },
    help: { type: "boolean", default: false },
  },
});

if (flags.help) {
  console.log(HELP);
  process.exit(0);
}
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
  const { module, self } = flags;
  switch (suite) {
    case "server":
      return benchmarkServer({ contenders: all, ...serverOptions() });
    case "data":
      return benchmarkData({ contenders: all, ...serverOptions() });
    case "scripts":
      return benchmarkScripts({ contenders: all, ...serverOptions() });
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
      return benchmarkSeed({ rounds, quick, module, beside: flags.beside });
    case "durability":
      return benchmarkDurability({ contenders: all, rounds, quick, ...durabilityOptions() });
    case "jobs":
      return benchmarkJobs(all, rounds, quick);
    case "threads":
      return benchmarkThreads(rounds, quick, module);
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

function serverOptions(): Omit<ServerOptions, "contenders"> {
  const tests = flags.tests.split(",").filter(Boolean);
  const lines = flags.lines.split(",").filter(Boolean);
  return { rounds, seconds, quick, pin: flags.pin, tests, lines };
}

function durabilityOptions() {
  const rows = flags.rows.split(",").filter(Boolean);
  const unknown = rows.find((row) => !DURABILITY_ROWS.some((name) => name === row));
  if (unknown !== undefined) {
    console.error(`there is no row ${unknown}; there are ${DURABILITY_ROWS.join(", ")}`);
    process.exit(1);
  }
  return { rows, keys: flags.keys === "" ? 0 : positive("--keys", flags.keys) };
}

/** This version's server beside another's: every row, and those that have become slower. */
async function compareVersions(): Promise<void> {
  const { runtime } = flags;
  if (runtime !== "bun" && runtime !== "node") {
    console.error(`--runtime is bun or node, not ${runtime}`);
    process.exit(1);
  }
  const both = versions(resolve(flags.before), runtime);
  const all = await benchmarkServer({ contenders: both, ...serverOptions() });
  // Some rows are measured on one runtime alone.
  const rows = all.filter((row) => row.measured[runtime] !== undefined);
  const ratios = rows.map((row) => row.measured[runtime].cpuRatio);
  const slower = rows.filter((row) => row.measured[runtime].cpuRatio > 1 / SLOWER);
  console.log(
    `\n${rows.length} rows on ${runtime}: CPU per request, median ${median(ratios).toFixed(3)} × ` +
      `the other version's; ${slower.length} rows above 1/${SLOWER}`,
  );
  for (const row of slower) {
    const { cpuRatio, userRatio, spread } = row.measured[runtime];
    console.log(
      `  log ${row.log}, ${row.clients} clients, pipeline ${row.pipeline}, ${row.test}: ` +
        `${cpuRatio.toFixed(3)} × (user ${userRatio.toFixed(3)} ×, spread ${spread.toFixed(2)})`,
    );
  }
}

async function main(): Promise<void> {
  if (flags.before !== "") return compareVersions();
  if (flags.beside !== "") checkOriginal(flags.beside);
  mkdirSync(out, { recursive: true });
  if (!flags.draw) {
    const about = machine();
    console.log(
      `${about.cpu}, ${about.cores} cores, ${about.kernel}; redis-server ${about.redis}, ` +
        `Node ${about.node}, Bun ${about.bun}`,
    );
    const measured: Record<string, unknown> = {};
    for (const suite of chosenSuites()) {
      if ((suite === "seed" || suite === "threads") && flags.self && !flags.module) continue;
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
