// A cursor on the entries of a stream (stream-nodes.ts). It goes over live entries, either way, and
// stands on one after seek(), seekBack(), next() or previous() returned true, until the stream is
// changed by others than erase().
//
// An entry's pairs are read one after the other by nextPair(): `names` and `values` describe them
// by bytes, start, end, borrowed until the next pair, or a change. They are two packed lists, since
// each has one place for the digits of integers.
//
// What is only read ends, whatever bytes a reader without a lock meets: an element moves a walk
// forward, or backward, within its list, and a walk leaves no more nodes than its chain has.
//
// Cost: seeking goes by the logarithm of nodes, and by the elements of one node in front of the
// entry; a step goes by the entry's elements, and so does seeking on from where one was, if only
// entries behind it have come since. No operation allocates.

import { torn } from "../base/torn-read.ts";
import { PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import { entryAfter, entryBefore, PACKED_HEADER, PackedLists, readU32 } from "./packed-list.ts";
import { compareIds, copyId, createId, Id, type StreamId } from "./stream-id.ts";
import { addHalves, CHAIN_NODES, EntryFlag, SMALL_END, type StreamNodes } from "./stream-nodes.ts";
import { WalkBound } from "./walk-bound.ts";

/** Entries that remember() has remembered: what was said of each, one behind the other. */
const K = { chain: 1, changes: 2, node: 3, first: 4, at: 5, words: 6 } as const;
const PLACES = 64;

/** Where an entry is remembered for a key. */
function placeFor(key: number): number {
  return ((key ^ (key >>> 6)) & (PLACES - 1)) * K.words;
}

export class StreamCursor {
  /** The ID of the entry. */
  readonly id: StreamId = createId();
  /** How many pairs it has. */
  pairs = 0;
  /** Where the entry stands that erase() has erased. */
  erasedAt = 0;
  readonly names: PackedLists;
  readonly values: PackedLists;

  readonly #places = new Int32Array(PLACES * K.words);
  readonly #nodes: StreamNodes;
  readonly #packed: PackedLists;
  readonly #bound: WalkBound;
  readonly #master = createId();
  #chain = 0;
  /** The way that the walk goes since it left a node, or 0. */
  #way = 0;
  /** The node; 0: the cursor stands nowhere. */
  #node = 0;
  // Its list: the bytes, where it begins, where its end mark is, its first entry and its names.
  #u8: Uint8Array = new Uint8Array(0);
  #base = 0;
  #stop = 0;
  #first = 0;
  #fields = 0;
  #namesAt = 0;
  // The entry: where it begins, its first value or name, and the end of it; the pairs to come.
  #at = 0;
  #after = 0;
  #isSame = false;
  #nameAt = 0;
  #valueAt = 0;
  #left = 0;

  constructor(nodes: StreamNodes) {
    this.#nodes = nodes;
    this.#packed = new PackedLists(nodes.memory);
    this.names = new PackedLists(nodes.memory);
    this.values = new PackedLists(nodes.memory);
    this.#bound = new WalkBound(nodes.memory, CHAIN_NODES);
  }

  /** Where the entry stands: its node, and its cursor in the list. */
  get node(): number {
    return this.#node;
  }

  get at(): number {
    return this.#at - this.#base;
  }

  // Going to an entry

  /** Goes to the first live entry whose ID is not before this one; false when there is none. */
  seek(chain: number, id: StreamId): boolean {
    const nodes = this.#nodes;
    let node = nodes.nodeOf(chain, id);
    if (node === 0) node = nodes.firstNode(chain);
    this.#begin(chain);
    while (this.#enter(node)) {
      for (let at = this.#first; at < this.#stop; at = this.#after) {
        if (this.#read(at) && compareIds(this.id, id) >= 0) return this.#stand();
      }
      node = this.#leave(nodes.nextNode(node), 1);
    }
    return false;
  }

  /**
   * As seek(), for whoever goes on from where it was when remember() was called for its `key`.
   * REQUIRES: the lock, where several threads use the stream.
   */
  seekOn(chain: number, id: StreamId, key: number): boolean {
    const nodes = this.#nodes;
    const places = this.#places;
    const k = placeFor(key);
    const isKnown =
      places[k] === key &&
      places[k + K.chain] === chain &&
      places[k + K.changes] === nodes.changes(chain);
    if (!isKnown) return this.seek(chain, id);
    this.#begin(chain);
    this.#enter(places[k + K.node]);
    if (this.#first - this.#base !== places[k + K.first]) return this.seek(chain, id);
    this.#read(this.#base + places[k + K.at]);
    // From there it is a few entries, in this node or the next one; else others find it.
    if (compareIds(this.id, id) > 0) return this.seek(chain, id);
    for (let at = this.#at; at < this.#stop; at = this.#after) {
      if (this.#read(at) && compareIds(this.id, id) >= 0) return this.#stand();
    }
    return this.seek(chain, id);
  }

  /** Remembers the entry for seekOn(). */
  remember(key: number): void {
    const places = this.#places;
    const changes = this.#nodes.changes(this.#chain);
    const k = placeFor(key);
    places[k] = key;
    places[k + K.chain] = this.#chain;
    places[k + K.changes] = changes;
    places[k + K.node] = this.#node;
    places[k + K.first] = this.#first - this.#base;
    places[k + K.at] = this.#at - this.#base;
  }

  /** Goes to the last live entry whose ID is not after this one; false when there is none. */
  seekBack(chain: number, id: StreamId): boolean {
    this.#begin(chain);
    if (!this.#enter(this.#nodes.nodeOf(chain, id))) return false;
    this.#at = this.#stop;
    while (this.previous()) if (compareIds(this.id, id) <= 0) return true;
    return false;
  }

  /** Goes to the next live entry; false when there is none. */
  next(): boolean {
    let at = this.#after;
    for (;;) {
      for (; at < this.#stop; at = this.#after) if (this.#read(at)) return this.#stand();
      if (!this.#enter(this.#leave(this.#nodes.nextNode(this.#node), 1))) return false;
      at = this.#first;
    }
  }

  /** Goes to the live entry before; false when there is none. */
  previous(): boolean {
    for (;;) {
      while (this.#at > this.#first) {
        const pieces = this.#integer(entryBefore(this.#u8, this.#at));
        let at = entryBefore(this.#u8, this.#at);
        for (let i = 0; i < pieces && at > this.#first; i++) at = entryBefore(this.#u8, at);
        if (at < this.#first) torn();
        if (this.#read(at)) return this.#stand();
      }
      if (!this.#enter(this.#leave(this.#nodes.previousNode(this.#node), -1))) return false;
      this.#at = this.#stop;
    }
  }

  /** Reads the ID of a node's last entry, be that erased; the cursor stands nowhere then. */
  lastOf(chain: number, node: number, id: StreamId): void {
    this.#begin(chain);
    this.#enter(node);
    const pieces = this.#integer(entryBefore(this.#u8, this.#stop));
    let at = entryBefore(this.#u8, this.#stop);
    for (let i = 0; i < pieces && at > this.#first; i++) at = entryBefore(this.#u8, at);
    this.#read(at);
    copyId(this.id, id);
    this.#node = 0;
  }

  /** Back to the entry's first pair. */
  rewind(): void {
    this.#stand();
  }

  /** Describes the next pair of the entry; false after the last one. */
  nextPair(): boolean {
    if (this.#left === 0) return false;
    this.#left--;
    this.names.readAt(this.#u8, this.#nameAt);
    if (!this.#isSame) this.#valueAt = entryAfter(this.#u8, this.#nameAt);
    this.values.readAt(this.#u8, this.#valueAt);
    const behind = entryAfter(this.#u8, this.#valueAt);
    this.#nameAt = this.#isSame ? entryAfter(this.#u8, this.#nameAt) : behind;
    this.#valueAt = behind;
    return true;
  }

  /**
   * Erases the entry. Where it was the last live one of its node, the node is detached, is returned
   * and is the caller's, and the cursor stands nowhere; else 0, and next() goes on. `erasedAt` is
   * where the entry stands in its node's list now, for setErased() to take it back.
   */
  erase(): number {
    const nodes = this.#nodes;
    const node = this.#node;
    const length = this.#after - this.#at;
    const at = nodes.setErased(this.#chain, node, this.#at - this.#base, true);
    this.erasedAt = at;
    if (nodes.live(node) === 0) {
      nodes.detach(this.#chain, node);
      this.#node = 0;
      return node;
    }
    this.#enter(node);
    this.#at = this.#base + at;
    this.#after = this.#at + length;
    return 0;
  }

  // Inside

  #begin(chain: number): void {
    this.#chain = chain;
    this.#way = 0;
  }

  /** Leaves the node for another, forward (1) or backward (−1), which is returned. */
  #leave(to: number, way: number): number {
    if (this.#way !== way) this.#bound.begin(this.#chain);
    this.#way = way;
    this.#bound.leave(1);
    return to;
  }

  /** Opens a node; false where there is none. */
  #enter(node: number): boolean {
    this.#node = node;
    if (node === 0) return false;
    const list = this.#nodes.listOf(node);
    this.#nodes.masterId(node, this.#master);
    const u8 = this.#nodes.memory.u8[list >>> PLACE_BITS];
    this.#u8 = u8;
    this.#base = (list & PLACE_MASK) << 3;
    this.#stop = this.#base + readU32(u8, this.#base) - 1;
    if (!(this.#stop < u8.length)) torn();
    const fieldsAt = entryAfter(u8, entryAfter(u8, this.#base + PACKED_HEADER));
    this.#fields = this.#integer(fieldsAt);
    this.#namesAt = entryAfter(u8, fieldsAt);
    this.#first = entryAfter(u8, this.#skip(this.#namesAt, this.#fields));
    return true;
  }

  /** Reads an entry but for its pairs; whether it is live. */
  #read(at: number): boolean {
    const u8 = this.#u8;
    const flags = this.#integer(at);
    this.#at = at;
    this.#isSame = (flags & EntryFlag.sameFields) !== 0;
    let place = entryAfter(u8, at);
    for (let half: number = Id.msHigh; half <= Id.seqHigh; half += 2) {
      const head = u8[place];
      if (head < SMALL_END) addHalves(this.#master, half, 0, head, this.id);
      else {
        this.#integer(place);
        addHalves(this.#master, half, this.#packed.high, this.#packed.low, this.id);
      }
      place = entryAfter(u8, place);
    }
    if (this.#isSame) {
      this.pairs = this.#fields;
      this.#valueAt = place;
      place = this.#skip(place, this.pairs);
    } else {
      this.pairs = this.#integer(place);
      this.#valueAt = entryAfter(u8, place);
      place = this.#skip(this.#valueAt, 2 * this.pairs);
    }
    this.#after = entryAfter(u8, place); // behind the pieces
    return (flags & EntryFlag.erased) === 0;
  }

  /** The entry that was read is where the cursor stands. */
  #stand(): true {
    let at = this.#at;
    for (let i = 0; i < 3; i++) at = entryAfter(this.#u8, at);
    this.#left = this.pairs;
    this.#nameAt = this.#isSame ? this.#namesAt : entryAfter(this.#u8, at);
    this.#valueAt = at;
    return true;
  }

  /** The place behind so many elements. Torn where that is behind the list. */
  #skip(at: number, elements: number): number {
    let place = at;
    for (let i = 0; i < elements; i++) {
      place = entryAfter(this.#u8, place);
      if (!(place <= this.#stop)) torn();
    }
    return place;
  }

  #integer(at: number): number {
    const head = this.#u8[at];
    if (head < SMALL_END) return head;
    if (!this.#packed.readIntegerAt(this.#u8, at)) torn();
    return this.#packed.number;
  }
}
