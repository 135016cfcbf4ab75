// Hashes: values under distinct fields, both byte strings, in one of two encodings.
//
//   packed  at most `entriesMax` fields, fields and values of at most `valueMax` bytes:
//           a packed list, each field followed by its value
//   table   anything else: a hash table of records, a field with its value in each
//
// A hash only ever goes from the first to the second, as Redis's hashes do. Operations take the
// entry: the record in the keyspace whose kind is the encoding and whose pointer is the root.
//
// Ranges: `bytes`, `start`, `end` describe what get, pick and pickedValue found, a walk's fields
// what it stands on; all are borrowed until the hash changes or the next of these calls.

import { assert } from "../base/assert.ts";
import { copyBytes } from "../base/bytes.ts";
import { torn } from "../base/torn-read.ts";
import type { ChangeObserver } from "../keyspace/change-observer.ts";
import type { CollectionType, ValueDigest, ValueSink, ValueSource } from "../keyspace/data-type.ts";
import { type EntryJournal, listening } from "../keyspace/entry-journal.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import { TableWalk } from "../keyspace/table-walk.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import { type ForeignReader, ZiplistReader, ZipmapReader } from "../structures/foreign-lists.ts";
import type { Chance, HashTables } from "../structures/hash-table.ts";
import { areFieldsDistinct, areTextsWithin } from "../structures/listpack-survey.ts";
import {
  checkListpack,
  PACKED_BYTES_MAX,
  PACKED_HEADER,
  PackedLists,
} from "../structures/packed-list.ts";
import {
  headerBytes,
  inlineLength,
  LONG_KEY,
  NO_DEADLINE,
  POINTER,
  type Records,
} from "../structures/record.ts";
import { MemberTables } from "./member-tables.ts";

/** The longest decimal text of an integer that a packed list holds. */
const DIGITS_MAX = 20;
const Setting = { entriesMax: 0, valueMax: 1 } as const;
const ENTRIES_MAX = 512;
const VALUE_MAX = 64;
const NO_BYTES = new Uint8Array(0);

/** The type's number in memory. */
export const HASH = 4;
/** Its kinds there. */
export const HashKind = { packed: 8, table: 9 } as const;

/** The encodings of hashes in RDB files (rdb.h of Redis 7.0). */
const Format = { plain: 4, zipmap: 9, ziplist: 13, packed: 16 } as const;

/** The hashes of a keyspace: a handler gives its context, whatever else has one gives itself. */
export function hashesOf(owner: { readonly keyspace: Keyspace }): Hashes {
  return owner.keyspace.types.byNumber[HASH] as Hashes;
}

export class Hashes implements CollectionType {
  readonly type: number = HASH;
  readonly name = "hash";
  readonly kinds = [
    [HashKind.packed, "listpack"],
    [HashKind.table, "hashtable"],
  ] as const;
  readonly settings = {
    "hash-max-listpack-entries": (value: number): void => {
      this.entriesMax = value;
    },
    "hash-max-listpack-value": (value: number): void => {
      this.valueMax = value;
    },
  };
  readonly formats = Object.values(Format);
  /** The kind that goes with the root that create or load returned. */
  createdKind: number = HashKind.packed;
  journal: EntryJournal | null = null;
  #observer: ChangeObserver | null = null;
  readonly memory: Memory;
  readonly records: Records;
  readonly tables: HashTables;
  readonly packed: PackedLists;

  /** What get, pick or pickedValue found. */
  bytes: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;
  #picked = 0;

  /** A walk for whoever needs one at a time; changes of encoding use another. */
  readonly walk: HashWalk;
  readonly #walk: HashWalk;
  readonly #members: MemberTables;

  readonly #settings: Int32Array;

  constructor(keyspace: Keyspace) {
    const { memory, records, tables } = keyspace;
    this.#settings = keyspace.settingsOf(HASH, [ENTRIES_MAX, VALUE_MAX]);
    this.memory = memory;
    this.records = records;
    this.tables = tables;
    this.packed = new PackedLists(memory);
    this.#members = new MemberTables(tables, records);
    this.walk = new HashWalk(this);
    this.#walk = new HashWalk(this);
  }

  /** hash-max-listpack-entries. */
  get entriesMax(): number {
    return this.#settings[Setting.entriesMax];
  }

  set entriesMax(value: number) {
    this.#settings[Setting.entriesMax] = value;
  }

  /** hash-max-listpack-value. */
  get valueMax(): number {
    return this.#settings[Setting.valueMax];
  }

  set valueMax(value: number) {
    this.#settings[Setting.valueMax] = value;
  }

  /** The root of a new empty hash. */
  create(): number {
    this.createdKind = HashKind.packed;
    return this.packed.create();
  }

  /** Makes a hash a table at once when `added` more fields would not fit a packed list. */
  expect(entry: number, added: number): void {
    if (added <= this.entriesMax || this.records.kind(entry) !== HashKind.packed) return;
    if (this.#observer !== null) this.#observer.beforeEntry(entry);
    if (this.journal !== null) this.journal.keep(entry);
    this.#becomeTable(entry);
  }

  // Fields

  count(entry: number): number {
    return this.size(this.records.kind(entry), this.records.pointer(entry));
  }

  /** Finds a field's value and describes it; false when the field is not there. */
  get(entry: number, field: Uint8Array, start: number, end: number): boolean {
    const root = this.records.pointer(entry);
    if (this.records.kind(entry) === HashKind.table) {
      const tables = this.tables;
      const record = tables.find(root, tables.hash(field, start, end), field, start, end);
      if (record === 0) return false;
      this.#describeValue(record);
      return true;
    }
    const packed = this.packed;
    const at = packed.find(root, packed.first(root), field, start, end, 1);
    if (at === 0) return false;
    this.#describePacked(root, packed.next(root, at));
    return true;
  }

  has(entry: number, field: Uint8Array, start: number, end: number): boolean {
    const root = this.records.pointer(entry);
    if (this.records.kind(entry) === HashKind.table) {
      const tables = this.tables;
      return tables.find(root, tables.hash(field, start, end), field, start, end) !== 0;
    }
    return this.packed.find(root, this.packed.first(root), field, start, end, 1) !== 0;
  }

  /**
   * Gives a field a value; true when the field is new.
   * REQUIRES: neither range lies in this hash.
   */
  set(
    entry: number,
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    if (this.#observer !== null) this.#observer.beforeEntry(entry);
    const journal = listening(this.journal, entry);
    if (this.records.kind(entry) === HashKind.table) {
      return this.#setInTable(journal, entry, field, fieldStart, fieldEnd, value, start, end);
    }
    if (journal !== null) journal.keep(entry);
    const longest = this.valueMax;
    if (fieldEnd - fieldStart <= longest && end - start <= longest) {
      return this.#setInPacked(entry, field, fieldStart, fieldEnd, value, start, end);
    }
    this.#becomeTable(entry);
    return this.#setInTable(null, entry, field, fieldStart, fieldEnd, value, start, end);
  }

  #setInTable(
    journal: EntryJournal | null,
    entry: number,
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const { records, tables } = this;
    const table = records.pointer(entry);
    const hash = tables.hash(field, fieldStart, fieldEnd);
    const record = tables.find(table, hash, field, fieldStart, fieldEnd);
    if (record !== 0) {
      this.#members.setFound(journal, table, record, value, start, end);
      return false;
    }
    this.#members.insert(journal, table, hash, field, fieldStart, fieldEnd, value, start, end);
    return true;
  }

  #setInPacked(
    entry: number,
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const { records, packed } = this;
    let list = records.pointer(entry);
    const at = packed.find(list, packed.first(list), field, fieldStart, fieldEnd, 1);
    if (at !== 0) {
      list = packed.replace(list, packed.next(list, at), value, start, end);
      records.setPointer(entry, list);
      return false;
    }
    const added = fieldEnd - fieldStart + end - start;
    if (
      packed.count(list) >= this.entriesMax * 2 ||
      packed.totalBytes(list) + added > PACKED_BYTES_MAX
    ) {
      this.#becomeTable(entry);
      return this.#setInTable(null, entry, field, fieldStart, fieldEnd, value, start, end);
    }
    list = packed.append(list, field, fieldStart, fieldEnd);
    records.setPointer(entry, packed.append(list, value, start, end));
    return true;
  }

  /** Takes a field out; false when it was not there. The hash may be left empty. */
  remove(entry: number, field: Uint8Array, start: number, end: number): boolean {
    if (this.#observer !== null) this.#observer.beforeEntry(entry);
    const journal = listening(this.journal, entry);
    let root = this.records.pointer(entry);
    if (this.records.kind(entry) === HashKind.table) {
      return this.#members.remove(journal, root, field, start, end);
    }
    const at = this.packed.find(root, this.packed.first(root), field, start, end, 1);
    if (at === 0) return false;
    if (journal !== null) {
      journal.keep(entry);
      root = this.records.pointer(entry);
    }
    this.records.setPointer(entry, this.packed.removeRange(root, at, 2));
    return true;
  }

  /** Draws a field uniformly and describes it. REQUIRES: the hash is not empty. */
  pick(entry: number, chance: Chance): void {
    const root = this.records.pointer(entry);
    if (this.records.kind(entry) === HashKind.table) {
      this.#picked = this.tables.random(root, chance);
      this.records.key(this.#picked);
      this.bytes = this.records.bytes;
      this.start = this.records.start;
      this.end = this.records.end;
    } else {
      this.#picked = this.packed.seek(root, chance.below(this.packed.count(root) >> 1) * 2);
      this.#describePacked(root, this.#picked);
    }
  }

  /** Which field pick drew: two draws from one unchanged hash are the same field if equal here. */
  get picked(): number {
    return this.#picked;
  }

  /** Whether few draws are cheaper than a walk, however many fields there are. */
  prefersDraws(entry: number): boolean {
    return this.records.kind(entry) === HashKind.table;
  }

  /** Describes the value of the field that pick drew. REQUIRES: the hash did not change since. */
  pickedValue(entry: number): void {
    if (this.records.kind(entry) === HashKind.table) {
      this.#describeValue(this.#picked);
    } else {
      const root = this.records.pointer(entry);
      this.#describePacked(root, this.packed.next(root, this.#picked));
    }
  }

  #describeValue(record: number): void {
    this.records.value(record);
    this.bytes = this.records.bytes;
    this.start = this.records.start;
    this.end = this.records.end;
  }

  #describePacked(list: number, at: number): void {
    this.packed.read(list, at);
    this.bytes = this.packed.bytes;
    this.start = this.packed.start;
    this.end = this.packed.end;
  }

  #becomeTable(entry: number, expected = 0): void {
    const list = this.records.pointer(entry);
    const table = this.#tableOf(HashKind.packed, list, expected);
    const fields = this.size(HashKind.packed, list);
    assert(this.tables.count(table) === fields, "no field is lost or added");
    this.packed.free(list);
    this.records.setKind(entry, HashKind.table);
    this.records.setPointer(entry, table);
  }

  /** A new table, of a size for `expected` fields, with the fields and values of a hash. */
  #tableOf(kind: number, root: number, expected = 0): number {
    const table = this.tables.createFor(expected);
    const walk = this.#walk;
    walk.openRoot(kind, root);
    while (walk.next()) {
      const hash = this.tables.hash(walk.bytes, walk.start, walk.end);
      const { bytes, start, end, valueBytes, valueStart, valueEnd } = walk;
      this.#members.insert(null, table, hash, bytes, start, end, valueBytes, valueStart, valueEnd);
    }
    return table;
  }

  // As a data type

  size(kind: number, root: number): number {
    return kind === HashKind.table ? this.tables.count(root) : this.packed.count(root) >> 1;
  }

  free(kind: number, root: number, budget: number): boolean {
    if (kind === HashKind.table) return this.#members.free(root, budget);
    this.packed.free(root);
    return true;
  }

  copy(kind: number, root: number): number {
    return kind === HashKind.table ? this.#tableOf(kind, root) : this.packed.copy(root);
  }

  bytesUsed(kind: number, root: number): number {
    if (kind === HashKind.packed) return this.packed.memoryUsed(root);
    return this.#members.bytesUsed(root);
  }

  verify(kind: number, root: number): void {
    if (kind === HashKind.packed) {
      this.packed.verify(root);
      assert(this.packed.count(root) % 2 === 0, "each field of a packed hash has a value");
    } else {
      assert(kind === HashKind.table, "a hash has one of the encodings of hashes");
      this.tables.verify(root);
    }
  }

  verifyFrom(kind: number, root: number, from: number, budget: number): number {
    if (kind === HashKind.table) return this.#members.verifyFrom(root, from, budget);
    this.verify(kind, root);
    return 0;
  }

  memberTable(kind: number, root: number): number {
    return kind === HashKind.table ? root : 0;
  }

  observe(observer: ChangeObserver | null): void {
    this.#observer = observer;
    this.#members.observer = observer;
  }

  // Saved: a packed list as it lies in memory, or fields and values one after the other

  formatOf(kind: number): number {
    return kind === HashKind.packed ? Format.packed : Format.plain;
  }

  save(kind: number, root: number, sink: ValueSink): void {
    if (kind === HashKind.packed) {
      this.packed.whole(root);
      sink.string(this.packed.bytes, this.packed.start, this.packed.end);
      return;
    }
    sink.length(this.tables.count(root));
    const walk = this.#walk;
    walk.openRoot(kind, root);
    while (walk.next()) {
      sink.string(walk.bytes, walk.start, walk.end);
      sink.string(walk.valueBytes, walk.valueStart, walk.valueEnd);
    }
  }

  load(format: number, source: ValueSource): number {
    if (format === Format.packed) {
      source.string();
      return this.#loadPacked(source);
    }
    // Nobody is told of what is built here.
    const { journal, records } = this;
    this.journal = null;
    const root = this.create();
    const holder = records.createPointer(HashKind.packed, NO_BYTES, 0, 0, root, 0, NO_DEADLINE, 0);
    if (format === Format.plain) this.#loadPairs(holder, source);
    else {
      source.string();
      const reader = format === Format.zipmap ? new ZipmapReader() : new ZiplistReader();
      this.#loadForeign(holder, reader, source);
    }
    this.journal = journal;
    this.createdKind = records.kind(holder);
    const loaded = records.pointer(holder);
    this.memory.free(holder);
    if (!source.failed && this.size(this.createdKind, loaded) > 0) return loaded;
    while (!this.free(this.createdKind, loaded, Number.MAX_SAFE_INTEGER));
    return 0;
  }

  /** A listpack, as it is where it is what would be made here; else field by field. */
  #loadPacked(source: ValueSource): number {
    const { bytes, start, end } = source;
    const { packed } = this;
    const entries = checkListpack(bytes, start, end);
    if (entries < 0 || entries % 2 !== 0) {
      if (!source.failed) source.fail("the listpack of a hash is not sound");
      return 0;
    }
    if (entries === 0) return 0;
    const list = packed.fromListpack(bytes, start, end);
    const first = start + PACKED_HEADER;
    let isSmall = entries <= 2 * this.entriesMax;
    if (isSmall && !areTextsWithin(this.valueMax, bytes, first, end, entries)) {
      for (let at = packed.first(list); isSmall && at !== 0; at = packed.next(list, at)) {
        isSmall = packed.textLength(list, at) <= this.valueMax;
      }
    }
    this.createdKind = isSmall ? HashKind.packed : HashKind.table;
    const root = isSmall ? list : this.#tableOfList(list);
    const isSound = isSmall
      ? areFieldsDistinct(bytes, first) || this.#isDistinct(list)
      : root !== 0;
    if (!isSmall || !isSound) packed.free(list);
    if (isSound) return root;
    source.fail("a hash has a field twice");
    return 0;
  }

  /** Whether no field of a packed hash is there twice. */
  #isDistinct(list: number): boolean {
    const { packed } = this;
    for (let at = packed.first(list); at !== 0; at = packed.next(list, packed.next(list, at))) {
      packed.read(list, at);
      packed.hold(packed.bytes, packed.start, packed.end);
      const { bytes, start, end } = packed;
      if (packed.find(list, packed.first(list), bytes, start, end, 1) !== at) return false;
    }
    return true;
  }

  /** A table with what a packed hash holds; 0 where a field is there twice. */
  #tableOfList(list: number): number {
    const { tables } = this;
    const table = tables.create();
    const walk = this.#walk;
    walk.openRoot(HashKind.packed, list);
    while (walk.next()) {
      const { bytes, start, end, valueBytes, valueStart, valueEnd } = walk;
      const hash = tables.hash(bytes, start, end);
      if (tables.find(table, hash, bytes, start, end) !== 0) {
        while (!this.#members.free(table, Number.MAX_SAFE_INTEGER));
        return 0;
      }
      this.#members.insert(null, table, hash, bytes, start, end, valueBytes, valueStart, valueEnd);
    }
    return table;
  }

  #loadPairs(holder: number, source: ValueSource): void {
    const count = source.count(2);
    if (count > this.entriesMax) this.#becomeTable(holder, count);
    let field = new Uint8Array(64); // the value's reading takes the field's place in the source
    for (let i = 0; i < count && !source.failed; i++) {
      source.string();
      const length = source.end - source.start;
      if (length > field.length) field = new Uint8Array(2 * length);
      copyBytes(source.bytes, source.start, source.end, field, 0);
      source.string();
      const { bytes, start, end } = source;
      if (source.failed) return;
      if (!this.set(holder, field, 0, length, bytes, start, end)) {
        source.fail("a hash has a field twice");
      }
    }
  }

  #loadForeign(holder: number, reader: ForeignReader, source: ValueSource): void {
    reader.open(source.bytes, source.start, source.end);
    let isSound = true;
    while (isSound && reader.next()) {
      const field = reader.bytes.slice(reader.start, reader.end);
      isSound = reader.next();
      const { bytes, start, end } = reader;
      isSound &&= this.set(holder, field, 0, field.length, bytes, start, end);
    }
    if ((!isSound || !reader.isSound) && !source.failed) source.fail("a packed hash is not sound");
  }

  saveMember(record: number, sink: ValueSink): void {
    const { records } = this;
    records.key(record);
    sink.string(records.bytes, records.start, records.end);
    records.value(record);
    sink.string(records.bytes, records.start, records.end);
  }

  digest(entry: number, into: ValueDigest): void {
    const walk = this.#walk;
    walk.open(entry);
    while (walk.next()) {
      const { bytes, start, end, valueBytes, valueStart, valueEnd } = walk;
      into.pair(bytes, start, end, valueBytes, valueStart, valueEnd);
    }
  }
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

  readonly #memory: Memory;
  readonly #records: Records;
  readonly #packed: PackedLists;
  readonly #table: TableWalk;
  /** Digits of a field that is an integer, while its value is read. */
  readonly #digits = new Uint8Array(DIGITS_MAX);
  #ofTable = false;
  #root = 0;
  /** Cursor of the next field in a packed list; 0 ends the walk. */
  #at = 0;

  constructor(hashes: Hashes) {
    this.#memory = hashes.memory;
    this.#records = hashes.records;
    // Scratch of its own, so that ranges stay while the hash's own operations go on.
    this.#packed = new PackedLists(hashes.memory);
    this.#table = new TableWalk(hashes.tables);
  }

  /** Begins a walk over all fields. */
  open(entry: number): void {
    this.openRoot(this.#records.kind(entry), this.#records.pointer(entry));
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
    return this.#ofTable ? this.#table.openBatch(root, cursor) : 0;
  }

  #begin(kind: number, root: number): void {
    this.#root = root;
    this.#ofTable = kind === HashKind.table;
    if (!this.#ofTable) this.#at = this.#packed.first(root);
  }

  /** Goes to the next field; false at the end. */
  next(): boolean {
    if (!this.#ofTable) return this.#nextPacked();
    const record = this.#table.next();
    if (record === 0) return false;
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
