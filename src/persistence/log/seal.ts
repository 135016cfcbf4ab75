// The seal: the annotation line that closes each batch of the log. Redis skips lines that begin
// with "#", so a sealed file is still one that Redis reads.
//
//   seal = "#CRC32C:" sum ":" length ":" lag CR LF
//
//   FIELD   MEANING
//   sum     8 lower-case hex digits: the CRC-32C of the batch's bytes followed by
//   ":length:lag:offset"
//   length  bytes of the batch, which lies directly before the seal
//   lag     how many bytes before the batch were not known to be on the disk when it was written
//
// `offset` is where the batch begins in its file. It is in the sum and not in the line, so a batch
// that was moved, repeated or left out shows. A seal is valid when its line has this form, its
// batch begins inside the file, and the sum agrees. All numbers are decimal, without leading zeros.
//
// A batch of length 0 holds no commands: it says "everything before this is on the disk, and what
// follows is sealed". One is written, and synced, at the start of a file and behind what another
// server wrote, and one when a log is closed.
//
// `settled` = offset − lag is therefore what tells a torn write from a damaged file
// (damage.ts): bytes before it had reached the disk, and a crash cannot explain why they are
// wrong.

import { crc32c } from "../../base/crc32c.ts";
import { writeInteger } from "../../base/integers.ts";

/** Bytes of the longest seal: 8 + 8 + two numbers of 16 digits, two colons, CR LF. */
export const SEAL_BYTES_MAX = 52;

const PREFIX = "#CRC32C:";
const PREFIX_BYTES = 8;
const SUM_DIGITS = 8;
const CR = 13;
const LF = 10;
const COLON = 58;
const ZERO = 48;

const prefix = new Uint8Array(PREFIX_BYTES);
for (let i = 0; i < PREFIX_BYTES; i++) prefix[i] = PREFIX.charCodeAt(i);

/** The first bytes of each seal, to search for. */
export const SEAL_PREFIX: Readonly<Uint8Array> = prefix;

const scratch = new Uint8Array(64);

/** The sum of a batch whose bytes alone have the CRC-32C `crc`. */
export function sealSum(crc: number, length: number, lag: number, offset: number): number {
  scratch[0] = COLON;
  let at = writeInteger(scratch, 1, length);
  scratch[at++] = COLON;
  at = writeInteger(scratch, at, lag);
  scratch[at++] = COLON;
  at = writeInteger(scratch, at, offset);
  return crc32c(scratch, 0, at, crc);
}

/**
 * Writes the seal of a batch and returns its end. `crc` is the CRC-32C of the batch's bytes.
 * REQUIRES: room for SEAL_BYTES_MAX bytes at `at`.
 */
export function sealInto(
  bytes: Uint8Array,
  at: number,
  crc: number,
  length: number,
  lag: number,
  offset: number,
): number {
  const sum = sealSum(crc, length, lag, offset);
  for (let i = 0; i < PREFIX_BYTES; i++) bytes[at + i] = prefix[i];
  at += PREFIX_BYTES;
  for (let shift = 28; shift >= 0; shift -= 4) {
    const digit = (sum >>> shift) & 15;
    bytes[at++] = digit < 10 ? ZERO + digit : 87 + digit;
  }
  bytes[at++] = COLON;
  at = writeInteger(bytes, at, length);
  bytes[at++] = COLON;
  at = writeInteger(bytes, at, lag);
  bytes[at++] = CR;
  bytes[at++] = LF;
  return at;
}

/** A seal's fields, filled by `parse`. One object serves a whole file. */
export class Seal {
  sum = 0;
  length = 0;
  lag = 0;

  /** Reads the line [start, end), its LF included; false when it has not the form of a seal. */
  parse(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start + PREFIX_BYTES + SUM_DIGITS;
    if (end - start > SEAL_BYTES_MAX || at + 6 > end) return false;
    for (let i = 0; i < PREFIX_BYTES; i++) if (bytes[start + i] !== prefix[i]) return false;
    let sum = 0;
    for (let i = start + PREFIX_BYTES; i < at; i++) {
      const digit = hexDigit(bytes[i]);
      if (digit < 0) return false;
      sum = (sum << 4) | digit;
    }
    this.sum = sum;
    at = this.#number(bytes, at, end);
    this.length = this.#value;
    if (at > 0) at = this.#number(bytes, at, end);
    this.lag = this.#value;
    return at === end - 2 && bytes[at] === CR && bytes[at + 1] === LF;
  }

  /** Whether this is the seal of bytes with the CRC-32C `crc` that begin at `offset`. */
  closes(crc: number, offset: number): boolean {
    return sealSum(crc, this.length, this.lag, offset) === this.sum;
  }

  /**
   * Whether this is an opening that was written to another place than `offset`, where it is: its
   * sum differs in more than one digit from that of the opening that belongs there.
   */
  isOpeningElsewhere(offset: number): boolean {
    if (this.length !== 0 || this.lag !== 0) return false;
    let wrong = sealSum(0, 0, 0, offset) ^ this.sum;
    while (wrong !== 0 && (wrong & 15) === 0) wrong >>>= 4;
    return wrong >>> 4 !== 0;
  }

  #value = 0;

  /** Reads ":" and a number; returns where it ends, or 0. */
  #number(bytes: Uint8Array, at: number, end: number): number {
    if (bytes[at] !== COLON) return 0;
    const first = ++at;
    let value = 0;
    for (; at < end; at++) {
      const digit = bytes[at] - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    this.#value = value;
    const digits = at - first;
    if (digits === 0 || digits > 16 || (digits > 1 && bytes[first] === ZERO)) return 0;
    return at;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  if (byte >= 97 && byte <= 102) return byte - 87;
  return -1;
}
