// Replicas, of which there are none: who asks for them is told so, or waits for them in vain, as on
// a redis-server that has none. WAITAOF is about the log as well, and means it: a sync begins,
// whatever appendfsync says, and the client waits until everything that was written before, by
// whomever, is on the disk; others are served meanwhile, and who asks during a sync shares the
// next one.

import { asciiBytes } from "../../base/bytes.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import type { Wait } from "../../engine/wait.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";

const timeoutNotInteger = errorLine("ERR timeout is not an integer or out of range");
const timeoutNegative = errorLine("ERR timeout is negative");
const timeoutOutOfRange = errorLine("ERR timeout is out of range");
const zeroOrOne = errorLine("ERR value is out of range, value must between 0 and 1");
const noLog = errorLine(
  "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.",
);
const invalidPort = errorLine("ERR Invalid master port");
const noReplication = errorLine("ERR there is no replication in this version");

const masterArgs: readonly ArgumentDoc[] = [
  {
    name: "args",
    type: "oneof",
    arguments: [
      {
        name: "host-port",
        type: "block",
        arguments: [
          { name: "host", type: "string" },
          { name: "port", type: "integer" },
        ],
      },
      {
        name: "no-one",
        type: "block",
        arguments: [
          { name: "no", type: "pure-token", token: "NO" },
          { name: "one", type: "pure-token", token: "ONE" },
        ],
      },
    ],
  },
];

export const replicaof: Command = {
  name: "replicaof",
  arity: 3,
  flags: "no_async_loading admin noscript stale",
  group: "server",
  since: "5.0.0",
  complexity: "O(1)",
  summary: "Takes NO ONE, which it always is; a server cannot become a replica.",
  args: masterArgs,
  handler: replicaofCommand,
};

function replicaofCommand(c: Context): void {
  const { args, reply } = c;
  if (args.is(1, NO) && args.is(2, ONE)) {
    reply.ok();
    return;
  }
  const port = args.integer(2);
  if (!(port >= 0 && port <= 65535)) reply.error(invalidPort);
  else reply.error(noReplication);
}

export const slaveof: Command = {
  ...replicaof,
  name: "slaveof",
  since: "1.0.0",
  deprecated: ["5.0.0", "`REPLICAOF`"],
};

const NO = asciiBytes("no");
const ONE = asciiBytes("one");

export const wait: Command = {
  name: "wait",
  arity: 3,
  flags: "blocking",
  tips: "request_policy:all_shards response_policy:agg_min",
  categories: "connection",
  group: "generic",
  since: "3.0.0",
  complexity: "O(1)",
  summary: "Waits until so many replicas have what was written; there are none.",
  args: [
    { name: "numreplicas", type: "integer" },
    { name: "timeout", type: "integer" },
  ],
  handler: waitCommand,
};

function waitCommand(c: Context): void {
  const replicas = c.args.integer(1);
  if (Number.isNaN(replicas)) {
    c.reply.error(Errors.notInteger);
    return;
  }
  const timeoutMs = timeout(c, 2);
  if (timeoutMs < 0) return;
  if (replicas <= 0) c.reply.integer(0);
  else c.waitFor(forReplicas, [], timeoutMs);
}

export const waitaof: Command = {
  name: "waitaof",
  arity: 4,
  flags: "blocking",
  tips: "request_policy:all_shards response_policy:agg_min",
  categories: "connection",
  group: "generic",
  since: "7.2.0",
  complexity: "O(1)",
  summary: "Waits until what was written is on the disk, here and at replicas.",
  args: [
    { name: "numlocal", type: "integer" },
    { name: "numreplicas", type: "integer" },
    { name: "timeout", type: "integer" },
  ],
  handler: waitaofCommand,
};

function waitaofCommand(c: Context): void {
  const { args, reply } = c;
  const local = args.integer(1);
  const replicas = args.integer(2);
  if (!(local === 0 || local === 1)) {
    reply.error(Number.isNaN(local) ? Errors.notInteger : zeroOrOne);
    return;
  }
  if (!(replicas >= 0)) {
    reply.error(Number.isNaN(replicas) ? Errors.notInteger : Errors.notPositive);
    return;
  }
  const timeoutMs = timeout(c, 3);
  if (timeoutMs < 0) return;
  const point = c.services.syncPoint();
  if (local === 1 && point === null) {
    reply.error(noLog);
    return;
  }
  const { session } = c;
  // Inside a transaction nothing of it is in the log yet, and nobody waits. Programs do in place.
  const mayWait = !c.inTransaction && !c.executor.transactionOpen;
  if (local === 1 && mayWait && session.link === undefined) point?.sync();
  const answer = (to: ReplyWriter): void => replyBoth(to, point?.isSynced === true ? 1 : 0);
  if (replicas === 0 && (local === 0 || point?.isSynced === true)) {
    answer(reply);
    return;
  }
  const wait = inVain(answer);
  c.waitFor(wait, [], timeoutMs);
  if (local === 0 || session.waiting?.wait !== wait) return;
  point?.whenSynced(() => {
    const isOver = replicas === 0 && session.waiting?.wait === wait;
    if (isOver) c.executor.waiters.timeOut(session);
  });
}

export const replicaCommands: readonly Command[] = [replicaof, slaveof, wait, waitaof];

/** Replicas do not come: only the time ends the wait, or what else the command waits for. */
function inVain(reply: (reply: ReplyWriter) => void): Wait {
  return { wakes: () => false, hearsAll: false, denied: reply, timedOut: reply };
}

const forReplicas = inVain((reply) => reply.integer(0));

function replyBoth(reply: ReplyWriter, local: number): void {
  reply.array(2);
  reply.integer(local);
  reply.integer(0);
}

/** Argument i as a timeout in milliseconds, 0 for ever; −1 when the error has been replied. */
function timeout(c: Context, i: number): number {
  let ms = c.args.integer(i);
  if (!Number.isFinite(ms)) ms = Number(c.args.integer64(i));
  let error: Uint8Array;
  if (Number.isNaN(ms)) error = timeoutNotInteger;
  else if (ms < 0) error = timeoutNegative;
  else if (ms + c.now >= 2 ** 63) error = timeoutOutOfRange;
  else return ms;
  c.reply.error(error);
  return -1;
}
