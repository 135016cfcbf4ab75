// XGROUP: makes, moves and removes groups of consumers, and consumers of a group.

import { asciiBytes } from "../../base/bytes.ts";
import type { ArgumentDoc } from "../../engine/command.ts";
import type { Command, Context } from "../../engine/context.ts";
import { Errors, errorLine } from "../../protocol/errors.ts";
import { UNKNOWN } from "../../structures/stream-groups.ts";
import { copyId, createId, LEAST_ID, type StreamId } from "../../structures/stream-id.ts";
import { STREAM, streamsOf } from "../../types/streams.ts";
import { integer, keyArg } from "../shared/argument-docs.ts";
import { replyHelp, replySubcommandError } from "../shared/help.ts";
import { isCharacter, readEnd, readId } from "./ids.ts";
import { consumerOf, GroupEvents, groupChanged, groupOf, replyNoGroup } from "./lookups.ts";

const MKSTREAM = asciiBytes("mkstream");
const ENTRIESREAD = asciiBytes("entriesread");
const DOLLAR = 0x24;
const DASH = 0x2d;
const PLUS = 0x2b;
/** Where the options of CREATE and SETID begin, and how many words CREATE has at most. */
const OPTIONS = 5;
const CREATE_WORDS_MAX = 8;

const noKey = errorLine(
  "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use " +
    "the MKSTREAM option to create an empty stream automatically.",
);
const busyGroup = errorLine("BUSYGROUP Consumer Group name already exists");
const entriesReadNegative = errorLine("ERR value for ENTRIESREAD must be positive or -1");

const groupArg: ArgumentDoc = { name: "group", type: "string" };
const consumerArg: ArgumentDoc = { name: "consumer", type: "string" };
const idArg: ArgumentDoc = {
  name: "id-selector",
  type: "oneof",
  arguments: [
    { name: "id", type: "string" },
    { name: "new-id", type: "pure-token", token: "$" },
  ],
};
const entriesReadArg: ArgumentDoc = {
  ...integer("entries-read", "ENTRIESREAD"),
  since: "7.0.0",
};

const id = createId();

/** What the options of CREATE and SETID say. */
const options = { makesStream: false, entriesRead: UNKNOWN };

const create: Command = {
  name: "create",
  arity: -5,
  flags: "write denyoom",
  keys: [{ index: 2, flags: "RW insert" }],
  group: "stream",
  since: "5.0.0",
  complexity: "O(1)",
  summary: "Makes a group of consumers.",
  args: [
    keyArg,
    groupArg,
    idArg,
    { name: "mkstream", type: "pure-token", token: "MKSTREAM", optional: true },
    entriesReadArg,
  ],
  handler: createGroup,
};

function createGroup(c: Context): void {
  const { args, reply } = c;
  if (!readOptions(c, true)) return;
  let entry = c.findTypedForWrite(2, STREAM);
  if (entry < 0) return;
  if (entry === 0 && !options.makesStream) return reply.error(noKey);
  if (args.count > CREATE_WORDS_MAX) return replySubcommandError(c, "XGROUP");
  const streams = streamsOf(c);
  if (!readPosition(c, entry, true)) return;
  const isNew = entry === 0;
  if (isNew) entry = c.create(2, streams.createdKind, streams.create());
  if (groupOf(c, entry, 3) !== 0) return reply.error(busyGroup);
  const { bytes, starts, ends } = args;
  const { groupChanges } = streams;
  groupChanges.createGroup(entry, bytes, starts[3], ends[3], id, options.entriesRead);
  reply.ok();
  if (isNew) {
    c.ready(2); // as all that makes a key a stream does, though there is no entry yet
    c.modified(2, GroupEvents.create);
  } else groupChanged(c, 2, GroupEvents.create);
}

/** Reads the options of CREATE or SETID; false: an error is replied. */
function readOptions(c: Context, creates: boolean): boolean {
  const { args, reply } = c;
  options.makesStream = false;
  options.entriesRead = UNKNOWN;
  for (let i = OPTIONS; i < args.count; i++) {
    if (creates && args.is(i, MKSTREAM)) options.makesStream = true;
    else if (args.is(i, ENTRIESREAD) && i + 1 < args.count) {
      const count = args.index(++i);
      if (Number.isNaN(count) || (count < 0 && count !== UNKNOWN)) {
        reply.error(Number.isNaN(count) ? Errors.notInteger : entriesReadNegative);
        return false;
      }
      options.entriesRead = count;
    } else {
      replySubcommandError(c, "XGROUP");
      return false;
    }
  }
  return true;
}

/** Reads argument 4 as the ID behind which to go on in a stream; false: an error is replied. */
function readPosition(c: Context, entry: number, isStrict: boolean): boolean {
  if (!isCharacter(c.args, 4, DOLLAR)) return isStrict ? readId(c, 4, id) : readAnyId(c, id);
  const streams = streamsOf(c);
  if (entry === 0) copyId(LEAST_ID, id);
  else streams.lastId(streams.records.pointer(entry), id);
  return true;
}

/** Reads argument 4 as an ID, or as "-" or "+", which SETID takes as well. */
function readAnyId(c: Context, to: StreamId): boolean {
  const isEnd = isCharacter(c.args, 4, DASH) || isCharacter(c.args, 4, PLUS);
  return isEnd ? readEnd(c, 4, to) : readId(c, 4, to);
}

const setId: Command = {
  name: "setid",
  arity: -5,
  flags: "write",
  keys: [{ index: 2, flags: "RW update" }],
  group: "stream",
  since: "5.0.0",
  complexity: "O(1)",
  summary: "Sets which entry a group was delivered last.",
  args: [keyArg, groupArg, idArg, entriesReadArg],
  handler: setGroupId,
};

function setGroupId(c: Context): void {
  const { args, reply } = c;
  if (!readOptions(c, false)) return;
  const entry = findStream(c);
  if (entry === 0) return;
  const group = groupOf(c, entry, 3);
  if (group === 0) return replyNoGroup(c, 2, 3);
  if (args.count !== OPTIONS && args.count !== OPTIONS + 2) {
    return replySubcommandError(c, "XGROUP");
  }
  if (!readPosition(c, entry, false)) return;
  const streams = streamsOf(c);
  const { entriesRead } = options;
  streams.groupChanges.setPosition(streams.changing(entry), group, id, entriesRead);
  reply.ok();
  groupChanged(c, 2, GroupEvents.setId);
}

/** The stream at argument 2; 0: there is none, and that is replied. */
function findStream(c: Context): number {
  const entry = c.findTypedForWrite(2, STREAM);
  if (entry === 0) c.reply.error(noKey);
  return Math.max(entry, 0);
}

const destroy: Command = {
  name: "destroy",
  arity: 4,
  flags: "write",
  keys: [{ index: 2, flags: "RW delete" }],
  group: "stream",
  since: "5.0.0",
  complexity: "O(N), N being the entries that are pending; many are freed in slices",
  summary: "Removes a group.",
  args: [keyArg, groupArg],
  handler: destroyGroup,
};

function destroyGroup(c: Context): void {
  const entry = findStream(c);
  if (entry === 0) return;
  const group = groupOf(c, entry, 3);
  c.reply.integer(group === 0 ? 0 : 1);
  if (group === 0) return;
  streamsOf(c).groupChanges.destroyGroup(entry, group);
  groupChanged(c, 2, GroupEvents.destroy);
  // Whoever waits for entries as a consumer of it hears that it has gone.
  c.ready(2);
}

const createConsumer: Command = {
  name: "createconsumer",
  arity: 5,
  flags: "write denyoom",
  keys: [{ index: 2, flags: "RW insert" }],
  group: "stream",
  since: "6.2.0",
  complexity: "O(log(N)), N being the consumers of the group",
  summary: "Makes a consumer of a group.",
  args: [keyArg, groupArg, consumerArg],
  handler: makeConsumer,
};

function makeConsumer(c: Context): void {
  const entry = findStream(c);
  if (entry === 0) return;
  const group = groupOf(c, entry, 3);
  if (group === 0) return replyNoGroup(c, 2, 3);
  const isThere = consumerOf(c, group, 4) !== 0;
  c.reply.integer(isThere ? 0 : 1);
  if (isThere) return;
  const { bytes, starts, ends } = c.args;
  const streams = streamsOf(c);
  const journal = streams.changing(entry);
  streams.groupChanges.createConsumer(journal, group, bytes, starts[4], ends[4], c.now);
  groupChanged(c, 2, GroupEvents.createConsumer);
}

const delConsumer: Command = {
  name: "delconsumer",
  arity: 5,
  flags: "write",
  keys: [{ index: 2, flags: "RW delete" }],
  group: "stream",
  since: "5.0.0",
  complexity: "O(N*log(M)), N of M pending entries being the consumer's",
  summary: "Removes a consumer of a group, and what is pending for it.",
  args: [keyArg, groupArg, consumerArg],
  handler: removeConsumer,
};

function removeConsumer(c: Context): void {
  const entry = findStream(c);
  if (entry === 0) return;
  const group = groupOf(c, entry, 3);
  if (group === 0) return replyNoGroup(c, 2, 3);
  const consumer = consumerOf(c, group, 4);
  if (consumer === 0) return c.reply.integer(0);
  const streams = streamsOf(c);
  const journal = streams.changing(entry);
  c.reply.integer(streams.groupChanges.removeConsumer(journal, group, consumer));
  groupChanged(c, 2, GroupEvents.delConsumer);
}

const help: Command = {
  name: "help",
  arity: 2,
  flags: "loading stale",
  group: "stream",
  since: "5.0.0",
  complexity: "O(1)",
  summary: "Lists the subcommands.",
  handler: groupHelp,
};

function groupHelp(c: Context): void {
  replyHelp(c, "XGROUP", [
    [
      "CREATE <key> <groupname> <id|$> [option]",
      "Create a new consumer group. Options are:\n" +
        "* MKSTREAM\n  Create the empty stream if it does not exist.\n" +
        "* ENTRIESREAD entries_read\n  Set the group's entries_read counter (internal use).",
    ],
    [
      "CREATECONSUMER <key> <groupname> <consumer>",
      "Create a new consumer in the specified group.",
    ],
    ["DELCONSUMER <key> <groupname> <consumer>", "Remove the specified consumer."],
    ["DESTROY <key> <groupname>", "Remove the specified group."],
    [
      "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
      "Set the current group ID and entries_read counter.",
    ],
  ]);
}

export const xgroup: Command = {
  name: "xgroup",
  arity: -2,
  flags: "",
  group: "stream",
  since: "5.0.0",
  complexity: "Depends on subcommand.",
  summary: "Makes, moves and removes groups of consumers.",
  subcommands: [create, setId, destroy, createConsumer, delConsumer, help],
};
