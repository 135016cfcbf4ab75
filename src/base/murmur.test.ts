import assert from "node:assert/strict";
import { test } from "node:test";
import { murmurInto } from "./murmur.ts";
import { Random } from "./random.ts";

const M = 0xc6a4a7935bd1e995n;
const mod = (n: bigint): bigint => BigInt.asUintN(64, n);

/** The definition, in integers of 64 bits. */
function murmur(bytes: Uint8Array, seed: number): bigint {
  let h = mod(BigInt(seed) ^ mod(BigInt(bytes.length) * M));
  const whole = bytes.length - (bytes.length % 8);
  const word = (from: number, to: number): bigint =>
    bytes.slice(from, to).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  for (let at = 0; at < whole; at += 8) {
    let k = mod(word(at, at + 8) * M);
    k ^= k >> 47n;
    h = mod((h ^ mod(k * M)) * M);
  }
  if (whole < bytes.length) h = mod((h ^ word(whole, bytes.length)) * M);
  h = mod((h ^ (h >> 47n)) * M);
  return h ^ (h >> 47n);
}

test("the hash is that of the definition, for bytes of any length", () => {
  const random = new Random().seed(9);
  const out = new Int32Array(2);
  for (let i = 0; i < 2000; i++) {
    const bytes = Uint8Array.from({ length: 40 }, () => random.below(256));
    const start = random.below(8);
    const end = start + random.below(33);
    const seed = i % 2 === 0 ? 0xadc83b19 : random.next32() >>> 0;
    murmurInto(out, bytes, start, end, seed | 0);
    const found = (BigInt(out[0] >>> 0) << 32n) | BigInt(out[1] >>> 0);
    assert.equal(found, murmur(bytes.subarray(start, end), seed), `${start} … ${end}`);
  }
});
