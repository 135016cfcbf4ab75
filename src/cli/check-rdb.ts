// What `tskeydb check` says of an RDB file: whether it is whole, what is wrong where, and what it
// holds. Each value is made and freed again, so that a file without a checksum is looked into as
// well.

import { RdbError } from "../codec/rdb-error.ts";
import type { Database } from "../database.ts";
import { Configuration } from "../host/configuration.ts";
import { loadRdbFile } from "../persistence/rdb/dump-file.ts";
import type { Loaded } from "../persistence/rdb/rdb-loader.ts";
import { isRdb } from "../persistence/rdb/rdb-walk.ts";
import type { Platform } from "../platform/platform.ts";
import { amount } from "./amount.ts";
import { inMemory } from "./data.ts";
import type { Progress } from "./progress.ts";

/** What was found: whether it would be loaded, and where the file goes on as a log, or −1. */
export interface RdbVerdict {
  readonly isWhole: boolean;
  readonly logFrom: number;
}

/** Checks a file that begins as an RDB file; undefined where it does not. */
export function checkRdb(
  platform: Platform,
  path: string,
  progress: Progress,
): RdbVerdict | undefined {
  const file = platform.open(path, "read");
  const size = platform.size(file);
  const isOne = isRdb(platform, file);
  platform.close(file);
  if (!isOne) return undefined;
  const database = inMemory(platform, new Configuration());
  try {
    const loaded = loadRdbFile(platform, path, {
      keyspace: database.keyspace,
      nowMs: database.clock(),
      keepsExpired: true,
      keepsNothing: true,
      progress: (done) => progress.read(path, done),
    });
    progress.end();
    platform.print(`${path}: ok, ${contents(loaded, database)}\n`);
    return { isWhole: true, logFrom: loaded.end < size ? loaded.end : -1 };
  } catch (error) {
    progress.end();
    if (!(error instanceof RdbError)) throw error;
    const verdict = error.code === "RDB_DAMAGED" ? "damaged" : "refused";
    platform.print(`${path}: ${verdict}\n  ${error.message}\n`);
    return { isWhole: false, logFrom: -1 };
  }
}

function contents(loaded: Loaded, database: Database): string {
  const { types } = database.keyspace;
  const byType = new Map<string, number>();
  for (const [format, keys] of loaded.formats.entries()) {
    const name = types.ofFormat[format]?.name;
    if (name !== undefined && keys > 0) byType.set(name, (byType.get(name) ?? 0) + keys);
  }
  const named = [...byType].map(([name, keys]) => `${name} ${keys.toLocaleString("en")}`);
  const server = loaded.notes.get("redis-ver") ?? loaded.notes.get("valkey-ver");
  const parts = [
    amount(loaded.end, "byte", "bytes"),
    `RDB version ${loaded.version}${server === undefined ? "" : ` of ${server}`}`,
    `${amount(loaded.keys, "key", "keys")}${named.length > 0 ? ` (${named.join(", ")})` : ""}`,
  ];
  if (loaded.empty > 0)
    parts.push(`${amount(loaded.empty, "empty collection", "empty collections")}`);
  if (loaded.passedOver.functions > 0) {
    parts.push(
      amount(loaded.passedOver.functions, "library of functions", "libraries of functions"),
    );
  }
  if (loaded.passedOver.modules.size > 0) {
    parts.push(`data of modules (${[...loaded.passedOver.modules].join(", ")})`);
  }
  if (!loaded.hasSum) parts.push("no checksum");
  return parts.join(", ");
}
