// What a journal has to know of lists, to undo what was done to them. A list keeps its root for
// life, and its elements have no names, so notes name a root and an index: that of the element
// among those that were there just then, which they are again when the note is undone.
//
//   operation   a       b         c
//   pushed      root    end       elements
//   popped      root    list      end          the list has the elements taken, in their order
//   inserted    root              index
//   replaced    root    element   index
//   dropped     root    indexes                elements that were equal, and where they stood
//
//   indexes     0 i32 indexes   4 i32 bytes of the element   8 i32 × indexes, then the element
//
// What is popped goes to a list of its own, whole nodes as they are, so that LTRIM of a million
// elements copies two nodes at most. A list that was rolled back has the same elements, but perhaps
// a node more or less than it had.
//
// Cost: of elements taken or replaced, what they take; of those added, nothing. Undoing LREM goes
// through the list once if it took many.

import type { EntryJournal } from "../keyspace/entry-journal.ts";
import { type Journal, Owner, type Undoer } from "../keyspace/journal.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import { ChunkedLists } from "../structures/chunked-list.ts";
import { PackedLists } from "../structures/packed-list.ts";
import { copyIn } from "../structures/record.ts";

/** The type's number in memory. */
export const LIST = 1;

/** The two ends of a list, as handlers pass them. */
export const End = { left: 0, right: 1 } as const;

const FIRST = (Owner.types + LIST) << 4;
const Operation = {
  pushed: FIRST,
  popped: FIRST + 1,
  inserted: FIRST + 2,
  replaced: FIRST + 3,
  dropped: FIRST + 4,
} as const;

const INDEXES_HEADER_BYTES = 8;
const INDEXES_MIN = 64;
/** More dropped elements than this are put back in one walk over the list. */
const INSERTED_ONE_BY_ONE_MAX = 16;

export class ListUndo implements Undoer {
  readonly #memory: Memory;
  readonly #lists: ChunkedLists;
  /** With a cursor and ranges of its own, beside those that handlers use. */
  readonly #kept: ChunkedLists;
  readonly #packed: PackedLists;

  // What is being removed: see beginRemoving.
  #forward = true;
  #index = 0;
  #removed = 0;
  #indexes: Int32Array = new Int32Array(INDEXES_MIN);

  constructor(memory: Memory, lists: ChunkedLists) {
    this.#memory = memory;
    this.#lists = lists;
    this.#packed = new PackedLists(memory);
    this.#kept = new ChunkedLists(memory, this.#packed, lists.limit);
  }

  // What is told

  /** Elements were added at an end. */
  pushed(journal: EntryJournal, root: number, end: number, count: number): void {
    journal.notes.note(Operation.pushed, 0, 0, root, end, count);
  }

  /** Removes elements at an end, and keeps them. */
  pop(journal: EntryJournal, root: number, end: number, count: number): void {
    const lists = this.#lists;
    const kept = lists.create();
    const from = end === End.left ? 0 : lists.count(root) - count;
    lists.removeRange(root, from, count, kept);
    journal.notes.note(Operation.popped, 0, 0, root, kept, end);
  }

  /** An element was inserted. */
  inserted(journal: EntryJournal, root: number, index: number): void {
    journal.notes.note(Operation.inserted, 0, 0, root, 0, index);
  }

  /** The element at `index` (negative: from the end) is about to be replaced. */
  keepElement(journal: EntryJournal, root: number, index: number): void {
    const kept = this.#kept;
    const packed = this.#packed;
    kept.seek(root, index);
    kept.read();
    const element = kept.create();
    kept.pushLast(element, packed.bytes, packed.start, packed.end);
    const from = index < 0 ? index + kept.count(root) : index;
    journal.notes.note(Operation.replaced, 0, 0, root, element, from);
  }

  /** Elements that are equal are about to be removed in one walk, from the left or the right. */
  beginRemoving(root: number, forward: boolean): void {
    this.#forward = forward;
    this.#index = forward ? 0 : this.#lists.count(root) - 1;
    this.#removed = 0;
  }

  /** The walk has removed the element it stood on. */
  isRemoved(): void {
    if (this.#removed === this.#indexes.length) {
      const longer = new Int32Array(this.#removed * 2);
      longer.set(this.#indexes);
      this.#indexes = longer;
    }
    this.#indexes[this.#removed++] = this.#index;
    this.#index += this.#forward ? 1 : -1;
  }

  /** The walk has gone on to another element. */
  isPassed(): void {
    this.#index += this.#forward ? 1 : -1;
  }

  /** The walk is over; it has removed elements that were bytes[start, end). */
  endRemoving(
    journal: EntryJournal,
    root: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const count = this.#removed;
    if (count === 0) return;
    const elementAt = INDEXES_HEADER_BYTES + count * 4;
    const block = this.#memory.allocate(elementAt + end - start);
    const words = this.#memory.i32[block >>> PLACE_BITS];
    const at = (block & PLACE_MASK) << 1;
    words[at] = count;
    words[at + 1] = end - start;
    for (let i = 0; i < count; i++) {
      words[at + 2 + i] = this.#indexes[this.#forward ? i : count - 1 - i];
    }
    copyIn(this.#memory, block, elementAt, bytes, start, end);
    journal.notes.note(Operation.dropped, 0, 0, root, block);
    if (this.#indexes.length > INDEXES_MIN) this.#indexes = new Int32Array(INDEXES_MIN);
  }

  // Undoing

  undo(note: Journal): void {
    const lists = this.#lists;
    const { a: root, b, c } = note;
    switch (note.operation) {
      case Operation.pushed:
        this.#undoPush(root, b, c);
        break;
      case Operation.popped:
        this.#undoPop(root, b, c);
        break;
      case Operation.inserted:
        lists.seek(root, c);
        lists.remove(root);
        break;
      case Operation.replaced:
        this.#kept.first(b);
        this.#kept.read();
        lists.seek(root, c);
        lists.replace(root, this.#packed.bytes, this.#packed.start, this.#packed.end);
        this.#kept.free(b);
        break;
      default:
        this.#undoDrop(root, b);
        this.#memory.free(b);
    }
  }

  #undoPush(root: number, end: number, count: number): void {
    const lists = this.#lists;
    if (count > 1) lists.removeRange(root, end === End.left ? 0 : lists.count(root) - count, count);
    else if (end === End.left) lists.removeFirst(root);
    else lists.removeLast(root);
  }

  #undoPop(root: number, popped: number, end: number): void {
    const lists = this.#lists;
    const kept = this.#kept;
    const packed = this.#packed;
    const isOneNode = kept.nodes(popped) === 1 && !kept.isPlain(kept.firstNode(popped));
    if (!isOneNode) {
      lists.join(root, popped, end === End.left);
      return;
    }
    // Elements that shared a node with others do again.
    const left = end === End.left;
    for (let there = left ? kept.last(popped) : kept.first(popped); there; ) {
      kept.read();
      if (left) lists.pushFirst(root, packed.bytes, packed.start, packed.end);
      else lists.pushLast(root, packed.bytes, packed.start, packed.end);
      there = left ? kept.previous() : kept.next();
    }
    kept.free(popped);
  }

  #undoDrop(root: number, block: number): void {
    const lists = this.#lists;
    const words = this.#memory.i32[block >>> PLACE_BITS];
    const bytes = this.#memory.u8[block >>> PLACE_BITS];
    const at = (block & PLACE_MASK) << 1;
    const count = words[at];
    const start = (at << 2) + INDEXES_HEADER_BYTES + count * 4;
    const end = start + words[at + 1];
    if (count > INSERTED_ONE_BY_ONE_MAX) {
      this.#rebuild(root, words, at + 2, count, bytes, start, end);
      return;
    }
    for (let i = at + 2; i < at + 2 + count; i++) {
      if (lists.seek(root, words[i])) lists.insertBefore(root, bytes, start, end);
      else lists.pushLast(root, bytes, start, end);
    }
  }

  /** Writes the list anew, with the element at each of the `count` indexes at words[from …]. */
  #rebuild(
    root: number,
    words: Int32Array,
    from: number,
    count: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const lists = this.#lists;
    const old = this.#kept;
    const packed = this.#packed;
    const rebuilt = lists.create();
    const length = lists.count(root) + count;
    let there = old.first(root);
    let next = from;
    for (let index = 0; index < length; index++) {
      if (next < from + count && words[next] === index) {
        lists.pushLast(rebuilt, bytes, start, end);
        next++;
      } else if (there) {
        old.read();
        lists.pushLast(rebuilt, packed.bytes, packed.start, packed.end);
        there = old.next();
      }
    }
    lists.removeRange(root, 0, lists.count(root));
    lists.join(root, rebuilt, false);
  }

  forget(note: Journal): void {
    const { operation, b } = note;
    if (operation === Operation.dropped) this.#memory.free(b);
    else if (operation === Operation.popped || operation === Operation.replaced) this.#kept.free(b);
  }
}
