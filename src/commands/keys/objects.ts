// OBJECT: how a value is stored and how it was used.

import { parseInteger } from "../../base/integers.ts";
import type { Command, Context } from "../../engine/context.ts";
import { idleSeconds, lfuCounter } from "../../keyspace/access-clock.ts";
import { Counter } from "../../keyspace/figures.ts";
import { keyArg } from "../shared/argument-docs.ts";
import { replyHelp } from "../shared/help.ts";

export const object: Command = {
  name: "object",
  arity: -2,
  flags: "",
  group: "generic",
  since: "2.2.3",
  complexity: "Depends on subcommand.",
  summary: "Looks into how a value is stored.",
  subcommands: [
    {
      name: "idletime",
      arity: 3,
      flags: "readonly",
      tips: "nondeterministic_output",
      keys: [{ index: 2, flags: "RO" }],
      group: "generic",
      since: "2.2.3",
      complexity: "O(1)",
      summary: "Returns how many seconds ago a key was last used.",
      args: [keyArg],
      handler: objectIdletime,
    },
    {
      name: "help",
      arity: 2,
      flags: "loading stale",
      group: "generic",
      since: "6.2.0",
      complexity: "O(1)",
      summary: "Lists the subcommands.",
      handler: objectHelp,
    },
    {
      name: "encoding",
      arity: 3,
      flags: "readonly",
      tips: "nondeterministic_output",
      keys: [{ index: 2, flags: "RO" }],
      group: "generic",
      since: "2.2.3",
      complexity: "O(1)",
      summary: "Names the encoding of a key's value.",
      args: [keyArg],
      handler: objectEncoding,
    },
    {
      name: "freq",
      arity: 3,
      flags: "readonly",
      tips: "nondeterministic_output",
      keys: [{ index: 2, flags: "RO" }],
      group: "generic",
      since: "4.0.0",
      complexity: "O(1)",
      summary: "Returns how often a key is used, on a logarithmic scale.",
      args: [keyArg],
      handler: objectFreq,
    },
    {
      name: "refcount",
      arity: 3,
      flags: "readonly",
      tips: "nondeterministic_output",
      keys: [{ index: 2, flags: "RO" }],
      group: "generic",
      since: "2.2.3",
      complexity: "O(1)",
      summary: "Counts the references to a key's value.",
      args: [keyArg],
      handler: objectRefcount,
    },
  ],
};

export const objectCommands: readonly Command[] = [object];

/** Integers below this are shared in Redis, which shows in their count of references. */
const SHARED_INTEGERS = 10000;
const SHARED_REFERENCES = 2147483647;

/** The entry of the key at argument 2, or 0 after a null has been replied; no `keymiss` is told. */
function inspected(c: Context): number {
  const entry = c.keyspace.peek(c.db, c.args.bytes, c.args.starts[2], c.args.ends[2]);
  c.keyspace.count(entry === 0 ? Counter.misses : Counter.hits);
  if (entry === 0) c.reply.null();
  return entry;
}

function objectEncoding(c: Context): void {
  const entry = inspected(c);
  if (entry !== 0) c.reply.bulkText(c.keyspace.types.encodings[c.keyspace.records.kind(entry)]);
}

function objectRefcount(c: Context): void {
  const entry = inspected(c);
  if (entry === 0) return;
  const { records } = c.keyspace;
  let references = 1;
  if (c.keyspace.types.encodings[records.kind(entry)] === "int") {
    records.value(entry);
    const value = parseInteger(records.bytes, records.start, records.end);
    if (value >= 0 && value < SHARED_INTEGERS) references = SHARED_REFERENCES;
  }
  c.reply.integer(references);
}

function objectIdletime(c: Context): void {
  const entry = inspected(c);
  if (entry === 0) return;
  if (c.keyspace.settings.lfu) {
    c.reply.errorText(
      "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when " +
        "switching between policies at runtime LRU and LFU data will take some time to adjust.",
    );
    return;
  }
  c.reply.integer(idleSeconds(c.keyspace.records.clock(entry), c.now));
}

function objectFreq(c: Context): void {
  const entry = inspected(c);
  if (entry === 0) return;
  if (!c.keyspace.settings.lfu) {
    c.reply.errorText(
      "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note " +
        "that when switching between policies at runtime LRU and LFU data will take some time to " +
        "adjust.",
    );
    return;
  }
  const clock = c.keyspace.records.clock(entry);
  c.reply.integer(lfuCounter(clock, c.now, c.keyspace.settings.lfuDecayMinutes));
}

function objectHelp(c: Context): void {
  replyHelp(c, "OBJECT", [
    ["ENCODING <key>", "How the value of the key is stored."],
    ["FREQ <key>", "How often the key is used, on a logarithmic scale (LFU policies only)."],
    ["IDLETIME <key>", "Seconds since the key was last used."],
    ["REFCOUNT <key>", "References to the value of the key."],
  ]);
}
