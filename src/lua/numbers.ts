// Numbers as text and text as numbers, to the digit as Lua 5.1 has them on the C library of GNU.
//
//   numberText   tostring and `..`: "%.14g"
//   parseNumber   strtod, which takes hexadecimal integers and fractions, inf and nan as well
//   parseUnsigned strtoul in a base, as tonumber("zz", 36)
//   significant, fixed, exponential   the decimal digits that "%g", "%f" and "%e" print
//
// JavaScript prints decimals correctly rounded, except that of two equally near ones it takes the
// larger and C takes the even one. So digits come from toExponential and toFixed, and a tie is
// found by arithmetic and put right: abs × 10^q lies halfway between two integers exactly when
// abs × 2^q is no integer and abs × 2^(q+1) is one (10^q is 2^q by an odd number). The larger one,
// if odd, loses one from its last digit, which is not 0: nothing is borrowed.
//
// Most numbers take a shorter way. A decimal of at most fifteen digits is not the nearest of two
// doubles' texts, so where JavaScript's shortest text has fourteen digits or fewer, "%.14g" has the
// same digits; only the exponent may be written otherwise.
//
// A NaN has no sign here. What processors make of 0/0 has its sign bit set, and C prints "-nan";
// so every NaN is printed like that.

const DIGITS = 14;
const DIGITS_END = 1e14;
/** From here down C writes an exponent. */
const POINT_MIN = 1e-4;

/** The text of a number: "%.14g". */
export function numberText(n: number): string {
  if ((n | 0) === n) return n === 0 && 1 / n < 0 ? "-0" : `${n}`;
  const abs = n < 0 ? -n : n;
  if (abs >= POINT_MIN && abs < DIGITS_END) {
    const text = `${n}`;
    // A point and fourteen digits, or a whole number below DIGITS_END.
    if (text.length <= DIGITS + 1) return text;
  }
  return significant(n, DIGITS, false);
}

/** "%.{precision}g", precision from 1 on; `alternate` is C's `#`, which keeps the zeros. */
export function significant(n: number, precision: number, alternate: boolean): string {
  const special = specialText(n);
  if (special !== "") return special;
  const sign = n < 0 || (n === 0 && 1 / n < 0) ? "-" : "";
  const abs = Math.abs(n);
  let digits = decimalDigits(abs, precision);
  const exponent = decimalExponent;
  const pointed = exponent >= -4 && exponent < precision;
  if (!alternate) digits = withoutZeros(digits);
  if (!pointed) return sign + scientific(digits, exponent, alternate);
  if (exponent < 0) return `${sign}0.${"0".repeat(-1 - exponent)}${digits}`;
  const whole = exponent + 1;
  if (digits.length < whole) return sign + digits.padEnd(whole, "0");
  if (digits.length === whole) return alternate ? `${sign}${digits}.` : sign + digits;
  return `${sign}${digits.slice(0, whole)}.${digits.slice(whole)}`;
}

/** "%.{precision}e". */
export function exponential(n: number, precision: number, alternate: boolean): string {
  const special = specialText(n);
  if (special !== "") return special;
  const sign = n < 0 || (n === 0 && 1 / n < 0) ? "-" : "";
  const digits = decimalDigits(Math.abs(n), precision + 1);
  return sign + scientific(digits, decimalExponent, alternate);
}

/** "%.{precision}f". */
export function fixed(n: number, precision: number, alternate: boolean): string {
  const special = specialText(n);
  if (special !== "") return special;
  const sign = n < 0 || (n === 0 && 1 / n < 0) ? "-" : "";
  const abs = Math.abs(n);
  let text: string;
  // From here on toFixed writes an exponent; and every double is an integer.
  if (abs >= 1e21)
    text = precision > 0 ? `${BigInt(abs)}.${"0".repeat(precision)}` : `${BigInt(abs)}`;
  else {
    text = abs.toFixed(precision);
    if (isTie(abs, precision)) text = toEven(text);
  }
  return alternate && precision === 0 ? `${sign}${text}.` : sign + text;
}

/** What C prints for what has no digits, or "". */
export function specialText(n: number): string {
  if (n - n === 0) return "";
  return n > 0 ? "inf" : n < 0 ? "-inf" : "-nan";
}

/** The exponent of the digits that `decimalDigits` returned last. */
let decimalExponent = 0;

/** The first `count` decimal digits of abs, correctly rounded, ties to even. */
function decimalDigits(abs: number, count: number): string {
  const text = abs.toExponential(count - 1);
  const mark = text.indexOf("e", count === 1 ? 1 : count + 1);
  decimalExponent = Number(text.slice(mark + 1));
  const digits = count === 1 ? text.slice(0, 1) : text[0] + text.slice(2, mark);
  return isTie(abs, count - 1 - decimalExponent) ? toEven(digits) : digits;
}

/** Whether abs × 10^places lies halfway between two integers. */
function isTie(abs: number, places: number): boolean {
  if (places >= 0) {
    const scaled = abs * 2 ** places;
    return !Number.isInteger(scaled) && Number.isInteger(scaled * 2);
  }
  // Halfway between two multiples of 10^k is a multiple of five times 10^(k-1).
  if (abs % 5 !== 0) return false;
  const unit = 10n ** BigInt(-places);
  const twice = BigInt(abs) * 2n;
  return twice % unit === 0n && (twice / unit) % 2n === 1n;
}

/** Of two neighbours that end so and one lower, the even one. */
function toEven(digits: string): string {
  const last = digits.charCodeAt(digits.length - 1);
  if ((last & 1) === 0) return digits;
  return digits.slice(0, -1) + String.fromCharCode(last - 1);
}

function withoutZeros(digits: string): string {
  let end = digits.length;
  while (end > 1 && digits.charCodeAt(end - 1) === 48) end--;
  return end === digits.length ? digits : digits.slice(0, end);
}

function scientific(digits: string, exponent: number, alternate: boolean): string {
  const point = digits.length > 1 ? `.${digits.slice(1)}` : alternate ? "." : "";
  const abs = Math.abs(exponent);
  return `${digits[0]}${point}e${exponent < 0 ? "-" : "+"}${abs < 10 ? "0" : ""}${abs}`;
}

// Text to numbers. Lua hands C the text up to its first zero byte, so that is where it ends here.

/** Where `scanNumber` stopped: the index behind the number, or where it began if there is none. */
export let scanEnd = 0;

/** The number that a whole text stands for, or undefined: blanks may surround it. */
export function parseNumber(text: string): number | undefined {
  const length = text.length;
  if (length === 0) return undefined;
  // Up to fifteen plain digits, what most texts are, need no second look.
  if (length <= 15) {
    let value = 0;
    let at = 0;
    for (; at < length; at++) {
      const digit = text.charCodeAt(at) - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (at === length) return value;
  }
  const value = scanNumber(text, 0);
  let end = scanEnd;
  if (value === undefined) return undefined;
  while (isSpace(codeAt(text, end))) end++;
  return codeAt(text, end) === 0 ? value : undefined;
}

/** strtod: the longest number that text holds from `start` on, blanks before it skipped. */
export function scanNumber(text: string, start: number): number | undefined {
  let at = start;
  scanEnd = start;
  while (isSpace(codeAt(text, at))) at++;
  const first = at;
  const sign = codeAt(text, at);
  const negative = sign === 45;
  if (negative || sign === 43) at++;
  const code = codeAt(text, at);
  if (code === 48 && (codeAt(text, at + 1) | 32) === 120) {
    const value = scanHexadecimal(text, at + 2);
    if (value === undefined) {
      // "0x" without a digit is the number 0 and an x behind it.
      scanEnd = at + 1;
      return negative ? -0 : 0;
    }
    return negative ? -value : value;
  }
  if (!isDigit(code) && code !== 46) return scanWord(text, at, negative);
  const wholeFrom = at;
  while (isDigit(codeAt(text, at))) at++;
  let digits = at - wholeFrom;
  if (codeAt(text, at) === 46) {
    const fractionFrom = at + 1;
    let end = fractionFrom;
    while (isDigit(codeAt(text, end))) end++;
    if (digits + end - fractionFrom > 0) at = end;
    digits += end - fractionFrom;
  }
  if (digits === 0) return undefined;
  at = exponentEnd(text, at, 101);
  scanEnd = at;
  return Number(text.slice(first, at));
}

/** The index behind an exponent that the letter `mark` begins at `at`; `at`: there is none. */
function exponentEnd(text: string, at: number, mark: number): number {
  if ((codeAt(text, at) | 32) !== mark) return at;
  let end = at + 1;
  const sign = codeAt(text, end);
  if (sign === 43 || sign === 45) end++;
  if (!isDigit(codeAt(text, end))) return at;
  while (isDigit(codeAt(text, end))) end++;
  return end;
}

/** inf, infinity, nan and nan(…), in letters of either size. */
function scanWord(text: string, at: number, negative: boolean): number | undefined {
  const word = text.slice(at, at + 8).toLowerCase();
  if (word.startsWith("inf")) {
    scanEnd = at + (word === "infinity" ? 8 : 3);
    return negative ? -Infinity : Infinity;
  }
  if (!word.startsWith("nan")) return undefined;
  const tag = /^\([0-9A-Za-z_]*\)/.exec(text.slice(at + 3));
  scanEnd = at + 3 + (tag === null ? 0 : tag[0].length);
  return NaN;
}

/** Digits of sixteen, a point among them, and a power of two after a p; undefined: no digit. */
function scanHexadecimal(text: string, start: number): number | undefined {
  let at = start;
  let mantissa = 0;
  let digits = 0;
  let places = 0;
  let point = false;
  let all = "";
  for (; ; at++) {
    const code = codeAt(text, at);
    if (code === 46 && !point) {
      point = true;
      continue;
    }
    const value = digitValue(code);
    if (value >= 16) break;
    digits++;
    if (point) places++;
    if (digits <= 13) mantissa = mantissa * 16 + value;
    else if (digits === 14) all = text.slice(start, at + 1).replace(".", "");
    else all += text[at];
  }
  if (digits === 0) return undefined;
  const end = exponentEnd(text, at, 112);
  let power = end > at ? Number(text.slice(at + 1, end)) : 0;
  scanEnd = end;
  power -= places * 4;
  if (digits <= 13 && power >= -1000 && power <= 900) return mantissa * 2 ** power;
  return scaled(digits <= 13 ? BigInt(mantissa) : BigInt(`0x${all}`), power);
}

const MANTISSA_BITS = 53;
const POWER_MIN = -1074;
const POWER_END = 1024;

/** mantissa × 2^power as the nearest double, ties to even, gradual underflow included. */
function scaled(mantissa: bigint, power: number): number {
  if (mantissa === 0n) return 0;
  const length = mantissa.toString(2).length;
  const top = length + power;
  if (top > POWER_END) return Infinity;
  if (top < POWER_MIN) return 0;
  const last = Math.max(top - MANTISSA_BITS, POWER_MIN);
  let kept = mantissa;
  const cut = last - power;
  if (cut > 0) {
    const shift = BigInt(cut);
    const half = 1n << (shift - 1n);
    const rest = kept & ((half << 1n) - 1n);
    kept >>= shift;
    if (rest > half || (rest === half && (kept & 1n) === 1n)) kept += 1n;
  } else kept <<= BigInt(-cut);
  // In two steps, so that neither factor is beyond a double.
  const step = Math.trunc(last / 2);
  return Number(kept) * 2 ** step * 2 ** (last - step);
}

const UNSIGNED_MAX = 2 ** 64;

/** strtoul: the integer that a whole text stands for in a base from 2 to 36, or undefined. */
export function parseUnsigned(text: string, base: number): number | undefined {
  let at = 0;
  while (isSpace(codeAt(text, at))) at++;
  const sign = codeAt(text, at);
  if (sign === 45 || sign === 43) at++;
  if (base === 16 && codeAt(text, at) === 48 && (codeAt(text, at + 1) | 32) === 120) {
    if (digitValue(codeAt(text, at + 2)) < 16) at += 2;
  }
  const first = at;
  let value = 0;
  for (; ; at++) {
    const digit = digitValue(codeAt(text, at));
    if (digit >= base) break;
    value = value * base + digit;
  }
  if (at === first) return undefined;
  const last = at;
  while (isSpace(codeAt(text, at))) at++;
  if (codeAt(text, at) !== 0) return undefined;
  if (value <= Number.MAX_SAFE_INTEGER) {
    if (sign !== 45) return value;
    return value === 0 ? 0 : Number(BigInt.asUintN(64, -BigInt(value)));
  }
  // Sums that a double rounded are done again to the bit.
  let exact = 0n;
  const radix = BigInt(base);
  for (let i = first; i < last; i++) {
    exact = exact * radix + BigInt(digitValue(text.charCodeAt(i)));
    if (exact >> 64n !== 0n) return UNSIGNED_MAX;
  }
  return Number(sign === 45 ? BigInt.asUintN(64, -exact) : exact);
}

/** The byte at an index, 0 behind the end. */
function codeAt(text: string, at: number): number {
  return at < text.length ? text.charCodeAt(at) : 0;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** C's isspace: blank, tab, line feed, vertical tab, form feed, carriage return. */
export function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

/** The value of a digit or letter as a digit, 36 for anything else. */
function digitValue(code: number): number {
  if (isDigit(code)) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 122 ? letter - 87 : 36;
}
