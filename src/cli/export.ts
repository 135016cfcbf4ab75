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
import { namesIn } from "./data-place.ts";
import { exportLines } from "./json-lines.ts";
import { Progress } from "./progress.ts";
import { fail, operandOf, UsageError } from "./tools.ts";

const USAGE = `usage: tskeydb export <file.rdb | file.jsonl> [--dir <directory>]

Writes what a data directory holds (./data, unless said otherwise) to one file: in Redis's RDB form,
or as a line of JSON for each key. The directory stays as it is.

  --<directive> <value>   of redis.conf, as a server takes them: dir, dbfilename, appenddirname,
                          appendfilename, rdbcompression, rdbchecksum, databases

exit code: 0 it is exported, and on the disk; 1 it is not; 2 nothing was tried
`;

const BLOCK_BYTES = 1 << 18;

/** Exports to the file that `args` name; returns the exit code. */
export function exportData(platform: Platform, args: readonly string[]): number {
  const progress = new Progress(platform);
  let lock: DirectoryLock | undefined;
  try {
    const { operand: path, flags } = operandOf(args);
    if (!/\.(rdb|jsonl)$/.test(path)) {
      throw new UsageError(`${path}: its name has to end in .rdb or .jsonl`);
    }
    const configuration = configurationOf(flags, (file) => readText(platform, file));
    const directory = configuration.get("dir");
    lock = lockToRead(platform, directory);
    const database = loadData(platform, directory, namesIn(configuration), configuration, progress);
    let keys = 0;
    if (path.endsWith(".rdb")) {
      const notes = { redisVersion, nowMs: database.clock() };
      const compresses = configuration.get("rdbcompression");
      const options = { compresses, sums: configuration.get("rdbchecksum") };
      saveRdb(platform, path, database.keyspace, notes, options, progress.written);
      const { keyspace } = database;
      for (let db = 0; db < keyspace.databases; db++) keys += keyspace.size(db);
    } else {
      keys = writeLines(platform, path, progress, (line) => exportLines(database, line));
    }
    progress.end();
    platform.print(`${amount(keys, "key", "keys")} exported to ${path}\n`);
    return 0;
  } catch (error) {
    progress.end();
    return fail(platform, error, USAGE);
  } finally {
    lock?.release();
  }
}

function writeLines(
  platform: Platform,
  path: string,
  progress: Progress,
  work: (line: (text: string) => void) => number,
): number {
  const file = new NewFile(platform, path);
  try {
    let pending = "";
    const write = (): void => {
      const bytes = utf8Bytes(pending);
      file.write(bytes, 0, bytes.length);
      progress.written(path, file.bytes);
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
