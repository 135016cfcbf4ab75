// Strings: SET and GET and the other commands that take or give a whole value. Their parts are
// in string-parts.ts, the numbers that they spell in string-numbers.ts.

import { asciiBytes } from "../../base/bytes.ts";
import type { Command, Context } from "../../engine/context.ts";
import { EventClass, Events, keyEvent } from "../../engine/events.ts";
import { type FoundKeys, KeyFlag } from "../../engine/key-specs.ts";
import { STRING } from "../../keyspace/data-type.ts";
import { KEEP_DEADLINE } from "../../keyspace/keyspace.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { Errors, wrongArity } from "../../protocol/errors.ts";
import { NO_DEADLINE } from "../../structures/record.ts";
import { stringKind } from "../../types/strings.ts";
import { expirationArg, keyArg, keysArg } from "../shared/argument-docs.ts";
import { INVALID_DEADLINE, parseDeadline, Unit, unitOption } from "../shared/deadlines.ts";
import { NX, XX } from "../shared/words.ts";
import { Condition, conditionAt, isMetByNothing, meets } from "./conditions.ts";

/** What the commands of the family tell of a key. */
export const StringEvents = {
  set: keyEvent(EventClass.string, "set"),
  setrange: keyEvent(EventClass.string, "setrange"),
  append: keyEvent(EventClass.string, "append"),
  incrby: keyEvent(EventClass.string, "incrby"),
  incrbyfloat: keyEvent(EventClass.string, "incrbyfloat"),
} as const;

export const set: Command = {
  name: "set",
  arity: -3,
  flags: "write denyoom",
  keys: [
    {
      index: 1,
      flags: "RW access update variable_flags",
      notes: "RW and ACCESS due to the optional `GET` argument",
    },
  ],
  findKeys: findSetKey,
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Sets a key to a string, whatever it held before.",
  args: [
    keyArg,
    { name: "value", type: "string" },
    {
      name: "condition",
      type: "oneof",
      since: "2.6.12",
      optional: true,
      arguments: [
        { name: "nx", type: "pure-token", token: "NX" },
        { name: "xx", type: "pure-token", token: "XX" },
        { name: "ifeq-value", type: "string", token: "IFEQ", since: "8.4.0" },
        { name: "ifne-value", type: "string", token: "IFNE", since: "8.4.0" },
        { name: "ifdeq-digest", type: "string", token: "IFDEQ", since: "8.4.0" },
        { name: "ifdne-digest", type: "string", token: "IFDNE", since: "8.4.0" },
      ],
    },
    { name: "get", type: "pure-token", token: "GET", since: "6.2.0", optional: true },
    {
      name: "expiration",
      type: "oneof",
      optional: true,
      arguments: [
        { name: "seconds", type: "integer", token: "EX", since: "2.6.12" },
        { name: "milliseconds", type: "integer", token: "PX", since: "2.6.12" },
        { name: "unix-time-seconds", type: "unix-time", token: "EXAT", since: "6.2.0" },
        { name: "unix-time-milliseconds", type: "unix-time", token: "PXAT", since: "6.2.0" },
        { name: "keepttl", type: "pure-token", token: "KEEPTTL", since: "6.0.0" },
      ],
    },
  ],
  handler: setCommand,
};

function setCommand(c: Context): void {
  if (c.args.count > 3) {
    setWithOptions(c);
    return;
  }
  setTo(c, 1, 2, NO_DEADLINE);
  c.modified(1, StringEvents.set);
  c.reply.ok();
}

export const get: Command = {
  name: "get",
  arity: 2,
  flags: "readonly fast",
  keys: "RO access",
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Returns the string of a key.",
  args: [keyArg],
  handler: getCommand,
};

function getCommand(c: Context): void {
  const entry = c.findTyped(1, STRING);
  if (entry > 0) replyValue(c, entry);
  else if (entry === 0) c.reply.null();
}

export const getset: Command = {
  name: "getset",
  arity: 3,
  flags: "write denyoom fast",
  keys: "RW access update",
  group: "string",
  since: "1.0.0",
  deprecated: ["6.2.0", "`SET` with the `!GET` argument"],
  complexity: "O(1)",
  summary: "Sets a key to a string and returns the one it held.",
  args: [keyArg, { name: "value", type: "string" }],
  handler: getsetCommand,
};

function getsetCommand(c: Context): void {
  const entry = c.findTyped(1, STRING);
  if (entry < 0) return;
  if (entry === 0) c.reply.null();
  else replyValue(c, entry);
  setTo(c, 1, 2, NO_DEADLINE);
  c.effect(3);
  c.effectText("SET");
  c.effectArg(1);
  c.effectArg(2);
  c.modified(1, StringEvents.set);
}

export const getdel: Command = {
  name: "getdel",
  arity: 2,
  flags: "write fast",
  keys: "RW access delete",
  group: "string",
  since: "6.2.0",
  complexity: "O(1)",
  summary: "Returns the string of a key and deletes the key.",
  args: [keyArg],
  handler: getdelCommand,
};

function getdelCommand(c: Context): void {
  const entry = c.findTyped(1, STRING);
  if (entry < 0) return;
  if (entry === 0) {
    c.reply.null();
    return;
  }
  replyValue(c, entry);
  c.keyspace.remove(c.db, entry);
  c.effect(2);
  c.effectText("DEL");
  c.effectArg(1);
  c.modified(1, Events.del);
}

export const getex: Command = {
  name: "getex",
  arity: -2,
  flags: "write fast",
  keys: [
    { index: 1, flags: "RW access update", notes: "RW and UPDATE because it changes the TTL" },
  ],
  group: "string",
  since: "6.2.0",
  complexity: "O(1)",
  summary: "Returns the string of a key and sets or clears its deadline.",
  args: [keyArg, expirationArg("PERSIST")],
  handler: getexCommand,
};

function getexCommand(c: Context): void {
  const { args } = c;
  let persist = false;
  let unit = 0;
  let unitAt = 0;
  for (let i = 2; i < args.count; i++) {
    const timed = unitOption(c, i);
    if (args.is(i, PERSIST) && unit === 0) persist = true;
    else if (timed !== 0 && !persist && (unit === 0 || unit === timed) && i + 1 < args.count) {
      unit = timed;
      unitAt = ++i;
    } else {
      c.reply.error(Errors.syntax);
      return;
    }
  }
  const entry = c.findTyped(1, STRING);
  if (entry < 0) return;
  if (entry === 0) {
    c.reply.null();
    return;
  }
  let deadline = NO_DEADLINE;
  if (unit !== 0) {
    deadline = parseDeadline(c, unitAt, unit);
    if (deadline === INVALID_DEADLINE) return;
  }
  replyValue(c, entry);
  if ((unit === Unit.atSeconds || unit === Unit.atMs) && deadline <= c.now) {
    c.keyspace.remove(c.db, entry);
    c.effect(2);
    c.effectText("DEL");
    c.effectArg(1);
    c.modified(1, Events.del);
  } else if (unit !== 0) {
    c.keyspace.setDeadline(c.db, entry, deadline);
    c.effect(3);
    c.effectText("PEXPIREAT");
    c.effectArg(1);
    c.effectInteger(deadline);
    c.modified(1, Events.expire);
  } else if (persist && c.keyspace.records.hasDeadline(entry)) {
    c.keyspace.setDeadline(c.db, entry, NO_DEADLINE);
    c.effect(2);
    c.effectText("PERSIST");
    c.effectArg(1);
    c.modified(1, Events.persist);
  }
}

export const mget: Command = {
  name: "mget",
  arity: -2,
  flags: "readonly fast",
  tips: "request_policy:multi_shard",
  keys: [{ index: 1, last: -1, flags: "RO access" }],
  group: "string",
  since: "1.0.0",
  complexity: "O(N) where N is the number of keys to retrieve.",
  summary: "Returns the strings of several keys.",
  args: [keysArg],
  handler: mgetCommand,
};

function mgetCommand(c: Context): void {
  const { args, reply, keyspace } = c;
  reply.array(args.count - 1);
  for (let i = 1; i < args.count; i++) {
    const entry = c.find(i);
    if (entry !== 0 && keyspace.typeOf(entry) === STRING) replyValue(c, entry);
    else reply.null();
  }
}

export const mset: Command = {
  name: "mset",
  arity: -3,
  flags: "write denyoom",
  tips: "request_policy:multi_shard response_policy:all_succeeded",
  keys: [{ index: 1, last: -1, step: 2, flags: "OW update" }],
  group: "string",
  since: "1.0.1",
  complexity: "O(N) where N is the number of keys to set.",
  summary: "Sets several keys to strings at once.",
  args: [
    {
      name: "key_value",
      type: "block",
      multiple: true,
      arguments: [keyArg, { name: "value", type: "string" }],
    },
  ],
  handler: msetCommand,
};

function msetCommand(c: Context): void {
  if (!paired(c)) return;
  setPairs(c);
  c.reply.ok();
}

export const msetnx: Command = {
  name: "msetnx",
  arity: -3,
  flags: "write denyoom",
  tips: "request_policy:multi_shard response_policy:agg_min",
  keys: [{ index: 1, last: -1, step: 2, flags: "OW insert" }],
  group: "string",
  since: "1.0.1",
  complexity: "O(N) where N is the number of keys to set.",
  summary: "Sets several keys to strings if none of them exists.",
  args: [
    {
      name: "key_value",
      type: "block",
      multiple: true,
      arguments: [keyArg, { name: "value", type: "string" }],
    },
  ],
  handler: msetnxCommand,
};

function msetnxCommand(c: Context): void {
  if (!paired(c)) return;
  for (let i = 1; i < c.args.count; i += 2) {
    if (c.findForWrite(i) !== 0) {
      c.reply.integer(0);
      return;
    }
  }
  setPairs(c);
  c.reply.integer(1);
}

export const setnx: Command = {
  name: "setnx",
  arity: 3,
  flags: "write denyoom fast",
  keys: "OW insert",
  group: "string",
  since: "1.0.0",
  deprecated: ["2.6.12", "`SET` with the `NX` argument"],
  complexity: "O(1)",
  summary: "Sets a key to a string if the key does not exist.",
  args: [keyArg, { name: "value", type: "string" }],
  handler: setnxCommand,
};

function setnxCommand(c: Context): void {
  if (c.findForWrite(1) !== 0) {
    c.reply.integer(0);
    return;
  }
  setTo(c, 1, 2, NO_DEADLINE);
  c.modified(1, StringEvents.set);
  c.reply.integer(1);
}

export const setex: Command = {
  name: "setex",
  arity: 4,
  flags: "write denyoom",
  keys: "OW update",
  group: "string",
  since: "2.0.0",
  deprecated: ["2.6.12", "`SET` with the `EX` argument"],
  complexity: "O(1)",
  summary: "Sets a key to a string with a deadline in seconds.",
  args: [keyArg, { name: "seconds", type: "integer" }, { name: "value", type: "string" }],
  handler: setexCommand,
};

function setexCommand(c: Context): void {
  setForTime(c, Unit.seconds);
}

export const psetex: Command = {
  name: "psetex",
  arity: 4,
  flags: "write denyoom",
  keys: "OW update",
  group: "string",
  since: "2.6.0",
  deprecated: ["2.6.12", "`SET` with the `PX` argument"],
  complexity: "O(1)",
  summary: "Sets a key to a string with a deadline in milliseconds.",
  args: [keyArg, { name: "milliseconds", type: "integer" }, { name: "value", type: "string" }],
  handler: psetexCommand,
};

function psetexCommand(c: Context): void {
  setForTime(c, Unit.ms);
}

export const stringCommands: readonly Command[] = [
  set,
  get,
  getset,
  getdel,
  getex,
  mget,
  mset,
  msetnx,
  setnx,
  setex,
  psetex,
];

const GET = asciiBytes("get");
const KEEPTTL = asciiBytes("keepttl");
const PERSIST = asciiBytes("persist");

/** Sets the key at argument i to the string at argument j. */
export function setTo(c: Context, i: number, j: number, deadline: number): void {
  const { args } = c;
  const start = args.starts[j];
  const end = args.ends[j];
  c.setString(i, stringKind(args.bytes, start, end), args.bytes, start, end, deadline);
}

function replyValue(c: Context, entry: number): void {
  const { records } = c.keyspace;
  records.value(entry);
  c.reply.bulk(records.bytes, records.start, records.end);
}

/** Whether SET is to return the old value, or to compare it: then it reads the key too. */
function findSetKey(args: Arguments, found: FoundKeys): boolean {
  let flags: number = KeyFlag.OW | KeyFlag.update;
  for (let i = 3; i < args.count; i++) {
    const reads = args.is(i, GET) || conditionAt(args, i) !== Condition.none;
    if (reads) flags = KeyFlag.RW | KeyFlag.access | KeyFlag.update;
  }
  found.add(1, flags);
  return true;
}

function setWithOptions(c: Context): void {
  const { args, reply } = c;
  let onlyNew = false;
  let onlyOld = false;
  let get = false;
  let keep = false;
  let unit = 0;
  let unitAt = 0;
  let condition: number = Condition.none;
  let conditionValueAt = 0;
  for (let i = 3; i < args.count; i++) {
    const timed = unitOption(c, i);
    const asked = conditionAt(args, i);
    const mayAsk = !onlyNew && !onlyOld && (condition === Condition.none || condition === asked);
    if (args.is(i, NX) && !onlyOld && condition === Condition.none) onlyNew = true;
    else if (args.is(i, XX) && !onlyNew && condition === Condition.none) onlyOld = true;
    else if (asked !== Condition.none && mayAsk && i + 1 < args.count) {
      condition = asked;
      conditionValueAt = ++i;
    } else if (args.is(i, GET)) get = true;
    else if (args.is(i, KEEPTTL) && unit === 0) keep = true;
    else if (timed !== 0 && !keep && (unit === 0 || unit === timed) && i + 1 < args.count) {
      unit = timed;
      unitAt = ++i;
    } else {
      reply.error(Errors.syntax);
      return;
    }
  }
  let deadline = keep ? KEEP_DEADLINE : NO_DEADLINE;
  if (unit !== 0) {
    deadline = parseDeadline(c, unitAt, unit);
    if (deadline === INVALID_DEADLINE) return;
  }
  const entry = get ? c.findTyped(1, STRING) : c.findForWrite(1);
  if (entry < 0) return;
  if (get) {
    if (entry === 0) reply.null();
    else replyValue(c, entry);
  }
  let refused = entry !== 0 ? onlyNew : onlyOld || !isMetByNothing(condition);
  if (entry !== 0 && condition !== Condition.none) {
    const found = c.keyspace.typeOf(entry);
    if (found !== STRING) return c.wrongType(found, STRING);
    const met = meets(c, entry, condition, conditionValueAt);
    if (met < 0) return;
    refused = met === 0;
  }
  if (refused) {
    if (!get) reply.null();
    return;
  }
  setTo(c, 1, 2, deadline);
  if (condition !== Condition.none && unit === 0) {
    // The log is for servers that don't know of conditions, too.
    c.effect(keep ? 4 : 3);
    c.effectText("SET");
    c.effectArg(1);
    c.effectArg(2);
    if (keep) c.effectText("KEEPTTL");
  } else if (unit === Unit.seconds || unit === Unit.ms || condition !== Condition.none) {
    c.effect(5);
    c.effectText("SET");
    c.effectArg(1);
    c.effectArg(2);
    c.effectText("PXAT");
    c.effectInteger(deadline);
  }
  c.modified(1, StringEvents.set);
  if (unit !== 0) c.event(1, Events.expire);
  if (!get) reply.ok();
}

function setForTime(c: Context, unit: number): void {
  const deadline = parseDeadline(c, 2, unit);
  if (deadline === INVALID_DEADLINE) return;
  setTo(c, 1, 3, deadline);
  c.effect(5);
  c.effectText("SET");
  c.effectArg(1);
  c.effectArg(3);
  c.effectText("PXAT");
  c.effectInteger(deadline);
  c.modified(1, StringEvents.set);
  c.event(1, Events.expire);
  c.reply.ok();
}

/** Whether the arguments pair up; replies where they don't. */
function paired(c: Context): boolean {
  if ((c.args.count & 1) === 1) return true;
  c.reply.errorText(wrongArity(c.command?.fullName ?? ""));
  return false;
}

function setPairs(c: Context): void {
  for (let i = 1; i < c.args.count; i += 2) {
    setTo(c, i, i + 1, NO_DEADLINE);
    c.modified(i, StringEvents.set);
  }
}
