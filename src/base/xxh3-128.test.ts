import assert from "node:assert/strict";
import { test } from "node:test";
import { xxh128 } from "./xxh3-128.ts";

/** What libxxhash says of so many bytes, the i-th of which is 131 i + 7. */
const HASHES: readonly (readonly [length: number, hash: string])[] = [
  [0, "99aa06d3014798d86001c324468d497f"],
  [1, "495b62073ef70ca44c5cca45d0f4811f"],
  [2, "f1b5eec902a1eb5e29c60963cbfa4e6e"],
  [3, "390cdc5b4a895dd76e3e2670e61106ac"],
  [4, "aa6e2f274640a3f43d668af6f2a44d77"],
  [5, "d9da89da8d7e169a62853c5f1a6eda6e"],
  [8, "6a86a3bda6af4e3d61ddbe7f31a6100d"],
  [9, "664c7ca18afd62558c7b67fd458a936b"],
  [12, "dab57051afe30b1dcdeba3d6707f8f04"],
  [16, "7f9a218b0425449ae2ce54a7c19c730d"],
  [17, "66fc23f6439dbd778d96ef110fcdebb4"],
  [32, "49a11ee743d6d342fd357cf6cb2dda18"],
  [33, "7228d9284a8116f6f8994653f4bfe6da"],
  [64, "e0faf20e0e0fe0ddba7e015a54f14be1"],
  [128, "aec730751478556cff361dec1385710a"],
  [129, "98cd36ccbb5579264545b3a09738e31a"],
  [159, "092102a9631152daf6c2de5f35a4e9fa"],
  [160, "832af93acbf14d0b10963bc4f63e0de8"],
  [161, "e7eef57c483dd6cc7ad98310db13778d"],
  [192, "e9e3bb05b10df5c44079b989e727fb44"],
  [240, "5293e17bf553903d3f2c53e72293711f"],
  [241, "b53840fe3fedf161956cae592c67279e"],
  [256, "d0d2829a226d0edbb15e550733c5dfac"],
  [1024, "f69630613f24324d70bd377d9574f4bb"],
  [1025, "621af7b8277effa466c4487c41e127a7"],
  [1087, "66ef2171a3c439563a3888860f73973f"],
  [3000, "90cabc4f5f59603233a08283bba03e0c"],
];

test("the hash of 128 bits is libxxhash's, for ranges of each kind", () => {
  for (const [length, hash] of HASHES) {
    const bytes = Uint8Array.from({ length: length + 3 }, (_, i) => (i - 3) * 131 + 7);
    const { low, high } = xxh128(bytes, 3, length + 3);
    const text = ((high << 64n) | low).toString(16).padStart(32, "0");
    assert.equal(text, hash, `${length} bytes`);
  }
});
