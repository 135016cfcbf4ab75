// The snapshots of a database, one after the other: who wants one waits until the last has ended.
// Each thread has this object; the one that opened the database takes the snapshots, the others
// look, with the lock, whether one is being taken (`look`).
//
// A snapshot that is given up goes on without anybody who reads it until all marks are alike, in
// slices of its own.

import { RdbOutput, type RdbSink } from "../../codec/rdb-output.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import type { Timer } from "../../platform/platform.ts";
import type { WritingOptions } from "../rdb/dump-file.ts";
import { type FileNotes, RdbWriter } from "../rdb/rdb-writer.ts";
import { Barrier } from "./barrier.ts";
import { SharedState } from "./shared-state.ts";
import { Snapshot } from "./snapshot.ts";

const SLICE_MS = 1;
const PAUSE_MS = 1;

/** What snapshots need of the database. */
export interface SnapshotHost {
  monotonicMs(): number;
  setTimer(ms: number, callback: () => void): Timer;
  /** Does something under the lock; nothing once the database is closed. */
  turn(work: () => void): void;
  /** The other threads shall look. REQUIRES: the lock. */
  tell(): void;
}

/** A snapshot on its way into a file, or elsewhere. */
export interface SnapshotWriting {
  /** Entries in all, and how many are written. */
  readonly entries: number;
  readonly written: number;
  /** Memory that was taken beside the data, at most, in bytes. */
  readonly extraBytes: number;
  /** Goes on for about so long; true when all is written. REQUIRES: the lock, no transaction. */
  step(ms: number): boolean;
  abort(): void;
}

export class Snapshots {
  readonly #keyspace: Keyspace;
  readonly #newView: () => Keyspace;
  readonly #host: SnapshotHost;
  readonly #state: SharedState;
  /** The one that this thread is taking, unless it was given up. */
  current: SnapshotWriting | undefined;
  #barrier: Barrier | undefined;
  #seen = 0;

  /** @param newView makes a keyspace object, with all types, over the same memory */
  constructor(keyspace: Keyspace, newView: () => Keyspace, host: SnapshotHost) {
    this.#keyspace = keyspace;
    this.#newView = newView;
    this.#host = host;
    this.#state = new SharedState(keyspace.memory);
  }

  /** Whether one is being taken, or one that was given up has not ended yet. */
  get isRunning(): boolean {
    return this.#state.isRunning;
  }

  /** Whether one can begin now. REQUIRES: the lock. */
  get isReady(): boolean {
    const { journal, isLeftOpen, isHalfWay } = this.#keyspace;
    return !this.#state.isRunning && journal === null && !isLeftOpen && !isHalfWay;
  }

  /** Whether the one that this thread is taking was given up, and has not ended yet. */
  get isGivenUp(): boolean {
    return this.#state.isRunning && this.current === undefined;
  }

  /** Bytes that are held beside the data. */
  get heldBytes(): number {
    return this.#state.isRunning ? this.#state.heldBytes : 0;
  }

  /** Has this thread's changes be told while a snapshot is taken. REQUIRES: the lock. */
  look(): void {
    const { phaseWord } = this.#state;
    if (phaseWord === this.#seen) return;
    this.#seen = phaseWord;
    this.#barrierNow().look(this.#keyspace);
  }

  /** Begins a snapshot of this moment, whose bytes go to `sink`. REQUIRES: the lock, isReady. */
  begin(sink: RdbSink, notes: FileNotes, options: WritingOptions): SnapshotWriting {
    const keyspace = this.#keyspace;
    let isWanted = true;
    const output = new RdbOutput((bytes, end) => {
      if (isWanted) sink(bytes, end);
    });
    output.compresses = options.compresses;
    output.sums = options.sums;
    const barrier = this.#barrierNow();
    barrier.view.libraries = keyspace.libraries;
    const writer = new RdbWriter(output, barrier.view, notes);
    writer.begin();
    const snapshot = new Snapshot(keyspace, barrier, writer);
    this.look();
    this.#host.tell();
    const step = (ms: number): boolean => {
      const endMs = this.#host.monotonicMs() + ms;
      if (!snapshot.step(() => this.#host.monotonicMs() >= endMs)) return false;
      writer.end();
      this.current = undefined;
      this.look();
      this.#host.tell();
      return true;
    };
    const { state } = barrier;
    this.current = {
      entries: snapshot.entries,
      get written() {
        return snapshot.written;
      },
      get extraBytes() {
        return state.peakBytes;
      },
      step,
      abort: () => {
        isWanted = false;
        this.current = undefined;
        if (this.isRunning) this.#goOn(step);
      },
    };
    return this.current;
  }

  #goOn(step: (ms: number) => boolean): void {
    this.#host.setTimer(PAUSE_MS, () =>
      this.#host.turn(() => {
        if (!step(SLICE_MS)) this.#goOn(step);
      }),
    );
  }

  #barrierNow(): Barrier {
    this.#barrier ??= new Barrier(this.#newView());
    return this.#barrier;
  }
}
