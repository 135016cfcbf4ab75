// What the end of a thread leaves to the others, wherever it was. Ends at random: test/threads.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Thread } from "../../test/support/thread.ts";
import { type Database, open } from "../index.ts";
import { Doom, MemberWord, memberWord, noteDoomed, OWNER } from "./control.ts";

const DATABASE = new URL("../embedded/database.ts", import.meta.url).href;
const INDEX = new URL("../index.ts", import.meta.url).href;

async function withDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "tskeydb-deaths-"));
  try {
    await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Terminates a thread once it has begun what does not end, and looks at what is left. */
async function withEndless(work: (db: Database, words: Int32Array) => void): Promise<void> {
  const db = open();
  db.set("a", "1");
  const thread = new Thread(db.share());
  const words = new Int32Array(new SharedArrayBuffer(4));
  thread.run(work, words).catch(() => {});
  while (Atomics.load(words, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  await thread.end();
  assert.equal(db.incr("a"), 2);
  assert.equal(db.exists("list"), 0);
  db.verify();
  db.close();
}

test("terminate() ends a transaction that computes for ever, and it has never been", () =>
  withEndless((db, words) => {
    db.transaction(() => {
      db.incr("a");
      db.rpush("list", "x");
      Atomics.store(words, 0, 1);
      for (;;);
    });
  }));

test("terminate() ends a transaction that calls for ever, and never in the middle of a call", () =>
  withEndless((db, words) => {
    db.transaction(() => {
      for (;;) {
        db.incr("a");
        db.rpush("list", "x".repeat(100));
        Atomics.store(words, 0, 1);
      }
    });
  }));

test("a thread that is to be terminated before it has attached begins no change", async () => {
  const db = open();
  const shared = db.share();
  const { control } = shared;
  const thread = new Thread(shared);
  // As terminate() does first, which ends a thread only after a moment.
  noteDoomed(control, thread.worker.threadId);
  thread.run((there) => there.set("k", "v")).catch(() => {});
  const doomed = memberWord(OWNER + 1, MemberWord.doomed);
  const untilMs = Date.now() + 20_000;
  while (Atomics.load(control, doomed) !== Doom.resting && Date.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.equal(control[doomed], Doom.resting);
  await thread.end();
  assert.equal(db.get("k"), null);
  db.close();
});

test("after a death in a write all threads are refused, and what the log has is opened again", () =>
  withDirectory(async (directory) => {
    const db = open(directory, { fsync: "always" });
    db.set("kept", "1");
    const other = new Thread(directory);
    const thread = new Thread(directory);
    await other.run((there) => there.set("theirs", "2"));
    const ended = thread.run(async (there, url) => {
      const { coreOf } = await import(url);
      coreOf(there).engine.member.lock.enter();
      process.exit(1);
    }, DATABASE);
    await assert.rejects(ended);
    const damaged = { name: "DatabaseError", code: "DAMAGED" };
    assert.throws(() => db.set("more", "3"), damaged);
    assert.throws(() => db.get("kept"), damaged);
    await assert.rejects(
      other.run((there) => there.get("theirs")),
      /ended in the middle of it/,
    );
    db.close();
    const again = open(directory);
    assert.notEqual(again, db);
    assert.deepEqual(again.mget("kept", "theirs", "more"), ["1", "2", null]);
    const late = new Thread(directory);
    assert.equal(await late.run((there) => there.incr("kept")), 2);
    await other.run((there) => there.close());
    await Promise.all([other.end(), late.end()]);
    again.verify();
    again.close();
  }));

test("an error in the middle of a thread's write is one for all threads, and never shown", () =>
  withDirectory(async (directory) => {
    const db = open(directory);
    db.hset("hash", "field", "1");
    const thread = new Thread(directory);
    const other = new Thread(directory);
    assert.equal(await other.run((there) => there.hget("hash", "field")), "1");
    const work = async (there: Database, url: string): Promise<string[]> => {
      const { coreOf } = await import(url);
      there.set("before", "1");
      // The end of memory, after a part of the command.
      const { records } = coreOf(there).keyspace;
      const { create } = records;
      let left = 2;
      records.create = (...all: never[]) => {
        if (--left < 0) throw new RangeError("Array buffer allocation failed");
        return create.apply(records, all);
      };
      const seen: string[] = [];
      for (const call of [() => there.mset("a", 1, "b", 2, "c", 3), () => there.get("a")]) {
        try {
          call();
          seen.push("returned");
        } catch (error) {
          seen.push((error as Error).name);
        }
      }
      return seen;
    };
    assert.deepEqual(await thread.run(work, DATABASE), ["DatabaseError", "DatabaseError"]);
    assert.throws(() => db.get("a"), { code: "DAMAGED" });
    await assert.rejects(
      other.run((there) => there.mget("a", "b", "c")),
      /ended in the middle of it/,
    );
    await Promise.all([thread.end(), other.end()]);
    db.close();
    const again = open(directory);
    assert.deepEqual(again.mget("before", "a", "b", "c"), ["1", null, null, null]);
    assert.equal(again.hget("hash", "field"), "1");
    again.verify();
    again.close();
  }));

test("a process ends though a thread keeps the database", () =>
  withDirectory(async (directory) => {
    const path = join(directory, "program.ts");
    writeFileSync(
      path,
      `import { Worker, isMainThread, workerData } from "node:worker_threads";
       import { open } from ${JSON.stringify(INDEX)};
       if (isMainThread) {
         const db = open(${JSON.stringify(join(directory, "data"))});
         db.set("kept", "1");
         const words = new Int32Array(new SharedArrayBuffer(4));
         new Worker(new URL(import.meta.url), { workerData: { words, path: db.path } });
         setInterval(() => Atomics.load(words, 0) === 1 && process.exit(7), 5);
       } else {
         const db = open(workerData.path);
         db.transaction(() => {
           db.set("not", "1");
           Atomics.store(workerData.words, 0, 1);
           for (;;);
         });
       }`,
    );
    const args = [...process.execArgv.filter((flag) => !flag.startsWith("--test")), path];
    const { status, stderr } = spawnSync(process.execPath, args, { timeout: 30_000 });
    assert.equal(status, 7, String(stderr));
    const db = open(join(directory, "data"));
    assert.deepEqual(db.mget("kept", "not"), ["1", null]);
    assert.equal(db.recovery?.torn, undefined);
    db.close();
  }));

test("a thread that asks for other options than those in force is refused", () =>
  withDirectory(async (directory) => {
    const db = open(directory);
    const thread = new Thread(directory);
    const asked = thread.run(
      async (there, url, path) => {
        const { open: openThere } = await import(url);
        there.close();
        const outcomes: unknown[] = [];
        for (const options of [{ fsync: "always" }, { databases: 3 }, { fsync: "everysec" }, {}]) {
          try {
            openThere(path, options).close();
            outcomes.push("opened");
          } catch (error) {
            outcomes.push((error as { code?: string }).code);
          }
        }
        return outcomes;
      },
      INDEX,
      directory,
    );
    assert.deepEqual(await asked, ["OPTIONS", "OPTIONS", "opened", "opened"]);
    await thread.end();
    db.close();
  }));

test("what a thread asked of the owner rejects when that has ended, and when it asks later", () =>
  withDirectory(async (directory) => {
    const data = join(directory, "data");
    const file = join(directory, "copy.rdb");
    const owner = new Thread(data);
    const db = open(await owner.run((there) => there.share()));
    db.set("k", "v");
    const hasEnded = /the thread that opened the database has ended/;
    const isSnapshot = (error: Error & { code?: string }): boolean =>
      error.code === "SNAPSHOT" && hasEnded.test(error.message);
    await db.snapshot(file);
    await db.compact();
    owner
      .run(() => {
        for (;;);
      })
      .catch(() => {});
    // What it will never come to.
    const snapshots = [db.snapshot(file), db.snapshot(file)];
    const rejected = Promise.all(snapshots.map((each) => assert.rejects(each, isSnapshot)));
    await owner.end();
    await rejected;
    await assert.rejects(db.snapshot(file), isSnapshot);
    await assert.rejects(db.compact(), { code: "CLOSED" });
    // The log has been cut since this thread wrote to it last.
    assert.equal(db.incr("n"), 1);
    db.close();
    const again = open(data);
    assert.deepEqual(again.mget("k", "n"), ["v", "1"]);
    again.close();
  }));

test("a snapshot that its asker did not outlive is never taken for another's", () =>
  withDirectory(async (directory) => {
    const db = open(join(directory, "data"));
    for (let i = 0; i < 50_000; i++) db.set(`key:${i}`, "value");
    const shared = db.share();
    const dead = new Thread(shared);
    const gone = dead.run((there, path) => there.snapshot(path), join(directory, "first.rdb"));
    gone.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 30));
    await dead.end();
    const late = new Thread(shared);
    const path = join(directory, "second.rdb");
    await late.run((there, to) => there.snapshot(to), path);
    assert.ok(existsSync(path));
    await late.end();
    db.close();
  }));
