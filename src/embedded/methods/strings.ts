// The methods for strings. What each command does in full: redis.io/docs/latest/commands.

import { needStack } from "../../base/stack-room.ts";
import { STRING } from "../../keyspace/data-type.ts";
import { Counter } from "../../keyspace/figures.ts";
import { NO_DEADLINE } from "../../structures/record.ts";
import { stringKind } from "../../types/strings.ts";
import type { Core } from "../core.ts";
import { Options, type WriteOptions } from "../options.ts";
import { wordsOf } from "../request.ts";
import {
  BYTES_UNTIMED,
  type Called,
  coreOf,
  dbOf,
  look,
  ORDINARY,
  shortWay,
  textFor,
} from "../short-ways.ts";
import {
  type AnyMode,
  As,
  type AtOnce,
  type LcsMatches,
  type Pairs,
  type Reply,
  type Text,
  type Value,
  type Values,
} from "../values.ts";
import { Asking, bound, flatPairs, isEmpty } from "./asking.ts";

/** When a key expires; at most one of them. */
export interface ExpiryOptions {
  /** In so many seconds. */
  readonly ex?: number;
  /** In so many milliseconds. */
  readonly px?: number;
  /** At this time, in seconds since 1970. */
  readonly exat?: number;
  /** At this time, in milliseconds since 1970. */
  readonly pxat?: number;
}

export interface SetOptions extends ExpiryOptions, ValueConditions, WriteOptions {
  /** Only if the key is not there. */
  readonly nx?: boolean;
  /** Only if the key is there. */
  readonly xx?: boolean;
  /** Keep the deadline that the key has. */
  readonly keepttl?: boolean;
  /** Return the string that the key held. */
  readonly get?: boolean;
}

export interface GetexOptions extends ExpiryOptions, WriteOptions {
  /** Take the deadline away. */
  readonly persist?: boolean;
}

/** What a string must be, or not be, for its key to be set or deleted; at most one of them. */
export interface ValueConditions {
  /** Only if the key's string is this value. */
  readonly ifeq?: Value | undefined;
  /** Only if it is another, or the key is not there. */
  readonly ifne?: Value | undefined;
  /** Only if its digest() is this one. */
  readonly ifdeq?: Value | undefined;
  /** Only if its digest() is another, or the key is not there. */
  readonly ifdne?: Value | undefined;
}

export interface DelexOptions extends ValueConditions, WriteOptions {}

export interface MsetexOptions extends ExpiryOptions, WriteOptions {
  /** Only if none of the keys is there. */
  readonly nx?: boolean;
  /** Only if all of the keys are there. */
  readonly xx?: boolean;
  /** Keep the deadlines that the keys have. */
  readonly keepttl?: boolean;
}

export interface IncrexOptions extends ExpiryOptions, WriteOptions {
  /** Add this whole number; 1 unless another is given. */
  readonly byint?: number | bigint | undefined;
  /** Add this number, which may have a fraction. */
  readonly byfloat?: Value | undefined;
  /** Change nothing where the sum would be below this. */
  readonly lbound?: Value | undefined;
  /** Change nothing where the sum would be above this. */
  readonly ubound?: Value | undefined;
  /** The bound takes the place of a sum that is beyond it. */
  readonly saturate?: boolean | undefined;
  /** Take the deadline away. */
  readonly persist?: boolean | undefined;
  /** Set the deadline only if the key has none. */
  readonly enx?: boolean | undefined;
}

/** What is asked of a common subsequence: its length, or where its parts lie. */
export interface LcsOptions {
  /** Return its length. */
  readonly len?: boolean | undefined;
  /** Return where its parts lie. */
  readonly idx?: boolean | undefined;
  /** Leave out shorter parts. */
  readonly minmatchlen?: number | undefined;
}

const expiry = { ex: "value", px: "value", exat: "value", pxat: "value" } as const;
const conditions = { ifeq: "value", ifne: "value", ifdeq: "value", ifdne: "value" } as const;
const delexOptions = new Options("delex", { ...conditions, durability: "durability" });
const msetexOptions = new Options("msetex", {
  ...expiry,
  nx: "flag",
  xx: "flag",
  keepttl: "flag",
  durability: "durability",
});
const increxOptions = new Options("increx", {
  ...expiry,
  byint: "value",
  byfloat: "value",
  lbound: "value",
  ubound: "value",
  saturate: "flag",
  persist: "flag",
  enx: "flag",
  durability: "durability",
});
const setOptions = new Options("set", {
  ...expiry,
  ...conditions,
  nx: "flag",
  xx: "flag",
  keepttl: "flag",
  get: "flag",
  durability: "durability",
});
const lcsOptions = new Options("lcs", { len: "flag", idx: "flag", minmatchlen: "value" });
const getexOptions = new Options("getex", {
  ...expiry,
  persist: "flag",
  durability: "durability",
});

export abstract class StringMethods<M extends AnyMode> extends Asking<M> {
  /**
   * Sets a key to a string. "OK"; null where a condition forbade it; with `get`, the string that
   * the key held, or null.
   */
  set(key: Value, value: Value): Reply<M, "OK">;
  set(
    key: Value,
    value: Value,
    options: SetOptions & { readonly get: true },
  ): Reply<M, M["text"] | null>;
  set(
    key: Value,
    value: Value,
    options?: SetOptions & { readonly get?: false },
  ): Reply<M, "OK" | null>;
  set(key: Value, value: Value, options?: SetOptions): unknown {
    const on = bound(this);
    if (options === undefined) return on.ask(As.value, "set", key, value);
    const words = setOptions.words(options);
    if (options.durability === undefined) return on.askAll(As.value, "set", words, key, value);
    return on.safely(() => on.askAll(As.value, "set", words, key, value));
  }

  /** The string of a key, or null. */
  get(key: Value): Reply<M, M["text"] | null> {
    return bound(this).ask(As.value, "get", key);
  }

  /** Sets a key to a string and returns the one it held, or null. */
  getset(key: Value, value: Value): Reply<M, M["text"] | null> {
    return bound(this).ask(As.value, "getset", key, value);
  }

  /** Returns the string of a key, or null, and deletes the key. */
  getdel(key: Value): Reply<M, M["text"] | null> {
    return bound(this).ask(As.value, "getdel", key);
  }

  /** Returns the string of a key, or null, and sets or takes away its deadline. */
  getex(key: Value, options?: GetexOptions): Reply<M, M["text"] | null> {
    const on = bound(this);
    const words = getexOptions.words(options);
    if (options?.durability === undefined) return on.askAll(As.value, "getex", words, key);
    return on.safely(() => on.askAll(As.value, "getex", words, key));
  }

  /** The strings of several keys, null for each that holds none. */
  mget(...keys: Values): Reply<M, (M["text"] | null)[]> {
    const words = wordsOf(keys);
    if (isEmpty(keys, words)) return bound(this).answer([]);
    return bound(this).askAll(As.value, "mget", words);
  }

  /** Sets several keys to strings: `mset({ a: 1, b: 2 })` or `mset("a", 1, "b", 2)`. */
  mset(pairs: Pairs): Reply<M, "OK">;
  mset(key: Value, value: Value, ...more: Value[]): Reply<M, "OK">;
  mset(first: Value | Pairs, ...rest: Value[]): Reply<M, "OK"> {
    const pairs = flatPairs(first, rest);
    if (pairs.length === 0) return bound(this).answer("OK");
    return bound(this).askAll(As.value, "mset", pairs);
  }

  /** As mset, but only if none of the keys is there: 1 if so, else 0. */
  msetnx(pairs: Pairs): Reply<M, number>;
  msetnx(key: Value, value: Value, ...more: Value[]): Reply<M, number>;
  msetnx(first: Value | Pairs, ...rest: Value[]): Reply<M, number> {
    const pairs = flatPairs(first, rest);
    if (pairs.length === 0) return bound(this).answer(1);
    return bound(this).askAll(As.value, "msetnx", pairs);
  }

  /** As mset, with one deadline for all keys, if they may be set: 1 if so, else 0. */
  msetex(pairs: Pairs, options?: MsetexOptions): Reply<M, number> {
    const on = bound(this);
    const flat = flatPairs(pairs, []);
    if (flat.length === 0) return on.answer(1);
    const words = [flat.length / 2, ...flat, ...(msetexOptions.words(options) ?? [])];
    if (options?.durability === undefined) return on.askAll(As.value, "msetex", words);
    return on.safely(() => on.askAll(As.value, "msetex", words));
  }

  /** Deletes a key, if its string meets the condition: 1 if so, else 0. */
  delex(key: Value, options?: DelexOptions): Reply<M, number> {
    const on = bound(this);
    const words = delexOptions.words(options);
    if (options?.durability === undefined) return on.askAll(As.value, "delex", words, key);
    return on.safely(() => on.askAll(As.value, "delex", words, key));
  }

  /** Deletes a key if its string is this value: 1 if so, else 0. */
  delifeq(key: Value, value: Value): Reply<M, number> {
    return bound(this).ask(As.value, "delifeq", key, value);
  }

  /** The digest of a key's string, 16 hexadecimal digits of XXH3, or null. */
  digest(key: Value): Reply<M, M["text"] | null> {
    return bound(this).ask(As.value, "digest", key);
  }

  /** Sets a key to a string if the key is not there: 1 if so, else 0. */
  setnx(key: Value, value: Value): Reply<M, number> {
    return bound(this).ask(As.value, "setnx", key, value);
  }

  /** Sets a key to a string that expires in so many seconds. */
  setex(key: Value, seconds: number, value: Value): Reply<M, "OK"> {
    return bound(this).ask(As.value, "setex", key, seconds, value);
  }

  /** Sets a key to a string that expires in so many milliseconds. */
  psetex(key: Value, milliseconds: number, value: Value): Reply<M, "OK"> {
    return bound(this).ask(As.value, "psetex", key, milliseconds, value);
  }

  /** Appends to the string of a key and returns its length now, in bytes. */
  append(key: Value, value: Value): Reply<M, number> {
    return bound(this).ask(As.value, "append", key, value);
  }

  /** The length of a key's string in bytes, 0 where there is none. */
  strlen(key: Value): Reply<M, number> {
    return bound(this).ask(As.value, "strlen", key);
  }

  /** The bytes from `start` to `end`, both included; negative ones count from the end. */
  getrange(key: Value, start: number, end: number): Reply<M, M["text"]> {
    return bound(this).ask(As.value, "getrange", key, start, end);
  }

  /** Overwrites from `offset` on, in bytes, and returns the length now. */
  setrange(key: Value, offset: number, value: Value): Reply<M, number> {
    return bound(this).ask(As.value, "setrange", key, offset, value);
  }

  /** The old name of getrange. */
  substr(key: Value, start: number, end: number): Reply<M, M["text"]> {
    return bound(this).ask(As.value, "substr", key, start, end);
  }

  /**
   * The longest common subsequence of two strings: what both have, in order, when as little as
   * possible is left out.
   */
  lcs(key: Value, other: Value): Reply<M, M["text"]>;
  lcs(key: Value, other: Value, options: { readonly len: true }): Reply<M, number>;
  lcs(
    key: Value,
    other: Value,
    options: { readonly idx: true; readonly minmatchlen?: number | undefined },
  ): Reply<M, LcsMatches>;
  lcs(key: Value, other: Value, options?: LcsOptions): unknown {
    return bound(this).askAll(As.lcs, "lcs", lcsOptions.words(options), key, other);
  }

  /** Adds one. As with all counters: a bigint comes back past ±(2^53 − 1), exact to 64 bits. */
  incr(key: Value): Reply<M, number> {
    return bound(this).ask(As.value, "incr", key);
  }

  /** Takes one away. */
  decr(key: Value): Reply<M, number> {
    return bound(this).ask(As.value, "decr", key);
  }

  /** Adds a whole number. */
  incrby(key: Value, increment: number | bigint): Reply<M, number> {
    return bound(this).ask(As.value, "incrby", key, increment);
  }

  /** Takes a whole number away. */
  decrby(key: Value, decrement: number | bigint): Reply<M, number> {
    return bound(this).ask(As.value, "decrby", key, decrement);
  }

  /**
   * Adds to a number within bounds, and sets its deadline: the number now, and how much was added,
   * 0 where a bound forbade it.
   */
  increx(key: Value, options?: IncrexOptions): Reply<M, [value: number, added: number]> {
    const on = bound(this);
    const words = increxOptions.words(options);
    if (options?.durability === undefined) return on.askAll(As.value, "increx", words, key);
    return on.safely(() => on.askAll(As.value, "increx", words, key));
  }

  /** Adds a number and returns the decimal text of the sum. */
  incrbyfloat(key: Value, increment: Value): Reply<M, M["text"]> {
    return bound(this).ask(As.value, "incrbyfloat", key, increment);
  }
}

// Short ways; see short-ways.ts.

const GET = shortWay("get");
const STRLEN = shortWay("strlen");
const SET = shortWay("set");

export abstract class ShortStringMethods<T extends Text> extends StringMethods<AtOnce<T>> {
  override get(key: Value): T | null {
    const core = coreOf(bound(this));
    const db = dbOf(this);
    core.begin(db);
    core.request.beginKey(key);
    const text: T | null | undefined =
      core.member === null
        ? findText(core, db, this)
        : core.look(findText<T>, db, this, core.counted[GET]);
    return text === undefined ? this.ask(As.value, "get", key) : text;
  }

  override strlen(key: Value): number {
    const core = coreOf(bound(this));
    const db = dbOf(this);
    core.begin(db);
    core.request.beginKey(key);
    const length =
      core.member === null
        ? findLength(core, db)
        : core.look(findLength, db, this, core.counted[STRLEN]);
    return length === undefined ? this.ask(As.value, "strlen", key) : length;
  }

  override set(key: Value, value: Value): "OK";
  override set(key: Value, value: Value, options: SetOptions & { readonly get: true }): T | null;
  override set(
    key: Value,
    value: Value,
    options?: SetOptions & { readonly get?: false },
  ): "OK" | null;
  override set(key: Value, value: Value, options?: SetOptions): unknown {
    const core = coreOf(bound(this));
    if (options !== undefined || !core.isPlain) return super.set(key, value, options as object);
    if (value !== undefined && core.timer.isDue(core.counted[SET])) return super.set(key, value);
    const db = dbOf(this);
    needStack();
    core.begin(db);
    core.request.beginKey(key);
    core.request.add(value);
    if (core.member === null) setText(core, db);
    else if (!core.change(setText, db)) return super.set(key, value);
    return "OK";
  }
}

function findText<T extends Text>(core: Core, db: number, on: Called<T>): T | null | undefined {
  const { counted, keyspace, timer } = core;
  const entry = look(core, db, counted[GET], STRING);
  if (entry === ORDINARY) return undefined;
  if (entry === 0) return null;
  const { records } = keyspace;
  records.value(entry);
  const { bytes, start, end } = records;
  if (end - start <= BYTES_UNTIMED) return textFor(on, bytes, start, end);
  if (keyspace.reading) return undefined;
  const startMs = timer.start();
  const text = textFor<T>(on, bytes, start, end);
  timer.correct(counted[GET], startMs);
  return text;
}

function findLength(core: Core, db: number): number | undefined {
  const { counted, keyspace } = core;
  const entry = look(core, db, counted[STRLEN], STRING);
  if (entry === ORDINARY) return undefined;
  return entry === 0 ? 0 : keyspace.records.valueLength(entry);
}

/** Sets the key that is the request's argument 0 to argument 1. */
function setText(core: Core, db: number): void {
  const { keyspace, request } = core;
  const { bytes, starts, ends } = request.args;
  const start = starts[1];
  const end = ends[1];
  const kind = stringKind(bytes, start, end);
  try {
    keyspace.setString(db, bytes, starts[0], ends[0], kind, bytes, start, end, NO_DEADLINE);
    core.count(core.counted[SET]);
    keyspace.count(Counter.changes);
    if (keyspace.disposing) core.settle(core.reply.length);
  } catch (error) {
    throw core.interrupted(error, undefined, true);
  }
}
