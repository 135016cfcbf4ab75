// MSETEX: several keys set at once, with one deadline for all, if none or all of them are there.

import { asciiBytes } from "../../base/bytes.ts";
import type { Command, Context } from "../../engine/context.ts";
import { Events } from "../../engine/events.ts";
import { KEEP_DEADLINE } from "../../keyspace/keyspace.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import { NO_DEADLINE } from "../../structures/record.ts";
import { expirationArg, numkeysArg } from "../shared/argument-docs.ts";
import { INVALID_DEADLINE, parseDeadline, unitOption } from "../shared/deadlines.ts";
import { NX, XX } from "../shared/words.ts";
import { StringEvents, setTo } from "./strings.ts";

const invalidCount = errorLine("ERR invalid numkeys value");
const wrongPairs = errorLine("ERR wrong number of key-value pairs");

const KEEPTTL = asciiBytes("keepttl");
/** The argument that is the first key. */
const FIRST = 2;
const KEYS_MAX = 2 ** 31 - 1;

export const msetex: Command = {
  name: "msetex",
  arity: -4,
  flags: "write denyoom",
  tips: "request_policy:multi_shard response_policy:all_succeeded",
  keys: [{ index: 1, counted: true, step: 2, flags: "OW update" }],
  group: "string",
  since: "8.4.0",
  complexity: "O(N) where N is the number of keys to set.",
  summary: "Sets several keys to strings at once, with one deadline.",
  args: [
    numkeysArg,
    {
      name: "data",
      type: "block",
      multiple: true,
      arguments: [
        { name: "key", type: "key", keySpecIndex: 0 },
        { name: "value", type: "string" },
      ],
    },
    {
      name: "condition",
      type: "oneof",
      optional: true,
      arguments: [
        { name: "nx", type: "pure-token", token: "NX" },
        { name: "xx", type: "pure-token", token: "XX" },
      ],
    },
    expirationArg("KEEPTTL"),
  ],
  handler: msetexCommand,
};

function msetexCommand(c: Context): void {
  const { args, reply } = c;
  const count = args.integer(1);
  if (!(count >= 1 && count <= KEYS_MAX)) return reply.error(invalidCount);
  const end = FIRST + count * 2;
  if (end > args.count) return reply.error(wrongPairs);
  let onlyNew = false;
  let onlyOld = false;
  let keep = false;
  let unit = 0;
  let unitAt = 0;
  for (let i = end; i < args.count; i++) {
    const timed = unitOption(c, i);
    if (args.is(i, NX) && !onlyOld) onlyNew = true;
    else if (args.is(i, XX) && !onlyNew) onlyOld = true;
    else if (args.is(i, KEEPTTL) && unit === 0) keep = true;
    else if (timed !== 0 && !keep && (unit === 0 || unit === timed) && i + 1 < args.count) {
      unit = timed;
      unitAt = ++i;
    } else return reply.error(Errors.syntax);
  }
  let deadline = keep ? KEEP_DEADLINE : NO_DEADLINE;
  if (unit !== 0) {
    deadline = parseDeadline(c, unitAt, unit);
    if (deadline === INVALID_DEADLINE) return;
  }
  for (let i = FIRST; i < end && (onlyNew || onlyOld); i += 2) {
    const entry = onlyOld ? c.find(i) : c.findForWrite(i);
    if (entry !== 0 ? onlyNew : onlyOld) return reply.integer(0);
  }
  for (let i = FIRST; i < end; i += 2) {
    setTo(c, i, i + 1, deadline);
    tellSet(c, i, keep, unit === 0 ? NO_DEADLINE : deadline);
    c.modified(i, StringEvents.set);
    if (unit !== 0) c.event(i, Events.expire);
  }
  reply.integer(1);
}

/** Puts a SET of the key at argument i in the request's place: every server knows that. */
function tellSet(c: Context, i: number, keep: boolean, deadline: number): void {
  c.effect(deadline === NO_DEADLINE ? (keep ? 4 : 3) : 5);
  c.effectText("SET");
  c.effectArg(i);
  c.effectArg(i + 1);
  if (keep) c.effectText("KEEPTTL");
  if (deadline === NO_DEADLINE) return;
  c.effectText("PXAT");
  c.effectInteger(deadline);
}

export const msetexCommands: readonly Command[] = [msetex];
