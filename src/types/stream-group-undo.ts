// What a journal has to know of the groups of streams, beside the words of their blocks, which
// stream-undo.ts notes.
//
//   operation            a       b          c            number
//   group attached       root    group
//   group detached       root    group                                it is kept
//   consumer attached    group   consumer
//   consumer detached    group   consumer                             it is kept
//   pending attached     group   pending
//   pending detached     group   pending                              it is kept
//   pending given        group   pending    consumer     delivered    whose it was, or 0; and when
//
// What was attached has nothing in it when that is undone, since what came into it has been undone
// before.

import type { EntryJournal } from "../keyspace/entry-journal.ts";
import type { Journal, Undoer } from "../keyspace/journal.ts";
import type { StreamRoots } from "./stream-roots.ts";
import { GROUP_OPERATIONS } from "./stream-undo.ts";

const Operation = {
  groupAttached: GROUP_OPERATIONS,
  groupDetached: GROUP_OPERATIONS + 1,
  consumerAttached: GROUP_OPERATIONS + 2,
  consumerDetached: GROUP_OPERATIONS + 3,
  pendingAttached: GROUP_OPERATIONS + 4,
  pendingDetached: GROUP_OPERATIONS + 5,
  pendingGiven: GROUP_OPERATIONS + 6,
} as const;

export class StreamGroupUndo implements Undoer {
  readonly #roots: StreamRoots;
  readonly #disposeGroup: (group: number) => void;

  /** @param disposeGroup frees a group of no stream, now or later */
  constructor(roots: StreamRoots, disposeGroup: (group: number) => void) {
    this.#roots = roots;
    this.#disposeGroup = disposeGroup;
  }

  // What is told, after the change

  groupAttached(journal: EntryJournal, root: number, group: number): void {
    journal.notes.note(Operation.groupAttached, 0, 0, root, group);
  }

  /** The group must not be freed. */
  groupDetached(journal: EntryJournal, root: number, group: number): void {
    journal.notes.note(Operation.groupDetached, 0, 0, root, group);
  }

  consumerAttached(journal: EntryJournal, group: number, consumer: number): void {
    journal.notes.note(Operation.consumerAttached, 0, 0, group, consumer);
  }

  /** The consumer must not be freed. */
  consumerDetached(journal: EntryJournal, group: number, consumer: number): void {
    journal.notes.note(Operation.consumerDetached, 0, 0, group, consumer);
  }

  pendingAttached(journal: EntryJournal, group: number, pending: number): void {
    journal.notes.note(Operation.pendingAttached, 0, 0, group, pending);
  }

  /** The pending entry must not be freed. */
  pendingDetached(journal: EntryJournal, group: number, pending: number): void {
    journal.notes.note(Operation.pendingDetached, 0, 0, group, pending);
  }

  /** A pending entry is about to become another consumer's, or delivered at another time. */
  pendingGiven(journal: EntryJournal, group: number, pending: number): void {
    const { groups } = this.#roots;
    const consumer = groups.consumerOf(pending);
    const delivered = groups.delivered(pending);
    journal.notes.note(Operation.pendingGiven, 0, 0, group, pending, consumer, delivered);
  }

  // Undoing

  undo(note: Journal): void {
    const roots = this.#roots;
    const { groups, memory } = roots;
    const { a: group, b } = note;
    switch (note.operation) {
      case Operation.groupAttached:
        roots.detachGroup(note.a, b);
        memory.free(b);
        break;
      case Operation.groupDetached:
        roots.attachGroup(note.a, b);
        break;
      case Operation.consumerAttached:
        groups.detachConsumer(group, b);
        memory.free(b);
        break;
      case Operation.consumerDetached:
        groups.attachConsumer(group, b);
        break;
      case Operation.pendingAttached:
        groups.detachPending(group, b);
        memory.free(b);
        break;
      case Operation.pendingDetached:
        groups.attachPending(group, b);
        break;
      default:
        groups.setConsumer(b, note.c);
        groups.setDelivered(group, b, note.number);
    }
  }

  forget(note: Journal): void {
    const { operation, b } = note;
    if (operation === Operation.groupDetached) this.#disposeGroup(b);
    else if (operation === Operation.consumerDetached || operation === Operation.pendingDetached) {
      this.#roots.memory.free(b);
    }
  }
}
