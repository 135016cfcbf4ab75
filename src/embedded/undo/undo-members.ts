// What a transaction would have to undo in large collections: the members that it wrote to.
//
// A large hash or set is a table of members, as a database is a table of keys, and what undo.ts
// does with keys is done with members here: before one is written to for the first time, its record
// is set aside and a copy takes its place; where there was none, a record of the kind ABSENT
// remembers that. Of large lists undo-ends.ts keeps what happened at the two ends, and to single
// elements.
//
// A collection of which members are saved has a *partial save*: a record of the same key, kind,
// deadline and access clock, whose pointer leads to what is saved in the place of the collection.
//
//   table of partial saves (one for each step of undo.ts that saves keys)
//     └─ record "h", as a table    ─▶  table of members    "f" = "old value" │ "new" ABSENT
//     └─ record "l", of a list     ─▶  ends of the list    (undo-ends.ts)
//
// A command that may change more than its words name (SPOP, LREM, RENAME …) has the whole entry
// set aside as ever, on top: what was partially saved before describes the entry that is set aside.
// A collection that loses its last element is deleted; what comes under its key then is new, and
// saved as a key that was not there.
//
// Invariants: (1) a partial save is changed only while nothing whole is saved over it; (2) until
// then the entry is the collection that it was made for, or gone because it became empty; (3) the
// saved members, put into what is there or else into an empty collection, make what was there.
//
// Cost: of saving, restoring and forgetting, what the members touched take; nothing of the others.

import { parseInteger } from "../../base/integers.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import { TableWalk } from "../../keyspace/table-walk.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import type { Disposer, HashTables } from "../../structures/hash-table.ts";
import { NO_DEADLINE, type Records } from "../../structures/record.ts";
import { HASH, HashKind } from "../../types/hashes.ts";
import { LIST, ListKind, type Lists, listsOf } from "../../types/lists.ts";
import { SET, SetKind } from "../../types/sets.ts";
import { UndoEnds } from "./undo-ends.ts";

/** The kind of a record that says: this key, or member, was not there. No entry is of this kind. */
export const ABSENT = 31;

/** A command that says in its words what it may change in a collection. */
export interface PartialWrite {
  readonly name: string;
  /** The Type that it writes to; to others it replies WRONGTYPE, and changes nothing. */
  readonly type: number;
  /** Where the members stand: at this argument, and from there on in steps; 0: only there. */
  readonly first: number;
  readonly step: number;
}

/** Stands for a type: the command changes a deadline, whatever has it. */
const ANY_TYPE = -1;

/**
 * The commands after which no member is different but those that their words name, or that they
 * find at the ends of a list (which undo-ends.ts knows).
 */
export const partialWrites: ReadonlyMap<string, PartialWrite> = new Map(
  (
    [
      ["hset", HASH, 2, 2],
      ["hmset", HASH, 2, 2],
      ["hsetnx", HASH, 2, 0],
      ["hincrby", HASH, 2, 0],
      ["hincrbyfloat", HASH, 2, 0],
      ["hdel", HASH, 2, 1],
      ["sadd", SET, 2, 1],
      ["srem", SET, 2, 1],
      ["smove", SET, 3, 0],
      ["lpush", LIST, 0, 0],
      ["lpushx", LIST, 0, 0],
      ["rpush", LIST, 0, 0],
      ["rpushx", LIST, 0, 0],
      ["lpop", LIST, 0, 0],
      ["rpop", LIST, 0, 0],
      ["lset", LIST, 0, 0],
      ["lmove", LIST, 0, 0],
      ["rpoplpush", LIST, 0, 0],
      ["lmpop", LIST, 0, 0],
      ["ltrim", LIST, 0, 0],
      ["expire", ANY_TYPE, 0, 0],
      ["pexpire", ANY_TYPE, 0, 0],
      ["persist", ANY_TYPE, 0, 0],
    ] as const
  ).map(([name, type, first, step]) => [name, { name, type, first, step }]),
);

const nobody: Disposer = { dispose: () => {} };
const everything = Number.MAX_SAFE_INTEGER;

/** The partial saves of one keyspace. Their tables are the caller's. */
export class UndoMembers implements Disposer {
  readonly #keyspace: Keyspace;
  readonly #records: Records;
  readonly #tables: HashTables;
  readonly #lists: Lists;
  readonly #ends: UndoEnds;
  /** Frees members that were set aside. */
  readonly #members: Disposer;

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
    this.#records = keyspace.records;
    this.#tables = keyspace.tables;
    this.#lists = listsOf({ keyspace });
    this.#ends = new UndoEnds(keyspace, this.#lists);
    this.#members = { dispose: (record) => this.#records.free(record) };
  }

  /**
   * Whether a command's write to an entry can be undone without a copy of the whole entry: it is a
   * large collection, and the command does not delete it while it has members.
   */
  takes(write: PartialWrite, args: Arguments, entry: number): boolean {
    const { name, type } = write;
    // WRONGTYPE will change nothing, and nothing will be saved.
    if (type !== ANY_TYPE && type !== this.#keyspace.typeOf(entry)) return true;
    if (name === "expire" || name === "pexpire") {
      // A deadline that has passed deletes.
      if (!(parseInteger(args.bytes, args.starts[2], args.ends[2]) > 0)) return false;
    }
    const kind = this.#records.kind(entry);
    if (kind === HashKind.table || kind === SetKind.table) return true;
    if (kind !== ListKind.packed && kind !== ListKind.chunked) return false;
    return this.#lists.chunked.nodes(this.#records.pointer(entry)) > 1;
  }

  /**
   * Saves what a command may change in `entry`, which is under the key at argument i and takes it;
   * `hash` is the key's.
   */
  save(
    partials: number,
    hash: number,
    write: PartialWrite,
    db: number,
    args: Arguments,
    i: number,
    entry: number,
  ): void {
    const { type, first, step } = write;
    if (type !== ANY_TYPE && type !== this.#keyspace.typeOf(entry)) return;
    let partial = this.#tables.find(partials, hash, args.bytes, args.starts[i], args.ends[i]);
    if (partial === 0) {
      partial = this.#create(entry, args.bytes, args.starts[i], args.ends[i]);
      this.#tables.insert(partials, hash, partial);
    }
    if (type === ANY_TYPE) return;
    const saved = this.#records.pointer(partial);
    if (type === LIST) {
      this.#ends.save(saved, write.name, db, args, i, entry);
      return;
    }
    const table = this.#records.pointer(entry);
    const last = step === 0 ? first : args.count - 1;
    for (let at = first; at <= last; at += Math.max(step, 1)) {
      this.#saveMember(saved, table, args.bytes, args.starts[at], args.ends[at]);
    }
  }

  /** A partial save of an entry, of which nothing is saved yet. */
  #create(entry: number, bytes: Uint8Array, start: number, end: number): number {
    const records = this.#records;
    const isList = this.#keyspace.typeOf(entry) === LIST;
    return records.createPointer(
      records.kind(entry),
      bytes,
      start,
      end,
      isList ? this.#ends.create(entry) : this.#tables.create(),
      0,
      records.deadline(entry),
      records.clock(entry),
    );
  }

  #saveMember(saved: number, table: number, bytes: Uint8Array, start: number, end: number): void {
    const tables = this.#tables;
    const records = this.#records;
    const hash = tables.hash(bytes, start, end);
    if (tables.find(saved, hash, bytes, start, end) !== 0) return;
    const record = tables.find(table, hash, bytes, start, end);
    if (record === 0) {
      const absent = records.create(ABSENT, bytes, start, end, bytes, 0, 0, NO_DEADLINE, 0);
      tables.insert(saved, hash, absent);
      return;
    }
    records.value(record);
    const { bytes: value, start: from, end: to } = records;
    tables.replaceFound(records.create(0, bytes, start, end, value, from, to, NO_DEADLINE, 0));
    tables.insert(saved, hash, record);
  }

  /** Undoes the partial saves of a database, and frees their table. */
  restore(db: number, partials: number): void {
    const walk = new TableWalk(this.#tables);
    walk.open(partials);
    for (let partial = walk.next(); partial !== 0; partial = walk.next()) {
      this.#restoreEntry(db, partial);
    }
    this.#tables.free(partials, everything, nobody);
  }

  #restoreEntry(db: number, partial: number): void {
    const keyspace = this.#keyspace;
    const records = this.#records;
    const saved = records.pointer(partial);
    const kind = records.kind(partial);
    const isList = keyspace.typeOf(partial) === LIST;
    let entry = this.#entryOf(db, partial);
    if (entry === 0) {
      // It became empty: the partial save is all that an entry of an empty collection is.
      records.setPointer(partial, isList ? this.#lists.create() : this.#tables.create());
      keyspace.attach(db, partial);
      entry = partial;
    } else {
      const deadline = records.deadline(partial);
      if (deadline !== records.deadline(entry)) entry = keyspace.setDeadline(db, entry, deadline);
      records.setClock(entry, records.clock(partial));
      keyspace.memory.free(partial);
    }
    if (isList) this.#ends.restore(saved, entry, kind);
    else this.#restoreMembers(saved, records.pointer(entry));
  }

  #entryOf(db: number, partial: number): number {
    const table = this.#keyspace.table(db);
    if (table === 0) return 0;
    this.#records.key(partial);
    const { bytes, start, end } = this.#records;
    return this.#tables.find(table, this.#tables.hash(bytes, start, end), bytes, start, end);
  }

  #restoreMembers(saved: number, table: number): void {
    const tables = this.#tables;
    const records = this.#records;
    const walk = new TableWalk(tables);
    walk.open(saved);
    for (let record = walk.next(); record !== 0; record = walk.next()) {
      records.key(record);
      const { bytes, start, end } = records;
      const hash = tables.hash(bytes, start, end);
      const current = tables.find(table, hash, bytes, start, end);
      if (records.kind(record) === ABSENT) {
        if (current !== 0) tables.removeFound(table, hash);
        records.free(record);
      } else if (current !== 0) {
        tables.replaceFound(record);
      } else {
        tables.insert(table, hash, record);
      }
      if (current !== 0) records.free(current);
    }
    tables.free(saved, everything, nobody);
  }

  /** Frees a table of partial saves: what was changed holds. */
  forget(partials: number): void {
    this.#tables.free(partials, everything, this);
  }

  /** Frees a partial save. */
  dispose(partial: number): void {
    const saved = this.#records.pointer(partial);
    if (this.#keyspace.typeOf(partial) === LIST) this.#ends.free(saved);
    else this.#tables.free(saved, everything, this.#members);
    this.#keyspace.memory.free(partial);
  }
}
