// The context: what a handler sees. One object for each database instance, reused for every
// command; the executor sets its fields before it calls a handler. Handlers hold only what is
// particular to their command; what is common (finding an entry, refusing a wrong type, telling
// that a key changed) is one call here.

import { assert } from "../base/assert.ts";
import { Counter } from "../keyspace/figures.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Memory } from "../memory/memory.ts";
import { Arguments } from "../protocol/arguments.ts";
import { Errors } from "../protocol/errors.ts";
import { ReplyWriter } from "../protocol/reply-writer.ts";
import { NO_DEADLINE } from "../structures/record.ts";
import { Blocking } from "./blocking.ts";
import type { CallTimer } from "./call-timer.ts";
import type { CommandEntry, CompiledCommand } from "./command.ts";
import type { CommandTable } from "./command-table.ts";
import { Effects } from "./effects.ts";
import { Events, type KeyEvent } from "./events.ts";
import type { Gates } from "./gates.ts";
import { keyName } from "./key-names.ts";
import { Notices } from "./notices.ts";
import { noScripts, type Scripts } from "./scripts.ts";
import type { Services } from "./services.ts";
import type { Session } from "./session.ts";
import type { Statistics } from "./statistics.ts";
import { PubSubRegistry } from "./subscriptions.ts";
import { Users } from "./users.ts";
import type { Wait } from "./wait.ts";

/** One declarative entry and one short function: a command. See command.ts. */
export type Command = CommandEntry<Context>;

/** The executor, as handlers see it: what they ask of it is written there. */
export interface Engine {
  /** What a log holds is executed. */
  readonly replaying: boolean;
  readonly table: CommandTable;
  readonly timer: Pick<CallTimer, "settle">;
  readonly statistics: Statistics;
  readonly gates: Gates;
  readonly waiters: Waiters;
  /** A transaction of the embedded API is open. */
  readonly transactionOpen: boolean;
  inside(session: Session, work: () => void): void;
  call(command: CompiledCommand, args: Arguments): void;
  countError(): void;
  resetStatistics(): void;
  refusal(flags: number): Uint8Array | undefined;
  setNow(nowMs: number): void;
}

/** What ends a session's waiting; see waiting.ts. */
interface Waiters {
  timeOut(session: Session): void;
  lookAgain(session: Session): number;
  unblockWithError(session: Session): void;
}

export class Context {
  readonly memory: Memory;
  readonly keyspace: Keyspace;
  readonly effects = new Effects();
  readonly blocking = new Blocking();
  readonly pubsub = new PubSubRegistry();
  readonly notices: Notices;
  readonly executor: Engine;
  readonly services: Services;
  readonly users: Users;
  /** The scripts of this database, once there may be any. */
  scripts: Scripts = noScripts;

  args: Arguments = new Arguments();
  reply: ReplyWriter = new ReplyWriter();
  session: Session;
  command: CompiledCommand | undefined;
  /** The selected database of the session. */
  db = 0;
  /** Milliseconds since 1970; one value for a whole command or transaction. */
  now = 0;

  /**
   * Changes of the command that is running, counted as Redis counts them: each element of a
   * collection is one. A write that changed nothing has no effect.
   */
  changes = 0;
  /** The handler has put its own effects in the request's place. */
  rewritten = false;
  /** Inside EXEC or a script: nothing may block. */
  inTransaction = false;
  /**
   * The wall clock as a script sees it, which stands still, in microseconds; −1: it has not asked,
   * 0: no script runs.
   */
  stoppedUs = 0;
  /** DEBUG SLEEP was in the transaction: what comes after EXEC sees a later time. */
  slept = false;
  /** Executing again on behalf of a session that waits (see waiting.ts). */
  serving = false;
  /** The served command would wait again. */
  stillWaiting = false;
  /** After so many milliseconds it would look again; −1: not before something has happened. */
  lookAgainMs = -1;

  /** For the console: the types behind each WRONGTYPE, found and expected, in turn. */
  readonly wrongTypes: number[] = [];

  constructor(executor: Engine, keyspace: Keyspace, services: Services, session: Session) {
    this.executor = executor;
    this.memory = keyspace.memory;
    this.keyspace = keyspace;
    this.notices = new Notices(keyspace, this.effects, this.blocking, this.pubsub);
    this.services = services;
    this.users = new Users(services);
    this.session = session;
  }

  // Finding

  /** The entry of the key at argument i, or 0. Counts a hit or a miss. */
  find(i: number): number {
    const { args, keyspace } = this;
    const entry = keyspace.find(this.db, args.bytes, args.starts[i], args.ends[i]);
    keyspace.count(entry === 0 ? Counter.misses : Counter.hits);
    if (entry === 0) this.event(i, Events.keymiss);
    return entry;
  }

  /** As find, leaving the entry's access clock alone: for what only asks about the key. */
  peek(i: number): number {
    const { args, keyspace } = this;
    const entry = keyspace.peek(this.db, args.bytes, args.starts[i], args.ends[i]);
    keyspace.count(entry === 0 ? Counter.misses : Counter.hits);
    if (entry === 0) this.event(i, Events.keymiss);
    return entry;
  }

  /**
   * The entry of the key at argument i if it is of this type; 0 if there is none; −1 if it is of
   * another type, and then WRONGTYPE has been replied.
   */
  findTyped(i: number, type: number): number {
    return this.#checked(this.find(i), type);
  }

  /** As find, without counting. */
  findForWrite(i: number): number {
    const { args } = this;
    return this.keyspace.find(this.db, args.bytes, args.starts[i], args.ends[i]);
  }

  /** As findTyped, without counting. */
  findTypedForWrite(i: number, type: number): number {
    return this.#checked(this.findForWrite(i), type);
  }

  #checked(entry: number, type: number): number {
    if (entry === 0) return 0;
    const found = this.keyspace.typeOf(entry);
    if (found === type) return entry;
    this.wrongType(found, type);
    return -1;
  }

  /** Replies WRONGTYPE: there is `found` where `expected` was asked for. */
  wrongType(found: number, expected: number): void {
    if (this.session.console) this.wrongTypes.push(found, expected);
    this.reply.error(Errors.wrongType);
  }

  // Changing

  /** Sets the key at argument i to a string; see Keyspace.setString. */
  setString(
    i: number,
    kind: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    deadline: number,
  ): void {
    const { args } = this;
    const made = this.keyspace.setString(
      this.db,
      args.bytes,
      args.starts[i],
      args.ends[i],
      kind,
      bytes,
      start,
      end,
      deadline,
    );
    if (made) this.event(i, Events.new);
  }

  /** Sets the key at argument i to a long string that lies in a block; see Keyspace.setPointer. */
  setBlock(i: number, kind: number, block: number, length: number): void {
    const { args, keyspace } = this;
    const start = args.starts[i];
    const end = args.ends[i];
    const { db } = this;
    if (keyspace.setPointer(db, args.bytes, start, end, kind, block, length, NO_DEADLINE)) {
      this.event(i, Events.new);
    }
  }

  /** A new collection under the key at argument i. REQUIRES: the key is not there. */
  create(i: number, kind: number, root: number): number {
    const { args } = this;
    const start = args.starts[i];
    const entry = this.keyspace.addCollection(this.db, args.bytes, start, args.ends[i], kind, root);
    this.event(i, Events.new);
    return entry;
  }

  /** A collection under the key at argument i, in the place of whatever is there. */
  replace(i: number, kind: number, root: number): void {
    const { args, keyspace } = this;
    const start = args.starts[i];
    const taken = this.remove(i);
    keyspace.addCollection(this.db, args.bytes, start, args.ends[i], kind, root);
    if (!taken) this.event(i, Events.new);
  }

  /** Deletes the key at argument i; returns whether it was there. */
  remove(i: number): boolean {
    const entry = this.findForWrite(i);
    if (entry === 0) return false;
    this.keyspace.remove(this.db, entry);
    return true;
  }

  /**
   * The key at argument i changed, in so many of its elements. To be called once for each changed
   * key, after the change. Where two keys share one change, it is 0 for one of them.
   */
  modified(i: number, event: KeyEvent, changes = 1): void {
    this.changes += changes;
    if (!this.notices.isHeard) return;
    const { args } = this;
    this.notices.changed(this.db, args.bytes, args.starts[i], args.ends[i], event);
  }

  /** As modified, for a key that is not an argument, or is in another database. */
  modifiedKey(
    db: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    event: KeyEvent,
    changes = 1,
  ): void {
    this.changes += changes;
    this.notices.changed(db, bytes, start, end, event);
  }

  /**
   * The collection at argument i became empty: its key goes, unless it is found to have gone with
   * what of it had expired.
   */
  removedEmpty(i: number): void {
    if (this.remove(i)) this.event(i, Events.del);
  }

  /** An event of the key at argument i that is no change, or comes with one that was told. */
  event(i: number, event: KeyEvent): void {
    if ((this.notices.classes & event.class) === 0) return;
    const { args } = this;
    this.notices.event(this.db, args.bytes, args.starts[i], args.ends[i], event);
  }

  /** The key at argument i was given something that a waiting client may take. */
  ready(i: number): void {
    this.notices.ready(this.db, this.args.bytes, this.args.starts[i], this.args.ends[i]);
  }

  /**
   * Nothing is there yet: the session waits for what its command waits for (CommandEntry.wait) at
   * one of the keys at arguments first … last, for `timeoutMs` (0: for ever). Where nobody may wait
   * (inside a transaction, in an embedded program) that is replied at once. With `lookAgainMs` it
   * looks again when so much time has gone by, if nothing has happened before.
   */
  block(first: number, last: number, timeoutMs: number, lookAgainMs = -1): void {
    const wait = this.command?.entry.wait;
    assert(wait !== undefined, "its entry says what a command waits for");
    this.lookAgainMs = lookAgainMs;
    if (this.serving) {
      this.stillWaiting = true;
      return;
    }
    const { args, session } = this;
    const names: string[] = [];
    for (let i = first; i <= last; i++) {
      names.push(keyName(this.db, args.bytes, args.starts[i], args.ends[i]));
    }
    this.waitFor(wait, names, timeoutMs);
    this.#lookAgain(session, lookAgainMs);
  }

  /** Has a session that waits look again after so many milliseconds (−1: it does not). */
  #lookAgain(session: Session, ms: number): void {
    const { waiting } = session;
    if (waiting === null || ms < 0) return;
    waiting.cancelLook = this.services.setTimer(Math.max(1, ms), () => {
      this.#lookAgain(session, this.executor.waiters.lookAgain(session));
    });
  }

  /** Whether the session may wait: not inside a transaction, nor in an embedded program. */
  get mayWait(): boolean {
    return !this.inTransaction && this.session.link !== undefined;
  }

  /** As block, for what does not come by a key: another thread cannot know that it has come. */
  waitFor(wait: Wait, names: readonly string[], timeoutMs: number): void {
    const { session, args, command } = this;
    if (!this.mayWait) {
      wait.denied(this.reply);
      return;
    }
    assert(command !== undefined, "it is a command that waits");
    if (!this.blocking.hasRoom(2 * args.totalBytes, args.count + names.length)) {
      this.reply.error(Errors.tooMuchForThreads);
      return;
    }
    const { waiters } = this.executor;
    this.blocking.add(session, {
      wait,
      command,
      args: args.clone(),
      names,
      cancelTimer:
        timeoutMs === 0
          ? undefined
          : this.services.setTimer(timeoutMs, () => waiters.timeOut(session)),
    });
  }

  /** The time of day, in microseconds; in a script it stands still. */
  get timeUs(): number {
    if (this.stoppedUs > 0) return this.stoppedUs;
    const now = this.services.nowUs();
    if (this.stoppedUs !== 0) this.stoppedUs = now;
    return now;
  }

  /** Whether a script has called the command that is running. */
  get isInScript(): boolean {
    return this.stoppedUs !== 0;
  }

  /** Whether what is there now may be rolled back, by this thread or by one that asks it. */
  get mayBeUndone(): boolean {
    return this.executor.transactionOpen || this.keyspace.isLeftOpen;
  }

  // Effects in the place of the request

  /** Begins a command of `words` words that stands for what this command did. */
  effect(words: number): void {
    this.rewritten = true;
    this.effects.begin(this.db, words);
  }

  /** What this command did is the request with bytes[start, end) in the place of argument i. */
  effectWith(i: number, bytes: Uint8Array, start: number, end: number): void {
    this.rewritten = true;
    this.effects.requestWith(this.db, this.args, i, bytes, start, end);
  }

  effectText(text: string): void {
    this.effects.text(text);
  }

  effectInteger(n: number): void {
    this.effects.integer(n);
  }

  effectBytes(bytes: Uint8Array, start: number, end: number): void {
    this.effects.range(bytes, start, end);
  }

  effectArg(i: number): void {
    this.effects.argument(this.args, i);
  }
}
