// Stream nodes: the entries of a stream, in a chain of nodes. A node's entries are packed into one
// list (packed-list.ts), to the byte as Redis packs them, so that they go to and come from RDB
// files as they lie in memory. An entry has an ID (stream-id.ts), and pairs of field and value.
//
//   chain   0 i32 tree of nodes, or 0   4 i32 first node   8 i32 last node   12 i32 nodes
//          16 f64 live entries         24 u32 changes      28 whatever the owner keeps there
//   node    0 u32 × 4 master ID        16 i32 list   20 i32 next node, or 0   24 i32 node before
//          28 i32 mark
//   list    live, erased, fields, each field's name, 0, then entries
//   entry   flags, ms, sequence, each value, pieces                          (with sameFields)
//           flags, ms, sequence, fields, each name and its value, pieces     (without)
//
// Master ID: the node's first entry's as it was made; ms and sequence are differences to it, modulo
// 2⁶⁴. Names in the node are those of that entry too: an entry with the same ones has the flag
// sameFields and leaves them out. Pieces: how many elements of the list the entry has in front of
// this one, so that a walk backwards finds its flags. Erased: an entry with that flag, which stays
// where it is until its node goes. The tree has the nodes by master ID; a chain of one has none.
//
// Changes: the number of the last change that was not an entry behind all others, of those of all
// chains. While it is the same, an entry is at the same place of the same node, if the list's first
// one is; and it is the same chain, as no other ever has that number, wherever it lies.
//
// A node's block never moves, so it may be named for as long as it is there; its list does. A node
// leaves its chain by detach(), whole, and may come back by attach(): so removals are undone.
//
// Invariants, checked by verify():
//  (1) IDs ascend strictly, from entry to entry and from node to node, erased entries among them;
//      a node's first one is not before its master ID;
//  (2) every node has a live entry, and its live and erased ones are as many as it says;
//  (3) every entry is whole, and its pieces are as many as it says;
//  (4) links go both ways; nodes and live entries of the chain are as many as it says; the tree,
//      where there are two nodes or more, has just these.
//
// Cost: appending goes by the entry's bytes; finding a node by the logarithm of nodes, but the last
// one, which is looked at first, is found at once. Looking within a node is stream-cursor.ts's.

import { assert } from "../base/assert.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import { RootWord } from "../memory/root-words.ts";
import { IdTrees } from "./id-tree.ts";
import { NodeMarks } from "./node-marks.ts";
import {
  backLengthSize,
  checkListpack,
  entryAfter,
  PACKED_BYTES_MAX,
  PACKED_HEADER,
  PackedLists,
  readU16,
  readU32,
  writeU16,
  writeU32,
} from "./packed-list.ts";
import { compareIds, copyId, createId, Id, type StreamId } from "./stream-id.ts";

const C = { tree: 0, first: 1, last: 2, nodes: 3, entriesF64: 2, changes: 6, bytes: 28 } as const;
const N = { id: 0, list: 4, next: 5, before: 6, mark: 7, bytes: 32 } as const;

/** The word of a chain that counts its nodes. */
export const CHAIN_NODES: number = C.nodes;
/** Bytes of a chain: what its owner keeps begins there. */
export const CHAIN_BYTES: number = C.bytes;
/** The flags of an entry. */
export const EntryFlag = { erased: 1, sameFields: 2 } as const;

const END_MARK = 0xff;
const COUNT_UNKNOWN = 65535;
const NODE_BYTES_MAX = 4096;
const NODE_ENTRIES_MAX = 100;
/** Room for what an entry has beside names and values, and for a master's numbers. */
const NUMBERS_ROOM = 64;
/** Room that a short element takes beside its bytes, and a long one. */
const SHORT_ROOM = 2;
const LONG_ROOM = 10;
const SHORT_MAX = 63;
/** An integer from 0 to below this is one byte, and one behind it. */
export const SMALL_END = 128;

export class StreamNodes {
  /** stream-node-max-bytes and stream-node-max-entries; 0: as many as there may be. */
  bytesMax: number = NODE_BYTES_MAX;
  entriesMax: number = NODE_ENTRIES_MAX;
  readonly memory: Memory;
  readonly packed: PackedLists;
  readonly trees: IdTrees;
  /** Its observer is told before a node changes, or leaves its chain. */
  readonly marks: NodeMarks;

  // Where putting in elements has come to.
  #u8: Uint8Array = new Uint8Array(0);
  #at = 0;
  #elements = 0;
  readonly #id = createId();
  readonly #lastId = createId();
  /** How many entries of the list that check() looked at are live, and the last one's ID. */
  checkedLive = 0;
  readonly checkedLast = createId();
  readonly #lastNodeId = createId();

  constructor(memory: Memory) {
    this.memory = memory;
    this.packed = new PackedLists(memory);
    this.trees = new IdTrees(memory);
    this.marks = new NodeMarks(memory, N.mark);
  }

  // Chains

  /** A new chain without nodes; what its owner keeps in the rest of `bytes` is 0. */
  create(bytes: number = C.bytes): number {
    const chain = this.memory.allocate(bytes);
    const words = this.#words(chain);
    const at = wordOf(chain);
    for (let i = 0; i < bytes >> 2; i++) words[at + i] = 0;
    this.#countChange(chain);
    return chain;
  }

  /** Live entries. */
  count(chain: number): number {
    return this.memory.f64[chain >>> PLACE_BITS][(chain & PLACE_MASK) + C.entriesF64];
  }

  changes(chain: number): number {
    return this.#words(chain)[wordOf(chain) + C.changes];
  }

  nodes(chain: number): number {
    return this.#words(chain)[wordOf(chain) + C.nodes];
  }

  firstNode(chain: number): number {
    return this.#words(chain)[wordOf(chain) + C.first];
  }

  lastNode(chain: number): number {
    return this.#words(chain)[wordOf(chain) + C.last];
  }

  nextNode(node: number): number {
    return this.#words(node)[wordOf(node) + N.next];
  }

  previousNode(node: number): number {
    return this.#words(node)[wordOf(node) + N.before];
  }

  listOf(node: number): number {
    return this.#words(node)[wordOf(node) + N.list];
  }

  /** Live entries of a node. */
  live(node: number): number {
    const list = this.listOf(node);
    return this.#count(this.memory.u8[list >>> PLACE_BITS], placeOf(list) + PACKED_HEADER);
  }

  /** Entries of a node that are erased. */
  erased(node: number): number {
    const list = this.listOf(node);
    const u8 = this.memory.u8[list >>> PLACE_BITS];
    return this.#count(u8, entryAfter(u8, placeOf(list) + PACKED_HEADER));
  }

  masterId(node: number, id: StreamId): void {
    this.trees.readId(node, id);
  }

  /** The last node whose master ID is not after this ID, or 0. */
  nodeOf(chain: number, id: StreamId): number {
    const last = this.lastNode(chain);
    if (last === 0 || this.trees.compare(last, id) <= 0) return last;
    const tree = this.#words(chain)[wordOf(chain) + C.tree];
    return tree === 0 ? 0 : this.trees.findLast(tree, id);
  }

  /**
   * Frees nodes of up to about `budget` entries and, when none is left, the chain; true: gone.
   * Call it until then, and do nothing else with the chain from the first call on.
   */
  free(chain: number, budget: number): boolean {
    const words = this.#words(chain);
    const at = wordOf(chain);
    let left = budget;
    while (words[at + C.first] !== 0) {
      if (left <= 0) return false;
      const node = words[at + C.first];
      left -= this.live(node) + this.erased(node);
      words[at + C.first] = this.nextNode(node);
      this.freeNode(node);
    }
    const tree = words[at + C.tree];
    if (tree !== 0 && !this.trees.free(tree, Math.max(left, 1))) return false;
    this.memory.free(chain);
    return true;
  }

  /** An independent chain of as many bytes; what the owner keeps is copied as it is. */
  copy(chain: number, bytes: number = C.bytes): number {
    const copied = this.create(bytes);
    if (bytes > C.bytes) this.memory.copy(chain, C.bytes, copied, C.bytes, bytes - C.bytes);
    for (let node = this.firstNode(chain); node !== 0; node = this.nextNode(node)) {
      this.attach(copied, this.copyNode(node));
    }
    return copied;
  }

  /** Bytes of all blocks but the chain's own. */
  bytesUsed(chain: number): number {
    const tree = this.#words(chain)[wordOf(chain) + C.tree];
    let bytes = tree === 0 ? 0 : this.trees.memoryBytes(tree);
    for (let node = this.firstNode(chain); node !== 0; node = this.nextNode(node)) {
      bytes += this.nodeBytes(node);
    }
    return bytes;
  }

  // Nodes

  /** A node of no chain, with a list that is sound for it. */
  createNode(id: StreamId, list: number): number {
    const node = this.memory.allocate(N.bytes);
    const words = this.#words(node);
    const at = wordOf(node);
    this.trees.writeId(node, id);
    words[at + N.list] = list;
    words[at + N.next] = 0;
    words[at + N.before] = 0;
    words[at + N.mark] = this.marks.present;
    return node;
  }

  /** A node of no chain with the same entries. */
  copyNode(node: number): number {
    this.masterId(node, this.#id);
    return this.createNode(this.#id, this.packed.copy(this.listOf(node)));
  }

  nodeBytes(node: number): number {
    return this.memory.sizeOf(node) + this.memory.sizeOf(this.listOf(node));
  }

  /** Frees a node of no chain. */
  freeNode(node: number): void {
    this.packed.free(this.listOf(node));
    this.memory.free(node);
  }

  /** Puts a node, whose entries are in no other's range, into the chain. */
  attach(chain: number, node: number): void {
    this.masterId(node, this.#id);
    const before = this.nodeOf(chain, this.#id);
    const words = this.#words(chain);
    const at = wordOf(chain);
    const next = before === 0 ? words[at + C.first] : this.nextNode(before);
    this.#words(node)[wordOf(node) + N.before] = before;
    this.#words(node)[wordOf(node) + N.next] = next;
    this.#link(chain, before, node);
    this.#linkBack(chain, next, node);
    words[at + C.nodes]++;
    this.#countChange(chain);
    if (words[at + C.tree] !== 0) this.trees.insertBlock(words[at + C.tree], node);
    else if (words[at + C.nodes] === 2) this.#plant(chain);
    this.#addEntries(chain, this.live(node));
  }

  /** Takes a node out of its chain, and leaves it as it is. */
  detach(chain: number, node: number): void {
    if (this.marks.observer !== null) this.marks.tell(chain, node);
    const words = this.#words(chain);
    const at = wordOf(chain);
    const before = this.previousNode(node);
    const next = this.nextNode(node);
    this.#link(chain, before, next);
    this.#linkBack(chain, next, before);
    words[at + C.nodes]--;
    this.#countChange(chain);
    if (words[at + C.nodes] === 1) {
      while (!this.trees.free(words[at + C.tree], 1));
      words[at + C.tree] = 0;
    } else if (words[at + C.nodes] > 1) {
      const isRemoved = this.trees.removeBlock(words[at + C.tree], node);
      assert(isRemoved, "a node of the chain is in its tree");
    }
    this.#addEntries(chain, -this.live(node));
  }

  /** `node` comes after `before`, or first. */
  #link(chain: number, before: number, node: number): void {
    if (before === 0) this.#words(chain)[wordOf(chain) + C.first] = node;
    else this.#words(before)[wordOf(before) + N.next] = node;
  }

  /** `before` comes before `node`, or last. */
  #linkBack(chain: number, node: number, before: number): void {
    if (node === 0) this.#words(chain)[wordOf(chain) + C.last] = before;
    else this.#words(node)[wordOf(node) + N.before] = before;
  }

  #plant(chain: number): void {
    const tree = this.trees.create();
    this.#words(chain)[wordOf(chain) + C.tree] = tree;
    for (let node = this.firstNode(chain); node !== 0; node = this.nextNode(node)) {
      this.trees.insertBlock(tree, node);
    }
  }

  #countChange(chain: number): void {
    const { memory } = this;
    const changes = (memory.rootWord(RootWord.chainChanges) + 1) | 0;
    memory.setRootWord(RootWord.chainChanges, changes);
    this.#words(chain)[wordOf(chain) + C.changes] = changes;
  }

  #addEntries(chain: number, count: number): void {
    this.memory.f64[chain >>> PLACE_BITS][(chain & PLACE_MASK) + C.entriesF64] += count;
  }

  // Entries

  /**
   * Appends an entry, whose pairs are the ranges bytes[starts[i], ends[i]) with from ≤ i < to: a
   * name, its value, the next name. False where they are longer than a list may be.
   * REQUIRES: the ID is greater than each there is or was in the chain; the bytes lie in no list.
   */
  append(
    chain: number,
    id: StreamId,
    bytes: Uint8Array,
    starts: ArrayLike<number>,
    ends: ArrayLike<number>,
    from: number,
    to: number,
  ): boolean {
    let text = 0;
    let room = NUMBERS_ROOM;
    for (let i = from; i < to; i++) {
      const length = ends[i] - starts[i];
      text += length;
      room += length <= SHORT_MAX ? SHORT_ROOM : LONG_ROOM;
    }
    if (text > PACKED_BYTES_MAX) return false;
    let node = this.lastNode(chain);
    const isNew = node === 0 || !this.#hasRoom(node, text);
    let isSame = true;
    if (!isNew) {
      if (this.marks.observer !== null) this.marks.tell(chain, node);
      this.#countLive(node);
      isSame = this.#hasFields(this.listOf(node), bytes, starts, ends, from, to);
      this.masterId(node, this.#id);
      this.#open(node, text + room);
    } else {
      // Where there is a full one, the next will have about as much.
      const usual = node === 0 ? this.#usualBytes() : this.#fit(node);
      copyId(id, this.#id);
      const list = this.packed.create(Math.max(text + text + room, usual));
      node = this.createNode(id, list);
      this.#open(node, text + text + room);
      this.#putMaster(bytes, starts, ends, from, to);
    }
    this.#putEntry(id, isSame, bytes, starts, ends, from, to);
    this.#close(node);
    if (isNew) this.attach(chain, node);
    else this.#addEntries(chain, 1);
    return true;
  }

  /** Takes back what append() has appended last. REQUIRES: the entry is live. */
  dropLast(chain: number): void {
    const node = this.lastNode(chain);
    const { packed } = this;
    if (this.marks.observer !== null) this.marks.tell(chain, node);
    let list = this.listOf(node);
    if (this.live(node) + this.erased(node) === 1) {
      this.detach(chain, node);
      this.freeNode(node);
      return;
    }
    let at = packed.last(list);
    const pieces = this.#integer(list, at);
    for (let i = 0; i < pieces; i++) at = packed.previous(list, at);
    list = packed.removeRange(list, at, pieces + 1);
    list = packed.replaceInteger(list, PACKED_HEADER, this.#integer(list, PACKED_HEADER) - 1);
    this.#setList(node, list);
    this.#addEntries(chain, -1);
    this.#countChange(chain);
  }

  /**
   * Sets or takes back the erased flag of the entry at `at` of a node, where it was not so before,
   * and returns where the entry stands then. A node may be left without live entries: it is the
   * caller's to detach it.
   */
  setErased(chain: number, node: number, at: number, isErased: boolean): number {
    const { packed } = this;
    if (this.marks.observer !== null) this.marks.tell(chain, node);
    const step = isErased ? 1 : -1;
    this.#addEntries(chain, -step);
    this.#countChange(chain);
    let list = this.listOf(node);
    if (this.#erasesInPlace(list, at, step)) return at;
    const before = packed.totalBytes(list);
    const flags = this.#integer(list, at) ^ EntryFlag.erased;
    list = packed.replaceInteger(list, at, flags);
    const live = this.#integer(list, PACKED_HEADER);
    list = packed.replaceInteger(list, PACKED_HEADER, live - step);
    const second = packed.next(list, PACKED_HEADER);
    const erased = this.#integer(list, second);
    list = packed.replaceInteger(list, second, erased + step);
    this.#setList(node, list);
    return at + packed.totalBytes(list) - before;
  }

  /** As setErased, where both counts take a byte, before and after; else false, and no change. */
  #erasesInPlace(list: number, at: number, step: number): boolean {
    const u8 = this.memory.u8[list >>> PLACE_BITS];
    const base = placeOf(list);
    const live = base + PACKED_HEADER;
    const erased = live + 2;
    const most = SMALL_END - 1;
    if (u8[live] >= most || u8[erased] >= most) return false;
    u8[base + at] ^= EntryFlag.erased;
    u8[live] -= step;
    u8[erased] += step;
    return true;
  }

  /** Where a list's first entry stands, erased or not. */
  firstEntry(list: number): number {
    const { packed } = this;
    let at = packed.next(list, packed.next(list, PACKED_HEADER));
    const fields = this.#integer(list, at);
    at = packed.next(list, at);
    for (let i = 0; i <= fields && at !== 0; i++) at = packed.next(list, at);
    return at;
  }

  /** Whether another entry of so many bytes goes into the last node, as Redis decides it. */
  #hasRoom(node: number, text: number): boolean {
    const most = this.bytesMax;
    const bytesMax = most === 0 || most > PACKED_BYTES_MAX ? PACKED_BYTES_MAX : most;
    const list = this.listOf(node);
    const u8 = this.memory.u8[list >>> PLACE_BITS];
    const base = placeOf(list);
    if (readU32(u8, base) + text >= bytesMax) return false;
    if (this.entriesMax === 0) return true;
    const live = base + PACKED_HEADER;
    return this.#count(u8, live) + this.#count(u8, entryAfter(u8, live)) < this.entriesMax;
  }

  /** A count at a place in a list's bytes: nearly always it is below 128, and stands there. */
  #count(u8: Uint8Array, at: number): number {
    if (u8[at] < SMALL_END) return u8[at];
    this.packed.readIntegerAt(u8, at);
    return this.packed.low;
  }

  /** A node has one live entry more. */
  #countLive(node: number): void {
    const list = this.listOf(node);
    const u8 = this.memory.u8[list >>> PLACE_BITS];
    const at = placeOf(list) + PACKED_HEADER;
    if (u8[at] < SMALL_END - 1) u8[at]++;
    else {
      const live = this.#count(u8, at) + 1;
      this.#setList(node, this.packed.replaceInteger(list, PACKED_HEADER, live));
    }
  }

  /** The room with which a list is made. */
  #usualBytes(): number {
    return this.entriesMax === 1 ? 0 : 256;
  }

  /** Whether the node's names are those of these pairs. */
  #hasFields(
    list: number,
    bytes: Uint8Array,
    starts: ArrayLike<number>,
    ends: ArrayLike<number>,
    from: number,
    to: number,
  ): boolean {
    const u8 = this.memory.u8[list >>> PLACE_BITS];
    let at = entryAfter(u8, entryAfter(u8, placeOf(list) + PACKED_HEADER));
    if (this.#count(u8, at) !== (to - from) >> 1) return false;
    for (let i = from; i < to; i += 2) {
      at = entryAfter(u8, at);
      if (!this.packed.equalsPlace(u8, at, bytes, starts[i], ends[i])) return false;
    }
    return true;
  }

  /**
   * Gives back the room that a list, which will not grow any more, does not need. Returns the bytes
   * that it has.
   */
  #fit(node: number): number {
    const list = this.listOf(node);
    const total = this.packed.totalBytes(list);
    if (this.memory.sizeOf(list) - total < total >> 4) return total;
    this.#setList(node, this.packed.copy(list));
    this.packed.free(list);
    return total;
  }

  // Putting elements at the end of a list

  /** Makes room for so many bytes more, and begins at the list's end. */
  #open(node: number, room: number): void {
    let list = this.listOf(node);
    const total = this.packed.totalBytes(list);
    if (total + room > this.memory.sizeOf(list)) {
      // Half as much again, but no more than a list comes to have, or is needed.
      const most = Math.max(total + room, this.bytesMax === 0 ? PACKED_BYTES_MAX : this.bytesMax);
      list = this.memory.reallocate(list, Math.min(total + room + (total >> 1), most), total);
      this.#setList(node, list);
    }
    this.#u8 = this.memory.u8[list >>> PLACE_BITS];
    this.#at = placeOf(list) + total - 1;
    this.#elements = 0;
  }

  #close(node: number): void {
    const list = this.listOf(node);
    const base = placeOf(list);
    const count = readU16(this.#u8, base + 4);
    if (count !== COUNT_UNKNOWN) {
      writeU16(this.#u8, base + 4, Math.min(count + this.#elements, COUNT_UNKNOWN));
    }
    this.#u8[this.#at] = END_MARK;
    writeU32(this.#u8, base, this.#at + 1 - base);
  }

  #put(length: number, bytes: Uint8Array, start: number): void {
    this.packed.put(this.#u8, this.#at, length, bytes, start);
    this.#at += length + backLengthSize(length);
    this.#elements++;
  }

  /** REQUIRES: 0 ≤ value < SMALL_END. */
  #putSmall(value: number): void {
    this.#u8[this.#at] = value;
    this.#u8[this.#at + 1] = 1;
    this.#at += 2;
    this.#elements++;
  }

  #putInteger(value: number): void {
    if (value < SMALL_END) this.#putSmall(value);
    else this.#put(this.packed.measureInteger(value), this.#u8, 0);
  }

  #putMaster(
    bytes: Uint8Array,
    starts: ArrayLike<number>,
    ends: ArrayLike<number>,
    from: number,
    to: number,
  ): void {
    this.#putInteger(1);
    this.#putInteger(0);
    this.#putInteger((to - from) >> 1);
    for (let i = from; i < to; i += 2) {
      this.#put(this.packed.measure(bytes, starts[i], ends[i]), bytes, starts[i]);
    }
    this.#putInteger(0);
  }

  /** REQUIRES: #id is the node's master ID. */
  #putEntry(
    id: StreamId,
    isSame: boolean,
    bytes: Uint8Array,
    starts: ArrayLike<number>,
    ends: ArrayLike<number>,
    from: number,
    to: number,
  ): void {
    const fields = (to - from) >> 1;
    this.#putInteger(isSame ? EntryFlag.sameFields : 0);
    this.#putDifference(id, Id.msHigh);
    this.#putDifference(id, Id.seqHigh);
    if (!isSame) this.#putInteger(fields);
    for (let i = isSame ? from + 1 : from; i < to; i += isSame ? 2 : 1) {
      this.#put(this.packed.measure(bytes, starts[i], ends[i]), bytes, starts[i]);
    }
    this.#putInteger(isSame ? fields + 3 : 2 * fields + 4);
  }

  #putDifference(id: StreamId, at: number): void {
    const master = this.#id;
    const low = id[at + 1] - master[at + 1];
    const high = id[at] - master[at] - (low < 0 ? 1 : 0);
    if (high === 0 && low >= 0 && low < SMALL_END) this.#putSmall(low);
    else this.#put(this.packed.measureHalves(high, low), this.#u8, 0);
  }

  // Checking

  /**
   * Whether a listpack is sound as the list of a node with this master ID, all of whose entries are
   * after `last`; checkedLive and checkedLast are set then. For what comes from outside.
   */
  check(bytes: Uint8Array, start: number, end: number, master: StreamId, last: StreamId): boolean {
    if (checkListpack(bytes, start, end) < 0) return false;
    const { packed, checkedLast } = this;
    const stop = end - 1;
    this.#u8 = bytes;
    this.#at = start + PACKED_HEADER;
    const live = this.#take(stop);
    const erased = this.#take(stop);
    const fields = this.#take(stop);
    // A number above what the list has room for is none; it may be one that a double cannot hold.
    if (!(live > 0 && erased >= 0 && fields >= 0 && fields < end - start)) return false;
    if (!this.#skip(fields, stop) || this.#take(stop) !== 0) return false;
    let [liveSeen, erasedSeen] = [0, 0];
    copyId(last, checkedLast);
    while (this.#at < stop) {
      const flags = this.#take(stop);
      if (!(flags >= 0 && flags <= 3)) return false;
      for (let at: number = Id.msHigh; at <= Id.seqHigh; at += 2) {
        if (Number.isNaN(this.#take(stop))) return false;
        addHalves(master, at, packed.high, packed.low, this.#lastId);
      }
      if (compareIds(this.#lastId, checkedLast) <= 0) return false;
      if (compareIds(this.#lastId, master) < 0) return false;
      copyId(this.#lastId, checkedLast);
      let pieces = fields + 3;
      if ((flags & EntryFlag.sameFields) !== 0) {
        if (!this.#skip(fields, stop)) return false;
      } else {
        const own = this.#take(stop);
        if (!(own >= 0 && own < end - start) || !this.#skip(2 * own, stop)) return false;
        pieces = 2 * own + 4;
      }
      if (this.#take(stop) !== pieces) return false;
      if ((flags & EntryFlag.erased) !== 0) erasedSeen++;
      else liveSeen++;
    }
    this.checkedLive = live;
    return live === liveSeen && erased === erasedSeen;
  }

  /** The integer at the place that checking has come to, or NaN. */
  #take(stop: number): number {
    if (this.#at >= stop || !this.packed.readIntegerAt(this.#u8, this.#at)) return Number.NaN;
    this.#at = entryAfter(this.#u8, this.#at);
    return this.packed.number;
  }

  #skip(elements: number, stop: number): boolean {
    for (let i = 0; i < elements; i++) {
      if (this.#at >= stop) return false;
      this.#at = entryAfter(this.#u8, this.#at);
    }
    return true;
  }

  /** Checks every invariant of the essay above; stops with an assertion where one is broken. */
  verify(chain: number): void {
    const words = this.#words(chain);
    const at = wordOf(chain);
    const tree = words[at + C.tree];
    let [nodes, entries, before] = [0, 0, 0];
    for (let node = this.firstNode(chain); node !== 0; node = this.nextNode(node)) {
      this.#verifyNode(chain, node, before);
      entries += this.checkedLive;
      nodes++;
      before = node;
    }
    assert(this.lastNode(chain) === before, "the last node is known");
    assert(words[at + C.nodes] === nodes, "the chain's nodes are counted");
    assert(this.count(chain) === entries, "the chain's live entries are counted");
    assert((tree !== 0) === nodes > 1, "there is a tree where there is more than one node");
    if (tree !== 0) {
      this.trees.verify(tree);
      assert(this.trees.count(tree) === nodes, "the tree has no other node");
    }
  }

  /**
   * As verify, of about `budget` entries from node number `from` on; returns where to go on, or 0
   * at the end. What counts the whole chain is not compared.
   */
  verifyNodes(chain: number, from: number, budget: number): number {
    const tree = this.#words(chain)[wordOf(chain) + C.tree];
    let node = this.firstNode(chain);
    if (from > 0) node = tree !== 0 && this.trees.at(tree, from) ? this.trees.value : 0;
    let number = from;
    if (node !== 0 && this.previousNode(node) !== 0) this.#checkNode(this.previousNode(node), 0);
    for (let left = budget; node !== 0 && left > 0; number++) {
      this.#verifyNode(chain, node, this.previousNode(node));
      left -= this.checkedLive;
      node = this.nextNode(node);
    }
    return node === 0 ? 0 : number;
  }

  /** Checks a node behind another, or 0, which was checked last; checkedLive is set then. */
  #verifyNode(chain: number, node: number, before: number): void {
    const tree = this.#words(chain)[wordOf(chain) + C.tree];
    assert(this.previousNode(node) === before, "nodes are linked both ways");
    assert(before === 0 || this.nextNode(before) === node, "nodes are linked both ways");
    this.#checkNode(node, before);
    if (tree === 0) return;
    assert(this.trees.find(tree, this.#id) === node, "the tree has each node");
  }

  #checkNode(node: number, before: number): void {
    const master = this.#id;
    const last = this.#lastNodeId;
    this.masterId(node, master);
    const list = this.listOf(node);
    this.packed.verify(list);
    this.packed.whole(list);
    const { bytes, start, end } = this.packed;
    if (before === 0) last.fill(0);
    else copyId(this.checkedLast, last);
    assert(before === 0 || compareIds(master, last) > 0, "nodes are in order");
    assert(this.check(bytes, start, end, master, last), "a node's entries are sound");
  }

  // Inside

  /** The integer at a cursor of a list. */
  #integer(list: number, at: number): number {
    this.packed.readInteger(list, at);
    return this.packed.number;
  }

  #setList(node: number, list: number): void {
    this.#words(node)[wordOf(node) + N.list] = list;
  }

  #words(ref: number): Int32Array {
    return this.memory.i32[ref >>> PLACE_BITS];
  }
}

/** Two words of `to` become those of `id` plus an integer's halves, modulo 2⁶⁴. */
export function addHalves(id: StreamId, at: number, high: number, low: number, to: StreamId): void {
  const sum = id[at + 1] + (low >>> 0);
  to[at + 1] = sum;
  to[at] = id[at] + (high >>> 0) + (sum > 0xffffffff ? 1 : 0);
}

function wordOf(ref: number): number {
  return (ref & PLACE_MASK) << 1;
}

/** Where a block's bytes begin in its segment. */
function placeOf(ref: number): number {
  return (ref & PLACE_MASK) << 3;
}
