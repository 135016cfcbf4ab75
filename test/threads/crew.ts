// A crew: worker threads on one database, which do the jobs of worker.ts together. The thread that
// has the crew may take a seat among them and do its part of a job itself.
//
// Beside the database they share some words: a clock that orders what all of them do, a flag that
// says when to stop, and a place where a job that may be killed says how far it has come.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { type Database, type FsyncPolicy, open } from "../../src/index.ts";
import type { JobName, Order } from "./worker.ts";

/** What a worker opens: a handle, or a directory. */
export type Opened = Parameters<typeof open>[0];

export const SEATS_MAX = 16;

export const Word = {
  /** Grows with each look at it. */
  clock: 0,
  /** How many have come to the start of a job, of all jobs so far. */
  arrived: 1,
  /** A job that goes on until it is told to stop ends when this is not 0. */
  stop: 2,
  /** From here on two words for each seat, which its job uses as it likes. */
  progress: 16,
} as const;

export function newWords(): Int32Array {
  return new Int32Array(new SharedArrayBuffer((Word.progress + 2 * SEATS_MAX) * 4));
}

/** What a job is given: the database in this thread, and who it is. */
export interface Seat {
  readonly db: Database;
  readonly words: Int32Array;
  readonly number: number;
}

/** A time that is later than all that were given before, to whichever thread. */
export function tick(words: Int32Array): number {
  return Atomics.add(words, Word.clock, 1);
}

/** Waits until so many have arrived here since the words were made: they then begin together. */
export function meet(words: Int32Array, arrivals: number): void {
  Atomics.add(words, Word.arrived, 1);
  Atomics.notify(words, Word.arrived);
  for (;;) {
    const arrived = Atomics.load(words, Word.arrived);
    if (arrived >= arrivals) return;
    Atomics.wait(words, Word.arrived, arrived, 1000);
  }
}

export class Crew {
  readonly words: Int32Array = newWords();
  readonly #opened: Opened;
  readonly #workers: Worker[] = [];

  constructor(opened: Opened, count: number) {
    this.#opened = opened;
    for (let seat = 0; seat < count; seat++) this.hire(seat);
  }

  get size(): number {
    return this.#workers.length;
  }

  /** Starts a worker for a seat that is free. */
  hire(seat: number): void {
    const { words } = this;
    const worker = new Worker(new URL("./worker.ts", import.meta.url), {
      workerData: { opened: this.#opened, words, seat },
    });
    worker.setMaxListeners(0);
    worker.on("error", () => {}); // whoever waits for it is told
    this.#workers[seat] = worker;
  }

  /** Has one worker do a job, and returns what the job returned. Rejects if its thread ends. */
  give<T>(seat: number, job: JobName, ...args: unknown[]): Promise<T> {
    const worker = this.#workers[seat] as Worker;
    return new Promise((resolve, reject) => {
      const ended = (): void => settle(() => reject(new ThreadEnded(seat)));
      const failed = (error: unknown): void => settle(() => reject(error));
      const told = (answer: { value: T } | { error: string }): void =>
        settle(() => ("error" in answer ? reject(new Error(answer.error)) : resolve(answer.value)));
      function settle(act: () => void): void {
        worker.off("exit", ended).off("error", failed).off("message", told);
        act();
      }
      worker.on("exit", ended).on("error", failed).on("message", told);
      worker.postMessage({ job, args } satisfies Order);
    });
  }

  /** Has all workers do a job at the same time. */
  all<T>(job: JobName, argsOf: (seat: number) => unknown[]): Promise<T[]> {
    return Promise.all(this.#workers.map((_, seat) => this.give<T>(seat, job, ...argsOf(seat))));
  }

  /** Ends a thread in the middle of whatever it does. */
  async kill(seat: number): Promise<void> {
    await this.#workers[seat]?.terminate();
  }

  stop(): void {
    Atomics.store(this.words, Word.stop, 1);
  }

  /** As before stop(). */
  goOn(): void {
    Atomics.store(this.words, Word.stop, 0);
  }

  /** Ends all of them, whatever they do. */
  async dismiss(): Promise<void> {
    this.stop();
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

/** The thread of a seat has ended before its job has. */
export class ThreadEnded extends Error {
  constructor(seat: number) {
    super(`the thread of seat ${seat} has ended`);
  }
}

let log: FsyncPolicy | undefined;

/** Databases have a log from here on, which must lead back to what they held. */
export function keepLog(policy: FsyncPolicy): void {
  log = policy;
}

/** A database, and a crew on it; afterwards every structure is looked at, and the log replayed. */
export async function withCrew(
  count: number,
  work: (crew: Crew, db: Database) => Promise<void>,
): Promise<void> {
  const directory = log === undefined ? undefined : mkdtempSync(join(tmpdir(), "tskeydb-test-"));
  const db = directory === undefined ? open() : open(directory, { fsync: log as FsyncPolicy });
  const crew = new Crew(db.share(), count);
  try {
    await crew.all("ready", () => []);
    await work(crew, db);
    db.verify();
  } catch (error) {
    // Whoever is still at work may end in the middle of a write: there is nothing to be closed.
    await crew.dismiss();
    throw error;
  }
  await crew.dismiss();
  const held = directory === undefined ? undefined : contentsOf(db);
  db.close();
  if (directory === undefined) return;
  const again = open(directory);
  assert.deepEqual(contentsOf(again), held, "what the log leads to");
  again.close();
  rmSync(directory, { recursive: true, force: true });
}

/** A time that does not pass while a crew is at work. */
export const FAR_MS = 10 ** 9;

/** The fields of a hash with their values and deadlines, but for those that expire meanwhile. */
function lastingFields(db: Database, key: string): unknown[] {
  const fields = Object.entries(db.hgetall(key)).sort();
  const deadlines = fields.map(([field]) => db.hpexpiretime(key, field)[0] as number);
  const soon = Date.now() + FAR_MS / 2;
  return fields
    .map(([field, value], i) => [field, value, deadlines[i] as number] as const)
    .filter(([, , deadline]) => deadline === -1 || deadline > soon);
}

/** A stream's entries, and what its groups have been delivered. */
function streamOf(db: Database, key: string): unknown {
  const groups = db.xinfo("groups", key) as unknown as { readonly name: string }[];
  const pending = groups.map(({ name }) =>
    db.xpending(key, name, { count: 1e6 }).map(({ id, consumer, deliveries }) => {
      return [id, consumer, deliveries];
    }),
  );
  return [db.xrange(key), groups, pending];
}

/** All keys and what they hold, but for what expires meanwhile. */
function contentsOf(db: Database): Map<string, unknown> {
  const contents = new Map<string, unknown>();
  for (const key of db.keys("*").sort()) {
    const type = db.ttl(key) === -1 ? db.type(key) : "none";
    if (type === "string") contents.set(key, db.get(key));
    else if (type === "list") contents.set(key, db.lrange(key, 0, -1));
    else if (type === "hash") {
      const fields = lastingFields(db, key);
      if (fields.length > 0) contents.set(key, fields);
    } else if (type === "stream") contents.set(key, streamOf(db, key));
    else if (type === "set") contents.set(key, db.smembers(key).sort());
    else if (type === "zset") contents.set(key, db.zrange(key, 0, -1, { withscores: true }));
  }
  return contents;
}
