// What a transaction would have to undo.
//
// Before a write changes a key for the first time, the original entry is taken out and kept in a
// table of this object's (in the same shared memory as everything else), and a copy takes its place
// and is changed instead. Rolling back puts the originals where they were, to the byte; committing
// frees them. Where there was no entry, a record of the kind ABSENT remembers that.
//
//   steps   table of db 0 │ roots of db 0 (FLUSHDB) │ table of db 0 │ swap 0 1 │ table of db 1 …
//
// A whole database that is flushed is not copied: its roots are kept. A step is undone by itself,
// the last one first, so that keys saved before a flush are put back into what was flushed.
//
// Of large collections only the members that a command names are saved, where it names them
// (undo-members.ts). A key of which members are saved may be saved as a whole afterwards, never the
// other way round; so a step of keys first puts back what is whole, and then the members.
//
// Cost: a key's first write in a transaction copies its value, if that is a string or a small
// collection, or if the command may change any part of it. DEL, UNLINK and SET do not need what
// they replace and copy nothing.

import { parseInteger } from "../../base/integers.ts";
import type { CompiledCommand } from "../../engine/command.ts";
import type { Context } from "../../engine/context.ts";
import type { ChangeObserver, Executor } from "../../engine/executor.ts";
import { FoundKeys, KeyFlag } from "../../engine/key-specs.ts";
import { STRING } from "../../keyspace/data-type.ts";
import type { Keyspace, KeyspaceListener } from "../../keyspace/keyspace.ts";
import { TableWalk } from "../../keyspace/table-walk.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import type { Disposer } from "../../structures/hash-table.ts";
import { NO_DEADLINE } from "../../structures/record.ts";
import { StringKind } from "../../types/strings.ts";
import { ABSENT, type PartialWrite, partialWrites, UndoMembers } from "./undo-members.ts";

const NO_BYTES = new Uint8Array(0);
const everything = Number.MAX_SAFE_INTEGER;

/** Keys that were saved: whole entries, and partial saves (0 while there are none). */
interface KeysStep {
  readonly kind: "keys";
  readonly db: number;
  readonly table: number;
  partials: number;
}

type Step =
  | KeysStep
  | { readonly kind: "database"; readonly db: number; readonly roots: [number, number] }
  | { readonly kind: "swap"; readonly a: number; readonly b: number };

/** A key that expired while the transaction was open, and that it had not written to. */
interface Expired {
  readonly db: number;
  readonly key: Uint8Array;
}

const nobody: Disposer = { dispose: () => {} };

export class Undo implements ChangeObserver, KeyspaceListener, Disposer {
  /** Expiries that stay true whatever becomes of the transaction. */
  readonly expiries: Expired[] = [];

  readonly #keyspace: Keyspace;
  readonly #executor: Executor;
  readonly #members: UndoMembers;
  readonly #steps: Step[] = [];
  /**
   * For each database the keys saved since its last whole replacement: null while there are none,
   * undefined while this object has saved and replaced nothing of it.
   */
  readonly #current: (KeysStep | null | undefined)[];
  readonly #found = new FoundKeys();

  constructor(executor: Executor) {
    this.#executor = executor;
    this.#keyspace = executor.keyspace;
    this.#members = new UndoMembers(executor.keyspace);
    this.#current = new Array(this.#keyspace.databases).fill(undefined);
  }

  /** A command is about to write: saves what it may change. */
  beforeWrite(c: Context, command: CompiledCommand): void {
    const { args, db } = c;
    command.keys.findInto(args, this.#found);
    const { count, positions, flags } = this.#found;
    const replaces = replacesWholly(command.name, args);
    const write = partialWrites.get(command.name);
    for (let i = 0; i < count; i++) {
      if ((flags[i] & KeyFlag.RO) !== 0) continue;
      this.#save(db, args, positions[i], replaces, write);
    }
    const { group } = command.entry;
    if (group !== "generic" && group !== "server") return;
    switch (command.name) {
      case "copy":
        for (let i = 3; i + 1 < args.count; i++) {
          if (args.is(i, DB)) this.#saveElsewhere(args, i + 1, 2);
        }
        break;
      case "move":
        this.#saveElsewhere(args, 2, 1);
        break;
      case "flushdb":
        this.#saveDatabase(c, db);
        break;
      case "flushall":
        for (let each = 0; each < this.#keyspace.databases; each++) this.#saveDatabase(c, each);
        break;
      case "swapdb":
        this.#saveSwap(this.#database(args, 1), this.#database(args, 2));
        break;
      default:
    }
  }

  /** The number of the database that argument `i` names, or −1. */
  #database(args: Arguments, i: number): number {
    const db = i < args.count ? parseInteger(args.bytes, args.starts[i], args.ends[i]) : -1;
    return db >= 0 && db < this.#keyspace.databases ? db : -1;
  }

  #saveElsewhere(args: Arguments, dbAt: number, keyAt: number): void {
    const db = this.#database(args, dbAt);
    if (db >= 0) this.#save(db, args, keyAt, false, undefined);
  }

  /**
   * Saves the entry of the key at argument i, or that there is none, if it was not saved before; of
   * a large collection only what `write` may change, if it says that.
   */
  #save(
    db: number,
    args: Arguments,
    i: number,
    replaced: boolean,
    write: PartialWrite | undefined,
  ): void {
    const keyspace = this.#keyspace;
    const { tables, records } = keyspace;
    const { bytes } = args;
    const start = args.starts[i];
    const end = args.ends[i];
    const keys = this.#keysOf(db);
    const { table } = keys;
    const hash = tables.hash(bytes, start, end);
    if (tables.find(table, hash, bytes, start, end) !== 0) return;
    const entry = keyspace.peek(db, bytes, start, end);
    if (entry === 0) {
      const absent = records.createPointer(ABSENT, bytes, start, end, 0, 0, NO_DEADLINE, 0);
      tables.insert(table, hash, absent);
      return;
    }
    if (write !== undefined && this.#members.takes(write, args, entry)) {
      if (keys.partials === 0) keys.partials = tables.create();
      this.#members.save(keys.partials, hash, write, db, args, i, entry);
      return;
    }
    const isString = keyspace.typeOf(entry) === STRING;
    if (isString && !records.hasDeadline(entry)) {
      // Nothing but peek() has looked for a record of the database's table since.
      tables.replaceFound(keyspace.copyEntry(entry, bytes, start, end));
    } else {
      const copy =
        replaced && !isString
          ? this.#standIn(bytes, start, end)
          : keyspace.copyEntry(entry, bytes, start, end);
      this.#exchange(db, entry, copy);
    }
    tables.insert(table, hash, entry);
  }

  /** An entry to be deleted or overwritten in the place of one that is saved. */
  #standIn(bytes: Uint8Array, start: number, end: number): number {
    const { records } = this.#keyspace;
    return records.create(StringKind.raw, bytes, start, end, NO_BYTES, 0, 0, NO_DEADLINE, 0);
  }

  #keysOf(db: number): KeysStep {
    let keys = this.#current[db];
    if (!keys) {
      keys = { kind: "keys", db, table: this.#keyspace.tables.create(), partials: 0 };
      this.#current[db] = keys;
      this.#steps.push(keys);
    }
    return keys;
  }

  /** Puts `to` in the place of `from`, which has the same key. */
  #exchange(db: number, from: number, to: number): void {
    const { records, deadlines, tables } = this.#keyspace;
    const until = records.deadline(from);
    if (until !== NO_DEADLINE) deadlines.remove(this.#keyspace.deadlineTree(db), until, from);
    const deadline = records.deadline(to);
    if (deadline === NO_DEADLINE) {
      tables.replace(this.#keyspace.table(db), from, to);
      return;
    }
    // Rare enough to take the longer way, which sees to the tree of deadlines.
    tables.removeRecord(this.#keyspace.table(db), from);
    this.#keyspace.attach(db, to);
  }

  /** Keeps a database as it is; a stand-in of one entry takes its place, for the flush to find. */
  #saveDatabase(c: Context, db: number): void {
    const keyspace = this.#keyspace;
    if (keyspace.size(db) === 0) return;
    c.notices.emptying(db);
    this.#steps.push({ kind: "database", db, roots: keyspace.takeOut(db) });
    this.#current[db] = null;
    keyspace.attach(db, this.#standIn(c.args.bytes, 0, 0));
  }

  #saveSwap(a: number, b: number): void {
    if (a < 0 || b < 0 || a === b) return;
    this.#steps.push({ kind: "swap", a, b });
    this.#current[a] = null;
    this.#current[b] = null;
  }

  /** An entry's time is over: that is so even if the transaction is rolled back. */
  expired(db: number, bytes: Uint8Array, start: number, end: number): void {
    if (!this.#isSaved(db, bytes, start, end)) {
      this.expiries.push({ db, key: bytes.slice(start, end) });
    }
    this.#executor.context.notices.expired(db, bytes, start, end);
  }

  #isSaved(db: number, bytes: Uint8Array, start: number, end: number): boolean {
    const keys = this.#current[db];
    if (!keys) return false;
    const { tables } = this.#keyspace;
    const hash = tables.hash(bytes, start, end);
    if (tables.find(keys.table, hash, bytes, start, end) !== 0) return true;
    return keys.partials !== 0 && tables.find(keys.partials, hash, bytes, start, end) !== 0;
  }

  /** Takes everything back that was saved, in the reverse order. */
  rollBack(): void {
    for (let i = this.#steps.length - 1; i >= 0; i--) {
      const step = this.#steps[i];
      if (step.kind === "keys") {
        this.#restoreKeys(step.db, step.table);
        if (step.partials !== 0) this.#members.restore(step.db, step.partials);
      } else if (step.kind === "database") this.#keyspace.putBack(step.db, step.roots);
      else this.#keyspace.swap(step.a, step.b);
    }
  }

  #restoreKeys(db: number, table: number): void {
    const keyspace = this.#keyspace;
    const { tables, records, memory } = keyspace;
    const walk = new TableWalk(tables);
    walk.open(table);
    for (let record = walk.next(); record !== 0; record = walk.next()) {
      records.key(record);
      const { bytes, start, end } = records;
      const current = keyspace.table(db);
      const entry =
        current === 0 ? 0 : tables.find(current, tables.hash(bytes, start, end), bytes, start, end);
      if (records.kind(record) === ABSENT) {
        if (entry !== 0) keyspace.remove(db, entry);
        memory.free(record);
      } else if (entry === 0) {
        keyspace.attach(db, record);
      } else {
        this.#exchange(db, entry, record);
        keyspace.dispose(entry);
      }
    }
    tables.free(table, everything, nobody);
  }

  /** Frees everything that was saved: the transaction holds. */
  forget(): void {
    for (const step of this.#steps) {
      if (step.kind === "keys") {
        this.#keyspace.tables.free(step.table, everything, this);
        if (step.partials !== 0) this.#members.forget(step.partials);
      } else if (step.kind === "database") this.#keyspace.disposeRoots(step.roots);
    }
  }

  /** Frees a saved record. */
  dispose(record: number): void {
    const { records, memory } = this.#keyspace;
    if (records.kind(record) === ABSENT) memory.free(record);
    else this.#keyspace.dispose(record);
  }

  /** What an inner transaction saved becomes this one's to undo. */
  absorb(inner: Undo): void {
    for (const step of inner.#steps) this.#steps.push(step);
    for (let db = 0; db < this.#current.length; db++) {
      if (inner.#current[db] !== undefined) this.#current[db] = inner.#current[db];
    }
    for (const expired of inner.expiries) this.expiries.push(expired);
  }
}

const DB = Uint8Array.of(0x64, 0x62);

/** Whether a command deletes or overwrites its keys without looking at what they hold. */
function replacesWholly(name: string, args: Arguments): boolean {
  return name === "del" || name === "unlink" || (name === "set" && args.count === 3);
}
