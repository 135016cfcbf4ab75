// The log that is being written: commands are gathered into batches, a batch is sealed and written
// with one system call (commit), and synced as `appendfsync` has it.
//
//   appended bytes ──seal──▶ sealed ──writeAt──▶ written ──sync──▶ synced    (file offsets)
//   #end                     #sealedEnd          #written          #synced
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
//   for that, so a process killed in between loses nothing that the kernel still had.
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
// UNSYNCED_BYTES_MAX wait in memory, the next commit blocks in a sync of its own.
//
// Invariants: (1) #synced ≤ #written ≤ #sealedEnd ≤ #buffer.end  (2) #written and #sealedEnd lie at
// the end of a batch  (3) the buffer holds all bytes from #kept() on  (4) `acknowledgedThrough`
// never decreases  (5) the file holds nothing but a reserve from #written to #reserveEnd, and ends
// there.

import { assert } from "../../base/assert.ts";
import { writeInteger } from "../../base/integers.ts";
import type { File, Platform, PlatformError, Timer } from "../../platform/platform.ts";
import { FileWatch } from "./file-watch.ts";
import { LogBuffer, type Piece } from "./log-buffer.ts";
import { LogError } from "./log-error.ts";
import { closeInto, closingBytes, reserve } from "./reserve.ts";

/** When written batches are synced: before they are acknowledged, each second, or never by us. */
export type FsyncPolicy = "always" | "everysec" | "no";

const SYNC_PERIOD_MS = 1000;
const SYNC_LATE_MS = 2000;
const RETRY_MS = 200;
const UNSYNCED_BYTES_EARLY = 8 << 20; // from here on a sync does not wait for its second
const UNSYNCED_BYTES_MAX = 64 << 20;
const SELECT_BYTES_MAX = 64;
const LOOK_MS = 1000;
const LOOK_ALWAYS_MS = 50;
/** With `always`, a commit waits for its own sync while syncs take less than this, … */
const BLOCKING_MS = 0.5;
/** … by a moving average in which the last one has this weight; at first they pass for slow. */
const LAST_SYNC_WEIGHT = 0.25;
const FIRST_SYNC_MS = 1;
/** The sync behind one in the background is put off for so long, again while somebody comes, … */
const GATHERING_MS = 1;
/** … up to this part of the time that syncs take, and to this. */
const GATHERING_PART = 0.5;
const GATHERING_MAX_MS = 5;
/** When nobody has come while it waited, so many syncs begin at once. */
const GATHERINGS_SKIPPED = 8;

export class Log {
  /** Why the log cannot be written at the moment, or null. Writes are refused while it is set. */
  failure: string | null = null;
  /** Called, from a turn of its own, when `acknowledgedThrough` grew or `failure` changed. */
  onProgress: (() => void) | null = null;

  /** Number of the last batch that was sealed. */
  batch = 0;
  /** Number of the last batch that was written to the file. */
  writtenThrough = 0;
  /** Number of the last batch that is known to be on the disk. */
  syncedThrough = 0;

  /** Commits that had to wait for a sync (INFO's aof_delayed_fsync). */
  delayedSyncs = 0;
  /** The path of the file being written. */
  readonly path: string;

  readonly #platform: Platform;
  readonly #file: File;
  #policy: FsyncPolicy;

  readonly #buffer: LogBuffer;

  #batchStart: number; // where the open batch begins
  #sealedEnd: number;
  #written: number;
  #synced: number;
  #reserveEnd = 0; // where the reserve ends that lies behind #written; before it: there is none
  #reserveRefused = false; // there was no room for one
  #database = -1; // which `select` is in force at the end; −1: none yet in this session

  #syncing = false;
  #syncStartMs = 0; // when the last sync began (monotonic)
  #syncMs = FIRST_SYNC_MS; // how long syncs have lately taken
  #syncRound = 0; // grows with each sync; a background sync that another overtook is disregarded
  #syncFailed = false; // bytes since #synced must be written anew before they are synced
  #timer: Timer | null = null;
  #gatheringTimer: Timer | null = null; // set while the next sync is put off
  #gatheringsToSkip = 0;
  #retryTimer: Timer | null = null;
  #closed = false;

  readonly #watch: FileWatch;
  readonly #scratch = new Uint8Array(SELECT_BYTES_MAX);

  /**
   * Goes on behind the `end` bytes of `file` (opened for positional writes).
   * REQUIRES: they are synced, and end with a seal.
   */
  constructor(platform: Platform, file: File, path: string, end: number, policy: FsyncPolicy) {
    this.#platform = platform;
    this.#file = file;
    this.path = path;
    this.#policy = policy;
    this.#buffer = new LogBuffer(end);
    this.#sealedEnd = end;
    this.#written = end;
    this.#synced = end;
    this.#syncStartMs = platform.monotonicMs();
    this.#batchStart = end;
    this.#watch = new FileWatch(platform, file, path, end);
  }

  /** Bytes of the file, pending ones included. */
  get sizeBytes(): number {
    return this.#buffer.end;
  }

  /** Bytes appended since the last commit. When they grow large, commit between commands. */
  get openBytes(): number {
    return this.#buffer.end - this.#batchStart;
  }

  /** Whether a background sync is under way. */
  get isSyncing(): boolean {
    return this.#syncing;
  }

  /** Number of the last batch whose replies may leave. */
  get acknowledgedThrough(): number {
    return this.#policy === "always" ? this.syncedThrough : this.writtenThrough;
  }

  /** Whether the next commit will block in a sync: it is then worth waiting for more to commit. */
  get isBlocking(): boolean {
    if (this.#policy !== "always" || this.#buffer.end === this.#written) return false;
    return this.failure === null && !this.#syncing && this.#syncMs < BLOCKING_MS;
  }

  get policy(): FsyncPolicy {
    return this.#policy;
  }

  /**
   * Appends whole commands in RESP, bytes[start, end). They are copied.
   * A SELECT is never appended: it is written by selectDatabase, in its own spelling.
   */
  append(bytes: Uint8Array, start: number, end: number): void {
    this.#buffer.append(bytes, start, end);
  }

  /**
   * As append, but the bytes must stay as they are until `take`: commands that follow one another
   * in the array, as in a client's pipeline, are copied together.
   */
  borrow(bytes: Uint8Array, start: number, end: number): void {
    this.#buffer.borrow(bytes, start, end);
  }

  /** Copies what was borrowed. */
  take(): void {
    this.#buffer.take();
  }

  /** Says which database the commands appended from now on are for. Costs nothing when it stays. */
  selectDatabase(database: number): void {
    if (database !== this.#database) this.#appendSelect(database);
  }

  /**
   * Closes the batch and writes it. Returns its number; nothing appended: that of the batch before.
   * Call it at the end of each turn, never between MULTI and EXEC. Does nothing once it is closed.
   */
  commit(): number {
    if (this.#closed) return this.batch;
    if (this.#buffer.end !== this.#batchStart) this.#seal();
    if (this.#written === this.#sealedEnd || this.failure !== null) return this.batch;
    if (!this.#write()) return this.batch;
    if (this.#policy === "no") return this.batch;
    if (this.#syncing) {
      if (this.#policy === "everysec" && this.#isSyncLate()) {
        this.delayedSyncs++;
        this.#syncNow();
      }
      return this.batch;
    }
    if (this.#policy === "always" && this.#syncMs < BLOCKING_MS) {
      this.#endGathering();
      this.#syncNow();
      return this.batch;
    }
    if (this.#gatheringTimer !== null) return this.batch;
    const dueInMs = this.#syncDueInMs();
    if (dueInMs <= 0) this.#syncInBackground();
    else if (this.#timer === null) this.#startTimer(dueInMs);
    return this.batch;
  }

  /** All who may write soon have written: if the next sync is put off, it begins now. */
  hurry(): void {
    if (this.#gatheringTimer === null) return;
    this.#endGathering();
    this.#wake();
  }

  /**
   * As commit, and returns only when the batch is as safe as the policy demands: with `always` it
   * is on the disk. False when it could not be made so; then `failure` says why, and the batch is
   * written when that becomes possible.
   */
  commitNow(): boolean {
    if (this.#policy !== "always") {
      this.commit();
    } else {
      const waited = this.batch > this.syncedThrough;
      if (this.#buffer.end !== this.#batchStart) this.#seal();
      if (this.syncedThrough === this.batch) return true;
      if (this.failure === null && this.#write() && this.#syncNow()) this.#tellOthers(waited);
    }
    return this.acknowledgedThrough === this.batch;
  }

  /**
   * Tries now, and waits for it, what the retry timer would try later; for callers that block the
   * event loop. Returns whether the log can be written again.
   */
  retry(): boolean {
    if (this.failure === null) return true;
    if (this.#policy === "no" ? !this.#write() : !this.#writeAndSync()) return false;
    this.failure = null;
    this.#tellLater();
    return true;
  }

  /**
   * Writes everything and returns when it is on the disk, whatever the policy. False when that
   * cannot be done now; then `failure` says why.
   */
  syncAll(): boolean {
    const waited = this.batch > this.syncedThrough;
    if (this.#buffer.end !== this.#batchStart) this.#seal();
    if (!this.#look()) return false;
    if (this.failure === null && this.#synced === this.#sealedEnd) return true;
    if (!this.retry() || !this.#writeAndSync()) return false;
    this.#tellOthers(waited);
    return true;
  }

  /** Changes the policy; throws LogError LOG_WRITE when the file cannot be synced for it. */
  setPolicy(policy: FsyncPolicy): void {
    if (policy === this.#policy) return;
    this.commit();
    if (this.failure !== null) throw this.#writeError();
    if (this.#policy === "no") {
      const error = this.#platform.sync(this.#file);
      if (error !== undefined) throw this.#writeError(error.message);
      this.#hasSynced(this.#written, this.writtenThrough);
    } else if (policy === "always" && this.#synced !== this.#written && !this.#syncNow()) {
      // What was acknowledged as written is acknowledged as synced from now on.
      throw this.#writeError();
    }
    this.#policy = policy;
    if (policy === "no") {
      this.#syncRound++; // without the bytes in memory nothing could be done about a failure
      this.#release();
    }
    this.#wake();
  }

  /**
   * Writes and syncs everything, and closes the file. Throws LogError LOG_WRITE when that fails;
   * the file is closed all the same.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#timer !== null) this.#platform.clearTimer(this.#timer);
    if (this.#retryTimer !== null) this.#platform.clearTimer(this.#retryTimer);
    this.#endGathering();
    if (this.#buffer.end !== this.#batchStart) this.#seal();
    let isSafe = true;
    if (this.batch > 0) {
      isSafe = this.#writeAndSync() || (this.#policy !== "no" && this.#writeAndSync());
      isSafe &&= this.#look();
      if (isSafe) {
        this.#dropReserve();
        // The seal of an empty batch: all before it is on the disk. A convenience for the next
        // reader, who takes it for synced, so it is there then or not at all.
        const end = this.#sealedEnd;
        this.#buffer.seal(end, 0);
        this.#sealedEnd = this.#buffer.end;
        if (!this.#writeAndSync()) this.#platform.truncate(this.#file, end);
      }
    }
    if (!this.#syncing) this.#platform.close(this.#file); // else the end of the sync closes it
    if (!isSafe) throw this.#writeError();
  }

  /** Writes all that is pending, from the last good sync on when a sync failed, and syncs it. */
  #writeAndSync(): boolean {
    if (this.#syncFailed) this.#rewind();
    return this.#write() && this.#syncNow();
  }

  #seal(): void {
    const start = this.#batchStart;
    assert(start === this.#sealedEnd && this.#synced <= start, "a batch is sealed out of its turn");
    const settled = this.#policy === "no" ? start : this.#synced;
    this.#buffer.seal(start, start - settled);
    this.#sealedEnd = this.#buffer.end;
    this.#batchStart = this.#sealedEnd;
    this.batch++;
  }

  #appendSelect(database: number): void {
    const digits = this.#scratch;
    const count = writeInteger(digits, 0, database);
    const text = `*2\r\n$6\r\nselect\r\n$${count}\r\n${database}\r\n`;
    for (let i = 0; i < text.length; i++) digits[i] = text.charCodeAt(i);
    this.append(digits, 0, text.length);
    this.#database = database;
  }

  /** Whether the file can be relied on; looks when it has not done so for a while. */
  #isInOrder(): boolean {
    const pauseMs = this.#policy === "always" ? LOOK_ALWAYS_MS : LOOK_MS;
    return this.#isWithout(this.#watch.check(pauseMs, this.#kept()));
  }

  #look(): boolean {
    return this.#isWithout(this.#watch.look(this.#kept()));
  }

  #isWithout(error: PlatformError | undefined): boolean {
    if (error !== undefined) this.#fail(error);
    return error === undefined;
  }

  /** Writes what is sealed and not yet written; false when it failed, and then nothing counts. */
  #write(): boolean {
    assert(this.#written <= this.#sealedEnd, "more was written than is sealed");
    if (!this.#isInOrder()) return false;
    const from = this.#written;
    for (const piece of this.#buffer.pieces) {
      const start = Math.max(0, from - piece.offset);
      const end = Math.min(piece.used, this.#sealedEnd - piece.offset);
      if (start >= end) continue;
      const error = this.#writePiece(piece, start, end);
      if (error === undefined) continue;
      // Cut off what is no whole batch, unless it covers bytes of before that may still be good.
      if (!this.#syncFailed && this.#platform.truncate(this.#file, from) === undefined) {
        this.#reserveEnd = 0;
      }
      this.#fail(error);
      return false;
    }
    this.#written = this.#sealedEnd;
    this.writtenThrough = this.batch;
    if (this.#policy === "no") this.#release();
    else if (this.#policy === "always" && this.#reserveEnd <= this.#written) this.#makeReserve();
    return true;
  }

  /** Writes a part of a piece, and closes the reserve behind it where the sealed bytes end. */
  #writePiece(piece: Piece, start: number, end: number): PlatformError | undefined {
    const { bytes, offset } = piece;
    const closing =
      offset + end < this.#sealedEnd ? 0 : closingBytes(this.#reserveEnd - offset - end);
    if (closing === 0) return this.#platform.writeAt(this.#file, bytes, start, end, offset + start);
    // The open batch may begin here.
    const first = bytes[end];
    const second = bytes[end + 1];
    closeInto(bytes, end);
    const error = this.#platform.writeAt(this.#file, bytes, start, end + closing, offset + start);
    bytes[end] = first;
    bytes[end + 1] = second;
    if (closing === 2) this.#reserveEnd = offset + end + closing;
    return error;
  }

  /** Makes the file longer; where there is no room for that, it goes on without. */
  #makeReserve(): void {
    if (this.#reserveRefused || this.#closed) return;
    const bytes = reserve();
    const error = this.#platform.writeAt(this.#file, bytes, 0, bytes.length, this.#written);
    this.#reserveEnd = this.#written + (error === undefined ? bytes.length : error.writtenBytes);
    if (error === undefined) return;
    this.#reserveRefused = true;
    this.#dropReserve();
  }

  #dropReserve(): void {
    if (this.#reserveEnd <= this.#written) return;
    const error = this.#platform.truncate(this.#file, this.#written);
    if (error === undefined) this.#reserveEnd = 0;
  }

  /** Where the bytes begin that must stay in memory. */
  #kept(): number {
    return this.#policy === "no" ? this.#written : this.#synced;
  }

  #release(): void {
    this.#buffer.release(this.#kept());
  }

  #isSyncLate(): boolean {
    if (this.#written - this.#synced > UNSYNCED_BYTES_MAX) return true;
    return this.#platform.monotonicMs() - this.#syncStartMs > SYNC_LATE_MS;
  }

  #syncDueInMs(): number {
    if (this.#policy === "always") return 0;
    if (this.#written - this.#synced > UNSYNCED_BYTES_EARLY) return 0;
    return SYNC_PERIOD_MS - (this.#platform.monotonicMs() - this.#syncStartMs);
  }

  #startTimer(delayMs: number): void {
    this.#timer = this.#platform.setTimer(delayMs, () => {
      this.#timer = null;
      this.#wake();
    });
  }

  /** Syncs in the background when something is due to be synced. */
  #wake(): void {
    if (this.#closed || this.#syncing || this.#syncFailed) return;
    if (this.#policy === "no" || this.#synced === this.#written) return;
    const dueInMs = this.#syncDueInMs();
    if (dueInMs <= 0) this.#syncInBackground();
    else if (this.#timer === null) this.#startTimer(dueInMs);
  }

  #syncInBackground(): void {
    assert(!this.#syncing && !this.#closed, "a sync begins beside another");
    const round = ++this.#syncRound;
    const written = this.#written;
    const batch = this.writtenThrough;
    this.#syncing = true;
    this.#syncStartMs = this.#platform.monotonicMs();
    this.#platform.syncLater(this.#file, (error) => {
      this.#syncing = false;
      this.#noteSync();
      if (this.#closed) {
        this.#platform.close(this.#file);
        return;
      }
      if (round === this.#syncRound) {
        if (error !== undefined) this.#failSync(error);
        else this.#hasSynced(written, batch);
      }
      if (this.#policy === "always" && this.#syncMs >= BLOCKING_MS) this.#beginGathering();
      this.onProgress?.();
      if (this.#gatheringTimer === null) this.#wake();
    });
  }

  /** Puts the next sync off until `hurry`, or for a moment. */
  #beginGathering(): void {
    if (this.#gatheringTimer !== null || this.failure !== null) return;
    if (this.#gatheringsToSkip > 0) {
      this.#gatheringsToSkip--;
      return;
    }
    this.#gather(Math.min(this.#syncMs * GATHERING_PART, GATHERING_MAX_MS));
  }

  #gather(leftMs: number): void {
    const { batch } = this;
    this.#gatheringTimer = this.#platform.setTimer(GATHERING_MS, () => {
      this.#gatheringTimer = null;
      if (this.batch === batch) this.#gatheringsToSkip = GATHERINGS_SKIPPED;
      else if (leftMs > GATHERING_MS) return this.#gather(leftMs - GATHERING_MS);
      this.#wake();
    });
  }

  #endGathering(): void {
    if (this.#gatheringTimer === null) return;
    this.#platform.clearTimer(this.#gatheringTimer);
    this.#gatheringTimer = null;
  }

  /**
   * Syncs what is written and waits for it. When a background sync is under way, its failure could
   * go unnoticed here, so what it covers is written anew and the outcome of the other is
   * disregarded.
   */
  #syncNow(): boolean {
    if (this.#syncing && this.#policy !== "no") {
      this.#rewind();
      this.#syncFailed = true;
      if (!this.#write()) return false;
    }
    this.#syncRound++;
    this.#syncStartMs = this.#platform.monotonicMs();
    const error = this.#platform.sync(this.#file);
    this.#noteSync();
    if (error !== undefined) {
      this.#failSync(error);
      return false;
    }
    this.#hasSynced(this.#written, this.writtenThrough);
    return true;
  }

  /**
   * What was written since the last good sync is to be written anew. A sync of it that is under way
   * says nothing any more: it may end in the middle of that, or after that has failed.
   */
  #rewind(): void {
    this.#written = this.#synced;
    this.#syncRound++;
  }

  /** A sync has ended. */
  #noteSync(): void {
    const tookMs = this.#platform.monotonicMs() - this.#syncStartMs;
    this.#syncMs += (tookMs - this.#syncMs) * LAST_SYNC_WEIGHT;
  }

  #hasSynced(written: number, batch: number): void {
    assert(written >= this.#synced && batch >= this.syncedThrough, "a sync went backwards");
    assert(written <= this.#written, "what was synced was written");
    this.#synced = written;
    this.syncedThrough = batch;
    if (this.#syncFailed) {
      this.#syncFailed = false;
      this.failure = null;
      if (this.#written !== this.#sealedEnd) this.#write(); // what was sealed meanwhile
    }
    this.#release();
  }

  #failSync(error: PlatformError): void {
    this.#syncFailed = this.#policy !== "no";
    this.#fail(error);
  }

  #fail(error: PlatformError): void {
    const changed = this.failure === null;
    this.failure = error.message;
    if (this.#closed) return;
    if (this.#retryTimer === null) this.#startRetryTimer();
    if (changed) this.#tellLater();
  }

  /** A caller that blocks has synced, along with its own, batches for which replies were held. */
  #tellOthers(waited: boolean): void {
    if (waited && this.onProgress !== null) this.#tellLater();
  }

  #tellLater(): void {
    this.#platform.afterTurn(() => this.onProgress?.());
  }

  #startRetryTimer(): void {
    this.#retryTimer = this.#platform.setTimer(RETRY_MS, () => {
      this.#retryTimer = null;
      if (this.#closed || this.failure === null) return;
      if (this.#syncing) this.#startRetryTimer();
      else this.#retryInBackground();
      this.onProgress?.();
    });
  }

  #retryInBackground(): void {
    if (this.#syncFailed) this.#rewind();
    if (!this.#write()) return;
    if (this.#syncFailed) {
      this.#syncInBackground(); // `failure` stays until it has succeeded
    } else {
      this.failure = null;
      this.#wake();
    }
  }

  #writeError(reason = this.failure ?? "unknown"): LogError {
    return new LogError(
      "LOG_WRITE",
      this.path,
      this.#written,
      `the log cannot be written: ${reason}. What was not acknowledged may be missing.`,
    );
  }
}
