// The methods for lists. See also list() of the database: a live view.

import { Options } from "../options.ts";
import { type AnyMode, As, type Reply, type Value, type Values } from "../values.ts";
import { KeyMethods } from "./keys.ts";

export type ListEnd = "LEFT" | "RIGHT" | "left" | "right";

export interface LposOptions {
  /** The first match to return: 2 is the second, −1 the last. */
  readonly rank?: number;
  /** How many elements to compare at most. */
  readonly maxlen?: number;
  /** Return up to so many matches (0: all of them) as an array. */
  readonly count?: number;
}

const lposOptions = new Options("lpos", { rank: "value", count: "value", maxlen: "value" });
const lmpopOptions = new Options("lmpop", { count: "value" });

export abstract class ListMethods<M extends AnyMode> extends KeyMethods<M> {
  /** Adds elements at the head and returns the length now. */
  lpush(key: Value, ...elements: Values): Reply<M, number> {
    return this.ask(As.value, "lpush", key, elements);
  }

  /** Adds elements at the tail and returns the length now. */
  rpush(key: Value, ...elements: Values): Reply<M, number> {
    return this.ask(As.value, "rpush", key, elements);
  }

  /** As lpush, if the list is there; else 0. */
  lpushx(key: Value, ...elements: Values): Reply<M, number> {
    return this.ask(As.value, "lpushx", key, elements);
  }

  /** As rpush, if the list is there; else 0. */
  rpushx(key: Value, ...elements: Values): Reply<M, number> {
    return this.ask(As.value, "rpushx", key, elements);
  }

  /**
   * Takes the head, or up to `count` elements from the head as an array; null if there is no list.
   */
  lpop(key: Value): Reply<M, M["text"] | null>;
  lpop(key: Value, count: number): Reply<M, M["text"][] | null>;
  lpop(key: Value, count?: number): Reply<M, M["text"] | M["text"][] | null> {
    return this.ask(As.value, "lpop", key, count);
  }

  /**
   * Takes the tail, or up to `count` elements from the tail as an array; null if there is no list.
   */
  rpop(key: Value): Reply<M, M["text"] | null>;
  rpop(key: Value, count: number): Reply<M, M["text"][] | null>;
  rpop(key: Value, count?: number): Reply<M, M["text"] | M["text"][] | null> {
    return this.ask(As.value, "rpop", key, count);
  }

  /** The elements from `start` to `stop`, both included; negative ones count from the tail. */
  lrange(key: Value, start: number, stop: number): Reply<M, M["text"][]> {
    return this.ask(As.value, "lrange", key, start, stop);
  }

  /** How many elements the list has. */
  llen(key: Value): Reply<M, number> {
    return this.ask(As.value, "llen", key);
  }

  /** The element at an index (negative: from the tail), or null. */
  lindex(key: Value, index: number): Reply<M, M["text"] | null> {
    return this.ask(As.value, "lindex", key, index);
  }

  /** Replaces the element at an index. */
  lset(key: Value, index: number, element: Value): Reply<M, "OK"> {
    return this.ask(As.value, "lset", key, index, element);
  }

  /** Inserts beside the first `pivot`: the length now, −1 without a pivot, 0 without a list. */
  linsert(
    key: Value,
    where: "BEFORE" | "AFTER" | "before" | "after",
    pivot: Value,
    element: Value,
  ): Reply<M, number> {
    return this.ask(As.value, "linsert", key, where, pivot, element);
  }

  /** Removes elements that equal a value (count > 0: from the head, < 0: from the tail, 0: all). */
  lrem(key: Value, count: number, element: Value): Reply<M, number> {
    return this.ask(As.value, "lrem", key, count, element);
  }

  /** Removes everything outside `start` to `stop`. */
  ltrim(key: Value, start: number, stop: number): Reply<M, "OK"> {
    return this.ask(As.value, "ltrim", key, start, stop);
  }

  /** The index of an element that equals a value, or null; with `count`, an array of indexes. */
  lpos(
    key: Value,
    element: Value,
    options: LposOptions & { readonly count: number },
  ): Reply<M, number[]>;
  lpos(
    key: Value,
    element: Value,
    options?: LposOptions & { readonly count?: undefined },
  ): Reply<M, number | null>;
  lpos(key: Value, element: Value, options?: LposOptions): unknown {
    return this.ask(As.value, "lpos", key, element, lposOptions.words(options));
  }

  /** Moves an element from an end of one list to an end of another and returns it, or null. */
  lmove(source: Value, destination: Value, from: ListEnd, to: ListEnd): Reply<M, M["text"] | null> {
    return this.ask(As.value, "lmove", source, destination, from, to);
  }

  /** Moves the tail of one list to the head of another and returns it, or null. */
  rpoplpush(source: Value, destination: Value): Reply<M, M["text"] | null> {
    return this.ask(As.value, "rpoplpush", source, destination);
  }

  /** Takes elements from the first of several lists that has any: [its key, elements], or null. */
  lmpop(
    keys: Value | readonly Value[],
    end: ListEnd,
    options?: { readonly count?: number },
  ): Reply<M, [key: M["text"], elements: M["text"][]] | null> {
    const list = Array.isArray(keys) ? (keys as readonly Value[]) : [keys as Value];
    return this.ask(As.value, "lmpop", list.length, list, end, lmpopOptions.words(options));
  }
}
