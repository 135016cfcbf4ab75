// BITFIELD: integers of 1 to 64 bits anywhere in a string, read, set and added to. All operations
// of a request are read before the first is executed, and once more when they are: none is kept.
//
// Integers of up to NUMBER_BITS are numbers; longer ones, and such as are to be added up with an
// integer beyond NUMBER_MAX, are bigints, which are allocated.

import { readField, readLongField, writeField, writeLongField } from "../../base/bit-fields.ts";
import { asciiBytes } from "../../base/bytes.ts";
import { parseInteger } from "../../base/integers.ts";
import type { Command, Context } from "../../engine/context.ts";
import { type FoundKeys, KeyFlag } from "../../engine/key-specs.ts";
import { STRING } from "../../keyspace/data-type.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import { keyArg } from "../shared/argument-docs.ts";
import {
  offsetAllowed,
  offsetNotInteger,
  setbitEvent,
  writableString,
  written,
} from "./bit-strings.ts";

const invalidType = errorLine(
  "ERR Invalid bitfield type. Use something like i16 u8. " +
    "Note that u64 is not supported but i64 is.",
);
const invalidOverflow = errorLine("ERR Invalid OVERFLOW type specified");
const onlyGet = errorLine("ERR BITFIELD_RO only supports the GET subcommand");

/** An integer of so many bits, and NUMBER_MAX added to it or taken away, is exact as a number. */
const NUMBER_BITS = 48;
const NUMBER_MAX = 2 ** 52;

const GET = asciiBytes("get");
const SET = asciiBytes("set");
const INCRBY = asciiBytes("incrby");
const OVERFLOW = asciiBytes("overflow");
const WRAP = asciiBytes("wrap");
const SAT = asciiBytes("sat");
const FAIL = asciiBytes("fail");
const HASH = 35;
const I = 105;
const U = 117;

const encodingAndOffset = [
  { name: "encoding", type: "string" },
  { name: "offset", type: "integer" },
] as const;

export const bitfield: Command = {
  name: "bitfield",
  arity: -2,
  flags: "write denyoom",
  keys: [
    {
      index: 1,
      flags: "RW access update variable_flags",
      notes: "This command allows both access and modification of the key",
    },
  ],
  findKeys: findBitfieldKey,
  group: "bitmap",
  since: "3.2.0",
  complexity: "O(1) for each subcommand specified",
  summary: "Reads, sets and adds to integers of any number of bits in a key's string.",
  args: [
    keyArg,
    {
      name: "operation",
      type: "oneof",
      multiple: true,
      optional: true,
      arguments: [
        { name: "get-block", type: "block", token: "GET", arguments: [...encodingAndOffset] },
        {
          name: "write",
          type: "block",
          arguments: [
            {
              name: "overflow-block",
              type: "oneof",
              token: "OVERFLOW",
              optional: true,
              arguments: [
                { name: "wrap", type: "pure-token", token: "WRAP" },
                { name: "sat", type: "pure-token", token: "SAT" },
                { name: "fail", type: "pure-token", token: "FAIL" },
              ],
            },
            {
              name: "write-operation",
              type: "oneof",
              arguments: [
                {
                  name: "set-block",
                  type: "block",
                  token: "SET",
                  arguments: [...encodingAndOffset, { name: "value", type: "integer" }],
                },
                {
                  name: "incrby-block",
                  type: "block",
                  token: "INCRBY",
                  arguments: [...encodingAndOffset, { name: "increment", type: "integer" }],
                },
              ],
            },
          ],
        },
      ],
    },
  ],
  handler: (c) => operate(c, false),
};

export const bitfieldRo: Command = {
  name: "bitfield_ro",
  arity: -2,
  flags: "readonly fast",
  keys: "RO access",
  group: "bitmap",
  since: "6.0.0",
  complexity: "O(1) for each subcommand specified",
  summary: "Reads integers of any number of bits in a key's string.",
  args: [
    keyArg,
    {
      name: "get-block",
      type: "block",
      token: "GET",
      optional: true,
      multiple: true,
      multipleToken: true,
      arguments: [...encodingAndOffset],
    },
  ],
  handler: (c) => operate(c, true),
};

export const bitFieldCommands: readonly Command[] = [bitfield, bitfieldRo];

/** It reads the key alone as long as all that it asks for is to get. */
function findBitfieldKey(args: Arguments, found: FoundKeys): boolean {
  let reads = true;
  for (let i = 2; i < args.count && reads; ) {
    const left = args.count - i - 1;
    if (args.is(i, GET) && left >= 2) i += 3;
    else if (args.is(i, OVERFLOW) && left >= 1) i += 2;
    else reads = false;
  }
  found.add(1, reads ? KeyFlag.RO | KeyFlag.access : KeyFlag.RW | KeyFlag.access | KeyFlag.update);
  return true;
}

const Kind = { get: 0, set: 1, increment: 2, overflow: 3 } as const;
const Overflow = { wrap: 0, saturate: 1, fail: 2 } as const;

/** The operation that was read last. */
const operation = {
  kind: Kind.get as number,
  isSigned: false,
  bits: 0,
  offset: 0,
  /** The argument that is its value. */
  valueAt: 0,
  /** What overflows do, from the last OVERFLOW on. */
  overflow: Overflow.wrap as number,
};

/**
 * Reads the operation at argument i into `operation`; where the next one begins, or −1 when an
 * error has been replied.
 */
function readOperation(c: Context, i: number): number {
  const { args, reply } = c;
  const left = args.count - i - 1;
  if (args.is(i, OVERFLOW) && left >= 1) {
    operation.kind = Kind.overflow;
    operation.overflow = overflowAt(args, i + 1);
    if (operation.overflow >= 0) return i + 2;
    reply.error(invalidOverflow);
    return -1;
  }
  if (args.is(i, GET) && left >= 2) operation.kind = Kind.get;
  else if (args.is(i, SET) && left >= 3) operation.kind = Kind.set;
  else if (args.is(i, INCRBY) && left >= 3) operation.kind = Kind.increment;
  else {
    reply.error(Errors.syntax);
    return -1;
  }
  if (!readType(args, i + 1)) {
    reply.error(invalidType);
    return -1;
  }
  operation.offset = offsetAt(args, i + 2);
  if (!offsetAllowed(c, operation.offset)) {
    reply.error(offsetNotInteger);
    return -1;
  }
  if (operation.kind === Kind.get) return i + 3;
  operation.valueAt = i + 3;
  if (!Number.isNaN(args.integer(i + 3))) return i + 4;
  reply.error(Errors.notInteger);
  return -1;
}

/** What the word at argument i has overflows do, or −1. */
function overflowAt(args: Arguments, i: number): number {
  if (args.is(i, WRAP)) return Overflow.wrap;
  if (args.is(i, SAT)) return Overflow.saturate;
  return args.is(i, FAIL) ? Overflow.fail : -1;
}

/** Reads a type such as i16 or u8: up to i64 and u63. */
function readType(args: Arguments, i: number): boolean {
  const start = args.starts[i];
  const sign = args.length(i) > 0 ? args.bytes[start] : 0;
  operation.isSigned = sign === I;
  operation.bits = parseInteger(args.bytes, start + 1, args.ends[i]);
  const most = sign === I ? 64 : sign === U ? 63 : 0;
  return operation.bits >= 1 && operation.bits <= most;
}

/** The offset at argument i, in bits; behind # it counts integers of the operation's type. */
function offsetAt(args: Arguments, i: number): number {
  const start = args.starts[i];
  if (args.length(i) === 0 || args.bytes[start] !== HASH) return args.integer(i);
  return parseInteger(args.bytes, start + 1, args.ends[i]) * operation.bits;
}

/** BITFIELD; with `reads`, BITFIELD_RO. */
function operate(c: Context, reads: boolean): void {
  const { args, keyspace, reply } = c;
  let operations = 0;
  let from = Number.POSITIVE_INFINITY;
  let to = 0;
  operation.overflow = Overflow.wrap;
  for (let i = 2; i < args.count; ) {
    i = readOperation(c, i);
    if (i < 0) return;
    if (operation.kind === Kind.overflow) continue;
    operations++;
    if (operation.kind === Kind.get) continue;
    const { offset, bits } = operation;
    from = Math.min(from, Math.floor(offset / 8));
    to = Math.max(to, Math.floor((offset + bits - 1) / 8) + 1);
  }
  const writes = to > 0;
  if (writes && reads) {
    reply.error(onlyGet);
    return;
  }
  const entry = writes ? writableString(c, to, from, to) : c.findTyped(1, STRING);
  if (entry < 0) return;
  const { records } = keyspace;
  if (entry !== 0) records.value(entry);
  const start = entry === 0 ? 0 : records.start;
  const end = entry === 0 ? 0 : records.end;
  const { bytes } = records;
  let changed = 0;
  reply.array(operations);
  operation.overflow = Overflow.wrap;
  for (let i = 2; i < args.count; ) {
    i = readOperation(c, i);
    if (operation.kind === Kind.overflow) continue;
    if (executeAt(c, bytes, start, end)) changed++;
  }
  if (writes && written.grown) changed = Math.max(changed, 1); // all overflowed
  if (changed > 0) c.modified(1, setbitEvent, changed);
}

/** Executes `operation` and replies; whether it has written into the string, or it is longer. */
function executeAt(c: Context, bytes: Uint8Array, start: number, end: number): boolean {
  const { kind, bits, valueAt } = operation;
  if (kind === Kind.get) {
    if (bits <= NUMBER_BITS) c.reply.integer(integerOf(bytes, start, end));
    else c.reply.integer64(longIntegerOf(bytes, start, end));
    return false;
  }
  const value = c.args.integer(valueAt);
  return bits <= NUMBER_BITS && Math.abs(value) <= NUMBER_MAX
    ? changeInteger(c, bytes, start, end, value)
    : changeLongInteger(c, bytes, start, end);
}

/** The integer that `operation` is about. */
function integerOf(bytes: Uint8Array, start: number, end: number): number {
  const { bits, isSigned, offset } = operation;
  const value = readField(bytes, start, end, offset, bits);
  return isSigned && value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
}

function longIntegerOf(bytes: Uint8Array, start: number, end: number): bigint {
  const { bits, isSigned, offset } = operation;
  const value =
    bits <= NUMBER_BITS
      ? BigInt(readField(bytes, start, end, offset, bits))
      : readLongField(bytes, start, end, offset, bits);
  return isSigned ? BigInt.asIntN(bits, value) : value;
}

function changeInteger(
  c: Context,
  bytes: Uint8Array,
  start: number,
  end: number,
  value: number,
): boolean {
  const { kind, bits, isSigned, offset, overflow } = operation;
  const before = integerOf(bytes, start, end);
  const size = 2 ** bits;
  const most = isSigned ? size / 2 - 1 : size - 1;
  const least = isSigned ? -size / 2 : 0;
  let after = kind === Kind.set ? value : before + value;
  if (after > most || after < least) {
    if (overflow === Overflow.fail) {
      c.reply.null();
      return false;
    }
    // As in Redis, an unsigned integer that is set below 0 is one beyond the greatest.
    const isBelow = after < least && (isSigned || kind === Kind.increment);
    if (overflow === Overflow.saturate) after = isBelow ? least : most;
    else {
      after -= Math.floor(after / size) * size;
      if (after > most) after -= size;
    }
  }
  c.reply.integer(kind === Kind.set ? before : after);
  writeField(bytes, start, offset, bits, after < 0 ? after + size : after);
  return written.grown || after !== before;
}

/** As changeInteger, with bigints. */
function changeLongInteger(c: Context, bytes: Uint8Array, start: number, end: number): boolean {
  const { kind, bits, isSigned, offset, overflow, valueAt } = operation;
  const value = c.args.integer64(valueAt) as bigint;
  const before = longIntegerOf(bytes, start, end);
  const size = 1n << BigInt(bits);
  const most = isSigned ? size / 2n - 1n : size - 1n;
  const least = isSigned ? -size / 2n : 0n;
  let after = kind === Kind.set ? value : before + value;
  if (after > most || after < least) {
    if (overflow === Overflow.fail) {
      c.reply.null();
      return false;
    }
    const isBelow = after < least && (isSigned || kind === Kind.increment);
    if (overflow === Overflow.saturate) after = isBelow ? least : most;
    else after = isSigned ? BigInt.asIntN(bits, after) : BigInt.asUintN(bits, after);
  }
  c.reply.integer64(kind === Kind.set ? before : after);
  if (bits <= NUMBER_BITS) {
    writeField(bytes, start, offset, bits, Number(BigInt.asUintN(bits, after)));
  } else writeLongField(bytes, start, offset, bits, after);
  return written.grown || after !== before;
}
