// Chunked list: a long sequence as a doubly linked chain of packed lists, each of some KiB, so that
// both ends are O(1), skipping goes by whole nodes, and an insertion moves the bytes of one node at
// most. It is Redis's quicklist, with two differences inside the node: header and packed list share
// one block, and the packed list may start at a distance from the header. That gap is what makes
// the left end as cheap as the right one: a push at the head writes before the first entry instead
// of moving up to 8 KiB (some 600 ns over shared memory when the shift is no multiple of 8), and a
// pop at the head only moves the six header bytes of the packed list. From `start` to
// `start + total` the bytes are a listpack like any other, and are written to files as they are.
//
//   list    0 i32 entries   4 i32 first node   8 i32 last node   12 i32 nodes
//
//   node    0 i32 previous  4 i32 next         8 i32 start       12 i32 length
//          16 gap · packed list · gap                    start ≥ 16, length 0
//          16 bytes of one element                       start 0: a plain node
//   Bit 31 of the length is the node's mark (see record.ts).
//
// Terms. Plain node: an element too large to share a node. Limit: how large a packed list may
// become, in bytes or in entries (list-max-listpack-size). Cursor: the entry that the fields `node`
// and `place` stand on; `seek`, `first`, `last`, `next`, `previous` move it, a change of the list
// through anything but `remove` ends it.
//
// Ranges given to an operation may lie anywhere but in the list that is changed (`PackedLists.hold`
// copies one aside). The list's own reference never changes.
//
// Invariants: (1) the chain is linked alike both ways, and counted; (2) no node is empty; (3) the
// entries of the nodes add up to the list's; (4) every packed list is sound and has fewer than
// 65535 entries; (5) list, gaps and header fit the node's block.
//
// A walk enters no more nodes than its list counts, and those are no more than the memory has room
// for: it ends, whatever a reader without a lock meets on the way.
//
// Costs: ends O(1); seek O(nodes + entries of a node); insert, replace, remove O(bytes of a node).

import { copyBytes } from "../base/bytes.ts";
import { torn } from "../base/torn-read.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import { ENTRIES_MAX, ListLimit } from "./list-limit.ts";
import { LENGTH_MASK, NodeMarks } from "./node-marks.ts";
import {
  backLengthSize,
  entryAfter,
  entryBefore,
  PACKED_EMPTY,
  PACKED_HEADER,
  type PackedLists,
  readU16,
  readU32,
  writeU16,
  writeU32,
} from "./packed-list.ts";
import { WalkBound } from "./walk-bound.ts";

// Words of a list's block and of a node's header.
const L = { entries: 0, first: 1, last: 2, nodes: 3, bytes: 16 } as const;
/** The word of a header that counts the nodes. */
export const NODES_WORD: number = L.nodes;
const N = { previous: 0, next: 1, start: 2, length: 3, bytes: 16 } as const;

const END_MARK = 0xff;
/** The bytes that a node starts with when the list has another already and the limit allows it. */
const NEXT_NODE_BYTES = 1024;
const NEXT_NODE_ENTRIES = 128;
/** In a long list it starts with as many for each node, up to what its neighbour has. */
const NEXT_NODE_BYTES_EACH = 256;

/** All chunked lists of one memory. */
export class ChunkedLists {
  readonly #memory: Memory;
  /** Where `read` leaves its range. */
  readonly packed: PackedLists;

  readonly marks: NodeMarks;

  /** The cursor's node; 0 when the cursor stands nowhere. */
  node = 0;
  #u8: Uint8Array;
  #place = 0;
  /** Length of the element when the cursor's node is plain, else −1. */
  #plainLength = -1;
  /** Where makeRoom left its node. */
  #moved = 0;

  readonly limit: ListLimit;
  readonly #bound: WalkBound;

  constructor(memory: Memory, packed: PackedLists, limit: ListLimit = new ListLimit()) {
    this.limit = limit;
    this.#memory = memory;
    this.marks = new NodeMarks(memory);
    this.#bound = new WalkBound(memory, L.nodes);
    this.packed = packed;
    this.#u8 = memory.u8[0];
  }

  // ---- Whole lists ----

  create(): number {
    const list = this.#memory.allocate(L.bytes);
    const words = this.#memory.i32[list >>> PLACE_BITS];
    const at = (list & PLACE_MASK) << 1;
    words[at + L.entries] = 0;
    words[at + L.first] = 0;
    words[at + L.last] = 0;
    words[at + L.nodes] = 0;
    return list;
  }

  /**
   * Frees up to `budget` nodes from the front, and the list itself after the last. Returns what is
   * left of the budget, or −1 when there are nodes left.
   */
  free(list: number, budget = Number.MAX_SAFE_INTEGER): number {
    let left = budget;
    for (let node = this.firstNode(list); node !== 0; node = this.firstNode(list)) {
      if (left <= 0) return -1;
      this.#unlink(list, node);
      left--;
    }
    this.#memory.free(list);
    return left;
  }

  count(list: number): number {
    return this.#memory.i32[list >>> PLACE_BITS][((list & PLACE_MASK) << 1) + L.entries];
  }

  nodes(list: number): number {
    return this.#memory.i32[list >>> PLACE_BITS][((list & PLACE_MASK) << 1) + L.nodes];
  }

  /** A second list with the same entries, in nodes without gaps. */
  copy(list: number): number {
    const copy = this.create();
    for (let node = this.firstNode(list); node !== 0; node = this.nextNode(node))
      this.#linkLast(copy, this.copyNode(node), this.#entriesOf(node));
    return copy;
  }

  /** A node of no list with the same elements, to be freed by freeNode. */
  copyNode(node: number): number {
    this.nodeRange(node);
    const { bytes, start, end } = this.packed;
    const isPlain = this.isPlain(node);
    return isPlain ? this.#newPlain(bytes, start, end) : this.#newPacked(bytes, start, end);
  }

  freeNode(node: number): void {
    this.#memory.free(node);
  }

  nodeBytes(node: number): number {
    return this.#memory.sizeOf(node);
  }

  /** Bytes of the blocks of the list. */
  memoryUsed(list: number): number {
    let bytes = this.#memory.sizeOf(list);
    this.#bound.begin(list);
    for (let node = this.firstNode(list); node !== 0; node = this.nextNode(node)) {
      bytes += this.#memory.sizeOf(node);
      this.#bound.leave(N.bytes);
    }
    return bytes;
  }

  // ---- Both ends ----

  /** Adds an element at the right end. */
  pushLast(list: number, bytes: Uint8Array, start: number, end: number): void {
    if (end - start > this.limit.sharingMax) {
      this.#linkLast(list, this.#newPlain(bytes, start, end), 1);
      return;
    }
    const { packed } = this;
    const memory = this.#memory;
    const length = packed.measure(bytes, start, end);
    const size = length + backLengthSize(length);
    const listWords = memory.i32[list >>> PLACE_BITS];
    const listAt = (list & PLACE_MASK) << 1;
    let node = listWords[listAt + L.last];
    if (node !== 0) {
      // A node with room behind its list, as nearly always: what `open` does, but nothing is read
      // twice.
      const u8 = memory.u8[node >>> PLACE_BITS];
      const base = (node & PLACE_MASK) << 3;
      const at = base + memory.i32[node >>> PLACE_BITS][(base >> 2) + N.start];
      const total = readU32(u8, at);
      const entries = readU16(u8, at + 4);
      const fits =
        at !== base && entries < this.limit.entriesMax && total + size <= this.limit.bytesMax;
      if (fits && at - base + total + size <= memory.sizeOf(node)) {
        if (this.marks.observer !== null) this.marks.tell(list, node);
        packed.put(u8, at + total - 1, length, bytes, start);
        u8[at + total - 1 + size] = END_MARK;
        writeU32(u8, at, total + size);
        writeU16(u8, at + 4, entries + 1);
        listWords[listAt + L.entries]++;
        return;
      }
    }
    if (node === 0 || !this.#fits(node, size)) {
      node = this.#emptyNode(this.#firstRoom(list, node, size), false);
      this.#linkLast(list, node, 0);
    }
    this.#insertMeasured(list, node, this.#endOffset(node), length, size, bytes, start);
  }

  /** Adds an element at the left end. */
  pushFirst(list: number, bytes: Uint8Array, start: number, end: number): void {
    if (end - start > this.limit.sharingMax) {
      this.#link(list, this.#newPlain(bytes, start, end), 0, this.firstNode(list), 1);
      return;
    }
    const { packed } = this;
    const memory = this.#memory;
    const length = packed.measure(bytes, start, end);
    const size = length + backLengthSize(length);
    const listWords = memory.i32[list >>> PLACE_BITS];
    const listAt = (list & PLACE_MASK) << 1;
    const first = listWords[listAt + L.first];
    let node = first;
    if (node !== 0) {
      const u8 = memory.u8[node >>> PLACE_BITS];
      const words = memory.i32[node >>> PLACE_BITS];
      const base = (node & PLACE_MASK) << 3;
      const startAt = words[(base >> 2) + N.start];
      const total = readU32(u8, base + startAt);
      const entries = readU16(u8, base + startAt + 4);
      const fits = entries < this.limit.entriesMax && total + size <= this.limit.bytesMax;
      // False for a plain node, whose `start` is 0.
      if (fits && startAt - N.bytes >= size) {
        if (this.marks.observer !== null) this.marks.tell(list, node);
        const at = base + startAt - size;
        packed.put(u8, at + PACKED_HEADER, length, bytes, start);
        writeU32(u8, at, total + size);
        writeU16(u8, at + 4, entries + 1);
        words[(base >> 2) + N.start] = startAt - size;
        listWords[listAt + L.entries]++;
        return;
      }
    }
    if (first === 0 || !this.#fits(first, size)) {
      node = this.#emptyNode(this.#firstRoom(list, first, size), true);
      this.#link(list, node, 0, first, 0);
    }
    const at = this.#startOffset(node) + PACKED_HEADER;
    this.#insertMeasured(list, node, at, length, size, bytes, start);
  }

  /** Puts the cursor on the first entry; false when there is none. */
  first(list: number): boolean {
    this.#bound.begin(list);
    return this.#enterFirst(this.firstNode(list));
  }

  /** Puts the cursor on the last entry; false when there is none. */
  last(list: number): boolean {
    this.#bound.begin(list);
    return this.#enterLast(this.lastNode(list));
  }

  // ---- The cursor ----

  /**
   * Puts the cursor on the entry at `index` (from the end when negative); false when there is none.
   */
  seek(list: number, index: number): boolean {
    const count = this.count(list);
    let rest = index < 0 ? index + count : index;
    if (!(rest >= 0 && rest < count)) {
      this.node = 0;
      return false;
    }
    this.#bound.begin(list);
    if (rest * 2 <= count) {
      let node = this.firstNode(list);
      for (let n = this.#entriesOf(node); rest >= n; n = this.#entriesOf(node)) {
        rest -= n;
        node = this.nextNode(node);
        this.#bound.leave(N.bytes);
      }
      this.#bound.begin(list);
      return this.#enterAt(node, rest);
    }
    let node = this.lastNode(list);
    let behind = count - 1 - rest;
    for (let n = this.#entriesOf(node); behind >= n; n = this.#entriesOf(node)) {
      behind -= n;
      node = this.previousNode(node);
      this.#bound.leave(N.bytes);
    }
    this.#bound.begin(list);
    return this.#enterAt(node, this.#entriesOf(node) - 1 - behind);
  }

  /** Moves the cursor one entry to the right; false (and no cursor) behind the last. */
  next(): boolean {
    if (this.#plainLength < 0) return this.goOn(entryAfter(this.#u8, this.#place));
    this.#bound.leave(N.bytes);
    return this.#enterFirst(this.nextNode(this.node));
  }

  /** As next, where it is known at which `place` in the node's bytes the next entry begins. */
  goOn(place: number): boolean {
    if (this.#u8[place] !== END_MARK) {
      this.#place = place;
      return true;
    }
    this.#bound.leave(place - ((this.node & PLACE_MASK) << 3));
    return this.#enterFirst(this.nextNode(this.node));
  }

  /** Moves the cursor one entry to the left; false (and no cursor) before the first. */
  previous(): boolean {
    if (this.#plainLength < 0 && this.#place > this.#firstPlace(this.node)) {
      this.#place = entryBefore(this.#u8, this.#place);
      return true;
    }
    this.#bound.leave(this.#plainLength < 0 ? this.#endOffset(this.node) : N.bytes);
    return this.#enterLast(this.previousNode(this.node));
  }

  /** Reads the cursor's entry into packed.bytes, start, end. Borrowed until the list changes. */
  read(): void {
    const { packed } = this;
    if (this.#plainLength < 0) return packed.readAt(this.#u8, this.#place);
    packed.bytes = this.#u8;
    packed.start = this.#place;
    packed.end = this.#place + this.#plainLength;
    packed.isInteger = false;
  }

  /** Whether the cursor's entry is stored as an integer, which is in packed.number then. */
  readInteger(): boolean {
    return this.#plainLength < 0 && this.packed.readIntegerAt(this.#u8, this.#place);
  }

  /** Whether the cursor's entry is this string. */
  equals(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#plainLength < 0)
      return this.packed.equalsPlace(this.#u8, this.#place, bytes, start, end);
    if (this.#plainLength !== end - start) return false;
    for (let i = start, j = this.#place; i < end; i++, j++)
      if (this.#u8[j] !== bytes[i]) return false;
    return true;
  }

  // ---- Changes at the cursor ----

  /** Inserts an element to the left of the cursor's. */
  insertBefore(list: number, bytes: Uint8Array, start: number, end: number): void {
    const node = this.node;
    if (this.#plainLength < 0) {
      this.#insertAt(list, node, this.#place - ((node & PLACE_MASK) << 3), bytes, start, end);
      return;
    }
    const previous = this.previousNode(node);
    if (previous !== 0 && !this.isPlain(previous))
      this.#insertAt(list, previous, this.#endOffset(previous), bytes, start, end);
    else this.#insertNode(list, previous, node, bytes, start, end);
    this.node = 0;
  }

  /** Inserts an element to the right of the cursor's. */
  insertAfter(list: number, bytes: Uint8Array, start: number, end: number): void {
    const node = this.node;
    if (this.#plainLength < 0) {
      const behind = entryAfter(this.#u8, this.#place) - ((node & PLACE_MASK) << 3);
      this.#insertAt(list, node, behind, bytes, start, end);
      return;
    }
    const next = this.nextNode(node);
    if (next !== 0 && !this.isPlain(next))
      this.#insertAt(list, next, this.#startOffset(next) + PACKED_HEADER, bytes, start, end);
    else this.#insertNode(list, node, next, bytes, start, end);
    this.node = 0;
  }

  /** Puts another element where the cursor's is. */
  replace(list: number, bytes: Uint8Array, start: number, end: number): void {
    const node = this.node;
    if (this.#plainLength >= 0) {
      this.#insertNode(list, node, this.nextNode(node), bytes, start, end);
      this.#unlink(list, node);
    } else {
      const base = (node & PLACE_MASK) << 3;
      const at = this.#place - base;
      const behind = entryAfter(this.#u8, this.#place) - base;
      const large = end - start > this.limit.sharingMax;
      const length = large ? 0 : this.packed.measure(bytes, start, end);
      if (behind - at === length + backLengthSize(length) && !large) {
        if (this.marks.observer !== null) this.marks.tell(list, node);
        this.packed.put(this.#u8, this.#place, length, bytes, start);
      } else {
        const kept = this.#cut(list, node, at, behind, 1);
        this.#insertAt(list, node, kept, bytes, start, end);
      }
    }
    this.node = 0;
  }

  /**
   * Removes the cursor's entry and puts the cursor on the one to its right, or to its left when
   * `forward` is false; false (and no cursor) when there is none.
   */
  remove(list: number, forward = true): boolean {
    const node = this.node;
    const other = forward ? this.nextNode(node) : this.previousNode(node);
    if (this.#plainLength >= 0 || this.#entriesOf(node) === 1) {
      this.#unlink(list, node);
      return forward ? this.#enterFirst(other) : this.#enterLast(other);
    }
    const base = (node & PLACE_MASK) << 3;
    const behind = entryAfter(this.#u8, this.#place) - base;
    this.#place = base + this.#cut(list, node, this.#place - base, behind, 1);
    if (forward) return this.#u8[this.#place] !== END_MARK || this.#enterFirst(other);
    if (this.#place === this.#firstPlace(node)) return this.#enterLast(other);
    this.#place = entryBefore(this.#u8, this.#place);
    return true;
  }

  /** Removes the first entry. REQUIRES: there is one. */
  removeFirst(list: number): void {
    const node = this.firstNode(list);
    if (this.#entriesOf(node) === 1) return this.#unlink(list, node);
    const at = this.#startOffset(node) + PACKED_HEADER;
    const base = (node & PLACE_MASK) << 3;
    const behind = entryAfter(this.#memory.u8[node >>> PLACE_BITS], base + at) - base;
    this.#cut(list, node, at, behind, 1);
    this.#shrink(list, node);
  }

  /** Removes the last entry. REQUIRES: there is one. */
  removeLast(list: number): void {
    const node = this.lastNode(list);
    if (this.#entriesOf(node) === 1) return this.#unlink(list, node);
    const end = this.#endOffset(node);
    const base = (node & PLACE_MASK) << 3;
    const at = entryBefore(this.#memory.u8[node >>> PLACE_BITS], base + end) - base;
    this.#cut(list, node, at, end, 1);
    this.#shrink(list, node);
  }

  /**
   * Removes up to `entries` entries from `index` (≥ 0) on; returns how many there were. They are
   * added to the list `kept`, if there is one: whole nodes as they are.
   */
  removeRange(list: number, index: number, entries: number, kept = 0): number {
    const wanted = Math.min(entries, this.count(list) - index);
    if (wanted <= 0 || !this.seek(list, index)) return 0;
    let node = this.node;
    let rest = wanted;
    while (rest > 0) {
      const next = this.nextNode(node);
      const base = (node & PLACE_MASK) << 3;
      const within = this.#entriesOf(node);
      if (this.#plainLength >= 0 || (this.#place === this.#firstPlace(node) && within <= rest)) {
        this.#detach(list, node);
        if (kept === 0) this.#memory.free(node);
        else this.#linkLast(kept, node, within);
        rest -= within;
      } else {
        let place = this.#place;
        let removed = 0;
        for (; removed < rest && this.#u8[place] !== END_MARK; removed++)
          place = entryAfter(this.#u8, place);
        if (kept !== 0) this.#newNode(kept, this.lastNode(kept), this.#u8, this.#place, place);
        this.#cut(list, node, this.#place - base, place - base, removed);
        this.#shrink(list, node);
        rest -= removed;
      }
      node = next;
      this.#enterFirst(node);
    }
    this.node = 0;
    return wanted;
  }

  /** Moves all nodes of `other` to the left or right end of the list, and frees `other`. */
  join(list: number, other: number, left: boolean): void {
    while (this.nodes(other) > 0) {
      const node = left ? this.lastNode(other) : this.firstNode(other);
      this.#detach(other, node);
      if (left) this.#link(list, node, 0, this.firstNode(list), this.#entriesOf(node));
      else this.#linkLast(list, node, this.#entriesOf(node));
    }
    this.#memory.free(other);
  }

  // ---- Nodes, for files ----

  firstNode(list: number): number {
    return this.#memory.i32[list >>> PLACE_BITS][((list & PLACE_MASK) << 1) + L.first];
  }

  lastNode(list: number): number {
    return this.#memory.i32[list >>> PLACE_BITS][((list & PLACE_MASK) << 1) + L.last];
  }

  nextNode(node: number): number {
    return this.#memory.i32[node >>> PLACE_BITS][((node & PLACE_MASK) << 1) + N.next];
  }

  previousNode(node: number): number {
    return this.#memory.i32[node >>> PLACE_BITS][((node & PLACE_MASK) << 1) + N.previous];
  }

  /** Whether the node is one element by itself rather than a packed list. */
  isPlain(node: number): boolean {
    return this.#startOffset(node) === 0;
  }

  /** Sets packed.bytes, start, end to the node's listpack, or to a plain node's element. */
  nodeRange(node: number): void {
    const start = this.#startOffset(node);
    const u8 = this.#memory.u8[node >>> PLACE_BITS];
    const base = (node & PLACE_MASK) << 3;
    this.packed.bytes = u8;
    if (start === 0) {
      const words = this.#memory.i32[node >>> PLACE_BITS];
      this.packed.start = base + N.bytes;
      this.packed.end = base + N.bytes + (words[(base >> 2) + N.length] & LENGTH_MASK);
    } else {
      this.packed.start = base + start;
      this.packed.end = base + start + readU32(u8, base + start);
    }
  }

  /** Appends a whole listpack as a node; `entries` is what `checkListpack` said of it. */
  appendListpack(list: number, bytes: Uint8Array, start: number, entries: number): void {
    const end = start + readU32(bytes, start);
    if (entries === 0) return;
    if (entries <= ENTRIES_MAX && readU16(bytes, start + 4) === entries) {
      this.#linkLast(list, this.#newPacked(bytes, start, end), entries);
      return;
    }
    for (let at = start + PACKED_HEADER; bytes[at] !== END_MARK; at = entryAfter(bytes, at)) {
      this.packed.readAt(bytes, at);
      this.pushLast(list, this.packed.bytes, this.packed.start, this.packed.end);
    }
  }

  /** Appends an element as a plain node, whatever its size. */
  appendPlain(list: number, bytes: Uint8Array, start: number, end: number): void {
    this.#linkLast(list, this.#newPlain(bytes, start, end), 1);
  }

  // ---- Inside: where things are in a node ----

  #startOffset(node: number): number {
    return this.#memory.i32[node >>> PLACE_BITS][((node & PLACE_MASK) << 1) + N.start];
  }

  /** Offset of the end mark in the node's block. */
  #endOffset(node: number): number {
    const start = this.#startOffset(node);
    const u8 = this.#memory.u8[node >>> PLACE_BITS];
    return start + readU32(u8, ((node & PLACE_MASK) << 3) + start) - 1;
  }

  #firstPlace(node: number): number {
    return ((node & PLACE_MASK) << 3) + this.#startOffset(node) + PACKED_HEADER;
  }

  #entriesOf(node: number): number {
    const start = this.#startOffset(node);
    if (start === 0) return 1;
    const u8 = this.#memory.u8[node >>> PLACE_BITS];
    return readU16(u8, ((node & PLACE_MASK) << 3) + start + 4);
  }

  /** Whether `size` more bytes and one more entry stay within the node's limit. */
  #fits(node: number, size: number): boolean {
    const start = this.#startOffset(node);
    if (start === 0) return false;
    const u8 = this.#memory.u8[node >>> PLACE_BITS];
    const base = ((node & PLACE_MASK) << 3) + start;
    const entries = readU16(u8, base + 4);
    if (entries === 0) return true;
    return entries < this.limit.entriesMax && readU32(u8, base) + size <= this.limit.bytesMax;
  }

  #enterFirst(node: number): boolean {
    this.node = node;
    if (node === 0) return false;
    const base = (node & PLACE_MASK) << 3;
    const words = this.#memory.i32[node >>> PLACE_BITS];
    const start = words[(base >> 2) + N.start];
    this.#u8 = this.#memory.u8[node >>> PLACE_BITS];
    if (start === 0) {
      this.#plainLength = words[(base >> 2) + N.length] & LENGTH_MASK;
      this.#place = base + N.bytes;
      if (this.#place + this.#plainLength > this.#u8.length) torn();
    } else {
      this.#plainLength = -1;
      this.#place = base + start + PACKED_HEADER;
    }
    return true;
  }

  #enterLast(node: number): boolean {
    if (!this.#enterFirst(node)) return false;
    if (this.#plainLength < 0) {
      const end = ((node & PLACE_MASK) << 3) + this.#endOffset(node);
      this.#place = entryBefore(this.#u8, end);
    }
    return true;
  }

  /** Puts the cursor on the entry at `index` of the node, from the nearer end. */
  #enterAt(node: number, index: number): boolean {
    this.#enterFirst(node);
    const entries = this.#entriesOf(node);
    if (index * 2 <= entries) {
      let place = this.#place;
      for (let i = 0; i < index; i++) place = entryAfter(this.#u8, place);
      this.#place = place;
    } else {
      let place = ((node & PLACE_MASK) << 3) + this.#endOffset(node);
      for (let i = entries; i > index; i--) place = entryBefore(this.#u8, place);
      this.#place = place;
    }
    return true;
  }

  // ---- Inside: making, linking and unlinking nodes ----

  /**
   * The room that a new node at an end is given. Growing a node to 8 KiB copies 40 KiB on the way,
   * which a long list saves: it can spare a 32nd of its bytes.
   */
  #firstRoom(list: number, neighbour: number, size: number): number {
    const needed = PACKED_EMPTY + size;
    if (neighbour === 0 || this.limit.entriesMax < NEXT_NODE_ENTRIES) return needed;
    const spare = this.nodes(list) * NEXT_NODE_BYTES_EACH - N.bytes;
    const start = this.#startOffset(neighbour);
    const usual = start === 0 ? 0 : this.#endOffset(neighbour) + 1 - start;
    const room = Math.min(usual, spare, this.limit.bytesMax);
    return Math.max(needed, NEXT_NODE_BYTES - N.bytes, room);
  }

  /** A node with an empty packed list and this much room for it, the gap before it or behind it. */
  #emptyNode(room: number, gapBefore: boolean): number {
    const node = this.#memory.allocate(N.bytes + room);
    const u8 = this.#memory.u8[node >>> PLACE_BITS];
    const base = (node & PLACE_MASK) << 3;
    const start = gapBefore ? this.#memory.sizeOf(node) - PACKED_EMPTY : N.bytes;
    const words = this.#memory.i32[node >>> PLACE_BITS];
    words[(base >> 2) + N.start] = start;
    words[(base >> 2) + N.length] = this.marks.present;
    writeU32(u8, base + start, PACKED_EMPTY);
    writeU16(u8, base + start + 4, 0);
    u8[base + start + PACKED_HEADER] = END_MARK;
    return node;
  }

  /** A node with a copy of this listpack. */
  #newPacked(bytes: Uint8Array, start: number, end: number): number {
    const node = this.#newPlain(bytes, start, end);
    const words = this.#memory.i32[node >>> PLACE_BITS];
    const at = (node & PLACE_MASK) << 1;
    words[at + N.start] = N.bytes;
    words[at + N.length] = this.marks.present;
    return node;
  }

  /** A plain node with a copy of these bytes. */
  #newPlain(bytes: Uint8Array, start: number, end: number): number {
    const node = this.#memory.allocate(N.bytes + end - start);
    const base = (node & PLACE_MASK) << 3;
    const words = this.#memory.i32[node >>> PLACE_BITS];
    words[(base >> 2) + N.start] = 0;
    words[(base >> 2) + N.length] = (end - start) | this.marks.present;
    copyBytes(bytes, start, end, this.#memory.u8[node >>> PLACE_BITS], base + N.bytes);
    return node;
  }

  #linkLast(list: number, node: number, entries: number): void {
    this.#link(list, node, this.lastNode(list), 0, entries);
  }

  /** Puts the node between two neighbours (0 is an end), and counts its entries. */
  #link(list: number, node: number, previous: number, next: number, entries: number): void {
    const words = this.#memory.i32[node >>> PLACE_BITS];
    const at = (node & PLACE_MASK) << 1;
    words[at + N.previous] = previous;
    words[at + N.next] = next;
    this.#point(list, previous, next, node);
    const listWords = this.#memory.i32[list >>> PLACE_BITS];
    const listAt = (list & PLACE_MASK) << 1;
    listWords[listAt + L.entries] += entries;
    listWords[listAt + L.nodes]++;
  }

  /** Makes what is before and behind a node point to `node`. */
  #point(list: number, previous: number, next: number, node: number): void {
    const listWords = this.#memory.i32[list >>> PLACE_BITS];
    const listAt = (list & PLACE_MASK) << 1;
    if (previous === 0) listWords[listAt + L.first] = node;
    else this.#memory.i32[previous >>> PLACE_BITS][((previous & PLACE_MASK) << 1) + N.next] = node;
    if (next === 0) listWords[listAt + L.last] = node;
    else this.#memory.i32[next >>> PLACE_BITS][((next & PLACE_MASK) << 1) + N.previous] = node;
  }

  /** Takes a node out of the chain, with its entries, and frees it. */
  #unlink(list: number, node: number): void {
    this.#detach(list, node);
    this.#memory.free(node);
  }

  /** Takes a node out of the chain, with its entries. */
  #detach(list: number, node: number): void {
    if (this.marks.observer !== null) this.marks.tell(list, node);
    const previous = this.previousNode(node);
    const next = this.nextNode(node);
    const listWords = this.#memory.i32[list >>> PLACE_BITS];
    const listAt = (list & PLACE_MASK) << 1;
    listWords[listAt + L.entries] -= this.#entriesOf(node);
    listWords[listAt + L.nodes]--;
    if (previous === 0) listWords[listAt + L.first] = next;
    else this.#memory.i32[previous >>> PLACE_BITS][((previous & PLACE_MASK) << 1) + N.next] = next;
    if (next === 0) listWords[listAt + L.last] = previous;
    else this.#memory.i32[next >>> PLACE_BITS][((next & PLACE_MASK) << 1) + N.previous] = previous;
  }

  // ---- Inside: inserting and removing bytes ----

  /** Inserts an element at an offset of a packed node: an entry's, or the end mark's. */
  #insertAt(
    list: number,
    node: number,
    at: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.node = 0;
    const entries = this.#entriesOf(node);
    if (end - start <= this.limit.sharingMax) {
      const length = this.packed.measure(bytes, start, end);
      const size = length + backLengthSize(length);
      if (this.#fits(node, size)) {
        this.#insertMeasured(list, node, at, length, size, bytes, start);
        return;
      }
    } else if (entries === 0) {
      this.#insertNode(list, node, this.nextNode(node), bytes, start, end);
      this.#unlink(list, node);
      return;
    }
    if (at === this.#startOffset(node) + PACKED_HEADER) {
      this.#insertNode(list, this.previousNode(node), node, bytes, start, end);
    } else if (at === this.#endOffset(node)) {
      this.#insertNode(list, node, this.nextNode(node), bytes, start, end);
    } else {
      this.#split(list, node, at);
      this.#insertNode(list, node, this.nextNode(node), bytes, start, end);
    }
  }

  /** Inserts an element between two neighbouring nodes, into one of them where it fits. */
  #insertNode(
    list: number,
    previous: number,
    next: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (end - start > this.limit.sharingMax) {
      this.#link(list, this.#newPlain(bytes, start, end), previous, next, 1);
      return;
    }
    const length = this.packed.measure(bytes, start, end);
    const size = length + backLengthSize(length);
    if (previous !== 0 && this.#fits(previous, size)) {
      const at = this.#endOffset(previous);
      this.#insertMeasured(list, previous, at, length, size, bytes, start);
    } else if (next !== 0 && this.#fits(next, size)) {
      const at = this.#startOffset(next) + PACKED_HEADER;
      this.#insertMeasured(list, next, at, length, size, bytes, start);
    } else {
      const node = this.#emptyNode(PACKED_EMPTY + size, false);
      this.#link(list, node, previous, next, 0);
      this.#insertMeasured(list, node, N.bytes + PACKED_HEADER, length, size, bytes, start);
      this.#mergeAround(list, node);
    }
  }

  /** Writes the entry that was measured at an offset of a node, which may move. */
  #insertMeasured(
    list: number,
    node: number,
    at: number,
    length: number,
    size: number,
    bytes: Uint8Array,
    start: number,
  ): void {
    const place = this.#open(list, node, at, size, 1);
    this.packed.put(this.#u8, place, length, bytes, start);
  }

  /**
   * Opens a gap of `size` bytes at an offset of a node, counts `entries` more, and returns its
   * place in `u8`. The shorter side moves into the room next to it; a block without room is left
   * for a larger one, with the new room on the side where it was wanted.
   */
  #open(list: number, node: number, at: number, size: number, entries: number): number {
    if (this.marks.observer !== null) this.marks.tell(list, node);
    const u8 = this.#memory.u8[node >>> PLACE_BITS];
    const words = this.#memory.i32[node >>> PLACE_BITS];
    const base = (node & PLACE_MASK) << 3;
    const start = words[(base >> 2) + N.start];
    const total = readU32(u8, base + start);
    const front = at - start - PACKED_HEADER;
    const rear = start + total - at;
    const atHead = front < rear;
    const block = this.#memory.sizeOf(node);
    let place = base + at;
    if (block - start - total >= size && (!atHead || start - N.bytes < size)) {
      if (rear === 1) u8[place + size] = END_MARK;
      else u8.copyWithin(place + size, place, place + rear);
      writeU32(u8, base + start, total + size);
      writeU16(u8, base + start + 4, readU16(u8, base + start + 4) + entries);
    } else if (start - N.bytes >= size) {
      const count = readU16(u8, base + start + 4);
      place -= size;
      if (front > 0) {
        const first = base + start + PACKED_HEADER;
        u8.copyWithin(first - size, first, first + front);
      }
      words[(base >> 2) + N.start] = start - size;
      writeU32(u8, base + start - size, total + size);
      writeU16(u8, base + start - size + 4, count + entries);
    } else {
      const shift = this.#makeRoom(list, node, size, atHead);
      return this.#open(list, this.#moved, at + shift, size, entries);
    }
    this.#u8 = u8;
    const listWords = this.#memory.i32[list >>> PLACE_BITS];
    listWords[((list & PLACE_MASK) << 1) + L.entries] += entries;
    return place;
  }

  /**
   * Gives a node room for `size` bytes before or behind its packed list, within its block or in a
   * larger one. Sets `moved` to where the node is now, and returns how far its content has shifted.
   * Shifts are multiples of 8 where that is possible: such copies are six times as fast.
   */
  #makeRoom(list: number, node: number, size: number, atHead: boolean): number {
    const u8 = this.#memory.u8[node >>> PLACE_BITS];
    const words = this.#memory.i32[node >>> PLACE_BITS];
    const base = (node & PLACE_MASK) << 3;
    const start = words[(base >> 2) + N.start];
    const total = readU32(u8, base + start);
    const before = start - N.bytes;
    const behind = this.#memory.sizeOf(node) - start - total;
    let shift = 0;
    if (before + behind >= size) {
      if (atHead) {
        const wanted = Math.max(size - before, behind >> 1);
        shift = Math.min((wanted + 7) & ~7, behind);
      } else {
        const wanted = Math.max(size - behind, before - (before >> 3));
        shift = -Math.min((wanted + 7) & ~7, before);
      }
      u8.copyWithin(base + start + shift, base + start, base + start + total);
      words[(base >> 2) + N.start] = start + shift;
      this.#moved = node;
      return shift;
    }
    const needed = N.bytes + total + size;
    const roomy = needed + (needed >> (total < 256 ? 3 : 2));
    const full = N.bytes + this.limit.bytesMax;
    const moved = this.#memory.allocate(needed <= full && roomy > full ? full : roomy);
    const block = this.#memory.sizeOf(moved);
    const low = start & 7;
    let target = N.bytes | low;
    if (atHead) {
      target = ((block - total - low) & ~7) | low;
      if (target - N.bytes < size) target = block - total;
    } else if (block - target - total < size) target = N.bytes;
    this.#memory.copy(node, start, moved, target, total);
    const movedWords = this.#memory.i32[moved >>> PLACE_BITS];
    const movedAt = (moved & PLACE_MASK) << 1;
    const previous = words[(base >> 2) + N.previous];
    const next = words[(base >> 2) + N.next];
    movedWords[movedAt + N.previous] = previous;
    movedWords[movedAt + N.next] = next;
    movedWords[movedAt + N.start] = target;
    movedWords[movedAt + N.length] = this.marks.present;
    this.#point(list, previous, next, moved);
    this.#memory.free(node);
    this.#moved = moved;
    return target - start;
  }

  /**
   * Removes the bytes between two offsets of a node, which are `entries` entries; the shorter side
   * moves. Returns the offset where the bytes behind the hole now are. The node may become empty.
   */
  #cut(list: number, node: number, from: number, to: number, entries: number): number {
    if (this.marks.observer !== null) this.marks.tell(list, node);
    const u8 = this.#memory.u8[node >>> PLACE_BITS];
    const words = this.#memory.i32[node >>> PLACE_BITS];
    const base = (node & PLACE_MASK) << 3;
    const start = words[(base >> 2) + N.start];
    const total = readU32(u8, base + start);
    const count = readU16(u8, base + start + 4) - entries;
    const size = to - from;
    const front = from - start - PACKED_HEADER;
    const rear = start + total - to;
    let after = start;
    if (front < rear) {
      if (front > 0) {
        const first = base + start + PACKED_HEADER;
        u8.copyWithin(first + size, first, first + front);
      }
      after = start + size;
      words[(base >> 2) + N.start] = after;
    } else if (rear === 1) u8[base + from] = END_MARK;
    else u8.copyWithin(base + from, base + to, base + to + rear);
    writeU32(u8, base + after, total - size);
    writeU16(u8, base + after + 4, count);
    const listWords = this.#memory.i32[list >>> PLACE_BITS];
    listWords[((list & PLACE_MASK) << 1) + L.entries] -= entries;
    return from + after - start;
  }

  /** Moves a node that fills less than a quarter of its block to a smaller one. */
  #shrink(list: number, node: number): void {
    const start = this.#startOffset(node);
    const u8 = this.#memory.u8[node >>> PLACE_BITS];
    const base = (node & PLACE_MASK) << 3;
    const total = readU32(u8, base + start);
    const block = this.#memory.sizeOf(node);
    if (block <= 128 || total * 4 > block) return;
    const moved = this.#newPacked(u8, base + start, base + start + total);
    const words = this.#memory.i32[moved >>> PLACE_BITS];
    const previous = this.previousNode(node);
    const next = this.nextNode(node);
    words[((moved & PLACE_MASK) << 1) + N.previous] = previous;
    words[((moved & PLACE_MASK) << 1) + N.next] = next;
    this.#point(list, previous, next, moved);
    this.#memory.free(node);
  }

  /** Moves the entries from an offset of a node on to a new node behind it. */
  #split(list: number, node: number, at: number): void {
    const u8 = this.#memory.u8[node >>> PLACE_BITS];
    const base = (node & PLACE_MASK) << 3;
    const end = this.#endOffset(node);
    const moved = this.#newNode(list, node, u8, base + at, base + end);
    this.#cut(list, node, at, end, moved);
  }

  /** Adds a node behind another (0: none) with copies of the entries u8[from, to); counts them. */
  #newNode(list: number, previous: number, u8: Uint8Array, from: number, to: number) {
    let entries = 0;
    for (let place = from; place < to; place = entryAfter(u8, place)) entries++;
    const node = this.#emptyNode(PACKED_EMPTY + to - from, false);
    this.#link(list, node, previous, previous === 0 ? 0 : this.nextNode(previous), 0);
    const place = this.#open(list, node, N.bytes + PACKED_HEADER, to - from, entries);
    copyBytes(u8, from, to, this.#u8, place);
    this.#u8 = u8;
    return entries;
  }

  /** Joins a node and its neighbours with each other where they fit into one. */
  #mergeAround(list: number, node: number): void {
    const previous = this.previousNode(node);
    const next = this.nextNode(node);
    if (previous !== 0) this.#merge(list, this.previousNode(previous), previous);
    if (next !== 0) this.#merge(list, next, this.nextNode(next));
    if (!this.#merge(list, node, this.nextNode(node)))
      this.#merge(list, this.previousNode(node), node);
  }

  /** Moves the entries of `right` to the end of `left` when both are packed and fit into one. */
  #merge(list: number, left: number, right: number): boolean {
    if (left === 0 || right === 0 || this.isPlain(left) || this.isPlain(right)) return false;
    const start = this.#startOffset(right) + PACKED_HEADER;
    const size = this.#endOffset(right) - start;
    const entries = this.#entriesOf(right);
    if (!this.#fits(left, size) || this.#entriesOf(left) + entries > this.limit.entriesMax)
      return false;
    const place = this.#open(list, left, this.#endOffset(left), size, entries);
    const base = (right & PLACE_MASK) << 3;
    copyBytes(
      this.#memory.u8[right >>> PLACE_BITS],
      base + start,
      base + start + size,
      this.#u8,
      place,
    );
    this.#unlink(list, right);
    return true;
  }
}
