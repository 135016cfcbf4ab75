// How much memory there is at most: the bounds of readers without a lock follow from it, and it is
// added up from the views that this thread has, which no writer changes.

import type { Memory } from "./memory.ts";

/** Bytes of all segments that this thread sees. For what is rare: it looks at each segment. */
export function extentBytes(memory: Memory): number {
  const { u8 } = memory;
  let bytes = 0;
  for (let segment = 0; segment < u8.length; segment++) bytes += u8[segment].length;
  return bytes;
}
