// multi(): commands queued and then executed in one go, as MULTI … EXEC does it, by the very EXEC
// that connections use. Unlike transaction(), a command that fails does not undo the others.

import { DatabaseError } from "../base/database-error.ts";
import { needStack } from "../base/stack-room.ts";
import type { CompiledCommand } from "../engine/command.ts";
import type { Session } from "../engine/session.ts";
import type { QueuedCommand } from "../engine/transaction.ts";
import { ReplyError } from "../protocol/reply-reader.ts";
import type { Core } from "./core.ts";
import { inspection } from "./inspection.ts";
import { Methods } from "./methods/methods.ts";
import { demandsSync, type WriteOptions } from "./options.ts";
import type { Reader } from "./reader.ts";
import { As, type Mode, type Reply, type Text, type Value } from "./values.ts";

/** What exec() returns for each command: its result, or the error that it ended with. */
export type Results<R extends readonly unknown[]> = { [I in keyof R]: R[I] | ReplyError };

/** Methods queue their commands and return the multi(), typed with one result more. */
export interface Queued<T extends Text, R extends readonly unknown[]> extends Mode<T> {
  readonly reply: Multi<T, [...R, this["value"]]>;
}

/**
 * Queued commands. T is what texts come out as, R the types of the results so far; each method
 * queues its command and returns the same object, typed with one result more.
 */
export class Multi<T extends Text, R extends readonly unknown[] = []> extends Methods<
  Queued<T, R>
> {
  readonly #core: Core;
  readonly #db: number;
  readonly #reader: Reader<T>;
  readonly #session: Session;
  readonly #queue: QueuedCommand[] = [];
  /** For each result how to read it, or, where nothing is to be asked, what it is. */
  readonly #results: (As | { readonly value: unknown })[] = [];
  #done = false;
  #failed = false;
  /** What is queued is to be on the disk when it has been executed. */
  #isDurable = false;

  /** Use Database.multi() or Database.watch(). */
  constructor(core: Core, db: number, reader: Reader<T>, watched: readonly Value[]) {
    super();
    this.#core = core;
    this.#db = db;
    this.#reader = reader;
    this.#session = core.newSession();
    if (watched.length === 0) return;
    core.truncate(core.run(core.fillAll("watch", watched), this.#session, db));
  }

  protected override ask<V>(
    as: As,
    name: string,
    a?: Value,
    b?: Value,
    c?: Value,
    d?: Value,
  ): Reply<Queued<T, R>, V> {
    this.#check();
    this.#failed = true; // unless the following does not throw
    return this.#queued(as, this.#core.fill(name, a, b, c, d)) as Reply<Queued<T, R>, V>;
  }

  protected override askAll<V>(
    as: As,
    name: string,
    words: readonly Value[] | undefined,
    a?: Value,
    b?: Value,
    c?: Value,
  ): Reply<Queued<T, R>, V> {
    this.#check();
    this.#failed = true;
    return this.#queued(as, this.#core.fillAll(name, words, a, b, c)) as Reply<Queued<T, R>, V>;
  }

  protected override askScript<V>(name: string, words: readonly Value[]): Reply<Queued<T, R>, V> {
    return this.askAll<V>(As.value, name, words);
  }

  protected override safely<V>(ask: () => V): V {
    const asked = ask();
    this.#isDurable = true;
    return asked;
  }

  protected override answer<V>(value: V): Reply<Queued<T, R>, V> {
    this.#check();
    this.#results.push({ value });
    return this as unknown as Reply<Queued<T, R>, V>;
  }

  #queued(as: As, command: CompiledCommand): unknown {
    this.#queue.push({ command, args: this.#core.request.args.clone() });
    this.#results.push(as);
    this.#failed = false;
    return this;
  }

  /** How many commands are queued. */
  get length(): number {
    return this.#results.length;
  }

  /**
   * Executes what is queued, with nothing in between, and returns the results in order: a
   * ReplyError stands for a command that failed. null: a watched key has changed, and nothing was
   * executed. With `durability: "sync"`, or where that is asked of one of the commands, it returns
   * when all of it is on the disk.
   */
  exec(options?: WriteOptions): Results<R> | null {
    this.#check();
    if (demandsSync("exec", options)) this.#isDurable = true;
    if (!this.#isDurable) return this.#execute();
    return this.#core.safely(() => this.#execute());
  }

  #execute(): Results<R> | null {
    this.#done = true;
    const core = this.#core;
    const session = this.#session;
    if (this.#failed) {
      this.#forget();
      throw new ReplyError("EXECABORT Transaction discarded because of previous errors.");
    }
    session.transaction.queue = this.#queue;
    const start = core.run(core.fill("exec"), session, this.#db);
    const { bytes } = core.reply;
    let results: unknown[] | null = null;
    if (bytes[start] === ARRAY) {
      results = [];
      let at = bytes.indexOf(LF, start) + 1;
      for (const result of this.#results) {
        if (typeof result === "object") {
          results.push(result.value);
          continue;
        }
        results.push(this.#reader.readAny(result, bytes, at));
        at = this.#reader.end;
      }
    }
    core.truncate(start);
    return results as Results<R> | null;
  }

  /** Gives it up: nothing is executed, and watched keys are forgotten. */
  discard(): void {
    if (this.#done) return;
    this.#done = true;
    this.#forget();
  }

  /** Watched keys are watched no more. */
  #forget(): void {
    const core = this.#core;
    if (core.closed) return;
    needStack();
    core.engine.turn(() => this.#session.endTransaction(core.keyspace));
  }

  /** As discard(), which does nothing after exec(). */
  [Symbol.dispose](): void {
    this.discard();
  }

  [inspection](): string {
    return `Multi { length: ${this.length} }`;
  }

  #check(): void {
    this.#core.check();
    if (this.#done) {
      throw new DatabaseError("MULTI", "this multi() has ended with exec() or discard()");
    }
  }
}

const ARRAY = 0x2a;
const LF = 10;
