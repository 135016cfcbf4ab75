// The owner's part: the thread that opened the database, whose JavaScript objects hold what no
// segment does (sessions, subscriptions, who waits for what) and whose timers see to expiry,
// eviction and what is to be freed. What others need of that, they say by notes and mailboxes, and
// ring; the owner looks when its event loop comes to it, and each time that it takes the lock.

import { latin1Text } from "../base/bytes.ts";
import type { Blocking } from "../engine/blocking.ts";
import type { Executor } from "../engine/executor.ts";
import { Session } from "../engine/session.ts";
import type { PubSubRegistry } from "../engine/subscriptions.ts";
import type { Memory } from "../memory/memory.ts";
import type { Log } from "../persistence/log/log.ts";
import type { Platform, WorkerThread } from "../platform/platform.ts";
import { Arguments } from "../protocol/arguments.ts";
import { RequestParser } from "../protocol/request-parser.ts";
import {
  ControlWord,
  Doom,
  MEMBERS_MAX,
  MemberState,
  MemberWord,
  memberWord,
  OWNER,
  State,
  What,
} from "./control.ts";
import type { SharedDatabase } from "./handle.ts";
import { Mailboxes } from "./mailbox.ts";
import { free, Member } from "./member.ts";
import { Note, type NoteReader } from "./notes.ts";
import { Subscriptions } from "./subscriptions.ts";

/** A worker that is to be terminated is waited for so long, to end what it is doing. */
const DOOM_WAIT_MS = 1000;

/** What the owner does when it has the time: sets the timers that others' writes ask for. */
export interface Household {
  readonly executor: Executor;
  readonly log: Pick<Log, "noteProgress"> | null;
  /** The time that commands see from now on. */
  tick(): void;
  tock(): void;
  /** Other threads may have added a deadline, or left something to be freed. */
  lookAround(): void;
  afterBackgroundWrites: () => void;
}

export class Owner extends Member implements NoteReader {
  readonly #household: Household;
  readonly #blocking: Blocking;
  readonly #pubsub: PubSubRegistry;
  readonly #mailboxes: Mailboxes;
  readonly #sessions: (Session | undefined)[] = new Array(MEMBERS_MAX + 1).fill(undefined);
  readonly #parser: RequestParser = new RequestParser();
  readonly #args: Arguments = new Arguments();
  readonly #subscriptions: Subscriptions;
  readonly #forgetWorkers: () => void;
  /** Called when the last guest has left. */
  onAlone: (() => void) | undefined;
  #isDooming = false;
  #ended = false;

  constructor(platform: Platform, handle: SharedDatabase, memory: Memory, household: Household) {
    super(platform, handle, memory, OWNER);
    this.#household = household;
    const { blocking, pubsub } = household.executor.context;
    this.#blocking = blocking;
    this.#pubsub = pubsub;
    this.#mailboxes = new Mailboxes(this, handle.mailboxes);
    this.#subscriptions = new Subscriptions(this, pubsub);
    this.#forgetWorkers = platform.onWorker((worker) => this.follow(worker));
    this.control[ControlWord.state] = State.preparing;
    this.leaving();
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
    for (let member = OWNER + 1; member <= MEMBERS_MAX; member++) {
      if (control[memberWord(member, MemberWord.worker)] !== worker) continue;
      Atomics.store(control, memberWord(member, MemberWord.doomed), Doom.told);
    }
    this.#isDooming = true;
    lock.limitMs = DOOM_WAIT_MS;
    if (this.tryEnter()) lock.leave();
    lock.limitMs = Number.POSITIVE_INFINITY;
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
      if (control[memberWord(member, MemberWord.worker)] === worker) free(control, member);
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
      this.#subscriptions.forget(member);
      this.#sessions[member] = undefined;
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
      for (let member = OWNER + 1; member <= MEMBERS_MAX; member++) this.#answer(member);
      household.lookAround();
      if (Atomics.exchange(this.control, ControlWord.logProgress, 0) === 1) hasProgress = true;
      household.afterBackgroundWrites();
      household.tock();
      this.#forgetGone();
    } finally {
      this.lock.leave();
    }
    if (hasProgress) household.log?.noteProgress();
    this.#listen(seen);
    this.#lookWhetherAlone();
  }

  #answer(member: number): void {
    if (!this.#mailboxes.isAsking(member)) return;
    this.#mailboxes.answer(member, (what, request, db, protocol) => {
      this.#parser.parse(this.#args, request, 0, request.length, true, null);
      if (what === What.subscription) return this.#subscriptions.obey(member, this.#args);
      const session = this.#sessionOf(member);
      session.db = db;
      session.protocol = protocol === 2 ? 2 : 3;
      return this.#execute(session);
    });
  }

  #execute(session: Session): Uint8Array {
    const { executor } = this.#household;
    const { reply } = executor.context;
    const before = reply.length;
    executor.execute(session, this.#args);
    const bytes = reply.bytes.slice(before, reply.length);
    reply.truncate(before);
    return bytes;
  }

  #sessionOf(member: number): Session {
    let session = this.#sessions[member];
    if (session === undefined) {
      session = new Session(0, this.#household.executor.keyspace.now);
      this.#sessions[member] = session;
    }
    return session;
  }

  // The lock's surroundings

  override entered(): void {
    super.entered();
    if (!this.notes.any) return;
    this.notes.take(this);
    this.#household.tick();
    this.#household.executor.settle();
  }

  override leaving(): void {
    const { control } = this;
    control[ControlWord.waiters] = this.#blocking.sessions.size;
    control[ControlWord.hearers] = this.#blocking.hearsAll ? 1 : 0;
    control[ControlWord.listeners] = this.#pubsub.any ? 1 : 0;
    super.leaving();
  }

  /**
   * This thread waits for the lock, or for a sync that may itself wait for it. The lock's holder
   * may be asking for something meanwhile, and lends the lock for it.
   */
  override waiting(holder: number): void {
    if (holder === 0 || holder === OWNER) return;
    const doom = Atomics.load(this.control, memberWord(holder, MemberWord.doomed));
    if (this.#isDooming && doom === Doom.resting) this.lock.limitMs = 0;
    if (!this.#mailboxes.isAsking(holder)) return;
    this.memory.refresh();
    this.lock.borrowed(() => this.#answer(holder));
  }

  note(kind: number, db: number, a: Uint8Array, b: Uint8Array): void {
    if (kind === Note.ready) this.#blocking.note(db, a, 0, a.length);
    else if (kind === Note.database) this.#blocking.noteDatabase(db);
    else this.#pubsub.publish(latin1Text(a, 0, a.length), b, 0, b.length);
  }
}
