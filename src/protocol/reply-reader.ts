// Replies read: from the bytes that the executor wrote to what a program or a person wants of them.
//
// Every command answers in RESP, whoever asked. `ReplyCursor` walks those bytes header by header
// and makes no object; the console's renderer stands on it. `ReplyReader` turns one reply into a
// JavaScript value for the embedded API, and takes short ways for the replies that are most of all
// traffic, so that nothing is made but the result.
//
//   $5 +OK =txt   string, or Uint8Array when bytes are asked for (`+` and `=` stay strings)
//   :1            number; bigint past ±(2^53 − 1)          (123   bigint
//   ,1.5          number                                   #t     boolean
//   _ $-1 *-1     null                                     -ERR   ReplyError, nested or not
//   *2 >2         array                                    ~2     Set
//   %2            object without prototype, or Map when asked for; |n (attributes) are skipped
//
// The reader trusts its input to be whole: it comes from our own writer. A reply that ends early is
// a broken invariant, not a client's mistake.

import { assert } from "../base/assert.ts";
import { latin1Text, utf8Text } from "../base/bytes.ts";

/** The first byte of a reply says what it is. All nulls count as `null`, pushes as `push`. */
export const ReplyType = {
  simple: 0x2b, // +
  error: 0x2d, // -
  integer: 0x3a, // :
  bulk: 0x24, // $
  array: 0x2a, // *
  null: 0x5f, // _
  double: 0x2c, // ,
  boolean: 0x23, // #
  bulkError: 0x21, // !
  verbatim: 0x3d, // =
  bigNumber: 0x28, // (
  map: 0x25, // %
  set: 0x7e, // ~
  push: 0x3e, // >
  attribute: 0x7c, // |
} as const;

const CR = 0x0d;
const MINUS = 0x2d;
const ZERO = 0x30;
const FORMAT_BYTES = 4; // "txt:" before a verbatim text

/** A walk over reply bytes. After `next`, the fields describe one header, or one whole scalar. */
export class ReplyCursor {
  bytes: Uint8Array = new Uint8Array(0);
  /** Where the next header begins. */
  at = 0;
  /** One of ReplyType. */
  type: number = ReplyType.null;
  /** Elements that follow of an array, a set or a push; pairs of a map or an attribute; else 0. */
  count = 0;
  /** The scalar's content; of a boolean its letter, of a verbatim text what follows its format. */
  start = 0;
  end = 0;

  /** Goes to the reply that begins at `at`. */
  reset(bytes: Uint8Array, at: number): void {
    this.bytes = bytes;
    this.at = at;
  }

  /** Reads one header. An aggregate's elements are the headers that follow. */
  next(): void {
    const bytes = this.bytes;
    const start = this.at + 1;
    assert(start < bytes.length, "a reply is whole");
    let type = bytes[this.at];
    let end = start;
    while (end < bytes.length && bytes[end] !== CR) end++;
    assert(end + 1 < bytes.length, "the line of a reply ends");
    this.at = end + 2;
    this.count = 0;
    this.start = start;
    this.end = end;
    switch (type) {
      case ReplyType.bulk:
      case ReplyType.bulkError:
      case ReplyType.verbatim: {
        const length = smallInteger(bytes, start, end);
        if (length < 0) {
          type = ReplyType.null;
          break;
        }
        this.start = type === ReplyType.verbatim ? this.at + FORMAT_BYTES : this.at;
        this.end = this.at + length;
        this.at = this.end + 2;
        assert(this.at <= bytes.length, "the content of a reply is whole");
        break;
      }
      case ReplyType.array:
      case ReplyType.set:
      case ReplyType.map:
      case ReplyType.push:
      case ReplyType.attribute: {
        const count = smallInteger(bytes, start, end);
        if (count < 0) type = ReplyType.null;
        else this.count = count;
        break;
      }
      default:
    }
    this.type = type;
  }

  /** As `next`, past any attributes before the reply. */
  nextValue(): void {
    this.next();
    while (this.type === ReplyType.attribute) {
      for (let left = this.count * 2; left > 0; left--) this.skip();
      this.next();
    }
  }

  /** Passes over one whole reply, its elements included. */
  skip(): void {
    for (let left = 1; left > 0; left--) {
      this.next();
      const pairs = this.type === ReplyType.map || this.type === ReplyType.attribute;
      left += pairs ? this.count * 2 : this.count;
      if (this.type === ReplyType.attribute) left++;
    }
  }

  /** The scalar's content as text; what is not UTF-8 becomes U+FFFD. */
  text(): string {
    return utf8Text(this.bytes, this.start, this.end);
  }
}

// REQUIRES: an optional minus and at most 15 digits, as lengths are written.
function smallInteger(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const negative = bytes[at] === MINUS;
  if (negative) at++;
  let value = 0;
  for (; at < end; at++) value = value * 10 + (bytes[at] - ZERO);
  return negative ? -value : value;
}

/** An error that the database replied. `code` is its first word: ERR, WRONGTYPE, EXECABORT, … */
export class ReplyError extends Error {
  override readonly name = "ReplyError";
  readonly code: string;

  constructor(message: string) {
    super(message);
    const space = message.indexOf(" ");
    const word = space < 0 ? message : message.slice(0, space);
    this.code = /^[A-Z][A-Z0-9_]*$/.test(word) ? word : "ERR";
  }
}

/** What a reply can be in JavaScript. */
export type ReplyValue =
  | string
  | Uint8Array
  | number
  | bigint
  | boolean
  | null
  | ReplyError
  | ReplyValue[]
  | Set<ReplyValue>
  | Map<ReplyValue, ReplyValue>
  | { [field: string]: ReplyValue };

/** How values come out; what is left out is false. */
export interface ReplyOptions {
  /** Bulk strings as Uint8Arrays of their own instead of strings read as UTF-8. */
  readonly bytes?: boolean;
  /** Maps as Map instead of objects. */
  readonly maps?: boolean;
}

/** Makes JavaScript values of replies. One reader may be used for any number of them. */
export class ReplyReader {
  readonly #bytes: boolean;
  readonly #maps: boolean;
  readonly #cursor = new ReplyCursor();

  constructor(options: ReplyOptions = {}) {
    this.#bytes = options.bytes === true;
    this.#maps = options.maps === true;
  }

  /** Where the reply that was read last ended. */
  get end(): number {
    return this.#cursor.at;
  }

  /** The reply that begins at `start`. An error comes back as a value, it is not thrown. */
  read(bytes: Uint8Array, start: number): ReplyValue {
    const cursor = this.#cursor;
    cursor.reset(bytes, start);
    cursor.nextValue();
    return this.#value(cursor);
  }

  // REQUIRES: the cursor has just read the value's header.
  #value(cursor: ReplyCursor): ReplyValue {
    const bytes = cursor.bytes;
    switch (cursor.type) {
      case ReplyType.bulk:
        return this.#bytes ? bytes.slice(cursor.start, cursor.end) : cursor.text();
      case ReplyType.integer:
        return integer(bytes, cursor.start, cursor.end);
      case ReplyType.null:
        return null;
      case ReplyType.simple:
        return simpleText(bytes, cursor.start, cursor.end);
      case ReplyType.verbatim:
        return cursor.text();
      case ReplyType.error:
      case ReplyType.bulkError:
        return new ReplyError(cursor.text());
      case ReplyType.boolean:
        return bytes[cursor.start] === 0x74;
      case ReplyType.double:
        return double(latin1Text(bytes, cursor.start, cursor.end));
      case ReplyType.bigNumber:
        return BigInt(latin1Text(bytes, cursor.start, cursor.end));
      case ReplyType.array:
      case ReplyType.push:
        return this.#array(cursor);
      case ReplyType.set:
        return new Set(this.#array(cursor));
      case ReplyType.map:
        return this.#maps ? this.#map(cursor) : this.#object(cursor);
      default:
        assert(false, "the type of a reply is known");
    }
  }

  #array(cursor: ReplyCursor): ReplyValue[] {
    const count = cursor.count;
    const values: ReplyValue[] = [];
    for (let i = 0; i < count; i++) {
      cursor.nextValue();
      values.push(this.#value(cursor));
    }
    return values;
  }

  #map(cursor: ReplyCursor): Map<ReplyValue, ReplyValue> {
    const map = new Map<ReplyValue, ReplyValue>();
    for (let left = cursor.count; left > 0; left--) {
      cursor.nextValue();
      const field = this.#value(cursor);
      cursor.nextValue();
      map.set(field, this.#value(cursor));
    }
    return map;
  }

  // Without a prototype, a field may have any name, `__proto__` included.
  #object(cursor: ReplyCursor): { [field: string]: ReplyValue } {
    const object: { [field: string]: ReplyValue } = Object.create(null);
    for (let left = cursor.count; left > 0; left--) {
      cursor.nextValue();
      const field = cursor.text();
      cursor.nextValue();
      object[field] = this.#value(cursor);
    }
    return object;
  }
}

function integer(bytes: Uint8Array, start: number, end: number): number | bigint {
  if (end - start <= 15) return smallInteger(bytes, start, end);
  const text = latin1Text(bytes, start, end);
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

function simpleText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start === 2 && bytes[start] === 0x4f && bytes[start + 1] === 0x4b) return "OK";
  return utf8Text(bytes, start, end);
}

function double(text: string): number {
  if (text === "inf") return Number.POSITIVE_INFINITY;
  if (text === "-inf") return Number.NEGATIVE_INFINITY;
  return Number(text); // "nan" and its like are NaN
}
