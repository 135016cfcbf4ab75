// Rewrites on a simulated disk: with crashes in every operation and with calls that fail.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ProcessGone } from "../../../test/simulation/world.ts";
import {
  failSometimes,
  type Life,
  liveAll,
  newLife,
  POLICIES,
  Promised,
  recordsTo,
} from "./lives-test-support.ts";
import { assertNoRubbish, DIRECTORY, RecordsHost } from "./records-test-support.ts";

class Records extends RecordsHost {
  spread(): void {}

  noteNamed(): void {}

  /** Rewrites the log; returns why not. */
  rewriteNow(): string | undefined {
    let outcome: string | undefined = "it does not end";
    let isOver = false;
    this.rewrite.begin((failure) => {
      outcome = failure;
      isOver = true;
    });
    for (let i = 0; i < 500 && !isOver; i++) this.platform.advance(5);
    return outcome;
  }
}

test("a rewrite leaves a base, one increment and the manifest, and all records", () => {
  for (const policy of POLICIES) {
    const world = newLife(1).world;
    const records = new Records(world, policy);
    for (let round = 1; round <= 3; round++) {
      for (let i = 0; i < 20; i++) records.put();
      records.rewrite.begin();
      assert.equal(records.rewrite.isRunning, true);
      // Others write while it goes on.
      for (let i = 0; i < 40; i++) {
        records.put();
        records.log.commit();
        world.advance(1);
      }
      assert.equal(records.rewriteNow(), undefined);
      assert.deepEqual(world.list(DIRECTORY), [
        `appendonly.aof.${records.rewrite.count}.base.rdb`,
        `appendonly.aof.${records.rewrite.count + 1}.incr.aof`,
        "appendonly.aof.manifest",
      ]);
    }
    records.put();
    const { count } = records;
    records.close();
    const again = new Records(world, policy);
    assert.deepEqual(again.found, recordsTo(count));
    assert.equal(again.rewrite.sizeBytes, records.rewrite.sizeBytes);
  }
});

test("a log that has grown by the percentage is rewritten by itself", () => {
  const world = newLife(1).world;
  const records = new Records(world, "everysec");
  records.percentage = 100;
  records.sizeMin = 1000;
  records.rewrite.watch();
  let sizeMax = 0;
  for (let i = 0; i < 500; i++) {
    records.put();
    records.log.commit();
    world.advance(1);
    sizeMax = Math.max(sizeMax, records.rewrite.sizeBytes / records.count);
  }
  world.advance(1000);
  assert.ok(records.rewrite.count >= 3, `${records.rewrite.count} rewrites`);
  assert.equal(records.rewrite.failures, 0);
  assert.ok(records.said.some((text) => /^The log has grown from [1-9]/.test(text)));
  records.close();
  assert.deepEqual(new Records(world, "everysec").found, recordsTo(500));
});

test("a rewrite that fails is tried again, later each time, and leaves nothing", () => {
  const world = newLife(1).world;
  const records = new Records(world, "everysec");
  for (let i = 0; i < 50; i++) records.put();
  records.log.commit();
  records.percentage = 1;
  const failed: number[] = [];
  let isFailing = true;
  records.warning = () => void failed.push(world.monotonicMs());
  records.begin = (sink) => {
    const writing = Records.prototype.begin.call(records, sink);
    if (isFailing) world.failWrite(1, "ENOSPC");
    return writing;
  };
  records.rewrite.watch();
  for (let ms = 0; ms < 4 * 3_600_000 && failed.length < 9; ms += 1000) {
    records.put();
    records.log.commit();
    world.advance(1000);
    assert.ok(!world.list(DIRECTORY).some((name) => name.startsWith("temp-")));
  }
  const minutes = failed.slice(1).map((at, i) => Math.round((at - failed[i]) / 60_000));
  assert.deepEqual(minutes, [0, 0, 1, 2, 4, 8, 16, 32]);
  assert.equal(records.aborted, 9);
  assert.equal(records.log.failure, null, "the log itself goes on");
  isFailing = false;
  assert.equal(records.rewriteNow(), undefined);
  assert.equal(records.rewrite.failures, 0);
  assert.equal(world.list(DIRECTORY).length, 3);
});

test("a rewrite waits until a snapshot can begin", () => {
  const world = newLife(1).world;
  const records = new Records(world, "always");
  for (let i = 0; i < 10; i++) records.put();
  records.isReady = false;
  records.rewrite.begin();
  world.advance(1000);
  assert.equal(records.rewrite.isScheduled, true);
  assert.equal(records.rewrite.isRunning, false);
  records.isReady = true;
  assert.equal(records.rewriteNow(), undefined);
  assert.equal(records.rewrite.isScheduled, false);
  assert.equal(records.rewrite.count, 1);
});

test("a database that is closed in the middle of a rewrite leaves its log as it was", () => {
  for (let ms = 0; ms < 60; ms++) {
    const { world, policy } = newLife(ms);
    const records = new Records(world, policy);
    for (let i = 0; i < 30; i++) records.put();
    let outcome: string | undefined = "";
    records.rewrite.begin((failure) => {
      outcome = failure;
    });
    for (let i = 0; i < ms; i++) world.advance(1);
    records.put();
    records.close();
    assert.ok(outcome === undefined || outcome === "the database was closed");
    // What was under way in the background ends when another has the directory.
    const again = new Records(world, policy);
    assert.deepEqual(again.found, recordsTo(31), `after ${ms} ms`);
    again.put();
    world.advance(1000);
    again.close();
    assert.deepEqual(new Records(world, policy).found, recordsTo(32), `after ${ms} ms`);
    assert.ok(!world.list(DIRECTORY).some((name) => name.startsWith("temp-")));
  }
});

test("whatever the disk does during rewrites, nothing promised is lost", () => {
  liveAll({ rewrites: 0, failures: 0, crashes: 0 }, randomLife);
});

function randomLife(life: Life, reached: Record<string, number>): void {
  const { world, chance, policy } = life;
  let kept = 0;
  for (let session = 0; session < 4; session++) {
    const promised = oneSession(life, kept, reached);
    const death = chance.oneIn(3) ? "kill" : "power";
    world.restart(death);
    const records = new Records(world, policy);
    const must = promised.after(death);
    assert.ok(records.count >= must, `${records.count} of ${must}, after ${death}`);
    assert.deepEqual(records.found, recordsTo(records.count));
    assertNoRubbish(world);
    if (chance.oneIn(3)) {
      assert.equal(records.rewriteNow(), undefined);
      const left = world.list(DIRECTORY).filter((name) => !name.includes(".torn-"));
      assert.equal(left.length, 3, left.join(" "));
    }
    kept = records.count;
    world.kill();
  }
}

function oneSession(life: Life, kept: number, reached: Record<string, number>): Promised {
  const { world, chance, policy } = life;
  const promised = new Promised(kept);
  let records: Records | undefined;
  try {
    records = new Records(world, policy);
    const { log, rewrite } = records;
    promised.begin(records.count);
    if (!chance.oneIn(4)) world.crashIn = 1 + chance.below(90);
    for (let step = 0; step < 60; step++) {
      failSometimes(life, 40);
      records.put();
      promised.note(log, records.count);
      if (chance.oneIn(4)) log.commitNow();
      else log.commit();
      promised.look(log);
      world.advance(chance.below(chance.oneIn(10) ? 1500 : 4));
      promised.look(log);
      if (chance.oneIn(10) && !rewrite.isRunning) {
        rewrite.begin((failure) => {
          if (failure === undefined) reached.rewrites++;
          else reached.failures++;
        });
      }
    }
  } catch (error) {
    if (!(error instanceof ProcessGone)) throw error;
    reached.crashes++;
    if (records !== undefined) promised.look(records.log);
  }
  return promised;
}
