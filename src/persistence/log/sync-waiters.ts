// Who waits, without blocking, for a batch to be on the disk: promises of the embedded API, clients
// in WAITAOF. Each thread has its own; the log tells them when there is progress, whichever
// thread's sync has made it.
//
// A log that cannot be written makes no progress, and heals by itself. A waiter is told of that
// once each time, and says whether it waits on.

import type { LogState } from "./log-state.ts";
import type { SyncTurns } from "./log-turns.ts";

export interface SyncWaiter {
  /** The batch that is to be on the disk, with all before it. */
  readonly batch: number;
  /** It is. */
  synced(): void;
  /** The log cannot be written at the moment; returns whether to wait on. */
  failed(): boolean;
  /** The log was closed, and not everything is on the disk. */
  lost(): void;
}

export class SyncWaiters {
  readonly #state: LogState;
  #waiting: SyncWaiter[] = [];
  /** The first so many of them have been told of the present failure. */
  #told = 0;

  constructor(state: LogState) {
    this.#state = state;
  }

  get any(): boolean {
    return this.#waiting.length > 0;
  }

  /** Returns whether there is something to tell. */
  add(waiter: SyncWaiter, turns: SyncTurns): boolean {
    this.#waiting.push(waiter);
    return this.#expect(turns);
  }

  /** Tells those who wait; returns whether there is more to tell already. */
  tell(turns: SyncTurns): boolean {
    if (!this.any) return false;
    const { syncedThrough, hasFailed } = this.#state;
    // What is called back may wait anew.
    const waiting = this.#waiting;
    const told = hasFailed ? this.#told : waiting.length;
    const left: SyncWaiter[] = [];
    this.#waiting = [];
    for (let i = 0; i < waiting.length; i++) {
      const waiter = waiting[i];
      if (waiter.batch <= syncedThrough) waiter.synced();
      else if (i < told || waiter.failed()) left.push(waiter);
    }
    this.#told = hasFailed ? left.length : 0;
    this.#waiting = [...left, ...this.#waiting];
    return this.#expect(turns);
  }

  /**
   * While somebody waits, this thread is to hear of others' syncs, and of its own. Returns whether
   * something has come before that.
   */
  #expect(turns: SyncTurns): boolean {
    if (!this.any || !turns.tryEnter()) return false;
    turns.expectProgress();
    turns.lock.leave();
    const { syncedThrough, hasFailed } = this.#state;
    if (hasFailed && this.#told < this.#waiting.length) return true;
    return this.#waiting.some((waiter) => waiter.batch <= syncedThrough);
  }

  /** The log has been closed in this thread. */
  end(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) {
      if (waiter.batch <= this.#state.syncedThrough) waiter.synced();
      else waiter.lost();
    }
  }
}
