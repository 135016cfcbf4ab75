// Commands that move a block of elements from list to list: LMOVEM, and BLMOVEM, which waits, as
// Redis 8.10 has them. The block is what stands at one end of the source. All of it is taken before
// any of it is added, so that a list may be moved into itself; in which order it stands in the
// destination is asked for:
//
//   BULK   the elements keep their order
//   OBO    as if they were taken and added one by one; they are reversed if both ends are the same
//
// EXACTLY moves so many or nothing, and has BLMOVEM wait until there are so many: it looks whenever
// its source changes. COUNT takes what there is. Neither: one element, which is replied as a block
// too.
//
// What goes to the log is what servers without these commands can read: LMOVE for one element, else
// a pop and a push.

import { asciiBytes, copyBytes } from "../../base/bytes.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import { orNullArray, type Wait } from "../../engine/wait.ts";
import { Errors } from "../../protocol/errors.ts";
import { End, LIST, type Lists, listsOf } from "../../types/lists.ts";
import { oneOf, timeoutArg } from "../shared/argument-docs.ts";
import { countNotPositive } from "../shared/pops.ts";
import { readTimeout } from "../shared/timeouts.ts";
import { COUNT } from "../shared/words.ts";
import { destinationArg, endOf, fromArg, NO_WAIT, sourceArg, toArg } from "./list-moves.ts";
import { ListEvents, popped } from "./lists.ts";

const EXACTLY = asciiBytes("exactly");
const OBO = asciiBytes("obo");
const BULK = asciiBytes("bulk");

/** A block's scratch that has grown beyond this is given back. */
const KEPT_BYTES = 1 << 16;
/** Most bytes of a block: beyond, the reply would be refused anyway. */
const BLOCK_BYTES_MAX = 2 ** 31 - 1;

/** So many elements are waited for: whatever the source is given, it is looked at again. */
const blockOrNull: Wait = {
  wakes: (type) => type === LIST,
  hearsAll: true,
  ...orNullArray,
};

/** What the request being executed asks for. */
const asked = {
  from: 0,
  to: 0,
  count: 1,
  isExact: false,
  isReversed: false,
  timeoutMs: NO_WAIT,
};

/** The elements that are being moved, in the order in which they stand in the source. */
class Block {
  bytes: Uint8Array = new Uint8Array(1024);
  starts: Int32Array = new Int32Array(64);
  ends: Int32Array = new Int32Array(64);
  count = 0;
  #length = 0;

  /** Reads `count` elements from index `from` on; false when they are too many bytes. */
  read(lists: Lists, entry: number, from: number, count: number): boolean {
    const { chunked, packed } = lists;
    this.count = 0;
    this.#length = 0;
    if (count > this.starts.length) {
      this.starts = new Int32Array(count);
      this.ends = new Int32Array(count);
    }
    for (let there = lists.seek(entry, from); this.count < count; there = chunked.next()) {
      if (!there) break;
      chunked.read();
      if (this.#length + packed.end - packed.start > BLOCK_BYTES_MAX) return false;
      this.#add(packed.bytes, packed.start, packed.end);
    }
    return true;
  }

  #add(bytes: Uint8Array, start: number, end: number): void {
    const length = this.#length + end - start;
    if (length > this.bytes.length) {
      const larger = new Uint8Array(Math.min(2 * length, BLOCK_BYTES_MAX));
      larger.set(this.bytes.subarray(0, this.#length));
      this.bytes = larger;
    }
    copyBytes(bytes, start, end, this.bytes, this.#length);
    this.starts[this.count] = this.#length;
    this.ends[this.count++] = length;
    this.#length = length;
  }

  reverse(): void {
    this.starts.subarray(0, this.count).reverse();
    this.ends.subarray(0, this.count).reverse();
  }

  /** Gives back what only few blocks need. */
  release(): void {
    if (this.bytes.length > KEPT_BYTES) this.bytes = new Uint8Array(1024);
    if (this.starts.length > KEPT_BYTES >> 2) {
      this.starts = new Int32Array(64);
      this.ends = new Int32Array(64);
    }
  }
}

const block = new Block();

/** Reads the ends, the timeout of BLMOVEM and how many; false when an error has been replied. */
function readOptions(c: Context, waits: boolean): boolean {
  const { args } = c;
  const at = waits ? 6 : 5;
  asked.from = endOf(args, 3);
  asked.to = endOf(args, 4);
  asked.count = 1;
  asked.isExact = false;
  asked.isReversed = false;
  asked.timeoutMs = NO_WAIT;
  if (asked.from < 0 || asked.to < 0) return refused(c, Errors.syntax);
  if (args.count > at) {
    asked.isExact = args.is(at, EXACTLY);
    const isOneByOne = args.is(at + 2, OBO);
    const isKnown = asked.isExact || args.is(at, COUNT);
    const isOrdered = isOneByOne || args.is(at + 2, BULK);
    if (args.count !== at + 3 || !isKnown || !isOrdered) return refused(c, Errors.syntax);
    asked.count = args.index(at + 1);
    if (!(asked.count > 0)) return refused(c, countNotPositive);
    asked.isReversed = isOneByOne && asked.from === asked.to;
  }
  if (waits) asked.timeoutMs = readTimeout(c, 5);
  return !waits || asked.timeoutMs >= 0;
}

function refused(c: Context, error: Uint8Array): boolean {
  c.reply.error(error);
  return false;
}

function moveBlock(c: Context, waits: boolean): void {
  if (!readOptions(c, waits)) return;
  const lists = listsOf(c);
  const source = c.findTypedForWrite(1, LIST);
  if (source < 0) return;
  const length = source === 0 ? 0 : lists.length(source);
  if (length < (asked.isExact ? asked.count : 1)) {
    if (waits) c.block(1, 1, asked.timeoutMs);
    else c.reply.nullArray();
    return;
  }
  const target = c.findTypedForWrite(2, LIST);
  if (target < 0) return;
  const count = Math.min(asked.count, length);
  if (!block.read(lists, source, asked.from === End.left ? 0 : length - count, count)) {
    block.release();
    return c.reply.error(Errors.replyTooLarge);
  }
  if (asked.isReversed) block.reverse();
  c.reply.array(count);
  for (let i = 0; i < count; i++) c.reply.bulk(block.bytes, block.starts[i], block.ends[i]);
  // Elements go to the head one before the other.
  if (asked.to === End.left) block.reverse();
  if (source === target) moveWithin(c, lists, source, length);
  else moveAcross(c, lists, source, target, length - count);
  block.release();
}

function moveAcross(c: Context, lists: Lists, source: number, found: number, left: number): void {
  const { count } = block;
  const { from, to } = asked;
  // A list that is about to go need not be emptied first.
  if (left > 0) lists.removeFromEnd(source, from, count);
  let target = found;
  if (target === 0) {
    const root = lists.create(); // says of which kind it is
    target = c.create(2, lists.createdKind, root);
  }
  lists.pushEach(target, to, block.bytes, block.starts, block.ends, 0, count);
  c.modified(2, to === End.left ? ListEvents.lpush : ListEvents.rpush, 0);
  if (found === 0) c.ready(2);
  popped(c, 1, source, from, count, left);
  if (count === 1) return moveEffect(c);
  popEffect(c, from, count);
  pushEffect(c);
}

function moveWithin(c: Context, lists: Lists, entry: number, length: number): void {
  const { count } = block;
  const { from, to } = asked;
  lists.removeFromEnd(entry, from, count);
  lists.pushEach(entry, to, block.bytes, block.starts, block.ends, 0, count);
  c.modified(2, to === End.left ? ListEvents.lpush : ListEvents.rpush, 0);
  popped(c, 1, entry, from, count, length);
  if (from !== to) {
    for (let i = 0; i < count; i++) moveEffect(c);
  } else if (!asked.isReversed) {
    c.rewritten = true; // what is replayed need not know of it
  } else if (count < length) {
    popEffect(c, from, count);
    pushEffect(c);
  } else {
    // A list that is emptied first would lose its deadline.
    pushEffect(c);
    popEffect(c, from === End.left ? End.right : End.left, count);
  }
}

function moveEffect(c: Context): void {
  c.effect(5);
  c.effectText("LMOVE");
  for (let i = 1; i <= 4; i++) c.effectArg(i);
}

function popEffect(c: Context, end: number, count: number): void {
  c.effect(3);
  c.effectText(end === End.left ? "LPOP" : "RPOP");
  c.effectArg(1);
  c.effectInteger(count);
}

function pushEffect(c: Context): void {
  c.effect(2 + block.count);
  c.effectText(asked.to === End.left ? "LPUSH" : "RPUSH");
  c.effectArg(2);
  for (let i = 0; i < block.count; i++) {
    c.effectBytes(block.bytes, block.starts[i], block.ends[i]);
  }
}

const howManyArg: ArgumentDoc = {
  name: "how-many",
  type: "block",
  optional: true,
  arguments: [
    {
      name: "selector",
      type: "oneof",
      arguments: [
        { name: "count", type: "integer", token: "COUNT" },
        { name: "exactly", type: "integer", token: "EXACTLY" },
      ],
    },
    oneOf("ordering", "OBO", "BULK"),
  ],
};

export const lmovem: Command = {
  name: "lmovem",
  arity: -5,
  flags: "write denyoom",
  keys: [
    { index: 1, flags: "RW access delete" },
    { index: 2, flags: "RW insert" },
  ],
  group: "list",
  since: "8.10.0",
  complexity: "O(N) where N is the number of elements moved.",
  summary: "Moves elements from one list to another and returns them.",
  args: [sourceArg, destinationArg, fromArg, toArg, howManyArg],
  handler: (c) => moveBlock(c, false),
};

export const blmovem: Command = {
  ...lmovem,
  name: "blmovem",
  arity: -6,
  flags: "write denyoom blocking",
  wait: blockOrNull,
  summary: "Moves elements between lists; waits until there are enough.",
  args: [sourceArg, destinationArg, fromArg, toArg, timeoutArg, howManyArg],
  handler: (c) => moveBlock(c, true),
};

/** The list commands that move blocks of elements. */
export const blockMoveCommands: Command[] = [lmovem, blmovem];
