// Commands on one list: LPUSH … LTRIM. Those that move elements from list to list are in
// list-moves.ts, those that take them from the first of several in list-pops.ts. Behaviour and
// texts are those of Redis 7.2; redis.io/docs/latest/commands/?group=list.

import { asciiBytes } from "../../base/bytes.ts";
import { torn } from "../../base/torn-read.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import { EventClass, keyEvent } from "../../engine/events.ts";
import { Errors, errorLine, wrongArity } from "../../protocol/errors.ts";
import { End, LIST, listsOf } from "../../types/lists.ts";
import { integer, keyArg, oneOf } from "../shared/argument-docs.ts";
import { sliceEnd, sliceStart } from "../shared/slices.ts";
import { COUNT } from "../shared/words.ts";

/** What the commands of the family tell of a key. */
export const ListEvents = {
  lpush: keyEvent(EventClass.list, "lpush"),
  rpush: keyEvent(EventClass.list, "rpush"),
  lpop: keyEvent(EventClass.list, "lpop"),
  rpop: keyEvent(EventClass.list, "rpop"),
  lset: keyEvent(EventClass.list, "lset"),
  linsert: keyEvent(EventClass.list, "linsert"),
  lrem: keyEvent(EventClass.list, "lrem"),
  ltrim: keyEvent(EventClass.list, "ltrim"),
} as const;

const BEFORE = asciiBytes("before");
const AFTER = asciiBytes("after");
const RANK = asciiBytes("rank");
const MAXLEN = asciiBytes("maxlen");

const lpopArity = errorLine(wrongArity("lpop"));
const rpopArity = errorLine(wrongArity("rpop"));
const indexOutOfRange = errorLine("ERR index out of range");
const rankZero = errorLine(
  "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... " +
    "or use negative to start from the end of the list",
);
const countNegative = errorLine("ERR COUNT can't be negative");
const maxlenNegative = errorLine("ERR MAXLEN can't be negative");

// Arguments

/** Argument i as an index or count; NaN, and the error is replied, when it is no integer. */
function index(c: Context, i: number): number {
  const { args } = c;
  const value = args.index(i);
  if (Number.isNaN(value)) c.reply.error(Errors.notInteger);
  return value;
}

// Adding

function push(c: Context, end: number, mustExist: boolean): void {
  const { args } = c;
  const lists = listsOf(c);
  let entry = c.findTypedForWrite(1, LIST);
  if (entry < 0) return;
  const created = entry === 0;
  if (created) {
    if (mustExist) return c.reply.integer(0);
    const root = lists.create(); // says of which kind it is
    entry = c.create(1, lists.createdKind, root);
  }
  const { bytes, starts, ends, count } = args;
  const length = lists.pushEach(entry, end, bytes, starts, ends, 2, count);
  c.modified(1, end === End.left ? ListEvents.lpush : ListEvents.rpush, count - 2);
  if (created) c.ready(1);
  c.reply.integer(length);
}

// Taking

/** The list at argument i has lost `taken` elements at an end; `left` remain. */
export function popped(
  c: Context,
  i: number,
  entry: number,
  end: number,
  taken: number,
  left: number,
): void {
  c.modified(i, end === End.left ? ListEvents.lpop : ListEvents.rpop, taken);
  if (left === 0) c.removedEmpty(i);
  else listsOf(c).hasShrunk(entry);
}

/** Replies the element at an end and takes it from the list at argument i. */
export function popOne(c: Context, i: number, entry: number, end: number): void {
  const lists = listsOf(c);
  const left = lists.length(entry) - 1;
  lists.readEnd(entry, end);
  c.reply.bulk(lists.packed.bytes, lists.packed.start, lists.packed.end);
  // A list that is about to go need not be emptied first.
  if (left > 0) lists.removeEnd(entry, end);
  popped(c, i, entry, end, 1, left);
}

/** Replies an array of up to `count` elements from an end and takes them from the list. */
export function popMany(c: Context, i: number, entry: number, end: number, count: number): void {
  const { reply } = c;
  const lists = listsOf(c);
  const { chunked, packed } = lists;
  const length = lists.length(entry);
  const taken = Math.min(count, length);
  reply.array(taken);
  lists.seek(entry, end === End.left ? 0 : -1);
  for (let n = taken; n > 0; n--) {
    chunked.read();
    reply.bulk(packed.bytes, packed.start, packed.end);
    if (end === End.left) chunked.next();
    else chunked.previous();
  }
  if (taken < length) lists.removeFromEnd(entry, end, taken);
  popped(c, i, entry, end, taken, length - taken);
}

function pop(c: Context, end: number): void {
  const { args } = c;
  let count = -1;
  if (args.count > 3) return c.reply.error(end === End.left ? lpopArity : rpopArity);
  if (args.count === 3) {
    count = args.index(2);
    if (!(count >= 0)) return c.reply.error(Errors.notPositive);
  }
  const entry = c.findTypedForWrite(1, LIST);
  if (entry < 0) return;
  if (entry === 0) {
    if (count < 0) c.reply.null();
    else c.reply.nullArray();
  } else if (count < 0) popOne(c, 1, entry, end);
  else if (count === 0) c.reply.array(0);
  else popMany(c, 1, entry, end, count);
}

const element: ArgumentDoc = { name: "element", type: "string" };
const elements: ArgumentDoc = { ...element, multiple: true };
const countSince: ArgumentDoc = { name: "count", type: "integer", since: "6.2.0", optional: true };
const PER_ELEMENT = "O(N) where N is the number of elements added.";
const PER_TAKEN = "O(N) where N is the number of elements returned.";

export const lpush: Command = {
  group: "list",
  name: "lpush",
  arity: -3,
  flags: "write denyoom fast",
  keys: "RW insert",
  since: "1.0.0",
  complexity: PER_ELEMENT,
  summary: "Adds elements at the head of a list, creating it if need be.",
  args: [keyArg, elements],
  handler: (c) => push(c, End.left, false),
};

export const rpush: Command = {
  group: "list",
  name: "rpush",
  arity: -3,
  flags: "write denyoom fast",
  keys: "RW insert",
  since: "1.0.0",
  complexity: PER_ELEMENT,
  summary: "Adds elements at the tail of a list, creating it if need be.",
  args: [keyArg, elements],
  handler: (c) => push(c, End.right, false),
};

export const lpushx: Command = {
  group: "list",
  name: "lpushx",
  arity: -3,
  flags: "write denyoom fast",
  keys: "RW insert",
  since: "2.2.0",
  complexity: PER_ELEMENT,
  summary: "Adds elements at the head of a list that exists.",
  args: [keyArg, elements],
  handler: (c) => push(c, End.left, true),
};

export const rpushx: Command = {
  group: "list",
  name: "rpushx",
  arity: -3,
  flags: "write denyoom fast",
  keys: "RW insert",
  since: "2.2.0",
  complexity: PER_ELEMENT,
  summary: "Adds elements at the tail of a list that exists.",
  args: [keyArg, elements],
  handler: (c) => push(c, End.right, true),
};

export const lpop: Command = {
  group: "list",
  name: "lpop",
  arity: -2,
  flags: "write fast",
  keys: "RW access delete",
  since: "1.0.0",
  complexity: PER_TAKEN,
  summary: "Takes elements from the head of a list and returns them.",
  args: [keyArg, countSince],
  handler: (c) => pop(c, End.left),
};

export const rpop: Command = {
  group: "list",
  name: "rpop",
  arity: -2,
  flags: "write fast",
  keys: "RW access delete",
  since: "1.0.0",
  complexity: PER_TAKEN,
  summary: "Takes elements from the tail of a list and returns them.",
  args: [keyArg, countSince],
  handler: (c) => pop(c, End.right),
};

export const lrange: Command = {
  group: "list",
  name: "lrange",
  arity: 4,
  flags: "readonly",
  keys: "RO access",
  since: "1.0.0",
  complexity: "O(S+N) where S is the distance from the nearer end and N the number returned.",
  summary: "Returns the elements of a list between two indexes.",
  args: [keyArg, integer("start"), integer("stop")],
  handler: lrangeCommand,
};

function lrangeCommand(c: Context): void {
  const { reply } = c;
  const lists = listsOf(c);
  const first = index(c, 2);
  if (Number.isNaN(first)) return;
  const last = index(c, 3);
  if (Number.isNaN(last)) return;
  const entry = c.findTyped(1, LIST);
  if (entry < 0) return;
  if (entry === 0) return reply.array(0);
  const length = lists.length(entry);
  const from = sliceStart(first, length);
  const to = sliceEnd(last, length);
  if (from >= to) return reply.array(0);
  const { chunked, packed } = lists;
  reply.array(to - from);
  if (!lists.seek(entry, from)) torn();
  for (let n = to - from; ; ) {
    chunked.read();
    reply.bulk(packed.bytes, packed.start, packed.end);
    if (--n === 0) return;
    if (!chunked.next()) torn();
  }
}

export const llen: Command = {
  group: "list",
  name: "llen",
  arity: 2,
  flags: "readonly fast",
  keys: "RO",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Returns how many elements a list has.",
  args: [keyArg],
  handler: llenCommand,
};

function llenCommand(c: Context): void {
  const entry = c.findTyped(1, LIST);
  if (entry >= 0) c.reply.integer(entry === 0 ? 0 : listsOf(c).length(entry));
}

export const lindex: Command = {
  group: "list",
  name: "lindex",
  arity: 3,
  flags: "readonly",
  keys: "RO access",
  since: "1.0.0",
  complexity: "O(N) where N is the distance from the nearer end; O(1) at the ends.",
  summary: "Returns the element of a list at an index.",
  args: [keyArg, integer("index")],
  handler: lindexCommand,
};

function lindexCommand(c: Context): void {
  const { reply } = c;
  const lists = listsOf(c);
  const entry = c.findTyped(1, LIST);
  if (entry < 0) return;
  if (entry === 0) return reply.null();
  const i = index(c, 2);
  if (Number.isNaN(i)) return;
  if (!lists.seek(entry, i)) return reply.null();
  lists.chunked.read();
  reply.bulk(lists.packed.bytes, lists.packed.start, lists.packed.end);
}

export const lset: Command = {
  group: "list",
  name: "lset",
  arity: 4,
  flags: "write denyoom",
  keys: "RW update",
  since: "1.0.0",
  complexity: "O(N) where N is the distance from the nearer end; O(1) at the ends.",
  summary: "Replaces the element of a list at an index.",
  args: [keyArg, integer("index"), element],
  handler: lsetCommand,
};

function lsetCommand(c: Context): void {
  const { args } = c;
  const lists = listsOf(c);
  const entry = c.findTypedForWrite(1, LIST);
  if (entry < 0) return;
  if (entry === 0) return c.reply.error(Errors.noSuchKey);
  const i = index(c, 2);
  if (Number.isNaN(i)) return;
  if (!lists.set(entry, i, args.bytes, args.starts[3], args.ends[3])) {
    return c.reply.error(indexOutOfRange);
  }
  c.modified(1, ListEvents.lset);
  c.reply.ok();
}

export const linsert: Command = {
  group: "list",
  name: "linsert",
  arity: 5,
  flags: "write denyoom",
  keys: "RW insert",
  since: "2.2.0",
  complexity: "O(N) where N is the number of elements before the pivot.",
  summary: "Inserts an element before or after another one of a list.",
  args: [keyArg, oneOf("where", "BEFORE", "AFTER"), { name: "pivot", type: "string" }, element],
  handler: linsertCommand,
};

function linsertCommand(c: Context): void {
  const { args } = c;
  const lists = listsOf(c);
  const before = args.is(2, BEFORE);
  if (!before && !args.is(2, AFTER)) return c.reply.error(Errors.syntax);
  const entry = c.findTypedForWrite(1, LIST);
  if (entry < 0) return;
  if (entry === 0) return c.reply.integer(0);
  if (!lists.findFirst(entry, args.bytes, args.starts[3], args.ends[3])) {
    return c.reply.integer(-1);
  }
  lists.willGrow(entry, 1, args.ends[4] - args.starts[4]);
  lists.insertAtFound(entry, before, args.bytes, args.starts[4], args.ends[4]);
  c.modified(1, ListEvents.linsert);
  c.reply.integer(lists.length(entry));
}

export const lrem: Command = {
  group: "list",
  name: "lrem",
  arity: 4,
  flags: "write",
  keys: "RW delete",
  since: "1.0.0",
  complexity: "O(N+M) where N is the length of the list and M the number removed.",
  summary: "Removes elements of a list that equal a value.",
  args: [keyArg, integer("count"), element],
  handler: lremCommand,
};

function lremCommand(c: Context): void {
  const { args } = c;
  const lists = listsOf(c);
  const count = index(c, 2);
  if (Number.isNaN(count)) return;
  const entry = c.findTypedForWrite(1, LIST);
  if (entry < 0) return;
  if (entry === 0) return c.reply.integer(0);
  const removed = lists.removeEqual(entry, count, args.bytes, args.starts[3], args.ends[3]);
  if (removed > 0) {
    c.modified(1, ListEvents.lrem, removed);
    if (lists.length(entry) === 0) c.removedEmpty(1);
  }
  c.reply.integer(removed);
}

export const ltrim: Command = {
  group: "list",
  name: "ltrim",
  arity: 4,
  flags: "write",
  keys: "RW delete",
  since: "1.0.0",
  complexity: "O(N) where N is the number of elements removed.",
  summary: "Removes the elements of a list outside two indexes.",
  args: [keyArg, integer("start"), integer("stop")],
  handler: ltrimCommand,
};

function ltrimCommand(c: Context): void {
  const first = index(c, 2);
  if (Number.isNaN(first)) return;
  const last = index(c, 3);
  if (Number.isNaN(last)) return;
  const entry = c.findTypedForWrite(1, LIST);
  if (entry < 0) return;
  if (entry === 0) return c.reply.ok();
  const length = listsOf(c).length(entry);
  const from = sliceStart(first, length);
  const to = sliceEnd(last, length);
  if (from < to) {
    listsOf(c).keepRange(entry, from, to);
    c.modified(1, ListEvents.ltrim, length - (to - from));
  } else {
    c.modified(1, ListEvents.ltrim, length);
    c.removedEmpty(1);
  }
  c.reply.ok();
}

export const lpos: Command = {
  group: "list",
  name: "lpos",
  arity: -3,
  flags: "readonly",
  keys: "RO access",
  since: "6.0.6",
  complexity: "O(N) where N is the number of elements compared.",
  summary: "Returns where in a list elements equal a value.",
  args: [
    keyArg,
    element,
    integer("rank", "RANK"),
    integer("num-matches", "COUNT"),
    integer("len", "MAXLEN"),
  ],
  handler: lposCommand,
};

function lposCommand(c: Context): void {
  const { args, reply } = c;
  const lists = listsOf(c);
  let rank = 1;
  let count = -1;
  let compared = 0;
  for (let i = 3; i < args.count; i += 2) {
    if (i + 1 === args.count) return reply.error(Errors.syntax);
    const value = args.index(i + 1);
    if (args.is(i, RANK)) {
      if (Number.isNaN(value)) return reply.error(Errors.notInteger);
      if (value === 0) return reply.error(rankZero);
      if (value < 0 && args.text(i + 1) === "-9223372036854775808")
        return reply.error(Errors.countOutOfRange);
      rank = value;
    } else if (args.is(i, COUNT)) {
      if (!(value >= 0)) return reply.error(countNegative);
      count = value;
    } else if (args.is(i, MAXLEN)) {
      if (!(value >= 0)) return reply.error(maxlenNegative);
      compared = value;
    } else return reply.error(Errors.syntax);
  }
  const entry = c.findTyped(1, LIST);
  if (entry < 0) return;
  const found = count < 0 ? -1 : reply.beginDeferred();
  let matches = 0;
  if (entry !== 0) {
    const { chunked } = lists;
    const forward = rank > 0;
    const length = lists.length(entry);
    const wanted = count === 0 ? Number.MAX_SAFE_INTEGER : Math.max(count, 1);
    let skip = Math.abs(rank) - 1;
    let rest = compared === 0 ? length : Math.min(compared, length);
    let at = forward ? 0 : length - 1;
    let there = lists.seek(entry, forward ? 0 : -1);
    for (; rest > 0 && matches < wanted; rest--) {
      if (!there) torn();
      if (chunked.equals(args.bytes, args.starts[2], args.ends[2])) {
        if (skip > 0) skip--;
        else {
          reply.integer(at);
          matches++;
        }
      }
      there = forward ? chunked.next() : chunked.previous();
      at += forward ? 1 : -1;
    }
  }
  if (count >= 0) reply.endArray(found, matches);
  else if (matches === 0) reply.null();
}

/** The list family, but for what list-moves.ts and list-pops.ts have. */
export const listCommands: Command[] = [
  lpush,
  rpush,
  lpushx,
  rpushx,
  lpop,
  rpop,
  lrange,
  llen,
  lindex,
  lset,
  linsert,
  lrem,
  ltrim,
  lpos,
];
