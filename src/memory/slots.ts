// Slots: where the segments of a shared memory are made. All of them are there before any other
// thread attaches, so that a segment that is added later has to be sent to nobody. A slot is a part
// of a growable buffer, which takes address space alone until it grows; growing is seen by all
// threads at once. Views of a fixed length are as fast as those of a plain buffer on Node; on Bun
// requests take about 1.15 times as long (docs/decisions/0020-threads.md).
//
//   segments   1 … 231   64 MiB each, sixteen in one buffer of 1 GiB
//            232 … 255   a buffer of 1 GiB each, for values above 64 MiB (and what else there is)
//
// A shared buffer never becomes shorter: what is released stays, and is the first to be used again.
//
// Cost: 39 buffers, 0.1 ms to make on Node 26 and 1 ms on Bun 1.4, and 39 GiB of address space.
// (A buffer for each segment would take 4 ms on Bun, where each is a mapping of the process.)

/** A shared memory, as it is handed to other threads: by postMessage, workerData or otherwise. */
export interface SharedSegments {
  /** The segments that are not in slots, null where there is none: those of an earlier time. */
  readonly buffers: readonly (SharedArrayBuffer | null)[];
  readonly slots: readonly SharedArrayBuffer[];
}

export const SEGMENTS_MAX = 256;
const SLOT_BYTES = 64 * 1024 * 1024;
const SLOTS_PER_BUFFER = 16;
const FIRST_LARGE = 232;
const SHARED_BUFFERS = Math.ceil(FIRST_LARGE / SLOTS_PER_BUFFER);
const LARGE_BUFFERS = SEGMENTS_MAX - FIRST_LARGE;
/** Twice the longest value that Redis allows by default, and the page before it. */
const LARGE_BYTES = 1024 * 1024 * 1024 + 8192;

export function makeSlots(): SharedArrayBuffer[] {
  return Array.from({ length: SHARED_BUFFERS + LARGE_BUFFERS }, (_, i) => {
    const maxByteLength = i < SHARED_BUFFERS ? SLOTS_PER_BUFFER * SLOT_BYTES : LARGE_BYTES;
    return new SharedArrayBuffer(0, { maxByteLength });
  });
}

/** The buffer in which a segment's slot is. */
export function slotBuffer(
  slots: readonly SharedArrayBuffer[],
  segment: number,
): SharedArrayBuffer {
  const isLarge = segment >= FIRST_LARGE;
  const index = isLarge
    ? SHARED_BUFFERS + segment - FIRST_LARGE
    : Math.floor(segment / SLOTS_PER_BUFFER);
  return slots[index] as SharedArrayBuffer;
}

/** Where in its buffer a segment's slot begins. */
export function slotOffset(segment: number): number {
  return segment >= FIRST_LARGE ? 0 : (segment % SLOTS_PER_BUFFER) * SLOT_BYTES;
}

/** Makes a slot at least so long; returns whether it may hold what was in it before. */
export function growSlot(
  slots: readonly SharedArrayBuffer[],
  segment: number,
  size: number,
): boolean {
  const buffer = slotBuffer(slots, segment);
  const start = slotOffset(segment);
  const before = buffer.byteLength;
  if (before < start + size) buffer.grow(start + size);
  return before > start;
}

/** The number of a new segment of `size` bytes, or −1 where no slot is left that takes it. */
export function chooseSlot(
  slots: readonly SharedArrayBuffer[],
  size: number,
  isUsed: (segment: number) => boolean,
): number {
  if (size <= SLOT_BYTES) {
    for (let i = 1; i < FIRST_LARGE; i++) if (!isUsed(i)) return i;
  }
  let chosen = -1;
  let most = -1;
  for (let i = FIRST_LARGE; i < SEGMENTS_MAX; i++) {
    if (isUsed(i) || size > LARGE_BYTES) continue;
    // One that is long enough already, if there is one.
    const bytes = Math.min(slotBuffer(slots, i).byteLength, size);
    if (bytes <= most) continue;
    most = bytes;
    chosen = i;
  }
  return chosen;
}
