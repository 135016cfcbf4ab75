// MessagePack as values of Lua. See cmsgpack-library.ts.
//
//   00-7f  0 … 127            a0-bf  raw, 5 bits of length    ca cb  float, double
//   80-8f  map of 0 … 15      c0     nil                      cc-cf  unsigned, 1 2 4 8 bytes
//   90-9f  array of 0 … 15    c2 c3  false, true              d0-d3  signed, 1 2 4 8 bytes
//   e0-ff  -32 … -1                                           d9-db  raw, 1 2 4 bytes of length
//                                                             dc dd  array, 2 4 bytes
//   Everything else is bad data.                              de df  map, 2 4 bytes
//
// Tables are made empty and filled, as C does it: that decides the order in which `pairs` goes
// through them. Those that are not yet full are kept on a stack, so that the work can be left and
// data nested deeply needs no stack of JavaScript's; how deep it may be is what C's stack of values
// holds.

import { int64From } from "./casts.ts";
import { C_STACK_MAX } from "./limits.ts";
import type { LuaTable } from "./table.ts";
import type { LuaThread } from "./thread.ts";
import { LuaError, type LuaValue } from "./values.ts";

const floats = new DataView(new ArrayBuffer(8));

/** A table that lacks elements. */
class Filling {
  readonly table: LuaTable;
  readonly isMap: boolean;
  /** Elements or pairs still to come. */
  left: number;
  /** The next key of an array. */
  index = 1;
  /** The key whose value is next. */
  key: LuaValue = undefined;
  hasKey = false;

  constructor(table: LuaTable, isMap: boolean, left: number) {
    this.table = table;
    this.isMap = isMap;
    this.left = left;
  }
}

export class Unpacker {
  /** What has been unpacked. */
  readonly values: LuaValue[] = [];
  left = 0;
  readonly #thread: LuaThread;
  readonly #data: string;
  readonly #most: number;
  readonly #fillings: Filling[] = [];
  #at: number;
  /** Values that C would have on its stack: a table in the making counts two. */
  #slots: number;

  /** Unpacks `most` values at most, from `offset` on; `slots` values are on C's stack already. */
  constructor(thread: LuaThread, data: string, offset: number, slots: number, most: number) {
    this.#thread = thread;
    this.#data = data;
    this.#at = offset;
    this.#slots = slots;
    this.#most = most;
  }

  get position(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#data.length;
  }

  /** Goes on for so many values; true: it is done. */
  run(steps: number): boolean {
    const fillings = this.#fillings;
    const { values } = this;
    let left = steps;
    for (; left > 0; left--) {
      if (fillings.length === 0 && (this.isAtEnd || values.length >= this.#most)) break;
      const depth = fillings.length;
      const value = this.#value();
      // A table with something to come is at the top now; what it is in waits for it.
      if (fillings.length === depth) this.#put(value);
    }
    this.left = left;
    return left > 0;
  }

  /** Puts a value where it belongs, and with it every table that it makes full. */
  #put(first: LuaValue): void {
    const fillings = this.#fillings;
    let value = first;
    while (fillings.length > 0) {
      const filling = fillings[fillings.length - 1];
      const { table } = filling;
      if (!filling.isMap) {
        table.setNumber(filling.index++, value);
        this.#slots -= 1;
      } else if (!filling.hasKey) {
        filling.key = value;
        filling.hasKey = true;
        this.#slots += 1;
        return;
      } else {
        const { key } = filling;
        if (key === undefined) throw new LuaError("table index is nil");
        if (Number.isNaN(key)) throw new LuaError("table index is NaN");
        table.set(key, value);
        filling.hasKey = false;
        this.#slots -= 1;
      }
      if (--filling.left > 0) {
        if (!filling.isMap) this.#slots += 1;
        return;
      }
      fillings.pop();
      this.#slots -= 1;
      value = table;
    }
    this.values.push(value);
    this.#slots += 1;
  }

  #value(): LuaValue {
    const data = this.#data;
    const at = this.#at;
    this.#need(1);
    this.#room("too many return values at once; use unpack_one or unpack_limit instead.", 1);
    const type = data.charCodeAt(at);
    if (type < 0x80) {
      this.#at = at + 1;
      return type;
    }
    if (type >= 0xe0) {
      this.#at = at + 1;
      return type - 0x100;
    }
    if (type < 0xc0) {
      if (type >= 0xa0) return this.#raw(1, type & 31);
      this.#at = at + 1;
      return this.#fill(type < 0x90, type & 15);
    }
    switch (type) {
      case 0xc0:
        this.#at = at + 1;
        return undefined;
      case 0xc2:
      case 0xc3:
        this.#at = at + 1;
        return type === 0xc3;
      case 0xca:
        this.#need(5);
        floats.setInt32(0, this.#word(at + 1));
        this.#at = at + 5;
        return floats.getFloat32(0);
      case 0xcb:
        this.#need(9);
        floats.setInt32(0, this.#word(at + 1));
        floats.setInt32(4, this.#word(at + 5));
        this.#at = at + 9;
        return floats.getFloat64(0);
      case 0xcc:
        this.#need(2);
        this.#at = at + 2;
        return data.charCodeAt(at + 1);
      case 0xcd:
        this.#need(3);
        this.#at = at + 3;
        return this.#half(at + 1);
      case 0xce:
        this.#need(5);
        this.#at = at + 5;
        return this.#word(at + 1) >>> 0;
      case 0xcf:
      case 0xd3:
        this.#need(9);
        this.#at = at + 9;
        return int64From(this.#word(at + 1), this.#word(at + 5));
      case 0xd0:
        this.#need(2);
        this.#at = at + 2;
        return (data.charCodeAt(at + 1) << 24) >> 24;
      case 0xd1:
        this.#need(3);
        this.#at = at + 3;
        return (this.#half(at + 1) << 16) >> 16;
      case 0xd2:
        this.#need(5);
        this.#at = at + 5;
        return this.#word(at + 1);
      case 0xd9:
        this.#need(2);
        return this.#raw(2, data.charCodeAt(at + 1));
      case 0xda:
        this.#need(3);
        return this.#raw(3, this.#half(at + 1));
      case 0xdb:
        this.#need(5);
        return this.#raw(5, this.#word(at + 1) >>> 0);
      case 0xdc:
      case 0xde:
        this.#need(3);
        this.#at = at + 3;
        return this.#fill(type === 0xde, this.#half(at + 1));
      case 0xdd:
      case 0xdf:
        this.#need(5);
        this.#at = at + 5;
        return this.#fill(type === 0xdf, this.#word(at + 1) >>> 0);
      default:
        throw this.#thread.state.failure("Bad data format in input.");
    }
  }

  #need(bytes: number): void {
    if (this.#data.length - this.#at < bytes) {
      throw this.#thread.state.failure("Missing bytes in input.");
    }
  }

  /** C's check that so many more values have room on its stack. */
  #room(text: string, more: number): void {
    if (this.#slots + more > C_STACK_MAX) {
      throw this.#thread.state.failure(`stack overflow (${text})`);
    }
  }

  #half(at: number): number {
    return (this.#data.charCodeAt(at) << 8) | this.#data.charCodeAt(at + 1);
  }

  #word(at: number): number {
    return (this.#half(at) << 16) | this.#half(at + 2);
  }

  #raw(head: number, length: number): string {
    this.#need(head + length);
    const start = this.#at + head;
    this.#at = start + length;
    return this.#data.slice(start, this.#at);
  }

  /** A new table; if it has elements, they come next. */
  #fill(isMap: boolean, elements: number): LuaTable {
    const table = this.#thread.state.newTable(0, 0);
    if (!isMap) this.#room("in function mp_decode_to_lua_array", 2);
    if (elements > 0) {
      this.#fillings.push(new Filling(table, isMap, elements));
      this.#slots += isMap ? 1 : 2;
    }
    return table;
  }
}
