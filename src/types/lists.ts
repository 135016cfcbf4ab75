// Lists. The structure is a chunked list in both encodings, and its root never moves; what Redis
// calls `listpack` and `quicklist` is a matter of size and is kept as the entry's kind:
//
//   packed   what a list begins as, as long as `list-max-listpack-size` allows
//   chunked  beyond; back to packed when one node is left that is half the limit or less
//
// The rules are Redis 7.2's: a growing list is judged before the elements are added, by the bytes
// that it has and the bytes of the elements, without what their encoding would add or save.
//
// Operations take the entry: the record in the keyspace whose pointer is the root. Ranges that they
// read lie in `packed.bytes`, `start`, `end`, and are borrowed until the next change or read.
// An element that is added may not lie in the list that it is added to.

import { assert } from "../base/assert.ts";
import type { ChangeObserver } from "../keyspace/change-observer.ts";
import type { CollectionType, ValueDigest, ValueSink, ValueSource } from "../keyspace/data-type.ts";
import { type EntryJournal, listening } from "../keyspace/entry-journal.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Memory } from "../memory/memory.ts";
import { ChunkedLists, NODES_WORD } from "../structures/chunked-list.ts";
import { verifyList, verifyNodes } from "../structures/chunked-list-verification.ts";
import { ZiplistReader } from "../structures/foreign-lists.ts";
import { ListLimit } from "../structures/list-limit.ts";
import {
  checkListpack,
  type MakeOfRange,
  PACKED_EMPTY,
  PackedLists,
  SHORT_MAX,
} from "../structures/packed-list.ts";
import type { Records } from "../structures/record.ts";
import { WalkBound } from "../structures/walk-bound.ts";
import { End, LIST, ListUndo } from "./list-undo.ts";

/** So many elements of a node, about, take as long to check as one member of a table. */
const NODE_ELEMENTS = 16;

export { End, LIST };

/** Its kinds there. */
export const ListKind = { packed: 3, chunked: 4 } as const;

/** The encoding of lists in RDB files, and what its nodes hold (rdb.h of Redis 7.0). */
const Format = { plain: 1, ziplist: 10, ziplists: 14, nodes: 18 } as const;
const Container = { plain: 1, packed: 2 } as const;

/** The lists of a keyspace: a handler gives its context, whatever else has one gives itself. */
export function listsOf(owner: { readonly keyspace: Keyspace }): Lists {
  return owner.keyspace.types.byNumber[LIST] as Lists;
}

export class Lists implements CollectionType {
  readonly type: number = LIST;
  readonly name = "list";
  readonly kinds = [
    [ListKind.packed, "listpack"],
    [ListKind.chunked, "quicklist"],
  ] as const;
  /** The kind that goes with the root that create or load returned. */
  createdKind: number = ListKind.packed;
  readonly formats = Object.values(Format);
  readonly settings = {
    "list-max-listpack-size": (value: number): void => {
      this.limit = value;
    },
  };
  readonly tuning = {
    "quicklist-packed-threshold": (bytes: number): void => {
      this.chunked.limit.setPlainFrom(bytes);
    },
  };
  journal: EntryJournal | null = null;
  #observer: ChangeObserver | null = null;
  readonly undo: ListUndo;
  readonly memory: Memory;
  readonly records: Records;
  readonly packed: PackedLists;
  /** The structure by itself: cursors and nodes, by root. */
  readonly chunked: ChunkedLists;

  readonly #ziplist = new ZiplistReader();
  /** Of a walk over nodes without the lock. */
  readonly #bound: WalkBound;

  /** Index of the element that findFirst found. */
  #found = 0;

  constructor(keyspace: Keyspace) {
    const { memory, records } = keyspace;
    this.memory = memory;
    this.records = records;
    this.packed = new PackedLists(memory);
    const limit = new ListLimit(keyspace.settingsOf(LIST, []));
    this.#bound = new WalkBound(memory, NODES_WORD);
    this.chunked = new ChunkedLists(memory, this.packed, limit);
    this.undo = new ListUndo(memory, this.chunked);
  }

  /** list-max-listpack-size: −1 … −5 are 4 … 64 KiB, from 0 on it is a number of entries. */
  get limit(): number {
    return this.chunked.limit.value;
  }

  set limit(fill: number) {
    this.chunked.limit.set(fill);
  }

  // As a data type

  size(_kind: number, root: number): number {
    return this.chunked.count(root);
  }

  free(_kind: number, root: number, budget: number): boolean {
    return this.chunked.free(root, budget) >= 0;
  }

  copy(_kind: number, root: number): number {
    return this.chunked.copy(root);
  }

  bytesUsed(_kind: number, root: number): number {
    return this.chunked.memoryUsed(root);
  }

  describe(kind: number, root: number): string {
    if (kind !== ListKind.chunked) return "";
    const { chunked, packed } = this;
    let bytes = 0;
    for (let node = chunked.firstNode(root); node !== 0; node = chunked.nextNode(node)) {
      chunked.nodeRange(node);
      bytes += packed.end - packed.start;
    }
    const nodes = chunked.nodes(root);
    return (
      ` ql_nodes:${nodes} ql_avg_node:${(chunked.count(root) / nodes).toFixed(2)} ` +
      `ql_listpack_max:${this.limit} ql_compressed:0 ql_uncompressed_size:${bytes}`
    );
  }

  verify(kind: number, root: number): void {
    assert(kind === ListKind.packed || kind === ListKind.chunked, "a list is of a list kind");
    verifyList(this.chunked, this.memory, root);
  }

  verifyFrom(_kind: number, root: number, from: number, budget: number): number {
    const nodes = Math.ceil(budget / NODE_ELEMENTS);
    return verifyNodes(this.chunked, this.memory, root, from, nodes);
  }

  memberTable(): number {
    return 0;
  }

  observe(observer: ChangeObserver | null, mark: number): void {
    this.#observer = observer;
    this.chunked.marks.observer = observer;
    this.chunked.marks.present = mark;
  }

  get nodes(): ChunkedLists {
    return this.chunked;
  }

  // Saved: each node as it lies in memory

  formatOf(): number {
    return Format.nodes;
  }

  save(_kind: number, root: number, sink: ValueSink): void {
    const { chunked, packed } = this;
    sink.length(chunked.nodes(root));
    this.#bound.begin(root);
    for (let node = chunked.firstNode(root); node !== 0; node = chunked.nextNode(node)) {
      this.saveNode(node, sink);
      this.#bound.leave(packed.end - packed.start);
    }
  }

  load(format: number, source: ValueSource): number {
    const { chunked } = this;
    const root = this.create();
    const parts = format === Format.ziplist ? 1 : source.count();
    for (let i = 0; i < parts && !source.failed; i++) {
      const container = format === Format.nodes ? source.length() : Container.packed;
      source.string();
      const { bytes, start, end } = source;
      if (source.failed) break;
      if (format === Format.plain) chunked.pushLast(root, bytes, start, end);
      else if (format !== Format.nodes) this.#loadZiplist(root, source);
      else if (container === Container.plain) chunked.appendPlain(root, bytes, start, end);
      else if (container === Container.packed) {
        const entries = checkListpack(bytes, start, end);
        if (entries >= 0) chunked.appendListpack(root, bytes, start, entries);
        else source.fail("a node of a list is not sound");
      } else source.fail("a node of a list is not sound");
    }
    if (source.failed || chunked.count(root) === 0) {
      chunked.free(root);
      return 0;
    }
    this.createdKind = this.kindOf(root);
    return root;
  }

  #loadZiplist(root: number, source: ValueSource): void {
    const reader = this.#ziplist;
    reader.open(source.bytes, source.start, source.end);
    while (reader.next()) {
      this.chunked.pushLast(root, reader.bytes, reader.start, reader.end);
    }
    if (!reader.isSound) source.fail("the ziplist of a list is not sound");
  }

  saveNode(node: number, sink: ValueSink): void {
    const { chunked, packed } = this;
    chunked.nodeRange(node);
    sink.length(chunked.isPlain(node) ? Container.plain : Container.packed);
    sink.string(packed.bytes, packed.start, packed.end);
  }

  digest(entry: number, into: ValueDigest): void {
    const { chunked, packed } = this;
    let there = chunked.first(this.records.pointer(entry));
    for (; there; there = chunked.next()) {
      chunked.read();
      into.next(packed.bytes, packed.start, packed.end);
    }
  }

  // Whole lists

  /** The root of a new empty list. */
  create(): number {
    this.createdKind = ListKind.packed;
    return this.chunked.create();
  }

  length(entry: number): number {
    return this.chunked.count(this.records.pointer(entry));
  }

  /** The list is about to be given `added` elements of `bytes` bytes together. */
  willGrow(entry: number, added: number, bytes: number): void {
    if (this.records.kind(entry) !== ListKind.packed) return;
    const root = this.records.pointer(entry);
    const size = this.#packedBytes(root) + bytes;
    const tooMany =
      this.limit >= 0 && this.chunked.count(root) + added > this.chunked.limit.entriesMax;
    if (size > this.chunked.limit.elementMax || tooMany) this.#setKind(entry, ListKind.chunked);
  }

  /** The list has lost elements, or large ones have become small. */
  hasShrunk(entry: number): void {
    if (this.records.kind(entry) !== ListKind.chunked) return;
    const root = this.records.pointer(entry);
    const chunked = this.chunked;
    if (chunked.nodes(root) !== 1 || chunked.isPlain(chunked.firstNode(root))) return;
    const fits =
      this.limit >= 0
        ? chunked.count(root) <= this.chunked.limit.entriesMax >> 1
        : this.#packedBytes(root) <= this.chunked.limit.elementMax >> 1;
    if (fits) this.#setKind(entry, ListKind.packed);
  }

  #setKind(entry: number, kind: number): void {
    if (this.journal !== null) this.journal.retyped(entry, this.records.kind(entry));
    this.records.setKind(entry, kind);
  }

  /** The kind that suits a list whose nodes came from a file. */
  kindOf(root: number): number {
    const chunked = this.chunked;
    if (chunked.nodes(root) !== 1 || chunked.isPlain(chunked.firstNode(root)))
      return ListKind.chunked;
    const tooMany = this.limit >= 0 && chunked.count(root) > this.chunked.limit.entriesMax;
    return tooMany || this.#packedBytes(root) > this.chunked.limit.elementMax
      ? ListKind.chunked
      : ListKind.packed;
  }

  /** Bytes of the listpack that would hold all entries; the list has a node or two. */
  #packedBytes(root: number): number {
    const chunked = this.chunked;
    let bytes = PACKED_EMPTY;
    for (let node = chunked.firstNode(root); node !== 0; node = chunked.nextNode(node)) {
      chunked.nodeRange(node);
      bytes += this.packed.end - this.packed.start - (chunked.isPlain(node) ? 0 : PACKED_EMPTY);
    }
    return bytes;
  }

  // Ends

  /** Adds an element at an end. REQUIRES: willGrow has been called for it. */
  push(entry: number, end: number, bytes: Uint8Array, start: number, stop: number): void {
    if (this.#observer !== null) this.#observer.beforeEntry(entry);
    const root = this.records.pointer(entry);
    if (end === End.left) this.chunked.pushFirst(root, bytes, start, stop);
    else this.chunked.pushLast(root, bytes, start, stop);
    const journal = listening(this.journal, entry);
    if (journal !== null) this.undo.pushed(journal, root, end, 1);
  }

  /**
   * Adds the elements bytes[starts[i], stops[i]), from ≤ i < to, one after the other at an end.
   * Returns how many the list then has.
   */
  pushEach(
    entry: number,
    end: number,
    bytes: Uint8Array,
    starts: Int32Array,
    stops: Int32Array,
    from: number,
    to: number,
  ): number {
    const { records, chunked } = this;
    if (this.#observer !== null) this.#observer.beforeEntry(entry);
    if (records.kind(entry) === ListKind.packed) {
      let length = 0;
      for (let i = from; i < to; i++) length += stops[i] - starts[i];
      this.willGrow(entry, to - from, length);
    }
    const root = records.pointer(entry);
    for (let i = from; i < to; i++) {
      if (end === End.left) chunked.pushFirst(root, bytes, starts[i], stops[i]);
      else chunked.pushLast(root, bytes, starts[i], stops[i]);
    }
    const journal = listening(this.journal, entry);
    if (journal !== null) this.undo.pushed(journal, root, end, to - from);
    return chunked.count(root);
  }

  /** Reads the element at an end into packed.bytes, start, end; the cursor stands on it. */
  readEnd(entry: number, end: number): void {
    const root = this.records.pointer(entry);
    if (end === End.left) this.chunked.first(root);
    else this.chunked.last(root);
    this.chunked.read();
  }

  /** Removes the element at an end. REQUIRES: there is one. */
  removeEnd(entry: number, end: number): void {
    if (this.#observer !== null) this.#observer.beforeEntry(entry);
    const root = this.records.pointer(entry);
    const journal = listening(this.journal, entry);
    if (journal !== null) this.undo.pop(journal, root, end, 1);
    else if (end === End.left) this.chunked.removeFirst(root);
    else this.chunked.removeLast(root);
  }

  /** Removes `count` elements at an end; hasShrunk is the caller's to call. */
  removeFromEnd(entry: number, end: number, count: number): void {
    if (this.#observer !== null) this.#observer.beforeEntry(entry);
    const root = this.records.pointer(entry);
    const journal = listening(this.journal, entry);
    if (journal !== null) {
      if (count > 0) this.undo.pop(journal, root, end, count);
      return;
    }
    const from = end === End.left ? 0 : this.chunked.count(root) - count;
    this.chunked.removeRange(root, from, count);
  }

  // Anywhere

  /** Puts the cursor on the element at `index` (negative: from the end); false if there is none. */
  seek(entry: number, index: number): boolean {
    return this.chunked.seek(this.records.pointer(entry), index);
  }

  /**
   * Appends to `out` what `make` makes of each of `count` elements, from the cursor's on to the
   * right. Short strings, which most are, are walked over by themselves: 6 ns less for each than by
   * the cursor, of 35 on Node and Bun.
   */
  makeEach<T>(count: number, make: MakeOfRange<T>, out: T[]): void {
    const { chunked, packed } = this;
    const wanted = out.length + count;
    for (let more = count > 0; more; ) {
      chunked.read();
      const { bytes, start, end } = packed;
      out.push(make(bytes, start, end));
      if (out.length === wanted) return;
      if (packed.isInteger || end - start > SHORT_MAX || chunked.isPlain(chunked.node)) {
        more = chunked.next();
      } else {
        const behind = packed.makeShort(bytes, end + 1, wanted - out.length, make, out);
        more = out.length < wanted && chunked.goOn(behind);
      }
    }
  }

  /** Replaces the element at `index`; false when there is none. */
  set(entry: number, index: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#observer !== null) this.#observer.beforeEntry(entry);
    const root = this.records.pointer(entry);
    if (!this.chunked.seek(root, index)) return false;
    const journal = listening(this.journal, entry);
    if (journal !== null) this.undo.keepElement(journal, root, index);
    this.willGrow(entry, 1, end - start);
    this.chunked.replace(root, bytes, start, end);
    this.hasShrunk(entry);
    return true;
  }

  /** Puts the cursor on the first element that equals the range; false when there is none. */
  findFirst(entry: number, bytes: Uint8Array, start: number, end: number): boolean {
    const chunked = this.chunked;
    let there = chunked.first(this.records.pointer(entry));
    let index = 0;
    for (; there && !chunked.equals(bytes, start, end); index++) there = chunked.next();
    this.#found = index;
    return there;
  }

  /**
   * Inserts an element beside the one that findFirst found.
   * REQUIRES: it has found one, and willGrow has been called.
   */
  insertAtFound(
    entry: number,
    before: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (this.#observer !== null) this.#observer.beforeEntry(entry);
    const root = this.records.pointer(entry);
    if (before) this.chunked.insertBefore(root, bytes, start, end);
    else this.chunked.insertAfter(root, bytes, start, end);
    const journal = listening(this.journal, entry);
    const index = before ? this.#found : this.#found + 1;
    if (journal !== null) this.undo.inserted(journal, root, index);
  }

  /**
   * Removes elements that equal the range: at most `count` from the left, −`count` from the right
   * when it is negative, all when it is 0. Returns how many.
   */
  removeEqual(entry: number, count: number, bytes: Uint8Array, start: number, end: number): number {
    if (this.#observer !== null) this.#observer.beforeEntry(entry);
    const chunked = this.chunked;
    const root = this.records.pointer(entry);
    const forward = count >= 0;
    const limit = count === 0 ? Number.MAX_SAFE_INTEGER : Math.abs(count);
    const journal = listening(this.journal, entry);
    let removed = 0;
    if (journal !== null) this.undo.beginRemoving(root, forward);
    let there = forward ? chunked.first(root) : chunked.last(root);
    while (there && removed < limit) {
      if (chunked.equals(bytes, start, end)) {
        there = chunked.remove(root, forward);
        if (journal !== null) this.undo.isRemoved();
        removed++;
      } else {
        there = forward ? chunked.next() : chunked.previous();
        if (journal !== null) this.undo.isPassed();
      }
    }
    if (journal !== null) this.undo.endRemoving(journal, root, bytes, start, end);
    if (removed > 0) this.hasShrunk(entry);
    return removed;
  }

  /** Keeps the elements from index `from` to before index `to` (both within the list). */
  keepRange(entry: number, from: number, to: number): void {
    this.removeFromEnd(entry, End.right, this.length(entry) - to);
    this.removeFromEnd(entry, End.left, from);
    this.hasShrunk(entry);
  }
}
