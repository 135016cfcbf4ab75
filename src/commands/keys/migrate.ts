// MIGRATE: moves keys to another server. The client waits, nobody else; see migration.ts.

import { asciiBytes } from "../../base/bytes.ts";
import type { ArgumentDoc, CompiledCommand } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import { type FoundKeys, KeyFlag } from "../../engine/key-specs.ts";
import { Figure } from "../../engine/statistics.ts";
import type { Wait } from "../../engine/wait.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { Migration, type MigrationOrder } from "./migration.ts";

const TIMEOUT_MS = 1000;
const PORT_MAX = 65535;

const keyNotEmpty = errorLine(
  "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string",
);
const notHere = errorLine(
  "ERR MIGRATE waits for another server, and nothing can wait inside a transaction",
);
const unreachable = errorLine("IOERR error or timeout writing to target instance");

const COPY = asciiBytes("copy");
const REPLACE = asciiBytes("replace");
const AUTH = asciiBytes("auth");
const AUTH2 = asciiBytes("auth2");
const KEYS = asciiBytes("keys");

const args: readonly ArgumentDoc[] = [
  { name: "host", type: "string" },
  { name: "port", type: "integer" },
  {
    name: "key-or-empty-string",
    type: "oneof",
    arguments: [
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "empty-string", type: "pure-token", token: '""' },
    ],
  },
  { name: "destination-db", type: "integer" },
  { name: "timeout", type: "integer" },
  { name: "copy", type: "pure-token", token: "COPY", since: "3.0.0", optional: true },
  { name: "replace", type: "pure-token", token: "REPLACE", since: "3.0.0", optional: true },
  {
    name: "authentication",
    type: "oneof",
    optional: true,
    arguments: [
      { name: "password", type: "string", token: "AUTH", since: "4.0.7", optional: true },
      {
        name: "username-password",
        type: "block",
        token: "AUTH2",
        since: "6.0.0",
        optional: true,
        arguments: [
          { name: "username", type: "string" },
          { name: "password", type: "string" },
        ],
      },
    ],
  },
  {
    name: "key",
    type: "key",
    keySpecIndex: 1,
    token: "KEYS",
    since: "3.0.6",
    optional: true,
    multiple: true,
  },
];

export const migrate: Command = {
  name: "migrate",
  arity: -6,
  flags: "write",
  tips: "nondeterministic_output",
  categories: "dangerous",
  keys: [
    { index: 3, flags: "RW access delete" },
    { index: -2, keyword: "KEYS", last: -1, flags: "RW access delete incomplete" },
  ],
  findKeys: findMigrateKeys,
  group: "generic",
  since: "2.6.0",
  complexity: "As DUMP and DEL of the keys here, and RESTORE there.",
  summary: "Moves keys to another server.",
  args,
  guard: (c) => (c.session.transaction.queue === null ? undefined : notHere),
  handler: migrateCommand,
};

/**
 * Its key, or those behind KEYS, where there are some, for which it must be empty; the values of
 * AUTH and AUTH2 are no words.
 */
function findMigrateKeys(args: Arguments, found: FoundKeys): boolean {
  const flags = KeyFlag.RW | KeyFlag.access | KeyFlag.delete;
  for (let i = 6; i + 1 < args.count; i++) {
    if (args.is(i, AUTH)) i++;
    else if (args.is(i, AUTH2)) i += 2;
    else if (args.is(i, KEYS)) {
      if (args.length(3) > 0) return false;
      for (let key = i + 1; key < args.count; key++) found.add(key, flags);
      return true;
    }
  }
  found.add(3, flags);
  return true;
}

/** What the options say, and where the keys are. */
const options = {
  copies: false,
  replaces: false,
  username: 0,
  password: 0,
  firstKey: 3,
  lastKey: 3,
};

function migrateCommand(c: Context): void {
  const { args, reply, session, command } = c;
  if (!readOptions(c)) return;
  const timeout = args.integer(5);
  const database = args.integer64(4);
  if (Number.isNaN(timeout) || database === undefined) {
    reply.error(Errors.notInteger);
    return;
  }
  const keys: Uint8Array[] = [];
  for (let i = options.firstKey; i <= options.lastKey; i++) {
    if (c.find(i) !== 0) keys.push(args.copy(i));
  }
  if (keys.length === 0) {
    reply.simple("NOKEY");
    return;
  }
  const port = args.integer(2);
  if (!(port > 0 && port <= PORT_MAX)) {
    reply.error(unreachable);
    return;
  }
  const { sessions } = c.services;
  const order: MigrationOrder = {
    db: c.db,
    keys,
    host: args.text(1),
    port,
    database: String(database),
    timeoutMs: timeout > 0 ? timeout : TIMEOUT_MS,
    copies: options.copies,
    replaces: options.replaces,
    password: options.password === 0 ? null : args.copy(options.password),
    username: options.username === 0 ? null : args.copy(options.username),
    // A client that has gone does not call it off: it would have been carried out in Redis.
    isUnwanted: () => session.waiting?.wait !== wait && sessions.has(session.id),
  };
  const migration = new Migration(c, order, () => {
    if (session.waiting?.wait === wait) c.executor.waiters.timeOut(session);
  });
  const wait = waitFor(c, migration, command as CompiledCommand);
  c.waitFor(wait, [], 0);
  if (session.waiting?.wait === wait) migration.begin();
}

function readOptions(c: Context): boolean {
  const { args, reply } = c;
  options.copies = false;
  options.replaces = false;
  options.username = 0;
  options.password = 0;
  options.firstKey = 3;
  options.lastKey = 3;
  for (let i = 6; i < args.count; i++) {
    const more = args.count - 1 - i;
    if (args.is(i, COPY)) options.copies = true;
    else if (args.is(i, REPLACE)) options.replaces = true;
    else if (args.is(i, AUTH) && more >= 1) options.password = ++i;
    else if (args.is(i, AUTH2) && more >= 2) {
      options.username = ++i;
      options.password = ++i;
    } else if (args.is(i, KEYS)) {
      if (args.length(3) > 0) {
        reply.error(keyNotEmpty);
        return false;
      }
      options.firstKey = i + 1;
      options.lastKey = args.count - 1;
      return true;
    } else {
      reply.error(Errors.syntax);
      return false;
    }
  }
  return true;
}

/** The client waits until there is an outcome; who ends that before calls the migration off. */
function waitFor(c: Context, migration: Migration, command: CompiledCommand): Wait {
  return {
    wakes: () => false,
    hearsAll: false,
    denied: (reply) => reply.error(notHere),
    timedOut(reply) {
      migration.giveUp();
      answer(c, migration, command, reply);
    },
  };
}

function answer(
  c: Context,
  { outcome }: Migration,
  command: CompiledCommand,
  reply: ReplyWriter,
): void {
  if (outcome?.kind === "taken") reply.ok();
  else if (outcome?.kind === "nothing") reply.simple("NOKEY");
  else if (outcome?.kind === "failed") {
    reply.errorText(outcome.text);
    c.executor.statistics.count(command, Figure.failed);
    c.executor.countError();
  }
}
