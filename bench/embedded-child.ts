// One engine's share of the embedded benchmark, in a process of its own: a hundred thousand string
// keys of 16 bytes with values of 16, written and read in shuffled orders, another one in each
// pass. Every engine gets the same strings and gives strings back. The strings of a pass are made
// for it, as a program makes them out of what it receives: a Map that is asked with the very
// string object that it holds neither hashes nor compares, and answers no question that anybody
// has. The best way of each engine is measured too: prepared statements for SQLite, no waiting for
// the disk for LMDB, and, beside single writes, all writes of a pass in one transaction.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Database, loadDatabase, optionalPackage } from "./embedded-api.ts";
import { median, shuffled } from "./statistics.ts";

export type EngineName = "map" | "tskeydb" | "lmdb" | "better-sqlite3" | "bun:sqlite";

export interface EngineOrder {
  engine: EngineName | "open";
  keys: number;
  passes: number;
  /** Path of the database's module, empty for its source. */
  module: string;
}

/** Operations per second, and what the data took; undefined when the engine is not installed. */
export interface EngineResult {
  missing?: string;
  version: string;
  get: number;
  set: number;
  /** All writes of a pass in one transaction, per second; 0 when the engine has none. */
  setBatched: number;
  residentBytesPerKey: number;
}

/** A thousand databases in memory, open at once. */
export interface OpenResult {
  databases: number;
  openMs: number;
  closeMs: number;
  slowestOpenMs: number;
  residentBytesEach: number;
}

interface Engine {
  readonly version: string;
  set(key: string, value: string): void;
  get(key: string): string | null | undefined;
  batch?(work: () => void): void;
  close(): void | Promise<void>;
}

async function openEngine(order: EngineOrder, directory: string): Promise<Engine | undefined> {
  switch (order.engine) {
    case "map": {
      const map = new Map<string, string>();
      return {
        version: "built in",
        set: (key, value) => void map.set(key, value),
        get: (key) => map.get(key),
        close: () => map.clear(),
      };
    }
    case "tskeydb": {
      const db = (await loadDatabase(order.module)).open();
      return {
        version: "this package",
        set: (key, value) => void db.set(key, value),
        get: (key) => db.get(key),
        batch: (work) => db.transaction(work),
        close: () => db.close(),
      };
    }
    case "lmdb": {
      const lmdb = optionalPackage("lmdb");
      if (!lmdb) return undefined;
      const options = { encoding: "string", noSync: true, cache: false };
      const db = lmdb.open({ path: join(directory, "lmdb"), ...options });
      return {
        version: packageVersion("lmdb"),
        set: (key, value) => void db.putSync(key, value),
        get: (key) => db.get(key),
        batch: (work) => db.transactionSync(work),
        close: () => db.close(),
      };
    }
    case "better-sqlite3": {
      const Sqlite = optionalPackage("better-sqlite3");
      if (!Sqlite) return undefined;
      const db = new Sqlite(":memory:");
      db.exec("CREATE TABLE data (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID");
      const set = db.prepare("INSERT OR REPLACE INTO data VALUES (?, ?)");
      const get = db.prepare("SELECT value FROM data WHERE key = ?").pluck();
      return {
        version: packageVersion("better-sqlite3"),
        set: (key, value) => void set.run(key, value),
        get: (key) => get.get(key),
        batch: (work) => db.transaction(work)(),
        close: () => db.close(),
      };
    }
    case "bun:sqlite": {
      const sqlite = optionalPackage("bun:sqlite");
      if (!sqlite) return undefined;
      const db = new sqlite.Database(":memory:");
      db.exec("CREATE TABLE data (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID");
      const set = db.prepare("INSERT OR REPLACE INTO data VALUES (?, ?)");
      const get = db.prepare("SELECT value FROM data WHERE key = ?");
      return {
        version: "built in",
        set: (key, value) => void set.run(key, value),
        get: (key) => get.values(key)[0]?.[0] as string | undefined,
        batch: (work) => db.transaction(work)(),
        close: () => db.close(),
      };
    }
    default:
      return undefined;
  }
}

function packageVersion(name: string): string {
  return String(optionalPackage(`${name}/package.json`)?.version ?? "unknown");
}

interface Strings {
  keys: string[];
  values: string[];
}

/** All keys in an order of their own, with a value of 16 characters for each. */
function makeStrings(count: number, seed: number): Strings {
  const strings: Strings = { keys: [], values: [] };
  for (const number of shuffled(count, seed)) {
    const digits = String(number).padStart(9, "0");
    strings.keys.push(flat(`key:000${digits}`));
    strings.values.push(flat(`v${String(seed & 7)}::::${digits}x`));
  }
  return strings;
}

/** Strings that own their characters, as ones read from a socket or a file do. */
function flat(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}

async function measureEngine(order: EngineOrder): Promise<EngineResult> {
  const directory = mkdtempSync(join(tmpdir(), "tskeydb-bench-"));
  try {
    collect();
    const residentBefore = resident();
    const engine = await openEngine(order, directory);
    if (!engine) {
      const nothing = { version: "", get: 0, set: 0, setBatched: 0, residentBytesPerKey: 0 };
      return { missing: `${order.engine} is not installed here`, ...nothing };
    }
    const count = order.keys;
    const write = ({ keys, values }: Strings) => {
      for (let index = 0; index < count; index++) engine.set(keys[index], values[index]);
    };
    const read = ({ keys }: Strings) => {
      let length = 0;
      for (let index = 0; index < count; index++) length += engine.get(keys[index])?.length ?? 0;
      if (length !== count * 16) throw new Error(`${order.engine} lost values`);
    };
    const filling = makeStrings(count, 1);
    if (engine.batch) engine.batch(() => write(filling));
    else write(filling);
    filling.keys.length = 0;
    filling.values.length = 0;
    collect();
    const residentBytesPerKey = (resident() - residentBefore) / count;
    const get: number[] = [];
    const set: number[] = [];
    const setBatched: number[] = [];
    for (let pass = -2; pass < order.passes; pass++) {
      const [first, second, third] = [2, 3, 4].map((seed) => makeStrings(count, pass * 3 + seed));
      const readRate = perSecond(count, () => read(first));
      const writeRate = perSecond(count, () => write(second));
      const batch = engine.batch;
      const batchRate = batch ? perSecond(count, () => batch(() => write(third))) : 0;
      if (pass < 0) continue; // the first ones warm up
      get.push(readRate);
      set.push(writeRate);
      setBatched.push(batchRate);
    }
    await engine.close();
    const { version } = engine;
    return {
      version,
      get: median(get),
      set: median(set),
      setBatched: median(setBatched),
      residentBytesPerKey,
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measureOpen(order: EngineOrder): Promise<OpenResult> {
  const { open } = await loadDatabase(order.module);
  for (let index = 0; index < 50; index++) open().close();
  collect();
  const residentBefore = resident();
  const databases: Database[] = [];
  const opens: number[] = [];
  for (let index = 0; index < order.keys; index++) {
    const before = performance.now();
    const db = open();
    opens.push(performance.now() - before);
    db.set("key", "value");
    databases.push(db);
  }
  const residentBytesEach = (resident() - residentBefore) / order.keys;
  const before = performance.now();
  for (const db of databases) db.close();
  const closeMs = (performance.now() - before) / order.keys;
  return {
    databases: order.keys,
    openMs: median(opens),
    closeMs,
    slowestOpenMs: Math.max(...opens),
    residentBytesEach,
  };
}

function perSecond(operations: number, work: () => void): number {
  const before = performance.now();
  work();
  return (operations / (performance.now() - before)) * 1000;
}

function resident(): number {
  const text = readFileSync("/proc/self/smaps_rollup", "latin1");
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1]) * 1024;
}

function collect(): void {
  // biome-ignore lint/suspicious/noExplicitAny: Bun's global exists only there
  const bun = (globalThis as any).Bun;
  if (bun) bun.gc(true);
  else globalThis.gc?.();
}

if (process.argv[1]?.endsWith("embedded-child.ts")) {
  const order = JSON.parse(process.argv[2]) as EngineOrder;
  const result = await (order.engine === "open" ? measureOpen(order) : measureEngine(order));
  console.log(JSON.stringify(result));
}
