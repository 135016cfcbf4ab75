// The services that a process offers to the commands of its database: settings, sessions, INFO,
// timers and the clock. An embedded database has them without a network; a server adds its own
// figures by way of `network`.

import { isHalfDone } from "../base/half-done.ts";
import { messageOf } from "../base/realms.ts";
import { RdbError } from "../codec/rdb-error.ts";
import type { Database } from "../database.ts";
import type { InfoSection } from "../engine/info-section.ts";
import { allowsAction } from "../engine/protected-actions.ts";
import type { Services, SyncPoint } from "../engine/services.ts";
import type { Session } from "../engine/session.ts";
import { Targets } from "../engine/targets.ts";
import type { HotCodeOptions } from "../lua/state.ts";
import { persistenceSection } from "../persistence/info.ts";
import { LogError } from "../persistence/log/log-error.ts";
import type { SaveAnswer } from "../persistence/snapshot/background-saves.ts";
import { type Platform, PlatformError } from "../platform/platform.ts";
import { readText, replaceText } from "../platform/text-files.ts";
import { type Configuration, rewriteText } from "./configuration.ts";
import { infoText } from "./info/info.ts";
import { keyspaceSection } from "./info/keyspace-section.ts";
import { allocatorText, memoryAdvice, memorySection, memoryStats } from "./info/memory-section.ts";
import { serverSections } from "./info/server-sections.ts";
import type { InfoSource } from "./info/source.ts";
import { statsSections } from "./info/stats-sections.ts";
import { Network } from "./network-figures.ts";
import { Rates } from "./rates.ts";

const SAVE_FAILED =
  "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to " +
  "disk. Commands that may modify the data set are disabled, because this instance is " +
  "configured to report errors during writes if RDB snapshotting fails " +
  "(stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB " +
  "error.";

/** Who waits for a log that is being begun looks so often. */
const FOUNDING_LOOK_MS = 10;

/** How often it is told that browsers are made to speak to us. */
const BROWSER_MS = 60_000;

export class ProcessServices implements Services, InfoSource {
  readonly platform: Platform;
  readonly configuration: Configuration;
  readonly sessions: Map<number, Session> = new Map();
  readonly startedMs: number;
  readonly runId: string;
  readonly network: Network = new Network();
  readonly targets: Targets;
  /** Ends the process's server; not set where SHUTDOWN is not for clients to say. */
  onShutdown: (() => void) | undefined;
  /** Called, at most once a minute, when a client that speaks HTTP is disconnected. */
  onBrowser: (address: string) => void = () => {};

  readonly rates = new Rates();
  /** Stands for the history of the data, as master_replid. */
  replicationId: string;
  /** Called with what DEBUG LOG says. */
  onMessage: (text: string) => void = () => {};
  #cronPaused = false;

  /** What INFO is made of; whoever has something to say adds a section. */
  readonly sections: InfoSection[] = [];

  readonly #clock: () => number;
  #database: Database | undefined;
  lastClient = 0;
  /** Writes ask for replicas (min-replicas-to-write), of which there are none. */
  #lacksReplicas = false;
  #browserAtMs = Number.NEGATIVE_INFINITY;

  constructor(platform: Platform, configuration: Configuration, clock: () => number) {
    this.platform = platform;
    this.configuration = configuration;
    this.#clock = clock;
    this.startedMs = clock();
    this.targets = new Targets(platform, (work) => this.turn(work));
    for (const name of ["min-replicas-to-write", "min-replicas-max-lag"] as const) {
      configuration.onChange(name, () => this.#countReplicas());
    }
    this.#countReplicas();
    this.runId = this.#newId();
    this.replicationId = this.#newId();
  }

  /** 40 hexadecimal digits, drawn at random. */
  #newId(): string {
    const bytes = new Uint8Array(20);
    this.platform.randomInto(bytes, 0, bytes.length);
    return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  /** The database whose commands are served. To be set before the first of them. */
  get database(): Database {
    if (this.#database === undefined) throw new Error("the services have no database yet");
    return this.#database;
  }

  set database(database: Database) {
    this.#database = database;
    database.onClosing.push(() => this.targets.close());
    this.sections.push(
      ...serverSections(this),
      memorySection(this),
      persistenceSection(database, this.startedMs),
      ...statsSections(this),
      keyspaceSection(this),
    );
  }

  /** The number of a client that has connected; 0 where there are `most` already. */
  admit(most: number): number {
    const { member } = this.database;
    const isAdmitted = member === null ? this.sessions.size < most : member.admitClient(most);
    if (!isAdmitted) return 0;
    this.lastClient = member?.nextClient() ?? this.lastClient + 1;
    return this.lastClient;
  }

  /** Those that are connected, to whichever thread. */
  get connectedClients(): number {
    return this.database.member?.connectedClients ?? this.sessions.size;
  }

  /** One that was admitted has gone. */
  dismiss(client: number): void {
    this.sessions.delete(client);
    this.database.member?.missClient();
  }

  configGet(patterns: readonly string[]): readonly (readonly [name: string, value: string])[] {
    return this.configuration.matching(patterns);
  }

  configSet(pairs: readonly (readonly [name: string, value: string])[]): string | undefined {
    const setting = this.configuration.get("enable-protected-configs");
    const { executor, member } = this.database;
    const refused = this.configuration.set(pairs, allowsAction(setting, executor.context.session));
    if (refused !== undefined || member === null) return refused;
    for (const [name, value] of this.configuration.matching(pairs.map(([each]) => each))) {
      member.roster?.set(name, value);
    }
    return undefined;
  }

  configRewrite(): string | undefined {
    const { platform, configuration } = this;
    const path = configuration.file;
    if (path === "") return "ERR The server is running without a config file";
    try {
      const text = platform.exists(path) ? readText(platform, path) : "";
      replaceText(platform, path, rewriteText(text, configuration));
      return undefined;
    } catch (error) {
      return `ERR Rewriting config file: ${messageOf(error)}`;
    }
  }

  #countReplicas(): undefined {
    const wanted = this.configuration.get("min-replicas-to-write");
    this.#lacksReplicas = wanted > 0 && this.configuration.get("min-replicas-max-lag") > 0;
  }

  resetStatistics(): void {
    this.network.resetFigures();
    // Other threads count from 0 now, and not from when they look next.
    this.database.member?.askForReports();
    this.rates.reset();
    this.database.expiry.ms = 0;
    this.database.expiry.cut = 0;
  }

  password(): string {
    return this.configuration.get("requirepass");
  }

  reportedVersion(): string {
    return this.configuration.get("redis-version-reported");
  }

  info(sections: readonly string[]): string {
    this.database.member?.askForReports();
    return infoText(this.sections, sections);
  }

  memoryFigures(): readonly (readonly [name: string, value: number])[] {
    return memoryStats(this);
  }

  memoryAdvice(): string {
    return memoryAdvice(this);
  }

  allocatorText(): string {
    return allocatorText(this);
  }

  purgeMemory(): void {
    this.database.memory.trim();
    this.platform.collectGarbage();
  }

  syncPoint(): SyncPoint | null {
    const { database } = this;
    const log = database.directoryLog;
    if (log === null || (log.isResting && !log.isFounding)) return null;
    const batch = log.openBytes > 0 ? log.batch + 1 : log.batch;
    return {
      get isSynced() {
        return !log.isFounding && !log.isResting && log.syncedThrough >= batch;
      },
      sync: () => void log.syncAll(),
      whenSynced(done) {
        const tell = (): void => database.turn(done);
        const look = (): void => {
          if (database.closed || database.damage !== undefined) return;
          if (log.isFounding) {
            database.platform.setTimer(FOUNDING_LOOK_MS, look);
            return;
          }
          if (log.isResting) return tell();
          log.requestSync();
          // While the log cannot be written it waits on.
          log.whenSynced({ batch, synced: tell, failed: () => true, lost: tell });
        };
        look();
      },
    };
  }

  rewriteLog(): "started" | "scheduled" | "running" | "no log" {
    const { rewrite } = this.database;
    if (rewrite === null || rewrite.isOff) return "no log";
    if (rewrite.isRunning) return "running";
    rewrite.begin();
    return rewrite.isScheduled ? "scheduled" : "started";
  }

  changeReplicationId(): void {
    this.replicationId = this.#newId();
  }

  /** What a server does each second is not done (DEBUG PAUSE-CRON), in no thread. */
  get cronPaused(): boolean {
    return this.database.member?.cronPaused ?? this.#cronPaused;
  }

  pauseCron(paused: boolean): void {
    this.#cronPaused = paused;
    const { member } = this.database;
    if (member !== null) member.cronPaused = paused;
  }

  message(text: string): void {
    this.onMessage(text);
  }

  askOthers(): readonly Uint8Array[] {
    return this.database.member?.askOthers(this.database.executor.context) ?? [];
  }

  askOwner(): boolean {
    return this.database.member?.askOwner(this.database.executor.context) ?? false;
  }

  kill(session: Session): void {
    session.link?.close(true);
    // Its socket is gone in a moment; nothing is given to it from now on.
    this.database.executor.forget(session);
  }

  disconnectBrowser(session: Session): void {
    const { link } = session;
    if (link === undefined) return;
    this.reportBrowser(link.address);
    link.close(true);
  }

  /** Tells of a browser, now and then. */
  reportBrowser(address: string): void {
    const nowMs = this.platform.monotonicMs();
    if (nowMs >= this.#browserAtMs + BROWSER_MS) {
      this.#browserAtMs = nowMs;
      this.onBrowser(address);
    }
  }

  get lastSaveMs(): number {
    return this.database.dump?.lastSaveMs ?? this.startedMs;
  }

  save(): string | undefined {
    const { saves, dump } = this.database;
    if (saves?.isSaving === true) return "ERR Background save already in progress";
    if (dump !== null) dump.saves++;
    return this.#save();
  }

  /** Saves all, which is counted where it was asked for. */
  #save(): string | undefined {
    const { saves } = this.database;
    try {
      this.database.save();
      saves?.savedOtherwise();
      return undefined;
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
      return `ERR The snapshot cannot be saved: ${error.message}`;
    }
  }

  saveInBackground(isPatient: boolean, inTransaction: boolean): SaveAnswer {
    const answer = this.database.saves?.save(isPatient || inTransaction) ?? "busy";
    return answer === "started" && inTransaction ? "scheduled" : answer;
  }

  reload(options: Parameters<Services["reload"]>[0]): string | undefined {
    this.database.saves?.giveUp();
    const failed = options.saves ? this.#save() : undefined;
    return failed ?? this.#loading(() => this.database.reload(options));
  }

  reloadLog(): string | undefined {
    return this.#loading(() => this.database.reloadLog());
  }

  #loading(work: () => void): string | undefined {
    try {
      work();
      return undefined;
    } catch (error) {
      if (isHalfDone(error)) throw error;
      if (error instanceof PlatformError) return `ERR ${error.message}`;
      if (!(error instanceof RdbError || error instanceof LogError)) throw error;
      return `ERR Error trying to load the RDB dump or the log: ${error.message}`;
    }
  }

  /** Saves at the end of the server, if that is wanted; returns the text of an error. */
  saveLast(saves: boolean = this.configuration.get("save").length > 0): string | undefined {
    this.database.saves?.giveUp();
    return saves ? this.#save() : undefined;
  }

  shutdown(force: boolean, saves: boolean | undefined): string | undefined {
    if (this.onShutdown === undefined) {
      return "ERR SHUTDOWN is not for clients of a database that a program has open: it closes it";
    }
    const { log } = this.database;
    if (log?.isProvisional === false && log.failure !== null && !force) {
      return `ERR Errors trying to SHUTDOWN: the log cannot be written (${log.failure}). Use FORCE.`;
    }
    const notSaved = this.saveLast(saves);
    if (notSaved !== undefined && !force) {
      return `ERR Errors trying to SHUTDOWN: ${notSaved.slice(4)}. Use FORCE, or NOSAVE.`;
    }
    // What the client has sent after this is not executed.
    this.database.executor.context.session.closing = true;
    this.onShutdown();
    return undefined;
  }

  diskFailure(): string | undefined {
    const log = this.#database?.log ?? null;
    const failure = log?.failure ?? null;
    // One that is being begun is given up when it cannot be written.
    if (failure !== null && log?.isProvisional === false) {
      return `MISCONF Errors writing to the AOF file: ${failure}`;
    }
    const hasFailed = this.#database?.keyspace.settings.saveFailed === true;
    return hasFailed && this.#asksForSaves ? SAVE_FAILED : undefined;
  }

  writesRefused(): string | undefined {
    const failure = this.diskFailure();
    if (failure !== undefined) return failure;
    // The log at start is nobody's request: it has been acknowledged before.
    if (!this.#lacksReplicas || this.database.executor.context.session.link === undefined) {
      return undefined;
    }
    return "NOREPLICAS Not enough good replicas to write.";
  }

  /** Writes are accepted only while what the save points ask for can be saved. */
  get #asksForSaves(): boolean {
    const { configuration } = this;
    return configuration.get("save").length > 0 && configuration.get("stop-writes-on-bgsave-error");
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    // Timers take at most 2^31 − 1 ms; a longer wait is made of several.
    const most = 0x7fffffff;
    const step = Math.min(delayMs, most);
    let cancel = (): void => this.platform.clearTimer(timer);
    const timer = this.platform.setTimer(step, () => {
      if (delayMs > most) cancel = this.setTimer(delayMs - most, callback);
      else this.turn(callback);
    });
    return () => cancel();
  }

  /** Does what has come from elsewhere, and what follows a change. */
  turn(work: () => void): void {
    const { database } = this;
    database.turn(() => {
      database.tick();
      work();
      this.wrote();
    });
  }

  wrote(): void {
    const { database } = this;
    database.executor.settle();
    database.afterBackgroundWrites();
    database.tock();
  }

  nowMs(): number {
    return this.#clock();
  }

  nowUs(): number {
    return this.platform.nowUs();
  }

  monotonicMs(): number {
    return this.platform.monotonicMs();
  }

  get hotCode(): HotCodeOptions | null {
    const { makeFunction } = this.platform;
    const isWanted = this.configuration.get("script-hot-code");
    return isWanted && makeFunction !== null ? { makeFunction } : null;
  }

  sleep(ms: number): void {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  }

  /** Takes the figures by the second. To be called about once a second. */
  sample(): void {
    this.rates.sample(this.platform, this.database.executor, this.network);
  }
}
