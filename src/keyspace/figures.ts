// Figures: what is counted of a database, by each of its threads for itself, so that no two of them
// write the same words and counting is an increment of a typed array. Whoever reports adds up what
// all have counted. What a thread counted stays when the thread has gone: the next one goes on in
// its block.
//
// Terms. Member: a thread's number, from 1 on. Cell: one figure, a 64-bit float. Own: of the thread
// whose object this is. Base: what another thread's cells were when the figures were reset; it
// may be counting at that moment, so that its cells are not written, but what they were is
// subtracted from then on.
//
//   block   0 i32 next block   4 i32 member, 0 when it has gone   8 i32 base, or 0
//          64 f64 cells …      then bytes for their user, and 64 more to keep neighbours away
//   base    0 f64 cells …
//
// A word of the root area holds the first block; blocks stay as long as the memory.

import { assert } from "../base/assert.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";

/** Cells of what the keyspace counts. */
export const Counter = {
  hits: 0,
  misses: 1,
  expired: 2,
  evicted: 3,
  lazyFreed: 4,
  /** Members of collections whose deadline has passed. */
  expiredMembers: 5,
  /** This and what follows no reset makes zero. */
  changes: 6,
  /** How often all databases were emptied at once. */
  flushes: 7,
} as const;
export const COUNTERS = 8;

const MEMBERS_MAX = 127;
const W = { next: 0, member: 1, base: 2 } as const;
const HEADER_BYTES = 64;
const HEADER_CELLS = HEADER_BYTES >> 3;
const MARGIN_BYTES = 64;

export class Figures {
  /** The own cells, to be counted in. */
  readonly cells: Float64Array;
  /** Where the own block lies. */
  readonly own: number;
  readonly #memory: Memory;
  readonly #rootWord: number;

  /**
   * The figures of a member. REQUIRES: nobody else changes anything meanwhile.
   * @param rootWord the word of the memory's root area that holds the first block
   * @param count cells of each member
   * @param bytes what else belongs to them
   */
  constructor(memory: Memory, rootWord: number, member: number, count: number, bytes = 0) {
    assert(member >= 1 && member <= MEMBERS_MAX, "a member's number is in range");
    this.#memory = memory;
    this.#rootWord = rootWord;
    this.own = this.#take(member) || this.#add(member, count * 8 + bytes);
    const at = (this.own & PLACE_MASK) + HEADER_CELLS;
    this.cells = memory.f64[this.own >>> PLACE_BITS].subarray(at, at + count);
  }

  /** The block of a member that has gone, or, since that may have died, of this one; or 0. */
  #take(member: number): number {
    let free = 0;
    for (let block = this.first; block !== 0; block = this.next(block)) {
      const other = this.#word(block, W.member);
      if (other === member) return block;
      if (other === 0) free = block;
    }
    if (free !== 0) this.#setWord(free, W.member, member);
    return free;
  }

  #add(member: number, bytes: number): number {
    const block = this.#memory.reserve(HEADER_BYTES + bytes + MARGIN_BYTES);
    this.#setWord(block, W.next, this.first);
    this.#setWord(block, W.member, member);
    this.#memory.setRootWord(this.#rootWord, block);
    return block;
  }

  /** The member has gone: another may go on in its place. */
  leave(): void {
    this.#setWord(this.own, W.member, 0);
  }

  // All blocks

  /** The first block; there is one. */
  get first(): number {
    return this.#memory.rootWord(this.#rootWord);
  }

  /** The block behind this one, or 0. */
  next(block: number): number {
    return this.#word(block, W.next);
  }

  /** What is counted in a block's cell. */
  cell(block: number, index: number): number {
    const base = this.#word(block, W.base);
    const counted = this.#cell(block, HEADER_CELLS + index);
    return base === 0 ? counted : counted - this.#cell(base, index);
  }

  /** What is counted in all blocks' cells. */
  total(index: number): number {
    let total = 0;
    for (let block = this.first; block !== 0; block = this.next(block)) {
      total += this.cell(block, index);
    }
    return total;
  }

  /** Where the bytes of a block's user lie in its segment. */
  bytesAt(block: number): number {
    return ((block & PLACE_MASK) << 3) + HEADER_BYTES + this.cells.length * 8;
  }

  /** From now on nothing has been counted, in all blocks' cells [from, to). */
  reset(from: number, to: number): void {
    for (let block = this.first; block !== 0; block = this.next(block)) {
      if (block !== this.own) this.#rebase(block, from, to);
    }
    this.cells.fill(0, from, to);
    const base = this.#word(this.own, W.base);
    const at = base & PLACE_MASK;
    if (base !== 0) this.#memory.f64[base >>> PLACE_BITS].fill(0, at + from, at + to);
  }

  #rebase(block: number, from: number, to: number): void {
    let base = this.#word(block, W.base);
    if (base === 0) {
      base = this.#memory.reserve(this.cells.length * 8);
      this.#setWord(block, W.base, base);
    }
    const cells = this.#memory.f64[base >>> PLACE_BITS];
    for (let i = from; i < to; i++) {
      cells[(base & PLACE_MASK) + i] = this.#cell(block, HEADER_CELLS + i);
    }
  }

  #cell(ref: number, index: number): number {
    return this.#memory.f64[ref >>> PLACE_BITS][(ref & PLACE_MASK) + index];
  }

  #word(block: number, word: number): number {
    return this.#memory.i32[block >>> PLACE_BITS][((block & PLACE_MASK) << 1) + word];
  }

  #setWord(block: number, word: number, value: number): void {
    this.#memory.i32[block >>> PLACE_BITS][((block & PLACE_MASK) << 1) + word] = value;
  }
}
