// Bits in a range of bytes: how many are set, and where the first one or zero is. The first bit of
// a byte is its highest, as Redis numbers them.
//
// Counting long ranges is a matter of nanoseconds a word. Over 10 MiB of shared memory (ms, Node 26
// / Bun 1.4; redis-server 7.0.15 takes 2.2 on the same machine):
//
//   each word by itself                      5.0 / 3.0
//   sixteen words by carry-save adders       2.5 / 2.1
//   WebAssembly, sixteen bytes at a time     0.9 / 1.1, the copy into its memory included
//
// So a range of WASM_MIN bytes or more is copied, a chunk at a time, into the memory of a module
// that counts there (bit-module.ts), and others, and all where there is no WebAssembly, are
// counted by carry-save adders: of sixteen words, fifteen additions without a carry leave one word
// whose bits each stand for sixteen, and only that is counted. (Harley and Seal's method; Warren,
// Hacker's Delight, second edition, 5-1.)

import { countInModule } from "./bit-module.ts";

/** From here on the module is quicker, the copy included. */
const WASM_MIN = 16 * 1024;

/** Set bits of a word. */
export function bitsOf(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Set bits of bytes[start, end). `words` are the same bytes, four at a time. */
export function countBits(
  bytes: Uint8Array,
  words: Int32Array,
  start: number,
  end: number,
): number {
  if (end - start >= WASM_MIN) {
    const count = countInModule(bytes, start, end);
    if (count >= 0) return count;
  }
  return countByWords(bytes, words, start, end);
}

/** As countBits, without the module. */
export function countByWords(
  bytes: Uint8Array,
  words: Int32Array,
  start: number,
  end: number,
): number {
  let count = 0;
  let at = start;
  for (; at < end && (at & 3) !== 0; at++) count += bitsOf(bytes[at]);
  const wordsEnd = at + ((end - at) & ~3);
  count += countWords(words, at >>> 2, wordsEnd >>> 2);
  for (at = wordsEnd; at < end; at++) count += bitsOf(bytes[at]);
  return count;
}

/** Set bits of words[start, end): sixteen words at a time, by carry-save adders. */
function countWords(words: Int32Array, start: number, end: number): number {
  let ones = 0;
  let twos = 0;
  let fours = 0;
  let eights = 0;
  let sixteens = 0;
  let i = start;
  for (; i + 16 <= end; i += 16) {
    // Each triple of lines adds two words to those that are held: what is over stands one line up.
    let a = words[i];
    let b = words[i + 1];
    let u = ones ^ a;
    let twosA = (ones & a) | (u & b);
    ones = u ^ b;
    a = words[i + 2];
    b = words[i + 3];
    u = ones ^ a;
    let twosB = (ones & a) | (u & b);
    ones = u ^ b;
    u = twos ^ twosA;
    let foursA = (twos & twosA) | (u & twosB);
    twos = u ^ twosB;
    a = words[i + 4];
    b = words[i + 5];
    u = ones ^ a;
    twosA = (ones & a) | (u & b);
    ones = u ^ b;
    a = words[i + 6];
    b = words[i + 7];
    u = ones ^ a;
    twosB = (ones & a) | (u & b);
    ones = u ^ b;
    u = twos ^ twosA;
    let foursB = (twos & twosA) | (u & twosB);
    twos = u ^ twosB;
    u = fours ^ foursA;
    const eightsA = (fours & foursA) | (u & foursB);
    fours = u ^ foursB;
    a = words[i + 8];
    b = words[i + 9];
    u = ones ^ a;
    twosA = (ones & a) | (u & b);
    ones = u ^ b;
    a = words[i + 10];
    b = words[i + 11];
    u = ones ^ a;
    twosB = (ones & a) | (u & b);
    ones = u ^ b;
    u = twos ^ twosA;
    foursA = (twos & twosA) | (u & twosB);
    twos = u ^ twosB;
    a = words[i + 12];
    b = words[i + 13];
    u = ones ^ a;
    twosA = (ones & a) | (u & b);
    ones = u ^ b;
    a = words[i + 14];
    b = words[i + 15];
    u = ones ^ a;
    twosB = (ones & a) | (u & b);
    ones = u ^ b;
    u = twos ^ twosA;
    foursB = (twos & twosA) | (u & twosB);
    twos = u ^ twosB;
    u = fours ^ foursA;
    const eightsB = (fours & foursA) | (u & foursB);
    fours = u ^ foursB;
    u = eights ^ eightsA;
    sixteens += bitsOf((eights & eightsA) | (u & eightsB));
    eights = u ^ eightsB;
  }
  let count =
    16 * sixteens + 8 * bitsOf(eights) + 4 * bitsOf(fours) + 2 * bitsOf(twos) + bitsOf(ones);
  for (; i < end; i++) count += bitsOf(words[i]);
  return count;
}

/** How far bytes[start, end) are known to be all `byte`, at least to `start`. */
export type PassRun = (bytes: Uint8Array, start: number, end: number, byte: number) => number;

/**
 * The first bit that is 1 (or 0) of bits [first, last], counted from bytes[start] on, or −1.
 * `words` are the same bytes, four at a time. Long runs are left to `passRun`.
 */
export function findBit(
  bytes: Uint8Array,
  words: Int32Array,
  start: number,
  first: number,
  last: number,
  bit: number,
  passRun: PassRun,
): number {
  // With `same` a byte holds none of what is looked for.
  const same = bit === 1 ? 0 : 255;
  const end = start + Math.floor(last / 8) + 1;
  let at = start + Math.floor(first / 8);
  // Bits before the first are passed over by making them what is not looked for.
  const before = (0xff00 >>> (first % 8)) & 0xff;
  const head = bit === 1 ? bytes[at] & ~before : bytes[at] | before;
  let byte = head;
  if (byte === same) {
    at = passRun(bytes, at + 1, end, same);
    for (; at < end && (at & 3) !== 0 && bytes[at] === same; ) at++;
    if (at < end && (at & 3) === 0) {
      const sameWord = bit === 1 ? 0 : -1;
      let i = at >>> 2;
      for (const whole = end >>> 2; i < whole && words[i] === sameWord; ) i++;
      for (at = i << 2; at < end && bytes[at] === same; ) at++;
    }
    if (at >= end) return -1;
    byte = bytes[at];
  }
  const found = (at - start) * 8 + Math.clz32((bit === 1 ? byte : ~byte & 0xff) << 24);
  return found <= last ? found : -1;
}
