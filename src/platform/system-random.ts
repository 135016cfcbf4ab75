// The system's source of randomness. Its file is read where there is one: node:crypto, which asks
// the kernel for the same bytes, takes 4 ms to load, a seventh of all that importing the package
// takes on Node. Systems without that file (Windows) have the global `crypto`, which loads it then.

import { closeSync, openSync, readSync } from "node:fs";

const SOURCE = "/dev/urandom";
// The most that one call of getRandomValues gives.
const BYTES_MAX = 65536;

/** Fills the range with random bytes. */
export function randomInto(bytes: Uint8Array, start: number, end: number): void {
  if (readInto(bytes, start, end)) return;
  for (let at = start; at < end; at += BYTES_MAX) {
    const part = new Uint8Array(Math.min(BYTES_MAX, end - at));
    crypto.getRandomValues(part);
    bytes.set(part, at);
  }
}

/** Whether there is the file, and it gave all. */
function readInto(bytes: Uint8Array, start: number, end: number): boolean {
  let file: number | undefined;
  try {
    file = openSync(SOURCE, "r");
    let at = start;
    while (at < end) {
      const length = readSync(file, bytes, at, end - at, null);
      if (length === 0) return false;
      at += length;
    }
    return true;
  } catch {
    return false;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
