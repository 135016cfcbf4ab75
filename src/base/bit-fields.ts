// Unsigned integers of any number of bits, anywhere in a range of bytes: the first bit of a byte is
// its highest, and the first bit of a field is the integer's highest, so that a field that begins
// and ends with a byte is big-endian.
//
//   bytes    |00000001|01110000|        a field of 5 bits at 7, which is 23
//                    ^^ ^^^
//
// Fields of up to FIELD_BITS_MAX bits are exact as numbers; longer ones are read and written in two
// parts, as bigints.

export const FIELD_BITS_MAX = 53;

/** Bits of the lower part of a long field. */
const LOW_BITS = 32;

/** The field of `bits` ≤ FIELD_BITS_MAX at bit `offset` of bytes[start, end), zeros behind it. */
export function readField(
  bytes: Uint8Array,
  start: number,
  end: number,
  offset: number,
  bits: number,
): number {
  let at = start + Math.floor(offset / 8);
  let there = 8 - (offset % 8);
  let left = bits;
  let value = 0;
  while (left > 0) {
    const byte = at < end ? bytes[at] & ((1 << there) - 1) : 0;
    const taken = Math.min(there, left);
    value = value * (1 << taken) + (byte >> (there - taken));
    left -= taken;
    there = 8;
    at++;
  }
  return value;
}

/** Writes the lowest `bits` ≤ FIELD_BITS_MAX of `value` ≥ 0. REQUIRES: the bytes are there. */
export function writeField(
  bytes: Uint8Array,
  start: number,
  offset: number,
  bits: number,
  value: number,
): void {
  const last = offset + bits - 1;
  let at = start + Math.floor(last / 8);
  // Bits of the last byte that are behind the field.
  let behind = 7 - (last % 8);
  let left = bits;
  let rest = value;
  while (left > 0) {
    const taken = Math.min(8 - behind, left);
    const mask = ((1 << taken) - 1) << behind;
    bytes[at] = (bytes[at] & ~mask) | (((rest % 256) << behind) & mask);
    rest = Math.floor(rest / (1 << taken));
    left -= taken;
    behind = 0;
    at--;
  }
}

/** As readField, of more bits than a number has. */
export function readLongField(
  bytes: Uint8Array,
  start: number,
  end: number,
  offset: number,
  bits: number,
): bigint {
  const high = bits - LOW_BITS;
  const upper = readField(bytes, start, end, offset, high);
  const lower = readField(bytes, start, end, offset + high, LOW_BITS);
  return (BigInt(upper) << BigInt(LOW_BITS)) | BigInt(lower);
}

/** As writeField, of more bits than a number has. */
export function writeLongField(
  bytes: Uint8Array,
  start: number,
  offset: number,
  bits: number,
  value: bigint,
): void {
  const high = bits - LOW_BITS;
  writeField(bytes, start, offset, high, Number(BigInt.asUintN(high, value >> BigInt(LOW_BITS))));
  writeField(bytes, start, offset + high, LOW_BITS, Number(BigInt.asUintN(LOW_BITS, value)));
}
