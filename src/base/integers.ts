// Integers as Redis reads and writes them: decimal int64, one spelling for each value.
//
// A spelling is valid when it is what Redis itself would print: an optional `-`, then digits
// without a leading zero (`0` alone excepted), within the range of int64. So `+1`, `01`, `-0`, an
// empty range and anything longer than 20 bytes are no integers, nor is what has a space. Because
// of that, "is a valid integer" and "may be stored as the number alone" (the `int` encoding) are
// the same question.
//
// Two ways in, so that the common case is a plain number and the rare one is exact:
//   parseInteger    NaN: not an int64.  ±Infinity: an int64 beyond ±(2^53 − 1).  Else: exact.
//   parseInteger64  the exact value as a bigint, or undefined; for callers that met ±Infinity.
// `Number.isSafeInteger(result)` therefore asks "take the fast path?".

/** Bytes that the longest int64 takes: `-9223372036854775808`. */
export const INTEGER_TEXT_MAX = 20;

export const INT64_MIN = -(2n ** 63n);
export const INT64_MAX = 2n ** 63n - 1n;

const ZERO = 0x30;
const MINUS = 0x2d;
const DIGITS_EXACT = 15; // as many digits never pass 2^53
const UINT64_MAX = 2n ** 64n - 1n;
const BILLION = 1_000_000_000;

// The digits of 2^63, to compare 19 digits with: the negative side includes it, the positive not.
const LIMIT_DIGITS = new Uint8Array(19);
for (let i = 0; i < 19; i++) LIMIT_DIGITS[i] = "9223372036854775808".charCodeAt(i);

// The digits of 0 … 99, two for each.
const PAIRS = new Uint8Array(200);
for (let n = 0; n < 100; n++) {
  PAIRS[n * 2] = ZERO + Math.floor(n / 10);
  PAIRS[n * 2 + 1] = ZERO + (n % 10);
}

/** The integer in [start, end): exact when safe, ±Infinity for any other int64, else NaN. */
export function parseInteger(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const negative = at < end && bytes[at] === MINUS;
  if (negative) at++;
  const count = end - at;
  if (count <= 0 || count > 19) return Number.NaN;
  let value = bytes[at] - ZERO;
  if (value <= 0 || value > 9) return value === 0 && count === 1 && !negative ? 0 : Number.NaN;
  if (count > DIGITS_EXACT) return parseLong(bytes, at, end, negative);
  // Two runs of digits that each stay within 32 bits: 13 digits take 16 ns on Node instead of 70.
  const middle = count > 9 ? end - 9 : end;
  for (at++; at < middle; at++) {
    const digit = bytes[at] - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = (value * 10 + digit) | 0;
  }
  if (middle === end) return negative ? -value : value;
  let low = 0;
  for (; at < end; at++) {
    const digit = bytes[at] - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    low = (low * 10 + digit) | 0;
  }
  const whole = value * BILLION + low;
  return negative ? -whole : whole;
}

// From 16 to 19 digits, the first of them not a zero.
function parseLong(bytes: Uint8Array, start: number, end: number, negative: boolean): number {
  let value = 0;
  let compared = 0; // sign of (digits − 2^63), as far as read
  for (let at = start; at < end; at++) {
    const digit = bytes[at] - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    if (compared === 0) compared = bytes[at] - LIMIT_DIGITS[at - start];
    value = value * 10 + digit;
  }
  if (end - start === 19 && (compared > 0 || (compared === 0 && !negative))) return Number.NaN;
  // Rounding keeps order, so whatever is past 2^53 − 1 still compares as past it.
  if (value > Number.MAX_SAFE_INTEGER) value = Number.POSITIVE_INFINITY;
  return negative ? -value : value;
}

/**
 * The exact int64 in [start, end), or undefined when it is none. Allocates: not for common paths.
 */
export function parseInteger64(bytes: Uint8Array, start: number, end: number): bigint | undefined {
  const value = parseInteger(bytes, start, end);
  if (Number.isNaN(value)) return undefined;
  if (value - value === 0) return BigInt(value);
  const magnitude = parseDigits64(bytes, value < 0 ? start + 1 : start, end);
  return value < 0 ? -magnitude : magnitude;
}

// The value of at most 20 bytes known to be digits, in two exact halves.
function parseDigits64(bytes: Uint8Array, start: number, end: number): bigint {
  let high = 0;
  let low = 0;
  const middle = Math.max(start, end - 10);
  for (let at = start; at < middle; at++) high = high * 10 + bytes[at] - ZERO;
  for (let at = middle; at < end; at++) low = low * 10 + bytes[at] - ZERO;
  return BigInt(high) * 10_000_000_000n + BigInt(low);
}

/**
 * As parseInteger, for positions and counts (LRANGE, GETRANGE, LTRIM): an int64 beyond the safe
 * range becomes ±Number.MAX_SAFE_INTEGER, which is past the end of anything; NaN when no int64.
 */
export function parseIndex(bytes: Uint8Array, start: number, end: number): number {
  const value = parseInteger(bytes, start, end);
  if (value === Number.POSITIVE_INFINITY) return Number.MAX_SAFE_INTEGER;
  if (value === Number.NEGATIVE_INFINITY) return -Number.MAX_SAFE_INTEGER;
  return value;
}

/** Whether [start, end) is the one spelling of an int64, so that the number alone can be stored. */
export function isCanonicalInteger64(bytes: Uint8Array, start: number, end: number): boolean {
  const value = parseInteger(bytes, start, end);
  // biome-ignore lint/suspicious/noSelfCompare: NaN is the only number unequal to itself.
  return value === value;
}

/**
 * A SCAN cursor by the rules of Redis 7.0 (C's strtoul over the whole argument): an unsigned 64-bit
 * decimal where leading zeros, one sign and the empty text (0) are allowed, white space is not.
 * The result is the cursor modulo 2^53: cursors are masked by the size of a table, which is
 * smaller. NaN for what is no cursor.
 */
export function parseCursor(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return 0;
  let at = start;
  const negative = bytes[at] === MINUS;
  if (negative || bytes[at] === 0x2b) at++;
  if (at === end) return Number.NaN;
  while (at < end - 1 && bytes[at] === ZERO) at++;
  if (end - at > 20) return Number.NaN;
  let value = 0;
  for (let i = at; i < end; i++) {
    const digit = bytes[i] - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  if (!negative && value <= Number.MAX_SAFE_INTEGER) return value;
  const exact = parseDigits64(bytes, at, end);
  if (exact > UINT64_MAX) return Number.NaN;
  return Number(BigInt.asUintN(53, negative ? -exact : exact));
}

/** How many bytes `writeInteger` writes for the integer `n`. */
export function integerLength(n: number): number {
  let length = 1;
  let magnitude = n;
  if (n < 0) {
    length = 2;
    magnitude = -n;
  }
  if (magnitude > Number.MAX_SAFE_INTEGER) return String(BigInt(n)).length;
  if (magnitude >= BILLION) {
    length += 9;
    magnitude = Math.floor(magnitude / BILLION);
  }
  let small = magnitude | 0;
  while (small >= 10) {
    small = (small / 10) | 0;
    length++;
  }
  return length;
}

/**
 * Writes the decimal digits of an integer and returns their end: at most 17 bytes of a safe one, 20
 * of any other within int64, such as a deadline in the far future.
 */
export function writeInteger(bytes: Uint8Array, at: number, n: number): number {
  let magnitude = n;
  if (n < 0) {
    bytes[at++] = MINUS;
    magnitude = -n;
  }
  if (magnitude < 10) {
    bytes[at] = ZERO + magnitude;
    return at + 1;
  }
  if (magnitude < BILLION) return writeDigits(bytes, at, magnitude | 0);
  if (magnitude > Number.MAX_SAFE_INTEGER) return writeInteger64(bytes, at, BigInt(magnitude));
  const high = Math.floor(magnitude / BILLION);
  const end = writeDigits(bytes, at, high | 0) + 9;
  let low = (magnitude - high * BILLION) | 0;
  for (let i = end - 1; i >= end - 9; i--) {
    const rest = (low / 10) | 0;
    bytes[i] = ZERO + (low - rest * 10);
    low = rest;
  }
  return end;
}

// The digits of 0 ≤ n < 2^31, two at a time: 6 digits take 10 ns instead of 14.
function writeDigits(bytes: Uint8Array, at: number, n: number): number {
  const end = at + countDigits(n);
  let value = n;
  let i = end;
  while (value >= 100) {
    const rest = (value / 100) | 0;
    const pair = (value - rest * 100) << 1;
    bytes[--i] = PAIRS[pair + 1];
    bytes[--i] = PAIRS[pair];
    value = rest;
  }
  if (value >= 10) {
    bytes[--i] = PAIRS[(value << 1) + 1];
    bytes[--i] = PAIRS[value << 1];
  } else {
    bytes[--i] = ZERO + value;
  }
  return end;
}

function countDigits(n: number): number {
  if (n < 10000) return n < 100 ? (n < 10 ? 1 : 2) : n < 1000 ? 3 : 4;
  if (n < 100000000) return n < 1000000 ? (n < 100000 ? 5 : 6) : n < 10000000 ? 7 : 8;
  return n < BILLION ? 9 : 10;
}

/**
 * Writes the decimal digits of `n` (an int64: at most INTEGER_TEXT_MAX bytes), returns their end.
 */
export function writeInteger64(bytes: Uint8Array, at: number, n: bigint): number {
  const text = n.toString();
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}
