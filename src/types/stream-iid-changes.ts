// Changes of what a stream knows of idempotent IDs, and how they are undone.
//
//   operation            a           b           c
//   register attached    root        register
//   producer attached    register    producer
//   producer detached    register    producer            it is kept
//   iid attached         producer    iid                 as the newest
//   iid detached         producer    iid                 it was the oldest, and is kept
//
// A register comes with the first iid, or with the first setting; a producer comes with its first
// iid, and goes with its last. The numbers of a register are words, which stream-undo.ts notes.
//
// An iid is forgotten some seconds after its entry's time, or when its producer has too many. That
// is done when an iid is looked up, for its producer and one other in turn, so it costs those
// streams alone that have iids.

import type { EntryJournal } from "../keyspace/entry-journal.ts";
import type { Journal, Undoer } from "../keyspace/journal.ts";
import { createId, Id, type StreamId } from "../structures/stream-id.ts";
import { RegisterWord } from "../structures/stream-iids.ts";
import type { GroupsOwner } from "./stream-group-changes.ts";
import { IID_OPERATIONS } from "./stream-undo.ts";

const Operation = {
  registerAttached: IID_OPERATIONS,
  producerAttached: IID_OPERATIONS + 1,
  producerDetached: IID_OPERATIONS + 2,
  iidAttached: IID_OPERATIONS + 3,
  iidDetached: IID_OPERATIONS + 4,
} as const;

const TWO_32 = 4294967296;

export class StreamIidChanges implements Undoer {
  readonly #streams: GroupsOwner;
  readonly #id = createId();

  constructor(streams: GroupsOwner) {
    this.#streams = streams;
  }

  /** Sets for how many seconds, and how many, iids are kept; where that is new, all go. */
  configure(entry: number, seconds: number, most: number): void {
    const streams = this.#streams;
    const { iids } = streams;
    const journal = streams.changing(entry);
    const root = streams.records.pointer(entry);
    const register = this.#registerOf(journal, root, seconds, most);
    if (iids.seconds(register) === seconds && iids.most(register) === most) return;
    if (journal !== null) streams.undo.words(journal, register, RegisterWord.limits);
    iids.setLimits(register, seconds, most);
    while (iids.producerCount(register) > 0) {
      const producer = iids.producerAt(register, 0);
      this.#forget(journal, register, producer, iids.iidCount(producer));
    }
  }

  /**
   * Whether a producer, arguments of a request, has used an iid that is not past at this time; then
   * that is counted, and `id` is the ID that its entry has.
   */
  isDuplicate(
    entry: number,
    pid: Uint8Array,
    pidStart: number,
    pidEnd: number,
    iid: Uint8Array,
    iidStart: number,
    iidEnd: number,
    now: number,
    id: StreamId,
  ): boolean {
    const streams = this.#streams;
    const { iids } = streams;
    const root = streams.records.pointer(entry);
    const register = streams.registerOf(root);
    if (register === 0 || iids.producerCount(register) === 0) return false;
    const journal = streams.changing(entry);
    this.#forgetPast(journal, register, iids.nextProducer(register), now);
    let producer = iids.findProducer(register, pid, pidStart, pidEnd);
    if (producer === 0) return false;
    this.#forgetPast(journal, register, producer, now);
    producer = iids.findProducer(register, pid, pidStart, pidEnd);
    const found = producer === 0 ? 0 : iids.findIid(producer, iid, iidStart, iidEnd);
    if (found === 0) return false;
    iids.readId(found, id);
    this.#countDuplicate(journal, register);
    return true;
  }

  /** A log says that an entry was there already: counts that. */
  countDuplicate(entry: number): void {
    const streams = this.#streams;
    const journal = streams.changing(entry);
    const register = streams.registerOf(streams.records.pointer(entry));
    if (register !== 0) this.#countDuplicate(journal, register);
  }

  #countDuplicate(journal: EntryJournal | null, register: number): void {
    const { iids, undo } = this.#streams;
    if (journal !== null) undo.words(journal, register, RegisterWord.duplicates);
    iids.setDuplicates(register, iids.duplicates(register) + 1);
  }

  /**
   * A log says that an iid is used anew: whatever is known of it, and what came before, had passed
   * then. Forgets what is past at this time, too, of one producer in turn.
   */
  makeWay(
    entry: number,
    pid: Uint8Array,
    pidStart: number,
    pidEnd: number,
    iid: Uint8Array,
    iidStart: number,
    iidEnd: number,
    now: number,
  ): void {
    const streams = this.#streams;
    const { iids } = streams;
    const register = streams.registerOf(streams.records.pointer(entry));
    if (register === 0 || iids.producerCount(register) === 0) return;
    const journal = streams.changing(entry);
    const producer = iids.findProducer(register, pid, pidStart, pidEnd);
    const found = producer === 0 ? 0 : iids.findIid(producer, iid, iidStart, iidEnd);
    if (found !== 0) {
      let count = 1;
      for (let one = iids.oldest(producer); one !== found; one = iids.next(one)) count++;
      this.#forget(journal, register, producer, count);
    }
    if (iids.producerCount(register) === 0) return;
    this.#forgetPast(journal, register, iids.nextProducer(register), now);
  }

  /**
   * A producer has added an entry under an iid, of which nothing is known. A register that is new
   * keeps for so many seconds, and so many.
   */
  add(
    entry: number,
    pid: Uint8Array,
    pidStart: number,
    pidEnd: number,
    iid: Uint8Array,
    iidStart: number,
    iidEnd: number,
    id: StreamId,
    seconds: number,
    most: number,
  ): void {
    const streams = this.#streams;
    const { iids } = streams;
    const journal = streams.changing(entry);
    const root = streams.records.pointer(entry);
    const register = this.#registerOf(journal, root, seconds, most);
    let producer = iids.findProducer(register, pid, pidStart, pidEnd);
    if (producer === 0) {
      producer = iids.producers.createBlock(pid, pidStart, pidEnd);
      iids.attachProducer(register, producer);
      if (journal !== null) {
        journal.notes.note(Operation.producerAttached, 0, 0, register, producer);
      }
    }
    const added = iids.createIid(iid, iidStart, iidEnd, id);
    iids.attachIid(producer, added);
    if (journal !== null) {
      journal.notes.note(Operation.iidAttached, 0, 0, producer, added);
      streams.undo.words(journal, register, RegisterWord.added);
    }
    iids.setAdded(register, iids.added(register) + 1);
    this.#forget(journal, register, producer, iids.iidCount(producer) - iids.most(register));
  }

  #registerOf(journal: EntryJournal | null, root: number, seconds: number, most: number): number {
    const streams = this.#streams;
    let register = streams.registerOf(root);
    if (register !== 0) return register;
    register = streams.iids.create(seconds, most);
    streams.attachRegister(root, register);
    if (journal !== null) journal.notes.note(Operation.registerAttached, 0, 0, root, register);
    return register;
  }

  /** Whether an iid is past at this time. */
  isPast(register: number, iid: number, now: number): boolean {
    const { iids } = this.#streams;
    const id = this.#id;
    iids.readId(iid, id);
    return id[Id.msHigh] * TWO_32 + id[Id.msLow] <= now - 1000 * iids.seconds(register);
  }

  #forgetPast(journal: EntryJournal | null, register: number, producer: number, now: number): void {
    const { iids } = this.#streams;
    let count = 0;
    for (let iid = iids.oldest(producer); iid !== 0; iid = iids.next(iid), count++) {
      if (!this.isPast(register, iid, now)) break;
    }
    this.#forget(journal, register, producer, count);
  }

  /** Forgets so many of a producer's oldest iids. */
  #forget(journal: EntryJournal | null, register: number, producer: number, count: number): void {
    const { iids } = this.#streams;
    if (count <= 0) return;
    for (let left = count; left > 0; left--) {
      const iid = iids.oldest(producer);
      iids.detachIid(producer, iid);
      if (journal !== null) journal.notes.note(Operation.iidDetached, 0, 0, producer, iid);
      else iids.memory.free(iid);
    }
    if (iids.iidCount(producer) > 0) return;
    iids.detachProducer(register, producer);
    if (journal !== null) journal.notes.note(Operation.producerDetached, 0, 0, register, producer);
    else iids.memory.free(producer);
  }

  // Undoing

  undo(note: Journal): void {
    const { a, b } = note;
    const { iids } = this.#streams;
    switch (note.operation) {
      case Operation.registerAttached:
        this.#streams.detachRegister(a);
        iids.memory.free(b);
        break;
      case Operation.producerAttached:
        iids.detachProducer(a, b);
        iids.memory.free(b);
        break;
      case Operation.producerDetached:
        iids.attachProducer(a, b);
        break;
      case Operation.iidAttached:
        iids.detachIid(a, b);
        iids.memory.free(b);
        break;
      default:
        iids.attachIid(a, b, true);
    }
  }

  forget(note: Journal): void {
    const { operation, b } = note;
    if (operation === Operation.producerDetached || operation === Operation.iidDetached) {
      this.#streams.memory.free(b);
    }
  }
}
