// Gates: reasons to look twice at a request before it is executed. A session's closed gates are
// bits of one integer (Gate in session.ts), and a session without any takes the common path. Those
// that hold a request up answer in its place (a password is due, RESP2's subscribed mode); MULTI
// queues it; those of CLIENT REPLY let it pass, and hold its reply up.
//
// Silence. What is written from where a reply begins to where the session is to be replied to
// again, or to the reply's end, is taken back. Messages that come to the session meanwhile are no
// replies: they are kept aside, and follow behind the reply of the request that is being executed.

import { assert } from "../base/assert.ts";
import { Errors, errorLine } from "../protocol/errors.ts";
import { ReplyWriter } from "../protocol/reply-writer.ts";
import { type CompiledCommand, Flag } from "./command.ts";
import { Gate, type Session } from "./session.ts";
import type { PubSubRegistry } from "./subscriptions.ts";

const NOWHERE = -1;

export class Gates {
  readonly #reply: ReplyWriter;
  /** Whose request is being executed, and the messages for it, which follow the reply. */
  #current: Session | undefined;
  readonly #messages = new ReplyWriter();
  /** Where the reply to a request that gates hold up begins, and from where on it is not sent. */
  #replyFrom = NOWHERE;
  #silentFrom = NOWHERE;

  constructor(reply: ReplyWriter, pubsub: PubSubRegistry) {
    this.#reply = reply;
    pubsub.toSelf = (session, bytes, start, end) => {
      if (session !== this.#current || session.link === undefined) return false;
      this.#messages.raw(bytes, start, end);
      return true;
    };
  }

  /** A request of the session is about to be executed. */
  enter(session: Session): void {
    this.#current = session;
  }

  /** It has been: messages follow its reply. */
  leave(): void {
    this.#current = undefined;
    if (this.#messages.length === 0) return;
    this.#reply.raw(this.#messages.bytes, 0, this.#messages.length);
    this.#messages.length = 0;
  }

  /** The error line that a request of this command gets from the session's gates, or undefined. */
  refusal(session: Session, command: CompiledCommand): Uint8Array | undefined {
    const { gates } = session;
    if ((gates & Gate.authentication) !== 0 && (command.flags & Flag.no_auth) === 0) {
      return Errors.authRequired;
    }
    if ((gates & Gate.subscribed) !== 0 && !command.allowedWhenSubscribed) {
      return errorLine(
        `ERR Can't execute '${command.fullName}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / ` +
          "PING / QUIT / RESET are allowed in this context",
      );
    }
    return undefined;
  }

  // Silence

  /** The reply to a request of a session with closed gates begins. */
  beginReply(session: Session): void {
    if ((session.gates & Gate.skipNext) !== 0) {
      session.setGate(Gate.skipNext, false);
      session.setGate(Gate.skipping, true);
    }
    const silent = (session.gates & (Gate.silent | Gate.skipping)) !== 0;
    this.#replyFrom = this.#reply.length;
    this.#silentFrom = silent ? this.#replyFrom : NOWHERE;
  }

  /** It ends: takes back what was replied in silence. */
  endReply(session: Session): void {
    this.#takeBack();
    this.#replyFrom = NOWHERE;
    if (session.waiting === null) session.setGate(Gate.skipping, false);
  }

  /** CLIENT REPLY OFF. Within EXEC nothing of its reply is sent, which would have a hole else. */
  silence(session: Session): void {
    session.setGate(Gate.silent, true);
    this.#silentFrom = this.#replyFrom;
  }

  /** CLIENT REPLY ON: what is replied from here on is sent. */
  speak(session: Session): void {
    this.#takeBack();
    session.setGate(Gate.silent | Gate.skipping, false);
  }

  /** RESET opens all gates, but a reply that is left out is its own too. */
  reset(session: Session): void {
    const skipping = session.gates & Gate.skipping;
    if (skipping === 0) this.#takeBack();
    session.gates = skipping;
  }

  #takeBack(): void {
    if (this.#silentFrom === NOWHERE) return;
    // A reply that grew too large has been replaced by an error before this.
    this.#reply.truncate(Math.min(this.#silentFrom, this.#reply.length));
    this.#silentFrom = NOWHERE;
  }

  /** What was written behind `from` is a push: a session that is not replied to gets it as well. */
  keepPush(session: Session, from: number): void {
    const { bytes, length } = this.#reply;
    assert(from <= length, "a push stands in the replies");
    if ((session.gates & (Gate.silent | Gate.skipping)) === 0) return;
    this.#messages.raw(bytes, from, length);
    this.#reply.truncate(from);
  }
}
