// The keyspace: the numbered databases, their entries and deadlines. It knows bytes, types and
// time as it is told; no sockets, no files, no replies.
//
// Its roots, counters and settings are words of the memory's root area (memory/root-words.ts).
//
// An entry is a record (structures/record.ts): a string holds its value, a collection points to
// its structure. An entry with a deadline stands in its database's tree of deadlines too, ordered
// by time, so that the next to expire is known and expiry is exact.
//
// Freeing a large collection, or a whole database, is put on the disposal list (disposal.ts) and
// done in slices by reclaim(), so that no command pays for more than it touches.
//
// While a transaction is open that may be rolled back, there is a journal, and each change is told
// to it (entry-journal.ts): what would be freed is kept, and references stay good.
//
// Invariants, checked by verification.ts: (1) an entry is in the tree of deadlines exactly if it
// has a deadline, under that deadline; (2) no collection is empty; (3) each structure verifies.

import { assert, rethrow } from "../base/assert.ts";
import { Hasher } from "../base/hash.ts";
import { needLock } from "../base/lock-needed.ts";
import { Random } from "../base/random.ts";
import { Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import { RootWord } from "../memory/root-words.ts";
import { HashTables } from "../structures/hash-table.ts";
import { OrderedTrees } from "../structures/ordered-tree.ts";
import { DEADLINE, KIND_MASK, NO_DEADLINE, Records } from "../structures/record.ts";
import { lfuStart, lfuTouched, lruClock } from "./access-clock.ts";
import type { ChangeObserver } from "./change-observer.ts";
import {
  type CollectionType,
  type DataType,
  DataTypes,
  isCollection,
  STRING,
  TYPES_MAX,
} from "./data-type.ts";
import { DATABASE_WORDS, Databases } from "./databases.ts";
import { Disposals } from "./disposal.ts";
import { copied, renamedTo } from "./entry-copies.ts";
import { EntryJournal } from "./entry-journal.ts";
import { expireDue, expireEntry, expireMembers } from "./expiry.ts";
import { COUNTERS, Counter, Figures } from "./figures.ts";
import { Owner } from "./journal.ts";
import { CarriedLibraries, type LibraryStore } from "./libraries.ts";
import { DEAF, type KeyspaceListener } from "./listener.ts";
import { MemberDeadlines } from "./member-deadlines.ts";
import { type EvictionPolicy, Settings, SettingWord } from "./settings.ts";
import { resized } from "./string-growth.ts";
import { Verification } from "./verification.ts";
import { WatchedKeys } from "./watched-keys.ts";

export const DATABASES_MAX = 64;
/** Elements of large collections freed behind each command while something waits to be freed. */
const RECLAIM_STEP = 64;

const NO_SEED = new Int32Array(4);

/** Stands for "leave the deadline as it is" in setString. */
export const KEEP_DEADLINE = -2;

/** Words of a type's settings; the last is 1 once they have values. */
const TYPE_WORDS = 16;

export class Keyspace {
  readonly memory: Memory;
  readonly records: Records;
  readonly tables: HashTables;
  readonly deadlines: OrderedTrees;
  readonly members: MemberDeadlines;
  readonly watched: WatchedKeys;
  readonly random: Random;
  readonly databases: number;
  /** The number of the thread, from 1 on. */
  readonly member: number;
  readonly types: DataTypes = new DataTypes();
  readonly settings: Settings;
  readonly figures: Figures;
  /** What waits to be freed. */
  readonly disposals: Disposals;
  /** Where the databases' roots lie; no journal hears of what is changed there. */
  readonly roots: Databases;
  listener: KeyspaceListener = DEAF;

  /** Told of an error that ended a deletion of what expired: throws it, or what stands for it. */
  interrupted: (error: unknown) => void = rethrow;

  /** The time that this command sees, milliseconds since 1970. Set by setNow(). */
  now = 0;
  /** Off: asking for an entry leaves its access clock alone (CLIENT NO-TOUCH). */
  touching = true;
  /** What is looked up is looked up without the lock: see beginReading(). */
  reading = false;

  /** While a transaction is open that may be rolled back: whoever changes something tells it. */
  journal: EntryJournal | null = null;

  /** Is told before an entry changes, while a snapshot is taken. */
  observer: ChangeObserver | null = null;

  /** Set when a deadline was added: whoever waits for the next one looks again. */
  deadlineAdded = false;

  readonly #journal: EntryJournal;
  /** The functions that are kept beside the keys. */
  libraries: LibraryStore = new CarriedLibraries();
  /** Somebody has done half of what is to count as one, and goes on with it later: a script. */
  isHalfWay = false;
  #clock = 0;
  #knownBytes: Uint8Array = new Uint8Array(0);
  #knownStart = -1;
  #knownEnd = -1;
  #knownHash = 0;
  #knownRepeats = false;
  // The known key's entry if it repeats and was found, in which table, and tables.losses then.
  #knownEntry = 0;
  #knownTable = 0;
  #knownLosses = 0;
  /** Written so that loading an entry is not optimised away; never read. */
  #loaded = 0;
  readonly #words: Int32Array;
  readonly #typeOfKind: Uint8Array = this.types.typeOfKind;
  readonly #counters: Float64Array;

  /**
   * Sets up the memory, unless it has been. Who comes later draws random numbers of its own, since
   * look-ups without the lock draw some too.
   * @param seed two words of the hash function's key, and two from which random numbers start
   * @param member the thread's number
   * @param draws whether it may draw from those of the whole
   */
  constructor(memory: Memory, databases: number, seed: Int32Array, member = 1, draws = true) {
    assert(databases >= 1 && databases <= DATABASES_MAX, "the number of databases is in range");
    this.memory = memory;
    this.databases = databases;
    this.#words = memory.i32[0].subarray(Memory.userRootAt);
    this.member = member;
    this.figures = new Figures(memory, RootWord.counters, member, COUNTERS);
    this.#counters = this.figures.cells;
    this.settings = new Settings(this.#words);
    const random = new Random(this.#words, RootWord.random);
    if (this.#words[RootWord.ready] === 0) {
      this.#words[RootWord.ready] = 1;
      this.#words[RootWord.databaseCount] = databases;
      this.#words.set(seed.subarray(0, 2), RootWord.hashKey);
      this.settings.setUp();
      this.random = random.seed(seed[2], seed[3]);
    } else {
      assert(this.#words[RootWord.databaseCount] === databases, "the databases are those there");
      this.random = new Random();
      if (draws) this.random.seed(random.next32(), random.next32());
    }
    this.records = new Records(memory);
    const hasher = new Hasher(this.#words[RootWord.hashKey], this.#words[RootWord.hashKey + 1]);
    this.tables = new HashTables(memory, this.records, hasher, RootWord.losses);
    this.deadlines = new OrderedTrees(memory);
    const { records, tables, deadlines, types } = this;
    this.disposals = new Disposals(memory, records, tables, deadlines, types, RootWord.disposals);
    this.watched = new WatchedKeys(memory, this.tables, this.records, RootWord.watched);
    this.members = new MemberDeadlines(tables, records, deadlines, this);
    const words = this.#words.subarray(RootWord.databases);
    this.roots = new Databases(memory, records, tables, deadlines, this.members, types, words);
    this.#journal = new EntryJournal(this.roots, this.disposals, RootWord.journal);
  }

  /**
   * The keyspace that another thread has set up in this memory, for a thread of this number.
   * REQUIRES: nobody else changes anything meanwhile, or while the data types are registered.
   */
  static attach(memory: Memory, member: number): Keyspace {
    assert(memory.rootWord(RootWord.ready) === 1, "a keyspace is there to attach to");
    return new Keyspace(memory, memory.rootWord(RootWord.databaseCount), NO_SEED, member);
  }

  /** Other objects on what a thread has: nothing that it draws depends on whether they are made. */
  static view(memory: Memory, member: number): Keyspace {
    return new Keyspace(memory, memory.rootWord(RootWord.databaseCount), NO_SEED, member, false);
  }

  /** Adds a data type. */
  register(type: DataType | CollectionType): void {
    this.types.register(type);
    if (type.undo !== undefined) this.#journal.notes.own(Owner.types + type.type, type.undo);
  }

  setNow(nowMs: number): void {
    if (nowMs === this.now) return;
    this.now = nowMs;
    this.#clock = this.settings.lfu ? lfuStart(nowMs) : lruClock(nowMs);
  }

  /** While a log is replayed no deadline passes: what it deleted then, it says. */
  beginLoading(nowMs: number): void {
    this.setNow(nowMs);
    this.now = 0;
  }

  /** Which entries are evicted from now on; entries keep frequencies or times accordingly. */
  setEvictionPolicy(policy: EvictionPolicy): void {
    this.settings.evictionPolicy = policy;
    this.#clock = this.settings.lfu ? lfuStart(this.now) : lruClock(this.now);
  }

  /**
   * The words in which a data type keeps its settings, shared as everything else; they have the
   * `initial` values until they are set.
   */
  settingsOf(type: number, initial: readonly number[]): Int32Array {
    assert(type < TYPES_MAX && initial.length < TYPE_WORDS, "a type's settings fit their words");
    const at = RootWord.types + type * TYPE_WORDS;
    const words = this.#words.subarray(at, at + TYPE_WORDS);
    if (words[TYPE_WORDS - 1] === 0) {
      words.set(initial);
      words[TYPE_WORDS - 1] = 1;
    }
    return words;
  }

  /** What this thread has counted. */
  counter(index: number): number {
    return this.#counters[index];
  }

  /** What all threads have counted since they were reset. */
  total(index: number): number {
    return this.figures.total(index);
  }

  count(index: number, by = 1): void {
    this.#counters[index] += by;
  }

  // Databases

  /** The table of a database, or 0 while it has no entries. */
  table(db: number): number {
    return this.#words[RootWord.databases + db * DATABASE_WORDS];
  }

  /** The tree of a database's deadlines, or 0 while none has one. */
  deadlineTree(db: number): number {
    return this.roots.tree(db);
  }

  /** Entries in a database, those that have expired but are not deleted yet among them. */
  size(db: number): number {
    const table = this.table(db);
    return table === 0 ? 0 : this.tables.count(table);
  }

  /** Entries of a database that have a deadline. */
  deadlineCount(db: number): number {
    const tree = this.deadlineTree(db);
    return tree === 0 ? 0 : this.deadlines.count(tree);
  }

  // Finding

  /** Loads the bucket of a key's hash; returns the entry it is likely to be, for touch(), or 0. */
  approach(db: number, hash: number): number {
    const table = this.#words[RootWord.databases + db * DATABASE_WORDS];
    return table === 0 ? 0 : this.tables.approach(table, hash);
  }

  /** The table in which the members of what the entry holds are looked up; 0: there is none. */
  memberTable(entry: number): number {
    const kind = this.records.kind(entry);
    const type = this.types.collections[kind];
    return type === undefined ? 0 : type.memberTable(kind, this.records.pointer(entry));
  }

  /** Loads an entry, or a member or field. */
  touch(entry: number): void {
    this.#loaded ^= this.memory.i32[entry >>> PLACE_BITS][((entry & PLACE_MASK) << 1) + 2];
  }

  /**
   * The key bytes[start, end) has this hash, and is not hashed again until another key is known. It
   * is the one that was known before (`repeats`), or will be known next (`repeated`): then it is
   * not looked for again either, as long as the entry stays that was found.
   * REQUIRES: the bytes do not change until then. A start below 0 stands for no key.
   */
  knowKey(
    bytes: Uint8Array,
    start: number,
    end: number,
    hash: number,
    repeats: boolean,
    repeated: boolean,
  ): void {
    this.#knownBytes = bytes;
    this.#knownStart = start;
    this.#knownEnd = end;
    this.#knownHash = hash;
    this.#knownRepeats = repeats || repeated;
    if (!repeats) this.#knownEntry = 0;
  }

  #isKnown(bytes: Uint8Array, start: number, end: number): boolean {
    return start === this.#knownStart && end === this.#knownEnd && bytes === this.#knownBytes;
  }

  #hashOf(bytes: Uint8Array, start: number, end: number): number {
    return this.#isKnown(bytes, start, end) ? this.#knownHash : this.tables.hash(bytes, start, end);
  }

  /** As find below, but the entry may have expired, and its slot is remembered by the tables. */
  #entryOf(db: number, bytes: Uint8Array, start: number, end: number): number {
    const table = this.#words[RootWord.databases + db * DATABASE_WORDS];
    if (table === 0) return 0;
    return this.tables.find(table, this.#hashOf(bytes, start, end), bytes, start, end);
  }

  /** As #entryOf, for the known key, without the slot. */
  #knownEntryOf(db: number, bytes: Uint8Array, start: number, end: number): number {
    const table = this.#words[RootWord.databases + db * DATABASE_WORDS];
    const { losses } = this.tables;
    if (this.#knownEntry !== 0 && this.#knownTable === table && this.#knownLosses === losses) {
      return this.#knownEntry;
    }
    const entry = this.#entryOf(db, bytes, start, end);
    this.#knownEntry = entry;
    this.#knownTable = table;
    this.#knownLosses = losses;
    return entry;
  }

  /** The entry with the key bytes[start, end), or 0. One whose deadline has passed is deleted. */
  find(db: number, bytes: Uint8Array, start: number, end: number): number {
    const entry =
      this.#knownRepeats && this.#isKnown(bytes, start, end)
        ? this.#knownEntryOf(db, bytes, start, end)
        : this.#entryOf(db, bytes, start, end);
    if (entry === 0) return 0;
    const words = this.memory.i32[entry >>> PLACE_BITS];
    const at = (entry & PLACE_MASK) << 1;
    const word = words[at];
    if ((word & DEADLINE) !== 0 && this.records.deadline(entry) < this.now) {
      this.expire(db, entry);
      return 0;
    }
    if (((this.types.deadlineKinds >>> (word & KIND_MASK)) & 1) !== 0) {
      if (expireMembers(this, db, entry)) return 0;
    }
    if (this.touching) {
      if (this.#words[SettingWord.lfu] !== 0) this.#touchFrequency(entry);
      else if (word >>> 8 !== this.#clock) {
        if (this.journal !== null) this.journal.clocked(entry, word >>> 8);
        words[at] = (word & 0xff) | (this.#clock << 8);
      }
    }
    return entry;
  }

  /**
   * As find, but leaves the access clock alone. The tables remember the entry's slot until they
   * change.
   */
  peek(db: number, bytes: Uint8Array, start: number, end: number): number {
    const entry = this.#entryOf(db, bytes, start, end);
    if (entry === 0) return 0;
    if (this.#isPast(entry)) {
      this.expire(db, entry);
      return 0;
    }
    return this.roots.isOfDeadlines(entry) && expireMembers(this, db, entry) ? 0 : entry;
  }

  /**
   * What follows only looks up, and does so without the lock: what it finds may be torn, and
   * nothing is written. Access clocks are left alone; where something is to be written all the
   * same, an entry to be deleted that has expired, `lockNeeded` is thrown.
   */
  beginReading(): void {
    this.reading = true;
    this.touching = false;
  }

  endReading(): void {
    this.reading = false;
    this.touching = true;
  }

  /** What the present command finds is marked as used in any case. */
  touchAll(): void {
    if (this.reading) needLock();
    this.touching = true;
  }

  #touchFrequency(entry: number): void {
    const chance = (this.random.next32() >>> 0) / 4294967296;
    const clock = this.records.clock(entry);
    const { lfuDecayMinutes, lfuLogFactor } = this.settings;
    const touched = lfuTouched(clock, this.now, lfuDecayMinutes, lfuLogFactor, chance);
    if (this.journal !== null && touched !== clock) this.journal.clocked(entry, clock);
    this.records.setClock(entry, touched);
  }

  /** The number of an entry's type. */
  typeOf(entry: number): number {
    return this.#typeOfKind[
      this.memory.u8[entry >>> PLACE_BITS][(entry & PLACE_MASK) << 3] & KIND_MASK
    ];
  }

  /** Whether the entry's deadline has passed, or those of all its members. */
  isExpired(entry: number): boolean {
    if (this.#isPast(entry)) return true;
    if (!this.roots.isOfDeadlines(entry)) return false;
    return this.members.areAllPast(this.records.pointer(entry));
  }

  #isPast(entry: number): boolean {
    return this.records.hasDeadline(entry) && this.records.deadline(entry) < this.now;
  }

  // Changing

  /**
   * Sets the key to a string, whatever was there. `deadline` is in milliseconds since 1970,
   * NO_DEADLINE or KEEP_DEADLINE. `kind` is as stringKind() says, or a string kind of choice.
   * Returns whether the key is new.
   */
  setString(
    db: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    kind: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    deadline: number,
  ): boolean {
    const { tables, records, journal } = this;
    // What has expired has no deadline to keep: it goes first, and whoever hears of it is told.
    if (deadline === KEEP_DEADLINE) this.peek(db, key, keyStart, keyEnd);
    const hash = this.#hashOf(key, keyStart, keyEnd);
    const table = this.#tableOf(db);
    const entry = tables.find(table, hash, key, keyStart, keyEnd);
    let until = deadline;
    let clock = this.#clock;
    if (entry !== 0) {
      if (this.observer !== null) this.observer.beforeEntry(entry);
      const word = this.memory.i32[entry >>> PLACE_BITS][(entry & PLACE_MASK) << 1];
      const isPlain =
        (word & DEADLINE) === 0 && this.#typeOfKind[word & KIND_MASK] === STRING && deadline < 0;
      if (isPlain && (journal === null || this.#mayWriteOver(entry, valueEnd - valueStart))) {
        const moved = records.withValue(entry, kind, value, valueStart, valueEnd);
        if (moved !== entry) tables.replaceFound(moved);
        if (this.#words[SettingWord.lfu] === 0 && word >>> 8 !== this.#clock)
          records.setClock(moved, this.#clock);
        return false;
      }
      if (deadline === KEEP_DEADLINE) until = records.deadline(entry);
      if (isPlain && this.#words[SettingWord.lfu] !== 0) clock = word >>> 8;
    } else if (deadline === KEEP_DEADLINE) {
      until = NO_DEADLINE;
    }
    const made = records.create(
      kind,
      key,
      keyStart,
      keyEnd,
      value,
      valueStart,
      valueEnd,
      until,
      clock,
    );
    return this.#put(db, table, hash, entry, made);
  }

  /**
   * Sets the key to a value that lies elsewhere: a long string's block, a collection's root, which
   * are the entry's from now on. `length` is a string's, 0 of a collection. As setString else.
   */
  setPointer(
    db: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    kind: number,
    pointer: number,
    length: number,
    deadline: number,
  ): boolean {
    const { tables, records } = this;
    const hash = this.#hashOf(key, keyStart, keyEnd);
    const table = this.#tableOf(db);
    const made = records.createPointer(
      kind,
      key,
      keyStart,
      keyEnd,
      pointer,
      length,
      deadline,
      this.#clock,
    );
    const entry = tables.find(table, hash, key, keyStart, keyEnd);
    if (entry !== 0 && this.observer !== null) this.observer.beforeEntry(entry);
    return this.#put(db, table, hash, entry, made);
  }

  /** Puts an entry in the place of another of its key, or of none (0); whether the key is new. */
  #put(db: number, table: number, hash: number, entry: number, made: number): boolean {
    if (entry === 0) {
      this.#insert(db, table, hash, made);
      return true;
    }
    this.roots.unlinkDeadline(db, entry);
    this.tables.replaceFound(made);
    this.#linkDeadline(db, made);
    if (this.journal === null) this.dispose(entry);
    else this.journal.replaced(db, entry, made);
    return false;
  }

  /** Puts a new entry into a database. */
  #insert(db: number, table: number, hash: number, entry: number): void {
    const { journal } = this;
    if (journal !== null) journal.tables.readShape(table);
    this.tables.insert(table, hash, entry);
    this.#linkDeadline(db, entry);
    if (journal === null) return;
    journal.tables.noteShape(table);
    journal.inserted(db, entry);
  }

  /** Whether an entry that the journal brings back anyway takes a value of this length in place. */
  #mayWriteOver(entry: number, length: number): boolean {
    return this.#journal.isWhole(entry) && this.records.takesInPlace(entry, length);
  }

  /** Gives a string entry another value, its deadline kept; returns where the entry is now. */
  setValue(
    db: number,
    entry: number,
    kind: number,
    value: Uint8Array,
    start: number,
    end: number,
  ): number {
    const { records } = this;
    if (this.observer !== null) this.observer.beforeEntry(entry);
    if (this.journal !== null && !this.#mayWriteOver(entry, end - start)) {
      const deadline = records.deadline(entry);
      const clock = records.clock(entry);
      records.key(entry);
      const { bytes, start: keyStart, end: keyEnd } = records;
      const made = records.create(
        kind,
        bytes,
        keyStart,
        keyEnd,
        value,
        start,
        end,
        deadline,
        clock,
      );
      this.roots.move(db, entry, made);
      this.journal.replaced(db, entry, made);
      return made;
    }
    const moved = records.withValue(entry, kind, value, start, end);
    if (moved !== entry) this.roots.move(db, entry, moved);
    return moved;
  }

  /** Adds a collection entry. REQUIRES: the key is not there. */
  addCollection(
    db: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    kind: number,
    root: number,
    deadline = NO_DEADLINE,
  ): number {
    const hash = this.#hashOf(key, keyStart, keyEnd);
    const entry = this.records.createPointer(
      kind,
      key,
      keyStart,
      keyEnd,
      root,
      0,
      deadline,
      this.#clock,
    );
    this.#insert(db, this.#tableOf(db), hash, entry);
    return entry;
  }

  /**
   * Makes a string `length` bytes long, no less than it was; records.bytes, start and end then
   * describe it, for the caller to fill in the bytes [from, to), which may be the old ones or not.
   * Returns where the entry is now.
   */
  resizeString(
    db: number,
    entry: number,
    kind: number,
    length: number,
    from: number,
    to: number,
  ): number {
    return resized(this, db, entry, kind, length, from, to);
  }

  /** Sets or takes away (NO_DEADLINE) an entry's deadline; returns where the entry is now. */
  setDeadline(db: number, entry: number, deadline: number): number {
    const { records, journal } = this;
    if (this.observer !== null) this.observer.beforeEntry(entry);
    const before = records.deadline(entry);
    this.roots.unlinkDeadline(db, entry);
    const moved = records.withDeadline(entry, deadline, journal !== null);
    if (moved !== entry) this.tables.replace(this.table(db), entry, moved);
    this.#linkDeadline(db, moved);
    if (journal === null) return moved;
    if (moved !== entry) journal.recast(db, entry, moved);
    else if (before !== deadline) journal.postponed(db, entry, before);
    return moved;
  }

  /** Gives a collection another root; what it held is freed, if it is large, in slices. */
  setRoot(entry: number, kind: number, root: number): void {
    const { records, journal } = this;
    if (this.observer !== null) this.observer.beforeEntry(entry);
    const kindBefore = records.kind(entry);
    const before = records.pointer(entry);
    records.setKind(entry, kind);
    records.setPointer(entry, root);
    if (journal === null) this.disposals.disposeRoot(kindBefore, before);
    else journal.rooted(entry, kindBefore, before);
  }

  /** Deletes an entry and frees what it holds, large collections in slices. */
  remove(db: number, entry: number): void {
    this.#unlink(db, entry);
    if (this.journal === null) this.dispose(entry);
    else this.journal.removed(db, entry);
  }

  /** Takes an entry out of its database without freeing it, to stand elsewhere. */
  detach(db: number, entry: number): void {
    this.#unlink(db, entry);
    if (this.journal !== null) this.journal.detached(db, entry);
  }

  #unlink(db: number, entry: number): void {
    const { journal } = this;
    if (this.observer !== null) this.observer.beforeEntry(entry);
    if (journal !== null) journal.tables.readShape(this.table(db));
    this.roots.unlink(db, entry);
    if (journal !== null) journal.tables.noteShape(this.table(db));
  }

  /** Puts a detached entry (back) into a database. REQUIRES: its key is not there. */
  attach(db: number, entry: number): void {
    const { journal } = this;
    const table = this.#tableOf(db);
    if (journal !== null) journal.tables.readShape(table);
    this.#openTrees(db, entry);
    this.roots.link(db, entry);
    if (journal === null) return;
    journal.tables.noteShape(table);
    journal.attached(db, entry);
  }

  /** A detached copy of an entry under the key bytes[start, end), its deadline included. */
  copyEntry(entry: number, bytes: Uint8Array, start: number, end: number): number {
    const copy = copied(this, entry, bytes, start, end);
    if (this.journal !== null) this.journal.created(copy);
    return copy;
  }

  /**
   * A detached entry with `entry`'s value and deadline under another key; `entry` itself is freed.
   * REQUIRES: `entry` is detached.
   */
  rename(entry: number, bytes: Uint8Array, start: number, end: number): number {
    const renamed = renamedTo(this.records, entry, bytes, start, end);
    if (this.journal === null) this.memory.free(entry);
    else this.journal.renamed(entry, renamed);
    return renamed;
  }

  #tableOf(db: number): number {
    const at = RootWord.databases + db * DATABASE_WORDS;
    if (this.#words[at] === 0) {
      this.#words[at] = this.tables.create();
      if (this.journal !== null) this.journal.tableOpened(db);
    }
    return this.#words[at];
  }

  /** Puts an entry into the trees of deadlines, if it or its members have some. */
  #linkDeadline(db: number, entry: number): void {
    if (this.#openTrees(db, entry)) this.roots.linkDeadline(db, entry);
  }

  /** An entry is about to come into a database; whether its trees may concern it. */
  #openTrees(db: number, entry: number): boolean {
    const ofMembers = this.roots.isOfDeadlines(entry);
    const hasDeadline = this.records.hasDeadline(entry);
    if (ofMembers) this.openMemberTree(db);
    if (hasDeadline) this.#openTree(db);
    return ofMembers || hasDeadline;
  }

  /** A deadline is about to be added. */
  #openTree(db: number): void {
    this.deadlineAdded = true;
    if (this.roots.tree(db) !== 0) return;
    this.roots.setTree(db, this.deadlines.create());
    if (this.journal !== null) this.journal.treeOpened(db);
  }

  /** Members of a collection in the database may have deadlines. */
  openMemberTree(db: number): void {
    this.deadlineAdded = true;
    if (this.roots.memberTree(db) !== 0) return;
    this.roots.setMemberTree(db, this.deadlines.create());
    if (this.journal !== null) this.journal.memberTreeOpened(db);
  }

  // Expiry

  /** Deletes an entry because its deadline has passed. */
  expire(db: number, entry: number): void {
    expireEntry(this, db, entry);
  }

  /** Deletes up to `budget` entries, and members, whose deadline has passed; returns how many. */
  expireDue(budget: number): number {
    return this.settings.activeExpiry ? expireDue(this, budget) : 0;
  }

  // Whole databases

  /** Empties a database; what it held is freed in slices. Returns how many entries it had. */
  flush(db: number): number {
    const size = this.size(db);
    const table = this.table(db);
    const tree = this.deadlineTree(db);
    const memberTree = this.roots.memberTree(db);
    this.roots.setTable(db, 0);
    this.roots.setTree(db, 0);
    this.roots.setMemberTree(db, 0);
    if (this.journal === null) this.disposals.disposeRoots(table, tree, memberTree);
    else this.journal.flushed(db, table, tree, memberTree);
    return size;
  }

  /** Databases that have become empty give up their tables too: then they take nothing. */
  dropEmpty(): void {
    for (let db = 0; db < this.databases; db++) {
      if (this.table(db) !== 0 && this.size(db) === 0) this.flush(db);
    }
  }

  /** Exchanges two databases. */
  swap(a: number, b: number): void {
    this.roots.exchange(a, b);
    if (this.journal !== null) this.journal.swapped(a, b);
  }

  // Transactions that may be rolled back

  /** A transaction begins, perhaps within another; returns its mark. */
  begin(): number {
    this.#tell(this.#journal);
    return this.#journal.notes.mark();
  }

  /**
   * Whether another thread has changed something in a transaction that is open: it has died, or it
   * waits for what this one does for it. REQUIRES: the lock; this thread has none open.
   */
  get isLeftOpen(): boolean {
    return this.#journal.notes.isLeft;
  }

  /** Takes back all of a transaction that was left open. REQUIRES: isLeftOpen. */
  rollBackLeft(): void {
    this.#journal.notes.takeOver();
    this.rollBack(0);
    this.end();
  }

  /** Takes back everything since a mark. The transaction is still open. */
  rollBack(mark: number): void {
    this.#tell(null);
    this.#journal.notes.rollBack(mark);
    this.deadlineAdded = true;
    this.#tell(this.#journal);
  }

  /** The outermost transaction ends: what was not rolled back holds. */
  end(): void {
    this.#tell(null);
    this.#journal.notes.forget();
  }

  #tell(journal: EntryJournal | null): void {
    this.journal = journal;
    for (const type of this.types.collections) if (type !== undefined) type.journal = journal;
  }

  // Snapshots

  /** Makes records with another mark, and tells an observer of changes; null: nobody. */
  observe(observer: ChangeObserver | null, mark: number): void {
    this.observer = observer;
    this.records.mark = mark;
    this.records.observer = observer;
    this.disposals.observer = observer;
    for (const type of this.types) if (isCollection(type)) type.observe(observer, mark);
  }

  // Disposal

  /** Frees a detached entry and what it holds; a large collection later, in slices. */
  dispose(entry: number): void {
    this.disposals.dispose(entry);
  }

  /** Whether something waits to be freed: asked after every command. */
  get disposing(): boolean {
    return this.#words[RootWord.disposals] !== 0;
  }

  /** Frees about `budget` elements of what waits to be freed, or as many as behind each command. */
  reclaim(budget = RECLAIM_STEP): void {
    if (this.reading) return;
    this.#counters[Counter.lazyFreed] += this.disposals.reclaim(budget);
  }

  /** Bytes of an entry with all that it holds, its share of the table not counted. */
  bytesUsed(entry: number): number {
    const kind = this.records.kind(entry);
    const type = this.types.collections[kind];
    if (type === undefined) return this.records.bytesUsed(entry);
    return this.memory.sizeOf(entry) + type.bytesUsed(kind, this.records.pointer(entry));
  }

  /** Checks every invariant of the keyspace and its structures; stops with an assertion. */
  verify(): void {
    new Verification(this).run();
  }
}
