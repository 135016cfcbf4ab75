// What XREAD and XREADGROUP have been asked for: the words before the keys, and how many of those
// there are. Read once a request, into one object.
//
//   COUNT       at most so many entries of each stream
//   MAXCOUNT    at most so many of all streams together
//   MAXSIZE     no entry more, once the reply has so many bytes: one comes in any case
//
// Streams are read in the order in which they are named; those for which nothing is left of the two
// last are left out.

import { asciiBytes } from "../../base/bytes.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Context } from "../../engine/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import { integer, keyArg } from "../shared/argument-docs.ts";
import { readTimeoutMs } from "../shared/timeouts.ts";
import { COUNT } from "../shared/words.ts";

const BLOCK = asciiBytes("block");
const STREAMS = asciiBytes("streams");
const GROUP = asciiBytes("group");
const NOACK = asciiBytes("noack");
const CLAIM = asciiBytes("claim");
const MAXCOUNT = asciiBytes("maxcount");
const MAXSIZE = asciiBytes("maxsize");

const unbalanced = {
  xread: errorLine(
    "ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be specified.",
  ),
  xreadgroup: errorLine(
    "ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be " +
      "specified.",
  ),
} as const;
const groupOfXread = errorLine(
  "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.",
);
const noackOfXread = errorLine(
  "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.",
);
const claimOfXread = errorLine(
  "ERR The CLAIM option is only supported by XREADGROUP. You called XREAD instead.",
);
const maxcountNotPositive = errorLine("ERR MAXCOUNT must be a positive integer");
const maxsizeNotPositive = errorLine("ERR MAXSIZE must be a positive integer");
const maxcountTooSmall = errorLine("ERR MAXCOUNT must be greater than or equal to COUNT");
const claimNegative = errorLine("ERR min-idle-time must be a positive integer");

/** Documentation of the words that both commands have. */
export const readArgs = {
  count: integer("count", "COUNT"),
  maxcount: { ...integer("maxcount", "MAXCOUNT"), since: "8.10.0" },
  maxsize: { ...integer("maxsize", "MAXSIZE"), since: "8.10.0" },
  block: integer("milliseconds", "BLOCK"),
  streams: {
    name: "streams",
    type: "block",
    token: "STREAMS",
    arguments: [
      { ...keyArg, multiple: true },
      { name: "ID", type: "string", multiple: true },
    ],
  },
} as const satisfies Record<string, ArgumentDoc>;

export class ReadOptions {
  /** Entries of each stream at most; infinite without COUNT. */
  count = 0;
  /** Milliseconds to wait, 0 for ever; −1: not at all. */
  timeoutMs = 0;
  /** The arguments that are keys: `streams` of them from `first` on; their IDs follow. */
  first = 0;
  streams = 0;
  /** The argument that names the group, which the consumer's name follows; 0: there is none. */
  groupAt = 0;
  isNoack = false;
  /** Entries that have been pending for so long are read first; −1: they are not. */
  claimMs = 0;

  #maxCount = 0;
  #maxSize = 0;
  #left = 0;
  #sizeLeft = 0;
  #isFirst = false;

  /** Reads the request; false: an error is replied. */
  read(c: Context, ofGroup: boolean): boolean {
    const { args } = c;
    this.count = Number.POSITIVE_INFINITY;
    this.timeoutMs = -1;
    this.first = 0;
    this.groupAt = 0;
    this.isNoack = false;
    this.claimMs = -1;
    this.#maxCount = Number.POSITIVE_INFINITY;
    this.#maxSize = Number.POSITIVE_INFINITY;
    for (let i = 1; i < args.count && this.first === 0; i++) {
      const more = args.count - 1 - i;
      if (args.is(i, BLOCK) && more > 0) {
        this.timeoutMs = readTimeoutMs(c, ++i);
        if (this.timeoutMs < 0) return false;
      } else if (args.is(i, COUNT) && more > 0) {
        const count = args.index(++i);
        if (Number.isNaN(count)) return this.#refuse(c, Errors.notInteger);
        this.count = count > 0 ? count : Number.POSITIVE_INFINITY;
      } else if (args.is(i, MAXCOUNT) && more > 0) {
        this.#maxCount = args.index(++i);
        if (!(this.#maxCount > 0)) return this.#refuse(c, maxcountNotPositive);
      } else if (args.is(i, MAXSIZE) && more > 0) {
        this.#maxSize = args.index(++i);
        if (!(this.#maxSize > 0)) return this.#refuse(c, maxsizeNotPositive);
      } else if (args.is(i, STREAMS) && more > 0) {
        if (more % 2 !== 0) {
          return this.#refuse(c, ofGroup ? unbalanced.xreadgroup : unbalanced.xread);
        }
        this.first = i + 1;
        this.streams = more / 2;
      } else if (args.is(i, GROUP) && more > 1) {
        if (!ofGroup) return this.#refuse(c, groupOfXread);
        this.groupAt = i + 1;
        i += 2;
      } else if (args.is(i, NOACK)) {
        if (!ofGroup) return this.#refuse(c, noackOfXread);
        this.isNoack = true;
      } else if (args.is(i, CLAIM) && more > 0) {
        if (!ofGroup) return this.#refuse(c, claimOfXread);
        this.claimMs = args.index(++i);
        if (!(this.claimMs >= 0)) return this.#refuse(c, claimNegative);
      } else return this.#refuse(c, Errors.syntax);
    }
    if (this.first === 0) return this.#refuse(c, Errors.syntax);
    const hasCount = this.count !== Number.POSITIVE_INFINITY;
    if (hasCount && this.#maxCount < this.count) return this.#refuse(c, maxcountTooSmall);
    return true;
  }

  #refuse(c: Context, line: Uint8Array): boolean {
    c.reply.error(line);
    return false;
  }

  // How many entries may still come

  /** The reply begins. */
  begin(c: Context): void {
    this.#left = this.#maxCount;
    this.#sizeLeft = this.#maxSize + c.reply.length;
    this.#isFirst = true;
  }

  /** Whether another entry may come: asked before each. */
  hasRoom(c: Context): boolean {
    return this.#left > 0 && (this.#isFirst || c.reply.length < this.#sizeLeft);
  }

  /** An entry was replied. */
  took(): void {
    this.#left--;
    this.#isFirst = false;
  }
}

/** What the request that is being executed asks for. */
export const readOptions: ReadOptions = new ReadOptions();

/** For a sound request of a consumer: its group, and what it would claim (Wait.likeness). */
export function readLikeness(args: Arguments): string {
  let group = "";
  let claim = "";
  for (let i = 1; i < args.count && !args.is(i, STREAMS); i++) {
    if (args.is(i, NOACK)) continue;
    if (args.is(i, GROUP)) group = args.text(++i);
    if (args.is(i, CLAIM)) claim = args.text(i + 1);
    i++; // the consumer, or what the word says
  }
  return `${claim} ${group}`;
}
