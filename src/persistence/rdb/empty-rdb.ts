// Recognises an RDB file that holds no data, as redis-server writes one as the base of a new log.
//
//   rdb   = "REDIS" version(4 digits) part* 0xFF crc64(8 bytes, little endian; 0: not computed)
//   part  = 0xFA text text      a note: redis-ver, ctime, …
//         | 0xFE length         the following keys' database
//         | 0xFB length length  how many keys follow, and how many of them have a deadline
//   length, text: the first two bits 00: 6 bits; 01: 14 bits, big endian; 0x80: 32 bits; 0x81: 64
//   bits; a text may also begin with 0xC0, 0xC1, 0xC2: an integer of 1, 2, 4 bytes.
//
// Any other part is data (a key, a function, a module's own): such a file cannot be read here.

import type { File, Platform } from "../../platform/platform.ts";
import { LogError } from "../log/log-error.ts";

const HEADER_BYTES = 9;
const READ_BYTES_MAX = 4096; // an empty file takes some 90 bytes; its parts must end within these
const NOTE = 0xfa;
const RESIZE = 0xfb;
const SELECT = 0xfe;
const END = 0xff;
const DATA = -1;

/**
 * Where the RDB part at the start of a file ends: 0 when the file does not begin with one.
 * Throws LogError LOG_RDB when it holds data, LOG_DAMAGED when its checksum is wrong.
 */
export function emptyRdbEnd(platform: Platform, file: File, path: string): number {
  const bytes = new Uint8Array(Math.min(READ_BYTES_MAX, platform.size(file)));
  platform.read(file, bytes, 0, bytes.length, 0);
  if (!beginsLikeRdb(bytes)) return 0;
  const end = endOfParts(bytes);
  if (end === DATA) {
    throw new LogError(
      "LOG_RDB",
      path,
      0,
      `${path} is an RDB file with data in it; this version reads AOF files only. Convert it ` +
        "with Redis: start redis-server on this directory, then CONFIG SET aof-use-rdb-preamble " +
        "no and BGREWRITEAOF, and shut it down when the rewrite has ended.",
    );
  }
  let stored = 0n;
  for (let i = 7; i >= 0; i--) stored = (stored << 8n) | BigInt(bytes[end + i]);
  if (stored !== 0n && stored !== crc64(bytes, end)) {
    const message = `${path}: the RDB file does not agree with its checksum; restore a backup.`;
    throw new LogError("LOG_DAMAGED", path, 0, message);
  }
  return end + 8;
}

function beginsLikeRdb(bytes: Uint8Array): boolean {
  if (bytes.length < 5) return false;
  return String.fromCharCode(bytes[0], bytes[1], bytes[2], bytes[3], bytes[4]) === "REDIS";
}

/** The index behind END, or DATA when there is anything that an empty file has not. */
function endOfParts(bytes: Uint8Array): number {
  let at = HEADER_BYTES;
  while (at < bytes.length) {
    const part = bytes[at++];
    if (part === END) return at + 8 <= bytes.length ? at : DATA;
    if (part === NOTE) {
      at = skipText(bytes, at);
      if (at !== DATA) at = skipText(bytes, at);
    } else if (part === SELECT) {
      at = skipLength(bytes, at);
    } else if (part === RESIZE) {
      if (bytes[at] !== 0 || bytes[at + 1] !== 0) return DATA;
      at += 2;
    } else {
      return DATA;
    }
    if (at === DATA) return DATA;
  }
  return DATA;
}

function skipLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first < 0x40) return at + 1;
  if (first < 0x80) return at + 2;
  if (first === 0x80) return at + 5;
  return first === 0x81 ? at + 9 : DATA;
}

function skipText(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first < 0x40) return at + 1 + first;
  if (first < 0x80) return at + 2 + (((first & 0x3f) << 8) | bytes[at + 1]);
  if (first >= 0xc0 && first <= 0xc2) return at + 1 + (1 << (first - 0xc0));
  return DATA;
}

/** CRC-64 "Jones" (reflected 0xad93d23594c935a9) of the first `end` bytes. */
function crc64(bytes: Uint8Array, end: number): bigint {
  let crc = 0n;
  for (let i = 0; i < end; i++) {
    crc ^= BigInt(bytes[i]);
    for (let bit = 0; bit < 8; bit++) {
      crc = crc & 1n ? (crc >> 1n) ^ 0x95ac9329ac4bc9b5n : crc >> 1n;
    }
  }
  return crc;
}
