// The reserve: room that is kept at the end of the log's file while `appendfsync` is `always`.
//
// Growing a file makes each sync write the file system's journal as well; writing over bytes that
// the file already has does not (0016 in docs/decisions has the figures). So the file is made
// longer by RESERVE_BYTES at a time, and batches are written over that. A log must be readable at
// any moment, by Redis too, so the reserve consists of annotations, which every reader skips:
//
//   reserve = { line }                line = "#" … "#" LF, 64 bytes
//
// A batch that is written into the reserve is followed by one more "#" ("#" and LF where only the
// last LF of the reserve would be left), which makes what is left of the line an annotation again.
// Recovery cuts the reserve off, and so does closing the log.

/** How much longer the file is made at a time. */
export const RESERVE_BYTES = 256 << 10;

/** Bytes of a whole line. */
export const RESERVE_LINE_BYTES = 64;

const HASH = 35;
const LF = 10;

let filled: Uint8Array | undefined;

/** The bytes of a whole new reserve. Not to be written to. */
export function reserve(): Uint8Array {
  if (filled === undefined) {
    filled = new Uint8Array(RESERVE_BYTES).fill(HASH);
    for (let end = RESERVE_LINE_BYTES; end <= RESERVE_BYTES; end += RESERVE_LINE_BYTES) {
      filled[end - 1] = LF;
    }
  }
  return filled;
}

/** Bytes that closingBytes asks for at most. */
export const CLOSING_BYTES = 2;

/** Bytes that must follow a batch where `left` bytes of the reserve are left behind it. */
export function closingBytes(left: number): number {
  if (left <= 0) return 0;
  return left === 1 ? 2 : 1;
}

/** Writes those bytes at `at`. REQUIRES: room for CLOSING_BYTES. */
export function closeInto(bytes: Uint8Array, at: number): void {
  bytes[at] = HASH;
  bytes[at + 1] = LF;
}

/** Whether the line [start, end) is one of the reserve, be it cut short at the end of the file. */
export function isReserveLine(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && bytes[at] === HASH) at++;
  return at > start && (at === end || (at === end - 1 && bytes[at] === LF));
}
