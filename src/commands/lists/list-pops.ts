// Commands that take elements from the first of several lists that has any: LMPOP, and those that
// wait for one, BLPOP, BRPOP and BLMPOP. What goes to the log is an LPOP or RPOP; see list-moves.ts
// for how waiting works.

import type { Command, Context } from "../../engine/context.ts";
import { End, LIST, listsOf } from "../../types/lists.ts";
import { keysArg, oneOf, timeoutArg } from "../shared/argument-docs.ts";
import { popArgs, popRequest, waitForType } from "../shared/pops.ts";
import { endOf } from "./list-moves.ts";
import { popMany, popOne } from "./lists.ts";

/** What the commands wait for. */
const elements = waitForType(LIST);

const countedArgs = popArgs(oneOf("where", "LEFT", "RIGHT"));
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
  args: [keysArg, timeoutArg],
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
  args: [keysArg, timeoutArg],
  handler: (c) => popOrWait(c, End.right),
};

/** BLPOP and BRPOP. */
function popOrWait(c: Context, end: number): void {
  if (!popRequest.readKeys(c)) return;
  const entry = popRequest.find(c, LIST);
  if (entry <= 0) return;
  const { args, reply } = c;
  const i = popRequest.found;
  reply.array(2);
  reply.bulk(args.bytes, args.starts[i], args.ends[i]);
  popOne(c, i, entry, end);
  popEffect(c, i, end, 0);
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
  args: countedArgs,
  handler: (c) => popFromFirst(c, 1),
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
  args: [timeoutArg, ...countedArgs],
  handler: (c) => popFromFirst(c, 2),
};

/** LMPOP and BLMPOP; `n` is the argument that says how many keys follow. */
function popFromFirst(c: Context, n: 1 | 2): void {
  if (!popRequest.readCounted(c, n, endOf)) return;
  const entry = popRequest.find(c, LIST);
  if (entry <= 0) return;
  const { args, reply } = c;
  const { found: i, from: end } = popRequest;
  const taken = Math.min(popRequest.count, listsOf(c).length(entry));
  reply.array(2);
  reply.bulk(args.bytes, args.starts[i], args.ends[i]);
  popMany(c, i, entry, end, taken);
  popEffect(c, i, end, taken);
}

/** The list commands that take from the first of several. */
export const listPopCommands: Command[] = [lmpop, blpop, brpop, blmpop];
