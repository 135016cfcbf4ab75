// IDs as arguments: "1526919030474-55", "1526919030474" where the sequence may be missing, and in
// ranges "-" and "+" for the ends, "(5-1" for what lies beyond an ID.

import type { Context } from "../../engine/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { errorLine } from "../../protocol/errors.ts";
import {
  copyId,
  decrementId,
  GREATEST_ID,
  IdText,
  incrementId,
  LEAST_ID,
  parseId,
  type StreamId,
} from "../../structures/stream-id.ts";

export const invalidId: Uint8Array = errorLine(
  "ERR Invalid stream ID specified as stream command argument",
);
const invalidStart = errorLine("ERR invalid start ID for the interval");
const invalidEnd = errorLine("ERR invalid end ID for the interval");

const OPEN = 0x28; // (
const DASH = 0x2d;
const PLUS = 0x2b;
const WORD_MAX = 0xffffffff;

/** Whether argument i is this one character. */
export function isCharacter(args: Arguments, i: number, character: number): boolean {
  return args.length(i) === 1 && args.bytes[args.starts[i]] === character;
}

/** Reads argument i as an ID, whose sequence is 0 where it is missing; false: replies an error. */
export function readId(c: Context, i: number, id: StreamId): boolean {
  const { args } = c;
  if (parseId(args.bytes, args.starts[i], args.ends[i], id, 0) === IdText.whole) return true;
  c.reply.error(invalidId);
  return false;
}

/** Reads argument i as the first ID of a range; false: an error is replied. */
export function readStart(c: Context, i: number, id: StreamId): boolean {
  const isOpen = readBound(c, i, id, 0);
  if (isOpen < 0) return false;
  if (isOpen === 0 || incrementId(id)) return true;
  c.reply.error(invalidStart);
  return false;
}

/** Reads argument i as the last ID of a range; false: an error is replied. */
export function readEnd(c: Context, i: number, id: StreamId): boolean {
  const isOpen = readBound(c, i, id, WORD_MAX);
  if (isOpen < 0) return false;
  if (isOpen === 0 || decrementId(id)) return true;
  c.reply.error(invalidEnd);
  return false;
}

/** Reads a bound: 1 where it is open, 0 where it is not, −1 where an error is replied. */
function readBound(c: Context, i: number, id: StreamId, missing: number): number {
  const { args } = c;
  if (isCharacter(args, i, DASH)) {
    copyId(LEAST_ID, id);
    return 0;
  }
  if (isCharacter(args, i, PLUS)) {
    copyId(GREATEST_ID, id);
    return 0;
  }
  const start = args.starts[i];
  const isOpen = args.length(i) > 1 && args.bytes[start] === OPEN ? 1 : 0;
  const found = parseId(args.bytes, start + isOpen, args.ends[i], id, missing);
  if (found === IdText.whole) return isOpen;
  c.reply.error(invalidId);
  return -1;
}
