// Doubles as the integers of C, cast as a 64-bit x86 does it. The standard leaves a cast that is
// out of range undefined; programs see what the processor gives, the lowest integer of the type,
// and the libraries of Redis let them see it ("%d", offsets, lengths, packed integers).
//
//   toInt64    (long long) n     toInt32    (int) n
//   lowInt32   (int)(ptrdiff_t) n, as luaL_checkint takes an argument: the low half of the 64 bits
//   toUint64   (unsigned long long) n, as a BigInt: a double does not hold it
//
// An Int64 is a double here: integral, from -2^63 to below 2^63; what a double cannot hold, a cast
// from a double does not yield.

const TWO_32 = 2 ** 32;
const TWO_63 = 2 ** 63;
const INT64_MIN = -TWO_63;
const INT32_MIN = -(2 ** 31);

/** The integral double that `(long long) n` is; never -0. */
export function toInt64(n: number): number {
  if ((n | 0) === n) return n | 0;
  // A NaN fails both comparisons.
  return n >= INT64_MIN && n < TWO_63 ? Math.trunc(n) + 0 : INT64_MIN;
}

/** `(int) n`. */
export function toInt32(n: number): number {
  if ((n | 0) === n) return n | 0;
  return n > INT32_MIN - 1 && n < -INT32_MIN ? Math.trunc(n) | 0 : INT32_MIN;
}

/** `(int)(long long) n`: what is beyond 32 bits is cut off. */
export function lowInt32(n: number): number {
  if ((n | 0) === n) return n | 0;
  const whole = toInt64(n);
  // `|` takes the value modulo 2^32 exactly, for every integral double.
  return whole | 0;
}

/** `(unsigned long long) n`: negative numbers wrap, from 2^64 on it is 0. */
export function toUint64(n: number): bigint {
  if (n >= TWO_63) return n < TWO_63 * 2 ? BigInt(Math.trunc(n)) : 0n;
  return BigInt.asUintN(64, BigInt(toInt64(n)));
}

/** The double next to a 64-bit integer given as two halves, the upper one signed. */
export function int64From(high: number, low: number): number {
  return high * TWO_32 + (low >>> 0);
}
