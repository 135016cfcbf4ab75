// Walking over the members of a sorted set: from any rank on in either direction, or batch by batch
// as a scan asks for them.

import { parseDouble } from "../base/doubles.ts";
import { torn } from "../base/torn-read.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import { TableWalk } from "../keyspace/table-walk.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import { MemberTrees } from "../structures/member-tree.ts";
import { PACKED_HEADER, PackedLists } from "../structures/packed-list.ts";
import { headerBytes, LONG_KEY, Records } from "../structures/record.ts";
import type { ScoredMembers } from "./scored-members.ts";

const NO_BYTES = new Uint8Array(0);
const From = { packed: 0, tree: 1, table: 2 } as const;

/** The place of the score behind the member at `at`. Torn where nothing comes. */
export function scorePlace(packed: PackedLists, list: number, at: number): number {
  const place = packed.next(list, at);
  if (place === 0) torn();
  return place;
}

/** The score that the entry at `at` of a packed sorted set spells. */
export function packedScore(packed: PackedLists, list: number, at: number): number {
  if (packed.readInteger(list, at)) return packed.number;
  packed.read(list, at);
  return parseDouble(packed.bytes, packed.start, packed.end);
}

/**
 * `while (walk.next())` with the member in bytes, start, end and its score in `score`, which is
 * read when it is asked for.
 * REQUIRES: the sorted set does not change between open… and the last next. Others may.
 */
export class SortedSetWalk {
  bytes: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;

  readonly #memory: Memory;
  readonly #records: Records;
  readonly #large: ScoredMembers;
  // With cursors of their own, so that ranges stay while the set's own operations go on.
  readonly #trees: MemberTrees;
  readonly #packed: PackedLists;
  readonly #table: TableWalk;
  #from: number = From.packed;
  #root = 0;
  #isReverse = false;
  /** Cursor of the next member in a packed list, 0 at the end; whether the tree's is on one. */
  #at = 0;
  #isThere = false;
  /** The record of the member, or where its score stands in the packed list. */
  #record = 0;
  #scoreAt = 0;
  /** The score before which a walk between two ends. */
  readonly #limit = new Float64Array(1);

  constructor(keyspace: Keyspace, large: ScoredMembers) {
    this.#memory = keyspace.memory;
    this.#records = new Records(keyspace.memory);
    this.#large = large;
    this.#trees = new MemberTrees(keyspace.memory);
    this.#packed = new PackedLists(keyspace.memory);
    this.#table = new TableWalk(keyspace.tables);
  }

  /** Begins a walk over all members, in order. */
  open(entry: number): void {
    this.openAt(entry, 0, false);
  }

  /** Begins a walk at the member before which `rank` others come: on from it, or back. */
  openAt(entry: number, rank: number, isReverse: boolean): void {
    const isPacked = this.#large.isPacked(entry);
    this.openRoot(isPacked, this.#records.pointer(entry), rank, isReverse);
  }

  /** Begins a walk over the members whose score is at least `score` and below `limit`. */
  openBetween(entry: number, score: number, limit: number): void {
    this.#limit[0] = limit;
    const root = this.#records.pointer(entry);
    this.#root = root;
    this.#isReverse = false;
    if (!this.#large.isPacked(entry)) {
      this.#from = From.tree;
      this.#isThere = this.#trees.seekKey(this.#large.tree(root), score);
      return;
    }
    const packed = this.#packed;
    this.#from = From.packed;
    let at = packed.first(root);
    while (at !== 0) {
      const scoreAt = scorePlace(packed, root, at);
      if (packedScore(packed, root, scoreAt) >= score) break;
      at = packed.next(root, scoreAt);
    }
    this.#at = at;
  }

  openRoot(isPacked: boolean, root: number, rank = 0, isReverse = false): void {
    this.#root = root;
    this.#isReverse = isReverse;
    this.#from = isPacked ? From.packed : From.tree;
    if (isPacked) this.#at = this.#packed.seek(root, rank * 2);
    else this.#isThere = this.#trees.at(this.#large.tree(root), rank);
  }

  /**
   * Begins a walk over the batch that belongs to a scan cursor (all of a small set) and returns the
   * next batch's cursor, 0 at the end. The set may change between batches.
   */
  openBatch(entry: number, cursor: number): number {
    if (this.#large.isPacked(entry)) {
      this.open(entry);
      return 0;
    }
    this.#from = From.table;
    return this.#table.openBatch(this.#large.table(this.#records.pointer(entry)), cursor);
  }

  /** Goes to the next member; false at the end. */
  next(): boolean {
    if (this.#from === From.packed) return this.#nextPacked();
    let record = 0;
    if (this.#from === From.table) record = this.#table.next();
    else if (this.#isThere) record = this.#trees.value;
    if (record === 0) return false;
    this.#standOn(record);
    if (this.#from === From.tree) {
      this.#isThere = this.#isReverse ? this.#trees.previous() : this.#trees.next();
    }
    return true;
  }

  /**
   * Reads the next members, up to `max` of them, with scores that openBetween() was asked for: the
   * scores into scores[to …], and into places[to …] where the members are, for goTo(). Returns how
   * many: fewer than `max` where there are no more.
   */
  readBetween(places: Int32Array, scores: Float64Array, to: number, max: number): number {
    if (this.#from === From.packed) return this.#readPacked(places, scores, to, max);
    if (!this.#isThere) return 0;
    return this.#trees.readBelow(this.#limit[0], places, scores, to, max);
  }

  #readPacked(places: Int32Array, scores: Float64Array, to: number, max: number): number {
    for (let read = 0; read < max; read++) {
      places[to + read] = this.#at;
      if (!this.#nextPacked() || !(this.score < this.#limit[0])) return read;
      scores[to + read] = this.score;
    }
    return max;
  }

  /** Describes a member of the same set, which is unchanged; what is read next stays the same. */
  goTo(place: number): void {
    if (this.#from === From.packed) this.#standOnPacked(place);
    else this.#standOn(place);
  }

  #standOn(record: number): void {
    this.#record = record;
    const segment = record >>> PLACE_BITS;
    const words = this.#memory.i32[segment];
    const at = (record & PLACE_MASK) << 1;
    const word = words[at];
    const start = (at << 2) + headerBytes(word);
    this.bytes = this.#memory.u8[segment];
    this.start = start;
    this.end = start + ((word & LONG_KEY) === 0 ? words[at + 1] & 0xffff : words[at + 2]);
    if (!(this.end <= this.bytes.length)) torn();
  }

  /** The score of the member on which the walk stands. */
  get score(): number {
    if (this.#from !== From.packed) return this.#records.score(this.#record);
    return packedScore(this.#packed, this.#root, this.#scoreAt);
  }

  #nextPacked(): boolean {
    const at = this.#at;
    if (at < PACKED_HEADER) return false;
    this.#standOnPacked(at);
    const packed = this.#packed;
    const list = this.#root;
    if (!this.#isReverse) this.#at = packed.next(list, this.#scoreAt);
    else {
      const before = packed.previous(list, at);
      this.#at = before === 0 ? 0 : packed.previous(list, before);
    }
    return true;
  }

  #standOnPacked(at: number): void {
    const packed = this.#packed;
    const list = this.#root;
    this.#scoreAt = scorePlace(packed, list, at);
    packed.read(list, at);
    this.bytes = packed.bytes;
    this.start = packed.start;
    this.end = packed.end;
  }
}
