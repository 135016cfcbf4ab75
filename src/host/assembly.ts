// The one place where a process puts a database together: the engine, the services that commands
// ask of the process, and the configuration that governs both. The server, the tools of the command
// line and open() all start here; what differs between them is said in the configuration.

import { Database } from "../database.ts";
import { DumpFile } from "../persistence/rdb/dump-file.ts";
import type { Platform } from "../platform/platform.ts";
import type { Configuration } from "./configuration.ts";
import { ProcessServices } from "./services.ts";
import { applySettings, bind } from "./settings.ts";

export interface AssemblyOptions {
  /** The wall clock in milliseconds since 1970, where it is not the platform's. */
  readonly clock?: () => number;
  /** A number from which hashing and random choices start; unless said otherwise unguessable. */
  readonly seed?: number;
}

/** A database that a configuration governs, and what it knows of its process. */
export interface Assembly {
  readonly database: Database;
  readonly services: ProcessServices;
}

/** Puts a database together, empty. */
export function assemble(
  platform: Platform,
  configuration: Configuration,
  options: AssemblyOptions = {},
): Assembly {
  const clock = options.clock ?? (() => platform.nowMs());
  const services = new ProcessServices(platform, configuration, clock);
  const database = new Database({
    platform,
    services,
    databases: configuration.get("databases"),
    clock,
    clockIsReal: options.clock === undefined,
    seed: seedWords(platform, options.seed),
  });
  services.database = database;
  applySettings(database, configuration);
  return { database, services };
}

/**
 * Loads what is in the directory that the configuration names: the log, which is written on, or,
 * where it wants none, the snapshot; see Database.openLog and openDump.
 */
export function openDirectory(database: Database, configuration: Configuration): void {
  const directory = configuration.get("dir");
  const { platform, keyspace } = database;
  const name = configuration.get("dbfilename");
  const dump = new DumpFile(platform, keyspace, directory, name, database.clock());
  const write = (compresses: boolean): undefined => {
    dump.writing = { compresses, sums: configuration.get("rdbchecksum") };
  };
  database.dump = dump;
  write(configuration.get("rdbcompression"));
  configuration.onChange("rdbcompression", write);
  bind(configuration, "rdb-save-incremental-fsync", (syncs) => {
    dump.syncsAsItGoes = syncs;
  });
  configuration.onChange("dbfilename", (next) => {
    dump.name = next;
    return undefined;
  });
  const settings = {
    directory,
    directoryName: configuration.get("appenddirname"),
    fileName: configuration.get("appendfilename"),
    fsync: configuration.get("appendfsync"),
    loadTruncated: configuration.get("aof-load-truncated"),
    stamps: configuration.get("aof-timestamp-enabled"),
  };
  if (configuration.get("appendonly")) database.openLog(settings);
  else database.openDump(settings);
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
