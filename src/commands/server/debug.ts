// DEBUG: what tests of clients and of this database need. Whether it may be used, and from where,
// says the directive enable-debug-command where the services know it.

import { asciiBytes } from "../../base/bytes.ts";
import type { Command, Context } from "../../engine/context.ts";
import { allowsAction } from "../../engine/protected-actions.ts";
import { errorLine } from "../../protocol/errors.ts";
import { replyHelp, replySubcommandError } from "../shared/help.ts";
import { debugVerify } from "./debug-verify.ts";

export const debug: Command = {
  name: "debug",
  arity: -2,
  flags: "admin noscript loading stale",
  group: "server",
  since: "1.0.0",
  complexity: "Depends on subcommand.",
  summary: "Does what tests need and nothing else should.",
  guard: refusal,
  handler: debugCommand,
};

export const debugCommands: readonly Command[] = [debug];

function debugCommand(c: Context): void {
  const { args, reply } = c;
  const refused = refusal(c);
  if (refused !== undefined) {
    reply.error(refused);
    return;
  }
  const word = args.text(1).toLowerCase();
  if (word === "help" && args.count === 2) help(c);
  else if (word === "sleep" && args.count === 3) sleep(c);
  else if (word === "set-active-expire" && args.count === 3) setActiveExpire(c);
  else if (word === "protocol" && args.count === 3) protocol(c, args.text(2).toLowerCase());
  else if (word === "verify" && args.count === 2) debugVerify(c);
  else replySubcommandError(c, "DEBUG");
}

const notAllowed = errorLine(
  'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can ' +
    "run it from a local connection, otherwise you need to set this option in the configuration " +
    "file, and then restart the server.",
);

/** The error line where DEBUG may not be used, at all or from the session's address. */
function refusal(c: Context): Uint8Array | undefined {
  const setting = c.services.configGet(["enable-debug-command"])[0]?.[1] ?? "yes";
  return allowsAction(setting, c.session) ? undefined : notAllowed;
}

function sleep(c: Context): void {
  const seconds = c.args.double(2);
  if (seconds > 0) {
    c.services.sleep(seconds * 1000);
    // What is behind it in the same arrival must see that time has passed; a transaction does not.
    if (c.inTransaction) c.slept = true;
    else if (!c.executor.transactionOpen) c.executor.setNow(c.services.nowMs());
  }
  c.reply.ok();
}

function setActiveExpire(c: Context): void {
  const value = c.args.integer(2);
  c.keyspace.settings.activeExpiry = value !== 0 && !Number.isNaN(value);
  c.reply.ok();
}

// biome-ignore lint/suspicious/noApproximativeNumericConstant: the value that Redis replies
const DOUBLE = 3.141;
const BIG_NUMBER = "1234567999999999999999999999999999999";

/** Replies one value of a type of the protocol, so that a client's reader can be tested. */
function protocol(c: Context, type: string): void {
  const { reply } = c;
  const three = reply.protocol === 3;
  if (type === "string") reply.bulkText("Hello World");
  else if (type === "integer") reply.integer(12345);
  else if (type === "double") reply.double(DOUBLE);
  else if (type === "bignum") three ? raw(c, `(${BIG_NUMBER}\r\n`) : reply.bulkText(BIG_NUMBER);
  else if (type === "null") reply.null();
  else if (type === "array") threeIntegers(c, () => reply.array(3));
  else if (type === "set") threeIntegers(c, () => reply.set(3));
  else if (type === "map") {
    reply.map(3);
    for (let i = 0; i < 3; i++) {
      reply.integer(i);
      reply.boolean(i === 1);
    }
  } else if (type === "attrib") {
    if (three) {
      raw(c, "|1\r\n");
      reply.bulkText("key-popularity");
      reply.array(2);
      reply.bulkText("key:123");
      reply.integer(90);
    }
    reply.bulkText("Some real reply following the attribute");
  } else if (type === "push") {
    if (!three) {
      reply.errorText("ERR RESP2 is not supported by this command");
      return;
    }
    reply.push(2);
    reply.bulkText("server-cpu-usage");
    reply.integer(42);
    reply.bulkText("Some real reply following the push reply");
  } else if (type === "verbatim") reply.verbatim("This is a verbatim\nstring");
  else if (type === "true" || type === "false") reply.boolean(type === "true");
  else {
    reply.errorText(
      "ERR Wrong protocol type name. Please use one of the following: string|integer|double|" +
        "bignum|null|array|set|map|attrib|push|verbatim|true|false",
    );
  }
}

function raw(c: Context, text: string): void {
  const bytes = asciiBytes(text);
  c.reply.raw(bytes, 0, bytes.length);
}

function threeIntegers(c: Context, head: () => void): void {
  head();
  for (let i = 0; i < 3; i++) c.reply.integer(i);
}

function help(c: Context): void {
  replyHelp(c, "DEBUG", [
    ["PROTOCOL <type>", "Replies a value of this type of the protocol, with made-up content."],
    ["SET-ACTIVE-EXPIRE <0|1>", "Keys whose time is over are deleted unasked (1), or not (0)."],
    ["SLEEP <seconds>", "Stops the server for so long. Decimals are allowed."],
    ["VERIFY", "Checks all data, while others are served: OK, or what is broken, and where."],
  ]);
}
