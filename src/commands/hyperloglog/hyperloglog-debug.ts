// PFDEBUG and PFSELFTEST: HyperLogLogs from within, as Redis's tests ask for them.

import { Random } from "../../base/random.ts";
import type { Command, Context } from "../../engine/context.ts";
import { errorLine } from "../../protocol/errors.ts";
import {
  Draft,
  element,
  estimate,
  hashElement,
  REGISTERS,
  rankOf,
  visitRuns,
} from "../../structures/hyperloglog.ts";
import { StringKind, stringsOf } from "../../types/strings.ts";
import { corrupted, draft, findHyperLogLog, makeRaw, silent } from "./hyperloglog.ts";

const noKey = errorLine("ERR The specified key does not exist");
const notSparse = errorLine("ERR HLL encoding is not sparse");

/** Cardinalities up to this are estimated by PFSELFTEST. */
const TESTED_MAX = 1_000_000;
/** The standard error: 1.04 / √registers. */
const STANDARD_ERROR = 1.04 / 128;
/** An error that is so many times that shows a fault. */
const ERRORS_MAX = 6;

export const pfdebug: Command = {
  name: "pfdebug",
  arity: 3,
  flags: "write denyoom admin",
  keys: [{ index: 2, flags: "RW access" }],
  group: "hyperloglog",
  since: "2.8.9",
  complexity: "N/A",
  summary: "Shows the registers and runs of a HyperLogLog, or makes it dense.",
  args: [
    { name: "subcommand", type: "string" },
    { name: "key", type: "key", keySpecIndex: 0 },
  ],
  handler: pfdebugCommand,
};

function pfdebugCommand(c: Context): void {
  const { args, keyspace, reply } = c;
  const { records } = keyspace;
  const entry = findHyperLogLog(c, 2, false);
  if (entry < 0) return;
  if (entry === 0) return reply.error(noKey);
  makeRaw(c, entry);
  records.value(entry);
  if (!draft.load(records.bytes, records.start, records.end)) return reply.error(corrupted);
  const subcommand = args.text(1);
  switch (subcommand.toLowerCase()) {
    case "getreg":
      return replyRegisters(c, entry);
    case "decode":
      return replyRuns(c);
    case "encoding":
      return reply.simple(draft.isDense ? "dense" : "sparse");
    case "todense": {
      const wasDense = draft.isDense;
      if (makeDense(c, entry)) reply.integer(wasDense ? 0 : 1);
      return;
    }
    default:
      reply.errorText(`ERR Unknown PFDEBUG subcommand '${subcommand}'`);
  }
}

/** Makes the draft dense and keeps it; false when an error has been replied. */
function makeDense(c: Context, entry: number): boolean {
  if (draft.isDense) return true;
  if (!draft.toDense()) {
    c.reply.error(corrupted);
    return false;
  }
  c.keyspace.setValue(c.db, entry, StringKind.raw, draft.bytes, 0, draft.length);
  c.modified(2, silent);
  return true;
}

function replyRegisters(c: Context, entry: number): void {
  if (!makeDense(c, entry)) return;
  c.reply.array(REGISTERS);
  for (let register = 0; register < REGISTERS; register++) {
    c.reply.integer(rankOf(draft.bytes, 0, draft.length, register));
  }
}

/** Replies the runs: z and Z are zeros, in one byte and in two, v a rank and how many have it. */
function replyRuns(c: Context): void {
  if (draft.isDense) return c.reply.error(notSparse);
  const runs: string[] = [];
  visitRuns(draft.bytes, 0, draft.length, (isLong, length, rank) => {
    if (rank > 0) runs.push(`v:${rank},${length}`);
    else runs.push(`${isLong ? "Z" : "z"}:${length}`);
  });
  c.reply.bulkText(runs.join(" "));
}

export const pfselftest: Command = {
  name: "pfselftest",
  arity: 1,
  flags: "admin",
  group: "hyperloglog",
  since: "2.8.9",
  complexity: "N/A",
  summary: "Tests that HyperLogLogs estimate as well as they must.",
  args: [],
  handler: pfselftestCommand,
};

function pfselftestCommand(c: Context): void {
  const failure = testSelf(c.keyspace.random.next32(), stringsOf(c).sparseMax);
  if (failure === "") c.reply.ok();
  else c.reply.errorText(`TESTFAILED ${failure}`);
}

/** Adds different elements to a dense HyperLogLog and to a sparse one; says what is wrong. */
function testSelf(seed: number, sparseMax: number): string {
  const dense = new Draft();
  const sparse = new Draft();
  dense.create();
  sparse.create();
  dense.toDense();
  const random = new Random().seed(seed);
  const key = Uint8Array.from({ length: 8 }, () => random.below(256));
  const words = new Int32Array(key.buffer);
  let checked = 1;
  for (let n = 1; n <= TESTED_MAX; n++) {
    words[0] ^= n ^ (n - 1); // the n-th of the counter, upon the random ones
    hashElement(key, 0, key.length);
    dense.raise(element.register, element.rank, sparseMax);
    sparse.raise(element.register, element.rank, sparseMax);
    if (n !== checked) continue;
    if (n < sparseMax / 2 && sparse.isDense) return "sparse encoding not used";
    const count = estimate(dense.bytes, 0, dense.length);
    if (count !== estimate(sparse.bytes, 0, sparse.length)) return "dense/sparse disagree";
    const off = Math.abs(count - n);
    const offMax = n === 10 ? 1 : Math.ceil(STANDARD_ERROR * ERRORS_MAX * n);
    if (off > offMax) return `Too big error. card:${n} abserr:${off}`;
    checked *= 10;
  }
  return "";
}

export const hyperloglogDebugCommands: readonly Command[] = [pfdebug, pfselftest];
