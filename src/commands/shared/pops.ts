// What LMPOP, BLMPOP, ZMPOP and BZMPOP take: how many keys, the keys, the end from which to take,
// and how many elements. A waiting one's timeout is argument 1, and is looked at last.

import type { Context } from "../../engine/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import { readTimeout } from "./timeouts.ts";
import { COUNT } from "./words.ts";

const countNotPositive = errorLine("ERR count should be greater than 0");

/** The options of the request that is being executed. Reused. */
export class PopOptions {
  /** The keys are the arguments from `first` to before `end`. */
  first = 0;
  end = 0;
  /** What `endOf` made of the word behind them. */
  from = 0;
  count = 1;
  timeoutMs = 0;

  /**
   * Reads them from argument `n` on; false when an error has been replied.
   * @param endOf the end that argument i names, or below 0 where it names none
   */
  read(
    c: Context,
    n: number,
    waits: boolean,
    endOf: (args: Arguments, i: number) => number,
  ): boolean {
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
    this.timeoutMs = waits ? readTimeout(c, 1) : 0;
    return this.timeoutMs >= 0;
  }
}

export const popOptions: PopOptions = new PopOptions();

function refused(c: Context, error: Uint8Array): boolean {
  c.reply.error(error);
  return false;
}
