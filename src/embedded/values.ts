// The types of what goes in and comes out. Every command is one method, written once in a family's
// file; a `Mode` says what texts come out as (strings or bytes) and what a method returns for its
// result: that result where it executes at once, the multi() where it is queued (see Queued there).

/** What texts come out as. */
export type Text = string | Uint8Array;

/** What goes in: strings as UTF-8, bytes as they are, numbers as their decimal text. */
export type Value = string | Uint8Array | number | bigint;

/** A value, or any iterable of them: an array, a Set, what a generator yields. */
export type Several = Value | Iterable<Value>;

/** Where several values go: `db.del("a", "b")`, `db.del(keys)`, `db.del("a", others)`. */
export type Values = readonly [Several, ...Several[]];

/** How a family's methods behave: `reply` is what a method returns whose result is `value`. */
export interface Mode<T extends Text = Text> {
  readonly text: T;
  readonly value: unknown;
  readonly reply: unknown;
}

// biome-ignore lint/suspicious/noExplicitAny: any texts will do as a bound
export type AnyMode = Mode<any>;

/** Methods execute at once and return their results. */
export interface AtOnce<T extends Text = Text> extends Mode<T> {
  readonly reply: this["value"];
}

/** What a method returns whose command replies a V. */
export type Reply<M extends AnyMode, V> = (M & { readonly value: V })["reply"];

/**
 * The fields of a hash with their values: an object without a prototype, so that a field may have
 * any name; as bytes, pairs.
 */
export type Fields<T extends Text> = T extends string
  ? Record<string, string>
  : [field: Uint8Array, value: Uint8Array][];

/** An entry of a stream. Of a field that it has several times, text has the last value. */
export interface StreamEntry<T extends Text> {
  readonly id: string;
  readonly fields: Fields<T>;
}

/** An entry that a consumer was given; of one that was deleted since, only the ID is left. */
export interface DeliveredEntry<T extends Text> {
  readonly id: string;
  readonly fields: Fields<T> | null;
  /** Where it was asked for by `claim`: for how long it had been pending, in milliseconds. */
  readonly idle?: number;
  /** Likewise: how often it had been delivered before. */
  readonly deliveries?: number;
}

/** What is pending in a group: how much, from which ID to which, and how much for whom. */
export interface PendingSummary<T extends Text> {
  readonly count: number;
  readonly first: string | null;
  readonly last: string | null;
  readonly consumers: readonly (readonly [consumer: T, count: number])[];
}

/** An entry that is pending: for whom, for how many milliseconds, and how often delivered. */
export interface PendingEntry<T extends Text> {
  readonly id: string;
  /** Empty where it was given back. */
  readonly consumer: T;
  /** −1 where it was given back. */
  readonly idle: number;
  readonly deliveries: number;
}

/** What XAUTOCLAIM has claimed, from which ID to go on ("0-0": that was all), and what is gone. */
export interface Claims<E> {
  readonly next: string;
  readonly claimed: readonly E[];
  readonly gone: readonly string[];
}

/** Fields with values that go in: an object, a Map, or any other iterable of pairs. */
export type Pairs = Readonly<Record<string, Value>> | Iterable<readonly [Value, Value]>;

/** A common subsequence of two strings: its parts, the last first, and its length in bytes. */
export interface LcsMatches {
  readonly matches: readonly LcsMatch[];
  readonly len: number;
}

/** Where a part of it lies: its first and its last position in both strings. */
export interface LcsMatch {
  readonly a: readonly [first: number, last: number];
  readonly b: readonly [first: number, last: number];
  /** How many bytes it has. */
  readonly length: number;
}

/** How a reply is to be read; see reader.ts. */
export const As = {
  /** As it is: text, number, null, array … */
  value: 0,
  /** An array, whether the reply is one or a set. */
  list: 1,
  /** A map: see Fields. */
  fields: 2,
  /** A cursor and elements. */
  scan: 3,
  /** A cursor, and elements that are pairs. */
  scanPairs: 4,
  /** Bytes, whatever other strings are. */
  bytes: 5,
  /** A cursor, and elements that are pairs of a member and its score. */
  scanScores: 6,
  /** Where the parts of a common subsequence lie; see LcsMatches. */
  lcs: 7,
  /** The ID of an entry: text, whatever other strings are. */
  id: 8,
  /** Entries of a stream; see StreamEntry. */
  entries: 9,
  /** Streams, each with such entries. */
  streams: 10,
  /** IDs of entries. */
  ids: 11,
  /** See PendingSummary. */
  pending: 12,
  /** See PendingEntry. */
  deliveries: 13,
  /** See Claims. */
  claims: 14,
} as const;
export type As = (typeof As)[keyof typeof As];
