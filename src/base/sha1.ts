// SHA-1 of one range at a time (FIPS 180-4). Nothing here is secret: it is what DEBUG DIGEST is
// made of, which takes one or two blocks for each element of a database. Written out, since
// node:crypto takes 1 µs to begin with.

/** Words of a digest. */
export const SHA1_WORDS = 5;
const BLOCK_BYTES = 64;
/** Where a block holds the length, in bits. */
const LENGTH_AT = 56;

const schedule = new Int32Array(80);
const last = new Uint8Array(BLOCK_BYTES);
const state = new Int32Array(SHA1_WORDS);

/** The digest of bytes[start, end), as five words, big endian. */
export function sha1Into(bytes: Uint8Array, start: number, end: number, into: Int32Array): void {
  begin();
  let at = start;
  for (; at + BLOCK_BYTES <= end; at += BLOCK_BYTES) addBlock(bytes, at);
  const rest = end - at;
  for (let i = 0; i < rest; i++) last[i] = bytes[at + i];
  last[rest] = 0x80;
  last.fill(0, rest + 1);
  if (rest >= LENGTH_AT) {
    addBlock(last, 0);
    last.fill(0);
  }
  const length = end - start;
  writeWord(LENGTH_AT, Math.floor(length / 2 ** 29));
  writeWord(LENGTH_AT + 4, length << 3);
  addBlock(last, 0);
  into.set(state);
}

/** The digest of another digest, in its place. */
export function sha1Again(digest: Int32Array): void {
  begin();
  schedule.fill(0, SHA1_WORDS, 16);
  schedule.set(digest);
  schedule[SHA1_WORDS] = 0x80000000;
  schedule[15] = SHA1_WORDS * 32;
  mix();
  digest.set(state);
}

function begin(): void {
  state[0] = 0x67452301;
  state[1] = 0xefcdab89;
  state[2] = 0x98badcfe;
  state[3] = 0x10325476;
  state[4] = 0xc3d2e1f0;
}

function writeWord(at: number, value: number): void {
  for (let i = 0; i < 4; i++) last[at + i] = value >>> (24 - 8 * i);
}

function addBlock(bytes: Uint8Array, at: number): void {
  for (let i = 0; i < 16; i++) {
    const from = at + 4 * i;
    schedule[i] =
      (bytes[from] << 24) | (bytes[from + 1] << 16) | (bytes[from + 2] << 8) | bytes[from + 3];
  }
  mix();
}

/** Mixes the block that lies in the first words of the schedule into the state. */
function mix(): void {
  const w = schedule;
  for (let i = 16; i < 80; i++) {
    const x = w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16];
    w[i] = (x << 1) | (x >>> 31);
  }
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let e = state[4];
  for (let i = 0; i < 80; i++) {
    let f = 0;
    if (i < 20) f = ((b & c) | (~b & d)) + 0x5a827999;
    else if (i < 40) f = (b ^ c ^ d) + 0x6ed9eba1;
    else if (i < 60) f = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    else f = (b ^ c ^ d) + 0xca62c1d6;
    const turned = (((a << 5) | (a >>> 27)) + f + e + w[i]) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = turned;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
}
