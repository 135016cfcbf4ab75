// A thread's own engine on a database that another one has open: objects of its own on the same
// memory, and on the same log.

import { DatabaseError } from "../base/database-error.ts";
import { Database } from "../database.ts";
import { version } from "../engine/version.ts";
import { Memory } from "../memory/memory.ts";
import type { Platform } from "../platform/platform.ts";
import { Guest } from "../threads/guest.ts";
import type { SharedDatabase } from "../threads/handle.ts";
import type { Assembly } from "./assembly.ts";
import type { Configuration } from "./configuration.ts";
import { ProcessServices } from "./services.ts";

/** Throws DatabaseError VERSION where this thread cannot attach. */
export function checkVersion(handle: SharedDatabase): void {
  if (handle.tskeydb === version) return;
  throw new DatabaseError(
    "VERSION",
    `the database was shared by tskeydb ${handle.tskeydb}, and this is ${version}: threads that ` +
      "share a database need the same version",
  );
}

/**
 * Attaches this thread, with a configuration of its own, which gets what was set in any thread
 * (CONFIG SET) since the database is shared. Throws DatabaseError where the database is closed,
 * damaged, kept by another thread, or used by as many as there may be.
 */
export function attachTo(
  platform: Platform,
  handle: SharedDatabase,
  configuration: Configuration,
): Assembly {
  const clock = (): number => platform.nowMs();
  const services = new ProcessServices(platform, configuration, clock);
  const guest = new Guest(platform, handle, Memory.attach(handle.segments));
  guest.onConfigured = (name, value) => void configuration.set([[name, value]], true);
  try {
    guest.lock.enter();
  } catch (error) {
    guest.leave();
    throw error;
  }
  try {
    const database = new Database({
      platform,
      services,
      databases: handle.databases,
      clock,
      clockIsReal: true,
      seed: new Int32Array(4),
      guest,
    });
    services.database = database;
    if (handle.log !== null) database.attachLog(guest, handle.log);
    return { database, services };
  } finally {
    guest.lock.leave();
  }
}
