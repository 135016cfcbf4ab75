// What a log says of itself: how far it has come, and whether it can be written.

import { type FsyncPolicy, GROWN, type LogState } from "./log-state.ts";

export class LogFigures {
  /** Called, from a turn of its own, when the file has grown to `largeFrom`, once. */
  onLarge: (() => void) | null = null;
  /** Whether this thread has appended something since that was set back. */
  hasAppended = false;
  /** Called, from a turn of its own, when it cannot be written. */
  onFailed: (() => void) | null = null;
  readonly #state: LogState;

  constructor(state: LogState) {
    this.#state = state;
  }

  /** Why the log cannot be written at the moment, or null. Writes are refused while it is set. */
  get failure(): string | null {
    return this.#state.failure;
  }

  /** Whether nothing is written to it: appendonly is no, or the first base has not begun. */
  get isResting(): boolean {
    return this.#state.resting;
  }

  /** Whether the next start would not read it yet: its first base is being written. */
  get isProvisional(): boolean {
    return this.#state.provisional;
  }

  /** Whether it rests, or is provisional, and is going to be written for good. */
  get isFounding(): boolean {
    return this.#state.founding;
  }
  set isFounding(isFounding: boolean) {
    this.#state.founding = isFounding;
  }

  /** Number of the last batch that was sealed. */
  get batch(): number {
    return this.#state.batch;
  }

  /** Number of the last batch that was written to the file. */
  get writtenThrough(): number {
    return this.#state.writtenThrough;
  }

  /** Number of the last batch that is known to be on the disk. */
  get syncedThrough(): number {
    return this.#state.syncedThrough;
  }

  /** Commits that had to wait for a sync (INFO's aof_delayed_fsync). */
  get delayedSyncs(): number {
    return this.#state.delayedSyncs;
  }

  /** Bytes of the file, pending ones included. */
  get sizeBytes(): number {
    return this.#state.end;
  }

  /** Bytes appended since the last commit. When they grow large, commit between commands. */
  get openBytes(): number {
    return this.#state.end - this.#state.batchStart;
  }

  /** The thread that opened the log is told when the file has grown to this. */
  set largeFrom(bytes: number) {
    this.#state.largeFrom = bytes;
  }

  protected tellIfGrown(): void {
    if (this.#state.largeFrom !== GROWN) return;
    this.#state.largeFrom = Number.POSITIVE_INFINITY;
    this.onLarge?.();
  }

  /** Rewrites of the log that have ended, and those of them that have failed. */
  get rewritesEnded(): number {
    return this.#state.rewritesEnded;
  }

  get rewritesFailed(): number {
    return this.#state.rewritesFailed;
  }

  noteRewrite(hasFailed: boolean): void {
    if (hasFailed) this.#state.rewritesFailed++;
    this.#state.rewritesEnded++;
  }

  /** Whether the last thread that had it open has closed it. */
  get isClosed(): boolean {
    return this.#state.closed;
  }

  /** Bytes that are not known to be on the disk. */
  get unsyncedBytes(): number {
    return this.#state.end - this.#state.synced;
  }

  /** Number of the last batch whose replies may leave. */
  get acknowledgedThrough(): number {
    const state = this.#state;
    return state.policy === "always" ? state.syncedThrough : state.writtenThrough;
  }

  get policy(): FsyncPolicy {
    return this.#state.policy;
  }
}
