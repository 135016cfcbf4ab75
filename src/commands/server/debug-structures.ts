// DEBUG HTSTATS, HTSTATS-KEY, LISTPACK, QUICKLIST, SDSLEN and STRUCTSIZE: where values lie, for
// those who look into it. What redis-server prints on its standard output is a message to whoever
// runs the server; the replies are Redis's.

import { latin1Text } from "../../base/bytes.ts";
import type { Context } from "../../engine/context.ts";
import { STRING } from "../../keyspace/data-type.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import { replySubcommandError } from "../shared/help.ts";

const noSuchDatabase = errorLine("ERR Out of range database");
const noTable = errorLine(
  "ERR The value stored at the specified key is not represented using an hash table",
);
const notListpack = errorLine("ERR Not a listpack encoded object.");
const notQuicklist = errorLine("ERR Not a quicklist encoded object.");
const notText = errorLine("ERR Not an sds encoded string.");

/** Bytes of a value that one message shows. */
const SHOWN_BYTES = 4096;

/** Whether there are `words` words behind the name, or FULL behind those; else it is replied. */
function mayBeFull(c: Context, words: number): boolean {
  const { args } = c;
  if (args.count === words + 2 || args.text(words + 2).toLowerCase() === "full") return true;
  replySubcommandError(c, "DEBUG");
  return false;
}

function tableText(c: Context, table: number): string {
  const { tables } = c.keyspace;
  if (table === 0) return "No stats available for empty dictionaries\n";
  const count = tables.count(table);
  const buckets = tables.buckets(table);
  return (
    ` buckets: ${buckets}\n number of elements: ${count}\n` +
    ` elements a bucket: ${(count / buckets).toFixed(2)}\n bytes: ${tables.bytesUsed(table)}\n`
  );
}

/** HTSTATS db [FULL]: the tables of a database. */
export function tableStatistics(c: Context): void {
  const { keyspace, reply } = c;
  if (!mayBeFull(c, 1)) return;
  const db = c.args.integer(2);
  if (Number.isNaN(db)) return reply.error(Errors.notInteger);
  if (!(db >= 0 && db < keyspace.databases)) return reply.error(noSuchDatabase);
  const deadlines = ` number of elements: ${keyspace.deadlineCount(db)}\n`;
  reply.verbatim(
    `[Dictionary HT]\n${tableText(c, keyspace.table(db))}[Expires, an ordered tree]\n${deadlines}`,
  );
}

/** The entry of the key at argument 2, or 0 after an error has been replied. */
function inspected(c: Context): number {
  const { args, keyspace } = c;
  const entry = keyspace.peek(c.db, args.bytes, args.starts[2], args.ends[2]);
  if (entry === 0) c.reply.error(Errors.noSuchKey);
  return entry;
}

/** HTSTATS-KEY key [FULL]: the table that its value lies in. */
export function keyTableStatistics(c: Context): void {
  if (!mayBeFull(c, 1)) return;
  const entry = inspected(c);
  if (entry === 0) return;
  const table = c.keyspace.memberTable(entry);
  if (table === 0) c.reply.error(noTable);
  else c.reply.verbatim(tableText(c, table));
}

/** LISTPACK key: what lies in its one listpack. */
export function listpackOf(c: Context): void {
  show(c, "listpack", notListpack, "Listpack structure printed on stdout");
}

/** QUICKLIST key [0|1]: its nodes. */
export function quicklistOf(c: Context): void {
  show(c, "quicklist", notQuicklist, "Quicklist structure printed on stdout");
}

function show(c: Context, encoding: string, other: Uint8Array, done: string): void {
  const { keyspace, reply, services } = c;
  const { records, types } = keyspace;
  const entry = inspected(c);
  if (entry === 0) return;
  const kind = records.kind(entry);
  if (types.encodings[kind] !== encoding) return reply.error(other);
  const root = records.pointer(entry);
  const type = types.collections[kind];
  const name = latin1Text(c.args.bytes, c.args.starts[2], c.args.ends[2]).slice(0, SHOWN_BYTES);
  services.message(
    `DEBUG ${encoding.toUpperCase()} ${name}: ${type?.size(kind, root)} elements in ` +
      `${type?.bytesUsed(kind, root)} bytes${type?.describe?.(kind, root) ?? ""}`,
  );
  reply.simple(done);
}

/** SDSLEN key: bytes of the key and of the string, and what they take. */
export function stringLengths(c: Context): void {
  const { keyspace, reply } = c;
  const { records, types } = keyspace;
  const entry = inspected(c);
  if (entry === 0) return;
  const isText =
    keyspace.typeOf(entry) === STRING && types.encodings[records.kind(entry)] !== "int";
  if (!isText) return reply.error(notText);
  const key = c.args.length(2);
  const value = records.valueLength(entry);
  reply.simple(
    `key_sds_len:${key}, key_sds_avail:0, key_zmalloc: ${key}, ` +
      `val_sds_len:${value}, val_sds_avail:0, val_zmalloc: ${keyspace.bytesUsed(entry)}`,
  );
}

/** STRUCTSIZE: sizes of structures. */
export function structureSizes(c: Context): void {
  c.reply.bulkText("bits:64 reference:4 disposal:16 counter:8 deadline:8 ");
}
