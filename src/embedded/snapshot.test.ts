import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { temporaryFolder } from "../../test/support/servers.ts";
import { Thread } from "../../test/support/thread.ts";
import { Random } from "../base/random.ts";
import { RdbInput } from "../codec/rdb-input.ts";
import { loadRdbFile } from "../persistence/rdb/dump-file.ts";
import { loadRdb } from "../persistence/rdb/rdb-loader.ts";
import { thisPlatform } from "../platform/index.ts";
import { SimulatedPlatform } from "../platform/simulated.ts";
import type { Database } from "./database.ts";
import { engineOf } from "./embedded-test-support.ts";
import { open } from "./open.ts";
import { fuzzSnapshots } from "./snapshot.fuzz.ts";

const SEED = Number(process.env.TSKEYDB_SEED ?? Date.now() % 2 ** 30);
const isThorough = process.env.CI === "true";

test("a snapshot holds what there was at its moment, whatever is done meanwhile", () => {
  const seeds = isThorough ? 30 : 6;
  for (let i = 0; i < seeds; i++) fuzzSnapshots(SEED + i, 10);
});

const KEYS = 2000;
const FIELDS = 5000;
const ELEMENTS = 30_000;

/** Moves amounts between keys and between fields, and turns a list, until it is told to stop. */
const transfer = (there: Database, seed: number, words: Int32Array): void => {
  let state = seed;
  const below = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  Atomics.add(words, 1, 1);
  let done = 0;
  for (; Atomics.load(words, 0) === 0; done++) {
    there.transaction(() => {
      there.incrby(`key:${below(2000)}`, -1);
      there.incrby(`key:${below(2000)}`, 1);
    });
    there.transaction(() => {
      there.hincrby("hash", `field:${below(5000)}`, -1);
      there.hincrby("hash", `field:${below(5000)}`, 1);
    });
    there.lmove("list", "list", "left", "right");
    if (done % 50 === 0) there.rename("hash", "hash");
    if (done % 70 === 0) there.set(`more:${seed}:${done}`, "1");
  }
};

/** A snapshot of the database in a database of its own. */
async function copyOf(db: Database, meanwhile = (): void => {}): Promise<Database> {
  const { snapshots, keyspace, lock } = engineOf(db);
  const parts: Uint8Array[] = [];
  const take = (bytes: Uint8Array, end: number): void => void parts.push(bytes.slice(0, end));
  const notes = { redisVersion: "7.4.0", nowMs: Date.now() };
  lock.enter();
  const writing = snapshots.begin(take, notes, { compresses: true, sums: true });
  lock.leave();
  assert.equal(snapshots.isReady, false);
  for (let isDone = false; !isDone; ) {
    await pause(1);
    lock.enter();
    isDone = writing.step(0.3);
    lock.leave();
    meanwhile();
  }
  assert.equal(writing.written, writing.entries);
  const platform = new SimulatedPlatform(1);
  platform.putFile("/dump.rdb", Buffer.concat(parts));
  const copy = open();
  const input = RdbInput.ofFile(platform, platform.open("/dump.rdb", "read"), "/dump.rdb");
  loadRdb(input, { keyspace: engineOf(copy).keyspace, nowMs: Date.now() });
  assert.equal(keyspace.databases, engineOf(copy).keyspace.databases);
  return copy;
}

test("long strings are what they were, however they are changed or removed", async () => {
  using db = open();
  const random = new Random().seed(SEED, 5);
  // Each compresses differently, and each ends within a piece.
  const values = [
    Buffer.alloc(1_300_001, "a long text, "),
    Buffer.from(Uint32Array.from({ length: 300_001 }, () => random.next32()).buffer),
    Buffer.concat([randomBytes(1_100_000, random), Buffer.alloc(200_000)]),
    Buffer.concat([Buffer.alloc(1_100_000), randomBytes(200_000, random)]),
  ];
  const names = values.flatMap((value, i) =>
    ["changed", "longer", "replaced", "removed", "renamed", "left"].map((what) => {
      db.bytes.set(`${what}:${i}`, value);
      return `${what}:${i}`;
    }),
  );
  let at = 0;
  const copy = await copyOf(db, () => {
    const i = at++ % values.length;
    db.setrange(`changed:${i}`, random.below(1_200_000), "other");
    db.append(`longer:${i}`, "more");
    db.set(`replaced:${i}`, "short");
    db.del(`removed:${i}`);
    if (at <= values.length) db.rename(`renamed:${i}`, `other:${i}`);
  });
  assert.ok(at > 20, "there were many slices");
  for (const name of names) {
    const value = values[Number(name.at(-1))] as Buffer;
    assert.ok(value.equals((copy.bytes.get(name) ?? Buffer.of()) as Uint8Array), name);
  }
  engineOf(db).keyspace.verify();
  copy.close();
});

function randomBytes(length: number, random: Random): Buffer {
  return Buffer.from(Uint8Array.from({ length }, () => random.below(256)));
}

test("it has a stream's idempotent IDs of its moment, and activity of consumers", async () => {
  using db = open();
  const add = (i: number): string | null => db.xadd("s", { i }, { idmp: ["p", `${i}`] });
  for (let i = 0; i < 20_000; i++) db.xadd("s", { i });
  db.xcfgset("s", { "idmp-maxsize": 1000 });
  const first = add(1);
  db.xgroup("create", "s", "g", 0);
  db.xreadgroup("g", "ann", { s: ">" }, { count: 2000 });
  db.xgroup("createconsumer", "s", "g", "bob");
  const before = db.xinfo("stream", "s", "full");
  let at = 1;
  const copy = await copyOf(db, () => {
    const again = add(1);
    if (at < 3) assert.equal(again, first);
    add(++at);
    if (at === 3) db.xcfgset("s", { "idmp-duration": 5 });
    if (at === 4) db.xreadgroup("g", "bob", { s: ">" }, { count: 1 });
  });
  assert.ok(at > 4, "there were several slices");
  assert.deepEqual(copy.xinfo("stream", "s", "full"), before);
  assert.equal(copy.xadd("s", { i: 1 }, { idmp: ["p", "1"] }), first);
  copy.verify();
  copy.close();
});

test("other threads write while it is taken, and it is of one moment", {
  timeout: 60_000,
}, async () => {
  const db = open();
  for (let i = 0; i < KEYS; i++) db.set(`key:${i}`, "1000");
  db.hset(
    "hash",
    Object.fromEntries(Array.from({ length: FIELDS }, (_, i) => [`field:${i}`, 100])),
  );
  for (let i = 0; i < ELEMENTS; i++) db.rpush("list", `${i}`);
  const words = new Int32Array(new SharedArrayBuffer(8));
  const threads = [new Thread(db.share()), new Thread(db.share())];
  const work = threads.map((thread, i) => thread.run(transfer, SEED + i, words));
  while (Atomics.load(words, 1) < threads.length) await pause(1);
  for (let round = 0; round < (isThorough ? 20 : 5); round++) {
    const copy = await copyOf(db);
    let keys = 0;
    for (let i = 0; i < KEYS; i++) keys += Number(copy.get(`key:${i}`));
    assert.equal(keys, 1000 * KEYS, `seed ${SEED}, round ${round}`);
    const fields = Object.values(copy.hgetall("hash")).map(Number);
    assert.equal(fields.length, FIELDS);
    assert.equal(
      fields.reduce((a, b) => a + b),
      100 * FIELDS,
    );
    const list = copy.lrange("list", 0, -1).map(Number);
    assert.equal(list.length, ELEMENTS);
    // It has been turned, so many elements as a moment had it.
    const [first = 0] = list;
    assert.ok(list.every((element, i) => element === (first + i) % ELEMENTS));
    copy.verify();
    copy.close();
  }
  Atomics.store(words, 0, 1);
  await Promise.all(work);
  db.verify();
  for (const thread of threads) await thread.end();
  db.close();
});

test("what another thread may still roll back is neither saved nor loaded anew", async () => {
  const db = open();
  db.set("sum", 1);
  const thread = new Thread(db.share());
  const refusals = await thread.run((there) =>
    there.transaction(() => {
      there.set("sum", 2);
      return [["SAVE"], ["DEBUG", "RELOAD"]].map(([name = "", ...words]) => {
        try {
          return String(there.call(name, ...words));
        } catch (error) {
          return String(error);
        }
      });
    }),
  );
  assert.match(refusals[0] as string, /would save what may be rolled back/);
  assert.match(refusals[1] as string, /cannot be loaded anew|not allowed/);
  await thread.end();
  db.close();
});

test("one that is given up goes on by itself, and another can begin", async () => {
  const db = open();
  for (let i = 0; i < 20_000; i++) db.set(`key:${i}`, "1000");
  const { snapshots } = engineOf(db);
  const notes = { redisVersion: "7.4.0", nowMs: Date.now() };
  let bytes = 0;
  const count = (_: Uint8Array, end: number): void => {
    bytes += end;
  };
  const writing = snapshots.begin(count, notes, { compresses: true, sums: true });
  writing.step(0);
  writing.abort();
  const before = bytes;
  assert.equal(snapshots.isReady, false);
  while (!snapshots.isReady) await pause(1);
  assert.equal(bytes, before, "nobody reads it any more");
  const copy = await copyOf(db);
  assert.equal(copy.dbsize(), 20_000);
  copy.close();
  db.close();
});

test("its file is a path or a file: URL, and none of the log's", async () => {
  const directory = temporaryFolder();
  using db = open(`${directory}/data`);
  db.set("k", "v");
  for (const place of [
    `${directory}/path.rdb`,
    `file://${directory}/text.rdb`,
    `file:${directory}/short.rdb`,
    new URL(`file://${directory}/object.rdb`),
  ]) {
    await db.snapshot(place);
  }
  const names = readdirSync(directory).sort();
  assert.deepEqual(names, ["data", "object.rdb", "path.rdb", "short.rdb", "text.rdb"]);
  for (const wrong of [
    "",
    "http://there/x.rdb",
    "file:",
    "file:x.rdb?mode=ro",
    new URL("s3://b/x"),
  ])
    await assert.rejects(db.snapshot(wrong), TypeError, String(wrong));
  const log = `${directory}/data/appendonlydir`;
  const before = readFileSync(`${log}/appendonly.aof.manifest`);
  await assert.rejects(db.snapshot(`${log}/appendonly.aof.manifest`), { code: "SNAPSHOT" });
  assert.deepEqual(readFileSync(`${log}/appendonly.aof.manifest`), before);
});

test("any thread can have one written into a file", { timeout: 60_000 }, async () => {
  const folder = temporaryFolder();
  const db = open();
  for (let i = 0; i < 5000; i++) db.set(`key:${i}`, "1000");
  const threads = [new Thread(db.share()), new Thread(db.share())];
  const take = async (there: Database, path: string): Promise<number> => {
    let calls = 0;
    there.set(path, "1");
    await there.snapshot(path, { progress: () => void calls++ });
    return calls;
  };
  const paths = threads.map((_, i) => `${folder}/${i}.rdb`);
  await Promise.all(threads.map((thread, i) => thread.run(take, paths[i] as string)));
  const failure = await threads[0]?.run(async (there) => {
    try {
      await there.snapshot("/nowhere/a.rdb");
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  });
  assert.match(failure ?? "", /^there is no snapshot in \/nowhere\/a\.rdb: .*no such file/);
  for (const path of paths) {
    const copy = open();
    loadRdbFile(thisPlatform(), path, { keyspace: engineOf(copy).keyspace, nowMs: Date.now() });
    assert.ok(copy.dbsize() > 5000);
    assert.equal(copy.get(path), "1");
    copy.close();
  }
  for (const thread of threads) await thread.end();
  db.close();
});
