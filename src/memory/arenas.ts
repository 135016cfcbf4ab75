// Arenas: where the segments of a shared memory are made. All of them are there before any other
// thread attaches, so that a segment that is added later has to be sent to nobody.
//
// Terms. Arena: a shared WebAssembly memory without any code, used for its buffer. It takes address
// space alone until it grows, growing is seen by all threads at once, it never moves, and views of
// its buffer are plain ones. (A growable SharedArrayBuffer has all of that but the last: Bun takes
// two to three times as long for each access.) Cell: 4 MiB of an arena; cells are numbered through
// all arenas. Own buffer: that of a segment that is older than the arenas.
//
// A segment takes as many neighbouring cells of one arena as it needs, the lowest that are free.
// Its word, in the root area, says how long it is and where it lies:
//
//   word    bytes, a multiple of 8192; 0: there is no such segment
//           + 0: it is its own buffer, or + 1 + the number of its first cell
//
// A shared buffer never becomes shorter: what is released stays, and is the first to be used again.
//
// The waiting bytes of a shared log lie in an arena of their own (persistence/log/log-buffer.ts).
//
// Cost: eight arenas take 0.1 ms to make on Node 26 and 1.5 ms on Bun 1.4, and 32 to 64 GiB of
// address space.

import { assert } from "../base/assert.ts";

/** What is used here of a WebAssembly.Memory. */
export interface Arena {
  readonly buffer: SharedArrayBuffer;
  grow(pages: number): number;
}

declare const WebAssembly:
  | { readonly Memory: new (limits: { initial: number; maximum: number; shared: true }) => Arena }
  | undefined;

/** Whether this process has WebAssembly (`node --jitless` has not). */
export const hasArenas: boolean = typeof WebAssembly !== "undefined";

/** A shared memory, as it is handed to other threads: by postMessage, workerData or otherwise. */
export interface SharedSegments {
  /** The own buffers by segment number, null where there is none. */
  readonly buffers: readonly (SharedArrayBuffer | null)[];
  readonly arenas: readonly Arena[];
}

export const SEGMENTS_MAX = 256;
const ARENAS = 8;
const ARENA_BYTES = 2 ** 32;
const ARENA_PAGE_BYTES = 65536;
const CELL_BYTES = 4 * 1024 * 1024;
const ARENA_CELLS = ARENA_BYTES / CELL_BYTES;
const PLACE_MASK = 8191;
/** All but the last: the number of a cell and 1 fit beside the bytes. */
const CELLS = ARENAS * ARENA_CELLS - 1;

/** REQUIRES: hasArenas. */
export function makeArena(bytesMax: number): Arena {
  assert(typeof WebAssembly !== "undefined", "arenas are made where there is WebAssembly");
  const maximum = Math.ceil(bytesMax / ARENA_PAGE_BYTES);
  return new WebAssembly.Memory({ initial: 0, maximum, shared: true });
}

/** Those of a memory. */
export function makeArenas(): Arena[] {
  return Array.from({ length: ARENAS }, () => makeArena(ARENA_BYTES));
}

/** Makes an arena so long, if it is not; returns how long it was. */
export function growTo(arena: Arena, bytes: number): number {
  // Another thread may have grown it: growing by nothing looks how far.
  const before = arena.grow(0) * ARENA_PAGE_BYTES;
  if (before < bytes) arena.grow(Math.ceil((bytes - before) / ARENA_PAGE_BYTES));
  return before;
}

/** Bytes of the segment with this word. */
export function bytesOf(word: number): number {
  return (word & ~PLACE_MASK) >>> 0;
}

/** Whether the segment with this word lies in an arena. */
export function isInArena(word: number): boolean {
  return (word & PLACE_MASK) !== 0;
}

function firstCell(word: number): number {
  return (word & PLACE_MASK) - 1;
}

function cellsFor(bytes: number): number {
  return Math.ceil(bytes / CELL_BYTES);
}

/** Where in its arena the segment with this word begins. */
export function offsetOf(word: number): number {
  return (firstCell(word) % ARENA_CELLS) * CELL_BYTES;
}

function arenaOf(arenas: readonly Arena[], word: number): Arena {
  return arenas[Math.floor(firstCell(word) / ARENA_CELLS)];
}

/** The buffer of the arena in which the segment with this word lies, as long as it is now. */
export function bufferOf(arenas: readonly Arena[], word: number): SharedArrayBuffer {
  const arena = arenaOf(arenas, word);
  if (arena.buffer.byteLength < offsetOf(word) + bytesOf(word)) arena.grow(0);
  return arena.buffer;
}

/** Makes the arena long enough; returns whether the segment's bytes may have been used before. */
export function growFor(arenas: readonly Arena[], word: number): boolean {
  const start = offsetOf(word);
  return growTo(arenaOf(arenas, word), start + bytesOf(word)) > start;
}

/**
 * The word of a new segment of so many bytes, or 0 where there is no room for it.
 * @param words those of the segments that there are
 */
export function placeFor(words: Int32Array, bytes: number): number {
  const wanted = cellsFor(bytes);
  const taken: [first: number, end: number][] = [[CELLS, CELLS]];
  for (const word of words) {
    const first = firstCell(word);
    if (first >= 0) taken.push([first, first + cellsFor(bytesOf(word))]);
  }
  taken.sort(([a], [b]) => a - b);
  let from = 0;
  for (const [first, end] of taken) {
    while (from + wanted <= first) {
      const arenaEnd = (Math.floor(from / ARENA_CELLS) + 1) * ARENA_CELLS;
      if (from + wanted <= arenaEnd) return bytes | (from + 1);
      from = arenaEnd;
    }
    from = Math.max(from, end);
  }
  return 0;
}
