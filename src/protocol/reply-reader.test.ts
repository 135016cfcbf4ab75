// Replies as JavaScript values, and the walk over their bytes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8Bytes } from "../base/bytes.ts";
import {
  ReplyCursor,
  ReplyError,
  type ReplyOptions,
  ReplyReader,
  ReplyType,
} from "./reply-reader.ts";

function read(text: string, options?: ReplyOptions) {
  return new ReplyReader(options).read(utf8Bytes(text), 0);
}

test("scalars become what JavaScript has for them", () => {
  assert.equal(read("$5\r\nhello\r\n"), "hello");
  assert.equal(read("$0\r\n\r\n"), "");
  assert.equal(read("$7\r\nzoë☺\r\n"), "zoë☺");
  assert.equal(read("+OK\r\n"), "OK");
  assert.equal(read("+QUEUED\r\n"), "QUEUED");
  assert.equal(read(":0\r\n"), 0);
  assert.equal(read(":-17\r\n"), -17);
  assert.equal(read(",1.5\r\n"), 1.5);
  assert.equal(read(",-inf\r\n"), Number.NEGATIVE_INFINITY);
  assert.equal(read(",nan\r\n"), Number.NaN);
  assert.equal(read("#t\r\n"), true);
  assert.equal(read("#f\r\n"), false);
  assert.equal(read("=8\r\ntxt:text\r\n"), "text");
  assert.equal(read("(123456789012345678901234567890\r\n"), 123456789012345678901234567890n);
});

test("every null is null", () => {
  for (const text of ["_\r\n", "$-1\r\n", "*-1\r\n"]) assert.equal(read(text), null);
});

test("integers are numbers as long as those are exact, and bigints past that", () => {
  assert.equal(read(":9007199254740991\r\n"), Number.MAX_SAFE_INTEGER);
  assert.equal(read(":-9007199254740991\r\n"), Number.MIN_SAFE_INTEGER);
  assert.equal(read(":9007199254740992\r\n"), 9007199254740992n);
  assert.equal(read(":9007199254740993\r\n"), 9007199254740993n);
  assert.equal(read(":-9223372036854775808\r\n"), -9223372036854775808n);
});

test("aggregates nest", () => {
  assert.deepEqual(read("*3\r\n:1\r\n*2\r\n$1\r\na\r\n_\r\n*0\r\n"), [1, ["a", null], []]);
  assert.deepEqual(read("~2\r\n$1\r\na\r\n$1\r\nb\r\n"), new Set(["a", "b"]));
  assert.deepEqual(read(">2\r\n+message\r\n:1\r\n"), ["message", 1]);
});

test("maps are objects without a prototype, or Maps", () => {
  const text = "%2\r\n$9\r\n__proto__\r\n:1\r\n$1\r\nb\r\n*1\r\n:2\r\n";
  const object = read(text) as Record<string, unknown>;
  assert.equal(Object.getPrototypeOf(object), null);
  assert.deepEqual(Object.entries(object), [
    ["__proto__", 1],
    ["b", [2]],
  ]);
  assert.deepEqual(
    read(text, { maps: true }),
    new Map<string, unknown>([
      ["__proto__", 1],
      ["b", [2]],
    ]),
  );
});

test("bytes are copies, not views", () => {
  const source = new Uint8Array([0x24, 0x32, 0x0d, 0x0a, 0xff, 0x00, 0x0d, 0x0a]);
  const value = new ReplyReader({ bytes: true }).read(source, 0);
  assert.deepEqual(value, new Uint8Array([0xff, 0x00]));
  source[4] = 1;
  assert.deepEqual(value, new Uint8Array([0xff, 0x00]));
});

test("an error is a value with its code", () => {
  const wrong = read("-WRONGTYPE Operation against a key\r\n");
  assert.ok(wrong instanceof ReplyError);
  assert.equal(wrong.code, "WRONGTYPE");
  assert.equal(wrong.message, "WRONGTYPE Operation against a key");
  assert.equal((read("-oh no\r\n") as ReplyError).code, "ERR");
  const [first, second] = read("*2\r\n:1\r\n!9\r\nBUSY wait\r\n") as [number, ReplyError];
  assert.equal(first, 1);
  assert.equal(second.code, "BUSY");
});

test("attributes before a value are passed over", () => {
  assert.deepEqual(read("|1\r\n+ttl\r\n:9\r\n*2\r\n|1\r\n+a\r\n*1\r\n:1\r\n:1\r\n:2\r\n"), [1, 2]);
});

test("replies that follow each other are read one by one", () => {
  const bytes = utf8Bytes("+OK\r\n%1\r\n+a\r\n~1\r\n:1\r\n$2\r\nhi\r\n");
  const reader = new ReplyReader();
  assert.equal(reader.read(bytes, 0), "OK");
  assert.deepEqual({ ...(reader.read(bytes, reader.end) as object) }, { a: new Set([1]) });
  assert.equal(reader.read(bytes, reader.end), "hi");
  assert.equal(reader.end, bytes.length);
});

test("the cursor skips a whole reply", () => {
  const cursor = new ReplyCursor();
  cursor.reset(utf8Bytes("|1\r\n+a\r\n:1\r\n*2\r\n%1\r\n+a\r\n*1\r\n:1\r\n_\r\n:7\r\n"), 0);
  cursor.skip();
  cursor.next();
  assert.equal(cursor.type, ReplyType.integer);
  assert.equal(cursor.text(), "7");
});

test("a reply that ends early is a broken invariant", () => {
  for (const text of ["", ":1", ":1\r", "$5\r\nhell", "*2\r\n:1\r\n"]) {
    assert.throws(() => read(text), { name: "AssertionFailed" });
  }
});
