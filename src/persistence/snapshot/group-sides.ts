// The groups of a large collection in a snapshot: what follows its nodes and its numbers, group by
// group, with what is pending in each.
//
//   side     groups: the first of the moment's groups
//   group    0 next   4 kind   8 −group   12 consumers   16 first consumer   20 1: ours to free
//            36–44 a byte chain: what stands before its pending entries, and those of them that
//            were about to change   64 next in its bucket   68 whose the entries of nobody are
//   consumer 0 next   8 −consumer, or 0   36–44 a byte chain: what stands before the IDs of its
//            entries, and those   64 next in its bucket
//
// How much is pending, in all and for each, is known at once; in which order it is saved matters to
// nobody. So whoever is about to change a pending entry that is old saves it first, as its group
// has it and as its consumer, and the walk, by IDs, does the same with what is old still. When
// it has come to the end of a group, all that its consumers had is in their chains.
//
// Groups and consumers are found as sides are, by their negative references, which no root has. A
// group that is taken out is kept until it is saved. A consumer's block may be used again
// meanwhile: what is pending for whoever has it then is new.
//
// Cost: to open, O(groups and consumers). Held beside the data: 16 bytes for each entry that is
// pending in the group that is being saved, and what was about to change in any.

import { assert } from "../../base/assert.ts";
import { RdbOutput } from "../../codec/rdb-output.ts";
import type { CollectionType, PendingGroups } from "../../keyspace/data-type.ts";
import type { Memory } from "../../memory/memory.ts";
import { type SharedState, Side } from "./shared-state.ts";

const BLOCK_BYTES = 72;
const Word = { next: 0, consumers: 3, firstConsumer: 4, nameless: 17 } as const;
/** Pending entries that are looked at between two looks at the clock. */
const WALKED_AT_A_TIME = 128;

export class GroupSides {
  /** For tests. */
  walkedAtATime = WALKED_AT_A_TIME;
  readonly #memory: Memory;
  readonly #state: SharedState;
  readonly #ahead: RdbOutput = new RdbOutput();
  readonly #markedAt = new Uint32Array(4);
  // Of the group that is being saved.
  readonly #position = new Uint32Array(4);
  #isBegun = false;
  #isWalked = false;

  constructor(memory: Memory, state: SharedState) {
    this.#memory = memory;
    this.#state = state;
  }

  /** Gives the present mark to all that is pending in a collection. */
  markAll(pendings: PendingGroups, root: number): void {
    const count = pendings.groupCount(root);
    const mark = (pending: number): void => pendings.marks.set(pending);
    const position = this.#markedAt;
    for (let i = 0; i < count; i++) {
      position.fill(0);
      pendings.walk(pendings.groupAt(root, i), position, Number.MAX_SAFE_INTEGER, mark);
    }
  }

  /** Takes down a new side's groups and consumers, and nothing that is pending. */
  open(side: number, kind: number, pendings: PendingGroups, root: number): void {
    const state = this.#state;
    for (let i = pendings.groupCount(root) - 1; i >= 0; i--) {
      const group = pendings.groupAt(root, i);
      const block = this.#newBlock(group);
      state.set(block, Side.kind, kind);
      state.set(block, Word.next, state.get(side, Side.groups));
      state.set(side, Side.groups, block);
      this.#ahead.reset();
      pendings.saveGroup(group, this.#ahead);
      state.addToSide(block, this.#ahead.bytes, this.#ahead.end);
      this.#openConsumers(block, kind, pendings, group);
    }
  }

  #openConsumers(block: number, kind: number, pendings: PendingGroups, group: number): void {
    const state = this.#state;
    const hasUnowned = pendings.unownedCount(group) > 0;
    const nameless = hasUnowned ? pendings.namelessOf(group) : 0;
    if (hasUnowned && nameless === 0) {
      state.set(block, Word.nameless, this.#openConsumer(block, kind, pendings, group, 0));
    }
    const count = pendings.consumerCount(group);
    for (let i = 0; i < count; i++) {
      const consumer = pendings.consumerAt(group, i);
      const record = this.#openConsumer(block, kind, pendings, group, consumer);
      if (consumer === nameless) state.set(block, Word.nameless, record);
    }
  }

  #openConsumer(
    block: number,
    kind: number,
    pendings: PendingGroups,
    group: number,
    consumer: number,
  ): number {
    const state = this.#state;
    const record = this.#newBlock(consumer);
    state.set(record, Word.next, state.get(block, Word.firstConsumer));
    state.set(block, Word.firstConsumer, record);
    state.set(block, Word.consumers, state.get(block, Word.consumers) + 1);
    this.#ahead.reset();
    pendings.saveConsumer(kind, group, consumer, this.#ahead);
    state.addToSide(record, this.#ahead.bytes, this.#ahead.end);
    return record;
  }

  #newBlock(reference: number): number {
    const state = this.#state;
    const block = this.#memory.allocate(BLOCK_BYTES);
    for (let word = 0; word < BLOCK_BYTES / 4; word++) state.set(block, word, 0);
    if (reference !== 0) state.link(block, -reference);
    state.hold(BLOCK_BYTES);
    return block;
  }

  #freeBlock(block: number): void {
    const state = this.#state;
    if (state.get(block, Side.root) !== 0) state.unlink(block);
    this.#memory.free(block);
    state.hold(-BLOCK_BYTES);
  }

  /** Saves a pending entry that is about to change, or to go. */
  beforePending(
    group: number,
    pending: number,
    types: readonly (CollectionType | undefined)[],
  ): void {
    const state = this.#state;
    const block = state.sideOf(-group);
    if (block === 0) return;
    const pendings = types[state.get(block, Side.kind)]?.pendings;
    assert(pendings !== undefined, "a group's collection has groups");
    this.#ahead.reset();
    pendings.savePending(pending, this.#ahead);
    state.addToSide(block, this.#ahead.bytes, this.#ahead.end);
    this.#addToConsumer(block, pendings, pending);
  }

  #addToConsumer(block: number, pendings: PendingGroups, pending: number): void {
    const state = this.#state;
    const consumer = pendings.consumerOf(pending);
    const record = consumer === 0 ? state.get(block, Word.nameless) : state.sideOf(-consumer);
    assert(record !== 0, "whose an old entry is was there at the snapshot's moment");
    this.#ahead.reset();
    pendings.savePendingId(pending, this.#ahead);
    state.addToSide(record, this.#ahead.bytes, this.#ahead.end);
  }

  /** Whether a group that would be freed is needed. */
  keeps(group: number): boolean {
    const block = this.#state.sideOf(-group);
    if (block === 0) return false;
    this.#state.set(block, Side.isKept, 1);
    return true;
  }

  /**
   * One piece of work for the first of a side's groups; −1: none is left, else 0 or a group that
   * was kept, and is to be freed.
   */
  save(side: number, pendings: PendingGroups, output: RdbOutput): number {
    const state = this.#state;
    const block = state.get(side, Side.groups);
    if (block === 0) return -1;
    const takes = (bytes: Uint8Array, start: number, end: number): void =>
      output.raw(bytes, start, end);
    if (!this.#isBegun) {
      this.#isBegun = true;
      this.#isWalked = false;
      this.#position.fill(0);
    }
    if (!this.#isWalked) {
      if (state.takeFromSide(block, takes)) return 0;
      this.#walk(block, pendings, output);
      return 0;
    }
    const consumer = state.get(block, Word.firstConsumer);
    if (consumer !== 0) {
      if (state.takeFromSide(consumer, takes)) return 0;
      state.set(block, Word.firstConsumer, state.get(consumer, Word.next));
      this.#freeBlock(consumer);
      return 0;
    }
    const kept = state.get(block, Side.isKept) === 1 ? -state.get(block, Side.root) : 0;
    state.set(side, Side.groups, state.get(block, Word.next));
    this.#freeBlock(block);
    this.#isBegun = false;
    return kept;
  }

  #walk(block: number, pendings: PendingGroups, output: RdbOutput): void {
    const state = this.#state;
    const visit = (pending: number): void => {
      if (pendings.marks.has(pending)) return;
      pendings.marks.set(pending);
      pendings.savePending(pending, output);
      this.#addToConsumer(block, pendings, pending);
    };
    const group = -state.get(block, Side.root);
    if (pendings.walk(group, this.#position, this.walkedAtATime, visit)) return;
    this.#isWalked = true;
    output.length(state.get(block, Word.consumers));
  }
}
