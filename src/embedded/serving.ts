// Serving an embedded database to others: the server of `tskeydb` on the same data. Its modules are
// loaded when listen() is called first, so that a program that never does pays nothing.

import { DatabaseError } from "../base/database-error.ts";
import type { Server } from "../server/server.ts";
import type { Core } from "./core.ts";
import { checkOptions } from "./options.ts";

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
}

const optionNames: ReadonlySet<string> = new Set<keyof ListenOptions>(["port", "host", "password"]);

/** A database that listens. */
export interface Listening {
  readonly host: string;
  readonly port: number;
  /** Takes no more connections here; with the last listener, those that are open are closed. */
  close(): void;
}

/** The servers of the databases that listen. */
const servings: WeakMap<Core, Serving> = new WeakMap();

/** Accepts connections at one more address; see Database.listen. */
export async function listen(core: Core, options: ListenOptions): Promise<Listening> {
  core.check();
  checkOptions("listen", options, optionNames);
  const { port = 6379, host = "127.0.0.1", password } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new RangeError("listen(): port is a whole number from 0 to 65535");
  }
  if (typeof host !== "string" || host === "") {
    throw new TypeError("listen(): host is an address, as text");
  }
  if (password !== undefined && (typeof password !== "string" || password === "")) {
    throw new TypeError("listen(): password is a text of one character or more");
  }
  const { Server } = await import("../server/server.ts");
  core.check();
  const { services, engine } = core;
  const { configuration } = services;
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
    serving = new Serving(new Server(engine, services, configuration));
    servings.set(core, serving);
    core.stopServing = () => serving?.stop(core);
  }
  try {
    return await serving.listen(core, host, port);
  } catch (error) {
    if (!servings.has(core)) configuration.put("requirepass", before);
    throw error;
  }
}

/** The one server of a database, with its listeners. */
class Serving {
  readonly #server: Server;
  #listeners = 0;

  constructor(server: Server) {
    this.#server = server;
  }

  async listen(core: Core, host: string, port: number): Promise<Listening> {
    this.#listeners++;
    try {
      const listener = await this.#server.listen(host, port);
      if (core.closed) {
        listener.close();
        throw new DatabaseError("CLOSED", "the database was closed before it could listen");
      }
      let open = true;
      const close = (): void => {
        if (!open) return;
        open = false;
        listener.close();
        this.#closed(core);
      };
      return { host, port: listener.port, close };
    } catch (error) {
      this.#closed(core);
      throw error;
    }
  }

  #closed(core: Core): void {
    this.#listeners--;
    if (this.#listeners === 0) this.stop(core);
  }

  /** Closes all connections, once they have been sent what is ready. */
  stop(core: Core): void {
    if (servings.get(core) !== this) return;
    servings.delete(core);
    core.stopServing = undefined;
    this.#server.stop();
  }
}
