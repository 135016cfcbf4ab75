// The methods for sets. See also members() of the database: a live view.

import { SET, setsOf } from "../../types/sets.ts";
import type { Core } from "../core.ts";
import { Options } from "../options.ts";
import { wordsOf } from "../request.ts";
import { coreOf, dbOf, look, ORDINARY, shortWay } from "../short-ways.ts";
import {
  type AnyMode,
  As,
  type AtOnce,
  type Reply,
  type Several,
  type Text,
  type Value,
  type Values,
} from "../values.ts";
import { Asking, bound, isEmpty, type ScanOptions } from "./asking.ts";

const sintercardOptions = new Options("sintercard", { limit: "value" });
const sunioncardOptions = new Options("sunioncard", { approx: "flag", limit: "value" });
const sdiffcardOptions = new Options("sdiffcard", { limit: "value" });
const sscanOptions = new Options("sscan", { match: "value", count: "value" });

export abstract class SetMethods<M extends AnyMode> extends Asking<M> {
  /** Adds members and returns how many are new. */
  sadd(key: Value, ...members: Values): Reply<M, number> {
    const words = wordsOf(members);
    if (isEmpty(members, words)) return bound(this).answer(0);
    return bound(this).askAll(As.value, "sadd", words, key);
  }

  /** Removes members and returns how many there were. */
  srem(key: Value, ...members: Values): Reply<M, number> {
    const words = wordsOf(members);
    if (isEmpty(members, words)) return bound(this).answer(0);
    return bound(this).askAll(As.value, "srem", words, key);
  }

  /** 1 if the set has the member, else 0. */
  sismember(key: Value, member: Value): Reply<M, number> {
    return bound(this).ask(As.value, "sismember", key, member);
  }

  /** 1 or 0 for each of several members. */
  smismember(key: Value, ...members: Values): Reply<M, number[]> {
    const words = wordsOf(members);
    if (isEmpty(members, words)) return bound(this).answer([]);
    return bound(this).askAll(As.value, "smismember", words, key);
  }

  /** All members, in no order. */
  smembers(key: Value): Reply<M, M["text"][]> {
    return bound(this).ask(As.list, "smembers", key);
  }

  /** How many members the set has. */
  scard(key: Value): Reply<M, number> {
    return bound(this).ask(As.value, "scard", key);
  }

  /** Takes a random member, or null; with `count`, up to so many, as an array. */
  spop(key: Value): Reply<M, M["text"] | null>;
  spop(key: Value, count: number): Reply<M, M["text"][]>;
  spop(key: Value, count?: number): Reply<M, M["text"] | null> {
    return bound(this).ask(count === undefined ? As.value : As.list, "spop", key, count);
  }

  /**
   * A random member, or null; with `count`, several distinct ones (negative: each drawn by itself).
   */
  srandmember(key: Value): Reply<M, M["text"] | null>;
  srandmember(key: Value, count: number): Reply<M, M["text"][]>;
  srandmember(key: Value, count?: number): Reply<M, M["text"] | null> {
    return bound(this).ask(count === undefined ? As.value : As.list, "srandmember", key, count);
  }

  /** Moves a member from one set to another: 1 if it was there, else 0. */
  smove(source: Value, destination: Value, member: Value): Reply<M, number> {
    return bound(this).ask(As.value, "smove", source, destination, member);
  }

  /** The members that all of the sets have. */
  sinter(...keys: Values): Reply<M, M["text"][]> {
    const words = wordsOf(keys);
    return bound(this).askAll(As.list, "sinter", words);
  }

  /** How many members all of the sets have, counted up to `limit`. */
  sintercard(keys: Several, options?: { readonly limit?: number }): Reply<M, number> {
    const words = wordsOf([keys]);
    const more = sintercardOptions.words(options) ?? [];
    return bound(this).askAll(As.value, "sintercard", [words.length, ...words, ...more]);
  }

  /** How many members any of the sets has, counted up to `limit`; with `approx`, about so many. */
  sunioncard(
    keys: Several,
    options?: { readonly approx?: boolean; readonly limit?: number },
  ): Reply<M, number> {
    const words = wordsOf([keys]);
    const more = sunioncardOptions.words(options) ?? [];
    return bound(this).askAll(As.value, "sunioncard", [words.length, ...words, ...more]);
  }

  /** How many members of the first set none of the others has, counted up to `limit`. */
  sdiffcard(keys: Several, options?: { readonly limit?: number }): Reply<M, number> {
    const words = wordsOf([keys]);
    const more = sdiffcardOptions.words(options) ?? [];
    return bound(this).askAll(As.value, "sdiffcard", [words.length, ...words, ...more]);
  }

  /** Stores what sinter returns and returns how many members that is. */
  sinterstore(destination: Value, ...keys: Values): Reply<M, number> {
    const words = wordsOf(keys);
    return bound(this).askAll(As.value, "sinterstore", words, destination);
  }

  /** The members that any of the sets has. */
  sunion(...keys: Values): Reply<M, M["text"][]> {
    const words = wordsOf(keys);
    if (isEmpty(keys, words)) return bound(this).answer([]);
    return bound(this).askAll(As.list, "sunion", words);
  }

  /** Stores what sunion returns and returns how many members that is. */
  sunionstore(destination: Value, ...keys: Values): Reply<M, number> {
    const words = wordsOf(keys);
    return bound(this).askAll(As.value, "sunionstore", words, destination);
  }

  /** The members of the first set that none of the others has. */
  sdiff(...keys: Values): Reply<M, M["text"][]> {
    const words = wordsOf(keys);
    return bound(this).askAll(As.list, "sdiff", words);
  }

  /** Stores what sdiff returns and returns how many members that is. */
  sdiffstore(destination: Value, ...keys: Values): Reply<M, number> {
    const words = wordsOf(keys);
    return bound(this).askAll(As.value, "sdiffstore", words, destination);
  }

  /** One step through the members; begin with cursor 0 and go on until it comes back as 0. */
  sscan(
    key: Value,
    cursor: number,
    options?: ScanOptions,
  ): Reply<M, [cursor: number, members: M["text"][]]> {
    return bound(this).askAll(As.scan, "sscan", sscanOptions.words(options), key, cursor);
  }
}

// Short ways; see short-ways.ts.

const SISMEMBER = shortWay("sismember");
const SCARD = shortWay("scard");

export abstract class ShortSetMethods<T extends Text> extends SetMethods<AtOnce<T>> {
  override sismember(key: Value, member: Value): number {
    const core = coreOf(bound(this));
    const db = dbOf(this);
    core.begin(db);
    core.request.beginKey(key);
    core.request.add(member);
    const there =
      core.member === null
        ? findMember(core, db)
        : core.look(findMember, db, this, core.counted[SISMEMBER]);
    return there === undefined ? this.ask(As.value, "sismember", key, member) : there;
  }

  override scard(key: Value): number {
    const core = coreOf(bound(this));
    const db = dbOf(this);
    core.begin(db);
    core.request.beginKey(key);
    const count =
      core.member === null
        ? findCount(core, db)
        : core.look(findCount, db, this, core.counted[SCARD]);
    return count === undefined ? this.ask(As.value, "scard", key) : count;
  }
}

function findMember(core: Core, db: number): number | undefined {
  const { counted, context, request } = core;
  const entry = look(core, db, counted[SISMEMBER], SET);
  if (entry === ORDINARY) return undefined;
  const { bytes, starts, ends } = request.args;
  return entry !== 0 && setsOf(context).has(entry, bytes, starts[1], ends[1]) ? 1 : 0;
}

function findCount(core: Core, db: number): number | undefined {
  const { counted, context } = core;
  const entry = look(core, db, counted[SCARD], SET);
  if (entry === ORDINARY) return undefined;
  return entry === 0 ? 0 : setsOf(context).count(entry);
}
