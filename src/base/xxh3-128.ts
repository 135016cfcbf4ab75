// XXH3's 128-bit form without a seed, by which XADD knows again an entry that it is to know by its
// fields. Its parts are those of the 64-bit form (xxh3.ts).

import {
  accumulateAll,
  avalanche,
  avalanche64,
  MASK,
  merged,
  mixed,
  PRIME_MX2,
  PRIME64_1,
  PRIME64_2,
  secretAt,
  swapped,
  u32,
  u64,
} from "./xxh3.ts";

const PRIME32_2 = 0x85ebca77n;
const PRIME64_4 = 0x85ebca77c2b2ae63n;

/** Two halves of 64 bits. */
export interface Hash128 {
  low: bigint;
  high: bigint;
}

/** The hash of bytes[start, end). */
export function xxh128(bytes: Uint8Array, start: number, end: number): Hash128 {
  const length = end - start;
  if (length > 240) return hashLong(bytes, start, end);
  if (length > 128) return hash129to240(bytes, start, length);
  if (length > 16) return hash17to128(bytes, start, length);
  if (length > 8) return hash9to16(bytes, start, end);
  if (length >= 4) return hash4to8(bytes, start, end);
  if (length > 0) return hash1to3(bytes, start, length);
  return {
    low: avalanche64(secretAt(64) ^ secretAt(72)),
    high: avalanche64(secretAt(80) ^ secretAt(88)),
  };
}

function hash1to3(bytes: Uint8Array, start: number, length: number): Hash128 {
  const last = bytes[start + length - 1];
  const middle = bytes[start + (length >> 1)];
  const combined = (last | (length << 8) | (bytes[start] << 16) | (middle << 24)) >>> 0;
  const reversed = Number(swapped(BigInt(combined)) >> 32n);
  const turned = ((reversed << 13) | (reversed >>> 19)) >>> 0;
  return {
    low: avalanche64(BigInt(combined) ^ word(0) ^ word(4)),
    high: avalanche64(BigInt(turned) ^ word(8) ^ word(12)),
  };
}

/** Four bytes of the secret. */
function word(at: number): bigint {
  return secretAt(at) & 0xffffffffn;
}

function hash4to8(bytes: Uint8Array, start: number, end: number): Hash128 {
  const input = BigInt(u32(bytes, start)) | (BigInt(u32(bytes, end - 4)) << 32n);
  const keyed = input ^ secretAt(16) ^ secretAt(24);
  const product = keyed * (PRIME64_1 + BigInt((end - start) << 2));
  let low = product & MASK;
  const high = ((product >> 64n) + (low << 1n)) & MASK;
  low ^= high >> 3n;
  low = ((low ^ (low >> 35n)) * PRIME_MX2) & MASK;
  return { low: low ^ (low >> 28n), high: avalanche(high) };
}

function hash9to16(bytes: Uint8Array, start: number, end: number): Hash128 {
  const first = u64(bytes, start);
  const last = u64(bytes, end - 8);
  const product = (first ^ last ^ secretAt(32) ^ secretAt(40)) * PRIME64_1;
  const keyed = last ^ secretAt(48) ^ secretAt(56);
  const added = keyed + (keyed & 0xffffffffn) * (PRIME32_2 - 1n);
  const high = ((product >> 64n) + added) & MASK;
  const low = ((product + (BigInt(end - start - 1) << 54n)) & MASK) ^ swapped(high);
  const second = low * PRIME64_2;
  return {
    low: avalanche(second & MASK),
    high: avalanche(((second >> 64n) + high * PRIME64_2) & MASK),
  };
}

/** Mixes sixteen bytes from each of two places with 32 of the secret. */
function mix(sum: Hash128, bytes: Uint8Array, a: number, b: number, secret: number): void {
  const low = (sum.low + mixed(bytes, a, secret)) & MASK;
  const high = (sum.high + mixed(bytes, b, secret + 16)) & MASK;
  sum.low = low ^ ((u64(bytes, b) + u64(bytes, b + 8)) & MASK);
  sum.high = high ^ ((u64(bytes, a) + u64(bytes, a + 8)) & MASK);
}

function finished({ low, high }: Hash128, length: number): Hash128 {
  const sum = low * PRIME64_1 + high * PRIME64_4 + BigInt(length) * PRIME64_2;
  return { low: avalanche((low + high) & MASK), high: -avalanche(sum & MASK) & MASK };
}

function hash17to128(bytes: Uint8Array, start: number, length: number): Hash128 {
  const sum = { low: (BigInt(length) * PRIME64_1) & MASK, high: 0n };
  for (let i = (length - 1) >> 5; i >= 0; i--) {
    mix(sum, bytes, start + 16 * i, start + length - 16 * (i + 1), 32 * i);
  }
  return finished(sum, length);
}

function hash129to240(bytes: Uint8Array, start: number, length: number): Hash128 {
  const sum = { low: (BigInt(length) * PRIME64_1) & MASK, high: 0n };
  for (let i = 0; i < length >> 5; i++) {
    if (i === 4) {
      sum.low = avalanche(sum.low);
      sum.high = avalanche(sum.high);
    }
    const at = start + 32 * i;
    mix(sum, bytes, at, at + 16, i < 4 ? 32 * i : 32 * (i - 4) + 3);
  }
  if (length >> 5 === 4) {
    sum.low = avalanche(sum.low);
    sum.high = avalanche(sum.high);
  }
  mix(sum, bytes, start + length - 16, start + length - 32, 103);
  return finished(sum, length);
}

function hashLong(bytes: Uint8Array, start: number, end: number): Hash128 {
  const length = BigInt(end - start);
  accumulateAll(bytes, start, end);
  return {
    low: merged(11, (length * PRIME64_1) & MASK),
    high: merged(117, ~(length * PRIME64_2) & MASK),
  };
}
