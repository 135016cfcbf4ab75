// The database: wires the engine, the log and recovery. Embedding and serving both stand on it.
//
// open    lock the directory, replay its log, then let writes go to the log
// write   a request's effects are appended to the log's batch; flush() writes the batch, and only
//         then may anybody be told (the server's replies, the embedded call's return)
// expiry  one timer stands at the earliest deadline; a slice of what is due is deleted at a time

import { latin1Text } from "./base/bytes.ts";
import { DatabaseError, damaged } from "./base/database-error.ts";
import { halfDone, isHalfDone } from "./base/half-done.ts";
import { LockNeeded } from "./base/lock-needed.ts";
import { RdbError } from "./codec/rdb-error.ts";
import { RdbInput } from "./codec/rdb-input.ts";
import { commandFamilies } from "./commands/all-commands.ts";
import { CommandTable } from "./engine/command-table.ts";
import { Executor } from "./engine/executor.ts";
import type { Services } from "./engine/services.ts";
import { redisVersion, version } from "./engine/version.ts";
import { Counter } from "./keyspace/figures.ts";
import { Keyspace } from "./keyspace/keyspace.ts";
import { Memory } from "./memory/memory.ts";
import { Log, type SharedLog } from "./persistence/log/log.ts";
import { LogError } from "./persistence/log/log-error.ts";
import { restingLog } from "./persistence/log/log-opening.ts";
import { LogPlace } from "./persistence/log/log-place.ts";
import { type LogSettings, openLog, type Recovery } from "./persistence/log/recovery.ts";
import { replayFiles } from "./persistence/log/replay-files.ts";
import { Rewrite } from "./persistence/log/rewrite.ts";
import { LogSwitch } from "./persistence/log-switch.ts";
import { type DumpFile, saveRdb } from "./persistence/rdb/dump-file.ts";
import { type Loaded, loadRdb } from "./persistence/rdb/rdb-loader.ts";
import { Replay } from "./persistence/replay.ts";
import { type Reporter, RewriteSettings, Rewriting, SILENT } from "./persistence/rewriting.ts";
import { Saving } from "./persistence/saving.ts";
import { BackgroundSaves, type SnapshotProgress } from "./persistence/snapshot/background-saves.ts";
import type { SnapshotOutcome } from "./persistence/snapshot/file-snapshot.ts";
import { Snapshots } from "./persistence/snapshot/snapshots.ts";
import {
  type DirectoryLock,
  type File,
  type Platform,
  PlatformError,
  type Timer,
  type WorkerThread,
} from "./platform/platform.ts";
import { ReplyError } from "./protocol/reply-reader.ts";
import { type Scripting, scriptingOf } from "./scripting/scripting.ts";
import type { Guest } from "./threads/guest.ts";
import { newMeeting, type SharedDatabase } from "./threads/handle.ts";
import { Post } from "./threads/inbox.ts";
import type { Member } from "./threads/member.ts";
import { Owner } from "./threads/owner.ts";
import { Board } from "./threads/script-board.ts";
import { SnapshotRequests } from "./threads/snapshot-requests.ts";
import { registerTypes } from "./types/all-types.ts";

/** Work in the background (expiry, freeing, eviction) goes on for so long at a time, */
const SLICE_MS = 1.5;
/** … looking at the clock after each step, and takes at most so many steps. */
const SLICE_STEPS = 64;
/** Entries whose time is over that are deleted in a step. */
const EXPIRE_STEP = 100;
/** Elements of large collections that are freed in a step. */
const FREE_STEP = 1000;
/** A thread that leaves goes on for so long with a client's script. */
const SCRIPT_END_MS = 1000;
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
  /** Another thread has opened the database, and this one attaches to it. */
  readonly guest?: Guest;
}

/** A table of the commands of this build; in a guest, some are executed by the owner. */
export function commandTable(guest?: Guest): CommandTable {
  const table = new CommandTable(commandFamilies);
  if (guest === undefined) return table;
  for (const command of table.all) command.handler = guest.handlerOf(command) ?? command.handler;
  return table;
}

/** What a database that no other thread uses has for a lock. */
const noLock: Pick<Member["lock"], "enter" | "leave"> = { enter: () => {}, leave: () => {} };

function noDirectory(): PlatformError {
  return new PlatformError("ENOENT", "", "the database has no directory");
}

/** Errors that our own code throws on purpose, and never in the middle of a change. */
function isForeseen(error: unknown): boolean {
  return (
    error instanceof ReplyError ||
    error instanceof DatabaseError ||
    error instanceof LogError ||
    error instanceof RdbError ||
    error instanceof PlatformError ||
    error instanceof LockNeeded
  );
}

/** The earliest deadline of any entry or member, or Infinity; it may be too early. */
function nextDeadline({ databases, roots, deadlines }: Keyspace): number {
  let next = Number.POSITIVE_INFINITY;
  // Asked for in every turn that adds a deadline: it allocates nothing.
  for (let db = 0; db < databases; db++) {
    const tree = roots.tree(db);
    if (tree !== 0) next = Math.min(next, deadlines.firstKey(tree));
    const memberTree = roots.memberTree(db);
    if (memberTree !== 0) next = Math.min(next, deadlines.firstKey(memberTree));
  }
  return next;
}

export class Database {
  readonly platform: Platform;
  readonly memory: Memory;
  readonly keyspace: Keyspace;
  readonly executor: Executor;
  readonly clock: () => number;

  /** The log of its directory, whether it is written or rests; null for one in memory. */
  directoryLog: Log | null = null;
  /** The same while it is written, though its first base be still missing (`isProvisional`). */
  log: Log | null = null;
  /** Switches it on and off, in the owner. */
  logSwitch: LogSwitch | null = null;
  /** Rewrites of the log, which are the owner's. */
  rewrite: Rewrite | null = null;
  readonly rewriteSettings: RewriteSettings = new RewriteSettings();
  /** Is told of work in the background. */
  reporter: Reporter = SILENT;
  recovery: Recovery | undefined;
  /** The snapshot file of its directory; null where it has none. */
  dump: DumpFile | null = null;
  /** Is told how far a file has been read that is loaded at the start. */
  onRead: (path: string, bytes: number) => void = () => {};
  /** What the last RDB file held that was loaded. */
  loaded: Loaded | undefined;

  /** What expiry in the background has taken, and how often its slice of time ended too soon. */
  readonly expiry: { ms: number; cut: number } = { ms: 0, cut: 0 };

  /** What every call is refused with since a write of this thread has ended by an error. */
  damage: DatabaseError | undefined;
  /** Called when that has happened: by the embedded API, and by who serves. */
  readonly onDamaged: ((damage: DatabaseError) => void)[] = [];

  /** All other threads are about to leave it, too. */
  endsForAll = false;
  /** Called when it is about to be closed. */
  readonly onClosing: (() => void)[] = [];

  /** This thread's part in it, once several threads may use it. */
  member: Member | null = null;
  /** To be held while anything is changed that other threads see. */
  lock: Pick<Member["lock"], "enter" | "leave"> = noLock;

  /** Takes snapshots, in the thread that has opened it; see persistence/snapshot. */
  readonly snapshots: Snapshots;
  /** Snapshots that are saved in the background, by the thread that has opened it. */
  readonly saves: BackgroundSaves | null;

  readonly #clockIsReal: boolean;
  readonly #guest: Guest | undefined;
  /** The scripts that this thread runs, and what it knows of those of others. */
  readonly scripting: Scripting;
  #board: Board | undefined;
  #owner: Owner | undefined;
  #meeting: Omit<SharedDatabase, "segments" | "log"> | undefined;
  #lock: DirectoryLock | undefined;
  #place: LogPlace | undefined;
  #timer: Timer | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #reclaimTimer: Timer | undefined;
  #evictTimer: Timer | undefined;
  #requests: SnapshotRequests | undefined;
  #closed = false;

  constructor(options: DatabaseOptions) {
    this.platform = options.platform;
    this.clock = options.clock;
    this.#clockIsReal = options.clockIsReal;
    const { guest } = options;
    this.#guest = guest;
    this.memory = guest?.memory ?? new Memory();
    this.keyspace =
      guest === undefined
        ? new Keyspace(this.memory, options.databases, options.seed)
        : Keyspace.attach(this.memory, guest.number);
    registerTypes(this.keyspace);
    this.executor = new Executor(commandTable(guest), this.keyspace, options.services);
    this.executor.setNow(this.clock());
    this.scripting = scriptingOf(this.executor.context);
    this.snapshots = new Snapshots(this.keyspace, () => this.#newView(), {
      monotonicMs: () => this.platform.monotonicMs(),
      setTimer: (ms, callback) => this.platform.setTimer(ms, callback),
      turn: (work) => this.turn(work),
      tell: () => this.member?.spread(),
    });
    this.keyspace.interrupted = (error) => {
      throw this.interrupted(error, true);
    };
    const saving = new Saving(this, (directory) => this.#takeDirectory(directory));
    this.saves = guest === undefined ? new BackgroundSaves(saving) : null;
    if (guest !== undefined) this.#join(guest);
    this.snapshots.look();
  }

  #join(member: Member): void {
    this.member = member;
    this.lock = member.lock;
    const turn = (work: () => void): void => this.turn(work);
    this.#requests = new SnapshotRequests(member, this.platform, turn, this.saves);
    member.heir = this;
    member.join(this.executor);
    this.#board = new Board(member, this.scripting);
    // Another thread had its number, and may have died in a script.
    if (!member.isOwner) this.#board.scriptDied(member.number);
    this.scripting.join(this.#board, !member.isOwner);
  }

  /** A second keyspace object over the same data, for what looks at it in the middle of changes. */
  #newView(): Keyspace {
    const view = Keyspace.view(this.memory, this.keyspace.member);
    registerTypes(view);
    return view;
  }

  /** Another thread has begun a snapshot, or ended one, or the log has been switched. */
  lookAtNews(): void {
    this.snapshots.look();
    this.#lookAtLog();
    this.scripting.look();
  }

  /** A thread has gone, perhaps in the middle of a script. REQUIRES: the lock. */
  missed(member: number): void {
    this.#board?.scriptDied(member);
  }

  /** Effects go to the log while it is written. */
  #lookAtLog(): void {
    const log = this.directoryLog;
    const written = log === null || log.isResting ? null : log;
    if (written === this.log) return;
    const { effects } = this.executor.context;
    if (this.log !== null) effects.removeSink(this.log);
    if (written !== null) effects.addSink(written);
    this.log = written;
  }

  /** The log is written from now on, or rests: all threads shall look. REQUIRES: the lock. */
  spreadLog(): void {
    this.#lookAtLog();
    if (this.log?.isProvisional === false) this.logSwitch?.noteFounded();
    this.member?.spread();
  }

  noteLogLeft(): void {
    this.logSwitch?.noteLeft();
  }

  /** What a snapshot that is saved now comes after. */
  get follows(): readonly string[] {
    return this.logSwitch?.prints ?? [];
  }

  /** Takes a snapshot into a file, at once if none is being taken; any thread may ask for it. */
  snapshot(path: string, progress: SnapshotProgress, done: SnapshotOutcome): void {
    if (this.saves !== null) return this.saves.snapshotNow(path, progress, done);
    let isAsked = false;
    this.turn(() => {
      isAsked = true;
      this.#requests?.ask(path, progress, done);
    });
    if (!isAsked) done("the database is not served any more");
  }

  posted(kind: number, id: number, a: Uint8Array, b: Uint8Array): void {
    if (kind === Post.script) this.scripting.note(latin1Text(b, 0, b.length));
    else this.#requests?.take(kind, id, a, b);
  }

  orphaned(): void {
    this.#requests?.close("the database was closed");
  }

  // Threads

  /** Whether this thread has opened it, and not attached to it. */
  get isOwner(): boolean {
    return this.#guest === undefined;
  }

  /** What another thread needs to attach to this database, as soon as that is shared. */
  handle(path: string): SharedDatabase {
    const { databases } = this.keyspace;
    this.#meeting ??= {
      tskeydb: version,
      id: this.#randomId(),
      path,
      databases,
      ...newMeeting(this.executor.table.all.length),
    };
    return {
      ...this.#meeting,
      segments: this.memory.share(),
      log: this.directoryLog?.known ?? null,
    };
  }

  /** From now on other threads may attach: this one takes the lock for what it does. */
  share(path: string): SharedDatabase {
    if (this.#guest !== undefined) return this.#guest.handle;
    const handle = this.handle(path);
    if (this.#owner !== undefined) return handle;
    const owner = new Owner(this.platform, handle, this.memory, this);
    this.#owner = owner;
    this.#join(owner);
    this.turn(() => this.directoryLog?.share(owner.membership));
    owner.begin();
    return handle;
  }

  #randomId(): string {
    const bytes = new Uint8Array(8);
    this.platform.randomInto(bytes, 0, bytes.length);
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  /** No thread can use it any more; what this one still does, it does alone. */
  #end(owner: Owner): void {
    const isHeld = owner.tryEnter();
    this.scripting.part();
    owner.end();
    if (isHeld) owner.lock.leave();
    this.lock = noLock;
    this.member = null;
  }

  /**
   * Calls `done` when no other thread is attached any more, or, undefined, not after all; false
   * where none is: then it is not called.
   */
  waitForGuests(done: (() => void) | undefined): boolean {
    const owner = this.#owner;
    if (owner === undefined || !owner.hasGuests || owner.isDamaged) return false;
    owner.onAlone = done;
    return true;
  }

  #leave(guest: Guest): void {
    this.turn(() => this.executor.leave());
    this.scripting.part();
    guest.leave();
    this.lock = noLock;
    this.member = null;
  }

  /** In a guest: goes on with the log that the owner shares. REQUIRES: the lock. */
  attachLog(guest: Guest, shared: SharedLog): void {
    this.directoryLog = Log.attach(this.platform, shared, guest.membership);
    this.stampLog();
    this.#lookAtLog();
    guest.follow(this.directoryLog);
  }

  /** Has the log say when commands were executed, or not. REQUIRES: the lock. */
  stampLog(on?: boolean): void {
    this.directoryLog?.stampBy(() => this.keyspace.now, on);
  }

  /** A worker has been started, which may attach. */
  follow(worker: WorkerThread): void {
    this.#owner?.follow(worker);
  }

  /** Other threads may have added a deadline, or left something to be freed. */
  lookAround(): void {
    this.keyspace.deadlineAdded = true;
    this.tock();
  }

  /** A thread has died in a transaction, between two of its calls: it has never been. */
  rollBackLeft(): void {
    if (this.keyspace.isLeftOpen) this.keyspace.rollBackLeft();
  }

  /** Does what an event is for, while no other thread changes anything. */
  turn(work: () => void): void {
    const { member } = this;
    if (this.damage !== undefined) return;
    if (member === null) {
      // A guest that has left has no business there any more.
      if (!this.#closed || this.isOwner) this.#do(work);
      return;
    }
    if (!member.tryEnter()) return;
    try {
      this.#do(work);
    } finally {
      member.lock.leave();
    }
  }

  #do(work: () => void): void {
    try {
      work();
    } catch (error) {
      throw this.interrupted(error, true);
    }
  }

  // Damage: see docs/decisions/0022-interrupted-writes.md.

  /** Whether a write has ended midway, in any thread. */
  get isDamaged(): boolean {
    return this.damage !== undefined || this.member?.isDamaged === true;
  }

  /**
   * An error came out of what was done under the lock, which this thread has still; returns what is
   * to be thrown. Where it may have ended a change in the middle (which is so if `isChange`),
   * nothing here is to be used any more, by any thread. What was done before is written: the log
   * has whole commands at any time.
   */
  interrupted(error: unknown, isChange = false): unknown {
    if (isForeseen(error) && !isHalfDone(error)) return error;
    if (this.damage !== undefined) return this.damage;
    if (!isChange && !this.executor.wasChanging(error)) return error;
    const damage = damaged(error);
    this.damage = damage;
    const { log } = this;
    if (log !== null) {
      this.executor.context.effects.removeSink(log);
      try {
        log.commit();
      } catch {
        // It is tried again when the database is closed.
      }
    }
    this.member?.markDamaged();
    for (const tell of this.onDamaged) tell(damage);
    return damage;
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
    this.#takeDirectory(settings.directory);
    const { executor, keyspace } = this;
    const replay = new Replay(executor, settings.directory, this.clock());
    try {
      const { platform, dump } = this;
      const nowMs = this.clock();
      const notes = { redisVersion, nowMs, isBase: true };
      const { log, files, recovery } = openLog({
        ...settings,
        platform,
        apply: replay.apply,
        foresight: replay.foresight,
        loadRdb: this.#loadBase,
        onRead: this.onRead,
        snapshot: {
          exists: dump?.exists === true,
          follows: (print) => dump?.follows(print) === true,
          load: () => {
            const progress = (bytes: number): void => this.onRead(dump?.path ?? "", bytes);
            this.loaded = dump?.load({ nowMs, progress });
          },
          saveBase: (path) => {
            if (dump !== null) saveRdb(platform, path, keyspace, notes, dump.writing);
          },
        },
      });
      this.#have(log, files.place, settings).follow(files);
      this.recovery = recovery;
    } catch (error) {
      this.#lock?.release();
      throw error;
    }
    replay.end(this.clock());
    executor.resetStatistics();
    this.#lookAtLog();
    this.#hasLoaded();
  }

  #have(log: Log, place: LogPlace, settings: LogSettings): Rewrite {
    const rewrite = new Rewrite(new Rewriting(this), log);
    this.directoryLog = log;
    this.rewrite = rewrite;
    this.#place = place;
    this.logSwitch = new LogSwitch(this, place, log, rewrite);
    this.stampLog(settings.stamps === true);
    return rewrite;
  }

  readonly #loadBase = (file: File, path: string): number => {
    const { keyspace, platform } = this;
    const progress = (bytes: number): void => this.onRead(path, bytes);
    const options = { keyspace, nowMs: this.clock(), keepsExpired: true, progress };
    this.loaded = loadRdb(RdbInput.ofFile(platform, file, path), options);
    return this.loaded.end;
  };

  /** What was loaded is no change, and what of it is above the limit goes step by step. */
  #hasLoaded(): void {
    this.executor.memoryLimit.overtaken();
    if (this.dump !== null) this.dump.changesSaved = this.keyspace.total(Counter.changes);
  }

  #takeDirectory(directory: string): void {
    if (this.#lock !== undefined) return;
    this.platform.makeDirectory(directory);
    this.#lock = this.platform.lockDirectory(directory);
    this.dump?.removeBegun();
  }

  /**
   * Takes the data directory for this process, and loads its snapshot; without one, the directory
   * is neither made nor taken before the first save. Its log rests, and can be switched on. Throws
   * DirectoryLocked, RdbError or PlatformError.
   */
  openDump(settings: LogSettings): void {
    const { dump, keyspace, platform } = this;
    const { directory, directoryName, fileName, fsync } = settings;
    const place = new LogPlace(directory, directoryName, fileName);
    this.#have(restingLog(platform, place, fsync), place, settings);
    if (dump === null || !dump.exists) return;
    this.#takeDirectory(directory);
    try {
      const nowMs = this.clock();
      keyspace.beginLoading(nowMs);
      const progress = (bytes: number): void => this.onRead(dump.path, bytes);
      this.loaded = dump.load({ nowMs, progress });
      this.logSwitch?.wasLoaded(this.loaded.notes);
    } catch (error) {
      this.#lock?.release();
      throw error;
    }
    this.executor.setNow(this.clock());
    this.#hasLoaded();
  }

  /** Has a log begun, or rest. Throws LogError or PlatformError. REQUIRES: the lock. */
  switchLog(on: boolean): void {
    const { dump, logSwitch } = this;
    if (dump === null || logSwitch === null) throw noDirectory();
    if (on) this.#takeDirectory(dump.directory);
    if (on) logSwitch.on();
    else logSwitch.off();
  }

  /** Saves all databases, as they are now, to the snapshot file. Throws PlatformError. */
  save(): void {
    const { dump } = this;
    if (dump === null) throw noDirectory();
    this.#takeDirectory(dump.directory);
    dump.save({ redisVersion, nowMs: this.clock(), follows: this.follows });
  }

  /**
   * Loads the snapshot file again, into databases that are emptied before if `empties`; else its
   * keys come to what is there, or, if `replaces`, in the place of it. A file that cannot be loaded
   * is found out before anything is changed. Throws RdbError or PlatformError.
   */
  reload({ empties, replaces }: { empties: boolean; replaces: boolean }): void {
    const { dump, executor } = this;
    if (dump === null) throw noDirectory();
    const nowMs = this.clock();
    dump.load({ nowMs, keepsNothing: true });
    if (empties) this.#empty();
    this.keyspace.beginLoading(nowMs);
    try {
      this.loaded = dump.load({ nowMs, replaces });
    } catch (error) {
      // It was whole a moment ago. What is on the disk is loaded again by the next start.
      throw empties ? halfDone(error) : error;
    } finally {
      executor.setNow(this.clock());
    }
    this.#hasLoaded();
  }

  /** Executes the log again, from the beginning, in databases that are emptied before. */
  reloadLog(): void {
    const { log, executor, platform } = this;
    const place = this.#place;
    if (log === null || place === undefined || log.isProvisional) {
      throw new PlatformError("ENOENT", "", "there is no log");
    }
    log.commitNow();
    this.#empty();
    executor.context.effects.removeSink(log);
    const replay = new Replay(executor, log.path, this.clock());
    try {
      const { apply, foresight } = replay;
      const loadRdb = this.#loadBase;
      let failed: unknown;
      executor.inside(executor.internal, () => {
        try {
          replayFiles(platform, place, { apply, foresight, loadRdb });
        } catch (error) {
          failed = error; // a frame ends before what is around it
        }
      });
      if (failed !== undefined) throw halfDone(failed);
    } finally {
      replay.end(this.clock());
      executor.context.effects.addSink(log);
    }
    this.#hasLoaded();
  }

  /** Empties every database, and frees all that it held. */
  #empty(): void {
    const { keyspace, executor } = this;
    for (let db = 0; db < keyspace.databases; db++) {
      executor.context.notices.emptying(db);
      keyspace.flush(db);
    }
    keyspace.libraries.clear();
    while (keyspace.disposing) keyspace.reclaim(FREE_STEP);
  }

  /** The time that the commands which follow see. To be called once for each batch of them. */
  tick(): void {
    this.executor.setNow(this.clock());
    if (this.keyspace.isHalfWay) return;
    if (!this.#clockIsReal && nextDeadline(this.keyspace) < this.keyspace.now) {
      this.#do(() => this.executor.expireDue(Number.MAX_SAFE_INTEGER));
    }
  }

  /** To be called when a batch of commands has been executed: sets the timers it may need. */
  tock(): void {
    const { keyspace } = this;
    if (this.#guest !== undefined) return this.#ring(this.#guest);
    if (keyspace.deadlineAdded) {
      keyspace.deadlineAdded = false;
      this.#setExpiryTimer();
    }
    if (keyspace.disposing && this.#reclaimTimer === undefined) this.#reclaimLater();
    if (this.executor.memoryLimit.evicting && this.#evictTimer === undefined) this.#evictLater();
  }

  /** The timers are the owner's. */
  #ring(guest: Guest): void {
    const { keyspace } = this;
    if (!keyspace.deadlineAdded && !keyspace.disposing && !this.executor.memoryLimit.evicting) {
      return;
    }
    keyspace.deadlineAdded = false;
    guest.ring();
  }

  #setExpiryTimer(): void {
    if (!this.#clockIsReal || this.#closed) return;
    const next = nextDeadline(this.keyspace);
    if (next >= this.#timerAtMs) return;
    if (this.#timer !== undefined) this.platform.clearTimer(this.#timer);
    // A deadline has passed one millisecond after it.
    const delay = Math.min(Math.max(next + 1 - this.clock(), 1), TIMER_MAX_MS);
    this.#timerAtMs = next;
    this.#timer = this.platform.setTimer(delay, () => this.turn(() => this.#expire()));
  }

  #expire(): void {
    this.#timer = undefined;
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    if (this.#closed) return;
    this.executor.setNow(this.clock());
    const { executor, keyspace } = this;
    if (keyspace.settings.activeExpiry && !keyspace.isHalfWay) {
      const startMs = this.platform.monotonicMs();
      let full = false;
      this.#forAWhile(() => {
        full = executor.expireDue(EXPIRE_STEP) === EXPIRE_STEP;
        return full;
      });
      this.expiry.ms += this.platform.monotonicMs() - startMs;
      if (full) this.expiry.cut++;
    }
    // Whoever waits for a key that has gone is told.
    executor.settle();
    this.afterBackgroundWrites();
    this.#setExpiryTimer();
    this.tock();
  }

  /** Called after writes that no request made; the server's turn ends in the same way. */
  afterBackgroundWrites: () => void = () => {
    this.log?.commit();
  };

  #reclaimLater(): void {
    this.#reclaimTimer = this.platform.setTimer(1, () => this.turn(() => this.#reclaim()));
  }

  #reclaim(): void {
    this.#reclaimTimer = undefined;
    if (this.#closed) return;
    const { keyspace } = this;
    this.#forAWhile(() => {
      keyspace.reclaim(FREE_STEP);
      return keyspace.disposing;
    });
    if (keyspace.disposing) this.#reclaimLater();
    else if (this.memory.isSparse) this.memory.trim();
  }

  /** Takes steps while they say that there is more to do, for one slice of time. */
  #forAWhile(step: () => boolean): void {
    const endMs = this.platform.monotonicMs() + SLICE_MS;
    let left = SLICE_STEPS;
    while (step() && --left > 0 && this.platform.monotonicMs() < endMs);
  }

  #evictLater(): void {
    this.#evictTimer = this.platform.setTimer(1, () => this.turn(() => this.#evict()));
  }

  #evict(): void {
    this.#evictTimer = undefined;
    if (this.#closed || this.keyspace.isHalfWay) return;
    this.executor.setNow(this.clock());
    const { memoryLimit } = this.executor;
    this.#forAWhile(() => {
      if (memoryLimit.evicting) memoryLimit.makeRoom();
      return memoryLimit.evicting;
    });
    this.executor.settle();
    this.afterBackgroundWrites();
    this.tock();
  }

  /** A script that takes long is given up, if others have to do without this thread. */
  #leaveScript(): void {
    const { runner } = this.scripting;
    if (!runner.hasLeft) return;
    if (this.#guest !== undefined && !this.endsForAll) runner.finishWithin(SCRIPT_END_MS);
    this.turn(() => {
      const isHalfDone = this.scripting.close();
      // Others would take half of it for the whole.
      if (isHalfDone && this.#guest !== undefined && !this.endsForAll) this.member?.markDamaged();
    });
  }

  /**
   * Writes what is pending and closes the log. Throws LogError where that fails; everything is
   * closed all the same.
   */
  close(): void {
    if (this.#closed) return;
    for (const tell of this.onClosing) tell();
    this.#leaveScript();
    this.saves?.close();
    this.#requests?.close("the database was closed");
    this.#closed = true;
    if (this.#timer !== undefined) this.platform.clearTimer(this.#timer);
    if (this.#reclaimTimer !== undefined) this.platform.clearTimer(this.#reclaimTimer);
    if (this.#evictTimer !== undefined) this.platform.clearTimer(this.#evictTimer);
    if (this.log !== null) this.executor.context.effects.removeSink(this.log);
    const isFounding = this.rewrite?.isFounding === true && !this.isDamaged;
    this.rewrite?.close();
    try {
      if (this.member?.isDamaged === true) this.directoryLog?.abandon();
      else this.directoryLog?.close();
      if (isFounding) this.logSwitch?.finish();
    } finally {
      if (this.#owner !== undefined) this.#end(this.#owner);
      if (this.#guest !== undefined) this.#leave(this.#guest);
      this.#lock?.release();
    }
  }
}
