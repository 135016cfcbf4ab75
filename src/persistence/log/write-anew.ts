// Writing what a file holds over itself. When a sync of it has failed, the system may hold its
// pages for written: they would be read, built upon, and never reach the disk (0011 in
// docs/decisions).

import type { File, Platform, PlatformError } from "../../platform/platform.ts";

const COPY_BYTES = 1 << 20;

/** Writes a file's bytes from `start` to `end` to the same places. */
export function writeAnew(
  platform: Platform,
  file: File,
  start: number,
  end: number,
): PlatformError | undefined {
  const buffer = new Uint8Array(Math.min(COPY_BYTES, Math.max(0, end - start)));
  for (let at = start; at < end; at += buffer.length) {
    const length = Math.min(buffer.length, end - at);
    platform.read(file, buffer, 0, length, at);
    const error = platform.writeAt(file, buffer, 0, length, at);
    if (error !== undefined) return error;
  }
  return undefined;
}
