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
  assert.equal(reply.failed, true);
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

// The buffer of 16 KiB is replaced by one twice as long wherever it ends: in the head of a reply,
// in its bytes, or in the line end behind them.
test("replies stay whole wherever the buffer's end falls", () => {
  const pieces: [string, (reply: ReplyWriter) => void][] = [
    ["$5\r\nabcde\r\n", (reply) => reply.bulk(utf8Bytes("abcde"), 0, 5)],
    [":1234567\r\n", (reply) => reply.integer(1234567)],
    [":9007199254740993\r\n", (reply) => reply.integer64(9007199254740993n)],
    ["+text\r\n", (reply) => reply.simple("text")],
    ["$4\r\ntext\r\n", (reply) => reply.bulkText("text")],
    ["+OK\r\n", (reply) => reply.ok()],
    ["*12\r\n", (reply) => reply.array(12)],
    ["$3\r\n1.5\r\n", (reply) => reply.double(1.5)],
    ["$-1\r\n", (reply) => reply.null()],
    [
      "*1\r\n:7\r\n",
      (reply) => {
        const mark = reply.beginDeferred();
        reply.integer(7);
        reply.endArray(mark, 1);
      },
    ],
  ];
  const first = new ReplyWriter().bytes.length;
  for (const [expected, write] of pieces) {
    for (let left = 0; left <= 48; left++) {
      const reply = new ReplyWriter();
      const filling = utf8Bytes("-".repeat(first - left));
      reply.raw(filling, 0, filling.length);
      write(reply);
      write(reply);
      assert.equal(textOf(reply).slice(first - left), expected + expected, `${left} bytes left`);
    }
  }
});
