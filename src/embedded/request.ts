// The request that the embedded API is making: one buffer, reused, into which each argument's
// bytes are written one after the other, so that a call allocates nothing for its arguments.

import { copyBytes, utf8Length, writeUtf8 } from "../base/bytes.ts";
import { writeInteger } from "../base/integers.ts";
import type { CompiledCommand } from "../engine/command.ts";
import { Arguments } from "../protocol/arguments.ts";
import type { Arg, Value } from "./values.ts";

const FIRST_BYTES = 4096;
/** A buffer that a long value made longer than this is given up again. */
const KEPT_BYTES_MAX = 1 << 20;
const INTEGER_BYTES_MAX = 24;
/** Texts up to this length are given room for the most that they could take. */
const GENEROUS_MAX = 1024;

export class Request {
  readonly args: Arguments = new Arguments();
  #bytes: Uint8Array = new Uint8Array(FIRST_BYTES);
  #end = 0;

  constructor() {
    this.args.bytes = this.#bytes;
  }

  /** Begins a request for this command. */
  begin(command: CompiledCommand): void {
    if (this.#bytes.length > KEPT_BYTES_MAX) this.#replace(new Uint8Array(FIRST_BYTES));
    const { args } = this;
    const name = command.nameBytes;
    const bytes = this.#bytes;
    args.count = 0;
    args.rawStart = -1;
    for (let i = 0; i < name.length; i++) bytes[i] = name[i];
    this.#end = name.length;
    args.push(0, name.length);
  }

  /** Begins a request for whatever command the first argument names. */
  beginAny(): void {
    if (this.#bytes.length > KEPT_BYTES_MAX) this.#replace(new Uint8Array(FIRST_BYTES));
    this.args.count = 0;
    this.args.rawStart = -1;
    this.#end = 0;
  }

  /** Begins a request without a name, for a look at a key: its argument 0. */
  beginKey(key: Value): void {
    this.beginAny();
    this.add(key);
  }

  /** A value's bytes in an array of their own. Ends what request there is. */
  copyOf(value: Value): Uint8Array {
    this.beginKey(value);
    return this.args.copy(0);
  }

  /** Adds an argument, or each of an array of them. */
  add(value: Arg): void {
    if (typeof value === "string") this.text(value);
    else if (typeof value === "number") this.number(value);
    else if (value instanceof Uint8Array) this.bytes(value);
    else if (typeof value === "bigint") this.text(value.toString());
    else if (Array.isArray(value)) for (const each of value as readonly Value[]) this.add(each);
    else this.#refuse(value);
  }

  text(value: string): void {
    const { length } = value;
    const at = this.#end;
    const needed = length <= GENEROUS_MAX ? length * 3 : utf8Length(value);
    if (at + needed > this.#bytes.length) this.#grow(needed);
    this.#end = writeUtf8(value, this.#bytes, at);
    this.args.push(at, this.#end);
  }

  number(value: number): void {
    if (!Number.isSafeInteger(value)) {
      this.text(String(value));
      return;
    }
    const at = this.#end;
    if (at + INTEGER_BYTES_MAX > this.#bytes.length) this.#grow(INTEGER_BYTES_MAX);
    this.#end = writeInteger(this.#bytes, at, value);
    this.args.push(at, this.#end);
  }

  bytes(value: Uint8Array): void {
    const at = this.#end;
    if (at + value.length > this.#bytes.length) this.#grow(value.length);
    this.#end = copyBytes(value, 0, value.length, this.#bytes, at);
    this.args.push(at, this.#end);
  }

  #refuse(value: unknown): never {
    const what = value === null ? "null" : typeof value;
    throw new TypeError(`an argument is a string, a Uint8Array, a number or a bigint, not ${what}`);
  }

  #grow(extra: number): void {
    const longer = new Uint8Array((this.#end + extra) * 2);
    longer.set(this.#bytes.subarray(0, this.#end));
    this.#replace(longer);
  }

  #replace(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.args.bytes = bytes;
  }
}
