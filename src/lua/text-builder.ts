// A string that grows piece by piece. What it comes to is told to the state's account of memory
// each time that it has doubled, before it is made.
//
// The pieces are added as they come: a rope of the runtime's, made flat once when somebody reads
// it, took less time than bytes in an array made a string at the end (800 keys, 8.7 KB: 9 and 11 µs
// on Node 26 and Bun 1.4, beside 29 and 15). But each piece of a rope takes some 32 bytes, and
// pieces may be of one byte. So every PIECE_LENGTH bytes the rope is made flat, by reading one
// character, and becomes a single piece.

import type { LuaState } from "./thread.ts";

const FIRST_COUNTED = 1024;
const PIECE_LENGTH = 4096;

/** The one-byte strings. */
export const BYTES: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  String.fromCharCode(byte),
);

export class TextBuilder {
  #text = "";
  #recent = "";
  #length = 0;
  #counted = FIRST_COUNTED;
  /** Kept so that no compiler leaves out the reading of it. */
  #read = 0;
  readonly #state: LuaState;

  constructor(state: LuaState) {
    this.#state = state;
  }

  get text(): string {
    return this.#text === "" ? this.#recent : this.#text + this.#recent;
  }

  append(piece: string): void {
    this.#length += piece.length;
    if (this.#length > this.#counted) {
      this.#state.checkString(this.#length);
      this.#counted = this.#length * 2;
    }
    this.#recent += piece;
    if (this.#recent.length >= PIECE_LENGTH) {
      this.#read ^= this.#recent.charCodeAt(0);
      this.#text += this.#recent;
      this.#recent = "";
    }
  }
}
