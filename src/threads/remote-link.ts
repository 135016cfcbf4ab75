// The way to a client of another thread: what is sent to it goes into its thread's inbox.

import type { ClientLink } from "../engine/session.ts";
import { type Inbox, Post } from "./inbox.ts";

export class RemoteLink implements ClientLink {
  readonly address = "";
  readonly localAddress = "";
  readonly descriptor = -1;
  readonly inputBytes = 0;
  readonly outputBytes = 0;
  /** The member whose client it is, and the number of its session there. */
  readonly member: number;
  readonly session: number;
  readonly #inbox: Inbox;

  constructor(member: number, session: number, inbox: Inbox) {
    this.member = member;
    this.session = session;
    this.#inbox = inbox;
  }

  deliver(bytes: Uint8Array, start: number, end: number): void {
    this.#inbox.put(Post.reply, this.session, undefined, bytes, start, end);
  }

  resume(): void {
    this.#inbox.put(Post.resume, this.session);
  }

  /** CLIENT UNBLOCK, where only its own thread knows how. */
  unblock(withError: boolean): void {
    this.#inbox.put(withError ? Post.unblockWithError : Post.unblock, this.session);
  }

  /** Whoever closes a client asks its thread to. */
  close(): void {}
}
