// Bitmaps: strings as rows of bits. Bit 0 is the highest of the first byte. What lies behind the
// end of a string is zeros.

import { bitsOf, countBits, findBit } from "../../base/bit-counts.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import { STRING } from "../../keyspace/data-type.ts";
import { PLACE_BITS } from "../../memory/memory.ts";
import { passRun } from "../../platform/runs.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import { keyArg, oneOf } from "../shared/argument-docs.ts";
import {
  BIT,
  BYTE,
  offsetAllowed,
  offsetNotInteger,
  setbitEvent,
  writableString,
  written,
} from "./bit-strings.ts";

const bitNotInteger = errorLine("ERR bit is not an integer or out of range");
const bitNotOneOrZero = errorLine("ERR The bit argument must be 1 or 0.");

export const setbit: Command = {
  name: "setbit",
  arity: 4,
  flags: "write denyoom",
  keys: "RW access update",
  group: "bitmap",
  since: "2.2.0",
  complexity: "O(1)",
  summary: "Sets or clears a bit of a key's string and returns what it was.",
  args: [keyArg, { name: "offset", type: "integer" }, { name: "value", type: "integer" }],
  handler: setbitCommand,
};

function setbitCommand(c: Context): void {
  const { args, keyspace, reply } = c;
  const { records } = keyspace;
  const offset = args.integer(2);
  if (!offsetAllowed(c, offset)) {
    reply.error(offsetNotInteger);
    return;
  }
  const bit = args.integer(3);
  if (bit !== 0 && bit !== 1) {
    reply.error(bitNotInteger);
    return;
  }
  const at = Math.floor(offset / 8);
  if (writableString(c, at + 1, at, at + 1) < 0) return;
  const { bytes, start } = records;
  const mask = 128 >> (offset % 8);
  const byte = bytes[start + at];
  const before = (byte & mask) === 0 ? 0 : 1;
  if (written.grown || before !== bit) {
    bytes[start + at] = bit === 1 ? byte | mask : byte & ~mask;
    c.modified(1, setbitEvent);
  }
  reply.integer(before);
}

export const getbit: Command = {
  name: "getbit",
  arity: 3,
  flags: "readonly fast",
  keys: "RO access",
  group: "bitmap",
  since: "2.2.0",
  complexity: "O(1)",
  summary: "Returns a bit of a key's string.",
  args: [keyArg, { name: "offset", type: "integer" }],
  handler: getbitCommand,
};

function getbitCommand(c: Context): void {
  const { args, keyspace, reply } = c;
  const offset = args.integer(2);
  if (!offsetAllowed(c, offset)) {
    reply.error(offsetNotInteger);
    return;
  }
  const entry = c.findTyped(1, STRING);
  if (entry < 0) return;
  const at = Math.floor(offset / 8);
  if (entry === 0 || at >= keyspace.records.valueLength(entry)) {
    reply.integer(0);
    return;
  }
  keyspace.records.value(entry);
  const { bytes, start } = keyspace.records;
  reply.integer((bytes[start + at] & (128 >> (offset % 8))) === 0 ? 0 : 1);
}

/** What the places of a range count. */
const unitArg: ArgumentDoc = { ...oneOf("unit", "BYTE", "BIT"), since: "7.0.0", optional: true };

export const bitcount: Command = {
  name: "bitcount",
  arity: -2,
  flags: "readonly",
  keys: "RO access",
  group: "bitmap",
  since: "2.6.0",
  complexity: "O(N) for N bytes counted.",
  summary: "Counts the set bits of a key's string, or of a part of it.",
  args: [
    keyArg,
    {
      name: "range",
      type: "block",
      optional: true,
      arguments: [{ name: "start", type: "integer" }, { name: "end", type: "integer" }, unitArg],
    },
  ],
  handler: bitcountCommand,
};

function bitcountCommand(c: Context): void {
  const { args, keyspace, reply } = c;
  if (args.count === 3 || args.count > 5) {
    reply.error(Errors.syntax);
    return;
  }
  let first = 0;
  let last = -1;
  let unit = 8;
  if (args.count > 3) {
    first = args.index(2);
    last = args.index(3);
    if (Number.isNaN(first) || Number.isNaN(last)) {
      reply.error(Errors.notInteger);
      return;
    }
    if (args.count === 5) unit = unitAt(c, 4);
    if (unit < 0) return;
  }
  const entry = c.findTyped(1, STRING);
  if (entry < 0) return;
  if (entry === 0) {
    reply.integer(0);
    return;
  }
  const { records } = keyspace;
  const length = (records.valueLength(entry) * 8) / unit;
  const from = fromEnd(first, length);
  const to = Math.min(fromEnd(last, length), length - 1);
  const crossed = first < 0 && last < 0 && first > last;
  if (crossed || from > to) {
    reply.integer(0);
    return;
  }
  records.value(entry);
  reply.integer(countRange(c, entry, from * unit, to * unit + unit - 1));
}

/** Set bits of a string's bits [first, last]. REQUIRES: records describe it. */
function countRange(c: Context, entry: number, first: number, last: number): number {
  const { bytes, start } = c.keyspace.records;
  const head = start + Math.floor(first / 8);
  const tail = start + Math.floor(last / 8);
  const count = countBits(bytes, wordsOf(c, entry), head, tail + 1);
  // Those of the first byte before the range, and of the last one behind it.
  const before = bytes[head] & (0xff00 >>> (first % 8)) & 0xff;
  const behind = bytes[tail] & (0x7f >>> (last % 8));
  return count - bitsOf(before) - bitsOf(behind);
}

export const bitpos: Command = {
  name: "bitpos",
  arity: -3,
  flags: "readonly",
  keys: "RO access",
  group: "bitmap",
  since: "2.8.7",
  complexity: "O(N) for N bytes looked at.",
  summary: "Finds the first set or clear bit of a key's string, or of a part of it.",
  args: [
    keyArg,
    { name: "bit", type: "integer" },
    {
      name: "range",
      type: "block",
      optional: true,
      arguments: [
        { name: "start", type: "integer" },
        {
          name: "end-unit-block",
          type: "block",
          optional: true,
          arguments: [{ name: "end", type: "integer" }, unitArg],
        },
      ],
    },
  ],
  handler: bitposCommand,
};

function bitposCommand(c: Context): void {
  const { args, keyspace, reply } = c;
  const bit = args.integer(2);
  if (Number.isNaN(bit)) {
    reply.error(Errors.notInteger);
    return;
  }
  if (bit !== 0 && bit !== 1) {
    reply.error(bitNotOneOrZero);
    return;
  }
  if (args.count > 6) {
    reply.error(Errors.syntax);
    return;
  }
  const first = args.count > 3 ? args.index(3) : 0;
  if (Number.isNaN(first)) {
    reply.error(Errors.notInteger);
    return;
  }
  const unit = args.count > 5 ? unitAt(c, 5) : 8;
  if (unit < 0) return;
  const last = args.count > 4 ? args.index(4) : -1;
  if (Number.isNaN(last)) {
    reply.error(Errors.notInteger);
    return;
  }
  const entry = c.findTyped(1, STRING);
  if (entry < 0) return;
  if (entry === 0) {
    reply.integer(bit === 1 ? -1 : 0);
    return;
  }
  const { records } = keyspace;
  const length = (records.valueLength(entry) * 8) / unit;
  const from = fromEnd(first, length);
  const to = Math.min(fromEnd(last, length), length - 1);
  if (from > to) {
    reply.integer(-1);
    return;
  }
  records.value(entry);
  const { bytes, start } = records;
  const lastBit = to * unit + unit - 1;
  const found = findBit(bytes, wordsOf(c, entry), start, from * unit, lastBit, bit, passRun);
  // Without an end, the zeros behind the string belong to it.
  reply.integer(found < 0 && bit === 0 && args.count < 5 ? lastBit + 1 : found);
}

export const bitmapCommands: readonly Command[] = [setbit, getbit, bitcount, bitpos];

/** How many bits the unit at argument i has; −1 when it is none, and that has been replied. */
function unitAt(c: Context, i: number): number {
  if (c.args.is(i, BIT)) return 1;
  if (c.args.is(i, BYTE)) return 8;
  c.reply.error(Errors.syntax);
  return -1;
}

/** A position that may be counted from the end; one before the beginning is the first. */
function fromEnd(position: number, length: number): number {
  return position < 0 ? Math.max(position + length, 0) : position;
}

/** The words of the segment in which a string's bytes lie. */
function wordsOf(c: Context, entry: number): Int32Array {
  const block = c.keyspace.records.pointer(entry);
  return c.memory.i32[(block === 0 ? entry : block) >>> PLACE_BITS];
}
