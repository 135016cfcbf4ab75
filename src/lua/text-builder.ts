// A string that grows piece by piece. What it comes to is told to the state's account of memory each
// time that it has doubled, before it is made.

import type { LuaState } from "./thread.ts";

const FIRST_COUNTED = 1024;

export class TextBuilder {
  text = "";
  #counted = FIRST_COUNTED;
  readonly #state: LuaState;

  constructor(state: LuaState) {
    this.#state = state;
  }

  append(piece: string): void {
    const length = this.text.length + piece.length;
    if (length > this.#counted) {
      this.#state.checkString(length);
      this.#counted = length * 2;
    }
    this.text += piece;
  }
}
