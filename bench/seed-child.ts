// One mode of the seed's benchmark, in a process of its own: four clients of the embedded API, each
// with its own keys, 10,000 operations a client, taking turns call by call.
//
// As in the seed, each client pushes, sets or adds 10,000 distinct elements to one list, hash or set
// of its own, and HMGET asks for ten fields (there: one to twenty). LRANGE there copies the
// references of the first hundred elements; here it makes strings, of ten elements, of a hundred
// and of one, and the live view makes none but what is asked for.
//
// Throughput comes from runs without a timer in the loop, latency from other runs that time each
// call, one by one; the timer's own cost, measured beside it, is taken off. (Both runtimes' timers
// go in steps of 10 ns here, and take 30 to 40.) The 40,000 keys are made beforehand, and a turn's
// are read before its calls are timed: in a program a key is at hand that a call is made with, and
// in the seed, to go by its throughputs beside its averages, fields and members are made between
// the timed calls. Ten rounds go before those that count: the seed's interpreter is as fast from
// the beginning as it ever gets, while the last stage of Bun's compiler comes after some 300,000
// calls of one method. The log of a mode that does not sync each call is written when a turn of the
// event loop ends, so the loop ends its turn after every 1,000 calls, and the clock stops after the
// last turn's write.
//
// Copies of whole collections, which the seed does not have, come in rounds of their own after all
// others: behind the 20,000 strings of each, what is collected and where new strings are put makes
// every later call that returns a string take up to twice as long on Bun.

import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Database, loadDatabase, type Multi } from "./embedded-api.ts";
import { median, percentile } from "./statistics.ts";

export const CLIENTS = 4;

/**
 * `together`: as `always`, with the four clients' calls of a turn in one MULTI … EXEC. `threads` and
 * `threads-always`: as `no` and `always`, by four threads (seed-threads.ts).
 */
export type SeedMode = "no" | "everysec" | "always" | "together" | "threads" | "threads-always";

export interface SeedOrder {
  mode: Exclude<SeedMode, "threads" | "threads-always">;
  operationsPerClient: number;
  rounds: number;
  module: string;
}

export interface SeedFigure {
  operation: string;
  perSecond: number;
  averageUs: number;
  p95Us: number;
}

export interface SeedResult {
  figures: SeedFigure[];
  /** A bare write of 70 bytes and fdatasync on the same disk, the median: what no sync can beat. */
  bareSyncUs: number;
}

export interface Operation {
  readonly name: string;
  /** `copy`: a read of a whole collection, of which one in 200 calls is made. */
  readonly kind: "write" | "read" | "copy";
  readonly call: (client: number, index: number) => unknown;
  /** The same as part of a MULTI … EXEC; writes have it. */
  readonly queue: ((multi: Multi, client: number, index: number) => unknown) | undefined;
}

/** The words of all calls, made once, so that no round collects what an earlier one left. */
export function wordsOf(perClient: number) {
  const numbers = Array.from({ length: perClient }, (_, index) => index);
  const clients = Array.from({ length: CLIENTS }, (_, client) => client);
  const text = (prefix: string, value: number | string) => {
    return Buffer.from(`${prefix}${value}`, "latin1").toString("latin1");
  };
  const keys = clients.map((client) => numbers.map((n) => text(`key:${client}:`, n)));
  const values = numbers.map((n) => text("value:", n));
  const fields = numbers.map((n) => text("field:", n));
  const several = (count: number) =>
    numbers.map((n) => numbers.slice(0, count).map((i) => fields[(n + i) % perClient]));
  const tens = several(10);
  const threes = several(3);
  const members = numbers.map((n) => text("member:", n));
  const list = clients.map((client) => text("list:", client));
  const hash = clients.map((client) => text("hash:", client));
  const set = clients.map((client) => text("set:", client));
  const all = [...keys, values, fields, members];
  return { keys, values, fields, tens, threes, members, list, hash, set, all };
}

export type Words = ReturnType<typeof wordsOf>;

export function operations(db: Database, words: Words): Operation[] {
  const { keys, values, fields, tens, threes, members, list, hash, set } = words;
  const write = (name: string, call: Operation["call"], queue: Operation["queue"]) => {
    return { name, kind: "write" as const, call, queue };
  };
  const read = (name: string, call: Operation["call"], kind: "read" | "copy" = "read") => {
    return { name, kind, call, queue: undefined };
  };
  return [
    write(
      "SET",
      (c, i) => db.set(keys[c][i], values[i]),
      (m, c, i) => m.set(keys[c][i], values[i]),
    ),
    read("GET", (c, i) => db.get(keys[c][i])),
    write(
      "LPUSH",
      (c, i) => db.lpush(list[c], values[i]),
      (m, c, i) => m.lpush(list[c], values[i]),
    ),
    write(
      "RPUSH",
      (c, i) => db.rpush(list[c], values[i]),
      (m, c, i) => m.rpush(list[c], values[i]),
    ),
    write(
      "LPOP",
      (c) => db.lpop(list[c]),
      (m, c) => m.lpop(list[c]),
    ),
    read("LRANGE", (c) => db.lrange(list[c], 0, 9)),
    read("LRANGE, a hundred elements", (c) => db.lrange(list[c], 0, 99)),
    read("LRANGE, one element", (c) => db.lrange(list[c], 0, 0)),
    read("LRANGE, live view", (c) => db.list(list[c]).at(0)),
    write(
      "HSET",
      (c, i) => db.hset(hash[c], fields[i], values[i]),
      (m, c, i) => m.hset(hash[c], fields[i], values[i]),
    ),
    read("HGET", (c, i) => db.hget(hash[c], fields[i])),
    read("HMGET", (c, i) => db.hmget(hash[c], ...tens[i])),
    read("HMGET, three fields", (c, i) => db.hmget(hash[c], ...threes[i])),
    read("HGETALL, live view", (c) => db.hash(hash[c]).size),
    read("HGETALL, copy", (c) => db.hgetall(hash[c]), "copy"),
    write(
      "HDEL",
      (c, i) => db.hdel(hash[c], fields[i]),
      (m, c, i) => m.hdel(hash[c], fields[i]),
    ),
    write(
      "SADD",
      (c, i) => db.sadd(set[c], members[i]),
      (m, c, i) => m.sadd(set[c], members[i]),
    ),
    read("SISMEMBER", (c, i) => db.sismember(set[c], members[i])),
    read("SMEMBERS, live view", (c) => db.members(set[c]).size),
    read("SMEMBERS, copy", (c) => db.smembers(set[c]), "copy"),
    read("SCARD", (c) => db.scard(set[c])),
    write(
      "SREM",
      (c, i) => db.srem(set[c], members[i]),
      (m, c, i) => m.srem(set[c], members[i]),
    ),
  ];
}

/** Rounds before those that count. */
const WARM_UP = 10;

/** What makes the collections that copies are made of. */
const FILLS: ReadonlySet<string> = new Set(["HSET", "SADD"]);

const TURN = 250; // calls of each client in one turn of the event loop

/** Given every result, so that no compiler can leave a call out as useless. */
export let sink: unknown;

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Runs all calls untimed; gives operations per second. */
async function throughput(operation: Operation, perClient: number): Promise<number> {
  const before = performance.now();
  await runCalls(operation, perClient, ALL_CLIENTS);
  return ((perClient * CLIENTS) / (performance.now() - before)) * 1000;
}

const ALL_CLIENTS = Array.from({ length: CLIENTS }, (_, client) => client);

/** Runs all calls of some clients, who take turns. */
export async function runCalls(
  operation: Operation,
  perClient: number,
  clients: readonly number[],
): Promise<void> {
  const call = operation.call;
  for (let index = 0; index < perClient; index++) {
    for (let i = 0; i < clients.length; i++) sink = call(clients[i], index);
    if (index % TURN === TURN - 1) await endOfTurn();
  }
  await endOfTurn();
}

/** Times each call of some clients; microseconds, the timer's own cost taken off. */
export async function latencies(
  operation: Operation,
  words: Words,
  perClient: number,
  clients: readonly number[] = ALL_CLIENTS,
): Promise<Float64Array> {
  const call = operation.call;
  const overheadUs = timerUs();
  const times = new Float64Array(perClient * clients.length);
  for (let index = 0; index < perClient; index++) {
    if (index % TURN === 0) sink = readWords(words, index);
    for (let i = 0; i < clients.length; i++) {
      const before = performance.now();
      sink = call(clients[i], index);
      const us = (performance.now() - before) * 1000 - overheadUs;
      times[index * clients.length + i] = Math.max(0, us);
    }
    if (index % TURN === TURN - 1) await endOfTurn();
  }
  await endOfTurn();
  return times;
}

/** Reads the words of the turn that begins with `index`, which brings them into the cache. */
function readWords(words: Words, index: number): number {
  let read = 0;
  for (const list of words.all) {
    for (let i = index; i < index + TURN; i++) read += list[i]?.charCodeAt(0) ?? 0;
  }
  return read;
}

/** Times each MULTI … EXEC of the four clients' calls: each of them waits for all four. */
async function latenciesTogether(
  db: Database,
  operation: Operation,
  perClient: number,
): Promise<Float64Array> {
  const queue = operation.queue as NonNullable<Operation["queue"]>;
  const times = new Float64Array(perClient * CLIENTS);
  for (let index = 0; index < perClient; index++) {
    const before = performance.now();
    const multi = db.multi();
    for (let client = 0; client < CLIENTS; client++) queue(multi, client, index);
    sink = multi.exec();
    const us = (performance.now() - before) * 1000;
    times.fill(us, index * CLIENTS, (index + 1) * CLIENTS);
  }
  await endOfTurn();
  return times;
}

/** What two calls of the timer take, one behind the other: the median of batches. */
function timerUs(): number {
  const turns = 1000;
  const batches = Array.from({ length: 21 }, () => {
    const before = performance.now();
    let last = before;
    for (let turn = 0; turn < turns; turn++) last = performance.now();
    return ((last - before) * 1000) / turns;
  });
  return median(batches);
}

/** Figures of all rounds by operation. */
export class Book {
  readonly #rates = new Map<string, number[]>();
  readonly #averages = new Map<string, number[]>();
  readonly #p95s = new Map<string, number[]>();

  rate(operation: string, perSecond: number): void {
    add(this.#rates, operation, perSecond);
  }

  latencies(operation: string, times: Float64Array): void {
    add(this.#averages, operation, times.reduce((sum, us) => sum + us, 0) / times.length);
    add(this.#p95s, operation, percentile(times, 0.95));
  }

  figures(): SeedFigure[] {
    return [...this.#rates.keys()].map((operation) => ({
      operation,
      perSecond: median(this.#rates.get(operation) ?? []),
      averageUs: median(this.#averages.get(operation) ?? []),
      p95Us: median(this.#p95s.get(operation) ?? []),
    }));
  }
}

function add(map: Map<string, number[]>, operation: string, value: number): void {
  const list = map.get(operation);
  if (list) list.push(value);
  else map.set(operation, [value]);
}

function callsOf(operation: Operation, order: SeedOrder): number {
  const { operationsPerClient } = order;
  return operation.kind === "copy" ? Math.ceil(operationsPerClient / 200) : operationsPerClient;
}

/** Untimed and timed rounds take turns, each on a new database; the first ones only warm up. */
async function unsyncedRounds(order: SeedOrder, directory: string, book: Book): Promise<void> {
  const fsync = order.mode === "everysec" ? "everysec" : "no";
  const { open } = await loadDatabase(order.module);
  const words = wordsOf(order.operationsPerClient);
  const run = async (operation: Operation, round: number, counts: boolean) => {
    const calls = callsOf(operation, order);
    if (round % 2 === 0) {
      const perSecond = await throughput(operation, calls);
      if (counts) book.rate(operation.name, perSecond);
    } else {
      const times = await latencies(operation, words, calls);
      if (counts) book.latencies(operation.name, times);
    }
  };
  const rounds = async (warmUp: number, chosen: (operation: Operation) => boolean) => {
    for (let round = -warmUp; round < order.rounds * 2; round++) {
      const path = join(directory, `round${round}`);
      const db = open(path, { fsync });
      for (const operation of operations(db, words)) {
        if (chosen(operation)) await run(operation, round, round >= 0);
        else if (FILLS.has(operation.name)) await run(operation, round, false);
      }
      db.close();
      rmSync(path, { recursive: true, force: true });
    }
  };
  await rounds(WARM_UP, ({ kind }) => kind !== "copy");
  if (order.mode === "no") await rounds(2, ({ kind }) => kind === "copy");
}

/**
 * One round: writes take the disk's time and not a compiler's, so that one timed pass gives both
 * figures. Reads change nothing, and are repeated as elsewhere.
 */
async function syncedRound(order: SeedOrder, directory: string, book: Book): Promise<void> {
  const { open } = await loadDatabase(order.module);
  const db = open(join(directory, "synced"), { fsync: "always" });
  const words = wordsOf(order.operationsPerClient);
  for (const operation of operations(db, words)) {
    const calls = callsOf(operation, order);
    if (operation.kind === "write") {
      const before = performance.now();
      const times =
        order.mode === "together"
          ? await latenciesTogether(db, operation, calls)
          : await latencies(operation, words, calls);
      book.rate(operation.name, times.length / ((performance.now() - before) / 1000));
      book.latencies(operation.name, times);
    } else if (order.mode === "always" && operation.kind === "read") {
      for (let round = -WARM_UP / 2; round < order.rounds; round++) {
        const perSecond = await throughput(operation, calls);
        const times = await latencies(operation, words, calls);
        if (round < 0) continue;
        book.rate(operation.name, perSecond);
        book.latencies(operation.name, times);
      }
    }
  }
  db.close();
}

async function benchmark(order: SeedOrder): Promise<SeedResult> {
  const directory = mkdtempSync(join(tmpdir(), "tskeydb-bench-"));
  const book = new Book();
  try {
    const bareSyncUs = bareSync(directory);
    const synced = order.mode === "always" || order.mode === "together";
    await (synced ? syncedRound : unsyncedRounds)(order, directory, book);
    return { figures: book.figures(), bareSyncUs };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What one write of a short record and its way to the disk cost without any database. */
export function bareSync(directory: string): number {
  const file = openSync(join(directory, "bare"), "w");
  const record = new Uint8Array(70);
  const times: number[] = [];
  for (let turn = 0; turn < 500; turn++) {
    const before = performance.now();
    writeSync(file, record);
    fdatasyncSync(file);
    times.push((performance.now() - before) * 1000);
  }
  closeSync(file);
  return median(times);
}

if (process.argv[1]?.endsWith("seed-child.ts")) {
  const result = await benchmark(JSON.parse(process.argv[2]) as SeedOrder);
  console.log(JSON.stringify(result));
}
