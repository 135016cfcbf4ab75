// Strings: one value of bytes, which lies in the entry itself or, where it is long, in a block that
// belongs to the entry (structures/record.ts). The keyspace sets and resizes them; what is said
// here is how long they may be, and how Redis would name their encodings, which nothing but OBJECT
// ENCODING depends on:
//
//   int     the canonical decimal text of a 64-bit integer
//   embstr  up to EMBEDDED_MAX bytes
//   raw     longer ones, and those that were changed in place

import { isCanonicalInteger64 } from "../base/integers.ts";
import { type DataType, STRING, type ValueDigest } from "../keyspace/data-type.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Records } from "../structures/record.ts";

export const StringKind = { raw: 0, embedded: 1, integer: 2 } as const;

/** Strings of at most this many bytes are `embstr`, longer ones `raw`, as in Redis. */
export const EMBEDDED_MAX = 44;
const LENGTH_MAX = 512 * 1024 * 1024;
const SPARSE_MAX = 3000;
const Setting = { lengthMax: 0, sparseMax: 1 } as const;
const INTEGER_DIGITS_MAX = 20;
const NINE = 57;

/** The strings of a keyspace: a handler gives its context, whatever else has one gives itself. */
export function stringsOf(owner: { readonly keyspace: Keyspace }): Strings {
  return owner.keyspace.types.byNumber[STRING] as Strings;
}

export class Strings implements DataType {
  readonly type: number = STRING;
  readonly name = "string";
  readonly kinds = [
    [StringKind.raw, "raw"],
    [StringKind.embedded, "embstr"],
    [StringKind.integer, "int"],
  ] as const;
  readonly settings = {
    "proto-max-bulk-len": (value: number): void => {
      this.lengthMax = value;
    },
    "hll-sparse-max-bytes": (value: number): void => {
      this.#settings[Setting.sparseMax] = value;
    },
  };

  readonly formats = [0] as const;
  readonly kindOfString = stringKind;

  readonly #settings: Int32Array;
  readonly #records: Records;

  constructor(keyspace: Keyspace) {
    this.#records = keyspace.records;
    this.#settings = keyspace.settingsOf(STRING, [LENGTH_MAX, SPARSE_MAX]);
  }

  digest(entry: number, into: ValueDigest): void {
    const records = this.#records;
    records.value(entry);
    into.next(records.bytes, records.start, records.end);
  }

  /** proto-max-bulk-len: how long a string may become, in bytes. */
  get lengthMax(): number {
    return this.#settings[Setting.lengthMax];
  }

  /** hll-sparse-max-bytes: how long a sparse HyperLogLog may become. */
  get sparseMax(): number {
    return this.#settings[Setting.sparseMax];
  }

  set lengthMax(bytes: number) {
    this.#settings[Setting.lengthMax] = bytes;
  }
}

/** The kind of a string as Redis would encode it: int, embstr or raw. */
export function stringKind(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length > EMBEDDED_MAX) return StringKind.raw;
  const mayBeInteger = length <= INTEGER_DIGITS_MAX && length > 0 && bytes[start] <= NINE;
  if (mayBeInteger && isCanonicalInteger64(bytes, start, end)) return StringKind.integer;
  return StringKind.embedded;
}
