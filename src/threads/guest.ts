// A guest's part: a thread that has attached to a database which another one owns. It reads and
// writes the data itself; who waits, who is subscribed and what the configuration says is asked of
// the owner, by commands whose entry says so.

import { asciiBytes } from "../base/bytes.ts";
import { Blocking } from "../engine/blocking.ts";
import type { CompiledCommand } from "../engine/command.ts";
import type { Context } from "../engine/context.ts";
import { type MessageListener, PubSubRegistry } from "../engine/subscriptions.ts";
import type { Memory } from "../memory/memory.ts";
import type { Log } from "../persistence/log/log.ts";
import type { Platform } from "../platform/platform.ts";
import { Arguments } from "../protocol/arguments.ts";
import { ControlWord, What } from "./control.ts";
import type { SharedDatabase } from "./handle.ts";
import { type Delivery, Inbox } from "./inbox.ts";
import { Mailbox } from "./mailbox.ts";
import { Member, takeNumber } from "./member.ts";
import { type Notes, ring } from "./notes.ts";

export class Guest extends Member {
  readonly blocking: RemoteBlocking;
  readonly pubsub: RemotePubSub;
  readonly #mailbox: Mailbox;
  readonly #inbox: Inbox;
  readonly #listeners: Map<number, MessageListener> = new Map();
  #lastSubscription = 0;
  #log: Pick<Log, "noteProgress"> | undefined;
  #isListening = false;
  #hasLeft = false;

  constructor(platform: Platform, handle: SharedDatabase, memory: Memory) {
    super(platform, handle, memory, takeNumber(platform, handle.control));
    this.#mailbox = new Mailbox(this, handle.mailboxes);
    this.blocking = new RemoteBlocking(handle.control, this.notes);
    this.pubsub = new RemotePubSub(this);
    this.#inbox = new Inbox(handle.control, memory, this.number);
  }

  // Subscriptions

  /**
   * Has the owner subscribe for this thread to a channel, or to a pattern; returns what ends that.
   * The listener is called from a turn of its own.
   */
  subscribe(isPattern: boolean, name: Uint8Array, listener: MessageListener): () => void {
    const subscription = ++this.#lastSubscription;
    this.#listeners.set(subscription, listener);
    this.#beginListening();
    this.#say(isPattern ? "psubscribe" : "subscribe", subscription, name);
    return () => {
      if (this.#listeners.delete(subscription)) this.#say("unsubscribe", subscription, name);
    };
  }

  #say(word: string, subscription: number, name: Uint8Array): void {
    const args = new Arguments();
    args.fill([asciiBytes(word), asciiBytes(String(subscription)), name]);
    this.#mailbox.ask(What.subscription, args, 0, 3);
  }

  /** The log is written by this thread, too: from now on it hears of others' progress. */
  follow(log: Pick<Log, "noteProgress">): void {
    this.#log = log;
    this.#beginListening();
  }

  #beginListening(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    this.#listen(this.#inbox.rings);
  }

  /** Waits, in the event loop, for messages that have come since so many rings. */
  #listen(seen: number): void {
    if (this.#hasLeft) return;
    const rung = this.#inbox.rung(seen);
    if (rung === undefined) queueMicrotask(() => this.#hear());
    else void rung.then(() => this.#hear());
  }

  #hear(): void {
    if (this.#hasLeft) return;
    const seen = this.#inbox.rings;
    // Where it is closed there will be no more.
    if (!this.tryEnter()) return;
    const deliveries: Delivery[] = this.#inbox.takeAll();
    this.lock.leave();
    this.#log?.noteProgress();
    for (const { subscription, channel, message } of deliveries) {
      queueMicrotask(() => this.#listeners.get(subscription)?.(message, channel));
    }
    this.#listen(seen);
  }

  override leave(): void {
    super.leave();
    this.#hasLeft = true;
    this.#listeners.clear();
    this.ring();
  }

  /** The owner has something to see to: a deadline that came, something to be freed. */
  ring(): void {
    ring(this.control);
  }

  /** What executes a command in this thread, if its own handler must not: the owner. */
  handlerOf(command: CompiledCommand): ((c: Context) => void) | undefined {
    const isOwners = command.entry.owner === true || command.parent?.entry.owner === true;
    return isOwners ? (c) => this.#ask(c) : undefined;
  }

  #ask(c: Context): void {
    // The owner counts it.
    if (c.command !== undefined) c.executor.statistics.uncountCall(c.command);
    const reply = this.#mailbox.ask(What.command, c.args, c.db, c.reply.protocol);
    this.memory.refresh();
    if (reply[0] === MINUS) c.reply.error(reply);
    else c.reply.raw(reply, 0, reply.length);
  }
}

const MINUS = 0x2d;

/** Who waits is known to the owner alone: it is told that something may be there for them. */
class RemoteBlocking extends Blocking {
  readonly #control: Int32Array;
  readonly #notes: Notes;

  constructor(control: Int32Array, notes: Notes) {
    super();
    this.#control = control;
    this.#notes = notes;
  }

  override get any(): boolean {
    return this.#control[ControlWord.waiters] !== 0;
  }

  override get hearsAll(): boolean {
    return this.#control[ControlWord.hearers] !== 0;
  }

  override note(db: number, bytes: Uint8Array, start: number, end: number): void {
    this.#notes.ready(db, bytes, start, end);
  }

  override noteDatabase(db: number): void {
    this.#notes.database(db);
  }
}

/** Subscribers are the owner's: events of keys go to them, and PUBLISH is executed there. */
class RemotePubSub extends PubSubRegistry {
  readonly #guest: Guest;

  constructor(guest: Guest) {
    super();
    this.#guest = guest;
  }

  override publish(channel: string, message: Uint8Array, start: number, end: number): number {
    const { control, notes } = this.#guest;
    if (control[ControlWord.listeners] === 0) return 0;
    notes.publish(asciiBytes(channel), message, start, end);
    return 0;
  }

  override listen(isPattern: boolean, name: string, listener: MessageListener): () => void {
    return this.#guest.subscribe(isPattern, asciiBytes(name), listener);
  }
}
