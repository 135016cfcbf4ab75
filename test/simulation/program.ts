// The program that has the database open: it calls methods and `call()`, in transactions that it
// commits or gives up, between the turns in which clients are served. Each value must be what the
// reference replies to the same words.

import assert from "node:assert/strict";
import { coreOf, type Database } from "../../src/embedded/database.ts";
import type { FsyncPolicy } from "../../src/persistence/log/log.ts";
import { LogError } from "../../src/persistence/log/log-error.ts";
import { ReplyError } from "../../src/protocol/reply-reader.ts";
import type { Words } from "../support/commands/all-commands.ts";
import { show } from "./clients.ts";
import { isSame, type Model, stateOf } from "./model.ts";
import type { Workload } from "./workload.ts";
import { type Chance, goneBy, type ProcessGone, type World } from "./world.ts";

/** Methods that take the command's words as they are, and how many at most. */
const METHODS: ReadonlyMap<string, number> = new Map(
  (
    "get 1 set 2 append 2 strlen 1 incr 1 incrby 2 decr 1 decrby 2 del 9 exists 9 type 1 " +
    "persist 1 ttl 1 pttl 1 rename 2 renamenx 2 lpush 9 rpush 9 lpop 1 rpop 1 llen 1 lindex 2 " +
    "lrange 3 linsert 4 lrem 3 ltrim 3 rpoplpush 2 hset 3 hget 2 hgetall 1 hdel 9 hlen 1 " +
    "hexists 2 hkeys 1 hvals 1 hmget 9 sadd 9 srem 9 scard 1 sismember 2 smembers 1 " +
    "smismember 9 smove 3"
  )
    .match(/\w+ \d/g)
    ?.map((entry) => [entry.slice(0, -2), Number(entry.slice(-1))]),
);

/** Not refused as a whole while writes are: PFCOUNT remembers nothing then, a script has begun. */
const GOES_ON = /^(pfcount|eval|evalsha|fcall)$/;

const TEXT = /^[\x20-\x7e]*$/;
const GIVEN_UP = new Error("the transaction is given up");

type Method = (...args: string[]) => unknown;

export class Program {
  readonly database: Database;
  readonly #model: Model;
  readonly #world: World;
  readonly #chance: Chance;
  readonly #workload: Workload;
  /** The last state that a call has made which returned; reads show what may not last. */
  #promised = 0;

  constructor(database: Database, model: Model, world: World, chance: Chance, workload: Workload) {
    this.database = database;
    this.#model = model;
    this.#world = world;
    this.#chance = chance;
    this.#workload = workload;
  }

  /** Calls one thing or another; what it did is promised when the program's callback returns. */
  step(): void {
    this.#model.catchUpAll();
    if (this.#chance.oneIn(4)) this.#transaction();
    else if (this.#chance.oneIn(5)) this.#multi();
    else for (let left = 1 + this.#chance.below(4); left > 0; left--) this.#call();
    const { log } = coreOf(this.database).engine;
    const state = this.#promised;
    // Behind the microtask that writes what the calls have changed.
    this.#world.microtask(() => log?.failure === null && this.#model.told(state, false));
  }

  /** A call has made a state and returned. */
  #promise(): void {
    this.#promised = this.#model.state;
    if (coreOf(this.database).engine.log?.policy === "always") {
      this.#model.told(this.#promised, true);
    }
  }

  /** Looks after the log: waits for it, or changes its policy. */
  tend(mayChange: boolean): void {
    if (mayChange && this.#chance.oneIn(2))
      this.#setPolicy(this.#chance.of(["always", "everysec"]));
    else if (this.#chance.oneIn(2)) this.#sync();
    else this.#awaitSync();
  }

  /** Has all that was done so far synced in the background. */
  #awaitSync(): void {
    this.#world.trace("program ▶ synced()");
    const { log } = coreOf(this.database).engine;
    if (log === null) return;
    const { state } = this.#model;
    const batch = log.requestSync();
    log.whenSynced({
      batch,
      synced: () => this.#model.told(state, true),
      failed: () => this.#chance.oneIn(2),
      lost: () => {},
    });
  }

  /** Waits for all that was done so far, by whomever, to be on the disk. */
  #sync(): void {
    this.#world.trace("program ▶ sync()");
    try {
      this.database.sync();
      this.#model.told(this.#model.state, true);
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
    }
  }

  #setPolicy(fsync: FsyncPolicy): void {
    this.#world.trace(`program ▶ appendfsync ${fsync}`);
    try {
      this.database.call("CONFIG", "SET", "appendfsync", fsync);
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error;
    }
  }

  #transaction(): void {
    const count = 1 + this.#chance.below(5);
    const givesUp = this.#chance.oneIn(2);
    const isDurable = this.#chance.oneIn(6);
    const what = `${givesUp ? ", given up" : ""}${isDurable ? ", durable" : ""}`;
    this.#world.trace(`program ▶ a transaction of ${count}${what}`);
    const { database: reference } = this.#model;
    const before = stateOf(reference);
    const states = this.#model.state;
    let isDone = false;
    let isWritten = true;
    let gone: ProcessGone | undefined;
    const work = (): void => {
      for (let i = 0; i < count; i++) this.#call();
      if (givesUp) throw GIVEN_UP;
      isDone = true;
    };
    // The reference goes along, call by call, in a transaction of its own.
    try {
      reference.transaction(() => {
        try {
          this.database.transaction(work, { durability: isDurable ? "sync" : undefined });
        } catch (error) {
          // Its end could not be written: it has been all the same, though nobody is told.
          if (!isDone) throw error;
          isWritten = false;
          gone = goneBy(error);
          if (gone === undefined && !(error instanceof LogError)) throw error;
        }
      });
    } catch (error) {
      if (error !== GIVEN_UP) throw error;
      const now = this.#world.nowMs();
      assert.ok(isSame(before, stateOf(this.database), now), "what is given up has never been");
      assert.ok(isSame(before, stateOf(reference), now), "nor in the reference");
      this.#model.unchanged();
    }
    this.#model.note();
    if (isWritten && this.#model.state > states) this.#promise();
    if (isWritten && isDurable && isDone) this.#model.told(this.#model.state, true);
    if (gone !== undefined) throw gone;
  }

  /** Queues methods and executes them: one state, or none. */
  #multi(): void {
    const model = this.#model;
    const queued: Words[] = [];
    while (queued.length < 3) {
      const words = this.#workload.command();
      if (methodOf(words) !== undefined) queued.push(words);
    }
    this.#world.trace(`program ▶ multi() ${queued.map((words) => show(words)).join(" | ")}`);
    const multi = this.database.multi();
    const methods = multi as unknown as Record<string, Method>;
    const nowMs = this.#world.nowMs();
    let mine: unknown;
    try {
      for (const words of queued) {
        (methods[methodOf(words) as string] as Method).apply(multi, words.slice(1));
      }
      mine = multi.exec();
    } catch (error) {
      // A word too few, or writes are refused: nothing of it has been.
      if (error instanceof ReplyError) return multi.discard();
      mine = error;
    }
    model.nowMs = nowMs;
    model.refusal = undefined;
    // Clients that wait are served when all of it has been done.
    const theirs = model.database.transaction(() => queued.map((words) => this.#outcomeOf(words)));
    model.nowMs = undefined;
    const { state } = model;
    model.note();
    const gone = goneBy(mine);
    if (gone !== undefined) throw gone;
    if (mine instanceof LogError) return;
    if (mine instanceof Error) throw mine;
    if (model.state > state) this.#promise();
    assert.deepEqual(plainOf(mine), theirs.map(plainOf), "program: multi()");
  }

  /** What the reference replies. */
  #outcomeOf(words: Words): unknown {
    try {
      return this.#callAny(this.#model.database, words);
    } catch (error) {
      if (error instanceof ReplyError) return error;
      throw error;
    }
  }

  #call(): void {
    const words = this.#workload.command();
    const name = (words[0] as string).toLowerCase();
    // Methods know nothing of the state that call() keeps between its calls.
    if (/^(multi|exec|discard|watch|unwatch|select|hello|reset|quit)x?$/.test(name)) return;
    const method = methodOf(words);
    this.#world.trace(`program ▶ ${method === undefined ? "" : "."}${show(words)}`);
    const nowMs = this.#world.nowMs();
    const goesOn = GOES_ON.test(name);
    const refusal = goesOn ? coreOf(this.database).services.writesRefused() : undefined;
    let mine: unknown;
    let gone: ProcessGone | undefined;
    try {
      mine = method === undefined ? this.#callAny(this.database, words) : this.#ask(method, words);
    } catch (error) {
      gone = goneBy(error);
      if (error instanceof LogError) mine = error;
      else if (error instanceof ReplyError || error instanceof TypeError) mine = error;
      else if (gone === undefined) throw error;
    }
    const isRefused = mine instanceof ReplyError && mine.message.startsWith("MISCONF");
    if (goesOn || !isRefused) {
      this.#model.nowMs = nowMs;
      this.#model.refusal = refusal;
      this.#follow(words, mine, gone === undefined);
      this.#model.nowMs = undefined;
    }
    if (gone !== undefined) throw gone;
  }

  #follow(words: Words, mine: unknown, compares: boolean): void {
    const model = this.#model;
    model.diskFailure = undefined; // PING would have been refused, and this was not
    const theirs = this.#outcomeOf(words);
    const { state } = model;
    if (!coreOf(model.database).inTransaction) model.note();
    if (compares && !(mine instanceof LogError) && model.state > state) this.#promise();
    if (!compares || mine instanceof LogError || mine instanceof TypeError) return;
    assert.deepEqual(plainOf(mine), plainOf(theirs), `program: ${show(words)}`);
  }

  #callAny(database: Database, words: Words): unknown {
    const [name, ...rest] = words.map((word) =>
      TEXT.test(word) ? word : Uint8Array.from(word, (each) => each.charCodeAt(0)),
    );
    return database.call(name as string, ...rest);
  }

  #ask(method: string, [, ...args]: Words): unknown {
    const methods = this.database as unknown as Record<string, Method>;
    return (methods[method] as Method).apply(this.database, args);
  }
}

/** The method that asks what the words ask, if they fit one. */
function methodOf(words: Words): string | undefined {
  const name = (words[0] as string).toLowerCase();
  const fits = words.length > 1 && words.length - 1 <= (METHODS.get(name) ?? 0);
  return fits && words.every((word) => TEXT.test(word)) ? name : undefined;
}

/** A value as it can be compared, whatever the way it came. */
function plainOf(value: unknown): unknown {
  if (value instanceof Error) return `error: ${value.message}`;
  if (value instanceof Map) return plainOf(Object.fromEntries(value));
  if (value instanceof Set) return [...value].map(plainOf);
  if (Array.isArray(value)) return value.map(plainOf);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("latin1");
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries.map(([key, each]) => [key, plainOf(each)]));
  }
  return value;
}
