import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8Bytes } from "../base/bytes.ts";
import { Arguments } from "./arguments.ts";
import { Parsed, RequestParser } from "./request-parser.ts";

// The places of arguments are kept in arrays of 64, 128, 256 …, which longer ones replace.
const COUNTS = [1, 63, 64, 65, 127, 128, 129, 500];

test("arguments keep their places while their arrays are replaced by longer ones", () => {
  for (const count of COUNTS) {
    const args = new Arguments();
    const words = Array.from({ length: count }, (_, i) => `word-${i}`);
    args.fill(words);
    assert.deepEqual(
      words.map((_, i) => args.text(i)),
      words,
    );
    assert.deepEqual(
      words.map((_, i) => args.clone().text(i)),
      words,
    );
  }
});

test("a request of any number of words is parsed whole, in pieces and inline", () => {
  for (const count of COUNTS) {
    const words = Array.from({ length: count }, (_, i) => `w${i}`);
    const array = `*${count}\r\n${words.map((w) => `$${w.length}\r\n${w}\r\n`).join("")}`;
    for (const text of [array, `${words.join(" ")}\r\n`]) {
      const parser = new RequestParser();
      const args = new Arguments();
      const bytes = utf8Bytes(text);
      // First half of it, then all.
      parser.parse(args, bytes, 0, bytes.length >> 1, true, null);
      const { progress } = parser;
      assert.equal(parser.parse(args, bytes, 0, bytes.length, true, progress), Parsed.request);
      assert.equal(args.count, count);
      assert.deepEqual(
        words.map((_, i) => args.text(i)),
        words,
      );
    }
  }
});
