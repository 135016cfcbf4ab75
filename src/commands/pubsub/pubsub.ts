// Publish and subscribe: messages to whoever listens now. Nothing of it is stored. In RESP3 the
// confirmations of SUBSCRIBE and its kin are pushes, as messages are; in RESP2 they are arrays, and
// a session that is subscribed to something is in a mode of its own (see Gate.subscribed). Shard
// channels are channels with names of their own, which no pattern matches: there is no cluster.

import { asciiBytes } from "../../base/bytes.ts";
import { globMatches } from "../../base/glob.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import { Topic } from "../../engine/subscriptions.ts";
import { Errors } from "../../protocol/errors.ts";
import { replyHelp, replySubcommandError } from "../shared/help.ts";

const subcommand = { flags: "pubsub loading stale", group: "pubsub" } as const;

const confirming = { flags: "pubsub noscript loading stale", group: "pubsub" } as const;

export const subscribe: Command = {
  ...confirming,
  name: "subscribe",
  arity: -2,
  since: "2.0.0",
  complexity: "O(N) where N is the number of channels to subscribe to.",
  summary: "Listens to channels.",
  args: [{ name: "channel", type: "string", multiple: true }],
  allowedWhenSubscribed: true,
  handler: subscribeCommand,
};

function subscribeCommand(c: Context): void {
  if (!mayListen(c)) return;
  for (let i = 1; i < c.args.count; i++) {
    const channel = c.args.text(i);
    c.pubsub.subscribe(c.session, channel);
    confirm(c, "subscribe", channel);
  }
  c.session.updateSubscribed();
}

export const unsubscribe: Command = {
  ...confirming,
  name: "unsubscribe",
  arity: -1,
  since: "2.0.0",
  complexity: "O(N) where N is the number of channels to unsubscribe.",
  summary: "Stops listening to channels, or to all of them.",
  args: [{ name: "channel", type: "string", optional: true, multiple: true }],
  allowedWhenSubscribed: true,
  handler: unsubscribeCommand,
};

function unsubscribeCommand(c: Context): void {
  if (!connected(c)) return;
  for (const channel of namesToLeave(c, c.session.channels)) {
    if (channel !== null) c.pubsub.unsubscribe(c.session, channel);
    confirm(c, "unsubscribe", channel);
  }
  c.session.updateSubscribed();
}

export const psubscribe: Command = {
  ...confirming,
  name: "psubscribe",
  arity: -2,
  since: "2.0.0",
  complexity: "O(N) where N is the number of patterns to subscribe to.",
  summary: "Listens to the channels whose names match patterns.",
  args: [{ name: "pattern", type: "pattern", multiple: true }],
  allowedWhenSubscribed: true,
  handler: psubscribeCommand,
};

function psubscribeCommand(c: Context): void {
  if (!mayListen(c)) return;
  for (let i = 1; i < c.args.count; i++) {
    const pattern = c.args.text(i);
    c.pubsub.psubscribe(c.session, pattern);
    confirm(c, "psubscribe", pattern);
  }
  c.session.updateSubscribed();
}

export const punsubscribe: Command = {
  ...confirming,
  name: "punsubscribe",
  arity: -1,
  since: "2.0.0",
  complexity: "O(N) where N is the number of patterns to unsubscribe.",
  summary: "Stops listening to patterns, or to all of them.",
  args: [{ name: "pattern", type: "pattern", optional: true, multiple: true }],
  allowedWhenSubscribed: true,
  handler: punsubscribeCommand,
};

function punsubscribeCommand(c: Context): void {
  if (!connected(c)) return;
  for (const pattern of namesToLeave(c, c.session.patterns)) {
    if (pattern !== null) c.pubsub.punsubscribe(c.session, pattern);
    confirm(c, "punsubscribe", pattern);
  }
  c.session.updateSubscribed();
}

const shardchannels: ArgumentDoc = { name: "shardchannel", type: "string", multiple: true };

export const ssubscribe: Command = {
  ...confirming,
  name: "ssubscribe",
  arity: -2,
  keys: [{ index: 1, last: -1, flags: "not_key" }],
  since: "7.0.0",
  complexity: "O(N) where N is the number of shard channels to subscribe to.",
  summary: "Listens to shard channels.",
  args: [shardchannels],
  allowedWhenSubscribed: true,
  handler: ssubscribeCommand,
};

function ssubscribeCommand(c: Context): void {
  if (c.inTransaction) {
    c.reply.errorText("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client");
    return;
  }
  if (!mayListen(c)) return;
  const { shardChannels } = c.session;
  for (let i = 1; i < c.args.count; i++) {
    const channel = c.args.text(i);
    c.pubsub.ssubscribe(c.session, channel);
    replyConfirmation(c, "ssubscribe", channel, shardChannels.size);
  }
  c.session.updateSubscribed();
}

export const sunsubscribe: Command = {
  ...confirming,
  name: "sunsubscribe",
  arity: -1,
  keys: [{ index: 1, last: -1, flags: "not_key" }],
  since: "7.0.0",
  complexity: "O(N) where N is the number of shard channels to unsubscribe.",
  summary: "Stops listening to shard channels, or to all of them.",
  args: [{ ...shardchannels, optional: true }],
  allowedWhenSubscribed: true,
  handler: sunsubscribeCommand,
};

function sunsubscribeCommand(c: Context): void {
  if (!connected(c)) return;
  const { shardChannels } = c.session;
  for (const channel of namesToLeave(c, shardChannels)) {
    if (channel !== null) c.pubsub.sunsubscribe(c.session, channel);
    replyConfirmation(c, "sunsubscribe", channel, shardChannels.size);
  }
  c.session.updateSubscribed();
}

export const spublish: Command = {
  name: "spublish",
  arity: 3,
  flags: "pubsub loading stale fast may_replicate",
  keys: "not_key",
  group: "pubsub",
  since: "7.0.0",
  complexity: "O(N) where N is the number of clients subscribed to the shard channel.",
  summary: "Sends a message to everybody who listens to the shard channel.",
  args: [
    { name: "shardchannel", type: "string" },
    { name: "message", type: "string" },
  ],
  handler: spublishCommand,
};

function spublishCommand(c: Context): void {
  const { args } = c;
  c.reply.integer(c.pubsub.spublish(args.text(1), args.bytes, args.starts[2], args.ends[2]));
}

export const publish: Command = {
  name: "publish",
  arity: 3,
  flags: "pubsub loading stale fast may_replicate",
  group: "pubsub",
  since: "2.0.0",
  complexity:
    "O(N+M) where N is the number of clients subscribed to the receiving channel and M is the " +
    "total number of subscribed patterns (by any client).",
  summary: "Sends a message to everybody who listens to the channel.",
  args: [
    { name: "channel", type: "string" },
    { name: "message", type: "string" },
  ],
  handler: publishCommand,
};

function publishCommand(c: Context): void {
  const { args } = c;
  c.reply.integer(c.pubsub.publish(args.text(1), args.bytes, args.starts[2], args.ends[2]));
}

export const pubsub: Command = {
  name: "pubsub",
  arity: -2,
  flags: "",
  group: "pubsub",
  since: "2.8.0",
  complexity: "Depends on subcommand.",
  summary: "Tells who listens to what.",
  subcommands: [
    {
      ...subcommand,
      name: "channels",
      arity: -2,
      since: "2.8.0",
      complexity: "O(N) where N is the number of active channels",
      summary: "Names the channels that somebody listens to.",
      args: [{ name: "pattern", type: "pattern", optional: true }],
      handler: pubsubChannels,
    },
    {
      ...subcommand,
      name: "numsub",
      arity: -2,
      since: "2.8.0",
      complexity: "O(N) where N is the number of requested channels",
      summary: "Counts who listens to channels, patterns left aside.",
      args: [{ name: "channel", type: "string", optional: true, multiple: true }],
      handler: pubsubNumsub,
    },
    {
      ...subcommand,
      name: "numpat",
      arity: 2,
      since: "2.8.0",
      complexity: "O(1)",
      summary: "Counts the patterns that somebody listens to.",
      handler: pubsubNumpat,
    },
    {
      ...subcommand,
      name: "shardchannels",
      arity: -2,
      since: "7.0.0",
      complexity: "O(1)",
      summary: "Names the shard channels that somebody listens to.",
      args: [{ name: "pattern", type: "pattern", optional: true }],
      handler: pubsubShardchannels,
    },
    {
      ...subcommand,
      name: "shardnumsub",
      arity: -2,
      since: "7.0.0",
      complexity: "O(N) where N is the number of requested shard channels",
      summary: "Counts who listens to shard channels.",
      args: [{ name: "shardchannel", type: "string", optional: true, multiple: true }],
      handler: pubsubShardnumsub,
    },
    {
      ...subcommand,
      name: "help",
      arity: 2,
      flags: "loading stale",
      since: "6.2.0",
      complexity: "O(1)",
      summary: "Lists the subcommands.",
      handler: pubsubHelp,
    },
  ],
};

function pubsubChannels(c: Context): void {
  replyNames(c, c.pubsub.names(Topic.channel));
}

function pubsubNumsub(c: Context): void {
  replyCounts(c, (name) => c.pubsub.count(Topic.channel, name));
}

function pubsubNumpat(c: Context): void {
  c.reply.integer(c.pubsub.names(Topic.pattern).size);
}

function pubsubShardchannels(c: Context): void {
  replyNames(c, c.pubsub.names(Topic.shardChannel));
}

function pubsubShardnumsub(c: Context): void {
  replyCounts(c, (name) => c.pubsub.count(Topic.shardChannel, name));
}

function pubsubHelp(c: Context): void {
  replyHelp(c, "PUBSUB", [
    ["CHANNELS [<pattern>]", "Channels that somebody listens to and that match (default: '*')."],
    ["NUMPAT", "How many patterns somebody listens to."],
    ["NUMSUB [<channel> ...]", "How many listen to these channels, patterns left aside."],
    ["SHARDCHANNELS [<pattern>]", "Shard channels that somebody listens to and that match."],
    ["SHARDNUMSUB [<shardchannel> ...]", "How many listen to these shard channels."],
  ]);
}

export const pubsubCommands: readonly Command[] = [
  subscribe,
  unsubscribe,
  psubscribe,
  punsubscribe,
  ssubscribe,
  sunsubscribe,
  publish,
  spublish,
  pubsub,
];

// Subscribing. Names are texts in which each character is a byte, as in the registry.

/** Whether its client is one that can listen, and the other threads can be told that it does. */
function mayListen(c: Context): boolean {
  if (!connected(c)) return false;
  const { count, starts, ends } = c.args;
  let bytes = 0;
  for (let i = 1; i < count; i++) bytes += ends[i] - starts[i];
  if (c.pubsub.hasRoom(bytes, count - 1)) return true;
  c.reply.error(Errors.tooMuchForThreads);
  return false;
}

/** Messages need a connection to arrive by; if there is none, the error is replied. */
function connected(c: Context): boolean {
  if (c.session.link !== undefined) return true;
  c.reply.errorText(
    `ERR ${c.command?.name.toUpperCase()} needs a connection: ` +
      "an embedded program listens with db.subscribe()",
  );
  return false;
}

/** One confirmation: what was done, to which name, and how many subscriptions there are now. */
function confirm(c: Context, kind: string, name: string | null): void {
  const { channels, patterns } = c.session;
  replyConfirmation(c, kind, name, channels.size + patterns.size);
}

function replyConfirmation(c: Context, kind: string, name: string | null, count: number): void {
  const { reply } = c;
  const from = reply.length;
  reply.push(3);
  reply.bulkText(kind);
  if (name === null) {
    reply.null();
  } else {
    const bytes = asciiBytes(name);
    reply.bulk(bytes, 0, bytes.length);
  }
  reply.integer(count);
  c.executor.gates.keepPush(c.session, from);
}

/** The names in the request, or all; where there are none at all, one null to be confirmed. */
function namesToLeave(c: Context, all: ReadonlySet<string>): (string | null)[] {
  const { args } = c;
  const names: (string | null)[] = [];
  for (let i = 1; i < args.count; i++) names.push(args.text(i));
  if (args.count === 1) names.push(...all);
  return names.length === 0 ? [null] : names;
}

// Who listens: sessions and, in an embedded program, its own listeners

/** Replies those of the names that match the pattern of the request, if it has one. */
function replyNames(c: Context, names: Iterable<string>): void {
  const { args, reply } = c;
  if (args.count > 3) {
    replySubcommandError(c, "PUBSUB");
    return;
  }
  const found = [...names].map(asciiBytes).filter((name) => {
    if (args.count === 2) return true;
    return globMatches(args.bytes, args.starts[2], args.ends[2], name, 0, name.length);
  });
  reply.array(found.length);
  for (const name of found) reply.bulk(name, 0, name.length);
}

/** Replies each name of the request and its count, in turn. */
function replyCounts(c: Context, count: (name: string) => number): void {
  const { args, reply } = c;
  reply.array((args.count - 2) * 2);
  for (let i = 2; i < args.count; i++) {
    reply.bulk(args.bytes, args.starts[i], args.ends[i]);
    reply.integer(count(args.text(i)));
  }
}
