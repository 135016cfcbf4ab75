// Values of Lua as JSON, byte for byte as lua-cjson writes them.
//
// A table is an array if all its keys are integers from 1 on, and there are some: its holes are
// null. If it has too many holes it is an error, or an object where the settings say so. All other
// tables, so also the empty one, are objects, in the order of `pairs`; numbers as keys become
// strings. A slash is escaped, what is not ASCII stays as it is.
//
// Tables within each other are kept on a stack, so that the work can be left and depth costs none
// of JavaScript's. How deep they may be is a setting, and what C's stack of values holds: an
// array's element takes one of it, an object's pair two.

import { typeName } from "./arguments.ts";
import { toInt32 } from "./casts.ts";
import { INVALID_NUMBERS, type JsonSettings } from "./json-settings.ts";
import { C_STACK_MAX } from "./limits.ts";
import type { LongWork } from "./long-work.ts";
import { numberText, significant } from "./numbers.ts";
import { LuaTable } from "./table.ts";
import { nextUsed } from "./table-walk.ts";
import { BYTES, TextBuilder } from "./text-builder.ts";
import { type LuaThread, LuaUserdata } from "./thread.ts";
import type { LuaValue } from "./values.ts";

const PRECISION = 14;
/** Longer strings are written in pieces of so many bytes. */
const PIECE_LENGTH = 16_384;

/** What stands for a byte in a string of JSON; "" : the byte itself. */
const escapes: readonly string[] = BYTES.map((byte, code) => {
  if (code === 0x7f) return "\\u007f";
  if (byte === "/") return "\\/";
  const text = code < 0x80 ? JSON.stringify(byte).slice(1, -1) : byte;
  return text === byte ? "" : text;
});
const isEscaped = Uint8Array.from(escapes, (text) => (text === "" ? 0 : 1));

/** A table that is being written. */
class Nesting {
  readonly table: LuaTable;
  /** The length of an array; 0: it is an object. */
  readonly length: number;
  /** The key of an array's next element; an index into an object's pairs. */
  at: number;
  isFirst = true;

  constructor(table: LuaTable, length: number) {
    this.table = table;
    this.length = length;
    this.at = length > 0 ? 1 : 0;
  }
}

export class JsonEncoder implements LongWork {
  readonly #thread: LuaThread;
  readonly #settings: JsonSettings;
  readonly #built: TextBuilder;
  readonly #nestings: Nesting[] = [];
  /** Values on C's stack. */
  #slots = 1;
  left = 0;
  #value: LuaValue;
  #isBegun = false;
  /** A long string of which some has been written, and how much. */
  #rest = "";
  #restAt = 0;

  constructor(thread: LuaThread, settings: JsonSettings, value: LuaValue) {
    this.#thread = thread;
    this.#settings = settings;
    this.#built = new TextBuilder(thread.state);
    this.#value = value;
  }

  run(steps: number): boolean {
    const nestings = this.#nestings;
    const built = this.#built;
    let left = steps;
    if (!this.#isBegun) {
      this.#isBegun = true;
      left -= this.#put(this.#value);
    }
    for (; (nestings.length > 0 || this.#rest !== "") && left > 0; left--) {
      if (this.#rest !== "") {
        left -= this.#putMore();
        continue;
      }
      const nesting = nestings[nestings.length - 1];
      const { table, at, length } = nesting;
      if (length > 0) {
        if (at > length) {
          this.#close("]");
          continue;
        }
        if (!nesting.isFirst) built.append(",");
        nesting.at = at + 1;
        left -= this.#put(table.getNumber(at));
      } else {
        const index = nextUsed(table, at);
        if (index < 0) {
          this.#close("}");
          continue;
        }
        nesting.at = index + 1;
        const key = this.#key(table.keyAt(index));
        built.append(nesting.isFirst ? key : `,${key}`);
        left -= this.#put(table.valueAt(index));
      }
      nesting.isFirst = false;
    }
    this.left = left;
    return nestings.length === 0 && this.#rest === "";
  }

  finish(thread: LuaThread, base: number): number {
    thread.stack[base] = this.#built.text;
    return 1;
  }

  /** Writes a value, of a table the beginning; returns the steps that it took. */
  #put(value: LuaValue): number {
    switch (typeof value) {
      case "string":
        if (value.length > PIECE_LENGTH) return this.#beginLong(value);
        this.#built.append(`"${escaped(value)}"`);
        return value.length >> 5;
      case "number":
        this.#built.append(this.#number(value));
        return 0;
      case "boolean":
        this.#built.append(value ? "true" : "false");
        return 0;
      case "undefined":
        this.#built.append("null");
        return 0;
      default:
        if (value instanceof LuaTable) return this.#open(value);
        if (!(value instanceof LuaUserdata) || value.value !== null) {
          throw this.#failure(value, "type not supported");
        }
        this.#built.append("null");
        return 0;
    }
  }

  #failure(value: LuaValue, reason: string): unknown {
    return this.#thread.state.failure(`Cannot serialise ${typeName(value)}: ${reason}`);
  }

  #open(table: LuaTable): number {
    const nestings = this.#nestings;
    const depth = nestings.length + 1;
    if (nestings.length > 0) this.#slots += nestings[nestings.length - 1].length > 0 ? 1 : 2;
    if (depth > this.#settings.encodeDepthMax || this.#slots + 3 > C_STACK_MAX) {
      throw this.#thread.state.failure(`Cannot serialise, excessive nesting (${depth})`);
    }
    const length = this.#arrayLength(table);
    nestings.push(new Nesting(table, length));
    this.#built.append(length > 0 ? "[" : "{");
    return (table.array.length + table.nodeKeys.length) >> 3;
  }

  #close(bracket: string): void {
    this.#built.append(bracket);
    this.#nestings.pop();
    const { length } = this.#nestings;
    if (length > 0) this.#slots -= this.#nestings[length - 1].length > 0 ? 1 : 2;
  }

  /** The longest key of a table whose keys are all integers from 1 on; 0 for an object. */
  #arrayLength(table: LuaTable): number {
    const { array, nodeKeys, nodeValues } = table;
    let items = 0;
    let longest = 0;
    for (let at = 0; at < array.length; at++) {
      if (array[at] === undefined) continue;
      items++;
      longest = at + 1;
    }
    for (let node = 0; node < nodeKeys.length; node++) {
      if (nodeValues[node] === undefined) continue;
      const key = nodeKeys[node];
      if (typeof key !== "number" || key < 1 || Math.floor(key) !== key) return 0;
      items++;
      // As an int, which beyond its range is the lowest one.
      if (key > longest) longest = toInt32(key);
    }
    const { sparseRatio, sparseSafe, sparseConvert } = this.#settings;
    const isSparse =
      sparseRatio > 0 && longest > Math.imul(items, sparseRatio) && longest > sparseSafe;
    if (!isSparse) return Math.max(longest, 0);
    if (!sparseConvert) throw this.#failure(table, "excessively sparse array");
    return 0;
  }

  /** A string that is written in pieces, which follow. */
  #beginLong(text: string): number {
    this.#built.append('"');
    this.#rest = text;
    this.#restAt = 0;
    return 0;
  }

  /** Writes the next piece of a long string; returns the steps that it took. */
  #putMore(): number {
    const piece = this.#rest.slice(this.#restAt, this.#restAt + PIECE_LENGTH);
    const text = escaped(piece);
    this.#built.append(text);
    this.#restAt += piece.length;
    if (this.#restAt === this.#rest.length) {
      this.#built.append('"');
      this.#rest = "";
    }
    return 2 * (text.length - piece.length) + (piece.length >> 5);
  }

  #key(key: LuaValue): string {
    if (typeof key === "string") return `"${escaped(key)}":`;
    if (typeof key === "number") return `"${this.#number(key)}":`;
    throw this.#failure(key, "table key must be a number or string");
  }

  #number(n: number): string {
    const { precision, encodeInvalidNumbers } = this.#settings;
    if (n - n !== 0) {
      if (encodeInvalidNumbers === INVALID_NUMBERS.OFF) {
        throw this.#failure(n, "must not be NaN or Inf");
      }
      if (encodeInvalidNumbers === INVALID_NUMBERS.NULL) return "null";
      if (Number.isNaN(n)) return "nan";
    }
    return precision === PRECISION ? numberText(n) : significant(n, precision, false);
  }
}

/** A string with what stands for its bytes in JSON. */
function escaped(text: string): string {
  const { length } = text;
  let at = 0;
  while (at < length && isEscaped[text.charCodeAt(at)] === 0) at++;
  if (at === length) return text;
  let out = "";
  let from = 0;
  for (; at < length; at++) {
    const code = text.charCodeAt(at);
    if (isEscaped[code] === 0) continue;
    if (at > from) out += text.slice(from, at);
    out += escapes[code];
    from = at + 1;
  }
  return out + text.slice(from);
}
