// The end of the log in memory: what was appended, in pieces, until it is safe in the file.
//
//   kept ─▶ │ piece │ piece │ piece ···│ borrowed │ ◀─ end          (offsets in the file)
//
// A piece holds consecutive bytes of the file; a batch may fill several. What a client's pipeline
// appends can be borrowed: commands that follow one another in the array they came in are copied
// together, when something else comes or the array is about to change.
//
// The bytes of a piece are a block: an array of its own, or, once the log is shared, PIECE_BYTES
// of a pool, an arena (memory/arenas.ts) that each thread has views of. Which pieces there are lies
// in the table, which becomes shared memory too:
//
//     0  u32 number of the first piece, 4 of the last: they only ever grow
//     8  u32 blocks that there are     12 blocks that are free
//    16  f64 offset in the file, for each piece, at its number modulo the table's size;
//        then u32 bytes used, u32 block;  then the free blocks, the next one to be taken last
//
// Invariants: (1) the pieces hold all bytes from the last release on, in order, and what is
// borrowed follows them up to `end` (2) behind a seal there is room for CLOSING_BYTES in its piece
// (3) each block is free or that of one piece.

import { assert } from "../../base/assert.ts";
import { copyBytes } from "../../base/bytes.ts";
import { crc32c } from "../../base/crc32c.ts";
import { type Arena, bufferOf, growTo, makeArena } from "../../memory/arenas.ts";
import type { LogState } from "./log-state.ts";
import { CLOSING_BYTES } from "./reserve.ts";
import { SEAL_BYTES_MAX, sealInto } from "./seal.ts";

const FIRST_PIECE_BYTES = 64 << 10;
const PIECE_BYTES = 1 << 20;
const SPARE_BLOCKS_MAX = 16;
const SEAL_ROOM_BYTES = SEAL_BYTES_MAX + CLOSING_BYTES;

const FIRST = 0;
const LAST = 1;
const BLOCKS = 2;
const FREE = 3;
const HEAD_BYTES = 16;
const ENTRY_BYTES = 8 + 4 + 4 + 4;
const PIECES_FIRST = 64;
/** Four GiB but for a piece: the longest buffer that both engines have. */
const PIECES_MAX = 4096;
const POOL_BYTES_MAX = (PIECES_MAX - 1) * PIECE_BYTES;

const NO_BYTES = new Uint8Array(0);

/** Views of the table. */
class PieceTable {
  readonly head: Int32Array;
  readonly offsets: Float64Array;
  readonly used: Int32Array;
  readonly blocks: Int32Array;
  readonly free: Int32Array;
  readonly mask: number;

  constructor(buffer: ArrayBuffer | SharedArrayBuffer) {
    const pieces = (buffer.byteLength - HEAD_BYTES) / ENTRY_BYTES;
    this.head = new Int32Array(buffer, 0, HEAD_BYTES / 4);
    this.offsets = new Float64Array(buffer, HEAD_BYTES, pieces);
    this.used = new Int32Array(buffer, HEAD_BYTES + pieces * 8, pieces);
    this.blocks = new Int32Array(buffer, HEAD_BYTES + pieces * 12, pieces);
    this.free = new Int32Array(buffer, HEAD_BYTES + pieces * 16, pieces);
    this.mask = pieces - 1;
  }

  /** Adds a piece behind the last one. */
  add(offset: number, used: number, block: number): void {
    const piece = ++this.head[LAST];
    this.offsets[piece & this.mask] = offset;
    this.used[piece & this.mask] = used;
    this.blocks[piece & this.mask] = block;
  }
}

/** What makes the buffer known to another thread. */
export interface SharedPieces {
  readonly table: SharedArrayBuffer;
  readonly pool: Arena;
}

export class LogBuffer {
  readonly #state: LogState;
  #table: PieceTable;
  #pool: Arena | null = null;
  #known: SharedPieces | undefined;
  /** By block. Empty: it has none at the moment, or this thread has no view of it yet. */
  readonly #bytes: Uint8Array[] = [];

  // A range that counts as appended, and was not copied yet.
  #borrowed: Uint8Array | null = null;
  #borrowedStart = 0;
  #borrowedEnd = 0;

  /** An empty one that begins at `state.end`, or the one that another thread shares. */
  constructor(state: LogState, shared?: SharedPieces) {
    this.#state = state;
    this.#table = new PieceTable(shared?.table ?? new ArrayBuffer(tableBytes(PIECES_FIRST)));
    if (shared !== undefined) {
      this.#usePool(shared.pool);
      return;
    }
    this.#bytes.push(new Uint8Array(FIRST_PIECE_BYTES));
    this.#table.head[BLOCKS] = 1;
    this.#table.head[LAST] = -1;
    this.#table.add(state.end, 0, 0);
  }

  /** Number of the first piece, and of the last one. */
  get first(): number {
    return this.#table.head[FIRST];
  }
  get last(): number {
    return this.#table.head[LAST];
  }

  /** Where a piece begins in the file. */
  offset(piece: number): number {
    return this.#table.offsets[piece & this.#table.mask];
  }

  used(piece: number): number {
    return this.#table.used[piece & this.#table.mask];
  }

  /** The piece's bytes; those behind `used` are free. */
  bytes(piece: number): Uint8Array {
    return this.#blockBytes(this.#table.blocks[piece & this.#table.mask]);
  }

  append(bytes: Uint8Array, start: number, end: number): void {
    if (this.#borrowed !== null) this.take();
    this.#copy(bytes, start, end);
    this.#state.end += end - start;
  }

  /** As append, but the bytes may be copied as late as `take`. */
  borrow(bytes: Uint8Array, start: number, end: number): void {
    if (this.#borrowed !== bytes || this.#borrowedEnd !== start) {
      this.take();
      this.#borrowed = bytes;
      this.#borrowedStart = start;
    }
    this.#borrowedEnd = end;
    this.#state.end += end - start;
  }

  /** Copies what was borrowed. */
  take(): void {
    const bytes = this.#borrowed;
    if (bytes === null) return;
    const state = this.#state;
    const length = this.#borrowedEnd - this.#borrowedStart;
    this.#borrowed = null;
    // Where there is no memory for it, it has not been appended.
    state.end -= length;
    this.#copy(bytes, this.#borrowedStart, this.#borrowedEnd);
    state.end += length;
  }

  /** Appends the seal of the batch that begins at the offset `start`; see seal.ts for `lag`. */
  seal(start: number, lag: number): void {
    this.take();
    const state = this.#state;
    const length = state.end - start;
    assert(length >= 0, "a batch that ends before it begins");
    let { last } = this;
    let bytes = this.bytes(last);
    let used = this.used(last);
    const inLast = used - length;
    const sum = inLast >= 0 ? crc32c(bytes, inLast, used) : this.#sumFrom(start);
    if (used + SEAL_ROOM_BYTES > bytes.length) {
      last = this.#nextPiece();
      bytes = this.bytes(last);
      used = 0;
    }
    const end = sealInto(bytes, used, sum, length, lag, start);
    assert(end + CLOSING_BYTES <= bytes.length, "no room behind a seal");
    state.end += end - used;
    this.#use(last, end);
  }

  /** Lets go of what lies before the offset `kept`. */
  release(kept: number): void {
    const { end } = this.#state;
    assert(kept <= end, "more of the log is let go than there is");
    const { last } = this;
    const { head, blocks, free, offsets, mask } = this.#table;
    let { first } = this;
    while (first < last && this.offset(first) + this.used(first) <= kept) {
      const block = blocks[first++ & mask];
      if (this.#pool === null && head[FREE] >= SPARE_BLOCKS_MAX) this.#bytes[block] = NO_BYTES;
      free[head[FREE]++] = block;
    }
    head[FIRST] = first;
    if (first < last || kept !== end) return;
    if (this.#pool === null && head[FREE] > 0) this.#dropSpares();
    offsets[last & mask] = end;
    this.#use(last, 0);
  }

  /**
   * Lets go of everything: it is all safe, and what comes next begins another file, at its offset
   * `start`. To be told before the state is.
   */
  restart(start: number): void {
    assert(this.#borrowed === null, "a log is cut between commands");
    this.release(this.#state.end);
    this.#table.offsets[this.last & this.#table.mask] = start;
  }

  /** As restart, at the start of a file, where what was not written is not to be. */
  drop(): void {
    this.take();
    this.restart(0);
  }

  /** What other threads will have the buffer by, once it is shared: the same each time. */
  get known(): SharedPieces {
    this.#known ??= {
      table: new SharedArrayBuffer(tableBytes(PIECES_MAX)),
      pool: makeArena(POOL_BYTES_MAX),
    };
    return this.#known;
  }

  /** From now on other threads can have the buffer too. */
  share(): SharedPieces {
    assert(this.#borrowed === null, "a buffer is shared between commands");
    assert(this.#pool === null, "a buffer is shared once");
    const { table, pool } = this.known;
    const shared = new PieceTable(table);
    shared.head[LAST] = -1;
    for (let piece = this.first; piece <= this.last; piece++) {
      const block = shared.head[BLOCKS]++;
      shared.add(this.offset(piece), this.used(piece), block);
      copyBytes(this.bytes(piece), 0, this.used(piece), viewOf(pool, block), 0);
    }
    this.#table = shared;
    this.#usePool(pool);
    return this.known;
  }

  #usePool(pool: Arena): void {
    this.#pool = pool;
    this.#bytes.length = 0;
    for (let block = 0; block < PIECES_MAX; block++) this.#bytes.push(NO_BYTES);
  }

  #copy(bytes: Uint8Array, start: number, end: number): void {
    const { head, used, blocks, mask } = this.#table;
    const slot = head[LAST] & mask;
    const into = this.#blockBytes(blocks[slot]);
    const at = used[slot];
    if (at + end - start > into.length) return this.#copyOver(bytes, start, end);
    copyBytes(bytes, start, end, into, at);
    used[slot] = at + end - start;
  }

  /** Fills the last piece, and as many more as it takes. */
  #copyOver(bytes: Uint8Array, start: number, end: number): void {
    try {
      for (let at = start, piece = this.last; ; piece = this.#nextPiece()) {
        const into = this.bytes(piece);
        const used = this.used(piece);
        const part = Math.min(into.length - used, end - at);
        copyBytes(bytes, at, at + part, into, used);
        this.#use(piece, used + part);
        at += part;
        if (at === end) return;
      }
    } catch (error) {
      this.cut(this.#state.end);
      throw error;
    }
  }

  /**
   * Takes back what was appended behind an offset. REQUIRES: that has not been sealed, and nothing
   * is borrowed.
   */
  cut(offset: number): void {
    const end = Math.min(offset, this.#state.end);
    const { head, free, blocks, mask } = this.#table;
    while (this.last > this.first && this.offset(this.last) >= end) {
      free[head[FREE]++] = blocks[head[LAST]-- & mask];
    }
    this.#use(this.last, end - this.offset(this.last));
    this.#state.end = end;
    this.#state.database = -1; // which one was selected may be among it
  }

  #use(piece: number, used: number): void {
    this.#table.used[piece & this.#table.mask] = used;
  }

  /** The CRC-32C of everything from the offset `from` on, where that fills more than one piece. */
  #sumFrom(from: number): number {
    let sum = 0;
    for (let piece = this.first; piece <= this.last; piece++) {
      const start = Math.max(0, from - this.offset(piece));
      if (start < this.used(piece)) sum = crc32c(this.bytes(piece), start, this.used(piece), sum);
    }
    return sum;
  }

  #nextPiece(): number {
    const { last } = this;
    if (last - this.first === this.#table.mask) this.#enlarge();
    this.#table.add(this.offset(last) + this.used(last), 0, this.#takeBlock());
    return last + 1;
  }

  #takeBlock(): number {
    const { head, free } = this.#table;
    const isFree = head[FREE] > 0;
    const block = isFree ? free[head[FREE] - 1] : head[BLOCKS];
    const pool = this.#pool;
    if (pool !== null) {
      growTo(pool, (block + 1) * PIECE_BYTES);
    } else if (block === this.#bytes.length) {
      this.#bytes.push(new Uint8Array(PIECE_BYTES));
    } else if (this.#bytes[block].length === 0) {
      this.#bytes[block] = new Uint8Array(PIECE_BYTES);
    }
    if (isFree) head[FREE]--;
    else head[BLOCKS]++;
    return block;
  }

  #blockBytes(block: number): Uint8Array {
    const bytes = this.#bytes[block];
    return bytes.length > 0 ? bytes : this.#viewOf(block);
  }

  #viewOf(block: number): Uint8Array {
    const pool = this.#pool;
    assert(pool !== null, "the block of a piece has bytes");
    const bytes = viewOf(pool, block);
    this.#bytes[block] = bytes;
    return bytes;
  }

  #dropSpares(): void {
    const { head, free } = this.#table;
    for (let i = 0; i < head[FREE]; i++) this.#bytes[free[i]] = NO_BYTES;
  }

  /** A table for twice as many pieces, while it is this thread's alone. */
  #enlarge(): void {
    assert(this.#pool === null, "more of the log waits in memory than there is room for");
    const table = this.#table;
    const larger = new PieceTable(new ArrayBuffer(tableBytes(2 * (table.mask + 1))));
    larger.head.set(table.head);
    larger.head[LAST] = this.first - 1;
    larger.free.set(table.free);
    for (let piece = this.first; piece <= this.last; piece++) {
      larger.add(this.offset(piece), this.used(piece), table.blocks[piece & table.mask]);
    }
    this.#table = larger;
  }
}

/** A block of a pool, which is made long enough. */
function viewOf(pool: Arena, block: number): Uint8Array {
  const end = (block + 1) * PIECE_BYTES;
  growTo(pool, end);
  return new Uint8Array(bufferOf(pool, end), block * PIECE_BYTES, PIECE_BYTES);
}

function tableBytes(pieces: number): number {
  return HEAD_BYTES + pieces * ENTRY_BYTES;
}
