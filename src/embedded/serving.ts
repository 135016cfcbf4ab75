// Serving an embedded database to others: the server of `tskeydb` on the same data, in this thread
// or in threads of its own (server/io-threads.ts). Its modules are loaded when listen() is called
// first, so that a program that never does pays nothing.
//
//   listen()                 one Server for all such addresses, until the last of them is closed
//   listen({ threads: 4 })   IoThreads for this address alone

import { DatabaseError } from "../base/database-error.ts";
import type { Listener } from "../platform/platform.ts";
import { IO_THREADS_MAX } from "../threads/control.ts";
import type { Core } from "./core.ts";
import { checkOptions } from "./options.ts";
import { share } from "./sharing.ts";

export interface ListenOptions {
  /** 6379 unless said otherwise; 0 chooses a free one. */
  readonly port?: number;
  /** The address to listen at; this machine's loopback, 127.0.0.1, unless said otherwise. */
  readonly host?: string;
  /**
   * The password that clients must give (`requirepass`): one for all of the database's listeners,
   * and for those to come.
   */
  readonly password?: string;
  /**
   * How many threads serve at this address: 1, unless said otherwise, which is the thread that
   * calls; or 2 to 60, which are workers of their own, and go on while that thread computes.
   */
  readonly threads?: number;
}

const optionNames: ReadonlySet<string> = new Set<keyof ListenOptions>([
  "port",
  "host",
  "password",
  "threads",
]);

/** A database that listens. */
export interface Listening {
  readonly host: string;
  readonly port: number;
  /**
   * Takes no more connections here; with the last listener of the threads that serve here, those
   * that are open are closed.
   */
  close(): void;
}

/** Those who serve the databases that listen. */
const servings: WeakMap<Core, Serving> = new WeakMap();

/** Accepts connections at one more address; see Database.listen. */
export async function listen(core: Core, options: ListenOptions): Promise<Listening> {
  core.check();
  checkOptions("listen", options, optionNames);
  const { port = 6379, host = "127.0.0.1", password, threads = 1 } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new RangeError(`listen(): port is a whole number from 0 to 65535, not ${String(port)}`);
  }
  if (typeof host !== "string" || host === "") {
    throw new TypeError("listen(): host is an address, as text");
  }
  if (password !== undefined && (typeof password !== "string" || password === "")) {
    throw new TypeError("listen(): password is a text of one character or more");
  }
  if (!Number.isInteger(threads) || threads < 1 || threads > IO_THREADS_MAX) {
    throw new RangeError(
      `listen(): threads is a whole number from 1 to ${IO_THREADS_MAX}, not ${String(threads)}`,
    );
  }
  if (threads > 1 && !core.engine.isOwner) {
    throw new DatabaseError(
      "THREAD",
      "listen(): threads that serve are started by the thread that opened the database",
    );
  }
  const newFront = await frontsOf(core, threads);
  core.check();
  const { configuration } = core.services;
  const before = configuration.get("requirepass");
  if (password !== undefined && password !== before) {
    if (servings.has(core)) {
      throw new DatabaseError(
        "OPTIONS",
        "the database is listening already, without that password: one holds for all who listen",
      );
    }
    configuration.put("requirepass", password);
  }
  let serving = servings.get(core);
  if (serving === undefined) {
    serving = new Serving(core);
    servings.set(core, serving);
  }
  try {
    return await serving.listen(host, port, threads, newFront);
  } catch (error) {
    serving.endIfIdle();
    if (!servings.has(core)) configuration.put("requirepass", before);
    throw error;
  }
}

/** Who takes connections: this thread's server, or threads. */
interface Front {
  start(): Promise<void>;
  listen(host: string, port: number): Promise<Listener>;
  stop(): void;
}

/** Makes the front for so many threads, once its modules are there. */
async function frontsOf(core: Core, threads: number): Promise<() => Front> {
  const { engine, services } = core;
  const { configuration } = services;
  if (threads === 1) {
    const { Server } = await import("../server/server.ts");
    return () => {
      const server = new Server(engine, services, configuration);
      return {
        start: async () => {},
        listen: (host, port) => server.listen(host, port),
        stop: () => server.stop(),
      };
    };
  }
  const { IoThreads } = await import("../server/io-threads.ts");
  return () => {
    const all = new IoThreads(engine, services, configuration, threads);
    return {
      start: () => all.start(share(core)),
      listen: (host, port) => all.listen(host, port),
      stop: () => void all.stop(),
    };
  };
}

/** All who serve a database. */
class Serving {
  readonly #core: Core;
  /** This thread's own, if it serves. */
  #own: Front | undefined;
  /** All, with the number of their addresses. */
  readonly #fronts: Map<Front, number> = new Map();

  constructor(core: Core) {
    this.#core = core;
    core.stopServing = () => this.#stop();
  }

  async listen(
    host: string,
    port: number,
    threads: number,
    newFront: () => Front,
  ): Promise<Listening> {
    const front = (threads === 1 ? this.#own : undefined) ?? newFront();
    if (threads === 1) this.#own = front;
    const isNew = !this.#fronts.has(front);
    this.#fronts.set(front, (this.#fronts.get(front) ?? 0) + 1);
    try {
      if (isNew) await front.start();
      this.#check();
      const listener = await front.listen(host, port);
      if (this.#core.closed) listener.close();
      this.#check();
      let open = true;
      const close = (): void => {
        if (!open) return;
        open = false;
        listener.close();
        this.#closed(front);
      };
      return { host, port: listener.port, close };
    } catch (error) {
      this.#closed(front);
      throw error;
    }
  }

  #check(): void {
    if (!this.#core.closed) return;
    throw new DatabaseError("CLOSED", "the database was closed before it could listen");
  }

  /** One address less. */
  #closed(front: Front): void {
    const left = (this.#fronts.get(front) ?? 0) - 1;
    if (left > 0) this.#fronts.set(front, left);
    else this.#end(front);
  }

  /** Closes its connections, once they have been sent what is ready. */
  #end(front: Front): void {
    if (!this.#fronts.delete(front)) return;
    if (this.#own === front) this.#own = undefined;
    front.stop();
    this.endIfIdle();
  }

  endIfIdle(): void {
    if (this.#fronts.size > 0 || servings.get(this.#core) !== this) return;
    servings.delete(this.#core);
    this.#core.stopServing = undefined;
  }

  #stop(): void {
    for (const front of [...this.#fronts.keys()]) this.#end(front);
  }
}
