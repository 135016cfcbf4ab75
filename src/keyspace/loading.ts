// Entries that are put into a keyspace before anybody is served from it: nothing hears of them, no
// transaction is open that could take them back, and their number may be known ahead.

import { assert } from "../base/assert.ts";
import type { Keyspace } from "./keyspace.ts";

/** So many entries are about to be added to a database; an empty one gets a table of that size. */
export function expectEntries(keyspace: Keyspace, db: number, entries: number): void {
  assert(keyspace.journal === null, "no transaction is open");
  if (keyspace.table(db) === 0) keyspace.roots.setTable(db, keyspace.tables.createFor(entries));
}

/** Adds an entry. REQUIRES: its key, which has this hash, is not there. */
export function addEntry(keyspace: Keyspace, db: number, hash: number, entry: number): void {
  const { roots, tables, records, deadlines } = keyspace;
  assert(keyspace.journal === null, "no transaction is open");
  if (roots.table(db) === 0) roots.setTable(db, tables.create());
  tables.insert(roots.table(db), hash, entry);
  const ofMembers = roots.isOfDeadlines(entry);
  if (!ofMembers && !records.hasDeadline(entry)) return;
  keyspace.deadlineAdded = true;
  if (ofMembers && roots.memberTree(db) === 0) roots.setMemberTree(db, deadlines.create());
  if (roots.tree(db) === 0 && records.hasDeadline(entry)) roots.setTree(db, deadlines.create());
  roots.linkDeadline(db, entry);
}
