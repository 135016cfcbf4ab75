// The groups of a stream: who has been given which of its entries, and has not acknowledged them.
//
//   group      0 u32 × 4 last ID that was delivered    16 f64 entries read, or −1 where unknown
//             24 i32 tree of pending entries, or 0     28 i32 tree of consumers, or 0
//             32 name (name-tree.ts)
//   consumer   0 f64 seen       8 f64 active, or −1    16 i32 tree of its pending entries, or 0
//             20 unused        32 name
//   pending    0 u32 × 4 ID    16 f64 delivered        24 f64 deliveries    32 i32 consumer
//
// Times are milliseconds since 1970. Groups of a stream, and consumers of a group, stand in name
// trees. A pending entry is one block in two ID trees: its group's, and its consumer's. Trees come
// with the first item, and go with the last.
//
// Whatever is taken out is left as it is, and may be put back: that is how removals are undone.
//
// Invariants, checked by verify(): (1) a pending entry of a group is in the tree of its consumer,
// and in no other's; (2) it has been delivered to a consumer of the group; (3) no tree is empty.
//
// Cost: O(log n) for everything but freeing, copying and verifying.

import { assert } from "../base/assert.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import { IdTrees } from "./id-tree.ts";
import { NameTrees } from "./name-tree.ts";
import { createId, type StreamId } from "./stream-id.ts";

const G = { readF64: 2, pending: 6, consumers: 7 } as const;
const U = { seenF64: 0, activeF64: 1, pending: 4 } as const;
const P = { deliveredF64: 2, deliveriesF64: 3, consumer: 8, bytes: 40 } as const;

/** What stands for a number that is not known. */
export const UNKNOWN = -1;

export class StreamGroups {
  readonly memory: Memory;
  readonly names: NameTrees;
  readonly ids: IdTrees;
  readonly #id = createId();

  constructor(memory: Memory) {
    this.memory = memory;
    this.names = new NameTrees(memory);
    this.ids = new IdTrees(memory);
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

  /** Frees up to about `budget` pending entries of a group of no stream; true: it is gone. */
  freeGroup(group: number, budget: number): boolean {
    const words = this.#words(group);
    const at = wordOf(group);
    let left = budget;
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
    this.memory.free(group);
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
    return copied;
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

  // Pending entries

  /** A pending entry that is in no tree. */
  createPending(consumer: number, id: StreamId, delivered: number, deliveries: number): number {
    const pending = this.memory.allocate(P.bytes);
    this.ids.writeId(pending, id);
    this.#words(pending)[wordOf(pending) + P.consumer] = consumer;
    this.#words(pending)[wordOf(pending) + P.consumer + 1] = 0;
    this.setDelivered(pending, delivered);
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
    this.#putIn(this.consumerOf(pending), U.pending, pending);
  }

  /** Takes a pending entry out of its group and its consumer, and leaves it. */
  detachPending(group: number, pending: number): void {
    this.#takeOut(group, G.pending, pending);
    this.#takeOut(this.consumerOf(pending), U.pending, pending);
  }

  consumerOf(pending: number): number {
    return this.#words(pending)[wordOf(pending) + P.consumer];
  }

  /** Gives a pending entry to another consumer of its group. */
  setConsumer(pending: number, consumer: number): void {
    this.#takeOut(this.consumerOf(pending), U.pending, pending);
    this.#words(pending)[wordOf(pending) + P.consumer] = consumer;
    this.#putIn(consumer, U.pending, pending);
  }

  delivered(pending: number): number {
    return this.#floats(pending)[floatOf(pending) + P.deliveredF64];
  }

  setDelivered(pending: number, time: number): void {
    this.#floats(pending)[floatOf(pending) + P.deliveredF64] = time;
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
    if (this.ids.count(words[at]) > 0) return;
    this.ids.free(words[at], 1);
    words[at] = 0;
  }

  // Checking

  /** Checks every invariant of the essay above; stops with an assertion where one is broken. */
  verify(group: number): void {
    const { names, ids } = this;
    const all = this.pendingOf(group);
    let left = all === 0 ? 0 : ids.count(all);
    if (all !== 0) {
      assert(left > 0, "no tree of pending entries is empty");
      ids.verify(all);
    }
    const consumers = this.consumersOf(group);
    if (consumers !== 0) {
      names.verify(consumers);
      assert(names.count(consumers) > 0, "no tree of consumers is empty");
      for (let more = names.at(consumers, 0); more; more = names.next()) {
        left -= this.#verifyConsumer(group, names.value);
      }
    }
    assert(left === 0, "what is pending is pending for a consumer of the group");
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
