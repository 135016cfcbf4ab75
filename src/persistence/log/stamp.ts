// Time annotations, as Redis writes them (aof-timestamp-enabled): a line that says when what
// follows it was executed. Each reader skips them; to a point in time is restored by them.
//
//   stamp = "#TS:" seconds CR LF            seconds since 1970, decimal
//
// In our part a stamp opens a batch, and is covered by its seal, when a second has begun since the
// last one, and at the first batch of each file: at most one a second. Times ascend but where the
// clock was set back between two sessions: then a batch has the time of the last stamp before it.

import { writeInteger } from "../../base/integers.ts";

const PREFIX = "#TS:";
const PREFIX_BYTES = 4;
const CR = 13;
const LF = 10;
const ZERO = 48;
const DIGITS_MAX = 15;

/** Bytes of the longest stamp. */
export const STAMP_BYTES_MAX = PREFIX_BYTES + DIGITS_MAX + 3;

/** Writes a stamp and returns its end. REQUIRES: room for STAMP_BYTES_MAX. */
export function stampInto(bytes: Uint8Array, at: number, seconds: number): number {
  for (let i = 0; i < PREFIX_BYTES; i++) bytes[at + i] = PREFIX.charCodeAt(i);
  const end = writeInteger(bytes, at + PREFIX_BYTES, seconds);
  bytes[end] = CR;
  bytes[end + 1] = LF;
  return end + 2;
}

/** The seconds of a stamp, the line [start, end) with its LF; −1 where it is none. */
export function secondsOf(bytes: Uint8Array, start: number, end: number): number {
  for (let i = 0; i < PREFIX_BYTES; i++) {
    if (start + i >= end || bytes[start + i] !== PREFIX.charCodeAt(i)) return -1;
  }
  let at = start + PREFIX_BYTES;
  let seconds = 0;
  for (; at < end; at++) {
    const digit = bytes[at] - ZERO;
    if (digit < 0 || digit > 9) break;
    seconds = seconds * 10 + digit;
  }
  const digits = at - start - PREFIX_BYTES;
  if (digits === 0 || digits > DIGITS_MAX) return -1;
  if (bytes[at] === CR) at++;
  return at === end - 1 && bytes[at] === LF ? seconds : -1;
}
