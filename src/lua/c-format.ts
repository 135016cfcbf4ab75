// A conversion of C's printf ("%-08.3f") on one value, as the C library of GNU prints it, within
// what string.format lets through: the flags - + blank # 0, a width and a precision of two digits
// each, and the conversions c d i o u x X e E f g G s.
//
// Lua passes every integer as a 64-bit one and every character as an int; the casts are C's
// (casts.ts). What is printed ends at its first zero byte, since Lua takes it from sprintf by
// strlen.

import { toInt32, toInt64, toUint64 } from "./casts.ts";
import { exponential, fixed, significant, specialText } from "./numbers.ts";

/** Bits of `Conversion.flags`. */
export const FLAG = { LEFT: 1, PLUS: 2, BLANK: 4, ALTERNATE: 8, ZERO: 16 } as const;

const FLAG_LETTERS = "-+ #0";
/** Flags may repeat, up to as many letters as there are. */
const FLAGS_MAX = FLAG_LETTERS.length;
const DEFAULT_PRECISION = 6;

export interface Conversion {
  /** The letter that ends it; "" where the text ends before one. */
  readonly letter: string;
  readonly flags: number;
  readonly width: number;
  /** -1: none was given. */
  readonly precision: number;
  /** The index behind the letter. */
  readonly end: number;
  /** The letter alone: no flags, no width, no precision. */
  readonly isPlain: boolean;
  /** What is wrong before a letter is reached, or "". */
  readonly error: string;
}

/** Reads what follows a `%` at `start`. */
export function parseConversion(text: string, start: number): Conversion {
  let at = start;
  let flags = 0;
  for (; at < text.length; at++) {
    const index = FLAG_LETTERS.indexOf(text[at]);
    if (index < 0) break;
    flags |= 1 << index;
  }
  if (at - start > FLAGS_MAX) return broken("invalid format (repeated flags)");
  const widthFrom = at;
  for (let i = 0; i < 2 && isDigitAt(text, at); i++) at++;
  const width = at > widthFrom ? Number(text.slice(widthFrom, at)) : 0;
  let precision = -1;
  if (text[at] === ".") {
    const from = ++at;
    for (let i = 0; i < 2 && isDigitAt(text, at); i++) at++;
    precision = at > from ? Number(text.slice(from, at)) : 0;
  }
  if (isDigitAt(text, at)) return broken("invalid format (width or precision too long)");
  const letter = at < text.length ? text[at] : "";
  const isPlain = at === start;
  return { letter, flags, width, precision, end: at + 1, isPlain, error: "" };
}

function broken(error: string): Conversion {
  return { letter: "", flags: 0, width: 0, precision: -1, end: 0, isPlain: false, error };
}

function isDigitAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}

/** `%c`: a byte of value 0 ends the text, so of what is padded only the left side stays. */
export function formatCharacter(conversion: Conversion, value: number): string {
  const text = String.fromCharCode(toInt32(value) & 255);
  return upToZero(padded(text, conversion.width, conversion.flags & FLAG.LEFT));
}

/** `%s` of a text that may hold anything. */
export function formatText(conversion: Conversion, value: string): string {
  let text = upToZero(value);
  if (conversion.precision >= 0 && text.length > conversion.precision) {
    text = text.slice(0, conversion.precision);
  }
  return padded(text, conversion.width, conversion.flags & FLAG.LEFT);
}

/** `%d` and `%i`. */
export function formatSigned(conversion: Conversion, value: number): string {
  const whole = toInt64(value);
  const { flags, precision } = conversion;
  const negative = whole < 0;
  let digits = wholeText(negative ? -whole : whole);
  if (precision >= 0) digits = withPrecision(digits, precision);
  const sign = negative
    ? "-"
    : (flags & FLAG.PLUS) !== 0
      ? "+"
      : (flags & FLAG.BLANK) !== 0
        ? " "
        : "";
  return assembled(sign, digits, conversion, precision < 0);
}

/** `%u`, `%o`, `%x` and `%X`. */
export function formatUnsigned(conversion: Conversion, value: number): string {
  const { letter, flags, precision } = conversion;
  const radix = letter === "u" ? 10 : letter === "o" ? 8 : 16;
  const safe = value >= 0 && value <= Number.MAX_SAFE_INTEGER;
  let digits = safe ? Math.trunc(value).toString(radix) : toUint64(value).toString(radix);
  const zero = digits === "0";
  if (precision >= 0) digits = withPrecision(digits, precision);
  let prefix = "";
  if ((flags & FLAG.ALTERNATE) !== 0) {
    if (radix === 16 && !zero) prefix = "0x";
    if (radix === 8 && digits[0] !== "0") digits = `0${digits}`;
  }
  const text = assembled(prefix, digits, conversion, precision < 0);
  return letter === "X" ? text.toUpperCase() : text;
}

/** `%e`, `%f`, `%g` and their capitals. */
export function formatFloat(conversion: Conversion, value: number): string {
  const { letter, flags } = conversion;
  const precision = conversion.precision < 0 ? DEFAULT_PRECISION : conversion.precision;
  const alternate = (flags & FLAG.ALTERNATE) !== 0;
  const kind = letter.toLowerCase();
  let digits =
    kind === "f"
      ? fixed(value, precision, alternate)
      : kind === "e"
        ? exponential(value, precision, alternate)
        : significant(value, precision === 0 ? 1 : precision, alternate);
  let sign = "";
  if (digits[0] === "-") {
    sign = "-";
    digits = digits.slice(1);
  } else if ((flags & FLAG.PLUS) !== 0) sign = "+";
  else if ((flags & FLAG.BLANK) !== 0) sign = " ";
  const text = assembled(sign, digits, conversion, specialText(value) === "");
  return kind === letter ? text : text.toUpperCase();
}

/** An integral double without its sign, in all its digits. */
function wholeText(whole: number): string {
  return whole <= Number.MAX_SAFE_INTEGER ? `${whole}` : `${BigInt(whole)}`;
}

/** At least so many digits; a 0 in no digits is no digit. */
function withPrecision(digits: string, precision: number): string {
  if (precision === 0 && digits === "0") return "";
  return digits.padStart(precision, "0");
}

/** Sign and digits in the conversion's width; zeros fill it only where `zeros` allows. */
function assembled(sign: string, digits: string, conversion: Conversion, zeros: boolean): string {
  const { flags, width } = conversion;
  const left = flags & FLAG.LEFT;
  if (zeros && left === 0 && (flags & FLAG.ZERO) !== 0) {
    return sign + digits.padStart(width - sign.length, "0");
  }
  return padded(sign + digits, width, left);
}

function padded(text: string, width: number, left: number): string {
  if (text.length >= width) return text;
  return left !== 0 ? text.padEnd(width, " ") : text.padStart(width, " ");
}

function upToZero(text: string): string {
  const zero = text.indexOf("\0");
  return zero < 0 ? text : text.slice(0, zero);
}
