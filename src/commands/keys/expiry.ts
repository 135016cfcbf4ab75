// Deadlines of keys: EXPIRE and its kin, TTL and its kin, PERSIST.

import { asciiBytes } from "../../base/bytes.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import { Events } from "../../engine/events.ts";
import { Errors } from "../../protocol/errors.ts";
import { NO_DEADLINE } from "../../structures/record.ts";
import { keyArg, oneOf } from "../shared/argument-docs.ts";
import { toDeadline, Unit } from "../shared/deadlines.ts";
import { NX, XX } from "../shared/words.ts";

const condition: ArgumentDoc = {
  ...oneOf("condition", "NX", "XX", "GT", "LT"),
  since: "7.0.0",
  optional: true,
};

export const expire: Command = {
  name: "expire",
  arity: -3,
  flags: "write fast",
  keys: "RW update",
  group: "generic",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Sets a key's deadline, in seconds from now.",
  args: [keyArg, { name: "seconds", type: "integer" }, condition],
  handler: (c) => expireIn(c, Unit.seconds),
};

export const pexpire: Command = {
  name: "pexpire",
  arity: -3,
  flags: "write fast",
  keys: "RW update",
  group: "generic",
  since: "2.6.0",
  complexity: "O(1)",
  summary: "Sets a key's deadline, in milliseconds from now.",
  args: [keyArg, { name: "milliseconds", type: "integer" }, condition],
  handler: (c) => expireIn(c, Unit.ms),
};

export const expireat: Command = {
  name: "expireat",
  arity: -3,
  flags: "write fast",
  keys: "RW update",
  group: "generic",
  since: "1.2.0",
  complexity: "O(1)",
  summary: "Sets a key's deadline, in seconds since 1970.",
  args: [keyArg, { name: "unix-time-seconds", type: "unix-time" }, condition],
  handler: (c) => expireIn(c, Unit.atSeconds),
};

export const pexpireat: Command = {
  name: "pexpireat",
  arity: -3,
  flags: "write fast",
  keys: "RW update",
  group: "generic",
  since: "2.6.0",
  complexity: "O(1)",
  summary: "Sets a key's deadline, in milliseconds since 1970.",
  args: [keyArg, { name: "unix-time-milliseconds", type: "unix-time" }, condition],
  handler: (c) => expireIn(c, Unit.atMs),
};

export const ttl: Command = {
  name: "ttl",
  arity: 2,
  flags: "readonly fast",
  tips: "nondeterministic_output",
  keys: "RO access",
  group: "generic",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Returns how many seconds a key has left.",
  args: [keyArg],
  handler: (c) => timeLeft(c, 1000),
};

export const pttl: Command = {
  name: "pttl",
  arity: 2,
  flags: "readonly fast",
  tips: "nondeterministic_output",
  keys: "RO access",
  group: "generic",
  since: "2.6.0",
  complexity: "O(1)",
  summary: "Returns how many milliseconds a key has left.",
  args: [keyArg],
  handler: (c) => timeLeft(c, 1),
};

export const expiretime: Command = {
  name: "expiretime",
  arity: 2,
  flags: "readonly fast",
  keys: "RO access",
  group: "generic",
  since: "7.0.0",
  complexity: "O(1)",
  summary: "Returns a key's deadline in seconds since 1970.",
  args: [keyArg],
  handler: (c) => replyDeadline(c, 1000),
};

export const pexpiretime: Command = {
  name: "pexpiretime",
  arity: 2,
  flags: "readonly fast",
  keys: "RO access",
  group: "generic",
  since: "7.0.0",
  complexity: "O(1)",
  summary: "Returns a key's deadline in milliseconds since 1970.",
  args: [keyArg],
  handler: (c) => replyDeadline(c, 1),
};

export const persist: Command = {
  name: "persist",
  arity: 2,
  flags: "write fast",
  keys: "RW update",
  group: "generic",
  since: "2.2.0",
  complexity: "O(1)",
  summary: "Takes a key's deadline away.",
  args: [keyArg],
  handler: persistCommand,
};

function persistCommand(c: Context): void {
  const entry = c.findForWrite(1);
  if (entry === 0 || !c.keyspace.records.hasDeadline(entry)) {
    c.reply.integer(0);
    return;
  }
  c.keyspace.setDeadline(c.db, entry, NO_DEADLINE);
  c.modified(1, Events.persist);
  c.reply.integer(1);
}

export const expiryCommands: readonly Command[] = [
  expire,
  pexpire,
  expireat,
  pexpireat,
  ttl,
  pttl,
  expiretime,
  pexpiretime,
  persist,
];

const GT = asciiBytes("gt");
const LT = asciiBytes("lt");

/** Conditions of EXPIRE, one bit each. */
const If = { none: 1, some: 2, later: 4, earlier: 8 } as const;

/** The conditions from argument 3 on, or −1 when an error has been replied. */
function conditions(c: Context): number {
  const { args, reply } = c;
  let flags = 0;
  for (let i = 3; i < args.count; i++) {
    if (args.is(i, NX)) flags |= If.none;
    else if (args.is(i, XX)) flags |= If.some;
    else if (args.is(i, GT)) flags |= If.later;
    else if (args.is(i, LT)) flags |= If.earlier;
    else {
      reply.errorText(`ERR Unsupported option ${args.text(i)}`);
      return -1;
    }
  }
  if ((flags & If.none) !== 0 && flags !== If.none) {
    reply.errorText("ERR NX and XX, GT or LT options at the same time are not compatible");
    return -1;
  }
  if ((flags & If.later) !== 0 && (flags & If.earlier) !== 0) {
    reply.errorText("ERR GT and LT options at the same time are not compatible");
    return -1;
  }
  return flags;
}

function holds(flags: number, current: number, deadline: number): boolean {
  const none = current === NO_DEADLINE;
  if ((flags & If.none) !== 0 && !none) return false;
  if ((flags & If.some) !== 0 && none) return false;
  // No deadline counts as one that never comes.
  if ((flags & If.later) !== 0 && (none || deadline <= current)) return false;
  return (flags & If.earlier) === 0 || none || deadline < current;
}

function expireIn(c: Context, unit: number): void {
  const { args, keyspace, reply } = c;
  const flags = conditions(c);
  if (flags < 0) return;
  const value = args.integer(2);
  if (Number.isNaN(value)) {
    reply.error(Errors.notInteger);
    return;
  }
  const deadline = toDeadline(c, 2, value, unit);
  if (Number.isNaN(deadline)) {
    reply.errorText(`ERR invalid expire time in '${c.command?.fullName}' command`);
    return;
  }
  const entry = c.findForWrite(1);
  if (entry === 0 || !holds(flags, keyspace.records.deadline(entry), deadline)) {
    reply.integer(0);
    return;
  }
  if (deadline <= c.now) {
    keyspace.remove(c.db, entry);
    c.effect(2);
    c.effectText("DEL");
    c.effectArg(1);
    c.modified(1, Events.del);
  } else {
    keyspace.setDeadline(c.db, entry, deadline);
    c.effect(3);
    c.effectText("PEXPIREAT");
    c.effectArg(1);
    c.effectInteger(deadline);
    c.modified(1, Events.expire);
  }
  reply.integer(1);
}

/** The entry of the key at argument 1, or 0 after the reply −2; −1 after the reply −1. */
function withDeadline(c: Context): number {
  const entry = c.peek(1);
  if (entry === 0) {
    c.reply.integer(-2);
    return 0;
  }
  if (c.keyspace.records.hasDeadline(entry)) return entry;
  c.reply.integer(-1);
  return -1;
}

function timeLeft(c: Context, unitMs: number): void {
  const entry = withDeadline(c);
  if (entry <= 0) return;
  const left = Math.max(0, c.keyspace.records.deadline(entry) - c.now);
  replyTime(c, left, unitMs);
}

function replyDeadline(c: Context, unitMs: number): void {
  const entry = withDeadline(c);
  if (entry > 0) replyTime(c, c.keyspace.records.deadline(entry), unitMs);
}

/** Milliseconds as replies have them: as they are, or (1000) in seconds, rounded. */
export function timeIn(unitMs: number, ms: number): number {
  return unitMs === 1 ? ms : Math.floor((ms + 500) / 1000);
}

function replyTime(c: Context, ms: number, unitMs: number): void {
  const time = timeIn(unitMs, ms);
  if (Number.isSafeInteger(time)) c.reply.integer(time);
  else c.reply.integer64(BigInt(time));
}
