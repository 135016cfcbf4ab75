// A guest's part: a thread that has attached to a database which another one owns. It reads and
// writes the data itself; who waits, who is subscribed and what the configuration says is asked of
// the owner, by commands whose entry says so.

import { asciiBytes } from "../base/bytes.ts";
import { Blocking } from "../engine/blocking.ts";
import type { CompiledCommand } from "../engine/command.ts";
import type { Context } from "../engine/context.ts";
import { PubSubRegistry } from "../engine/subscriptions.ts";
import type { Memory } from "../memory/memory.ts";
import type { Platform } from "../platform/platform.ts";
import { ControlWord } from "./control.ts";
import type { SharedDatabase } from "./handle.ts";
import { Mailbox } from "./mailbox.ts";
import { Member, takeNumber } from "./member.ts";
import { type Notes, ring } from "./notes.ts";

export class Guest extends Member {
  readonly blocking: RemoteBlocking;
  readonly pubsub: RemotePubSub;
  readonly #mailbox: Mailbox;

  constructor(platform: Platform, handle: SharedDatabase, memory: Memory) {
    super(platform, handle, memory, takeNumber(platform, handle.control));
    this.#mailbox = new Mailbox(this, handle.mailboxes);
    this.blocking = new RemoteBlocking(handle.control, this.notes);
    this.pubsub = new RemotePubSub(handle.control, this.notes);
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
    const reply = this.#mailbox.ask(c.args, c.db, c.reply.protocol);
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

/** Events of keys go to the owner's subscribers; PUBLISH is the owner's altogether. */
class RemotePubSub extends PubSubRegistry {
  readonly #control: Int32Array;
  readonly #notes: Notes;

  constructor(control: Int32Array, notes: Notes) {
    super();
    this.#control = control;
    this.#notes = notes;
  }

  override publish(channel: string, message: Uint8Array, start: number, end: number): number {
    if (this.#control[ControlWord.listeners] === 0) return 0;
    this.#notes.publish(asciiBytes(channel), message, start, end);
    return 0;
  }
}
