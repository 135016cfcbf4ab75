// The server as a whole: what it says of itself, whole databases, its end.

import { asciiBytes } from "../../base/bytes.ts";
import type { Command, Context } from "../../engine/context.ts";
import { Counter } from "../../keyspace/figures.ts";
import { Errors } from "../../protocol/errors.ts";

const flushArguments: Command["args"] = [
  {
    name: "flush-type",
    type: "oneof",
    optional: true,
    arguments: [
      { name: "async", type: "pure-token", token: "ASYNC", since: "4.0.0" },
      { name: "sync", type: "pure-token", token: "SYNC", since: "6.2.0" },
    ],
  },
];

export const info: Command = {
  name: "info",
  owner: true,
  arity: -1,
  flags: "loading stale",
  tips: "nondeterministic_output request_policy:all_shards response_policy:special",
  categories: "dangerous",
  group: "server",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Describes the server's state and counters, in sections.",
  args: [{ name: "section", type: "string", optional: true, multiple: true }],
  handler: infoCommand,
};

function infoCommand(c: Context): void {
  const sections: string[] = [];
  for (let i = 1; i < c.args.count; i++) sections.push(c.args.text(i).toLowerCase());
  if (sections.length === 0) sections.push("default");
  c.reply.verbatim(c.services.info(sections));
}

export const dbsize: Command = {
  name: "dbsize",
  arity: 1,
  flags: "readonly fast",
  tips: "request_policy:all_shards response_policy:agg_sum",
  categories: "keyspace",
  group: "server",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Counts the keys of the selected database.",
  handler: (c) => c.reply.integer(c.keyspace.size(c.db)),
};

export const flushdb: Command = {
  name: "flushdb",
  arity: -1,
  flags: "write",
  tips: "request_policy:all_shards response_policy:all_succeeded",
  categories: "keyspace dangerous",
  group: "server",
  since: "1.0.0",
  complexity: "O(N) where N is the number of keys in the selected database",
  summary: "Deletes every key of the selected database.",
  args: flushArguments,
  handler: flushdbCommand,
};

function flushdbCommand(c: Context): void {
  if (!flushOptions(c)) return;
  flush(c, c.db);
  c.reply.ok();
}

export const flushall: Command = {
  name: "flushall",
  arity: -1,
  flags: "write",
  tips: "request_policy:all_shards response_policy:all_succeeded",
  categories: "keyspace dangerous",
  group: "server",
  since: "1.0.0",
  complexity: "O(N) where N is the total number of keys in all databases",
  summary: "Deletes every key of every database.",
  args: flushArguments,
  handler: flushallCommand,
};

function flushallCommand(c: Context): void {
  if (!flushOptions(c)) return;
  for (let db = 0; db < c.keyspace.databases; db++) flush(c, db);
  c.keyspace.count(Counter.flushes);
  c.reply.ok();
}

export const swapdb: Command = {
  name: "swapdb",
  arity: 3,
  flags: "write fast",
  categories: "keyspace dangerous",
  group: "server",
  since: "4.0.0",
  complexity:
    "O(N) where N is the count of clients watching or blocking on keys from both databases.",
  summary: "Exchanges two databases.",
  args: [
    { name: "index1", type: "integer" },
    { name: "index2", type: "integer" },
  ],
  handler: swapdbCommand,
};

function swapdbCommand(c: Context): void {
  const { keyspace } = c;
  const a = databaseIndex(c, 1, "ERR invalid first DB index");
  if (Number.isNaN(a)) return;
  const b = databaseIndex(c, 2, "ERR invalid second DB index");
  if (Number.isNaN(b)) return;
  if (Math.min(a, b) < 0 || Math.max(a, b) >= keyspace.databases) {
    c.reply.error(Errors.databaseOutOfRange);
    return;
  }
  if (a !== b) {
    c.notices.swapping(a, b);
    keyspace.swap(a, b);
  }
  c.changes++;
  c.reply.ok();
}

export const time: Command = {
  name: "time",
  arity: 1,
  flags: "loading stale fast",
  tips: "nondeterministic_output",
  group: "server",
  since: "2.6.0",
  complexity: "O(1)",
  summary: "Returns the time of day in seconds and microseconds.",
  handler: timeCommand,
};

function timeCommand(c: Context): void {
  const now = c.timeUs;
  c.reply.array(2);
  c.reply.bulkInteger(Math.floor(now / 1_000_000));
  c.reply.bulkInteger(Math.floor(now) % 1_000_000);
}

export const role: Command = {
  name: "role",
  arity: 1,
  flags: "noscript loading stale fast",
  categories: "admin dangerous",
  group: "server",
  since: "2.8.12",
  complexity: "O(1)",
  summary: "Tells whether the server is a master or a replica.",
  handler: roleCommand,
};

function roleCommand(c: Context): void {
  c.reply.array(3);
  c.reply.bulkText("master");
  c.reply.integer(0);
  c.reply.array(0);
}

export const shutdown: Command = {
  name: "shutdown",
  owner: true,
  arity: -1,
  flags: "admin noscript loading stale no_multi allow_busy",
  group: "server",
  since: "1.0.0",
  complexity:
    "O(N) when saving, where N is the total number of keys in all databases when saving data, " +
    "otherwise O(1)",
  summary: "Flushes the log, saves if that is asked for, and ends the server.",
  args: [
    {
      name: "save-selector",
      type: "oneof",
      optional: true,
      arguments: [
        { name: "nosave", type: "pure-token", token: "NOSAVE" },
        { name: "save", type: "pure-token", token: "SAVE" },
      ],
    },
    { name: "now", type: "pure-token", token: "NOW", since: "7.0.0", optional: true },
    { name: "force", type: "pure-token", token: "FORCE", since: "7.0.0", optional: true },
    { name: "abort", type: "pure-token", token: "ABORT", since: "7.0.0", optional: true },
  ],
  handler: shutdownCommand,
};

function shutdownCommand(c: Context): void {
  const { args, reply } = c;
  const said = shutdownWords.map(() => false);
  for (let i = 1; i < args.count; i++) {
    const word = shutdownWords.findIndex((candidate) => args.is(i, candidate));
    if (word < 0) {
      reply.error(Errors.syntax);
      return;
    }
    said[word] = true;
  }
  const [nosave, save, now, force, abort] = said;
  if ((abort && (nosave || save || now || force)) || (nosave && save)) {
    reply.error(Errors.syntax);
    return;
  }
  if (abort) {
    // The end is not put off for replicas, so there is never one to call off.
    reply.errorText("ERR No shutdown in progress.");
    return;
  }
  // Replicas, for which it would be put off, there are none.
  const failed = c.services.shutdown(force, save ? true : nosave ? false : undefined);
  if (failed !== undefined) reply.errorText(failed);
}

export const serverCommands: readonly Command[] = [
  info,
  dbsize,
  flushdb,
  flushall,
  swapdb,
  time,
  role,
  shutdown,
];

// Whole databases

const ASYNC = asciiBytes("async");
const SYNC = asciiBytes("sync");

/** Whether what follows the name is right; if not, the error is replied. */
function flushOptions(c: Context): boolean {
  const { args } = c;
  if (args.count === 1) return true;
  if (args.count === 2 && (args.is(1, ASYNC) || args.is(1, SYNC))) return true;
  c.reply.error(Errors.syntax);
  return false;
}

/** Empties a database at once; what it held is freed in slices, with SYNC too. */
function flush(c: Context, db: number): void {
  c.notices.emptying(db);
  c.changes += c.keyspace.flush(db);
}

/** The number at argument i, of an int32, or NaN when an error has been replied. */
function databaseIndex(c: Context, i: number, error: string): number {
  const index = c.args.integer(i);
  if (index >= -2147483648 && index <= 2147483647) return index;
  c.reply.errorText(error);
  return Number.NaN;
}

// The end

const shutdownWords = ["nosave", "save", "now", "force", "abort"].map(asciiBytes);
