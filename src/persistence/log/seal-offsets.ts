// Which offsets a seal's sum agrees with. The offset of a batch is in the sum and not in the line,
// and it stands at the very end of what is summed: ":length:lag:offset". A CRC is linear, so what
// the last five digits add does not depend on what comes before them:
//
//   sum(…1234567) = sum(…1200000) xor tail(34567)       tail(d) = sum("00000") xor sum("d")
//
// So a table of the 100,000 tails, which differ from one another, finds with one look-up the only
// last five digits, if any, that agree with a given beginning: one sum for 100,000 offsets. All
// offsets below 2^30 take 1.5 ms on Node, and the table, once made, 2 MiB.

import { crc32c } from "../../base/crc32c.ts";
import { type Seal, sealSum } from "./seal.ts";

const TAIL_DIGITS = 5;
const TAILS = 10 ** TAIL_DIGITS;
const FIVE_DIGITS = 10_000;
const SLOTS = 1 << 18;
const ZERO = 48;

// An open hash table: what a tail adds to a sum, and the tail plus one (0: the slot is free).
let sums: Int32Array | undefined;
let tails: Int32Array = new Int32Array(0);

/** The offsets below `limit` with which the seal of bytes with the CRC-32C `crc` agrees. */
export function sealOffsets(seal: Seal, crc: number, limit: number): number[] {
  const found: number[] = [];
  const { sum, length, lag } = seal;
  // Numbers of four digits or less; then those of five, where 10000 stands for the beginning.
  for (let offset = 0; offset < Math.min(FIVE_DIGITS, limit); offset++) {
    if (seal.closes(crc, offset)) found.push(offset);
  }
  const five = tailOf(sealSum(crc, length, lag, FIVE_DIGITS) ^ fiveDigits() ^ sum);
  if (five >= FIVE_DIGITS && five < limit) found.push(five);
  for (let head = TAILS; head < limit; head += TAILS) {
    const tail = tailOf(sealSum(crc, length, lag, head) ^ sum);
    if (tail >= 0 && head + tail < limit) found.push(head + tail);
  }
  return found;
}

/** The last five digits that add this to a sum, or −1. */
function tailOf(sum: number): number {
  sums ??= makeTails();
  let slot = sum & (SLOTS - 1);
  while (tails[slot] !== 0 && sums[slot] !== sum) slot = (slot + 1) & (SLOTS - 1);
  return tails[slot] - 1;
}

/** What the tail 10000 adds to a sum. */
function fiveDigits(): number {
  return sumOfTail(0) ^ sumOfTail(FIVE_DIGITS);
}

const digits = new Uint8Array(TAIL_DIGITS);

function sumOfTail(tail: number): number {
  for (let i = TAIL_DIGITS - 1, rest = tail; i >= 0; i--, rest = Math.floor(rest / 10)) {
    digits[i] = ZERO + (rest % 10);
  }
  return crc32c(digits, 0, TAIL_DIGITS);
}

function makeTails(): Int32Array {
  const none = sumOfTail(0);
  const made = new Int32Array(SLOTS);
  tails = new Int32Array(SLOTS);
  for (let tail = 0; tail < TAILS; tail++) {
    const sum = none ^ sumOfTail(tail);
    let slot = sum & (SLOTS - 1);
    while (tails[slot] !== 0) slot = (slot + 1) & (SLOTS - 1);
    made[slot] = sum;
    tails[slot] = tail + 1;
  }
  return made;
}
