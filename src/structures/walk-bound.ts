// The bound of a walk from block to block, along links that a reader without a lock may find torn:
// it leaves no more blocks behind than the structure's header counts, and those are no more than
// the memory has room for. The header is looked at when the walk leaves its first block, so that a
// walk within one costs nothing.
//
// The structure may lose blocks during the walk, but gain none.

import { torn } from "../base/torn-read.ts";
import { extentBytes } from "../memory/extent.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";

/** So many blocks there may be in any memory. */
const BLOCKS_FEW = 1024;

export class WalkBound {
  readonly #memory: Memory;
  readonly #word: number;
  readonly #blockBytes: number;
  /** The header of a walk that is still in its first block, else 0. */
  #header = 0;
  /** How many more a walk may leave that is beyond its first one. */
  #left = 0;

  /**
   * @param word the word of a header that counts the blocks
   * @param blockBytes the least bytes of one
   */
  constructor(memory: Memory, word: number, blockBytes: number) {
    this.#memory = memory;
    this.#word = word;
    this.#blockBytes = blockBytes;
  }

  /** A walk begins in a block of this header's structure. */
  begin(header: number): void {
    this.#header = header;
    this.#left = 0;
  }

  /** The walk leaves a block, for another or for none. Torn where it has left all of them. */
  leave(): void {
    if (--this.#left < 0) this.#count();
  }

  /** The walk leaves its first block. Torn where the header's count is no count. */
  #count(): void {
    const header = this.#header;
    if (header === 0) torn();
    const words = this.#memory.i32[header >>> PLACE_BITS];
    const blocks = words[((header & PLACE_MASK) << 1) + this.#word];
    if (!(blocks > 0)) torn();
    if (blocks > BLOCKS_FEW && blocks * this.#blockBytes > extentBytes(this.#memory)) torn();
    this.#header = 0;
    this.#left = blocks - 1;
  }
}
