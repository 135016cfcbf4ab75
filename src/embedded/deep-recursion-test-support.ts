// Calls from as deep a recursion as the engine allows, for tests: wherever the stack ends, a call
// has happened or it has not.

import type { Database } from "./database.ts";

/** Thrown in a transaction that is to be rolled back. */
class GivenUp extends Error {}

/** Writes of each kind; `n` says of what. */
export const writes: readonly ((db: Database, n: number) => unknown)[] = [
  (db, n) => db.set(`string${n % 50}`, "x".repeat(n % 300)),
  (db, n) => db.set(`string${n % 50}`, "y".repeat(n % 99), { ex: 10_000 }),
  (db, n) => db.setrange("range", (n * 37) % 5000, "z"),
  (db, n) => db.append("appended", "abc".repeat(n % 40)),
  (db, n) => db.incrbyfloat("number", n / 4),
  (db, n) => db.del(`string${n % 50}`, `string${(n + 7) % 50}`),
  (db, n) => db.hset("hash", `field${n % 900}`, "v".repeat(n % 80)),
  (db, n) => db.hset("large", ...fields(n)),
  (db, n) => db.hdel("hash", `field${(n * 31) % 900}`, `field${(n * 17) % 900}`),
  (db, n) => db.hincrby("hash", "count", n),
  (db, n) => db.rpush("list", "r".repeat(n % 200), n),
  (db, n) => db.lpush("list", ...numbers(n)),
  (db, n) => db.linsert("list", "BEFORE", `${n % 30}`, "inserted"),
  (db) => db.ltrim("list", 3, -3),
  (db) => db.lmove("list", "other", "LEFT", "RIGHT"),
  (db, n) => db.sadd("set", n, n * 7, `member${n % 100}`),
  (db, n) => db.srem("set", n - 9, `member${(n * 3) % 100}`),
  (db, n) => db.sadd(`numbers${n % 3}`, n % 700),
  (db) => db.sinterstore("both", "set", "numbers1"),
  (db, n) => db.copy("hash", `copy${n % 2}`, { replace: true }),
  (db, n) => db.del(`copy${n % 2}`),
  (db, n) => db.rename(`copy${n % 2}`, "renamed"),
  (db, n) => db.expire("hash", 1000 + n),
  (db, n) => db.transaction(() => several(db, n)),
  (db, n) => rolledBack(db, n),
  (db, n) =>
    db.transaction(() => {
      rolledBack(db, n);
      several(db, n);
    }),
  (db, n) => db.multi().incr("multi").rpush("list", n).exec(),
];

function fields(n: number): [string, string, ...string[]] {
  const words = [`a${n}`, "1"] as [string, string, ...string[]];
  for (let i = 0; i < 20; i++) words.push(`f${(n * 20 + i) % 3000}`, "v".repeat(i * 4));
  return words;
}

function numbers(n: number): [string, ...string[]] {
  return Array.from({ length: 1 + (n % 5) }, (_, i) => `${i}`) as [string, ...string[]];
}

function several(db: Database, n: number): void {
  db.set(`string${n % 50}`, n);
  db.hset("large", `f${n}`, "in a transaction");
  db.sadd("set", n, n + 1);
  db.rpush("list", "in a transaction");
  if (db.get(`string${n % 50}`) !== String(n)) throw new Error("it shows at once inside");
}

function rolledBack(db: Database, n: number): void {
  try {
    db.transaction(() => {
      several(db, n);
      db.ltrim("list", 1, -2);
      db.del("hash", "both");
      throw new GivenUp();
    });
  } catch (error) {
    if (!(error instanceof GivenUp)) throw error;
  }
}

/** Which writes happened, by what they were called with, and how many calls were refused. */
export interface Dived {
  readonly happened: number[];
  readonly refused: number;
}

/** Frames in which it is tried: more than the stack that a call asks for. */
const FRAMES_MAX = 4000;
/** Each descent ends when so many calls were made. */
const CALLS = 6;

/**
 * Descends to the end of the stack, and calls a write in each frame on the way back, `rounds` times
 * for each kind of write.
 */
export function dive(db: Database, rounds: number): Dived {
  const happened: number[] = [];
  let refused = 0;
  let n = 0;
  let left = 0;
  let made = 0;
  const act = (): void => {
    // As before, but with other values.
    n += writes.length;
    const write = writes[n % writes.length] as (db: Database, n: number) => unknown;
    try {
      write(db, n);
      made++;
      happened.push(n);
    } catch (error) {
      const isStack = error instanceof RangeError;
      // There was no such key: that is an outcome, too.
      const isOutcome = error instanceof Error && error.name === "ReplyError";
      if (isOutcome) happened.push(n);
      else if (!isStack) throw error;
      if (isOutcome) made++;
      else refused++;
    }
  };
  const descend = (depth: number): number => {
    try {
      return 1 + descend(depth + 1);
    } catch (error) {
      if (left-- > 0 && made < CALLS) act();
      throw error;
    }
  };
  /** Begins a little further down each time. */
  const shifted = (by: number): number => (by === 0 ? descend(0) : 1 + shifted(by - 1));
  for (let round = 0; round < rounds; round++) {
    for (let kind = 0; kind < writes.length; kind++) {
      n += (kind - (n % writes.length) + writes.length) % writes.length;
      left = FRAMES_MAX;
      made = 0;
      let ended: unknown;
      try {
        shifted(round % 23);
      } catch (error) {
        ended = error;
      }
      if (!(ended instanceof RangeError)) throw ended;
    }
  }
  return { happened, refused };
}

/** Executes the writes that happened. */
export function repeat(db: Database, happened: readonly number[]): void {
  for (const n of happened) {
    try {
      (writes[n % writes.length] as (db: Database, n: number) => unknown)(db, n);
    } catch (error) {
      if ((error as Error).name !== "ReplyError") throw error;
    }
  }
}
