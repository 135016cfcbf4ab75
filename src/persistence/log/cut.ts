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
  let keptIn = `${path}.torn-${offset}`;
  for (let i = 2; platform.exists(keptIn); i++) keptIn = `${path}.torn-${offset}.${i}`;
  const kept = platform.open(keptIn, "create");
  try {
    const buffer = new Uint8Array(Math.min(COPY_BYTES, bytes));
    for (let at = 0; at < bytes; at += buffer.length) {
      const length = Math.min(buffer.length, bytes - at);
      platform.read(file, buffer, 0, length, offset + at);
      const error = platform.writeAt(kept, buffer, 0, length, at);
      if (error !== undefined) throw error;
    }
    const error = platform.sync(kept);
    if (error !== undefined) throw error;
  } finally {
    platform.close(kept);
  }
  platform.syncDirectory(path.slice(0, path.lastIndexOf("/")));
  const error = platform.truncate(file, offset) ?? platform.sync(file);
  if (error !== undefined) throw error;
  return { file: path, offset, bytes, keptIn, reason };
}
