// `tskeydb export FILE.rdb|FILE.jsonl`: writes what a data directory holds to one file, for another
// server or another program. The directory stays as it is.

import { utf8Bytes } from "../base/bytes.ts";
import { redisVersion } from "../engine/version.ts";
import { configurationOf } from "../host/configuration.ts";
import { saveRdb } from "../persistence/rdb/dump-file.ts";
import { NewFile } from "../platform/new-file.ts";
import type { DirectoryLock, Platform } from "../platform/platform.ts";
import { readText } from "../platform/text-files.ts";
import { amount } from "./amount.ts";
import { loadData, lockToRead } from "./data.ts";
import { exportLines } from "./json-lines.ts";
import { Progress } from "./progress.ts";
import { explainTool } from "./tools.ts";

const BLOCK_BYTES = 1 << 18;

/** Exports to the file that `args` name; returns the exit code. */
export function exportData(platform: Platform, args: readonly string[]): number {
  const [path, ...flags] = args;
  if (path === undefined || !/\.(rdb|jsonl)$/.test(path)) {
    platform.printError("usage: tskeydb export <file.rdb | file.jsonl> [--dir directory]\n");
    return 1;
  }
  const progress = new Progress(platform);
  let lock: DirectoryLock | undefined;
  try {
    const configuration = configurationOf(flags, (file) => readText(platform, file));
    const directory = configuration.get("dir");
    lock = lockToRead(platform, directory);
    const database = loadData(platform, directory, configuration, progress);
    let keys = 0;
    if (path.endsWith(".rdb")) {
      const notes = { redisVersion, nowMs: database.clock() };
      const compresses = configuration.get("rdbcompression");
      const options = { compresses, sums: configuration.get("rdbchecksum") };
      saveRdb(platform, path, database.keyspace, notes, options);
      const { keyspace } = database;
      for (let db = 0; db < keyspace.databases; db++) keys += keyspace.size(db);
    } else {
      keys = writeLines(platform, path, (line) => exportLines(database, line));
    }
    progress.end();
    platform.print(`${amount(keys, "key", "keys")} exported to ${path}\n`);
    return 0;
  } catch (error) {
    progress.end();
    platform.printError(`tskeydb: ${explainTool(error)}\n`);
    return 1;
  } finally {
    lock?.release();
  }
}

function writeLines(
  platform: Platform,
  path: string,
  work: (line: (text: string) => void) => number,
): number {
  const file = new NewFile(platform, path);
  try {
    let pending = "";
    const write = (): void => {
      const bytes = utf8Bytes(pending);
      file.write(bytes, 0, bytes.length);
      pending = "";
    };
    const count = work((text) => {
      pending += text;
      if (pending.length >= BLOCK_BYTES) write();
    });
    write();
    file.finish();
    return count;
  } finally {
    file.abandon();
  }
}
