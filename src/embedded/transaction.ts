// A transaction of an embedding program: what belongs to it beside the keyspace's journal, which
// takes back values (keyspace/journal.ts): the effects that the log would have heard of, and what
// expired. A transaction within another begins and ends in the same journal, behind its mark.
//
// Time stands still in a transaction, so what expires in it was over when it began, and stays gone
// whatever becomes of it. Rolling back brings such an entry back with all others; then it goes
// again, and the log is told.
//
// What was told to others is not taken back: a key that is watched counts as changed, and messages
// to subscribers are on their way.

import { DatabaseError } from "../base/database-error.ts";
import type { Executor } from "../engine/executor.ts";
import type { KeyspaceListener } from "../keyspace/listener.ts";

/** A key that expired while a transaction was open. */
interface Expired {
  readonly db: number;
  readonly key: Uint8Array;
}

export class EmbeddedTransaction implements KeyspaceListener {
  /** The transaction that this one is in. */
  readonly outer: EmbeddedTransaction | undefined;
  readonly #executor: Executor;
  readonly #mark: number;
  readonly #effectsBefore: number;
  readonly #expiries: Expired[] = [];

  constructor(executor: Executor, outer: EmbeddedTransaction | undefined) {
    this.outer = outer;
    this.#executor = executor;
    this.#mark = executor.keyspace.begin();
    this.#effectsBefore = executor.context.effects.count;
  }

  /** An entry's time is over. */
  expired(db: number, bytes: Uint8Array, start: number, end: number): void {
    this.#expiries.push({ db, key: bytes.slice(start, end) });
    this.#executor.context.notices.expired(db, bytes, start, end);
  }

  // Members that expire are brought back by rolling back, and expire again when somebody asks.

  memberExpired(db: number, entry: number, record: number): void {
    this.#executor.context.notices.memberExpired(db, entry, record);
  }

  membersExpired(db: number, entry: number, isEmpty: boolean): void {
    this.#executor.context.notices.membersExpired(db, entry, isEmpty);
  }

  allExpired(db: number, entry: number): void {
    this.#executor.context.notices.allExpired(db, entry);
  }

  /** Takes everything back. */
  rollBack(): void {
    const { keyspace, context } = this.#executor;
    keyspace.rollBack(this.#mark);
    context.effects.truncate(this.#effectsBefore);
    for (const expired of this.#expiries) this.#expireAgain(expired);
  }

  #expireAgain({ db, key }: Expired): void {
    const { keyspace, context } = this.#executor;
    const table = keyspace.table(db);
    if (table === 0) return;
    const { tables } = keyspace;
    const entry = tables.find(table, tables.hash(key, 0, key.length), key, 0, key.length);
    if (entry === 0 || !keyspace.isExpired(entry)) return;
    keyspace.remove(db, entry);
    const { effects } = context;
    effects.begin(db, 2);
    effects.text("DEL");
    effects.range(key, 0, key.length);
    if (this.outer !== undefined) this.outer.#expiries.push({ db, key });
  }

  /** Everything holds, as long as the outer transaction does. */
  keep(): void {
    const { outer } = this;
    if (outer !== undefined) outer.#expiries.push(...this.#expiries);
  }
}

export function asynchronous(): DatabaseError {
  return new DatabaseError(
    "TRANSACTION",
    "a transaction's function must be synchronous, and return no promise: nothing else could " +
      "use the database while it waits. Nothing of it has been kept.",
  );
}

export function isThenable(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as { then?: unknown }).then === "function"
  );
}
