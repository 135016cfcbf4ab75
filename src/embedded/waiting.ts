// Commands that wait, in an embedded program: a session of its own asks, as a client would, and its
// reply is a promise's. It stands in the queues of the keys with the clients of all threads, first
// come, first served. Whoever waits for nothing else is not kept alive by it.

import { DatabaseError } from "../base/database-error.ts";
import { type ClientLink, Session } from "../engine/session.ts";
import type { Core } from "./core.ts";
import type { Value } from "./values.ts";

/** Those who wait, of each database that is open. */
const waiting = new WeakMap<Core, Set<Waiter>>();

function waitersOf(core: Core): Set<Waiter> {
  let waiters = waiting.get(core);
  if (waiters === undefined) {
    waiters = new Set();
    waiting.set(core, waiters);
    const all = waiters;
    core.engine.onClosing.push(() => {
      for (const waiter of [...all]) waiter.close();
    });
  }
  return waiters;
}

export class Waiter implements ClientLink {
  readonly address = "embedded:0";
  readonly localAddress = "";
  readonly descriptor = -1;
  readonly inputBytes = 0;
  readonly outputBytes = 0;

  readonly #core: Core;
  readonly #session: Session;
  #reply: Uint8Array | undefined;
  #settle: ((reply: Uint8Array | undefined) => void) | undefined;

  /** To ask in this database. REQUIRES: close() in the end. */
  constructor(core: Core, db: number) {
    core.check();
    this.#core = core;
    const id = core.member?.nextClient() ?? 0;
    this.#session = new Session(id, core.keyspace.now, this);
    this.#session.protocol = 3;
    this.#session.db = db;
    waitersOf(core).add(this);
    // Replies that another thread makes come by its number.
    if (core.member !== null) this.#sessions.set(id, this.#session);
  }

  /** Asks; the reply's bytes, at once or when there is one, or undefined where it was closed. */
  ask(words: readonly Value[]): Promise<Uint8Array | undefined> {
    const core = this.#core;
    core.check();
    if (core.inTransaction) {
      throw new DatabaseError("TRANSACTION", "nobody can wait inside a transaction");
    }
    core.request.beginAny();
    for (const word of words) core.request.add(word);
    const at = core.execute(this.#session);
    if (this.#session.waiting === null) {
      const reply = core.reply.bytes.slice(at, core.reply.length);
      core.truncate(at);
      return Promise.resolve(reply);
    }
    return new Promise((settle) => {
      this.#settle = settle;
    });
  }

  get #sessions(): Map<number, Session> {
    return this.#core.context.services.sessions as Map<number, Session>;
  }

  deliver(bytes: Uint8Array, start: number, end: number): void {
    this.#reply = bytes.slice(start, end);
  }

  resume(): void {
    const settle = this.#settle;
    const reply = this.#reply;
    this.#settle = undefined;
    this.#reply = undefined;
    settle?.(reply);
  }

  /** It waits no more, and asks nothing more. */
  close(): void {
    const core = this.#core;
    if (!waitersOf(core).delete(this)) return;
    const { blocking } = core.context;
    if (this.#session.waiting !== null) core.engine.turn(() => blocking.remove(this.#session));
    if (core.member !== null) this.#sessions.delete(this.#session.id);
    this.#reply = undefined;
    this.resume();
  }
}
