// Walks over hashes: the fields of either encoding, each with its value and its deadline. A walk
// over an entry passes over what has expired; one over a root, as data types make them, does not.

import { torn } from "../base/torn-read.ts";
import type { MemberDeadlines } from "../keyspace/member-deadlines.ts";
import { TableWalk } from "../keyspace/table-walk.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import type { HashTables } from "../structures/hash-table.ts";
import { PACKED_HEADER, PackedLists } from "../structures/packed-list.ts";
import {
  headerBytes,
  inlineLength,
  LONG_KEY,
  NO_DEADLINE,
  POINTER,
  type Records,
} from "../structures/record.ts";

/** The longest decimal text of an integer that a packed list holds. */
const DIGITS_MAX = 20;
const NO_BYTES = new Uint8Array(0);

/** The hashes that are walked over. */
interface WalkedHashes {
  readonly memory: Memory;
  readonly records: Records;
  readonly tables: HashTables;
  readonly deadlines: MemberDeadlines;
}

/**
 * Walks over a hash: `while (walk.next())` with the field in bytes, start, end and the value in
 * valueBytes, valueStart, valueEnd.
 * REQUIRES: the hash does not change between open or openBatch and the last next. Others may.
 */
export class HashWalk {
  bytes: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;
  valueBytes: Uint8Array = NO_BYTES;
  valueStart = 0;
  valueEnd = 0;
  /** Of a table: the field's record. */
  record = 0;

  readonly #memory: Memory;
  readonly #records: Records;
  readonly #packed: PackedLists;
  readonly #table: TableWalk;
  readonly #deadlines: MemberDeadlines;
  /** Digits of a field that is an integer, while its value is read. */
  readonly #digits = new Uint8Array(DIGITS_MAX);
  readonly #packedKind: number;
  #ofTable = false;
  /** Whether records are to be passed over whose deadline has passed. */
  #passesOver = false;
  #root = 0;
  /** Cursor of the next field in a packed list; 0 ends the walk. */
  #at = 0;

  /** @param packedKind the kind that is a packed list; every other is a table */
  constructor(hashes: WalkedHashes, packedKind: number) {
    this.#packedKind = packedKind;
    this.#memory = hashes.memory;
    this.#records = hashes.records;
    this.#deadlines = hashes.deadlines;
    // Scratch of its own, so that ranges stay while the hash's own operations go on.
    this.#packed = new PackedLists(hashes.memory);
    this.#table = new TableWalk(hashes.tables);
  }

  /** Begins a walk over all fields. */
  open(entry: number): void {
    const root = this.#records.pointer(entry);
    this.openRoot(this.#records.kind(entry), root);
    this.#passesOver = this.#ofTable && this.#deadlines.hasPast(root);
  }

  openRoot(kind: number, root: number): void {
    this.#begin(kind, root);
    if (this.#ofTable) this.#table.open(root);
  }

  /**
   * Begins a walk over the batch that belongs to a scan cursor (all of a small hash) and returns
   * the next batch's cursor, 0 at the end. The hash may change between batches: a field that is
   * there all the time is seen.
   */
  openBatch(entry: number, cursor: number): number {
    const root = this.#records.pointer(entry);
    this.#begin(this.#records.kind(entry), root);
    this.#passesOver = this.#ofTable && this.#deadlines.hasPast(root);
    return this.#ofTable ? this.#table.openBatch(root, cursor) : 0;
  }

  /** The field's deadline, or NO_DEADLINE. */
  get deadline(): number {
    return this.record === 0 ? NO_DEADLINE : this.#records.deadline(this.record);
  }

  #begin(kind: number, root: number): void {
    this.#root = root;
    this.record = 0;
    this.#passesOver = false;
    this.#ofTable = kind !== this.#packedKind;
    if (!this.#ofTable) this.#at = this.#packed.first(root);
  }

  /** Goes to the next field; false at the end. */
  next(): boolean {
    if (!this.#ofTable) return this.#nextPacked();
    let record = this.#table.next();
    if (this.#passesOver) {
      while (record !== 0 && this.#deadlines.isPast(record)) record = this.#table.next();
    }
    if (record === 0) return false;
    this.record = record;
    const segment = record >>> PLACE_BITS;
    const words = this.#memory.i32[segment];
    const at = (record & PLACE_MASK) << 1;
    const word = words[at];
    const lengths = words[at + 1];
    const header = headerBytes(word);
    const start = (at << 2) + header;
    const end = start + ((word & LONG_KEY) === 0 ? lengths & 0xffff : words[at + 2]);
    this.bytes = this.#memory.u8[segment];
    if (!(end <= this.bytes.length)) torn();
    this.start = start;
    this.end = end;
    if ((word & POINTER) === 0) {
      this.valueBytes = this.bytes;
      this.valueStart = end;
      this.valueEnd = end + inlineLength(lengths);
    } else {
      const block = words[at + (header >> 2) - 2];
      this.valueBytes = this.#memory.u8[block >>> PLACE_BITS];
      this.valueStart = (block & PLACE_MASK) << 3;
      this.valueEnd = this.valueStart + words[at + (header >> 2) - 1];
    }
    return true;
  }

  #nextPacked(): boolean {
    const at = this.#at;
    if (at < PACKED_HEADER) return false;
    const packed = this.#packed;
    const list = this.#root;
    packed.read(list, at);
    this.bytes = packed.bytes;
    this.start = packed.start;
    this.end = packed.end;
    if (packed.isInteger) {
      const digits = this.#digits;
      const length = packed.end - packed.start;
      for (let i = 0; i < length; i++) digits[i] = packed.bytes[packed.start + i];
      this.bytes = digits;
      this.start = 0;
      this.end = length;
    }
    const valueAt = packed.next(list, at);
    if (valueAt === 0) torn();
    packed.read(list, valueAt);
    this.valueBytes = packed.bytes;
    this.valueStart = packed.start;
    this.valueEnd = packed.end;
    this.#at = packed.next(list, valueAt);
    return true;
  }
}
