// A worker of the threads suite: opens the database (or its peer), waits for the others, and does
// one thing for as long as it is told, on keys drawn uniformly.
//
// A role's loop looks at the flag that ends it after each STEP of calls only, and draws its keys
// from a table, so that little but the calls is measured. With `histogram` each call is timed:
// bucket b counts those that took less than 2^(b / 4) ns.

import { parentPort, workerData } from "node:worker_threads";
import { type Database, loadDatabase, optionalPackage } from "./embedded-api.ts";
import { shuffled } from "./statistics.ts";

export type Role = "get" | "hget" | "mixed" | "set";

export interface Hired {
  /** Path of the database's module, empty for its source. */
  module: string;
  /** What is opened: a handle, a directory, "alone" for a database of the worker's own, or "lmdb". */
  opens: unknown;
  /** For lmdb: where it lies. */
  directory: string;
  keys: number;
  words: Int32Array;
}

export interface Task {
  role: Role;
  seed: number;
  histogram: boolean;
}

export interface Done {
  operations: number;
  ms: number;
  /** Empty without `histogram`. */
  histogram: number[];
  slowestUs: number;
}

export const BUCKETS = 160;
export const Word = { arrived: 0, go: 1, stop: 2 } as const;

const STEP = 64;
const DRAWN = 1 << 16;
/** Of ten calls of a mixed role so many read. */
const READS_OF_TEN = 9;

export const keyOf = (index: number) => `key:000${String(index).padStart(9, "0")}`;
export const valueOf = (index: number) => `v${index & 7}::::${String(index).padStart(9, "0")}x`;
export const HASH = "hash";

/** What a role calls. */
type Store = Pick<Database, "get" | "set" | "hget">;

/** Writes all keys, and the same as fields of one hash. */
export function fill(db: Pick<Database, "set" | "hset">, keys: number): void {
  for (let index = 0; index < keys; index++) {
    db.set(keyOf(index), valueOf(index));
    db.hset(HASH, keyOf(index), valueOf(index));
  }
}

/** Opens LMDB, without waiting for the disk; undefined where it is not installed. */
export function openLmdb(directory: string): (Store & { close(): void }) | undefined {
  const lmdb = optionalPackage("lmdb");
  if (!lmdb) return undefined;
  const db = lmdb.open({ path: directory, encoding: "string", noSync: true, cache: false });
  return {
    get: (key) => db.get(key),
    set: (key, value) => db.putSync(key, value),
    hget: () => undefined,
    close: () => db.close(),
  };
}

async function openStore({ module, opens, directory, keys }: Hired): Promise<Store> {
  if (opens === "lmdb") return openLmdb(directory) as Store;
  const { open } = await loadDatabase(module);
  if (opens !== "alone") return open(opens as string);
  const db = open();
  fill(db, keys);
  return db;
}

/** Strings that own their characters, as ones read from a socket do. */
const flat = (text: string) => Buffer.from(text, "latin1").toString("latin1");

function perform(store: Store, task: Task, words: Int32Array, keys: string[]): Done {
  const drawn = shuffled(DRAWN, task.seed).map((number) => number % keys.length);
  const values = Array.from({ length: 1024 }, (_, index) => flat(valueOf(index + task.seed)));
  const call = callOf(store, task.role, keys, values);
  const histogram: number[] = task.histogram ? new Array(BUCKETS).fill(0) : [];
  let slowestMs = 0;
  let operations = 0;
  meet(words);
  const startMs = performance.now();
  while (Atomics.load(words, Word.stop) === 0) {
    for (let i = 0; i < STEP; i++) {
      const index = drawn[(operations + i) & (DRAWN - 1)];
      if (!task.histogram) {
        sink = call(index, i);
        continue;
      }
      const before = performance.now();
      sink = call(index, i);
      const ms = performance.now() - before;
      if (ms > slowestMs) slowestMs = ms;
      const bucket = Math.ceil(4 * Math.log2(Math.max(1, ms * 1e6)));
      histogram[Math.min(BUCKETS - 1, bucket)]++;
    }
    operations += STEP;
  }
  const ms = performance.now() - startMs;
  return { operations, ms, histogram, slowestUs: slowestMs * 1000 };
}

/** Given every result, so that no compiler can leave a call out as useless. */
export let sink: unknown;

function callOf(store: Store, role: Role, keys: string[], values: string[]) {
  switch (role) {
    case "get":
      return (index: number) => store.get(keys[index]);
    case "hget":
      return (index: number) => store.hget(HASH, keys[index]);
    case "set":
      return (index: number) => store.set(keys[index], values[index & 1023]);
    case "mixed":
      return (index: number, i: number) =>
        i % 10 < READS_OF_TEN
          ? store.get(keys[index])
          : store.set(keys[index], values[index & 1023]);
  }
}

/** Says that it is here, and waits until all are. */
function meet(words: Int32Array): void {
  Atomics.add(words, Word.arrived, 1);
  Atomics.notify(words, Word.arrived);
  Atomics.wait(words, Word.go, 0);
}

if (parentPort !== null && workerData?.keys !== undefined) {
  const port = parentPort;
  const hired = workerData as Hired;
  const keys = Array.from({ length: hired.keys }, (_, index) => flat(keyOf(index)));
  openStore(hired).then(
    (store) => {
      port.on("message", (task: Task) => port.postMessage(perform(store, task, hired.words, keys)));
      port.postMessage("ready");
    },
    (error) => port.postMessage({ error: String(error) }),
  );
}
