// What a script returns, as a reply. Beside the plain values these tables mean something:
//
//   {err = text}  {ok = text}  {double = number}  {big_number = text}
//   {verbatim_string = {string = text, format = text}}  {map = table}  {set = table}
//
// Any other table is an array, up to its first nil. A client that speaks RESP2 is given what RESP2
// has in the place of those. Whether true and false are booleans or, as ever, 1 and null, depends
// on the protocol that the script has chosen.

import { LuaTable } from "../lua/table.ts";
import type { LuaValue } from "../lua/values.ts";
import type { ReplyWriter } from "../protocol/reply-writer.ts";

/** Tables in tables; C's stack has room for about so many. */
const DEPTH_MAX = 7900;

/** Writes a value that a script has returned. `protocol` is the script's own. */
export function writeLua(reply: ReplyWriter, value: LuaValue, protocol: 2 | 3): void {
  write(reply, value, protocol, 0);
}

/** The error that a script has returned, or undefined: its value is another. */
export function returnedError(value: LuaValue): LuaTable | undefined {
  return value instanceof LuaTable && typeof value.getString("err") === "string"
    ? value
    : undefined;
}

function write(reply: ReplyWriter, value: LuaValue, protocol: 2 | 3, depth: number): void {
  switch (typeof value) {
    case "string":
      reply.bulkLatin1(value);
      return;
    case "number":
      writeNumber(reply, value);
      return;
    case "boolean":
      if (protocol === 3) reply.boolean(value);
      else if (value) reply.integer(1);
      else reply.null();
      return;
    default:
      if (!(value instanceof LuaTable)) reply.null();
      else if (depth > DEPTH_MAX) reply.errorText("ERR reached lua stack limit");
      else writeTable(reply, value, protocol, depth);
  }
}

/** As an integer of 64 bits, as C's cast makes one: what has no room is the least. */
function writeNumber(reply: ReplyWriter, value: number): void {
  const integer = Math.trunc(value);
  if (Number.isSafeInteger(integer)) reply.integer(integer + 0);
  else if (integer >= -(2 ** 63) && integer < 2 ** 63) reply.integer64(BigInt(integer));
  else reply.integer64(-(2n ** 63n));
}

function writeTable(reply: ReplyWriter, table: LuaTable, protocol: 2 | 3, depth: number): void {
  if (table.nodeKeys.length > 0 && writeMarked(reply, table, protocol, depth)) return;
  let count = 0;
  while (table.getNumber(count + 1) !== undefined) count++;
  reply.array(count);
  for (let i = 1; i <= count; i++) write(reply, table.getNumber(i), protocol, depth + 1);
}

/** Writes a table that means something else than an array; false: it does not. */
function writeMarked(
  reply: ReplyWriter,
  table: LuaTable,
  protocol: 2 | 3,
  depth: number,
): boolean {
  const error = table.getString("err");
  if (typeof error === "string") {
    reply.errorText(untilZero(error));
    return true;
  }
  const status = table.getString("ok");
  if (typeof status === "string") {
    reply.simpleLatin1(onOneLine(untilZero(status)));
    return true;
  }
  const double = table.getString("double");
  if (typeof double === "number") {
    reply.double(double);
    return true;
  }
  const big = table.getString("big_number");
  if (typeof big === "string") {
    reply.bigNumber(onOneLine(big));
    return true;
  }
  const verbatim = table.getString("verbatim_string");
  if (verbatim instanceof LuaTable) {
    const format = verbatim.getString("format");
    const text = verbatim.getString("string");
    if (typeof format === "string" && typeof text === "string") {
      reply.verbatimLatin1(text, format);
      return true;
    }
  }
  const map = table.getString("map");
  if (map instanceof LuaTable) {
    reply.map(countOf(map));
    for (let at = map.nextIndex(undefined); at >= 0; at = map.nextIndex(map.keyAt(at))) {
      write(reply, map.keyAt(at), protocol, depth + 1);
      write(reply, map.valueAt(at), protocol, depth + 1);
    }
    return true;
  }
  const set = table.getString("set");
  if (!(set instanceof LuaTable)) return false;
  reply.set(countOf(set));
  for (let at = set.nextIndex(undefined); at >= 0; at = set.nextIndex(set.keyAt(at))) {
    write(reply, set.keyAt(at), protocol, depth + 1);
  }
  return true;
}

function countOf(table: LuaTable): number {
  let count = 0;
  for (let at = table.nextIndex(undefined); at >= 0; at = table.nextIndex(table.keyAt(at))) {
    count++;
  }
  return count;
}

function onOneLine(text: string): string {
  return text.replace(/[\r\n]/g, " ");
}

/** What C's functions for texts see of a string. */
export function untilZero(text: string): string {
  const zero = text.indexOf("\0");
  return zero < 0 ? text : text.slice(0, zero);
}
