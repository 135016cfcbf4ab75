// PyKeyDB's own benchmark, run as it is: `python3` in a checkout of it that lies outside of this
// repository (it has no licence, so nothing of it may be here). What it prints is read.
//
// Its benchmark always leaves syncing off. The figures with fsync come from the same benchmark with
// the function that opens its log asked to sync, as a program that uses it would ask.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { removeDirectory, run, temporaryDirectory } from "./process.ts";
import type { SeedFigure } from "./seed-child.ts";

const BENCHMARK = join("pykeydb", "benchmark", "benchmark.py");
/** Its log grows by the whole collection with each write: gigabytes, and minutes. */
const DEADLINE_MS = 3_600_000;

/** Arguments: path of the benchmark, 1 for fsync, operations of each thread. */
const DRIVER = `
import re, sys
import pykeydb.db.writeAheadLog as log
path, fsync, operations = sys.argv[1:4]
if fsync == "1":
    opened = log.get_write_ahead_log
    log.get_write_ahead_log = lambda path="wal.log", use_fsync=False: opened(path, use_fsync=True)
with open(path) as file:
    source = re.sub(r"(?m)^(OPS_PER_THREAD = ).*$", r"\\g<1>" + operations, file.read())
exec(compile(source, path, "exec"), {"__name__": "__main__"})
`;

/** Fails where there is no benchmark of PyKeyDB in a directory. */
export function checkOriginal(directory: string): void {
  if (existsSync(join(directory, BENCHMARK))) return;
  throw new Error(
    `${directory} holds no ${BENCHMARK}: check out github.com/ankitjosh78/PyKeyDB there`,
  );
}

/** One run of PyKeyDB's benchmark: what it says of each of its operations. */
export async function runOriginal(
  directory: string,
  fsync: boolean,
  operationsPerThread: number,
): Promise<SeedFigure[]> {
  const working = temporaryDirectory();
  try {
    const path = join(directory, BENCHMARK);
    const args = ["-u", "-c", DRIVER, path, fsync ? "1" : "0", String(operationsPerThread)];
    const env = { ...process.env, PYTHONPATH: directory, PYTHONDONTWRITEBYTECODE: "1" };
    const { stdout } = await run("python3", args, DEADLINE_MS, { env, cwd: working });
    return readOriginal(stdout);
  } finally {
    removeDirectory(working);
  }
}

/** Figures from what PyKeyDB's benchmark prints. */
export function readOriginal(text: string): SeedFigure[] {
  return text
    .split(/^=== /m)
    .slice(1)
    .flatMap((part) => {
      const operation = /^(\w+) benchmark ===/.exec(part)?.[1];
      const number = (label: string) => {
        const found = new RegExp(`^${label}: ([\\d.,]+)`, "m").exec(part)?.[1];
        return Number(found?.replaceAll(",", ""));
      };
      const perSecond = number("Throughput");
      const averageUs = number("Avg latency");
      const p95Us = number("P95 latency");
      return operation === undefined ? [] : [{ operation, perSecond, averageUs, p95Us }];
    });
}
