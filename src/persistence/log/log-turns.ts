// Who syncs, and who waits for it, where several threads write one log. A sync is one thread's
// turn: the word `turn` says whose, and it is taken by compare-exchange. All others wait for
// `progress`, which grows when a turn has ended, well or badly, and then look for themselves.
//
//   turn   0: nobody syncs. Else the member's number, and BACKGROUND where it does not wait for the
//          sync itself, but hears of its end from its event loop
//
// A thread may die in its turn, and one that syncs in the background may not come to its event
// loop for long. Such a turn is *forsaken*: another thread takes it over. It doesn't learn what the
// kernel had to say of the sync, so whatever that was for is written anew (log-file.ts, `rewind`).
//
// Those who have just been served are likely to write again, and had better share the next sync
// than wait for the one after it. So whoever comes first does not begin it, but waits, for a part
// of the time that a sync takes (gathering.ts): the last one who is expected begins it.
//
// A log that has one thread stands alone: its lock is always held, and nobody waits.

import { DatabaseError } from "../../base/database-error.ts";
import { GATHERINGS_SKIPPED, gatheringMs } from "./gathering.ts";
import { type LogState, PROGRESS, TURN } from "./log-state.ts";
import { sinceSyncMs } from "./sync-due.ts";

/** The database's lock, as a thread sees it. It nests. */
export interface Lock {
  enter(): void;
  leave(): void;
  /** Whether this thread has it. */
  readonly held: boolean;
}

/** A thread among those that have one log open, and what it can do to the others. */
export interface Membership {
  /** Its number, from 1 (the thread that opened the log) to MEMBERS_MAX. */
  readonly member: number;
  readonly lock: Lock;
  /** Whether a member's thread still runs. */
  isAlive(member: number): boolean;
  /** Has a member's event loop call `Log.noteProgress` soon. */
  wake(member: number): void;
  /** Atomics.wait: returns when the word is not `value`, somebody notifies, or the time is over. */
  wait(words: Int32Array, index: number, value: number, timeoutMs: number): void;
}

const ALONE: Membership = {
  member: 1,
  lock: { enter: () => {}, leave: () => {}, held: true },
  isAlive: () => true,
  wake: () => {},
  wait: () => {},
};

const BACKGROUND = 0x100;
const MEMBER_MASK = 0xff;
/** Stands for a thread that is gone, whose number another one has now. */
const NOBODY = 0xff;
/** Who waits looks so often whether the thread that syncs is alive. */
const WAIT_MS = 20;
/** A sync in the background may be late by this before its turn is taken over, … */
const PATIENCE_MS = 5;
/** … or by so many times what syncs take. */
const PATIENCE_PART = 2;

export class SyncTurns {
  readonly member: number;
  readonly lock: Lock;
  readonly #state: LogState;
  readonly #membership: Membership;

  constructor(state: LogState, membership: Membership = ALONE) {
    this.#state = state;
    this.#membership = membership;
    this.member = membership.member;
    this.lock = membership.lock;
  }

  /** Takes the lock for an event's work; false where that is refused: calls will say why. */
  tryEnter(): boolean {
    try {
      this.lock.enter();
      return true;
    } catch (error) {
      if (error instanceof DatabaseError) return false;
      throw error;
    }
  }

  get isAlone(): boolean {
    return this.#membership === ALONE;
  }

  get progress(): number {
    return Atomics.load(this.#state.cells, PROGRESS);
  }

  /** Whose turn it is; 0: nobody's. */
  get holder(): number {
    return Atomics.load(this.#state.cells, TURN);
  }

  /** Takes the turn, if it is still `holder`'s. */
  take(holder: number, inBackground: boolean): boolean {
    const own = this.member | (inBackground ? BACKGROUND : 0);
    return Atomics.compareExchange(this.#state.cells, TURN, holder, own) === holder;
  }

  /** This thread has its number from one that died, perhaps in its turn: that turn is forsaken. */
  inherit(): void {
    const { cells } = this.#state;
    const holder = Atomics.load(cells, TURN);
    if ((holder & MEMBER_MASK) !== this.member) return;
    Atomics.compareExchange(cells, TURN, holder, NOBODY);
  }

  /** Ends this thread's turn, unless another has taken it over. */
  give(): void {
    const { cells } = this.#state;
    const holder = Atomics.load(cells, TURN);
    if ((holder & MEMBER_MASK) === this.member) Atomics.compareExchange(cells, TURN, holder, 0);
  }

  /**
   * Whether nothing is to be expected of the sync that began last. This thread's own, in
   * the background, does not end while it waits.
   */
  isForsaken(holder: number, nowMs: number): boolean {
    const member = holder & MEMBER_MASK;
    if (member === this.member || member === NOBODY) return true;
    const isLate =
      sinceSyncMs(this.#state, nowMs) > PATIENCE_MS + PATIENCE_PART * this.#state.syncMs;
    if ((holder & BACKGROUND) !== 0 && isLate) return true;
    return isLate && !this.#membership.isAlive(member);
  }

  /** Returns when there may be progress beyond `seen`. */
  wait(seen: number): void {
    this.#membership.wait(this.#state.cells, PROGRESS, seen, WAIT_MS);
  }

  /** Whether a sync that nobody has begun had better wait for who is expected to share it. */
  get isGathering(): boolean {
    const state = this.#state;
    if (state.tickets >= state.expectedTickets) return false;
    if (state.gatheringsToSkip === 0) return true;
    state.gatheringsToSkip--;
    return false;
  }

  /** Waits for them; they begin the sync when they are there. */
  gather(seen: number): void {
    const state = this.#state;
    const { tickets } = state;
    this.#membership.wait(state.cells, PROGRESS, seen, gatheringMs(state));
    if (state.tickets === tickets && this.progress === seen) {
      state.gatheringsToSkip = GATHERINGS_SKIPPED;
    }
  }

  /** Wakes those who wait, and the event loops of those who asked for it. */
  announce(): void {
    if (this.isAlone) return;
    const state = this.#state;
    Atomics.add(state.cells, PROGRESS, 1);
    Atomics.notify(state.cells, PROGRESS);
    for (let member = 1; member < state.membersEnd; member++) {
      if (member === this.member || !state.isWaiting(member)) continue;
      state.setWaiting(member, false);
      this.#membership.wake(member);
    }
  }

  /** This thread is to be woken when there is progress. */
  expectProgress(): void {
    if (!this.isAlone) this.#state.setWaiting(this.member, true);
  }

  wake(member: number): void {
    if (member !== this.member) this.#membership.wake(member);
  }

  /** Whether no other thread has the log open. */
  get isLast(): boolean {
    const state = this.#state;
    for (let member = 1; member < state.membersEnd; member++) {
      if (member === this.member || !state.isMember(member)) continue;
      if (this.#membership.isAlive(member)) return false;
    }
    return true;
  }
}
