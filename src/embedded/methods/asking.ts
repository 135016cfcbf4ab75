// What the families of methods stand on: a method names its command, its arguments and how the
// reply is to be read; ask() does the rest. In a database it executes the command at once and
// returns the result; in a multi() it queues the command and returns the multi().

import type { AnyMode, Arg, As, Pairs, Reply, Value } from "../values.ts";

export abstract class Asking<M extends AnyMode> {
  /**
   * Makes a request of a command's name and up to five arguments (or arrays of them), the first
   * undefined ending them.
   */
  protected abstract ask<V>(
    as: As,
    name: string,
    a?: Arg,
    b?: Arg,
    c?: Arg,
    d?: Arg,
    e?: Arg,
  ): Reply<M, V>;
}

/** Fields and values one after the other, from any of the forms in which they may be given. */
export function flatPairs(first: Value | Pairs, rest: readonly Value[]): readonly Value[] {
  if (typeof first !== "object" || first instanceof Uint8Array) return [first, ...rest];
  const flat: Value[] = [];
  if (Symbol.iterator in first) for (const [field, value] of first) flat.push(field, value);
  else for (const field of Object.keys(first)) flat.push(field, first[field]);
  return flat;
}

/** Options of SCAN and its kin. */
export interface ScanOptions {
  /** Only what matches this glob pattern. */
  readonly match?: Value;
  /** Roughly how many elements to look at in this step. */
  readonly count?: number;
}
