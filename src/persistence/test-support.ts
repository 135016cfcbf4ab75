// What the tests of the log share: a simulated disk that counts and holds syncs, a log opened on
// it, and one whose three batches are known.

import assert from "node:assert/strict";
import { RdbError } from "../codec/rdb-error.ts";
import type { File, PlatformError } from "../platform/platform.ts";
import { SimulatedPlatform } from "../platform/simulated.ts";
import type { Arguments } from "../protocol/arguments.ts";
import type { FsyncPolicy, Log } from "./log/log.ts";
import { LogError } from "./log/log-error.ts";
import type { LogFiles } from "./log/log-files.ts";
import { LogPlace } from "./log/log-place.ts";
import { type LogOptions, openLog, type Recovery } from "./log/recovery.ts";

const DIRECTORY = "/data/appendonlydir";
export const PLACE: LogPlace = new LogPlace("/data");
export const INCREMENT = `${DIRECTORY}/appendonly.aof.1.incr.aof`;
export const MANIFEST = `${DIRECTORY}/appendonly.aof.manifest`;

/** The simulated platform with what the log's tests look at. */
export class Disk extends SimulatedPlatform {
  syncs = 0;
  /** How many of the coming syncs fail. */
  failingSyncs = 0;
  /** While it is set, background syncs do not end. */
  heldSyncs: (() => void)[] | undefined;
  /** How long a sync takes that its caller waits for. */
  syncTakesMs = 0;

  constructor(seed = 1) {
    super(seed);
  }

  override sync(file: File): PlatformError | undefined {
    this.#countSync();
    if (this.syncTakesMs > 0) this.advance(this.syncTakesMs);
    return super.sync(file);
  }

  override syncLater(file: File, done: (error: PlatformError | undefined) => void): void {
    if (this.heldSyncs !== undefined) {
      this.heldSyncs.push(() => done(this.sync(file)));
      return;
    }
    this.#countSync();
    super.syncLater(file, done);
  }

  #countSync(): void {
    this.syncs++;
    if (this.failingSyncs === 0) return;
    this.failingSyncs--;
    this.failSync(1, "EIO");
  }

  bytesOf(path: string): Uint8Array {
    const bytes = this.contentOf(path);
    assert.ok(bytes !== undefined, path);
    return bytes;
  }

  /** Leaves so much space on the disk. */
  limitSpace(bytes: number): void {
    const used = this.list(DIRECTORY).map((name) => this.bytesOf(`${DIRECTORY}/${name}`).length);
    this.capacityBytes = bytes + used.reduce((sum, length) => sum + length, 0);
  }

  /** The power goes, and what was not synced survives in parts: a prefix, or any of its sectors. */
  losePower(inAnyOrder = true): void {
    const names = this.list(DIRECTORY).filter((name) => name.endsWith(".incr.aof"));
    const before = new Map(names.map((name) => [name, this.bytesOf(`${DIRECTORY}/${name}`)]));
    this.crash();
    this.capacityBytes = Number.POSITIVE_INFINITY;
    this.failingSyncs = 0;
    if (!inAnyOrder || this.random(2) === 0) return;
    for (const [name, bytes] of before) this.#mix(`${DIRECTORY}/${name}`, bytes);
  }

  #mix(path: string, before: Uint8Array): void {
    const after = this.contentOf(path);
    if (after === undefined) return;
    const length = Math.min(before.length, after.length + this.random(before.length + 1));
    const mixed = new Uint8Array(Math.max(length, after.length));
    mixed.set(after);
    for (let at = 0; at < length; at += 64) {
      if (this.random(2) === 0) mixed.set(before.subarray(at, Math.min(at + 64, length)), at);
    }
    this.putFile(path, mixed);
  }
}

export const encode = (text: string) => new TextEncoder().encode(text);
export const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
export const command = (...words: string[]) =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;

export function append(log: Log, ...words: string[]): void {
  const bytes = encode(command(...words));
  log.append(bytes, 0, bytes.length);
}

export function spell(args: Arguments): string {
  return Array.from({ length: args.count }, (_, i) => args.text(i)).join(" ");
}

export interface Opened {
  log: Log;
  files: LogFiles;
  recovery: Recovery;
  commands: string[];
}

export function openOn(
  disk: Disk,
  fsync: FsyncPolicy = "everysec",
  more: Partial<LogOptions> = {},
): Opened {
  const commands: string[] = [];
  const apply = (args: Arguments): void => {
    commands.push(spell(args));
  };
  const { log, files, recovery } = openLog({
    platform: disk,
    directory: "/data",
    fsync,
    apply,
    ...more,
  });
  return { log, files, recovery, commands };
}

/** The commands without the SELECTs, whose repetition at each session means nothing. */
export function writes(commands: readonly string[]): string[] {
  return commands.filter((text) => !text.toLowerCase().startsWith("select"));
}

export function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof LogError || error instanceof RdbError, String(error));
    assert.ok(error.message.includes(error.file), error.message);
    return error.code;
  }
  return "no error";
}

export function threeBatches(): Disk {
  const disk = new Disk();
  const { log } = openOn(disk);
  log.selectDatabase(0);
  append(log, "SET", "a", "1");
  append(log, "SET", "b", "2");
  log.commit();
  log.selectDatabase(3);
  append(log, "MULTI");
  append(log, "RPUSH", "l", "x", "y");
  append(log, "INCR", "n");
  append(log, "EXEC");
  log.commit();
  append(log, "SET", "c", "a longer value with #CRC32C: and *1\r\n$4\r\nEXEC\r\n in it");
  append(log, "DEL", "a");
  log.commit();
  log.close();
  return disk;
}

export const THREE_BATCHES = [
  "SET a 1",
  "SET b 2",
  "RPUSH l x y",
  "INCR n",
  "SET c a longer value with #CRC32C: and *1\r\n$4\r\nEXEC\r\n in it",
  "DEL a",
];
