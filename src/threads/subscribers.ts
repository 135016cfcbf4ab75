// Subscribers in other threads, as far as a thread has to know them: how many subscriptions each
// member has to each name. A message is put into the inbox of every member that has one for it, and
// there given to whoever is subscribed.

import { asciiBytes } from "../base/bytes.ts";
import { globMatches } from "../base/glob.ts";
import { type Elsewhere, Topic } from "../engine/subscriptions.ts";
import { Post } from "./inbox.ts";

/** How many subscriptions to a name each member has; each has one at least. */
type Counts = Map<number, number>;

/** What takes messages to a member. */
export interface Carrier {
  /** False where it has no room for the message. */
  message(
    kind: number,
    channel: Uint8Array,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean;
}

export class Subscribers implements Elsewhere {
  readonly #topics: readonly Map<string, Counts>[] = Object.values(Topic).map(() => new Map());
  readonly #patterns: Map<string, Uint8Array> = new Map();
  readonly #inboxOf: (member: number) => Carrier;
  /** The members that a message is for, and how many subscriptions of each. */
  readonly #receivers: Counts = new Map();

  constructor(inboxOf: (member: number) => Carrier) {
    this.#inboxOf = inboxOf;
  }

  get any(): boolean {
    return this.#topics.some((names) => names.size > 0);
  }

  /** A member has so many subscriptions to a name more, or less. */
  change(member: number, topic: number, name: string, change: number): void {
    const names = this.#topics[topic] as Map<string, Counts>;
    const counts: Counts = names.get(name) ?? new Map();
    const count = (counts.get(member) ?? 0) + change;
    if (count > 0) counts.set(member, count);
    else counts.delete(member);
    if (counts.size > 0) names.set(name, counts);
    else names.delete(name);
    if (topic !== Topic.pattern) return;
    if (counts.size === 0) this.#patterns.delete(name);
    else if (!this.#patterns.has(name)) this.#patterns.set(name, asciiBytes(name));
  }

  /** A member has gone, with all that it was subscribed to. */
  forget(member: number): void {
    for (const [topic, names] of this.#topics.entries()) {
      for (const [name, counts] of [...names]) {
        this.change(member, topic, name, -(counts.get(member) ?? 0));
      }
    }
  }

  clear(): void {
    for (const names of this.#topics) names.clear();
    this.#patterns.clear();
  }

  /** What each member has, to be written down. */
  *all(): Generator<[member: number, topic: number, name: string, count: number]> {
    for (const [topic, names] of this.#topics.entries()) {
      for (const [name, counts] of names) {
        for (const [member, count] of counts) yield [member, topic, name, count];
      }
    }
  }

  count(topic: number, name: string): number {
    let sum = 0;
    for (const count of this.#topics[topic]?.get(name)?.values() ?? []) sum += count;
    return sum;
  }

  names(topic: number): Iterable<string> {
    return this.#topics[topic]?.keys() ?? [];
  }

  publish(
    isShard: boolean,
    channel: string,
    name: Uint8Array,
    message: Uint8Array,
    start: number,
    end: number,
  ): number {
    const receivers = this.#receivers;
    receivers.clear();
    const topic = isShard ? Topic.shardChannel : Topic.channel;
    this.#collect(this.#topics[topic]?.get(channel));
    if (!isShard) {
      for (const [pattern, bytes] of this.#patterns) {
        if (!globMatches(bytes, 0, bytes.length, name, 0, name.length)) continue;
        this.#collect(this.#topics[Topic.pattern]?.get(pattern));
      }
    }
    const kind = isShard ? Post.shardMessage : Post.message;
    let subscriptions = 0;
    for (const [member, count] of receivers) {
      if (this.#inboxOf(member).message(kind, name, message, start, end)) subscriptions += count;
    }
    return subscriptions;
  }

  #collect(counts: Counts | undefined): void {
    const receivers = this.#receivers;
    for (const [member, count] of counts ?? []) {
      receivers.set(member, (receivers.get(member) ?? 0) + count);
    }
  }
}
