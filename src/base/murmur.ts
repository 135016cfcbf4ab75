// MurmurHash64A: the hash of elements of HyperLogLogs. Which register an element goes to follows
// from it, so every server that reads the same HyperLogLog must compute the same. Austin Appleby
// wrote it and gave it to the public domain (github.com/aappleby/smhasher).
//
// 64-bit integers are two halves, high and low, of 32 bits each. A product modulo 2^64 needs the
// whole 64 bits of low × low, and of the crosswise products only the low halves.

/** The multiplier, 0xc6a4a7935bd1e995. */
const M_HIGH = 0xc6a4a793 | 0;
const M_LOW = 0x5bd1e995;
const M_LOW_UPPER = M_LOW >>> 16;
const M_LOW_LOWER = M_LOW & 0xffff;

/** The upper half of low × M_LOW. */
function carried(low: number): number {
  const upper = low >>> 16;
  const lower = low & 0xffff;
  const a = (Math.imul(upper, M_LOW_LOWER) >>> 0) + (Math.imul(lower, M_LOW_LOWER) >>> 16);
  const b = (Math.imul(lower, M_LOW_UPPER) >>> 0) + (a & 0xffff);
  return (Math.imul(upper, M_LOW_UPPER) + (a >>> 16) + (b >>> 16)) | 0;
}

/** Writes the hash of bytes[start, end) to out: its high half, then its low one. */
export function murmurInto(
  out: Int32Array,
  bytes: Uint8Array,
  start: number,
  end: number,
  seed: number,
): void {
  const length = end - start;
  let high = (carried(length) + Math.imul(length, M_HIGH)) | 0;
  let low = Math.imul(length, M_LOW) ^ seed;
  let at = start;
  for (const whole = end - 7; at < whole; at += 8) {
    let l = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    let h = bytes[at + 4] | (bytes[at + 5] << 8) | (bytes[at + 6] << 16) | (bytes[at + 7] << 24);
    h = (carried(l) + Math.imul(h, M_LOW) + Math.imul(l, M_HIGH)) | 0;
    l = Math.imul(l, M_LOW);
    l ^= h >>> 15; // ^= >> 47 of the whole
    h = (carried(l) + Math.imul(h, M_LOW) + Math.imul(l, M_HIGH)) | 0;
    l = Math.imul(l, M_LOW);
    high ^= h;
    low ^= l;
    high = (carried(low) + Math.imul(high, M_LOW) + Math.imul(low, M_HIGH)) | 0;
    low = Math.imul(low, M_LOW);
  }
  if (at < end) {
    for (let shift = 0; at < end; at++, shift += 8) {
      if (shift < 32) low ^= bytes[at] << shift;
      else high ^= bytes[at] << (shift - 32);
    }
    high = (carried(low) + Math.imul(high, M_LOW) + Math.imul(low, M_HIGH)) | 0;
    low = Math.imul(low, M_LOW);
  }
  low ^= high >>> 15;
  high = (carried(low) + Math.imul(high, M_LOW) + Math.imul(low, M_HIGH)) | 0;
  low = Math.imul(low, M_LOW);
  low ^= high >>> 15;
  out[0] = high;
  out[1] = low;
}
