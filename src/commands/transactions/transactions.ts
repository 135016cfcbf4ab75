// Transactions: MULTI queues what follows, EXEC executes it in one go, WATCH makes EXEC depend on
// keys not having changed. The executor queues (see Gate.transaction); what EXEC executed goes to
// the log as one unit, and sessions that wait for keys are served after it.

import { utf8Text } from "../../base/bytes.ts";
import type { Command, Context } from "../../engine/context.ts";
import type { QueuedCommand } from "../../engine/transaction.ts";
import { errorLine } from "../../protocol/errors.ts";
import { keysArg } from "../shared/argument-docs.ts";

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
  reply.array(queue.length);
  executor.inside(session, () => execute(c, queue));
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

/** Calls what was queued, one after the other; what it did reaches the log as one. */
function execute(c: Context, queue: readonly QueuedCommand[]): void {
  c.inTransaction = true;
  c.effects.hold();
  for (const { command, args } of queue) {
    c.db = c.session.db;
    c.executor.call(command, args);
  }
  c.effects.release();
  c.inTransaction = false;
}
