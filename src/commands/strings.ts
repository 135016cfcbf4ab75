// Strings: SET and GET and everything else that works on the bytes of one value.
//
// A string that spells an integer is kept as its text; its encoding is reported as `int`, as
// Redis would have it. Numbers within ±(2^53 − 1) are added as numbers, others as BigInt.

import { asciiBytes } from "../base/bytes.ts";
import { addFloatsInto, FLOAT_TEXT_MAX, FloatSumError } from "../base/doubles.ts";
import {
  INT64_MAX,
  INT64_MIN,
  parseIndex,
  parseInteger,
  parseInteger64,
  writeInteger,
  writeInteger64,
} from "../base/integers.ts";
import { Kind, Type } from "../keyspace/data-type.ts";
import { EMBEDDED_MAX, KEEP_DEADLINE, stringKind } from "../keyspace/keyspace.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { Errors } from "../protocol/errors.ts";
import { NO_DEADLINE } from "../structures/record.ts";
import type { Command } from "./command.ts";
import type { Context } from "./context.ts";
import { INVALID_DEADLINE, parseDeadline, Unit } from "./deadlines.ts";
import { Events } from "./events.ts";

export const set: Command = {
  name: "set",
  arity: -3,
  flags: "write denyoom",
  keys: [1, 1, 1],
  keyFlags: "RW access update variable_flags",
  keyFlagsOf: (args) => (hasGetOption(args) ? "RW access update" : "OW update"),
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Sets a key to a string, whatever it held before",
  args: [
    { name: "key", type: "key", keySpecIndex: 0 },
    { name: "value", type: "string" },
    {
      name: "condition",
      type: "oneof",
      since: "2.6.12",
      optional: true,
      arguments: [
        { name: "nx", type: "pure-token", token: "NX" },
        { name: "xx", type: "pure-token", token: "XX" },
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

export const get: Command = {
  name: "get",
  arity: 2,
  flags: "readonly fast",
  keys: [1, 1, 1],
  keyFlags: "RO access",
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Returns the string of a key",
  args: [{ name: "key", type: "key", keySpecIndex: 0 }],
  handler: getCommand,
};

export const getset: Command = {
  name: "getset",
  arity: 3,
  flags: "write denyoom fast",
  keys: [1, 1, 1],
  keyFlags: "RW access update",
  group: "string",
  since: "1.0.0",
  deprecated: ["6.2.0", "`SET` with the `!GET` argument"],
  complexity: "O(1)",
  summary: "Sets a key to a string and returns the one it held",
  args: [
    { name: "key", type: "key", keySpecIndex: 0 },
    { name: "value", type: "string" },
  ],
  handler: getsetCommand,
};

export const getdel: Command = {
  name: "getdel",
  arity: 2,
  flags: "write fast",
  keys: [1, 1, 1],
  keyFlags: "RW access delete",
  group: "string",
  since: "6.2.0",
  complexity: "O(1)",
  summary: "Returns the string of a key and deletes the key",
  args: [{ name: "key", type: "key", keySpecIndex: 0 }],
  handler: getdelCommand,
};

export const getex: Command = {
  name: "getex",
  arity: -2,
  flags: "write fast",
  keys: [1, 1, 1],
  keyFlags: "RW access update",
  group: "string",
  since: "6.2.0",
  complexity: "O(1)",
  summary: "Returns the string of a key and sets or clears its deadline",
  args: [
    { name: "key", type: "key", keySpecIndex: 0 },
    {
      name: "expiration",
      type: "oneof",
      optional: true,
      arguments: [
        { name: "seconds", type: "integer", token: "EX" },
        { name: "milliseconds", type: "integer", token: "PX" },
        { name: "unix-time-seconds", type: "unix-time", token: "EXAT" },
        { name: "unix-time-milliseconds", type: "unix-time", token: "PXAT" },
        { name: "persist", type: "pure-token", token: "PERSIST" },
      ],
    },
  ],
  handler: getexCommand,
};

export const mget: Command = {
  name: "mget",
  arity: -2,
  flags: "readonly fast",
  tips: "request_policy:multi_shard",
  keys: [1, -1, 1],
  keyFlags: "RO access",
  group: "string",
  since: "1.0.0",
  complexity: "O(N) where N is the number of keys to retrieve.",
  summary: "Returns the strings of several keys",
  args: [{ name: "key", type: "key", keySpecIndex: 0, multiple: true }],
  handler: mgetCommand,
};

export const mset: Command = {
  name: "mset",
  arity: -3,
  flags: "write denyoom",
  tips: "request_policy:multi_shard response_policy:all_succeeded",
  keys: [1, -1, 2],
  keyFlags: "OW update",
  group: "string",
  since: "1.0.1",
  complexity: "O(N) where N is the number of keys to set.",
  summary: "Sets several keys to strings at once",
  args: [
    {
      name: "key_value",
      type: "block",
      multiple: true,
      arguments: [
        { name: "key", type: "key", keySpecIndex: 0 },
        { name: "value", type: "string" },
      ],
    },
  ],
  handler: msetCommand,
};

export const msetnx: Command = {
  name: "msetnx",
  arity: -3,
  flags: "write denyoom",
  tips: "request_policy:multi_shard response_policy:agg_min",
  keys: [1, -1, 2],
  keyFlags: "OW insert",
  group: "string",
  since: "1.0.1",
  complexity: "O(N) where N is the number of keys to set.",
  summary: "Sets several keys to strings if none of them exists",
  args: [
    {
      name: "key_value",
      type: "block",
      multiple: true,
      arguments: [
        { name: "key", type: "key", keySpecIndex: 0 },
        { name: "value", type: "string" },
      ],
    },
  ],
  handler: msetnxCommand,
};

export const setnx: Command = {
  name: "setnx",
  arity: 3,
  flags: "write denyoom fast",
  keys: [1, 1, 1],
  keyFlags: "OW insert",
  group: "string",
  since: "1.0.0",
  deprecated: ["2.6.12", "`SET` with the `NX` argument"],
  complexity: "O(1)",
  summary: "Sets a key to a string if the key does not exist",
  args: [
    { name: "key", type: "key", keySpecIndex: 0 },
    { name: "value", type: "string" },
  ],
  handler: setnxCommand,
};

export const setex: Command = {
  name: "setex",
  arity: 4,
  flags: "write denyoom",
  keys: [1, 1, 1],
  keyFlags: "OW update",
  group: "string",
  since: "2.0.0",
  deprecated: ["2.6.12", "`SET` with the `EX` argument"],
  complexity: "O(1)",
  summary: "Sets a key to a string with a deadline in seconds",
  args: [
    { name: "key", type: "key", keySpecIndex: 0 },
    { name: "seconds", type: "integer" },
    { name: "value", type: "string" },
  ],
  handler: setexCommand,
};

export const psetex: Command = {
  name: "psetex",
  arity: 4,
  flags: "write denyoom",
  keys: [1, 1, 1],
  keyFlags: "OW update",
  group: "string",
  since: "2.6.0",
  deprecated: ["2.6.12", "`SET` with the `PX` argument"],
  complexity: "O(1)",
  summary: "Sets a key to a string with a deadline in milliseconds",
  args: [
    { name: "key", type: "key", keySpecIndex: 0 },
    { name: "milliseconds", type: "integer" },
    { name: "value", type: "string" },
  ],
  handler: psetexCommand,
};

export const append: Command = {
  name: "append",
  arity: 3,
  flags: "write denyoom fast",
  keys: [1, 1, 1],
  keyFlags: "RW insert",
  group: "string",
  since: "2.0.0",
  complexity:
    "O(1). The amortized time complexity is O(1) assuming the appended value is small and the already present value is of any size, since the dynamic string library used by Redis will double the free space available on every reallocation.",
  summary: "Appends to the string of a key",
  args: [
    { name: "key", type: "key", keySpecIndex: 0 },
    { name: "value", type: "string" },
  ],
  handler: appendCommand,
};

export const strlen: Command = {
  name: "strlen",
  arity: 2,
  flags: "readonly fast",
  keys: [1, 1, 1],
  keyFlags: "RO",
  group: "string",
  since: "2.2.0",
  complexity: "O(1)",
  summary: "Returns the length of a key's string in bytes",
  args: [{ name: "key", type: "key", keySpecIndex: 0 }],
  handler: strlenCommand,
};

export const getrange: Command = {
  name: "getrange",
  arity: 4,
  flags: "readonly",
  keys: [1, 1, 1],
  keyFlags: "RO access",
  group: "string",
  since: "2.4.0",
  complexity:
    "O(N) where N is the length of the returned string. The complexity is ultimately determined by the returned length, but because creating a substring from an existing string is very cheap, it can be considered O(1) for small strings.",
  summary: "Returns a part of a key's string",
  args: [
    { name: "key", type: "key", keySpecIndex: 0 },
    { name: "start", type: "integer" },
    { name: "end", type: "integer" },
  ],
  handler: getrangeCommand,
};

export const setrange: Command = {
  name: "setrange",
  arity: 4,
  flags: "write denyoom",
  keys: [1, 1, 1],
  keyFlags: "RW update",
  group: "string",
  since: "2.2.0",
  complexity:
    "O(1), not counting the time taken to copy the new string in place. Usually, this string is very small so the amortized complexity is O(1). Otherwise, complexity is O(M) with M being the length of the value argument.",
  summary: "Overwrites a part of a key's string from an offset on",
  args: [
    { name: "key", type: "key", keySpecIndex: 0 },
    { name: "offset", type: "integer" },
    { name: "value", type: "string" },
  ],
  handler: setrangeCommand,
};

export const substr: Command = {
  name: "substr",
  arity: 4,
  flags: "readonly",
  keys: [1, 1, 1],
  keyFlags: "RO access",
  group: "string",
  since: "1.0.0",
  deprecated: ["2.0.0", "`GETRANGE`"],
  complexity:
    "O(N) where N is the length of the returned string. The complexity is ultimately determined by the returned length, but because creating a substring from an existing string is very cheap, it can be considered O(1) for small strings.",
  summary: "Returns a part of a key's string (the old name of GETRANGE)",
  args: [
    { name: "key", type: "key", keySpecIndex: 0 },
    { name: "start", type: "integer" },
    { name: "end", type: "integer" },
  ],
  handler: getrangeCommand,
};

export const incr: Command = {
  name: "incr",
  arity: 2,
  flags: "write denyoom fast",
  keys: [1, 1, 1],
  keyFlags: "RW access update",
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Adds one to the integer of a key",
  args: [{ name: "key", type: "key", keySpecIndex: 0 }],
  handler: (c) => incrementBy(c, 1),
};

export const decr: Command = {
  name: "decr",
  arity: 2,
  flags: "write denyoom fast",
  keys: [1, 1, 1],
  keyFlags: "RW access update",
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Takes one from the integer of a key",
  args: [{ name: "key", type: "key", keySpecIndex: 0 }],
  handler: (c) => incrementBy(c, -1),
};

export const incrby: Command = {
  name: "incrby",
  arity: 3,
  flags: "write denyoom fast",
  keys: [1, 1, 1],
  keyFlags: "RW access update",
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Adds to the integer of a key",
  args: [
    { name: "key", type: "key", keySpecIndex: 0 },
    { name: "increment", type: "integer" },
  ],
  handler: incrbyCommand,
};

export const decrby: Command = {
  name: "decrby",
  arity: 3,
  flags: "write denyoom fast",
  keys: [1, 1, 1],
  keyFlags: "RW access update",
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Takes away from the integer of a key",
  args: [
    { name: "key", type: "key", keySpecIndex: 0 },
    { name: "decrement", type: "integer" },
  ],
  handler: decrbyCommand,
};

export const incrbyfloat: Command = {
  name: "incrbyfloat",
  arity: 3,
  flags: "write denyoom fast",
  keys: [1, 1, 1],
  keyFlags: "RW access update",
  group: "string",
  since: "2.6.0",
  complexity: "O(1)",
  summary: "Adds to the floating-point number of a key",
  args: [
    { name: "key", type: "key", keySpecIndex: 0 },
    { name: "increment", type: "double" },
  ],
  handler: incrbyfloatCommand,
};

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
  append,
  strlen,
  getrange,
  setrange,
  substr,
  incr,
  decr,
  incrby,
  decrby,
  incrbyfloat,
];

const NX = asciiBytes("nx");
const XX = asciiBytes("xx");
const GET = asciiBytes("get");
const KEEPTTL = asciiBytes("keepttl");
const PERSIST = asciiBytes("persist");
const EX = asciiBytes("ex");
const PX = asciiBytes("px");
const EXAT = asciiBytes("exat");
const PXAT = asciiBytes("pxat");

const ZEROS = new Uint8Array(0);

/** The unit that an option such as EX gives its number in, or 0 for another word. */
function unitOption(c: Context, i: number): number {
  const length = c.args.length(i);
  if (length === 2) return c.args.is(i, EX) ? Unit.seconds : c.args.is(i, PX) ? Unit.ms : 0;
  if (length !== 4) return 0;
  return c.args.is(i, EXAT) ? Unit.atSeconds : c.args.is(i, PXAT) ? Unit.atMs : 0;
}

/** Sets the key at argument i to the string at argument j. */
function setTo(c: Context, i: number, j: number, deadline: number): void {
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

/** Whether SET is to return the old value: then it reads the key too. */
function hasGetOption(args: Arguments): boolean {
  for (let i = 3; i < args.count; i++) if (args.is(i, GET)) return true;
  return false;
}

function setCommand(c: Context): void {
  if (c.args.count > 3) {
    setWithOptions(c);
    return;
  }
  setTo(c, 1, 2, NO_DEADLINE);
  c.modified(1, Events.set);
  c.reply.ok();
}

function setWithOptions(c: Context): void {
  const { args, reply } = c;
  let onlyNew = false;
  let onlyOld = false;
  let get = false;
  let keep = false;
  let unit = 0;
  let unitAt = 0;
  for (let i = 3; i < args.count; i++) {
    const timed = unitOption(c, i);
    if (args.is(i, NX) && !onlyOld) onlyNew = true;
    else if (args.is(i, XX) && !onlyNew) onlyOld = true;
    else if (args.is(i, GET)) get = true;
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
  const entry = get ? c.findTyped(1, Type.string) : c.findForWrite(1);
  if (entry < 0) return;
  if (get) {
    if (entry === 0) reply.null();
    else replyValue(c, entry);
  }
  if (entry !== 0 ? onlyNew : onlyOld) {
    if (!get) reply.null();
    return;
  }
  setTo(c, 1, 2, deadline);
  if (unit === Unit.seconds || unit === Unit.ms) {
    c.effect(5);
    c.effectText("SET");
    c.effectArg(1);
    c.effectArg(2);
    c.effectText("PXAT");
    c.effectInteger(deadline);
  }
  c.modified(1, Events.set);
  if (unit !== 0) c.event(1, Events.expire);
  if (!get) reply.ok();
}

function setexCommand(c: Context): void {
  setForTime(c, Unit.seconds);
}

function psetexCommand(c: Context): void {
  setForTime(c, Unit.ms);
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
  c.modified(1, Events.set);
  c.event(1, Events.expire);
  c.reply.ok();
}

function setnxCommand(c: Context): void {
  if (c.findForWrite(1) !== 0) {
    c.reply.integer(0);
    return;
  }
  setTo(c, 1, 2, NO_DEADLINE);
  c.modified(1, Events.set);
  c.reply.integer(1);
}

function getCommand(c: Context): void {
  const entry = c.findTyped(1, Type.string);
  if (entry > 0) replyValue(c, entry);
  else if (entry === 0) c.reply.null();
}

function getsetCommand(c: Context): void {
  const entry = c.findTyped(1, Type.string);
  if (entry < 0) return;
  if (entry === 0) c.reply.null();
  else replyValue(c, entry);
  setTo(c, 1, 2, NO_DEADLINE);
  c.effect(3);
  c.effectText("SET");
  c.effectArg(1);
  c.effectArg(2);
  c.modified(1, Events.set);
}

function getdelCommand(c: Context): void {
  const entry = c.findTyped(1, Type.string);
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
  const entry = c.findTyped(1, Type.string);
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

function mgetCommand(c: Context): void {
  const { args, reply, keyspace } = c;
  reply.array(args.count - 1);
  for (let i = 1; i < args.count; i++) {
    const entry = c.find(i);
    if (entry !== 0 && keyspace.typeOf(entry) === Type.string) replyValue(c, entry);
    else reply.null();
  }
}

/** Whether the arguments pair up; replies where they don't. */
function paired(c: Context): boolean {
  if ((c.args.count & 1) === 1) return true;
  c.reply.errorText(`ERR wrong number of arguments for '${c.command?.fullName}' command`);
  return false;
}

function setPairs(c: Context): void {
  for (let i = 1; i < c.args.count; i += 2) {
    setTo(c, i, i + 1, NO_DEADLINE);
    c.modified(i, Events.set);
  }
}

function msetCommand(c: Context): void {
  if (!paired(c)) return;
  setPairs(c);
  c.reply.ok();
}

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

// Parts of a string

function strlenCommand(c: Context): void {
  const entry = c.findTyped(1, Type.string);
  if (entry >= 0) c.reply.integer(entry === 0 ? 0 : c.keyspace.records.valueLength(entry));
}

/** Whether a string may grow to this length; replies where it may not. */
function lengthAllowed(c: Context, length: number): boolean {
  if (length <= c.bulkLengthMax) return true;
  c.reply.error(Errors.stringTooLong);
  return false;
}

function appendCommand(c: Context): void {
  const { args, keyspace, reply } = c;
  const entry = c.findTypedForWrite(1, Type.string);
  if (entry < 0) return;
  const added = args.length(2);
  if (entry === 0) {
    if (!lengthAllowed(c, added)) return;
    setTo(c, 1, 2, NO_DEADLINE);
    c.modified(1, Events.append);
    reply.integer(added);
    return;
  }
  const { records } = keyspace;
  const length = records.valueLength(entry);
  if (!lengthAllowed(c, length + added)) return;
  keyspace.resizeString(c.db, entry, Kind.stringRaw, length + added, length);
  copyArgument(c, 2, records.bytes, records.start + length);
  c.modified(1, Events.append);
  reply.integer(length + added);
}

function copyArgument(c: Context, i: number, to: Uint8Array, at: number): void {
  to.set(c.args.bytes.subarray(c.args.starts[i], c.args.ends[i]), at);
}

function setrangeCommand(c: Context): void {
  const { args, keyspace, reply } = c;
  const offset = parseIndex(args.bytes, args.starts[2], args.ends[2]);
  if (Number.isNaN(offset)) {
    reply.error(Errors.notInteger);
    return;
  }
  if (offset < 0) {
    reply.error(Errors.offsetOutOfRange);
    return;
  }
  let entry = c.findTypedForWrite(1, Type.string);
  if (entry < 0) return;
  const added = args.length(3);
  const { records } = keyspace;
  const length = entry === 0 ? 0 : records.valueLength(entry);
  if (added === 0) {
    reply.integer(length);
    return;
  }
  if (!lengthAllowed(c, offset + added)) return;
  if (entry === 0) {
    c.setString(1, Kind.stringRaw, ZEROS, 0, 0, NO_DEADLINE);
    entry = c.findForWrite(1);
  }
  const whole = Math.max(length, offset + added);
  keyspace.resizeString(c.db, entry, Kind.stringRaw, whole, length);
  const { bytes, start } = records;
  if (offset > length) bytes.fill(0, start + length, start + offset);
  copyArgument(c, 3, bytes, start + offset);
  c.modified(1, Events.setrange);
  reply.integer(whole);
}

function getrangeCommand(c: Context): void {
  const { args, reply } = c;
  let start = parseIndex(args.bytes, args.starts[2], args.ends[2]);
  let end = parseIndex(args.bytes, args.starts[3], args.ends[3]);
  if (Number.isNaN(start) || Number.isNaN(end)) {
    reply.error(Errors.notInteger);
    return;
  }
  const entry = c.findTyped(1, Type.string);
  if (entry < 0) return;
  const { records } = c.keyspace;
  const length = entry === 0 ? 0 : records.valueLength(entry);
  const crossed = start < 0 && end < 0 && start > end;
  if (start < 0) start = Math.max(0, length + start);
  if (end < 0) end = Math.max(0, length + end);
  if (end >= length) end = length - 1;
  if (crossed || start > end || length === 0) {
    reply.bulk(ZEROS, 0, 0);
    return;
  }
  records.value(entry);
  reply.bulk(records.bytes, records.start + start, records.start + end + 1);
}

// Numbers

const number = new Uint8Array(32);
const floatText = new Uint8Array(FLOAT_TEXT_MAX);

function incrbyCommand(c: Context): void {
  const { args } = c;
  const by = parseInteger(args.bytes, args.starts[2], args.ends[2]);
  if (Number.isSafeInteger(by)) incrementBy(c, by);
  else if (Number.isNaN(by)) c.reply.error(Errors.notInteger);
  else incrementExactly(c, parseInteger64(args.bytes, args.starts[2], args.ends[2]) as bigint);
}

function decrbyCommand(c: Context): void {
  const { args } = c;
  const by = parseInteger(args.bytes, args.starts[2], args.ends[2]);
  if (Number.isSafeInteger(by)) {
    incrementBy(c, -by);
    return;
  }
  if (Number.isNaN(by)) {
    c.reply.error(Errors.notInteger);
    return;
  }
  const exact = parseInteger64(args.bytes, args.starts[2], args.ends[2]) as bigint;
  if (exact === INT64_MIN) c.reply.error(Errors.decrementOverflow);
  else incrementExactly(c, -exact);
}

function incrementBy(c: Context, by: number): void {
  const entry = c.findTypedForWrite(1, Type.string);
  if (entry < 0) return;
  let value = 0;
  if (entry !== 0) {
    const { records } = c.keyspace;
    records.value(entry);
    value = parseInteger(records.bytes, records.start, records.end);
    if (Number.isNaN(value)) {
      c.reply.error(Errors.notInteger);
      return;
    }
  }
  const sum = value + by;
  if (!Number.isSafeInteger(sum)) {
    incrementExactly(c, BigInt(by));
    return;
  }
  storeNumber(c, entry, writeInteger(number, 0, sum));
  c.reply.integer(sum);
}

function incrementExactly(c: Context, by: bigint): void {
  const entry = c.findTypedForWrite(1, Type.string);
  if (entry < 0) return;
  let value: bigint | undefined = 0n;
  if (entry !== 0) {
    const { records } = c.keyspace;
    records.value(entry);
    value = parseInteger64(records.bytes, records.start, records.end);
    if (value === undefined) {
      c.reply.error(Errors.notInteger);
      return;
    }
  }
  const sum = value + by;
  if (sum > INT64_MAX || sum < INT64_MIN) {
    c.reply.error(Errors.overflow);
    return;
  }
  storeNumber(c, entry, writeInteger64(number, 0, sum));
  c.reply.integer64(sum);
}

function storeNumber(c: Context, entry: number, end: number): void {
  if (entry === 0) c.setString(1, Kind.stringInteger, number, 0, end, NO_DEADLINE);
  else c.keyspace.setValue(c.db, entry, Kind.stringInteger, number, 0, end);
  c.modified(1, Events.incrby);
}

function incrbyfloatCommand(c: Context): void {
  const { args, reply } = c;
  const entry = c.findTypedForWrite(1, Type.string);
  if (entry < 0) return;
  let bytes = ZERO;
  let start = 0;
  let end = 1;
  const { records } = c.keyspace;
  if (entry !== 0) {
    records.value(entry);
    bytes = records.bytes;
    start = records.start;
    end = records.end;
  }
  const length = addFloatsInto(
    bytes,
    start,
    end,
    args.bytes,
    args.starts[2],
    args.ends[2],
    floatText,
    0,
  );
  if (length < 0) {
    reply.error(length === FloatSumError.notFinite ? Errors.notANumber : Errors.notFloat);
    return;
  }
  // Redis keeps the sum as text, even where it spells an integer.
  const kind = length > EMBEDDED_MAX ? Kind.stringRaw : Kind.stringEmbedded;
  if (entry === 0) c.setString(1, kind, floatText, 0, length, NO_DEADLINE);
  else c.keyspace.setValue(c.db, entry, kind, floatText, 0, length);
  c.effect(4);
  c.effectText("SET");
  c.effectArg(1);
  c.effectBytes(floatText, 0, length);
  c.effectText("KEEPTTL");
  c.modified(1, Events.incrbyfloat);
  reply.bulk(floatText, 0, length);
}

const ZERO = asciiBytes("0");
