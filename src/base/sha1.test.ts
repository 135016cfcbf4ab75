import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Random } from "./random.ts";
import { SHA1_WORDS, sha1Again, sha1Into } from "./sha1.ts";

function hex(words: Int32Array): string {
  return [...words].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

test("a digest is that of node:crypto, at every length around a block, and of digests", () => {
  const random = new Random().seed(5, 6);
  const digest = new Int32Array(SHA1_WORDS);
  for (let length = 0; length < 300; length++) {
    const bytes = Uint8Array.from({ length: length + 9 }, () => random.below(256));
    sha1Into(bytes, 3, 3 + length, digest);
    const first = createHash("sha1")
      .update(bytes.subarray(3, 3 + length))
      .digest();
    assert.equal(hex(digest), first.toString("hex"), `${length} bytes`);
    sha1Again(digest);
    assert.equal(hex(digest), createHash("sha1").update(first).digest("hex"));
  }
});
