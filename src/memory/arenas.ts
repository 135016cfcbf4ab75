// Arenas: where the segments of a shared memory are made. All of them are there before any other
// thread attaches, so that a segment that is added later has to be sent to nobody.
//
// Terms. Arena: shared memory that takes address space alone until it grows, that all threads see
// grow at once, and that never moves. Fast arena: a shared WebAssembly memory without any code,
// used for its buffer, whose views are plain ones. Any other is a growable SharedArrayBuffer, for
// whose views Bun takes two to three times as long with each access; but Bun collects all garbage,
// twice, for each WebAssembly memory beyond the eighth of a process. So the first arena of a memory
// is fast, as long as a thread has not made many. Cell: 4 MiB of an arena; cells are numbered
// through all arenas. Own buffer: that of a segment that is older than the arenas.
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
// Cost: eight arenas take 0.1 ms to make on Node 26 and 0.5 ms on Bun 1.4, and 32 to 40 GiB of
// address space.

/** What is used here of a WebAssembly.Memory. */
interface FastArena {
  readonly buffer: SharedArrayBuffer;
  grow(pages: number): number;
}

export type Arena = FastArena | SharedArrayBuffer;

/** Not there in a process that runs without it (`node --jitless`). */
declare const WebAssembly:
  | {
      readonly Memory: new (limits: {
        initial: number;
        maximum: number;
        shared: true;
      }) => FastArena;
    }
  | undefined;

/** A shared memory, as it is handed to other threads: by postMessage, workerData or otherwise. */
export interface SharedSegments {
  /** The own buffers by segment number, null where there is none. */
  readonly buffers: readonly (SharedArrayBuffer | null)[];
  readonly arenas: readonly Arena[];
}

export const SEGMENTS_MAX = 256;
const ARENAS = 8;
const ARENA_BYTES = 2 ** 32;
/** Of WebAssembly. */
const PAGE_BYTES = 65536;
/** A thread makes no more: a memory needs one, and its log. */
const FAST_ARENAS_MAX = 6;
const CELL_BYTES = 4 * 1024 * 1024;
const ARENA_CELLS = ARENA_BYTES / CELL_BYTES;
const PLACE_MASK = 8191;
/** All but the last: the number of a cell and 1 fit beside the bytes. */
const CELLS = ARENAS * ARENA_CELLS - 1;

/** Fast arenas that this thread has made. */
let fastArenas = 0;

/** An arena of at most so many bytes, a fast one if there can be more of these. */
export function makeArena(bytesMax: number): Arena {
  if (typeof WebAssembly === "undefined" || fastArenas === FAST_ARENAS_MAX) {
    return makeGrowable(bytesMax);
  }
  fastArenas++;
  const maximum = Math.ceil(bytesMax / PAGE_BYTES);
  return new WebAssembly.Memory({ initial: 0, maximum, shared: true });
}

function makeGrowable(maxByteLength: number): SharedArrayBuffer {
  return new SharedArrayBuffer(0, { maxByteLength });
}

/** Those of a memory. */
export function makeArenas(): Arena[] {
  const others = Array.from({ length: ARENAS - 1 }, () => makeGrowable(ARENA_BYTES));
  return [makeArena(ARENA_BYTES), ...others];
}

/** The buffer of an arena, at least so long: another thread may have grown it. */
export function bufferOf(arena: Arena, bytes: number): SharedArrayBuffer {
  if (!("buffer" in arena)) return arena;
  // Growing by nothing looks how far it goes.
  if (arena.buffer.byteLength < bytes) arena.grow(0);
  return arena.buffer;
}

/** Makes an arena so long, if it is not; returns how long it was. */
export function growTo(arena: Arena, bytes: number): number {
  const before = bufferOf(arena, bytes).byteLength;
  if (before >= bytes) return before;
  if ("buffer" in arena) arena.grow(Math.ceil((bytes - before) / PAGE_BYTES));
  else arena.grow(bytes);
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

/** The arena in which the segment with this word lies. */
export function arenaOf(arenas: readonly Arena[], word: number): Arena {
  return arenas[Math.floor(firstCell(word) / ARENA_CELLS)];
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
