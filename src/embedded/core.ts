// One open database as the embedded API sees it: requests are written here, executed, and followed
// by whatever must follow (the log, timers, clients that wait); transactions are kept here. The
// objects that a program holds (a Database, its `bytes`, its views) all stand on one Core.
//
//   ask ─▶ request ─▶ run ─▶ executor ─▶ reply bytes ─▶ reader ─▶ value
//                      └─▶ settle: waiting clients, timers, the log
//
// Replies are written behind whatever the reply writer holds and taken out again, since a server
// on the same database gathers the replies of its turn there.
//
// The log: with `always` a call returns when its batch is on the disk; otherwise the batch is
// written when the program's running callback returns, before any other I/O. Inside a transaction
// neither happens until its end.

import { DatabaseError, damaged } from "../base/database-error.ts";
import { lockNeeded } from "../base/lock-needed.ts";
import { needStack } from "../base/stack-room.ts";
import type { Database as Engine } from "../database.ts";
import type { CallTimer } from "../engine/call-timer.ts";
import { type CompiledCommand, Flag } from "../engine/command.ts";
import type { Context } from "../engine/context.ts";
import type { Executor } from "../engine/executor.ts";
import { Session } from "../engine/session.ts";
import type { ProcessServices } from "../host/services.ts";
import { mayExpire } from "../keyspace/expiry.ts";
import { Counter } from "../keyspace/figures.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import { Verification } from "../keyspace/verification.ts";
import type { Log } from "../persistence/log/log.ts";
import type { Timer } from "../platform/platform.ts";
import { wrongArity } from "../protocol/errors.ts";
import { ReplyCursor, ReplyError } from "../protocol/reply-reader.ts";
import type { ReplyWriter } from "../protocol/reply-writer.ts";
import { Inside } from "../threads/control.ts";
import type { SharedDatabase } from "../threads/handle.ts";
import type { Member } from "../threads/member.ts";
import { Attempt } from "./attempt.ts";
import { compact } from "./compaction.ts";
import { Request } from "./request.ts";
import { comeAfterScript, enterAfterScript, onParked } from "./script-limit.ts";
import { notWritten, SyncPromises, withoutLog } from "./sync-promises.ts";
import { asynchronous, EmbeddedTransaction, isThenable } from "./transaction.ts";
import type { Value } from "./values.ts";

/** Bytes of one turn that are written before the turn ends. */
const OPEN_BYTES_MAX = 1 << 20;
/** A reply writer that has grown beyond this is given a small buffer again. */
const REPLY_BYTES_MAX = 1 << 20;
const REPLY_BYTES_SMALL = 16 * 1024;
/** So many lookups go by one asking for the time, if no deadline depends on it. */
const LOOKUPS_AT_ONE_TIME = 256;
const CLOCK_STALE_MS = 500;
const MINUS = 0x2d;
/** A process that ends waits so long for another thread that has the lock. */
const EXIT_WAIT_MS = 1000;
/** Reads are tried so often without the lock. */
const READ_TRIES = 3;
/** Their replies are no longer: what torn bytes may have it write is bounded, too. */
const UNLOCKED_REPLY_MAX = 64 << 20;

const cursor = new ReplyCursor();

export class Core {
  readonly engine: Engine;
  readonly services: ProcessServices;
  /** Whether the clock goes by itself, and is not the program's. */
  readonly clockIsReal: boolean;
  /** What the database's path is called, or "" for one in memory. */
  readonly path: string;
  readonly executor: Executor;
  readonly timer: CallTimer;
  readonly context: Context;
  readonly keyspace: Keyspace;
  readonly reply: ReplyWriter;
  readonly request: Request = new Request();
  /** Of reading without the lock, one at a time. */
  readonly attempt: Attempt;
  /** Of all methods; a multi() that watches has one of its own, and so has call(). */
  readonly session: Session;

  /** The commands that have short ways, set by the first Database; see short-ways.ts. */
  counted: readonly CompiledCommand[] = [];

  /** Ends the server on this database; set while it listens (serving.ts). */
  stopServing: (() => void) | undefined;

  closed = false;
  /** No call is served: it is closed, or a write of this thread has ended in the middle. */
  refuses = false;
  /** Whether the process ends: each write is handed to the system at once. */
  isExiting = false;
  /** How many open() must be followed by a close(). */
  references = 1;
  /** Called when the database is shared with other threads for the first time. */
  onShared: ((handle: SharedDatabase) => void) | undefined;
  /** Called when the last reference is closed. */
  onClosed: (() => void) | undefined;
  /** Called before the database is closed. */
  onClosing: (() => void) | undefined;

  /** The most that a script may take which the program executes. */
  scriptTimeLimitMs: number = Number.POSITIVE_INFINITY;

  /** The innermost transaction that is open. */
  #transaction: EmbeddedTransaction | undefined;
  #commitScheduled = false;
  /** The batch to be waited for once the lock has been left, or 0; whether it is to throw. */
  #ticket = 0;
  #isChanged = false;
  #replyAt = 0;
  /** The transaction that is open is to be on the disk when its call returns. */
  #isDurable = false;
  /** Calls of begin() that may go by the time of an earlier one. */
  #lookups = 0;
  readonly #promises: SyncPromises;
  #clockTimer: Timer | undefined;

  constructor(engine: Engine, services: ProcessServices, path: string, clockIsReal: boolean) {
    this.clockIsReal = clockIsReal;
    this.engine = engine;
    this.services = services;
    this.path = path;
    this.executor = engine.executor;
    this.timer = engine.executor.timer;
    this.context = engine.executor.context;
    this.keyspace = engine.keyspace;
    this.reply = this.context.reply;
    this.attempt = new Attempt(engine);
    this.#promises = new SyncPromises(engine.platform);
    this.session = this.newSession();
    engine.onDamaged.push(() => {
      this.refuses = true;
    });
    onParked(this);
  }

  newSession(): Session {
    const session = new Session(0, this.keyspace.now);
    session.protocol = 3;
    return session;
  }

  /** This thread's part in a database that several threads use, else null. */
  get member(): Member | null {
    return this.engine.member;
  }

  get inTransaction(): boolean {
    return this.#transaction !== undefined;
  }

  // Requests

  /** Before whatever is called: throws where the database is closed, or the stack ends. */
  check(): void {
    needStack();
    if (!this.refuses) return;
    if (this.closed) throw new DatabaseError("CLOSED", "the database is closed");
    if (this.engine.damage !== undefined) throw damaged(this.engine.damage.cause);
    comeAfterScript(this);
  }

  /** The command with this name. */
  command(name: string): CompiledCommand {
    const command = this.executor.table.commands.get(name);
    if (command === undefined) throw new ReplyError(`ERR unknown command '${name}'`);
    return command;
  }

  /** Writes a request; see Asking.ask. Returns its command, or subcommand. */
  fill(name: string, a?: Value, b?: Value, c?: Value, d?: Value): CompiledCommand {
    const { request } = this;
    const command = this.command(name);
    request.begin(command);
    if (a !== undefined) {
      request.add(a);
      if (b !== undefined) {
        request.add(b);
        if (c !== undefined) {
          request.add(c);
          if (d !== undefined) request.add(d);
        }
      }
    }
    return this.#filled(command);
  }

  /** As fill, with words behind the arguments; see Asking.askAll. */
  fillAll(
    name: string,
    words: readonly Value[] | undefined,
    a?: Value,
    b?: Value,
    c?: Value,
  ): CompiledCommand {
    const { request } = this;
    const command = this.command(name);
    request.begin(command);
    if (a !== undefined) {
      request.add(a);
      if (b !== undefined) {
        request.add(b);
        if (c !== undefined) request.add(c);
      }
    }
    if (words !== undefined) for (let i = 0; i < words.length; i++) request.add(words[i]);
    return this.#filled(command);
  }

  /** The command, or subcommand, of the request, which has as many words as that wants. */
  #filled(named: CompiledCommand): CompiledCommand {
    const { args } = this.request;
    let command = named;
    if (command.subcommands !== undefined && args.count > 1) {
      command = command.subcommands.get(args.text(1).toLowerCase()) ?? command;
    }
    if ((command.arity > 0 && args.count !== command.arity) || args.count < -command.arity) {
      throw new ReplyError(wrongArity(command.fullName));
    }
    return command;
  }

  /**
   * Executes the request that fill() wrote and returns where its reply begins, for the caller to
   * read and then to truncate(). Throws ReplyError where the reply is an error.
   */
  run(command: CompiledCommand, session: Session, db: number): number {
    needStack();
    if (this.refuses) this.check();
    const { member } = this.engine;
    if (member === null) return this.#run(command, session, db);
    if (member.lock.held) return this.#runWithin(member, command, session, db);
    if (command.onlyLooks) {
      const at = this.#read(member, command, session, db);
      if (at >= 0) return at;
    }
    this.enter();
    try {
      return this.#run(command, session, db);
    } finally {
      this.leave();
    }
  }

  /** As run, in a transaction, which has the lock. */
  #runWithin(member: Member, command: CompiledCommand, session: Session, db: number): number {
    member.check();
    member.inside = Inside.change;
    try {
      return this.#run(command, session, db);
    } finally {
      member.inside = Inside.transaction;
    }
  }

  /**
   * Executes a command that only reads, without the lock: what it found counts if nobody wrote
   * meanwhile. Returns where its reply begins, or −1 where that is not to be had.
   */
  #read(member: Member, command: CompiledCommand, session: Session, db: number): number {
    const { executor, reply, engine, attempt } = this;
    const { args } = this.request;
    const at = reply.length;
    for (let tries = 0; tries < READ_TRIES; tries++) {
      if (!attempt.begin(member, command)) continue;
      reply.unlockedMax = at + UNLOCKED_REPLY_MAX;
      let failure: unknown;
      try {
        member.memory.refresh();
        engine.tick();
        session.db = db;
        executor.begin(session, args);
        executor.admit(command, args);
      } catch (error) {
        failure = error;
      }
      reply.unlockedMax = Number.POSITIVE_INFINITY;
      if (attempt.end(member, failure)) {
        if (reply.bytes[at] === MINUS) throw this.#takeError(at);
        return at;
      }
      reply.truncate(at);
      if (failure === lockNeeded) return -1;
    }
    return -1;
  }

  #run(command: CompiledCommand, session: Session, db: number): number {
    const { executor, reply } = this;
    if (this.#transaction === undefined) this.engine.tick();
    session.db = db;
    const { args } = this.request;
    const at = reply.length;
    const changes = this.#changes;
    if ((command.flags & Flag.write) !== 0) this.#retryLog();
    try {
      executor.begin(session, args);
      executor.admit(command, args);
      this.settle(at, changes);
    } catch (error) {
      throw this.interrupted(error, at);
    }
    if (reply.bytes[at] === MINUS) throw this.#takeError(at);
    return at;
  }

  /** Where nobody leaves the event loop, the log's own timer does not get to try again. */
  #retryLog(): void {
    const { log } = this.engine;
    if (log !== null && log.failure !== null) log.retry();
  }

  /** Takes the reply at `at`, an error, out of the writer. */
  #takeError(at: number): ReplyError {
    cursor.reset(this.reply.bytes, at);
    cursor.next();
    const error = new ReplyError(cursor.text());
    this.truncate(at);
    return error;
  }

  /** Takes a reply that has been read out of the writer. */
  truncate(at: number): void {
    const { reply } = this;
    reply.truncate(at);
    if (at === 0 && reply.bytes.length > REPLY_BYTES_MAX) {
      reply.bytes = new Uint8Array(REPLY_BYTES_SMALL);
    }
  }

  /**
   * Executes the request that was written with request.beginAny(), whatever it is, as a connection
   * with this session would; returns where its reply begins, be it an error.
   */
  execute(session: Session): number {
    this.check();
    this.enter();
    try {
      return this.#execute(session);
    } finally {
      this.leave();
    }
  }

  #execute(session: Session): number {
    const { executor, reply } = this;
    if (this.#transaction === undefined) this.engine.tick();
    session.protocol = 3;
    const at = reply.length;
    const changes = this.#changes;
    try {
      executor.execute(session, this.request.args);
      this.settle(at, changes);
    } catch (error) {
      throw this.interrupted(error, at);
    }
    return at;
  }

  /**
   * An error has ended what wrote its reply from `at` on; returns what to throw. A change of which
   * half may be done is the last one: see Engine.interrupted.
   */
  interrupted(error: unknown, at: number = this.reply.length, isChange = false): unknown {
    this.reply.truncate(at);
    return this.engine.interrupted(error, isChange);
  }

  /** Changes that commands have made so far; keys whose time is over are not among them. */
  get #changes(): number {
    return this.keyspace.counter(Counter.changes);
  }

  /**
   * What must follow a command or a transaction. `at` is where its reply begins, `changes` what
   * #changes was before it: where the log cannot be written only what changed something throws.
   */
  settle(at: number, changes: number = this.#changes): void {
    if (this.#transaction !== undefined) return;
    const { keyspace, engine } = this;
    this.executor.settle();
    if (keyspace.deadlineAdded || keyspace.disposing) engine.tock();
    const { log } = engine;
    if (log !== null && log.openBytes > 0) this.#write(log, at, changes);
  }

  #write(log: Log, at: number, changes: number): void {
    if (log.policy === "always" || this.isExiting) {
      if (this.engine.member !== null) {
        // Waited for when the lock is left.
        this.#ticket = log.commitTicket();
        this.#replyAt = at;
        this.#isChanged ||= this.#changes !== changes;
        return;
      }
      if (log.commitNow() || this.#changes === changes || log.isProvisional) return;
      this.truncate(at);
      throw notWritten(log);
    }
    if (log.openBytes > OPEN_BYTES_MAX) log.commit();
    else if (!this.#commitScheduled) {
      this.#commitScheduled = true;
      this.engine.platform.microtask(() => {
        this.#commitScheduled = false;
        if (!this.refuses) log.commit();
      });
    }
  }

  /** Returns when everything is in the log's file and on the disk, or throws LogError. */
  sync(): void {
    this.check();
    if (this.#transaction !== undefined) {
      throw new DatabaseError(
        "TRANSACTION",
        "sync() inside a transaction has nothing to write yet",
      );
    }
    const { log } = this.engine;
    if (log === null || log.isProvisional) return;
    if (!log.syncAll()) throw notWritten(log);
  }

  /**
   * Does what writes, and returns when that is on the disk, with all that was written before, or
   * throws LogError. Inside a transaction the outermost one sees to it.
   */
  safely<V>(write: () => V): V {
    this.check();
    this.#needLog();
    if (this.#transaction !== undefined) {
      this.#isDurable = true;
      return write();
    }
    const value = write();
    this.sync();
    return value;
  }

  /** Settles when everything written before is on the disk. */
  async synced(): Promise<void> {
    this.check();
    const log = this.#needLog();
    if (this.#transaction !== undefined) {
      throw new DatabaseError(
        "TRANSACTION",
        "synced() inside a transaction has nothing to wait for yet",
      );
    }
    if (!(await this.#promises.synced(log))) throw notWritten(log);
  }

  /** Settles when the log has been rewritten. */
  async compact(): Promise<void> {
    this.check();
    const log = this.#needLog();
    await compact(this.engine, log, () => {
      this.request.beginAny();
      this.request.add("bgrewriteaof");
      this.truncate(this.execute(this.session));
    });
  }

  #needLog(): Log {
    const { log } = this.engine;
    if (log?.isProvisional === false) return log;
    throw withoutLog(this.engine.directoryLog);
  }

  /** Throws where the data is not whole. */
  verify(): void {
    this.check();
    const verification = new Verification(this.keyspace);
    this.enter();
    try {
      verification.check(Number.POSITIVE_INFINITY);
    } finally {
      this.leave();
    }
    const { damage } = verification;
    if (damage !== undefined) {
      throw new DatabaseError("DAMAGED", `the database is damaged: ${damage}`);
    }
  }

  // Looking, without a command

  /**
   * Before a look by several steps, and after it: no other thread writes meanwhile. What a script
   * has half done, which was left, is seen by nobody: it comes before.
   */
  enter(): void {
    enterAfterScript(this, this.engine.lock);
  }

  /** With `always` it returns when what was written is on the disk, or throws LogError. */
  leave(): void {
    const { lock, log } = this.engine;
    lock.leave();
    const ticket = this.#ticket;
    if (ticket === 0 || log === null || this.engine.member?.lock.held === true) return;
    const isChanged = this.#isChanged;
    this.#ticket = 0;
    this.#isChanged = false;
    if (this.refuses || log.waitSynced(ticket) || !isChanged || log.isProvisional) return;
    this.truncate(this.#replyAt);
    throw notWritten(log);
  }

  /** The entry of the key that is the request's argument 0, or 0. REQUIRES: begin(). */
  find(db: number): number {
    const { bytes, starts, ends } = this.request.args;
    const entry = this.keyspace.find(db, bytes, starts[0], ends[0]);
    if (this.context.effects.count > 0) this.#noteExpired();
    return entry;
  }

  /** As find, but leaves the key's access clock alone. */
  peek(db: number): number {
    const { bytes, starts, ends } = this.request.args;
    const entry = this.keyspace.peek(db, bytes, starts[0], ends[0]);
    if (this.context.effects.count > 0) this.#noteExpired();
    return entry;
  }

  /**
   * Before a look at a database: it is open, and the time is right. Before its words
   * are written, too, since the time may be asked of the program (`clock`). Asking for the time
   * takes a tenth of what a GET takes, so where no key has a deadline (and the time says only how
   * long ago a key was used) one answer serves many calls, for half a second at most.
   */
  begin(db: number): void {
    if (this.#lookups-- > 0 && !mayExpire(this.keyspace, db) && !this.refuses) return;
    this.check();
    if (this.#transaction !== undefined) return;
    this.engine.tick();
    if (!this.clockIsReal) return;
    this.#lookups = LOOKUPS_AT_ONE_TIME;
    if (this.#clockTimer !== undefined) return;
    this.#clockTimer = this.engine.platform.setTimer(CLOCK_STALE_MS, () => {
      this.#clockTimer = undefined;
      this.#lookups = 0;
    });
  }

  /**
   * In a shared database: what a short way finds, undefined where it is not for that. It looks as
   * #read does, without the lock, or with it where that does not come to an end. REQUIRES: begin(),
   * and the words of the request are written: nothing of the program's runs meanwhile.
   */
  look<O, V>(
    way: (core: Core, db: number, on: O, a: number, b: number) => V | undefined,
    db: number,
    on: O,
    command: CompiledCommand,
    a = 0,
    b = 0,
  ): V | undefined {
    const member = this.engine.member as Member;
    const { lock } = member;
    if (!lock.held) {
      const { attempt } = this;
      for (let tries = 0; tries < READ_TRIES; tries++) {
        if (!attempt.begin(member, command)) continue;
        let value: V | undefined;
        let failure: unknown;
        try {
          member.memory.refresh();
          if (mayExpire(this.keyspace, db)) this.engine.tick();
          value = way(this, db, on, a, b);
        } catch (error) {
          failure = error;
        }
        if (attempt.end(member, failure)) {
          if (value === undefined) attempt.takeBack();
          return value;
        }
        if (failure === lockNeeded) break;
      }
    }
    const isWithin = this.#beginShort(member);
    try {
      if (!isWithin) this.engine.tick();
      return way(this, db, on, a, b);
    } finally {
      this.#endShort(member, isWithin);
    }
  }

  /** In a shared database: does a write's short way, if isPlain; false where it is not. */
  change(way: (core: Core, db: number) => void, db: number): boolean {
    const member = this.engine.member as Member;
    const isWithin = this.#beginShort(member);
    try {
      if (!this.isPlain) return false;
      way(this, db);
      return true;
    } finally {
      this.#endShort(member, isWithin);
    }
  }

  /** A short way needs the lock; returns whether this is within a transaction, which has it. */
  #beginShort(member: Member): boolean {
    if (!member.lock.held) {
      this.enter();
      return false;
    }
    member.check();
    member.inside = Inside.change;
    return true;
  }

  #endShort(member: Member, isWithin: boolean): void {
    if (isWithin) member.inside = Inside.transaction;
    else this.leave();
  }

  /**
   * Whether a write may go straight to the keyspace: nobody keeps, watches, limits or hears of it,
   * and nobody would refuse it.
   */
  get isPlain(): boolean {
    const { context: c, executor, keyspace } = this;
    if (c.effects.isHeard || executor.memoryLimit.bytes !== 0 || c.notices.isHeard) return false;
    return !keyspace.settings.saveFailed && !keyspace.memory.nearlyExhausted;
  }

  /** Counts a command that went straight to the keyspace. */
  count(command: CompiledCommand): void {
    this.timer.count(command);
  }

  #noteExpired(): void {
    try {
      this.context.effects.flush();
      this.settle(this.reply.length);
    } catch (error) {
      throw this.interrupted(error);
    }
  }

  // Transactions

  /** Does `work` all or not at all; see Database.transaction. */
  transaction<R>(work: () => R, isDurable = false): R {
    this.check();
    if (isDurable) this.#needLog();
    if (typeof work !== "function") throw new TypeError("transaction(): work is a function");
    const kind = Object.prototype.toString.call(work);
    if (kind !== "[object Function]") throw asynchronous();
    const { executor, context: c } = this;
    const outer = this.#transaction;
    const changes = this.#changes;
    if (outer === undefined) {
      this.enter();
      this.engine.tick();
      // Entries that are evicted would come back: room is made now, and not until the end again.
      executor.memoryLimit.suspended = executor.refusal(Flag.denyoom) === undefined;
      executor.transactionOpen = true;
      c.effects.hold();
      // What is looked up in it may have to be noted: begin() looks at more.
      this.#lookups = 0;
    }
    const transaction = new EmbeddedTransaction(executor, outer);
    if (outer === undefined) this.#isDurable = false;
    if (isDurable) this.#isDurable = true;
    this.#enter(transaction);
    const { member } = this.engine;
    if (member !== null) member.inside = Inside.transaction;
    let result: R;
    try {
      result = work();
      if (isThenable(result)) {
        Promise.resolve(result).catch(() => {});
        throw asynchronous();
      }
      // The function may have gone on after the error.
      if (this.refuses) this.check();
    } catch (error) {
      this.#takeBack(transaction);
      throw error;
    }
    transaction.keep();
    this.#leave(outer, changes);
    if (this.#isDurable && outer === undefined) this.sync();
    return result;
  }

  /** The innermost transaction has never been. */
  #takeBack(transaction: EmbeddedTransaction): void {
    const { member } = this.engine;
    if (member !== null) member.inside = Inside.change;
    try {
      if (!this.refuses) transaction.rollBack();
    } catch (error) {
      this.interrupted(error, undefined, true);
    }
    if (member !== null) member.inside = Inside.transaction;
    this.#leave(transaction.outer, this.#changes);
  }

  #enter(transaction: EmbeddedTransaction): void {
    this.#transaction = transaction;
    this.keyspace.listener = transaction;
  }

  #leave(outer: EmbeddedTransaction | undefined, changes: number): void {
    if (outer !== undefined) return this.#enter(outer);
    try {
      this.#end(changes);
    } finally {
      this.leave();
    }
  }

  /** The outermost transaction ends, rolled back or not. */
  #end(changes: number): void {
    const { executor, keyspace, context: c } = this;
    const { member } = this.engine;
    if (member !== null) member.inside = Inside.change;
    this.#transaction = undefined;
    keyspace.listener = c.notices;
    executor.memoryLimit.suspended = false;
    executor.transactionOpen = false;
    if (this.refuses) return c.effects.abandon();
    try {
      keyspace.end();
      c.effects.release();
    } catch (error) {
      throw this.interrupted(error, undefined, true);
    }
    this.settle(this.reply.length, changes);
  }

  // The end

  /**
   * The process is about to end, perhaps inside a transaction, which then has never been. What is
   * pending is written, and what is written from now on at once: handlers of the program's may
   * still use the database.
   */
  beginExit(): void {
    this.isExiting = true;
    const { member } = this.engine;
    if (member !== null) member.lock.untilMs = member.monotonicMs() + EXIT_WAIT_MS;
    if (this.isDoomed) return;
    while (this.#transaction !== undefined) this.#takeBack(this.#transaction);
    this.engine.log?.commit();
  }

  /** Whether this thread is being terminated: others see to what it leaves. */
  get isDoomed(): boolean {
    return this.engine.member?.isDoomed === true;
  }

  /** The process has ended for everybody: the database is closed, whoever holds it. */
  end(): void {
    if (this.isDoomed) return;
    this.references = 1;
    this.close();
  }

  /** Gives back one reference; the last one closes the database. */
  close(): void {
    if (this.closed) return;
    needStack();
    if (this.references > 1) {
      this.references--;
      return;
    }
    if (this.#transaction !== undefined) {
      throw new DatabaseError(
        "TRANSACTION",
        "a database cannot be closed for the last time inside a transaction",
      );
    }
    this.references = 0;
    this.stopServing?.();
    this.closed = true;
    this.refuses = true;
    if (this.#clockTimer !== undefined) this.engine.platform.clearTimer(this.#clockTimer);
    // Other threads may still use it: then it is closed when the last of them has left.
    if (!this.isExiting && this.engine.waitForGuests(() => this.#close())) return;
    this.#close();
  }

  #close(): void {
    this.onClosing?.();
    try {
      this.engine.close();
    } finally {
      this.onClosed?.();
    }
  }

  /** It was closed in this thread, and is opened again before all others have left. */
  reopen(): void {
    this.references++;
    if (!this.closed) return;
    this.closed = false;
    this.refuses = this.engine.damage !== undefined;
    this.engine.waitForGuests(undefined);
  }
}
