// XXH3, its 64-bit form without a seed: the hash that DIGEST shows of a string, by which SET and
// DELEX compare. Yann Collet made it (github.com/Cyan4973/xxHash, doc/xxhash_spec.md, whose names
// are used here: secret, stripe, lane, accumulate, scramble, avalanche).
//
// Up to 240 bytes are hashed in integers of 64 bits, as bigints. Of more, each stripe of 64 bytes
// goes into eight accumulators, which are halves of 32 bits each here: a lane's two halves are
// multiplied with one another, which needs no more than products of 16 bits.

const SECRET = Uint8Array.from(
  (
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f" +
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c" +
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8" +
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364" +
    "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e" +
    "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e"
  ).match(/../g) as string[],
  (digits) => Number.parseInt(digits, 16),
);

export const MASK: bigint = 0xffffffffffffffffn;
const PRIME32_1 = 0x9e3779b1;
export const PRIME64_1: bigint = 0x9e3779b185ebca87n;
export const PRIME64_2: bigint = 0xc2b2ae3d27d4eb4fn;
const PRIME64_3 = 0x165667b19e3779f9n;
const PRIME_MX1 = 0x165667919e3779f9n;
export const PRIME_MX2: bigint = 0x9fb21c651e98df25n;

const STRIPE_BYTES = 64;
const LANES = 8;
/** Stripes of a block: the secret goes on by a lane with each, and the last ones end with it. */
const BLOCK_STRIPES = (SECRET.length - STRIPE_BYTES) / 8;
/** What the accumulators of a long range begin with, low halves before high ones. */
const INITIAL = Int32Array.of(
  ...[0xc2b2ae3d, 0x85ebca87, 0x27d4eb4f, 0x9e3779f9, 0xc2b2ae63, 0x85ebca77, 0x165667c5],
  ...[0x9e3779b1, 0, 0x9e3779b1, 0xc2b2ae3d, 0x165667b1, 0x85ebca77, 0, 0x27d4eb2f, 0],
);

/** The hash of bytes[start, end), below 2^64. */
export function xxh3(bytes: Uint8Array, start: number, end: number): bigint {
  const length = end - start;
  if (length > 240) return hashLong(bytes, start, end);
  if (length > 128) return hash129to240(bytes, start, length);
  if (length > 16) return hash17to128(bytes, start, length);
  if (length > 8) return hash9to16(bytes, start, end);
  if (length >= 4) return hash4to8(bytes, start, end);
  if (length > 0) return hash1to3(bytes, start, length);
  return avalanche64(secretAt(56) ^ secretAt(64));
}

/** Four bytes, little-endian, in [0, 2^32). */
export function u32(bytes: Uint8Array, at: number): number {
  const low = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
  return (low | (bytes[at + 3] << 24)) >>> 0;
}

/** Eight bytes, little-endian. */
export function u64(bytes: Uint8Array, at: number): bigint {
  return (BigInt(u32(bytes, at + 4)) << 32n) | BigInt(u32(bytes, at));
}

export function secretAt(at: number): bigint {
  return u64(SECRET, at);
}

/** The halves of a product of 128 bits, combined. */
function folded(a: bigint, b: bigint): bigint {
  const product = a * b;
  return (product & MASK) ^ (product >> 64n);
}

function rotated(value: bigint, by: bigint): bigint {
  return ((value << by) | (value >> (64n - by))) & MASK;
}

/** The bytes in reverse. */
export function swapped(value: bigint): bigint {
  let rest = value;
  let result = 0n;
  for (let i = 0; i < 8; i++) {
    result = (result << 8n) | (rest & 255n);
    rest >>= 8n;
  }
  return result;
}

export function avalanche(value: bigint): bigint {
  const mixed = ((value ^ (value >> 37n)) * PRIME_MX1) & MASK;
  return mixed ^ (mixed >> 32n);
}

/** XXH64's, for short ranges. */
export function avalanche64(value: bigint): bigint {
  const once = ((value ^ (value >> 33n)) * PRIME64_2) & MASK;
  const twice = ((once ^ (once >> 29n)) * PRIME64_3) & MASK;
  return twice ^ (twice >> 32n);
}

function hash1to3(bytes: Uint8Array, start: number, length: number): bigint {
  const last = bytes[start + length - 1];
  const middle = bytes[start + (length >> 1)];
  const combined = (last | (length << 8) | (bytes[start] << 16) | (middle << 24)) >>> 0;
  const secret = (u32(SECRET, 0) ^ u32(SECRET, 4)) >>> 0;
  return avalanche64(BigInt(secret) ^ BigInt(combined));
}

function hash4to8(bytes: Uint8Array, start: number, end: number): bigint {
  const combined = BigInt(u32(bytes, end - 4)) | (BigInt(u32(bytes, start)) << 32n);
  let value = secretAt(8) ^ secretAt(16) ^ combined;
  value ^= rotated(value, 49n) ^ rotated(value, 24n);
  value = (value * PRIME_MX2) & MASK;
  value ^= (value >> 35n) + BigInt(end - start);
  value = (value * PRIME_MX2) & MASK;
  return value ^ (value >> 28n);
}

function hash9to16(bytes: Uint8Array, start: number, end: number): bigint {
  const low = secretAt(24) ^ secretAt(32) ^ u64(bytes, start);
  const high = secretAt(40) ^ secretAt(48) ^ u64(bytes, end - 8);
  return avalanche((BigInt(end - start) + swapped(low) + high + folded(low, high)) & MASK);
}

/** Sixteen bytes, mixed with as many of the secret. */
export function mixed(bytes: Uint8Array, at: number, secret: number): bigint {
  return folded(u64(bytes, at) ^ secretAt(secret), u64(bytes, at + 8) ^ secretAt(secret + 8));
}

function hash17to128(bytes: Uint8Array, start: number, length: number): bigint {
  let sum = BigInt(length) * PRIME64_1;
  for (let i = (length - 1) >> 5; i >= 0; i--) {
    sum += mixed(bytes, start + i * 16, i * 32);
    sum += mixed(bytes, start + length - i * 16 - 16, i * 32 + 16);
  }
  return avalanche(sum & MASK);
}

function hash129to240(bytes: Uint8Array, start: number, length: number): bigint {
  let sum = BigInt(length) * PRIME64_1;
  for (let i = 0; i < 8; i++) sum += mixed(bytes, start + i * 16, i * 16);
  sum = avalanche(sum & MASK);
  for (let i = 8; i < length >> 4; i++) sum += mixed(bytes, start + i * 16, (i - 8) * 16 + 3);
  return avalanche((sum + mixed(bytes, start + length - 16, 119)) & MASK);
}

// Long ranges

/** Of each lane its low half, then of each its high half. */
const lanes = new Int32Array(2 * LANES);

function hashLong(bytes: Uint8Array, start: number, end: number): bigint {
  accumulateAll(bytes, start, end);
  return merged(11, (BigInt(end - start) * PRIME64_1) & MASK);
}

/** Puts all of a long range into the lanes. */
export function accumulateAll(bytes: Uint8Array, start: number, end: number): void {
  const blockBytes = BLOCK_STRIPES * STRIPE_BYTES;
  lanes.set(INITIAL);
  let at = start;
  for (; end - at > blockBytes; at += blockBytes) {
    for (let n = 0; n < BLOCK_STRIPES; n++) accumulate(bytes, at + n * STRIPE_BYTES, n * 8);
    scramble();
  }
  for (let n = 0; at + STRIPE_BYTES < end; n++, at += STRIPE_BYTES) accumulate(bytes, at, n * 8);
  accumulate(bytes, end - STRIPE_BYTES, SECRET.length - STRIPE_BYTES - 7);
}

/** The lanes as 64 bits, with the secret from `secret` on. */
export function merged(secret: number, initial: bigint): bigint {
  let sum = initial;
  for (let i = 0; i < LANES; i += 2) {
    const at = secret + i * 8;
    sum += folded(lane(i) ^ secretAt(at), lane(i + 1) ^ secretAt(at + 8));
  }
  return avalanche(sum & MASK);
}

function lane(i: number): bigint {
  return (BigInt(lanes[LANES + i] >>> 0) << 32n) | BigInt(lanes[i] >>> 0);
}

/** Adds a stripe to the lanes, with the secret from `secret` on. */
function accumulate(bytes: Uint8Array, at: number, secret: number): void {
  for (let i = 0; i < LANES; i++) {
    const from = at + i * 8;
    const key = secret + i * 8;
    const low = u32(bytes, from);
    const high = u32(bytes, from + 4);
    add(i ^ 1, low, high);
    addProduct(i, (low ^ u32(SECRET, key)) >>> 0, (high ^ u32(SECRET, key + 4)) >>> 0);
  }
}

/** Adds 64 bits to a lane. */
function add(i: number, low: number, high: number): void {
  const sum = (lanes[i] >>> 0) + low;
  lanes[i] = sum;
  lanes[LANES + i] += high + (sum > 0xffffffff ? 1 : 0);
}

/** Adds the product of two integers of 32 bits to a lane. */
function addProduct(i: number, a: number, b: number): void {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const middle = (Math.imul(aHigh, bLow) >>> 0) + (Math.imul(aLow, bLow) >>> 16);
  const cross = (Math.imul(aLow, bHigh) >>> 0) + (middle & 0xffff);
  const high = Math.imul(aHigh, bHigh) + (middle >>> 16) + (cross >>> 16);
  add(i, Math.imul(a, b) >>> 0, high);
}

/** Mixes the lanes with the end of the secret, behind a block. */
function scramble(): void {
  for (let i = 0; i < LANES; i++) {
    const key = SECRET.length - STRIPE_BYTES + i * 8;
    const high = lanes[LANES + i];
    const low = (lanes[i] ^ (high >>> 15) ^ u32(SECRET, key)) >>> 0;
    const upper = (high ^ u32(SECRET, key + 4)) >>> 0;
    lanes[i] = 0;
    lanes[LANES + i] = 0;
    addProduct(i, low, PRIME32_1);
    lanes[LANES + i] += Math.imul(upper, PRIME32_1);
  }
}
