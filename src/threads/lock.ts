// The lock: one member at a time changes the data. It is a word in the control block, taken by
// compare-and-exchange, and held for a call, a transaction or what one client has sent. Reads need
// not take it: they look whether somebody has changed anything while they looked.
//
//   write   enter ─▶ … changes … ─▶ leave: sequence + 1, holder = 0
//   read    beginRead: holder is 0, sequence is s ─▶ … looks … ─▶ isSame(s): both are as they were
//
// Half way. The lock may be let go in the middle of something: a script that takes long is gone
// on with later, and others are to hear so meanwhile. Bit 31 of the sequence says that. Nothing is
// read without the lock then, and who takes it sees to what may be done (Core.enter, Server).
//
// A read that finds the holder 0 and the same sequence before and after has seen nothing of a
// write: whoever writes has set the holder before its first change, and lets it go after the
// sequence has grown. Why the loads of a read cannot be moved behind its second look, on machines
// that may do so: docs/decisions/0020-threads.md.
//
// Fairness. A thread that holds the lock again and again would leave none to others, as whoever is
// awake is quicker than whoever has to be woken. Who has waited for PATIENCE_MS asks to be the
// next; the holder that lets go then hands the lock over.
//
// Limits. Who may not wait for ever (a process that ends, a thread that terminates another) sets
// `untilMs`, and is refused where the holder does not let go in time.
//
// Death. The holder may die: be terminated, or run out of memory. Who waits looks now and then
// whether the holder's thread is still there, and takes the lock over if it is not; what must
// follow is said by `onDeath`.

import { assert } from "../base/assert.ts";
import { DatabaseError } from "../base/database-error.ts";
import { ControlWord, MemberWord, memberWord } from "./control.ts";

/** A waiting thread looks so often before it sleeps, */
const SPINS = 50;
/** … for so long at a time, since nobody wakes it, … */
const NAP_MS = 0.05;
/** … until it has waited for this; from then on it is handed the lock, and woken. */
const PATIENCE_MS = 0.3;
/** … and looks, each so often, whether the holder is still there. */
const SUSPECT_MS = 20;

/**
 * A read looks so often whether the holder has gone, which takes about as long as two short writes:
 * two threads, 90 % reads, do 1.7 × what one does then (1.0 × where they ask for the lock at once).
 */
const READ_SPINS = 200;

/** Of the sequence: the number itself, and that something is half done. */
const NUMBER = 0x7fffffff;
const HALF_WAY = 0x80000000 | 0;

const { holder: HOLDER, sequence: SEQUENCE, next: NEXT } = ControlWord;

/** What a lock asks of its surroundings. */
export interface LockEnvironment {
  /** See Threads in platform.ts. */
  readonly loadsInOrder: boolean;
  monotonicMs(): number;
  /** Whether a member's thread still runs. */
  isAlive(member: number): boolean;
  /** This thread has taken the lock, and is about to change something. It may refuse, and throw. */
  entered(): void;
  /** It has refused, and the lock has been let go again. */
  refused(): void;
  /** This thread is about to let it go. */
  leaving(): void;
  /** Called with the lock of a member that died while it held it, before entered(). */
  onDeath(member: number): void;
  /** Called now and then while this thread waits for the lock that `holder` has. */
  waiting(holder: number): void;
}

export class Lock {
  readonly #words: Int32Array;
  readonly #member: number;
  readonly #environment: LockEnvironment;
  readonly #loadsInOrder: boolean;
  readonly #ownWord: number;
  #depth = 0;
  /** Who would have to wait until after this, by monotonicMs(), is refused. */
  untilMs: number = Number.POSITIVE_INFINITY;

  constructor(words: Int32Array, member: number, environment: LockEnvironment) {
    this.#words = words;
    this.#member = member;
    this.#environment = environment;
    this.#loadsInOrder = environment.loadsInOrder;
    this.#ownWord = memberWord(member, MemberWord.own);
  }

  /** Whether this thread holds it. */
  get held(): boolean {
    return this.#depth > 0;
  }

  /**
   * Takes the lock, if this thread has not; each enter() needs its leave(). Throws DatabaseError
   * THREAD where that would take until after `untilMs`, and what `entered` throws.
   */
  enter(): void {
    if (this.#depth++ > 0) return;
    if (Atomics.compareExchange(this.#words, HOLDER, 0, this.#member) !== 0) this.#wait();
    try {
      this.#environment.entered();
    } catch (error) {
      this.#release();
      this.#environment.refused();
      throw error;
    }
  }

  leave(): void {
    assert(this.#depth > 0, "only a lock that is held is let go");
    if (this.#depth > 1) {
      this.#depth--;
      return;
    }
    this.#environment.leaving();
    this.#release();
  }

  #release(): void {
    this.#depth = 0;
    const words = this.#words;
    const sequence = words[SEQUENCE];
    words[SEQUENCE] = ((sequence + 1) & NUMBER) | (sequence & HALF_WAY);
    if (words[NEXT] === 0) Atomics.store(words, HOLDER, 0);
    else this.#handOver();
  }

  /** Something is half done, or no more, when the lock is let go. REQUIRES: it is held. */
  set isHalfWay(isHalfWay: boolean) {
    const words = this.#words;
    words[SEQUENCE] = (words[SEQUENCE] & NUMBER) | (isHalfWay ? HALF_WAY : 0);
  }

  /** Acts under a lock that its holder, who waits for that, has lent. */
  borrowed(act: () => void): void {
    const depth = this.#depth;
    this.#depth = 1;
    try {
      act();
    } finally {
      this.#depth = depth;
    }
  }

  #handOver(): void {
    const words = this.#words;
    Atomics.store(words, HOLDER, Atomics.exchange(words, NEXT, 0));
    Atomics.notify(words, HOLDER);
  }

  #wait(): void {
    const words = this.#words;
    const environment = this.#environment;
    for (let i = 0; i < SPINS; i++) {
      if (Atomics.load(words, HOLDER) === 0 && this.#tryTake()) return;
    }
    const sinceMs = environment.monotonicMs();
    let suspectMs = sinceMs + SUSPECT_MS;
    let hasAsked = false;
    for (;;) {
      const holder = Atomics.load(words, HOLDER);
      if (holder === this.#member || (holder === 0 && this.#tryTake())) break;
      if (holder === 0) continue;
      const nowMs = environment.monotonicMs();
      const isImpatient = nowMs - sinceMs > PATIENCE_MS;
      if (isImpatient && !hasAsked) hasAsked = this.#ask();
      if (nowMs > this.untilMs && this.#withdraws(hasAsked)) this.#giveUp(nowMs - sinceMs);
      if (nowMs > suspectMs) {
        suspectMs = nowMs + SUSPECT_MS;
        if (this.#inherits(holder)) return;
      }
      environment.waiting(holder);
      Atomics.wait(words, HOLDER, holder, isImpatient ? PATIENCE_MS : NAP_MS);
    }
    Atomics.compareExchange(words, NEXT, this.#member, 0);
  }

  /** Asks to be handed the lock next; whether nobody else has. */
  #ask(): boolean {
    return Atomics.compareExchange(this.#words, NEXT, 0, this.#member) === 0;
  }

  /** Wants the lock no more; false where it is just being handed over. */
  #withdraws(hasAsked: boolean): boolean {
    const before = Atomics.compareExchange(this.#words, NEXT, this.#member, 0);
    return !hasAsked || before === this.#member;
  }

  #giveUp(ms: number): never {
    this.#depth = 0;
    throw new DatabaseError(
      "THREAD",
      `another thread has kept the database for ${Math.round(ms)} ms: a transaction there does not end`,
    );
  }

  #tryTake(): boolean {
    return Atomics.compareExchange(this.#words, HOLDER, 0, this.#member) === 0;
  }

  /** Takes the lock from a holder that is dead; whether it was. */
  #inherits(holder: number): boolean {
    if (this.#environment.isAlive(holder)) return false;
    const words = this.#words;
    if (Atomics.compareExchange(words, HOLDER, holder, this.#member) !== holder) return false;
    Atomics.compareExchange(words, NEXT, this.#member, 0);
    this.#environment.onDeath(holder);
    return true;
  }

  // Reading without it

  /** The sequence, as soon as nobody writes; −1 where somebody goes on and on, or is half way. */
  beginRead(): number {
    const words = this.#words;
    for (let i = 0; i < READ_SPINS; i++) {
      // Loads in order need but one atomic one, over which no compiler moves another.
      const sequence = this.#loadsInOrder ? words[SEQUENCE] : Atomics.load(words, SEQUENCE);
      if (Atomics.load(words, HOLDER) === 0) return sequence < 0 ? -1 : sequence;
    }
    return -1;
  }

  /** Whether nothing has been changed since beginRead() gave this sequence. */
  isSame(sequence: number): boolean {
    const words = this.#words;
    // Reads and writes a word, so that no look of before is taken after what follows.
    if (!this.#loadsInOrder) Atomics.add(words, this.#ownWord, 1);
    // In this order: whoever was inside and has left since has raised the sequence before that. The
    // atomic load is an acquiring one, so that the other comes after it.
    return Atomics.load(words, HOLDER) === 0 && words[SEQUENCE] === sequence;
  }
}
