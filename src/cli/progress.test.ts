// On a terminal each tool, and a server that starts, say how far they are; elsewhere they do not.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/servers.ts";
import { open } from "../embedded/open.ts";
import { configurationOf } from "../host/configuration.ts";
import type { Platform } from "../platform/platform.ts";
import { changeablePlatform } from "../platform/platform-test-support.ts";
import { backup } from "./backup.ts";
import { check } from "./check.ts";
import { exportData } from "./export.ts";
import { importData } from "./import.ts";
import { repair } from "./repair.ts";
import { restore } from "./restore.ts";
import { openDatabase } from "./serve.ts";

/** What `work` says on standard error, where that is a terminal or not. */
async function errorOf(
  hasTerminal: boolean,
  work: (platform: Platform) => unknown,
): Promise<string> {
  const platform = changeablePlatform();
  let said = "";
  platform.print = () => {};
  platform.printError = (text) => {
    said += text;
  };
  Object.defineProperty(platform, "hasTerminal", { value: hasTerminal });
  const code = await work(platform);
  assert.ok(code === 0 || code === undefined, said);
  return said;
}

/** A directory with a log, that has a base if `isRewritten`. */
async function directoryWithLog(isRewritten: boolean): Promise<string> {
  const directory = temporaryFolder();
  const db = open(directory);
  db.set("k", "v");
  if (isRewritten) await db.compact();
  db.set("l", "v");
  db.close();
  return directory;
}

for (const isRewritten of [false, true]) {
  const what = isRewritten ? "a log with a base" : "a log";
  test(`of ${what} each tool, and a start, say how far they are, on a terminal`, async () => {
    const directory = await directoryWithLog(isRewritten);
    const base = temporaryFolder();
    let n = 0;
    const fresh = (end: string): string => join(base, `${n++}${end}`);
    const lines = fresh(".jsonl");
    const rdb = fresh(".rdb");
    const works: Readonly<Record<string, [(platform: Platform) => unknown, RegExp]>> = {
      check: [(p) => check(p, [directory]), /MiB read/],
      repair: [(p) => repair(p, [directory]), /MiB read/],
      backup: [(p) => backup(p, [directory, "--to", fresh("")]), /MiB read/],
      restore: [(p) => restore(p, [directory, "--until", "2100-01-01", "--to", fresh("")]), /read/],
      "export lines": [(p) => exportData(p, [lines, "--dir", directory]), /MiB read/],
      "export RDB": [(p) => exportData(p, [rdb, "--dir", directory]), /MiB read/],
      "import directory": [(p) => importData(p, [directory, "--dir", fresh("")]), /MiB read/],
      "import lines": [(p) => importData(p, [lines, "--dir", fresh("")]), /\.jsonl: 0 MiB read/],
      "import RDB": [(p) => importData(p, [rdb, "--dir", fresh("")]), /\.rdb: 0 MiB read/],
      start: [
        (p) =>
          openDatabase(
            p,
            configurationOf(["--dir", directory], () => ""),
          ).close(),
        /appendonly\.aof\.\d\.(base\.rdb|incr\.aof): 0 MiB read/,
      ],
    };
    for (const [name, [work, expected]] of Object.entries(works)) {
      assert.equal(await errorOf(false, work), "", name);
      const said = await errorOf(true, work);
      assert.match(said, expected, name);
      assert.match(said, /\r +\r$/, `${name}: the line is gone in the end`);
    }
  });
}
