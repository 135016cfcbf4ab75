// Hashes: values under distinct fields, both byte strings, in one of two encodings.
//
//   packed  at most `entriesMax` fields, fields and values of at most `valueMax` bytes:
//           a packed list, each field followed by its value
//   table   anything else: a hash table of records, a field with its value in each
//
// A hash of whose fields one has, or had, a deadline is a table, of a kind of its own (see
// keyspace/member-deadlines.ts): a field that has expired is passed over, though its record may be
// in the table still. A hash only ever goes from the first to the second, as Redis's hashes do, and
// never back from that kind.
//
// Operations take the entry: the record in the keyspace whose kind is the encoding and whose
// pointer is the root. Those of a data type take kind and root, and know of no time: what has
// expired is counted, copied and saved with the rest.
//
// Ranges: `bytes`, `start`, `end` describe what get, pick and pickedValue found, a walk's fields
// what it stands on; all are borrowed until the hash changes or the next of these calls.

import { assert } from "../base/assert.ts";
import { copyBytes } from "../base/bytes.ts";
import type { ChangeObserver } from "../keyspace/change-observer.ts";
import type { CollectionType, ValueDigest, ValueSink, ValueSource } from "../keyspace/data-type.ts";
import { type EntryJournal, listening } from "../keyspace/entry-journal.ts";
import { renewMember } from "../keyspace/expiry.ts";
import { type Journal, Owner, type Undoer } from "../keyspace/journal.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { MemberDeadlines } from "../keyspace/member-deadlines.ts";
import type { Memory } from "../memory/memory.ts";
import { type ForeignReader, ZiplistReader, ZipmapReader } from "../structures/foreign-lists.ts";
import type { Chance, HashTables } from "../structures/hash-table.ts";
import { areFieldsDistinct, areTextsWithin } from "../structures/listpack-survey.ts";
import {
  checkListpack,
  PACKED_BYTES_MAX,
  PACKED_HEADER,
  PackedLists,
} from "../structures/packed-list.ts";
import { NO_DEADLINE, type Records } from "../structures/record.ts";
import { AliveFields } from "./alive-fields.ts";
import {
  DEADLINES_FORMAT,
  FieldLoading,
  FORMATS_OF_DEADLINES,
  saveWithDeadline,
} from "./hash-deadlines.ts";
import { HashWalk } from "./hash-walk.ts";
import { MemberTables } from "./member-tables.ts";

const Setting = { entriesMax: 0, valueMax: 1 } as const;
const ENTRIES_MAX = 512;
const VALUE_MAX = 64;
const NO_BYTES = new Uint8Array(0);

/** Stands for the deadline of a field that is not there. */
export const NO_FIELD = -2;

/** The type's number in memory. */
export const HASH = 4;
/** Its kinds there. */
export const HashKind = { packed: 8, table: 9, deadlines: 15 } as const;

/** The encodings of hashes in RDB files (rdb.h of Redis 7.0). */
const Format = { plain: 4, zipmap: 9, ziplist: 13, packed: 16 } as const;

/** The hashes of a keyspace: a handler gives its context, whatever else has one gives itself. */
export function hashesOf(owner: { readonly keyspace: Keyspace }): Hashes {
  return owner.keyspace.types.byNumber[HASH] as Hashes;
}

/** Noted in a journal: a table, of this entry, was opened for deadlines. */
const OPENED = (Owner.types + HASH) << 4;

export class Hashes implements CollectionType {
  readonly type: number = HASH;
  readonly name = "hash";
  readonly kinds = [
    [HashKind.packed, "listpack"],
    [HashKind.table, "hashtable"],
    [HashKind.deadlines, "hashtable"],
  ] as const;
  readonly settings = {
    "hash-max-listpack-entries": (value: number): void => {
      this.entriesMax = value;
    },
    "hash-max-listpack-value": (value: number): void => {
      this.valueMax = value;
    },
  };
  readonly formats = [...Object.values(Format), ...FORMATS_OF_DEADLINES];
  readonly deadlineKind = HashKind.deadlines;
  /** The kind that goes with the root that create or load returned. */
  createdKind: number = HashKind.packed;
  readonly undo: Undoer = { undo: (note) => this.#close(note), forget: () => {} };
  journal: EntryJournal | null = null;
  #observer: ChangeObserver | null = null;
  readonly memory: Memory;
  readonly records: Records;
  readonly tables: HashTables;
  readonly packed: PackedLists;
  readonly deadlines: MemberDeadlines;

  /** What get, pick or pickedValue found. */
  bytes: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;
  #picked = 0;

  /** A walk for whoever needs one at a time; changes of encoding use another. */
  readonly walk: HashWalk;
  readonly #walk: HashWalk;
  readonly #keyspace: Keyspace;
  readonly #members: MemberTables;
  readonly #alive: AliveFields;

  readonly #settings: Int32Array;

  constructor(keyspace: Keyspace) {
    const { memory, records, tables } = keyspace;
    this.#settings = keyspace.settingsOf(HASH, [ENTRIES_MAX, VALUE_MAX]);
    this.memory = memory;
    this.records = records;
    this.tables = tables;
    this.packed = new PackedLists(memory);
    this.deadlines = keyspace.members;
    this.#keyspace = keyspace;
    this.#members = new MemberTables(tables, records, keyspace.members);
    this.#alive = new AliveFields(keyspace);
    this.walk = new HashWalk(this, HashKind.packed);
    this.#walk = new HashWalk(this, HashKind.packed);
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
    const kind = this.records.kind(entry);
    const root = this.records.pointer(entry);
    const size = this.size(kind, root);
    return kind === HashKind.deadlines ? size - this.deadlines.past(root) : size;
  }

  /** The record of a field in a table, or 0. */
  #find(kind: number, table: number, field: Uint8Array, start: number, end: number): number {
    const { tables } = this;
    const record = tables.find(table, tables.hash(field, start, end), field, start, end);
    if (kind !== HashKind.deadlines || record === 0) return record;
    return this.deadlines.isPast(record) ? 0 : record;
  }

  /** Finds a field's value and describes it; false when the field is not there. */
  get(entry: number, field: Uint8Array, start: number, end: number): boolean {
    const root = this.records.pointer(entry);
    const kind = this.records.kind(entry);
    if (kind !== HashKind.packed) {
      const record = this.#find(kind, root, field, start, end);
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
    const kind = this.records.kind(entry);
    if (kind !== HashKind.packed) return this.#find(kind, root, field, start, end) !== 0;
    return this.packed.find(root, this.packed.first(root), field, start, end, 1) !== 0;
  }

  /**
   * Gives a field a value; true when the field is new. Its deadline, if it has one, is taken away,
   * or (KEEP_DEADLINE) is left as it is.
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
    deadline = NO_DEADLINE,
  ): boolean {
    if (this.#observer !== null) this.#observer.beforeEntry(entry);
    const journal = listening(this.journal, entry);
    const kind = this.records.kind(entry);
    if (kind === HashKind.table) {
      return this.#setInTable(journal, entry, field, fieldStart, fieldEnd, value, start, end);
    }
    if (kind === HashKind.deadlines) {
      return this.#setAmongDeadlines(
        journal,
        entry,
        field,
        fieldStart,
        fieldEnd,
        value,
        start,
        end,
        deadline,
      );
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
      this.#members.setValue(journal, table, record, value, start, end);
      return false;
    }
    this.#members.insert(journal, table, hash, field, fieldStart, fieldEnd, value, start, end);
    return true;
  }

  #setAmongDeadlines(
    journal: EntryJournal | null,
    entry: number,
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    start: number,
    end: number,
    deadline: number,
  ): boolean {
    const { records, tables } = this;
    const table = records.pointer(entry);
    const hash = tables.hash(field, fieldStart, fieldEnd);
    const record = tables.find(table, hash, field, fieldStart, fieldEnd);
    if (record !== 0 && !this.#isRenewed(entry, record)) {
      this.#members.setFound(journal, table, record, value, start, end, deadline);
      return false;
    }
    this.#members.insert(journal, table, hash, field, fieldStart, fieldEnd, value, start, end);
    return true;
  }

  /** Whether a field that is about to be set had expired: then it has been taken out. */
  #isRenewed(entry: number, record: number): boolean {
    return this.deadlines.isPast(record) && renewMember(this.#keyspace, entry, record);
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
    if (this.records.kind(entry) !== HashKind.packed) {
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

  removeMember(entry: number, record: number): void {
    if (this.#observer !== null) this.#observer.beforeEntry(entry);
    this.#members.removeRecord(listening(this.journal, entry), this.records.pointer(entry), record);
  }

  // Deadlines of fields

  /** A field's deadline in ms since 1970, NO_DEADLINE, or NO_FIELD. */
  deadline(entry: number, field: Uint8Array, start: number, end: number): number {
    if (this.records.kind(entry) !== HashKind.deadlines) {
      return this.has(entry, field, start, end) ? NO_DEADLINE : NO_FIELD;
    }
    const record = this.#find(HashKind.deadlines, this.records.pointer(entry), field, start, end);
    return record === 0 ? NO_FIELD : this.records.deadline(record);
  }

  /**
   * Gives a field a deadline, or (NO_DEADLINE) takes it away. When all fields of a command have
   * theirs, the keyspace is to be told: awaitMembers(). REQUIRES: the field is there.
   */
  setDeadline(
    entry: number,
    field: Uint8Array,
    start: number,
    end: number,
    deadline: number,
  ): void {
    if (this.#observer !== null) this.#observer.beforeEntry(entry);
    this.#open(entry);
    const { tables } = this;
    const table = this.records.pointer(entry);
    const record = tables.find(table, tables.hash(field, start, end), field, start, end);
    assert(record !== 0, "a field that is given a deadline is there");
    this.#members.setDeadline(listening(this.journal, entry), table, record, deadline);
  }

  /** Fields of the hash may have deadlines from now on. */
  #open(entry: number): void {
    const { records } = this;
    const kind = records.kind(entry);
    if (kind === HashKind.deadlines) return;
    const journal = listening(this.journal, entry);
    if (kind === HashKind.packed) {
      if (journal !== null) journal.keep(entry);
      this.#becomeTable(entry);
    } else if (journal !== null) {
      journal.notes.note(OPENED, 0, 0, entry, records.pointer(entry));
    }
    records.setKind(entry, HashKind.deadlines);
    this.deadlines.open(records.pointer(entry));
  }

  /** A hash's fields may not have deadlines any more. */
  #close(note: Journal): void {
    const { a: entry, b: table } = note;
    assert(this.deadlines.count(table) === 0, "what was done to an opened hash has been undone");
    while (!this.deadlines.free(table, Number.MAX_SAFE_INTEGER));
    this.records.setKind(entry, HashKind.table);
  }

  /** Draws a field uniformly and describes it. REQUIRES: the hash is not empty. */
  pick(entry: number, chance: Chance): void {
    const root = this.records.pointer(entry);
    if (this.records.kind(entry) !== HashKind.packed) {
      this.#picked = this.#alive.draw(root, chance);
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
    const kind = this.records.kind(entry);
    if (kind === HashKind.packed) return false;
    const table = this.records.pointer(entry);
    return kind === HashKind.table || 2 * this.deadlines.past(table) < this.tables.count(table);
  }

  /** Describes the value of the field that pick drew. REQUIRES: the hash did not change since. */
  pickedValue(entry: number): void {
    if (this.records.kind(entry) !== HashKind.packed) {
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
    if (kind === HashKind.deadlines) this.deadlines.open(table);
    const walk = this.#walk;
    walk.openRoot(kind, root);
    while (walk.next()) {
      const hash = this.tables.hash(walk.bytes, walk.start, walk.end);
      const { bytes, start, end, valueBytes, valueStart, valueEnd, deadline } = walk;
      this.#members.insert(
        null,
        table,
        hash,
        bytes,
        start,
        end,
        valueBytes,
        valueStart,
        valueEnd,
        deadline,
      );
    }
    if (kind === HashKind.deadlines) this.deadlines.awaitEarliest(table);
    return table;
  }

  // As a data type

  size(kind: number, root: number): number {
    return kind !== HashKind.packed ? this.tables.count(root) : this.packed.count(root) >> 1;
  }

  free(kind: number, root: number, budget: number): boolean {
    if (kind !== HashKind.packed) return this.#members.free(root, budget);
    this.packed.free(root);
    return true;
  }

  copy(kind: number, root: number): number {
    return kind !== HashKind.packed ? this.#tableOf(kind, root) : this.packed.copy(root);
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
      const isKnown = kind === HashKind.table || kind === HashKind.deadlines;
      assert(isKnown, "a hash has one of the encodings of hashes");
      this.tables.verify(root);
      this.#verifyDeadlines(kind, root);
    }
  }

  #verifyDeadlines(kind: number, root: number): void {
    this.deadlines.verify(root);
    const walk = this.#walk;
    let deadlines = 0;
    walk.openRoot(kind, root);
    while (walk.next()) if (this.deadlines.verifyMember(root, walk.record)) deadlines++;
    assert(deadlines === this.deadlines.count(root), "the tree has the deadlines of the fields");
    const may = kind === HashKind.deadlines || deadlines === 0;
    assert(may, "only a hash of that kind has fields with deadlines");
  }

  verifyFrom(kind: number, root: number, from: number, budget: number): number {
    if (kind !== HashKind.packed) return this.#members.verifyFrom(root, from, budget);
    this.verify(kind, root);
    return 0;
  }

  memberTable(kind: number, root: number): number {
    return kind !== HashKind.packed ? root : 0;
  }

  observe(observer: ChangeObserver | null): void {
    this.#observer = observer;
    this.#members.observer = observer;
  }

  // Saved: a packed list as it lies in memory, or fields and values one after the other

  /** One whose fields have no deadlines any more is saved as if they never had. */
  savedKind(kind: number, root: number): number {
    const hasLost = kind === HashKind.deadlines && this.deadlines.count(root) === 0;
    return hasLost ? HashKind.table : kind;
  }

  formatOf(kind: number): number {
    if (kind === HashKind.packed) return Format.packed;
    return kind === HashKind.table ? Format.plain : DEADLINES_FORMAT;
  }

  /** The time to which those of fields are relative: here none, since it is not known. */
  saveHead(kind: number, sink: ValueSink): void {
    if (kind === HashKind.deadlines) sink.int64(1);
  }

  save(kind: number, root: number, sink: ValueSink): void {
    if (kind === HashKind.packed) {
      this.packed.whole(root);
      sink.string(this.packed.bytes, this.packed.start, this.packed.end);
      return;
    }
    const hasDeadlines = kind === HashKind.deadlines;
    const earliest = hasDeadlines ? this.deadlines.earliest(root) : 0;
    if (hasDeadlines) sink.int64(earliest);
    sink.length(this.tables.count(root));
    const walk = this.#walk;
    walk.openRoot(kind, root);
    while (walk.next()) {
      if (hasDeadlines) saveWithDeadline(walk.deadline, earliest, sink);
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
    else if (format > Format.packed) this.#loadWithDeadlines(holder, format, source);
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

  #loadWithDeadlines(holder: number, format: number, source: ValueSource): void {
    const loading = new FieldLoading(this.memory, source, format);
    while (loading.next()) {
      const { field, fieldEnd, bytes, start, end, deadline } = loading;
      if (!this.set(holder, field, 0, fieldEnd, bytes, start, end)) {
        source.fail("a hash has a field twice");
      } else if (deadline !== NO_DEADLINE) {
        this.setDeadline(holder, field, 0, fieldEnd, deadline);
      }
    }
    loading.close();
    const root = this.records.pointer(holder);
    if (this.records.kind(holder) === HashKind.deadlines) this.deadlines.awaitEarliest(root);
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

  saveMember(record: number, sink: ValueSink, kind: number): void {
    const { records } = this;
    if (kind === HashKind.deadlines) saveWithDeadline(records.deadline(record), 1, sink);
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
      const hasDeadline = walk.deadline !== NO_DEADLINE;
      into.pair(bytes, start, end, valueBytes, valueStart, valueEnd, hasDeadline);
    }
  }
}
