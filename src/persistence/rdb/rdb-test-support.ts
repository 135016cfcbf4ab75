// Builds RDB files byte by byte, from the description of the format and not with the product's
// writer: what older servers wrote that no longer run.

import { asciiBytes } from "../../base/bytes.ts";

export type Part = number | string | Uint8Array | readonly Part[];

/** The bytes of numbers (a byte each), texts (a byte for each character) and bytes, in turn. */
export function bytesOf(...parts: readonly Part[]): Uint8Array {
  const out: number[] = [];
  const add = (part: Part): void => {
    if (typeof part === "number") out.push(part & 255);
    else if (typeof part === "string") out.push(...asciiBytes(part));
    else for (const each of part) add(each);
  };
  for (const part of parts) add(part);
  return Uint8Array.from(out);
}

/** A length as short as it can be. */
export function length(n: number): Part {
  if (n < 64) return [n];
  if (n < 16384) return [0x40 | (n >> 8), n];
  if (n < 2 ** 32) return [0x80, n >>> 24, n >>> 16, n >>> 8, n];
  const high = Math.floor(n / 2 ** 32);
  return [0x81, high >>> 24, high >>> 16, high >>> 8, high, n >>> 24, n >>> 16, n >>> 8, n];
}

/** A string as it is. */
export function text(content: string | Uint8Array): Part {
  return [length(content.length), content];
}

/** Eight bytes, the lowest first. */
export function eight(n: number): Part {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigInt64(0, BigInt(n), true);
  return new Uint8Array(view.buffer);
}

/** A module's number: nine letters of 6 bits, and 10 bits of its version. */
export function moduleNumber(name: string, version: number): Part {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  let number = 0n;
  for (const letter of name) number = (number << 6n) | BigInt(letters.indexOf(letter));
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, (number << 10n) | BigInt(version));
  return [0x81, new Uint8Array(view.buffer)];
}

export const part = {
  aux: (name: string, value: string): Part => [0xfa, text(name), text(value)],
  select: (db: number): Part => [0xfe, length(db)],
  resize: (keys: number, deadlines: number): Part => [0xfb, length(keys), length(deadlines)],
  untilMs: (ms: number): Part => [0xfc, eight(ms)],
  untilSeconds: (s: number): Part => [0xfd, s, s >>> 8, s >>> 16, s >>> 24],
  idle: (seconds: number): Part => [0xf8, length(seconds)],
  frequency: (n: number): Part => [0xf9, n],
  /** A key and its value, whose type has this number. */
  key: (format: number, name: string, ...value: readonly Part[]): Part => [
    format,
    text(name),
    value,
  ],
} as const;

/** A whole file, with its checksum where its version has one (`sum` 0: not computed). */
export function rdbFile(version: number, parts: readonly Part[], sum?: 0): Uint8Array {
  const signature =
    version >= 80
      ? `VALKEY${String(version).padStart(3, "0")}`
      : `REDIS${String(version).padStart(4, "0")}`;
  const bytes = bytesOf(signature, parts, 0xff);
  if (version < 5) return bytes;
  return bytesOf(bytes, sum === 0 ? eight(0) : crc64Of(bytes));
}

/** CRC-64 "Jones", bit by bit; eight bytes, the lowest first. */
export function crc64Of(bytes: Uint8Array): Uint8Array {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) {
      crc = crc & 1n ? (crc >> 1n) ^ 0x95ac9329ac4bc9b5n : crc >> 1n;
    }
  }
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, crc, true);
  return new Uint8Array(view.buffer);
}

// Short sequences in the packed forms that files have had

/** Texts and integers as a ziplist: lists, sets of pairs, hashes before Redis 7.0. */
export function ziplist(...elements: readonly (string | number)[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let before = 0;
  for (const element of elements) {
    const back: Part = before < 254 ? [before] : [254, four(before)];
    const bytes = bytesOf(back, ziplistElement(element));
    before = bytes.length;
    parts.push(bytes);
  }
  const all = bytesOf(parts);
  const tail = 10 + all.length - before;
  const count = [elements.length, elements.length >> 8];
  return bytesOf(four(all.length + 11), four(elements.length === 0 ? 10 : tail), count, all, 255);
}

function ziplistElement(element: string | number): Part {
  if (typeof element === "string") {
    const n = element.length;
    if (n < 64) return [n, element];
    return n < 16384 ? [0x40 | (n >> 8), n, element] : [0x80, n >> 24, n >> 16, n >> 8, n, element];
  }
  if (element >= 0 && element <= 12) return [0xf1 + element];
  if (element >= -128 && element < 128) return [0xfe, element];
  if (element >= -32768 && element < 32768) return [0xc0, element, element >> 8];
  if (element >= -8388608 && element < 8388608) return [0xf0, four(element).slice(0, 3)];
  if ((element | 0) === element) return [0xd0, four(element)];
  return [0xe0, eight(element)];
}

/** Pairs as a zipmap: hashes before Redis 2.6. */
export function zipmap(...pairs: readonly (readonly [field: string, value: string])[]): Uint8Array {
  const size = (n: number): Part => (n < 254 ? [n] : [254, four(n)]);
  const parts = pairs.map(([field, value], i): Part => {
    const free = i % 3;
    return [size(field.length), field, size(value.length), free, value, "x".repeat(free)];
  });
  return bytesOf(Math.min(pairs.length, 254), parts, 255);
}

/** Integers in ascending order as an intset, of so many bytes each. */
export function intset(width: 2 | 4 | 8, ...members: readonly number[]): Uint8Array {
  const bytes = members.map((n) => bytesOf(eight(n)).slice(0, width));
  return bytesOf(four(width), four(members.length), bytes);
}

/** Texts and integers of up to 12 bits as a listpack. */
export function listpack(...elements: readonly (string | number)[]): Uint8Array {
  const parts = elements.map((element): Part => {
    const bytes = bytesOf(listpackElement(element));
    return [bytes, backLength(bytes.length)];
  });
  const all = bytesOf(parts);
  return bytesOf(four(all.length + 7), elements.length, elements.length >> 8, all, 255);
}

function listpackElement(element: string | number): Part {
  if (typeof element === "string") {
    const n = element.length;
    return n < 64 ? [0x80 | n, element] : [0xe0 | (n >> 8), n, element];
  }
  return element >= 0 && element < 128 ? [element] : [0xc0 | ((element >> 8) & 31), element];
}

function backLength(n: number): Part {
  return n < 128 ? [n] : [n >> 7, 0x80 | (n & 127)];
}

function four(n: number): Uint8Array {
  return Uint8Array.of(n, n >> 8, n >> 16, n >> 24);
}
