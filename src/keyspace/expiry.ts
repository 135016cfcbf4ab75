// Expiry of entries and of members, which is exact: whoever asks for an entry whose deadline has
// passed does not find it, or finds it without its members whose deadline has (databases.ts and
// member-deadlines.ts say where it stands). A timer takes out what nobody asks for, in order. An
// entry goes with its last member.
//
// Cost: finding an entry whose members may have deadlines takes a look at the earliest. Who finds
// it takes out a few members that have expired, in O(log n) each; should there be more of them,
// they are passed over until the timer has come to them. So a million members that expire in the
// same moment keep nobody waiting. If all members have expired, the entry goes at once, and is
// freed in slices.

import { needLock } from "../base/lock-needed.ts";
import type { OrderedTrees } from "../structures/ordered-tree.ts";
import type { Records } from "../structures/record.ts";
import type { DataTypes } from "./data-type.ts";
import type { Databases } from "./databases.ts";
import type { EntryJournal } from "./entry-journal.ts";
import { Counter } from "./figures.ts";
import type { KeyspaceListener } from "./listener.ts";
import type { MemberDeadlines } from "./member-deadlines.ts";

/** The keyspace, as far as it is needed here. */
export interface Expiring {
  readonly now: number;
  readonly reading: boolean;
  readonly records: Records;
  readonly types: DataTypes;
  readonly roots: Databases;
  readonly deadlines: OrderedTrees;
  readonly members: MemberDeadlines;
  readonly listener: KeyspaceListener;
  readonly journal: EntryJournal | null;
  readonly databases: number;
  interrupted: (error: unknown) => void;
  counter(index: number): number;
  count(index: number, by?: number): void;
  expire(db: number, entry: number): void;
  remove(db: number, entry: number): void;
  openMemberTree(db: number): void;
}

/** Deletes an entry because its deadline has passed. */
export function expireEntry(keyspace: Expiring, db: number, entry: number): void {
  if (keyspace.reading) needLock();
  const { records } = keyspace;
  try {
    records.key(entry);
    keyspace.listener.expired(db, records.bytes, records.start, records.end);
    keyspace.count(Counter.expired);
    keyspace.remove(db, entry);
  } catch (error) {
    // Whoever looked the key up only wanted to read it.
    keyspace.interrupted(error);
  }
}

/** Deletes up to `budget` entries, and members, whose deadline has passed; returns how many. */
export function expireDue(keyspace: Expiring, budget: number): number {
  const { deadlines } = keyspace;
  let expired = 0;
  for (let db = 0; db < keyspace.databases && expired < budget; db++) {
    expired += expireMembersDue(keyspace, db, budget - expired);
    const tree = keyspace.roots.tree(db);
    if (tree === 0) continue;
    while (expired < budget && deadlines.firstKey(tree) < keyspace.now) {
      keyspace.expire(db, deadlines.firstValue(tree));
      expired++;
    }
  }
  return expired;
}

/**
 * Takes out up to `budget` members whose deadline has passed, and the entry with the last one:
 * whether that is gone. REQUIRES: the entry's members may have deadlines.
 */
export function expireMembers(
  keyspace: Expiring,
  db: number,
  entry: number,
  budget: number = keyspace.members.expiredAtOnce,
): boolean {
  const { members } = keyspace;
  const table = keyspace.records.pointer(entry);
  if (!members.hasPast(table)) return false;
  const areAllPast = members.areAllPast(table);
  if (keyspace.reading) {
    if (areAllPast) needLock();
    return false; // a reader passes over them
  }
  try {
    if (areAllPast && members.count(table) > budget) {
      keyspace.listener.allExpired(db, entry);
      keyspace.count(Counter.expiredMembers, members.count(table));
    } else {
      for (let left = budget; left > 0 && members.hasPast(table); left--) {
        expireMember(keyspace, db, entry, members.first(table));
      }
      keyspace.listener.membersExpired(db, entry, areAllPast);
    }
    if (areAllPast) keyspace.remove(db, entry);
    return areAllPast;
  } catch (error) {
    keyspace.interrupted(error);
    return true;
  }
}

/** Takes out a member because its deadline has passed; its collection may be left empty. */
export function expireMember(keyspace: Expiring, db: number, entry: number, record: number): void {
  const type = keyspace.types.collections[keyspace.records.kind(entry)];
  keyspace.listener.memberExpired(db, entry, record);
  type?.removeMember?.(entry, record);
  keyspace.count(Counter.expiredMembers);
}

/**
 * Takes out a member whose deadline has passed since it is about to be made anew; false where the
 * entry stands in no database. REQUIRES: it is there.
 */
export function renewMember(keyspace: Expiring, entry: number, record: number): boolean {
  const { deadlines, members, roots } = keyspace;
  const awaited = members.awaited(keyspace.records.pointer(entry));
  for (let db = 0; db < keyspace.databases; db++) {
    const tree = roots.memberTree(db);
    if (tree === 0 || !deadlines.has(tree, awaited, entry)) continue;
    expireMember(keyspace, db, entry, record);
    keyspace.listener.membersExpired(db, entry, false);
    return true;
  }
  return false;
}

/** Takes out up to `budget` members of a database whose deadline has passed; returns how many. */
function expireMembersDue(keyspace: Expiring, db: number, budget: number): number {
  const { deadlines, members, now } = keyspace;
  const tree = keyspace.roots.memberTree(db);
  if (tree === 0) return 0;
  const before = keyspace.counter(Counter.expiredMembers);
  let left = budget;
  while (left > 0 && deadlines.firstKey(tree) < now) {
    const entry = deadlines.firstValue(tree);
    const expiredBefore = keyspace.counter(Counter.expiredMembers);
    const isGone = expireMembers(keyspace, db, entry, left);
    left -= 1 + keyspace.counter(Counter.expiredMembers) - expiredBefore;
    if (isGone) continue;
    const earliest = members.earliest(keyspace.records.pointer(entry));
    if (earliest < now) continue;
    awaits(keyspace, db, entry, earliest === Number.POSITIVE_INFINITY ? 0 : earliest);
  }
  return left <= 0 ? budget : keyspace.counter(Counter.expiredMembers) - before;
}

/** Members of the entry's collection were given deadlines, or may have been. */
export function awaitMembers(keyspace: Expiring, db: number, entry: number): void {
  const { members, roots } = keyspace;
  if (!roots.isOfDeadlines(entry)) return;
  const table = keyspace.records.pointer(entry);
  const earliest = members.earliest(table);
  const awaited = members.awaited(table);
  if (earliest === Number.POSITIVE_INFINITY || (awaited > 0 && awaited <= earliest)) return;
  keyspace.openMemberTree(db);
  awaits(keyspace, db, entry, earliest);
}

function awaits(keyspace: Expiring, db: number, entry: number, time: number): void {
  const before = keyspace.members.awaited(keyspace.records.pointer(entry));
  keyspace.roots.await(db, entry, time);
  if (keyspace.journal !== null) keyspace.journal.awaited(db, entry, before);
}

/** Whether anything in a database may expire. */
export function mayExpire(keyspace: Expiring, db: number): boolean {
  return keyspace.roots.tree(db) !== 0 || keyspace.roots.memberTree(db) !== 0;
}

/** How many collections of a database have members with a deadline, or had until lately. */
export function awaitedCount(keyspace: Expiring, db: number): number {
  const tree = keyspace.roots.memberTree(db);
  return tree === 0 ? 0 : keyspace.deadlines.count(tree);
}
