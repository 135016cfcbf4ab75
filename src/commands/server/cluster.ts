// CLUSTER and the commands of its clients, on a server that is never part of a cluster: each is
// known, with its arguments, and answers that cluster support is disabled, as Redis does. The slot
// of a key is told all the same, as Valkey came to do: it takes no cluster to work that out.

import { crc16 } from "../../base/crc16.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import { errorLine } from "../../protocol/errors.ts";
import { oneOf } from "../shared/argument-docs.ts";

const disabled = errorLine("ERR This instance has cluster support disabled");

function refuse(c: Context): void {
  c.reply.error(disabled);
}

/** Slots of a cluster. */
const SLOTS = 16_384;
const OPEN = 0x7b;
const CLOSE = 0x7d;

function keyslotCommand(c: Context): void {
  const { bytes, starts, ends } = c.args;
  c.reply.integer(slotOf(bytes, starts[2], ends[2]));
}

/** What is between the first { and the } behind it counts alone, where there is anything. */
function slotOf(bytes: Uint8Array, start: number, end: number): number {
  const open = indexWithin(bytes, OPEN, start, end);
  const close = open < 0 ? -1 : indexWithin(bytes, CLOSE, open, end);
  const isTagged = close > open + 1;
  return (isTagged ? crc16(bytes, open + 1, close) : crc16(bytes, start, end)) % SLOTS;
}

/** The place of a byte, or −1. */
function indexWithin(bytes: Uint8Array, byte: number, start: number, end: number): number {
  for (let i = start; i < end; i++) if (bytes[i] === byte) return i;
  return -1;
}

const CHANGES = "no_async_loading admin stale";
const VARIES = "nondeterministic_output";

const node: ArgumentDoc = { name: "node-id", type: "string" };
const slot: ArgumentDoc = { name: "slot", type: "integer" };
const slots: ArgumentDoc = { ...slot, multiple: true };
const range: ArgumentDoc = {
  name: "range",
  type: "block",
  multiple: true,
  arguments: [
    { name: "start-slot", type: "integer" },
    { name: "end-slot", type: "integer" },
  ],
};

type Rest = Partial<Command> & { readonly summary: string };

function subcommand(name: string, arity: number, flags: string, rest: Rest): Command {
  return {
    name,
    arity,
    flags,
    group: "cluster",
    since: "3.0.0",
    complexity: "O(1)",
    handler: refuse,
    ...rest,
  };
}

const perSlot = "O(N) where N is the total number of hash slot arguments";
const perRange =
  "O(N) where N is the total number of the slots between the start slot and end slot arguments.";
const perNode = "O(N) where N is the total number of Cluster nodes";
const perReplica = "O(N) where N is the number of replicas.";

const subcommands: readonly Command[] = [
  subcommand("addslots", -3, CHANGES, {
    complexity: perSlot,
    summary: "Would take over hash slots.",
    args: [slots],
  }),
  subcommand("addslotsrange", -4, CHANGES, {
    since: "7.0.0",
    complexity: perRange,
    summary: "Would take over ranges of hash slots.",
    args: [range],
  }),
  subcommand("bumpepoch", 2, CHANGES, {
    tips: VARIES,
    summary: "Would advance the epoch of the cluster's configuration.",
  }),
  subcommand("count-failure-reports", 3, "admin stale", {
    tips: VARIES,
    complexity: "O(N) where N is the number of failure reports",
    summary: "Would count the reports that a node has failed.",
    args: [node],
  }),
  subcommand("countkeysinslot", 3, "stale", {
    summary: "Would count the keys of a hash slot.",
    args: [slot],
  }),
  subcommand("delslots", -3, CHANGES, {
    complexity: perSlot,
    summary: "Would give up hash slots.",
    args: [slots],
  }),
  subcommand("delslotsrange", -4, CHANGES, {
    since: "7.0.0",
    complexity: perRange,
    summary: "Would give up ranges of hash slots.",
    args: [range],
  }),
  subcommand("failover", -2, CHANGES, {
    summary: "Would have a replica take its master's place.",
    args: [{ ...oneOf("options", "FORCE", "TAKEOVER"), optional: true }],
  }),
  subcommand("flushslots", 2, CHANGES, { summary: "Would give up every hash slot." }),
  subcommand("forget", 3, CHANGES, {
    summary: "Would take a node out of the table of nodes.",
    args: [node],
  }),
  subcommand("getkeysinslot", 4, "stale", {
    tips: VARIES,
    complexity: "O(N) where N is the number of requested keys",
    summary: "Would return keys of a hash slot.",
    args: [slot, { name: "count", type: "integer" }],
  }),
  subcommand("help", 2, "loading stale", {
    since: "5.0.0",
    summary: "Would list the subcommands.",
  }),
  subcommand("info", 2, "stale", {
    tips: VARIES,
    summary: "Would describe the state of a node.",
  }),
  subcommand("keyslot", 3, "stale", {
    complexity: "O(N) where N is the number of bytes in the key",
    summary: "Returns the hash slot that a key has in a cluster.",
    args: [{ name: "key", type: "string" }],
    handler: keyslotCommand,
  }),
  subcommand("links", 2, "stale", {
    since: "7.0.0",
    tips: VARIES,
    complexity: perNode,
    summary: "Would list the connections between nodes.",
  }),
  subcommand("meet", -4, CHANGES, {
    summary: "Would make another node known.",
    args: [
      { name: "ip", type: "string" },
      { name: "port", type: "integer" },
      { name: "cluster-bus-port", type: "integer", optional: true, since: "4.0.0" },
    ],
  }),
  subcommand("myid", 2, "stale", { summary: "Would return the ID of the node." }),
  subcommand("myshardid", 2, "stale", {
    since: "7.2.0",
    tips: VARIES,
    summary: "Would return the ID of the node's shard.",
  }),
  subcommand("nodes", 2, "stale", {
    tips: VARIES,
    complexity: perNode,
    summary: "Would return the cluster's configuration as a node sees it.",
  }),
  subcommand("replicas", 3, "admin stale", {
    since: "5.0.0",
    tips: VARIES,
    complexity: perReplica,
    summary: "Would list the replicas of a master.",
    args: [node],
  }),
  subcommand("replicate", 3, CHANGES, {
    summary: "Would make the node a replica of another.",
    args: [node],
  }),
  subcommand("reset", -2, "admin noscript stale", {
    complexity:
      "O(N) where N is the number of known nodes. The command may execute a FLUSHALL as a side " +
      "effect.",
    summary: "Would make the node forget the cluster.",
    args: [{ ...oneOf("reset-type", "HARD", "SOFT"), optional: true }],
  }),
  subcommand("saveconfig", 2, CHANGES, {
    summary: "Would write the cluster's configuration to the disk.",
  }),
  subcommand("set-config-epoch", 3, CHANGES, {
    summary: "Would set the epoch of a new node.",
    args: [{ name: "config-epoch", type: "integer" }],
  }),
  subcommand("setslot", -4, CHANGES, {
    summary: "Would bind a hash slot to a node.",
    args: [
      slot,
      {
        name: "subcommand",
        type: "oneof",
        arguments: [
          { name: "importing", type: "string", token: "IMPORTING" },
          { name: "migrating", type: "string", token: "MIGRATING" },
          { name: "node", type: "string", token: "NODE" },
          { name: "stable", type: "pure-token", token: "STABLE" },
        ],
      },
    ],
  }),
  subcommand("shards", 2, "loading stale", {
    since: "7.0.0",
    tips: VARIES,
    complexity: "O(N) where N is the total number of cluster nodes",
    summary: "Would tell which nodes serve which hash slots.",
  }),
  subcommand("slaves", 3, "admin stale", {
    tips: VARIES,
    deprecated: ["5.0.0", "`CLUSTER REPLICAS`"],
    complexity: perReplica,
    summary: "Would list the replicas of a master.",
    args: [node],
  }),
  subcommand("slots", 2, "loading stale", {
    tips: VARIES,
    deprecated: ["7.0.0", "`CLUSTER SHARDS`"],
    complexity: perNode,
    summary: "Would tell which nodes serve which hash slots.",
  }),
];

export const cluster: Command = {
  name: "cluster",
  arity: -2,
  flags: "",
  group: "cluster",
  since: "3.0.0",
  complexity: "Depends on subcommand.",
  summary: "Would administer a cluster. There is none: each subcommand answers that.",
  subcommands,
};

const ofClients = {
  arity: 1,
  categories: "connection",
  group: "cluster",
  since: "3.0.0",
  complexity: "O(1)",
  handler: refuse,
} as const;

export const asking: Command = {
  ...ofClients,
  name: "asking",
  flags: "fast",
  summary: "Would say that a redirection was followed, in a cluster.",
};

export const readonly: Command = {
  ...ofClients,
  name: "readonly",
  flags: "loading stale fast",
  summary: "Would let a connection read from a replica, in a cluster.",
};

export const readwrite: Command = {
  ...ofClients,
  name: "readwrite",
  flags: "loading stale fast",
  summary: "Would take READONLY back, in a cluster.",
};

export const clusterCommands: readonly Command[] = [cluster, asking, readonly, readwrite];
