// Ranges of bytes: compare, copy, and turn into text and back.
//
// A range is (bytes, start, end), never a `subarray`: making a view costs some 55 ns on both
// runtimes. Short ranges are worked through in a loop; long ones go to what the runtime has built
// in. The crossings below were measured over shared memory (ns per call, Node 26 / Bun 1.4):
//
//   copy between arrays   16 B: loop 15 / 10, by eight 15 / 9       32 B: 24 / 16, 26 / 12
//                         64 B: by eight 47 / 19, set 40 / 39      128 B: by eight 91 / 35
//   text from ASCII        8 B: eight at a time 57 / 44, TextDecoder 156 / 94
//                         32 B: 129 / 185, 159 / 98           64 B: 205 / 352, 162 / 102
//   text to ASCII         16 B: loop 31 / 16, encodeInto 64 / 44    64 B: 150 / 52, 54 / 42
//
// Texts whose characters are bytes are read and written by what the platform lends (useLatin1).

const COPY_LOOP_MAX = 64;
const DECODE_LOOP_MAX = 24;
const ENCODE_LOOP_MAX = 24;
const READ_LOOP_MAX = 12;
const WRITE_LOOP_MAX = 12;
const CODES_AT_ONCE = 4096; // arguments of one String.fromCharCode call

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** The bytes of a text of which every character is below 256. For constants, not for hot paths. */
export function asciiBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** The UTF-8 bytes of `text` in an array of their own. */
export function utf8Bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Whether two ranges hold the same bytes. */
export function equalBytes(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): boolean {
  if (aEnd - aStart !== bEnd - bStart) return false;
  for (let i = aStart, j = bStart; i < aEnd; i++, j++) if (a[i] !== b[j]) return false;
  return true;
}

/** Negative, 0 or positive: the order of memcmp, and a prefix before what it begins. */
export function compareBytes(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const aLength = aEnd - aStart;
  const bLength = bEnd - bStart;
  const shared = Math.min(aLength, bLength);
  for (let i = 0; i < shared; i++) {
    const difference = a[aStart + i] - b[bStart + i];
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}

/** Whether the range spells `lowerCaseAscii` in any mixture of cases. */
export function equalsIgnoringCase(
  bytes: Uint8Array,
  start: number,
  end: number,
  lowerCaseAscii: Uint8Array,
): boolean {
  if (end - start !== lowerCaseAscii.length) return false;
  for (let i = start, j = 0; i < end; i++, j++) {
    let byte = bytes[i];
    if (byte >= 0x41 && byte <= 0x5a) byte |= 0x20;
    if (byte !== lowerCaseAscii[j]) return false;
  }
  return true;
}

/** Copies from[start … end) to to[at …] and returns the end there. Overlap in one array is fine. */
export function copyBytes(
  from: Uint8Array,
  start: number,
  end: number,
  to: Uint8Array,
  at: number,
): number {
  if (from === to) {
    to.copyWithin(at, start, end);
    return at + end - start;
  }
  if (end - start > COPY_LOOP_MAX) {
    to.set(from.subarray(start, end), at);
    return at + end - start;
  }
  let i = start;
  for (const whole = end - 7; i < whole; i += 8) {
    to[at] = from[i];
    to[at + 1] = from[i + 1];
    to[at + 2] = from[i + 2];
    to[at + 3] = from[i + 3];
    to[at + 4] = from[i + 4];
    to[at + 5] = from[i + 5];
    to[at + 6] = from[i + 6];
    to[at + 7] = from[i + 7];
    at += 8;
  }
  for (; i < end; i++) to[at++] = from[i];
  return at;
}

/** What a runtime has built in for texts whose characters are bytes: of and into an array. */
export interface Latin1 {
  read(bytes: Uint8Array, start: number, end: number): string;
  write(text: string, bytes: Uint8Array, at: number): void;
}

let builtIn: Latin1 | undefined;

/** From now on longer texts are read and written in this way; undefined: by loops, as at first. */
export function useLatin1(ofRuntime: Latin1 | undefined): void {
  builtIn = ofRuntime;
}

/** The text whose characters are the range's bytes: every range has one, and it leads back. */
export function latin1Text(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= READ_LOOP_MAX) return shortText(bytes, start, end);
  if (builtIn !== undefined) return builtIn.read(bytes, start, end);
  let text = "";
  for (let at = start; at < end; at += CODES_AT_ONCE) {
    const codes = bytes.subarray(at, Math.min(end, at + CODES_AT_ONCE));
    text += String.fromCharCode.apply(null, codes as unknown as number[]);
  }
  return text;
}

/** The range read as UTF-8; what is not UTF-8 becomes U+FFFD, and a byte order mark is kept. */
export function utf8Text(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= DECODE_LOOP_MAX) {
    let union = 0;
    for (let i = start; i < end; i++) union |= bytes[i];
    if (union < 0x80) return latin1Text(bytes, start, end);
  }
  return decoder.decode(bytes.subarray(start, end));
}

function shortText(b: Uint8Array, start: number, end: number): string {
  let text = "";
  let i = start;
  for (; i + 8 <= end; i += 8) {
    text += String.fromCharCode(
      b[i],
      b[i + 1],
      b[i + 2],
      b[i + 3],
      b[i + 4],
      b[i + 5],
      b[i + 6],
      b[i + 7],
    );
  }
  for (; i < end; i++) text += String.fromCharCode(b[i]);
  return text;
}

/** Writes one byte for each character (its low eight bits) and returns the end. */
export function writeLatin1(text: string, bytes: Uint8Array, at: number): number {
  const length = text.length;
  if (length > WRITE_LOOP_MAX && builtIn !== undefined) builtIn.write(text, bytes, at);
  else for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + length;
}

/**
 * Writes `text` as UTF-8 and returns the end. REQUIRES: room for utf8Length(text) bytes at `at`.
 */
export function writeUtf8(text: string, bytes: Uint8Array, at: number): number {
  const length = text.length;
  if (length <= ENCODE_LOOP_MAX) {
    let i = 0;
    for (; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) break;
      bytes[at + i] = code;
    }
    if (i === length) return at + length;
  }
  return at + encoder.encodeInto(text, bytes.subarray(at)).written;
}

/**
 * How many bytes `text` takes as UTF-8; a lone surrogate counts as U+FFFD, which takes its place.
 */
export function utf8Length(text: string): number {
  const length = text.length;
  let bytes = length;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) continue;
    bytes += code < 0x800 ? 1 : 2;
    if (code >= 0xd800 && code < 0xdc00 && i + 1 < length) {
      const next = text.charCodeAt(i + 1);
      if (next >= 0xdc00 && next < 0xe000) i++; // four bytes for two characters: 2 + 2 counted
    }
  }
  return bytes;
}
