// Cutting a log: what lies behind its last whole batch is kept in a file beside it.

import { assert } from "../../base/assert.ts";
import type { File, Platform } from "../../platform/platform.ts";

const COPY_BYTES = 1 << 20;

/** What was cut from the end of the log. */
export interface TornTail {
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
  /** Where the bytes are now. */
  readonly keptIn: string;
  /** What was wrong with them. */
  readonly reason: string;
}

/** A name for what is cut off a file at an offset, which nothing has yet. */
export function keptName(platform: Platform, path: string, offset: number): string {
  let name = `${path}.torn-${offset}`;
  for (let i = 2; platform.exists(name); i++) name = `${path}.torn-${offset}.${i}`;
  return name;
}

/** Copies a file's bytes from `start` to `end` into a new file, and syncs that. */
export function copyInto(
  platform: Platform,
  file: File,
  start: number,
  end: number,
  path: string,
  onRead: (offset: number) => void = () => {},
): void {
  const copy = platform.open(path, "create");
  try {
    const buffer = new Uint8Array(Math.min(COPY_BYTES, end - start));
    for (let at = start; at < end; at += buffer.length) {
      const length = Math.min(buffer.length, end - at);
      platform.read(file, buffer, 0, length, at);
      const error = platform.writeAt(copy, buffer, 0, length, at - start);
      if (error !== undefined) throw error;
      onRead(at);
    }
    const error = platform.sync(copy);
    if (error !== undefined) throw error;
  } finally {
    platform.close(copy);
  }
}

/** Copies everything from `offset` on to a file beside it, and cuts it off once that is synced. */
export function cutAt(
  platform: Platform,
  file: File,
  path: string,
  offset: number,
  reason: string,
): TornTail {
  const bytes = platform.size(file) - offset;
  assert(offset >= 0 && bytes >= 0, "a cut behind the end of the file");
  const keptIn = keptName(platform, path, offset);
  copyInto(platform, file, offset, offset + bytes, keptIn);
  platform.syncDirectory(path.slice(0, path.lastIndexOf("/")));
  const error = platform.truncate(file, offset) ?? platform.sync(file);
  if (error !== undefined) throw error;
  return { file: path, offset, bytes, keptIn, reason };
}
