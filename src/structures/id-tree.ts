// ID trees: blocks in the order of the IDs of streams' entries. An item is the reference of a block
// that begins with its ID, four words, high first; leaves hold references alone.
//
// Order is asked for by a block, or by an ID that need not be a block's: that is the probe, which
// stands in comparisons under the reference 0.
//
// Cost: a comparison looks at the block, and, where milliseconds are equal, at all of its ID.

import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import { OrderedTrees } from "./ordered-tree.ts";
import { createId, Id, millisecondsOf, type StreamId } from "./stream-id.ts";

/** The reference that stands for the probe. */
const PROBE = 0;
const TWO_32 = 4294967296;

export class IdTrees extends OrderedTrees {
  #probe: StreamId = createId();

  constructor(memory: Memory) {
    super(memory, false);
  }

  /** Adds a block. REQUIRES: there is none with its ID. */
  insertBlock(tree: number, block: number): void {
    this.insert(tree, this.keyOf(block), block);
  }

  /** Removes a block; false when it was not there. */
  removeBlock(tree: number, block: number): boolean {
    return this.remove(tree, this.keyOf(block), block);
  }

  /** Moves the cursor to the first block whose ID is not before this one; false: there is none. */
  seekId(tree: number, id: StreamId): boolean {
    this.#probe = id;
    return this.seek(tree, millisecondsOf(id), PROBE);
  }

  /** The block with this ID, or 0. */
  find(tree: number, id: StreamId): number {
    if (!this.seekId(tree, id)) return 0;
    return this.compare(this.value, id) === 0 ? this.value : 0;
  }

  /** The last block whose ID is not after this one, or 0. */
  findLast(tree: number, id: StreamId): number {
    this.#probe = id;
    const rank = this.rank(tree, millisecondsOf(id), PROBE);
    if (this.at(tree, rank) && this.compare(this.value, id) === 0) return this.value;
    return this.at(tree, rank - 1) ? this.value : 0;
  }

  /** Negative, 0 or positive: where a block's ID stands beside this one. */
  compare(block: number, id: StreamId): number {
    const words = this.memory.i32[block >>> PLACE_BITS];
    const at = (block & PLACE_MASK) << 1;
    for (let i = 0; i < Id.words; i++) {
      const word = words[at + i] >>> 0;
      if (word !== id[i]) return word < id[i] ? -1 : 1;
    }
    return 0;
  }

  readId(block: number, id: StreamId): void {
    const words = this.memory.i32[block >>> PLACE_BITS];
    const at = (block & PLACE_MASK) << 1;
    for (let i = 0; i < Id.words; i++) id[i] = words[at + i];
  }

  writeId(block: number, id: StreamId): void {
    const words = this.memory.i32[block >>> PLACE_BITS];
    const at = (block & PLACE_MASK) << 1;
    for (let i = 0; i < Id.words; i++) words[at + i] = id[i];
  }

  protected override keyOf(block: number): number {
    const words = this.memory.i32[block >>> PLACE_BITS];
    const at = (block & PLACE_MASK) << 1;
    return (words[at + Id.msHigh] >>> 0) * TWO_32 + (words[at + Id.msLow] >>> 0);
  }

  protected override compareValues(a: number, b: number): number {
    if (a === PROBE) return -this.compare(b, this.#probe);
    if (b === PROBE) return this.compare(a, this.#probe);
    const aWords = this.memory.i32[a >>> PLACE_BITS];
    const bWords = this.memory.i32[b >>> PLACE_BITS];
    const aAt = (a & PLACE_MASK) << 1;
    const bAt = (b & PLACE_MASK) << 1;
    for (let i = 0; i < Id.words; i++) {
      const word = aWords[aAt + i] >>> 0;
      const other = bWords[bAt + i] >>> 0;
      if (word !== other) return word < other ? -1 : 1;
    }
    return 0;
  }
}
