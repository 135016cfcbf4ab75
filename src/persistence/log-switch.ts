// Whether a database has a log, and how that changes while it is served (appendonly yes, no).
//
//   off       the log is written and synced, and rests; what lies in the directory holds all
//             that there was then
//   on        a new log is founded: see log/rewrite.ts and log/log-files.ts
//   started   with a log (recovery.ts); without one, from the snapshot file
//
// A snapshot that is saved while the log is off says which log it comes after, so that a start with
// appendonly yes knows which of the two is newer (log/left-logs.ts).

import { redisVersion } from "../engine/version.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import { type Platform, PlatformError } from "../platform/platform.ts";
import { foundNow, openFoundation } from "./log/founding.ts";
import { LeftLogs } from "./log/left-logs.ts";
import type { Log } from "./log/log.ts";
import { LogError } from "./log/log-error.ts";
import type { LogPlace } from "./log/log-place.ts";
import type { Rewrite } from "./log/rewrite.ts";
import { type DumpFile, printsIn, saveRdb, WRITING } from "./rdb/dump-file.ts";
import type { Reporter } from "./rewriting.ts";

/** The database, as its switch sees it. */
export interface SwitchedDatabase {
  readonly platform: Platform;
  readonly keyspace: Keyspace;
  readonly dump: DumpFile | null;
  readonly reporter: Reporter;
  readonly clock: () => number;
  /** All threads shall look whether the log is written. REQUIRES: the lock. */
  spreadLog(): void;
}

export class LogSwitch {
  readonly #database: SwitchedDatabase;
  readonly #place: LogPlace;
  readonly #log: Log;
  readonly #rewrite: Rewrite;
  readonly #left: LeftLogs;

  constructor(database: SwitchedDatabase, place: LogPlace, log: Log, rewrite: Rewrite) {
    this.#database = database;
    this.#place = place;
    this.#log = log;
    this.#rewrite = rewrite;
    this.#left = new LeftLogs(database.platform, place);
  }

  /** The data were loaded from the snapshot file, whose notes these are. */
  wasLoaded(notes: ReadonlyMap<string, string>): void {
    this.#left.addIfNamed(printsIn(notes));
  }

  /** Whether the log that lies in the directory is older than the data. */
  get hasLeft(): boolean {
    return this.#left.prints.length > 0;
  }

  /** What a snapshot that is saved now is to say of logs. */
  get prints(): readonly string[] {
    return this.#left.prints;
  }

  /** The data descend from the log that lies in the directory, and that nobody writes. */
  noteLeft(): void {
    this.#left.add(true);
  }

  /** There is a log: nothing is left of others. */
  noteFounded(): void {
    this.#left.clear();
  }

  /** Founds a log, in the background. Throws LogError or PlatformError: then there is none. */
  on(): void {
    if (!this.#rewrite.isOff) return;
    const { platform, reporter } = this.#database;
    this.#rewrite.found(() => {
      const { files, kept } = openFoundation(platform, this.#place, this.#left);
      if (kept.length > 0) {
        reporter.warning(
          `The log in ${this.#place.directory} was not loaded, so its files stay there, but are not ` +
            `part of the log that is begun now: ${kept.join(", ")}`,
        );
      }
      return files;
    });
  }

  /** Has the log rest; all that it was to hold is on the disk then. REQUIRES: the lock. */
  off(): void {
    if (this.#rewrite.isOff) return;
    const { reporter } = this.#database;
    const { failure } = this.#log;
    const hadLog = !this.#log.isResting && !this.#log.isProvisional;
    const isSafe = this.#rewrite.stop();
    this.#database.spreadLog();
    if (hadLog) this.#left.add(isSafe);
    if (isSafe) reporter.notice("The log is not written any more: appendonly is no");
    else {
      reporter.warning(
        "The log is not written any more, since appendonly is no; what could not be written or " +
          `synced is not in it (${failure ?? this.#log.failure ?? "the disk has failed"})`,
      );
    }
  }

  /** Ends what has begun, in one go: the database is about to be closed. Throws LogError. */
  finish(): void {
    const { platform, keyspace, dump, clock } = this.#database;
    const notes = { redisVersion, nowMs: clock(), isBase: true };
    if (this.#rewrite.mayBeNamed) this.#left.add(true);
    try {
      foundNow(platform, this.#place, this.#left, (path) => {
        saveRdb(platform, path, keyspace, notes, dump?.writing ?? WRITING);
      });
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
      throw LogError.cannotBeWritten(this.#place.manifestPath, 0, error.message);
    }
  }
}
