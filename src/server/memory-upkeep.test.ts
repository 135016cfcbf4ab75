import assert from "node:assert/strict";
import { test } from "node:test";
import { Memory } from "../memory/memory.ts";
import { SimulatedPlatform } from "../platform/simulated.ts";
import { MemoryUpkeep } from "./memory-upkeep.ts";

const MIB = 1024 * 1024;

class Machine extends SimulatedPlatform {
  resident = 60 * MIB;
  collections = 0;
  override residentBytes(): number {
    return this.resident;
  }
  override collectGarbage(): void {
    this.collections++;
  }
}

/** Blocks of all sizes up to 8 KiB, until so many bytes are used. */
function fill(memory: Memory, usedBytes: number): number[] {
  const blocks: number[] = [];
  for (let bytes = 8; memory.usedBytes < usedBytes; bytes = (bytes * 7) % 8192) {
    blocks.push(memory.allocate(bytes + 8));
  }
  return blocks;
}

test("segments that hold nothing but empty spans are given back, however many there are", () => {
  for (const used of [3, 6, 12, 20, 31, 40]) {
    const memory = new Memory();
    const upkeep = new MemoryUpkeep(new Machine(1), memory);
    const atStart = memory.reservedBytes;
    const blocks = fill(memory, used * MIB);
    upkeep.tend(0);
    assert.ok(memory.reservedBytes >= used * MIB);
    for (const block of blocks) memory.free(block);
    upkeep.tend(0);
    assert.equal(memory.reservedBytes, atStart, `${used} MiB were used`);
    memory.verify();
  }
});

test("garbage is collected when much is unaccounted for, and not again for nothing", () => {
  const machine = new Machine(1);
  const upkeep = new MemoryUpkeep(machine, new Memory());
  upkeep.tend(0);
  assert.equal(machine.collections, 0);
  machine.resident = 400 * MIB;
  upkeep.tend(300 * MIB);
  assert.equal(machine.collections, 0, "the buffers of clients are accounted for");
  upkeep.tend(0);
  assert.equal(machine.collections, 1);
  for (let second = 0; second < 100; second++) upkeep.tend(0);
  assert.equal(machine.collections, 1, "it did not help");
  machine.resident = 500 * MIB;
  upkeep.tend(0);
  assert.equal(machine.collections, 2);
  machine.resident = 900 * MIB;
  for (let second = 0; second < 100; second++) upkeep.tend(0);
  assert.equal(machine.collections, 2 + 1 + 3, "every half minute where it is very much");
});
