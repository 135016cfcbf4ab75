import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { byteCount, className, messageOf } from "./realms.ts";

test("bytes are views whose elements are bytes, of any realm, with their true length", () => {
  class Liar extends Uint8Array {
    override get length(): number {
      return 5;
    }
  }
  const theirs = runInNewContext("[new Uint8Array(3), new Uint8ClampedArray(3), new Int8Array(3)]");
  for (const bytes of [new Uint8Array(3), Buffer.alloc(3), new Liar(3), ...theirs]) {
    assert.equal(byteCount(bytes), 3);
  }
  assert.equal(byteCount(new Uint8Array()), 0);
  const none = [new Uint16Array(3), new DataView(new ArrayBuffer(3)), new ArrayBuffer(3)];
  for (const other of [...none, [1, 2, 3], "abc", 3, null, undefined, { length: 3 }]) {
    assert.equal(byteCount(other), -1);
  }
  assert.equal(byteCount(new Proxy(new Uint8Array(3), {})), -1);
});

const inThisRealm: Readonly<Record<string, unknown>> = {
  "new Map()": new Map(),
  "new Set()": new Set(),
  "new Date()": new Date(0),
  "[]": [],
  "({})": {},
  "async () => {}": async () => {},
};

test("an object's class is what the language calls it, in whatever realm", () => {
  for (const text of ["new Map()", "new Set()", "new Date()", "[]", "({})", "async () => {}"]) {
    assert.equal(className(runInNewContext(text)), className(inThisRealm[text]));
  }
  assert.equal(className(new URL("file:///x")), "URL");
});

test("whatever was thrown has a message", () => {
  assert.equal(messageOf(new Error("one")), "one");
  assert.equal(messageOf(runInNewContext("new RangeError('two')")), "two");
  assert.equal(messageOf("three"), "three");
  assert.equal(messageOf({ message: 4 }), "4");
  assert.equal(messageOf(null), "null");
  assert.equal(messageOf(undefined), "undefined");
});
