import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../base/random.ts";
import { Memory, PLACE_BITS, PLACE_MASK } from "./memory.ts";

function fill(memory: Memory, ref: number, bytes: number, value: number): void {
  const at = (ref & PLACE_MASK) << 3;
  memory.u8[ref >>> PLACE_BITS].fill(value, at, at + bytes);
}

function holds(memory: Memory, ref: number, bytes: number, value: number): boolean {
  const at = (ref & PLACE_MASK) << 3;
  const u8 = memory.u8[ref >>> PLACE_BITS];
  for (let i = 0; i < bytes; i++) if (u8[at + i] !== value) return false;
  return true;
}

test("blocks keep their contents under random allocation, and the books balance to zero", () => {
  const seed = Number(process.env.TSKEYDB_SEED ?? 1);
  const chance = new Random().seed(seed);
  const random = (): number => chance.unit();
  const memory = new Memory();
  const empty = memory.usedBytes;
  const blocks: { ref: number; bytes: number; value: number }[] = [];
  for (let step = 0; step < 30_000; step++) {
    const grow = random() < (step < 15_000 ? 0.6 : 0.4);
    if (grow) {
      const scale = random();
      const bytes = Math.floor(
        scale < 0.8 ? random() * 200 : scale < 0.99 ? random() * 5000 : random() * 200_000,
      );
      const value = Math.floor(random() * 256);
      const ref = memory.allocate(bytes);
      assert.ok(ref > 0 && memory.sizeOf(ref) >= bytes);
      fill(memory, ref, bytes, value);
      blocks.push({ ref, bytes, value });
    } else if (blocks.length > 0) {
      const at = Math.floor(random() * blocks.length);
      const block = blocks[at];
      assert.ok(holds(memory, block.ref, block.bytes, block.value), `seed ${seed}, step ${step}`);
      if (random() < 0.3) {
        const bytes = Math.floor(random() * 3000);
        const keep = Math.min(bytes, block.bytes);
        block.ref = memory.reallocate(block.ref, bytes, keep);
        assert.ok(holds(memory, block.ref, keep, block.value));
        block.bytes = bytes;
        fill(memory, block.ref, bytes, block.value);
      } else {
        memory.free(block.ref);
        blocks[at] = blocks[blocks.length - 1];
        blocks.pop();
      }
    }
    if (step % 1000 === 0) memory.verify();
  }
  for (const block of blocks) {
    assert.ok(holds(memory, block.ref, block.bytes, block.value));
    memory.free(block.ref);
  }
  memory.verify();
  assert.equal(memory.usedBytes, empty);
  memory.trim();
  memory.verify();
  assert.equal(memory.reservedBytes, 512 * 1024);
});

test("a block larger than a segment has one of its own and gives it back", () => {
  const memory = new Memory();
  const before = memory.reservedBytes;
  const ref = memory.allocate(100 * 1024 * 1024);
  assert.ok(memory.sizeOf(ref) >= 100 * 1024 * 1024);
  fill(memory, ref, 10, 7);
  memory.verify();
  memory.free(ref);
  assert.equal(memory.usedBytes, 0);
  assert.equal(memory.reservedBytes, before);
  memory.verify();
});

test("freed memory is reused", () => {
  const memory = new Memory();
  for (let round = 0; round < 20; round++) {
    const refs: number[] = [];
    for (let i = 0; i < 10_000; i++) refs.push(memory.allocate(48));
    for (const ref of refs) memory.free(ref);
  }
  assert.ok(memory.reservedBytes <= 2 * 1024 * 1024);
});
