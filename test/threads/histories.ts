// Random commands from several threads at once, and whether what they replied is linearizable.
//
// A history has some hundred operations on few keys: reads that take no lock beside writes that
// move what they look at, transactions, some of them rolled back, commands of two keys, and keys
// that are now of one type and now of another. When all threads are through, every key is read once
// more: what was lost or made up shows there at the latest.

import assert from "node:assert/strict";
import { Random } from "../../src/base/random.ts";
import { type Database, ReplyError } from "../../src/index.ts";
import { type Command, checkHistory, type Operation } from "../support/linearizability.ts";
import { sequentialModel } from "../support/sequential.ts";
import { type Crew, meet, type Seat, tick, Word, withCrew } from "./crew.ts";

const WORKERS = 4;
const OPERATIONS_MAX = 120;

/** What all threads of a history play by. */
interface Score {
  readonly seed: number;
  readonly workers: number;
  /** Whether the owner's thread plays too. */
  readonly ownerPlays: boolean;
  readonly players: number;
  readonly operations: number;
  /** Arrivals at the start of this history, together with those of all before it. */
  readonly arrivals: number;
}

const KEYS = ["a", "b", "c", "d"] as const;
/** Above the limits at which hashes, sets and lists change their encoding, now and then. */
const LONG = "x".repeat(100);

class Composer {
  readonly #random: Random;
  readonly #thread: number;
  #made = 0;

  constructor(seed: number, thread: number) {
    this.#random = new Random().seed(seed, thread + 1);
    this.#thread = thread;
  }

  below(n: number): number {
    return this.#random.below(n);
  }

  #pick<T>(of: readonly T[]): T {
    return of[this.#random.below(of.length)] as T;
  }

  /** A value that nobody else writes in this history. */
  #value(): string {
    const text = `${this.#thread}.${this.#made++}`;
    return this.below(8) === 0 ? text + LONG : text;
  }

  #values(): string[] {
    return Array.from({ length: 1 + this.below(this.below(10) === 0 ? 40 : 2) }, () =>
      this.#value(),
    );
  }

  /** A few names, so that threads meet there. */
  #name(): string {
    return `f${this.below(4)}`;
  }

  #end(): "LEFT" | "RIGHT" {
    return this.#pick(["LEFT", "RIGHT"]);
  }

  /** Most commands go to the keys of their type, the rest to any key. */
  command(): Command {
    const key = (own: string): string => (this.below(40) === 0 ? this.#pick(KEYS) : own);
    switch (this.below(12)) {
      case 0:
      case 1:
        return this.#string(key(this.#pick(["a", "a2"])));
      case 2:
        return this.#number(key("n"));
      case 3:
      case 4:
        return this.#list(key(this.#pick(["b", "b2"])));
      case 5:
      case 6:
        return this.#hash(key("c"));
      case 7:
      case 8:
        return this.#set(key(this.#pick(["d", "d2"])));
      case 9:
        return this.#pick<Command>([
          ["mset", "m1", this.#value(), "m2", this.#value()],
          ["mget", "m1", "m2"],
          ["rename", "m1", "m2"],
          ["del", "m1", "m2"],
        ]);
      default:
        return this.#number(this.#pick(["n", "n2", "n3"]));
    }
  }

  #string(key: string): Command {
    return this.#pick<Command>([
      ["set", key, this.#value()],
      ["set", key, this.#value()],
      ["get", key],
      ["get", key],
      ["append", key, this.#value()],
      ["setnx", key, this.#value()],
      ["getset", key, this.#value()],
      ["getdel", key],
      ["strlen", key],
      ["exists", key],
      ["type", key],
    ]);
  }

  #number(key: string): Command {
    return this.#pick<Command>([
      ["incr", key],
      ["incrby", key, -3],
      ["get", key],
      ["incr", key],
    ]);
  }

  #list(key: string): Command {
    const other = key === "b" ? "b2" : "b";
    return this.#pick<Command>([
      ["lpush", key, ...this.#values()],
      ["rpush", key, ...this.#values()],
      ["lpop", key],
      ["rpop", key],
      ["lrange", key, 0, -1],
      ["lrange", key, -3, -1],
      ["lindex", key, this.below(5) - 2],
      ["llen", key],
      ["lmove", key, other, this.#end(), this.#end()],
      ["type", key],
    ]);
  }

  #hash(key: string): Command {
    return this.#pick<Command>([
      ["hset", key, this.#name(), this.#value()],
      ["hset", key, ...this.#values().flatMap((value) => [`g${this.below(200)}`, value])],
      ["hget", key, this.#name()],
      ["hdel", key, this.#name(), this.#name()],
      ["hincrby", key, "count", 1],
      ["hgetall", key],
      ["hlen", key],
      ["del", key],
    ]);
  }

  #set(key: string): Command {
    const other = key === "d" ? "d2" : "d";
    return this.#pick<Command>([
      ["sadd", key, ...this.#values()],
      ["sadd", key, this.below(10), this.below(10)],
      ["srem", key, this.below(10)],
      ["sismember", key, this.below(10)],
      ["scard", key],
      ["smembers", key],
      ["spop", key],
      ["smove", key, other, this.below(10)],
      ["type", key],
    ]);
  }
}

/** Calls a command's method; an error that the database replies is a reply. */
function call(db: Database, [name, ...args]: Command): unknown {
  try {
    return (db[name as "get"] as (...words: unknown[]) => unknown)(...args);
  } catch (error) {
    if (!(error instanceof ReplyError)) throw error;
    return { error: error.code };
  }
}

class Undone extends Error {}

/** Executes several commands as one. */
function together(db: Database, commands: readonly Command[], takenBack: boolean): unknown[] {
  const replies: unknown[] = [];
  try {
    db.transaction(() => {
      for (const command of commands) replies.push(call(db, command));
      if (takenBack) throw new Undone();
    });
  } catch (error) {
    if (!(error instanceof Undone)) throw error;
  }
  return replies;
}

/** One thread's part of a history. */
export function play({ db, words, number }: Seat, score: Score): Operation[] {
  const composer = new Composer(score.seed, number);
  const operations: Operation[] = [];
  meet(words, score.arrivals);
  for (let i = 0; i < score.operations; i++) {
    const kind = composer.below(20);
    const count = kind < 2 ? 2 + composer.below(3) : 1;
    const commands = Array.from({ length: count }, () => composer.command());
    const takenBack = kind === 0;
    const calledAt = tick(words);
    const replies =
      count === 1 ? [call(db, commands[0] as Command)] : together(db, commands, takenBack);
    const returnedAt = tick(words);
    operations.push({ thread: number, commands, replies, calledAt, returnedAt, takenBack });
    // Now and then somebody is late, so that threads beyond the machine's cores come in between.
    if (composer.below(16) === 0) Atomics.wait(words, Word.stop, 0, 0.02);
  }
  return operations;
}

const READS: Readonly<Record<string, (key: string) => Command>> = {
  string: (key) => ["get", key],
  list: (key) => ["lrange", key, 0, -1],
  hash: (key) => ["hgetall", key],
  set: (key) => ["smembers", key],
  zset: (key) => ["zrange", key, 0, -1, "WITHSCORES"],
};

/** What every key holds in the end, read when nobody writes. */
function lastReads(db: Database, words: Int32Array): Operation[] {
  const keys = db.keys("*").sort();
  return [...keys, "a", "b", "c", "d", "n", "m1", "m2"].flatMap((key) => {
    const read = READS[db.type(key)]?.(key) ?? (["exists", key] as const);
    const calledAt = tick(words);
    const replies = [call(db, read)];
    return [{ thread: 99, commands: [read], replies, calledAt, returnedAt: tick(words) }];
  });
}

/** Plays histories, one for each seed from `from` on, while `goesOn`; the first bad one fails. */
export async function playHistories(
  from: number,
  goesOn: (played: number) => boolean,
): Promise<{ played: number; operations: number }> {
  let played = 0;
  let operations = 0;
  await withCrew(WORKERS, async (crew, db) => {
    let arrivals = 0;
    for (; goesOn(played); played++) {
      const score = scoreOf(from + played, arrivals);
      arrivals = score.arrivals;
      const history = await playOne(crew, db, score);
      operations += history.length;
      const { outcome, explanation } = checkHistory(sequentialModel, history);
      const { seed, players } = score;
      assert.equal(outcome, "linearizable", `history ${seed}, ${players} threads\n${explanation}`);
      if (played % 50 === 0) db.verify();
      db.flushall();
    }
  });
  return { played, operations };
}

function scoreOf(seed: number, arrivals: number): Score {
  const random = new Random().seed(seed);
  const workers = 1 + random.below(WORKERS);
  const ownerPlays = workers === 1 || random.below(2) === 0;
  const players = workers + (ownerPlays ? 1 : 0);
  const each = Math.ceil((20 + random.below(OPERATIONS_MAX)) / Math.sqrt(players));
  return { seed, workers, ownerPlays, players, operations: each, arrivals: arrivals + players };
}

async function playOne(crew: Crew, db: Database, score: Score): Promise<Operation[]> {
  const { words } = crew;
  const parts = Array.from({ length: score.workers }, (_, seat) =>
    crew.give<Operation[]>(seat, "history", score),
  );
  const own = score.ownerPlays ? play({ db, words, number: WORKERS }, score) : [];
  return [...own, ...(await Promise.all(parts)).flat(), ...lastReads(db, words)];
}
