// What commands ask of the process around the database: settings, clients, the log, the time of
// day. A server offers all of it; an embedded database what makes sense there.

import type { HotCodeOptions } from "../lua/state.ts";
import type { Session } from "./session.ts";
import type { Targets } from "./targets.ts";

/** What was written until some moment, on its way to the disk. */
export interface SyncPoint {
  readonly isSynced: boolean;
  /** Has it synced, and returns when that is done, or cannot be done now. */
  sync(): void;
  /** Has it synced soon, whatever appendfsync says; calls back, once, when that is done. */
  whenSynced(done: () => void): void;
}

export interface Services {
  /** Values of the directives whose names match the glob patterns, in pairs. */
  configGet(patterns: readonly string[]): readonly (readonly [name: string, value: string])[];
  /** Sets all of the pairs or none; returns the text of an error (with its code) or undefined. */
  configSet(pairs: readonly (readonly [name: string, value: string])[]): string | undefined;
  /** Writes the settings back into the configuration file; returns the text of an error. */
  configRewrite(): string | undefined;
  /** CONFIG RESETSTAT, for the counters outside the keyspace. */
  resetStatistics(): void;
  /** The password that clients must give, or "". */
  password(): string;
  /** The version of Redis that clients are told. */
  reportedVersion(): string;
  /** The text of INFO for these sections (lower case; "default", "all", "everything"). */
  info(sections: readonly string[]): string;
  /** Connections to other servers, of this thread (MIGRATE). */
  readonly targets: Targets;
  /** Sessions that are connected to this thread, by id. */
  readonly sessions: ReadonlyMap<number, Session>;
  /** The id of the one that connected last. */
  readonly lastClient: number;
  /**
   * What other threads that serve clients reply to the present request, which each executes for its
   * own clients.
   */
  askOthers(): readonly Uint8Array[];
  /**
   * Has the thread that opened the database execute the present request, and replies as that does;
   * false in that thread.
   */
  askOwner(): boolean;
  /** Closes a client's connection. */
  kill(session: Session): void;
  /** As kill, of a client that speaks HTTP: somebody has made a browser send us commands. */
  disconnectBrowser(session: Session): void;
  /**
   * Ends the server, which flushes its log in any case; returns the text of an error, among them
   * that the log or the snapshot cannot be written, unless `force` says that it need not be. The
   * snapshot is saved if `saves` says so; unless said, if the settings name times for it (save).
   */
  shutdown(force: boolean, saves: boolean | undefined): string | undefined;
  /** Saves all databases before it returns; returns the text of an error. */
  save(): string | undefined;
  /**
   * Has all databases saved in the background. Where something else is being saved, that begins
   * afterwards if `isPatient`, or not at all; in a transaction it begins after that. "nowhere": a
   * database in memory has no place for it.
   */
  saveInBackground(
    isPatient: boolean,
    inTransaction: boolean,
  ): "started" | "scheduled" | "running" | "busy" | "nowhere";
  /**
   * DEBUG RELOAD: loads the snapshot file, which is saved before if `saves`, into databases that
   * are emptied before if `empties`; keys that are there are replaced if `replaces`. Returns the
   * text of an error.
   */
  reload(options: { saves: boolean; empties: boolean; replaces: boolean }): string | undefined;
  /** DEBUG LOADAOF: executes the log again, in databases that are empty. */
  reloadLog(): string | undefined;
  /** When a snapshot was saved last, or the process began to serve, in milliseconds since 1970. */
  readonly lastSaveMs: number;
  /** Why writes are refused at the moment (a full disk …), or undefined. */
  writesRefused(): string | undefined;
  /** Why what is written now would not come to the disk, or undefined: the first half of that. */
  diskFailure(): string | undefined;
  /** All that was written until now, and whether it is on the disk; null where there is no log. */
  syncPoint(): SyncPoint | null;
  /** BGREWRITEAOF: what comes of it. */
  rewriteLog(): "started" | "scheduled" | "running" | "no log";
  /** DEBUG CHANGE-REPL-ID: what is written from now on belongs to another history. */
  changeReplicationId(): void;
  /** DEBUG PAUSE-CRON: what a server does each second is not done until it is told again. */
  pauseCron(paused: boolean): void;
  /** DEBUG LOG: a message to whoever runs the server. */
  message(text: string): void;
  /** MEMORY STATS, in pairs; DOCTOR, MALLOC-STATS, PURGE. */
  memoryFigures(): readonly (readonly [name: string, value: number])[];
  memoryAdvice(): string;
  allocatorText(): string;
  purgeMemory(): void;
  /** Calls back after `delayMs`; returns what cancels it. */
  setTimer(delayMs: number, callback: () => void): () => void;
  /** Sees to what follows writes that no request has made: the log, and replies that wait. */
  wrote(): void;
  /** Does what has come from elsewhere, and what follows a change; nothing where it is damaged. */
  turn(work: () => void): void;
  /** When the process began to serve, in milliseconds since 1970. */
  readonly startedMs: number;
  /** The wall clock in milliseconds and in microseconds since 1970. */
  nowMs(): number;
  nowUs(): number;
  /** A clock that never goes back, in milliseconds with a fraction. */
  monotonicMs(): number;
  /** How functions of scripts that run much become JavaScript; null: they do not. */
  readonly hotCode: HotCodeOptions | null;
  /** Stops the thread for so long (DEBUG SLEEP). */
  sleep(ms: number): void;
}
