// A value by itself, as RDB files hold it and as DUMP gives it away. What a collection consists of,
// its type knows; here stands what all have in common.
//
//   payload = format (1 byte)  value  version (2 bytes, little endian)  sum (8 bytes)
//
// Valid: the version is one that is known, the sum is the CRC-64 of all before it, and the value is
// what its type accepts. Bytes between value and version are passed over, as in Redis.

import { type CollectionType, STRING } from "../keyspace/data-type.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { RdbInput } from "./rdb-input.ts";
import type { RdbOutput } from "./rdb-output.ts";
import {
  HASH_OF_VALKEY,
  NUMBER_OF_VALKEYS_HASH,
  VERSION_KNOWN,
  VERSION_VALKEY,
  VERSION_WRITTEN,
} from "./rdb-versions.ts";

/** The number of a string's encoding. */
export const STRING_FORMAT = 0;
const SUM_BYTES = 8;
const END_BYTES = 2 + SUM_BYTES;
/** No string in memory is longer. */
export const VALUE_BYTES_MAX: number = 2 ** 30;

/** The number of the encoding in which saveValue() saves what an entry holds. */
export function formatOf(keyspace: Keyspace, entry: number): number {
  const type = keyspace.types.collections[keyspace.records.kind(entry)];
  return type === undefined ? STRING_FORMAT : type.formatOf(savedKind(keyspace, entry, type));
}

/** The kind as which a collection is saved. */
function savedKind({ records }: Keyspace, entry: number, type: CollectionType): number {
  const kind = records.kind(entry);
  return type.savedKind?.(kind, records.pointer(entry)) ?? kind;
}

/** Saves what an entry holds. */
export function saveValue(keyspace: Keyspace, entry: number, output: RdbOutput): void {
  const { records, types } = keyspace;
  const type = types.collections[records.kind(entry)];
  if (type === undefined) {
    records.value(entry);
    output.string(records.bytes, records.start, records.end);
  } else type.save(savedKind(keyspace, entry, type), records.pointer(entry), output);
}

/** Writes the payload of what an entry holds, into an output without a sink. */
export function writePayload(keyspace: Keyspace, entry: number, output: RdbOutput): void {
  output.reset();
  output.byte(formatOf(keyspace, entry));
  saveValue(keyspace, entry, output);
  output.byte(VERSION_WRITTEN & 255);
  output.byte(VERSION_WRITTEN >> 8);
  output.sum();
}

/** Whether bytes[start, end) are a payload of a version that is known, with its sum. */
export function isPayload(bytes: Uint8Array, start: number, end: number, input: RdbInput): boolean {
  if (end - start < END_BYTES) return false;
  const at = end - END_BYTES;
  const version = bytes[at] | (bytes[at + 1] << 8);
  if (version > VERSION_KNOWN && version !== VERSION_VALKEY) return false;
  input.crc.reset();
  input.crc.add(bytes, start, end - SUM_BYTES);
  return input.crc.equals(bytes, end - SUM_BYTES);
}

/** What a payload held: a string, described by the input, or a collection's root, which is free. */
export class LoadedValue {
  kind = 0;
  /** 0: it is a string. */
  root = 0;

  /** Loads the value of a payload; false where it is none. REQUIRES: isPayload() accepted it. */
  load(
    keyspace: Keyspace,
    bytes: Uint8Array,
    start: number,
    end: number,
    input: RdbInput,
  ): boolean {
    input.open(bytes, start, end - END_BYTES);
    this.root = 0;
    const first = input.byte();
    const isValkey = bytes[end - END_BYTES] === VERSION_VALKEY && bytes[end - END_BYTES + 1] === 0;
    const format = isValkey && first === NUMBER_OF_VALKEYS_HASH ? HASH_OF_VALKEY : first;
    const type = input.failed ? undefined : keyspace.types.ofFormat[format];
    if (type === undefined) return false;
    if (type.type === STRING) {
      input.string();
      if (input.failed || input.end - input.start > VALUE_BYTES_MAX) return false;
      this.kind = type.kindOfString?.(input.bytes, input.start, input.end) ?? 0;
      return true;
    }
    const collection = type as CollectionType;
    this.root = collection.load?.(format, input) ?? 0;
    this.kind = collection.createdKind ?? 0;
    return this.root !== 0;
  }
}
