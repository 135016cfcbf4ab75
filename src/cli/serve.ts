// Serving: from a command line to a server that runs until it is told to stop.

import { messageOf } from "../base/realms.ts";
import type { Database } from "../database.ts";
import { redisVersion, version } from "../engine/version.ts";
import { assemble, openConfiguredLog } from "../host/assembly.ts";
import { type Configuration, ConfigurationError, configurationOf } from "../host/configuration.ts";
import { Messages } from "../host/messages.ts";
import type { ProcessServices } from "../host/services.ts";
import { LogError } from "../persistence/log/log-error.ts";
import { DirectoryLocked, type Platform, PlatformError } from "../platform/platform.ts";
import { absolutePath, readText, replaceText } from "../platform/text-files.ts";
import { Server } from "../server/server.ts";
import { amount } from "./amount.ts";

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
    const server = new Server(database, services, configuration);
    try {
      // The port first: what fails at once is not to wait for a replay, nor leave files behind.
      server.connections.holdBack();
      const addresses = await listen(server, configuration);
      openConfiguredLog(database, configuration);
      renameCommands(database, configuration);
      if (database.log !== null) server.followLog(database.log);
      server.connections.admit();
      writeProcessFile(platform, configuration);
      stopOnSignals(platform, configuration, server, services, messages);
      announce(platform, configuration, database, messages);
      warn(platform, configuration, database, clientsAsked, messages);
      messages.notice(`Ready to accept connections on ${addresses.join(" and ")}`);
      server.onLogFailure = (failure) => reportLogFailure(messages, failure);
      services.onMessage = (text) => messages.warning(text);
      services.onBrowser = (address) =>
        messages.warning(
          `${address} was disconnected: it speaks HTTP (POST or Host:). Somebody may have made a ` +
            "browser send commands here; a password (requirepass) keeps them out",
        );
      server.onCutOff = (address, error, limit) =>
        messages.warning(`${address} was disconnected: ${error.message} (${limit})`);
    } catch (error) {
      server.stop();
      database.close();
      throw error;
    }
  } catch (error) {
    platform.printError(`tskeydb: ${explain(error)}\n`);
    platform.exit(1);
  }
}

function refuseNoWayIn(configuration: Configuration): void {
  if (configuration.get("port") === 0 || configuration.get("bind").length === 0) {
    throw new ConfigurationError(
      "there is no way in: port 0 and an empty bind mean that nobody can connect",
      "port",
    );
  }
}

/** The database that a configuration describes, its log replayed. */
export function openDatabase(platform: Platform, configuration: Configuration): Database {
  makeAbsolute(platform, configuration);
  const { database } = assemble(platform, configuration);
  openConfiguredLog(database, configuration);
  return database;
}

/** Not before the log has been replayed, which holds the commands' own names. */
function renameCommands(database: Database, configuration: Configuration): void {
  for (const { from, to, place } of configuration.renames) {
    const failed = database.executor.table.rename(from, to);
    if (failed !== undefined) {
      throw new ConfigurationError(`${place}: ${failed}`, "rename-command");
    }
  }
}

/** Names the data directory and the configuration file so that they mean the same everywhere. */
function makeAbsolute(platform: Platform, configuration: Configuration): void {
  configuration.put("dir", absolutePath(platform, configuration.get("dir")));
  if (configuration.file !== "") {
    configuration.file = absolutePath(platform, configuration.file);
  }
}

/** Listens at every address of `bind`; one that begins with "-" may fail. */
async function listen(server: Server, configuration: Configuration): Promise<string[]> {
  const port = configuration.get("port");
  const addresses: string[] = [];
  for (const word of configuration.get("bind")) {
    const optional = word.startsWith("-");
    const name = optional ? word.slice(1) : word;
    const host = name === "*" ? "0.0.0.0" : name === "::*" ? "::" : name;
    try {
      const listener = await server.listen(host, port);
      addresses.push(
        host.includes(":") ? `[${host}]:${listener.port}` : `${host}:${listener.port}`,
      );
    } catch (error) {
      if (optional && (error as PlatformError).code !== "EADDRINUSE") continue;
      throw new ListenError(host, port, error);
    }
  }
  if (addresses.length === 0) {
    const names = configuration.get("bind").join(" ");
    throw new ConfigurationError(`none of the addresses can be listened on: bind ${names}`, "bind");
  }
  return addresses;
}

/** No connections can be accepted at an address. */
class ListenError extends Error {
  override readonly name = "ListenError";
  readonly code: string;

  constructor(host: string, port: number, cause: unknown) {
    const code = (cause as { code?: string }).code ?? "";
    const reason =
      code === "EADDRINUSE"
        ? "the port is in use; stop the server that has it, or choose another with --port"
        : code === "EACCES"
          ? "the system does not allow this port; choose one above 1023 with --port"
          : code === "EADDRNOTAVAIL"
            ? "this machine has no such address; see --bind"
            : ["ENOTFOUND", "EAI_AGAIN", "EUNKNOWN"].includes(code)
              ? "no address is known by that name; see --bind"
              : reasonAlone(cause);
    super(`cannot listen on ${host}:${port}: ${reason}`);
    this.code = code;
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
  server: Server,
  services: ProcessServices,
  messages: Messages,
): void {
  const { database } = server;
  let stopping = false;
  const stop = (why: string): void => {
    if (stopping) return;
    stopping = true;
    let code = 0;
    try {
      try {
        server.stop();
        database.close();
        server.sendLast();
      } finally {
        removeProcessFile(platform, configuration, messages);
      }
      const log = database.log === null ? "nothing was kept" : "the log is written and closed";
      messages.notice(`${why}: ${log}. Bye.`);
    } catch (error) {
      messages.warning(`${why}: ${explain(error)}`);
      code = 1;
    }
    // One more turn, so that what was sent last leaves.
    platform.afterTurn(() => platform.exit(code));
  };
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    platform.onSignal(signal, () => stop(signal));
  }
  services.onShutdown = () => platform.afterTurn(() => stop("SHUTDOWN"));
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
  const { recovery } = database;
  if (recovery === undefined) {
    lines.push("Memory only: appendonly is off, nothing is kept when the server stops");
  } else {
    let keys = 0;
    for (let db = 0; db < database.keyspace.databases; db++) keys += database.keyspace.size(db);
    const seconds = (recovery.milliseconds / 1000).toFixed(2);
    lines.push(
      `Data in ${configuration.get("dir")}, appendfsync ` +
        `${configuration.get("appendfsync")}: ${amount(keys, "key", "keys")} recovered in ` +
        `${seconds} s from ${amount(recovery.commands, "command", "commands")}`,
    );
  }
  const idle = configuration.withoutEffect();
  if (idle.length > 0) lines.push(`Accepted without effect in this version: ${idle.join(", ")}`);
  // What tools take for something that happens.
  configuration.put("auto-aof-rewrite-percentage", 0);
  configuration.put("activedefrag", false);
  messages.notice(lines.join("\n"));
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
  // Beside a log with commands it is what Redis left when it had the directory for a while.
  const snapshot = `${configuration.get("dir")}/${configuration.get("dbfilename")}`;
  if ((database.recovery?.commands ?? 0) === 0 && platform.exists(snapshot)) {
    messages.warning(
      `${snapshot} was not read: this version reads append-only files. To move its data here, let ` +
        "redis-server load it and write an append-only file (docs/operations.md)",
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

/** What went wrong, without what it went wrong with. */
function reasonAlone(error: unknown): string {
  const reason = messageOf(error);
  const subject = error instanceof PlatformError ? `${error.subject}: ` : "";
  return reason.startsWith(subject) ? reason.slice(subject.length) : reason;
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
    error instanceof ConfigurationError ||
    error instanceof ListenError ||
    error instanceof PlatformError
  ) {
    return error.message;
  }
  return (error as { stack?: string } | undefined)?.stack ?? messageOf(error);
}
