// Numbers that strings spell: INCR and its kin, and INCRBYFLOAT.
//
// A string that spells an integer is kept as its text; its encoding is reported as `int`, as
// Redis would have it. Numbers within ±(2^53 − 1) are added as numbers, others as BigInt.

import { asciiBytes } from "../../base/bytes.ts";
import { addFloatsInto, FLOAT_TEXT_MAX, FloatSumError } from "../../base/doubles.ts";
import {
  INT64_MAX,
  INT64_MIN,
  parseInteger,
  parseInteger64,
  writeInteger,
  writeInteger64,
} from "../../base/integers.ts";
import type { Command, Context } from "../../engine/context.ts";
import { STRING } from "../../keyspace/data-type.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import { NO_DEADLINE } from "../../structures/record.ts";
import { EMBEDDED_MAX, StringKind } from "../../types/strings.ts";
import { keyArg } from "../shared/argument-docs.ts";
import { StringEvents } from "./strings.ts";

const decrementOverflow = errorLine("ERR decrement would overflow");

export const incr: Command = {
  name: "incr",
  arity: 2,
  flags: "write denyoom fast",
  keys: "RW access update",
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Adds one to the integer of a key.",
  args: [keyArg],
  handler: (c) => incrementBy(c, 1),
};

export const decr: Command = {
  name: "decr",
  arity: 2,
  flags: "write denyoom fast",
  keys: "RW access update",
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Takes one from the integer of a key.",
  args: [keyArg],
  handler: (c) => incrementBy(c, -1),
};

export const incrby: Command = {
  name: "incrby",
  arity: 3,
  flags: "write denyoom fast",
  keys: "RW access update",
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Adds to the integer of a key.",
  args: [keyArg, { name: "increment", type: "integer" }],
  handler: incrbyCommand,
};

function incrbyCommand(c: Context): void {
  const { args } = c;
  const by = args.integer(2);
  if (Number.isSafeInteger(by)) incrementBy(c, by);
  else if (Number.isNaN(by)) c.reply.error(Errors.notInteger);
  else incrementExactly(c, args.integer64(2) as bigint);
}

export const decrby: Command = {
  name: "decrby",
  arity: 3,
  flags: "write denyoom fast",
  keys: "RW access update",
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Takes away from the integer of a key.",
  args: [keyArg, { name: "decrement", type: "integer" }],
  handler: decrbyCommand,
};

function decrbyCommand(c: Context): void {
  const { args } = c;
  const by = args.integer(2);
  if (Number.isSafeInteger(by)) {
    incrementBy(c, -by);
    return;
  }
  if (Number.isNaN(by)) {
    c.reply.error(Errors.notInteger);
    return;
  }
  const exact = args.integer64(2) as bigint;
  if (exact === INT64_MIN) c.reply.error(decrementOverflow);
  else incrementExactly(c, -exact);
}

export const incrbyfloat: Command = {
  name: "incrbyfloat",
  arity: 3,
  flags: "write denyoom fast",
  keys: "RW access update",
  group: "string",
  since: "2.6.0",
  complexity: "O(1)",
  summary: "Adds to the floating-point number of a key.",
  args: [keyArg, { name: "increment", type: "double" }],
  handler: incrbyfloatCommand,
};

function incrbyfloatCommand(c: Context): void {
  const { args, reply } = c;
  const entry = c.findTypedForWrite(1, STRING);
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
  const kind = length > EMBEDDED_MAX ? StringKind.raw : StringKind.embedded;
  if (entry === 0) c.setString(1, kind, floatText, 0, length, NO_DEADLINE);
  else c.keyspace.setValue(c.db, entry, kind, floatText, 0, length);
  c.effect(4);
  c.effectText("SET");
  c.effectArg(1);
  c.effectBytes(floatText, 0, length);
  c.effectText("KEEPTTL");
  c.modified(1, StringEvents.incrbyfloat);
  reply.bulk(floatText, 0, length);
}

export const stringNumberCommands: readonly Command[] = [incr, decr, incrby, decrby, incrbyfloat];
const number = new Uint8Array(32);
const floatText = new Uint8Array(FLOAT_TEXT_MAX);

function incrementBy(c: Context, by: number): void {
  const entry = c.findTypedForWrite(1, STRING);
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
  const entry = c.findTypedForWrite(1, STRING);
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
  if (entry === 0) c.setString(1, StringKind.integer, number, 0, end, NO_DEADLINE);
  else c.keyspace.setValue(c.db, entry, StringKind.integer, number, 0, end);
  c.modified(1, StringEvents.incrby);
}

const ZERO = asciiBytes("0");
