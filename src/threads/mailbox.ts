// Mailboxes: a member asks another to execute a command whose matter lives in that one's JavaScript
// objects (the owner's configuration, the clients of each), and waits for the reply.
//
//   who asks    request, as RESP, into its mailbox ─▶ call = asked ─▶ rings ─▶ sleeps
//   who is asked   wakes ─▶ executes ─▶ reply into the mailbox ─▶ call = replied ─▶ wakes the other
//
// A mailbox has 64 KiB in a buffer that all share; what is longer goes into a block of the
// data's memory, whose reference is in MemberWord.block, and which its reader frees.
//
// Who asks holds the lock, and lends it: it sleeps until the reply is there, so that the other acts
// under it, though it be waiting for that lock itself. So nobody is asked while it asks.

import { assert } from "../base/assert.ts";
import { copyBytes } from "../base/bytes.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import type { Arguments } from "../protocol/arguments.ts";
import {
  ControlWord,
  MAILBOX_BYTES,
  MEMBERS_MAX,
  MemberWord,
  memberWord,
  ring,
  State,
} from "./control.ts";

/** What is asked: to execute a command. */
export interface Question {
  readonly args: Arguments;
  /**
   * The command's number, which a name may not tell (rename-command), or, below −1, what else is
   * asked; see Desk.
   */
  readonly command: number;
  readonly db: number;
  readonly protocol: 2 | 3;
  /** It is for a client of another machine. */
  readonly isForeign: boolean;
  /** It is asked in the middle of an EXEC. */
  readonly inTransaction: boolean;
}

/** A member, as far as what passes between two needs it. */
export interface Correspondent {
  readonly number: number;
  readonly control: Int32Array;
  readonly memory: Memory;
}

/** A member that asks. */
export interface Caller extends Correspondent {
  readonly lock: { readonly held: boolean };
  isAlive(member: number): boolean;
  /** Reads what others have for it, which may have come while it slept. */
  lookAtOthers(): void;
}

const CallState = { none: 0, asked: 1, replied: 2, dismissed: 3 } as const;
/** Bits of MemberWord.foreign. */
const FOREIGN = 1;
const IN_TRANSACTION = 2;
/** Who waits for another looks so often whether that is still there. */
const LOOK_MS = 200;

/** What passes through one mailbox: bytes, in one direction at a time. */
class Passage {
  readonly #control: Int32Array;
  readonly #memory: Memory;
  readonly #bytes: Uint8Array;
  readonly #lengthWord: number;
  readonly #blockWord: number;
  readonly #calleeWord: number;
  readonly #dbWord: number;
  readonly #protocolWord: number;
  readonly #foreignWord: number;
  readonly #commandWord: number;

  constructor(control: Int32Array, memory: Memory, mailboxes: SharedArrayBuffer, member: number) {
    this.#control = control;
    this.#memory = memory;
    this.#bytes = new Uint8Array(mailboxes, member * MAILBOX_BYTES, MAILBOX_BYTES);
    this.#lengthWord = memberWord(member, MemberWord.bytes);
    this.#blockWord = memberWord(member, MemberWord.block);
    this.#calleeWord = memberWord(member, MemberWord.callee);
    this.#dbWord = memberWord(member, MemberWord.db);
    this.#protocolWord = memberWord(member, MemberWord.protocol);
    this.#foreignWord = memberWord(member, MemberWord.foreign);
    this.#commandWord = memberWord(member, MemberWord.command);
  }

  address(callee: number, question: Omit<Question, "args">): void {
    this.#control[this.#calleeWord] = callee;
    this.#control[this.#commandWord] = question.command;
    this.#control[this.#dbWord] = question.db;
    this.#control[this.#protocolWord] = question.protocol;
    const inTransaction = question.inTransaction ? IN_TRANSACTION : 0;
    this.#control[this.#foreignWord] = (question.isForeign ? FOREIGN : 0) | inTransaction;
  }

  get callee(): number {
    return this.#control[this.#calleeWord];
  }

  get question(): Omit<Question, "args"> {
    const control = this.#control;
    return {
      command: control[this.#commandWord],
      db: control[this.#dbWord],
      protocol: control[this.#protocolWord] === 2 ? 2 : 3,
      isForeign: (control[this.#foreignWord] & FOREIGN) !== 0,
      inTransaction: (control[this.#foreignWord] & IN_TRANSACTION) !== 0,
    };
  }

  put(bytes: Uint8Array, length: number): void {
    this.#control[this.#lengthWord] = length;
    if (length <= MAILBOX_BYTES) {
      copyBytes(bytes, 0, length, this.#bytes, 0);
      return;
    }
    const block = this.#memory.allocate(length);
    this.#control[this.#blockWord] = block;
    const start = (block & PLACE_MASK) << 3;
    this.#memory.u8[block >>> PLACE_BITS].set(bytes.subarray(0, length), start);
  }

  /** A copy, in memory of this thread's own. */
  take(): Uint8Array {
    const length = this.#control[this.#lengthWord];
    if (length <= MAILBOX_BYTES) return this.#bytes.slice(0, length);
    const block = this.#control[this.#blockWord];
    const start = (block & PLACE_MASK) << 3;
    const bytes = this.#memory.u8[block >>> PLACE_BITS].slice(start, start + length);
    this.#memory.free(block);
    return bytes;
  }
}

/** The side of who asks. */
export class Mailbox {
  readonly #member: Caller;
  readonly #passage: Passage;
  readonly #callWord: number;
  /** After the last reply the client's connection is to be closed. */
  closes = false;
  #request: Uint8Array = new Uint8Array(1024);

  constructor(member: Caller, mailboxes: SharedArrayBuffer) {
    this.#member = member;
    this.#passage = new Passage(member.control, member.memory, mailboxes, member.number);
    this.#callWord = memberWord(member.number, MemberWord.call);
    member.control[this.#callWord] = CallState.none;
  }

  /** Whether another member waits for an answer. */
  isAsking(member: number): boolean {
    const { control } = this.#member;
    return Atomics.load(control, memberWord(member, MemberWord.call)) === CallState.asked;
  }

  /**
   * Has another member execute a request, and returns the reply, as that would be sent to a
   * connection; undefined where that member has ended. REQUIRES: the lock.
   */
  ask(callee: number, question: Question): Uint8Array | undefined {
    const { control, lock, memory } = this.#member;
    assert(lock.held, "who asks lends the lock");
    const passage = this.#passage;
    passage.address(callee, question);
    const length = this.#write(question.args);
    passage.put(this.#request, length);
    Atomics.store(control, this.#callWord, CallState.asked);
    ring(control, callee);
    const isAnswered = this.#sleep(callee);
    const state = Atomics.exchange(control, this.#callWord, CallState.none);
    this.closes = state === CallState.dismissed;
    memory.refresh();
    this.#member.lookAtOthers();
    return isAnswered ? passage.take() : undefined;
  }

  /**
   * Until the answer is there; false where it will never be. What wakes us may be the last one's
   * answer, whose sender sets the word, is overtaken by our next question, and only then rings.
   */
  #sleep(callee: number): boolean {
    const member = this.#member;
    const { control } = member;
    while (Atomics.load(control, this.#callWord) === CallState.asked) {
      const woken = Atomics.wait(control, this.#callWord, CallState.asked, LOOK_MS);
      if (woken !== "timed-out") continue;
      const isThere = Atomics.load(control, ControlWord.state) === State.shared;
      if (!isThere || !member.isAlive(callee)) return false;
    }
    return true;
  }

  /** Writes the request as an array of bulk strings; returns how many bytes that takes. */
  #write(args: Arguments): number {
    const { count, bytes, starts, ends } = args;
    if (count === 0) return 0;
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

/** A reply, and whether the connection is to be closed behind it. */
export interface Answered {
  readonly reply: Uint8Array;
  readonly closes: boolean;
}

/** What is done with a request. */
export type Answer = (request: Uint8Array, question: Omit<Question, "args">) => Answered;

/** The side of who is asked. */
export class Mailboxes {
  readonly #control: Int32Array;
  readonly #number: number;
  readonly #passages: readonly Passage[];

  constructor(callee: Correspondent, mailboxes: SharedArrayBuffer) {
    const { control, memory, number } = callee;
    this.#control = control;
    this.#number = number;
    this.#passages = Array.from(
      { length: MEMBERS_MAX + 1 },
      (_, member) => new Passage(control, memory, mailboxes, member),
    );
  }

  /** Whether a member waits for this one's answer. */
  isAsking(member: number): boolean {
    const control = this.#control;
    if (Atomics.load(control, memberWord(member, MemberWord.call)) !== CallState.asked)
      return false;
    return control[memberWord(member, MemberWord.callee)] === this.#number;
  }

  /** Answers a member that asks. REQUIRES: the lock, which that member lends. */
  answer(member: number, answer: Answer): void {
    const control = this.#control;
    const passage = this.#passages[member] as Passage;
    const { reply, closes } = answer(passage.take(), passage.question);
    passage.put(reply, reply.length);
    const callWord = memberWord(member, MemberWord.call);
    const state = closes ? CallState.dismissed : CallState.replied;
    Atomics.compareExchange(control, callWord, CallState.asked, state);
    Atomics.notify(control, callWord);
  }
}
