// Notices: the one mouth for "this key changed, went, or is ready". Handlers speak through it (by
// way of the context), and so do expiry and eviction; whoever listens hears of everything here:
//
//   sessions that WATCH the key      its version is raised
//   sessions that wait for it        it is noted, and they are served when the command has ended
//   subscribers of keyspace events   a message is published, if the event's class is asked for
//
// Whether anybody listens at all is one question (`isHeard`), which is all that a write costs else.
// What a change was to the log is not said here but by effects.ts; only deletions that no request
// asked for are, since no request stands for them.

import { asciiBytes } from "../base/bytes.ts";
import { needLock } from "../base/lock-needed.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { KeyspaceListener } from "../keyspace/listener.ts";
import type { Blocking } from "./blocking.ts";
import type { Effects } from "./effects.ts";
import { EventClass, Events, type KeyEvent } from "./events.ts";
import type { PubSubRegistry } from "./subscriptions.ts";

export class Notices implements KeyspaceListener {
  readonly #keyspace: Keyspace;
  readonly #effects: Effects;
  readonly #blocking: Blocking;
  readonly #pubsub: PubSubRegistry;

  constructor(keyspace: Keyspace, effects: Effects, blocking: Blocking, pubsub: PubSubRegistry) {
    this.#keyspace = keyspace;
    this.#effects = effects;
    this.#blocking = blocking;
    this.#pubsub = pubsub;
    keyspace.listener = this;
  }

  /** Classes of keyspace events that somebody wants to hear of (EventClass bits). */
  get classes(): number {
    return this.#keyspace.settings.notifications;
  }

  /** Whether anybody would hear of a change of some key. */
  get isHeard(): boolean {
    return this.classes !== 0 || this.#keyspace.watched.any || this.#blocking.hearsAll;
  }

  /** A key changed, or went, at a request. To be called once for each, after the change. */
  changed(db: number, bytes: Uint8Array, start: number, end: number, event: KeyEvent): void {
    const { watched } = this.#keyspace;
    if (watched.any) watched.touch(db, bytes, start, end);
    if (this.#blocking.hearsAll) this.#blocking.noteChange(db, bytes, start, end);
    this.event(db, bytes, start, end, event);
  }

  /** An entry is being deleted that no request asked to delete: the log is told as well. */
  dropped(db: number, bytes: Uint8Array, start: number, end: number, event: KeyEvent): void {
    this.#effects.begin(db, 2);
    this.#effects.text("DEL");
    this.#effects.range(bytes, start, end);
    this.changed(db, bytes, start, end, event);
  }

  /** An entry is being deleted because its time is over: the log must say so before the request. */
  expired(db: number, bytes: Uint8Array, start: number, end: number): void {
    this.dropped(db, bytes, start, end, Events.expired);
  }

  /** A field is being taken out because its time is over: the log must say so likewise. */
  memberExpired(db: number, entry: number, record: number): void {
    const { records } = this.#keyspace;
    this.#effects.begin(db, 3);
    this.#effects.text("HDEL");
    for (const named of [entry, record]) {
      records.key(named);
      this.#effects.range(records.bytes, records.start, records.end);
    }
  }

  /** Fields were taken out because their time was over, and the key goes with the last one. */
  membersExpired(db: number, entry: number, isEmpty: boolean): void {
    const { records } = this.#keyspace;
    records.key(entry);
    const { bytes, start, end } = records;
    this.changed(db, bytes, start, end, Events.hexpired);
    if (isEmpty) this.event(db, bytes, start, end, Events.del);
  }

  /** A key goes with all its fields, which are too many to be named. */
  allExpired(db: number, entry: number): void {
    const { records } = this.#keyspace;
    records.key(entry);
    const { bytes, start, end } = records;
    this.dropped(db, bytes, start, end, Events.hexpired);
    this.event(db, bytes, start, end, Events.del);
  }

  /** A key was given something that a waiting client may take. */
  ready(db: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#blocking.any) this.#blocking.note(db, bytes, start, end, true);
  }

  /** Every key of a database is about to go. */
  emptying(db: number): void {
    const keyspace = this.#keyspace;
    if (keyspace.size(db) === 0) return;
    keyspace.watched.touchAll(db, (_, bytes, start, end) => this.#holds(db, bytes, start, end));
    if (this.#blocking.hearsAll) this.#blocking.noteDatabase(db, false);
  }

  /** Two databases are about to be exchanged. */
  swapping(a: number, b: number): void {
    this.#replacing(a, b);
    this.#replacing(b, a);
  }

  /** What `db` holds is about to be replaced by what `other` does. */
  #replacing(db: number, other: number): void {
    const keyspace = this.#keyspace;
    keyspace.watched.touchAll(db, (_, bytes, start, end) => {
      // What comes with its time over is nothing; what goes was there at WATCH, or came since.
      const comes = keyspace.peek(other, bytes, start, end) !== 0;
      return comes || this.#holds(db, bytes, start, end);
    });
    if (this.#blocking.any) this.#blocking.noteDatabase(db, true);
  }

  /** Whether the key stands in the database, be its time over or not. */
  #holds(db: number, bytes: Uint8Array, start: number, end: number): boolean {
    const { tables } = this.#keyspace;
    const table = this.#keyspace.table(db);
    if (table === 0) return false;
    return tables.find(table, tables.hash(bytes, start, end), bytes, start, end) !== 0;
  }

  /** Tells subscribers of an event by itself: no change, or one that was told already. */
  event(db: number, bytes: Uint8Array, start: number, end: number, event: KeyEvent): void {
    if ((this.classes & event.class) === 0) return;
    if (this.#keyspace.reading) needLock();
    const key = bytes.slice(start, end);
    if ((this.classes & EventClass.keyspace) !== 0) {
      let channel = `__keyspace@${db}__:`;
      for (const byte of key) channel += String.fromCharCode(byte);
      const message = asciiBytes(event.name);
      this.#pubsub.publish(channel, message, 0, message.length);
    }
    if ((this.classes & EventClass.keyevent) !== 0) {
      this.#pubsub.publish(`__keyevent@${db}__:${event.name}`, key, 0, key.length);
    }
  }
}
