import assert from "node:assert/strict";
import { test } from "node:test";
import { latin1Text, utf8Bytes } from "../base/bytes.ts";
import { ReplyWriter } from "./reply-writer.ts";

function textOf(reply: ReplyWriter): string {
  return latin1Text(reply.bytes, 0, reply.length);
}

test("a reply that is too large goes nowhere, and an error stands in its place", () => {
  const reply = new ReplyWriter();
  reply.bytesMax = 100_000;
  reply.ok();
  const before = reply.length;
  const value = utf8Bytes("v".repeat(9000));
  reply.array(20);
  const mark = reply.beginDeferred();
  for (let i = 0; i < 19; i++) reply.bulk(value, 0, value.length);
  reply.endArray(mark, 19);
  reply.integer(1);
  assert.ok(reply.overflowed);
  assert.ok(reply.bytes.length <= 100_000);
  reply.recover(before);
  reply.integer(7);
  assert.equal(textOf(reply), "+OK\r\n-ERR the reply would be larger than 2 GiB\r\n:7\r\n");
  assert.equal(reply.errors, 1);
  assert.equal(reply.lastErrorAt, before);
});

test("a value longer than all replies may be is refused in the same way", () => {
  const reply = new ReplyWriter();
  reply.bytesMax = 50_000;
  const value = new Uint8Array(60_000);
  reply.bulk(value, 0, value.length);
  reply.raw(value, 0, value.length);
  assert.ok(reply.overflowed);
  reply.recover(0);
  assert.equal(textOf(reply), "-ERR the reply would be larger than 2 GiB\r\n");
});
