// The bound of a walk from block to block, along links that a reader without a lock may find torn:
// it leaves no more blocks behind than the structure's header counts, and no more bytes than the
// memory has. The header is looked at when the walk leaves its first block, so that a walk within
// one costs nothing.
//
// The structure may lose blocks during the walk, but gain none.

import { torn } from "../base/torn-read.ts";
import { extentBytes } from "../memory/extent.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";

export class WalkBound {
  readonly #memory: Memory;
  readonly #word: number;
  /** The header of a walk that is still in its first block, else 0. */
  #header = 0;
  /** How many more, with how many bytes, a walk may leave that is beyond its first one. */
  #left = 0;
  #bytesLeft = 0;

  /** @param word the word of a header that counts the blocks */
  constructor(memory: Memory, word: number) {
    this.#memory = memory;
    this.#word = word;
  }

  /** A walk begins in a block of this header's structure. */
  begin(header: number): void {
    this.#header = header;
    this.#left = 0;
  }

  /**
   * The walk leaves a block, for another or for none, of which it has seen so many bytes, at least
   * one. Torn where it has left all of them.
   */
  leave(bytes: number): void {
    if (--this.#left < 0) this.#count();
    this.#bytesLeft -= bytes;
    if (!(this.#bytesLeft >= 0)) torn();
  }

  /** The walk leaves its first block. Torn where the header's count is no count. */
  #count(): void {
    const header = this.#header;
    if (header === 0) torn();
    const words = this.#memory.i32[header >>> PLACE_BITS];
    const blocks = words[((header & PLACE_MASK) << 1) + this.#word];
    if (!(blocks > 0)) torn();
    this.#header = 0;
    this.#left = blocks - 1;
    this.#bytesLeft = extentBytes(this.#memory);
  }
}
