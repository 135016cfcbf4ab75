// The library `struct`: values packed into bytes after a format, as a C compiler lays them out.
//
//   letter        what                        bytes    letter    what
//   b B           integer, unsigned capital   1        x         a byte of padding
//   h H           …                           2        s         text up to a zero byte
//   l L  T        …                           8        c[n]      n bytes (1); c0: see below
//   i[n] I[n]     … of n bytes, at most 32    4        > <       big, little endian
//   f  d          float, double               4, 8     ![n]      align to n (8) at most
//                                                      blank     nothing
//
// "c0" packs a whole text, and unpacks as many bytes as the number says that was unpacked before
// it, which it takes off the results. Integers are of 64 bits whatever they are packed into: of
// more than eight bytes the rest is 0, and negative ones are not extended. An element of size s
// begins at a multiple of s, or of the alignment where that is less; 1 is the alignment at first.
// All of that follows the C library's arithmetic also where sizes are no powers of two.

import { argumentError, checkInteger, checkNumber, checkString, isAbsent } from "./arguments.ts";
import { toInt64, toUint64 } from "./casts.ts";
import { library } from "./library.ts";
import { C_STACK_MAX } from "./limits.ts";
import { parseNumber } from "./numbers.ts";
import type { LuaTable } from "./table.ts";
import { TextBuilder } from "./text-builder.ts";
import type { LuaState, LuaThread } from "./thread.ts";

const INTEGER_BYTES_MAX = 32;
const INT_MAX = 2 ** 31 - 1;
const ALIGNMENT_MAX = 8;
const TWO_32 = 2 ** 32;

const floats = new DataView(new ArrayBuffer(8));

export function openStruct(state: LuaState): LuaTable {
  return library(state, [
    ["pack", pack],
    ["unpack", unpack],
    ["size", size],
  ]);
}

/** A walk over a format: the letter it stands at, its size, and what the format has set. */
class Format {
  letter = "";
  /** Bytes of the element; 0 also for letters that are none. */
  size = 0;
  isLittle = true;
  #alignment = 1;
  #at = 0;
  readonly #text: string;
  readonly #thread: LuaThread;

  constructor(thread: LuaThread, text: string) {
    const zero = text.indexOf("\0");
    this.#text = zero < 0 ? text : text.slice(0, zero);
    this.#thread = thread;
  }

  /** Goes to the next letter; false: there is none. */
  next(): boolean {
    if (this.#at >= this.#text.length) return false;
    this.letter = this.#text[this.#at++];
    this.size = this.#sizeOf(this.letter);
    return true;
  }

  #sizeOf(letter: string): number {
    switch (letter) {
      case "b":
      case "B":
      case "x":
        return 1;
      case "h":
      case "H":
        return 2;
      case "l":
      case "L":
      case "T":
      case "d":
        return 8;
      case "f":
        return 4;
      case "c":
        return this.#number(1);
      case "i":
      case "I": {
        const size = this.#number(4);
        if (size > INTEGER_BYTES_MAX) {
          throw this.#thread.state.failure(
            `integral size ${size} is larger than limit of ${INTEGER_BYTES_MAX}`,
          );
        }
        return size;
      }
      default:
        return 0;
    }
  }

  #number(otherwise: number): number {
    let value = -1;
    for (; this.#at < this.#text.length; this.#at++) {
      const digit = this.#text.charCodeAt(this.#at) - 48;
      if (digit < 0 || digit > 9) break;
      value = Math.max(value, 0) * 10 + digit;
      if (value > INT_MAX) throw this.#thread.state.failure("integral size overflow");
    }
    return value < 0 ? otherwise : value;
  }

  /** Bytes of padding that the element needs at a position. */
  padding(position: number): number {
    if (this.size === 0 || this.letter === "c") return 0;
    const step = Math.min(this.size, this.#alignment);
    return (step - (position & (step - 1))) & (step - 1);
  }

  /** Obeys a letter that is no element. */
  control(): void {
    switch (this.letter) {
      case " ":
        return;
      case ">":
        this.isLittle = false;
        return;
      case "<":
        this.isLittle = true;
        return;
      case "!": {
        const alignment = this.#number(ALIGNMENT_MAX);
        if (alignment === 0 || (alignment & (alignment - 1)) !== 0) {
          throw this.#thread.state.failure(`alignment ${alignment} is not a power of 2`);
        }
        this.#alignment = alignment;
        return;
      }
      default:
        argumentError(this.#thread, 1, `invalid format option '${this.letter}'`);
    }
  }
}

function pack(thread: LuaThread, base: number, count: number): number {
  const format = new Format(thread, checkString(thread, base, count, 1));
  const built = new TextBuilder(thread.state);
  // C puts a nil behind the arguments, and so a missing one is nil to it, not "no value".
  thread.ensureStack(base + count + 1);
  thread.stack[base + count] = undefined;
  const last = count + 1;
  let n = 2;
  let total = 0;
  while (format.next()) {
    let length = format.size;
    const padding = format.padding(total);
    if (padding > 0) built.append("\0".repeat(padding));
    total += padding;
    switch (format.letter) {
      case "b":
      case "B":
      case "h":
      case "H":
      case "l":
      case "L":
      case "T":
      case "i":
      case "I":
        built.append(integerText(checkNumber(thread, base, last, n++), format));
        break;
      case "x":
        built.append("\0");
        break;
      case "f":
      case "d":
        built.append(floatText(checkNumber(thread, base, last, n++), format));
        break;
      case "c":
      case "s": {
        const text = checkString(thread, base, last, n++);
        if (length === 0) length = text.length;
        // The number that C gives is the next argument's.
        if (text.length < length) argumentError(thread, n, "string too short");
        built.append(text.length === length ? text : text.slice(0, length));
        if (format.letter === "s") {
          built.append("\0");
          length++;
        }
        break;
      }
      default:
        format.control();
    }
    total += length;
  }
  thread.stack[base] = built.text;
  return 1;
}

function unpack(thread: LuaThread, base: number, count: number): number {
  const { stack } = thread;
  const format = new Format(thread, checkString(thread, base, count, 1));
  const data = checkString(thread, base, count, 2);
  const start = isAbsent(thread, base, count, 3) ? 1 : checkInteger(thread, base, count, 3);
  // An offset is unsigned: a negative one is far behind the end.
  if (start === 0) argumentError(thread, 3, "offset must be 1 or greater");
  let at = start < 0 ? Number.MAX_VALUE : start - 1;
  let results = 0;
  while (format.next()) {
    let length = format.size;
    if (at <= data.length) at += format.padding(at);
    if (length > data.length || at > data.length - length) {
      argumentError(thread, 2, "data string too short");
    }
    if (count + results + 2 > C_STACK_MAX) {
      throw thread.state.failure("stack overflow (too many results)");
    }
    thread.ensureStack(base + results + 2);
    switch (format.letter) {
      case "b":
      case "h":
      case "l":
      case "i":
        stack[base + results++] = integerAt(data, at, length, format.isLittle, true);
        break;
      case "B":
      case "H":
      case "L":
      case "T":
      case "I":
        stack[base + results++] = integerAt(data, at, length, format.isLittle, false);
        break;
      case "x":
        break;
      case "f":
      case "d":
        stack[base + results++] = floatAt(data, at, format);
        break;
      case "c":
        if (length === 0) {
          const previous = results > 0 ? stack[base + results - 1] : undefined;
          const wanted = typeof previous === "string" ? parseNumber(previous) : previous;
          if (typeof wanted !== "number") {
            throw thread.state.failure("format 'c0' needs a previous size");
          }
          results--;
          length = Number(toUint64(wanted));
          if (length > data.length || at > data.length - length) {
            argumentError(thread, 2, "data string too short");
          }
        }
        stack[base + results++] = data.slice(at, at + length);
        break;
      case "s": {
        const zero = data.indexOf("\0", at);
        if (zero < 0) throw thread.state.failure("unfinished string in data");
        stack[base + results++] = data.slice(at, zero);
        length = zero - at + 1;
        break;
      }
      default:
        format.control();
    }
    at += length;
  }
  thread.ensureStack(base + results + 1);
  stack[base + results] = start < 0 ? start : at + 1;
  return results + 1;
}

function size(thread: LuaThread, base: number, count: number): number {
  const format = new Format(thread, checkString(thread, base, count, 1));
  let total = 0;
  while (format.next()) {
    total += format.padding(total);
    if (format.letter === "s") argumentError(thread, 1, "option 's' has no fixed size");
    if (format.letter === "c" && format.size === 0) {
      argumentError(thread, 1, "option 'c0' has no fixed size");
    }
    // Letters and digits that mean nothing pass here.
    if (!/[0-9A-Za-z]/.test(format.letter)) format.control();
    total += format.size;
  }
  thread.stack[base] = total;
  return 1;
}

function integerText(value: number, format: Format): string {
  const { size, isLittle } = format;
  let low: number;
  let high: number;
  if ((value | 0) === value) {
    low = value | 0;
    high = value < 0 ? -1 : 0;
  } else if (value < 2 ** 63) {
    const whole = toInt64(value);
    high = Math.floor(whole / TWO_32);
    low = whole - high * TWO_32;
  } else {
    const whole = toUint64(value);
    high = Number(whole >> 32n);
    low = Number(whole & 0xffffffffn);
  }
  let text = "";
  for (let i = 0; i < size; i++) {
    const byte = i < 4 ? (low >>> (i * 8)) & 255 : i < 8 ? (high >>> (i * 8 - 32)) & 255 : 0;
    const character = String.fromCharCode(byte);
    text = isLittle ? text + character : character + text;
  }
  return text;
}

/** The integer of data[at, at + length); of more than eight bytes the last eight that C reads. */
function integerAt(
  data: string,
  at: number,
  length: number,
  isLittle: boolean,
  isSigned: boolean,
): number {
  const bytes = Math.min(length, 8);
  // From the lowest byte up: of a long big-endian one these are the last, of a little one the
  // first.
  const first = isLittle ? at : at + length - 1;
  const step = isLittle ? 1 : -1;
  let low = 0;
  let high = 0;
  for (let i = 0; i < bytes; i++) {
    const byte = data.charCodeAt(first + i * step);
    if (i < 4) low |= byte << (i * 8);
    else high |= byte << (i * 8 - 32);
  }
  if (isSigned) {
    // C shifts its mask by this many bits, modulo 64: of sizes from 9 on that is some lower bit.
    const sign = (length * 8 - 1) & 63;
    const masked = sign < 32 ? low >>> sign !== 0 || high !== 0 : high >>> (sign - 32) !== 0;
    if (masked) {
      if (sign < 32) {
        low |= -1 << sign;
        high = -1;
      } else high |= -1 << (sign - 32);
    }
    return high * TWO_32 + (low >>> 0);
  }
  return (high >>> 0) * TWO_32 + (low >>> 0);
}

function floatText(value: number, format: Format): string {
  const { size, isLittle } = format;
  if (size === 4) floats.setFloat32(0, value, isLittle);
  else floats.setFloat64(0, value, isLittle);
  // A NaN has its sign bit set, as numbers.ts prints it.
  if (Number.isNaN(value)) floats.setUint8(isLittle ? size - 1 : 0, 255);
  let text = "";
  for (let i = 0; i < size; i++) text += String.fromCharCode(floats.getUint8(i));
  return text;
}

function floatAt(data: string, at: number, format: Format): number {
  const { size, isLittle } = format;
  for (let i = 0; i < size; i++) floats.setUint8(i, data.charCodeAt(at + i));
  return size === 4 ? floats.getFloat32(0, isLittle) : floats.getFloat64(0, isLittle);
}
