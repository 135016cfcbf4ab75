// A command's words from a script's values. They are written one after the other into bytes that
// are used again for each command, so that a call costs no allocation.

import { writeLatin1 } from "../base/bytes.ts";
import { DOUBLE_TEXT_MAX, formatDouble } from "../base/doubles.ts";
import { writeInteger } from "../base/integers.ts";
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
      let end: number;
      if (typeof value === "string") {
        if (at + value.length > args.bytes.length) this.#grow(at + value.length);
        end = writeLatin1(value, args.bytes, at);
      } else if (typeof value === "number") {
        if (at + DOUBLE_TEXT_MAX > args.bytes.length) this.#grow(at + DOUBLE_TEXT_MAX);
        end = writeNumber(args.bytes, at, value);
      } else return false;
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
function writeNumber(bytes: Uint8Array, at: number, value: number): number {
  if (Number.isSafeInteger(value)) return writeInteger(bytes, at, value);
  return writeLatin1(formatDouble(value), bytes, at);
}
