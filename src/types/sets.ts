// Sets: distinct byte strings, in one of three encodings.
//
//   integers  all members are 64-bit integers, at most `integersMax`: an integer set
//   packed    up to `packedEntriesMax` members of up to `packedValueMax` bytes: a packed list
//   table     anything else: a hash table of records without values
//
// A set only ever goes down this list, as Redis's sets do. Operations take the entry: the record in
// the keyspace (or a holder of our own) whose kind is the encoding and whose pointer is the root.
//
// Ranges: `bytes`, `start`, `end` describe the member that pick drew, a walk's the member that it
// stands on; both are borrowed until the set changes or the next of these calls.

import { assert } from "../base/assert.ts";
import { torn } from "../base/torn-read.ts";
import type { ChangeObserver } from "../keyspace/change-observer.ts";
import type {
  CollectionType,
  ScoreSource,
  ValueDigest,
  ValueSink,
  ValueSource,
} from "../keyspace/data-type.ts";
import { type EntryJournal, listening } from "../keyspace/entry-journal.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import { TableWalk } from "../keyspace/table-walk.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import type { Chance, HashTables } from "../structures/hash-table.ts";
import { DECIMAL_END, IntegerSets } from "../structures/integer-set.ts";
import {
  checkListpack,
  PACKED_BYTES_MAX,
  PACKED_HEADER,
  PackedLists,
} from "../structures/packed-list.ts";
import { headerBytes, LONG_KEY, NO_DEADLINE, type Records } from "../structures/record.ts";
import { EqualScores } from "./equal-scores.ts";
import { MemberTables } from "./member-tables.ts";

const Setting = { integersMax: 0, packedEntriesMax: 1, packedValueMax: 2 } as const;
const INTEGERS_MAX = 512;
const PACKED_ENTRIES_MAX = 128;
const PACKED_VALUE_MAX = 64;
const NO_BYTES = new Uint8Array(0);

/** The type's number in memory. */
export const SET = 2;
/** Its kinds there. */
export const SetKind = { integers: 5, packed: 6, table: 7 } as const;

/** The encodings of sets in RDB files (rdb.h of Redis 7.0). */
const Format = { plain: 2, integers: 11, packed: 20 } as const;

/** The sets of a keyspace: a handler gives its context, whatever else has one gives itself. */
export function setsOf(owner: { readonly keyspace: Keyspace }): Sets {
  return owner.keyspace.types.byNumber[SET] as Sets;
}

export class Sets implements CollectionType {
  readonly type: number = SET;
  readonly name = "set";
  readonly kinds = [
    [SetKind.integers, "intset"],
    [SetKind.packed, "listpack"],
    [SetKind.table, "hashtable"],
  ] as const;
  readonly settings = {
    "set-max-intset-entries": (value: number): void => {
      this.integersMax = value;
    },
    "set-max-listpack-entries": (value: number): void => {
      this.packedEntriesMax = value;
    },
    "set-max-listpack-value": (value: number): void => {
      this.packedValueMax = value;
    },
  };
  readonly formats = Object.values(Format);
  journal: EntryJournal | null = null;
  #observer: ChangeObserver | null = null;
  readonly memory: Memory;
  readonly records: Records;
  readonly tables: HashTables;
  readonly integers: IntegerSets;
  readonly packed: PackedLists;

  /** The member that pick drew. */
  bytes: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;
  #picked = 0;

  /** The kind that goes with the root that create returned. */
  createdKind: number = SetKind.integers;

  /** A walk for whoever needs one at a time; changes of encoding use another. */
  readonly walk: SetWalk;
  readonly #walk: SetWalk;
  /** To sorted sets each member has the score 1. */
  readonly scores: ScoreSource;
  readonly #members: MemberTables;

  readonly #settings: Int32Array;

  constructor(keyspace: Keyspace) {
    const { memory, records, tables } = keyspace;
    this.#settings = keyspace.settingsOf(SET, [INTEGERS_MAX, PACKED_ENTRIES_MAX, PACKED_VALUE_MAX]);
    this.memory = memory;
    this.records = records;
    this.tables = tables;
    this.integers = new IntegerSets(memory);
    this.packed = new PackedLists(memory);
    this.#members = new MemberTables(tables, records);
    this.walk = new SetWalk(this);
    this.#walk = new SetWalk(this);
    this.scores = new EqualScores(this, new SetWalk(this));
  }

  /** set-max-intset-entries. */
  get integersMax(): number {
    return this.#settings[Setting.integersMax];
  }

  set integersMax(value: number) {
    this.#settings[Setting.integersMax] = value;
  }

  /** set-max-listpack-entries. */
  get packedEntriesMax(): number {
    return this.#settings[Setting.packedEntriesMax];
  }

  set packedEntriesMax(value: number) {
    this.#settings[Setting.packedEntriesMax] = value;
  }

  /** set-max-listpack-value. */
  get packedValueMax(): number {
    return this.#settings[Setting.packedValueMax];
  }

  set packedValueMax(value: number) {
    this.#settings[Setting.packedValueMax] = value;
  }

  // Making sets

  /**
   * The root of a new empty set, encoded for `expected` members of which bytes[start, end) is the
   * first; its kind is createdKind. `areDistinct`: there will be so many, and room is made.
   */
  create(
    expected: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    areDistinct = false,
  ): number {
    if (expected <= this.integersMax && this.integers.parse(bytes, start, end)) {
      return this.createEmpty(SetKind.integers);
    }
    if (expected <= this.packedEntriesMax) return this.createEmpty(SetKind.packed);
    return this.createEmpty(SetKind.table, areDistinct ? expected : 0);
  }

  /** The root of a new empty set of this kind; a table has room for so many members. */
  createEmpty(kind: number, members = 0): number {
    this.createdKind = kind;
    if (kind === SetKind.integers) return this.integers.create();
    return kind === SetKind.packed ? this.packed.create() : this.tables.createFor(members);
  }

  /**
   * An entry without a key, for a set that is built before it is stored. The caller stores its
   * root or frees that, and frees the entry with records.memory.free.
   */
  createHolder(kind: number = SetKind.integers): number {
    const root = this.createEmpty(kind);
    return this.records.createPointer(kind, NO_BYTES, 0, 0, root, 0, NO_DEADLINE, 0);
  }

  /** As createHolder, for members that come from this set. */
  createHolderFor(entry: number): number {
    return this.createHolder(this.isSorted(entry) ? SetKind.integers : SetKind.packed);
  }

  /** Makes a set a table at once when `added` more members would not fit its encoding. */
  expect(entry: number, added: number): void {
    const kind = this.records.kind(entry);
    const fits = kind === SetKind.integers ? this.integersMax : this.packedEntriesMax;
    if (kind === SetKind.table || added <= fits) return;
    if (this.#observer !== null) this.#observer.beforeEntry(entry);
    if (this.journal !== null) this.journal.keep(entry);
    this.#becomeTable(entry, kind);
  }

  // Members

  count(entry: number): number {
    return this.size(this.records.kind(entry), this.records.pointer(entry));
  }

  has(entry: number, bytes: Uint8Array, start: number, end: number): boolean {
    const kind = this.records.kind(entry);
    const root = this.records.pointer(entry);
    if (kind === SetKind.table) {
      const tables = this.tables;
      return tables.find(root, tables.hash(bytes, start, end), bytes, start, end) !== 0;
    }
    if (kind === SetKind.integers) {
      return this.integers.parse(bytes, start, end) && this.integers.has(root);
    }
    return this.packed.find(root, this.packed.first(root), bytes, start, end, 0) !== 0;
  }

  /** Whether the set has the member that a walk stands on. */
  hasWalked(entry: number, walk: SetWalk): boolean {
    if (walk.ofIntegers && this.isSorted(entry)) {
      this.integers.low = walk.low;
      this.integers.high = walk.high;
      return this.integers.has(this.records.pointer(entry));
    }
    return this.has(entry, walk.bytes, walk.start, walk.end);
  }

  /** Whether the member that a walk stands on is a 64-bit integer. */
  isInteger(walk: SetWalk): boolean {
    return walk.ofIntegers || this.integers.parse(walk.bytes, walk.start, walk.end);
  }

  /** Whether walks go over the members in order: over integers they do. */
  isSorted(entry: number): boolean {
    return this.records.kind(entry) === SetKind.integers;
  }

  /** Whether few draws are cheaper than a walk, however many members there are. */
  prefersDraws(entry: number): boolean {
    return this.records.kind(entry) === SetKind.table;
  }

  /** Adds a member; false when it was there. */
  add(entry: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#observer !== null) this.#observer.beforeEntry(entry);
    const journal = listening(this.journal, entry);
    if (journal !== null && this.records.kind(entry) !== SetKind.table) {
      if (this.has(entry, bytes, start, end)) return false;
      journal.keep(entry);
    }
    return this.#add(journal, entry, bytes, start, end);
  }

  /** As add, to a holder, of which no journal is told. */
  gather(holder: number, bytes: Uint8Array, start: number, end: number): boolean {
    return this.#add(null, holder, bytes, start, end);
  }

  #add(
    journal: EntryJournal | null,
    entry: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const kind = this.records.kind(entry);
    if (kind === SetKind.table) return this.#addToTable(journal, entry, bytes, start, end);
    if (kind === SetKind.packed) return this.#addToPacked(entry, bytes, start, end);
    return this.#addToIntegers(entry, bytes, start, end);
  }

  #addToTable(
    journal: EntryJournal | null,
    entry: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const tables = this.tables;
    const table = this.records.pointer(entry);
    const hash = tables.hash(bytes, start, end);
    if (tables.find(table, hash, bytes, start, end) !== 0) return false;
    this.#members.insert(journal, table, hash, bytes, start, end, NO_BYTES, 0, 0);
    return true;
  }

  #addToPacked(entry: number, bytes: Uint8Array, start: number, end: number): boolean {
    const packed = this.packed;
    const list = this.records.pointer(entry);
    if (packed.find(list, packed.first(list), bytes, start, end, 0) !== 0) return false;
    const length = end - start;
    if (
      length > this.packedValueMax ||
      packed.count(list) >= this.packedEntriesMax ||
      packed.totalBytes(list) + length > PACKED_BYTES_MAX
    ) {
      this.#becomeTable(entry, SetKind.packed);
      return this.#addToTable(null, entry, bytes, start, end);
    }
    this.records.setPointer(entry, packed.append(list, bytes, start, end));
    return true;
  }

  #addToIntegers(entry: number, bytes: Uint8Array, start: number, end: number): boolean {
    const integers = this.integers;
    const set = this.records.pointer(entry);
    if (integers.parse(bytes, start, end)) {
      const grown = integers.add(set);
      if (grown === 0) return false;
      this.records.setPointer(entry, grown);
      if (integers.count(grown) > this.integersMax) this.#becomeTable(entry, SetKind.integers);
      return true;
    }
    if (this.#packs(set, end - start)) {
      this.#becomePacked(entry);
      return this.#addToPacked(entry, bytes, start, end);
    }
    this.#becomeTable(entry, SetKind.integers);
    return this.#addToTable(null, entry, bytes, start, end);
  }

  /** Whether the members of an integer set and one of `length` bytes fit a packed list. */
  #packs(set: number, length: number): boolean {
    const count = this.integers.count(set);
    if (count >= this.packedEntriesMax || length > this.packedValueMax) return false;
    if (count === 0) return true;
    const longest = Math.max(
      DECIMAL_END - this.integers.at(set, 0),
      DECIMAL_END - this.integers.at(set, count - 1),
    );
    return longest <= this.packedValueMax && count * 11 + length < PACKED_BYTES_MAX;
  }

  /** Takes a member out; false when it was not there. The set may be left empty. */
  remove(entry: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#observer !== null) this.#observer.beforeEntry(entry);
    return this.#remove(listening(this.journal, entry), entry, bytes, start, end);
  }

  /** As remove, from a holder, of which no journal is told. */
  withdraw(holder: number, bytes: Uint8Array, start: number, end: number): boolean {
    return this.#remove(null, holder, bytes, start, end);
  }

  #remove(
    journal: EntryJournal | null,
    entry: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const kind = this.records.kind(entry);
    if (kind === SetKind.table) {
      return this.#members.remove(journal, this.records.pointer(entry), bytes, start, end);
    }
    if (journal !== null) {
      if (!this.has(entry, bytes, start, end)) return false;
      journal.keep(entry);
    }
    const root = this.records.pointer(entry);
    if (kind === SetKind.integers) {
      if (!this.integers.parse(bytes, start, end)) return false;
      const shrunk = this.integers.remove(root);
      if (shrunk !== 0) this.records.setPointer(entry, shrunk);
      return shrunk !== 0;
    }
    const at = this.packed.find(root, this.packed.first(root), bytes, start, end, 0);
    if (at !== 0) this.records.setPointer(entry, this.packed.remove(root, at));
    return at !== 0;
  }

  /** Draws a member uniformly into bytes, start, end. REQUIRES: the set is not empty. */
  pick(entry: number, chance: Chance): void {
    const kind = this.records.kind(entry);
    const root = this.records.pointer(entry);
    if (kind === SetKind.table) {
      this.#picked = this.tables.random(root, chance);
      this.records.key(this.#picked);
      this.bytes = this.records.bytes;
      this.start = this.records.start;
      this.end = this.records.end;
    } else if (kind === SetKind.integers) {
      this.#picked = chance.below(this.integers.count(root));
      this.start = this.integers.at(root, this.#picked);
      this.bytes = this.integers.text;
      this.end = DECIMAL_END;
    } else {
      this.#picked = this.packed.seek(root, chance.below(this.packed.count(root)));
      this.packed.read(root, this.#picked);
      this.bytes = this.packed.bytes;
      this.start = this.packed.start;
      this.end = this.packed.end;
    }
  }

  /** Which member pick drew: two draws from one unchanged set are the same member if equal here. */
  get picked(): number {
    return this.#picked;
  }

  /** Takes out the member that pick drew. REQUIRES: the set did not change since. */
  removePicked(entry: number): void {
    if (this.#observer !== null) this.#observer.beforeEntry(entry);
    const kind = this.records.kind(entry);
    const journal = listening(this.journal, entry);
    if (kind === SetKind.table) {
      this.#members.removeRecord(journal, this.records.pointer(entry), this.#picked);
      return;
    }
    if (journal !== null) journal.keep(entry);
    const root = this.records.pointer(entry);
    if (kind === SetKind.integers) {
      this.records.setPointer(entry, this.integers.removeAt(root, this.#picked));
    } else {
      this.records.setPointer(entry, this.packed.remove(root, this.#picked));
    }
  }

  // Changes of encoding

  #becomePacked(entry: number): void {
    const set = this.records.pointer(entry);
    const packed = this.packed;
    let list = packed.create();
    for (let i = 0; i < this.integers.count(set); i++) {
      const start = this.integers.at(set, i);
      list = packed.append(list, this.integers.text, start, DECIMAL_END);
    }
    assert(packed.count(list) === this.integers.count(set), "no member is lost or added");
    this.integers.free(set);
    this.records.setKind(entry, SetKind.packed);
    this.records.setPointer(entry, list);
  }

  #becomeTable(entry: number, kind: number): void {
    const root = this.records.pointer(entry);
    const table = this.#tableOf(kind, root);
    assert(this.tables.count(table) === this.size(kind, root), "no member is lost or added");
    this.free(kind, root, Number.MAX_SAFE_INTEGER);
    this.records.setKind(entry, SetKind.table);
    this.records.setPointer(entry, table);
  }

  /** A new table with the members of a set. */
  #tableOf(kind: number, root: number): number {
    const table = this.tables.create();
    const walk = this.#walk;
    walk.openRoot(kind, root);
    while (walk.next()) {
      const { bytes, start, end } = walk;
      const hash = this.tables.hash(bytes, start, end);
      this.#members.insert(null, table, hash, bytes, start, end, NO_BYTES, 0, 0);
    }
    return table;
  }

  /** Makes a set whose members are all integers an integer set, if it is small enough. */
  becomeIntegers(entry: number): void {
    const kind = this.records.kind(entry);
    if (kind === SetKind.integers || this.count(entry) > this.integersMax) return;
    const root = this.records.pointer(entry);
    let set = this.integers.create();
    const walk = this.#walk;
    walk.openRoot(kind, root);
    while (walk.next()) {
      const isInteger = this.integers.parse(walk.bytes, walk.start, walk.end);
      assert(isInteger, "a set becomes an integer set only if all members are integers");
      set = this.integers.add(set);
    }
    assert(this.integers.count(set) === this.size(kind, root), "no member is lost or added");
    this.free(kind, root, Number.MAX_SAFE_INTEGER);
    this.records.setKind(entry, SetKind.integers);
    this.records.setPointer(entry, set);
  }

  // As a data type

  size(kind: number, root: number): number {
    if (kind === SetKind.table) return this.tables.count(root);
    return kind === SetKind.integers ? this.integers.count(root) : this.packed.count(root);
  }

  free(kind: number, root: number, budget: number): boolean {
    if (kind === SetKind.table) return this.#members.free(root, budget);
    this.memory.free(root);
    return true;
  }

  copy(kind: number, root: number): number {
    if (kind === SetKind.integers) return this.integers.copy(root);
    if (kind === SetKind.packed) return this.packed.copy(root);
    return this.#tableOf(kind, root);
  }

  bytesUsed(kind: number, root: number): number {
    return kind === SetKind.table ? this.#members.bytesUsed(root) : this.memory.sizeOf(root);
  }

  verify(kind: number, root: number): void {
    if (kind === SetKind.integers) {
      this.integers.verify(root);
    } else if (kind === SetKind.packed) {
      this.packed.verify(root);
    } else {
      assert(kind === SetKind.table, "a set has one of the encodings of sets");
      this.tables.verify(root);
    }
  }

  verifyFrom(kind: number, root: number, from: number, budget: number): number {
    if (kind === SetKind.table) return this.#members.verifyFrom(root, from, budget);
    this.verify(kind, root);
    return 0;
  }

  memberTable(kind: number, root: number): number {
    return kind === SetKind.table ? root : 0;
  }

  observe(observer: ChangeObserver | null): void {
    this.#observer = observer;
    this.#members.observer = observer;
  }

  // Saved: an integer set as it lies in memory, or members one after the other. Redis 7.0 does not
  // know packed sets.

  formatOf(kind: number): number {
    return kind === SetKind.integers ? Format.integers : Format.plain;
  }

  save(kind: number, root: number, sink: ValueSink): void {
    if (kind === SetKind.integers) {
      const start = (root & PLACE_MASK) << 3;
      const end = start + this.integers.lengthBytes(root);
      sink.string(this.memory.u8[root >>> PLACE_BITS], start, end);
      return;
    }
    sink.length(this.size(kind, root));
    const walk = this.#walk;
    walk.openRoot(kind, root);
    while (walk.next()) sink.string(walk.bytes, walk.start, walk.end);
  }

  load(format: number, source: ValueSource): number {
    let holder = 0;
    if (format === Format.plain) {
      const count = source.count();
      // The first member says which encoding suits, as where a set is made by a command.
      if (count > 0) source.string();
      const { bytes, start, end } = source;
      const root = this.create(count, bytes, start, end, true);
      const kind = this.createdKind;
      holder = this.records.createPointer(kind, NO_BYTES, 0, 0, root, 0, NO_DEADLINE, 0);
      for (let i = 0; i < count && !source.failed; i++) {
        if (i > 0) source.string();
        if (source.failed) break;
        if (!this.gather(holder, source.bytes, source.start, source.end)) {
          source.fail("a set has a member twice");
        }
      }
    } else {
      source.string();
      const { bytes, start, end } = source;
      holder = this.createHolder();
      if (format === Format.integers) this.#loadIntegers(holder, bytes, start, end, source);
      else this.#loadPacked(holder, bytes, start, end, source);
    }
    this.createdKind = this.records.kind(holder);
    const root = this.records.pointer(holder);
    this.memory.free(holder);
    if (!source.failed && this.size(this.createdKind, root) > 0) return root;
    while (!this.free(this.createdKind, root, Number.MAX_SAFE_INTEGER));
    return 0;
  }

  #loadIntegers(
    holder: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    source: ValueSource,
  ): void {
    const set = source.failed ? 0 : this.integers.fromBytes(bytes, start, end);
    if (set === 0) {
      if (!source.failed) source.fail("an integer set is not sound");
      return;
    }
    this.memory.free(this.records.pointer(holder));
    this.records.setPointer(holder, set);
    if (this.integers.count(set) > this.integersMax) this.#becomeTable(holder, SetKind.integers);
  }

  #loadPacked(
    holder: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    source: ValueSource,
  ): void {
    if (source.failed) return;
    if (checkListpack(bytes, start, end) < 0) {
      return source.fail("the listpack of a set is not sound");
    }
    this.memory.free(this.records.pointer(holder));
    this.records.setKind(holder, SetKind.packed);
    this.records.setPointer(holder, this.packed.create());
    const list = this.packed.fromListpack(bytes, start, end);
    const { walk } = this; // the other walks where the set changes its encoding
    walk.openRoot(SetKind.packed, list);
    while (!source.failed && walk.next()) {
      if (!this.gather(holder, walk.bytes, walk.start, walk.end)) {
        source.fail("a set has a member twice");
      }
    }
    this.packed.free(list);
  }

  saveMember(record: number, sink: ValueSink): void {
    const { records } = this;
    records.key(record);
    sink.string(records.bytes, records.start, records.end);
  }

  digest(entry: number, into: ValueDigest): void {
    const walk = this.#walk;
    walk.open(entry);
    while (walk.next()) into.member(walk.bytes, walk.start, walk.end);
  }
}

/**
 * Walks over a set's members: `while (walk.next())` with the member in bytes, start, end.
 * REQUIRES: the set does not change between open or openBatch and the last next. Other sets may.
 */
export class SetWalk {
  bytes: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;
  /** Whether the walk is over an integer set; its members are in the register low, high too. */
  ofIntegers = false;
  low = 0;
  high = 0;

  readonly #memory: Memory;
  readonly #records: Records;
  readonly #integers: IntegerSets;
  readonly #packed: PackedLists;
  readonly #table: TableWalk;
  #kind: number = SetKind.integers;
  #root = 0;
  /** Index of the next integer or cursor of the next packed entry; 0 ends a packed walk. */
  #at = 0;
  #count = 0;

  constructor(sets: Sets) {
    this.#memory = sets.memory;
    this.#records = sets.records;
    // Scratch of its own, so that a range stays while the set's own operations go on.
    this.#integers = new IntegerSets(sets.memory);
    this.#packed = new PackedLists(sets.memory);
    this.#table = new TableWalk(sets.tables);
  }

  /** Begins a walk over all members. */
  open(entry: number): void {
    this.openRoot(this.#records.kind(entry), this.#records.pointer(entry));
  }

  openRoot(kind: number, root: number): void {
    this.#begin(kind, root);
    if (kind === SetKind.table) this.#table.open(root);
  }

  /**
   * Begins a walk over the batch that belongs to a scan cursor (all of a small set) and returns
   * the next batch's cursor, 0 at the end. The set may change between batches: a member that is
   * there all the time is seen.
   */
  openBatch(entry: number, cursor: number): number {
    const kind = this.#records.kind(entry);
    const root = this.#records.pointer(entry);
    this.#begin(kind, root);
    return kind === SetKind.table ? this.#table.openBatch(root, cursor) : 0;
  }

  #begin(kind: number, root: number): void {
    this.#kind = kind;
    this.#root = root;
    this.ofIntegers = kind === SetKind.integers;
    if (kind === SetKind.integers) {
      this.#at = 0;
      this.#count = this.#integers.wholeCount(root);
    } else if (kind === SetKind.packed) {
      this.#at = this.#packed.first(root);
    }
  }

  /** Goes to the next member; false at the end. */
  next(): boolean {
    if (this.#kind === SetKind.table) {
      const record = this.#table.next();
      if (record === 0) return false;
      const segment = record >>> PLACE_BITS;
      const words = this.#memory.i32[segment];
      const at = (record & PLACE_MASK) << 1;
      const word = words[at];
      const start = (at << 2) + headerBytes(word);
      this.bytes = this.#memory.u8[segment];
      this.start = start;
      this.end = start + ((word & LONG_KEY) === 0 ? words[at + 1] & 0xffff : words[at + 2]);
      if (!(this.end <= this.bytes.length)) torn();
      return true;
    }
    return this.#kind === SetKind.integers ? this.#nextInteger() : this.#nextPacked();
  }

  #nextInteger(): boolean {
    if (this.#at === this.#count) return false;
    const integers = this.#integers;
    this.start = integers.at(this.#root, this.#at++);
    this.low = integers.low;
    this.high = integers.high;
    this.bytes = integers.text;
    this.end = DECIMAL_END;
    return true;
  }

  #nextPacked(): boolean {
    const at = this.#at;
    if (at < PACKED_HEADER) return false;
    const packed = this.#packed;
    packed.read(this.#root, at);
    this.bytes = packed.bytes;
    this.start = packed.start;
    this.end = packed.end;
    this.#at = packed.next(this.#root, at);
    return true;
  }
}
