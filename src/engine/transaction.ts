// A session's transaction: what it has queued since MULTI, and the keys that it watches. WATCH
// remembers each key's version; the versions themselves lie in shared memory, where every write
// raises them (keyspace/watched-keys.ts). A key is watched once however often it is named, and all
// of them are forgotten together: by UNWATCH, EXEC, DISCARD, RESET, or when the session goes.

import { assert } from "../base/assert.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Arguments } from "../protocol/arguments.ts";
import type { CompiledCommand } from "./command.ts";
import { databaseOf, keyName, keyOf } from "./key-names.ts";

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

  /** Versions by the names of watched keys; null while there are none. */
  #watches: Map<string, number> | null = null;

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

  /** Keys that are watched. */
  get watchCount(): number {
    return this.#watches?.size ?? 0;
  }

  /** Marks a key, unless it is marked already. */
  watch(keyspace: Keyspace, db: number, bytes: Uint8Array, start: number, end: number): void {
    this.#watches ??= new Map();
    const name = keyName(db, bytes, start, end);
    if (this.#watches.has(name)) return;
    // A key whose time is over already counts as absent: its deletion later is no change.
    keyspace.peek(db, bytes, start, end);
    this.#watches.set(name, keyspace.watched.watch(db, bytes, start, end));
  }

  /** Forgets the watched keys. */
  unwatch({ watched }: Keyspace): void {
    if (this.#watches === null) return;
    for (const name of this.#watches.keys()) {
      const key = keyOf(name);
      watched.unwatch(databaseOf(name), key, 0, key.length);
    }
    this.#watches = null;
  }

  /** Deletes watched keys whose time is over: that too is a change since WATCH. */
  expireWatched(keyspace: Keyspace): void {
    if (this.#watches === null) return;
    for (const name of this.#watches.keys()) {
      const key = keyOf(name);
      keyspace.peek(databaseOf(name), key, 0, key.length);
    }
  }

  /** Whether a watched key has changed since WATCH: EXEC will execute nothing. */
  hasChanged({ watched }: Keyspace): boolean {
    if (this.#watches === null) return false;
    for (const [name, version] of this.#watches) {
      const key = keyOf(name);
      if (watched.version(databaseOf(name), key, 0, key.length) !== version) return true;
    }
    return false;
  }
}
