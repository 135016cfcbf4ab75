// The methods for hashes. See also hash() of the database: a live view.

import { HASH, hashesOf } from "../../types/hashes.ts";
import type { Core } from "../core.ts";
import { Options } from "../options.ts";
import { wordsOf } from "../request.ts";
import {
  type Called,
  coreOf,
  dbOf,
  look,
  ORDINARY,
  shortWay,
  textFor,
  VALUES_UNTIMED,
} from "../short-ways.ts";
import {
  type AnyMode,
  As,
  type AtOnce,
  type Fields,
  type Pairs,
  type Reply,
  type Text,
  type Value,
  type Values,
} from "../values.ts";
import { Asking, bound, flatPairs, isEmpty, type ScanOptions } from "./asking.ts";
import type { ExpireCondition } from "./keys.ts";
import type { ExpiryOptions } from "./strings.ts";

const hrandfieldOptions = new Options("hrandfield", { withvalues: "flag" });
const hgetexOptions = new Options("hgetex", {
  ex: "value",
  px: "value",
  exat: "value",
  pxat: "value",
  persist: "flag",
});
const hsetexOptions = new Options("hsetex", {
  fnx: "flag",
  fxx: "flag",
  ex: "value",
  px: "value",
  exat: "value",
  pxat: "value",
  keepttl: "flag",
});
const hscanOptions = new Options("hscan", { match: "value", count: "value" });

/** Fields as the commands of deadlines have them, with a word before. */
function fieldWords(fields: Values, before?: Value): Value[] {
  const words = wordsOf(fields);
  const named: Value[] = ["FIELDS", words.length, ...words];
  return before === undefined ? named : [before, ...named];
}

export abstract class HashMethods<M extends AnyMode> extends Asking<M> {
  /**
   * Sets fields and returns how many are new: `hset("h", { a: 1 })`, also with a Map or any pairs,
   * or `hset("h", "a", 1, "b", 2)`.
   */
  hset(key: Value, fields: Pairs): Reply<M, number>;
  hset(key: Value, field: Value, value: Value, ...more: Value[]): Reply<M, number>;
  hset(key: Value, first: Value | Pairs, value?: Value, ...rest: Value[]): Reply<M, number> {
    const on = bound(this);
    if (value !== undefined) return on.askAll(As.value, "hset", rest, key, first as Value, value);
    const pairs = flatPairs(first, rest);
    if (pairs.length === 0) return on.answer(0);
    return on.askAll(As.value, "hset", pairs, key);
  }

  /** As hset, but replies "OK". */
  hmset(key: Value, fields: Pairs): Reply<M, "OK">;
  hmset(key: Value, field: Value, value: Value, ...more: Value[]): Reply<M, "OK">;
  hmset(key: Value, first: Value | Pairs, ...rest: Value[]): Reply<M, "OK"> {
    const pairs = flatPairs(first, rest);
    if (pairs.length === 0) return bound(this).answer("OK");
    return bound(this).askAll(As.value, "hmset", pairs, key);
  }

  /** Sets a field if it is not there: 1 if so, else 0. */
  hsetnx(key: Value, field: Value, value: Value): Reply<M, number> {
    return bound(this).ask(As.value, "hsetnx", key, field, value);
  }

  /** The value of a field, or null. */
  hget(key: Value, field: Value): Reply<M, M["text"] | null> {
    return bound(this).ask(As.value, "hget", key, field);
  }

  /** The values of several fields, null for each that is not there. */
  hmget(key: Value, ...fields: Values): Reply<M, (M["text"] | null)[]> {
    const words = wordsOf(fields);
    if (isEmpty(fields, words)) return bound(this).answer([]);
    return bound(this).askAll(As.value, "hmget", words, key);
  }

  /** All fields with their values; empty where there is no hash. */
  hgetall(key: Value): Reply<M, Fields<M["text"]>> {
    return bound(this).ask(As.fields, "hgetall", key);
  }

  /** All fields. */
  hkeys(key: Value): Reply<M, M["text"][]> {
    return bound(this).ask(As.value, "hkeys", key);
  }

  /** All values. */
  hvals(key: Value): Reply<M, M["text"][]> {
    return bound(this).ask(As.value, "hvals", key);
  }

  /** Deletes fields and returns how many there were. */
  hdel(key: Value, ...fields: Values): Reply<M, number> {
    const words = wordsOf(fields);
    if (isEmpty(fields, words)) return bound(this).answer(0);
    return bound(this).askAll(As.value, "hdel", words, key);
  }

  /** How many fields the hash has. */
  hlen(key: Value): Reply<M, number> {
    return bound(this).ask(As.value, "hlen", key);
  }

  /** 1 if the field is there, else 0. */
  hexists(key: Value, field: Value): Reply<M, number> {
    return bound(this).ask(As.value, "hexists", key, field);
  }

  /** The length of a field's value in bytes, 0 where there is none. */
  hstrlen(key: Value, field: Value): Reply<M, number> {
    return bound(this).ask(As.value, "hstrlen", key, field);
  }

  /** Adds a whole number to that in a field and returns the sum. */
  hincrby(key: Value, field: Value, increment: number | bigint): Reply<M, number> {
    return bound(this).ask(As.value, "hincrby", key, field, increment);
  }

  /** Adds a number to that in a field and returns the decimal text of the sum. */
  hincrbyfloat(key: Value, field: Value, increment: Value): Reply<M, M["text"]> {
    return bound(this).ask(As.value, "hincrbyfloat", key, field, increment);
  }

  /**
   * A field drawn at random, or null; with `count`, several distinct ones (negative: each drawn by
   * itself); with `withvalues`, [field, value] pairs.
   */
  hrandfield(key: Value): Reply<M, M["text"] | null>;
  hrandfield(
    key: Value,
    count: number,
    options: { readonly withvalues: true },
  ): Reply<M, [field: M["text"], value: M["text"]][]>;
  hrandfield(
    key: Value,
    count: number,
    options?: { readonly withvalues?: false },
  ): Reply<M, M["text"][]>;
  hrandfield(
    key: Value,
    count?: number,
    options?: { readonly withvalues?: boolean },
  ): Reply<M, M["text"] | null> {
    return bound(this).askAll(As.value, "hrandfield", hrandfieldOptions.words(options), key, count);
  }

  // Deadlines of fields. Of each field is said: −2, it is not there.

  /**
   * Gives fields a deadline in so many seconds. Of each: 1, it did; 0, the condition was against
   * it; 2, the field is deleted, since the time has passed.
   */
  hexpire(key: Value, seconds: number, fields: Values, on?: ExpireCondition): Reply<M, number[]> {
    return bound(this).askAll(As.value, "hexpire", fieldWords(fields, on), key, seconds);
  }

  /** As hexpire, in milliseconds. */
  hpexpire(
    key: Value,
    milliseconds: number,
    fields: Values,
    on?: ExpireCondition,
  ): Reply<M, number[]> {
    return bound(this).askAll(As.value, "hpexpire", fieldWords(fields, on), key, milliseconds);
  }

  /** As hexpire, in seconds since 1970. */
  hexpireat(key: Value, seconds: number, fields: Values, on?: ExpireCondition): Reply<M, number[]> {
    return bound(this).askAll(As.value, "hexpireat", fieldWords(fields, on), key, seconds);
  }

  /** As hexpire, in milliseconds since 1970. */
  hpexpireat(
    key: Value,
    milliseconds: number,
    fields: Values,
    on?: ExpireCondition,
  ): Reply<M, number[]> {
    return bound(this).askAll(As.value, "hpexpireat", fieldWords(fields, on), key, milliseconds);
  }

  /** How many seconds fields have left; −1: for ever. */
  httl(key: Value, ...fields: Values): Reply<M, number[]> {
    return bound(this).askAll(As.value, "httl", fieldWords(fields), key);
  }

  /** How many milliseconds fields have left; −1: for ever. */
  hpttl(key: Value, ...fields: Values): Reply<M, number[]> {
    return bound(this).askAll(As.value, "hpttl", fieldWords(fields), key);
  }

  /** The deadlines of fields in seconds since 1970; −1: none. */
  hexpiretime(key: Value, ...fields: Values): Reply<M, number[]> {
    return bound(this).askAll(As.value, "hexpiretime", fieldWords(fields), key);
  }

  /** The deadlines of fields in milliseconds since 1970; −1: none. */
  hpexpiretime(key: Value, ...fields: Values): Reply<M, number[]> {
    return bound(this).askAll(As.value, "hpexpiretime", fieldWords(fields), key);
  }

  /** Takes the deadlines of fields away. Of each: 1, it did; −1, there was none. */
  hpersist(key: Value, ...fields: Values): Reply<M, number[]> {
    return bound(this).askAll(As.value, "hpersist", fieldWords(fields), key);
  }

  /** Deletes fields and returns the values that they had, null for each that was not there. */
  hgetdel(key: Value, ...fields: Values): Reply<M, (M["text"] | null)[]> {
    return bound(this).askAll(As.value, "hgetdel", fieldWords(fields), key);
  }

  /** The values of fields, whose deadlines are set or taken away. */
  hgetex(
    key: Value,
    fields: Values,
    options?: ExpiryOptions & { readonly persist?: boolean },
  ): Reply<M, (M["text"] | null)[]> {
    const words = [...(hgetexOptions.words(options) ?? []), ...fieldWords(fields)];
    return bound(this).askAll(As.value, "hgetex", words, key);
  }

  /**
   * Sets fields and their deadlines: 1; or 0 where one of them was there (`fnx`) or was not
   * (`fxx`).
   */
  hsetex(
    key: Value,
    fields: Pairs,
    options?: ExpiryOptions & {
      readonly keepttl?: boolean;
      readonly fnx?: boolean;
      readonly fxx?: boolean;
    },
  ): Reply<M, number> {
    const pairs = flatPairs(fields, []);
    if (pairs.length === 0) return bound(this).answer(0);
    const words = [...(hsetexOptions.words(options) ?? []), "FIELDS", pairs.length / 2, ...pairs];
    return bound(this).askAll(As.value, "hsetex", words, key);
  }

  /** One step through the fields; begin with cursor 0 and go on until it comes back as 0. */
  hscan(
    key: Value,
    cursor: number,
    options?: ScanOptions,
  ): Reply<M, [cursor: number, fields: [field: M["text"], value: M["text"]][]]> {
    return bound(this).askAll(As.scanPairs, "hscan", hscanOptions.words(options), key, cursor);
  }
}

// Short ways; see short-ways.ts.

const HGET = shortWay("hget");
const HMGET = shortWay("hmget");
const HEXISTS = shortWay("hexists");
const HLEN = shortWay("hlen");

export abstract class ShortHashMethods<T extends Text> extends HashMethods<AtOnce<T>> {
  override hget(key: Value, field: Value): T | null {
    const core = coreOf(bound(this));
    const db = dbOf(this);
    core.begin(db);
    core.request.beginKey(key);
    core.request.add(field);
    const value: T | null | undefined =
      core.member === null
        ? findValue(core, db, this)
        : core.look(findValue<T>, db, this, core.counted[HGET]);
    return value === undefined ? this.ask(As.value, "hget", key, field) : value;
  }

  override hmget(key: Value, ...fields: Values): (T | null)[] {
    const core = coreOf(bound(this));
    const words = wordsOf(fields);
    if (isEmpty(fields, words)) return this.answer([]);
    const { request } = core;
    const db = dbOf(this);
    core.begin(db);
    core.request.beginKey(key);
    for (let i = 0; i < words.length; i++) request.add(words[i]);
    const values: (T | null)[] | undefined =
      core.member === null
        ? findValues(core, db, this)
        : core.look(findValues<T>, db, this, core.counted[HMGET]);
    return values === undefined ? this.askAll(As.value, "hmget", words, key) : values;
  }

  override hexists(key: Value, field: Value): number {
    const core = coreOf(bound(this));
    const db = dbOf(this);
    core.begin(db);
    core.request.beginKey(key);
    core.request.add(field);
    const there =
      core.member === null
        ? findField(core, db)
        : core.look(findField, db, this, core.counted[HEXISTS]);
    return there === undefined ? this.ask(As.value, "hexists", key, field) : there;
  }

  override hlen(key: Value): number {
    const core = coreOf(bound(this));
    const db = dbOf(this);
    core.begin(db);
    core.request.beginKey(key);
    const length =
      core.member === null
        ? findLength(core, db)
        : core.look(findLength, db, this, core.counted[HLEN]);
    return length === undefined ? this.ask(As.value, "hlen", key) : length;
  }
}

function findValue<T extends Text>(core: Core, db: number, on: Called<T>): T | null | undefined {
  const { counted, context, request } = core;
  const entry = look(core, db, counted[HGET], HASH);
  if (entry === ORDINARY) return undefined;
  const hashes = hashesOf(context);
  const { bytes, starts, ends } = request.args;
  if (entry === 0 || !hashes.get(entry, bytes, starts[1], ends[1])) return null;
  return textFor(on, hashes.bytes, hashes.start, hashes.end);
}

function findValues<T extends Text>(
  core: Core,
  db: number,
  on: Called<T>,
): (T | null)[] | undefined {
  const { counted, context, keyspace, request, timer } = core;
  const { bytes, starts, ends, count } = request.args;
  const isLong = count > VALUES_UNTIMED;
  if (isLong && keyspace.reading) return undefined;
  const entry = count > 1 ? look(core, db, counted[HMGET], HASH) : ORDINARY;
  if (entry === ORDINARY) return undefined;
  const hashes = hashesOf(context);
  const startMs = isLong ? timer.start() : 0;
  const values: (T | null)[] = [];
  for (let i = 1; i < count; i++) {
    const there = entry !== 0 && hashes.get(entry, bytes, starts[i], ends[i]);
    values.push(there ? textFor(on, hashes.bytes, hashes.start, hashes.end) : null);
  }
  if (isLong) timer.correct(counted[HMGET], startMs);
  return values;
}

function findField(core: Core, db: number): number | undefined {
  const { counted, context, request } = core;
  const entry = look(core, db, counted[HEXISTS], HASH);
  if (entry === ORDINARY) return undefined;
  const { bytes, starts, ends } = request.args;
  return entry !== 0 && hashesOf(context).has(entry, bytes, starts[1], ends[1]) ? 1 : 0;
}

function findLength(core: Core, db: number): number | undefined {
  const { counted, context } = core;
  const entry = look(core, db, counted[HLEN], HASH);
  if (entry === ORDINARY) return undefined;
  return entry === 0 ? 0 : hashesOf(context).count(entry);
}
