// Who is subscribed to what. Channels and patterns are texts in which each character is one byte,
// so that any bytes name a channel.

import { asciiBytes } from "../base/bytes.ts";
import { globMatches } from "../base/glob.ts";
import { ReplyWriter } from "../protocol/reply-writer.ts";
import type { Session } from "./session.ts";

/** Hears the messages of an embedded program's own subscription. */
export type MessageListener = (message: Uint8Array, channel: Uint8Array) => void;

export class PubSubRegistry {
  readonly channels: Map<string, Set<Session>> = new Map();
  readonly patterns: Map<string, Set<Session>> = new Map();
  /** Shard channels have names of their own. */
  readonly shardChannels: Map<string, Set<Session>> = new Map();
  /** The program's own subscriptions, by channel and by pattern. */
  readonly channelListeners: Map<string, Set<MessageListener>> = new Map();
  readonly patternListeners: Map<string, Set<MessageListener>> = new Map();

  readonly #patternBytes: Map<string, Uint8Array> = new Map();
  readonly #writer = new ReplyWriter();

  /** Where a message goes that the publishing session itself is to get; see Context.publish. */
  toSelf:
    | ((session: Session, bytes: Uint8Array, start: number, end: number) => boolean)
    | undefined;

  subscribe(session: Session, channel: string): boolean {
    return join(this.channels, session.channels, session, channel);
  }

  unsubscribe(session: Session, channel: string): boolean {
    return leave(this.channels, session.channels, session, channel);
  }

  psubscribe(session: Session, pattern: string): boolean {
    if (!this.#patternBytes.has(pattern)) this.#patternBytes.set(pattern, asciiBytes(pattern));
    return join(this.patterns, session.patterns, session, pattern);
  }

  punsubscribe(session: Session, pattern: string): boolean {
    const left = leave(this.patterns, session.patterns, session, pattern);
    if (!this.patterns.has(pattern)) this.#patternBytes.delete(pattern);
    return left;
  }

  ssubscribe(session: Session, channel: string): boolean {
    return join(this.shardChannels, session.shardChannels, session, channel);
  }

  sunsubscribe(session: Session, channel: string): boolean {
    return leave(this.shardChannels, session.shardChannels, session, channel);
  }

  /**
   * The program's own subscription to a channel, or pattern; returns what ends it. Messages come in
   * a microtask of their own.
   */
  listen(isPattern: boolean, name: string, listener: MessageListener): () => void {
    const all = isPattern ? this.patternListeners : this.channelListeners;
    const listeners = all.get(name) ?? new Set();
    all.set(name, listeners.add(listener));
    return () => {
      if (listeners.delete(listener) && listeners.size === 0 && all.get(name) === listeners) {
        all.delete(name);
      }
    };
  }

  /** Takes a session out of everything (it has gone). */
  forget(session: Session): void {
    for (const channel of [...session.channels]) this.unsubscribe(session, channel);
    for (const pattern of [...session.patterns]) this.punsubscribe(session, pattern);
    for (const channel of [...session.shardChannels]) this.sunsubscribe(session, channel);
    session.updateSubscribed();
  }

  /** Whether a message to a channel could reach anybody. */
  get any(): boolean {
    return (
      this.channels.size + this.patterns.size > 0 ||
      this.channelListeners.size + this.patternListeners.size > 0
    );
  }

  /** Sends a message to everybody who is subscribed; returns to how many. */
  publish(channel: string, message: Uint8Array, start: number, end: number): number {
    if (!this.any) return 0;
    let receivers = 0;
    const name = asciiBytes(channel);
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
    const sessions = this.shardChannels.get(channel);
    if (sessions === undefined) return 0;
    return this.#send(sessions, "smessage", undefined, asciiBytes(channel), message, start, end);
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
}

function join(
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
  return true;
}

function leave(
  all: Map<string, Set<Session>>,
  own: Set<string>,
  session: Session,
  name: string,
): boolean {
  if (!own.delete(name)) return false;
  const sessions = all.get(name);
  sessions?.delete(session);
  if (sessions?.size === 0) all.delete(name);
  return true;
}
