// The bounds of ranges of sorted sets, as ZRANGE and its kin take them: of scores "5", "(5" (not 5
// itself), "-inf", "+inf"; of members "[a", "(a" (not a itself), "-" and "+" (the ends).

import { asciiBytes } from "../../base/bytes.ts";
import { parseDouble } from "../../base/doubles.ts";
import type { Context } from "../../engine/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import { type SortedSets, sortedSetsOf } from "../../types/sorted-sets.ts";
import { sliceEnd, sliceStart } from "../shared/slices.ts";

/** By what a range is bounded. */
export const By = { rank: 0, score: 1, lex: 2 } as const;

const notScores = errorLine("ERR min or max is not a float");
const notMembers = errorLine("ERR min or max not valid string range item");

const OPEN = 0x28; // (
const CLOSED = 0x5b; // [
const MINUS = asciiBytes("-");
const PLUS = asciiBytes("+");

/** The range of ranks that one request asks for: readRange, then findRange. Reused. */
export class MemberRange {
  /** The members in the range: `count` of them from this rank on. */
  from = 0;
  count = 0;
  #by: number = By.rank;
  #min = 0;
  #max = 0;
  // Whether the bounds themselves are outside; of members, the arguments that are bounds, or 0.
  #isAboveMin = false;
  #isBelowMax = false;
  #minAt = 0;
  #maxAt = 0;
  #isNothing = false;

  /** Reads the bounds at arguments `min` and `max`; false when an error has been replied. */
  read(c: Context, by: number, min: number, max: number): boolean {
    this.#by = by;
    this.#isNothing = false;
    const { args, reply } = c;
    if (by === By.rank) {
      this.#min = args.index(min);
      this.#max = args.index(max);
      if (!Number.isNaN(this.#min) && !Number.isNaN(this.#max)) return true;
      reply.error(Errors.notInteger);
      return false;
    }
    this.#isAboveMin = args.length(min) > 0 && args.bytes[args.starts[min]] === OPEN;
    this.#isBelowMax = args.length(max) > 0 && args.bytes[args.starts[max]] === OPEN;
    if (by === By.lex) return this.#readMembers(c, min, max);
    this.#min = readScore(args, min, this.#isAboveMin);
    this.#max = readScore(args, max, this.#isBelowMax);
    if (!Number.isNaN(this.#min) && !Number.isNaN(this.#max)) return true;
    reply.error(notScores);
    return false;
  }

  #readMembers(c: Context, min: number, max: number): boolean {
    const { args } = c;
    if (!isMemberBound(args, min) || !isMemberBound(args, max)) {
      c.reply.error(notMembers);
      return false;
    }
    this.#minAt = args.is(min, MINUS) ? 0 : min;
    this.#maxAt = args.is(max, PLUS) ? 0 : max;
    this.#isNothing = args.is(min, PLUS) || args.is(max, MINUS);
    return true;
  }

  /** Finds the range in a sorted set. */
  find(c: Context, entry: number): void {
    const sets = sortedSetsOf(c);
    const size = sets.count(entry);
    let to: number;
    if (this.#by === By.rank) {
      this.from = sliceStart(this.#min, size);
      to = sliceEnd(this.#max, size);
    } else if (this.#by === By.score) {
      this.from = sets.rankOfScore(entry, this.#min, this.#isAboveMin);
      to = sets.rankOfScore(entry, this.#max, !this.#isBelowMax);
    } else {
      const { args } = c;
      this.from = this.#minAt === 0 ? 0 : rankOf(sets, entry, args, this.#minAt, this.#isAboveMin);
      to = this.#maxAt === 0 ? size : rankOf(sets, entry, args, this.#maxAt, !this.#isBelowMax);
    }
    this.count = this.#isNothing ? 0 : Math.max(0, to - this.from);
  }
}

/** The range of the request that is being executed. */
export const memberRange: MemberRange = new MemberRange();

/** The rank of the member behind the first byte of argument i. */
function rankOf(
  sets: SortedSets,
  entry: number,
  args: Arguments,
  i: number,
  orEqual: boolean,
): number {
  return sets.rankOfBytes(entry, args.bytes, args.starts[i] + 1, args.ends[i], orEqual);
}

function isMemberBound(args: Arguments, i: number): boolean {
  if (args.is(i, MINUS) || args.is(i, PLUS)) return true;
  const first = args.length(i) === 0 ? 0 : args.bytes[args.starts[i]];
  return first === OPEN || first === CLOSED;
}

/**
 * Argument i, without its first byte if `isOpen`, as C's strtod reads a score: nothing is 0, spaces
 * may stand in front, what is too large is infinite and what is too small 0. NaN when it is none.
 */
function readScore(args: Arguments, i: number, isOpen: boolean): number {
  const { bytes } = args;
  const end = args.ends[i];
  let start = args.starts[i] + (isOpen ? 1 : 0);
  const score = parseDouble(bytes, start, end);
  if (!Number.isNaN(score)) return score;
  while (start < end && (bytes[start] === 0x20 || (bytes[start] >= 9 && bytes[start] <= 13))) {
    start++;
  }
  if (start === end) return start === args.starts[i] + (isOpen ? 1 : 0) ? 0 : Number.NaN;
  const trimmed = parseDouble(bytes, start, end);
  if (!Number.isNaN(trimmed)) return trimmed;
  const text = String.fromCharCode(...bytes.subarray(start, Math.min(end, start + 512)));
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}
