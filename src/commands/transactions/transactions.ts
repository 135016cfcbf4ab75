// Transactions: MULTI queues what follows, EXEC executes it in one go, WATCH makes EXEC depend on
// keys not having changed. The executor queues (see Gate.transaction); what EXEC executed goes to
// the log as one unit, and sessions that wait for keys are served after it.

import { equalBytes, utf8Text } from "../../base/bytes.ts";
import type { Command, Context } from "../../engine/context.ts";
import { Gate, type Session } from "../../engine/session.ts";
import type { Arguments } from "../../protocol/arguments.ts";
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
  handler: multiCommand,
};

export const exec: Command = {
  name: "exec",
  arity: 1,
  flags: "noscript loading stale skip_slowlog",
  group: "transactions",
  since: "1.2.0",
  complexity: "Depends on commands in the transaction",
  summary: "Executes the queued commands as one unit.",
  handler: execCommand,
};

export const discard: Command = {
  name: "discard",
  arity: 1,
  flags: "noscript loading stale fast allow_busy",
  group: "transactions",
  since: "2.0.0",
  complexity: "O(N), when N is the number of queued commands",
  summary: "Gives the transaction up and forgets the queued commands.",
  handler: discardCommand,
};

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
  handler: watchCommand,
};

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

export const transactionCommands: readonly Command[] = [multi, exec, discard, watch, unwatch];

function multiCommand(c: Context): void {
  const { session } = c;
  if (session.queue !== null) {
    c.reply.error(multiNested);
    return;
  }
  session.queue = [];
  session.setGate(Gate.transaction, true);
  c.reply.ok();
}

function discardCommand(c: Context): void {
  if (c.session.queue === null) {
    c.reply.error(discardWithoutMulti);
    return;
  }
  c.executor.endTransaction(c.session);
  c.reply.ok();
}

function unwatchCommand(c: Context): void {
  c.executor.unwatch(c.session);
  c.reply.ok();
}

function watchCommand(c: Context): void {
  const { args, db, keyspace, session } = c;
  if (session.queue !== null) {
    c.reply.error(watchInMulti);
    return;
  }
  for (let i = 1; i < args.count; i++) {
    if (isWatching(session, db, args, i)) continue;
    const start = args.starts[i];
    const end = args.ends[i];
    // A key whose time is over already counts as absent: its deletion later is no change.
    keyspace.peek(db, args.bytes, start, end);
    const version = keyspace.watched.watch(db, args.bytes, start, end);
    session.watches.push({ db, key: args.copy(i), version });
  }
  c.reply.ok();
}

function isWatching(session: Session, db: number, args: Arguments, i: number): boolean {
  for (const { db: other, key } of session.watches) {
    if (other !== db) continue;
    if (equalBytes(key, 0, key.length, args.bytes, args.starts[i], args.ends[i])) return true;
  }
  return false;
}

/** Whether a watched key has changed, or its time is over, since WATCH. */
function watchedChanged(c: Context): boolean {
  for (const { db, key, version } of c.session.watches) {
    // One whose time is over is deleted by this, which raises its version.
    c.keyspace.peek(db, key, 0, key.length);
    if (c.keyspace.watched.version(db, key, 0, key.length) !== version) return true;
  }
  return false;
}

function execCommand(c: Context): void {
  const { session, reply, executor } = c;
  const { queue, queuedCommands } = session;
  if (queue === null) {
    reply.error(execWithoutMulti);
    return;
  }
  if (session.queueFailed) {
    executor.endTransaction(session);
    reply.error(execAborted);
    return;
  }
  if (watchedChanged(c)) {
    executor.endTransaction(session);
    reply.nullArray();
    return;
  }
  executor.endTransaction(session);
  let flags = 0;
  for (const command of queuedCommands) flags |= command.flags;
  const refused = executor.refusal(flags);
  if (refused !== undefined) {
    const text = utf8Text(refused, 1, refused.length).trimEnd();
    reply.errorText(`EXECABORT Transaction discarded because of: ${text}`);
    return;
  }
  const { args, command } = c;
  c.inTransaction = true;
  c.effects.hold();
  reply.array(queue.length);
  for (let i = 0; i < queue.length; i++) {
    c.db = session.db;
    executor.call(queuedCommands[i], queue[i]);
  }
  c.effects.release();
  c.inTransaction = false;
  if (c.slept) {
    c.slept = false;
    executor.setNow(c.services.nowMs());
  }
  c.args = args;
  c.command = command;
  // What changed has been counted and recorded, command by command.
  c.changes = 0;
}
