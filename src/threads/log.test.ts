// One database with a log, several threads: what is acknowledged is on the disk, whoever wrote it.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { Thread, withThreads } from "../../test/support/thread.ts";
import { type Database, open } from "../index.ts";

async function withDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "tskeydb-threads-"));
  try {
    await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const count = (there: Database, name: string, times: number): void => {
  for (let i = 0; i < times; i++) {
    there.transaction(() => {
      there.incr("all");
      there.set(`${name}:${i}`, "x".repeat(i % 200));
    });
    there.rpush("order", `${name}:${i}`);
  }
};

for (const fsync of ["always", "everysec", "no"] as const) {
  test(`what four threads write is in one log, in the order in which it happened (${fsync})`, () =>
    withDirectory(async (directory) => {
      const times = fsync === "always" ? 60 : 1000;
      const db = open(directory, { fsync });
      await withThreads(directory, 3, async (...threads) => {
        const running = threads.map((thread, i) => thread.run(count, `t${i}`, times));
        count(db, "owner", times);
        await Promise.all(running);
      });
      const all = db.get("all");
      const order = db.lrange("order", 0, -1);
      assert.equal(all, String(4 * times));
      db.verify();
      db.close();
      const again = open(directory);
      assert.equal(again.get("all"), all);
      assert.deepEqual(again.lrange("order", 0, -1), order);
      assert.equal(again.dbsize(), 2 + 4 * times);
      again.close();
    }));
}

test("with always what a call returned is on the disk, though its thread is terminated then", () =>
  withDirectory(async (directory) => {
    const db = open(directory, { fsync: "always" });
    const thread = new Thread(directory);
    const told = new Int32Array(new SharedArrayBuffer(4));
    const endless = thread.run((there, words) => {
      for (let i = 1; ; i++) {
        there.set("last", String(i));
        Atomics.store(words, 0, i);
      }
    }, told);
    endless.catch(() => {});
    while (Atomics.load(told, 0) < 20) await new Promise((resolve) => setTimeout(resolve, 1));
    await thread.end();
    const acknowledged = Atomics.load(told, 0);
    assert.ok(Number(db.get("last")) >= acknowledged);
    db.set("after", "1");
    db.verify();
    db.close();
    const again = open(directory);
    assert.ok(Number(again.get("last")) >= acknowledged);
    assert.equal(again.get("after"), "1");
    again.close();
  }));

test("the directory is released when the last thread has closed", () =>
  withDirectory(async (directory) => {
    const db = open(directory);
    const thread = new Thread(directory);
    await thread.run((there) => there.set("k", "1"));
    db.close();
    await thread.run((there) => there.set("k", "2"));
    await thread.run((there) => there.close());
    await thread.end();
    const again = open(directory);
    assert.equal(again.get("k"), "2");
    assert.equal(again.recovery?.torn, undefined);
    again.close();
  }));

test("a thread that calls process.exit() in a transaction leaves nothing of it, and no lock", () =>
  withDirectory(async (directory) => {
    const db = open(directory, { fsync: "always" });
    db.mset({ a: "1", b: "1" });
    const thread = new Thread(directory);
    const ended = thread.run((there) =>
      there.transaction(() => {
        there.incr("a");
        there.rpush("l", "x");
        process.exit(3);
      }),
    );
    await assert.rejects(ended);
    await thread.exit;
    assert.equal(db.incr("b"), 2);
    assert.equal(db.get("a"), "1");
    assert.equal(db.exists("l"), 0);
    db.verify();
    db.close();
  }));

test("the owner answers who holds the lock, though it waits for a sync that wants the lock", () =>
  withDirectory(async (directory) => {
    const db = open(directory, { fsync: "always" });
    await withThreads(directory, 3, async (one, ...others) => {
      // All are there before the first of them begins.
      for (const thread of [one, ...others]) await thread.run(() => 0);
      const asking = one.run((there) => {
        for (let i = 0; i < 200; i++) {
          there.transaction(() => {
            there.incr("asked");
            for (let k = 0; k < 5; k++) there.publish("news", "in a transaction");
          });
        }
      });
      const writing = others.map((other) =>
        other.run((there) => {
          for (let i = 0; i < 400; i++) there.incr("written");
        }),
      );
      for (let i = 0; i < 400; i++) {
        db.incr("own");
        if (i % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
      }
      await Promise.all([asking, ...writing]);
    });
    assert.deepEqual(db.mget("asked", "written", "own"), ["200", "800", "400"]);
    db.close();
  }));

for (const fsync of ["everysec", "no"] as const) {
  test(`${fsync}: each of four threads has its own writes on the disk, and knows when`, () =>
    withDirectory(async (directory) => {
      const db = open(directory, { fsync });
      const isSynced = (there: Database): boolean =>
        !/aof_pending_bio_fsync:1/.test(there.info("persistence"));
      await withThreads(directory, 3, async (...threads) => {
        const running = threads.map((thread, i) =>
          thread.run(async (there, name) => {
            for (let turn = 0; turn < 30; turn++) {
              there.set(`${name}:${turn}`, turn, { durability: "sync" });
              there.rpush(name, turn);
              await there.synced();
            }
            return there.llen(name);
          }, `t${i}`),
        );
        for (let turn = 0; turn < 30; turn++) {
          db.durable.rpush("owner", turn);
          await db.synced();
        }
        assert.deepEqual(await Promise.all(running), [30, 30, 30]);
      });
      await db.synced();
      assert.equal(isSynced(db), true);
      db.close();
      const again = open(directory);
      assert.equal(again.dbsize(), 4 + 90);
      again.close();
    }));
}

test("a worker that has nothing else to do lives until what it awaits is on the disk", () =>
  withDirectory(async (directory) => {
    const db = open(directory);
    const index = new URL("../index.ts", import.meta.url).href;
    const code = `
      import { open } from ${JSON.stringify(index)};
      const { workerData, parentPort } = await import("node:worker_threads");
      const db = open(workerData);
      for (let i = 0; i < 20; i++) {
        db.incr("n");
        await db.synced();
      }
      db.close();
      parentPort.postMessage("done");
    `;
    const url = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
    const worker = new Worker(url, { workerData: db.share() });
    const said = await new Promise((resolve) => {
      worker.once("message", resolve);
      worker.once("exit", (exitCode) => resolve(`exit ${exitCode}`));
      worker.once("error", resolve);
    });
    assert.equal(said, "done");
    await worker.terminate();
    assert.equal(db.get("n"), "20");
    db.close();
  }));
