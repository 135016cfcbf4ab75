// Commands that move an element from list to list: LMOVE and RPOPLPUSH, and those that wait for
// one, BLMOVE and BRPOPLPUSH.
//
// A command that waits tries first, like its sister that does not, and blocks when it found
// nothing. It is executed once more when a key that it waits for has something, so it knows
// nothing of queues; what goes to the log is what it did (an LMOVE), which never waits.

import { asciiBytes } from "../../base/bytes.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import type { Wait } from "../../engine/wait.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { Errors } from "../../protocol/errors.ts";
import { End, LIST, listsOf } from "../../types/lists.ts";
import { oneOf, timeoutArg } from "../shared/argument-docs.ts";
import { readTimeout } from "../shared/timeouts.ts";
import { ListEvents, popped } from "./lists.ts";

const LEFT = asciiBytes("left");
const RIGHT = asciiBytes("right");

/** Stands for "do not wait" where a timeout in milliseconds is passed. */
export const NO_WAIT = -1;

/** One element is waited for; where nobody may wait it is null, as for the sisters. */
const elementOrNull: Wait = {
  wakes: (type) => type === LIST,
  likeness: () => "list",
  hearsAll: false,
  denied: (reply) => reply.null(),
  timedOut: (reply) => reply.nullArray(),
};

export const sourceArg: ArgumentDoc = { name: "source", type: "key", keySpecIndex: 0 };
export const destinationArg: ArgumentDoc = { name: "destination", type: "key", keySpecIndex: 1 };
export const fromArg: ArgumentDoc = oneOf("wherefrom", "LEFT", "RIGHT");
export const toArg: ArgumentDoc = oneOf("whereto", "LEFT", "RIGHT");

/** Argument i as LEFT or RIGHT: an End, or −1. */
export function endOf(args: Arguments, i: number): number {
  if (args.is(i, LEFT)) return End.left;
  return args.is(i, RIGHT) ? End.right : -1;
}

/** Moves an element from the list at argument 1 to that at argument 2. Waits unless NO_WAIT. */
function move(c: Context, from: number, to: number, timeoutMs: number): void {
  const lists = listsOf(c);
  const { packed } = lists;
  const source = c.findTypedForWrite(1, LIST);
  if (source < 0) return;
  if (source === 0) {
    if (timeoutMs === NO_WAIT) c.reply.null();
    else c.block(1, 1, timeoutMs);
    return;
  }
  let target = c.findTypedForWrite(2, LIST);
  if (target < 0) return;
  const created = target === 0;
  const left = lists.length(source) - 1;
  lists.readEnd(source, from);
  packed.hold(packed.bytes, packed.start, packed.end);
  const { bytes, start, end } = packed;
  if (source === target || left > 0) lists.removeEnd(source, from);
  if (created) {
    const root = lists.create(); // says of which kind it is
    target = c.create(2, lists.createdKind, root);
  }
  lists.willGrow(target, 1, end - start);
  lists.push(target, to, bytes, start, end);
  c.reply.bulk(bytes, start, end);
  c.modified(2, to === End.left ? ListEvents.lpush : ListEvents.rpush, 0);
  if (created) c.ready(2);
  popped(c, 1, source, from, 1, source === target ? lists.length(target) : left);
  if (timeoutMs !== NO_WAIT) moveEffect(c);
}

/** BLMOVE and BRPOPLPUSH go to the log without their timeout. */
function moveEffect(c: Context): void {
  const words = c.args.count - 1;
  c.effect(words);
  c.effectText(words === 5 ? "LMOVE" : "RPOPLPUSH");
  for (let i = 1; i < words; i++) c.effectArg(i);
}

export const lmove: Command = {
  name: "lmove",
  arity: 5,
  flags: "write denyoom",
  keys: [
    { index: 1, flags: "RW access delete" },
    { index: 2, flags: "RW insert" },
  ],
  group: "list",
  since: "6.2.0",
  complexity: "O(1)",
  summary: "Moves an element from one list to another and returns it.",
  args: [sourceArg, destinationArg, fromArg, toArg],
  handler: (c) => moveNamed(c, false),
};

export const blmove: Command = {
  name: "blmove",
  arity: 6,
  flags: "write denyoom noscript blocking",
  wait: elementOrNull,
  keys: [
    { index: 1, flags: "RW access delete" },
    { index: 2, flags: "RW insert" },
  ],
  group: "list",
  since: "6.2.0",
  complexity: "O(1)",
  summary: "Moves an element between lists; waits if there is none.",
  args: [sourceArg, destinationArg, fromArg, toArg, timeoutArg],
  handler: (c) => moveNamed(c, true),
};

function moveNamed(c: Context, waits: boolean): void {
  const from = endOf(c.args, 3);
  const to = endOf(c.args, 4);
  if (from < 0 || to < 0) return c.reply.error(Errors.syntax);
  const timeoutMs = waits ? readTimeout(c, 5) : NO_WAIT;
  if (waits && timeoutMs < 0) return;
  move(c, from, to, timeoutMs);
}

export const rpoplpush: Command = {
  name: "rpoplpush",
  arity: 3,
  flags: "write denyoom",
  keys: [
    { index: 1, flags: "RW access delete" },
    { index: 2, flags: "RW insert" },
  ],
  group: "list",
  since: "1.2.0",
  deprecated: ["6.2.0", "`LMOVE` with the `RIGHT` and `LEFT` arguments"],
  complexity: "O(1)",
  summary: "Moves the tail of one list to the head of another; see LMOVE.",
  args: [sourceArg, destinationArg],
  handler: (c) => moveRightToLeft(c, false),
};

export const brpoplpush: Command = {
  name: "brpoplpush",
  arity: 4,
  flags: "write denyoom noscript blocking",
  wait: elementOrNull,
  keys: [
    { index: 1, flags: "RW access delete" },
    { index: 2, flags: "RW insert" },
  ],
  group: "list",
  since: "2.2.0",
  deprecated: ["6.2.0", "`BLMOVE` with the `RIGHT` and `LEFT` arguments"],
  complexity: "O(1)",
  summary: "Moves a tail to another list's head, waiting for one; see BLMOVE.",
  args: [sourceArg, destinationArg, timeoutArg],
  handler: (c) => moveRightToLeft(c, true),
};

function moveRightToLeft(c: Context, waits: boolean): void {
  const timeoutMs = waits ? readTimeout(c, 3) : NO_WAIT;
  if (waits && timeoutMs < 0) return;
  move(c, End.right, End.left, timeoutMs);
}

/** The list commands that move elements. */
export const listMoveCommands: Command[] = [lmove, rpoplpush, blmove, brpoplpush];
