// What a stream knows of idempotent IDs (iids): which producer has added which entry under which
// iid, so that the same entry is not added twice.
//
//   register    0 u32 seconds that an iid is kept     4 u32 iids kept of each producer
//               8 i32 tree of producers, or 0        12 u32 turn
//              16 f64 iids that were ever added      24 f64 duplicates that were ever seen
//   producer    0 i32 tree of its iids, or 0          4 i32 oldest      8 i32 newest    36 name
//   iid         0 u32 × 4 ID of the entry            16 i32 next       20 i32 before    36 name
//
// Producers, and the iids of one, stand in name trees (name-tree.ts); the iids of one are a list
// besides, in the order in which they came. An iid goes at the front of that list, or, undone, at
// its end. Trees come with the first item and go with the last.
//
// Cost: O(log n) for everything but freeing, copying and verifying.

import { assert } from "../base/assert.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import type { IdTrees } from "./id-tree.ts";
import { NameTrees } from "./name-tree.ts";
import type { StreamId } from "./stream-id.ts";

const R = {
  seconds: 0,
  most: 1,
  producers: 2,
  turn: 3,
  added: 2,
  duplicates: 3,
  bytes: 32,
} as const;
const P = { iids: 0, oldest: 1, newest: 2 } as const;
const I = { next: 4, before: 5 } as const;

/** For how many seconds, and how many of each producer, iids are kept, and may be, at most. */
export const IidLimits = { seconds: 100, secondsMax: 86_400, most: 100, mostMax: 10_000 } as const;

/** Where, in words, a register's numbers stand, for whoever notes how they were. */
export const RegisterWord = { limits: 0, added: 4, duplicates: 6 } as const;

export class StreamIids {
  readonly memory: Memory;
  /** Of producers, and of iids. */
  readonly producers: NameTrees;
  readonly iids: NameTrees;
  readonly #ids: IdTrees;

  constructor(memory: Memory, ids: IdTrees) {
    this.memory = memory;
    this.producers = new NameTrees(memory);
    this.iids = new NameTrees(memory);
    this.#ids = ids;
  }

  // Registers

  create(seconds: number, most: number): number {
    const register = this.memory.allocate(R.bytes);
    this.setLimits(register, seconds, most);
    this.#set(register, R.producers, 0);
    this.#set(register, R.turn, 0);
    this.setAdded(register, 0);
    this.setDuplicates(register, 0);
    return register;
  }

  /** Seconds that an iid is kept. */
  seconds(register: number): number {
    return this.#word(register, R.seconds);
  }

  /** How many iids are kept of each producer. */
  most(register: number): number {
    return this.#word(register, R.most);
  }

  setLimits(register: number, seconds: number, most: number): void {
    this.#set(register, R.seconds, seconds);
    this.#set(register, R.most, most);
  }

  added(register: number): number {
    return this.memory.f64[register >>> PLACE_BITS][(register & PLACE_MASK) + R.added];
  }

  setAdded(register: number, count: number): void {
    this.memory.f64[register >>> PLACE_BITS][(register & PLACE_MASK) + R.added] = count;
  }

  duplicates(register: number): number {
    return this.memory.f64[register >>> PLACE_BITS][(register & PLACE_MASK) + R.duplicates];
  }

  setDuplicates(register: number, count: number): void {
    this.memory.f64[register >>> PLACE_BITS][(register & PLACE_MASK) + R.duplicates] = count;
  }

  // Producers

  /** The tree of a register's producers, by name, or 0. */
  producersOf(register: number): number {
    return this.#word(register, R.producers);
  }

  producerCount(register: number): number {
    const tree = this.#word(register, R.producers);
    return tree === 0 ? 0 : this.producers.count(tree);
  }

  /** The i-th producer in the order of names. */
  producerAt(register: number, i: number): number {
    this.producers.at(this.#word(register, R.producers), i);
    return this.producers.value;
  }

  /** Each time another producer of a register that has some, in turn. */
  nextProducer(register: number): number {
    const turn = this.#word(register, R.turn) >>> 0;
    this.#set(register, R.turn, turn + 1);
    return this.producerAt(register, turn % this.producerCount(register));
  }

  findProducer(register: number, bytes: Uint8Array, start: number, end: number): number {
    const tree = this.#word(register, R.producers);
    return tree === 0 ? 0 : this.producers.find(tree, bytes, start, end);
  }

  attachProducer(register: number, producer: number): void {
    let tree = this.#word(register, R.producers);
    if (tree === 0) {
      tree = this.producers.create();
      this.#set(register, R.producers, tree);
    }
    this.producers.insertBlock(tree, producer);
  }

  /** Takes a producer without iids out, and leaves it. */
  detachProducer(register: number, producer: number): void {
    const tree = this.#word(register, R.producers);
    const wasThere = this.producers.removeBlock(tree, producer);
    assert(wasThere, "a producer is its register's");
    if (this.producers.count(tree) > 0) return;
    this.producers.free(tree, 1);
    this.#set(register, R.producers, 0);
  }

  // Iids

  iidCount(producer: number): number {
    const tree = this.#word(producer, P.iids);
    return tree === 0 ? 0 : this.iids.count(tree);
  }

  /** The iid that came first, or 0. */
  oldest(producer: number): number {
    return this.#word(producer, P.oldest);
  }

  /** The iid that came after this one, or 0. */
  next(iid: number): number {
    return this.#word(iid, I.next);
  }

  findIid(producer: number, bytes: Uint8Array, start: number, end: number): number {
    const tree = this.#word(producer, P.iids);
    return tree === 0 ? 0 : this.iids.find(tree, bytes, start, end);
  }

  /** An iid of no producer. */
  createIid(bytes: Uint8Array, start: number, end: number, id: StreamId): number {
    const iid = this.iids.createBlock(bytes, start, end);
    this.#ids.writeId(iid, id);
    return iid;
  }

  setId(iid: number, id: StreamId): void {
    this.#ids.writeId(iid, id);
  }

  readId(iid: number, id: StreamId): void {
    this.#ids.readId(iid, id);
  }

  /** Adds an iid as the newest of a producer or, with `isOldest`, as its oldest. */
  attachIid(producer: number, iid: number, isOldest = false): void {
    let tree = this.#word(producer, P.iids);
    if (tree === 0) {
      tree = this.iids.create();
      this.#set(producer, P.iids, tree);
    }
    this.iids.insertBlock(tree, iid);
    const end = isOldest ? P.oldest : P.newest;
    const other = this.#word(producer, end);
    this.#set(iid, I.next, isOldest ? other : 0);
    this.#set(iid, I.before, isOldest ? 0 : other);
    this.#set(producer, end, iid);
    if (other === 0) this.#set(producer, isOldest ? P.newest : P.oldest, iid);
    else this.#set(other, isOldest ? I.before : I.next, iid);
  }

  /** Takes an iid out of its producer, and leaves it. */
  detachIid(producer: number, iid: number): void {
    const next = this.#word(iid, I.next);
    const before = this.#word(iid, I.before);
    if (before === 0) this.#set(producer, P.oldest, next);
    else this.#set(before, I.next, next);
    if (next === 0) this.#set(producer, P.newest, before);
    else this.#set(next, I.before, before);
    const tree = this.#word(producer, P.iids);
    const wasThere = this.iids.removeBlock(tree, iid);
    assert(wasThere, "an iid is its producer's");
    if (this.iids.count(tree) > 0) return;
    this.iids.free(tree, 1);
    this.#set(producer, P.iids, 0);
  }

  // Whole registers

  /** Frees a register, of about `budget` iids; returns whether it is gone. */
  free(register: number, budget: number): boolean {
    for (let left = budget; this.producerCount(register) > 0; ) {
      const producer = this.producerAt(register, 0);
      for (; this.oldest(producer) !== 0; left--) {
        if (left <= 0) return false;
        const iid = this.oldest(producer);
        this.detachIid(producer, iid);
        this.memory.free(iid);
      }
      this.detachProducer(register, producer);
      this.memory.free(producer);
    }
    this.memory.free(register);
    return true;
  }

  /** A register of its own that has the same. */
  copy(register: number): number {
    const copied = this.create(this.seconds(register), this.most(register));
    this.setAdded(copied, this.added(register));
    this.setDuplicates(copied, this.duplicates(register));
    const count = this.producerCount(register);
    for (let i = 0; i < count; i++) {
      const producer = this.producerAt(register, i);
      const twin = this.memory.allocate(this.memory.sizeOf(producer));
      this.memory.copy(producer, 0, twin, 0, this.memory.sizeOf(producer));
      for (const word of Object.values(P)) this.#set(twin, word, 0);
      for (let iid = this.oldest(producer); iid !== 0; iid = this.next(iid)) {
        const bytes = this.memory.sizeOf(iid);
        const other = this.memory.allocate(bytes);
        this.memory.copy(iid, 0, other, 0, bytes);
        this.attachIid(twin, other);
      }
      this.attachProducer(copied, twin);
    }
    return copied;
  }

  /** Bytes of the register and all behind it. */
  bytesUsed(register: number): number {
    const { memory } = this;
    let bytes = memory.sizeOf(register);
    const count = this.producerCount(register);
    if (count > 0) bytes += this.producers.memoryBytes(this.#word(register, R.producers));
    for (let i = 0; i < count; i++) {
      const producer = this.producerAt(register, i);
      bytes += memory.sizeOf(producer) + this.iids.memoryBytes(this.#word(producer, P.iids));
      for (let iid = this.oldest(producer); iid !== 0; iid = this.next(iid)) {
        bytes += memory.sizeOf(iid);
      }
    }
    return bytes;
  }

  /** Iids of all producers. */
  size(register: number): number {
    let size = 0;
    for (let i = this.producerCount(register) - 1; i >= 0; i--) {
      size += this.iidCount(this.producerAt(register, i));
    }
    return size;
  }

  /** All but its producers. */
  verify(register: number): void {
    const [seconds, most] = [this.seconds(register), this.most(register)];
    assert(seconds >= 1 && seconds <= IidLimits.secondsMax, "iids are kept for some time");
    assert(most >= 1 && most <= IidLimits.mostMax, "some iids are kept");
    const tree = this.#word(register, R.producers);
    if (tree === 0) return;
    this.producers.verify(tree);
    assert(this.producerCount(register) > 0, "no tree of producers is empty");
  }

  verifyProducer(register: number, i: number): void {
    const producer = this.producerAt(register, i);
    const iids = this.#word(producer, P.iids);
    assert(iids !== 0, "every producer has iids");
    this.iids.verify(iids);
    let before = 0;
    let seen = 0;
    for (let iid = this.oldest(producer); iid !== 0; iid = this.next(iid)) {
      assert(this.#word(iid, I.before) === before, "the list of iids is linked both ways");
      before = iid;
      seen++;
    }
    assert(this.#word(producer, P.newest) === before, "the list of iids ends with the newest");
    assert(seen === this.iidCount(producer), "the list of iids has what the tree has");
    assert(seen <= this.most(register), "no producer has more iids than are kept");
  }

  // Inside

  #word(ref: number, word: number): number {
    return this.memory.i32[ref >>> PLACE_BITS][((ref & PLACE_MASK) << 1) + word];
  }

  #set(ref: number, word: number, value: number): void {
    this.memory.i32[ref >>> PLACE_BITS][((ref & PLACE_MASK) << 1) + word] = value;
  }
}
