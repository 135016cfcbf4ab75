// Transactions: MULTI queues what follows, EXEC executes it in one go, WATCH makes EXEC depend on
// keys not having changed. The executor queues (see Gate.transaction); what EXEC executed goes to
// the log as one unit, and sessions that wait for keys are served after it.

import { assert } from "../../base/assert.ts";
import { utf8Text } from "../../base/bytes.ts";
import type { Command, Context } from "../../engine/context.ts";
import type { Session } from "../../engine/session.ts";
import type { QueuedCommand } from "../../engine/transaction.ts";
import type { Wait } from "../../engine/wait.ts";
import { errorLine } from "../../protocol/errors.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { keysArg } from "../shared/argument-docs.ts";

const NOTHING = new Uint8Array(0);
const multiNested = errorLine("ERR MULTI calls can not be nested");
const watchInMulti = errorLine("ERR WATCH inside MULTI is not allowed");
const execWithoutMulti = errorLine("ERR EXEC without MULTI");
const discardWithoutMulti = errorLine("ERR DISCARD without MULTI");
const execAborted = errorLine("EXECABORT Transaction discarded because of previous errors.");

export const multi: Command = {
  name: "multi",
  arity: 1,
  flags: "noscript loading stale fast allow_busy",
  group: "transactions",
  since: "1.2.0",
  complexity: "O(1)",
  summary: "Begins a transaction: the commands that follow are queued.",
  notQueued: true,
  handler: multiCommand,
};

function multiCommand(c: Context): void {
  if (c.session.transaction.queue !== null) {
    c.reply.error(multiNested);
    return;
  }
  c.session.beginTransaction();
  c.reply.ok();
}

export const exec: Command = {
  name: "exec",
  arity: 1,
  flags: "noscript loading stale skip_slowlog",
  group: "transactions",
  since: "1.2.0",
  complexity: "Depends on commands in the transaction",
  summary: "Executes the queued commands as one unit.",
  notQueued: true,
  handler: execCommand,
};

function execCommand(c: Context): void {
  const { session, reply, keyspace, executor } = c;
  const { queue, failed } = session.transaction;
  if (queue === null) {
    reply.error(execWithoutMulti);
    return;
  }
  if (!failed) session.transaction.expireWatched(keyspace);
  const changed = session.transaction.hasChanged(keyspace);
  session.endTransaction(keyspace);
  if (failed) {
    reply.error(execAborted);
    return;
  }
  if (changed) {
    reply.nullArray();
    return;
  }
  let flags = 0;
  for (const { command } of queue) flags |= command.flags;
  const refused = executor.refusal(flags);
  if (refused !== undefined) {
    const text = utf8Text(refused, 1, refused.length).trimEnd();
    reply.errorText(`EXECABORT Transaction discarded because of: ${text}`);
    return;
  }
  new Execution(c, queue).run();
  if (c.slept) {
    c.slept = false;
    executor.setNow(c.services.nowMs());
  }
}

export const discard: Command = {
  name: "discard",
  arity: 1,
  flags: "noscript loading stale fast allow_busy",
  group: "transactions",
  since: "2.0.0",
  complexity: "O(N), when N is the number of queued commands",
  summary: "Gives the transaction up and forgets the queued commands.",
  notQueued: true,
  handler: discardCommand,
};

function discardCommand(c: Context): void {
  if (c.session.transaction.queue === null) {
    c.reply.error(discardWithoutMulti);
    return;
  }
  c.session.endTransaction(c.keyspace);
  c.reply.ok();
}

export const watch: Command = {
  name: "watch",
  arity: -2,
  flags: "noscript loading stale fast allow_busy",
  keys: [{ index: 1, last: -1, flags: "RO" }],
  group: "transactions",
  since: "2.2.0",
  complexity: "O(1) for every key.",
  summary: "Lets the next EXEC fail if one of the keys changes before it.",
  args: [keysArg],
  notQueued: true,
  handler: watchCommand,
};

function watchCommand(c: Context): void {
  const { args, db, keyspace } = c;
  const { transaction } = c.session;
  if (transaction.queue !== null) {
    c.reply.error(watchInMulti);
    return;
  }
  for (let i = 1; i < args.count; i++) {
    transaction.watch(keyspace, db, args.bytes, args.starts[i], args.ends[i]);
  }
  c.reply.ok();
}

export const unwatch: Command = {
  name: "unwatch",
  arity: 1,
  flags: "noscript loading stale fast allow_busy",
  group: "transactions",
  since: "2.2.0",
  complexity: "O(1)",
  summary: "Forgets all watched keys.",
  handler: unwatchCommand,
};

function unwatchCommand(c: Context): void {
  c.session.transaction.unwatch(c.keyspace);
  c.reply.ok();
}

export const transactionCommands: readonly Command[] = [multi, exec, discard, watch, unwatch];

/**
 * Calls what was queued, one after the other; what it did reaches the log as one. Where a script
 * among it was left for now, the client waits, and the rest follows when that has ended.
 */
class Execution {
  readonly #context: Context;
  readonly #session: Session;
  readonly #queue: readonly QueuedCommand[];
  #at = 0;
  /** What has been replied so far, while the client waits. */
  #replied: Uint8Array = NOTHING;
  #wait: Wait | undefined;

  constructor(c: Context, queue: readonly QueuedCommand[]) {
    this.#context = c;
    this.#session = c.session;
    this.#queue = queue;
  }

  run(): void {
    const c = this.#context;
    const { reply, effects, args, command, blocking } = c;
    const start = reply.length;
    reply.array(this.#queue.length);
    effects.hold();
    if (this.#calls()) {
      effects.release();
      return;
    }
    this.#keep(start);
    assert(command !== undefined, "EXEC executes what was queued");
    const wait: Wait = {
      wakes: () => false,
      hearsAll: false,
      denied: () => {},
      timedOut: (to) => to.raw(this.#replied, 0, this.#replied.length),
    };
    this.#wait = wait;
    const waiting = { wait, command, args: args.clone(), names: [], cancelTimer: undefined };
    blocking.add(this.#session, waiting);
    c.scripts.follow((writeReply) => this.#goOn(writeReply));
  }

  /** Calls commands until there are no more; false: a script was left for now. */
  #calls(): boolean {
    const c = this.#context;
    c.executor.inside(this.#session, () => {
      c.inTransaction = true;
      while (this.#at < this.#queue.length && !c.scripts.isParked) {
        const { command, args } = this.#queue[this.#at++];
        c.db = this.#session.db;
        c.executor.call(command, args);
      }
      c.inTransaction = false;
    });
    return !c.scripts.isParked;
  }

  #keep(start: number): void {
    const { reply } = this.#context;
    this.#replied = reply.bytes.slice(start, reply.length);
    reply.truncate(start);
  }

  /** The script has ended that was left. */
  #goOn(writeReply: (reply: ReplyWriter) => void): void {
    const c = this.#context;
    const { reply, effects, executor, scripts } = c;
    const start = reply.length;
    reply.raw(this.#replied, 0, this.#replied.length);
    executor.inside(this.#session, () => writeReply(reply));
    const isDone = this.#calls();
    this.#keep(start);
    if (!isDone) {
      scripts.follow((write) => this.#goOn(write));
      return;
    }
    effects.release();
    if (this.#session.waiting?.wait === this.#wait) executor.waiters.timeOut(this.#session);
  }
}
