// When a batch counts as written, and what happens while the disk is full, fails or loses power.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  append,
  codeOf,
  command,
  Disk,
  decode,
  encode,
  INCREMENT,
  MANIFEST,
  type Opened,
  openOn,
  writes,
} from "../test-support.ts";
import type { FsyncPolicy } from "./log.ts";
import { RESERVE_BYTES } from "./reserve.ts";

test("always: a batch is acknowledged once it is synced, and one sync serves all who wait", () => {
  const disk = new Disk();
  const { log } = openOn(disk, "always");
  let calls = 0;
  log.onProgress = () => calls++;
  const before = disk.syncs;
  append(log, "SET", "a", "1");
  assert.equal(log.commit(), 1);
  assert.equal(log.acknowledgedThrough, 0);
  append(log, "SET", "b", "2");
  assert.equal(log.commit(), 2);
  append(log, "SET", "c", "3");
  assert.equal(log.commit(), 3);
  disk.advance(10);
  assert.equal(log.acknowledgedThrough, 3);
  assert.equal(disk.syncs - before, 2);
  assert.equal(calls, 2);
  append(log, "SET", "d", "4");
  assert.equal(log.commitNow(), true);
  assert.equal(log.acknowledgedThrough, 4);
});

test("always: where syncs are quick a commit waits for its own, and a slow disk ends that", () => {
  const disk = new Disk();
  const { log } = openOn(disk, "always");
  for (let i = 0; i < 3; i++) {
    append(log, "SET", `k${i}`, "1");
    assert.equal(log.isBlocking, false, "at first, syncs pass for slow");
    log.commitNow();
  }
  assert.equal(log.isBlocking, false, "there is nothing to commit");
  append(log, "SET", "a", "1");
  assert.equal(log.isBlocking, true);
  assert.equal(log.commit(), 4);
  assert.equal(log.acknowledgedThrough, 4);
  disk.syncTakesMs = 20;
  append(log, "SET", "b", "2");
  assert.equal(log.commit(), 5);
  assert.equal(log.acknowledgedThrough, 5);
  append(log, "SET", "c", "3");
  assert.equal(log.isBlocking, false);
  assert.equal(log.commit(), 6);
  assert.equal(log.acknowledgedThrough, 5);
  disk.advance(10);
  assert.equal(log.acknowledgedThrough, 6);
});

test("always: behind a slow sync the next waits for those who were just served", () => {
  const disk = new Disk();
  const { log } = openOn(disk, "always");
  const held: (() => void)[] = [];
  disk.heldSyncs = held;
  disk.syncTakesMs = 8;
  const endSync = (): void => held.shift()?.();
  const write = (key: string): void => {
    append(log, "SET", key, "1");
    log.commit();
  };
  write("a");
  assert.equal(held.length, 1);
  write("b");
  endSync();
  assert.equal(log.acknowledgedThrough, 1);
  assert.equal(held.length, 0, "the sync of b is put off");
  write("c");
  assert.equal(held.length, 0);
  log.hurry();
  assert.equal(held.length, 1, "all are there");
  log.hurry();
  assert.equal(held.length, 1);
  endSync();
  assert.equal(log.acknowledgedThrough, 3);
  // Nobody says that all are there: it is put off while somebody comes, and no longer.
  write("d");
  disk.advance(1);
  assert.equal(held.length, 0);
  disk.advance(1);
  assert.equal(held.length, 1);
  write("e");
  endSync();
  disk.advance(1);
  assert.equal(held.length, 1, "nobody came");
  write("f");
  endSync();
  assert.equal(held.length, 1, "nobody came last time: the next one begins at once");
  endSync();
  assert.equal(log.acknowledgedThrough, 6);
});

test("what was acknowledged as written stays so when `always` comes: it is synced first", () => {
  const disk = new Disk();
  const { log } = openOn(disk, "everysec");
  append(log, "SET", "a", "1");
  log.commit();
  append(log, "SET", "b", "2");
  log.commit();
  assert.equal(log.acknowledgedThrough, 2);
  disk.failingSyncs = 1;
  assert.equal(
    codeOf(() => log.setPolicy("always")),
    "LOG_WRITE",
  );
  assert.equal(log.policy, "everysec");
  assert.equal(log.acknowledgedThrough, 2);
  disk.advance(1000);
  assert.equal(log.failure, null);
  append(log, "SET", "c", "3");
  log.commit();
  const before = disk.syncs;
  log.setPolicy("always");
  assert.equal(disk.syncs, before + 1);
  assert.equal(log.syncedThrough, 3);
  assert.equal(log.acknowledgedThrough, 3);
});

test("everysec: written is acknowledged; a sync follows within a second", () => {
  const disk = new Disk();
  const { log } = openOn(disk, "everysec");
  const before = disk.syncs;
  append(log, "SET", "a", "1");
  assert.equal(log.commit(), 1);
  assert.equal(log.acknowledgedThrough, 1);
  assert.equal(log.syncedThrough, 0);
  disk.advance(1010);
  assert.equal(log.syncedThrough, 1);
  disk.advance(5000);
  assert.equal(disk.syncs - before, 1, "an idle log is not synced again");
});

test("everysec: a commit waits once a sync has been under way for two seconds", () => {
  const disk = new Disk();
  const { log } = openOn(disk, "everysec");
  disk.heldSyncs = [];
  disk.advance(1500);
  append(log, "SET", "a", "1");
  log.commit();
  assert.equal(log.isSyncing, true);
  disk.advance(1900);
  append(log, "SET", "b", "2");
  log.commit();
  assert.equal(log.syncedThrough, 0);
  disk.advance(200);
  append(log, "SET", "c", "3");
  log.commit();
  assert.equal(log.syncedThrough, 3);
  assert.equal(log.delayedSyncs, 1);
});

test("borrowed commands are copied in their order, whatever comes between them", () => {
  const disk = new Disk(7);
  const { log } = openOn(disk, "everysec");
  const expected: string[] = [];
  for (let turn = 0; turn < 200; turn++) {
    let pipeline = "";
    const ranges: [number, number, number][] = [];
    for (let i = 0; i < 1 + disk.random(20); i++) {
      const value = "v".repeat(disk.random(20) === 0 ? disk.random(200_000) : disk.random(40));
      const start = pipeline.length;
      pipeline += command("SET", `k${turn}:${i}`, value);
      const kind = disk.random(6); // 0: a read, 1: copied at once
      if (kind === 0) continue;
      ranges.push([start, pipeline.length, kind]);
      expected.push(`SET k${turn}:${i} ${value}`);
    }
    const bytes = encode(pipeline);
    const before = log.sizeBytes;
    let length = 0;
    for (const [start, end, kind] of ranges) {
      if (kind === 1) log.append(bytes, start, end);
      else log.borrow(bytes, start, end);
      length += end - start;
    }
    assert.equal(log.sizeBytes - before, length);
    if (disk.random(2) === 0) log.take();
    else log.commit();
    bytes.fill(0);
    if (disk.random(3) === 0) log.commit();
  }
  log.close();
  assert.deepEqual(writes(openOn(disk).commands), expected);
});

test("no: nothing is synced until the log is closed", () => {
  const disk = new Disk();
  const { log } = openOn(disk, "no");
  const before = disk.syncs;
  append(log, "SET", "a", "1");
  log.commit();
  disk.advance(10_000);
  assert.equal(log.acknowledgedThrough, 1);
  assert.equal(disk.syncs, before);
  log.close();
  assert.ok(disk.syncs > before);
});

for (const policy of ["always", "everysec", "no"] as const) {
  test(`a full disk (${policy}): nothing half is left; all is written once there is space`, () => {
    const whole = (() => {
      const disk = new Disk();
      const { log } = openOn(disk, policy);
      const before = log.sizeBytes;
      for (let i = 0; i < 3; i++) {
        append(log, "SET", `k${i}`, "v".repeat(30));
        log.commitNow();
      }
      return log.sizeBytes - before;
    })();
    for (let space = 0; space < whole; space += 3) {
      const disk = new Disk();
      const { log } = openOn(disk, policy);
      let changes = 0;
      log.onProgress = () => changes++;
      disk.limitSpace(space);
      let written = 0;
      for (let i = 0; i < 3; i++) {
        append(log, "SET", `k${i}`, "v".repeat(30));
        if (log.commitNow()) written++;
      }
      assert.match(log.failure ?? "", /ENOSPC/);
      assert.equal(log.acknowledgedThrough, written);
      const now = openOn(copyOf(disk), policy);
      assert.equal(writes(now.commands).length, written);
      assert.equal(now.recovery.torn, undefined, "the half batch was cut off");
      disk.advance(1000);
      assert.notEqual(log.failure, null);
      disk.capacityBytes = Number.POSITIVE_INFINITY;
      disk.advance(1000);
      assert.equal(log.failure, null);
      assert.ok(changes > 0);
      assert.equal(log.acknowledgedThrough, 3);
      log.close();
      assert.equal(writes(openOn(disk, policy).commands).length, 3);
    }
  });
}

function copyOf(disk: Disk): Disk {
  const copy = new Disk();
  for (const path of [MANIFEST, INCREMENT]) copy.putFile(path, disk.bytesOf(path));
  return copy;
}

test("always: a failed sync is repaired by writing anew, and acknowledged only then", () => {
  const disk = new Disk();
  const { log } = openOn(disk, "always");
  append(log, "SET", "a", "1");
  disk.failingSyncs = 3;
  log.commit();
  disk.advance(10);
  assert.equal(log.acknowledgedThrough, 0);
  assert.match(log.failure ?? "", /EIO/);
  append(log, "DEL", "expired");
  log.commit();
  disk.advance(300);
  assert.notEqual(log.failure, null);
  disk.advance(2000);
  assert.equal(log.failure, null);
  assert.equal(log.acknowledgedThrough, 2);
  disk.losePower();
  assert.deepEqual(writes(openOn(disk).commands), ["SET a 1", "DEL expired"]);
});

test("a sync that blocks repairs what a sync in the background may have lost", () => {
  const disk = new Disk();
  const { log } = openOn(disk, "always");
  append(log, "SET", "a", "1");
  disk.heldSyncs = [];
  log.commit();
  append(log, "SET", "b", "2");
  assert.equal(log.commitNow(), true);
  disk.failingSyncs = 1; // the one in the background, now disregarded
  for (const end of disk.heldSyncs) end();
  disk.advance(10);
  assert.equal(log.failure, null);
  disk.losePower();
  assert.deepEqual(writes(openOn(disk).commands), ["SET a 1", "SET b 2"]);
});

test("a program that never yields can retry by itself", () => {
  const disk = new Disk();
  const { log } = openOn(disk, "always");
  disk.failingSyncs = 2;
  append(log, "SET", "a", "1");
  assert.equal(log.commitNow(), false);
  assert.equal(log.retry(), false);
  assert.equal(log.retry(), true);
  assert.equal(log.acknowledgedThrough, 1);
});

test("close throws when the log cannot be made safe", () => {
  const disk = new Disk();
  const { log } = openOn(disk, "everysec");
  append(log, "SET", "a", "1");
  log.commit();
  disk.failingSyncs = 10;
  assert.equal(
    codeOf(() => log.close()),
    "LOG_WRITE",
  );
});

function openAt(disk: Disk, policy: FsyncPolicy, label: string): Opened {
  try {
    return openOn(disk, policy);
  } catch (error) {
    throw new Error(label, { cause: error });
  }
}

test("lost power, full disks and failed syncs at random lose nothing acknowledged", () => {
  for (let seed = 1; seed <= 400; seed++) {
    const disk = new Disk(seed);
    const policy = (["always", "everysec", "no"] as const)[seed % 3];
    let durable = 0; // commands that must survive a loss of power
    let next = 0;
    for (let session = 0; session < 4; session++) {
      const label = `seed ${seed}, session ${session}, ${policy}`;
      const opened = openAt(disk, policy, label);
      const found = writes(opened.commands);
      assert.ok(found.length >= durable, `${label}: ${found.length} of ${durable} are there`);
      for (let i = 0; i < found.length; i++) {
        assert.equal(found[i], `SET k${i} ${"v".repeat(i % 90)}`, label);
      }
      next = found.length;
      const { log } = opened;
      const ends: number[] = [next]; // by batch
      // Syncs that take no time at all: with `always`, commits wait for their own from now on.
      for (let i = 0; seed % 2 === 0 && i < 3; i++) {
        append(log, "SET", `k${next}`, "v".repeat(next % 90));
        next++;
        log.commitNow();
        ends[log.batch] = next;
      }
      for (let step = 0; step < 40; step++) {
        const dice = disk.random(1000) / 1000;
        if (dice < 0.6) {
          append(log, "SET", `k${next}`, "v".repeat(next % 90));
          next++;
        }
        if (dice > 0.3) ends[log.commit()] = next;
        if (dice > 0.9) disk.advance(disk.random(2500));
        if (dice > 0.7 && dice < 0.75) disk.advance(10);
        if (dice > 0.96) disk.failingSyncs = 1;
        else if (dice > 0.94) disk.limitSpace(100);
        else if (dice > 0.92) disk.capacityBytes = Number.POSITIVE_INFINITY;
        if (dice < 0.01) {
          log.commitNow();
          ends[log.batch] = next;
        }
      }
      // What the last successful sync covered; with `always`, that is what was acknowledged.
      durable = policy === "no" ? found.length : (ends[log.syncedThrough] ?? next);
      if (policy === "always") assert.equal(log.acknowledgedThrough, log.syncedThrough);
      // What was never synced says nothing of how it was torn: with `no`, holes in it are refused.
      disk.losePower(policy !== "no");
    }
  }
});

test("always: the file is kept longer than the log, what follows a batch is skipped", () => {
  const disk = new Disk();
  const { log } = openOn(disk, "always");
  const expected: string[] = [];
  const put = (key: string, value: string) => {
    append(log, "SET", key, value);
    assert.equal(log.commitNow(), true);
    expected.push(`SET ${key} ${value}`);
    const copy = copyOf(disk);
    const { commands, recovery } = openOn(copy);
    assert.deepEqual(writes(commands), expected);
    assert.equal(recovery.torn, undefined);
    // Every line behind the batch is one that Redis skips too.
    const behind = decode(disk.bytesOf(INCREMENT).slice(log.sizeBytes));
    assert.match(behind, /^(#+\n)*$/);
    for (const line of behind.split("\n")) assert.ok(line.length < 130, `${line.length}`);
  };
  put("a", "1");
  const reserveEnd = disk.bytesOf(INCREMENT).length;
  assert.equal(reserveEnd, log.sizeBytes + RESERVE_BYTES);
  put("b", "2");
  assert.equal(disk.bytesOf(INCREMENT).length, reserveEnd);
  log.close();
  assert.equal(disk.bytesOf(INCREMENT).length, log.sizeBytes, "closing gives the rest back");
});

test("always: a batch may end on any byte near the end of the reserve", () => {
  for (let left = -3; left <= 70; left++) {
    const disk = new Disk();
    const { log } = openOn(disk, "always");
    append(log, "SET", "a", "1");
    log.commitNow();
    const goal = disk.bytesOf(INCREMENT).length - left;
    // A batch of which all but the value is as long as this one.
    append(log, "SET", "b", "x".repeat(100_000));
    log.commitNow();
    const rest = log.sizeBytes;
    append(log, "SET", "c", "x".repeat(100_000));
    log.commitNow();
    const around = log.sizeBytes - rest - 100_000;
    const length = goal - log.sizeBytes - around;
    assert.ok(length > 10_000 && length < 100_000);
    append(log, "SET", "d", "x".repeat(length));
    log.commitNow();
    const missed = goal - log.sizeBytes;
    assert.ok(missed >= 0 && missed <= 3, `${missed}`);
    const next = openOn(copyOf(disk));
    assert.equal(writes(next.commands).length, 4);
    assert.equal(next.recovery.torn, undefined);
    append(log, "SET", "e", "1");
    log.commitNow();
    assert.equal(writes(openOn(copyOf(disk)).commands).length, 5);
  }
});

test("always: without room for a reserve the log goes on, and leaves nothing half", () => {
  const disk = new Disk();
  const { log } = openOn(disk, "always");
  disk.limitSpace(1000);
  append(log, "SET", "a", "1");
  assert.equal(log.commitNow(), true);
  assert.equal(disk.bytesOf(INCREMENT).length, log.sizeBytes);
  append(log, "SET", "b", "1");
  assert.equal(log.commitNow(), true);
  assert.equal(disk.bytesOf(INCREMENT).length, log.sizeBytes);
});

test("a policy that syncs later uses up what `always` had reserved", () => {
  const disk = new Disk();
  const { log } = openOn(disk, "always");
  append(log, "SET", "a", "1");
  log.commitNow();
  log.setPolicy("everysec");
  const value = "x".repeat(50_000);
  for (let i = 0; i < 8; i++) {
    append(log, "SET", `k${i}`, value);
    log.commit();
    const { commands, recovery } = openOn(copyOf(disk));
    assert.equal(writes(commands).length, 2 + i);
    assert.equal(recovery.torn, undefined);
  }
  assert.equal(disk.bytesOf(INCREMENT).length, log.sizeBytes);
});

test("a retry by a caller that could wait is told to those whose replies wait for it", () => {
  for (const fsync of ["always", "everysec", "no"] as const) {
    const disk = new Disk();
    const { log } = openOn(disk, fsync);
    disk.failWrite(1, "ENOSPC");
    append(log, "SET", "a", "1");
    assert.equal(log.commit(), 1);
    disk.settle();
    assert.notEqual(log.failure, null);
    const told: (number | string | null)[] = [];
    log.onProgress = () => told.push(log.acknowledgedThrough, log.failure);
    assert.ok(log.retry());
    assert.deepEqual(told, [], "in a turn of its own");
    disk.settle();
    assert.deepEqual(told, [1, null]);
  }
});

test("what cannot be written anew while a sync is under way is not cut off when that ends", () => {
  for (const fsync of ["always", "everysec"] as const) {
    const disk = new Disk();
    const { log } = openOn(disk, fsync);
    append(log, "SET", "a", "1");
    log.commitNow();
    log.syncAll();
    const held: (() => void)[] = [];
    disk.heldSyncs = held;
    append(log, "SET", "b", "2");
    log.commit();
    disk.advance(1100);
    assert.equal(held.length, 1, "a sync is under way");
    disk.capacityBytes = 0;
    assert.equal(log.syncAll(), false);
    disk.heldSyncs = undefined;
    held[0]?.();
    disk.settle();
    assert.deepEqual(writes(openOn(copyOf(disk)).commands), ["SET a 1", "SET b 2"]);
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    disk.advance(1000);
    assert.equal(log.failure, null);
    assert.equal(log.syncedThrough, log.batch);
    assert.deepEqual(writes(openOn(copyOf(disk)).commands), ["SET a 1", "SET b 2"]);
  }
});

test("while the disk is full, what has been written is synced all the same", () => {
  for (const fsync of ["always", "everysec"] as const) {
    const disk = new Disk();
    const { log } = openOn(disk, fsync);
    append(log, "SET", "a", "1");
    log.commit();
    disk.capacityBytes = 0;
    append(log, "SET", "b", "2");
    log.commit();
    assert.notEqual(log.failure, null);
    disk.advance(1500);
    assert.notEqual(log.failure, null);
    assert.equal(log.syncedThrough, 1);
    disk.crash();
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    assert.deepEqual(writes(openOn(disk, fsync).commands), ["SET a 1"]);
  }
});

for (const call of ["commitNow", "syncAll"] as const) {
  test(`who waits for a batch that a blocking ${call} has synced is told`, () => {
    const disk = new Disk();
    const { log } = openOn(disk, "always");
    let told = 0;
    log.onProgress = () => {
      told = Math.max(told, log.acknowledgedThrough);
    };
    disk.heldSyncs = [];
    append(log, "SET", "a", "1");
    log.commit();
    append(log, "SET", "b", "2");
    log.commit();
    assert.equal(log.acknowledgedThrough, 0);
    if (call === "commitNow") append(log, "SET", "c", "3");
    log[call]();
    disk.advance(0);
    assert.equal(told, log.batch);
    log.onProgress = null;
    disk.heldSyncs = undefined;
  });
}
