// The methods for sorted sets. See also sortedSet() of the database: a live view.

import { SORTED_SET, sortedSetsOf } from "../../types/sorted-sets.ts";
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
import { Asking, bound, flatPairs, isEmpty, type ScanOptions } from "./asking.ts";

/** Members with scores that go in: an object, a Map, or any other iterable of pairs. */
export type Scores = Readonly<Record<string, Value>> | Iterable<readonly [Value, Value]>;

/** A member with its score. */
export type Scored<T extends Text> = [member: T, score: number];

/** What zadd does, and to which members. */
export interface ZaddOptions {
  /** Only adds members. */
  readonly nx?: boolean | undefined;
  /** Only changes scores of members that are there. */
  readonly xx?: boolean | undefined;
  /** Changes a score only to a greater one. */
  readonly gt?: boolean | undefined;
  /** Changes a score only to a smaller one. */
  readonly lt?: boolean | undefined;
  /** Counts members whose score changed as well. */
  readonly ch?: boolean | undefined;
}

/** Of what a range consists. */
export interface RangeOptions {
  /** The bounds are scores, and not ranks. */
  readonly byscore?: boolean | undefined;
  /** The bounds are members: "[a", "(a", "-", "+". */
  readonly bylex?: boolean | undefined;
  /** From the last one backwards; the bounds are given in that order, too. */
  readonly rev?: boolean | undefined;
  /** Of those, with byscore or bylex: how many are passed over, and up to how many come. */
  readonly limit?: readonly [offset: number, count: number] | undefined;
}

type Aggregate = "sum" | "min" | "max" | "count";

/** How scores of a member that several sorted sets have become one. */
export interface CombineOptions {
  /** What the scores of each sorted set are multiplied by. */
  readonly weights?: readonly number[] | undefined;
  /** "COUNT" asks for no scores, and adds the weights of the sorted sets that have the member. */
  readonly aggregate?: Uppercase<Aggregate> | Aggregate | undefined;
}

const range = { byscore: "flag", bylex: "flag", rev: "flag", limit: "values" } as const;
const combine = { weights: "values", aggregate: "value" } as const;
const withscores = { withscores: "flag" } as const;
const limited = { limit: "values", ...withscores } as const;
const zaddFlags = { nx: "flag", xx: "flag", gt: "flag", lt: "flag", ch: "flag" } as const;

const options = {
  zadd: new Options("zadd", zaddFlags),
  zrank: new Options("zrank", { withscore: "flag" }),
  zrevrank: new Options("zrevrank", { withscore: "flag" }),
  zrange: new Options("zrange", { ...range, ...withscores }),
  zrangestore: new Options("zrangestore", range),
  zrevrange: new Options("zrevrange", withscores),
  zrangebyscore: new Options("zrangebyscore", limited),
  zrevrangebyscore: new Options("zrevrangebyscore", limited),
  zrangebylex: new Options("zrangebylex", { limit: "values" }),
  zrevrangebylex: new Options("zrevrangebylex", { limit: "values" }),
  zmpop: new Options("zmpop", { count: "value" }),
  zunion: new Options("zunion", { ...combine, ...withscores }),
  zinter: new Options("zinter", { ...combine, ...withscores }),
  zdiff: new Options("zdiff", withscores),
  zunionstore: new Options("zunionstore", combine),
  zinterstore: new Options("zinterstore", combine),
  zintercard: new Options("zintercard", { limit: "value" }),
  zrandmember: new Options("zrandmember", withscores),
  zscan: new Options("zscan", { match: "value", count: "value" }),
};

/** The overloads that all share whose options ask for scores. */
type WithScores<O = object> = O & { readonly withscores: true };
type WithoutScores<O = object> = O & { readonly withscores?: false | undefined };

export abstract class SortedSetMethods<M extends AnyMode> extends Asking<M> {
  /**
   * Adds members, or changes their scores, and returns how many are new: `zadd("z", { ann: 1 })`,
   * also with a Map or any pairs of member and score; or, as in Redis, `zadd("z", 1, "ann")`.
   */
  zadd(key: Value, members: Scores, options?: ZaddOptions): Reply<M, number>;
  zadd(key: Value, score: Value, member: Value, ...more: Value[]): Reply<M, number>;
  zadd(
    key: Value,
    first: Value | Scores,
    second?: Value | ZaddOptions,
    ...rest: Value[]
  ): Reply<M, number> {
    const on = bound(this);
    if (typeof first !== "object" || ArrayBuffer.isView(first)) {
      return on.askAll(As.value, "zadd", rest, key, first as Value, second as Value);
    }
    const words = [...(options.zadd.words(second as ZaddOptions | undefined) ?? [])];
    const pairs = flatPairs(first, []);
    if (pairs.length === 0) return on.answer(0);
    for (let i = 0; i < pairs.length; i += 2) words.push(pairs[i + 1], pairs[i]);
    return on.askAll(As.value, "zadd", words, key);
  }

  /** Adds to the score of a member, which is 0 if it is not there, and returns the sum. */
  zincrby(key: Value, increment: number, member: Value): Reply<M, number> {
    return bound(this).ask(As.value, "zincrby", key, increment, member);
  }

  /** Takes members out and returns how many there were. */
  zrem(key: Value, ...members: Values): Reply<M, number> {
    const words = wordsOf(members);
    if (isEmpty(members, words)) return bound(this).answer(0);
    return bound(this).askAll(As.value, "zrem", words, key);
  }

  /** How many members the sorted set has. */
  zcard(key: Value): Reply<M, number> {
    return bound(this).ask(As.value, "zcard", key);
  }

  /** The score of a member, or null. */
  zscore(key: Value, member: Value): Reply<M, number | null> {
    return bound(this).ask(As.value, "zscore", key, member);
  }

  /** The scores of several members, null for each that is not there. */
  zmscore(key: Value, ...members: Values): Reply<M, (number | null)[]> {
    const words = wordsOf(members);
    if (isEmpty(members, words)) return bound(this).answer([]);
    return bound(this).askAll(As.value, "zmscore", words, key);
  }

  /** How many members have lower scores than this one, or null where it is not there. */
  zrank(key: Value, member: Value): Reply<M, number | null>;
  zrank(
    key: Value,
    member: Value,
    options: { readonly withscore: true },
  ): Reply<M, [rank: number, score: number] | null>;
  zrank(key: Value, member: Value, more?: { readonly withscore?: boolean }): Reply<M, unknown> {
    return bound(this).askAll(As.value, "zrank", options.zrank.words(more), key, member);
  }

  /** How many members have higher scores than this one, or null where it is not there. */
  zrevrank(key: Value, member: Value): Reply<M, number | null>;
  zrevrank(
    key: Value,
    member: Value,
    options: { readonly withscore: true },
  ): Reply<M, [rank: number, score: number] | null>;
  zrevrank(key: Value, member: Value, more?: { readonly withscore?: boolean }): Reply<M, unknown> {
    return bound(this).askAll(As.value, "zrevrank", options.zrevrank.words(more), key, member);
  }

  /** How many members have scores from `min` to `max` ("(5": 5 itself is not meant). */
  zcount(key: Value, min: Value, max: Value): Reply<M, number> {
    return bound(this).ask(As.value, "zcount", key, min, max);
  }

  /** How many members are from `min` to `max` ("[a", "(a", "-", "+"), all scores being equal. */
  zlexcount(key: Value, min: Value, max: Value): Reply<M, number> {
    return bound(this).ask(As.value, "zlexcount", key, min, max);
  }

  /**
   * The members from one rank to another (−1 is the last), or, by the options, from one score or
   * member to another; with `withscores`, [member, score] pairs.
   */
  zrange(
    key: Value,
    start: Value,
    stop: Value,
    options: WithScores<RangeOptions>,
  ): Reply<M, Scored<M["text"]>[]>;
  zrange(
    key: Value,
    start: Value,
    stop: Value,
    options?: WithoutScores<RangeOptions>,
  ): Reply<M, M["text"][]>;
  zrange(
    key: Value,
    start: Value,
    stop: Value,
    more?: RangeOptions & { readonly withscores?: boolean | undefined },
  ): Reply<M, unknown[]> {
    return bound(this).askAll(As.list, "zrange", options.zrange.words(more), key, start, stop);
  }

  /** Stores what zrange returns and returns how many members that is. */
  zrangestore(
    destination: Value,
    source: Value,
    start: Value,
    stop: Value,
    more?: RangeOptions,
  ): Reply<M, number> {
    const words = [start, stop, ...(options.zrangestore.words(more) ?? [])];
    return bound(this).askAll(As.value, "zrangestore", words, destination, source);
  }

  /** As zrange by rank, from the highest score on. */
  zrevrange(
    key: Value,
    start: number,
    stop: number,
    options: WithScores,
  ): Reply<M, Scored<M["text"]>[]>;
  zrevrange(
    key: Value,
    start: number,
    stop: number,
    options?: WithoutScores,
  ): Reply<M, M["text"][]>;
  zrevrange(
    key: Value,
    start: number,
    stop: number,
    more?: { readonly withscores?: boolean | undefined },
  ): Reply<M, unknown[]> {
    const words = options.zrevrange.words(more);
    return bound(this).askAll(As.list, "zrevrange", words, key, start, stop);
  }

  /** The members with scores from `min` to `max`. */
  zrangebyscore(
    key: Value,
    min: Value,
    max: Value,
    options: WithScores<Pick<RangeOptions, "limit">>,
  ): Reply<M, Scored<M["text"]>[]>;
  zrangebyscore(
    key: Value,
    min: Value,
    max: Value,
    options?: WithoutScores<Pick<RangeOptions, "limit">>,
  ): Reply<M, M["text"][]>;
  zrangebyscore(key: Value, min: Value, max: Value, more?: object): Reply<M, unknown[]> {
    const words = options.zrangebyscore.words(more);
    return bound(this).askAll(As.list, "zrangebyscore", words, key, min, max);
  }

  /** The members with scores from `max` down to `min`. */
  zrevrangebyscore(
    key: Value,
    max: Value,
    min: Value,
    options: WithScores<Pick<RangeOptions, "limit">>,
  ): Reply<M, Scored<M["text"]>[]>;
  zrevrangebyscore(
    key: Value,
    max: Value,
    min: Value,
    options?: WithoutScores<Pick<RangeOptions, "limit">>,
  ): Reply<M, M["text"][]>;
  zrevrangebyscore(key: Value, max: Value, min: Value, more?: object): Reply<M, unknown[]> {
    const words = options.zrevrangebyscore.words(more);
    return bound(this).askAll(As.list, "zrevrangebyscore", words, key, max, min);
  }

  /** The members from `min` to `max`, all scores being equal. */
  zrangebylex(
    key: Value,
    min: Value,
    max: Value,
    more?: Pick<RangeOptions, "limit">,
  ): Reply<M, M["text"][]> {
    const words = options.zrangebylex.words(more);
    return bound(this).askAll(As.list, "zrangebylex", words, key, min, max);
  }

  /** The members from `max` down to `min`, all scores being equal. */
  zrevrangebylex(
    key: Value,
    max: Value,
    min: Value,
    more?: Pick<RangeOptions, "limit">,
  ): Reply<M, M["text"][]> {
    const words = options.zrevrangebylex.words(more);
    return bound(this).askAll(As.list, "zrevrangebylex", words, key, max, min);
  }

  /** Takes the members from one rank to another out and returns how many. */
  zremrangebyrank(key: Value, start: number, stop: number): Reply<M, number> {
    return bound(this).ask(As.value, "zremrangebyrank", key, start, stop);
  }

  /** Takes the members with scores from `min` to `max` out and returns how many. */
  zremrangebyscore(key: Value, min: Value, max: Value): Reply<M, number> {
    return bound(this).ask(As.value, "zremrangebyscore", key, min, max);
  }

  /** Takes the members from `min` to `max` out, all scores being equal, and returns how many. */
  zremrangebylex(key: Value, min: Value, max: Value): Reply<M, number> {
    return bound(this).ask(As.value, "zremrangebylex", key, min, max);
  }

  /** Takes the member with the lowest score, [] if there is none; with `count`, up to so many. */
  zpopmin(key: Value): Reply<M, Scored<M["text"]> | []>;
  zpopmin(key: Value, count: number): Reply<M, Scored<M["text"]>[]>;
  zpopmin(key: Value, count?: number): Reply<M, unknown[]> {
    return bound(this).ask(As.list, "zpopmin", key, count);
  }

  /** Takes the member with the highest score, [] if there is none; with `count`, up to so many. */
  zpopmax(key: Value): Reply<M, Scored<M["text"]> | []>;
  zpopmax(key: Value, count: number): Reply<M, Scored<M["text"]>[]>;
  zpopmax(key: Value, count?: number): Reply<M, unknown[]> {
    return bound(this).ask(As.list, "zpopmax", key, count);
  }

  /** Takes members from the first sorted set that has any, and says its key; null: none has. */
  zmpop(
    keys: Several,
    where: "MIN" | "MAX" | "min" | "max",
    more?: { readonly count?: number },
  ): Reply<M, [key: M["text"], members: Scored<M["text"]>[]] | null> {
    const words = wordsOf([keys]);
    const behind = [where, ...(options.zmpop.words(more) ?? [])];
    return bound(this).askAll(As.value, "zmpop", [words.length, ...words, ...behind]);
  }

  /** The members that any of the sorted sets has; with `withscores`, [member, score] pairs. */
  zunion(keys: Several, options: WithScores<CombineOptions>): Reply<M, Scored<M["text"]>[]>;
  zunion(keys: Several, options?: WithoutScores<CombineOptions>): Reply<M, M["text"][]>;
  zunion(keys: Several, more?: object): Reply<M, unknown[]> {
    return bound(this).askAll(As.list, "zunion", counted(keys, options.zunion.words(more)));
  }

  /** The members that all of the sorted sets have; with `withscores`, [member, score] pairs. */
  zinter(keys: Several, options: WithScores<CombineOptions>): Reply<M, Scored<M["text"]>[]>;
  zinter(keys: Several, options?: WithoutScores<CombineOptions>): Reply<M, M["text"][]>;
  zinter(keys: Several, more?: object): Reply<M, unknown[]> {
    return bound(this).askAll(As.list, "zinter", counted(keys, options.zinter.words(more)));
  }

  /** The members of the first sorted set that no other has; with `withscores`, pairs. */
  zdiff(keys: Several, options: WithScores): Reply<M, Scored<M["text"]>[]>;
  zdiff(keys: Several, options?: WithoutScores): Reply<M, M["text"][]>;
  zdiff(keys: Several, more?: object): Reply<M, unknown[]> {
    return bound(this).askAll(As.list, "zdiff", counted(keys, options.zdiff.words(more)));
  }

  /** Stores what zunion returns and returns how many members that is. */
  zunionstore(destination: Value, keys: Several, more?: CombineOptions): Reply<M, number> {
    const words = counted(keys, options.zunionstore.words(more));
    return bound(this).askAll(As.value, "zunionstore", words, destination);
  }

  /** Stores what zinter returns and returns how many members that is. */
  zinterstore(destination: Value, keys: Several, more?: CombineOptions): Reply<M, number> {
    const words = counted(keys, options.zinterstore.words(more));
    return bound(this).askAll(As.value, "zinterstore", words, destination);
  }

  /** Stores what zdiff returns and returns how many members that is. */
  zdiffstore(destination: Value, ...keys: Values): Reply<M, number> {
    const words = wordsOf(keys);
    return bound(this).askAll(As.value, "zdiffstore", [words.length, ...words], destination);
  }

  /** How many members all of the sorted sets have, counted up to `limit`. */
  zintercard(keys: Several, more?: { readonly limit?: number }): Reply<M, number> {
    return bound(this).askAll(
      As.value,
      "zintercard",
      counted(keys, options.zintercard.words(more)),
    );
  }

  /**
   * A random member, or null; with `count`, several distinct ones (negative: each drawn by itself);
   * with `withscores`, [member, score] pairs.
   */
  zrandmember(key: Value): Reply<M, M["text"] | null>;
  zrandmember(key: Value, count: number, options: WithScores): Reply<M, Scored<M["text"]>[]>;
  zrandmember(key: Value, count: number, options?: WithoutScores): Reply<M, M["text"][]>;
  zrandmember(key: Value, count?: number, more?: object): Reply<M, unknown> {
    if (count === undefined) return bound(this).ask(As.value, "zrandmember", key);
    const words = options.zrandmember.words(more);
    return bound(this).askAll(As.list, "zrandmember", words, key, count);
  }

  /** One step through the members; begin with cursor 0 and go on until it comes back as 0. */
  zscan(
    key: Value,
    cursor: number,
    more?: ScanOptions,
  ): Reply<M, [cursor: number, members: Scored<M["text"]>[]]> {
    return bound(this).askAll(As.scanScores, "zscan", options.zscan.words(more), key, cursor);
  }
}

/** How many keys there are, the keys, and words behind them. */
function counted(keys: Several, behind: readonly Value[] | undefined): Value[] {
  const words = wordsOf([keys]);
  return [words.length, ...words, ...(behind ?? [])];
}

// Short ways; see short-ways.ts.

const ZSCORE = shortWay("zscore");
const ZCARD = shortWay("zcard");

export abstract class ShortSortedSetMethods<T extends Text> extends SortedSetMethods<AtOnce<T>> {
  override zscore(key: Value, member: Value): number | null {
    const core = coreOf(bound(this));
    const db = dbOf(this);
    core.begin(db);
    core.request.beginKey(key);
    core.request.add(member);
    const score =
      core.member === null
        ? findScore(core, db)
        : core.look(findScore, db, this, core.counted[ZSCORE]);
    return score === undefined ? this.ask(As.value, "zscore", key, member) : score;
  }

  override zcard(key: Value): number {
    const core = coreOf(bound(this));
    const db = dbOf(this);
    core.begin(db);
    core.request.beginKey(key);
    const count =
      core.member === null
        ? findCount(core, db)
        : core.look(findCount, db, this, core.counted[ZCARD]);
    return count === undefined ? this.ask(As.value, "zcard", key) : count;
  }
}

function findScore(core: Core, db: number): number | null | undefined {
  const { counted, context, request } = core;
  const entry = look(core, db, counted[ZSCORE], SORTED_SET);
  if (entry === ORDINARY) return undefined;
  const { bytes, starts, ends } = request.args;
  const sets = sortedSetsOf(context);
  return entry !== 0 && sets.find(entry, bytes, starts[1], ends[1]) ? sets.score : null;
}

function findCount(core: Core, db: number): number | undefined {
  const { counted, context } = core;
  const entry = look(core, db, counted[ZCARD], SORTED_SET);
  if (entry === ORDINARY) return undefined;
  return entry === 0 ? 0 : sortedSetsOf(context).count(entry);
}
