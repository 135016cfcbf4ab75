// CRC-64 as RDB files and DUMP payloads end with: the "Jones" polynomial 0xad93d23594c935a9,
// reflected, starting from 0, with nothing done at the end. Two halves of 32 bits and eight tables,
// so that eight bytes are taken at a time and no BigInt is made.

const POLYNOMIAL_HIGH = 0x95ac9329 | 0;
const POLYNOMIAL_LOW = 0xac4bc9b5 | 0;

/** Table k: what a byte becomes with k more bytes behind it. */
const high = new Int32Array(8 * 256);
const low = new Int32Array(8 * 256);
for (let byte = 0; byte < 256; byte++) {
  let h = 0;
  let l = byte;
  for (let bit = 0; bit < 8; bit++) {
    const isOdd = (l & 1) !== 0;
    l = (l >>> 1) | (h << 31);
    h >>>= 1;
    if (!isOdd) continue;
    h ^= POLYNOMIAL_HIGH;
    l ^= POLYNOMIAL_LOW;
  }
  high[byte] = h;
  low[byte] = l;
}
for (let at = 256; at < 8 * 256; at++) {
  const h = high[at - 256];
  const l = low[at - 256];
  high[at] = (h >>> 8) ^ high[l & 255];
  low[at] = ((l >>> 8) | (h << 24)) ^ low[l & 255];
}

/** A sum that goes on over one range after another. */
export class Crc64 {
  /** The sum's upper and lower 32 bits, signed. */
  high = 0;
  low = 0;

  reset(): void {
    this.high = 0;
    this.low = 0;
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    let h = this.high;
    let l = this.low;
    let at = start;
    for (; at + 8 <= end; at += 8) {
      l ^= bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
      h ^= bytes[at + 4] | (bytes[at + 5] << 8) | (bytes[at + 6] << 16) | (bytes[at + 7] << 24);
      const a = 1792 + (l & 255);
      const b = 1536 + ((l >>> 8) & 255);
      const c = 1280 + ((l >>> 16) & 255);
      const d = 1024 + (l >>> 24);
      const e = 768 + (h & 255);
      const f = 512 + ((h >>> 8) & 255);
      const g = 256 + ((h >>> 16) & 255);
      const i = h >>> 24;
      h = high[a] ^ high[b] ^ high[c] ^ high[d] ^ high[e] ^ high[f] ^ high[g] ^ high[i];
      l = low[a] ^ low[b] ^ low[c] ^ low[d] ^ low[e] ^ low[f] ^ low[g] ^ low[i];
    }
    for (; at < end; at++) {
      const byte = (l ^ bytes[at]) & 255;
      l = ((l >>> 8) | (h << 24)) ^ low[byte];
      h = (h >>> 8) ^ high[byte];
    }
    this.high = h;
    this.low = l;
  }

  /** Writes the sum as files hold it: 8 bytes, little endian. */
  writeTo(bytes: Uint8Array, at: number): void {
    for (let i = 0; i < 4; i++) {
      bytes[at + i] = this.low >>> (8 * i);
      bytes[at + 4 + i] = this.high >>> (8 * i);
    }
  }

  /** Whether the 8 bytes are this sum. */
  equals(bytes: Uint8Array, at: number): boolean {
    for (let i = 0; i < 4; i++) {
      if (bytes[at + i] !== ((this.low >>> (8 * i)) & 255)) return false;
      if (bytes[at + 4 + i] !== ((this.high >>> (8 * i)) & 255)) return false;
    }
    return true;
  }
}
