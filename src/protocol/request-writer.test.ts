import assert from "node:assert/strict";
import { test } from "node:test";
import { latin1Text } from "../base/bytes.ts";
import { Random } from "../base/random.ts";
import { ReplyLines } from "./reply-lines.ts";
import { RequestWriter } from "./request-writer.ts";

test("requests are arrays of bulks, and what was passed on is not written to again", () => {
  const pieces: [bytes: Uint8Array, end: number, copy: string][] = [];
  const writer = new RequestWriter((bytes, end) => {
    pieces.push([bytes, end, latin1Text(bytes, 0, end)]);
  });
  const random = new Random().seed(1, 2);
  let expected = "";
  for (let i = 0; i < 300; i++) {
    const length = [0, 1, 100, 5000, 40_000, 200_000][random.below(6)] as number;
    const bytes = new Uint8Array(length + 2).fill(65 + (i % 26));
    writer.begin(3);
    writer.text("SÉT");
    writer.integer(-i);
    writer.range(bytes, 1, length + 1);
    const value = String.fromCharCode(65 + (i % 26)).repeat(length);
    const number = i === 0 ? "0" : `-${i}`;
    expected += `*3\r\n$4\r\nS\u00c3\u0089T\r\n$${number.length}\r\n${number}\r\n`;
    expected += `$${length}\r\n${value}\r\n`;
    bytes.fill(0);
  }
  writer.flush();
  writer.flush();
  assert.equal(pieces.map(([, , copy]) => copy).join(""), expected);
  for (const [bytes, end, copy] of pieces) assert.equal(latin1Text(bytes, 0, end), copy);
});

test("lines come whole, however they arrive, and one without an end is noticed", () => {
  const text = new TextEncoder().encode("+OK\r\n-ERR no\r\n:12\n\r\n+rest");
  for (const size of [1, 2, 3, 7, text.length]) {
    const lines = new ReplyLines();
    const found: string[] = [];
    for (let at = 0; at < text.length; at += size) {
      const part = text.slice(at, at + size);
      lines.add(part, part.length);
      for (let line = lines.next(); line !== undefined; line = lines.next()) found.push(line);
    }
    assert.deepEqual(found, ["+OK", "-ERR no", ":12", ""]);
    assert.equal(lines.hasMore, true);
    assert.equal(lines.isEndless, false);
    lines.add(new Uint8Array(100_000).fill(65), 100_000);
    assert.equal(lines.next(), undefined);
    assert.equal(lines.isEndless, true);
  }
});
