import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../base/random.ts";
import { bufferOf } from "./arenas.ts";
import { Memory, MemoryExhausted, PLACE_BITS, PLACE_MASK } from "./memory.ts";
import { allocateFilled, type Block, Colleague, isFilled, obey } from "./sharing-test-support.ts";

const MIB = 1024 * 1024;

/** Hands a shared memory and its second thread to a test. */
async function withColleague(
  memory: Memory,
  run: (colleague: Colleague) => Promise<void>,
): Promise<void> {
  const colleague = new Colleague(memory.share());
  try {
    await run(colleague);
  } finally {
    await colleague.leave();
  }
}

/** Where in its buffer the segment of a block begins. */
function startOf(memory: Memory, { ref }: Block): number {
  return memory.u8[ref >>> PLACE_BITS].byteOffset;
}

test("a memory is shared once, and whoever attached hands on the same buffers", () => {
  const memory = new Memory();
  assert.equal(memory.isShared, false);
  const shared = memory.share();
  assert.deepEqual(memory.share(), shared);
  assert.equal(memory.isShared, true);
  assert.equal(shared.buffers[0], memory.u8[0].buffer);
  const attached = Memory.attach(shared);
  assert.deepEqual(attached.share(), shared);
  assert.equal(attached.isShared, true);
});

test("a memory that is not shared gives a released segment's buffer back", () => {
  const memory = new Memory();
  const ref = memory.allocate(30 * MIB);
  const { buffer } = memory.u8[ref >>> PLACE_BITS];
  memory.free(ref);
  const again = memory.allocate(30 * MIB);
  assert.equal(again >>> PLACE_BITS, ref >>> PLACE_BITS);
  assert.notEqual(memory.u8[again >>> PLACE_BITS].buffer, buffer);
});

test("two threads allocate and free in turn over many segments", async () => {
  const seed = Number(process.env.TSKEYDB_SEED ?? 1);
  const random = new Random().seed(seed);
  const memory = new Memory();
  const blocks: Block[] = [];
  for (let i = 0; i < 2000; i++) blocks.push(allocateFilled(memory, random.below(3000), i & 255));
  await withColleague(memory, async (colleague) => {
    for (let round = 0; round < 30; round++) {
      const sizes = Array.from({ length: 60 }, () => {
        const scale = random.below(100);
        return scale < 60 ? random.below(300) : scale < 95 ? random.below(200_000) : 3 * MIB;
      });
      const value = round + 1;
      blocks.push(...obey(memory, { allocate: sizes, value }));
      blocks.push(...(await colleague.order({ allocate: sizes, value: value + 100 })));
      await colleague.order({ check: blocks });
      const gone = Array.from({ length: Math.min(blocks.length, 70) }, () =>
        blocks.splice(random.below(blocks.length), 1),
      ).flat();
      if (round % 2 === 0) obey(memory, { free: gone });
      else await colleague.order({ free: gone });
    }
    await colleague.order({ free: blocks });
  });
  memory.refresh();
  assert.ok(memory.u8.length > 6, `segments: ${memory.u8.length}, seed ${seed}`);
  assert.equal(memory.usedBytes, 0);
  memory.trim();
  memory.verify();
  assert.equal(memory.reservedBytes, 512 * 1024);
});

test("large values come, go, and come again with other sizes", async () => {
  const memory = new Memory();
  const early = allocateFilled(memory, 40 * MIB, 1);
  await withColleague(memory, async (colleague) => {
    await colleague.order({ check: [early] });
    const [first] = await colleague.order({ allocate: [70 * MIB], value: 2 });
    obey(memory, { check: [early, first] });
    const start = startOf(memory, first);
    await colleague.order({ free: [early, first] });
    const before = memory.share().arenas.map((arena) => bufferOf(arena, 0).byteLength);

    // Shorter than, and as long as what was there: the same place takes them.
    for (const bytes of [65 * MIB, 68 * MIB, 70 * MIB]) {
      const [block] = obey(memory, { allocate: [bytes], value: 3 });
      await colleague.order({ free: [block] });
      obey(memory, { check: [] });
    }
    assert.deepEqual(
      memory.share().arenas.map((arena) => bufferOf(arena, 0).byteLength),
      before,
    );
    const [longer] = await colleague.order({ allocate: [90 * MIB], value: 4 });
    assert.equal(startOf(memory, longer), start);
    obey(memory, { free: [longer] });
    await colleague.order({ check: [] });
  });
  assert.equal(memory.reservedBytes, 512 * 1024);
});

test("a segment of small blocks takes the place of a large value, whatever that left there", () => {
  const memory = new Memory();
  const shared = memory.share();
  const other = Memory.attach(shared);
  const large = memory.allocate(60 * MIB);
  memory.u8[large >>> PLACE_BITS].fill(0xfd, (large & PLACE_MASK) << 3);
  memory.free(large);
  const blocks: Block[] = [];
  other.refresh();
  for (let i = 0; i < 400; i++) blocks.push(allocateFilled(other, 100_000, i & 255));
  assert.ok(other.u8[large >>> PLACE_BITS].length > 0);
  other.verify();
  memory.refresh();
  memory.verify();
  for (const block of blocks) {
    assert.ok(isFilled(memory, block));
    memory.free(block.ref);
  }
  memory.verify();
});

test("a thread that never saw a segment knows that it has come and gone", () => {
  const memory = new Memory();
  const other = Memory.attach(memory.share());
  memory.free(memory.allocate(60 * MIB));
  other.refresh();
  other.verify();
});

test("a value whose bytes look like a free run's descriptor is released by itself", () => {
  const memory = new Memory();
  const ref = memory.allocate(300 * MIB);
  const at = (ref & PLACE_MASK) << 1;
  memory.i32[ref >>> PLACE_BITS].fill(-3, at, at + 8192);
  memory.free(ref);
  memory.verify();
  assert.equal(memory.usedBytes, 0);
});

test("all 256 segments are in use, and both threads see it", async () => {
  const memory = new Memory();
  await withColleague(memory, async (colleague) => {
    const half = Array.from({ length: 128 }, () => 22 * MIB);
    const blocks = await colleague.order({ allocate: half, value: 5 });
    blocks.push(...obey(memory, { allocate: half.slice(1), value: 6 }));
    assert.equal(memory.nearlyExhausted, true);
    assert.throws(() => memory.allocate(22 * MIB), MemoryExhausted);
    await assert.rejects(colleague.order({ allocate: [22 * MIB], value: 7 }), /no segment is left/);
    await colleague.order({ check: blocks });
    obey(memory, { free: blocks });
    await colleague.order({ allocate: [100, 70_000, 22 * MIB], value: 8 });
  });
  memory.refresh();
  memory.verify();
  assert.equal(memory.nearlyExhausted, false);
});
