// MEMORY: what a key costs, and what all of them do. The figures of the process are the services'.

import { asciiBytes } from "../../base/bytes.ts";
import type { Command, Context } from "../../engine/context.ts";
import { Errors } from "../../protocol/errors.ts";
import { keyArg } from "../shared/argument-docs.ts";
import { replyHelp } from "../shared/help.ts";

const ofAllShards = "request_policy:all_shards";
const ofAll = {
  arity: 2,
  flags: "",
  group: "server",
  since: "4.0.0",
  complexity: "O(1)",
} as const;

export const memory: Command = {
  name: "memory",
  owner: true,
  arity: -2,
  flags: "",
  group: "server",
  since: "4.0.0",
  complexity: "Depends on subcommand.",
  summary: "Looks into the use of memory.",
  subcommands: [
    {
      name: "usage",
      arity: -3,
      flags: "readonly",
      keys: [{ index: 2, flags: "RO" }],
      group: "server",
      since: "4.0.0",
      complexity: "O(N) where N is the number of blocks of memory that the value lies in.",
      summary: "Returns the bytes that a key and its value take.",
      args: [keyArg, { name: "count", type: "integer", token: "SAMPLES", optional: true }],
      handler: memoryUsage,
    },
    {
      ...ofAll,
      name: "doctor",
      tips: `nondeterministic_output ${ofAllShards} response_policy:special`,
      summary: "Says what is wrong with the use of memory, if something is.",
      handler: (c) => c.reply.verbatim(c.services.memoryAdvice()),
    },
    {
      ...ofAll,
      name: "malloc-stats",
      tips: `nondeterministic_output ${ofAllShards} response_policy:special`,
      complexity: "Depends on how much memory is allocated, could be slow",
      summary: "Describes the segments that keys and values lie in.",
      handler: (c) => c.reply.verbatim(c.services.allocatorText()),
    },
    {
      ...ofAll,
      name: "purge",
      tips: `${ofAllShards} response_policy:all_succeeded`,
      complexity: "Depends on how much memory is allocated, could be slow",
      summary: "Gives memory that is not in use back to the system.",
      handler: memoryPurge,
    },
    {
      ...ofAll,
      name: "stats",
      tips: `nondeterministic_output ${ofAllShards} response_policy:special`,
      summary: "Returns the figures of memory.",
      handler: memoryStats,
    },
    {
      name: "help",
      arity: 2,
      flags: "loading stale",
      group: "server",
      since: "4.0.0",
      complexity: "O(1)",
      summary: "Lists the subcommands.",
      handler: memoryHelp,
    },
  ],
};

export const memoryCommands: readonly Command[] = [memory];

const SAMPLES = asciiBytes("samples");

function memoryUsage(c: Context): void {
  const { args, reply } = c;
  for (let i = 3; i < args.count; i++) {
    if (!args.is(i, SAMPLES) || i + 1 === args.count) {
      reply.error(Errors.syntax);
      return;
    }
    const samples = args.integer(++i);
    if (Number.isNaN(samples) || samples < 0) {
      reply.error(Number.isNaN(samples) ? Errors.notInteger : Errors.syntax);
      return;
    }
  }
  const entry = c.keyspace.peek(c.db, args.bytes, args.starts[2], args.ends[2]);
  if (entry === 0) reply.null();
  else reply.integer(c.keyspace.bytesUsed(entry));
}

function memoryPurge(c: Context): void {
  c.services.purgeMemory();
  c.reply.ok();
}

function memoryStats(c: Context): void {
  const { reply } = c;
  const figures = c.services.memoryFigures();
  reply.map(figures.length);
  for (const [name, value] of figures) {
    reply.bulkText(name);
    if (Number.isInteger(value)) reply.integer(value);
    else reply.double(value);
  }
}

function memoryHelp(c: Context): void {
  replyHelp(c, "MEMORY", [
    ["DOCTOR", "What is wrong with the use of memory, if something is."],
    ["MALLOC-STATS", "The segments that keys and values lie in."],
    ["PURGE", "Gives memory that is not in use back to the system."],
    ["STATS", "The figures of memory."],
    [
      "USAGE <key> [SAMPLES <count>]",
      "Bytes that the key and its value take. They are counted exactly: SAMPLES changes nothing.",
    ],
  ]);
}
