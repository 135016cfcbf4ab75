// Timeouts of commands that wait: in seconds with a fraction (BLPOP, BLMOVE and their kin), or in
// whole milliseconds (XREAD).

import type { Context } from "../../engine/context.ts";
import { errorLine } from "../../protocol/errors.ts";

const timeoutNegative = errorLine("ERR timeout is negative");
const timeoutNotFloat = errorLine("ERR timeout is not a float or out of range");
const timeoutNotInteger = errorLine("ERR timeout is not an integer or out of range");
const timeoutOutOfRange = errorLine("ERR timeout is out of range");

/** From here on a time in milliseconds no longer fits 64 bits. */
const TIME_LIMIT_MS = 2 ** 63;

/**
 * Argument i as a timeout in seconds: milliseconds, rounded up (0: for ever), or −1 when it is none
 * and the error has been replied.
 */
export function readTimeout(c: Context, i: number): number {
  const { args } = c;
  // Less than a millisecond below zero is rounded up to it: for ever.
  const ms = Math.ceil(args.longDouble(i) * 1000);
  let error: Uint8Array;
  if (Number.isNaN(ms)) error = timeoutNotFloat;
  else if (ms + c.now >= TIME_LIMIT_MS) error = timeoutOutOfRange;
  else if (ms < 0) error = timeoutNegative;
  else return ms;
  c.reply.error(error);
  return -1;
}

/** Argument i as a timeout in milliseconds; as readTimeout otherwise. */
export function readTimeoutMs(c: Context, i: number): number {
  const ms = c.args.integer(i);
  let error: Uint8Array;
  if (Number.isNaN(ms)) error = timeoutNotInteger;
  else if (ms < 0) error = timeoutNegative;
  else if (ms + c.now >= TIME_LIMIT_MS) error = timeoutOutOfRange;
  else return ms;
  c.reply.error(error);
  return -1;
}
