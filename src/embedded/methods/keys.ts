// The methods for keys, whatever they hold, and for their deadlines.

import { timeIn } from "../../commands/keys/expiry.ts";
import { Counter } from "../../keyspace/figures.ts";
import type { Core } from "../core.ts";
import { Options, type WriteOptions } from "../options.ts";
import { wordsOf } from "../request.ts";
import { type Called, coreOf, dbOf, ORDINARY, peek, shortWay } from "../short-ways.ts";
import {
  type AnyMode,
  As,
  type AtOnce,
  type Reply,
  type Text,
  type Value,
  type Values,
} from "../values.ts";
import { Asking, bound, isEmpty, type ScanOptions } from "./asking.ts";

export interface RestoreOptions extends WriteOptions {
  /** Replace what the key holds. */
  readonly replace?: boolean;
  /** `ttl` is a time, in milliseconds since 1970. */
  readonly absttl?: boolean;
  /** Seconds since it was used, for the eviction policies that go by that. */
  readonly idletime?: number;
  /** How often it is used, for those that go by that. */
  readonly freq?: number;
}

/** When EXPIRE and its kin set a deadline; see the documentation of EXPIRE. */
export type ExpireCondition = "NX" | "XX" | "GT" | "LT" | "nx" | "xx" | "gt" | "lt";

export interface KeyScanOptions extends ScanOptions {
  /** Only keys that hold this type: "string", "list", "hash", "set". */
  readonly type?: string;
}

export interface CopyOptions extends WriteOptions {
  /** The number of the database to copy to. */
  readonly db?: number;
  /** Replace what the destination holds. */
  readonly replace?: boolean;
}

const scanOptions = new Options("scan", { match: "value", count: "value", type: "value" });
const copyOptions = new Options("copy", {
  db: "value",
  replace: "flag",
  durability: "durability",
});

const restoreOptions = new Options("restore", {
  replace: "flag",
  absttl: "flag",
  idletime: "value",
  freq: "value",
  durability: "durability",
});

export abstract class KeyMethods<M extends AnyMode> extends Asking<M> {
  /** Deletes keys and returns how many there were. */
  del(...keys: Values): Reply<M, number> {
    const words = wordsOf(keys);
    if (isEmpty(keys, words)) return bound(this).answer(0);
    return bound(this).askAll(As.value, "del", words);
  }

  /** As del. */
  unlink(...keys: Values): Reply<M, number> {
    const words = wordsOf(keys);
    if (isEmpty(keys, words)) return bound(this).answer(0);
    return bound(this).askAll(As.value, "unlink", words);
  }

  /** How many of the keys are there, each counted as often as it is named. */
  exists(...keys: Values): Reply<M, number> {
    const words = wordsOf(keys);
    if (isEmpty(keys, words)) return bound(this).answer(0);
    return bound(this).askAll(As.value, "exists", words);
  }

  /** "string", "list", "hash", "set" or "none". */
  type(key: Value): Reply<M, string> {
    return bound(this).ask(As.value, "type", key);
  }

  /** All keys that match a glob pattern. It looks at every key. */
  keys(pattern: Value): Reply<M, M["text"][]> {
    return bound(this).ask(As.value, "keys", pattern);
  }

  /** One step through the keys; begin with cursor 0 and go on until it comes back as 0. */
  scan(cursor: number, options?: KeyScanOptions): Reply<M, [cursor: number, keys: M["text"][]]> {
    return bound(this).askAll(As.scan, "scan", scanOptions.words(options), cursor);
  }

  /** A key drawn at random, or null where there is none. */
  randomkey(): Reply<M, M["text"] | null> {
    return bound(this).ask(As.value, "randomkey");
  }

  /** Gives a key another name, over whatever had it. */
  rename(key: Value, name: Value): Reply<M, "OK"> {
    return bound(this).ask(As.value, "rename", key, name);
  }

  /** Gives a key another name if nothing has it: 1 if so, else 0. */
  renamenx(key: Value, name: Value): Reply<M, number> {
    return bound(this).ask(As.value, "renamenx", key, name);
  }

  /** Copies a value to another key: 1 if it did, else 0. */
  copy(source: Value, destination: Value, options?: CopyOptions): Reply<M, number> {
    const on = bound(this);
    const words = copyOptions.words(options);
    const ask = (): Reply<M, number> => on.askAll(As.value, "copy", words, source, destination);
    return options?.durability === undefined ? ask() : on.safely(ask);
  }

  /** What a key holds, in the form of RDB files, for restore() here or in Redis; null: nothing. */
  dump(key: Value): Reply<M, Uint8Array | null> {
    return bound(this).ask(As.bytes, "dump", key);
  }

  /** Sets a key to what dump() returned. `ttl`: for how many milliseconds, or 0: for ever. */
  restore(key: Value, ttl: number, payload: Uint8Array, options?: RestoreOptions): Reply<M, "OK"> {
    const on = bound(this);
    const words = restoreOptions.words(options);
    const ask = (): Reply<M, "OK"> => on.askAll(As.value, "restore", words, key, ttl, payload);
    return options?.durability === undefined ? ask() : on.safely(ask);
  }

  /** Marks keys as just used and returns how many are there. */
  touch(...keys: Values): Reply<M, number> {
    const words = wordsOf(keys);
    if (isEmpty(keys, words)) return bound(this).answer(0);
    return bound(this).askAll(As.value, "touch", words);
  }

  /** Moves a key to another database: 1 if it did, else 0. */
  move(key: Value, db: number): Reply<M, number> {
    return bound(this).ask(As.value, "move", key, db);
  }

  /** "encoding", "freq", "idletime" or "refcount" of a key's value; null where there is none. */
  object(
    subcommand: "encoding" | "freq" | "idletime" | "refcount",
    key: Value,
  ): Reply<M, M["text"] | number | null> {
    return bound(this).ask(As.value, "object", subcommand, key);
  }

  /** Sets a deadline in so many seconds: 1 if it did, else 0. */
  expire(key: Value, seconds: number, condition?: ExpireCondition): Reply<M, number> {
    return bound(this).ask(As.value, "expire", key, seconds, condition);
  }

  /** Sets a deadline in so many milliseconds. */
  pexpire(key: Value, milliseconds: number, condition?: ExpireCondition): Reply<M, number> {
    return bound(this).ask(As.value, "pexpire", key, milliseconds, condition);
  }

  /** Sets a deadline in seconds since 1970. */
  expireat(key: Value, seconds: number, condition?: ExpireCondition): Reply<M, number> {
    return bound(this).ask(As.value, "expireat", key, seconds, condition);
  }

  /** Sets a deadline in milliseconds since 1970. */
  pexpireat(key: Value, milliseconds: number, condition?: ExpireCondition): Reply<M, number> {
    return bound(this).ask(As.value, "pexpireat", key, milliseconds, condition);
  }

  /** Seconds that a key has left; −1: it has no deadline, −2: it is not there. */
  ttl(key: Value): Reply<M, number> {
    return bound(this).ask(As.value, "ttl", key);
  }

  /** Milliseconds that a key has left; as ttl. */
  pttl(key: Value): Reply<M, number> {
    return bound(this).ask(As.value, "pttl", key);
  }

  /** A key's deadline in seconds since 1970; as ttl. */
  expiretime(key: Value): Reply<M, number> {
    return bound(this).ask(As.value, "expiretime", key);
  }

  /** A key's deadline in milliseconds since 1970; as ttl. */
  pexpiretime(key: Value): Reply<M, number> {
    return bound(this).ask(As.value, "pexpiretime", key);
  }

  /** Takes a key's deadline away: 1 if it had one, else 0. */
  persist(key: Value): Reply<M, number> {
    return bound(this).ask(As.value, "persist", key);
  }
}

// Short ways; see short-ways.ts.

const EXISTS = shortWay("exists");
const TTL = shortWay("ttl");
const PTTL = shortWay("pttl");

export abstract class ShortKeyMethods<T extends Text> extends KeyMethods<AtOnce<T>> {
  override exists(...keys: Values): number {
    const core = coreOf(bound(this));
    const [key] = keys;
    if (keys.length !== 1 || typeof key !== "string") return super.exists(...keys);
    const db = dbOf(this);
    core.begin(db);
    core.request.beginKey(key);
    const there =
      core.member === null ? findKey(core, db) : core.look(findKey, db, this, core.counted[EXISTS]);
    return there === undefined ? super.exists(...keys) : there;
  }

  override ttl(key: Value): number {
    const core = coreOf(bound(this));
    const db = dbOf(this);
    core.begin(db);
    core.request.beginKey(key);
    const left =
      core.member === null
        ? findTimeLeft(core, db, this, TTL, 1000)
        : core.look(findTimeLeft, db, this, core.counted[TTL], TTL, 1000);
    return left === undefined ? this.ask(As.value, "ttl", key) : left;
  }

  override pttl(key: Value): number {
    const core = coreOf(bound(this));
    const db = dbOf(this);
    core.begin(db);
    core.request.beginKey(key);
    const left =
      core.member === null
        ? findTimeLeft(core, db, this, PTTL, 1)
        : core.look(findTimeLeft, db, this, core.counted[PTTL], PTTL, 1);
    return left === undefined ? this.ask(As.value, "pttl", key) : left;
  }
}

function findKey(core: Core, db: number): number | undefined {
  const command = core.counted[EXISTS];
  if (core.timer.isDue(command)) return undefined;
  const entry = peek(core, db);
  if (entry === ORDINARY) return undefined;
  core.count(command);
  core.keyspace.count(entry === 0 ? Counter.misses : Counter.hits);
  return entry === 0 ? 0 : 1;
}

/** What TTL or PTTL return, in units of so many milliseconds. */
function findTimeLeft(
  core: Core,
  db: number,
  _on: Called,
  way: number,
  unitMs: number,
): number | undefined {
  const command = core.counted[way];
  if (core.timer.isDue(command)) return undefined;
  const entry = peek(core, db);
  if (entry === ORDINARY) return undefined;
  const { records } = core.keyspace;
  let left = -2;
  if (entry !== 0) {
    left = records.hasDeadline(entry)
      ? timeIn(unitMs, Math.max(0, records.deadline(entry) - core.context.now))
      : -1;
  }
  // Beyond that, it is a bigint.
  if (!Number.isSafeInteger(left)) return undefined;
  core.count(command);
  core.keyspace.count(entry === 0 ? Counter.misses : Counter.hits);
  return left;
}
