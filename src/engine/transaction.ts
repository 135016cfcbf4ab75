// A session's transaction: what it has queued since MULTI, and the keys that it watches. WATCH
// remembers each key's version; the versions themselves lie in shared memory, where every write
// raises them (keyspace/watched-keys.ts). A key is watched once however often it is named, and all
// of them are forgotten together: by UNWATCH, EXEC, DISCARD, RESET, or when the session goes.

import { assert } from "../base/assert.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Arguments } from "../protocol/arguments.ts";
import type { CompiledCommand } from "./command.ts";

/** A transaction's commands, all of which reach the log as one. */
const QUEUE_BYTES_MAX = 1024 * 1024 * 1024;

/** A command that EXEC will call. */
export interface QueuedCommand {
  readonly command: CompiledCommand;
  readonly args: Arguments;
}

export class Transaction {
  /** What was queued since MULTI, or null outside of one. */
  queue: QueuedCommand[] | null = null;
  queuedBytes = 0;
  /** A command could not be queued: EXEC will refuse. */
  failed = false;

  /** For each watch of a key its version at WATCH; null while there are none. */
  #watches: Map<number, number> | null = null;

  /** Whether so many bytes more may be queued. */
  hasRoom(bytes: number): boolean {
    return this.queuedBytes + bytes <= QUEUE_BYTES_MAX;
  }

  /** Queues a copy of a request. REQUIRES: MULTI has begun, and there is room. */
  add(command: CompiledCommand, args: Arguments): void {
    assert(this.queue !== null, "commands are queued between MULTI and EXEC");
    assert(this.hasRoom(args.totalBytes), "a queue stays within its limit");
    this.queue.push({ command, args: args.clone() });
    this.queuedBytes += args.totalBytes;
  }

  /** Forgets what was queued. */
  end(): void {
    this.queue = null;
    this.queuedBytes = 0;
    this.failed = false;
  }

  // Watched keys

  /** Whether any key is watched. */
  get watches(): boolean {
    return this.#watches !== null;
  }

  /** Keys that are watched. */
  get watchCount(): number {
    return this.#watches?.size ?? 0;
  }

  /** Marks a key, unless it is marked already. */
  watch(keyspace: Keyspace, db: number, bytes: Uint8Array, start: number, end: number): void {
    const { watched } = keyspace;
    this.#watches ??= new Map();
    const watch = watched.open(db, bytes, start, end);
    if (this.#watches.has(watch)) return;
    watched.add(watch);
    // A key whose time is over already counts as absent: its deletion later is no change.
    keyspace.peek(db, bytes, start, end);
    this.#watches.set(watch, watched.version(watch));
  }

  /** Forgets the watched keys. */
  unwatch({ watched }: Keyspace): void {
    if (this.#watches === null) return;
    for (const watch of this.#watches.keys()) watched.remove(watch);
    this.#watches = null;
  }

  /** Deletes watched keys whose time is over: that too is a change since WATCH. */
  expireWatched(keyspace: Keyspace): void {
    if (this.#watches === null) return;
    const { watched } = keyspace;
    for (const watch of this.#watches.keys()) {
      watched.key(watch);
      keyspace.peek(watched.db, watched.bytes, watched.start, watched.end);
    }
  }

  /** Whether a watched key has changed since WATCH: EXEC will execute nothing. */
  hasChanged({ watched }: Keyspace): boolean {
    if (this.#watches === null) return false;
    for (const [watch, version] of this.#watches) {
      if (watched.version(watch) !== version) return true;
    }
    return false;
  }
}
