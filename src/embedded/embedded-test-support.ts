// For tests of the embedded API: what lies behind a database, and what it holds.

import type { Database as Engine } from "../database.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import { HashKind } from "../types/hashes.ts";
import { SetKind } from "../types/sets.ts";
import { StringKind } from "../types/strings.ts";
import { coreOf, type Database } from "./database.ts";

export function engineOf(db: Database): Engine {
  return coreOf(db).engine;
}

/** Everything that the databases hold, with deadlines, in an order of its own. */
export function contents(db: Database): unknown[] {
  const all: unknown[] = [];
  for (let index = 0; index < engineOf(db).keyspace.databases; index++) {
    const one = db.database(index);
    for (const key of one.keys("*").sort()) {
      const encoding = one.object("encoding", key);
      all.push([index, key, one.pexpiretime(key), encoding, valueOf(one, key)]);
    }
  }
  return all;
}

function valueOf(db: Database, key: string): unknown {
  switch (db.type(key)) {
    case "list":
      return db.lrange(key, 0, -1);
    case "hash":
      return Object.entries(db.hgetall(key)).sort();
    case "set":
      return db.smembers(key).sort();
    default:
      return db.get(key);
  }
}

/**
 * Where the bytes of the memory are: in entries, in those of them that a transaction only ever
 * copies as a whole, and how many belong to nothing.
 */
export function usedByEntries(keyspace: Keyspace): {
  total: number;
  small: number;
  unaccounted: number;
} {
  const { tables, deadlines, memory } = keyspace;
  let total = 0;
  let small = 0;
  let structures = 0;
  for (let db = 0; db < keyspace.databases; db++) {
    const table = keyspace.table(db);
    if (table !== 0) {
      structures += tables.bytesUsed(table);
      for (let bucket = 0; bucket < tables.buckets(table); bucket++) {
        const entries = tables.found.slice(0, tables.collect(table, bucket));
        for (const entry of entries) {
          const bytes = keyspace.bytesUsed(entry);
          total += bytes;
          if (copiedAsWhole.has(keyspace.records.kind(entry))) small += bytes;
        }
      }
    }
    const tree = keyspace.deadlineTree(db);
    if (tree !== 0) structures += deadlines.memoryBytes(tree);
  }
  return { total, small, unaccounted: memory.usedBytes - total - structures };
}

const copiedAsWhole: ReadonlySet<number> = new Set([
  StringKind.raw,
  StringKind.embedded,
  StringKind.integer,
  SetKind.integers,
  SetKind.packed,
  HashKind.packed,
]);
