// Opening a log: find its files, replay them, cut off a torn end, and go on writing.
//
//   1. The manifest is read. Where there is none, a single appendonly.aof (Redis before 7) becomes
//      the base, as redis-server 7 does it; else a snapshot (dump.rdb) is loaded and written as the
//      base, where redis-server would begin with nothing; else a first increment is made. A
//      snapshot that says that it was saved after this very log had been switched off takes its
//      place, too.
//   2. The files are replayed in the order of the manifest, each starting in database 0.
//   3. What is wrong at the end of the last file and can be explained by a crash is copied to
//      `<file>.torn-<offset>`, synced, and then cut off. Anything else stops the start
//      (damage.ts). Where nothing has been written to the last file yet, the one before it counts
//      as the last one as well: a log is cut (log.ts) when the manifest names where it goes on.
//   4. The last file is synced, as the names of all were before: what was replayed may so far be in
//      the kernel only, and what is written from now on says that everything before it is on the
//      disk. What its last seal does not vouch for is written anew first, since a sync of it may
//      have failed. Where it does not end with a seal, because it is new or another server wrote to
//      it, an opening is written and synced, so that no crash can leave batches behind a lost one.
//   5. History files (replaced by a rewrite that a crash interrupted) are removed, and what such a
//      rewrite had begun.
//
// Only one process may do this at a time: the caller holds the lock of the data directory.

import { assert } from "../../base/assert.ts";
import type { Foresight } from "../../keyspace/foresight.ts";
import type { File, Platform } from "../../platform/platform.ts";
import { Arguments } from "../../protocol/arguments.ts";
import { cutAt, type TornTail } from "./cut.ts";
import { evidenceOfDamage } from "./damage.ts";
import type { FsyncPolicy, Log } from "./log.ts";
import { LogError } from "./log-error.ts";
import { LogFiles } from "./log-files.ts";
import { logIn } from "./log-opening.ts";
import { LogPlace } from "./log-place.ts";
import { printOf } from "./log-print.ts";
import { type Apply, type LoadRdb, type LogReader, readerOf } from "./log-reader.ts";
import type { LogFile, Manifest } from "./manifest.ts";
import {
  emptyManifest,
  filesOf,
  readManifest,
  refuseOrphans,
  wordFor,
  writeManifest,
} from "./manifest.ts";
import { SEAL_BYTES_MAX, sealInto } from "./seal.ts";
import { leftovers, refuseEmptied, warningsOf } from "./siblings.ts";
import { writeAnew } from "./write-anew.ts";

/** Which log, and how it is kept. */
export interface LogSettings {
  /** The data directory. It is created when it is missing. */
  readonly directory: string;
  /** `appenddirname`; "appendonlydir" unless given. */
  readonly directoryName?: string;
  /** `appendfilename`; "appendonly.aof" unless given. */
  readonly fileName?: string;
  /** `appendfsync` */
  readonly fsync: FsyncPolicy;
  /** `aof-load-truncated`: whether a torn end is cut off (yes unless given) or stops the start. */
  readonly loadTruncated?: boolean;
  /** `aof-timestamp-enabled`: whether batches say when they were executed; no unless given. */
  readonly stamps?: boolean;
}

export interface LogOptions extends LogSettings {
  readonly platform: Platform;
  /** Receives each command, SELECT included, MULTI and EXEC not: transactions come whole. */
  readonly apply: Apply;
  /** Loads what commands will look for ahead of their turn; see keyspace/foresight.ts. */
  readonly foresight?: Foresight;
  /** Loads the RDB part of a base; where there is none it is only walked through. */
  readonly loadRdb?: LoadRdb;
  /** What the data are where there is no log yet. */
  readonly snapshot?: SnapshotFile;
  /** Is told how far a file has been read. */
  readonly onRead?: (path: string, offset: number) => void;
  /** How much of a file is read at once, for tests. */
  readonly chunkBytes?: number;
}

/** A snapshot in the data directory, to which a new log is to go on. */
export interface SnapshotFile {
  readonly exists: boolean;
  /** Whether it was saved after the log of this print had been switched off (log-print.ts). */
  follows(print: string): boolean;
  load(): void;
  /** Writes what was loaded as a base, to a path where it is on the disk then. */
  saveBase(path: string): void;
}

export interface Recovery {
  readonly files: number;
  readonly commands: number;
  readonly batches: number;
  readonly bytes: number;
  readonly milliseconds: number;
  readonly torn: TornTail | undefined;
  /** What is no reason to refuse the start, but to look for what may be missing. */
  readonly warnings: readonly string[];
  /** Bytes of the base file (INFO's aof_base_size). */
  readonly baseBytes: number;
  /** There was no log: a snapshot (dump.rdb) was loaded, and is the base of a new one. */
  readonly isAdopted: boolean;
}

/** Replays the log of a directory and opens it for writing. */
export function openLog(options: LogOptions): { log: Log; files: LogFiles; recovery: Recovery } {
  const { platform } = options;
  const place = new LogPlace(options.directory, options.directoryName, options.fileName);
  const startMs = platform.monotonicMs();
  platform.makeDirectory(place.directory);
  const found = readManifest(platform, place);
  if (found !== undefined) {
    syncNames(platform, place);
    finishMoves(platform, place, found);
    for (const file of filesOf(found)) refuseMissing(platform, place, file);
  }
  const adopted = adoptSnapshot(platform, place, options.snapshot, found);
  const manifest = adopted ?? found ?? startManifest(platform, place);
  finishMoves(platform, place, manifest);
  const files = filesOf(manifest);
  for (const file of files) refuseMissing(platform, place, file);
  let commands = 0;
  let batches = 0;
  let bytes = 0;
  let torn: TornTail | undefined;
  let tail = { file: -1, end: 0 };
  let { name, sequence } = files.at(-1) ?? { name: "", sequence: 0 };
  const tailFrom = tailOf(platform, place, files);
  refuseEmptied(platform, place, manifest);
  const warnings = warningsOf(platform, place, manifest);
  let baseBytes = 0;
  let lastBytes = 0;
  for (let i = 0; i < files.length; i++) {
    const path = place.path(files[i].name);
    const isLast = i === files.length - 1;
    const isTail = i >= tailFrom;
    const file = platform.open(path, isTail ? "update" : "read");
    let isOpen = false;
    try {
      if (i > 0) options.apply(selectFirstDatabase());
      const { apply, chunkBytes, foresight } = options;
      const isLoaded = adopted !== undefined && files[i].type === "b";
      const loadRdb = isLoaded ? undefined : options.loadRdb;
      const reader = readerOf(platform, file, path, apply, chunkBytes, foresight, loadRdb);
      reader.onRead = (offset) => options.onRead?.(path, offset);
      reader.run();
      if (reader.reason !== "") {
        torn = cutTail(platform, file, path, reader, isTail, options.loadTruncated ?? true);
      } else if (isTail && reader.whole < reader.size) {
        const error = platform.truncate(file, reader.whole); // a reserve that was not used up
        if (error !== undefined) throw error;
      }
      commands += reader.commands;
      batches += reader.batches;
      bytes += reader.whole;
      if (files[i].type === "b") baseBytes = reader.whole;
      else lastBytes = reader.whole;
      if (isTail) {
        // If a sync of it has failed before the process ended, nobody but us knows it any more.
        const { sealed, settled, whole } = reader;
        const written = sealed ? writeAnew(platform, file, settled, whole) : undefined;
        const error = written ?? platform.sync(file);
        if (error !== undefined) throw error;
      }
      if (isLast) {
        isOpen = files[i].type === "i";
        tail = { file, end: reader.whole };
        if (isOpen && !reader.sealed) tail.end = writeOpening(platform, file, reader.whole);
      }
    } finally {
      if (!isOpen) platform.close(file);
    }
  }
  if (manifest.increments.length === 0) {
    ({ name, sequence } = addIncrement(platform, place, manifest));
    const file = platform.open(place.path(name), "update");
    tail = { file, end: platform.size(file) };
  }
  tidy(platform, place, manifest); // not before it names what is to be written
  const path = place.path(name);
  const log = logIn(platform, place, { ...tail, path, sequence }, options.fsync);
  const milliseconds = platform.monotonicMs() - startMs;
  const counts = { files: files.length, commands, batches, bytes };
  const isAdopted = adopted !== undefined;
  const recovery = { ...counts, milliseconds, torn, warnings, baseBytes, isAdopted };
  const closedBytes = bytes - baseBytes - lastBytes;
  return {
    log,
    files: new LogFiles(platform, place, manifest, baseBytes, closedBytes),
    recovery,
  };
}

/** A process that was killed while it made the files may have left their names in the kernel. */
function syncNames(platform: Platform, place: LogPlace): void {
  platform.syncDirectory(place.directory);
  platform.syncDirectory(place.dataDirectory);
}

/**
 * Makes a snapshot the base of a log that begins now; undefined where there is none, or a log that
 * it does not follow. The base is on the disk, under its temporary name, before the manifest names
 * it; until that is so, what was there is, and the next start begins anew.
 */
function adoptSnapshot(
  platform: Platform,
  place: LogPlace,
  snapshot: SnapshotFile | undefined,
  found: Manifest | undefined,
): Manifest | undefined {
  if (found === undefined) refuseOrphans(platform, place);
  if (snapshot?.exists !== true) return undefined;
  const isNewer =
    found === undefined
      ? !platform.exists(place.singleFilePath)
      : snapshot.follows(printOf(platform, place, found));
  if (!isNewer) return undefined;
  snapshot.load();
  return foundAtOnce(platform, place, found, true, (path) => snapshot.saveBase(path));
}

/**
 * Begins a log with a base that `saveBase` writes; the files of the log that was there, if any, are
 * history if it `replacesOld`, else they are named no more. Returns the manifest, which is on the
 * disk, as the base is under its temporary name.
 */
export function foundAtOnce(
  platform: Platform,
  place: LogPlace,
  found: Manifest | undefined,
  replacesOld: boolean,
  saveBase: (path: string) => void,
): Manifest {
  const manifest = emptyManifest();
  const sequence = (found?.base?.sequence ?? 0) + 1;
  const name = place.baseName(sequence, "rdb");
  saveBase(place.temporaryPathOf(name));
  manifest.base = { name, sequence, type: "b" };
  if (found !== undefined) {
    const replaced = replacesOld ? filesOf(found) : [];
    const old = replaced.map((file) => ({ ...file, type: "h" as const }));
    manifest.history = [...found.history, ...old];
  }
  addIncrement(platform, place, manifest, found?.increments.at(-1)?.sequence);
  return manifest;
}

/** The manifest of a directory that has none yet. */
function startManifest(platform: Platform, place: LogPlace): Manifest {
  const manifest = emptyManifest();
  if (platform.exists(place.singleFilePath)) {
    manifest.base = { name: place.fileName, sequence: 1, type: "b" };
    refuseData(platform, place.singleFilePath);
    writeManifest(platform, place, manifest);
  }
  return manifest;
}

/** Gives files their places that the manifest names already; a crash may have come between. */
export function finishMoves(platform: Platform, place: LogPlace, manifest: Manifest): void {
  let hasMoved = false;
  for (const { name } of filesOf(manifest)) {
    if (platform.exists(place.path(name))) continue;
    const from = name === place.fileName ? place.singleFilePath : place.temporaryPathOf(name);
    if (!platform.exists(from)) continue;
    platform.rename(from, place.path(name));
    hasMoved = true;
  }
  if (!hasMoved) return;
  platform.syncDirectory(place.directory);
  platform.syncDirectory(place.dataDirectory);
}

/** Throws when the file is one that could not be loaded afterwards. */
function refuseData(platform: Platform, path: string): void {
  const file = platform.open(path, "read");
  try {
    readerOf(platform, file, path, null);
  } finally {
    platform.close(file);
  }
}

/** Writes the seal of an empty batch at the end of a synced file, syncs it, and returns its end. */
function writeOpening(platform: Platform, file: File, end: number): number {
  assert(platform.size(file) === end, "an opening is written inside a file");
  const seal = new Uint8Array(SEAL_BYTES_MAX);
  const length = sealInto(seal, 0, 0, 0, 0, end);
  const error = platform.writeAt(file, seal, 0, length, end) ?? platform.sync(file);
  if (error !== undefined) throw error;
  return end + length;
}

/** Adds the next increment, behind `last`, opened but empty, to the manifest. */
function addIncrement(
  platform: Platform,
  place: LogPlace,
  manifest: Manifest,
  last: number = manifest.increments.at(-1)?.sequence ?? 0,
): LogFile {
  const named = new Set([...filesOf(manifest), ...manifest.history].map(({ name }) => name));
  let sequence = last + 1;
  for (; ; sequence++) {
    const candidate = place.incrementName(sequence);
    if (!named.has(candidate) && !place.holdsData(platform, candidate)) break;
  }
  const name = place.incrementName(sequence);
  const file = platform.open(place.path(name), "replace");
  try {
    writeOpening(platform, file, 0);
  } finally {
    platform.close(file);
  }
  const increment: LogFile = { name, sequence, type: "i" };
  manifest.increments.push(increment);
  writeManifest(platform, place, manifest);
  platform.syncDirectory(place.dataDirectory);
  return increment;
}

/** Removes what rewriting, or founding, had begun and not ended. */
export function removeLeftovers(platform: Platform, place: LogPlace, manifest: Manifest): void {
  for (const name of leftovers(platform, place, manifest)) removeFile(platform, place.path(name));
}

function removeFile(platform: Platform, path: string): void {
  if (platform.kindOf(path) === "file") platform.remove(path);
}

/** Removes what a rewrite replaced, and what one that was interrupted had begun. */
export function tidy(platform: Platform, place: LogPlace, manifest: Manifest): void {
  removeLeftovers(platform, place, manifest);
  if (manifest.history.length === 0) return;
  for (const { name } of manifest.history) {
    assert(!filesOf(manifest).some((file) => file.name === name), "a file of the log is history");
    removeFile(platform, place.path(name));
  }
  platform.syncDirectory(place.directory);
  manifest.history = [];
  writeManifest(platform, place, manifest);
}

/** Cuts off what the reader stopped at, or throws when that would not be right. */
function cutTail(
  platform: Platform,
  file: File,
  path: string,
  reader: LogReader,
  isLast: boolean,
  loadTruncated: boolean,
): TornTail {
  const offset = reader.whole;
  const evidence = isLast ? evidenceOfDamage(platform, file, path, reader) : undefined;
  const found = `${path}: ${reader.reason}, at offset ${reader.reasonOffset}`;
  if (!isLast || evidence !== undefined) {
    const why =
      evidence === undefined
        ? "it is not the last file of the log"
        : `${evidence.what} at offset ${evidence.offset}, so this is no write that a crash cut short`;
    throw new LogError(
      "LOG_DAMAGED",
      path,
      offset,
      `${found}; ${why}. The bytes before ${offset} are good. Restore the file from a ` +
        "backup, or run `tskeydb check` to see what it would cost to cut the log there " +
        "(`tskeydb repair` does it, and keeps the rest aside).",
    );
  }
  if (!loadTruncated) {
    throw new LogError(
      "LOG_TRUNCATED",
      path,
      offset,
      `${found}: the last write was cut short, and aof-load-truncated is no. ` +
        "`tskeydb repair` cuts it off and keeps it aside.",
    );
  }
  return cutAt(platform, file, path, offset, reader.reason);
}

/** From which file on the end may be torn: to those behind it nothing was written. */
export function tailOf(platform: Platform, place: LogPlace, files: readonly LogFile[]): number {
  const isUnwritten = ({ name }: LogFile): boolean => place.isUnwritten(platform, name);
  let last = files.length - 1;
  while (last > 0 && files[last - 1].type === "i" && isUnwritten(files[last])) last--;
  return last;
}

function refuseMissing(platform: Platform, place: LogPlace, file: LogFile): void {
  const path = place.path(file.name);
  const kind = platform.kindOf(path);
  if (kind === "file") return;
  const what = kind === "nothing" ? "missing" : wordFor(kind);
  const message = `${path} is ${what}, but ${place.manifestPath} names it; restore a backup.`;
  throw new LogError("LOG_MISSING", path, 0, message);
}

function selectFirstDatabase(): Arguments {
  const args = new Arguments();
  args.fill(["SELECT", "0"]);
  return args;
}
