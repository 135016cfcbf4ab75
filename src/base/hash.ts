// Keyed hashing of keys, fields and members. HalfSipHash with one compression round and three
// finalisation rounds: a pseudo-random function of 64 key bits on 32-bit words, so that a client
// who does not know the key cannot choose names that fall into one bucket. Redis hashes with
// SipHash-1-2 for the same reason; the half-width variant is the one whose arithmetic is native
// to JavaScript's 32-bit integers.
// Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", and its reference HalfSipHash.

export class Hasher {
  readonly k0: number;
  readonly k1: number;

  /** @param k0,k1 the two 32-bit halves of the secret key */
  constructor(k0: number, k1: number) {
    this.k0 = k0 | 0;
    this.k1 = k1 | 0;
  }

  /** The hash of bytes[start, end) as a signed 32-bit integer. */
  hash(bytes: Uint8Array, start: number, end: number): number {
    let v0 = this.k0;
    let v1 = this.k1;
    let v2 = this.k0 ^ 0x6c796765;
    let v3 = this.k1 ^ 0x74656462;
    let at = start;
    const whole = end - 3;
    for (; at < whole; at += 4) {
      const word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    let last = (end - start) << 24;
    if (at < end) {
      last |= bytes[at];
      if (at + 1 < end) {
        last |= bytes[at + 1] << 8;
        if (at + 2 < end) last |= bytes[at + 2] << 16;
      }
    }
    v3 ^= last;
    for (let round = 0; round < 4; round++) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      if (round === 0) {
        v0 ^= last;
        v2 ^= 0xff;
      }
    }
    return v1 ^ v3;
  }
}
