// The log that is being written: commands are gathered into batches, a batch is sealed and written
// with one system call (commit), and synced as `appendfsync` has it.
//
//   appended bytes ──seal──▶ sealed ──writeAt──▶ written ──sync──▶ synced    (file offsets)
//   end                      sealedEnd           written           synced
//
// Batches are numbered from 1. Replies to the commands of batch n may leave when
// `acknowledgedThrough` ≥ n: with `always` once it is synced, otherwise once it is written.
//
// Group commit: all clients of a turn of the event loop append, then one commit. With `always` a
// commit syncs at once where that has lately been quick (BLOCKING_MS), as handing it to another
// thread would cost more. Where it has not, it starts a sync on another thread if none is under
// way; what is committed meanwhile is written at once and waits for the next sync, so each sync
// serves all batches written before it began, and no slow disk holds up those who read. When such a
// sync ends, the next one is put off for a moment: those whose replies have just
// left will write again, and share it then, instead of waiting for the one after. `hurry` says
// that they are there.
// `commitNow` is for callers that must block until their write is safe.
//
// With `always` the file is kept longer than what is written, see reserve.ts.
//
// Bytes wait in memory (log-buffer.ts) until they are synced (with `no`: until they are written),
// because both failures are repaired from there:
//
// * A write fails (no space, an error of the disk): the file is cut back to its last whole batch,
//   `failure` says why, and the batch stays in memory, as its effects do. Commits go on sealing;
//   every RETRY_MS all that is pending is written again. Nothing of it has been acknowledged.
// * A sync fails: the kernel may have dropped the pages and forgotten the error, so a second sync
//   that succeeds would prove nothing. Everything since the last good sync is written anew to the
//   same places, which makes its pages dirty again, and is then synced. Old bytes are never cut off
//   for that, so a process killed in between loses nothing that the kernel still had. (With `no`
//   they are not in memory any more, and are read from the file, where their seals must be right.)
//
// * The file was removed, or another stands in its place, or it was cut off: what is written to it
//   would be of no use to the next start. That is looked for (file-watch.ts) every LOOK_MS while
//   the log is written (with `always` every LOOK_ALWAYS_MS), and treated as a write that fails. It
//   heals when the same file is put back.
//
// While `failure` is set, whoever executes commands refuses writes ("MISCONF Errors writing to the
// AOF file: " + failure) and serves reads. The state heals by itself when a retry succeeds.
//
// Limits: with `everysec`, when a sync has been under way for 2 seconds, or when more than
// UNSYNCED_BYTES_MAX (sync-due.ts) wait in memory, the next commit blocks in a sync of its own.
//
// The log can be cut (`cut`): it goes on in another file, the next increment of the manifest. What
// the file before holds is synced first, so at any time one file alone has bytes that are not on
// the disk, and offsets are those of that file. Numbers of batches go on.
//
// It can rest (`rest`): all is on the disk, there is no file, and nobody appends. A cut wakes it,
// in an increment that no manifest names yet: it is provisional until its base is on the disk
// (`found`), and what is acknowledged by then is no more than with a log that rests.
//
// Whoever wants to know that something is on the disk, whatever the policy, blocks until it is
// (syncAll), or has it synced soon on another thread (requestSync) and waits for the end of that
// (whenSynced, sync-waiters.ts). Those who ask while a sync is under way share the next one.
//
// Several threads of a process can have one log open: the one that opened it shares it, and others
// attach to it (0019 in docs/decisions). All that they need to know of it lies in shared memory
// (log-state.ts, log-buffer.ts), and descriptors belong to the process, so each of them seals,
// writes and syncs for all. They do so with the database's lock; what may take its time is done
// without. With `always` a thread appends, gets a ticket (commitTicket), leaves the lock and waits
// (waitSynced): who finds no sync under way syncs for all that have a ticket by then
// (log-turns.ts), so writers share their syncs.
//
// Invariants: (1) synced ≤ written ≤ sealedEnd ≤ end  (2) written and sealedEnd lie at the end of a
// batch  (3) the buffer holds all bytes from `kept` on  (4) `acknowledgedThrough` never decreases
// (5) the file holds nothing but a reserve from written to reserveEnd, and ends there.

import { assert } from "../../base/assert.ts";
import type { File, Platform, PlatformError } from "../../platform/platform.ts";
import { Alarm } from "./alarm.ts";
import { Gathering } from "./gathering.ts";
import { LogBuffer } from "./log-buffer.ts";
import { LogError } from "./log-error.ts";
import { LogFigures } from "./log-figures.ts";
import { LogFile, NO_FILE, type OpenedIncrement } from "./log-file.ts";
import { type FsyncPolicy, LogState } from "./log-state.ts";
import { type Membership, SyncTurns } from "./log-turns.ts";
import type { SharedLog } from "./shared-log.ts";
import { isSyncLate, isSyncWanted, SYNC_PERIOD_MS, syncDueInMs } from "./sync-due.ts";
import { type SyncWaiter, SyncWaiters } from "./sync-waiters.ts";

export type { FsyncPolicy } from "./log-state.ts";
export type { Lock, Membership } from "./log-turns.ts";
export type { SharedLog } from "./shared-log.ts";

const OPENER = 1;
const RETRY_MS = 200;
/** With `always`, a commit waits for its own sync while syncs take less than this. */
const BLOCKING_MS = 0.5;
export class Log extends LogFigures {
  /** Called, from a turn of its own, when `acknowledgedThrough` grew or `failure` changed. */
  onProgress: (() => void) | null = null;
  readonly #platform: Platform;
  readonly #state: LogState;
  readonly #buffer: LogBuffer;
  readonly #tail: LogFile;
  #turns: SyncTurns;
  #shared: SharedLog | null = null;

  // Of this thread alone.
  readonly #due: Alarm;
  readonly #gathering: Gathering;
  readonly #waiters: SyncWaiters;
  readonly #retrial: Alarm;
  #closed = false;
  #isAbandoned = false;

  constructor(
    platform: Platform,
    state: LogState,
    buffer: LogBuffer,
    tail: LogFile,
    turns: SyncTurns,
  ) {
    super(state);
    this.#platform = platform;
    this.#state = state;
    this.#buffer = buffer;
    this.#tail = tail;
    this.#turns = turns;
    this.#waiters = new SyncWaiters(state);
    this.#due = new Alarm(platform, () => this.#wake());
    this.#retrial = new Alarm(platform, () => this.#tryAgain());
    this.#gathering = new Gathering(platform, state, () => this.#wake());
  }

  /**
   * From now on other threads can attach to the log, and everything here is done with the
   * database's lock. `membership` is this thread's; the first one counts. REQUIRES: the lock.
   */
  share(membership: Membership): SharedLog {
    if (this.#shared !== null) return this.#shared;
    assert(!this.#closed, "a log is shared while it is open");
    assert(membership.member === OPENER, "the thread that opened a log is its first member");
    this.#buffer.take();
    this.#state.join(OPENER);
    this.#turns = new SyncTurns(this.#state, membership);
    this.#buffer.share();
    this.#shared = this.known;
    return this.#shared;
  }

  /** What other threads will attach by, once it is shared. */
  get known(): SharedLog {
    return {
      increments: this.#tail.increments,
      state: this.#state.buffer,
      pieces: this.#buffer.known,
    };
  }

  /** The log that another thread shares, for this one. REQUIRES: the lock, and the log is open. */
  static attach(platform: Platform, shared: SharedLog, membership: Membership): Log {
    const { member } = membership;
    const state = new LogState(shared.state);
    assert(member !== OPENER && !state.closed, "a thread attaches to a log that is open");
    const isAlive = (): boolean => membership.isAlive(OPENER);
    const file = LogFile.adopt(platform, shared.increments, state, isAlive);
    const buffer = new LogBuffer(state, shared.pieces);
    const turns = new SyncTurns(state, membership);
    state.join(member);
    turns.inherit();
    const tail = new LogFile(platform, shared.increments, state, buffer, file, isAlive);
    const log = new Log(platform, state, buffer, tail, turns);
    log.#shared = shared;
    return log;
  }

  /** The path of the file being written. */
  get path(): string {
    return this.#tail.path;
  }

  /** Whether a sync is under way. */
  get isSyncing(): boolean {
    return this.#turns.holder !== 0;
  }

  /** Whether the next commit will block in a sync: it is then worth waiting for more to commit. */
  get isBlocking(): boolean {
    const state = this.#state;
    if (state.policy !== "always" || state.end === state.written) return false;
    return !state.hasFailed && !this.isSyncing && state.syncMs < BLOCKING_MS;
  }

  /**
   * Appends whole commands in RESP, bytes[start, end). They are copied.
   * A SELECT is never appended: it is written by selectDatabase, in its own spelling.
   */
  append(bytes: Uint8Array, start: number, end: number): void {
    this.hasAppended = true;
    this.#buffer.append(bytes, start, end);
  }

  /**
   * As append, but the bytes must stay as they are until `take`: commands that follow one another
   * in the array, as in a client's pipeline, are copied together. To be taken before the lock is
   * left.
   */
  borrow(bytes: Uint8Array, start: number, end: number): void {
    this.hasAppended = true;
    this.#buffer.borrow(bytes, start, end);
  }

  /** Copies what was borrowed. */
  take(): void {
    this.#buffer.take();
  }

  /** Takes back what was appended since the size was this. REQUIRES: it has not been committed. */
  shorten(sizeBytes: number): void {
    this.#buffer.cut(sizeBytes);
  }

  /** Says which database the commands appended from now on are for. Costs nothing when it stays. */
  selectDatabase(database: number): void {
    if (database !== this.#state.expected) this.#tail.expect(database);
  }

  /**
   * Whether batches say when they were executed (aof-timestamp-enabled), and by which clock, which
   * each thread is to be told. REQUIRES: the lock.
   */
  stampBy(nowMs: () => number, on: boolean = this.#state.stamps): void {
    this.#tail.nowMs = nowMs;
    this.#state.stamps = on;
    this.#state.expected = -1;
  }

  /**
   * Closes the batch and writes it. Returns its number; nothing appended: that of the batch before.
   * Call it at the end of each turn, never between MULTI and EXEC. Does nothing once it is closed.
   * With `always` a thread that shares the log and has left the lock waits for a sync while these
   * are quick; one that has the lock waits for nobody else's.
   */
  commit(): number {
    if (this.#closed) return this.batch;
    if (!this.#turns.lock.held) return this.#commitApart();
    this.#commit();
    this.#expectProgress();
    return this.batch;
  }

  #commit(): void {
    const state = this.#state;
    if (this.#tail.isOpen) this.#tail.seal();
    if (state.written === state.sealedEnd || state.hasFailed) return;
    if (!this.#write()) return;
    if (state.policy === "no") return;
    if (this.isSyncing) {
      if (state.policy === "everysec" && isSyncLate(state, this.#nowMs)) {
        state.delayedSyncs++;
        this.#syncNow();
      }
      return;
    }
    if (state.policy === "always" && state.syncMs < BLOCKING_MS) {
      this.#gathering.end();
      this.#syncNow();
      return;
    }
    this.#arrangeSync();
  }

  /** Begins a sync that is due, and has one that will be due begin in time. */
  #arrangeSync(): void {
    if (this.#gathering.isOn) return;
    const dueInMs = syncDueInMs(this.#state, this.#nowMs);
    if (dueInMs <= 0) this.#syncInBackground();
    else this.#due.set(dueInMs);
  }

  /** As commit, by a thread that has not the lock. */
  #commitApart(): number {
    const state = this.#state;
    const { lock } = this.#turns;
    let number = 0;
    let isLate = false;
    if (!this.#turns.tryEnter()) return this.batch;
    try {
      number = this.commitTicket();
      const isPending = state.written !== state.sealedEnd && !state.hasFailed;
      // With `always` whoever syncs writes.
      if (isPending && state.policy !== "always" && this.#write() && state.policy !== "no") {
        if (!this.isSyncing) this.#arrangeSync();
        else isLate = isSyncLate(state, this.#nowMs);
      }
      if (state.policy !== "always") this.#expectProgress();
    } finally {
      lock.leave();
    }
    if (isLate) {
      state.delayedSyncs++;
      this.#waitUntil(number, true);
    }
    if (state.policy === "always" && state.syncedThrough < number) this.#commitAlways(number);
    return number;
  }

  #commitAlways(number: number): void {
    const state = this.#state;
    const { lock } = this.#turns;
    if (state.syncMs < BLOCKING_MS) {
      this.#gathering.end();
      if (this.#waitUntil(number, false)) return;
    }
    lock.enter();
    try {
      const mayBegin = !this.#gathering.isOn && !this.isSyncing && !state.hasFailed;
      if (state.syncedThrough < number && mayBegin && this.#write()) this.#syncInBackground();
      this.#expectProgress();
    } finally {
      lock.leave();
    }
  }

  /** All who may write soon have written: if the next sync is put off, it begins now. */
  hurry(): void {
    if (!this.#gathering.isOn) return;
    this.#gathering.end();
    this.#wake();
  }

  /**
   * Closes the batch, with `always`, and returns its number, for waitSynced once the lock is left.
   * REQUIRES: the lock.
   */
  commitTicket(): number {
    const state = this.#state;
    if (this.#tail.isOpen && !this.#closed) this.#tail.seal();
    if (state.policy === "always" && state.syncedThrough < state.batch) state.tickets++;
    return state.batch;
  }

  /**
   * Returns when the batch is as safe as the policy demands: with `always` it is on the disk. False
   * when it could not be made so; then `failure` says why, and the batch is written when that
   * becomes possible. REQUIRES, where the log is shared: the lock has been left.
   */
  waitSynced(ticket: number): boolean {
    if (this.#turns.lock.held) return this.commitNow();
    if (this.#state.policy !== "always") this.commit();
    return this.#waitUntil(ticket, false);
  }

  /** As commit, and returns when the batch is as safe as the policy demands; see waitSynced. */
  commitNow(): boolean {
    const state = this.#state;
    const { lock } = this.#turns;
    if (state.policy !== "always") {
      this.commit();
    } else if (!lock.held) {
      lock.enter();
      const ticket = this.commitTicket();
      lock.leave();
      return this.#waitUntil(ticket, false);
    } else {
      const waited = state.batch > state.syncedThrough;
      if (this.#tail.isOpen) this.#tail.seal();
      if (state.syncedThrough === state.batch) return true;
      if (!state.hasFailed && this.#write() && this.#syncNow() && waited) this.#tellLater();
    }
    return this.acknowledgedThrough === state.batch;
  }

  /**
   * Tries now, and waits for it, what the retry timer would try later; for callers that block the
   * event loop. Returns whether the log can be written again.
   */
  retry(): boolean {
    const state = this.#state;
    const { lock } = this.#turns;
    if (!state.hasFailed) return true;
    lock.enter();
    try {
      if (!state.hasFailed) return true;
      const mustSync = state.policy !== "no" || state.syncFailed;
      if (mustSync ? !this.#writeAndSync() : !this.#write()) return false;
      state.heal();
      this.#turns.announce();
      this.#tellLater();
      return true;
    } finally {
      lock.leave();
    }
  }

  /**
   * Writes everything and returns when it is on the disk, whatever the policy. False when that
   * cannot be done now; then `failure` says why.
   */
  syncAll(): boolean {
    const state = this.#state;
    const { lock } = this.#turns;
    const isApart = !lock.held;
    let number = 0;
    lock.enter();
    try {
      const waited = state.batch > state.syncedThrough;
      if (this.#tail.isOpen) this.#tail.seal();
      if (!this.#isWithout(this.#tail.look())) return false;
      if (!state.hasFailed && state.synced === state.sealedEnd) return true;
      if (!this.retry()) return false;
      number = state.batch;
      if (!isApart) {
        if (!this.#writeAndSync()) return false;
        if (waited) this.#tellLater();
        return true;
      }
    } finally {
      lock.leave();
    }
    return this.#waitUntil(number, true);
  }

  /**
   * Goes on in the next increment: what was appended so far is in the file there was, all of it
   * synced, and what comes is written to `next`. False when that cannot be done now: then the log
   * stays as it is. For the thread that opened the log, between commands.
   * REQUIRES: the lock; `next` holds an opening and is named by the manifest, and all of that is on
   * the disk. A log that rests goes on in one that is not named yet: it is provisional then.
   */
  cut(next: OpenedIncrement): boolean {
    const state = this.#state;
    assert(this.#turns.lock.held && this.#turns.member === OPENER, "the opener cuts a log");
    if (this.#closed || state.hasFailed) return false;
    const waited = state.batch > state.syncedThrough;
    if (this.#tail.isOpen) this.#tail.seal();
    if (!state.resting && !this.#write()) return false;
    this.#tail.dropReserve();
    if (state.synced !== state.written && !this.#syncNow()) return false;
    // What a sync that is under way elsewhere will say is of the file that was.
    state.nextSyncRound();
    this.#tail.cutTo(next.file, next.sequence, next.end);
    if (state.policy === "always" && waited) this.#tellLater();
    this.#turns.announce();
    return true;
  }

  /** The file has its name, and the next start will read it. REQUIRES: the lock. */
  found(): void {
    this.#tail.found();
    this.#turns.announce();
    this.#tellLater();
  }

  /**
   * Writes nothing any more until it is cut. What was appended is on the disk then; false where it
   * is not, and never will be: who waits for it is told that it has been acknowledged all the same.
   * For the thread that opened the log. REQUIRES: the lock, and that no thread has lent anything.
   */
  rest(): boolean {
    const state = this.#state;
    assert(this.#turns.lock.held && this.#turns.member === OPENER, "the opener has a log rest");
    if (this.#closed || state.resting) return true;
    if (this.#tail.isOpen) this.#tail.seal();
    state.reserveRefused = true; // what it ends with shall stay as it is
    const isSafe = state.provisional || this.#finish();
    this.#tail.rest();
    this.#clearAlarms();
    this.#tellLater();
    this.#turns.announce();
    return isSafe;
  }

  /**
   * Writes everything, and has it synced soon, on another thread and whatever the policy. Returns
   * the number of the batch to wait for. Another request in the meantime costs no other sync.
   */
  requestSync(): number {
    const state = this.#state;
    this.#turns.lock.enter();
    try {
      this.commit();
      state.wanted = state.batch;
      const canBegin = !this.#closed && !state.hasFailed && this.#isWithout(this.#tail.look());
      // With `always` the commit has seen to it.
      if (canBegin && state.policy !== "always") this.#wake();
      return state.batch;
    } finally {
      this.#turns.lock.leave();
    }
  }

  /** Has `waiter` told, in a later turn, what becomes of its batch. REQUIRES: it is sealed. */
  whenSynced(waiter: SyncWaiter): void {
    assert(!this.#closed && waiter.batch <= this.batch, "a batch that is sealed is waited for");
    if (this.#waiters.add(waiter, this.#turns)) this.#tellLater();
  }

  /** Tells those who wait in this thread. */
  #tell(): void {
    if (this.#state.hasFailed) this.onFailed?.();
    if (this.#waiters.tell(this.#turns)) this.#tellLater();
    this.onProgress?.();
  }

  /** Changes the policy; throws LogError LOG_WRITE when the file cannot be synced for it. */
  setPolicy(policy: FsyncPolicy): void {
    const state = this.#state;
    const { lock } = this.#turns;
    lock.enter();
    try {
      if (policy === state.policy) return;
      this.commit();
      if (state.hasFailed) throw this.#writeError();
      // What was acknowledged as written is acknowledged as synced from now on.
      const isPending = policy === "always" && state.synced !== state.written;
      if ((isPending || state.policy === "no") && !this.#syncNow()) throw this.#writeError();
      state.policy = policy;
      if (policy === "no") this.#tail.release();
    } finally {
      lock.leave();
    }
    this.#turns.announce();
    this.#wake();
  }

  /**
   * Something that another thread did to the log concerns this one: to be called in a turn of its
   * event loop, soon after it was woken (Membership.wake), and even when it has closed the log.
   */
  noteProgress(): void {
    if (this.#closed) return this.#closeFile();
    this.tellIfGrown();
    this.#tell();
    this.#wake();
    if (this.#state.hasFailed) this.#retrial.set(RETRY_MS);
  }

  /**
   * Writes and syncs everything, and closes the log in this thread; the last one closes it for
   * good. Throws LogError LOG_WRITE when that fails; it is closed all the same.
   */
  close(): void {
    if (this.#closed) return;
    this.#stop();
    const isSafe = this.#part();
    this.#waiters.end();
    this.#closeFile();
    if (!isSafe) throw this.#writeError();
  }

  /**
   * Closes a log whose state in memory is not to be trusted: what was written to the file is
   * synced, and nothing is added to it.
   */
  abandon(): void {
    if (this.#closed) return;
    this.#isAbandoned = true;
    this.#stop();
    this.#tail.sync();
    this.#waiters.end();
    this.#closeFile();
  }

  #stop(): void {
    this.#closed = true;
    this.#clearAlarms();
  }

  #clearAlarms(): void {
    this.#due.clear();
    this.#retrial.clear();
    this.#gathering.end();
  }

  /** Leaves the log to the other threads that have it open, or closes it. */
  #part(): boolean {
    const state = this.#state;
    const { lock } = this.#turns;
    let number = 0;
    let isAwaited = true;
    lock.enter();
    try {
      if (this.#tail.isOpen) this.#tail.seal();
      if (this.#turns.isLast) return this.#closeForGood();
      number = state.batch;
      isAwaited = state.policy !== "no" || isSyncWanted(state);
      if (!isAwaited && !state.hasFailed) this.#write();
    } finally {
      state.part(this.#turns.member);
      lock.leave();
    }
    return isAwaited ? this.#waitUntil(number, true) : !state.hasFailed;
  }

  #closeForGood(): boolean {
    this.#state.closed = true;
    return this.batch === 0 || this.isResting || this.#finish();
  }

  /** Writes and syncs everything, for the last time. */
  #finish(): boolean {
    let isSafe = this.#writeAndSync() || this.#writeAndSync();
    isSafe &&= this.#isWithout(this.#tail.look());
    if (isSafe) {
      this.#tail.dropReserve();
      // A convenience for the next reader, who takes it for synced: it is there then, or not.
      const end = this.#tail.sealEnd();
      if (!this.#writeAndSync()) this.#tail.truncate(end);
    }
    return isSafe;
  }

  /**
   * Closes this thread's descriptor when nobody needs it any more: other threads may use that of
   * the one that opened the log, and the end of a sync in the background is waited for.
   */
  #closeFile(): void {
    const isOpener = this.#turns.member === OPENER;
    const isNeeded = isOpener && !this.#turns.isLast && !this.#isAbandoned;
    if (isNeeded || !this.#tail.close()) return;
    if (!isOpener && this.#turns.isLast) this.#turns.wake(OPENER);
  }

  /** Writes all that is pending, from the last good sync on when a sync failed, and syncs it. */
  #writeAndSync(): boolean {
    if (this.#state.syncFailed && !this.#isWithout(this.#tail.rewind())) return false;
    return this.#write() && this.#syncNow();
  }

  #write(): boolean {
    const error = this.#tail.write();
    if (this.#state.hasGrown()) {
      if (this.#turns.member !== OPENER) this.#turns.wake(OPENER);
      else this.#platform.afterTurn(() => this.tellIfGrown());
    }
    return this.#isWithout(error);
  }

  #isWithout(error: PlatformError | undefined): boolean {
    if (error !== undefined) this.#fail(error);
    return error === undefined;
  }

  /** The time as all threads see it. */
  get #nowMs(): number {
    return this.#platform.threadsMs();
  }

  /** Syncs in the background when something is due to be synced. */
  #wake(): void {
    const state = this.#state;
    const { lock } = this.#turns;
    if (!this.#turns.tryEnter()) return;
    try {
      if (this.#closed || state.syncFailed) return;
      // What came during another thread's sync may not have been written.
      const isPending = state.policy === "always" && state.written !== state.sealedEnd;
      if (state.policy === "no" && !isSyncWanted(state)) return;
      if (state.synced === state.written && !isPending) return;
      const { holder, isAlone } = this.#turns;
      const isOwn = isAlone || this.#tail.isAwaiting;
      if (holder !== 0 && (isOwn || !this.#turns.isForsaken(holder, this.#nowMs))) {
        // Another thread may die before it has synced.
        if (!isAlone) this.#due.set(SYNC_PERIOD_MS);
        return;
      }
      if (isPending && (state.hasFailed || !this.#write())) return;
      const dueInMs = syncDueInMs(this.#state, this.#nowMs);
      if (dueInMs <= 0) this.#syncInBackground();
      else this.#due.set(dueInMs);
    } finally {
      lock.leave();
    }
  }

  #syncInBackground(): void {
    const state = this.#state;
    const turns = this.#turns;
    const { holder } = turns;
    assert(!turns.isAlone || (holder === 0 && !this.#closed), "a sync begins beside another");
    if (this.#tail.isAwaiting || !turns.take(holder, true)) return;
    if (!this.#makeUpFor(holder) || !this.#isWithout(this.#tail.follow())) {
      turns.give();
      return;
    }
    const round = state.nextSyncRound();
    const { written, writtenThrough } = state;
    state.syncStartMs = this.#platform.threadsMs();
    this.#tail.syncLater((error) => {
      this.#endSync(round, written, writtenThrough, error);
      turns.announce();
      if (this.#closed) return this.#closeFile();
      if (state.policy === "always" && state.syncMs >= BLOCKING_MS) this.#gathering.begin();
      this.#tell();
      if (!this.#gathering.isOn) this.#wake();
    });
  }

  /**
   * Returns when the batch is acknowledged, or on the disk (`durable`); false when the log has
   * failed. Syncs for all where nobody does. REQUIRES: the lock is not held.
   */
  #waitUntil(number: number, durable: boolean): boolean {
    const state = this.#state;
    const turns = this.#turns;
    for (let isPatient = true; ; ) {
      const seen = turns.progress;
      const through = durable ? state.syncedThrough : this.acknowledgedThrough;
      if (through >= number) return true;
      if (state.hasFailed || state.closed) return false;
      const { holder } = turns;
      if (holder === 0 && isPatient && turns.isGathering) {
        turns.gather(seen);
        isPatient = false;
      } else if (holder === 0 || turns.isForsaken(holder, this.#nowMs)) {
        if (turns.take(holder, false)) this.#syncApart(holder);
      } else {
        turns.wait(seen);
      }
    }
  }

  /** Writes what is sealed and syncs it in this thread's turn, which it has taken from `holder`. */
  #syncApart(holder: number): void {
    const state = this.#state;
    const turns = this.#turns;
    const { lock } = turns;
    let round = 0;
    let written = 0;
    let batch = 0;
    let tickets = 0;
    let isReady = false;
    let file: File = NO_FILE;
    lock.enter();
    try {
      isReady = !state.hasFailed && this.#makeUpFor(holder) && this.#write();
      if (isReady) {
        file = this.#tail.file;
        round = state.nextSyncRound();
        written = state.written;
        batch = state.writtenThrough;
        tickets = state.tickets;
        state.tickets = 0;
        state.syncStartMs = this.#platform.threadsMs();
      }
    } finally {
      if (!isReady) turns.give();
      lock.leave();
    }
    if (isReady) {
      // It may have come to rest since it was looked at.
      const error = file === NO_FILE ? undefined : this.#platform.sync(file);
      state.expectedTickets = tickets + state.tickets;
      this.#endSync(round, written, batch, error);
    }
    turns.announce();
  }

  /** A sync that this thread began has ended. */
  #endSync(round: number, written: number, batch: number, error: PlatformError | undefined): void {
    const state = this.#state;
    const { lock } = this.#turns;
    if (!this.#turns.tryEnter()) return this.#turns.give();
    try {
      this.#turns.give();
      state.noteSync(this.#nowMs);
      if (round !== state.syncRound || state.closed) return;
      if (error !== undefined) this.#failSync(error);
      else this.#hasSynced(written, batch);
    } finally {
      lock.leave();
    }
  }

  /**
   * A sync that `holder` began, if anybody, is not waited for. Its failure could go unnoticed, so
   * what it covers is written anew and its outcome is disregarded.
   */
  #makeUpFor(holder: number): boolean {
    if (holder === 0) return true;
    this.#state.syncFailed = true;
    return this.#isWithout(this.#tail.rewind()) && this.#write();
  }

  /** Syncs what is written and waits for it, with the lock. */
  #syncNow(): boolean {
    const state = this.#state;
    if (!this.#makeUpFor(this.#turns.holder)) return false;
    state.nextSyncRound();
    state.syncStartMs = this.#platform.threadsMs();
    const error = this.#tail.sync();
    state.noteSync(this.#nowMs);
    if (error !== undefined) {
      this.#failSync(error);
      return false;
    }
    this.#hasSynced(state.written, state.writtenThrough);
    this.#turns.announce();
    return true;
  }

  #hasSynced(written: number, batch: number): void {
    const state = this.#state;
    assert(written >= state.synced && batch >= state.syncedThrough, "a sync went backwards");
    assert(written <= state.written, "what was synced was written");
    state.synced = written;
    state.syncedThrough = batch;
    if (state.syncFailed) {
      state.syncFailed = false;
      state.heal();
      if (state.written !== state.sealedEnd) this.#write(); // what was sealed meanwhile
    }
    this.#tail.release();
    if (this.#waiters.any) this.#tellLater();
  }

  #failSync(error: PlatformError): void {
    this.#state.syncFailed = true;
    this.#fail(error);
  }

  #fail(error: PlatformError): void {
    const state = this.#state;
    const changed = !state.hasFailed;
    state.fail(error.message);
    if (this.#closed) return;
    this.#retrial.set(RETRY_MS);
    if (!changed) return;
    this.#tellLater();
    this.#turns.announce();
    this.#turns.wake(OPENER);
  }

  /** Others have progress of this thread to hear of: batches for which replies are held. */
  #expectProgress(): void {
    if (this.acknowledgedThrough < this.batch) this.#turns.expectProgress();
  }

  /** Has those told who wait: of a failure, or of what a caller that blocks has synced. */
  #tellLater(): void {
    this.#platform.afterTurn(() => this.#tell());
  }

  #tryAgain(): void {
    const { lock } = this.#turns;
    if (!this.#turns.tryEnter()) return;
    try {
      if (this.#closed || !this.#state.hasFailed) return;
      if (this.isSyncing) this.#retrial.set(RETRY_MS);
      else this.#retryInBackground();
    } finally {
      lock.leave();
    }
    this.#tell();
  }

  #retryInBackground(): void {
    const state = this.#state;
    if (state.syncFailed && !this.#isWithout(this.#tail.rewind())) return;
    if (!this.#write()) return;
    if (state.syncFailed) {
      this.#syncInBackground(); // `failure` stays until it has succeeded
    } else {
      state.heal();
      this.#turns.announce();
      this.#wake();
    }
  }

  #writeError(reason = this.failure ?? "unknown"): LogError {
    return LogError.cannotBeWritten(this.path, this.#state.written, reason);
  }
}
