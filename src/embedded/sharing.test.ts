import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { inspect } from "node:util";
import { Worker } from "node:worker_threads";
import { Thread } from "../../test/support/thread.ts";
import { ControlWord, State } from "../threads/control.ts";
import type { Database } from "./database.ts";
import { open } from "./open.ts";

async function withDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "tskeydb-sharing-"));
  try {
    await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Says how long a value is, and wakes who waits for that. */
const measure = (there: Database, name: string, words: Int32Array): void => {
  Atomics.store(words, 0, there.strlen(name));
  Atomics.notify(words, 0);
};

test("a worker finds the directory though this thread goes on, and what is written meanwhile", () =>
  withDirectory(async (directory) => {
    const db = open(directory);
    for (let i = 0; i < 10; i++) db.set(`before ${i}`, "x".repeat(200_000));
    const words = new Int32Array(new SharedArrayBuffer(4));
    const thread = new Thread(directory);
    const measured = thread.run(measure, "last", words);
    for (let i = 0; i < 30; i++) db.set(`after ${i}`, "x".repeat(200_000));
    db.set("last", "x".repeat(100_000));
    // No turn of the event loop until it has answered.
    Atomics.wait(words, 0, 0, 20_000);
    assert.equal(words[0], 100_000);
    await measured;
    await thread.run((there) => there.verify());
    await thread.end();
    db.close();
  }));

test("a worker that is started inside a transaction finds the directory once that has ended", () =>
  withDirectory(async (directory) => {
    const db = open(directory);
    const words = new Int32Array(new SharedArrayBuffer(4));
    const [thread, measured] = db.transaction(() => {
      const started = new Thread(directory);
      const running = started.run(measure, "last", words);
      for (let i = 0; i < 30; i++) db.set(`key ${i}`, "x".repeat(200_000));
      db.set("last", "x".repeat(1000));
      return [started, running] as const;
    });
    await measured;
    assert.equal(words[0], 1000);
    await thread.run((there) => there.verify());
    await thread.end();
    db.close();
  }));

test("a directory whose clock is the program's is this thread's alone, and workers start", () =>
  withDirectory(async (directory) => {
    const db = open(directory, { clock: () => 1 });
    const worker = new Worker("", { eval: true });
    await new Promise((resolve) => worker.once("exit", resolve));
    assert.throws(() => db.share(), { code: "OPTIONS" });
    db.close();
  }));

test("the runtime warns of nothing, however many are open and shared", async () => {
  const warnings: Error[] = [];
  const warned = (warning: Error): number => warnings.push(warning);
  process.on("warning", warned);
  const all = Array.from({ length: 20 }, () => open());
  for (const db of all) db.share();
  await new Promise((resolve) => setTimeout(resolve, 1));
  for (const db of all) db.close();
  process.off("warning", warned);
  assert.deepEqual(warnings, []);
});

test("options beside a handle that are not in force are refused, in memory, too", () => {
  using db = open();
  const again: (...given: unknown[]) => unknown = open;
  assert.throws(() => again(db.share(), { databases: 3 }), {
    code: "OPTIONS",
    message: /^this database in memory is open in this process with databases 16,/,
  });
});

test("a database is not shared inside a transaction, which goes on", () => {
  using db = open();
  db.transaction(() => {
    db.set("k", "1");
    assert.throws(() => db.share(), { name: "DatabaseError", code: "TRANSACTION" });
    db.incr("k");
  });
  assert.equal(db.get("k"), "2");
  const shared = db.share();
  db.transaction(() => assert.equal(db.share().id, shared.id));
});

test("a handle is printed as one line, and cloned with what is in it", () => {
  const db = open();
  const handle = db.share();
  assert.match(inspect(handle), /^SharedDatabase\(in memory, [0-9a-f]{16}\)$/);
  assert.equal(inspect(db.share()), inspect(handle));
  assert.equal(structuredClone(handle).id, handle.id);
  db.close();
});

test("a program is told of messages that were lost while its thread computed", async () => {
  const db = open();
  const thread = new Thread(db.share());
  const words = new Int32Array(new SharedArrayBuffer(4));
  const heard: number[] = [];
  let losses = 0;
  const lost = (): void => {
    losses++;
  };
  const stop = db.bytes.subscribe("news", (message) => heard.push(message.length), { lost });
  const bytes = 16 * 1024 * 1024;
  const published = thread.run(
    (there, length, done) => {
      const message = new Uint8Array(length);
      let told = 0;
      for (let i = 0; i < 12; i++) told += there.bytes.publish("news", message);
      Atomics.store(done, 0, told);
      Atomics.notify(done, 0);
    },
    bytes,
    words,
  );
  Atomics.wait(words, 0, 0, 20_000);
  await published;
  assert.equal(words[0], 8, "so many have room");
  db.publish("news", "later");
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.deepEqual(heard, [...Array(8).fill(bytes), 5]);
  assert.equal(losses, 1);
  stop();
  const long = Buffer.alloc(65 * 1024 * 1024, "x");
  assert.throws(() => db.subscribe(long, () => {}), /a name of 68157440 bytes is too long/);
  await thread.end();
  db.close();
});

test("what a thread left that died in a write is shown to nobody: reads throw, too", () => {
  using db = open();
  db.hset("h", "f", "1");
  const { control } = db.share();
  control[ControlWord.state] = State.damaged;
  const refused = { name: "DatabaseError", code: "DAMAGED" };
  assert.throws(() => db.hget("h", "f"), refused);
  assert.throws(() => db.hgetall("h"), refused);
  assert.throws(() => db.hset("h", "f", "2"), refused);
  control[ControlWord.state] = State.shared;
  assert.equal(db.hget("h", "f"), "1");
});
