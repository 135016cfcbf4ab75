// Waiting: how sessions that wait for a key are served (BLPOP and its kin).
//
// A waiting session keeps its command and its words. When something has happened to a key that it
// waits for, and what stands there now is what it waits for (Wait.wakes), the command is executed
// again on its behalf, as if it arrived now: it then takes the first of its keys, in the order it
// listed them, that has something. Sessions are served first come, first served for each key,
// after the command or transaction that filled the key has ended. What a served command does may
// fill other keys, whose waiters follow.
//
//   block ─▶ waiting ─┬─ a key is ready ─▶ executed again ─┬─▶ replied, resumed
//                     ├─ the time is up ─▶ Wait.timedOut ──┤
//                     └─ CLIENT UNBLOCK … ERROR ───────────┘

import { assert } from "../base/assert.ts";
import { Errors } from "../protocol/errors.ts";
import type { Context } from "./context.ts";
import { databaseNumberOf, keyOf } from "./key-names.ts";
import { Gate, type Session } from "./session.ts";
import { NO_VALUE } from "./wait.ts";

export class Waiters {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Serves the sessions that wait for the keys to which something has happened. */
  serveReady(): void {
    const { blocking } = this.#context;
    while (blocking.pending) {
      const name = blocking.takeReady();
      const db = databaseNumberOf(name);
      const key = keyOf(name);
      let type = this.#typeAt(db, key);
      // Whoever is served leaves the queue while it is walked; who waits on keeps his place.
      for (const waiter of blocking.waitingFor(name)) {
        // Nobody else is asked once nothing is there: a wake costs the same however many wait.
        if (type === NO_VALUE && !blocking.isHeardAt(name)) break;
        if (waiter.waiting?.wait.wakes(type) !== true) continue;
        this.#serve(waiter);
        type = this.#typeAt(db, key);
      }
    }
  }

  #typeAt(db: number, key: Uint8Array): number {
    const { keyspace } = this.#context;
    const entry = keyspace.peek(db, key, 0, key.length);
    return entry === 0 ? NO_VALUE : keyspace.typeOf(entry);
  }

  #serve(waiter: Session): void {
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
