// INCREX: adds to the number of a key within bounds, and sets, keeps or takes away its deadline, as
// Redis 8.8 does it. A sum beyond a bound changes nothing, or becomes the bound (SATURATE); the
// reply is the number now, and how much was added.
//
// Integers within ±(2^53 − 1) are added as numbers, others as bigints; floating-point numbers as
// INCRBYFLOAT does it, as texts. What it does goes to the log as SET or DEL.

import { asciiBytes, copyBytes } from "../../base/bytes.ts";
import { addFloatsInto, classifyFloat, FLOAT_TEXT_MAX, FloatClass } from "../../base/doubles.ts";
import {
  INT64_MAX,
  INT64_MIN,
  INTEGER_TEXT_MAX,
  parseInteger,
  parseInteger64,
  writeInteger,
  writeInteger64,
} from "../../base/integers.ts";
import type { Command, Context } from "../../engine/context.ts";
import { Events, type KeyEvent } from "../../engine/events.ts";
import { STRING } from "../../keyspace/data-type.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import { NO_DEADLINE } from "../../structures/record.ts";
import { EMBEDDED_MAX, StringKind } from "../../types/strings.ts";
import { expirationArg, keyArg } from "../shared/argument-docs.ts";
import { INVALID_DEADLINE, parseDeadline, Unit, unitOption } from "../shared/deadlines.ts";
import { StringEvents } from "./strings.ts";

const enxAlone = errorLine("ERR ENX flag requires an expiration");
const boundsCrossed = errorLine("ERR LBOUND can't be greater than UBOUND");
const appliedOverflow = errorLine("ERR applied increment would overflow");
const incrementInfinite = errorLine("ERR BYFLOAT increment cannot be Infinity");
const valueInfinite = errorLine("ERR value cannot be Infinity");

const BYINT = asciiBytes("byint");
const BYFLOAT = asciiBytes("byfloat");
const LBOUND = asciiBytes("lbound");
const UBOUND = asciiBytes("ubound");
const SATURATE = asciiBytes("saturate");
const PERSIST = asciiBytes("persist");
const ENX = asciiBytes("enx");
const ZERO = asciiBytes("0");
const PLUS = 43;
const MINUS = 45;

export const increx: Command = {
  name: "increx",
  arity: -2,
  flags: "write denyoom fast",
  keys: "RW access update",
  group: "string",
  since: "8.8.0",
  complexity: "O(1)",
  summary: "Adds to the number of a key within bounds and sets its deadline.",
  args: [
    keyArg,
    {
      name: "increment",
      type: "oneof",
      optional: true,
      arguments: [
        { name: "float", type: "double", token: "BYFLOAT" },
        { name: "integer", type: "integer", token: "BYINT" },
      ],
    },
    { name: "saturate", type: "pure-token", token: "SATURATE", optional: true },
    { name: "lowerbound", type: "string", token: "LBOUND", optional: true },
    { name: "upperbound", type: "string", token: "UBOUND", optional: true },
    expirationArg("PERSIST"),
    { name: "enx", type: "pure-token", token: "ENX", optional: true },
  ],
  handler: increxCommand,
};

export const increxCommands: readonly Command[] = [increx];

/** What the request being executed asks for: flags, and the arguments of values, 0 for none. */
const asked = {
  byAt: 0,
  isFloat: false,
  lowerAt: 0,
  upperAt: 0,
  saturates: false,
  persists: false,
  /** Only a key without a deadline is given one. */
  onlyUnset: false,
  unit: 0,
  unitAt: 0,
  deadline: NO_DEADLINE,
};

function increxCommand(c: Context): void {
  if (!readOptions(c)) return;
  if (asked.onlyUnset && asked.unit === 0) return c.reply.error(enxAlone);
  if (asked.isFloat ? !floatsValid(c) : !integersValid(c)) return;
  asked.deadline = NO_DEADLINE;
  if (asked.unit !== 0) {
    asked.deadline = parseDeadline(c, asked.unitAt, asked.unit);
    if (asked.deadline === INVALID_DEADLINE) return;
  }
  const entry = c.findTypedForWrite(1, STRING);
  if (entry < 0) return;
  if (asked.isFloat) addFloat(c, entry);
  else if (!addNumber(c, entry)) addExactly(c, entry);
}

/** Reads the options into `asked`, each at most once; false when an error has been replied. */
function readOptions(c: Context): boolean {
  const { args } = c;
  asked.byAt = 0;
  asked.isFloat = false;
  asked.lowerAt = 0;
  asked.upperAt = 0;
  asked.saturates = false;
  asked.persists = false;
  asked.onlyUnset = false;
  asked.unit = 0;
  asked.unitAt = 0;
  for (let i = 2; i < args.count; i++) {
    const unit = unitOption(c, i);
    const more = i + 1 < args.count;
    const isFloat = args.is(i, BYFLOAT);
    if ((isFloat || args.is(i, BYINT)) && asked.byAt === 0 && more) {
      asked.isFloat = isFloat;
      asked.byAt = ++i;
    } else if (args.is(i, LBOUND) && asked.lowerAt === 0 && more) asked.lowerAt = ++i;
    else if (args.is(i, UBOUND) && asked.upperAt === 0 && more) asked.upperAt = ++i;
    else if (args.is(i, SATURATE) && !asked.saturates) asked.saturates = true;
    else if (args.is(i, ENX) && !asked.onlyUnset && !asked.persists) asked.onlyUnset = true;
    else if (args.is(i, PERSIST) && !asked.persists && !asked.onlyUnset && asked.unit === 0) {
      asked.persists = true;
    } else if (unit !== 0 && asked.unit === 0 && !asked.persists && more) {
      asked.unit = unit;
      asked.unitAt = ++i;
    } else {
      c.reply.error(Errors.syntax);
      return false;
    }
  }
  return true;
}

// Integers

const number = new Uint8Array(INTEGER_TEXT_MAX);

/** Whether increment and bounds are integers, in order; replies where they are not. */
function integersValid(c: Context): boolean {
  const { args, reply } = c;
  const { byAt, lowerAt, upperAt } = asked;
  if (!isInteger(c, byAt, "Increment")) return false;
  if (!isInteger(c, lowerAt, "LBOUND") || !isInteger(c, upperAt, "UBOUND")) return false;
  if (lowerAt === 0 || upperAt === 0) return true;
  const lower = args.integer(lowerAt);
  const upper = args.integer(upperAt);
  const crossed = Number.isFinite(lower)
    ? lower > upper
    : (args.integer64(lowerAt) as bigint) > (args.integer64(upperAt) as bigint);
  if (crossed) reply.error(boundsCrossed);
  return !crossed;
}

function isInteger(c: Context, i: number, what: string): boolean {
  if (i === 0 || !Number.isNaN(c.args.integer(i))) return true;
  c.reply.errorText(`ERR ${what} is not an integer or out of range`);
  return false;
}

/** Adds as numbers; false, and nothing is done, where that would not be exact. */
function addNumber(c: Context, entry: number): boolean {
  const { args, reply } = c;
  const { byAt, lowerAt, upperAt } = asked;
  let value = 0;
  if (entry !== 0) {
    const { records } = c.keyspace;
    records.value(entry);
    value = parseInteger(records.bytes, records.start, records.end);
    if (Number.isNaN(value)) {
      reply.error(Errors.notInteger);
      return true;
    }
  }
  const sum = value + (byAt === 0 ? 1 : args.integer(byAt));
  if (!Number.isSafeInteger(sum)) return false;
  const lower = lowerAt === 0 ? Number.NEGATIVE_INFINITY : args.integer(lowerAt);
  const upper = upperAt === 0 ? Number.POSITIVE_INFINITY : args.integer(upperAt);
  let result = sum;
  if (sum > upper || sum < lower) {
    result = !asked.saturates ? value : sum > upper ? upper : lower;
    if (!Number.isSafeInteger(result - value) || !Number.isSafeInteger(result)) return false;
  }
  reply.array(2);
  reply.integer(result);
  reply.integer(result - value);
  if (result === sum || asked.saturates) {
    store(c, entry, number, writeInteger(number, 0, result), StringKind.integer);
  }
  return true;
}

/** As addNumber, in 64 bits. */
function addExactly(c: Context, entry: number): void {
  const { args, reply } = c;
  const { byAt, lowerAt, upperAt } = asked;
  let value = 0n;
  if (entry !== 0) {
    const { records } = c.keyspace;
    records.value(entry);
    value = parseInteger64(records.bytes, records.start, records.end) as bigint;
  }
  const sum = value + (byAt === 0 ? 1n : (args.integer64(byAt) as bigint));
  const lower = lowerAt === 0 ? INT64_MIN : (args.integer64(lowerAt) as bigint);
  const upper = upperAt === 0 ? INT64_MAX : (args.integer64(upperAt) as bigint);
  const isWithin = sum <= upper && sum >= lower;
  const result = isWithin ? sum : !asked.saturates ? value : sum > upper ? upper : lower;
  const applied = result - value;
  if (applied > INT64_MAX || applied < INT64_MIN) return reply.error(appliedOverflow);
  reply.array(2);
  reply.integer64(result);
  reply.integer64(applied);
  if (isWithin || asked.saturates) {
    store(c, entry, number, writeInteger64(number, 0, result), StringKind.integer);
  }
}

// Floating-point numbers

const sumText = new Uint8Array(FLOAT_TEXT_MAX);
const appliedText = new Uint8Array(FLOAT_TEXT_MAX);
const difference = new Uint8Array(FLOAT_TEXT_MAX);
const held = new Uint8Array(FLOAT_TEXT_MAX);
const negative = new Uint8Array(FLOAT_TEXT_MAX + 1);

/** Whether increment and bounds are numbers, in order; replies where they are not. */
function floatsValid(c: Context): boolean {
  const { args, reply } = c;
  const { byAt, lowerAt, upperAt } = asked;
  if (!isFloat(c, byAt, "Increment")) return false;
  if (classifyFloat(args.bytes, args.starts[byAt], args.ends[byAt]) === FloatClass.infinite) {
    reply.error(incrementInfinite);
    return false;
  }
  if (!isFloat(c, lowerAt, "LBOUND") || !isFloat(c, upperAt, "UBOUND")) return false;
  if (lowerAt === 0 || upperAt === 0) return true;
  const crossed = compare(args.bytes, args.starts[lowerAt], args.ends[lowerAt], c, upperAt) > 0;
  if (crossed) reply.error(boundsCrossed);
  return !crossed;
}

function isFloat(c: Context, i: number, what: string): boolean {
  const { bytes, starts, ends } = c.args;
  if (i === 0 || classifyFloat(bytes, starts[i], ends[i]) !== FloatClass.invalid) return true;
  c.reply.errorText(`ERR ${what} is not a valid float`);
  return false;
}

/** Negative, 0 or positive: the order of a number in bytes[start, end) and argument i. */
function compare(bytes: Uint8Array, start: number, end: number, c: Context, i: number): number {
  const { args } = c;
  const from = args.starts[i];
  const to = args.ends[i];
  if (classifyFloat(args.bytes, from, to) === FloatClass.infinite) {
    return args.bytes[from] === MINUS ? 1 : -1;
  }
  if (classifyFloat(bytes, start, end) === FloatClass.infinite) {
    return bytes[start] === MINUS ? -1 : 1;
  }
  const length = subtractInto(difference, bytes, start, end, args.bytes, from, to);
  // Where there is no difference that is a number, b is nothing beside a.
  if (length < 0) return bytes[start] === MINUS ? -1 : 1;
  const isNegative = difference[0] === MINUS;
  if (difference[length - 1] === ZERO[0] && length === (isNegative ? 2 : 1)) return 0;
  return isNegative ? -1 : 1;
}

/** Writes a − b to `out` and returns its length; see addFloatsInto. */
function subtractInto(
  out: Uint8Array,
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const from = b[bStart] === MINUS || b[bStart] === PLUS ? bStart + 1 : bStart;
  let length = 0;
  if (b[bStart] !== MINUS) negative[length++] = MINUS;
  length = copyBytes(b, from, bEnd, negative, length);
  return addFloatsInto(a, aStart, aEnd, negative, 0, length, out, 0);
}

function addFloat(c: Context, entry: number): void {
  const { args, reply } = c;
  const { byAt, saturates } = asked;
  const by = args.starts[byAt];
  const byEnd = args.ends[byAt];
  let end = copyBytes(ZERO, 0, 1, held, 0);
  if (entry !== 0) {
    const { records } = c.keyspace;
    records.value(entry);
    const kind = classifyFloat(records.bytes, records.start, records.end);
    if (kind === FloatClass.invalid) return reply.error(Errors.notFloat);
    if (kind === FloatClass.infinite) return reply.error(valueInfinite);
    end = copyBytes(records.bytes, records.start, records.end, held, 0);
  }
  let length = addFloatsInto(held, 0, end, args.bytes, by, byEnd, sumText, 0);
  const bound = boundPassed(c, length, args.bytes[by] === MINUS);
  if (bound !== WITHIN && !saturates) {
    reply.array(2);
    length = addFloatsInto(held, 0, end, ZERO, 0, 1, sumText, 0);
    reply.decimal(sumText, 0, length);
    reply.decimal(ZERO, 0, 1);
    return;
  }
  if (bound !== WITHIN) {
    // Without a bound there is no number for it to be.
    if (bound === 0) return reply.error(Errors.notANumber);
    const { bytes, starts, ends } = args;
    length = addFloatsInto(bytes, starts[bound], ends[bound], ZERO, 0, 1, sumText, 0);
    if (length < 0) return reply.error(Errors.notANumber);
  }
  const applied =
    bound === WITHIN
      ? addFloatsInto(args.bytes, by, byEnd, ZERO, 0, 1, appliedText, 0)
      : subtractInto(appliedText, sumText, 0, length, held, 0, end);
  if (applied < 0) return reply.error(Errors.notANumber);
  reply.array(2);
  reply.decimal(sumText, 0, length);
  reply.decimal(appliedText, 0, applied);
  store(c, entry, sumText, length, length > EMBEDDED_MAX ? StringKind.raw : StringKind.embedded);
}

const WITHIN = -1;

/**
 * The argument of the bound that the sum is beyond, 0 where that is not given, or WITHIN. A sum of
 * negative length is no number: it is infinite, and on which side the sign of the increment says.
 */
function boundPassed(c: Context, length: number, falls: boolean): number {
  const { lowerAt, upperAt } = asked;
  if (length < 0) return falls ? lowerAt : upperAt;
  if (upperAt !== 0 && compare(sumText, 0, length, c, upperAt) > 0) return upperAt;
  if (lowerAt !== 0 && compare(sumText, 0, length, c, lowerAt) < 0) return lowerAt;
  return WITHIN;
}

// What is left

/** Sets the key at argument 1 to the text bytes[0, end), and its deadline as it is asked. */
function store(c: Context, entry: number, bytes: Uint8Array, end: number, kind: number): void {
  const { keyspace } = c;
  const { deadline, onlyUnset, persists, unit } = asked;
  const had = entry !== 0 && keyspace.records.hasDeadline(entry);
  const expires = unit !== 0 && !(onlyUnset && had);
  const isAbsolute = unit === Unit.atSeconds || unit === Unit.atMs;
  if (expires && isAbsolute && deadline <= c.now) return removeExpired(c, entry);
  const event: KeyEvent = asked.isFloat ? StringEvents.incrbyfloat : StringEvents.incrby;
  if (entry === 0) c.setString(1, kind, bytes, 0, end, expires ? deadline : NO_DEADLINE);
  else {
    const moved = keyspace.setValue(c.db, entry, kind, bytes, 0, end);
    if (expires) keyspace.setDeadline(c.db, moved, deadline);
    else if (persists && had) keyspace.setDeadline(c.db, moved, NO_DEADLINE);
  }
  c.effect(expires ? 5 : persists ? 3 : 4);
  c.effectText("SET");
  c.effectArg(1);
  c.effectBytes(bytes, 0, end);
  if (expires) {
    c.effectText("PXAT");
    c.effectInteger(deadline);
  } else if (!persists) c.effectText("KEEPTTL");
  c.modified(1, event);
  if (expires) c.event(1, Events.expire);
  else if (persists && had) c.event(1, Events.persist);
}

/** The deadline has passed already: there is no key. */
function removeExpired(c: Context, entry: number): void {
  if (entry === 0) return;
  c.keyspace.remove(c.db, entry);
  c.effect(2);
  c.effectText("DEL");
  c.effectArg(1);
  c.modified(1, Events.del);
}
