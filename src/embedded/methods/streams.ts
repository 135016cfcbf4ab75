// The methods for streams as logs of entries; those of groups are in stream-groups.ts. See also
// stream() of the database: a live view, which can wait for entries.

import { byteCount } from "../../base/realms.ts";
import type { ReplyValue } from "../../protocol/reply-reader.ts";
import { checkOptions, Options } from "../options.ts";
import { wordsOf } from "../request.ts";
import {
  type AnyMode,
  As,
  type Pairs,
  type Reply,
  type StreamEntry,
  type Text,
  type Value,
  type Values,
} from "../values.ts";
import { Asking, bound, flatPairs, isEmpty } from "./asking.ts";

/** How a stream is trimmed: to so many entries, or to those that are not before an ID. */
export interface TrimOptions {
  readonly maxlen?: number | undefined;
  readonly minid?: Value | undefined;
  /** Only whole nodes go, which is faster: a few entries more may be left. */
  readonly approximately?: boolean | undefined;
  /** With that: at most so many entries go. */
  readonly limit?: number | undefined;
  /** What groups know of an entry goes with it. */
  readonly delref?: boolean | undefined;
  /** Only entries go that every group has acknowledged. */
  readonly acked?: boolean | undefined;
}

/** What xadd does besides. */
export interface XaddOptions extends TrimOptions {
  /** The entry's ID; "*" if left out: the time, and a sequence number. "5-*": that alone. */
  readonly id?: Value | undefined;
  /** Makes no stream where there is none. */
  readonly nomkstream?: boolean | undefined;
  /** A producer and what it calls the entry: of entries that it calls alike only one is added. */
  readonly idmp?: readonly [producer: Value, iid: Value] | undefined;
  /** A producer of whose entries with the same fields and values only one is added. */
  readonly idmpauto?: Value | undefined;
}

/** Streams, each with the ID behind which its entries are asked for: "0", "5-1", "$", "+". */
export type StreamPlaces = Readonly<Record<string, Value>> | Iterable<readonly [Value, Value]>;

/** How many entries come. */
export interface XreadOptions {
  /** Of each stream at most so many. */
  readonly count?: number | undefined;
  /** Of all streams together at most so many. */
  readonly maxcount?: number | undefined;
  /** None more once the reply has so many bytes; one in any case. */
  readonly maxsize?: number | undefined;
}

/** The entries of each stream that has any. */
export type StreamEntries<T extends Text> = [key: T, entries: StreamEntry<T>[]][];

const trimNames = ["maxlen", "minid", "approximately", "limit", "delref", "acked"];
const names = {
  xtrim: new Set(trimNames),
  xadd: new Set(["id", "nomkstream", "idmp", "idmpauto", ...trimNames]),
};
const options = {
  xrange: new Options("xrange", { count: "value" }),
  xrevrange: new Options("xrevrange", { count: "value" }),
  xread: new Options("xread", { count: "value", maxcount: "value", maxsize: "value" }),
  xcfgset: new Options("xcfgset", { "idmp-duration": "value", "idmp-maxsize": "value" }),
  xsetid: new Options("xsetid", { entriesadded: "value", maxdeletedid: "value" }),
};

export abstract class StreamMethods<M extends AnyMode> extends Asking<M> {
  /**
   * Appends an entry and returns its ID, or null where `nomkstream` had none appended:
   * `xadd("s", { name: "ann" }, { maxlen: 1000, approximately: true })`, also with a Map or any
   * pairs of field and value; or, as in Redis, `xadd("s", "*", "name", "ann")`.
   */
  xadd(key: Value, fields: Pairs, options?: XaddOptions): Reply<M, string | null>;
  xadd(key: Value, id: Value, field: Value, value: Value, ...more: Value[]): Reply<M, string>;
  xadd(
    key: Value,
    first: Value | Pairs,
    second?: Value | XaddOptions,
    ...rest: Value[]
  ): Reply<M, string | null> {
    const on = bound(this);
    if (typeof first !== "object" || byteCount(first) >= 0) {
      return on.askAll(As.id, "xadd", rest, key, first as Value, second as Value);
    }
    const more = second as XaddOptions | undefined;
    if (more !== undefined) checkOptions("xadd", more, names.xadd);
    const words = trimWords(more);
    if (more?.nomkstream === true) words.push("NOMKSTREAM");
    if (more?.idmp !== undefined) words.push("IDMP", ...more.idmp);
    if (more?.idmpauto !== undefined) words.push("IDMPAUTO", more.idmpauto);
    words.push(more?.id ?? "*", ...flatPairs(first, []));
    return on.askAll(As.id, "xadd", words, key);
  }

  /** Takes the oldest entries out and returns how many: `xtrim("s", { maxlen: 1000 })`. */
  xtrim(key: Value, options: TrimOptions): Reply<M, number> {
    checkOptions("xtrim", options, names.xtrim);
    return bound(this).askAll(As.value, "xtrim", trimWords(options), key);
  }

  /** Erases entries by their IDs and returns how many there were. */
  xdel(key: Value, ...ids: Values): Reply<M, number> {
    const words = wordsOf(ids);
    if (isEmpty(ids, words)) return bound(this).answer(0);
    return bound(this).askAll(As.value, "xdel", words, key);
  }

  /** How many entries the stream has. */
  xlen(key: Value): Reply<M, number> {
    return bound(this).ask(As.value, "xlen", key);
  }

  /** The entries from one ID to another: "-" and "+" are the ends, "(5-1" is behind 5-1. */
  xrange(
    key: Value,
    start: Value = "-",
    end: Value = "+",
    more?: { readonly count?: number | undefined },
  ): Reply<M, StreamEntry<M["text"]>[]> {
    const words = options.xrange.words(more);
    return bound(this).askAll(As.entries, "xrange", words, key, start, end);
  }

  /** As xrange, from the last one backwards; the bounds are given in that order, too. */
  xrevrange(
    key: Value,
    end: Value = "+",
    start: Value = "-",
    more?: { readonly count?: number | undefined },
  ): Reply<M, StreamEntry<M["text"]>[]> {
    const words = options.xrevrange.words(more);
    return bound(this).askAll(As.entries, "xrevrange", words, key, end, start);
  }

  /**
   * The entries of streams that are behind an ID each, of those that have any:
   * `xread({ orders: "0", bills: last }, { count: 10 })`. It never waits: see stream(key).read().
   */
  xread(places: StreamPlaces, more?: XreadOptions): Reply<M, StreamEntries<M["text"]>> {
    const pairs = flatPairs(places, []);
    const words = [...(options.xread.words(more) ?? []), "STREAMS"];
    for (let i = 0; i < pairs.length; i += 2) words.push(pairs[i]);
    for (let i = 1; i < pairs.length; i += 2) words.push(pairs[i]);
    return bound(this).askAll(As.streams, "xread", words);
  }

  /** Sets the last ID of a stream, and how many entries were added, or the greatest erased ID. */
  xsetid(
    key: Value,
    id: Value,
    more?: {
      readonly entriesadded?: number | undefined;
      readonly maxdeletedid?: Value | undefined;
    },
  ): Reply<M, "OK"> {
    return bound(this).askAll(As.value, "xsetid", options.xsetid.words(more), key, id);
  }

  /** Sets for how many seconds, and how many, idempotent IDs are kept of each producer. */
  xcfgset(
    key: Value,
    settings: {
      readonly "idmp-duration"?: number | undefined;
      readonly "idmp-maxsize"?: number | undefined;
    },
  ): Reply<M, "OK"> {
    return bound(this).askAll(As.value, "xcfgset", options.xcfgset.words(settings), key);
  }

  /** What there is to know of a stream, its groups or their consumers: `xinfo("stream", "s")`. */
  xinfo(subcommand: Value, ...words: readonly Value[]): Reply<M, ReplyValue> {
    return bound(this).askAll(As.value, "xinfo", words, subcommand);
  }
}

/** The words that say how to trim. */
function trimWords(how: TrimOptions | undefined): Value[] {
  const words: Value[] = [];
  if (how === undefined) return words;
  const sign = how.approximately === true ? "~" : "=";
  if (how.delref === true) words.push("DELREF");
  if (how.acked === true) words.push("ACKED");
  if (how.maxlen !== undefined) words.push("MAXLEN", sign, how.maxlen);
  if (how.minid !== undefined) words.push("MINID", sign, how.minid);
  if (how.limit !== undefined) words.push("LIMIT", how.limit);
  return words;
}
