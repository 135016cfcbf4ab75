// Runs the tests of threads by hand, or for threads.test.ts, in the runtime that runs this file:
//
//   node scripts/run.js bun test/threads/main.ts --seeds 5000 [--from 1]      histories
//   node scripts/run.js node test/threads/main.ts --work bank,values --minutes 5
//
// `--work` chooses among those below; each takes `--seconds` or `--minutes`, or does so many
// `--seeds`. With `--log no`, `everysec` or `always` the databases have a log, which is replayed at
// the end and compared. What it begins is printed first, so that one that hangs says where.

import { parseArgs } from "node:util";
import { keepLog } from "./crew.ts";
import { dieTogether } from "./deaths.ts";
import { playHistories } from "./histories.ts";
import { bank, countTogether, passElements, values } from "./invariants.ts";
import { soakTogether } from "./soak.ts";

const { values: flags } = parseArgs({
  options: {
    work: { type: "string", default: "histories" },
    seeds: { type: "string" },
    from: { type: "string" },
    seconds: { type: "string", default: "5" },
    minutes: { type: "string" },
    log: { type: "string" },
  },
});

if (flags.log === "no" || flags.log === "everysec" || flags.log === "always") keepLog(flags.log);
const from = Number(flags.from ?? Date.now() % 2 ** 30);
const seeds = Number(flags.seeds ?? Number.POSITIVE_INFINITY);
const ms = flags.minutes ? Number(flags.minutes) * 60_000 : Number(flags.seconds) * 1000;

/** Each returns what is to be said of it, and throws where something is wrong. */
const WORKS: Readonly<Record<string, () => Promise<string>>> = {
  async histories() {
    let endMs = Number.POSITIVE_INFINITY;
    const { played, operations } = await playHistories(from, (done) => {
      // The workers' start does not count.
      if (done === 0 && flags.seeds === undefined) endMs = Date.now() + ms;
      return done < seeds && Date.now() < endMs;
    });
    return `${played} histories of ${Math.round(operations / played)} operations`;
  },

  async counters() {
    return repeated(async () => countTogether(1000));
  },

  async queues() {
    return repeated(async () => passElements(3000));
  },

  async bank() {
    return bank(from, ms);
  },

  /** Values of up to a hundred kilobytes, many of them, and then of up to ten megabytes. */
  async values() {
    const short = await values(from, ms / 2, 100_000);
    return `${short}; of long ones ${await values(from + 1, ms / 2, 10_000_000)}`;
  },

  async deaths() {
    return dieTogether(from, ms);
  },

  async soak() {
    return soakTogether(from, ms);
  },
};

async function repeated(work: () => Promise<void>): Promise<string> {
  const endMs = Date.now() + ms;
  let times = 0;
  do {
    await work();
    times++;
  } while (Date.now() < endMs);
  return `${times} times`;
}

for (const name of flags.work.split(",")) {
  const work = WORKS[name];
  if (work === undefined) throw new Error(`there is no ${name}; ${Object.keys(WORKS).join(", ")}`);
  console.log(`${name}, from seed ${from}`);
  const startMs = Date.now();
  try {
    const outcome = await work();
    console.log(`${name}: ${outcome}, ${((Date.now() - startMs) / 1000).toFixed(1)} s`);
  } catch (error) {
    console.log(`${name} failed: ${error instanceof Error ? error.stack : error}`);
    process.exit(1);
  }
}
process.exit(0);
