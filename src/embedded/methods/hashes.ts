// The methods for hashes. See also hash() of the database: a live view.

import { Options } from "../options.ts";
import {
  type AnyMode,
  As,
  type Fields,
  type Pairs,
  type Reply,
  type Value,
  type Values,
} from "../values.ts";
import { flatPairs, type ScanOptions } from "./asking.ts";
import { ListMethods } from "./lists.ts";

const hrandfieldOptions = new Options("hrandfield", { withvalues: "flag" });
const hscanOptions = new Options("hscan", { match: "value", count: "value" });

export abstract class HashMethods<M extends AnyMode> extends ListMethods<M> {
  /**
   * Sets fields and returns how many are new: `hset("h", { a: 1 })`, also with a Map or any pairs,
   * or `hset("h", "a", 1, "b", 2)`.
   */
  hset(key: Value, fields: Pairs): Reply<M, number>;
  hset(key: Value, field: Value, value: Value, ...more: Value[]): Reply<M, number>;
  hset(key: Value, first: Value | Pairs, value?: Value, ...rest: Value[]): Reply<M, number> {
    if (value === undefined) return this.ask(As.value, "hset", key, flatPairs(first, rest));
    return this.ask(As.value, "hset", key, first as Value, value, rest);
  }

  /** As hset, but replies "OK". */
  hmset(key: Value, fields: Pairs): Reply<M, "OK">;
  hmset(key: Value, field: Value, value: Value, ...more: Value[]): Reply<M, "OK">;
  hmset(key: Value, first: Value | Pairs, ...rest: Value[]): Reply<M, "OK"> {
    return this.ask(As.value, "hmset", key, flatPairs(first, rest));
  }

  /** Sets a field if it is not there: 1 if so, else 0. */
  hsetnx(key: Value, field: Value, value: Value): Reply<M, number> {
    return this.ask(As.value, "hsetnx", key, field, value);
  }

  /** The value of a field, or null. */
  hget(key: Value, field: Value): Reply<M, M["text"] | null> {
    return this.ask(As.value, "hget", key, field);
  }

  /** The values of several fields, null for each that is not there. */
  hmget(key: Value, ...fields: Values): Reply<M, (M["text"] | null)[]> {
    return this.ask(As.value, "hmget", key, fields);
  }

  /** All fields with their values; empty where there is no hash. */
  hgetall(key: Value): Reply<M, Fields<M["text"]>> {
    return this.ask(As.fields, "hgetall", key);
  }

  /** All fields. */
  hkeys(key: Value): Reply<M, M["text"][]> {
    return this.ask(As.value, "hkeys", key);
  }

  /** All values. */
  hvals(key: Value): Reply<M, M["text"][]> {
    return this.ask(As.value, "hvals", key);
  }

  /** Deletes fields and returns how many there were. */
  hdel(key: Value, ...fields: Values): Reply<M, number> {
    return this.ask(As.value, "hdel", key, fields);
  }

  /** How many fields the hash has. */
  hlen(key: Value): Reply<M, number> {
    return this.ask(As.value, "hlen", key);
  }

  /** 1 if the field is there, else 0. */
  hexists(key: Value, field: Value): Reply<M, number> {
    return this.ask(As.value, "hexists", key, field);
  }

  /** The length of a field's value in bytes, 0 where there is none. */
  hstrlen(key: Value, field: Value): Reply<M, number> {
    return this.ask(As.value, "hstrlen", key, field);
  }

  /** Adds a whole number to that in a field and returns the sum. */
  hincrby(key: Value, field: Value, increment: number | bigint): Reply<M, number> {
    return this.ask(As.value, "hincrby", key, field, increment);
  }

  /** Adds a number to that in a field and returns the decimal text of the sum. */
  hincrbyfloat(key: Value, field: Value, increment: Value): Reply<M, M["text"]> {
    return this.ask(As.value, "hincrbyfloat", key, field, increment);
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
    return this.ask(As.value, "hrandfield", key, count, hrandfieldOptions.words(options));
  }

  /** One step through the fields; begin with cursor 0 and go on until it comes back as 0. */
  hscan(
    key: Value,
    cursor: number,
    options?: ScanOptions,
  ): Reply<M, [cursor: number, fields: [field: M["text"], value: M["text"]][]]> {
    return this.ask(As.scanPairs, "hscan", key, cursor, hscanOptions.words(options));
  }
}
