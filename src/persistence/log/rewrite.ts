// A rewrite: the log becomes as short as what it comes to. Its files are replaced by a base, which
// holds the data as of one moment T, and the increment into which the log goes on from T.
//
//   prepare     the next increment is made, and the manifest names it (log-files.ts); what the log
//               has written is synced in the background (approach.ts)
//   cut         under the lock, at T: the log goes on in that increment, and the snapshot begins
//   write       the snapshot goes to a file with a temporary name, in slices, each under the lock
//   replace     once it is on the disk, the manifest names it as the base
//   settle      what it replaces is removed
//
// Whatever fails, the log goes on: what was begun is removed, the increments stay, and a later
// rewrite replaces all of them. One that began by itself is tried again with the delays of Redis:
// twice soon, then after 1, 2, 4 … minutes, up to an hour.
//
// It begins by itself when the log has grown by auto-aof-rewrite-percentage beyond its base, and
// has auto-aof-rewrite-min-size. (Redis counts from the size of all files behind the last rewrite;
// where much was written during that, the directory would be larger each time.) What was written
// during the last one is taken off: so much sooner the next one begins. The log tells
// (`Log.onLarge`) when it has reached that size.

import { type Platform, PlatformError, type Timer } from "../../platform/platform.ts";
import { BackgroundFile } from "../background-file.ts";
import { SHARE, type SliceHost, Slices } from "../snapshot/slices.ts";
import { approachCut } from "./approach.ts";
import type { Log } from "./log.ts";
import type { OpenedIncrement } from "./log-file.ts";
import type { LogFiles, NewBase } from "./log-files.ts";

/** The data as of the moment that it began, on its way into a file. */
export interface BaseWriting {
  /** Goes on for about so long; true when all is written. */
  step(ms: number): boolean;
  abort(): void;
  /** Memory that it takes beside the data, at most, in bytes. */
  readonly extraBytes: number;
}

/** What a rewrite needs of the database. */
export interface RewriteHost extends SliceHost {
  readonly platform: Platform;
  /** Does something under the lock, between commands; nothing once the database is closed. */
  turn(work: () => void): void;
  /** Whether a snapshot can begin: none is being taken, and no transaction is open. */
  readonly isReady: boolean;
  /** Begins a snapshot of this moment, whose bytes go to `sink`. REQUIRES: the lock. */
  begin(sink: (bytes: Uint8Array, end: number) => void): BaseWriting;
  /** auto-aof-rewrite-percentage; 0: none begins by itself. */
  readonly percentage: number;
  /** auto-aof-rewrite-min-size, in bytes. */
  readonly sizeMin: number;
  /** aof-rewrite-incremental-fsync. */
  readonly syncsAsItGoes: boolean;
  notice(text: string): void;
  warning(text: string): void;
}

/** How a rewrite ended: undefined when all went well, else why it has not. */
export type RewriteOutcome = (failure: string | undefined) => void;

/** A snapshot that cannot begin is asked for again after so long. */
const READY_PAUSE_MS = 20;
/** The first failures in a row are followed by another try soon. */
const SOON_MS = 1000;
const FAILURES_SOON = 2;
/** So many times the base is much to be written while it is replaced; then it hurries. */
const MUCH = 0.1;
const SHARE_IN_HASTE = 1;
/** After a rewrite there is none for so much of the time that it took. */
const REST = 0.25;
const MINUTE_MS = 60_000;
const DELAY_MINUTES_MAX = 60;

export class Rewrite {
  /** What INFO says: rewrites that ended, failures since the last that went well. */
  count = 0;
  failures = 0;
  lastMs = -1;
  lastExtraBytes = 0;
  /** Bytes of the base when the last one had ended, or the log was opened: it grows from there. */
  sizeAfter: number;

  readonly #host: RewriteHost;
  readonly #log: Log;
  readonly #files: LogFiles;
  /** What was written while the last one was under way. */
  #grewBy = 0;
  #isRunning = false;
  #isWanted = false;
  #isClosed = false;
  #startMs = 0;
  #startBytes = 0;
  #waiting: RewriteOutcome[] = [];
  #file: BackgroundFile | undefined;
  #writing: BaseWriting | undefined;
  #slices: Slices | undefined;
  #timer: Timer | undefined;
  #retryTimer: Timer | undefined;
  #restTimer: Timer | undefined;

  constructor(host: RewriteHost, log: Log, files: LogFiles) {
    this.#host = host;
    this.#log = log;
    this.#files = files;
    this.sizeAfter = files.baseBytes;
    log.onLarge = () => this.#beginIfLarge();
    this.watch();
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Whether it will begin when the snapshot that is being taken has ended. */
  get isScheduled(): boolean {
    return this.#isWanted && !this.#isRunning;
  }

  /** How long the one has taken that is under way, or −1. */
  get currentMs(): number {
    return this.#isRunning ? this.#nowMs - this.#startMs : -1;
  }

  /** Bytes of the whole log. */
  get sizeBytes(): number {
    return this.#files.baseBytes + this.#files.closedBytes + this.#log.sizeBytes;
  }

  get #nowMs(): number {
    return this.#host.platform.monotonicMs();
  }

  // When it begins

  /** Begins one, unless one is under way; `done` is told how that ends. */
  begin(done: RewriteOutcome = () => {}): void {
    this.#waiting.push(done);
    if (this.#isRunning) return;
    this.#clear();
    this.#isWanted = true;
    this.#beginWhenReady();
  }

  #beginWhenReady(): void {
    if (!this.#host.isReady) {
      this.#timer = this.#host.platform.setTimer(READY_PAUSE_MS, () => this.#lookAgain());
      return;
    }
    this.#timer = undefined;
    this.#isWanted = false;
    this.#isRunning = true;
    this.#startMs = this.#nowMs;
    this.#startBytes = this.sizeBytes;
    this.#host.notice("The log is being rewritten");
    this.#files.settle((error) => this.#unless(error, () => this.#prepare()));
  }

  #lookAgain(): void {
    let hasTurn = false;
    this.#host.turn(() => {
      hasTurn = true;
    });
    if (hasTurn) return this.#beginWhenReady();
    this.#timer = undefined;
    this.#isWanted = false;
    this.#startMs = this.#nowMs;
    this.#fail("the database is not served any more");
  }

  /** Has the log tell when it is large enough for the next one. */
  watch(): void {
    const { percentage, sizeMin } = this.#host;
    const rests = this.#retryTimer !== undefined || this.#restTimer !== undefined;
    const isOff = percentage === 0 || this.#isRunning || rests;
    // So that at its end the log has grown by the percentage.
    const left = (this.sizeAfter * percentage) / 100 - this.#grewBy;
    const size = Math.max(sizeMin + 1, this.sizeAfter + left, this.sizeAfter + this.#grewBy);
    const before = this.#files.baseBytes + this.#files.closedBytes;
    this.#log.largeFrom = isOff ? Number.POSITIVE_INFINITY : size - before;
  }

  #beginIfLarge(): void {
    if (this.#isClosed || this.#isRunning || this.#isWanted) return;
    this.#host.notice(`The log has grown from ${this.sizeAfter} to ${this.sizeBytes} bytes`);
    this.begin();
  }

  // What it does

  #unless(error: PlatformError | undefined, work: () => void): void {
    if (this.#isClosed) return;
    if (error !== undefined) this.#fail(error.message);
    else work();
  }

  #prepare(): void {
    const base = this.#files.newBase("rdb");
    this.#files.prepareIncrement(base, (error, next) =>
      this.#unless(error, () => this.#approach(base, next as OpenedIncrement)),
    );
  }

  #approach(base: NewBase, next: OpenedIncrement): void {
    this.#timer = undefined;
    approachCut(this.#host.platform, this.#log, () => this.#cut(base, next));
  }

  #cut(base: NewBase, next: OpenedIncrement): void {
    if (this.#isClosed) return;
    let failure: string | undefined = "the database is in use";
    let isReady = true;
    this.#host.turn(() => {
      ({ isReady } = this.#host);
      if (isReady) failure = this.#cutNow(base, next);
    });
    if (!isReady) {
      const later = (): void => this.#approach(base, next);
      this.#timer = this.#host.platform.setTimer(READY_PAUSE_MS, later);
    } else if (failure !== undefined) this.#fail(failure);
    else this.#slices = new Slices(this.#sliceHost, (ms) => this.#write(base, next.sequence, ms));
  }

  /** Returns why not. */
  #cutNow(base: NewBase, next: OpenedIncrement): string | undefined {
    const { platform, syncsAsItGoes } = this.#host;
    const bytes = this.#log.sizeBytes;
    try {
      this.#file = new BackgroundFile(platform, base.temporaryPath, syncsAsItGoes);
    } catch (error) {
      if (error instanceof PlatformError) return error.message;
      throw error;
    }
    if (!this.#log.cut(next)) return this.#log.failure ?? "the log cannot be synced";
    this.#files.noteCut(bytes);
    this.#writing = this.#host.begin(this.#file.write);
    return undefined;
  }

  /** Where much is written meanwhile the rewrite hurries: the disk has to hold all of that. */
  get #sliceHost(): SliceHost {
    const host = this.#host;
    const log = this.#log;
    const muchBytes = MUCH * this.sizeAfter;
    return {
      platform: host.platform,
      get commands() {
        return host.commands;
      },
      get share() {
        return log.sizeBytes < muchBytes ? SHARE : SHARE_IN_HASTE;
      },
    };
  }

  /** A slice of the snapshot. */
  #write(base: NewBase, from: number, ms: number): "more" | "later" | "over" {
    const file = this.#file as BackgroundFile;
    const writing = this.#writing as BaseWriting;
    let isDone = false;
    let hasTurn = file.isBehind;
    if (file.error === undefined && !file.isBehind) {
      this.#host.turn(() => {
        hasTurn = true;
        isDone = writing.step(ms);
      });
    }
    if (file.error !== undefined || !hasTurn) {
      this.#fail(file.error?.message ?? "the database is not served any more");
      return "over";
    }
    if (!isDone) return file.isBehind ? "later" : "more";
    this.lastExtraBytes = writing.extraBytes;
    this.#writing = undefined;
    file.finish((error) => this.#unless(error, () => this.#replace(base, from, file.size)));
    return "over";
  }

  #replace(base: NewBase, from: number, bytes: number): void {
    this.#file = undefined;
    this.#grewBy = this.sizeBytes - this.#startBytes;
    this.#files.replaceBase(base, bytes, from, (error) =>
      this.#unless(error, () =>
        this.#files.settle((failure) => this.#unless(failure, () => this.#succeed())),
      ),
    );
  }

  // How it ends

  #succeed(): void {
    this.failures = 0;
    this.sizeAfter = this.#files.baseBytes;
    this.#end(undefined);
    const seconds = (this.lastMs / 1000).toFixed(1);
    this.#host.notice(`The log was rewritten in ${seconds} s, and has ${this.sizeBytes} bytes`);
    // However fast the log grows, it is not rewritten all the time.
    this.#restTimer = this.#host.platform.setTimer(REST * this.lastMs, () => {
      this.#restTimer = undefined;
      this.watch();
    });
  }

  #fail(why: string): void {
    this.#abandon();
    this.failures++;
    this.#host.warning(`The log could not be rewritten: ${why}`);
    this.#end(why);
    if (this.#isClosed || this.#host.percentage === 0) return;
    const exponent = this.failures - FAILURES_SOON - 1;
    const delayMs = exponent < 0 ? SOON_MS : Math.min(2 ** exponent, DELAY_MINUTES_MAX) * MINUTE_MS;
    this.#retryTimer = this.#host.platform.setTimer(delayMs, () => {
      this.#retryTimer = undefined;
      this.watch();
    });
  }

  #end(failure: string | undefined): void {
    this.lastMs = this.#nowMs - this.#startMs;
    this.count++;
    this.#log.noteRewrite(failure !== undefined);
    this.#isRunning = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) done(failure);
  }

  /** Lets go of a base that is being written. */
  #abandon(): void {
    this.#slices?.stop();
    this.#writing?.abort();
    this.#writing = undefined;
    this.#file?.abandon();
    this.#file = undefined;
  }

  #clear(): void {
    const { platform } = this.#host;
    if (this.#timer !== undefined) platform.clearTimer(this.#timer);
    if (this.#retryTimer !== undefined) platform.clearTimer(this.#retryTimer);
    if (this.#restTimer !== undefined) platform.clearTimer(this.#restTimer);
    this.#timer = undefined;
    this.#restTimer = undefined;
    this.#retryTimer = undefined;
  }

  /** The database is closed, before its log is: what is under way is given up. */
  close(): void {
    this.#isClosed = true;
    this.#log.onLarge = null;
    this.#clear();
    this.#abandon();
    this.#files.close();
    this.#isRunning = false;
    for (const done of this.#waiting) done("the database was closed");
    this.#waiting = [];
  }
}
