// Name trees: blocks in the order of their names, byte by byte. An item is the reference of a block
// that has its name at the same place as every other; leaves hold references alone.
//
//   block   …   36 u32 bytes of the name   40 name
//
// Key: the first six bytes of the name as a number, exact in a double. Order is asked for by a
// block, or by a name that need not be a block's: that is the probe, which stands in comparisons
// under the reference 0.
//
// Cost: a comparison looks at the block, and, where six bytes are equal, at both names.

import { compareBytes } from "../base/bytes.ts";
import { torn } from "../base/torn-read.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import { OrderedTrees } from "./ordered-tree.ts";
import { copyIn } from "./record.ts";

/** Where a name begins in its block: the block's size beside its name. */
export const NAME_OFFSET = 40;

const LENGTH = 9; // word
const KEY_BYTES = 6;
/** The reference that stands for the probe. */
const PROBE = 0;

export class NameTrees extends OrderedTrees {
  /** The name that read() described. Borrowed until the block is freed. */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  #probe: Uint8Array = this.bytes;
  #probeStart = 0;
  #probeEnd = 0;

  constructor(memory: Memory) {
    super(memory, false);
  }

  /** A new block with a name; what is before the name is 0. */
  createBlock(bytes: Uint8Array, start: number, end: number): number {
    const block = this.memory.allocate(NAME_OFFSET + end - start);
    const words = this.memory.i32[block >>> PLACE_BITS];
    const at = (block & PLACE_MASK) << 1;
    for (let i = 0; i < LENGTH; i++) words[at + i] = 0;
    words[at + LENGTH] = end - start;
    copyIn(this.memory, block, NAME_OFFSET, bytes, start, end);
    return block;
  }

  /** Describes a block's name. */
  read(block: number): void {
    this.bytes = this.memory.u8[block >>> PLACE_BITS];
    this.start = ((block & PLACE_MASK) << 3) + NAME_OFFSET;
    this.end = this.start + this.#length(block);
    if (!(this.end <= this.bytes.length)) torn();
  }

  /** The block with this name, or 0. */
  find(tree: number, bytes: Uint8Array, start: number, end: number): number {
    this.#probe = bytes;
    this.#probeStart = start;
    this.#probeEnd = end;
    if (this.count(tree) === 1) {
      const only = this.firstValue(tree);
      return only !== 0 && this.#compareWithProbe(only) === 0 ? only : 0;
    }
    if (!this.seek(tree, prefix(bytes, start, end), PROBE)) return 0;
    return this.#compareWithProbe(this.value) === 0 ? this.value : 0;
  }

  /** Adds a block. REQUIRES: there is none with its name. */
  insertBlock(tree: number, block: number): void {
    this.insert(tree, this.keyOf(block), block);
  }

  /** Removes a block; false when it was not there. */
  removeBlock(tree: number, block: number): boolean {
    return this.remove(tree, this.keyOf(block), block);
  }

  protected override keyOf(block: number): number {
    const start = ((block & PLACE_MASK) << 3) + NAME_OFFSET;
    return prefix(this.memory.u8[block >>> PLACE_BITS], start, start + this.#length(block));
  }

  protected override compareValues(a: number, b: number): number {
    if (a === PROBE) return -this.#compareWithProbe(b);
    if (b === PROBE) return this.#compareWithProbe(a);
    const start = ((b & PLACE_MASK) << 3) + NAME_OFFSET;
    const bytes = this.memory.u8[b >>> PLACE_BITS];
    return this.#compare(a, bytes, start, start + this.#length(b));
  }

  #compareWithProbe(block: number): number {
    return this.#compare(block, this.#probe, this.#probeStart, this.#probeEnd);
  }

  #compare(block: number, bytes: Uint8Array, start: number, end: number): number {
    const name = this.memory.u8[block >>> PLACE_BITS];
    const from = ((block & PLACE_MASK) << 3) + NAME_OFFSET;
    const to = from + this.#length(block);
    if (!(to <= name.length && end <= bytes.length)) torn();
    return compareBytes(name, from, to, bytes, start, end);
  }

  #length(block: number): number {
    return this.memory.i32[block >>> PLACE_BITS][((block & PLACE_MASK) << 1) + LENGTH];
  }
}

/** The first bytes as a number that orders as they do, as far as they go. */
function prefix(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let i = 0; i < KEY_BYTES; i++)
    value = value * 256 + (start + i < end ? bytes[start + i] : 0);
  return value;
}
