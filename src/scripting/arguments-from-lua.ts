// A command's words from a script's values. They are written one after the other into bytes that
// are used again for each command, so that a call costs no allocation.

import { writeLatin1 } from "../base/bytes.ts";
import { formatDouble } from "../base/doubles.ts";
import type { LuaValue } from "../lua/values.ts";
import { Arguments } from "../protocol/arguments.ts";

const FIRST_BYTES = 4096;
/** Bytes beyond which they are not kept. */
const KEPT_BYTES = 1 << 20;

export class ArgumentsFromLua {
  readonly args: Arguments = new Arguments();

  constructor() {
    this.args.bytes = new Uint8Array(FIRST_BYTES);
  }

  /** Sets `args` to values[start, start + count); false: one is neither string nor number. */
  fill(values: readonly LuaValue[], start: number, count: number): boolean {
    const { args } = this;
    args.count = 0;
    if (args.bytes.length > KEPT_BYTES) args.bytes = new Uint8Array(FIRST_BYTES);
    let at = 0;
    for (let i = start; i < start + count; i++) {
      const value = values[i];
      let text: string;
      if (typeof value === "string") text = value;
      else if (typeof value === "number") text = numberWord(value);
      else return false;
      if (at + text.length > args.bytes.length) this.#grow(at + text.length);
      const end = writeLatin1(text, args.bytes, at);
      args.push(at, end);
      at = end;
    }
    return true;
  }

  #grow(length: number): void {
    const longer = new Uint8Array(length * 2);
    longer.set(this.args.bytes);
    this.args.bytes = longer;
  }
}

/** A number as a command's word: an integer in full, else as short as it can be read back. */
function numberWord(value: number): string {
  if ((value | 0) === value) return String(value | 0);
  return formatDouble(value);
}
