// LZF, the compression of long strings in RDB files (the format of Marc Lehmann's liblzf). Runs of
// bytes as they are, and references to what came shortly before:
//
//   000lllll  bytes                       l + 1 literal bytes
//   lllddddd dddddddd                     l + 2 bytes (l from 1 to 6) from d + 1 bytes before
//   111ddddd llllllll dddddddd            l + 9 bytes from d + 1 bytes before
//
// Nothing that is read is trusted: a stream that leads outside of either buffer is refused.

const LITERALS_MAX = 32;
const DISTANCE_MAX = 1 << 13;
const REFERENCE_MAX = 264;
const SHORT_REFERENCE_MAX = 8;
const HASH_BITS = 14;

/** Where three bytes of this hash were last seen, counted from `base` on. */
const seen = new Int32Array(1 << HASH_BITS);
let base = 0;

/**
 * Compresses bytes[start, end) into out[at, limit); returns the end there, or 0 where that does not
 * suffice.
 */
export function lzfCompress(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
  limit: number,
): number {
  const length = end - start;
  // Places of calls before lie below `base`, so that nothing need be cleared.
  if (base + length > 0x7fffffff) {
    seen.fill(0);
    base = 0;
  }
  const offset = (base + 1 - start) | 0;
  base += length;
  let o = at;
  let literals = start;
  let i = start;
  // Nothing is written before a repetition is found: most short strings have none.
  for (const stop = end - 2; i < stop; ) {
    const three = bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16);
    const slot = Math.imul(three, 0x9e3779b1) >>> (32 - HASH_BITS);
    const before = (seen[slot] - offset) | 0;
    seen[slot] = (i + offset) | 0;
    if (
      before < start ||
      i - before > DISTANCE_MAX ||
      bytes[before] !== bytes[i] ||
      bytes[before + 1] !== bytes[i + 1] ||
      bytes[before + 2] !== bytes[i + 2]
    ) {
      i++;
      continue;
    }
    const distance = i - before - 1;
    const most = Math.min(REFERENCE_MAX, end - i);
    let same = 3;
    while (same < most && bytes[before + same] === bytes[i + same]) same++;
    o = writeLiterals(bytes, literals, i, out, o, limit);
    if (o === 0 || o + 3 > limit) return 0;
    if (same <= SHORT_REFERENCE_MAX) out[o++] = ((same - 2) << 5) | (distance >> 8);
    else {
      out[o++] = (7 << 5) | (distance >> 8);
      out[o++] = same - 9;
    }
    out[o++] = distance & 255;
    i += same;
    literals = i;
  }
  return writeLiterals(bytes, literals, end, out, o, limit);
}

/** Writes bytes[from, to) as runs of literals; returns the end in `out`, or 0. */
function writeLiterals(
  bytes: Uint8Array,
  from: number,
  to: number,
  out: Uint8Array,
  at: number,
  limit: number,
): number {
  const count = to - from;
  if (at + count + Math.ceil(count / LITERALS_MAX) > limit) return 0;
  let i = from;
  let o = at;
  while (i < to) {
    const stop = Math.min(to, i + LITERALS_MAX);
    out[o++] = stop - i - 1;
    while (i < stop) out[o++] = bytes[i++];
  }
  return o;
}

/** Undoes that into out[0, length); false where the bytes are not exactly so much, compressed. */
export function lzfDecompress(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  length: number,
): boolean {
  let o = 0;
  let i = start;
  while (i < end) {
    const control = bytes[i++];
    if (control < LITERALS_MAX) {
      const stop = i + control + 1;
      if (stop > end || o + control + 1 > length) return false;
      while (i < stop) out[o++] = bytes[i++];
      continue;
    }
    let count = (control >> 5) + 2;
    if (count === 9) {
      if (i >= end) return false;
      count += bytes[i++];
    }
    if (i >= end) return false;
    let from = o - ((control & 31) << 8) - bytes[i++] - 1;
    if (from < 0 || o + count > length) return false;
    while (count-- > 0) out[o++] = out[from++];
  }
  return o === length;
}
