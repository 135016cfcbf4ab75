// What HSCAN, SSCAN, ZSCAN and SCAN share: the cursor, the options, and the form of the reply.
// Options are read into one object of the module's, since one command runs at a time.

import { asciiBytes } from "../../base/bytes.ts";
import { globMatches, globMatchesAll } from "../../base/glob.ts";
import { parseCursor } from "../../base/integers.ts";
import type { Context } from "../../engine/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { MemberReply, Members } from "./members.ts";
import { COUNT, TYPE } from "./words.ts";

const invalidCursor = errorLine("ERR invalid cursor");
const noValuesOutsideHscan = errorLine("ERR NOVALUES option can only be used in HSCAN");

const MATCH = asciiBytes("match");
const NOVALUES = asciiBytes("novalues");

const COUNT_DEFAULT = 10;
/** A step looks at no more than so many times COUNT batches, however few elements they hold. */
const BATCHES_FOR_EACH_COUNTED = 10;

/** Room for what comes before the elements: two array heads and the cursor. */
const HEAD_MAX = 128;

/** What a command may know beside MATCH and COUNT. */
export const ScanWord = { none: 0, type: 1, noValues: 2 } as const;

/** The options of the scan that is being executed. */
export class ScanOptions {
  /** Elements to look at in this step, about. */
  count = COUNT_DEFAULT;
  /** The argument with the pattern, or 0 when everything matches. */
  pattern = 0;
  /** The argument with the name of a type, or 0. */
  type = 0;
  /** HSCAN's NOVALUES. */
  withoutValues = false;

  #batchesLeft = 0;
  #elementsLeft = 0;

  /**
   * Reads the options from argument `from` on, those of `known` (a ScanWord) among them; false
   * when an error has been replied.
   */
  read(args: Arguments, from: number, known: number, reply: ReplyWriter): boolean {
    this.count = COUNT_DEFAULT;
    this.pattern = 0;
    this.type = 0;
    this.withoutValues = false;
    for (let i = from; i < args.count; i++) {
      const more = i + 1 < args.count;
      if (more && args.is(i, COUNT)) {
        i++;
        const count = args.integer(i);
        if (Number.isNaN(count)) {
          reply.error(Errors.notInteger);
          return false;
        }
        if (count < 1) {
          reply.error(Errors.syntax);
          return false;
        }
        this.count = count;
      } else if (more && args.is(i, MATCH)) {
        i++;
        const all = globMatchesAll(args.bytes, args.starts[i], args.ends[i]);
        this.pattern = all ? 0 : i;
      } else if (more && known === ScanWord.type && args.is(i, TYPE)) {
        i++;
        this.type = i;
      } else if (args.is(i, NOVALUES)) {
        if (known !== ScanWord.noValues) {
          reply.error(noValuesOutsideHscan);
          return false;
        }
        this.withoutValues = true;
      } else {
        reply.error(Errors.syntax);
        return false;
      }
    }
    this.#batchesLeft = this.count * BATCHES_FOR_EACH_COUNTED;
    this.#elementsLeft = this.count;
    return true;
  }

  /** Whether the element bytes[start, end) matches the pattern. */
  matches(args: Arguments, bytes: Uint8Array, start: number, end: number): boolean {
    const pattern = this.pattern;
    if (pattern === 0) return true;
    return globMatches(args.bytes, args.starts[pattern], args.ends[pattern], bytes, start, end);
  }

  /** Counts a batch of `elements`, and says whether the step should go on to `cursor`. */
  goesOn(cursor: number, elements: number): boolean {
    this.#elementsLeft -= elements;
    this.#batchesLeft--;
    return cursor !== 0 && this.#elementsLeft > 0 && this.#batchesLeft > 0;
  }

  /** Begins the reply: its elements follow. Returns the mark that end takes. */
  begin(reply: ReplyWriter): number {
    const mark = reply.length;
    reply.reserve(HEAD_MAX);
    reply.length += HEAD_MAX;
    return mark;
  }

  /** Ends the reply: puts the cursor and the number of elements before them. */
  end(reply: ReplyWriter, mark: number, cursor: number, elements: number): void {
    if (reply.overflowed) return;
    reply.reserve(HEAD_MAX);
    const from = mark + HEAD_MAX;
    const length = reply.length - from;
    reply.truncate(mark);
    reply.array(2);
    reply.bulkInteger(cursor);
    reply.array(elements);
    reply.bytes.copyWithin(reply.length, from, from + length);
    reply.length += length;
  }
}

export const scanOptions = new ScanOptions();

/** The cursor at argument `i`, or −1 when an error has been replied. */
export function readCursor(args: Arguments, i: number, reply: ReplyWriter): number {
  const cursor = parseCursor(args.bytes, args.starts[i], args.ends[i]);
  if (Number.isNaN(cursor)) {
    reply.error(invalidCursor);
    return -1;
  }
  return cursor;
}

/** The reply of a scan that finds nothing and is at its end. */
export function replyEmptyScan(reply: ReplyWriter): void {
  reply.array(2);
  reply.bulkInteger(0);
  reply.array(0);
}

/**
 * HSCAN, SSCAN: one step through the collection at argument 1, from the cursor at argument 2.
 * Members are replied as `form` says, or `bare` where NOVALUES is known and given.
 */
export function scanMembers(
  c: Context,
  members: Members,
  form: MemberReply,
  bare: MemberReply = form,
): void {
  const { args, reply } = c;
  let cursor = readCursor(args, 2, reply);
  if (cursor < 0) return;
  const entry = c.findTyped(1, members.type);
  if (entry < 0) return;
  if (entry === 0) return replyEmptyScan(reply);
  const options = scanOptions;
  const known = bare === form ? ScanWord.none : ScanWord.noValues;
  if (!options.read(args, 3, known, reply)) return;
  const { walk } = members;
  const replied = options.withoutValues ? bare : form;
  const mark = options.begin(reply);
  let matching = 0;
  let seen = 0;
  do {
    cursor = walk.openBatch(entry, cursor);
    for (seen = 0; walk.next(); seen++) {
      if (!options.matches(args, walk.bytes, walk.start, walk.end)) continue;
      replied.walked(c);
      matching++;
    }
  } while (options.goesOn(cursor, seen));
  options.end(reply, mark, cursor, matching * replied.elements);
}
