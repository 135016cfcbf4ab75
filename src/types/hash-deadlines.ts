// Hashes whose fields have deadlines, as RDB files and DUMP payloads hold them (Redis 7.4's rdb.h).
//
//   24  int64 earliest   length n   n times: length time, string field, string value
//   25  int64 earliest   string: a listpack of field, value, deadline in turn
//   22, 23  the same without what is earliest: of Redis 7.4 before it was released
//   Valkey  length n   n times: string field, string value, int64 deadline, or −1
//
// A time of 24 is 0 where the field has no deadline, else the deadline less the earliest, and 1
// more; one of 22 is 0 or the deadline. In a listpack 0 stands for none. 24 is what is written:
// with what is earliest, or, where that is not known yet, with 1 in its place.
//
// Valid: no deadline is beyond DEADLINE_MAX; fields are distinct; an entry of a listpack that is a
// deadline is an integer.

import { copyBytes } from "../base/bytes.ts";
import { HASH_OF_VALKEY } from "../codec/rdb-versions.ts";
import type { ValueSink, ValueSource } from "../keyspace/data-type.ts";
import type { Memory } from "../memory/memory.ts";
import { checkListpack, PackedLists } from "../structures/packed-list.ts";
import { NO_DEADLINE } from "../structures/record.ts";

/** What is written. */
export const DEADLINES_FORMAT = 24;
const Format = { tableBefore: 22, packedBefore: 23, table: DEADLINES_FORMAT, packed: 25 } as const;
export const FORMATS_OF_DEADLINES: readonly number[] = [...Object.values(Format), HASH_OF_VALKEY];

/** The greatest deadline that Redis takes from a file. */
const DEADLINE_MAX = 2 ** 48 - 2;

/** Writes the time that stands before a field. */
export function saveWithDeadline(deadline: number, earliest: number, sink: ValueSink): void {
  sink.length(deadline === NO_DEADLINE ? 0 : deadline - earliest + 1);
}

/** Goes through the fields of a saved hash: next() until false, and then close(). */
export class FieldLoading {
  /** The field is field[0, fieldEnd), its value bytes[start, end). Borrowed until the next. */
  field: Uint8Array = new Uint8Array(64);
  fieldEnd = 0;
  bytes: Uint8Array = this.field;
  start = 0;
  end = 0;
  deadline = NO_DEADLINE;

  readonly #source: ValueSource;
  readonly #format: number;
  readonly #packed: PackedLists;
  readonly #earliest: number;
  readonly #isPacked: boolean;
  #left = 0;
  #list = 0;
  #at = 0;

  constructor(memory: Memory, source: ValueSource, format: number) {
    this.#source = source;
    this.#format = format;
    this.#packed = new PackedLists(memory);
    this.#isPacked = format === Format.packed || format === Format.packedBefore;
    const isTold = format === Format.table || format === Format.packed;
    this.#earliest = isTold ? source.int64() : 1;
    if (this.#isPacked) this.#openList();
    else this.#left = source.count(3);
  }

  #openList(): void {
    const source = this.#source;
    source.string();
    const { bytes, start, end } = source;
    const entries = checkListpack(bytes, start, end);
    if (entries < 0 || entries % 3 !== 0) {
      if (!source.failed) source.fail("the listpack of a hash with deadlines is not sound");
      return;
    }
    this.#list = this.#packed.fromListpack(bytes, start, end);
    this.#at = this.#packed.first(this.#list);
    this.#left = entries / 3;
  }

  next(): boolean {
    if (this.#left === 0 || this.#source.failed) return false;
    this.#left--;
    if (this.#isPacked) this.#nextOfList();
    else this.#nextOfSource();
    const { deadline } = this;
    if (
      !this.#source.failed &&
      deadline !== NO_DEADLINE &&
      !(deadline >= 0 && deadline <= DEADLINE_MAX)
    ) {
      this.#source.fail("a field has a deadline that there cannot be");
    }
    return !this.#source.failed;
  }

  #nextOfSource(): void {
    const source = this.#source;
    const isOfValkey = this.#format === HASH_OF_VALKEY;
    const time = isOfValkey ? 0 : source.length();
    source.string();
    this.#keepField(source.bytes, source.start, source.end);
    source.string();
    this.bytes = source.bytes;
    this.start = source.start;
    this.end = source.end;
    this.deadline = time === 0 ? NO_DEADLINE : time + this.#earliest - 1;
    if (!isOfValkey) return;
    // The value is read before what stands behind it takes its place.
    this.bytes = source.bytes.slice(source.start, source.end);
    this.end -= this.start;
    this.start = 0;
    this.deadline = source.int64();
  }

  #nextOfList(): void {
    const packed = this.#packed;
    const list = this.#list;
    const valueAt = packed.next(list, this.#at);
    const timeAt = packed.next(list, valueAt);
    packed.read(list, this.#at);
    this.#keepField(packed.bytes, packed.start, packed.end);
    const isInteger = packed.readInteger(list, timeAt);
    if (!isInteger) this.#source.fail("what should be the deadline of a field is no number");
    const time = isInteger ? packed.number : 0;
    this.deadline = time === 0 ? NO_DEADLINE : time;
    packed.read(list, valueAt);
    this.bytes = packed.bytes;
    this.start = packed.start;
    this.end = packed.end;
    this.#at = packed.next(list, timeAt);
  }

  #keepField(bytes: Uint8Array, start: number, end: number): void {
    this.fieldEnd = end - start;
    if (this.fieldEnd > this.field.length) this.field = new Uint8Array(2 * this.fieldEnd);
    copyBytes(bytes, start, end, this.field, 0);
  }

  close(): void {
    if (this.#list !== 0) this.#packed.free(this.#list);
  }
}
