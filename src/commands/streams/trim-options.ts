// How XADD and XTRIM are told to trim:
//
//   MAXLEN | MINID  [= | ~]  threshold  [LIMIT count]        KEEPREF | DELREF | ACKED
//
// With "~" it is unforeseeable how much goes: what is written to the log has "=", and a threshold
// that leaves just what has been left.

import { asciiBytes } from "../../base/bytes.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Context } from "../../engine/context.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import {
  copyId,
  createId,
  GREATEST_ID,
  ID_TEXT_MAX,
  IdText,
  incrementId,
  parseId,
  type StreamId,
  writeId,
} from "../../structures/stream-id.ts";
import { References, TrimBy } from "../../types/stream-trimming.ts";
import { type Streams, streamsOf } from "../../types/streams.ts";
import { oneOf } from "../shared/argument-docs.ts";
import { invalidId, isCharacter, readId } from "./ids.ts";

const MAXLEN = asciiBytes("maxlen");
const MINID = asciiBytes("minid");
const LIMIT = asciiBytes("limit");
const NOMKSTREAM = asciiBytes("nomkstream");
const KEEPREF = asciiBytes("keepref");
const DELREF = asciiBytes("delref");
const ACKED = asciiBytes("acked");
const IDMP = asciiBytes("idmp");
const IDMPAUTO = asciiBytes("idmpauto");
const ASTERISK = 0x2a;
const EQUAL = 0x3d;
const TILDE = 0x7e;

const twice = errorLine(
  "ERR syntax error, MAXLEN and MINID options at the same time are not compatible",
);
const negativeMaxlen = errorLine("ERR The MAXLEN argument must be >= 0.");
const negativeLimit = errorLine("ERR The LIMIT argument must be >= 0.");
const limitAlone = errorLine(
  "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy",
);
const nothingToTrim = errorLine("ERR syntax error, XTRIM must be called with a trimming strategy");
const limitOfExact = errorLine(
  "ERR syntax error, LIMIT cannot be used without the special ~ option",
);

const idempotentTwice = errorLine("ERR syntax error, IDMP/IDMPAUTO specified multiple times");
const autoOfNobody = errorLine("ERR syntax error, IDMPAUTO requires a non-empty producer ID");
const iidOfNobody = errorLine("ERR syntax error, IDMP requires a non-empty producer ID");
const iidEmpty = errorLine("ERR syntax error, IDMP requires a non-empty idempotent ID");
const idempotentGiven = errorLine(
  "ERR syntax error, IDMP/IDMPAUTO can be used only with auto-generated IDs",
);

/** Nodes that approximate trimming takes at most where no limit is given. */
const NODES_MAX = 100;
const LIMIT_MIN = 10_000;
const LIMIT_MAX = 1_000_000;

/** What XADD's ID is. */
export const IdForm = { given: 0, anySequence: 1, any: 2 } as const;

const referencesArg: ArgumentDoc = {
  ...oneOf("condition", "KEEPREF", "DELREF", "ACKED"),
  since: "8.2.0",
  optional: true,
};

/** The documentation of trimming. */
const trimArg: ArgumentDoc = {
  name: "trim",
  type: "block",
  arguments: [
    {
      name: "strategy",
      type: "oneof",
      arguments: [
        { name: "maxlen", type: "pure-token", token: "MAXLEN" },
        { name: "minid", type: "pure-token", token: "MINID", since: "6.2.0" },
      ],
    },
    {
      name: "operator",
      type: "oneof",
      optional: true,
      arguments: [
        { name: "equal", type: "pure-token", token: "=" },
        { name: "approximately", type: "pure-token", token: "~" },
      ],
    },
    { name: "threshold", type: "string" },
    { name: "count", type: "integer", token: "LIMIT", since: "6.2.0", optional: true },
  ],
};

export const trimArgs = { trim: trimArg, references: referencesArg } as const;

export class TrimOptions {
  /** XADD's: what its ID is, and the argument; no key is to be made. */
  idForm: number = IdForm.given;
  readonly id: StreamId = createId();
  idAt = 0;
  makesNone = false;
  /** Its producer, and its idempotent ID where it is given; 0: there is none. */
  producerAt = 0;
  iidAt = 0;
  /** What goes to the log does not say them: the first iid of a stream is recorded by itself. */
  leavesIidOut = false;
  /** The threshold's argument, and LIMIT; 0: there is none. */
  thresholdAt = 0;
  limitAt = 0;
  /** Something is to be trimmed, and how much cannot be foretold. */
  isApproximate = false;

  readonly #first = createId();
  readonly #text = new Uint8Array(ID_TEXT_MAX);

  /** Reads the words from argument 2 on into the streams' trimming; false: an error is replied. */
  read(c: Context, isAdd: boolean): boolean {
    const { args } = c;
    const { trimming } = streamsOf(c);
    trimming.by = TrimBy.nothing;
    trimming.limit = 0;
    trimming.references = References.keep;
    this.thresholdAt = 0;
    this.limitAt = 0;
    this.isApproximate = false;
    this.makesNone = false;
    this.producerAt = 0;
    this.iidAt = 0;
    this.leavesIidOut = false;
    this.idAt = 0;
    let hasReferences = false;
    for (let i = 2; i < args.count && this.idAt === 0; i++) {
      const more = args.count - 1 - i;
      if (isAdd && isCharacter(args, i, ASTERISK)) {
        this.idForm = IdForm.any;
        this.idAt = i;
      } else if (args.is(i, MAXLEN) && more > 0) {
        i = this.#readThreshold(c, i, TrimBy.count);
        if (i < 0) return false;
      } else if (args.is(i, MINID) && more > 0) {
        i = this.#readThreshold(c, i, TrimBy.id);
        if (i < 0) return false;
      } else if (args.is(i, LIMIT) && more > 0) {
        this.limitAt = i;
        trimming.limit = args.index(++i);
        if (Number.isNaN(trimming.limit)) return this.#refuse(c, Errors.notInteger);
        if (trimming.limit < 0) return this.#refuse(c, negativeLimit);
      } else if (!hasReferences && this.#readsReferences(c, i)) hasReferences = true;
      else if (!isAdd) return this.#refuse(c, Errors.syntax);
      else if (args.is(i, NOMKSTREAM)) this.makesNone = true;
      else if (args.is(i, IDMPAUTO) && more > 0) {
        if (!this.#readProducer(c, i + 1, 0, autoOfNobody)) return false;
        i++;
      } else if (args.is(i, IDMP) && more > 1) {
        if (!this.#readProducer(c, i + 1, i + 2, iidOfNobody)) return false;
        i += 2;
      } else if (!this.#readId(c, i)) return false;
    }
    return this.#checkLimit(c, isAdd);
  }

  /** Reads the threshold that follows argument i; returns its place, or −1 and replies an error. */
  #readThreshold(c: Context, i: number, by: number): number {
    const { args } = c;
    const { trimming } = streamsOf(c);
    if (trimming.by !== TrimBy.nothing) return this.#fail(c, twice);
    let at = i + 1;
    this.isApproximate = false;
    if (at + 1 < args.count) {
      this.isApproximate = isCharacter(args, at, TILDE);
      if (this.isApproximate || isCharacter(args, at, EQUAL)) at++;
    }
    if (by === TrimBy.id) {
      if (!readId(c, at, trimming.least)) return -1;
    } else {
      trimming.most = args.index(at);
      if (Number.isNaN(trimming.most)) return this.#fail(c, Errors.notInteger);
      if (trimming.most < 0) return this.#fail(c, negativeMaxlen);
    }
    trimming.by = by;
    trimming.isApproximate = this.isApproximate;
    this.thresholdAt = at;
    return at;
  }

  #readsReferences(c: Context, i: number): boolean {
    const { args } = c;
    const { trimming } = streamsOf(c);
    if (args.is(i, KEEPREF)) trimming.references = References.keep;
    else if (args.is(i, DELREF)) trimming.references = References.drop;
    else if (args.is(i, ACKED)) trimming.references = References.acked;
    else return false;
    return true;
  }

  #readId(c: Context, i: number): boolean {
    const { args } = c;
    const form = parseId(args.bytes, args.starts[i], args.ends[i], this.id, 0);
    if (form === IdText.invalid) return this.#refuse(c, invalidId);
    this.idForm = form === IdText.whole ? IdForm.given : IdForm.anySequence;
    this.idAt = i;
    // What a log says has the ID that was made.
    if (this.producerAt > 0 && !c.executor.replaying) return this.#refuse(c, idempotentGiven);
    return true;
  }

  /** Reads a producer and, where it is given, its idempotent ID. */
  #readProducer(c: Context, producerAt: number, iidAt: number, empty: Uint8Array): boolean {
    const { args } = c;
    if (this.producerAt !== 0) return this.#refuse(c, idempotentTwice);
    if (args.ends[producerAt] === args.starts[producerAt]) return this.#refuse(c, empty);
    if (iidAt > 0 && args.ends[iidAt] === args.starts[iidAt]) return this.#refuse(c, iidEmpty);
    this.producerAt = producerAt;
    this.iidAt = iidAt;
    return true;
  }

  #checkLimit(c: Context, isAdd: boolean): boolean {
    const streams = streamsOf(c);
    const { trimming } = streams;
    const trims = trimming.by !== TrimBy.nothing;
    if (trimming.limit > 0 && !trims) return this.#refuse(c, limitAlone);
    if (!isAdd && !trims) return this.#refuse(c, nothingToTrim);
    // What a log says is exact.
    if (c.executor.replaying) trimming.limit = 0;
    else if (this.limitAt !== 0) {
      if (!this.isApproximate) return this.#refuse(c, limitOfExact);
    } else if (this.isApproximate) {
      const limit = NODES_MAX * streams.nodeEntriesMax;
      trimming.limit = limit === 0 ? LIMIT_MIN : Math.min(limit, LIMIT_MAX);
    }
    return true;
  }

  #fail(c: Context, line: Uint8Array): number {
    c.reply.error(line);
    return -1;
  }

  #refuse(c: Context, line: Uint8Array): boolean {
    c.reply.error(line);
    return false;
  }

  // What goes to the log

  /** Words of the request that go to the log instead of it. */
  get wordsLeftOut(): number {
    const words = this.limitAt === 0 ? 0 : 2;
    if (!this.leavesIidOut) return words;
    return words + (this.iidAt === 0 ? 2 : 3);
  }

  /** The words up to `end`, with "=" for "~", what has been left as the threshold, and no limit. */
  effect(c: Context, streams: Streams, entry: number, end: number): void {
    for (let i = 1; i < end; i++) {
      if (i === this.limitAt) i++;
      else if (this.leavesIidOut && i === this.producerAt - 1) i += this.iidAt === 0 ? 1 : 2;
      else if (!this.isApproximate || i < this.thresholdAt - 1 || i > this.thresholdAt) {
        c.effectArg(i);
      } else if (i < this.thresholdAt) c.effectText("=");
      else if (streams.trimming.by === TrimBy.count) {
        c.effectInteger(streams.count(streams.records.pointer(entry)));
      } else {
        const text = this.#text;
        c.effectBytes(text, 0, writeId(text, 0, this.#leastLeft(streams, entry)));
      }
    }
  }

  /** The ID before which all has gone that was to go. */
  #leastLeft(streams: Streams, entry: number): StreamId {
    const { trimming } = streams;
    const least = this.#first;
    if (trimming.references === References.acked) {
      copyId(trimming.last, least); // the first entry may be one that is held
      incrementId(least);
      return least;
    }
    return streams.firstId(streams.records.pointer(entry), least) ? least : GREATEST_ID;
  }
}

/** The words of the request that is being executed. */
export const trimOptions: TrimOptions = new TrimOptions();
