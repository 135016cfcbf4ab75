// Who is subscribed to what. Channels and patterns are texts in which each character is one byte,
// so that any bytes name a channel.
//
// Here stand the subscriptions of this thread's sessions, and of its program. Where several threads
// use the database, those of the others are counted elsewhere (threads/subscribers.ts), by name; a
// message goes to each thread that has one, and there to whoever is subscribed.

import { asciiBytes } from "../base/bytes.ts";
import { globMatches } from "../base/glob.ts";
import { ReplyWriter } from "../protocol/reply-writer.ts";
import type { Session } from "./session.ts";

/** Hears the messages of an embedded program's own subscription. */
export type MessageListener = (message: Uint8Array, channel: Uint8Array) => void;

/** What is subscribed to: each kind has names of its own. */
export const Topic = { channel: 0, pattern: 1, shardChannel: 2 } as const;

/** Subscriptions in other threads. */
export interface Elsewhere {
  readonly any: boolean;
  /** How many there are to a name. */
  count(topic: number, name: string): number;
  names(topic: number): Iterable<string>;
  /** Sends a message to the threads that listen; returns how many subscriptions get it. */
  publish(
    isShard: boolean,
    channel: string,
    name: Uint8Array,
    message: Uint8Array,
    start: number,
    end: number,
  ): number;
}

export class PubSubRegistry {
  readonly channels: Map<string, Set<Session>> = new Map();
  readonly patterns: Map<string, Set<Session>> = new Map();
  /** Shard channels have names of their own. */
  readonly shardChannels: Map<string, Set<Session>> = new Map();
  /** The program's own subscriptions, by channel and by pattern. */
  readonly channelListeners: Map<string, Set<MessageListener>> = new Map();
  readonly patternListeners: Map<string, Set<MessageListener>> = new Map();

  elsewhere: Elsewhere | undefined;
  /** Hears of each subscription that comes (1) or goes (−1) in this thread. */
  witness: ((topic: number, name: string, change: 1 | -1) => void) | undefined;
  /** Whether so many names more, of so many bytes, can be made known to the other threads. */
  hasRoom: (bytes: number, names: number) => boolean = () => true;

  /** Whom to tell that messages were lost, of the program's own subscriptions. */
  readonly #losses: Set<{ lost(): void }> = new Set();
  readonly #patternBytes: Map<string, Uint8Array> = new Map();
  readonly #writer = new ReplyWriter();

  /** Where a message goes that the publishing session itself is to get; see Context.publish. */
  toSelf:
    | ((session: Session, bytes: Uint8Array, start: number, end: number) => boolean)
    | undefined;

  subscribe(session: Session, channel: string): boolean {
    return this.#join(Topic.channel, this.channels, session.channels, session, channel);
  }

  unsubscribe(session: Session, channel: string): boolean {
    return this.#leave(Topic.channel, this.channels, session.channels, session, channel);
  }

  psubscribe(session: Session, pattern: string): boolean {
    if (!this.#patternBytes.has(pattern)) this.#patternBytes.set(pattern, asciiBytes(pattern));
    return this.#join(Topic.pattern, this.patterns, session.patterns, session, pattern);
  }

  punsubscribe(session: Session, pattern: string): boolean {
    const left = this.#leave(Topic.pattern, this.patterns, session.patterns, session, pattern);
    if (!this.patterns.has(pattern)) this.#patternBytes.delete(pattern);
    return left;
  }

  ssubscribe(session: Session, channel: string): boolean {
    const { shardChannels } = this;
    return this.#join(Topic.shardChannel, shardChannels, session.shardChannels, session, channel);
  }

  sunsubscribe(session: Session, channel: string): boolean {
    const { shardChannels } = this;
    return this.#leave(Topic.shardChannel, shardChannels, session.shardChannels, session, channel);
  }

  /**
   * The program's own subscription to a channel, or pattern; returns what ends it. Messages come in
   * a microtask of their own, and so does `lost`, once some are missing. REQUIRES: there is room.
   */
  listen(
    isPattern: boolean,
    name: string,
    listener: MessageListener,
    lost?: () => void,
  ): () => void {
    const all = isPattern ? this.patternListeners : this.channelListeners;
    const topic = isPattern ? Topic.pattern : Topic.channel;
    const listeners = all.get(name) ?? new Set();
    all.set(name, listeners.add(listener));
    this.witness?.(topic, name, 1);
    // Its own object: a program may give one function for two subscriptions.
    const loss = lost === undefined ? undefined : { lost };
    if (loss !== undefined) this.#losses.add(loss);
    return () => {
      if (!listeners.delete(listener)) return;
      if (loss !== undefined) this.#losses.delete(loss);
      this.witness?.(topic, name, -1);
      if (listeners.size === 0 && all.get(name) === listeners) all.delete(name);
    };
  }

  /** Messages were lost that some of the program's subscriptions were to get: they are told. */
  tellLost(): void {
    for (const loss of this.#losses) {
      queueMicrotask(() => {
        if (this.#losses.has(loss)) loss.lost();
      });
    }
  }

  /** Takes a session out of everything (it has gone). */
  forget(session: Session): void {
    for (const channel of [...session.channels]) this.unsubscribe(session, channel);
    for (const pattern of [...session.patterns]) this.punsubscribe(session, pattern);
    for (const channel of [...session.shardChannels]) this.sunsubscribe(session, channel);
    session.updateSubscribed();
  }

  // Who there is, in all threads

  /** Names that somebody is subscribed to. */
  names(topic: number): Set<string> {
    const names = new Set(this.#sessionsBy(topic).keys());
    for (const name of this.#listenersBy(topic)?.keys() ?? []) names.add(name);
    for (const name of this.elsewhere?.names(topic) ?? []) names.add(name);
    return names;
  }

  /** How many are subscribed to a name, in all threads. */
  count(topic: number, name: string): number {
    return this.countHere(topic, name) + (this.elsewhere?.count(topic, name) ?? 0);
  }

  /** How many are in this thread. */
  countHere(topic: number, name: string): number {
    const sessions = this.#sessionsBy(topic).get(name)?.size ?? 0;
    return sessions + (this.#listenersBy(topic)?.get(name)?.size ?? 0);
  }

  /** Names that somebody in this thread is subscribed to. */
  namesHere(topic: number): Set<string> {
    const listeners = this.#listenersBy(topic)?.keys() ?? [];
    return new Set([...this.#sessionsBy(topic).keys(), ...listeners]);
  }

  #sessionsBy(topic: number): ReadonlyMap<string, ReadonlySet<Session>> {
    if (topic === Topic.shardChannel) return this.shardChannels;
    return topic === Topic.pattern ? this.patterns : this.channels;
  }

  #listenersBy(topic: number): ReadonlyMap<string, ReadonlySet<MessageListener>> | undefined {
    if (topic === Topic.shardChannel) return undefined;
    return topic === Topic.pattern ? this.patternListeners : this.channelListeners;
  }

  /** Whether a message to a channel could reach anybody. */
  get any(): boolean {
    return this.#anyHere || this.elsewhere?.any === true;
  }

  get #anyHere(): boolean {
    return (
      this.channels.size + this.patterns.size > 0 ||
      this.channelListeners.size + this.patternListeners.size > 0
    );
  }

  /** Sends a message to everybody who is subscribed; returns to how many. */
  publish(channel: string, message: Uint8Array, start: number, end: number): number {
    const { elsewhere } = this;
    const isHeardElsewhere = elsewhere?.any === true;
    if (!isHeardElsewhere && !this.#anyHere) return 0;
    const name = asciiBytes(channel);
    const receivers = this.publishHere(channel, name, message, start, end);
    if (!isHeardElsewhere) return receivers;
    return receivers + elsewhere.publish(false, channel, name, message, start, end);
  }

  /** As publish, to those of this thread. */
  publishHere(
    channel: string,
    name: Uint8Array,
    message: Uint8Array,
    start: number,
    end: number,
  ): number {
    let receivers = 0;
    const direct = this.channels.get(channel);
    if (direct !== undefined) {
      receivers += this.#send(direct, "message", undefined, name, message, start, end);
    }
    for (const [pattern, sessions] of this.patterns) {
      const bytes = this.#patternBytes.get(pattern) as Uint8Array;
      if (!globMatches(bytes, 0, bytes.length, name, 0, name.length)) continue;
      receivers += this.#send(sessions, "pmessage", bytes, name, message, start, end);
    }
    return receivers + this.#tell(channel, name, message, start, end);
  }

  /** As publish, to a shard channel. */
  spublish(channel: string, message: Uint8Array, start: number, end: number): number {
    const name = asciiBytes(channel);
    const receivers = this.spublishHere(channel, name, message, start, end);
    const { elsewhere } = this;
    if (elsewhere?.any !== true) return receivers;
    return receivers + elsewhere.publish(true, channel, name, message, start, end);
  }

  /** As spublish, to those of this thread. */
  spublishHere(
    channel: string,
    name: Uint8Array,
    message: Uint8Array,
    start: number,
    end: number,
  ): number {
    const sessions = this.shardChannels.get(channel);
    if (sessions === undefined) return 0;
    return this.#send(sessions, "smessage", undefined, name, message, start, end);
  }

  // One message is written at most twice, once for each protocol, however many hear it.
  #send(
    sessions: Set<Session>,
    kind: string,
    pattern: Uint8Array | undefined,
    channel: Uint8Array,
    message: Uint8Array,
    start: number,
    end: number,
  ): number {
    const writer = this.#writer;
    for (const protocol of [2, 3] as const) {
      writer.length = 0;
      for (const session of sessions) {
        if (session.protocol !== protocol) continue;
        if (writer.length === 0) {
          writer.protocol = protocol;
          writer.push(pattern === undefined ? 3 : 4);
          writer.bulkText(kind);
          if (pattern !== undefined) writer.bulk(pattern, 0, pattern.length);
          writer.bulk(channel, 0, channel.length);
          writer.bulk(message, start, end);
        }
        if (this.toSelf?.(session, writer.bytes, 0, writer.length) !== true) {
          session.link?.deliver(writer.bytes, 0, writer.length);
        }
      }
    }
    return sessions.size;
  }

  #tell(
    channel: string,
    name: Uint8Array,
    message: Uint8Array,
    start: number,
    end: number,
  ): number {
    let told = 0;
    const tell = (listeners: Set<MessageListener>): void => {
      for (const listener of listeners) {
        // Later: a listener may call the database, which is in the middle of a command now.
        const copy = message.slice(start, end);
        queueMicrotask(() => listener(copy, name));
        told++;
      }
    };
    const direct = this.channelListeners.get(channel);
    if (direct !== undefined) tell(direct);
    for (const [pattern, listeners] of this.patternListeners) {
      const bytes = asciiBytes(pattern);
      if (globMatches(bytes, 0, bytes.length, name, 0, name.length)) tell(listeners);
    }
    return told;
  }

  #join(
    topic: number,
    all: Map<string, Set<Session>>,
    own: Set<string>,
    session: Session,
    name: string,
  ): boolean {
    if (own.has(name)) return false;
    own.add(name);
    const sessions = all.get(name);
    if (sessions === undefined) all.set(name, new Set([session]));
    else sessions.add(session);
    this.witness?.(topic, name, 1);
    return true;
  }

  #leave(
    topic: number,
    all: Map<string, Set<Session>>,
    own: Set<string>,
    session: Session,
    name: string,
  ): boolean {
    if (!own.delete(name)) return false;
    const sessions = all.get(name);
    sessions?.delete(session);
    if (sessions?.size === 0) all.delete(name);
    this.witness?.(topic, name, -1);
    return true;
  }
}
