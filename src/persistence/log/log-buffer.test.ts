import assert from "node:assert/strict";
import { test } from "node:test";
import { LogBuffer } from "./log-buffer.ts";
import { LogState } from "./log-state.ts";

function contentOf(buffer: LogBuffer, end: number): Uint8Array {
  const start = buffer.offset(buffer.first);
  const all = new Uint8Array(end - start);
  for (let piece = buffer.first; piece <= buffer.last; piece++) {
    all.set(buffer.bytes(piece).subarray(0, buffer.used(piece)), buffer.offset(piece) - start);
  }
  return all;
}

// The first piece has 64 KiB, later ones 1 MiB.
test("what is appended stays whole where a piece ends, copied at once or borrowed", () => {
  for (const borrowed of [false, true]) {
    for (const size of [1000, 65_535, 65_536, 65_537, 70_000, 1 << 20, (1 << 20) + 1, 3 << 20]) {
      const state = new LogState();
      const buffer = new LogBuffer(state);
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
        assert.equal(state.end, batchStart + size);
        buffer.seal(batchStart, 0);
        expected.push([batchStart, batchStart + size]);
        batchStart = state.end;
      }
      const content = contentOf(buffer, state.end);
      for (const [start, end] of expected) {
        assert.deepEqual(content.subarray(start, end), source);
        assert.equal(content[end], 35, "a seal follows");
      }
    }
  }
});
