// What the families of methods stand on: a method names its command, its arguments and how the
// reply is to be read; ask() does the rest. In a database it executes the command at once and
// returns the result; in a multi() it queues the command and returns the multi().

import { byteCount } from "../../base/realms.ts";
import type { AnyMode, As, Pairs, Reply, Value } from "../values.ts";

export abstract class Asking<M extends AnyMode> {
  /**
   * Makes a request of a command's name and up to four arguments, the first undefined ending them.
   */
  protected abstract ask<V>(
    as: As,
    name: string,
    a?: Value,
    b?: Value,
    c?: Value,
    d?: Value,
  ): Reply<M, V>;

  /** As ask, with as many `words` as there are behind the arguments; undefined: none. */
  protected abstract askAll<V>(
    as: As,
    name: string,
    words: readonly Value[] | undefined,
    a?: Value,
    b?: Value,
    c?: Value,
  ): Reply<M, V>;

  /** As askAll, of a command that runs a script, which may be given no more time than so much. */
  protected abstract askScript<V>(name: string, words: readonly Value[]): Reply<M, V>;

  /** Asks, and what that writes is to be on the disk; see WriteOptions. */
  protected abstract safely<V>(ask: () => V): V;

  /** Asks nothing: the result is known to be `value`, since there is nothing to do. */
  protected abstract answer<V>(value: V): Reply<M, V>;
}

/**
 * The object that a method was called on. Throws where there is none, because the method was taken
 * from it: `keys.map(db.get)`.
 */
export function bound<T>(self: T): T {
  if (self === undefined) {
    throw new TypeError(
      "a method was called without its database, as in keys.map(db.get): write " +
        "keys.map((key) => db.get(key))",
    );
  }
  return self;
}

/** Whether values were given, and there are none: an array or another iterable that is empty. */
export function isEmpty(values: readonly unknown[], words: readonly unknown[]): boolean {
  return words.length === 0 && values.length > 0;
}

/** Fields and values one after the other, from any of the forms in which they may be given. */
export function flatPairs(first: Value | Pairs, rest: readonly Value[]): readonly Value[] {
  if (typeof first !== "object" || first === null || byteCount(first) >= 0) {
    return [first as Value, ...rest];
  }
  const flat: Value[] = [];
  if (Symbol.iterator in first) {
    for (const pair of first as Iterable<readonly [Value, Value]>) {
      if (typeof pair !== "object" || pair === null) {
        throw new TypeError(`pairs are arrays of two, [field, value], not ${typeof pair}`);
      }
      const [field, value] = pair;
      flat.push(field, value);
    }
  } else {
    const fields = first as Readonly<Record<string, Value>>;
    for (const field of Object.keys(fields)) flat.push(field, fields[field]);
  }
  return flat;
}

/** Options of SCAN and its kin. */
export interface ScanOptions {
  /** Only what matches this glob pattern. */
  readonly match?: Value;
  /** Roughly how many elements to look at in this step. */
  readonly count?: number;
}
