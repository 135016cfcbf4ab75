// The database as a program holds it: every command as a method, and what only a program can have:
// transactions as functions, live views, listeners. `bytes` is the same with bytes as results.
// What it stands on is `core.ts`, and under that the class of the same name in `../database.ts`.

import { latin1Text } from "../base/bytes.ts";
import { DatabaseError } from "../base/database-error.ts";
import { needStack } from "../base/stack-room.ts";
import type { Session } from "../engine/session.ts";
import type { Recovery } from "../persistence/log/recovery.ts";
import type { ReplyValue } from "../protocol/reply-reader.ts";
import { ReplyError } from "../protocol/reply-reader.ts";
import { printable, type SharedDatabase } from "../threads/handle.ts";
import type { Core } from "./core.ts";
import { DurableMethods } from "./durable.ts";
import { ImmediateMethods } from "./immediate.ts";
import { inspection } from "./inspection.ts";
import {
  type MigrateOptions,
  type MigrationTarget,
  migrationOrder,
  sendAway,
} from "./migrating.ts";
import { Multi } from "./multi.ts";
import { checkOptions, demandsSync, type WriteOptions } from "./options.ts";
import { type FileUrl, fileOf } from "./place.ts";
import { bytesOf, Reader } from "./reader.ts";
import { wordsOf } from "./request.ts";
import { type RegisteredFunction, register, type Script, scriptOf } from "./scripts.ts";
import { type Listening, type ListenOptions, listen } from "./serving.ts";
import { share } from "./sharing.ts";
import { shortWays } from "./short-ways.ts";
import { type SnapshotOptions, snapshotOptionNames, takeSnapshot } from "./snapshots.ts";
import { textOf } from "./text.ts";
import { As, type Several, type Text, type Value, type Values } from "./values.ts";
import { HashView } from "./views/hashes.ts";
import { ListView } from "./views/lists.ts";
import { MembersView } from "./views/sets.ts";
import { SortedSetView } from "./views/sorted-sets.ts";
import { StreamView } from "./views/streams.ts";

/** What a transaction's function may return: anything but a promise. */
export type Synchronous<R> = R extends PromiseLike<unknown> ? never : R;

/** Hears a message and the channel that it was sent to. */
export type Subscriber<T extends Text> = (message: T, channel: T) => void;

export interface SubscribeOptions {
  /**
   * Called, in a microtask of its own, where messages were lost: others published so many while
   * this thread computed that more than 128 MiB waited for it. Those before came; later ones come.
   */
  readonly lost?: () => void;
}

/** Commands that make no sense over a connection without a socket, and what does. */
const methodsInstead: ReadonlyMap<string, string> = new Map([
  ["subscribe", "db.subscribe(channel, listener)"],
  ["unsubscribe", "the function that db.subscribe() returned"],
  ["psubscribe", "db.psubscribe(pattern, listener)"],
  ["punsubscribe", "the function that db.psubscribe() returned"],
  ["shutdown", "db.close()"],
  ["migrate", "await db.migrate(target, keys)"],
]);

const textReader = new Reader<string>(textOf, false);
const bytesReader = new Reader<Uint8Array>(bytesOf, true);

/** What a database stands on, for tests and for what belongs to this package. */
// biome-ignore lint/suspicious/noExplicitAny: of whatever texts
export let coreOf: (db: Database<any>) => Core;

export class Database<T extends Text = string> extends ImmediateMethods<T> {
  readonly #core: Core;
  readonly #db: number;
  readonly #reader: Reader<T>;
  #callSession: Session | undefined;
  #bytes: Database<Uint8Array> | undefined;
  #durable: DurableMethods<T> | undefined;

  static {
    coreOf = (db) => db.#core;
  }

  /** Use open(). */
  constructor(core: Core, db: number, reader: Reader<T>) {
    super(core, db, reader);
    this.#core = core;
    this.#db = db;
    this.#reader = reader;
  }

  // Other faces of the same database

  /** The same database with Uint8Arrays as results: `db.bytes.get("key")`. */
  get bytes(): Database<Uint8Array> {
    this.#bytes ??= new Database(this.#core, this.#db, bytesReader);
    return this.#bytes;
  }

  /**
   * The same methods, each of which returns when what it wrote is on the disk, whatever `fsync` is:
   * `db.durable.rpush("orders", order)`. They throw LogError where that cannot be, and
   * DatabaseError (`NO_LOG`) in a database in memory.
   */
  get durable(): DurableMethods<T> {
    this.#durable ??= new DurableMethods(this.#core, this.#db, this.#reader);
    return this.#durable;
  }

  /** The numbered database `index` (0 to 15, unless `databases` says more): what SELECT selects. */
  database(index: number): Database<T> {
    const { databases } = this.#core.keyspace;
    if (!Number.isInteger(index)) {
      throw new TypeError(`database(): a number from 0 to ${databases - 1}, not ${typeof index}`);
    }
    if (index < 0 || index >= databases) {
      throw new RangeError(`there is no database ${index}: they are 0 to ${databases - 1}`);
    }
    return new Database(this.#core, index, this.#reader);
  }

  /** The number of this database. */
  get index(): number {
    return this.#db;
  }

  /** The data directory, as an absolute path, or undefined for a database in memory. */
  get path(): string | undefined {
    return this.#core.path === "" ? undefined : this.#core.path;
  }

  /** What was found in the log when it was opened; undefined for a database in memory. */
  get recovery(): Recovery | undefined {
    return this.#core.engine.recovery;
  }

  // Any command

  /**
   * Any command by its words: `db.call("OBJECT", "ENCODING", "key")`. Throws ReplyError where the
   * reply is an error. It speaks as over a connection of its own: SELECT, MULTI and WATCH hold for
   * what is called later in this way.
   */
  call(...words: [name: string, ...args: Value[]]): ReplyValue {
    const core = this.#core;
    core.check();
    if (words.length === 0) throw new TypeError("call(): the command's name is missing");
    const instead = methodsInstead.get(String(words[0]).toLowerCase());
    if (instead !== undefined) {
      throw new DatabaseError("CALL", `call("${String(words[0])}"): use ${instead} instead`);
    }
    this.#callSession ??= this.#newCallSession();
    core.request.beginAny();
    for (const word of words) core.request.add(word);
    const at = core.execute(this.#callSession);
    if (core.reply.length === at) return null; // CLIENT REPLY OFF
    const value = this.#reader.readAny(As.value, core.reply.bytes, at) as ReplyValue;
    core.truncate(at);
    if (value instanceof ReplyError) throw value;
    return value;
  }

  #newCallSession(): Session {
    const session = this.#core.newSession();
    session.db = this.#db;
    return session;
  }

  // Transactions

  /**
   * Calls `work`, and what it does counts as a whole: its writes show at once inside, and if it
   * throws, every one of them is taken back and the error goes on. They reach the log together.
   * Inside another transaction it is a part of that one which can fail by itself. `work` must be
   * synchronous. With `durability: "sync"` the call returns when all of it is on the disk, whatever
   * `fsync` is, and throws LogError where that cannot be.
   */
  transaction<R>(work: () => Synchronous<R>, options?: WriteOptions): R {
    return this.#core.transaction(work as () => R, demandsSync("transaction", options));
  }

  /** Begins to queue commands: `db.multi().incr("a").get("b").exec()`. */
  multi(): Multi<T> {
    this.#core.check();
    return new Multi(this.#core, this.#db, this.#reader, []);
  }

  /**
   * As multi(), and its exec() does nothing and returns null if one of the keys is changed before:
   * `const multi = db.watch("stock"); … multi.decr("stock").exec()`. Where neither exec() nor
   * discard() may be reached, hold it with `using`.
   */
  watch(...keys: Values): Multi<T> {
    this.#core.check();
    return new Multi(this.#core, this.#db, this.#reader, wordsOf(keys));
  }

  // Scripts

  /**
   * A Lua script that is called like a function, with its keys and its arguments:
   * `const take = db.script<number>("…"); take("stock", 3)`. It is compiled once, and what is sent
   * is its digest. Throws ReplyError where it cannot be compiled.
   */
  script<V = ReplyValue>(source: string): Script<V> {
    return scriptOf<V>(source, {
      evalsha: (digest, keys, args) => this.evalsha<V>(digest, keys, args),
      load: (text) => this.ask<string>(As.value, "script", "load", text),
    });
  }

  /**
   * Loads a library of functions in Lua, in the place of one of the same name; returns that name.
   * The database keeps it, and everybody may call its functions: `db.fcall(name, keys, args)`.
   */
  defineFunction(library: string): string {
    return this.ask<string>(As.value, "function", "load", "replace", library);
  }

  /**
   * Registers a function of this program, which every client then calls by FCALL:
   * `db.register("take", (keys, args) => db.incrby(keys[0], -args[0]))`. Its keys and arguments are
   * texts; what it returns is the reply, and what it throws an error. Nothing comes in between what
   * it does, and all of it reaches the log as one. It must be synchronous. Returns what ends that.
   * To be called in the thread that has opened the database.
   */
  register(name: string, work: RegisteredFunction): () => void {
    return register(this.#core, name, work);
  }

  // Views

  /** A live view of the hash at a key. */
  hash(key: Value): HashView<T> {
    return new HashView(this.#core, this.#db, key, this.#reader.text);
  }

  /** A live view of the list at a key. */
  list(key: Value): ListView<T> {
    return new ListView(this.#core, this.#db, key, this.#reader.text);
  }

  /** A live view of the set at a key. */
  members(key: Value): MembersView<T> {
    return new MembersView(this.#core, this.#db, key, this.#reader.text);
  }

  /** A live view of the sorted set at a key. */
  sortedSet(key: Value): SortedSetView<T> {
    return new SortedSetView(this.#core, this.#db, key, this.#reader.text);
  }

  /** A live view of the stream at a key, which can also wait for entries: see its read(). */
  stream(key: Value): StreamView<T> {
    return new StreamView(this.#core, this.#db, key, this.#reader);
  }

  // Elsewhere

  /**
   * Moves keys, one or several, to another server, ours or Redis: `await db.migrate({ port: 7002 },
   * ["a", "b"])`. The promise is fulfilled when that has them, with false if none of them is here.
   * Those that it has taken are deleted here together, but for keys that were changed on the way:
   * they stay, and it rejects with ReplyError (`CHANGED`). It rejects with ReplyError as well where
   * the server refuses (`ERR`) or does not answer (`IOERR`).
   */
  async migrate(
    target: MigrationTarget,
    keys: Several,
    options: MigrateOptions = {},
  ): Promise<boolean> {
    const core = this.#core;
    core.check();
    if (core.inTransaction) {
      throw new DatabaseError("TRANSACTION", "migrate() cannot wait inside a transaction");
    }
    const copies = wordsOf([keys]).map((key) => core.request.copyOf(key));
    return sendAway(core, migrationOrder(this.#db, copies, target, options));
  }

  // Messages

  /**
   * Calls `listener` with each message that is sent to a channel, in a microtask of its own;
   * returns what ends that.
   */
  subscribe(channel: Value, listener: Subscriber<T>, options?: SubscribeOptions): () => void {
    return this.#listen(false, channel, listener, options);
  }

  /** As subscribe, for all channels that match a glob pattern. */
  psubscribe(pattern: Value, listener: Subscriber<T>, options?: SubscribeOptions): () => void {
    return this.#listen(true, pattern, listener, options);
  }

  #listen(
    isPattern: boolean,
    to: Value,
    listener: Subscriber<T>,
    { lost }: SubscribeOptions = {},
  ): () => void {
    this.#core.check();
    if (typeof listener !== "function") {
      throw new TypeError("subscribe(): the listener is a function of (message, channel)");
    }
    if (lost !== undefined && typeof lost !== "function") {
      throw new TypeError("subscribe(): the option lost is a function without arguments");
    }
    const bytes = this.#core.request.copyOf(to);
    const name = latin1Text(bytes, 0, bytes.length);
    const { text } = this.#reader;
    let active = true;
    const core = this.#core;
    const hear = (message: Uint8Array, channel: Uint8Array): void => {
      // A message may have been on its way when the subscription ended.
      if (!active) return;
      listener(text(message, 0, message.length), text(channel, 0, channel.length));
    };
    let end = (): void => {};
    // Other threads hear of it.
    core.engine.turn(() => {
      const { pubsub } = core.context;
      if (!pubsub.hasRoom(bytes.length, 1)) {
        const text = `a name of ${bytes.length} bytes is too long for all threads to know of it`;
        throw new DatabaseError("THREAD", text);
      }
      end = pubsub.listen(isPattern, name, hear, lost);
    });
    return () => {
      active = false;
      if (core.closed) return;
      needStack();
      core.engine.turn(end);
    };
  }

  /**
   * Serves the database to Redis clients, beside the program that has it open:
   * `await db.listen({ port: 7001 })`. Rejects with a PlatformError (EADDRINUSE …) where the
   * address cannot be had. close() of the database ends it as well.
   */
  listen(options: ListenOptions = {}): Promise<Listening> {
    return listen(this.#core, options);
  }

  // Threads

  /**
   * What another thread of this process attaches by: hand it over by `workerData` or `postMessage`,
   * and `open(shared)` there is this very database. The same each time; see docs/threads.md.
   */
  share(): SharedDatabase {
    return printable(share(this.#core));
  }

  // The log and the end

  /**
   * Returns when every write so far is on the disk, whatever `fsync` is; throws LogError where that
   * cannot be.
   */
  sync(): void {
    this.#core.sync();
  }

  /**
   * A promise that is fulfilled when every write so far is on the disk, whatever `fsync` is: the
   * sync runs on another thread, and who asks meanwhile shares the next one. Rejects with LogError
   * where the log cannot be written, with DatabaseError (`NO_LOG`) for a database in memory.
   */
  synced(): Promise<void> {
    return this.#core.synced();
  }

  /**
   * Rewrites the log: what it holds is replaced by a snapshot of the data, and the promise is
   * fulfilled when that is on the disk and the old files are gone. It happens in slices between
   * other events, and by itself when the log has grown (`auto-aof-rewrite-percentage`). Rejects
   * with LogError (`LOG_REWRITE`) where it could not be done: then the log goes on as it was.
   */
  compact(): Promise<void> {
    return this.#core.compact();
  }

  /**
   * Writes all numbered databases, as they are now, into an RDB file, which Redis reads as well. It
   * happens in slices between other events, and what is written meanwhile is not in it. The promise
   * is fulfilled when the file is on the disk; until then one that was at `path` stays there.
   * Inside a transaction, or while another snapshot is being written, it begins after that. Rejects
   * with DatabaseError (`SNAPSHOT`) where it could not be done.
   */
  async snapshot(path: string | FileUrl, options: SnapshotOptions = {}): Promise<void> {
    checkOptions("snapshot", options, snapshotOptionNames);
    const { progress = () => {} } = options;
    if (typeof progress !== "function") {
      throw new TypeError("snapshot(): progress is a function of two numbers");
    }
    this.#core.check();
    await takeSnapshot(this.#core.engine, fileOf("snapshot", path), progress);
  }

  /**
   * Looks at every key and all that it holds, and throws DatabaseError (`DAMAGED`) where something
   * contradicts itself. A million keys take about a second.
   */
  verify(): void {
    this.#core.verify();
  }

  /** Whether the last close() has been called. */
  get closed(): boolean {
    return this.#core.closed;
  }

  /**
   * Closes the database: the log is written, synced and closed, and memory given back. Where a path
   * was opened several times, the last close() does it.
   */
  close(): void {
    this.#core.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  [inspection](): string {
    const path = this.path === undefined ? "undefined" : JSON.stringify(this.path);
    return `Database { path: ${path}, index: ${this.#db} }`;
  }
}

/** The database of a core, with texts. */
export function databaseOf(core: Core): Database {
  core.counted = shortWays(core);
  return new Database(core, 0, textReader);
}
