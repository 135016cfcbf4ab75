// What list-max-listpack-size means: how large one packed list of a list may become. From 0 on it
// is a number of entries, −1 … −5 are classes of bytes.

import { assert } from "../base/assert.ts";

/** Byte limits of the classes −1 … −5. */
const CLASS_LIMITS = [4096, 8192, 16384, 32768, 65536] as const;
/** Bytes that a node limited by entries may still not exceed. */
const SAFETY_LIMIT = 8192;
/** The entries that a packed list may ever have. */
export const LIST_ENTRIES_MAX = 32767;

/** The bytes that a packed list may have under this `list-max-listpack-size`. */
function packedBytesMax(fill: number): number {
  return fill >= 0 ? SAFETY_LIMIT : CLASS_LIMITS[Math.min(-fill, 5) - 1];
}

/** The entries that a packed list may have under this `list-max-listpack-size`. */
function packedEntriesMax(fill: number): number {
  return fill > 0 ? Math.min(fill, LIST_ENTRIES_MAX) : fill === 0 ? 1 : LIST_ENTRIES_MAX;
}

/** Words of a limit. */
export const LIMIT_WORDS = 3;
/** Largest element that is not plain; bytes of a node's packed list, and its entries. */
export const Limit = { element: 0, bytes: 1, entries: 2 } as const;

/** Sets the words of a limit for nodes whose header takes so many bytes. */
export function setListLimit(words: Int32Array, fill: number, headerBytes: number): void {
  const elementMax = packedBytesMax(fill);
  assert(elementMax > headerBytes, "a node has room for an element");
  words[Limit.element] = elementMax;
  // A full node then fills a block of 4 KiB, 8 KiB … with its header.
  words[Limit.bytes] = elementMax - headerBytes;
  words[Limit.entries] = packedEntriesMax(fill);
}
