// Who is told before something changes: a snapshot that is being taken, which writes out first what
// is about to change (persistence/snapshot). While there is none, nobody is, and that costs one
// comparison.
//
// What is told is told once for each record or node: one that has the present mark (record.ts,
// chunked-list.ts) is none of the observer's business any more.

import type { BlockObserver } from "../structures/record.ts";

/** REQUIRES, for all of it: the lock, where several threads use the database. */
export interface ChangeObserver extends BlockObserver {
  /** An entry is about to be changed, taken out, or given another key or deadline. */
  beforeEntry(entry: number): void;
  /** Bytes [from, to) of a long string, whose entry was told, are about to be changed. */
  beforeBytes(block: number, from: number, to: number): void;
  /** A member of the large collection at `root`, whose entry was told, is about to be changed. */
  beforeMember(root: number, record: number): void;
  /** A node of a list, whose entry was told, is about to be changed or taken out. */
  beforeNode(list: number, node: number): void;
  /** A pending entry of a group, whose entry was told, is about to be changed or taken out. */
  beforePending(group: number, pending: number): void;
  /** As keepsRoot, of a group that was taken out of its collection. */
  keepsGroup(group: number): boolean;
  /** A collection is about to be freed; true: not now, but when the observer is done with it. */
  keepsRoot(kind: number, root: number): boolean;
  /** As keepsRoot, of a database's table. */
  keepsTable(table: number): boolean;
}
