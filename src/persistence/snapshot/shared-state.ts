// What all threads know of the snapshot that is being taken. It lies in the data's memory, since
// any thread may be about to change what has not been saved yet; all of it under the lock.
//
//   root words  0 Phase, and the present mark   2 the databases' tables as of its moment
//               3 first side   4–6 the spill, a byte chain   7 the spill's database
//               8 first kept table   9 bytes held besides the data   10 the most there were
//               11 entries that have been dealt with   12 the sides' buckets
//   tables      a block of one i32 for each database; 0: it was empty
//   kept        0 i32 next   4 i32 table
//
//   buckets     a block of one i32 for each bucket: the first side whose root belongs there, or 0
//
//   side        0 next   4 kind   8 root   12 elements   16 database   20 1: it is ours to free
//               24 previous   28 nodes' block   32 nodes   36–44 a byte chain
//               48 bytes of the key   52 access clock   56 f64 deadline   64 next in its bucket
//               80–88 a byte chain   92 groups (group-sides.ts)   96–104 a byte chain   108 key
//               of a chain of nodes instead of the first byte chain, and 68–76: see node-chains.ts
//
// A side stands for a collection that is too large to be saved at once, and has begun to be: its
// elements are saved one by one from then on, and its entry is as good as saved.

import { assert } from "../../base/assert.ts";
import { copyBytes } from "../../base/bytes.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import { Memory, PLACE_BITS, PLACE_MASK } from "../../memory/memory.ts";
import { RootWord } from "../../memory/root-words.ts";
import { MARK } from "../../structures/record.ts";
import { ByteChains } from "./byte-chain.ts";

export const Phase = { none: 0, running: 2 } as const;
const PRESENT_MARK = 1;

const Word = {
  phase: 0,
  tables: 2,
  sides: 3,
  spill: 4,
  spillDb: 7,
  kept: 8,
  held: 9,
  peak: 10,
  dealt: 11,
  buckets: 12,
} as const;

const SIDE_BYTES = 108;
const DEADLINE_AT = 56;
/** Each change of a large collection looks for its side: a bucket has one or two of them. */
const BUCKET_BITS = 10;
export const Side = {
  next: 0,
  kind: 1,
  root: 2,
  count: 3,
  db: 4,
  isKept: 5,
  previous: 6,
  nodes: 7,
  nodeCount: 8,
  chain: 9,
  keyBytes: 12,
  clock: 13,
  inBucket: 16,
  // Of a chain of nodes.
  front: 9,
  back: 10,
  frontCount: 11,
  backCount: 17,
  frontFound: 18,
  backFound: 19,
  rest: 20,
  groups: 23,
  end: 24,
} as const;

/** Roots lie at least 8 bytes apart, and those of one span at like distances: spread them. */
function bucketOf(root: number): number {
  return Math.imul(root, 0x9e3779b1) >>> (32 - BUCKET_BITS);
}

export class SharedState {
  readonly chains: ByteChains;
  readonly #memory: Memory;
  readonly #words: Int32Array;

  constructor(memory: Memory) {
    this.#memory = memory;
    this.chains = new ByteChains(memory);
    this.#words = memory.i32[0].subarray(Memory.userRootAt + RootWord.snapshot);
  }

  /** Changes whenever a snapshot begins or ends: for whoever looks whether it has. */
  get phaseWord(): number {
    return this.#words[Word.phase];
  }

  get isRunning(): boolean {
    return this.#words[Word.phase] >= Phase.running;
  }

  /** The mark that records have which the snapshot has dealt with, and which are new. */
  get mark(): number {
    return (this.#words[Word.phase] & PRESENT_MARK) === 0 ? 0 : MARK;
  }

  /** From now on everything is old. */
  begin(keyspace: Keyspace): void {
    const words = this.#words;
    const tables = this.#memory.allocate(4 * keyspace.databases);
    for (let db = 0; db < keyspace.databases; db++) this.set(tables, db, keyspace.table(db));
    words[Word.tables] = tables;
    const buckets = this.#memory.allocate(4 << BUCKET_BITS);
    for (let bucket = 0; bucket < 1 << BUCKET_BITS; bucket++) this.set(buckets, bucket, 0);
    words[Word.buckets] = buckets;
    words[Word.spillDb] = -1;
    words[Word.held] = 0;
    words[Word.peak] = 0;
    words[Word.dealt] = 0;
    words[Word.phase] = Phase.running | ((words[Word.phase] ^ PRESENT_MARK) & PRESENT_MARK);
  }

  /** It is over. REQUIRES: the spill is empty, and there are no sides. */
  end(): void {
    const words = this.#words;
    assert(words[Word.held] === 0 && words[Word.sides] === 0, "nothing is held at the end");
    for (const word of [Word.tables, Word.buckets]) {
      this.#memory.free(words[word]);
      words[word] = 0;
    }
    words[Word.phase] &= PRESENT_MARK;
  }

  /** The table that a database had at the snapshot's moment. */
  table(db: number): number {
    return this.get(this.#words[Word.tables], db);
  }

  /** Entries that are written, spilled, or a side: each counts once. */
  get dealtWith(): number {
    return this.#words[Word.dealt];
  }

  noteDealtWith(): void {
    this.#words[Word.dealt]++;
  }

  // The spill: whole entries, as an RDB file has them

  get spillDb(): number {
    return this.#words[Word.spillDb];
  }

  spill(db: number, bytes: Uint8Array, end: number): void {
    this.#words[Word.spillDb] = db;
    this.chains.append(this.#words, Word.spill, bytes, 0, end);
    this.hold(end);
  }

  /** Hands over all that was spilled, and forgets in which database it ended. */
  takeSpill(out: (bytes: Uint8Array, start: number, end: number) => void): boolean {
    if (this.#words[Word.spillDb] < 0) return false;
    this.hold(-this.chains.bytes(this.#words, Word.spill));
    while (this.chains.take(this.#words, Word.spill, out));
    this.#words[Word.spillDb] = -1;
    return true;
  }

  // Bytes that are held besides the data

  hold(bytes: number): void {
    const words = this.#words;
    words[Word.held] += bytes;
    if (words[Word.held] > words[Word.peak]) words[Word.peak] = words[Word.held];
  }

  get heldBytes(): number {
    return this.#words[Word.held];
  }

  get peakBytes(): number {
    return this.#words[Word.peak];
  }

  // Sides

  get firstSide(): number {
    return this.#words[Word.sides];
  }

  /** The side of a root, or 0. */
  sideOf(root: number): number {
    let side = this.get(this.#words[Word.buckets], bucketOf(root));
    while (side !== 0 && this.get(side, Side.root) !== root) side = this.get(side, Side.inBucket);
    return side;
  }

  /** Adds a side for a collection. */
  addSide(
    kind: number,
    root: number,
    count: number,
    db: number,
    deadline: number,
    clock: number,
    key: Uint8Array,
    start: number,
    end: number,
  ): number {
    const side = this.#memory.allocate(SIDE_BYTES + end - start);
    const at = (side & PLACE_MASK) << 1;
    this.#memory.i32[side >>> PLACE_BITS].fill(0, at, at + SIDE_BYTES / 4);
    const next = this.#words[Word.sides];
    this.set(side, Side.next, next);
    if (next !== 0) this.set(next, Side.previous, side);
    this.link(side, root);
    this.set(side, Side.kind, kind);
    this.set(side, Side.count, count);
    this.set(side, Side.db, db);
    this.set(side, Side.keyBytes, end - start);
    this.set(side, Side.clock, clock);
    this.#memory.f64[side >>> PLACE_BITS][(at + DEADLINE_AT / 4) >> 1] = deadline;
    const u8 = this.#memory.u8[side >>> PLACE_BITS];
    copyBytes(key, start, end, u8, (at << 2) + SIDE_BYTES);
    this.#words[Word.sides] = side;
    return side;
  }

  /** Takes a side out and frees it. REQUIRES: its chain is empty, its nodes are freed. */
  removeSide(side: number): void {
    const next = this.get(side, Side.next);
    const previous = this.get(side, Side.previous);
    if (next !== 0) this.set(next, Side.previous, previous);
    if (previous === 0) this.#words[Word.sides] = next;
    else this.set(previous, Side.next, next);
    this.unlink(side);
    this.#memory.free(side);
  }

  /** Has a block that begins as a side does found by a root, which it is given. */
  link(block: number, root: number): void {
    const buckets = this.#words[Word.buckets];
    this.set(block, Side.inBucket, this.get(buckets, bucketOf(root)));
    this.set(buckets, bucketOf(root), block);
    this.set(block, Side.root, root);
  }

  unlink(block: number): void {
    const buckets = this.#words[Word.buckets];
    const bucket = bucketOf(this.get(block, Side.root));
    let before = this.get(buckets, bucket);
    if (before === block) return this.set(buckets, bucket, this.get(block, Side.inBucket));
    while (this.get(before, Side.inBucket) !== block) before = this.get(before, Side.inBucket);
    this.set(before, Side.inBucket, this.get(block, Side.inBucket));
  }

  deadline(side: number): number {
    const place = ((side & PLACE_MASK) << 3) + DEADLINE_AT;
    return this.#memory.f64[side >>> PLACE_BITS][place >> 3];
  }

  /** Where the key lies: its first byte in the side's segment. */
  keyStart(side: number): number {
    return ((side & PLACE_MASK) << 3) + SIDE_BYTES;
  }

  /** Adds what has been saved of a side's elements ahead of their turn, to one of its chains. */
  addToSide(side: number, bytes: Uint8Array, end: number, chain: number = Side.chain): void {
    const words = this.#memory.i32[side >>> PLACE_BITS];
    this.chains.append(words, ((side & PLACE_MASK) << 1) + chain, bytes, 0, end);
    this.hold(end);
  }

  takeFromSide(
    side: number,
    out: (bytes: Uint8Array, start: number, end: number) => void,
    chain: number = Side.chain,
  ): boolean {
    const words = this.#memory.i32[side >>> PLACE_BITS];
    const at = ((side & PLACE_MASK) << 1) + chain;
    const before = this.chains.bytes(words, at);
    const isTaken = this.chains.take(words, at, out);
    this.hold(this.chains.bytes(words, at) - before);
    return isTaken;
  }

  // Tables that others would have freed

  keepTable(table: number): void {
    const kept = this.#memory.allocate(8);
    this.set(kept, 0, this.#words[Word.kept]);
    this.set(kept, 1, table);
    this.#words[Word.kept] = kept;
  }

  /** Takes one of them out; 0: there is none. */
  takeKept(): number {
    const kept = this.#words[Word.kept];
    if (kept === 0) return 0;
    this.#words[Word.kept] = this.get(kept, 0);
    const table = this.get(kept, 1);
    this.#memory.free(kept);
    return table;
  }

  get(block: number, word: number): number {
    return this.#memory.i32[block >>> PLACE_BITS][((block & PLACE_MASK) << 1) + word];
  }

  set(block: number, word: number, value: number): void {
    this.#memory.i32[block >>> PLACE_BITS][((block & PLACE_MASK) << 1) + word] = value;
  }
}
