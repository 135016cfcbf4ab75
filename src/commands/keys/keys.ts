// Keys, whatever they hold: deleting, renaming, copying, finding and scanning them.

import { asciiBytes } from "../../base/bytes.ts";
import { globMatches, globMatchesAll } from "../../base/glob.ts";
import type { Command, Context } from "../../engine/context.ts";
import { Events } from "../../engine/events.ts";
import { Counter } from "../../keyspace/figures.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import { keyArg, keysArg, scanArgs } from "../shared/argument-docs.ts";
import { readCursor, replyEmptyScan, ScanWord, scanOptions } from "../shared/scanning.ts";

const sameObject = errorLine("ERR source and destination objects are the same");
const int32OutOfRange = errorLine(
  "ERR value is out of range, value must between -2147483648 and 2147483647",
);

export const deleteKeys: Command = {
  name: "del",
  arity: -2,
  flags: "write",
  tips: "request_policy:multi_shard response_policy:agg_sum",
  keys: [{ index: 1, last: -1, flags: "RM delete" }],
  group: "generic",
  since: "1.0.0",
  complexity: "O(N) for N keys; large collections are freed afterwards, in slices.",
  summary: "Deletes keys.",
  args: [keysArg],
  console: "deleted",
  handler: deleteCommand,
};

function deleteCommand(c: Context): void {
  let deleted = 0;
  for (let i = 1; i < c.args.count; i++) {
    if (!c.remove(i)) continue;
    deleted++;
    c.modified(i, Events.del);
  }
  c.reply.integer(deleted);
}

export const unlink: Command = {
  name: "unlink",
  arity: -2,
  flags: "write fast",
  tips: "request_policy:multi_shard response_policy:agg_sum",
  keys: [{ index: 1, last: -1, flags: "RM delete" }],
  group: "generic",
  since: "4.0.0",
  complexity: "O(N) for N keys; large collections are freed afterwards, in slices.",
  summary: "Deletes keys; large values are freed later, as with DEL here.",
  args: [keysArg],
  console: "deleted",
  handler: deleteCommand,
};

export const exists: Command = {
  name: "exists",
  arity: -2,
  flags: "readonly fast",
  tips: "request_policy:multi_shard response_policy:agg_sum",
  keys: [{ index: 1, last: -1, flags: "RO" }],
  group: "generic",
  since: "1.0.0",
  complexity: "O(N) where N is the number of keys to check.",
  summary: "Counts how many of the keys exist.",
  args: [keysArg],
  handler: existsCommand,
};

function existsCommand(c: Context): void {
  let existing = 0;
  for (let i = 1; i < c.args.count; i++) if (c.peek(i) !== 0) existing++;
  c.reply.integer(existing);
}

export const typeOfKey: Command = {
  name: "type",
  arity: 2,
  flags: "readonly fast",
  keys: "RO",
  group: "generic",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Names the type of a key's value.",
  args: [keyArg],
  console: "type",
  handler: typeCommand,
};

function typeCommand(c: Context): void {
  const entry = c.peek(1);
  c.reply.simple(entry === 0 ? "none" : c.keyspace.types.name(c.keyspace.typeOf(entry)));
}

export const keys: Command = {
  name: "keys",
  arity: 2,
  flags: "readonly",
  tips: "request_policy:all_shards nondeterministic_output_order",
  categories: "dangerous",
  group: "generic",
  since: "1.0.0",
  complexity: "O(N) for N keys in the database.",
  summary: "Lists the keys that match a pattern.",
  args: [{ name: "pattern", type: "pattern" }],
  handler: keysCommand,
};

function keysCommand(c: Context): void {
  const { args, keyspace, reply } = c;
  const { tables, records } = keyspace;
  const start = args.starts[1];
  const end = args.ends[1];
  const all = globMatchesAll(args.bytes, start, end);
  const mark = reply.beginDeferred();
  const table = keyspace.table(c.db);
  const chains = table === 0 ? 0 : tables.chains(table);
  let count = 0;
  for (let bucket = 0; bucket < chains; bucket++) {
    const found = tables.collect(table, bucket);
    for (let i = 0; i < found; i++) {
      const entry = tables.found[i];
      if (keyspace.isExpired(entry)) continue;
      records.key(entry);
      const { bytes, start: keyStart, end: keyEnd } = records;
      if (!all && !globMatches(args.bytes, start, end, bytes, keyStart, keyEnd)) continue;
      reply.bulk(bytes, keyStart, keyEnd);
      count++;
    }
  }
  reply.endArray(mark, count);
}

export const scan: Command = {
  name: "scan",
  arity: -2,
  flags: "readonly",
  tips: "nondeterministic_output request_policy:special",
  group: "generic",
  since: "2.8.0",
  complexity: "O(1) for each call, O(N) for a whole scan of N keys.",
  summary: "Goes through the keys of the database in steps.",
  args: [
    ...scanArgs,
    { name: "type", type: "string", token: "TYPE", since: "6.0.0", optional: true },
  ],
  handler: scanCommand,
};

function scanCommand(c: Context): void {
  const { args, keyspace, reply } = c;
  let cursor = readCursor(args, 1, reply);
  if (cursor < 0 || !scanOptions.read(args, 2, ScanWord.type, reply)) return;
  const table = keyspace.table(c.db);
  if (table === 0) {
    replyEmptyScan(reply);
    return;
  }
  const { tables, records } = keyspace;
  const type =
    scanOptions.type === 0
      ? -1
      : keyspace.types.numberOf(args.text(scanOptions.type).toLowerCase());
  // The cursor comes first, and is known last: the keys are written before it and moved behind.
  const head = reply.length;
  const mark = reply.beginDeferred();
  const gone: number[] = [];
  let count = 0;
  do {
    cursor = tables.scan(table, cursor);
    for (let i = 0; i < tables.foundCount; i++) {
      const entry = tables.found[i];
      records.key(entry);
      if (!scanOptions.matches(args, records.bytes, records.start, records.end)) continue;
      const expired = keyspace.isExpired(entry);
      if (expired) gone.push(entry);
      if (scanOptions.type !== 0) {
        // To ask for a key's type is to look it up.
        keyspace.count(expired ? Counter.misses : Counter.hits);
        if (keyspace.typeOf(entry) !== type) continue;
      }
      if (expired) continue;
      reply.bulk(records.bytes, records.start, records.end);
      count++;
    }
  } while (scanOptions.goesOn(cursor, tables.foundCount));
  reply.endArray(mark, count);
  for (const entry of gone) keyspace.expire(c.db, entry);
  const keys = reply.bytes.slice(head, reply.length);
  reply.truncate(head);
  reply.array(2);
  reply.bulkInteger(cursor);
  reply.raw(keys, 0, keys.length);
}

export const randomkey: Command = {
  name: "randomkey",
  arity: 1,
  flags: "readonly",
  tips: "request_policy:all_shards nondeterministic_output",
  group: "generic",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Returns a key drawn at random.",
  handler: randomkeyCommand,
};

function randomkeyCommand(c: Context): void {
  const { keyspace, reply } = c;
  for (let draw = 0; draw < RANDOM_DRAWS_MAX && keyspace.size(c.db) > 0; draw++) {
    const entry = keyspace.tables.random(keyspace.table(c.db), keyspace.random);
    if (keyspace.isExpired(entry)) {
      keyspace.expire(c.db, entry);
      continue;
    }
    keyspace.records.key(entry);
    reply.bulk(keyspace.records.bytes, keyspace.records.start, keyspace.records.end);
    return;
  }
  reply.null();
}

export const rename: Command = {
  name: "rename",
  arity: 3,
  flags: "write",
  keys: [
    { index: 1, flags: "RW access delete" },
    { index: 2, flags: "OW update" },
  ],
  group: "generic",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Gives a key another name, over whatever had it.",
  args: [keyArg, { name: "newkey", type: "key", keySpecIndex: 1 }],
  handler: renameCommand,
};

function renameCommand(c: Context): void {
  if (renamed(c, false) > 0) c.reply.ok();
}

export const renamenx: Command = {
  name: "renamenx",
  arity: 3,
  flags: "write fast",
  keys: [
    { index: 1, flags: "RW access delete" },
    { index: 2, flags: "OW insert" },
  ],
  group: "generic",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Gives a key another name if nothing has it.",
  args: [keyArg, { name: "newkey", type: "key", keySpecIndex: 1 }],
  handler: renamenxCommand,
};

function renamenxCommand(c: Context): void {
  const done = renamed(c, true);
  if (done >= 0) c.reply.integer(done);
}

export const copy: Command = {
  name: "copy",
  arity: -3,
  flags: "write denyoom",
  keys: [
    { index: 1, flags: "RO access" },
    { index: 2, flags: "OW update" },
  ],
  group: "generic",
  since: "6.2.0",
  complexity: "O(1) for strings, O(N) for collections of N elements.",
  summary: "Copies a key's value to another key.",
  args: [
    { name: "source", type: "key", keySpecIndex: 0 },
    { name: "destination", type: "key", keySpecIndex: 1 },
    { name: "destination-db", type: "integer", token: "DB", optional: true },
    { name: "replace", type: "pure-token", token: "REPLACE", optional: true },
  ],
  handler: copyCommand,
};

function copyCommand(c: Context): void {
  const { args, keyspace, reply } = c;
  let db = c.db;
  let replace = false;
  for (let i = 3; i < args.count; i++) {
    if (args.is(i, REPLACE)) {
      replace = true;
    } else if (args.is(i, DB) && i + 1 < args.count) {
      db = databaseArgument(c, ++i);
      if (db < 0) return;
    } else {
      reply.error(Errors.syntax);
      return;
    }
  }
  if (db === c.db && sameKey(c, 1, 2)) {
    reply.error(sameObject);
    return;
  }
  const entry = c.find(1);
  const { bytes } = args;
  const start = args.starts[2];
  const end = args.ends[2];
  const taken = entry === 0 ? 0 : keyspace.find(db, bytes, start, end);
  if (entry === 0 || (taken !== 0 && !replace)) {
    reply.integer(0);
    return;
  }
  if (taken !== 0) keyspace.remove(db, taken);
  keyspace.attach(db, keyspace.copyEntry(entry, bytes, start, end));
  c.notices.event(db, bytes, start, end, Events.new);
  c.modifiedKey(db, bytes, start, end, Events.copyTo);
  c.notices.ready(db, bytes, start, end);
  reply.integer(1);
}

export const touch: Command = {
  name: "touch",
  arity: -2,
  flags: "readonly fast",
  tips: "request_policy:multi_shard response_policy:agg_sum",
  keys: [{ index: 1, last: -1, flags: "RO" }],
  group: "generic",
  since: "3.2.1",
  complexity: "O(N) where N is the number of keys that will be touched.",
  summary: "Counts the keys that exist and marks them as just used.",
  args: [keysArg],
  handler: touchCommand,
};

function touchCommand(c: Context): void {
  // CLIENT NO-TOUCH does not hold for this one.
  c.keyspace.touchAll();
  let existing = 0;
  for (let i = 1; i < c.args.count; i++) if (c.find(i) !== 0) existing++;
  c.reply.integer(existing);
}

export const move: Command = {
  name: "move",
  arity: 3,
  flags: "write fast",
  keys: "RW access update",
  group: "generic",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Moves a key to another database.",
  args: [keyArg, { name: "db", type: "integer" }],
  handler: moveCommand,
};

function moveCommand(c: Context): void {
  const { args, keyspace, reply } = c;
  const db = databaseArgument(c, 2);
  if (db < 0) return;
  if (db === c.db) {
    reply.error(sameObject);
    return;
  }
  const { bytes } = args;
  const start = args.starts[1];
  const end = args.ends[1];
  const entry = c.findForWrite(1);
  if (entry === 0 || keyspace.find(db, bytes, start, end) !== 0) {
    reply.integer(0);
    return;
  }
  keyspace.detach(c.db, entry);
  keyspace.attach(db, entry);
  c.notices.event(db, bytes, start, end, Events.new);
  c.modified(1, Events.moveFrom);
  c.modifiedKey(db, bytes, start, end, Events.moveTo, 0);
  c.notices.ready(db, bytes, start, end);
  reply.integer(1);
}

export const keyCommands: readonly Command[] = [
  deleteKeys,
  unlink,
  exists,
  typeOfKey,
  keys,
  scan,
  randomkey,
  rename,
  renamenx,
  copy,
  touch,
  move,
];

/** Draws that may meet an expired entry before RANDOMKEY takes what it finds. */
const RANDOM_DRAWS_MAX = 100;

function sameKey(c: Context, i: number, j: number): boolean {
  const { bytes, starts } = c.args;
  const length = c.args.length(i);
  if (length !== c.args.length(j)) return false;
  for (let k = 0; k < length; k++) if (bytes[starts[i] + k] !== bytes[starts[j] + k]) return false;
  return true;
}

/** 1: renamed (or the same name), 0: the name was taken, −1: there is no such key, replied. */
function renamed(c: Context, onlyNew: boolean): number {
  const { args, keyspace } = c;
  const entry = c.findForWrite(1);
  if (entry === 0) {
    c.reply.error(Errors.noSuchKey);
    return -1;
  }
  if (sameKey(c, 1, 2)) return onlyNew ? 0 : 1;
  const taken = c.findForWrite(2);
  if (taken !== 0) {
    if (onlyNew) return 0;
    keyspace.remove(c.db, taken);
  }
  keyspace.detach(c.db, entry);
  const moved = keyspace.rename(entry, args.bytes, args.starts[2], args.ends[2]);
  keyspace.attach(c.db, moved);
  c.event(2, Events.new);
  c.modified(1, Events.renameFrom);
  c.modified(2, Events.renameTo, 0);
  c.ready(2);
  return 1;
}

/** The database that argument i names, or −1 when an error has been replied. */
export function databaseArgument(c: Context, i: number): number {
  const { args, keyspace, reply } = c;
  const db = args.integer(i);
  if (Number.isNaN(db)) {
    reply.error(Errors.notInteger);
    return -1;
  }
  if (db > 2147483647 || db < -2147483648) {
    reply.error(int32OutOfRange);
    return -1;
  }
  if (db < 0 || db >= keyspace.databases) {
    reply.error(Errors.databaseOutOfRange);
    return -1;
  }
  return db;
}

const DB = asciiBytes("db");
const REPLACE = asciiBytes("replace");
