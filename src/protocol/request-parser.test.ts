import assert from "node:assert/strict";
import { test } from "node:test";
import { latin1Text } from "../base/bytes.ts";
import { Arguments } from "./arguments.ts";
import { Parsed, RequestParser } from "./request-parser.ts";

/** The words of one inline request, or the error. */
function words(line: string): string[] | string {
  const parser = new RequestParser();
  const args = new Arguments();
  const bytes = Buffer.from(`${line}\r\n`, "latin1");
  const found = parser.parse(args, bytes, 0, bytes.length, true, null);
  if (found === Parsed.error) return parser.error;
  assert.equal(parser.next, bytes.length);
  if (found === Parsed.nothing) return [];
  assert.equal(found, Parsed.request);
  return Array.from({ length: args.count }, (_, i) =>
    latin1Text(args.bytes, args.starts[i], args.ends[i]),
  );
}

const unbalanced = "Protocol error: unbalanced quotes in request";

test("a NUL in an inline request is a byte like any other", () => {
  assert.deepEqual(words("SET a b\0c"), ["SET", "a", "b\0c"]);
  assert.deepEqual(words("SET \0 x\0"), ["SET", "\0", "x\0"]);
  assert.deepEqual(words('ECHO "a\0b"'), ["ECHO", "a\0b"]);
  assert.deepEqual(words("ECHO '\0' \"\\x00\""), ["ECHO", "\0", "\0"]);
  assert.equal(words('ECHO "a"\0'), unbalanced);
  assert.equal(words('ECHO "a\0'), unbalanced);
});

test("vertical tabs and form feeds part words, but do not end one", () => {
  assert.deepEqual(words("ECHO a\vb\f"), ["ECHO", "a\vb\f"]);
  assert.deepEqual(words("\v\fECHO \v a"), ["ECHO", "a"]);
  assert.deepEqual(words('ECHO "a"\vb'), ["ECHO", "a", "b"]);
  assert.deepEqual(words("ECHO a\tb\rc"), ["ECHO", "a", "b", "c"]);
  assert.deepEqual(words(" \t\v\f "), []);
});
