import assert from "node:assert/strict";
import { test } from "node:test";
import {
  asciiBytes,
  compareBytes,
  copyBytes,
  equalBytes,
  equalsIgnoringCase,
  latin1Text,
  useLatin1,
  utf8Bytes,
  utf8Length,
  utf8Text,
  writeLatin1,
  writeUtf8,
} from "./bytes.ts";

const shared = (size: number): Uint8Array => new Uint8Array(new SharedArrayBuffer(size));

test("ranges are equal when their bytes are", () => {
  const a = asciiBytes("xxhelloyy");
  const b = asciiBytes("hello");
  assert.equal(equalBytes(a, 2, 7, b, 0, 5), true);
  assert.equal(equalBytes(a, 2, 8, b, 0, 5), false);
  assert.equal(equalBytes(a, 1, 6, b, 0, 5), false);
  assert.equal(equalBytes(a, 4, 4, b, 5, 5), true);
});

test("ranges are ordered as memcmp orders them, a prefix first", () => {
  const order = ["", "\0", "a", "a\0", "ab", "b", "\x7f", "\x80", "\xff", "\xff\xff"];
  for (let i = 0; i < order.length; i++) {
    for (let j = 0; j < order.length; j++) {
      const a = asciiBytes(order[i]);
      const b = asciiBytes(order[j]);
      const sign = Math.sign(compareBytes(a, 0, a.length, b, 0, b.length));
      assert.equal(sign, Math.sign(i - j), `${order[i]} ${order[j]}`);
    }
  }
});

test("letters compare without their case, other bytes with it", () => {
  const spells = (text: string, name: string) =>
    equalsIgnoringCase(asciiBytes(text), 0, text.length, asciiBytes(name));
  assert.equal(spells("GeT", "get"), true);
  assert.equal(spells("GETS", "get"), false);
  assert.equal(spells("@x", "`x"), false);
  assert.equal(spells("[x", "{x"), false);
});

test("copies of every length arrive whole and touch nothing beside them", () => {
  const from = shared(400);
  for (let i = 0; i < from.length; i++) from[i] = (i * 7 + 1) | 1;
  for (let length = 0; length < 150; length++) {
    const to = shared(200);
    assert.equal(copyBytes(from, 5, 5 + length, to, 9), 9 + length);
    assert.equal(equalBytes(from, 5, 5 + length, to, 9, 9 + length), true);
    assert.equal(to[8] + to[9 + length], 0);
    const own = from.slice();
    assert.equal(copyBytes(own, 5, 5 + length, own, 9), 9 + length);
    assert.equal(equalBytes(from, 5, 5 + length, own, 9, 9 + length), true);
  }
});

test("Latin-1 text and bytes lead to each other, for every byte and length", () => {
  const all = shared(10_000);
  for (let i = 0; i < all.length; i++) all[i] = i + (i >>> 8);
  for (const length of [0, 1, 7, 8, 9, 12, 13, 24, 25, 256, 4096, 4097, 9_990]) {
    const text = latin1Text(all, 3, 3 + length);
    assert.equal(text, Buffer.from(all.slice(3, 3 + length)).toString("latin1"));
    const back = shared(length + 2);
    assert.equal(writeLatin1(text, back, 1), 1 + length);
    assert.equal(equalBytes(back, 1, 1 + length, all, 3, 3 + length), true);
  }
});

test("what a runtime has built in for Latin-1 is asked from some length on", (t) => {
  t.after(() => useLatin1(undefined));
  const lengths: number[] = [];
  useLatin1({
    read: (_bytes, start, end) => "x".repeat(lengths.push(end - start)),
    write: (text) => {
      lengths.push(text.length);
    },
  });
  for (const length of [12, 13]) {
    latin1Text(new Uint8Array(20), 2, 2 + length);
    writeLatin1("a".repeat(length), new Uint8Array(20), 2);
  }
  assert.deepEqual(lengths, [13, 13]);
});

test("UTF-8 text and bytes lead to each other", () => {
  const texts = [
    "",
    "abc",
    "é",
    "日本語",
    "😀",
    "\ufeffmark",
    "a".repeat(23),
    `${"a".repeat(24)}é`,
  ];
  for (const text of [...texts, "x".repeat(300), "é😀".repeat(100), "abcdefg😀hi"]) {
    const expected = utf8Bytes(text);
    const bytes = shared(expected.length + 8);
    const end = writeUtf8(text, bytes, 2);
    assert.equal(end, 2 + expected.length, text);
    assert.equal(utf8Length(text), expected.length, text);
    assert.equal(equalBytes(bytes, 2, end, expected, 0, expected.length), true, text);
    assert.equal(utf8Text(bytes, 2, end), text);
  }
});

test("lone surrogates and broken UTF-8 become the replacement character", () => {
  for (const text of ["\ud800", "a\udc00b", "\ud800\ud800\udc00", "\udc00\ud800"]) {
    const bytes = shared(32);
    const end = writeUtf8(text, bytes, 0);
    assert.equal(end, utf8Length(text));
    assert.equal(utf8Text(bytes, 0, end), Buffer.from(text).toString());
  }
  const broken = asciiBytes("a\xffb");
  assert.equal(utf8Text(broken, 0, 3), "a\ufffdb");
});
