// The request that the embedded API is making: one buffer, reused, into which each argument's
// bytes are written one after the other, so that a call allocates nothing for its arguments.
//
// Since it is reused, nothing of the program's may run while it is being written: an iterator or a
// getter that calls the database again would begin another request in the same place. So what is
// iterable becomes an array of plain values before (wordsOf), and only strings, bytes, numbers and
// bigints are written. What is left, a subclass of Uint8Array that answers for itself, is noticed.

import { copyBytes, utf8Length, writeUtf8 } from "../base/bytes.ts";
import { writeInteger } from "../base/integers.ts";
import { byteCount } from "../base/realms.ts";
import type { CompiledCommand } from "../engine/command.ts";
import { Arguments } from "../protocol/arguments.ts";
import type { Several, Value } from "./values.ts";

const FIRST_BYTES = 4096;
/** A buffer that a long value made longer than this is given up again. */
const KEPT_BYTES_MAX = 1 << 20;
const INTEGER_BYTES_MAX = 24;
/** Texts up to this length are given room for the most that they could take. */
const GENEROUS_MAX = 1024;
/** Bytes up to this many are copied in a loop. */
const COPY_LOOP_MAX = 64;

export class Request {
  readonly args: Arguments = new Arguments();
  #bytes: Uint8Array = new Uint8Array(FIRST_BYTES);
  #end = 0;
  #begun = 0;

  constructor() {
    this.args.bytes = this.#bytes;
  }

  /** How many requests have been begun (in 32 bits): which one this is. */
  get begun(): number {
    return this.#begun;
  }

  /** Begins a request for this command. */
  begin(command: CompiledCommand): void {
    this.beginAny();
    const name = command.nameBytes;
    const bytes = this.#bytes;
    for (let i = 0; i < name.length; i++) bytes[i] = name[i];
    this.#end = name.length;
    this.args.push(0, name.length);
  }

  /** Begins a request for whatever command the first argument names. */
  beginAny(): void {
    if (this.#bytes.length > KEPT_BYTES_MAX) this.#replace(new Uint8Array(FIRST_BYTES));
    this.#begun = (this.#begun + 1) | 0;
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

  /** Adds an argument. */
  add(value: Value): void {
    if (typeof value === "string") this.#text(value);
    else if (typeof value === "number") this.#number(value);
    else if (typeof value === "bigint") this.#text(value.toString());
    else this.#range(value);
  }

  #text(value: string): void {
    const { length } = value;
    const at = this.#end;
    const needed = length <= GENEROUS_MAX ? length * 3 : utf8Length(value);
    if (at + needed > this.#bytes.length) this.#grow(needed);
    const end = writeUtf8(value, this.#bytes, at);
    // A byte for each character: all of them ASCII.
    if (end - at !== length && !value.isWellFormed()) throw loneSurrogate(value);
    this.#end = end;
    this.args.push(at, end);
  }

  #number(value: number): void {
    if (!Number.isSafeInteger(value)) {
      this.#text(String(value));
      return;
    }
    const at = this.#end;
    if (at + INTEGER_BYTES_MAX > this.#bytes.length) this.#grow(INTEGER_BYTES_MAX);
    this.#end = writeInteger(this.#bytes, at, value);
    this.args.push(at, this.#end);
  }

  #range(value: Uint8Array): void {
    const begun = this.#begun;
    const length = byteCount(value);
    if (length < 0) throw notAValue(value);
    if (begun !== this.#begun) throw calledMeanwhile("an argument");
    const at = this.#end;
    if (at + length > this.#bytes.length) this.#grow(length);
    if (length <= COPY_LOOP_MAX) copyBytes(value, 0, length, this.#bytes, at);
    else this.#bytes.set(value, at);
    this.#end = at + length;
    this.args.push(at, this.#end);
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

/**
 * The values of a method's arguments one by one, those of iterables in their places. REQUIRES:
 * `values` is an array of this package's (rest arguments), so that reading it runs nothing.
 */
export function wordsOf(values: readonly Several[]): readonly Value[] {
  for (let i = 0; i < values.length; i++) {
    if (isSeveral(values[i])) return flattened(values);
  }
  return values as readonly Value[];
}

function flattened(values: readonly Several[]): Value[] {
  const words: Value[] = [];
  for (const value of values) {
    if (!isSeveral(value)) words.push(value);
    else if (Symbol.iterator in (value as object) && !ArrayBuffer.isView(value))
      for (const each of value) words.push(each);
    else throw notAValue(value);
  }
  return words;
}

/** Whether it is no value, but may hold some. */
function isSeveral(value: Several): value is Exclude<Several, Value> {
  return typeof value === "object" && value !== null && byteCount(value) < 0;
}

/** The program used the database where it was only asked for `what`. */
export function calledMeanwhile(what: string): TypeError {
  return new TypeError(`${what} called the database from inside of a call to it`);
}

function notAValue(value: unknown): TypeError {
  const what =
    value === null
      ? "null"
      : Array.isArray(value)
        ? "an array (here goes one value)"
        : typeof value === "object"
          ? "an object"
          : typeof value;
  return new TypeError(`an argument is a string, a Uint8Array, a number or a bigint, not ${what}`);
}

function loneSurrogate(value: string): TypeError {
  const fixed = value.toWellFormed();
  let at = 0;
  while (value.charCodeAt(at) === fixed.charCodeAt(at)) at++;
  return new TypeError(
    `a text has half of a character at ${at} (a lone surrogate), which UTF-8 cannot say: ` +
      "toWellFormed() puts U+FFFD in its place",
  );
}
