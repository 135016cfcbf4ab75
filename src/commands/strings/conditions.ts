// What SET and DELEX ask of the string that is there, since Redis 8.4: that it is or is not a value
// (IFEQ, IFNE), or that its digest is or is not this one (IFDEQ, IFDNE): XXH3 of its bytes as 16
// hexadecimal digits, in any case.

import { asciiBytes, equalBytes, equalsIgnoringCase } from "../../base/bytes.ts";
import { xxh3 } from "../../base/xxh3.ts";
import type { Context } from "../../engine/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { errorLine } from "../../protocol/errors.ts";

const badDigest = errorLine("ERR must be exactly 16 hexadecimal characters");

export const DIGEST_DIGITS = 16;
const HEX = asciiBytes("0123456789abcdef");

const IFEQ = asciiBytes("ifeq");
const IFNE = asciiBytes("ifne");
const IFDEQ = asciiBytes("ifdeq");
const IFDNE = asciiBytes("ifdne");

/** What is asked for; none: nothing. */
export const Condition = {
  none: 0,
  equal: 1,
  unequal: 2,
  digestEqual: 3,
  digestUnequal: 4,
} as const;

/** The condition that the word at argument i stands for. */
export function conditionAt(args: Arguments, i: number): number {
  if (args.is(i, IFEQ)) return Condition.equal;
  if (args.is(i, IFNE)) return Condition.unequal;
  if (args.is(i, IFDEQ)) return Condition.digestEqual;
  return args.is(i, IFDNE) ? Condition.digestUnequal : Condition.none;
}

/** Whether a key that is not there meets the condition. */
export function isMetByNothing(condition: number): boolean {
  return condition !== Condition.equal && condition !== Condition.digestEqual;
}

/**
 * Whether a string meets the condition with the value or digest at argument i: 1 or 0; −1 where
 * that is no digest, and that has been replied.
 */
export function meets(c: Context, entry: number, condition: number, i: number): number {
  const { args } = c;
  const { records } = c.keyspace;
  const asked = args.bytes;
  const start = args.starts[i];
  const end = args.ends[i];
  if (condition === Condition.equal || condition === Condition.unequal) {
    records.value(entry);
    const same = equalBytes(records.bytes, records.start, records.end, asked, start, end);
    return same === (condition === Condition.equal) ? 1 : 0;
  }
  if (end - start !== DIGEST_DIGITS) {
    c.reply.error(badDigest);
    return -1;
  }
  const digest = digestOf(c, entry);
  const same = equalsIgnoringCase(asked, start, end, digest);
  return same === (condition === Condition.digestEqual) ? 1 : 0;
}

const digits = new Uint8Array(DIGEST_DIGITS);

/** The digest of a string; the array is the same each time. */
export function digestOf(c: Context, entry: number): Uint8Array {
  const { records } = c.keyspace;
  records.value(entry);
  let rest = xxh3(records.bytes, records.start, records.end);
  for (let i = DIGEST_DIGITS - 1; i >= 0; i--) {
    const digit = Number(rest & 15n);
    digits[i] = HEX[digit];
    rest >>= 4n;
  }
  return digits;
}
