// Promises of what is on the disk (Database.synced). The sync that one waits for may be another
// thread's, and then nothing of this one's would keep the process alive: as long as somebody waits,
// it stays.

import { DatabaseError } from "../base/database-error.ts";
import type { Log } from "../persistence/log/log.ts";
import { LogError } from "../persistence/log/log-error.ts";
import type { Platform } from "../platform/platform.ts";

export class SyncPromises {
  readonly #platform: Platform;
  #waiting = 0;
  #letGo: () => void = () => {};

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** Whether everything written before is on the disk, once that is known. */
  async synced(log: Log): Promise<boolean> {
    const batch = log.requestSync();
    if (log.syncedThrough >= batch) return true;
    if (this.#waiting++ === 0) this.#letGo = this.#platform.stayAwake();
    const isSynced = await new Promise<boolean>((tell) => {
      const fail = (): boolean => {
        tell(false);
        return false;
      };
      log.whenSynced({ batch, synced: () => tell(true), failed: fail, lost: fail });
    });
    if (--this.#waiting === 0) this.#letGo();
    return isSynced;
  }
}

/** What a call throws whose change could not be written. */
export function notWritten(log: Log): LogError {
  return new LogError(
    "LOG_WRITE",
    log.path,
    -1,
    `the log cannot be written: ${log.failure ?? "unknown"}. The change is in memory, but ` +
      "not safe on the disk; it is written as soon as that is possible, and until then writes " +
      "are refused.",
  );
}

/** There is no log that could hold anything, and why. */
export function withoutLog(directoryLog: Log | null): DatabaseError {
  const why =
    directoryLog === null
      ? "this database has no log, so nothing of it can be on the disk: open a directory"
      : directoryLog.isFounding
        ? "the log that was switched on has no base yet, so nothing can be on the disk: wait " +
          "until INFO's aof_rewrite_in_progress is 0"
        : "there is no log, so nothing can be on the disk: CONFIG SET appendonly yes begins one";
  return new DatabaseError("NO_LOG", why);
}
