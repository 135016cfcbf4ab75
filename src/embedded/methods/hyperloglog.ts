// The methods for HyperLogLogs. What each command does in full: redis.io/docs/latest/commands.

import { wordsOf } from "../request.ts";
import { type AnyMode, As, type Reply, type Several, type Value, type Values } from "../values.ts";
import { Asking, bound } from "./asking.ts";

export abstract class HyperLogLogMethods<M extends AnyMode> extends Asking<M> {
  /** Adds elements: 1 if that changes the number that is estimated, or the key is new, else 0. */
  pfadd(key: Value, ...elements: readonly Several[]): Reply<M, 0 | 1> {
    return bound(this).askAll(As.value, "pfadd", wordsOf(elements), key);
  }

  /** About how many different elements were added to one, or to several together. */
  pfcount(...keys: Values): Reply<M, number> {
    const words = wordsOf(keys);
    if (words.length === 0) return bound(this).answer(0);
    return bound(this).askAll(As.value, "pfcount", words);
  }

  /** Adds to the first what was added to the others. */
  pfmerge(destination: Value, ...sources: readonly Several[]): Reply<M, "OK"> {
    return bound(this).askAll(As.value, "pfmerge", wordsOf(sources), destination);
  }
}
