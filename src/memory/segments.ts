// Segments: the buffers in which a memory lies, as one thread sees them, and how they come and go.
//
// While one thread works on a memory, each segment is a buffer of its own, and is given back when
// it is released. Before other threads attach there are arenas (arenas.ts), so that no segment has
// to be sent to anybody: once the memory is shared a new segment is made there, and a thread that
// attached sees what came and went by comparing the words in the root area with those that its
// views are of, which it does when the segments' version there has changed.
//
//   root area   word 1  segments, counting gaps    3  version: raised when one comes or goes
//               192 +   the word of each, which says how long it is and where (arenas.ts)

import { assert } from "../base/assert.ts";
import { halfDone } from "../base/half-done.ts";
import {
  type Arena,
  arenaOf,
  bufferOf,
  bytesOf,
  growTo,
  isInArena,
  makeArenas,
  offsetOf,
  placeFor,
  SEGMENTS_MAX,
  type SharedSegments,
} from "./arenas.ts";

/** Words of the root area. */
const R = { segments: 1, version: 3, words: 192 } as const;
/** The first word behind them. */
export const SEGMENTS_END: number = R.words + SEGMENTS_MAX;

const NO_BYTES = new Uint8Array(0);
const NO_WORDS = new Int32Array(0);
const NO_FLOATS = new Float64Array(0);

export class Segments {
  /** Views of each segment, indexed by segment number. */
  readonly u8: Uint8Array[] = [];
  readonly i32: Int32Array[] = [];
  readonly f64: Float64Array[] = [];

  /** Whether new segments are made in arenas, as other threads may have attached. */
  isShared = false;
  #arenas: readonly Arena[] = [];
  /** Where a guest finds the segments that are not in arenas. */
  #buffers: readonly (SharedArrayBuffer | null)[] = [];
  #root: Int32Array = NO_WORDS;
  /** The words that the views are of, and the version. */
  readonly #words: Int32Array = new Int32Array(SEGMENTS_MAX);
  #version = 0;

  /** @param from what another thread's share() returned, or the bytes of a first segment */
  constructor(from: SharedSegments | number) {
    if (typeof from === "number") {
      this.#view(0, from, new SharedArrayBuffer(from), 0);
      this.#note(0, from);
      return;
    }
    this.isShared = true;
    this.#arenas = from.arenas;
    this.#buffers = from.buffers;
    const first = from.buffers[0] as SharedArrayBuffer;
    this.#view(0, first.byteLength, first, 0);
    this.#renewViews();
  }

  // Several threads

  /**
   * From now on other threads may attach, by what this returns, which can be cloned to them in any
   * way. New segments are made in arenas.
   */
  share(): SharedSegments {
    if (this.#arenas.length === 0) this.#arenas = makeArenas();
    this.isShared = true;
    if (this.#buffers.length > 0) return { buffers: this.#buffers, arenas: this.#arenas };
    const buffers = this.u8.map(({ buffer }, segment) => {
      const word = this.#root[R.words + segment];
      return word === 0 || isInArena(word) ? null : (buffer as SharedArrayBuffer);
    });
    return { buffers, arenas: this.#arenas };
  }

  /**
   * Sees the segments that other threads have added and released. To be called before anything is
   * read that they may have written; one comparison while there are none.
   */
  refresh(): void {
    if (this.#root[R.version] !== this.#version) this.#renewViews();
  }

  // A thread that reads without a lock may come here in the middle of a change. Then a view may
  // be refused that its buffer is too short for as yet; the version is taken over last, so that
  // whatever was seen halfway is looked at again.
  #renewViews(): void {
    const root = this.#root;
    const version = root[R.version];
    const segments = root[R.segments];
    for (let segment = 1; segment < segments; segment++) this.#renewView(segment);
    this.#version = version;
  }

  #renewView(segment: number): void {
    const word = this.#root[R.words + segment];
    if (word === this.#words[segment] && segment < this.u8.length) return;
    const size = bytesOf(word);
    if (size === 0) return this.#unview(segment);
    if (isInArena(word)) return this.#viewInArena(segment, word);
    // The owner has seen them from the beginning.
    const buffer = this.#buffers[segment];
    if (buffer !== null && buffer !== undefined) this.#view(segment, word, buffer, 0);
  }

  // Views

  /** There is no such segment. */
  #unview(segment: number): void {
    this.u8[segment] = NO_BYTES;
    this.i32[segment] = NO_WORDS;
    this.f64[segment] = NO_FLOATS;
    this.#words[segment] = 0;
  }

  #viewInArena(segment: number, word: number): void {
    const start = offsetOf(word);
    const buffer = bufferOf(arenaOf(this.#arenas, word), start + bytesOf(word));
    this.#view(segment, word, buffer, start);
  }

  /** Views the segment with this word, which lies in a buffer from `start` on. */
  #view(segment: number, word: number, buffer: SharedArrayBuffer, start: number): void {
    for (let i = this.u8.length; i < segment; i++) this.#unview(i);
    const size = bytesOf(word);
    this.u8[segment] = new Uint8Array(buffer, start, size);
    this.i32[segment] = new Int32Array(buffer, start, size >> 2);
    this.f64[segment] = new Float64Array(buffer, start, size >> 3);
    if (segment === 0) this.#root = this.i32[0];
    this.#words[segment] = word;
  }

  // Coming and going

  /** Bytes of a segment, 0 where there is none. */
  sizeOf(segment: number): number {
    return segment < this.u8.length ? this.u8[segment].length : 0;
  }

  /** Segments that there are. */
  get live(): number {
    let live = 0;
    for (const bytes of this.u8) if (bytes.length > 0) live++;
    return live;
  }

  /**
   * Adds a segment of `size` bytes, of which the first `zeros` are zeros; returns its number, or −1
   * where none is left.
   */
  add(size: number, zeros: number): number {
    const segment = this.#freeNumber();
    try {
      return segment < 0 ? -1 : this.#add(segment, size, zeros);
    } catch (error) {
      // Only who changes something takes memory.
      throw halfDone(error);
    }
  }

  #add(segment: number, size: number, zeros: number): number {
    if (!this.isShared) {
      this.#view(segment, size, new SharedArrayBuffer(size), 0);
      this.#note(segment, size);
      return segment;
    }
    const arenas = this.#arenas;
    const word = placeFor(this.#root.subarray(R.words, SEGMENTS_END), size);
    if (word === 0) return -1;
    const start = offsetOf(word);
    const before = growTo(arenaOf(arenas, word), start + size);
    this.#viewInArena(segment, word);
    // What was there before.
    if (before > start) this.u8[segment].fill(0, 0, zeros);
    this.#note(segment, word);
    return segment;
  }

  #freeNumber(): number {
    for (let segment = 0; segment < SEGMENTS_MAX; segment++) {
      if (this.sizeOf(segment) === 0) return segment;
    }
    return -1;
  }

  release(segment: number): void {
    this.#unview(segment);
    this.#note(segment, 0);
  }

  /** Says in the root area what has become of a segment. */
  #note(segment: number, word: number): void {
    const root = this.#root;
    root[R.segments] = this.u8.length;
    root[R.words + segment] = word;
    this.#version = (root[R.version] + 1) | 0;
    root[R.version] = this.#version;
  }

  /** Stops with an assertion where this thread's views are not what the root area says. */
  verify(): void {
    for (let segment = 0; segment < this.#root[R.segments]; segment++) {
      const size = bytesOf(this.#root[R.words + segment]);
      assert(this.u8[segment].length === size, "each segment's views are as long as it is");
    }
  }
}
