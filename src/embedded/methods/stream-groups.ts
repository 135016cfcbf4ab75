// The methods for groups of streams' consumers. None of them waits: see stream(key).read({ group,
// consumer }), which does.

import { checkOptions, Options } from "../options.ts";
import { wordsOf } from "../request.ts";
import {
  type AnyMode,
  As,
  type Claims,
  type DeliveredEntry,
  type PendingEntry,
  type PendingSummary,
  type Reply,
  type Several,
  type StreamEntry,
  type Text,
  type Value,
  type Values,
} from "../values.ts";
import { Asking, bound, flatPairs, isEmpty } from "./asking.ts";
import type { StreamPlaces, XreadOptions } from "./streams.ts";

/** What becomes of entries to which groups refer: deleted all the same if neither is said. */
export interface ReferenceOptions {
  /** What groups know of an entry goes with it. */
  readonly delref?: boolean | undefined;
  /** Only entries go that every group has acknowledged. */
  readonly acked?: boolean | undefined;
}

export interface XreadgroupOptions extends XreadOptions {
  /** What has been pending for so many milliseconds, for anybody, is given first. */
  readonly claim?: number | undefined;
  /** New entries count as acknowledged. */
  readonly noack?: boolean | undefined;
}

/** A part of what is pending. */
export interface PendingRange {
  /** From this ID to that one, "-" and "+" if left out; "(5-1" is behind 5-1. */
  readonly start?: Value | undefined;
  readonly end?: Value | undefined;
  readonly count: number;
  readonly consumer?: Value | undefined;
  /** Only what has been pending for so many milliseconds. */
  readonly idle?: number | undefined;
}

export interface XclaimOptions {
  /** For so many milliseconds it counts as pending; or as delivered at this time since 1970. */
  readonly idle?: number | undefined;
  readonly time?: number | undefined;
  /** So often it counts as delivered. */
  readonly retrycount?: number | undefined;
  /** Entries that are not pending become so. */
  readonly force?: boolean | undefined;
  readonly lastid?: Value | undefined;
}

/** The entries that each stream had for a consumer. */
export type Deliveries<T extends Text> = [key: T, entries: DeliveredEntry<T>[]][];

/** What became of an entry: it was not there, it went, or it stayed because of a group. */
export type Deletion = -1 | 1 | 2;

const position = { entriesread: "value" } as const;
const claims = {
  idle: "value",
  time: "value",
  retrycount: "value",
  force: "flag",
  justid: "flag",
  lastid: "value",
} as const;
const options = {
  create: new Options("xgroup", { mkstream: "flag", ...position }),
  setid: new Options("xgroup", position),
  xreadgroup: new Options("xreadgroup", {
    count: "value",
    maxcount: "value",
    maxsize: "value",
    claim: "value",
    noack: "flag",
  }),
  xackdel: new Options("xackdel", { delref: "flag", acked: "flag" }),
  xdelex: new Options("xdelex", { delref: "flag", acked: "flag" }),
  xnack: new Options("xnack", { retrycount: "value", force: "flag" }),
  xclaim: new Options("xclaim", claims),
  xautoclaim: new Options("xautoclaim", { count: "value", justid: "flag" }),
};
const rangeNames = new Set(["start", "end", "count", "consumer", "idle"]);

export abstract class StreamGroupMethods<M extends AnyMode> extends Asking<M> {
  /**
   * Makes a group that goes on behind an ID ("$": what comes from now on), or moves it there:
   * `xgroup("create", "s", "workers", "$", { mkstream: true })`.
   */
  xgroup(
    subcommand: "create" | "setid",
    key: Value,
    group: Value,
    id: Value,
    more?: {
      /** CREATE: makes an empty stream where there is none. */
      readonly mkstream?: boolean | undefined;
      readonly entriesread?: number | undefined;
    },
  ): Reply<M, "OK">;
  /** Removes a group; returns how many there were. */
  xgroup(subcommand: "destroy", key: Value, group: Value): Reply<M, number>;
  /**
   * Makes a consumer, and returns how many were made; or removes one, and returns how much was
   * pending for it.
   */
  xgroup(
    subcommand: "createconsumer" | "delconsumer",
    key: Value,
    group: Value,
    consumer: Value,
  ): Reply<M, number>;
  xgroup(
    subcommand: string,
    key: Value,
    group: Value,
    last?: Value,
    more?: object,
  ): Reply<M, "OK" | number> {
    const how = subcommand === "setid" ? options.setid : options.create;
    const words: Value[] = last === undefined ? [] : [last, ...(how.words(more) ?? [])];
    return bound(this).askAll(As.value, "xgroup", words, subcommand, key, group);
  }

  /**
   * Delivers entries of streams to a consumer: those that its group has not been delivered for ">",
   * for an ID what is pending for itself behind that:
   * `xreadgroup("workers", "ann", { orders: ">" }, { count: 10 })`. It never waits.
   */
  xreadgroup(
    group: Value,
    consumer: Value,
    places: StreamPlaces,
    more?: XreadgroupOptions,
  ): Reply<M, Deliveries<M["text"]>> {
    const pairs = flatPairs(places, []);
    const words = [...(options.xreadgroup.words(more) ?? []), "STREAMS"];
    for (let i = 0; i < pairs.length; i += 2) words.push(pairs[i]);
    for (let i = 1; i < pairs.length; i += 2) words.push(pairs[i]);
    return bound(this).askAll(As.streams, "xreadgroup", words, "GROUP", group, consumer);
  }

  /** Acknowledges entries, and returns how many were pending. */
  xack(key: Value, group: Value, ...ids: Values): Reply<M, number> {
    const words = wordsOf(ids);
    if (isEmpty(ids, words)) return bound(this).answer(0);
    return bound(this).askAll(As.value, "xack", words, key, group);
  }

  /** Acknowledges entries and deletes them; what became of each is as in Redis: see Deletion. */
  xackdel(key: Value, group: Value, ids: Several, more?: ReferenceOptions): Reply<M, Deletion[]> {
    const words = wordsOf([ids]);
    if (isEmpty([ids], words)) return bound(this).answer([]);
    const all = [...(options.xackdel.words(more) ?? []), "IDS", words.length, ...words];
    return bound(this).askAll(As.value, "xackdel", all, key, group);
  }

  /** Deletes entries; what became of each is as in Redis: see Deletion. */
  xdelex(key: Value, ids: Several, more?: ReferenceOptions): Reply<M, Deletion[]> {
    const words = wordsOf([ids]);
    if (isEmpty([ids], words)) return bound(this).answer([]);
    const all = [...(options.xdelex.words(more) ?? []), "IDS", words.length, ...words];
    return bound(this).askAll(As.value, "xdelex", all, key);
  }

  /**
   * Gives entries back, so that whoever claims them has them, and returns how many. Their delivery
   * does not count ("silent"), counts ("fail"), or counts as if they could never succeed ("fatal").
   */
  xnack(
    key: Value,
    group: Value,
    mode: "silent" | "fail" | "fatal",
    ids: Several,
    more?: { readonly retrycount?: number | undefined; readonly force?: boolean | undefined },
  ): Reply<M, number> {
    const words = wordsOf([ids]);
    if (isEmpty([ids], words)) return bound(this).answer(0);
    const all = ["IDS", words.length, ...words, ...(options.xnack.words(more) ?? [])];
    return bound(this).askAll(As.value, "xnack", all, key, group, mode);
  }

  /** What is pending in a group: a summary or, with a range, entry by entry. */
  xpending(key: Value, group: Value): Reply<M, PendingSummary<M["text"]>>;
  xpending(key: Value, group: Value, range: PendingRange): Reply<M, PendingEntry<M["text"]>[]>;
  xpending(
    key: Value,
    group: Value,
    range?: PendingRange,
  ): Reply<M, PendingSummary<M["text"]> | PendingEntry<M["text"]>[]> {
    if (range === undefined) return bound(this).ask(As.pending, "xpending", key, group);
    checkOptions("xpending", range, rangeNames);
    const { start = "-", end = "+", count, consumer, idle } = range;
    const words: Value[] = idle === undefined ? [] : ["IDLE", idle];
    words.push(start, end, count);
    if (consumer !== undefined) words.push(consumer);
    return bound(this).askAll(As.deliveries, "xpending", words, key, group);
  }

  /**
   * Gives a consumer what has been pending for others for so many milliseconds, and returns those
   * entries or, with `justid`, their IDs.
   */
  xclaim(
    key: Value,
    group: Value,
    consumer: Value,
    minIdleMs: number,
    ids: Several,
    more: XclaimOptions & { readonly justid: true },
  ): Reply<M, string[]>;
  xclaim(
    key: Value,
    group: Value,
    consumer: Value,
    minIdleMs: number,
    ids: Several,
    more?: XclaimOptions,
  ): Reply<M, StreamEntry<M["text"]>[]>;
  xclaim(
    key: Value,
    group: Value,
    consumer: Value,
    minIdleMs: number,
    ids: Several,
    more?: XclaimOptions & { readonly justid?: boolean },
  ): Reply<M, StreamEntry<M["text"]>[] | string[]> {
    const words = wordsOf([ids]);
    if (isEmpty([ids], words)) return bound(this).answer([]);
    const all = [minIdleMs, ...words, ...(options.xclaim.words(more) ?? [])];
    const as = more?.justid === true ? As.ids : As.entries;
    return bound(this).askAll(as, "xclaim", all, key, group, consumer);
  }

  /** As xclaim, of whatever is pending from an ID on: see Claims. */
  xautoclaim(
    key: Value,
    group: Value,
    consumer: Value,
    minIdleMs: number,
    start: Value | undefined,
    more: { readonly count?: number | undefined; readonly justid: true },
  ): Reply<M, Claims<string>>;
  xautoclaim(
    key: Value,
    group: Value,
    consumer: Value,
    minIdleMs: number,
    start?: Value,
    more?: { readonly count?: number | undefined },
  ): Reply<M, Claims<StreamEntry<M["text"]>>>;
  xautoclaim(
    key: Value,
    group: Value,
    consumer: Value,
    minIdleMs: number,
    start: Value = "-",
    more?: { readonly count?: number | undefined; readonly justid?: boolean },
  ): Reply<M, Claims<StreamEntry<M["text"]> | string>> {
    const words = [minIdleMs, start, ...(options.xautoclaim.words(more) ?? [])];
    return bound(this).askAll(As.claims, "xautoclaim", words, key, group, consumer);
  }
}
