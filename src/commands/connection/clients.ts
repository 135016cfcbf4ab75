// CLIENT: what a connection tells of itself, and what may be done with others.

import { asciiBytes } from "../../base/bytes.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import { Gate } from "../../engine/session.ts";
import { Errors } from "../../protocol/errors.ts";
import { replyHelp, replySubcommandError } from "../shared/help.ts";
import { clientKill } from "./client-kill.ts";
import { clientInfo, clientList } from "./client-list.ts";
import { invalidName, NAME_ERROR } from "./client-names.ts";

const own = { flags: "noscript loading stale", group: "connection" } as const;
const admin = { flags: "admin noscript loading stale", group: "connection" } as const;

function words(...tokens: string[]): ArgumentDoc[] {
  return tokens.map((token) => ({ name: token.toLowerCase(), type: "pure-token", token }));
}

export const client: Command = {
  name: "client",
  arity: -2,
  flags: "",
  group: "connection",
  since: "2.4.0",
  complexity: "Depends on subcommand.",
  summary: "Names, lists and ends connections.",
  subcommands: [
    {
      ...own,
      name: "id",
      arity: 2,
      since: "5.0.0",
      complexity: "O(1)",
      summary: "Returns the number of the connection.",
      handler: (c) => c.reply.integer(c.session.id),
    },
    {
      ...own,
      name: "setname",
      arity: 3,
      since: "2.6.9",
      complexity: "O(1)",
      summary: "Names the connection.",
      args: [{ name: "connection-name", type: "string" }],
      handler: clientSetname,
    },
    {
      ...own,
      name: "getname",
      arity: 2,
      since: "2.6.9",
      complexity: "O(1)",
      summary: "Returns the name of the connection.",
      handler: clientGetname,
    },
    {
      ...own,
      name: "setinfo",
      arity: 4,
      since: "7.2.0",
      complexity: "O(1)",
      summary: "Tells which library the client is.",
      tips: "request_policy:all_nodes response_policy:all_succeeded",
      args: [
        {
          name: "attr",
          type: "oneof",
          arguments: [
            { name: "libname", type: "string", token: "LIB-NAME" },
            { name: "libver", type: "string", token: "LIB-VER" },
          ],
        },
      ],
      handler: clientSetinfo,
    },
    {
      ...own,
      name: "info",
      arity: 2,
      since: "6.2.0",
      complexity: "O(1)",
      summary: "Describes the connection in one line.",
      tips: "nondeterministic_output",
      handler: clientInfo,
    },
    {
      ...admin,
      name: "list",
      arity: -2,
      since: "2.4.0",
      complexity: "O(N) where N is the number of client connections",
      summary: "Describes connections, a line for each.",
      tips: "nondeterministic_output",
      args: [
        {
          name: "client-type",
          type: "oneof",
          token: "TYPE",
          since: "5.0.0",
          optional: true,
          arguments: words("NORMAL", "MASTER", "REPLICA", "PUBSUB"),
        },
        {
          name: "client-id",
          type: "integer",
          token: "ID",
          since: "6.2.0",
          optional: true,
          multiple: true,
        },
      ],
      handler: clientList,
    },
    {
      ...admin,
      name: "kill",
      arity: -3,
      since: "2.4.0",
      complexity: "O(N) where N is the number of client connections",
      summary: "Closes connections.",
      args: [
        {
          name: "filter",
          type: "oneof",
          arguments: [
            { name: "old-format", type: "string" },
            {
              name: "new-format",
              type: "oneof",
              multiple: true,
              arguments: [
                {
                  name: "client-id",
                  type: "integer",
                  token: "ID",
                  since: "2.8.12",
                  optional: true,
                },
                {
                  name: "client-type",
                  type: "oneof",
                  token: "TYPE",
                  since: "2.8.12",
                  optional: true,
                  arguments: words("NORMAL", "MASTER", "SLAVE", "REPLICA", "PUBSUB"),
                },
                { name: "username", type: "string", token: "USER", optional: true },
                { name: "addr", type: "string", token: "ADDR", optional: true },
                { name: "laddr", type: "string", token: "LADDR", since: "6.2.0", optional: true },
                {
                  name: "skipme",
                  type: "oneof",
                  token: "SKIPME",
                  optional: true,
                  arguments: words("YES", "NO"),
                },
                {
                  name: "maxage",
                  type: "integer",
                  token: "MAXAGE",
                  since: "7.4.0",
                  optional: true,
                },
              ],
            },
          ],
        },
      ],
      handler: clientKill,
    },
    {
      ...own,
      name: "reply",
      arity: 3,
      since: "3.2.0",
      complexity: "O(1)",
      summary: "Turns replies off and on, or leaves the next one out.",
      args: [{ name: "action", type: "oneof", arguments: words("ON", "OFF", "SKIP") }],
      handler: clientReply,
    },
    {
      ...admin,
      name: "unblock",
      arity: -3,
      since: "5.0.0",
      complexity: "O(log N) where N is the number of client connections",
      summary: "Ends the waiting of a client in a blocking command.",
      args: [
        { name: "client-id", type: "integer" },
        {
          name: "unblock-type",
          type: "oneof",
          optional: true,
          arguments: words("TIMEOUT", "ERROR"),
        },
      ],
      handler: clientUnblock,
    },
    {
      ...admin,
      name: "no-evict",
      arity: 3,
      since: "7.0.0",
      complexity: "O(1)",
      summary: "Keeps the connection when clients are closed to save memory.",
      args: [{ name: "enabled", type: "oneof", arguments: words("ON", "OFF") }],
      handler: clientNoEvict,
    },
    {
      ...own,
      name: "no-touch",
      arity: 3,
      since: "7.2.0",
      complexity: "O(1)",
      summary: "Lets the connection's commands leave no trace in how keys are used.",
      args: [{ name: "enabled", type: "oneof", arguments: words("ON", "OFF") }],
      handler: clientNoTouch,
    },
    {
      ...own,
      name: "getredir",
      arity: 2,
      since: "6.0.0",
      complexity: "O(1)",
      summary: "Returns whom tracking sends its messages to: nobody, -1.",
      handler: (c) => c.reply.integer(-1),
    },
    {
      ...own,
      name: "trackinginfo",
      arity: 2,
      since: "6.2.0",
      complexity: "O(1)",
      summary: "Tells whether keys are tracked for the connection: they are not.",
      handler: clientTrackinginfo,
    },
    {
      ...own,
      name: "help",
      arity: 2,
      flags: "loading stale",
      since: "5.0.0",
      complexity: "O(1)",
      summary: "Lists the subcommands.",
      handler: clientHelp,
    },
  ],
};

export const clientCommands: readonly Command[] = [client];

// Names

function clientSetname(c: Context): void {
  if (invalidName(c.args, 2)) {
    c.reply.errorText(NAME_ERROR);
    return;
  }
  c.session.name = c.args.text(2);
  c.reply.ok();
}

function clientGetname(c: Context): void {
  const { name } = c.session;
  if (name === "") c.reply.null();
  else c.reply.bulkText(name);
}

function clientSetinfo(c: Context): void {
  const { args, reply, session } = c;
  const attribute = args.text(2);
  const name = attribute.toLowerCase();
  if (name !== "lib-name" && name !== "lib-ver") {
    reply.errorText(`ERR Unrecognized option '${attribute}'`);
    return;
  }
  if (invalidName(args, 3)) {
    reply.errorText(`ERR ${attribute} cannot contain spaces, newlines or special characters.`);
    return;
  }
  if (name === "lib-name") session.libraryName = args.text(3);
  else session.libraryVersion = args.text(3);
  reply.ok();
}

// Switches

const ON = asciiBytes("on");
const OFF = asciiBytes("off");
const SKIP = asciiBytes("skip");

function clientReply(c: Context): void {
  const { args, reply, session } = c;
  if (args.is(2, ON)) {
    c.executor.gates.speak(session);
    reply.ok();
  } else if (args.is(2, OFF)) {
    c.executor.gates.silence(session);
  } else if (args.is(2, SKIP)) {
    if ((session.gates & Gate.silent) === 0) session.setGate(Gate.skipNext, true);
    // EXEC has announced a reply of each command.
    if (c.inTransaction) reply.ok();
  } else {
    reply.error(Errors.syntax);
  }
}

/** true or false as argument 2 says ON or OFF; undefined when an error has been replied. */
function onOrOff(c: Context): boolean | undefined {
  if (c.args.is(2, ON)) return true;
  if (c.args.is(2, OFF)) return false;
  c.reply.error(Errors.syntax);
  return undefined;
}

function clientNoEvict(c: Context): void {
  const on = onOrOff(c);
  if (on === undefined) return;
  c.session.noEvict = on;
  c.reply.ok();
}

function clientNoTouch(c: Context): void {
  const on = onOrOff(c);
  if (on === undefined) return;
  c.session.noTouch = on;
  c.reply.ok();
}

// Others

const TIMEOUT = asciiBytes("timeout");
const ERROR = asciiBytes("error");

function clientUnblock(c: Context): void {
  const { args, reply, executor } = c;
  if (args.count > 4) {
    replySubcommandError(c, "CLIENT");
    return;
  }
  const withError = args.count === 4 && args.is(3, ERROR);
  if (args.count === 4 && !withError && !args.is(3, TIMEOUT)) {
    reply.errorText("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    return;
  }
  const id = args.integer(2);
  if (Number.isNaN(id)) {
    reply.error(Errors.notInteger);
    return;
  }
  const session = c.services.sessions.get(id) ?? c.blocking.find(id);
  if (session === undefined || session.waiting === null) {
    reply.integer(0);
    return;
  }
  const { unblock } = session.waiting;
  if (unblock !== undefined) unblock(withError);
  else if (withError) executor.waiters.unblockWithError(session);
  else executor.waiters.timeOut(session);
  reply.integer(1);
}

function clientTrackinginfo(c: Context): void {
  const { reply } = c;
  reply.map(3);
  reply.bulkText("flags");
  reply.set(1);
  reply.bulkText("off");
  reply.bulkText("redirect");
  reply.integer(-1);
  reply.bulkText("prefixes");
  reply.array(0);
}

function clientHelp(c: Context): void {
  replyHelp(c, "CLIENT", [
    ["GETNAME", "The name of this connection."],
    ["GETREDIR", "Whom tracking sends its messages to: nobody, -1."],
    ["ID", "The number of this connection."],
    ["INFO", "This connection, described in one line."],
    ["KILL <ip:port>", "Closes the connection from this address."],
    [
      "KILL <option> <value> [<option> <value> [...]]",
      "Closes the connections that match ID, TYPE, ADDR, LADDR, USER and MAXAGE; SKIPME (YES|NO).",
    ],
    ["LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB)] [ID <id> ...]", "Connections, a line for each."],
    ["NO-EVICT (ON|OFF)", "Whether this connection is kept when clients are closed for memory."],
    ["NO-TOUCH (ON|OFF)", "Whether this connection leaves no trace in how keys are used."],
    ["REPLY (ON|OFF|SKIP)", "Turns replies off and on, or leaves the next one out."],
    ["SETINFO (LIB-NAME|LIB-VER) <value>", "Which library this client is."],
    ["SETNAME <name>", "Names this connection."],
    ["TRACKINGINFO", "Whether keys are tracked for this connection: they are not."],
    ["UNBLOCK <clientid> [TIMEOUT|ERROR]", "Ends the waiting of a blocked client."],
  ]);
}
