// A member: one thread's part in a shared database. It has the lock, takes and gives the word of
// when other threads' changes are seen, and knows who else is there. Each time that it takes the
// lock it reads, before anything else, what others have for it: who waits and who is subscribed
// (roster.ts), and what is for its own clients (inbox.ts). While it waits for the lock it answers
// whoever has that and asks it (mailbox.ts).
//
// The owner and the guests (owner.ts, guest.ts) differ in what else they do.
//
// What a death leaves: see Member.onDeath.

import { latin1Text } from "../base/bytes.ts";
import { DatabaseError, damaged } from "../base/database-error.ts";
import type { Context } from "../engine/context.ts";
import type { Executor } from "../engine/executor.ts";
import { isLocal } from "../engine/protected-actions.ts";
import type { Session } from "../engine/session.ts";
import type { Memory } from "../memory/memory.ts";
import type { Membership } from "../persistence/log/log.ts";
import type { Platform } from "../platform/platform.ts";
import { Arguments } from "../protocol/arguments.ts";
import {
  ControlWord,
  Doom,
  Inside,
  isNotedDoomed,
  MEMBERS_MAX,
  MemberState,
  MemberWord,
  memberWord,
  OWNER,
  ring,
  State,
} from "./control.ts";
import { Desk } from "./desk.ts";
import type { SharedDatabase } from "./handle.ts";
import { Inbox, Post } from "./inbox.ts";
import { Lock, type LockEnvironment } from "./lock.ts";
import { Mailbox, type Question } from "./mailbox.ts";
import { Roster, type RosterMember } from "./roster.ts";

/** The owner waits so long before it looks whether the lock's holder asks it for something. */
const OWNER_WAITS_MS = 1;

/** A thread waits so long for its termination. */
const DOOM_MS = 10_000;

/** What a member's death inside a transaction leaves to be undone, by whoever finds it. */
export interface Heir {
  /** Rolls back the changes that a dead thread's transaction had noted. */
  rollBackLeft(): void;
  /** Another thread may have begun a snapshot, or switched the log. REQUIRES: the lock. */
  lookAtNews(): void;
  /** A member has gone. REQUIRES: the lock. */
  missed(member: number): void;
  /** Something has come about a snapshot that one thread takes for another. REQUIRES: the lock. */
  posted(kind: number, id: number, a: Uint8Array, b: Uint8Array): void;
  /** The database is closed for good: nothing will come any more. */
  orphaned(): void;
  /** An error came out of what was done under the lock; returns what to throw. */
  interrupted(error: unknown): unknown;
}

export abstract class Member implements LockEnvironment, RosterMember {
  /** What this thread has attached by, or handed out. */
  readonly handle: SharedDatabase;
  readonly control: Int32Array;
  readonly number: number;
  readonly memory: Memory;
  readonly lock: Lock;
  /** Who waits and who is subscribed, in all threads; set by join(). */
  roster: Roster | undefined;
  /** Called when another thread has set a directive. */
  onConfigured: (name: string, value: string) => void = () => {};
  /** Called when others are about to look at what this thread has counted. */
  onReport: () => void = () => {};
  heir: Heir | undefined;
  /** This thread, as one that writes the log. */
  readonly membership: Membership;
  readonly loadsInOrder: boolean;
  readonly #platform: Platform;
  #seenNews = 0;
  readonly #inboxes: (Inbox | undefined)[] = new Array(MEMBERS_MAX + 1).fill(undefined);
  readonly #inbox: Inbox;
  readonly #mailbox: Mailbox;
  #executor: Executor | undefined;
  #desk: Desk | undefined;
  readonly #insideWord: number;
  readonly #doomedWord: number;

  constructor(platform: Platform, handle: SharedDatabase, memory: Memory, number: number) {
    this.#platform = platform;
    this.loadsInOrder = platform.loadsInOrder;
    this.control = handle.control;
    this.number = number;
    this.memory = memory;
    this.handle = handle;
    this.#inbox = this.inboxOf(number);
    this.#mailbox = new Mailbox(this, handle.mailboxes);
    this.#insideWord = memberWord(number, MemberWord.inside);
    const { control } = this;
    control[memberWord(number, MemberWord.thread)] = platform.threadNumber();
    control[this.#insideWord] = Inside.nothing;
    this.#doomedWord = memberWord(number, MemberWord.doomed);
    control[this.#doomedWord] = Doom.none;
    const worker = platform.workerNumber();
    Atomics.store(control, memberWord(number, MemberWord.worker), worker);
    if (isNotedDoomed(control, worker)) Atomics.store(control, this.#doomedWord, Doom.told);
    Atomics.add(control, ControlWord.members, 1);
    this.lock = new Lock(control, number, this);
    this.membership = {
      member: number,
      lock: this.lock,
      isAlive: (member) => this.isAlive(member),
      wake: (member) => this.#wake(member),
      wait: (words, index, value, timeoutMs) => this.#wait(words, index, value, timeoutMs),
    };
  }

  /**
   * From now on this thread knows of others' clients, and they of its. REQUIRES: the lock, or that
   * no other thread is there yet.
   */
  join(executor: Executor): void {
    this.#executor = executor;
    const { blocking, pubsub, services } = executor.context;
    if (this.isOwner) Atomics.store(this.control, ControlWord.lastClient, services.lastClient);
    this.#countClients(services.sessions.size);
    this.#inbox.takeAll(() => {});
    executor.timer.shareHistograms(this.handle.histograms, this.number);
    this.#desk = new Desk(this, this.handle.mailboxes, executor, () => this.onReport());
    this.roster = new Roster(this, this.handle.roster, {
      blocking,
      pubsub,
      table: executor.table,
    });
  }

  /** Waits for a sync of the log; in the owner for a moment at a time, since it may be asked. */
  #wait(words: Int32Array, index: number, value: number, timeoutMs: number): void {
    this.waiting(Atomics.load(this.control, ControlWord.holder));
    const ms = this.isOwner ? Math.min(timeoutMs, OWNER_WAITS_MS) : timeoutMs;
    Atomics.wait(words, index, value, ms);
  }

  /** Has another thread's event loop look at the log's progress. */
  #wake(member: number): void {
    if (member === OWNER) Atomics.store(this.control, ControlWord.logProgress, 1);
    ring(this.control, member);
  }

  get isOwner(): boolean {
    return this.number === OWNER;
  }

  /** What the lock's holder is doing, for those who would find it dead. */
  set inside(what: number) {
    this.control[this.#insideWord] = what;
  }

  /** Leaves: its number may be given to another thread. REQUIRES: the lock is not held. */
  leave(): void {
    free(this.control, this.number);
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

  /** Whether this thread is about to be terminated. */
  get isDoomed(): boolean {
    return this.control[this.#doomedWord] !== Doom.none;
  }

  /** Whether a thread died in the middle of a write. */
  get isDamaged(): boolean {
    return this.control[ControlWord.state] === State.damaged;
  }

  /** This thread is about to be terminated: it shall not see that by an error. */
  #awaitEnd(): never {
    const { control } = this;
    Atomics.store(control, this.#doomedWord, Doom.resting);
    for (let ms = 0; ms < DOOM_MS; ms++) Atomics.wait(control, this.#doomedWord, Doom.resting, 1);
    throw terminated();
  }

  /** Why the owner will never answer what it is asked in an inbox; undefined: it will. */
  get whyUnanswered(): string | undefined {
    const state = this.control[ControlWord.state];
    if (state === State.damaged) return "a write has ended in the middle";
    if (state === State.closed) return "the database was closed";
    return this.isAlive(OWNER) ? undefined : "the thread that opened the database has ended";
  }

  /** Nobody is to use the database any more: a write has ended in the middle. */
  markDamaged(): void {
    Atomics.compareExchange(this.control, ControlWord.state, State.shared, State.damaged);
  }

  /** Before each call: throws where the database cannot be used any more. */
  check(): void {
    if (this.isDoomed) this.#awaitEnd();
    this.#checkState();
  }

  #checkState(): void {
    const state = this.control[ControlWord.state];
    if (state === State.shared || state === State.preparing) return;
    if (state === State.damaged) {
      throw damaged();
    }
    throw new DatabaseError(
      "CLOSED",
      "the thread that opened the database has closed it, or ended",
    );
  }

  // The lock's surroundings

  monotonicMs(): number {
    return this.#platform.monotonicMs();
  }

  isAlive(member: number): boolean {
    const thread = this.control[memberWord(member, MemberWord.thread)];
    return this.#platform.isThreadRunning(thread);
  }

  entered(): void {
    this.memory.refresh();
    if (this.isDoomed) throw terminated();
    this.#checkState();
    this.inside = Inside.change;
    this.lookAtOthers();
  }

  refused(): void {
    if (this.isDoomed) this.#awaitEnd();
  }

  leaving(): void {
    this.inside = Inside.nothing;
  }

  /**
   * The lock's holder may be asking this thread for something, and lends it the lock for that; or
   * whom the holder asks does, and lends on what it was lent.
   */
  waiting(holder: number): void {
    const desk = this.#desk;
    if (holder === 0 || holder === this.number || desk === undefined) return;
    for (let member = OWNER; member <= MEMBERS_MAX; member++) {
      if (!desk.isAsked(member)) continue;
      this.memory.refresh();
      this.lock.borrowed(() => {
        try {
          this.lookAtOthers();
          desk.answer(member);
        } catch (error) {
          throw this.heir === undefined ? error : this.heir.interrupted(error);
        }
      });
    }
  }

  /** This thread waits in place for others, and answers meanwhile what they ask. */
  attend(): void {
    this.waiting(Atomics.load(this.control, ControlWord.holder));
  }

  // Clients, of whichever thread

  /** The number of one that connects now. */
  nextClient(): number {
    return (Atomics.add(this.control, ControlWord.lastClient, 1) + 1) >>> 0;
  }

  /** Those that are connected, to whichever thread. */
  get connectedClients(): number {
    return Atomics.load(this.control, ControlWord.clients);
  }

  /** One has connected to this thread; false where there are as many as there may be. */
  admitClient(most: number): boolean {
    this.#countClients(1);
    if (Atomics.load(this.control, ControlWord.clients) <= most) return true;
    this.#countClients(-1);
    return false;
  }

  /** One of this thread has gone. */
  missClient(): void {
    this.#countClients(-1);
  }

  #countClients(change: number): void {
    Atomics.add(this.control, memberWord(this.number, MemberWord.clients), change);
    Atomics.add(this.control, ControlWord.clients, change);
  }

  /** What threads that serve do each second is not done. */
  get cronPaused(): boolean {
    return Atomics.load(this.control, ControlWord.cronPaused) === 1;
  }

  set cronPaused(paused: boolean) {
    Atomics.store(this.control, ControlWord.cronPaused, paused ? 1 : 0);
  }

  // What others have for this thread's. REQUIRES: the lock.

  /** What takes something to a member. */
  inboxOf(member: number): Inbox {
    let inbox = this.#inboxes[member];
    if (inbox === undefined) {
      inbox = new Inbox(this.control, this.memory, member);
      this.#inboxes[member] = inbox;
    }
    return inbox;
  }

  /** The other threads shall look at what is new in shared memory. REQUIRES: the lock. */
  spread(): void {
    const { control } = this;
    control[ControlWord.news] = (control[ControlWord.news] + 1) | 0;
  }

  /** Reads what other threads have for this one. */
  lookAtOthers(): void {
    const news = this.control[ControlWord.news];
    if (news === this.#seenNews) return;
    this.#seenNews = news;
    this.roster?.read();
    this.heir?.lookAtNews();
    if (this.#inbox.any && this.#executor !== undefined) this.#inbox.takeAll(this.#take);
  }

  readonly #take = (kind: number, id: number, a: Uint8Array, b: Uint8Array): void => {
    const executor = this.#executor as Executor;
    const { pubsub } = executor.context;
    if (kind === Post.message) {
      pubsub.publishHere(latin1Text(a, 0, a.length), a, b, 0, b.length);
      return;
    }
    if (kind === Post.shardMessage) {
      pubsub.spublishHere(latin1Text(a, 0, a.length), a, b, 0, b.length);
      return;
    }
    if (kind === Post.lost) return this.#cutOffSubscribers(executor);
    if (kind >= Post.snapshot) {
      this.heir?.posted(kind, id, a, b);
      return;
    }
    const session = this.session(id);
    if (session === undefined) return;
    if (kind === Post.reply) session.link?.deliver(b, 0, b.length);
    else if (kind === Post.resume) {
      // It has not been idle, whatever its last request.
      session.lastMs = executor.context.services.nowMs();
      session.link?.resume();
    } else if (kind === Post.unblock) executor.waiters.timeOut(session);
    else executor.waiters.unblockWithError(session);
  };

  /** Messages were lost that some of this thread's clients were to get: they shall know it. */
  #cutOffSubscribers({ context: { pubsub, services } }: Executor): void {
    pubsub.tellLost();
    for (const session of [...services.sessions.values()]) {
      if (session.kind === "pubsub") services.kill(session);
    }
  }

  session(id: number): Session | undefined {
    return this.#executor?.context.services.sessions.get(id);
  }

  configured(name: string, value: string): void {
    this.onConfigured(name, value);
  }

  /** Has another member execute the present command; see Mailbox.ask. */
  ask(member: number, c: Context, protocol: 2 | 3): Uint8Array | undefined {
    return this.#mailbox.ask(member, {
      args: c.args,
      command: c.command?.index ?? -1,
      db: c.db,
      protocol,
      isForeign: !isLocal(c.session),
      inTransaction: c.inTransaction,
    });
  }

  /** Asks another member something beside commands; see Desk.answerAside. REQUIRES: the lock. */
  askAside(member: number, asked: number, words: readonly Uint8Array[]): Uint8Array | undefined {
    const args = new Arguments(words.length);
    args.fill(words);
    return this.#mailbox.ask(member, { ...REPORT, args, command: asked });
  }

  /** What answers that is set here. */
  set answerAside(answer: (asked: number, args: Arguments) => Uint8Array) {
    if (this.#desk !== undefined) this.#desk.answerAside = answer;
  }

  /** Whether the client is to be closed that asked last. */
  get closesClient(): boolean {
    return this.#mailbox.closes;
  }

  /** Has the owner execute the present command, and replies as that does; false in the owner. */
  askOwner(_c: Context): boolean {
    return false;
  }

  /** What the other threads that serve clients reply to the present command, each for its own. */
  askOthers(c: Context): Uint8Array[] {
    const replies: Uint8Array[] = [];
    if (this.#desk?.isAnswering === true) return replies;
    for (let member = OWNER; member <= MEMBERS_MAX; member++) {
      const serves = Atomics.load(this.control, memberWord(member, MemberWord.clients)) > 0;
      if (member === this.number || !serves) continue;
      const reply = this.ask(member, c, 2);
      if (reply !== undefined) replies.push(reply);
    }
    return replies;
  }

  /** Has the other threads that serve clients write down what they have counted. */
  askForReports(): void {
    for (let member = OWNER; member <= MEMBERS_MAX; member++) {
      const serves = Atomics.load(this.control, memberWord(member, MemberWord.clients)) > 0;
      // Who asks itself has written it down before.
      if (member === this.number || !serves || this.#mailbox.isAsking(member)) continue;
      this.#mailbox.ask(member, REPORT);
    }
  }

  /** A member has gone: nothing is for it any more. */
  forget(member: number): void {
    this.#desk?.forget(member);
    this.inboxOf(member).takeAll(() => {});
  }

  /**
   * A member has died with the lock, which is this thread's now. Had it changed nothing, nothing
   * is to be done; a transaction between two of its calls is rolled back; in the middle of a change
   * the memory is not to be trusted.
   */
  onDeath(member: number): void {
    const { control } = this;
    const inside = control[memberWord(member, MemberWord.inside)];
    control[memberWord(member, MemberWord.inside)] = Inside.nothing;
    free(control, member);
    this.memory.refresh();
    this.roster?.read();
    this.roster?.gone(member);
    this.heir?.missed(member);
    if (inside === Inside.transaction) this.heir?.rollBackLeft();
    else if (inside === Inside.change) this.markDamaged();
  }
}

/** The question without words: what has been counted is to be written down. */
const REPORT: Question = {
  args: new Arguments(),
  command: 0,
  db: 0,
  protocol: 2,
  isForeign: false,
  inTransaction: false,
};

function terminated(): DatabaseError {
  return new DatabaseError("CLOSED", "this thread is being terminated");
}

/** A member's number may be given to another thread. */
export function free(control: Int32Array, member: number): void {
  control[memberWord(member, MemberWord.worker)] = NOBODY;
  const clients = Atomics.exchange(control, memberWord(member, MemberWord.clients), 0);
  Atomics.sub(control, ControlWord.clients, clients);
  // It may have died waiting. Who has its number next shall not be handed the lock for it, while
  // another thread still takes it for dead.
  Atomics.compareExchange(control, ControlWord.next, member, 0);
  const { attached, free } = MemberState;
  const word = memberWord(member, MemberWord.state);
  const before = Atomics.compareExchange(control, word, attached, free);
  if (before === attached) Atomics.sub(control, ControlWord.members, 1);
}

/** No thread of the runtime's has this number. */
const NOBODY = -1;

/** Takes a number that is free for this thread, one that a dead thread had among them. */
export function takeNumber(platform: Platform, control: Int32Array): number {
  for (let number = OWNER + 1; number <= MEMBERS_MAX; number++) {
    const word = memberWord(number, MemberWord.state);
    const { free, claimed, attached } = MemberState;
    if (Atomics.compareExchange(control, word, free, claimed) !== free) continue;
    // Nobody shall take it for that of the thread that had it before, and is dead.
    Atomics.store(control, memberWord(number, MemberWord.thread), platform.threadNumber());
    Atomics.store(control, word, attached);
    return number;
  }
  for (let number = OWNER + 1; number <= MEMBERS_MAX; number++) {
    const state = Atomics.load(control, memberWord(number, MemberWord.state));
    if (state !== MemberState.attached) continue;
    const thread = control[memberWord(number, MemberWord.thread)];
    // One that died with the lock is found by whoever waits for that.
    if (Atomics.load(control, ControlWord.holder) === number) continue;
    if (Atomics.load(control, ControlWord.next) === number) continue;
    if (platform.isThreadRunning(thread)) continue;
    const word = memberWord(number, MemberWord.thread);
    if (Atomics.compareExchange(control, word, thread, platform.threadNumber()) !== thread)
      continue;
    Atomics.sub(control, ControlWord.members, 1);
    return number;
  }
  throw new DatabaseError(
    "THREAD",
    `${MEMBERS_MAX} threads use this database, and no more can: close() it where it is not needed`,
  );
}
