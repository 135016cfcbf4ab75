// rename-command: not before the log has been replayed, which holds the commands' own names.

import type { Database } from "../database.ts";
import { type Configuration, ConfigurationError } from "../host/configuration.ts";

/** Gives commands their names; throws ConfigurationError where one cannot have it. */
export function renameCommands(database: Database, configuration: Configuration): void {
  for (const { from, to, place } of configuration.renames) {
    const failed = database.executor.table.rename(from, to);
    if (failed !== undefined) {
      throw new ConfigurationError(`${place}: ${failed}`, "rename-command");
    }
  }
}
