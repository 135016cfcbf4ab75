// The end of the log in memory: what was appended, in pieces, until it is safe in the file.
//
//   kept ─▶ │ piece │ piece │ piece ···│ borrowed │ ◀─ end          (offsets in the file)
//
// A piece holds consecutive bytes of the file; a batch may fill several. What a client's pipeline
// appends can be borrowed: commands that follow one another in the array they came in are copied
// together, when something else comes or the array is about to change.
//
// Invariants: (1) the pieces hold all bytes from the last release on, in order, and what is
// borrowed follows them up to `end` (2) behind a seal there is room for CLOSING_BYTES in its piece.

import { assert } from "../../base/assert.ts";
import { copyBytes } from "../../base/bytes.ts";
import { crc32c } from "../../base/crc32c.ts";
import { CLOSING_BYTES } from "./reserve.ts";
import { SEAL_BYTES_MAX, sealInto } from "./seal.ts";

const FIRST_PIECE_BYTES = 64 << 10;
const PIECE_BYTES = 1 << 20;
const SPARE_PIECES_MAX = 16;
const SEAL_ROOM_BYTES = SEAL_BYTES_MAX + CLOSING_BYTES;

/** Consecutive bytes of the file, in memory. */
export class Piece {
  readonly bytes: Uint8Array;
  /** Where bytes[0] is in the file. */
  offset: number;
  used = 0;

  constructor(size: number, offset: number) {
    this.bytes = new Uint8Array(size);
    this.offset = offset;
  }
}

export class LogBuffer {
  /** The offset behind everything that was appended. */
  end: number;
  /** What may still have to be written, in the order of the file. */
  readonly pieces: Piece[] = [];

  readonly #spares: Piece[] = [];
  #last: Piece; // the piece that is appended to: the last of `pieces`

  // A range that counts as appended, and was not copied yet.
  #borrowed: Uint8Array | null = null;
  #borrowedStart = 0;
  #borrowedEnd = 0;

  constructor(end: number) {
    this.end = end;
    this.#last = new Piece(FIRST_PIECE_BYTES, end);
    this.pieces.push(this.#last);
  }

  append(bytes: Uint8Array, start: number, end: number): void {
    if (this.#borrowed !== null) this.take();
    this.#copy(bytes, start, end);
    this.end += end - start;
  }

  /** As append, but the bytes may be copied as late as `take`. */
  borrow(bytes: Uint8Array, start: number, end: number): void {
    if (this.#borrowed !== bytes || this.#borrowedEnd !== start) {
      this.take();
      this.#borrowed = bytes;
      this.#borrowedStart = start;
    }
    this.#borrowedEnd = end;
    this.end += end - start;
  }

  /** Copies what was borrowed. */
  take(): void {
    const bytes = this.#borrowed;
    if (bytes === null) return;
    this.#borrowed = null;
    this.#copy(bytes, this.#borrowedStart, this.#borrowedEnd);
  }

  /** Appends the seal of the batch that begins at the offset `start`; see seal.ts for `lag`. */
  seal(start: number, lag: number): void {
    this.take();
    const length = this.end - start;
    assert(length >= 0, "a batch that ends before it begins");
    let last = this.#last;
    const inLast = last.used - length;
    const sum = inLast >= 0 ? crc32c(last.bytes, inLast, last.used) : this.#sumFrom(start);
    if (last.used + SEAL_ROOM_BYTES > last.bytes.length) last = this.#nextPiece(0);
    const end = sealInto(last.bytes, last.used, sum, length, lag, start);
    assert(end + CLOSING_BYTES <= last.bytes.length, "no room behind a seal");
    this.end += end - last.used;
    last.used = end;
  }

  /** Lets go of what lies before the offset `kept`. */
  release(kept: number): void {
    assert(kept <= this.end, "more of the log is let go than there is");
    const { pieces } = this;
    let gone = 0;
    while (gone < pieces.length - 1 && pieces[gone].offset + pieces[gone].used <= kept) {
      const piece = pieces[gone++];
      const isSpare = piece.bytes.length === PIECE_BYTES && this.#spares.length < SPARE_PIECES_MAX;
      if (isSpare) this.#spares.push(piece);
    }
    if (gone > 0) pieces.splice(0, gone);
    if (pieces.length > 1 || kept !== this.end) return;
    this.#spares.length = 0;
    if (this.#last.bytes.length > PIECE_BYTES) {
      this.#last = new Piece(FIRST_PIECE_BYTES, this.end);
      pieces[0] = this.#last;
    }
    this.#last.offset = this.end;
    this.#last.used = 0;
  }

  #copy(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    let last = this.#last;
    if (last.used + length > last.bytes.length) last = this.#nextPiece(length);
    copyBytes(bytes, start, end, last.bytes, last.used);
    last.used += length;
  }

  /** The CRC-32C of everything from the offset `from` on, where that fills more than one piece. */
  #sumFrom(from: number): number {
    let sum = 0;
    for (const piece of this.pieces) {
      const start = Math.max(0, from - piece.offset);
      if (start < piece.used) sum = crc32c(piece.bytes, start, piece.used, sum);
    }
    return sum;
  }

  #nextPiece(bytes: number): Piece {
    const offset = this.#last.offset + this.#last.used;
    const size = Math.max(bytes + SEAL_ROOM_BYTES, PIECE_BYTES);
    let piece = size === PIECE_BYTES ? this.#spares.pop() : undefined;
    if (piece === undefined) piece = new Piece(size, offset);
    piece.offset = offset;
    piece.used = 0;
    this.pieces.push(piece);
    this.#last = piece;
    return piece;
  }
}
