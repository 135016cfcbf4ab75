// The journal: what an open transaction would have to undo, in the order in which it was done. Who
// changes something notes here how it was, so that nobody has to know which command did it; rolling
// back undoes the notes, the last one first. It lies in shared memory, as what it undoes does.
//
// Terms. Note: one change, 24 bytes. Operation: what kind of change, one byte, whose high half says
// whose it is (Owner). Mark: the number of notes there were; a transaction within another is a mark
// of its own. Kept: a block that a note holds instead of what changed having freed it. Whole:
// an entry that a note behind the last mark brings back altogether, so that further changes need no
// note of their own.
//
//   note    0 u8 operation   1 u8 database   2 u8 kind   3 unused   4 i32 a   8 i32 b   12 i32 c
//          16 f64 number                       what they say, the operation's owner knows
//   chunk   0 i32 chunk before, or 0   4 i32 notes   8 notes …
//
// A word of the root area holds the newest chunk.
//
// Notes name blocks by reference, entries too. That is sound because rolling back goes through the
// very states that were: when a note is undone, each block is where it was when it was written.
// That takes one rule: what a note names is not freed or moved but by a later note that keeps it.
//
// Invariants: (1) undoing a note leaves what was there before the change, for all who read it;
// (2) what a note keeps belongs to nobody else: it is put back, or freed when notes are forgotten;
// (3) whoever is in `whole` has such a note behind the last mark.
//
// Cost: a note is some stores. Without a transaction, those who change things compare a field with
// null.

import { assert } from "../base/assert.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";

/** Whose a note is: the high half of its operation. A data type's is Owner.types + its Type. */
export const Owner = { entries: 0, tables: 1, types: 2 } as const;
const OWNERS = 16;

/** Undoes notes: each owner has one. The journal's fields say which note it is. */
export interface Undoer {
  /** Takes the change back, and frees what only it needed. */
  undo(journal: Journal): void;
  /** The change holds: frees what the note keeps. */
  forget(journal: Journal): void;
}

const NOTE_BYTES = 24;
const NOTE_WORDS = NOTE_BYTES >> 2;
const CHUNK_HEADER_BYTES = 8;
/** Most transactions make a few changes; those that make many shall not ask for memory often. */
const FIRST_NOTES = 20;
const NEXT_NOTES = 680;

/** Entries that are known to be whole are found by their reference, one for each of these. */
const WHOLE_SLOTS = 256;

export class Journal {
  // The note that is undone or forgotten.
  operation = 0;
  db = 0;
  kind = 0;
  a = 0;
  b = 0;
  c = 0;
  number = 0;

  /** Notes that are there now: the mark of a transaction that begins. */
  count = 0;

  readonly #memory: Memory;
  readonly #rootWord: number;
  readonly #undoers: (Undoer | undefined)[] = new Array(OWNERS).fill(undefined);
  // The newest chunk, as the root area and its header say it. While a transaction is open, nobody
  // else has one; between transactions there is none.
  #chunk = 0;
  #used = 0;
  #room = 0;
  readonly #whole = new Int32Array(WHOLE_SLOTS);

  /** @param rootWord the word of the memory's root area that holds the newest chunk */
  constructor(memory: Memory, rootWord: number) {
    this.#memory = memory;
    this.#rootWord = rootWord;
  }

  /** From now on `undoer` undoes the notes of this owner. */
  own(owner: number, undoer: Undoer): void {
    assert(owner < OWNERS && this.#undoers[owner] === undefined, "an owner has one undoer");
    this.#undoers[owner] = undoer;
  }

  /** Notes a change; whose operation it is says what the rest means. */
  note(operation: number, db: number, kind: number, a: number, b = 0, c = 0, number = 0): void {
    if (this.#used === this.#room) this.#addChunk();
    const segment = this.#chunk >>> PLACE_BITS;
    const words = this.#memory.i32[segment];
    const at = ((this.#chunk & PLACE_MASK) << 1) + 2 + this.#used * NOTE_WORDS;
    words[at] = operation | (db << 8) | (kind << 16);
    words[at + 1] = a;
    words[at + 2] = b;
    words[at + 3] = c;
    this.#memory.f64[segment][(at >> 1) + 2] = number;
    words[((this.#chunk & PLACE_MASK) << 1) + 1] = ++this.#used;
    this.count++;
  }

  #addChunk(): void {
    const notes = this.#chunk === 0 ? FIRST_NOTES : NEXT_NOTES;
    const chunk = this.#memory.allocate(CHUNK_HEADER_BYTES + notes * NOTE_BYTES);
    const words = this.#memory.i32[chunk >>> PLACE_BITS];
    words[(chunk & PLACE_MASK) << 1] = this.#chunk;
    words[((chunk & PLACE_MASK) << 1) + 1] = 0;
    this.#enter(chunk);
  }

  /** Goes on in this chunk; 0: there is none. */
  #enter(chunk: number): void {
    this.#memory.setRootWord(this.#rootWord, chunk);
    this.#chunk = chunk;
    this.#used = 0;
    this.#room = 0;
    if (chunk === 0) return;
    const words = this.#memory.i32[chunk >>> PLACE_BITS];
    const at = (chunk & PLACE_MASK) << 1;
    this.#used = words[at + 1];
    this.#room = words[at] === 0 ? FIRST_NOTES : NEXT_NOTES;
  }

  // Entries that are whole

  /** Whether the entry needs no more notes until another transaction begins. */
  isWhole(entry: number): boolean {
    return this.#whole[(entry ^ (entry >>> 8)) & (WHOLE_SLOTS - 1)] === entry;
  }

  /** A note brings the entry back altogether, whatever becomes of it. It may be forgotten again. */
  setWhole(entry: number): void {
    this.#whole[(entry ^ (entry >>> 8)) & (WHOLE_SLOTS - 1)] = entry;
  }

  // Transactions

  /** Whether a transaction is open that another thread began, and will not end: it has died. */
  get isLeft(): boolean {
    return this.count === 0 && this.#memory.rootWord(this.#rootWord) !== 0;
  }

  /** Takes over the notes of a transaction that was left open. REQUIRES: isLeft. */
  takeOver(): void {
    assert(this.isLeft, "only a transaction that was left is taken over");
    this.#whole.fill(0);
    this.#enter(this.#memory.rootWord(this.#rootWord));
    for (let chunk = this.#chunk; chunk !== 0; ) {
      const words = this.#memory.i32[chunk >>> PLACE_BITS];
      const at = (chunk & PLACE_MASK) << 1;
      this.count += words[at + 1];
      chunk = words[at];
    }
  }

  /** A transaction begins: returns its mark. */
  mark(): number {
    assert(!this.isLeft, "a transaction that was left has been rolled back");
    this.#whole.fill(0);
    return this.count;
  }

  /** Undoes all notes behind a mark. */
  rollBack(mark: number): void {
    this.#whole.fill(0);
    while (this.count > mark) {
      const undoer = this.#takeLast();
      undoer.undo(this);
    }
  }

  /** The changes hold: frees what the notes keep, and the notes. */
  forget(): void {
    this.#whole.fill(0);
    while (this.count > 0) {
      const undoer = this.#takeLast();
      undoer.forget(this);
    }
  }

  /** Reads the last note into the fields, and takes it off. */
  #takeLast(): Undoer {
    const segment = this.#chunk >>> PLACE_BITS;
    const words = this.#memory.i32[segment];
    const chunkAt = (this.#chunk & PLACE_MASK) << 1;
    words[chunkAt + 1] = --this.#used;
    this.count--;
    const at = chunkAt + 2 + this.#used * NOTE_WORDS;
    const word = words[at];
    this.operation = word & 0xff;
    this.db = (word >>> 8) & 0xff;
    this.kind = (word >>> 16) & 0xff;
    this.a = words[at + 1];
    this.b = words[at + 2];
    this.c = words[at + 3];
    this.number = this.#memory.f64[segment][(at >> 1) + 2];
    if (this.#used === 0) {
      const before = words[chunkAt];
      this.#memory.free(this.#chunk);
      this.#enter(before);
    }
    const undoer = this.#undoers[this.operation >> 4];
    assert(undoer !== undefined, "each note has an owner who can undo it");
    return undoer;
  }
}
