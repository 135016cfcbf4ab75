import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8Bytes } from "./bytes.ts";
import { xxh3 } from "./xxh3.ts";

const hex = (bytes: Uint8Array, start = 0, end = bytes.length): string =>
  xxh3(bytes, start, end).toString(16).padStart(16, "0");

/** What libxxhash 0.8.1 says of so many of the bytes below. */
const HASHES: readonly (readonly [length: number, hash: string])[] = [
  [0, "2d06800538d394c2"],
  [1, "e5e62017e96f839c"],
  [2, "e99f8ba75698ec0f"],
  [3, "d3bcc83c6f14e70f"],
  [4, "c7f159f34b126cb4"],
  [5, "0276f65070331568"],
  [7, "ddce99c00391ea7c"],
  [8, "0f25a2a1cc43dda2"],
  [9, "1e3be9699baa50cf"],
  [12, "e52e522a84ebbb71"],
  [15, "bb9c1f12fc955b0c"],
  [16, "9ec324145cea1dcb"],
  [17, "48f3651d7436310a"],
  [31, "f1e5d171a470e2f5"],
  [32, "3ecd923442085a0d"],
  [33, "0afebb54eff3a3b5"],
  [64, "7abe508541644d25"],
  [65, "da2a9fa52b7fadf5"],
  [96, "014dbb30ecd7c670"],
  [97, "7b0a9dae42e89ff6"],
  [127, "4d6a8b1f7d7fbafa"],
  [128, "5d813d42c0005ea8"],
  [129, "c61639b552225575"],
  [144, "9e69d5b5f04a37c8"],
  [160, "1a272864fbc79765"],
  [239, "9baab2789601e92a"],
  [240, "7d85b8d4f8b10c82"],
  [241, "5c56141c894cd97e"],
  [255, "a88268bb584966d3"],
  [256, "cdb34974678d6687"],
  [257, "b5c3cd9c180a14b7"],
  [300, "127af53180893172"],
  [319, "57e8f51919fd393f"],
  [320, "fe6e6426ff966b51"],
  [321, "ce4b21759139f83b"],
  [512, "ae0027cc0d8eacd9"],
  [1023, "123989704c814592"],
  [1024, "0551dea22e104ea8"],
  [1025, "dbe2ed3c377d9922"],
  [1088, "98ce47a58d705d59"],
  [1089, "8c3ba502883f2263"],
  [2048, "0e137a69a82b62c0"],
  [2049, "2ba993b30fe87e40"],
  [3000, "563c363f03710683"],
  [10000, "ac818400117d2379"],
];

test("the hash is that of the library, for ranges of every kind of length", () => {
  let x = 1;
  const bytes = Uint8Array.from({ length: 10_000 }, () => {
    x = Number((BigInt(x) * 1_103_515_245n + 12_345n) & 0x7fffffffn);
    return x >> 16;
  });
  for (const [length, hash] of HASHES) assert.equal(hex(bytes, 0, length), hash, `${length}`);
  const moved = new Uint8Array(10_003);
  moved.set(bytes, 3);
  for (const [length, hash] of HASHES) assert.equal(hex(moved, 3, 3 + length), hash);
});

test("texts have the digests that Redis 8.4 gives them", () => {
  assert.equal(hex(utf8Bytes("hello")), "9555e8555c62dcfd");
  assert.equal(hex(utf8Bytes("123")), "404a763b3f4c8c9a");
  assert.equal(hex(utf8Bytes("v8")), "0cc76dbb41381419");
});
