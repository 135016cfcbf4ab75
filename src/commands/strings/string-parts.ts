// Parts of strings: lengths, ranges, and what is put at their end or inside.

import { copyBytes } from "../../base/bytes.ts";
import type { Command, Context } from "../../engine/context.ts";
import { STRING } from "../../keyspace/data-type.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import { NO_DEADLINE } from "../../structures/record.ts";
import { StringKind, stringsOf } from "../../types/strings.ts";
import { keyArg } from "../shared/argument-docs.ts";
import { sliceEnd, sliceStart } from "../shared/slices.ts";
import { StringEvents, setTo } from "./strings.ts";

const offsetOutOfRange = errorLine("ERR offset is out of range");
const stringTooLong = errorLine("ERR string exceeds maximum allowed size (proto-max-bulk-len)");

export const append: Command = {
  name: "append",
  arity: 3,
  flags: "write denyoom fast",
  keys: "RW insert",
  group: "string",
  since: "2.0.0",
  complexity: "O(N) for N bytes appended; O(M) for the value's M bytes when it must move.",
  summary: "Appends to the string of a key.",
  args: [keyArg, { name: "value", type: "string" }],
  handler: appendCommand,
};

function appendCommand(c: Context): void {
  const { args, keyspace, reply } = c;
  const entry = c.findTypedForWrite(1, STRING);
  if (entry < 0) return;
  const added = args.length(2);
  if (entry === 0) {
    if (!lengthAllowed(c, added)) return;
    setTo(c, 1, 2, NO_DEADLINE);
    c.modified(1, StringEvents.append);
    reply.integer(added);
    return;
  }
  const { records } = keyspace;
  const length = records.valueLength(entry);
  if (!lengthAllowed(c, length + added)) return;
  keyspace.resizeString(c.db, entry, StringKind.raw, length + added, length, length + added);
  copyArgument(c, 2, records.bytes, records.start + length);
  c.modified(1, StringEvents.append);
  reply.integer(length + added);
}

export const strlen: Command = {
  name: "strlen",
  arity: 2,
  flags: "readonly fast",
  keys: "RO",
  group: "string",
  since: "2.2.0",
  complexity: "O(1)",
  summary: "Returns the length of a key's string in bytes.",
  args: [keyArg],
  handler: strlenCommand,
};

function strlenCommand(c: Context): void {
  const entry = c.findTyped(1, STRING);
  if (entry >= 0) c.reply.integer(entry === 0 ? 0 : c.keyspace.records.valueLength(entry));
}

export const getrange: Command = {
  name: "getrange",
  arity: 4,
  flags: "readonly",
  keys: "RO access",
  group: "string",
  since: "2.4.0",
  complexity: "O(N) for N bytes returned.",
  summary: "Returns a part of a key's string.",
  args: [keyArg, { name: "start", type: "integer" }, { name: "end", type: "integer" }],
  handler: getrangeCommand,
};

function getrangeCommand(c: Context): void {
  const { args, reply } = c;
  const first = args.index(2);
  const last = args.index(3);
  if (Number.isNaN(first) || Number.isNaN(last)) {
    reply.error(Errors.notInteger);
    return;
  }
  const entry = c.findTyped(1, STRING);
  if (entry < 0) return;
  const { records } = c.keyspace;
  const length = entry === 0 ? 0 : records.valueLength(entry);
  const from = sliceStart(first, length);
  // As in Redis, a last position before the first byte is the first byte.
  const to = Math.max(sliceEnd(last, length), 1);
  const crossed = first < 0 && last < 0 && first > last;
  if (crossed || from >= to || length === 0) {
    reply.bulk(NO_BYTES, 0, 0);
    return;
  }
  records.value(entry);
  reply.bulk(records.bytes, records.start + from, records.start + to);
}

export const substr: Command = {
  name: "substr",
  arity: 4,
  flags: "readonly",
  keys: "RO access",
  group: "string",
  since: "1.0.0",
  deprecated: ["2.0.0", "`GETRANGE`"],
  complexity: "O(N) for N bytes returned.",
  summary: "Returns a part of a key's string (the old name of GETRANGE).",
  args: [keyArg, { name: "start", type: "integer" }, { name: "end", type: "integer" }],
  handler: getrangeCommand,
};

export const setrange: Command = {
  name: "setrange",
  arity: 4,
  flags: "write denyoom",
  keys: "RW update",
  group: "string",
  since: "2.2.0",
  complexity: "O(N) for N bytes written; O(M) for the value's M bytes when it must move.",
  summary: "Overwrites a part of a key's string from an offset on.",
  args: [keyArg, { name: "offset", type: "integer" }, { name: "value", type: "string" }],
  handler: setrangeCommand,
};

function setrangeCommand(c: Context): void {
  const { args, keyspace, reply } = c;
  const offset = args.index(2);
  if (Number.isNaN(offset)) {
    reply.error(Errors.notInteger);
    return;
  }
  if (offset < 0) {
    reply.error(offsetOutOfRange);
    return;
  }
  let entry = c.findTypedForWrite(1, STRING);
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
    c.setString(1, StringKind.raw, NO_BYTES, 0, 0, NO_DEADLINE);
    entry = c.findForWrite(1);
  }
  const whole = Math.max(length, offset + added);
  keyspace.resizeString(c.db, entry, StringKind.raw, whole, offset, offset + added);
  const { bytes, start } = records;
  if (offset > length) bytes.fill(0, start + length, start + offset);
  copyArgument(c, 3, bytes, start + offset);
  c.modified(1, StringEvents.setrange);
  reply.integer(whole);
}

export const stringPartCommands: readonly Command[] = [append, strlen, getrange, substr, setrange];
const NO_BYTES = new Uint8Array(0);

/** Whether a string may grow to this length; replies where it may not. */
function lengthAllowed(c: Context, length: number): boolean {
  if (length <= stringsOf(c).lengthMax) return true;
  c.reply.error(stringTooLong);
  return false;
}

function copyArgument(c: Context, i: number, to: Uint8Array, at: number): void {
  copyBytes(c.args.bytes, c.args.starts[i], c.args.ends[i], to, at);
}
