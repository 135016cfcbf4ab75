// The log's file, as its bytes come to it: what is appended is sealed, and what is sealed is
// written, with one system call where it lies in one piece. When that happens, and when it is
// synced, log.ts decides.
//
// A write that fails is taken back: the file is cut off at its last whole batch, and the batch
// stays in memory. The file is looked at before (file-watch.ts), and with `always` it is kept
// longer than what is written (reserve.ts).
//
// When the log is cut, another file takes its place. The thread that opened the log does that, and
// says so in the state; each other thread finds it there before it touches the file, and closes
// what it had of the old one, as soon as no sync of its own is under way there. A log that rests
// has no file; it goes on in one as after a cut.
//
// Everything here works on state that threads share; call it with the database's lock.

import { assert } from "../../base/assert.ts";
import { writeInteger } from "../../base/integers.ts";
import { type File, type Platform, PlatformError } from "../../platform/platform.ts";
import { FileWatch, type Increments, placeOf } from "./file-watch.ts";
import type { LogBuffer } from "./log-buffer.ts";
import { LogReader } from "./log-reader.ts";
import type { LogState } from "./log-state.ts";
import { closeInto, closingBytes, reserve } from "./reserve.ts";
import { stampInto } from "./stamp.ts";
import { writeAnew } from "./write-anew.ts";

/** While the log rests. */
export const NO_FILE: File = -1;
const SELECT_BYTES_MAX = 64;
const LOOK_MS = 1000;
const LOOK_ALWAYS_MS = 50;

/** An increment that is to be written. */
export interface OpenedIncrement {
  readonly file: File;
  readonly path: string;
  readonly sequence: number;
  /** How many bytes it has. */
  readonly end: number;
}

export class LogFile {
  /** The time of what is appended. */
  nowMs: () => number;
  readonly increments: Increments;
  readonly #platform: Platform;
  readonly #state: LogState;
  readonly #buffer: LogBuffer;
  readonly #isOpenerAlive: () => boolean;
  readonly #scratch = new Uint8Array(SELECT_BYTES_MAX);

  // The file as this thread has it open, and which increment it is.
  #file: File;
  #files: number;
  #watch: FileWatch;
  /** Files from before a cut that a sync in the background still needs. */
  #outdated: File[] = [];
  #isAwaiting = false;
  #isClosed = false;

  constructor(
    platform: Platform,
    increments: Increments,
    state: LogState,
    buffer: LogBuffer,
    file: File,
    isOpenerAlive: () => boolean,
  ) {
    this.#isOpenerAlive = isOpenerAlive;
    this.increments = increments;
    this.nowMs = () => platform.nowMs();
    this.#platform = platform;
    this.#state = state;
    this.#buffer = buffer;
    this.#file = file;
    this.#files = state.files;
    this.#watch = this.#newWatch();
  }

  /**
   * The file that the log of `state` has at the moment, for another thread. Where the one that
   * opened it has ended, its descriptor may be closed, and the number another file's: then it is
   * the file at that place, if it holds what was last seen there.
   */
  static adopt(
    platform: Platform,
    increments: Increments,
    state: LogState,
    isOpenerAlive: () => boolean,
  ): File {
    if (state.resting) return NO_FILE;
    const place = placeOf(increments, state.sequence);
    if (isOpenerAlive()) return platform.adopt(state.file, place.path);
    const file = platform.open(place.resolved, "update");
    const isIt = new FileWatch(platform, file, place, state).isAsItWas();
    if (isIt && platform.size(file) >= state.written) return file;
    platform.close(file);
    throw new PlatformError("ENOENT", place.path, `${place.path}: it was removed or replaced`);
  }

  #newWatch(): FileWatch {
    const place = placeOf(this.increments, this.#state.sequence);
    return new FileWatch(this.#platform, this.#file, place, this.#state);
  }

  /** The path of the file being written. */
  get path(): string {
    return placeOf(this.increments, this.#state.sequence).path;
  }

  /** As this thread has it open. Only after `write`, `look` or `follow` it is the present one. */
  get file(): File {
    return this.#file;
  }

  /** The file has its name, see FileWatch. */
  named(): void {
    this.#watch.named();
  }

  /** It has its name now, and the next start will read it. */
  found(): void {
    const state = this.#state;
    assert(state.provisional && !state.resting, "a log is founded once it has been cut");
    this.named();
    state.provisional = false;
  }

  /** The first `settled` bytes of the file are there, and not written again. */
  beginWatch(settled: number): void {
    this.#watch.begin(settled);
  }

  /**
   * Goes on behind the `end` bytes of another file: an opening, which is synced.
   * REQUIRES: all that was appended is synced in the file there was.
   */
  cutTo(file: File, sequence: number, end: number): void {
    const state = this.#state;
    assert(state.written === state.end, "a log is cut behind what was written");
    const isNext = state.resting || sequence > state.sequence;
    assert(isNext, "the numbers of increments ascend");
    if (state.resting) {
      state.canLook = false;
      state.provisional = true;
    }
    this.#buffer.restart(end);
    state.begin(file, sequence, end);
    state.resting = false;
    this.#take(file);
    this.#watch.begin(end);
  }

  /**
   * Lets go of the file, and of what was not written to it, which counts as written. What a sync
   * that is under way will say is of no matter. REQUIRES: nothing is borrowed in another thread.
   */
  rest(): void {
    const state = this.#state;
    state.nextSyncRound();
    state.syncFailed = false;
    state.reserveRefused = false;
    state.heal();
    state.writtenThrough = state.batch;
    state.syncedThrough = state.batch;
    state.provisional = false;
    this.#buffer.drop();
    state.begin(NO_FILE, state.sequence, 0);
    state.resting = true;
    this.#take(NO_FILE);
  }

  /** Turns to the file that the log has now, if another thread has cut it. */
  follow(): PlatformError | undefined {
    if (this.#state.files === this.#files) return undefined;
    try {
      const { increments } = this;
      this.#take(LogFile.adopt(this.#platform, increments, this.#state, this.#isOpenerAlive));
    } catch (error) {
      if (error instanceof PlatformError) return error;
      throw error;
    }
    // Who opened it may have died just now.
    return this.#watch.look(this.kept);
  }

  #take(file: File): void {
    if (this.#file !== NO_FILE) this.#outdated.push(this.#file);
    this.#file = file;
    this.#files = this.#state.files;
    this.#watch = this.#newWatch();
    if (!this.#isAwaiting) this.#closeOutdated();
  }

  #closeOutdated(): void {
    for (const file of this.#outdated) this.#platform.close(file);
    this.#outdated = [];
  }

  /** Whether a sync in the background that this thread began has not ended. */
  get isAwaiting(): boolean {
    return this.#isAwaiting;
  }

  /** Syncs what was written, on another thread. REQUIRES: the file is the present one. */
  syncLater(done: (error: PlatformError | undefined) => void): void {
    assert(!this.#isAwaiting, "one sync at a time");
    this.#isAwaiting = true;
    const later = (end: (error: PlatformError | undefined) => void): void => {
      if (this.#file === NO_FILE) this.#platform.afterTurn(() => end(undefined));
      else this.#platform.syncLater(this.#file, end);
    };
    later((error) => {
      this.#isAwaiting = false;
      this.#closeOutdated();
      done(error);
    });
  }

  /** Syncs what was written, and waits for it. */
  sync(): PlatformError | undefined {
    const wrong = this.follow();
    return wrong ?? (this.#file === NO_FILE ? undefined : this.#platform.sync(this.#file));
  }

  /** Cuts the file off. */
  truncate(end: number): void {
    if (this.follow() === undefined) this.#platform.truncate(this.#file, end);
  }

  /** Closes this thread's descriptor; false where a sync needs it, or it is closed. */
  close(): boolean {
    if (this.#isAwaiting || this.#isClosed) return false;
    this.#isClosed = true;
    if (this.#file !== NO_FILE) this.#platform.close(this.#file);
    return true;
  }

  /** Where the bytes begin that must stay in memory. */
  get kept(): number {
    const state = this.#state;
    return state.policy === "no" ? state.written : state.synced;
  }

  /** Whether something was appended since the last seal. */
  get isOpen(): boolean {
    return this.#state.end !== this.#state.batchStart;
  }

  /** Writes what is to come before a command for this database: the time, the database. */
  expect(database: number): void {
    const state = this.#state;
    if (state.stamps && !this.isOpen) this.#stamp();
    if (database !== state.database) this.#select(database);
    state.expected = database;
  }

  #stamp(): void {
    const seconds = Math.floor(this.nowMs() / 1000);
    if (seconds <= this.#state.stampedS) return;
    this.#buffer.append(this.#scratch, 0, stampInto(this.#scratch, 0, seconds));
    this.#state.stampedS = seconds;
  }

  #select(database: number): void {
    const digits = this.#scratch;
    const count = writeInteger(digits, 0, database);
    const text = `*2\r\n$6\r\nselect\r\n$${count}\r\n${database}\r\n`;
    for (let i = 0; i < text.length; i++) digits[i] = text.charCodeAt(i);
    this.#buffer.append(digits, 0, text.length);
    this.#state.database = database;
  }

  seal(): void {
    const state = this.#state;
    const start = state.batchStart;
    assert(start === state.sealedEnd && state.synced <= start, "a batch is sealed out of its turn");
    const settled = state.policy === "no" ? start : state.synced;
    this.#buffer.seal(start, start - settled);
    state.sealedEnd = state.end;
    state.batchStart = state.end;
    state.batch++;
    if (state.stamps) state.expected = -1;
  }

  /** Adds the seal of an empty batch: all before it is on the disk. Returns where it begins. */
  sealEnd(): number {
    const state = this.#state;
    const end = state.sealedEnd;
    this.#buffer.seal(end, 0);
    state.sealedEnd = state.end;
    return end;
  }

  /** Whether the file can be relied on; looks when nobody has done so for a while. */
  check(): PlatformError | undefined {
    const pauseMs = this.#state.policy === "always" ? LOOK_ALWAYS_MS : LOOK_MS;
    return this.#watch.check(pauseMs, this.kept);
  }

  look(): PlatformError | undefined {
    if (this.#state.resting) return undefined;
    return this.follow() ?? this.#watch.look(this.kept);
  }

  /** Writes what is sealed and not yet written; when that fails, nothing of it counts. */
  write(): PlatformError | undefined {
    const state = this.#state;
    const buffer = this.#buffer;
    assert(state.written <= state.sealedEnd, "more was written than is sealed");
    const wrong = this.follow() ?? this.check();
    if (wrong !== undefined) return wrong;
    const from = state.written;
    for (let piece = buffer.first; piece <= buffer.last; piece++) {
      const offset = buffer.offset(piece);
      const start = Math.max(0, from - offset);
      const end = Math.min(buffer.used(piece), state.sealedEnd - offset);
      if (start >= end) continue;
      const error = this.#writePiece(buffer.bytes(piece), offset, start, end);
      if (error === undefined) continue;
      // Cut off what is no whole batch, unless it covers bytes of before that may still be good.
      if (!state.syncFailed && this.#platform.truncate(this.#file, from) === undefined) {
        state.reserveEnd = 0;
      }
      return error;
    }
    state.written = state.sealedEnd;
    state.writtenThrough = state.batch;
    if (state.policy === "no") this.release();
    else if (state.policy === "always" && state.reserveEnd <= state.written) this.#makeReserve();
    return undefined;
  }

  /** Writes a part of a piece, and closes the reserve behind it where the sealed bytes end. */
  #writePiece(
    bytes: Uint8Array,
    offset: number,
    start: number,
    end: number,
  ): PlatformError | undefined {
    const state = this.#state;
    const file = this.#file;
    const closing =
      offset + end < state.sealedEnd ? 0 : closingBytes(state.reserveEnd - offset - end);
    if (closing === 0) return this.#platform.writeAt(file, bytes, start, end, offset + start);
    // The open batch may begin here.
    const first = bytes[end];
    const second = bytes[end + 1];
    closeInto(bytes, end);
    const error = this.#platform.writeAt(file, bytes, start, end + closing, offset + start);
    bytes[end] = first;
    bytes[end + 1] = second;
    if (closing === 2) state.reserveEnd = offset + end + closing;
    return error;
  }

  /** Makes the file longer; where there is no room for that, it goes on without. */
  #makeReserve(): void {
    const state = this.#state;
    if (state.reserveRefused || state.closed) return;
    const bytes = reserve();
    const error = this.#platform.writeAt(this.#file, bytes, 0, bytes.length, state.written);
    state.reserveEnd = state.written + (error === undefined ? bytes.length : error.writtenBytes);
    if (error === undefined) return;
    state.reserveRefused = true;
    this.dropReserve();
  }

  dropReserve(): void {
    const state = this.#state;
    if (state.reserveEnd <= state.written) return;
    if (this.#platform.truncate(this.#file, state.written) === undefined) state.reserveEnd = 0;
  }

  /**
   * What was written since the last good sync is to be written anew. A sync of it that is under way
   * says nothing any more: it may end in the middle of that, or after that has failed.
   */
  rewind(): PlatformError | undefined {
    const state = this.#state;
    state.nextSyncRound();
    // With `no` it is in the file alone.
    if (state.policy === "no") return this.#writeOver(state.synced, state.written);
    state.written = state.synced;
    return undefined;
  }

  /**
   * Writes what the file holds from `start` to `end` over itself, if it is what was written there:
   * the system may have let it go when a sync failed.
   */
  #writeOver(start: number, end: number): PlatformError | undefined {
    const { path } = this;
    const lost = new PlatformError("EIO", path, `${path}: what a failed sync was for is lost`);
    try {
      const reader = new LogReader(this.#platform, this.#file, path, start, null);
      reader.run();
      if (start < end && (!reader.sealed || reader.whole < end)) return lost;
    } catch (error) {
      return PlatformError.from(error, path);
    }
    return writeAnew(this.#platform, this.#file, start, end);
  }

  /** Lets go of the bytes that need not be written anew. */
  release(): void {
    this.#buffer.release(this.kept);
  }
}
