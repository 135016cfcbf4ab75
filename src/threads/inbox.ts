// Inboxes: what other threads have for a member's JavaScript objects, which they cannot reach: a
// message for those who are subscribed in it, a reply to one of its clients that waited, or that
// one is to wait no longer; a snapshot that is wanted, and how it goes.
//
// An inbox is a list of blocks in the data's memory, first in, first out, whose ends are words of
// the control block. Whoever adds or takes has the lock; a member takes all as soon as it has it,
// before anything else, so that what follows comes after what was there before.
//
//   block   0 i32 next, or 0   4 i32 Post   8 u32 a session's number   12 i32 bytes of a
//          16 i32 bytes of b   20 a, then b

import { copyBytes } from "../base/bytes.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import { ControlWord, MemberWord, memberWord, ring } from "./control.ts";

/** What is in an inbox. */
export const Post = {
  /** For those subscribed to a channel, or shard channel: its name, and the message. */
  message: 1,
  shardMessage: 2,
  /** For a session: bytes to send; it waits no more; CLIENT UNBLOCK, with an error or without. */
  reply: 3,
  resume: 4,
  unblock: 5,
  unblockWithError: 6,
  /** For those subscribed to anything: messages have been lost. It comes last. */
  lost: 7,
  /** See snapshot-requests.ts. */
  snapshot: 8,
  snapshotProgress: 9,
  snapshotEnded: 10,
  /** See script-board.ts. */
  script: 11,
} as const;

const HEADER_BYTES = 20;
/**
 * A thread that does not come to its inbox has so many bytes of messages wait; those that come then
 * are lost, and its subscribers are told so. Nothing else is lost.
 */
const MESSAGE_BYTES_MAX = 128 * 1024 * 1024;

/** Takes what is in an inbox. */
export type PostReader = (kind: number, session: number, a: Uint8Array, b: Uint8Array) => void;

const NOTHING = new Uint8Array(0);

export class Inbox {
  readonly #control: Int32Array;
  readonly #memory: Memory;
  readonly #member: number;
  readonly #firstWord: number;
  readonly #lastWord: number;
  readonly #bytesWord: number;
  readonly #lostWord: number;

  constructor(control: Int32Array, memory: Memory, member: number) {
    this.#control = control;
    this.#memory = memory;
    this.#member = member;
    this.#firstWord = memberWord(member, MemberWord.firstMessage);
    this.#lastWord = memberWord(member, MemberWord.lastMessage);
    this.#bytesWord = memberWord(member, MemberWord.messageBytes);
    this.#lostWord = memberWord(member, MemberWord.lostMessage);
  }

  /** Whether there is anything. REQUIRES: the lock, as all of these. */
  get any(): boolean {
    return this.#control[this.#firstWord] !== 0 || this.#control[this.#lostWord] !== 0;
  }

  /** Adds a message for those who are subscribed; false where there is no room for it. */
  message(
    kind: number,
    channel: Uint8Array,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const control = this.#control;
    const isFull = control[this.#bytesWord] > MESSAGE_BYTES_MAX || this.#memory.nearlyExhausted;
    // Who has lost one gets none after it.
    if (isFull || control[this.#lostWord] !== 0) {
      const isNews = !this.any;
      control[this.#lostWord] = 1;
      if (isNews) this.#tell();
      return false;
    }
    control[this.#bytesWord] += HEADER_BYTES + channel.length + end - start;
    this.put(kind, 0, channel, bytes, start, end);
    return true;
  }

  /** Adds something, and wakes the member. */
  put(
    kind: number,
    session: number,
    a: Uint8Array = NOTHING,
    b: Uint8Array = NOTHING,
    start = 0,
    end = 0,
  ): void {
    const control = this.#control;
    const block = this.#memory.allocate(HEADER_BYTES + a.length + end - start);
    this.#set(block, 0, 0);
    this.#set(block, 1, kind);
    this.#set(block, 2, session);
    this.#set(block, 3, a.length);
    this.#set(block, 4, end - start);
    const bytes = this.#memory.u8[block >>> PLACE_BITS];
    const at = ((block & PLACE_MASK) << 3) + HEADER_BYTES;
    copyBytes(a, 0, a.length, bytes, at);
    copyBytes(b, start, end, bytes, at + a.length);
    const last = control[this.#lastWord];
    if (last === 0) control[this.#firstWord] = block;
    else this.#set(last, 0, block);
    control[this.#lastWord] = block;
    // Where something was there before, it has been told.
    if (last === 0) this.#tell();
  }

  /** There is something in it. */
  #tell(): void {
    const control = this.#control;
    control[ControlWord.news] = (control[ControlWord.news] + 1) | 0;
    ring(control, this.#member);
  }

  /** Takes everything out, in its order. */
  takeAll(read: PostReader): void {
    const control = this.#control;
    let block = control[this.#firstWord];
    control[this.#firstWord] = 0;
    control[this.#lastWord] = 0;
    control[this.#bytesWord] = 0;
    const hasLost = control[this.#lostWord] !== 0;
    control[this.#lostWord] = 0;
    while (block !== 0) {
      const bytes = this.#memory.u8[block >>> PLACE_BITS];
      const start = ((block & PLACE_MASK) << 3) + HEADER_BYTES;
      const middle = start + this.#get(block, 3);
      const a = bytes.slice(start, middle);
      const b = bytes.slice(middle, middle + this.#get(block, 4));
      const kind = this.#get(block, 1);
      const session = this.#get(block, 2) >>> 0;
      const next = this.#get(block, 0);
      this.#memory.free(block);
      read(kind, session, a, b);
      block = next;
    }
    if (hasLost) read(Post.lost, 0, NOTHING, NOTHING);
  }

  #get(block: number, word: number): number {
    return this.#memory.i32[block >>> PLACE_BITS][((block & PLACE_MASK) << 1) + word];
  }

  #set(block: number, word: number, value: number): void {
    this.#memory.i32[block >>> PLACE_BITS][((block & PLACE_MASK) << 1) + word] = value;
  }
}
