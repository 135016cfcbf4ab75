// What INFO says of the numbered databases: how many keys each has, how many of them have a
// deadline, how long those have on average, and how many are hashes with deadlines of fields.

import { type InfoField, type InfoSection, section } from "../../engine/info-section.ts";
import { awaitedCount } from "../../keyspace/expiry.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import type { InfoSource } from "./source.ts";

export function keyspaceSection({ database: { keyspace } }: InfoSource): InfoSection {
  return section("keyspace", () => {
    const fields: InfoField[] = [];
    for (let db = 0; db < keyspace.databases; db++) {
      const keys = keyspace.size(db);
      if (keys === 0) continue;
      const expires = keyspace.deadlineCount(db);
      const ttl = averageTtl(keyspace, db);
      const sub = awaitedCount(keyspace, db);
      fields.push([`db${db}`, `keys=${keys},expires=${expires},avg_ttl=${ttl},subexpiry=${sub}`]);
    }
    return fields;
  });
}

/** Deadlines that are looked at for the mean time to live. */
const TTL_SAMPLE = 16;

/** The mean time to live of a database's keys in ms, from deadlines spread over their order. */
function averageTtl(keyspace: Keyspace, db: number): number {
  const count = keyspace.deadlineCount(db);
  if (count === 0) return 0;
  const { deadlines } = keyspace;
  const tree = keyspace.deadlineTree(db);
  let sum = 0;
  const samples = Math.min(count, TTL_SAMPLE);
  for (let i = 0; i < samples; i++) {
    deadlines.at(tree, Math.floor(((i + 0.5) / samples) * count));
    sum += Math.max(0, deadlines.key - keyspace.now);
  }
  return Math.round(sum / samples);
}

/** The share of keys with deadlines whose time is over, and that are still there, in percent. */
export function staleShare(keyspace: Keyspace): number {
  let all = 0;
  let due = 0;
  for (let db = 0; db < keyspace.databases; db++) {
    const count = keyspace.deadlineCount(db);
    all += count;
    due += dueIn(keyspace, db, count);
  }
  return all === 0 ? 0 : (100 * due) / all;
}

/** Deadlines are in order: those that have passed stand first. */
function dueIn(keyspace: Keyspace, db: number, count: number): number {
  const { deadlines } = keyspace;
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    deadlines.at(keyspace.deadlineTree(db), middle);
    if (deadlines.key < keyspace.now) low = middle + 1;
    else high = middle;
  }
  return low;
}
