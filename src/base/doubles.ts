// Floating-point numbers as Redis reads, adds and prints them.
//
// Reading. One grammar (C's strtod over the whole text, without white space around it):
//   [+-] ( digits [. digits] | . digits ) [ (e|E) [+-] digits ]
//   [+-] 0x hex digits with an optional point [ (p|P) [+-] digits ]
//   [+-] ( inf | infinity )        in any case; NaN in any spelling is refused
// A number too large for the type, or one that is not zero and rounds to it, is refused as well.
// Two types read it:
//   double        ZADD, ZINCRBY, score ranges, GEO…: `parseDouble`
//   long double   INCRBYFLOAT, HINCRBYFLOAT and the timeouts of blocking commands, in less than
//                 5 KiB of text: `classifyFloat`, `addFloatsInto`, `parseLongDouble`
//
// Adding. Redis adds increments in the x87 type, whose numbers are ±m · 2^e with m < 2^64 and
// −16445 ≤ e, and prints them with 17 decimals, trailing zeros cut (so 0.1 + 0.2 is 0.3). Whatever
// the machine, we must print the same bytes, so each step is done exactly with BigInt and then
// rounded to 64 bits, half to even, as the processor does: each operand, the sum, the decimals.
//
// The short way. Both operands are decimals of up to 15 digits, and the sum is formed exactly in
// units of 10^−s, s ≤ 17. The long way rounds three times, by at most 2^−64 of the value each, so
// it errs by less than 2 · (|a| + |b|) · 2^−64 · (1 + 2^−64). With |a| + |b| ≤ 40 that is less than
// 0.44 · 10^−17: rounding to 17 decimals restores exactly our sum. Integers below 2^53 are exact
// anyway.
//
// Printing a double. As Redis since 7.2: integers up to 2^62 in full, else the fewest digits that
// read back as the same number, laid out by `formatDouble`'s rule. (7.0 printed RESP3 doubles and
// scores with %.17g: 0.10000000000000001.)

import { asciiBytes, equalsIgnoringCase, latin1Text, writeLatin1 } from "./bytes.ts";
import { writeInteger } from "./integers.ts";

/** Room that every text of `writeDouble` fits in. */
export const DOUBLE_TEXT_MAX = 32;
/** Room that every text of `addFloatsInto` fits in. */
export const FLOAT_TEXT_MAX = 5 * 1024;

const FloatKind = { invalid: 0, decimal: 1, hexadecimal: 2, infinite: 3 } as const;
const INFINITY_SHORT = asciiBytes("inf");
const INFINITY_LONG = asciiBytes("infinity");
const BIG_POWERS = Array.from({ length: 40 }, (_, i) => 10n ** BigInt(i));
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`)); // all exact

// What the last scan met: its sign, and for decimals ±mantissa · 10^−scale, the mantissa being
// exact while there are at most 15 significant digits. The texts are needed when there are more.
let negative = false;
let mantissa = 0;
let digits = 0; // significant ones
let scale = 0;
let mantissaStart = 0;
let mantissaEnd = 0;

function scan(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  negative = at < end && bytes[at] === 0x2d;
  if (negative || (at < end && bytes[at] === 0x2b)) at++;
  if (at === end) return FloatKind.invalid;
  if (bytes[at] > 0x39) {
    const infinite =
      equalsIgnoringCase(bytes, at, end, INFINITY_SHORT) ||
      equalsIgnoringCase(bytes, at, end, INFINITY_LONG);
    return infinite ? FloatKind.infinite : FloatKind.invalid;
  }
  const hexadecimal = bytes[at] === 0x30 && at + 1 < end && (bytes[at + 1] | 0x20) === 0x78;
  return hexadecimal ? scanHexadecimal(bytes, at + 2, end) : scanDecimal(bytes, at, end);
}

function scanDecimal(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  let significant = 0;
  let decimals = -1; // −1 until the point
  let at = start;
  for (; at < end; at++) {
    const digit = bytes[at] - 0x30;
    if (digit >= 0 && digit <= 9) {
      if (decimals >= 0) decimals++;
      if (significant > 0 || digit > 0) {
        significant++;
        if (significant <= 15) value = value * 10 + digit;
      }
    } else if (bytes[at] === 0x2e && decimals < 0) decimals = 0;
    else break;
  }
  if (at - start === (decimals >= 0 ? 1 : 0)) return FloatKind.invalid;
  mantissaStart = start;
  mantissaEnd = at;
  mantissa = value;
  digits = significant;
  scale = decimals > 0 ? decimals : 0;
  if (at === end) return FloatKind.decimal;
  if ((bytes[at] | 0x20) !== 0x65) return FloatKind.invalid;
  const exponent = scanExponent(bytes, at + 1, end);
  if (Number.isNaN(exponent)) return FloatKind.invalid;
  scale -= exponent;
  return FloatKind.decimal;
}

// Sets `scale` to the power of two by which the digits are to be divided, `digits` to their bits.
function scanHexadecimal(bytes: Uint8Array, start: number, end: number): number {
  let significant = 0;
  let decimals = -1;
  let at = start;
  for (; at < end; at++) {
    const byte = bytes[at];
    const letter = byte | 0x20;
    if ((byte >= 0x30 && byte <= 0x39) || (letter >= 0x61 && letter <= 0x66)) {
      if (decimals >= 0) decimals++;
      if (significant > 0 || byte > 0x30) significant += 4;
    } else if (byte === 0x2e && decimals < 0) decimals = 0;
    else break;
  }
  if (at - start === (decimals >= 0 ? 1 : 0)) return FloatKind.invalid;
  mantissaStart = start;
  mantissaEnd = at;
  digits = significant;
  scale = decimals > 0 ? 4 * decimals : 0;
  if (at === end) return FloatKind.hexadecimal;
  if ((bytes[at] | 0x20) !== 0x70) return FloatKind.invalid;
  const exponent = scanExponent(bytes, at + 1, end);
  if (Number.isNaN(exponent)) return FloatKind.invalid;
  scale -= exponent;
  return FloatKind.hexadecimal;
}

// The integer in the range, at most ±10^15 (beyond the length of any text); NaN when it is none.
function scanExponent(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const below = at < end && bytes[at] === 0x2d;
  if (below || (at < end && bytes[at] === 0x2b)) at++;
  if (at === end) return Number.NaN;
  let value = 0;
  for (; at < end; at++) {
    const digit = bytes[at] - 0x30;
    if (digit < 0 || digit > 9) return Number.NaN;
    if (value < 1e14) value = value * 10 + digit;
  }
  return below ? -value : value;
}

/** The double in [start, end), perhaps ±Infinity; NaN for what Redis refuses (see the top). */
export function parseDouble(bytes: Uint8Array, start: number, end: number): number {
  const kind = scan(bytes, start, end);
  if (kind === FloatKind.invalid) return Number.NaN;
  let value = Number.POSITIVE_INFINITY;
  if (kind === FloatKind.decimal) {
    value = mantissa;
    if (digits > 0 && (digits > 15 || scale > 22 || scale < -22)) {
      value = Number(latin1Text(bytes, mantissaStart, end));
      if (value === 0 || value === Number.POSITIVE_INFINITY) return Number.NaN;
    } else if (digits > 0) {
      // Both numbers are exact, so the one operation rounds correctly.
      value = scale >= 0 ? value / POWERS_OF_TEN[scale] : value * POWERS_OF_TEN[-scale];
    }
  } else if (kind === FloatKind.hexadecimal) {
    const exact = roundHexadecimal(bytes, DOUBLE);
    if (exact === undefined) return Number.NaN;
    value = Number(exact.mantissa) * 2 ** exact.exponent;
  }
  return negative ? -value : value;
}

/**
 * The long double in [start, end) as the double on the same side of zero: ±Infinity where it is too
 * large for one, the smallest where it is too small. NaN for what INCRBYFLOAT would refuse.
 */
export function parseLongDouble(bytes: Uint8Array, start: number, end: number): number {
  const value = parseDouble(bytes, start, end);
  if (!Number.isNaN(value) && end - start < FLOAT_TEXT_MAX) return value;
  if (classifyFloat(bytes, start, end) === FloatClass.invalid) return Number.NaN;
  const magnitude = digits > scale ? Number.POSITIVE_INFINITY : Number.MIN_VALUE;
  return negative ? -magnitude : magnitude;
}

/** What an argument is by the rule for long doubles; a code, for no number is made of it. */
export const FloatClass = { invalid: 0, finite: 1, infinite: 2 } as const;

/** Whether INCRBYFLOAT would take the range as a number, and as which kind (a FloatClass). */
export function classifyFloat(bytes: Uint8Array, start: number, end: number): number {
  if (end - start >= FLOAT_TEXT_MAX) return FloatClass.invalid;
  const kind = scan(bytes, start, end);
  if (kind === FloatKind.invalid) return FloatClass.invalid;
  if (kind === FloatKind.infinite) return FloatClass.infinite;
  // Far from the limits of the type there is no need for the exact value.
  if (kind === FloatKind.decimal && Math.abs(digits - scale) < 4900) return FloatClass.finite;
  return roundScanned(kind, bytes) === undefined ? FloatClass.invalid : FloatClass.finite;
}

/** Why `addFloatsInto` wrote nothing. */
export const FloatSumError = { firstInvalid: -1, secondInvalid: -2, notFinite: -3 } as const;

/**
 * Adds two numbers as INCRBYFLOAT does, writes the sum to `out` at `at` (at most FLOAT_TEXT_MAX
 * bytes) and returns its end, or a FloatSumError. `out` may be where the operands lie.
 */
export function addFloatsInto(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
  out: Uint8Array,
  at: number,
): number {
  if (aEnd - aStart >= FLOAT_TEXT_MAX) return FloatSumError.firstInvalid;
  const aKind = scan(a, aStart, aEnd);
  const aShort = aKind === FloatKind.decimal && digits <= 15;
  const aMantissa = negative ? -mantissa : mantissa;
  const aScale = scale;
  if (bEnd - bStart >= FLOAT_TEXT_MAX) return FloatSumError.secondInvalid;
  if (aShort && scan(b, bStart, bEnd) === FloatKind.decimal && digits <= 15) {
    const end = addShortInto(aMantissa, aScale, negative ? -mantissa : mantissa, scale, out, at);
    if (end >= 0) return end;
  }
  return addExactlyInto(a, aStart, aEnd, b, bStart, bEnd, out, at);
}

// a · 10^−aScale + b · 10^−bScale, or −1 where the short way is not proven.
function addShortInto(
  a: number,
  aScale: number,
  b: number,
  bScale: number,
  out: Uint8Array,
  at: number,
): number {
  const units = Math.max(aScale, bScale, 0); // the sum is in units of 10^−units
  if (units > 17 || aScale < -15 || bScale < -15) return -1;
  if (units - aScale > 22 || units - bScale > 22) return -1;
  const aUnits = a * POWERS_OF_TEN[units - aScale];
  const bUnits = b * POWERS_OF_TEN[units - bScale];
  const size = Math.abs(aUnits) + Math.abs(bUnits);
  if (size > Number.MAX_SAFE_INTEGER) return -1;
  if (units > 0 && size > 40 * POWERS_OF_TEN[units]) return -1;
  const sum = aUnits + bUnits;
  return writeDecimal(out, at, sum, units);
}

// Writes sum · 10^−units without zeros at the end of the decimals.
function writeDecimal(out: Uint8Array, at: number, sum: number, units: number): number {
  if (units === 0 || sum === 0) return writeInteger(out, at, sum);
  let end = at;
  if (sum < 0) out[end++] = 0x2d;
  const magnitude = Math.abs(sum);
  let decimals = magnitude % POWERS_OF_TEN[units]; // a remainder is always exact
  end = writeInteger(out, end, (magnitude - decimals) / POWERS_OF_TEN[units]);
  if (decimals === 0) return end;
  let places = units;
  while (decimals % 10 === 0) {
    decimals /= 10;
    places--;
  }
  out[end] = 0x2e;
  for (let i = end + places; i > end; i--) {
    const digit = decimals % 10;
    out[i] = 0x30 + digit;
    decimals = (decimals - digit) / 10;
  }
  return end + 1 + places;
}

function addExactlyInto(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
  out: Uint8Array,
  at: number,
): number {
  const aKind = scan(a, aStart, aEnd);
  const first = roundScanned(aKind, a);
  if (first === undefined && aKind !== FloatKind.infinite) return FloatSumError.firstInvalid;
  const bKind = scan(b, bStart, bEnd);
  const second = roundScanned(bKind, b);
  if (second === undefined && bKind !== FloatKind.infinite) return FloatSumError.secondInvalid;
  if (first === undefined || second === undefined) return FloatSumError.notFinite;
  const exponent = Math.min(first.exponent, second.exponent);
  const sum =
    (first.mantissa << BigInt(first.exponent - exponent)) +
    (second.mantissa << BigInt(second.exponent - exponent));
  const rounded = roundTo(LONG_DOUBLE, sum < 0n ? -sum : sum, exponent, false);
  if (rounded === undefined) return FloatSumError.notFinite;
  return writeLatin1(decimalText(rounded, sum < 0n), out, at);
}

// A number ±m · 2^e, and the limits of a binary type: the bits of m, the least e, the first 2^e
// that is too large.
interface Binary {
  mantissa: bigint;
  exponent: number;
}

interface BinaryType {
  readonly precision: number;
  readonly exponentMin: number;
  readonly overflow: number;
}

const DOUBLE: BinaryType = { precision: 53, exponentMin: -1074, overflow: 1024 };
const LONG_DOUBLE: BinaryType = { precision: 64, exponentMin: -16445, overflow: 16384 };

// The last scan's number as a long double, with its sign; undefined when it is none or not finite.
function roundScanned(kind: number, bytes: Uint8Array): Binary | undefined {
  let rounded: Binary | undefined;
  if (kind === FloatKind.decimal) rounded = roundDecimal(bytes);
  else if (kind === FloatKind.hexadecimal) rounded = roundHexadecimal(bytes, LONG_DOUBLE);
  if (rounded !== undefined && negative) rounded.mantissa = -rounded.mantissa;
  return rounded;
}

function roundDecimal(bytes: Uint8Array): Binary | undefined {
  if (digits === 0) return { mantissa: 0n, exponent: 0 };
  // The number is 0.ddd · 10^(digits − scale); these are far outside of the type.
  if (digits - scale > 4940 || digits - scale < -4960) return undefined;
  const value = digits <= 15 ? BigInt(mantissa) : digitsValue(bytes);
  if (scale <= 0) return roundTo(LONG_DOUBLE, value * powerOfTen(-scale), 0, false);
  // Shifted so far that the quotient has some bits more than the type; the rest only tells that
  // there is one.
  const divisor = powerOfTen(scale);
  const shift = Math.max(0, 66 - bitLength(value) + bitLength(divisor));
  const shifted = value << BigInt(shift);
  const quotient = shifted / divisor;
  const rounded = roundTo(LONG_DOUBLE, quotient, -shift, quotient * divisor !== shifted);
  return rounded?.mantissa === 0n ? undefined : rounded;
}

function digitsValue(bytes: Uint8Array): bigint {
  return BigInt(latin1Text(bytes, mantissaStart, mantissaEnd).replace(".", ""));
}

function roundHexadecimal(bytes: Uint8Array, type: BinaryType): Binary | undefined {
  const text = latin1Text(bytes, mantissaStart, mantissaEnd).replace(".", "");
  const value = BigInt(`0x${text}`);
  if (value === 0n) return { mantissa: 0n, exponent: 0 };
  const size = bitLength(value) - scale;
  if (size > type.overflow || size < type.exponentMin) return undefined;
  const rounded = roundTo(type, value, -scale, false);
  return rounded?.mantissa === 0n ? undefined : rounded;
}

// value · 2^exponent (and, if `more`, a little above) rounded half to even; undefined on overflow.
// REQUIRES: with `more`, value has more bits than the type.
function roundTo(
  type: BinaryType,
  value: bigint,
  exponent: number,
  more: boolean,
): Binary | undefined {
  const length = bitLength(value);
  const drop = Math.max(length - type.precision, type.exponentMin - exponent, 0);
  let rounded = value;
  if (drop > 0) {
    rounded = value >> BigInt(drop);
    const rest = value - (rounded << BigInt(drop));
    const half = 1n << BigInt(drop - 1);
    if (rest > half || (rest === half && (more || (rounded & 1n) === 1n))) rounded++;
  }
  if (rounded !== 0n && bitLength(rounded) + exponent + drop > type.overflow) return undefined;
  return { mantissa: rounded, exponent: exponent + drop };
}

function powerOfTen(power: number): bigint {
  return power < BIG_POWERS.length ? BIG_POWERS[power] : 10n ** BigInt(power);
}

const asDouble = new Float64Array(1);
const asWords = new Int32Array(asDouble.buffer); // little-endian: the high word is the second

function bitLength(value: bigint): number {
  asDouble[0] = Number(value);
  const length = (asWords[1] >>> 20) - 1022;
  if (length <= 1023) {
    // A double rounds, so a value just below a power of two may have become that power.
    return length > 0 && value >> BigInt(length - 1) === 0n ? length - 1 : Math.max(length, 0);
  }
  const text = value.toString(16);
  return text.length * 4 - Math.clz32(Number.parseInt(text[0], 16)) + 28;
}

// %.17Lf without zeros at the end.
function decimalText(value: Binary, below: boolean): string {
  const { mantissa: m, exponent } = value;
  const sign = below ? "-" : "";
  if (exponent >= 0) return sign + (m << BigInt(exponent)).toString();
  const scaled = m * BIG_POWERS[17];
  let units = scaled >> BigInt(-exponent);
  const rest = scaled - (units << BigInt(-exponent));
  const half = 1n << BigInt(-exponent - 1);
  if (rest > half || (rest === half && (units & 1n) === 1n)) units++;
  if (units === 0n) return "0";
  const text = units.toString().padStart(18, "0");
  let end = text.length;
  while (text[end - 1] === "0" && end > text.length - 17) end--;
  const whole = text.slice(0, -17);
  const decimals = text.slice(text.length - 17, end);
  return decimals === "" ? sign + whole : `${sign + whole}.${decimals}`;
}

/** The text of a double as scores and RESP3 doubles have it. Allocates: not for common paths. */
export function formatDouble(n: number): string {
  if (Number.isNaN(n)) return "nan";
  if (n === 0) return Object.is(n, -0) ? "-0" : "0";
  if (n === Number.POSITIVE_INFINITY) return "inf";
  if (n === Number.NEGATIVE_INFINITY) return "-inf";
  if (Number.isInteger(n) && Math.abs(n) <= 2 ** 62) {
    return Number.isSafeInteger(n) ? String(n) : BigInt(n).toString();
  }
  const [significand, power] = Math.abs(n).toExponential().split("e");
  const sign = n < 0 ? "-" : "";
  return sign + layOut(significand.replace(".", ""), Number(power));
}

// The digits d₁d₂… of d₁.d₂… · 10^power: in full with up to seven zeros at the end, as a fraction
// with up to six decimals or three zeros after the point, else with an exponent.
function layOut(significant: string, power: number): string {
  const zeros = power - significant.length + 1; // negative: decimals
  if (zeros >= 0 && zeros < 8) return significant + "0".repeat(zeros);
  if (zeros < 0 && (zeros > -7 || Math.abs(power) < 4)) {
    if (power < 0) return `0.${"0".repeat(-1 - power)}${significant}`;
    return `${significant.slice(0, power + 1)}.${significant.slice(power + 1)}`;
  }
  const decimals = significant.length > 1 ? `.${significant.slice(1)}` : "";
  return `${significant[0]}${decimals}e${power < 0 ? "-" : "+"}${Math.abs(power)}`;
}

/** Writes formatDouble(n), at most DOUBLE_TEXT_MAX bytes, and returns the end. */
export function writeDouble(bytes: Uint8Array, at: number, n: number): number {
  if ((n | 0) === n && !Object.is(n, -0)) return writeInteger(bytes, at, n);
  return writeLatin1(formatDouble(n), bytes, at);
}

/**
 * Writes a double with up to 17 significant digits, as C's %.17g does and Redis's digests have it;
 * at most DOUBLE_TEXT_MAX bytes. Returns the end. Allocates: not for common paths.
 */
export function writePreciseDouble(bytes: Uint8Array, at: number, n: number): number {
  if (!Number.isFinite(n) || n === 0) return writeDouble(bytes, at, n);
  const [significand, exponent] = n.toExponential(16).split("e");
  const power = Number(exponent);
  const isPlain = power >= -4 && power < 17;
  const text = isPlain ? n.toFixed(16 - power) : significand;
  const short = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  if (isPlain) return writeLatin1(short, bytes, at);
  const digits = String(Math.abs(power)).padStart(2, "0");
  return writeLatin1(`${short}e${power < 0 ? "-" : "+"}${digits}`, bytes, at);
}
