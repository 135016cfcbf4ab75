// Inboxes: messages on their way to a member that has subscribed. Who subscribes in a guest has the
// owner subscribe for it; the owner puts each message into the guest's inbox, and rings.
//
// An inbox is a list of blocks in the data's memory, first in, first out, whose ends are words of
// the control block. Whoever adds or takes has the lock.
//
//   block   0 i32 next, or 0   4 i32 subscription   8 i32 bytes of the channel
//          12 i32 bytes of the message   16 channel, then message

import { copyBytes } from "../base/bytes.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import { MemberWord, memberWord } from "./control.ts";

const HEADER_BYTES = 16;
/** What waits for a member that does not come to it: more is dropped, as for a slow subscriber. */
const INBOX_MESSAGES_MAX = 100_000;

/** A message that was taken out. */
export interface Delivery {
  readonly subscription: number;
  readonly channel: Uint8Array;
  readonly message: Uint8Array;
}

export class Inbox {
  readonly #control: Int32Array;
  readonly #memory: Memory;
  readonly #firstWord: number;
  readonly #lastWord: number;
  readonly #countWord: number;
  readonly #bellWord: number;

  constructor(control: Int32Array, memory: Memory, member: number) {
    this.#control = control;
    this.#memory = memory;
    this.#firstWord = memberWord(member, MemberWord.firstMessage);
    this.#lastWord = memberWord(member, MemberWord.lastMessage);
    this.#countWord = memberWord(member, MemberWord.messages);
    this.#bellWord = memberWord(member, MemberWord.bell);
  }

  /** Adds a message, and wakes the member. */
  put(subscription: number, channel: Uint8Array, message: Uint8Array): void {
    const control = this.#control;
    if (control[this.#countWord] >= INBOX_MESSAGES_MAX) return;
    const block = this.#memory.allocate(HEADER_BYTES + channel.length + message.length);
    this.#set(block, 0, 0);
    this.#set(block, 1, subscription);
    this.#set(block, 2, channel.length);
    this.#set(block, 3, message.length);
    const bytes = this.#memory.u8[block >>> PLACE_BITS];
    const start = ((block & PLACE_MASK) << 3) + HEADER_BYTES;
    copyBytes(channel, 0, channel.length, bytes, start);
    copyBytes(message, 0, message.length, bytes, start + channel.length);
    const last = control[this.#lastWord];
    if (last === 0) control[this.#firstWord] = block;
    else this.#set(last, 0, block);
    control[this.#lastWord] = block;
    control[this.#countWord]++;
    Atomics.add(control, this.#bellWord, 1);
    Atomics.notify(control, this.#bellWord);
  }

  /** Takes all messages out, in their order. */
  takeAll(): Delivery[] {
    const control = this.#control;
    const taken: Delivery[] = [];
    for (let block = control[this.#firstWord]; block !== 0; ) {
      const bytes = this.#memory.u8[block >>> PLACE_BITS];
      const start = ((block & PLACE_MASK) << 3) + HEADER_BYTES;
      const middle = start + this.#get(block, 2);
      taken.push({
        subscription: this.#get(block, 1),
        channel: bytes.slice(start, middle),
        message: bytes.slice(middle, middle + this.#get(block, 3)),
      });
      const next = this.#get(block, 0);
      this.#memory.free(block);
      block = next;
    }
    control[this.#firstWord] = 0;
    control[this.#lastWord] = 0;
    control[this.#countWord] = 0;
    return taken;
  }

  /** How often the member has been rung for. */
  get rings(): number {
    return Atomics.load(this.#control, this.#bellWord);
  }

  /** Resolves when it has been rung for since `seen`, or, where that has happened, is undefined. */
  rung(seen: number): Promise<unknown> | undefined {
    const waited = Atomics.waitAsync(this.#control, this.#bellWord, seen);
    return waited.async ? waited.value : undefined;
  }

  #get(block: number, word: number): number {
    return this.#memory.i32[block >>> PLACE_BITS][((block & PLACE_MASK) << 1) + word];
  }

  #set(block: number, word: number, value: number): void {
    this.#memory.i32[block >>> PLACE_BITS][((block & PLACE_MASK) << 1) + word] = value;
  }
}
