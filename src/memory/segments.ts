// Segments: the buffers in which a memory lies, as one thread sees them, and how they come and go.
//
// While one thread works on a memory, each segment is a buffer of its own, and is given back when
// it is released. Before other threads attach there are slots for all numbers (slots.ts), so that
// no segment has to be sent to anybody: once the memory is shared a new segment is made in its
// number's slot, and a thread that attached sees what came and went by comparing the sizes in the
// root area with its views, which it does when the segments' version there has changed.
//
//   root area   word 1  segments, counting gaps    3  version: raised when one comes or goes
//               192 +   bytes of each, 0 where there is none; the lowest bit is set if it is in
//                       its slot

import { assert } from "../base/assert.ts";
import {
  chooseSlot,
  growSlot,
  makeSlots,
  SEGMENTS_MAX,
  type SharedSegments,
  slotBuffer,
  slotOffset,
} from "./slots.ts";

/** Words of the root area. */
const R = { segments: 1, version: 3, bytes: 192 } as const;
/** The first word behind them. */
export const SEGMENTS_END: number = R.bytes + SEGMENTS_MAX;
/** Of a segment's bytes, which are a multiple of a page: it is in its slot. */
const IN_SLOT = 1;

const NO_BYTES = new Uint8Array(0);
const NO_WORDS = new Int32Array(0);
const NO_FLOATS = new Float64Array(0);

export class Segments {
  /** Views of each segment, indexed by segment number. */
  readonly u8: Uint8Array[] = [];
  readonly i32: Int32Array[] = [];
  readonly f64: Float64Array[] = [];

  /** Called when a segment was added outside of the slots: known() says more than before. */
  onSegment: ((segment: number) => void) | undefined;

  /** Whether new segments are made in slots, as other threads may have attached. */
  isShared = false;
  #slots: readonly SharedArrayBuffer[] | null = null;
  /** Where a guest finds the segments that are not in slots. */
  #buffers: readonly (SharedArrayBuffer | null)[] = [];
  #root: Int32Array = NO_WORDS;
  /** The version that the views are of. */
  #version = 0;

  /** @param from what another thread's known() returned, or the bytes of a first segment */
  constructor(from: SharedSegments | number) {
    if (typeof from === "number") {
      this.#view(0, new SharedArrayBuffer(from), 0, from);
      this.#note(0, from);
      return;
    }
    this.isShared = true;
    this.#slots = from.slots;
    this.#buffers = from.buffers;
    const first = from.buffers[0] as SharedArrayBuffer;
    this.#view(0, first, 0, first.byteLength);
    this.#renewViews();
  }

  // Several threads

  /**
   * What another thread attaches by, which can be cloned to it in any way, as of now: segments that
   * are added later it sees if the memory is shared before, or if they are moved by moveToSlot().
   */
  known(): SharedSegments {
    this.#slots ??= makeSlots();
    if (this.#buffers.length > 0) return { buffers: this.#buffers, slots: this.#slots };
    const buffers = this.u8.map(({ buffer }, segment) =>
      this.#isOutside(segment) ? (buffer as SharedArrayBuffer) : null,
    );
    return { buffers, slots: this.#slots };
  }

  /** Whether a segment is there, and not in its slot. */
  #isOutside(segment: number): boolean {
    const word = this.#root[R.bytes + segment];
    return word !== 0 && (word & IN_SLOT) === 0;
  }

  /** From now on segments are made in slots. */
  share(): SharedSegments {
    const known = this.known();
    this.isShared = true;
    return known;
  }

  /**
   * Moves a segment into its slot, where all threads find it. REQUIRES: the memory is shared, and
   * nobody else has looked at the segment.
   */
  moveToSlot(segment: number): void {
    if (!this.#isOutside(segment)) return;
    const bytes = this.u8[segment];
    this.#viewSlot(segment, bytes.length, true);
    this.u8[segment].set(bytes);
    this.#note(segment, bytes.length | IN_SLOT);
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
    const word = this.#root[R.bytes + segment];
    const size = word & ~IN_SLOT;
    if (size === 0) return this.#unview(segment);
    const known = segment < this.u8.length ? this.u8[segment] : NO_BYTES;
    if ((word & IN_SLOT) !== 0) {
      const isKnown = known.length === size && known.buffer === this.#slotOf(segment);
      if (!isKnown) this.#viewSlot(segment, size, false);
      return;
    }
    // The owner has seen them from the beginning.
    const buffer = this.#buffers[segment];
    if (buffer === null || buffer === undefined) return;
    if (known.length !== size || known.buffer !== buffer) this.#view(segment, buffer, 0, size);
  }

  // Views

  /** There is no such segment. */
  #unview(segment: number): void {
    this.u8[segment] = NO_BYTES;
    this.i32[segment] = NO_WORDS;
    this.f64[segment] = NO_FLOATS;
  }

  #slotOf(segment: number): SharedArrayBuffer {
    return slotBuffer(this.#slots as readonly SharedArrayBuffer[], segment);
  }

  /** Views a slot, if need be grown to that; returns whether it may hold what was in it before. */
  #viewSlot(segment: number, size: number, grows: boolean): boolean {
    const slots = this.#slots as readonly SharedArrayBuffer[];
    const isUsed = grows && growSlot(slots, segment, size);
    this.#view(segment, this.#slotOf(segment), slotOffset(segment), size);
    return isUsed;
  }

  /** Views a segment, which has `size` bytes of its buffer from `start` on. */
  #view(segment: number, buffer: SharedArrayBuffer, start: number, size: number): void {
    for (let i = this.u8.length; i < segment; i++) this.#unview(i);
    const bytes = new Uint8Array(buffer, start, size);
    this.u8[segment] = bytes;
    this.i32[segment] = new Int32Array(buffer, start, size >> 2);
    this.f64[segment] = new Float64Array(buffer, start, size >> 3);
    if (segment === 0) this.#root = this.i32[0];
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
    const segment = this.#freeNumber(size);
    if (segment < 0) return -1;
    if (this.isShared) {
      if (this.#viewSlot(segment, size, true)) this.u8[segment].fill(0, 0, zeros);
      this.#note(segment, size | IN_SLOT);
    } else {
      this.#view(segment, new SharedArrayBuffer(size), 0, size);
      this.#note(segment, size);
      this.onSegment?.(segment);
    }
    return segment;
  }

  #freeNumber(size: number): number {
    const slots = this.#slots;
    if (this.isShared && slots !== null) {
      return chooseSlot(slots, size, (segment) => this.sizeOf(segment) !== 0);
    }
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
    root[R.bytes + segment] = word;
    this.#version = (root[R.version] + 1) | 0;
    root[R.version] = this.#version;
  }

  /** Stops with an assertion where this thread's views are not what the root area says. */
  verify(): void {
    for (let segment = 0; segment < this.#root[R.segments]; segment++) {
      const size = this.#root[R.bytes + segment] & ~IN_SLOT;
      assert(this.u8[segment].length === size, "each segment's views are as long as it is");
    }
  }
}
