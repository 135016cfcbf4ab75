// Memory: every byte of the data set lives here, in segments of shared memory, behind 31-bit
// references. It is a page allocator (runs of 8 KiB pages with boundary tags) below a slab
// allocator (size classes over spans of pages with a free list in each span). All of its state
// (lists, counts, descriptors) lies in the segments too, so that a second thread that is handed
// the buffers sees the same memory; the object below only caches views.
//
// Terms. Segment: a stretch of shared memory, of a size that stays; each thread has views of it.
// Page: 8 KiB. Run: neighbouring pages. Span: a run cut into blocks of one size class. Reference:
// segment number (8 bits) and place (23 bits, in units of 8 bytes); 0 is null. Span id: segment
// number (8 bits) and page (13 bits).
//
//   segment     0 root area (4 KiB; used in segment 0 only)
//            4096 one 32-byte descriptor for each page
//             …   pages; the first ones hold the two tables above and are never handed out
//
//   descriptor  0 state: class + 1 of a span, LARGE, OWN or FREE; 0 for the tables themselves
//               4 pages in the run (at its first page)      8 live blocks (spans)
//              12 free list: place of the first free block 16 place of the first virgin block
//              20 next and 24 previous span of its class, or run of its bin (span ids)
//              28 first page of the run (every page of a span; first and last of other runs)
//
// A block larger than a third of a segment gets a segment of its own, sized to fit.
//
// Invariants, checked by verify():
//  (1) the runs of a segment tile it, and no two free runs are neighbours;
//  (2) a span is in its class's list exactly when it has a free block;
//  (3) live + free-listed + virgin blocks of a span = its capacity;
//  (4) used and fixed bytes = the sizes of all live blocks.
//
// Cost: allocate and free are O(1); adding a segment touches no page of it but its tables.

import { assert } from "../base/assert.ts";
import { SEGMENTS_MAX, type SharedSegments } from "./arenas.ts";
import { SEGMENTS_END, Segments } from "./segments.ts";

/** Bits of a reference that are the place; the rest is the segment number. */
export const PLACE_BITS = 23;
export const PLACE_MASK = (1 << PLACE_BITS) - 1;

const PAGE_SHIFT = 13;
const PAGE_BYTES = 1 << PAGE_SHIFT;
const SPAN_PAGE_MASK = (1 << 13) - 1;
const SEGMENTS_KEPT = 16;
const SEGMENT_BYTES_FIRST = 512 * 1024;
const SEGMENT_BYTES_MAX = 64 * 1024 * 1024;
const ROOT_BYTES = 4096;
const RUN_PAGES_MAX = SEGMENT_BYTES_MAX / PAGE_BYTES / 3;

const MIB = 1024 * 1024;
/** See Memory.isSparse. What is reserved at the start is less than the second. */
const SPARSE_USED_MAX = 16 * MIB;
const SPARSE_BYTES = 2 * MIB;

/** Blocks up to this size come from spans. */
const CLASS_BYTES_MAX = 32768;

const D = {
  state: 0,
  pages: 1,
  live: 2,
  free: 3,
  virgin: 4,
  next: 5,
  previous: 6,
  head: 7,
  words: 8,
} as const;
const D_FIRST = ROOT_BYTES / 4;

const LARGE = -1;
const OWN = -2;
const FREE = -3;
/** The word that says whether a segment is one block's own: the state of its second page. */
const OWN_STATE = D_FIRST + D.words + D.state;

// Root area, in 32-bit words (and, for the counters, in 64-bit floats).
const MAGIC = 0x54534b31;
const R = {
  magic: 0,
  spare: 2,
  usedF64: 2,
  reservedF64: 3,
  peakF64: 4,
  fixedF64: 5,
} as const;
const R_CLASSES = 16;
const CLASSES_MAX = 96;
const R_BINS = R_CLASSES + CLASSES_MAX;
const BINS = 76;
const BIN_EXACT_MAX = 64;
/** First word of the root area that belongs to the memory's user. */
const R_USER = SEGMENTS_END;
/** Words of the root area that the memory's user may lay out as it likes; they start as zeros. */
export const ROOT_WORDS = ROOT_BYTES / 4 - R_USER;

const classBytes: Int32Array = new Int32Array(CLASSES_MAX);
const classPages: Int32Array = new Int32Array(CLASSES_MAX);
const classBlocks: Int32Array = new Int32Array(CLASSES_MAX);

function classOf(bytes: number): number {
  if (bytes <= 256) return bytes === 0 ? 0 : (bytes - 1) >> 3;
  const top = 31 - Math.clz32(bytes - 1);
  return 32 + (top - 8) * 8 + ((bytes - 1 - (1 << top)) >> (top - 3));
}

function layOutClasses(): number {
  let count = 0;
  for (let bytes = 8; bytes <= CLASS_BYTES_MAX; ) {
    let pages = 1;
    for (; pages < 16; pages++) {
      const blocks = Math.floor((pages * PAGE_BYTES) / bytes);
      const waste = pages * PAGE_BYTES - blocks * bytes;
      if (blocks >= 4 && waste * 16 <= pages * PAGE_BYTES) break;
    }
    classBytes[count] = bytes;
    classPages[count] = pages;
    classBlocks[count] = Math.floor((pages * PAGE_BYTES) / bytes);
    assert(classOf(bytes) === count, "size classes are numbered as classOf numbers them");
    count++;
    bytes += bytes < 256 ? 8 : 1 << (31 - Math.clz32(bytes) - 3);
  }
  return count;
}

const CLASSES = layOutClasses();

function binOf(pages: number): number {
  if (pages <= BIN_EXACT_MAX) return pages;
  return BIN_EXACT_MAX + 1 + (31 - Math.clz32(pages >> 6));
}

/**
 * All 256 segments are in use, or none that is left is large enough: the data set has outgrown
 * what references can reach.
 */
export class MemoryExhausted extends Error {
  override readonly name = "MemoryExhausted";
  readonly code = "MEMORY_EXHAUSTED";
}

export class Memory {
  /** Views of each segment, indexed by segment number. */
  readonly u8: Uint8Array[];
  readonly i32: Int32Array[];
  readonly f64: Float64Array[];

  readonly #segments: Segments;
  readonly #root: Int32Array;
  readonly #rootF64: Float64Array;

  /** @param shared what another thread's share() returned; null: the memory is new */
  constructor(shared: SharedSegments | null = null) {
    const segments = new Segments(shared ?? SEGMENT_BYTES_FIRST);
    this.#segments = segments;
    this.u8 = segments.u8;
    this.i32 = segments.i32;
    this.f64 = segments.f64;
    this.#root = this.i32[0];
    this.#rootF64 = this.f64[0];
    if (shared === null) {
      this.#root[R.magic] = MAGIC;
      this.#rootF64[R.reservedF64] = SEGMENT_BYTES_FIRST;
      this.#freeAll(0);
    }
    assert(this.#root[R.magic] === MAGIC, "what is attached to is a memory");
  }

  // Several threads: see segments.ts

  /** The same memory, seen by another thread. */
  static attach(shared: SharedSegments): Memory {
    return new Memory(shared);
  }

  /** Whether other threads may have attached. */
  get isShared(): boolean {
    return this.#segments.isShared;
  }

  /** From now on other threads may attach, by what this returns. */
  share(): SharedSegments {
    return this.#segments.share();
  }

  /** Sees the segments that other threads have added and released; one comparison if none. */
  refresh(): void {
    this.#segments.refresh();
  }

  /** Reads word `index` (0 … ROOT_WORDS − 1) of the root area. */
  rootWord(index: number): number {
    return this.#root[R_USER + index];
  }

  setRootWord(index: number, value: number): void {
    assert(index >= 0 && index < ROOT_WORDS, "a root word lies in the root area");
    this.#root[R_USER + index] = value;
  }

  /** Where the user's part of the root area begins, in words, for counters on hot paths. */
  static readonly userRootAt = R_USER;

  /** Bytes in live blocks, each counted with its size class. */
  get usedBytes(): number {
    return this.#rootF64[R.usedF64];
  }

  /** The most that usedBytes has been. Sampled when segments or spans are added. */
  get peakBytes(): number {
    return Math.max(this.#rootF64[R.peakF64], this.usedBytes);
  }

  /** Bytes of the tables at the beginnings of segments, and of an empty memory's. */
  get tableBytes(): number {
    let bytes = 0;
    for (const segment of this.u8) if (segment.length > 0) bytes += tableBytes(segment.length);
    return bytes;
  }
  static readonly startupBytes = tableBytes(SEGMENT_BYTES_FIRST);

  /** Bytes of segments that there can still be. */
  get roomBytes(): number {
    return (SEGMENTS_MAX - this.#segments.live) * SEGMENT_BYTES_MAX;
  }

  /** Bytes of all segments, touched or not. */
  get reservedBytes(): number {
    return this.#rootF64[R.reservedF64];
  }

  /**
   * So few segments are left that nothing large should be added: allocate() throws when none is.
   * (A value above a third of a segment takes one for itself.)
   */
  get nearlyExhausted(): boolean {
    if (this.u8.length <= SEGMENTS_MAX - SEGMENTS_KEPT) return false;
    return this.#segments.live > SEGMENTS_MAX - SEGMENTS_KEPT;
  }

  /**
   * A block of at least `bytes` bytes; its contents are undefined.
   * Throws MemoryExhausted when references can reach no more.
   */
  allocate(bytes: number): number {
    if (bytes > CLASS_BYTES_MAX) return this.#allocateLarge(bytes);
    const sizeClass = classOf(bytes);
    const root = this.#root;
    let span = root[R_CLASSES + sizeClass];
    if (span === 0) span = this.#addSpan(sizeClass);
    const segment = span >>> 13;
    const words = this.i32[segment];
    const d = D_FIRST + (span & SPAN_PAGE_MASK) * D.words;
    let place = words[d + D.free];
    if (place !== 0) {
      words[d + D.free] = words[place << 1];
    } else {
      place = words[d + D.virgin];
      words[d + D.virgin] = place + (classBytes[sizeClass] >> 3);
    }
    const live = words[d + D.live] + 1;
    words[d + D.live] = live;
    if (live === classBlocks[sizeClass]) this.#unlink(R_CLASSES + sizeClass, span);
    this.#rootF64[R.usedF64] += classBytes[sizeClass];
    return (segment << PLACE_BITS) | place;
  }

  /** Gives a block back. REQUIRES: `ref` came from this memory and was not freed since. */
  free(ref: number): void {
    const segment = ref >>> PLACE_BITS;
    const place = ref & PLACE_MASK;
    const words = this.i32[segment];
    const head = words[D_FIRST + (place >>> 10) * D.words + D.head];
    const d = D_FIRST + head * D.words;
    const state = words[d];
    if (state <= 0) {
      this.#freeLarge(segment, head, state);
      return;
    }
    const sizeClass = state - 1;
    words[place << 1] = words[d + D.free];
    words[d + D.free] = place;
    const live = words[d + D.live] - 1;
    words[d + D.live] = live;
    this.#rootF64[R.usedF64] -= classBytes[sizeClass];
    const span = (segment << 13) | head;
    if (live === classBlocks[sizeClass] - 1) this.#link(R_CLASSES + sizeClass, span);
    if (live === 0) this.#spanEmptied(sizeClass, span);
  }

  /**
   * A block of zeros that stays for as long as the memory. It is not counted in usedBytes, which is
   * what data takes.
   */
  reserve(bytes: number): number {
    const ref = this.allocate(bytes);
    const segment = ref >>> PLACE_BITS;
    const start = (ref & PLACE_MASK) << 3;
    this.u8[segment].fill(0, start, start + bytes);
    const size = this.sizeOf(ref);
    this.#rootF64[R.usedF64] -= size;
    this.#rootF64[R.fixedF64] += size;
    return ref;
  }

  /** Usable bytes of a block: what was asked for, rounded up to its size class. */
  sizeOf(ref: number): number {
    const segment = ref >>> PLACE_BITS;
    const words = this.i32[segment];
    const head = words[D_FIRST + ((ref & PLACE_MASK) >>> 10) * D.words + D.head];
    const d = D_FIRST + head * D.words;
    const state = words[d];
    if (state > 0) return classBytes[state - 1];
    if (state === OWN) return this.u8[segment].length - PAGE_BYTES;
    return words[d + D.pages] << PAGE_SHIFT;
  }

  /**
   * A block of at least `bytes` bytes that begins with the first `keep` bytes of `ref`; stays in
   * place where it fits without wasting more than half.
   */
  reallocate(ref: number, bytes: number, keep: number): number {
    const size = this.sizeOf(ref);
    if (bytes <= size && (bytes > size >> 1 || size <= 64)) return ref;
    const moved = this.allocate(bytes);
    this.copy(ref, 0, moved, 0, keep);
    this.free(ref);
    return moved;
  }

  /** Copies `length` bytes between two different blocks, from byte `from` to byte `to` of each. */
  copy(source: number, from: number, target: number, to: number, length: number): void {
    const source8 = this.u8[source >>> PLACE_BITS];
    const target8 = this.u8[target >>> PLACE_BITS];
    const start = ((source & PLACE_MASK) << 3) + from;
    const at = ((target & PLACE_MASK) << 3) + to;
    if (length <= 64) {
      for (let i = 0; i < length; i++) target8[at + i] = source8[start + i];
    } else {
      target8.set(source8.subarray(start, start + length), at);
    }
  }

  /**
   * Whether so little is used of what is reserved that trim() may give much of it back. Spans are
   * only walked where few bytes are used: that bounds how many there are.
   */
  get isSparse(): boolean {
    const { usedBytes } = this;
    return usedBytes < SPARSE_USED_MAX && this.reservedBytes > usedBytes * 4 + SPARSE_BYTES;
  }

  /** Gives back every span that holds nothing, and then every segment that holds nothing. */
  trim(): void {
    const root = this.#root;
    for (let c = 0; c < CLASSES; c++) {
      let span = root[R_CLASSES + c];
      while (span !== 0) {
        const words = this.i32[span >>> 13];
        const d = D_FIRST + (span & SPAN_PAGE_MASK) * D.words;
        const next = words[d + D.next];
        if (words[d + D.live] === 0) {
          this.#unlink(R_CLASSES + c, span);
          this.#freeRun(span >>> 13, span & SPAN_PAGE_MASK, words[d + D.pages]);
        }
        span = next;
      }
    }
    const spare = root[R.spare];
    if (spare !== 0) {
      root[R.spare] = 0;
      this.#releaseSegment(spare);
    }
  }

  // Spans

  #addSpan(sizeClass: number): number {
    const pages = classPages[sizeClass];
    const span = this.#takeRun(pages);
    const segment = span >>> 13;
    const page = span & SPAN_PAGE_MASK;
    const words = this.i32[segment];
    for (let i = 0; i < pages; i++) {
      const d = D_FIRST + (page + i) * D.words;
      words[d + D.state] = sizeClass + 1;
      words[d + D.head] = page;
    }
    const d = D_FIRST + page * D.words;
    words[d + D.pages] = pages;
    words[d + D.live] = 0;
    words[d + D.free] = 0;
    words[d + D.virgin] = page << (PAGE_SHIFT - 3);
    this.#link(R_CLASSES + sizeClass, span);
    this.#notePeak();
    return span;
  }

  // One empty span a class is kept while it is the only one with room, so that a block that is
  // taken and given back in turn does not build and drop a span each time.
  #spanEmptied(sizeClass: number, span: number): void {
    const words = this.i32[span >>> 13];
    const d = D_FIRST + (span & SPAN_PAGE_MASK) * D.words;
    if (words[d + D.next] === 0 && words[d + D.previous] === 0) return;
    this.#unlink(R_CLASSES + sizeClass, span);
    this.#freeRun(span >>> 13, span & SPAN_PAGE_MASK, words[d + D.pages]);
  }

  // Large blocks

  #allocateLarge(bytes: number): number {
    const pages = Math.ceil(bytes / PAGE_BYTES);
    if (pages > RUN_PAGES_MAX) return this.#allocateOwn(pages);
    const run = this.#takeRun(pages);
    const segment = run >>> 13;
    const page = run & SPAN_PAGE_MASK;
    this.#markRun(segment, page, pages, LARGE);
    this.#rootF64[R.usedF64] += pages << PAGE_SHIFT;
    this.#notePeak();
    return (segment << PLACE_BITS) | (page << (PAGE_SHIFT - 3));
  }

  #allocateOwn(pages: number): number {
    const segment = this.#addSegment((pages + 1) * PAGE_BYTES);
    const words = this.i32[segment];
    words[OWN_STATE] = OWN;
    words[D_FIRST + D.words + D.head] = 1;
    this.#rootF64[R.usedF64] += pages * PAGE_BYTES;
    this.#notePeak();
    return (segment << PLACE_BITS) | (PAGE_BYTES >> 3);
  }

  #freeLarge(segment: number, head: number, state: number): void {
    assert(state === LARGE || state === OWN, "only a live block is freed");
    if (state === OWN) {
      this.#rootF64[R.usedF64] -= this.u8[segment].length - PAGE_BYTES;
      this.#releaseSegment(segment);
      return;
    }
    const pages = this.i32[segment][D_FIRST + head * D.words + D.pages];
    this.#rootF64[R.usedF64] -= pages << PAGE_SHIFT;
    this.#freeRun(segment, head, pages);
  }

  // Runs

  #takeRun(pages: number): number {
    const root = this.#root;
    let bin = binOf(pages);
    let run = 0;
    for (; bin < BINS; bin++) {
      run = root[R_BINS + bin];
      // In the bins of mixed lengths the first that is long enough is taken.
      while (run !== 0 && this.#runPages(run) < pages) run = this.#runNext(run);
      if (run !== 0) break;
    }
    if (run === 0) {
      this.#addSegment(
        Math.min(Math.max(this.reservedBytes, SEGMENT_BYTES_FIRST), SEGMENT_BYTES_MAX),
        pages,
      );
      return this.#takeRun(pages);
    }
    const segment = run >>> 13;
    const page = run & SPAN_PAGE_MASK;
    const length = this.#runPages(run);
    this.#unlink(R_BINS + binOf(length), run);
    if (root[R.spare] === segment) root[R.spare] = 0;
    if (length > pages) this.#putRun(segment, page + pages, length - pages);
    return run;
  }

  #freeRun(segment: number, page: number, pages: number): void {
    const words = this.i32[segment];
    const segmentPages = words.length >> (PAGE_SHIFT - 2);
    let first = page;
    let length = pages;
    const before = D_FIRST + (page - 1) * D.words;
    if (words[before + D.state] === FREE) {
      first = words[before + D.head];
      const run = (segment << 13) | first;
      length += this.#runPages(run);
      this.#unlink(R_BINS + binOf(this.#runPages(run)), run);
    }
    const after = page + pages;
    if (after < segmentPages && words[D_FIRST + after * D.words + D.state] === FREE) {
      const run = (segment << 13) | after;
      length += this.#runPages(run);
      this.#unlink(R_BINS + binOf(this.#runPages(run)), run);
    }
    this.#putRun(segment, first, length);
    if (segment !== 0 && length === segmentPages - tablePages(segmentPages)) {
      this.#segmentEmptied(segment);
    }
  }

  #putRun(segment: number, page: number, pages: number): void {
    this.#markRun(segment, page, pages, FREE);
    this.#link(R_BINS + binOf(pages), (segment << 13) | page);
  }

  #markRun(segment: number, page: number, pages: number, state: number): void {
    const words = this.i32[segment];
    const first = D_FIRST + page * D.words;
    const last = D_FIRST + (page + pages - 1) * D.words;
    words[last + D.state] = state;
    words[last + D.head] = page;
    words[first + D.state] = state;
    words[first + D.head] = page;
    words[first + D.pages] = pages;
  }

  #runPages(run: number): number {
    return this.i32[run >>> 13][D_FIRST + (run & SPAN_PAGE_MASK) * D.words + D.pages];
  }

  #runNext(run: number): number {
    return this.i32[run >>> 13][D_FIRST + (run & SPAN_PAGE_MASK) * D.words + D.next];
  }

  // The doubly linked lists of spans and of free runs. `list` is the root word of the first.

  #link(list: number, span: number): void {
    const words = this.i32[span >>> 13];
    const d = D_FIRST + (span & SPAN_PAGE_MASK) * D.words;
    const next = this.#root[list];
    words[d + D.next] = next;
    words[d + D.previous] = 0;
    if (next !== 0) {
      this.i32[next >>> 13][D_FIRST + (next & SPAN_PAGE_MASK) * D.words + D.previous] = span;
    }
    this.#root[list] = span;
  }

  #unlink(list: number, span: number): void {
    const words = this.i32[span >>> 13];
    const d = D_FIRST + (span & SPAN_PAGE_MASK) * D.words;
    const next = words[d + D.next];
    const previous = words[d + D.previous];
    if (next !== 0) {
      this.i32[next >>> 13][D_FIRST + (next & SPAN_PAGE_MASK) * D.words + D.previous] = previous;
    }
    if (previous === 0) this.#root[list] = next;
    else this.i32[previous >>> 13][D_FIRST + (previous & SPAN_PAGE_MASK) * D.words + D.next] = next;
  }

  // Segments

  #addSegment(bytes: number, pagesWanted = 0): number {
    let size = bytes;
    while (pagesWanted > 0 && size >> PAGE_SHIFT < pagesWanted + tablePages(size >> PAGE_SHIFT)) {
      size *= 2;
    }
    const segment = this.#segments.add(size, pagesWanted > 0 ? tableBytes(size) : PAGE_BYTES);
    if (segment < 0) {
      const { live } = this.#segments;
      throw new MemoryExhausted(
        `no segment is left for ${bytes} bytes: of ${SEGMENTS_MAX}, ${live} are in use`,
      );
    }
    this.#rootF64[R.reservedF64] += size;
    if (pagesWanted > 0) this.#freeAll(segment);
    return segment;
  }

  /** All pages of a new segment behind its tables are one free run. */
  #freeAll(segment: number): void {
    const pages = this.u8[segment].length >> PAGE_SHIFT;
    const tables = tablePages(pages);
    this.#putRun(segment, tables, pages - tables);
  }

  #segmentEmptied(segment: number): void {
    const spare = this.#root[R.spare];
    if (spare === 0) this.#root[R.spare] = segment;
    else if (spare !== segment) this.#releaseSegment(segment);
  }

  #releaseSegment(segment: number): void {
    const words = this.i32[segment];
    const pages = words.length >> (PAGE_SHIFT - 2);
    const first = tablePages(pages);
    const d = D_FIRST + first * D.words;
    // A segment of its own has data where others have the descriptors of their later pages.
    if (words[OWN_STATE] !== OWN && words[d + D.state] === FREE) {
      this.#unlink(R_BINS + binOf(words[d + D.pages]), (segment << 13) | first);
    }
    this.#rootF64[R.reservedF64] -= this.u8[segment].length;
    this.#segments.release(segment);
  }

  #notePeak(): void {
    const floats = this.#rootF64;
    if (floats[R.usedF64] > floats[R.peakF64]) floats[R.peakF64] = floats[R.usedF64];
  }

  /** Checks every invariant of the essay above; stops with an assertion where one is broken. */
  verify(): void {
    let used = 0;
    for (let segment = 0; segment < this.u8.length; segment++) used += this.verifySegment(segment);
    this.verifyTotals(used);
  }

  /** As verify, of one segment by itself, which may be none; returns its bytes in live blocks. */
  verifySegment(segment: number): number {
    const words = this.i32[segment];
    if (words.length === 0) return 0;
    const pages = words.length >> (PAGE_SHIFT - 2);
    if (words[OWN_STATE] === OWN) return this.u8[segment].length - PAGE_BYTES;
    let used = 0;
    let wasFree = false;
    let page = tablePages(pages);
    while (page < pages) {
      const d = D_FIRST + page * D.words;
      const state = words[d + D.state];
      assert(words[d + D.head] === page, "a run's first page names itself");
      const length = words[d + D.pages];
      assert(length > 0 && page + length <= pages, "a run lies within its segment");
      assert(!(wasFree && state === FREE), "no two free runs are neighbours");
      wasFree = state === FREE;
      if (state > 0) used += this.#verifySpan(segment, page, state - 1);
      else if (state === LARGE) used += length << PAGE_SHIFT;
      else assert(state === FREE, "a run has a known state");
      page += length;
    }
    return used;
  }

  /**
   * As verify, of what concerns all segments: `used` is what they hold together. A span with room
   * stands in its class's list if all that stand there have room and there are as many.
   */
  verifyTotals(used: number): void {
    const counted = this.usedBytes + this.#rootF64[R.fixedF64];
    assert(used === counted, "used and fixed bytes are the sizes of all live blocks");
    this.#segments.verify();
    const roomy = new Int32Array(CLASSES);
    for (let segment = 0; segment < this.u8.length; segment++) this.#countRoomy(segment, roomy);
    for (let sizeClass = 0; sizeClass < CLASSES; sizeClass++) {
      let previous = 0;
      let listed = 0;
      for (let span = this.#root[R_CLASSES + sizeClass]; span !== 0; span = this.#runNext(span)) {
        const words = this.i32[span >>> 13];
        const d = D_FIRST + (span & SPAN_PAGE_MASK) * D.words;
        assert(words[d + D.state] === sizeClass + 1, "a listed span is of its list's class");
        assert(words[d + D.live] < classBlocks[sizeClass], "a listed span has room");
        assert(words[d + D.previous] === previous, "spans are linked alike both ways");
        assert(++listed <= roomy[sizeClass], "no span is listed twice");
        previous = span;
      }
      assert(listed === roomy[sizeClass], "each span with room is listed");
    }
  }

  /** Adds the spans of a segment that have room to the number of their class. */
  #countRoomy(segment: number, roomy: Int32Array): void {
    const words = this.i32[segment];
    const pages = words.length >> (PAGE_SHIFT - 2);
    if (pages === 0 || words[OWN_STATE] === OWN) return;
    for (let page = tablePages(pages); page < pages; ) {
      const d = D_FIRST + page * D.words;
      const state = words[d + D.state];
      if (state > 0 && words[d + D.live] < classBlocks[state - 1]) roomy[state - 1]++;
      page += words[d + D.pages];
    }
  }

  #verifySpan(segment: number, page: number, sizeClass: number): number {
    const words = this.i32[segment];
    const d = D_FIRST + page * D.words;
    const first = page << (PAGE_SHIFT - 3);
    const units = classBytes[sizeClass] >> 3;
    const virgin = (words[d + D.virgin] - first) / units;
    let free = 0;
    for (let place = words[d + D.free]; place !== 0; place = words[place << 1]) {
      assert(
        place >= first && (place - first) % units === 0 && place < words[d + D.virgin],
        "free blocks are blocks",
      );
      free++;
      assert(free <= classBlocks[sizeClass], "a free list ends");
    }
    const live = words[d + D.live];
    assert(live + free === virgin, "live, free and virgin blocks fill the span");
    return live * classBytes[sizeClass];
  }
}

/** Bytes of the tables at the beginning of a segment. */
function tableBytes(segmentBytes: number): number {
  return tablePages(segmentBytes >>> PAGE_SHIFT) * PAGE_BYTES;
}

function tablePages(pages: number): number {
  return Math.ceil((ROOT_BYTES + pages * D.words * 4) / PAGE_BYTES);
}
