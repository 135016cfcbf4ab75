// A snapshot: what all databases held at one moment, written out in slices, while they are served.
//
//   begin   the moment: everything that is there becomes old
//   step    a slice: what was saved ahead (the spill), large collections that have begun, then the
//           tables of the moment, chain by chain; what is old is written and marked
//   end     when nothing is left: all marks are alike
//
// A record that changes meanwhile is saved before (barrier.ts), a record that is new has the
// present mark: so each entry of the moment is written once, and as it was. The walk over a table
// is a scan's, which sees every record that is there all the time, however the table grows.
//
// Cost besides the data: what is about to change and is old is held until the next slice.

import { assert } from "../../base/assert.ts";
import { STRING_FORMAT } from "../../codec/payload.ts";
import type { RdbOutput } from "../../codec/rdb-output.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import { TableWalk } from "../../keyspace/table-walk.ts";
import { PLACE_BITS } from "../../memory/memory.ts";
import type { RdbWriter } from "../rdb/rdb-writer.ts";
import type { Barrier } from "./barrier.ts";
import { Side } from "./shared-state.ts";

export class Snapshot {
  /** Entries that there were at its moment. */
  readonly entries: number;

  readonly #keyspace: Keyspace;
  readonly #barrier: Barrier;
  readonly #writer: RdbWriter;
  readonly #output: RdbOutput;
  readonly #walk: TableWalk;
  readonly #sizes: [entries: number, deadlines: number][] = [];
  #db = 0;
  #cursor = 0;
  #isInTable = false;
  // Of the side that is being saved.
  #side = 0;
  #sideCursor = 0;
  #sideWalked = false;
  #nodesSaved = false;
  #isOver = false;

  /**
   * Its moment is now. The writer has begun the file, and will end it. REQUIRES: the lock; no
   * transaction is open, and no other snapshot.
   */
  constructor(keyspace: Keyspace, barrier: Barrier, writer: RdbWriter) {
    assert(keyspace.journal === null, "a snapshot's moment is between transactions");
    assert(!barrier.state.isRunning, "one snapshot is taken at a time");
    this.#keyspace = keyspace;
    this.#barrier = barrier;
    this.#writer = writer;
    this.#output = writer.output;
    this.#walk = new TableWalk(barrier.view.tables);
    let entries = 0;
    for (let db = 0; db < keyspace.databases; db++) {
      entries += keyspace.size(db);
      this.#sizes.push([keyspace.size(db), keyspace.deadlineCount(db)]);
    }
    this.entries = entries;
    barrier.state.begin(keyspace);
    barrier.look(keyspace);
  }

  /** Entries that have been written, or are about to be. */
  get written(): number {
    return this.#barrier.state.dealtWith;
  }

  /** Bytes that are held besides the data. */
  get heldBytes(): number {
    return this.#barrier.state.heldBytes;
  }

  /**
   * Goes on until `isTime` says that it is time to stop, which is asked after every few entries;
   * returns whether all is written. REQUIRES: the lock, and not in the middle of a transaction.
   */
  step(isTime: () => boolean): boolean {
    while (!this.#isOver) {
      if (!this.#goOn()) this.#end();
      if (isTime()) break;
    }
    return this.#isOver;
  }

  /** One piece of work; false: nothing is left. */
  #goOn(): boolean {
    const { state } = this.#barrier;
    if (this.#side === 0) {
      const output = this.#output;
      if (state.takeSpill((bytes, start, end) => output.raw(bytes, start, end))) {
        this.#writer.unselect();
        return true;
      }
      if (state.firstSide === 0) return this.#walkTables();
      this.#beginSide(state.firstSide);
    }
    this.#saveSide();
    return true;
  }

  // Tables

  #walkTables(): boolean {
    const { state, view } = this.#barrier;
    if (this.#db === this.#sizes.length) return false;
    const table = state.table(this.#db);
    if (table === 0 || (this.#isInTable && this.#cursor === 0)) {
      this.#db++;
      this.#isInTable = false;
      return true;
    }
    this.#isInTable = true;
    const walk = this.#walk;
    this.#cursor = walk.openBatch(table, this.#cursor);
    for (let entry = walk.next(); entry !== 0; entry = walk.next()) {
      if (view.records.isMarked(entry)) continue;
      this.#select(this.#db);
      this.#barrier.dealWith(entry, this.#db, this.#writer);
    }
    return true;
  }

  #select(db: number): void {
    const sizes = this.#sizes[db];
    if (sizes === undefined || sizes[0] === 0) return this.#writer.return(db);
    this.#writer.select(db, ...sizes);
    // Once is enough.
    sizes[0] = 0;
  }

  // Sides

  #beginSide(side: number): void {
    const { state, view } = this.#barrier;
    const output = this.#output;
    const kind = state.get(side, Side.kind);
    const type = view.types.collections[kind];
    this.#side = side;
    this.#sideCursor = 0;
    this.#sideWalked = false;
    this.#nodesSaved = false;
    this.#select(state.get(side, Side.db));
    const start = state.keyStart(side);
    const u8 = view.memory.u8[side >>> PLACE_BITS];
    const end = start + state.get(side, Side.keyBytes);
    const clock = state.get(side, Side.clock);
    const format = type === undefined ? STRING_FORMAT : type.formatOf(kind);
    this.#writer.head(state.deadline(side), clock, format, u8, start, end);
    if (type === undefined) this.#barrier.strings.begin(output);
    else if (type.nodes !== undefined) this.#barrier.chains.begin(side, output);
    else {
      type.saveHead?.(kind, output);
      output.length(state.get(side, Side.count));
    }
  }

  #saveSide(): void {
    const { state, strings } = this.#barrier;
    const side = this.#side;
    if (!this.#savePart(side)) return;
    const kind = state.get(side, Side.kind);
    const isString = this.#barrier.view.types.collections[kind] === undefined;
    if (isString) strings.close(side);
    const root = state.get(side, Side.root);
    const isKept = state.get(side, Side.isKept) === 1;
    state.removeSide(side);
    this.#side = 0;
    if (isKept && !isString) this.#keyspace.disposals.disposeRoot(kind, root);
  }

  /** Whether that was all of it. */
  #savePart(side: number): boolean {
    const { chains, groups, state, strings, view } = this.#barrier;
    const kind = state.get(side, Side.kind);
    const type = view.types.collections[kind];
    if (type === undefined) return strings.save(side, this.#output);
    if (type.nodes === undefined) return this.#saveMembers();
    if (!this.#nodesSaved) {
      this.#nodesSaved = chains.save(side, type, type.nodes, this.#output);
      return this.#nodesSaved && type.pendings === undefined;
    }
    const pendings = type.pendings;
    if (pendings === undefined) return true;
    const kept = groups.save(side, pendings, this.#output);
    if (kept > 0) this.#keyspace.types.collections[kind]?.pendings?.disposeGroup(kept);
    return kept < 0 && !this.#saveEnd(side);
  }

  /** Whether there was something that follows the groups. */
  #saveEnd(side: number): boolean {
    const output = this.#output;
    const takes = (bytes: Uint8Array, start: number, end: number): void =>
      output.raw(bytes, start, end);
    return this.#barrier.state.takeFromSide(side, takes, Side.end);
  }

  #saveMembers(): boolean {
    const { state, view } = this.#barrier;
    const output = this.#output;
    const side = this.#side;
    if (state.takeFromSide(side, (bytes, start, end) => output.raw(bytes, start, end)))
      return false;
    if (this.#sideWalked) return true;
    const kind = state.get(side, Side.kind);
    const type = view.types.collections[kind];
    const { records } = view;
    const walk = this.#walk;
    const table = type?.memberTable(kind, state.get(side, Side.root)) ?? 0;
    this.#sideCursor = walk.openBatch(table, this.#sideCursor);
    for (let record = walk.next(); record !== 0; record = walk.next()) {
      if (records.isMarked(record)) continue;
      records.setMark(record);
      type?.saveMember?.(record, output, kind);
    }
    this.#sideWalked = this.#sideCursor === 0;
    return false;
  }

  // The end

  #end(): void {
    const { state } = this.#barrier;
    assert(state.dealtWith === this.entries, "each entry of the moment is written, once");
    state.end();
    this.#barrier.look(this.#keyspace);
    for (let table = state.takeKept(); table !== 0; table = state.takeKept()) {
      this.#keyspace.disposals.disposeRoots(table, 0, 0);
    }
    this.#isOver = true;
  }
}
