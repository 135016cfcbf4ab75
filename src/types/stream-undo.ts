// What a journal has to know of streams, to undo what was done to them. A stream keeps its root for
// life, and a node its block, so notes name them.
//
//   operation   kind   a       b         c         number
//   appended           root    sequence of the     entries added
//                              last ID before
//   erased             root    node      place                 an entry of it; the place is that
//                                                              which it has since it is erased
//   detached           root    node                            it is kept
//   words       word   block   as they   were                  two words of a root or another block
//   groups'                                                    stream-group-undo.ts says
//   iids'                                                      stream-iid-changes.ts says
//
// Everything in a stream that is not entries is words: its numbers, and those of its groups, their
// consumers and what is pending. So one operation undoes all changes of them, in place.
//
// Cost: of an entry that came or was erased, a note or two; of a node that goes, a note, whatever
// is in it. Nothing is copied.

import type { EntryJournal } from "../keyspace/entry-journal.ts";
import { type Journal, Owner, type Undoer } from "../keyspace/journal.ts";
import { PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import { createId, Id } from "../structures/stream-id.ts";
import { RootWord, type StreamRoots } from "./stream-roots.ts";

/** The type's number in memory. */
export const STREAM = 6;

const FIRST = (Owner.types + STREAM) << 4;
const Operation = {
  appended: FIRST,
  erased: FIRST + 1,
  detached: FIRST + 2,
  words: FIRST + 3,
} as const;
/** Operations of groups, then of idempotent IDs, are numbered from here on, to FIRST + 15. */
export const GROUP_OPERATIONS: number = FIRST + 4;
export const IID_OPERATIONS: number = FIRST + 11;

export class StreamUndo implements Undoer {
  readonly #roots: StreamRoots;
  readonly #last = createId();
  /** Undoes the operations from GROUP_OPERATIONS on. */
  readonly #ofGroups: Undoer;
  /** Undoes those from IID_OPERATIONS on. */
  readonly #ofIids: Undoer;

  constructor(roots: StreamRoots, ofGroups: Undoer, ofIids: Undoer) {
    this.#roots = roots;
    this.#ofGroups = ofGroups;
    this.#ofIids = ofIids;
  }

  // What is told

  /** An entry was appended; the stream's numbers are still as they were. */
  appended(journal: EntryJournal, root: number): void {
    const last = this.#last;
    const added = this.#roots.added(root);
    this.#roots.lastId(root, last);
    this.words(journal, root, RootWord.lastId);
    const { seqHigh, seqLow } = Id;
    journal.notes.note(Operation.appended, 0, 0, root, last[seqHigh], last[seqLow], added);
  }

  /** An entry of a node was erased, and stands at this place of it now. */
  erased(journal: EntryJournal, root: number, node: number, at: number): void {
    journal.notes.note(Operation.erased, 0, 0, root, node, at);
  }

  /** A node was detached, and must not be freed. */
  detached(journal: EntryJournal, root: number, node: number): void {
    journal.notes.note(Operation.detached, 0, 0, root, node);
  }

  /** Two words of a block, from this one on, are about to be changed. */
  words(journal: EntryJournal, block: number, word: number): void {
    const words = this.#roots.memory.i32[block >>> PLACE_BITS];
    const at = ((block & PLACE_MASK) << 1) + word;
    journal.notes.note(Operation.words, 0, word, block, words[at], words[at + 1]);
  }

  /** All of the four words of an ID are about to be changed. */
  id(journal: EntryJournal, block: number, word: number): void {
    this.words(journal, block, word);
    this.words(journal, block, word + 2);
  }

  // Undoing

  undo(note: Journal): void {
    const { chains } = this.#roots;
    const { a: root, b, c } = note;
    switch (note.operation) {
      case Operation.appended:
        chains.dropLast(root);
        this.#setWords(root, RootWord.lastId + 2, b, c);
        this.#roots.setAdded(root, note.number);
        break;
      case Operation.erased:
        chains.setErased(root, b, c, false);
        break;
      case Operation.detached:
        chains.attach(root, b);
        break;
      case Operation.words:
        this.#setWords(root, note.kind, b, c);
        break;
      default:
        this.#ownerOf(note).undo(note);
    }
  }

  #ownerOf(note: Journal): Undoer {
    return note.operation >= IID_OPERATIONS ? this.#ofIids : this.#ofGroups;
  }

  #setWords(block: number, word: number, first: number, second: number): void {
    const words = this.#roots.memory.i32[block >>> PLACE_BITS];
    const at = ((block & PLACE_MASK) << 1) + word;
    words[at] = first;
    words[at + 1] = second;
  }

  forget(note: Journal): void {
    const { operation } = note;
    if (operation === Operation.detached) this.#roots.chains.freeNode(note.b);
    else if (operation >= GROUP_OPERATIONS) this.#ownerOf(note).forget?.(note);
  }
}
