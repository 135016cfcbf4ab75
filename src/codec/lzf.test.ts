import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../base/random.ts";
import { lzfCompress, lzfDecompress } from "./lzf.ts";

const SEED = Number(process.env.TSKEYDB_SEED ?? Date.now() % 2 ** 30);

function compressed(bytes: Uint8Array, room = bytes.length + 64): Uint8Array | undefined {
  const out = new Uint8Array(room + 3);
  const end = lzfCompress(bytes, 0, bytes.length, out, 3, room + 3);
  return end === 0 ? undefined : out.subarray(3, end);
}

function restored(packed: Uint8Array, length: number): Uint8Array | undefined {
  const out = new Uint8Array(length);
  return lzfDecompress(packed, 0, packed.length, out, length) ? out : undefined;
}

test("what is compressed comes back, of every length and of little or much variety", () => {
  const random = new Random().seed(SEED, 1);
  for (let round = 0; round < 3000; round++) {
    const letters = 1 + random.below(round % 3 === 0 ? 256 : 4);
    const length = random.below(round % 50 === 0 ? 40_000 : 300);
    const bytes = Uint8Array.from({ length }, () => random.below(letters));
    const packed = compressed(bytes, length + (length >> 4) + 64);
    assert.ok(packed !== undefined);
    assert.deepEqual(restored(packed, length), bytes, `seed ${SEED}, round ${round}`);
  }
});

test("repetition becomes short, and what does not become shorter is refused", () => {
  assert.ok((compressed(new Uint8Array(10_000).fill(97))?.length ?? 0) < 150);
  const bytes = Uint8Array.from({ length: 64 }, (_, i) => i * 3);
  assert.equal(compressed(bytes, 60), undefined);
});

test("a stream of liblzf's is read", () => {
  // "aaaaaaaaaaaaaaaaaaaaaaaaa" as redis-server has it: one literal, then a long reference.
  const packed = Uint8Array.from([0x01, 0x61, 0x61, 0xe0, 0x0d, 0x00, 0x00, 0x61]);
  assert.equal(Buffer.from(restored(packed, 25) ?? []).toString(), "a".repeat(25));
});

test("any bytes are refused or read, and nothing outside is touched", () => {
  const random = new Random().seed(SEED, 2);
  for (let round = 0; round < 20_000; round++) {
    const packed = Uint8Array.from({ length: random.below(40) }, () => random.below(256));
    const length = random.below(300);
    const out = new Uint8Array(length + 1);
    out[length] = 7;
    lzfDecompress(packed, 0, packed.length, out, length);
    assert.equal(out.length, length + 1);
    assert.equal(out[length], 7);
  }
});
