import assert from "node:assert/strict";
import { test } from "node:test";
import { LogBuffer } from "./log-buffer.ts";

function contentOf(buffer: LogBuffer): Uint8Array {
  const first = buffer.pieces[0].offset;
  const all = new Uint8Array(buffer.end - first);
  for (const piece of buffer.pieces) {
    all.set(piece.bytes.subarray(0, piece.used), piece.offset - first);
  }
  return all;
}

// The first piece has 64 KiB, later ones 1 MiB, or as much as one command takes.
test("what is appended stays whole where a piece ends, copied at once or borrowed", () => {
  for (const borrowed of [false, true]) {
    for (const size of [1000, 65_535, 65_536, 65_537, 70_000, 1 << 20, (1 << 20) + 1, 3 << 20]) {
      const buffer = new LogBuffer(0);
      const source = new Uint8Array(size).map((_, i) => (i * 31 + size) & 255);
      const expected: number[][] = [];
      let batchStart = 0;
      for (let round = 0; round < 3; round++) {
        const middle = size >> 1;
        if (borrowed) {
          buffer.borrow(source, 0, middle);
          buffer.borrow(source, middle, size);
        } else {
          buffer.append(source, 0, middle);
          buffer.append(source, middle, size);
        }
        assert.equal(buffer.end, batchStart + size);
        buffer.seal(batchStart, 0);
        expected.push([batchStart, batchStart + size]);
        batchStart = buffer.end;
      }
      const content = contentOf(buffer);
      for (const [start, end] of expected) {
        assert.deepEqual(content.subarray(start, end), source);
        assert.equal(content[end], 35, "a seal follows");
      }
    }
  }
});
