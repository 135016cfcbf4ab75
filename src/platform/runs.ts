// Runs of one byte, passed over a block at a time by the runtime's own comparison of bytes, which
// takes 0.14 ms on Node and 0.11 on Bun for 10 MiB. Words in a loop take 1.3 ms and 0.4 to 0.9.

import { Buffer } from "node:buffer";

/** The blocks that are compared. A view of each is made, in 50 to 100 ns. */
const BLOCK_BYTES = 16 * 1024;

const blocks: (Uint8Array | undefined)[] = new Array(256);

/**
 * How far bytes[start, end) are known to be all `byte`: the place behind the last whole block that
 * is, or `start`. The run may go on for less than a block more.
 */
export function passRun(bytes: Uint8Array, start: number, end: number, byte: number): number {
  if (end - start < BLOCK_BYTES) return start;
  let block = blocks[byte];
  if (block === undefined) {
    block = new Uint8Array(BLOCK_BYTES).fill(byte);
    blocks[byte] = block;
  }
  let at = start;
  for (; at + BLOCK_BYTES <= end; at += BLOCK_BYTES) {
    if (Buffer.compare(bytes.subarray(at, at + BLOCK_BYTES), block) !== 0) break;
  }
  return at;
}
