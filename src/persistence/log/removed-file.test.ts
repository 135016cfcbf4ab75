// What happens when the log's file is removed, replaced or cut off while the log is open.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  append,
  codeOf,
  Disk,
  decode,
  encode,
  INCREMENT,
  openOn,
  writes,
} from "../test-support.ts";

const AWAY = `${INCREMENT}.away`;

for (const policy of ["always", "everysec", "no"] as const) {
  const soonMs = policy === "always" ? 60 : 1100;

  test(`${policy}: a file that was taken away is noticed, and written on when it is back`, () => {
    const disk = new Disk();
    const { log } = openOn(disk, policy);
    append(log, "SET", "a", "1");
    assert.equal(log.commitNow(), true);
    disk.rename(INCREMENT, AWAY);
    disk.advance(soonMs);
    append(log, "SET", "b", "2");
    assert.equal(log.commitNow(), false);
    assert.equal(log.acknowledgedThrough, 1);
    assert.equal(log.failure, `${INCREMENT}: it was removed or replaced while it was open`);
    disk.advance(5000);
    assert.notEqual(log.failure, null);
    assert.equal(log.acknowledgedThrough, 1);
    disk.rename(AWAY, INCREMENT);
    disk.advance(500);
    assert.equal(log.failure, null);
    assert.equal(log.acknowledgedThrough, 2);
    log.close();
    assert.deepEqual(writes(openOn(disk).commands), ["SET a 1", "SET b 2"]);
  });

  test(`${policy}: another file in its place is not written, and nothing is acknowledged`, () => {
    const disk = new Disk();
    const { log } = openOn(disk, policy);
    append(log, "SET", "a", "1");
    log.commitNow();
    disk.remove(INCREMENT);
    disk.putFile(INCREMENT, encode("another"));
    disk.advance(soonMs);
    append(log, "SET", "b", "2");
    assert.equal(log.commitNow(), false);
    assert.equal(log.retry(), false);
    assert.equal(log.syncAll(), false);
    disk.advance(5000);
    assert.equal(log.acknowledgedThrough, 1);
    assert.equal(
      codeOf(() => log.close()),
      "LOG_WRITE",
    );
    assert.equal(decode(disk.bytesOf(INCREMENT)), "another");
  });

  test(`${policy}: closing a log whose file is gone says so, however short a time ago`, () => {
    const disk = new Disk();
    const { log } = openOn(disk, policy);
    append(log, "SET", "a", "1");
    log.commitNow();
    disk.remove(INCREMENT);
    assert.equal(log.syncAll(), false);
    assert.equal(
      codeOf(() => log.close()),
      "LOG_WRITE",
    );
  });

  for (const left of [0, 30]) {
    test(`${policy}: a file that was cut off to ${left} bytes is noticed, written to or not`, () => {
      for (const between of [0, 1, 3]) {
        const disk = new Disk();
        const { log } = openOn(disk, policy);
        for (let i = 0; i < 5; i++) append(log, "SET", "a", `${i}`);
        log.commitNow();
        log.syncAll();
        disk.advance(soonMs);
        append(log, "SET", "b", "1");
        assert.equal(log.commitNow(), true);
        const whole = disk.bytesOf(INCREMENT);
        cut(disk, left);
        for (let i = 0; i < between; i++) {
          append(log, "SET", "c", `${i}`);
          log.commitNow();
        }
        disk.advance(soonMs);
        const acknowledged = log.acknowledgedThrough;
        append(log, "SET", "d", "1");
        assert.equal(log.commitNow(), false);
        assert.equal(log.failure, `${INCREMENT}: it was cut off or overwritten while it was open`);
        disk.advance(5000);
        assert.equal(log.acknowledgedThrough, acknowledged);
        if (between === 0) {
          writeInto(disk, whole);
          disk.advance(500);
          assert.equal(log.failure, null);
          log.close();
          assert.deepEqual(writes(openOn(disk).commands).slice(-2), ["SET b 1", "SET d 1"]);
        } else {
          assert.equal(
            codeOf(() => log.close()),
            "LOG_WRITE",
          );
        }
      }
    });
  }
}

function cut(disk: Disk, bytes: number): void {
  const file = disk.open(INCREMENT, "update");
  disk.truncate(file, bytes);
  disk.close(file);
}

function writeInto(disk: Disk, bytes: Uint8Array): void {
  const file = disk.open(INCREMENT, "update");
  disk.writeAt(file, bytes, 0, bytes.length, 0);
  disk.close(file);
}

test("where files do not look like themselves, nothing is looked for", () => {
  class Strange extends Disk {
    override isAt(): boolean {
      return false;
    }
  }
  const disk = new Strange();
  const { log } = openOn(disk);
  for (let i = 0; i < 5; i++) {
    append(log, "SET", "a", `${i}`);
    assert.equal(log.commitNow(), true);
    disk.advance(2000);
  }
  log.close();
  assert.equal(writes(openOn(disk).commands).length, 5);
});
