// For tests of the embedded API: what lies behind a database, and what it holds.

import type { Database as Engine } from "../database.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import { LIST } from "../types/lists.ts";
import { STREAM } from "../types/streams.ts";
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
 * Where the bytes of the memory are: how many belong to nothing, and how many are neither in lists,
 * streams nor trees of deadlines, which may be divided into nodes in one way or another.
 */
export function usedByEntries(keyspace: Keyspace): { unaccounted: number; fixed: number } {
  const { tables, deadlines, memory } = keyspace;
  let accounted = 0;
  let divided = 0;
  for (let db = 0; db < keyspace.databases; db++) {
    const table = keyspace.table(db);
    if (table !== 0) {
      accounted += tables.bytesUsed(table);
      for (let bucket = 0; bucket < tables.buckets(table); bucket++) {
        for (const entry of tables.found.slice(0, tables.collect(table, bucket))) {
          const bytes = keyspace.bytesUsed(entry);
          accounted += bytes;
          const type = keyspace.typeOf(entry);
          if (type === LIST || type === STREAM) divided += bytes - memory.sizeOf(entry);
          if (keyspace.roots.isOfDeadlines(entry)) {
            divided += keyspace.members.bytesUsed(keyspace.records.pointer(entry));
          }
        }
      }
    }
    for (const tree of [keyspace.deadlineTree(db), keyspace.roots.memberTree(db)]) {
      if (tree !== 0) divided += deadlines.memoryBytes(tree);
      if (tree !== 0) accounted += deadlines.memoryBytes(tree);
    }
  }
  return { unaccounted: memory.usedBytes - accounted, fixed: memory.usedBytes - divided };
}
