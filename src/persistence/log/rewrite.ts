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
//
// A log that rests is founded by the same steps (appendonly yes while the database is served): the
// increment is in no manifest until the base is on the disk, and until then the log is provisional.
// What fails in it, a write to the increment among it, ends the try: the log rests again, so that
// nothing is refused for the sake of it, and another try follows.

import { type Platform, PlatformError, type Timer } from "../../platform/platform.ts";
import { BackgroundFile } from "../background-file.ts";
import { SHARE, type SliceHost, Slices } from "../snapshot/slices.ts";
import { approachCut } from "./approach.ts";
import type { Log } from "./log.ts";
import { LogError } from "./log-error.ts";
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
  /** The log is written from now on, or rests: every thread shall know. REQUIRES: the lock. */
  spread(): void;
  /** The data descend from what the manifest names by now, which the next start may find. */
  noteNamed(): void;
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
/**
 * So many times the base is much to be written while it is replaced. Then the rewrite takes as much
 * time as others do, and more in proportion to what is written, up to so many times as much.
 */
const MUCH = 0.1;
const SHARE_MAX = 4;
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
  sizeAfter = 0;

  readonly #host: RewriteHost;
  readonly #log: Log;
  /** Null while the log rests, and a try to found it has not begun. */
  #files: LogFiles | null = null;
  /** Opens the files of a log that is to be founded; null unless it is. */
  #open: (() => LogFiles) | null = null;
  /** What was written while the last one was under way. */
  #grewBy = 0;
  #isRunning = false;
  /** Tries that have ended, well or badly. */
  #tries = 0;
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

  constructor(host: RewriteHost, log: Log) {
    this.#host = host;
    this.#log = log;
    log.onLarge = () => this.#beginIfLarge();
    log.onFailed = () => this.#giveUpIfFailed();
  }

  /** The log is written, and these are its files. */
  follow(files: LogFiles): void {
    this.#files = files;
    this.sizeAfter = files.baseBytes;
    this.#grewBy = 0;
    this.watch();
  }

  /** Whether there is no log, and none is being founded. */
  get isOff(): boolean {
    return this.#files === null && this.#open === null;
  }

  /** Whether the log is being founded: until that has ended well, or `stop`. */
  get isFounding(): boolean {
    return this.#open !== null;
  }

  /** Whether a start may find what is being founded, though that has not ended. */
  get mayBeNamed(): boolean {
    return this.isFounding && this.#files?.mayBeNamed === true;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Whether it will begin when the snapshot that is being taken has ended, or is tried again. */
  get isScheduled(): boolean {
    return (this.#isWanted || this.isFounding) && !this.#isRunning;
  }

  /** How long the one has taken that is under way, or −1. */
  get currentMs(): number {
    return this.#isRunning ? this.#nowMs - this.#startMs : -1;
  }

  /** Bytes of the whole log. */
  get sizeBytes(): number {
    return this.#closedBytes + this.#log.sizeBytes;
  }

  /** Bytes of its files but the one that is written. */
  get #closedBytes(): number {
    const files = this.#files;
    return files === null ? 0 : files.baseBytes + files.closedBytes;
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

  /**
   * Founds the log, which rests, and goes on trying until that has come about, or `stop`. `open`
   * makes its files, once for each try; what it throws the first time is thrown here, and then
   * nothing has begun.
   */
  found(open: () => LogFiles): void {
    this.#files = open();
    this.#setOpen(open);
    this.begin();
  }

  #setOpen(open: (() => LogFiles) | null): void {
    this.#open = open;
    this.#log.isFounding = open !== null;
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
    const { isFounding } = this;
    this.#host.notice(isFounding ? "A log is begun" : "The log is being rewritten");
    if (!isFounding) this.#theFiles.settle((error) => this.#unless(error, () => this.#prepare()));
    else if (this.#isOpen()) this.#prepare();
  }

  /** Has the files of a log that is founded, or fails. */
  #isOpen(): boolean {
    try {
      this.#files ??= this.#open?.() ?? null;
      return true;
    } catch (error) {
      if (!(error instanceof PlatformError || error instanceof LogError)) throw error;
      this.#fail(error.message);
      return false;
    }
  }

  get #theFiles(): LogFiles {
    return this.#files as LogFiles;
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
    const isOff = percentage === 0 || this.#isRunning || rests || this.isFounding || this.isOff;
    // So that at its end the log has grown by the percentage.
    const left = (this.sizeAfter * percentage) / 100 - this.#grewBy;
    const size = Math.max(sizeMin + 1, this.sizeAfter + left, this.sizeAfter + this.#grewBy);
    this.#log.largeFrom = isOff ? Number.POSITIVE_INFINITY : size - this.#closedBytes;
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
    const base = this.#theFiles.newBase("rdb");
    this.#theFiles.prepareIncrement(base, (error, next) =>
      this.#unless(error, () => this.#approach(base, next as OpenedIncrement)),
    );
  }

  #approach(base: NewBase, next: OpenedIncrement): void {
    this.#timer = undefined;
    const tries = this.#tries;
    approachCut(this.#host.platform, this.#log, () => {
      if (tries === this.#tries) this.#cut(base, next);
    });
  }

  #cut(base: NewBase, next: OpenedIncrement): void {
    if (this.#isClosed) return;
    let failure: string | undefined = "the database is in use";
    let isReady = true;
    const tries = this.#tries;
    this.#host.turn(() => {
      if (tries !== this.#tries) return;
      ({ isReady } = this.#host);
      if (isReady) failure = this.#cutNow(base, next);
    });
    if (tries !== this.#tries) return;
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
    this.#theFiles.noteCut(bytes);
    if (this.isFounding) this.#host.spread();
    this.#writing = this.#host.begin(this.#file.write);
    return undefined;
  }

  /** Where much is written meanwhile the rewrite hurries: the disk has to hold all of that. */
  get #sliceHost(): SliceHost {
    const host = this.#host;
    const log = this.#log;
    const muchBytes = this.isFounding ? Number.POSITIVE_INFINITY : MUCH * this.sizeAfter;
    return {
      platform: host.platform,
      get commands() {
        return host.commands;
      },
      get share() {
        const written = log.sizeBytes / muchBytes;
        return written < 1 ? SHARE : Math.min(written, SHARE_MAX);
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
        if (this.#writing === writing) isDone = writing.step(ms);
      });
    }
    // Who has waited for the lock may have answered others meanwhile, who switched the log off.
    if (this.#writing !== writing) return "over";
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
    const files = this.#theFiles;
    const settle = (): void =>
      files.settle((failure) => this.#unless(failure, () => this.#succeed()));
    files.replaceBase(base, bytes, from, (error) =>
      this.#unless(error, () => {
        if (this.isFounding) this.#hasFounded();
        settle();
      }),
    );
  }

  #hasFounded(): void {
    const tries = this.#tries;
    this.#host.turn(() => {
      if (tries !== this.#tries) return;
      this.#log.found();
      this.#setOpen(null);
      this.#host.spread();
    });
    if (tries !== this.#tries) return;
    this.#host.notice("The log is written, and the next start will read it");
  }

  /** What is written to a log that is being founded is no reason to refuse anything. */
  #giveUpIfFailed(): void {
    const { failure, isProvisional } = this.#log;
    if (failure !== null && isProvisional && this.#isRunning) this.#fail(failure);
  }

  // How it ends

  #succeed(): void {
    this.failures = 0;
    this.sizeAfter = this.#theFiles.baseBytes;
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
    const { isFounding } = this;
    this.#abandon();
    const tries = this.#tries;
    if (isFounding) this.#leaveFiles();
    if (tries !== this.#tries) return;
    this.failures++;
    const what = isFounding ? "A log could not be begun" : "The log could not be rewritten";
    this.#host.warning(`${what}: ${why}`);
    this.#end(why);
    if (this.#isClosed || !(isFounding || this.#host.percentage > 0)) return;
    const exponent = this.failures - FAILURES_SOON - 1;
    const delayMs = exponent < 0 ? SOON_MS : Math.min(2 ** exponent, DELAY_MINUTES_MAX) * MINUTE_MS;
    this.#retryTimer = this.#host.platform.setTimer(delayMs, () => {
      this.#retryTimer = undefined;
      if (this.isFounding) this.begin();
      else this.watch();
    });
  }

  /** The log rests, if it does not, and its files are left as the next start can read them. */
  #leaveFiles(): void {
    const tries = this.#tries;
    this.#host.turn(() => {
      if (this.#log.isResting || tries !== this.#tries) return;
      this.#log.rest();
      this.#host.spread();
    });
    if (tries !== this.#tries) return;
    this.#closeFiles();
    this.#files = null;
  }

  #closeFiles(): void {
    this.#files?.close();
    if (this.mayBeNamed) this.#host.noteNamed();
  }

  #end(failure: string | undefined): void {
    this.lastMs = this.#nowMs - this.#startMs;
    this.count++;
    this.#tries++;
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

  /**
   * Has the log rest (appendonly no); what is under way is given up. It can be founded anew then.
   * Returns whether everything is on the disk that was promised to be. REQUIRES: the lock.
   */
  stop(): boolean {
    const waiting = this.#leave();
    const isSafe = this.#log.rest();
    this.#closeFiles();
    this.#files = null;
    this.#setOpen(null);
    for (const done of waiting) done("appendonly is no");
    return isSafe;
  }

  /** The database is closed, before its log is: what is under way is given up. */
  close(): void {
    this.#isClosed = true;
    this.#log.onLarge = null;
    this.#log.onFailed = null;
    const waiting = this.#leave();
    this.#files?.close();
    for (const done of waiting) done("the database was closed");
  }

  /** Gives up what is under way; returns who waits for its end. */
  #leave(): RewriteOutcome[] {
    this.#clear();
    this.#abandon();
    this.#tries++;
    this.#isRunning = false;
    this.#isWanted = false;
    this.#log.largeFrom = Number.POSITIVE_INFINITY;
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }
}
