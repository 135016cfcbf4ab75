// The database: wires the engine, the log and recovery. Embedding and serving both stand on it.
//
// open    lock the directory, replay its log, then let writes go to the log
// write   a request's effects are appended to the log's batch; flush() writes the batch, and only
//         then may anybody be told (the server's replies, the embedded call's return)
// expiry  one timer stands at the earliest deadline; a slice of what is due is deleted at a time

import { commandFamilies } from "./commands/all-commands.ts";
import { CommandTable } from "./engine/command-table.ts";
import { Executor } from "./engine/executor.ts";
import type { Services } from "./engine/services.ts";
import { Foresight } from "./keyspace/foresight.ts";
import { Keyspace } from "./keyspace/keyspace.ts";
import { Memory } from "./memory/memory.ts";
import type { Log } from "./persistence/log/log.ts";
import { LogError } from "./persistence/log/log-error.ts";
import { type LogSettings, openLog, type Recovery } from "./persistence/log/recovery.ts";
import type { DirectoryLock, Platform, Timer } from "./platform/platform.ts";
import type { Arguments } from "./protocol/arguments.ts";
import { registerTypes } from "./types/all-types.ts";

/** Work in the background (expiry, freeing, eviction) goes on for so long at a time, */
const SLICE_MS = 1.5;
/** … looking at the clock after each step, and takes at most so many steps. */
const SLICE_STEPS = 64;
/** Entries whose time is over that are deleted in a step. */
const EXPIRE_STEP = 100;
/** Elements of large collections that are freed in a step. */
const FREE_STEP = 1000;
/** Replies of replayed commands are thrown away when they have grown to this. */
const REPLAY_REPLIES_MAX = 1 << 20;
/** Timers beyond this are set again when they ring. */
const TIMER_MAX_MS = 60_000;

export interface DatabaseOptions {
  readonly platform: Platform;
  readonly services: Services;
  readonly databases: number;
  /** The wall clock, in milliseconds since 1970. */
  readonly clock: () => number;
  /** Whether the clock goes by itself, so that timers can be set by it. */
  readonly clockIsReal: boolean;
  /** Four words from which hashing and random choices start. */
  readonly seed: Int32Array;
}

/** A table of the commands of this build, with counters of its own. */
export function commandTable(): CommandTable {
  return new CommandTable(commandFamilies);
}

export class Database {
  readonly platform: Platform;
  readonly memory: Memory;
  readonly keyspace: Keyspace;
  readonly executor: Executor;
  readonly clock: () => number;

  log: Log | null = null;
  recovery: Recovery | undefined;

  /** What expiry in the background has taken, and how often its slice of time ended too soon. */
  readonly expiry: { ms: number; cut: number } = { ms: 0, cut: 0 };

  readonly #clockIsReal: boolean;
  #lock: DirectoryLock | undefined;
  #timer: Timer | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #reclaimTimer: Timer | undefined;
  #evictTimer: Timer | undefined;
  #closed = false;

  constructor(options: DatabaseOptions) {
    this.platform = options.platform;
    this.clock = options.clock;
    this.#clockIsReal = options.clockIsReal;
    this.memory = new Memory();
    this.keyspace = new Keyspace(this.memory, options.databases, options.seed);
    registerTypes(this.keyspace);
    this.executor = new Executor(commandTable(), this.keyspace, options.services);
    this.executor.setNow(this.clock());
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Takes the data directory for this process, replays its log and appends to it from now on.
   * Throws DirectoryLocked where another process has the directory, LogError where the log is
   * damaged, PlatformError where the system refuses.
   */
  openLog(settings: LogSettings): void {
    this.platform.makeDirectory(settings.directory);
    this.#lock = this.platform.lockDirectory(settings.directory);
    const { executor, keyspace } = this;
    const { reply } = executor.context;
    const session = executor.internal;
    keyspace.beginLoading(this.clock());
    executor.context.now = 0;
    const file = settings.directory;
    const foresight = new Foresight(keyspace);
    const apply = (args: Arguments): void => {
      executor.execute(session, args);
      foresight.db = session.db;
      if (reply.failed) this.#checkReplay(file, args);
      if (reply.length > REPLAY_REPLIES_MAX) reply.truncate(0);
    };
    try {
      const { log, recovery } = openLog({
        ...settings,
        platform: this.platform,
        apply,
        foresight,
      });
      this.log = log;
      this.recovery = recovery;
    } catch (error) {
      this.#lock.release();
      throw error;
    }
    reply.truncate(0);
    session.db = 0;
    executor.resetStatistics();
    executor.setNow(this.clock());
    executor.context.effects.addSink(this.log);
  }

  /** A command of the log was refused. Only what cannot be a command of ours stops the start. */
  #checkReplay(file: string, args: Arguments): void {
    const { reply } = this.executor.context;
    let text = "";
    for (let at = reply.lastErrorAt + 1; at < reply.length && reply.bytes[at] !== 13; at++) {
      text += String.fromCharCode(reply.bytes[at]);
    }
    if (!text.startsWith("ERR unknown command") && !text.startsWith("ERR wrong number")) return;
    throw new LogError(
      "LOG_COMMAND",
      file,
      -1,
      `the log in ${file} holds a command that this version does not know: '${args.text(0)}' ` +
        `(${text}). It was written by another server; load it there and move the data over.`,
    );
  }

  /** The time that the commands which follow see. To be called once for each batch of them. */
  tick(): void {
    this.executor.setNow(this.clock());
    if (!this.#clockIsReal && this.keyspace.nextDeadline() < this.keyspace.now) {
      this.executor.expireDue(Number.MAX_SAFE_INTEGER);
    }
  }

  /** To be called when a batch of commands has been executed: sets the timers it may need. */
  tock(): void {
    const { keyspace } = this;
    if (keyspace.deadlineAdded) {
      keyspace.deadlineAdded = false;
      this.#setExpiryTimer();
    }
    if (keyspace.disposing && this.#reclaimTimer === undefined) this.#reclaimLater();
    if (this.executor.memoryLimit.evicting && this.#evictTimer === undefined) this.#evictLater();
  }

  #setExpiryTimer(): void {
    if (!this.#clockIsReal || this.#closed) return;
    const next = this.keyspace.nextDeadline();
    if (next >= this.#timerAtMs) return;
    if (this.#timer !== undefined) this.platform.clearTimer(this.#timer);
    // A deadline has passed one millisecond after it.
    const delay = Math.min(Math.max(next + 1 - this.clock(), 1), TIMER_MAX_MS);
    this.#timerAtMs = next;
    this.#timer = this.platform.setTimer(delay, () => this.#expire());
  }

  #expire(): void {
    this.#timer = undefined;
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    if (this.#closed) return;
    this.executor.setNow(this.clock());
    const { executor, keyspace } = this;
    if (keyspace.settings.activeExpiry) {
      const startMs = this.platform.monotonicMs();
      let full = false;
      this.#forAWhile(() => {
        full = executor.expireDue(EXPIRE_STEP) === EXPIRE_STEP;
        return full;
      });
      this.expiry.ms += this.platform.monotonicMs() - startMs;
      if (full) this.expiry.cut++;
    }
    this.afterBackgroundWrites();
    this.#setExpiryTimer();
    this.tock();
  }

  /** Called after writes that no request made; the server's turn ends in the same way. */
  afterBackgroundWrites: () => void = () => {
    this.log?.commit();
  };

  #reclaimLater(): void {
    this.#reclaimTimer = this.platform.setTimer(1, () => {
      this.#reclaimTimer = undefined;
      if (this.#closed) return;
      const { keyspace } = this;
      this.#forAWhile(() => {
        keyspace.reclaim(FREE_STEP);
        return keyspace.disposing;
      });
      if (keyspace.disposing) this.#reclaimLater();
      else if (this.memory.isSparse) this.memory.trim();
    });
  }

  /** Takes steps while they say that there is more to do, for one slice of time. */
  #forAWhile(step: () => boolean): void {
    const endMs = this.platform.monotonicMs() + SLICE_MS;
    let left = SLICE_STEPS;
    while (step() && --left > 0 && this.platform.monotonicMs() < endMs);
  }

  #evictLater(): void {
    this.#evictTimer = this.platform.setTimer(1, () => {
      this.#evictTimer = undefined;
      if (this.#closed) return;
      this.executor.setNow(this.clock());
      const { memoryLimit } = this.executor;
      this.#forAWhile(() => {
        if (memoryLimit.evicting) memoryLimit.makeRoom();
        return memoryLimit.evicting;
      });
      this.afterBackgroundWrites();
      this.tock();
    });
  }

  /**
   * Writes what is pending and closes the log. Throws LogError where that fails; everything is
   * closed all the same.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#timer !== undefined) this.platform.clearTimer(this.#timer);
    if (this.#reclaimTimer !== undefined) this.platform.clearTimer(this.#reclaimTimer);
    if (this.#evictTimer !== undefined) this.platform.clearTimer(this.#evictTimer);
    if (this.log !== null) this.executor.context.effects.removeSink(this.log);
    try {
      this.log?.close();
    } finally {
      this.#lock?.release();
    }
  }
}
