// Commands that take elements from the first of several lists that has any: LMPOP, and those that
// wait for one, BLPOP, BRPOP and BLMPOP. What goes to the log is an LPOP or RPOP; see list-moves.ts
// for how waiting works.

import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import type { Wait } from "../../engine/wait.ts";
import { End, LIST, listsOf } from "../../types/lists.ts";
import { keysArg, oneOf } from "../shared/argument-docs.ts";
import { popOptions } from "../shared/pop-options.ts";
import { readTimeout } from "../shared/timeouts.ts";
import { endOf } from "./list-moves.ts";
import { popMany, popOne } from "./lists.ts";

/** What the commands wait for; without it they reply a null array. */
const elements: Wait = {
  wakes: (type) => type === LIST,
  hearsAll: false,
  denied: (reply) => reply.nullArray(),
  timedOut: (reply) => reply.nullArray(),
};

const timeoutDoc: ArgumentDoc = { name: "timeout", type: "double" };
const numkeys: ArgumentDoc = { name: "numkeys", type: "integer" };
const countOption: ArgumentDoc = { name: "count", type: "integer", token: "COUNT", optional: true };
const where = oneOf("where", "LEFT", "RIGHT");
const PER_KEY = "O(N) where N is the number of keys given.";
const PER_KEY_AND_TAKEN = "O(N+M) where N is the number of keys and M of elements returned.";

export const blpop: Command = {
  name: "blpop",
  arity: -3,
  flags: "write noscript blocking",
  wait: elements,
  keys: [{ index: 1, last: -2, flags: "RW access delete" }],
  group: "list",
  since: "2.0.0",
  complexity: PER_KEY,
  summary: "Takes the head of the first list that has one; waits if none has.",
  args: [keysArg, timeoutDoc],
  handler: (c) => popOrWait(c, End.left),
};

export const brpop: Command = {
  name: "brpop",
  arity: -3,
  flags: "write noscript blocking",
  wait: elements,
  keys: [{ index: 1, last: -2, flags: "RW access delete" }],
  group: "list",
  since: "2.0.0",
  complexity: PER_KEY,
  summary: "Takes the tail of the first list that has one; waits if none has.",
  args: [keysArg, timeoutDoc],
  handler: (c) => popOrWait(c, End.right),
};

/** BLPOP and BRPOP. */
function popOrWait(c: Context, end: number): void {
  const { args } = c;
  const last = args.count - 2;
  const timeoutMs = readTimeout(c, last + 1);
  if (timeoutMs < 0) return;
  for (let i = 1; i <= last; i++) {
    const entry = c.findTypedForWrite(i, LIST);
    if (entry < 0) return;
    if (entry === 0) continue;
    c.reply.array(2);
    c.reply.bulk(args.bytes, args.starts[i], args.ends[i]);
    popOne(c, i, entry, end);
    popEffect(c, i, end, 0);
    return;
  }
  c.block(1, last, timeoutMs);
}

function popEffect(c: Context, i: number, end: number, count: number): void {
  c.effect(count > 0 ? 3 : 2);
  c.effectText(end === End.left ? "LPOP" : "RPOP");
  c.effectArg(i);
  if (count > 0) c.effectInteger(count);
}

export const lmpop: Command = {
  name: "lmpop",
  arity: -4,
  flags: "write",
  keys: [{ index: 1, counted: true, flags: "RW access delete" }],
  group: "list",
  since: "7.0.0",
  complexity: PER_KEY_AND_TAKEN,
  summary: "Takes elements from the first of several lists that has any.",
  args: [numkeys, keysArg, where, countOption],
  handler: (c) => popFromFirst(c, 1, false),
};

export const blmpop: Command = {
  name: "blmpop",
  arity: -5,
  flags: "write blocking",
  wait: elements,
  keys: [{ index: 2, counted: true, flags: "RW access delete" }],
  group: "list",
  since: "7.0.0",
  complexity: PER_KEY_AND_TAKEN,
  summary: "Takes elements from the first list that has any; waits if none has.",
  args: [timeoutDoc, numkeys, keysArg, where, countOption],
  handler: (c) => popFromFirst(c, 2, true),
};

/** LMPOP and BLMPOP; `n` is the argument that says how many keys follow. */
function popFromFirst(c: Context, n: number, waits: boolean): void {
  if (!popOptions.read(c, n, waits, endOf)) return;
  const { args, reply } = c;
  const lists = listsOf(c);
  const { first, end: behind, from: end, count, timeoutMs } = popOptions;
  for (let i = first; i < behind; i++) {
    const entry = c.findTypedForWrite(i, LIST);
    if (entry < 0) return;
    if (entry === 0) continue;
    const taken = Math.min(count, lists.length(entry));
    reply.array(2);
    reply.bulk(args.bytes, args.starts[i], args.ends[i]);
    popMany(c, i, entry, end, taken);
    popEffect(c, i, end, taken);
    return;
  }
  if (!waits) reply.nullArray();
  else c.block(first, behind - 1, timeoutMs);
}

/** The list commands that take from the first of several. */
export const listPopCommands: Command[] = [lmpop, blpop, brpop, blmpop];
