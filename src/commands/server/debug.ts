// DEBUG: what tests of clients and of this database need. Whether it may be used, and from where,
// says the directive enable-debug-command where the services know it.

import { asciiBytes } from "../../base/bytes.ts";
import { globMatches } from "../../base/glob.ts";
import { Random } from "../../base/random.ts";
import type { Command, Context } from "../../engine/context.ts";
import { allowsAction } from "../../engine/protected-actions.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import { scriptingOf } from "../../scripting/scripting.ts";
import { replyHelp, replySubcommandError } from "../shared/help.ts";
import { populate } from "./debug-populate.ts";
import { error, protocol } from "./debug-protocol.ts";
import {
  keyTableStatistics,
  listpackOf,
  quicklistOf,
  stringLengths,
  structureSizes,
  tableStatistics,
} from "./debug-structures.ts";
import { describeObject, digest, digestValues, packedThreshold } from "./debug-values.ts";
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

/** What patterns are made of. */
const SPECIAL = asciiBytes("*?[]^-\\a");

type Subcommand = readonly [least: number, most: number, handler: (c: Context) => void];

/** Any number of words. */
const WORDS_MAX = Number.MAX_SAFE_INTEGER;

const DENYING = "set-disable-deny-scripts";

/** Subcommands by their names, with how many words each takes after its name. */
const subcommands: Readonly<Record<string, Subcommand>> = {
  "change-repl-id": [0, 0, changeReplicationId],
  digest: [0, 0, digest],
  "digest-value": [0, WORDS_MAX, digestValues],
  "dict-resizing": [1, 1, (c) => c.reply.ok()],
  error: [1, 1, error],
  help: [0, 0, help],
  htstats: [1, 2, tableStatistics],
  "htstats-key": [1, 2, keyTableStatistics],
  listpack: [1, 1, listpackOf],
  loadaof: [0, 0, loadLog],
  log: [1, 1, log],
  object: [1, 1, describeObject],
  "pause-cron": [1, 1, pauseCron],
  populate: [1, 3, populate],
  protocol: [1, 1, (c) => protocol(c, c.args.text(2).toLowerCase())],
  quicklist: [1, 2, quicklistOf],
  "quicklist-packed-threshold": [1, 1, packedThreshold],
  reload: [0, Number.POSITIVE_INFINITY, reload],
  replybuffer: [2, 2, replyBuffer],
  sdslen: [1, 1, stringLengths],
  "set-active-expire": [1, 1, setActiveExpire],
  [DENYING]: [1, 1, setDenying],
  sleep: [1, 1, sleep],
  "stringmatch-test": [0, 0, stringMatchTest],
  structsize: [0, 0, structureSizes],
  verify: [0, 0, debugVerify],
};

/** About the process, not the data or the client. */
const ofProcess: ReadonlySet<string> = new Set([
  "change-repl-id",
  "loadaof",
  "log",
  "reload",
  DENYING,
]);

/** Takes no number of words. */
const noSubcommand: Subcommand = [1, 0, () => {}];

function debugCommand(c: Context): void {
  const { args } = c;
  const words = args.count - 2;
  const name = args.text(1).toLowerCase();
  const [least, most, handler] = subcommands[name] ?? noSubcommand;
  if (words < least || words > most) replySubcommandError(c, "DEBUG");
  else if (!ofProcess.has(name) || !c.services.askOwner()) handler(c);
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

function changeReplicationId(c: Context): void {
  c.services.changeReplicationId();
  c.reply.ok();
}

const inTransaction = errorLine("ERR what is open to be rolled back cannot be loaded anew");
const wrongOption = errorLine(
  "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.",
);

function reload(c: Context): void {
  const { args, reply } = c;
  const said = new Set<string>();
  for (let i = 2; i < args.count; i++) said.add(args.text(i).toLowerCase());
  const known = ["merge", "noflush", "nosave"];
  if ([...said].some((word) => !known.includes(word))) reply.error(wrongOption);
  else if (c.mayBeUndone) reply.error(inTransaction);
  else {
    const [replaces, keeps, saved] = known.map((word) => said.has(word));
    loaded(c, c.services.reload({ saves: !saved, empties: !keeps, replaces }));
  }
}

function loadLog(c: Context): void {
  if (c.mayBeUndone) c.reply.error(inTransaction);
  else loaded(c, c.services.reloadLog());
}

function loaded(c: Context, failed: string | undefined): void {
  if (failed === undefined) c.reply.ok();
  else c.reply.errorText(failed);
}

function setDenying(c: Context): void {
  scriptingOf(c).runner.bridge.deniesNothing = c.args.integer(2) !== 0;
  c.reply.ok();
}

function log(c: Context): void {
  c.services.message(`DEBUG LOG: ${c.args.text(2)}`);
  c.reply.ok();
}

function pauseCron(c: Context): void {
  const value = c.args.integer(2);
  c.services.pauseCron(value !== 0 && !Number.isNaN(value));
  c.reply.ok();
}

const MATCHES = 100_000;
const MATCHED_BYTES = 32;

/** Patterns and texts of bytes that are drawn: matching them ends. */
function stringMatchTest(c: Context): void {
  const random = new Random().seed(c.services.nowUs());
  const pattern = new Uint8Array(MATCHED_BYTES);
  const text = new Uint8Array(MATCHED_BYTES);
  for (let i = 0; i < MATCHES; i++) {
    // Half of what is drawn are characters that mean something.
    for (let at = 0; at < MATCHED_BYTES; at++) {
      const special = SPECIAL[at % SPECIAL.length];
      const byte = random.below(256);
      pattern[at] = byte < 128 ? special : byte;
      text[at] = byte;
    }
    globMatches(pattern, 0, random.below(MATCHED_BYTES), text, 0, random.below(MATCHED_BYTES));
  }
  c.reply.simple("Apparently Redis did not crash: test passed");
}

// What Redis tunes, and what is not there to be tuned here, is checked and passed over.

function replyBuffer(c: Context): void {
  const { args, reply } = c;
  const word = args.text(2).toLowerCase();
  if (word === "peak-reset-time") {
    const isWord = ["never", "reset"].includes(args.text(3).toLowerCase());
    if (isWord || !Number.isNaN(args.integer(3))) reply.ok();
    else reply.error(Errors.notInteger);
  } else if (word === "resizing") reply.ok();
  else replySubcommandError(c, "DEBUG");
}

function help(c: Context): void {
  replyHelp(c, "DEBUG", [
    ["CHANGE-REPL-ID", "Draws another master_replid."],
    ["DIGEST", "160 bits that are equal for equal data, as Redis computes them."],
    ["DIGEST-VALUE <key> [<key> ...]", "The same of the value of each key."],
    ["DICT-RESIZING <0|1>", "Nothing: tables grow by one bucket at a time."],
    ["ERROR <text>", "Replies an error with this text."],
    ["HTSTATS <dbid> [FULL]", "The tables of a database."],
    ["HTSTATS-KEY <key> [FULL]", "The table that the value of the key lies in, if it does."],
    ["LISTPACK <key>", "Tells whoever runs the server of the listpack of the key."],
    ["LOADAOF", "Empties all databases and executes the log again."],
    ["LOG <message>", "Tells a message to whoever runs the server."],
    ["OBJECT <key>", "Where the value of the key lies, and how."],
    ["PAUSE-CRON <0|1>", "What is done each second is not (1), or is again (0)."],
    ["POPULATE <count> [<prefix>] [<size>]", "Sets so many strings: key:0 and so on."],
    ["PROTOCOL <type>", "Replies a value of this type of the protocol, with made-up content."],
    ["QUICKLIST <key> [<0|1>]", "Tells whoever runs the server of the nodes of the list."],
    [
      "QUICKLIST-PACKED-THRESHOLD <size>",
      "Elements of lists that are so long get a node of their own; 0: as without it.",
    ],
    [
      "RELOAD [MERGE] [NOFLUSH] [NOSAVE]",
      "Saves (but with NOSAVE), empties (NOFLUSH), loads; MERGE: what is there is replaced.",
    ],
    [
      "REPLYBUFFER PEAK-RESET-TIME <NEVER|RESET|time>, REPLYBUFFER RESIZING <0|1>",
      "Checks the words; clients have no reply buffers of their own.",
    ],
    ["SDSLEN <key>", "Bytes of the key and of its string."],
    ["SET-ACTIVE-EXPIRE <0|1>", "Keys whose time is over are deleted unasked (1), or not (0)."],
    ["SET-DISABLE-DENY-SCRIPTS <0|1>", "Scripts may call every command (1), or not (0)."],
    ["SLEEP <seconds>", "Stops the server for so long. Decimals are allowed."],
    ["STRINGMATCH-TEST", "Matches many patterns that are drawn."],
    ["STRUCTSIZE", "Sizes of structures."],
    ["VERIFY", "Checks all data, while others are served: OK, or what is broken, and where."],
  ]);
}
