// The methods for lists. See also list() of the database: a live view.

import { sliceEnd, sliceStart } from "../../commands/shared/slices.ts";
import { LIST, listsOf } from "../../types/lists.ts";
import type { Core } from "../core.ts";
import { Options, type WriteOptions } from "../options.ts";
import { wordsOf } from "../request.ts";
import {
  type Called,
  coreOf,
  dbOf,
  look,
  makerOf,
  ORDINARY,
  shortWay,
  textFor,
  VALUES_UNTIMED,
} from "../short-ways.ts";
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
import { Asking, bound, isEmpty } from "./asking.ts";

export type ListEnd = "LEFT" | "RIGHT" | "left" | "right";

export interface LmpopOptions extends WriteOptions {
  /** How many elements at most; 1 unless said otherwise. */
  readonly count?: number;
}

export interface LmovemOptions extends WriteOptions {
  /** Up to so many elements, or, with `exactly`, so many or nothing; one unless said otherwise. */
  readonly count?: number;
  readonly exactly?: number;
  /**
   * With either: "BULK" (what it is unless said otherwise) keeps the elements' order, "OBO" moves
   * them one by one.
   */
  readonly order?: "BULK" | "OBO" | "bulk" | "obo";
}

export interface LposOptions {
  /** The first match to return: 2 is the second, −1 the last. */
  readonly rank?: number;
  /** How many elements to compare at most. */
  readonly maxlen?: number;
  /** Return up to so many matches (0: all of them) as an array. */
  readonly count?: number;
}

const lposOptions = new Options("lpos", { rank: "value", count: "value", maxlen: "value" });
const lmovemOptions = new Options("lmovem", {
  count: "value",
  exactly: "value",
  order: "apart",
  durability: "durability",
});
const lmpopOptions = new Options("lmpop", { count: "value", durability: "durability" });

export abstract class ListMethods<M extends AnyMode> extends Asking<M> {
  /** Adds elements at the head and returns the length now. */
  lpush(key: Value, ...elements: Values): Reply<M, number> {
    const words = wordsOf(elements);
    if (isEmpty(elements, words)) return bound(this).llen(key);
    return bound(this).askAll(As.value, "lpush", words, key);
  }

  /** Adds elements at the tail and returns the length now. */
  rpush(key: Value, ...elements: Values): Reply<M, number> {
    const words = wordsOf(elements);
    if (isEmpty(elements, words)) return bound(this).llen(key);
    return bound(this).askAll(As.value, "rpush", words, key);
  }

  /** As lpush, if the list is there; else 0. */
  lpushx(key: Value, ...elements: Values): Reply<M, number> {
    const words = wordsOf(elements);
    if (isEmpty(elements, words)) return bound(this).llen(key);
    return bound(this).askAll(As.value, "lpushx", words, key);
  }

  /** As rpush, if the list is there; else 0. */
  rpushx(key: Value, ...elements: Values): Reply<M, number> {
    const words = wordsOf(elements);
    if (isEmpty(elements, words)) return bound(this).llen(key);
    return bound(this).askAll(As.value, "rpushx", words, key);
  }

  /**
   * Takes the head, or up to `count` elements from the head as an array; null if there is no list.
   */
  lpop(key: Value): Reply<M, M["text"] | null>;
  lpop(key: Value, count: number): Reply<M, M["text"][] | null>;
  lpop(key: Value, count?: number): Reply<M, M["text"] | M["text"][] | null> {
    return bound(this).ask(As.value, "lpop", key, count);
  }

  /**
   * Takes the tail, or up to `count` elements from the tail as an array; null if there is no list.
   */
  rpop(key: Value): Reply<M, M["text"] | null>;
  rpop(key: Value, count: number): Reply<M, M["text"][] | null>;
  rpop(key: Value, count?: number): Reply<M, M["text"] | M["text"][] | null> {
    return bound(this).ask(As.value, "rpop", key, count);
  }

  /** The elements from `start` to `stop`, both included; negative ones count from the tail. */
  lrange(key: Value, start: number, stop: number): Reply<M, M["text"][]> {
    return bound(this).ask(As.value, "lrange", key, start, stop);
  }

  /** How many elements the list has. */
  llen(key: Value): Reply<M, number> {
    return bound(this).ask(As.value, "llen", key);
  }

  /** The element at an index (negative: from the tail), or null. */
  lindex(key: Value, index: number): Reply<M, M["text"] | null> {
    return bound(this).ask(As.value, "lindex", key, index);
  }

  /** Replaces the element at an index. */
  lset(key: Value, index: number, element: Value): Reply<M, "OK"> {
    return bound(this).ask(As.value, "lset", key, index, element);
  }

  /** Inserts beside the first `pivot`: the length now, −1 without a pivot, 0 without a list. */
  linsert(
    key: Value,
    where: "BEFORE" | "AFTER" | "before" | "after",
    pivot: Value,
    element: Value,
  ): Reply<M, number> {
    return bound(this).ask(As.value, "linsert", key, where, pivot, element);
  }

  /** Removes elements that equal a value (count > 0: from the head, < 0: from the tail, 0: all). */
  lrem(key: Value, count: number, element: Value): Reply<M, number> {
    return bound(this).ask(As.value, "lrem", key, count, element);
  }

  /** Removes everything outside `start` to `stop`. */
  ltrim(key: Value, start: number, stop: number): Reply<M, "OK"> {
    return bound(this).ask(As.value, "ltrim", key, start, stop);
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
    return bound(this).askAll(As.value, "lpos", lposOptions.words(options), key, element);
  }

  /** Moves an element from an end of one list to an end of another and returns it, or null. */
  lmove(source: Value, destination: Value, from: ListEnd, to: ListEnd): Reply<M, M["text"] | null> {
    return bound(this).ask(As.value, "lmove", source, destination, from, to);
  }

  /**
   * Moves several elements from an end of one list to an end of another and returns them in the
   * order in which they now stand, or null: `lmovem("a", "b", "LEFT", "RIGHT", { count: 10 })`.
   */
  lmovem(
    source: Value,
    destination: Value,
    from: ListEnd,
    to: ListEnd,
    options?: LmovemOptions,
  ): Reply<M, M["text"][] | null> {
    const words = lmovemOptions.words(options) ?? [];
    const order = options?.order;
    if (words.length > 0 || order !== undefined) words.push(order ?? "BULK");
    const on = bound(this);
    const ask = (): Reply<M, M["text"][] | null> =>
      on.askAll(As.value, "lmovem", [to, ...words], source, destination, from);
    return options?.durability === undefined ? ask() : on.safely(ask);
  }

  /** Moves the tail of one list to the head of another and returns it, or null. */
  rpoplpush(source: Value, destination: Value): Reply<M, M["text"] | null> {
    return bound(this).ask(As.value, "rpoplpush", source, destination);
  }

  /** Takes elements from the first of several lists that has any: [its key, elements], or null. */
  lmpop(
    keys: Several,
    end: ListEnd,
    options?: LmpopOptions,
  ): Reply<M, [key: M["text"], elements: M["text"][]] | null> {
    const words = wordsOf([keys]);
    if (words.length === 0) return bound(this).answer(null);
    const more = lmpopOptions.words(options) ?? [];
    const on = bound(this);
    const ask = (): Reply<M, [key: M["text"], elements: M["text"][]] | null> =>
      on.askAll(As.value, "lmpop", [words.length, ...words, end, ...more]);
    return options?.durability === undefined ? ask() : on.safely(ask);
  }
}

// Short ways; see short-ways.ts.

const LLEN = shortWay("llen");
const LINDEX = shortWay("lindex");
const LRANGE = shortWay("lrange");

export abstract class ShortListMethods<T extends Text> extends ListMethods<AtOnce<T>> {
  override llen(key: Value): number {
    const core = coreOf(bound(this));
    const db = dbOf(this);
    core.begin(db);
    core.request.beginKey(key);
    const length =
      core.member === null
        ? findLength(core, db)
        : core.look(findLength, db, this, core.counted[LLEN]);
    return length === undefined ? this.ask(As.value, "llen", key) : length;
  }

  override lindex(key: Value, index: number): T | null {
    const core = coreOf(bound(this));
    if (!Number.isSafeInteger(index)) return this.ask(As.value, "lindex", key, index);
    const db = dbOf(this);
    core.begin(db);
    core.request.beginKey(key);
    const element: T | null | undefined =
      core.member === null
        ? findElement(core, db, this, index)
        : core.look(findElement<T>, db, this, core.counted[LINDEX], index);
    return element === undefined ? this.ask(As.value, "lindex", key, index) : element;
  }

  override lrange(key: Value, start: number, stop: number): T[] {
    const core = coreOf(bound(this));
    if (!Number.isSafeInteger(start) || !Number.isSafeInteger(stop)) {
      return this.ask(As.value, "lrange", key, start, stop);
    }
    const db = dbOf(this);
    core.begin(db);
    core.request.beginKey(key);
    const elements: T[] | undefined =
      core.member === null
        ? findElements(core, db, this, start, stop)
        : core.look(findElements<T>, db, this, core.counted[LRANGE], start, stop);
    return elements === undefined ? this.ask(As.value, "lrange", key, start, stop) : elements;
  }
}

function findLength(core: Core, db: number): number | undefined {
  const { counted, context } = core;
  const entry = look(core, db, counted[LLEN], LIST);
  if (entry === ORDINARY) return undefined;
  return entry === 0 ? 0 : listsOf(context).length(entry);
}

function findElement<T extends Text>(
  core: Core,
  db: number,
  on: Called<T>,
  index: number,
): T | null | undefined {
  const { counted, context } = core;
  const entry = look(core, db, counted[LINDEX], LIST);
  if (entry === ORDINARY) return undefined;
  const lists = listsOf(context);
  if (entry === 0 || !lists.seek(entry, index)) return null;
  lists.chunked.read();
  return textFor(on, lists.packed.bytes, lists.packed.start, lists.packed.end);
}

function findElements<T extends Text>(
  core: Core,
  db: number,
  on: Called<T>,
  start: number,
  stop: number,
): T[] | undefined {
  const { counted, context, keyspace, timer } = core;
  const entry = look(core, db, counted[LRANGE], LIST);
  if (entry === ORDINARY) return undefined;
  const elements: T[] = [];
  if (entry === 0) return elements;
  const lists = listsOf(context);
  const length = lists.length(entry);
  const from = sliceStart(start, length);
  const left = sliceEnd(stop, length) - from;
  if (left <= 0) return elements;
  const isLong = left > VALUES_UNTIMED;
  if (isLong && keyspace.reading) return undefined;
  const startMs = isLong ? timer.start() : 0;
  lists.seek(entry, from);
  lists.makeEach(left, makerOf(on), elements);
  if (isLong) timer.correct(counted[LRANGE], startMs);
  return elements;
}
