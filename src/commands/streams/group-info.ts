// XINFO on groups: GROUPS, CONSUMERS, and what STREAM tells with FULL. How many entries of a group
// were given back (XNACK), FULL tells where there are any: clients that know nothing of that do not
// expect the field.

import type { Command, Context } from "../../engine/context.ts";
import { Errors } from "../../protocol/errors.ts";
import { UNKNOWN } from "../../structures/stream-groups.ts";
import { createId, GREATEST_ID, LEAST_ID } from "../../structures/stream-id.ts";
import { STREAM, streamsOf } from "../../types/streams.ts";
import { keyArg } from "../shared/argument-docs.ts";
import { replyId, replyRange } from "./entry-replies.ts";
import { replyDeliveries, replyName } from "./group-replies.ts";
import { groupOf, replyNoGroup } from "./lookups.ts";

const GROUP_FIELDS = 6;
const CONSUMER_FIELDS = 4;
const FULL_GROUP_FIELDS = 7;
const FULL_CONSUMER_FIELDS = 5;

const id = createId();

export const xinfoGroups: Command = {
  name: "groups",
  arity: 3,
  flags: "readonly",
  keys: [{ index: 2, flags: "RO access" }],
  group: "stream",
  since: "5.0.0",
  complexity: "O(1)",
  summary: "Returns the groups of a stream.",
  args: [keyArg],
  handler: replyGroups,
};

function replyGroups(c: Context): void {
  const entry = findStream(c);
  if (entry === 0) return;
  const { reply } = c;
  const streams = streamsOf(c);
  const { groups } = streams;
  const { names } = groups;
  const root = streams.records.pointer(entry);
  const tree = streams.groupsOf(root);
  reply.array(streams.groupCount(root));
  for (let more = tree !== 0 && names.at(tree, 0); more; more = names.next()) {
    const group = names.value;
    reply.map(GROUP_FIELDS);
    reply.bulkText("name");
    replyName(c, group);
    reply.bulkText("consumers");
    reply.integer(groups.consumerCount(group));
    reply.bulkText("pending");
    reply.integer(groups.pendingCount(group));
    reply.bulkText("last-delivered-id");
    groups.lastId(group, id);
    replyId(c, id);
    replyProgress(c, root, group);
  }
}

/** The stream at argument 2; 0: there is none, and that is replied. */
function findStream(c: Context): number {
  const entry = c.findTyped(2, STREAM);
  if (entry === 0) c.reply.error(Errors.noSuchKey);
  return Math.max(entry, 0);
}

/** Two fields: how many entries a group has read, and how many there are still to read. */
function replyProgress(c: Context, root: number, group: number): void {
  const { reply } = c;
  const streams = streamsOf(c);
  const read = streams.groups.entriesRead(group);
  const lag = streams.lag(root, group);
  reply.bulkText("entries-read");
  if (read === UNKNOWN) reply.null();
  else reply.integer(read);
  reply.bulkText("lag");
  if (Number.isNaN(lag)) reply.null();
  else reply.integer(lag);
}

export const xinfoConsumers: Command = {
  name: "consumers",
  arity: 4,
  flags: "readonly",
  tips: "nondeterministic_output",
  keys: [{ index: 2, flags: "RO access" }],
  group: "stream",
  since: "5.0.0",
  complexity: "O(1)",
  summary: "Returns the consumers of a group.",
  args: [keyArg, { name: "group", type: "string" }],
  handler: replyConsumers,
};

function replyConsumers(c: Context): void {
  const entry = findStream(c);
  if (entry === 0) return;
  const group = groupOf(c, entry, 3);
  if (group === 0) return replyNoGroup(c, 2, 3);
  const { reply } = c;
  const { groups } = streamsOf(c);
  const { names } = groups;
  const tree = groups.consumersOf(group);
  reply.array(groups.consumerCount(group));
  for (let more = tree !== 0 && names.at(tree, 0); more; more = names.next()) {
    const consumer = names.value;
    const active = groups.active(consumer);
    reply.map(CONSUMER_FIELDS);
    reply.bulkText("name");
    replyName(c, consumer);
    reply.bulkText("pending");
    reply.integer(groups.owned(consumer));
    reply.bulkText("idle");
    reply.integer(Math.max(c.now - groups.seen(consumer), 0));
    reply.bulkText("inactive");
    reply.integer(active === UNKNOWN ? UNKNOWN : c.now - active);
  }
}

/** Two fields of XINFO STREAM with FULL: entries, and groups; at most `count` of each list. */
export function replyFull(c: Context, root: number, count: number): void {
  const { reply } = c;
  const streams = streamsOf(c);
  const { names } = streams.groups;
  const tree = streams.groupsOf(root);
  const groupCount = streams.groupCount(root);
  reply.bulkText("entries");
  replyRange(c, root, LEAST_ID, GREATEST_ID, count, false);
  reply.bulkText("groups");
  reply.array(groupCount);
  for (let i = 0; i < groupCount; i++) {
    if (names.at(tree, i)) replyWhole(c, root, names.value, count);
  }
}

function replyWhole(c: Context, root: number, group: number, count: number): void {
  const { reply } = c;
  const { groups } = streamsOf(c);
  const unowned = groups.unownedCount(group);
  reply.map(unowned > 0 ? FULL_GROUP_FIELDS + 1 : FULL_GROUP_FIELDS);
  reply.bulkText("name");
  replyName(c, group);
  reply.bulkText("last-delivered-id");
  groups.lastId(group, id);
  replyId(c, id);
  replyProgress(c, root, group);
  reply.bulkText("pel-count");
  reply.integer(groups.pendingCount(group));
  if (unowned > 0) {
    reply.bulkText("nacked-count");
    reply.integer(unowned);
  }
  reply.bulkText("pending");
  replyPending(c, groups.pendingOf(group), true, count);
  reply.bulkText("consumers");
  const tree = groups.consumersOf(group);
  const consumers = groups.consumerCount(group);
  reply.array(consumers);
  for (let i = 0; i < consumers; i++) {
    if (groups.names.at(tree, i)) replyConsumer(c, groups.names.value, count);
  }
}

function replyConsumer(c: Context, consumer: number, count: number): void {
  const { reply } = c;
  const { groups } = streamsOf(c);
  reply.map(FULL_CONSUMER_FIELDS);
  reply.bulkText("name");
  replyName(c, consumer);
  reply.bulkText("seen-time");
  reply.integer(groups.seen(consumer));
  reply.bulkText("active-time");
  reply.integer(groups.active(consumer));
  reply.bulkText("pel-count");
  reply.integer(groups.owned(consumer));
  reply.bulkText("pending");
  replyPending(c, groups.consumersPending(consumer), false, count);
}

/** At most `count` pending entries, of a group with whose they are, or of a consumer. */
function replyPending(c: Context, tree: number, isGroups: boolean, count: number): void {
  const { reply } = c;
  const { groups } = streamsOf(c);
  const { ids } = groups;
  const mark = reply.beginDeferred();
  let replied = 0;
  for (let more = tree !== 0 && ids.at(tree, 0); more && replied < count; more = ids.next()) {
    const pending = ids.value;
    ids.readId(pending, id);
    reply.array(isGroups ? 4 : 3);
    replyId(c, id);
    if (isGroups) replyName(c, groups.consumerOf(pending));
    reply.integer(groups.delivered(pending));
    replyDeliveries(c, groups.deliveries(pending));
    replied++;
  }
  reply.endArray(mark, replied);
}
