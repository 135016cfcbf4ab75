import assert from "node:assert/strict";
import { test } from "node:test";
import { builtInLatin1 } from "./latin1.ts";

const { read, write } = builtInLatin1;

test("texts and bytes lead to each other, in shared memory too, for every byte and length", () => {
  for (const buffer of [new ArrayBuffer(6000), new SharedArrayBuffer(6000)]) {
    const all = new Uint8Array(buffer, 50);
    for (let i = 0; i < all.length; i++) all[i] = i + (i >>> 8);
    for (const length of [0, 1, 13, 256, 5000]) {
      const text = read(all, 3, 3 + length);
      assert.equal(text, Buffer.from(all.slice(3, 3 + length)).toString("latin1"));
      const back = new Uint8Array(all.buffer.slice(0), 7);
      write(text, back, 1);
      assert.equal(read(back, 1, 1 + length), text);
    }
  }
});

test("of a character beyond a byte its low eight bits are written", () => {
  const bytes = new Uint8Array(42);
  write("\u0141\u20ac".repeat(20), bytes, 1);
  assert.equal(read(bytes, 0, 42), `\0${"A\xac".repeat(20)}\0`);
});
