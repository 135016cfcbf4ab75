import assert from "node:assert/strict";
import { test } from "node:test";
import { asciiBytes, latin1Text } from "../base/bytes.ts";
import { NewFile } from "./new-file.ts";
import { SimulatedPlatform } from "./simulated.ts";

const before = asciiBytes("the file as it was");
const after = asciiBytes("what takes its place, in two blocks");

function write(disk: SimulatedPlatform): void {
  const file = new NewFile(disk, "/data/dump.rdb");
  try {
    file.write(after, 0, 20);
    file.write(after, 20, after.length);
    file.finish();
  } finally {
    file.abandon();
  }
}

function textOf(disk: SimulatedPlatform, path = "/data/dump.rdb"): string {
  const bytes = disk.contentOf(path) ?? new Uint8Array(0);
  return latin1Text(bytes, 0, bytes.length);
}

test("whenever the power goes, the old file is there or the new one", () => {
  const outcomes = new Set<string>();
  for (let seed = 1; seed <= 300; seed++) {
    for (const order of ["kept", "any"] as const) {
      const disk = new SimulatedPlatform(seed, { order });
      disk.putFile("/data/dump.rdb", before);
      const file = new NewFile(disk, "/data/dump.rdb");
      file.write(after, 0, 20);
      file.write(after, 20, after.length);
      if (seed % 3 !== 0) file.finish();
      disk.crash();
      outcomes.add(textOf(disk));
      if (seed % 3 !== 0) assert.equal(textOf(disk), latin1Text(after, 0, after.length));
      write(disk);
      assert.equal(textOf(disk), latin1Text(after, 0, after.length));
      assert.deepEqual(disk.list("/data"), ["dump.rdb"]);
    }
  }
  assert.equal(outcomes.size, 2);
});

test("a write, a sync that fails leaves the old file and nothing else", () => {
  for (const fault of ["first", "second", "sync"]) {
    const disk = new SimulatedPlatform(7);
    disk.putFile("/data/dump.rdb", before);
    if (fault === "sync") disk.failSync(1, "EIO");
    else disk.failWrite(fault === "first" ? 1 : 2, "ENOSPC");
    assert.throws(() => write(disk), /EIO|ENOSPC/);
    assert.equal(textOf(disk), latin1Text(before, 0, before.length));
    assert.deepEqual(disk.list("/data"), ["dump.rdb"]);
  }
});
