// Executes the commands of a log while its data are loaded: by the internal session, at no time, as
// no deadline passes but by what the log says.

import type { Executor } from "../engine/executor.ts";
import type { Session } from "../engine/session.ts";
import { Foresight } from "../keyspace/foresight.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { LogError } from "./log/log-error.ts";
import type { Apply } from "./log/log-reader.ts";

/** Replies are thrown away when they have grown to this. */
const REPLIES_MAX = 1 << 20;

export class Replay {
  readonly foresight: Foresight;
  readonly #executor: Executor;
  readonly #session: Session;
  readonly #source: string;
  /** Replies of others that stand in the buffer. */
  readonly #before: number;

  /** @param source what the log is called where something of it is refused */
  constructor(executor: Executor, source: string, nowMs: number) {
    this.#executor = executor;
    this.#session = executor.internal;
    this.#source = source;
    this.#before = executor.context.reply.length;
    this.foresight = new Foresight(executor.keyspace);
    executor.keyspace.beginLoading(nowMs);
    executor.context.now = 0;
    executor.replaying = true;
  }

  readonly apply: Apply = (args) => {
    const { reply } = this.#executor.context;
    this.#executor.execute(this.#session, args);
    this.foresight.db = this.#session.db;
    if (reply.failed) this.#refuse(args);
    if (reply.length > this.#before + REPLIES_MAX) reply.truncate(this.#before);
  };

  /** Time goes on. */
  end(nowMs: number): void {
    this.#executor.context.reply.truncate(this.#before);
    this.#executor.replaying = false;
    this.#session.db = 0;
    this.#executor.setNow(nowMs);
  }

  /** A command was refused. Only what cannot be a command of ours stops the load. */
  #refuse(args: Arguments): void {
    const { reply } = this.#executor.context;
    let text = "";
    for (let at = reply.lastErrorAt + 1; at < reply.length && reply.bytes[at] !== 13; at++) {
      text += String.fromCharCode(reply.bytes[at]);
    }
    if (!text.startsWith("ERR unknown command") && !text.startsWith("ERR wrong number")) return;
    const source = this.#source;
    throw new LogError(
      "LOG_COMMAND",
      source,
      -1,
      `the log in ${source} holds a command that this version does not know: '${args.text(0)}' ` +
        `(${text}). It was written by another server; load it there and move the data over.`,
    );
  }
}
