// Serving: from a command line to a server that runs until it is told to stop.

import { DatabaseError } from "../base/database-error.ts";
import { describe, messageOf } from "../base/realms.ts";
import { RdbError } from "../codec/rdb-error.ts";
import type { Database } from "../database.ts";
import { redisVersion, version } from "../engine/version.ts";
import { assemble, openDirectory } from "../host/assembly.ts";
import { type Configuration, ConfigurationError, configurationOf } from "../host/configuration.ts";
import { Messages } from "../host/messages.ts";
import type { ProcessServices } from "../host/services.ts";
import { MemoryExhausted } from "../memory/memory.ts";
import { LogError } from "../persistence/log/log-error.ts";
import { LogPlace } from "../persistence/log/log-place.ts";
import type { Loaded } from "../persistence/rdb/rdb-loader.ts";
import {
  DirectoryLocked,
  type Platform,
  PlatformError,
  type Signal,
} from "../platform/platform.ts";
import { absolutePath, readText, replaceText } from "../platform/text-files.ts";
import { warmUp } from "../scripting/warm-up.ts";
import { renameCommands } from "../server/renaming.ts";
import { amount } from "./amount.ts";
import { type Front, frontOf, ListenError } from "./front.ts";
import { Progress } from "./progress.ts";
import { reasonAlone } from "./reasons.ts";

/** The exit status after a write that ended midway (EX_SOFTWARE of sysexits.h): start it again. */
const EXIT_DAMAGED = 70;

const PROGRESS_MS = 200;

/** Starts a server for the arguments; ends the process with 1 and one line where that fails. */
export async function serve(platform: Platform, args: readonly string[]): Promise<void> {
  try {
    const configuration = configurationOf(args, (path) =>
      path === "-" ? platform.readInput() : readText(platform, path),
    );
    refuseNoWayIn(configuration);
    const messages = new Messages(platform, configuration);
    const clientsAsked = configuration.get("maxclients");
    makeAbsolute(platform, configuration);
    const { database, services } = assemble(platform, configuration);
    database.reporter = messages;
    const front = frontOf(database, services, configuration);
    try {
      // The port first: what fails at once is not to wait for a replay, nor leave files behind.
      await front.reserve();
      load(platform, database, configuration);
      renameCommands(database, configuration);
      const addresses = await front.open();
      writeProcessFile(platform, configuration);
      stopOnSignals(platform, configuration, database, front, services, messages);
      announce(platform, configuration, database, messages);
      warn(platform, configuration, database, clientsAsked, messages);
      messages.notice(`Ready to accept connections on ${addresses.join(" and ")}`);
      showProgress(platform, database, messages);
      warmUp(platform);
      front.onLogFailure = (failure) => reportLogFailure(messages, failure);
      front.onError = (error) => {
        platform.printError(`tskeydb: ${explain(error)}\n`);
        platform.exit(1);
      };
      services.onMessage = (text) => messages.warning(text);
      services.onBrowser = (address) =>
        messages.warning(
          `${address} was disconnected: it speaks HTTP (POST or Host:). Somebody may have made a ` +
            "browser send commands here; a password (requirepass) keeps them out",
        );
      front.onCutOff = (address, text, limit) =>
        messages.warning(`${address} was disconnected: ${text} (${limit})`);
    } catch (error) {
      await front.stop();
      database.close();
      throw error;
    }
  } catch (error) {
    platform.printError(`tskeydb: ${explain(error)}\n`);
    platform.exit(1);
  }
}

/** Opens the directory; on a terminal a line says how far its files have been read. */
function load(platform: Platform, database: Database, configuration: Configuration): void {
  const progress = new Progress(platform);
  database.onRead = progress.read;
  try {
    openDirectory(database, configuration);
  } finally {
    progress.end();
  }
}

/** On a terminal a line says how far the snapshot has come that is being written. */
function showProgress(platform: Platform, database: Database, messages: Messages): void {
  if (!platform.hasTerminal) return;
  const progress = new Progress(platform);
  messages.onWrite = () => progress.end();
  platform.every(PROGRESS_MS, () => {
    const { current } = database.snapshots;
    if (current === undefined) progress.end();
    else progress.saved(current.written, current.entries);
  });
}

function refuseNoWayIn(configuration: Configuration): void {
  if (configuration.get("port") === 0 || configuration.get("bind").length === 0) {
    throw new ConfigurationError(
      "there is no way in: port 0 and an empty bind mean that nobody can connect",
      "port",
    );
  }
}

/** The database that a configuration describes, its data loaded. */
export function openDatabase(platform: Platform, configuration: Configuration): Database {
  makeAbsolute(platform, configuration);
  const { database } = assemble(platform, configuration);
  load(platform, database, configuration);
  return database;
}

/** Names the data directory and the configuration file so that they mean the same everywhere. */
function makeAbsolute(platform: Platform, configuration: Configuration): void {
  configuration.put("dir", absolutePath(platform, configuration.get("dir")));
  if (configuration.file !== "") {
    configuration.file = absolutePath(platform, configuration.file);
  }
}

function writeProcessFile(platform: Platform, configuration: Configuration): void {
  const path = configuration.get("pidfile");
  if (path === "") return;
  try {
    replaceText(platform, path, `${platform.pid}\n`);
  } catch (error) {
    const reason = reasonAlone(error);
    throw new ConfigurationError(`cannot write the pidfile ${path}: ${reason}`, "pidfile");
  }
}

function removeProcessFile(
  platform: Platform,
  configuration: Configuration,
  messages: Messages,
): void {
  const path = configuration.get("pidfile");
  if (path === "") return;
  try {
    platform.remove(path);
  } catch (error) {
    messages.warning(`The pidfile cannot be removed: ${messageOf(error)}`);
  }
}

function stopOnSignals(
  platform: Platform,
  configuration: Configuration,
  database: Database,
  front: Front,
  services: ProcessServices,
  messages: Messages,
): void {
  let stopping = false;
  const stop = async (why: string, status = 0): Promise<void> => {
    if (stopping) return;
    stopping = true;
    let code = status;
    try {
      try {
        await front.stop();
        database.close();
        front.sendLast();
      } finally {
        removeProcessFile(platform, configuration, messages);
      }
      const isOff = database.rewrite?.isOff !== false;
      const log = isOff ? "nothing was kept" : "the log is written and closed";
      messages.notice(`${why}: ${log}. Bye.`);
    } catch (error) {
      messages.warning(`${why}: ${explain(error)}`);
      code = 1;
    }
    // One more turn, so that what was sent last leaves.
    platform.afterTurn(() => platform.exit(code));
  };
  const stopBy = (signal: Signal): void => {
    if (stopping) return;
    const failed = saveAtSignal(configuration, services, signal);
    if (failed === undefined) void stop(signal);
    else messages.warning(`${signal}: ${failed.slice(4)}. The server goes on`);
  };
  let waitsForScript = false;
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    platform.onSignal(signal, () => {
      if (stopping) return;
      if (waitsForScript && signal === "SIGINT") {
        messages.warning("SIGINT again: the server ends at once, without what the script has done");
        void stop(signal, 1);
      } else if (!waitsForScript) {
        // What is saved has the whole of a script, or nothing of it.
        let isNow = true;
        database.scripting.whenEnded(() => {
          if (isNow) return stopBy(signal);
          waitsForScript = false;
          platform.afterTurn(() => stopBy(signal));
        });
        isNow = false;
        waitsForScript = database.scripting.isParked;
        if (!waitsForScript) return;
        messages.warning(`${signal}: the server ends when the script has that runs, or by SIGINT`);
      }
    });
  }
  front.onDamaged = (text) => {
    messages.warning(
      `A write ended in the middle of it, by an error of this program or for want of memory, so ` +
        `that what is in memory cannot be trusted. The server stops; what the log has is whole.\n${text}`,
    );
    platform.afterTurn(() => void stop("DAMAGED", EXIT_DAMAGED));
  };
  services.onShutdown = () => platform.afterTurn(() => void stop("SHUTDOWN"));
}

/** Saves as the directives for the signal say; what failed, where the server is to go on then. */
function saveAtSignal(
  configuration: Configuration,
  services: ProcessServices,
  signal: Signal,
): string | undefined {
  const directive = signal === "SIGINT" ? "shutdown-on-sigint" : "shutdown-on-sigterm";
  const words = configuration.get(directive);
  const saves = words.includes("save") ? true : words.includes("nosave") ? false : undefined;
  const failed = services.saveLast(saves);
  // What is in a log is not lost.
  return words.includes("force") || services.database.log !== null ? undefined : failed;
}

function announce(
  platform: Platform,
  configuration: Configuration,
  database: Database,
  messages: Messages,
): void {
  const lines = [
    `TSKeyDB ${version} (as Redis ${redisVersion}) on ${runtime(platform)}, pid ${platform.pid}`,
  ];
  lines.push(dataLine(configuration, database));
  const idle = configuration.withoutEffect();
  if (idle.length > 0) lines.push(`Accepted without effect in this version: ${idle.join(", ")}`);
  // What tools take for something that happens.
  configuration.put("activedefrag", false);
  messages.notice(lines.join("\n"));
}

/** Where the data are, and from where they came. */
function dataLine(configuration: Configuration, database: Database): string {
  const { recovery, loaded, keyspace } = database;
  const name = configuration.get("dbfilename");
  const place = `Data in ${configuration.get("dir")}`;
  if (recovery === undefined) {
    if (loaded === undefined) {
      return "Memory only: appendonly is off, nothing is kept when the server stops";
    }
    const keys = amount(loaded.keys, "key", "keys");
    return `${place}: ${keys} loaded from ${name}; appendonly is off, so only a save keeps changes`;
  }
  let keys = 0;
  for (let db = 0; db < keyspace.databases; db++) keys += keyspace.size(db);
  const seconds = (recovery.milliseconds / 1000).toFixed(2);
  const commands = amount(recovery.commands, "command", "commands");
  const from = recovery.isAdopted
    ? `${name}, with which a log begins`
    : loaded === undefined
      ? commands
      : `a base of ${amount(loaded.keys, "key", "keys")} and ${commands}`;
  return (
    `${place}, appendfsync ${configuration.get("appendfsync")}: ` +
    `${amount(keys, "key", "keys")} recovered in ${seconds} s from ${from}`
  );
}

/** What a file held that there is nothing here for; "" where nothing. */
function passedOver({ passedOver: parts }: Loaded): string {
  const names: string[] = [];
  if (parts.functions > 0) {
    names.push(amount(parts.functions, "library of functions", "libraries of functions"));
  }
  if (parts.modules.size > 0) names.push(`data of modules (${[...parts.modules].join(", ")})`);
  if (parts.keysWithMetadata > 0) {
    names.push(`modules' data about ${amount(parts.keysWithMetadata, "key", "keys")}`);
  }
  return names.join(", ");
}

/** What is not as it was asked for, or as one would expect. */
function warn(
  platform: Platform,
  configuration: Configuration,
  database: Database,
  clientsAsked: number,
  messages: Messages,
): void {
  const torn = database.recovery?.torn;
  if (torn !== undefined) {
    messages.warning(
      `The log had a torn end: ${torn.bytes} bytes at ${torn.offset} of ${torn.file} ` +
        `(${torn.reason}) were cut off and kept in ${torn.keptIn}`,
    );
  }
  for (const warning of database.recovery?.warnings ?? []) messages.warning(warning);
  if (database.loaded !== undefined) {
    const parts = passedOver(database.loaded);
    if (parts !== "") messages.warning(`Passed over, as there are none here: ${parts}`);
  }
  if (!configuration.get("appendonly") && database.logSwitch?.hasLeft !== true) {
    const name = configuration.get("appendfilename");
    const directory = configuration.get("appenddirname");
    const place = new LogPlace(configuration.get("dir"), directory, name);
    if (platform.exists(place.manifestPath)) {
      messages.warning(
        `The log in ${place.directory} was not read, since appendonly is off: what it holds is not ` +
          "there, and a save does not change it",
      );
    }
  }
  // Beside a log with data it is what Redis left when it had the directory for a while.
  const { recovery, loaded, dump } = database;
  const isEmpty = recovery?.commands === 0 && loaded === undefined;
  if (isEmpty && dump?.exists === true) {
    messages.warning(
      `${dump.path} was not read, since there is a log, which holds nothing. To begin with the ` +
        `snapshot instead, stop the server and move ${configuration.get("appenddirname")} away`,
    );
  }
  const clients = configuration.get("maxclients");
  if (clients < clientsAsked) {
    messages.warning(
      `maxclients is ${clients}, not ${clientsAsked}: the process may have ` +
        `${platform.openFilesMax()} files open (ulimit -n)`,
    );
  }
}

function reportLogFailure(messages: Messages, failure: string | null): void {
  if (failure === null) messages.warning("The log can be written again; writes are accepted");
  else messages.warning(`The log cannot be written: ${failure}. Writes are refused until it can`);
}

function runtime(platform: Platform): string {
  const name = platform.runtimeName === "bun" ? "Bun" : "Node";
  return `${name} ${platform.runtimeVersion}`;
}

/** One line for the person at the keyboard. */
export function explain(error: unknown): string {
  if (error instanceof DirectoryLocked) {
    return `${error.message}; stop it, or choose another data directory with --dir`;
  }
  if (error instanceof PlatformError && ["EEXIST", "ENOTDIR"].includes(error.code)) {
    return `${error.subject} is not a directory; choose another data directory with --dir`;
  }
  if (error instanceof PlatformError && ["EACCES", "EROFS", "EPERM"].includes(error.code)) {
    return `${error.message}; the data directory must be writable, choose another with --dir`;
  }
  if (
    error instanceof LogError ||
    error instanceof RdbError ||
    error instanceof MemoryExhausted ||
    error instanceof ConfigurationError ||
    error instanceof DatabaseError ||
    error instanceof ListenError ||
    error instanceof PlatformError
  ) {
    return error.message;
  }
  return describe(error);
}
