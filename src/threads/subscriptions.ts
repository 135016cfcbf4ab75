// Subscriptions of guests: the owner listens for them, and puts what it hears into their inboxes.

import { latin1Text } from "../base/bytes.ts";
import type { PubSubRegistry } from "../engine/subscriptions.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { MEMBERS_MAX } from "./control.ts";
import { Inbox } from "./inbox.ts";
import type { Member } from "./member.ts";

const NOTHING = new Uint8Array(0);

export class Subscriptions {
  readonly #owner: Member;
  readonly #pubsub: PubSubRegistry;
  /** For each member what ends its subscriptions. */
  readonly #held: Map<number, () => void>[];

  constructor(owner: Member, pubsub: PubSubRegistry) {
    this.#owner = owner;
    this.#pubsub = pubsub;
    this.#held = Array.from({ length: MEMBERS_MAX + 1 }, () => new Map());
  }

  /** What a member asks for: (p)subscribe or unsubscribe, its subscription's number, a name. */
  obey(member: number, args: Arguments): Uint8Array {
    const word = args.text(0);
    const subscription = Number(args.text(1));
    this.#drop(member, subscription);
    if (word === "unsubscribe") return NOTHING;
    const name = latin1Text(args.bytes, args.starts[2], args.ends[2]);
    const inbox = new Inbox(this.#owner.control, this.#owner.memory, member);
    const end = this.#pubsub.listen(word === "psubscribe", name, (message, channel) =>
      this.#put(inbox, subscription, channel, message),
    );
    this.#held[member]?.set(subscription, end);
    return NOTHING;
  }

  /** Called in a turn of its own. */
  #put(inbox: Inbox, subscription: number, channel: Uint8Array, message: Uint8Array): void {
    const owner = this.#owner;
    if (!owner.tryEnter()) return;
    inbox.put(subscription, channel, message);
    owner.lock.leave();
  }

  #drop(member: number, subscription: number): void {
    this.#held[member]?.get(subscription)?.();
    this.#held[member]?.delete(subscription);
  }

  /** The member has gone: what is in its inbox is for nobody. */
  forget(member: number): void {
    const held = this.#held[member];
    if (held === undefined || held.size === 0) return;
    for (const subscription of [...held.keys()]) this.#drop(member, subscription);
    new Inbox(this.#owner.control, this.#owner.memory, member).takeAll();
  }
}
