// Waiting: how sessions that wait for a key are served (BLPOP and its kin).
//
// A waiting session keeps its command and its words. When something has happened to a key that it
// waits for, and what stands there now is what it waits for (Wait.wakes), the command is executed
// again on its behalf, as if it arrived now: it then takes the first of its keys, in the order it
// listed them, that has something. Sessions are served first come, first served for each key,
// after the command or transaction that filled the key has ended. What a served command does may
// fill other keys, whose waiters follow. Once one has found nothing, those who are alike
// (Wait.likeness) are not asked: what it costs to wake one does not go by how many wait.
//
//   block ─▶ waiting ─┬─ a key is ready ─▶ executed again ─┬─▶ replied, resumed
//                     ├─ the time is up ─▶ Wait.timedOut ──┤
//                     └─ CLIENT UNBLOCK … ERROR ───────────┘

import { assert } from "../base/assert.ts";
import { Errors } from "../protocol/errors.ts";
import { areAlike, type Queue } from "./blocking.ts";
import type { Context } from "./context.ts";
import { databaseNumberOf, keyOf } from "./key-names.ts";
import { Gate, Session } from "./session.ts";
import { NO_VALUE } from "./wait.ts";
import type { WaitQueue } from "./wait-queue.ts";

export class Waiters {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Serves the sessions that wait for the keys to which something has happened. */
  serveReady(): void {
    const { blocking } = this.#context;
    while (blocking.pending) {
      const [name, isNew] = blocking.takeReady();
      const queue = blocking.queueOf(name);
      if (queue instanceof Session) this.#offer(queue, name, keyOf(name), isNew);
      else if (queue !== undefined) this.#serveQueue(queue, name, isNew);
    }
  }

  /** Serves those who wait now under a name, in the order of coming. */
  #serveQueue(queue: Queue, name: string, isNew: boolean): void {
    const key = keyOf(name);
    const behind = this.#context.blocking.nextOrder;
    const lines = Array.from(queue, ([likeness, sessions]) => new Line(likeness, sessions));
    for (;;) {
      let first: Line | undefined;
      for (const line of lines) {
        const { order } = line;
        if (order < behind && order < (first?.order ?? behind)) first = line;
      }
      if (first?.session === undefined) return;
      const isServed = this.#offer(first.session, name, key, isNew);
      first.next(isServed);
    }
  }

  /** Serves a session if what is there is what it waits for; whether it waits no more. */
  #offer(waiter: Session, name: string, key: Uint8Array, isNew: boolean): boolean {
    if (waiter.waiting === null) return true;
    const type = this.#typeAt(databaseNumberOf(name), key);
    return waiter.waiting.wait.wakes(type, isNew) && this.#serve(waiter);
  }

  #typeAt(db: number, key: Uint8Array): number {
    const { keyspace } = this.#context;
    const entry = keyspace.peek(db, key, 0, key.length);
    return entry === 0 ? NO_VALUE : keyspace.typeOf(entry);
  }

  /** Executes a session's command again; whether it waits no more. */
  #serve(waiter: Session): boolean {
    const c = this.#context;
    const { waiting } = waiter;
    assert(waiting !== null, "only a session that waits is served");
    const before = c.reply.length;
    let waitsOn = false;
    c.executor.inside(waiter, () => {
      c.serving = true;
      c.stillWaiting = false;
      c.executor.call(waiting.command, waiting.args);
      c.executor.statistics.uncountCall(waiting.command);
      c.serving = false;
      waitsOn = c.stillWaiting;
    });
    if (waitsOn) c.reply.truncate(before);
    else this.#wake(waiter, before);
    return !waitsOn;
  }

  /**
   * There may be something by now, since time has gone by: whoever waits for the same keys is
   * served, in the order of coming, and then this one. Returns after how many milliseconds it is to
   * look again, or −1.
   */
  lookAgain(session: Session): number {
    const c = this.#context;
    for (const name of session.waiting?.names ?? []) c.blocking.noteName(name, true);
    this.serveReady();
    if (session.waiting === null || this.#serve(session)) return -1;
    return c.lookAgainMs;
  }

  /** A waiting session's time is up, or what it waits for, that is no key, has come. */
  timeOut(session: Session): void {
    const c = this.#context;
    const { waiting } = session;
    if (waiting === null) return;
    const before = c.reply.length;
    c.executor.inside(session, () => waiting.wait.timedOut(c.reply));
    this.#wake(session, before);
  }

  /** CLIENT UNBLOCK … ERROR. */
  unblockWithError(session: Session): void {
    const c = this.#context;
    if (session.waiting === null) return;
    const before = c.reply.length;
    c.executor.inside(session, () => c.reply.error(Errors.unblocked));
    this.#wake(session, before);
  }

  /** Takes what was written behind `before` out of the writer and sends it to the session. */
  #wake(session: Session, before: number): void {
    const { reply, blocking } = this.#context;
    assert(session.waiting !== null, "only a session that waits is woken");
    blocking.remove(session);
    const silent = (session.gates & (Gate.silent | Gate.skipping)) !== 0;
    session.setGate(Gate.skipping, false);
    if (!silent) session.link?.deliver(reply.bytes, before, reply.length);
    reply.truncate(before);
    // It has not been idle, whatever its last request.
    session.lastMs = this.#context.now;
    session.link?.resume();
  }
}

/** A line of a queue that is being gone through. */
class Line {
  /** Who is next; undefined: nobody. */
  session: Session | undefined;
  readonly #alike: boolean;
  readonly #sessions: Iterator<Session>;

  constructor(likeness: string, sessions: WaitQueue) {
    this.#alike = areAlike(likeness);
    this.#sessions = sessions[Symbol.iterator]();
    this.session = this.#sessions.next().value;
  }

  get order(): number {
    return this.session?.waitOrder ?? Number.POSITIVE_INFINITY;
  }

  /** Goes on behind who was asked; where that was in vain, those who are alike are passed. */
  next(isServed: boolean): void {
    this.session = isServed || !this.#alike ? this.#sessions.next().value : undefined;
  }
}
