// The methods that sort lists, sets and sorted sets.

import { checkOptions } from "../options.ts";
import { wordsOf } from "../request.ts";
import { type AnyMode, As, type Reply, type Several, type Value } from "../values.ts";
import { Asking, bound } from "./asking.ts";

/** How elements are sorted, and what is returned of them. */
export interface SortOptions {
  /** What they are sorted by: "weight_*", "h_*->field"; without a "*", they stay as they stand. */
  readonly by?: Value | undefined;
  /** How many are passed over, and up to how many come. */
  readonly limit?: readonly [offset: number, count: number] | undefined;
  /** What comes of each: such patterns, or "#" for the element itself. */
  readonly get?: Several | undefined;
  /** The greatest first. */
  readonly desc?: boolean | undefined;
  /** By their bytes, and not as numbers. */
  readonly alpha?: boolean | undefined;
}

const names: ReadonlySet<string> = new Set(["by", "limit", "get", "desc", "alpha"]);
const namesWithStore: ReadonlySet<string> = new Set([...names, "store"]);

export abstract class SortMethods<M extends AnyMode> extends Asking<M> {
  /**
   * The elements of a list, set or sorted set in order, as numbers; with `get`, what that finds,
   * null where it finds nothing. With `store`, stores them as a list and returns how many.
   */
  sort(key: Value, options: SortOptions & { readonly store: Value }): Reply<M, number>;
  sort(key: Value, options?: SortOptions): Reply<M, (M["text"] | null)[]>;
  sort(
    key: Value,
    options: SortOptions & { readonly store?: Value | undefined } = {},
  ): Reply<M, unknown> {
    checkOptions("sort", options, namesWithStore);
    const words = orderWords("sort", options);
    if (options.store !== undefined) words.push("STORE", options.store);
    return bound(this).askAll(As.list, "sort", words, key);
  }

  /** As sort, without `store`. */
  sort_ro(key: Value, options: SortOptions = {}): Reply<M, (M["text"] | null)[]> {
    checkOptions("sort_ro", options, names);
    return bound(this).askAll(As.list, "sort_ro", orderWords("sort_ro", options), key);
  }
}

function orderWords(method: string, { by, limit, get, desc, alpha }: SortOptions): Value[] {
  const words: Value[] = [];
  if (by !== undefined) words.push("BY", by);
  if (limit !== undefined) {
    if (!Array.isArray(limit)) {
      throw new TypeError(`${method}(): limit is an array, [offset, count]`);
    }
    words.push("LIMIT", ...limit);
  }
  if (get !== undefined) for (const pattern of wordsOf([get])) words.push("GET", pattern);
  if (desc === true) words.push("DESC");
  if (alpha === true) words.push("ALPHA");
  return words;
}
