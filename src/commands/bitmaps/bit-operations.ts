// BITOP: strings as long rows of bits, combined with one another into a string under another key.
//
//   AND OR XOR     of all sources              NOT    of the one source
//   DIFF X Y …     X and not (Y or …)          DIFF1  not X and (Y or …)
//   ANDOR X Y …    X and (Y or …)              ONE    what is set in exactly one source
//
// The result is as long as the longest source, and is made a chunk at a time
// (base/bit-operations.ts). Where the key has a string already whose block it fits, it is written
// there, even if that is a source: new memory costs more than the operation.

import {
  begin,
  CHUNK,
  Combine,
  clear,
  clearRepeated,
  combine,
  invert,
  load,
  result,
} from "../../base/bit-operations.ts";
import { asciiBytes } from "../../base/bytes.ts";
import type { Command, Context } from "../../engine/context.ts";
import { EventClass, Events, keyEvent } from "../../engine/events.ts";
import { STRING } from "../../keyspace/data-type.ts";
import { PLACE_BITS, PLACE_MASK } from "../../memory/memory.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import { NO_DEADLINE } from "../../structures/record.ts";
import { StringKind } from "../../types/strings.ts";

const set = keyEvent(EventClass.string, "set");

const oneSource = errorLine("ERR BITOP NOT must be called with a single source key.");

const Operation = { and: 0, or: 1, xor: 2, not: 3, diff: 4, diff1: 5, andOr: 6, one: 7 } as const;

const operations: readonly (readonly [word: Uint8Array, operation: number])[] = [
  [asciiBytes("and"), Operation.and],
  [asciiBytes("or"), Operation.or],
  [asciiBytes("xor"), Operation.xor],
  [asciiBytes("not"), Operation.not],
  [asciiBytes("diff"), Operation.diff],
  [asciiBytes("diff1"), Operation.diff1],
  [asciiBytes("andor"), Operation.andOr],
  [asciiBytes("one"), Operation.one],
];

export const bitop: Command = {
  name: "bitop",
  arity: -4,
  flags: "write denyoom",
  keys: [
    { index: 2, flags: "OW update" },
    { index: 3, last: -1, flags: "RO access" },
  ],
  group: "bitmap",
  since: "2.6.0",
  complexity: "O(N) for N bytes of all strings.",
  summary: "Combines strings bit by bit and keeps the result under a key.",
  args: [
    {
      name: "operation",
      type: "oneof",
      arguments: [
        { name: "and", type: "pure-token", token: "AND" },
        { name: "or", type: "pure-token", token: "OR" },
        { name: "xor", type: "pure-token", token: "XOR" },
        { name: "not", type: "pure-token", token: "NOT" },
        { name: "diff", type: "pure-token", token: "DIFF", since: "8.2.0" },
        { name: "diff1", type: "pure-token", token: "DIFF1", since: "8.2.0" },
        { name: "andor", type: "pure-token", token: "ANDOR", since: "8.2.0" },
        { name: "one", type: "pure-token", token: "ONE", since: "8.2.0" },
      ],
    },
    { name: "destkey", type: "key", keySpecIndex: 0 },
    { name: "key", type: "key", keySpecIndex: 1, multiple: true },
  ],
  handler: bitopCommand,
};

function bitopCommand(c: Context): void {
  const { args, reply } = c;
  const operation = operationAt(c, 1);
  if (operation < 0) {
    reply.error(Errors.syntax);
    return;
  }
  if (operation === Operation.not && args.count !== 4) {
    reply.error(oneSource);
    return;
  }
  const needsTwo =
    operation === Operation.diff || operation === Operation.diff1 || operation === Operation.andOr;
  if (needsTwo && args.count < 5) {
    const name = args.text(1).toUpperCase();
    reply.errorText(`ERR BITOP ${name} must be called with at least two source keys.`);
    return;
  }
  const length = findSources(c, 3);
  if (length < 0) return;
  if (length > 0) {
    store(c, operation, length);
    if (operation > Operation.not) tellSet(c);
    c.modified(2, set);
  } else if (c.remove(2)) {
    c.modified(2, Events.del);
  }
  reply.integer(length);
}

/** Puts a SET in the request's place: servers before Redis 8.2 know no such operation. */
function tellSet(c: Context): void {
  const { records } = c.keyspace;
  records.value(c.findForWrite(2));
  c.effect(3);
  c.effectText("SET");
  c.effectArg(2);
  c.effectBytes(records.bytes, records.start, records.end);
}

/** The operation that argument i names, or −1. */
function operationAt(c: Context, i: number): number {
  for (const [word, operation] of operations) if (c.args.is(i, word)) return operation;
  return -1;
}

/** Where the sources lie: the number of a segment, and the bytes [start, end) of it. */
let segments = new Int32Array(16);
let starts = new Int32Array(16);
let ends = new Int32Array(16);
let sources = 0;

/** Finds the sources from argument i on; the length of the longest, or −1: it has been replied. */
function findSources(c: Context, i: number): number {
  const { args, keyspace } = c;
  const { records } = keyspace;
  let longest = 0;
  sources = args.count - i;
  if (sources > segments.length) {
    segments = new Int32Array(sources);
    starts = new Int32Array(sources);
    ends = new Int32Array(sources);
  }
  for (let k = 0; k < sources; k++) {
    const entry = c.findTyped(i + k, STRING);
    if (entry < 0) return -1;
    segments[k] = 0;
    starts[k] = 0;
    ends[k] = 0;
    if (entry === 0) continue;
    records.value(entry);
    const block = records.pointer(entry);
    segments[k] = (block === 0 ? entry : block) >>> PLACE_BITS;
    starts[k] = records.start;
    ends[k] = records.end;
    longest = Math.max(longest, records.end - records.start);
  }
  return longest;
}

/** Makes the result and keeps it under the key at argument 2. */
function store(c: Context, operation: number, length: number): void {
  const { keyspace } = c;
  const { memory, records } = keyspace;
  begin(length < CHUNK ? 0 : sources, operation === Operation.one);
  if (length <= CHUNK) {
    compute(c, operation, 0, length);
    c.setString(2, StringKind.raw, result(), 0, length, NO_DEADLINE);
    return;
  }
  const entry = c.findForWrite(2);
  if (entry !== 0 && fits(c, entry, length)) {
    const lasting = records.hasDeadline(entry)
      ? keyspace.setDeadline(c.db, entry, NO_DEADLINE)
      : entry;
    keyspace.resizeString(c.db, lasting, StringKind.raw, length, 0, length);
    computeInto(c, operation, records.bytes, records.start, length);
    return;
  }
  const block = memory.allocate(length);
  const bytes = memory.u8[block >>> PLACE_BITS];
  computeInto(c, operation, bytes, (block & PLACE_MASK) << 3, length);
  c.setBlock(2, StringKind.raw, block, length);
}

/** Whether the result fits the block of what is there, which is not made shorter. */
function fits(c: Context, entry: number, length: number): boolean {
  const { keyspace } = c;
  const { records } = keyspace;
  return (
    keyspace.typeOf(entry) === STRING &&
    records.valueLength(entry) <= length &&
    records.resizesInPlace(entry, length)
  );
}

function computeInto(
  c: Context,
  operation: number,
  to: Uint8Array,
  start: number,
  length: number,
): void {
  for (let at = 0; at < length; at += CHUNK) {
    const size = Math.min(CHUNK, length - at);
    compute(c, operation, at, size);
    to.set(result().subarray(0, size), start + at);
  }
}

/** Leaves the bytes [at, at + size) of the result in the accumulator. */
function compute(c: Context, operation: number, at: number, size: number): void {
  switch (operation) {
    case Operation.and:
    case Operation.or:
    case Operation.xor:
      loadSource(c, 0, at, size);
      for (let k = 1; k < sources; k++) combineSource(c, combining[operation], k, at, size);
      break;
    case Operation.not:
      loadSource(c, 0, at, size);
      invert(size);
      break;
    case Operation.one:
      clear(size);
      for (let k = 0; k < sources; k++) combineSource(c, Combine.one, k, at, size);
      clearRepeated(size);
      break;
    case Operation.diff:
      loadSource(c, 0, at, size);
      for (let k = 1; k < sources; k++) combineSource(c, Combine.andNot, k, at, size);
      break;
    default:
      loadSource(c, 1, at, size);
      for (let k = 2; k < sources; k++) combineSource(c, Combine.or, k, at, size);
      combineSource(c, operation === Operation.diff1 ? Combine.andNot : Combine.and, 0, at, size);
  }
}

/** How AND, OR and XOR combine, by their numbers. */
const combining = [Combine.and, Combine.or, Combine.xor] as const;

function loadSource(c: Context, k: number, at: number, size: number): void {
  const start = Math.min(starts[k] + at, ends[k]);
  load(c.memory.u8[segments[k]], start, Math.min(start + size, ends[k]), size);
}

function combineSource(c: Context, how: number, k: number, at: number, size: number): void {
  const { memory } = c;
  const segment = segments[k];
  const start = Math.min(starts[k] + at, ends[k]);
  const end = Math.min(start + size, ends[k]);
  combine(how, memory.u8[segment], memory.i32[segment], start, end, size);
}

export const bitOperationCommands: readonly Command[] = [bitop];
