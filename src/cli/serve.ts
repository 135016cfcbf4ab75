// Serving: from a command line to a server that runs until it is told to stop.

import { redisVersion, version } from "../commands/version.ts";
import { Database } from "../database.ts";
import { LogError, reasonOf } from "../persistence/log-error.ts";
import { DirectoryLocked, type Platform, PlatformError } from "../platform/platform.ts";
import { readText, replaceText } from "../platform/text-files.ts";
import {
  type Configuration,
  ConfigurationError,
  configurationOf,
} from "../server/configuration.ts";
import { Server } from "../server/server.ts";
import { ProcessServices } from "../server/services.ts";
import { applySettings } from "../server/settings.ts";

/** Starts a server for the arguments; ends the process with 1 and one line where that fails. */
export async function serve(platform: Platform, args: readonly string[]): Promise<void> {
  try {
    const configuration = configurationOf(args, (path) => readText(platform, path));
    refuseUnsupported(configuration);
    const { database, services } = openDatabase(platform, configuration);
    const server = new Server(database, services, configuration);
    try {
      const addresses = await listen(server, configuration);
      stopOnSignals(platform, configuration, server, services);
      announce(platform, configuration, database, addresses);
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

function refuseUnsupported(configuration: Configuration): void {
  if (configuration.get("daemonize")) {
    throw new ConfigurationError(
      "daemonize is not supported: let a service manager (systemd, docker …) run the server",
      "daemonize",
    );
  }
  if (configuration.get("cluster-enabled")) {
    throw new ConfigurationError(
      "cluster-enabled is not supported: this server stands alone; remove the directive",
      "cluster-enabled",
    );
  }
}

/** The database that a configuration describes, its log replayed. */
export function openDatabase(
  platform: Platform,
  configuration: Configuration,
): { database: Database; services: ProcessServices } {
  const clock = (): number => platform.nowMs();
  const services = new ProcessServices(platform, configuration, clock);
  const seed = new Int32Array(4);
  platform.randomInto(new Uint8Array(seed.buffer), 0, 16);
  const databases = configuration.get("databases");
  const database = new Database({ platform, services, databases, clock, clockIsReal: true, seed });
  services.database = database;
  applySettings(database, configuration);
  if (configuration.get("appendonly")) {
    database.openLog({
      directory: configuration.get("dir"),
      directoryName: configuration.get("appenddirname"),
      fileName: configuration.get("appendfilename"),
      fsync: configuration.get("appendfsync"),
      loadTruncated: configuration.get("aof-load-truncated"),
    });
  }
  return { database, services };
}

/** Listens at every address of `bind`; one that begins with "-" may fail. */
async function listen(server: Server, configuration: Configuration): Promise<string[]> {
  const port = configuration.get("port");
  const addresses: string[] = [];
  if (port === 0) return addresses;
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
            : reasonOf(cause);
    super(`cannot listen on ${host}:${port}: ${reason}`);
    this.code = code;
  }
}

function stopOnSignals(
  platform: Platform,
  configuration: Configuration,
  server: Server,
  services: ProcessServices,
): void {
  const pidFile = configuration.get("pidfile");
  if (pidFile !== "") replaceText(platform, pidFile, `${platform.pid}\n`);
  let stopping = false;
  const stop = (why: string): void => {
    if (stopping) return;
    stopping = true;
    let code = 0;
    try {
      server.stop();
      server.database.close();
    } catch (error) {
      platform.printError(`tskeydb: ${explain(error)}\n`);
      code = 1;
    }
    if (pidFile !== "") platform.remove(pidFile);
    note(platform, configuration, `${why}: the log is written and closed. Bye.`);
    // One more turn, so that what was sent last leaves.
    platform.afterTurn(() => platform.exit(code));
  };
  platform.onSignal("SIGTERM", () => stop("SIGTERM"));
  platform.onSignal("SIGINT", () => stop("SIGINT"));
  services.onShutdown = () => platform.afterTurn(() => stop("SHUTDOWN"));
}

function note(platform: Platform, configuration: Configuration, text: string): void {
  const { loglevel } = { loglevel: configuration.get("loglevel") };
  if (loglevel !== "warning" && loglevel !== "nothing") platform.print(`${text}\n`);
}

function announce(
  platform: Platform,
  configuration: Configuration,
  database: Database,
  addresses: readonly string[],
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
      `Data in ${platform.resolve(configuration.get("dir"))}, appendfsync ` +
        `${configuration.get("appendfsync")}: ${keys.toLocaleString("en")} keys recovered in ` +
        `${seconds} s from ${recovery.commands.toLocaleString("en")} commands`,
    );
    const { torn } = recovery;
    if (torn !== undefined) {
      lines.push(
        `The log had a torn end: ${torn.bytes} bytes at ${torn.offset} of ${torn.file} ` +
          `(${torn.reason}) were cut off and kept in ${torn.keptIn}`,
      );
    }
  }
  const snapshot = `${configuration.get("dir")}/${configuration.get("dbfilename")}`;
  if (platform.exists(snapshot)) {
    lines.push(
      `${snapshot} was not read: this version reads append-only files. To move its data here, let ` +
        "redis-server load it and write an append-only file (docs/operations.md)",
    );
  }
  const idle = configuration.withoutEffect();
  if (idle.length > 0) lines.push(`Accepted without effect in this version: ${idle.join(", ")}`);
  lines.push(
    addresses.length === 0
      ? "Ready; port is 0, so no connections are accepted"
      : `Ready to accept connections on ${addresses.join(" and ")}`,
  );
  note(platform, configuration, lines.join("\n"));
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
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
