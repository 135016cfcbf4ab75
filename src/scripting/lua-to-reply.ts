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
const DEPTH_MAX = 7990;

/** What is written of a table: its items, its keys, or keys and values. */
const Walk = { items: 0, keys: 1, pairs: 2 } as const;

// The tables that are being written, the outermost first: a script may put so many into one another
// that JavaScript's own stack would not do. Of each, how it is walked and where that goes on; of
// pairs, whether the key has been written.
const tables: LuaTable[] = [];
const walks: number[] = [];
const places: number[] = [];
const halves: boolean[] = [];

/** Told of each error that is written, with the table that stands for it, if there is one. */
export type ErrorListener = (error: LuaValue) => void;

/** Writes a value that a script has returned. `protocol` is the script's own. */
export function writeLua(
  reply: ReplyWriter,
  value: LuaValue,
  protocol: 2 | 3,
  onError: ErrorListener,
): void {
  write(reply, value, protocol, onError);
  while (tables.length > 0) {
    const top = tables.length - 1;
    const table = tables[top];
    const place = places[top];
    if (walks[top] === Walk.items) {
      const item = table.getNumber(place);
      places[top] = place + 1;
      if (item === undefined) leave();
      else write(reply, item, protocol, onError);
    } else if (place < 0) {
      leave();
    } else {
      const key = table.keyAt(place);
      const isKey = !halves[top];
      if (walks[top] === Walk.pairs) halves[top] = isKey;
      if (!halves[top]) {
        const next = table.nextIndex(key);
        places[top] = next;
      }
      write(reply, isKey ? key : table.valueAt(place), protocol, onError);
    }
  }
}

function enter(table: LuaTable, walk: number): void {
  tables.push(table);
  walks.push(walk);
  places.push(walk === Walk.items ? 1 : table.nextIndex(undefined));
  halves.push(false);
}

function leave(): void {
  tables.pop();
  walks.pop();
  places.pop();
  halves.pop();
}

/** Writes a value, or what comes before a table's own. */
function write(reply: ReplyWriter, value: LuaValue, protocol: 2 | 3, onError: ErrorListener): void {
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
      else if (tables.length > DEPTH_MAX) {
        reply.errorText("ERR reached lua stack limit");
        onError(undefined);
      } else writeTable(reply, value, onError);
  }
}

/** As an integer of 64 bits, as C's cast makes one: what has no room is the least. */
function writeNumber(reply: ReplyWriter, value: number): void {
  const integer = Math.trunc(value);
  if (Number.isSafeInteger(integer)) reply.integer(integer + 0);
  else if (integer >= -(2 ** 63) && integer < 2 ** 63) reply.integer64(BigInt(integer));
  else reply.integer64(-(2n ** 63n));
}

function writeTable(reply: ReplyWriter, table: LuaTable, onError: ErrorListener): void {
  if (table.nodeKeys.length > 0 && writeMarked(reply, table, onError)) return;
  let count = 0;
  while (table.getNumber(count + 1) !== undefined) count++;
  reply.array(count);
  if (count > 0) enter(table, Walk.items);
}

/** Writes a table that means something else than an array; false: it does not. */
function writeMarked(reply: ReplyWriter, table: LuaTable, onError: ErrorListener): boolean {
  const error = table.getString("err");
  if (typeof error === "string") {
    reply.errorText(untilZero(error));
    onError(table);
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
    enter(map, Walk.pairs);
    return true;
  }
  const set = table.getString("set");
  if (!(set instanceof LuaTable)) return false;
  reply.set(countOf(set));
  enter(set, Walk.keys);
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
