// Times in arguments: seconds or milliseconds, from now or since 1970, as a deadline in
// milliseconds since 1970. Rules and texts are those of Redis 7.2 (getExpireMillisecondsOrReply).
//
// A deadline is a 64-bit float: exact for every millisecond of the next 285,000 years, and rounded
// to at most 1024 ms beyond that (Redis keeps 64-bit integers there).

import { asciiBytes } from "../../base/bytes.ts";
import { INT64_MAX } from "../../base/integers.ts";
import type { Context } from "../../engine/context.ts";
import { Errors } from "../../protocol/errors.ts";

/** What a number in an option means. */
export const Unit = { seconds: 1, ms: 2, atSeconds: 3, atMs: 4 } as const;

const EX = asciiBytes("ex");
const PX = asciiBytes("px");
const EXAT = asciiBytes("exat");
const PXAT = asciiBytes("pxat");

/** The unit that an option such as EX gives its number in, or 0 for another word. */
export function unitOption(c: Context, i: number): number {
  const length = c.args.length(i);
  if (length === 2) return c.args.is(i, EX) ? Unit.seconds : c.args.is(i, PX) ? Unit.ms : 0;
  if (length !== 4) return 0;
  return c.args.is(i, EXAT) ? Unit.atSeconds : c.args.is(i, PXAT) ? Unit.atMs : 0;
}

/** The greatest float that is an int64. */
const DEADLINE_MAX = 2 ** 63 - 1024;

/** What parseDeadline returns when it has replied an error. */
export const INVALID_DEADLINE = -3;

/**
 * The deadline that argument i gives in `unit`. Not an integer, not positive or out of range:
 * replies the error and returns INVALID_DEADLINE.
 */
export function parseDeadline(c: Context, i: number, unit: number): number {
  const { args, reply } = c;
  const value = args.integer(i);
  if (Number.isNaN(value)) {
    reply.error(Errors.notInteger);
    return INVALID_DEADLINE;
  }
  const deadline = value > 0 ? toDeadline(c, i, value, unit) : Number.NaN;
  if (Number.isNaN(deadline)) {
    reply.errorText(`ERR invalid expire time in '${c.command?.fullName}' command`);
    return INVALID_DEADLINE;
  }
  return deadline;
}

/**
 * The deadline that the integer `value` (±Infinity where argument i is beyond ±(2^53 − 1)) gives
 * in `unit`; NaN when milliseconds since 1970 would not be an int64. May lie in the past.
 */
export function toDeadline(c: Context, i: number, value: number, unit: number): number {
  const relative = unit === Unit.seconds || unit === Unit.ms;
  const scale = unit === Unit.seconds || unit === Unit.atSeconds ? 1000 : 1;
  const deadline = value * scale + (relative ? c.now : 0);
  if (Number.isSafeInteger(deadline)) return deadline;
  const { args } = c;
  let exact = args.integer64(i) as bigint;
  exact *= BigInt(scale);
  if (exact > INT64_MAX || exact < -INT64_MAX - 1n) return Number.NaN;
  if (relative) exact += BigInt(c.now);
  if (exact > INT64_MAX || exact < -INT64_MAX - 1n) return Number.NaN;
  return Math.min(Number(exact), DEADLINE_MAX);
}
