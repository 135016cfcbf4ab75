// The methods for sets. See also members() of the database: a live view.

import { Options } from "../options.ts";
import { type AnyMode, As, type Reply, type Value, type Values } from "../values.ts";
import type { ScanOptions } from "./asking.ts";
import { HashMethods } from "./hashes.ts";

const sintercardOptions = new Options("sintercard", { limit: "value" });
const sscanOptions = new Options("sscan", { match: "value", count: "value" });

export abstract class SetMethods<M extends AnyMode> extends HashMethods<M> {
  /** Adds members and returns how many are new. */
  sadd(key: Value, ...members: Values): Reply<M, number> {
    return this.ask(As.value, "sadd", key, members);
  }

  /** Removes members and returns how many there were. */
  srem(key: Value, ...members: Values): Reply<M, number> {
    return this.ask(As.value, "srem", key, members);
  }

  /** 1 if the set has the member, else 0. */
  sismember(key: Value, member: Value): Reply<M, number> {
    return this.ask(As.value, "sismember", key, member);
  }

  /** 1 or 0 for each of several members. */
  smismember(key: Value, ...members: Values): Reply<M, number[]> {
    return this.ask(As.value, "smismember", key, members);
  }

  /** All members, in no order. */
  smembers(key: Value): Reply<M, M["text"][]> {
    return this.ask(As.list, "smembers", key);
  }

  /** How many members the set has. */
  scard(key: Value): Reply<M, number> {
    return this.ask(As.value, "scard", key);
  }

  /** Takes a random member, or null; with `count`, up to so many, as an array. */
  spop(key: Value): Reply<M, M["text"] | null>;
  spop(key: Value, count: number): Reply<M, M["text"][]>;
  spop(key: Value, count?: number): Reply<M, M["text"] | null> {
    return this.ask(count === undefined ? As.value : As.list, "spop", key, count);
  }

  /**
   * A random member, or null; with `count`, several distinct ones (negative: each drawn by itself).
   */
  srandmember(key: Value): Reply<M, M["text"] | null>;
  srandmember(key: Value, count: number): Reply<M, M["text"][]>;
  srandmember(key: Value, count?: number): Reply<M, M["text"] | null> {
    return this.ask(count === undefined ? As.value : As.list, "srandmember", key, count);
  }

  /** Moves a member from one set to another: 1 if it was there, else 0. */
  smove(source: Value, destination: Value, member: Value): Reply<M, number> {
    return this.ask(As.value, "smove", source, destination, member);
  }

  /** The members that all of the sets have. */
  sinter(...keys: Values): Reply<M, M["text"][]> {
    return this.ask(As.list, "sinter", keys);
  }

  /** How many members all of the sets have, counted up to `limit`. */
  sintercard(
    keys: Value | readonly Value[],
    options?: { readonly limit?: number },
  ): Reply<M, number> {
    const list = Array.isArray(keys) ? (keys as readonly Value[]) : [keys as Value];
    const words = sintercardOptions.words(options);
    return this.ask(As.value, "sintercard", list.length, list, words);
  }

  /** Stores what sinter returns and returns how many members that is. */
  sinterstore(destination: Value, ...keys: Values): Reply<M, number> {
    return this.ask(As.value, "sinterstore", destination, keys);
  }

  /** The members that any of the sets has. */
  sunion(...keys: Values): Reply<M, M["text"][]> {
    return this.ask(As.list, "sunion", keys);
  }

  /** Stores what sunion returns and returns how many members that is. */
  sunionstore(destination: Value, ...keys: Values): Reply<M, number> {
    return this.ask(As.value, "sunionstore", destination, keys);
  }

  /** The members of the first set that none of the others has. */
  sdiff(...keys: Values): Reply<M, M["text"][]> {
    return this.ask(As.list, "sdiff", keys);
  }

  /** Stores what sdiff returns and returns how many members that is. */
  sdiffstore(destination: Value, ...keys: Values): Reply<M, number> {
    return this.ask(As.value, "sdiffstore", destination, keys);
  }

  /** One step through the members; begin with cursor 0 and go on until it comes back as 0. */
  sscan(
    key: Value,
    cursor: number,
    options?: ScanOptions,
  ): Reply<M, [cursor: number, members: M["text"][]]> {
    return this.ask(As.scan, "sscan", key, cursor, sscanOptions.words(options));
  }
}
