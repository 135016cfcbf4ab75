// Hash tables of records (see record.ts), by linear hashing over cache-line buckets. They serve
// the keyspace, large hashes and large sets. A table grows and shrinks by one bucket at a time,
// so that no operation ever pays for a rehash of the rest.
//
// Terms. Bucket: 64 bytes with room for 12 records. Chain: a bucket and the overflow buckets
// linked behind it. Tag: the top 8 bits of a record's hash, or 1 when they are 0; 0 marks a free
// slot. Round: the time in which the bucket count goes from one power of two to the next; within
// it, bucket `count − 2^level` is the next to be split.
//
//   bucket  0  u8 × 12  tags          12  i32  next overflow bucket, or 0
//          16  i32 × 12 records
//
//   header  0  i32 records            4  i32 buckets        8  i32 mask: 2^level − 1
//          12  i32 chunk, or directory once there are more than CHUNK_BUCKETS
//          16  i32 chunks in use (0: `chunk` is the only one)   20  i32 room: buckets in the only
//              chunk, or chunks in the directory            24  i32 overflow buckets   28  unused
//
// A hash h belongs to bucket h mod 2^(level+1) if there is one, else to h mod 2^level. Buckets lie
// in chunks of 1024 (64 KiB); a small table has one shorter chunk that doubles up to that.
// At a mean of 8 records a bucket the table takes about 9 bytes for each record.
//
// A reader without a lock may meet any bytes. A chain has at most CHAIN_BUCKETS_MAX buckets, which
// no keyed hash comes near, and a walk begins with chains(), which believes no header that cannot
// be one: so whatever is searched or walked through ends.
//
// Invariants, checked by verify():
//  (1) 2^level ≤ buckets < 2^(level+1);
//  (2) every record lies in the chain of its hash's bucket, under its tag;
//  (3) slots fill from the front: only the last bucket of a chain has free slots, behind the
//      used ones, and it is empty only if it is the chain's first;
//  (4) the header's counts of records and overflow buckets are true.
//
// Cost: find reads one or two cache lines besides the record; insert and remove may split or merge
// one bucket. A cursor of scan() counts in reversed bits, so that every record that is there
// during a whole scan is seen, however the table grows or shrinks (Redis's guarantee).

import { assert } from "../base/assert.ts";
import type { Hasher } from "../base/hash.ts";
import { torn } from "../base/torn-read.ts";
import { extentBytes } from "../memory/extent.ts";
import { type Memory, PLACE_BITS, PLACE_MASK } from "../memory/memory.ts";
import { headerBytes, LONG_KEY, type Records } from "./record.ts";

const BUCKET_BYTES = 64;
const BUCKET_UNITS = BUCKET_BYTES >> 3;
const SLOTS = 12;
const LINK = 3;
const FIRST_RECORD = 4;

const H = {
  count: 0,
  buckets: 1,
  mask: 2,
  chunk: 3,
  chunks: 4,
  room: 5,
  overflow: 6,
  order: 7,
} as const;
const HEADER_BYTES = 32;

const CHUNK_SHIFT = 10;
const CHUNK_BUCKETS = 1 << CHUNK_SHIFT;
const BUCKETS_MIN = 4;
const DIRECTORY_MIN = 8;
const CHAIN_BUCKETS_MAX = 1 << 14;

/** Mean records a bucket above which one is split, and below which one is merged. */
const SPLIT_ABOVE = 8;
const MERGE_BELOW = 4;

/**
 * A draw hits a record with a chance of 1 in 32 at worst (one record in BUCKETS_MIN buckets): that
 * so many in a row do not, nobody will see.
 */
const DRAWS_MAX = 1 << 14;
/** The most slots from which is drawn: chains of a table that is split in time are far shorter. */
const DRAWN_SLOTS_MAX = 1 << 10;

/** Draws from 0 … n − 1. */
export interface Chance {
  below(n: number): number;
}

/** Frees what a record owns and the record itself. */
export interface Disposer {
  dispose(record: number): void;
}

export class HashTables {
  readonly memory: Memory;
  readonly records: Records;
  readonly hasher: Hasher;

  /** Records found by scan() or collect(), until the next of them: found[0 … foundCount − 1]. */
  found: Int32Array = new Int32Array(64);
  foundCount = 0;

  // Those that change their bucket in a split or a merge: changes leave `found` alone.
  #moving: Int32Array = new Int32Array(64);
  #movingCount = 0;

  /** Overflow buckets of the chain that verifyChain() has checked. */
  overflowSeen = 0;

  /** What was read only to load it, kept so that no compiler leaves it out. */
  loaded = 0;

  // Where find() found its record: the word of the slot's reference in #slotSegment.
  #slotSegment = 0;
  #slotWord = 0;

  readonly #lossesWord: number;

  // A hash that is known: see knowHash().
  #knownBytes: Uint8Array = new Uint8Array(0);
  #knownStart = -1;
  #knownEnd = -1;
  #knownHash = 0;

  /** @param lossesWord the word of the memory's root area that counts losses */
  constructor(memory: Memory, records: Records, hasher: Hasher, lossesWord: number) {
    this.#lossesWord = lossesWord;
    this.memory = memory;
    this.records = records;
    this.hasher = hasher;
  }

  /** A new empty table; its header's reference stays the same for the table's life. */
  create(): number {
    const memory = this.memory;
    const table = memory.allocate(HEADER_BYTES);
    const chunk = memory.allocate(BUCKETS_MIN * BUCKET_BYTES);
    for (let i = 0; i < BUCKETS_MIN; i++) this.#clearBucket(chunk + i * BUCKET_UNITS);
    const words = memory.i32[table >>> PLACE_BITS];
    const h = (table & PLACE_MASK) << 1;
    words[h + H.count] = 0;
    words[h + H.buckets] = BUCKETS_MIN;
    words[h + H.mask] = BUCKETS_MIN - 1;
    words[h + H.chunk] = chunk;
    words[h + H.chunks] = 0;
    words[h + H.room] = BUCKETS_MIN;
    words[h + H.overflow] = 0;
    words[h + H.order] = 0;
    return table;
  }

  /**
   * A new empty table that takes so many records without being split; it is merged as any other
   * when fewer come and some of them go.
   */
  createFor(records: number): number {
    const table = this.create();
    const words = this.memory.i32[table >>> PLACE_BITS];
    const h = (table & PLACE_MASK) << 1;
    const buckets = Math.ceil(records / SPLIT_ABOVE);
    while (words[h + H.buckets] < buckets) {
      this.#makeRoom(table);
      // Room comes in powers of two up to a chunk, and then by chunks.
      const chunks = words[h + H.chunks];
      const end = Math.min(buckets, chunks === 0 ? words[h + H.room] : chunks * CHUNK_BUCKETS);
      for (let i = words[h + H.buckets]; i < end; i++) this.#clearBucket(this.#bucketAt(table, i));
      words[h + H.buckets] = end;
    }
    words[h + H.mask] = (1 << (31 - Math.clz32(words[h + H.buckets]))) - 1;
    return table;
  }

  /** Records in the table. */
  count(table: number): number {
    return this.memory.i32[table >>> PLACE_BITS][((table & PLACE_MASK) << 1) + H.count];
  }

  /** What says the order of the table's records, or 0: its user makes it, keeps it and frees it. */
  order(table: number): number {
    return this.memory.i32[table >>> PLACE_BITS][((table & PLACE_MASK) << 1) + H.order];
  }

  setOrder(table: number, order: number): void {
    this.memory.i32[table >>> PLACE_BITS][((table & PLACE_MASK) << 1) + H.order] = order;
  }

  /** Buckets (chains) in the table: the bound for collect(). */
  buckets(table: number): number {
    return this.memory.i32[table >>> PLACE_BITS][((table & PLACE_MASK) << 1) + H.buckets];
  }

  /**
   * As buckets, for a walk over all chains; the table need not be one. Torn where the header is not
   * a table's: so many buckets there are room for.
   */
  chains(table: number): number {
    const words = this.memory.i32[table >>> PLACE_BITS];
    const h = (table & PLACE_MASK) << 1;
    const buckets = words[h + H.buckets];
    const mask = words[h + H.mask];
    const chunks = words[h + H.chunks];
    const room = words[h + H.room];
    // The mask's ones are all at its low end, or a scan would not come round.
    const inRound =
      mask > 0 && (mask & (mask + 1)) === 0 && mask < buckets && buckets <= mask * 2 + 1;
    const fits =
      chunks === 0
        ? buckets <= room && room <= CHUNK_BUCKETS
        : chunks > 0 && chunks <= room && buckets <= chunks * CHUNK_BUCKETS;
    if (!(inRound && fits)) torn();
    if (chunks > 1 && chunks * CHUNK_BUCKETS * BUCKET_BYTES > extentBytes(this.memory)) torn();
    return buckets;
  }

  /**
   * Is another number once a record has left a table or was replaced: as long as it stays (and the
   * table is the same), so does what find() found.
   */
  get losses(): number {
    return this.memory.rootWord(this.#lossesWord);
  }

  #lose(): void {
    this.memory.setRootWord(this.#lossesWord, (this.losses + 1) | 0);
  }

  /** The hash of bytes[start, end), for find, insert and remove. */
  hash(bytes: Uint8Array, start: number, end: number): number {
    if (start === this.#knownStart && end === this.#knownEnd && bytes === this.#knownBytes) {
      return this.#knownHash;
    }
    return this.hasher.hash(bytes, start, end);
  }

  /**
   * This is the hash of bytes[start, end): it is not computed again until another is known.
   * REQUIRES: the bytes do not change until then. A start below 0 stands for nothing.
   */
  knowHash(bytes: Uint8Array, start: number, end: number, hash: number): void {
    this.#knownBytes = bytes;
    this.#knownStart = start;
    this.#knownEnd = end;
    this.#knownHash = hash;
  }

  /**
   * The record whose key is bytes[start, end), or 0. Its slot is remembered until the table
   * changes, for replaceFound() and removeFound().
   */
  find(table: number, hash: number, bytes: Uint8Array, start: number, end: number): number {
    const memory = this.memory;
    let bucket = this.#bucketOf(table, hash);
    const tag = hash >>> 24 === 0 ? 1 : hash >>> 24;
    const tags = Math.imul(tag, 0x01010101);
    const length = end - start;
    let hops = 0;
    do {
      const segment = bucket >>> PLACE_BITS;
      const words = memory.i32[segment];
      const b = (bucket & PLACE_MASK) << 1;
      for (let w = 0; w < 3; w++) {
        // A byte of `difference` is zero where the tag matches; the mask marks zero bytes (and,
        // rarely, the byte above one: the key is compared in any case).
        const difference = words[b + w] ^ tags;
        let mask = (difference - 0x01010101) & ~difference & 0x80808080;
        while (mask !== 0) {
          const slot = b + FIRST_RECORD + w * 4 + ((31 - Math.clz32(mask & -mask)) >> 3);
          const record = words[slot];
          if (record !== 0) {
            const recordSegment = record >>> PLACE_BITS;
            const r = (record & PLACE_MASK) << 1;
            const recordWords = memory.i32[recordSegment];
            const word = recordWords[r];
            const keyLength =
              (word & LONG_KEY) === 0 ? recordWords[r + 1] & 0xffff : recordWords[r + 2];
            if (keyLength === length) {
              const u8 = memory.u8[recordSegment];
              const at = (r << 2) + headerBytes(word);
              let i = 0;
              while (i < length && u8[at + i] === bytes[start + i]) i++;
              if (i === length) {
                this.#slotSegment = segment;
                this.#slotWord = slot;
                return record;
              }
            }
          }
          mask &= mask - 1;
        }
      }
      bucket = words[b + LINK];
    } while (bucket !== 0 && (++hops < CHAIN_BUCKETS_MAX || torn()));
    return 0;
  }

  /**
   * Loads the bucket of `hash` and returns the record in it that find() would look at first, or 0.
   * Its key was not compared: this only brings memory nearer.
   */
  approach(table: number, hash: number): number {
    const bucket = this.#bucketOf(table, hash);
    const words = this.memory.i32[bucket >>> PLACE_BITS];
    const b = (bucket & PLACE_MASK) << 1;
    const tags = Math.imul(hash >>> 24 === 0 ? 1 : hash >>> 24, 0x01010101);
    for (let w = 0; w < 3; w++) {
      const difference = words[b + w] ^ tags;
      const mask = (difference - 0x01010101) & ~difference & 0x80808080;
      if (mask !== 0) {
        return words[b + FIRST_RECORD + w * 4 + ((31 - Math.clz32(mask & -mask)) >> 3)];
      }
    }
    return 0;
  }

  /** Puts `record` where find() found another with the same key. */
  replaceFound(record: number): void {
    this.memory.i32[this.#slotSegment][this.#slotWord] = record;
    this.#lose();
  }

  /** Puts `moved` in the place of `record`, which has the same key. REQUIRES: it is there. */
  replace(table: number, record: number, moved: number): void {
    this.#slotOf(table, this.#hashOf(moved), record);
    this.replaceFound(moved);
  }

  /** Adds a record. REQUIRES: no record with its key is there, and `hash` is its key's. */
  insert(table: number, hash: number, record: number): void {
    this.#put(table, this.#bucketOf(table, hash), hash >>> 24 === 0 ? 1 : hash >>> 24, record);
    const words = this.memory.i32[table >>> PLACE_BITS];
    const h = (table & PLACE_MASK) << 1;
    const count = words[h + H.count] + 1;
    words[h + H.count] = count;
    if (count > words[h + H.buckets] * SPLIT_ABOVE) this.#split(table);
  }

  /** Takes out the record with the key bytes[start, end) and returns it, or 0. Not freed. */
  remove(table: number, hash: number, bytes: Uint8Array, start: number, end: number): number {
    const record = this.find(table, hash, bytes, start, end);
    if (record !== 0) this.removeFound(table, hash);
    return record;
  }

  /** Takes out `record`. REQUIRES: it is there. */
  removeRecord(table: number, record: number): void {
    const hash = this.#hashOf(record);
    this.#slotOf(table, hash, record);
    this.removeFound(table, hash);
  }

  /** Puts the records of chain `bucket` (0 … buckets − 1) into found; returns how many. */
  collect(table: number, bucket: number): number {
    this.#find(this.#bucketAt(table, bucket));
    return this.foundCount;
  }

  /**
   * One step of a scan: puts the records of the cursor's chain into found and returns the next
   * cursor, 0 at the end. A scan begins with cursor 0.
   */
  scan(table: number, cursor: number): number {
    this.chains(table);
    const mask = this.#scanMask(table, cursor);
    this.#find(this.#bucketAt(table, cursor & mask));
    return reverseBits((reverseBits(cursor | ~mask) + 1) | 0) >>> 0;
  }

  /** The chain at which a scan with this cursor looks. */
  scanned(table: number, cursor: number): number {
    return cursor & this.#scanMask(table, cursor);
  }

  /** The bits of a cursor that are its chain's number. */
  #scanMask(table: number, cursor: number): number {
    const words = this.memory.i32[table >>> PLACE_BITS];
    const h = (table & PLACE_MASK) << 1;
    const mask = words[h + H.mask];
    const bucket = cursor & (mask * 2 + 1);
    if (bucket >= words[h + H.buckets]) return mask;
    // Not split in this round: it holds what its sibling would.
    if (bucket <= mask && bucket + mask + 1 >= words[h + H.buckets]) return mask;
    return mask * 2 + 1;
  }

  /** A record drawn uniformly, or 0 from an empty table. */
  random(table: number, chance: Chance): number {
    if (this.count(table) === 0) return 0;
    const buckets = this.chains(table);
    const words = this.memory.i32[table >>> PLACE_BITS];
    const h = (table & PLACE_MASK) << 1;
    // A slot number below `bound`, which no chain is longer than with a keyed hash, is drawn with
    // the bucket, and drawn again where the chain is shorter: each record has the same chance. A
    // chain that has not been split in this round holds `mean` records on average.
    const mean = words[h + H.count] / (words[h + H.mask] + 1);
    const bound = Math.ceil(mean + 6 * Math.sqrt(mean)) + 4;
    if (!(bound <= DRAWN_SLOTS_MAX)) torn();
    for (let draw = 0; draw < DRAWS_MAX; draw++) {
      const bucket = this.#bucketAt(table, chance.below(buckets));
      const slot = chance.below(bound);
      const record = this.#chainRecordOrNone(bucket, slot);
      if (record !== 0) return record;
    }
    return torn();
  }

  #chainRecordOrNone(first: number, index: number): number {
    let bucket = first;
    let slot = index;
    for (; slot >= SLOTS; slot -= SLOTS) {
      bucket = this.memory.i32[bucket >>> PLACE_BITS][((bucket & PLACE_MASK) << 1) + LINK];
      if (bucket === 0) return 0;
    }
    return this.memory.i32[bucket >>> PLACE_BITS][
      ((bucket & PLACE_MASK) << 1) + FIRST_RECORD + slot
    ];
  }

  /**
   * Frees up to `budget` records with `disposer` and, when none is left, the table.
   * Returns whether the table is gone; until then it holds what is left.
   */
  free(table: number, budget: number, disposer: Disposer): boolean {
    const memory = this.memory;
    const words = memory.i32[table >>> PLACE_BITS];
    const h = (table & PLACE_MASK) << 1;
    let left = budget;
    this.#lose();
    while (words[h + H.buckets] > 0 && left > 0) {
      const last = words[h + H.buckets] - 1;
      const bucket = this.#bucketAt(table, last);
      // A copy, since what is disposed of may hold a table itself, which is then freed as well.
      const doomed = this.#moved(bucket).slice(0, this.#movingCount);
      const count = doomed.length;
      for (let i = 0; i < count; i++) disposer.dispose(doomed[i]);
      words[h + H.count] -= count;
      left -= count + 1;
      this.#freeOverflow(table, bucket);
      this.#clearBucket(bucket);
      this.#dropLastBucket(table);
    }
    if (words[h + H.buckets] > 0) return false;
    if (words[h + H.chunks] > 0) {
      const directory = words[h + H.chunk];
      const entries = memory.i32[directory >>> PLACE_BITS];
      const d = (directory & PLACE_MASK) << 1;
      for (let i = 0; i < words[h + H.chunks]; i++) memory.free(entries[d + i]);
    }
    memory.free(words[h + H.chunk]);
    memory.free(table);
    return true;
  }

  /** Bytes of the table itself: header, directory, chunks and overflow buckets. */
  bytesUsed(table: number): number {
    const memory = this.memory;
    const words = memory.i32[table >>> PLACE_BITS];
    const h = (table & PLACE_MASK) << 1;
    const chunks = words[h + H.chunks];
    return (
      memory.sizeOf(table) +
      memory.sizeOf(words[h + H.chunk]) +
      chunks * CHUNK_BUCKETS * BUCKET_BYTES +
      words[h + H.overflow] * BUCKET_BYTES
    );
  }

  // Buckets

  #bucketOf(table: number, hash: number): number {
    const words = this.memory.i32[table >>> PLACE_BITS];
    const h = (table & PLACE_MASK) << 1;
    const mask = words[h + H.mask];
    let index = hash & (mask * 2 + 1);
    if (index >= words[h + H.buckets]) index &= mask;
    if (words[h + H.chunks] === 0) return words[h + H.chunk] + index * BUCKET_UNITS;
    const directory = words[h + H.chunk];
    const chunk =
      this.memory.i32[directory >>> PLACE_BITS][
        ((directory & PLACE_MASK) << 1) + (index >>> CHUNK_SHIFT)
      ];
    return chunk + (index & (CHUNK_BUCKETS - 1)) * BUCKET_UNITS;
  }

  #bucketAt(table: number, index: number): number {
    const words = this.memory.i32[table >>> PLACE_BITS];
    const h = (table & PLACE_MASK) << 1;
    if (words[h + H.chunks] === 0) return words[h + H.chunk] + index * BUCKET_UNITS;
    const directory = words[h + H.chunk];
    const chunk =
      this.memory.i32[directory >>> PLACE_BITS][
        ((directory & PLACE_MASK) << 1) + (index >>> CHUNK_SHIFT)
      ];
    return chunk + (index & (CHUNK_BUCKETS - 1)) * BUCKET_UNITS;
  }

  #clearBucket(bucket: number): void {
    const words = this.memory.i32[bucket >>> PLACE_BITS];
    const b = (bucket & PLACE_MASK) << 1;
    for (let i = 0; i < BUCKET_BYTES >> 2; i++) words[b + i] = 0;
  }

  /** Slots in use of one bucket, which fill from the front. */
  #slotsUsed(bucket: number): number {
    const words = this.memory.i32[bucket >>> PLACE_BITS];
    const b = ((bucket & PLACE_MASK) << 1) + FIRST_RECORD;
    let used = 0;
    while (used < SLOTS && words[b + used] !== 0) used++;
    return used;
  }

  #put(table: number, bucket: number, tag: number, record: number): void {
    const memory = this.memory;
    let last = bucket;
    let words = memory.i32[last >>> PLACE_BITS];
    let b = (last & PLACE_MASK) << 1;
    while (words[b + LINK] !== 0) {
      last = words[b + LINK];
      words = memory.i32[last >>> PLACE_BITS];
      b = (last & PLACE_MASK) << 1;
    }
    let slot = this.#slotsUsed(last);
    if (slot === SLOTS) {
      const overflow = memory.allocate(BUCKET_BYTES);
      this.#clearBucket(overflow);
      words[b + LINK] = overflow;
      this.#countOverflow(table, 1);
      last = overflow;
      words = memory.i32[last >>> PLACE_BITS];
      b = (last & PLACE_MASK) << 1;
      slot = 0;
    }
    memory.u8[last >>> PLACE_BITS][(b << 2) + slot] = tag;
    words[b + FIRST_RECORD + slot] = record;
  }

  #countOverflow(table: number, change: number): void {
    this.memory.i32[table >>> PLACE_BITS][((table & PLACE_MASK) << 1) + H.overflow] += change;
  }

  #freeOverflow(table: number, bucket: number): void {
    const memory = this.memory;
    let next = memory.i32[bucket >>> PLACE_BITS][((bucket & PLACE_MASK) << 1) + LINK];
    while (next !== 0) {
      const after = memory.i32[next >>> PLACE_BITS][((next & PLACE_MASK) << 1) + LINK];
      memory.free(next);
      this.#countOverflow(table, -1);
      next = after;
    }
  }

  /** Puts the records of a chain into found. */
  #find(first: number): void {
    this.found = this.#roomFor(first, this.found);
    this.foundCount = this.#chainInto(first, this.found);
  }

  /** The scratch, or a longer one in its place: it has room for all records of a chain. */
  #roomFor(first: number, scratch: Int32Array): Int32Array {
    let room = 0;
    for (let bucket = first; bucket !== 0; room += SLOTS) {
      if (room > CHAIN_BUCKETS_MAX * SLOTS) torn();
      bucket = this.memory.i32[bucket >>> PLACE_BITS][((bucket & PLACE_MASK) << 1) + LINK];
    }
    return room <= scratch.length ? scratch : new Int32Array(room * 2);
  }

  /**
   * Puts the records of a chain into `out` and returns how many. Torn where it has become longer
   * than `out` has room for, or has no end. They will be looked at next: all
   * are loaded here, at the same time, where later each would be waited for.
   */
  #chainInto(first: number, out: Int32Array): number {
    const memory = this.memory;
    let bucket = first;
    let count = 0;
    let loaded = 0;
    let hops = 0;
    while (bucket !== 0) {
      if (count + SLOTS > out.length || ++hops > CHAIN_BUCKETS_MAX) torn();
      const words = memory.i32[bucket >>> PLACE_BITS];
      const b = (bucket & PLACE_MASK) << 1;
      for (let slot = 0; slot < SLOTS; slot++) {
        const record = words[b + FIRST_RECORD + slot];
        if (record === 0) break;
        out[count++] = record;
        loaded ^= memory.i32[record >>> PLACE_BITS][(record & PLACE_MASK) << 1];
      }
      bucket = words[b + LINK];
    }
    this.loaded = loaded;
    return count;
  }

  #hashOf(record: number): number {
    this.records.key(record);
    return this.hasher.hash(this.records.bytes, this.records.start, this.records.end);
  }

  #slotOf(table: number, hash: number, record: number): void {
    let bucket = this.#bucketOf(table, hash);
    while (bucket !== 0) {
      const segment = bucket >>> PLACE_BITS;
      const words = this.memory.i32[segment];
      const b = (bucket & PLACE_MASK) << 1;
      for (let slot = 0; slot < SLOTS; slot++) {
        if (words[b + FIRST_RECORD + slot] === record) {
          this.#slotSegment = segment;
          this.#slotWord = b + FIRST_RECORD + slot;
          return;
        }
      }
      bucket = words[b + LINK];
    }
    assert(false, "the record is in its table");
  }

  /**
   * Takes out the record that find() found. REQUIRES: the table did not change since.
   * The chain's last record fills the slot, so that no hole is left.
   */
  removeFound(table: number, hash: number): void {
    const memory = this.memory;
    this.#lose();
    let previous = 0;
    let last = this.#bucketOf(table, hash);
    for (;;) {
      const next = memory.i32[last >>> PLACE_BITS][((last & PLACE_MASK) << 1) + LINK];
      if (next === 0) break;
      previous = last;
      last = next;
    }
    const words = memory.i32[last >>> PLACE_BITS];
    const u8 = memory.u8[last >>> PLACE_BITS];
    const b = (last & PLACE_MASK) << 1;
    const slot = this.#slotsUsed(last) - 1;
    const at = this.#slotWord & ~15;
    memory.i32[this.#slotSegment][this.#slotWord] = words[b + FIRST_RECORD + slot];
    memory.u8[this.#slotSegment][(at << 2) + (this.#slotWord - at - FIRST_RECORD)] =
      u8[(b << 2) + slot];
    words[b + FIRST_RECORD + slot] = 0;
    u8[(b << 2) + slot] = 0;
    if (slot === 0 && previous !== 0) {
      memory.i32[previous >>> PLACE_BITS][((previous & PLACE_MASK) << 1) + LINK] = 0;
      memory.free(last);
      this.#countOverflow(table, -1);
    }
    const header = memory.i32[table >>> PLACE_BITS];
    const h = (table & PLACE_MASK) << 1;
    const count = header[h + H.count] - 1;
    header[h + H.count] = count;
    const buckets = header[h + H.buckets];
    if (buckets > BUCKETS_MIN && count < buckets * MERGE_BELOW) this.#merge(table);
  }

  // Growing and shrinking

  /** The records of a chain that is about to be emptied; #movingCount is how many. */
  #moved(first: number): Int32Array {
    this.#moving = this.#roomFor(first, this.#moving);
    this.#movingCount = this.#chainInto(first, this.#moving);
    return this.#moving;
  }

  #split(table: number): void {
    const memory = this.memory;
    this.#makeRoom(table);
    const words = memory.i32[table >>> PLACE_BITS];
    const h = (table & PLACE_MASK) << 1;
    const buckets = words[h + H.buckets];
    const mask = words[h + H.mask];
    const low = this.#bucketAt(table, buckets - mask - 1);
    const high = this.#bucketAt(table, buckets);
    this.#clearBucket(high);
    const moving = this.#moved(low);
    this.#freeOverflow(table, low);
    this.#clearBucket(low);
    for (let i = 0; i < this.#movingCount; i++) {
      const record = moving[i];
      const hash = this.#hashOf(record);
      const tag = hash >>> 24 === 0 ? 1 : hash >>> 24;
      this.#put(table, (hash & (mask + 1)) === 0 ? low : high, tag, record);
    }
    words[h + H.buckets] = buckets + 1;
    if (buckets + 1 === (mask + 1) * 2) words[h + H.mask] = mask * 2 + 1;
  }

  #merge(table: number): void {
    const words = this.memory.i32[table >>> PLACE_BITS];
    const h = (table & PLACE_MASK) << 1;
    const last = words[h + H.buckets] - 1;
    const high = this.#bucketAt(table, last);
    const moving = this.#moved(high);
    this.#freeOverflow(table, high);
    this.#clearBucket(high);
    this.#dropLastBucket(table);
    const low = this.#bucketAt(table, last & words[h + H.mask]);
    for (let i = 0; i < this.#movingCount; i++) {
      const record = moving[i];
      const hash = this.#hashOf(record);
      this.#put(table, low, hash >>> 24 === 0 ? 1 : hash >>> 24, record);
    }
  }

  /** Makes room for one more bucket: a longer only chunk, or one more chunk. */
  #makeRoom(table: number): void {
    const words = this.memory.i32[table >>> PLACE_BITS];
    const h = (table & PLACE_MASK) << 1;
    const buckets = words[h + H.buckets];
    if (words[h + H.chunks] === 0) {
      const room = words[h + H.room];
      if (buckets < room) return;
      if (room < CHUNK_BUCKETS) {
        this.#setRoom(table, room * 2, room * BUCKET_BYTES, BUCKET_BYTES);
        return;
      }
    }
    if (buckets >= words[h + H.chunks] * CHUNK_BUCKETS) this.#addChunk(table);
  }

  /** Moves the only chunk, or the directory, to a block with another room. */
  #setRoom(table: number, room: number, keep: number, bytesEach: number): void {
    const memory = this.memory;
    const words = memory.i32[table >>> PLACE_BITS];
    const h = (table & PLACE_MASK) << 1;
    const moved = memory.allocate(room * bytesEach);
    memory.copy(words[h + H.chunk], 0, moved, 0, keep);
    memory.free(words[h + H.chunk]);
    words[h + H.chunk] = moved;
    words[h + H.room] = room;
  }

  /** Adds a chunk behind those that are full; the second one brings the directory. */
  #addChunk(table: number): void {
    const memory = this.memory;
    const words = memory.i32[table >>> PLACE_BITS];
    const h = (table & PLACE_MASK) << 1;
    if (words[h + H.chunks] === 0) {
      const directory = memory.allocate(DIRECTORY_MIN * 4);
      memory.i32[directory >>> PLACE_BITS][(directory & PLACE_MASK) << 1] = words[h + H.chunk];
      words[h + H.chunk] = directory;
      words[h + H.chunks] = 1;
      words[h + H.room] = DIRECTORY_MIN;
    }
    const chunks = words[h + H.chunks];
    if (chunks === words[h + H.room]) this.#setRoom(table, chunks * 2, chunks * 4, 4);
    const chunk = memory.allocate(CHUNK_BUCKETS * BUCKET_BYTES);
    const directory = words[h + H.chunk];
    memory.i32[directory >>> PLACE_BITS][((directory & PLACE_MASK) << 1) + chunks] = chunk;
    words[h + H.chunks] = chunks + 1;
  }

  #dropLastBucket(table: number): void {
    const memory = this.memory;
    const words = memory.i32[table >>> PLACE_BITS];
    const h = (table & PLACE_MASK) << 1;
    const buckets = words[h + H.buckets] - 1;
    words[h + H.buckets] = buckets;
    if (buckets <= words[h + H.mask]) words[h + H.mask] >>= 1;
    const chunks = words[h + H.chunks];
    if (chunks === 0) {
      const room = words[h + H.room];
      if (room > BUCKETS_MIN && buckets >= BUCKETS_MIN && buckets <= room >> 2) {
        words[h + H.chunk] = memory.reallocate(
          words[h + H.chunk],
          (room >> 1) * BUCKET_BYTES,
          buckets * BUCKET_BYTES,
        );
        words[h + H.room] = room >> 1;
      }
    } else if (chunks > 1 && buckets <= (chunks - 2) * CHUNK_BUCKETS + CHUNK_BUCKETS / 2) {
      this.#dropLastChunk(table);
    }
  }

  /** Frees the last chunk, which is empty; the directory goes with the second one. */
  #dropLastChunk(table: number): void {
    const memory = this.memory;
    const words = memory.i32[table >>> PLACE_BITS];
    const h = (table & PLACE_MASK) << 1;
    const chunks = words[h + H.chunks];
    const directory = words[h + H.chunk];
    const entries = memory.i32[directory >>> PLACE_BITS];
    const d = (directory & PLACE_MASK) << 1;
    memory.free(entries[d + chunks - 1]);
    words[h + H.chunks] = chunks - 1;
    if (chunks > 2) return;
    words[h + H.chunk] = entries[d];
    words[h + H.chunks] = 0;
    words[h + H.room] = CHUNK_BUCKETS;
    memory.free(directory);
  }

  /** Chunks behind a directory, or 0; see reshape(). */
  chunks(table: number): number {
    return this.memory.i32[table >>> PLACE_BITS][((table & PLACE_MASK) << 1) + H.chunks];
  }

  /** Buckets in the only chunk, or chunks in the directory; see reshape(). */
  room(table: number): number {
    return this.memory.i32[table >>> PLACE_BITS][((table & PLACE_MASK) << 1) + H.room];
  }

  /**
   * Gives a table the buckets, chunks and room back that it had: then it takes what it took.
   * REQUIRES: it had them, and holds the records that it held then.
   */
  reshape(table: number, buckets: number, chunks: number, room: number): void {
    const words = this.memory.i32[table >>> PLACE_BITS];
    const h = (table & PLACE_MASK) << 1;
    while (words[h + H.buckets] > buckets) this.#merge(table);
    while (words[h + H.buckets] < buckets) this.#split(table);
    while (words[h + H.chunks] > chunks) this.#dropLastChunk(table);
    while (words[h + H.chunks] < chunks) this.#addChunk(table);
    if (words[h + H.room] === room) return;
    if (chunks > 0) this.#setRoom(table, room, chunks * 4, 4);
    else this.#setRoom(table, room, buckets * BUCKET_BYTES, BUCKET_BYTES);
  }

  /** Checks every invariant of the essay above; stops with an assertion where one is broken. */
  verify(table: number): void {
    let records = 0;
    let overflow = 0;
    for (let bucket = 0; bucket < this.buckets(table); bucket++) {
      records += this.verifyChain(table, bucket);
      overflow += this.overflowSeen;
    }
    this.verifyTotals(table, records, overflow);
  }

  /** As verify, of what the header says: all chains have so many records and overflow buckets. */
  verifyTotals(table: number, records: number, overflow: number): void {
    const words = this.memory.i32[table >>> PLACE_BITS];
    const h = (table & PLACE_MASK) << 1;
    const mask = words[h + H.mask];
    const buckets = words[h + H.buckets];
    assert(mask < buckets && buckets <= mask * 2 + 1, "the bucket count lies in its round");
    assert(records === words[h + H.count], "the count of records is true");
    assert(overflow === words[h + H.overflow], "the count of overflow buckets is true");
  }

  /** As verify, of one chain; returns its records, overflowSeen are its overflow buckets. */
  verifyChain(table: number, index: number): number {
    const first = this.#bucketAt(table, index);
    let records = 0;
    this.overflowSeen = -1;
    for (let bucket = first; bucket !== 0; ) {
      const words = this.memory.i32[bucket >>> PLACE_BITS];
      const b = (bucket & PLACE_MASK) << 1;
      const used = this.#slotsUsed(bucket);
      records += used;
      this.overflowSeen++;
      assert(used > 0 || bucket === first, "no overflow bucket is empty");
      assert(used === SLOTS || words[b + LINK] === 0, "only the last bucket has room");
      for (let slot = 0; slot < SLOTS; slot++) {
        const record = words[b + FIRST_RECORD + slot];
        const tag = this.memory.u8[bucket >>> PLACE_BITS][(b << 2) + slot];
        if (slot >= used) {
          assert(record === 0 && tag === 0, "free slots are clear and behind the used ones");
          continue;
        }
        const hash = this.#hashOf(record);
        assert(this.#bucketOf(table, hash) === first, "a record lies in its hash's chain");
        assert(tag === (hash >>> 24 === 0 ? 1 : hash >>> 24), "a slot has its record's tag");
      }
      bucket = words[b + LINK];
    }
    return records;
  }
}

function reverseBits(value: number): number {
  let v = value;
  v = ((v >>> 1) & 0x55555555) | ((v & 0x55555555) << 1);
  v = ((v >>> 2) & 0x33333333) | ((v & 0x33333333) << 2);
  v = ((v >>> 4) & 0x0f0f0f0f) | ((v & 0x0f0f0f0f) << 4);
  v = ((v >>> 8) & 0x00ff00ff) | ((v & 0x00ff00ff) << 8);
  return (v >>> 16) | (v << 16);
}
