// Blocking: the queues of sessions that wait for keys (BLPOP and its kin). Who is served when, and
// how, is in waiting.ts.
//
// Queues stand here by the names of keys. A key for which one session waits, which is what most
// are, has that session in its queue's place: a client may wait for very many. A queue has a line
// for each likeness (Wait.likeness), so that where one has found nothing, all who are alike are
// passed at once, however many. Nothing of the data set is in them. Where several threads use the
// database, the sessions of all of them stand in the queues of each (threads/roster.ts).

import { assert } from "../base/assert.ts";
import { databaseNumberOf, keyName, keyOf } from "./key-names.ts";
import { Session, type Waiting } from "./session.ts";
import { WaitQueue } from "./wait-queue.ts";

/** What of a key tells, mostly, that nobody wants to hear of every change of it. */
const TRACES = 1024;

function traceOfName(name: string): number {
  const key = keyOf(name);
  return traceOf(key, 0, key.length);
}

function traceOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length === 0) return 0;
  const middle = bytes[start + (length >> 1)];
  return (length * 31 + bytes[start] * 7 + middle * 13 + bytes[end - 1] * 257) & (TRACES - 1);
}

/** Hears who begins to wait in this thread, and whose waiting this thread has ended. */
export interface WaitWitness {
  /** Whether it can take down one more who waits, whose words and keys have so many bytes. */
  hasRoom(bytes: number, texts: number): boolean;
  waits(session: Session): void;
  waitsNoMore(session: Session): void;
}

/** The line of those who are like nobody. */
const UNLIKE = "";

/** Those who wait for one key: a line for each likeness, each in the order of coming. */
export type Queue = Map<string, WaitQueue>;

export class Blocking {
  /** Sessions that wait, in the order in which they began to. */
  readonly sessions: Set<Session> = new Set();
  witness: WaitWitness | undefined;

  readonly #queues: Map<string, Session | Queue> = new Map();
  /** In the order in which they were noted; true: they were given something. */
  readonly #ready: Map<string, boolean> = new Map();
  /** Stands behind those that were taken: a new one would look for the first among them. */
  #walk: IterableIterator<[name: string, isNew: boolean]> | undefined;
  /** Names under which some wait who want to hear of every change, and how often. */
  readonly #hearing: Map<string, number> = new Map();
  #order = 0;
  /** How many of those names leave each trace: a change of any other key costs no look by name. */
  readonly #traces: Int32Array = new Int32Array(TRACES);

  /** Whether anybody waits for anything: asked on every push. */
  get any(): boolean {
    return this.sessions.size > 0;
  }

  /** Whether somebody who waits wants to hear of every change. */
  get hearsAll(): boolean {
    return this.#hearing.size > 0;
  }

  /** Keys that somebody waits for. */
  get keyCount(): number {
    return this.#queues.size;
  }

  /** Those of them of which somebody wants to hear of every change. */
  get keysHeardOfAll(): number {
    return this.#hearing.size;
  }

  /** Whether one more can wait whose command has so many bytes, in so many words and keys. */
  hasRoom(bytes: number, texts: number): boolean {
    return this.witness?.hasRoom(bytes, texts) ?? true;
  }

  /** The session waits from now on. REQUIRES: it does not yet, and there is room. */
  add(session: Session, waiting: Waiting): void {
    this.enter(session, waiting);
    this.witness?.waits(session);
  }

  /** The session waits no more. */
  remove(session: Session): void {
    if (session.waiting === null) return;
    this.take(session);
    this.witness?.waitsNoMore(session);
  }

  /** As add, of which everybody knows. */
  enter(session: Session, waiting: Waiting): void {
    assert(session.waiting === null, "a session waits in one command at a time");
    session.waiting = waiting;
    session.waitOrder = this.#order++;
    this.sessions.add(session);
    for (const name of waiting.names) {
      if (waiting.wait.hearsAll) this.#hears(name);
      const queue = this.#queues.get(name);
      if (queue === undefined || queue === session) this.#queues.set(name, session);
      else if (queue instanceof Session) {
        const both: Queue = new Map();
        standIn(both, queue);
        standIn(both, session);
        this.#queues.set(name, both);
      } else standIn(queue, session);
    }
  }

  /** As remove, of which everybody knows. */
  take(session: Session): void {
    const { waiting } = session;
    if (waiting === null) return;
    const line = lineOf(session);
    session.waiting = null;
    waiting.cancelTimer?.();
    waiting.cancelLook?.();
    assert(this.sessions.delete(session), "who waits is known");
    for (const name of waiting.names) {
      if (waiting.wait.hearsAll) this.#hearsNoMore(name);
      // A command may name a key twice: the second time the queue is without this session.
      const queue = this.#queues.get(name);
      if (queue === undefined) continue;
      if (!(queue instanceof Session)) {
        const standing = queue.get(line);
        standing?.delete(session);
        if (standing?.size === 0) queue.delete(line);
        if (queue.size === 0) this.#queues.delete(name);
      } else if (queue === session) this.#queues.delete(name);
    }
  }

  #hears(name: string): void {
    const before = this.#hearing.get(name) ?? 0;
    this.#hearing.set(name, before + 1);
    if (before === 0) this.#traces[traceOfName(name)]++;
  }

  #hearsNoMore(name: string): void {
    const left = (this.#hearing.get(name) ?? 0) - 1;
    if (left > 0) {
      this.#hearing.set(name, left);
      return;
    }
    this.#hearing.delete(name);
    this.#traces[traceOfName(name)]--;
  }

  /** Takes everybody out, to be entered again in another order; returns what each waits for. */
  takeAll(): Map<Session, Waiting> {
    const all = new Map<Session, Waiting>();
    for (const session of this.sessions) {
      if (session.waiting === null) continue;
      all.set(session, session.waiting);
      session.waiting = null;
    }
    this.sessions.clear();
    this.#queues.clear();
    this.#hearing.clear();
    this.#traces.fill(0);
    return all;
  }

  /** The session of this number, where it waits. */
  find(id: number): Session | undefined {
    for (const session of this.sessions) if (session.id === id) return session;
    return undefined;
  }

  /**
   * Something happened to a key; whoever waits for it is to look. `isNew`: it was given something
   * that may be taken.
   */
  note(db: number, bytes: Uint8Array, start: number, end: number, isNew: boolean): void {
    const name = keyName(db, bytes, start, end);
    if (this.#queues.has(name)) this.noteName(name, isNew);
  }

  noteName(name: string, isNew: boolean): void {
    this.#ready.set(name, isNew || this.#ready.get(name) === true);
  }

  /** A key changed; whoever waits for it and wants to hear of every change is to look. */
  noteChange(db: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#traces[traceOf(bytes, start, end)] > 0) this.note(db, bytes, start, end, false);
  }

  /** Whether keys are ready that nobody was served from yet. */
  get pending(): boolean {
    return this.#ready.size > 0;
  }

  /** Takes the next ready key: its name, and whether it was given something. REQUIRES: pending. */
  takeReady(): readonly [name: string, isNew: boolean] {
    this.#walk ??= this.#ready.entries();
    const { value: next, done } = this.#walk.next();
    assert(done !== true, "a key that is ready is taken where there is one");
    this.#ready.delete(next[0]);
    if (this.#ready.size === 0) this.#walk = undefined;
    return next;
  }

  /** Those who wait under a name. */
  queueOf(name: string): Session | Queue | undefined {
    return this.#queues.get(name);
  }

  /** The number of whoever begins to wait next. */
  get nextOrder(): number {
    return this.#order;
  }

  /** The sessions that wait under a name, oldest first. */
  waitingFor(name: string): Session[] {
    const queue = this.#queues.get(name);
    if (queue === undefined) return [];
    if (queue instanceof Session) return [queue];
    const sessions = [...queue.values()].flatMap((line) => [...line]);
    return sessions.sort((a, b) => a.waitOrder - b.waitOrder);
  }

  /** Any key of the database may hold something else now; `isNew`: something that may be taken. */
  noteDatabase(db: number, isNew: boolean): void {
    for (const name of this.#queues.keys()) {
      if (databaseNumberOf(name) === db) this.noteName(name, isNew);
    }
  }
}

/** The line in which a session stands that waits. */
function lineOf({ waiting }: Session): string {
  if (waiting === null) return UNLIKE;
  return waiting.wait.likeness?.(waiting.args) ?? UNLIKE;
}

/** Whether those in a line are alike. */
export function areAlike(line: string): boolean {
  return line !== UNLIKE;
}

function standIn(queue: Queue, session: Session): void {
  const line = lineOf(session);
  const standing = queue.get(line);
  if (standing !== undefined) return standing.add(session);
  const begun = new WaitQueue();
  begun.add(session);
  queue.set(line, begun);
}
