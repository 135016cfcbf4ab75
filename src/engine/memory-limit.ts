// The memory limit (maxmemory): what is evicted so that memory stays within it. A command that
// comes while memory is above the limit evicts until it is not. Where the limit was lowered, that
// would be one command's pause for all that has to go: so memory comes down step by step, with
// each command and in the background, below a ceiling that only falls. All of that is state of the
// database, so it lies among the settings, for every thread that executes commands.

import { assert } from "../base/assert.ts";
import { Eviction } from "../keyspace/eviction.ts";
import { Counter } from "../keyspace/figures.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import { Memory } from "../memory/memory.ts";
import type { Effects } from "./effects.ts";
import { Events } from "./events.ts";
import type { Notices } from "./notices.ts";

/** Entries that each command evicts, and each background step, after the limit was lowered. */
const EVICT_STEP = 64;

/** A limit below what an empty memory takes: no data are within it. */
const LEAST = 0.5;

export class MemoryLimit {
  readonly eviction: Eviction;
  /** The limit does not count for now: a transaction has made its room. */
  suspended = false;

  readonly #keyspace: Keyspace;
  readonly #effects: Effects;
  readonly #notices: Notices;

  constructor(keyspace: Keyspace, effects: Effects, notices: Notices) {
    this.#keyspace = keyspace;
    this.#effects = effects;
    this.#notices = notices;
    this.eviction = new Eviction(keyspace);
  }

  /** The directive's bytes, 0 without a limit: what an empty memory takes counts as well. */
  get maxmemory(): number {
    return this.bytes === 0 ? 0 : this.bytes + Memory.startupBytes;
  }

  set maxmemory(bytes: number) {
    const most = Math.min(bytes, Number.MAX_SAFE_INTEGER);
    this.bytes = most === 0 ? 0 : Math.max(LEAST, most - Memory.startupBytes);
  }

  /** For data, 0 without a limit. */
  get bytes(): number {
    return this.#keyspace.settings.memoryLimit;
  }

  set bytes(bytes: number) {
    assert(bytes >= 0, "a limit is not negative");
    this.#keyspace.settings.memoryLimit = bytes;
    this.overtaken();
  }

  /** Bytes that the limit is for: those of data, and of scripts. */
  get #used(): number {
    return this.#keyspace.memory.usedBytes + this.#keyspace.settings.memoryBeside;
  }

  /** Memory may be above the limit by no command: the limit is new, or a file was loaded. */
  overtaken(): void {
    const { settings } = this.#keyspace;
    settings.memoryCeiling = Math.max(this.bytes, this.#used);
    settings.evicting = this.bytes > 0 && this.#used > this.bytes;
  }

  /** Memory is above its limit, and there are entries to evict until it is not. */
  get evicting(): boolean {
    return this.#keyspace.settings.evicting;
  }

  /** Whether there is a limit that commands are held to. */
  get holds(): boolean {
    return this.bytes > 0 && !this.suspended;
  }

  /**
   * Evicts entries until memory is within its limit, or, while a lowered limit is being approached,
   * until it has come nearer; returns whether it has.
   */
  makeRoom(): boolean {
    assert(this.bytes > 0, "room is made for a limit");
    const { settings } = this.#keyspace;
    const limit = this.bytes === LEAST ? -1 : this.bytes;
    if (this.#used <= limit) {
      settings.memoryCeiling = limit;
      settings.evicting = false;
      return true;
    }
    this.#effects.hold();
    let found = true;
    for (let steps = 0; found && this.#used > limit; steps++) {
      if (steps >= EVICT_STEP && this.#used <= settings.memoryCeiling) break;
      if (this.#keyspace.disposing) this.#keyspace.reclaim();
      else found = this.#evict();
    }
    this.#effects.release();
    settings.memoryCeiling = Math.max(limit, this.#used);
    settings.evicting = found && this.#used > limit;
    return found;
  }

  /** Deletes the entry that is most dispensable; false where the policy allows none. */
  #evict(): boolean {
    if (!this.eviction.choose()) return false;
    const { db, entry } = this.eviction;
    const { records } = this.#keyspace;
    records.key(entry);
    this.#notices.dropped(db, records.bytes, records.start, records.end, Events.evicted);
    this.#keyspace.count(Counter.evicted);
    this.#keyspace.remove(db, entry);
    return true;
  }
}
