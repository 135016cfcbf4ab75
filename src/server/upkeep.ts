// What a server sees to once a second, besides its clients: figures by the second, what empty
// tables take, memory that goes back to the system. The thread that opened the database does it,
// however many serve; the others see to their own garbage.

import type { Database } from "../database.ts";
import type { NetworkFigures } from "../host/network-figures.ts";
import type { ProcessServices } from "../host/services.ts";
import type { Timer } from "../platform/platform.ts";
import { MemoryUpkeep } from "./memory-upkeep.ts";

const PERIOD_MS = 1000;

export class Upkeep {
  readonly #database: Database;
  readonly #services: ProcessServices;
  readonly #memory: MemoryUpkeep;

  constructor(database: Database, services: ProcessServices) {
    this.#database = database;
    this.#services = services;
    this.#memory = new MemoryUpkeep(database.platform, database.memory);
  }

  /** Of several who serve in this process, it is the first of them that sees to it. */
  everySecond(server: NetworkFigures): void {
    if (!this.#database.isOwner) return this.#memory.collect(server.clientBytes);
    if (this.#services.network.servers[0] !== server) return;
    this.#services.sample();
    this.#database.keyspace.dropEmpty();
    this.#database.tock();
    this.#memory.tend(this.#services.network.clientBytes);
  }
}

/** Calls back each second, unless that was turned off (DEBUG PAUSE-CRON), under the lock. */
export function eachSecond(
  database: Database,
  services: ProcessServices,
  callback: () => void,
): Timer {
  return database.platform.every(PERIOD_MS, () => {
    if (!services.cronPaused) database.turn(callback);
  });
}
