// Snapshots that are saved in the background: those into the snapshot file of the directory, which
// BGSAVE asks for and the save points (the directive `save`: so many changes in so many seconds),
// and those into other files, which a program asks for. One is taken at a time, those into other
// files in the order in which they were asked for.
//
// A save that fails is tried again as Redis does: by the save points when RETRY_MS have passed.
// While the last one has failed, and there are save points, writes may be refused
// (stop-writes-on-bgsave-error).
//
// FLUSHALL gives up the save that is under way, so that it does not bring back what was to go;
// where there are save points, one is begun of what there is then.

import { assert } from "../../base/assert.ts";
import { messageOf } from "../../base/realms.ts";
import type { Timer } from "../../platform/platform.ts";
import type { DumpFile } from "../rdb/dump-file.ts";
import { FileSnapshot, type FileSnapshotHost, type SnapshotOutcome } from "./file-snapshot.ts";

/** What saves ask of the database. */
export interface SaveHost extends FileSnapshotHost {
  /** Whether a snapshot can begin: none is being taken, and no transaction is open. */
  readonly isReady: boolean;
  /** Whether one is being taken that nobody wants any more: it comes to its end by itself. */
  readonly isGivingUp: boolean;
  /** Whether the log is being rewritten: the snapshot file is not, at the same time. */
  readonly isRewriting: boolean;
  /** The snapshot file of its directory; null where it has none. */
  readonly dump: DumpFile | null;
  /** Takes the directory for this process, if it has not yet. Throws PlatformError. */
  takeDirectory(): void;
  /** Changes, and emptyings of all databases, that all threads have counted. */
  readonly changes: number;
  readonly flushes: number;
  /** The wall clock, in milliseconds since 1970. */
  clock(): number;
  /** A save has ended: every thread is to know whether it has failed. */
  noteOutcome(hasFailed: boolean): void;
  notice(text: string): void;
  warning(text: string): void;
}

/** So many changes in so many seconds are to be saved. */
export type SavePoint = readonly [seconds: number, changes: number];

/** What BGSAVE comes to. */
export type SaveAnswer = "started" | "scheduled" | "running" | "busy" | "nowhere";

/** Entries that are written, and that there are. */
export type SnapshotProgress = (written: number, entries: number) => void;

interface Wish {
  readonly path: string;
  readonly progress: SnapshotProgress;
  readonly done: SnapshotOutcome;
}

/** Save points are looked at so often. */
const LOOK_MS = 100;
/** Who waits for another snapshot to end looks so often. */
const READY_PAUSE_MS = 5;
const RETRY_MS = 5000;

export class BackgroundSaves {
  /** What INFO says of the last one: whether it has failed, how long it took, or −1. */
  hasFailed = false;
  lastMs = -1;
  lastExtraBytes = 0;

  readonly #host: SaveHost;
  #points: readonly SavePoint[] = [];
  #current: FileSnapshot | undefined;
  /** The current one is for the snapshot file. */
  #isSave = false;
  /** BGSAVE has been asked for, and begins when it can. */
  #isWanted = false;
  #startMs = 0;
  #triedMs = Number.NEGATIVE_INFINITY;
  #flushes: number;
  readonly #wishes: Wish[] = [];
  #looking: Timer | undefined;
  #waiting: Timer | undefined;
  #isClosed = false;

  constructor(host: SaveHost) {
    this.#host = host;
    this.#flushes = host.flushes;
  }

  /** The save points; with none, nothing is saved by itself. */
  get points(): readonly SavePoint[] {
    return this.#points;
  }

  set points(points: readonly SavePoint[]) {
    this.#points = points;
    const { platform } = this.#host;
    if (points.length > 0 && !this.#isClosed) {
      this.#looking ??= platform.every(LOOK_MS, () => this.#look());
    } else if (this.#looking !== undefined) {
      platform.clearTimer(this.#looking);
      this.#looking = undefined;
    }
  }

  /** Whether the snapshot file is being written, or is about to be. */
  get isSaving(): boolean {
    return this.#isSave && (this.#current !== undefined || this.#isWanted);
  }

  /** How long the save has taken that is under way, or −1. */
  get currentMs(): number {
    if (!this.isSaving) return -1;
    return this.#current === undefined ? 0 : this.#nowMs - this.#startMs;
  }

  get #nowMs(): number {
    return this.#host.platform.monotonicMs();
  }

  // What begins one

  /**
   * BGSAVE: a save begins as soon as the present event has been handled. Where another snapshot is
   * being taken, or the log rewritten, it begins after that if `isPatient`, or not at all.
   */
  save(isPatient: boolean): SaveAnswer {
    if (this.#host.dump === null) return "nowhere";
    if (this.isSaving) return "running";
    const { isReady, isGivingUp, isRewriting } = this.#host;
    // Of one that was given up nothing is seen: who is told of no other save need not wait.
    const isFree = this.#current === undefined && (isReady || isGivingUp) && !isRewriting;
    if (!isFree && !isPatient) return "busy";
    const answer = this.#isWanted || !isFree ? "scheduled" : "started";
    this.#isWanted = true;
    this.#isSave ||= answer === "started";
    this.#beginSoon(0);
    return answer;
  }

  /** Takes a snapshot into another file: as soon as the present event has been handled. */
  snapshot(path: string, progress: SnapshotProgress, done: SnapshotOutcome): void {
    this.#wishes.push({ path, progress, done });
    this.#beginSoon(0);
  }

  /** As snapshot; it begins at once, if it can. */
  snapshotNow(path: string, progress: SnapshotProgress, done: SnapshotOutcome): void {
    this.snapshot(path, progress, done);
    this.#beginWhenReady();
  }

  #look(): void {
    const { dump } = this.#host;
    if (dump === null || this.#isWanted || this.#current !== undefined) return;
    const hasRested = !this.hasFailed || this.#nowMs - this.#triedMs > RETRY_MS;
    if (!hasRested) return;
    const changes = this.#host.changes - dump.changesSaved;
    const seconds = Math.floor((this.#host.clock() - dump.lastSaveMs) / 1000);
    const point = this.#points.find((each) => changes >= each[1] && seconds > each[0]);
    if (point !== undefined) {
      this.#host.notice(`${point[1]} changes in ${point[0]} seconds: saving`);
    } else if (this.#host.flushes === this.#flushes) return;
    this.save(true);
  }

  #beginSoon(delayMs: number): void {
    this.#waiting ??= this.#host.platform.setTimer(delayMs, () => {
      this.#waiting = undefined;
      this.#beginWhenReady();
    });
  }

  #beginWhenReady(): void {
    if (this.#isClosed || this.#current !== undefined) return;
    if (!this.#isWanted && this.#wishes.length === 0) return;
    let hasTurn = false;
    let hasBegun = false;
    this.#host.turn(() => {
      hasTurn = true;
      // Who has waited for the lock may have answered others meanwhile, who gave this one up.
      if (!this.#host.isReady) return;
      const saves = this.#isWanted && !this.#host.isRewriting;
      hasBegun = saves || this.#wishes.length > 0;
      if (saves) this.#beginSave();
      else if (hasBegun) this.#beginWish();
    });
    if (!hasTurn) this.#refuse("the database is not served any more");
    else if (!hasBegun) this.#beginSoon(READY_PAUSE_MS);
  }

  /** None can begin any more. */
  #refuse(why: string): void {
    this.#isWanted = false;
    this.#isSave = false;
    for (const wish of this.#wishes.splice(0)) wish.done(why);
  }

  #beginSave(): void {
    const { dump, changes, flushes } = this.#host;
    assert(dump !== null, "a save is wanted where it has a place");
    dump.saves++;
    this.#isWanted = false;
    this.#isSave = true;
    this.#startMs = this.#nowMs;
    this.#triedMs = this.#startMs;
    this.#flushes = flushes;
    const done = (failure: string | undefined): void => {
      if (failure === undefined) dump.saved(this.#host.clock(), changes);
      this.#ended(failure);
    };
    try {
      this.#host.takeDirectory();
      this.#begin(dump.path, () => this.#giveUpIfFlushed(), done);
    } catch (error) {
      done(messageOf(error));
    }
  }

  #giveUpIfFlushed(): void {
    if (this.#host.flushes === this.#flushes) return;
    this.#isSave = false;
    this.#current?.abort("all databases have been emptied");
    this.#host.notice("All databases have been emptied: the save is given up");
  }

  #ended(failure: string | undefined): void {
    // One that is given up has not failed.
    if (this.#isSave) {
      this.hasFailed = failure !== undefined;
      this.#host.noteOutcome(this.hasFailed);
      this.lastMs = this.#nowMs - this.#startMs;
      this.lastExtraBytes = this.#current?.figures.extraBytes ?? 0;
      if (failure !== undefined) this.#host.warning(`The save has failed: ${failure}`);
    }
    this.#isSave = false;
    this.#next();
  }

  #beginWish(): void {
    const { path, progress, done } = this.#wishes.shift() as Wish;
    const end = (failure: string | undefined): void => {
      this.#next();
      done(failure);
    };
    try {
      this.#begin(path, progress, end);
    } catch (error) {
      end(messageOf(error));
    }
  }

  #begin(path: string, progress: SnapshotProgress, done: SnapshotOutcome): void {
    this.#startMs = this.#nowMs;
    this.#current = new FileSnapshot(
      this.#host,
      path,
      ({ written, entries }) => progress(written, entries),
      done,
    );
  }

  #next(): void {
    this.#current = undefined;
    this.#beginSoon(0);
  }

  /** The snapshot file was written by another way. */
  savedOtherwise(): void {
    this.hasFailed = false;
    this.#host.noteOutcome(false);
  }

  // What ends them

  /** Gives up the save that is under way or asked for: the data are about to be saved otherwise. */
  giveUp(): void {
    this.#isWanted = false;
    if (!this.#isSave) return;
    this.#isSave = false;
    this.#current?.abort("another save takes its place");
  }

  /** The database is about to be closed. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.points = [];
    this.#isWanted = false;
    this.#isSave = false;
    if (this.#waiting !== undefined) this.#host.platform.clearTimer(this.#waiting);
    const why = "the database was closed";
    this.#current?.abort(why);
    this.#refuse(why);
  }
}
