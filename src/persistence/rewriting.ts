// What a database lends to the rewrites of its log: the lock, the settings, and the snapshot that
// becomes the base.

import type { Executor } from "../engine/executor.ts";
import { redisVersion } from "../engine/version.ts";
import type { Platform } from "../platform/platform.ts";
import type { BaseWriting, RewriteHost } from "./log/rewrite.ts";
import type { WritingOptions } from "./rdb/dump-file.ts";
import type { Snapshots } from "./snapshot/snapshots.ts";

/** The directives of rewrites. */
export class RewriteSettings {
  /** auto-aof-rewrite-percentage; 0: never by itself. */
  percentage = 100;
  /** auto-aof-rewrite-min-size. */
  sizeMin: number = 64 << 20;
  /** aof-rewrite-incremental-fsync. */
  syncsAsItGoes = true;
}

/** What is said of work in the background. */
export interface Reporter {
  notice(text: string): void;
  warning(text: string): void;
}

/** Nobody hears of it. */
export const SILENT: Reporter = { notice: () => {}, warning: () => {} };

/** The database, as its rewrites see it. */
export interface RewrittenDatabase {
  readonly platform: Platform;
  readonly snapshots: Snapshots;
  readonly executor: Executor;
  readonly rewriteSettings: RewriteSettings;
  readonly dump: { readonly writing: WritingOptions } | null;
  readonly reporter: Reporter;
  readonly clock: () => number;
  turn(work: () => void): void;
  /** All threads shall look whether the log is written. REQUIRES: the lock. */
  spreadLog(): void;
  /** The data descend from the log that lies in the directory. */
  noteLogLeft(): void;
}

export class Rewriting implements RewriteHost {
  readonly platform: Platform;
  readonly #database: RewrittenDatabase;

  constructor(database: RewrittenDatabase) {
    this.platform = database.platform;
    this.#database = database;
  }

  get commands(): number {
    const { timer, statistics } = this.#database.executor;
    timer.settle();
    return statistics.commands;
  }

  get isReady(): boolean {
    const { snapshots, executor } = this.#database;
    return snapshots.isReady && !executor.transactionOpen;
  }

  turn(work: () => void): void {
    this.#database.turn(work);
  }

  begin(sink: (bytes: Uint8Array, end: number) => void): BaseWriting {
    const { snapshots, dump, clock } = this.#database;
    const notes = { redisVersion, nowMs: clock(), isBase: true };
    return snapshots.begin(sink, notes, dump?.writing ?? { compresses: true, sums: true });
  }

  spread(): void {
    this.#database.spreadLog();
  }

  noteNamed(): void {
    this.#database.noteLogLeft();
  }

  get percentage(): number {
    return this.#database.rewriteSettings.percentage;
  }

  get sizeMin(): number {
    return this.#database.rewriteSettings.sizeMin;
  }

  get syncsAsItGoes(): boolean {
    return this.#database.rewriteSettings.syncsAsItGoes;
  }

  notice(text: string): void {
    this.#database.reporter.notice(text);
  }

  warning(text: string): void {
    this.#database.reporter.warning(text);
  }
}
