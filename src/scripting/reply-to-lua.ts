// A command's reply as a value of Lua, read from the bytes that its handler has written.
//
//   integer          number                          RESP3, if the script has asked for it:
//   bulk string      string                          null      nil
//   null             false                           boolean   boolean
//   array            table                           double    {double = number}
//   simple string    {ok = text}                     map, set  {map = table}, {set = {x = true …}}
//   error            {err = text, ignore_error_stats_update = true}
//                                                    verbatim  {verbatim_string = {string, format}}
//                                                    big       {big_number = digits}

import { latin1Text } from "../base/bytes.ts";
import type { LuaTable } from "../lua/table.ts";
import type { LuaState } from "../lua/thread.ts";
import type { LuaValue } from "../lua/values.ts";

const CR = 13;

const Type = {
  simple: 43, // +
  error: 45, // -
  integer: 58, // :
  bulk: 36, // $
  array: 42, // *
  map: 37, // %
  set: 126, // ~
  null: 95, // _
  boolean: 35, // #
  double: 44, // ,
  big: 40, // (
  verbatim: 61, // =
  attribute: 124, // |
} as const;

/** Reads replies. One object reads all of them, one after the other. */
export class ReplyToLua {
  #state: LuaState | undefined;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  /** The value of the whole reply that begins at bytes[start]. */
  read(state: LuaState, bytes: Uint8Array, start: number): LuaValue {
    this.#state = state;
    this.#bytes = bytes;
    this.#at = start;
    return this.#value();
  }

  #value(): LuaValue {
    const bytes = this.#bytes;
    switch (bytes[this.#at++]) {
      case Type.bulk: {
        const length = this.#number();
        if (length < 0) return false;
        const start = this.#at;
        this.#at = start + length + 2;
        return this.#text(start, start + length);
      }
      case Type.integer:
        return this.#number();
      case Type.array:
        return this.#array();
      case Type.simple:
        return this.#field("ok", this.#line());
      case Type.error:
        return this.#error();
      case Type.null:
        this.#line();
        return undefined;
      case Type.boolean:
        return this.#line() === "t";
      case Type.double:
        return this.#field("double", doubleOf(this.#line()));
      case Type.map:
        return this.#map();
      case Type.set:
        return this.#set();
      case Type.big:
        return this.#field("big_number", this.#line());
      case Type.verbatim:
        return this.#verbatim();
      case Type.attribute:
        for (let left = 2 * this.#number(); left > 0; left--) this.#value();
        return this.#value();
      default:
        throw new TypeError("a reply has a type");
    }
  }

  #newTable(arraySize: number, nodes: number): LuaTable {
    return (this.#state as LuaState).newTable(arraySize, nodes);
  }

  #text(start: number, end: number): string {
    (this.#state as LuaState).checkString(end - start);
    return latin1Text(this.#bytes, start, end);
  }

  /** What stands before the line's end, which is passed over. */
  #line(): string {
    const bytes = this.#bytes;
    const start = this.#at;
    let end = start;
    while (bytes[end] !== CR) end++;
    this.#at = end + 2;
    return latin1Text(bytes, start, end);
  }

  #number(): number {
    const bytes = this.#bytes;
    let at = this.#at;
    const isNegative = bytes[at] === 45;
    if (isNegative) at++;
    const first = at;
    let n = 0;
    while (bytes[at] !== CR) n = n * 10 + bytes[at++] - 48;
    // Beyond 15 digits the sum has been rounded more than once.
    if (at - first > 15) n = Number(latin1Text(bytes, first, at));
    this.#at = at + 2;
    return isNegative ? -n : n;
  }

  #array(): LuaValue {
    const count = this.#number();
    if (count < 0) return false;
    const table = this.#newTable(count, 0);
    const { array } = table;
    for (let i = 0; i < count; i++) {
      const value = this.#value();
      array[i] = value;
    }
    return table;
  }

  #field(name: string, value: LuaValue): LuaTable {
    const table = this.#newTable(0, 1);
    table.setOnly(name, value);
    return table;
  }

  #error(): LuaTable {
    const line = this.#line();
    const table = this.#newTable(0, 1);
    table.setString("err", errorText(`-${line}`));
    table.setString("ignore_error_stats_update", true);
    return table;
  }

  #map(): LuaTable {
    const pairs = this.#newTable(0, 0);
    for (let left = this.#number(); left > 0; left--) {
      const key = this.#value();
      const value = this.#value();
      if (key !== undefined) pairs.set(key, value);
    }
    return this.#field("map", pairs);
  }

  #set(): LuaTable {
    const members = this.#newTable(0, 0);
    for (let left = this.#number(); left > 0; left--) {
      const member = this.#value();
      if (member !== undefined) members.set(member, true);
    }
    return this.#field("set", members);
  }

  #verbatim(): LuaTable {
    const length = this.#number();
    const start = this.#at;
    this.#at = start + length + 2;
    const parts = this.#newTable(0, 2);
    parts.setString("string", this.#text(start + 4, start + length));
    parts.setString("format", latin1Text(this.#bytes, start, start + 3));
    return this.#field("verbatim_string", parts);
  }
}

function doubleOf(text: string): number {
  if (text === "inf") return Number.POSITIVE_INFINITY;
  return text === "-inf" ? Number.NEGATIVE_INFINITY : Number(text);
}

/**
 * An error as scripts have it, with its code: "-CODE text" gives "CODE text", and what has no code
 * gets ERR.
 */
export function errorText(text: string): string {
  let code = "ERR";
  let message = text;
  if (text.startsWith("-")) {
    const space = text.indexOf(" ");
    if (space > 0) code = text.slice(1, space);
    message = text.slice(space > 0 ? space + 1 : 1);
  }
  return `${code} ${message.replace(/^[\r\n]+|[\r\n]+$/g, "")}`;
}
