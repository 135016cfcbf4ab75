// The barrier between those who change the data and the snapshot that is being taken: what is about
// to change, and is of the snapshot's moment still, is saved first. Each thread has one.
//
// An entry is saved whole, into the spill, unless it is a large collection or a long string: that
// gets a side, and from then on its members, its nodes (node-chains.ts), or its pieces
// (long-strings.ts) are saved one by one as they are about to change.
//
// What is dealt with gets the present mark: an entry, and with it every member and node of a
// collection that was saved whole. So all marks are alike again at the end.
//
// It may be called in the middle of anything that changes something, so it looks at the data
// through a keyspace object of its own, and touches nobody's cursors and ranges.

import { assert } from "../../base/assert.ts";
import { RdbOutput } from "../../codec/rdb-output.ts";
import type { ChangeObserver } from "../../keyspace/change-observer.ts";
import type { CollectionType } from "../../keyspace/data-type.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import { RdbWriter } from "../rdb/rdb-writer.ts";
import { GroupSides } from "./group-sides.ts";
import { LongStrings } from "./long-strings.ts";
import { NodeChains } from "./node-chains.ts";
import { SharedState, Side } from "./shared-state.ts";

/** A collection with more elements, or nodes, is saved in slices. */
export const LARGE_ELEMENTS = 1024;
const LARGE_NODES = 64;
const NO_NOTES = { redisVersion: "", nowMs: 0 };

export class Barrier implements ChangeObserver {
  readonly state: SharedState;
  /** The data, through objects that nobody else uses. */
  readonly view: Keyspace;
  /** For tests: what is large. */
  largeElements = LARGE_ELEMENTS;
  largeNodes = LARGE_NODES;
  readonly strings: LongStrings;
  readonly chains: NodeChains;
  readonly groups: GroupSides;
  readonly #output: RdbOutput = new RdbOutput();
  #writer: RdbWriter;
  #seenPhase = 0;

  /** @param view a keyspace object of its own over the same memory, with all types */
  constructor(view: Keyspace) {
    this.view = view;
    this.state = new SharedState(view.memory);
    this.strings = new LongStrings(view.memory, this.state);
    this.chains = new NodeChains(view.memory, this.state);
    this.groups = new GroupSides(view.memory, this.state);
    this.#writer = new RdbWriter(this.#output, view, NO_NOTES);
  }

  /**
   * Has a keyspace tell of changes while a snapshot is taken, and make records with the present
   * mark. To be called when a thread has taken the lock: nearly always a comparison is all.
   */
  look(keyspace: Keyspace): void {
    const { state, view } = this;
    if (state.phaseWord === this.#seenPhase) return;
    this.#seenPhase = state.phaseWord;
    this.#writer = new RdbWriter(this.#output, view, { ...NO_NOTES, nowMs: keyspace.now });
    keyspace.observe(state.isRunning ? this : null, state.mark);
    view.observe(null, state.mark);
  }

  beforeEntry(entry: number): void {
    if (!this.view.records.isMarked(entry)) this.dealWith(entry, this.#databaseOf(entry), null);
  }

  beforeBytes(block: number, from: number, to: number): void {
    this.strings.beforeBytes(block, from, to);
  }

  keepsBlock(block: number): boolean {
    return this.strings.keeps(block);
  }

  beforeMember(root: number, record: number): void {
    const { records } = this.view;
    if (records.isMarked(record)) return;
    records.setMark(record);
    const side = this.state.sideOf(root);
    if (side === 0) return;
    const output = this.#output;
    output.reset();
    const kind = this.state.get(side, Side.kind);
    this.#typeOf(kind).saveMember?.(record, output, kind);
    this.state.addToSide(side, output.bytes, output.end);
  }

  beforeNode(list: number, node: number): void {
    const side = this.state.sideOf(list);
    if (side === 0) return;
    const { nodes } = this.#typeOf(this.state.get(side, Side.kind));
    assert(nodes !== undefined, "it is a chain of nodes");
    this.chains.beforeNode(side, nodes, node);
  }

  beforePending(group: number, pending: number): void {
    this.groups.beforePending(group, pending, this.view.types.collections);
  }

  keepsGroup(group: number): boolean {
    return this.groups.keeps(group);
  }

  keepsRoot(_kind: number, root: number): boolean {
    const side = this.state.sideOf(root);
    if (side === 0) return false;
    this.state.set(side, Side.isKept, 1);
    return true;
  }

  keepsTable(table: number): boolean {
    this.state.keepTable(table);
    return true;
  }

  /**
   * Saves an entry of the snapshot's moment, by `writer` or, null, into the spill, or makes it a
   * side; in any case it is dealt with.
   */
  dealWith(entry: number, db: number, writer: RdbWriter | null): void {
    const { records, types } = this.view;
    const kind = records.kind(entry);
    const type = types.collections[kind];
    records.setMark(entry);
    this.state.noteDealtWith();
    if (type !== undefined) {
      const root = records.pointer(entry);
      if (this.#isLarge(type, kind, root)) return this.#addSide(type, kind, root, entry, db);
      this.#markAll(type, kind, root);
    } else if (this.strings.isLong(records.valueLength(entry)) && records.pointer(entry) !== 0) {
      return this.#addString(kind, entry, db);
    }
    if (writer !== null) return writer.entry(entry);
    const output = this.#output;
    output.reset();
    if (this.state.spillDb !== db) this.#writer.unselect();
    this.#writer.return(db);
    this.#writer.entry(entry);
    this.state.spill(db, output.bytes, output.end);
  }

  #isLarge(type: CollectionType, kind: number, root: number): boolean {
    if (type.nodes !== undefined) {
      if (type.nodes.nodes(root) > this.largeNodes) return true;
      return type.pendings !== undefined && type.pendings.pendingIn(root) > this.largeElements;
    }
    return type.memberTable(kind, root) !== 0 && type.size(kind, root) > this.largeElements;
  }

  #markAll(type: CollectionType, kind: number, root: number): void {
    const { records, tables } = this.view;
    const { nodes } = type;
    if (nodes !== undefined) {
      let node = nodes.firstNode(root);
      for (; node !== 0; node = nodes.nextNode(node)) nodes.marks.set(node);
      if (type.pendings !== undefined) this.groups.markAll(type.pendings, root);
      return;
    }
    const table = type.memberTable(kind, root);
    if (table === 0) return;
    const chains = tables.chains(table);
    for (let bucket = 0; bucket < chains; bucket++) {
      const count = tables.collect(table, bucket);
      for (let i = 0; i < count; i++) records.setMark(tables.found[i]);
    }
  }

  #newSide(kind: number, root: number, count: number, entry: number, db: number): number {
    const { records } = this.view;
    const deadline = records.deadline(entry);
    const clock = records.clock(entry);
    records.key(entry);
    const { bytes, start, end } = records;
    return this.state.addSide(kind, root, count, db, deadline, clock, bytes, start, end);
  }

  #addString(kind: number, entry: number, db: number): void {
    const { records } = this.view;
    const length = records.valueLength(entry);
    this.strings.open(this.#newSide(kind, records.pointer(entry), length, entry, db));
  }

  #addSide(type: CollectionType, kind: number, root: number, entry: number, db: number): void {
    const saved = type.savedKind?.(kind, root) ?? kind;
    const side = this.#newSide(saved, root, type.size(kind, root), entry, db);
    if (type.nodes !== undefined) this.chains.open(side, type.nodes, root);
    if (type.saveRest === undefined) return;
    const output = this.#output;
    output.reset();
    type.saveRest(root, output);
    this.state.addToSide(side, output.bytes, output.end, Side.rest);
    if (type.pendings !== undefined) this.groups.open(side, saved, type.pendings, root);
    if (type.saveEnd === undefined) return;
    output.reset();
    type.saveEnd(saved, root, output);
    this.state.addToSide(side, output.bytes, output.end, Side.end);
  }

  /** The number that the entry's database had at the snapshot's moment. */
  #databaseOf(entry: number): number {
    const { records, tables, databases } = this.view;
    records.key(entry);
    const { bytes, start, end } = records;
    const hash = tables.hash(bytes, start, end);
    for (let db = 0; db < databases; db++) {
      const table = this.state.table(db);
      if (table !== 0 && tables.find(table, hash, bytes, start, end) === entry) return db;
    }
    assert(false, "an entry that is old stands where it stood at the snapshot's moment");
    return 0;
  }

  #typeOf(kind: number): CollectionType {
    const type = this.view.types.collections[kind];
    assert(type !== undefined, "a side is of a collection");
    return type;
  }
}
