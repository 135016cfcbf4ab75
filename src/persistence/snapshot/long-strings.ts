// Long strings in a snapshot: their sides (shared-state.ts), which save them piece by piece, so
// that neither the walk nor a write to a few bytes of one pays for its length.
//
//   side    count: bytes   root: the block that the bytes lie in   nodes: its pieces
//   pieces  a block of one i32 for each: 0, it is as it was at the snapshot's moment, or −1 − a
//           block with a copy of it, which was made when it was about to change
//
// A block that the keyspace is done with, because the string got another value or a longer block,
// is kept until its side is done: nothing is copied then.
//
// Compressed, a string begins with how long that makes it. So its pieces are compressed twice: the
// first time nothing but the lengths are added up. References reach no further back than the
// piece's beginning, and the pieces follow each other as one stream. A string whose first MiB saves
// nothing is taken for one that cannot be compressed.

import { assert } from "../../base/assert.ts";
import { lzfCompress } from "../../codec/lzf.ts";
import type { RdbOutput } from "../../codec/rdb-output.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../../memory/memory.ts";
import { type SharedState, Side } from "./shared-state.ts";

/** Longer strings are saved in pieces. */
const LONG_BYTES = 128 * 1024;
const PIECE_BYTES = 32 * 1024;
const TRIED_BYTES = 1 << 20;
/** Compression saves at least so much, or is not used: as in Redis. */
const SAVED_MIN = 4;

export class LongStrings {
  /** For tests: what is long, and how long a piece is, which each thread has to know. */
  longBytes = LONG_BYTES;
  pieceBytes = PIECE_BYTES;
  readonly #memory: Memory;
  readonly #state: SharedState;
  #compressed: Uint8Array = new Uint8Array(0);
  // Of the string that is being saved: the next piece, whether it is being measured, and its length
  // in LZF as far as it is known, or in the end 0 where it is not compressed.
  #piece = 0;
  #isMeasured = false;
  #bytes = 0;

  constructor(memory: Memory, state: SharedState) {
    this.#memory = memory;
    this.#state = state;
  }

  isLong(bytes: number): boolean {
    return bytes > this.longBytes;
  }

  /** Makes a new side one of a string: all pieces are as they lie there. */
  open(side: number): void {
    const state = this.#state;
    const pieces = Math.ceil(state.get(side, Side.count) / this.pieceBytes);
    const block = this.#memory.allocate(4 * pieces);
    for (let piece = 0; piece < pieces; piece++) state.set(block, piece, 0);
    state.set(side, Side.nodes, block);
    state.set(side, Side.nodeCount, pieces);
    state.hold(4 * pieces);
  }

  /** Copies what of bytes [from, to) is of the snapshot's moment, and has not been copied yet. */
  beforeBytes(block: number, from: number, to: number): void {
    const state = this.#state;
    const side = state.sideOf(block);
    if (side === 0) return;
    const { pieceBytes } = this;
    const pieces = state.get(side, Side.nodes);
    const stop = Math.min(state.get(side, Side.nodeCount), Math.ceil(to / pieceBytes));
    for (let piece = Math.floor(from / pieceBytes); piece < stop; piece++) {
      if (state.get(pieces, piece) !== 0) continue;
      const bytes = this.#bytesOf(side, piece);
      const copy = this.#memory.allocate(bytes);
      this.#memory.copy(block, piece * pieceBytes, copy, 0, bytes);
      state.set(pieces, piece, -1 - copy);
      state.hold(bytes);
    }
  }

  /** Whether a block that would be freed is needed. */
  keeps(block: number): boolean {
    const state = this.#state;
    const side = state.sideOf(block);
    if (side === 0) return false;
    state.set(side, Side.isKept, 1);
    state.hold(state.get(side, Side.count));
    return true;
  }

  /** Begins to save a string, behind its key. */
  begin(output: RdbOutput): void {
    this.#piece = 0;
    this.#bytes = 0;
    this.#isMeasured = !output.compresses;
  }

  /** Saves, or measures, a piece; whether that was all. */
  save(side: number, output: RdbOutput): boolean {
    const state = this.#state;
    const length = state.get(side, Side.count);
    const isLast = this.#piece === state.get(side, Side.nodeCount) - 1;
    if (this.#isMeasured) {
      if (this.#piece === 0) this.#head(length, output);
      this.#write(side, output);
      this.#piece++;
      return isLast;
    }
    this.#bytes += this.#compress(side);
    this.#piece++;
    const done = this.#piece * this.pieceBytes;
    const isVain = done >= TRIED_BYTES && this.#bytes >= done;
    if (!isLast && !isVain) return false;
    if (isVain || this.#bytes > length - SAVED_MIN) this.#bytes = 0;
    this.#isMeasured = true;
    this.#piece = 0;
    return false;
  }

  #head(length: number, output: RdbOutput): void {
    if (this.#bytes === 0) output.length(length);
    else output.compressedHead(this.#bytes, length);
  }

  #write(side: number, output: RdbOutput): void {
    if (this.#bytes !== 0) {
      const end = this.#compress(side);
      output.raw(this.#compressed, 0, end);
      return;
    }
    const { bytes, start } = this.#place(side);
    output.raw(bytes, start, start + this.#bytesOf(side, this.#piece));
  }

  /** Compresses the piece into #compressed; returns how long it is there. */
  #compress(side: number): number {
    const length = this.#bytesOf(side, this.#piece);
    // Bytes that cannot be compressed take one in 32 more.
    const most = length + (length >> 4) + 64;
    if (this.#compressed.length < most) this.#compressed = new Uint8Array(most);
    const { bytes, start } = this.#place(side);
    const end = lzfCompress(bytes, start, start + length, this.#compressed, 0, most);
    assert(end > 0, "there is room for a piece that cannot be compressed");
    return end;
  }

  /** Where the piece lies, as it was. */
  #place(side: number): { bytes: Uint8Array; start: number } {
    const state = this.#state;
    const copied = state.get(state.get(side, Side.nodes), this.#piece);
    const block = copied === 0 ? state.get(side, Side.root) : -1 - copied;
    const at = copied === 0 ? this.#piece * this.pieceBytes : 0;
    const start = ((block & PLACE_MASK) << 3) + at;
    return { bytes: this.#memory.u8[block >>> PLACE_BITS], start };
  }

  #bytesOf(side: number, piece: number): number {
    const left = this.#state.get(side, Side.count) - piece * this.pieceBytes;
    return Math.min(left, this.pieceBytes);
  }

  /** Frees all that a side has kept. */
  close(side: number): void {
    const state = this.#state;
    const memory = this.#memory;
    const pieces = state.get(side, Side.nodes);
    const count = state.get(side, Side.nodeCount);
    for (let piece = 0; piece < count; piece++) {
      const copied = state.get(pieces, piece);
      if (copied === 0) continue;
      memory.free(-1 - copied);
      state.hold(-this.#bytesOf(side, piece));
    }
    memory.free(pieces);
    state.hold(-4 * count);
    if (state.get(side, Side.isKept) === 0) return;
    memory.free(state.get(side, Side.root));
    state.hold(-state.get(side, Side.count));
  }
}
