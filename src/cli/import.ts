// `tskeydb import FILE|DIRECTORY [--dir directory]`: adds to a data directory, as one change, what
// another program or server has written:
//
//   a data directory of Redis or our own, an RDB file, an append-only file   its keys
//   JSON lines: what `tskeydb export` wrote                                  its keys
//   JSON lines: a log of PyKeyDB                                             what it did
//
// A key that is there already refuses the whole, unless --replace is given; a log of PyKeyDB does
// what it says. What is refused, killed or cannot be written leaves the directory as it was.
//
// With --into it goes to a server that runs instead; see import-into.ts.

import type { Database } from "../database.ts";
import { compact } from "../embedded/compaction.ts";
import { redisVersion } from "../engine/version.ts";
import { type Configuration, configurationOf } from "../host/configuration.ts";
import { loadRdbFile, saveRdb } from "../persistence/rdb/dump-file.ts";
import { importSeedLog } from "../persistence/seed-log.ts";
import type { Platform } from "../platform/platform.ts";
import { readText } from "../platform/text-files.ts";
import { amount } from "./amount.ts";
import { firstByte, inMemory, loadData, lockToRead } from "./data.ts";
import { addressOf, sendInto, type Target } from "./import-into.ts";
import { EntryLines, shownKey } from "./json-lines.ts";
import { Progress } from "./progress.ts";
import { openDatabase } from "./serve.ts";
import { fail, operandOf, UsageError } from "./tools.ts";

const USAGE = `usage: tskeydb import <directory or file> [--replace] [--dir <directory>]
       tskeydb import <directory or file> --into <host:port> [--replace | --skip]

Adds data to a data directory (./data, unless said otherwise), whole or not at all: what another
directory holds, Redis's or our own, an RDB file, an append-only file, JSON lines as export writes
them, or a log of PyKeyDB. A key that is there already refuses the whole.

  --replace               takes the place of keys that are there
  --into <host:port>      a server that runs takes it, ours or Redis 7 and later: key by key, so
                          that what it had taken before something fails stays there
  --skip                  of a server: keys that are there stay as they are
  --user <name>           of a server: who gives the password
  --password <text>       of a server; else what the environment's REDISCLI_AUTH says
  --<directive> <value>   of redis.conf, as a server takes them; they are those of --dir

exit code: 0 it is imported, and on the disk; 1 it is not; 2 nothing was tried
`;

const ZERO = 48;

/** Imports what `args` name; resolves to the exit code. */
export async function importData(platform: Platform, args: readonly string[]): Promise<number> {
  const progress = new Progress(platform);
  try {
    const { words, target, replaces } = targetOf(platform, args);
    const { operand: path, flags } = operandOf(words);
    const configuration = configurationOf(flags, (file) => readText(platform, file));
    let said: string;
    if (target !== undefined) {
      const { database, more } = loadAny(platform, path, configuration, progress);
      said = (await sendInto(platform, database, target, progress)) + more;
    } else if (isOfLines(platform, path)) {
      said = addLines(platform, path, configuration, replaces, progress);
    } else said = await importKeys(platform, path, configuration, replaces, progress);
    progress.end();
    platform.print(said);
    return 0;
  } catch (error) {
    progress.end();
    return fail(platform, error, USAGE);
  }
}

/** What the words say of a server, if they name one, and those that say something else. */
function targetOf(
  platform: Platform,
  args: readonly string[],
): { words: readonly string[]; target: Target | undefined; replaces: boolean } {
  let words = args;
  const take = (name: string): string | undefined => {
    const at = words.indexOf(name);
    if (at < 0) return undefined;
    const value = words[at + 1] ?? "";
    if (value === "" || value.startsWith("--")) throw new UsageError(`${name} has no value`);
    words = [...words.slice(0, at), ...words.slice(at + 2)];
    return value;
  };
  const into = take("--into");
  const user = take("--user");
  const password = take("--password") ?? platform.environment("REDISCLI_AUTH");
  const replaces = words.includes("--replace");
  const skips = words.includes("--skip");
  words = words.filter((word) => word !== "--replace" && word !== "--skip");
  if (into === undefined) {
    if (skips || user !== undefined || args.includes("--password")) {
      throw new UsageError("--skip, --user and --password are for a server, which --into names");
    }
    return { words, target: undefined, replaces };
  }
  if (skips && replaces) throw new UsageError("--replace and --skip exclude each other");
  if (user !== undefined && password === undefined) throw new UsageError("--password is missing");
  const existing = replaces ? "replace" : skips ? "skip" : "stop";
  return { words, target: { ...addressOf(into), user, password, existing }, replaces };
}

/** What a path holds, lines too, in a database in memory, and what else there is to say. */
function loadAny(
  platform: Platform,
  path: string,
  configuration: Configuration,
  progress: Progress,
): { database: Database; more: string } {
  if (!isOfLines(platform, path)) {
    return { database: load(platform, path, configuration, progress), more: "" };
  }
  const database = inMemory(platform, configuration);
  const { more } = importLines(platform, path, database, false, progress);
  return { database, more };
}

function load(
  platform: Platform,
  path: string,
  configuration: Configuration,
  progress: Progress,
): Database {
  const lock = lockToRead(platform, path);
  try {
    return loadData(platform, path, {}, configuration, progress);
  } finally {
    lock?.release();
  }
}

/** Whether a file holds JSON lines: it begins with neither an RDB file nor a command. */
function isOfLines(platform: Platform, path: string): boolean {
  if (platform.kindOf(path) !== "file") return false;
  return !/[RV*#]/.test(firstByte(platform, path) ?? "") && !path.endsWith(".rdb");
}

/** Adds the keys of a directory or file of a server; the log begins anew with all of them. */
async function importKeys(
  platform: Platform,
  path: string,
  configuration: Configuration,
  replaces: boolean,
  progress: Progress,
): Promise<string> {
  const source = load(platform, path, configuration, progress);
  const target = openDatabase(platform, configuration);
  try {
    const { keyspace } = target;
    const directory = configuration.get("dir");
    const between = `${directory}/temp-import.rdb`;
    const notes = { redisVersion, nowMs: target.clock() };
    const writing = { compresses: false, sums: true };
    saveRdb(platform, between, source.keyspace, notes, writing, progress.written);
    let keys = 0;
    try {
      keyspace.beginLoading(target.clock());
      const onRead = (bytes: number): void => progress.read(between, bytes);
      const options = { keyspace, nowMs: target.clock(), replaces, progress: onRead };
      keys = loadRdbFile(platform, between, options).keys;
    } finally {
      platform.remove(between);
    }
    target.tick();
    await keep(target);
    return `${amount(keys, "key", "keys")} imported into ${directory}\n`;
  } finally {
    target.close();
  }
}

/** What was put into memory is what the directory holds from now on. */
async function keep(target: Database): Promise<void> {
  const { log } = target;
  if (log === null) target.save();
  else await compact(target, log, () => {});
}

/** Adds what lines say to a data directory. */
function addLines(
  platform: Platform,
  path: string,
  configuration: Configuration,
  replaces: boolean,
  progress: Progress,
): string {
  const database = openDatabase(platform, configuration);
  try {
    const { what, more } = importLines(platform, path, database, replaces, progress);
    database.close();
    return `${what} imported into ${configuration.get("dir")}\n${more}`;
  } finally {
    database.close(); // Where it was refused, nothing has been released to the log.
  }
}

/** Executes what lines say, as one transaction; returns what that was, and what else there is. */
function importLines(
  platform: Platform,
  path: string,
  database: Database,
  replaces: boolean,
  progress: Progress,
): { what: string; more: string } {
  const { executor } = database;
  const { reply, effects } = executor.context;
  database.tick();
  effects.hold();
  const entries = new EntryLines(replaces, database.clock());
  const { commands, torn } = importSeedLog(
    platform,
    path,
    (request) => {
      executor.execute(executor.internal, request);
      const failed = reply.failed;
      const text = failed ? replyLine(reply.bytes, reply.lastErrorAt, reply.length) : "";
      const isThere = request.text(0) === "EXISTS" && reply.bytes[reply.length - 3] !== ZERO;
      reply.truncate(0);
      if (failed) throw new Error(`'${request.text(0)}' was refused: ${text}`);
      if (isThere) {
        throw new Error(`the key ${shownKey(request.copy(1))} is there already (--replace)`);
      }
    },
    entries.commandsOf,
    progress.read,
  );
  effects.release();
  const keys = amount(entries.keys, "key", "keys");
  const what = entries.keys > 0 ? keys : amount(commands, "command", "commands");
  let more = "";
  if (entries.expired > 0) more += `The deadlines of ${entries.expired} of them had passed\n`;
  if (torn !== undefined) {
    more += `Line ${torn.line} was torn (${torn.bytes} bytes) and left out\n`;
  }
  return { what, more };
}

function replyLine(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start + 1; at < end && bytes[at] !== 13; at++) {
    text += String.fromCharCode(bytes[at]);
  }
  return text;
}
