// open(): a database in memory, or one whose log is in a directory. One instance stands for each
// directory of a process, however often and by whatever path it is opened.

import { className, messageOf } from "../base/realms.ts";
import { Database as Engine } from "../database.ts";
import { Configuration } from "../host/configuration.ts";
import { ProcessServices } from "../host/services.ts";
import { applySettings } from "../host/settings.ts";
import { DATABASES_MAX } from "../keyspace/keyspace.ts";
import type { FsyncPolicy } from "../persistence/log/log.ts";
import { type Platform, thisPlatform } from "../platform/index.ts";
import { Core } from "./core.ts";
import { type Database, databaseOf } from "./database.ts";
import { DatabaseError } from "./errors.ts";
import { checkOptions } from "./options.ts";
import { calledMeanwhile } from "./request.ts";

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
  /** A number from which random choices and hashing start, for tests that are to be repeatable. */
  readonly seed?: number;
}

interface Opened {
  readonly core: Core;
  readonly database: Database;
  readonly options: OpenOptions;
}

const optionNames: ReadonlySet<string> = new Set<keyof OpenOptions>([
  "fsync",
  "databases",
  "maxmemory",
  "clock",
  "seed",
]);
const policies: readonly unknown[] = ["always", "everysec", "no"] satisfies FsyncPolicy[];

/** Databases with a directory that are open in this process (in this thread), by absolute path. */
const opened: Map<string, Opened> = new Map();
let forgetExit: (() => void) | undefined;

/** Opens a database in memory alone: what it holds is gone when it is closed. */
export function open(options?: Omit<OpenOptions, "fsync">): Database;
/**
 * Opens the database in a directory, which is made if need be. A directory that is open in this
 * process gives the same object again, and each open() needs its close(). Throws DirectoryLocked
 * where another process (or thread) has it, and LogError where its log is damaged.
 */
export function open(directory: string, options?: OpenOptions): Database;
export function open(
  first?: string | Omit<OpenOptions, "fsync">,
  second: OpenOptions = {},
): Database {
  return openOn(thisPlatform(), first, second);
}

/** As open(), on any platform. */
export function openOn(
  platform: Platform,
  first: string | Omit<OpenOptions, "fsync"> | undefined,
  second: OpenOptions = {},
): Database {
  if (typeof first === "string") {
    if (first === "") throw new TypeError("open(): the directory's name is empty");
    check(second, true);
    return openDirectory(platform, first, second);
  }
  if (className(first) === "URL") throw new TypeError("open(): the directory is given as text");
  const options = first === undefined ? second : first;
  check(options, false);
  return databaseOf(newCore(platform, options, ""));
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
    throw new RangeError(`open(): databases is a whole number from 1 to ${DATABASES_MAX}`);
  }
  if (!Number.isSafeInteger(maxmemory) || maxmemory < 0) {
    throw new RangeError("open(): maxmemory is a whole number of bytes, or 0");
  }
  if (clock !== undefined && typeof clock !== "function") {
    throw new TypeError("open(): clock is a function that returns milliseconds since 1970");
  }
  if (!Number.isSafeInteger(seed)) throw new RangeError("open(): seed is a whole number");
}

function openDirectory(platform: Platform, directory: string, options: OpenOptions): Database {
  platform.makeDirectory(directory);
  const path = platform.resolve(directory);
  const known = opened.get(path);
  if (known !== undefined) {
    checkSame(known, options);
    known.core.references++;
    return known.database;
  }
  const core = newCore(platform, options, path);
  core.engine.openLog({
    directory: path,
    directoryName: core.services.configuration.get("appenddirname"),
    fileName: core.services.configuration.get("appendfilename"),
    fsync: options.fsync ?? "everysec",
    loadTruncated: true,
  });
  const database = databaseOf(core);
  opened.set(path, { core, database, options });
  core.onClosed = () => {
    opened.delete(path);
    if (opened.size > 0) return;
    forgetExit?.();
    forgetExit = undefined;
  };
  forgetExit ??= platform.onExit(() => closeAll(platform));
  return database;
}

/** What is asked for may be left out, but not be otherwise than it is. */
function checkSame({ core, options }: Opened, now: OpenOptions): void {
  const { configuration } = core.services;
  const inForce: Required<Omit<OpenOptions, "clock" | "seed">> & OpenOptions = {
    fsync: configuration.get("appendfsync"),
    databases: configuration.get("databases"),
    maxmemory: configuration.get("maxmemory"),
    clock: options.clock,
    seed: options.seed,
  };
  for (const name of Object.keys(now) as (keyof OpenOptions)[]) {
    if (now[name] === undefined || now[name] === inForce[name]) continue;
    throw new DatabaseError(
      "OPTIONS",
      `${core.path} is open in this process with ${name} ${String(inForce[name] ?? "left out")}, ` +
        `and cannot be opened with ${String(now[name])} as well`,
    );
  }
}

function newCore(platform: Platform, options: OpenOptions, path: string): Core {
  const configuration = new Configuration();
  const { databases = 16 } = options;
  let core: Core | undefined;
  const clock = options.clock
    ? wholeMs(options.clock, () => core?.request.begun)
    : () => platform.nowMs();
  configuration.put("databases", databases);
  configuration.put("appendonly", path !== "");
  configuration.put("maxmemory", options.maxmemory ?? 0);
  if (path !== "") configuration.put("dir", path);
  if (options.fsync !== undefined) configuration.put("appendfsync", options.fsync);
  const services = new ProcessServices(platform, configuration, clock);
  const engine = new Engine({
    platform,
    services,
    databases,
    clock,
    clockIsReal: options.clock === undefined,
    seed: seedWords(platform, options.seed),
  });
  services.database = engine;
  applySettings(engine, configuration);
  core = new Core(engine, services, path, options.clock === undefined);
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

/** Four words to start from: the same ones for the same seed, else ones that nobody can guess. */
function seedWords(platform: Platform, seed: number | undefined): Int32Array {
  const words = new Int32Array(4);
  if (seed === undefined) {
    platform.randomInto(new Uint8Array(words.buffer), 0, 16);
    return words;
  }
  let state = (seed ^ Math.floor(seed / 4294967296)) | 0;
  for (let i = 0; i < words.length; i++) {
    // SplitMix32: neighbouring seeds give unlike words.
    state = (state + 0x9e3779b9) | 0;
    let word = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
    words[i] = word ^ (word >>> 15);
  }
  return words;
}

/** The process ends: what is pending is written, and the directories are given back. */
function closeAll(platform: Platform): void {
  for (const { core } of [...opened.values()]) {
    try {
      core.abandon();
    } catch (error) {
      platform.printError(`tskeydb: ${messageOf(error)}\n`);
    }
  }
}
