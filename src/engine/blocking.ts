// Blocking: sessions that wait for a key to have something (BLPOP and its kin).
//
// A waiting session keeps its command. When a key that it waits for is given something, the
// command is executed again on its behalf, as if it arrived now: it then takes the first of its
// keys, in the order it listed them, that has something. Sessions are served first come, first
// served for each key, after the command or transaction that filled the key has ended.
//
// Queues stand here by the database's number and the key, each byte one character. They belong to
// the thread that serves the sessions; nothing of the data set is in them.

import { asciiBytes, latin1Text } from "../base/bytes.ts";
import type { Session, Waiting } from "./session.ts";

/** The name of a key's queue. */
export function queueName(db: number, bytes: Uint8Array, start: number, end: number): string {
  return `${db}:${latin1Text(bytes, start, end)}`;
}

/** The database's number and the key's bytes behind a queue's name. */
export function queuedKey(name: string): { db: number; key: Uint8Array } {
  const colon = name.indexOf(":");
  return { db: Number(name.slice(0, colon)), key: asciiBytes(name.slice(colon + 1)) };
}

export class Blocking {
  /** Sessions that wait, in no order. */
  readonly sessions: Set<Session> = new Set();

  readonly #queues: Map<string, Set<Session>> = new Map();
  /** In the order in which they became ready. */
  readonly #ready: Set<string> = new Set();

  /** Whether anybody waits for anything: asked on every push. */
  get any(): boolean {
    return this.sessions.size > 0;
  }

  /** Keys that somebody waits for. */
  get keyCount(): number {
    return this.#queues.size;
  }

  add(session: Session, waiting: Waiting): void {
    session.waiting = waiting;
    this.sessions.add(session);
    for (const name of waiting.names) {
      const queue = this.#queues.get(name);
      if (queue === undefined) this.#queues.set(name, new Set([session]));
      else queue.add(session);
    }
  }

  /** The session waits no more. */
  remove(session: Session): void {
    const waiting = session.waiting;
    if (waiting === null) return;
    session.waiting = null;
    waiting.cancelTimer?.();
    this.sessions.delete(session);
    for (const name of waiting.names) {
      const queue = this.#queues.get(name);
      queue?.delete(session);
      if (queue?.size === 0) this.#queues.delete(name);
    }
  }

  /** A key was given something; whoever waits for it is to be served. */
  note(db: number, bytes: Uint8Array, start: number, end: number): void {
    const name = queueName(db, bytes, start, end);
    if (this.#queues.has(name)) this.#ready.add(name);
  }

  /** Whether keys are ready that nobody was served from yet. */
  get pending(): boolean {
    return this.#ready.size > 0;
  }

  /** Takes the name of the next ready key. REQUIRES: pending. */
  takeReady(): string {
    const [name] = this.#ready;
    this.#ready.delete(name);
    return name;
  }

  /** The sessions that wait under a name, oldest first. */
  waitingFor(name: string): Session[] {
    return [...(this.#queues.get(name) ?? [])];
  }

  /** Any key of the database may have something now (it was exchanged for another). */
  noteDatabase(db: number): void {
    for (const name of this.#queues.keys()) {
      if (name.startsWith(`${db}:`)) this.#ready.add(name);
    }
  }
}
