// open(): a database in memory, or one whose log is in a directory. One instance stands for each
// directory of a process, however often and by whatever path it is opened.

import { DatabaseError } from "../base/database-error.ts";
import { className } from "../base/realms.ts";
import { needStack } from "../base/stack-room.ts";
import { assemble, openDirectory as openData } from "../host/assembly.ts";
import { Configuration } from "../host/configuration.ts";
import { DATABASES_MAX } from "../keyspace/keyspace.ts";
import type { FsyncPolicy } from "../persistence/log/log.ts";
import { type Platform, thisPlatform } from "../platform/index.ts";
import { isSharedDatabase, type SharedDatabase } from "../threads/handle.ts";
import { Core } from "./core.ts";
import { type Database, databaseOf } from "./database.ts";
import { enter, sharedAt } from "./opened.ts";
import { checkOptions } from "./options.ts";
import { directoryOf, type FileUrl } from "./place.ts";
import { calledMeanwhile } from "./request.ts";
import { advertise, attach, toldOf } from "./sharing.ts";

export interface OpenOptions {
  /**
   * When writes are on the disk: "always": when the call returns; "everysec" (unless said
   * otherwise): within about a second; "no": when the system pleases. With the last two a write is
   * handed to the system when the program's running callback returns.
   */
  readonly fsync?: FsyncPolicy;
  /** Numbered databases; 16 unless said otherwise. */
  readonly databases?: number;
  /**
   * Memory in bytes from which writes that need more are refused (OOM), or keys are evicted if
   * CONFIG SET maxmemory-policy says so; no limit unless said otherwise.
   */
  readonly maxmemory?: number;
  /**
   * The wall clock in milliseconds since 1970, for tests: deadlines pass as it says, when the
   * database is used next.
   */
  readonly clock?: () => number;
  /**
   * Milliseconds that a script may take which this program executes (eval, script, fcall): one that
   * takes longer ends with a ReplyError, and what it has written is taken back. No limit unless
   * said otherwise.
   */
  readonly scriptTimeLimitMs?: number;
  /**
   * Whether functions of scripts that run much become JavaScript functions, where the process may
   * make such; true unless said otherwise.
   */
  readonly scriptHotCode?: boolean;
  /** A number from which random choices and hashing start, for tests that are to be repeatable. */
  readonly seed?: number;
}

const optionNames: ReadonlySet<string> = new Set<keyof OpenOptions>([
  "fsync",
  "databases",
  "maxmemory",
  "clock",
  "seed",
  "scriptTimeLimitMs",
  "scriptHotCode",
]);
const policies: readonly unknown[] = ["always", "everysec", "no"] satisfies FsyncPolicy[];

/** Opens a database in memory alone: what it holds is gone when it is closed. */
export function open(): Database;
/** As open(), with options. */
export function open(options: Omit<OpenOptions, "fsync">): Database;
/**
 * Opens the database in a directory, which is made if need be: a path, or a file: URL. A directory
 * that is open in this thread gives the same object again, and each open() needs its close(). A
 * worker attaches to what the thread that started it has open. Throws DirectoryLocked where another
 * process has it, or a thread that this one was not told of, and LogError where its log is damaged.
 * ":memory:" is a database in memory.
 */
export function open(directory: string | FileUrl, options?: OpenOptions): Database;
/** Attaches this thread to a database that another one has open: what db.share() returned there. */
export function open(shared: SharedDatabase): Database;
export function open(...given: OpenArguments): Database {
  return openOn(thisPlatform(), ...given);
}

type OpenArguments = [
  place?: string | FileUrl | SharedDatabase | OpenOptions,
  options?: OpenOptions,
];

/** As open(), on any platform. */
export function openOn(platform: Platform, ...given: OpenArguments): Database {
  needStack();
  const [first, second = {}] = given;
  if (isSharedDatabase(first)) return openShared(platform, first, second);
  const isOptions = className(first) === "Object";
  // An argument that is there and undefined is an oversight: it would be lost at the end.
  const directory = given.length === 0 || isOptions ? undefined : directoryOf(first);
  const options = isOptions ? (first as OpenOptions) : second;
  check(options, directory !== undefined);
  if (directory === undefined) return openInMemory(platform, options);
  return openDirectory(platform, directory, options);
}

function check(options: OpenOptions, hasDirectory: boolean): void {
  checkOptions("open", options, optionNames);
  const { fsync, databases = 16, maxmemory = 0, clock, seed = 0 } = options;
  if (fsync !== undefined && !policies.includes(fsync)) {
    throw new TypeError(`open(): fsync is "always", "everysec" or "no", not ${String(fsync)}`);
  }
  if (fsync !== undefined && !hasDirectory) {
    throw new TypeError("open(): fsync needs a directory: a database in memory has no log");
  }
  if (!Number.isInteger(databases) || databases < 1 || databases > DATABASES_MAX) {
    throw new RangeError(
      `open(): databases is a whole number from 1 to ${DATABASES_MAX}, not ${String(databases)}`,
    );
  }
  if (!Number.isSafeInteger(maxmemory) || maxmemory < 0) {
    throw new RangeError(`open(): maxmemory is a whole number of bytes, not ${String(maxmemory)}`);
  }
  if (clock !== undefined && typeof clock !== "function") {
    throw new TypeError("open(): clock is a function that returns milliseconds since 1970");
  }
  const { scriptTimeLimitMs = 1, scriptHotCode = true } = options;
  if (!(typeof scriptTimeLimitMs === "number" && scriptTimeLimitMs > 0)) {
    throw new RangeError("open(): scriptTimeLimitMs is a number of milliseconds above 0");
  }
  if (typeof scriptHotCode !== "boolean") {
    throw new TypeError("open(): scriptHotCode is true or false");
  }
  if (!Number.isSafeInteger(seed)) throw new RangeError("open(): seed is a whole number");
}

function openDirectory(platform: Platform, directory: string, options: OpenOptions): Database {
  platform.makeDirectory(directory);
  const path = platform.resolve(directory);
  const shared = sharedAt(path, platform, options);
  if (shared !== undefined) return shared as Database;
  const handle = toldOf(platform, path);
  if (handle !== undefined) return openShared(platform, handle, options);
  const core = newCore(platform, options, path);
  openData(core.engine, core.services.configuration);
  const database = databaseOf(core);
  enterOpened(core, database, platform, path, options);
  advertise(core);
  return database;
}

function openInMemory(platform: Platform, options: OpenOptions): Database {
  const core = newCore(platform, options, "");
  const database = databaseOf(core);
  // In this thread, too, its handle opens it.
  core.onShared = (handle) => enterOpened(core, database, platform, keyOf(handle), options);
  return database;
}

/** By what a shared database is known in a thread. */
function keyOf({ path, id }: SharedDatabase): string {
  return path === "" ? `memory ${id}` : path;
}

/** A database that is open may be opened again in this thread, and is the same then. */
function enterOpened(
  core: Core,
  database: Database,
  platform: Platform,
  key: string,
  options: OpenOptions,
): void {
  enter(core, platform, key, (others) => {
    checkSame(core, options, others as OpenOptions);
    core.reopen();
    return database;
  });
}

/** Attaches this thread to a database that another one has open. */
function openShared(platform: Platform, handle: SharedDatabase, options: OpenOptions): Database {
  const key = keyOf(handle);
  const known = sharedAt(key, platform, options);
  if (known !== undefined) return known as Database;
  const core = attach(platform, handle);
  try {
    checkSame(core, {}, options);
  } catch (error) {
    core.close();
    throw error;
  }
  const database = databaseOf(core);
  enterOpened(core, database, platform, key, options);
  return database;
}

/** What is asked for may be left out, but not be otherwise than it is. */
function checkSame(core: Core, options: OpenOptions, now: OpenOptions): void {
  const { configuration } = core.services;
  const { memoryLimit } = core.executor;
  const inForce: Required<Omit<OpenOptions, "clock" | "seed">> & OpenOptions = {
    fsync: core.engine.log?.policy ?? configuration.get("appendfsync"),
    databases: core.keyspace.databases,
    maxmemory: memoryLimit.maxmemory,
    clock: options.clock,
    seed: options.seed,
    scriptTimeLimitMs: core.scriptTimeLimitMs,
    scriptHotCode: configuration.get("script-hot-code"),
  };
  for (const name of Object.keys(now) as (keyof OpenOptions)[]) {
    if (now[name] === undefined || now[name] === inForce[name]) continue;
    throw new DatabaseError(
      "OPTIONS",
      `${core.path || "this database in memory"} is open in this process ` +
        `with ${name} ${String(inForce[name] ?? "left out")}, and cannot be opened with ${String(now[name])} as well`,
    );
  }
}

function newCore(platform: Platform, options: OpenOptions, path: string): Core {
  const configuration = new Configuration();
  configuration.put("databases", options.databases ?? 16);
  configuration.put("appendonly", path !== "");
  configuration.put("maxmemory", options.maxmemory ?? 0);
  configuration.put("script-hot-code", options.scriptHotCode ?? true);
  if (path !== "") configuration.put("dir", path);
  if (options.fsync !== undefined) configuration.put("appendfsync", options.fsync);
  let core: Core | undefined;
  const { clock, seed } = options;
  const { database, services } = assemble(platform, configuration, {
    clock: clock && wholeMs(clock, () => core?.request.begun),
    seed,
  });
  core = new Core(database, services, path, clock === undefined);
  core.scriptTimeLimitMs = options.scriptTimeLimitMs ?? Number.POSITIVE_INFINITY;
  return core;
}

/**
 * What a program's clock says, without its fraction of a millisecond. `begun` tells one request
 * from another: a call may be in the middle of one.
 */
function wholeMs(clock: () => number, begun: () => unknown): () => number {
  return () => {
    const before = begun();
    const now = clock();
    if (begun() !== before) throw calledMeanwhile("open(): clock");
    const ms = typeof now === "number" ? Math.floor(now) : Number.NaN;
    if (Number.isSafeInteger(ms)) return ms;
    throw new TypeError(`open(): clock must return milliseconds since 1970, and returned ${now}`);
  };
}
