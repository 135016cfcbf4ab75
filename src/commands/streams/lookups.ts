// What commands on the groups of streams have in common: finding groups and consumers by their
// names, lists of IDs, and the events of groups.
//
// Changes of groups are none of the stream's entries: Redis does not tell those who WATCH the key
// of them, and neither is that done here.

import type { Context } from "../../engine/context.ts";
import { EventClass, type KeyEvent, keyEvent } from "../../engine/events.ts";
import type { EntryJournal } from "../../keyspace/entry-journal.ts";
import { Id, type StreamId } from "../../structures/stream-id.ts";
import { STREAM, streamsOf } from "../../types/streams.ts";
import { readId } from "./ids.ts";

/** What commands on groups tell of a key. */
export const GroupEvents = {
  create: keyEvent(EventClass.stream, "xgroup-create"),
  setId: keyEvent(EventClass.stream, "xgroup-setid"),
  destroy: keyEvent(EventClass.stream, "xgroup-destroy"),
  createConsumer: keyEvent(EventClass.stream, "xgroup-createconsumer"),
  delConsumer: keyEvent(EventClass.stream, "xgroup-delconsumer"),
} as const;

/** What was looked for last: a stream and its group, 0 where there is none; a consumer. */
export const found = { entry: 0, group: 0, isNew: false };

/**
 * Looks for the stream at argument i and its group that the next argument names: true if both are
 * there. False where the key is of another type: `entry` is −1 then, and that is replied.
 */
export function findGroup(c: Context, i: number): boolean {
  found.entry = c.findTyped(i, STREAM);
  found.group = found.entry > 0 ? groupOf(c, found.entry, i + 1) : 0;
  return found.group !== 0;
}

/** The group of a stream that argument i names, or 0. */
export function groupOf(c: Context, entry: number, i: number): number {
  const { bytes, starts, ends } = c.args;
  const streams = streamsOf(c);
  return streams.findGroup(streams.records.pointer(entry), bytes, starts[i], ends[i]);
}

/** The consumer of a group that argument i names, or 0. */
export function consumerOf(c: Context, group: number, i: number): number {
  const { bytes, starts, ends } = c.args;
  return streamsOf(c).groups.findConsumer(group, bytes, starts[i], ends[i]);
}

/**
 * The consumer of a group that argument i names, who is made where there is none, and has asked for
 * something now; `found.isNew`: it was made. `key` is the argument with the stream's key.
 */
export function openConsumer(
  c: Context,
  journal: EntryJournal | null,
  key: number,
  group: number,
  i: number,
): number {
  const { groupChanges } = streamsOf(c);
  const consumer = consumerOf(c, group, i);
  found.isNew = consumer === 0;
  if (consumer !== 0) {
    groupChanges.setSeen(journal, consumer, c.now);
    return consumer;
  }
  const { bytes, starts, ends } = c.args;
  groupChanged(c, key, GroupEvents.createConsumer);
  return groupChanges.createConsumer(journal, group, bytes, starts[i], ends[i], c.now);
}

/** Argument i in an error, which ends at a zero byte, as texts do in C. */
export function shown(c: Context, i: number): string {
  const [text] = c.args.text(i).split("\0", 1);
  return text;
}

/** As findGroup, as a command has it for which both must be there: else an error is replied. */
export function requireGroup(c: Context, i: number): boolean {
  if (findGroup(c, i)) return true;
  if (found.entry >= 0) {
    c.reply.errorText(
      `NOGROUP No such key '${shown(c, i)}' or consumer group '${shown(c, i + 1)}'`,
    );
  }
  return false;
}

/** Likewise, of whoever knows that the key must be there: `reply` says it of the group. */
export function replyNoGroup(c: Context, key: number, group: number): void {
  c.reply.errorText(
    `NOGROUP No such consumer group '${shown(c, group)}' for key name '${shown(c, key)}'`,
  );
}

/** A group of the key at argument i, or a number, was changed, so often: WATCH does not ask. */
export function groupChanged(c: Context, i: number, event: KeyEvent, changes = 1): void {
  c.changes += changes;
  c.event(i, event);
}

// Lists of IDs

const LIST_MIN = 64;
const LIST_KEPT_MAX = 4096;

/** The IDs of a request, for one request at a time. */
export class IdList {
  count = 0;
  #words: Uint32Array = new Uint32Array(LIST_MIN * Id.words);

  clear(): void {
    this.count = 0;
    if (this.#words.length > LIST_KEPT_MAX * Id.words) {
      this.#words = new Uint32Array(LIST_MIN * Id.words);
    }
  }

  add(id: StreamId): void {
    const at = this.count++ * Id.words;
    if (at === this.#words.length) {
      const longer = new Uint32Array(2 * at);
      longer.set(this.#words);
      this.#words = longer;
    }
    for (let k = 0; k < Id.words; k++) this.#words[at + k] = id[k];
  }

  at(i: number, id: StreamId): void {
    for (let k = 0; k < Id.words; k++) id[k] = this.#words[i * Id.words + k];
  }

  /** Reads arguments [from, to) as IDs; false: an error is replied. */
  read(c: Context, from: number, to: number, id: StreamId): boolean {
    this.clear();
    for (let i = from; i < to; i++) {
      if (!readId(c, i, id)) return false;
      this.add(id);
    }
    return true;
  }
}
