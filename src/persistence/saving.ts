// What a database lends to the snapshots that are saved in the background: the lock, its files, and
// what it has counted.

import type { RdbSink } from "../codec/rdb-output.ts";
import { redisVersion } from "../engine/version.ts";
import { Counter } from "../keyspace/figures.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Platform } from "../platform/platform.ts";
import { type DumpFile, WRITING } from "./rdb/dump-file.ts";
import type { Reporter } from "./rewriting.ts";
import type { SaveHost } from "./snapshot/background-saves.ts";
import type { Snapshots, SnapshotWriting } from "./snapshot/snapshots.ts";

/** The database, as its saves see it. */
export interface SavedDatabase {
  readonly platform: Platform;
  readonly keyspace: Keyspace;
  readonly executor: {
    readonly transactionOpen: boolean;
    readonly timer: { settle(): void };
    readonly statistics: { readonly commands: number };
  };
  readonly snapshots: Snapshots;
  readonly rewrite: { readonly isRunning: boolean } | null;
  readonly dump: DumpFile | null;
  readonly reporter: Reporter;
  readonly clock: () => number;
  /** What a snapshot is to say that it comes after. */
  readonly follows: readonly string[];
  turn(work: () => void): void;
}

export class Saving implements SaveHost {
  readonly platform: Platform;
  readonly #database: SavedDatabase;
  readonly #takeDirectory: (directory: string) => void;

  /** @param takeDirectory takes it for this process, if it has not been; throws PlatformError */
  constructor(database: SavedDatabase, takeDirectory: (directory: string) => void) {
    this.platform = database.platform;
    this.#database = database;
    this.#takeDirectory = takeDirectory;
  }

  get commands(): number {
    const { timer, statistics } = this.#database.executor;
    timer.settle();
    return statistics.commands;
  }

  get isReady(): boolean {
    return this.#database.snapshots.isReady && !this.#database.executor.transactionOpen;
  }

  get isGivingUp(): boolean {
    const { snapshots, executor } = this.#database;
    return snapshots.isGivenUp && !executor.transactionOpen;
  }

  get isRewriting(): boolean {
    return this.#database.rewrite?.isRunning === true;
  }

  turn(work: () => void): void {
    this.#database.turn(work);
  }

  begin(sink: RdbSink): SnapshotWriting {
    const { snapshots, dump } = this.#database;
    const notes = { redisVersion, nowMs: this.clock(), follows: this.#database.follows };
    return snapshots.begin(sink, notes, dump?.writing ?? WRITING);
  }

  get syncsAsItGoes(): boolean {
    return this.#database.dump?.syncsAsItGoes ?? true;
  }

  get dump(): DumpFile | null {
    return this.#database.dump;
  }

  takeDirectory(): void {
    const { dump } = this.#database;
    if (dump !== null) this.#takeDirectory(dump.directory);
  }

  get changes(): number {
    return this.#database.keyspace.total(Counter.changes);
  }

  get flushes(): number {
    return this.#database.keyspace.total(Counter.flushes);
  }

  clock(): number {
    return this.#database.clock();
  }

  noteOutcome(hasFailed: boolean): void {
    this.#database.keyspace.settings.saveFailed = hasFailed;
  }

  notice(text: string): void {
    this.#database.reporter.notice(text);
  }

  warning(text: string): void {
    this.#database.reporter.warning(text);
  }
}
