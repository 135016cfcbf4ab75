// Bytes of shared memory as strings. Short ASCII texts, which most keys and values are, are made
// by one call with all their characters: the string is flat, and on Node cheaper than any decoder.
// Measured over shared memory, ns for a text of 16 bytes: this way 30 on Node 26 and 50 on Bun 1.4,
// by the platform's readUtf8 57 and 39, by a TextDecoder 94 and 78. On Bun the platform's readAscii
// is cheaper still. (Keeping the texts that were made last, to find them again, takes 31 beside 31
// where each comes four times, and 102 beside 47 where they are all different.)

import { readAscii, readUtf8 } from "../platform/utf8.ts";

const SHORT_MAX = 16;

/** The range read as UTF-8; what is not UTF-8 becomes U+FFFD. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= SHORT_MAX) {
    let union = 0;
    for (let i = start; i < end; i++) union |= bytes[i];
    if (union < 0x80) return shortAscii(bytes, start, end);
  }
  return readUtf8(bytes, start, end);
}

const shortAscii = readAscii ?? shortText;
const of = String.fromCharCode;

// One case for each length, because only then a call has just the characters that there are.
function shortText(b: Uint8Array, i: number, end: number): string {
  const length = end - i;
  if (length > 8) return longerText(b, i, length);
  switch (length) {
    case 0:
      return "";
    case 1:
      return of(b[i]);
    case 2:
      return of(b[i], b[i + 1]);
    case 3:
      return of(b[i], b[i + 1], b[i + 2]);
    case 4:
      return of(b[i], b[i + 1], b[i + 2], b[i + 3]);
    case 5:
      return of(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4]);
    case 6:
      return of(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5]);
    case 7:
      return of(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6]);
    default:
      return of(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7]);
  }
}

// REQUIRES: 9 to 16 characters.
// biome-ignore format: a line for each length
function longerText(b: Uint8Array, i: number, length: number): string {
  switch (length) {
    case 9:
      return of(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7],
        b[i + 8]);
    case 10:
      return of(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7],
        b[i + 8], b[i + 9]);
    case 11:
      return of(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7],
        b[i + 8], b[i + 9], b[i + 10]);
    case 12:
      return of(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7],
        b[i + 8], b[i + 9], b[i + 10], b[i + 11]);
    case 13:
      return of(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7],
        b[i + 8], b[i + 9], b[i + 10], b[i + 11], b[i + 12]);
    case 14:
      return of(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7],
        b[i + 8], b[i + 9], b[i + 10], b[i + 11], b[i + 12], b[i + 13]);
    case 15:
      return of(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7],
        b[i + 8], b[i + 9], b[i + 10], b[i + 11], b[i + 12], b[i + 13], b[i + 14]);
    default:
      return of(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7],
        b[i + 8], b[i + 9], b[i + 10], b[i + 11], b[i + 12], b[i + 13], b[i + 14], b[i + 15]);
  }
}
