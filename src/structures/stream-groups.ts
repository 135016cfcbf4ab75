// The groups of a stream: who has been given which of its entries, and has not acknowledged them.
//
//   group      0 u32 × 4 last ID that was delivered    16 f64 entries read, or −1 where unknown
//             24 i32 tree of pending entries, or 0     28 i32 tree of consumers, or 0
//             32 i32 tree of pending entries by time, or 0
//             36 name (name-tree.ts)
//   consumer   0 f64 seen       8 f64 active, or −1    16 i32 tree of its pending entries, or 0
//             20 unused        36 name
//   pending    0 u32 × 4 ID    16 f64 delivered        24 f64 deliveries
//             32 i32 consumer, or 0: it was given back, and is whoever's claims it
//             36 i32 mark (node-marks.ts)
//
// Times are milliseconds since 1970. Groups of a stream, and consumers of a group, stand in name
// trees. A pending entry is one block in two ID trees: its group's, and its consumer's. Trees come
// with the first item, and go with the last. The tree by time is there for groups from which
// somebody has claimed what is pending longest: it is made then, of all that is pending.
//
// Whatever is taken out is left as it is, and may be put back: that is how removals are undone.
//
// Invariants, checked by verify(): (1) a pending entry of a group is in the tree of its consumer,
// if it has one, and in no other's; (2) that is a consumer of the group; (3) no tree is empty;
// (4) the tree by time, where there is one, has what is pending, and nothing else.
//
// Cost: O(log n) for everything but making a tree by time, freeing, copying and verifying.

import { assert } from "../base/assert.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import { IdTrees } from "./id-tree.ts";
import { NameTrees } from "./name-tree.ts";
import { NodeMarks } from "./node-marks.ts";
import { createId, type StreamId } from "./stream-id.ts";

const G = { readF64: 2, pending: 6, consumers: 7, times: 8 } as const;
const U = { seenF64: 0, activeF64: 1, pending: 4 } as const;
const P = { deliveredF64: 2, deliveriesF64: 3, consumer: 8, mark: 9, bytes: 40 } as const;

/** Where, in words, a group's ID and numbers stand, for whoever notes how they were. */
export const GroupWord = { lastId: 0, entriesRead: 4 } as const;
/** Likewise in a consumer. */
export const ConsumerWord = { seen: 0, active: 2 } as const;
/** Likewise in a pending entry. */
export const PendingWord = { deliveries: 6 } as const;

/** What stands for a number that is not known. */
export const UNKNOWN = -1;
/** No more deliveries than this are counted: 2⁶³, which stands for what is one below. */
export const DELIVERIES_MAX: number = 2 ** 63;

/** Pending entries by the time of their delivery, then by ID. */
class TimeTrees extends IdTrees {
  protected override keyOf(pending: number): number {
    return this.memory.f64[pending >>> PLACE_BITS][floatOf(pending) + P.deliveredF64];
  }
}

export class StreamGroups {
  readonly memory: Memory;
  readonly names: NameTrees;
  readonly ids: IdTrees;
  readonly times: IdTrees;
  /** Of pending entries. */
  readonly marks: NodeMarks;
  readonly #id = createId();

  constructor(memory: Memory) {
    this.memory = memory;
    this.names = new NameTrees(memory);
    this.ids = new IdTrees(memory);
    this.times = new TimeTrees(memory);
    this.marks = new NodeMarks(memory, P.mark);
  }

  // Groups

  /** A group of no stream. */
  createGroup(
    bytes: Uint8Array,
    start: number,
    end: number,
    lastId: StreamId,
    entriesRead: number,
  ): number {
    const group = this.names.createBlock(bytes, start, end);
    this.ids.writeId(group, lastId);
    this.setEntriesRead(group, entriesRead);
    return group;
  }

  lastId(group: number, id: StreamId): void {
    this.ids.readId(group, id);
  }

  setLastId(group: number, id: StreamId): void {
    this.ids.writeId(group, id);
  }

  entriesRead(group: number): number {
    return this.#floats(group)[floatOf(group) + G.readF64];
  }

  setEntriesRead(group: number, count: number): void {
    this.#floats(group)[floatOf(group) + G.readF64] = count;
  }

  /** The tree of a group's pending entries, or 0. */
  pendingOf(group: number): number {
    return this.#words(group)[wordOf(group) + G.pending];
  }

  /** The tree of a group's consumers, or 0. */
  consumersOf(group: number): number {
    return this.#words(group)[wordOf(group) + G.consumers];
  }

  /** The tree of a group's pending entries by time, or 0. */
  timesOf(group: number): number {
    return this.#words(group)[wordOf(group) + G.times];
  }

  /** Likewise, which is made where there is none yet; 0: nothing is pending. */
  openTimes(group: number): number {
    const pending = this.pendingOf(group);
    let tree = this.timesOf(group);
    if (tree !== 0 || pending === 0) return tree;
    tree = this.times.create();
    this.#words(group)[wordOf(group) + G.times] = tree;
    for (let more = this.ids.at(pending, 0); more; more = this.ids.next()) {
      this.times.insertBlock(tree, this.ids.value);
    }
    return tree;
  }

  /** How many entries are pending in a group. */
  pendingCount(group: number): number {
    const tree = this.pendingOf(group);
    return tree === 0 ? 0 : this.ids.count(tree);
  }

  consumerCount(group: number): number {
    const tree = this.consumersOf(group);
    return tree === 0 ? 0 : this.names.count(tree);
  }

  /** How many entries are pending for no consumer. */
  unownedCount(group: number): number {
    let count = this.pendingCount(group);
    const tree = this.consumersOf(group);
    let more = tree !== 0 && this.names.at(tree, 0);
    for (; more; more = this.names.next()) count -= this.owned(this.names.value);
    return count;
  }

  /** Frees up to about `budget` pending entries of a group of no stream; true: it is gone. */
  freeGroup(group: number, budget: number): boolean {
    if (!this.emptyGroup(group, budget)) return false;
    this.memory.free(group);
    return true;
  }

  /** Likewise, of a group that may stand in its stream; true: nothing but its block is left. */
  emptyGroup(group: number, budget: number): boolean {
    const words = this.#words(group);
    const at = wordOf(group);
    let left = budget;
    if (words[at + G.times] !== 0) {
      if (!this.times.free(words[at + G.times], Math.max(left, 1))) return false;
      words[at + G.times] = 0;
    }
    while (words[at + G.consumers] !== 0) {
      if (left-- <= 0) return false;
      const consumer = this.names.firstValue(words[at + G.consumers]);
      const tree = this.consumersPending(consumer);
      if (tree !== 0 && !this.ids.free(tree, Math.max(left, 1))) return false;
      this.#words(consumer)[wordOf(consumer) + U.pending] = 0;
      this.detachConsumer(group, consumer);
      this.memory.free(consumer);
    }
    while (words[at + G.pending] !== 0) {
      if (left-- <= 0) return false;
      const pending = this.ids.firstValue(words[at + G.pending]);
      this.#takeOut(group, G.pending, pending);
      this.memory.free(pending);
    }
    return true;
  }

  /** An independent group of no stream. */
  copyGroup(group: number): number {
    const { names, ids } = this;
    const copied = this.#copyNamed(group, G.pending);
    const consumers = this.consumersOf(group);
    const count = consumers === 0 ? 0 : names.count(consumers);
    for (let i = 0; i < count; i++) {
      names.at(consumers, i);
      const consumer = names.value;
      const own = this.#copyNamed(consumer, U.pending);
      this.attachConsumer(copied, own);
      const tree = this.consumersPending(consumer);
      const pendings = tree === 0 ? 0 : ids.count(tree);
      for (let j = 0; j < pendings; j++) {
        ids.at(tree, j);
        const pending = ids.value;
        ids.readId(pending, this.#id);
        const [time, times] = [this.delivered(pending), this.deliveries(pending)];
        this.attachPending(copied, this.createPending(own, this.#id, time, times));
      }
    }
    if (this.pendingCount(copied) < this.pendingCount(group)) this.#copyUnowned(group, copied);
    return copied;
  }

  #copyUnowned(group: number, copied: number): void {
    const { ids } = this;
    const tree = this.pendingOf(group);
    const count = ids.count(tree);
    for (let i = 0; i < count; i++) {
      ids.at(tree, i);
      const pending = ids.value;
      if (this.consumerOf(pending) !== 0) continue;
      ids.readId(pending, this.#id);
      const [time, times] = [this.delivered(pending), this.deliveries(pending)];
      this.attachPending(copied, this.createPending(0, this.#id, time, times));
    }
  }

  /** Bytes of the blocks of a group, its own among them. */
  bytesUsed(group: number): number {
    const { memory, names, ids } = this;
    let bytes = memory.sizeOf(group);
    const pending = this.pendingOf(group);
    if (pending !== 0) {
      bytes += ids.memoryBytes(pending);
      ids.at(pending, 0);
      bytes += ids.count(pending) * memory.sizeOf(ids.value);
    }
    const times = this.timesOf(group);
    if (times !== 0) bytes += this.times.memoryBytes(times);
    const consumers = this.consumersOf(group);
    if (consumers === 0) return bytes;
    bytes += names.memoryBytes(consumers);
    for (let more = names.at(consumers, 0); more; more = names.next()) {
      bytes += memory.sizeOf(names.value);
      const tree = this.consumersPending(names.value);
      if (tree !== 0) bytes += ids.memoryBytes(tree);
    }
    return bytes;
  }

  // Consumers

  /** A consumer of no group. */
  createConsumer(bytes: Uint8Array, start: number, end: number, seen: number): number {
    const consumer = this.names.createBlock(bytes, start, end);
    this.setSeen(consumer, seen);
    this.setActive(consumer, UNKNOWN);
    return consumer;
  }

  /** The consumer of a group with this name, or 0. */
  findConsumer(group: number, bytes: Uint8Array, start: number, end: number): number {
    const tree = this.consumersOf(group);
    return tree === 0 ? 0 : this.names.find(tree, bytes, start, end);
  }

  /** REQUIRES: the group has no consumer with this name. */
  attachConsumer(group: number, consumer: number): void {
    const words = this.#words(group);
    const at = wordOf(group) + G.consumers;
    if (words[at] === 0) words[at] = this.names.create();
    this.names.insertBlock(words[at], consumer);
  }

  /** Takes a consumer out of its group, and leaves it. REQUIRES: nothing is pending for it. */
  detachConsumer(group: number, consumer: number): void {
    assert(this.consumersPending(consumer) === 0, "nothing is pending for who goes");
    const words = this.#words(group);
    const at = wordOf(group) + G.consumers;
    const wasThere = this.names.removeBlock(words[at], consumer);
    assert(wasThere, "a consumer is its group's");
    if (this.names.count(words[at]) > 0) return;
    this.names.free(words[at], 1);
    words[at] = 0;
  }

  seen(consumer: number): number {
    return this.#floats(consumer)[floatOf(consumer) + U.seenF64];
  }

  setSeen(consumer: number, time: number): void {
    this.#floats(consumer)[floatOf(consumer) + U.seenF64] = time;
  }

  active(consumer: number): number {
    return this.#floats(consumer)[floatOf(consumer) + U.activeF64];
  }

  setActive(consumer: number, time: number): void {
    this.#floats(consumer)[floatOf(consumer) + U.activeF64] = time;
  }

  /** The tree of what is pending for a consumer, or 0. */
  consumersPending(consumer: number): number {
    return this.#words(consumer)[wordOf(consumer) + U.pending];
  }

  /** How many entries are pending for a consumer. */
  owned(consumer: number): number {
    const tree = this.consumersPending(consumer);
    return tree === 0 ? 0 : this.ids.count(tree);
  }

  // Pending entries

  /** A pending entry that is in no tree, of a consumer or, with 0, of none. */
  createPending(consumer: number, id: StreamId, delivered: number, deliveries: number): number {
    const pending = this.memory.allocate(P.bytes);
    this.ids.writeId(pending, id);
    this.#words(pending)[wordOf(pending) + P.consumer] = consumer;
    this.#words(pending)[wordOf(pending) + P.mark] = this.marks.present;
    this.#floats(pending)[floatOf(pending) + P.deliveredF64] = delivered;
    this.setDeliveries(pending, deliveries);
    return pending;
  }

  /** The pending entry of a group with this ID, or 0. */
  findPending(group: number, id: StreamId): number {
    const tree = this.pendingOf(group);
    return tree === 0 ? 0 : this.ids.find(tree, id);
  }

  /** Puts a pending entry into its group and its consumer. REQUIRES: its ID is not pending. */
  attachPending(group: number, pending: number): void {
    this.#putIn(group, G.pending, pending);
    const times = this.timesOf(group);
    if (times !== 0) this.times.insertBlock(times, pending);
    const consumer = this.consumerOf(pending);
    if (consumer !== 0) this.#putIn(consumer, U.pending, pending);
  }

  /** Takes a pending entry out of its group and its consumer, and leaves it. */
  detachPending(group: number, pending: number): void {
    this.#takeOut(group, G.pending, pending);
    this.#leave(group, pending);
  }

  /** As detachPending, of what findPending() has just found. */
  detachFound(group: number, pending: number): void {
    const words = this.#words(group);
    const at = wordOf(group) + G.pending;
    this.ids.removeFound(words[at], pending);
    if (this.ids.count(words[at]) === 0) this.#freeTree(words, at);
    this.#leave(group, pending);
  }

  /** What is pending in a group no more is so for nobody. */
  #leave(group: number, pending: number): void {
    const times = this.timesOf(group);
    if (times !== 0) this.#takeTime(group, times, pending);
    const consumer = this.consumerOf(pending);
    if (consumer !== 0) this.#takeOut(consumer, U.pending, pending);
  }

  consumerOf(pending: number): number {
    return this.#words(pending)[wordOf(pending) + P.consumer];
  }

  /** Gives a pending entry to another consumer of its group or, with 0, to none. */
  setConsumer(pending: number, consumer: number): void {
    const before = this.consumerOf(pending);
    if (before !== 0) this.#takeOut(before, U.pending, pending);
    this.#words(pending)[wordOf(pending) + P.consumer] = consumer;
    if (consumer !== 0) this.#putIn(consumer, U.pending, pending);
  }

  delivered(pending: number): number {
    return this.#floats(pending)[floatOf(pending) + P.deliveredF64];
  }

  /** Sets when an entry that is pending in the group was delivered. */
  setDelivered(group: number, pending: number, time: number): void {
    const times = this.timesOf(group);
    if (times !== 0) this.times.removeBlock(times, pending);
    this.#floats(pending)[floatOf(pending) + P.deliveredF64] = time;
    if (times !== 0) this.times.insertBlock(times, pending);
  }

  deliveries(pending: number): number {
    return this.#floats(pending)[floatOf(pending) + P.deliveriesF64];
  }

  setDeliveries(pending: number, count: number): void {
    this.#floats(pending)[floatOf(pending) + P.deliveriesF64] = count;
  }

  #putIn(owner: number, word: number, pending: number): void {
    const words = this.#words(owner);
    const at = wordOf(owner) + word;
    if (words[at] === 0) words[at] = this.ids.create();
    this.ids.insertBlock(words[at], pending);
  }

  #takeOut(owner: number, word: number, pending: number): void {
    const words = this.#words(owner);
    const at = wordOf(owner) + word;
    const wasThere = this.ids.removeBlock(words[at], pending);
    assert(wasThere, "what is pending is in its trees");
    if (this.ids.count(words[at]) === 0) this.#freeTree(words, at);
  }

  /** Frees the empty tree whose reference is words[at]. */
  #freeTree(words: Int32Array, at: number): void {
    this.ids.free(words[at], 1);
    words[at] = 0;
  }

  #takeTime(group: number, tree: number, pending: number): void {
    const wasThere = this.times.removeBlock(tree, pending);
    assert(wasThere, "what is pending is in the tree by time");
    if (this.times.count(tree) > 0) return;
    this.times.free(tree, 1);
    this.#words(group)[wordOf(group) + G.times] = 0;
  }

  // Checking

  /** Checks every invariant of the essay above; stops with an assertion where one is broken. */
  verify(group: number): void {
    const { names, ids } = this;
    const all = this.pendingOf(group);
    const count = this.pendingCount(group);
    let left = 0;
    if (all !== 0) {
      assert(count > 0, "no tree of pending entries is empty");
      ids.verify(all);
      for (let i = 0; i < count; i++) {
        ids.at(all, i);
        if (this.consumerOf(ids.value) !== 0) left++;
      }
    }
    const consumers = this.consumersOf(group);
    if (consumers !== 0) {
      names.verify(consumers);
      assert(names.count(consumers) > 0, "no tree of consumers is empty");
      for (let more = names.at(consumers, 0); more; more = names.next()) {
        left -= this.#verifyConsumer(group, names.value);
      }
    }
    assert(left === 0, "what is pending for a consumer is pending for one of the group");
    const times = this.timesOf(group);
    if (times !== 0) this.#verifyTimes(group, times, count);
  }

  #verifyTimes(group: number, tree: number, count: number): void {
    const { times } = this;
    times.verify(tree);
    assert(times.count(tree) === count && count > 0, "the tree by time has what is pending");
    const id = createId();
    for (let more = times.at(tree, 0); more; more = times.next()) {
      this.ids.readId(times.value, id);
      assert(this.findPending(group, id) === times.value, "what it has is pending");
    }
  }

  /** How many entries are pending for a consumer. */
  #verifyConsumer(group: number, consumer: number): number {
    const { ids } = this;
    const tree = this.consumersPending(consumer);
    if (tree === 0) return 0;
    ids.verify(tree);
    const count = ids.count(tree);
    assert(count > 0, "no consumer's tree is empty");
    const id = createId();
    for (let i = 0; i < count; i++) {
      ids.at(tree, i);
      const pending = ids.value;
      ids.readId(pending, id);
      assert(this.consumerOf(pending) === consumer, "a pending entry is its consumer's");
      assert(this.findPending(group, id) === pending, "a pending entry is its group's");
    }
    return count;
  }

  // Inside

  /** A block with the same name and words; those from `until` on are 0. */
  #copyNamed(block: number, until: number): number {
    const { names } = this;
    names.read(block);
    const copied = names.createBlock(names.bytes, names.start, names.end);
    this.memory.copy(block, 0, copied, 0, until << 2);
    return copied;
  }

  #words(ref: number): Int32Array {
    return this.memory.i32[ref >>> PLACE_BITS];
  }

  #floats(ref: number): Float64Array {
    return this.memory.f64[ref >>> PLACE_BITS];
  }
}

function wordOf(ref: number): number {
  return (ref & PLACE_MASK) << 1;
}

function floatOf(ref: number): number {
  return ref & PLACE_MASK;
}
