// The connection itself: signs of life, authentication, the protocol, the selected database.

import { asciiBytes } from "../../base/bytes.ts";
import type { Command, Context } from "../../engine/context.ts";
import { Gate } from "../../engine/session.ts";
import { Errors, errorLine, wrongArity } from "../../protocol/errors.ts";
import { databaseArgument } from "../keys/keys.ts";
import { invalidName, NAME_ERROR } from "./client-names.ts";

const authWrong = errorLine("WRONGPASS invalid username-password pair or user is disabled.");
const authWithoutPassword = errorLine(
  "ERR AUTH <password> called without any password configured for the default user. " +
    "Are you sure your configuration is correct?",
);
const protocolUnsupported = errorLine("NOPROTO unsupported protocol version");

export const ping: Command = {
  name: "ping",
  arity: -1,
  flags: "fast",
  tips: "request_policy:all_shards response_policy:all_succeeded",
  group: "connection",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Answers PONG, or the message.",
  args: [{ name: "message", type: "string", optional: true }],
  allowedWhenSubscribed: true,
  guard: unwell,
  handler: pingCommand,
};

/** Who asks whether the server is well is told that it cannot keep what is written. */
function unwell(c: Context): Uint8Array | undefined {
  const failure = c.services.diskFailure();
  return failure === undefined ? undefined : errorLine(failure);
}

function pingCommand(c: Context): void {
  const { args, reply, session } = c;
  if (args.count > 2) {
    reply.errorText(wrongArity("ping"));
    return;
  }
  const start = args.count === 2 ? args.starts[1] : 0;
  const end = args.count === 2 ? args.ends[1] : 0;
  if ((session.gates & Gate.subscribed) !== 0) {
    // Among messages, in RESP2, the answer must look like one.
    reply.array(2);
    reply.bulk(PONG, 0, PONG.length);
    reply.bulk(args.bytes, start, end);
  } else if (args.count === 1) {
    reply.simple("PONG");
  } else {
    reply.bulk(args.bytes, start, end);
  }
}

export const echo: Command = {
  name: "echo",
  arity: 2,
  flags: "loading stale fast",
  group: "connection",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Answers the message.",
  args: [{ name: "message", type: "string" }],
  handler: (c) => c.reply.bulk(c.args.bytes, c.args.starts[1], c.args.ends[1]),
};

export const quit: Command = {
  name: "quit",
  arity: -1,
  flags: "noscript loading stale fast no_auth allow_busy",
  group: "connection",
  since: "1.0.0",
  deprecated: ["7.2.0", "just closing the connection"],
  complexity: "O(1)",
  summary: "Closes the connection.",
  allowedWhenSubscribed: true,
  notQueued: true,
  handler: quitCommand,
};

function quitCommand(c: Context): void {
  c.session.closing = true;
  c.reply.ok();
}

export const reset: Command = {
  name: "reset",
  arity: 1,
  flags: "noscript loading stale fast no_auth allow_busy",
  group: "connection",
  since: "6.2.0",
  complexity: "O(1)",
  summary: "Puts the connection into the state of a new one.",
  allowedWhenSubscribed: true,
  notQueued: true,
  handler: resetCommand,
};

function resetCommand(c: Context): void {
  const { session } = c;
  session.endTransaction(c.keyspace);
  c.pubsub.forget(session);
  c.executor.gates.reset(session);
  c.users.greet(session);
  session.db = 0;
  c.db = 0;
  session.protocol = 2;
  c.reply.protocol = 2;
  session.name = "";
  session.noEvict = false;
  session.noTouch = false;
  c.reply.simple("RESET");
}

export const auth: Command = {
  name: "auth",
  arity: -2,
  flags: "noscript loading stale fast no_auth allow_busy",
  group: "connection",
  since: "1.0.0",
  complexity: "O(N) where N is the number of passwords defined for the user",
  summary: "Authenticates the connection.",
  args: [
    { name: "username", type: "string", since: "6.0.0", optional: true },
    { name: "password", type: "string" },
  ],
  handler: authCommand,
};

function authCommand(c: Context): void {
  const { args, reply } = c;
  if (args.count > 3) {
    reply.error(Errors.syntax);
    return;
  }
  const userAt = args.count === 3 ? 1 : -1;
  if (userAt < 0 && c.users.open) {
    reply.error(authWithoutPassword);
    return;
  }
  if (authenticated(c, userAt, args.count - 1)) reply.ok();
}

export const hello: Command = {
  name: "hello",
  arity: -1,
  flags: "noscript loading stale fast no_auth allow_busy",
  group: "connection",
  since: "6.0.0",
  complexity: "O(1)",
  summary: "Chooses the protocol and tells what the server is.",
  args: [
    {
      name: "arguments",
      type: "block",
      optional: true,
      arguments: [
        { name: "protover", type: "integer" },
        {
          name: "username_password",
          type: "block",
          token: "AUTH",
          optional: true,
          arguments: [
            { name: "username", type: "string" },
            { name: "password", type: "string" },
          ],
        },
        { name: "clientname", type: "string", token: "SETNAME", optional: true },
      ],
    },
  ],
  handler: helloCommand,
};

function helloCommand(c: Context): void {
  const { args, reply, session } = c;
  let protocol = session.protocol;
  let userAt = 0;
  let nameAt = 0;
  if (args.count > 1) {
    const asked = args.integer(1);
    if (Number.isNaN(asked)) {
      reply.errorText("ERR Protocol version is not an integer or out of range");
      return;
    }
    if (asked !== 2 && asked !== 3) {
      reply.error(protocolUnsupported);
      return;
    }
    protocol = asked;
  }
  for (let i = 2; i < args.count; i++) {
    if (args.is(i, AUTH) && i + 2 < args.count) {
      userAt = i + 1;
      i += 2;
    } else if (args.is(i, SETNAME) && i + 1 < args.count) {
      nameAt = ++i;
      if (invalidName(args, i)) {
        reply.errorText(NAME_ERROR);
        return;
      }
    } else {
      reply.errorText(`ERR Syntax error in HELLO option '${args.text(i)}'`);
      return;
    }
  }
  if (userAt > 0 && !authenticated(c, userAt, userAt + 1)) return;
  if (!c.users.knows(session)) {
    reply.errorText(
      "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO " +
        "<proto> AUTH <user> <pass> option can be used to authenticate the client and select the " +
        "RESP protocol version at the same time",
    );
    return;
  }
  if (nameAt > 0) session.name = args.text(nameAt);
  session.protocol = protocol;
  reply.protocol = protocol;
  session.updateSubscribed();
  describeServer(c);
}

export const select: Command = {
  name: "select",
  arity: 2,
  flags: "loading stale fast",
  group: "connection",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Selects the database of the connection.",
  args: [{ name: "index", type: "integer" }],
  handler: selectCommand,
};

function selectCommand(c: Context): void {
  const db = databaseArgument(c, 1);
  if (db < 0) return;
  c.session.db = db;
  c.db = db;
  c.reply.ok();
}

export const connectionCommands: readonly Command[] = [
  ping,
  echo,
  quit,
  reset,
  auth,
  hello,
  select,
];

const PONG = asciiBytes("pong");

/** Whether the user and password at these arguments are right; if not, the error is replied. */
function authenticated(c: Context, userAt: number, passwordAt: number): boolean {
  const right = c.users.authenticate(c.session, c.args, userAt, passwordAt);
  if (!right) c.reply.error(authWrong);
  return right;
}

const AUTH = asciiBytes("auth");
const SETNAME = asciiBytes("setname");

function describeServer(c: Context): void {
  const { reply, session, services } = c;
  reply.map(7);
  reply.bulkText("server");
  reply.bulkText("redis");
  reply.bulkText("version");
  reply.bulkText(services.reportedVersion());
  reply.bulkText("proto");
  reply.integer(session.protocol);
  reply.bulkText("id");
  reply.integer(session.id);
  reply.bulkText("mode");
  reply.bulkText("standalone");
  reply.bulkText("role");
  reply.bulkText("master");
  reply.bulkText("modules");
  reply.array(0);
}
