// The front of a server: what takes its connections, one thread or several (io-threads).

import { describe } from "../base/realms.ts";
import type { Database } from "../database.ts";
import { type Configuration, ConfigurationError } from "../host/configuration.ts";
import type { ProcessServices } from "../host/services.ts";
import type { PlatformError } from "../platform/platform.ts";
import { findPort, IoThreads } from "../server/io-threads.ts";
import { Server } from "../server/server.ts";
import { reasonAlone } from "./reasons.ts";

export interface Front {
  /** Takes the addresses, or sees that they can be had. Before the data is there. */
  reserve(): Promise<void>;
  /** Serves; returns the addresses. */
  open(): Promise<string[]>;
  /** Takes no more connections, sends what is ready, and closes those that are open. */
  stop(): Promise<void>;
  /** Sends what closing the database has made true. */
  sendLast(): void;
  /** The log cannot be written, and why; or, null, it can again. */
  onLogFailure: (failure: string | null) => void;
  /** A client was cut off for a limit. */
  onCutOff: (address: string, text: string, limit: string) => void;
  /** A write has ended in the middle, by the error that the text describes: nothing is served. */
  onDamaged: (text: string) => void;
  /** Something went wrong that must not. */
  onError: (error: unknown) => void;
}

/** The front that the configuration asks for. */
export function frontOf(
  database: Database,
  services: ProcessServices,
  configuration: Configuration,
): Front {
  const threads = configuration.get("io-threads");
  if (threads === 1)
    return new OneThread(new Server(database, services, configuration), configuration);
  const all = new IoThreads(database, services, configuration, threads);
  return new SeveralThreads(all, database, configuration);
}

type Listen = (host: string, port: number) => Promise<number>;

/** This thread serves. */
class OneThread implements Front {
  readonly #server: Server;
  readonly #configuration: Configuration;
  #addresses: string[] = [];
  onError: (error: unknown) => void = () => {};

  constructor(server: Server, configuration: Configuration) {
    this.#server = server;
    this.#configuration = configuration;
  }

  set onDamaged(report: Front["onDamaged"]) {
    this.#server.database.onDamaged.push(({ cause }) => report(describe(cause)));
  }

  set onLogFailure(report: Front["onLogFailure"]) {
    this.#server.onLogFailure = report;
  }

  set onCutOff(report: Front["onCutOff"]) {
    this.#server.onCutOff = (address, error, limit) => report(address, error.message, limit);
  }

  async reserve(): Promise<void> {
    const server = this.#server;
    server.connections.holdBack();
    this.#addresses = await listenAt(
      this.#configuration,
      async (host, port) => (await server.listen(host, port)).port,
    );
  }

  async open(): Promise<string[]> {
    const { database, connections } = this.#server;
    if (database.directoryLog !== null) this.#server.followLog(database.directoryLog);
    connections.admit();
    return this.#addresses;
  }

  async stop(): Promise<void> {
    this.#server.stop();
  }

  sendLast(): void {
    this.#server.sendLast();
  }
}

/** Others serve. */
class SeveralThreads implements Front {
  readonly #threads: IoThreads;
  readonly #database: Database;
  readonly #configuration: Configuration;

  constructor(threads: IoThreads, database: Database, configuration: Configuration) {
    this.#threads = threads;
    this.#database = database;
    this.#configuration = configuration;
  }

  set onDamaged(report: Front["onDamaged"]) {
    this.#threads.onDamaged = report;
    this.#database.onDamaged.push(({ cause }) => report(describe(cause)));
  }
  set onLogFailure(report: Front["onLogFailure"]) {
    this.#threads.onLogFailure = report;
  }
  set onCutOff(report: Front["onCutOff"]) {
    this.#threads.onCutOff = report;
  }
  set onError(report: Front["onError"]) {
    this.#threads.onError = report;
  }

  async reserve(): Promise<void> {
    const { platform } = this.#database;
    const backlog = this.#configuration.get("tcp-backlog");
    await listenAt(this.#configuration, (host, port) => findPort(platform, host, port, backlog));
  }

  async open(): Promise<string[]> {
    const threads = this.#threads;
    await threads.start(this.#database.share(""));
    return await listenAt(
      this.#configuration,
      async (host, port) => (await threads.listen(host, port)).port,
    );
  }

  stop(): Promise<void> {
    return this.#threads.stop(true);
  }

  sendLast(): void {}
}

/** Listens at every address of `bind`; one that begins with "-" may fail. */
async function listenAt(configuration: Configuration, listen: Listen): Promise<string[]> {
  const port = configuration.get("port");
  const addresses: string[] = [];
  for (const word of configuration.get("bind")) {
    const optional = word.startsWith("-");
    const name = optional ? word.slice(1) : word;
    const host = name === "*" ? "0.0.0.0" : name === "::*" ? "::" : name;
    try {
      const taken = await listen(host, port);
      addresses.push(host.includes(":") ? `[${host}]:${taken}` : `${host}:${taken}`);
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
export class ListenError extends Error {
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
