// Changes of a stream's groups: what commands do to groups, consumers and pending entries, told to
// the journal where there is one.
//
// Changes of what is pending take the journal that Streams.changing() returned for the stream, once
// for a command, and not the stream.
//
// Cost: that of the structures; a group with much that is pending is freed in slices.

import type { EntryJournal } from "../keyspace/entry-journal.ts";
import type { Records } from "../structures/record.ts";
import { ConsumerWord, GroupWord, PendingWord } from "../structures/stream-groups.ts";
import type { StreamId } from "../structures/stream-id.ts";
import type { StreamGroupUndo } from "./stream-group-undo.ts";
import type { StreamRoots } from "./stream-roots.ts";
import type { StreamUndo } from "./stream-undo.ts";

/** The type whose streams' groups are changed. */
export interface GroupsOwner extends StreamRoots {
  readonly records: Records;
  readonly undo: StreamUndo;
  readonly groupUndo: StreamGroupUndo;
  changing(entry: number): EntryJournal | null;
}

export class StreamGroupChanges {
  readonly #streams: GroupsOwner;
  readonly #disposeGroup: (group: number) => void;

  /** @param disposeGroup frees a group of no stream, now or later */
  constructor(streams: GroupsOwner, disposeGroup: (group: number) => void) {
    this.#streams = streams;
    this.#disposeGroup = disposeGroup;
  }

  // Groups

  /** A new group. REQUIRES: the stream has none with this name. */
  createGroup(
    entry: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    lastId: StreamId,
    entriesRead: number,
  ): number {
    const streams = this.#streams;
    const journal = streams.changing(entry);
    const root = streams.records.pointer(entry);
    const group = streams.groups.createGroup(bytes, start, end, lastId, entriesRead);
    streams.attachGroup(root, group);
    if (journal !== null) streams.groupUndo.groupAttached(journal, root, group);
    return group;
  }

  destroyGroup(entry: number, group: number): void {
    const streams = this.#streams;
    const journal = streams.changing(entry);
    const root = streams.records.pointer(entry);
    streams.detachGroup(root, group);
    if (journal !== null) streams.groupUndo.groupDetached(journal, root, group);
    else this.#disposeGroup(group);
  }

  /** Sets what was delivered last, and how many entries have been read. */
  setPosition(
    journal: EntryJournal | null,
    group: number,
    lastId: StreamId,
    entriesRead: number,
  ): void {
    const { groups, undo } = this.#streams;
    if (journal !== null) {
      undo.id(journal, group, GroupWord.lastId);
      undo.words(journal, group, GroupWord.entriesRead);
    }
    groups.setLastId(group, lastId);
    groups.setEntriesRead(group, entriesRead);
  }

  // Consumers

  /** A new consumer. REQUIRES: the group has none with this name. */
  createConsumer(
    journal: EntryJournal | null,
    group: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    now: number,
  ): number {
    const { groups, groupUndo } = this.#streams;
    const consumer = groups.createConsumer(bytes, start, end, now);
    groups.attachConsumer(group, consumer);
    if (journal !== null) groupUndo.consumerAttached(journal, group, consumer);
    return consumer;
  }

  /** Removes a consumer and what is pending for it; returns how much that was. */
  removeConsumer(journal: EntryJournal | null, group: number, consumer: number): number {
    const { groups, groupUndo } = this.#streams;
    const count = groups.owned(consumer);
    for (let left = count; left > 0; left--) {
      this.acknowledge(journal, group, groups.ids.firstValue(groups.consumersPending(consumer)));
    }
    groups.detachConsumer(group, consumer);
    if (journal !== null) groupUndo.consumerDetached(journal, group, consumer);
    else groups.memory.free(consumer);
    return count;
  }

  /** A consumer has asked for something. */
  setSeen(journal: EntryJournal | null, consumer: number, now: number): void {
    const { groups, undo } = this.#streams;
    if (journal !== null) undo.words(journal, consumer, ConsumerWord.seen);
    groups.setSeen(consumer, now);
  }

  /** A consumer has got something. */
  setActive(journal: EntryJournal | null, consumer: number, now: number): void {
    const { groups, undo } = this.#streams;
    if (journal !== null) undo.words(journal, consumer, ConsumerWord.active);
    groups.setActive(consumer, now);
  }

  // Pending entries

  /** An entry that is not pending becomes so, for a consumer or, with 0, for none: returns it. */
  addPending(
    journal: EntryJournal | null,
    group: number,
    consumer: number,
    id: StreamId,
    delivered: number,
    deliveries: number,
  ): number {
    const { groups, groupUndo } = this.#streams;
    const pending = groups.createPending(consumer, id, delivered, deliveries);
    groups.attachPending(group, pending);
    if (journal !== null) groupUndo.pendingAttached(journal, group, pending);
    return pending;
  }

  /** A pending entry becomes a consumer's or, with 0, nobody's, as delivered at this time. */
  givePending(
    journal: EntryJournal | null,
    group: number,
    pending: number,
    consumer: number,
    delivered: number,
    deliveries: number,
  ): void {
    const { groups, groupUndo, undo } = this.#streams;
    groups.marks.tell(group, pending);
    if (journal !== null) {
      groupUndo.pendingGiven(journal, group, pending);
      undo.words(journal, pending, PendingWord.deliveries);
    }
    if (groups.consumerOf(pending) !== consumer) groups.setConsumer(pending, consumer);
    groups.setDelivered(group, pending, delivered);
    groups.setDeliveries(pending, deliveries);
  }

  /** An entry is pending no more. */
  acknowledge(journal: EntryJournal | null, group: number, pending: number): void {
    this.#streams.groups.marks.tell(group, pending);
    this.#streams.groups.detachPending(group, pending);
    this.#drop(journal, group, pending);
  }

  /** As acknowledge, of what StreamGroups.findPending() has just found. */
  acknowledgeFound(journal: EntryJournal | null, group: number, pending: number): void {
    this.#streams.groups.marks.tell(group, pending);
    this.#streams.groups.detachFound(group, pending);
    this.#drop(journal, group, pending);
  }

  #drop(journal: EntryJournal | null, group: number, pending: number): void {
    const { groups, groupUndo } = this.#streams;
    if (journal !== null) groupUndo.pendingDetached(journal, group, pending);
    else groups.memory.free(pending);
  }
}
