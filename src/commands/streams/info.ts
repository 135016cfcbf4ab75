// XINFO: what there is to know of streams, beside their entries.
//
// Redis counts the keys and nodes of a radix tree; here the keys are the stream's nodes, which are
// as many, and the other number is that of the nodes and the tree over them.

import { asciiBytes } from "../../base/bytes.ts";
import type { Command, Context } from "../../engine/context.ts";
import { Errors } from "../../protocol/errors.ts";
import { createId, GREATEST_ID, LEAST_ID } from "../../structures/stream-id.ts";
import { STREAM, streamsOf } from "../../types/streams.ts";
import { keyArg } from "../shared/argument-docs.ts";
import { replyHelp, replySubcommandError } from "../shared/help.ts";
import { COUNT } from "../shared/words.ts";
import { replyEntry, replyId } from "./entry-replies.ts";
import { replyFull, xinfoConsumers, xinfoGroups } from "./group-info.ts";
import { iidFields, replyIids } from "./idempotent.ts";

const FULL = asciiBytes("full");
/** Fields of XINFO STREAM, without FULL and with it. */
const FIELDS = 10;
const FULL_FIELDS = 9;
/** FULL tells of so many entries, and of so many that are pending in each list. */
const COUNT_DEFAULT = 10;

const id = createId();

export const xinfo: Command = {
  name: "xinfo",
  arity: -2,
  flags: "",
  group: "stream",
  since: "5.0.0",
  complexity: "Depends on subcommand.",
  summary: "Looks into streams.",
  subcommands: [
    {
      name: "stream",
      arity: -3,
      flags: "readonly",
      keys: [{ index: 2, flags: "RO access" }],
      group: "stream",
      since: "5.0.0",
      complexity: "O(log(N)), N being the number of nodes; with FULL also what is returned",
      summary: "Returns what there is to know of a stream.",
      args: [
        keyArg,
        {
          name: "full-block",
          type: "block",
          optional: true,
          arguments: [
            { name: "full", type: "pure-token", token: "FULL" },
            { name: "count", type: "integer", token: "COUNT", optional: true },
          ],
        },
      ],
      handler: xinfoStream,
    },
    xinfoGroups,
    xinfoConsumers,
    {
      name: "help",
      arity: 2,
      flags: "loading stale",
      group: "stream",
      since: "5.0.0",
      complexity: "O(1)",
      summary: "Lists the subcommands.",
      handler: xinfoHelp,
    },
  ],
};

function xinfoHelp(c: Context): void {
  replyHelp(c, "XINFO", [
    ["CONSUMERS <key> <groupname>", "Show consumers of <groupname>."],
    ["GROUPS <key>", "Show the stream consumer groups."],
    ["STREAM <key> [FULL [COUNT <count>]", "Show information about the stream."],
  ]);
}

function xinfoStream(c: Context): void {
  const { args, reply } = c;
  const entry = c.findTyped(2, STREAM);
  if (entry < 0) return;
  if (entry === 0) return reply.error(Errors.noSuchKey);
  if (args.count === 3) return replySummary(c, entry);
  const isFull = args.is(3, FULL) && (args.count === 4 || (args.count === 6 && args.is(4, COUNT)));
  if (!isFull) return replySubcommandError(c, "XINFO");
  const given = args.count === 4 ? COUNT_DEFAULT : args.index(5);
  if (Number.isNaN(given)) return reply.error(Errors.notInteger);
  const count = given < 0 ? COUNT_DEFAULT : given;
  const root = streamsOf(c).records.pointer(entry);
  reply.map(FULL_FIELDS + iidFields(streamsOf(c), root));
  replyNumbers(c, root);
  replyFull(c, root, count === 0 ? Number.POSITIVE_INFINITY : count);
}

function replySummary(c: Context, entry: number): void {
  const { reply } = c;
  const streams = streamsOf(c);
  const { cursor } = streams;
  const root = streams.records.pointer(entry);
  reply.map(FIELDS + iidFields(streams, root));
  replyNumbers(c, root);
  reply.bulkText("groups");
  reply.integer(streams.groupCount(root));
  reply.bulkText("first-entry");
  if (cursor.seek(root, LEAST_ID)) replyEntry(c, cursor);
  else reply.null();
  reply.bulkText("last-entry");
  if (cursor.seekBack(root, GREATEST_ID)) replyEntry(c, cursor);
  else reply.null();
}

/** The fields that both forms have. */
export function replyNumbers(c: Context, root: number): void {
  const { reply } = c;
  const streams = streamsOf(c);
  const nodes = streams.chains.nodes(root);
  reply.bulkText("length");
  reply.integer(streams.count(root));
  reply.bulkText("radix-tree-keys");
  reply.integer(nodes);
  reply.bulkText("radix-tree-nodes");
  reply.integer(nodes + 1);
  reply.bulkText("last-generated-id");
  streams.lastId(root, id);
  replyId(c, id);
  reply.bulkText("max-deleted-entry-id");
  streams.erasedId(root, id);
  replyId(c, id);
  reply.bulkText("entries-added");
  reply.integer(streams.added(root));
  reply.bulkText("recorded-first-entry-id");
  streams.firstId(root, id);
  replyId(c, id);
  replyIids(c, streams, root);
}
