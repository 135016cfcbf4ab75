// Commands that take elements from the first of several keys that has any: LMPOP and ZMPOP, and
// those that wait until one has, BLPOP, BLMPOP, BZPOPMIN, BZMPOP and their kin. Here stands what
// they ask for; how elements are taken is each type's own.

import type { ArgumentDoc } from "../../engine/command.ts";
import type { Context } from "../../engine/context.ts";
import { orNullArray, type Wait } from "../../engine/wait.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import { keysArg, numkeysArg } from "./argument-docs.ts";
import { readTimeout } from "./timeouts.ts";
import { COUNT } from "./words.ts";

export const countNotPositive: Uint8Array = errorLine("ERR count should be greater than 0");

/** What the commands wait for: a value of this Type. Without one they reply a null array. */
export function waitForType(wanted: number): Wait {
  return {
    wakes: (type) => type === wanted,
    likeness: () => `type ${wanted}`,
    hearsAll: false,
    ...orNullArray,
  };
}

/** The arguments of those that say how many keys there are; `where` is the end to take from. */
export function popArgs(where: ArgumentDoc): readonly ArgumentDoc[] {
  const count: ArgumentDoc = { name: "count", type: "integer", token: "COUNT", optional: true };
  return [numkeysArg, keysArg, where, count];
}

/** What the request that is being executed asks for. Reused. */
export class PopRequest {
  /** The keys are the arguments from `first` to before `end`. */
  first = 0;
  end = 0;
  /** What `endOf` made of the word behind them. */
  from = 0;
  count = 1;
  /** The argument that is the key which find() found. */
  found = 0;
  #waits = false;
  #timeoutMs = 0;

  /** Reads keys, and a timeout behind them; false when an error has been replied. */
  readKeys(c: Context): boolean {
    this.first = 1;
    this.end = c.args.count - 1;
    return this.#readTimeout(c, this.end);
  }

  /**
   * Reads from argument `n` on how many keys there are, the keys, the end to take from and how many
   * elements; false when an error has been replied. With n = 2 argument 1 is a timeout, which is
   * looked at last.
   * @param endOf the end that argument i names, or below 0 where it names none
   */
  readCounted(c: Context, n: 1 | 2, endOf: (args: Arguments, i: number) => number): boolean {
    const { args } = c;
    const keys = args.integer(n);
    if (!(keys > 0)) return refused(c, Errors.numkeysNotPositive);
    this.first = n + 1;
    this.end = n + keys + 1;
    if (this.end >= args.count) return refused(c, Errors.syntax);
    this.from = endOf(args, this.end);
    if (this.from < 0) return refused(c, Errors.syntax);
    this.count = 1;
    const rest = args.count - this.end - 1;
    if (rest > 0) {
      if (rest === 1 || !args.is(this.end + 1, COUNT)) return refused(c, Errors.syntax);
      this.count = args.index(this.end + 2);
      if (!(this.count > 0)) return refused(c, countNotPositive);
      if (rest > 2) return refused(c, Errors.syntax);
    }
    this.#waits = false;
    return n === 1 || this.#readTimeout(c, 1);
  }

  #readTimeout(c: Context, i: number): boolean {
    this.#waits = true;
    this.#timeoutMs = readTimeout(c, i);
    return this.#timeoutMs >= 0;
  }

  /**
   * The entry of the first key that holds a value of this Type; 0 where none does, and null was
   * replied or the client waits; below 0 when an error has been replied.
   */
  find(c: Context, type: number): number {
    const { first, end } = this;
    for (let i = first; i < end; i++) {
      const entry = c.findTypedForWrite(i, type);
      if (entry === 0) continue;
      this.found = i;
      return entry;
    }
    if (this.#waits) c.block(first, end - 1, this.#timeoutMs);
    else c.reply.nullArray();
    return 0;
  }
}

export const popRequest: PopRequest = new PopRequest();

function refused(c: Context, error: Uint8Array): boolean {
  c.reply.error(error);
  return false;
}
