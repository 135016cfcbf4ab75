// SORT and SORT_RO: the elements of a list, set or sorted set in order, by what they say themselves
// or by what other keys say of them, and with what other keys hold for them.
//
// Elements are copied into one buffer first, and their places sorted: by numbers, and among equal
// ones by their bytes; or, with ALPHA, by bytes alone.

import { asciiBytes, compareBytes, copyBytes } from "../../base/bytes.ts";
import { parseDouble } from "../../base/doubles.ts";
import { INTEGER_TEXT_MAX, writeInteger } from "../../base/integers.ts";
import { ascending } from "../../base/number-order.ts";
import { sortTexts } from "../../base/text-order.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import { EventClass, Events, keyEvent } from "../../engine/events.ts";
import { type KeyFinder, KeyFlag } from "../../engine/key-specs.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import type { ChunkedLists } from "../../structures/chunked-list.ts";
import { LIST, listsOf } from "../../types/lists.ts";
import { SET, setsOf } from "../../types/sets.ts";
import { SORTED_SET, sortedSetsOf } from "../../types/sorted-sets.ts";
import { keyArg, limitArg } from "../shared/argument-docs.ts";
import { Pattern } from "./pattern.ts";

const notNumbers = errorLine("ERR One or more scores can't be converted into double");

const sortStored = keyEvent(EventClass.list, "sortstore");

const ASC = asciiBytes("asc");
const DESC = asciiBytes("desc");
const ALPHA = asciiBytes("alpha");
const LIMIT = asciiBytes("limit");
const STORE = asciiBytes("store");
const BY = asciiBytes("by");
const GET = asciiBytes("get");

/** What one request asks for. */
class Order {
  isDescending = false;
  isAlpha = false;
  /** Elements stay as they stand. */
  isUnsorted = false;
  offset = 0;
  limit = -1;
  /** The argument that is where the result goes, or 0. */
  store = 0;
  by: Pattern | undefined;
  readonly get: Pattern[] = [];
}

/** What a word that is kept as a number alone spells. Two, so that two can be compared. */
const spelled = [new Uint8Array(INTEGER_TEXT_MAX), new Uint8Array(INTEGER_TEXT_MAX)] as const;

/**
 * Byte strings one behind the other. One that is an integer's text may be kept as its number alone:
 * then it has no bytes here.
 */
class Words {
  bytes: Uint8Array = new Uint8Array(1024);
  /** Where each begins; the last one says where the last ends. */
  starts: Int32Array = new Int32Array(64);
  /** What each one spells, where that was known when it was added; else NaN. */
  numbers: Float64Array = new Float64Array(64);
  count = 0;

  addInteger(number: number): void {
    this.add(this.bytes, 0, 0, number);
  }

  add(bytes: Uint8Array, start: number, end: number, number = Number.NaN): void {
    const at = this.starts[this.count];
    const stop = at + end - start;
    if (stop > this.bytes.length) {
      const longer = new Uint8Array(Math.max(stop, this.bytes.length * 2));
      copyBytes(this.bytes, 0, at, longer, 0);
      this.bytes = longer;
    }
    if (stop > at) copyBytes(bytes, start, end, this.bytes, at);
    this.numbers[this.count++] = number;
    if (this.count === this.starts.length) {
      const more = new Int32Array(this.count * 2);
      more.set(this.starts);
      this.starts = more;
      const numbers = new Float64Array(this.count * 2);
      numbers.set(this.numbers);
      this.numbers = numbers;
    }
    this.starts[this.count] = stop;
  }

  /** Whether a word is kept as a number alone. */
  isInteger(i: number): boolean {
    return this.starts[i] === this.starts[i + 1] && !Number.isNaN(this.numbers[i]);
  }

  compare(a: number, b: number): number {
    const { bytes, starts } = this;
    if (this.isInteger(a) || this.isInteger(b)) return this.#compareSpelled(a, b);
    return compareBytes(bytes, starts[a], starts[a + 1], bytes, starts[b], starts[b + 1]);
  }

  #compareSpelled(a: number, b: number): number {
    const aEnd = this.#spell(a, spelled[0]);
    const bEnd = this.#spell(b, spelled[1]);
    const { bytes, starts } = this;
    const [aBytes, aStart] = aEnd < 0 ? [bytes, starts[a]] : [spelled[0], 0];
    const [bBytes, bStart] = bEnd < 0 ? [bytes, starts[b]] : [spelled[1], 0];
    return compareBytes(
      aBytes,
      aStart,
      aEnd < 0 ? starts[a + 1] : aEnd,
      bBytes,
      bStart,
      bEnd < 0 ? starts[b + 1] : bEnd,
    );
  }

  /** The end of a word's text in `into`, or −1 where it is among the bytes. */
  #spell(i: number, into: Uint8Array): number {
    return this.isInteger(i) ? writeInteger(into, 0, this.numbers[i]) : -1;
  }

  reply(c: Context, i: number): void {
    if (this.isInteger(i)) c.reply.bulkInteger(this.numbers[i]);
    else c.reply.bulk(this.bytes, this.starts[i], this.starts[i + 1]);
  }

  pushTo(lists: ChunkedLists, root: number, i: number): void {
    const end = this.#spell(i, spelled[0]);
    if (end < 0) lists.pushLast(root, this.bytes, this.starts[i], this.starts[i + 1]);
    else lists.pushLast(root, spelled[0], 0, end);
  }
}

const byOrGet =
  "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from " +
  "the content of the key we sort";
const storeNotes =
  "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear " +
  "anywhere in the argument array";
const orderArgs: readonly ArgumentDoc[] = [
  keyArg,
  { name: "by-pattern", type: "pattern", token: "BY", optional: true },
  limitArg,
  {
    name: "get-pattern",
    type: "pattern",
    token: "GET",
    optional: true,
    multiple: true,
    multipleToken: true,
  },
  {
    name: "order",
    type: "oneof",
    optional: true,
    arguments: [
      { name: "asc", type: "pure-token", token: "ASC" },
      { name: "desc", type: "pure-token", token: "DESC" },
    ],
  },
  { name: "sorting", type: "pure-token", token: "ALPHA", optional: true },
];

/** SORT's key, and that of its last STORE. */
const findKeys: KeyFinder = (args, found) => {
  found.add(1, KeyFlag.RO | KeyFlag.access);
  for (let i = 2; i + 1 < args.count; i++) {
    if (args.is(i, LIMIT)) i += 2;
    else if (args.is(i, BY) || args.is(i, GET)) i++;
    else if (args.is(i, STORE)) {
      found.count = 1;
      found.add(i + 1, KeyFlag.OW | KeyFlag.update);
    }
  }
  return true;
};

export const sort: Command = {
  name: "sort",
  arity: -2,
  flags: "write denyoom",
  keys: [
    { index: 1, flags: "RO access" },
    { notes: byOrGet, flags: "RO access" },
    { notes: storeNotes, flags: "OW update" },
  ],
  findKeys,
  categories: "set sortedset list dangerous",
  group: "generic",
  since: "1.0.0",
  complexity: "O(N+M*log(M)), N being the elements and M those returned",
  summary: "Sorts a list, set or sorted set, and may store the result as a list.",
  args: [
    ...orderArgs,
    { name: "destination", type: "key", token: "STORE", keySpecIndex: 2, optional: true },
  ],
  handler: (c) => sortCommand(c, true),
};

export const sortRo: Command = {
  name: "sort_ro",
  arity: -2,
  flags: "readonly",
  keys: [
    { index: 1, flags: "RO access" },
    { notes: byOrGet, flags: "RO access" },
  ],
  findKeys(_, found) {
    found.add(1, KeyFlag.RO | KeyFlag.access);
    return true;
  },
  categories: "set sortedset list dangerous",
  group: "generic",
  since: "7.0.0",
  complexity: "O(N+M*log(M)), N being the elements and M those returned",
  summary: "Returns the sorted elements of a list, set or sorted set.",
  args: orderArgs,
  handler: (c) => sortCommand(c, false),
};

/** Reads the options; undefined after an error. */
function readOrder(c: Context, mayStore: boolean): Order | undefined {
  const { args, reply } = c;
  const order = new Order();
  for (let i = 2; i < args.count; i++) {
    const rest = args.count - i - 1;
    if (args.is(i, ASC)) order.isDescending = false;
    else if (args.is(i, DESC)) order.isDescending = true;
    else if (args.is(i, ALPHA)) order.isAlpha = true;
    else if (args.is(i, LIMIT) && rest >= 2) {
      order.offset = args.index(i + 1);
      order.limit = args.index(i + 2);
      if (Number.isNaN(order.offset) || Number.isNaN(order.limit)) {
        reply.error(Errors.notInteger);
        return undefined;
      }
      i += 2;
    } else if (mayStore && args.is(i, STORE) && rest >= 1) order.store = ++i;
    else if (args.is(i, BY) && rest >= 1) {
      order.by = new Pattern(args.copy(++i));
      // What names no key sorts nothing.
      if (!order.by.hasPlace) order.isUnsorted = true;
    } else if (args.is(i, GET) && rest >= 1) order.get.push(new Pattern(args.copy(++i)));
    else {
      reply.error(Errors.syntax);
      return undefined;
    }
  }
  return order;
}

function sortCommand(c: Context, mayStore: boolean): void {
  const order = readOrder(c, mayStore);
  if (order === undefined) return;
  const entry = c.find(1);
  const type = entry === 0 ? LIST : c.keyspace.typeOf(entry);
  if (type !== LIST && type !== SET && type !== SORTED_SET) return c.wrongType(type, LIST);
  if (order.isUnsorted && type === SET && (order.store > 0 || c.isInScript)) {
    // A set has no order: what is stored, or seen by a script, is to be the same wherever it is.
    order.isUnsorted = false;
    order.isAlpha = true;
    order.by = undefined;
  }
  const words = new Words();
  // Where their texts are not asked for, integers need none.
  const needsTexts = order.isAlpha || order.by !== undefined || order.get.length > 0;
  if (entry !== 0) readElements(c, entry, type, words, needsTexts);
  let places: Uint32Array | undefined;
  if (order.isUnsorted) places = standing(words.count, order.isDescending && type !== SET);
  else places = order.isAlpha ? byBytes(c, words, order) : byNumbers(c, words, order);
  if (places === undefined) return c.reply.error(notNumbers);
  const from = Math.min(Math.max(order.offset, 0), words.count);
  const to = order.limit < 0 ? words.count : Math.min(from + order.limit, words.count);
  const shown = places.subarray(from, to);
  if (order.store > 0) store(c, words, shown, order);
  else replyElements(c, words, shown, order.get);
}

function readElements(
  c: Context,
  entry: number,
  type: number,
  words: Words,
  needsTexts: boolean,
): void {
  if (type === LIST) {
    const { chunked, packed } = listsOf(c);
    const root = c.keyspace.records.pointer(entry);
    for (let there = chunked.first(root); there; there = chunked.next()) {
      if (!needsTexts && chunked.readInteger() && Number.isSafeInteger(packed.number)) {
        words.addInteger(packed.number);
        continue;
      }
      chunked.read();
      const number = packed.isInteger ? packed.number : Number.NaN;
      words.add(packed.bytes, packed.start, packed.end, number);
    }
    return;
  }
  const { walk } = type === SET ? setsOf(c) : sortedSetsOf(c);
  walk.open(entry);
  while (walk.next()) words.add(walk.bytes, walk.start, walk.end);
}

function standing(count: number, isReverse: boolean): Uint32Array {
  const places = new Uint32Array(count);
  for (let i = 0; i < count; i++) places[i] = isReverse ? count - 1 - i : i;
  return places;
}

/** The places in the order of numbers; undefined where something is none. */
function byNumbers(c: Context, words: Words, order: Order): Uint32Array | undefined {
  const { count } = words;
  const numbers = new Float64Array(count);
  const { by } = order;
  for (let i = 0; i < count; i++) {
    const start = words.starts[i];
    const end = words.starts[i + 1];
    let number = words.numbers[i];
    if (by === undefined) {
      if (Number.isNaN(number)) number = numberOf(words.bytes, start, end);
    } else number = by.find(c, words.bytes, start, end) ? numberOf(by.bytes, by.start, by.end) : 0;
    if (Number.isNaN(number)) return undefined;
    numbers[i] = number;
  }
  const places = ascending(numbers, count);
  for (let from = 0; from < count; ) {
    let to = from + 1;
    while (to < count && numbers[places[to]] === numbers[places[from]]) to++;
    if (to - from > 1) places.subarray(from, to).sort((a, b) => words.compare(a, b));
    from = to;
  }
  return order.isDescending ? places.reverse() : places;
}

/** As C's strtod reads it, but out of range is NaN: nothing is 0, spaces may stand in front. */
function numberOf(bytes: Uint8Array, from: number, end: number): number {
  let start = from;
  while (start < end && (bytes[start] === 0x20 || (bytes[start] >= 9 && bytes[start] <= 13))) {
    start++;
  }
  if (start === end) return from === end ? 0 : Number.NaN;
  return parseDouble(bytes, start, end);
}

/** The places in the order of bytes: the elements', or what other keys hold for them. */
function byBytes(c: Context, words: Words, order: Order): Uint32Array {
  const { by, isDescending } = order;
  const places = standing(words.count, false);
  const sign = isDescending ? -1 : 1;
  if (by === undefined) {
    sortTexts(words, places, sign);
    return places;
  }
  const keys = new Words();
  const isThere = new Uint8Array(words.count);
  let missing = 0;
  for (let i = 0; i < words.count; i++) {
    isThere[i] = by.find(c, words.bytes, words.starts[i], words.starts[i + 1]) ? 1 : 0;
    missing += 1 - isThere[i];
    keys.add(by.bytes, by.start, by.end);
  }
  // What is not there comes before what is empty.
  const present = words.count - missing;
  const [absent, sorted] = isDescending
    ? [places.subarray(present), places.subarray(0, present)]
    : [places.subarray(0, missing), places.subarray(missing)];
  for (let i = 0, there = 0; i < words.count; i++) {
    if (isThere[i] === 1) sorted[there++] = i;
    else absent[i - there] = i;
  }
  sortTexts(keys, sorted, sign);
  return places;
}

function replyElements(
  c: Context,
  words: Words,
  places: Uint32Array,
  patterns: readonly Pattern[],
): void {
  const { reply } = c;
  const { bytes, starts } = words;
  reply.array(places.length * Math.max(1, patterns.length));
  for (const place of places) {
    if (patterns.length === 0) words.reply(c, place);
    for (const pattern of patterns) {
      if (!pattern.find(c, bytes, starts[place], starts[place + 1])) reply.null();
      else reply.bulk(pattern.bytes, pattern.start, pattern.end);
    }
  }
}

function store(c: Context, words: Words, places: Uint32Array, order: Order): void {
  const { bytes, starts } = words;
  const count = places.length * Math.max(1, order.get.length);
  if (count === 0) {
    if (c.remove(order.store)) c.modified(order.store, Events.del);
    return c.reply.integer(0);
  }
  const lists = listsOf(c);
  const root = lists.create();
  for (const place of places) {
    if (order.get.length === 0) words.pushTo(lists.chunked, root, place);
    for (const pattern of order.get) {
      pattern.find(c, bytes, starts[place], starts[place + 1]); // nothing is stored as empty
      lists.chunked.pushLast(root, pattern.bytes, pattern.start, pattern.end);
    }
  }
  c.replace(order.store, lists.kindOf(root), root);
  c.modified(order.store, sortStored, count);
  c.ready(order.store);
  c.reply.integer(count);
}

export const sortCommands: Command[] = [sort, sortRo];
