// Values of Lua as MessagePack. See cmsgpack-library.ts for which form each one takes.
//
// Tables within each other are kept on a stack of its own, so that the work can be left: a table
// that is reached on many ways is written as many times.

import type { LongWork } from "./long-work.ts";
import { LuaTable } from "./table.ts";
import { nextUsed } from "./table-walk.ts";
import { BYTES, TextBuilder } from "./text-builder.ts";
import type { LuaState, LuaThread } from "./thread.ts";
import type { LuaValue } from "./values.ts";

const NESTING_MAX = 16;
const INT32_MAX = 2 ** 31 - 1;
const TWO_32 = 2 ** 32;
const TWO_63 = 2 ** 63;
const floats = new DataView(new ArrayBuffer(8));

/** A table that is being written. */
class Nesting {
  readonly table: LuaTable;
  /** The length of an array; -1: it is a map. */
  readonly length: number;
  /** The next key of an array; the index of `nextUsed` where a map goes on. */
  at: number;
  /** Of a map: the key at `at` has been written, and its value is next. */
  isKeyWritten = false;

  constructor(table: LuaTable, length: number) {
    this.table = table;
    this.length = length;
    this.at = length < 0 ? 0 : 1;
  }
}

export class Packer implements LongWork {
  readonly #values: readonly LuaValue[];
  readonly #built: TextBuilder;
  readonly #nestings: Nesting[] = [];
  left = 0;
  #next = 0;

  constructor(state: LuaState, values: readonly LuaValue[]) {
    this.#values = values;
    this.#built = new TextBuilder(state);
  }

  run(steps: number): boolean {
    const nestings = this.#nestings;
    let left = steps;
    for (; left > 0; left--) {
      if (nestings.length === 0) {
        if (this.#next === this.#values.length) break;
        left -= this.#value(this.#values[this.#next++]);
        continue;
      }
      const nesting = nestings[nestings.length - 1];
      const { table, at } = nesting;
      if (nesting.length >= 0) {
        if (at > nesting.length) nestings.pop();
        else {
          nesting.at = at + 1;
          left -= this.#value(table.getNumber(at));
        }
      } else if (nesting.isKeyWritten) {
        nesting.isKeyWritten = false;
        nesting.at = at + 1;
        left -= this.#value(table.valueAt(at));
      } else {
        const index = nextUsed(table, at);
        if (index < 0) nestings.pop();
        else {
          nesting.isKeyWritten = true;
          nesting.at = index;
          left -= this.#value(table.keyAt(index));
        }
      }
    }
    this.left = left;
    return left > 0;
  }

  finish(thread: LuaThread, base: number): number {
    thread.stack[base] = this.#built.text;
    return 1;
  }

  /** Writes a value, of a table the beginning; returns the steps that it took. */
  #value(value: LuaValue): number {
    switch (typeof value) {
      case "string":
        this.#string(value);
        return 0;
      case "number":
        this.#number(value);
        return 0;
      case "boolean":
        this.#built.append(value ? BYTES[0xc3] : BYTES[0xc2]);
        return 0;
      default:
        if (value instanceof LuaTable && this.#nestings.length < NESTING_MAX) {
          return this.#table(value);
        }
        this.#built.append(BYTES[0xc0]);
        return 0;
    }
  }

  #string(text: string): void {
    const { length } = text;
    if (length < 32) this.#built.append(BYTES[0xa0 | length]);
    else if (length < 0x100) this.#built.append(BYTES[0xd9] + BYTES[length]);
    else if (length < 0x10000) this.#built.append(BYTES[0xda] + bytes16(length));
    else this.#built.append(BYTES[0xdb] + bytes32(length));
    this.#built.append(text);
  }

  #number(n: number): void {
    if (!Number.isInteger(n) || n < -TWO_63 || n >= TWO_63) this.#float(n);
    else if (n >= 0) {
      if (n < 0x80) this.#built.append(BYTES[n]);
      else if (n < 0x100) this.#built.append(BYTES[0xcc] + BYTES[n]);
      else if (n < 0x10000) this.#built.append(BYTES[0xcd] + bytes16(n));
      else if (n < TWO_32) this.#built.append(BYTES[0xce] + bytes32(n));
      else this.#built.append(BYTES[0xcf] + bytes64(n));
    } else if (n >= -32) this.#built.append(BYTES[n & 255]);
    else if (n >= -0x80) this.#built.append(BYTES[0xd0] + BYTES[n & 255]);
    else if (n >= -0x8000) this.#built.append(BYTES[0xd1] + bytes16(n));
    else if (n >= -0x80000000) this.#built.append(BYTES[0xd2] + bytes32(n));
    else this.#built.append(BYTES[0xd3] + bytes64(n));
  }

  #float(n: number): void {
    if (Math.fround(n) === n) {
      floats.setFloat32(0, n);
      this.#built.append(BYTES[0xca] + bytes32(floats.getInt32(0)));
      return;
    }
    floats.setFloat64(0, n);
    // A NaN has its sign bit set, as numbers.ts prints it.
    if (Number.isNaN(n)) floats.setUint8(0, 0xff);
    this.#built.append(BYTES[0xcb] + bytes32(floats.getInt32(0)) + bytes32(floats.getInt32(4)));
  }

  #table(table: LuaTable): number {
    const length = arrayLength(table);
    const isMap = length < 0;
    const count = isMap ? countUsed(table) : length;
    if (count < 16) this.#built.append(BYTES[(isMap ? 0x80 : 0x90) | count]);
    else if (count < 0x10000) this.#built.append(BYTES[isMap ? 0xde : 0xdc] + bytes16(count));
    else this.#built.append(BYTES[isMap ? 0xdf : 0xdd] + bytes32(count));
    this.#nestings.push(new Nesting(table, length));
    return (table.array.length + table.nodeKeys.length) >> 3;
  }
}

function countUsed(table: LuaTable): number {
  let count = 0;
  for (let at = nextUsed(table, 0); at >= 0; at = nextUsed(table, at + 1)) count++;
  return count;
}

/** The length of a table whose keys are 1 … n and no others; -1 of all that are otherwise. */
function arrayLength(table: LuaTable): number {
  const { array, nodeKeys, nodeValues } = table;
  let count = 0;
  let longest = 0;
  for (let at = 0; at < array.length; at++) {
    if (array[at] === undefined) continue;
    count++;
    longest = at + 1;
  }
  for (let node = 0; node < nodeKeys.length; node++) {
    if (nodeValues[node] === undefined) continue;
    const key = nodeKeys[node];
    if (typeof key !== "number" || key <= 0 || key > INT32_MAX || !Number.isInteger(key)) return -1;
    count++;
    if (key > longest) longest = key;
  }
  return count === longest ? count : -1;
}

function bytes16(n: number): string {
  return BYTES[(n >>> 8) & 255] + BYTES[n & 255];
}

function bytes32(n: number): string {
  return String.fromCharCode((n >>> 24) & 255, (n >>> 16) & 255, (n >>> 8) & 255, n & 255);
}

/** An integral double between -2^63 and 2^63. */
function bytes64(n: number): string {
  const high = Math.floor(n / TWO_32);
  return bytes32(high) + bytes32(n - high * TWO_32);
}
