// Mailboxes: a member asks the owner to execute a command whose matter lives in the owner's
// JavaScript objects (subscriptions, sessions, the configuration), and waits for the reply.
//
//   member   request, as RESP, into its mailbox ─▶ call = asked ─▶ rings ─▶ sleeps
//   owner    wakes ─▶ executes ─▶ reply into the mailbox ─▶ call = replied ─▶ wakes the member
//
// A mailbox has 64 KiB in a buffer that all share; what is longer goes into a block of the
// data's memory, whose reference is in MemberWord.block, and which its reader frees.
//
// A member that asks while it holds the lock (in a transaction) lends it: it sleeps until the reply
// is there, so the owner acts under it, though it be waiting for that lock itself.

import { copyBytes } from "../base/bytes.ts";
import { DatabaseError } from "../base/database-error.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import type { Arguments } from "../protocol/arguments.ts";
import {
  ControlWord,
  MAILBOX_BYTES,
  MEMBERS_MAX,
  MemberWord,
  memberWord,
  OWNER,
  State,
} from "./control.ts";
import type { Member } from "./member.ts";
import { ring } from "./notes.ts";

const CallState = { none: 0, asked: 1, replied: 2 } as const;
/** Who waits for the owner looks so often whether it is still there. */
const LOOK_MS = 200;

/** What passes through one mailbox: bytes, in one direction at a time. */
class Passage {
  readonly #control: Int32Array;
  readonly #memory: Memory;
  readonly #bytes: Uint8Array;
  readonly #lengthWord: number;
  readonly #blockWord: number;
  readonly #whatWord: number;
  readonly #dbWord: number;
  readonly #protocolWord: number;

  constructor(control: Int32Array, memory: Memory, mailboxes: SharedArrayBuffer, member: number) {
    this.#control = control;
    this.#memory = memory;
    this.#bytes = new Uint8Array(mailboxes, member * MAILBOX_BYTES, MAILBOX_BYTES);
    this.#lengthWord = memberWord(member, MemberWord.bytes);
    this.#blockWord = memberWord(member, MemberWord.block);
    this.#whatWord = memberWord(member, MemberWord.what);
    this.#dbWord = memberWord(member, MemberWord.db);
    this.#protocolWord = memberWord(member, MemberWord.protocol);
  }

  /** Says what is asked, of which database, and in which protocol the reply is to be. */
  address(what: number, db: number, protocol: number): void {
    this.#control[this.#whatWord] = what;
    this.#control[this.#dbWord] = db;
    this.#control[this.#protocolWord] = protocol;
  }

  get what(): number {
    return this.#control[this.#whatWord];
  }

  get db(): number {
    return this.#control[this.#dbWord];
  }

  get protocol(): number {
    return this.#control[this.#protocolWord];
  }

  /** Whether so many bytes are written into a block: then the lock is needed. */
  isLong(length: number): boolean {
    return length > MAILBOX_BYTES;
  }

  put(bytes: Uint8Array, length: number): void {
    this.#control[this.#lengthWord] = length;
    if (!this.isLong(length)) {
      copyBytes(bytes, 0, length, this.#bytes, 0);
      return;
    }
    const block = this.#memory.allocate(length);
    this.#control[this.#blockWord] = block;
    const start = (block & PLACE_MASK) << 3;
    this.#memory.u8[block >>> PLACE_BITS].set(bytes.subarray(0, length), start);
  }

  get length(): number {
    return this.#control[this.#lengthWord];
  }

  /** A copy, in memory of this thread's own; REQUIRES: the lock, if it is long. */
  take(): Uint8Array {
    const { length } = this;
    if (!this.isLong(length)) return this.#bytes.slice(0, length);
    const block = this.#control[this.#blockWord];
    const start = (block & PLACE_MASK) << 3;
    const bytes = this.#memory.u8[block >>> PLACE_BITS].slice(start, start + length);
    this.#memory.free(block);
    return bytes;
  }
}

/** The member's side. */
export class Mailbox {
  readonly #member: Member;
  readonly #passage: Passage;
  readonly #callWord: number;
  #request: Uint8Array = new Uint8Array(1024);

  constructor(member: Member, mailboxes: SharedArrayBuffer) {
    this.#member = member;
    this.#passage = new Passage(member.control, member.memory, mailboxes, member.number);
    this.#callWord = memberWord(member.number, MemberWord.call);
    member.control[this.#callWord] = CallState.none;
  }

  /**
   * Asks something of the owner: to execute a request, whose reply it returns, as that would be
   * sent to a connection. Throws DatabaseError (CLOSED).
   */
  ask(what: number, args: Arguments, db: number, protocol: number): Uint8Array {
    const { control, lock } = this.#member;
    const length = this.#write(args);
    this.#passage.address(what, db, protocol);
    const passage = this.#passage;
    // What is long may be made and freed by others' side only under the lock.
    const isLong = passage.isLong(length);
    if (isLong) lock.enter();
    passage.put(this.#request, length);
    if (isLong) lock.leave();
    Atomics.store(control, this.#callWord, CallState.asked);
    ring(control);
    this.#sleep();
    Atomics.store(control, this.#callWord, CallState.none);
    if (!passage.isLong(passage.length)) return passage.take();
    lock.enter();
    try {
      return passage.take();
    } finally {
      lock.leave();
    }
  }

  #sleep(): void {
    const member = this.#member;
    const { control } = member;
    while (Atomics.wait(control, this.#callWord, CallState.asked, LOOK_MS) === "timed-out") {
      const isThere = Atomics.load(control, ControlWord.state) === State.shared;
      if (isThere && member.isAlive(OWNER)) continue;
      Atomics.store(control, this.#callWord, CallState.none);
      member.check();
      throw new DatabaseError("CLOSED", "the thread that opened the database has ended");
    }
  }

  /** Writes the request as an array of bulk strings; returns how many bytes that takes. */
  #write(args: Arguments): number {
    const { count, bytes, starts, ends } = args;
    let most = 32;
    for (let i = 0; i < count; i++) most += 32 + ends[i] - starts[i];
    if (this.#request.length < most) this.#request = new Uint8Array(most);
    const target = this.#request;
    let text = `*${count}\r\n`;
    let at = 0;
    for (let i = 0; i <= count; i++) {
      if (i < count) text += `$${ends[i] - starts[i]}\r\n`;
      for (let k = 0; k < text.length; k++) target[at++] = text.charCodeAt(k);
      if (i === count) break;
      copyBytes(bytes, starts[i], ends[i], target, at);
      at += ends[i] - starts[i];
      text = "\r\n";
    }
    return at;
  }
}

/** What the owner does with a request, which asks for What; returns the reply. */
export type Answer = (
  what: number,
  request: Uint8Array,
  db: number,
  protocol: number,
) => Uint8Array;

/** The owner's side. */
export class Mailboxes {
  readonly #control: Int32Array;
  readonly #passages: readonly Passage[];

  constructor(owner: Member, mailboxes: SharedArrayBuffer) {
    const { control, memory } = owner;
    this.#control = control;
    this.#passages = Array.from(
      { length: MEMBERS_MAX + 1 },
      (_, member) => new Passage(control, memory, mailboxes, member),
    );
  }

  /** Whether a member waits for the owner. */
  isAsking(member: number): boolean {
    return Atomics.load(this.#control, memberWord(member, MemberWord.call)) === CallState.asked;
  }

  /** Answers a member that asks. REQUIRES: the lock, its own or the member's. */
  answer(member: number, answer: Answer): void {
    const control = this.#control;
    const passage = this.#passages[member] as Passage;
    const reply = answer(passage.what, passage.take(), passage.db, passage.protocol);
    passage.put(reply, reply.length);
    const callWord = memberWord(member, MemberWord.call);
    Atomics.compareExchange(control, callWord, CallState.asked, CallState.replied);
    Atomics.notify(control, callWord);
  }
}
