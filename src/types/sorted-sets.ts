// Sorted sets: distinct byte strings, the members, each with a score, a double that is not NaN. In
// order they stand by score, and among equal scores by their bytes. Two encodings:
//
//   packed  at most `entriesMax` members of at most `valueMax` bytes: a packed list in order, each
//           member followed by its score's text (−0 becomes 0 there, as in Redis)
//   table   anything else: a hash table and an ordered tree of the same records
//           (scored-members.ts). Redis calls it skiplist, and so does OBJECT ENCODING
//
// A sorted set only ever goes from the first to the second, as Redis's do. Operations take the
// entry: the record in the keyspace whose kind is the encoding and whose pointer is the root.
//
// Rank: how many members come before, from 0 on. A change takes two steps: find() looks for the
// member, and add(), setScore() or removeFound() change what it has found, or not found.
//
// Cost: of a packed set O(members); of a table O(log n) but for find, which is O(1).

import { assert } from "../base/assert.ts";
import { compareBytes, copyBytes } from "../base/bytes.ts";
import { DOUBLE_TEXT_MAX, parseDouble, writeDouble, writePreciseDouble } from "../base/doubles.ts";
import type { ChangeObserver } from "../keyspace/change-observer.ts";
import type {
  CollectionType,
  ScoreSource,
  ValueDigest,
  ValueSink,
  ValueSource,
} from "../keyspace/data-type.ts";
import { type EntryJournal, listening } from "../keyspace/entry-journal.ts";
import type { Undoer } from "../keyspace/journal.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import { ZiplistReader } from "../structures/foreign-lists.ts";
import type { Chance, HashTables } from "../structures/hash-table.ts";
import { checkListpack, PACKED_BYTES_MAX, PackedLists } from "../structures/packed-list.ts";
import { NO_DEADLINE, type Records } from "../structures/record.ts";
import { ScoredMembers, SORTED_SET, SortedSetKind } from "./scored-members.ts";
import { packedScore, SortedSetWalk, scorePlace } from "./sorted-set-walk.ts";

export { SORTED_SET, SortedSetKind } from "./scored-members.ts";

const Setting = { entriesMax: 0, valueMax: 1 } as const;
const ENTRIES_MAX = 128;
const VALUE_MAX = 64;
/** Room is made beforehand for up to so many members. */
const ROOM_MAX = 1 << 16;
const NO_BYTES = new Uint8Array(0);

/** The encodings of sorted sets in RDB files (rdb.h of Redis 7.0). */
const Format = { spelled: 3, plain: 5, ziplist: 12, packed: 17 } as const;

/** The sorted sets of a keyspace: a handler gives its context, whatever else has one itself. */
export function sortedSetsOf(owner: { readonly keyspace: Keyspace }): SortedSets {
  return owner.keyspace.types.byNumber[SORTED_SET] as SortedSets;
}

export class SortedSets implements CollectionType {
  readonly type: number = SORTED_SET;
  readonly name = "zset";
  readonly kinds = [
    [SortedSetKind.packed, "listpack"],
    [SortedSetKind.table, "skiplist"],
  ] as const;
  readonly settings = {
    "zset-max-listpack-entries": (value: number): void => {
      this.entriesMax = value;
    },
    "zset-max-listpack-value": (value: number): void => {
      this.valueMax = value;
    },
  };
  readonly formats = Object.values(Format);
  readonly undo: Undoer;
  /** The kind that goes with the root that create or load returned. */
  createdKind: number = SortedSetKind.packed;
  journal: EntryJournal | null = null;
  #observer: ChangeObserver | null = null;
  readonly records: Records;
  readonly tables: HashTables;
  readonly packed: PackedLists;
  readonly large: ScoredMembers;

  /** The score of the member that find found. */
  score = 0;
  // Where it stands: its record, or its place in the packed list.
  #record = 0;
  #at = 0;

  /** The member that pick drew; its score is in `score`. */
  bytes: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;
  #picked = 0;

  /** A walk for whoever needs one at a time; changes of encoding use another. */
  readonly walk: SortedSetWalk;
  readonly #walk: SortedSetWalk;
  readonly scores: ScoreSource;

  readonly #settings: Int32Array;
  readonly #digits = new Uint8Array(DOUBLE_TEXT_MAX);

  constructor(keyspace: Keyspace) {
    const { memory, records, tables } = keyspace;
    this.#settings = keyspace.settingsOf(SORTED_SET, [ENTRIES_MAX, VALUE_MAX]);
    this.records = records;
    this.tables = tables;
    this.packed = new PackedLists(memory);
    this.large = new ScoredMembers(keyspace);
    this.undo = this.large;
    this.walk = new SortedSetWalk(keyspace, this.large);
    this.#walk = new SortedSetWalk(keyspace, this.large);
    this.scores = new Scores(keyspace, this);
  }

  /** zset-max-listpack-entries. */
  get entriesMax(): number {
    return this.#settings[Setting.entriesMax];
  }

  set entriesMax(value: number) {
    this.#settings[Setting.entriesMax] = value;
  }

  /** zset-max-listpack-value. */
  get valueMax(): number {
    return this.#settings[Setting.valueMax];
  }

  set valueMax(value: number) {
    this.#settings[Setting.valueMax] = value;
  }

  // Making sorted sets

  /** The root of a new empty sorted set. */
  create(): number {
    this.createdKind = SortedSetKind.packed;
    return this.packed.create();
  }

  /**
   * An entry without a key, for a sorted set that is built before it is stored. The caller stores
   * its root or frees that, and frees the entry with records.memory.free.
   */
  createHolder(): number {
    const root = this.create();
    return this.records.createPointer(this.createdKind, NO_BYTES, 0, 0, root, 0, NO_DEADLINE, 0);
  }

  // Members

  count(entry: number): number {
    return this.size(this.records.kind(entry), this.records.pointer(entry));
  }

  /** Whether a member is there; its score is in `score` then. */
  find(entry: number, bytes: Uint8Array, start: number, end: number): boolean {
    const root = this.records.pointer(entry);
    if (this.records.kind(entry) === SortedSetKind.table) {
      const record = this.large.find(root, bytes, start, end);
      this.#record = record;
      if (record !== 0) this.score = this.records.score(record);
      return record !== 0;
    }
    const { packed } = this;
    this.#at = packed.find(root, packed.first(root), bytes, start, end, 1);
    if (this.#at === 0) return false;
    this.score = packedScore(packed, root, scorePlace(packed, root, this.#at));
    return true;
  }

  /** Adds the member that find() has not found. REQUIRES: nothing changed since. */
  add(entry: number, bytes: Uint8Array, start: number, end: number, score: number): void {
    if (this.#observer !== null) this.#observer.beforeEntry(entry);
    const journal = listening(this.journal, entry);
    if (this.records.kind(entry) === SortedSetKind.packed) {
      if (journal !== null) journal.keep(entry);
      if (this.#fits(entry, end - start)) {
        this.#insertPacked(entry, bytes, start, end, score);
        return;
      }
      this.#becomeTable(entry);
      this.find(entry, bytes, start, end); // for its hash
      this.large.add(null, this.records.pointer(entry), bytes, start, end, score);
      return;
    }
    this.large.add(journal, this.records.pointer(entry), bytes, start, end, score);
  }

  // Building one in a holder, of which nobody is told

  /** Members will be gathered in a new holder: about so many, if one who reads is right. */
  beginGathering(expected: number): number {
    const holder = this.createHolder();
    if (expected > this.entriesMax) {
      this.#becomeTable(holder, Math.min(expected, ROOM_MAX), true);
    }
    return holder;
  }

  /** Adds the member that find() has not found in the holder. */
  gather(holder: number, bytes: Uint8Array, start: number, end: number, score: number): void {
    if (this.records.kind(holder) === SortedSetKind.packed) {
      if (!Object.is(score, -0) && this.#fits(holder, end - start)) {
        this.#insertPacked(holder, bytes, start, end, score);
        return;
      }
      this.#becomeTable(holder, 0, true);
      this.find(holder, bytes, start, end);
    }
    this.large.addLoose(this.records.pointer(holder), bytes, start, end, score);
  }

  /** Gives the member that find() has found in the holder another score. */
  gatherScore(holder: number, bytes: Uint8Array, start: number, end: number, score: number): void {
    if (this.records.kind(holder) === SortedSetKind.table) {
      this.records.setScore(this.#record, score);
      return;
    }
    const list = this.packed.removeRange(this.records.pointer(holder), this.#at, 2);
    this.records.setPointer(holder, list);
    this.find(holder, bytes, start, end); // for its hash
    this.gather(holder, bytes, start, end, score);
  }

  /** What was gathered is a sorted set: packed, where it is small enough and not just replied. */
  endGathering(holder: number, isStored = true): void {
    if (this.records.kind(holder) === SortedSetKind.packed) return;
    const root = this.records.pointer(holder);
    this.large.plant(root);
    if (!isStored || this.large.count(root) > this.entriesMax) return;
    const walk = this.#walk;
    walk.openRoot(false, root);
    let isSmall = true;
    while (isSmall && walk.next()) isSmall = walk.end - walk.start <= this.valueMax;
    if (isSmall) this.#becomePacked(holder);
  }

  #becomePacked(holder: number): void {
    const { packed, records } = this;
    const root = records.pointer(holder);
    const digits = this.#digits;
    const walk = this.#walk;
    let list = packed.create();
    walk.openRoot(false, root);
    while (walk.next()) {
      list = packed.append(list, walk.bytes, walk.start, walk.end);
      list = packed.append(list, digits, 0, writeDouble(digits, 0, walk.score + 0));
    }
    while (!this.large.free(root, Number.MAX_SAFE_INTEGER));
    records.setKind(holder, SortedSetKind.packed);
    records.setPointer(holder, list);
  }

  /** Gives the member that find() has found another score. REQUIRES: nothing changed since. */
  setScore(entry: number, bytes: Uint8Array, start: number, end: number, score: number): void {
    if (this.#observer !== null) this.#observer.beforeEntry(entry);
    const journal = listening(this.journal, entry);
    if (this.records.kind(entry) === SortedSetKind.table) {
      this.large.setScore(journal, this.records.pointer(entry), this.#record, score);
      return;
    }
    if (journal !== null) journal.keep(entry);
    const list = this.packed.removeRange(this.records.pointer(entry), this.#at, 2);
    this.records.setPointer(entry, list);
    this.#insertPacked(entry, bytes, start, end, score);
  }

  /** Takes out the member that find() has found. The sorted set may be left empty. */
  removeFound(entry: number): void {
    if (this.#observer !== null) this.#observer.beforeEntry(entry);
    const journal = listening(this.journal, entry);
    if (this.records.kind(entry) === SortedSetKind.table) {
      this.large.remove(journal, this.records.pointer(entry), this.#record);
      return;
    }
    if (journal !== null) journal.keep(entry);
    const list = this.packed.removeRange(this.records.pointer(entry), this.#at, 2);
    this.records.setPointer(entry, list);
  }

  /** Takes a member out; false when it was not there. */
  remove(entry: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.find(entry, bytes, start, end)) return false;
    this.removeFound(entry);
    return true;
  }

  /** Takes out `count` members from a rank on. REQUIRES: there are so many. */
  removeRange(entry: number, rank: number, count: number): void {
    if (count === 0) return;
    if (this.#observer !== null) this.#observer.beforeEntry(entry);
    const journal = listening(this.journal, entry);
    if (this.records.kind(entry) === SortedSetKind.table) {
      this.large.removeRange(journal, this.records.pointer(entry), rank, count);
      return;
    }
    if (journal !== null) journal.keep(entry);
    const root = this.records.pointer(entry);
    const at = this.packed.seek(root, rank * 2);
    this.records.setPointer(entry, this.packed.removeRange(root, at, count * 2));
  }

  // Order

  /** How many members come before the one that find() has found. */
  rankOfFound(entry: number): number {
    const root = this.records.pointer(entry);
    if (this.records.kind(entry) === SortedSetKind.table) {
      return this.large.trees.rank(this.large.tree(root), this.score, this.#record);
    }
    const { packed } = this;
    let rank = 0;
    for (let at = packed.first(root); at !== this.#at && at !== 0; rank++) {
      at = packed.next(root, scorePlace(packed, root, at));
    }
    return rank;
  }

  /** How many members have a smaller score, or, with `orEqual`, no greater one. */
  rankOfScore(entry: number, score: number, orEqual: boolean): number {
    const root = this.records.pointer(entry);
    if (this.records.kind(entry) === SortedSetKind.table) {
      return this.large.trees.rankOfKey(this.large.tree(root), score, orEqual);
    }
    const { packed } = this;
    let rank = 0;
    for (let at = packed.first(root); at !== 0; rank++) {
      const scoreAt = scorePlace(packed, root, at);
      const other = packedScore(packed, root, scoreAt);
      if (other > score || (other === score && !orEqual)) break;
      at = packed.next(root, scoreAt);
    }
    return rank;
  }

  /**
   * How many members are smaller than bytes[start, end), or, with `orEqual`, not greater, where all
   * scores are equal. Where they are not, the first one's is meant, as far as anything is.
   */
  rankOfBytes(
    entry: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    orEqual: boolean,
  ): number {
    const root = this.records.pointer(entry);
    if (this.records.kind(entry) === SortedSetKind.table) {
      const { trees } = this.large;
      const tree = this.large.tree(root);
      return trees.rankOfMember(tree, trees.firstKey(tree), bytes, start, end, orEqual);
    }
    const { packed } = this;
    let rank = 0;
    for (let at = packed.first(root); at !== 0; rank++) {
      packed.read(root, at);
      const order = compareBytes(packed.bytes, packed.start, packed.end, bytes, start, end);
      if (order > 0 || (order === 0 && !orEqual)) break;
      at = packed.next(root, scorePlace(packed, root, at));
    }
    return rank;
  }

  /** How many members come before (score, bytes[start, end)), or, with `orEqual`, up to it. */
  rankOfItem(
    entry: number,
    score: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    orEqual: boolean,
  ): number {
    const root = this.records.pointer(entry);
    if (this.records.kind(entry) === SortedSetKind.table) {
      return this.large.trees.rankOfMember(
        this.large.tree(root),
        score,
        bytes,
        start,
        end,
        orEqual,
      );
    }
    const walk = this.#walk;
    let rank = 0;
    for (walk.openRoot(true, root); walk.next(); rank++) {
      if (walk.score < score) continue;
      if (walk.score > score) break;
      const order = compareBytes(walk.bytes, walk.start, walk.end, bytes, start, end);
      if (order > 0 || (order === 0 && !orEqual)) break;
    }
    return rank;
  }

  /** Draws a member uniformly into bytes, start, end, score. REQUIRES: the set is not empty. */
  pick(entry: number, chance: Chance): void {
    const root = this.records.pointer(entry);
    if (this.records.kind(entry) === SortedSetKind.table) {
      const { records } = this;
      this.#picked = this.tables.random(this.large.table(root), chance);
      records.key(this.#picked);
      this.bytes = records.bytes;
      this.start = records.start;
      this.end = records.end;
      this.score = records.score(this.#picked);
      return;
    }
    const { packed } = this;
    this.#picked = packed.seek(root, chance.below(packed.count(root) >> 1) * 2);
    this.score = packedScore(packed, root, scorePlace(packed, root, this.#picked));
    packed.read(root, this.#picked);
    this.bytes = packed.bytes;
    this.start = packed.start;
    this.end = packed.end;
  }

  /** Which member pick drew: two draws from one unchanged set are the same if equal here. */
  get picked(): number {
    return this.#picked;
  }

  /** Whether few draws are cheaper than a walk, however many members there are. */
  prefersDraws(entry: number): boolean {
    return this.records.kind(entry) === SortedSetKind.table;
  }

  // Packed sets

  /** Whether a packed set has room for one more member of `length` bytes. */
  #fits(entry: number, length: number): boolean {
    const list = this.records.pointer(entry);
    return (
      length <= this.valueMax &&
      this.packed.count(list) < this.entriesMax * 2 &&
      this.packed.totalBytes(list) + length < PACKED_BYTES_MAX
    );
  }

  #insertPacked(entry: number, bytes: Uint8Array, start: number, end: number, score: number): void {
    const { packed } = this;
    let list = this.records.pointer(entry);
    let at = packed.first(list);
    while (at !== 0) {
      const scoreAt = scorePlace(packed, list, at);
      const other = packedScore(packed, list, scoreAt);
      if (other > score) break;
      if (other === score) {
        packed.read(list, at);
        const { bytes: member, start: from, end: to } = packed;
        if (compareBytes(member, from, to, bytes, start, end) > 0) break;
      }
      at = packed.next(list, scoreAt);
    }
    const digits = this.#digits;
    const digitsEnd = writeDouble(digits, 0, score + 0); // −0 is written as 0
    if (at === 0) {
      list = packed.append(list, bytes, start, end);
      list = packed.append(list, digits, 0, digitsEnd);
    } else {
      list = packed.insertBefore(list, at, digits, 0, digitsEnd);
      list = packed.insertBefore(list, at, bytes, start, end);
    }
    this.records.setPointer(entry, list);
  }

  /** `isLoose`: the members stand in no tree yet. */
  #becomeTable(entry: number, expected = 0, isLoose = false): void {
    const list = this.records.pointer(entry);
    const root = this.#tableOf(list, expected);
    assert(this.large.count(root) === this.packed.count(list) >> 1, "no member is lost or added");
    if (!isLoose) this.large.plant(root);
    this.packed.free(list);
    this.records.setKind(entry, SortedSetKind.table);
    this.records.setPointer(entry, root);
  }

  #tableOf(list: number, expected: number): number {
    const { large } = this;
    const root = large.create(expected);
    const walk = this.#walk;
    walk.openRoot(true, list);
    while (walk.next()) {
      const { bytes, start, end, score } = walk;
      large.find(root, bytes, start, end);
      large.addLoose(root, bytes, start, end, score);
    }
    return root;
  }

  // As a data type

  size(kind: number, root: number): number {
    return kind === SortedSetKind.table ? this.large.count(root) : this.packed.count(root) >> 1;
  }

  free(kind: number, root: number, budget: number): boolean {
    if (kind === SortedSetKind.table) return this.large.free(root, budget);
    this.packed.free(root);
    return true;
  }

  copy(kind: number, root: number): number {
    return kind === SortedSetKind.table ? this.large.copy(root) : this.packed.copy(root);
  }

  bytesUsed(kind: number, root: number): number {
    if (kind === SortedSetKind.packed) return this.packed.memoryUsed(root);
    return this.large.bytesUsed(root);
  }

  verify(kind: number, root: number): void {
    if (kind === SortedSetKind.packed) {
      this.packed.verify(root);
      assert(this.#isSound(root), "a packed sorted set has distinct members in order");
    } else {
      assert(kind === SortedSetKind.table, "a sorted set has one of its encodings");
      this.large.verify(root);
    }
  }

  verifyFrom(kind: number, root: number, from: number, budget: number): number {
    if (kind === SortedSetKind.table) return this.large.verifyFrom(root, from, budget);
    this.verify(kind, root);
    return 0;
  }

  memberTable(kind: number, root: number): number {
    return kind === SortedSetKind.table ? this.large.table(root) : 0;
  }

  observe(observer: ChangeObserver | null): void {
    this.#observer = observer;
    this.large.observer = observer;
  }

  // Saved: a packed list as it lies in memory, or members and scores, the last one first, as Redis
  // saves them

  formatOf(kind: number): number {
    return kind === SortedSetKind.packed ? Format.packed : Format.plain;
  }

  save(kind: number, root: number, sink: ValueSink): void {
    if (kind === SortedSetKind.packed) {
      this.packed.whole(root);
      sink.string(this.packed.bytes, this.packed.start, this.packed.end);
      return;
    }
    const count = this.large.count(root);
    sink.length(count);
    const walk = this.#walk;
    walk.openRoot(false, root, count - 1, true);
    while (walk.next()) {
      sink.string(walk.bytes, walk.start, walk.end);
      sink.double(walk.score);
    }
  }

  saveMember(record: number, sink: ValueSink): void {
    const { records } = this;
    records.key(record);
    sink.string(records.bytes, records.start, records.end);
    sink.double(records.score(record));
  }

  load(format: number, source: ValueSource): number {
    const { records } = this;
    let holder = 0;
    if (format === Format.plain || format === Format.spelled) {
      holder = this.#loadPairs(format, source);
    } else {
      source.string();
      holder = this.beginGathering(0);
      if (format === Format.ziplist) this.#loadZiplist(holder, source);
      else this.#loadPacked(holder, source);
    }
    this.endGathering(holder);
    this.createdKind = records.kind(holder);
    const root = records.pointer(holder);
    records.memory.free(holder);
    if (!source.failed && this.size(this.createdKind, root) > 0) return root;
    while (!this.free(this.createdKind, root, Number.MAX_SAFE_INTEGER));
    return 0;
  }

  #loadPairs(format: number, source: ValueSource): number {
    const count = source.count(2);
    const holder = this.beginGathering(count);
    let member = new Uint8Array(64); // the score's reading takes the member's place in the source
    for (let i = 0; i < count && !source.failed; i++) {
      source.string();
      const length = source.end - source.start;
      if (length > member.length) member = new Uint8Array(2 * length);
      copyBytes(source.bytes, source.start, source.end, member, 0);
      const score = format === Format.plain ? source.double() : source.spelledDouble();
      this.#loadMember(holder, member, 0, length, score, source);
    }
    return holder;
  }

  #loadMember(
    holder: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    score: number,
    source: ValueSource,
  ): void {
    if (source.failed) return;
    if (Number.isNaN(score)) source.fail("a score is not a number");
    else if (this.find(holder, bytes, start, end)) source.fail("a sorted set has a member twice");
    else this.gather(holder, bytes, start, end, score);
  }

  /** A listpack, as it is where it is what would be made here; else member by member. */
  #loadPacked(holder: number, source: ValueSource): void {
    if (source.failed) return;
    const { bytes, start, end } = source;
    const { packed } = this;
    const entries = checkListpack(bytes, start, end);
    if (entries < 0 || entries % 2 !== 0) {
      source.fail("the listpack of a sorted set is not sound");
      return;
    }
    const list = packed.fromListpack(bytes, start, end);
    if (this.#isSmall(list) && this.#isSound(list)) {
      packed.free(this.records.pointer(holder));
      this.records.setPointer(holder, list);
      return;
    }
    const { walk } = this; // the other one walks where the set changes its encoding
    walk.openRoot(true, list);
    while (!source.failed && walk.next()) {
      this.#loadMember(holder, walk.bytes, walk.start, walk.end, walk.score, source);
    }
    packed.free(list);
  }

  #loadZiplist(holder: number, source: ValueSource): void {
    const reader = new ZiplistReader();
    reader.open(source.bytes, source.start, source.end);
    while (!source.failed && reader.next()) {
      const member = reader.bytes.slice(reader.start, reader.end);
      const isPair = reader.next();
      const score = isPair ? parseDouble(reader.bytes, reader.start, reader.end) : Number.NaN;
      this.#loadMember(holder, member, 0, member.length, score, source);
    }
    if (!reader.isSound && !source.failed) source.fail("a packed sorted set is not sound");
  }

  #isSmall(list: number): boolean {
    const { packed } = this;
    let isSmall = packed.count(list) <= 2 * this.entriesMax;
    for (let at = packed.first(list); isSmall && at !== 0; ) {
      isSmall = packed.textLength(list, at) <= this.valueMax;
      at = packed.next(list, packed.next(list, at));
    }
    return isSmall;
  }

  /** Whether members are distinct and in order, and scores numbers, spelled as here. */
  #isSound(list: number): boolean {
    const { packed } = this;
    const digits = this.#digits;
    let before = Number.NEGATIVE_INFINITY;
    let last = NO_BYTES;
    for (let at = packed.first(list); at !== 0; ) {
      const scoreAt = scorePlace(packed, list, at);
      const score = packedScore(packed, list, scoreAt);
      if (Number.isNaN(score) || score < before) return false;
      if (!packed.equalsAt(list, scoreAt, digits, 0, writeDouble(digits, 0, score))) return false;
      packed.read(list, at);
      const { bytes, start, end } = packed;
      const isAfter = compareBytes(last, 0, last.length, bytes, start, end) < 0;
      if (at !== packed.first(list) && score === before && !isAfter) return false;
      last = bytes.slice(start, end);
      if (packed.find(list, packed.first(list), last, 0, last.length, 1) !== at) return false;
      before = score;
      at = packed.next(list, scoreAt);
    }
    return true;
  }

  digest(entry: number, into: ValueDigest): void {
    const walk = this.#walk;
    const digits = this.#digits;
    walk.open(entry);
    while (walk.next()) {
      const digitsEnd = writePreciseDouble(digits, 0, walk.score);
      into.pair(walk.bytes, walk.start, walk.end, digits, 0, digitsEnd);
    }
  }
}

/** The members of a sorted set with their scores, to be combined with others. */
class Scores extends SortedSetWalk implements ScoreSource {
  readonly #sets: SortedSets;

  constructor(keyspace: Keyspace, sets: SortedSets) {
    super(keyspace, sets.large);
    this.#sets = sets;
  }

  count(entry: number): number {
    return this.#sets.count(entry);
  }

  scoreOf(entry: number, bytes: Uint8Array, start: number, end: number): number {
    return this.#sets.find(entry, bytes, start, end) ? this.#sets.score : Number.NaN;
  }
}
