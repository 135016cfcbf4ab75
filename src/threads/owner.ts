// The owner's part: the thread that opened the database, whose timers see to expiry, eviction and
// what is to be freed, and which has the configuration. Others ring when there is something of that
// for it; it looks when its event loop comes to it, and each time that it takes the lock.

import type { Executor } from "../engine/executor.ts";
import type { Memory } from "../memory/memory.ts";
import type { Log } from "../persistence/log/log.ts";
import type { Platform, WorkerThread } from "../platform/platform.ts";
import {
  ControlWord,
  Doom,
  MEMBERS_MAX,
  MemberState,
  MemberWord,
  memberWord,
  noteDoomed,
  OWNER,
  State,
} from "./control.ts";
import type { SharedDatabase } from "./handle.ts";
import { free, Member } from "./member.ts";

/** A worker that is to be terminated is waited for so long, to end what it is doing. */
const DOOM_WAIT_MS = 1000;

/** What the owner does when it has the time: sets the timers that others' writes ask for. */
export interface Household {
  readonly executor: Executor;
  readonly directoryLog: Pick<Log, "noteProgress"> | null;
  /** The time that commands see from now on. */
  tick(): void;
  tock(): void;
  /** Other threads may have added a deadline, or left something to be freed. */
  lookAround(): void;
  afterBackgroundWrites: () => void;
}

export class Owner extends Member {
  readonly #household: Household;
  readonly #forgetWorkers: () => void;
  /** Called when the last guest has left. */
  onAlone: (() => void) | undefined;
  #isDooming = false;
  #ended = false;

  constructor(platform: Platform, handle: SharedDatabase, memory: Memory, household: Household) {
    super(platform, handle, memory, OWNER);
    this.#household = household;
    this.#forgetWorkers = platform.onWorker((worker) => this.follow(worker));
    this.control[ControlWord.state] = State.preparing;
  }

  /** From now on others may attach. */
  begin(): void {
    Atomics.store(this.control, ControlWord.state, State.shared);
    Atomics.notify(this.control, ControlWord.state);
    this.#listen(Atomics.load(this.control, ControlWord.bell));
  }

  /** Nobody is answered any more, and others that want the lock are refused. */
  end(): void {
    this.#ended = true;
    this.#forgetWorkers();
    const { control } = this;
    // One that is damaged stays so to those who have not closed it yet.
    if (!this.isDamaged) Atomics.store(control, ControlWord.state, State.closed);
    Atomics.notify(control, ControlWord.state);
    Atomics.add(control, ControlWord.bell, 1);
    Atomics.notify(control, ControlWord.bell);
  }

  // Who is there

  /** A worker of this thread is not terminated in the middle of a write, and missed at its end. */
  follow(worker: WorkerThread): void {
    worker.beforeTermination(() => this.#doom(worker.number));
    worker.onExit(() => this.#gone(worker.number));
  }

  /**
   * A worker is about to be terminated. From now on it begins no change; once this thread has had
   * the lock, or the worker rests with it, it is in none. One that keeps the lock for long in
   * something else, as a transaction that does not end, is not waited for.
   */
  #doom(worker: number): void {
    if (this.#ended) return;
    const { control, lock } = this;
    // Before the look for it: it attaches in the opposite order.
    noteDoomed(control, worker);
    for (let member = OWNER + 1; member <= MEMBERS_MAX; member++) {
      if (Atomics.load(control, memberWord(member, MemberWord.worker)) !== worker) continue;
      Atomics.store(control, memberWord(member, MemberWord.doomed), Doom.told);
    }
    this.#isDooming = true;
    lock.untilMs = this.monotonicMs() + DOOM_WAIT_MS;
    if (this.tryEnter()) lock.leave();
    lock.untilMs = Number.POSITIVE_INFINITY;
    this.#isDooming = false;
  }

  /** Whether other threads are attached. */
  get hasGuests(): boolean {
    return Atomics.load(this.control, ControlWord.members) > 1;
  }

  /** A worker has ended, perhaps without leaving. */
  #gone(worker: number): void {
    if (this.#ended || !this.tryEnter()) return;
    const { control } = this;
    for (let member = OWNER + 1; member <= MEMBERS_MAX; member++) {
      if (control[memberWord(member, MemberWord.worker)] !== worker) continue;
      free(control, member);
      this.roster?.gone(member);
      this.heir?.missed(member);
    }
    this.#forgetGone();
    // It may have been about to hand the log what it had written.
    this.#household.afterBackgroundWrites();
    this.lock.leave();
    this.#lookWhetherAlone();
  }

  /** What the owner keeps for those who have left. */
  #forgetGone(): void {
    for (let member = OWNER + 1; member <= MEMBERS_MAX; member++) {
      if (this.control[memberWord(member, MemberWord.state)] !== MemberState.free) continue;
      this.forget(member);
    }
  }

  #lookWhetherAlone(): void {
    if (!this.hasGuests) this.onAlone?.();
  }

  // Hearing others

  /** Waits, in the event loop, for the bell to have rung since it was `seen`. */
  #listen(seen: number): void {
    if (this.#ended) return;
    const waited = Atomics.waitAsync(this.control, ControlWord.bell, seen);
    if (waited.async) void waited.value.then(() => this.#hear());
    else queueMicrotask(() => this.#hear());
  }

  #hear(): void {
    if (this.#ended) return;
    const seen = Atomics.load(this.control, ControlWord.bell);
    const household = this.#household;
    let hasProgress = false;
    if (!this.tryEnter()) return;
    try {
      household.tick();
      household.lookAround();
      if (Atomics.exchange(this.control, ControlWord.logProgress, 0) === 1) hasProgress = true;
      household.afterBackgroundWrites();
      household.tock();
      this.#forgetGone();
    } finally {
      this.lock.leave();
    }
    if (hasProgress) household.directoryLog?.noteProgress();
    this.#listen(seen);
    this.#lookWhetherAlone();
  }

  // The lock's surroundings

  /**
   * This thread waits for the lock, or for a sync that may itself wait for it; in `#doom` for
   * another thread to rest.
   */
  override waiting(holder: number): void {
    if (holder === 0 || holder === OWNER) return;
    const doom = Atomics.load(this.control, memberWord(holder, MemberWord.doomed));
    if (this.#isDooming && doom === Doom.resting) this.lock.untilMs = 0;
    super.waiting(holder);
  }
}
