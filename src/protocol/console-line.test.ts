// The console's request line: words, quotes, and the value of SET.

import assert from "node:assert/strict";
import { test } from "node:test";
import { asciiBytes, utf8Bytes } from "../base/bytes.ts";
import { Arguments } from "./arguments.ts";
import { ConsoleLine } from "./console-line.ts";

const line = new ConsoleLine();

/** The words of a line, or undefined where quotes do not balance. */
function words(text: string): string[] | undefined {
  const args = new Arguments();
  const bytes = asciiBytes(`--${text}--`);
  if (!line.parse(args, bytes, 2, bytes.length - 2)) return undefined;
  return Array.from({ length: args.count }, (_, index) => args.text(index));
}

test("blanks part words, and a blank line has none", () => {
  assert.deepEqual(words("GET k"), ["GET", "k"]);
  assert.deepEqual(words("  lpush \t l  a   b\r"), ["lpush", "l", "a", "b"]);
  assert.deepEqual(words(""), []);
  assert.deepEqual(words(" \t "), []);
});

test("quotes work as in redis-cli", () => {
  assert.deepEqual(words('LPUSH l "a b" \'c d\' ""'), ["LPUSH", "l", "a b", "c d", ""]);
  assert.deepEqual(words(String.raw`ECHO "\n\r\t\b\a\\\"\q"`), ["ECHO", '\n\r\t\b\x07\\"q']);
  assert.deepEqual(words(String.raw`ECHO "\x00\xfF\xg1\x1"`), ["ECHO", "\x00\xffxg1x1"]);
  assert.deepEqual(words(String.raw`ECHO 'it\'s \n'`), ["ECHO", String.raw`it's \n`]);
  assert.deepEqual(words(String.raw`ECHO C:\temp`), ["ECHO", String.raw`C:\temp`]);
  assert.deepEqual(words('ECHO k:"a b"'), ["ECHO", "k:a b"]);
});

test("quotes that do not balance are refused", () => {
  for (const text of ['"', "'", 'ECHO "a', "ECHO it's", 'ECHO "a"b', "ECHO 'a'b", 'ECHO "a\\"']) {
    assert.equal(words(text), undefined, text);
  }
});

test("the words of SET join into one value", () => {
  assert.deepEqual(words("SET k hello world"), ["SET", "k", "hello world"]);
  assert.deepEqual(words("set k  a   b \t c "), ["set", "k", "a b c"]);
  assert.deepEqual(words('SET k "a  b" c'), ["SET", "k", "a  b c"]);
  assert.deepEqual(words("SET k v"), ["SET", "k", "v"]);
  assert.deepEqual(words("SET k"), ["SET", "k"]);
  assert.deepEqual(words("MSET a b c d"), ["MSET", "a", "b", "c", "d"]);
});

test("options are taken off the end of SET where they parse as options", () => {
  assert.deepEqual(words("SET k a b EX 10"), ["SET", "k", "a b", "EX", "10"]);
  assert.deepEqual(words("SET k a b px -5 nx get"), ["SET", "k", "a b", "px", "-5", "nx", "get"]);
  assert.deepEqual(words("SET k a KEEPTTL XX"), ["SET", "k", "a", "KEEPTTL", "XX"]);
  assert.deepEqual(words("SET k a EX ten"), ["SET", "k", "a EX ten"]);
  assert.deepEqual(words("SET k EX 10"), ["SET", "k", "EX 10"]);
  assert.deepEqual(words("SET k NX"), ["SET", "k", "NX"]);
  assert.deepEqual(words("SET k get get"), ["SET", "k", "get", "get"]);
  assert.deepEqual(words('SET k a "NX"'), ["SET", "k", "a NX"]);
  assert.deepEqual(words('SET k a "EX" 10'), ["SET", "k", "a EX 10"]);
  assert.deepEqual(words("SET k a NX XX"), ["SET", "k", "a NX", "XX"]);
  assert.deepEqual(words("SET k a EX 1 PX 2"), ["SET", "k", "a EX 1", "PX", "2"]);
  assert.deepEqual(words("SET k NX b"), ["SET", "k", "NX b"]);
});

test("a line of many words, of any bytes, comes through whole", () => {
  const many = Array.from({ length: 300 }, (_, index) => `w${index}`);
  assert.deepEqual(words(many.join(" ")), many);
  const args = new Arguments();
  const bytes = utf8Bytes("GET zoë\u{1f600}");
  assert.ok(line.parse(args, bytes, 0, bytes.length));
  assert.deepEqual(args.copy(1), bytes.slice(4));
});

// Which words stood in quotes is kept in an array of 64 places, which longer ones replace.
test("a line of any number of words keeps each of them", () => {
  for (const count of [63, 64, 65, 127, 128, 129, 300]) {
    const expected = Array.from({ length: count }, (_, i) => `w${i}`);
    const text = expected.map((word, i) => (i % 3 === 0 ? `"${word}"` : word)).join(" ");
    assert.deepEqual(words(text), expected);
  }
});
