// Byte chains: bytes that any thread adds to and one takes out, first in, first out, in blocks of
// the data's memory. What a snapshot writes out ahead of its turn waits in them.
//
//   three words, wherever their owner has them:  first block, last block, bytes in all
//   block   0 i32 next   4 i32 bytes   8 …

import { copyBytes } from "../../base/bytes.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../../memory/memory.ts";

const HEADER_BYTES = 8;
const BLOCK_BYTES_MIN = 1024;
const BLOCK_BYTES_MAX = 64 * 1024;

/** Words of a chain. */
export const CHAIN_WORDS = 3;
const Word = { first: 0, last: 1, bytes: 2 } as const;

export class ByteChains {
  readonly #memory: Memory;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** Bytes in the chain whose words begin at words[at]. */
  bytes(words: Int32Array, at: number): number {
    return words[at + Word.bytes];
  }

  append(words: Int32Array, at: number, bytes: Uint8Array, start: number, end: number): void {
    const memory = this.#memory;
    let from = start;
    while (from < end) {
      let block = words[at + Word.last];
      let used = block === 0 ? 0 : this.#get(block, 1);
      if (block === 0 || used === memory.sizeOf(block) - HEADER_BYTES) {
        const wanted = Math.max(words[at + Word.bytes], end - from);
        const size = Math.min(BLOCK_BYTES_MAX, Math.max(BLOCK_BYTES_MIN, wanted));
        const added = memory.allocate(size);
        this.#set(added, 0, 0);
        this.#set(added, 1, 0);
        if (block === 0) words[at + Word.first] = added;
        else this.#set(block, 0, added);
        words[at + Word.last] = added;
        block = added;
        used = 0;
      }
      const room = memory.sizeOf(block) - HEADER_BYTES - used;
      const length = Math.min(room, end - from);
      const to = ((block & PLACE_MASK) << 3) + HEADER_BYTES + used;
      copyBytes(bytes, from, from + length, memory.u8[block >>> PLACE_BITS], to);
      this.#set(block, 1, used + length);
      words[at + Word.bytes] += length;
      from += length;
    }
  }

  /** Takes the first block out, and hands its bytes over; false where there is none. */
  take(
    words: Int32Array,
    at: number,
    out: (bytes: Uint8Array, start: number, end: number) => void,
  ): boolean {
    const block = words[at + Word.first];
    if (block === 0) return false;
    const next = this.#get(block, 0);
    const length = this.#get(block, 1);
    words[at + Word.first] = next;
    if (next === 0) words[at + Word.last] = 0;
    words[at + Word.bytes] -= length;
    const start = ((block & PLACE_MASK) << 3) + HEADER_BYTES;
    out(this.#memory.u8[block >>> PLACE_BITS], start, start + length);
    this.#memory.free(block);
    return true;
  }

  #get(block: number, word: number): number {
    return this.#memory.i32[block >>> PLACE_BITS][((block & PLACE_MASK) << 1) + word];
  }

  #set(block: number, word: number, value: number): void {
    this.#memory.i32[block >>> PLACE_BITS][((block & PLACE_MASK) << 1) + word] = value;
  }
}
